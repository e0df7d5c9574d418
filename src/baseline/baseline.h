/* SPDX-License-Identifier: Apache-2.0 */
/*
 * baseline.h - what a site should be: every path with content, type, mode,
 * owner, extended attributes and links, signed (Ed25519, publish key), with a
 * content-addressed copy kept where the web user cannot write.
 *
 * On disk, below the baseline directory of a site:
 *     NNNNNNNNNN.base   the table (doc/baseline-format.md)
 *     NNNNNNNNNN.sig    64 bytes: signature over its SHA-256 in hex and "\n"
 *     or NNNNNNNNNN.manifest and .msig (manifest.h): the same as text, signed
 *                       by a build host
 *     current           one line, the number in force
 *     next              one line, while a release is on its way
 * and, shared by all sites, objects/ab/cdef... (name: SHA-256 of content).
 *
 * The number only grows.  A reader keeps the highest number that it has seen
 * (its own floor file) and refuses an older one: a rollback.  The table names
 * its site, so that one site's baseline cannot pass for another's.
 *
 * The file is copied into memory that is read only from then on, so that what
 * was verified is what is used; nothing is trusted before its signature was
 * verified, and the layout is validated afterwards all the same.
 */
#ifndef HB_BASELINE_BASELINE_H
#define HB_BASELINE_BASELINE_H

#include "base/err.h"
#include "crypto/crypto.h"

enum hb_base_type {
    HB_BT_DIR = 1,
    HB_BT_FILE,
    HB_BT_LINK /* symbolic link; its target is the content */
};

/* One entry as read.  Paths are relative to the root, without "./", sorted
 * bytewise; entry 0 is the root itself with path "". */
struct hb_base_entry {
    uint32_t index;
    enum hb_base_type type;
    uint16_t mode; /* permission bits, 07777 */
    uint32_t uid, gid;
    uint32_t nlink_group;  /* 0, or files that share one inode */
    uint32_t nlink;        /* FILE: names of its inode, 1 or more */
    uint64_t size;         /* FILE */
    int64_t mtime;         /* ns; restored, not compared (nginx makes
                              Last-Modified and ETag of it) */
    const uint8_t *sha256; /* FILE: of content; LINK: of target */
    struct hb_slice path;
    struct hb_slice target; /* LINK */
    struct hb_slice xattrs; /* u16 name length, u32 value length,
                               name, value; sorted; "" where none */
};

struct hb_baseline;

/* Opens number NUMBER (0: the one in `current`) of the directory DIRFD, which
 * is SITE's; verifies the signature with PUB and the layout.  -ENOENT where
 * there is none, -EKEYREJECTED for a bad signature or another site's table,
 * -ESTALE for a number below FLOOR, -EBADMSG for a bad layout. */
int hb_baseline_open(int dirfd, const char *site, uint64_t number,
                     uint64_t floor, const struct hb_pub *pub,
                     struct hb_baseline **ret, struct hb_err *err) HB_WUR;
void hb_baseline_free(struct hb_baseline *b);
void hb_baseline_freep(struct hb_baseline **b);
#define _cleanup_baseline_ HB_CLEANUP(hb_baseline_freep)
const char *hb_baseline_site(const struct hb_baseline *b);
uint64_t hb_baseline_number(const struct hb_baseline *b);
uint32_t hb_baseline_count(const struct hb_baseline *b);
int64_t hb_baseline_created(const struct hb_baseline *b);
/* SHA-256 of the table (or manifest), what was signed. */
const uint8_t *hb_baseline_digest(const struct hb_baseline *b);

int hb_baseline_get(const struct hb_baseline *b, uint32_t index,
                    struct hb_base_entry *ret) HB_WUR;
/* -ENOENT where the path is not in it.  O(log n) or better. */
int hb_baseline_find(const struct hb_baseline *b, struct hb_slice path,
                     struct hb_base_entry *ret) HB_WUR;

/* The entries strictly below directory PATH ("" for all but the root): they
 * follow each other from *RET_FIRST.  Returns how many. */
uint32_t hb_baseline_below(const struct hb_baseline *b, struct hb_slice path,
                           uint32_t *ret_first);

/* While a release is on its way two baselines hold: each path may be as in
 * the one in force or as in the next, and absent where either knows no such
 * path.  NEXT is NULL otherwise. */
struct hb_base_set {
    struct hb_baseline *cur;
    struct hb_baseline *next;
};
/* Which of the two know a path. */
struct hb_base_match {
    bool in_cur, in_next;
    struct hb_base_entry cur, next;
};

/* Opens what `current` and `next` name; there may be no `next`.  1 (with ERR)
 * where there is one that cannot be used: the current one holds alone. */
int hb_base_set_open(int dirfd, const char *site, uint64_t floor,
                     const struct hb_pub *pub, struct hb_base_set *ret,
                     struct hb_err *err) HB_WUR;
void hb_base_set_done(struct hb_base_set *s);
/* -ENOENT where neither knows PATH. */
int hb_base_set_find(const struct hb_base_set *s, struct hb_slice path,
                     struct hb_base_match *ret) HB_WUR;
/* True where PATH may be absent. */
bool hb_base_set_may_miss(const struct hb_base_set *s, struct hb_slice path);

/* Content store. OBJDIR is the descriptor of objects/.  Who reads one hashes
 * what is read: the name says what it should be. */
int hb_object_open(int objdir, const uint8_t sha256[HB_SHA256_SIZE],
                   int *ret_fd) HB_WUR;

/* Making one.  Progress is called now and then from one thread. */
struct hb_base_build {
    const char *site;          /* whose, at most 63 bytes */
    int root;                  /* O_PATH or O_RDONLY of the tree */
    int dir;                   /* the site's baseline directory */
    int objdir;                /* -1: hash only, copy nothing */
    const char *const *ignore; /* paths (and what is below) left out */
    size_t n_ignore;
    unsigned threads;  /* 0: as many as cores, at most 8 */
    uint64_t max_file; /* a larger one is an error that names it;
                          0: 16 GiB */
    bool set_owner;    /* UID and GID for all, else as found */
    uint32_t uid, gid;
    void (*progress)(void *arg, uint64_t files, uint64_t bytes);
    void *arg;
};
struct hb_base_stats {
    uint64_t files, dirs, links, bytes, copied;
    uint64_t skipped; /* sockets, FIFOs, devices */
};
/* Walks, hashes and writes NUMBER.base (not yet signed).  Entries that change
 * while they are read are read again, at most three times, then an error. */
int hb_baseline_build(const struct hb_base_build *how, uint64_t number,
                      struct hb_base_stats *ret, struct hb_err *err) HB_WUR;
/* Signs it and makes it the current one; all durable when it returns. */
int hb_baseline_sign(int dirfd, uint64_t number, const struct hb_key *key,
                     struct hb_err *err) HB_WUR;
/* What `current` or `next` (FILE) names; -ENOENT, -EBADMSG. */
int hb_baseline_number_of(int dirfd, const char *file, uint64_t *ret) HB_WUR;
/* Numbers in the directory, newest first; keeps KEEP of them, removes the
 * rest and objects that none of the kept ones of any site needs. */
int hb_baseline_prune(int basedir, unsigned keep, struct hb_err *err) HB_WUR;

/* What differs between an entry and a file found (bits). */
enum hb_base_diff {
    HB_BD_TYPE = 1,
    HB_BD_CONTENT = 2,
    HB_BD_SIZE = 4,
    HB_BD_MODE = 8,
    HB_BD_OWNER = 16,
    HB_BD_XATTR = 32,
    HB_BD_TARGET = 64,
    HB_BD_LINKS = 128, /* more hard links than it should have */
    HB_BD_MISSING = 256,
    HB_BD_FOREIGN = 512, /* not in the baseline */
    HB_BD_UNREAD = 1024  /* no difference: an attribute's value may
                            not be read by this process */
};
/* Compares what FD (opened for reading, or O_PATH where !READ) is with
 * ENTRY.  Content is read and hashed only where READ and the metadata say
 * that it can be equal; never more than entry->size + 1 bytes.  Returns bits,
 * or -errno. */
int hb_baseline_compare(const struct hb_base_entry *entry, int fd, bool read,
                        struct hb_sha256 *scratch) HB_WUR;
/* The same against a set: 0 (or HB_BD_UNREAD) where FD is as either has it,
 * else what differs from the current one (from the next where only that knows
 * the path), HB_BD_FOREIGN where neither does. */
int hb_base_set_compare(const struct hb_base_set *s, struct hb_slice path,
                        int fd, bool read, struct hb_sha256 *scratch) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.h - our own backup: the state, the days of events, the evidence and
 * the proofs in one encrypted file, consistent while Hinoban runs, and read
 * back in full before it counts as made (OPERATIONS: Our own backup).
 *
 * The key is a file of its own (seal.h) that must be kept apart: a backup
 * without it is noise, and a backup beside it protects nothing.
 */
#ifndef HB_STORE_BACKUP_H
#define HB_STORE_BACKUP_H

#include "base/err.h"

struct hb_backup {
    const char *state_dir; /* state.db, events/, evidence/, ... */
    const char *file;      /* the backup */
    const char *key_file;
    int schema; /* last migration of state.db that we know */
    bool force; /* restore: over what is there */
    /* The firewall's directory, of which what people allowed and patched
     * (grants/) is kept; the rest is made of that.  NULL: none. */
    const char *gate_dir;
};

/* What a backup holds, for people. */
struct hb_backup_info {
    int64_t made; /* ns UTC */
    int schema;
    char version[32]; /* of the program that made it */
    char host[65];
    uint64_t files, bytes;
    unsigned days;   /* of events */
    uint64_t grants; /* files of what people allowed and patched */
};

/* Makes FILE (mode 0600; an older one is replaced only when the new one was
 * read back).  Needs room in STATE_DIR for a copy of the largest database. */
int hb_backup_make(const struct hb_backup *b, struct hb_backup_info *ret,
                   struct hb_err *err) HB_WUR;
/* Reads FILE to its end: every byte authenticated, every database opened and
 * checked. */
int hb_backup_verify(const struct hb_backup *b, struct hb_backup_info *ret,
                     struct hb_err *err) HB_WUR;
/* Puts FILE's contents in the place of what is in STATE_DIR, all of it
 * verified first.  What was there moves to before-restore-N,
 * and grants/ of the firewall, where the backup has some, to
 * grants.before-restore-N beside it.
 * -EEXIST there is a state and no FORCE, -EBUSY Hinoban runs, -EPROTO made by
 * a newer version, -EKEYREJECTED another key, -EBADMSG changed or cut off. */
int hb_backup_restore(const struct hb_backup *b, struct hb_backup_info *ret,
                      struct hb_err *err) HB_WUR;

#endif

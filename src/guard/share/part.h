/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part.h - between the files of this folder only.
 *
 * A public function is one transaction: share_begin(), work, share_end().
 * What it did to the store and what it answers are two things: a wrong code
 * is stored (counted) and answered with -EACCES.
 */
#ifndef HB_GUARD_SHARE_PART_H
#define HB_GUARD_SHARE_PART_H

#include "base/err.h"
#include "base/fault.h"
#include "guard/share/proof.h"
#include "guard/share/trail.h"
#include "store/db.h"

#define SHARE_KEY      32u
#define SHARE_MAC      ((size_t)32) /* for hb_db_query() and its like */
#define SHARE_NAME_MAX 128u         /* bytes of a person's name */
#define SHARE_NOTE_MAX 2000u
#define SHARE_FROM_MAX 64u /* a network address as text */

/* ---- keys (keys.c) ---- */

struct share_kek {
    uint8_t id[8];
    uint8_t k[SHARE_KEY];
};

struct share_keys {
    int master;  /* directory: the file "master" */
    int wrapped; /* directory: a file a share */
    uint8_t mac[SHARE_KEY];
    struct share_kek kek[2]; /* the one in use, and one that is going */
    size_t kek_n;
};

/* FRESH: nothing is stored so far, so that a master may be made.  A directory
 * that is not mounted must not look like a new locker. */
int share_keys_open(struct share_keys *k, const char *master, int dir,
                    bool fresh, struct hb_err *err) HB_WUR;
void share_keys_done(struct share_keys *k);
/* A new random key for UID, wrapped and durable. */
int share_key_make(struct share_keys *k, const char *uid) HB_WUR;
/* -ENOENT destroyed, -EBADMSG not the file that was written. */
int share_key_get(struct share_keys *k, const char *uid,
                  uint8_t ret[SHARE_KEY]) HB_WUR;
/* Overwritten and unlinked, durably; 0 also where it is gone already. */
int share_key_destroy(struct share_keys *k, const char *uid);
int share_key_rewrap(struct share_keys *k, const char *uid) HB_WUR;
/* A second key-encryption key before the old one; the old one away. */
int share_keys_turn(struct share_keys *k) HB_WUR;
/* What another process made of them. */
int share_keys_again(struct share_keys *k) HB_WUR;
int share_keys_settle(struct share_keys *k) HB_WUR;
/* HMAC-SHA256 over WHAT, a NUL, and P: each use has a name of its own. */
void share_mac(const struct share_keys *k, const char *what, const void *p,
               size_t n, uint8_t ret[SHARE_MAC]);

/* ---- the store (store.c) ---- */

struct hb_share_store {
    unsigned magic;
    struct hb_db *db;
    struct hb_share_rules rules;
    struct share_keys keys;
    int dir, blobs;
    void (*clock)(void *arg, struct hb_share_time *ret);
    void *clock_arg;
    char boot[HB_ID_SIZE];
    struct hb_share_time t; /* of the transaction; now never below the floor */
    struct hb_err err;
};
#define SHARE_MAGIC 0x48425368u

static inline void *share_alloc(size_t n)
{
    return hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, n);
}

int share_begin(struct hb_share_store *s) HB_WUR;
/* R < 0: nothing is kept, R.  Else it is, and ANSWER is returned. */
int share_end(struct hb_share_store *s, int r, int answer) HB_WUR;
/* As the clocks say. */
void share_time(struct hb_share_store *s, struct hb_share_time *ret);
/* As the locker goes by: a wall clock that was put back opens nothing again.
 * What was believed of it and is ahead goes on at half its speed, so that
 * shares end meanwhile, and the wall clock comes up with it. */
int share_clock(struct hb_share_store *s, struct hb_share_time *ret) HB_WUR;
/* What it is not below at T. */
int share_floor(struct hb_share_store *s, const struct hb_share_time *t,
                int64_t *ret) HB_WUR;
/* A number for the boot that T counts from. */
int64_t share_boot(const struct hb_share_store *s,
                   const struct hb_share_time *t);
/* A number under NAME; 0 where there is none. */
int share_meta(struct hb_share_store *s, const char *name, int64_t *ret) HB_WUR;
int share_meta_set(struct hb_share_store *s, const char *name,
                   int64_t v) HB_WUR;

/* ---- rows (share.c) ---- */

struct share_row {
    int64_t id;
    char uid[HB_ID_SIZE];
    enum hb_share_kind kind;
    enum hb_share_state state;
    char owner[SHARE_NAME_MAX + 1], approver[HB_SHARE_MAIL_TEXT];
    int64_t expires, made, most, generation, personal;
    bool shredded;
};

struct share_link {
    int64_t recipient, generation, wrong;
    bool revoked;
    char address[HB_SHARE_MAIL_TEXT], mail[HB_SHARE_MAIL_TEXT];
    struct share_row share;
};

/* share_begin() with the row that all is about, by somebody who has a name.
 * After a failure there is no transaction. */
int share_begin_row(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who,
                    struct share_row *ret) HB_WUR;
/* The same for the owner and the keeper only: -EACCES. */
int share_begin_owned(struct hb_share_store *s, int64_t share,
                      const struct hb_share_who *who,
                      struct share_row *ret) HB_WUR;
bool share_owns(const struct share_row *row, const struct hb_share_who *who);
/* By a third person; the caller has made sure who that is, and that they saw
 * EDITION of it: -ESTALE.  -EACCES the owner, or somebody whom the rules do not
 * name. */
int share_approve(struct hb_share_store *s, int64_t share, int64_t edition,
                  const struct hb_share_who *who,
                  struct hb_share_verdict *ret) HB_WUR;
/* In a transaction.  -ENOENT. */
int share_row(struct hb_share_store *s, int64_t id,
              struct share_row *ret) HB_WUR;
/* Whether its recipients may come in now: 0, -EKEYREVOKED, -EKEYEXPIRED,
 * -EBUSY.  One whose time has just come expires here. */
int share_live(struct hb_share_store *s, struct share_row *row,
               int *ret_answer) HB_WUR;
/* Ends it, with all that it opened. */
int share_stop(struct hb_share_store *s, struct share_row *row,
               enum hb_share_state state, const struct hb_share_who *who,
               enum hb_share_act act) HB_WUR;
/* What must hold of a name and an address: -EINVAL. */
int share_who_ok(const struct hb_share_who *who) HB_WUR;
bool share_text_ok(const char *z, size_t max, bool lines);
/* What is stored of a token whose use is WHAT.  -EBADMSG: it is none. */
int share_token_mac(const struct hb_share_store *s, const char *what,
                    struct hb_slice text, uint8_t ret[SHARE_MAC]) HB_WUR;

/* The recipient behind the hash of a link, or of an id.  -ENOENT. */
int share_link_by_hash(struct hb_share_store *s, const uint8_t hash[SHARE_MAC],
                       struct share_link *ret) HB_WUR;
int share_link_by_id(struct hb_share_store *s, int64_t recipient,
                     struct share_link *ret) HB_WUR;
/* In a transaction: 0 with *RET, or a verdict in *RET_ANSWER. */
int share_grant(struct hb_share_store *s, struct hb_slice grant,
                struct share_link *ret, uint8_t ret_hash[SHARE_MAC],
                int *ret_answer) HB_WUR;

/* Key and contents of a share that is dead: outside a transaction; what fails
 * is done by the next housekeeping. */
int share_shred(struct hb_share_store *s, int64_t share);

/* Whether the rules name NAME as a third person (staff.c). */
bool share_approver(const struct hb_share_rules *rules, const char *name);

/* What nobody did: time, housekeeping. */
extern const struct hb_share_who share_us;

/* ---- trail (trail.c) ---- */

struct share_note {
    enum hb_share_act act;
    int64_t share, recipient, file, bytes;
    const char *words; /* NULL: "" */
};
int share_tell(struct hb_share_store *s, const struct hb_share_who *who,
               const struct share_note *n) HB_WUR;

/* Rows up to LAST go; in a transaction.  0: there is no such row. */
int share_trail_cut(struct hb_share_store *s, int64_t last) HB_WUR;

/* ---- budgets (budget.c) ---- */

/* A wrong code from the network NET; in a transaction.  Many of them in all
 * are told, and stop nobody: who holds one link has 25 tries an hour with it,
 * and must not be able to keep others out. */
int share_wrong_code(struct hb_share_store *s, const char *net);

enum share_tally {
    SHARE_ASK_LINK = 1,
    SHARE_ASK_FROM,
    SHARE_ASK_ALL,
    SHARE_WRONG_FROM,
    SHARE_WRONG_ALL,
    SHARE_PROBE_FROM,
    SHARE_PAGE_LINK,
    SHARE_REOPEN_LINK,
    SHARE_SIGNIN_WHO, /* address and network */
    SHARE_SIGNIN_ALL, /* address */
    SHARE_FACTOR_WHO,
    SHARE_VIEW /* person and share */
};
/* How often in the last hour. */
int share_tally(struct hb_share_store *s, enum share_tally kind, const char *of,
                int64_t *ret) HB_WUR;
int share_count(struct hb_share_store *s, enum share_tally kind,
                const char *of) HB_WUR;
/* MOST times or more: *RET_ANSWER becomes -EAGAIN. */
int share_within(struct hb_share_store *s, enum share_tally kind,
                 const char *of, int64_t most, int *ret_answer) HB_WUR;
/* The network that FROM counts as: IPv4 whole, IPv6 by /64. */
#define SHARE_NET 64u
void share_net(const char *from, char ret[SHARE_NET]);
/* Forgets what is older. */
int share_tally_drop(struct hb_share_store *s) HB_WUR;

/* ---- blobs on disk ---- */

/* What fails is swept at the next start. */
int share_blob_unlink(struct hb_share_store *s, const char *uid);
/* What a crash left: key files and blobs that no row names.  -EUCLEAN where
 * these are too many; FRESH: the store is empty. */
int share_sweep(struct hb_share_store *s, bool fresh,
                struct hb_err *err) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act.h - what the files of the helper share: the helper itself, sites, and
 * a request on its way.  Nobody outside this folder includes it.
 */
#ifndef HB_RESPOND_ACT_H
#define HB_RESPOND_ACT_H

#include <sys/stat.h>

#include "base/loop.h"
#include "base/sock.h"
#include "baseline/baseline.h"
#include "config/role_ctx.h"
#include "event/bus.h"
#include "respond/approval.h"
#include "respond/catalogue.h"
#include "respond/journal.h"
#include "respond/respond.h"

#define HB_BATCH        256u   /* requests acted on together */
#define HB_STAGED_MAX   20000u /* objects in a site's staging */
#define HB_STAGED_BYTES (2048ull << 20)
#define HB_RESERVE      (16u << 20) /* kept free for a full disk */

/* A site as the helper holds it.  ERROR is negative while its root or its
 * staging cannot be used; each batch tries again. */
struct hb_site {
    const struct hb_conf_site *conf;
    char path[HB_MAX_PATH]; /* of the root, as it is opened */
    char real[HB_MAX_PATH]; /* as the kernel names it */
    int parent;             /* O_PATH of the root's parent */
    const char *name;       /* of the root in it, part of path */
    int root;               /* O_PATH, -1 while it is missing */
    dev_t dev;
    ino_t ino;
    uint64_t mount; /* mount id of the root */
    int staging;    /* O_RDONLY directory, 0700, ours */
    char staging_real[HB_MAX_PATH];
    int basedir; /* the site's baseline directory */
    struct hb_base_set set;
    struct hb_baseline *previous; /* the one before set.cur, may be NULL */
    bool no_previous;
    struct timespec set_time; /* of the directory when it was read */
    size_t staged;            /* what stands in staging */
    uint64_t staged_bytes;
    bool reserve;      /* the reserve file is there */
    bool moved;        /* names changed since the last flush */
    bool group_commit; /* one commit takes all files to the disk: ext4 */
    bool commit;       /* ... and one is due */
    int error;
};

struct hb_policy_state;

struct hb_conn {
    struct hb_conn *next;
    struct hb_helper *h;
    int fd;
    enum hb_requester who;
    struct hb_peer peer;
    struct hb_buf out; /* replies that did not fit the socket */
    bool dead;         /* closed at the end of the turn */
};

enum hb_work_state { HB_WORK_NEW, HB_WORK_GO, HB_WORK_ANSWERED };

/* One request on its way. */
struct hb_work {
    struct hb_request req;
    struct hb_reply rep;
    const struct hb_catalogue_row *row;
    struct hb_conn *conn; /* NULL while recovering */
    enum hb_requester who;
    struct hb_peer peer;
    enum hb_work_state state;
    int fd;     /* came with it; owned */
    int out_fd; /* goes with the answer; owned */
    struct hb_site *site;
    struct hb_base_entry entry;  /* where row->flags & HB_CAT_ENTRY */
    bool publish;                /* from one signed state to the next */
    char object[HB_MAX_PATH];    /* relative path, or cgroup */
    struct hb_approval approval; /* valid where approved */
    bool approved;
    struct hb_job *job;
    int staged_fd;   /* new inode, to be flushed */
    bool staged_new; /* it stands in staging */
    unsigned turns;  /* directory there, gone, there, ... */
    struct hb_taken taken;
};

/* A tree of listening sockets, connections and sites. */
struct hb_helper {
    uint32_t magic;
    const struct hb_role_ctx *ctx;
    const struct hb_config *config; /* in force: ctx's or ours */
    struct hb_config *reloaded;
    struct hb_loop *loop;
    struct hb_timer *settle; /* renames are to be flushed */
    struct hb_bus *bus;
    struct hb_arena *arena; /* of one event */
    struct hb_journal *journal;
    struct hb_policy_state *policy;
    struct hb_sha256 *sha;
    struct hb_pub *publish; /* public key */
    struct timespec publish_time;
    int helper_dir, objdir, private_dir;
    struct hb_site *sites;
    size_t nsites;
    struct hb_conn *conns;
    struct hb_work *work; /* HB_BATCH of them */
    struct listening {
        struct hb_helper *h;
        int fd;
        enum hb_requester who;
        uid_t uid;
    } listening[2];
    size_t nlistening;
    uint64_t quiet_until[8]; /* repeated events wait, per kind */
    uint64_t quieted[8];
    uint8_t *io; /* copying buffer */
};
#define HB_HELPER_MAGIC 0x48454c50u
#define HB_IO_SIZE      (256u << 10)

/* Steps of tests (respond.h: hb_helper_crash_at()). */
void hb_step(void);

/* helper.c */
void hb_helper_refresh(struct hb_helper *h);
struct hb_site *hb_helper_site(struct hb_helper *h, uint32_t number);

/* batch.c */
void hb_batch_run(struct hb_helper *h, struct hb_work *w, size_t n);
void hb_batch_settle(struct hb_helper *h);
void hb_recover(struct hb_helper *h);
/* Settles W. */
void hb_work_answer(struct hb_work *w, enum hb_act_status status, int error);

/* site.c */
int hb_site_open(struct hb_helper *h, struct hb_site *s,
                 const struct hb_conf_site *conf) HB_WUR;
void hb_site_close(struct hb_site *s);
/* Looks whether root, staging and baseline are still what they were. */
/* BASELINES: read those again too; entries borrowed before are void. */
void hb_site_refresh(struct hb_helper *h, struct hb_site *s, bool baselines);
/* Baseline NUMBER: the current or the next; -ESTALE. */
int hb_site_baseline(struct hb_site *s, uint64_t number,
                     const struct hb_baseline **ret) HB_WUR;
const struct hb_baseline *hb_site_before(struct hb_helper *h, struct hb_site *s,
                                         const struct hb_baseline *b);
bool hb_site_staging_full(const struct hb_site *s);
/* Gives the reserve back to a full disk, or makes it anew. */
bool hb_site_reserve_free(struct hb_site *s);
void hb_site_reserve_make(struct hb_site *s);
void hb_site_staged(struct hb_site *s, const char *name, int sign);

/* place.c */
int hb_place_split(struct hb_slice rel, char *buf, const char **ret_dir,
                   const char **ret_name) HB_WUR;
int hb_place_parent(struct hb_site *s, const char *dir, int *ret_fd) HB_WUR;
int hb_place_look(int dir, const char *name, int *ret_fd,
                  struct stat *ret) HB_WUR;
int hb_place_reopen(int fd, int flags) HB_WUR;
int hb_place_unmount(struct hb_helper *h, struct hb_site *s, int dir,
                     const char *name) HB_WUR;
bool hb_place_clear(int dir, const char *name, uint32_t *ret_object);
void hb_place_set_flags(int fd, uint32_t flags);
bool hb_place_same(struct hb_site *s, const char *dir, int fd);
void hb_place_key_name(const uint8_t key[HB_ACT_KEY_SIZE], char ret[64]);
int hb_place_drop(struct hb_site *s, const char *name) HB_WUR;
void hb_place_discard(struct hb_helper *h, struct hb_site *s, const char *name);
void hb_place_taken(struct hb_taken *t, const struct stat *st);

/* restore.c: in this order, the second for many at once. */
void hb_restore_stage(struct hb_helper *h, struct hb_work *w);
void hb_restore_sync(struct hb_helper *h, struct hb_work *w, size_t n);
void hb_restore_place(struct hb_helper *h, struct hb_work *w);
/* Whether W only moves a path from one signed state to the next. */
bool hb_restore_is_publish(struct hb_helper *h, struct hb_work *w);
/* Whether FD is (but for its links) what B says of PATH. */
bool hb_restore_matches(struct hb_helper *h, const struct hb_baseline *b,
                        struct hb_slice path, int fd, const struct stat *st);
/* Differences (enum hb_base_diff) between W's entry and what stands there. */
int hb_restore_differs(struct hb_helper *h, struct hb_work *w) HB_WUR;
/* After a crash: was it done?  Answers W, does the rest where not. */
void hb_restore_recover(struct hb_helper *h, struct hb_work *w);

/* make.c: new objects in staging, metadata */
int hb_make_object(struct hb_helper *h, struct hb_site *s,
                   const struct hb_base_entry *e, const char *name,
                   int *ret_fd) HB_WUR;
int hb_make_meta(int fd, const struct hb_base_entry *e) HB_WUR;
int hb_make_dirs(struct hb_helper *h, struct hb_site *s,
                 const struct hb_baseline *b, const char *dir, const char *key,
                 bool *obstacle, int *ret_fd) HB_WUR;
int hb_make_compare(struct hb_helper *h, const struct hb_base_entry *e, int fd,
                    const struct stat *st) HB_WUR;

/* remove.c */
int hb_remove_object(struct hb_helper *h, struct hb_work *w) HB_WUR;
bool hb_remove_is_publish(struct hb_helper *h, struct hb_work *w);
int hb_remove_allowed(struct hb_helper *h, struct hb_work *w) HB_WUR;
void hb_remove(struct hb_helper *h, struct hb_work *w);
void hb_remove_recover(struct hb_helper *h, struct hb_work *w);

/* staged.c */
void hb_staged_open(struct hb_helper *h, struct hb_work *w);
void hb_staged_drop(struct hb_helper *h, struct hb_work *w);
void hb_undo(struct hb_helper *h, struct hb_work *w);

/* private.c, freeze.c, deny.c */
void hb_private(struct hb_helper *h, struct hb_work *w, bool on);
void hb_freeze(struct hb_helper *h, struct hb_work *w);
void hb_thaw(struct hb_helper *h, struct hb_work *w, struct hb_job *frozen);
void hb_deny(struct hb_helper *h, struct hb_work *w, bool on);

/* policy.c */
int hb_policy_open(struct hb_helper *h, struct hb_err *err) HB_WUR;
void hb_policy_close(struct hb_helper *h);
/* Reads again what changed on disk; once a batch. */
void hb_policy_refresh(struct hb_helper *h);
/* Decides on W: HB_WORK_GO, or answered. */
void hb_policy_decide(struct hb_helper *h, struct hb_work *w);
/* Absolute PATH (itself, what holds it, what it holds), and cgroups. */
bool hb_policy_never_path(struct hb_helper *h, const char *path);
bool hb_policy_never_cgroup(struct hb_helper *h, const char *cgroup);

/* tell.c: events to core */
enum hb_tell {
    HB_TELL_VIOLATION,
    HB_TELL_REFUSED,
    HB_TELL_LIMITED,
    HB_TELL_FAILED,
    HB_TELL_UNMOUNTED,
    HB_TELL_SPACE,
    HB_TELL_JOURNAL,
    HB_TELL_POLICY
};
void hb_tell(struct hb_helper *h, enum hb_tell what, const struct hb_work *w,
             const char *fmt, ...) HB_PRINTF(4, 5);

#endif

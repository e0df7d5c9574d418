/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.h - the parts of the role compare, among themselves.
 *
 *   compare.c         main: sockets, frames from watch, timers
 *   compare_sites.c   baselines, their change, stat cache
 *   compare_window.c  deploy windows, pending changes
 *   compare_scan.c    scans: asked for, judged by the pool, brought to an end
 *   compare_act.c     from a verdict to requests, answers, retries, fights
 *   compare_report.c  events to core
 */
#ifndef HB_SENSE_FILES_COMPARE_H
#define HB_SENSE_FILES_COMPARE_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/map.h"
#include "baseline/window.h"
#include "config/role_ctx.h"
#include "event/action.h"
#include "event/bus.h"
#include "sense/files/judge.h"
#include "sense/files/pool.h"

#define HB_CMP_SITES     64u
#define HB_CMP_PATHS     16384u        /* paths in hand at once */
#define HB_CMP_IN_FLIGHT 256u          /* requests at the helper */
#define HB_CMP_RESTORES  32u           /* times kept to tell a fight */
#define HB_CMP_CONNS     8u            /* connections of watch */
#define HB_CMP_FRAMES    16u           /* of scans, waiting for a worker */
#define HB_CMP_HASH_MAX  (64ull << 20) /* of tampered content */

/* Baselines are swapped while workers still read the old ones. */
struct hb_cmp_set {
    unsigned refs; /* the main thread's */
    struct hb_base_set set;
    /* What each entry of the current baseline was when it was found equal:
     * written by workers too, single words.  NULL without memory. */
    uint64_t *ino, *ctime;
    uint32_t n;
};

struct hb_cmp_site {
    uint32_t number;
    const struct hb_conf_site *conf;
    int dir;                   /* its baseline directory, -1 none yet */
    int inotify;               /* watch descriptor on it, -1 */
    uint64_t floor;            /* highest number seen */
    struct hb_cmp_set *set;    /* NULL: nothing to compare with */
    struct hb_cmp_set *before; /* what held until a publishing */
    uint64_t before_until;     /* mono */
    uint32_t published;        /* paths moved on to the new one */
    int said_error;            /* the last one told, so as to tell once */
    bool scanning;             /* a whole scan is on its way */
    uint64_t scan_asked;       /* mono, while it has not begun; 0 */
    enum hb_fp_scan scan_kind; /* what was asked for */
    bool scan_again;
    uint64_t next_full, next_meta; /* mono */
    bool window_open;
    struct hb_window window;
    struct hb_arena *pend_arena; /* pending changes; NULL none */
    struct hb_pending_list pend;
    bool pend_dirty;
    size_t pend_said;  /* how many were told of; SIZE_MAX at first */
    int pend_dir;      /* where the list is kept, -1 */
    uint64_t pend_for; /* the baseline it was last held against */
    int64_t pend_time; /* of pending.json as we know it */
    char mode[160];    /* how watch says it watches */
    /* A command of core that waits for its answer (compare_command.c). */
    struct hb_cmp *cmp;
    char command[40]; /* its key, "" none */
    uint64_t commanded;
    unsigned rounds;
    struct hb_timer *again;
};

/* A path in hand: from the first verdict to the helper's answer and on, as
 * long as fights must be recognised. */
struct hb_cmp;

struct hb_cmp_path {
    struct hb_cmp *c;
    struct hb_cmp_path *newer, *older; /* all, by use */
    struct hb_cmp_path *queue;         /* waits for the helper */
    struct hb_cmp_site *site;
    uint8_t key[HB_ACT_KEY_SIZE];
    uint64_t seq; /* of the request, 0 none */
    bool queued;
    bool again; /* it changed meanwhile: look again */
    bool publish;
    struct hb_verdict verdict;
    struct hb_fp_stat st;
    uint16_t events;
    uint8_t state;
    int fd; /* of what was found; -1 */
    bool readable;
    struct hb_fp_who *who;
    uint64_t noticed;
    int64_t noticed_utc;
    uint64_t asked, looked, last_done; /* mono */
    unsigned fails, looks;
    uint64_t first_fail;
    struct hb_timer *retry;
    uint64_t done[HB_CMP_RESTORES]; /* mono, a ring */
    unsigned n_done;
    uint64_t fight_said;
    uint32_t map_n;
    struct hb_slice path; /* in name */
    char name[];          /* site number, path, NUL */
};

struct hb_cmp_conn {
    struct hb_cmp *c;
    int fd;      /* -1 free */
    bool hello;  /* the one that brings events */
    bool paused; /* too much waits for the workers */
    struct hb_cmp_scan *scan;
};

struct hb_cmp_scan {
    struct hb_cmp *c;
    struct hb_cmp_site *site;
    struct hb_cmp_set *set; /* referenced */
    uint64_t id, began;
    uint8_t kind; /* enum hb_fp_scan */
    bool whole;
    unsigned in_flight; /* jobs at the pool */
    bool ended, broken;
    struct hb_fp_scan_end end;
    uint64_t found;           /* differences */
    struct hb_cmp_conn *conn; /* NULL: gone */
    uint8_t *seen;            /* a bit an entry of the current one */
    uint32_t first, n;        /* entries below the prefix */
    char prefix[HB_MAX_PATH];
};

struct hb_cmp {
    const struct hb_role_ctx *ctx;
    const struct hb_config *config;
    struct hb_config *own;
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct hb_pool *pool;
    struct hb_pub *pub;
    struct hb_sha256 *scratch;
    struct hb_arena *arena; /* of one event */
    int basedir, inotify;
    struct hb_cmp_site sites[HB_CMP_SITES];
    size_t n_sites;

    int listen, watch; /* files.sock; to watch.sock */
    struct hb_cmp_conn conns[HB_CMP_CONNS];
    struct hb_fp_frame *frame;
    uint8_t *buf;
    uint64_t scan_id;

    int helper;
    uint64_t seq;
    size_t in_flight, n_queued;
    size_t held_max;      /* descriptors that waiting requests may hold */
    struct hb_map *paths; /* site and path to hb_cmp_path */
    struct hb_map *asked; /* seq to hb_cmp_path */
    struct hb_cmp_path *newest, *oldest;
    struct hb_cmp_path *ask_first, *ask_last;

    /* Paths that watch shall look at, packed into frames. */
    struct hb_buf look;
    uint32_t look_site;
    uint16_t look_n;
    uint64_t ticks;
};

/* compare.c */
struct hb_cmp_site *hb_cmp_site(struct hb_cmp *c, uint32_t number);
/* Asks watch to look at PATH; sent by hb_cmp_look_flush(). */
void hb_cmp_look(struct hb_cmp *c, struct hb_cmp_site *s, struct hb_slice path);
void hb_cmp_look_flush(struct hb_cmp *c);
int hb_cmp_ask_scan(struct hb_cmp *c, struct hb_cmp_site *s,
                    enum hb_fp_scan kind, struct hb_slice prefix);

/* compare_sites.c */
int hb_cmp_sites_open(struct hb_cmp *c) HB_WUR;
void hb_cmp_sites_close(struct hb_cmp *c);
/* Reads baselines and windows again where they changed. */
void hb_cmp_sites_refresh(struct hb_cmp *c);
struct hb_cmp_set *hb_cmp_set_ref(struct hb_cmp_set *s);
void hb_cmp_set_unref(struct hb_cmp_set *s);
/* The stat cache: remember, ask. */
void hb_cmp_cache(struct hb_cmp_set *set, const struct hb_fp_item *i);
bool hb_cmp_cached(const struct hb_cmp_set *set, const struct hb_fp_item *i);
/* The entry whose file has inode INO, where it is known. */
bool hb_cmp_by_inode(const struct hb_cmp_site *s, uint64_t ino,
                     struct hb_base_entry *ret);
/* compare_window.c */
/* Reads the deploy window and the pending list where they changed. */
void hb_cmp_window_refresh(struct hb_cmp *c, struct hb_cmp_site *s);
/* Whether a deploy window covers a change by WHO now. */
bool hb_cmp_in_window(const struct hb_cmp_site *s, const struct hb_fp_who *who);
/* Keeps the change as pending; false where it cannot (then it is undone). */
bool hb_cmp_pending(struct hb_cmp *c, struct hb_cmp_site *s,
                    const struct hb_fp_item *i, int fd,
                    const struct hb_fp_who *who);
/* Whether it is exactly what was kept as pending. */
bool hb_cmp_is_pending(struct hb_cmp *c, const struct hb_cmp_site *s,
                       const struct hb_fp_item *i, int fd);
/* PATH was put right by us: nothing of it waits any more. */
void hb_cmp_pending_drop(struct hb_cmp_site *s, struct hb_slice path);
/* Forgets what the baseline in force holds by now. */
void hb_cmp_pending_settle(struct hb_cmp *c, struct hb_cmp_site *s);
/* Writes the lists that changed. */
void hb_cmp_pending_write(struct hb_cmp *c);

/* compare_scan.c */
void hb_cmp_scan_begin(struct hb_cmp *c, struct hb_cmp_conn *conn,
                       const struct hb_fp_scan_head *h);
/* Takes over FDS. */
void hb_cmp_scan_objects(struct hb_cmp *c, struct hb_cmp_conn *conn,
                         const uint8_t *frame, size_t n, const int *fds,
                         size_t nfds);
void hb_cmp_scan_end(struct hb_cmp *c, struct hb_cmp_conn *conn,
                     const struct hb_fp_scan_end *e);
void hb_cmp_scan_broken(struct hb_cmp *c, struct hb_cmp_conn *conn);

/* compare_command.c */
void hb_cmp_command(void *arg, const struct hb_json *command);
/* A whole scan that began at BEGAN has ended. */
void hb_cmp_command_scanned(struct hb_cmp *c, struct hb_cmp_site *s,
                            uint64_t began, uint64_t found, bool whole);

/* compare_act.c */
/* One object: judges and does what is due.  FD is taken over. */
void hb_cmp_object(struct hb_cmp *c, const struct hb_fp_item *i, int fd,
                   const struct hb_fp_who *who);
/* The same, judged already. */
void hb_cmp_act(struct hb_cmp *c, struct hb_cmp_site *s,
                const struct hb_fp_item *i, int fd, const struct hb_fp_who *who,
                const struct hb_verdict *v);
void hb_cmp_helper_tick(struct hb_cmp *c);
void hb_cmp_ask_more(struct hb_cmp *c);
void hb_cmp_paths_sweep(struct hb_cmp *c);
void hb_cmp_paths_free(struct hb_cmp *c);

/* compare_report.c */
enum hb_cmp_status {
    HB_CMP_RESTORED,
    HB_CMP_REMOVED,
    HB_CMP_ASK,
    HB_CMP_FAILED,
    HB_CMP_REFUSED,
    HB_CMP_FIGHT,
    HB_CMP_PENDING,
    HB_CMP_STATUS_COUNT
};
/* About a path in hand; hashes what was found in the pool first.  REPLY may
 * be NULL. */
void hb_cmp_report(struct hb_cmp *c, struct hb_cmp_path *p,
                   enum hb_cmp_status status, const struct hb_reply *reply);
/* About watching itself: WHAT is a fixed word for rules ("mode", "dropped",
 * "gone", ...), TEXT for people. */
void hb_cmp_health(struct hb_cmp *c, const struct hb_cmp_site *s,
                   const char *what, enum hb_severity sev, int64_t count,
                   const char *fmt, ...) HB_PRINTF(6, 7);
/* N paths follow a publishing. */
void hb_cmp_published(struct hb_cmp *c, struct hb_cmp_site *s);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.h - the parts of the role watch, among themselves.
 *
 *   watch.c         main: sites, sockets, timers
 *   watch_events.c  fanotify events into objects, coalesced
 *   watch_tree.c    where no mark covers a file system: directories one by
 *                   one (fanotify, else inotify); mounts
 *   watch_send.c    frames to compare, with back-pressure
 *   watch_quiet.c   files outside that are written all the time
 *   watch_scan.c    the thread that walks whole trees
 */
#ifndef HB_SENSE_FILES_WATCH_H
#define HB_SENSE_FILES_WATCH_H

#include <pthread.h>

#include "base/arena.h"
#include "base/loop.h"
#include "base/map.h"
#include "config/role_ctx.h"
#include "sense/files/dirs.h"
#include "sense/files/object.h"
#include "sense/files/who.h"

#define HB_WATCH_SITES 64u
#define HB_WATCH_FS    64u

enum hb_watch_mode {
    HB_WATCH_NONE,    /* nothing tells us: scans only */
    HB_WATCH_FSMARK,  /* one mark on the whole file system */
    HB_WATCH_DIRMARK, /* fanotify, a mark a directory */
    HB_WATCH_INOTIFY  /* inotify, a watch a directory */
};

struct hb_watch_site {
    uint32_t number;
    const struct hb_conf_site *conf;
    enum hb_watch_mode mode;
    int root; /* O_PATH; -1 while it is gone */
    uint64_t dev, ino;
    char path[HB_MAX_PATH]; /* without symbolic links */
    size_t path_n;
    uint64_t fsid;
};

/* A frame that waits for the socket. */
struct hb_watch_out {
    struct hb_watch_out *next;
    size_t n, nfds;
    int fds[HB_MAX_FRAME_FDS];
    uint8_t bytes[];
};

struct hb_watch_sender {
    int sock; /* -1 not connected */
    struct hb_watch_out *first, *last;
    size_t count, bytes;
    struct hb_fp_pack pack;
    int fds[HB_MAX_FRAME_FDS];
    size_t nfds;
    const struct hb_fp_who *whos[HB_FP_WHOS]; /* already in the frame */
};

struct hb_watch_scan_job {
    struct hb_watch_scan_job *next;
    struct hb_fp_scan_head head;
    char prefix[HB_MAX_PATH];
};

struct hb_inotify;
struct hb_quiet;

struct hb_watch {
    const struct hb_role_ctx *ctx;
    const struct hb_config *config; /* in force */
    struct hb_config *own;          /* loaded by SIGHUP; NULL: the ctx's */
    struct hb_loop *loop;
    uint64_t start;
    struct hb_watch_site sites[HB_WATCH_SITES];
    size_t n_sites;

    int fan;                    /* group, -1 none */
    unsigned features;          /* enum hb_fan_feature */
    uint64_t fsid[HB_WATCH_FS]; /* file systems and a way into each */
    int mountfd[HB_WATCH_FS];
    size_t n_fs;
    struct hb_inotify *ino;
    struct hb_dirs *dirs;
    struct hb_quiet *quiet;
    pthread_mutex_t files_lock; /* the set of file handles in dirs */
    struct hb_whos *whos;
    struct hb_arena *batch; /* what one read gave */
    struct hb_map *seen;    /* site and path to hb_watch_item */
    struct hb_watch_item *first, *last;
    size_t n_items;
    uint8_t *buf;
    bool paused; /* compare is slow: events wait */
    bool armed;  /* the loop waits for room to send */
    uint64_t dropped;
    uint64_t reads;

    int mounts_fan, mounts_info; /* trigger, and what is read then */
    struct hb_map *mounts;       /* mount point below a root, by id */
    bool mounts_known;

    struct hb_watch_sender send;
    int ctl_listen, ctl; /* watch.sock */
    uint64_t ticks;

    pthread_t scanner;
    bool scanner_runs;
    pthread_mutex_t scan_lock;
    pthread_cond_t scan_wake;
    struct hb_watch_scan_job *scan_first;
    size_t scan_count;
    bool scan_stop;
};

/* One object that something happened to, in a batch. */
struct hb_watch_item {
    struct hb_watch_item *next;
    uint32_t site;
    uint16_t events;
    const char *path;
    size_t path_n;
    const struct hb_fp_who *who;
    uint64_t noticed;
    int64_t noticed_utc;
    int fd; /* O_PATH, NO_PATH only; else -1 */
    char key[];
};

/* watch.c */
struct hb_watch_site *hb_watch_site(struct hb_watch *w, uint32_t number);
/* The site that absolute PATH lies in; *RET_REL is the path below. */
struct hb_watch_site *hb_watch_site_of(struct hb_watch *w, const char *path,
                                       const char **ret_rel);
/* Sends what waits and sets what the loop waits for. */
void hb_watch_pump(struct hb_watch *w);
void hb_watch_say_mode(struct hb_watch *w, struct hb_watch_site *s);

/* watch_events.c */
/* Reads what the group has; called by the loop. */
void hb_watch_on_fan(void *arg, int fd, uint32_t events);
/* Adds to the batch, merged with what is there for the same object. */
struct hb_watch_item *hb_watch_add(struct hb_watch *w, uint32_t site,
                                   struct hb_slice path, unsigned events);
/* Opens and sends all objects of the batch. */
void hb_watch_flush(struct hb_watch *w);
/* Knowingly empties the kernel's queue; counts what is lost. */
void hb_watch_drop(struct hb_watch *w);
void hb_watch_backlog(struct hb_watch *w);

/* watch_tree.c */
/* Marks every directory below PATH of S, in the site's mode; objects found
 * are added to the batch where REPORT. */
int hb_watch_tree(struct hb_watch *w, struct hb_watch_site *s, const char *path,
                  bool report) HB_WUR;
int hb_watch_inotify(struct hb_watch *w) HB_WUR;
void hb_watch_inotify_free(struct hb_watch *w);
/* A way into the file system of FD, for handles; and its mark. */
int hb_watch_fs_add(struct hb_watch *w, int fd) HB_WUR;
int hb_watch_fs_find(const struct hb_watch *w, uint64_t fsid);
void hb_watch_mounts_start(struct hb_watch *w);
void hb_watch_mounts_stop(struct hb_watch *w);

/* watch_quiet.c */
struct hb_quiet *hb_quiet_new(void);
/* A write to a file that is no site's. */
void hb_quiet_wrote(struct hb_watch *w, const struct hb_fan_handle *h);
/* Something else happened to it: its writes count again from now on. */
void hb_quiet_end(struct hb_watch *w, const struct hb_fan_handle *h);
/* The same for all: events were lost, or sites are others now. */
void hb_quiet_reset(struct hb_watch *w);

/* watch_send.c */
void hb_watch_send_init(struct hb_watch_sender *s);
void hb_watch_send_done(struct hb_watch_sender *s);
/* Connects to files.sock; -errno. */
int hb_watch_send_connect(struct hb_watch_sender *s,
                          const char *run_dir) HB_WUR;
/* A finished frame without descriptors.  Queued where the socket is full. */
int hb_watch_send_frame(struct hb_watch_sender *s, struct hb_slice frame);
/* One object; FD is taken over.  Sent when the frame is full or flushed. */
int hb_watch_send_item(struct hb_watch_sender *s, struct hb_fp_item *i,
                       const struct hb_fp_who *who, int fd);
int hb_watch_send_flush(struct hb_watch_sender *s);
/* Sends what waits: 0 all gone, 1 some is left, -errno broken. */
int hb_watch_send_more(struct hb_watch_sender *s);

/* watch_scan.c */
int hb_watch_scan_start(struct hb_watch *w) HB_WUR;
void hb_watch_scan_stop(struct hb_watch *w);
/* -ENOBUFS where too many wait. */
int hb_watch_scan_ask(struct hb_watch *w, const struct hb_fp_scan_head *h);

#endif

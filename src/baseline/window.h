/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - a deploy window without a manifest: for a while the changes of
 * one user (or one process tree) are kept pending instead of undone.
 *
 * BASEDIR/SITE/window.json is written by root for a person who signs it with
 * the person's own key; compare reads and verifies it.  pending.json, in a
 * directory of compare's, lists what was changed meanwhile; it is unsigned and
 * grants nothing: a person accepts the list, and accepting is publishing (a
 * new signed baseline).
 */
#ifndef HB_BASELINE_WINDOW_H
#define HB_BASELINE_WINDOW_H

#include "base/arena.h"
#include "baseline/publish.h"

struct hb_window {
    char id[40];
    char site[64];
    uint32_t uid;          /* whose writes */
    int32_t pid;           /* and whose tree; 0: any process of UID */
    uint64_t pid_start;    /* its start (/proc/PID/stat 22): a number
                              used again is another process; 0 with
                              PID 0 */
    int64_t opened, until; /* ns, whole milliseconds */
    char opened_by[64];    /* a name of people/ */
};

/* The longest window; a longer one is refused. */
#define HB_WINDOW_MAX (24ull * 3600 * 1000000000)

/* Signs W and puts it in place (durable).  -EINVAL for bad names or times. */
int hb_window_open(int sitedir, const struct hb_window *w,
                   const struct hb_key *person, struct hb_err *err) HB_WUR;
/* Reads the window of SITE and verifies it with PEOPLE/opened_by.pub.
 * -ENOENT where none stands or it is over at NOW (or not open yet),
 * -EKEYREJECTED for a bad signature or another site's. */
int hb_window_read(int sitedir, const char *site, const char *people,
                   int64_t now, struct hb_window *ret,
                   struct hb_err *err) HB_WUR;
/* Takes it away, where it has that ID (NULL: any); 0 where there was none. */
int hb_window_close(int sitedir, const char *id) HB_WUR;
/* Is a write by UID at NOW within it?  IN_TREE tells for a process whether it
 * descends from w->pid (not called where that is 0). */
bool hb_window_covers(const struct hb_window *w, int64_t now, uint32_t uid,
                      bool (*in_tree)(void *arg, int32_t pid,
                                      uint64_t pid_start),
                      void *arg);

struct hb_pending {
    struct hb_slice path;
    enum hb_change_kind kind;
    enum hb_base_type type;         /* not for REMOVED */
    uint8_t sha256[HB_SHA256_SIZE]; /* FILE: content, LINK: target */
    uint64_t size;
    uint16_t mode;
    uint32_t uid;   /* who wrote */
    int64_t time;   /* ns, whole milliseconds */
    bool executes;  /* as who made the list saw it: something that a server or
                       shell runs or obeys */
    bool listed;    /* compare's: it stands in the file, or stood there */
    bool expressly; /* who accepts named this very path; never in the list */
};
/* An array in an arena, sorted by path, one a path. */
struct hb_pending_list {
    char site[64];
    char window[40];
    struct hb_pending *v;
    size_t n;
};
#define HB_MAX_PENDING 10000u

/* DIR is the site's among the lists, not its baseline's.  Whoever writes after
 * reading holds flock(2) on it. */
int hb_pending_read(int dir, struct hb_arena *a, struct hb_pending_list *ret,
                    struct hb_err *err) HB_WUR;
/* Durable; replaces what was there. */
int hb_pending_write(int dir, const struct hb_pending_list *list) HB_WUR;
/* The list is empty: no file is left. */
int hb_pending_clear(int dir) HB_WUR;
/* Adds or replaces P's path (copied into A); -E2BIG past HB_MAX_PENDING. */
int hb_pending_add(struct hb_arena *a, struct hb_pending_list *list,
                   const struct hb_pending *p) HB_WUR;

/* The entry of BASE that P describes, where P is exactly that: nothing is
 * pending any more. */
bool hb_pending_settled(const struct hb_pending *p,
                        const struct hb_baseline *base);

/* A person accepts the whole LIST: what is in force, with the listed paths as
 * they are now in HOW->tree (the live site), becomes a new baseline.  A path
 * that is no longer what LIST says is -ESTALE; one that executes, whatever
 * LIST says of that, is -EPERM unless it was named EXPRESSLY. */
int hb_pending_accept(const struct hb_publish *how,
                      const struct hb_pending_list *list,
                      struct hb_published *ret, struct hb_err *err) HB_WUR;

#endif

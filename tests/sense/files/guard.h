/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h - a rig under full guard: keys, a signed baseline, the reflex, and
 * the real watch, compare and helper; the caller plays core.
 */
#ifndef HB_TESTS_SENSE_FILES_GUARD_H
#define HB_TESTS_SENSE_FILES_GUARD_H

#include "baseline/baseline.h"
#include "rig.h"

#define GUARD_EVENTS 4096u

struct guard {
    struct rig r;
    struct hb_key *publish, *officer;
    struct hb_pub *pub;
    uint64_t number;
    bool few_fds; /* compare starts with a low limit of descriptors */
    pid_t watch, compare, helper;
    int listen, conns[8]; /* event.sock */
    size_t n_conns;
    /* Counts of what came in, and the last of each kind. */
    unsigned restored, removed, failed, asked, fights, pending, health;
    unsigned scans, dropped, published;
    char last[65536]; /* the last file event, as JSON */
    char last_mode[512], last_scan[512];
    void (*on_event)(struct guard *g, const char *json, void *arg);
    void *arg;
};

/* Keys, people and (where REFLEX) the standing approval to restore. */
void guard_open(struct guard *g, const char *dir, const char *root,
                const char *more, const char *limits, bool reflex);
void guard_close(struct guard *g);
/* Builds and signs what stands in the site as the next baseline. */
void guard_publish(struct guard *g, unsigned threads);
/* Starts helper, compare and watch and waits for the first whole scan. */
void guard_start(struct guard *g);
/* Ends the roles; guard_start() starts them again. */
void guard_stop(struct guard *g);
/* Takes events for at most MS; true where at least one came. */
bool guard_turn(struct guard *g, int ms);
/* Until COUNT (a field of G) is at least N, or SECONDS are over. */
bool guard_wait(struct guard *g, const unsigned *count, unsigned n,
                unsigned seconds);
/* Whether the site is exactly as signed; prints what is not where SAY. */
bool guard_clean(struct guard *g, bool say);
/* Waits until it is. */
bool guard_heals(struct guard *g, unsigned seconds);

#endif

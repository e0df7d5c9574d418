/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - the event loop of a role: epoll, timers, signals.  One thread.
 */
#ifndef HB_BASE_LOOP_H
#define HB_BASE_LOOP_H

#include <sys/epoll.h>

#include "base/base.h"

struct hb_loop;
struct hb_timer;

typedef void hb_io_fn(void *arg, int fd, uint32_t epoll_events);
typedef void hb_timer_fn(void *arg);

struct hb_loop *hb_loop_new(void) HB_WUR;
void hb_loop_free(struct hb_loop *l);

/* Calls FN for FD while it is registered.  The descriptor stays the
 * caller's. */
int hb_loop_add(struct hb_loop *l, int fd, uint32_t epoll_events, hb_io_fn *fn,
                void *arg) HB_WUR;
int hb_loop_mod(struct hb_loop *l, int fd, uint32_t epoll_events) HB_WUR;
/* Safe inside callbacks; no call for FD happens afterwards.  Delete first,
 * then close. */
void hb_loop_del(struct hb_loop *l, int fd);

/* Once after DELAY_NS, then every PERIOD_NS (0: once).  By hb_mono(); periods
 * that were missed are not made up.  NULL without memory.  The timer is the
 * loop's; one without a period is gone once its function has been called. */
struct hb_timer *hb_loop_timer(struct hb_loop *l, uint64_t delay_ns,
                               uint64_t period_ns, hb_timer_fn *fn, void *arg);
/* Safe inside callbacks, also the timer's own; NULL does nothing. */
void hb_timer_stop(struct hb_loop *l, struct hb_timer *t);

/* Runs until hb_loop_stop(); SIGTERM and SIGINT stop it, SIGHUP calls
 * ON_HUP (may be NULL).  Returns the value given to hb_loop_stop(). */
int hb_loop_run(struct hb_loop *l, hb_timer_fn *on_hup, void *arg) HB_WUR;
void hb_loop_stop(struct hb_loop *l, int value);
/* Callbacks made in one turn, waiting at most TIMEOUT_MS (tests;
 * -1: until something happens). */
int hb_loop_turn(struct hb_loop *l, int timeout_ms) HB_WUR;

#endif

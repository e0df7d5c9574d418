/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.h - what the fault tests let the stores do, and how they see whether
 * all that was acknowledged is there.
 *
 * Transaction N writes between 1 and 5 rows whose bytes follow from N, says
 * in `tx` how many, and sets the one counter to N.  So a transaction that is
 * half there, or bytes that are not the ones written, show.
 */
#ifndef HB_TESTS_FAULT_WORK_H
#define HB_TESTS_FAULT_WORK_H

#include "store/db.h"
#include "store/events.h"

extern const struct hb_migration work_schema[];
#define WORK_SCHEMA 2

/* A generator with a seed, so that a failure can be repeated. */
struct work_random {
    uint64_t s;
};
uint64_t work_random(struct work_random *r);
uint64_t work_below(struct work_random *r, uint64_t n);

/* Runs transaction N; 0 means acknowledged. */
int work_do(struct hb_db *db, int64_t n);
/* NULL where every transaction 1..ACKED is there and whole (skipping what
 * SKIP, indexed by number, says was not acknowledged), else what is wrong. */
const char *work_verify(struct hb_db *db, int64_t acked, const bool *skip);

/* The uid of event number N, and one that carries it. */
void work_uid(int64_t n, char ret[HB_ID_SIZE]);
int work_event(struct hb_events *s, int64_t n, struct hb_err *err);

/* HB_KILL_POINTS, or DFLT. */
unsigned work_points(unsigned dflt);
/* A directory for the test below DIR or TMPDIR or /tmp. */
int work_dir(const char *dir, char *ret, size_t size);
void work_remove(const char *dir);

/* TAP. */
void ok(bool good, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int done(void);

#endif

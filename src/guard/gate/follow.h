/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.h - the lines that a log grows by: whole ones, once, whatever is
 * done to the file meanwhile.
 *
 * A file that was renamed away (logrotate) is read to its end, then the new
 * one from its beginning.  One that got shorter (copytruncate) begins anew;
 * half a line at that place is lost and counted.  A line longer than the
 * ceiling is left out and counted.
 */
#ifndef HB_GUARD_GATE_FOLLOW_H
#define HB_GUARD_GATE_FOLLOW_H

#include "base/base.h"

struct hb_follow;

typedef void hb_follow_fn(void *arg, struct hb_slice line);

/* PATH need not be there yet.  What stands in it now is passed over.  MAX:
 * bytes of a line.  NULL without memory. */
struct hb_follow *hb_follow_new(const char *path, size_t max) HB_WUR;
void hb_follow_free(struct hb_follow *f);
/* Calls FN for each line that is whole now, reading at most BUDGET bytes.  1:
 * there may be more, 0: that was all, or -errno (-ENOENT: no file). */
int hb_follow_read(struct hb_follow *f, size_t budget, hb_follow_fn *fn,
                   void *arg) HB_WUR;
/* Lines that were left out since it was last asked. */
uint64_t hb_follow_lost(struct hb_follow *f);

#endif

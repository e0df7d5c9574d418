/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_lead.h - a run from nothing that is held at one boundary after the
 * other, so that what a process leaves that dies there can be had without
 * running up to there again.
 *
 * What stays of a process after kill -9 is what stands in its files at that
 * moment; locks go with it.  A copy of its directory, made by another process
 * while this one stands still, is the same: nothing is left but the bytes.
 * (Another process, as closing a file drops the locks that its own has.)
 */
#ifndef HB_TESTS_FAULT_BOOK_LEAD_H
#define HB_TESTS_FAULT_BOOK_LEAD_H

#include "book_work.h"

struct book_lead {
    pid_t pid;
    int fd;
    uint64_t held;  /* since when, hb_mono(); 0: not yet */
    int64_t waited; /* ns in all */
};

/* A child that works through S in DIR, which is there and empty; it waits to
 * be told how far.  Negative errno. */
int book_lead_start(struct book_lead *l, const struct book_script *s,
                    const char *dir) HB_WUR;
/* Lets it go on to its N-th boundary, which lies ahead, and holds it there.
 * While it is held no time passes: hb_now() of this process and of its later
 * children goes on from where it was.  False: there is no such boundary, or
 * it did not get there. */
bool book_lead_to(struct book_lead *l, unsigned n) HB_WUR;
/* Kills it and puts the clock right again. */
void book_lead_end(struct book_lead *l);

/* cp -a of a directory; TO must not be there.  Negative errno. */
int book_copy(const char *from, const char *to) HB_WUR;

#endif

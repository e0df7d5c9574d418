/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - one page of a site, fetched as a visitor would and held against the
 * signed baseline: by the role outside, and by `hinoban vantage` on another
 * machine.
 */
#ifndef HB_SENSE_OUTSIDE_LOOK_H
#define HB_SENSE_OUTSIDE_LOOK_H

#include "base/arena.h"
#include "sense/outside/judge.h"

/* Pages of the sample, besides "/". */
#define HB_LOOK_PAGES 4u

/* What stays the same from look to look; all borrowed. */
struct hb_look {
    const char *site, *url;
    const char *ca_file;      /* "" or NULL: the system's */
    const char *baseline;     /* directory of all baselines */
    const struct hb_pub *pub; /* publish key; NULL: nothing can be compared */
    const char *flag; /* a file that stands while the site is off the air on
                         purpose; NULL: never */
    uint64_t number;  /* of the release that was compared with last; 0 none */
    uint32_t cursor;  /* where the sample is */
};

struct hb_look_page {
    struct hb_slice path; /* in the baseline; p NULL: none; in an arena */
    char url[HB_FETCH_URL_MAX];
};

/* Which page is the one of STEP: "/" first, then pages in turn.  -ENOENT where
 * there are no more. */
int hb_look_choose(struct hb_look *l, unsigned step, struct hb_arena *a,
                   struct hb_look_page *ret) HB_WUR;
/* Fetches PAGE and judges it by the baseline as it is now; what is not as it
 * should be a second time, a moment later, as a release or a repair may have
 * happened in between.  Blocks for at most two fetches.  DETAIL gets one line
 * for people; F is to be given to hb_fetched_done(). */
enum hb_seen hb_look_page(struct hb_look *l, const struct hb_look_page *page,
                          struct hb_fetched *f, struct hb_buf *detail);

#endif

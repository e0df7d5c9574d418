/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.h - from a rule and a start to moments: when it is due, at what
 * to aim, when to warn.  Pure functions of the pack and the start; nothing
 * here looks at a clock, TZ or a locale, so a restart or a clock that is set
 * cannot move a deadline.  Rules of Japan are counted in JST.
 */
#ifndef HB_CASEBOOK_DEADLINE_H
#define HB_CASEBOOK_DEADLINE_H

#include "casebook/rules.h"

#define HB_WARNINGS_MAX 3u

enum hb_warning_kind {
    HB_WARNING_HALF,      /* half of the time is over */
    HB_WARNING_MOST,      /* 80 % of it */
    HB_WARNING_DAY_BEFORE /* 24 hours are left */
};
const char *hb_warning_name(enum hb_warning_kind k);  /* "day-before" */
const char *hb_warning_title(enum hb_warning_kind k); /* translated */

struct hb_warning {
    enum hb_warning_kind kind;
    int64_t at; /* ns UTC */
};

/* All moments in ns UTC.  Day rules end with the second 23:59:59 JST. */
struct hb_deadline {
    int64_t start;
    int64_t due;
    int64_t target;   /* to aim at; equal to due where the rule has none */
    int64_t last_day; /* DAYS: the day in Japan before it was rolled */
    int64_t due_day;  /* the day in Japan that due falls on */
    bool rolled;      /* due_day is after last_day */
    bool yardstick;   /* due is our own figure, not the source's */
    struct hb_warning warnings[HB_WARNINGS_MAX]; /* by time, within the term */
    size_t warnings_n;
};

/* When to warn between START and DUE, by time; how many. */
size_t hb_warnings(int64_t start, int64_t due,
                   struct hb_warning ret[HB_WARNINGS_MAX]);
/* Counts from START (ns UTC).  -ENODATA for a standing duty, -ERANGE where
 * the calendar of the pack or the range of times ends. */
int hb_duty_due(const struct hb_rulepack *p, const struct hb_duty *r,
                int64_t start, struct hb_deadline *ret) HB_WUR;
/* The same for a term that stands in no pack: that of a contract. */
int hb_due_at(const struct hb_rulepack *p, const struct hb_due *due,
              int64_t start, struct hb_deadline *ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day.h - civil dates of the (proleptic) Gregorian calendar.  A day is a
 * number: days since 1970-01-01, negative before.  A zone is minutes east of
 * UTC; there is no database of zones here, and TZ is never looked at.
 * Algorithms: H. Hinnant, "chrono-compatible low-level date algorithms".
 */
#ifndef HB_BASE_DAY_H
#define HB_BASE_DAY_H

#include "base/base.h"

#define HB_DAY_NS (86400 * INT64_C(1000000000))
#define HB_JST    540 /* minutes; Japan has no summer time since 1952 */

struct hb_date {
    int year;
    unsigned month, day; /* from 1 */
};

enum hb_weekday { HB_SUNDAY, HB_MONDAY, HB_SATURDAY = 6 };

/* Whether the date is in the calendar. */
bool hb_date_valid(struct hb_date d);
/* 28..31; MONTH from 1 to 12. */
unsigned hb_month_days(int year, unsigned month);

/* The day of a valid date, and back (within a million years). */
int64_t hb_day_of(struct hb_date d);
struct hb_date hb_day_date(int64_t day);
/* 0 is Sunday. */
unsigned hb_day_weekday(int64_t day);

/* "2026-04-01", exactly, into a day; -EINVAL. */
int hb_day_parse(struct hb_slice s, int64_t *ret) HB_WUR;
/* The same form; BUF of at least 16 bytes. */
const char *hb_day_text(int64_t day, char *buf, size_t size);

/* The day that a moment (ns UTC) belongs to in a zone. */
int64_t hb_day_at(int64_t ns, int zone_minutes);
/* The first moment of a day in a zone; -ERANGE past the years 1677..2262. */
int hb_day_begin(int64_t day, int zone_minutes, int64_t *ret_ns) HB_WUR;

#endif

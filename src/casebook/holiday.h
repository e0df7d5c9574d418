/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holiday.h - the days on which offices in Japan are closed: Saturdays,
 * Sundays, what the Act on National Holidays (国民の祝日に関する法律) makes a
 * holiday, and 12/29-1/3 (行政機関の休日に関する法律, art. 1).
 *
 * The holidays are data of a rule pack with the dates on which the law
 * changed; the code knows only the forms that a holiday can have.  Equinoxes
 * follow the usual approximation, good for 1980 to 2099; the official day is
 * announced in February of the year before.  Days are those of base/day.h.
 */
#ifndef HB_CASEBOOK_HOLIDAY_H
#define HB_CASEBOOK_HOLIDAY_H

#include "base/day.h"
#include "casebook/row.h"

struct hb_rulepack;

/* Both days belong to it. */
struct hb_period {
    int64_t from, to; /* INT64_MIN, INT64_MAX: open */
};

static inline bool hb_period_has(const struct hb_period *p, int64_t day)
{
    return day >= p->from && day <= p->to;
}

enum hb_holiday_form {
    HB_HOLIDAY_DATE,   /* each year on month/n */
    HB_HOLIDAY_MONDAY, /* the nth Monday of the month */
    HB_HOLIDAY_SPRING, /* vernal equinox */
    HB_HOLIDAY_AUTUMN, /* autumnal equinox */
    HB_HOLIDAY_ONCE    /* on one day only */
};

struct hb_holiday {
    struct hb_text name;
    enum hb_holiday_form form;
    unsigned month, n;
    int64_t once;
    struct hb_period period;
};

/* A holiday on a Sunday makes another day one (振替休日). */
struct hb_substitute {
    bool next_free; /* the next day that is no holiday; else the Monday */
    struct hb_period period;
};

/* Offices are closed from a date to another, both included. */
struct hb_closing {
    struct hb_text name;
    unsigned from, to; /* month * 100 + day; FROM after TO: over new year */
};

struct hb_calendar {
    struct hb_period period; /* for which the data is whole */
    const char *source;
    const struct hb_holiday *holidays;
    size_t holidays_n;
    struct hb_text substitute_name;
    const struct hb_substitute *substitutes;
    size_t substitutes_n;
    struct hb_text between_name; /* 国民の休日: between two holidays */
    struct hb_period between;
    const struct hb_closing *closings;
    size_t closings_n;
};

enum hb_day_kind {
    HB_DAY_OPEN,
    HB_DAY_HOLIDAY,
    HB_DAY_SUBSTITUTE,
    HB_DAY_BETWEEN,
    HB_DAY_CLOSING,
    HB_DAY_SUNDAY,
    HB_DAY_SATURDAY
};

/* What DAY is, the first that applies in the order above after OPEN, and in
 * *RET_NAME (may be NULL) its name where it has one, else NULL.  -ERANGE for
 * a day that the pack knows nothing of. */
int hb_day_kind(const struct hb_rulepack *p, int64_t day,
                const struct hb_text **ret_name) HB_WUR;
/* 1 where offices are open, 0 where not, -ERANGE as above. */
int hb_day_is_open(const struct hb_rulepack *p, int64_t day) HB_WUR;
/* DAY itself where it is open, else the next one that is; -ERANGE as above. */
int hb_day_roll_forward(const struct hb_rulepack *p, int64_t day,
                        int64_t *ret) HB_WUR;

#endif

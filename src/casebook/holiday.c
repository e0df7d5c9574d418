/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holiday.c - whether offices are open on a day, out of a pack's data.
 *
 * Pure arithmetic.  A year's list is never made: a day is asked about by
 * itself and its neighbours, so that no cache can be wrong.
 */
#include "casebook/rules.h"

/* The longest run of closed days so far was ten (2019); a pack that closes
 * for longer is a mistake, and a deadline must not wander off. */
#define ROLL_MAX 31
/* Holidays in a row that a substitute may have to pass. */
#define RUN_MAX 7

static const struct hb_holiday *national(const struct hb_calendar *c,
                                         int64_t day);
static bool falls_on(const struct hb_holiday *h, int64_t day);
static unsigned equinox(int year, bool autumn);
static bool is_substitute(const struct hb_calendar *c, int64_t day);
static bool is_between(const struct hb_calendar *c, int64_t day);
static const struct hb_closing *closing(const struct hb_calendar *c,
                                        int64_t day);

int hb_day_kind(const struct hb_rulepack *p, int64_t day,
                const struct hb_text **ret_name)
{
    const struct hb_calendar *c = &p->calendar;
    const struct hb_text *name = NULL;
    const struct hb_holiday *h;
    const struct hb_closing *closed;
    int kind = HB_DAY_OPEN;

    if (!hb_period_has(&c->period, day))
        return -ERANGE;
    h = national(c, day);
    closed = closing(c, day);
    if (h != NULL) {
        kind = HB_DAY_HOLIDAY;
        name = &h->name;
    } else if (is_substitute(c, day)) {
        kind = HB_DAY_SUBSTITUTE;
        name = &c->substitute_name;
    } else if (is_between(c, day)) {
        kind = HB_DAY_BETWEEN;
        name = &c->between_name;
    } else if (closed != NULL) {
        kind = HB_DAY_CLOSING;
        name = &closed->name;
    } else if (hb_day_weekday(day) == HB_SUNDAY) {
        kind = HB_DAY_SUNDAY;
    } else if (hb_day_weekday(day) == HB_SATURDAY) {
        kind = HB_DAY_SATURDAY;
    }
    if (ret_name != NULL)
        *ret_name = name;
    return kind;
}

int hb_day_is_open(const struct hb_rulepack *p, int64_t day)
{
    int kind = hb_day_kind(p, day, NULL);

    return kind < 0 ? kind : kind == HB_DAY_OPEN;
}

int hb_day_roll_forward(const struct hb_rulepack *p, int64_t day, int64_t *ret)
{
    for (int i = 0; i <= ROLL_MAX; i++, day++) {
        int r = hb_day_is_open(p, day);

        if (r < 0)
            return r;
        if (r > 0) {
            *ret = day;
            return 0;
        }
    }
    return -ERANGE;
}

/* A 国民の祝日 itself, which alone substitutes and days between rest on. */
static const struct hb_holiday *national(const struct hb_calendar *c,
                                         int64_t day)
{
    for (size_t i = 0; i < c->holidays_n; i++) {
        if (hb_period_has(&c->holidays[i].period, day) &&
            falls_on(&c->holidays[i], day))
            return &c->holidays[i];
    }
    return NULL;
}

static bool falls_on(const struct hb_holiday *h, int64_t day)
{
    struct hb_date d = hb_day_date(day);

    switch (h->form) {
    case HB_HOLIDAY_DATE:
        return d.month == h->month && d.day == h->n;
    case HB_HOLIDAY_MONDAY:
        return d.month == h->month && hb_day_weekday(day) == HB_MONDAY &&
               (d.day - 1) / 7 + 1 == h->n;
    case HB_HOLIDAY_SPRING:
        return d.month == 3 && d.day == equinox(d.year, false);
    case HB_HOLIDAY_AUTUMN:
        return d.month == 9 && d.day == equinox(d.year, true);
    default:
        return day == h->once;
    }
}

/* Day of March or September: the approximation for 1980-2099 of 新こよみ便利帳
 * (暦計算研究会), in millionths of a day.  The calendar's period keeps other
 * years out, but a neighbour of its first day may be asked for. */
static unsigned equinox(int year, bool autumn)
{
    int64_t n = year - 1980, base = autumn ? 23248800 : 20843100;

    return n < 0 ? 0 : (unsigned)((base + 242194 * n) / 1000000 - n / 4);
}

static bool is_substitute(const struct hb_calendar *c, int64_t day)
{
    for (size_t i = 0; i < c->substitutes_n; i++) {
        const struct hb_substitute *s = &c->substitutes[i];
        int64_t back = day - 1, last = s->next_free ? day - RUN_MAX : back;

        if (!hb_period_has(&s->period, day))
            continue;
        for (; back >= last && national(c, back) != NULL; back--) {
            if (hb_day_weekday(back) == HB_SUNDAY)
                return true;
        }
    }
    return false;
}

/* Sundays are left out: until 2006 the law said so, and closed they are. */
static bool is_between(const struct hb_calendar *c, int64_t day)
{
    return hb_period_has(&c->between, day) &&
           hb_day_weekday(day) != HB_SUNDAY && national(c, day - 1) != NULL &&
           national(c, day + 1) != NULL;
}

static const struct hb_closing *closing(const struct hb_calendar *c,
                                        int64_t day)
{
    struct hb_date d = hb_day_date(day);
    unsigned at = d.month * 100 + d.day;

    for (size_t i = 0; i < c->closings_n; i++) {
        const struct hb_closing *k = &c->closings[i];

        if (k->from <= k->to ? at >= k->from && at <= k->to
                             : at >= k->from || at <= k->to)
            return k;
    }
    return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deadline.c - the arithmetic of deadlines.
 *
 * Runs in core and the CLI.  A moment of Japan is UTC + 9 hours; days are
 * counted there whatever the machine's zone is.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "casebook/deadline.h"

#define HOUR_NS (3600 * (int64_t)HB_S)

static int end_of_day(int64_t day, int64_t *ret);
static int after(int64_t start, uint64_t ns, int64_t *ret);
static int due_days(const struct hb_rulepack *p, const struct hb_due *due,
                    struct hb_deadline *d);

static const char *const warnings[] = {
    [HB_WARNING_HALF] = "half",
    [HB_WARNING_MOST] = "most",
    [HB_WARNING_DAY_BEFORE] = "day-before",
};
static const char *const warning_titles[] = {
    [HB_WARNING_HALF] = N_("half of the time is over"),
    [HB_WARNING_MOST] = N_("four fifths of the time are over"),
    [HB_WARNING_DAY_BEFORE] = N_("24 hours are left"),
};

const char *hb_warning_name(enum hb_warning_kind k)
{
    return (unsigned)k < HB_ARRAY_LEN(warnings) ? warnings[k] : "?";
}

const char *hb_warning_title(enum hb_warning_kind k)
{
    return (unsigned)k < HB_ARRAY_LEN(warning_titles) ? _(warning_titles[k])
                                                      : "?";
}

/* In a term of a day or less "24 hours are left" would be no warning; a last
 * day that is over at its start has none at all. */
size_t hb_warnings(int64_t start, int64_t due,
                   struct hb_warning ret[HB_WARNINGS_MAX])
{
    int64_t span = due - start;
    bool before = span > 24 * HOUR_NS;
    const struct hb_warning part[] = {
        {HB_WARNING_HALF, start + span / 2},
        {HB_WARNING_MOST, start + span / 5 * 4},
    };
    size_t n = 0;

    for (size_t i = 0; span > 0 && i <= HB_ARRAY_LEN(part); i++) {
        if (before &&
            (i == HB_ARRAY_LEN(part) || due - 24 * HOUR_NS < part[i].at)) {
            ret[n++] =
                (struct hb_warning){HB_WARNING_DAY_BEFORE, due - 24 * HOUR_NS};
            before = false;
        }
        if (i < HB_ARRAY_LEN(part))
            ret[n++] = part[i];
    }
    return n;
}

int hb_duty_due(const struct hb_rulepack *p, const struct hb_duty *r,
                int64_t start, struct hb_deadline *ret)
{
    return hb_due_at(p, &r->due, start, ret);
}

int hb_due_at(const struct hb_rulepack *p, const struct hb_due *due,
              int64_t start, struct hb_deadline *ret)
{
    struct hb_deadline d = {.start = start};
    int r;

    switch (due->kind) {
    case HB_DUE_HOURS:
        r = after(start, due->n * (uint64_t)HOUR_NS, &d.due);
        d.target = d.due;
        if (r == 0 && due->target != 0)
            r = after(start, due->target * (uint64_t)HOUR_NS, &d.target);
        break;
    case HB_DUE_DAYS:
        r = due_days(p, due, &d);
        break;
    case HB_DUE_PROMPTLY:
        r = after(start, due->within, &d.due);
        d.target = d.due;
        d.yardstick = true;
        break;
    default:
        return -ENODATA;
    }
    if (r < 0)
        return r;
    if (due->kind != HB_DUE_DAYS)
        d.last_day = d.due_day = hb_day_at(d.due, HB_JST);
    d.warnings_n = hb_warnings(d.start, d.due, d.warnings);
    *ret = d;
    return 0;
}

/* 23:59:59 in Japan. */
static int end_of_day(int64_t day, int64_t *ret)
{
    int64_t ns = 0;
    int r = hb_day_begin(day + 1, HB_JST, &ns);

    if (r < 0 || __builtin_sub_overflow(ns, (int64_t)HB_S, &ns))
        return -ERANGE;
    *ret = ns;
    return 0;
}

static int after(int64_t start, uint64_t ns, int64_t *ret)
{
    int64_t at;

    if (__builtin_add_overflow(start, ns, &at))
        return -ERANGE;
    *ret = at;
    return 0;
}

/* The target is never rolled: it is earlier than the law asks for. */
static int due_days(const struct hb_rulepack *p, const struct hb_due *due,
                    struct hb_deadline *d)
{
    int64_t first = hb_day_at(d->start, HB_JST) - due->count_first_day;
    int r = 0;

    d->last_day = d->due_day = first + due->n;
    if (due->roll)
        r = hb_day_roll_forward(p, d->last_day, &d->due_day);
    d->rolled = d->due_day != d->last_day;
    if (r == 0)
        r = end_of_day(d->due_day, &d->due);
    d->target = d->due;
    if (r == 0 && due->target != 0)
        r = end_of_day(first + due->target, &d->target);
    return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holiday_load.c - the member "holidays" of a rule pack into a calendar.
 *
 * Runs wherever a pack is loaded.  A holiday that is written so that it can
 * never fall on a day is refused: a day that is missing here makes a deadline
 * too early, one too many makes it too late.
 */
#include "casebook/load.h"

#define HOLIDAYS_MAX    128u
#define SUBSTITUTES_MAX 8u
#define CLOSINGS_MAX    8u
#define CLOSED_MAX      14 /* days in a row */

static int load_days(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_calendar *c);
static int load_day(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_holiday *h);
static int load_form(struct hb_load *l, const struct hb_yaml *on,
                     struct hb_holiday *h);
static int load_month_day(struct hb_load *l, const struct hb_yaml *map,
                          unsigned *ret_month, unsigned *ret_day);
static int load_substitutes(struct hb_load *l, const struct hb_yaml *map,
                            struct hb_calendar *c);
static int load_between(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_calendar *c);
static int load_closings(struct hb_load *l, const struct hb_yaml *map,
                         struct hb_calendar *c);
static int load_closing(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_closing *k);
static int load_edge(struct hb_load *l, const struct hb_yaml *map,
                     const char *key, unsigned *ret);
static int member(struct hb_load *l, const struct hb_yaml *map, const char *key,
                  const char *const *keys, const struct hb_yaml **ret);
static int closed_days(const struct hb_closing *k);

int hb_load_calendar(struct hb_load *l, const struct hb_yaml *top,
                     struct hb_calendar *ret)
{
    static const char *const keys[] = {
        "source",     "valid_from", "valid_to",      "days",
        "substitute", "between",    "office_closed", NULL};
    const struct hb_yaml *map = NULL;
    int r = member(l, top, "holidays", keys, &map);

    if (r < 0 || map == NULL)
        return r;
    r = hb_load_str(l, map, "source", true, &ret->source);
    if (r == 0)
        r = hb_load_period(l, map, NULL, &ret->period);
    if (r == 0)
        r = load_days(l, map, ret);
    if (r == 0)
        r = load_substitutes(l, map, ret);
    if (r == 0)
        r = load_between(l, map, ret);
    if (r == 0)
        r = load_closings(l, map, ret);
    return r;
}

/* ---- holidays ---- */

static int load_days(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_calendar *c)
{
    const struct hb_yaml *seq = NULL;
    struct hb_holiday *list;
    int r = hb_load_seq(l, map, "days", true, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HOLIDAYS_MAX)
        return hb_yaml_err(seq, l->err, -E2BIG, _("more than %u holidays"),
                           HOLIDAYS_MAX);
    list = HB_NEW_N(l->a, struct hb_holiday, seq->count);
    if (list == NULL)
        return -ENOMEM;
    c->holidays = list;
    HB_YAML_EACH (n, seq) {
        r = load_day(l, n, &list[c->holidays_n]);
        if (r < 0)
            return r;
        c->holidays_n++;
    }
    return 0;
}

static int load_day(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_holiday *h)
{
    static const char *const keys[] = {"name", "on", "valid_from", "valid_to",
                                       NULL};
    static const char *const forms[] = {"month",   "day",  "monday",
                                        "equinox", "date", NULL};
    static const int64_t always = INT64_MIN;
    const struct hb_yaml *on = NULL;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a holiday is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_text(l, map, "name", true, &h->name);
    if (r == 0)
        r = hb_load_period(l, map, &always, &h->period);
    if (r == 0)
        r = member(l, map, "on", forms, &on);
    if (r < 0 || on == NULL)
        return r;
    r = load_form(l, on, h);
    if (r == 0 && h->form == HB_HOLIDAY_ONCE &&
        !hb_period_has(&h->period, h->once))
        r = hb_yaml_err(on, l->err, -EINVAL,
                        _("the date lies outside valid_from and valid_to"));
    return r;
}

/* {month, day} | {month, monday} | {equinox} | {date}, and nothing else. */
static int load_form(struct hb_load *l, const struct hb_yaml *on,
                     struct hb_holiday *h)
{
    static const char *const seasons[] = {"spring", "autumn"};
    bool month = hb_yaml_get(on, "month") != NULL;
    bool day = hb_yaml_get(on, "day") != NULL;
    bool monday = hb_yaml_get(on, "monday") != NULL;
    bool equinox = hb_yaml_get(on, "equinox") != NULL;
    bool date = hb_yaml_get(on, "date") != NULL;
    uint64_t m = 0, n = 0;
    unsigned season = 0;
    int r;

    if (day + monday + equinox + date != 1 || month != (day || monday))
        return hb_yaml_err(on, l->err, -EINVAL,
                           _("write {month, day}, {month, monday}, {equinox} "
                             "or {date}"));
    if (date) {
        h->form = HB_HOLIDAY_ONCE;
        return hb_load_day(l, on, "date", true, &h->once);
    }
    if (equinox) {
        r = hb_load_word(l, on, "equinox", true, (struct hb_words){seasons, 2},
                         &season);
        h->form = season == 0 ? HB_HOLIDAY_SPRING : HB_HOLIDAY_AUTUMN;
        return r;
    }
    if (day) {
        h->form = HB_HOLIDAY_DATE;
        return load_month_day(l, on, &h->month, &h->n);
    }
    h->form = HB_HOLIDAY_MONDAY;
    r = hb_load_num(l, on, "month", 1, 12, &m);
    if (r == 0) /* not each month has a fifth one */
        r = hb_load_num(l, on, "monday", 1, 4, &n);
    h->month = (unsigned)m;
    h->n = (unsigned)n;
    return r;
}

static int load_month_day(struct hb_load *l, const struct hb_yaml *map,
                          unsigned *ret_month, unsigned *ret_day)
{
    uint64_t m = 0, d = 0;
    int r = hb_load_num(l, map, "month", 1, 12, &m);

    if (r == 0) /* of a common year: a date that stands in each year */
        r = hb_load_num(l, map, "day", 1, hb_month_days(2026, (unsigned)m), &d);
    if (r < 0)
        return r;
    *ret_month = (unsigned)m;
    *ret_day = (unsigned)d;
    return 0;
}

/* ---- days that follow from holidays ---- */

static int load_substitutes(struct hb_load *l, const struct hb_yaml *map,
                            struct hb_calendar *c)
{
    static const char *const keys[] = {"name", "rules", NULL};
    static const char *const rule_keys[] = {"to", "valid_from", "valid_to",
                                            NULL};
    static const char *const words[] = {"next-day", "next-free-day"};
    const struct hb_yaml *m = NULL, *seq = NULL;
    struct hb_substitute *list;
    int r = member(l, map, "substitute", keys, &m);

    if (r < 0 || m == NULL)
        return r;
    r = hb_load_text(l, m, "name", true, &c->substitute_name);
    if (r == 0)
        r = hb_load_seq(l, m, "rules", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    list = HB_NEW_N(l->a, struct hb_substitute, SUBSTITUTES_MAX);
    if (list == NULL)
        return -ENOMEM;
    c->substitutes = list;
    HB_YAML_EACH (n, seq) {
        struct hb_substitute *s = &list[c->substitutes_n];
        unsigned to = 0;

        if (n->type != HB_YAML_MAP || c->substitutes_n == SUBSTITUTES_MAX)
            return hb_yaml_err(n, l->err, -EINVAL,
                               _("at most %u mappings are expected here"),
                               SUBSTITUTES_MAX);
        r = hb_yaml_keys(n, rule_keys, l->err);
        if (r == 0)
            r = hb_load_word(l, n, "to", true, (struct hb_words){words, 2},
                             &to);
        if (r == 0)
            r = hb_load_period(l, n, NULL, &s->period);
        if (r < 0)
            return r;
        s->next_free = to == 1;
        c->substitutes_n++;
    }
    return 0;
}

static int load_between(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_calendar *c)
{
    static const char *const keys[] = {"name", "valid_from", "valid_to", NULL};
    const struct hb_yaml *m = NULL;
    int r = member(l, map, "between", keys, &m);

    if (r < 0 || m == NULL)
        return r;
    r = hb_load_text(l, m, "name", true, &c->between_name);
    if (r == 0)
        r = hb_load_period(l, m, NULL, &c->between);
    return r;
}

/* ---- closing days of offices ---- */

static int load_closings(struct hb_load *l, const struct hb_yaml *map,
                         struct hb_calendar *c)
{
    const struct hb_yaml *seq = NULL;
    struct hb_closing *list;
    int r = hb_load_seq(l, map, "office_closed", true, &seq);

    if (r < 0 || seq == NULL)
        return r;
    list = HB_NEW_N(l->a, struct hb_closing, CLOSINGS_MAX);
    if (list == NULL)
        return -ENOMEM;
    c->closings = list;
    HB_YAML_EACH (n, seq) {
        if (n->type != HB_YAML_MAP || c->closings_n == CLOSINGS_MAX)
            return hb_yaml_err(n, l->err, -EINVAL,
                               _("at most %u mappings are expected here"),
                               CLOSINGS_MAX);
        r = load_closing(l, n, &list[c->closings_n]);
        if (r < 0)
            return r;
        c->closings_n++;
    }
    return 0;
}

static int load_closing(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_closing *k)
{
    static const char *const keys[] = {"name", "from", "to", NULL};
    int r = hb_yaml_keys(map, keys, l->err);

    if (r == 0)
        r = hb_load_text(l, map, "name", true, &k->name);
    if (r == 0)
        r = load_edge(l, map, "from", &k->from);
    if (r == 0)
        r = load_edge(l, map, "to", &k->to);
    if (r == 0 && closed_days(k) > CLOSED_MAX)
        r = hb_yaml_err(map, l->err, -EINVAL,
                        _("offices do not close for more than %d days"),
                        CLOSED_MAX);
    return r;
}

static int load_edge(struct hb_load *l, const struct hb_yaml *map,
                     const char *key, unsigned *ret)
{
    static const char *const keys[] = {"month", "day", NULL};
    const struct hb_yaml *m = NULL;
    unsigned month = 0, day = 0;
    int r = member(l, map, key, keys, &m);

    if (r < 0 || m == NULL)
        return r;
    r = load_month_day(l, m, &month, &day);
    if (r == 0)
        *ret = month * 100 + day;
    return r;
}

/* The mapping KEY of MAP with no other keys than KEYS. */
static int member(struct hb_load *l, const struct hb_yaml *map, const char *key,
                  const char *const *keys, const struct hb_yaml **ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);
    int r;

    if (n == NULL)
        return hb_yaml_err(map, l->err, -EINVAL, _("\"%s\" is missing here"),
                           key);
    if (n->type != HB_YAML_MAP)
        return hb_yaml_err(n, l->err, -EINVAL, _("\"%s\" must be a mapping"),
                           key);
    r = hb_yaml_keys(n, keys, l->err);
    if (r == 0)
        *ret = n;
    return r;
}

/* Of a common year. */
static int closed_days(const struct hb_closing *k)
{
    struct hb_date from = {2026, k->from / 100, k->from % 100};
    struct hb_date to = {k->from <= k->to ? 2026 : 2027, k->to / 100,
                         k->to % 100};

    return (int)(hb_day_of(to) - hb_day_of(from)) + 1;
}

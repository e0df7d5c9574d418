/* SPDX-License-Identifier: Apache-2.0 */
/*
 * day.c - civil dates: numbers of days, weekdays, text.
 *
 * Runs in every process.  Deadlines of law are counted with this, so it
 * depends on nothing outside: no TZ, no locale, no mktime(3).
 */
#include <stdio.h>

#include "base/day.h"

static int number(struct hb_slice s, size_t at, size_t n, unsigned *ret);

bool hb_date_valid(struct hb_date d)
{
    return d.month >= 1 && d.month <= 12 && d.day >= 1 &&
           d.day <= hb_month_days(d.year, d.month);
}

unsigned hb_month_days(int year, unsigned month)
{
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    if (month == 2)
        return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

int64_t hb_day_of(struct hb_date d)
{
    int64_t y = d.year, era, yoe, doy;
    unsigned m = d.month;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * ((int64_t)m + (m > 2 ? -3 : 9)) + 2) / 5 + (int64_t)d.day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct hb_date hb_day_date(int64_t day)
{
    int64_t z = day + 719468, era, doe, yoe, doy, mp;
    struct hb_date d;

    era = (z >= 0 ? z : z - 146096) / 146097;
    doe = z - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    d.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    d.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    d.year = (int)(yoe + era * 400 + (d.month <= 2));
    return d;
}

unsigned hb_day_weekday(int64_t day)
{
    int64_t w = (day + 4) % 7; /* 1970-01-01 was a Thursday */

    return (unsigned)(w < 0 ? w + 7 : w);
}

int hb_day_parse(struct hb_slice s, int64_t *ret)
{
    struct hb_date d;
    unsigned year;

    if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' ||
        number(s, 0, 4, &year) < 0 || number(s, 5, 2, &d.month) < 0 ||
        number(s, 8, 2, &d.day) < 0)
        return -EINVAL;
    d.year = (int)year;
    if (!hb_date_valid(d))
        return -EINVAL;
    *ret = hb_day_of(d);
    return 0;
}

const char *hb_day_text(int64_t day, char *buf, size_t size)
{
    struct hb_date d = hb_day_date(day);

    (void)snprintf(buf, size, "%04d-%02u-%02u", d.year, d.month, d.day);
    return buf;
}

int64_t hb_day_at(int64_t ns, int zone_minutes)
{
    int64_t day = ns / HB_DAY_NS, rest = ns % HB_DAY_NS;

    if (rest < 0) {
        rest += HB_DAY_NS;
        day--;
    }
    /* Added to the rest, so that no moment overflows. */
    rest += zone_minutes * (HB_DAY_NS / 1440);
    if (rest < 0)
        return day - 1;
    return rest >= HB_DAY_NS ? day + 1 : day;
}

int hb_day_begin(int64_t day, int zone_minutes, int64_t *ret_ns)
{
    int64_t ns;

    if (__builtin_mul_overflow(day, HB_DAY_NS, &ns) ||
        __builtin_sub_overflow(ns, zone_minutes * (HB_DAY_NS / 1440), &ns))
        return -ERANGE;
    *ret_ns = ns;
    return 0;
}

static int number(struct hb_slice s, size_t at, size_t n, unsigned *ret)
{
    unsigned v = 0;

    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -EINVAL;
        v = v * 10 + (unsigned)(s.p[i] - '0');
    }
    *ret = v;
    return 0;
}

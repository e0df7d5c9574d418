/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - time out of the kernel, into text and back.
 *
 * Runs in every process.  Calendar arithmetic is our own (day.h): timegm(3)
 * and strptime(3) look at TZ and the locale, and text of times comes from
 * outside.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/day.h"

struct civil {
    struct hb_date date;
    unsigned hour, minute, second, ms;
};

static uint64_t read_clock(clockid_t id);
static void civil_from_ns(int64_t ns, struct civil *c);
static int digits(struct hb_slice s, size_t *at, unsigned n, unsigned *ret);
static int parse_civil(struct hb_slice s, size_t *at, struct civil *c);
static int parse_fraction(struct hb_slice s, size_t *at, int64_t *ret);
static int parse_offset(struct hb_slice s, size_t *at, int *ret_minutes);

static _Atomic int64_t shift;

int64_t hb_now(void)
{
    return (int64_t)read_clock(CLOCK_REALTIME) + atomic_load(&shift);
}

uint64_t hb_mono(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

uint64_t hb_tick(void)
{
    return read_clock(CLOCK_MONOTONIC_RAW);
}

void hb_clock_shift(int64_t ns)
{
    atomic_fetch_add(&shift, ns);
}

const char *hb_time_utc(int64_t ns, char *buf, size_t size)
{
    struct civil c;

    civil_from_ns(ns, &c);
    (void)snprintf(buf, size, "%04d-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   c.date.year, c.date.month, c.date.day, c.hour, c.minute,
                   c.second, c.ms);
    return buf;
}

const char *hb_time_zone(int64_t ns, int minutes, const char *name, char *buf,
                         size_t size)
{
    struct civil c;
    int64_t local;

    if (__builtin_add_overflow(ns, minutes * 60 * (int64_t)HB_S, &local))
        local = ns;
    civil_from_ns(local, &c);
    (void)snprintf(buf, size, "%04d-%02u-%02u %02u:%02u:%02u %s", c.date.year,
                   c.date.month, c.date.day, c.hour, c.minute, c.second, name);
    return buf;
}

int hb_time_parse(struct hb_slice s, int64_t *ret)
{
    int64_t fraction = 0, seconds, ns;
    struct civil c;
    size_t at = 0;
    int offset = 0, r;

    r = parse_civil(s, &at, &c);
    if (r == 0)
        r = parse_fraction(s, &at, &fraction);
    if (r == 0)
        r = parse_offset(s, &at, &offset);
    if (r < 0)
        return r;
    if (at != s.n)
        return -EINVAL;
    seconds = hb_day_of(c.date) * 86400 + c.hour * 3600 + c.minute * 60 +
              c.second - offset * 60;
    if (__builtin_mul_overflow(seconds, (int64_t)HB_S, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return -ERANGE;
    *ret = ns;
    return 0;
}

static uint64_t read_clock(clockid_t id)
{
    struct timespec ts;

    HB_ASSERT(clock_gettime(id, &ts) == 0);
    return (uint64_t)ts.tv_sec * HB_S + (uint64_t)ts.tv_nsec;
}

static void civil_from_ns(int64_t ns, struct civil *c)
{
    int64_t day = hb_day_at(ns, 0), rest = ns % HB_DAY_NS;
    unsigned seconds;

    if (rest < 0)
        rest += HB_DAY_NS;
    c->date = hb_day_date(day);
    seconds = (unsigned)(rest / (int64_t)HB_S);
    c->hour = seconds / 3600;
    c->minute = seconds / 60 % 60;
    c->second = seconds % 60;
    c->ms = (unsigned)(rest % (int64_t)HB_S / (int64_t)HB_MS);
}

static int digits(struct hb_slice s, size_t *at, unsigned n, unsigned *ret)
{
    unsigned v = 0;

    if (s.n - *at < n)
        return -EINVAL;
    for (unsigned i = 0; i < n; i++) {
        char c = s.p[*at + i];

        if (c < '0' || c > '9')
            return -EINVAL;
        v = v * 10 + (unsigned)(c - '0');
    }
    *at += n;
    *ret = v;
    return 0;
}

/* "2026-11-22T21:41:05" */
static int parse_civil(struct hb_slice s, size_t *at, struct civil *c)
{
    static const unsigned widths[] = {4, 2, 2, 2, 2, 2};
    unsigned v[6];
    char mark;

    for (unsigned i = 0; i < 6; i++) {
        if (digits(s, at, widths[i], &v[i]) < 0)
            return -EINVAL;
        if (i == 5)
            break;
        if (*at == s.n)
            return -EINVAL;
        mark = s.p[*at] == 't' ? 'T' : s.p[*at];
        if (mark != (i < 2 ? '-' : i == 2 ? 'T' : ':'))
            return -EINVAL;
        (*at)++;
    }
    *c = (struct civil){{(int)v[0], v[1], v[2]}, v[3], v[4], v[5], 0};
    if (!hb_date_valid(c->date) || c->hour > 23 || c->minute > 59)
        return -EINVAL;
    /* A leap second (RFC 3339, 5.7) counts as the second after it. */
    return c->second > 60 ? -EINVAL : 0;
}

/* Any number of digits, of which nine count. */
static int parse_fraction(struct hb_slice s, size_t *at, int64_t *ret)
{
    int64_t unit = (int64_t)HB_S, v = 0;
    size_t start;

    if (*at == s.n || s.p[*at] != '.')
        return 0;
    start = ++*at;
    while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9') {
        unit /= 10;
        v += (s.p[*at] - '0') * unit;
        (*at)++;
    }
    if (*at == start)
        return -EINVAL;
    *ret = v;
    return 0;
}

static int parse_offset(struct hb_slice s, size_t *at, int *ret_minutes)
{
    unsigned h, m;
    char sign;

    if (*at == s.n)
        return -EINVAL;
    sign = s.p[(*at)++];
    if (sign == 'Z' || sign == 'z') {
        *ret_minutes = 0;
        return 0;
    }
    if (sign != '+' && sign != '-')
        return -EINVAL;
    if (digits(s, at, 2, &h) < 0 || *at == s.n || s.p[(*at)++] != ':' ||
        digits(s, at, 2, &m) < 0 || h > 23 || m > 59)
        return -EINVAL;
    *ret_minutes = (int)(h * 60 + m) * (sign == '-' ? -1 : 1);
    return 0;
}

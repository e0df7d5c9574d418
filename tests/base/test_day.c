/* SPDX-License-Identifier: Apache-2.0 */
/* Civil dates: numbers, weekdays, text, and the day of a moment in a zone. */
#include <time.h>

#include "tap.h"
#include "base/day.h"

static int64_t day(const char *z)
{
    int64_t d = 0;

    if (hb_day_parse(hb_slice_z(z), &d) < 0)
        fail_msg("not read: %s", z);
    return d;
}

/* 400 years by walking, against the C library. */
static void test_walk(void **state)
{
    int64_t from = day("1900-01-01"), to = day("2300-01-01");

    (void)state;
    for (int64_t d = from; d < to; d++) {
        struct hb_date date = hb_day_date(d);
        time_t t = (time_t)d * 86400;
        struct tm tm;

        assert_non_null(gmtime_r(&t, &tm));
        if (date.year != tm.tm_year + 1900 ||
            date.month != (unsigned)tm.tm_mon + 1 ||
            date.day != (unsigned)tm.tm_mday ||
            hb_day_weekday(d) != (unsigned)tm.tm_wday || hb_day_of(date) != d ||
            !hb_date_valid(date))
            fail_msg("day %lld is not %04d-%02u-%02u", (long long)d, date.year,
                     date.month, date.day);
    }
}

static void test_months(void **state)
{
    (void)state;
    assert_int_equal(hb_month_days(2026, 2), 28);
    assert_int_equal(hb_month_days(2028, 2), 29);
    assert_int_equal(hb_month_days(2100, 2), 28);
    assert_int_equal(hb_month_days(2000, 2), 29);
    assert_int_equal(hb_month_days(2026, 4), 30);
    assert_int_equal(hb_month_days(2026, 12), 31);
    assert_false(hb_date_valid((struct hb_date){2026, 2, 29}));
    assert_false(hb_date_valid((struct hb_date){2026, 0, 1}));
    assert_false(hb_date_valid((struct hb_date){2026, 13, 1}));
    assert_false(hb_date_valid((struct hb_date){2026, 4, 0}));
}

static void test_text(void **state)
{
    static const char *const bad[] = {
        "",           "2026-04-1",  "2026-4-01",   "2026/04/01", "2026-02-29",
        "2026-00-01", "2026-13-01", "2026-04-31",  "26-04-01",   "2026-04-0x",
        "+026-04-01", "2026-04-1 ", " 2026-04-01", "2026-04-011"};
    int64_t d = 77;
    char buf[16];

    (void)state;
    assert_int_equal(day("1970-01-01"), 0);
    assert_int_equal(day("1969-12-31"), -1);
    assert_int_equal(day("2028-02-29") + 1, day("2028-03-01"));
    assert_string_equal(hb_day_text(day("0001-02-03"), buf, sizeof(buf)),
                        "0001-02-03");
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        if (hb_day_parse(hb_slice_z(bad[i]), &d) != -EINVAL)
            fail_msg("not refused: \"%s\"", bad[i]);
    }
    assert_int_equal(d, 77);
}

/* Midnight in Japan is 15:00 UTC of the day before. */
static void test_zone(void **state)
{
    int64_t ns = 0, d = day("2026-09-22");

    (void)state;
    assert_int_equal(hb_day_begin(d, HB_JST, &ns), 0);
    assert_int_equal(ns, d * HB_DAY_NS - 9 * (HB_DAY_NS / 24));
    assert_int_equal(hb_day_at(ns, HB_JST), d);
    assert_int_equal(hb_day_at(ns - 1, HB_JST), d - 1);
    assert_int_equal(hb_day_at(ns + HB_DAY_NS - 1, HB_JST), d);
    assert_int_equal(hb_day_at(ns + HB_DAY_NS, HB_JST), d + 1);
    assert_int_equal(hb_day_at(ns, 0), d - 1);
    assert_int_equal(hb_day_at(-1, 0), -1);
    assert_int_equal(hb_day_at(0, -1), -1);
    assert_int_equal(hb_day_at(INT64_MAX, HB_JST), 106752);
    assert_int_equal(hb_day_at(INT64_MIN, -720), -106753);
    ns = 77;
    assert_int_equal(hb_day_begin(106752, 0, &ns), -ERANGE);
    assert_int_equal(hb_day_begin(-106752, HB_JST, &ns), -ERANGE);
    assert_int_equal(ns, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_months),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_zone),
    };
    return hb_tap_run("base/day", tests);
}

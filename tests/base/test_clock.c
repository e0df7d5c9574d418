/* SPDX-License-Identifier: Apache-2.0 */
/* Time: formats, RFC 3339 in every odd form, the clocks' directions. */
#include "tap.h"

#include <time.h>

#include "base/clock.h"

static int64_t parse(const char *z)
{
    int64_t ns = 0;

    if (hb_time_parse(hb_slice_z(z), &ns) != 0)
        fail_msg("refused: %s", z);
    return ns;
}

static void test_formats(void **state)
{
    char buf[32], zone[48];

    assert_string_equal(hb_time_utc(0, buf, sizeof(buf)),
                        "1970-01-01T00:00:00.000Z");
    assert_string_equal(hb_time_utc(-1, buf, sizeof(buf)),
                        "1969-12-31T23:59:59.999Z");
    assert_string_equal(hb_time_utc(1795383665123456789, buf, sizeof(buf)),
                        "2026-11-22T21:41:05.123Z");
    assert_string_equal(
        hb_time_zone(1795383665123456789, 540, "JST", zone, sizeof(zone)),
        "2026-11-23 06:41:05 JST");
    assert_string_equal(hb_time_zone(0, -330, "X", zone, sizeof(zone)),
                        "1969-12-31 18:30:00 X");
    assert_string_equal(hb_time_utc(INT64_MAX, buf, sizeof(buf)),
                        "2262-04-11T23:47:16.854Z");
    assert_string_equal(hb_time_utc(INT64_MIN, buf, sizeof(buf)),
                        "1677-09-21T00:12:43.145Z");
}

static void test_short_buffer(void **state)
{
    char buf[5] = "xxxx";

    assert_string_equal(hb_time_utc(0, buf, sizeof(buf)), "1970");
}

/* The C library as the second opinion, day by day over 60 years. */
static void test_calendar_agrees_with_timegm(void **state)
{
    char buf[32];

    for (int64_t day = -3000; day < 19000; day++) {
        time_t t = (time_t)(day * 86400 + 3661);
        struct tm tm;
        char want[32];

        assert_non_null(gmtime_r(&t, &tm));
        assert_int_not_equal(
            strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.000Z", &tm), 0);
        hb_time_utc(t * (int64_t)HB_S, buf, sizeof(buf));
        assert_string_equal(buf, want);
        assert_int_equal(parse(want), t * (int64_t)HB_S);
    }
}

static void test_parse(void **state)
{
    int64_t s = (int64_t)HB_S;

    assert_int_equal(parse("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(parse("1970-01-01t00:00:01z"), s);
    assert_int_equal(parse("1970-01-01T09:00:00+09:00"), 0);
    assert_int_equal(parse("1969-12-31T19:30:00-04:30"), 0);
    assert_int_equal(parse("1970-01-01T00:00:00.5Z"), s / 2);
    assert_int_equal(parse("1970-01-01T00:00:00.000000001Z"), 1);
    assert_int_equal(parse("1970-01-01T00:00:00.0000000019999999Z"), 1);
    assert_int_equal(parse("2000-02-29T00:00:00Z"), 951782400 * s);
    assert_int_equal(parse("1990-12-31T23:59:60Z"),
                     parse("1991-01-01T00:00:00Z"));
    assert_int_equal(parse("1990-12-31T15:59:60-08:00"),
                     parse("1991-01-01T00:00:00Z"));
}

static void test_parse_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11-22",
        "2026-11-22T21:41:05",
        "2026-11-22 21:41:05Z",
        "2026-11-22T21:41:05ZZ",
        "2026-11-22T21:41:05.Z",
        "2026-11-22T21:41:05,5Z",
        "2026-13-22T21:41:05Z",
        "2026-00-22T21:41:05Z",
        "2026-02-29T21:41:05Z",
        "1900-02-29T21:41:05Z",
        "2026-04-31T21:41:05Z",
        "2026-11-00T21:41:05Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T21:60:05Z",
        "2026-11-22T21:41:61Z",
        "2026-11-22T21:41:05+9:00",
        "2026-11-22T21:41:05+0900",
        "2026-11-22T21:41:05+24:00",
        "2026-11-22T21:41:05+09:60",
        "2026-11-22T21:41:05+09:",
        "2026-11-22T21:41:05+",
        "-026-11-22T21:41:05Z",
        "+026-11-22T21:41:05Z",
        " 2026-11-22T21:41:05Z",
        "2026-1-22T21:41:05Z",
        "２026-11-22T21:41:05Z",
    };
    int64_t ns = 77;

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        if (hb_time_parse(hb_slice_z(bad[i]), &ns) != -EINVAL)
            fail_msg("not refused: %s", bad[i]);
    }
    assert_int_equal(hb_time_parse(HB_SLICE("9999-01-01T00:00:00Z"), &ns),
                     -ERANGE);
    assert_int_equal(hb_time_parse(HB_SLICE("0001-01-01T00:00:00Z"), &ns),
                     -ERANGE);
    assert_int_equal(ns, 77);
}

/* No byte behind the slice counts. */
static void test_parse_is_bounded(void **state)
{
    static const char text[] = "2026-11-22T21:41:05.123+09:00";
    int64_t ns;

    for (size_t n = 0; n < sizeof(text) - 1; n++) {
        char *exact = malloc(n + 1);

        memcpy(exact, text, n);
        assert_int_equal(hb_time_parse(hb_slice(exact, n), &ns), -EINVAL);
        free(exact);
    }
}

static void test_clocks_go_on(void **state)
{
    uint64_t mono = hb_mono(), tick = hb_tick();

    for (int i = 0; i < 1000; i++) {
        uint64_t m = hb_mono(), t = hb_tick();

        assert_true(m >= mono && t >= tick);
        mono = m;
        tick = t;
    }
}

static void test_shift(void **state)
{
    int64_t day = 86400 * (int64_t)HB_S, before = hb_now(), after;

    hb_clock_shift(10 * day);
    after = hb_now();
    assert_true(after - before >= 10 * day && after - before < 11 * day);
    hb_clock_shift(-10 * day);
    after = hb_now();
    assert_true(after - before < day);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_short_buffer),
        cmocka_unit_test(test_calendar_agrees_with_timegm),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_parse_is_bounded),
        cmocka_unit_test(test_clocks_go_on),
        cmocka_unit_test(test_shift),
    };

    return hb_tap_run("base/clock", tests);
}

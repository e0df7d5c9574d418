/* SPDX-License-Identifier: Apache-2.0 */
/* From rule and start to moments: hours to the nanosecond, days in Japan,
 * targets, warnings and the ends of the calendar; and the 60 rows that were
 * reasoned by hand (deadlines.tsv), which the oracle reads as well. */
#include "base/clock.h"
#include "base/file.h"
#include "casebook/deadline.h"
#include "pack.h"

#define H ((int64_t)HB_S * 3600)

static struct hb_rulepack *pack;

static int setup(void **state)
{
    (void)state;
    pack = pack_shipped();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hb_rulepack_free(pack);
    return 0;
}

static int64_t at(const char *z)
{
    int64_t ns = 0;

    if (hb_time_parse(hb_slice_z(z), &ns) < 0)
        fail_msg("no time: %s", z);
    return ns;
}

static struct hb_deadline due(const char *id, const char *start)
{
    int64_t from = at(start);
    const struct hb_duty *r = hb_duty_find(pack, id, hb_day_at(from, HB_JST));
    struct hb_deadline d = {0};

    if (r == NULL || hb_duty_due(pack, r, from, &d) < 0)
        fail_msg("%s from %s has no deadline", id, start);
    return d;
}

static void is(int64_t ns, const char *want)
{
    char text[32];

    if (ns != at(want))
        fail_msg("%s, not %s", hb_time_utc(ns, text, sizeof(text)), want);
}

/* One column of a row; NULL where there is none. */
static char *column(char **rest)
{
    char *z = *rest, *end;

    if (z == NULL)
        return NULL;
    end = strchr(z, '\t');
    if (end != NULL)
        *end++ = '\0';
    *rest = end;
    return z;
}

static void test_by_hand(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice file = {0};
    unsigned rows = 0;
    char *line, *next;

    (void)state;
    assert_int_equal(
        hb_file_read(a, HB_TESTDIR "/casebook/deadlines.tsv", 1u << 20, &file),
        0);
    for (line = hb_arena_dup(a, file.p, file.n); *line != '\0'; line = next) {
        char *rest = line, *id, *start, *want, *reason;

        next = strchr(line, '\n');
        assert_non_null(next);
        *next++ = '\0';
        if (line[0] == '#')
            continue;
        id = column(&rest);
        start = column(&rest);
        want = column(&rest);
        reason = column(&rest);
        if (reason == NULL || reason[0] == '\0')
            fail_msg("a row without its reason: %s", line);
        print_message("# %s %s: %s\n", id, start, reason);
        is(due(id, start).due, want);
        rows++;
    }
    assert_int_equal(rows, 60);
}

static void test_hours(void **state)
{
    struct hb_deadline d = due("gdpr-33", "2026-11-30T23:59:59.123456789Z");

    (void)state;
    is(d.due, "2026-12-03T23:59:59.123456789Z");
    assert_int_equal(d.target, d.due);
    assert_false(d.yardstick);
    assert_false(d.rolled);
    assert_int_equal(d.due_day, pack_day("2026-12-04"));
    d = due("account-suspension-followup", "2026-11-30T00:00:00Z");
    is(d.due, "2026-12-03T00:00:00Z");
    is(d.target, "2026-12-01T00:00:00Z");
    d = due("internal-leak-question", "2026-12-31T14:30:00Z");
    is(d.due, "2026-12-31T15:30:00Z");
    assert_int_equal(d.due_day, pack_day("2027-01-01"));
}

/* The limit is the fifth day, the target the third, whatever they are. */
static void test_target(void **state)
{
    struct hb_deadline d = due("ppc-preliminary", "2026-12-29T03:00:00Z");

    (void)state;
    is(d.target, "2026-12-31T23:59:59+09:00");
    is(d.due, "2027-01-02T23:59:59+09:00");
    assert_false(d.rolled);
}

static void test_rolled(void **state)
{
    struct hb_deadline d = due("ppc-final", "2026-12-01T10:00:00+09:00");

    (void)state;
    assert_true(d.rolled);
    assert_int_equal(d.last_day, pack_day("2026-12-30"));
    assert_int_equal(d.due_day, pack_day("2027-01-04"));
    is(d.due, "2027-01-04T23:59:59+09:00");
    d = due("ppc-final", "2026-11-02T10:00:00+09:00");
    assert_false(d.rolled);
    assert_int_equal(d.last_day, d.due_day);
}

static void test_promptly(void **state)
{
    struct hb_deadline d = due("bank-recall", "2026-11-30T01:02:03Z");

    (void)state;
    is(d.due, "2026-11-30T01:32:03Z");
    assert_true(d.yardstick);
}

static void warned(const struct hb_deadline *d, const char *want)
{
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < d->warnings_n; i++) {
        int64_t ns = d->warnings[i].at;

        assert_true(ns > d->start && ns < d->due);
        assert_true(i == 0 || d->warnings[i - 1].at <= ns);
        hb_buf_addf(&b, "%s%s", i > 0 ? " " : "",
                    hb_warning_name(d->warnings[i].kind));
    }
    assert_string_equal(hb_buf_z(&b), want);
    hb_buf_done(&b);
}

static void test_warnings(void **state)
{
    struct hb_deadline d = due("gdpr-33", "2026-11-30T00:00:00Z");

    (void)state;
    warned(&d, "half day-before most");
    is(d.warnings[0].at, "2026-12-01T12:00:00Z");
    is(d.warnings[1].at, "2026-12-02T00:00:00Z");
    is(d.warnings[2].at, "2026-12-02T09:36:00Z");
    d = due("internal-leak-question", "2026-11-30T00:00:00Z");
    warned(&d, "half most");
    is(d.warnings[0].at, "2026-11-30T00:30:00Z");
    is(d.warnings[1].at, "2026-11-30T00:48:00Z");
    d = due("ppc-final-malicious", "2026-06-01T00:00:00+09:00");
    warned(&d, "half most day-before");
    is(d.warnings[2].at, "2026-07-29T23:59:59+09:00");
    /* Exactly a day: there is nothing to tell at its start. */
    d = due("police", "2026-11-30T00:00:00Z");
    warned(&d, "half most");
    /* 36 hours: the day before is the first warning. */
    assert_int_equal(
        hb_due_at(pack, &(struct hb_due){.kind = HB_DUE_HOURS, .n = 36}, 0, &d),
        0);
    warned(&d, "day-before half most");
}

/* A start and a due that lie in one second: nothing is before the start. */
static void test_last_second(void **state)
{
    struct hb_due one = {.kind = HB_DUE_DAYS, .n = 1, .count_first_day = true};
    struct hb_deadline d;

    (void)state;
    assert_int_equal(
        hb_due_at(pack, &one, at("2026-11-30T23:59:59.5+09:00"), &d), 0);
    is(d.due, "2026-11-30T23:59:59+09:00");
    assert_int_equal(d.warnings_n, 0);
    one.count_first_day = false;
    assert_int_equal(
        hb_due_at(pack, &one, at("2026-11-30T23:59:59.5+09:00"), &d), 0);
    is(d.due, "2026-12-01T23:59:59+09:00");
}

/* Midnight in Japan decides, one nanosecond matters. */
static void test_midnight(void **state)
{
    int64_t midnight = at("2026-11-02T00:00:00+09:00");
    const struct hb_duty *r =
        hb_duty_find(pack, "ppc-final", pack_day("2026-11-01"));
    struct hb_deadline d;

    (void)state;
    assert_int_equal(hb_duty_due(pack, r, midnight, &d), 0);
    is(d.due, "2026-12-01T23:59:59+09:00");
    assert_int_equal(hb_duty_due(pack, r, midnight - 1, &d), 0);
    is(d.due, "2026-11-30T23:59:59+09:00");
    assert_int_equal(hb_duty_due(pack, r, midnight + 24 * H - 1, &d), 0);
    is(d.due, "2026-12-01T23:59:59+09:00");
    assert_int_equal(hb_duty_due(pack, r, midnight + 24 * H, &d), 0);
    is(d.due, "2026-12-02T23:59:59+09:00");
}

static void test_no_deadline(void **state)
{
    const struct hb_due standing = {.kind = HB_DUE_STANDING};
    const struct hb_due hours = {.kind = HB_DUE_HOURS, .n = 8784};
    const struct hb_due days = {.kind = HB_DUE_DAYS, .n = 30};
    const struct hb_due open = {.kind = HB_DUE_DAYS, .n = 30, .roll = true};
    struct hb_deadline d = {.start = 77};

    (void)state;
    assert_int_equal(hb_due_at(pack, &standing, 0, &d), -ENODATA);
    assert_int_equal(hb_due_at(pack, &hours, INT64_MAX, &d), -ERANGE);
    assert_int_equal(hb_due_at(pack, &days, INT64_MAX, &d), -ERANGE);
    /* Nobody knows the holidays of 2100, of 1979 neither. */
    assert_int_equal(hb_due_at(pack, &open, at("2099-12-15T00:00:00Z"), &d),
                     -ERANGE);
    assert_int_equal(hb_due_at(pack, &open, at("1979-11-01T00:00:00Z"), &d),
                     -ERANGE);
    assert_int_equal(d.start, 77);
    assert_int_equal(hb_due_at(pack, &days, at("2099-12-15T00:00:00Z"), &d), 0);
    assert_int_equal(hb_due_at(pack, &hours, INT64_MIN, &d), 0);
}

/* The zone of the machine and its clock change nothing. */
static void test_zone_and_clock(void **state)
{
    static const char *const zones[] = {"America/New_York", "Pacific/Apia",
                                        "Asia/Tokyo", "UTC-14"};
    struct hb_deadline first = due("ppc-final", "2026-12-01T00:30:00+09:00");

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(zones); i++) {
        struct hb_deadline d;

        assert_int_equal(setenv("TZ", zones[i], 1), 0);
        hb_clock_shift(-100 * 24 * H);
        d = due("ppc-final", "2026-12-01T00:30:00+09:00");
        assert_int_equal(d.due, first.due);
        assert_int_equal(d.target, first.target);
        assert_int_equal(d.warnings_n, first.warnings_n);
        assert_int_equal(d.warnings[0].at, first.warnings[0].at);
    }
    hb_clock_shift(400 * 24 * H);
    assert_int_equal(unsetenv("TZ"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_hours),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_rolled),
        cmocka_unit_test(test_promptly),
        cmocka_unit_test(test_warnings),
        cmocka_unit_test(test_last_second),
        cmocka_unit_test(test_midnight),
        cmocka_unit_test(test_no_deadline),
        cmocka_unit_test(test_zone_and_clock),
    };

    return cmocka_set_message_output(CM_OUTPUT_TAP),
           cmocka_run_group_tests_name("casebook/deadline", tests, setup,
                                       teardown);
}

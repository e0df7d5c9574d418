/* SPDX-License-Identifier: Apache-2.0 */
/* The holidays of Japan as the shipped pack makes them: years in full, every
 * change of the law, days that follow from holidays, and the forms that a
 * pack may not write.  tests/casebook/deadline_oracle.py has the lists of
 * 2019-2030. */
#include "pack.h"

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

static int kind(const char *date)
{
    return hb_day_kind(pack, pack_day(date), NULL);
}

/* NAME NULL: no holiday. */
static void is(const char *date, const char *name)
{
    const struct hb_text *t = NULL;
    int k = hb_day_kind(pack, pack_day(date), &t);
    bool holiday = k >= HB_DAY_HOLIDAY && k <= HB_DAY_BETWEEN;

    if (name == NULL ? holiday : !holiday || !hb_streq(t->in[HB_LANG_JA], name))
        fail_msg("%s is %s", date, t != NULL ? t->in[HB_LANG_JA] : "nothing");
}

/* Each change of the law, the last day of the old and the first of the new. */
static void test_changes(void **state)
{
    static const struct {
        const char *date, *name;
    } rows[] = {
        {"1988-04-29", "天皇誕生日"},
        {"1989-04-29", "みどりの日"},
        {"2006-04-29", "みどりの日"},
        {"2007-04-29", "昭和の日"},
        {"2007-05-04", "みどりの日"},
        {"1999-01-15", "成人の日"},
        {"2000-01-15", NULL},
        {"2000-01-10", "成人の日"},
        {"1995-07-20", NULL},
        {"1996-07-20", "海の日"},
        {"2003-07-20", NULL},
        {"2003-07-21", "海の日"},
        {"2015-08-11", NULL},
        {"2016-08-11", "山の日"},
        {"2002-09-15", "敬老の日"},
        {"2004-09-15", NULL},
        {"2004-09-20", "敬老の日"},
        {"1999-10-10", "体育の日"},
        {"2000-10-10", NULL},
        {"2000-10-09", "体育の日"},
        {"2019-10-14", "体育の日"},
        {"2022-10-10", "スポーツの日"},
        {"1988-12-23", NULL},
        {"1989-12-23", "天皇誕生日"},
        {"2018-12-23", "天皇誕生日"},
        {"2019-02-23", NULL},
        {"2019-12-23", NULL},
        {"2020-02-23", "天皇誕生日"},
        /* The Olympic Games. */
        {"2020-07-20", NULL},
        {"2020-07-23", "海の日"},
        {"2020-07-24", "スポーツの日"},
        {"2020-08-10", "山の日"},
        {"2020-08-11", NULL},
        {"2020-10-12", NULL},
        {"2021-07-19", NULL},
        {"2021-07-22", "海の日"},
        {"2021-07-23", "スポーツの日"},
        {"2021-08-08", "山の日"},
        {"2021-08-09", "振替休日"},
        {"2021-08-11", NULL},
        {"2021-10-11", NULL},
        {"2022-07-18", "海の日"},
        {"2022-08-11", "山の日"},
        /* Once only. */
        {"1989-02-24", "昭和天皇の大喪の礼"},
        {"1990-11-12", "即位礼正殿の儀"},
        {"1993-06-09", "皇太子徳仁親王の結婚の儀"},
        {"2019-05-01", "天皇の即位の日"},
        {"2019-10-22", "即位礼正殿の儀の行われる日"},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        is(rows[i].date, rows[i].name);
}

/* Until 2006 only the Monday after; since 2007 past other holidays. */
static void test_substitute(void **state)
{
    (void)state;
    is("1982-03-22", "振替休日");
    is("1985-05-06", "振替休日"); /* children's day was a Sunday */
    is("1992-05-04", "振替休日");
    is("1998-05-06", NULL); /* May 3 was a Sunday, May 4 its substitute */
    is("2001-12-24", "振替休日");
    is("2008-05-06", "振替休日"); /* May 4, a Sunday; May 5 is one itself */
    is("2009-05-06", "振替休日"); /* May 3 */
    is("2015-05-06", "振替休日");
    is("2017-01-02", "振替休日");
    is("2024-09-23", "振替休日");
    is("2026-05-06", "振替休日");
    is("2026-05-07", NULL);
    is("2027-03-22", "振替休日");
    is("2033-03-21", "振替休日");
    is("2028-01-03", NULL); /* a Saturday's holiday is lost */
}

static void test_between(void **state)
{
    (void)state;
    is("1985-05-04", NULL); /* a Saturday; the rule came in December */
    is("1988-05-04", "国民の休日");
    is("1993-05-04", "国民の休日");
    is("2009-09-22", "国民の休日");
    is("2015-09-22", "国民の休日");
    is("2019-04-30", "国民の休日");
    is("2019-05-02", "国民の休日");
    is("2026-09-22", "国民の休日");
    is("2032-09-21", "国民の休日");
    is("2049-09-21", "国民の休日");
    is("2025-09-22", NULL);
    assert_int_equal(kind("1997-05-04"), HB_DAY_SUNDAY);
}

/* 1980-2050: as they were announced, and as astronomers compute those to come
 * (typed in from the calendars, not from the formula). */
static void test_equinoxes(void **state)
{
    static const char spring[] = /* the last digit, a decade a line */
        "0111011101"
        "1100110011"
        "0011001100"
        "1100110011"
        "0011000100"
        "0100010001"
        "0001000100"
        "0";
    static const char autumn[] = "3333333333"
                                 "3333333333"
                                 "3333333333"
                                 "3323332333"
                                 "2333233323"
                                 "3323332333"
                                 "2333223322"
                                 "3";
    char date[16];

    (void)state;
    assert_int_equal(strlen(spring), 71);
    assert_int_equal(strlen(autumn), 71);
    for (int y = 1980; y <= 2050; y++) {
        (void)snprintf(date, sizeof(date), "%d-03-2%c", y, spring[y - 1980]);
        is(date, "春分の日");
        (void)snprintf(date, sizeof(date), "%d-09-2%c", y, autumn[y - 1980]);
        is(date, "秋分の日");
    }
}

/* Exactly one of each equinox a year, over the whole period. */
static void test_whole_period(void **state)
{
    unsigned equinoxes = 0, open = 0;
    int64_t from = pack_day("1980-01-01"), to = pack_day("2099-12-31");

    (void)state;
    for (int64_t d = from; d <= to; d++) {
        const struct hb_text *t = NULL;
        int k = hb_day_kind(pack, d, &t);

        assert_true(k >= 0);
        assert_int_equal(hb_day_is_open(pack, d), k == HB_DAY_OPEN);
        open += k == HB_DAY_OPEN;
        equinoxes +=
            k == HB_DAY_HOLIDAY && strstr(t->in[HB_LANG_EN], "Equinox") != NULL;
    }
    assert_int_equal(equinoxes, 240);
    /* 120 years of some 244 days each. */
    assert_in_range(open, 120 * 240, 120 * 248);
}

static void test_closing(void **state)
{
    int64_t d = 0;

    (void)state;
    assert_int_equal(kind("2026-12-28"), HB_DAY_OPEN);
    assert_int_equal(kind("2026-12-29"), HB_DAY_CLOSING);
    assert_int_equal(kind("2026-12-31"), HB_DAY_CLOSING);
    assert_int_equal(kind("2027-01-01"), HB_DAY_HOLIDAY);
    assert_int_equal(kind("2027-01-02"), HB_DAY_CLOSING);
    assert_int_equal(kind("2027-01-03"), HB_DAY_CLOSING);
    assert_int_equal(kind("2027-01-04"), HB_DAY_OPEN);
    assert_int_equal(kind("2026-08-13"), HB_DAY_OPEN); /* Bon */
    assert_int_equal(kind("2026-11-28"), HB_DAY_SATURDAY);
    assert_int_equal(kind("2026-11-29"), HB_DAY_SUNDAY);
    assert_int_equal(hb_day_roll_forward(pack, pack_day("2026-12-29"), &d), 0);
    assert_int_equal(d, pack_day("2027-01-04"));
    assert_int_equal(hb_day_roll_forward(pack, pack_day("2019-04-27"), &d), 0);
    assert_int_equal(d, pack_day("2019-05-07"));
    assert_int_equal(hb_day_roll_forward(pack, pack_day("2026-08-13"), &d), 0);
    assert_int_equal(d, pack_day("2026-08-13"));
}

/* What the pack knows nothing of is never taken for open. */
static void test_outside(void **state)
{
    int64_t d = 77;

    (void)state;
    assert_int_equal(kind("1979-12-31"), -ERANGE);
    assert_int_equal(kind("2100-01-01"), -ERANGE);
    assert_int_equal(hb_day_is_open(pack, INT64_MAX), -ERANGE);
    assert_int_equal(hb_day_is_open(pack, INT64_MIN), -ERANGE);
    assert_int_equal(hb_day_roll_forward(pack, pack_day("2099-12-31"), &d),
                     -ERANGE);
    assert_int_equal(d, 77);
}

#define DAYS(line)                                                             \
    PACK_HEAD "holidays:\n  source: s\n  valid_from: "                         \
              "2000-01-01\n  days:\n    - {name: {en: a, ja: 日}, " line "}\n"

static void test_refused(void **state)
{
    (void)state;
    pack_refused(DAYS("on: {month: 2, day: 29}"), "from 1 to 28", 8);
    pack_refused(DAYS("on: {month: 13, day: 1}"), "from 1 to 12", 8);
    pack_refused(DAYS("on: {month: 1, monday: 5}"), "from 1 to 4", 8);
    pack_refused(DAYS("on: {month: 1}"), "{month, day}", 8);
    pack_refused(DAYS("on: {day: 1}"), "{month, day}", 8);
    pack_refused(DAYS("on: {month: 1, day: 1, monday: 2}"), "{month, day}", 8);
    pack_refused(DAYS("on: {month: 1, equinox: spring}"), "{month, day}", 8);
    pack_refused(DAYS("on: {equinox: sprong}"), "did you mean \"spring\"?", 8);
    pack_refused(DAYS("on: {date: 2026-02-30}"), "a date like", 8);
    pack_refused(DAYS("on: {date: 2026-02-20}, valid_to: 2026-01-01"),
                 "outside", 8);
    pack_refused(DAYS("on: {month: 1, day: 1}, valid_from: 2026-01-02, "
                      "valid_to: 2026-01-01"),
                 "before valid_from", 8);
    pack_refused(DAYS("on: {month: 1, day: 1}"), "\"substitute\" is missing",
                 5);
}

static void test_refused_closing(void **state)
{
    char text[4096], *at;

    (void)state;
    (void)snprintf(text, sizeof(text), "%s", PACK_GOOD);
    at = strstr(text, "month: 12, day: 29");
    assert_non_null(at);
    memcpy(at, "month: 11, day: 29", 18);
    pack_refused(text, "more than 14 days", 0);
}

/* A Sunday's holiday is looked for as far as holidays follow each other, and
 * a day's neighbours are those of the pack, not of the calendar's edge. */
static void test_own_pack(void **state)
{
    struct hb_rulepack *p = pack_parse(PACK_GOOD);
    const struct hb_text *t = NULL;

    (void)state;
    assert_int_equal(hb_day_kind(p, pack_day("2017-01-02"), &t),
                     HB_DAY_SUBSTITUTE);
    assert_string_equal(t->in[HB_LANG_EN], "Substitute");
    assert_int_equal(hb_day_kind(p, pack_day("2006-01-02"), &t),
                     HB_DAY_CLOSING);
    assert_int_equal(hb_day_kind(p, pack_day("2026-05-04"), &t), HB_DAY_OPEN);
    assert_null(t);
    hb_rulepack_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_substitute),
        cmocka_unit_test(test_between),
        cmocka_unit_test(test_equinoxes),
        cmocka_unit_test(test_whole_period),
        cmocka_unit_test(test_closing),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_closing),
        cmocka_unit_test(test_own_pack),
    };

    return cmocka_set_message_output(CM_OUTPUT_TAP),
           cmocka_run_group_tests_name("casebook/holiday", tests, setup,
                                       teardown);
}

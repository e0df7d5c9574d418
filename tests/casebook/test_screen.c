/* SPDX-License-Identifier: Apache-2.0 */
/* The headline, the screen and the JSON of posture, in both languages. */
#include <locale.h>

#include "tap.h"
#include "base/clock.h"
#include "casebook/posture.h"
#include "html/width.h"

static struct hb_case cases[16];
static struct hb_casebook book = {.cases = cases, .n = 16};
static const struct hb_control controls[] = {
    {.id = "files.watching",
     .required = true,
     .text = {{"Roots are watched.", "公開フォルダーを監視している。"}},
     .fix = {
         {"Start the watch and publish the site once, and then look at "
          "the status again to see that it holds.",
          "監視を起動し、サイトを一度公開登録してから、状態をもう一度確認して"
          "ください。そのあとで訓練を行うと確実です。"}}}};

static const unsigned of_cases[] = {1, 2,  3,  4,  5,  6,  7,  8,
                                    9, 10, 11, 12, 13, 14, 15, 16};
static const struct hb_next_step steps[] = {{.control = &controls[0],
                                             .fails = true,
                                             .weight = 160,
                                             .minutes = 90,
                                             .cases = of_cases,
                                             .cases_n = 16},
                                            {.control = &controls[0],
                                             .weight = 5,
                                             .minutes = 120,
                                             .cases = of_cases,
                                             .cases_n = 1},
                                            {.control = &controls[0],
                                             .weight = 2,
                                             .minutes = 240,
                                             .cases = of_cases,
                                             .cases_n = 2},
                                            {.control = &controls[0],
                                             .weight = 1,
                                             .minutes = 480,
                                             .cases = of_cases,
                                             .cases_n = 1}};

static void setup(void)
{
    for (unsigned i = 0; i < 16; i++) {
        cases[i] = (struct hb_case){
            .number = i + 1,
            .id = "x",
            .title =
                {{"A case with a title that is longer than one line of "
                  "the screen can ever hold, I am afraid",
                  "とても長い題名の事例で、画面の一行には到底収まりきらない"
                  "長さのもの、その一覧"}},
            .controls = controls,
            .controls_n = 1};
    }
}

/* A posture with N[state] cases of each state. */
static struct hb_posture *make(struct hb_arena *a, const unsigned *n)
{
    struct hb_posture *p = HB_NEW(a, struct hb_posture);

    p->cases = HB_NEW_N(a, struct hb_case_posture, 16);
    for (unsigned s = 0; s < HB_STATE_COUNT; s++) {
        for (unsigned i = 0; i < n[s]; i++) {
            struct hb_case_posture *c = &p->cases[p->n];

            *c = (struct hb_case_posture){.c = &cases[p->n],
                                          .state = (enum hb_case_state)s,
                                          .why = s == HB_STATE_POSSIBLE
                                                     ? HB_WHY_CONTROL
                                                     : HB_WHY_NOT_BUILT,
                                          .at = 1795390000 * (int64_t)HB_S};
            if (s == HB_STATE_POSSIBLE)
                c->control = &controls[0];
            if (s == HB_STATE_PROVEN)
                c->why = HB_WHY_PROOF;
            p->n++;
        }
        p->count[s] = n[s];
    }
    p->open = (unsigned)p->n - n[HB_STATE_PROVEN] - n[HB_STATE_NOT_APPLICABLE];
    p->next = steps;
    p->next_n = HB_ARRAY_LEN(steps);
    return p;
}

static void headline(const unsigned *n, const char *want)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf b = HB_BUF_INIT;

    hb_posture_headline(&b, make(a, n));
    assert_string_equal(hb_buf_z(&b), want);
    hb_buf_done(&b);
    hb_arena_free(a);
}

/* Order: possible, unknown, accepted, rehearsed, proven, not applicable. */
static void test_headline(void **state)
{
    (void)state;
    headline((unsigned[]){3, 11, 0, 0, 2, 0},
             "Today 3 of 16 cases could happen to us. 11 are unknown. Not "
             "proven: 14 in all.");
    headline((unsigned[]){0, 15, 0, 0, 1, 0},
             "Today, of 16 cases: 15 are unknown.");
    headline((unsigned[]){1, 1, 1, 1, 1, 11},
             "Today 1 of 16 cases could happen to us. 1 is unknown. 1 is an "
             "accepted risk (until a date). 1 is rehearsed, not proven. Not "
             "proven: 4 in all.");
    headline((unsigned[]){0, 0, 0, 0, 10, 6},
             "Today each of the 16 cases is proven (as of its drill) or not "
             "applicable.");
    headline((unsigned[]){16, 0, 0, 0, 0, 0},
             "Today 16 of 16 cases could happen to us.");
}

static void check_screen(const struct hb_posture *p, bool colour)
{
    struct hb_buf b = HB_BUF_INIT;
    const char *at;

    hb_posture_screen(&b, p, 80, colour, 540);
    at = hb_buf_z(&b);
    assert_int_equal(strchr(at, '\033') != NULL, colour);
    for (unsigned lines = 0; !colour && *at != '\0'; lines++) {
        const char *end = strchr(at, '\n');

        assert_non_null(end);
        if (hb_width(at, (size_t)(end - at)) > 80)
            fail_msg("line of %u columns: %.*s",
                     hb_width(at, (size_t)(end - at)), (int)(end - at), at);
        at = end + 1;
        assert_true(lines < 60);
    }
    hb_buf_done(&b);
}

static void test_screen(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_posture *p = make(a, (unsigned[]){1, 11, 1, 1, 1, 1});
    struct hb_buf b = HB_BUF_INIT;
    const char *z;

    (void)state;
    check_screen(p, false);
    check_screen(p, true);
    hb_posture_screen(&b, p, 80, false, 540);
    z = hb_buf_z(&b);
    /* Word and sign, not colour alone; a date with "proven". */
    assert_non_null(strstr(z, "! possible"));
    assert_non_null(strstr(z, "? unknown"));
    assert_non_null(strstr(z, "* proven (drill of 11-23)"));
    assert_non_null(strstr(z, "Do first"));
    assert_non_null(strstr(z, "  1. Start the watch"));
    assert_non_null(strstr(z, "-> 90 min; does not hold; cases 1, 2, 3,"));
    assert_non_null(
        strstr(z, "-> 2 h; not confirmed; case 1 [files.watching]"));
    assert_non_null(strstr(z, "  3. "));
    assert_null(strstr(z, "  4. "));
    assert_non_null(strstr(z, "All 4 steps: hinoban status --next\n"));
    assert_null(strstr(z, "safe"));
    hb_buf_done(&b);
    hb_arena_free(a);
}

/* Japanese: full-width letters count two, and the words of the profession.
 * Needs the locale of a Japanese machine and the built catalogue. */
static void test_japanese(void **state)
{
    struct hb_arena *a;
    const struct hb_posture *p;
    struct hb_buf b = HB_BUF_INIT;
    const char *build = getenv("HB_BUILD_ROOT");
    char dir[1024];

    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/po", build != NULL ? build : ".");
    (void)setenv("HINOBAN_LOCALEDIR", dir, 1);
    (void)setenv("LANGUAGE", "ja", 1);
    (void)setenv("LC_ALL", "ja_JP.UTF-8", 1);
    hb_i18n_open();
    if (hb_i18n_lang() != HB_LANG_JA)
        skip();
    a = hb_arena_new(0);
    p = make(a, (unsigned[]){3, 11, 0, 0, 2, 0});
    check_screen(p, false);
    hb_posture_headline(&b, p);
    if (strstr(hb_buf_z(&b), "Today") != NULL) {
        hb_buf_done(&b);
        hb_arena_free(a);
        skip();
    }
    assert_non_null(strstr(hb_buf_z(&b),
                           "今日、16の事例のうち 3 が起こり得ます。"
                           "11 は未確認です。"));
    hb_buf_reset(&b);
    hb_posture_screen(&b, p, 80, false, 540);
    assert_non_null(strstr(hb_buf_z(&b), "  1. 監視を起動し、"));
    assert_non_null(strstr(hb_buf_z(&b), "事例 1、2、3"));
    assert_non_null(strstr(hb_buf_z(&b), "確認済み(11月23日の訓練時点)"));
    assert_null(strstr(hb_buf_z(&b), "安全"));
    hb_buf_done(&b);
    hb_arena_free(a);
}

/* What core writes, a client reads back whole. */
static void test_json(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_posture *p = make(a, (unsigned[]){1, 11, 1, 1, 1, 1}), *q;
    struct hb_control_result r = {.control = "files.watching",
                                  .reason = "sensor \"silent\""};
    struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_json *j;

    (void)state;
    p->cases[0].result = &r;
    p->cases[0].fail = 2;
    hb_posture_json(&one, p);
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&one), &j, NULL), 0);
    assert_int_equal(hb_posture_decode(a, &book, j, &q, NULL), 0);
    hb_posture_json(&two, q);
    assert_string_equal(hb_buf_z(&one), hb_buf_z(&two));
    assert_string_equal(q->cases[0].control->id, "files.watching");
    assert_int_equal(q->open, 14);
    assert_int_equal(q->next_n, 4);
    assert_ptr_equal(q->next[0].control, &controls[0]);
    assert_int_equal(q->next[0].cases_n, 16);
    assert_true(q->next[0].fails && !q->next[1].fails);
    hb_buf_done(&one);
    hb_buf_done(&two);
    hb_arena_free(a);
}

/* A reason with a time in it: apart in the data, whole in words, in both
 * languages. */
static void test_reason_of(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_posture *p = make(a, (unsigned[]){1, 11, 1, 1, 1, 1}), *q;
    struct hb_control_result r = {
        .control = "files.watching",
        .reason = "Checkpoints of the evidence leave this machine, but none "
                  "could since %s.\t2026-11-30 12:00:00 JST"};
    struct hb_buf json = HB_BUF_INIT, text = HB_BUF_INIT;
    struct hb_json *j;

    p->cases[0].result = &r;
    hb_posture_json(&json, p);
    assert_non_null(
        strstr(hb_buf_z(&json), "\"reason_of\":\"2026-11-30 12:00:00 JST\""));
    assert_null(strstr(hb_buf_z(&json), "\\t"));
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&json), &j, NULL), 0);
    assert_int_equal(hb_posture_decode(a, &book, j, &q, NULL), 0);
    assert_string_equal(q->cases[0].result->reason, r.reason);
    hb_control_reason(&text, r.reason, false);
    assert_non_null(strstr(hb_buf_z(&text), "since 2026-11-30 12:00:00 JST."));
    hb_buf_reset(&text);
    /* One without a place for it, and one without anything. */
    hb_control_reason(&text, "plain\tx", false);
    hb_control_reason(&text, "", false);
    assert_string_equal(hb_buf_z(&text), "plain");
    hb_buf_done(&json);
    hb_buf_done(&text);
    hb_arena_free(a);
}

static void test_json_refused(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"cases\":{}}",
        "{\"cases\":[{}]}",
        "{\"cases\":[{\"number\":99,\"state\":\"proven\",\"why\":\"proof\"}]}",
        "{\"cases\":[{\"number\":2,\"state\":\"green\",\"why\":\"proof\"}]}",
        "{\"cases\":[{\"number\":2,\"state\":\"possible\",\"why\":\"control\","
        "\"control\":\"none\"}]}",
        "{\"cases\":[],\"next\":{}}",
        "{\"cases\":[],\"next\":[{\"control\":\"files.watching\","
        "\"weight\":1,\"minutes\":1,\"cases\":[]}]}",
        "{\"cases\":[],\"next\":[{\"control\":\"none\","
        "\"weight\":1,\"minutes\":1,\"cases\":[1]}]}",
        "{\"cases\":[],\"next\":[{\"control\":\"files.watching\","
        "\"weight\":1,\"minutes\":0,\"cases\":[1]}]}",
        "{\"cases\":[],\"next\":[{\"control\":\"files.watching\","
        "\"weight\":1,\"minutes\":1,\"cases\":[\"1\"]}]}",
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct hb_arena *a = hb_arena_new(0);
        struct hb_err err = {0};
        struct hb_posture *p;
        struct hb_json *j;

        assert_int_equal(hb_json_parse(a, hb_slice_z(bad[i]), &j, NULL), 0);
        assert_true(hb_posture_decode(a, &book, j, &p, &err) < 0);
        assert_true(err.message[0] != '\0');
        hb_arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headline),     cmocka_unit_test(test_screen),
        cmocka_unit_test(test_json),         cmocka_unit_test(test_reason_of),
        cmocka_unit_test(test_json_refused), cmocka_unit_test(test_japanese),
    };
    setup();
    return hb_tap_run("casebook/screen", tests);
}

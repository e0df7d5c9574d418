/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_next.c - the order of what to do next: worth, ties, sharing; and that
 * every control of our own case book can be ordered.
 */
#include <stdio.h>

#include "tap.h"
#include "base/clock.h"
#include "casebook/posture.h"

#define DAY (86400 * (int64_t)HB_S)
#define NOW (1000 * DAY)
#define H   (3600 * HB_S)

#define CONTROL(name, h, w)                                                    \
    {                                                                          \
        .id = name, .required = true, .max_age = 2 * 86400 * HB_S, .harm = h,  \
        .work = w                                                              \
    }
static const struct hb_control one[] = {
    CONTROL("dear", 5, 40 * H),
    CONTROL("cheap", 1, H / 2),
    CONTROL("shared", 2, 4 * H),
    {.id = "optional", .max_age = DAY, .harm = 5, .work = H}};
static const struct hb_control two[] = {CONTROL("shared", 3, 5 * H),
                                        CONTROL("b", 1, H), CONTROL("a", 1, H)};
static struct hb_case cases[] = {
    {.number = 4,
     .maturity = HB_MATURITY_WHOLE,
     .controls = one,
     .controls_n = 4},
    {.number = 7,
     .maturity = HB_MATURITY_WHOLE,
     .controls = two,
     .controls_n = 3},
};
static const struct hb_casebook book = {.cases = cases, .n = 2};

static struct hb_control_result said(const char *id, enum hb_control_status s)
{
    return (struct hb_control_result){
        .control = id, .status = s, .at = NOW - (int64_t)HB_S};
}

static struct hb_posture *make(struct hb_arena *a,
                               const struct hb_posture_input *in, size_t n)
{
    struct hb_posture *p = NULL;

    assert_int_equal(hb_posture_make(a, &book, in, n, NOW, &p), 0);
    return p;
}

static void order(const struct hb_posture *p, const char *want)
{
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < p->next_n; i++)
        hb_buf_addf(&b, "%s%s", i > 0 ? " " : "", p->next[i].control->id);
    assert_string_equal(hb_buf_z(&b), want);
    hb_buf_done(&b);
}

/* Nothing known.  An hour of "cheap" avoids 2; of a and b 1 (the name
 * decides), of "shared" (2 + 3) / 5 = 1 too (two cases come first); of "dear"
 * an eighth.  What is not required is not there. */
static void test_unknown(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_posture *p = make(a, NULL, 0);

    (void)state;
    order(p, "cheap shared a b dear");
    assert_int_equal(p->next[1].cases_n, 2);
    assert_int_equal(p->next[1].cases[0], 4);
    assert_int_equal(p->next[1].cases[1], 7);
    assert_int_equal(p->next[1].weight, 5);
    assert_int_equal(p->next[1].minutes, 300);
    assert_false(p->next[1].fails);
    hb_arena_free(a);
}

/* What fails counts twice, and before what is unknown where all else is
 * equal; what passes or is accepted is nothing to do. */
static void test_known(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_control_result four[] = {said("cheap", HB_CS_PASS),
                                       said("optional", HB_CS_FAIL),
                                       said("dear", HB_CS_UNKNOWN)};
    struct hb_control_result seven[] = {said("b", HB_CS_FAIL),
                                        said("shared", HB_CS_PASS)};
    struct hb_posture_input in[] = {
        {.number = 7, .results = seven, .results_n = 2},
        {.number = 4, .results = four, .results_n = 3}};
    const struct hb_posture *p;

    (void)state;
    four[2].accepted = (struct hb_decision){"sato", "cost", NOW, NOW + DAY};
    p = make(a, in, 2);
    /* b 2 an hour, a 1, "shared" of case 4 alone 2 / 4. */
    order(p, "b a shared");
    assert_true(p->next[0].fails);
    assert_int_equal(p->next[2].cases_n, 1);
    assert_int_equal(p->next[2].minutes, 240);
    hb_arena_free(a);
}

static void test_tie_fails_first(void **state)
{
    static const struct hb_control k[] = {CONTROL("a", 2, H),
                                          CONTROL("z", 1, H)};
    static const struct hb_case c = {
        .number = 1, .controls = k, .controls_n = 2};
    static const struct hb_casebook b = {.cases = &c, .n = 1};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_control_result r = said("z", HB_CS_FAIL);
    struct hb_posture_input in = {.number = 1, .results = &r, .results_n = 1};
    struct hb_posture *p = NULL;

    (void)state;
    assert_int_equal(hb_posture_make(a, &b, &in, 1, NOW, &p), 0);
    order(p, "z a");
    hb_arena_free(a);
}

/* A case that does not apply asks for nothing, also of what is shared. */
static void test_not_applicable(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_posture_input in = {
        .number = 4, .not_applicable = {"sato", "none", NOW, NOW + DAY}};
    const struct hb_posture *p = make(a, &in, 1);

    (void)state;
    order(p, "a b shared");
    assert_int_equal(p->next[2].cases_n, 1);
    in.not_applicable.until = NOW;
    order(make(a, &in, 1), "cheap shared a b dear");
    hb_arena_free(a);
}

/* Our own book: each control that is required stands once, and the order is
 * that of the worth. */
static void test_own_book(void **state)
{
    struct hb_casebook *b = NULL;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_posture *p = NULL;
    struct hb_err err = {0};
    char dir[1024];
    size_t of_cases = 0, required = 0;

    (void)state;
    (void)snprintf(dir, sizeof(dir), "%s/casebook", getenv("HB_SOURCE_ROOT"));
    if (hb_casebook_load(dir, &b, &err) < 0)
        fail_msg("%s:%u: %s", err.file, err.line, err.message);
    assert_int_equal(hb_posture_make(a, b, NULL, 0, NOW, &p), 0);
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < b->cases[i].controls_n; k++)
            required += b->cases[i].controls[k].required;
    for (size_t i = 0; i < p->next_n; i++) {
        const struct hb_next_step *s = &p->next[i];

        of_cases += s->cases_n;
        assert_in_range(s->control->harm, 1, HB_HARM_MAX);
        assert_in_range(s->minutes, 1, 40 * 60);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(p->next[k].control->id, s->control->id);
        if (i > 0)
            assert_true((uint64_t)s[-1].weight * s->minutes >=
                        (uint64_t)s->weight * s[-1].minutes);
    }
    assert_int_equal(of_cases, required);
    assert_true(required > 100);
    hb_arena_free(a);
    hb_casebook_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_tie_fails_first),
        cmocka_unit_test(test_not_applicable),
        cmocka_unit_test(test_own_book),
    };
    return hb_tap_run("casebook/next", tests);
}

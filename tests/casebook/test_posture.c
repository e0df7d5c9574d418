/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_posture.c - the truth table of TRUST, every combination against an
 * oracle that is written as the six sentences of TRUST and nothing else.
 */
#include "tap.h"
#include "base/clock.h"
#include "casebook/posture.h"

#define DAY (86400 * (int64_t)HB_S)
#define NOW (1000 * DAY)

static const struct hb_control controls[] = {
    {.id = "a", .required = true, .max_age = 3600 * HB_S},
    {.id = "b", .required = true, .max_age = 3600 * HB_S},
    {.id = "c", .required = false, .max_age = 3600 * HB_S},
};
static const struct hb_case whole = {
    .number = 2,
    .maturity = HB_MATURITY_WHOLE,
    .controls = controls,
    .controls_n = 3,
    .drill = {"x", 90 * 86400 * HB_S, 7 * 86400 * HB_S}};

/* What one control can look like, and what it is worth. */
static const struct {
    enum hb_control_status said;
    int64_t age;  /* -1: never checked */
    int accepted; /* 0 no, 1 holds, 2 ended, 3 without author */
    enum hb_control_status worth;
} looks[] = {
    {HB_CS_PASS, 10, 0, HB_CS_PASS},
    {HB_CS_PASS, 10, 1, HB_CS_PASS},
    {HB_CS_PASS, 7200, 0, HB_CS_UNKNOWN},  /* stale */
    {HB_CS_PASS, -3600, 0, HB_CS_UNKNOWN}, /* from the future */
    {HB_CS_PASS, 7200, 1, HB_CS_ACCEPTED},
    {HB_CS_FAIL, 10, 0, HB_CS_FAIL},
    {HB_CS_FAIL, 10, 1, HB_CS_ACCEPTED},
    {HB_CS_FAIL, 10, 2, HB_CS_FAIL},
    {HB_CS_FAIL, 10, 3, HB_CS_FAIL},
    {HB_CS_FAIL, 7200, 0, HB_CS_UNKNOWN},
    {HB_CS_UNKNOWN, 10, 0, HB_CS_UNKNOWN},
    {HB_CS_UNKNOWN, 10, 1, HB_CS_ACCEPTED},
    {HB_CS_UNKNOWN, 10, 2, HB_CS_UNKNOWN},
    {HB_CS_ACCEPTED, 10, 0, HB_CS_UNKNOWN}, /* a word is no decision */
    {HB_CS_ACCEPTED, 10, 1, HB_CS_ACCEPTED},
};
#define LOOKS HB_ARRAY_LEN(looks)

/* What a proof can look like, and whether it holds for DAYS. */
static const struct {
    bool passed;
    int64_t age_days;
    unsigned not_yet;
} proofs[] = {
    {false, 0, 0}, {true, 1, 0},   {true, 1, 3},
    {true, 8, 0},  {true, 100, 0}, {true, -1, 0},
};
#define PROOFS HB_ARRAY_LEN(proofs)

static struct hb_decision decision(int kind)
{
    struct hb_decision d = {"sato", "cost", NOW - DAY, NOW + DAY};

    if (kind == 0)
        return (struct hb_decision){0};
    if (kind == 2)
        d.until = NOW;
    if (kind == 3)
        d.author = "";
    return d;
}

static struct hb_control_result look(const char *id, size_t i)
{
    return (struct hb_control_result){.control = id,
                                      .status = looks[i].said,
                                      .at = NOW - looks[i].age * (int64_t)HB_S,
                                      .accepted = decision(looks[i].accepted)};
}

static struct hb_proof_seen proof(size_t i)
{
    return (struct hb_proof_seen){
        proofs[i].passed, NOW - proofs[i].age_days * DAY, proofs[i].not_yet};
}

static bool holds(size_t i, int64_t days)
{
    return proofs[i].passed && proofs[i].age_days >= 0 &&
           proofs[i].age_days <= days;
}

static enum hb_case_state oracle(int na, enum hb_control_status a,
                                 enum hb_control_status b, size_t rehearsal,
                                 size_t canary, enum hb_maturity m)
{
    if (na == 1)
        return HB_STATE_NOT_APPLICABLE;
    if (a == HB_CS_FAIL || b == HB_CS_FAIL)
        return HB_STATE_POSSIBLE;
    if (a == HB_CS_UNKNOWN || b == HB_CS_UNKNOWN || m == HB_MATURITY_NOT_YET)
        return HB_STATE_UNKNOWN;
    if (a == HB_CS_ACCEPTED || b == HB_CS_ACCEPTED)
        return HB_STATE_ACCEPTED;
    if (!holds(rehearsal, 90))
        return HB_STATE_UNKNOWN;
    if (holds(canary, 7) && m == HB_MATURITY_WHOLE &&
        proofs[rehearsal].not_yet == 0 && proofs[canary].not_yet == 0)
        return HB_STATE_PROVEN;
    return HB_STATE_REHEARSED;
}

static void test_truth_table(void **state)
{
    size_t combinations = 0, seen[HB_STATE_COUNT] = {0};

    (void)state;
    for (size_t x = 0; x < 4 * 3 * 2 * PROOFS * PROOFS * LOOKS * LOOKS; x++) {
        size_t k = x;
        int na = (int)(k % 4);
        enum hb_maturity m = (enum hb_maturity)(k / 4 % 3);
        bool optional_fails = k / 12 % 2;
        size_t re = (k /= 24) % PROOFS, ca = (k /= PROOFS) % PROOFS;
        size_t a = (k /= PROOFS) % LOOKS, b = k / LOOKS % LOOKS;
        struct hb_control_result r[] = {
            look("b", b),
            look("a", a),
            {.control = "c",
             .status = optional_fails ? HB_CS_FAIL : HB_CS_PASS,
             .at = NOW},
            {.control = "stranger", .status = HB_CS_FAIL, .at = NOW}};
        struct hb_posture_input in = {.number = 2,
                                      .results = r,
                                      .results_n = HB_ARRAY_LEN(r),
                                      .not_applicable = decision(na),
                                      .rehearsed = proof(re),
                                      .canary = proof(ca)};
        struct hb_case c = whole;
        struct hb_case_posture p;
        enum hb_case_state want =
            oracle(na, looks[a].worth, looks[b].worth, re, ca, m);

        c.maturity = m;
        hb_posture_case(&c, &in, NOW, &p);
        if (p.state != want)
            fail_msg("na %d maturity %u a %zu b %zu drill %zu canary %zu: %s, "
                     "expected %s",
                     na, m, a, b, re, ca, hb_case_state_name(p.state),
                     hb_case_state_name(want));
        if (want == HB_STATE_POSSIBLE || want == HB_STATE_ACCEPTED)
            assert_non_null(p.control);
        seen[p.state]++;
        combinations++;
    }
    assert_int_equal(combinations, 4 * 3 * 2 * 36 * 225);
    for (size_t i = 0; i < HB_STATE_COUNT; i++)
        assert_true(seen[i] > 0);
}

/* A control without any result, and a case without any input. */
static void test_nothing_known(void **state)
{
    struct hb_case_posture p;
    struct hb_case none = {.number = 3, .maturity = HB_MATURITY_NOT_YET};

    (void)state;
    assert_int_equal(hb_control_effective(&controls[0], NULL, NOW),
                     HB_CS_UNKNOWN);
    hb_posture_case(&whole, NULL, NOW, &p);
    assert_int_equal(p.state, HB_STATE_UNKNOWN);
    assert_int_equal(p.unknown, 2);
    assert_int_equal(p.why, HB_WHY_CONTROL);
    hb_posture_case(&none, NULL, NOW, &p);
    assert_int_equal(p.state, HB_STATE_UNKNOWN);
    assert_int_equal(p.why, HB_WHY_NOT_BUILT);
}

/* "Consider": a recorded decision that holds meets the row. */
static void test_consider(void **state)
{
    struct hb_control c = controls[0];
    struct hb_control_result r = {.control = "a",
                                  .status = HB_CS_UNKNOWN,
                                  .at = NOW,
                                  .accepted = decision(1)};

    (void)state;
    c.modality = HB_MOD_CONSIDER;
    assert_int_equal(hb_control_effective(&c, &r, NOW), HB_CS_PASS);
    r.accepted = decision(2);
    assert_int_equal(hb_control_effective(&c, &r, NOW), HB_CS_UNKNOWN);
}

/* The age limits to the nanosecond. */
static void test_limits(void **state)
{
    struct hb_control_result r = {.control = "a", .status = HB_CS_PASS};

    (void)state;
    r.at = NOW - 3600 * (int64_t)HB_S;
    assert_int_equal(hb_control_effective(&controls[0], &r, NOW), HB_CS_PASS);
    r.at--;
    assert_int_equal(hb_control_effective(&controls[0], &r, NOW),
                     HB_CS_UNKNOWN);
    r.at = 0;
    assert_int_equal(hb_control_effective(&controls[0], &r, 1), HB_CS_UNKNOWN);
}

static void test_words(void **state)
{
    enum hb_control_status s;

    (void)state;
    for (unsigned i = HB_CS_UNKNOWN; i <= HB_CS_ACCEPTED; i++) {
        assert_int_equal(
            hb_control_status_parse(
                hb_control_status_name((enum hb_control_status)i), &s),
            0);
        assert_int_equal(s, i);
    }
    assert_int_equal(hb_control_status_parse("green", &s), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truth_table),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_consider),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_words),
    };
    return hb_tap_run("casebook/posture", tests);
}

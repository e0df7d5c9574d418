/* SPDX-License-Identifier: Apache-2.0 */
/* Groups: a thousand hits are one finding; the table stays bounded. */
#include "rules.h"
#include "base/clock.h"

#define WINDOW (3600 * HB_S)
#define T0     (1795390000 * (int64_t)HB_S)

static const struct hb_rule rule = {.id = "r",
                                    .title = {"Rule", "規則"},
                                    .desc = {"It finds", "見つける"},
                                    .level = HB_SEV_HIGH,
                                    .cases = {2}};

static void test_thousand(void **state)
{
    struct hb_groups *g = hb_groups_new(16, WINDOW);
    struct hb_group *one = NULL;
    char finding[HB_ID_SIZE];
    int fresh = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int r = hb_groups_add(g, &rule, "case:2/site:city", T0 + i, &one);

        assert_true(r >= 0);
        fresh += r;
        if (i == 0)
            (void)snprintf(finding, sizeof(finding), "%s", one->finding);
    }
    assert_int_equal(fresh, 1);
    assert_int_equal(hb_groups_count(g), 1);
    assert_int_equal(one->count, 1000);
    assert_int_equal(one->first, T0);
    assert_int_equal(one->last, T0 + 999);
    assert_string_equal(one->finding, finding);
    assert_int_equal(hb_groups_add(g, &rule, "case:2/site:other", T0, &one), 1);
    assert_string_not_equal(one->finding, finding);
    hb_groups_free(g);
}

static void test_window(void **state)
{
    struct hb_groups *g = hb_groups_new(4, WINDOW);
    struct hb_group *one;
    int64_t w = (int64_t)WINDOW;

    (void)state;
    assert_int_equal(hb_groups_add(g, &rule, "k", T0, &one), 1);
    assert_int_equal(hb_groups_add(g, &rule, "k", T0 + w, &one), 0);
    assert_int_equal(hb_groups_add(g, &rule, "k", T0 + 2 * w + 1, &one), 1);
    assert_int_equal(one->count, 1);
    /* A clock that was set back. */
    assert_int_equal(hb_groups_add(g, &rule, "k", T0 - 5 * w, &one), 0);
    assert_int_equal(one->last, T0 + 2 * w + 1);
    hb_groups_free(g);
}

/* Full: the one that was silent for longest goes, whichever came first. */
static void test_bound(void **state)
{
    struct hb_groups *g = hb_groups_new(3, WINDOW);
    struct hb_group *one;
    char key[16];

    (void)state;
    assert_int_equal(hb_groups_add(g, &rule, "a", T0, &one), 1);
    assert_int_equal(hb_groups_add(g, &rule, "b", T0 + 1, &one), 1);
    assert_int_equal(hb_groups_add(g, &rule, "c", T0 + 2, &one), 1);
    assert_int_equal(hb_groups_add(g, &rule, "a", T0 + 3, &one), 0);
    assert_int_equal(hb_groups_add(g, &rule, "d", T0 + 4, &one), 1);
    assert_int_equal(hb_groups_count(g), 3);
    assert_int_equal(hb_groups_add(g, &rule, "a", T0 + 5, &one), 0);
    assert_int_equal(hb_groups_add(g, &rule, "c", T0 + 5, &one), 0);
    assert_int_equal(hb_groups_add(g, &rule, "b", T0 + 6, &one), 1);
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_true(hb_groups_add(g, &rule, key, T0 + 10 + i, &one) >= 0);
    }
    assert_int_equal(hb_groups_count(g), 3);
    hb_groups_free(g);
    assert_null(hb_groups_new(0, WINDOW));
}

static void test_finding(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_groups *g = hb_groups_new(4, WINDOW);
    struct hb_event *e = file_event(a, "/var/www/x", "added", "ask"), *f;
    struct hb_err err = {0};
    struct hb_group *one;

    (void)state;
    assert_int_equal(hb_groups_add(g, &rule, "k", T0, &one), 1);
    assert_int_equal(hb_finding_event(a, one, e, HB_LANG_JA, &f), 0);
    assert_int_equal(f->class_uid, HB_EV_DETECTION_FINDING);
    assert_int_equal(f->severity, HB_SEV_HIGH);
    assert_string_equal(hb_event_getz(f, HB_F_FINDING_TITLE, ""), "規則");
    assert_string_equal(hb_event_getz(f, HB_F_FINDING_UID, ""), one->finding);
    assert_string_equal(hb_event_getz(f, HB_F_SITE, ""), "city");
    assert_non_null(strstr(hb_event_getz(f, HB_F_FINDING_RELATED, ""), e->uid));
    assert_int_equal(hb_event_check(f, &err), 0);
    hb_groups_free(g);
    hb_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_finding),
    };
    return hb_tap_run("detect/group", tests);
}

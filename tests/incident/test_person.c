/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_person.c - people, roles, deputies, and who is asked after how many
 * unanswered pages.
 */
#include "scratch_state.h"

static void test_names(void **state)
{
    static const char *const bad[] = {
        "",    "Sato", "a b",  "../x", ".hidden",
        "-rf", "a/b",  "佐藤", "a\nb", "abcdefghijklmnopqrstuvwxyz0123456",
        NULL};
    static const char *const good[] = {"a", "sato.hanako", "x_1-y",
                                       "abcdefghijklmnopqrstuvwxyz012345"};
    struct hb_person p = {.uid = -1, .roles = HB_PR_STAFF};
    int64_t id;

    for (size_t i = 0; i + 1 < HB_ARRAY_LEN(bad); i++) {
        p.name = bad[i];
        if (put_person(&st, &p, &id) != -EINVAL)
            fail_msg("\"%s\" was taken", bad[i]);
    }
    p.name = NULL;
    assert_int_equal(put_person(&st, &p, &id), -EINVAL);
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        p.name = good[i];
        assert_int_equal(put_person(&st, &p, &id), 0);
    }
    p.name = "norole";
    p.roles = 0;
    assert_int_equal(put_person(&st, &p, &id), -EINVAL);
}

static void test_round_trip(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person p = {.name = "sato",
                          .full_name = "佐藤 花子",
                          .uid = 1000,
                          .mail = "sato@example.jp",
                          .phone = "03-0000-0000",
                          .roles = HB_PR_OFFICER | HB_PR_STAFF};
    struct hb_person got;
    int64_t id;

    memset(p.pub, 0x5a, sizeof(p.pub));
    assert_int_equal(put_person(&st, &p, &id), 0);
    assert_int_equal(hb_person_get(&st, a, id, &got), 0);
    assert_string_equal(got.full_name, "佐藤 花子");
    assert_string_equal(got.mail, "sato@example.jp");
    assert_string_equal(got.phone, "03-0000-0000");
    assert_int_equal(got.uid, 1000);
    assert_int_equal(got.roles, p.roles);
    assert_memory_equal(got.pub, p.pub, sizeof(p.pub));
    assert_true(got.active);
    assert_int_equal(hb_person_by_uid(&st, a, 1000, &got), 0);
    assert_int_equal(got.id, id);
    assert_int_equal(hb_person_by_uid(&st, a, 1001, &got), -ENOENT);
    /* Whoever has no account is nobody's uid. */
    assert_int_equal(hb_person_by_uid(&st, a, -1, &got), -ENOENT);
    assert_int_equal(hb_person_by_name(&st, a, "sato", &got), 0);
    assert_int_equal(hb_person_by_name(&st, a, "SATO", &got), -ENOENT);
    assert_int_equal(hb_person_get(&st, a, 77, &got), -ENOENT);
    /* One account is one person. */
    p.name = "suzuki";
    assert_int_equal(put_person(&st, &p, &id), -EEXIST);
    /* The files changed. */
    p.name = "sato";
    p.phone = "110";
    p.active = false;
    assert_int_equal(hb_person_put(&st, &p), 0);
    assert_int_equal(hb_person_by_name(&st, a, "sato", &got), 0);
    assert_string_equal(got.phone, "110");
    assert_false(got.active);
}

static int count_one(void *arg, const struct hb_person *p)
{
    ++*(int *)arg;
    return p->name[0] == 'z' ? -EIO : 0;
}

static void test_active_and_counts(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t one = add_person("a", "A", HB_PR_OFFICER);
    int64_t two = add_person("b", "B", HB_PR_OFFICER | HB_PR_ADMIN);
    struct hb_person p = {.name = "c", .uid = 5, .roles = HB_PR_AUDIT}, got;
    int64_t three;
    int n = 0;

    assert_int_equal(put_person(&st, &p, &three), 0);
    assert_int_equal(hb_person_count(&st, HB_PR_OFFICER), 2);
    assert_int_equal(hb_person_count(&st, HB_PR_ADMIN | HB_PR_AUDIT), 2);
    assert_int_equal(hb_person_set_active(&st, two, false), 0);
    assert_int_equal(hb_person_count(&st, HB_PR_OFFICER), 1);
    assert_int_equal(hb_person_set_active(&st, 99, false), -ENOENT);
    assert_int_equal(hb_person_each(&st, count_one, &n), 0);
    assert_int_equal(n, 3);
    /* Who left is in the record but not at the keyboard. */
    assert_int_equal(hb_person_set_active(&st, three, false), 0);
    assert_int_equal(hb_person_by_uid(&st, a, 5, &got), -ENOENT);
    assert_int_equal(hb_person_get(&st, a, three, &got), 0);
    assert_true(one > 0);
    (void)add_person("z", "Z", HB_PR_STAFF);
    n = 0;
    assert_int_equal(hb_person_each(&st, count_one, &n), -EIO);
    assert_int_equal(n, 4);
}

static void asked(unsigned role, unsigned tries, const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person p;

    assert_int_equal(hb_person_on_duty(&st, a, role, tries, &p), 0);
    if (!hb_streq(p.name, name))
        fail_msg("after %u pages %s is asked, not %s", tries, p.name, name);
}

static void test_on_duty(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person p;
    int64_t second, first, boss;

    assert_int_equal(hb_person_on_duty(&st, a, HB_PR_ADMIN, 0, &p), -ENOENT);
    second = add_person("second", "S", HB_PR_STAFF);
    first = add_person("first", "F", HB_PR_STAFF);
    boss = add_person("boss", "B", HB_PR_OFFICER);
    assert_int_equal(hb_deputy_set(&st, HB_PR_ADMIN, second, 2), 0);
    assert_int_equal(hb_deputy_set(&st, HB_PR_ADMIN, first, 1), 0);
    (void)add_person("holder", "H", HB_PR_ADMIN);
    (void)add_person("stranger", "X", HB_PR_ACCOUNTING);
    asked(HB_PR_ADMIN, 0, "holder");
    asked(HB_PR_ADMIN, 1, "first");
    asked(HB_PR_ADMIN, 2, "second");
    asked(HB_PR_ADMIN, 3, "boss");
    /* Round again, so that nobody waits for ever. */
    asked(HB_PR_ADMIN, 4, "holder");
    asked(HB_PR_ADMIN, 4001, "first");
    /* The ranks change places. */
    assert_int_equal(hb_deputy_set(&st, HB_PR_ADMIN, second, 0), 0);
    asked(HB_PR_ADMIN, 1, "second");
    /* Who left is not asked. */
    assert_int_equal(hb_person_set_active(&st, first, false), 0);
    asked(HB_PR_ADMIN, 2, "boss");
    /* A deputy of two of the roles that are asked is one person. */
    assert_int_equal(hb_deputy_set(&st, HB_PR_MANAGER, second, 7), 0);
    asked(HB_PR_ADMIN | HB_PR_MANAGER, 0, "holder");
    asked(HB_PR_ADMIN | HB_PR_MANAGER, 1, "second");
    asked(HB_PR_ADMIN | HB_PR_MANAGER, 2, "boss");
    /* Where nobody holds a role the officer is asked. */
    asked(HB_PR_OUTSIDE, 0, "boss");
    assert_int_equal(hb_person_set_active(&st, boss, false), 0);
    assert_int_equal(hb_person_on_duty(&st, a, HB_PR_OUTSIDE, 0, &p), -ENOENT);
}

static void test_role_words(void **state)
{
    unsigned roles = 0;

    assert_int_equal(hb_person_roles_parse("officer", &roles), 0);
    assert_int_equal(roles, HB_PR_OFFICER);
    assert_int_equal(hb_person_roles_parse("admin,outside,audit", &roles), 0);
    assert_int_equal(roles, HB_PR_ADMIN | HB_PR_OUTSIDE | HB_PR_AUDIT);
    assert_int_equal(hb_person_roles_parse("", &roles), -EINVAL);
    assert_int_equal(hb_person_roles_parse("officers", &roles), -EINVAL);
    assert_int_equal(hb_person_roles_parse("off", &roles), -EINVAL);
    assert_int_equal(hb_person_roles_parse("admin,,audit", &roles), -EINVAL);
    assert_int_equal(hb_person_roles_parse("admin, audit", &roles), -EINVAL);
    assert_int_equal(roles, HB_PR_ADMIN | HB_PR_OUTSIDE | HB_PR_AUDIT);
    for (unsigned r = HB_PR_OFFICER; r <= HB_PR_AUDIT; r <<= 1) {
        assert_int_equal(hb_person_roles_parse(hb_person_role_name(r), &roles),
                         0);
        assert_int_equal(roles, r);
    }
    assert_string_equal(hb_person_role_name(3), "?");
}

/* A key that was cut in the database is an error, not a key of zeros. */
static void test_damaged_key(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t id = add_person("a", "A", HB_PR_OFFICER);
    struct hb_person p;

    assert_int_equal(hb_db_exec(st.db, "UPDATE person SET pub = x'0102'", ""),
                     0);
    assert_int_equal(hb_person_get(&st, a, id, &p), -EUCLEAN);
}

static void test_facts_by_name(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_null(hb_state_get(&st, a, "anchored"));
    assert_int_equal(hb_state_set(&st, "anchored", "yes"), 0);
    assert_int_equal(hb_state_set(&st, "anchored", "no"), 0);
    assert_string_equal(hb_state_get(&st, a, "anchored"), "no");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(test_names),
        WITH_STATE(test_round_trip),
        WITH_STATE(test_active_and_counts),
        WITH_STATE(test_on_duty),
        WITH_STATE(test_role_words),
        WITH_STATE(test_damaged_key),
        WITH_STATE(test_facts_by_name),
    };

    return hb_tap_run("incident/person", tests);
}

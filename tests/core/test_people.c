/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_people.c - people of etc/people in the state store: bad files, people
 * who left, accounts that pass to others.
 */
#include "core/box.h"

static int make(void **state)
{
    char dir[500];

    if (box_make(state) < 0)
        return -1;
    if (hb_db_exec(core.state.db, "DELETE FROM person", "") < 0)
        return -1;
    (void)snprintf(dir, sizeof(dir), "%s/people", etc_dir);
    return hb_mkdirs(dir, 0755);
}

static void record(const char *name, const char *json)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/people/%s.json", etc_dir, name);
    assert_int_equal(hb_file_write(path, json, strlen(json), 0644), 0);
}

static void forget(const char *name)
{
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/people/%s.json", etc_dir, name);
    assert_int_equal(unlink(path), 0);
}

static void sync_people(void)
{
    struct hb_err err = {0};

    if (hb_core_people_sync(&core, &err) < 0)
        fail_msg("%s", err.message);
}

static bool active(const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person p;

    return hb_person_by_name(&core.state, a, name, &p) == 0 && p.active;
}

static const char *by_uid(int64_t uid)
{
    static struct hb_arena *a;
    struct hb_person p;

    hb_arena_free(a);
    a = hb_arena_new(0);
    return hb_person_by_uid(&core.state, a, uid, &p) == 0 ? p.name : "";
}

static void test_bad_files(void **state)
{
    record("a", "");
    record("b", "[]");
    record("c", "{\"roles\":\"king\",\"uid\":5}");
    record("d", "{\"roles\":\"officer\",\"uid\":0}");
    record("e", "{\"roles\":\"officer\",\"uid\":\"5\"");
    record("Bad Name", "{\"roles\":\"officer\",\"uid\":8}");
    record("good", "{\"roles\":\"officer\",\"uid\":1234}");
    record("zz", "{\"roles\":\"staff\",\"uid\":1235}");
    sync_people();
    assert_int_equal(box_number("SELECT count(*) FROM person"), 2);
    assert_string_equal(by_uid(1234), "good");
    assert_string_equal(by_uid(1235), "zz");
    assert_string_equal(core.parts[0].status, "person-refused");
}

static void test_too_big(void **state)
{
    char *text = malloc(1u << 20);

    assert_non_null(text);
    memset(text, ' ', (1u << 20) - 1);
    text[(1u << 20) - 1] = '\0';
    record("big", text);
    free(text);
    record("good", "{\"roles\":\"officer\",\"uid\":1234}");
    sync_people();
    assert_string_equal(by_uid(1234), "good");
}

static void test_left(void **state)
{
    record("old", "{\"roles\":\"officer\",\"uid\":1234}");
    sync_people();
    assert_true(active("old"));
    forget("old");
    sync_people();
    assert_false(active("old"));
    assert_string_equal(by_uid(1234), "");
    assert_int_equal(box_number("SELECT count(*) FROM person"), 1);
    /* The account passes to another person. */
    record("new", "{\"roles\":\"staff\",\"uid\":1234}");
    sync_people();
    assert_string_equal(by_uid(1234), "new");
    /* And who comes back is who they were. */
    record("old", "{\"roles\":\"officer\",\"uid\":77}");
    sync_people();
    assert_true(active("old"));
    assert_int_equal(box_number("SELECT count(*) FROM person"), 2);
}

static void test_same_uid(void **state)
{
    record("first", "{\"roles\":\"staff\",\"uid\":1234}");
    sync_people();
    record("other", "{\"roles\":\"officer\",\"uid\":1234}");
    record("third", "{\"roles\":\"staff\",\"uid\":1236}");
    sync_people();
    assert_string_equal(by_uid(1234), "first");
    assert_string_equal(by_uid(1236), "third");
}

#define P(t) cmocka_unit_test_setup_teardown(t, make, box_drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        P(test_bad_files),
        P(test_too_big),
        P(test_left),
        P(test_same_uid),
    };

    return hb_tap_run("core/people", tests);
}

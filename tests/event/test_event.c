/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_event.c - the table of fields, and setting and reading them with the
 * values that attackers choose.
 */
#include "tap.h"

#include "base/clock.h"
#include "event/event.h"

static struct hb_arena *arena;

static int setup(void **state)
{
    arena = hb_arena_new(0);
    return arena != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    hb_arena_free(arena);
    return 0;
}

static struct hb_event *fresh(void)
{
    struct hb_event *e =
        hb_event_new(arena, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "sense/files");

    assert_non_null(e);
    return e;
}

static void test_table_is_sorted(void **state)
{
    for (int i = 1; i < HB_F_COUNT; i++) {
        const char *a = hb_field_path(i - 1), *b = hb_field_path(i);

        if (strcmp(a, b) >= 0)
            fail_msg("%s stands before %s", a, b);
        /* A value cannot also be an object. */
        assert_false(strncmp(a, b, strlen(a)) == 0 && b[strlen(a)] == '.');
    }
}

static void test_every_field_is_found(void **state)
{
    for (int i = 0; i < HB_F_COUNT; i++)
        assert_int_equal(hb_field_find(hb_slice_z(hb_field_path(i))), i);
    assert_int_equal(hb_field_find(HB_SLICE("")), HB_F_COUNT);
    assert_int_equal(hb_field_find(HB_SLICE("file")), HB_F_COUNT);
    assert_int_equal(hb_field_find(HB_SLICE("file.")), HB_F_COUNT);
    assert_int_equal(hb_field_find(HB_SLICE("file.pathx")), HB_F_COUNT);
    assert_int_equal(hb_field_find(HB_SLICE("zzz")), HB_F_COUNT);
    assert_int_equal(hb_field_find(hb_slice(NULL, 0)), HB_F_COUNT);
    assert_int_equal(hb_field_type(HB_F_FILE_SIZE), HB_FT_INT);
    assert_int_equal(hb_field_type(HB_F_FILE_HASHES), HB_FT_JSON);
    assert_string_equal(hb_field_path(HB_F_COUNT), "?");
}

static void test_new_has_uid_and_times(void **state)
{
    int64_t before = hb_now();
    struct hb_event *e = fresh(), *f = fresh();

    assert_true(hb_id_valid(hb_slice_z(e->uid)));
    assert_string_not_equal(e->uid, f->uid);
    assert_true(e->time >= before && e->time <= hb_now());
    assert_true(e->mono > 0 && e->mono <= hb_mono());
    assert_string_equal(e->source, "sense/files");
    assert_null(e->first);
}

static void test_set_get_replace(void **state)
{
    struct hb_event *e = fresh();
    char path[] = "/srv/www/index.html";

    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, path), 0);
    path[1] = 'X'; /* it was copied */
    assert_string_equal(hb_event_getz(e, HB_F_FILE_PATH, ""),
                        "/srv/www/index.html");
    assert_int_equal(hb_event_int(e, HB_F_FILE_SIZE, 20480), 0);
    assert_int_equal(hb_event_get(e, HB_F_FILE_SIZE)->integer, 20480);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, "/b"), 0);
    assert_string_equal(hb_event_getz(e, HB_F_FILE_PATH, ""), "/b");
    assert_null(hb_event_get(e, HB_F_USER_NAME));
    assert_string_equal(hb_event_getz(e, HB_F_USER_NAME, "none"), "none");
    /* Two fields, not three: setting again replaced the first. */
    assert_non_null(e->first->next);
    assert_null(e->first->next->next);
    assert_ptr_equal(e->first->next, e->last);
}

static void test_types_are_kept(void **state)
{
    struct hb_event *e = fresh();
    struct hb_json *text = hb_json_new(arena, HB_JSON_STR);

    assert_int_equal(hb_event_strz(e, HB_F_FILE_SIZE, "1"), -EINVAL);
    assert_int_equal(hb_event_int(e, HB_F_FILE_PATH, 1), -EINVAL);
    assert_int_equal(hb_event_bool(e, HB_F_FILE_PATH, true), -EINVAL);
    assert_int_equal(hb_event_json(e, HB_F_FILE_HASHES, text), -EINVAL);
    assert_int_equal(hb_event_json(e, HB_F_FILE_HASHES, NULL), -EINVAL);
    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, NULL), -EINVAL);
    assert_int_equal(hb_event_strz(e, HB_F_COUNT, "x"), -EINVAL);
    assert_int_equal(hb_event_str(e, HB_F_FILE_PATH, hb_slice(NULL, 3)),
                     -EINVAL);
    assert_null(e->first);
}

static void test_bytes_that_are_no_utf8(void **state)
{
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } t[] = {
        {"a\xff"
         "b",
         3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xe3\x81", 2, "\xef\xbf\xbd\xef\xbf\xbd"}, /* cut off */
        {"\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong / */
        {"\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"a\0b", 3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xe7\x81\xab\xff", 4, "\xe7\x81\xab\xef\xbf\xbd"}, /* 火 stays */
        {"\xf4\x90\x80\x80", 4,
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(t); i++) {
        struct hb_event *e = fresh();
        struct hb_slice in = hb_slice(t[i].in, t[i].n);
        const struct hb_event_field *f;

        assert_int_equal(hb_event_str(e, HB_F_FILE_PATH, in), 0);
        f = hb_event_get(e, HB_F_FILE_PATH);
        assert_string_equal(f->str.p, t[i].out);
        assert_int_equal(f->str.n, strlen(t[i].out));
        assert_true(hb_slice_eq(f->raw, in));
        /* What is no name keeps no raw bytes. */
        assert_int_equal(hb_event_str(e, HB_F_MESSAGE, in), 0);
        assert_int_equal(hb_event_get(e, HB_F_MESSAGE)->raw.n, 0);
        /* A good value later leaves nothing of the bad one. */
        assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, "/ok"), 0);
        assert_int_equal(hb_event_get(e, HB_F_FILE_PATH)->raw.n, 0);
    }
}

static void test_json_values(void **state)
{
    struct hb_event *e = fresh();
    struct hb_json *list = hb_json_new(arena, HB_JSON_ARR), *deep;

    assert_non_null(hb_json_add_str(arena, list, NULL, "a\"b"));
    assert_non_null(hb_json_add_int(arena, list, NULL, 7));
    assert_int_equal(hb_event_json(e, HB_F_FILE_HASHES, list), 0);
    assert_string_equal(hb_event_getz(e, HB_F_FILE_HASHES, ""),
                        "[\"a\\\"b\",7]");
    deep = list;
    for (int i = 0; i < 30; i++)
        deep = hb_json_add(arena, deep, NULL, HB_JSON_ARR);
    assert_int_equal(hb_event_json(e, HB_F_FILE_HASHES, list), -EINVAL);
    assert_string_equal(hb_event_getz(e, HB_F_FILE_HASHES, ""),
                        "[\"a\\\"b\",7]");
}

static void test_out_of_memory(void **state)
{
    struct hb_arena *small = hb_arena_new(4096);
    struct hb_event *e;
    char big[4096];
    int r = 0;

    assert_non_null(small);
    e = hb_event_new(small, HB_EV_FILE_ACTIVITY, 1, HB_SEV_INFO, "t");
    assert_non_null(e);
    memset(big, 'x', sizeof(big));
    for (int i = 0; i < 3 && r == 0; i++)
        r = hb_event_str(e, HB_F_FILE_PATH, hb_slice(big, sizeof(big)));
    assert_int_equal(r, -ENOMEM);
    hb_arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_sorted),
        cmocka_unit_test(test_every_field_is_found),
        cmocka_unit_test_setup_teardown(test_new_has_uid_and_times, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_set_get_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_utf8, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_json_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_out_of_memory, setup, teardown),
    };

    return hb_tap_run("event/event", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dirs.c - the cache of directory handles against a plain model.
 */
#include <stdio.h>

#include "../../tap.h"
#include "sense/files/dirs.h"

static struct hb_fan_handle handle(uint64_t n)
{
    struct hb_fan_handle h = {.fsid = 42, .type = 1, .n = 8};

    memcpy(h.bytes, &n, sizeof(n));
    return h;
}

static void test_put_get(void **state)
{
    struct hb_dirs *d = hb_dirs_new(0, 0);
    struct hb_fan_handle a = handle(1), b = handle(2), c = handle(1);
    struct hb_dir_at at;

    assert_false(hb_dirs_get(d, &a, &at));
    assert_int_equal(hb_dirs_put(d, &a, 3, HB_SLICE("x/y"), false), 0);
    assert_int_equal(hb_dirs_put(d, &b, 0, HB_SLICE(""), false), 0);
    assert_true(hb_dirs_get(d, &a, &at));
    assert_int_equal(at.site, 3);
    assert_string_equal(at.path, "x/y");
    assert_int_equal(at.path_n, 3);
    assert_true(hb_dirs_get(d, &b, &at));
    assert_int_equal(at.site, 0);
    /* Another file system, another type: another directory. */
    c.fsid = 43;
    assert_false(hb_dirs_get(d, &c, &at));
    c = handle(1);
    c.type = 2;
    assert_false(hb_dirs_get(d, &c, &at));
    /* Replaced, also from ours to not ours. */
    assert_int_equal(hb_dirs_put(d, &a, 0, HB_SLICE(""), false), 0);
    assert_true(hb_dirs_get(d, &a, &at));
    assert_int_equal(at.site, 0);
    assert_int_equal(hb_dirs_count(d), 2);
    hb_dirs_flush(d);
    assert_false(hb_dirs_get(d, &a, &at));
    assert_int_equal(hb_dirs_count(d), 0);
    hb_dirs_free(d);
}

/* A flood of foreign directories pushes out no directory of ours. */
static void test_budgets(void **state)
{
    struct hb_dirs *d = hb_dirs_new(8, 4);
    struct hb_fan_handle h;
    struct hb_dir_at at;
    size_t memory;

    for (uint64_t i = 0; i < 8; i++) {
        h = handle(i);
        assert_int_equal(hb_dirs_put(d, &h, 1, HB_SLICE("p"), false), 0);
    }
    memory = hb_dirs_memory(d);
    for (uint64_t i = 1000; i < 3000; i++) {
        h = handle(i);
        assert_int_equal(hb_dirs_put(d, &h, 0, HB_SLICE(""), false), 0);
    }
    assert_int_equal(hb_dirs_count(d), 12);
    assert_true(hb_dirs_memory(d) < memory + 4 * 256);
    for (uint64_t i = 0; i < 8; i++) {
        h = handle(i);
        assert_true(hb_dirs_get(d, &h, &at));
    }
    /* The least recently used of ours goes first: 0 was just used. */
    h = handle(0);
    assert_true(hb_dirs_get(d, &h, &at));
    h = handle(100);
    assert_int_equal(hb_dirs_put(d, &h, 1, HB_SLICE("q"), false), 0);
    h = handle(1);
    assert_false(hb_dirs_get(d, &h, &at));
    h = handle(0);
    assert_true(hb_dirs_get(d, &h, &at));
    hb_dirs_free(d);
}

static void test_pinned(void **state)
{
    struct hb_dirs *d = hb_dirs_new(4, 4);
    struct hb_fan_handle h;
    struct hb_dir_at at;
    char path[32];

    for (uint64_t i = 0; i < 4; i++) {
        h = handle(i);
        (void)snprintf(path, sizeof(path), "%s%d", i < 2 ? "a/" : "b/", (int)i);
        assert_int_equal(hb_dirs_put(d, &h, 1, hb_slice_z(path), true), 0);
    }
    h = handle(9);
    assert_int_equal(hb_dirs_put(d, &h, 1, HB_SLICE("c"), true), -ENOSPC);
    hb_dirs_flush(d);
    h = handle(0);
    assert_true(hb_dirs_get(d, &h, &at));
    /* Only what lies below "a", not what begins with the letter. */
    hb_dirs_forget(d, 1, HB_SLICE("a"));
    assert_false(hb_dirs_get(d, &h, &at));
    h = handle(2);
    assert_true(hb_dirs_get(d, &h, &at));
    hb_dirs_forget(d, 2, HB_SLICE(""));
    assert_true(hb_dirs_get(d, &h, &at));
    hb_dirs_forget(d, 1, HB_SLICE(""));
    assert_int_equal(hb_dirs_count(d), 0);
    /* More than one batch of the walk. */
    hb_dirs_free(d);
    d = hb_dirs_new(5000, 4);
    for (uint64_t i = 0; i < 5000; i++) {
        h = handle(i);
        assert_int_equal(hb_dirs_put(d, &h, 1, HB_SLICE("x"), true), 0);
    }
    hb_dirs_forget(d, 0, HB_SLICE(""));
    assert_int_equal(hb_dirs_count(d), 0);
    hb_dirs_free(d);
}

static void test_files(void **state)
{
    struct hb_dirs *d = hb_dirs_new(0, 0);
    unsigned wrong = 0;

    for (uint64_t i = 0; i < 100000; i++) {
        struct hb_fan_handle h = handle(i);

        assert_int_equal(hb_dirs_file_add(d, &h), 0);
        assert_int_equal(hb_dirs_file_add(d, &h), 0);
    }
    assert_int_equal(hb_dirs_file_count(d), 100000);
    for (uint64_t i = 0; i < 200000; i++) {
        struct hb_fan_handle h = handle(i);

        if (i < 100000)
            assert_true(hb_dirs_file_has(d, &h));
        else
            wrong += hb_dirs_file_has(d, &h);
    }
    assert_int_equal(wrong, 0);
    hb_dirs_file_reset(d);
    assert_int_equal(hb_dirs_file_count(d), 0);
    hb_dirs_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_files),
    };

    return hb_tap_run("sense_files/dirs", tests);
}

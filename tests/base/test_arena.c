/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: contents, alignment, ceiling, reset, and failing allocations. */
#include "tap.h"

#include "base/arena.h"
#include "base/fault.h"

static void test_zeroed_and_aligned(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_non_null(a);
    for (size_t n = 0; n < 3000; n += 7) {
        unsigned char *p = hb_arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xaa, n);
    }
}

static void test_zeroed_after_reset(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    memset(hb_arena_alloc(a, 2000), 0xff, 2000);
    hb_arena_reset(a);
    assert_int_equal(hb_arena_used(a), 0);
    const unsigned char *p = hb_arena_alloc(a, 2000);
    for (size_t i = 0; i < 2000; i++)
        assert_int_equal(p[i], 0);
}

static void test_objects_do_not_overlap(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    unsigned char *p[400];
    size_t n[400];

    for (unsigned i = 0; i < 400; i++) {
        /* Small ones and ones that get a chunk of their own, mixed. */
        n[i] = i % 9 == 0 ? 9000 + i : i % 50;
        p[i] = hb_arena_alloc(a, n[i]);
        assert_non_null(p[i]);
        memset(p[i], (int)(i & 0xff), n[i]);
    }
    for (unsigned i = 0; i < 400; i++) {
        for (size_t k = 0; k < n[i]; k++)
            assert_int_equal(p[i][k], i & 0xff);
    }
}

static void test_empty_objects_are_distinct(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    void *one = hb_arena_alloc(a, 0);
    void *two = hb_arena_alloc(a, 0);
    assert_non_null(one);
    assert_ptr_not_equal(one, two);
}

static void test_ceiling(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1024);

    assert_null(hb_arena_alloc(a, 1025));
    assert_null(hb_arena_alloc(a, SIZE_MAX));
    assert_null(hb_arena_alloc(a, SIZE_MAX - 8));
    assert_non_null(hb_arena_alloc(a, 512));
    assert_null(hb_arena_alloc(a, 513));
    assert_non_null(hb_arena_alloc(a, 512));
    assert_null(hb_arena_alloc(a, 0));
    assert_int_equal(hb_arena_used(a), 1024);
    hb_arena_reset(a);
    assert_non_null(hb_arena_alloc(a, 1024));
}

static void test_calloc_overflow(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_null(hb_arena_calloc(a, SIZE_MAX / 2, 3));
    assert_non_null(hb_arena_calloc(a, 10, 3));
    assert_non_null(HB_NEW_N(a, uint64_t, 5));
    assert_non_null(HB_NEW(a, struct hb_slice));
}

static void test_copies(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_string_equal(hb_arena_dup(a, "abcdef", 3), "abc");
    assert_string_equal(hb_arena_dup(a, NULL, 0), "");
    assert_null(hb_arena_dup(a, "x", SIZE_MAX));
    assert_memory_equal(hb_arena_dup(a, "a\0b", 3), "a\0b", 4);
    assert_string_equal(hb_arena_strdup(a, "火の番"), "火の番");
    assert_string_equal(hb_arena_printf(a, "%s-%d", "x", 42), "x-42");
    assert_string_equal(hb_arena_printf(a, "%s", ""), "");
    assert_int_equal(strlen(hb_arena_printf(a, "%9000d", 1)), 9000);
}

static void test_reset_many_times_is_bounded(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1u << 20);

    for (int i = 0; i < 2000; i++) {
        assert_non_null(hb_arena_alloc(a, 600000));
        assert_non_null(hb_arena_alloc(a, 100));
        hb_arena_reset(a);
    }
    assert_int_equal(hb_arena_used(a), 0);
}

/* What a request needed is there for the next one, up to what may be kept. */
static void test_keep(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new_paged(0);
    char *once, *again;

    hb_arena_keep(a, 1u << 20);
    for (int i = 0; i < 4; i++) { /* grows to one chunk that holds it all */
        for (int k = 0; k < 600; k++)
            memset(hb_arena_alloc(a, 1024), 0xff, 1024);
        hb_arena_reset(a);
    }
    once = hb_arena_alloc(a, 1000);
    for (int k = 0; k < 599; k++)
        assert_non_null(hb_arena_alloc(a, 1024));
    hb_arena_reset(a);
    again = hb_arena_alloc(a, 1000);
    assert_ptr_equal(once, again);
    assert_int_equal(again[999], 0);
    /* Larger than that is not kept. */
    hb_arena_reset(a);
    assert_non_null(hb_arena_alloc(a, 3u << 20));
    hb_arena_reset(a);
    assert_int_equal(hb_arena_used(a), 0);
}

static void test_failing_allocation(void **state)
{
    bool through = false;

    for (unsigned n = 1; !through; n++) {
        struct hb_arena *a;

        hb_fault_set(HB_FAULT_ALLOC, n);
        a = hb_arena_new(0);
        if (a != NULL) {
            char *big = hb_arena_alloc(a, 100000);
            char *small = hb_arena_alloc(a, 10);

            through = big != NULL && small != NULL;
            /* It works again afterwards, whatever failed. */
            assert_non_null(hb_arena_alloc(a, 100));
            hb_arena_free(a);
        }
        assert_int_equal(through, hb_fault_pending(HB_FAULT_ALLOC));
        assert_true(n < 10);
    }
    hb_fault_set(HB_FAULT_ALLOC, 0);
    assert_false(hb_fault(HB_FAULT_ALLOC));
}

static void test_free_of_nothing(void **state)
{
    struct hb_arena *a = NULL;

    hb_arena_free(a);
    hb_arena_freep(&a);
    assert_null(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zeroed_and_aligned),
        cmocka_unit_test(test_zeroed_after_reset),
        cmocka_unit_test(test_objects_do_not_overlap),
        cmocka_unit_test(test_empty_objects_are_distinct),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_calloc_overflow),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_reset_many_times_is_bounded),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_failing_allocation),
        cmocka_unit_test(test_free_of_nothing),
    };

    return hb_tap_run("base/arena", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The map against a plain array, with failing allocations. */
#include "tap.h"

#include "base/fault.h"
#include "base/id.h"
#include "base/map.h"

static void test_basics(void **state)
{
    _cleanup_map_ struct hb_map *m = hb_map_new();
    int one = 1, two = 2;

    assert_non_null(m);
    assert_null(hb_map_get(m, HB_SLICE("a")));
    assert_null(hb_map_del(m, HB_SLICE("a")));
    assert_int_equal(hb_map_put(m, HB_SLICE("a"), &one), 0);
    assert_int_equal(hb_map_put(m, HB_SLICE("b"), &one), 0);
    assert_int_equal(hb_map_put(m, HB_SLICE("a"), &two), 0);
    assert_int_equal(hb_map_count(m), 2);
    assert_ptr_equal(hb_map_get(m, HB_SLICE("a")), &two);
    assert_ptr_equal(hb_map_del(m, HB_SLICE("a")), &two);
    assert_null(hb_map_get(m, HB_SLICE("a")));
    assert_ptr_equal(hb_map_get(m, HB_SLICE("b")), &one);
    assert_int_equal(hb_map_count(m), 1);
}

static void test_keys_are_bytes(void **state)
{
    _cleanup_map_ struct hb_map *m = hb_map_new();
    int v[4];

    assert_int_equal(hb_map_put(m, hb_slice(NULL, 0), &v[0]), 0);
    assert_int_equal(hb_map_put(m, HB_SLICE("a"), &v[1]), 0);
    assert_int_equal(hb_map_put(m, HB_SLICE("a\0"), &v[2]), 0);
    assert_int_equal(hb_map_put(m, HB_SLICE("a\0b"), &v[3]), 0);
    assert_ptr_equal(hb_map_get(m, HB_SLICE("")), &v[0]);
    assert_ptr_equal(hb_map_get(m, HB_SLICE("a")), &v[1]);
    assert_ptr_equal(hb_map_get(m, HB_SLICE("a\0")), &v[2]);
    assert_ptr_equal(hb_map_get(m, HB_SLICE("a\0b")), &v[3]);
    assert_int_equal(hb_map_count(m), 4);
}

/* 200,000 random steps over 600 keys; every answer is compared. */
static void test_against_an_array(void **state)
{
    _cleanup_map_ struct hb_map *m = hb_map_new();
    enum { KEYS = 600 };
    static char keys[KEYS][12];
    static void *want[KEYS];
    size_t count = 0;

    for (int i = 0; i < KEYS; i++)
        (void)snprintf(keys[i], sizeof(keys[i]), "key-%d", i);
    for (int step = 0; step < 200000; step++) {
        uint32_t random;
        size_t i;

        hb_random(&random, sizeof(random));
        i = random % KEYS;
        if ((random >> 16) % 2 == 0) {
            count += want[i] == NULL;
            want[i] = &keys[random % 17];
            assert_int_equal(hb_map_put(m, hb_slice_z(keys[i]), want[i]), 0);
        } else {
            count -= want[i] != NULL;
            assert_ptr_equal(hb_map_del(m, hb_slice_z(keys[i])), want[i]);
            want[i] = NULL;
        }
        assert_int_equal(hb_map_count(m), count);
        i = (random >> 8) % KEYS;
        assert_ptr_equal(hb_map_get(m, hb_slice_z(keys[i])), want[i]);
    }
    for (int i = 0; i < KEYS; i++)
        assert_ptr_equal(hb_map_get(m, hb_slice_z(keys[i])), want[i]);
}

static void test_walk(void **state)
{
    _cleanup_map_ struct hb_map *m = hb_map_new();
    static char keys[1000][8];
    bool seen[1000] = {false};
    struct hb_slice key;
    size_t at = 0, n = 0;
    void *value;

    assert_false(hb_map_next(m, &at, NULL, NULL));
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%d", i);
        assert_int_equal(hb_map_put(m, hb_slice_z(keys[i]), &seen[i]), 0);
    }
    at = 0;
    while (hb_map_next(m, &at, &key, &value)) {
        bool *flag = value;

        assert_false(*flag);
        assert_ptr_equal(key.p, keys[flag - seen]);
        *flag = true;
        n++;
    }
    assert_int_equal(n, 1000);
    assert_false(hb_map_next(m, &at, &key, &value));
}

static void test_failing_allocation(void **state)
{
    static char keys[13][4];
    struct hb_map *m;

    for (unsigned n = 1; n <= 2; n++) {
        hb_fault_set(HB_FAULT_ALLOC, n);
        assert_null(hb_map_new());
    }
    m = hb_map_new();
    assert_non_null(m);
    /* The thirteenth makes the table of 16 grow. */
    hb_fault_set(HB_FAULT_ALLOC, 1);
    for (int i = 0; i < 13; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%d", i);
        assert_int_equal(hb_map_put(m, hb_slice_z(keys[i]), keys[i]),
                         i < 12 ? 0 : -ENOMEM);
    }
    assert_int_equal(hb_map_count(m), 12);
    for (int i = 0; i < 12; i++)
        assert_ptr_equal(hb_map_get(m, hb_slice_z(keys[i])), keys[i]);
    /* Replacing needs no memory; afterwards it grows. */
    assert_int_equal(hb_map_put(m, hb_slice_z(keys[0]), keys[1]), 0);
    assert_int_equal(hb_map_put(m, hb_slice_z(keys[12]), keys[12]), 0);
    assert_int_equal(hb_map_count(m), 13);
    hb_map_free(m);
    hb_map_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basics),
        cmocka_unit_test(test_keys_are_bytes),
        cmocka_unit_test(test_against_an_array),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_failing_allocation),
    };

    return hb_tap_run("base/map", tests);
}

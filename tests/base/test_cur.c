/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor never reads outside, never moves after a failure. */
#include "tap.h"

#include "base/buf.h"
#include "base/cur.h"
#include "base/id.h"

static void test_round_trip(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_slice s;
    struct hb_cur c;

    hb_buf_add_u8(&b, 0xfe);
    hb_buf_add_u16(&b, 0xfedc);
    hb_buf_add_u32(&b, 0xfedcba98);
    hb_buf_add_u64(&b, 0xfedcba9876543210);
    hb_buf_add_bytes(&b, "hello", 5);
    hb_buf_add_bytes(&b, "", 0);
    hb_cur_init(&c, b.p, b.n);
    assert_int_equal(hb_cur_u8(&c), 0xfe);
    assert_int_equal(hb_cur_u16(&c), 0xfedc);
    assert_int_equal(hb_cur_u32(&c), 0xfedcba98);
    assert_true(hb_cur_u64(&c) == 0xfedcba9876543210);
    s = hb_cur_bytes(&c, 5);
    assert_true(hb_slice_eq(s, HB_SLICE("hello")));
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
    s = hb_cur_bytes(&c, 0);
    assert_int_equal(s.n, 0);
    assert_non_null(s.p);
    assert_int_equal(hb_cur_left(&c), 0);
    assert_int_equal(hb_cur_end(&c), 0);
}

static void test_short_read_sticks(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3};
    struct hb_cur c;

    hb_cur_init(&c, bytes, sizeof(bytes));
    assert_int_equal(hb_cur_u32(&c), 0);
    assert_int_equal(c.err, -EBADMSG);
    assert_int_equal(c.at, 0);
    /* A byte would be there; the record is broken all the same. */
    assert_int_equal(hb_cur_u8(&c), 0);
    assert_null(hb_cur_take(&c, 1).p);
    assert_null(hb_cur_take(&c, 0).p);
    assert_int_equal(c.at, 0);
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
}

static void test_length_above_the_bound(void **state)
{
    static const uint8_t bytes[] = {4, 0, 0, 0, 'a', 'b', 'c', 'd'};
    struct hb_cur c;

    hb_cur_init(&c, bytes, sizeof(bytes));
    assert_null(hb_cur_bytes(&c, 3).p);
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
}

static void test_length_above_the_rest(void **state)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff, 0xff, 'a'};
    struct hb_cur c;

    hb_cur_init(&c, bytes, sizeof(bytes));
    assert_null(hb_cur_bytes(&c, SIZE_MAX).p);
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
    hb_cur_init(&c, bytes, sizeof(bytes));
    assert_null(hb_cur_take(&c, SIZE_MAX).p);
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
}

static void test_nothing(void **state)
{
    struct hb_cur c;

    hb_cur_init(&c, NULL, 100);
    assert_int_equal(hb_cur_left(&c), 0);
    assert_int_equal(hb_cur_end(&c), 0);
    assert_non_null(hb_cur_take(&c, 0).p);
    assert_int_equal(hb_cur_u8(&c), 0);
    assert_int_equal(hb_cur_end(&c), -EBADMSG);
}

/* Random programs over random bytes, in blocks of just that size so that
 * the sanitizer sees one byte too far. */
static void test_random_programs(void **state)
{
    for (int round = 0; round < 3000; round++) {
        uint8_t random[64];
        size_t n;
        uint8_t *exact;
        struct hb_cur c;

        hb_random(random, sizeof(random));
        n = random[0] % 48;
        exact = malloc(n != 0 ? n : 1);
        memcpy(exact, random + 16, n);
        hb_cur_init(&c, exact, n);
        for (int i = 1; i < 16; i++) {
            size_t before = c.at;
            struct hb_slice s = {NULL, 0};

            switch (random[i] % 6) {
            case 0:
                (void)hb_cur_u8(&c);
                break;
            case 1:
                (void)hb_cur_u16(&c);
                break;
            case 2:
                (void)hb_cur_u32(&c);
                break;
            case 3:
                (void)hb_cur_u64(&c);
                break;
            case 4:
                s = hb_cur_take(&c, random[i] / 8);
                break;
            default:
                s = hb_cur_bytes(&c, 20);
                break;
            }
            for (size_t k = 0; k < s.n; k++)
                assert_in_range((uint8_t)s.p[k], 0, 255);
            assert_true(c.at >= before && c.at <= n);
        }
        assert_int_equal(hb_cur_end(&c) == 0, c.err == 0 && c.at == n);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_short_read_sticks),
        cmocka_unit_test(test_length_above_the_bound),
        cmocka_unit_test(test_length_above_the_rest),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_random_programs),
    };

    return hb_tap_run("base/cur", tests);
}

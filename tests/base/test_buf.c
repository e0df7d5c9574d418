/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers: growth, ceiling, sticky errors, little-endian fields. */
#include "tap.h"

#include "base/buf.h"
#include "base/fault.h"

static void test_empty(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_string_equal(hb_buf_z(&b), "");
    assert_int_equal(b.n, 0);
    assert_int_equal(hb_buf_err(&b), 0);
    hb_buf_add(&b, NULL, 0);
    hb_buf_addz(&b, "");
    hb_buf_addf(&b, "%s", "");
    assert_int_equal(b.n, 0);
    assert_int_equal(hb_buf_err(&b), 0);
}

static void test_text(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "one");
    hb_buf_addc(&b, ' ');
    hb_buf_addf(&b, "%s %d", "two", 3);
    hb_buf_add(&b, "x\0y", 3);
    assert_int_equal(b.n, 12);
    assert_memory_equal(b.p, "one two 3x\0y", 13);
    assert_int_equal(hb_buf_slice(&b).n, 12);
}

static void test_always_terminated(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    for (int i = 0; i < 5000; i++) {
        hb_buf_addc(&b, 'a');
        assert_int_equal(b.p[b.n], '\0');
        assert_true(b.n < b.cap);
    }
    assert_int_equal(strlen(hb_buf_z(&b)), 5000);
    hb_buf_addf(&b, "%7000d", 1);
    assert_int_equal(strlen(hb_buf_z(&b)), 12000);
}

static void test_fields(void **state)
{
    static const uint8_t want[] = {1, 2, 1, 4, 3, 2, 1,   8,   7,   6, 5, 4, 3,
                                   2, 1, 3, 0, 0, 0, 'a', 'b', 'c', 0, 0, 0, 0};
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_add_u8(&b, 1);
    hb_buf_add_u16(&b, 0x0102);
    hb_buf_add_u32(&b, 0x01020304);
    hb_buf_add_u64(&b, 0x0102030405060708);
    hb_buf_add_bytes(&b, "abc", 3);
    hb_buf_add_bytes(&b, NULL, 0);
    assert_int_equal(b.n, sizeof(want));
    assert_memory_equal(b.p, want, sizeof(want));
}

static void test_ceiling_sticks(void **state)
{
    _cleanup_buf_ struct hb_buf b;

    hb_buf_init(&b, 10);
    hb_buf_addz(&b, "0123456789");
    assert_int_equal(hb_buf_err(&b), 0);
    hb_buf_addc(&b, 'x');
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    assert_string_equal(hb_buf_z(&b), "0123456789");
    hb_buf_reset(&b);
    assert_int_equal(hb_buf_err(&b), 0);
    assert_string_equal(hb_buf_z(&b), "");
    hb_buf_addz(&b, "01234567");
    hb_buf_addf(&b, "%d", 12345);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    /* What would fit now comes too late: the record is broken. */
    hb_buf_addc(&b, 'x');
    assert_string_equal(hb_buf_z(&b), "01234567");
}

static void test_bytes_are_whole_or_absent(void **state)
{
    _cleanup_buf_ struct hb_buf b;

    hb_buf_init(&b, 6);
    hb_buf_add_bytes(&b, "abc", 3);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    assert_int_equal(b.n, 0);
}

static void test_absurd_sizes(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, "x");
    hb_buf_add(&b, "", SIZE_MAX);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    hb_buf_reset(&b);
    hb_buf_add_bytes(&b, "", (size_t)UINT32_MAX + 1);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
}

static void test_done_can_be_used_again(void **state)
{
    struct hb_buf b;

    hb_buf_init(&b, 4);
    hb_buf_addz(&b, "12345");
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    hb_buf_done(&b);
    hb_buf_addz(&b, "1234");
    assert_int_equal(hb_buf_err(&b), 0);
    assert_string_equal(hb_buf_z(&b), "1234");
    hb_buf_done(&b);
    hb_buf_done(&b);
}

static void test_failing_allocation(void **state)
{
    for (unsigned n = 1; n <= 3; n++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        size_t before = 0;

        hb_fault_set(HB_FAULT_ALLOC, n);
        for (int i = 0; i < 1000 && hb_buf_err(&b) == 0; i++) {
            before = b.n;
            hb_buf_add_u16(&b, 7);
        }
        assert_int_equal(hb_buf_err(&b), -ENOMEM);
        assert_int_equal(b.n, before);
        assert_false(hb_fault_pending(HB_FAULT_ALLOC));
        hb_buf_addz(&b, "more");
        assert_int_equal(b.n, before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_always_terminated),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_ceiling_sticks),
        cmocka_unit_test(test_bytes_are_whole_or_absent),
        cmocka_unit_test(test_absurd_sizes),
        cmocka_unit_test(test_done_can_be_used_again),
        cmocka_unit_test(test_failing_allocation),
    };

    return hb_tap_run("base/buf", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes, durations, hex, UTF-8: what is taken, what is refused. */
#include "tap.h"

#include "base/clock.h"
#include "base/num.h"

static void test_u64(void **state)
{
    uint64_t v = 7;

    assert_int_equal(hb_parse_u64(HB_SLICE("0"), &v), 0);
    assert_true(v == 0);
    assert_int_equal(hb_parse_u64(HB_SLICE("18446744073709551615"), &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(hb_parse_u64(HB_SLICE("010"), &v), 0);
    assert_true(v == 10); /* never octal */
    assert_int_equal(hb_parse_u64(hb_slice("123", 2), &v), 0);
    assert_true(v == 12);
    v = 7;
    assert_int_equal(hb_parse_u64(HB_SLICE("18446744073709551616"), &v),
                     -ERANGE);
    assert_int_equal(hb_parse_u64(HB_SLICE("99999999999999999999999"), &v),
                     -ERANGE);
    assert_int_equal(hb_parse_u64(HB_SLICE("99999999999999999999999x"), &v),
                     -EINVAL);
    assert_true(v == 7);
}

static void test_u64_refuses(void **state)
{
    static const char *const bad[] = {"",    " 1",  "1 ", "+1",  "-1",  "0x1",
                                      "1e3", "1.0", "１", "1\n", "1_0", "a"};
    uint64_t v;

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        if (hb_parse_u64(hb_slice_z(bad[i]), &v) != -EINVAL)
            fail_msg("not refused: \"%s\"", bad[i]);
    }
    assert_int_equal(hb_parse_u64(HB_SLICE("1\0002"), &v), -EINVAL);
}

static void test_i64(void **state)
{
    int64_t v = 7;

    assert_int_equal(hb_parse_i64(HB_SLICE("-9223372036854775808"), &v), 0);
    assert_true(v == INT64_MIN);
    assert_int_equal(hb_parse_i64(HB_SLICE("9223372036854775807"), &v), 0);
    assert_true(v == INT64_MAX);
    assert_int_equal(hb_parse_i64(HB_SLICE("-0"), &v), 0);
    assert_true(v == 0);
    v = 7;
    assert_int_equal(hb_parse_i64(HB_SLICE("9223372036854775808"), &v),
                     -ERANGE);
    assert_int_equal(hb_parse_i64(HB_SLICE("-9223372036854775809"), &v),
                     -ERANGE);
    assert_int_equal(hb_parse_i64(HB_SLICE("-"), &v), -EINVAL);
    assert_int_equal(hb_parse_i64(HB_SLICE("--1"), &v), -EINVAL);
    assert_int_equal(hb_parse_i64(HB_SLICE("+1"), &v), -EINVAL);
    assert_int_equal(hb_parse_i64(HB_SLICE(""), &v), -EINVAL);
    assert_true(v == 7);
}

static void test_size(void **state)
{
    uint64_t v = 7;

    assert_int_equal(hb_parse_size(HB_SLICE("20"), &v), 0);
    assert_true(v == 20);
    assert_int_equal(hb_parse_size(HB_SLICE("20k"), &v), 0);
    assert_true(v == 20480);
    assert_int_equal(hb_parse_size(HB_SLICE("64M"), &v), 0);
    assert_true(v == 64u << 20);
    assert_int_equal(hb_parse_size(HB_SLICE("2g"), &v), 0);
    assert_true(v == 2ull << 30);
    assert_int_equal(hb_parse_size(HB_SLICE("17179869184g"), &v), -ERANGE);
    assert_int_equal(hb_parse_size(HB_SLICE("k"), &v), -EINVAL);
    assert_int_equal(hb_parse_size(HB_SLICE("1kb"), &v), -EINVAL);
    assert_int_equal(hb_parse_size(HB_SLICE("1 k"), &v), -EINVAL);
    assert_int_equal(hb_parse_size(HB_SLICE("-1k"), &v), -EINVAL);
    assert_int_equal(hb_parse_size(HB_SLICE("1.5k"), &v), -EINVAL);
    assert_int_equal(hb_parse_size(HB_SLICE(""), &v), -EINVAL);
}

static void test_duration(void **state)
{
    uint64_t v;

    assert_int_equal(hb_parse_duration(HB_SLICE("500ms"), &v), 0);
    assert_true(v == 500 * HB_MS);
    assert_int_equal(hb_parse_duration(HB_SLICE("10s"), &v), 0);
    assert_true(v == 10 * HB_S);
    assert_int_equal(hb_parse_duration(HB_SLICE("5m"), &v), 0);
    assert_true(v == 300 * HB_S);
    assert_int_equal(hb_parse_duration(HB_SLICE("24h"), &v), 0);
    assert_true(v == 86400 * HB_S);
    assert_int_equal(hb_parse_duration(HB_SLICE("30d"), &v), 0);
    assert_true(v == 30 * 86400 * HB_S);
    /* Without a unit nobody knows what was meant. */
    assert_int_equal(hb_parse_duration(HB_SLICE("10"), &v), -EINVAL);
    assert_int_equal(hb_parse_duration(HB_SLICE("1h30m"), &v), -EINVAL);
    assert_int_equal(hb_parse_duration(HB_SLICE("s"), &v), -EINVAL);
    assert_int_equal(hb_parse_duration(HB_SLICE("999999999d"), &v), -ERANGE);
}

static void test_hex(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xff};
    uint8_t out[4] = {9, 9, 9, 9};
    char text[9];

    hb_hex(bytes, sizeof(bytes), text);
    assert_string_equal(text, "007f80ff");
    assert_int_equal(hb_unhex(hb_slice_z(text), out, 4), 0);
    assert_memory_equal(out, bytes, 4);
    assert_int_equal(hb_unhex(HB_SLICE("DEADbeef"), out, 4), 0);
    assert_int_equal(hb_unhex(HB_SLICE("deadbeef00"), out, 4), -EINVAL);
    assert_int_equal(hb_unhex(HB_SLICE("deadbee"), out, 4), -EINVAL);
    memset(out, 9, 4);
    assert_int_equal(hb_unhex(HB_SLICE("deadbeeg"), out, 4), -EINVAL);
    assert_int_equal(hb_hex_byte("7Fz"), 0x7f);
    assert_int_equal(hb_hex_byte("7"), -1);
    assert_int_equal(hb_hex_byte("g7"), -1);
    assert_int_equal(hb_hex_byte(""), -1);
    assert_int_equal(out[0], 9); /* untouched */
    hb_hex(NULL, 0, text);
    assert_string_equal(text, "");
}

static void test_hex_digit(void **state)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    int n = 0;

    for (int i = 0; i < 32; i++)
        assert_int_equal(hb_hex_digit(digits[i]), i % 16);
    for (int c = 0; c < 256; c++)
        n += hb_hex_digit((char)c) >= 0;
    assert_int_equal(n, 22);
}

static void test_ends_with(void **state)
{
    assert_true(hb_ends_with("access.log.gz", ".gz"));
    assert_true(hb_ends_with(".gz", ".gz"));
    assert_true(hb_ends_with("a", ""));
    assert_false(hb_ends_with("gz", ".gz"));
    assert_false(hb_ends_with("access.gz.log", ".gz"));
}

static void test_utf8(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "é",
                                       "火の番",
                                       "🔥",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xe0\xa0\x80"};
    static const char *const bad[] = {"\x80",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xe0\x80\xaf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\xaf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xe7\x81",
                                      "\xf0\x9f\x94",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe7(\xab",
                                      "a\x80",
                                      "\xe7\x81\xab\xe7",
                                      "\xf0\x9f\x94("};

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        if (!hb_utf8_valid(good[i], strlen(good[i])))
            fail_msg("refused: %zu", i);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        if (hb_utf8_valid(bad[i], strlen(bad[i])))
            fail_msg("not refused: %zu", i);
    }
    assert_true(hb_utf8_valid("a\0b", 3));
}

static void test_copyz_cuts_between_characters(void **state)
{
    char dst[32];

    assert_true(hb_copyz(dst, sizeof(dst), "火の番"));
    assert_string_equal(dst, "火の番");
    assert_true(hb_copyz(dst, 10, "火の番"));
    for (size_t size = 7; size <= 9; size++) {
        assert_false(hb_copyz(dst, size, "火の番"));
        assert_string_equal(dst, "火の");
    }
    for (size_t size = 1; size <= 3; size++) {
        assert_false(hb_copyz(dst, size, "火の番"));
        assert_string_equal(dst, "");
    }
    assert_false(hb_copyz(dst, 4, "🔥"));
    assert_string_equal(dst, "");
    assert_false(hb_copyz(dst, 4, "abcd"));
    assert_string_equal(dst, "abc");
    dst[0] = 'x';
    assert_false(hb_copyz(dst, 0, "a"));
    assert_int_equal(dst[0], 'x');
}

static void test_cut_of_malformed_text(void **state)
{
    /* Nothing is lost where there is no character to protect. */
    assert_int_equal(hb_utf8_cut("\x80\x80\x80\x80\x80\x80", 6), 6);
    assert_int_equal(hb_utf8_cut("", 0), 0);
    assert_int_equal(hb_utf8_cut("abc\xe7", 4), 3);
    assert_int_equal(hb_utf8_cut("\xe7\x81\xab", 3), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_u64),
        cmocka_unit_test(test_u64_refuses),
        cmocka_unit_test(test_i64),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_hex_digit),
        cmocka_unit_test(test_ends_with),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_copyz_cuts_between_characters),
        cmocka_unit_test(test_cut_of_malformed_text),
    };

    return hb_tap_run("base/num", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign text made visible: every kind of hidden character, bytes that are
 * no UTF-8, and messages cut at every length.
 */
#include "../tap.h"

#include "base/num.h"
#include "base/show.h"

static void shown(struct hb_slice s, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char z[256];

    hb_show(&b, s);
    assert_string_equal(hb_buf_z(&b), want);
    assert_string_equal(hb_showz(z, sizeof z, s), want);
}

static void test_kept(void **state)
{
    shown((struct hb_slice){NULL, 0}, "");
    shown(HB_SLICE("index.php"), "index.php");
    shown(HB_SLICE("a b\\c\"d'"), "a b\\c\"d'");
    shown(HB_SLICE("\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa"),
          "\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa");
    shown(HB_SLICE("e\xcc\x81 \xd7\xa9 \xf0\x9f\x94\xa5"),
          "e\xcc\x81 \xd7\xa9 \xf0\x9f\x94\xa5");
    shown(HB_SLICE("\xe8\x91\x9b\xf3\xa0\x84\x80"),
          "\xe8\x91\x9b\xf3\xa0\x84\x80");
}

static void test_made_visible(void **state)
{
    shown(HB_SLICE("a\nb\tc\rd"), "a\\nb\\tc\\rd");
    shown(HB_SLICE("a\0b"), "a\\x00b");
    shown(HB_SLICE("\x1b[2J\x07\x7f"), "\\x1b[2J\\x07\\x7f");
    shown(HB_SLICE("\xc2\x9b"
                   "31m"),
          "\\u009b31m");
    shown(HB_SLICE("invoice\xe2\x80\xae"
                   "fdp.exe"),
          "invoice\\u202efdp.exe");
    shown(HB_SLICE("\xe2\x81\xa6\xe2\x81\xa9\xd8\x9c"),
          "\\u2066\\u2069\\u061c");
    shown(HB_SLICE("a\xe2\x80\x8b\xef\xbb\xbf"), "a\\u200b\\ufeff");
    shown(HB_SLICE("\xe2\x80\xa8\xe2\x80\xa9"), "\\u2028\\u2029");
    shown(HB_SLICE("\xf3\xa0\x80\x81"), "\\U000e0001");
    shown(HB_SLICE("\xe3\x85\xa4"), "\\u3164");
    shown(HB_SLICE("\xff\xc0\xaf\xe7\x81"), "\\xff\\xc0\\xaf\\xe7\\x81");
    shown(HB_SLICE("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

static void test_hidden_edges(void **state)
{
    assert_true(hb_show_hidden(0));
    assert_true(hb_show_hidden(0x1f));
    assert_false(hb_show_hidden(0x20));
    assert_false(hb_show_hidden(0x7e));
    assert_true(hb_show_hidden(0x9f));
    assert_false(hb_show_hidden(0xa0));
    assert_false(hb_show_hidden(0x200a));
    assert_true(hb_show_hidden(0x200b));
    assert_false(hb_show_hidden(0x2010));
    assert_true(hb_show_hidden(0xe00ff));
    assert_false(hb_show_hidden(0xe0100));
    assert_false(hb_show_hidden(0xe01ef));
    assert_true(hb_show_hidden(0xe01f0));
    assert_false(hb_show_hidden(0x10ffff));
}

/* Cut at every size: terminated, valid, and "..." only where cut. */
static void test_cut(void **state)
{
    struct hb_slice s =
        HB_SLICE("ab\xe7\x81\xab\x1b\xf0\x9f\x94\xa5\xe2\x80\xae\xffz");
    char whole[64];
    size_t full = strlen(hb_showz(whole, sizeof whole, s));

    for (size_t size = 8; size < sizeof whole; size++) {
        char z[64];
        size_t n;

        memset(z, 'Z', sizeof z);
        n = strlen(hb_showz(z, size, s));
        assert_true(n < size);
        assert_true(hb_utf8_valid(z, n));
        if (size > full) {
            assert_string_equal(z, whole);
        } else {
            assert_string_equal(z + n - 3, "...");
            assert_memory_equal(z, whole, n - 3);
        }
        for (size_t i = size; i < sizeof z; i++)
            assert_int_equal(z[i], 'Z');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_made_visible),
        cmocka_unit_test(test_hidden_edges),
        cmocka_unit_test(test_cut),
    };

    return hb_tap_run("base/show", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Columns of text and ends of lines, with Japanese, combining and foreign
 * characters; no text is lost and no line is too wide.
 */
#include "../tap.h"

#include "html/width.h"

static void width(const char *z, unsigned want)
{
    assert_int_equal(hb_width(z, strlen(z)), want);
}

static void test_width(void **state)
{
    width("", 0);
    width("abc", 3);
    width("火の番", 6);
    width("ｱｲｳ", 3);    /* half-width katakana */
    width("ＡＢＣ", 6); /* full-width Latin */
    width("「、。」", 8);
    width("か\xe3\x82\x99", 2);     /* combining voiced mark */
    width("e\xcc\x81", 1);          /* combining acute */
    width("葛\xf3\xa0\x84\x80", 2); /* variation selector */
    width("\xf0\x9f\x94\xa5", 2);   /* fire */
    width("\xf0\xa0\xae\xb7", 2);   /* kanji of plane 2 */
    width("한글", 4);
    width("±×", 2);       /* ambiguous: narrow */
    width("\xff\xfe", 2); /* no UTF-8: one each */
    width("a火b", 4);
    assert_int_equal(hb_width_char(0x3000), 2);
    assert_int_equal(hb_width_char(0x303f), 1);
    assert_int_equal(hb_width_char(0x200b), 0);
    assert_int_equal(hb_width_char(0x1ffff), 1);
    assert_int_equal(hb_width_char(0x20000), 2);
    assert_int_equal(hb_width_char(0x10ffff), 1);
}

/* Z broken at WIDTH, lines joined by "|". */
static void lines(const char *z, unsigned columns, const char *want)
{
    char got[512];
    size_t n = strlen(z), out = 0;

    for (size_t at = 0; at < n;) {
        size_t skip = 0, used = hb_width_line(z + at, n - at, columns, &skip);

        assert_true(used > 0);
        assert_true(at + used + skip <= n);
        assert_true(out + used + 2 < sizeof got);
        if (out > 0)
            got[out++] = '|';
        memcpy(got + out, z + at, used);
        out += used;
        for (size_t i = 0; i < skip; i++)
            assert_int_equal(z[at + used + i], ' ');
        at += used + skip;
    }
    got[out] = '\0';
    assert_string_equal(got, want);
}

static void test_lines(void **state)
{
    lines("short", 10, "short");
    lines("one two three", 8, "one two|three");
    lines("one two three", 7, "one two|three");
    lines("one two three", 6, "one|two|three");
    lines("one  two", 5, "one|two");
    lines("abcdefghij", 4, "abcd|efgh|ij");
    lines("ab cdefghij", 4, "ab|cdef|ghij");
    lines("/var/www/html/x", 9, "/var/www/|html/x");
    lines("   ", 2, "   ");
    lines("a   ", 2, "a");
}

static void test_lines_japanese(void **state)
{
    lines("火の番が見ている", 6, "火の番|が見て|いる");
    lines("火の番が見ている", 7, "火の番|が見て|いる");
    /* No line begins with a full stop or ends with an opening bracket. */
    lines("見ている。次", 8, "見てい|る。次");
    lines("これは「火の番」", 8, "これは|「火の|番」");
    lines("サーバー", 6, "サー|バー");
    lines("webサイトを直す", 8, "webサイ|トを直す");
    lines("か\xe3\x82\x99か\xe3\x82\x99", 2, "か\xe3\x82\x99|か\xe3\x82\x99");
    /* Nowhere to break well: broken all the same. */
    lines("。。。。", 4, "。。|。。");
    lines("火", 1, "火");
}

/* Any text at any width: nothing lost, nothing too wide. */
static void test_lines_fit(void **state)
{
    static const char *const texts[] = {
        "The site https://www.example.jp/ 改ざんを検知しました。復旧済み",
        "「(（[{」)）]} a,b.c!d?e",
        "a\xff\xfe b\xe7\x81 c",
        "長い説明文がここに入り、句読点も、括弧（かっこ）も含みます。",
        "x y  z   w    v     u",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++) {
        for (unsigned w = 1; w < 40; w++) {
            size_t n = strlen(texts[i]), at = 0;

            while (at < n) {
                size_t skip = 0;
                const char *p = texts[i] + at;
                size_t used = hb_width_line(p, n - at, w, &skip);

                assert_true(used > 0);
                assert_true(used + skip <= n - at);
                if (w >= 2)
                    assert_true(hb_width(p, used) <= w);
                at += used + skip;
            }
            assert_int_equal(at, n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_japanese),
        cmocka_unit_test(test_lines_fit),
    };

    return hb_tap_run("html/width", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings of Japanese text: what they are guessed to be, their hard
 * characters, cut sequences, bytes that are none.
 */
#include "../tap.h"

#include "inspect/encoding.h"

#define TEXT(lit) HB_SLICE(lit)

static enum hb_encoding guess(struct hb_slice s)
{
    return hb_encoding_guess(s);
}

/* IN, handed over in pieces of STEP bytes and into STEP bytes more than a
 * character takes, is WANT. */
static void decode_in(enum hb_encoding e, struct hb_slice in, const char *want,
                      size_t step)
{
    struct hb_decode d = {.encoding = e};
    char got[512], held[16];
    size_t n = 0, held_n = 0, at = 0;

    for (;;) {
        bool last = at == in.n;
        size_t take = HB_MIN(HB_MIN(step, in.n - at), sizeof held - held_n);
        size_t used, made;

        memcpy(held + held_n, in.p + at, take);
        held_n += take;
        at += take;
        used = hb_decode(&d, hb_slice(held, held_n), last, got + n,
                         HB_MIN(7 + step, sizeof got - n), &made);
        n += made;
        memmove(held, held + used, held_n - used);
        held_n -= used;
        if (last && held_n == 0)
            break;
    }
    got[n] = '\0';
    assert_string_equal(got, want);
}

static void decode(enum hb_encoding e, struct hb_slice in, const char *want)
{
    for (size_t step = 1; step <= 9; step++)
        decode_in(e, in, want, step);
}

static void test_guess(void **state)
{
    assert_int_equal(guess(TEXT("")), HB_ENC_ASCII);
    assert_int_equal(guess(TEXT("plain\n")), HB_ENC_ASCII);
    assert_int_equal(guess(TEXT("\xef\xbb\xbf"
                                "a")),
                     HB_ENC_UTF8_BOM);
    assert_int_equal(guess(TEXT("山田太郎\n")), HB_ENC_UTF8);
    /* 氏名 */
    assert_int_equal(guess(TEXT("\x8e\x81\x96\xbc")), HB_ENC_CP932);
    assert_int_equal(guess(TEXT("\xbb\xe1\xcc\xbe")), HB_ENC_EUC_JP);
    assert_int_equal(guess(TEXT("\x1b$B;aL>\x1b(B")), HB_ENC_ISO_2022_JP);
    assert_int_equal(guess(TEXT("\x1b(IB3\x1b(B")), HB_ENC_ISO_2022_JP);
    assert_int_equal(guess(TEXT("\xff\xfe"
                                "a\0")),
                     HB_ENC_UTF16LE);
    assert_int_equal(guess(TEXT("\xfe\xff\0a")), HB_ENC_UTF16BE);
    assert_int_equal(guess(TEXT("a\0b\0c\0\n\0")), HB_ENC_UTF16LE);
    assert_int_equal(guess(TEXT("\0a\0b\0c\0\n")), HB_ENC_UTF16BE);
    assert_int_equal(guess(TEXT("\x7f"
                                "ELF\x02\x01\0\0\0\0")),
                     HB_ENC_UNKNOWN);
    /* Half-width kana alone, and kanji of EUC-JP in the same range. */
    assert_int_equal(guess(TEXT("\xc0\xc5\xb6\x20\xc0\xdb\xb3")), HB_ENC_CP932);
    assert_int_equal(guess(TEXT("\xc4\xcc\xc8\xd6,\xb2\xb9\xc5\xd9,\xc0\xd1")),
                     HB_ENC_EUC_JP);
    assert_int_equal(guess(TEXT("\x8e\xd4\x8e\xcf\x8e\xc0\x8e\xde \x8e\xc0")),
                     HB_ENC_EUC_JP);
    /* A window that ends within a character. */
    assert_int_equal(guess(TEXT("山田\xe5\xa4")), HB_ENC_UTF8);
}

static void test_names(void **state)
{
    assert_string_equal(hb_encoding_name(HB_ENC_UTF8_BOM), "utf-8-sig");
    assert_string_equal(hb_encoding_name(HB_ENC_ISO_2022_JP), "iso-2022-jp");
    assert_string_equal(hb_encoding_name(HB_ENC_UTF16BE), "utf-16be");
    assert_true(hb_encoding_plain(HB_ENC_ASCII));
    assert_false(hb_encoding_plain(HB_ENC_CP932));
}

/* ① ㈱ of NEC's row 13, 髙 﨑 of IBM's rows, half-width kana. */
static void test_hard_characters(void **state)
{
    decode(HB_ENC_CP932,
           TEXT("\x87\x40\x87\x8a\xfb\xfc\xfa\xb1\xc0\xb6\xca\xbc"),
           "①㈱髙﨑ﾀｶﾊｼ");
    /* NEC's copy of the same, where Windows reads it in EUC-JP and JIS. */
    decode(HB_ENC_EUC_JP,
           TEXT("\xad\xa1\xad\xea\xfc\xe2\xf9\xf5\x8e\xc0\x8e\xb6"),
           "①㈱髙﨑ﾀｶ");
    decode(HB_ENC_ISO_2022_JP, TEXT("\x1b$B-!-j|byu\x1b(I@6J<\x1b(B-a"),
           "①㈱髙﨑ﾀｶﾊｼ-a");
    decode(HB_ENC_CP932, TEXT("\x81\x60\x81\x7c\x83\x5c\x95\x5c"), "～－ソ表");
    decode(HB_ENC_UTF16LE,
           TEXT("\xff\xfe\xd9\x9a\x42\xd8\xb7\xdf"
                "a\0"),
           "髙𠮷a");
    decode(HB_ENC_UTF16BE, TEXT("\x9a\xd9\xd8\x42\xdf\xb7\0a"), "髙𠮷a");
    decode(HB_ENC_UTF8, TEXT("髙𠮷①"), "髙𠮷①");
}

/* A line begins in ASCII again, whatever set the one before ended in. */
static void test_line_of_jis(void **state)
{
    decode(HB_ENC_ISO_2022_JP, TEXT("\x1b$B;a\nL>"), "氏\nL>");
    decode(HB_ENC_ISO_2022_JP, TEXT("\x1b(J\\\x1b$@;a\x1b(B!"), "\\氏!");
}

#define BAD "\xef\xbf\xbd"

static void test_bad(void **state)
{
    /* What is cut, and what goes on behind it. */
    decode(HB_ENC_CP932, TEXT("a\x8e"), "a" BAD);
    decode(HB_ENC_CP932, TEXT("\x8e\nb"), BAD "\nb");
    decode(HB_ENC_CP932, TEXT("\x80\xa0\xfd"), BAD BAD BAD);
    decode(HB_ENC_EUC_JP,
           TEXT("\xbb"
                "b"),
           BAD "b");
    decode(HB_ENC_EUC_JP, TEXT("\xbb"), BAD);
    decode(HB_ENC_EUC_JP,
           TEXT("\x8f\xb0\xa1"
                "a"),
           BAD "a");
    decode(HB_ENC_UTF8,
           TEXT("\xe5\xb1"
                "a\xff"),
           BAD BAD "a" BAD);
    decode(HB_ENC_UTF8, TEXT("\xe5\xb1"), BAD BAD);
    decode(HB_ENC_UTF16LE,
           TEXT("a\0\0\xd8"
                "b\0"),
           "a" BAD "b");
    decode(HB_ENC_UTF16LE, TEXT("a\0b"), "a" BAD);
    decode(HB_ENC_ISO_2022_JP, TEXT("\x1b$B;\x1b(Ba"), BAD "a");
    decode(HB_ENC_ISO_2022_JP, TEXT("\x1b"), BAD);
    /* Rows and cells that the table does not have. */
    decode(HB_ENC_CP932, TEXT("\x85\x40"), BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guess),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_hard_characters),
        cmocka_unit_test(test_line_of_jis),
        cmocka_unit_test(test_bad),
    };

    return hb_tap_run("inspect/encoding", tests);
}

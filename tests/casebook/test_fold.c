/* SPDX-License-Identifier: Apache-2.0 */
/* Folding: what people type differently must come out alike. */
#include "tap.h"
#include "base/num.h"
#include "casebook/fold.h"

static void folds(const char *text, const char *want)
{
    uint32_t work[256];
    char out[256];
    size_t n = hb_fold(hb_slice_z(text), work, out);

    assert_true(n <= strlen(text));
    assert_true(hb_utf8_valid(out, n));
    if (n != strlen(want) || memcmp(out, want, n) != 0)
        fail_msg("\"%s\" became \"%.*s\", not \"%s\"", text, (int)n, out, want);
}

static void test_width(void **state)
{
    (void)state;
    folds("ＵＳＢ　ﾒﾓﾘｰ", "usbメモリ");
    folds("ﾊﾟｽﾜｰﾄﾞ付きＺＩＰ", "パスワード付きzip");
    folds("ｳﾞ", "ヴ");
    /* As one file system writes names: marks apart. */
    folds("フ\xe3\x82\x9aロク\xe3\x82\x99ラム", "プログラム");
    folds("は\xe3\x82\x9aか\xe3\x82\x99", "ぱが");
    /* A mark that fits nothing goes. */
    folds("あﾞa\xe3\x82\x9a", "あa");
}

static void test_words(void **state)
{
    (void)state;
    folds("サーバーが", "サーバが");
    folds("サーバ", "サーバ");
    folds("サーバールーム", "サーバールーム");
    folds("キー", "キー"); /* too short to lose anything */
    folds("ウィルス", "ウイルス");
    folds("フォルダー", "フオルダ");
    folds("E-Mail", "e mail");
    folds("can't shop's CAN\xe2\x80\x99T", "cant shop cant");
    folds("a.zip. .b", "a.zip .b");
    folds("「メール」（添付）", "メール添付");
}

static void test_blanks(void **state)
{
    (void)state;
    folds("  a \t\n b  ", "a b");
    folds("添付 の zip を 開いた", "添付のzipを開いた");
    folds("", "");
    folds(" \n", "");
    folds("!?#", "");
}

/* Any bytes: what is no UTF-8 is a blank. */
static void test_broken(void **state)
{
    uint32_t work[8];
    char out[8];

    (void)state;
    folds("a\xff\xfe z", "a z");
    folds("\xe3\x83", "");
    folds("\xed\xa0\x80x", "x");
    assert_int_equal(hb_fold(hb_slice("a\0b", 3), work, out), 3);
    assert_memory_equal(out, "a b", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width), cmocka_unit_test(test_words),
        cmocka_unit_test(test_blanks), cmocka_unit_test(test_broken)};

    return hb_tap_run("casebook/fold", tests);
}

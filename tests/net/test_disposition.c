/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files in headers, languages, cookies and ranges. */
#include "../tap.h"

#include "net/disposition.h"

static const char *header(const char *name)
{
    static struct hb_buf b = HB_BUF_INIT;

    hb_buf_reset(&b);
    hb_disposition(&b, name);
    return hb_buf_z(&b);
}

static void test_names(void **state)
{
    static const char *const hostile[] = {
        "a\r\nSet-Cookie: x=y",
        "a\"; filename=\"b",
        "../../etc/passwd",
        "\u202egpj.exe",
        "a\x01"
        "b",
        "\xff\xfe",
        "C:\\a\\b",
        "",
        ".htaccess",
        "a%0d%0ab",
        "a;b,c=d",
        "\u2028",
    };
    char large[1000];

    (void)state;
    assert_string_equal(header("a b.txt"), "attachment; filename=\"a b.txt\"; "
                                           "filename*=UTF-8''a%20b.txt");
    assert_string_equal(header("見.txt"), "attachment; filename=\"___.txt\"; "
                                          "filename*=UTF-8''%E8%A6%8B.txt");
    for (size_t i = 0; i < HB_ARRAY_LEN(hostile); i++) {
        const char *h = header(hostile[i]);
        unsigned quotes = 0;

        for (const char *z = h; *z != '\0'; z++) {
            assert_true((unsigned char)*z >= 0x20 && (unsigned char)*z < 0x7f);
            assert_true(*z != '/' && *z != '\\');
            quotes += *z == '"';
        }
        assert_int_equal(quotes, 2);
        assert_null(strstr(h, "filename=\"\""));
        assert_null(strstr(h, "filename=\"."));
    }
    memset(large, 0, sizeof(large));
    for (size_t i = 0; i + 3 < sizeof(large); i += 3)
        memcpy(large + i, "\xe8\xa6\x8b", 3);
    assert_true(strlen(header(large)) < 1200);
    assert_true(strlen(header(large)) % 3 ==
                strlen("attachment; filename=\"\"; filename*=UTF-8''") % 3);
}

static void test_language(void **state)
{
    static const struct {
        const char *value;
        enum hb_lang want;
    } rows[] = {
        {NULL, HB_LANG_JA},
        {"", HB_LANG_JA},
        {"en", HB_LANG_EN},
        {"en-US,en;q=0.9", HB_LANG_EN},
        {"ja,en;q=0.9", HB_LANG_JA},
        {"en;q=0.5, ja;q=0.8", HB_LANG_JA},
        {"fr, de;q=0.9", HB_LANG_JA},
        {"fr;q=1, en;q=0.2, ja;q=0.1", HB_LANG_EN},
        {"jalopy", HB_LANG_JA},
        {"en;q=0", HB_LANG_JA},
        {";;;,,,q=", HB_LANG_JA},
        {"EN-gb;Q=0.7,JA;Q=0.6", HB_LANG_EN},
        {"en;q=1.0,ja;q=0.999", HB_LANG_EN},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        if (hb_accept_language(rows[i].value, HB_LANG_JA) != rows[i].want)
            fail_msg("%s", rows[i].value);
}

static void test_cookies(void **state)
{
    char got[8];

    (void)state;
    assert_true(hb_cookie("a=1; b=2", "b", got, sizeof(got)));
    assert_string_equal(got, "2");
    assert_true(hb_cookie("a=", "a", got, sizeof(got)));
    assert_string_equal(got, "");
    assert_false(hb_cookie("a=1; a=2", "a", got, sizeof(got)));
    assert_false(hb_cookie("xa=1", "a", got, sizeof(got)));
    assert_false(hb_cookie("a=12345678", "a", got, sizeof(got)));
    assert_false(hb_cookie("a", "a", got, sizeof(got)));
    assert_false(hb_cookie("", "a", got, sizeof(got)));
    assert_false(hb_cookie(NULL, "a", got, sizeof(got)));
    assert_true(hb_cookie(";;  a=b=c;", "a", got, sizeof(got)));
    assert_string_equal(got, "b=c");
}

static void test_ranges(void **state)
{
    static const struct {
        const char *value;
        int want;
        int64_t at;
    } rows[] = {
        {NULL, 0, 0},
        {"bytes=0-", 1, 0},
        {"bytes=5-", 1, 5},
        {"bytes=5-9", 1, 5},
        {"bytes=99-", 1, 99},
        {"bytes=100-", -ERANGE, 0},
        {"bytes=-5", 0, 0},
        {"bytes=1-2,4-5", 0, 0},
        {"lines=1-", 0, 0},
        {"bytes=x-", 0, 0},
        {"bytes=1-x", 0, 0},
        {"bytes=18446744073709551616-", 0, 0},
        {"bytes=18446744073709551615-", -ERANGE, 0},
        {"BYTES=3-", 1, 3},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        int64_t at = 0;

        assert_int_equal(hb_range(rows[i].value, 100, &at), rows[i].want);
        if (rows[i].want == 1)
            assert_int_equal((int)at, (int)rows[i].at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_language),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_ranges),
    };

    return hb_tap_run("net/disposition", tests);
}

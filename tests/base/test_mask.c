/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a support bundle must not tell, and what it must still tell.
 */
#include "../tap.h"

#include "base/mask.h"

static void masked(const char *text, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_mask(&b, hb_slice_z(text));
    assert_string_equal(hb_buf_z(&b), want);
}

static void test_values(void **state)
{
    masked("password: hunter2", "password: (masked)\n");
    masked("db_password=hunter2 host=a", "db_password=(masked) host=a\n");
    masked("{\"token\":\"abc\",\"n\":1}", "{\"token\":\"(masked)\",\"n\":1}\n");
    masked("Secret_Key = 'x y'", "Secret_Key = '(masked) y'\n");
    masked("Authorization: Bearer abc.def", "Authorization: (masked)\n");
    masked("Set-Cookie: id=1; path=/", "Set-Cookie: (masked)\n");
    masked("GET /?token=abc&a=1", "GET /?token=(masked)&a=1\n");
    masked("パスワード: ひみつ", "パスワード: (masked)\n");
}

static void test_kept(void **state)
{
    masked("the password is too short", "the password is too short\n");
    masked("password:", "password:\n");
    masked("two\nlines", "two\nlines\n");
    masked("", "");
    masked("a@", "a@\n");
    masked("/srv/www/index.html 0644", "/srv/www/index.html 0644\n");
    masked("tampered \x1b[31m", "tampered \\x1b[31m\n");
}

static void test_addresses(void **state)
{
    masked("mail hanako.sato@example.jp now", "mail (masked)@example.jp now\n");
    masked("<a+b@c.example>, d@e.example",
           "<(masked)@c.example>, (masked)@e.example\n");
    masked("https://u:p@h.example/x", "https://(masked)@h.example/x\n");
    masked("https://h.example/x?y=@z", "https://h.example/x?y=@z\n");
}

static void test_pem(void **state)
{
    masked("a\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nb",
           "a\n(masked)\nb\n");
    masked("-----BEGIN PRIVATE KEY-----\nMIIE", "(masked)\n");
}

/* Bytes that are no text, and every cut of a line. */
static void test_any_bytes(void **state)
{
    static const char line[] = "x\0token=\0y ://a@b \xff@c password = \"";

    for (size_t n = 0; n < sizeof(line); n++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        char *copy = malloc(n > 0 ? n : 1); /* exact: ASan sees a byte more */

        memcpy(copy, line, n);
        hb_mask(&b, hb_slice(copy, n));
        assert_int_equal(hb_buf_err(&b), 0);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),    cmocka_unit_test(test_kept),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_pem),
        cmocka_unit_test(test_any_bytes),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("base/mask", tests, NULL, NULL);
}

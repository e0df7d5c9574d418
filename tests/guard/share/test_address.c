/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses are the same, and which are none. */
#include "../../tap.h"
#include "base/num.h"
#include "base/utf8.h"
#include "guard/share/address.h"

static void same(const char *text, const char *want_key, const char *want_mail)
{
    char key[HB_SHARE_ADDRESS], mail[HB_SHARE_ADDRESS];

    assert_int_equal(hb_share_address(hb_slice_z(text), key, mail), 0);
    assert_string_equal(key, want_key);
    assert_string_equal(mail, want_mail);
}

static int refused(const char *text)
{
    char key[HB_SHARE_ADDRESS] = "untouched";
    int r = hb_share_address(hb_slice_z(text), key, NULL);

    assert_string_equal(key, "untouched");
    return r;
}

static void test_same(void **state)
{
    (void)state;
    same("sato@example.jp", "sato@example.jp", "sato@example.jp");
    same(" <Sato.K@EXAMPLE.jp> ", "sato.k@example.jp", "Sato.K@example.jp");
    /* As an input method leaves it. */
    same("ｓａｔｏ＠ｅｘａｍｐｌｅ．ｊｐ", "sato@example.jp",
         "sato@example.jp");
    same("\xe3\x80\x80sato@example\xe3\x80\x82jp", "sato@example.jp",
         "sato@example.jp");
    /* Carriers gave these out. */
    same("a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp");
    same("a+tag/x@xn--wgv71a119e.jp", "a+tag/x@xn--wgv71a119e.jp",
         "a+tag/x@xn--wgv71a119e.jp");
}

/* Pairs from the registries of .jp and from RFC 3492, 7.1 (L, N, O, R). */
static void test_international(void **state)
{
    (void)state;
    same("a@日本語.jp", "a@xn--wgv71a119e.jp", "a@xn--wgv71a119e.jp");
    same("a@総務省.jp", "a@xn--lhr645fjve.jp", "a@xn--lhr645fjve.jp");
    same("a@3年B組金八先生.jp", "a@xn--3b-ww4c5e180e575a65lsy2b.jp",
         "a@xn--3b-ww4c5e180e575a65lsy2b.jp");
    same("a@ひとつ屋根の下2.jp", "a@xn--2-u9tlzr9756bt3uc0v.jp",
         "a@xn--2-u9tlzr9756bt3uc0v.jp");
    same("a@パフィーdeルンバ.jp", "a@xn--de-jg4avhby1noc0d.jp",
         "a@xn--de-jg4avhby1noc0d.jp");
    same("a@そのスピードで.jp", "a@xn--d9juau41awczczp.jp",
         "a@xn--d9juau41awczczp.jp");
    /* Look-alikes, combining marks, half-width kana: as xn-- or not at all. */
    assert_int_equal(refused("a@ехample.jp"), -EILSEQ);
    assert_int_equal(refused("a@b\xc3\xbc"
                             "cher.de"),
                     -EILSEQ);
    assert_int_equal(refused("a@か\xe3\x82\x99.jp"), -EILSEQ);
    assert_int_equal(refused("a@ｶﾅ.jp"), -EILSEQ);
}

static void test_none(void **state)
{
    static const char *const bad[] = {
        "",
        "@",
        "a",
        "a@",
        "@b.jp",
        "a@b",
        "a@b..jp",
        "a@.jp",
        "a@b.jp.",
        "a@-b.jp",
        "a@b-.jp",
        "a b@c.jp",
        "a@b c.jp",
        "a@@b.jp",
        ".a@b.jp",
        "\"a b\"@c.jp",
        "a@[192.0.2.1]",
        "a@192.0.2.1",
        "a@b_c.jp",
        "a@b.jp,c@d.jp",
        "a@b.jp\nBcc: x@y.jp",
        "a\r@b.jp",
        "a;b@c.jp",
        "山田@b.jp",
        "a@b.jp>",
        "<a@b.jp",
        "a\xff@b.jp",
        "a@b.\xe3\x81",
        "-oQ/tmp@b.jp",
        "|/bin/sh@b.jp",
        "/tmp/x@b.jp",
        "a%c.com@b.jp",
        "c.com!a@b.jp",
        "a`id`@b.jp",
    };
    char text[600];

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (refused(bad[i]) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
    memset(text, 'a', sizeof(text));
    memcpy(text + 65, "@b.jp", 6);
    assert_int_equal(refused(text), -EINVAL);
    same(text + 1, text + 1, text + 1);
    memset(text, 'a', sizeof(text));
    memcpy(text, "a@", 2);
    memcpy(text + 66, ".jp", 4);
    assert_int_equal(refused(text), -EINVAL);
    /* 63 octets a label also after it was encoded; 253 in all. */
    (void)hb_copyz(text, sizeof(text), "a@");
    for (uint32_t i = 0; i < 30; i++)
        (void)hb_utf8_put(text + 2 + 3 * i, 0x4e00 + i * 7919 % 20000);
    memcpy(text + 92, ".jp", 4);
    assert_int_equal(refused(text), -EINVAL);
    memset(text, 'b', 300);
    memcpy(text, "a@", 2);
    for (size_t i = 10; i < 290; i += 10)
        text[i] = '.';
    memcpy(text + 290, ".jp", 4);
    assert_int_equal(refused(text), -EINVAL);
}

static void test_domain(void **state)
{
    (void)state;
    assert_true(hb_share_domain_in("example.jp", "example.jp"));
    assert_true(hb_share_domain_in("mail.example.jp", "example.jp"));
    assert_false(hb_share_domain_in("badexample.jp", "example.jp"));
    assert_false(hb_share_domain_in("jp", "example.jp"));
    assert_false(hb_share_domain_in("example.jp", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_international),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_domain),
    };

    return hb_tap_run("guard_share/address", tests);
}

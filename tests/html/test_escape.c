/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping by context: what an attacker would name a file so that a report
 * runs, turns around or hides something.  For every byte and for hostile
 * names the output may hold no character that its context gives a meaning.
 */
#include "../tap.h"

#include "base/num.h"
#include "html/escape.h"

static void text(struct hb_slice s, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_html_text(&b, s);
    assert_string_equal(hb_buf_z(&b), want);
}

static void attr(struct hb_slice s, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_html_attr(&b, s);
    assert_string_equal(hb_buf_z(&b), want);
}

static void url(struct hb_slice s, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_true(hb_html_url(&b, s));
    assert_string_equal(hb_buf_z(&b), want);
}

static void no_url(struct hb_slice s)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_false(hb_html_url(&b, s));
    assert_string_equal(hb_buf_z(&b), "#");
}

static void test_text(void **state)
{
    text((struct hb_slice){NULL, 0}, "");
    text(HB_SLICE("plain"), "plain");
    text(HB_SLICE("\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa \"x\" 'y'"),
         "\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa \"x\" 'y'");
    text(HB_SLICE("<script>alert(1)</script>"),
         "&lt;script&gt;alert(1)&lt;/script&gt;");
    text(HB_SLICE("a&lt;b"), "a&amp;lt;b");
    text(HB_SLICE("&"), "&amp;");
    text(HB_SLICE("a&b&c"), "a&amp;b&amp;c");
    text(HB_SLICE("]]>--><!--"), "]]&gt;--&gt;&lt;!--");
}

/* A textarea gives back what was typed, once the browser has read it. */
static void test_lines(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    (void)state;
    hb_html_lines(&b, HB_SLICE("a\r\n\tb\xe2\x80\xae \"c\" </textarea>&\xff"));
    assert_string_equal(hb_buf_z(&b),
                        "a\r\n\tb\xe2\x80\xae \"c\" &lt;/textarea&gt;&amp;"
                        "\\xff");
}

static void test_url_part(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        const char in = (char)c;
        char want[8];

        (void)snprintf(want, sizeof(want), "%%%02X", c);
        hb_html_url_part(&b, hb_slice(&in, 1));
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || (c > 0 && strchr("-._~@", (int)c)))
            (void)snprintf(want, sizeof(want), "%c", in);
        assert_string_equal(hb_buf_z(&b), want);
    }
}

static void test_hidden(void **state)
{
    text(HB_SLICE("a\0b\nc\td\x1b[0m\x7f"), "a\\x00b\\nc\\td\\x1b[0m\\x7f");
    text(HB_SLICE("gpj.\xe2\x80\xae"
                  "php"),
         "gpj.\\u202ephp");
    text(HB_SLICE("\xe2\x81\xa6x\xe2\x81\xa9"), "\\u2066x\\u2069");
    text(HB_SLICE("\xff<\xc0\xaf>"), "\\xff&lt;\\xc0\\xaf&gt;");
    text(HB_SLICE("\xe7\x81"), "\\xe7\\x81");
    text(HB_SLICE("\xe7\x81<"), "\\xe7\\x81&lt;");
    text(HB_SLICE("\xef\xbb\xbf<\xe2\x80\xa8"), "\\ufeff&lt;\\u2028");
    /* Overlong "<" (C0 BC) is no "<" and no lead byte either. */
    text(HB_SLICE("\xc0\xbcscript"), "\\xc0\\xbcscript");
    text(HB_SLICE("+ADw-script+AD4-"), "+ADw-script+AD4-");
}

static void test_attr(void **state)
{
    attr(HB_SLICE("\" onload=\"x"), "&quot; onload=&quot;x");
    attr(HB_SLICE("' onload='x"), "&#39; onload=&#39;x");
    attr(HB_SLICE("`x`"), "&#96;x&#96;");
    attr(HB_SLICE("<&>"), "&lt;&amp;&gt;");
    attr(HB_SLICE("a\nb"), "a\\nb");
    attr(HB_SLICE("\xe7\x81\xab"), "\xe7\x81\xab");
}

static void test_url(void **state)
{
    url(HB_SLICE("https://www.example.jp/a?b=c&d=e#f"),
        "https://www.example.jp/a?b=c&amp;d=e#f");
    url(HB_SLICE("HTTP://x/"), "HTTP://x/");
    url(HB_SLICE("https://[2001:db8::1]:8443/"), "https://[2001:db8::1]:8443/");
    url(HB_SLICE("mailto:officer@example.jp"), "mailto:officer@example.jp");
    url(HB_SLICE("a/b.html"), "a/b.html");
    url(HB_SLICE("/a/b"), "/a/b");
    url(HB_SLICE("../x"), "../x");
    url(HB_SLICE("#top"), "#top");
    url(HB_SLICE("?q=a:b"), "?q=a:b");
    url(HB_SLICE("./javascript:x"), "./javascript:x");
    url(HB_SLICE(""), "");
    url(HB_SLICE("/"), "/");
    url(HB_SLICE("/\xe7\x81\xab?a b\"<>'`\xff"),
        "/%E7%81%AB?a%20b%22%3C%3E%27%60%FF");
    url(HB_SLICE("/%41%zz"), "/%41%zz");
    url(HB_SLICE("/\xe2\x80\xae"), "/%E2%80%AE");
}

static void test_url_refused(void **state)
{
    no_url(HB_SLICE("javascript:alert(1)"));
    no_url(HB_SLICE("JavaScript:alert(1)"));
    no_url(HB_SLICE(" javascript:alert(1)"));
    no_url(HB_SLICE("\tjavascript:alert(1)"));
    no_url(HB_SLICE("java\nscript:alert(1)"));
    no_url(HB_SLICE("java\0script:alert(1)"));
    no_url(HB_SLICE("\x01javascript:alert(1)"));
    no_url(HB_SLICE("data:text/html,<script>"));
    no_url(HB_SLICE("vbscript:x"));
    no_url(HB_SLICE("file:///etc/passwd"));
    no_url(HB_SLICE("blob:x"));
    no_url(HB_SLICE("//evil.example/"));
    no_url(HB_SLICE("//"));
    no_url(HB_SLICE("/\\evil.example/"));
    no_url(HB_SLICE("\\\\evil.example"));
    no_url(HB_SLICE(":x"));
    no_url(HB_SLICE("httpx:x"));
    no_url(HB_SLICE("http\xc2\xad:x"));
    no_url(HB_SLICE("javascript&colon;x:"));
    no_url(HB_SLICE(" /a"));
    no_url(HB_SLICE("\x7f"));
}

static bool lone_ampersand(const char *z)
{
    static const char *const known[] = {"&amp;",  "&lt;",  "&gt;",
                                        "&quot;", "&#39;", "&#96;"};

    for (z = strchr(z, '&'); z != NULL; z = strchr(z + 1, '&')) {
        bool found = false;

        for (size_t i = 0; i < HB_ARRAY_LEN(known); i++)
            found = found || strncmp(z, known[i], strlen(known[i])) == 0;
        if (!found)
            return true;
    }
    return false;
}

static void check_all(struct hb_slice s)
{
    _cleanup_buf_ struct hb_buf t = HB_BUF_INIT, a = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf u = HB_BUF_INIT;

    hb_html_text(&t, s);
    hb_html_attr(&a, s);
    (void)hb_html_url(&u, s);
    assert_null(strpbrk(hb_buf_z(&t), "<>\n\t\r\x1b\x7f"));
    assert_null(strpbrk(hb_buf_z(&a), "<>\"'`\n\t\r\x1b\x7f"));
    assert_null(strpbrk(hb_buf_z(&u), "<>\"'` \\\n\t\r\x1b\x7f"));
    assert_false(lone_ampersand(hb_buf_z(&t)));
    assert_false(lone_ampersand(hb_buf_z(&a)));
    assert_false(lone_ampersand(hb_buf_z(&u)));
    assert_true(hb_utf8_valid(hb_buf_z(&t), t.n));
    assert_true(hb_utf8_valid(hb_buf_z(&a), a.n));
    for (size_t i = 0; i < u.n; i++)
        assert_in_range((uint8_t)u.p[i], 0x21, 0x7e);
}

/* Each pair of bytes, alone and inside other text. */
static void test_every_pair(void **state)
{
    for (unsigned x = 0; x < 256; x++) {
        for (unsigned y = 0; y < 256; y++) {
            char s[] = {(char)x, (char)y, 'a', (char)y, (char)x};

            check_all(hb_slice(s, 2));
            check_all(hb_slice(s, 5));
        }
    }
}

static void test_small_buffer(void **state)
{
    struct hb_buf b;

    hb_buf_init(&b, 4);
    hb_html_text(&b, HB_SLICE("<<<<"));
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    hb_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),         cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_lines),        cmocka_unit_test(test_url_part),
        cmocka_unit_test(test_attr),         cmocka_unit_test(test_url),
        cmocka_unit_test(test_url_refused),  cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_small_buffer),
    };

    return hb_tap_run("html/escape", tests);
}

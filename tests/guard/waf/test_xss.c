/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_xss.c - HTML that runs, HTML and prose that does not, and the
 * regression tests of the OWASP CRS with the recorded verdicts of ModSecurity
 * 3.0.9.
 */
#include "guard/waf/xss.h"

#include "crs_values.h"

static const char *const attacks[] = {
    "<script>alert(1)</script>",
    "<ScRiPt src=//x>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg/onload=alert(1)>",
    "<body onload=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=\"alert(1)\"></video>",
    "<marquee onstart=alert(1)>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"java&#10;script:alert(1)\">x</a>",
    "<a href=\"&#x6a;avascript:alert(1)\">x</a>",
    "<a href=\"  javascript:alert(1)\">x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>",
    "<form action=javascript:alert(1)><input type=submit>",
    "<button formaction=javascript:alert(1)>x",
    "<object data=//x>",
    "<embed src=//x>",
    "<base href=//x>",
    "<link rel=stylesheet href=//x>",
    "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
    "<style>@import \"//x\"</style>",
    "<div style=\"width:expression(alert(1))\">",
    "<math><a xlink:href=javascript:alert(1)>x",
    "<isindex type=image src=1 onerror=alert(1)>",
    "\" onmouseover=alert(1) x=\"",
    "' onmouseover=alert(1) x='",
    "` onmouseover=alert(1) x=`",
    "\"onfocus=alert(1) autofocus=\"",
    "x onmouseover=alert(1)",
    "onmouseover=alert(1)",
    "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "--><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<?xml version=\"1.0\"?>",
    "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>",
    "<x onclick=alert(1)>",
    "<custom-tag onpointerrawupdate=alert(1)>",
    "<animate attributeName=href values=javascript:alert(1)>",
    "<set attributename=onmouseover to=alert(1)>",
    "<iframe srcdoc=\"<script>alert(1)</script>\">",
    "<a\thref\t=\t\"javascript:alert(1)\">",
    "<img \"\"\"><script>alert(1)</script>\">",
    "<<script>alert(1);//<</script>",
    "<script/x>alert(1)</script>",
    "<div style=\"background:url(javascript:alert(1))\">",
    "<object type=\"text/x-scriptlet\" data=\"http://x\">",
    "<table background=\"javascript:alert(1)\">",
    "\"style=\"position:fixed;top:0\"",
    "<img src=x:alert(alt) onerror=eval(src) alt=0>",
    "<a href=\"vbscript:msgbox(1)\">",
    "<input type=\"image\" src=\"javascript:alert(1)\">",
    "<svg><script>alert(1)</script>",
    "<image src=1 onerror=alert(1)>",
    "<a href=\"jav\tascript:alert(1)\">",
    "<iframe/src=\"data:text/html;base64,PHNjcmlwdD4=\">",
};

/* Names that end as an element, plain text, what is not finished. */
static const char *const no_attacks[] = {
    "<b>bold</b>",
    "<p class=x>",
    "<a href=\"https://example.com/\">x</a>",
    "List<Object>",
    "<object>",
    "<link>",
    "< script>",
    "List<Frame>",
    "Map<Layer>",
    "<math>",
    "<scripts>",
    "</script>",
    "<!-- x -->",
    "<!>",
    "<?php echo 1 ?>",
    "<?xpacket begin=\"\"?>",
    "<% x %>",
    "onload=",
    "onload= ",
    "  onabcdefgh= ",
    "x onfoo=1",
    "<x onend=",
    "<x on=1>",
    "href=javascript",
    "href=\"http://x/\"",
    "<img src=\"data:image/png;base64,xx\">",
    "style=red",
    "style",
    "style:",
    "javascript:alert(1)",
    "<",
    "<!",
    "<!-",
    "<!--",
    "<?",
    "</",
    "<a",
    "<a ",
    "<a b",
    "<a b=",
    "<a b=\"",
    "<a b=\"c",
    "=",
    "==",
    "\"=",
    "'='",
};

static const char *const expensive[] = {
    "<",         "<a ",         "<a b",     "<a b='",    "<!--", "<!-",
    "-->",       "--",          "<?",       "='\"`",     "a=",   "a=b ",
    "href=&#",   "href='&#x0;", "=",        " ",         "<a/",  "on=x ",
    "onload=",   "<a href=x>",  "style=x ", "style =  ", "' ",   "\" a=",
    "&#9999999", ":",           "<x:y ",    "<![CDATA[", "<a\t", "xmlns:",
    "\x80=",     "/",           "=\"a\""};

static void test_attacks(void **state)
{
    char why[HB_WAF_WHY];

    for (size_t i = 0; i < HB_ARRAY_LEN(attacks); i++) {
        why[0] = '\0';
        if (!hb_waf_xss(hb_slice_z(attacks[i]), why))
            fail_msg("not found: %s", attacks[i]);
        assert_true(why[1] == ':' && strlen(why) > 2);
    }
    print_message("# %zu scripts found\n", HB_ARRAY_LEN(attacks));
}

static void test_no_attacks(void **state)
{
    char why[HB_WAF_WHY] = "same";

    for (size_t i = 0; i < HB_ARRAY_LEN(no_attacks); i++)
        if (hb_waf_xss(hb_slice_z(no_attacks[i]), why))
            fail_msg("found: %s (%s)", no_attacks[i], why);
    assert_false(hb_waf_xss(hb_slice(NULL, 0), why));
    assert_string_equal(why, "same");
}

static void test_why(void **state)
{
    static const struct {
        const char *value, *why;
    } rows[] = {
        {"a<ScRipt >", "d:<ScRipt"},
        {"<p><img src=x onError='a'>", "d:onError"},
        {"x\" onmouseover=\"y", "u:onmouseover"},
        {"onclick=y", "u:onclick"},
        {"x' style='a:b", "u:style"},
        {"<a href=' j&#x41;v&Tab;ascript&colon;x'>", "d:href"},
        {"<x:svg/ >", "d:<x:svg"},
        {"a <script", "d:<script"},
        {"<!doctype html>", "d:<!doctyp"},
        {"<thisisanelementwithaverylongname12345678901 onclick=x>",
         "d:onclick"},
    };
    char why[HB_WAF_WHY];

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        if (!hb_waf_xss(hb_slice_z(rows[i].value), why))
            fail_msg("not found: %s", rows[i].value);
        assert_string_equal(why, rows[i].why);
    }
}

static void test_benign_before(void **state)
{
    benign(hb_waf_xss, "941100", "benign_before.txt");
}

static void test_benign_after(void **state)
{
    benign(hb_waf_xss, "941100", "benign_after.txt");
}

static void test_units(void **state)
{
    if (crs_data() == NULL)
        hb_tap_skip("the unit tests are not here");
    unit_tests(hb_waf_xss, "detectXSS");
}

static void test_crs(void **state)
{
    static const char *const rules[] = {"941100", "941101"};
    struct tally t;

    if (crs_data() == NULL)
        hb_tap_skip("the regression tests of the CRS are not here");
    for (size_t i = 0; i < HB_ARRAY_LEN(rules); i++) {
        t = crs_run(hb_waf_xss, rules[i], crs_data());
        crs_report(rules[i], &t);
        assert_int_equal(t.own_good, t.own);
        assert_int_equal(t.more, 0);
        assert_int_equal(t.less, 0);
    }
}

static void test_pieces(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(attacks); i++)
        pieces_of(hb_waf_xss, hb_slice_z(attacks[i]));
}

static void test_costs(void **state)
{
    costs(hb_waf_xss, expensive, HB_ARRAY_LEN(expensive));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_attacks),
        cmocka_unit_test(test_no_attacks),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_benign_before),
        cmocka_unit_test(test_benign_after),
        cmocka_unit_test(test_crs),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_costs),
    };

    return hb_tap_run("guard/waf/xss", tests);
}

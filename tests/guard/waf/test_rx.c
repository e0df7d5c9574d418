/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "guard/waf/rx.h"

static struct hb_waf_rx *compiled(const char *pattern)
{
    struct hb_waf_rx *rx = NULL;

    assert_int_equal(hb_waf_rx_compile(&rx, hb_slice_z(pattern), NULL), 0);
    return rx;
}

static void test_groups(void **state)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    struct hb_waf_rx *rx = compiled("(a)(x)?(b+)");
    struct hb_slice v = HB_SLICE("zabb");
    struct hb_waf_rx_groups g;

    assert_true(hb_waf_rx_is_jit(rx));
    assert_int_equal(hb_waf_rx_match(rx, s, v, 0, &g), HB_WAF_RX_YES);
    assert_int_equal(g.n, 4);
    assert_ptr_equal(g.group[0].p, v.p + 1);
    assert_int_equal(g.group[0].n, 3);
    assert_null(g.group[2].p);
    assert_int_equal(g.group[3].n, 2);
    assert_null(g.group[9].p);
    assert_int_equal(hb_waf_rx_match(rx, s, v, 2, NULL), HB_WAF_RX_NO);
    assert_int_equal(hb_waf_rx_match(rx, s, v, 5, NULL), HB_WAF_RX_NO);
    hb_waf_rx_free(rx);

    rx = compiled("(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)");
    assert_int_equal(hb_waf_rx_match(rx, s, HB_SLICE("0123456789abc"), 0, &g),
                     HB_WAF_RX_YES);
    assert_int_equal(g.n, HB_WAF_GROUPS);
    assert_int_equal(g.group[9].p[0], '8');
    hb_waf_rx_free(rx);

    rx = compiled("");
    assert_int_equal(hb_waf_rx_match(rx, s, (struct hb_slice){NULL, 0}, 0, &g),
                     HB_WAF_RX_YES);
    hb_waf_rx_free(rx);
    hb_waf_rx_scratch_free(s);
}

/* As libmodsecurity 3: a dot takes a newline, ^ and $ hold at lines, bytes
 * are bytes. */
static void test_flags(void **state)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    struct hb_waf_rx *rx = compiled("^b.c$");

    assert_int_equal(hb_waf_rx_match(rx, s, HB_SLICE("a\nb\nc\n"), 0, NULL),
                     HB_WAF_RX_YES);
    assert_int_equal(hb_waf_rx_match(rx, s, HB_SLICE("b\xffq"), 0, NULL),
                     HB_WAF_RX_NO);
    assert_int_equal(hb_waf_rx_match(rx, s,
                                     HB_SLICE("b\xff"
                                              "c"),
                                     0, NULL),
                     HB_WAF_RX_YES);
    hb_waf_rx_free(rx);
    hb_waf_rx_scratch_free(s);
}

/* What would take hours ends, and is told from "no match". */
static void test_limit(void **state)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    struct hb_waf_rx *rx = compiled("^(?:a|aa)+$");
    char v[200];

    memset(v, 'a', sizeof(v));
    v[sizeof(v) - 1] = 'b';
    assert_int_equal(
        hb_waf_rx_match(rx, s, (struct hb_slice){v, sizeof(v)}, 0, NULL),
        HB_WAF_RX_LIMIT);
    /* The same scratch serves again. */
    assert_int_equal(hb_waf_rx_match(rx, s, HB_SLICE("aaa"), 0, NULL),
                     HB_WAF_RX_YES);
    hb_waf_rx_free(rx);
    hb_waf_rx_scratch_free(s);
}

/* More of the JIT's stack than there is: interpreted, with a result. */
static void test_deep(void **state)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(10000000, 10000000);
    struct hb_waf_rx *rx = compiled("^(?:a|(b))*$");
    size_t n = (size_t)1 << 18;
    char *v = malloc(n);

    assert_non_null(v);
    memset(v, 'a', n);
    assert_int_equal(hb_waf_rx_match(rx, s, (struct hb_slice){v, n}, 0, NULL),
                     HB_WAF_RX_YES);
    free(v);
    hb_waf_rx_free(rx);
    hb_waf_rx_scratch_free(s);
}

static void test_wrong(void **state)
{
    struct hb_waf_rx *rx = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_waf_rx_compile(&rx, HB_SLICE("ab[c"), &err), -EINVAL);
    assert_null(rx);
    assert_int_equal(err.column, 5);
    assert_true(err.message[0] != '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups), cmocka_unit_test(test_flags),
        cmocka_unit_test(test_limit),  cmocka_unit_test(test_deep),
        cmocka_unit_test(test_wrong),
    };

    return hb_tap_run("guard/waf/rx", tests);
}

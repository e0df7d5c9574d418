/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_orders.c - bans that a person sets and lifts: the text, and what many
 * workers make of it.
 */
#include "../../tap.h"

#include "guard/waf/ip.h"
#include "guard/waf/orders.h"
#include "region.h"

#define SIZE ((size_t)16 << 20)
#define NOW  INT64_C(1800000000)

static struct hb_waf_order order[HB_WAF_ORDERS];
static uint64_t raw = 5000000; /* only grows, whatever the clock says */

static int parse(const char *text, size_t *n, struct hb_err *err)
{
    *err = (struct hb_err){0};
    return hb_waf_orders_parse(hb_slice_z(text), order, n, err);
}

static size_t apply(struct rig *r, const struct hb_waf_ban_rules *rules,
                    const char *text, int64_t after)
{
    struct hb_err err;
    size_t n;

    assert_int_equal(parse(text, &n, &err), 0);
    return hb_waf_orders_apply(r->s, rules, order, n, NOW + after, raw);
}

static uint32_t left(struct rig *r, const struct hb_waf_ban_rules *rules,
                     const char *from)
{
    struct hb_waf_addr a;

    assert_true(hb_waf_addr_parse(hb_slice_z(from), &a));
    return hb_waf_ban_check(r->s, rules, &a, raw);
}

static void test_text(void **state)
{
    static const char *const bad[] = {
        "ban",
        "ban 192.0.2.7",
        "ban 192.0.2.7 ",
        "ban 192.0.2.7 soon",
        "ban 192.0.2.7 12x",
        "ban 192.0.2.7 99999999999999999999",
        "ban 192.0.2.0/24 12",
        "Ban 192.0.2.7 12",
        "unban 192.0.2.7 12",
        " ban 192.0.2.7 12",
        "ban  192.0.2.7 12",
        "ban 192.0.2.7\t12",
        "\r",
    };
    static const char text[] = "ban 192.0.2.7 1800000060 for  trying\n"
                               "\n"
                               "lift 2001:db8::7 1800000000\n"
                               "ban ::ffff:192.0.2.8 -5";
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_err err;
    size_t n = 7;

    assert_int_equal(parse("", &n, &err), 0);
    assert_int_equal(n, 0);
    assert_int_equal(parse(text, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_false(order[0].lift);
    assert_int_equal(order[0].time, NOW + 60);
    assert_true(hb_slice_eq(order[0].note, HB_SLICE("for  trying")));
    assert_true(order[1].lift);
    assert_int_equal(order[1].addr.family, 6);
    assert_int_equal(order[2].addr.family, 4);
    for (size_t i = 0; i < n; i++)
        hb_waf_order_write(&b, &order[i]);
    assert_string_equal(hb_buf_z(&b), "ban 192.0.2.7 1800000060 for  trying\n"
                                      "lift 2001:db8::7 1800000000\n"
                                      "ban 192.0.2.8 -5\n");
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        n = 7;
        assert_int_equal(parse(bad[i], &n, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "line 1 "));
        assert_int_equal(n, 7);
    }
    hb_buf_reset(&b);
    for (unsigned i = 0; i <= HB_WAF_ORDERS; i++)
        hb_buf_addf(&b, "ban 10.0.%u.%u 1\n", i / 256, i % 256);
    assert_int_equal(parse(hb_buf_z(&b), &n, &err), -EFBIG);
}

static void test_apply(void **state)
{
    struct hb_waf_ban_rules rules;
    struct rig r = rig_new(SIZE);

    hb_waf_ban_rules_init(&rules);
    assert_int_equal(apply(&r, &rules,
                           "ban 192.0.2.7 1800000060\n"
                           "ban 192.0.2.8 1799999999\n"
                           "ban 192.0.2.9 9000000000\n",
                           0),
                     0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 60);
    assert_int_equal(left(&r, &rules, "192.0.2.8"), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.9"), HB_WAF_BAN_MAX_S);
    /* Another worker a second later changes nothing. */
    rig_pass(&r, &raw, 1);
    assert_int_equal(apply(&r, &rules, "ban 192.0.2.7 1800000060\n", 1), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 59);
    /* A shorter one, and a longer one. */
    assert_int_equal(apply(&r, &rules, "ban 192.0.2.7 1800000020\n", 1), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 19);
    assert_int_equal(apply(&r, &rules, "ban 192.0.2.7 1800009000\n", 1), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 8999);
    rig_free(&r);
}

/* A lift that is read again later lifts no ban of later. */
static void test_lift(void **state)
{
    static const char text[] = "lift 192.0.2.7 1800000000\n";
    struct hb_waf_ban_rules rules;
    struct hb_waf_addr a;
    struct rig r = rig_new(SIZE);

    hb_waf_ban_rules_init(&rules);
    assert_true(hb_waf_addr_parse(HB_SLICE("192.0.2.7"), &a));
    assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 600, raw), 0);
    assert_int_equal(apply(&r, &rules, text, 1), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 0);
    assert_int_equal(apply(&r, &rules, text, 2), 0);
    rig_pass(&r, &raw, 60);
    assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 600, raw), 0);
    assert_int_equal(apply(&r, &rules, text, 60), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 600);
    /* Said in the future: the clock was set back. */
    assert_int_equal(apply(&r, &rules, text, -60), 0);
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 600);
    rig_free(&r);
}

static void test_never(void **state)
{
    struct hb_waf_ban_rules rules;
    struct hb_waf_ips *ips = NULL;
    struct rig r = rig_new(SIZE);

    hb_waf_ban_rules_init(&rules);
    assert_int_equal(hb_waf_ips_parse(HB_SLICE("192.0.2.0/24"), &ips, NULL), 0);
    rules.allow = ips;
    assert_int_equal(apply(&r, &rules,
                           "ban 192.0.2.7 1800000060\n"
                           "ban 198.51.100.7 1800000060\n",
                           0),
                     0);
    assert_int_equal(left(&r, &rules, "198.51.100.7"), 60);
    rules.allow = NULL;
    assert_int_equal(left(&r, &rules, "192.0.2.7"), 0);
    hb_waf_ips_free(ips);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_apply),
        cmocka_unit_test(test_lift),
        cmocka_unit_test(test_never),
    };

    return hb_tap_run("guard_waf/orders", tests);
}

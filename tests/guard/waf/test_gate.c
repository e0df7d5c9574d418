/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gate.c - the gate never keeps PCRE2 from a match: pieces of syntax by
 * hand, expressions made at random with values that are made to match them,
 * and all patterns of the Core Rule Set over the values of its tests.
 */
#include "guard/waf/gate.h"

#include "base/clock.h"
#include "base/map.h"
#include "crs_values.h"
#include "gate_crs.h"
#include "guard/waf/gate_set.h"
#include "guard/waf/pm.h"
#include "guard/waf/rx.h"
#include "tap.h"

static struct hb_waf_gate *gate_of(const char *const *rx, size_t n)
{
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    struct hb_waf_gate *g = NULL;

    assert_non_null(b);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(hb_waf_gate_add_rx(b, hb_slice_z(rx[i])), i);
    assert_int_equal(hb_waf_gate_build(b, &g), 0);
    hb_waf_gate_builder_free(b);
    return g;
}

static bool says(const struct hb_waf_gate *g, uint32_t p, struct hb_slice v)
{
    struct hb_waf_gate_set set;

    hb_waf_gate_scan(g, v, &set);
    return hb_waf_gate_has(&set, p);
}

/* --- the Core Rule Set --- */

struct values {
    struct hb_arena *arena;
    struct hb_map *seen;
    struct hb_slice v[1u << 16];
    size_t n;
};

static struct values all;

static void add_value(struct hb_slice s)
{
    char *own;

    if (hb_map_get(all.seen, s) != NULL || all.n == HB_ARRAY_LEN(all.v))
        return;
    own = hb_arena_dup(all.arena, s.p, s.n);
    assert_non_null(own);
    all.v[all.n] = hb_slice(own, s.n);
    assert_int_equal(hb_map_put(all.seen, all.v[all.n], own), 0);
    all.n++;
}

/* "id stage want was kind:base64 kind:base64 ..." */
static void add_line(void *arg, const char *line)
{
    struct hb_buf b = HB_BUF_INIT;
    const char *p = line;

    while ((p = strchr(p, ':')) != NULL) {
        size_t n = strcspn(++p, " \n");

        hb_buf_reset(&b);
        assert_int_equal(hb_base64_decode(&b, hb_slice(p, n)), 0);
        add_value(hb_slice(hb_buf_z(&b), b.n));
        for (size_t i = 0; i < b.n; i++)
            b.p[i] = (char)hb_waf_gate_fold((uint8_t)b.p[i]);
        add_value(hb_slice(hb_buf_z(&b), b.n));
    }
    hb_buf_done(&b);
}

static bool values_begin(void)
{
    all.n = 0;
    all.arena = hb_arena_new(0);
    all.seen = hb_map_new();
    return all.arena != NULL && all.seen != NULL;
}

static void values_end(void)
{
    hb_map_free(all.seen);
    hb_arena_free(all.arena);
}

struct matcher {
    struct hb_waf_rx *rx;
    struct hb_waf_pm *pm;
};

static void compile(const struct gate_crs *c, struct matcher *m)
{
    for (uint32_t i = 0; i < c->n; i++) {
        struct hb_waf_pm_builder *b;

        if (c->p[i].rx) {
            assert_int_equal(hb_waf_rx_compile(&m[i].rx, c->p[i].text, NULL),
                             0);
            continue;
        }
        b = hb_waf_pm_builder_new();
        for (size_t k = 0; k < c->p[i].n; k++)
            assert_int_equal(hb_waf_pm_add(b, c->p[i].phrase[k]), 0);
        assert_int_equal(hb_waf_pm_build(b, &m[i].pm), 0);
        hb_waf_pm_builder_free(b);
    }
}

/* The values against all patterns: no match outside of the set. */
static void check_values(const char *what, const struct gate_crs *c,
                         const struct hb_waf_gate *g, const struct matcher *m)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    size_t tried[2] = {0}, matched[2] = {0}, n[2] = {0}, wrong = 0, vain = 0;

    for (uint32_t p = 0; p < c->n; p++)
        n[c->p[p].args]++;
    for (size_t i = 0; i < all.n; i++) {
        struct hb_waf_gate_set set;

        hb_waf_gate_scan(g, all.v[i], &set);
        for (uint32_t p = 0; p < c->n; p++) {
            bool yes = hb_waf_gate_has(&set, p), args = c->p[p].args;
            bool is = c->p[p].rx ? hb_waf_rx_match(m[p].rx, s, all.v[i], 0,
                                                   NULL) == HB_WAF_RX_YES
                                 : hb_waf_pm_find(m[p].pm, all.v[i], NULL);

            tried[args] += yes;
            matched[args] += is;
            vain += !c->p[p].rx && yes && !is;
            if (is && !yes) {
                wrong++;
                print_message("# rule %u: \"%.*s\" matches\n", c->p[p].id,
                              (int)all.v[i].n, all.v[i].p);
            }
        }
    }
    for (unsigned a = 0; a < 2; a++)
        print_message("# %s: of %zu patterns %s %.1f tried a value, %.1f "
                      "match\n",
                      what, n[a], a ? "on arguments" : "not on arguments",
                      (double)tried[a] / (double)all.n,
                      (double)matched[a] / (double)all.n);
    print_message("# %s: %zu values, phrases tried in vain: %zu\n", what, all.n,
                  vain);
    hb_waf_rx_scratch_free(s);
    assert_int_equal(wrong, 0);
}

static void always(const struct gate_crs *c, const struct hb_waf_gate *g)
{
    unsigned n = 0;

    for (uint32_t p = 0; p < c->n; p++) {
        size_t classes, literals;

        hb_waf_gate_explain(g, p, &classes, &literals);
        if (classes + literals > 0)
            continue;
        n++;
        print_message("# always: %u %.*s\n", c->p[p].id,
                      (int)HB_MIN(c->p[p].text.n, 90), c->p[p].text.p);
    }
    print_message("# %u patterns always tried\n", n);
}

static void test_crs(bool four)
{
    static struct gate_crs c;
    static struct matcher m[HB_WAF_GATE_MAX];
    static const char *const rules[] = {"942100", "942101", "941100", "941101"};
    static const char *const files[] = {"benign_before.txt",
                                        "benign_after.txt"};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_gate *g;
    uint64_t from;

    if (crs_data() == NULL || !gate_load_crs(&c, a, four)) {
        hb_arena_free(a);
        hb_tap_skip("no Core Rule Set here");
    }
    from = hb_tick();
    g = gate_build(&c);
    assert_non_null(g);
    print_message("# %u expressions, %u phrases in %u patterns, built in "
                  "%.1f ms, %zu KiB\n",
                  c.rx, c.phrases, c.n - c.rx, (double)(hb_tick() - from) / 1e6,
                  hb_waf_gate_size(g) >> 10);
    always(&c, g);
    memset(m, 0, sizeof(m));
    compile(&c, m);
    assert_true(values_begin());
    for (size_t i = 0; i < HB_ARRAY_LEN(rules); i++)
        crs_lines(rules[i], crs_data(), add_line, NULL);
    assert_true(all.n > 1000);
    check_values("attacks", &c, g, m);
    values_end();
    assert_true(values_begin());
    for (size_t i = 0; i < HB_ARRAY_LEN(files); i++) {
        char path[HB_MAX_PATH];

        (void)snprintf(path, sizeof(path), HB_TESTDIR "/guard/waf/%s",
                       files[i]);
        crs_lines(rules[0], path, add_line, NULL);
    }
    check_values("look like attacks", &c, g, m);
    values_end();
    assert_true(values_begin());
    for (size_t i = 0; i < HB_ARRAY_LEN(gate_typical); i++)
        add_value(hb_slice_z(gate_typical[i]));
    check_values("typical", &c, g, m);
    values_end();
    for (uint32_t i = 0; i < c.n; i++) {
        hb_waf_rx_free(m[i].rx);
        hb_waf_pm_free(m[i].pm);
    }
    hb_waf_gate_free(g);
    hb_waf_rules_free(c.rules);
    hb_arena_free(a);
}

static void test_crs_4(void **state)
{
    test_crs(true);
}

static void test_crs_3(void **state)
{
    test_crs(false);
}

static void test_small(void **state)
{
    static const char *const rx[] = {"select.+from", "a*"};
    struct hb_waf_gate *g = gate_of(rx, HB_ARRAY_LEN(rx));

    assert_true(says(g, 0, HB_SLICE("SELECT 1 FROM x")));
    assert_false(says(g, 0, HB_SLICE("sele ct")));
    assert_true(says(g, 1, HB_SLICE("")));
    hb_waf_gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_crs_4),
        cmocka_unit_test(test_crs_3),
    };

    return hb_tap_run("guard/waf/gate", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_gate.c - the gate never keeps PCRE2 from a match: pieces of syntax by
 * hand, expressions made at random with values that are made to match them,
 * and all patterns of the Core Rule Set over the values of its tests.
 */
#include "guard/waf/gate.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/map.h"
#include "crs_values.h"
#include "gate_crs.h"
#include "gate_random.h"
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

/* --- pieces of syntax --- */

/* Whether PCRE2 finds RX in V. */
static bool matches(const char *rx, struct hb_slice v)
{
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    struct hb_waf_rx *r = NULL;
    bool is;

    assert_non_null(s);
    if (hb_waf_rx_compile(&r, hb_slice_z(rx), NULL) < 0)
        fail_msg("%s does not compile", rx);
    is = hb_waf_rx_match(r, s, v, 0, NULL) == HB_WAF_RX_YES;
    hb_waf_rx_free(r);
    hb_waf_rx_scratch_free(s);
    return is;
}

/* YES matches; NO does not, and the gate knows (NULL: it need not). */
static const struct {
    const char *rx, *yes, *no;
} syntax[] = {
    {"select.+from", "select 1 from x", "sele ct"},
    {"(?i)select|insert|;drop", "xINSERTx", "drop"},
    {"a*", "", NULL},
    {"a+", "xxa", "1-2"},
    {"abc|", "", NULL},
    {"(abc)?def", "xdef", "abcde"},
    {"(?:abc){2}", "abcabc", "abcab"},
    {"(?:abc){0}def", "def", "abc"},
    {"(?:abc){2,3}x", "abcabcx", "abcx"},
    {"ab{2,}c", "abbbc", "abc"},
    {"x{{y", "x{{y", "x{y"},
    {"a{,2}b", "a{,2}b", NULL},
    {"a{1", "a{1", "a1"},
    {"{{.*?}}", "a{{b}}c", "a b"},
    {"(?i)un(?:ion|ite)\\s+all", "UNION\t all", "union-all"},
    {"foo(?=bar)...", "foobar", "fooba"},
    {"foo(?!bar)", "foob", "fo"},
    {"(?<=foo)bar", "foobar", "xba"},
    {"(?<!foo)bar", "xbar", "foo"},
    {"(?>abc|ab)c", "abcc", "abd"},
    {"(?P<n>abc)(?<m>d)(?'o'e)", "abcde", "abcd"},
    {"(?|abc|abd)e", "abde", "abe"},
    {"(ab|cd)\\1", "cdcd", "ac"},
    {"a(?i)b|C", "c", "1"},
    {"(?i:AbC)d", "aBcd", "abd"},
    {"(?-i:abc)", "abc", "ab"},
    {"(?x) a b c # not this\n d", "abcd", "abc"},
    {"(?x) a [ ] b \\  c", "a b c", "a bc"},
    {"(?x:a b)c d", "abc d", "abcd"},
    {"a(?#no)+b", "aab", "b"},
    {"\\Qa.b*\\E+c", "a.b**c", "a.bc"},
    {"a\\E+b", "aab", "b"},
    {"[[:alpha:]]{3}\\d\\d\\d-", "abc123-", "abc123"},
    {"[[:^alpha:]]ab", "1ab", "ab"},
    {"[[:punct:]][[:xdigit:]]", "%f", "f"},
    {"[]^-]x[^]]", "]xy", "x"},
    {"[a\\-z]=", "-=", "b-"},
    {"[\\w-]@[\\d.-]", "-@.", "a@"},
    {"[^\\W]\\(", "a(", "("},
    {"[\\x41-\\x{43}]!!", "B!!", "b!"},
    {"\\x{27}\\x22", "'\"", "'"},
    {"\\x4", "\x04", "4"},
    {"\\e\\a\\f\\t", "\x1b\a\f\t", "\x1b\a\f"},
    {"\\012\\07", "\n\a", NULL},
    {"[\\b]", "\b", "b"},
    {"\\bor\\b", "1 or 1", "o r"},
    {"\\Aabc\\z|\\Gxyz\\Z", "abc", "ab"},
    {"^abc$", "x\nabc\ny", "ab"},
    {"a\\Rb", "a\r\nb", NULL},
    {"a\\hb\\v", "a\tb\n", "ab\n"},
    {"a\\Nb-", "axb-", "axb"},
    {".*?;", "a\n;", "a"},
    {"[^a]", "\xff", ""},
    {"\\W{4}", "a ;; b", "a ;;b"},
    {"(?:[!'][^!']*?){5}", "!a'b!c'd!", "!a'b!c'd"},
    {"c[\"']*a[\"']*t", "c'a\"t", "cx a"},
    {"c[\"']*a[\"']*t", "xcatx", "CA T"},
    {"a\\/b\\-\\_", "a/b-_", "a/b-"},
    {"caf\xc3\xa9", "caf\xc3\xa9", "caf"},
    {"(((((a)))))bc", "abc", "ab"},
    {"a++b", "aab", "ac"},
    {"(?s-m:a.b)cc", "a\nbcc", "abc"},
    {"(?^:ab)cd", "abcd", "abc"},
    {"(?(?=a)ab|cd)", "cd", NULL},
    {"a\\Kbc", "abc", NULL},
    {"(*UTF)abc", "abc", NULL},
    {"(a)(?1)", "aa", NULL},
    {"(?<n>ab)\\k<n>", "abab", NULL},
    {"[[:<:]]ab", "ab", NULL},
    {"^$", "", "a"},
    {"^0?$", "x\n0", "10"},
    {"^(?:GET|HEAD)$", "GET", "GETS"},
    {"^(?:\\?[01])?$", "?1", "?2"},
    {"\\Aab|cd\\Z", "cd", "xabcdx"},
    {"x^a|b$\n^c", "b\nc", "b"},
    {"(?:^|,)q=", "q=1", "xq=1"},
};

static void test_syntax(void **state)
{
    unsigned bad = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(syntax); i++) {
        struct hb_waf_gate *g = gate_of(&syntax[i].rx, 1);
        struct hb_slice yes = hb_slice_z(syntax[i].yes);
        struct hb_slice no = hb_slice_z(syntax[i].no);

        if (!matches(syntax[i].rx, yes) || !says(g, 0, yes)) {
            print_message("# %s: \"%s\"\n", syntax[i].rx, syntax[i].yes);
            bad++;
        }
        if (no.p != NULL && (matches(syntax[i].rx, no) || says(g, 0, no))) {
            print_message("# %s: not \"%s\"\n", syntax[i].rx, syntax[i].no);
            bad++;
        }
        hb_waf_gate_free(g);
    }
    assert_int_equal(bad, 0);
}

/* Deep and wide expressions cost neither the stack nor much memory. */
static void test_large(void **state)
{
    static const struct {
        const char *open, *close;
    } rows[] = {
        {"(", ")"},
        {"(?:a|", ")"},
        {"a?", ""},
        {"[abc]", ""},
        {"(?:ab)*", ""},
        {"x|", ""},
        {"(?:(?:ab){9}){9}", ""},
        {"(?=a", ")"},
        {"(?:[ab]c|d?e)+", ""},
    };
    struct hb_buf b = HB_BUF_INIT;

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_gate_builder *builder = hb_waf_gate_builder_new();

        hb_buf_reset(&b);
        for (unsigned k = 0; k < 3000; k++)
            hb_buf_addz(&b, rows[i].open);
        for (unsigned k = 0; k < 3000; k++)
            hb_buf_addz(&b, rows[i].close);
        assert_int_equal(hb_waf_gate_add_rx(builder, hb_buf_slice(&b)), 0);
        hb_waf_gate_builder_free(builder);
    }
    hb_buf_done(&b);
}

static void test_phrases(void **state)
{
    static const struct hb_slice one[] = {HB_SLICE("Etc/Passwd"),
                                          HB_SLICE("ls"), HB_SLICE("a\0b")};
    static const struct hb_slice two[] = {HB_SLICE(";"), HB_SLICE("")};
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    struct hb_waf_gate *g = NULL;
    size_t classes, literals;

    assert_int_equal(hb_waf_gate_add_phrases(b, one, HB_ARRAY_LEN(one)), 0);
    assert_int_equal(hb_waf_gate_add_phrases(b, two, HB_ARRAY_LEN(two)), 1);
    assert_int_equal(hb_waf_gate_add_phrases(b, NULL, 0), 2);
    assert_int_equal(hb_waf_gate_build(b, &g), 0);
    hb_waf_gate_builder_free(b);
    assert_int_equal(hb_waf_gate_words(g), 1);
    assert_true(says(g, 0, HB_SLICE("/etc/passwd")));
    assert_true(says(g, 0, HB_SLICE("LS")));
    assert_true(says(g, 0, HB_SLICE("xA\0Bx")));
    assert_false(says(g, 0, HB_SLICE("tc/passwd")));
    assert_false(says(g, 0, HB_SLICE("s")));
    assert_false(says(g, 0, HB_SLICE("")));
    assert_true(says(g, 1, HB_SLICE("a;")));
    assert_false(says(g, 1, HB_SLICE("a")));
    assert_false(says(g, 2, HB_SLICE("a;")));
    hb_waf_gate_explain(g, 0, &classes, &literals);
    assert_int_equal(literals, 3);
    hb_waf_gate_free(g);
}

static void test_full(void **state)
{
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    struct hb_waf_gate *g = NULL;

    for (unsigned i = 0; i < HB_WAF_GATE_MAX; i++) {
        char rx[16];

        (void)snprintf(rx, sizeof(rx), "<%04u>", i);
        assert_int_equal(hb_waf_gate_add_rx(b, hb_slice_z(rx)), i);
    }
    assert_int_equal(hb_waf_gate_add_rx(b, HB_SLICE("a")), -ENOSPC);
    assert_int_equal(hb_waf_gate_add_phrases(b, NULL, 0), -ENOSPC);
    assert_int_equal(hb_waf_gate_build(b, &g), 0);
    hb_waf_gate_builder_free(b);
    for (unsigned i = 0; i < HB_WAF_GATE_MAX; i++) {
        struct hb_waf_gate_set set;
        char v[16];
        unsigned n = 0;

        (void)snprintf(v, sizeof(v), "<%04u>", i);
        hb_waf_gate_scan(g, hb_slice_z(v), &set);
        for (unsigned p = 0; p < HB_WAF_GATE_MAX; p++)
            n += hb_waf_gate_has(&set, p);
        assert_int_equal(n, 1);
        assert_true(hb_waf_gate_has(&set, i));
    }
    hb_waf_gate_free(g);
    b = hb_waf_gate_builder_new();
    assert_int_equal(hb_waf_gate_build(b, &g), 0);
    assert_int_equal(hb_waf_gate_words(g), 0);
    hb_waf_gate_free(g);
    hb_waf_gate_builder_free(b);
    hb_waf_gate_builder_free(NULL);
    hb_waf_gate_free(NULL);
}

static int built(struct hb_waf_gate **ret)
{
    static const char *const rx[] = {"(?i)union\\s+(?:all\\s+)?select|[;|&]+ls",
                                     "^(?:GET|HEAD)$", "c['\"]*a['\"]*t"};
    static const struct hb_slice phrase[] = {HB_SLICE("passwd")};
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    int r = b == NULL ? -ENOMEM : 0;

    for (size_t i = 0; r >= 0 && i < HB_ARRAY_LEN(rx); i++)
        r = hb_waf_gate_add_rx(b, hb_slice_z(rx[i]));
    if (r >= 0)
        r = hb_waf_gate_add_phrases(b, phrase, 1);
    if (r >= 0)
        r = hb_waf_gate_build(b, ret);
    hb_waf_gate_builder_free(b);
    return r;
}

/* A gate for want of memory is an error, never one that lets less through. */
static void test_no_memory(void **state)
{
    unsigned n = 0;
    bool pending;

    do {
        struct hb_waf_gate *g = NULL;
        int r;

        hb_fault_set(HB_FAULT_ALLOC, ++n);
        r = built(&g);
        pending = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_int_equal(r, pending ? 0 : -ENOMEM);
        assert_int_equal(g != NULL, pending);
        hb_waf_gate_free(g);
    } while (!pending);
    print_message("# %u allocations\n", n - 1);
}

/* --- at random --- */

static void test_random(void **state)
{
    struct gate_random r = {
        .seed = 0x9e3779b97f4a7c15, .rx = HB_BUF_INIT, .value = HB_BUF_INIT};
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(2000, 1000);
    struct hb_buf v = HB_BUF_INIT;
    unsigned compiled = 0, values = 0, matched = 0, kept = 0;

    for (unsigned i = 0; i < 20000; i++) {
        struct hb_waf_rx *rx = NULL;
        struct hb_waf_gate *g;
        const char *z;

        hb_buf_reset(&r.rx);
        hb_buf_reset(&r.value);
        gate_make(&r, 3);
        z = hb_buf_z(&r.rx);
        if (hb_waf_rx_compile(&rx, hb_buf_slice(&r.rx), NULL) < 0)
            continue;
        compiled++;
        g = gate_of(&z, 1);
        for (unsigned k = 0; k < 10; k++) {
            struct hb_slice value;
            bool yes;

            gate_mutate(&r, &v);
            value = hb_slice(hb_buf_z(&v), v.n);
            yes = says(g, 0, value);
            values++;
            kept += !yes;
            if (hb_waf_rx_match(rx, s, value, 0, NULL) != HB_WAF_RX_YES)
                continue;
            matched++;
            if (!yes)
                fail_msg("%s matches \"%.*s\"", z, (int)value.n, value.p);
        }
        hb_waf_gate_free(g);
        hb_waf_rx_free(rx);
    }
    print_message("# %u expressions, %u values, %u match, %u kept away\n",
                  compiled, values, matched, kept);
    assert_true(compiled > 15000);
    assert_true(matched > values / 4);
    assert_true(kept > values / 50);
    hb_waf_rx_scratch_free(s);
    hb_buf_done(&v);
    hb_buf_done(&r.rx);
    hb_buf_done(&r.value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_syntax),    cmocka_unit_test(test_large),
        cmocka_unit_test(test_phrases),   cmocka_unit_test(test_full),
        cmocka_unit_test(test_no_memory), cmocka_unit_test(test_random),
        cmocka_unit_test(test_crs_4),     cmocka_unit_test(test_crs_3),
    };

    return hb_tap_run("guard/waf/gate", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "guard/waf/operator.h"
#include "units.h"

struct tally {
    unsigned passed, failed, refused;
};

/* Those of detectors are tested where the detectors are. */
static bool elsewhere(enum hb_waf_op op)
{
    return op == HB_WAF_OP_DETECTSQLI || op == HB_WAF_OP_DETECTXSS ||
           hb_waf_op_arg(op) == HB_WAF_OP_ARG_REFUSED;
}

/* One compiled and matched; the result of the match. */
static int once(enum hb_waf_op kind, struct hb_slice arg, struct hb_slice value,
                struct hb_waf_match *m, const char *dir)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = {"", 0};
    struct hb_waf_file file = {.line = &text, .n = 1}, *files = &file;
    struct hb_waf_op_context c = {.file = &files, .n_file = 1};
    struct hb_waf_operator *op = NULL;
    struct hb_err err = {0};
    int r;

    if (hb_waf_op_arg(kind) == HB_WAF_OP_ARG_FILES) {
        file.path = hb_arena_printf(a, "%s/%.*s", dir, (int)arg.n, arg.p);
        assert_int_equal(hb_file_read(a, file.path, 1u << 20, &text), 0);
    }
    r = hb_waf_op_compile(&op, kind, arg, &c, &err);
    if (r < 0) {
        print_message("# @%s: %s\n", hb_waf_op_name(kind), err.message);
        return r;
    }
    r = hb_waf_op_match(op, m, value, HB_SLICE("not looked at"));
    hb_waf_op_free(op);
    return r;
}

/* The set names the groups of the first match at least. */
static bool groups_as(const struct hb_json *want, const struct hb_waf_match *m,
                      bool global)
{
    size_t i = 0;

    if (want == NULL)
        return true;
    HB_JSON_EACH (one, want) {
        if (i >= m->groups.n || !hb_slice_eq(one->str, m->groups.group[i]))
            return false;
        i++;
    }
    return global || i == m->groups.n;
}

static void unit(struct hb_arena *a, const struct hb_json *j,
                 struct hb_waf_match *m, struct tally *t)
{
    static const char lies[] = "test-cases/secrules-language-tests/";
    struct hb_slice name = hb_json_get(j, "name")->str;
    struct hb_slice arg = units_bytes(a, j, "param");
    struct hb_slice value = units_bytes(a, j, "input");
    enum hb_waf_op kind;
    int r;

    assert_true(hb_waf_op_find(name, &kind));
    if (elsewhere(kind)) {
        t->refused++;
        return;
    }
    if (arg.n > sizeof(lies) && memcmp(arg.p, lies, sizeof(lies) - 1) == 0) {
        arg.p += sizeof(lies) - 1;
        arg.n -= sizeof(lies) - 1;
    }
    r = once(kind, arg, value, m, units_path(a, ""));
    if (r == (int)hb_json_int(j, "ret", -1) &&
        (r != HB_WAF_OP_YES || groups_as(hb_json_get(j, "re_groups"), m,
                                         kind == HB_WAF_OP_RXGLOBAL))) {
        t->passed++;
        return;
    }
    t->failed++;
    print_message("# @%s \"%.*s\" on \"%.*s\": %d\n", name.p, (int)arg.n, arg.p,
                  (int)value.n, value.p, r);
}

static void test_units(void **state)
{
    struct hb_waf_match m = {.scratch = hb_waf_rx_scratch_new(0, 0)};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *files[64];
    size_t n = units_files(a, "operators", files);
    struct tally t = {0};

    if (n > 0)
        for (size_t i = 0; i < n; i++) {
            struct hb_json *j = units_load(a, files[i]);

            assert_non_null(j);
            HB_JSON_EACH (one, j)
                unit(a, one, &m, &t);
        }
    hb_waf_rx_scratch_free(m.scratch);
    if (n == 0)
        hb_tap_skip("the shared test set is not here");
    print_message("# operators: %u of the set pass, %u fail, %u are of ones "
                  "not tested here\n",
                  t.passed, t.failed, t.refused);
    assert_int_equal(t.failed, 0);
    assert_int_equal(t.passed, 3937);
    assert_int_equal(t.refused, 18);
}

struct example {
    enum hb_waf_op kind;
    const char *arg;
    struct hb_slice value;
    int want;
};

#define X(op, arg, value, want)                                                \
    {                                                                          \
        HB_WAF_OP_##op, arg, HB_SLICE(value), want                             \
    }

static const struct example examples[] = {
    X(EQ, "10", " +10abc", 1),
    X(EQ, "0", "99999999999", 1),
    X(GE, "9", "99999999999999999999", 1),
    X(LT, "0", "-99999999999999999999", 1),
    X(LE, "-1", "- 5", 0),
    X(STREQ, "a", "a\0", 0),
    X(CONTAINS, "b\tc", "ab\tcd", 1),
    X(CONTAINSWORD, "abc", "xabc abc1", 1),
    X(CONTAINSWORD, "abc", "xabc abcd", 0),
    X(WITHIN, "GET POST", "GET", 1),
    X(WITHIN, "GET POST", "HEAD", 0),
    X(BEGINSWITH, "/api", "/api/x", 1),
    X(ENDSWITH, ".php", "php", 0),
    X(VALIDATEBYTERANGE, "9,10,32-126", "a\tb", 0),
    X(VALIDATEBYTERANGE, "1-255", "a\0b", 1),
    X(VALIDATEURLENCODING, "", "%4", 1),
    X(VALIDATEURLENCODING, "", "%41%g1", 1),
    X(VALIDATEURLENCODING, "", "100%25", 0),
    X(VALIDATEUTF8ENCODING, "", "\xe6\x97\xa5", 0),
    X(VALIDATEUTF8ENCODING, "", "\xc0\xaf", 1),
    X(VALIDATEUTF8ENCODING, "", "\xed\xa0\x80", 1),
    X(IPMATCH, "10.0.0.0/8, 2001:db8::/32,192.0.2.7", "192.0.2.7", 1),
    X(IPMATCH, "10.0.0.0/8, 2001:db8::/32,192.0.2.7", "2001:DB8:1::", 1),
    X(IPMATCH, "10.0.0.0/8, 2001:db8::/32,192.0.2.7", "192.0.2.8", 0),
    X(IPMATCH, "10.0.0.0/8,10.1.0.0/16,10.200.0.0/24", "10.250.0.1", 1),
    X(IPMATCH, "10.0.0.0/8", "10.0.0.1x", 0),
    X(IPMATCH, "10.0.0.0/8", "::ffff:10.0.0.1", 0),
    X(IPMATCH, "0.0.0.0/0", "255.255.255.255", 1),
    X(PM, "foo |2f 65 74 63| b|41|r", "cat /ETC/passwd", 1),
    X(PM, "foo |2f 65 74 63| b|41|r", "bAR", 1),
    X(PM, "a|b |zz|", "x|ZZ|", 1),
    X(RX, "^b.c$", "a\nb\nc\nd", 1),
    X(NOMATCH, "", "a", 0),
    X(UNCONDITIONALMATCH, "", "", 1),
    X(GEOLOOKUP, "", "192.0.2.1", 0),
};

static void test_examples(void **state)
{
    struct hb_waf_match m = {.scratch = hb_waf_rx_scratch_new(0, 0)};

    for (size_t i = 0; i < HB_ARRAY_LEN(examples); i++) {
        const struct example *x = &examples[i];
        int r = once(x->kind, hb_slice_z(x->arg), x->value, &m, NULL);

        if (r != x->want)
            print_message("# @%s %s: %d\n", hb_waf_op_name(x->kind), x->arg, r);
        assert_int_equal(r, x->want);
    }
    hb_waf_rx_scratch_free(m.scratch);
}

static void test_macros(void **state)
{
    struct hb_waf_match m = {.scratch = hb_waf_rx_scratch_new(0, 0)};
    struct hb_waf_op_context c = {.macros = true};
    struct hb_waf_operator *op = NULL;

    assert_int_equal(
        hb_waf_op_compile(&op, HB_WAF_OP_GE, HB_SLICE("%{tx.limit}"), &c, NULL),
        0);
    assert_int_equal(hb_waf_op_match(op, &m, HB_SLICE("7"), HB_SLICE("5")), 1);
    assert_int_equal(hb_waf_op_match(op, &m, HB_SLICE("7"), HB_SLICE("8")), 0);
    hb_waf_op_free(op);
    assert_int_equal(hb_waf_op_compile(&op, HB_WAF_OP_RX,
                                       HB_SLICE("^%{tx.host}$"), &c, NULL),
                     0);
    assert_int_equal(hb_waf_op_match(op, &m, HB_SLICE("a"), HB_SLICE("^a$")),
                     1);
    assert_int_equal(hb_waf_op_match(op, &m, HB_SLICE("a"), HB_SLICE("(")),
                     -EINVAL);
    hb_waf_op_free(op);
    hb_waf_rx_scratch_free(m.scratch);
}

static bool always(struct hb_slice value, char *why)
{
    (void)snprintf(why, 4, "s&1");
    return value.n > 0;
}

static void test_detectors(void **state)
{
    struct hb_waf_op_context c = {.sqli = always};
    struct hb_waf_match m = {0};
    struct hb_waf_operator *op = NULL;

    assert_int_equal(
        hb_waf_op_compile(&op, HB_WAF_OP_DETECTXSS, HB_SLICE(""), &c, NULL),
        -ENOTSUP);
    assert_int_equal(
        hb_waf_op_compile(&op, HB_WAF_OP_DETECTSQLI, HB_SLICE(""), &c, NULL),
        0);
    assert_int_equal(hb_waf_op_match(op, &m, HB_SLICE("x"), HB_SLICE("")), 1);
    assert_string_equal(m.why, "s&1");
    hb_waf_op_free(op);
}

static void test_refused(void **state)
{
    static const struct {
        enum hb_waf_op kind;
        const char *arg;
        int code;
    } rows[] = {
        {HB_WAF_OP_RX, "a(b", -EINVAL},
        {HB_WAF_OP_IPMATCH, "10.0.0.0/8,10.0.0", -EBADMSG},
        {HB_WAF_OP_IPMATCH, "10.0.0.0/x", -EBADMSG},
        {HB_WAF_OP_VALIDATEBYTERANGE, "1-256", -EINVAL},
        {HB_WAF_OP_VALIDATEBYTERANGE, "9-1", -EINVAL},
        {HB_WAF_OP_INSPECTFILE, "x", -ENOTSUP},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_waf_operator *op = NULL;
        struct hb_err err = {0};

        assert_int_equal(hb_waf_op_compile(&op, rows[i].kind,
                                           hb_slice_z(rows[i].arg), NULL, &err),
                         rows[i].code);
        assert_null(op);
        assert_int_equal(err.code, rows[i].code);
        assert_true(err.message[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),   cmocka_unit_test(test_examples),
        cmocka_unit_test(test_macros),  cmocka_unit_test(test_detectors),
        cmocka_unit_test(test_refused),
    };

    return hb_tap_run("guard/waf/operator", tests);
}

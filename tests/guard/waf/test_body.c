/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_body.c - what libmodsecurity 3.0.9 makes of the same bytes is what
 * every expectation here says, but where a comment says otherwise.
 *
 * A result is written as one line: "name=value" of each value in its order,
 * a '|' behind each; bytes that do not print as \xx; then what is wrong.
 */
#include "../../tap.h"

#include "base/buf.h"
#include "base/fault.h"
#include "guard/waf/body.h"

struct example {
    struct hb_slice in;
    const char *out;
};

#define X(in, out)                                                             \
    {                                                                          \
        HB_SLICE(in), out                                                      \
    }

static const struct hb_waf_body_limits no_limits;

static void show_bytes(struct hb_buf *b, struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = (uint8_t)s.p[i];

        if (c < ' ' || c > '~' || c == '\\' || c == '|')
            hb_buf_addf(b, "\\%02x", c);
        else
            hb_buf_addc(b, (char)c);
    }
}

static void show(struct hb_buf *b, const char *what,
                 const struct hb_waf_list *l)
{
    for (uint32_t i = 0; i < l->n; i++) {
        hb_buf_addz(b, what);
        show_bytes(b, l->item[i].name);
        hb_buf_addc(b, '=');
        show_bytes(b, l->item[i].value);
        hb_buf_addc(b, '|');
    }
}

static void same(const struct hb_buf *got, const struct example *e)
{
    if (hb_streq(hb_buf_z(got), e->out))
        return;
    print_message("# of:   %.*s\n", (int)e->in.n, e->in.p);
    print_message("# got:  %s\n# want: %s\n", hb_buf_z(got), e->out);
    fail();
}

/* The copy ends where the bytes end, so that a read past it is seen. */
static struct hb_slice exact(struct hb_arena *a, struct hb_slice s)
{
    char *p = hb_arena_alloc(a, s.n + 16);

    p += 16 - s.n % 16;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return hb_slice(p, s.n);
}

static void parse_as(enum hb_waf_processor how, const char *type,
                     const struct hb_waf_body_limits *limits,
                     const struct example *e)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_waf_body ret = {0};

    assert_int_equal(hb_waf_body_parse(how, hb_slice_z(type), exact(a, e->in),
                                       limits, a, &ret),
                     0);
    show(&b, "", &ret.args);
    if (ret.bad_urlcode)
        hb_buf_addz(&b, "!code");
    if (ret.limit)
        hb_buf_addz(&b, "!limit");
    if (ret.broken)
        hb_buf_addz(&b, "!broken");
    same(&b, e);
    /* Who reads it must know why. */
    assert_int_equal(ret.broken || ret.limit, ret.why[0] != '\0');
}

static const struct example forms[] = {
    X("", ""),
    X("a=b", "a=b|"),
    X("a=b&c=d", "a=b|c=d|"),
    X("a", "a=|"),
    X("=b", "=b|"),
    X("=", "=|"),
    /* An empty pair counts, but not as the last one. */
    X("&", "=|"),
    X("&&", "=|=|"),
    X("a=1&", "a=1|"),
    X("a=1&&b=2", "a=1|=|b=2|"),
    X("a=b=c", "a=b=c|"),
    X("a+b=c+d", "a b=c d|"),
    X("%41=%42", "A=B|"),
    X("%26=%3D%3d", "&===|"),
    X("a=1&a=2", "a=1|a=2|"),
    X("a%00b=%00", "a\\00b=\\00|"),
    X("a=\xff\x80", "a=\\ff\\80|"),
    X("a=b;c=d", "a=b;c=d|"),
    X("%4=1", "%4=1|!code"),
    X("%", "%=|!code"),
    X("a=%zz%41", "a=%zzA|!code"),
    X("a=%u0041", "a=%u0041|!code"),
    X("a=%%41", "a=%A|!code"),
    X("a=%4%31", "a=%41|!code"),
    X("a=%4\0", "a=%4\\00|!code"),
};

static void test_forms(void **state)
{
    struct hb_waf_body_limits semicolons = {.separator = ';'};
    struct example e = X("a=b&c;d=e", "a=b&c|d=e|");

    for (size_t i = 0; i < HB_ARRAY_LEN(forms); i++)
        parse_as(HB_WAF_BODY_URLENCODED, "", &no_limits, &forms[i]);
    parse_as(HB_WAF_BODY_URLENCODED, "", &semicolons, &e);
}

static void test_query(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text = HB_SLICE("a=1&b=2&c=3");
    struct hb_waf_list l = {0};
    bool bad = true;

    assert_int_equal(hb_waf_body_query(text, '&', 2, a, &l, &bad), -EFBIG);
    assert_int_equal(l.n, 2);
    l.n = 0;
    assert_int_equal(hb_waf_body_query(text, '&', 3, a, &l, &bad), 0);
    assert_int_equal(l.n, 3);
    assert_true(bad); /* never cleared */
    /* What needs no decoding is not copied. */
    assert_ptr_equal(l.item[2].name.p, text.p + 8);
    assert_ptr_equal(l.item[2].value.p, text.p + 10);
}

static const struct example cookies[] = {
    X("", ""),
    X("a=b", "a=b|"),
    X("a=b; c=d", "a=b|c=d|"),
    X("a=b;c=d", "a=b|c=d|"),
    X("a;b", "a=|b=|"),
    X(";;a=b;;", "a=b|"),
    X("a=b ; c = d ", "a=b |c = d|"),
    X("  a=b  ", "a=b|"),
    X("=b; =c; ", ""),
    X("a=b=c", "a=b=c|"),
    X("a=%41+", "a=%41+|"),
    X("a=\"b;c\"", "a=\"b|c\"=|"),
    X("$Version=1; a=b; $Path=/", "$Version=1|a=b|$Path=/|"),
    X("a=1; a=2", "a=1|a=2|"),
    X("a=b,c=d", "a=b,c=d|"),
    X("\ta=b;\v d=e", "a=b|d=e|"),
    X("a=b; ;", "a=b|"),
};

static void test_cookies(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(cookies); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        struct hb_waf_list l = {0};

        assert_int_equal(hb_waf_body_cookies(exact(a, cookies[i].in), a, &l),
                         0);
        show(&b, "", &l);
        same(&b, &cookies[i]);
    }
}

static const struct example jsons[] = {
    X("", ""),
    X("{\"a\":{\"b\":[1,{\"c\":true}]}}",
      "json.a.b.array_0=1|json.a.b.array_1.c=true|"),
    X("{\"a\":[{\"b\":1},{\"b\":2},3]}",
      "json.a.array_0.b=1|json.a.array_1.b=2|json.a.array_2=3|"),
    X("[[[1,{\"x\":[2]}],3],4]",
      "json.array_0.array_0.array_0=1|json.array_0.array_0.array_1.x.array_0=2|"
      "json.array_0.array_1=3|json.array_1=4|"),
    X("[\"a\",[],{},\"b\"]", "json.array_0=a|json.array_3=b|"),
    X("{\"a\":{\"b\":[]},\"c\":1}", "json.c=1|"),
    X("[]", ""),
    X("{}", ""),
    X("1", "json=1|"),
    X("\"x\"", "json=x|"),
    X("null", "json=|"),
    X("{\"a\":null,\"b\":false,\"c\":-1.50e+3,\"d\":-0}",
      "json.a=|json.b=false|json.c=-1.50e+3|json.d=-0|"),
    X("[12345678901234567890123,1E5]",
      "json.array_0=12345678901234567890123|json.array_1=1E5|"),
    X("{\"\":{\"\":2}}", "json.empty-key.empty-key=2|"),
    X("{\"a\":1,\"a\":2}", "json.a=1|json.a=2|"),
    X("{\"a.b\":1,\"\\u0041\":2}", "json.a.b=1|json.A=2|"),
    X("\"\\u0041\\u00e9\\u65e5\\ud83d\\ude00\\u0000\"",
      "json=A\\c3\\a9\\e6\\97\\a5\\f0\\9f\\98\\80\\00|"),
    X("\"\\n\\t\\b\\f\\r\\/\\\\\\\"\"", "json=\\0a\\09\\08\\0c\\0d/\\5c\"|"),
    X("\"\\ud83d\"", "json=?|"),
    X("\"\\ud83dx\"", "json=?x|"),
    X(" \t\r\n\v\f1\n", "json=1|"),
    X("\"\x7f\"", "json=\x5c"
                  "7f|"),
    /* Otherwise: the reference makes one character of these two and loses the
     * A, writes the second half as a byte sequence that is no UTF-8, and
     * reads no body with bytes that are none. */
    X("\"\\ud83d\\u0041\"", "json=?A|"),
    X("\"\\ude00x\"", "json=?x|"),
    X("{\"\xff\":\"\x82\xa0\"}", "json.\\ff=\\82\\a0|"),
    /* Broken: what was read before stays. */
    X("{\"a\":1} x", "json.a=1|!broken"),
    X("{\"a\":1}{\"b\":2}", "json.a=1|!broken"),
    X("1 2", "json=1|!broken"),
    X("[1,", "json.array_0=1|!broken"),
    X("[1,]", "json.array_0=1|!broken"),
    X("{\"a\":1,}", "json.a=1|!broken"),
    X("{\"a\":1 \"b\":2}", "json.a=1|!broken"),
    X("{\"a\":1,\"b\"}", "json.a=1|!broken"),
    X("{\"a\"", "!broken"),
    X("{\"a", "!broken"),
    X("{\"a\\", "!broken"),
    X("{", "!broken"),
    X("{a:1}", "!broken"),
    X("{1:2}", "!broken"),
    X("'a'", "!broken"),
    X("  ", "!broken"),
    X("}", "!broken"),
    X("[}", "!broken"),
    X("[]]", "!broken"),
    X("01", "json=0|!broken"),
    X("[-01]", "json.array_0=-0|!broken"),
    X("-", "!broken"),
    X("-a", "!broken"),
    X("1.", "!broken"),
    X("1.e1", "!broken"),
    X(".5", "!broken"),
    X("+1", "!broken"),
    X("1e+", "!broken"),
    X("NaN", "!broken"),
    X("tru", "!broken"),
    X("nulll", "json=|!broken"),
    X("\"\\x\"", "!broken"),
    X("\"\\u00\"", "!broken"),
    X("\"\\u00g0\"", "!broken"),
    X("\"\n\"", "!broken"),
    X("\"\0\"", "!broken"),
    X("12345678\"", "json=12345678|!broken"),
    X("{\"a\":1 // b\n}", "json.a=1|!broken"),
    X("\xef\xbb\xbf{}", "!broken"),
};

static void test_json(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(jsons); i++)
        parse_as(HB_WAF_BODY_JSON, "", &no_limits, &jsons[i]);
}

static struct hb_slice repeat(struct hb_arena *a, const char *before,
                              const char *unit, size_t n, const char *after)
{
    size_t m = strlen(unit);
    char *p = hb_arena_alloc(a, strlen(before) + n * m + strlen(after)), *q = p;

    q = mempcpy(q, before, strlen(before));
    for (size_t i = 0; i < n; i++)
        q = mempcpy(q, unit, m);
    q = mempcpy(q, after, strlen(after));
    return hb_slice(p, (size_t)(q - p));
}

static struct hb_waf_body parse(struct hb_arena *a, enum hb_waf_processor how,
                                struct hb_waf_body_limits limits,
                                struct hb_slice type, struct hb_slice body)
{
    struct hb_waf_body ret = {0};

    assert_int_equal(hb_waf_body_parse(how, type, body, &limits, a, &ret), 0);
    return ret;
}

static void test_json_limits(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {0};
    struct hb_slice none = HB_SLICE("");
    struct hb_waf_body r;

    /* 512 levels, whose name is the longest that is read, and one more. */
    for (size_t n = 512; n <= 513; n++) {
        char *end = hb_arena_alloc(a, n + 2);

        end[0] = '1';
        memset(end + 1, ']', n);
        r = parse(a, HB_WAF_BODY_JSON, limits, none,
                  repeat(a, "", "[", n, end));
        assert_int_equal(r.broken, n == 513);
        assert_int_equal(r.limit, n == 513);
        assert_int_equal(r.args.n, n == 512);
    }
    limits.arguments = 3;
    r = parse(a, HB_WAF_BODY_JSON, limits, none, HB_SLICE("[1,2,3]"));
    assert_false(r.limit);
    r = parse(a, HB_WAF_BODY_JSON, limits, none, HB_SLICE("[1,2,3,4]"));
    assert_true(r.limit && r.broken);
    assert_int_equal(r.args.n, 3);
    r = parse(a, HB_WAF_BODY_URLENCODED, limits, none, HB_SLICE("a&b&c&d"));
    assert_true(r.limit && r.broken);
    assert_int_equal(r.args.n, 3);
    /* One name past 8 KiB. */
    limits.arguments = 0;
    r = parse(a, HB_WAF_BODY_JSON, limits, none,
              repeat(a, "{\"", "k", 9000, "\":1}"));
    assert_true(r.limit && r.broken);
}

/* A body of a mebibyte costs memory in proportion to it, whatever its shape;
 * the names of JSON have a ceiling of their own. */
static void test_json_cost(void **state)
{
    static const char *const shapes[][3] = {
        {"[", "1,", "1]"},    {"[", "\"\\u0041\",", "1]"},
        {"\"", "\\\\", "\""}, {"\"", "\\ud83d", "\""},
        {"", "[", ""},        {"", "{\"a\":", ""},
        {"", "[[],", ""},     {"[", "{\"\":{\"\":[]}},", "1]"},
    };
    struct hb_waf_body_limits limits = {.depth = 1u << 20};

    for (size_t i = 0; i < HB_ARRAY_LEN(shapes); i++) {
        _cleanup_arena_ struct hb_arena *in = hb_arena_new(0);
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        const char *unit = shapes[i][1];
        struct hb_slice body = repeat(in, shapes[i][0], unit,
                                      (1u << 20) / strlen(unit), shapes[i][2]);

        (void)parse(a, HB_WAF_BODY_JSON, limits, HB_SLICE(""), body);
        assert_true(hb_arena_used(a) < (16u << 20));
    }
}

static void test_json_names(void **state)
{
    _cleanup_arena_ struct hb_arena *in = hb_arena_new(0);
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {0};
    char *key = hb_arena_alloc(in, 8001), *before;
    struct hb_waf_body r;

    memset(key, 'k', 8000);
    before = hb_arena_printf(in, "{\"%s\":[", key);
    r = parse(a, HB_WAF_BODY_JSON, limits, HB_SLICE(""),
              repeat(in, before, "1,", 1u << 19, "1]}"));
    assert_true(r.limit && r.broken);
    assert_true(hb_arena_used(a) < (8u << 20));
    /* What an honest body may have. */
    hb_arena_reset(a);
    r = parse(a, HB_WAF_BODY_JSON, limits, HB_SLICE(""),
              repeat(in, "{\"items\":[", "{\"a\":1},", 900, "1]}"));
    assert_false(r.broken);
    assert_int_equal(r.args.n, 901);
}

/* Each allocation fails once: -ENOMEM, and nothing else. */
static void no_memory(enum hb_waf_processor how, const char *type,
                      struct hb_slice body)
{
    for (unsigned n = 1;; n++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct hb_waf_body ret = {0};
        bool through;
        int r;

        hb_fault_set(HB_FAULT_ALLOC, n);
        r = hb_waf_body_parse(how, hb_slice_z(type), body, &no_limits, a, &ret);
        through = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_int_equal(r, through ? 0 : -ENOMEM);
        if (through)
            break;
    }
}

static void test_no_memory(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    no_memory(HB_WAF_BODY_URLENCODED, "", repeat(a, "", "a=%41&", 2000, ""));
    no_memory(HB_WAF_BODY_JSON, "",
              repeat(a, "[[[", "\"\\u0041\",", 2000, "1]] x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),       cmocka_unit_test(test_query),
        cmocka_unit_test(test_cookies),     cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_limits), cmocka_unit_test(test_json_cost),
        cmocka_unit_test(test_json_names),  cmocka_unit_test(test_no_memory),
    };

    return hb_tap_run("guard/waf/body", tests);
}

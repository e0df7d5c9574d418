/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_body.c - what libmodsecurity 3.0.9 makes of the same bytes is what
 * every expectation here says, but where a comment says otherwise.
 *
 * A result is written as one line: "name=value" of each value in its order,
 * a '|' behind each; bytes that do not print as \xx; then what is wrong.
 */
#include "../../tap.h"

#include <time.h>

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

/* --- multipart --- */

#define TYPE               "multipart/form-data; boundary=BB"
#define CD                 "Content-Disposition: form-data; name=\"a\""
#define ONE(head, content) "--BB\r\n" head "\r\n\r\n" content "\r\n--BB--\r\n"

static const char *const flags[HB_WAF_MP_COUNT] = {
    [HB_WAF_MP_BOUNDARY_QUOTED] = "quoted",
    [HB_WAF_MP_BOUNDARY_WHITESPACE] = "whitespace",
    [HB_WAF_MP_DATA_BEFORE] = "before",
    [HB_WAF_MP_DATA_AFTER] = "after",
    [HB_WAF_MP_HEADER_FOLDING] = "folding",
    [HB_WAF_MP_INVALID_HEADER_FOLDING] = "bad-folding",
    [HB_WAF_MP_LF_LINE] = "lf",
    [HB_WAF_MP_CRLF_LF_LINES] = "crlf-lf",
    [HB_WAF_MP_MISSING_SEMICOLON] = "semicolon",
    [HB_WAF_MP_INVALID_QUOTING] = "quoting",
    [HB_WAF_MP_INVALID_PART] = "part",
    [HB_WAF_MP_FILE_LIMIT_EXCEEDED] = "files",
    [HB_WAF_MP_UNMATCHED_BOUNDARY] = "unmatched",
};

static void show_form(struct hb_buf *b, const struct hb_waf_body *ret)
{
    show(b, "", &ret->args);
    show(b, "file:", &ret->file);
    show(b, "size:", &ret->file_size);
    show(b, "data:", &ret->file_data);
    for (size_t i = 0; i < HB_WAF_MP_COUNT; i++)
        if (ret->flag[i])
            hb_buf_addf(b, "!%s", flags[i]);
    if (ret->limit)
        hb_buf_addz(b, "!limit");
    if (ret->broken)
        hb_buf_addz(b, "!broken");
}

static void form_as(const char *type, const struct example *e)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_waf_body ret = parse(a, HB_WAF_BODY_MULTIPART, no_limits,
                                   hb_slice_z(type), exact(a, e->in));

    show_form(&b, &ret);
    same(&b, e);
    assert_int_equal(ret.broken, ret.why[0] != '\0');
}

static const struct example parts[] = {
    X("", ""),
    X(ONE(CD, "v"), "a=v|"),
    X(ONE(CD, ""), "a=|"),
    X(ONE(CD "; filename=\"f.txt\"\r\nContent-Type: text/plain", "x\r\ny"),
      "file:a=f.txt|size:a=4|data:a=x\\0d\\0ay|"),
    X(ONE(CD "; filename=\"\"", ""), "a=|"),
    X("--BB\r\n" CD "\r\n\r\n1\r\n" ONE(CD, "2"), "a=1|a=2|"),
    X("--BB\r\n" CD "\r\n\r\nv\r\n--BB--", "a=v|"),
    X("--BB--\r\n", ""),
    /* Otherwise: the reference drops the ends of lines within a value. */
    X(ONE(CD, "x\r\ny\nz\r\n"), "a=x\\0d\\0ay\\0az\\0d\\0a|"),
    /* Ends of lines, and what stands around. */
    X("--BB\n" CD "\n\nv\n--BB--\n", "a=v|!lf"),
    X("--BB\r\n" CD "\n\r\nv\r\n--BB--", "a=v|!lf!crlf-lf"),
    X("--BB\r\n" CD "\r\n\r\nv\n--BB--", "a=v|!lf!crlf-lf"),
    X("pre\r\n" ONE(CD, "v"), "a=v|!before"),
    X("\n" ONE(CD, "v"), "a=v|!before!lf!crlf-lf"),
    X(ONE(CD, "v") "x", "a=v|!after"),
    X(ONE(CD, "v") "\r\n", "a=v|!after"),
    X(ONE(CD, "v") ONE(CD, "w"), "a=v|!after"),
    /* Nearly boundaries. */
    X("--BB\r\n" CD "\r\n\r\nx\r\n--C\r\n--BB--", "a=x\\0d\\0a--C|!unmatched"),
    X("--BB\r\n" CD "\r\n\r\nx --BB\r\n--BB--", "a=x --BB|!unmatched"),
    X("--BB\r\n" CD "\r\n\r\nx -BB\r\n--BB--", "a=x -BB|"),
    X(ONE(CD, "x\r\n--C"), "a=x\\0d\\0a--C|"),
    X("--C\r\n--BB\r\n" CD "\r\n\r\nv\r\n--BB--", "a=v|!before!unmatched"),
    X(ONE(CD, "--BB\r\nx"), "a=--BB\\0d\\0ax|!part"),
    X(ONE(CD, "--BBx"), "a=--BBx|!part"),
    X(ONE(CD, "x\r\n--BBx\r\n"), "!broken"),
    X(ONE(CD, "x\r\n--BB--x\r\n"), "!broken"),
    X(ONE(CD, "x\r\n--BB \r\n"), "!broken"),
    X(ONE(CD, "x\r\n-- BB\r\n"), "!broken"),
    X(ONE(CD "\r\n--BBx: y", "v"), "a=v|!part"),
    /* Cut off: what is there stays. */
    X("x", "!broken"),
    X("--BB", "!broken"),
    X("--BB--", "!broken"),
    X("--BB\r\n", "!broken"),
    X("--BB\r\n" CD, "!broken"),
    X("--BB\r\n" CD "\r\n\r\nv", "a=v|!broken"),
    X("--BB\r\n" CD "\r\n\r\nv\r\n--BB", "a=v\\0d\\0a--BB|!broken"),
    X("--BB\r\n" CD "\r\n\r\nv\r\n--BB--\r", "!broken"),
    X("--BB\r\n" CD "\r\n\r\nv--BB--", "a=v--BB--|!broken"),
    /* Headers of a part. */
    X(ONE(CD "\r\nX: y\r\n z", "v"), "a=v|!folding"),
    X(ONE(CD "\r\nX: y\r\n\v z", "v"), "a=v|!folding!bad-folding"),
    X(ONE(CD ";\r\n filename=\"x\"", "v"),
      "file:a=x|size:a=1|data:a=v|!folding"),
    X(ONE(" " CD, "v"), "=v|!folding!part!broken"),
    X(ONE(CD "\r\nX y", "v"), "a=v|!broken"),
    X(ONE(CD "\r\n: y", "v"), "a=v|!broken"),
    X(ONE(CD "\r\nX: a\0b", "v"), "a=v|!broken"),
    X(ONE("X: y", "v"), "=v|!part!broken"),
    X(ONE("\r\n" CD, "v"),
      "=Content-Disposition: form-data; name=\"a\"\\0d\\0a\\0d\\0av|"
      "!part!broken"),
    /* Otherwise: the reference forgets the second one. */
    X(ONE(CD "\r\n" CD, "v"), "a=v|!part"),
    X("--BB\r\n--BB--", "!part"),
    X("--BB\r\n" CD "\r\n--BB--", "a=|!part"),
};

static void test_parts(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++)
        form_as(TYPE, &parts[i]);
}

/* What stands behind "form-data". */
static const struct example abouts[] = {
    X("; name=a", "a=v|"),
    X(";name=\"a\"", "a=v|"),
    X("; \t name = \"a\" ", "a=v|"),
    X("; name=\"a\";", "a=v|"),
    X("; name=\"a\\\"b\\\\c\\d\"", "a\"b\\5cc\\5cd=v|"),
    X("; name=\"a;b'c=d\"", "a;b'c=d=v|"),
    X("; name=\"\xe3\x81\x82\"", "\\e3\\81\\82=v|"),
    X("; name={a}", "{a}=v|"),
    X("; name='a'", "a=v|!quoting"),
    X("; name=a'b", "a'b=v|!quoting"),
    X("; filename=f; name=a", "file:a=f|size:a=1|data:a=v|"),
    X("; name=a; filename=\"C:\\x\"", "file:a=C:\\5cx|size:a=1|data:a=v|"),
    X("; name=a; filename='f'", "file:a=f|size:a=1|data:a=v|!quoting"),
    /* Otherwise: what a server may prefer is a name too. */
    X("; name=a; filename=f; filename*=UTF-8''%e3%81%82%4",
      "file:a=f|file:a=\\e3\\81\\82%4|size:a=1|data:a=v|"),
    X("; name=a; filename*=UTF-8''f",
      "file:a=f|size:a=1|data:a=v|!part!broken"),
    X("; name=a; filename=f; filename*=f",
      "file:a=f|size:a=1|data:a=v|!part!broken"),
    X("", "=v|!part!broken"),
    X(";", "=v|!part!broken"),
    X(" name=a", "=v|!part!broken"),
    X("x; name=a", "=v|!part!broken"),
    X("; name=\"a\"; ", "a=v|!part!broken"),
    X("; name=\"a\"x", "a=v|!quoting!part!broken"),
    X("; name=\"a\"\"", "a=v|!quoting!part!broken"),
    X("; name=a b", "a=v|!part!broken"),
    X("; name=a/b", "a=v|!part!broken"),
    /* Otherwise: the reference takes these for good. */
    X("; name=\"a", "a=v|!part!broken"),
    X("; name=\"a\\\"", "a\\5c\"=v|!part!broken"),
    X("; name=\"a\"; name=\"b\"", "a=v|!part!broken"),
    X("; name=a; filename=f; filename=g",
      "file:a=f|size:a=1|data:a=v|!part!broken"),
    X("; name=a; x=y", "a=v|!part!broken"),
    X("; name=a;; filename=f", "a=v|!part!broken"),
    X("; name=a; filename =f", "a=v|!part!broken"),
    X("; NAME=a", "=v|!part!broken"),
    X("; name", "=v|!part!broken"),
    X("; name=", "=v|!part!broken"),
    X("; name=\"\"", "=v|!part!broken"),
};

static void test_dispositions(void **state)
{
    struct example e =
        X(ONE("content-disposition:form-data;name=a", "v"), "a=v|");

    for (size_t i = 0; i < HB_ARRAY_LEN(abouts); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        char *z =
            hb_arena_printf(a, ONE("Content-Disposition: form-data%.*s", "v"),
                            (int)abouts[i].in.n, abouts[i].in.p);
        struct example one = {hb_slice_z(z), abouts[i].out};

        form_as(TYPE, &one);
    }
    form_as(TYPE, &e);
    e = (struct example)X(ONE("Content-Disposition: Form-Data; name=a", "v"),
                          "=v|!part!broken");
    form_as(TYPE, &e);
}

/* Content-Type, and what becomes of a good body. */
static const struct example types[] = {
    X("multipart/form-data; boundary=BB", "a=v|"),
    X("MULTIPART/Form-data;\tboundary=BB;", "a=v|"),
    X("multipart/form-data; boundary=BB; charset=utf-8", "a=v|"),
    X("multipart/form-data; boundary=\"BB\"", "a=v|!quoted"),
    X("multipart/form-data boundary=BB", "a=v|!semicolon"),
    X("multipart/form-data; boundary =BB", "a=v|!whitespace"),
    /* Otherwise: one reading is left of each of these, but the reference
     * refuses them. */
    X("multipart/form-data; boundary= BB", "a=v|!whitespace"),
    X("multipart/form-data; charset=utf-8; boundary=BB", "a=v|"),
    X("multipart/form-data; boundary=\"BB\"; x=y", "a=v|!quoted"),
    /* Otherwise: the reference reads nothing and finds nothing wrong. */
    X("multipart/form-data; boundary=", "!broken"),
    X("multipart/form-data; boundary=\"\"", "!broken"),
    X("multipart/mixed; boundary=BB", "!broken"),
    X(" multipart/form-data; boundary=BB", "!broken"),
    X("", "!broken"),
    X("multipart/form-data", "!broken"),
    X("multipart/form-data;", "!broken"),
    X("multipart/form-data; boundary", "!broken"),
    X("multipart/form-data; boundary=\"BB", "!broken"),
    X("multipart/form-data; boundary=BB\"", "!broken"),
    X("multipart/form-data; boundary=BB ", "!broken"),
    X("multipart/form-data; boundary=B@", "!broken"),
    X("multipart/form-data; Boundary=BB", "!broken"),
    X("multipart/form-data; boundary=BB; boundary=BB", "!broken"),
    X("multipart/form-data; boundary=BB; Boundary =C", "!broken"),
    X("multipart/form-data; boundary=BB, boundary=C", "!broken"),
    X("multipart/form-data; xboundary=C; boundary=BB", "!broken"),
    X("multipart/form-data; x=\"boundary\"; boundary=BB", "!broken"),
    X("multipart/form-data;; boundary=BB", "!broken"),
    X("multipart/form-data, boundary=BB", "!broken"),
    X("multipart/form-datax; boundary=BB", "!broken"),
    X("multipart/form-data; boundaryx=BB", "!broken"),
};

static void test_types(void **state)
{
    struct example firefox =
        X("--"
          "----geckoformboundary1f\r\n" CD "\r\n\r\nv\r\n--"
          "----geckoformboundary1f--\r\n",
          "a=v|");

    for (size_t i = 0; i < HB_ARRAY_LEN(types); i++) {
        struct example e = X(ONE(CD, "v"), types[i].out);

        form_as(types[i].in.p, &e);
    }
    /* Its name of the boundary holds that word. */
    form_as("multipart/form-data; boundary=----geckoformboundary1f", &firefox);
}

static void test_part_headers(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct example e = {.out =
                            "a=Content-Disposition: form-data; name=\"a\"|"
                            "a=Content-Type:  text/plain |a=X: y z|name:a=a|"};
    struct hb_waf_body ret = parse(
        a, HB_WAF_BODY_MULTIPART, no_limits, hb_slice_z(TYPE),
        HB_SLICE(ONE(CD "\r\nContent-Type:  text/plain \r\nX: y\r\n\t z", "")));

    show(&b, "", &ret.part_header);
    show(&b, "name:", &ret.part_name);
    same(&b, &e);
}

static void test_multipart_limits(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {.arguments = 3, .files = 2};
    struct hb_slice type = HB_SLICE(TYPE);
    const char *part = "--BB\r\n" CD "\r\n\r\nv\r\n";
    const char *file = "--BB\r\n" CD "; filename=f\r\n\r\nv\r\n";
    struct hb_waf_body r;

    for (size_t n = 3; n <= 4; n++) {
        r = parse(a, HB_WAF_BODY_MULTIPART, limits, type,
                  repeat(a, "", part, n, "--BB--\r\n"));
        assert_int_equal(r.limit, n == 4);
        assert_int_equal(r.args.n, 3);
        r = parse(a, HB_WAF_BODY_MULTIPART, limits, type,
                  repeat(a, "", file, n - 1, "--BB--\r\n"));
        assert_int_equal(r.limit, n == 4);
        assert_int_equal(r.flag[HB_WAF_MP_FILE_LIMIT_EXCEEDED], n == 4);
        assert_int_equal(r.file.n, 2);
        assert_int_equal(r.file_bytes, 2);
    }
    r = parse(a, HB_WAF_BODY_MULTIPART, limits, type,
              repeat(a, "--BB\r\n" CD "\r\nX: ", "y", 4090, "\r\n\r\n"));
    assert_false(r.limit);
    r = parse(a, HB_WAF_BODY_MULTIPART, limits, type,
              repeat(a, "--BB\r\n" CD "\r\nX: ", "y", 4091, "\r\n\r\n"));
    assert_true(r.limit && r.broken);
}

/* --- XML --- */

static const struct example xmls[] = {
    X("<a>x</a>", "x"),
    X("<a/>", ""),
    X("<?xml version=\"1.0\"?>\n<a b=\"c\">x<d "
      "e='f&amp;#&lt;&#38;'>y</d>z</a>\n",
      "xyz|b=c|e=f&#<&|"),
    X("<a><![CDATA[<x>]]>&lt;&#65;&#x42;&amp;</a>", "<x><AB&"),
    X("<a><!-- c -->x<?pi d?>y</a> <!-- c -->", "xy"),
    X("<a>\r\nx\r\n</a>", "\\0ax\\0a"),
    X("<a b=\" x  y\n z\"/>", "|b= x  y  z|"),
    X("<a xmlns=\"urn:x\" xmlns:p=\"urn:y\" p:q=\"r\"><p:b xmlnsx=\"t\"/></a>",
      "|p:q=r|xmlnsx=t|"),
    X("<a>\xc3\xa9</a>", "\\c3\\a9"),
    X("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a b=\"\xe9\">\xe9</a>",
      "\\c3\\a9|b=\\c3\\a9|"),
    X("<?xml version='1.0' encoding='Shift_JIS' ?><a>\x82\xa0</a>",
      "\\e3\\81\\82"),
    X("\xef\xbb\xbf<a>x</a>", "x"),
    X("\xff\xfe<\0a\0>\0x\0<\0/\0a\0>\0", "x"),
    X("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a>x</a>", "x"),
    X("<!DOCTYPE a PUBLIC \"-//x\" \"http://127.0.0.1:1/x\"><a>x</a>", "x"),
    /* Otherwise: entities are seen where they are declared, and never
     * expanded. */
    X("<!DOCTYPE a [<!ENTITY e \"boo\">]><a>x</a>", "boox"),
    X("<!DOCTYPE a [<!ENTITY e \"boo\">]><a>&e;</a>", "boo!broken"),
    X("<!DOCTYPE a [<!ENTITY e \"boo\">]><a b=\"&e;\">x</a>", "boox!broken"),
    X("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a>&e;</a>",
      "file:///etc/passwd!broken"),
    X("<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\">%p;]><a/>",
      "http://127.0.0.1:1/!broken"),
    X("<!DOCTYPE a [<!-- ]> ' --><?x ]> \" ?><!ATTLIST a z (p|q) \"p\">]><a/>",
      ""),
    /* Broken: what was read before stays. */
    X("", "!broken"),
    X("  ", "!broken"),
    X("x", "!broken"),
    X("<a>", "!broken"),
    X("<a b=\"x\">t<c>", "t|b=x|!broken"),
    X("<a>x</b>", "x!broken"),
    X("<a b=c/>", "!broken"),
    X("<a b=\"1\" b=\"2\"/>", "!broken"),
    X("<a/><b/>", "!broken"),
    X("<a>x</a>t", "x!broken"),
    X("<a>x</a>\0<b>y</b>", "x!broken"),
    X("<a>\0</a>", "!broken"),
    X("<a>&undef;</a>", "!broken"),
    X("<a>&#0;</a>", "!broken"),
    X("<a>\xe9</a>", "!broken"),
    X("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>x</a>", "x!broken"),
    /* Encodings that hide ASCII. */
    X("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a>+AGE-</a>", "!broken"),
    X("<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?><a>x</a>", "!broken"),
    X("\x4c\x6f\xa7\x94\x93", "!broken"),
    X("\0\0\0<\0\0\0a", "!broken"),
    X("<\0\0\0a\0\0\0", "!broken"),
};

static void test_xml(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(xmls); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        struct hb_waf_body ret = parse(a, HB_WAF_BODY_XML, no_limits,
                                       HB_SLICE(""), exact(a, xmls[i].in));

        show_bytes(&b, ret.xml_text);
        if (ret.xml_attr.n > 0)
            hb_buf_addc(&b, '|');
        show(&b, "", &ret.xml_attr);
        if (ret.limit)
            hb_buf_addz(&b, "!limit");
        if (ret.broken)
            hb_buf_addz(&b, "!broken");
        same(&b, &xmls[i]);
        assert_int_equal(ret.broken, ret.why[0] != '\0');
    }
}

static void test_xml_limits(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {.depth = 20, .arguments = 3};
    struct hb_slice none = HB_SLICE("");
    struct hb_waf_body r;
    char *end;

    for (size_t n = 20; n <= 21; n++) {
        end = hb_arena_alloc(a, 4 * n + 1);
        for (size_t i = 0; i < n; i++)
            memcpy(end + 4 * i, "</a>", 4);
        r = parse(a, HB_WAF_BODY_XML, limits, none,
                  repeat(a, "", "<a>", n, end));
        assert_int_equal(r.limit, n == 21);
        assert_int_equal(r.broken, n == 21);
    }
    r = parse(a, HB_WAF_BODY_XML, limits, none,
              HB_SLICE("<a b='1' c='2'><d b='3' c='4'/></a>"));
    assert_true(r.limit && r.broken);
    assert_int_equal(r.xml_attr.n, 3);
    limits.depth = 0;
    r = parse(a, HB_WAF_BODY_XML, limits, none, repeat(a, "", "<a>", 1000, ""));
    assert_true(r.limit && r.broken);
    /* Hidden behind a comment, in a value, in UTF-16. */
    limits.arguments = 0;
    r = parse(a, HB_WAF_BODY_XML, limits, none,
              repeat(a, "<!-- <x ' --><a z='>'", " b='c'", 300, "/>"));
    assert_true(r.limit && r.broken && r.xml_attr.n == 0);
}

/* A mebibyte of the worst that we could think of: the memory that it takes
 * stays within bounds, and so does the time, since nothing here may take more
 * than some of the ten seconds in which all of them must be through, on a
 * machine that does something else too and with sanitizers. */
static void test_cost(void **state)
{
    static const struct {
        enum hb_waf_processor how;
        const char *before, *unit, *after;
    } shapes[] = {
        {HB_WAF_BODY_URLENCODED, "", "&", ""},
        {HB_WAF_BODY_URLENCODED, "", "%41%", ""},
        {HB_WAF_BODY_MULTIPART, "", "--BB\r\n", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "", "--BB\r\n\r\n\r\n", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "", "--BB\r\n" CD "\r\n\r\n\r\n", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n" CD "\r\n\r\n", "\n", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n" CD "\r\n\r\n", "--B", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n" CD "\r\n\r\n", "-- ", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n" CD "\r\n\r\n", "--B\n", "--BB--"},
        {HB_WAF_BODY_MULTIPART, "--BB\r\nX: y", "\r\n z", ""},
        {HB_WAF_BODY_MULTIPART, "", "--BB\r\nX:\n y\n y\n y\n\r\n\r\n", ""},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n", "X:\r\n", ""},
        {HB_WAF_BODY_MULTIPART, "--BB\r\n" CD "; filename=\"", "\\\"", ""},
        {HB_WAF_BODY_XML, "<a>", "<b/>", "</a>"},
        {HB_WAF_BODY_XML, "", "<a>", ""},
        {HB_WAF_BODY_XML, "", "<", ""},
        {HB_WAF_BODY_XML, "<a ", "b='' ", "/>"},
        {HB_WAF_BODY_XML, "<a>", "<b a='' b='' c='' d='' e=''/>", "</a>"},
        {HB_WAF_BODY_XML, "<a>", "&amp;", "</a>"},
        {HB_WAF_BODY_XML, "<a>", "<![CDATA[", "</a>"},
        {HB_WAF_BODY_XML, "<a b='", "&#38;", "'/>"},
        {HB_WAF_BODY_XML, "<!DOCTYPE a [<!ENTITY a \"x\">", "<!ENTITY b '&a;'>",
         "]><a>&b;</a>"},
        {HB_WAF_BODY_XML, "<!DOCTYPE a [<!ATTLIST a b (x", "|x", ")>]><a/>"},
        {HB_WAF_BODY_XML, "<!DOCTYPE a [<!ELEMENT a ", "(", ")>]><a/>"},
        {HB_WAF_BODY_XML, "<!--", "-", "--><a/>"},
        {HB_WAF_BODY_XML, "<a xmlns:a='b'>", "<z:b/>", "</a>"},
    };
    struct timespec t0, t1;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    for (size_t i = 0; i < HB_ARRAY_LEN(shapes); i++) {
        _cleanup_arena_ struct hb_arena *in = hb_arena_new(0);
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        const char *unit = shapes[i].unit;

        (void)parse(a, shapes[i].how, no_limits, HB_SLICE(TYPE),
                    repeat(in, shapes[i].before, unit,
                           (1u << 20) / strlen(unit), shapes[i].after));
        assert_true(hb_arena_used(a) < (24u << 20));
    }
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    assert_true(t1.tv_sec - t0.tv_sec < 10);
}

/* Each entity is ten of the one before. */
static void test_laughs(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_waf_body r;

    hb_buf_addz(&b, "<!DOCTYPE z [<!ENTITY a0 \"ha\">");
    for (unsigned i = 1; i < 20; i++) {
        hb_buf_addf(&b, "<!ENTITY a%u \"", i);
        for (unsigned k = 0; k < 10; k++)
            hb_buf_addf(&b, "&a%u;", i - 1);
        hb_buf_addz(&b, "\">");
    }
    hb_buf_addz(&b, "]><z y='&a19;'>&a19;</z>");
    r = parse(a, HB_WAF_BODY_XML, no_limits, HB_SLICE(""), hb_buf_slice(&b));
    assert_true(r.broken);
    assert_true(r.xml_text.n < b.n);
    assert_true(hb_arena_used(a) < 8 * b.n);
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
    no_memory(HB_WAF_BODY_MULTIPART, TYPE,
              repeat(a, "",
                     "--BB\r\nX: y\r\n z\r\n" CD
                     "; filename=\"\\\"\"; filename*=a''b\r\n\r\n\r\n",
                     90, "--BB--"));
    no_memory(HB_WAF_BODY_XML, "",
              repeat(a, "<!DOCTYPE a [<!ENTITY e 'f'>]><a>",
                     "<b c='d'>text</b>", 500, "&e;</a>"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_limits),
        cmocka_unit_test(test_json_cost),
        cmocka_unit_test(test_json_names),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_dispositions),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_part_headers),
        cmocka_unit_test(test_multipart_limits),
        cmocka_unit_test(test_xml),
        cmocka_unit_test(test_xml_limits),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_laughs),
        cmocka_unit_test(test_no_memory),
    };

    return hb_tap_run("guard/waf/body", tests);
}

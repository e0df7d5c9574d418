/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON reader, the tree builder and the writers: the grammar of RFC 8259
 * line by line, every ceiling at its edge, the canonical form of RFC 8785,
 * hostile names, and each allocation failing once.
 */
#include "../tap.h"

#include <float.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/num.h"

/* TEXT parses and is written as WANT (NULL: as it is). */
static void good_n(struct hb_slice text, const char *want)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *root = NULL;
    struct hb_err err = {0};
    int rc = hb_json_parse(a, text, &root, &err);

    if (rc != 0)
        print_message("# %s: %s\n", text.p, err.message);
    assert_int_equal(rc, 0);
    assert_non_null(root);
    hb_json_write(&b, root);
    assert_int_equal(hb_buf_err(&b), 0);
    if (want != NULL)
        assert_string_equal(hb_buf_z(&b), want);
    else
        assert_string_equal(hb_buf_z(&b), text.p);
}

static void good(const char *text, const char *want)
{
    good_n(hb_slice_z(text), want);
}

/* TEXT is refused with CODE at LINE:COLUMN; RET is left alone. */
static void bad_n(struct hb_slice text, int code, unsigned line,
                  unsigned column)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *root = (struct hb_json *)&root;
    struct hb_err err = {0};
    int rc = hb_json_parse(a, text, &root, &err);

    if (rc != code || err.line != line || err.column != column)
        print_message("# %.*s: %d %u:%u %s\n", (int)text.n, text.p, rc,
                      err.line, err.column, err.message);
    assert_int_equal(rc, code);
    assert_int_equal(err.code, code);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_true(err.message[0] != '\0');
    assert_ptr_equal(root, (struct hb_json *)&root);
}

static void bad(const char *text, int code, unsigned line, unsigned column)
{
    bad_n(hb_slice_z(text), code, line, column);
}

static void test_values(void **state)
{
    good("null", NULL);
    good("true", NULL);
    good("false", NULL);
    good("0", NULL);
    good("\"\"", NULL);
    good("\"x\"", NULL);
    good("[]", NULL);
    good("{}", NULL);
    good(" \t\r\n[ ] \n", "[]");
    good("[\n]", "[]");
    good("{ }", "{}");
    good("[[],{},[[]]]", NULL);
    good("{\"a\":{\"b\":[1,2,{\"c\":null}]},\"d\":\"e\"}", NULL);
    good(" { \"a\" : 1 , \"b\" : [ true , false ] } ",
         "{\"a\":1,\"b\":[true,false]}");
    good("{\"\":0}", NULL);
    good("{\"A\":0,\"a\":1}", NULL);
}

static void test_grammar(void **state)
{
    bad("", -EBADMSG, 1, 1);
    bad("  ", -EBADMSG, 1, 3);
    bad("nul", -EBADMSG, 1, 1);
    bad("nulL", -EBADMSG, 1, 1);
    bad("True", -EBADMSG, 1, 1);
    bad("nullx", -EBADMSG, 1, 5);
    bad("NaN", -EBADMSG, 1, 1);
    bad("Infinity", -EBADMSG, 1, 1);
    bad("-Infinity", -EBADMSG, 1, 2);
    bad("[", -EBADMSG, 1, 2);
    bad("{", -EBADMSG, 1, 2);
    bad("]", -EBADMSG, 1, 1);
    bad("}", -EBADMSG, 1, 1);
    bad("[1", -EBADMSG, 1, 3);
    bad("[1,", -EBADMSG, 1, 4);
    bad("[1,]", -EBADMSG, 1, 4);
    bad("[,1]", -EBADMSG, 1, 2);
    bad("[1,,2]", -EBADMSG, 1, 4);
    bad("[1 2]", -EBADMSG, 1, 4);
    bad("[1}", -EBADMSG, 1, 3);
    bad("{\"a\":1]", -EBADMSG, 1, 7);
    bad("{\"a\"}", -EBADMSG, 1, 5);
    bad("{\"a\":}", -EBADMSG, 1, 6);
    bad("{\"a\" 1}", -EBADMSG, 1, 6);
    bad("{\"a\":1,}", -EBADMSG, 1, 8);
    bad("{,}", -EBADMSG, 1, 2);
    bad("{a:1}", -EBADMSG, 1, 2);
    bad("{'a':1}", -EBADMSG, 1, 2);
    bad("{1:1}", -EBADMSG, 1, 2);
    bad("{\"a\":1 \"b\":2}", -EBADMSG, 1, 8);
    bad("1 2", -EBADMSG, 1, 3);
    bad("[]]", -EBADMSG, 1, 3);
    bad("{}[]", -EBADMSG, 1, 3);
    bad("// no\n1", -EBADMSG, 1, 1);
    bad("[1 /* no */]", -EBADMSG, 1, 4);
    bad("\xef\xbb\xbf{}", -EBADMSG, 1, 1);
    bad("[\f]", -EBADMSG, 1, 2);
    bad("[\xc2\xa0]", -EBADMSG, 1, 2);
    bad_n(HB_SLICE("1\0"), -EBADMSG, 1, 2);
    bad_n(HB_SLICE("\0"), -EBADMSG, 1, 1);
    bad_n((struct hb_slice){NULL, 0}, -EBADMSG, 1, 1);
}

static void test_places(void **state)
{
    bad("{\n  \"a\": 1,\n  \"b\": x\n}", -EBADMSG, 3, 8);
    bad("[\r\n\"a\",\r\n?", -EBADMSG, 3, 1);
    /* Columns count characters, not bytes. */
    bad("[\"\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa\", x]", -EBADMSG, 1, 9);
    bad("[\"\xf0\x9f\x94\xa5\",\n \"\xc3\xa9\"x]", -EBADMSG, 2, 5);
}

/* The parsed number at the top of TEXT. */
static struct hb_json number(const char *text)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *root = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_json_parse(a, hb_slice_z(text), &root, &err), 0);
    return *root;
}

static void is_int(const char *text, int64_t want)
{
    struct hb_json n = number(text);

    assert_int_equal(n.type, HB_JSON_INT);
    assert_true(n.integer == want);
}

static void is_real(const char *text, double want)
{
    struct hb_json n = number(text);

    assert_int_equal(n.type, HB_JSON_REAL);
    assert_memory_equal(&n.real, &want, sizeof want);
}

static void test_integers(void **state)
{
    is_int("0", 0);
    is_int("-0", 0);
    is_int("-1", -1);
    is_int("10", 10);
    is_int("9007199254740993", 9007199254740993);
    is_int("9223372036854775807", INT64_MAX);
    is_int("-9223372036854775807", -INT64_MAX);
    is_int("-9223372036854775808", INT64_MIN);
    good("[-9223372036854775808,9223372036854775807]", NULL);
    is_real("9223372036854775808", 9223372036854775808.0);
    is_real("-9223372036854775809", -9223372036854775809.0);
    is_real("9999999999999999999", 9999999999999999999.0);
    is_real("18446744073709551616", 18446744073709551616.0);
    is_real("100000000000000000000000", 1e23);
}

static void test_reals(void **state)
{
    is_real("0.0", 0.0);
    is_real("-0.0", -0.0);
    is_real("1.5", 1.5);
    is_real("1e0", 1.0);
    is_real("1E+2", 100.0);
    is_real("1e-2", 0.01);
    is_real("0e9", 0.0);
    is_real("1.7976931348623157e308", DBL_MAX);
    is_real("5e-324", 5e-324);
    is_real("1e-400", 0.0);
    is_real("0.1000000000000000055511151231257827021181583404541015625", 0.1);
    is_real("0.000000000000000000000000000000000000000000000000000000000000"
            "000000000000000000000000001e87",
            1.0);
    good("0.1", NULL);
    good("1.0", NULL);
    good("-0.0", NULL);
    good("1e+300", NULL);
    good("0.30000000000000004", NULL);
    good("1.7976931348623157e+308", NULL);
    good("[1.25,5e-324]", "[1.25,4.94065645841247e-324]");
    bad("1e309", -ERANGE, 1, 1);
    bad("[-1e999]", -ERANGE, 1, 2);
}

static void test_number_grammar(void **state)
{
    bad("-", -EBADMSG, 1, 2);
    bad("+1", -EBADMSG, 1, 1);
    bad(".5", -EBADMSG, 1, 1);
    bad("1.", -EBADMSG, 1, 3);
    bad("1.e1", -EBADMSG, 1, 3);
    bad("1e", -EBADMSG, 1, 3);
    bad("1e+", -EBADMSG, 1, 4);
    bad("1e1.5", -EBADMSG, 1, 4);
    bad("01", -EBADMSG, 1, 1);
    bad("-01", -EBADMSG, 1, 1);
    bad("00", -EBADMSG, 1, 1);
    bad("0x10", -EBADMSG, 1, 2);
    bad("--1", -EBADMSG, 1, 2);
    bad("1_000", -EBADMSG, 1, 2);
    bad("1a", -EBADMSG, 1, 2);
    bad("- 1", -EBADMSG, 1, 2);
    bad("\xef\xbc\x91", -EBADMSG, 1, 1); /* full-width one */
}

static void test_strings(void **state)
{
    good("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
    good("\"\\u0041\\u00e9\\u706B\\uFFFF\"",
         "\"A\xc3\xa9\xe7\x81\xab\xef\xbf\xbf\"");
    good("\"\\uD83D\\udd25\"", "\"\xf0\x9f\x94\xa5\"");
    good("\"\\uDBFF\\uDFFF\"", "\"\xf4\x8f\xbf\xbf\"");
    good("\"\\u001f\\u007f\"", "\"\\u001f\x7f\"");
    good("\"\xe7\x81\xab\xf0\x9f\x94\xa5\"", NULL);
    good("\"\xe2\x80\xa8\xef\xbb\xbf\"", NULL);
    good("{\"\\u0061\\n\":\"\\\\u0061\"}", "{\"a\\n\":\"\\\\u0061\"}");
    bad("\"", -EBADMSG, 1, 1);
    bad("[\"abc", -EBADMSG, 1, 2);
    bad("\"\\", -EBADMSG, 1, 1);
    bad("\"\\\"", -EBADMSG, 1, 1);
    bad("\"a\\x41\"", -EBADMSG, 1, 3);
    bad("\"\\a\"", -EBADMSG, 1, 2);
    bad("\"\\'\"", -EBADMSG, 1, 2);
    bad_n(HB_SLICE("\"\\\0\""), -EBADMSG, 1, 2);
    bad("\"\\\xe7\x81\xab\"", -EBADMSG, 1, 2);
    bad("\"\\\xe7\x81\"", -EILSEQ, 1, 3);
    bad("\"a\nb\"", -EBADMSG, 1, 3);
    bad("\"a\tb\"", -EBADMSG, 1, 3);
    bad("\"1234567\x1f\"", -EBADMSG, 1, 9);
    bad("\"12345678901234567890\x01\"", -EBADMSG, 1, 22);
    bad_n(HB_SLICE("\"a\0b\""), -EBADMSG, 1, 3);
    bad("'a'", -EBADMSG, 1, 1);
}

static void test_unicode_escapes(void **state)
{
    bad("\"\\u\"", -EBADMSG, 1, 2);
    bad("\"\\u12\"", -EBADMSG, 1, 2);
    bad("\"\\u12g4\"", -EBADMSG, 1, 2);
    bad("\"\\u-123\"", -EBADMSG, 1, 2);
    bad("\"\\U0041\"", -EBADMSG, 1, 2);
    bad("\"ab\\u0000\"", -EBADMSG, 1, 4);
    bad("{\"\\u0000\":1}", -EBADMSG, 1, 3);
    bad("\"\\uD800\"", -EBADMSG, 1, 2);
    bad("\"\\uDC00\"", -EBADMSG, 1, 2);
    bad("\"\\uDFFFx\"", -EBADMSG, 1, 2);
    bad("\"\\uD800\\uD800\"", -EBADMSG, 1, 2);
    bad("\"\\uD800\\u0041\"", -EBADMSG, 1, 2);
    bad("\"\\uD800\\n12345\"", -EBADMSG, 1, 2);
    bad("\"\\uD800\\uDC0\"", -EBADMSG, 1, 2);
    bad("\"\\uDC00\\uD800\"", -EBADMSG, 1, 2);
}

static void test_utf8(void **state)
{
    static const char *const wrong[] = {
        "\x80", /* a continuation alone */
        "\xbf",
        "\xc0\xaf", /* overlong */
        "\xc1\xbf",
        "\xe0\x80\xaf",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\xaf",
        "\xf0\x8f\xbf\xbf",
        "\xed\xa0\x80", /* surrogates */
        "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", /* past U+10FFFF */
        "\xf5\x80\x80\x80",
        "\xff",
        "\xfe",
        "\xe7\x81", /* cut */
        "\xf0\x9f\x94",
        "\xc3",
        "\xc3(",
        "\xe7\x81(",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(wrong); i++) {
        for (size_t lead = 0; lead < 20; lead++) {
            char text[64];
            size_t n = 0;

            text[n++] = '"';
            for (size_t k = 0; k < lead; k++)
                text[n++] = 'a';
            memcpy(text + n, wrong[i], strlen(wrong[i]));
            n += strlen(wrong[i]);
            text[n++] = '"';
            text[n] = '\0';
            bad_n(hb_slice(text, n), -EILSEQ, 1, (unsigned)lead + 2);
        }
    }
    bad("{\"\xff\":1}", -EILSEQ, 1, 3);
    good("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"", NULL);
    good("\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", NULL);
}

/* Strings of every length and each stop at every offset: the word-wise scan
 * must see what a byte loop sees. */
static void test_scan_offsets(void **state)
{
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 18; at++) {
            _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
            _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
            char text[24];
            struct hb_json *root = NULL;
            struct hb_err err = {0};
            bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            int rc;

            text[0] = '"';
            memset(text + 1, '~', 18);
            text[1 + at] = (char)c;
            text[19] = '"';
            rc = hb_json_parse(a, hb_slice(text, 20), &root, &err);
            assert_int_equal(rc == 0, plain);
            if (plain) {
                assert_int_equal(root->str.n, 18);
                assert_memory_equal(root->str.p, text + 1, 18);
            }
            hb_json_quote(&b, hb_slice(text + 1, 18));
            assert_true(hb_utf8_valid(b.p, b.n));
            if (plain)
                assert_memory_equal(hb_buf_z(&b), text, 20);
            else
                assert_true(b.n > 20);
        }
    }
}

static void test_duplicates(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    bad("{\"a\":1,\"a\":2}", -EEXIST, 1, 8);
    bad("{\"a\":1,\n\"\\u0061\":2}", -EEXIST, 2, 1);
    bad("{\"\":1,\"\":2}", -EEXIST, 1, 7);
    good("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}", NULL);
    good("[{\"a\":1},{\"a\":1}]", NULL);
    /* Past the size where names move to a map: first, last and new one. */
    for (unsigned n = 14; n < 40; n++) {
        for (unsigned k = 0; k <= n; k += n / 2) {
            unsigned column;

            hb_buf_reset(&b);
            hb_buf_addc(&b, '{');
            for (unsigned i = 0; i < n; i++)
                hb_buf_addf(&b, "\"k%02u\":%u,", i, i);
            column = (unsigned)b.n + 1;
            hb_buf_addf(&b, "\"k%02u\":0}", k);
            if (k < n)
                bad_n(hb_buf_slice(&b), -EEXIST, 1, column);
            else
                good_n(hb_buf_slice(&b), NULL);
        }
    }
}

static void test_depth(void **state)
{
    char text[2 * HB_MAX_JSON_DEPTH + 8];
    unsigned d = HB_MAX_JSON_DEPTH;

    memset(text, '[', d);
    memset(text + d, ']', d);
    text[2 * d] = '\0';
    good(text, NULL);
    memset(text, '[', d + 1);
    memset(text + d + 1, ']', d + 1);
    text[2 * d + 2] = '\0';
    bad(text, -EFBIG, 1, d + 1);
    memset(text, '[', sizeof text);
    bad_n(hb_slice(text, sizeof text), -EFBIG, 1, d + 1);
}

static void test_ceilings(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *root = NULL;
    struct hb_err err = {0};

    hb_buf_addc(&b, '[');
    for (unsigned i = 0; i < HB_MAX_JSON_NODES - 2; i++)
        hb_buf_addz(&b, "0,");
    hb_buf_addz(&b, "0]");
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&b), &root, &err), 0);
    assert_int_equal(root->count, HB_MAX_JSON_NODES - 1);
    b.p[b.n - 1] = ',';
    hb_buf_addz(&b, "0]");
    bad_n(hb_buf_slice(&b), -EFBIG, 1, (unsigned)b.n - 1);
    hb_buf_reset(&b);
    hb_buf_addc(&b, '"');
    while (b.n < HB_MAX_JSON - 1)
        hb_buf_addc(&b, 'x');
    hb_buf_addc(&b, '"');
    good_n(hb_buf_slice(&b), NULL);
    hb_buf_addc(&b, ' ');
    bad_n(hb_buf_slice(&b), -EFBIG, 0, 0);
}

/* 100,000 members of one object: a quadratic search would take minutes. */
static void test_large_object(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *root = NULL;
    struct hb_err err = {0};

    hb_buf_addc(&b, '{');
    for (unsigned i = 0; i < 100000; i++)
        hb_buf_addf(&b, "%s\"member-%u\":%u", i > 0 ? "," : "", i, i);
    hb_buf_addc(&b, '}');
    assert_int_equal(hb_json_parse(a, hb_buf_slice(&b), &root, &err), 0);
    assert_int_equal(root->count, 100000);
    assert_int_equal(hb_json_int(root, "member-99999", -1), 99999);
    b.p[b.n - 1] = ',';
    hb_buf_addz(&b, "\"member-50000\":0}");
    bad_n(hb_buf_slice(&b), -EEXIST, 1, (unsigned)b.n - 16);
}

static void test_lookup(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *root = NULL;
    struct hb_err err = {0};
    const char *text = "{\"s\":\"t\",\"i\":-7,\"b\":true,\"r\":1.5,"
                       "\"o\":{\"p\":{\"q\":\"deep\"}},\"l\":[1],\"n\":null}";

    assert_int_equal(hb_json_parse(a, hb_slice_z(text), &root, &err), 0);
    assert_string_equal(hb_json_str(root, "s", "d"), "t");
    assert_string_equal(hb_json_str(root, "i", "d"), "d");
    assert_string_equal(hb_json_str(root, "x", "d"), "d");
    assert_null(hb_json_str(root, "n", NULL));
    assert_int_equal(hb_json_int(root, "i", 1), -7);
    assert_int_equal(hb_json_int(root, "r", 1), 1);
    assert_int_equal(hb_json_int(root, "s", 1), 1);
    assert_true(hb_json_bool(root, "b", false));
    assert_true(hb_json_bool(root, "i", true));
    assert_false(hb_json_bool(root, "x", false));
    assert_string_equal(hb_json_path(root, "o.p.q")->str.p, "deep");
    assert_ptr_equal(hb_json_path(root, "s"), hb_json_get(root, "s"));
    assert_null(hb_json_path(root, "o.p.q.r"));
    assert_null(hb_json_path(root, "o.x.q"));
    assert_null(hb_json_path(root, "o."));
    assert_null(hb_json_path(root, ""));
    assert_null(hb_json_path(NULL, "o"));
    assert_null(hb_json_get(NULL, "o"));
    assert_null(hb_json_get(hb_json_get(root, "l"), "o"));
    assert_null(hb_json_member(root, hb_slice("sx", 0)));
    assert_non_null(hb_json_member(root, hb_slice("sx", 1)));
    assert_string_equal(hb_json_str(NULL, "o", "d"), "d");
}

static void test_build(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *o = hb_json_new(a, HB_JSON_OBJ), *l;
    char name[] = "name", value[] = "value";

    assert_non_null(o);
    assert_non_null(hb_json_add_str(a, o, name, value));
    name[0] = value[0] = '!'; /* both were copied */
    assert_non_null(hb_json_add_str(a, o, "none", NULL));
    assert_non_null(hb_json_add_int(a, o, "min", INT64_MIN));
    l = hb_json_add(a, o, "list", HB_JSON_ARR);
    assert_non_null(hb_json_add_bool(a, l, NULL, true));
    assert_non_null(hb_json_add(a, l, NULL, HB_JSON_OBJ));
    assert_non_null(hb_json_add(a, l, NULL, HB_JSON_STR));
    assert_int_equal(l->count, 3);
    assert_null(hb_json_add_int(a, NULL, "x", 1));
    hb_json_write(&b, o);
    assert_string_equal(hb_buf_z(&b), "{\"name\":\"value\",\"none\":null,"
                                      "\"min\":-9223372036854775808,"
                                      "\"list\":[true,{},\"\"]}");
}

static void test_build_deep(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, c = HB_BUF_INIT;
    struct hb_json *root = hb_json_new(a, HB_JSON_ARR), *at = root;

    for (unsigned i = 1; i < HB_MAX_JSON_DEPTH; i++)
        at = hb_json_add(a, at, NULL, HB_JSON_ARR);
    hb_json_write(&b, root);
    assert_int_equal(hb_buf_err(&b), 0);
    assert_int_equal(b.n, 2 * HB_MAX_JSON_DEPTH);
    assert_non_null(hb_json_add(a, at, NULL, HB_JSON_ARR));
    assert_int_equal(hb_json_write_jcs(&c, root), -EFBIG);
    assert_int_equal(c.n, 0);
    hb_json_write(&b, root);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
}

static void quoted(struct hb_slice s, const char *want)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_json_quote(&b, s);
    assert_string_equal(hb_buf_z(&b), want);
}

static void test_quote(void **state)
{
    quoted((struct hb_slice){NULL, 0}, "\"\"");
    quoted(HB_SLICE("index.php"), "\"index.php\"");
    quoted(HB_SLICE("a\0b"), "\"a\\u0000b\"");
    quoted(HB_SLICE("\n\r\t\b\f\v\x1b[0m"),
           "\"\\n\\r\\t\\b\\f\\u000b\\u001b[0m\"");
    quoted(HB_SLICE("\"\\/</script>"), "\"\\\"\\\\/</script>\"");
    quoted(HB_SLICE("\xff"), "\"\xef\xbf\xbd\"");
    quoted(HB_SLICE("a\xe7\x81"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
    quoted(HB_SLICE("\xed\xa0\x80z"),
           "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"");
    quoted(HB_SLICE("\xf0\x9f\x94\xa5\x7f"), "\"\xf0\x9f\x94\xa5\x7f\"");
    quoted(HB_SLICE("\xe2\x80\xae"
                    "gpj.php"),
           "\"\xe2\x80\xae"
           "gpj.php\"");
}

/* Canonical form of TEXT is WANT. */
static void jcs(const char *text, const char *want)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *root = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_json_parse(a, hb_slice_z(text), &root, &err), 0);
    assert_int_equal(hb_json_write_jcs(&b, root), 0);
    assert_string_equal(hb_buf_z(&b), want);
}

static void no_jcs(const char *text, int code)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *root = NULL;
    struct hb_err err = {0};

    hb_buf_addz(&b, "before");
    assert_int_equal(hb_json_parse(a, hb_slice_z(text), &root, &err), 0);
    assert_int_equal(hb_json_write_jcs(&b, root), code);
    assert_string_equal(hb_buf_z(&b), "before");
    assert_int_equal(b.n, 6);
    assert_int_equal(hb_buf_err(&b), 0);
}

/* RFC 8785: the strings and literals of 3.2.2, the sorting of 3.2.3, and the
 * vectors of its reference implementation that hold no real numbers. */
static void test_jcs(void **state)
{
    jcs("{\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c"
        "\\\\\\\"\\/\", \"literals\": [null, true, false]}",
        "{\"literals\":[null,true,false],\"string\":"
        "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    jcs("{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
        "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
        "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\","
        "\"\\u0080\":\"Control\","
        "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\","
        "\"\xc2\x80\":\"Control\","
        "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
        "\"\xe2\x82\xac\":\"Euro Sign\","
        "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
        "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
    jcs("[56,{\"d\":true,\"10\":null,\"1\":[]}]",
        "[56,{\"1\":[],\"10\":null,\"d\":true}]");
    jcs("{\"peach\":\"This sorting order\",\"p\xc3\xa9"
        "ch\xc3\xa9\":\"is wrong\",\"p\xc3\xaa"
        "che\":\"according to French\",\"sin\":\"but canonical\"}",
        "{\"peach\":\"This sorting order\",\"p\xc3\xa9"
        "ch\xc3\xa9\":\"is wrong\",\"p\xc3\xaa"
        "che\":\"according to French\",\"sin\":\"but canonical\"}");
    jcs("{\"1\":{\"f\":{\"f\":\"hi\",\"F\":5},\"\\n\":56},\"10\":{},"
        "\"\":\"empty\",\"a\":{},\"111\":[{\"e\":\"yes\",\"E\":\"no\"}],"
        "\"A\":{}}",
        "{\"\":\"empty\",\"1\":{\"\\n\":56,\"f\":{\"F\":5,\"f\":\"hi\"}},"
        "\"10\":{},\"111\":[{\"E\":\"no\",\"e\":\"yes\"}],\"A\":{},"
        "\"a\":{}}");
    jcs("{\"Unnormalized Unicode\":\"A\\u030a\"}",
        "{\"Unnormalized Unicode\":\"A\xcc\x8a\"}");
    /* Pairs around the surrogates: U+FFFF, U+10000, U+D7FF, U+E000. */
    jcs("{\"\\uffff\":1,\"\\ud800\\udc00\":2,\"\\ud7ff\":3,\"\\ue000\":4,"
        "\"\\udbff\\udfff\":5,\"\\ud800\\udc00a\":6}",
        "{\"\xed\x9f\xbf\":3,\"\xf0\x90\x80\x80\":2,"
        "\"\xf0\x90\x80\x80"
        "a\":6,\"\xf4\x8f\xbf\xbf\":5,\"\xee\x80\x80\":4,"
        "\"\xef\xbf\xbf\":1}");
}

static void test_jcs_numbers(void **state)
{
    jcs("[0,-0,-1,9007199254740991,-9007199254740991]",
        "[0,0,-1,9007199254740991,-9007199254740991]");
    jcs("[1.0,-0.0,1e3,12.5e1]", "[1,0,1000,125]");
    no_jcs("9007199254740992", -EDOM);
    no_jcs("-9007199254740992", -EDOM);
    no_jcs("[1,{\"a\":0.5}]", -EDOM);
    no_jcs("{\"b\":1e300,\"a\":1}", -EDOM);
    no_jcs("18446744073709551616", -EDOM);
}

static void test_jcs_twice(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *o = hb_json_new(a, HB_JSON_OBJ);

    assert_non_null(hb_json_add_int(a, o, "a", 1));
    assert_non_null(hb_json_add_int(a, o, "b", 1));
    assert_non_null(hb_json_add_int(a, o, "a", 2));
    assert_int_equal(hb_json_write_jcs(&b, o), -EEXIST);
    assert_int_equal(b.n, 0);
}

static void test_jw(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_json *node = hb_json_new(a, HB_JSON_ARR);
    struct hb_jw w;

    assert_non_null(hb_json_add_int(a, node, NULL, 5));
    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "s\"", "t\n");
    hb_jw_str(&w, "none", NULL);
    hb_jw_arr(&w, "list");
    hb_jw_int(&w, NULL, INT64_MIN);
    hb_jw_obj(&w, NULL);
    hb_jw_end_obj(&w);
    hb_jw_arr(&w, NULL);
    hb_jw_null(&w, NULL);
    hb_jw_bool(&w, NULL, true);
    hb_jw_end_arr(&w);
    hb_jw_slice(&w, NULL, HB_SLICE("a\0b"));
    hb_jw_end_arr(&w);
    hb_jw_bool(&w, "b", false);
    hb_jw_node(&w, "n", node);
    hb_jw_node(&w, "m", NULL);
    hb_jw_end_obj(&w);
    assert_int_equal(w.depth, 0);
    assert_int_equal(hb_buf_err(&b), 0);
    assert_string_equal(hb_buf_z(&b),
                        "{\"s\\\"\":\"t\\n\",\"none\":null,"
                        "\"list\":[-9223372036854775808,{},[null,true],"
                        "\"a\\u0000b\"],\"b\":false,\"n\":[5],\"m\":null}");
}

static void test_jw_deep(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &b);
    for (unsigned i = 0; i < HB_MAX_JSON_DEPTH; i++) {
        hb_jw_arr(&w, NULL);
        hb_jw_int(&w, NULL, 1);
    }
    for (unsigned i = 0; i < HB_MAX_JSON_DEPTH; i++) {
        hb_jw_int(&w, NULL, 2);
        hb_jw_end_arr(&w);
    }
    good_n(hb_buf_slice(&b), NULL);
}

static void test_small_buffer(void **state)
{
    struct hb_buf b;
    struct hb_jw w;

    hb_buf_init(&b, 8);
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    hb_jw_str(&w, NULL, "longer than the ceiling");
    hb_jw_end_arr(&w);
    assert_int_equal(hb_buf_err(&b), -EFBIG);
    hb_buf_done(&b);
}

/* Half of a text must not be signed. */
static void test_jcs_small_buffer(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *node = hb_json_new(a, HB_JSON_ARR);
    struct hb_buf b;

    assert_non_null(hb_json_add_str(a, node, NULL, "longer than the ceiling"));
    hb_buf_init(&b, 8);
    hb_buf_addz(&b, "be");
    assert_int_equal(hb_json_write_jcs(&b, node), -EFBIG);
    assert_string_equal(hb_buf_z(&b), "be");
    assert_int_equal(b.n, 2);
    hb_buf_done(&b);
}

static const char fault_text[] =
    "{\"a\":[1,2.5,\"x\\n\",true,null],\"b\":{\"c\":\"d\"},"
    "\"long\":0.10000000000000000555111512312578270211815834045410156,"
    "\"k0\":0,\"k1\":0,\"k2\":0,\"k3\":0,\"k4\":0,\"k5\":0,\"k6\":0,"
    "\"k7\":0,\"k8\":0,\"k9\":0,\"l0\":0,\"l1\":0,\"l2\":0,\"l3\":0}";

static void test_no_memory(void **state)
{
    bool done = false;
    unsigned failed = 0;

    for (unsigned n = 1; n < 500 && !done; n++) {
        struct hb_arena *a;
        struct hb_json *root = NULL;
        struct hb_err err = {0};
        struct hb_buf b = HB_BUF_INIT;
        int rc;

        a = hb_arena_new(0);
        hb_fault_set(HB_FAULT_ALLOC, n);
        rc = hb_json_parse(a, hb_slice_z(fault_text), &root, &err);
        if (rc == 0)
            rc = hb_json_write_jcs(&b, hb_json_get(root, "b"));
        if (rc == 0) {
            hb_json_write(&b, root);
            rc = hb_buf_err(&b);
        }
        done = rc == 0;
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (!done) {
            assert_int_equal(rc, -ENOMEM);
            failed++;
        }
        hb_buf_done(&b);
        hb_arena_free(a);
    }
    assert_true(done);
    assert_true(failed > 0);
}

/* An arena with every ceiling from nothing to enough. */
static void test_small_arena(void **state)
{
    bool done = false;

    for (size_t ceiling = 64; ceiling < (1u << 20) && !done; ceiling += 64) {
        struct hb_arena *a = hb_arena_new(ceiling);
        struct hb_json *root = NULL;
        struct hb_err err = {0};
        int rc;

        assert_non_null(a);
        rc = hb_json_parse(a, hb_slice_z(fault_text), &root, &err);
        done = rc == 0;
        if (!done) {
            assert_int_equal(rc, -ENOMEM);
            assert_true(err.message[0] != '\0');
            assert_null(root);
        }
        hb_arena_free(a);
    }
    assert_true(done);
}

static void test_build_small_arena(void **state)
{
    unsigned failed = 0;
    bool done = false;

    for (size_t ceiling = 64; ceiling < (1u << 20) && !done; ceiling += 64) {
        struct hb_arena *a = hb_arena_new(ceiling);
        struct hb_json *o = hb_json_new(a, HB_JSON_OBJ);
        struct hb_json *l = hb_json_add(a, o, "list", HB_JSON_ARR);

        if (o != NULL)
            done = hb_json_add_str(a, l, NULL, "value") != NULL &&
                   hb_json_add_int(a, l, NULL, 1) != NULL &&
                   hb_json_add_bool(a, o, "b", true) != NULL;
        failed += !done;
        hb_arena_free(a);
    }
    assert_true(done);
    assert_true(failed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_number_grammar),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_unicode_escapes),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_scan_offsets),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_large_object),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_build),
        cmocka_unit_test(test_build_deep),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_jcs),
        cmocka_unit_test(test_jcs_numbers),
        cmocka_unit_test(test_jcs_twice),
        cmocka_unit_test(test_jw),
        cmocka_unit_test(test_jw_deep),
        cmocka_unit_test(test_small_buffer),
        cmocka_unit_test(test_jcs_small_buffer),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_small_arena),
        cmocka_unit_test(test_build_small_arena),
    };

    return hb_tap_run("base/json", tests);
}

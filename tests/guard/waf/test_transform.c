/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "guard/waf/transform.h"
#include "units.h"

/* Of no transformation of this engine: none of CRS's rules, and nothing of
 * the reference manual, names it. */
static const char *const not_ours[] = {"phpArgsNames"};

static bool find(struct hb_slice name, enum hb_waf_t *ret)
{
    if (hb_slice_eq(name, HB_SLICE("cmd_line")))
        name = HB_SLICE("cmdLine");
    return hb_waf_t_find(name, ret);
}

static void show(const char *what, struct hb_slice s)
{
    print_message("#   %s (%zu) ", what, s.n);
    for (size_t i = 0; i < s.n; i++)
        print_message("%02x", (uint8_t)s.p[i]);
    print_message("\n");
}

/* One test of the set; true where it passes. */
static bool unit(struct hb_arena *a, enum hb_waf_t t, const struct hb_json *j)
{
    struct hb_slice in = units_bytes(a, j, "input");
    struct hb_slice want = units_bytes(a, j, "output"), got;

    assert_int_equal(hb_waf_transform(t, a, in, &got), 0);
    /* Identity is how later stages know that nothing changed. */
    if (hb_slice_eq(in, got) && t != HB_WAF_T_LENGTH && in.n > 0)
        assert_ptr_equal(in.p, got.p);
    /* The reference gives this one as a C string, and the set's only value with
     * a NUL in it was never compared behind that. */
    if (t == HB_WAF_T_CSSDECODE) {
        want.n = strnlen(want.p, want.n);
        got.n = strnlen(got.p, got.n);
    }
    if (hb_slice_eq(want, got))
        return true;
    print_message("# %s:\n", hb_waf_t_name(t));
    show("in", in);
    show("want", want);
    show("got", got);
    return false;
}

static void test_units(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *files[64];
    size_t n = units_files(a, "transformations", files);
    unsigned passed = 0, failed = 0, foreign = 0;

    if (n == 0)
        hb_tap_skip("the shared test set is not here");
    for (size_t i = 0; i < n; i++) {
        struct hb_json *j = units_load(a, files[i]);
        enum hb_waf_t t;

        assert_non_null(j);
        HB_JSON_EACH (one, j) {
            struct hb_slice name = hb_json_get(one, "name")->str;

            if (!find(name, &t)) {
                assert_string_equal(name.p, not_ours[0]);
                foreign++;
            } else if (unit(a, t, one)) {
                passed++;
            } else {
                failed++;
            }
        }
    }
    print_message("# transformations: %u of the set pass, %u fail, %u are of "
                  "ones not known here\n",
                  passed, failed, foreign);
    assert_int_equal(failed, 0);
    assert_true(passed >= 363);
    assert_int_equal(foreign, 13);
}

struct example {
    enum hb_waf_t t;
    struct hb_slice in, out;
};

#define X(t, in, out)                                                          \
    {                                                                          \
        HB_WAF_T_##t, HB_SLICE(in), HB_SLICE(out)                              \
    }

/* What the set leaves out. */
static const struct example examples[] = {
    X(URLDECODEUNI, "%u65e5%U65E6", "\xe5\xe6"),
    X(URLDECODEUNI, "%uff1cscript%uFF1e", "<script>"),
    X(URLDECODEUNI, "a%", "a%"),
    X(URLDECODE, "%u0041", "%u0041"),
    X(JSDECODE, "\\u003cb\\uFF1e\\x2f\\75\\400", "<b>/= 0"),
    X(JSDECODE, "a\\", "a\\"),
    X(CSSDECODE, "\\3c  x\\0003e\ty\\00ff1cz", "< x>y<z"),
    X(CSSDECODE, "a\\\nb\\", "ab"),
    X(ESCAPESEQDECODE, "\\143\\x61\\X74\\q", "catq"),
    X(HTMLENTITYDECODE, "&lt;a&GT;&#60&#x3e;&ltx;&amp;lt;", "<a><>&ltx;&lt;"),
    X(HTMLENTITYDECODE, "&#99999999999999999999;&#x3042;", "\xff\x42"),
    X(HTMLENTITYDECODE, "&;&#;&#x;&", "&;&#;&#x;&"),
    X(UTF8TOUNICODE, "\xe6\x97\xa5", "%u65e5"),
    X(UTF8TOUNICODE, "\xf0\x9f\x98\x80", "%u1f600"),
    X(UTF8TOUNICODE, "<\xc0\xaf>", "<%u002f\xc0>"),
    X(UTF8TOUNICODE, "\xe6\x97<\xbf<", "\x97<\xbf<"),
    X(UTF8TOUNICODE, "\xe6", ""),
    X(UTF8TOUNICODE, "\xf5\x80\x80\x80", "\xf5%u140000"),
    X(CMDLINE, "c\"u'r^l , ; \t/x  (Y) Z", "curl/x(y) z"),
    X(CMDLINE, "a b c", "a b c"),
    X(CMDLINE, "a ^/b", "a/b"),
    X(NORMALIZEPATH, "/a/b/../c/./d//e", "/a/c/d/e"),
    X(NORMALIZEPATH, "/../../etc/passwd", "/etc/passwd"),
    X(NORMALIZEPATH, "/..", ""),
    X(NORMALIZEPATH, "/", "/"),
    X(NORMALIZEPATH, "//", "/"),
    X(NORMALIZEPATH, "index.php", "index.php"),
    X(NORMALIZEPATHWIN, "c:\\a\\..\\b\\\\..\\\\c", "c:/c"),
    X(REPLACECOMMENTS, "1/*a*/or/*b*/1/**/--/*", "1 or 1 -- "),
    X(REMOVECOMMENTSCHAR, "<!-- a --> b # /**/", " a  b  "),
    X(REMOVECOMMENTS, "a#b", "a"),
    X(REMOVECOMMENTS, "a--b", "a"),
    X(REMOVECOMMENTS, "a<!--b-->c/*d", "ac "),
    X(REMOVEWHITESPACE, "a\xc2\xa0 b\v", "ab"),
    X(COMPRESSWHITESPACE, "a\tb c  d", "a b c d"),
    X(BASE64DECODE, "PHNjcmlwdD4=", "<script>"),
    X(BASE64DECODE, "PHNjcmlwdD4", "<scrip"),
    X(BASE64DECODE, "not base64!", ""),
    X(BASE64DECODE, "PHNj\r\ncmlw\n", "<scrip"),
    X(BASE64DECODEEXT, "PH.Nj cm!lw", "<scrip"),
    X(BASE64DECODEEXT, "A=", ""),
    X(BASE64ENCODE, "\xff\xfe", "//4="),
    X(HEXENCODE, "\x01\xff", "01ff"),
    X(SQLHEXDECODE, "x=0x414243 0X4g 0x", "x=ABC 0X4g 0x"),
    X(URLENCODE, "a b/\xe6*", "a+b%2f%e6*"),
    X(LOWERCASE, "AZaz@[\xc3\x84", "azaz@[\xc3\x84"),
    X(UPPERCASE, "AZaz`{\xc3\xa4", "AZAZ`{\xc3\xa4"),
    X(TRIM, "\v \t", ""),
    X(LENGTH, "abc", "3"),
    X(MD5, "abc",
      "\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72"),
    X(SHA1, "abc",
      "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c"
      "\xd0\xd8\x9d"),
    X(NONE, " %41", " %41"),
};

static void test_examples(void **state)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(examples); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        const struct example *x = &examples[i];
        struct hb_slice got;

        assert_int_equal(hb_waf_transform(x->t, a, x->in, &got), 0);
        if (!hb_slice_eq(got, x->out)) {
            print_message("# example %zu, %s\n", i, hb_waf_t_name(x->t));
            show("want", x->out);
            show("got", got);
        }
        assert_true(hb_slice_eq(got, x->out));
        if (hb_slice_eq(got, x->in))
            assert_ptr_equal(got.p, x->in.p);
    }
}

/* Padding of one and two blocks; the digests by openssl(1). */
static void test_digest_blocks(void **state)
{
    static const struct {
        size_t n;
        const char *md5, *sha1;
    } rows[] = {
        {55, "ef1772b6dff9a122358552954ad0df65",
         "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {56, "3b0c8ac703f828b04c6c197006d17218",
         "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
        {64, "014842d480b571495a4a0363793f7367",
         "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {120, "5f61c0ccad4cac44c75ff505e1f1e537",
         "f34c1488385346a55709ba056ddd08280dd4c6d6"},
    };
    char text[128], hex[48];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct hb_slice in = {text, rows[i].n}, got;

        assert_int_equal(hb_waf_transform(HB_WAF_T_MD5, a, in, &got), 0);
        hb_hex(got.p, got.n, hex);
        assert_string_equal(hex, rows[i].md5);
        assert_int_equal(hb_waf_transform(HB_WAF_T_SHA1, a, in, &got), 0);
        hb_hex(got.p, got.n, hex);
        assert_string_equal(hex, rows[i].sha1);
    }
}

/* The same every time: a failure can be looked at again. */
static uint32_t next_random(uint32_t *s)
{
    *s = *s * 1664525u + 1013904223u;
    return *s >> 8;
}

/* Values of bytes outside of what a transformation touches pass as they are;
 * and whatever comes back unchanged is the input itself. */
static void test_touches(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    uint32_t seed = 1;
    char text[24];

    for (unsigned t = 0; t < HB_WAF_T_COUNT; t++) {
        const struct hb_waf_bytes *b = hb_waf_transform_touches(t);

        for (unsigned round = 0; round < 20000; round++) {
            struct hb_slice in = {text, next_random(&seed) % sizeof(text)}, out;
            bool inside = false;

            for (size_t i = 0; i < in.n; i++) {
                do {
                    text[i] = (char)next_random(&seed);
                } while (round % 2 == 0 && !b->always &&
                         hb_waf_bytes_has(b, (uint8_t)text[i]));
                inside = inside || hb_waf_bytes_has(b, (uint8_t)text[i]);
            }
            assert_int_equal(hb_waf_transform(t, a, in, &out), 0);
            if (!inside && !b->always)
                assert_true(out.p == in.p && out.n == in.n);
            if (hb_slice_eq(in, out) && in.n > 0 && t != HB_WAF_T_LENGTH)
                assert_ptr_equal(out.p, in.p);
            hb_arena_reset(a);
        }
    }
}

static void test_map(void **state)
{
    static const char file[] = "(MAC - Roman)\n\n1250  (ANSI)\n00a1:21\n\n"
                               "20127 (US-ASCII)\r\n00a0:20 ff1c:3c\r\n"
                               "0100:41\r\n\r\n20261 (T.61)\n00a0:7f\n";
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_waf_umap *m = NULL;
    struct hb_err err = {0};
    struct hb_slice out;

    assert_int_equal(hb_waf_umap_parse(a, hb_slice_z(file), 20127, &m, &err),
                     0);
    assert_int_equal(hb_waf_umap_get(m, 0xa0), ' ');
    assert_int_equal(hb_waf_umap_get(m, 0x100), 'A');
    assert_int_equal(hb_waf_umap_get(m, 0xa1), -1);
    assert_int_equal(hb_waf_umap_get(m, 0x10000), -1);
    assert_int_equal(hb_waf_transform_mapped(HB_WAF_T_URLDECODEUNI, m, a,
                                             HB_SLICE("%u0100%u00a1%uff1e"),
                                             &out),
                     0);
    assert_true(hb_slice_eq(out, HB_SLICE("A\xa1>")));

    assert_int_equal(hb_waf_umap_parse(a, hb_slice_z(file), 7, &m, &err),
                     -ENOENT);
    memset(&err, 0, sizeof(err));
    assert_int_equal(
        hb_waf_umap_parse(a, HB_SLICE("1 (x)\n00a0:20 a0:2\n"), 1, &m, &err),
        -EBADMSG);
    assert_int_equal(err.line, 2);
}

static void test_chain(void **state)
{
    static const enum hb_waf_t seq[] = {
        HB_WAF_T_NONE,         HB_WAF_T_UTF8TOUNICODE,
        HB_WAF_T_URLDECODEUNI, HB_WAF_T_HTMLENTITYDECODE,
        HB_WAF_T_LOWERCASE,    HB_WAF_T_TRIM};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice plain = HB_SLICE("quiet text-1"), out;

    assert_int_equal(hb_waf_transform_chain(seq, HB_ARRAY_LEN(seq), NULL, a,
                                            HB_SLICE(" %26lt;SCR\xc7\x89PT "),
                                            &out),
                     0);
    assert_true(hb_slice_eq(out, HB_SLICE("<scr\xc9pt")));
    assert_int_equal(
        hb_waf_transform_chain(seq, HB_ARRAY_LEN(seq), NULL, a, plain, &out),
        0);
    assert_true(out.p == plain.p && out.n == plain.n);
}

/* An arena that is full is an error, and the result is left alone. */
static void test_no_memory(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(16);
    struct hb_slice in = HB_SLICE(" %41/*A*/ &lt; \\x41 ../ \xe3\x81\x82 0x41"
                                  "\"--# padding padding padding padding");

    assert_non_null(hb_arena_alloc(a, 16));
    for (unsigned t = 0; t < HB_WAF_T_COUNT; t++) {
        struct hb_slice out = HB_SLICE("as it was"), was = out;
        int r = hb_waf_transform(t, a, in, &out);

        if (r == 0)
            assert_true(out.p >= in.p && out.p + out.n <= in.p + in.n);
        else
            assert_true(r == -ENOMEM && out.p == was.p && out.n == was.n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_units),         cmocka_unit_test(test_examples),
        cmocka_unit_test(test_digest_blocks), cmocka_unit_test(test_touches),
        cmocka_unit_test(test_map),           cmocka_unit_test(test_chain),
        cmocka_unit_test(test_no_memory),
    };

    return hb_tap_run("guard/waf/transform", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict dialect: what is read and where it stands, every refusal with
 * its line and column, the ceilings at their edges, hostile bytes, and each
 * allocation of ours failing once.
 */
#include "../tap.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/yaml.h"

/* The tree in one line: {key: value}, [..], 'quoted' or plain. */
static void write_tree(struct hb_buf *b, const struct hb_yaml *node)
{
    const char *before = "";

    switch (node->type) {
    case HB_YAML_SCALAR:
        hb_buf_addf(b, node->plain ? "%s" : "'%s'", node->text);
        break;
    case HB_YAML_SEQ:
    case HB_YAML_MAP:
        hb_buf_addc(b, node->type == HB_YAML_SEQ ? '[' : '{');
        HB_YAML_EACH (child, node) {
            hb_buf_addz(b, before);
            if (node->type == HB_YAML_MAP)
                hb_buf_addf(b, "%s: ", child->key);
            write_tree(b, child);
            before = ", ";
        }
        hb_buf_addc(b, node->type == HB_YAML_SEQ ? ']' : '}');
        break;
    }
}

static void good_n(struct hb_slice text, const char *want)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};
    int rc = hb_yaml_parse(a, "t.yaml", text, &root, &err);

    if (rc < 0)
        print_message("# %s: %u:%u %s\n", text.p, err.line, err.column,
                      err.message);
    assert_int_equal(rc, 0);
    assert_non_null(root);
    write_tree(&b, root);
    assert_string_equal(hb_buf_z(&b), want);
}

static void good(const char *text, const char *want)
{
    good_n(hb_slice_z(text), want);
}

/* TEXT is refused with CODE at LINE:COLUMN, and the message holds PART. */
static void bad_n(struct hb_slice text, int code, unsigned line,
                  unsigned column, const char *part)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = (struct hb_yaml *)&root;
    struct hb_err err = {0};
    int rc = hb_yaml_parse(a, "t.yaml", text, &root, &err);

    if (rc != code || err.line != line || err.column != column ||
        strstr(err.message, part) == NULL)
        print_message("# %.*s: %d %u:%u %s\n", (int)HB_MIN(text.n, 60u), text.p,
                      rc, err.line, err.column, err.message);
    assert_int_equal(rc, code);
    assert_int_equal(err.code, code);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_string_equal(err.file, "t.yaml");
    assert_non_null(strstr(err.message, part));
    assert_ptr_equal(root, (struct hb_yaml *)&root);
}

static void bad(const char *text, int code, unsigned line, unsigned column,
                const char *part)
{
    bad_n(hb_slice_z(text), code, line, column, part);
}

static void test_values(void **state)
{
    good("a: 1\nb: two words\n", "{a: 1, b: two words}");
    good("a:\n  b:\n    c: d\n", "{a: {b: {c: d}}}");
    good("- a\n- b\n-\n  - c\n", "[a, b, [c]]");
    good("a: [b, 'c', \"d\"]\ne: {f: g}\n", "{a: [b, 'c', 'd'], e: {f: g}}");
    good("sites:\n  - name: www\n    root: /var/www\n  - name: x\n",
         "{sites: [{name: www, root: /var/www}, {name: x}]}");
    good("a: |\n  one\n  two\nb: >-\n  three\n  four\n",
         "{a: 'one\ntwo\n', b: 'three four'}");
    good("word", "word");
    good("'quoted'", "'quoted'");
    good("a: yes\nb: no\nc: ~\nd: null\ne: 0x10\n",
         "{a: yes, b: no, c: ~, d: null, e: 0x10}");
    good("a:\nb: ''\n", "{a: , b: ''}");
    good("a: \"\\x41\\u3042\\n\"\n", "{a: 'A\xe3\x81\x82\n'}");
    good("? a\n: b\n", "{a: b}");
    good("'a b': c\n\"d\": e\n", "{a b: c, d: e}");
    good("\"<<\": a\n", "{<<: a}");
    good("a: '*b'\nc: '&d'\ne: '!f'\n", "{a: '*b', c: '&d', e: '!f'}");
    good("a: b # comment\n# c: d\n", "{a: b}");
    good("a: b\r\nc: d\r\n", "{a: b, c: d}");
    good("\xe7\x81\xab: \xe7\x95\xaa\n", "{\xe7\x81\xab: \xe7\x95\xaa}");
}

static void test_empty(void **state)
{
    good_n((struct hb_slice){NULL, 0}, "{}");
    good("", "{}");
    good("\n\n", "{}");
    good("# only a comment\n", "{}");
    good("---\n", "{}");
    good("---\n...\n", "{}");
    good("\xef\xbb\xbf", "{}");
    good("\xef\xbb\xbf# mark\na: b\n", "{a: b}");
    good("---\na: b\n...\n", "{a: b}");
    good("''", "''");
}

static void test_places(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = NULL;
    const struct hb_yaml *m;
    struct hb_err err = {0};
    char name[] = "t.yaml";

    assert_int_equal(
        hb_yaml_parse(a, name,
                      HB_SLICE("# c\none: 1\n\xe7\x81\xab:  x\n"
                               "three:\n  - four\n  -   five: 5\n"),
                      &root, &err),
        0);
    name[0] = '!'; /* the name was copied */
    assert_int_equal(root->count, 3);
    assert_int_equal(root->line, 2);
    assert_int_equal(root->column, 1);
    m = hb_yaml_get(root, "\xe7\x81\xab");
    assert_string_equal(m->file, "t.yaml");
    assert_int_equal(m->key_line, 3);
    assert_int_equal(m->key_column, 1);
    assert_int_equal(m->line, 3);
    assert_int_equal(m->column, 5); /* characters, not bytes */
    m = hb_yaml_get(root, "three")->last;
    assert_int_equal(m->line, 6);
    assert_int_equal(m->column, 7);
    m = hb_yaml_get(m, "five");
    assert_int_equal(m->key_column, 7);
    assert_int_equal(m->column, 13);
    assert_null(hb_yaml_get(m, "five"));
    assert_null(hb_yaml_get(NULL, "five"));
    assert_null(hb_yaml_get(root, "fiv"));
    assert_string_equal(hb_yaml_str(root, "one", "d"), "1");
    assert_string_equal(hb_yaml_str(root, "three", "d"), "d");
    assert_string_equal(hb_yaml_str(NULL, "one", "d"), "d");
    assert_int_equal(hb_yaml_err(m, &err, -EINVAL, "no %s", "good"), -EINVAL);
    assert_string_equal(err.message, "no good");
    assert_string_equal(err.file, "t.yaml");
    assert_int_equal(err.line, 6);
    assert_int_equal(err.column, 13);
}

static void test_refused(void **state)
{
    bad("a: &x 1\n", -EINVAL, 1, 4, "anchors");
    bad("&x a: 1\n", -EINVAL, 1, 1, "anchors");
    bad("a: &x\n  b: 1\n", -EINVAL, 1, 4, "anchors");
    bad("a: &x [1]\n", -EINVAL, 1, 4, "anchors");
    bad("a: 1\nb: *a\n", -EINVAL, 2, 4, "aliases");
    bad("*a : 1\n", -EINVAL, 1, 1, "aliases");
    bad("a:\n  - *b\n", -EINVAL, 2, 5, "aliases");
    bad("a: !!str 1\n", -EINVAL, 1, 4, "tags");
    bad("a: ! 1\n", -EINVAL, 1, 4, "tags");
    bad("a: !x [1]\n", -EINVAL, 1, 4, "tags");
    bad("!!map {a: 1}\n", -EINVAL, 1, 1, "tags");
    bad("!k a: 1\n", -EINVAL, 1, 1, "tags");
    bad("a: !<tag:example,2026:x> 1\n", -EINVAL, 1, 4, "tags");
    bad("a: 1\n<<: {b: 1}\n", -EINVAL, 2, 1, "merge");
    bad("a: {<<: [b]}\n", -EINVAL, 1, 5, "merge");
    bad("[a]: 1\n", -EINVAL, 1, 1, "one word");
    bad("? {a: 1}\n: 2\n", -EINVAL, 1, 3, "one word");
    bad("a: 1\n? - b\n: c\n", -EINVAL, 2, 3, "one word");
    bad("a: 1\n---\nb: 2\n", -EINVAL, 2, 1, "second document");
    bad("a: 1\n...\nb: 2\n", -EBADMSG, 3, 1, "document start");
    bad("a: 1\n...\n---\nb: 2\n", -EINVAL, 3, 1, "second document");
    bad("---\n---\n", -EINVAL, 2, 1, "second document");
    bad("%YAML 1.1\n---\na: 1\n", -EINVAL, 1, 1, "directives");
    bad("%TAG ! tag:x,2026:\n---\na: 1\n", -EINVAL, 1, 1, "directives");
    bad("?\n: 1\n", -EINVAL, 1, 2, "empty key");
    bad("'': 1\n", -EINVAL, 1, 1, "empty key");
    bad("a: \"x\\0y\"\n", -EINVAL, 1, 4, "NUL");
    bad("\"k\\0\": 1\n", -EINVAL, 1, 1, "NUL");
}

static void test_duplicates(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    bad("a: 1\nb: 2\na: 3\n", -EEXIST, 3, 1, "first in line 1");
    bad("a: 1\n\"a\": 3\n", -EEXIST, 2, 1, "\"a\"");
    bad("x:\n  a: {b: 1, b: 2}\n", -EEXIST, 2, 13, "\"b\"");
    good("a: {a: {a: 1}}\nb: {a: 1}\n", "{a: {a: {a: 1}}, b: {a: 1}}");
    /* Hostile names are shown harmlessly. */
    bad("\"\\e[2J\": 1\n\"\\e[2J\": 2\n", -EEXIST, 2, 1, "\"\\x1b[2J\"");
    /* Past the size where names move to a map: first, middle, last, none. */
    for (unsigned n = 14; n < 40; n++) {
        for (unsigned k = 0; k <= n; k += n / 2) {
            hb_buf_reset(&b);
            for (unsigned i = 0; i < n; i++)
                hb_buf_addf(&b, "key%u: %u\n", i, i);
            hb_buf_addf(&b, "key%u: x\n", k);
            if (k < n)
                bad_n(hb_buf_slice(&b), -EEXIST, n + 1, 1, "twice");
            else
                assert_int_equal(hb_buf_err(&b), 0);
        }
    }
}

static void test_syntax(void **state)
{
    bad("a: [1, 2\n", -EBADMSG, 2, 1, "',' or ']'");
    bad("a: {b: 1\n", -EBADMSG, 2, 1, "',' or '}'");
    bad("a: 'b\n", -EBADMSG, 2, 1, "end of stream");
    bad("a: \"b\\q\"\n", -EBADMSG, 1, 6, "escape");
    bad("a: b: c\n", -EBADMSG, 1, 5, "mapping values");
    bad("a: 1\n b: 2\n", -EBADMSG, 2, 3, "mapping values");
    bad("a: 1\nb\n", -EBADMSG, 3, 1, "':'");
    bad("\ta: 1\n", -EBADMSG, 1, 1, "cannot start any token");
    bad("a:\n\tb: 1\n", -EBADMSG, 2, 1, "cannot start any token");
    bad("- a\nb: 1\n", -EBADMSG, 2, 1, "'-'");
    bad("a: - b\n", -EBADMSG, 1, 4, "block sequence");
    bad("@a: 1\n", -EBADMSG, 1, 1, "cannot start any token");
    bad("a: `b`\n", -EBADMSG, 1, 4, "cannot start any token");
    bad("a: \"\\uD800\"\n", -EBADMSG, 1, 7, "Unicode");
    bad("a: \"\\xZZ\"\n", -EBADMSG, 1, 7, "hexdecimal");
    bad("]\n", -EBADMSG, 1, 1, "node content");
}

static void test_bytes(void **state)
{
    bad("a: \xff\n", -EILSEQ, 1, 4, "UTF-8");
    bad("a: 1\nb: \xc0\xaf\n", -EILSEQ, 2, 4, "UTF-8");
    bad("a: \xed\xa0\x80\n", -EILSEQ, 1, 4, "UTF-8");
    bad("# \xe7\x81\n", -EILSEQ, 1, 3, "UTF-8");
    /* UTF-16 is not looked for. */
    bad_n(HB_SLICE("\xff\xfe"
                   "a\0:\0 \0b\0"),
          -EILSEQ, 1, 1, "UTF-8");
    bad_n(HB_SLICE("a\0:\0 \0b\0"), -EILSEQ, 1, 2, "U+0000");
    bad_n(HB_SLICE("a: b\0c\n"), -EILSEQ, 1, 5, "U+0000");
    bad("a: \x1b[0m\n", -EILSEQ, 1, 4, "U+001B");
    bad("a: \x7f\n", -EILSEQ, 1, 4, "U+007F");
    bad("a: b\n# \xe2\x80\xae"
        "c\n",
        -EILSEQ, 2, 3, "U+202E");
    bad("a: \xe2\x81\xa6\n", -EILSEQ, 1, 4, "U+2066");
    bad("a: b\xe2\x80\x8b\n", -EILSEQ, 1, 5, "U+200B");
    bad("a: \xef\xbb\xbf\n", -EILSEQ, 1, 4, "U+FEFF");
    /* Line breaks to YAML 1.1 that no editor shows as such. */
    bad("# a\xc2\x85"
        "b: c\n",
        -EILSEQ, 1, 4, "U+0085");
    bad("# a\xe2\x80\xa8"
        "b: c\n",
        -EILSEQ, 1, 4, "U+2028");
    bad("# a\xe2\x80\xa9"
        "b: c\n",
        -EILSEQ, 1, 4, "U+2029");
    bad("a: 1\rb: \xff\n", -EILSEQ, 2, 4, "UTF-8");
    bad("a: 1\r\nb: \xff\n", -EILSEQ, 2, 4, "UTF-8");
    /* Kanji with a variation selector are names of people. */
    good("a: \xe8\x91\x9b\xf3\xa0\x84\x80\n",
         "{a: \xe8\x91\x9b\xf3\xa0\x84\x80}");
    good("a: \xf0\x9f\x94\xa5\n", "{a: \xf0\x9f\x94\xa5}");
}

static void test_depth(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};

    for (unsigned d = HB_MAX_YAML_DEPTH; d <= HB_MAX_YAML_DEPTH + 1; d++) {
        hb_buf_reset(&b);
        for (unsigned i = 0; i < d; i++)
            hb_buf_addc(&b, '[');
        for (unsigned i = 0; i < d; i++)
            hb_buf_addc(&b, ']');
        if (d == HB_MAX_YAML_DEPTH)
            assert_int_equal(
                hb_yaml_parse(a, "t.yaml", hb_buf_slice(&b), &root, &err), 0);
        else
            bad_n(hb_buf_slice(&b), -EFBIG, 1, d, "deeper");
    }
    hb_buf_reset(&b);
    for (unsigned i = 0; i <= HB_MAX_YAML_DEPTH; i++)
        hb_buf_addf(&b, "%*sk:\n", (int)i, "");
    hb_buf_addf(&b, "%*sv: 1\n", (int)HB_MAX_YAML_DEPTH + 1, "");
    bad_n(hb_buf_slice(&b), -EFBIG, HB_MAX_YAML_DEPTH + 1,
          HB_MAX_YAML_DEPTH + 1, "deeper");
    hb_buf_reset(&b);
    for (unsigned i = 0; i < 100000; i++)
        hb_buf_addz(&b, "- ");
    bad_n(hb_buf_slice(&b), -EFBIG, 1, 2 * HB_MAX_YAML_DEPTH + 1, "deeper");
}

static void test_ceilings(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};

    for (unsigned i = 0; i < HB_MAX_YAML_NODES - 1; i++)
        hb_buf_addz(&b, "- a\n");
    assert_int_equal(hb_yaml_parse(a, "t.yaml", hb_buf_slice(&b), &root, &err),
                     0);
    assert_int_equal(root->count, HB_MAX_YAML_NODES - 1);
    hb_buf_addz(&b, "- a\n");
    bad_n(hb_buf_slice(&b), -EFBIG, HB_MAX_YAML_NODES, 3, "more than");
    hb_buf_reset(&b);
    hb_buf_addz(&b, "# ");
    while (b.n < HB_MAX_YAML)
        hb_buf_addc(&b, 'x');
    good_n(hb_buf_slice(&b), "{}");
    hb_buf_addc(&b, 'x');
    bad_n(hb_buf_slice(&b), -EFBIG, 0, 0, "larger");
}

/* 20,000 keys of one mapping: a quadratic search would be felt. */
static void test_large_mapping(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};

    for (unsigned i = 0; i < 20000; i++)
        hb_buf_addf(&b, "member-%u: %u\n", i, i);
    assert_int_equal(hb_yaml_parse(a, "t.yaml", hb_buf_slice(&b), &root, &err),
                     0);
    assert_string_equal(hb_yaml_str(root, "member-19999", "d"), "19999");
    hb_buf_addz(&b, "member-7777: x\n");
    bad_n(hb_buf_slice(&b), -EEXIST, 20001, 1, "line 7778");
}

static void keys(const char *text, int code, unsigned line, unsigned column,
                 const char *part)
{
    static const char *const known[] = {"name", "root", "private_after", NULL};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_yaml_parse(a, "t.yaml", hb_slice_z(text), &root, &err),
                     0);
    assert_int_equal(hb_yaml_keys(root, known, &err), code);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_non_null(strstr(err.message, part));
}

static void test_keys(void **state)
{
    keys("name: a\nroot: b\n", 0, 0, 0, "");
    keys("{}", 0, 0, 0, "");
    keys("name: a\nprivate_atfer: b\n", -EINVAL, 2, 1,
         "did you mean \"private_after\"?");
    keys("  rooot: b\n", -EINVAL, 1, 3, "did you mean \"root\"?");
    keys("zebra: b\n", -EINVAL, 1, 1, "unknown key \"zebra\"");
    keys("\"\\e]0;x\\a\": b\n", -EINVAL, 1, 1, "\"\\x1b]0;x\\x07\"");
    keys("- a\n", -EINVAL, 1, 1, "mapping");
    keys("word\n", -EINVAL, 1, 1, "mapping");
}

static void test_load(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char dir[] = "/tmp/hb-yaml-XXXXXX", path[64], text[700];
    struct hb_yaml *root = NULL;
    struct hb_err err = {0};

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/c.yaml", dir);
    assert_int_equal(hb_yaml_load(a, path, &root, &err), -ENOENT);
    hb_err_format(&err, text, sizeof text);
    assert_int_equal(strncmp(text, path, strlen(path)), 0);
    assert_int_equal(hb_file_write(path, "a: 1\nb: [\n", 10, 0600), 0);
    err = (struct hb_err){0};
    assert_int_equal(hb_yaml_load(a, path, &root, &err), -EBADMSG);
    assert_string_equal(err.file, path);
    assert_int_equal(err.line, 3);
    assert_int_equal(hb_file_write(path, "a: 1\n", 5, 0600), 0);
    err = (struct hb_err){0};
    assert_int_equal(hb_yaml_load(a, path, &root, &err), 0);
    assert_string_equal(hb_yaml_str(root, "a", ""), "1");
    assert_string_equal(root->file, path);
    assert_int_equal(truncate(path, HB_MAX_YAML + 1), 0);
    assert_int_equal(hb_yaml_load(a, path, &root, &err), -EFBIG);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(hb_yaml_load(a, dir, &root, &err) < 0, 1);
    assert_int_equal(rmdir(dir), 0);
}

static const char fault_text[] =
    "a: 1\nb: [x, 'y', {z: 1}]\nc:\n  d: e\n"
    "k0: 0\nk1: 0\nk2: 0\nk3: 0\nk4: 0\nk5: 0\nk6: 0\nk7: 0\nk8: 0\nk9: 0\n"
    "l0: 0\nl1: 0\nl2: 0\nl3: 0\nl4: 0\nl5: 0\nl6: 0\nl7: 0\nl8: 0\n";

static void test_no_memory(void **state)
{
    unsigned failed = 0;
    bool done = false;

    for (unsigned n = 1; n < 500 && !done; n++) {
        struct hb_arena *a = hb_arena_new(0);
        struct hb_yaml *root = NULL;
        struct hb_err err = {0};
        int rc;

        hb_fault_set(HB_FAULT_ALLOC, n);
        rc = hb_yaml_parse(a, "t", hb_slice_z(fault_text), &root, &err);
        done = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        if (!done) {
            assert_int_equal(rc, -ENOMEM);
            assert_int_equal(err.code, -ENOMEM);
            assert_null(root);
            failed++;
        } else {
            assert_int_equal(rc, 0);
        }
        hb_arena_free(a);
    }
    assert_true(done);
    assert_true(failed > 1);
}

static void test_small_arena(void **state)
{
    unsigned failed = 0;
    bool done = false;

    for (size_t ceiling = 16; ceiling < (1u << 20) && !done; ceiling += 16) {
        struct hb_arena *a = hb_arena_new(ceiling);
        struct hb_yaml *root = NULL;
        struct hb_err err = {0};
        int rc = hb_yaml_parse(a, "t", hb_slice_z(fault_text), &root, &err);

        done = rc == 0;
        if (!done) {
            assert_int_equal(rc, -ENOMEM);
            assert_true(err.message[0] != '\0');
            assert_null(root);
            failed++;
        }
        hb_arena_free(a);
    }
    assert_true(done);
    assert_true(failed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_empty),
        cmocka_unit_test(test_places),     cmocka_unit_test(test_refused),
        cmocka_unit_test(test_duplicates), cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_depth),
        cmocka_unit_test(test_ceilings),   cmocka_unit_test(test_large_mapping),
        cmocka_unit_test(test_keys),       cmocka_unit_test(test_load),
        cmocka_unit_test(test_no_memory),  cmocka_unit_test(test_small_arena),
    };

    return hb_tap_run("base/yaml", tests);
}

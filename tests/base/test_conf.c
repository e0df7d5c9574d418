/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings by rows: every type, its bounds and its messages with their place,
 * defaults, sections and lists, the dump that reads back to the same and
 * masks secrets, the man page's list, and failing allocations.
 */
#include "../tap.h"

#include <sys/stat.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"

static const char *const colours[] = {"red", "green", "dark-blue", NULL};

struct area {
    const char *path;
    uint64_t max_size;
    struct hb_strs types;
};

struct site {
    const char *name;
    int64_t number;
    struct hb_conf_list areas;
};

struct limits {
    uint64_t keep;
    uint64_t bytes;
    struct site nested;
};

struct all {
    bool on;
    int64_t count;
    int64_t any;
    uint64_t size;
    uint64_t wait;
    const char *text;
    const char *path;
    const char *secret;
    int colour;
    struct hb_strs strs;
    struct hb_conf_list sites;
    struct limits limits;
};

static const struct hb_conf_row area_rows[] = {
    {.name = "path",
     .type = HB_CONF_STR,
     .offset = offsetof(struct area, path),
     .doc = N_("Path below the root.")},
    {.name = "max_size",
     .type = HB_CONF_SIZE,
     .offset = offsetof(struct area, max_size),
     .min = 1,
     .max = 1 << 30,
     .dflt = "10m",
     .doc = N_("Bytes a file.")},
    {.name = "types",
     .type = HB_CONF_STRS,
     .offset = offsetof(struct area, types),
     .dflt = "[jpg, png]",
     .doc = N_("Name endings.")},
    {NULL},
};

static const struct hb_conf_row site_rows[] = {
    {.name = "name",
     .type = HB_CONF_STR,
     .offset = offsetof(struct site, name),
     .doc = ".Name of the site with a \\ in it."},
    {.name = "number",
     .type = HB_CONF_INT,
     .offset = offsetof(struct site, number),
     .min = 1,
     .max = 1000,
     .dflt = "1",
     .doc = "Number."},
    {.name = "areas",
     .type = HB_CONF_LIST,
     .offset = offsetof(struct site, areas),
     .dflt = "",
     .sub = area_rows,
     .sub_size = sizeof(struct area),
     .doc = "Areas."},
    {NULL},
};

static const struct hb_conf_row nested_rows[] = {
    {.name = "name",
     .type = HB_CONF_STR,
     .offset = offsetof(struct site, name),
     .dflt = "inner",
     .doc = "Name."},
    {.name = "number",
     .type = HB_CONF_INT,
     .offset = offsetof(struct site, number),
     .dflt = "-5",
     .doc = "Number."},
    {NULL},
};

static const struct hb_conf_row limit_rows[] = {
    {.name = "keep",
     .type = HB_CONF_DURATION,
     .offset = offsetof(struct limits, keep),
     .min = HB_S,
     .max = 366ll * 86400 * HB_S,
     .dflt = "30d",
     .doc = "Kept."},
    {.name = "bytes",
     .type = HB_CONF_SIZE,
     .offset = offsetof(struct limits, bytes),
     .dflt = "2g",
     .doc = "Bytes."},
    {.name = "nested",
     .type = HB_CONF_SECTION,
     .offset = offsetof(struct limits, nested),
     .sub = nested_rows,
     .sub_size = sizeof(struct site),
     .doc = "Nested."},
    {NULL},
};

static const struct hb_conf_row rows[] = {
    {.name = "on",
     .type = HB_CONF_BOOL,
     .offset = offsetof(struct all, on),
     .dflt = "true",
     .doc = "On."},
    {.name = "count",
     .type = HB_CONF_INT,
     .offset = offsetof(struct all, count),
     .min = -10,
     .max = 10,
     .dflt = "3",
     .doc = "Count."},
    {.name = "any",
     .type = HB_CONF_INT,
     .offset = offsetof(struct all, any),
     .dflt = "0",
     .doc = "Any."},
    {.name = "size",
     .type = HB_CONF_SIZE,
     .offset = offsetof(struct all, size),
     .min = 1024,
     .max = 64 << 20,
     .dflt = "20m",
     .doc = "Size."},
    {.name = "wait",
     .type = HB_CONF_DURATION,
     .offset = offsetof(struct all, wait),
     .min = HB_S,
     .max = 3600ll * HB_S,
     .dflt = "10s",
     .doc = "Wait."},
    {.name = "text",
     .type = HB_CONF_STR,
     .offset = offsetof(struct all, text),
     .dflt = "",
     .doc = "Text."},
    {.name = "path",
     .type = HB_CONF_PATH,
     .offset = offsetof(struct all, path),
     .dflt = "/var/www",
     .doc = "Path."},
    {.name = "secret",
     .type = HB_CONF_SECRET,
     .offset = offsetof(struct all, secret),
     .dflt = "",
     .doc = "Secret."},
    {.name = "colour",
     .type = HB_CONF_ENUM,
     .offset = offsetof(struct all, colour),
     .dflt = "green",
     .words = colours,
     .doc = "Colour."},
    {.name = "strs",
     .type = HB_CONF_STRS,
     .offset = offsetof(struct all, strs),
     .dflt = "",
     .doc = "Texts."},
    {.name = "sites",
     .type = HB_CONF_LIST,
     .offset = offsetof(struct all, sites),
     .dflt = "",
     .sub = site_rows,
     .sub_size = sizeof(struct site),
     .doc = "Sites."},
    {.name = "limits",
     .type = HB_CONF_SECTION,
     .offset = offsetof(struct all, limits),
     .sub = limit_rows,
     .sub_size = sizeof(struct limits),
     .doc = "Limits."},
    {NULL},
};

static struct all read_good(struct hb_arena *a, const char *text)
{
    struct hb_yaml *map = NULL;
    struct hb_err err = {0};
    struct all all;
    int rc = 0;

    memset(&all, 0xa5, sizeof all);
    if (text != NULL)
        rc = hb_yaml_parse(a, "t.yaml", hb_slice_z(text), &map, &err);
    if (rc == 0)
        rc = hb_conf_read(a, rows, map, &all, sizeof all, &err);
    if (rc < 0)
        print_message("# %u:%u %s\n", err.line, err.column, err.message);
    assert_int_equal(rc, 0);
    return all;
}

/* TEXT is refused with CODE at LINE:COLUMN, the message holds PART, and what
 * would have been filled is untouched. */
static void bad(const char *text, int code, unsigned line, unsigned column,
                const char *part)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *map = NULL;
    struct hb_err err = {0};
    struct all all, before;
    int rc;

    memset(&all, 0xa5, sizeof all);
    before = all;
    rc = hb_yaml_parse(a, "t.yaml", hb_slice_z(text), &map, &err);
    assert_int_equal(rc, 0);
    rc = hb_conf_read(a, rows, map, &all, sizeof all, &err);
    if (rc != code || err.line != line || err.column != column ||
        strstr(err.message, part) == NULL)
        print_message("# %s: %d %u:%u %s\n", text, rc, err.line, err.column,
                      err.message);
    assert_int_equal(rc, code);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_string_equal(err.file, "t.yaml");
    assert_non_null(strstr(err.message, part));
    assert_memory_equal(&all, &before, sizeof all);
}

static void test_defaults(void **state)
{
    static const char *const empty[] = {NULL, "", "{}", "limits:\nsites:\n",
                                        "limits: {}\nsites: []\nstrs:\n"};

    for (size_t i = 0; i < HB_ARRAY_LEN(empty); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct all all = read_good(a, empty[i]);

        assert_true(all.on);
        assert_int_equal(all.count, 3);
        assert_int_equal(all.size, 20 << 20);
        assert_true(all.wait == 10 * HB_S);
        assert_string_equal(all.text, "");
        assert_string_equal(all.path, "/var/www");
        assert_string_equal(all.secret, "");
        assert_int_equal(all.colour, 1);
        assert_int_equal(all.strs.n, 0);
        assert_int_equal(all.sites.n, 0);
        assert_true(all.limits.keep == 30ull * 86400 * HB_S);
        assert_true(all.limits.bytes == 2ull << 30);
        assert_string_equal(all.limits.nested.name, "inner");
        assert_int_equal(all.limits.nested.number, -5);
        assert_null(all.limits.nested.areas.v);
    }
}

static void test_values(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct site *site;
    const struct area *area;
    struct all all;

    all = read_good(a, "on: false\ncount: -10\nany: -9223372036854775808\n"
                       "size: 64m\nwait: 90s\ntext: 'a: b'\n"
                       "path: /srv/..x/y..\ncolour: dark-blue\n"
                       "strs: [a, 'b c', true]\n"
                       "sites:\n"
                       "  - name: www\n"
                       "    areas:\n"
                       "      - path: up\n"
                       "        types: []\n"
                       "      - path: cache\n"
                       "        max_size: 1\n"
                       "  - {name: x, number: 2}\n"
                       "limits:\n  nested:\n    name: deep\n");
    assert_false(all.on);
    assert_int_equal(all.count, -10);
    assert_true(all.any == INT64_MIN);
    assert_int_equal(all.size, 64 << 20);
    assert_true(all.wait == 90 * HB_S);
    assert_string_equal(all.text, "a: b");
    assert_string_equal(all.path, "/srv/..x/y..");
    assert_int_equal(all.colour, 2);
    assert_int_equal(all.strs.n, 3);
    assert_string_equal(all.strs.v[1], "b c");
    assert_string_equal(all.strs.v[2], "true");
    assert_int_equal(all.sites.n, 2);
    site = all.sites.v;
    assert_string_equal(site[0].name, "www");
    assert_int_equal(site[0].number, 1);
    assert_int_equal(site[0].areas.n, 2);
    area = site[0].areas.v;
    assert_string_equal(area[0].path, "up");
    assert_int_equal(area[0].types.n, 0);
    assert_int_equal(area[0].max_size, 10 << 20);
    assert_int_equal(area[1].max_size, 1);
    assert_int_equal(area[1].types.n, 2);
    assert_string_equal(area[1].types.v[1], "png");
    assert_int_equal(site[1].number, 2);
    assert_int_equal(site[1].areas.n, 0);
    assert_string_equal(all.limits.nested.name, "deep");
    assert_int_equal(all.limits.nested.number, -5);
}

static void test_unknown(void **state)
{
    bad("colur: red\n", -EINVAL, 1, 1, "did you mean \"colour\"?");
    bad("on: true\nzebra: 1\n", -EINVAL, 2, 1, "unknown key \"zebra\"");
    bad("limits:\n  kep: 1d\n", -EINVAL, 2, 3, "did you mean \"keep\"?");
    bad("sites:\n  - name: a\n    numbr: 2\n", -EINVAL, 3, 5, "\"number\"");
    bad("- on\n", -EINVAL, 1, 1, "mapping");
    bad("on\n", -EINVAL, 1, 1, "mapping");
    bad("limits: 5\n", -EINVAL, 1, 9, "mapping");
    bad("limits: [a]\n", -EINVAL, 1, 9, "mapping");
    bad("limits: ''\n", -EINVAL, 1, 9, "mapping");
}

static void test_required(void **state)
{
    bad("sites:\n  - number: 2\n", -EINVAL, 2, 5, "\"name\" is missing");
    bad("sites:\n  - name: a\n    areas:\n      - max_size: 1\n", -EINVAL, 4, 9,
        "\"path\" is missing");
    bad("sites: [{}]\n", -EINVAL, 1, 9, "\"name\" is missing");
}

static void test_required_no_map(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct site site;

    assert_int_equal(hb_conf_read(a, site_rows, NULL, &site, sizeof site, &err),
                     -EINVAL);
    assert_non_null(strstr(err.message, "\"name\" is missing"));
}

static void test_types(void **state)
{
    bad("on: yes\n", -EINVAL, 1, 5, "true or false");
    bad("on: True\n", -EINVAL, 1, 5, "true or false");
    bad("on:\n", -EINVAL, 1, 4, "true or false");
    bad("on: [true]\n", -EINVAL, 1, 5, "one value");
    bad("on: {a: b}\n", -EINVAL, 1, 5, "one value");
    bad("count: x\n", -EINVAL, 1, 8, "whole number");
    bad("count: 1.5\n", -EINVAL, 1, 8, "whole number");
    bad("count: 0x1\n", -EINVAL, 1, 8, "whole number");
    bad("count: ' 1'\n", -EINVAL, 1, 8, "whole number");
    bad("count:\n", -EINVAL, 1, 7, "whole number");
    bad("size: 1t\n", -EINVAL, 1, 7, "a size such as");
    bad("size: -1\n", -EINVAL, 1, 7, "a size such as");
    bad("wait: 10\n", -EINVAL, 1, 7, "a time such as");
    bad("wait: 10 s\n", -EINVAL, 1, 7, "a time such as");
    bad("text: [a]\n", -EINVAL, 1, 7, "one value");
    bad("strs: a\n", -EINVAL, 1, 7, "list of single values");
    bad("strs: ''\n", -EINVAL, 1, 7, "list of single values");
    bad("strs: {a: b}\n", -EINVAL, 1, 7, "list of single values");
    bad("strs:\n  - a\n  - [b]\n", -EINVAL, 3, 5, "list of single values");
    bad("sites: a\n", -EINVAL, 1, 8, "list of mappings");
    bad("sites: {name: a}\n", -EINVAL, 1, 8, "list of mappings");
    bad("sites:\n  - a\n", -EINVAL, 2, 5, "list of mappings");
}

static void test_bounds(void **state)
{
    bad("count: 11\n", -ERANGE, 1, 8, "within -10 and 10");
    bad("count: -11\n", -ERANGE, 1, 8, "within -10 and 10");
    bad("count: 99999999999999999999\n", -ERANGE, 1, 8, "-10 and 10");
    bad("any: 9223372036854775808\n", -ERANGE, 1, 6, "too large");
    bad("size: 1023\n", -ERANGE, 1, 7, "within 1k and 64m");
    bad("size: 65m\n", -ERANGE, 1, 7, "within 1k and 64m");
    bad("size: 99999999999999999999g\n", -ERANGE, 1, 7, "1k and 64m");
    bad("wait: 999ms\n", -ERANGE, 1, 7, "within 1s and 1h");
    bad("wait: 61m\n", -ERANGE, 1, 7, "within 1s and 1h");
    bad("limits: {bytes: 9223372036854775808}\n", -ERANGE, 1, 17, "too large");
    bad("limits:\n  keep: 367d\n", -ERANGE, 2, 9, "within 1s and 366d");
}

static void test_paths(void **state)
{
    char text[HB_MAX_PATH + 32];

    bad("path: www\n", -EINVAL, 1, 7, "begins with \"/\"");
    bad("path: ''\n", -EINVAL, 1, 7, "begins with \"/\"");
    bad("path: /a/../b\n", -EINVAL, 1, 7, "\"..\"");
    bad("path: /..\n", -EINVAL, 1, 7, "\"..\"");
    bad("path: //..//x\n", -EINVAL, 1, 7, "\"..\"");
    memset(text, 'x', sizeof text);
    memcpy(text, "path: /", 7);
    text[6 + HB_MAX_PATH] = '\0';
    bad(text, -ENAMETOOLONG, 1, 7, "longer than 4095");
    text[6 + HB_MAX_PATH - 1] = '\0';
    {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

        assert_int_equal(strlen(read_good(a, text).path), HB_MAX_PATH - 1);
    }
}

static void test_enum(void **state)
{
    bad("colour: gren\n", -EINVAL, 1, 9,
        "one of red, green, dark-blue; did you mean \"green\"?");
    bad("colour: 1\n", -EINVAL, 1, 9, "one of red, green, dark-blue");
    bad("colour: ''\n", -EINVAL, 1, 9, "one of red, green, dark-blue");
    bad("colour: Red\n", -EINVAL, 1, 9, "did you mean \"red\"?");
}

static void test_secret(void **state)
{
    char dir[] = "/tmp/hb-conf-XXXXXX", path[64], text[160];

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/key", dir);
    (void)snprintf(text, sizeof text, "secret: %s\n", path);
    {
        /* Not there yet: whoever opens it will tell. */
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

        assert_string_equal(read_good(a, text).secret, path);
    }
    assert_int_equal(hb_file_write(path, "s", 1, 0600), 0);
    {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

        assert_string_equal(read_good(a, text).secret, path);
    }
    assert_int_equal(chmod(path, 0640), 0);
    bad(text, -EPERM, 1, 9, "has mode 0640");
    assert_int_equal(chmod(path, 0604), 0);
    bad(text, -EPERM, 1, 9, "chmod 600");
    assert_int_equal(unlink(path), 0);
    (void)snprintf(text, sizeof text, "secret: %s\n", dir);
    bad(text, -EINVAL, 1, 9, "regular file");
    assert_int_equal(rmdir(dir), 0);
}

/* A secret that was written where its path belongs is not repeated. */
static void test_secret_not_told(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_yaml *map = NULL;
    struct hb_err err = {0};
    struct all all;

    assert_int_equal(
        hb_yaml_parse(a, "t.yaml", HB_SLICE("secret: hunter2\n"), &map, &err),
        0);
    assert_int_equal(hb_conf_read(a, rows, map, &all, sizeof all, &err),
                     -EINVAL);
    assert_null(strstr(err.message, "hunter2"));
}

/* Dumped, read again and dumped again: the same. */
static void round_trip(const char *text)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf first = HB_BUF_INIT, second = HB_BUF_INIT;
    struct all all = read_good(a, text);

    hb_conf_dump(&first, rows, &all, 0);
    assert_int_equal(hb_buf_err(&first), 0);
    all = read_good(a, hb_buf_z(&first));
    hb_conf_dump(&second, rows, &all, 0);
    assert_string_equal(hb_buf_z(&first), hb_buf_z(&second));
}

static void test_dump(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct all all = read_good(
        a, "text: 'a b'\nstrs: [a, 'b,c', '']\n"
           "secret: /nonexistent/key\nwait: 1500ms\nsize: 1025\n"
           "sites:\n  - name: www\n    areas: [{path: up}, {path: -x}]\n"
           "  - name: \"\\u202e\"\n");

    hb_conf_dump(&b, rows, &all, 0);
    assert_string_equal(hb_buf_z(&b), "on: true\n"
                                      "count: 3\n"
                                      "any: 0\n"
                                      "size: 1025\n"
                                      "wait: 1500ms\n"
                                      "text: \"a b\"\n"
                                      "path: /var/www\n"
                                      "secret: \"********\"\n"
                                      "colour: green\n"
                                      "strs: [a, \"b,c\", \"\"]\n"
                                      "sites:\n"
                                      "  - name: www\n"
                                      "    number: 1\n"
                                      "    areas:\n"
                                      "      - path: up\n"
                                      "        max_size: 10m\n"
                                      "        types: [jpg, png]\n"
                                      "      - path: \"-x\"\n"
                                      "        max_size: 10m\n"
                                      "        types: [jpg, png]\n"
                                      "  - name: \"\\u202e\"\n"
                                      "    number: 1\n"
                                      "    areas: []\n"
                                      "limits:\n"
                                      "  keep: 30d\n"
                                      "  bytes: 2g\n"
                                      "  nested:\n"
                                      "    name: inner\n"
                                      "    number: -5\n");
    hb_buf_reset(&b);
    hb_conf_dump(&b, nested_rows, &all.limits.nested, 4);
    assert_string_equal(hb_buf_z(&b), "    name: inner\n    number: -5\n");
}

static void test_round_trip(void **state)
{
    static const char *const texts[] = {
        "''",
        "true",
        "~",
        "'- a'",
        "'a: b'",
        "'#x'",
        "\"\\n\\t\\r\\e\"",
        "\"\\u0085\\u2028\\ufeff\\uffff\"",
        "\"\\U000e0001\\U0001f525\"",
        "'\"\\'",
        "\"'\"",
        "'  x  '",
        "\"\\xff\"",
        "'*a'",
        "'&a'",
        "'!a'",
        "'@'",
        "'%x'",
        "'[a]'",
        "'{a}'",
        "'a, b'",
        "'<<'",
        "'---'",
        "'...'",
        "=",
        "'?'",
        "'|'",
        "\xe7\x81\xab\xe3\x81\xae\xe7\x95\xaa",
        "'\xe8\x91\x9b\xf3\xa0\x84\x80'",
    };

    round_trip("{}");
    round_trip("wait: 90s\nsize: 3k\ncount: -1\non: false\ncolour: red\n"
               "sites: [{name: a, areas: [{path: b, types: [c]}]}]\n");
    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        char text[128], list[128];

        (void)snprintf(text, sizeof text, "text: %s\n", texts[i]);
        round_trip(text);
        (void)snprintf(list, sizeof list, "strs: [%s, %s]\n", texts[i],
                       texts[i]);
        round_trip(list);
        assert_string_equal(read_good(a, text).text,
                            read_good(a, list).strs.v[0]);
    }
}

static void test_masked_not_read(void **state)
{
    bad("secret: \"********\"\n", -EINVAL, 1, 9, "begins with");
}

static void test_man(void **state)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_conf_man(&b, site_rows, "sites[]");
    assert_string_equal(
        hb_buf_z(&b),
        ".Bl -tag -width Ds\n"
        ".It Ic sites[].name\n"
        "a text; required\n"
        ".Pp\n"
        "\\&.Name of the site with a \\e in it.\n"
        ".It Ic sites[].number\n"
        "a whole number; from 1 to 1000; default 1\n"
        ".Pp\n"
        "Number.\n"
        ".It Ic sites[].areas[]\n"
        "a list of mappings; empty by default\n"
        ".Pp\n"
        "Areas.\n"
        ".It Ic sites[].areas[].path\n"
        "a text; required\n"
        ".Pp\n"
        "Path below the root.\n"
        ".It Ic sites[].areas[].max_size\n"
        "a size in bytes, or with k, m, g; from 1 to 1g; default 10m\n"
        ".Pp\n"
        "Bytes a file.\n"
        ".It Ic sites[].areas[].types\n"
        "a list of texts; default [jpg, png]\n"
        ".Pp\n"
        "Name endings.\n"
        ".El\n");
    hb_buf_reset(&b);
    hb_conf_man(&b, rows, NULL);
    assert_non_null(strstr(hb_buf_z(&b), ".It Ic colour\n"
                                         "one of red, green, dark-blue; "
                                         "default green\n"));
    assert_non_null(strstr(hb_buf_z(&b), ".It Ic limits\na section\n"));
    assert_non_null(strstr(hb_buf_z(&b), ".It Ic limits.nested.name\n"));
    assert_non_null(strstr(hb_buf_z(&b), "from 1s to 1h; default 10s"));
}

static const char fault_text[] =
    "strs: [a, b]\ntext: c\nsites:\n  - {name: a, areas: [{path: b}]}\n"
    "limits:\n  nested: {name: c}\n";

static void test_no_memory(void **state)
{
    unsigned failed = 0;
    bool done = false;

    for (size_t ceiling = 16; ceiling < (1u << 20) && !done; ceiling += 16) {
        struct hb_arena *a = hb_arena_new(ceiling);
        struct hb_yaml *map = NULL;
        struct hb_err err = {0};
        struct all all;
        int rc = hb_yaml_parse(a, "t", hb_slice_z(fault_text), &map, &err);

        if (rc == 0)
            rc = hb_conf_read(a, rows, map, &all, sizeof all, &err);
        done = rc == 0;
        if (!done) {
            assert_int_equal(rc, -ENOMEM);
            assert_int_equal(err.code, -ENOMEM);
            failed++;
        }
        hb_arena_free(a);
    }
    assert_true(done);
    assert_true(failed > 20);
}

static void test_fault(void **state)
{
    bool done = false;

    for (unsigned n = 1; n < 100 && !done; n++) {
        struct hb_arena *a = hb_arena_new(0);
        struct hb_yaml *map = NULL;
        struct hb_err err = {0};
        struct all all;
        int rc = hb_yaml_parse(a, "t", HB_SLICE("colour: x\n"), &map, &err);

        assert_int_equal(rc, 0);
        hb_fault_set(HB_FAULT_ALLOC, n);
        rc = hb_conf_read(a, rows, map, &all, sizeof all, &err);
        done = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_int_equal(rc, done ? -EINVAL : -ENOMEM);
        hb_arena_free(a);
    }
    assert_true(done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_required_no_map),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_enum),
        cmocka_unit_test(test_secret),
        cmocka_unit_test(test_secret_not_told),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_masked_not_read),
        cmocka_unit_test(test_man),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_fault),
    };

    return hb_tap_run("base/conf", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_table.c - the table as bytes: what is made is read back, what is
 * malformed is refused, field by field and bit by bit.
 */
#include "baseline/table.h"

#include "baseline/manifest.h"
#include "fixture.h"

#define N 6
static struct hb_base_entry v[N];
static struct hb_base_entry *p[N];
static uint8_t digest[32] = {1, 2, 3};
static const struct hb_table_head head = {"example", 7, 1234567890};

static void fill_table(void)
{
    static const char xattr[] = "\x06\0\x03\0\0\0user.aabc";

    memset(v, 0, sizeof(v));
    for (int i = 0; i < N; i++)
        p[i] = &v[i];
    v[0].type = HB_BT_DIR;
    v[0].mode = 0755;
    v[1].type = HB_BT_DIR;
    v[1].path = HB_SLICE("a");
    v[1].mode = 02750;
    v[2].type = HB_BT_FILE;
    v[2].path = HB_SLICE("a-b");
    v[2].sha256 = digest;
    v[2].size = 5;
    v[2].nlink = 1;
    v[3].type = HB_BT_FILE;
    v[3].path = HB_SLICE("a/x");
    v[3].sha256 = digest;
    v[3].size = 1ull << 40;
    v[3].nlink = 2;
    v[3].nlink_group = 1;
    v[3].mode = 0644;
    v[3].uid = 33;
    v[3].gid = 34;
    v[3].mtime = -1500000000;
    v[3].xattrs = hb_slice(xattr, 15);
    v[4].type = HB_BT_LINK;
    v[4].path = HB_SLICE("a/y");
    v[4].sha256 = digest;
    v[4].target = HB_SLICE("../b");
    v[5].type = HB_BT_FILE;
    v[5].path = HB_SLICE("b\n\xff");
    v[5].sha256 = digest;
    v[5].nlink = 1;
}

static struct hb_slice make(void)
{
    void *map = NULL;
    size_t n = 0;

    assert_int_equal(hb_table_make(&head, p, N, &map, &n), 0);
    return hb_slice(map, n);
}

static void drop(struct hb_slice s)
{
    union {
        const char *c;
        void *v;
    } u = {.c = s.p};
    hb_table_free(u.v, s.n);
}

static void test_round_trip(void **state)
{
    struct hb_baseline *b;
    struct hb_base_entry e;
    struct hb_slice bytes;
    uint32_t first;

    fill_table();
    bytes = make();
    assert_int_equal(hb_table_parse(bytes, &b, NULL), 0);
    assert_string_equal(hb_baseline_site(b), "example");
    assert_int_equal(hb_baseline_number(b), 7);
    assert_int_equal(hb_baseline_created(b), 1234567890);
    assert_int_equal(hb_baseline_count(b), N);
    for (uint32_t i = 0; i < N; i++) {
        struct hb_base_entry f;

        assert_int_equal(hb_baseline_get(b, i, &e), 0);
        assert_int_equal(e.index, i);
        assert_int_equal(e.type, v[i].type);
        assert_int_equal(e.mode, v[i].mode);
        assert_int_equal(e.uid, v[i].uid);
        assert_int_equal(e.gid, v[i].gid);
        assert_int_equal(e.size, v[i].size);
        assert_int_equal(e.mtime, v[i].mtime);
        assert_int_equal(e.nlink, v[i].nlink);
        assert_int_equal(e.nlink_group, v[i].nlink_group);
        assert_true(hb_slice_eq(e.path, v[i].path));
        assert_true(hb_slice_eq(e.target, v[i].target));
        assert_true(hb_slice_eq(e.xattrs, v[i].xattrs));
        assert_int_equal(hb_baseline_find(b, v[i].path, &f), 0);
        assert_int_equal(f.index, i);
    }
    assert_int_equal(hb_baseline_get(b, N, &e), -ENOENT);
    assert_int_equal(hb_baseline_get(b, UINT32_MAX, &e), -ENOENT);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("a/"), &e), -ENOENT);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("a/xx"), &e), -ENOENT);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("zz"), &e), -ENOENT);
    /* "a-b" sorts between "a" and "a/x" and is not below "a". */
    assert_int_equal(hb_baseline_below(b, HB_SLICE("a"), &first), 2);
    assert_int_equal(first, 3);
    assert_int_equal(hb_baseline_below(b, HB_SLICE(""), &first), N - 1);
    assert_int_equal(hb_baseline_below(b, HB_SLICE("b"), &first), 0);
    hb_baseline_free(b);
    drop(bytes);
}

static void refused(void)
{
    struct hb_slice bytes = make();
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};

    assert_int_equal(hb_table_parse(bytes, &b, &err), -EBADMSG);
    assert_null(b);
    assert_true(err.message[0] != '\0');
    drop(bytes);
}

static void test_paths(void **state)
{
    static const char *const bad[] = {"a/..", "..", "./x", "/x", "x/",
                                      "a//x", ".",  "",    "c/x"};
    char much[300];

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        fill_table();
        v[5].path = hb_slice_z(bad[i]);
        hb_table_sort(p, N);
        refused();
    }
    fill_table();
    v[5].path = hb_slice("b\0c", 3);
    refused();
    fill_table();
    memset(much, 'n', sizeof(much));
    v[5].path = hb_slice(much, 256);
    refused();
    /* Two of a name; out of order; a file as a directory. */
    fill_table();
    v[5].path = v[4].path;
    refused();
    fill_table();
    v[4].path = HB_SLICE("b\n\xff");
    v[5].path = HB_SLICE("a/y");
    refused();
    fill_table();
    v[1] = (struct hb_base_entry){
        .type = HB_BT_FILE, .path = HB_SLICE("a"), .nlink = 1};
    refused();
    fill_table();
    v[0].type = HB_BT_FILE;
    v[0].nlink = 1;
    refused();
}

static void test_fields(void **state)
{
    static const char unsorted[] = "\x01\0\0\0\0\0z\x01\0\0\0\0\0a";
    static const char cut[] = "\x06\0\x04\0\0\0user.aabc";
    static const char nul[] = "\x02\0\0\0\0\0a\0";

    fill_table();
    v[2].mode = 010000;
    refused();
    fill_table();
    v[2].type = (enum hb_base_type)4;
    refused();
    fill_table();
    v[2].type = (enum hb_base_type)0;
    refused();
    fill_table();
    v[2].nlink = 0;
    refused();
    fill_table();
    v[2].target = HB_SLICE("x"); /* a file has none */
    refused();
    fill_table();
    v[4].target = HB_SLICE("");
    refused();
    fill_table();
    v[4].target = hb_slice("a\0b", 3);
    refused();
    fill_table();
    v[1].size = 1; /* a directory has none */
    refused();
    fill_table();
    v[1].sha256 = digest;
    refused();
    fill_table();
    v[2].size = UINT64_MAX;
    refused();
    fill_table();
    v[0].xattrs = hb_slice(unsorted, sizeof(unsorted) - 1);
    refused();
    fill_table();
    v[2].xattrs = hb_slice(cut, 15);
    refused();
    fill_table();
    v[2].xattrs = hb_slice(nul, 8);
    refused();
}

/* Whatever bytes of the header are wrong, or how it is cut. */
static void test_header(void **state)
{
    struct hb_slice bytes;
    struct hb_baseline *b;
    char *copy;

    fill_table();
    bytes = make();
    copy = malloc(bytes.n + 8);
    assert_non_null(copy);
    for (size_t n = 0; n < bytes.n; n++) {
        memcpy(copy, bytes.p, bytes.n);
        assert_int_equal(hb_table_parse(hb_slice(copy, n), &b, NULL), -EBADMSG);
    }
    memset(copy, 0, bytes.n + 8);
    memcpy(copy, bytes.p, bytes.n);
    assert_int_equal(hb_table_parse(hb_slice(copy, bytes.n + 1), &b, NULL),
                     -EBADMSG);
    /* Number and creation (16-31) and the site's letters may be anything
     * sensible; all other bits of the header are fixed by the rest. */
    for (size_t bit = 0; bit < 128 * 8; bit++) {
        int r;

        if (bit / 8 >= 16 && bit / 8 < 32)
            continue;
        memcpy(copy, bytes.p, bytes.n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
        r = hb_table_parse(hb_slice(copy, bytes.n), &b, NULL);
        if (r == 0) {
            assert_true(bit / 8 >= 64);
            assert_string_not_equal(hb_baseline_site(b), "example");
            hb_baseline_free(b);
        } else {
            assert_int_equal(r, -EBADMSG);
        }
    }
    free(copy);
    drop(bytes);
}

/* Any one bit of the rest: refused or read in bounds (the sanitizers see);
 * never accepted as the same. */
static void test_bits(void **state)
{
    struct hb_slice bytes;
    char *copy;

    fill_table();
    bytes = make();
    copy = malloc(bytes.n);
    assert_non_null(copy);
    for (size_t bit = 128 * 8; bit < bytes.n * 8; bit++) {
        struct hb_baseline *b = NULL;
        struct hb_base_entry e;
        uint8_t want[32];

        memcpy(copy, bytes.p, bytes.n);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << (bit % 8)));
        if (hb_table_parse(hb_slice(copy, bytes.n), &b, NULL) < 0)
            continue;
        for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
            struct hb_slice name, value;
            size_t at = 0;
            bool unread;

            assert_int_equal(hb_baseline_get(b, i, &e), 0);
            while (hb_xattr_next(e.xattrs, &at, &name, &value, &unread))
                ;
        }
        hb_sha256(bytes.p, bytes.n, want);
        assert_memory_not_equal(hb_baseline_digest(b), want, 32);
        hb_baseline_free(b);
    }
    free(copy);
    drop(bytes);
}

static void test_sites(void **state)
{
    static const char *const good[] = {"a", "www.example.jp", "Site_1-b"};
    static const char *const bad[] = {"",    ".",  "..",      ".x",  "a/b",
                                      "a b", "-x", "objects", "a\n", "サイト"};
    char name[65];

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        assert_true(hb_site_ok(good[i]));
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_false(hb_site_ok(bad[i]));
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_false(hb_site_ok(name));
    name[63] = '\0';
    assert_true(hb_site_ok(name));
}

static void test_escape(void **state)
{
    static const struct {
        const char *path, *text;
    } pairs[] = {{"a b", "a b"},
                 {"a\nb", "a%0Ab"},
                 {"100%", "100%25"},
                 {"\x7f\x01", "%7F%01"},
                 {"火の番/\xff", "火の番/\xff"}};
    static const char *const bad[] = {"%",   "%0",  "%0a",  "%41", "%00",
                                      "a\n", "%2f", "\x7f", "%GG"};

    for (size_t i = 0; i < HB_ARRAY_LEN(pairs); i++) {
        _cleanup_buf_ struct hb_buf t = HB_BUF_INIT;
        _cleanup_buf_ struct hb_buf back = HB_BUF_INIT;

        hb_path_escape(&t, hb_slice_z(pairs[i].path), 0x20);
        assert_string_equal(hb_buf_z(&t), pairs[i].text);
        assert_int_equal(hb_path_unescape(hb_buf_slice(&t), &back, 0x20), 0);
        assert_string_equal(hb_buf_z(&back), pairs[i].path);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        _cleanup_buf_ struct hb_buf back = HB_BUF_INIT;

        assert_int_equal(hb_path_unescape(hb_slice_z(bad[i]), &back, 0x20),
                         -EBADMSG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_paths),
        cmocka_unit_test(test_fields),     cmocka_unit_test(test_header),
        cmocka_unit_test(test_bits),       cmocka_unit_test(test_sites),
        cmocka_unit_test(test_escape),
    };
    return hb_tap_run("baseline/table", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_proto.c - frames between watch and compare: there and back, cut,
 * garbled.
 */
#include <stdio.h>

#include "../../tap.h"
#include "sense/files/proto.h"

static struct hb_fp_frame *f;

static struct hb_fp_item item(const char *path)
{
    struct hb_fp_item i = {
        .site = 3,
        .events = HB_FPE_CREATED | HB_FPE_CLOSED,
        .state = HB_FPS_PRESENT,
        .fd = 0,
        .readable = 1,
        .who = 0,
        .error = -5,
        .noticed = 11,
        .noticed_utc = -12,
        .st = {0100644, 1, 2, 3, 1ull << 40, 77, 88, -9, 10},
        .path = hb_slice_z(path),
    };

    return i;
}

static struct hb_fp_who who(void)
{
    struct hb_fp_who w = {
        .pid = 100,
        .known = 1,
        .uid = 33,
        .euid = 0,
        .start = 99,
        .comm = HB_SLICE("php-fpm"),
        .exe = HB_SLICE("/usr/sbin/php-fpm8.2"),
        .cmdline = HB_SLICE("php-fpm: pool www"),
        .cgroup = HB_SLICE("0::/system.slice/php.service"),
        .n_parents = 2,
        .parent = {{1, 5, HB_SLICE("systemd"), HB_SLICE("/lib/systemd")},
                   {2, 6, HB_SLICE("x"), HB_SLICE("")}},
    };

    return w;
}

static void pack_one(struct hb_fp_pack *k, const char *path)
{
    struct hb_fp_item i = item(path);
    struct hb_fp_who w = who();

    hb_fp_pack_init(k);
    hb_fp_pack_reset(k, 55);
    assert_int_equal(hb_fp_pack_who(k, &w), 0);
    assert_int_equal(hb_fp_pack_item(k, &i), 0);
}

static void test_objects(void **state)
{
    struct hb_fp_pack k;
    struct hb_slice s;
    struct hb_fp_who *copy;

    pack_one(&k, "a/b\n\xff");
    s = hb_fp_pack_frame(&k);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 1), 0);
    assert_int_equal(f->kind, HB_FP_OBJECTS);
    assert_int_equal(f->scan, 55);
    assert_int_equal(f->n_items, 1);
    assert_int_equal(f->items[0].site, 3);
    assert_int_equal(f->items[0].error, -5);
    assert_int_equal(f->items[0].noticed_utc, -12);
    assert_int_equal(f->items[0].st.size, 1ull << 40);
    assert_int_equal(f->items[0].st.mtime, -9);
    assert_true(hb_slice_eq(f->items[0].path, HB_SLICE("a/b\n\xff")));
    assert_int_equal(f->whos[0].pid, 100);
    assert_true(hb_slice_eq(f->whos[0].exe, HB_SLICE("/usr/sbin/php-fpm8.2")));
    assert_int_equal(f->whos[0].n_parents, 2);
    assert_true(hb_slice_eq(f->whos[0].parent[0].comm, HB_SLICE("systemd")));
    copy = hb_fp_who_dup(&f->whos[0]);
    memset(k.frame.p, 0, k.frame.n);
    assert_true(hb_slice_eq(copy->cmdline, HB_SLICE("php-fpm: pool www")));
    assert_true(hb_slice_eq(copy->parent[0].exe, HB_SLICE("/lib/systemd")));
    free(copy);
    hb_fp_pack_done(&k);
}

static void test_indices(void **state)
{
    struct hb_fp_item a = item("a"), b = item("b");
    struct hb_fp_pack k;
    struct hb_slice s;

    /* A descriptor that did not come, or two items with the same one. */
    pack_one(&k, "a");
    s = hb_fp_pack_frame(&k);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 0), -EBADMSG);
    assert_int_equal(hb_fp_pack_item(&k, &b), 0);
    s = hb_fp_pack_frame(&k);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 2), -EBADMSG);
    hb_fp_pack_reset(&k, 0);
    /* A process that is not in the frame. */
    a.fd = HB_FP_NO_FD;
    assert_int_equal(hb_fp_pack_item(&k, &a), 0);
    s = hb_fp_pack_frame(&k);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 0), -EBADMSG);
    hb_fp_pack_reset(&k, 0);
    a.who = HB_FP_NO_WHO;
    a.state = 9;
    assert_int_equal(hb_fp_pack_item(&k, &a), 0);
    s = hb_fp_pack_frame(&k);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 0), -EBADMSG);
    hb_fp_pack_done(&k);
}

static void test_full(void **state)
{
    struct hb_fp_item a = item("a");
    struct hb_fp_pack k;
    unsigned n = 0;
    struct hb_slice s;

    a.fd = HB_FP_NO_FD;
    a.who = HB_FP_NO_WHO;
    hb_fp_pack_init(&k);
    hb_fp_pack_reset(&k, 0);
    while (hb_fp_pack_item(&k, &a) == 0)
        n++;
    assert_int_equal(n, HB_FP_ITEMS);
    s = hb_fp_pack_frame(&k);
    assert_true(s.n <= HB_FP_FRAME + 64);
    assert_int_equal(hb_fp_decode(f, s.p, s.n, 0), 0);
    assert_int_equal(f->n_items, HB_FP_ITEMS);
    hb_fp_pack_done(&k);
}

static void test_others(void **state)
{
    struct hb_slice paths[2] = {HB_SLICE("x"), HB_SLICE("")};
    struct hb_fp_scan_head h = {9, 2, HB_FPSC_DEEP, HB_SLICE("pre/fix")};
    struct hb_fp_scan_end e = {9, 2, -EIO, 100, 3, 12345};
    struct hb_buf b = HB_BUF_INIT;

    hb_fp_hello(&b, 4711);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), 0);
    assert_int_equal(f->hello, 4711);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 1), -EBADMSG);
    hb_fp_note(&b, HB_FPN_LOST, 0, 12, NULL);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), 0);
    assert_int_equal(f->note.count, 12);
    hb_fp_note(&b, HB_FPN_COUNT, 0, 12, NULL);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), -EBADMSG);
    hb_fp_begin(&b, HB_FP_SCAN, &h);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), 0);
    assert_int_equal(f->begin.kind, HB_FPSC_DEEP);
    assert_true(hb_slice_eq(f->begin.prefix, HB_SLICE("pre/fix")));
    hb_fp_end(&b, &e);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), 0);
    assert_int_equal(f->end.error, -EIO);
    assert_int_equal(f->end.took, 12345);
    hb_fp_look(&b, 2, paths, 2);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), 0);
    assert_int_equal(f->n_items, 2);
    paths[0] = HB_SLICE("../x");
    hb_fp_look(&b, 2, paths, 1);
    assert_int_equal(hb_fp_decode(f, b.p, b.n, 0), -EBADMSG);
    hb_buf_done(&b);
}

static void test_cut_and_garbled(void **state)
{
    struct hb_fp_pack k;
    struct hb_slice s;
    uint32_t seed = 7;

    pack_one(&k, "some/path");
    s = hb_fp_pack_frame(&k);
    for (size_t n = 0; n < s.n; n++) {
        char *p = malloc(n + 1);

        memcpy(p, s.p, n);
        assert_int_equal(hb_fp_decode(f, p, n, 1), -EBADMSG);
        free(p);
    }
    {
        char *p = malloc(s.n + 1);

        memcpy(p, s.p, s.n);
        p[s.n] = 0;
        assert_int_equal(hb_fp_decode(f, p, s.n + 1, 1), -EBADMSG);
        for (int i = 0; i < 20000; i++) {
            seed = seed * 1664525u + 1013904223u;
            p[(seed >> 8) % s.n] = (char)seed;
            (void)(hb_fp_decode(f, p, s.n, 1) == 0);
        }
        free(p);
    }
    hb_fp_pack_done(&k);
}

static void test_paths(void **state)
{
    static const char *const bad[] = {"/a",   "a/",  "a//b",  ".",   "..",
                                      "a/..", "./a", "a/./b", "../x"};
    static const char *const good[] = {"", "a", "a/b", "..a", "a/...", ".a"};
    char longest[HB_MAX_PATH + 10];

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_false(hb_fp_path_ok(hb_slice_z(bad[i])));
    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        assert_true(hb_fp_path_ok(hb_slice_z(good[i])));
    assert_false(hb_fp_path_ok(hb_slice("a\0b", 3)));
    memset(longest, 'a', sizeof(longest));
    assert_false(hb_fp_path_ok(hb_slice(longest, 256)));
    assert_true(hb_fp_path_ok(hb_slice(longest, 255)));
    for (size_t i = 100; i < sizeof(longest); i += 100)
        longest[i] = '/';
    assert_false(hb_fp_path_ok(hb_slice(longest, HB_MAX_PATH)));
    assert_true(hb_fp_path_ok(hb_slice(longest, HB_MAX_PATH - 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_indices),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_others),
        cmocka_unit_test(test_cut_and_garbled),
        cmocka_unit_test(test_paths),
    };
    int r;

    f = malloc(sizeof(*f));
    r = hb_tap_run("sense_files/proto", tests);
    free(f);
    return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_manifest.c - the text form: one way to write each thing, a signature
 * over it, expiry, and the same baseline at the end.
 */
#include "baseline/manifest.h"
#include "fixture.h"

#include <sys/xattr.h>

static const struct hb_manifest_head head = {.site = "site",
                                             .number = 12,
                                             .uid = 33,
                                             .gid = 34,
                                             .created = 1000000000000000000,
                                             .expires = 1000003600000000000};

#define TOP                                                                    \
    "hinoban-manifest 1\nsite site\nnumber 12\nowner 33:34\n"                  \
    "created 2001-09-09T01:46:40.000Z\nexpires 2001-09-09T02:46:40.000Z\n\n"
#define ROOT "-  0755  0  0  .\n"
#define SHA  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_write(void **state)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct place p;
    struct hb_baseline *b = NULL, *plain;
    struct hb_manifest_head got;
    struct hb_err err = {0};
    uint8_t sig[HB_SIG_SIZE];
    struct hb_base_build h;
    struct hb_base_stats stats;

    place_open(&p);
    fill(&p);
    put(&p, "new\nline 100%", "x");
    assert_int_equal(symlinkat("a b", p.root, "spaced"), 0);
    assert_int_equal(hb_manifest_write(p.tree, &head, NULL, 0, &text, &err), 0);
    assert_non_null(strstr(hb_buf_z(&text), "  new%0Aline 100%25\n"));
    assert_non_null(strstr(hb_buf_z(&text), "\n>a%20b  0777  0  "));
    assert_int_equal(hb_manifest_sign(p.key, hb_buf_slice(&text), sig), 0);
    assert_int_equal(hb_manifest_verify(hb_buf_slice(&text), sig, p.pub, "site",
                                        head.created, &b, &err),
                     0);
    assert_int_equal(hb_baseline_number(b), 12);
    assert_int_equal(entry(b, "new\nline 100%").size, 1);
    assert_int_equal(entry(b, "index.html").uid, 33);
    assert_int_equal(entry(b, "index.html").gid, 34);
    assert_true(hb_slice_eq(entry(b, "spaced").target, HB_SLICE("a b")));
    hb_baseline_free(b);
    assert_int_equal(hb_manifest_parse(hb_buf_slice(&text), &got, &b, NULL), 0);
    assert_int_equal(got.expires, head.expires);
    assert_string_equal(got.site, "site");
    /* What the table of the same tree says, but for links and times. */
    h = how(&p);
    h.set_owner = true;
    h.uid = 33;
    h.gid = 34;
    assert_int_equal(hb_baseline_build(&h, 13, &stats, NULL), 0);
    assert_int_equal(hb_baseline_sign(p.site, 13, p.key, NULL), 0);
    plain = open_now(&p);
    assert_int_equal(hb_baseline_count(plain), hb_baseline_count(b));
    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        struct hb_base_entry x, y;

        assert_int_equal(hb_baseline_get(b, i, &x), 0);
        assert_int_equal(hb_baseline_get(plain, i, &y), 0);
        assert_true(hb_slice_eq(x.path, y.path));
        assert_memory_equal(x.sha256, y.sha256, 32);
        assert_int_equal(x.mode, y.mode);
        assert_int_equal(x.size, y.size);
    }
    hb_baseline_free(plain);
    hb_baseline_free(b);
    place_done(&p);
}

static void test_refused_to_write(void **state)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_manifest_head bad = head;
    struct hb_err err = {0};
    struct place p;
    char path[128];

    place_open(&p);
    fill(&p);
    bad.number = 0;
    assert_int_equal(hb_manifest_write(p.tree, &bad, NULL, 0, &text, NULL),
                     -EINVAL);
    bad = head;
    bad.expires = bad.created;
    assert_int_equal(hb_manifest_write(p.tree, &bad, NULL, 0, &text, NULL),
                     -EINVAL);
    assert_int_equal(
        hb_manifest_write("/nonexistent", &head, NULL, 0, &text, NULL),
        -ENOENT);
    (void)snprintf(path, sizeof(path), "%s/empty", p.tree);
    if (setxattr(path, "user.x", "1", 1, 0) == 0) {
        assert_int_equal(hb_manifest_write(p.tree, &head, NULL, 0, &text, &err),
                         -EOPNOTSUPP);
        assert_string_equal(err.file, "empty");
    }
    place_done(&p);
}

static void test_verify(void **state)
{
    struct hb_slice text = HB_SLICE(TOP ROOT SHA "  0644  0  5  a\n");
    struct hb_baseline *b = NULL;
    uint8_t sig[HB_SIG_SIZE], other[HB_SIG_SIZE];
    struct hb_key *k;
    struct hb_pub *u;

    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_pub(k, &u), 0);
    assert_int_equal(hb_manifest_sign(k, text, sig), 0);
    assert_int_equal(
        hb_manifest_verify(text, sig, u, "site", head.created, &b, NULL), 0);
    hb_baseline_free(b);
    b = NULL;
    assert_int_equal(
        hb_manifest_verify(text, sig, u, NULL, head.expires - 1, &b, NULL), 0);
    hb_baseline_free(b);
    b = NULL;
    assert_int_equal(
        hb_manifest_verify(text, sig, u, "site", head.expires, &b, NULL),
        -ETIME);
    assert_int_equal(
        hb_manifest_verify(text, sig, u, "other", head.created, &b, NULL),
        -EKEYREJECTED);
    assert_int_equal(hb_manifest_verify(hb_slice(text.p, text.n - 1), sig, u,
                                        "site", 0, &b, NULL),
                     -EKEYREJECTED);
    sig[0] ^= 1;
    assert_int_equal(hb_manifest_verify(text, sig, u, "site", 0, &b, NULL),
                     -EKEYREJECTED);
    /* A baseline's signature over the same words is none of a manifest. */
    {
        uint8_t digest[32];
        char hex[66];

        hb_sha256(text.p, text.n, digest);
        hb_hex(digest, 32, hex);
        hex[64] = '\n';
        assert_int_equal(hb_sign(k, "baseline", hb_slice(hex, 65), other), 0);
        assert_int_equal(
            hb_manifest_verify(text, other, u, "site", 0, &b, NULL),
            -EKEYREJECTED);
    }
    assert_null(b);
    hb_pub_free(u);
    hb_key_free(k);
}

static void test_strict(void **state)
{
    static const char *const good[] = {
        TOP ROOT,
        TOP "-  0755  0  7  .\n" SHA "  0644  0  5  a b\n-  0700  0  0  c\n",
        TOP ROOT ">x%20y  0777  0  0  l\n",
    };
    static const char *const bad[] = {
        "",
        "hinoban-manifest 1\n",
        "hinoban-manifest 2\n" ROOT,
        TOP,
        TOP "-  0755  0  0  x\n",
        TOP ROOT ROOT,
        TOP ROOT "\n",
        TOP ROOT SHA "  0644  0  5  a", /* no line's end */
        TOP ROOT SHA " 0644  0  5  a\n",
        TOP ROOT SHA "  644  0  5  a\n",
        TOP ROOT SHA "  0844  0  5  a\n",
        TOP ROOT SHA "  0644  00  5  a\n",
        TOP ROOT SHA "  0644  -1  5  a\n",
        TOP ROOT SHA "  0644  0  5  \n",
        TOP ROOT SHA "  0644  0  5  /a\n",
        TOP ROOT SHA "  0644  0  5  ../a\n",
        TOP ROOT SHA "  0644  0  5  x/a\n", /* no such directory */
        TOP ROOT SHA "  0644  0  5  %41\n",
        TOP ROOT SHA "  0644  0  5  %0a\n",
        TOP ROOT SHA "  0644  0  5  b\n" SHA "  0644  0  5  a\n",
        TOP ROOT SHA "  0644  0  5  a\n" SHA "  0644  0  5  a\n",
        TOP ROOT "E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b"
                 "855  0644  0  5  a\n",
        TOP ROOT ">  0777  0  0  l\n",
        TOP ROOT ">a b  0777  0  0  l\n",
        TOP ROOT "-  0755  4096  0  d\n",
        "hinoban-manifest 1\nsite ..\nnumber 12\nowner 33:34\ncreated "
        "2001-09-09T01:46:40.000Z\nexpires 2001-09-09T02:46:40.000Z\n\n" ROOT,
        "hinoban-manifest 1\nsite a\nnumber 0\nowner 33:34\ncreated "
        "2001-09-09T01:46:40.000Z\nexpires 2001-09-09T02:46:40.000Z\n\n" ROOT,
        "hinoban-manifest 1\nsite a\nnumber 1\nowner 33\ncreated "
        "2001-09-09T01:46:40.000Z\nexpires 2001-09-09T02:46:40.000Z\n\n" ROOT,
        "hinoban-manifest 1\nsite a\nnumber 1\nowner 33:4294967295\ncreated "
        "2001-09-09T01:46:40.000Z\nexpires 2001-09-09T02:46:40.000Z\n\n" ROOT,
        "hinoban-manifest 1\nsite a\nnumber 1\nowner 33:3\ncreated "
        "2001-09-09T01:46:40Z\nexpires 2001-09-09T02:46:40.000Z\n\n" ROOT,
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++) {
        struct hb_baseline *b = NULL;

        assert_int_equal(hb_manifest_parse(hb_slice_z(good[i]), NULL, &b, NULL),
                         0);
        hb_baseline_free(b);
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct hb_baseline *b = NULL;
        struct hb_err err = {0};
        int r = hb_manifest_parse(hb_slice_z(bad[i]), NULL, &b, &err);

        if (r >= 0)
            print_error("accepted: %s\n", bad[i]);
        assert_true(r < 0);
        assert_true(err.message[0] != '\0');
        assert_null(b);
    }
}

/* Opening finds a manifest where no table stands. */
static void test_open(void **state)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_baseline *b;
    struct place p;

    place_open(&p);
    fill(&p);
    assert_int_equal(hb_manifest_write(p.tree, &head, NULL, 0, &text, NULL), 0);
    assert_int_equal(hb_manifest_sign(p.key, hb_buf_slice(&text), sig), 0);
    assert_int_equal(
        hb_file_write_at(p.site, "0000000012.manifest", text.p, text.n, 0444),
        0);
    assert_int_equal(hb_file_write_at(p.site, "current", "12\n", 3, 0444), 0);
    assert_int_equal(hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL),
                     -EKEYREJECTED);
    assert_int_equal(
        hb_file_write_at(p.site, "0000000012.msig", sig, sizeof(sig), 0444), 0);
    /* It has expired long since: that counts when it is taken in only. */
    b = open_now(&p);
    assert_int_equal(hb_baseline_number(b), 12);
    assert_int_equal(entry(b, "cgi/form.cgi").mode, 04755);
    hb_baseline_free(b);
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),  cmocka_unit_test(test_refused_to_write),
        cmocka_unit_test(test_verify), cmocka_unit_test(test_strict),
        cmocka_unit_test(test_open),
    };
    return hb_tap_run("baseline/manifest", tests);
}

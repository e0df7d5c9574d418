/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_pass.c - passes of the log-in wall: what is good for whom and when.
 */
#include "../../tap.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "guard/waf/pass.h"

#define NOW 1800000000

static const struct hb_waf_pass_key key = {"0123456789abcdef0123456789abcde"};

static struct hb_waf_addr addr(const char *text)
{
    struct hb_waf_addr a;

    assert_true(hb_waf_addr_parse(hb_slice_z(text), &a));
    return a;
}

static struct hb_waf_pass pass(enum hb_waf_pass_kind kind, const char *name)
{
    struct hb_waf_pass p = {.kind = kind, .ends = NOW + 60};

    (void)snprintf(p.name, sizeof(p.name), "%s", name);
    return p;
}

static int check(const char *text, enum hb_waf_pass_kind kind, const char *host,
                 const char *from, int64_t now)
{
    struct hb_waf_addr a = {0};
    struct hb_waf_pass p;

    if (from != NULL)
        a = addr(from);
    return hb_waf_pass_check(&key, kind, hb_slice_z(host),
                             from != NULL ? &a : NULL, hb_slice_z(text), now,
                             &p);
}

static void test_code(void **state)
{
    struct hb_waf_pass p = pass(HB_WAF_PASS_CODE, "yamada"), q;
    char text[HB_WAF_PASS_TEXT], again[HB_WAF_PASS_TEXT];

    assert_int_equal(
        hb_waf_pass_make(&key, &p, HB_SLICE("www.Example.jp"), NULL, text), 0);
    assert_int_equal(hb_waf_pass_check(&key, HB_WAF_PASS_CODE,
                                       HB_SLICE("WWW.example.jp"), NULL,
                                       hb_slice_z(text), NOW, &q),
                     0);
    assert_string_equal(q.name, "yamada");
    assert_int_equal(q.ends, NOW + 60);
    assert_memory_equal(q.nonce, p.nonce, sizeof(p.nonce));
    /* The same once more is the same. */
    assert_int_equal(
        hb_waf_pass_make(&key, &q, HB_SLICE("www.example.jp"), NULL, again), 0);
    assert_string_equal(text, again);
    /* A new one is not. */
    p = pass(HB_WAF_PASS_CODE, "yamada");
    assert_int_equal(
        hb_waf_pass_make(&key, &p, HB_SLICE("www.example.jp"), NULL, again), 0);
    assert_string_not_equal(text, again);

    assert_int_equal(
        check(text, HB_WAF_PASS_CODE, "www.example.jp", NULL, NOW + 59), 0);
    assert_int_equal(
        check(text, HB_WAF_PASS_CODE, "www.example.jp", NULL, NOW + 60),
        -ETIME);
    assert_int_equal(check(text, HB_WAF_PASS_CODE, "example.jp", NULL, NOW),
                     -EBADMSG);
    assert_int_equal(
        check(text, HB_WAF_PASS_COOKIE, "www.example.jp", NULL, NOW), -EBADMSG);
    assert_int_equal(
        check(text, HB_WAF_PASS_CODE, "www.example.jp", "192.0.2.1", NOW),
        -EBADMSG);
}

static void test_cookie(void **state)
{
    static const struct {
        const char *made, *used;
        int want;
    } table[] = {
        {"192.0.2.1", "192.0.2.255", 0},
        {"192.0.2.1", "192.0.3.1", -EBADMSG},
        {"192.0.2.1", "::ffff:192.0.2.9", 0},
        {"2001:db8:1::1", "2001:db8:1:ffff::2", 0},
        {"2001:db8:1::1", "2001:db8:2::1", -EBADMSG},
        {"2001:db8:1::1", "192.0.2.1", -EBADMSG},
        {"0.0.0.1", "::", -EBADMSG},
        {"0.0.0.1", NULL, -EBADMSG},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(table); i++) {
        struct hb_waf_pass p = pass(HB_WAF_PASS_COOKIE, "a.b-c_9");
        struct hb_waf_addr a = addr(table[i].made);
        char text[HB_WAF_PASS_TEXT];

        assert_int_equal(hb_waf_pass_make(&key, &p, HB_SLICE("h"), &a, text),
                         0);
        assert_int_equal(
            check(text, HB_WAF_PASS_COOKIE, "h", table[i].used, NOW),
            table[i].want);
    }
}

/* Nothing but the very text is taken, and nothing past its end is read. */
static void test_forged(void **state)
{
    struct hb_waf_pass p = pass(HB_WAF_PASS_CODE, "yamada");
    struct hb_waf_pass_key other = key;
    char text[HB_WAF_PASS_TEXT], bad[2 * HB_WAF_PASS_TEXT];
    size_t n;

    assert_int_equal(hb_waf_pass_make(&key, &p, HB_SLICE("h"), NULL, text), 0);
    n = strlen(text);
    for (size_t i = 0; i < n; i++)
        for (unsigned c = 0; c < 256; c++) {
            memcpy(bad, text, n + 1);
            bad[i] = (char)c;
            if (bad[i] == text[i])
                continue;
            assert_int_equal(hb_waf_pass_check(&key, HB_WAF_PASS_CODE,
                                               HB_SLICE("h"), NULL,
                                               hb_slice(bad, n), NOW, &p),
                             -EBADMSG);
        }
    for (size_t i = 0; i < n; i++) {
        char *exact = malloc(i + 1);

        assert_non_null(exact);
        memcpy(exact, text, i);
        assert_int_equal(hb_waf_pass_check(&key, HB_WAF_PASS_CODE,
                                           HB_SLICE("h"), NULL,
                                           hb_slice(exact, i), NOW, &p),
                         -EBADMSG);
        free(exact);
    }
    (void)snprintf(bad, sizeof(bad), "%sA", text);
    assert_int_equal(check(bad, HB_WAF_PASS_CODE, "h", NULL, NOW), -EBADMSG);
    (void)snprintf(bad, sizeof(bad), "%s=", text);
    assert_int_equal(check(bad, HB_WAF_PASS_CODE, "h", NULL, NOW), -EBADMSG);
    memset(bad, 'A', sizeof(bad));
    assert_int_equal(hb_waf_pass_check(&key, HB_WAF_PASS_CODE, HB_SLICE("h"),
                                       NULL, hb_slice(bad, sizeof(bad)), NOW,
                                       &p),
                     -EBADMSG);
    other.b[31] ^= 1;
    assert_int_equal(hb_waf_pass_check(&other, HB_WAF_PASS_CODE, HB_SLICE("h"),
                                       NULL, hb_slice(text, n), NOW, &p),
                     -EBADMSG);
}

static void test_refused(void **state)
{
    static const char *const names[] = {"",    "Yamada", "a b",
                                        "a/b", "a;b",    "\xe5\xb1\xb1"};
    struct hb_waf_pass p = pass(HB_WAF_PASS_CODE, "a"), q;
    char text[HB_WAF_PASS_TEXT], host[257];

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        q = pass(HB_WAF_PASS_CODE, names[i]);
        assert_int_equal(hb_waf_pass_make(&key, &q, HB_SLICE("h"), NULL, text),
                         -EINVAL);
    }
    q = pass(HB_WAF_PASS_CODE, "abcdefghijklmnopqrstuvwxyz012345");
    assert_int_equal(hb_waf_pass_make(&key, &q, HB_SLICE("h"), NULL, text), 0);
    assert_true(strlen(text) < HB_WAF_PASS_TEXT);
    assert_int_equal(check(text, HB_WAF_PASS_CODE, "h", NULL, NOW), 0);
    assert_int_equal(hb_waf_pass_make(&key, &p, HB_SLICE(""), NULL, text),
                     -EINVAL);
    memset(host, 'h', sizeof(host));
    assert_int_equal(
        hb_waf_pass_make(&key, &p, hb_slice(host, 256), NULL, text), -EINVAL);
    assert_int_equal(
        hb_waf_pass_make(&key, &p, hb_slice(host, 255), NULL, text), 0);
    /* No pass lives longer than a month, whoever signed it. */
    p.ends = NOW + HB_WAF_PASS_MAX_S + 1;
    assert_int_equal(hb_waf_pass_make(&key, &p, HB_SLICE("h"), NULL, text), 0);
    assert_int_equal(check(text, HB_WAF_PASS_CODE, "h", NULL, NOW), -ETIME);
}

static void test_key_file(void **state)
{
    char dir[] = "/tmp/hb-pass-XXXXXX", path[64];
    struct hb_waf_pass_key a, b;
    struct hb_err err = {0};
    struct stat st;

    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/key", dir);
    assert_int_equal(hb_waf_pass_key_load(path, &a, &err), -ENOENT);
    assert_int_equal(hb_waf_pass_key_make(path, &err), 0);
    assert_int_equal(hb_waf_pass_key_make(path, &err), -EEXIST);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(hb_waf_pass_key_load(path, &a, &err), 0);
    assert_int_equal(hb_waf_pass_key_load(path, &b, &err), 0);
    assert_memory_equal(a.b, b.b, sizeof(a.b));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(hb_waf_pass_key_load(path, &a, &err), -EACCES);
    assert_int_equal(hb_file_write(path, "0123", 4, 0600), 0);
    assert_int_equal(hb_waf_pass_key_load(path, &a, &err), -EBADMSG);
    assert_int_equal(hb_waf_pass_key_load(dir, &a, &err), -EACCES);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code),     cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_forged),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_key_file),
    };

    return hb_tap_run("guard/waf/pass", tests);
}

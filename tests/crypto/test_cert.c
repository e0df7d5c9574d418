/* SPDX-License-Identifier: Apache-2.0 */
/* Our own authority: what it signs, for whom, and what it cannot sign for. */
#include "../tap.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/cert.h"

#define NOW INT64_C(1764547200) /* 2025-12-01 */

static const char *const all[] = {"share.example.jp", "192.0.2.10",
                                  "2001:db8::10"};
static const struct hb_cert_names names = {all, 3};

struct made {
    struct hb_buf ca, ca_key, cert, key;
};

static void make(struct made *m, const char *const *v, size_t n)
{
    const struct hb_cert_names own = {v, n};
    struct hb_err err = {0};

    *m = (struct made){HB_BUF_INIT, HB_BUF_INIT, HB_BUF_INIT, HB_BUF_INIT};
    assert_int_equal(hb_cert_authority("火の番 (Example)", &names, NOW, &m->ca,
                                       &m->ca_key, &err),
                     0);
    assert_int_equal(hb_cert_issue(hb_buf_slice(&m->ca),
                                   hb_buf_slice(&m->ca_key), &own, NOW,
                                   &m->cert, &m->key, &err),
                     0);
}

static void drop(struct made *m)
{
    hb_buf_done(&m->ca);
    hb_buf_done(&m->ca_key);
    hb_buf_done(&m->cert);
    hb_buf_done(&m->key);
}

static X509 *parse(struct hb_buf *b)
{
    BIO *in = BIO_new_mem_buf(b->p, (int)b->n);
    X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);

    BIO_free(in);
    assert_non_null(x);
    return x;
}

/* What a browser that trusts the authority says: X509_V_OK or an error. */
static int verdict(struct made *m, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    X509 *ca = parse(&m->ca), *x = parse(&m->cert);
    X509_VERIFY_PARAM *param;
    int r;

    assert_int_equal(X509_STORE_add_cert(store, ca), 1);
    assert_int_equal(X509_STORE_CTX_init(ctx, store, x, NULL), 1);
    param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)NOW + 60);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    if (host != NULL)
        assert_int_equal(X509_VERIFY_PARAM_set1_host(param, host, 0), 1);
    r = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(x);
    return r;
}

static void test_trusted(void **state)
{
    static const char *const below[] = {"a.share.example.jp"};
    struct made m;

    (void)state;
    make(&m, all, 3);
    assert_int_equal(verdict(&m, "share.example.jp"), X509_V_OK);
    assert_int_equal(verdict(&m, "other.example.jp"),
                     X509_V_ERR_HOSTNAME_MISMATCH);
    drop(&m);
    make(&m, below, 1);
    assert_int_equal(verdict(&m, "a.share.example.jp"), X509_V_OK);
    drop(&m);
}

/* It signs for nobody else, and browsers are told so. */
static void test_constrained(void **state)
{
    static const char *const others[] = {"www.bank.example", "example.jp",
                                         "192.0.2.11", "2001:db8::11"};
    struct hb_buf a = HB_BUF_INIT, b = HB_BUF_INIT;
    struct made m;
    X509 *ca;
    int at;

    (void)state;
    make(&m, all, 3);
    for (size_t i = 0; i < HB_ARRAY_LEN(others); i++) {
        const struct hb_cert_names n = {&others[i], 1};
        struct hb_err err = {0};

        assert_int_equal(hb_cert_issue(hb_buf_slice(&m.ca),
                                       hb_buf_slice(&m.ca_key), &n, NOW, &a, &b,
                                       &err),
                         -EADDRNOTAVAIL);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(a.n, 0);
    ca = parse(&m.ca);
    at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    assert_true(at >= 0);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(ca, at)), 1);
    X509_free(ca);
    drop(&m);
}

static void test_facts(void **state)
{
    struct hb_cert_facts f;
    struct made m;

    (void)state;
    make(&m, all, 3);
    assert_int_equal(hb_cert_read(hb_buf_slice(&m.cert), &f), 0);
    assert_true(f.from == NOW - 3600);
    assert_true(f.until == NOW + (int64_t)HB_CERT_DAYS * 86400);
    assert_false(f.self_signed);
    assert_int_equal(strlen(f.sha256), 64);
    assert_int_equal(hb_cert_read(hb_buf_slice(&m.ca), &f), 0);
    assert_true(f.self_signed);
    assert_int_equal(hb_cert_read(hb_slice_z("no certificate"), &f), -EBADMSG);
    assert_int_equal(hb_cert_read(hb_slice_z(""), &f), -EBADMSG);
    drop(&m);
}

static void test_fits(void **state)
{
    struct made m, other;
    struct hb_slice cert, key;

    (void)state;
    make(&m, all, 3);
    make(&other, all, 3);
    cert = hb_buf_slice(&m.cert);
    key = hb_buf_slice(&m.key);
    assert_int_equal(hb_cert_fits(cert, key, "share.example.jp"), 0);
    assert_int_equal(hb_cert_fits(cert, key, "192.0.2.10"), 0);
    assert_int_equal(hb_cert_fits(cert, key, "2001:db8::10"), 0);
    assert_int_equal(hb_cert_fits(cert, key, "192.0.2.12"), -EADDRNOTAVAIL);
    assert_int_equal(hb_cert_fits(cert, key, "x.share.example.jp"),
                     -EADDRNOTAVAIL);
    assert_int_equal(
        hb_cert_fits(cert, hb_buf_slice(&other.key), "share.example.jp"),
        -ENOKEY);
    assert_int_equal(hb_cert_fits(cert, cert, "share.example.jp"), -EBADMSG);
    assert_int_equal(hb_cert_fits(key, key, "share.example.jp"), -EBADMSG);
    drop(&m);
    drop(&other);
}

static void test_wrong_names(void **state)
{
    static const char *const bad[] = {
        "",
        "Share.example.jp",
        "a,DNS:evil.example",
        "a..b",
        ".a",
        "a.",
        "a b",
        "*.example.jp",
        "例え.jp",
        "-a",
    };
    struct hb_buf a = HB_BUF_INIT, b = HB_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        const struct hb_cert_names n = {&bad[i], 1};
        struct hb_err err = {0};

        assert_int_equal(hb_cert_authority("x", &n, NOW, &a, &b, &err),
                         -EINVAL);
        assert_true(err.message[0] != '\0');
    }
    assert_int_equal(hb_cert_authority("x", &(struct hb_cert_names){bad, 0},
                                       NOW, &a, &b, NULL),
                     -EINVAL);
    assert_int_equal(a.n, 0);
    hb_buf_done(&a);
    hb_buf_done(&b);
}

static void test_foreign_authority(void **state)
{
    struct made m, other;
    struct hb_buf a = HB_BUF_INIT, b = HB_BUF_INIT;
    struct hb_err err = {0};

    (void)state;
    make(&m, all, 3);
    make(&other, all, 3);
    assert_int_equal(hb_cert_issue(hb_buf_slice(&m.ca),
                                   hb_buf_slice(&other.ca_key), &names, NOW, &a,
                                   &b, &err),
                     -EBADMSG);
    assert_int_equal(hb_cert_issue(hb_slice_z("x"), hb_slice_z("y"), &names,
                                   NOW, &a, &b, &err),
                     -EBADMSG);
    assert_int_equal(a.n, 0);
    drop(&m);
    drop(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted),
        cmocka_unit_test(test_constrained),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_foreign_authority),
    };

    return hb_tap_run("crypto/cert", tests);
}

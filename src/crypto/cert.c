/* SPDX-License-Identifier: Apache-2.0 */
/* cert.c - see cert.h; OpenSSL 3 does the work. */
#include "crypto/cert.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/i18n.h"
#include "base/num.h"

#define BACKDATED 3600 /* seconds: clocks of visitors differ */
#define DAY       86400

static int check_names(const struct hb_cert_names *names, struct hb_err *err);
static bool is_address(const char *name);
static X509 *blank(const char *cn, EVP_PKEY *key, int64_t now, unsigned days);
static bool add_names(X509 *x, X509 *issuer, const struct hb_cert_names *names,
                      bool constraint);
static bool add(X509 *x, X509 *issuer, int nid, const char *value);
static bool permits(X509 *ca, X509 *x);
static int write_both(X509 *x, EVP_PKEY *key, struct hb_buf *cert,
                      struct hb_buf *ret_key);
static X509 *read_cert(struct hb_slice pem);
static EVP_PKEY *read_key(struct hb_slice pem);
static int failed(struct hb_err *err);

int hb_cert_authority(const char *organisation,
                      const struct hb_cert_names *names, int64_t now,
                      struct hb_buf *ret_cert, struct hb_buf *ret_key,
                      struct hb_err *err)
{
    EVP_PKEY *key = NULL;
    X509 *x = NULL;
    int r = check_names(names, err);

    if (r < 0)
        return r;
    key = EVP_EC_gen("P-256");
    x = key != NULL ? blank(organisation, key, now, HB_CERT_CA) : NULL;
    r = -ENOMEM;
    if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
        add(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
        add(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") &&
        add(x, x, NID_subject_key_identifier, "hash") &&
        add_names(x, x, names, true) && X509_sign(x, key, EVP_sha256()) > 0)
        r = write_both(x, key, ret_cert, ret_key);
    X509_free(x);
    EVP_PKEY_free(key);
    return r < 0 ? failed(err) : 0;
}

int hb_cert_issue(struct hb_slice ca_cert, struct hb_slice ca_key,
                  const struct hb_cert_names *names, int64_t now,
                  struct hb_buf *ret_cert, struct hb_buf *ret_key,
                  struct hb_err *err)
{
    X509 *ca = NULL, *x = NULL;
    EVP_PKEY *signer = NULL, *key = NULL;
    int r = check_names(names, err);

    if (r < 0)
        return r;
    ca = read_cert(ca_cert);
    signer = read_key(ca_key);
    if (ca == NULL || signer == NULL || X509_check_private_key(ca, signer) != 1)
        r = hb_err_set(err, -EBADMSG,
                       _("the certificate authority's files do not belong "
                         "together"));
    if (r == 0) {
        key = EVP_EC_gen("P-256");
        x = key != NULL ? blank(names->v[0], key, now, HB_CERT_DAYS) : NULL;
        r = -ENOMEM;
        if (x != NULL &&
            X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1 &&
            add(x, ca, NID_basic_constraints, "critical,CA:FALSE") &&
            add(x, ca, NID_key_usage, "critical,digitalSignature") &&
            add(x, ca, NID_ext_key_usage, "serverAuth") &&
            add(x, ca, NID_subject_key_identifier, "hash") &&
            add(x, ca, NID_authority_key_identifier, "keyid:always") &&
            add_names(x, ca, names, false) &&
            X509_sign(x, signer, EVP_sha256()) > 0)
            r = permits(ca, x) ? write_both(x, key, ret_cert, ret_key)
                               : -EADDRNOTAVAIL;
        if (r == -EADDRNOTAVAIL)
            r = hb_err_set(err, r,
                           _("the certificate authority was made for other "
                             "names"));
        else if (r < 0)
            r = failed(err);
    }
    X509_free(x);
    X509_free(ca);
    EVP_PKEY_free(key);
    EVP_PKEY_free(signer);
    return r;
}

int hb_cert_read(struct hb_slice pem, struct hb_cert_facts *ret)
{
    X509 *x = read_cert(pem);
    uint8_t sum[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct tm from, until;
    int r = -EBADMSG;

    if (x != NULL && ASN1_TIME_to_tm(X509_get0_notBefore(x), &from) == 1 &&
        ASN1_TIME_to_tm(X509_get0_notAfter(x), &until) == 1 &&
        X509_digest(x, EVP_sha256(), sum, &n) == 1 && n == 32) {
        ret->from = timegm(&from);
        ret->until = timegm(&until);
        hb_hex(sum, n, ret->sha256);
        ret->self_signed = X509_self_signed(x, 0) == 1;
        r = 0;
    }
    X509_free(x);
    ERR_clear_error();
    return r;
}

int hb_cert_fits(struct hb_slice pem, struct hb_slice key, const char *name)
{
    X509 *x = read_cert(pem);
    EVP_PKEY *k = read_key(key);
    int r = -EBADMSG;

    if (x != NULL && k != NULL) {
        bool named = is_address(name)
                         ? X509_check_ip_asc(x, name, 0) == 1
                         : X509_check_host(x, name, strlen(name), 0, NULL) == 1;

        r = X509_check_private_key(x, k) != 1 ? -ENOKEY
            : named                           ? 0
                                              : -EADDRNOTAVAIL;
    }
    X509_free(x);
    EVP_PKEY_free(k);
    ERR_clear_error();
    return r;
}

/* ---- static ---- */

/* Names go into a syntax of OpenSSL's in which "," and ":" mean something. */
static int check_names(const struct hb_cert_names *names, struct hb_err *err)
{
    bool ok = names->n > 0 && names->n <= HB_CERT_NAMES;

    for (size_t i = 0; ok && i < names->n; i++) {
        const char *z = names->v[i];
        size_t n = strlen(z);

        ok = is_address(z) ||
             (n > 0 && n <= 253 && z[0] != '.' && z[0] != '-' &&
              z[strspn(z, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0' &&
              strstr(z, "..") == NULL && z[n - 1] != '.');
        if (!ok)
            return hb_err_set(err, -EINVAL,
                              _("\"%s\" is no host name in small letters "
                                "(international ones as xn--) and no address"),
                              z);
    }
    return ok ? 0
              : hb_err_set(err, -EINVAL,
                           _("a certificate is for 1 to %u names"),
                           HB_CERT_NAMES);
}

static bool is_address(const char *name)
{
    uint8_t raw[16];

    return inet_pton(AF_INET, name, raw) == 1 ||
           inet_pton(AF_INET6, name, raw) == 1;
}

static X509 *blank(const char *cn, EVP_PKEY *key, int64_t now, unsigned days)
{
    X509 *x = X509_new();
    uint8_t serial[16];
    BIGNUM *bn = NULL;
    char cut[65]; /* ub-common-name */
    bool ok;

    (void)hb_copyz(cut, sizeof(cut), cn);
    ok = x != NULL && RAND_bytes(serial, sizeof(serial)) == 1;
    serial[0] &= 0x7f; /* positive, and not zero */
    serial[0] |= 0x40;
    bn = ok ? BN_bin2bn(serial, sizeof(serial), NULL) : NULL;
    ok = bn != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL &&
         ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now - BACKDATED)) !=
             NULL &&
         ASN1_TIME_set(X509_getm_notAfter(x),
                       (time_t)(now + (int64_t)days * DAY)) != NULL &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
                                    MBSTRING_UTF8, (const uint8_t *)cut, -1, -1,
                                    0) == 1 &&
         X509_set_pubkey(x, key) == 1;
    BN_free(bn);
    if (!ok) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static bool add_names(X509 *x, X509 *issuer, const struct hb_cert_names *names,
                      bool constraint)
{
    char value[HB_CERT_NAMES * 300];
    size_t n = 0;

    if (constraint)
        n = (size_t)snprintf(value, sizeof(value), "critical");
    for (size_t i = 0; i < names->n; i++) {
        const char *z = names->v[i], *comma = n > 0 ? "," : "";
        bool address = is_address(z);
        const char *mask = !address                 ? ""
                           : strchr(z, ':') == NULL ? "/255.255.255.255"
                                                    : "/ffff:ffff:ffff:ffff:"
                                                      "ffff:ffff:ffff:ffff";
        int k = constraint ? snprintf(value + n, sizeof(value) - n,
                                      "%spermitted;%s:%s%s", comma,
                                      address ? "IP" : "DNS", z, mask)
                           : snprintf(value + n, sizeof(value) - n, "%s%s:%s",
                                      comma, address ? "IP" : "DNS", z);

        if (k < 0 || (size_t)k >= sizeof(value) - n)
            return false;
        n += (size_t)k;
    }
    return add(x, issuer,
               constraint ? NID_name_constraints : NID_subject_alt_name, value);
}

static bool add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *e;
    bool ok;

    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

/* What visitors' browsers will say of X's names. */
static bool permits(X509 *ca, X509 *x)
{
    NAME_CONSTRAINTS *nc =
        X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
    /* Without the first call X's names are not parsed yet. */
    bool ok = X509_check_purpose(x, -1, 0) == 1 &&
              (nc == NULL || NAME_CONSTRAINTS_check(x, nc) == X509_V_OK);

    NAME_CONSTRAINTS_free(nc);
    return ok;
}

static int write_both(X509 *x, EVP_PKEY *key, struct hb_buf *cert,
                      struct hb_buf *ret_key)
{
    BIO *a = BIO_new(BIO_s_mem()), *b = BIO_new(BIO_s_secmem());
    char *p;
    long n;
    int r = -ENOMEM;

    if (a != NULL && b != NULL && PEM_write_bio_X509(a, x) == 1 &&
        PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL) == 1) {
        n = BIO_get_mem_data(a, &p);
        hb_buf_add(cert, p, (size_t)n);
        n = BIO_get_mem_data(b, &p);
        hb_buf_add(ret_key, p, (size_t)n);
        r = HB_MIN(cert->err, ret_key->err);
    }
    BIO_free(a);
    BIO_free(b);
    return r;
}

static X509 *read_cert(struct hb_slice pem)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)HB_MIN(pem.n, (size_t)INT32_MAX));
    X509 *x = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

    BIO_free(in);
    return x;
}

/* No passphrase is asked for on a terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
    (void)buf, (void)size, (void)rwflag, (void)arg;
    return -1;
}

static EVP_PKEY *read_key(struct hb_slice pem)
{
    BIO *in = BIO_new_mem_buf(pem.p, (int)HB_MIN(pem.n, (size_t)INT32_MAX));
    EVP_PKEY *k = in != NULL
                      ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL)
                      : NULL;

    BIO_free(in);
    return k;
}

static int failed(struct hb_err *err)
{
    ERR_clear_error();
    return hb_err_set(err, -ENOMEM, _("the certificate cannot be made"));
}

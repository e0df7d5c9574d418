/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys.c - Ed25519 keys (RFC 8032), their PEM files, and signatures with a
 * domain in front.
 *
 * Private keys are read by short-lived clients (publish, rules, people) and,
 * for evidence and links, by core; watching and restoring roles only ever
 * call the public half.  Key files are trusted only where nobody but their
 * owner, who is root or ourselves, can read them.
 *
 * A private key at rest is PKCS #8; with a passphrase PBES2 with scrypt
 * (RFC 7914; N 2^14, r 8, p 5: 16 MB and a fraction of a second a guess, the
 * strongest that OpenSSL's own memory limit reads back) and AES-256-CBC.
 */
#include "crypto/crypto.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "crypto/passphrase.h"

#define SCRYPT_N   16384u
#define SCRYPT_R   8u
#define SCRYPT_P   5u
#define SALT_SIZE  16
#define MAX_PEM    (16u << 10)
#define MAX_DOMAIN 32u

struct hb_key {
    EVP_PKEY *pkey;
};

struct hb_pub {
    EVP_PKEY *pkey;
};

static int key_wrap(EVP_PKEY *pkey, struct hb_key **ret);
static int pub_wrap(EVP_PKEY *pkey, struct hb_pub **ret);
static int pem_private(EVP_PKEY *pkey, const char *passphrase, BIO *out);
static int write_new(const char *path, const char *p, size_t n, mode_t mode);
static int read_secret(const char *path, char *buf, size_t *ret_n,
                       struct hb_err *err);
static int parse_private(const char *path, BIO *in, const char *passphrase,
                         EVP_PKEY **ret, struct hb_err *err);
static EVP_PKEY *decrypt(const unsigned char *der, long n,
                         const char *passphrase);
static bool domain_ok(const char *domain);
static int sign_bytes(const struct hb_key *k, struct hb_slice msg,
                      uint8_t ret[HB_SIG_SIZE]);
static int verify_bytes(const struct hb_pub *p, struct hb_slice msg,
                        const uint8_t sig[HB_SIG_SIZE]);

static const char *const purposes[HB_KEY_COUNT] = {
    [HB_KEY_PUBLISH] = "publish",   [HB_KEY_RULES] = "rules",
    [HB_KEY_EVIDENCE] = "evidence", [HB_KEY_LINKS] = "links",
    [HB_KEY_PERSON] = "person",
};

/* --- public --- */

const char *hb_key_purpose_name(enum hb_key_purpose p)
{
    HB_ASSERT((unsigned)p < HB_KEY_COUNT);
    return purposes[p];
}

int hb_key_generate(struct hb_key **ret)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    if (pkey == NULL) {
        ERR_clear_error();
        return -ENOMEM;
    }
    return key_wrap(pkey, ret);
}

void hb_key_free(struct hb_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

void hb_pub_free(struct hb_pub *p)
{
    if (p == NULL)
        return;
    EVP_PKEY_free(p->pkey);
    free(p);
}

int hb_key_save(const struct hb_key *k, const char *path,
                const char *passphrase, struct hb_err *err)
{
    BIO *out = BIO_new(BIO_s_secmem());
    char *p = NULL;
    long n;
    int r = -ENOMEM;

    if (out != NULL)
        r = pem_private(k->pkey, passphrase, out);
    if (r == 0) {
        n = BIO_get_mem_data(out, &p);
        r = write_new(path, p, (size_t)n, 0600);
        hb_wipe(p, (size_t)n);
    }
    BIO_free(out);
    if (r == -EEXIST)
        return hb_err_at(err, r, path, 0, 0,
                         _("a key stands there already; move it away first"));
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the private key could not be written"));
    return 0;
}

int hb_key_load(const char *path, const char *passphrase, struct hb_key **ret,
                struct hb_err *err)
{
    char buf[MAX_PEM];
    size_t n = 0;
    EVP_PKEY *pkey = NULL;
    BIO *in;
    int r;

    r = read_secret(path, buf, &n, err);
    if (r < 0)
        return r;
    in = BIO_new_mem_buf(buf, (int)n);
    r = in != NULL ? parse_private(path, in, passphrase, &pkey, err) : -ENOMEM;
    BIO_free(in);
    hb_wipe(buf, sizeof(buf));
    ERR_clear_error();
    if (r < 0)
        return r;
    return key_wrap(pkey, ret);
}

int hb_pub_save(const struct hb_key *k, const char *path, struct hb_err *err)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *p = NULL;
    int r = -ENOMEM;

    if (out != NULL && PEM_write_bio_PUBKEY(out, k->pkey) == 1) {
        long n = BIO_get_mem_data(out, &p);
        r = hb_file_write(path, p, (size_t)n, 0644);
    }
    BIO_free(out);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the public key could not be written"));
    return 0;
}

int hb_pub_load(const char *path, struct hb_pub **ret, struct hb_err *err)
{
    char buf[MAX_PEM];
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    EVP_PKEY *pkey;
    ssize_t n;
    BIO *in;

    if (fd < 0)
        return hb_err_at(err, -errno, path, 0, 0,
                         _("the public key could not be opened"));
    n = hb_pread_full(fd, buf, sizeof(buf), 0);
    if (n < 0)
        return hb_err_at(err, (int)n, path, 0, 0,
                         _("the public key could not be read"));
    in = BIO_new_mem_buf(buf, (int)n);
    if (in == NULL)
        return -ENOMEM;
    pkey = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    BIO_free(in);
    ERR_clear_error();
    if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519) {
        EVP_PKEY_free(pkey);
        return hb_err_at(err, -EINVAL, path, 0, 0,
                         _("this is not an Ed25519 public key in PEM form"));
    }
    return pub_wrap(pkey, ret);
}

int hb_pub_raw(const struct hb_pub *p, uint8_t ret[HB_PUB_SIZE])
{
    uint8_t raw[HB_PUB_SIZE];
    size_t n = sizeof(raw);

    if (EVP_PKEY_get_raw_public_key(p->pkey, raw, &n) != 1 ||
        n != HB_PUB_SIZE) {
        ERR_clear_error();
        return -EINVAL;
    }
    memcpy(ret, raw, n);
    return 0;
}

int hb_pub_from_raw(const uint8_t raw[HB_PUB_SIZE], struct hb_pub **ret)
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, HB_PUB_SIZE);

    if (pkey == NULL) {
        ERR_clear_error();
        return -EINVAL;
    }
    return pub_wrap(pkey, ret);
}

int hb_key_pub(const struct hb_key *k, struct hb_pub **ret)
{
    uint8_t raw[HB_PUB_SIZE];
    size_t n = sizeof(raw);

    if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) != 1 ||
        n != HB_PUB_SIZE) {
        ERR_clear_error();
        return -EINVAL;
    }
    return hb_pub_from_raw(raw, ret);
}

void hb_pub_id(const struct hb_pub *p, char ret[17])
{
    uint8_t raw[HB_PUB_SIZE], digest[HB_SHA256_SIZE];

    HB_ASSERT(hb_pub_raw(p, raw) == 0);
    hb_sha256(raw, sizeof(raw), digest);
    hb_hex(digest, 8, ret);
}

int hb_sign(const struct hb_key *k, const char *domain, struct hb_slice msg,
            uint8_t ret[HB_SIG_SIZE])
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (!domain_ok(domain))
        return -EINVAL;
    hb_buf_init(&b, msg.n + 64);
    hb_sign_message(&b, domain, msg);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    return sign_bytes(k, hb_buf_slice(&b), ret);
}

int hb_verify(const struct hb_pub *p, const char *domain, struct hb_slice msg,
              const uint8_t sig[HB_SIG_SIZE])
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (!domain_ok(domain))
        return -EINVAL;
    hb_buf_init(&b, msg.n + 64);
    hb_sign_message(&b, domain, msg);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    return verify_bytes(p, hb_buf_slice(&b), sig);
}

int hb_sign_hex(const struct hb_key *k, const uint8_t digest[HB_SHA256_SIZE],
                uint8_t ret[HB_SIG_SIZE])
{
    char hex[2 * HB_SHA256_SIZE + 1];

    hb_hex(digest, HB_SHA256_SIZE, hex);
    return sign_bytes(k, hb_slice_z(hex), ret);
}

int hb_verify_hex(const struct hb_pub *p, const uint8_t digest[HB_SHA256_SIZE],
                  const uint8_t sig[HB_SIG_SIZE])
{
    char hex[2 * HB_SHA256_SIZE + 1];

    hb_hex(digest, HB_SHA256_SIZE, hex);
    return verify_bytes(p, hb_slice_z(hex), sig);
}

void hb_sign_message(struct hb_buf *b, const char *domain, struct hb_slice msg)
{
    hb_buf_addz(b, "hinoban-");
    hb_buf_addz(b, domain);
    hb_buf_addz(b, "-v1\n");
    hb_buf_add(b, msg.p, msg.n);
}

/* --- static --- */

/* Takes PKEY over, also on failure. */
static int key_wrap(EVP_PKEY *pkey, struct hb_key **ret)
{
    struct hb_key *k = calloc(1, sizeof(*k));

    if (k == NULL) {
        EVP_PKEY_free(pkey);
        return -ENOMEM;
    }
    k->pkey = pkey;
    *ret = k;
    return 0;
}

static int pub_wrap(EVP_PKEY *pkey, struct hb_pub **ret)
{
    struct hb_pub *p = calloc(1, sizeof(*p));

    if (p == NULL) {
        EVP_PKEY_free(pkey);
        return -ENOMEM;
    }
    p->pkey = pkey;
    *ret = p;
    return 0;
}

static int pem_private(EVP_PKEY *pkey, const char *passphrase, BIO *out)
{
    unsigned char salt[SALT_SIZE];
    PKCS8_PRIV_KEY_INFO *info = NULL;
    X509_ALGOR *pbe = NULL;
    X509_SIG *sealed = NULL;
    int ok = 0;

    info = EVP_PKEY2PKCS8(pkey);
    if (info == NULL)
        goto end;
    if (passphrase == NULL) {
        ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(out, info);
        goto end;
    }
    if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519 || passphrase[0] == '\0')
        goto end;
    pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, sizeof(salt), NULL,
                                SCRYPT_N, SCRYPT_R, SCRYPT_P);
    if (pbe == NULL)
        goto end;
    sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, pbe);
    if (sealed == NULL)
        goto end;
    pbe = NULL; /* sealed has it */
    ok = PEM_write_bio_PKCS8(out, sealed);
end:
    X509_SIG_free(sealed);
    X509_ALGOR_free(pbe);
    PKCS8_PRIV_KEY_INFO_free(info);
    ERR_clear_error();
    return ok == 1 ? 0 : -EIO;
}

/* Durable, and never over an existing file: a key that is overwritten is
 * lost, and with it everything that it could still sign. */
static int write_new(const char *path, const char *p, size_t n, mode_t mode)
{
    _cleanup_buf_ struct hb_buf tmp = HB_BUF_INIT;
    int r;

    hb_buf_addf(&tmp, "%s.new-%d", path, (int)getpid());
    if (hb_buf_err(&tmp) < 0)
        return hb_buf_err(&tmp);
    r = hb_file_write(tmp.p, p, n, mode);
    if (r < 0)
        return r;
    r = link(tmp.p, path) < 0 ? -errno : 0;
    if (unlink(tmp.p) < 0 && r == 0)
        r = -errno;
    if (r == 0) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        /* ext4, xfs and btrfs make the name durable with the file. */
        r = fd < 0 ? -errno : hb_fsync(fd);
    }
    return r;
}

static int read_secret(const char *path, char *buf, size_t *ret_n,
                       struct hb_err *err)
{
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n;

    if (fd < 0)
        return hb_err_at(err, -errno, path, 0, 0,
                         _("the private key could not be opened"));
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return hb_err_at(err, -EINVAL, path, 0, 0,
                         _("a private key must be a regular file"));
    /* root may use a person's key on that person's behalf (hinoban reflex):
     * what counts is that nobody else can read it. */
    if ((st.st_mode & 077) != 0 ||
        (st.st_uid != 0 && st.st_uid != geteuid() && geteuid() != 0))
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("others may read this private key; make it anew, "
                           "or, where nobody did: chmod 600 and chown to its "
                           "user"));
    if (st.st_size > (off_t)MAX_PEM)
        return hb_err_at(err, -EINVAL, path, 0, 0,
                         _("this is not a private key in PEM form"));
    n = hb_pread_full(fd, buf, MAX_PEM, 0);
    if (n < 0)
        return hb_err_at(err, (int)n, path, 0, 0,
                         _("the private key could not be read"));
    *ret_n = (size_t)n;
    return 0;
}

static int parse_private(const char *path, BIO *in, const char *passphrase,
                         EVP_PKEY **ret, struct hb_err *err)
{
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    const unsigned char *at;
    long n = 0;
    EVP_PKEY *pkey = NULL;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    int r = 0;

    if (PEM_read_bio(in, &name, &header, &der, &n) != 1) {
        r = -EINVAL;
    } else if (hb_streq(name, PEM_STRING_PKCS8)) {
        if (passphrase == NULL) {
            r = hb_err_at(err, -ENOKEY, path, 0, 0,
                          _("this key is protected; its passphrase is "
                            "needed"));
        } else {
            pkey = decrypt(der, n, passphrase);
            if (pkey == NULL)
                r = hb_err_at(err, -EKEYREJECTED, path, 0, 0,
                              _("wrong passphrase"));
        }
    } else if (hb_streq(name, PEM_STRING_PKCS8INF)) {
        at = der;
        info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, n);
        pkey = info != NULL ? EVP_PKCS82PKEY(info) : NULL;
        PKCS8_PRIV_KEY_INFO_free(info);
    }
    if (r == 0 &&
        (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519))
        r = -EINVAL;
    if (r == -EINVAL)
        (void)hb_err_at(err, r, path, 0, 0,
                        _("this is not an Ed25519 private key in PEM form"));
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, n > 0 ? (size_t)n : 0);
    if (r < 0)
        EVP_PKEY_free(pkey);
    else
        *ret = pkey;
    return r;
}

static EVP_PKEY *decrypt(const unsigned char *der, long n,
                         const char *passphrase)
{
    const unsigned char *at = der;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &at, n);
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *pkey = NULL;

    if (sealed != NULL)
        info = PKCS8_decrypt(sealed, passphrase, (int)strlen(passphrase));
    if (info != NULL)
        pkey = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    X509_SIG_free(sealed);
    return pkey;
}

/* Lower-case words with hyphens: no domain is the beginning of another's
 * first line, because each ends with "-v1" and a line's end. */
static bool domain_ok(const char *domain)
{
    size_t n = strlen(domain);

    if (n == 0 || n > MAX_DOMAIN)
        return false;
    for (size_t i = 0; i < n; i++)
        if (domain[i] != '-' && (domain[i] < 'a' || domain[i] > 'z'))
            return false;
    return true;
}

static int sign_bytes(const struct hb_key *k, struct hb_slice msg,
                      uint8_t ret[HB_SIG_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[HB_SIG_SIZE];
    size_t n = sizeof(sig);
    int r = -EIO;

    if (ctx == NULL)
        return -ENOMEM;
    if (EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, k->pkey, NULL) ==
            1 &&
        EVP_DigestSign(ctx, sig, &n, (const uint8_t *)msg.p, msg.n) == 1 &&
        n == HB_SIG_SIZE)
        r = 0;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    if (r == 0)
        memcpy(ret, sig, HB_SIG_SIZE);
    return r;
}

static int verify_bytes(const struct hb_pub *p, struct hb_slice msg,
                        const uint8_t sig[HB_SIG_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int r = -EBADMSG;

    if (ctx == NULL)
        return -ENOMEM;
    if (EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, p->pkey, NULL) ==
            1 &&
        EVP_DigestVerify(ctx, sig, HB_SIG_SIZE, (const uint8_t *)msg.p,
                         msg.n) == 1)
        r = 0;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return r;
}

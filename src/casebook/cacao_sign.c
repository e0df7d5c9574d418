/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_sign.c - CACAO's own signatures (JSS): made, and checked before
 * anything else of a foreign playbook is believed.
 *
 * As Appendix A of the standard and OASIS's own example do it: the playbook
 * with this one signature and without its "value", canonical (RFC 8785), its
 * SHA-256 as hex digits, and over these the signature.  Ours are Ed25519.
 *
 * A key that stands in the file proves only that the file is whole.  Whose it
 * is, the caller knows: the trusted keys are his.  Countersignatures are not
 * checked and count for nothing.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/mime.h"
#include "base/show.h"
#include "casebook/cacao_map.h"

#define SIGNATURES_MAX 16u
#define HASH           "sha-256"
#define ALGORITHM      "Ed25519"

/* SubjectPublicKeyInfo of Ed25519 (RFC 8410: 4) before the key's bytes. */
static const uint8_t spki[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static int encode_url(struct hb_buf *b, const void *p, size_t n);
static int decode(const char *z, void *ret, size_t n);
static int digest_of(const struct hb_json *top, uint8_t ret[HB_SHA256_SIZE]);
static int verify_one(struct hb_arena *a, const struct hb_json *top,
                      const struct hb_json *sig,
                      const struct hb_cacao_import *in,
                      struct hb_cacao_imported *ret, struct hb_err *err);
static int verify_value(struct hb_arena *a, const struct hb_json *top,
                        const struct hb_json *sig, const struct hb_pub *pub,
                        struct hb_err *err);
static const char *why_void(const struct hb_json *top,
                            const struct hb_json *sig, int64_t now);
static const char *why_not_now(const struct hb_json *sig, int64_t now);
static int signed_digest(struct hb_arena *a, const struct hb_json *top,
                         const struct hb_json *sig,
                         uint8_t ret[HB_SHA256_SIZE]);
static int copy_but(struct hb_arena *a, struct hb_json *to,
                    const struct hb_json *from, const char *one,
                    const char *other);
static bool trusted(const struct hb_cacao_import *in,
                    const uint8_t raw[HB_PUB_SIZE]);

/* ---- making ---- */

int hb_cacao_sign(struct hb_arena *a, struct hb_json *top,
                  const struct hb_cacao_signer *signer)
{
    uint8_t der[sizeof(spki) + HB_PUB_SIZE], digest[HB_SHA256_SIZE];
    _cleanup_buf_ struct hb_buf pub = HB_BUF_INIT, value = HB_BUF_INIT;
    const char *playbook = hb_json_str(top, "id", "");
    uint8_t sig[HB_SIG_SIZE];
    char id[HB_CACAO_ID_SIZE], at[40], name[256], key[17];
    struct hb_json *n;
    struct hb_pub *p = NULL;
    int r = hb_key_pub(signer->key, &p);

    if (r < 0)
        return r;
    memcpy(der, spki, sizeof(spki));
    r = hb_pub_raw(p, der + sizeof(spki));
    hb_pub_id(p, key);
    hb_pub_free(p);
    hb_base64_encode(&pub, der, sizeof(der));
    (void)hb_time_utc(signer->now, at, sizeof(at));
    (void)snprintf(name, sizeof(name), "%s/%s/%s", playbook, key, at);
    if (r == 0)
        r = hb_cacao_name_id("jss", name, id);
    n = hb_json_add(a, hb_json_add(a, top, "signatures", HB_JSON_ARR), NULL,
                    HB_JSON_OBJ);
    if (r < 0 || hb_buf_err(&pub) < 0 ||
        hb_json_add_str(a, n, "type", "jss") == NULL ||
        hb_json_add_str(a, n, "id", id) == NULL ||
        hb_json_add_str(a, n, "created", at) == NULL ||
        hb_json_add_str(a, n, "modified", at) == NULL ||
        hb_json_add_str(a, n, "signee", signer->signee) == NULL ||
        hb_json_add_str(a, n, "related_to", playbook) == NULL ||
        hb_json_add_str(a, n, "related_version",
                        hb_json_str(top, "modified", "")) == NULL ||
        hb_json_add_str(a, n, "hash_algorithm", HASH) == NULL ||
        hb_json_add_str(a, n, "algorithm", ALGORITHM) == NULL ||
        hb_json_add_str(a, n, "public_key", hb_buf_z(&pub)) == NULL)
        return r < 0 ? r : -ENOMEM;
    r = digest_of(top, digest);
    if (r == 0)
        r = hb_sign_hex(signer->key, digest, sig);
    if (r == 0)
        r = encode_url(&value, sig, sizeof(sig));
    if (r == 0 && hb_json_add_str(a, n, "value", hb_buf_z(&value)) == NULL)
        r = -ENOMEM;
    return r;
}

/* base64url without padding (RFC 4648: 5). */
static int encode_url(struct hb_buf *b, const void *p, size_t n)
{
    hb_base64_encode(b, p, n);
    if (hb_buf_err(b) < 0)
        return hb_buf_err(b);
    b->n = strcspn(b->p, "=");
    b->p[b->n] = '\0';
    for (size_t i = 0; i < b->n; i++) {
        if (b->p[i] == '+')
            b->p[i] = '-';
        else if (b->p[i] == '/')
            b->p[i] = '_';
    }
    return 0;
}

static int digest_of(const struct hb_json *top, uint8_t ret[HB_SHA256_SIZE])
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r;

    hb_buf_init(&b, 2 * HB_CACAO_MAX);
    r = hb_json_write_jcs(&b, top);
    if (r == 0)
        hb_sha256(b.p, b.n, ret);
    return r;
}

/* ---- checking ---- */

int hb_cacao_verify(struct hb_arena *a, const struct hb_json *top,
                    const struct hb_cacao_import *in,
                    struct hb_cacao_imported *ret, struct hb_err *err)
{
    const struct hb_json *all = hb_json_get(top, "signatures");
    int r = 0;

    ret->sig = HB_CACAO_UNSIGNED;
    if (all != NULL && (all->type != HB_JSON_ARR || all->count == 0 ||
                        all->count > SIGNATURES_MAX))
        return hb_err_set(err, -EBADMSG,
                          _("\"signatures\" must be a list of 1 to %u "
                            "signatures"),
                          SIGNATURES_MAX);
    for (const struct hb_json *s = all != NULL ? all->first : NULL;
         r == 0 && s != NULL; s = s->next)
        r = verify_one(a, top, s, in, ret, err);
    if (r == 0 && in->must && ret->sig != HB_CACAO_TRUSTED)
        r = hb_err_set(err, -EBADMSG,
                       ret->sig == HB_CACAO_UNSIGNED
                           ? _("it is not signed, and a signature by the "
                               "trusted key is asked for")
                           : _("no signature is by the trusted key"));
    return r;
}

static int verify_one(struct hb_arena *a, const struct hb_json *top,
                      const struct hb_json *sig,
                      const struct hb_cacao_import *in,
                      struct hb_cacao_imported *ret, struct hb_err *err)
{
    uint8_t der[sizeof(spki) + HB_PUB_SIZE];
    const char *key = hb_json_str(sig, "public_key", NULL), *why;
    enum hb_cacao_signed state;
    struct hb_pub *pub = NULL;
    int r;

    if (sig->type != HB_JSON_OBJ ||
        !hb_streq(hb_json_str(sig, "type", ""), "jss"))
        return hb_err_set(err, -EBADMSG,
                          _("a signature is of another type than \"jss\""));
    why = why_void(top, sig, in->now);
    if (why != NULL)
        return hb_err_set(err, -EBADMSG, "%s", why);
    if (key == NULL ||
        !hb_streq(hb_json_str(sig, "hash_algorithm", ""), HASH) ||
        !hb_streq(hb_json_str(sig, "algorithm", ""), ALGORITHM)) {
        ret->sig = HB_MAX(ret->sig, HB_CACAO_UNCHECKED);
        return 0;
    }
    r = decode(key, der, sizeof(der));
    if (r == 0)
        r = memcmp(der, spki, sizeof(spki)) != 0
                ? -EBADMSG
                : hb_pub_from_raw(der + sizeof(spki), &pub);
    if (r < 0)
        return r == -ENOMEM
                   ? r
                   : hb_err_set(err, -EBADMSG,
                                _("the public key of a signature is no "
                                  "Ed25519 key"));
    r = verify_value(a, top, sig, pub, err);
    state = trusted(in, der + sizeof(spki)) ? HB_CACAO_TRUSTED : HB_CACAO_GOOD;
    if (r == 0 && state > ret->sig) {
        ret->sig = state;
        ret->signee = hb_json_str(sig, "signee", NULL);
        hb_pub_id(pub, ret->key);
    }
    hb_pub_free(pub);
    return r;
}

static int verify_value(struct hb_arena *a, const struct hb_json *top,
                        const struct hb_json *sig, const struct hb_pub *pub,
                        struct hb_err *err)
{
    uint8_t digest[HB_SHA256_SIZE], value[HB_SIG_SIZE];
    int r = signed_digest(a, top, sig, digest);

    if (r == -EDOM)
        return hb_err_set(err, -EBADMSG,
                          _("the signature cannot be checked: a number is no "
                            "whole number"));
    if (r == 0)
        r = decode(hb_json_str(sig, "value", ""), value, sizeof(value));
    if (r == 0)
        r = hb_verify_hex(pub, digest, value);
    if (r == -EBADMSG)
        r = hb_err_set(err, r,
                       _("the signature does not hold: the playbook was "
                         "changed after it was signed"));
    return r;
}

/* What is not the signature of this playbook, now. */
static const char *why_void(const struct hb_json *top,
                            const struct hb_json *sig, int64_t now)
{
    const struct hb_json *revoked = hb_json_get(sig, "revoked");

    if (revoked != NULL && (revoked->type != HB_JSON_BOOL || revoked->boolean))
        return _("a signature was revoked by who made it");
    if (!hb_streq(hb_json_str(sig, "related_to", ""),
                  hb_json_str(top, "id", "?")) ||
        !hb_streq(hb_json_str(sig, "related_version", ""),
                  hb_json_str(top, "modified", "?")))
        return _("a signature is that of another playbook, or of another "
                 "version");
    return why_not_now(sig, now);
}

static const char *why_not_now(const struct hb_json *sig, int64_t now)
{
    static const char *const keys[] = {"valid_from", "valid_until"};

    for (unsigned i = 0; i < HB_ARRAY_LEN(keys); i++) {
        int64_t at = 0;
        int r;

        if (hb_json_get(sig, keys[i]) == NULL)
            continue;
        r = hb_time_parse(hb_slice_z(hb_json_str(sig, keys[i], "")), &at);
        if (r == -ERANGE) /* past the year 2262 */
            at = INT64_MAX;
        else if (r < 0)
            return _("a signature has a time that is none");
        if (i == 0 && now < at)
            return _("a signature is not valid yet");
        if (i == 1 && now >= at)
            return _("a signature is no longer valid");
    }
    return NULL;
}

/* Of the playbook with SIG alone, and SIG without its value. */
static int signed_digest(struct hb_arena *a, const struct hb_json *top,
                         const struct hb_json *sig, uint8_t ret[HB_SHA256_SIZE])
{
    struct hb_json *copy = hb_json_new(a, HB_JSON_OBJ), *one;
    int r = copy == NULL ? -ENOMEM : copy_but(a, copy, top, "signatures", NULL);

    if (r < 0)
        return r;
    one = hb_json_add(a, hb_json_add(a, copy, "signatures", HB_JSON_ARR), NULL,
                      HB_JSON_OBJ);
    r = one == NULL ? -ENOMEM : copy_but(a, one, sig, "value", "signature");
    return r < 0 ? r : digest_of(copy, ret);
}

/* The members themselves are shared, only their places in the list are new. */
static int copy_but(struct hb_arena *a, struct hb_json *to,
                    const struct hb_json *from, const char *one,
                    const char *other)
{
    HB_JSON_EACH (m, from) {
        struct hb_json *n;

        if (hb_slice_eq(m->key, hb_slice_z(one)) ||
            (other != NULL && hb_slice_eq(m->key, hb_slice_z(other))))
            continue;
        n = hb_json_new(a, m->type);
        if (n == NULL)
            return -ENOMEM;
        *n = *m;
        n->next = NULL;
        hb_json_hang(to, n);
    }
    return 0;
}

static bool trusted(const struct hb_cacao_import *in,
                    const uint8_t raw[HB_PUB_SIZE])
{
    for (size_t i = 0; i < in->trust_n; i++) {
        uint8_t known[HB_PUB_SIZE];

        if (hb_pub_raw(in->trust[i], known) == 0 &&
            memcmp(known, raw, sizeof(known)) == 0)
            return true;
    }
    return false;
}

/* base64 of either alphabet, exactly N bytes. */
static int decode(const char *z, void *ret, size_t n)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT, plain = HB_BUF_INIT;

    if (strlen(z) > 4 * n)
        return -EBADMSG;
    for (; *z != '\0'; z++)
        hb_buf_addc(&plain, (char)(*z == '-' ? '+' : *z == '_' ? '/' : *z));
    if (hb_buf_err(&plain) < 0)
        return -ENOMEM;
    if (hb_base64_decode(&b, hb_buf_slice(&plain)) < 0 || b.n != n)
        return hb_buf_err(&b) == -ENOMEM ? -ENOMEM : -EBADMSG;
    memcpy(ret, b.p, n);
    return 0;
}

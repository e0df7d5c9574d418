/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.c - see pass.h.
 *
 * Checking runs in the workers of the web server, on what strangers send; keys
 * are read by its master and by the command line, as root.
 */
#include "guard/waf/pass.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include "base/cur.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/num.h"

#define VERSION  1u
#define HEAD     19u /* bytes before the name */
#define MAC      16u
#define BYTES    (HEAD + HB_WAF_PASS_NAME + MAC)
#define HOST_MAX 255u

_Static_assert((BYTES * 4 + 2) / 3 < HB_WAF_PASS_TEXT, "a pass fits");

static int mac(const struct hb_waf_pass_key *k, struct hb_slice host,
               const struct hb_waf_addr *addr, const uint8_t *p, size_t n,
               uint8_t ret[MAC]);
static size_t network(const struct hb_waf_addr *addr, uint8_t ret[17]);
static void encode(const uint8_t *p, size_t n, char *to);
static size_t decode(struct hb_slice text, uint8_t ret[BYTES]);

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789-_";

int hb_waf_pass_key_load(const char *path, struct hb_waf_pass_key *ret,
                         struct hb_err *err)
{
    char text[2 * HB_WAF_PASS_KEY + 2];
    _cleanup_close_ int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t n;
    int r = -EBADMSG;

    if (fd < 0 || fstat(fd, &st) < 0)
        return hb_err_at(err, hb_neg_errno(), path, 0, 0, _("cannot be read"));
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0 ||
        (st.st_uid != 0 && st.st_uid != geteuid()))
        return hb_err_at(err, -EACCES, path, 0, 0,
                         _("must be a file of root's with mode 0600"));
    n = hb_pread_full(fd, text, sizeof(text), 0);
    if (n == (ssize_t)sizeof(text) - 1 && text[n - 1] == '\n')
        n--;
    if (n == 2 * (ssize_t)HB_WAF_PASS_KEY)
        r = hb_unhex(hb_slice(text, (size_t)n), ret->b, sizeof(ret->b));
    explicit_bzero(text, sizeof(text));
    if (r < 0)
        return hb_err_at(err, -EBADMSG, path, 0, 0,
                         _("must hold 64 hex digits"));
    return 0;
}

int hb_waf_pass_key_make(const char *path, struct hb_err *err)
{
    char text[2 * HB_WAF_PASS_KEY + 1];
    uint8_t key[HB_WAF_PASS_KEY];
    _cleanup_close_ int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return hb_err_at(err, hb_neg_errno(), path, 0, 0,
                         _("cannot be written"));
    hb_random(key, sizeof(key));
    hb_hex(key, sizeof(key), text);
    text[sizeof(text) - 1] = '\n';
    r = hb_write_all(fd, text, sizeof(text));
    if (r >= 0)
        r = hb_fsync(fd);
    explicit_bzero(key, sizeof(key));
    explicit_bzero(text, sizeof(text));
    if (r < 0) {
        (void)unlink(path);
        return hb_err_at(err, r, path, 0, 0, _("cannot be written"));
    }
    return 0;
}

bool hb_waf_pass_name_ok(struct hb_slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
              c == '_' || c == '-'))
            return false;
    }
    return name.n > 0 && name.n <= HB_WAF_PASS_NAME;
}

int hb_waf_pass_make(const struct hb_waf_pass_key *k, struct hb_waf_pass *p,
                     struct hb_slice host, const struct hb_waf_addr *addr,
                     char text[HB_WAF_PASS_TEXT])
{
    static const uint8_t none[sizeof(p->nonce)];
    struct hb_slice name = hb_slice_z(p->name);
    uint8_t b[BYTES];
    size_t n = HEAD + name.n;

    if (!hb_waf_pass_name_ok(name) || p->ends < 0)
        return -EINVAL;
    if (memcmp(p->nonce, none, sizeof(none)) == 0)
        hb_random(p->nonce, sizeof(p->nonce));
    b[0] = VERSION;
    b[1] = (uint8_t)p->kind;
    for (unsigned i = 0; i < 8; i++)
        b[2 + i] = (uint8_t)((uint64_t)p->ends >> (56 - 8 * i));
    memcpy(b + 10, p->nonce, sizeof(p->nonce));
    b[18] = (uint8_t)name.n;
    memcpy(b + HEAD, name.p, name.n);
    if (mac(k, host, addr, b, n, b + n) < 0)
        return -EINVAL;
    encode(b, n + MAC, text);
    return 0;
}

int hb_waf_pass_check(const struct hb_waf_pass_key *k,
                      enum hb_waf_pass_kind kind, struct hb_slice host,
                      const struct hb_waf_addr *addr, struct hb_slice text,
                      int64_t now, struct hb_waf_pass *ret)
{
    struct hb_waf_pass p = {.kind = kind};
    uint8_t b[BYTES], want[MAC];
    size_t n = decode(text, b);

    if (n < HEAD + 1 + MAC || b[0] != VERSION || b[1] != kind ||
        n != HEAD + b[18] + MAC ||
        !hb_waf_pass_name_ok(hb_slice((char *)b + HEAD, b[18])) ||
        mac(k, host, addr, b, n - MAC, want) < 0 ||
        CRYPTO_memcmp(want, b + n - MAC, MAC) != 0)
        return -EBADMSG;
    for (unsigned i = 0; i < 8; i++)
        p.ends = (int64_t)((uint64_t)p.ends << 8 | b[2 + i]);
    if (p.ends <= now || p.ends - now > HB_WAF_PASS_MAX_S)
        return -ETIME;
    memcpy(p.nonce, b + 10, sizeof(p.nonce));
    memcpy(p.name, b + HEAD, b[18]);
    *ret = p;
    return 0;
}

static int mac(const struct hb_waf_pass_key *k, struct hb_slice host,
               const struct hb_waf_addr *addr, const uint8_t *p, size_t n,
               uint8_t ret[MAC])
{
    static const char what[16] = "hinoban-pass-v1";
    uint8_t all[sizeof(what) + 1 + HOST_MAX + 17 + BYTES], full[32];
    unsigned len = sizeof(full);
    size_t at = sizeof(what);

    if (host.n == 0 || host.n > HOST_MAX)
        return -EINVAL;
    memcpy(all, what, sizeof(what));
    all[at++] = (uint8_t)host.n;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];

        all[at++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    at += network(addr, all + at);
    memcpy(all + at, p, n);
    at += n;
    if (HMAC(EVP_sha256(), k->b, sizeof(k->b), all, at, full, &len) == NULL)
        return -ENOMEM;
    memcpy(ret, full, MAC);
    return 0;
}

/* Family and first address of the network of ADDR. */
static size_t network(const struct hb_waf_addr *addr, uint8_t ret[17])
{
    size_t n, keep;

    ret[0] = 0;
    if (addr == NULL)
        return 1;
    ret[0] = addr->family;
    n = addr->family == 4 ? 4 : 16;
    keep = (addr->family == 4 ? HB_WAF_PASS_V4 : HB_WAF_PASS_V6) / 8;
    memset(ret + 1, 0, n);
    memcpy(ret + 1, addr->b, keep);
    return 1 + n;
}

static void encode(const uint8_t *p, size_t n, char *to)
{
    uint32_t bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        for (have += 8; have >= 6; have -= 6)
            *to++ = letters[bits >> (have - 6) & 63];
    }
    if (have > 0)
        *to++ = letters[bits << (6 - have) & 63];
    *to = '\0';
}

/* Bytes of TEXT; 0 where it is not what encode() writes. */
static size_t decode(struct hb_slice text, uint8_t ret[BYTES])
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    if (text.n >= HB_WAF_PASS_TEXT)
        return 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *at = text.p[i] != '\0' ? strchr(letters, text.p[i]) : NULL;

        if (at == NULL)
            return 0;
        bits = bits << 6 | (uint32_t)(at - letters);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (n == BYTES)
            return 0;
        ret[n++] = (uint8_t)(bits >> have);
    }
    /* Each pass has one text: what is left over is zero and shorter than a
     * letter. */
    return have < 6 && (bits & ((1u << have) - 1)) == 0 ? n : 0;
}

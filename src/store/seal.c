/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal.c - encryption of backups.
 *
 * Runs in `hinoban backup` and `hinoban restore` (root).  The key is ours;
 * the file read may come from anywhere: nothing of it is used before its tag
 * was verified, but the head, whose bytes every tag covers.
 *
 * A key is never used for a file itself: HMAC-SHA-256 with the file's random
 * salt gives each file a key of its own, so a counter can be the nonce.
 */
#include "store/seal.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/num.h"

#define MAGIC   "HBBACKUP"
#define VERSION 1u
#define CHUNK   65536u
#define TAG     16u
#define SALT    32u
#define KEY_ID  8u
#define HEAD    (8u + 4u + 4u + SALT + KEY_ID)
#define LAST    0x80000000u

/* Both directions: the cipher, the head and the chunk that is worked on. */
struct seal {
    int fd;
    EVP_CIPHER_CTX *ctx;
    uint8_t head[HEAD];
    uint8_t key[HB_SEAL_KEY_SIZE];
    uint64_t number; /* of the chunk */
    size_t at, n;    /* bytes used, bytes there */
    bool last;
    uint8_t plain[CHUNK];
    uint8_t sealed[4 + CHUNK + TAG];
};

struct hb_sealer {
    struct seal s;
};

struct hb_unsealer {
    struct seal s;
};

static int start(struct seal *s, const uint8_t key[HB_SEAL_KEY_SIZE]);
static void stop(struct seal *s);
static int key_id(const uint8_t key[HB_SEAL_KEY_SIZE], uint8_t ret[KEY_ID]);
static int mac(const uint8_t *key, const char *label, const uint8_t *p,
               size_t n, uint8_t ret[32]);
static int chunk_out(struct seal *s, bool last);
static int chunk_in(struct seal *s);
static int prepare(struct seal *s, bool encrypt, const uint8_t mark[4]);
static int read_full(int fd, void *p, size_t n, size_t *ret);

static void put32(uint8_t *to, uint32_t v)
{
    for (size_t i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

int hb_sealer_new(int fd, const uint8_t key[HB_SEAL_KEY_SIZE],
                  struct hb_sealer **ret)
{
    struct hb_sealer *s = calloc(1, sizeof(*s));
    uint8_t *at;
    int r;

    if (s == NULL)
        return -ENOMEM;
    s->s.fd = fd;
    at = s->s.head;
    memcpy(at, MAGIC, 8);
    put32(at + 8, VERSION);
    put32(at + 12, CHUNK);
    hb_random(at + 16, SALT);
    r = key_id(key, at + 16 + SALT);
    if (r == 0)
        r = start(&s->s, key);
    if (r == 0)
        r = hb_write_all(fd, s->s.head, HEAD);
    if (r < 0) {
        hb_sealer_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void hb_sealer_free(struct hb_sealer *s)
{
    if (s == NULL)
        return;
    stop(&s->s);
    free(s);
}

int hb_sealer_write(struct hb_sealer *sealer, const void *p, size_t n)
{
    struct seal *s = &sealer->s;
    const uint8_t *from = p;

    if (s->last)
        return -EINVAL;
    while (n > 0) {
        size_t take = HB_MIN(n, CHUNK - s->n);
        int r;

        if (take == 0) { /* only when more follows is it not the last */
            r = chunk_out(s, false);
            if (r < 0)
                return r;
            continue;
        }
        memcpy(s->plain + s->n, from, take);
        s->n += take;
        from += take;
        n -= take;
    }
    return 0;
}

int hb_sealer_end(struct hb_sealer *s)
{
    return s->s.last ? -EINVAL : chunk_out(&s->s, true);
}

int hb_unsealer_new(int fd, const uint8_t key[HB_SEAL_KEY_SIZE],
                    struct hb_unsealer **ret)
{
    struct hb_unsealer *u = calloc(1, sizeof(*u));
    uint8_t id[KEY_ID];
    size_t got = 0;
    int r;

    if (u == NULL)
        return -ENOMEM;
    u->s.fd = fd;
    r = read_full(fd, u->s.head, HEAD, &got);
    if (r == 0 && (got != HEAD || memcmp(u->s.head, MAGIC, 8) != 0))
        r = -EBADMSG;
    if (r == 0 && get32(u->s.head + 8) != VERSION)
        r = get32(u->s.head + 8) > VERSION ? -EPROTO : -EBADMSG;
    if (r == 0 && get32(u->s.head + 12) != CHUNK)
        r = -EBADMSG;
    if (r == 0)
        r = key_id(key, id);
    if (r == 0 && CRYPTO_memcmp(id, u->s.head + 16 + SALT, KEY_ID) != 0)
        r = -EKEYREJECTED;
    if (r == 0)
        r = start(&u->s, key);
    if (r < 0) {
        hb_unsealer_free(u);
        return r;
    }
    *ret = u;
    return 0;
}

void hb_unsealer_free(struct hb_unsealer *u)
{
    if (u == NULL)
        return;
    stop(&u->s);
    free(u);
}

int hb_unsealer_read(struct hb_unsealer *u, void *p, size_t n)
{
    struct seal *s = &u->s;
    uint8_t *to = p;

    while (n > 0) {
        size_t take = HB_MIN(n, s->n - s->at);

        if (take == 0) {
            int r = s->last ? -EBADMSG : chunk_in(s);

            if (r < 0)
                return r;
            continue;
        }
        memcpy(to, s->plain + s->at, take);
        s->at += take;
        to += take;
        n -= take;
    }
    return 0;
}

int hb_unsealer_end(struct hb_unsealer *u)
{
    struct seal *s = &u->s;
    uint8_t more;
    size_t got = 0;
    int r = 0;

    if (!s->last && s->at == s->n)
        r = chunk_in(s);
    if (r == 0 && (!s->last || s->at != s->n))
        r = -EBADMSG;
    if (r == 0)
        r = read_full(s->fd, &more, 1, &got);
    return r < 0 ? r : got == 0 ? 0 : -EBADMSG;
}

int hb_seal_key_make(const char *path, struct hb_err *err)
{
    uint8_t key[HB_SEAL_KEY_SIZE];
    char line[2 * HB_SEAL_KEY_SIZE + 2];
    _cleanup_close_ int fd = -1;
    int r = 0;

    hb_random(key, sizeof(key));
    hb_hex(key, sizeof(key), line);
    line[sizeof(line) - 2] = '\n';
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        r = -errno;
    if (r == 0)
        r = hb_write_all(fd, line, sizeof(line) - 1);
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r < 0 && fd >= 0)
        (void)unlink(path);
    OPENSSL_cleanse(key, sizeof(key));
    OPENSSL_cleanse(line, sizeof(line));
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the backup key cannot be made"));
    return 0;
}

int hb_seal_key_load(const char *path, uint8_t ret[HB_SEAL_KEY_SIZE],
                     struct hb_err *err)
{
    char line[2 * HB_SEAL_KEY_SIZE + 2];
    _cleanup_close_ int fd = -1;
    struct stat st;
    size_t got = 0;
    int r;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return hb_err_at(err, -errno, path, 0, 0,
                         _("the backup key cannot be read"));
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("others may read this key; give it mode 0600 and "
                           "make a new one if they may have read it"));
    r = read_full(fd, line, sizeof(line), &got);
    if (r == 0 && got == sizeof(line) - 1 && line[got - 1] == '\n')
        got--;
    if (r == 0 && got != 2 * HB_SEAL_KEY_SIZE)
        r = -EINVAL;
    if (r == 0)
        r = hb_unhex(hb_slice(line, got), ret, HB_SEAL_KEY_SIZE);
    OPENSSL_cleanse(line, sizeof(line));
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("a backup key is one line of 64 hex digits"));
    return 0;
}

static int start(struct seal *s, const uint8_t key[HB_SEAL_KEY_SIZE])
{
    s->ctx = EVP_CIPHER_CTX_new();
    if (s->ctx == NULL)
        return -ENOMEM;
    return mac(key, "hinoban-backup-v1", s->head + 16, SALT, s->key);
}

static void stop(struct seal *s)
{
    EVP_CIPHER_CTX_free(s->ctx);
    OPENSSL_cleanse(s->key, sizeof(s->key));
    OPENSSL_cleanse(s->plain, sizeof(s->plain));
}

/* Tells a wrong key from a changed file, and nothing about the key. */
static int key_id(const uint8_t key[HB_SEAL_KEY_SIZE], uint8_t ret[KEY_ID])
{
    uint8_t full[32];
    int r = mac(key, "hinoban-backup-key-id", NULL, 0, full);

    memcpy(ret, full, KEY_ID);
    return r;
}

static int mac(const uint8_t *key, const char *label, const uint8_t *p,
               size_t n, uint8_t ret[32])
{
    uint8_t msg[64 + SALT];
    size_t label_n = strlen(label);
    unsigned size = 32;

    HB_ASSERT(label_n + n <= sizeof(msg));
    memcpy(msg, label, label_n);
    if (n > 0)
        memcpy(msg + label_n, p, n);
    if (HMAC(EVP_sha256(), key, HB_SEAL_KEY_SIZE, msg, label_n + n, ret,
             &size) == NULL ||
        size != 32)
        return -EIO;
    return 0;
}

/* The nonce is the chunk's number, and the tag covers head and length. */
static int prepare(struct seal *s, bool encrypt, const uint8_t mark[4])
{
    uint8_t nonce[12] = {0};
    int n;

    for (size_t i = 0; i < 8; i++)
        nonce[i] = (uint8_t)(s->number >> (8 * i));
    if (EVP_CipherInit_ex(s->ctx, EVP_aes_256_gcm(), NULL, s->key, nonce,
                          encrypt ? 1 : 0) != 1 ||
        EVP_CipherUpdate(s->ctx, NULL, &n, s->head, HEAD) != 1 ||
        EVP_CipherUpdate(s->ctx, NULL, &n, mark, 4) != 1)
        return -EIO;
    return 0;
}

static int chunk_out(struct seal *s, bool last)
{
    uint8_t *out = s->sealed;
    int n = 0, more = 0, r;

    put32(out, (uint32_t)s->n | (last ? LAST : 0));
    r = prepare(s, true, out);
    if (r < 0)
        return r;
    if (EVP_CipherUpdate(s->ctx, out + 4, &n, s->plain, (int)s->n) != 1 ||
        EVP_CipherFinal_ex(s->ctx, out + 4 + n, &more) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_GET_TAG, TAG,
                            out + 4 + s->n) != 1)
        return -EIO;
    r = hb_write_all(s->fd, out, 4 + s->n + TAG);
    s->number++;
    s->n = 0;
    s->last = last;
    return r;
}

static int chunk_in(struct seal *s)
{
    uint8_t *in = s->sealed;
    size_t got, size;
    int n = 0, more = 0;
    int r = read_full(s->fd, in, 4, &got);

    if (r < 0)
        return r;
    if (got != 4)
        return -EBADMSG;
    size = get32(in) & ~LAST;
    if (size > CHUNK || (size < CHUNK && (get32(in) & LAST) == 0))
        return -EBADMSG;
    r = read_full(s->fd, in + 4, size + TAG, &got);
    if (r < 0)
        return r;
    if (got != size + TAG)
        return -EBADMSG;
    r = prepare(s, false, in);
    if (r < 0)
        return r;
    if (EVP_CipherUpdate(s->ctx, s->plain, &n, in + 4, (int)size) != 1 ||
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_GCM_SET_TAG, TAG, in + 4 + size) !=
            1 ||
        EVP_CipherFinal_ex(s->ctx, s->plain + n, &more) != 1) {
        OPENSSL_cleanse(s->plain, sizeof(s->plain));
        return -EBADMSG;
    }
    s->number++;
    s->at = 0;
    s->n = size;
    s->last = (get32(in) & LAST) != 0;
    return 0;
}

static int read_full(int fd, void *p, size_t n, size_t *ret)
{
    size_t done = 0;

    while (done < n) {
        ssize_t r = read(fd, (char *)p + done, n - done);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    *ret = done;
    return 0;
}

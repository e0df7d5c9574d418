/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.c - SHA-256 by OpenSSL's EVP (which picks the processor's own
 * instructions).
 *
 * Runs in every role; compare hashes files that attackers wrote.  The
 * algorithm is fetched once a process, a running hash keeps its context for
 * reuse, and the one-shot form keeps one context a thread: fetching and
 * allocating cost more than hashing a small file.
 *
 * Adding to a hash cannot fail in a way that a caller could mend, and a wrong
 * digest must never leave this file: OpenSSL's failures here end the process.
 */
#include "crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "crypto/passphrase.h"

/* Large enough that most web files are one read. */
#define READ_SIZE (256u << 10)

struct hb_sha256 {
    EVP_MD_CTX *ctx;
    uint8_t *buf; /* READ_SIZE, made when a file is first read */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm;
static pthread_key_t per_thread;

static void fetch(void);
static void thread_done(void *ctx);

/* --- public --- */

struct hb_sha256 *hb_sha256_new(void)
{
    struct hb_sha256 *h;

    if (pthread_once(&once, fetch) != 0)
        return NULL;
    h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->ctx = EVP_MD_CTX_new();
    if (h->ctx == NULL || EVP_DigestInit_ex2(h->ctx, algorithm, NULL) != 1) {
        hb_sha256_free(h);
        return NULL;
    }
    return h;
}

void hb_sha256_free(struct hb_sha256 *h)
{
    if (h == NULL)
        return;
    EVP_MD_CTX_free(h->ctx);
    free(h->buf);
    free(h);
}

void hb_sha256_reset(struct hb_sha256 *h)
{
    HB_ASSERT(EVP_DigestInit_ex2(h->ctx, algorithm, NULL) == 1);
}

void hb_sha256_add(struct hb_sha256 *h, const void *p, size_t n)
{
    HB_ASSERT(EVP_DigestUpdate(h->ctx, p, n) == 1);
}

void hb_sha256_end(struct hb_sha256 *h, uint8_t ret[HB_SHA256_SIZE])
{
    unsigned n = 0;

    HB_ASSERT(EVP_DigestFinal_ex(h->ctx, ret, &n) == 1);
    HB_ASSERT(n == HB_SHA256_SIZE);
    hb_sha256_reset(h);
}

void hb_sha256(const void *p, size_t n, uint8_t ret[HB_SHA256_SIZE])
{
    EVP_MD_CTX *ctx;
    unsigned len = 0;

    HB_ASSERT(pthread_once(&once, fetch) == 0);
    ctx = pthread_getspecific(per_thread);
    if (ctx == NULL) {
        ctx = EVP_MD_CTX_new();
        HB_ASSERT(ctx != NULL);
        HB_ASSERT(pthread_setspecific(per_thread, ctx) == 0);
    }
    HB_ASSERT(EVP_DigestInit_ex2(ctx, algorithm, NULL) == 1);
    HB_ASSERT(EVP_DigestUpdate(ctx, p, n) == 1);
    HB_ASSERT(EVP_DigestFinal_ex(ctx, ret, &len) == 1);
    HB_ASSERT(len == HB_SHA256_SIZE);
}

int hb_sha256_fd(struct hb_sha256 *h, int fd, uint64_t max,
                 uint8_t ret[HB_SHA256_SIZE], uint64_t *ret_size)
{
    struct stat st;
    uint64_t at = 0;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((uint64_t)st.st_size > max)
        return -EFBIG;
    if (h->buf == NULL) {
        h->buf = malloc(READ_SIZE);
        if (h->buf == NULL)
            return -ENOMEM;
    }
    hb_sha256_reset(h);
    for (;;) {
        ssize_t n = pread(fd, h->buf, READ_SIZE, (off_t)at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        at += (uint64_t)n;
        /* It may grow while it is read. */
        if (at > max)
            return -EFBIG;
        hb_sha256_add(h, h->buf, (size_t)n);
        /* What fstat promised was read by a short read: the end, without a
         * further call to learn so. */
        if ((size_t)n < READ_SIZE && at == (uint64_t)st.st_size)
            break;
    }
    hb_sha256_end(h, ret);
    if (ret_size != NULL)
        *ret_size = at;
    return 0;
}

int hb_uuid5(const uint8_t ns[16], struct hb_slice name, char ret[HB_UUID_SIZE])
{
    static const unsigned dash[] = {8, 13, 18, 23};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    char hex[33];
    unsigned n = 0;
    bool ok = ctx != NULL && EVP_DigestInit_ex2(ctx, EVP_sha1(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, ns, 16) == 1 &&
              EVP_DigestUpdate(ctx, name.p, name.n) == 1 &&
              EVP_DigestFinal_ex(ctx, digest, &n) == 1 && n >= 16;

    EVP_MD_CTX_free(ctx);
    if (!ok)
        return ctx == NULL ? -ENOMEM : -EIO;
    digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x50); /* version 5 */
    digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80); /* RFC 9562's variant */
    hb_hex(digest, 16, hex);
    for (unsigned i = 0, at = 0, next = 0; i < 32; i++) {
        if (next < HB_ARRAY_LEN(dash) && at == dash[next]) {
            ret[at++] = '-';
            next++;
        }
        ret[at++] = hex[i];
    }
    ret[HB_UUID_SIZE - 1] = '\0';
    return 0;
}

void hb_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}

/* --- static --- */

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    HB_ASSERT(algorithm != NULL);
    HB_ASSERT(pthread_key_create(&per_thread, thread_done) == 0);
}

static void thread_done(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

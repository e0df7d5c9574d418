/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.c - see blob.h.  What is read may have been changed by anybody who can
 * write to the disk, but for the key: every byte is authenticated before it is
 * handed on.
 */
#include "guard/share/blob.h"

#include <sodium.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"

#define BLOB_MAGIC   0x4842426cu
#define STREAM_HEAD  crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define EXTRA        crypto_secretstream_xchacha20poly1305_ABYTES
#define SEALED       (HB_BLOB_CHUNK + EXTRA)
#define SEGMENT_DISK (STREAM_HEAD + (uint64_t)HB_BLOB_CHUNKS * SEALED)
#define UID_TEXT     36u

_Static_assert(HB_BLOB_KEY == crypto_secretstream_xchacha20poly1305_KEYBYTES &&
                   HB_BLOB_KEY <= crypto_generichash_KEYBYTES_MAX,
               "one size of keys");

struct hb_blob {
    unsigned magic;
    int fd, err; /* the first failure sticks */
    uint64_t size;
    uint8_t head[HB_BLOB_HEAD];
    uint8_t key[HB_BLOB_KEY];
    crypto_secretstream_xchacha20poly1305_state stream;
    uint64_t chunk; /* number of the next one in the file */
    size_t fill;    /* bytes in plain */
    size_t taken;   /* reading: of these, handed on */
    bool reading, done;
    uint8_t plain[HB_BLOB_CHUNK];
    uint8_t sealed[SEALED];
};

static uint64_t chunks_of(uint64_t size);
static size_t chunk_len(const struct hb_blob *b, uint64_t chunk);
static uint8_t tag_of(const struct hb_blob *b, uint64_t chunk);
static uint64_t place_of(uint64_t chunk);
static void segment_key(const struct hb_blob *b, uint64_t segment,
                        uint8_t ret[HB_BLOB_KEY]);
static int put_chunk(struct hb_blob *b);
static int get_chunk(struct hb_blob *b);
static void le64(uint8_t *to, uint64_t v);

int hb_blob_new(int fd, const uint8_t share_key[HB_BLOB_KEY], const char *uid,
                uint64_t size, struct hb_blob **ret)
{
    static const char what[] = "hinoban-share-file-v1";
    crypto_generichash_state st;
    struct hb_blob *b;
    char hex[33];
    size_t n = 0;

    for (const char *c = uid; *c != '\0'; c++)
        if (*c != '-' && n < sizeof(hex) - 1)
            hex[n++] = *c;
    hex[n] = '\0';
    if (strlen(uid) != UID_TEXT || size > HB_BLOB_SIZE_MAX)
        return -EINVAL;
    b = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*b));
    if (b == NULL)
        return -ENOMEM;
    b->magic = BLOB_MAGIC;
    b->fd = fd;
    b->size = size;
    memcpy(b->head, "HBSHARE1", 8);
    le64(b->head + 24, size);
    if (hb_unhex(hb_slice(hex, n), b->head + 8, 16) < 0) {
        hb_blob_free(b);
        return -EINVAL;
    }
    (void)crypto_generichash_init(&st, share_key, HB_BLOB_KEY, HB_BLOB_KEY);
    (void)crypto_generichash_update(&st, (const uint8_t *)what, sizeof(what));
    (void)crypto_generichash_update(&st, b->head + 8, HB_BLOB_HEAD - 8);
    (void)crypto_generichash_final(&st, b->key, sizeof(b->key));
    sodium_memzero(&st, sizeof(st));
    *ret = b;
    return 0;
}

void hb_blob_free(struct hb_blob *b)
{
    if (b == NULL)
        return;
    HB_CHECK(b, BLOB_MAGIC);
    sodium_memzero(b, sizeof(*b));
    free(b);
}

void hb_blob_freep(struct hb_blob **b)
{
    hb_blob_free(*b);
}

uint64_t hb_blob_disk(uint64_t size)
{
    uint64_t n = chunks_of(size);

    return HB_BLOB_HEAD + size + n * EXTRA +
           (n + HB_BLOB_CHUNKS - 1) / HB_BLOB_CHUNKS * STREAM_HEAD;
}

uint64_t hb_blob_offset(uint64_t segment)
{
    return HB_BLOB_HEAD + segment * SEGMENT_DISK;
}

/* ---- writing ---- */

int hb_blob_begin(struct hb_blob *b)
{
    HB_CHECK(b, BLOB_MAGIC);
    return hb_pwrite_all(b->fd, b->head, sizeof(b->head), 0);
}

int hb_blob_write_from(struct hb_blob *b, uint64_t at)
{
    HB_CHECK(b, BLOB_MAGIC);
    if ((at % HB_BLOB_SEGMENT != 0 && at != b->size) || at > b->size)
        return -EINVAL;
    b->reading = false;
    b->chunk = at / HB_BLOB_CHUNK;
    b->fill = 0;
    /* All of it may be there: then there is nothing to cut. */
    b->done = at == b->size && at > 0;
    b->err =
        !b->done && ftruncate(b->fd,
                              (off_t)hb_blob_offset(at / HB_BLOB_SEGMENT)) < 0
            ? hb_neg_errno()
            : 0;
    return b->err;
}

int hb_blob_write(struct hb_blob *b, const void *p, size_t n)
{
    const uint8_t *from = p;

    HB_CHECK(b, BLOB_MAGIC);
    if (b->err == 0 && (b->reading || n > b->size - hb_blob_at(b)))
        return b->reading ? -EINVAL : -EFBIG;
    while (b->err == 0 && !b->done) {
        size_t want = chunk_len(b, b->chunk), part = HB_MIN(n, want - b->fill);

        if (part > 0)
            memcpy(b->plain + b->fill, from, part);
        from += part;
        n -= part;
        b->fill += part;
        if (b->fill < want)
            break;
        b->err = put_chunk(b);
    }
    return b->err;
}

uint64_t hb_blob_at(const struct hb_blob *b)
{
    HB_CHECK(b, BLOB_MAGIC);
    return b->done ? b->size : b->chunk * HB_BLOB_CHUNK + b->fill;
}

uint64_t hb_blob_border(const struct hb_blob *b)
{
    HB_CHECK(b, BLOB_MAGIC);
    return b->done ? b->size
                   : b->chunk / HB_BLOB_CHUNKS * (uint64_t)HB_BLOB_SEGMENT;
}

/* ---- reading ---- */

int hb_blob_read_from(struct hb_blob *b, uint64_t at, bool whole)
{
    uint8_t head[HB_BLOB_HEAD];
    struct stat st;
    uint64_t chunk;
    ssize_t n;

    HB_CHECK(b, BLOB_MAGIC);
    if (at > b->size)
        return -EINVAL;
    if (fstat(b->fd, &st) < 0)
        return hb_neg_errno();
    n = hb_pread_full(b->fd, head, sizeof(head), 0);
    if (n < 0)
        return (int)n;
    if (n != (ssize_t)sizeof(head) ||
        memcmp(head, b->head, sizeof(head)) != 0 ||
        (whole && (uint64_t)st.st_size != hb_blob_disk(b->size)))
        return -EBADMSG;
    chunk = HB_MIN(at / HB_BLOB_CHUNK, chunks_of(b->size) - 1);
    b->reading = true;
    b->done = false;
    b->err = 0;
    b->fill = b->taken = 0;
    /* A stream begins at its beginning: at most three chunks for nothing. */
    for (b->chunk = chunk / HB_BLOB_CHUNKS * HB_BLOB_CHUNKS;
         b->err == 0 && b->chunk <= chunk;)
        b->err = get_chunk(b);
    if (b->err == 0)
        b->taken = (size_t)(at - chunk * HB_BLOB_CHUNK);
    return b->err;
}

ssize_t hb_blob_read(struct hb_blob *b, void *p, size_t n)
{
    size_t part;

    HB_CHECK(b, BLOB_MAGIC);
    if (!b->reading || n == 0)
        return -EINVAL;
    if (b->err == 0 && b->taken == b->fill && !b->done)
        b->err = get_chunk(b);
    if (b->err < 0)
        return b->err;
    part = HB_MIN(n, b->fill - b->taken);
    if (part > 0)
        memcpy(p, b->plain + b->taken, part);
    b->taken += part;
    return (ssize_t)part;
}

/* ---- static ---- */

static uint64_t chunks_of(uint64_t size)
{
    return size == 0 ? 1 : (size + HB_BLOB_CHUNK - 1) / HB_BLOB_CHUNK;
}

static size_t chunk_len(const struct hb_blob *b, uint64_t chunk)
{
    return (size_t)HB_MIN(b->size - chunk * HB_BLOB_CHUNK, HB_BLOB_CHUNK);
}

static uint8_t tag_of(const struct hb_blob *b, uint64_t chunk)
{
    if (chunk + 1 == chunks_of(b->size))
        return crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    return chunk % HB_BLOB_CHUNKS == HB_BLOB_CHUNKS - 1
               ? crypto_secretstream_xchacha20poly1305_TAG_PUSH
               : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
}

static uint64_t place_of(uint64_t chunk)
{
    return hb_blob_offset(chunk / HB_BLOB_CHUNKS) + STREAM_HEAD +
           chunk % HB_BLOB_CHUNKS * SEALED;
}

static void segment_key(const struct hb_blob *b, uint64_t segment,
                        uint8_t ret[HB_BLOB_KEY])
{
    static const char what[] = "hinoban-share-part-v1";
    uint8_t in[sizeof(what) + 8];

    memcpy(in, what, sizeof(what));
    le64(in + sizeof(what), segment);
    (void)crypto_generichash(ret, HB_BLOB_KEY, in, sizeof(in), b->key,
                             sizeof(b->key));
}

/* What stands in plain, as the next chunk. */
static int put_chunk(struct hb_blob *b)
{
    uint8_t head[STREAM_HEAD], key[HB_BLOB_KEY], ad[8];
    uint64_t segment = b->chunk / HB_BLOB_CHUNKS;
    int r = 0;

    if (b->chunk % HB_BLOB_CHUNKS == 0) {
        segment_key(b, segment, key);
        (void)crypto_secretstream_xchacha20poly1305_init_push(&b->stream, head,
                                                              key);
        sodium_memzero(key, sizeof(key));
        r = hb_pwrite_all(b->fd, head, sizeof(head),
                          (off_t)hb_blob_offset(segment));
    }
    if (r < 0)
        return r;
    le64(ad, b->chunk);
    if (crypto_secretstream_xchacha20poly1305_push(
            &b->stream, b->sealed, NULL, b->plain, b->fill, ad, sizeof(ad),
            tag_of(b, b->chunk)) != 0)
        return -EIO;
    r = hb_pwrite_all(b->fd, b->sealed, b->fill + EXTRA,
                      (off_t)place_of(b->chunk));
    if (r < 0)
        return r;
    b->chunk++;
    b->fill = 0;
    b->done = b->chunk == chunks_of(b->size);
    return 0;
}

/* The next chunk into plain. */
static int get_chunk(struct hb_blob *b)
{
    uint8_t head[STREAM_HEAD], key[HB_BLOB_KEY], ad[8], tag = 0;
    uint64_t segment = b->chunk / HB_BLOB_CHUNKS;
    size_t want = chunk_len(b, b->chunk);
    ssize_t n;

    if (b->chunk % HB_BLOB_CHUNKS == 0) {
        n = hb_pread_full(b->fd, head, sizeof(head),
                          (off_t)hb_blob_offset(segment));
        if (n != (ssize_t)sizeof(head))
            return n < 0 ? (int)n : -EBADMSG;
        segment_key(b, segment, key);
        (void)crypto_secretstream_xchacha20poly1305_init_pull(&b->stream, head,
                                                              key);
        sodium_memzero(key, sizeof(key));
    }
    n = hb_pread_full(b->fd, b->sealed, want + EXTRA,
                      (off_t)place_of(b->chunk));
    if (n != (ssize_t)(want + EXTRA))
        return n < 0 ? (int)n : -EBADMSG;
    le64(ad, b->chunk);
    b->fill = b->taken = 0;
    if (crypto_secretstream_xchacha20poly1305_pull(
            &b->stream, b->plain, NULL, &tag, b->sealed, want + EXTRA, ad,
            sizeof(ad)) != 0 ||
        tag != tag_of(b, b->chunk))
        return -EBADMSG;
    b->fill = want;
    b->chunk++;
    b->done = b->chunk == chunks_of(b->size);
    return 0;
}

static void le64(uint8_t *to, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

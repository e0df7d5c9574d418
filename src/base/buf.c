/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.c - a byte buffer that doubles up to its ceiling.
 *
 * Runs in every process.  An append is all or nothing: what does not fit sets
 * the sticky error and leaves the contents as they were, so that no half
 * record can be taken for a whole one.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"

#define CAP_MIN ((size_t)64)

static char *reserve(struct hb_buf *b, size_t n);
static void add_le(struct hb_buf *b, uint64_t v, unsigned bytes);

void hb_buf_init(struct hb_buf *b, size_t ceiling)
{
    *b = (struct hb_buf){.ceiling = ceiling != 0 ? ceiling : HB_MAX_BUF};
}

void hb_buf_done(struct hb_buf *b)
{
    size_t ceiling = b->ceiling;

    free(b->p);
    hb_buf_init(b, ceiling);
}

void hb_buf_reset(struct hb_buf *b)
{
    b->n = 0;
    b->err = 0;
    if (b->p != NULL)
        b->p[0] = '\0';
}

void hb_buf_add(struct hb_buf *b, const void *p, size_t n)
{
    char *at;

    if (n == 0)
        return;
    at = reserve(b, n);
    if (at == NULL)
        return;
    memcpy(at, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void hb_buf_addz(struct hb_buf *b, const char *z)
{
    hb_buf_add(b, z, strlen(z));
}

void hb_buf_addc(struct hb_buf *b, char c)
{
    hb_buf_add(b, &c, 1);
}

void hb_buf_addf(struct hb_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    hb_buf_vaddf(b, fmt, ap);
    va_end(ap);
}

void hb_buf_vaddf(struct hb_buf *b, const char *fmt, va_list ap)
{
    va_list again;
    char *at;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        if (b->err == 0)
            b->err = -EFBIG;
        return;
    }
    if (n == 0)
        return;
    at = reserve(b, (size_t)n);
    if (at == NULL)
        return;
    (void)vsnprintf(at, (size_t)n + 1, fmt, ap);
    b->n += (size_t)n;
}

void hb_buf_add_u8(struct hb_buf *b, uint8_t v)
{
    add_le(b, v, 1);
}

void hb_buf_add_u16(struct hb_buf *b, uint16_t v)
{
    add_le(b, v, 2);
}

void hb_buf_add_u32(struct hb_buf *b, uint32_t v)
{
    add_le(b, v, 4);
}

void hb_buf_add_u64(struct hb_buf *b, uint64_t v)
{
    add_le(b, v, 8);
}

void hb_buf_add_bytes(struct hb_buf *b, const void *p, size_t n)
{
    /* Both parts or none: a length without its bytes would shift every
     * field behind it. */
    if (n > UINT32_MAX) {
        if (b->err == 0)
            b->err = -EFBIG;
        return;
    }
    if (reserve(b, n + 4) == NULL)
        return;
    hb_buf_add_u32(b, (uint32_t)n);
    hb_buf_add(b, p, n);
}

/* Room for N more bytes and the terminator; NULL when the error is set. */
static char *reserve(struct hb_buf *b, size_t n)
{
    size_t ceiling = b->ceiling != 0 ? b->ceiling : HB_MAX_BUF;
    size_t cap;
    char *p;

    if (b->err != 0)
        return NULL;
    if (n > ceiling || b->n > ceiling - n) {
        b->err = -EFBIG;
        return NULL;
    }
    if (b->p != NULL && b->n + n < b->cap)
        return b->p + b->n;
    cap = HB_MAX(b->cap, CAP_MIN);
    while (cap <= b->n + n)
        cap *= 2;
    cap = HB_MIN(cap, ceiling + 1);
    p = hb_fault(HB_FAULT_ALLOC) ? NULL : realloc(b->p, cap);
    if (p == NULL) {
        b->err = -ENOMEM;
        return NULL;
    }
    b->p = p;
    b->cap = cap;
    return p + b->n;
}

static void add_le(struct hb_buf *b, uint64_t v, unsigned bytes)
{
    uint8_t out[8];

    for (unsigned i = 0; i < bytes; i++)
        out[i] = (uint8_t)(v >> (8 * i));
    hb_buf_add(b, out, bytes);
}

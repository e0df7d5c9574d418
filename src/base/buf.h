/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h - a byte buffer that grows up to a ceiling.
 *
 * The first failure sticks: later appends do nothing and hb_buf_err() tells,
 * so that a writer of many parts checks once.  The contents are always
 * terminated with a NUL that does not count.
 */
#ifndef HB_BASE_BUF_H
#define HB_BASE_BUF_H

#include <stdarg.h>

#include "base/base.h"

struct hb_buf {
    char *p;  /* NULL until something was appended */
    size_t n; /* bytes in use */
    size_t cap;
    size_t ceiling;
    int err; /* 0, -ENOMEM or -EFBIG */
};

#define HB_BUF_INIT                                                            \
    {                                                                          \
        .ceiling = HB_MAX_BUF                                                  \
    }

void hb_buf_init(struct hb_buf *b, size_t ceiling); /* 0: HB_MAX_BUF */
void hb_buf_done(struct hb_buf *b);
#define _cleanup_buf_ HB_CLEANUP(hb_buf_done)
void hb_buf_reset(struct hb_buf *b); /* keeps the memory */

void hb_buf_add(struct hb_buf *b, const void *p, size_t n);
void hb_buf_addz(struct hb_buf *b, const char *z);
void hb_buf_addc(struct hb_buf *b, char c);
void hb_buf_addf(struct hb_buf *b, const char *fmt, ...) HB_PRINTF(2, 3);
void hb_buf_vaddf(struct hb_buf *b, const char *fmt, va_list ap)
    HB_PRINTF(2, 0);
void hb_buf_add_u8(struct hb_buf *b, uint8_t v);
void hb_buf_add_u16(struct hb_buf *b, uint16_t v); /* little endian */
void hb_buf_add_u32(struct hb_buf *b, uint32_t v);
void hb_buf_add_u64(struct hb_buf *b, uint64_t v);
/* Length (u32) and bytes. */
void hb_buf_add_bytes(struct hb_buf *b, const void *p, size_t n);

static inline int hb_buf_err(const struct hb_buf *b)
{
    return b->err;
}

/* The contents as a terminated string; "" when empty. */
static inline const char *hb_buf_z(const struct hb_buf *b)
{
    return b->p != NULL ? b->p : "";
}

static inline struct hb_slice hb_buf_slice(const struct hb_buf *b)
{
    return (struct hb_slice){b->p, b->n};
}

#endif

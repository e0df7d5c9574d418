/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cur.h - a bounded cursor over foreign bytes.
 *
 * Every read checks the bound; the first short read sticks (err), returns
 * zeroes from then on and moves no further, so a parser reads a whole record
 * and checks once.  hb_cur_end() also refuses trailing bytes.
 */
#ifndef HB_BASE_CUR_H
#define HB_BASE_CUR_H

#include "base/base.h"

struct hb_cur {
    const uint8_t *p;
    size_t n;  /* bytes in all */
    size_t at; /* bytes read */
    int err;   /* 0 or -EBADMSG */
};

void hb_cur_init(struct hb_cur *c, const void *p, size_t n);
uint8_t hb_cur_u8(struct hb_cur *c);
uint16_t hb_cur_u16(struct hb_cur *c); /* little endian */
uint32_t hb_cur_u32(struct hb_cur *c);
uint64_t hb_cur_u64(struct hb_cur *c);
/* N bytes, borrowed; {NULL, 0} when they are not there. */
struct hb_slice hb_cur_take(struct hb_cur *c, size_t n);
/* u32 length and bytes, at most MAX of them. */
struct hb_slice hb_cur_bytes(struct hb_cur *c, size_t max);
static inline size_t hb_cur_left(const struct hb_cur *c)
{
    return c->n - c->at;
}
/* 0 when all was read and nothing failed, else -EBADMSG. */
int hb_cur_end(const struct hb_cur *c) HB_WUR;

#endif

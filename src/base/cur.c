/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cur.c - a bounded cursor over foreign bytes.
 *
 * Runs in every process that reads frames, files or events.  The bytes are
 * hostile; the cursor never reads outside them and never moves after its
 * first failure.
 */
#include "base/cur.h"

static uint64_t get_le(struct hb_cur *c, unsigned bytes);

void hb_cur_init(struct hb_cur *c, const void *p, size_t n)
{
    *c = (struct hb_cur){.p = p, .n = p != NULL ? n : 0};
}

uint8_t hb_cur_u8(struct hb_cur *c)
{
    return (uint8_t)get_le(c, 1);
}

uint16_t hb_cur_u16(struct hb_cur *c)
{
    return (uint16_t)get_le(c, 2);
}

uint32_t hb_cur_u32(struct hb_cur *c)
{
    return (uint32_t)get_le(c, 4);
}

uint64_t hb_cur_u64(struct hb_cur *c)
{
    return get_le(c, 8);
}

struct hb_slice hb_cur_take(struct hb_cur *c, size_t n)
{
    struct hb_slice s = {NULL, 0};

    if (c->err != 0 || n > c->n - c->at) {
        c->err = -EBADMSG;
        return s;
    }
    /* Not {NULL, 0}, so that "empty" and "not there" stay apart. */
    s.p = c->p != NULL ? (const char *)c->p + c->at : "";
    s.n = n;
    c->at += n;
    return s;
}

struct hb_slice hb_cur_bytes(struct hb_cur *c, size_t max)
{
    size_t n = hb_cur_u32(c);

    if (c->err == 0 && n > max)
        c->err = -EBADMSG;
    return hb_cur_take(c, n);
}

int hb_cur_end(const struct hb_cur *c)
{
    return c->err == 0 && c->at == c->n ? 0 : -EBADMSG;
}

static uint64_t get_le(struct hb_cur *c, unsigned bytes)
{
    struct hb_slice s = hb_cur_take(c, bytes);
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++)
        v |= (uint64_t)(uint8_t)s.p[i] << (8 * i);
    return v;
}

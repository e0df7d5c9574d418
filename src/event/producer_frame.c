/* SPDX-License-Identifier: Apache-2.0 */
/*
 * producer_frame.c - frames of the protocol for outside producers.
 *
 * Runs in the role intake (foreign bytes come in) and in the clients.  A frame
 * is a u32 length of what follows, a kind byte, and a body of that kind whose
 * size must be exact; nothing is guessed and nothing skipped, as a stream that
 * is off by one byte cannot be trusted again.
 */
#include "base/cur.h"
#include "event/producer.h"

static int decode_body(struct hb_cur *c, struct hb_producer_frame *f);

ssize_t hb_producer_decode(const void *p, size_t n,
                           struct hb_producer_frame *ret)
{
    struct hb_producer_frame f = {0};
    struct hb_cur c;
    uint32_t length;
    int r;

    if (n < 4)
        return 0;
    hb_cur_init(&c, p, n);
    length = hb_cur_u32(&c);
    if (length < 1 || length > HB_PRODUCER_FRAME_MAX - 4)
        return -EBADMSG;
    if (hb_cur_left(&c) < length)
        return 0;
    hb_cur_init(&c, (const uint8_t *)p + 4, length);
    r = decode_body(&c, &f);
    if (r < 0)
        return r;
    *ret = f;
    return (ssize_t)length + 4;
}

void hb_producer_encode(struct hb_buf *b, const struct hb_producer_frame *f)
{
    size_t n = 1;

    switch (f->kind) {
    case HB_PRODUCER_HELLO:
        n += 2 + f->text.n;
        break;
    case HB_PRODUCER_EVENT:
        n += 8 + f->text.n;
        break;
    case HB_PRODUCER_ACK:
        n += 16;
        break;
    case HB_PRODUCER_DROPS:
        n += 8;
        break;
    case HB_PRODUCER_ERROR:
        n += f->text.n;
        break;
    }
    hb_buf_add_u32(b, (uint32_t)n);
    hb_buf_add_u8(b, (uint8_t)f->kind);
    if (f->kind == HB_PRODUCER_HELLO)
        hb_buf_add_u16(b, f->version);
    if (f->kind == HB_PRODUCER_EVENT || f->kind == HB_PRODUCER_ACK)
        hb_buf_add_u64(b, f->seq);
    if (f->kind == HB_PRODUCER_ACK || f->kind == HB_PRODUCER_DROPS)
        hb_buf_add_u64(b, f->drops);
    else if (f->text.n > 0)
        hb_buf_add(b, f->text.p, f->text.n);
}

bool hb_producer_name_valid(struct hb_slice name)
{
    if (name.n < 1 || name.n > HB_PRODUCER_NAME_MAX || name.p[0] < 'a' ||
        name.p[0] > 'z')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
            c != '_' && c != '-')
            return false;
    }
    return true;
}

static int decode_body(struct hb_cur *c, struct hb_producer_frame *f)
{
    uint8_t kind = hb_cur_u8(c);

    switch (kind) {
    case HB_PRODUCER_HELLO:
        f->version = hb_cur_u16(c);
        f->text = hb_cur_take(c, hb_cur_left(c));
        if (!hb_producer_name_valid(f->text))
            return -EBADMSG;
        break;
    case HB_PRODUCER_EVENT:
        f->seq = hb_cur_u64(c);
        f->text = hb_cur_take(c, hb_cur_left(c));
        if (f->seq == 0 || f->text.n == 0 || f->text.n > HB_MAX_EVENT)
            return -EBADMSG;
        break;
    case HB_PRODUCER_ACK:
        f->seq = hb_cur_u64(c);
        f->drops = hb_cur_u64(c);
        break;
    case HB_PRODUCER_DROPS:
        f->drops = hb_cur_u64(c);
        if (f->drops == 0)
            return -EBADMSG;
        break;
    case HB_PRODUCER_ERROR:
        f->text = hb_cur_take(c, hb_cur_left(c));
        break;
    default:
        return -EBADMSG;
    }
    f->kind = (enum hb_producer_kind)kind;
    return hb_cur_end(c);
}

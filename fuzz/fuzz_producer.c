/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an outside producer may send: a stream of frames, read as intake reads
 * it, with each event decoded; a frame that was read is written again to the
 * same bytes.
 */
#include "event/producer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size) {
        struct hb_producer_frame f;
        ssize_t n = hb_producer_decode(data + at, size - at, &f);

        if (n <= 0)
            break;
        HB_ASSERT((size_t)n <= size - at);
        struct hb_buf b = HB_BUF_INIT;

        hb_producer_encode(&b, &f);
        HB_ASSERT(hb_buf_err(&b) == 0 && b.n == (size_t)n &&
                  memcmp(b.p, data + at, b.n) == 0);
        hb_buf_done(&b);
        if (f.kind == HB_PRODUCER_EVENT) {
            struct hb_arena *a = hb_arena_new(0);
            struct hb_event *e;

            if (a != NULL && hb_event_decode(a, f.text, &e, NULL) == 0 &&
                hb_event_check(e, NULL) < 0)
                e = NULL;
            hb_arena_free(a);
        }
        at += (size_t)n;
    }
    return 0;
}

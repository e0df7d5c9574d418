/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_bus.c - frames between a role and core.  An answer that is accepted is
 * what the encoder writes; what a frame carries lies inside it.
 */
#include "event/bus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum hb_bus_kind kind;
    struct hb_slice json = {NULL, 0};
    uint64_t seq;
    uint8_t ack[10];

    if (hb_bus_frame_decode(data, size, &kind, &seq, &json) < 0)
        return 0;
    HB_ASSERT(seq != 0 && json.n + 10 == size);
    HB_ASSERT(json.n == 0 || (const uint8_t *)json.p == data + 10);
    if (kind == HB_BUS_ACK) {
        HB_ASSERT(hb_bus_ack_encode(seq, ack) == size);
        HB_ASSERT(memcmp(ack, data, size) == 0);
    }
    return 0;
}

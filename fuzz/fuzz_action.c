/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_action.c - requests to the privileged helper and its answers.  What is
 * accepted is exactly what the encoder writes: there is one form of each.
 */
#include "event/action.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    struct hb_request request;
    struct hb_reply reply;

    if (hb_request_decode(&request, data, size) == 0) {
        HB_ASSERT(hb_request_encode(&request, buf) == size);
        HB_ASSERT(memcmp(buf, data, size) == 0);
        HB_ASSERT(hb_action_name(request.action)[0] != '?');
    }
    if (hb_reply_decode(&reply, data, size) == 0) {
        HB_ASSERT(hb_reply_encode(&reply, buf) == size);
        HB_ASSERT(memcmp(buf, data, size) == 0);
    }
    return 0;
}

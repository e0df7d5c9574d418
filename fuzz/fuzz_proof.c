/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_proof.c - the reader of proofs.  It takes only what the writer writes:
 * whatever decodes encodes to the very same bytes.
 */
#include "casebook/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = hb_slice((const char *)data, size);
    struct hb_arena *a = hb_arena_new(0);
    struct hb_buf again = HB_BUF_INIT;
    struct hb_proof *p = NULL;
    struct hb_err err = {0};

    if (a == NULL)
        return 0;
    if (hb_proof_decode(a, text, &p, &err) == 0) {
        HB_ASSERT(hb_proof_encode(&again, p) == 0);
        HB_ASSERT(hb_slice_eq(hb_buf_slice(&again), text));
    } else {
        HB_ASSERT(p == NULL);
    }
    hb_buf_done(&again);
    hb_arena_free(a);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_approval.c - what a person signed, as it reaches the helper before its
 * signature was checked: approvals (binary) and reflexes (JSON).
 */
#include "base/clock.h"
#include "respond/approval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct hb_reflex again, x;
    struct hb_request r = {.action = HB_ACT_FILE_RESTORE, .site = 1};
    struct hb_buf b = HB_BUF_INIT;
    struct hb_approval a;
    struct hb_pub *pub = NULL;
    static const uint8_t raw[HB_PUB_SIZE] = {1};

    if (hb_approval_parse(&a, data, size) == 0) {
        HB_ASSERT(a.signed_len + HB_SIG_SIZE == size);
        if (hb_pub_from_raw(raw, &pub) == 0) {
            /* Nobody has that key: nothing may pass. */
            HB_ASSERT(hb_approval_check(&a, data, &r, hb_slice("", 0), pub,
                                        hb_now()) < 0);
            hb_pub_free(pub);
        }
    }
    if (hb_reflex_parse(hb_slice((const char *)data, size), &x, NULL) == 0) {
        hb_reflex_write(&b, &x);
        HB_ASSERT(hb_buf_err(&b) == 0);
        HB_ASSERT(hb_reflex_parse(hb_buf_slice(&b), &again, NULL) == 0);
        HB_ASSERT(again.actions == x.actions && again.rate == x.rate &&
                  again.n_sites == x.n_sites);
    }
    hb_buf_done(&b);
    return 0;
}

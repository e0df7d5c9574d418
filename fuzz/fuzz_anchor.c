/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_anchor.c - checkpoints in mails that relays and people changed.  Each
 * one that is found must be found again in what we write of it, and only it;
 * the decoders give no more than they got.
 */
#include "base/mime.h"
#include "incident/evidence_anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct hb_evid_anchor *c);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = {(const char *)data, size};
    struct hb_evid_anchor found[8];
    struct hb_buf b = HB_BUF_INIT, back = HB_BUF_INIT;
    int n = hb_evid_anchors(text, found, HB_ARRAY_LEN(found));

    HB_ASSERT(n >= 0 || n == -EFBIG);
    for (int i = 0; i < n; i++)
        again(&found[i]);
    hb_qp_decode(&b, text);
    HB_ASSERT(b.n <= size);
    hb_buf_reset(&b);
    if (hb_base64_decode(&b, text) == 0)
        HB_ASSERT(b.n <= size);
    hb_buf_reset(&b);
    hb_base64_encode(&b, data, size);
    HB_ASSERT(hb_base64_decode(&back, hb_buf_slice(&b)) == 0);
    HB_ASSERT(hb_slice_eq(hb_buf_slice(&back), text));
    hb_buf_done(&b);
    hb_buf_done(&back);
    return 0;
}

static void again(const struct hb_evid_anchor *c)
{
    struct hb_buf line = HB_BUF_INIT, lines = HB_BUF_INIT, last = HB_BUF_INIT;
    struct hb_evid_anchor got;

    hb_evid_anchor_text(&line, c);
    HB_ASSERT(hb_evidence_anchor_lines(&lines, hb_buf_slice(&line)) == 0);
    HB_ASSERT(hb_evid_anchors(hb_buf_slice(&lines), &got, 1) == 1);
    hb_evid_anchor_text(&last, &got);
    HB_ASSERT(hb_slice_eq(hb_buf_slice(&line), hb_buf_slice(&last)));
    hb_buf_done(&line);
    hb_buf_done(&lines);
    hb_buf_done(&last);
}

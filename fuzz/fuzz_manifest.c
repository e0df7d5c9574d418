/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_manifest.c - a baseline as text, past the signature that guards it.
 * Whatever is accepted has one way to be written: its paths, escaped again,
 * stand in the text, each at the end of its line.
 */
#include "baseline/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(struct hb_slice text, struct hb_slice path)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf back = HB_BUF_INIT;

    hb_buf_addz(&b, "  ");
    if (path.n == 0)
        hb_buf_addc(&b, '.');
    hb_path_escape(&b, path, 0x20);
    HB_ASSERT(hb_path_unescape(hb_slice(b.p + 2, path.n == 0 ? 0 : b.n - 2),
                               &back, 0x20) == 0);
    HB_ASSERT(hb_slice_eq(hb_buf_slice(&back), path));
    hb_buf_addc(&b, '\n');
    if (hb_buf_err(&b) == 0)
        HB_ASSERT(memmem(text.p, text.n, b.p, b.n) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = hb_slice((const char *)data, size);
    struct hb_manifest_head head = {0};
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};
    int r = hb_manifest_parse(text, &head, &b, &err);

    HB_ASSERT((r == 0) == (b != NULL));
    if (r < 0)
        return 0;
    HB_ASSERT(hb_baseline_number(b) == head.number);
    HB_ASSERT(hb_streq(hb_baseline_site(b), head.site));
    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        struct hb_base_entry e;

        HB_ASSERT(hb_baseline_get(b, i, &e) == 0);
        HB_ASSERT(e.uid == head.uid && e.gid == head.gid && e.xattrs.n == 0);
        check_path(text, e.path);
    }
    hb_baseline_free(b);
    return 0;
}

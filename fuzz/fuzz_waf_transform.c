/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_transform.c - every transformation on bytes of a stranger; the
 * first byte chooses a second one for the result.
 */
#include "guard/waf/transform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool touched(const struct hb_waf_bytes *b, struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (hb_waf_bytes_has(b, (uint8_t)s.p[i]))
            return true;
    return b->always;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);

    if (a == NULL || size == 0) {
        hb_arena_free(a);
        return 0;
    }
    for (unsigned t = 0; t < HB_WAF_T_COUNT; t++) {
        struct hb_slice in = {(const char *)data + 1, size - 1}, one, two;
        enum hb_waf_t then = (enum hb_waf_t)(data[0] % HB_WAF_T_COUNT);

        if (hb_waf_transform(t, a, in, &one) < 0)
            continue;
        HB_ASSERT(touched(hb_waf_transform_touches(t), in) ||
                  (one.p == in.p && one.n == in.n));
        if (t != HB_WAF_T_LENGTH && in.n > 0 && hb_slice_eq(one, in))
            HB_ASSERT(one.p == in.p);
        if (hb_waf_transform(then, a, one, &two) < 0)
            continue;
        /* Every byte of a result is there to be read. */
        (void)touched(hb_waf_transform_touches(HB_WAF_T_LOWERCASE), two);
        hb_arena_reset(a);
    }
    hb_arena_free(a);
    return 0;
}

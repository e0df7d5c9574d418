/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_json.c - JSON bodies.  Values are no longer than the body, every
 * name begins with "json", and what is broken says why.
 */
#include "guard/waf/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {.depth = 20, .arguments = 1000};
    struct hb_waf_body body = {0};
    size_t n = 0;

    HB_ASSERT(hb_waf_body_parse(HB_WAF_BODY_JSON, hb_slice("", 0),
                                hb_slice((const char *)data, size), &limits, a,
                                &body) == 0);
    for (uint32_t i = 0; i < body.args.n; i++) {
        const struct hb_waf_value *v = &body.args.item[i];

        HB_ASSERT(v->name.n >= 4 && memcmp(v->name.p, "json", 4) == 0);
        n += v->value.n;
    }
    HB_ASSERT(n <= size && body.args.n <= 1000);
    HB_ASSERT(body.broken == (body.why[0] != '\0'));
    HB_ASSERT(body.broken || !body.limit);
    hb_arena_free(a);
    return 0;
}

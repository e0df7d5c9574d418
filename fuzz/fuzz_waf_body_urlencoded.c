/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_body_urlencoded.c - query strings, forms and cookies.  What comes
 * out is no longer than what came in, and a form is read as a query is.
 */
#include "guard/waf/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t total(const struct hb_waf_list *l)
{
    size_t n = 0;

    for (uint32_t i = 0; i < l->n; i++)
        n += l->item[i].name.n + l->item[i].value.n;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice in = {(const char *)data, size};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_list query = {0}, cookies = {0};
    struct hb_waf_body_limits limits = {0};
    struct hb_waf_body body = {0};
    bool bad = false;
    int r = hb_waf_body_query(in, '&', 0, a, &query, &bad);

    HB_ASSERT(r == 0 || r == -EFBIG);
    HB_ASSERT(hb_waf_body_parse(HB_WAF_BODY_URLENCODED, hb_slice("", 0), in,
                                &limits, a, &body) == 0);
    HB_ASSERT(body.limit == (r == -EFBIG) && body.bad_urlcode == bad);
    HB_ASSERT(body.args.n == query.n && total(&query) == total(&body.args));
    HB_ASSERT(total(&query) <= size);
    r = hb_waf_body_cookies(in, a, &cookies);
    HB_ASSERT((r == 0 || r == -EFBIG) && total(&cookies) <= size);
    hb_arena_free(a);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_xml.c - XML bodies.  No more text comes out than three times what
 * came in (one byte of an 8 bit character set), since nothing is expanded.
 */
#include "guard/waf/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {.depth = 20, .arguments = 1000};
    struct hb_waf_body body = {0};
    size_t n;

    HB_ASSERT(hb_waf_body_parse(HB_WAF_BODY_XML, hb_slice("", 0),
                                hb_slice((const char *)data, size), &limits, a,
                                &body) == 0);
    n = body.xml_text.n;
    for (uint32_t i = 0; i < body.xml_attr.n; i++)
        n += body.xml_attr.item[i].value.n;
    HB_ASSERT(n <= 3 * size);
    HB_ASSERT(body.broken == (body.why[0] != '\0'));
    hb_arena_free(a);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_multipart.c - the first line is a Content-Type, the rest a body of
 * multipart/form-data.  Contents lie within the body, and what is broken says
 * why.
 */
#include "guard/waf/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    const char *nl = size > 0 ? memchr(p, '\n', size) : NULL;
    size_t head = nl != NULL ? (size_t)(nl - p) : size;
    struct hb_slice type = {p, head};
    struct hb_slice text = {p + head + (nl != NULL),
                            size - head - (nl != NULL)};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_body_limits limits = {.files = 3};
    struct hb_waf_body body = {0};
    size_t n = 0;

    HB_ASSERT(hb_waf_body_parse(HB_WAF_BODY_MULTIPART, type, text, &limits, a,
                                &body) == 0);
    for (uint32_t i = 0; i < body.args.n; i++)
        n += body.args.item[i].value.n;
    for (uint32_t i = 0; i < body.file_data.n; i++) {
        const struct hb_slice *s = &body.file_data.item[i].value;

        HB_ASSERT(s->p >= text.p && s->p + s->n <= text.p + text.n);
        n += s->n;
    }
    HB_ASSERT(n <= text.n && body.file_bytes <= n);
    HB_ASSERT(body.file_data.n <= 3 && body.file.n <= 2 * body.file_size.n);
    HB_ASSERT(body.broken == (body.why[0] != '\0'));
    for (uint32_t i = 0; i < body.part_header.n; i++)
        HB_ASSERT(body.part_header.item[i].value.n < 4096);
    hb_arena_free(a);
    return 0;
}

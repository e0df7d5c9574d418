/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_gate.c - an expression, a NUL and a value.  Where PCRE2 finds a
 * match the gate has said so; the same for the expression's text as phrases.
 */
#include "guard/waf/gate.h"
#include "guard/waf/pm.h"
#include "guard/waf/rx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool passes(const struct hb_waf_gate *g, uint32_t p, struct hb_slice v)
{
    struct hb_waf_gate_set set;

    hb_waf_gate_scan(g, v, &set);
    return hb_waf_gate_has(&set, p);
}

/* A number of two patterns that are always there, so that it is not 0. */
static struct hb_waf_gate *build(struct hb_slice rx,
                                 const struct hb_slice *phrase, size_t n)
{
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    struct hb_waf_gate *g = NULL;

    HB_ASSERT(b != NULL);
    HB_ASSERT(hb_waf_gate_add_rx(b, HB_SLICE("union\\s+select")) == 0);
    HB_ASSERT(hb_waf_gate_add_rx(b, rx) == 1);
    HB_ASSERT(hb_waf_gate_add_phrases(b, phrase, n) == 2);
    HB_ASSERT(hb_waf_gate_build(b, &g) == 0);
    hb_waf_gate_builder_free(b);
    return g;
}

static size_t words(struct hb_slice s, struct hb_slice *w, size_t max)
{
    size_t n = 0;

    while (s.n > 0 && n < max) {
        const char *bar = memchr(s.p, '|', s.n);
        size_t len = bar != NULL ? (size_t)(bar - s.p) : s.n;

        w[n++] = hb_slice(s.p, len);
        len += bar != NULL;
        s = hb_slice(s.p + len, s.n - len);
    }
    return n;
}

static void phrases(const struct hb_waf_gate *g, const struct hb_slice *w,
                    size_t n, struct hb_slice v)
{
    struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
    struct hb_waf_pm *pm = NULL;

    HB_ASSERT(b != NULL);
    for (size_t i = 0; i < n; i++)
        HB_ASSERT(hb_waf_pm_add(b, w[i]) == 0);
    HB_ASSERT(hb_waf_pm_build(b, &pm) == 0);
    HB_ASSERT(!hb_waf_pm_find(pm, v, NULL) || passes(g, 2, v));
    hb_waf_pm_free(pm);
    hb_waf_pm_builder_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
    struct hb_waf_rx_scratch *s;
    struct hb_waf_rx *rx = NULL;
    struct hb_slice pattern, value, w[16];
    struct hb_waf_gate *g;
    size_t n;

    if (nul == NULL)
        return 0;
    pattern = hb_slice((const char *)data, (size_t)(nul - data));
    value = hb_slice((const char *)nul + 1, size - (size_t)(nul - data) - 1);
    n = words(pattern, w, HB_ARRAY_LEN(w));
    g = build(pattern, w, n);
    phrases(g, w, n, value);
    if (hb_waf_rx_compile(&rx, pattern, NULL) == 0) {
        s = hb_waf_rx_scratch_new(5000, 1000);
        HB_ASSERT(s != NULL);
        if (hb_waf_rx_match(rx, s, value, 0, NULL) == HB_WAF_RX_YES)
            HB_ASSERT(passes(g, 1, value));
        hb_waf_rx_scratch_free(s);
        hb_waf_rx_free(rx);
    }
    hb_waf_gate_free(g);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_gate.c - lines of the web server's log, signed decisions and requests
 * out of a file.  The first byte says which.  Whatever a finding says, the
 * exclusion made of it is one chain of rules that only excludes.
 */
#include "guard/gate/build.h"
#include "guard/gate/finding.h"
#include "guard/gate/patch.h"
#include "guard/waf/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void finding(struct hb_arena *a, struct hb_slice text)
{
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
    _cleanup_waf_rules_ struct hb_waf_rules *rules = NULL;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const struct hb_waf_hit *hits;
    struct hb_gate_finding f;
    struct hb_waf_allow allow;
    struct hb_event *e = NULL;

    if (hb_gate_finding_parse(a, text, &f, NULL) < 0)
        return;
    hits = hb_gate_finding_hits(a, &f, NULL);
    HB_ASSERT(hb_gate_event(a, &f, hits, 2, "gate", &e) == 0);
    HB_ASSERT(hb_event_check(e, NULL) == 0);
    if (hb_gate_finding_allow(a, &f, hits, target, &allow, NULL) < 0)
        return;
    allow.id = HB_GRANT_ALLOW_ID;
    allow.author = allow.reason = HB_SLICE("x");
    allow.from = 1;
    allow.until = 2;
    HB_ASSERT(hb_waf_allow_write(&b, &allow) == 0);
    /* A variable that the engine does not know is no exclusion. */
    if (hb_waf_rules_parse(hb_buf_slice(&b), "x", NULL, &rules, NULL) < 0)
        return;
    HB_ASSERT(rules->n_rule == 4);
    for (uint32_t i = 0; i < 4; i++) {
        HB_ASSERT(rules->rule[i].id == HB_GRANT_ALLOW_ID);
        HB_ASSERT(rules->rule[i].n_ctl == (i == 3 ? allow.n : 0));
        HB_ASSERT(rules->rule[i].n_set == 0);
        for (uint32_t k = 0; k < rules->rule[i].n_ctl; k++)
            HB_ASSERT(rules->rule[i].ctl[k].kind ==
                      HB_WAF_CTL_RULEREMOVETARGETBYID);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_gate_request q;
    struct hb_grant g;
    struct hb_slice text;

    if (size > 0 && a != NULL) {
        text = (struct hb_slice){(const char *)data + 1, size - 1};
        if (data[0] == 'f') {
            finding(a, text);
        } else if (data[0] == 'g') {
            (void)!hb_grant_parse(a, text, &g, NULL);
        } else if (data[0] == 'p') {
            (void)!hb_patch_check(text, "x", NULL);
        } else if (hb_gate_request_parse(text, &q, NULL) == 0) {
            HB_ASSERT(q.method.n > 0 && q.n <= HB_GATE_HEADERS);
            HB_ASSERT(q.body.n <= text.n);
        }
    }
    hb_arena_free(a);
    return 0;
}

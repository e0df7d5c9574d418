/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_seclang.c - rule sets that a stranger wrote.  What is taken holds what
 * the engine relies on; what is not has a place in the text.
 */
#include "guard/waf/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct hb_waf_text *t)
{
    size_t n = 0;

    for (uint32_t i = 0; i < t->n; i++) {
        const struct hb_waf_part *p = &t->part[i];

        HB_ASSERT(!p->macro || p->coll < HB_WAF_VAR_COUNT);
        n += p->text.n;
    }
    HB_ASSERT(n <= t->raw.n);
}

static void check_vars(const struct hb_waf_var *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        HB_ASSERT(v[i].coll < HB_WAF_VAR_COUNT);
        HB_ASSERT((v[i].sel == HB_WAF_SEL_ALL) == (v[i].key.n == 0));
        HB_ASSERT(hb_waf_coll_kind(v[i].coll) != HB_WAF_COLL_ONE ||
                  v[i].sel == HB_WAF_SEL_ALL);
    }
}

static void check_rule(const struct hb_waf_rules *rules, uint32_t i)
{
    const struct hb_waf_rule *r = &rules->rule[i];
    uint32_t end = rules->first[r->phase + 1];

    HB_ASSERT(r->id != 0 && r->seq < rules->n_seq);
    HB_ASSERT(r->unconditional == (r->n_var == 0));
    HB_ASSERT(r->skip_to == HB_WAF_NO_SKIP ||
              (r->skip_to > i && r->skip_to <= end));
    HB_ASSERT(r->skip_to == HB_WAF_NO_SKIP || r->skip_to == end ||
              !rules->rule[r->skip_to].link);
    HB_ASSERT(r->chains == (i + 1 < end && rules->rule[i + 1].link));
    HB_ASSERT(!r->link || (i > rules->first[r->phase] && r[-1].id == r->id));
    check_vars(r->var, r->n_var);
    check_vars(r->ex, r->n_ex);
    check_text(&r->op.arg);
    check_text(&r->msg);
    check_text(&r->logdata);
    for (uint32_t k = 0; k < r->n_tag; k++)
        check_text(&r->tag[k]);
    for (uint32_t k = 0; k < r->n_set; k++) {
        check_text(&r->set[k].name);
        check_text(&r->set[k].value);
    }
    for (uint32_t k = 0; k < r->n_ctl; k++)
        HB_ASSERT(r->ctl[k].kind < HB_WAF_CTL_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice text = hb_slice((const char *)data, size);
    struct hb_waf_rules *rules = NULL;
    struct hb_err err = {0};
    int r = hb_waf_rules_parse(text, "x.conf", NULL, &rules, &err);

    if (r < 0) {
        HB_ASSERT(rules == NULL && err.code == r && err.message[0] != '\0');
        HB_ASSERT(r != -EBADMSG || (err.line >= 1 && err.column >= 1));
        return 0;
    }
    HB_ASSERT(rules->first[1] == 0);
    HB_ASSERT(rules->first[HB_WAF_PHASES + 1] == rules->n_rule);
    for (uint32_t i = 0; i < rules->n_rule; i++)
        check_rule(rules, i);
    hb_waf_rules_free(rules);
    return 0;
}

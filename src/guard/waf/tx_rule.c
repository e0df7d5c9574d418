/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx_rule.c - the rules of a phase over a request.
 *
 * Order and effects are ModSecurity 3's: each value that matches runs setvar
 * and capture at once; the rest of what a rule does runs when its whole chain
 * matched.  What is faster is left out only where it cannot be seen: a rule
 * whose pattern the gate rules out for all values is not begun.
 */
#include "guard/waf/tx.h"

#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"

#define BUDGET_STEP (256u << 10) /* bytes between two looks at the clock */
#define BUDGET_MS   42u          /* CPU of a request */

static bool ended(const struct hb_waf_tx *tx);
static int in_time(struct hb_waf_tx *tx, uint64_t begin);
static int chain(struct hb_waf_tx *tx, uint32_t at, uint32_t *next);
static int link_(struct hb_waf_tx *tx, uint32_t at, bool *matched);
static bool ruled_out(struct hb_waf_tx *tx, const struct hb_waf_code *c);
static const uint64_t *pair(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                            uint32_t node);
static int look(struct hb_waf_tx *tx, uint32_t at,
                const struct hb_waf_target *t, struct hb_slice arg,
                bool *matched);
static bool selects(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                    const struct hb_waf_value *v);
static int count(struct hb_waf_tx *tx, uint32_t at,
                 const struct hb_waf_target *t, struct hb_slice arg,
                 bool *matched);
static bool excluded(struct hb_waf_tx *tx, uint32_t at,
                     const struct hb_waf_target *t, struct hb_slice name);
static bool spared(const struct hb_waf_value *v, uint32_t at);
static int value_(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                  enum hb_waf_coll coll, struct hb_slice name,
                  struct hb_slice value, uint32_t *cell, struct hb_slice arg,
                  bool *matched);
static int steps(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                 enum hb_waf_coll coll, struct hb_slice name,
                 struct hb_slice value, uint32_t *cell, struct hb_slice arg,
                 bool *matched);
static int try_(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                struct hb_waf_form *f, enum hb_waf_coll coll,
                struct hb_slice name, struct hb_slice raw, struct hb_slice arg,
                bool *matched);
static int match(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                 enum hb_waf_coll coll, struct hb_slice name,
                 struct hb_slice value, struct hb_slice raw);
static int full_name(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                     struct hb_slice name, struct hb_slice *ret);
static int capture(struct hb_waf_tx *tx);
static uint64_t cpu_now(void);

int hb_waf_run(struct hb_waf_tx *tx, uint8_t phase)
{
    const struct hb_waf_rules *rules = tx->waf->rules;
    uint32_t at = rules->first[phase], end = rules->first[phase + 1];
    uint64_t begin = cpu_now();
    int r = 0;

    tx->phase = phase;
    tx->allow = tx->allow == HB_WAF_DO_ALLOW_PHASE ? HB_WAF_DO_PASS : tx->allow;
    /* New values came in: the summaries are of the phase before. */
    memset(tx->pair, 0, tx->waf->n_pair * sizeof(const uint64_t *));
    tx->work = 0;
    tx->work_next = BUDGET_STEP;
    while (at < end && r == 0 && !ended(tx)) {
        uint32_t next = at + 1;

        r = chain(tx, at, &next);
        if (tx->stopped && phase != 5)
            break;
        if (r == 0 && tx->work >= tx->work_next)
            r = in_time(tx, begin);
        at = next;
    }
    tx->cpu += cpu_now() - begin;
    return r < 0 ? hb_waf_failed(tx, r) : tx->stopped && phase != 5;
}

/* Whether an `allow` leaves no more to do in this phase. */
static bool ended(const struct hb_waf_tx *tx)
{
    return tx->allow != HB_WAF_DO_PASS && tx->phase != 5 &&
           (tx->allow != HB_WAF_DO_ALLOW_REQUEST || tx->phase <= 2);
}

/* 1 where time is up: nothing more of this phase is looked at. */
static int in_time(struct hb_waf_tx *tx, uint64_t begin)
{
    uint32_t ms = tx->waf->options.budget_ms;

    tx->work_next = tx->work + BUDGET_STEP;
    if (tx->cpu + cpu_now() - begin <= (ms != 0 ? ms : BUDGET_MS) * HB_MS)
        return 0;
    hb_waf_limit(tx, 403, _("time to judge"));
    return 1;
}

/* The rule at AT and the links of its chain; *NEXT is the rule to go on with.
 */
static int chain(struct hb_waf_tx *tx, uint32_t at, uint32_t *next)
{
    const struct hb_waf *w = tx->waf;
    uint32_t end = at, i = at;
    bool matched = true;
    int r = 0;

    while (w->rules->rule[end].chains)
        end++;
    *next = end + 1;
    if (tx->off != NULL && (tx->off[at / 64] >> (at % 64) & 1) != 0)
        return 0;
    if (w->code[at].gated && ruled_out(tx, &w->code[at]))
        return 0;
    tx->matched.n = tx->matched_names.n = 0;
    for (; i <= end && matched && r == 0; i++) {
        r = link_(tx, i, &matched);
        if (r == 0 && matched && i == at)
            hb_waf_act_head(tx, &w->code[i]);
    }
    if (r < 0 || !matched)
        return r;
    /* From the last link to the head, as they return. */
    while (i-- > at && r == 0)
        r = hb_waf_act_once(tx, &w->code[i]);
    if (r == 0 && w->rules->rule[at].skip_to != HB_WAF_NO_SKIP)
        *next = w->rules->rule[at].skip_to;
    return r;
}

/* One rule of a chain over all that it looks at. */
static int link_(struct hb_waf_tx *tx, uint32_t at, bool *matched)
{
    const struct hb_waf_code *c = &tx->waf->code[at];
    struct hb_slice arg = {"", 0};
    int r = 0;

    *matched = false;
    tx->looked = NULL;
    if (c->op == NULL) {
        *matched = true;
        return hb_waf_act_each(tx, c);
    }
    if (c->rule->op.arg.n > 0)
        r = hb_waf_expand(tx, &c->rule->op.arg, c->rule, &arg);
    for (uint32_t i = 0; i < c->rule->n_var && r == 0; i++)
        r = c->var[i].count ? count(tx, at, &c->var[i], arg, matched)
                            : look(tx, at, &c->var[i], arg, matched);
    return r;
}

/* Whether the gate says that no value can match. */
static bool ruled_out(struct hb_waf_tx *tx, const struct hb_waf_code *c)
{
    if (tx->waf->options.no_cache)
        return false;
    for (uint32_t i = 0; i < c->rule->n_var; i++) {
        const uint64_t *all;

        if (c->var[i].pair == 0)
            return false;
        all = pair(tx, &c->var[i], c->node);
        if (all == NULL || (all[c->pattern >> 6] >> (c->pattern & 63) & 1) != 0)
            return false;
    }
    return true;
}

/* What the gate says of all values of T at NODE together; NULL: nothing is
 * known (memory is short: the values are then asked one by one). */
static const uint64_t *pair(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                            uint32_t node)
{
    struct hb_waf_span span[HB_WAF_SPANS];
    struct hb_waf_list one;
    uint32_t words = tx->waf->gate_words;
    uint64_t *all;
    unsigned n;

    if (tx->pair[t->pair] != NULL)
        return tx->pair[t->pair];
    all = HB_NEW_N(tx->arena, uint64_t, words);
    if (all == NULL)
        return NULL;
    n = hb_waf_spans(tx, t->coll, t->key, &one, span);
    for (unsigned s = 0; s < n; s++)
        for (uint32_t i = 0; i < span[s].list->n; i++) {
            struct hb_waf_value *v = &span[s].list->item[i];
            struct hb_waf_form *f;
            const uint64_t *g;

            if (t->sel == HB_WAF_SEL_KEY && !hb_waf_name_eq(t->key, v->name))
                continue;
            f = span[s].names ? hb_waf_form(tx, v->name, &v->name_cell, node)
                              : hb_waf_form(tx, v->value, &v->cell, node);
            g = f != NULL ? hb_waf_form_gate(tx, f) : NULL;
            if (g == NULL)
                return NULL;
            for (uint32_t k = 0; k < words; k++)
                all[k] |= g[k];
        }
    return tx->pair[t->pair] = all;
}

static int look(struct hb_waf_tx *tx, uint32_t at,
                const struct hb_waf_target *t, struct hb_slice arg,
                bool *matched)
{
    const struct hb_waf_code *c = &tx->waf->code[at];
    struct hb_waf_span span[HB_WAF_SPANS];
    struct hb_waf_list one;
    unsigned n;
    int r = 0;

    if (t->coll == HB_WAF_VAR_TX && t->sel == HB_WAF_SEL_KEY) {
        struct hb_waf_value *v = hb_waf_var(tx, t->coll, t->slot, t->key);

        if (v == NULL || excluded(tx, at, t, v->name))
            return 0;
        return value_(tx, c, t->coll, v->name, v->value, &v->cell, arg,
                      matched);
    }
    if (c->gated && t->pair != 0 && !tx->waf->options.no_cache) {
        const uint64_t *all = pair(tx, t, c->node);

        if (all != NULL && (all[c->pattern >> 6] >> (c->pattern & 63) & 1) == 0)
            return 0;
    }
    n = hb_waf_spans(tx, t->coll, t->key, &one, span);
    for (unsigned s = 0; s < n; s++)
        /* What a rule matches may change the list it looks at. */
        for (uint32_t i = 0, end = span[s].list->n;
             i < HB_MIN(end, span[s].list->n) && r == 0; i++) {
            struct hb_waf_value *v = &span[s].list->item[i];

            if (!selects(tx, t, v) || excluded(tx, at, t, v->name) ||
                (!span[s].names && spared(v, at)))
                continue;
            tx->looked = span[s].names ? NULL : v;
            r = span[s].names ? value_(tx, c, t->coll, v->name, v->name,
                                       &v->name_cell, arg, matched)
                              : value_(tx, c, t->coll, v->name, v->value,
                                       &v->cell, arg, matched);
            tx->looked = NULL;
        }
    return r;
}

/* A value in TX has its slot where others have a note of their name. */
static bool selects(struct hb_waf_tx *tx, const struct hb_waf_target *t,
                    const struct hb_waf_value *v)
{
    return t->slots != NULL && v->name_cell != 0
               ? t->slots[v->name_cell]
               : hb_waf_target_has(tx, t, v->name);
}

/* &VAR: how many there are. */
static int count(struct hb_waf_tx *tx, uint32_t at,
                 const struct hb_waf_target *t, struct hb_slice arg,
                 bool *matched)
{
    struct hb_waf_span span[HB_WAF_SPANS];
    struct hb_waf_list one;
    struct hb_slice text;
    uint64_t sum = 0;
    uint32_t cell = 0;
    unsigned n;

    if (t->coll == HB_WAF_VAR_TX && t->sel == HB_WAF_SEL_KEY) {
        sum = hb_waf_var(tx, t->coll, t->slot, t->key) != NULL;
    } else {
        n = hb_waf_spans(tx, t->coll, t->key, &one, span);
        for (unsigned s = 0; s < n; s++)
            for (uint32_t i = 0; i < span[s].list->n; i++)
                sum += selects(tx, t, &span[s].list->item[i]);
    }
    if (excluded(tx, at, t, t->key))
        return 0;
    text = hb_waf_digits(tx, sum);
    if (text.p == NULL)
        return -ENOMEM;
    return value_(tx, &tx->waf->code[at], t->coll, t->key, text, &cell, arg,
                  matched);
}

/* By the rule itself, or by a ctl that ran. */
static bool excluded(struct hb_waf_tx *tx, uint32_t at,
                     const struct hb_waf_target *t, struct hb_slice name)
{
    const struct hb_waf_code *c = &tx->waf->code[at];

    for (uint32_t i = 0; i < c->rule->n_ex; i++)
        if (c->ex[i].coll == t->coll && hb_waf_target_has(tx, &c->ex[i], name))
            return true;
    for (const struct hb_waf_without *w = tx->without; w != NULL; w = w->next)
        if ((w->rules[at / 64] >> (at % 64) & 1) != 0 &&
            w->target->coll == t->coll &&
            hb_waf_target_has(tx, w->target, name))
            return true;
    return false;
}

static bool spared(const struct hb_waf_value *v, uint32_t at)
{
    const struct hb_waf_spared *s = v->spared;

    while (s != NULL && (s->rules[at / 64] >> (at % 64) & 1) == 0)
        s = s->next;
    return s != NULL;
}

static int value_(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                  enum hb_waf_coll coll, struct hb_slice name,
                  struct hb_slice value, uint32_t *cell, struct hb_slice arg,
                  bool *matched)
{
    struct hb_waf_form *f;

    if (c->rule->multimatch)
        return steps(tx, c, coll, name, value, cell, arg, matched);
    f = hb_waf_form(tx, value, cell, c->node);
    return f != NULL ? try_(tx, c, f, coll, name, value, arg, matched)
                     : -ENOMEM;
}

/* multiMatch: the value as it came, and after each transformation that changed
 * it. */
static int steps(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                 enum hb_waf_coll coll, struct hb_slice name,
                 struct hb_slice value, uint32_t *cell, struct hb_slice arg,
                 bool *matched)
{
    uint32_t path[64], n = 0;
    struct hb_slice last = {NULL, 0};
    int r = 0;

    for (uint32_t at = c->node; at != 0 && n + 1 < HB_ARRAY_LEN(path);
         at = tx->waf->node[at].parent)
        path[n++] = at;
    path[n++] = 0;
    while (n-- > 0 && r == 0) {
        struct hb_waf_form *f = hb_waf_form(tx, value, cell, path[n]);

        if (f == NULL)
            return -ENOMEM;
        if (path[n] != 0 && hb_slice_eq(f->text, last))
            continue;
        last = f->text;
        r = try_(tx, c, f, coll, name, value, arg, matched);
    }
    return r;
}

static int try_(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                struct hb_waf_form *f, enum hb_waf_coll coll,
                struct hb_slice name, struct hb_slice raw, struct hb_slice arg,
                bool *matched)
{
    int r;

    if (c->gated) {
        const uint64_t *g = hb_waf_form_gate(tx, f);

        if (g == NULL)
            return -ENOMEM;
        if ((g[c->pattern >> 6] >> (c->pattern & 63) & 1) == 0)
            return 0;
    }
    tx->work += f->text.n;
    r = hb_waf_op_match(c->op, &tx->thread->match, f->text, arg);
    if (r < 0)
        return r == -EINVAL ? 0 : r;
    if (r == HB_WAF_OP_LIMIT) {
        hb_waf_one(tx, HB_WAF_VAR_MSC_PCRE_LIMITS_EXCEEDED, HB_SLICE("1"));
        hb_waf_limit(tx, 403, _("steps of a regular expression"));
        return hb_waf_var_set(tx, HB_WAF_VAR_TX, 0,
                              HB_SLICE("MSC_PCRE_LIMITS_EXCEEDED"),
                              HB_SLICE("1"));
    }
    if ((r == HB_WAF_OP_YES) == c->rule->op.negated)
        return 0;
    *matched = true;
    return match(tx, c, coll, name, f->text, raw);
}

static int match(struct hb_waf_tx *tx, const struct hb_waf_code *c,
                 enum hb_waf_coll coll, struct hb_slice name,
                 struct hb_slice value, struct hb_slice raw)
{
    struct hb_slice full;
    int r = full_name(tx, coll, name, &full);

    tx->match_coll = coll;
    tx->match_key = name;
    tx->match_value = value;
    tx->match_raw = raw;
    if (r < 0)
        return r;
    hb_waf_one(tx, HB_WAF_VAR_MATCHED_VAR, value);
    hb_waf_one(tx, HB_WAF_VAR_MATCHED_VAR_NAME, full);
    r = hb_waf_list_add(&tx->matched, tx->arena, full, value);
    if (r == 0) {
        tx->matched.item[tx->matched.n - 1].name_cell = coll;
        r = hb_waf_list_add(&tx->matched_names, tx->arena, full, full);
    }
    if (r < 0 && r != -EFBIG)
        return r;
    if (c->rule->capture && (r = capture(tx)) < 0)
        return r;
    return hb_waf_act_each(tx, c);
}

/* "ARGS:q"; the variable's name alone where it has one value. */
static int full_name(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                     struct hb_slice name, struct hb_slice *ret)
{
    struct hb_slice of = hb_slice_z(hb_waf_coll_name(coll));
    size_t n = HB_MIN(name.n, HB_WAF_TX_TEXT);
    char *p;

    *ret = of;
    if (n == 0)
        return 0;
    p = hb_arena_alloc(tx->arena, of.n + 1 + n);
    if (p == NULL)
        return -ENOMEM;
    memcpy(p, of.p, of.n);
    p[of.n] = ':';
    memcpy(p + of.n + 1, name.p, n);
    *ret = hb_slice(p, of.n + 1 + n);
    return 0;
}

/* TX.0 to TX.9: those that took no part are gone.  Of a detector TX.0 is its
 * reading of the value. */
static int capture(struct hb_waf_tx *tx)
{
    static const char digit[] = "0123456789";
    struct hb_waf_rx_groups *g = &tx->thread->match.groups;
    const char *why = tx->thread->match.why;

    if (g->n == 0 && *why != '\0') {
        g->group[0] = hb_slice_z(hb_arena_strdup(tx->arena, why));
        if (g->group[0].p == NULL)
            return -ENOMEM;
        g->n = 1;
    }

    for (uint32_t i = 0; i < HB_WAF_GROUPS && g->n > 0; i++) {
        struct hb_slice name = {digit + i, 1};
        int r = 0;

        if (i < g->n && g->group[i].p != NULL)
            r = hb_waf_var_set(tx, HB_WAF_VAR_TX, i + 1, name, g->group[i]);
        else if (tx->slot[i + 1] != 0)
            r = hb_waf_var_set(tx, HB_WAF_VAR_TX, i + 1, name, hb_slice("", 0));
        if (r < 0)
            return r;
    }
    return 0;
}

static uint64_t cpu_now(void)
{
    struct timespec ts = {0};

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return (uint64_t)ts.tv_sec * HB_S + (uint64_t)ts.tv_nsec;
}

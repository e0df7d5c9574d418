/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine_compile.c - from the model of a rule set (rule.h) to what runs.
 */
#include "guard/waf/engine.h"

#include "base/file.h"
#include "base/i18n.h"
#include "guard/waf/rules.h"
#include "guard/waf/sqli.h"
#include "guard/waf/xss.h"

#define NODES_MAX 4096u
#define SLOTS_MAX 65536u
#define UMAP_MAX  (1u << 20)

struct compile {
    struct hb_waf *w;
    struct hb_err *err;
    struct hb_waf_gate_builder *gate;
    uint32_t *seq_node; /* of each sequence */
    struct hb_map *pairs;
};

static int unicode_map(struct compile *c);
static void touches(struct hb_waf *w);
static int nodes(struct compile *c);
static int node_add(struct compile *c, uint32_t parent, enum hb_waf_t t,
                    uint32_t *ret);
static int rules(struct compile *c);
static int rule(struct compile *c, struct hb_waf_code *code,
                struct hb_waf_rule *r);
static int names(struct compile *c, struct hb_waf_rule *r);
static int text_names(struct compile *c, struct hb_waf_text *t);
static int slot(struct compile *c, struct hb_slice name, uint32_t *ret);
static int slots_of(struct compile *c);
static int slots_of_one(struct compile *c, struct hb_waf_rx_scratch *s,
                        struct hb_waf_target *t);
static int targets(struct compile *c, const struct hb_waf_rule *r,
                   const struct hb_waf_var *var, uint32_t n,
                   struct hb_waf_target **ret);
static int target(struct compile *c, const struct hb_waf_rule *r,
                  const struct hb_waf_var *var, struct hb_waf_target *ret);
static int operator_(struct compile *c, struct hb_waf_code *code,
                     const struct hb_waf_rule *r);
static int pairs(struct compile *c, struct hb_waf_code *code);
static int ctls(struct compile *c, struct hb_waf_code *code,
                const struct hb_waf_rule *r);
static bool ctl_names(const struct hb_waf_ctl *ctl,
                      const struct hb_waf_rule *r);
static int nomem(struct compile *c);

int hb_waf_compile(struct hb_waf *w, struct hb_err *err)
{
    struct compile c = {.w = w, .err = err};
    int r;

    w->off_words = (w->rules->n_rule + 63) / 64;
    w->n_pair = 1;
    w->n_slot = 1 + HB_WAF_GROUPS;
    c.pairs = hb_map_new();
    if (c.pairs == NULL)
        return nomem(&c);
    if (!w->options.no_gate)
        c.gate = hb_waf_gate_builder_new();
    r = !w->options.no_gate && c.gate == NULL ? nomem(&c) : unicode_map(&c);
    touches(w);
    if (r == 0)
        r = nodes(&c);
    if (r == 0)
        r = rules(&c);
    if (r == 0)
        r = slots_of(&c);
    if (r == 0 && c.gate != NULL) {
        r = hb_waf_gate_build(c.gate, &w->gate);
        if (r == 0)
            w->gate_words = hb_waf_gate_words(w->gate);
        else
            r = nomem(&c);
    }
    hb_waf_gate_builder_free(c.gate);
    hb_map_free(c.pairs);
    return r;
}

void hb_waf_code_done(struct hb_waf *w)
{
    for (uint32_t i = 0; w->code != NULL && i < w->rules->n_rule; i++) {
        struct hb_waf_code *c = &w->code[i];
        const struct hb_waf_rule *r = c->rule;

        hb_waf_op_free(c->op);
        for (uint32_t k = 0; c->var != NULL && k < r->n_var; k++)
            hb_waf_rx_free(c->var[k].rx);
        for (uint32_t k = 0; c->ex != NULL && k < r->n_ex; k++)
            hb_waf_rx_free(c->ex[k].rx);
        for (uint32_t k = 0; c->ctl_target != NULL && k < r->n_ctl; k++)
            hb_waf_rx_free(c->ctl_target[k].rx);
    }
}

bool hb_waf_fold(struct hb_slice name, char buf[HB_WAF_TX_NAME],
                 struct hb_slice *ret)
{
    if (name.n > HB_WAF_TX_NAME)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        unsigned ch = (uint8_t)name.p[i];

        buf[i] = (char)(ch - 'A' < 26u ? ch | 0x20 : ch);
    }
    *ret = hb_slice(buf, name.n);
    return true;
}

/* TX.0 to TX.9 are slots 1 to 10 in any set. */
uint32_t hb_waf_slot(const struct hb_waf *w, struct hb_slice name)
{
    char buf[HB_WAF_TX_NAME];
    struct hb_slice key;

    if (name.n == 1 && (uint8_t)(name.p[0] - '0') < HB_WAF_GROUPS)
        return 1 + (uint32_t)(name.p[0] - '0');
    if (!hb_waf_fold(name, buf, &key))
        return 0;
    return (uint32_t)(uintptr_t)hb_map_get(w->slots, key);
}

/* Debian ships no unicode.mapping with the rules; a set that names one which
 * is not there is wrong, not ignored. */
static int unicode_map(struct compile *c)
{
    const struct hb_waf_settings *s = &c->w->rules->settings;
    const char *path;
    struct hb_slice text;
    int r;

    if (s->unicode_map.n == 0)
        return 0;
    path = hb_arena_dup(c->w->arena, s->unicode_map.p, s->unicode_map.n);
    if (path == NULL)
        return nomem(c);
    r = hb_file_read(c->w->arena, path, UMAP_MAX, &text);
    if (r < 0)
        return hb_err_set(c->err, r, _("cannot read %s"), path);
    return hb_waf_umap_parse(c->w->arena, text, (unsigned)s->unicode_page,
                             &c->w->umap, c->err);
}

static void touches(struct hb_waf *w)
{
    HB_ASSERT(HB_WAF_T_COUNT <= 64);
    for (unsigned t = 0; t < HB_WAF_T_COUNT; t++) {
        const struct hb_waf_bytes *b =
            hb_waf_transform_touches((enum hb_waf_t)t);
        uint64_t bit = UINT64_C(1) << t;

        if (b->always)
            w->always |= bit;
        for (unsigned ch = 0; ch < 256; ch++)
            if (hb_waf_bytes_has(b, (uint8_t)ch))
                w->touch[ch] |= bit;
    }
}

/* The sequences share their beginnings. */
static int nodes(struct compile *c)
{
    struct hb_waf *w = c->w;
    uint32_t room = 1;

    for (uint32_t i = 0; i < w->rules->n_seq; i++)
        room += w->rules->seq[i].n;
    if (room > NODES_MAX)
        return hb_err_set(c->err, -EFBIG,
                          _("too many different transformations"));
    w->node = HB_NEW_N(w->arena, struct hb_waf_node, room);
    c->seq_node = HB_NEW_N(w->arena, uint32_t, w->rules->n_seq + 1);
    if (w->node == NULL || c->seq_node == NULL)
        return nomem(c);
    w->n_node = 1;
    for (uint32_t i = 0; i < w->rules->n_seq; i++) {
        const struct hb_waf_seq *s = &w->rules->seq[i];
        uint32_t at = 0;

        for (uint32_t k = 0; k < s->n; k++)
            if (node_add(c, at, (enum hb_waf_t)s->t[k], &at) < 0)
                return nomem(c);
        c->seq_node[i] = at;
    }
    return 0;
}

static int node_add(struct compile *c, uint32_t parent, enum hb_waf_t t,
                    uint32_t *ret)
{
    struct hb_waf *w = c->w;
    struct hb_waf_node *n;

    for (uint32_t i = 1; i < w->n_node; i++)
        if (w->node[i].parent == parent && w->node[i].t == t) {
            *ret = i;
            return 0;
        }
    n = &w->node[w->n_node];
    n->parent = parent;
    n->t = t;
    n->path = w->node[parent].path | UINT64_C(1) << t;
    *ret = w->n_node++;
    return 0;
}

static int rules(struct compile *c)
{
    struct hb_waf *w = c->w;
    uint32_t n = w->rules->n_rule;
    int r = 0;

    w->code = HB_NEW_N(w->arena, struct hb_waf_code, n + 1);
    if (w->code == NULL)
        return nomem(c);
    for (uint32_t i = 0; i < n; i++)
        w->code[i].rule = &w->rules->rule[i];
    for (uint32_t i = 0; i < n && r == 0; i++)
        r = rule(c, &w->code[i], &w->rules->rule[i]);
    return r;
}

static int rule(struct compile *c, struct hb_waf_code *code,
                struct hb_waf_rule *r)
{
    int e = names(c, r);

    code->node = c->seq_node[r->seq];
    code->pattern = HB_WAF_NO_PATTERN;
    if (e == 0)
        e = targets(c, r, r->var, r->n_var, &code->var);
    if (e == 0)
        e = targets(c, r, r->ex, r->n_ex, &code->ex);
    if (e == 0 && !r->unconditional)
        e = operator_(c, code, r);
    if (e == 0 && code->gated && !r->multimatch)
        e = pairs(c, code);
    if (e == 0 && r->n_ctl > 0)
        e = ctls(c, code, r);
    return e;
}

/* Numbers the names in TX that the rule writes and reads. */
static int names(struct compile *c, struct hb_waf_rule *r)
{
    int e = text_names(c, &r->msg);

    if (e == 0)
        e = text_names(c, &r->logdata);
    if (e == 0)
        e = text_names(c, &r->op.arg);
    if (e == 0)
        e = text_names(c, &r->redirect);
    for (uint32_t i = 0; i < r->n_tag && e == 0; i++)
        e = text_names(c, &r->tag[i]);
    for (uint32_t i = 0; i < r->n_set && e == 0; i++) {
        struct hb_waf_set *s = &r->set[i];

        e = text_names(c, &s->value);
        if (e == 0 && s->name.n > 0)
            e = text_names(c, &s->name);
        else if (e == 0 && s->coll == HB_WAF_VAR_TX)
            e = slot(c, s->name.raw, &s->slot);
    }
    for (uint32_t i = 0; i < r->n_expire && e == 0; i++) {
        e = text_names(c, &r->expire[i].name);
        if (e == 0)
            e = text_names(c, &r->expire[i].seconds);
    }
    for (uint32_t i = 0; i < r->n_initcol && e == 0; i++)
        e = text_names(c, &r->initcol[i].key);
    return e;
}

static int text_names(struct compile *c, struct hb_waf_text *t)
{
    for (uint32_t i = 0; i < t->n; i++) {
        struct hb_waf_part *p = &t->part[i];
        int e = 0;

        if (p->macro && p->coll == HB_WAF_VAR_TX && p->sel == HB_WAF_SEL_KEY)
            e = slot(c, p->text, &p->slot);
        if (p->macro && (p->coll == HB_WAF_VAR_FULL_REQUEST ||
                         p->coll == HB_WAF_VAR_FULL_REQUEST_LENGTH))
            c->w->wants_full_request = true;
        if (e < 0)
            return e;
    }
    return 0;
}

static int slot(struct compile *c, struct hb_slice name, uint32_t *ret)
{
    struct hb_waf *w = c->w;
    char buf[HB_WAF_TX_NAME];
    struct hb_slice key;
    char *copy;

    *ret = hb_waf_slot(w, name);
    if (*ret != 0 || w->n_slot >= SLOTS_MAX || !hb_waf_fold(name, buf, &key))
        return 0;
    copy = hb_arena_dup(w->arena, key.p, key.n);
    if (copy == NULL || hb_map_put(w->slots, hb_slice(copy, key.n),
                                   (void *)(uintptr_t)w->n_slot) < 0)
        return nomem(c);
    *ret = w->n_slot++;
    return 0;
}

/* Names in TX that are known now need no regular expression later. */
static int slots_of(struct compile *c)
{
    struct hb_waf *w = c->w;
    struct hb_waf_rx_scratch *s = hb_waf_rx_scratch_new(0, 0);
    int r = s != NULL ? 0 : -ENOMEM;

    for (uint32_t i = 0; i < w->rules->n_rule && r == 0; i++)
        for (uint32_t k = 0; k < w->code[i].rule->n_var && r == 0; k++)
            r = slots_of_one(c, s, &w->code[i].var[k]);
    hb_waf_rx_scratch_free(s);
    return r < 0 ? nomem(c) : 0;
}

static int slots_of_one(struct compile *c, struct hb_waf_rx_scratch *s,
                        struct hb_waf_target *t)
{
    struct hb_waf *w = c->w;
    struct hb_slice name;
    void *slot;
    size_t at = 0;

    if (t->coll != HB_WAF_VAR_TX || t->sel != HB_WAF_SEL_RX)
        return 0;
    t->slots = HB_NEW_N(w->arena, bool, w->n_slot);
    if (t->slots == NULL)
        return -ENOMEM;
    while (hb_map_next(w->slots, &at, &name, &slot))
        t->slots[(uintptr_t)slot] =
            hb_waf_rx_match(t->rx, s, name, 0, NULL) == HB_WAF_RX_YES;
    for (uint32_t i = 0; i < HB_WAF_GROUPS; i++) {
        char digit = (char)('0' + i);

        t->slots[i + 1] = hb_waf_rx_match(t->rx, s, hb_slice(&digit, 1), 0,
                                          NULL) == HB_WAF_RX_YES;
    }
    return 0;
}

static int targets(struct compile *c, const struct hb_waf_rule *r,
                   const struct hb_waf_var *var, uint32_t n,
                   struct hb_waf_target **ret)
{
    int e = 0;

    *ret = HB_NEW_N(c->w->arena, struct hb_waf_target, n + 1);
    if (*ret == NULL)
        return nomem(c);
    for (uint32_t i = 0; i < n && e == 0; i++)
        e = target(c, r, &var[i], &(*ret)[i]);
    return e;
}

static int target(struct compile *c, const struct hb_waf_rule *r,
                  const struct hb_waf_var *var, struct hb_waf_target *ret)
{
    struct hb_err why = {0};
    char *pattern;
    int e;

    ret->coll = var->coll;
    ret->sel = var->sel;
    ret->count = var->count;
    ret->key = var->key;
    if (var->coll == HB_WAF_VAR_FULL_REQUEST ||
        var->coll == HB_WAF_VAR_FULL_REQUEST_LENGTH)
        c->w->wants_full_request = true;
    if (var->sel == HB_WAF_SEL_XPATH &&
        !hb_slice_eq(var->key, HB_SLICE("/*")) &&
        !hb_slice_eq(var->key, HB_SLICE("//@*")))
        return hb_err_at(c->err, -ENOTSUP, r->file, r->line, 0,
                         _("of XML only /* and //@* can be looked at"));
    if (var->sel == HB_WAF_SEL_KEY && var->coll == HB_WAF_VAR_TX)
        return slot(c, var->key, &ret->slot);
    if (var->sel != HB_WAF_SEL_RX)
        return 0;
    pattern =
        hb_arena_printf(c->w->arena, "(?i)%.*s", (int)var->key.n, var->key.p);
    if (pattern == NULL)
        return nomem(c);
    e = hb_waf_rx_compile(&ret->rx, hb_slice_z(pattern), &why);
    return e < 0 ? hb_err_at(c->err, e, r->file, r->line, 0, "%s", why.message)
                 : 0;
}

static int operator_(struct compile *c, struct hb_waf_code *code,
                     const struct hb_waf_rule *r)
{
    struct hb_waf_op_context context = {
        .sqli = hb_waf_sqli,
        .xss = hb_waf_xss,
        .macros = r->op.arg.n > 0,
        .file = r->op.file,
        .n_file = r->op.n_file,
        /* A negated operator matches where its pattern does not. */
        .gate = r->op.negated ? NULL : c->gate,
    };
    struct hb_err why = {0};
    int e =
        hb_waf_op_compile(&code->op, r->op.kind, r->op.arg.raw, &context, &why);

    if (e < 0)
        return hb_err_at(c->err, e, r->file, r->line, 0, "%s", why.message);
    code->gated = hb_waf_op_pattern(code->op) >= 0;
    if (code->gated)
        code->pattern = (uint32_t)hb_waf_op_pattern(code->op);
    return 0;
}

/* What changes while rules run has no summary. */
static bool steady(const struct hb_waf_target *t)
{
    switch (t->coll) {
    case HB_WAF_VAR_TX:
    case HB_WAF_VAR_MATCHED_VAR:
    case HB_WAF_VAR_MATCHED_VARS:
    case HB_WAF_VAR_MATCHED_VAR_NAME:
    case HB_WAF_VAR_MATCHED_VARS_NAMES:
    case HB_WAF_VAR_RULE:
    case HB_WAF_VAR_ENV:
    case HB_WAF_VAR_DURATION:
    case HB_WAF_VAR_HIGHEST_SEVERITY:
        return false;
    default:
        return !t->count && hb_waf_coll_kind(t->coll) != HB_WAF_COLL_STORE;
    }
}

/* Numbers the (target, node) pairs. */
static int pairs(struct compile *c, struct hb_waf_code *code)
{
    struct hb_waf *w = c->w;

    for (uint32_t i = 0; i < code->rule->n_var; i++) {
        struct hb_waf_target *t = &code->var[i];
        struct hb_slice key;
        char *text;

        if (!steady(t))
            continue;
        text = hb_arena_printf(w->arena, "%u %u %u %.*s", (unsigned)t->coll,
                               (unsigned)t->sel, (unsigned)code->node,
                               (int)t->key.n, t->key.n > 0 ? t->key.p : "");
        if (text == NULL)
            return nomem(c);
        key = hb_slice_z(text);
        t->pair = (uint32_t)(uintptr_t)hb_map_get(c->pairs, key);
        if (t->pair != 0)
            continue;
        t->pair = w->n_pair++;
        if (hb_map_put(c->pairs, key, (void *)(uintptr_t)t->pair) < 0)
            return nomem(c);
    }
    return 0;
}

/* The rules that a ctl:ruleRemove... names, as bits. */
static int ctls(struct compile *c, struct hb_waf_code *code,
                const struct hb_waf_rule *r)
{
    struct hb_waf *w = c->w;

    code->off = HB_NEW_N(w->arena, uint64_t *, r->n_ctl);
    code->ctl_target = HB_NEW_N(w->arena, struct hb_waf_target, r->n_ctl);
    if (code->off == NULL || code->ctl_target == NULL)
        return nomem(c);
    for (uint32_t i = 0; i < r->n_ctl; i++) {
        const struct hb_waf_ctl *ctl = &r->ctl[i];
        int e;

        if (ctl->kind < HB_WAF_CTL_RULEREMOVEBYID)
            continue;
        code->off[i] = HB_NEW_N(w->arena, uint64_t, w->off_words + 1);
        if (code->off[i] == NULL)
            return nomem(c);
        for (uint32_t k = 0, head = 0; k < w->rules->n_rule; k++) {
            if (!w->rules->rule[k].link)
                head = k;
            if (ctl_names(ctl, &w->rules->rule[head]))
                code->off[i][k / 64] |= UINT64_C(1) << (k % 64);
        }
        if (ctl->kind < HB_WAF_CTL_RULEREMOVETARGETBYID)
            continue;
        e = target(c, r, &ctl->target, &code->ctl_target[i]);
        if (e < 0)
            return e;
    }
    return 0;
}

static bool ctl_names(const struct hb_waf_ctl *ctl, const struct hb_waf_rule *r)
{
    switch (ctl->kind) {
    case HB_WAF_CTL_RULEREMOVEBYID:
    case HB_WAF_CTL_RULEREMOVETARGETBYID:
        return r->id >= ctl->id_from && r->id <= ctl->id_to;
    case HB_WAF_CTL_RULEREMOVEBYMSG:
    case HB_WAF_CTL_RULEREMOVETARGETBYMSG:
        return r->msg.raw.n > 0 && hb_slice_eq(r->msg.raw, ctl->text);
    default:
        for (uint32_t i = 0; i < r->n_tag; i++)
            if (hb_slice_eq(r->tag[i].raw, ctl->text))
                return true;
        return false;
    }
}

static int nomem(struct compile *c)
{
    return hb_err_set(c->err, -ENOMEM, _("out of memory"));
}

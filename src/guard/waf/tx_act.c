/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx_act.c - what rules do when they match: setvar and its kin, ctl, the
 * record of the match, and the verdict.
 */
#include "guard/waf/tx.h"

#include "base/i18n.h"
#include "base/num.h"

static int set(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
               const struct hb_waf_set *s);
static int set_env(struct hb_waf_tx *tx, struct hb_slice name,
                   struct hb_slice value);
static int expire(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
                  const struct hb_waf_expire *e);
static int64_t number(struct hb_slice s);
static struct hb_slice signed_digits(struct hb_waf_tx *tx, int64_t n);
static int ctl(struct hb_waf_tx *tx, const struct hb_waf_code *c, uint32_t i);
static int off(struct hb_waf_tx *tx, const uint64_t *rules);
static int without(struct hb_waf_tx *tx, const uint64_t *rules,
                   const struct hb_waf_target *target);
static int spare(struct hb_waf_tx *tx, const struct hb_waf_code *c);
static int init(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
                const struct hb_waf_initcol *i);
static int hit(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
               bool disruptive);
static bool derived(enum hb_waf_coll coll);
static void about_link(const struct hb_waf_tx *tx, struct hb_waf_hit *h);
static int matches(struct hb_waf_tx *tx, struct hb_waf_hit *h);
static int disrupt(struct hb_waf_tx *tx, const struct hb_waf_rule *rule);

int hb_waf_act_each(struct hb_waf_tx *tx, const struct hb_waf_code *c)
{
    const struct hb_waf_rule *rule = c->rule;
    int r = 0;

    /* First: what the rule sets belongs into what it names. */
    for (uint32_t i = 0; i < rule->n_initcol && r == 0; i++)
        r = init(tx, rule, &rule->initcol[i]);
    for (uint32_t i = 0; i < rule->n_set && r == 0; i++)
        r = set(tx, rule, &rule->set[i]);
    for (uint32_t i = 0; i < rule->n_expire && r == 0; i++)
        r = expire(tx, rule, &rule->expire[i]);
    return r == 0 && rule->n_ctl > 0 && !rule->chains ? spare(tx, c) : r;
}

/* What the head looked at when it matched: a person asks about that. */
void hb_waf_act_head(struct hb_waf_tx *tx, const struct hb_waf_code *c)
{
    tx->note = (struct hb_waf_hit){.rule = c->rule, .phase = tx->phase};
    if (c->op == NULL)
        return;
    tx->note.coll = tx->match_coll;
    tx->note.name = tx->match_key;
    tx->note.value = tx->match_raw;
}

int hb_waf_act_once(struct hb_waf_tx *tx, const struct hb_waf_code *c)
{
    const struct hb_waf_rule *rule = c->rule;
    bool disruptive;
    int r = 0;

    for (uint32_t i = 0; i < rule->n_ctl && r == 0; i++)
        r = ctl(tx, c, i);
    if (r < 0 || rule->link)
        return r;
    if (rule->severity >= 0 && (unsigned)rule->severity < tx->highest)
        tx->highest = (unsigned)rule->severity;
    disruptive = rule->action == HB_WAF_DO_DENY ||
                 rule->action == HB_WAF_DO_DROP ||
                 rule->action == HB_WAF_DO_REDIRECT;
    if (rule->log)
        r = hit(tx, rule, disruptive);
    return r == 0 ? disrupt(tx, rule) : r;
}

static int set(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
               const struct hb_waf_set *s)
{
    struct hb_slice name = {"", 0}, value = {"", 0};
    const struct hb_waf_value *old;
    int64_t n, by;
    int r = hb_waf_expand(tx, &s->name, rule, &name);

    if (r == 0)
        r = hb_waf_expand(tx, &s->value, rule, &value);
    if (r < 0)
        return r;
    if (s->coll == HB_WAF_VAR_ENV)
        return set_env(tx, name, value);
    switch (s->kind) {
    case HB_WAF_SET_UNSET:
        hb_waf_var_unset(tx, s->coll, s->slot, name);
        (void)hb_waf_stored_unset(tx, s->coll, name);
        return 0;
    case HB_WAF_SET_ADD:
    case HB_WAF_SET_SUB:
        by = s->kind == HB_WAF_SET_ADD ? number(value) : -number(value);
        if (!hb_waf_stored_add(tx, s->coll, name, by, &n)) {
            old = hb_waf_var(tx, s->coll, s->slot, name);
            n = by + (old != NULL ? number(old->value) : 0);
        }
        value = signed_digits(tx, n);
        if (value.p == NULL)
            return -ENOMEM;
        break;
    default:
        (void)hb_waf_stored_set(tx, s->coll, name, value);
        break;
    }
    return hb_waf_var_set(tx, s->coll, s->slot, name, value);
}

static int set_env(struct hb_waf_tx *tx, struct hb_slice name,
                   struct hb_slice value)
{
    for (uint32_t i = 0; i < tx->env.n; i++)
        if (hb_slice_eq(tx->env.item[i].name, name)) {
            tx->env.item[i].value = value;
            return 0;
        }
    if (tx->env.n >= HB_WAF_TX_VARS)
        return 0;
    return hb_waf_list_add(&tx->env, tx->arena, name, value);
}

/* Within a request nothing expires.  Seconds of a macro that is no number say
 * nothing; 0 is the end at once. */
static int expire(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
                  const struct hb_waf_expire *e)
{
    struct hb_slice name = {"", 0}, text = {"", 0};
    uint64_t seconds;
    int r = hb_waf_expand(tx, &e->name, rule, &name);

    if (r == 0)
        r = hb_waf_expand(tx, &e->seconds, rule, &text);
    if (r < 0 || hb_parse_u64(text, &seconds) < 0)
        return r;
    if (seconds == 0)
        hb_waf_var_unset(tx, e->coll, 0, name);
    (void)hb_waf_stored_expire(tx, e->coll, name,
                               (uint32_t)HB_MIN(seconds, UINT32_MAX));
    return 0;
}

/* Leading digits; what is none is 0.  Kept within 32 bits so that sums are. */
static int64_t number(struct hb_slice s)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    int64_t n = 0;

    for (size_t i = minus; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        n = HB_MIN(n * 10 + (s.p[i] - '0'), INT32_MAX);
    return minus ? -n : n;
}

static struct hb_slice signed_digits(struct hb_waf_tx *tx, int64_t n)
{
    struct hb_slice s = hb_waf_digits(tx, n < 0 ? -(uint64_t)n : (uint64_t)n);
    char *p;

    if (n >= 0 || s.p == NULL)
        return s;
    p = hb_arena_alloc(tx->arena, s.n + 1);
    if (p == NULL)
        return hb_slice(NULL, 0);
    p[0] = '-';
    memcpy(p + 1, s.p, s.n);
    return hb_slice(p, s.n + 1);
}

static int ctl(struct hb_waf_tx *tx, const struct hb_waf_code *c, uint32_t i)
{
    static const char *const processors[] = {"URLENCODED", "MULTIPART", "XML",
                                             "JSON"};
    const struct hb_waf_ctl *x = &c->rule->ctl[i];

    switch (x->kind) {
    case HB_WAF_CTL_FORCEREQUESTBODYVARIABLE:
        tx->body_variable = x->number != 0;
        return 0;
    case HB_WAF_CTL_REQUESTBODYACCESS:
        tx->request_body = x->number != 0;
        return 0;
    case HB_WAF_CTL_RESPONSEBODYACCESS:
        tx->response_body = x->number != 0;
        return 0;
    case HB_WAF_CTL_REQUESTBODYLIMIT:
        tx->request_limit = x->number;
        return 0;
    case HB_WAF_CTL_RESPONSEBODYLIMIT:
        tx->response_limit = x->number;
        return 0;
    case HB_WAF_CTL_REQUESTBODYPROCESSOR:
        tx->processor = (int)x->number;
        hb_waf_one(tx, HB_WAF_VAR_REQBODY_PROCESSOR,
                   hb_slice_z(processors[x->number & 3]));
        return 0;
    case HB_WAF_CTL_RULEENGINE:
        /* A place that was set to detect is never made to block by a rule. */
        if (tx->mode != HB_WAF_DETECT || x->number != HB_WAF_ON)
            tx->mode = (enum hb_waf_engine)x->number;
        return 0;
    case HB_WAF_CTL_RULEREMOVEBYID:
    case HB_WAF_CTL_RULEREMOVEBYMSG:
    case HB_WAF_CTL_RULEREMOVEBYTAG:
        return off(tx, c->off[i]);
    case HB_WAF_CTL_RULEREMOVETARGETBYID:
    case HB_WAF_CTL_RULEREMOVETARGETBYMSG:
    case HB_WAF_CTL_RULEREMOVETARGETBYTAG:
        if (c->ctl_target[i].coll == HB_WAF_VAR_MATCHED_VARS)
            return 0; /* spare() did it, value by value */
        return without(tx, c->off[i], &c->ctl_target[i]);
    default:
        /* auditEngine, auditLogParts, debugLogLevel: there is no such log;
         * parseXmlIntoArgs: names of elements are not arguments here. */
        return 0;
    }
}

static int off(struct hb_waf_tx *tx, const uint64_t *rules)
{
    uint32_t words = tx->waf->off_words;

    if (tx->off == NULL) {
        tx->off = HB_NEW_N(tx->arena, uint64_t, words);
        if (tx->off == NULL)
            return -ENOMEM;
    }
    for (uint32_t i = 0; i < words; i++)
        tx->off[i] |= rules[i];
    return 0;
}

static int without(struct hb_waf_tx *tx, const uint64_t *rules,
                   const struct hb_waf_target *target)
{
    struct hb_waf_without *w = HB_NEW(tx->arena, struct hb_waf_without);

    if (w == NULL)
        return -ENOMEM;
    *w = (struct hb_waf_without){rules, target, tx->without};
    tx->without = w;
    return 0;
}

/* The value that is being matched is not looked at by the rules that a ctl
 * with the target MATCHED_VARS names: this one, not another of that name. */
static int spare(struct hb_waf_tx *tx, const struct hb_waf_code *c)
{
    for (uint32_t i = 0; i < c->rule->n_ctl; i++) {
        struct hb_waf_spared *s;

        if (c->rule->ctl[i].kind < HB_WAF_CTL_RULEREMOVETARGETBYID ||
            c->ctl_target[i].coll != HB_WAF_VAR_MATCHED_VARS ||
            tx->looked == NULL)
            continue;
        s = HB_NEW(tx->arena, struct hb_waf_spared);
        if (s == NULL)
            return -ENOMEM;
        *s = (struct hb_waf_spared){c->off[i], tx->looked->spared};
        tx->looked->spared = s;
    }
    return 0;
}

static int init(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
                const struct hb_waf_initcol *i)
{
    const struct hb_waf_vars *v = hb_waf_vars(tx, i->coll);
    struct hb_slice key;
    int r;

    if (v == NULL || v->open)
        return 0;
    r = hb_waf_expand(tx, &i->key, rule, &key);
    return r < 0 ? r : hb_waf_stored_open(tx, i->coll, key);
}

static int hit(struct hb_waf_tx *tx, const struct hb_waf_rule *rule,
               bool disruptive)
{
    struct hb_waf_hit *h;
    int r;

    if (tx->n_hit >= HB_WAF_TX_HITS)
        return 0;
    h = HB_NEW(tx->arena, struct hb_waf_hit);
    if (h == NULL)
        return -ENOMEM;
    *h = tx->note;
    h->rule = rule;
    h->disruptive = disruptive;
    if (derived(h->coll))
        about_link(tx, h);
    r = matches(tx, h);
    if (r < 0)
        return r;
    /* With what the last link captured and matched. */
    r = hb_waf_expand(tx, &rule->msg, rule, &h->msg);
    if (r == 0)
        r = hb_waf_expand(tx, &rule->logdata, rule, &h->logdata);
    if (r < 0)
        return r;
    if (tx->last_hit != NULL)
        tx->last_hit->next = h;
    else
        tx->hits = h;
    tx->last_hit = h;
    tx->n_hit++;
    return 0;
}

/* Whether a variable holds what rules made, and nothing that came in. */
static bool derived(enum hb_waf_coll coll)
{
    return coll == HB_WAF_VAR_TX || coll == HB_WAF_VAR_MATCHED_VAR ||
           coll == HB_WAF_VAR_MATCHED_VARS ||
           coll == HB_WAF_VAR_MATCHED_VAR_NAME ||
           coll == HB_WAF_VAR_MATCHED_VARS_NAMES;
}

/* A chain that begins with what rules made is about the first thing that came
 * in which a link of it looked at. */
static void about_link(const struct hb_waf_tx *tx, struct hb_waf_hit *h)
{
    uint32_t i = 0;
    const char *colon;
    struct hb_slice full;

    while (i < tx->matched.n &&
           derived((enum hb_waf_coll)tx->matched.item[i].name_cell))
        i++;
    if (i == tx->matched.n)
        return;
    full = tx->matched.item[i].name;
    colon = memchr(full.p, ':', full.n);
    h->coll = (enum hb_waf_coll)tx->matched.item[i].name_cell;
    h->name = colon != NULL
                  ? hb_slice(colon + 1, full.n - 1 - (size_t)(colon - full.p))
                  : hb_slice("", 0);
    h->value = tx->matched.item[i].value;
}

/* What the links of the chain matched, but for the derived; all of it where
 * there is nothing else. */
static int matches(struct hb_waf_tx *tx, struct hb_waf_hit *h)
{
    uint32_t n = HB_MIN(tx->matched.n, HB_WAF_HIT_VARS);
    struct hb_waf_value *var = HB_NEW_N(tx->arena, struct hb_waf_value, n + 1);

    if (var == NULL)
        return -ENOMEM;
    h->var = var;
    for (uint32_t i = 0; i < tx->matched.n && h->n_var < n; i++) {
        const struct hb_waf_value *v = &tx->matched.item[i];

        if (derived(h->coll) || !derived((enum hb_waf_coll)v->name_cell))
            var[h->n_var++] = *v;
    }
    return 0;
}

/* The first rule that would stop the request is kept in the mode DETECT, too;
 * the request goes on then. */
static int disrupt(struct hb_waf_tx *tx, const struct hb_waf_rule *rule)
{
    struct hb_waf_verdict *v = &tx->verdict;
    int r = 0;

    switch (rule->action) {
    case HB_WAF_DO_ALLOW:
    case HB_WAF_DO_ALLOW_PHASE:
    case HB_WAF_DO_ALLOW_REQUEST:
        if (tx->mode == HB_WAF_ON)
            tx->allow = rule->action;
        return 0;
    case HB_WAF_DO_DENY:
    case HB_WAF_DO_DROP:
    case HB_WAF_DO_REDIRECT:
        break;
    default:
        return 0;
    }
    if (v->action == HB_WAF_DO_PASS) {
        struct hb_slice to = {"", 0};

        if (rule->action == HB_WAF_DO_REDIRECT)
            r = hb_waf_expand(tx, &rule->redirect, rule, &to);
        if (r < 0)
            return r;
        *v = (struct hb_waf_verdict){
            .action = rule->action,
            .status = rule->status,
            .reason = HB_WAF_BY_RULE,
            .redirect = to,
            .rule = rule,
            .limit = "",
        };
    }
    if (tx->mode == HB_WAF_ON && tx->phase != 5)
        tx->stopped = true;
    return 0;
}

void hb_waf_limit(struct hb_waf_tx *tx, uint16_t status, const char *what)
{
    bool refuse =
        tx->waf->rules->settings.request_limit_action == HB_WAF_LIMIT_REJECT;

    if (tx->verdict.action == HB_WAF_DO_PASS) {
        tx->verdict = (struct hb_waf_verdict){
            .action = refuse ? HB_WAF_DO_DENY : HB_WAF_DO_PASS,
            .status = status,
            .reason = HB_WAF_BY_LIMIT,
            .limit = what,
        };
    }
    if (refuse && tx->mode == HB_WAF_ON && tx->phase != 5)
        tx->stopped = true;
}

int hb_waf_failed(struct hb_waf_tx *tx, int r)
{
    if (r != -ENOMEM || hb_arena_used(tx->arena) < HB_WAF_TX_ARENA / 2)
        return r;
    hb_waf_limit(tx, 403, _("memory"));
    return tx->stopped ? 1 : 0;
}

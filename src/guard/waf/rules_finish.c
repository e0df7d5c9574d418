/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_finish.c - the second step of loading: exceptions and defaults are
 * applied to the rules, transformations numbered, rules laid out by phase and
 * skips resolved.
 *
 * Each exception walks all rules: 55 and 700 in CRS.  The ceilings keep a
 * hostile set at some seconds.
 */
#include "guard/waf/rules_int.h"

#include "base/i18n.h"

struct finish {
    struct hb_rules_load *load;
    struct hb_map *seqs; /* bytes of a sequence -> its number + 1 */
};

static int except(struct hb_rules_load *l);
static int except_one(struct hb_rules_load *l, struct hb_rules_exception *e);
static bool touches(const struct hb_rules_exception *e,
                    const struct hb_waf_rule *rule);
static void remove_chain(struct hb_rules_load *l, size_t i);
static int add_targets(struct hb_rules_load *l, struct hb_waf_rule *rule,
                       const struct hb_rules_exception *e);
static int append_vars(struct hb_rules_load *l, struct hb_waf_var **list,
                       uint32_t *n, const struct hb_waf_var *more, uint32_t k);
static int update_actions(struct hb_rules_load *l, size_t i,
                          const struct hb_rules_exception *e);
static int note(struct hb_rules_load *l, const struct hb_rules_exception *e);
static int settle(struct finish *f, struct hb_rules_item *item);
static int settle_tags(struct hb_rules_load *l, struct hb_waf_rule *rule,
                       const struct hb_waf_rule *from);
static int number_seq(struct finish *f, struct hb_rules_item *item,
                      const struct hb_rules_default *d);
static int intern(struct finish *f, struct hb_rules_item *item,
                  struct hb_waf_seq seq);
static int lay_out(struct hb_rules_load *l);
static int resolve_skips(struct hb_rules_load *l);
static int skip_after(struct hb_rules_load *l, const struct hb_map *names,
                      size_t i);
static void skip_some(struct hb_rules_load *l, size_t i);
static int name_item(struct hb_rules_load *l, struct hb_map *names, size_t i);
static int no_marker(struct hb_rules_load *l, size_t i);
static size_t chain_end(const struct hb_rules_load *l, size_t i);

int hb_rules_finish(struct hb_rules_load *l)
{
    struct finish f = {.load = l, .seqs = hb_map_new()};
    int r = f.seqs == NULL ? hb_err_set(l->err, -ENOMEM, _("out of memory"))
                           : except(l);

    l->rules->n_seq = 0;
    if (r == 0)
        r = intern(&f, NULL, (struct hb_waf_seq){NULL, 0});
    for (size_t i = 0; i < l->n_item && r == 0; i++)
        if (l->item[i].rule != NULL && !l->item[i].removed)
            r = settle(&f, &l->item[i]);
    if (r == 0)
        r = lay_out(l);
    if (r == 0)
        r = resolve_skips(l);
    hb_map_free(f.seqs);
    return r;
}

static int except(struct hb_rules_load *l)
{
    for (size_t i = 0; i < l->n_exception; i++) {
        int r = except_one(l, &l->exception[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

static int except_one(struct hb_rules_load *l, struct hb_rules_exception *e)
{
    bool used = false;

    for (size_t i = 0; i < l->n_item; i++) {
        struct hb_rules_item *item = &l->item[i];
        int r = 0;

        if (item->rule == NULL || item->rule->link || !touches(e, item->rule))
            continue;
        used = true;
        if (e->what == HB_RULES_REMOVE)
            remove_chain(l, i);
        else if (e->what == HB_RULES_TARGET)
            r = add_targets(l, item->rule, e);
        else
            r = update_actions(l, i, e);
        if (r < 0)
            return r;
    }
    return used ? 0 : note(l, e);
}

/* Tags and messages whole and as written: ModSecurity 3 compares so. */
static bool touches(const struct hb_rules_exception *e,
                    const struct hb_waf_rule *rule)
{
    if (e->by == HB_RULES_BY_ID)
        return rule->id >= e->id_from && rule->id <= e->id_to;
    if (e->by == HB_RULES_BY_MSG)
        return rule->msg.raw.n > 0 && hb_slice_eq(rule->msg.raw, e->text);
    for (uint32_t i = 0; i < rule->n_tag; i++)
        if (hb_slice_eq(rule->tag[i].raw, e->text))
            return true;
    return false;
}

static void remove_chain(struct hb_rules_load *l, size_t i)
{
    size_t end = chain_end(l, i);

    while (i < end)
        l->item[i++].removed = true;
}

static int add_targets(struct hb_rules_load *l, struct hb_waf_rule *rule,
                       const struct hb_rules_exception *e)
{
    const struct hb_seclang *s = &e->place.source->s;
    int r;

    if (rule->unconditional)
        return hb_seclang_bad(s, hb_seclang_at(e->place.word, 0),
                              _("rule %u is a SecAction: it looks at nothing"),
                              (unsigned)rule->id);
    r = append_vars(l, &rule->var, &rule->n_var, e->target.var,
                    e->target.n_var);
    if (r == 0)
        r = append_vars(l, &rule->ex, &rule->n_ex, e->target.ex,
                        e->target.n_ex);
    if (r < 0)
        return hb_seclang_bad(s, hb_seclang_at(e->place.word, 0),
                              _("rule %u looks at too many variables"),
                              (unsigned)rule->id);
    return 0;
}

static int append_vars(struct hb_rules_load *l, struct hb_waf_var **list,
                       uint32_t *n, const struct hb_waf_var *more, uint32_t k)
{
    for (uint32_t i = 0; i < k; i++) {
        struct hb_waf_var *to =
            hb_seclang_grow(l->arena, *list, *n, sizeof(*to), HB_SECLANG_LIST);

        if (to == NULL)
            return -ENOMEM;
        *list = to;
        to[(*n)++] = more[i];
    }
    return 0;
}

/* Reads the new actions over those that are there: what there is one of is
 * replaced, what there are many of is added. */
static int update_actions(struct hb_rules_load *l, size_t i,
                          const struct hb_rules_exception *e)
{
    const struct hb_seclang *s = &e->place.source->s;
    struct hb_seclang_at at = hb_seclang_at(e->place.word, 0);
    struct hb_rules_item *item = &l->item[i + e->link];
    struct hb_waf_rule before;
    int r;

    if (i + e->link >= chain_end(l, i))
        return hb_seclang_bad(s, at, _("rule %u has no link %u"),
                              (unsigned)item[-(ptrdiff_t)e->link].rule->id,
                              (unsigned)e->link);
    before = *item->rule;
    item->act.has_id = item->act.has_phase = item->act.has_chain = false;
    r = hb_seclang_actions(s, e->place.word, &item->act);
    if (r < 0)
        return r;
    if (item->act.has_id || item->act.has_phase || item->act.has_chain)
        return hb_seclang_bad(s, at,
                              _("id, phase and chain of a rule cannot change"));
    if (before.link && (item->act.has_action || item->act.skip != 0 ||
                        item->act.skip_after.n > 0))
        return hb_seclang_bad(
            s, at, _("what is done on a match stands at the head of a chain"));
    return 0;
}

static int note(struct hb_rules_load *l, const struct hb_rules_exception *e)
{
    struct hb_waf_rules *rules = l->rules;
    struct hb_waf_note *more = hb_seclang_grow(
        l->arena, rules->note, rules->n_note, sizeof(*more), HB_RULES_MAX);

    if (more == NULL)
        return hb_err_set(l->err, -ENOMEM, _("out of memory"));
    rules->note = more;
    more[rules->n_note++] = (struct hb_waf_note){
        .file = e->place.source->s.file,
        .line = e->place.line,
        .text = _("this changes nothing: no rule is named by it"),
    };
    return 0;
}

/* What a rule does not say, the SecDefaultAction of its phase does; without
 * one that is pass, log and auditlog.  As in ModSecurity 3 what is done on a
 * match is taken from there by `block` only. */
static int settle(struct finish *f, struct hb_rules_item *item)
{
    struct hb_waf_rule *rule = item->rule;
    const struct hb_rules_default *d = &f->load->defaults[rule->phase];
    const struct hb_seclang_actions *act = &item->act;
    int r;

    rule->log = act->has_log               ? act->log
                : d->set && d->act.has_log ? d->act.log
                                           : true;
    rule->auditlog = act->has_auditlog               ? act->auditlog
                     : d->set && d->act.has_auditlog ? d->act.auditlog
                                                     : rule->log;
    rule->block = act->block;
    if (act->block && d->set) {
        rule->action = d->rule.action;
        rule->redirect = d->rule.redirect;
    }
    if (!act->has_status && d->set && d->act.has_status)
        rule->status = d->rule.status;
    if (rule->status == 0 && rule->action == HB_WAF_DO_DENY)
        rule->status = 403;
    /* RFC 9110, 15.4: these take a browser elsewhere. */
    if (rule->action == HB_WAF_DO_REDIRECT && rule->status / 100 != 3)
        rule->status = 302;
    r = !rule->link && d->set ? settle_tags(f->load, rule, &d->rule) : 0;
    return r < 0 ? r : number_seq(f, item, d);
}

static int settle_tags(struct hb_rules_load *l, struct hb_waf_rule *rule,
                       const struct hb_waf_rule *from)
{
    for (uint32_t i = 0; i < from->n_tag; i++) {
        struct hb_waf_text *to = hb_seclang_grow(
            l->arena, rule->tag, rule->n_tag, sizeof(*to), 2 * HB_SECLANG_LIST);

        if (to == NULL)
            return hb_err_set(l->err, -ENOMEM, _("out of memory"));
        rule->tag = to;
        to[rule->n_tag++] = from->tag[i];
    }
    return 0;
}

/* Those of the default come first, unless t:none was said. */
static int number_seq(struct finish *f, struct hb_rules_item *item,
                      const struct hb_rules_default *d)
{
    uint32_t before = item->act.has_none || !d->set ? 0 : d->act.n_t;
    uint32_t own = item->act.n_t;
    struct hb_waf_seq seq = {.n = before + own};

    if (seq.n > 0) {
        seq.t = hb_arena_alloc(f->load->arena, seq.n);
        if (seq.t == NULL)
            return hb_err_set(f->load->err, -ENOMEM, _("out of memory"));
        if (before > 0)
            memcpy(seq.t, d->act.t, before);
        if (own > 0)
            memcpy(seq.t + before, item->act.t, own);
    }
    return intern(f, item, seq);
}

/* The number of SEQ, a new one where it is new. */
static int intern(struct finish *f, struct hb_rules_item *item,
                  struct hb_waf_seq seq)
{
    struct hb_rules_load *l = f->load;
    struct hb_waf_rules *rules = l->rules;
    struct hb_slice key = hb_slice((const char *)seq.t, seq.n);
    uintptr_t n =
        seq.n > 0 ? (uintptr_t)hb_map_get(f->seqs, key) : rules->n_seq > 0;

    if (n == 0) {
        struct hb_waf_seq *more =
            hb_seclang_grow(l->arena, rules->seq, rules->n_seq, sizeof(*more),
                            HB_RULES_MAX + 1);

        if (more == NULL)
            return hb_err_set(l->err, -ENOMEM, _("out of memory"));
        rules->seq = more;
        more[rules->n_seq++] = seq;
        n = rules->n_seq;
        if (seq.n > 0 && hb_map_put(f->seqs, key, (void *)n) < 0)
            return hb_err_set(l->err, -ENOMEM, _("out of memory"));
    }
    if (item != NULL)
        item->rule->seq = (uint32_t)n - 1;
    return 0;
}

/* Phase after phase; a marker remembers where it stands in each. */
static int lay_out(struct hb_rules_load *l)
{
    struct hb_waf_rules *rules = l->rules;
    uint32_t n = 0;

    rules->rule = HB_NEW_N(l->arena, struct hb_waf_rule, l->n_item);
    if (rules->rule == NULL)
        return hb_err_set(l->err, -ENOMEM, _("out of memory"));
    for (uint8_t phase = 1; phase <= HB_WAF_PHASES; phase++) {
        rules->first[phase] = n;
        for (size_t i = 0; i < l->n_item; i++) {
            struct hb_rules_item *item = &l->item[i];

            if (item->rule == NULL) {
                item->at[phase] = n;
            } else if (item->rule->phase == phase) {
                item->at[0] = n;
                if (!item->removed)
                    rules->rule[n++] = *item->rule;
            }
        }
    }
    rules->first[HB_WAF_PHASES + 1] = n;
    rules->n_rule = n;
    return 0;
}

/* From the end, so that a name stands for the next item that has it. */
static int resolve_skips(struct hb_rules_load *l)
{
    struct hb_map *names = hb_map_new();
    int r = names != NULL ? 0 : -ENOMEM;

    for (size_t i = l->n_item; i-- > 0 && r == 0;) {
        const struct hb_rules_item *item = &l->item[i];

        if (item->rule != NULL && !item->removed) {
            if (item->act.skip_after.n > 0)
                r = skip_after(l, names, i);
            else if (item->act.skip > 0)
                skip_some(l, i);
        }
        if (r == 0)
            r = name_item(l, names, i);
    }
    hb_map_free(names);
    return r == -ENOMEM ? hb_err_set(l->err, r, _("out of memory")) : r;
}

/* To behind the next marker, or rule of the same phase, of that name. */
static int skip_after(struct hb_rules_load *l, const struct hb_map *names,
                      size_t i)
{
    const struct hb_rules_item *item = &l->item[i];
    struct hb_slice name = item->act.skip_after;
    uint8_t phase = item->rule->phase;
    const char *key = hb_arena_printf(l->arena, "\n%u %.*s", phase,
                                      (int)HB_MIN(name.n, 1024u), name.p);
    struct hb_rules_item *to, *rule;

    if (key == NULL)
        return -ENOMEM;
    to = hb_map_get(names, name);
    rule = hb_map_get(names, hb_slice_z(key));
    if (to == NULL || (rule != NULL && rule < to))
        to = rule;
    if (to == NULL)
        return no_marker(l, i);
    /* A rule: behind its whole chain. */
    while (to->rule != NULL && to->rule->chains)
        to++;
    l->rules->rule[item->at[0]].skip_to =
        to->rule == NULL ? to->at[phase] : to->at[0] + !to->removed;
    return 0;
}

/* A marker by its name, a rule by phase and id behind a line end, which no
 * word holds. */
static int name_item(struct hb_rules_load *l, struct hb_map *names, size_t i)
{
    struct hb_rules_item *item = &l->item[i];
    const char *key;

    if (item->rule == NULL)
        return hb_map_put(names, item->marker, item);
    if (item->rule->link)
        return 0;
    key = hb_arena_printf(l->arena, "\n%u %u", item->rule->phase,
                          (unsigned)item->rule->id);
    return key != NULL ? hb_map_put(names, hb_slice_z(key), item) : -ENOMEM;
}

/* Over the next rules of this phase, each with its chain. */
static void skip_some(struct hb_rules_load *l, size_t i)
{
    struct hb_waf_rule *rule = &l->rules->rule[l->item[i].at[0]];
    uint32_t end = l->rules->first[rule->phase + 1];
    uint32_t to = l->item[i].at[0] + 1, left = l->item[i].act.skip;

    while (to < end && l->rules->rule[to].link)
        to++;
    for (; to < end && left > 0; left--)
        do {
            to++;
        } while (to < end && l->rules->rule[to].link);
    rule->skip_to = to;
}

static int no_marker(struct hb_rules_load *l, size_t i)
{
    const struct hb_rules_item *item = &l->item[i];
    struct hb_slice name = item->act.skip_after;
    const char **names = HB_NEW_N(l->arena, const char *, l->n_item);
    size_t n = 0;

    for (size_t k = i + 1; names != NULL && k < l->n_item; k++) {
        const struct hb_rules_item *to = &l->item[k];

        if (to->rule != NULL)
            continue;
        names[n] = hb_arena_dup(l->arena, to->marker.p, to->marker.n);
        n += names[n] != NULL;
    }
    return hb_seclang_unknown(
        &item->place.source->s, item->act.skip_at,
        n > 0 ? hb_waf_name_nearest(name, names, n) : NULL,
        _("no SecMarker \"%.*s\" behind this rule"), HB_SHOW(name));
}

/* Behind the last link of the chain that begins at I. */
static size_t chain_end(const struct hb_rules_load *l, size_t i)
{
    while (l->item[i].rule->chains)
        i++;
    return i + 1;
}

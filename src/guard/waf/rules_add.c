/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_add.c - directives that make rules, and exceptions to rules, in the
 * order in which they are read.
 */
#include "guard/waf/rules_int.h"

#include "base/i18n.h"
#include "base/num.h"

static int new_item(struct hb_rules_call *c, struct hb_rules_item **ret);
static int new_rule(struct hb_rules_call *c, size_t actions,
                    struct hb_rules_item **ret);
static int read_actions(struct hb_rules_call *c, size_t n,
                        struct hb_rules_item *item);
static int check_head(struct hb_rules_call *c, struct hb_rules_item *item);
static int check_link(struct hb_rules_call *c, struct hb_rules_item *item);
static int check_default(struct hb_rules_call *c, struct hb_rules_default *d);
static int remember_id(struct hb_rules_call *c, struct hb_rules_item *item);
static int new_exception(struct hb_rules_call *c, size_t word,
                         enum hb_rules_what what,
                         struct hb_rules_exception **ret);
static int names(struct hb_rules_call *c, size_t word,
                 struct hb_rules_exception *e);

int hb_rules_rule(struct hb_rules_call *c)
{
    const struct hb_seclang *s = &c->source->s;
    const struct hb_seclang_word *w = c->line->word;
    struct hb_rules_item *item;
    struct hb_waf_rule *rule;
    int r = new_rule(c, 3, &item);

    if (r < 0)
        return r;
    rule = item->rule;
    r = hb_seclang_vars(s, hb_rules_arg_at(c, 1), w[1].text, rule);
    if (r == 0 && rule->n_var == 0)
        r = hb_seclang_bad(s, hb_rules_arg_at(c, 1),
                           _("nothing to look at: only exclusions"));
    if (r == 0)
        r = hb_seclang_op(s, &w[2], &rule->op);
    if (r == 0 && hb_waf_op_arg(rule->op.kind) == HB_WAF_OP_ARG_FILES)
        r = hb_rules_files(c->load, c->source, &w[2], &rule->op);
    return r < 0 ? r : read_actions(c, 3, item);
}

int hb_rules_sec_action(struct hb_rules_call *c)
{
    struct hb_rules_item *item;
    int r = new_rule(c, 1, &item);

    if (r < 0)
        return r;
    item->rule->unconditional = true;
    item->rule->op.kind = HB_WAF_OP_UNCONDITIONALMATCH;
    return read_actions(c, 1, item);
}

int hb_rules_marker(struct hb_rules_call *c)
{
    struct hb_rules_item *item;
    int r = new_item(c, &item);

    if (r == 0)
        r = hb_rules_place(c, 1, &item->place);
    if (r == 0)
        item->marker = c->line->word[1].text;
    if (r == 0 && item->marker.n == 0)
        r = hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                           _("a marker needs a name"));
    return r;
}

int hb_rules_default_action(struct hb_rules_call *c)
{
    struct hb_rules_default d = {.set = true}, *to;
    int r;

    d.rule.severity = -1;
    d.act.rule = &d.rule;
    r = hb_rules_place(c, 1, &d.place);
    if (r == 0)
        r = hb_seclang_actions(&c->source->s, d.place.word, &d.act);
    if (r == 0)
        r = check_default(c, &d);
    if (r < 0)
        return r;
    to = &c->load->defaults[d.rule.phase];
    if (to->set)
        return hb_seclang_bad(
            &c->source->s, hb_rules_arg_at(c, 1),
            _("phase %u has its SecDefaultAction already, at %s:%u"),
            d.rule.phase, to->place.source->s.file, to->place.line);
    *to = d;
    to->act.rule = &to->rule;
    return 0;
}

int hb_rules_remove(struct hb_rules_call *c)
{
    for (size_t i = 1; i < c->line->n; i++) {
        struct hb_rules_exception *e;
        int r = new_exception(c, i, HB_RULES_REMOVE, &e);

        if (r == 0)
            r = names(c, i, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int hb_rules_update_target(struct hb_rules_call *c)
{
    struct hb_rules_exception *e;
    int r = new_exception(c, 1, HB_RULES_TARGET, &e);

    if (r == 0)
        r = names(c, 1, e);
    if (r < 0)
        return r;
    return hb_seclang_vars(&c->source->s, hb_rules_arg_at(c, 2),
                           c->line->word[2].text, &e->target);
}

/* "ID" or "ID:LINK" and a list of actions, which is read when the rule is
 * known. */
int hb_rules_update_action(struct hb_rules_call *c)
{
    struct hb_slice text = c->line->word[1].text;
    const char *colon = memchr(text.p, ':', text.n);
    struct hb_rules_exception *e;
    uint64_t link = 0;
    int r = new_exception(c, 2, HB_RULES_ACTION, &e);

    if (r < 0)
        return r;
    if (colon != NULL) {
        size_t n = (size_t)(colon - text.p);

        if (hb_parse_u64(hb_seclang_rest(text, n + 1), &link) < 0 ||
            link > HB_RULES_MAX)
            return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 1),
                                  _("ID or ID:LINK, the link of a chain"));
        text.n = n;
    }
    e->link = (uint32_t)link;
    return hb_seclang_ids(&c->source->s, hb_rules_arg_at(c, 1), text,
                          &e->id_from, &e->id_to);
}

int hb_rules_chain_open(const struct hb_rules_load *l)
{
    const struct hb_rules_item *item = &l->item[l->n_item - 1];

    return hb_seclang_bad(&item->place.source->s, item->act.chain_at,
                          _("the chain has no end: a SecRule or SecAction "
                            "must follow"));
}

static int new_item(struct hb_rules_call *c, struct hb_rules_item **ret)
{
    struct hb_rules_load *l = c->load;
    struct hb_rules_item *more;

    if (l->n_item >= HB_RULES_MAX)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 0),
                              _("more than %u rules"), HB_RULES_MAX);
    more = hb_seclang_grow(l->arena, l->item, l->n_item, sizeof(*more),
                           HB_RULES_MAX);
    if (more == NULL)
        return hb_seclang_nomem(&c->source->s);
    l->item = more;
    *ret = &more[l->n_item++];
    (*ret)->head = l->n_item - 1;
    return 0;
}

/* Makes the item; its place is that of its actions, or of the directive. */
static int new_rule(struct hb_rules_call *c, size_t actions,
                    struct hb_rules_item **ret)
{
    struct hb_rules_load *l = c->load;
    struct hb_rules_item *item;
    struct hb_waf_rule *rule = HB_NEW(l->arena, struct hb_waf_rule);
    int r = rule != NULL ? new_item(c, &item) : hb_seclang_nomem(&c->source->s);

    if (r < 0)
        return r;
    r = hb_rules_place(c, c->line->n > actions ? actions : 0, &item->place);
    if (r < 0)
        return r;
    *rule = (struct hb_waf_rule){.severity = -1,
                                 .phase = 2,
                                 .file = c->source->s.file,
                                 .line = c->line->line,
                                 .skip_to = HB_WAF_NO_SKIP};
    if (l->chain) {
        item->head = l->item[l->n_item - 2].head;
        rule->link = true;
        l->item[l->n_item - 2].rule->chains = true;
    }
    item->rule = item->act.rule = rule;
    *ret = item;
    return 0;
}

static int read_actions(struct hb_rules_call *c, size_t n,
                        struct hb_rules_item *item)
{
    int r = 0;

    if (c->line->n > n)
        r = hb_seclang_actions(&c->source->s, item->place.word, &item->act);
    if (r == 0)
        r = item->rule->link ? check_link(c, item) : check_head(c, item);
    c->load->chain = item->act.has_chain;
    return r;
}

static int check_head(struct hb_rules_call *c, struct hb_rules_item *item)
{
    if (!item->act.has_id)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 0),
                              _("a rule needs an id"));
    return remember_id(c, item);
}

/* What belongs to the chain as a whole stands at its head. */
static int check_link(struct hb_rules_call *c, struct hb_rules_item *item)
{
    const struct hb_seclang *s = &c->source->s;
    const struct hb_seclang_actions *act = &item->act;
    const struct hb_waf_rule *head = c->load->item[item->head].rule;

    if (act->has_id)
        return hb_seclang_bad(s, act->id_at,
                              _("the id stands at the head of a chain"));
    if (act->has_phase && item->rule->phase != head->phase)
        return hb_seclang_bad(s, act->phase_at,
                              _("a chain runs in the phase of its head, %u"),
                              head->phase);
    if (act->has_action)
        return hb_seclang_bad(
            s, act->action_at,
            _("what is done on a match stands at the head of a chain"));
    if (act->skip != 0 || act->skip_after.n > 0)
        return hb_seclang_bad(s, act->skip_at,
                              _("skip stands at the head of a chain"));
    item->rule->phase = head->phase;
    item->rule->id = head->id;
    return 0;
}

static int check_default(struct hb_rules_call *c, struct hb_rules_default *d)
{
    const struct hb_seclang *s = &c->source->s;
    const struct hb_waf_rule *r = &d->rule;

    if (!d->act.has_phase)
        return hb_seclang_bad(s, hb_rules_arg_at(c, 1),
                              _("SecDefaultAction needs a phase"));
    if (!d->act.has_action || d->act.block)
        return hb_seclang_bad(
            s, hb_rules_arg_at(c, 1),
            _("SecDefaultAction needs what is done on a match, such as pass or "
              "deny"));
    if (d->act.has_id)
        return hb_seclang_bad(s, d->act.id_at,
                              _("SecDefaultAction takes no such action"));
    if (d->act.has_chain)
        return hb_seclang_bad(s, d->act.chain_at,
                              _("SecDefaultAction takes no such action"));
    if (d->act.has_meta)
        return hb_seclang_bad(s, d->act.meta_at,
                              _("SecDefaultAction takes no such action"));
    if (d->act.skip != 0 || d->act.skip_after.n > 0)
        return hb_seclang_bad(s, d->act.skip_at,
                              _("SecDefaultAction takes no such action"));
    if (r->n_set + r->n_expire + r->n_initcol + r->n_ctl + r->n_xmlns > 0 ||
        r->capture || r->multimatch || r->logdata.raw.n > 0)
        return hb_seclang_bad(
            s, hb_rules_arg_at(c, 1),
            _("SecDefaultAction takes phase, transformations, tags, what is "
              "done on a match, and whether it is logged"));
    return 0;
}

static int remember_id(struct hb_rules_call *c, struct hb_rules_item *item)
{
    struct hb_slice key =
        hb_slice((const char *)&item->rule->id, sizeof(item->rule->id));
    const struct hb_waf_rule *other = hb_map_get(c->load->ids, key);

    if (other != NULL)
        return hb_seclang_bad(&c->source->s, item->act.id_at,
                              _("id %u is taken by the rule at %s:%u"),
                              (unsigned)item->rule->id, other->file,
                              other->line);
    if (hb_map_put(c->load->ids, key, item->rule) < 0)
        return hb_seclang_nomem(&c->source->s);
    return 0;
}

static int new_exception(struct hb_rules_call *c, size_t word,
                         enum hb_rules_what what,
                         struct hb_rules_exception **ret)
{
    struct hb_rules_load *l = c->load;
    struct hb_rules_exception *more;
    int r;

    if (l->n_exception >= HB_RULES_EXCEPT)
        return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 0),
                              _("more than %u exceptions to rules"),
                              HB_RULES_EXCEPT);
    more = hb_seclang_grow(l->arena, l->exception, l->n_exception,
                           sizeof(*more), HB_RULES_EXCEPT);
    if (more == NULL)
        return hb_seclang_nomem(&c->source->s);
    l->exception = more;
    more += l->n_exception;
    more->what = what;
    r = hb_rules_place(c, word, &more->place);
    if (r < 0)
        return r;
    l->n_exception++;
    *ret = more;
    return 0;
}

/* Which rules: the word N, as the name of the directive says. */
static int names(struct hb_rules_call *c, size_t n,
                 struct hb_rules_exception *e)
{
    const struct hb_seclang_word *w = &c->line->word[n];

    e->by = hb_ends_with(c->row->name, "ByTag")   ? HB_RULES_BY_TAG
            : hb_ends_with(c->row->name, "ByMsg") ? HB_RULES_BY_MSG
                                                  : HB_RULES_BY_ID;
    e->text = w->text;
    if (w->text.n == 0)
        return hb_seclang_bad(&c->source->s, hb_seclang_at(w, 0),
                              _("which rules is missing"));
    if (e->by != HB_RULES_BY_ID)
        return 0;
    return hb_seclang_ids(&c->source->s, hb_seclang_at(w, 0), w->text,
                          &e->id_from, &e->id_to);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang_action.c - the list of actions of a rule: NAME, NAME:VALUE or
 * NAME:'VALUE' parted by commas.  One row of the table an action.
 */
#include "guard/waf/seclang.h"

#include <strings.h>

#include "base/i18n.h"

#define T_MAX 64u /* transformations of one rule */

enum arg {
    NO,      /* takes no value */
    YES,     /* needs one */
    MAY,     /* has a meaning with and without */
    REFUSED, /* known elsewhere, not here */
};

struct action {
    const struct hb_seclang *s;
    struct hb_seclang_actions *act;
    struct hb_seclang_at name_at, at; /* of the name, of the value */
    struct hb_slice value;
};

struct row {
    const char *name;
    enum arg arg;
    int (*fn)(struct action *a, unsigned n);
    unsigned n; /* what the function distinguishes by it */
};

static int one(const struct hb_seclang *s, const struct hb_seclang_word *w,
               size_t *i, struct hb_seclang_actions *act);
static int value_of(const struct hb_seclang *s, const struct hb_seclang_word *w,
                    size_t *i, struct action *a);
static int quoted(const struct hb_seclang *s, const struct hb_seclang_word *w,
                  size_t *i, struct hb_slice *ret);
static const struct row *find(const struct hb_seclang *s,
                              struct hb_seclang_at at, struct hb_slice name);
static size_t skip_blanks(struct hb_slice text, size_t i);
static int number(struct action *a, uint64_t min, uint64_t max, uint64_t *ret);

static int do_disruptive(struct action *a, unsigned n);
static int do_allow(struct action *a, unsigned n);
static int do_block(struct action *a, unsigned n);
static int do_redirect(struct action *a, unsigned n);
static int do_flag(struct action *a, unsigned n);
static int do_log(struct action *a, unsigned n);
static int do_id(struct action *a, unsigned n);
static int do_phase(struct action *a, unsigned n);
static int do_severity(struct action *a, unsigned n);
static int do_status(struct action *a, unsigned n);
static int do_level(struct action *a, unsigned n);
static int do_text(struct action *a, unsigned n);
static int do_slice(struct action *a, unsigned n);
static int do_tag(struct action *a, unsigned n);
static int do_skip(struct action *a, unsigned n);
static int do_skip_after(struct action *a, unsigned n);
static int do_t(struct action *a, unsigned n);
static int do_rule(struct action *a, unsigned n);
static int do_store(struct action *a, unsigned n);
static int do_xmlns(struct action *a, unsigned n);

enum { CAPTURE, CHAIN, MULTIMATCH };
enum { LOG, NOLOG, AUDITLOG, NOAUDITLOG };
enum { MSG, LOGDATA };
enum { REV, VER };
enum { MATURITY, ACCURACY };
enum { CTL, SETVAR, SETENV, EXPIREVAR, INITCOL };

static const struct row rows[] = {
    {"accuracy", YES, do_level, ACCURACY},
    {"allow", MAY, do_allow, 0},
    {"append", REFUSED, NULL, 0},
    {"auditlog", NO, do_log, AUDITLOG},
    {"block", NO, do_block, 0},
    {"capture", NO, do_flag, CAPTURE},
    {"chain", NO, do_flag, CHAIN},
    {"ctl", YES, do_rule, CTL},
    {"deny", NO, do_disruptive, HB_WAF_DO_DENY},
    {"deprecatevar", REFUSED, NULL, 0},
    {"drop", NO, do_disruptive, HB_WAF_DO_DROP},
    {"exec", REFUSED, NULL, 0},
    {"expirevar", YES, do_rule, EXPIREVAR},
    {"id", YES, do_id, 0},
    {"initcol", YES, do_rule, INITCOL},
    {"log", NO, do_log, LOG},
    {"logdata", YES, do_text, LOGDATA},
    {"maturity", YES, do_level, MATURITY},
    {"msg", YES, do_text, MSG},
    {"multiMatch", NO, do_flag, MULTIMATCH},
    {"noauditlog", NO, do_log, NOAUDITLOG},
    {"nolog", NO, do_log, NOLOG},
    {"pass", NO, do_disruptive, HB_WAF_DO_PASS},
    {"pause", REFUSED, NULL, 0},
    {"phase", YES, do_phase, 0},
    {"prepend", REFUSED, NULL, 0},
    {"proxy", REFUSED, NULL, 0},
    {"redirect", YES, do_redirect, 0},
    {"rev", YES, do_slice, REV},
    {"sanitiseArg", REFUSED, NULL, 0},
    {"sanitiseMatched", REFUSED, NULL, 0},
    {"sanitiseMatchedBytes", REFUSED, NULL, 0},
    {"sanitiseRequestHeader", REFUSED, NULL, 0},
    {"sanitiseResponseHeader", REFUSED, NULL, 0},
    {"setenv", YES, do_rule, SETENV},
    {"setrsc", YES, do_store, HB_WAF_VAR_RESOURCE},
    {"setsid", YES, do_store, HB_WAF_VAR_SESSION},
    {"setuid", YES, do_store, HB_WAF_VAR_USER},
    {"setvar", YES, do_rule, SETVAR},
    {"severity", YES, do_severity, 0},
    {"skip", YES, do_skip, 0},
    {"skipAfter", YES, do_skip_after, 0},
    {"status", YES, do_status, 0},
    {"t", YES, do_t, 0},
    {"tag", YES, do_tag, 0},
    {"ver", YES, do_slice, VER},
    {"xmlns", YES, do_xmlns, 0},
};

static const char *const severities[] = {"EMERGENCY", "ALERT",   "CRITICAL",
                                         "ERROR",     "WARNING", "NOTICE",
                                         "INFO",      "DEBUG"};

int hb_seclang_actions(const struct hb_seclang *s,
                       const struct hb_seclang_word *w,
                       struct hb_seclang_actions *act)
{
    size_t i = 0;

    for (;;) {
        int r = one(s, w, &i, act);

        if (r < 0)
            return r;
        i = skip_blanks(w->text, i);
        if (i == w->text.n)
            return 0;
        if (w->text.p[i] != ',')
            return hb_seclang_bad(s, hb_seclang_at(w, i),
                                  _("actions are parted by commas"));
        i++;
    }
}

static int one(const struct hb_seclang *s, const struct hb_seclang_word *w,
               size_t *i, struct hb_seclang_actions *act)
{
    struct action a = {.s = s, .act = act};
    struct hb_slice name;
    const struct row *row;
    size_t from, n;
    int r = 0;

    from = n = *i = skip_blanks(w->text, *i);
    while (n < w->text.n && strchr(": \t,", w->text.p[n]) == NULL)
        n++;
    name = hb_slice(w->text.p + from, n - from);
    a.name_at = hb_seclang_at(w, from);
    if (name.n == 0)
        return hb_seclang_bad(s, a.name_at, _("an action is missing"));
    row = find(s, a.name_at, name);
    if (row == NULL)
        return -EBADMSG;
    *i = skip_blanks(w->text, n);
    a.at = hb_seclang_at(w, *i);
    if (*i < w->text.n && w->text.p[*i] == ':') {
        ++*i;
        r = value_of(s, w, i, &a);
        if (r == 0 && row->arg == NO)
            return hb_seclang_bad(s, a.at, _("%s takes no value"), row->name);
    }
    if (r == 0 && row->arg == YES && a.value.n == 0)
        return hb_seclang_bad(s, a.at, _("%s needs a value"), row->name);
    return r < 0 ? r : row->fn(&a, row->n);
}

/* The value behind the colon, with I behind it. */
static int value_of(const struct hb_seclang *s, const struct hb_seclang_word *w,
                    size_t *i, struct action *a)
{
    size_t from = skip_blanks(w->text, *i), n = from;

    if (from < w->text.n && w->text.p[from] == '\'') {
        *i = from;
        a->at = hb_seclang_at(w, from + 1);
        return quoted(s, w, i, &a->value);
    }
    while (n < w->text.n && w->text.p[n] != ',')
        n++;
    *i = n;
    while (n > from && (w->text.p[n - 1] == ' ' || w->text.p[n - 1] == '\t'))
        n--;
    a->at = hb_seclang_at(w, from);
    a->value = hb_slice(w->text.p + from, n - from);
    return 0;
}

/* '...' at I, with \' for a quote; any other backslash stays. */
static int quoted(const struct hb_seclang *s, const struct hb_seclang_word *w,
                  size_t *i, struct hb_slice *ret)
{
    size_t from = *i + 1, end = from, n = 0;
    bool escaped = false;
    char *copy;

    while (end < w->text.n && w->text.p[end] != '\'') {
        bool pair = w->text.p[end] == '\\' && end + 1 < w->text.n;

        escaped = escaped || (pair && w->text.p[end + 1] == '\'');
        end += pair ? 2 : 1;
    }
    if (end >= w->text.n)
        return hb_seclang_bad(s, hb_seclang_at(w, *i),
                              _("this quote is not closed"));
    *i = end + 1;
    *ret = hb_slice(w->text.p + from, end - from);
    if (!escaped)
        return 0;
    copy = hb_arena_alloc(s->arena, end - from + 1);
    if (copy == NULL)
        return hb_seclang_nomem(s);
    for (size_t k = from; k < end; k++) {
        if (w->text.p[k] == '\\' && w->text.p[k + 1] == '\'')
            k++;
        else if (w->text.p[k] == '\\')
            copy[n++] = w->text.p[k++];
        copy[n++] = w->text.p[k];
    }
    *ret = hb_slice(copy, n);
    return 0;
}

/* NULL with the error set where there is none such, or not here. */
static const struct row *find(const struct hb_seclang *s,
                              struct hb_seclang_at at, struct hb_slice name)
{
    const char *names[HB_ARRAY_LEN(rows)];

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        names[i] = rows[i].name;
        if (strlen(names[i]) != name.n ||
            strncasecmp(names[i], name.p, name.n) != 0)
            continue;
        if (rows[i].arg != REFUSED)
            return &rows[i];
        (void)hb_seclang_bad(s, at, _("this engine has no action %s"),
                             names[i]);
        return NULL;
    }
    (void)hb_seclang_unknown(
        s, at, hb_waf_name_nearest(name, names, HB_ARRAY_LEN(names)),
        _("no action is called \"%.*s\""), HB_SHOW(name));
    return NULL;
}

static size_t skip_blanks(struct hb_slice text, size_t i)
{
    while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t'))
        i++;
    return i;
}

static int number(struct action *a, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t v;

    if (hb_parse_u64(a->value, &v) < 0 || v < min || v > max)
        return hb_seclang_bad(a->s, a->at, _("a number from %llu to %llu"),
                              (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

static int do_disruptive(struct action *a, unsigned n)
{
    a->act->rule->action = (enum hb_waf_do)n;
    a->act->block = false;
    a->act->has_action = true;
    a->act->action_at = a->name_at;
    return 0;
}

static int do_allow(struct action *a, unsigned n)
{
    static const char *const what[] = {"phase", "request"};
    int i = hb_waf_name_find(a->value, what, HB_ARRAY_LEN(what));

    if (a->value.n > 0 && i < 0)
        return hb_seclang_bad(a->s, a->at,
                              _("allow, allow:phase or allow:request"));
    return do_disruptive(a, i < 0    ? HB_WAF_DO_ALLOW
                            : i == 0 ? HB_WAF_DO_ALLOW_PHASE
                                     : HB_WAF_DO_ALLOW_REQUEST);
}

static int do_block(struct action *a, unsigned n)
{
    (void)do_disruptive(a, HB_WAF_DO_PASS);
    a->act->block = true;
    return 0;
}

static int do_redirect(struct action *a, unsigned n)
{
    (void)do_disruptive(a, HB_WAF_DO_REDIRECT);
    return hb_seclang_text(a->s, a->at, a->value, &a->act->rule->redirect);
}

static int do_flag(struct action *a, unsigned n)
{
    if (n == CHAIN) {
        a->act->has_chain = true;
        a->act->chain_at = a->name_at;
    } else if (n == CAPTURE) {
        a->act->rule->capture = true;
    } else {
        a->act->rule->multimatch = true;
    }
    return 0;
}

/* nolog also means noauditlog, as the manual says; auditlog behind it undoes
 * that half. */
static int do_log(struct action *a, unsigned n)
{
    if (n == LOG || n == NOLOG) {
        a->act->log = n == LOG;
        a->act->has_log = true;
    }
    a->act->auditlog = n == LOG || n == AUDITLOG;
    a->act->has_auditlog = true;
    return 0;
}

static int do_id(struct action *a, unsigned n)
{
    uint64_t v;
    int r = number(a, 1, UINT32_MAX, &v);

    if (r == 0) {
        a->act->rule->id = (uint32_t)v;
        a->act->has_id = true;
        a->act->id_at = a->at;
    }
    return r;
}

static int do_phase(struct action *a, unsigned n)
{
    static const struct {
        const char *name;
        uint8_t phase;
    } names[] = {{"request", 2}, {"response", 4}, {"logging", 5}};
    uint64_t v = 0;
    int r = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (hb_waf_name_find(a->value, &names[i].name, 1) == 0)
            v = names[i].phase;
    if (v == 0)
        r = number(a, 1, HB_WAF_PHASES, &v);
    if (r == 0) {
        a->act->rule->phase = (uint8_t)v;
        a->act->has_phase = true;
        a->act->phase_at = a->name_at;
    }
    return r;
}

static int do_severity(struct action *a, unsigned n)
{
    int i = hb_waf_name_find(a->value, severities, HB_ARRAY_LEN(severities));
    uint64_t v = (uint64_t)i;

    if (i < 0 && (hb_parse_u64(a->value, &v) < 0 || v > 7))
        return hb_seclang_unknown(
            a->s, a->at,
            hb_waf_name_nearest(a->value, severities, HB_ARRAY_LEN(severities)),
            _("no severity is called \"%.*s\""), HB_SHOW(a->value));
    a->act->rule->severity = (int8_t)v;
    a->act->has_meta = true;
    a->act->meta_at = a->name_at;
    return 0;
}

static int do_status(struct action *a, unsigned n)
{
    uint64_t v;
    int r = number(a, 100, 599, &v);

    if (r == 0) {
        a->act->rule->status = (uint16_t)v;
        a->act->has_status = true;
    }
    return r;
}

static int do_level(struct action *a, unsigned n)
{
    uint64_t v;
    int r = number(a, 1, 9, &v);

    if (r == 0 && n == MATURITY)
        a->act->rule->maturity = (uint8_t)v;
    else if (r == 0)
        a->act->rule->accuracy = (uint8_t)v;
    return r;
}

static int do_text(struct action *a, unsigned n)
{
    struct hb_waf_rule *rule = a->act->rule;

    if (n == MSG) {
        a->act->has_meta = true;
        a->act->meta_at = a->name_at;
    }
    return hb_seclang_text(a->s, a->at, a->value,
                           n == MSG ? &rule->msg : &rule->logdata);
}

static int do_slice(struct action *a, unsigned n)
{
    if (n == REV) {
        a->act->rule->rev = a->value;
        a->act->has_meta = true;
        a->act->meta_at = a->name_at;
    } else {
        a->act->rule->ver = a->value;
    }
    return 0;
}

static int do_tag(struct action *a, unsigned n)
{
    struct hb_waf_rule *rule = a->act->rule;
    struct hb_waf_text *more = hb_seclang_grow(
        a->s->arena, rule->tag, rule->n_tag, sizeof(*more), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(a->s);
    rule->tag = more;
    return hb_seclang_text(a->s, a->at, a->value, &more[rule->n_tag++]);
}

static int do_skip(struct action *a, unsigned n)
{
    uint64_t v;
    int r = number(a, 1, UINT16_MAX, &v);

    if (r == 0) {
        a->act->skip = (uint32_t)v;
        a->act->skip_after = hb_slice(NULL, 0);
        a->act->skip_at = a->name_at;
    }
    return r;
}

static int do_skip_after(struct action *a, unsigned n)
{
    a->act->skip_after = a->value;
    a->act->skip = 0;
    a->act->skip_at = a->at;
    return 0;
}

static int do_t(struct action *a, unsigned n)
{
    enum hb_waf_t t;
    uint8_t *more;

    if (!hb_waf_t_find(a->value, &t))
        return hb_seclang_unknown(a->s, a->at, hb_waf_t_nearest(a->value),
                                  _("no transformation is called \"%.*s\""),
                                  HB_SHOW(a->value));
    if (t == HB_WAF_T_NONE) {
        a->act->has_none = true;
        a->act->n_t = 0;
        return 0;
    }
    if (a->act->n_t >= T_MAX)
        return hb_seclang_bad(a->s, a->at, _("more than %u transformations"),
                              T_MAX);
    more = hb_seclang_grow(a->s->arena, a->act->t, a->act->n_t, sizeof(*more),
                           T_MAX);
    if (more == NULL)
        return hb_seclang_nomem(a->s);
    a->act->t = more;
    more[a->act->n_t++] = (uint8_t)t;
    return 0;
}

static int do_rule(struct action *a, unsigned n)
{
    static int (*const fn[])(const struct hb_seclang *, struct hb_seclang_at,
                             struct hb_slice, struct hb_waf_rule *) = {
        [CTL] = hb_seclang_ctl,         [SETVAR] = hb_seclang_setvar,
        [SETENV] = hb_seclang_setenv,   [EXPIREVAR] = hb_seclang_expirevar,
        [INITCOL] = hb_seclang_initcol,
    };

    return fn[n](a->s, a->at, a->value, a->act->rule);
}

/* setuid:TEXT is initcol:user=TEXT. */
static int do_store(struct action *a, unsigned n)
{
    struct hb_waf_rule *rule = a->act->rule;
    struct hb_waf_initcol *more =
        hb_seclang_grow(a->s->arena, rule->initcol, rule->n_initcol,
                        sizeof(*more), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(a->s);
    rule->initcol = more;
    more += rule->n_initcol++;
    more->coll = (enum hb_waf_coll)n;
    return hb_seclang_text(a->s, a->at, a->value, &more->key);
}

static int do_xmlns(struct action *a, unsigned n)
{
    struct hb_waf_rule *rule = a->act->rule;
    const char *equals = memchr(a->value.p, '=', a->value.n);
    struct hb_waf_xmlns *more;
    size_t k;

    if (equals == NULL || equals == a->value.p)
        return hb_seclang_bad(a->s, a->at, _("xmlns:PREFIX=URI"));
    k = (size_t)(equals - a->value.p);
    more = hb_seclang_grow(a->s->arena, rule->xmlns, rule->n_xmlns,
                           sizeof(*more), HB_SECLANG_LIST);
    if (more == NULL)
        return hb_seclang_nomem(a->s);
    rule->xmlns = more;
    more[rule->n_xmlns++] =
        (struct hb_waf_xmlns){.prefix = hb_slice(a->value.p, k),
                              .uri = hb_seclang_rest(a->value, k + 1)};
    return 0;
}

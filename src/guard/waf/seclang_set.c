/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang_set.c - actions that write: setvar, setenv, expirevar, initcol, and
 * ctl, which changes the engine for the rest of a request.
 */
#include "guard/waf/seclang.h"

#include "base/i18n.h"

enum value {
    ONOFF,    /* Off, On */
    ENGINE,   /* Off, On, DetectionOnly */
    AUDIT,    /* Off, On, RelevantOnly */
    PROCESS,  /* a body processor */
    XMLARGS,  /* Off, On, OnlyArgs */
    NUMBER,   /* a number */
    PARTS,    /* letters, + or - before them */
    IDS,      /* ids and ranges of them */
    TEXT,     /* a tag or message */
    IDS_VAR,  /* as IDS, ; and a variable */
    TEXT_VAR, /* as TEXT, ; and a variable */
    REFUSED,
};

/* In the order of enum hb_waf_ctl_kind; behind it what is refused. */
static const struct {
    const char *name;
    enum value value;
} ctls[] = {
    {"auditEngine", AUDIT},
    {"auditLogParts", PARTS},
    {"debugLogLevel", NUMBER},
    {"forceRequestBodyVariable", ONOFF},
    {"parseXmlIntoArgs", XMLARGS},
    {"requestBodyAccess", ONOFF},
    {"requestBodyLimit", NUMBER},
    {"requestBodyProcessor", PROCESS},
    {"responseBodyAccess", ONOFF},
    {"responseBodyLimit", NUMBER},
    {"ruleEngine", ENGINE},
    {"ruleRemoveById", IDS},
    {"ruleRemoveByMsg", TEXT},
    {"ruleRemoveByTag", TEXT},
    {"ruleRemoveTargetById", IDS_VAR},
    {"ruleRemoveTargetByMsg", TEXT_VAR},
    {"ruleRemoveTargetByTag", TEXT_VAR},
    {"hashEnforcement", REFUSED},
    {"hashEngine", REFUSED},
    {"responseBodyProcessor", REFUSED},
};
_Static_assert(HB_ARRAY_LEN(ctls) == HB_WAF_CTL_COUNT + 3, "a row is missing");

static const char *const words[][4] = {
    [ONOFF] = {"Off", "On"},
    [ENGINE] = {"Off", "On", "DetectionOnly"},
    [AUDIT] = {"Off", "On", "RelevantOnly"},
    [PROCESS] = {"URLENCODED", "MULTIPART", "XML", "JSON"},
    [XMLARGS] = {"Off", "On", "OnlyArgs"},
};

static int ctl_find(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice name, unsigned *ret);
static int ctl_value(const struct hb_seclang *s, struct hb_seclang_at at,
                     struct hb_slice value, enum value kind,
                     struct hb_waf_ctl *ctl);
static int ctl_word(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice value, enum value kind, uint64_t *ret);
static int ctl_target(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice *value, struct hb_waf_ctl *ctl);
static int ctl_ids(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice value, struct hb_waf_ctl *ctl,
                   struct hb_waf_rule *rule);
static int ctl_add(const struct hb_seclang *s, struct hb_waf_rule *rule,
                   const struct hb_waf_ctl *ctl);
static bool parts(struct hb_slice value);
static int store(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice name, enum hb_waf_coll *ret);
static size_t equals(struct hb_slice value);
static int target(const struct hb_seclang *s, struct hb_seclang_at at,
                  struct hb_slice value, enum hb_waf_coll *ret_coll,
                  struct hb_waf_text *ret_name);
static int set_add(const struct hb_seclang *s, struct hb_waf_rule *rule,
                   const struct hb_waf_set *set);

int hb_seclang_ctl(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice value, struct hb_waf_rule *rule)
{
    struct hb_waf_ctl ctl = {0};
    size_t n = equals(value);
    struct hb_seclang_at v_at = {at.word, at.at + n + 1};
    struct hb_slice v;
    unsigned i = 0;
    int r = ctl_find(s, at, hb_slice(value.p, n), &i);

    if (r < 0)
        return r;
    if (n + 1 >= value.n)
        return hb_seclang_bad(s, at, _("%s needs a value"), ctls[i].name);
    v = hb_seclang_rest(value, n + 1);
    ctl.kind = (enum hb_waf_ctl_kind)i;
    if (ctls[i].value == IDS_VAR || ctls[i].value == TEXT_VAR)
        r = ctl_target(s, v_at, &v, &ctl);
    if (r < 0)
        return r;
    if (ctls[i].value == IDS || ctls[i].value == IDS_VAR)
        return ctl_ids(s, v_at, v, &ctl, rule);
    r = ctl_value(s, v_at, v, ctls[i].value, &ctl);
    return r < 0 ? r : ctl_add(s, rule, &ctl);
}

int hb_seclang_setvar(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice value, struct hb_waf_rule *rule)
{
    struct hb_waf_set set = {.kind = HB_WAF_SET_ASSIGN};
    size_t n;
    int r;

    if (value.n > 0 && value.p[0] == '!') {
        set.kind = HB_WAF_SET_UNSET;
        value = hb_seclang_rest(value, 1);
        at.at++;
    }
    n = equals(value);
    r = target(s, at, hb_slice(value.p, n), &set.coll, &set.name);
    if (r < 0)
        return r;
    if (set.kind == HB_WAF_SET_UNSET) {
        if (n < value.n)
            return hb_seclang_bad(s, at, _("! removes: it takes no value"));
        return set_add(s, rule, &set);
    }
    if (n == value.n) { /* setvar:tx.seen */
        set.value.raw = HB_SLICE("1");
        return set_add(s, rule, &set);
    }
    n++;
    if (n < value.n && (value.p[n] == '+' || value.p[n] == '-')) {
        set.kind = value.p[n] == '+' ? HB_WAF_SET_ADD : HB_WAF_SET_SUB;
        n++;
    }
    at.at += n;
    r = hb_seclang_text(s, at, hb_seclang_rest(value, n), &set.value);
    return r < 0 ? r : set_add(s, rule, &set);
}

int hb_seclang_setenv(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice value, struct hb_waf_rule *rule)
{
    struct hb_waf_set set = {.coll = HB_WAF_VAR_ENV};
    size_t n = equals(value), minus = value.n > 0 && value.p[0] == '!';
    int r;

    set.kind = minus ? HB_WAF_SET_UNSET : HB_WAF_SET_ASSIGN;
    if (n <= minus || minus == (n < value.n))
        return hb_seclang_bad(s, at, _("setenv:NAME=VALUE or setenv:!NAME"));
    at.at += minus;
    r = hb_seclang_text(s, at, hb_slice(value.p + minus, n - minus), &set.name);
    if (r == 0 && !minus) {
        at.at += n + 1;
        r = hb_seclang_text(s, at, hb_seclang_rest(value, n + 1), &set.value);
    }
    return r < 0 ? r : set_add(s, rule, &set);
}

int hb_seclang_expirevar(const struct hb_seclang *s, struct hb_seclang_at at,
                         struct hb_slice value, struct hb_waf_rule *rule)
{
    struct hb_waf_expire *more = hb_seclang_grow(
        s->arena, rule->expire, rule->n_expire, sizeof(*more), HB_SECLANG_LIST);
    size_t n = equals(value);
    uint64_t v;
    int r;

    if (more == NULL)
        return hb_seclang_nomem(s);
    rule->expire = more;
    more += rule->n_expire;
    r = target(s, at, hb_slice(value.p, n), &more->coll, &more->name);
    if (r < 0)
        return r;
    at.at += HB_MIN(n + 1, value.n);
    value = hb_seclang_rest(value, HB_MIN(n + 1, value.n));
    r = hb_seclang_text(s, at, value, &more->seconds);
    if (r < 0)
        return r;
    if (more->seconds.n == 0 && hb_parse_u64(value, &v) < 0)
        return hb_seclang_bad(s, at, _("expirevar:NAME=SECONDS"));
    rule->n_expire++;
    return 0;
}

int hb_seclang_initcol(const struct hb_seclang *s, struct hb_seclang_at at,
                       struct hb_slice value, struct hb_waf_rule *rule)
{
    struct hb_waf_initcol *more =
        hb_seclang_grow(s->arena, rule->initcol, rule->n_initcol, sizeof(*more),
                        HB_SECLANG_LIST);
    size_t n = equals(value);
    int r;

    if (more == NULL)
        return hb_seclang_nomem(s);
    rule->initcol = more;
    more += rule->n_initcol;
    r = store(s, at, hb_slice(value.p, n), &more->coll);
    if (r < 0)
        return r;
    if (more->coll == HB_WAF_VAR_TX || n + 1 >= value.n)
        return hb_seclang_bad(s, at, _("initcol:STORE=KEY"));
    at.at += n + 1;
    r = hb_seclang_text(s, at, hb_seclang_rest(value, n + 1), &more->key);
    if (r == 0)
        rule->n_initcol++;
    return r;
}

int hb_seclang_ids(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice text, uint32_t *ret_from, uint32_t *ret_to)
{
    const char *dash = text.n > 0 ? memchr(text.p, '-', text.n) : NULL;
    size_t n = dash != NULL ? (size_t)(dash - text.p) : text.n;
    uint64_t from, to;

    if (hb_parse_u64(hb_slice(text.p, n), &from) < 0 || from > UINT32_MAX)
        return hb_seclang_bad(s, at, _("an id or a range such as 100-199"));
    to = from;
    if (dash != NULL && (hb_parse_u64(hb_seclang_rest(text, n + 1), &to) < 0 ||
                         to > UINT32_MAX || to < from))
        return hb_seclang_bad(s, at, _("an id or a range such as 100-199"));
    *ret_from = (uint32_t)from;
    *ret_to = (uint32_t)to;
    return 0;
}

static int ctl_find(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice name, unsigned *ret)
{
    const char *names[HB_ARRAY_LEN(ctls)];
    int i;

    for (size_t k = 0; k < HB_ARRAY_LEN(ctls); k++)
        names[k] = ctls[k].name;
    i = hb_waf_name_find(name, names, HB_ARRAY_LEN(names));
    if (i < 0)
        return hb_seclang_unknown(
            s, at, hb_waf_name_nearest(name, names, HB_ARRAY_LEN(names)),
            _("ctl cannot change \"%.*s\""), HB_SHOW(name));
    if (ctls[i].value == REFUSED)
        return hb_seclang_bad(s, at, _("this engine has no ctl %s"), names[i]);
    *ret = (unsigned)i;
    return 0;
}

static int ctl_value(const struct hb_seclang *s, struct hb_seclang_at at,
                     struct hb_slice value, enum value kind,
                     struct hb_waf_ctl *ctl)
{
    switch (kind) {
    case NUMBER:
        if (hb_parse_u64(value, &ctl->number) < 0)
            return hb_seclang_bad(s, at, _("%s is a whole number"),
                                  ctls[ctl->kind].name);
        return 0;
    case PARTS:
        ctl->text = value;
        if (!parts(value))
            return hb_seclang_bad(
                s, at, _("letters of the parts of the audit log, from A to Z"));
        return 0;
    case TEXT:
    case TEXT_VAR:
        ctl->text = value;
        if (value.n == 0)
            return hb_seclang_bad(s, at, _("%s needs a value"),
                                  ctls[ctl->kind].name);
        return 0;
    default:
        return ctl_word(s, at, value, kind, &ctl->number);
    }
}

static int ctl_word(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice value, enum value kind, uint64_t *ret)
{
    size_t n = 0;
    int i;

    while (n < HB_ARRAY_LEN(words[kind]) && words[kind][n] != NULL)
        n++;
    i = hb_waf_name_find(value, words[kind], n);
    if (i < 0)
        return hb_seclang_unknown(
            s, at, hb_waf_name_nearest(value, words[kind], n),
            _("\"%.*s\" is no value for this"), HB_SHOW(value));
    *ret = (uint64_t)i;
    return 0;
}

/* Takes the variable behind the semicolon off VALUE. */
static int ctl_target(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice *value, struct hb_waf_ctl *ctl)
{
    const char *semicolon = memchr(value->p, ';', value->n);
    size_t n;
    int r;

    if (semicolon == NULL)
        return hb_seclang_bad(s, at, _("%s=RULES;VARIABLE"),
                              ctls[ctl->kind].name);
    n = (size_t)(semicolon - value->p);
    at.at += n + 1;
    r = hb_seclang_var(s, at, hb_seclang_rest(*value, n + 1), &ctl->target);
    if (r == 0)
        value->n = n;
    return r;
}

/* "1 3-5": one ctl for each. */
static int ctl_ids(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice value, struct hb_waf_ctl *ctl,
                   struct hb_waf_rule *rule)
{
    size_t i = 0;

    do {
        size_t from;
        int r;

        while (i < value.n && (value.p[i] == ' ' || value.p[i] == ','))
            i++;
        for (from = i; i < value.n && value.p[i] != ' ' && value.p[i] != ',';)
            i++;
        r = hb_seclang_ids(s, hb_seclang_at(at.word, at.at + from),
                           hb_slice(value.p + from, i - from), &ctl->id_from,
                           &ctl->id_to);
        if (r == 0)
            r = ctl_add(s, rule, ctl);
        if (r < 0)
            return r;
    } while (i < value.n);
    return 0;
}

static int ctl_add(const struct hb_seclang *s, struct hb_waf_rule *rule,
                   const struct hb_waf_ctl *ctl)
{
    struct hb_waf_ctl *more = hb_seclang_grow(s->arena, rule->ctl, rule->n_ctl,
                                              sizeof(*more), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(s);
    rule->ctl = more;
    more[rule->n_ctl++] = *ctl;
    return 0;
}

static bool parts(struct hb_slice value)
{
    size_t sign = value.n > 0 && (value.p[0] == '+' || value.p[0] == '-');

    for (size_t i = sign; i < value.n; i++)
        if (value.p[i] < 'A' || value.p[i] > 'Z')
            return false;
    return value.n > sign;
}

/* A store that rules may write. */
static int store(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice name, enum hb_waf_coll *ret)
{
    enum hb_waf_coll c;

    if (!hb_waf_coll_find(name, &c))
        return hb_seclang_unknown(s, at, hb_waf_coll_nearest(name),
                                  _("no variable is called \"%.*s\""),
                                  HB_SHOW(name));
    if (hb_waf_coll_kind(c) != HB_WAF_COLL_STORE)
        return hb_seclang_bad(s, at, _("rules cannot write to %s"),
                              hb_waf_coll_name(c));
    *ret = c;
    return 0;
}

/* The first = outside of macros, or the end. */
static size_t equals(struct hb_slice value)
{
    bool in_macro = false;

    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '%' && i + 1 < value.n && value.p[i + 1] == '{')
            in_macro = true;
        else if (value.p[i] == '}')
            in_macro = false;
        else if (value.p[i] == '=' && !in_macro)
            return i;
    }
    return value.n;
}

/* STORE.name */
static int target(const struct hb_seclang *s, struct hb_seclang_at at,
                  struct hb_slice value, enum hb_waf_coll *ret_coll,
                  struct hb_waf_text *ret_name)
{
    size_t n = 0;
    int r;

    while (n < value.n && value.p[n] != '.' && value.p[n] != ':')
        n++;
    if (n + 1 >= value.n)
        return hb_seclang_bad(s, at, _("STORE.NAME, such as tx.seen"));
    r = store(s, at, hb_slice(value.p, n), ret_coll);
    if (r < 0)
        return r;
    at.at += n + 1;
    return hb_seclang_text(s, at, hb_seclang_rest(value, n + 1), ret_name);
}

static int set_add(const struct hb_seclang *s, struct hb_waf_rule *rule,
                   const struct hb_waf_set *set)
{
    struct hb_waf_set *more = hb_seclang_grow(s->arena, rule->set, rule->n_set,
                                              sizeof(*more), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(s);
    rule->set = more;
    more[rule->n_set++] = *set;
    return 0;
}

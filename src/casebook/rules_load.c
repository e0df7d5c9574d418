/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_load.c - reads a rule pack, checks it whole, and its signature.
 *
 * Runs in core, the CLI and tests.  The file comes with the package or from
 * whoever keeps the rules; the parser is bounded and fuzzed.  A rule that is
 * half understood is refused with its place: a clock that nobody sees is the
 * harm that a pack exists to prevent.  A signature that does not hold is told
 * as the pack's state instead, for the same reason (rules.h).
 */
#include <stdio.h>

#include "base/file.h"
#include "base/num.h"
#include "casebook/load.h"
#include "casebook/rules.h"

#define HOURS_MAX  8784u /* a year */
#define DAYS_MAX   3660u
#define WITHIN_MIN (60 * UINT64_C(1000000000))
#define WITHIN_MAX (366 * (uint64_t)HB_DAY_NS)

struct pass { /* while one pack is loaded */
    struct hb_load l;
    struct hb_rulepack *p;
    const struct hb_variables *vars;
};

static int read_pack(struct pass *x, const char *name, struct hb_slice text);
static int load_head(struct pass *x, const struct hb_yaml *top);
static int load_items(struct pass *x, const struct hb_yaml *top);
static int load_rules(struct pass *x, const struct hb_yaml *top);
static int load_rule(struct pass *x, const struct hb_yaml *map,
                     struct hb_duty *r);
static int load_texts(struct pass *x, const struct hb_yaml *map,
                      struct hb_duty *r);
static int load_trigger(struct pass *x, const struct hb_yaml *map,
                        struct hb_duty *r);
static int load_words(struct pass *x, const struct hb_yaml *map,
                      struct hb_duty *r);
static int load_due(struct pass *x, const struct hb_yaml *map,
                    struct hb_due *due);
static int load_figure(struct pass *x, const struct hb_yaml *map,
                       const char *key, uint64_t max, struct hb_due *due);
static int load_flag(struct pass *x, const struct hb_yaml *map,
                     const char *key);
static int load_document(struct pass *x, const struct hb_yaml *map,
                         struct hb_duty *r);
static int load_rule_items(struct pass *x, const struct hb_yaml *map,
                           struct hb_duty *r);
static int check_unique(struct pass *x, const struct hb_yaml *map,
                        const struct hb_duty *r);
static const struct hb_duty_item *find_item(const struct hb_rulepack *p,
                                            const char *id);
static int check_signature(struct hb_rulepack *p, const char *path,
                           const struct hb_pub *pub, struct hb_err *err);
static void signed_text(const struct hb_rulepack *p,
                        char ret[2 * HB_SHA256_SIZE + 1]);

int hb_rulepack_parse(const char *name, struct hb_slice text,
                      const struct hb_variables *vars, struct hb_rulepack **ret,
                      struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    struct pass x = {.l = {.a = a, .err = err, .dir = name}, .vars = vars};
    int r = -ENOMEM;

    x.p = a != NULL ? HB_NEW(a, struct hb_rulepack) : NULL;
    if (x.p != NULL) {
        x.p->arena = a;
        hb_sha256(text.p, text.n, x.p->hash);
        r = read_pack(&x, name, text);
    }
    if (r < 0) {
        if (err != NULL && err->code == 0)
            hb_err_at(err, r, name, 0, 0, _("the rule pack cannot be read"));
        hb_arena_free(a);
        return r;
    }
    *ret = x.p;
    return 0;
}

int hb_rulepack_load(const char *path, const struct hb_variables *vars,
                     const struct hb_pub *pub, struct hb_rulepack **ret,
                     struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_rulepack *p = NULL;
    struct hb_slice text = {0};
    char why[128];
    int r = a == NULL ? -ENOMEM : hb_file_read(a, path, HB_MAX_YAML, &text);

    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    r = hb_rulepack_parse(path, text, vars, &p, err);
    if (r < 0 || p == NULL)
        return r;
    r = check_signature(p, path, pub, err);
    if (r < 0) {
        hb_rulepack_free(p);
        return r;
    }
    *ret = p;
    return 0;
}

void hb_rulepack_free(struct hb_rulepack *p)
{
    if (p != NULL)
        hb_arena_free(p->arena);
}

void hb_rulepack_freep(struct hb_rulepack **p)
{
    hb_rulepack_free(*p);
    *p = NULL;
}

int hb_rulepack_sign(const struct hb_rulepack *p, const char *path,
                     const struct hb_key *key, struct hb_err *err)
{
    char digest[2 * HB_SHA256_SIZE + 1], name[HB_MAX_PATH], why[128];
    uint8_t sig[HB_SIG_SIZE];
    int n = snprintf(name, sizeof(name), "%s.sig", path);
    int r = n < (int)sizeof(name) ? 0 : -ENAMETOOLONG;

    signed_text(p, digest);
    if (r == 0)
        r = hb_sign(key, HB_RULEPACK_DOMAIN, hb_slice_z(digest), sig);
    if (r == 0)
        r = hb_file_write(name, sig, sizeof(sig), 0644);
    if (r < 0)
        return hb_err_at(err, r, name, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    return 0;
}

int hb_load_period(struct hb_load *l, const struct hb_yaml *map,
                   const int64_t *from, struct hb_period *ret)
{
    struct hb_period p = {from != NULL ? *from : 0, INT64_MAX};
    int r = hb_load_day(l, map, "valid_from", from == NULL, &p.from);

    if (r == 0)
        r = hb_load_day(l, map, "valid_to", false, &p.to);
    if (r == 0 && p.to < p.from)
        r = hb_yaml_err(hb_yaml_get(map, "valid_to"), l->err, -EINVAL,
                        _("valid_to is before valid_from"));
    if (r == 0)
        *ret = p;
    return r;
}

/* ---- the file ---- */

static int read_pack(struct pass *x, const char *name, struct hb_slice text)
{
    static const char *const keys[] = {
        "id", "version", "checked", "holidays", "items", "rules", NULL};
    struct hb_yaml *top = NULL;
    int r = hb_yaml_parse(x->l.a, name, text, &top, x->l.err);

    if (r < 0)
        return r;
    if (top->type != HB_YAML_MAP)
        return hb_yaml_err(top, x->l.err, -EINVAL,
                           _("the file must be a mapping (key: value)"));
    r = hb_yaml_keys(top, keys, x->l.err);
    if (r == 0)
        r = load_head(x, top);
    if (r == 0)
        r = hb_load_calendar(&x->l, top, &x->p->calendar);
    if (r == 0)
        r = load_items(x, top);
    if (r == 0)
        r = load_rules(x, top);
    return r;
}

static int load_head(struct pass *x, const struct hb_yaml *top)
{
    static const char *const keys[] = {"at", "by", NULL};
    const struct hb_yaml *m = hb_yaml_get(top, "checked");
    uint64_t version = 0;
    int r = hb_load_id(&x->l, top, "id", &x->p->id);

    if (r == 0)
        r = hb_load_num(&x->l, top, "version", 1, 1000000, &version);
    x->p->version = (unsigned)version;
    if (r == 0 && m == NULL)
        r = hb_yaml_err(top, x->l.err, -EINVAL, _("\"%s\" is missing here"),
                        "checked");
    if (r < 0 || m == NULL)
        return r;
    if (m->type != HB_YAML_MAP)
        return hb_yaml_err(m, x->l.err, -EINVAL, _("\"%s\" must be a mapping"),
                           "checked");
    r = hb_yaml_keys(m, keys, x->l.err);
    if (r == 0)
        r = hb_load_day(&x->l, m, "at", true, &x->p->checked_at);
    if (r == 0)
        r = hb_load_str(&x->l, m, "by", true, &x->p->checked_by);
    return r;
}

static int load_items(struct pass *x, const struct hb_yaml *top)
{
    static const char *const keys[] = {"id", "text", NULL};
    const struct hb_yaml *seq = NULL;
    struct hb_duty_item *list;
    int r = hb_load_seq(&x->l, top, "items", false, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HB_DUTY_ITEMS_MAX)
        return hb_yaml_err(seq, x->l.err, -E2BIG, _("more than %u items"),
                           HB_DUTY_ITEMS_MAX);
    list = HB_NEW_N(x->l.a, struct hb_duty_item, seq->count);
    if (list == NULL)
        return -ENOMEM;
    x->p->items = list;
    HB_YAML_EACH (n, seq) {
        struct hb_duty_item *i = &list[x->p->items_n];

        if (n->type != HB_YAML_MAP)
            return hb_yaml_err(n, x->l.err, -EINVAL, _("an item is a mapping"));
        r = hb_yaml_keys(n, keys, x->l.err);
        if (r == 0)
            r = hb_load_id(&x->l, n, "id", &i->id);
        if (r == 0)
            r = hb_load_text(&x->l, n, "text", true, &i->text);
        if (r == 0 && find_item(x->p, i->id) != NULL)
            r = hb_yaml_err(n, x->l.err, -EEXIST, _("item %s stands twice"),
                            i->id);
        if (r < 0)
            return r;
        x->p->items_n++;
    }
    return 0;
}

/* ---- rules ---- */

static int load_rules(struct pass *x, const struct hb_yaml *top)
{
    const struct hb_yaml *seq = NULL;
    struct hb_duty *list;
    int r = hb_load_seq(&x->l, top, "rules", true, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HB_DUTY_MAX)
        return hb_yaml_err(seq, x->l.err, -E2BIG, _("more than %u rules"),
                           HB_DUTY_MAX);
    list = HB_NEW_N(x->l.a, struct hb_duty, seq->count);
    if (list == NULL)
        return -ENOMEM;
    x->p->rules = list;
    HB_YAML_EACH (n, seq) {
        r = load_rule(x, n, &list[x->p->n]);
        if (r == 0)
            r = check_unique(x, n, &list[x->p->n]);
        if (r < 0)
            return r;
        x->p->n++;
    }
    return 0;
}

static int load_rule(struct pass *x, const struct hb_yaml *map,
                     struct hb_duty *r)
{
    static const char *const keys[] = {
        "id",     "title",      "law",      "addressee", "when",
        "format", "note",       "trigger",  "starts",    "due",
        "items",  "document",   "modality", "certainty", "to_confirm",
        "source", "valid_from", "valid_to", NULL};
    int k;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, x->l.err, -EINVAL, _("a rule is a mapping"));
    r->line = map->line;
    r->column = map->column;
    k = hb_yaml_keys(map, keys, x->l.err);
    if (k == 0)
        k = hb_load_id(&x->l, map, "id", &r->id);
    if (k == 0)
        k = load_texts(x, map, r);
    if (k == 0)
        k = load_words(x, map, r);
    if (k == 0)
        k = load_trigger(x, map, r);
    if (k == 0)
        k = load_due(x, map, &r->due);
    if (k == 0)
        k = load_rule_items(x, map, r);
    if (k == 0)
        k = load_document(x, map, r);
    if (k == 0)
        k = hb_load_period(&x->l, map, NULL, &r->period);
    if (k == 0 && r->due.kind == HB_DUE_STANDING &&
        r->trigger != HB_TRIGGER_BY_HAND)
        k = hb_yaml_err(hb_yaml_get(map, "trigger"), x->l.err, -EINVAL,
                        _("a standing duty has no clock that could start: "
                          "write by-hand"));
    return k;
}

static int load_texts(struct pass *x, const struct hb_yaml *map,
                      struct hb_duty *r)
{
    const struct {
        const char *key;
        bool required;
        struct hb_text *ret;
    } rows[] = {
        {"title", true, &r->title},
        {"law", true, &r->law},
        {"addressee", true, &r->addressee},
        {"when", true, &r->when},
        {"format", false, &r->format},
        {"note", false, &r->note},
        {"to_confirm", false, &r->to_confirm},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        int k = hb_load_text(&x->l, map, rows[i].key, rows[i].required,
                             rows[i].ret);

        if (k < 0)
            return k;
    }
    return hb_load_str(&x->l, map, "source", true, &r->source);
}

static int load_words(struct pass *x, const struct hb_yaml *map,
                      struct hb_duty *r)
{
    static const char *const certainties[] = {"confirmed", "to-confirm"};
    static const char *const starts[] = {"known", "asked"};
    unsigned certainty = 0, start = HB_START_KNOWN, modality = HB_MOD_DO;
    bool open = r->to_confirm.in[HB_LANG_EN] != NULL;
    int k = hb_load_word(&x->l, map, "certainty", true,
                         (struct hb_words){certainties, 2}, &certainty);

    if (k == 0)
        k = hb_load_word(&x->l, map, "starts", false,
                         (struct hb_words){starts, 2}, &start);
    if (k == 0)
        k = hb_load_word(&x->l, map, "modality", false, hb_modalities,
                         &modality);
    if (k == 0 && open != (certainty == HB_CERTAINTY_TO_CONFIRM))
        k = hb_yaml_err(hb_yaml_get(map, "certainty"), x->l.err, -EINVAL,
                        _("\"to_confirm\" belongs to what is to be confirmed, "
                          "and only to that"));
    r->certainty = (enum hb_certainty)certainty;
    r->start = (enum hb_duty_start)start;
    r->modality = (enum hb_modality)modality;
    return k;
}

static int load_trigger(struct pass *x, const struct hb_yaml *map,
                        struct hb_duty *r)
{
    struct hb_err err = {0};
    const char *text = NULL;
    int k = hb_load_str(&x->l, map, "trigger", true, &text);

    if (k < 0 || text == NULL)
        return k;
    if (hb_streq(text, "always") || hb_streq(text, "by-hand")) {
        r->trigger = text[0] == 'a' ? HB_TRIGGER_ALWAYS : HB_TRIGGER_BY_HAND;
        return 0;
    }
    r->trigger = HB_TRIGGER_FACTS;
    r->condition = text;
    k = hb_cond_parse(x->l.a, text, x->vars, &r->cond, &err);
    if (k < 0)
        return hb_yaml_err(hb_yaml_get(map, "trigger"), x->l.err, k, "%s",
                           err.message);
    return 0;
}

/* ---- the term ---- */

static int load_due(struct pass *x, const struct hb_yaml *map,
                    struct hb_due *due)
{
    static const char *const words[] = {"hours", "days", "promptly",
                                        "standing"};
    static const char *const keys[][6] = {
        [HB_DUE_HOURS] = {"hours", "target"},
        [HB_DUE_DAYS] = {"days", "target", "count_first_day", "roll"},
        [HB_DUE_PROMPTLY] = {"promptly", "within"},
        [HB_DUE_STANDING] = {"standing"},
    };
    const struct hb_yaml *m = hb_yaml_get(map, "due");
    unsigned found = 0;
    int r;

    if (m == NULL || m->type != HB_YAML_MAP)
        return hb_yaml_err(m != NULL ? m : map, x->l.err, -EINVAL,
                           _("\"due\" must be a mapping with hours, days, "
                             "promptly or standing"));
    for (unsigned i = 0; i < HB_ARRAY_LEN(words); i++) {
        if (hb_yaml_get(m, words[i]) == NULL)
            continue;
        found++;
        due->kind = (enum hb_due_kind)i;
    }
    if (found != 1)
        return hb_yaml_err(m, x->l.err, -EINVAL,
                           _("\"due\" must be a mapping with hours, days, "
                             "promptly or standing"));
    r = hb_yaml_keys(m, keys[due->kind], x->l.err);
    if (r < 0)
        return r;
    switch (due->kind) {
    case HB_DUE_HOURS:
        return load_figure(x, m, "hours", HOURS_MAX, due);
    case HB_DUE_DAYS:
        return load_figure(x, m, "days", DAYS_MAX, due);
    case HB_DUE_PROMPTLY:
        r = load_flag(x, m, "promptly");
        if (r == 0)
            r = hb_load_duration(&x->l, m, "within", &due->within);
        if (r == 0 && (due->within < WITHIN_MIN || due->within > WITHIN_MAX))
            r = hb_yaml_err(m, x->l.err, -EINVAL,
                            _("\"promptly\" needs a yardstick of ours: "
                              "within, from a minute to a year"));
        return r;
    default:
        return load_flag(x, m, "standing");
    }
}

/* How days are counted is never guessed: both words are required. */
static int load_figure(struct pass *x, const struct hb_yaml *map,
                       const char *key, uint64_t max, struct hb_due *due)
{
    static const char *const rolls[] = {"none", "next-opening-day"};
    const bool days = due->kind == HB_DUE_DAYS;
    uint64_t n = 0, target = 0;
    unsigned roll = 0;
    int r = hb_load_num(&x->l, map, key, 1, max, &n);

    if (r == 0 && hb_yaml_get(map, "target") != NULL)
        r = n < 2 ? hb_yaml_err(hb_yaml_get(map, "target"), x->l.err, -EINVAL,
                                _("nothing is shorter than 1"))
                  : hb_load_num(&x->l, map, "target", 1, n - 1, &target);
    if (r == 0 && days && hb_yaml_get(map, "count_first_day") == NULL)
        r = hb_yaml_err(map, x->l.err, -EINVAL, _("\"%s\" is missing here"),
                        "count_first_day");
    if (r == 0 && days)
        r = hb_load_bool(&x->l, map, "count_first_day", &due->count_first_day);
    if (r == 0 && days)
        r = hb_load_word(&x->l, map, "roll", true, (struct hb_words){rolls, 2},
                         &roll);
    due->n = (unsigned)n;
    due->target = (unsigned)target;
    due->roll = roll == 1;
    return r;
}

/* `promptly: true`; anything else would be a trap. */
static int load_flag(struct pass *x, const struct hb_yaml *map, const char *key)
{
    bool on = false;
    int r = hb_load_bool(&x->l, map, key, &on);

    if (r == 0 && !on)
        r = hb_yaml_err(hb_yaml_get(map, key), x->l.err, -EINVAL,
                        _("\"%s\" can only be true"), key);
    return r;
}

/* ---- references ---- */

/* The name alone: papers stand with their cases ("D04", "D04b"). */
static int load_document(struct pass *x, const struct hb_yaml *map,
                         struct hb_duty *r)
{
    const char *z = NULL;
    int k = hb_load_str(&x->l, map, "document", false, &z);
    size_t n;

    if (k < 0 || z == NULL)
        return k;
    n = strlen(z);
    if (z[0] != 'D' || (n != 3 && n != 4) || z[1] < '0' || z[1] > '9' ||
        z[2] < '0' || z[2] > '9' || (n == 4 && (z[3] < 'a' || z[3] > 'z')))
        return hb_yaml_err(hb_yaml_get(map, "document"), x->l.err, -EINVAL,
                           _("a document is named like D04 or D04b"));
    r->document = z;
    return 0;
}

static int load_rule_items(struct pass *x, const struct hb_yaml *map,
                           struct hb_duty *r)
{
    const struct hb_yaml *seq = NULL;
    int k = hb_load_seq(&x->l, map, "items", false, &seq);

    if (k < 0 || seq == NULL)
        return k;
    r->items = HB_NEW_N(x->l.a, const struct hb_duty_item *, seq->count);
    if (r->items == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, seq) {
        const char *names[HB_DUTY_ITEMS_MAX];
        const struct hb_duty_item *i =
            n->type == HB_YAML_SCALAR ? find_item(x->p, n->text) : NULL;

        for (size_t j = 0; j < x->p->items_n; j++)
            names[j] = x->p->items[j].id;
        if (i == NULL)
            return hb_load_unknown(&x->l, n, "item",
                                   (struct hb_words){names, x->p->items_n});
        r->items[r->items_n++] = i;
    }
    return 0;
}

/* One id may stand more than once, for laws that changed, but never twice on
 * the same day. */
static int check_unique(struct pass *x, const struct hb_yaml *map,
                        const struct hb_duty *r)
{
    for (size_t i = 0; i < x->p->n; i++) {
        const struct hb_duty *o = &x->p->rules[i];

        if (hb_streq(o->id, r->id) && o->period.from <= r->period.to &&
            r->period.from <= o->period.to)
            return hb_yaml_err(map, x->l.err, -EEXIST,
                               _("rule %s stands twice on the same day"),
                               r->id);
    }
    return 0;
}

static const struct hb_duty_item *find_item(const struct hb_rulepack *p,
                                            const char *id)
{
    for (size_t i = 0; i < p->items_n; i++) {
        if (hb_streq(p->items[i].id, id))
            return &p->items[i];
    }
    return NULL;
}

/* ---- signature ---- */

static int check_signature(struct hb_rulepack *p, const char *path,
                           const struct hb_pub *pub, struct hb_err *err)
{
    char name[HB_MAX_PATH], digest[2 * HB_SHA256_SIZE + 1], why[128];
    struct hb_slice sig = {0};
    int r = snprintf(name, sizeof(name), "%s.sig", path);

    r = r < (int)sizeof(name)
            ? hb_file_read(p->arena, name, HB_SIG_SIZE + 1, &sig)
            : -ENAMETOOLONG;
    if (r == -ENOENT) {
        p->signature = HB_PACK_UNSIGNED;
        return 0;
    }
    if (r < 0 && r != -EFBIG)
        return hb_err_at(err, r, name, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    signed_text(p, digest);
    if (r < 0 || sig.n != HB_SIG_SIZE)
        p->signature = HB_PACK_BAD;
    else if (pub == NULL)
        p->signature = HB_PACK_UNCHECKED;
    else
        p->signature = hb_verify(pub, HB_RULEPACK_DOMAIN, hb_slice_z(digest),
                                 (const uint8_t *)sig.p) == 0
                           ? HB_PACK_SIGNED
                           : HB_PACK_BAD;
    return 0;
}

static void signed_text(const struct hb_rulepack *p,
                        char ret[2 * HB_SHA256_SIZE + 1])
{
    hb_hex(p->hash, sizeof(p->hash), ret);
}

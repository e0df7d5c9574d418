/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_fact.c - reads facts.yaml, the catalogue of what may be known of an
 * incident.
 *
 * The catalogue is read before the cases: each playbook sees every fact as a
 * variable, each paper may print it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "casebook/load.h"

static int make_vars(struct hb_load *l);
static int load_fact(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_fact *f);
static int load_name(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_fact *f);
static int load_choices(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_fact *f);
static int load_choice(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_fact_choice *c);
static int load_value(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_fact *f);

static const char *const type_names[] = {
    [HB_FACT_BOOLEAN] = "boolean", [HB_FACT_INTEGER] = "integer",
    [HB_FACT_STRING] = "string",   [HB_FACT_TIME] = "time",
    [HB_FACT_CHOICE] = "choice",
};
static const struct hb_words types = {type_names, HB_ARRAY_LEN(type_names)};

int hb_load_facts(struct hb_load *l, const char *path)
{
    static const char *const keys[] = {"facts", NULL};
    const struct hb_yaml *seq = NULL;
    struct hb_yaml *top = NULL;
    struct hb_fact *list;
    int r = hb_load_yaml(l, path, &top, NULL);

    if (r == 0)
        r = hb_yaml_keys(top, keys, l->err);
    if (r == 0)
        r = hb_load_seq(l, top, "facts", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HB_FACT_MAX)
        return hb_yaml_err(seq, l->err, -E2BIG, _("more than %u facts"),
                           HB_FACT_MAX);
    list = HB_NEW_N(l->a, struct hb_fact, seq->count);
    if (list == NULL)
        return -ENOMEM;
    l->book->facts = list;
    HB_YAML_EACH (n, seq) {
        struct hb_fact *f = &list[l->book->facts_n];

        r = load_fact(l, n, f);
        if (r < 0)
            return r;
        if (hb_fact_find(l->book, f->name) != NULL)
            return hb_yaml_err(n, l->err, -EEXIST, _("fact %s stands twice"),
                               f->name);
        f->var.fact = f;
        l->book->facts_n++;
    }
    return make_vars(l);
}

static int make_vars(struct hb_load *l)
{
    struct hb_variable *v =
        HB_NEW_N(l->a, struct hb_variable, l->book->facts_n);

    if (v == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < l->book->facts_n; i++)
        v[i] = l->book->facts[i].var;
    l->book->fact_vars = (struct hb_variables){v, l->book->facts_n};
    return 0;
}

int hb_load_fact_list(struct hb_load *l, const struct hb_yaml *map,
                      const char *key, const struct hb_fact ***ret,
                      size_t *ret_n)
{
    const struct hb_yaml *seq = NULL;
    const struct hb_fact **list;
    int r = hb_load_seq(l, map, key, false, &seq);

    if (r < 0 || seq == NULL)
        return r;
    list = HB_NEW_N(l->a, const struct hb_fact *, seq->count);
    if (list == NULL)
        return -ENOMEM;
    *ret = list;
    HB_YAML_EACH (n, seq) {
        const char *names[HB_FACT_MAX];

        list[*ret_n] =
            n->type == HB_YAML_SCALAR ? hb_fact_find(l->book, n->text) : NULL;
        if (list[(*ret_n)++] != NULL)
            continue;
        for (size_t i = 0; i < l->book->facts_n; i++)
            names[i] = l->book->facts[i].name;
        return hb_load_unknown(l, n, "fact",
                               (struct hb_words){names, l->book->facts_n});
    }
    return 0;
}

bool hb_fact_valid(const struct hb_fact *f, const char *text)
{
    int64_t n = 0;

    if (hb_streq(text, "?"))
        return true;
    switch (f->type) {
    case HB_FACT_BOOLEAN:
        return hb_streq(text, "true") || hb_streq(text, "false");
    case HB_FACT_INTEGER:
        return hb_parse_i64(hb_slice_z(text), &n) == 0 && n >= 0;
    case HB_FACT_TIME:
        return hb_time_parse(hb_slice_z(text), &n) == 0;
    case HB_FACT_CHOICE:
        return hb_fact_choice(f, text) != NULL;
    case HB_FACT_STRING:
        return text[strspn(text, " \t\r\n")] != '\0';
    }
    return false;
}

const struct hb_text *hb_fact_choice(const struct hb_fact *f, const char *value)
{
    for (size_t i = 0; i < f->choices_n; i++)
        if (hb_streq(f->choices[i].value, value))
            return &f->choices[i].label;
    return NULL;
}

const char *hb_fact_type_name(enum hb_fact_type t)
{
    return (unsigned)t < HB_ARRAY_LEN(type_names) ? type_names[t] : "?";
}

static int load_fact(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_fact *f)
{
    static const char *const keys[] = {"name",    "type",  "label",   "ask",
                                       "unknown", "value", "choices", NULL};
    unsigned type = 0;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a fact is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = load_name(l, map, f);
    if (r == 0)
        r = hb_load_word(l, map, "type", true, types, &type);
    f->type = (enum hb_fact_type)type;
    if (r == 0)
        r = hb_load_text(l, map, "label", true, &f->label);
    if (r == 0)
        r = hb_load_text(l, map, "ask", true, &f->ask);
    if (r == 0)
        r = hb_load_text(l, map, "unknown", false, &f->unknown);
    if (r == 0)
        r = load_choices(l, map, f);
    if (r == 0)
        r = load_value(l, map, f);
    f->var.doc[HB_LANG_EN] = f->label.in[HB_LANG_EN];
    f->var.doc[HB_LANG_JA] = f->label.in[HB_LANG_JA];
    return r;
}

static int load_name(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_fact *f)
{
    int r = hb_load_str(l, map, "name", true, &f->name);
    size_t n;

    if (r < 0)
        return r;
    n = strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (f->name[n] != '\0' || n > 63 || f->name[0] < 'a')
        return hb_yaml_err(hb_yaml_get(map, "name"), l->err, -EINVAL,
                           _("a fact is named of small letters, digits and "
                             "_ (at most 63)"));
    f->var.name = hb_arena_printf(l->a, "__%s__", f->name);
    return f->var.name == NULL ? -ENOMEM : 0;
}

static int load_choices(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_fact *f)
{
    const struct hb_yaml *seq = NULL;
    struct hb_fact_choice *list;
    int r = hb_load_seq(l, map, "choices", f->type == HB_FACT_CHOICE, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (f->type != HB_FACT_CHOICE)
        return hb_yaml_err(seq, l->err, -EINVAL,
                           _("only a fact of type choice has choices"));
    list = HB_NEW_N(l->a, struct hb_fact_choice, seq->count);
    if (list == NULL)
        return -ENOMEM;
    f->choices = list;
    HB_YAML_EACH (n, seq) {
        r = load_choice(l, n, &list[f->choices_n]);
        if (r < 0)
            return r;
        if (hb_fact_choice(f, list[f->choices_n].value) != NULL)
            return hb_yaml_err(n, l->err, -EEXIST, _("choice %s stands twice"),
                               list[f->choices_n].value);
        f->choices_n++;
    }
    return 0;
}

static int load_choice(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_fact_choice *c)
{
    static const char *const keys[] = {"value", "label", NULL};
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a choice is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_id(l, map, "value", &c->value);
    if (r == 0)
        r = hb_load_text(l, map, "label", true, &c->label);
    return r;
}

/* What counts before anybody has said anything. */
static int load_value(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_fact *f)
{
    struct hb_value *v = &f->var.value;
    const char *text = hb_yaml_str(map, "value", NULL);
    int r = 0;

    v->type = f->type == HB_FACT_BOOLEAN   ? HB_VAL_BOOLEAN
              : f->type == HB_FACT_INTEGER ? HB_VAL_INTEGER
                                           : HB_VAL_STRING;
    v->str = "";
    if (text == NULL)
        return 0;
    if (!hb_fact_valid(f, text) || hb_streq(text, "?"))
        return hb_yaml_err(hb_yaml_get(map, "value"), l->err, -EINVAL,
                           _("\"%s\" is not a value of type %s"), text,
                           type_names[f->type]);
    if (v->type == HB_VAL_BOOLEAN)
        v->integer = hb_streq(text, "true");
    else if (v->type == HB_VAL_INTEGER)
        r = hb_parse_i64(hb_slice_z(text), &v->integer);
    else
        v->str = text;
    return r;
}

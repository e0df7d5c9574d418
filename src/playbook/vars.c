/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vars.c - variables of a run: typed, in the store as text, never spliced
 * into anything.
 *
 * Runs in core.  Values come from actions (JSON) and from people (the answer
 * of a task); each is checked against the declared type before it is kept.  A
 * playbook that was called shares a variable with its caller where both declare
 * the same name and type.  A fact of the catalogue is the incident's, not the
 * run's: it is read from what is known and added to it (incident/fact.h).
 */
#include <strings.h>

#include "base/json.h"
#include "base/num.h"
#include "incident/fact.h"
#include "playbook/vars.h"

struct getter { /* for the evaluator of conditions */
    struct hb_walk *w;
    const struct hb_scope *sc;
    int err;
};

static const char *stored_name(struct hb_walk *w, const struct hb_scope *sc,
                               const struct hb_variable *v);
static const char *fact_text(struct hb_walk *w, const struct hb_variable *v,
                             int *ret_err);
static int fact_add(struct hb_walk *w, const struct hb_variable *v,
                    const char *text, struct hb_said by);
static int parse(struct hb_arena *a, const struct hb_variable *v,
                 const char *text, struct hb_value *ret);
static const char *print(struct hb_arena *a, const struct hb_value *v);
static const struct hb_value *get(void *arg, const char *name);
static const char *json_text(struct hb_arena *a, const struct hb_json *n);
static bool word_is(const char *text, const char *const *words, bool *ret);

const char *hb_var_text(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_variable *v, int *ret_err)
{
    const char *name = stored_name(w, sc, v), *z = NULL;
    struct hb_value value;

    *ret_err = name == NULL ? -ENOMEM : 0;
    if (v->fact != NULL)
        z = fact_text(w, v, ret_err);
    else if (name != NULL && !v->constant)
        z = hb_run_var(w->p, w->a, w->run->id, name, ret_err);
    if (*ret_err < 0)
        return NULL;
    /* Of the type that it had when it was kept, which may have changed. */
    if (z == NULL || parse(w->a, v, z, &value) < 0)
        z = print(w->a, &v->value);
    if (z == NULL)
        *ret_err = -ENOMEM;
    return z;
}

int hb_var_cond(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_cond *c)
{
    struct getter g = {.w = w, .sc = sc};
    int r = c == NULL ? -EINVAL : hb_cond_eval(c, get, &g);

    return g.err < 0 ? g.err : r;
}

int hb_var_set(struct hb_walk *w, const struct hb_scope *sc,
               const struct hb_variable *v, const char *text, struct hb_said by)
{
    struct hb_value value;
    const char *name = stored_name(w, sc, v), *z;
    int r;

    if (v->fact != NULL)
        return fact_add(w, v, text, by);
    if (v->constant)
        return -EPERM;
    if (name == NULL)
        return -ENOMEM;
    r = parse(w->a, v, text, &value);
    if (r < 0)
        return r;
    z = print(w->a, &value);
    return z == NULL ? -ENOMEM : hb_run_set_var(w->p, w->run->id, name, z);
}

int hb_var_set_all(struct hb_walk *w, const struct hb_scope *sc,
                   const char *sets, struct hb_said by)
{
    struct hb_json *top;
    int r;

    if (sets == NULL || sets[0] == '\0')
        return 0;
    r = hb_json_parse(w->a, hb_slice_z(sets), &top, NULL);
    if (r < 0)
        return r;
    if (top->type != HB_JSON_OBJ)
        return -EINVAL;
    HB_JSON_EACH (n, top) {
        const struct hb_variable *v =
            hb_variable_find(&sc->pb->variables, n->key.p);
        const char *z = json_text(w->a, n);

        /* An action may know more than this playbook asks for. */
        if (v == NULL || v->constant)
            continue;
        if (z == NULL)
            return -EINVAL;
        r = hb_var_set(w, sc, v, z, by);
        if (r < 0)
            return r;
    }
    return 0;
}

int hb_var_sets_good(struct hb_walk *w, const struct hb_scope *sc,
                     const char *sets)
{
    struct hb_value value;
    struct hb_json *top;
    int r;

    if (sets == NULL || sets[0] == '\0')
        return 0;
    r = hb_json_parse(w->a, hb_slice_z(sets), &top, NULL);
    if (r == -ENOMEM)
        return r;
    if (r < 0 || top->type != HB_JSON_OBJ)
        return -EINVAL;
    HB_JSON_EACH (n, top) {
        const struct hb_variable *v =
            hb_variable_find(&sc->pb->variables, n->key.p);
        const char *z;

        if (v == NULL || v->constant)
            continue;
        if (n->type != HB_JSON_STR && n->type != HB_JSON_BOOL &&
            n->type != HB_JSON_INT)
            return -EINVAL;
        z = json_text(w->a, n);
        r = z == NULL ? -ENOMEM : parse(w->a, v, z, &value);
        if (r < 0)
            return r == -ENOMEM ? r : -EINVAL;
    }
    return 0;
}

/* A yes/no question is answered by "done" or "declined"; who writes nothing
 * but yes or no (or はい, いいえ), perhaps with a reason behind it, means
 * that. */
const char *hb_var_answer(struct hb_arena *a, const struct hb_variable *v,
                          bool done, const char *answer)
{
    static const char *const words[] = {"no",  "n", "false", "いいえ", NULL,
                                        "yes", "y", "true",  "はい",   NULL};
    static const char *const open[] = {"?",      "unknown", "不明",
                                       "調査中", NULL,      NULL};
    struct hb_value value = {.type = HB_VAL_INTEGER};
    bool said = done;

    if (v->fact != NULL && done && word_is(answer, open, &said))
        return "?";
    /* Nobody learned anything from who declined to say. */
    if (v->fact != NULL && !done && v->value.type != HB_VAL_BOOLEAN)
        return NULL;
    switch (v->value.type) {
    case HB_VAL_BOOLEAN:
        if (done && !word_is(answer, words, &said))
            said = done;
        return said ? "true" : "false";
    case HB_VAL_INTEGER:
        if (!done)
            return print(a, &v->value);
        if (parse(a, v, answer, &value) < 0)
            return NULL;
        return print(a, &value);
    case HB_VAL_STRING:
        return v->fact == NULL || hb_fact_valid(v->fact, answer) ? answer
                                                                 : NULL;
    }
    return NULL;
}

/* ---- facts ---- */

/* NULL while nobody has spoken, or it is under investigation: then the first
 * value of the catalogue counts. */
static const char *fact_text(struct hb_walk *w, const struct hb_variable *v,
                             int *ret_err)
{
    struct hb_known k;
    int r = hb_known_get(w->p->s, w->a, w->run->incident, v->fact->name, &k);

    *ret_err = r < 0 ? r : 0;
    return r == 1 && !hb_streq(k.value, "?") ? k.value : NULL;
}

static int fact_add(struct hb_walk *w, const struct hb_variable *v,
                    const char *text, struct hb_said by)
{
    const struct hb_known k = {.name = v->fact->name,
                               .value = text,
                               .source = by.source,
                               .actor = by.actor};
    struct hb_err err = {0};

    return hb_known_add(w->p->s, w->run->incident, &k, &err);
}

/* ---- helpers ---- */

/* The name under which it is kept: that of the outermost caller that shares
 * it. */
static const char *stored_name(struct hb_walk *w, const struct hb_scope *sc,
                               const struct hb_variable *v)
{
    while (sc->up != NULL) {
        const struct hb_variable *u =
            hb_variable_find(&sc->up->pb->variables, v->name);

        if (u == NULL || u->constant || u->value.type != v->value.type)
            break;
        sc = sc->up;
    }
    return hb_arena_printf(w->a, "%s%s", sc->prefix, v->name);
}

static int parse(struct hb_arena *a, const struct hb_variable *v,
                 const char *text, struct hb_value *ret)
{
    struct hb_slice z = hb_slice_z(text);
    int64_t n = 0;
    int r = 0;

    switch (v->value.type) {
    case HB_VAL_STRING:
        *ret = (struct hb_value){.type = HB_VAL_STRING,
                                 .str = hb_arena_strdup(a, text)};
        return ret->str == NULL ? -ENOMEM : 0;
    case HB_VAL_BOOLEAN:
        if (!hb_streq(text, "true") && !hb_streq(text, "false"))
            return -EINVAL;
        n = text[0] == 't';
        break;
    case HB_VAL_INTEGER:
        r = hb_parse_i64(z, &n);
        break;
    }
    if (r < 0)
        return r;
    *ret = (struct hb_value){.type = v->value.type, .integer = n};
    return 0;
}

static const char *print(struct hb_arena *a, const struct hb_value *v)
{
    if (v->type == HB_VAL_STRING)
        return v->str != NULL ? v->str : "";
    if (v->type == HB_VAL_BOOLEAN)
        return v->integer != 0 ? "true" : "false";
    return hb_arena_printf(a, "%lld", (long long)v->integer);
}

static const struct hb_value *get(void *arg, const char *name)
{
    struct getter *g = arg;
    const struct hb_variable *v = hb_variable_find(&g->sc->pb->variables, name);
    struct hb_value *value = HB_NEW(g->w->a, struct hb_value);
    const char *z;
    int r;

    if (v == NULL || value == NULL) {
        g->err = v == NULL ? -EINVAL : -ENOMEM;
        return NULL;
    }
    z = hb_var_text(g->w, g->sc, v, &r);
    if (r == 0)
        r = parse(g->w->a, v, z, value);
    if (r < 0) {
        g->err = r;
        return NULL;
    }
    return value;
}

static const char *json_text(struct hb_arena *a, const struct hb_json *n)
{
    switch (n->type) {
    case HB_JSON_STR:
        return n->str.p;
    case HB_JSON_BOOL:
        return n->boolean ? "true" : "false";
    case HB_JSON_INT:
        return hb_arena_printf(a, "%lld", (long long)n->integer);
    default:
        return NULL;
    }
}

/* Whether TEXT is one of the words (first those of false, NULL, those of
 * true, NULL) up to its end or a mark. */
static bool word_is(const char *text, const char *const *words, bool *ret)
{
    bool value = false;

    text += strspn(text, " \t\n");
    for (int i = 0; words[i] != NULL || !value; i++) {
        size_t n = words[i] == NULL ? 0 : strlen(words[i]);
        const char *end = text + n;

        if (words[i] == NULL) {
            value = true;
            continue;
        }
        if (strncasecmp(text, words[i], n) != 0)
            continue;
        if (end[strspn(end, " \t\n")] == '\0' ||
            strchr(",.;:!", *end) != NULL || strncmp(end, "、", 3) == 0 ||
            strncmp(end, "。", 3) == 0) {
            *ret = value;
            return true;
        }
    }
    return false;
}

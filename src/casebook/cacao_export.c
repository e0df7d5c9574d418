/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_export.c - a loaded playbook as CACAO 2.0 JSON.
 *
 * Runs in the CLI, on the case book of this machine, which is checked.  Each
 * thing is said once: in CACAO's own property where it has one, else in the
 * extension; an import therefore has nothing to choose between.
 *
 * CACAO wants three things that our playbooks do without, and gets them: an
 * undo stands outside the flow and leads nowhere, so an end is added behind
 * it; a parallel step has two branches at least, so an empty one is added; and
 * next beside on_failure is called on_success.  What was added is marked as
 * "filler" and left out again by the import.
 */
#include <stdio.h>

#include "base/clock.h"
#include "casebook/cacao_map.h"

#define SCHEMA                                                                 \
    "doc/cacao.md of Hinoban: the properties are those of the case book, "     \
    "with times in milliseconds."
#define ABOUT                                                                  \
    "What CACAO 2.0 has no place for: Japanese texts, requirements, phases, "  \
    "deadlines, escalation, approval by two people, evidence, documents, "     \
    "danger and undo of actions, bounds of loops."
#define VERSION "1.0.0"

struct out {
    struct hb_arena *a;
    const struct hb_playbook *p;
    struct hb_err *err;
    struct hb_json *top, *flow;
    const char **ids; /* of the steps, by index */
    bool bad;         /* without memory; looked at once */
};

static int build(struct out *o, int64_t modified);
static int name_steps(struct out *o);
static const char *named(struct out *o, const char *type, const char *fmt, ...)
    HB_PRINTF(3, 4);
static struct hb_json *obj(struct out *o, struct hb_json *at, const char *key);
static struct hb_json *arr(struct out *o, struct hb_json *at, const char *key);
static void str(struct out *o, struct hb_json *at, const char *key,
                const char *z);
static void num(struct out *o, struct hb_json *at, const char *key, int64_t n);
static void flag(struct out *o, struct hb_json *at, const char *key, bool b);
static void put_variables(struct out *o);
static bool used(const struct hb_playbook *p, const struct hb_variable *v);
static void put_agents(struct out *o);
static const char *agent_of(struct out *o, const struct hb_step *s);
static const char *role_names(struct out *o, uint32_t roles);
static void put_extension(struct out *o);
static int put_step(struct out *o, const struct hb_step *s);
static void put_links(struct out *o, struct hb_json *n,
                      const struct hb_step *s);
static void put_link(struct out *o, struct hb_json *n, const char *key,
                     const struct hb_step *to);
static int put_own(struct out *o, struct hb_json *n, const struct hb_step *s);
static void put_action(struct out *o, struct hb_json *n,
                       const struct hb_step *s);
static void put_task(struct out *o, struct hb_json *n, const struct hb_step *s);
static int put_condition(struct out *o, struct hb_json *n,
                         const struct hb_step *s);
static void put_cases(struct out *o, struct hb_json *n,
                      const struct hb_step *s);
static void put_branches(struct out *o, struct hb_json *n,
                         const struct hb_step *s);
static const char *filler(struct out *o, const struct hb_step *s);
static void put_props(struct out *o, struct hb_json *ext,
                      const struct hb_step *s);
static void put_prop(struct out *o, struct hb_json *ext,
                     const struct hb_cacao_prop *p, const struct hb_step *s);
static bool said_always(const struct hb_cacao_prop *p, const struct hb_step *s);
static void put_bits(struct out *o, struct hb_json *ext,
                     const struct hb_cacao_prop *p, uint32_t bits);

int hb_cacao_export(struct hb_buf *out, const struct hb_playbook *p,
                    int64_t modified, const struct hb_cacao_signer *signer,
                    struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct out o = {.a = a, .p = p, .err = err};
    size_t before = out->n;
    int r;

    if (a == NULL)
        return -ENOMEM;
    o.top = hb_json_new(a, HB_JSON_OBJ);
    o.ids = HB_NEW_N(a, const char *, p->steps_n);
    if (o.top == NULL || o.ids == NULL)
        return -ENOMEM;
    r = build(&o, HB_MAX(modified, HB_CACAO_CREATED));
    if (r == 0 && o.bad)
        r = -ENOMEM;
    if (r == 0 && signer != NULL)
        r = hb_cacao_sign(a, o.top, signer);
    if (r == 0)
        r = hb_json_write_jcs(out, o.top);
    if (r == 0 && out->n - before > HB_CACAO_MAX) {
        out->n = before;
        out->p[before] = '\0';
        r = hb_err_set(err, -EFBIG, _("larger than %u bytes"), HB_CACAO_MAX);
    }
    return r;
}

static int build(struct out *o, int64_t modified)
{
    char id[HB_CACAO_ID_SIZE], at[40];
    int r = hb_cacao_id(o->p, id);

    if (r == 0)
        r = name_steps(o);
    if (r < 0)
        return r;
    str(o, o->top, "type", "playbook");
    str(o, o->top, "spec_version", "cacao-2.0");
    str(o, o->top, "id", id);
    str(o, o->top, "name", o->p->title.in[HB_LANG_EN]);
    if (o->p->owner != NULL && o->p->owner->story.in[HB_LANG_EN] != NULL)
        str(o, o->top, "description", o->p->owner->story.in[HB_LANG_EN]);
    str(o, o->top, "created_by", named(o, "identity", "identity/hinoban"));
    str(o, o->top, "created", hb_time_utc(HB_CACAO_CREATED, at, sizeof(at)));
    str(o, o->top, "modified", hb_time_utc(modified, at, sizeof(at)));
    put_variables(o);
    str(o, o->top, "workflow_start", o->ids[o->p->start->index]);
    put_link(o, o->top, "workflow_exception", o->p->exception);
    o->flow = obj(o, o->top, "workflow");
    for (size_t i = 0; r == 0 && i < o->p->steps_n; i++)
        r = put_step(o, &o->p->steps[i]);
    put_agents(o);
    put_extension(o);
    return r;
}

static int name_steps(struct out *o)
{
    for (size_t i = 0; i < o->p->steps_n; i++) {
        const struct hb_step *s = &o->p->steps[i];

        o->ids[i] = named(o, hb_cacao_type(s->type), "%s/%s/%s",
                          hb_cacao_owner(o->p), o->p->id, s->id);
    }
    return o->bad ? -ENOMEM : 0;
}

/* The id of TYPE whose name is FMT. */
static const char *named(struct out *o, const char *type, const char *fmt, ...)
{
    char id[HB_CACAO_ID_SIZE];
    struct hb_buf name = HB_BUF_INIT;
    const char *z = NULL;
    va_list ap;

    va_start(ap, fmt);
    hb_buf_vaddf(&name, fmt, ap);
    va_end(ap);
    if (hb_buf_err(&name) == 0 &&
        hb_cacao_name_id(type, hb_buf_z(&name), id) == 0)
        z = hb_arena_strdup(o->a, id);
    hb_buf_done(&name);
    o->bad |= z == NULL;
    return z != NULL ? z : "";
}

static struct hb_json *obj(struct out *o, struct hb_json *at, const char *key)
{
    struct hb_json *n = hb_json_add(o->a, at, key, HB_JSON_OBJ);

    o->bad |= n == NULL;
    return n;
}

static struct hb_json *arr(struct out *o, struct hb_json *at, const char *key)
{
    struct hb_json *n = hb_json_add(o->a, at, key, HB_JSON_ARR);

    o->bad |= n == NULL;
    return n;
}

static void str(struct out *o, struct hb_json *at, const char *key,
                const char *z)
{
    o->bad |= hb_json_add_str(o->a, at, key, z) == NULL;
}

static void num(struct out *o, struct hb_json *at, const char *key, int64_t n)
{
    o->bad |= hb_json_add_int(o->a, at, key, n) == NULL;
}

static void flag(struct out *o, struct hb_json *at, const char *key, bool b)
{
    o->bad |= hb_json_add_bool(o->a, at, key, b) == NULL;
}

/* ---- the whole ---- */

static void put_variables(struct out *o)
{
    static const char *const types[] = {[HB_VAL_STRING] = "string",
                                        [HB_VAL_INTEGER] = "integer",
                                        [HB_VAL_BOOLEAN] = "bool"};
    struct hb_json *all;

    all = hb_json_new(o->a, HB_JSON_OBJ);
    o->bad |= all == NULL;
    for (size_t i = 0; i < o->p->variables.n; i++) {
        const struct hb_variable *v = &o->p->variables.v[i];
        struct hb_json *n;
        char text[24];

        if (v->fact != NULL && !used(o->p, v))
            continue;
        n = obj(o, all, v->name);
        str(o, n, "type", types[v->value.type]);
        str(o, n, "description", v->doc[HB_LANG_EN]);
        (void)snprintf(text, sizeof(text), "%lld", (long long)v->value.integer);
        if (v->value.type == HB_VAL_STRING)
            str(o, n, "value", v->value.str);
        else if (v->value.type == HB_VAL_INTEGER)
            str(o, n, "value", text);
        else
            str(o, n, "value", v->value.integer ? "true" : "false");
        if (v->constant)
            flag(o, n, "constant", true);
        /* What is known of the incident comes from outside of the playbook. */
        if (v->fact != NULL)
            flag(o, n, "external", true);
    }
    if (all == NULL || all->count == 0)
        return;
    all->key = HB_SLICE("playbook_variables");
    hb_json_hang(o->top, all);
}

/* Of the catalogue only what the playbook speaks of goes along. */
static bool used(const struct hb_playbook *p, const struct hb_variable *v)
{
    for (size_t i = 0; i < p->steps_n; i++) {
        const struct hb_step *s = &p->steps[i];

        if (s->answer == v || s->subject == v ||
            (s->cond != NULL && hb_cond_uses(s->cond, v)))
            return true;
        for (size_t k = 0; k < s->args_n; k++) {
            if (s->args[k].var == v)
                return true;
        }
        for (size_t k = 0; k < s->facts_n; k++) {
            if (s->facts[k] == v->fact)
                return true;
        }
    }
    return false;
}

/* One group for each set of roles that a task asks, and the machine. */
static void put_agents(struct out *o)
{
    struct hb_json *all = NULL;

    for (size_t i = 0; i < o->p->steps_n; i++) {
        const struct hb_step *s = &o->p->steps[i];
        const char *id;
        struct hb_json *n;

        if (s->type != HB_STEP_TASK && s->type != HB_STEP_ACTION)
            continue;
        if (all == NULL)
            all = obj(o, o->top, "agent_definitions");
        id = agent_of(o, s);
        if (hb_json_get(all, id) != NULL)
            continue;
        n = obj(o, all, id);
        if (s->type == HB_STEP_ACTION) {
            str(o, n, "type", "security-category");
            str(o, n, "name", "Hinoban");
            str(o, arr(o, n, "category"), NULL, "orchestrator");
        } else {
            str(o, n, "type", "group");
            str(o, n, "name", role_names(o, s->roles));
        }
    }
}

static const char *agent_of(struct out *o, const struct hb_step *s)
{
    if (s->type == HB_STEP_ACTION)
        return named(o, "security-category", "agent/hinoban");
    return named(o, "group", "agent/%s", role_names(o, s->roles));
}

/* "officer, admin": the words of the case book, whatever the language is. */
static const char *role_names(struct out *o, uint32_t roles)
{
    const char *z = "";

    for (unsigned i = 0; z != NULL && i < HB_CROLE_COUNT; i++) {
        if (roles & 1u << i)
            z = hb_arena_printf(o->a, "%s%s%s", z, *z != '\0' ? ", " : "",
                                hb_case_role_name((enum hb_case_role)i));
    }
    o->bad |= z == NULL;
    return z != NULL ? z : "";
}

static void put_extension(struct out *o)
{
    struct hb_json *n, *own, *list;

    n = obj(o, obj(o, o->top, "extension_definitions"), HB_CACAO_EXTENSION);
    str(o, n, "type", "extension-definition");
    str(o, n, "name", "Hinoban");
    str(o, n, "description", ABOUT);
    str(o, n, "created_by", named(o, "identity", "identity/hinoban"));
    str(o, n, "schema", SCHEMA);
    str(o, n, "version", VERSION);

    own = obj(o, obj(o, o->top, "playbook_extensions"), HB_CACAO_EXTENSION);
    str(o, own, "case_id", hb_cacao_owner(o->p));
    str(o, own, "playbook_id", o->p->id);
    str(o, own, "title_ja", o->p->title.in[HB_LANG_JA]);
    list = arr(o, own, "order");
    for (size_t i = 0; i < o->p->steps_n; i++)
        str(o, list, NULL, o->ids[i]);
    list = arr(o, own, "variables");
    for (size_t i = 0; i < o->p->variables.n; i++) {
        if (o->p->variables.v[i].fact != NULL)
            continue;
        n = obj(o, list, NULL);
        str(o, n, "name", o->p->variables.v[i].name);
        str(o, n, "doc_ja", o->p->variables.v[i].doc[HB_LANG_JA]);
    }
}

/* ---- one step ---- */

static int put_step(struct out *o, const struct hb_step *s)
{
    struct hb_json *n = obj(o, o->flow, o->ids[s->index]), *ext;
    int r;

    str(o, n, "type", hb_cacao_type(s->type));
    if (s->title.in[HB_LANG_EN] != NULL)
        str(o, n, "name", s->title.in[HB_LANG_EN]);
    if (s->text.in[HB_LANG_EN] != NULL && s->type != HB_STEP_TASK)
        str(o, n, "description", s->text.in[HB_LANG_EN]);
    if (s->delay != 0)
        num(o, n, "delay", (int64_t)(s->delay / HB_MS));
    if (s->timeout != 0)
        num(o, n, "timeout", (int64_t)(s->timeout / HB_MS));
    put_links(o, n, s);
    r = put_own(o, n, s);
    ext = obj(o, obj(o, n, "step_extensions"), HB_CACAO_EXTENSION);
    str(o, ext, "step_id", s->id);
    if (s->title.in[HB_LANG_JA] != NULL)
        str(o, ext, "title_ja", s->title.in[HB_LANG_JA]);
    if (s->text.in[HB_LANG_JA] != NULL)
        str(o, ext, "text_ja", s->text.in[HB_LANG_JA]);
    if (s->condition != NULL)
        str(o, ext, "condition", s->condition);
    put_props(o, ext, s);
    return r;
}

static void put_links(struct out *o, struct hb_json *n, const struct hb_step *s)
{
    const struct hb_step *next = s->next, *good = s->on_success;

    if (next != NULL && s->on_failure != NULL) {
        good = next;
        next = NULL;
    }
    put_link(o, n, "on_completion", next);
    put_link(o, n, "on_success", good);
    put_link(o, n, "on_failure", s->on_failure);
    put_link(o, n, "on_true", s->on_true);
    put_link(o, n, "on_false", s->on_false);
    if (s->type != HB_STEP_END && next == NULL && good == NULL)
        str(o, n, "on_completion", filler(o, s));
}

static void put_link(struct out *o, struct hb_json *n, const char *key,
                     const struct hb_step *to)
{
    if (to != NULL)
        str(o, n, key, o->ids[to->index]);
}

/* What only steps of this type have. */
static int put_own(struct out *o, struct hb_json *n, const struct hb_step *s)
{
    char id[HB_CACAO_ID_SIZE];
    int r = 0;

    switch (s->type) {
    case HB_STEP_ACTION:
        put_action(o, n, s);
        break;
    case HB_STEP_TASK:
        put_task(o, n, s);
        break;
    case HB_STEP_PLAYBOOK:
        r = hb_cacao_id(s->playbook, id);
        str(o, n, "playbook_id", r == 0 ? id : "");
        break;
    case HB_STEP_PARALLEL:
        put_branches(o, n, s);
        break;
    case HB_STEP_IF:
    case HB_STEP_WHILE:
        r = put_condition(o, n, s);
        break;
    case HB_STEP_SWITCH:
        put_cases(o, n, s);
        break;
    default:
        break;
    }
    return r;
}

static void put_action(struct out *o, struct hb_json *n,
                       const struct hb_step *s)
{
    const struct hb_action_out *sets = s->action->sets;
    struct hb_json *c = obj(o, arr(o, n, "commands"), NULL);

    str(o, c, "type", HB_CACAO_COMMAND);
    str(o, c, "command", s->action->name);
    str(o, c, "description", s->action->title);
    str(o, n, "agent", agent_of(o, s));
    if (sets == NULL || sets->name == NULL)
        return;
    c = arr(o, n, "out_args");
    for (; sets->name != NULL; sets++)
        str(o, c, NULL, sets->name);
}

static void put_task(struct out *o, struct hb_json *n, const struct hb_step *s)
{
    struct hb_json *c = obj(o, arr(o, n, "commands"), NULL);

    str(o, c, "type", "manual");
    str(o, c, "command", s->text.in[HB_LANG_EN]);
    str(o, n, "agent", agent_of(o, s));
    if (s->answer != NULL)
        str(o, arr(o, n, "out_args"), NULL, s->answer->name);
}

/* It is read again at once: what cannot be read must not leave. */
static int put_condition(struct out *o, struct hb_json *n,
                         const struct hb_step *s)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const struct hb_cond *again = NULL;
    struct hb_err err = {0};
    const char *ours;
    int r;

    hb_cond_print_cacao(&b, s->cond);
    r = hb_buf_err(&b);
    if (r < 0)
        return r;
    ours = hb_cond_from_cacao(o->a, hb_buf_z(&b));
    if (ours == NULL)
        return -ENOMEM;
    r = hb_cond_parse(o->a, ours, &o->p->variables, &again, &err);
    if (r < 0)
        return hb_err_set(o->err, -EDOM, _("step %s: %s"), s->id, err.message);
    str(o, n, "condition", hb_buf_z(&b));
    return 0;
}

static void put_cases(struct out *o, struct hb_json *n, const struct hb_step *s)
{
    const char *subject = hb_arena_printf(o->a, "%s:value", s->subject->name);
    struct hb_json *all = obj(o, n, "cases");

    o->bad |= subject == NULL;
    str(o, n, "switch", subject);
    for (size_t i = 0; i < s->cases_n; i++)
        put_link(o, all,
                 s->cases[i].value != NULL ? s->cases[i].value : "default",
                 s->cases[i].next);
}

static void put_branches(struct out *o, struct hb_json *n,
                         const struct hb_step *s)
{
    struct hb_json *all = arr(o, n, "next_steps");

    for (size_t i = 0; i < s->branches_n; i++)
        put_link(o, all, NULL, s->branches[i]);
    if (s->branches_n < 2)
        str(o, all, NULL, filler(o, s));
}

/* The id of an end that stands there only because CACAO wants one. */
static const char *filler(struct out *o, const struct hb_step *s)
{
    const char *id =
        named(o, "end", "%s/%s/%s#end", hb_cacao_owner(o->p), o->p->id, s->id);
    struct hb_json *n = obj(o, o->flow, id);

    str(o, n, "type", "end");
    n = obj(o, obj(o, n, "step_extensions"), HB_CACAO_EXTENSION);
    flag(o, n, "filler", true);
    return id;
}

/* ---- the extension of a step ---- */

static void put_props(struct out *o, struct hb_json *ext,
                      const struct hb_step *s)
{
    const struct hb_cacao_prop *p = hb_cacao_props;
    struct hb_json *n;

    for (; p->name != NULL; p++) {
        if (p->types & 1u << s->type)
            put_prop(o, ext, p, s);
    }
    /* JSON has no order of members. */
    if (s->type != HB_STEP_SWITCH)
        return;
    n = arr(o, ext, "case_order");
    for (size_t i = 0; i < s->cases_n; i++)
        str(o, n, NULL,
            s->cases[i].value != NULL ? s->cases[i].value : "default");
}

static void put_prop(struct out *o, struct hb_json *ext,
                     const struct hb_cacao_prop *p, const struct hb_step *s)
{
    const void *at = (const char *)s + p->at;
    uint64_t need = 1, ns;
    struct hb_json *n;
    unsigned v = 0;

    if (p->needs != 0)
        memcpy(&need, (const char *)s + p->needs, sizeof(need));
    if (p->kind == HB_CACAO_WORD || p->kind == HB_CACAO_COUNT)
        memcpy(&v, at, sizeof(v));
    switch (p->kind) {
    case HB_CACAO_WORD:
        /* The first word is what stands for "not said", but a phase always
         * is. */
        if (need != 0 && (v != 0 || p->needs != 0 || said_always(p, s)))
            str(o, ext, p->name, p->words->v[v]);
        break;
    case HB_CACAO_BITS:
        put_bits(o, ext, p, *(const uint32_t *)at);
        break;
    case HB_CACAO_FLAG:
        if (*(const bool *)at)
            flag(o, ext, p->name, true);
        break;
    case HB_CACAO_COUNT:
        num(o, ext, p->name, v);
        break;
    case HB_CACAO_SPAN:
        memcpy(&ns, at, sizeof(ns));
        if (ns != 0)
            num(o, ext, p->name, (int64_t)(ns / HB_MS));
        break;
    case HB_CACAO_STEP:
        put_link(o, ext, p->name, *(const struct hb_step *const *)at);
        break;
    case HB_CACAO_ROWS:
        if (s->rows.n == 0)
            break;
        n = arr(o, ext, p->name);
        for (size_t i = 0; i < s->rows.n; i++)
            str(o, n, NULL, s->rows.v[i]->id);
        break;
    case HB_CACAO_DOCUMENTS:
        if (s->documents_n == 0)
            break;
        n = arr(o, ext, p->name);
        for (size_t i = 0; i < s->documents_n; i++)
            str(o, n, NULL, s->documents[i]->id);
        break;
    case HB_CACAO_FACTS:
        if (s->facts_n == 0)
            break;
        n = arr(o, ext, p->name);
        for (size_t i = 0; i < s->facts_n; i++)
            str(o, n, NULL, s->facts[i]->name);
        break;
    case HB_CACAO_ARGS:
        if (s->args_n == 0)
            break;
        n = arr(o, ext, p->name);
        for (size_t i = 0; i < s->args_n; i++) {
            struct hb_json *arg = obj(o, n, NULL);

            str(o, arg, "name", s->args[i].name);
            str(o, arg, "value", s->args[i].text);
        }
        break;
    }
}

static bool said_always(const struct hb_cacao_prop *p, const struct hb_step *s)
{
    return p->words == &hb_phases && !(HB_STEP_FLOW & 1u << s->type);
}

static void put_bits(struct out *o, struct hb_json *ext,
                     const struct hb_cacao_prop *p, uint32_t bits)
{
    struct hb_json *n = bits != 0 ? arr(o, ext, p->name) : NULL;

    for (unsigned i = 0; n != NULL && i < p->words->n; i++) {
        if (bits & 1u << i)
            str(o, n, NULL, p->words->v[i]);
    }
}

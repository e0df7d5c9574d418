/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_playbook.c - reads one playbook.yaml into steps.
 *
 * Two passes: every step by itself (which keys its type permits stands in one
 * table), then the names of other steps into pointers.  A step of unknown
 * type, an action that is not in the catalogue or an argument that it does
 * not take is an error: nothing is skipped with success (the trap that a
 * known engine falls into).
 */
#include "casebook/load.h"

#define C(t)    (1u << HB_STEP_##t)
#define MACHINE (C(ACTION) | C(TASK) | C(PLAYBOOK))
#define BLOCKS  (C(PARALLEL) | C(IF) | C(WHILE) | C(SWITCH))
#define ANY     ((1u << HB_STEP_TYPE_COUNT) - 1u)

struct pass { /* while one playbook is loaded */
    struct hb_load *l;
    struct hb_case *c;
    struct hb_playbook *p;
    struct hb_step *steps;       /* p->steps, while they may change */
    const struct hb_yaml **node; /* of each step */
};

static int load_variables(struct pass *x, const struct hb_yaml *seq);
static int add_to_book(struct hb_load *l, const struct hb_playbook *p,
                       const struct hb_yaml *top);
static int load_variable(struct pass *x, const struct hb_yaml *map,
                         struct hb_variable *v);
static int load_value(struct pass *x, const struct hb_yaml *map,
                      struct hb_variable *v);
static int load_step(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s);
static int check_keys(struct pass *x, const struct hb_yaml *map,
                      const struct hb_step *s);
static int load_common(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s);
static int load_action(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s);
static int load_args(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s);
static int load_outputs(struct pass *x, const struct hb_yaml *map,
                        const struct hb_step *s);
static int load_people(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s);
static int load_due(struct pass *x, const struct hb_yaml *map,
                    struct hb_step *s);
static int load_escalation(struct pass *x, const struct hb_yaml *map,
                           struct hb_step *s);
static int load_papers(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s);
static int load_condition(struct pass *x, const struct hb_yaml *map,
                          struct hb_step *s);
static int load_variable_ref(struct pass *x, const struct hb_yaml *map,
                             const char *key, const struct hb_variable **ret);
static int link_step(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s);
static int link_to(struct pass *x, const struct hb_yaml *map, const char *key,
                   bool required, const struct hb_step **ret);
static int resolve(struct pass *x, const struct hb_yaml *n,
                   const struct hb_step **ret);
static int link_cases(struct pass *x, const struct hb_yaml *map,
                      struct hb_step *s);
static int link_branches(struct pass *x, const struct hb_yaml *map,
                         struct hb_step *s);

static const struct {
    const char *key;
    uint32_t types;
} step_keys[] = {
    {"id", ANY},
    {"type", ANY},
    {"phase", ANY},
    {"title", ANY},
    {"text", ANY},
    {"rows", ANY},
    {"delay", MACHINE},
    {"timeout", MACHINE},
    {"next", C(START) | MACHINE | BLOCKS},
    {"on_success", MACHINE},
    {"on_failure", MACHINE},
    {"action", C(ACTION)},
    {"args", C(ACTION)},
    {"danger", C(ACTION)},
    {"reflex", C(ACTION)},
    {"undo", C(ACTION)},
    {"roles", C(ACTION) | C(TASK)},
    {"due", C(TASK)},
    {"escalate", C(ACTION) | C(TASK)},
    {"four_eyes", C(ACTION) | C(TASK)},
    {"evidence", C(ACTION) | C(TASK)},
    {"modality", C(ACTION) | C(TASK)},
    {"documents", C(ACTION) | C(TASK)},
    {"answer", C(TASK)},
    {"facts", C(TASK)},
    {"playbook", C(PLAYBOOK)},
    {"condition", C(IF) | C(WHILE)},
    {"on_true", C(IF) | C(WHILE)},
    {"on_false", C(IF)},
    {"rounds", C(WHILE)},
    {"subject", C(SWITCH)},
    {"cases", C(SWITCH)},
    {"branches", C(PARALLEL)},
};

int hb_load_playbook(struct hb_load *l, const char *file, struct hb_case *c,
                     const struct hb_playbook **ret)
{
    const struct hb_playbook *p = NULL;
    struct hb_yaml *top = NULL;
    struct hb_slice text = {0};
    int r = hb_load_yaml(l, file, &top, &text);

    if (r == 0)
        r = hb_load_playbook_tree(l, c, top, text, &p);
    if (r == 0 && p != NULL)
        r = add_to_book(l, p, top);
    if (r == 0)
        *ret = p;
    return r;
}

int hb_load_playbook_tree(struct hb_load *l, struct hb_case *c,
                          const struct hb_yaml *top, struct hb_slice text,
                          const struct hb_playbook **ret)
{
    static const char *const keys[] = {"id",        "title", "variables",
                                       "exception", "steps", NULL};
    struct pass x = {.l = l, .c = c};
    const struct hb_yaml *vars = NULL, *seq = NULL;
    int r = hb_yaml_keys(top, keys, l->err);

    x.p = HB_NEW(l->a, struct hb_playbook);
    if (x.p == NULL)
        return -ENOMEM;
    x.p->owner = c;
    x.p->source = text;
    hb_sha256(text.p, text.n, x.p->hash);
    if (r == 0)
        r = hb_load_id(l, top, "id", &x.p->id);
    if (r == 0)
        r = hb_load_text(l, top, "title", true, &x.p->title);
    if (r == 0)
        r = hb_load_seq(l, top, "variables", false, &vars);
    if (r == 0)
        r = load_variables(&x, vars);
    if (r == 0)
        r = hb_load_seq(l, top, "steps", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    if (seq->count > HB_STEP_MAX)
        return hb_yaml_err(seq, l->err, -E2BIG,
                           _("more than %u steps in one playbook"),
                           HB_STEP_MAX);
    x.steps = HB_NEW_N(l->a, struct hb_step, seq->count);
    x.node = HB_NEW_N(l->a, const struct hb_yaml *, seq->count);
    if (x.steps == NULL || x.node == NULL)
        return -ENOMEM;
    x.p->steps = x.steps;
    HB_YAML_EACH (n, seq) {
        x.node[x.p->steps_n] = n;
        r = load_step(&x, n, &x.steps[x.p->steps_n]);
        if (r < 0)
            return r;
        x.p->steps_n++;
    }
    for (size_t i = 0; r == 0 && i < x.p->steps_n; i++)
        r = link_step(&x, x.node[i], &x.steps[i]);
    if (r == 0)
        r = link_to(&x, top, "exception", false, &x.p->exception);
    if (r == 0)
        r = hb_flow_check(x.p, top->file, l->err);
    if (r == 0)
        *ret = x.p;
    return r;
}

int hb_load_playbook_link(struct hb_load *l, struct hb_playbook *p)
{
    for (size_t i = 0; i < p->steps_n; i++) {
        struct hb_step *s = (struct hb_step *)(uintptr_t)&p->steps[i];
        const char *want;

        if (s->type != HB_STEP_PLAYBOOK)
            continue;
        want = s->condition; /* parked there by load_step */
        s->condition = NULL;
        for (size_t k = 0; k < l->book->playbooks_n; k++)
            if (hb_streq(l->book->playbooks[k]->id, want))
                s->playbook = l->book->playbooks[k];
        if (s->playbook == NULL || s->playbook == p)
            return hb_err_at(l->err, -ENOENT, l->dir, s->line, s->column,
                             s->playbook == p
                                 ? _("playbook %s calls itself (step %s)")
                                 : _("no playbook %s (step %s)"),
                             want, s->id);
    }
    return 0;
}

/* ---- the book's list ---- */

static int add_to_book(struct hb_load *l, const struct hb_playbook *p,
                       const struct hb_yaml *top)
{
    struct hb_casebook *b = l->book;

    for (size_t i = 0; i < b->playbooks_n; i++)
        if (hb_streq(b->playbooks[i]->id, p->id))
            return hb_yaml_err(hb_yaml_get(top, "id"), l->err, -EEXIST,
                               _("playbook %s stands twice"), p->id);
    if (b->playbooks == NULL)
        b->playbooks = HB_NEW_N(l->a, const struct hb_playbook *, HB_BOOKS_MAX);
    if (b->playbooks == NULL)
        return -ENOMEM;
    if (b->playbooks_n == HB_BOOKS_MAX)
        return hb_yaml_err(top, l->err, -E2BIG, _("more than %u playbooks"),
                           HB_BOOKS_MAX);
    b->playbooks[b->playbooks_n++] = p;
    return 0;
}

/* ---- variables ---- */

/* Its own, then every fact of the catalogue. */
static int load_variables(struct pass *x, const struct hb_yaml *seq)
{
    const struct hb_casebook *b = x->l->book;
    struct hb_variable *v =
        HB_NEW_N(x->l->a, struct hb_variable,
                 (seq != NULL ? seq->count : 0) + b->facts_n + 1);

    if (v == NULL)
        return -ENOMEM;
    x->p->variables.v = v;
    for (const struct hb_yaml *n = seq != NULL ? seq->first : NULL; n != NULL;
         n = n->next) {
        struct hb_variable one = {0};
        int r = load_variable(x, n, &one);

        if (r < 0)
            return r;
        if (hb_variable_find(&x->p->variables, one.name) != NULL)
            return hb_yaml_err(n, x->l->err, -EEXIST,
                               _("variable %s stands twice"), one.name);
        if (hb_variable_find(&b->fact_vars, one.name) != NULL)
            return hb_yaml_err(n, x->l->err, -EEXIST,
                               _("%s is a fact and needs no declaration"),
                               one.name);
        v[x->p->variables.n++] = one;
    }
    for (size_t i = 0; i < b->fact_vars.n; i++)
        v[x->p->variables.n++] = b->fact_vars.v[i];
    return 0;
}

static int load_variable(struct pass *x, const struct hb_yaml *map,
                         struct hb_variable *v)
{
    static const char *const keys[] = {"name",     "type", "value",
                                       "constant", "doc",  NULL};
    struct hb_text doc = {0};
    unsigned type = 0;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, x->l->err, -EINVAL,
                           _("a variable is a mapping"));
    r = hb_yaml_keys(map, keys, x->l->err);
    if (r == 0)
        r = hb_load_str(x->l, map, "name", true, &v->name);
    if (r == 0 && !hb_variable_name_valid(v->name))
        r = hb_yaml_err(hb_yaml_get(map, "name"), x->l->err, -EINVAL,
                        _("a variable is named like __this__"));
    if (r == 0)
        r = hb_load_word(x->l, map, "type", true, hb_value_types, &type);
    v->value.type = (enum hb_value_type)type;
    if (r == 0)
        r = load_value(x, map, v);
    if (r == 0)
        r = hb_load_bool(x->l, map, "constant", &v->constant);
    if (r == 0)
        r = hb_load_text(x->l, map, "doc", true, &doc);
    v->doc[HB_LANG_EN] = doc.in[HB_LANG_EN];
    v->doc[HB_LANG_JA] = doc.in[HB_LANG_JA];
    return r;
}

static int load_value(struct pass *x, const struct hb_yaml *map,
                      struct hb_variable *v)
{
    uint64_t n = 0;
    bool b = false;
    int r;

    switch (v->value.type) {
    case HB_VAL_STRING:
        v->value.str = hb_yaml_str(map, "value", "");
        return 0;
    case HB_VAL_INTEGER:
        r = hb_yaml_get(map, "value") == NULL
                ? 0
                : hb_load_num(x->l, map, "value", 0, INT32_MAX, &n);
        v->value.integer = (int64_t)n;
        return r;
    default:
        r = hb_load_bool(x->l, map, "value", &b);
        v->value.integer = b;
        return r;
    }
}

/* ---- steps ---- */

static int load_step(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s)
{
    uint64_t rounds = 0;
    unsigned type = 0;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, x->l->err, -EINVAL, _("a step is a mapping"));
    r = hb_load_id(x->l, map, "id", &s->id);
    if (r == 0 && hb_step_find(x->p, s->id) != NULL)
        r = hb_yaml_err(map, x->l->err, -EEXIST, _("step %s stands twice"),
                        s->id);
    if (r == 0)
        r = hb_load_word(x->l, map, "type", true, hb_step_types, &type);
    s->type = (enum hb_step_type)type;
    s->index = (unsigned)x->p->steps_n;
    s->line = map->line;
    s->column = map->column;
    if (r == 0)
        r = check_keys(x, map, s);
    if (r == 0)
        r = load_common(x, map, s);
    if (r < 0)
        return r;
    switch (s->type) {
    case HB_STEP_ACTION:
        r = load_action(x, map, s);
        return r < 0 ? r : load_people(x, map, s);
    case HB_STEP_TASK:
        r = load_variable_ref(x, map, "answer", &s->answer);
        if (r == 0)
            r = hb_load_fact_list(x->l, map, "facts", &s->facts, &s->facts_n);
        if (r == 0 && s->facts_n > 0)
            s->evidence |= 1u << HB_EVK_FACTS;
        return r < 0 ? r : load_people(x, map, s);
    case HB_STEP_PLAYBOOK:
        return hb_load_id(x->l, map, "playbook", &s->condition);
    case HB_STEP_WHILE:
        r = hb_load_num(x->l, map, "rounds", 1, HB_ROUNDS_MAX, &rounds);
        s->rounds = (unsigned)rounds;
        return r < 0 ? r : load_condition(x, map, s);
    case HB_STEP_IF:
        return load_condition(x, map, s);
    case HB_STEP_SWITCH:
        r = load_variable_ref(x, map, "subject", &s->subject);
        if (r == 0 && s->subject == NULL)
            return hb_yaml_err(map, x->l->err, -EINVAL,
                               _("\"%s\" is missing here"), "subject");
        if (r == 0 && s->subject->value.type != HB_VAL_STRING)
            r = hb_yaml_err(map, x->l->err, -EINVAL,
                            _("a switch looks at a string"));
        return r;
    default:
        return 0;
    }
}

static int check_keys(struct pass *x, const struct hb_yaml *map,
                      const struct hb_step *s)
{
    const char *allowed[HB_ARRAY_LEN(step_keys) + 1];
    size_t n = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(step_keys); i++) {
        if (step_keys[i].types & (1u << s->type))
            allowed[n++] = step_keys[i].key;
    }
    allowed[n] = NULL;
    return hb_yaml_keys(map, allowed, x->l->err);
}

static int load_common(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s)
{
    bool flow = s->type == HB_STEP_START || s->type == HB_STEP_END;
    unsigned phase = 0;
    int r = hb_load_word(x->l, map, "phase", !flow, hb_phases, &phase);

    s->phase = (enum hb_phase)phase;
    if (r == 0)
        r = hb_load_text(x->l, map, "title", !flow, &s->title);
    if (r == 0)
        r = hb_load_text(x->l, map, "text", s->type == HB_STEP_TASK, &s->text);
    if (r == 0)
        r = hb_load_rows(x->l, map, x->c, &s->rows);
    if (r == 0)
        r = hb_load_duration(x->l, map, "delay", &s->delay);
    if (r == 0)
        r = hb_load_duration(x->l, map, "timeout", &s->timeout);
    return r;
}

static int load_action(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s)
{
    const char *names[64], *name = NULL;
    size_t n = 0;
    uint64_t danger = 0;
    int r = hb_load_str(x->l, map, "action", true, &name);

    if (r < 0)
        return r;
    s->action = hb_action_info_find(name);
    while (n < HB_ARRAY_LEN(names) && hb_actions[n].name != NULL) {
        names[n] = hb_actions[n].name;
        n++;
    }
    if (s->action == NULL)
        return hb_load_unknown(x->l, hb_yaml_get(map, "action"), "action",
                               (struct hb_words){names, n});
    s->danger = s->action->danger;
    if (hb_yaml_get(map, "danger") != NULL) {
        r = hb_load_num(x->l, map, "danger", s->action->danger, 3, &danger);
        s->danger = (unsigned)danger;
    }
    if (r == 0)
        r = hb_load_bool(x->l, map, "reflex", &s->reflex);
    if (r == 0)
        r = load_args(x, map, s);
    if (r == 0)
        r = load_outputs(x, map, s);
    return r;
}

static int load_args(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s)
{
    const struct hb_yaml *args = hb_yaml_get(map, "args");
    struct hb_arg *list;
    int r;

    if (args == NULL)
        return 0;
    if (args->type != HB_YAML_MAP || args->count == 0)
        return hb_yaml_err(args, x->l->err, -EINVAL,
                           _("\"args\" must be a mapping"));
    r = hb_yaml_keys(args, s->action->args, x->l->err);
    list = HB_NEW_N(x->l->a, struct hb_arg, args->count);
    if (list == NULL)
        return -ENOMEM;
    s->args = list;
    HB_YAML_EACH (n, args) {
        struct hb_arg *arg = &list[s->args_n];

        if (r < 0)
            return r;
        arg->name = n->key;
        r = hb_load_str(x->l, args, n->key, true, &arg->text);
        if (r == 0 && strncmp(arg->text, "__", 2) == 0)
            r = load_variable_ref(x, args, n->key, &arg->var);
        s->args_n++;
    }
    return r;
}

/* What the action sets must have a place of the right type. */
static int load_outputs(struct pass *x, const struct hb_yaml *map,
                        const struct hb_step *s)
{
    const struct hb_action_out *o = s->action->sets;

    for (; o != NULL && o->name != NULL; o++) {
        const struct hb_variable *v =
            hb_variable_find(&x->p->variables, o->name);

        if (v == NULL || v->value.type != o->type || v->constant)
            return hb_yaml_err(map, x->l->err, -EINVAL,
                               _("%s sets %s, which must be declared as a "
                                 "variable of type %s"),
                               s->action->name, o->name,
                               hb_value_types.v[o->type]);
    }
    return 0;
}

static int load_people(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s)
{
    unsigned modality = HB_MOD_DO;
    int r = hb_load_bits(x->l, map, "roles", hb_case_roles, &s->roles);

    if (r == 0)
        r = load_due(x, map, s);
    if (r == 0)
        r = load_escalation(x, map, s);
    if (r == 0)
        r = hb_load_bool(x->l, map, "four_eyes", &s->four_eyes);
    if (r == 0)
        r = hb_load_bits(x->l, map, "evidence", hb_evidence_kinds,
                         &s->evidence);
    if (r == 0)
        r = hb_load_word(x->l, map, "modality", false, hb_modalities,
                         &modality);
    s->modality = (enum hb_modality)modality;
    if (r == 0)
        r = load_papers(x, map, s);
    return r;
}

static int load_due(struct pass *x, const struct hb_yaml *map,
                    struct hb_step *s)
{
    static const char *const keys[] = {"clock", "within", NULL};
    const struct hb_yaml *due = hb_yaml_get(map, "due");
    unsigned clock = 0;
    int r;

    if (due == NULL)
        return 0;
    if (due->type != HB_YAML_MAP)
        return hb_yaml_err(due, x->l->err, -EINVAL,
                           _("\"due\" must be {clock: ..., within: ...}"));
    r = hb_yaml_keys(due, keys, x->l->err);
    if (r == 0)
        r = hb_load_word(x->l, due, "clock", true, hb_clock_rules, &clock);
    if (r == 0)
        r = hb_load_duration(x->l, due, "within", &s->due);
    if (r == 0 && s->due == 0)
        r = hb_yaml_err(due, x->l->err, -EINVAL, _("\"%s\" is missing here"),
                        "within");
    s->clock = (enum hb_clock_rule)clock;
    return r;
}

static int load_escalation(struct pass *x, const struct hb_yaml *map,
                           struct hb_step *s)
{
    static const char *const keys[] = {"after", "to", NULL};
    const struct hb_yaml *e = hb_yaml_get(map, "escalate");
    unsigned to = HB_CROLE_OFFICER;
    int r;

    s->escalate_to = HB_CROLE_OFFICER;
    if (e == NULL)
        return 0;
    if (e->type != HB_YAML_MAP)
        return hb_yaml_err(e, x->l->err, -EINVAL,
                           _("\"escalate\" must be {after: ..., to: ...}"));
    r = hb_yaml_keys(e, keys, x->l->err);
    if (r == 0)
        r = hb_load_duration(x->l, e, "after", &s->escalate_after);
    if (r == 0)
        r = hb_load_word(x->l, e, "to", true, hb_case_roles, &to);
    if (r == 0 && s->escalate_after == 0)
        r = hb_yaml_err(e, x->l->err, -EINVAL, _("\"%s\" is missing here"),
                        "after");
    s->escalate_to = (enum hb_case_role)to;
    return r;
}

static int load_papers(struct pass *x, const struct hb_yaml *map,
                       struct hb_step *s)
{
    const struct hb_yaml *seq = NULL;
    int r = hb_load_seq(x->l, map, "documents", false, &seq);

    if (r < 0 || seq == NULL)
        return r;
    s->documents = HB_NEW_N(x->l->a, const struct hb_document *, seq->count);
    if (s->documents == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, seq) {
        const struct hb_document *d =
            n->type == HB_YAML_SCALAR ? hb_document_find(x->c, n->text) : NULL;

        if (d == NULL)
            return hb_yaml_err(n, x->l->err, -ENOENT,
                               _("no document \"%s\" in this case"),
                               n->type == HB_YAML_SCALAR ? n->text : "");
        s->documents[s->documents_n++] = d;
    }
    return 0;
}

static int load_condition(struct pass *x, const struct hb_yaml *map,
                          struct hb_step *s)
{
    struct hb_err err = {0};
    int r = hb_load_str(x->l, map, "condition", true, &s->condition);

    if (r < 0)
        return r;
    r = hb_cond_parse(x->l->a, s->condition, &x->p->variables, &s->cond, &err);
    if (r < 0)
        return hb_yaml_err(hb_yaml_get(map, "condition"), x->l->err, r, "%s",
                           err.message);
    return 0;
}

static int load_variable_ref(struct pass *x, const struct hb_yaml *map,
                             const char *key, const struct hb_variable **ret)
{
    const char *name = NULL, *names[128];
    struct hb_words words = {names, 0};
    int r = hb_load_str(x->l, map, key, false, &name);

    if (r < 0 || name == NULL)
        return r;
    *ret = hb_variable_find(&x->p->variables, name);
    if (*ret != NULL)
        return 0;
    for (; words.n < x->p->variables.n && words.n < 128; words.n++)
        names[words.n] = x->p->variables.v[words.n].name;
    return hb_load_unknown(x->l, hb_yaml_get(map, key), "variable", words);
}

/* ---- references between steps ---- */

static int link_step(struct pass *x, const struct hb_yaml *map,
                     struct hb_step *s)
{
    int r = link_to(x, map, "next", false, &s->next);

    if (r == 0)
        r = link_to(x, map, "on_success", false, &s->on_success);
    if (r == 0)
        r = link_to(x, map, "on_failure", false, &s->on_failure);
    if (r == 0 && s->next != NULL && s->on_success != NULL)
        r = hb_yaml_err(map, x->l->err, -EINVAL,
                        _("step %s has both next and on_success"), s->id);
    if (r == 0)
        r = link_to(x, map, "undo", false, &s->undo);
    if (r == 0 && (s->type == HB_STEP_IF || s->type == HB_STEP_WHILE))
        r = link_to(x, map, "on_true", true, &s->on_true);
    if (r == 0)
        r = link_to(x, map, "on_false", false, &s->on_false);
    if (r == 0 && s->type == HB_STEP_SWITCH)
        r = link_cases(x, map, s);
    if (r == 0 && s->type == HB_STEP_PARALLEL)
        r = link_branches(x, map, s);
    return r;
}

static int link_to(struct pass *x, const struct hb_yaml *map, const char *key,
                   bool required, const struct hb_step **ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);

    if (n != NULL)
        return resolve(x, n, ret);
    return required ? hb_yaml_err(map, x->l->err, -EINVAL,
                                  _("\"%s\" is missing here"), key)
                    : 0;
}

static int resolve(struct pass *x, const struct hb_yaml *n,
                   const struct hb_step **ret)
{
    const char *ids[HB_STEP_MAX];

    *ret = n->type == HB_YAML_SCALAR ? hb_step_find(x->p, n->text) : NULL;
    if (*ret != NULL)
        return 0;
    for (size_t i = 0; i < x->p->steps_n; i++)
        ids[i] = x->steps[i].id;
    return hb_load_unknown(x->l, n, "step",
                           (struct hb_words){ids, x->p->steps_n});
}

static int link_cases(struct pass *x, const struct hb_yaml *map,
                      struct hb_step *s)
{
    const struct hb_yaml *cases = hb_yaml_get(map, "cases");
    struct hb_step_case *list;

    if (cases == NULL || cases->type != HB_YAML_MAP || cases->count == 0)
        return hb_yaml_err(map, x->l->err, -EINVAL,
                           _("\"cases\" must be {value: step, default: "
                             "step}"));
    list = HB_NEW_N(x->l->a, struct hb_step_case, cases->count);
    if (list == NULL)
        return -ENOMEM;
    s->cases = list;
    HB_YAML_EACH (n, cases) {
        struct hb_step_case *arm = &list[s->cases_n++];
        int r = resolve(x, n, &arm->next);

        if (r < 0)
            return r;
        arm->value = hb_streq(n->key, "default") ? NULL : n->key;
    }
    return 0;
}

static int link_branches(struct pass *x, const struct hb_yaml *map,
                         struct hb_step *s)
{
    const struct hb_yaml *seq = NULL;
    int r = hb_load_seq(x->l, map, "branches", true, &seq);

    if (r < 0 || seq == NULL)
        return r;
    s->branches = HB_NEW_N(x->l->a, const struct hb_step *, seq->count);
    if (s->branches == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, seq) {
        r = resolve(x, n, &s->branches[s->branches_n++]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_read.c - what a CACAO playbook from outside may say at all.
 *
 * Runs in the CLI on foreign bytes; the JSON reader has bounded them.  Every
 * property stands in a table here: used, or known and left out (and named in
 * the result), or refused.  Nothing is skipped because it was not understood:
 * a misspelt on_failure must not become a failure that nobody follows, and a
 * step of unknown type must not pass as done.
 *
 * Commands are refused but two: "manual" asks a person, and our own names an
 * action that is compiled in.  What leads where in the end is judged by
 * flow.c, on the playbook that is made of this.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/num.h"
#include "base/show.h"
#include "casebook/cacao_read.h"

#define C(t)    HB_STEP_BIT(t)
#define MACHINE (C(ACTION) | C(TASK) | C(PLAYBOOK))
#define ALL     UINT32_MAX
#define NOTES   64u
/* Of lists and of variables: what is looked up in each other must be short.
 * Each step may have an end behind it that CACAO wants. */
#define LIST_MAX (2 * HB_STEP_MAX)

enum fate {
    USED,
    NULLABLE, /* used, may be null */
    OURS,     /* used where we wrote it, else left out */
    LEFT
};

struct known {
    const char *name;
    enum hb_json_type type;
    enum fate fate;
    uint32_t types; /* of steps */
};

static int check_members(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                         const struct hb_json *obj, const struct known *known,
                         size_t n, uint32_t types);
static int unknown_member(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                          const struct hb_json *m, const struct known *known,
                          size_t n);
static int note(struct hb_cacao_in *in, const char *name);
static int check_top(struct hb_cacao_in *in);
static int find_extension(struct hb_cacao_in *in);
static int find_owner(struct hb_cacao_in *in);
static int other_extensions(struct hb_cacao_in *in, const struct hb_json *all,
                            const char *name);
static int list_steps(struct hb_cacao_in *in);
static int order_steps(struct hb_cacao_in *in);
static int list_step(struct hb_cacao_in *in, const struct hb_json *m);
static int check_extension(struct hb_cacao_in *in, struct hb_cacao_step *s);
static int check_prop(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *m);
static bool all_strings(const struct hb_json *m);
static bool all_args(const struct hb_json *m);
static int check_step(struct hb_cacao_in *in, struct hb_cacao_step *s);
static int check_links(struct hb_cacao_in *in, const struct hb_cacao_step *s);
static int check_link(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *to);
static int check_list(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *list);
static int check_ends(struct hb_cacao_in *in);
static int check_commands(struct hb_cacao_in *in,
                          const struct hb_cacao_step *s);
static int check_command(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                         const struct hb_json *command);
static int check_agent(struct hb_cacao_in *in, const struct hb_cacao_step *s);
static int check_own(struct hb_cacao_in *in, const struct hb_cacao_step *s);
static hb_cacao_each check_variable;
static const char *lower(struct hb_cacao_in *in, const char *z);

static const struct known top_known[] = {
    {"type", HB_JSON_STR, USED, ALL},
    {"spec_version", HB_JSON_STR, USED, ALL},
    {"id", HB_JSON_STR, USED, ALL},
    {"name", HB_JSON_STR, USED, ALL},
    {"description", HB_JSON_STR, OURS, ALL},
    {"playbook_types", HB_JSON_ARR, LEFT, ALL},
    {"playbook_activities", HB_JSON_ARR, LEFT, ALL},
    {"playbook_processing_summary", HB_JSON_OBJ, LEFT, ALL},
    {"created_by", HB_JSON_STR, OURS, ALL},
    {"created", HB_JSON_STR, USED, ALL},
    {"modified", HB_JSON_STR, USED, ALL},
    {"revoked", HB_JSON_BOOL, USED, ALL},
    {"valid_from", HB_JSON_STR, LEFT, ALL},
    {"valid_until", HB_JSON_STR, LEFT, ALL},
    {"derived_from", HB_JSON_ARR, LEFT, ALL},
    {"related_to", HB_JSON_ARR, LEFT, ALL},
    {"priority", HB_JSON_INT, LEFT, ALL},
    {"severity", HB_JSON_INT, LEFT, ALL},
    {"impact", HB_JSON_INT, LEFT, ALL},
    {"industry_sectors", HB_JSON_ARR, LEFT, ALL},
    {"labels", HB_JSON_ARR, LEFT, ALL},
    {"external_references", HB_JSON_ARR, LEFT, ALL},
    {"markings", HB_JSON_ARR, LEFT, ALL},
    {"playbook_variables", HB_JSON_OBJ, USED, ALL},
    {"workflow_start", HB_JSON_STR, USED, ALL},
    {"workflow_exception", HB_JSON_STR, USED, ALL},
    {"workflow", HB_JSON_OBJ, USED, ALL},
    {"playbook_extensions", HB_JSON_OBJ, USED, ALL},
    {"authentication_info_definitions", HB_JSON_OBJ, LEFT, ALL},
    {"agent_definitions", HB_JSON_OBJ, USED, ALL},
    {"target_definitions", HB_JSON_OBJ, LEFT, ALL},
    {"extension_definitions", HB_JSON_OBJ, USED, ALL},
    {"data_marking_definitions", HB_JSON_OBJ, LEFT, ALL},
    {"signatures", HB_JSON_ARR, USED, ALL},
};

/* Times and failures of a block are CACAO's, but blocks here have none. */
static const struct known step_known[] = {
    {"type", HB_JSON_STR, USED, ALL},
    {"name", HB_JSON_STR, USED, ALL},
    {"description", HB_JSON_STR, USED, ALL},
    {"external_references", HB_JSON_ARR, LEFT, ALL},
    {"delay", HB_JSON_INT, USED, MACHINE},
    {"timeout", HB_JSON_INT, USED, MACHINE},
    {"step_variables", HB_JSON_OBJ, USED, ALL},
    {"owner", HB_JSON_STR, LEFT, ALL},
    {"on_completion", HB_JSON_STR, USED, ~C(END)},
    {"on_success", HB_JSON_STR, USED, MACHINE},
    {"on_failure", HB_JSON_STR, USED, MACHINE},
    {"step_extensions", HB_JSON_OBJ, USED, ALL},
    {"commands", HB_JSON_ARR, USED, HB_STEP_PEOPLE},
    {"agent", HB_JSON_STR, USED, HB_STEP_PEOPLE},
    {"targets", HB_JSON_ARR, LEFT, HB_STEP_PEOPLE},
    {"in_args", HB_JSON_ARR, LEFT, MACHINE},
    {"out_args", HB_JSON_ARR, USED, HB_STEP_PEOPLE},
    {"out_args", HB_JSON_ARR, LEFT, C(PLAYBOOK)},
    {"playbook_id", HB_JSON_STR, USED, C(PLAYBOOK)},
    {"playbook_version", HB_JSON_STR, LEFT, C(PLAYBOOK)},
    {"next_steps", HB_JSON_ARR, USED, C(PARALLEL)},
    {"condition", HB_JSON_STR, USED, C(IF) | C(WHILE)},
    {"on_true", HB_JSON_STR, USED, C(IF) | C(WHILE)},
    {"on_false", HB_JSON_STR, USED, C(IF)},
    {"switch", HB_JSON_STR, USED, C(SWITCH)},
    {"cases", HB_JSON_OBJ, USED, C(SWITCH)},
};

static const struct known command_known[] = {
    {"type", HB_JSON_STR, USED, ALL},
    {"command", HB_JSON_STR, USED, ALL},
    {"command_b64", HB_JSON_STR, USED, C(TASK)},
    {"description", HB_JSON_STR, USED, ALL},
    {"version", HB_JSON_STR, LEFT, ALL},
    {"playbook_activity", HB_JSON_STR, LEFT, ALL},
    {"external_references", HB_JSON_ARR, LEFT, ALL},
};

static const struct known variable_known[] = {
    {"type", HB_JSON_STR, USED, ALL},
    {"description", HB_JSON_STR, USED, ALL},
    {"value", HB_JSON_STR, NULLABLE, ALL},
    {"constant", HB_JSON_BOOL, USED, ALL},
    {"external", HB_JSON_BOOL, OURS, ALL},
};

/* Of the extension, beside hb_cacao_props. */
static const struct known ext_known[] = {
    {"step_id", HB_JSON_STR, USED, ALL},
    {"title_ja", HB_JSON_STR, USED, ALL},
    {"text_ja", HB_JSON_STR, USED, ALL},
    {"condition", HB_JSON_STR, USED, C(IF) | C(WHILE)},
    {"case_order", HB_JSON_ARR, USED, C(SWITCH)},
    {"filler", HB_JSON_BOOL, USED, C(END)},
};

static const struct known playbook_ext_known[] = {
    {"case_id", HB_JSON_STR, USED, ALL},
    {"playbook_id", HB_JSON_STR, USED, ALL},
    {"title_ja", HB_JSON_STR, USED, ALL},
    {"order", HB_JSON_ARR, USED, ALL},
    {"variables", HB_JSON_ARR, USED, ALL},
};

static const char *const links[] = {"on_completion", "on_success", "on_failure",
                                    "on_true",       "on_false",   "undo"};

/* Who can do what a manual command says. */
static const char *const people[] = {"group", "individual", "organization"};

int hb_cacao_read(struct hb_cacao_in *in)
{
    int r = check_top(in);

    if (r == 0)
        r = find_extension(in);
    if (r == 0)
        r = list_steps(in);
    for (size_t i = 0; r == 0 && i < in->n; i++)
        r = check_step(in, &in->steps[i]);
    for (size_t i = 0; r == 0 && i < in->n; i++)
        r = check_links(in, &in->steps[i]);
    for (size_t i = 0; r == 0 && i < in->n; i++)
        r = check_own(in, &in->steps[i]);
    if (r == 0)
        r = check_ends(in);
    return r == 0 ? hb_cacao_variables(in, check_variable, in) : r;
}

int hb_cacao_refuse(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                    const char *fmt, ...)
{
    char text[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (s == NULL)
        return hb_err_set(in->err, -EINVAL, "%s", text);
    return hb_err_set(in->err, -EINVAL, _("step %s: %s"),
                      hb_cacao_shown(in, hb_slice_z(s->id)), text);
}

const char *hb_cacao_shown(struct hb_cacao_in *in, struct hb_slice s)
{
    char *z = hb_arena_alloc(in->a, HB_SHOW_MAX);

    return z != NULL ? hb_showz(z, HB_SHOW_MAX, s) : "?";
}

struct hb_cacao_step *hb_cacao_step(struct hb_cacao_in *in, struct hb_slice id)
{
    for (size_t i = 0; i < in->n; i++) {
        if (hb_slice_eq(hb_slice_z(in->steps[i].id), id))
            return &in->steps[i];
    }
    return NULL;
}

const struct hb_playbook *hb_cacao_playbook(const struct hb_casebook *b,
                                            const char *id)
{
    for (size_t i = 0; i < b->playbooks_n; i++) {
        char its[HB_CACAO_ID_SIZE];

        if (hb_cacao_id(b->playbooks[i], its) == 0 && hb_streq(its, id))
            return b->playbooks[i];
    }
    return NULL;
}

int hb_cacao_variables(struct hb_cacao_in *in, hb_cacao_each *fn, void *arg)
{
    const struct hb_json *all = hb_json_get(in->top, "playbook_variables");
    int r = 0;

    for (size_t i = 0; r == 0 && i <= in->n; i++) {
        for (const struct hb_json *v = all != NULL ? all->first : NULL;
             r == 0 && v != NULL; v = v->next)
            r = fn(arg, v);
        all =
            i < in->n ? hb_json_get(in->steps[i].json, "step_variables") : NULL;
    }
    return r;
}

/* ---- members ---- */

/* TYPES: bits that a row must have; S may be NULL. */
static int check_members(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                         const struct hb_json *obj, const struct known *known,
                         size_t n, uint32_t types)
{
    HB_JSON_EACH (m, obj) {
        const struct known *k = NULL;

        /* One name may stand there twice, for other types. */
        for (size_t i = 0; i < n && (k == NULL || !(k->types & types)); i++) {
            if (hb_slice_eq(m->key, hb_slice_z(known[i].name)))
                k = &known[i];
        }
        if (k == NULL)
            return unknown_member(in, s, m, known, n);
        if (!(k->types & types))
            return hb_cacao_refuse(
                in, s, _("\"%s\" has no place at a step of this type"),
                k->name);
        if (m->type != k->type &&
            !(k->fate == NULLABLE && m->type == HB_JSON_NULL))
            return hb_cacao_refuse(in, s, _("\"%s\" is of the wrong type"),
                                   k->name);
        if (k->fate != LEFT && m->count > LIST_MAX)
            return hb_cacao_refuse(in, s, _("\"%s\" has more than %u members"),
                                   k->name, LIST_MAX);
        if ((k->fate == LEFT || (k->fate == OURS && in->ext == NULL)) &&
            note(in, k->name) < 0)
            return -ENOMEM;
    }
    return 0;
}

static int unknown_member(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                          const struct hb_json *m, const struct known *known,
                          size_t n)
{
    const char *names[HB_ARRAY_LEN(top_known)], *near;

    for (size_t i = 0; i < n && i < HB_ARRAY_LEN(names); i++)
        names[i] = known[i].name;
    near = hb_nearest(m->key.p, names, HB_MIN(n, HB_ARRAY_LEN(names)));
    if (near != NULL)
        return hb_cacao_refuse(
            in, s, _("unknown property \"%s\"; did you mean \"%s\"?"),
            hb_cacao_shown(in, m->key), near);
    return hb_cacao_refuse(in, s, _("unknown property \"%s\""),
                           hb_cacao_shown(in, m->key));
}

static int note(struct hb_cacao_in *in, const char *name)
{
    struct hb_cacao_imported *ret = in->ret;

    for (size_t i = 0; i < ret->left_out_n; i++) {
        if (hb_streq(ret->left_out[i], name))
            return 0;
    }
    if (ret->left_out == NULL)
        ret->left_out = HB_NEW_N(in->a, const char *, NOTES);
    if (ret->left_out == NULL)
        return -ENOMEM;
    HB_ASSERT(ret->left_out_n < NOTES);
    ret->left_out[ret->left_out_n++] = name;
    return 0;
}

/* ---- the whole ---- */

static int check_top(struct hb_cacao_in *in)
{
    const char *id = hb_json_str(in->top, "id", "");
    int r;

    /* Decides what counts as left out. */
    in->ext = hb_json_get(hb_json_get(in->top, "playbook_extensions"),
                          HB_CACAO_EXTENSION);
    if (in->top->type != HB_JSON_OBJ ||
        !hb_streq(hb_json_str(in->top, "type", ""), "playbook"))
        return hb_cacao_refuse(in, NULL, _("this is no CACAO playbook"));
    if (!hb_streq(hb_json_str(in->top, "spec_version", ""), "cacao-2.0"))
        return hb_cacao_refuse(
            in, NULL, _("only CACAO 2.0 is read (spec_version cacao-2.0)"));
    r = check_members(in, NULL, in->top, top_known, HB_ARRAY_LEN(top_known),
                      ALL);
    if (r < 0)
        return r;
    if (!hb_cacao_id_valid(hb_slice_z(id), "playbook"))
        return hb_cacao_refuse(
            in, NULL, _("the id of the playbook must be playbook--UUID"));
    if (hb_json_bool(in->top, "revoked", false))
        return hb_cacao_refuse(in, NULL,
                               _("the playbook was revoked by who made it"));
    return 0;
}

static int find_extension(struct hb_cacao_in *in)
{
    const struct hb_json *own = hb_json_get(
        hb_json_get(in->top, "extension_definitions"), HB_CACAO_EXTENSION);
    int r = other_extensions(in, hb_json_get(in->top, "playbook_extensions"),
                             "playbook_extensions");

    if (r < 0)
        return r;
    if (in->ext == NULL) {
        in->ret->id = lower(in, hb_json_str(in->top, "id", ""));
        return in->ret->id != NULL ? 0 : -ENOMEM;
    }
    if (in->ext->type != HB_JSON_OBJ)
        return hb_cacao_refuse(in, NULL, _("\"%s\" is of the wrong type"),
                               HB_CACAO_EXTENSION);
    if (strncmp(hb_json_str(own, "version", ""), "1.", 2) != 0)
        return hb_cacao_refuse(
            in, NULL,
            _("the extension of Hinoban is of a version that this program "
              "does not know"));
    r = check_members(in, NULL, in->ext, playbook_ext_known,
                      HB_ARRAY_LEN(playbook_ext_known), ALL);
    return r < 0 ? r : find_owner(in);
}

/* The case and the name with us, which must be what the id was made of. */
static int find_owner(struct hb_cacao_in *in)
{
    const char *owner = hb_json_str(in->ext, "case_id", "");
    struct hb_playbook p = {.id = hb_json_str(in->ext, "playbook_id", "")};
    const struct hb_casebook *b = in->how->book;
    char id[HB_CACAO_ID_SIZE];

    for (size_t i = 0; i < b->n; i++) {
        if (hb_streq(b->cases[i].id, owner))
            p.owner = &b->cases[i];
    }
    if (b->common != NULL && hb_streq(b->common->id, owner))
        p.owner = b->common;
    if (p.owner == NULL)
        return hb_cacao_refuse(
            in, NULL, _("it belongs to the case \"%s\", which is not here"),
            hb_cacao_shown(in, hb_slice_z(owner)));
    if (hb_cacao_id(&p, id) < 0 ||
        !hb_streq(id, hb_json_str(in->top, "id", "")))
        return hb_cacao_refuse(
            in, NULL,
            _("its id is not that of the playbook \"%s\" of the case \"%s\""),
            hb_cacao_shown(in, hb_slice_z(p.id)), owner);
    in->ret->owner = p.owner;
    in->ret->id = p.id;
    return 0;
}

static int other_extensions(struct hb_cacao_in *in, const struct hb_json *all,
                            const char *name)
{
    int r = 0;

    for (const struct hb_json *m = all != NULL ? all->first : NULL;
         r == 0 && m != NULL; m = m->next) {
        if (!hb_slice_eq(m->key, HB_SLICE(HB_CACAO_EXTENSION)))
            r = note(in, name);
    }
    return r;
}

/* ---- steps ---- */

static int list_steps(struct hb_cacao_in *in)
{
    const struct hb_json *flow = hb_json_get(in->top, "workflow");
    int r;

    if (flow == NULL || flow->count == 0)
        return hb_cacao_refuse(in, NULL, _("the playbook has no steps"));
    in->steps = HB_NEW_N(in->a, struct hb_cacao_step, flow->count);
    if (in->steps == NULL)
        return -ENOMEM;
    r = order_steps(in);
    HB_JSON_EACH (m, flow) {
        if (r == 0 && hb_cacao_step(in, m->key) == NULL)
            r = list_step(in, m);
    }
    return r;
}

/* First those that the extension orders; an editor may have taken some away
 * or added others. */
static int order_steps(struct hb_cacao_in *in)
{
    const struct hb_json *flow = hb_json_get(in->top, "workflow");
    const struct hb_json *order = hb_json_get(in->ext, "order");
    int r = 0;

    for (const struct hb_json *o = order != NULL ? order->first : NULL;
         r == 0 && o != NULL; o = o->next) {
        const struct hb_json *m;

        if (o->type != HB_JSON_STR)
            return hb_cacao_refuse(in, NULL, _("\"%s\" is of the wrong type"),
                                   "order");
        m = hb_json_member(flow, o->str);
        if (m != NULL && hb_cacao_step(in, o->str) == NULL)
            r = list_step(in, m);
    }
    return r;
}

static int list_step(struct hb_cacao_in *in, const struct hb_json *m)
{
    struct hb_cacao_step *s = &in->steps[in->n];
    const char *type = hb_json_str(m, "type", NULL);
    const char *local = lower(in, m->key.p);

    if (local == NULL)
        return -ENOMEM;
    *s = (struct hb_cacao_step){.id = m->key.p, .local = local, .json = m};
    if (type == NULL)
        return hb_cacao_refuse(in, s, _("it has no type"));
    if (hb_cacao_type_find(hb_slice_z(type), &s->type) < 0)
        return hb_cacao_refuse(in, s, _("unknown type of step \"%s\""),
                               hb_cacao_shown(in, hb_slice_z(type)));
    if (!hb_cacao_id_valid(m->key, type))
        return hb_cacao_refuse(in, s,
                               _("its id must be its type and a UUID: "
                                 "%s--UUID"),
                               type);
    in->n++;
    return 0;
}

/* Our ids have small letters only; UUIDs may have others. */
static const char *lower(struct hb_cacao_in *in, const char *z)
{
    char *out = hb_arena_strdup(in->a, z);

    for (char *c = out; c != NULL && *c != '\0'; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
    return out;
}

static int check_step(struct hb_cacao_in *in, struct hb_cacao_step *s)
{
    const struct hb_json *commands = hb_json_get(s->json, "commands");
    const struct hb_json *exts = hb_json_get(s->json, "step_extensions");
    int r;

    if (s->type == HB_STEP_ACTION &&
        (commands == NULL || commands->type != HB_JSON_ARR ||
         commands->count == 0))
        return hb_cacao_refuse(in, s, _("it has no commands"));
    if (s->type == HB_STEP_ACTION &&
        !hb_streq(hb_json_str(commands->first, "type", ""), HB_CACAO_COMMAND))
        s->type = HB_STEP_TASK;
    r = check_members(in, s, s->json, step_known, HB_ARRAY_LEN(step_known),
                      1u << s->type);
    if (r == 0)
        r = other_extensions(in, exts, "step_extensions");
    if (r < 0)
        return r;
    s->ext = hb_json_get(exts, HB_CACAO_EXTENSION);
    return s->ext != NULL ? check_extension(in, s) : 0;
}

static int check_extension(struct hb_cacao_in *in, struct hb_cacao_step *s)
{
    const char *local = hb_json_str(s->ext, "step_id", NULL);
    int r = 0;

    if (s->ext->type != HB_JSON_OBJ || in->ext == NULL)
        return hb_cacao_refuse(in, s,
                               _("the extension of Hinoban stands here but "
                                 "not at the playbook"));
    for (const struct hb_json *m = s->ext->first; r == 0 && m != NULL;
         m = m->next)
        r = check_prop(in, s, m);
    if (r < 0)
        return r;
    s->filler = hb_json_bool(s->ext, "filler", false);
    if (!s->filler && local == NULL)
        return hb_cacao_refuse(in, s, _("\"%s\" is missing"), "step_id");
    if (local != NULL)
        s->local = local;
    return 0;
}

static int check_prop(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *m)
{
    const struct hb_cacao_prop *p = hb_cacao_props;
    struct hb_json one = {.type = HB_JSON_OBJ, .first = NULL};
    struct hb_json copy = *m;
    bool good;

    while (p->name != NULL && !hb_slice_eq(m->key, hb_slice_z(p->name)))
        p++;
    if (p->name == NULL || !(p->types & 1u << s->type)) {
        copy.next = NULL;
        one.first = &copy;
        return check_members(in, s, &one, ext_known, HB_ARRAY_LEN(ext_known),
                             1u << s->type);
    }
    if (m->count > LIST_MAX)
        return hb_cacao_refuse(in, s, _("\"%s\" has more than %u members"),
                               p->name, LIST_MAX);
    switch (p->kind) {
    case HB_CACAO_FLAG:
        good = m->type == HB_JSON_BOOL;
        break;
    case HB_CACAO_COUNT:
    case HB_CACAO_SPAN:
        good = m->type == HB_JSON_INT && m->integer >= 0;
        break;
    case HB_CACAO_BITS:
    case HB_CACAO_ROWS:
    case HB_CACAO_DOCUMENTS:
    case HB_CACAO_FACTS:
        good = m->type == HB_JSON_ARR && all_strings(m);
        break;
    case HB_CACAO_ARGS:
        good = m->type == HB_JSON_ARR && all_args(m);
        break;
    default:
        good = m->type == HB_JSON_STR;
        break;
    }
    return good ? 0
                : hb_cacao_refuse(in, s, _("\"%s\" is of the wrong type"),
                                  p->name);
}

static bool all_strings(const struct hb_json *m)
{
    HB_JSON_EACH (c, m) {
        if (c->type != HB_JSON_STR)
            return false;
    }
    return true;
}

static bool all_args(const struct hb_json *m)
{
    HB_JSON_EACH (arg, m) {
        if (arg->count != 2 || hb_json_str(arg, "name", NULL) == NULL ||
            hb_json_str(arg, "value", NULL) == NULL)
            return false;
    }
    return true;
}

/* ---- where it leads ---- */

static int check_links(struct hb_cacao_in *in, const struct hb_cacao_step *s)
{
    const struct hb_json *list = hb_json_get(s->json, "next_steps");
    int r = 0;

    if (hb_json_get(s->json, "on_completion") != NULL &&
        (hb_json_get(s->json, "on_success") != NULL ||
         hb_json_get(s->json, "on_failure") != NULL))
        return hb_cacao_refuse(in, s,
                               _("on_completion and on_success or on_failure "
                                 "exclude each other"));
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(links); i++) {
        const struct hb_json *to = hb_json_get(s->json, links[i]);

        if (to == NULL)
            to = hb_json_get(s->ext, links[i]);
        if (to != NULL)
            r = check_link(in, s, to);
    }
    if (r == 0 && list != NULL)
        r = check_list(in, s, list);
    list = hb_json_get(s->json, "cases");
    if (r == 0 && list != NULL)
        r = check_list(in, s, list);
    return r;
}

static int check_link(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *to)
{
    if (to->type != HB_JSON_STR)
        return hb_cacao_refuse(in, s, _("\"%s\" is of the wrong type"),
                               hb_cacao_shown(in, to->key));
    if (hb_cacao_step(in, to->str) == NULL)
        return hb_cacao_refuse(in, s,
                               _("it leads to the step %s, which is not there"),
                               hb_cacao_shown(in, to->str));
    return 0;
}

static int check_list(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                      const struct hb_json *list)
{
    int r = 0;

    for (const struct hb_json *m = list->first; r == 0 && m != NULL;
         m = m->next)
        r = check_link(in, s, m);
    return r;
}

static int check_ends(struct hb_cacao_in *in)
{
    const char *start = hb_json_str(in->top, "workflow_start", "");
    const struct hb_json *exc = hb_json_get(in->top, "workflow_exception");
    const struct hb_cacao_step *s = hb_cacao_step(in, hb_slice_z(start));

    if (s == NULL)
        return hb_cacao_refuse(in, NULL,
                               _("workflow_start leads to the step %s, which "
                                 "is not there"),
                               hb_cacao_shown(in, hb_slice_z(start)));
    if (s->type != HB_STEP_START)
        return hb_cacao_refuse(in, NULL,
                               _("workflow_start leads to the step %s, which "
                                 "is no start step"),
                               s->id);
    if (exc != NULL && hb_cacao_step(in, exc->str) == NULL)
        return hb_cacao_refuse(in, NULL,
                               _("workflow_exception leads to the step %s, "
                                 "which is not there"),
                               hb_cacao_shown(in, exc->str));
    return 0;
}

/* ---- what it does ---- */

static int check_own(struct hb_cacao_in *in, const struct hb_cacao_step *s)
{
    const char *id;

    switch (s->type) {
    case HB_STEP_ACTION:
    case HB_STEP_TASK:
        return check_commands(in, s);
    case HB_STEP_PLAYBOOK:
        id = hb_json_str(s->json, "playbook_id", "");
        if (hb_streq(id, hb_json_str(in->top, "id", "")))
            return hb_cacao_refuse(in, s, _("the playbook calls itself"));
        if (hb_cacao_playbook(in->how->book, id) == NULL)
            return hb_cacao_refuse(
                in, s, _("it calls the playbook %s, which is not here"),
                hb_cacao_shown(in, hb_slice_z(id)));
        return 0;
    case HB_STEP_WHILE:
        if (hb_json_get(s->ext, "rounds") == NULL)
            return hb_cacao_refuse(in, s,
                                   _("it may repeat without end: a while step "
                                     "needs \"rounds\" of the extension of "
                                     "Hinoban"));
        return 0;
    default:
        return 0;
    }
}

static int check_commands(struct hb_cacao_in *in, const struct hb_cacao_step *s)
{
    const struct hb_json *commands = hb_json_get(s->json, "commands");
    int r = 0;

    for (const struct hb_json *c = commands->first; r == 0 && c != NULL;
         c = c->next)
        r = check_command(in, s, c);
    if (r == 0 && s->type == HB_STEP_ACTION && commands->count != 1)
        r = hb_cacao_refuse(in, s,
                            _("an action of Hinoban stands alone in its "
                              "step"));
    return r < 0 ? r : check_agent(in, s);
}

static int check_command(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                         const struct hb_json *command)
{
    const char *type = hb_json_str(command, "type", NULL);
    const char *want = s->type == HB_STEP_ACTION ? HB_CACAO_COMMAND : "manual";

    if (command->type != HB_JSON_OBJ || type == NULL)
        return hb_cacao_refuse(in, s, _("a command of it has no type"));
    if (!hb_streq(type, want))
        return hb_cacao_refuse(
            in, s,
            _("its command of type \"%s\" is refused: a playbook may ask a "
              "person (manual) or name an action that is built in (%s), and "
              "nothing else"),
            hb_cacao_shown(in, hb_slice_z(type)), HB_CACAO_COMMAND);
    if (hb_json_get(command, "command") == NULL &&
        hb_json_get(command, "command_b64") == NULL)
        return hb_cacao_refuse(in, s, _("a command of it is empty"));
    return check_members(in, s, command, command_known,
                         HB_ARRAY_LEN(command_known), 1u << s->type);
}

static int check_agent(struct hb_cacao_in *in, const struct hb_cacao_step *s)
{
    const char *id = hb_json_str(s->json, "agent", NULL), *type;
    const struct hb_json *agent;

    if (id == NULL)
        return hb_cacao_refuse(in, s, _("it names no agent"));
    agent = hb_json_get(hb_json_get(in->top, "agent_definitions"), id);
    if (agent == NULL)
        return hb_cacao_refuse(in, s, _("its agent %s is not defined"),
                               hb_cacao_shown(in, hb_slice_z(id)));
    type = hb_json_str(agent, "type", "");
    if (s->type == HB_STEP_ACTION && hb_streq(type, "security-category"))
        return 0;
    for (size_t i = 0; i < HB_ARRAY_LEN(people); i++) {
        if (s->type == HB_STEP_TASK && hb_streq(type, people[i]))
            return 0;
    }
    return hb_cacao_refuse(
        in, s,
        s->type == HB_STEP_TASK
            ? _("its agent %s is of type \"%s\"; a manual command is done by "
                "a group, an individual or an organization")
            : _("its agent %s is of type \"%s\"; an action of Hinoban is done "
                "by a security-category"),
        hb_cacao_shown(in, hb_slice_z(id)),
        hb_cacao_shown(in, hb_slice_z(type)));
}

static int check_variable(void *arg, const struct hb_json *v)
{
    struct hb_cacao_in *in = arg;

    if (!hb_variable_name_valid(v->key.p))
        return hb_cacao_refuse(in, NULL, _("\"%s\" is no name for a variable"),
                               hb_cacao_shown(in, v->key));
    if (v->type != HB_JSON_OBJ)
        return hb_cacao_refuse(in, NULL, _("\"%s\" is of the wrong type"),
                               v->key.p);
    if (++in->variables > LIST_MAX)
        return hb_cacao_refuse(in, NULL, _("more than %u variables"), LIST_MAX);
    return check_members(in, NULL, v, variable_known,
                         HB_ARRAY_LEN(variable_known), ALL);
}

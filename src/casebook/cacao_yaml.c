/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao_yaml.c - a CACAO playbook that was found in order, as playbook.yaml.
 *
 * Every foreign text stands in double quotes with everything escaped that a
 * reader could not see, so that it can end neither its line nor its string.
 * What CACAO did not say (a language, a phase, a role) is never made up: it is
 * left out with a comment that says what belongs there.
 */
#include "base/clock.h"
#include "base/mime.h"
#include "base/num.h"
#include "base/show.h"
#include "base/utf8.h"
#include "casebook/cacao_read.h"

#define STAND_IN_EN "not translated"
#define STAND_IN_JA "未訳"

struct yaml {
    struct hb_cacao_in *in;
    struct hb_buf *b;
    bool stand_in;
    struct hb_cacao_open open;
    size_t counted; /* bytes whose lines are in LINE */
    unsigned line;
};

struct count { /* of the variables that are not facts */
    const struct hb_cacao_in *in;
    size_t n;
};

/* One text in both languages, as far as it is there. */
struct texts {
    const char *in[HB_LANG_COUNT];
};

static void line(struct yaml *y, unsigned indent, const char *fmt, ...)
    HB_PRINTF(3, 4);
static unsigned line_number(struct yaml *y);
static void quote(struct hb_buf *b, const char *z);
static void scalar(struct hb_buf *b, const char *z);
static void member(struct yaml *y, unsigned indent, const char *key,
                   const char *z);
static void words(struct yaml *y, const char *key, const struct hb_json *list);
static void span(struct yaml *y, unsigned indent, const char *key, int64_t ms);
static struct texts sort_texts(const char *text, const char *ja, bool own);
static void text(struct yaml *y, unsigned indent, const char *key,
                 struct texts t);
static void draft_head(struct yaml *y);
static int put_variables(struct yaml *y);
static hb_cacao_each count_variable;
static bool is_fact(const struct hb_cacao_in *in, const struct hb_json *v);
static hb_cacao_each put_other;
static int put_variable(struct yaml *y, const struct hb_json *v,
                        const struct hb_json *own);
static int put_value(struct yaml *y, const struct hb_json *v,
                     enum hb_value_type type);
static int put_step(struct yaml *y, struct hb_cacao_step *s);
static void put_phase(struct yaml *y, const struct hb_cacao_step *s);
static void put_role(struct yaml *y, const struct hb_cacao_step *s);
static void put_props(struct yaml *y, const struct hb_cacao_step *s);
static void put_prop(struct yaml *y, const struct hb_cacao_step *s,
                     const struct hb_cacao_prop *p, const struct hb_json *m,
                     const char *key, unsigned indent);
static const struct hb_action_info *action_of(const struct hb_cacao_step *s);
static int put_own(struct yaml *y, const struct hb_cacao_step *s);
static int put_answer(struct yaml *y, const struct hb_cacao_step *s);
static int put_condition(struct yaml *y, const struct hb_cacao_step *s);
static int put_switch(struct yaml *y, const struct hb_cacao_step *s);
static void put_case(struct yaml *y, const struct hb_json *m);
static void put_branches(struct yaml *y, const struct hb_cacao_step *s);
static int put_texts(struct yaml *y, const struct hb_cacao_step *s);
static int manual_text(struct yaml *y, const struct hb_cacao_step *s,
                       const char **ret);
static int command_text(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                        const struct hb_json *command, struct hb_buf *b);
static int put_times(struct yaml *y, const struct hb_cacao_step *s);
static void put_links(struct yaml *y, const struct hb_cacao_step *s);
static void put_link(struct yaml *y, unsigned indent, const char *key,
                     const struct hb_json *to);

/* Types of variables that have one of ours. */
static const struct {
    const char *name;
    enum hb_value_type type;
} variable_types[] = {
    {"string", HB_VAL_STRING},      {"bool", HB_VAL_BOOLEAN},
    {"integer", HB_VAL_INTEGER},    {"long", HB_VAL_INTEGER},
    {"hexstring", HB_VAL_STRING},   {"ipv4-addr", HB_VAL_STRING},
    {"ipv6-addr", HB_VAL_STRING},   {"mac-addr", HB_VAL_STRING},
    {"hash", HB_VAL_STRING},        {"md5-hash", HB_VAL_STRING},
    {"sha256-hash", HB_VAL_STRING}, {"uri", HB_VAL_STRING},
    {"uuid", HB_VAL_STRING},
};

int hb_cacao_yaml(struct hb_cacao_in *in, struct hb_buf *out, bool stand_in)
{
    struct yaml y = {.in = in, .b = out, .stand_in = stand_in, .line = 1};
    const struct hb_json *exc = hb_json_get(in->top, "workflow_exception");
    int r;

    if (!stand_in && in->ret->draft)
        draft_head(&y);
    member(&y, 0, "id", in->ret->id);
    text(&y, 0, "title",
         sort_texts(hb_json_str(in->top, "name", NULL),
                    hb_json_str(in->ext, "title_ja", NULL), in->ext != NULL));
    r = put_variables(&y);
    if (exc != NULL)
        put_link(&y, 0, "exception", exc);
    hb_buf_addz(out, "steps:\n");
    for (size_t i = 0; r == 0 && i < in->n; i++) {
        if (!in->steps[i].filler)
            r = put_step(&y, &in->steps[i]);
    }
    if (stand_in)
        in->ret->open = y.open;
    return r < 0 ? r : hb_buf_err(out);
}

/* ---- the dialect ---- */

static void line(struct yaml *y, unsigned indent, const char *fmt, ...)
{
    va_list ap;

    hb_buf_addf(y->b, "%*s", (int)indent, "");
    va_start(ap, fmt);
    hb_buf_vaddf(y->b, fmt, ap);
    va_end(ap);
    hb_buf_addc(y->b, '\n');
}

static unsigned line_number(struct yaml *y)
{
    for (; y->counted < y->b->n; y->counted++)
        y->line += y->b->p[y->counted] == '\n';
    return y->line;
}

static void quote(struct hb_buf *b, const char *z)
{
    size_t n = strlen(z), step;

    hb_buf_addc(b, '"');
    for (size_t i = 0; i < n; i += step) {
        uint32_t cp = 0xfffd;

        step = hb_utf8_get(z + i, n - i, &cp);
        if (z[i] == '"' || z[i] == '\\')
            hb_buf_addf(b, "\\%c", z[i]);
        else if (z[i] == '\n')
            hb_buf_addz(b, "\\n");
        else if (step == 0 || hb_show_hidden(cp))
            hb_buf_addf(b, cp > 0xffff ? "\\U%08x" : "\\u%04x", cp);
        else
            hb_buf_add(b, z + i, step);
        step = HB_MAX(step, 1u);
    }
    hb_buf_addc(b, '"');
}

/* Names and words stand bare. */
static void scalar(struct hb_buf *b, const char *z)
{
    static const char *const bare = "abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_.-";

    if (z[0] != '\0' && z[0] != '-' && z[0] != '.' &&
        z[strspn(z, bare)] == '\0')
        hb_buf_addz(b, z);
    else
        quote(b, z);
}

static void member(struct yaml *y, unsigned indent, const char *key,
                   const char *z)
{
    hb_buf_addf(y->b, "%*s%s: ", (int)indent, "", key);
    scalar(y->b, z);
    hb_buf_addc(y->b, '\n');
}

static void words(struct yaml *y, const char *key, const struct hb_json *list)
{
    hb_buf_addf(y->b, "    %s: [", key);
    HB_JSON_EACH (m, list) {
        hb_buf_addz(y->b, m != list->first ? ", " : "");
        scalar(y->b, m->str.p);
    }
    hb_buf_addz(y->b, "]\n");
}

/* The largest unit that says it exactly. */
static void span(struct yaml *y, unsigned indent, const char *key, int64_t ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};

    for (size_t i = 0; i < HB_ARRAY_LEN(units); i++) {
        if (ms % units[i].ms == 0) {
            line(y, indent, "%s: %lld%s", key, (long long)(ms / units[i].ms),
                 units[i].name);
            return;
        }
    }
    line(y, indent, "%s: %lldms", key, (long long)ms);
}

/* ---- texts ---- */

/* OWN: TEXT is English and JA Japanese, as we write it.  Else TEXT is in the
 * language that it is in. */
static struct texts sort_texts(const char *text, const char *ja, bool own)
{
    struct texts t = {{text, ja}};

    if (text != NULL && ja == NULL && !own && hb_load_japanese(text)) {
        t.in[HB_LANG_EN] = NULL;
        t.in[HB_LANG_JA] = text;
    }
    return t;
}

static void text(struct yaml *y, unsigned indent, const char *key,
                 struct texts t)
{
    static const char *const stand_in[] = {STAND_IN_EN, STAND_IN_JA};

    line(y, indent, "%s:", key);
    y->open.texts += t.in[HB_LANG_EN] == NULL || t.in[HB_LANG_JA] == NULL;
    for (unsigned l = 0; l < HB_LANG_COUNT; l++) {
        const char *code = hb_lang_code((enum hb_lang)l);

        hb_buf_addf(y->b, "%*s", (int)indent + 2, "");
        if (t.in[l] != NULL || y->stand_in) {
            hb_buf_addf(y->b, "%s: ", code);
            quote(y->b, t.in[l] != NULL ? t.in[l] : stand_in[l]);
        } else {
            hb_buf_addf(y->b, "# %s: %s", code, _("not translated yet"));
        }
        hb_buf_addc(y->b, '\n');
    }
}

static void draft_head(struct yaml *y)
{
    const struct hb_cacao_imported *ret = y->in->ret;

    line(y, 0, "# %s",
         _("Draft of a CACAO playbook. \"hinoban case check\" refuses it "
           "until"));
    line(y, 0, "# %s",
         _("a person has read it and filled in what the comments name."));
    if (ret->left_out_n == 0)
        return;
    line(y, 0, "# %s", _("Left out, because it has no place here:"));
    for (size_t i = 0; i < ret->left_out_n; i++)
        line(y, 0, "#   %s", ret->left_out[i]);
}

/* ---- variables ---- */

static int put_variables(struct yaml *y)
{
    const struct hb_json *order = hb_json_get(y->in->ext, "variables");
    const struct hb_json *all = hb_json_get(y->in->top, "playbook_variables");
    struct count count = {y->in, 0};
    int r = hb_cacao_variables(y->in, count_variable, &count);

    if (r < 0 || count.n == 0)
        return r;
    hb_buf_addz(y->b, "variables:\n");
    for (const struct hb_json *o = order != NULL ? order->first : NULL;
         r == 0 && o != NULL; o = o->next) {
        const struct hb_json *v = hb_json_get(all, hb_json_str(o, "name", ""));

        if (v != NULL)
            r = put_variable(y, v, o);
    }
    return r == 0 ? hb_cacao_variables(y->in, put_other, y) : r;
}

static int count_variable(void *arg, const struct hb_json *v)
{
    struct count *count = arg;

    count->n += !is_fact(count->in, v);
    return 0;
}

/* A fact of the catalogue is declared nowhere else. */
static bool is_fact(const struct hb_cacao_in *in, const struct hb_json *v)
{
    const struct hb_casebook *b = in->how->book;

    for (size_t i = 0; i < b->facts_n; i++) {
        if (hb_json_bool(v, "external", false) &&
            hb_streq(b->facts[i].var.name, v->key.p))
            return true;
    }
    return false;
}

/* Those that the extension does not order, among them those of steps. */
static int put_other(void *arg, const struct hb_json *v)
{
    struct yaml *y = arg;
    const struct hb_json *all = hb_json_get(y->in->top, "playbook_variables");
    const struct hb_json *order = hb_json_get(y->in->ext, "variables");

    for (const struct hb_json *o = order != NULL ? order->first : NULL;
         o != NULL; o = o->next) {
        if (hb_json_get(all, hb_json_str(o, "name", "")) == v)
            return 0;
    }
    return is_fact(y->in, v) ? 0 : put_variable(y, v, NULL);
}

/* OWN: what the extension says of it, or NULL. */
static int put_variable(struct yaml *y, const struct hb_json *v,
                        const struct hb_json *own)
{
    const char *type = hb_json_str(v, "type", "");
    unsigned i = 0;
    int r;

    while (i < HB_ARRAY_LEN(variable_types) &&
           !hb_streq(variable_types[i].name, type))
        i++;
    if (i == HB_ARRAY_LEN(variable_types))
        return hb_cacao_refuse(
            y->in, NULL,
            _("the variable %s is of type \"%s\", which has no place here"),
            v->key.p, hb_cacao_shown(y->in, hb_slice_z(type)));
    hb_buf_addz(y->b, "  - name: ");
    scalar(y->b, v->key.p);
    hb_buf_addc(y->b, '\n');
    line(y, 4, "type: %s", hb_value_types.v[variable_types[i].type]);
    r = put_value(y, v, variable_types[i].type);
    if (hb_json_bool(v, "constant", false))
        line(y, 4, "constant: true");
    text(y, 4, "doc",
         sort_texts(hb_json_str(v, "description", NULL),
                    hb_json_str(own, "doc_ja", NULL), own != NULL));
    return r;
}

static int put_value(struct yaml *y, const struct hb_json *v,
                     enum hb_value_type type)
{
    const char *z = hb_json_str(v, "value", NULL);
    int64_t n = 0;

    if (z == NULL) /* null: not known */
        return 0;
    if (type == HB_VAL_STRING) {
        if (*z != '\0') {
            hb_buf_addz(y->b, "    value: ");
            quote(y->b, z);
            hb_buf_addc(y->b, '\n');
        }
        return 0;
    }
    if (type == HB_VAL_INTEGER && hb_parse_i64(hb_slice_z(z), &n) == 0) {
        if (n != 0)
            line(y, 4, "value: %lld", (long long)n);
        return 0;
    }
    if (type == HB_VAL_BOOLEAN && hb_streq(z, "true")) {
        line(y, 4, "value: true");
        return 0;
    }
    if (type == HB_VAL_BOOLEAN && hb_streq(z, "false"))
        return 0;
    return hb_cacao_refuse(y->in, NULL,
                           _("the value of the variable %s is not of its "
                             "type"),
                           v->key.p);
}

/* ---- steps ---- */

static int put_step(struct yaml *y, struct hb_cacao_step *s)
{
    const struct hb_json *commands = hb_json_get(s->json, "commands");
    int r;

    s->line = line_number(y);
    hb_buf_addz(y->b, "  - id: ");
    scalar(y->b, s->local);
    hb_buf_addc(y->b, '\n');
    line(y, 4, "type: %s", hb_step_type_name(s->type));
    put_phase(y, s);
    if (s->type == HB_STEP_ACTION)
        member(y, 4, "action", hb_json_str(commands->first, "command", ""));
    put_props(y, s);
    if (s->type == HB_STEP_TASK && hb_json_get(s->ext, "roles") == NULL)
        put_role(y, s);
    r = put_own(y, s);
    if (r == 0)
        r = put_texts(y, s);
    if (r == 0)
        r = put_times(y, s);
    put_links(y, s);
    return r;
}

static void put_phase(struct yaml *y, const struct hb_cacao_step *s)
{
    const char *phase = hb_json_str(s->ext, "phase", NULL);

    if (phase != NULL) {
        member(y, 4, "phase", phase);
    } else if (!(HB_STEP_FLOW & 1u << s->type)) {
        y->open.phases++;
        if (y->stand_in)
            line(y, 4, "phase: %s", hb_phase_name(HB_PHASE_DETECT_CONTAIN));
        else
            line(y, 4, "# phase: %s", _("choose one"));
    }
}

/* A task that CACAO gives to somebody of theirs. */
static void put_role(struct yaml *y, const struct hb_cacao_step *s)
{
    const char *id = hb_json_str(s->json, "agent", "");
    const struct hb_json *agent =
        hb_json_get(hb_json_get(y->in->top, "agent_definitions"), id);

    y->open.roles++;
    if (y->stand_in) {
        line(y, 4, "roles: [%s]", hb_case_role_name(HB_CROLE_OFFICER));
        return;
    }
    hb_buf_addf(y->b, "    # roles: %s ", _("choose; in the CACAO file:"));
    quote(y->b, hb_json_str(agent, "name", ""));
    hb_buf_addc(y->b, '\n');
}

static void put_props(struct yaml *y, const struct hb_cacao_step *s)
{
    const char *map = "";

    for (const struct hb_cacao_prop *p = hb_cacao_props; p->name != NULL; p++) {
        const struct hb_json *m = hb_json_get(s->ext, p->name);
        const char *dot = strchr(p->yaml, '.');
        size_t n = dot != NULL ? (size_t)(dot - p->yaml) + 1 : 0;

        if (m == NULL || !(p->types & 1u << s->type) ||
            hb_streq(p->yaml, "phase"))
            continue;
        if (dot == NULL) {
            put_prop(y, s, p, m, p->yaml, 4);
            continue;
        }
        if (strncmp(map, p->yaml, n) != 0)
            line(y, 4, "%.*s:", (int)n - 1, p->yaml);
        map = p->yaml;
        put_prop(y, s, p, m, dot + 1, 6);
    }
}

static void put_prop(struct yaml *y, const struct hb_cacao_step *s,
                     const struct hb_cacao_prop *p, const struct hb_json *m,
                     const char *key, unsigned indent)
{
    const struct hb_action_info *action = action_of(s);

    switch (p->kind) {
    case HB_CACAO_WORD:
        member(y, indent, key, m->str.p);
        break;
    case HB_CACAO_BITS:
    case HB_CACAO_ROWS:
    case HB_CACAO_DOCUMENTS:
    case HB_CACAO_FACTS:
        words(y, key, m);
        break;
    case HB_CACAO_FLAG:
        if (m->boolean)
            line(y, indent, "%s: true", key);
        break;
    case HB_CACAO_COUNT:
        /* The action says it already. */
        if (p->at != offsetof(struct hb_step, danger) || action == NULL ||
            m->integer != action->danger)
            line(y, indent, "%s: %lld", key, (long long)m->integer);
        break;
    case HB_CACAO_SPAN:
        span(y, indent, key, m->integer);
        break;
    case HB_CACAO_STEP:
        put_link(y, indent, key, m);
        break;
    case HB_CACAO_ARGS:
        line(y, indent, "%s:", key);
        HB_JSON_EACH (arg, m) {
            hb_buf_addf(y->b, "%*s", (int)indent + 2, "");
            scalar(y->b, hb_json_str(arg, "name", ""));
            hb_buf_addz(y->b, ": ");
            quote(y->b, hb_json_str(arg, "value", ""));
            hb_buf_addc(y->b, '\n');
        }
        break;
    }
}

static const struct hb_action_info *action_of(const struct hb_cacao_step *s)
{
    const struct hb_json *commands = hb_json_get(s->json, "commands");

    if (s->type != HB_STEP_ACTION)
        return NULL;
    return hb_action_info_find(hb_json_str(commands->first, "command", ""));
}

/* What only steps of this type have. */
static int put_own(struct yaml *y, const struct hb_cacao_step *s)
{
    const struct hb_playbook *p;

    switch (s->type) {
    case HB_STEP_TASK:
        return put_answer(y, s);
    case HB_STEP_PLAYBOOK:
        p = hb_cacao_playbook(y->in->how->book,
                              hb_json_str(s->json, "playbook_id", ""));
        member(y, 4, "playbook", p->id);
        return 0;
    case HB_STEP_PARALLEL:
        put_branches(y, s);
        return 0;
    case HB_STEP_IF:
    case HB_STEP_WHILE:
        return put_condition(y, s);
    case HB_STEP_SWITCH:
        return put_switch(y, s);
    default:
        return 0;
    }
}

static int put_answer(struct yaml *y, const struct hb_cacao_step *s)
{
    const struct hb_json *out = hb_json_get(s->json, "out_args");

    if (out == NULL || out->count == 0)
        return 0;
    if (out->count > 1 || out->first->type != HB_JSON_STR)
        return hb_cacao_refuse(
            y->in, s, _("what a person answers goes into one variable"));
    member(y, 4, "answer", out->first->str.p);
    return 0;
}

/* The spelling of the case book, where it is there: the import compares. */
static int put_condition(struct yaml *y, const struct hb_cacao_step *s)
{
    const char *z = hb_json_str(s->ext, "condition", NULL);

    if (z == NULL && hb_json_get(s->json, "condition") == NULL)
        return hb_cacao_refuse(y->in, s, _("\"%s\" is missing"), "condition");
    if (z == NULL) {
        z = hb_cond_from_cacao(y->in->a, hb_json_str(s->json, "condition", ""));
        if (z == NULL)
            return -ENOMEM;
    }
    hb_buf_addz(y->b, "    condition: ");
    quote(y->b, z);
    hb_buf_addc(y->b, '\n');
    return 0;
}

static int put_switch(struct yaml *y, const struct hb_cacao_step *s)
{
    const struct hb_json *subject = hb_json_get(s->json, "switch");
    const struct hb_json *cases = hb_json_get(s->json, "cases");
    const struct hb_json *order = hb_json_get(s->ext, "case_order");
    const char *z;

    if (subject == NULL || cases == NULL)
        return hb_cacao_refuse(y->in, s, _("\"%s\" is missing"),
                               subject == NULL ? "switch" : "cases");
    z = hb_cond_from_cacao(y->in->a, subject->str.p);
    if (z == NULL)
        return -ENOMEM;
    member(y, 4, "subject", z);
    line(y, 4, "cases:");
    for (const struct hb_json *o = order != NULL ? order->first : NULL;
         o != NULL; o = o->next)
        put_case(y, hb_json_member(cases, o->str));
    HB_JSON_EACH (m, cases) {
        const struct hb_json *o = order != NULL ? order->first : NULL;

        while (o != NULL && !hb_slice_eq(o->str, m->key))
            o = o->next;
        if (o == NULL)
            put_case(y, m);
    }
    return 0;
}

static void put_case(struct yaml *y, const struct hb_json *m)
{
    if (m == NULL)
        return;
    hb_buf_addz(y->b, "      ");
    scalar(y->b, m->key.p);
    hb_buf_addz(y->b, ": ");
    scalar(y->b, hb_cacao_step(y->in, m->str)->local);
    hb_buf_addc(y->b, '\n');
}

static void put_branches(struct yaml *y, const struct hb_cacao_step *s)
{
    const struct hb_json *list = hb_json_get(s->json, "next_steps");
    bool first = true;

    hb_buf_addz(y->b, "    branches: [");
    for (const struct hb_json *m = list != NULL ? list->first : NULL; m != NULL;
         m = m->next) {
        const struct hb_cacao_step *to = hb_cacao_step(y->in, m->str);

        if (to->filler)
            continue;
        hb_buf_addz(y->b, first ? "" : ", ");
        scalar(y->b, to->local);
        first = false;
    }
    hb_buf_addz(y->b, "]\n");
}

/* ---- what people read ---- */

static int put_texts(struct yaml *y, const struct hb_cacao_step *s)
{
    const char *title_ja = hb_json_str(s->ext, "title_ja", NULL);
    const char *text_ja = hb_json_str(s->ext, "text_ja", NULL);
    const char *name = hb_json_str(s->json, "name", NULL);
    const char *about = hb_json_str(s->json, "description", NULL);
    bool own = s->ext != NULL;
    int r = 0;

    if (name != NULL || title_ja != NULL || !(HB_STEP_FLOW & 1u << s->type))
        text(y, 4, "title", sort_texts(name, title_ja, own));
    if (s->type == HB_STEP_TASK)
        r = manual_text(y, s, &about);
    if (r == 0 && (about != NULL || text_ja != NULL))
        text(y, 4, "text", sort_texts(about, text_ja, own));
    return r;
}

/* The description and each command, as paragraphs. */
static int manual_text(struct yaml *y, const struct hb_cacao_step *s,
                       const char **ret)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const struct hb_json *commands = hb_json_get(s->json, "commands");
    int r = 0;

    hb_buf_addz(&b, *ret != NULL ? *ret : "");
    for (const struct hb_json *c = commands->first; r == 0 && c != NULL;
         c = c->next) {
        if (b.n > 0)
            hb_buf_addz(&b, "\n\n");
        if (hb_json_get(c, "description") != NULL) {
            hb_buf_addz(&b, hb_json_str(c, "description", ""));
            hb_buf_addz(&b, "\n\n");
        }
        r = command_text(y->in, s, c, &b);
    }
    if (r == 0)
        r = hb_buf_err(&b);
    if (r == 0) {
        *ret = hb_arena_strdup(y->in->a, hb_buf_z(&b));
        r = *ret == NULL ? -ENOMEM : 0;
    }
    return r;
}

static int command_text(struct hb_cacao_in *in, const struct hb_cacao_step *s,
                        const struct hb_json *command, struct hb_buf *b)
{
    const char *z = hb_json_str(command, "command_b64", NULL);
    size_t from;

    hb_buf_addz(b, hb_json_str(command, "command", ""));
    if (z == NULL)
        return 0;
    from = b->n;
    if (hb_base64_decode(b, hb_slice_z(z)) < 0 || strlen(hb_buf_z(b)) != b->n ||
        !hb_utf8_valid(hb_buf_z(b) + from, b->n - from))
        return hb_cacao_refuse(in, s, _("\"%s\" holds no text"), "command_b64");
    return 0;
}

static int put_times(struct yaml *y, const struct hb_cacao_step *s)
{
    static const char *const keys[] = {"delay", "timeout"};

    for (unsigned i = 0; i < HB_ARRAY_LEN(keys); i++) {
        int64_t ms = hb_json_int(s->json, keys[i], 0);

        if (ms < 0)
            return hb_cacao_refuse(y->in, s, _("\"%s\" is negative"), keys[i]);
        if (ms > 0)
            span(y, 4, keys[i], ms);
    }
    return 0;
}

static void put_links(struct yaml *y, const struct hb_cacao_step *s)
{
    static const char *const keys[][2] = {{"on_true", "on_true"},
                                          {"on_false", "on_false"},
                                          {"on_success", "on_success"},
                                          {"on_failure", "on_failure"},
                                          {"on_completion", "next"}};

    for (unsigned i = 0; i < HB_ARRAY_LEN(keys); i++) {
        const struct hb_json *to = hb_json_get(s->json, keys[i][0]);

        if (to != NULL)
            put_link(y, 4, keys[i][1], to);
    }
}

static void put_link(struct yaml *y, unsigned indent, const char *key,
                     const struct hb_json *to)
{
    const struct hb_cacao_step *s = hb_cacao_step(y->in, to->str);

    if (!s->filler)
        member(y, indent, key, s->local);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_table.c - `hinoban case table`: every requirement of the case book, how
 * it stands, where it is met and by which test; as Markdown (doc/acceptance.md
 * is its output) or JSON.
 *
 * Made from the case book and from what this program can do, never by hand:
 * what the source asks of the machine is met only by a check or an action that
 * exists here.
 */
#include <stdio.h>

#include "cli/case_table.h"
#include "cli/text.h"
#include "core/core.h"

static const char walk[] = "tests/casebook/walk.py";

struct table {
    struct hb_buf out;
    struct hb_jw w;
    bool json;
    size_t rows, met, partly, none;
};

struct places { /* where one row is met */
    struct hb_buf where, tests;
    size_t n;
};

static void one_row(struct table *t, const struct hb_casebook *b,
                    const struct hb_case *c, const struct hb_row *row);
static unsigned state_of(const struct hb_casebook *b, const struct hb_case *c,
                         const struct hb_row *row);
static void find(struct places *p, const struct hb_casebook *b,
                 const struct hb_case *c, const struct hb_row *row);
static void in_case(struct places *p, const struct hb_case *c,
                    const struct hb_row *row);
static void in_playbook(struct places *p, const struct hb_playbook *pb,
                        const struct hb_row *row, unsigned number);
static bool names_row(const struct hb_rows *rows, const struct hb_row *row);
static bool holds(const char *list, const char *item);
static void add(struct places *p, const char *test, const char *fmt, ...)
    HB_PRINTF(3, 4);
static void write_json(struct table *t, const struct hb_row *row, unsigned s,
                       const struct places *p);
static void write_line(struct table *t, const struct hb_row *row, unsigned s,
                       const struct places *p);
static const char *how(unsigned s);
static bool have_check(void *arg, const char *name);
static bool have_action(void *arg, const char *name);

int hb_case_table(struct hb_cli *cli, const struct hb_casebook *b)
{
    struct table t = {.out = HB_BUF_INIT, .json = cli->json};

    hb_jw_init(&t.w, &t.out);
    if (cli->json)
        hb_jw_arr(&t.w, NULL);
    else
        hb_buf_addz(&t.out, _("| row | requirement | state | where | test |\n"
                              "|---|---|---|---|---|\n"));
    for (size_t i = 0; i < b->general_n; i++)
        one_row(&t, b, NULL, &b->general[i]);
    for (size_t k = 0; k < b->n; k++)
        for (size_t i = 0; i < b->cases[k].rows_n; i++)
            one_row(&t, b, &b->cases[k], &b->cases[k].rows[i]);
    if (cli->json) {
        hb_jw_end_arr(&t.w);
        return hb_cli_json_out("case", &t.out);
    }
    printf("%s", hb_buf_z(&t.out));
    printf(_("\n%zu rows: %zu met, %zu of them partly (what is missing stands "
             "beside it), %zu not yet.\n"),
           t.rows, t.met, t.partly, t.none);
    hb_buf_done(&t.out);
    return HB_EXIT_OK;
}

static void one_row(struct table *t, const struct hb_casebook *b,
                    const struct hb_case *c, const struct hb_row *row)
{
    struct places p = {.where = HB_BUF_INIT, .tests = HB_BUF_INIT};
    unsigned s = state_of(b, c, row);

    find(&p, b, c, row);
    t->rows++;
    t->met += (s & HB_ROW_MET) != 0;
    t->partly += (s & HB_ROW_MET) != 0 && (s & HB_ROW_PARTLY) != 0;
    t->none += (s & HB_ROW_MET) == 0;
    if (t->json)
        write_json(t, row, s, &p);
    else
        write_line(t, row, s, &p);
    hb_buf_done(&p.where);
    hb_buf_done(&p.tests);
}

/* A row of every case is met where it is met in each. */
static unsigned state_of(const struct hb_casebook *b, const struct hb_case *c,
                         const struct hb_row *row)
{
    unsigned any = 0, all = HB_ROW_MET;

    if (c != NULL)
        return hb_row_state(c, row, have_check, have_action, NULL);
    for (size_t i = 0; i < b->n; i++) {
        unsigned s =
            hb_row_state(&b->cases[i], row, have_check, have_action, NULL);

        any |= s;
        all &= s;
    }
    return (any & ~HB_ROW_MET) | all;
}

static void find(struct places *p, const struct hb_casebook *b,
                 const struct hb_case *c, const struct hb_row *row)
{
    if (row->program.in[HB_LANG_EN] != NULL)
        add(p, row->test, "%s", hb_text(&row->program));
    if (c != NULL)
        in_case(p, c, row);
    for (size_t i = 0; c == NULL && i < b->common->controls_n; i++)
        if (names_row(&b->common->controls[i].rows, row))
            add(p, "", _("control %s"), b->common->controls[i].id);
    for (size_t i = 0; c == NULL && i < b->playbooks_n; i++)
        if (b->playbooks[i]->owner == b->common)
            in_playbook(p, b->playbooks[i], row, 0);
}

static void in_case(struct places *p, const struct hb_case *c,
                    const struct hb_row *row)
{
    for (size_t i = 0; i < c->controls_n; i++) {
        const struct hb_control *k = &c->controls[i];

        if (!names_row(&k->rows, row))
            continue;
        if (k->question)
            add(p, walk, _("question %s"), k->id);
        else if (have_check(NULL, k->check))
            add(p, "tests/box/mutation.py", _("check %s"), k->check);
        else
            add(p, "", _("check %s (not yet)"), k->check);
    }
    if (c->playbook != NULL)
        in_playbook(p, c->playbook, row, c->number);
}

static void in_playbook(struct places *p, const struct hb_playbook *pb,
                        const struct hb_row *row, unsigned number)
{
    for (size_t i = 0; i < pb->steps_n; i++) {
        const struct hb_step *s = &pb->steps[i];

        if (!names_row(&s->rows, row))
            continue;
        if (s->type == HB_STEP_PLAYBOOK && s->playbook != NULL)
            add(p, walk, _("playbook %s"), s->playbook->id);
        else if (s->type == HB_STEP_ACTION)
            add(p, walk, _("action %s (%s)"), s->action->name, s->id);
        else
            add(p, walk, _("step %s"), s->id);
        for (size_t d = 0; d < s->documents_n; d++)
            add(p, "tests/incident/test_papers.c", _("paper %s"),
                s->documents[d]->id);
    }
}

static bool names_row(const struct hb_rows *rows, const struct hb_row *row)
{
    for (size_t i = 0; i < rows->n; i++)
        if (rows->v[i] == row)
            return true;
    return false;
}

/* A whole item: "step restart" is not within "step restart-facts". */
static bool holds(const char *list, const char *item)
{
    size_t n = strlen(item);

    for (const char *z = list; (z = strstr(z, item)) != NULL; z++)
        if ((z == list || z[-1] == ' ') && (z[n] == '\0' || z[n] == ','))
            return true;
    return false;
}

static void add(struct places *p, const char *test, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (p->n > 0 && holds(hb_buf_z(&p->where), text))
        return;
    hb_buf_addf(&p->where, "%s%s", p->n > 0 ? ", " : "", text);
    p->n++;
    if (test[0] != '\0' &&
        (p->tests.n == 0 || !holds(hb_buf_z(&p->tests), test)))
        hb_buf_addf(&p->tests, "%s%s", p->tests.n > 0 ? ", " : "", test);
}

static void write_json(struct table *t, const struct hb_row *row, unsigned s,
                       const struct places *p)
{
    hb_jw_obj(&t->w, NULL);
    hb_jw_str(&t->w, "id", row->id);
    hb_cli_json_text(&t->w, "need", &row->need);
    if (row->missing.in[HB_LANG_EN] != NULL)
        hb_cli_json_text(&t->w, "missing", &row->missing);
    hb_jw_bool(&t->w, "must_be_automatic", row->automatic);
    hb_jw_bool(&t->w, "consider", row->modality == HB_MOD_CONSIDER);
    hb_jw_bool(&t->w, "automatic", (s & HB_ROW_AUTOMATIC) != 0);
    hb_jw_bool(&t->w, "asked", (s & HB_ROW_ASKED) != 0);
    hb_jw_bool(&t->w, "recorded", (s & HB_ROW_RECORDED) != 0);
    hb_jw_bool(&t->w, "partly", (s & HB_ROW_PARTLY) != 0);
    hb_jw_bool(&t->w, "met", (s & HB_ROW_MET) != 0);
    hb_jw_bool(&t->w, "named", p->n > 0);
    hb_jw_str(&t->w, "where", hb_buf_z(&p->where));
    hb_jw_str(&t->w, "tests", hb_buf_z(&p->tests));
    hb_jw_end_obj(&t->w);
}

static void write_line(struct table *t, const struct hb_row *row, unsigned s,
                       const struct places *p)
{
    hb_buf_addf(&t->out, "| %s | %s | %s%s%s%s | %s | %s |\n", row->id,
                hb_text(&row->need), how(s),
                (s & HB_ROW_PARTLY) != 0 ? _(", partly: ") : "",
                (s & HB_ROW_PARTLY) != 0 ? hb_text(&row->missing) : "",
                row->modality == HB_MOD_CONSIDER ? _(" (to be considered)")
                                                 : "",
                p->n > 0 ? hb_buf_z(&p->where) : "-",
                p->tests.n > 0 ? hb_buf_z(&p->tests) : "-");
}

static const char *how(unsigned s)
{
    if ((s & HB_ROW_MET) == 0)
        return (s & HB_ROW_ASKED) != 0 ? _("not yet (asked meanwhile)")
                                       : _("not yet");
    return (s & HB_ROW_AUTOMATIC) != 0 ? _("automatic")
           : (s & HB_ROW_ASKED) != 0   ? _("asked")
                                       : _("recorded");
}

static bool have_check(void *arg, const char *name)
{
    (void)arg;
    return hb_core_checks(name);
}

static bool have_action(void *arg, const char *name)
{
    (void)arg;
    return hb_core_can(name);
}

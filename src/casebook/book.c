/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book.c - finding things in a loaded case book, and how its rows stand.
 *
 * A row that asks the machine to do something is met only by a check or an
 * action that exists in this program (the callers say which do); a question
 * to a person never turns it green.
 */
#include "casebook/casebook.h"

static bool names_row(const struct hb_rows *rows, const struct hb_row *row);
static unsigned book_state(const struct hb_playbook *p,
                           const struct hb_row *row, hb_case_have *have,
                           void *arg);
static unsigned step_state(const struct hb_step *s, hb_case_have *have,
                           void *arg);

const struct hb_case *hb_case_find(const struct hb_casebook *b, unsigned number)
{
    for (size_t i = 0; i < b->n; i++) {
        if (b->cases[i].number == number)
            return &b->cases[i];
    }
    return NULL;
}

const struct hb_control *hb_control_find(const struct hb_case *c,
                                         const char *id)
{
    for (size_t i = 0; i < c->controls_n; i++) {
        if (hb_streq(c->controls[i].id, id))
            return &c->controls[i];
    }
    return NULL;
}

const struct hb_step *hb_step_find(const struct hb_playbook *p, const char *id)
{
    for (size_t i = 0; i < p->steps_n; i++) {
        if (hb_streq(p->steps[i].id, id))
            return &p->steps[i];
    }
    return NULL;
}

const struct hb_document *hb_document_find(const struct hb_case *c,
                                           const char *id)
{
    for (size_t i = 0; i < c->documents_n; i++) {
        if (hb_streq(c->documents[i].id, id))
            return &c->documents[i];
    }
    return c->common != NULL ? hb_document_find(c->common, id) : NULL;
}

const struct hb_fact *hb_fact_find(const struct hb_casebook *b,
                                   const char *name)
{
    for (size_t i = 0; i < b->facts_n; i++) {
        if (hb_streq(b->facts[i].name, name))
            return &b->facts[i];
    }
    return NULL;
}

const struct hb_row *hb_row_find(const struct hb_casebook *b,
                                 const struct hb_case *c, const char *id)
{
    for (size_t i = 0; c != NULL && i < c->rows_n; i++) {
        if (hb_streq(c->rows[i].id, id))
            return &c->rows[i];
    }
    for (size_t i = 0; i < b->general_n; i++) {
        if (hb_streq(b->general[i].id, id))
            return &b->general[i];
    }
    return NULL;
}

unsigned hb_row_state(const struct hb_case *c, const struct hb_row *row,
                      hb_case_have *have_check, hb_case_have *have_action,
                      void *arg)
{
    unsigned s = 0;

    for (size_t i = 0; i < c->controls_n; i++) {
        const struct hb_control *k = &c->controls[i];

        if (!names_row(&k->rows, row))
            continue;
        if (k->question || k->modality == HB_MOD_CONSIDER)
            s |= HB_ROW_ASKED | HB_ROW_RECORDED;
        if (!k->question && have_check(arg, k->check))
            s |= HB_ROW_AUTOMATIC | HB_ROW_RECORDED;
    }
    if (c->playbook != NULL)
        s |= book_state(c->playbook, row, have_action, arg);
    if (row->program.in[HB_LANG_EN] != NULL)
        s |= HB_ROW_AUTOMATIC | HB_ROW_RECORDED;
    if (row->missing.in[HB_LANG_EN] != NULL && s != 0)
        s |= HB_ROW_PARTLY;
    /* "consider": a recorded decision is enough. */
    if (row->automatic && row->modality == HB_MOD_DO)
        s |= s & HB_ROW_AUTOMATIC ? HB_ROW_MET : 0;
    else
        s |= s & (HB_ROW_AUTOMATIC | HB_ROW_ASKED) ? HB_ROW_MET : 0;
    return s;
}

/* The steps that name the row, here and in playbooks that are called. */
static unsigned book_state(const struct hb_playbook *p,
                           const struct hb_row *row, hb_case_have *have,
                           void *arg)
{
    unsigned state = 0;

    for (size_t i = 0; i < p->steps_n; i++) {
        if (names_row(&p->steps[i].rows, row))
            state |= step_state(&p->steps[i], have, arg);
        if (p->steps[i].playbook != NULL)
            state |= book_state(p->steps[i].playbook, row, have, arg);
    }
    return state;
}

static bool names_row(const struct hb_rows *rows, const struct hb_row *row)
{
    for (size_t i = 0; i < rows->n; i++) {
        if (rows->v[i] == row)
            return true;
    }
    return false;
}

static unsigned step_state(const struct hb_step *s, hb_case_have *have,
                           void *arg)
{
    unsigned state = 0;

    /* What a playbook does that several cases share, it does for this row. */
    for (size_t i = 0; s->playbook != NULL && i < s->playbook->steps_n; i++)
        state |= step_state(&s->playbook->steps[i], have, arg);
    if (s->type == HB_STEP_ACTION && have(arg, s->action->name))
        state |= HB_ROW_AUTOMATIC | HB_ROW_RECORDED;
    if (s->type == HB_STEP_TASK)
        state |= HB_ROW_ASKED;
    if (s->evidence != 0 || s->documents_n > 0)
        state |= HB_ROW_RECORDED;
    return state;
}

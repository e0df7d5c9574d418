/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.c - the semantic validator: whether a playbook can be walked to its
 * end, whatever happens.
 *
 * The official CACAO schema lets dangling ids, endless loops and steps that
 * nobody reaches pass; this does not.  Rules: one start; branches are nested
 * like blocks and end in exactly one END of their own; nothing within a
 * branch goes backwards (only a bounded WHILE repeats); every step is reached,
 * either by the flow or as the undo of another; what is dangerous can be
 * undone; what asks a person says whom.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/i18n.h"
#include "casebook/load.h"

enum mark { UNSEEN, OPEN, DONE };

struct flow {
    const struct hb_playbook *p;
    const char *file;
    struct hb_err *err;
    enum mark mark[HB_STEP_MAX];
    unsigned branch[HB_STEP_MAX]; /* which branch reached it, from 1 */
    unsigned branches;
};

struct branch {
    unsigned number;
    const struct hb_step *end;
};

static int fail(struct flow *f, const struct hb_step *s, const char *fmt, ...)
    HB_PRINTF(3, 4);
static int find_start(struct flow *f);
static int check_step(struct flow *f, const struct hb_step *s);
static int check_action(struct flow *f, const struct hb_step *s);
static int check_moves(struct flow *f, const struct hb_step *s);
static bool is_undo(const struct flow *f, const struct hb_step *s);
static int walk_branch(struct flow *f, const struct hb_step *head);
static int walk(struct flow *f, struct branch *b, const struct hb_step *s);
static int walk_arms(struct flow *f, const struct hb_step *s);
static int check_reached(struct flow *f);

int hb_flow_check(const struct hb_playbook *p, const char *file,
                  struct hb_err *err)
{
    struct flow f = {.p = p, .file = file, .err = err};
    int r = find_start(&f);

    for (size_t i = 0; r == 0 && i < p->steps_n; i++)
        r = check_step(&f, &p->steps[i]);
    if (r == 0)
        r = walk_branch(&f, p->start);
    if (r == 0 && p->exception != NULL)
        r = walk_branch(&f, p->exception);
    if (r == 0)
        r = check_reached(&f);
    return r;
}

static int fail(struct flow *f, const struct hb_step *s, const char *fmt, ...)
{
    char text[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return hb_err_at(f->err, -EINVAL, f->file, s->line, s->column, "%s", text);
}

static int find_start(struct flow *f)
{
    struct hb_playbook *p = (struct hb_playbook *)(uintptr_t)f->p;

    for (size_t i = 0; i < p->steps_n; i++) {
        if (p->steps[i].type != HB_STEP_START)
            continue;
        if (p->start != NULL)
            return fail(f, &p->steps[i],
                        _("a second start; the first is step %s"),
                        p->start->id);
        p->start = &p->steps[i];
    }
    if (p->start == NULL)
        return hb_err_at(f->err, -EINVAL, f->file, 0, 0,
                         _("the playbook has no step of type start"));
    return 0;
}

/* ---- one step ---- */

static int check_step(struct flow *f, const struct hb_step *s)
{
    uint32_t paper = 1u << HB_EVK_DOCUMENT, drill = 1u << HB_EVK_DRILL;
    int r = check_moves(f, s);

    if (r == 0 && s->type == HB_STEP_ACTION)
        r = check_action(f, s);
    if (r < 0)
        return r;
    if (s->type == HB_STEP_TASK && s->roles == 0)
        return fail(f, s, _("step %s asks a person but names no role"), s->id);
    if ((s->evidence & paper) != 0 && s->documents_n == 0)
        return fail(f, s, _("step %s demands a document but names none"),
                    s->id);
    if ((s->evidence & drill) != 0 && f->p->owner->drill.name == NULL)
        return fail(f, s,
                    _("step %s demands a drill, which this case does "
                      "not have"),
                    s->id);
    if (s->modality == HB_MOD_CONSIDER &&
        (s->evidence & 1u << HB_EVK_DECISION) == 0)
        return fail(f, s,
                    _("step %s is to be considered and must demand a "
                      "decision as evidence"),
                    s->id);
    if (s->answer != NULL && s->answer->constant)
        return fail(f, s, _("step %s answers into the constant %s"), s->id,
                    s->answer->name);
    return 0;
}

static int check_action(struct flow *f, const struct hb_step *s)
{
    if (s->danger >= 2 && s->undo == NULL && !is_undo(f, s))
        return fail(f, s, _("step %s has danger level %u and no undo"), s->id,
                    s->danger);
    if (s->undo != NULL && s->undo->type != HB_STEP_ACTION)
        return fail(f, s, _("the undo of step %s is no action"), s->id);
    if (s->undo != NULL && s->action->undo != NULL &&
        !hb_streq(s->action->undo, s->undo->action->name))
        return fail(f, s, _("the undo of step %s must be the action %s"), s->id,
                    s->action->undo);
    if (s->danger > 0 && s->roles == 0 && !is_undo(f, s))
        return fail(f, s,
                    _("step %s has danger level %u and names no role "
                      "to approve it"),
                    s->id, s->danger);
    if (s->reflex && s->danger == 0)
        return fail(f, s, _("step %s is harmless and needs no reflex"), s->id);
    return 0;
}

static int check_moves(struct flow *f, const struct hb_step *s)
{
    bool moves = s->next != NULL || s->on_success != NULL;

    switch (s->type) {
    case HB_STEP_END:
        return 0;
    case HB_STEP_ACTION:
        if (is_undo(f, s)) {
            if (moves || s->on_failure != NULL)
                return fail(f, s, _("step %s is an undo and goes nowhere"),
                            s->id);
            return 0;
        }
        break;
    case HB_STEP_SWITCH:
        for (size_t i = 0; i < s->cases_n; i++) {
            if (s->cases[i].value == NULL)
                return moves ? 0
                             : fail(f, s, _("step %s leads nowhere"), s->id);
        }
        return fail(f, s, _("switch %s has no default"), s->id);
    default:
        break;
    }
    return moves ? 0 : fail(f, s, _("step %s leads nowhere"), s->id);
}

static bool is_undo(const struct flow *f, const struct hb_step *s)
{
    for (size_t i = 0; i < f->p->steps_n; i++) {
        if (f->p->steps[i].undo == s)
            return true;
    }
    return false;
}

/* ---- the way through ---- */

static int walk_branch(struct flow *f, const struct hb_step *head)
{
    struct branch b = {.number = ++f->branches};
    int r;

    if (f->mark[head->index] != UNSEEN)
        return fail(f, head,
                    _("step %s begins a branch but is reached from "
                      "elsewhere too"),
                    head->id);
    r = walk(f, &b, head);
    if (r == 0 && b.end == NULL)
        r = fail(f, head, _("the branch from step %s has no end"), head->id);
    return r;
}

static int walk(struct flow *f, struct branch *b, const struct hb_step *s)
{
    const struct hb_step *to[] = {s->next, s->on_success, s->on_failure};
    int r;

    if (f->mark[s->index] != UNSEEN && f->branch[s->index] != b->number)
        return fail(f, s, _("step %s is reached from two branches"), s->id);
    if (f->mark[s->index] == OPEN)
        return fail(f, s,
                    _("step %s comes back to itself; only a while "
                      "step with rounds may repeat"),
                    s->id);
    if (f->mark[s->index] == DONE)
        return 0;
    if (is_undo(f, s))
        return fail(f, s, _("step %s is an undo and stands in the flow"),
                    s->id);
    f->mark[s->index] = OPEN;
    f->branch[s->index] = b->number;
    if (s->type == HB_STEP_END) {
        if (b->end != NULL)
            return fail(f, s, _("one branch has two ends: %s and %s"),
                        b->end->id, s->id);
        b->end = s;
    }
    r = walk_arms(f, s);
    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(to); i++) {
        if (to[i] != NULL)
            r = walk(f, b, to[i]);
    }
    f->mark[s->index] = DONE;
    return r;
}

static int walk_arms(struct flow *f, const struct hb_step *s)
{
    int r = 0;

    if (s->on_true != NULL)
        r = walk_branch(f, s->on_true);
    if (r == 0 && s->on_false != NULL)
        r = walk_branch(f, s->on_false);
    for (size_t i = 0; r == 0 && i < s->cases_n; i++)
        r = walk_branch(f, s->cases[i].next);
    for (size_t i = 0; r == 0 && i < s->branches_n; i++)
        r = walk_branch(f, s->branches[i]);
    return r;
}

static int check_reached(struct flow *f)
{
    for (size_t i = 0; i < f->p->steps_n; i++) {
        const struct hb_step *s = &f->p->steps[i];

        if (f->mark[i] == UNSEEN && !is_undo(f, s))
            return fail(f, s, _("step %s is never reached"), s->id);
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - the flow: goes from the start along the rows of a run to where it
 * waits, and one step further wherever it can.
 *
 * Runs in core.  A step's row is written in one transaction when it begins
 * and in one when it ends; START, END and conditions do both at once.  Blocks
 * (if, while, switch, parallel, a playbook called) are walked into while they
 * are begun and passed by when they have ended.  A failure goes to
 * on_failure, else into the playbook's exception branch and then on, else it
 * makes the block around it fail, up to the run itself.  A step of a type
 * that this program does not know is an error and never passed by.
 */
#include "base/i18n.h"
#include "playbook/vars.h"

static int visit(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, const struct hb_step **ret_next);
static int enter(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row);
static int begin(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row);
static int begin_choice(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_step *s, struct hb_run_row *row);
static int begin_while(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_run_row *row);
static int begin_call(struct hb_walk *w, const struct hb_scope *sc,
                      const struct hb_step *s, struct hb_run_row *row);
static int drive(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row);
static int drive_choice(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_step *s, struct hb_run_row *row);
static int drive_while(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_run_row *row);
static int drive_parallel(struct hb_walk *w, const struct hb_scope *sc,
                          const struct hb_step *s, struct hb_run_row *row);
static int drive_call(struct hb_walk *w, const struct hb_scope *sc,
                      const struct hb_step *s, struct hb_run_row *row);
static int leave(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, const struct hb_run_row *row,
                 const struct hb_step **ret_next);
static int end(struct hb_walk *w, const struct hb_step *s,
               struct hb_run_row *row, struct hb_words2 result);
static int block_failed(struct hb_walk *w, const struct hb_step *s,
                        struct hb_run_row *row);
static bool instant(const struct hb_step *s);

/* What the engine says of a step. */
static const char over_time[] = N_("The time for it was over.");
static const char no_condition[] = N_("The condition could not be evaluated.");
static const char rounds_over[] =
    N_("The condition still holds after the last round.");
static const char inner[] = N_("A step within it failed.");
static const char calls_itself[] =
    N_("The playbook would call itself, or too many others.");
static const char left_out[] = N_("Left out when the run was restarted.");

int hb_walk_branch(struct hb_walk *w, const struct hb_scope *sc,
                   const struct hb_step *head)
{
    const struct hb_step *s = head, *next;

    /* A branch never goes backwards, so it has no more steps than all. */
    for (size_t i = 0; i <= sc->pb->steps_n; i++) {
        int r;

        if (s == NULL)
            return -EUCLEAN;
        r = visit(w, sc, s, &next);
        if (r != HB_GO_ENDED || s->type == HB_STEP_END)
            return r;
        s = next;
    }
    return -ELOOP;
}

int hb_walk_save(struct hb_walk *w, struct hb_run_row *row, const char *kind,
                 const struct hb_text *t, struct hb_words2 result)
{
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    r = hb_run_row_put(w->p, w->run->id, row);
    if (r == 0 && kind != NULL)
        r = hb_note_step(w, kind, t, result, NULL);
    if (w->budget > 0)
        w->budget--;
    return hb_run_commit(w->p, own, r);
}

int hb_walk_fail(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row,
                 struct hb_words2 why)
{
    hb_walk_choose(sc, s, row);
    row->result = why.en;
    return hb_walk_save(w, row, "step.failed", &s->title, why);
}

bool hb_walk_left_out(const char *result)
{
    return hb_streq(result, left_out);
}

void hb_walk_choose(const struct hb_scope *sc, const struct hb_step *s,
                    struct hb_run_row *row)
{
    row->state = HB_PLAY_FAILED_STEP;
    row->wake = 0;
    if (s->on_failure != NULL)
        row->way = HB_WAY_FAILURE;
    else if (sc->pb->exception != NULL && !sc->exception)
        row->way = HB_WAY_EXCEPTION;
    else
        row->way = HB_WAY_UP;
}

/* ---- one step ---- */

static int visit(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, const struct hb_step **ret_next)
{
    struct hb_run_row row = {.state = HB_PLAY_WAITING};
    const char *place = hb_place_make(w->a, sc, s);
    int r;

    *ret_next = NULL;
    if (place == NULL)
        return -ENAMETOOLONG;
    if (s->type >= HB_STEP_TYPE_COUNT)
        return -ENOTSUP;
    r = hb_run_row_get(w->p, w->a, w->run->id, place, &row);
    if (r < 0)
        return r;
    if (r == 1 && row.type != (unsigned)s->type) {
        w->mismatch = true;
        return w->dry ? HB_GO_PENDING : -EUCLEAN;
    }
    if (r == 0) {
        if (w->dry || w->budget == 0)
            return HB_GO_PENDING;
        row.place = place;
        row.step = s->id;
        row.type = (unsigned)s->type;
        row.phase = (unsigned)s->phase;
        row.arm = row.result = "";
        r = enter(w, sc, s, &row);
        if (r < 0)
            return r;
    }
    if (w->dry && (row.state == HB_PLAY_WAITING || row.state == HB_PLAY_BEGUN ||
                   row.state == HB_PLAY_STUCK))
        w->live++;
    if (row.state == HB_PLAY_WAITING && !w->dry && row.wake <= w->now) {
        r = begin(w, sc, s, &row);
        if (r < 0)
            return r;
    }
    if (row.state == HB_PLAY_BEGUN || (row.state == HB_PLAY_STUCK && !w->dry)) {
        r = drive(w, sc, s, &row);
        if (r < 0)
            return r;
    }
    return leave(w, sc, s, &row, ret_next);
}

/* A step that was not reached before. */
static int enter(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_words2 why = hb_words(left_out);

    row->started = w->now;
    if ((unsigned)s->phase < w->run->from_phase &&
        (s->type == HB_STEP_ACTION || s->type == HB_STEP_TASK ||
         s->type == HB_STEP_PLAYBOOK || s->type == HB_STEP_WHILE)) {
        row->state = HB_PLAY_SKIPPED;
        row->finished = w->now;
        row->result = why.en;
        return hb_walk_save(w, row, "step.skipped", &s->title, why);
    }
    if (s->delay == 0)
        return begin(w, sc, s, row);
    row->state = HB_PLAY_WAITING;
    row->wake = w->now + (int64_t)s->delay;
    return hb_walk_save(w, row, NULL, NULL, why);
}

static int begin(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row)
{
    row->started = w->now;
    row->wake =
        s->timeout > 0 && !instant(s) ? w->now + (int64_t)s->timeout : 0;
    switch (s->type) {
    case HB_STEP_START:
    case HB_STEP_END:
        row->state = HB_PLAY_ENDED;
        row->finished = w->now;
        return hb_walk_save(w, row, NULL, NULL, hb_words(""));
    case HB_STEP_IF:
    case HB_STEP_SWITCH:
        return begin_choice(w, sc, s, row);
    case HB_STEP_WHILE:
        return begin_while(w, sc, s, row);
    case HB_STEP_PARALLEL:
        row->state = HB_PLAY_BEGUN;
        return hb_walk_save(w, row, "step.started", &s->title, hb_words(""));
    case HB_STEP_PLAYBOOK:
        return begin_call(w, sc, s, row);
    case HB_STEP_ACTION:
        return hb_act_begin(w, sc, s, row);
    case HB_STEP_TASK:
        return hb_people_begin(w, sc, s, row);
    default:
        return -ENOTSUP;
    }
}

static int drive(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row)
{
    switch (s->type) {
    case HB_STEP_IF:
    case HB_STEP_SWITCH:
        return drive_choice(w, sc, s, row);
    case HB_STEP_WHILE:
        return drive_while(w, sc, s, row);
    case HB_STEP_PARALLEL:
        return drive_parallel(w, sc, s, row);
    case HB_STEP_PLAYBOOK:
        return drive_call(w, sc, s, row);
    case HB_STEP_ACTION:
        return w->dry ? 0 : hb_act_drive(w, sc, s, row);
    case HB_STEP_TASK:
        return w->dry ? 0 : hb_people_drive(w, sc, s, row);
    default:
        return -ENOTSUP;
    }
}

/* Where the flow goes from a step as its row stands now. */
static int leave(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, const struct hb_run_row *row,
                 const struct hb_step **ret_next)
{
    const struct hb_step *on = s->next != NULL ? s->next : s->on_success;
    struct hb_scope inside;
    int r;

    switch (row->state) {
    case HB_PLAY_ENDED:
    case HB_PLAY_SKIPPED:
    case HB_PLAY_FAILED_STEP:
        break;
    default:
        return HB_GO_PENDING;
    }
    *ret_next = on;
    switch (row->way) {
    case HB_WAY_NEXT:
        return HB_GO_ENDED;
    case HB_WAY_FAILURE:
        *ret_next = s->on_failure;
        return HB_GO_ENDED;
    case HB_WAY_EXCEPTION:
        if (sc->pb->exception == NULL)
            return HB_GO_FAILED;
        r = hb_scope_exception(w, sc, s, &inside);
        return r < 0 ? r : hb_walk_branch(w, &inside, sc->pb->exception);
    case HB_WAY_UP:
        break;
    }
    return HB_GO_FAILED;
}

/* ---- if, switch ---- */

static int begin_choice(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_step *s, struct hb_run_row *row)
{
    const struct hb_step *arm = NULL;
    const char *value;
    int r;

    if (s->type == HB_STEP_IF) {
        r = hb_var_cond(w, sc, s->cond);
        if (r == -EINVAL) {
            row->finished = w->now;
            return hb_walk_fail(w, sc, s, row, hb_words(no_condition));
        }
        if (r < 0)
            return r;
        arm = r == 1 ? s->on_true : s->on_false;
        value = r == 1 ? N_("Yes.") : N_("No.");
    } else {
        value = hb_var_text(w, sc, s->subject, &r);
        if (r < 0)
            return r;
        for (size_t i = 0; i < s->cases_n; i++)
            if (s->cases[i].value == NULL && arm == NULL)
                arm = s->cases[i].next;
            else if (s->cases[i].value != NULL &&
                     hb_streq(s->cases[i].value, value))
                arm = s->cases[i].next;
    }
    row->arm = arm != NULL ? arm->id : "";
    row->result = value;
    row->state = arm != NULL ? HB_PLAY_BEGUN : HB_PLAY_ENDED;
    row->finished = arm != NULL ? 0 : w->now;
    return hb_walk_save(w, row, "step.done", &s->title,
                        s->type == HB_STEP_IF
                            ? hb_words(value)
                            : (struct hb_words2){value, value});
}

static int drive_choice(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_step *s, struct hb_run_row *row)
{
    const struct hb_step *arm = hb_step_find(sc->pb, row->arm);
    int r;

    if (arm == NULL) {
        w->mismatch = true;
        return w->dry ? 0 : -EUCLEAN;
    }
    r = hb_walk_branch(w, sc, arm);
    if (r < 0 || r == HB_GO_PENDING || w->dry)
        return r < 0 ? r : 0;
    if (r == HB_GO_FAILED)
        return block_failed(w, s, row);
    row->state = HB_PLAY_ENDED;
    row->finished = w->now;
    return hb_walk_save(w, row, NULL, NULL, hb_words(""));
}

/* ---- while ---- */

static int begin_while(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_run_row *row)
{
    int r = hb_var_cond(w, sc, s->cond);

    if (r == -EINVAL) {
        row->finished = w->now;
        return hb_walk_fail(w, sc, s, row, hb_words(no_condition));
    }
    if (r < 0)
        return r;
    if (r == 0)
        return end(w, s, row, hb_words(N_("Not once.")));
    row->state = HB_PLAY_BEGUN;
    row->attempt = 1;
    return hb_walk_save(w, row, "step.started", &s->title, hb_words(""));
}

static int drive_while(struct hb_walk *w, const struct hb_scope *sc,
                       const struct hb_step *s, struct hb_run_row *row)
{
    for (;;) {
        struct hb_scope inside;
        int r = hb_scope_round(w, sc, row->attempt, &inside);

        if (r == 0)
            r = hb_walk_branch(w, &inside, s->on_true);
        if (r < 0 || r == HB_GO_PENDING || w->dry)
            return r < 0 ? r : 0;
        if (r == HB_GO_FAILED)
            return block_failed(w, s, row);
        r = hb_var_cond(w, sc, s->cond);
        row->finished = w->now;
        if (r == -EINVAL)
            return hb_walk_fail(w, sc, s, row, hb_words(no_condition));
        if (r < 0)
            return r;
        if (r == 0)
            return end(w, s, row, hb_words(""));
        if (row->attempt >= (int64_t)s->rounds)
            return hb_walk_fail(w, sc, s, row, hb_words(rounds_over));
        row->finished = 0;
        row->attempt++;
        if (w->budget == 0) {
            row->attempt--; /* the next tick comes back to here */
            return 0;
        }
        r = hb_walk_save(w, row, NULL, NULL, hb_words(""));
        if (r < 0)
            return r;
    }
}

/* ---- parallel: all branches are begun, all must have ended ---- */

static int drive_parallel(struct hb_walk *w, const struct hb_scope *sc,
                          const struct hb_step *s, struct hb_run_row *row)
{
    bool pending = false, failed = false;

    for (size_t i = 0; i < s->branches_n; i++) {
        int r = hb_walk_branch(w, sc, s->branches[i]);

        if (r < 0)
            return r;
        pending = pending || r == HB_GO_PENDING;
        failed = failed || r == HB_GO_FAILED;
    }
    if (pending || w->dry)
        return 0;
    return failed ? block_failed(w, s, row) : end(w, s, row, hb_words(""));
}

/* ---- another playbook ---- */

static int begin_call(struct hb_walk *w, const struct hb_scope *sc,
                      const struct hb_step *s, struct hb_run_row *row)
{
    if (hb_scope_loops(sc, s->playbook)) {
        row->finished = w->now;
        return hb_walk_fail(w, sc, s, row, hb_words(calls_itself));
    }
    row->state = HB_PLAY_BEGUN;
    return hb_walk_save(w, row, "step.started", &s->title, hb_words(""));
}

static int drive_call(struct hb_walk *w, const struct hb_scope *sc,
                      const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_scope inside;
    bool own;
    int r = hb_scope_call(w, sc, s, &inside);

    if (r < 0)
        return r;
    if (s->playbook == NULL || s->playbook->start == NULL) {
        w->mismatch = true;
        return w->dry ? 0 : -EUCLEAN;
    }
    if (!w->dry && row->wake > 0 && row->wake <= w->now) {
        struct hb_words2 why = hb_words(over_time);

        r = hb_run_begin(w->p, &own);
        if (r < 0)
            return r;
        row->finished = w->now;
        r = hb_run_row_cancel(w->p, w->run, inside.prefix, why.en, w->now);
        if (r == 0)
            r = hb_walk_fail(w, sc, s, row, why);
        return hb_run_commit(w->p, own, r);
    }
    r = hb_walk_branch(w, &inside, s->playbook->start);
    if (r < 0 || r == HB_GO_PENDING || w->dry)
        return r < 0 ? r : 0;
    row->finished = w->now;
    /* What failed within had its own playbook's exception; this one's is
     * still to come. */
    return r == HB_GO_FAILED ? hb_walk_fail(w, sc, s, row, hb_words(inner))
                             : end(w, s, row, hb_words(""));
}

/* ---- helpers ---- */

static int end(struct hb_walk *w, const struct hb_step *s,
               struct hb_run_row *row, struct hb_words2 result)
{
    row->state = HB_PLAY_ENDED;
    row->way = HB_WAY_NEXT;
    row->finished = w->now;
    row->wake = 0;
    row->result = result.en;
    return hb_walk_save(w, row, "step.done", &s->title, result);
}

/* A step within had its chance at the exception branch: only a way of the
 * block's own is left, or the block around it. */
static int block_failed(struct hb_walk *w, const struct hb_step *s,
                        struct hb_run_row *row)
{
    struct hb_words2 why = hb_words(inner);

    row->state = HB_PLAY_FAILED_STEP;
    row->way = s->on_failure != NULL ? HB_WAY_FAILURE : HB_WAY_UP;
    row->finished = w->now;
    row->wake = 0;
    row->result = why.en;
    return hb_walk_save(w, row, "step.failed", &s->title, why);
}

/* Whether it ends in the moment in which it begins. */
static bool instant(const struct hb_step *s)
{
    return s->type == HB_STEP_START || s->type == HB_STEP_END ||
           s->type == HB_STEP_IF || s->type == HB_STEP_SWITCH;
}

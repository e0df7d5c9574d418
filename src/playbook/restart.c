/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restart.c - a run that has failed, or that a person ended, goes on.
 *
 * Runs in core.  What has ended well stays, and so does what a person decided
 * against; what failed or was cancelled is opened again, and with it the
 * blocks around it.  All of it is one transaction: a crash leaves the run as
 * it was, or open again.
 *
 * An action keeps its row, so that its attempts go on being counted.  One
 * whose end nobody heard of (cancelled, or out of time) keeps its key too: it
 * may have been done, and the port is asked with the old key.  One that is
 * known to have failed gets a new key.  A task is put aside as place~seq and
 * asked anew.
 */
#include "base/i18n.h"
#include "playbook/run.h"

/* What a branch holds (bits): something that is done again, something that
 * was not reached yet. */
enum { AGAIN = 1, UNREACHED = 2 };

struct redo {
    struct hb_walk *w;
    int64_t from; /* seq of the first row that is done again; 0: only what
                     stopped the run */
    bool away;    /* on the way that a failure took, which may not be taken
                     again: nothing is opened there, all is put aside */
};

struct aside { /* a step that is done again, and the way it took */
    const struct hb_step *s;
    enum hb_way way;
};

static int restart(struct hb_walk *w, const char *from, const char *by,
                   struct hb_err *err);
static int restart_failed(struct hb_walk *w, int64_t from, const char *by);
static int redo_branch(struct redo *x, const struct hb_scope *sc,
                       const struct hb_step *head);
static int redo_step(struct redo *x, const struct hb_scope *sc,
                     const struct hb_step *s, struct hb_run_row *row,
                     const struct hb_step **ret_next, bool *ret_again);
static int redo_inside(struct redo *x, const struct hb_scope *sc,
                       const struct hb_step *s, const struct hb_run_row *row);
static int redo_aside(struct redo *x, const struct hb_scope *sc,
                      const struct hb_step *s, enum hb_way way);
static int redo_exception(struct redo *x, const struct hb_scope *sc,
                          const struct hb_step *s);
static int wanted(struct redo *x, const struct hb_run_row *row);
static int put_aside(struct redo *x, const struct hb_run_row *row);
static int reopen(struct redo *x, const struct hb_step *s,
                  struct hb_run_row *row);
static bool is_block(const struct hb_step *s);
static bool is_live(const struct hb_run_row *row);

int hb_play_restart(struct hb_play *p, int64_t incident, const char *from,
                    const struct hb_person *by, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_incident i = {0};
    struct hb_walk w;
    struct hb_run run = {0};
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_incident_get(p->s, a, incident, &i);
    if (r < 0)
        return hb_err_set(err, r, _("There is no incident %lld."),
                          (long long)incident);
    if (i.state == HB_INC_CLOSED)
        return hb_err_set(err, -EINVAL,
                          _("The incident is closed; open a new one where it "
                            "happened again."));
    r = hb_run_of(p, a, incident, &run);
    if (r < 0)
        return hb_err_set(err, r, _("This incident has no playbook."));
    if ((run.state != HB_PLAY_STUCK && run.state != HB_PLAY_FAILED_STEP) ||
        run.pb == NULL)
        return hb_err_set(err, -EINVAL,
                          _("This incident's playbook neither failed nor was "
                            "stopped."));
    hb_walk_init(&w, p, a, &run);
    r = hb_play_check(run.pb);
    if (r == 0)
        r = restart(&w, from, by->full_name, err);
    if (r == -EALREADY)
        return hb_err_set(err, r,
                          _("Nothing of it is left to do from there on."));
    /* A step that is none was told already. */
    if (r == -ENOENT && err->message[0] != '\0')
        return r;
    if (r < 0)
        return hb_err_set(err, r, _("The playbook could not be restarted."));
    (void)hb_play_advance(p, run.id);
    return 0;
}

static int restart(struct hb_walk *w, const char *from, const char *by,
                   struct hb_err *err)
{
    enum hb_phase phase = HB_PHASE_DETECT_CONTAIN;
    const struct hb_scope *sc;
    const struct hb_step *s = NULL;
    struct hb_run_row row = {0};
    bool stuck = w->run->state == HB_PLAY_STUCK;
    int r = 0;

    if (from != NULL && stuck) {
        r = hb_place_find(w->a, w->run->pb, from, &sc, &s);
        phase = r == 0 ? s->phase : phase;
    } else if (from != NULL) {
        r = hb_run_row_get(w->p, w->a, w->run->id, from, &row);
        r = r == 0 ? -ENOENT : r < 0 ? r : 0;
    } else if (stuck) {
        r = hb_change_phase(w, &phase);
    }
    if (r == -ENOENT && from != NULL)
        return hb_err_set(err, r, _("There is no step %s in this incident."),
                          from);
    if (r < 0)
        return r;
    return stuck ? hb_change_restart(w, phase, by)
                 : restart_failed(w, row.seq, by);
}

static int restart_failed(struct hb_walk *w, int64_t from, const char *by)
{
    struct redo x = {.w = w, .from = from};
    struct hb_run *run = w->run;
    const char *hash = run->pb == NULL ? NULL : hb_run_hash(w->a, run->pb);
    struct hb_scope top = {.pb = run->pb, .prefix = "", .path = ""};
    bool own;
    int r;

    if (hash == NULL)
        return run->pb == NULL ? -ENOENT : -ENOMEM;
    r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    r = redo_branch(&x, &top, run->pb->start);
    if (r == 0)
        r = -EALREADY; /* nothing is left to do */
    run->state = HB_PLAY_BEGUN;
    run->finished = 0;
    run->task = 0;
    run->why = "";
    run->hash_now = hash;
    if (r > 0)
        r = hb_run_put(w->p, run);
    if (r == 0)
        r = hb_run_version(w->p, run->id, run->pb, w->now);
    if (r == 0)
        r = hb_note_step(w, "step.restarted", &run->pb->title, hb_words(""),
                         by);
    return hb_run_commit(w->p, own, r);
}

/* ---- along the rows, as walk.c goes ---- */

/* Bits as above, or -errno. */
static int redo_branch(struct redo *x, const struct hb_scope *sc,
                       const struct hb_step *head)
{
    struct aside *asides = HB_NEW_N(x->w->a, struct aside, sc->pb->steps_n + 1);
    const struct hb_step *s = head, *next;
    size_t asides_n = 0;
    int open = 0, r = 0;

    if (asides == NULL)
        return -ENOMEM;
    for (size_t i = 0; s != NULL && i <= sc->pb->steps_n; i++) {
        const char *place = hb_place_make(x->w->a, sc, s);
        struct hb_run_row row = {.state = HB_PLAY_WAITING};
        bool again = false;

        if (place == NULL)
            return -ENAMETOOLONG;
        next = s->next != NULL ? s->next : s->on_success;
        r = hb_run_row_get(x->w->p, x->w->a, x->w->run->id, place, &row);
        if (r == 1 && row.type != (unsigned)s->type)
            r = put_aside(x, &row); /* of another version; not reached */
        else if (r == 1)
            r = redo_step(x, sc, s, &row, &next, &again);
        else if (r == 0)
            r = UNREACHED;
        if (r < 0)
            return r;
        open |= r;
        if (again)
            asides[asides_n++] = (struct aside){s, row.way};
        if (s->type == HB_STEP_END)
            break;
        s = next;
    }
    /* Behind it all, where the two ways may have met. */
    for (size_t i = 0; r >= 0 && i < asides_n; i++)
        r = redo_aside(x, sc, asides[i].s, asides[i].way);
    return r < 0 ? r : open;
}

static int redo_step(struct redo *x, const struct hb_scope *sc,
                     const struct hb_step *s, struct hb_run_row *row,
                     const struct hb_step **ret_next, bool *ret_again)
{
    struct hb_run_row now = *row;
    int r = 0;

    if (is_live(row))
        return AGAIN;
    if (is_block(s)) {
        r = redo_inside(x, sc, s, row);
        /* What ended well does not open for a step that is new in it. */
        if (r == UNREACHED && row->state == HB_PLAY_ENDED)
            r = 0;
        if (r > 0) {
            r = x->away ? put_aside(x, row) : reopen(x, s, &now);
            return r < 0 ? r : AGAIN;
        }
        if (r < 0)
            return r;
    }
    r = wanted(x, row);
    if (r < 0)
        return r;
    if (r == 1) {
        *ret_again = true;
        r = s->type == HB_STEP_ACTION && !x->away ? hb_act_redo(x->w, s, &now)
                                                  : put_aside(x, row);
        return r < 0 ? r : AGAIN;
    }
    switch (row->way) {
    case HB_WAY_NEXT:
        return 0;
    case HB_WAY_FAILURE:
        *ret_next = s->on_failure;
        return 0;
    case HB_WAY_EXCEPTION:
        return redo_exception(x, sc, s);
    case HB_WAY_UP:
        *ret_next = NULL;
        return 0;
    }
    return -EUCLEAN;
}

/* What a block has walked into. */
static int redo_inside(struct redo *x, const struct hb_scope *sc,
                       const struct hb_step *s, const struct hb_run_row *row)
{
    struct hb_scope inside = {0};
    const struct hb_step *arm;
    int open = 0, r = 0;

    switch (s->type) {
    case HB_STEP_IF:
    case HB_STEP_SWITCH:
        arm = hb_step_find(sc->pb, row->arm);
        return arm == NULL ? 0 : redo_branch(x, sc, arm);
    case HB_STEP_WHILE: /* the rounds before the last are over */
        if (row->attempt == 0)
            return 0;
        r = hb_scope_round(x->w, sc, row->attempt, &inside);
        return r < 0 ? r : redo_branch(x, &inside, s->on_true);
    case HB_STEP_PARALLEL:
        for (size_t i = 0; r >= 0 && i < s->branches_n; i++) {
            r = redo_branch(x, sc, s->branches[i]);
            open |= r > 0 ? r : 0;
        }
        return r < 0 ? r : open;
    default:
        if (s->playbook == NULL || hb_scope_loops(sc, s->playbook))
            return 0;
        r = hb_scope_call(x->w, sc, s, &inside);
        return r < 0 ? r : redo_branch(x, &inside, s->playbook->start);
    }
}

/* The way that the flow took when the step failed. */
static int redo_aside(struct redo *x, const struct hb_scope *sc,
                      const struct hb_step *s, enum hb_way way)
{
    bool was = x->away;
    int r = 0;

    x->away = true;
    if (way == HB_WAY_FAILURE && s->on_failure != NULL)
        r = redo_branch(x, sc, s->on_failure);
    else if (way == HB_WAY_EXCEPTION)
        r = redo_exception(x, sc, s);
    x->away = was;
    return r;
}

static int redo_exception(struct redo *x, const struct hb_scope *sc,
                          const struct hb_step *s)
{
    struct hb_scope inside = {0};
    int r;

    if (sc->pb->exception == NULL)
        return 0;
    r = hb_scope_exception(x->w, sc, s, &inside);
    return r < 0 ? r : redo_branch(x, &inside, sc->pb->exception);
}

/* ---- one row ---- */

static int wanted(struct redo *x, const struct hb_run_row *row)
{
    struct hb_task t;
    int r;

    if (row->seq < x->from)
        return 0;
    if (row->state == HB_PLAY_FAILED_STEP)
        return x->from > 0 || row->way == HB_WAY_UP;
    if (row->state != HB_PLAY_SKIPPED)
        return 0;
    if (row->task == 0) /* left out by an earlier restart, or cancelled */
        return x->from > 0 || !hb_walk_left_out(row->result);
    /* What a person decided against stays decided. */
    r = hb_people_task(x->w, row->task, &t);
    return r < 0 ? r : t.state != HB_TASK_DECLINED;
}

static int put_aside(struct redo *x, const struct hb_run_row *row)
{
    struct hb_play *p = x->w->p;
    int r = hb_run_tasks_aside(p, x->w->run, row->place);

    if (r == 0)
        r = hb_db_exec(p->s->db,
                       "UPDATE run_step SET place = place || '~' || seq"
                       " WHERE run = ?1 AND place = ?2",
                       "it", x->w->run->id, row->place);
    return r < 0 ? r : AGAIN;
}

/* A block goes on where it was. */
static int reopen(struct redo *x, const struct hb_step *s,
                  struct hb_run_row *row)
{
    bool timed = s->type == HB_STEP_PLAYBOOK && s->timeout > 0;

    row->state = HB_PLAY_BEGUN;
    row->way = HB_WAY_NEXT;
    row->finished = 0;
    row->wake = timed ? x->w->now + (int64_t)s->timeout : 0;
    row->result = "";
    return hb_run_row_put(x->w->p, x->w->run->id, row);
}

static bool is_block(const struct hb_step *s)
{
    return s->type == HB_STEP_IF || s->type == HB_STEP_SWITCH ||
           s->type == HB_STEP_WHILE || s->type == HB_STEP_PARALLEL ||
           s->type == HB_STEP_PLAYBOOK;
}

static bool is_live(const struct hb_run_row *row)
{
    return row->state == HB_PLAY_WAITING || row->state == HB_PLAY_BEGUN ||
           row->state == HB_PLAY_STUCK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.c - what core calls: begin, tick, answer, resume, undo.
 *
 * Runs in core, one thread.  The engine keeps one thing in memory, which
 * action keys this process has sent; all else is read from the store at every
 * step, so that it does not matter when the process ends.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "playbook/run.h"

static const char unknown_type[] =
    N_("The playbook has a step of a type that this program does not know.");
static const char no_way[] =
    N_("The playbook cannot be followed from where it is.");
static const char too_many[] = N_("The playbook has taken too many steps.");

/* Stands for a step that is gone from the playbook. */
static const struct hb_playbook nothing = {.id = ""};
static const struct hb_scope nowhere = {
    .pb = &nothing, .prefix = "", .path = "", .exception = true};

static int check(const struct hb_playbook *pb, unsigned depth);
static int check_step(const struct hb_playbook *pb, const struct hb_step *s);
static int answer(struct hb_play *p, const uint8_t key[HB_ACT_KEY_SIZE],
                  enum hb_play_result result, const char *sets,
                  const char *words);
static int advance_once(struct hb_play *p, int64_t run);
static int go(struct hb_walk *w);
static int finish(struct hb_walk *w, bool well);
static int look_up(struct hb_walk *w, const struct hb_run_row *row,
                   const struct hb_scope **ret_scope,
                   const struct hb_step **ret_step);

int hb_play_new(struct hb_state *s, const struct hb_play_port *port,
                struct hb_play **ret)
{
    struct hb_play *p = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*p));

    if (p == NULL)
        return -ENOMEM;
    p->magic = PLAY_MAGIC;
    p->s = s;
    p->port = *port;
    *ret = p;
    return 0;
}

void hb_play_free(struct hb_play *p)
{
    if (p == NULL)
        return;
    HB_CHECK(p, PLAY_MAGIC);
    p->magic = 0;
    free(p->sent);
    free(p);
}

int64_t hb_play_now(const struct hb_play *p)
{
    return p->port.now != NULL ? p->port.now(p->port.arg) : hb_now();
}

int hb_play_begin(struct hb_play *p, int64_t incident)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_case *c;
    struct hb_incident i;
    struct hb_walk w;
    struct hb_run run = {0};
    bool own;
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    if (p->s->casebook == NULL)
        return 0;
    r = hb_incident_get(p->s, a, incident, &i);
    if (r < 0)
        return r;
    c = i.case_number > 0
            ? hb_case_find(p->s->casebook, (unsigned)i.case_number)
            : NULL;
    if (c == NULL || c->playbook == NULL)
        return 0;
    r = hb_play_check(c->playbook);
    if (r < 0)
        return r;
    r = hb_run_of(p, a, incident, &run);
    if (r != -ENOENT)
        return r;
    run.incident = incident;
    hb_walk_init(&w, p, a, &run);
    r = hb_run_begin(p, &own);
    if (r < 0)
        return r;
    r = hb_run_add(p, incident, c->playbook, w.now, &run.id);
    if (r == 0)
        r = hb_note_step(&w, "step.started", &c->playbook->title, hb_words(""),
                         NULL);
    r = hb_run_commit(p, own, r);
    if (r < 0 || !own)
        return r;
    r = hb_play_advance(p, run.id);
    return r < 0 ? r : 0;
}

int hb_play_tick(struct hb_play *p)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t *runs;
    size_t n;
    bool more = false;
    int r, first = 0;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    if (p->busy || hb_db_in_transaction(p->s->db))
        return 0;
    r = hb_run_open_ones(p, a, &runs, &n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++) {
        r = hb_play_advance(p, runs[i]);
        /* One run's trouble does not keep the others waiting. */
        if (r < 0 && first == 0)
            first = r;
        more = more || r == 1;
    }
    return first < 0 ? first : more;
}

int hb_play_answer(struct hb_play *p, const uint8_t key[HB_ACT_KEY_SIZE],
                   enum hb_play_result result, const char *sets,
                   const char *words)
{
    int r = answer(p, key, result, sets, words);

    /* An answer that could not be kept is lost: the tick asks again. */
    if (r < 0 && r != -ENOENT && r != -EALREADY)
        hb_act_unsent(p, key);
    return r;
}

static int answer(struct hb_play *p, const uint8_t key[HB_ACT_KEY_SIZE],
                  enum hb_play_result result, const char *sets,
                  const char *words)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    static const uint8_t none[HB_ACT_KEY_SIZE];
    const struct hb_scope *sc;
    const struct hb_step *s;
    struct hb_walk w;
    struct hb_run run;
    struct hb_run_row row;
    int64_t id;
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    if (memcmp(key, none, sizeof(none)) == 0)
        return -ENOENT;
    r = hb_run_row_by_key(p, a, key, &id, &row);
    if (r <= 0)
        return r < 0 ? r : -ENOENT;
    r = hb_run_load(p, a, id, &run);
    if (r < 0)
        return r;
    hb_walk_init(&w, p, a, &run);
    r = look_up(&w, &row, &sc, &s);
    if (r < 0)
        return r;
    if (row.state != HB_PLAY_BEGUN &&
        (row.state != HB_PLAY_STUCK || result == HB_PLAY_UNKNOWN)) {
        /* Too late for the flow, but it happened. */
        if (result == HB_PLAY_DONE && row.state != HB_PLAY_ENDED)
            r = hb_note_step(&w, "action.done", &s->title,
                             (struct hb_words2){words, NULL}, NULL);
        return r < 0 ? r : -EALREADY;
    }
    r = hb_act_answer(&w, sc, s, &row, result, sets, words);
    if (r < 0)
        return r;
    (void)hb_play_advance(p, id); /* the answer is kept; else the tick */
    return 0;
}

int hb_play_resume(struct hb_play *p, int64_t incident, const char *place,
                   bool done, const struct hb_person *by, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_scope *sc;
    const struct hb_step *s;
    struct hb_walk w;
    struct hb_run run;
    struct hb_run_row row = {0};
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_run_of(p, a, incident, &run);
    if (r == 0) {
        r = hb_run_row_get(p, a, run.id, place, &row);
        r = r == 0 ? -ENOENT : r;
    }
    if (r < 0)
        return hb_err_set(err, r, _("There is no step %s in this incident."),
                          place);
    if (row.state != HB_PLAY_STUCK)
        return hb_err_set(err, -EINVAL, _("Step %s does not wait for this."),
                          place);
    hb_walk_init(&w, p, a, &run);
    r = look_up(&w, &row, &sc, &s);
    if (r == 0)
        r = hb_act_resume(&w, sc, s, &row, done, by->full_name);
    if (r < 0)
        return hb_err_set(err, r, _("The answer could not be kept."));
    (void)hb_play_advance(p, run.id);
    return 0;
}

int hb_play_undo(struct hb_play *p, int64_t incident, const char *place,
                 const struct hb_person *by, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_scope *sc;
    const struct hb_step *s = NULL;
    struct hb_walk w;
    struct hb_run run;
    struct hb_run_row row = {0};
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_run_of(p, a, incident, &run);
    if (r == 0) {
        r = hb_run_row_get(p, a, run.id, place, &row);
        r = r == 0 ? -ENOENT : r < 0 ? r : 0;
    }
    if (r == 0)
        r = hb_place_find(a, run.pb, place, &sc, &s);
    if (r < 0)
        return hb_err_set(err, r, _("There is no step %s in this incident."),
                          place);
    if (hb_place_is_undo(place) || s == NULL || s->undo == NULL)
        return hb_err_set(err, -ENOTSUP, _("Step %s cannot be taken back."),
                          place);
    if (row.state != HB_PLAY_ENDED)
        return hb_err_set(err, -EINVAL,
                          _("Step %s was not done, so there is nothing to "
                            "take back."),
                          place);
    hb_walk_init(&w, p, a, &run);
    r = hb_act_undo(&w, s, place, by->full_name);
    if (r == -EALREADY)
        return hb_err_set(err, r, _("Step %s is taken back already."), place);
    if (r == -EINPROGRESS)
        return hb_err_set(err, r, _("Step %s is being taken back."), place);
    if (r < 0)
        return hb_err_set(err, r, _("Step %s could not be taken back."), place);
    (void)hb_play_advance(p, run.id);
    return 0;
}

int hb_play_each(struct hb_play *p, int64_t incident, hb_play_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_scope *sc;
    struct hb_walk w;
    struct hb_run_row *rows;
    struct hb_run run;
    size_t n;
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL)
        return -ENOMEM;
    r = hb_run_of(p, a, incident, &run);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    hb_walk_init(&w, p, a, &run);
    r = hb_run_row_list(p, a, run.id, false, &rows, &n);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct hb_play_view v = {
            .place = rows[i].place,
            .state = rows[i].state,
            .started = rows[i].started,
            .finished = rows[i].finished,
            .result = rows[i].result,
        };

        r = look_up(&w, &rows[i], &sc, &v.step);
        if (r == 0)
            r = fn(arg, &v);
    }
    return r;
}

const struct hb_step *hb_play_step(struct hb_play *p, int64_t incident,
                                   const char *place)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_scope *sc;
    const struct hb_step *s;
    struct hb_run run;

    HB_CHECK(p, PLAY_MAGIC);
    if (a == NULL || hb_run_of(p, a, incident, &run) < 0 ||
        hb_place_find(a, run.pb, place, &sc, &s) < 0)
        return NULL;
    return s;
}

int hb_play_run(struct hb_play *p, struct hb_arena *a, int64_t incident,
                enum hb_play_state *ret, const char **ret_why)
{
    struct hb_run run;
    int r;

    HB_CHECK(p, PLAY_MAGIC);
    r = hb_run_of(p, a, incident, &run);
    if (r < 0)
        return r;
    *ret = run.state;
    *ret_why = run.why;
    return 0;
}

/* ---- advancing ---- */

int hb_play_advance(struct hb_play *p, int64_t run)
{
    int r;

    if (p->busy || hb_db_in_transaction(p->s->db)) {
        p->more = true;
        return 0;
    }
    p->busy = true;
    /* An answer that came meanwhile may open the way once more. */
    for (unsigned i = 0; i < 3; i++) {
        p->more = false;
        r = advance_once(p, run);
        if (r != 0 || !p->more)
            break;
    }
    p->busy = false;
    return r;
}

void hb_walk_init(struct hb_walk *w, struct hb_play *p, struct hb_arena *a,
                  struct hb_run *run)
{
    *w = (struct hb_walk){
        .p = p,
        .run = run,
        .a = a,
        .now = hb_play_now(p),
        .budget = HB_PLAY_BUDGET,
    };
}

static int advance_once(struct hb_play *p, int64_t id)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_walk w;
    struct hb_run run;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_run_load(p, a, id, &run);
    if (r < 0)
        return r;
    hb_walk_init(&w, p, a, &run);
    if (run.finished == 0) {
        if (run.state == HB_PLAY_STUCK)
            r = hb_change_decided(&w);
        if (r == 0 && run.state == HB_PLAY_BEGUN)
            r = go(&w);
    }
    if (r >= 0) {
        int ru = hb_act_undos(&w);

        r = ru < 0 ? ru : r;
    }
    return r;
}

/* The flow, as far as it goes; 1 where the budget ended first. */
static int go(struct hb_walk *w)
{
    struct hb_scope top = {.pb = w->run->pb, .prefix = "", .path = ""};
    int r = hb_change_check(w);

    if (r != 0)
        return r < 0 ? r : 0;
    if (w->run->rows >= HB_PLAY_ROWS_MAX)
        return hb_change_stick(w, too_many, w->run->playbook);
    r = hb_walk_branch(w, &top, w->run->pb->start);
    switch (r) {
    case HB_GO_PENDING:
        return w->budget == 0;
    case HB_GO_ENDED:
    case HB_GO_FAILED:
        return finish(w, r == HB_GO_ENDED);
    case -ENOTSUP:
        return hb_change_stick(w, unknown_type, w->run->playbook);
    case -EUCLEAN:
    case -ELOOP:
    case -ENAMETOOLONG:
        return hb_change_stick(w, no_way, w->run->playbook);
    default:
        return r;
    }
}

static int finish(struct hb_walk *w, bool well)
{
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    w->run->state = well ? HB_PLAY_ENDED : HB_PLAY_FAILED_STEP;
    w->run->finished = w->now;
    r = hb_run_put(w->p, w->run);
    if (r == 0)
        r = hb_note_step(w, well ? "step.done" : "step.failed",
                         &w->run->pb->title, hb_words(""), NULL);
    return hb_run_commit(w->p, own, r);
}

/* The step and the scope of a row; a stand-in that leads nowhere where the
 * playbook has it no more. */
static int look_up(struct hb_walk *w, const struct hb_run_row *row,
                   const struct hb_scope **ret_scope,
                   const struct hb_step **ret_step)
{
    struct hb_step *s;
    int r = hb_place_find(w->a, w->run->pb, row->place, ret_scope, ret_step);

    if (r != -ENOENT)
        return r;
    s = HB_NEW(w->a, struct hb_step);
    if (s == NULL)
        return -ENOMEM;
    s->id = row->step;
    s->type = (enum hb_step_type)row->type;
    s->phase = (enum hb_phase)row->phase;
    for (int i = 0; i < HB_LANG_COUNT; i++)
        s->title.in[i] = row->step;
    *ret_step = s;
    *ret_scope = &nowhere;
    return 0;
}

/* ---- what the loader has checked, checked again before anything begins:
 * a playbook may come from elsewhere, and a step that is not understood must
 * never be passed by ---- */

int hb_play_check(const struct hb_playbook *pb)
{
    return check(pb, 0);
}

static int check(const struct hb_playbook *pb, unsigned depth)
{
    int r = 0;

    if (pb->start == NULL)
        return -EINVAL;
    for (size_t i = 0; r == 0 && i < pb->steps_n; i++) {
        const struct hb_step *s = &pb->steps[i];

        r = check_step(pb, s);
        if (r == 0 && s->type == HB_STEP_PLAYBOOK && depth < HB_PLAY_DEPTH_MAX)
            r = check(s->playbook, depth + 1);
    }
    return r;
}

static int check_step(const struct hb_playbook *pb, const struct hb_step *s)
{
    bool next = s->next != NULL || s->on_success != NULL, undo = false;

    for (size_t i = 0; i < pb->steps_n; i++)
        undo = undo || pb->steps[i].undo == s;
    switch (s->type) {
    case HB_STEP_START:
    case HB_STEP_TASK:
        return next ? 0 : -EINVAL;
    case HB_STEP_END:
        return 0;
    case HB_STEP_ACTION:
        return s->action != NULL && (next || undo) ? 0 : -EINVAL;
    case HB_STEP_PLAYBOOK:
        return s->playbook != NULL && next ? 0 : -EINVAL;
    case HB_STEP_PARALLEL:
        return s->branches_n > 0 && next ? 0 : -EINVAL;
    case HB_STEP_IF:
        return s->cond != NULL && next ? 0 : -EINVAL;
    case HB_STEP_WHILE:
        return s->cond != NULL && s->on_true != NULL && s->rounds > 0 && next
                   ? 0
                   : -EINVAL;
    case HB_STEP_SWITCH:
        return s->subject != NULL && next ? 0 : -EINVAL;
    default:
        return -ENOTSUP;
    }
}

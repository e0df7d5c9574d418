/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act.c - action steps: begun, sent, approved, answered, taken back.
 *
 * Runs in core.  The idempotency key is in the store before anybody is asked
 * to act, so that after a crash the same key is sent again and "was it done?"
 * can be asked for it.  What nobody can tell is never tried a second time by
 * the machine: the step is stuck until a person says what happened.
 */
#include "base/fault.h"
#include "base/i18n.h"
#include "base/id.h"
#include "playbook/vars.h"

static const char over_time[] = N_("The time for it was over.");
static const char unknown[] =
    N_("It was begun, and nobody can tell whether it was done; a person has "
       "to look.");
static const char no_sense[] = N_("What it answered could not be understood.");
static const char cannot[] = N_("This program cannot do it.");
static const char approve[] = N_("Approve: ");
static const char find_out[] =
    N_("Find out whether this was done (done: yes; declined: no, do it "
       "again): ");
static const char said_done[] = N_("It was done.");
static const char restarted[] = N_("A person runs the playbook again.");
static const char said_not[] = N_("It was not done; it is begun again.");

static int send(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row);
static int call_port(struct hb_walk *w, const struct hb_scope *sc,
                     const struct hb_step *s, const struct hb_run_row *row,
                     bool again);
static int look_at_approval(struct hb_walk *w, const struct hb_scope *sc,
                            const struct hb_step *s, struct hb_run_row *row);
static int done(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row,
                const char *sets, struct hb_words2 words);
static int failed(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  struct hb_words2 why);
static int ask(struct hb_walk *w, const struct hb_step *s,
               struct hb_run_row *row, enum hb_play_state state,
               enum hb_waits waits, const char *lead, const char *kind,
               struct hb_words2 why);
static int again_afresh(struct hb_walk *w, const struct hb_step *s,
                        struct hb_run_row *row, const char *why);
static int note_person(struct hb_walk *w, const char *by,
                       struct hb_words2 said);
static struct hb_sent *sent_find(struct hb_play *p, const uint8_t *key);
static int sent_add(struct hb_play *p, const uint8_t *key, bool sent);

int hb_act_begin(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row)
{
    int r;

    row->state = HB_PLAY_BEGUN;
    row->attempt = 1;
    hb_random(row->key, sizeof(row->key));
    r = hb_walk_save(w, row, "step.started", &s->title, hb_words(""));
    return r < 0 ? r : sent_add(w->p, row->key, false);
}

int hb_act_drive(struct hb_walk *w, const struct hb_scope *sc,
                 const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_task t;
    int r;

    if (row->state == HB_PLAY_STUCK) {
        r = hb_people_task(w, row->task, &t);
        if (r < 0 || (t.state != HB_TASK_DONE && t.state != HB_TASK_DECLINED))
            return r;
        r = hb_act_resume(w, sc, s, row, t.state == HB_TASK_DONE,
                          hb_people_name(w, t.done_by));
        if (r < 0 || row->state != HB_PLAY_BEGUN)
            return r;
    }
    if (row->waits == HB_WAITS_APPROVAL) {
        r = look_at_approval(w, sc, s, row);
        if (r < 0 || row->state != HB_PLAY_BEGUN ||
            row->waits == HB_WAITS_APPROVAL)
            return r;
    }
    if (row->wake > 0 && row->wake <= w->now)
        return failed(w, sc, s, row, hb_words(over_time));
    return send(w, sc, s, row);
}

int hb_act_answer(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  enum hb_play_result result, const char *sets,
                  const char *words)
{
    bool silent = words == NULL || words[0] == '\0';
    /* What the machine itself says is a message of the catalogue. */
    struct hb_words2 said = hb_words(silent ? "" : words);
    int r;

    switch (result) {
    case HB_PLAY_DONE:
        /* Asked again it would say the same. */
        r = hb_var_sets_good(w, sc, sets);
        if (r == -EINVAL)
            return failed(w, sc, s, row, hb_words(no_sense));
        return r < 0 ? r : done(w, sc, s, row, sets, said);
    case HB_PLAY_FAILED:
        return failed(w, sc, s, row, said);
    case HB_PLAY_ASK:
        return ask(w, s, row, HB_PLAY_BEGUN, HB_WAITS_APPROVAL, approve,
                   "action.asked", said);
    case HB_PLAY_UNKNOWN:
        return ask(w, s, row, HB_PLAY_STUCK, HB_WAITS_RESUME, find_out,
                   "action.failed", silent ? hb_words(unknown) : said);
    }
    return -EINVAL;
}

int hb_act_resume(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  bool was_done, const char *by)
{
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    r = hb_run_expire(w->p, row->task, w->now);
    row->waits = HB_WAITS_NONE;
    row->task = 0;
    if (r >= 0)
        r = was_done ? done(w, sc, s, row, "{}", hb_words(said_done))
                     : again_afresh(w, s, row, said_not);
    if (r == 0)
        r = note_person(w, by, hb_words(was_done ? said_done : said_not));
    r = hb_run_commit(w->p, own, r);
    if (r == 0 && !was_done)
        r = sent_add(w->p, row->key, false);
    return r;
}

int hb_act_redo(struct hb_walk *w, const struct hb_step *s,
                struct hb_run_row *row)
{
    bool heard =
        row->state == HB_PLAY_FAILED_STEP && !hb_streq(row->result, over_time);
    int r;

    row->waits = HB_WAITS_NONE;
    row->task = 0;
    row->way = HB_WAY_NEXT;
    row->started = w->now;
    row->finished = 0;
    if (heard) {
        r = again_afresh(w, s, row, restarted);
        return r < 0 ? r : sent_add(w->p, row->key, false);
    }
    /* It may have been done: the same key is asked, as after a crash. */
    hb_act_unsent(w->p, row->key);
    row->state = HB_PLAY_BEGUN;
    row->attempt++;
    row->wake = s->timeout > 0 ? w->now + (int64_t)s->timeout : 0;
    row->result = "";
    r = hb_run_row_put(w->p, w->run->id, row);
    return r < 0 ? r
                 : hb_note_step(w, "step.started", &s->title,
                                hb_words(restarted), NULL);
}

int hb_act_undo(struct hb_walk *w, const struct hb_step *s, const char *place,
                const char *by)
{
    const struct hb_step *undo = s->undo;
    struct hb_run_row row = {0};
    const char *name = hb_arena_printf(w->a, "%s%s", place, HB_PLAY_UNDO);
    bool own;
    int r = name == NULL ? -ENOMEM
                         : hb_run_row_get(w->p, w->a, w->run->id, name, &row);

    if (r < 0)
        return r;
    if (r == 1 && row.state == HB_PLAY_ENDED)
        return -EALREADY;
    if (r == 1 && row.finished == 0)
        return -EINPROGRESS;
    row = (struct hb_run_row){
        .place = name,
        .step = undo->id,
        .type = (unsigned)undo->type,
        .phase = (unsigned)s->phase,
        .state = HB_PLAY_BEGUN,
        .arm = by,
        .attempt = r == 1 ? row.attempt + 1 : 1,
        .started = w->now,
        .wake = undo->timeout > 0 ? w->now + (int64_t)undo->timeout : 0,
    };
    hb_random(row.key, sizeof(row.key));
    r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    r = hb_run_row_put(w->p, w->run->id, &row);
    if (r == 0)
        r = hb_note_step(w, "step.started", &undo->title, hb_words(""), by);
    r = hb_run_commit(w->p, own, r);
    return r < 0 ? r : sent_add(w->p, row.key, false);
}

int hb_act_undos(struct hb_walk *w)
{
    const struct hb_scope *sc;
    const struct hb_step *s;
    struct hb_run_row *rows;
    size_t n;
    int r = hb_run_row_list(w->p, w->a, w->run->id, true, &rows, &n);

    for (size_t i = 0; r == 0 && i < n; i++) {
        if (!hb_place_is_undo(rows[i].place))
            continue;
        r = hb_place_find(w->a, w->run->pb, rows[i].place, &sc, &s);
        if (r == 0)
            r = hb_act_drive(w, sc, s, &rows[i]);
        else if (r == -ENOENT)
            r = 0; /* its playbook is gone; the key still stands */
    }
    return r;
}

/* ---- sending ---- */

static int send(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_sent *sent = sent_find(w->p, row->key);
    bool again = sent == NULL;
    int r;

    if (sent != NULL && sent->sent)
        return 0;
    /* Before the call: the answer may come within it. */
    r = sent_add(w->p, row->key, true);
    if (r < 0)
        return r;
    hb_fault_crash();
    r = call_port(w, sc, s, row, again);
    hb_fault_crash();
    if (r == -ENOSYS) /* it will not be there on the next tick either */
        return failed(w, sc, s, row, hb_words(cannot));
    if (r < 0) {
        hb_act_unsent(w->p, row->key);
        if (!again && sent_add(w->p, row->key, false) < 0)
            return -ENOMEM;
        return r == -ENOMEM ? r : 0;
    }
    r = hb_run_row_get(w->p, w->a, w->run->id, row->place, row);
    return r < 0 ? r : 0;
}

static int call_port(struct hb_walk *w, const struct hb_scope *sc,
                     const struct hb_step *s, const struct hb_run_row *row,
                     bool again)
{
    struct hb_play_arg *args =
        HB_NEW_N(w->a, struct hb_play_arg, s->args_n + 1);
    struct hb_play_act act = {
        .incident = w->run->incident,
        .run = w->run->id,
        .place = row->place,
        .approval = row->task,
        .step = s,
        .again = again,
        .args_n = s->args_n,
        .args = args,
    };
    struct hb_incident i;
    struct hb_run_row of;
    int r = hb_incident_get(w->p->s, w->a, w->run->incident, &i);

    if (args == NULL)
        return -ENOMEM;
    if (r < 0)
        return r;
    act.object = i.object;
    memcpy(act.key, row->key, sizeof(act.key));
    for (size_t k = 0; k < s->args_n; k++) {
        args[k].name = s->args[k].name;
        args[k].value = s->args[k].text;
        if (s->args[k].var != NULL)
            args[k].value = hb_var_text(w, sc, s->args[k].var, &r);
        if (r < 0)
            return r;
    }
    if (hb_place_is_undo(row->place)) {
        const char *place = hb_arena_dup(
            w->a, row->place, strlen(row->place) - sizeof(HB_PLAY_UNDO) + 1);

        if (place == NULL)
            return -ENOMEM;
        r = hb_run_row_get(w->p, w->a, w->run->id, place, &of);
        if (r < 0)
            return r;
        act.undoes = r == 1 ? of.key : NULL;
    }
    return w->p->port.act(w->p->port.arg, &act);
}

static int look_at_approval(struct hb_walk *w, const struct hb_scope *sc,
                            const struct hb_step *s, struct hb_run_row *row)
{
    struct hb_words2 said;
    struct hb_task t;
    bool own;
    int r = hb_people_task(w, row->task, &t);

    if (r < 0)
        return r;
    said = (struct hb_words2){t.answer, NULL};
    switch (t.state) {
    case HB_TASK_WAITING:
        if (row->wake == 0 || row->wake > w->now)
            return 0;
        return failed(w, sc, s, row, hb_words(over_time));
    case HB_TASK_DONE:
        row->waits = HB_WAITS_NONE; /* the task stays: it is the approval */
        row->result = "";
        r = hb_run_begin(w->p, &own);
        if (r < 0)
            return r;
        r = hb_run_row_put(w->p, w->run->id, row);
        if (r == 0)
            r = hb_note_step(w, "action.approved", &s->title, said,
                             hb_people_name(w, t.done_by));
        r = hb_run_commit(w->p, own, r);
        /* It was not done: the helper asked instead. */
        return r < 0 ? r : sent_add(w->p, row->key, false);
    default:
        break;
    }
    if (s->modality != HB_MOD_CONSIDER || hb_place_is_undo(row->place))
        return failed(w, sc, s, row, said);
    row->state = HB_PLAY_SKIPPED;
    row->finished = w->now;
    row->wake = 0;
    row->result = t.answer;
    hb_act_unsent(w->p, row->key);
    return hb_walk_save(w, row, "step.skipped", &s->title, said);
}

/* ---- ends ---- */

static int done(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_step *s, struct hb_run_row *row,
                const char *sets, struct hb_words2 words)
{
    bool own, undo = hb_place_is_undo(row->place);
    const struct hb_said by = {
        "role:core", hb_arena_printf(w->a, "action:%s", s->action->name)};
    int r = by.source == NULL ? -ENOMEM : hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    row->state = HB_PLAY_ENDED;
    row->way = HB_WAY_NEXT;
    row->finished = w->now;
    row->wake = 0;
    row->result = words.en;
    r = hb_var_set_all(w, sc, sets, by);
    if (r == 0 && row->waits != HB_WAITS_NONE)
        r = hb_run_expire(w->p, row->task, w->now);
    row->waits = HB_WAITS_NONE;
    if (r >= 0)
        r = hb_run_row_put(w->p, w->run->id, row);
    if (r == 0)
        r = hb_note_step(w, undo ? "action.undone" : "action.done", &s->title,
                         words, undo ? row->arm : NULL);
    r = hb_run_commit(w->p, own, r);
    if (r == 0)
        hb_act_unsent(w->p, row->key);
    if (w->budget > 0)
        w->budget--;
    return r;
}

static int failed(struct hb_walk *w, const struct hb_scope *sc,
                  const struct hb_step *s, struct hb_run_row *row,
                  struct hb_words2 why)
{
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    if (row->waits != HB_WAITS_NONE)
        r = hb_run_expire(w->p, row->task, w->now);
    row->waits = HB_WAITS_NONE;
    hb_walk_choose(sc, s, row);
    if (hb_place_is_undo(row->place))
        row->way = HB_WAY_NEXT; /* nothing follows it */
    row->finished = w->now;
    row->result = why.en;
    if (r >= 0)
        r = hb_run_row_put(w->p, w->run->id, row);
    if (r == 0)
        r = hb_note_step(w, "action.failed", &s->title, why, NULL);
    r = hb_run_commit(w->p, own, r);
    if (r == 0)
        hb_act_unsent(w->p, row->key);
    if (w->budget > 0)
        w->budget--;
    return r;
}

/* A person has to say something about it: approve it, or find out. */
static int ask(struct hb_walk *w, const struct hb_step *s,
               struct hb_run_row *row, enum hb_play_state state,
               enum hb_waits waits, const char *lead, const char *kind,
               struct hb_words2 why)
{
    /* "!" asks for an approval, "?" whether it was done. */
    const char *name = hb_arena_printf(w->a, "%s%c%lld", row->place,
                                       waits == HB_WAITS_APPROVAL ? '!' : '?',
                                       (long long)++row->attempt);
    bool own;
    int r = name == NULL ? -ENOMEM : hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    if (row->waits != HB_WAITS_NONE)
        r = hb_run_expire(w->p, row->task, w->now);
    if (r >= 0)
        r = hb_people_ask(w, name, lead, &s->title,
                          waits == HB_WAITS_APPROVAL && s->four_eyes, s,
                          &row->task);
    row->state = state;
    row->waits = waits;
    row->result = why.en;
    if (r == 0)
        r = hb_run_row_put(w->p, w->run->id, row);
    if (r == 0)
        r = hb_note_step(w, kind, &s->title, why, NULL);
    r = hb_run_commit(w->p, own, r);
    if (r == 0)
        hb_act_unsent(w->p, row->key);
    return r;
}

/* The old key was used up by an attempt that nobody can ask about. */
static int again_afresh(struct hb_walk *w, const struct hb_step *s,
                        struct hb_run_row *row, const char *why)
{
    int r;

    row->state = HB_PLAY_BEGUN;
    row->attempt++;
    row->wake = s->timeout > 0 ? w->now + (int64_t)s->timeout : 0;
    row->result = "";
    hb_random(row->key, sizeof(row->key));
    r = hb_run_row_put(w->p, w->run->id, row);
    return r < 0 ? r
                 : hb_note_step(w, "step.started", &s->title, hb_words(why),
                                NULL);
}

static int note_person(struct hb_walk *w, const char *by, struct hb_words2 said)
{
    struct hb_words2 text = {hb_arena_printf(w->a, "%s: %s", by, said.en),
                             hb_arena_printf(w->a, "%s: %s", by, said.ja)};

    return text.en == NULL || text.ja == NULL ? -ENOMEM : hb_note(w, text);
}

/* ---- what this process has sent ---- */

static struct hb_sent *sent_find(struct hb_play *p, const uint8_t *key)
{
    for (size_t i = 0; i < p->sent_n; i++)
        if (memcmp(p->sent[i].key, key, HB_ACT_KEY_SIZE) == 0)
            return &p->sent[i];
    return NULL;
}

static int sent_add(struct hb_play *p, const uint8_t *key, bool sent)
{
    struct hb_sent *one = sent_find(p, key);

    if (one != NULL) {
        one->sent = sent;
        return 0;
    }
    if (p->sent_n == p->sent_cap) {
        size_t cap = p->sent_cap == 0 ? 16 : 2 * p->sent_cap;
        struct hb_sent *more = hb_fault(HB_FAULT_ALLOC)
                                   ? NULL
                                   : reallocarray(p->sent, cap, sizeof(*more));

        if (more == NULL)
            return -ENOMEM;
        p->sent = more;
        p->sent_cap = cap;
    }
    one = &p->sent[p->sent_n++];
    memcpy(one->key, key, HB_ACT_KEY_SIZE);
    one->sent = sent;
    return 0;
}

void hb_act_unsent(struct hb_play *p, const uint8_t *key)
{
    struct hb_sent *one = sent_find(p, key);

    if (one != NULL)
        *one = p->sent[--p->sent_n];
}

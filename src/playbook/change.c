/* SPDX-License-Identifier: Apache-2.0 */
/*
 * change.c - a playbook that changed while an incident is worked on by it.
 *
 * Runs in core.  A run keeps the hash of the version that it is done by, and
 * the text of every version it was ever done by (table run_playbook).  When
 * another version is loaded, the flow is walked through it without changing
 * anything: where every step that is begun is reached again, the run goes on
 * by the new version; where one is not, the run is stuck and a person
 * decides.  Nothing is thrown away: what is left is put aside under another
 * name.
 */
#include "base/i18n.h"
#include "playbook/run.h"

static const char changed[] =
    N_("The playbook was changed while this incident is open; it goes on with "
       "the new version.");
static const char gone[] =
    N_("The playbook was changed, and a step that is under way is gone from "
       "it.");
static const char no_book[] = N_("The playbook is gone from the case book.");
static const char restarted[] =
    N_("The playbook was started again with its new version.");
static const char put_aside[] = N_("Put aside: the playbook was changed.");
static const char decide[] =
    N_("The playbook was changed and this incident's place in it is gone "
       "(done: go on with the new version; declined: end it here): ");
static const char ended[] = N_("A person ended it.");

int hb_change_check(struct hb_walk *w)
{
    const char *hash;
    struct hb_run_row *rows;
    unsigned live = 0;
    size_t n;
    bool own;
    int r;

    if (w->run->pb == NULL) {
        r = hb_change_stick(w, no_book, w->run->playbook);
        return r < 0 ? r : 1;
    }
    hash = hb_run_hash(w->a, w->run->pb);
    if (hash == NULL)
        return -ENOMEM;
    if (hb_streq(hash, w->run->hash_now))
        return 0;
    r = hb_run_row_list(w->p, w->a, w->run->id, true, &rows, &n);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        live += !hb_place_is_undo(rows[i].place);
    w->dry = true;
    w->live = 0;
    w->mismatch = false;
    r = hb_walk_branch(
        w, &(struct hb_scope){.pb = w->run->pb, .prefix = "", .path = ""},
        w->run->pb->start);
    w->dry = false;
    if (r < 0 && r != -EUCLEAN && r != -ELOOP)
        return r;
    if (r < 0 || w->mismatch || w->live != live) {
        r = hb_change_stick(w, gone,
                            n > 0 ? rows[n - 1].place : w->run->playbook);
        return r < 0 ? r : 1;
    }
    r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    w->run->hash_now = hash;
    r = hb_run_put(w->p, w->run);
    if (r == 0)
        r = hb_run_version(w->p, w->run->id, w->run->pb, w->now);
    if (r == 0)
        r = hb_note(w, hb_words(changed));
    return hb_run_commit(w->p, own, r);
}

int hb_change_stick(struct hb_walk *w, const char *why, const char *detail)
{
    struct hb_words2 words = hb_words(why);
    struct hb_text title = {{detail, detail}};
    const char *name;
    bool own;
    int r = hb_run_begin(w->p, &own);

    if (r < 0)
        return r;
    w->run->state = HB_PLAY_STUCK;
    w->run->why = hb_arena_printf(w->a, "%s (%s)", words.en, detail);
    name = hb_arena_printf(w->a, "!run%lld.%lld", (long long)w->run->id,
                           (long long)w->now);
    if (w->run->why == NULL || name == NULL)
        r = -ENOMEM;
    if (r == 0)
        r = hb_people_ask(w, name, decide, &title, false, NULL, &w->run->task);
    if (r == 0)
        r = hb_run_put(w->p, w->run);
    if (r == 0)
        r = hb_note_step(w, "step.failed", &title, words, NULL);
    return hb_run_commit(w->p, own, r);
}

int hb_change_phase(struct hb_walk *w, enum hb_phase *ret)
{
    enum hb_phase from = HB_PHASE_RECOVER_PREVENT;
    struct hb_run_row *rows = NULL;
    size_t n = 0;
    int r = hb_run_row_list(w->p, w->a, w->run->id, true, &rows, &n);

    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (rows[i].phase < (unsigned)from)
            from = (enum hb_phase)rows[i].phase;
    *ret = n == 0 ? HB_PHASE_DETECT_CONTAIN : from;
    return 0;
}

int hb_change_decided(struct hb_walk *w)
{
    enum hb_phase from = HB_PHASE_DETECT_CONTAIN;
    struct hb_words2 why = hb_words(ended);
    struct hb_task t;
    bool own;
    int r = hb_people_task(w, w->run->task, &t);

    if (r < 0 || (t.state != HB_TASK_DONE && t.state != HB_TASK_DECLINED))
        return r;
    if (t.state == HB_TASK_DONE) {
        r = hb_change_phase(w, &from);
        return r < 0 ? r
                     : hb_change_restart(w, from, hb_people_name(w, t.done_by));
    }
    r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    r = hb_run_row_cancel(w->p, w->run, "", why.en, w->now);
    w->run->state = HB_PLAY_FAILED_STEP;
    w->run->finished = w->now;
    w->run->why = t.answer;
    if (r == 0)
        r = hb_run_put(w->p, w->run);
    if (r == 0)
        r = hb_note(w, why);
    return hb_run_commit(w->p, own, r);
}

int hb_change_restart(struct hb_walk *w, enum hb_phase from, const char *by)
{
    struct hb_words2 why = hb_words(put_aside);
    const char *hash =
        w->run->pb == NULL ? NULL : hb_run_hash(w->a, w->run->pb);
    struct hb_run_row *rows = NULL;
    size_t n = 0;
    bool own = false;
    int r;

    if (hash == NULL)
        return w->run->pb == NULL ? -ENOENT : -ENOMEM;
    r = hb_run_row_list(w->p, w->a, w->run->id, true, &rows, &n);
    if (r == 0)
        r = hb_run_begin(w->p, &own);
    if (r < 0)
        return r;
    /* What is under way gets another name, so that its step is free. */
    for (size_t i = 0; r == 0 && i < n; i++)
        if (!hb_place_is_undo(rows[i].place))
            r = hb_run_tasks_aside(w->p, w->run, rows[i].place);
    if (r == 0)
        r = hb_run_row_cancel(w->p, w->run, "", why.en, w->now);
    if (r == 0)
        r = hb_db_exec(w->p->s->db,
                       "UPDATE run_step SET place = place || '~' || seq"
                       " WHERE run = ?1 AND state = 5 AND result = ?2"
                       " AND place NOT LIKE '%~%'",
                       "it", w->run->id, why.en);
    if (r == 0)
        r = hb_run_expire(w->p, w->run->task, w->now);
    w->run->state = HB_PLAY_BEGUN;
    w->run->from_phase = (unsigned)from;
    w->run->hash_now = hash;
    w->run->task = 0;
    w->run->why = "";
    if (r >= 0)
        r = hb_run_put(w->p, w->run);
    if (r == 0)
        r = hb_run_version(w->p, w->run->id, w->run->pb, w->now);
    if (r == 0)
        r = hb_note_step(w, "step.restarted", &w->run->pb->title,
                         hb_words(restarted), by);
    if (r == 0)
        r = hb_note(w, hb_words(restarted));
    return hb_run_commit(w->p, own, r);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_prevent.c - prevention.propose: what would have stopped the incident,
 * as tasks (incident/prevent.h).
 *
 * Runs in core.  A repetition after a crash finds the tasks that it made
 * before by their step and makes none twice.
 */
#include "core/play_deed.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "incident/control_state.h"
#include "incident/prevent.h"

#define DUE_NS ((int64_t)(30 * 86400 * HB_S))

static int holds(struct hb_core *c, struct hb_arena *a,
                 const struct hb_control *k);
static int propose(struct hb_core *c, struct hb_arena *a, int64_t incident,
                   const struct hb_control *k);

int hb_core_act_propose(struct hb_core *c, const struct hb_play_act *a)
{
    _cleanup_arena_ struct hb_arena *arena = hb_arena_new(0);
    const struct hb_case *kase;
    char sets[48], words[32];
    struct hb_incident inc;
    int64_t n = 0;
    int r = 0;

    if (arena == NULL)
        return -ENOMEM;
    /* What core knows by itself is looked at now, not ten seconds ago. */
    hb_core_own_controls(c);
    if (hb_incident_get(&c->state, arena, a->incident, &inc) < 0 ||
        (kase = hb_case_find(c->book, (unsigned)inc.case_number)) == NULL)
        return hb_play_answer(c->play, a->key, HB_PLAY_FAILED, "{}",
                              N_("The case book does not have this case any "
                                 "more."));
    for (size_t i = 0; i < kase->controls_n && r >= 0; i++) {
        r = holds(c, arena, &kase->controls[i]);
        if (r == 0)
            r = propose(c, arena, a->incident, &kase->controls[i]);
        else if (r == 1)
            continue;
        n += r == 0;
    }
    if (r < 0) {
        hb_log(HB_LOG_ERR, "incident %lld: a measure could not be proposed: %s",
               (long long)a->incident, hb_db_err(c->state.db)->message);
        return hb_play_answer(c->play, a->key, HB_PLAY_FAILED, "{}",
                              N_("Not every measure could be proposed: the "
                                 "state store refused a task."));
    }
    (void)snprintf(sets, sizeof(sets), "{\"__proposals__\":%lld}",
                   (long long)n);
    (void)snprintf(words, sizeof(words), "%lld", (long long)n);
    return hb_play_answer(c->play, a->key, HB_PLAY_DONE, sets, words);
}

/* 1 where nothing is to be done about it: it passes now, or the risk was
 * accepted. */
static int holds(struct hb_core *c, struct hb_arena *a,
                 const struct hb_control *k)
{
    struct hb_control_result result;
    enum hb_control_status st;
    int r = hb_control_state(&c->state, a, k, hb_now(), &result);

    if (r < 0)
        return r;
    st = hb_control_effective(k, &result, hb_now());
    return st == HB_CS_PASS || st == HB_CS_ACCEPTED;
}

static int propose(struct hb_core *c, struct hb_arena *a, int64_t incident,
                   const struct hb_control *k)
{
    struct hb_task t = {.incident = incident,
                        .title_en = k->fix.in[HB_LANG_EN],
                        .title_ja = k->fix.in[HB_LANG_JA],
                        .roles = HB_PR_ADMIN | HB_PR_OFFICER,
                        .due = hb_now() + DUE_NS};
    int64_t id;
    int r;

    t.step = hb_arena_printf(a, HB_PREVENT_STEP "%s", k->id);
    if (t.step == NULL)
        return -ENOMEM;
    r = hb_task_add(&c->state, &t, &id);
    return r == -EEXIST ? 0 : r; /* proposed before */
}

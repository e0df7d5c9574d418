/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play_deed.c - actions in flight: made, answered, given up.
 *
 * Runs in core.  Nothing of a deed outlives the process: its key is in the
 * store, by which the engine asks again after a restart.
 */
#include "core/play_deed.h"

#include "core/play_port.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"

struct hb_deed *hb_deed_new(struct hb_core *c, const struct hb_play_act *a)
{
    struct hb_deed *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->core = c;
    d->incident = a->incident;
    d->began = hb_mono();
    d->next = c->deeds;
    d->at = &c->deeds;
    if (d->next != NULL)
        d->next->at = &d->next;
    c->deeds = d;
    memcpy(d->key, a->key, sizeof(d->key));
    (void)hb_copyz(d->site, sizeof(d->site), a->object);
    (void)hb_copyz(d->name, sizeof(d->name), a->step->action->name);
    return d;
}

void hb_deed_free(struct hb_deed *d)
{
    *d->at = d->next;
    if (d->next != NULL)
        d->next->at = d->at;
    free(d);
}

void hb_deed_record(struct hb_deed *d)
{
    d->recording = hb_db_begin(d->core->state.db) == 0;
}

void hb_deed_end(struct hb_deed *d, enum hb_play_result result,
                 const char *sets, const char *words)
{
    struct hb_core *c = d->core;
    bool own = d->recording;
    int r = hb_play_answer(c->play, d->key, result, sets, words);

    /* Too late for the flow is still to be told. */
    if (own && (r == 0 || r == -EALREADY))
        r = hb_db_commit(c->state.db);
    if (own && r < 0)
        hb_db_rollback(c->state.db);
    if (r < 0)
        hb_log(HB_LOG_ERR, "%s: the answer could not be kept", d->name);
    hb_deed_free(d);
    /* Within a transaction the engine goes no further. */
    if (own && hb_play_tick(c->play) < 0)
        hb_log(HB_LOG_ERR, "playbooks could not go on");
}

bool hb_deed_gone_too_long(struct hb_core *c, const struct hb_play_act *a)
{
    uint64_t now = hb_mono(), step = hb_core_step_hash(a->place);
    struct hb_core_late *oldest = &c->late[0];

    for (size_t i = 0; i < HB_ARRAY_LEN(c->late); i++) {
        struct hb_core_late *l = &c->late[i];

        if (l->incident == a->incident && l->step == step) {
            bool yes;

            /* It was there in between: this is another absence. */
            if (now - l->asked > c->away_ns)
                l->since = now;
            yes = now - l->since > c->away_ns;
            l->asked = now;
            if (yes)
                *l = (struct hb_core_late){0};
            return yes;
        }
        if (l->asked < oldest->asked)
            oldest = l;
    }
    *oldest = (struct hb_core_late){a->incident, step, now, now};
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prevent.c - what closes a measure against a recurrence.  Runs in core.
 *
 * Nothing here is kept: results and decisions are looked at when a task is
 * answered and again when the incident is to close, so that a measure that
 * was taken away meanwhile is noticed.
 */
#include "incident/prevent.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "incident/control_state.h"

struct each {
    struct hb_state *s;
    struct hb_err *err;
};

static hb_task_fn one;
static const struct hb_control *control_of(struct hb_state *s, const char *id);
static int owned(const struct hb_task *t, struct hb_err *err);
static int proven(const struct hb_task *t, const struct hb_control *k,
                  struct hb_control_result *result, int64_t now,
                  struct hb_err *err);

const char *hb_prevent_control(const struct hb_task *t)
{
    size_t n = sizeof(HB_PREVENT_STEP) - 1;

    return strncmp(t->step, HB_PREVENT_STEP, n) == 0 ? t->step + n : NULL;
}

int hb_prevent_may(struct hb_state *s, const struct hb_task *t, bool done,
                   struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *id = hb_prevent_control(t);
    struct hb_control_result result = {0};
    const struct hb_control *k;
    int64_t now = hb_now();
    int r;

    if (id == NULL)
        return 0;
    if (a == NULL)
        return -ENOMEM;
    k = control_of(s, id);
    if (k == NULL)
        /* Nothing can prove it, and nobody can decide about it. */
        return !done ? 0
                     : hb_err_set(err, -ENODATA,
                                  _("The case book has no control %s any "
                                    "more: decline task %lld and say why."),
                                  id, (long long)t->id);
    r = hb_control_state(s, a, k, now, &result);
    if (r < 0)
        return hb_err_set(err, r, _("The control could not be read."));
    if (done)
        return proven(t, k, &result, now, err);
    if (hb_decision_valid(&result.accepted, now))
        return 0;
    return hb_err_set(err, -ENODATA,
                      _("Task %lld is closed without being done only by a "
                        "signed decision with its reason and the date of "
                        "its review: hinoban decide control:%s against "
                        "\"WHY\" --for 90d"),
                      (long long)t->id, id);
}

int hb_prevent_all(struct hb_state *s, int64_t incident, struct hb_err *err)
{
    struct each e = {s, err};

    return hb_task_each(s, incident, false, one, &e);
}

static int one(void *arg, const struct hb_task *t)
{
    struct each *e = arg;

    if (hb_prevent_control(t) == NULL)
        return 0;
    switch (t->state) {
    case HB_TASK_DONE:
    case HB_TASK_DECLINED:
        return hb_prevent_may(e->s, t, t->state == HB_TASK_DONE, e->err);
    case HB_TASK_WAITING:
    case HB_TASK_EXPIRED:
        break;
    }
    return owned(t, e->err);
}

static const struct hb_control *control_of(struct hb_state *s, const char *id)
{
    const struct hb_casebook *b = s->casebook;
    const struct hb_control *k = NULL;

    for (size_t i = 0; b != NULL && k == NULL && i < b->n; i++)
        k = hb_control_find(&b->cases[i], id);
    return k;
}

static int owned(const struct hb_task *t, struct hb_err *err)
{
    if ((t->owner != 0 || t->done_by != 0) && t->due != 0)
        return 0;
    return hb_err_set(err, -ENODATA,
                      _("Task %lld needs an owner and a due date first: "
                        "hinoban task assign %lld NAME --within 30d"),
                      (long long)t->id, (long long)t->id);
}

static int proven(const struct hb_task *t, const struct hb_control *k,
                  struct hb_control_result *result, int64_t now,
                  struct hb_err *err)
{
    int r = owned(t, err);

    if (r < 0)
        return r;
    /* A decision not to do it is no proof that it was done. */
    result->accepted = (struct hb_decision){0};
    if (hb_control_effective(k, result, now) == HB_CS_PASS &&
        result->at >= t->created)
        return 0;
    if (k->question)
        return hb_err_set(err, -ENODATA,
                          _("Task %lld is done when a person has signed it: "
                            "hinoban decide control:%s pass \"WHAT WAS "
                            "DONE\""),
                          (long long)t->id, k->id);
    return hb_err_set(err, -ENODATA,
                      _("Task %lld is done when the machine finds it so: the "
                        "check %s has not passed since (hinoban control "
                        "list)."),
                      (long long)t->id, k->id);
}

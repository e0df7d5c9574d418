/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posture.c - control results, proofs and decisions into the state of each
 * case (TRUST: Control -> case -> headline; the first match wins):
 *
 *     not applicable   a decision that still holds says so
 *     possible         a required control fails and is not accepted
 *     unknown          one is unknown; or nothing can be checked yet; or
 *                      controls hold but no valid drill ever showed it
 *     accepted         one is accepted by a person, until a date
 *     rehearsed        the drill passed; the live canary did not, or a part
 *                      of the case waits for a capability
 *     proven           drill and canary passed, both younger than allowed
 *
 * Runs in core and in tests.  Nothing is trusted to be fresh: ages are judged
 * here, and a time in the future counts as no time at all.
 */
#include "base/clock.h"
#include "casebook/posture.h"

/* Clocks of the checking role and of core are the same machine's; more than
 * this ahead is a clock that was set back. */
#define SKEW (300 * (int64_t)HB_S)

static bool fresh(int64_t at, uint64_t max_age, int64_t now);
static bool proof_holds(const struct hb_proof_seen *p, uint64_t max_age,
                        int64_t now);
static void count_controls(const struct hb_posture_input *in, int64_t now,
                           struct hb_case_posture *ret);
static void by_proof(const struct hb_posture_input *in, int64_t now,
                     struct hb_case_posture *ret);

bool hb_decision_valid(const struct hb_decision *d, int64_t now)
{
    return d->author != NULL && d->author[0] != '\0' && d->reason != NULL &&
           d->reason[0] != '\0' && d->at <= now + SKEW && d->until > now;
}

enum hb_control_status hb_control_effective(const struct hb_control *c,
                                            const struct hb_control_result *r,
                                            int64_t now)
{
    enum hb_control_status s = HB_CS_UNKNOWN;

    if (r == NULL)
        return HB_CS_UNKNOWN;
    if (fresh(r->at, c->max_age, now) &&
        (r->status == HB_CS_PASS || r->status == HB_CS_FAIL))
        s = r->status;
    if (s == HB_CS_PASS || !hb_decision_valid(&r->accepted, now))
        return s;
    /* "Consider": the source counts a recorded decision as meeting it. */
    return c->modality == HB_MOD_CONSIDER ? HB_CS_PASS : HB_CS_ACCEPTED;
}

void hb_posture_case(const struct hb_case *c, const struct hb_posture_input *in,
                     int64_t now, struct hb_case_posture *ret)
{
    static const struct hb_posture_input nothing;

    if (in == NULL)
        in = &nothing;
    *ret = (struct hb_case_posture){.c = c, .state = HB_STATE_UNKNOWN};
    if (hb_decision_valid(&in->not_applicable, now)) {
        ret->state = HB_STATE_NOT_APPLICABLE;
        ret->why = HB_WHY_DECIDED;
        return;
    }
    count_controls(in, now, ret);
    ret->why = HB_WHY_CONTROL;
    if (ret->fail > 0) {
        ret->state = HB_STATE_POSSIBLE;
    } else if (c->maturity == HB_MATURITY_NOT_YET) {
        ret->why = HB_WHY_NOT_BUILT;
    } else if (ret->unknown > 0) {
        ret->state = HB_STATE_UNKNOWN;
    } else if (ret->accepted > 0) {
        ret->state = HB_STATE_ACCEPTED;
    } else {
        by_proof(in, now, ret);
    }
}

int hb_posture_make(struct hb_arena *a, const struct hb_casebook *b,
                    const struct hb_posture_input *inputs, size_t n,
                    int64_t now, struct hb_posture **ret)
{
    struct hb_posture *p = HB_NEW(a, struct hb_posture);
    int r;

    if (p == NULL)
        return -ENOMEM;
    p->cases = HB_NEW_N(a, struct hb_case_posture, b->n + 1);
    if (p->cases == NULL)
        return -ENOMEM;
    p->n = b->n;
    p->at = now;
    for (size_t i = 0; i < b->n; i++) {
        const struct hb_posture_input *in =
            hb_posture_input_find(inputs, n, b->cases[i].number);

        hb_posture_case(&b->cases[i], in, now, &p->cases[i]);
        p->count[p->cases[i].state]++;
    }
    p->open = (unsigned)p->n - p->count[HB_STATE_PROVEN] -
              p->count[HB_STATE_NOT_APPLICABLE];
    r = hb_posture_next(a, inputs, n, p);
    if (r == 0)
        *ret = p;
    return r;
}

const struct hb_posture_input *hb_posture_input_find(
    const struct hb_posture_input *inputs, size_t n, unsigned number)
{
    for (size_t i = 0; i < n; i++) {
        if (inputs[i].number == number)
            return &inputs[i];
    }
    return NULL;
}

const struct hb_control_result *hb_posture_result(
    const struct hb_posture_input *in, const char *control)
{
    for (size_t i = 0; i < in->results_n; i++) {
        if (hb_streq(in->results[i].control, control))
            return &in->results[i];
    }
    return NULL;
}

static bool fresh(int64_t at, uint64_t max_age, int64_t now)
{
    if (at <= 0 || at > now + SKEW)
        return false;
    return at > now || (uint64_t)(now - at) <= max_age;
}

static bool proof_holds(const struct hb_proof_seen *p, uint64_t max_age,
                        int64_t now)
{
    return p->passed && fresh(p->at, max_age, now);
}

/* Counts required controls, and keeps the first of the most urgent kind. */
static void count_controls(const struct hb_posture_input *in, int64_t now,
                           struct hb_case_posture *ret)
{
    static const int urgency[] = {[HB_CS_PASS] = 0,
                                  [HB_CS_ACCEPTED] = 1,
                                  [HB_CS_UNKNOWN] = 2,
                                  [HB_CS_FAIL] = 3};
    int worst = 0;

    for (size_t i = 0; i < ret->c->controls_n; i++) {
        const struct hb_control *k = &ret->c->controls[i];
        const struct hb_control_result *r = hb_posture_result(in, k->id);
        enum hb_control_status s = hb_control_effective(k, r, now);

        if (!k->required)
            continue;
        ret->fail += s == HB_CS_FAIL;
        ret->unknown += s == HB_CS_UNKNOWN;
        ret->accepted += s == HB_CS_ACCEPTED;
        ret->pass += s == HB_CS_PASS;
        if (urgency[s] > worst) {
            worst = urgency[s];
            ret->control = k;
            ret->result = r;
        }
    }
}

static void by_proof(const struct hb_posture_input *in, int64_t now,
                     struct hb_case_posture *ret)
{
    const struct hb_drill *d = &ret->c->drill;

    if (!proof_holds(&in->rehearsed, d->rehearsed_within, now)) {
        ret->state = HB_STATE_UNKNOWN;
        ret->why = HB_WHY_NOT_REHEARSED;
        return;
    }
    ret->state = HB_STATE_REHEARSED;
    ret->at = in->rehearsed.at;
    if (!proof_holds(&in->canary, d->canary_within, now)) {
        ret->why = HB_WHY_NO_CANARY;
    } else if (ret->c->maturity != HB_MATURITY_WHOLE ||
               in->rehearsed.not_yet > 0 || in->canary.not_yet > 0) {
        ret->why = HB_WHY_PARTS_MISSING;
    } else {
        ret->state = HB_STATE_PROVEN;
        ret->why = HB_WHY_PROOF;
        ret->at = HB_MIN(in->rehearsed.at, in->canary.at);
    }
}

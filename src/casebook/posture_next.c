/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posture_next.c - what to do next, over all cases: ordered by the harm that
 * an hour of work avoids, so that the one person who has the hour spends it
 * where it helps most.
 *
 * Runs in core and in tests; the same inputs give the same order.  Harm and
 * work are the case book's (controls.yaml).  Controls that are not required
 * change no state and are left out.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "casebook/posture.h"

struct building { /* steps while they are found */
    struct hb_arena *a;
    struct hb_next_step *v;
    unsigned (*cases)[HB_CASE_MAX]; /* of v[i] */
    size_t n;
};

static void add_case(struct building *b, const struct hb_case_posture *c,
                     const struct hb_posture_input *in, int64_t now);
static void add(struct building *b, const struct hb_case *c,
                const struct hb_control *k, bool fails);
static int by_harm(const void *va, const void *vb);

int hb_posture_next(struct hb_arena *a, const struct hb_posture_input *inputs,
                    size_t n, struct hb_posture *p)
{
    static const struct hb_posture_input nothing;
    struct building b = {.a = a};
    size_t most = 1;

    for (size_t i = 0; i < p->n; i++)
        most += p->cases[i].c->controls_n;
    b.v = HB_NEW_N(a, struct hb_next_step, most);
    b.cases = hb_arena_alloc(a, most * sizeof(*b.cases));
    if (b.v == NULL || b.cases == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < p->n; i++) {
        const struct hb_posture_input *in =
            hb_posture_input_find(inputs, n, p->cases[i].c->number);

        add_case(&b, &p->cases[i], in != NULL ? in : &nothing, p->at);
    }
    qsort(b.v, b.n, sizeof(*b.v), by_harm);
    p->next = b.v;
    p->next_n = b.n;
    return 0;
}

static void add_case(struct building *b, const struct hb_case_posture *c,
                     const struct hb_posture_input *in, int64_t now)
{
    if (c->state == HB_STATE_NOT_APPLICABLE)
        return;
    for (size_t i = 0; i < c->c->controls_n; i++) {
        const struct hb_control *k = &c->c->controls[i];
        enum hb_control_status s =
            hb_control_effective(k, hb_posture_result(in, k->id), now);

        if (k->required && (s == HB_CS_FAIL || s == HB_CS_UNKNOWN))
            add(b, c->c, k, s == HB_CS_FAIL);
    }
}

/* Where cases do not agree on the work, the longest counts. */
static void add(struct building *b, const struct hb_case *c,
                const struct hb_control *k, bool fails)
{
    uint64_t minutes = k->work / (60 * HB_S);
    struct hb_next_step *s;
    size_t i = 0;

    while (i < b->n && !hb_streq(b->v[i].control->id, k->id))
        i++;
    s = &b->v[i];
    if (i == b->n) {
        *s = (struct hb_next_step){.control = k, .cases = b->cases[i]};
        b->n++;
    }
    s->fails = s->fails || fails;
    s->weight += k->harm * (fails ? 2 : 1);
    minutes = HB_MIN(HB_MAX(minutes, (uint64_t)1), (uint64_t)1000000);
    s->minutes = HB_MAX(s->minutes, (unsigned)minutes);
    if (s->cases_n < HB_CASE_MAX)
        b->cases[i][s->cases_n++] = c->number;
}

/* Equal worth: what is known to fail, then what helps more cases, then the
 * name, so that the order never changes by itself. */
static int by_harm(const void *va, const void *vb)
{
    const struct hb_next_step *a = va, *b = vb;
    uint64_t x = (uint64_t)a->weight * b->minutes;
    uint64_t y = (uint64_t)b->weight * a->minutes;

    if (x != y)
        return x > y ? -1 : 1;
    if (a->fails != b->fails)
        return a->fails ? -1 : 1;
    if (a->cases_n != b->cases_n)
        return a->cases_n > b->cases_n ? -1 : 1;
    return strcmp(a->control->id, b->control->id);
}

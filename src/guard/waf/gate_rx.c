/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_rx.c - see gate_rx.h.
 *
 * The tree is gone through up to three times: without escapes for what may be
 * left out, with rare marks as escapes, and with all but letters and digits;
 * each gives a clause of its own.
 */
#include "guard/waf/gate_rx.h"

#define EXACT_BYTES 12u  /* a class of more bytes is not listed */
#define COPIES      8u   /* of what is repeated */
#define USEFUL      0.96 /* a clause that holds more often is left out */
#define RUNS        3u
#define RARE        0.05 /* a kind of the second run */

typedef struct hb_waf_gate_strings strings;
typedef struct hb_waf_gate_node node;

/* Whether nothing of a match stands before a node, or behind it. */
struct place {
    bool first, last;
};

static struct hb_waf_gate_fact fact_of(struct hb_waf_gate_run *r, node *n,
                                       struct place at);

static uint32_t times(uint32_t a, uint32_t n)
{
    return a > 0 && n > UINT32_MAX / a ? UINT32_MAX : a * n;
}

static struct hb_waf_gate_fact alt(struct hb_waf_gate_run *r, node *n,
                                   struct place at)
{
    struct hb_waf_gate_fact *f;
    size_t k = 0;

    for (const node *c = n->first; c != NULL; c = c->next)
        k++;
    f = HB_NEW_N(r->work.arena, struct hb_waf_gate_fact, k);
    if (f == NULL) {
        r->work.err = -ENOMEM;
        return hb_waf_gate_anything(r);
    }
    k = 0;
    for (node *c = n->first; c != NULL; c = c->next)
        f[k++] = fact_of(r, c, at);
    return hb_waf_gate_join(r, f, k);
}

static struct hb_waf_gate_fact byte(struct hb_waf_gate_run *r, node *n)
{
    struct hb_waf_gate_fact f = hb_waf_gate_anything(r);

    if (!n->known) {
        for (size_t i = 0; i < HB_ARRAY_LEN(n->set.w); i++)
            n->bytes += (unsigned)__builtin_popcountll(n->set.w[i]);
        n->kinds = hb_waf_gate_kinds(&n->set);
        n->known = true;
    }
    for (unsigned i = 0; i < HB_WAF_GATE_COUNTS; i++)
        f.least[i] = (n->kinds & ~hb_waf_gate_counted[i]) == 0;
    f.cls[f.n_cls++] = n->kinds;
    if (n->bytes <= EXACT_BYTES) {
        f.exact = true;
        f.pre = f.suf = hb_waf_gate_singles(&r->work, &n->set);
    }
    return f;
}

/* X or nothing, or X any number of times. */
static struct hb_waf_gate_fact optional(struct hb_waf_gate_run *r,
                                        const struct hb_waf_gate_fact *x,
                                        bool once)
{
    struct hb_waf_gate_fact f[2] = {*x, hb_waf_gate_empty(r)};
    double p = 1;

    for (unsigned i = 0; i < x->n_cls; i++) {
        double q = hb_waf_gate_p_kinds(x->cls[i]);

        if ((x->cls[i] & ~r->allowed) != 0) {
            if ((x->cls[i] & (HB_WAF_GATE_LETTER | HB_WAF_GATE_DIGIT)) == 0)
                r->missed = true;
        } else if (q < p) {
            p = q;
            f[1].pre.esc = f[1].suf.esc = x->cls[i];
        }
    }
    if (p < 1)
        return f[1];
    return x->exact && once ? hb_waf_gate_join(r, f, 2)
                            : hb_waf_gate_anything(r);
}

static struct hb_waf_gate_fact rep(struct hb_waf_gate_run *r, node *n)
{
    struct hb_waf_gate_fact x, f, any;

    if (n->max == 0)
        return hb_waf_gate_empty(r);
    x = fact_of(r, n->first, (struct place){false, false});
    if (n->min == 0)
        return optional(r, &x, n->max == 1);
    f = x;
    for (uint32_t i = 1; i < n->min && i < COPIES; i++)
        f = hb_waf_gate_cat(r, &f, &x);
    if (n->min > COPIES || n->max > n->min) {
        any = hb_waf_gate_anything(r);
        f = hb_waf_gate_cat(r, &f, &any);
        f.suf = hb_waf_gate_edge(r, &x.suf, true);
    }
    for (unsigned i = 0; i < HB_WAF_GATE_COUNTS; i++)
        f.least[i] = times(x.least[i], n->min);
    return f;
}

/* A line end that the value need not have: a value is looked at as if one
 * stood before it and one behind it. */
static struct hb_waf_gate_fact line_end(struct hb_waf_gate_run *r)
{
    static const struct hb_waf_gate_bytes nl = {{1u << '\n'}};
    struct hb_waf_gate_fact f = hb_waf_gate_empty(r);

    f.pre = f.suf = hb_waf_gate_singles(&r->work, &nl);
    return f;
}

static struct hb_waf_gate_fact sequence(struct hb_waf_gate_run *r, node *n,
                                        struct place at)
{
    struct hb_waf_gate_fact f = hb_waf_gate_empty(r);
    const node *last = NULL; /* that takes room, or is an anchor */

    for (const node *c = n->first; c != NULL; c = c->next)
        if (c->type != HB_WAF_GATE_EMPTY)
            last = c;
    for (node *c = n->first; c != NULL; c = c->next) {
        struct place here = {at.first, at.last && (c == last || last == NULL)};
        struct hb_waf_gate_fact y;

        if (c->type == HB_WAF_GATE_EMPTY)
            continue;
        y = fact_of(r, c, here);
        f = hb_waf_gate_cat(r, &f, &y);
        at.first = false;
    }
    return f;
}

static struct hb_waf_gate_fact fact_of(struct hb_waf_gate_run *r, node *n,
                                       struct place at)
{
    struct hb_waf_gate_fact f, y;

    if (r->work.err < 0)
        return (struct hb_waf_gate_fact){.p = 1};
    switch (n->type) {
    case HB_WAF_GATE_BYTE:
        return byte(r, n);
    case HB_WAF_GATE_CAT:
        return sequence(r, n, at);
    case HB_WAF_GATE_ALT:
        return alt(r, n, at);
    case HB_WAF_GATE_REP:
        return rep(r, n);
    case HB_WAF_GATE_LOOK:
        y = fact_of(r, n->first, (struct place){false, false});
        f = hb_waf_gate_empty(r);
        f.req = hb_waf_gate_pick(r, &y, &f.p);
        memcpy(f.cls, y.cls, sizeof(f.cls));
        f.n_cls = y.n_cls;
        return f;
    case HB_WAF_GATE_ANY:
        return hb_waf_gate_anything(r);
    case HB_WAF_GATE_START:
        return at.first ? line_end(r) : hb_waf_gate_empty(r);
    case HB_WAF_GATE_END:
        return at.last ? line_end(r) : hb_waf_gate_empty(r);
    case HB_WAF_GATE_EMPTY:
        break;
    }
    return hb_waf_gate_empty(r);
}

static bool same(const strings *a, const strings *b)
{
    if (a->n != b->n || a->esc != b->esc)
        return false;
    for (uint32_t i = 0; i < a->n; i++)
        if (!hb_slice_eq(a->s[i], b->s[i]))
            return false;
    return true;
}

/* Puts SET among the clauses of F by how rare it is. */
static void take(const struct hb_waf_gate_run *r, struct hb_waf_gate_facts *f,
                 double p[HB_WAF_GATE_SLOTS], const strings *set)
{
    double own = hb_waf_gate_p(&r->work, set);
    unsigned at = 0;

    if (own > USEFUL || set->n > HB_WAF_GATE_STRINGS_MAX)
        return;
    for (unsigned i = 0; i < f->n; i++)
        if (same(&f->clause[i], set) || (set->n == 0 && f->clause[i].n == 0 &&
                                         (f->clause[i].esc & ~set->esc) == 0))
            return;
    while (at < f->n && p[at] <= own)
        at++;
    if (at == HB_WAF_GATE_SLOTS)
        return;
    if (f->n < HB_WAF_GATE_SLOTS)
        f->n++;
    for (unsigned i = f->n - 1; i > at; i--) {
        f->clause[i] = f->clause[i - 1];
        p[i] = p[i - 1];
    }
    f->clause[at] = *set;
    p[at] = own;
}

/* Strings of one byte become kinds. */
static strings without_bytes(const strings *set)
{
    strings to = {.s = set->s, .esc = set->esc};

    for (uint32_t i = 0; i < set->n; i++)
        if (set->s[i].n == 1)
            to.esc |= (uint64_t)1 << hb_waf_gate_kind((uint8_t)set->s[i].p[0]);
        else
            to.s[to.n++] = set->s[i];
    return to;
}

/* What may be an escape, the stricter first. */
static uint64_t allowed(unsigned run)
{
    uint64_t kinds = 0;

    for (unsigned k = 0; run > 0 && k < HB_WAF_GATE_KINDS; k++)
        if (run > 1 || hb_waf_gate_p_kinds((uint64_t)1 << k) < RARE)
            kinds |= (uint64_t)1 << k;
    return kinds & ~HB_WAF_GATE_LETTER & ~HB_WAF_GATE_DIGIT;
}

int hb_waf_gate_rx(struct hb_arena *a, struct hb_slice pattern,
                   struct hb_waf_gate_facts *ret)
{
    struct hb_waf_gate_facts facts = {0};
    double p[HB_WAF_GATE_SLOTS] = {0}, q;
    struct hb_waf_gate_run run = {.missed = true};
    node *tree;
    int rc = hb_waf_gate_tree(a, pattern, &tree);

    if (rc < 0)
        return rc;
    hb_waf_gate_work_init(&run.work, a);
    run.none = hb_waf_gate_nothing(&run.work);
    for (unsigned i = 0; i < RUNS && run.missed; i++) {
        struct hb_waf_gate_fact f;
        strings best;

        run.allowed = allowed(i);
        run.missed = false;
        f = fact_of(&run, tree, (struct place){true, true});
        if (run.work.err < 0)
            return run.work.err;
        memcpy(facts.least, f.least, sizeof(facts.least));
        best = hb_waf_gate_pick(&run, &f, &q);
        if (q < 1) {
            hb_waf_gate_once(&run.work, &best);
            best = without_bytes(&best);
            take(&run, &facts, p, &best);
        }
        for (unsigned k = 0; k < f.n_cls; k++) {
            strings set = {.esc = f.cls[k]};

            take(&run, &facts, p, &set);
        }
    }
    *ret = facts;
    return 0;
}

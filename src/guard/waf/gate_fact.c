/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_fact.c - see gate_fact.h.
 *
 * All sets have ceilings.  One that grows past its own is cut to fewer and
 * shorter strings, or what is known of it is given up; both say less, never
 * something that does not hold.
 */
#include "guard/waf/gate_fact.h"

#define EXACT_MAX 256u /* strings of an exact set */
#define EXACT_LEN 48u
#define CROSS_MAX 128u
#define EDGE_MAX  64u /* heads and tails */
#define EDGE_LEN  12u

typedef struct hb_waf_gate_strings strings;

/* By gate_set.c's numbers of kinds: letters, digits, {|}~ [\]^_` :;<=>?@ the
 * 16 from the blank on, \t to \r, NUL, other controls, bytes from 0x80, 0xc0,
 * 0xe0 and 0xf0 on. */
#define KIND(k)   ((uint64_t)1 << (k))
#define ALL_KINDS (KIND(HB_WAF_GATE_KINDS) - 1)
#define WORD      (KIND(0) | KIND(1) | KIND(10))
#define NO_MARK   (WORD | KIND(19) | KIND(31) | KIND(33) | KIND(34))

const uint64_t hb_waf_gate_counted[HB_WAF_GATE_COUNTS] = {
    ALL_KINDS,
    ((KIND(35) - 1) | KIND(43) | KIND(44)) & ~NO_MARK,
    ALL_KINDS & ~WORD,
};

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a + b < a ? UINT32_MAX : a + b;
}

struct hb_waf_gate_fact hb_waf_gate_anything(const struct hb_waf_gate_run *r)
{
    return (struct hb_waf_gate_fact){.pre = r->none, .suf = r->none, .p = 1};
}

struct hb_waf_gate_fact hb_waf_gate_empty(const struct hb_waf_gate_run *r)
{
    struct hb_waf_gate_fact f = hb_waf_gate_anything(r);

    f.exact = true;
    return f;
}

static void improve(const struct hb_waf_gate_run *r, struct hb_waf_gate_fact *f,
                    const strings *set)
{
    double p;

    if (set->n > HB_WAF_GATE_STRINGS_MAX)
        return;
    p = hb_waf_gate_p(&r->work, set);
    if (p < f->p) {
        f->p = p;
        f->req = *set;
    }
}

/* Keeps the classes that are the least likely to be there. */
static void add_class(struct hb_waf_gate_fact *f, uint64_t kinds)
{
    unsigned worst = 0;

    for (unsigned i = 0; i < f->n_cls; i++) {
        if ((f->cls[i] & ~kinds) == 0)
            return; /* says more already */
        if ((kinds & ~f->cls[i]) == 0) {
            f->cls[i] = kinds;
            return;
        }
        if (hb_waf_gate_p_kinds(f->cls[i]) > hb_waf_gate_p_kinds(f->cls[worst]))
            worst = i;
    }
    if (f->n_cls < HB_WAF_GATE_CLASSES)
        f->cls[f->n_cls++] = kinds;
    else if (hb_waf_gate_p_kinds(kinds) < hb_waf_gate_p_kinds(f->cls[worst]))
        f->cls[worst] = kinds;
}

static size_t longest(const strings *set)
{
    size_t n = 0;

    for (uint32_t i = 0; i < set->n; i++)
        n = HB_MAX(n, set->s[i].n);
    return n;
}

strings hb_waf_gate_edge(struct hb_waf_gate_run *r, const strings *set,
                         bool end)
{
    size_t len = longest(set);

    if (set->n <= EDGE_MAX && len <= 2 * (size_t)EDGE_LEN)
        return *set;
    for (len = HB_MIN(len, EDGE_LEN); len > 0; len = len / 2) {
        strings s = end ? hb_waf_gate_tails(&r->work, set, len)
                        : hb_waf_gate_heads(&r->work, set, len);

        if (s.n <= EDGE_MAX)
            return s;
    }
    return r->none;
}

/* Ends that F is exact where it says so of too much. */
static void limit(struct hb_waf_gate_run *r, struct hb_waf_gate_fact *f)
{
    if (f->exact && (f->pre.n > EXACT_MAX || longest(&f->pre) > EXACT_LEN)) {
        improve(r, f, &f->pre);
        f->exact = false;
        f->suf = f->pre;
    }
    if (f->exact) {
        f->suf = f->pre;
        return;
    }
    f->pre = hb_waf_gate_edge(r, &f->pre, false);
    f->suf = hb_waf_gate_edge(r, &f->suf, true);
}

static bool crossable(const strings *a, const strings *b)
{
    size_t n = (size_t)a->n * b->n;

    return n <= (a->n <= 1 || b->n <= 1 ? EXACT_MAX : CROSS_MAX);
}

struct hb_waf_gate_fact hb_waf_gate_cat(struct hb_waf_gate_run *r,
                                        const struct hb_waf_gate_fact *x,
                                        const struct hb_waf_gate_fact *y)
{
    bool can = crossable(&x->suf, &y->pre);
    struct hb_waf_gate_fact f = x->p <= y->p ? *x : *y;
    strings joint = {0};

    f.exact = x->exact && y->exact && can;
    for (unsigned i = 0; i < HB_WAF_GATE_COUNTS; i++)
        f.least[i] = sum(x->least[i], y->least[i]);
    for (unsigned i = 0; i < (x->p <= y->p ? y : x)->n_cls; i++)
        add_class(&f, (x->p <= y->p ? y : x)->cls[i]);
    if (can)
        joint = hb_waf_gate_cross(&r->work, &x->suf, &y->pre);
    if (f.exact) {
        f.pre = f.suf = joint;
        limit(r, &f);
        return f;
    }
    /* What may grow still is judged when it no longer does. */
    if (x->exact || !can)
        improve(r, &f, &x->suf);
    if (y->exact && !can)
        improve(r, &f, &y->pre);
    if (!y->exact && can)
        improve(r, &f, &joint);
    f.pre = x->exact && can ? joint : x->pre;
    f.suf = y->exact && can ? joint : y->suf;
    limit(r, &f);
    return f;
}

strings hb_waf_gate_pick(const struct hb_waf_gate_run *r,
                         const struct hb_waf_gate_fact *f, double *ret_p)
{
    struct hb_waf_gate_fact best = *f;

    improve(r, &best, &f->suf);
    for (unsigned i = 0; i < f->n_cls; i++) {
        strings set = {.esc = f->cls[i]};

        improve(r, &best, &set);
    }
    *ret_p = best.p;
    return best.req;
}

/* (a and b) or (c and d) is (a or c) and (a or d) and ... */
static void either_class(struct hb_waf_gate_fact *all,
                         const struct hb_waf_gate_fact *f)
{
    struct hb_waf_gate_fact to = {0};

    for (unsigned i = 0; i < all->n_cls; i++)
        for (unsigned k = 0; k < f->n_cls; k++)
            add_class(&to, all->cls[i] | f->cls[k]);
    memcpy(all->cls, to.cls, sizeof(all->cls));
    all->n_cls = to.n_cls;
}

struct hb_waf_gate_fact hb_waf_gate_join(struct hb_waf_gate_run *r,
                                         const struct hb_waf_gate_fact *f,
                                         size_t n)
{
    const strings **list = HB_NEW_N(r->work.arena, const strings *, n);
    strings *req = HB_NEW_N(r->work.arena, strings, n);
    struct hb_waf_gate_fact all = f[0];

    if (list == NULL || req == NULL) {
        r->work.err = -ENOMEM;
        return all;
    }
    all.p = 0;
    for (size_t i = 0; i < n; i++) {
        double p;

        req[i] = hb_waf_gate_pick(r, &f[i], &p);
        all.p =
            p >= 1 || all.p >= 1 ? 1 : HB_MIN(all.p + p, HB_WAF_GATE_P_MANY);
        all.exact = all.exact && f[i].exact;
        for (unsigned k = 0; k < HB_WAF_GATE_COUNTS; k++)
            all.least[k] = HB_MIN(all.least[k], f[i].least[k]);
        if (i > 0)
            either_class(&all, &f[i]);
        list[i] = &req[i];
    }
    all.req =
        all.p < 1 ? hb_waf_gate_union(&r->work, list, n, false) : (strings){0};
    if (all.req.n > HB_WAF_GATE_STRINGS_MAX)
        all.p = 1;
    for (size_t i = 0; i < n; i++)
        list[i] = &f[i].pre;
    all.pre = hb_waf_gate_union(&r->work, list, n, true);
    for (size_t i = 0; i < n; i++)
        list[i] = &f[i].suf;
    all.suf = hb_waf_gate_union(&r->work, list, n, true);
    limit(r, &all);
    return all;
}

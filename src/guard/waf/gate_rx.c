/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_rx.c - see gate_rx.h.
 *
 * Each node of the tree gets a fact.  What it says of strings holds for every
 * match of the node but those that hold a byte of the escape.  The tree is
 * gone through three times: without escapes for what may be left out, with
 * rare marks as escapes, and with all but letters and digits; each gives a
 * clause of its own.
 */
#include "guard/waf/gate_rx.h"

#define EXACT_BYTES 12u  /* a class of more bytes is not listed */
#define EXACT_MAX   256u /* strings of an exact set */
#define EXACT_LEN   48u
#define CROSS_MAX   128u
#define EDGE_MAX    64u /* heads and tails */
#define EDGE_LEN    12u
#define CLASSES     6u
#define COPIES      8u    /* of what is repeated */
#define STRINGS_MAX 4096u /* of a clause */
#define USEFUL      0.96  /* a clause that holds more often is left out */

typedef struct hb_waf_gate_strings strings;
typedef struct hb_waf_gate_node node;

struct fact {
    bool exact;            /* it is one of PRE; SUF is PRE */
    strings pre, suf;      /* it begins with one of these, ends with one */
    strings req;           /* it holds one of these */
    double p;              /* of REQ; 1: nothing is known */
    uint64_t cls[CLASSES]; /* it holds a byte of each */
    unsigned n_cls;
    uint32_t least[HB_WAF_GATE_COUNTS];
};

struct run {
    struct hb_waf_gate_work work;
    uint64_t allowed; /* escapes for what may be left out */
    strings none;     /* {""} */
};

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

static struct fact fact_of(struct run *r, node *n);

static uint32_t sum(uint32_t a, uint32_t b)
{
    return a + b < a ? UINT32_MAX : a + b;
}

static uint32_t times(uint32_t a, uint32_t n)
{
    return a > 0 && n > UINT32_MAX / a ? UINT32_MAX : a * n;
}

static struct fact anything(struct run *r)
{
    return (struct fact){.pre = r->none, .suf = r->none, .p = 1};
}

static struct fact empty(struct run *r)
{
    struct fact f = anything(r);

    f.exact = true;
    return f;
}

static void improve(struct fact *f, const strings *set)
{
    double p;

    if (set->n > STRINGS_MAX)
        return;
    p = hb_waf_gate_p(set);
    if (p < f->p) {
        f->p = p;
        f->req = *set;
    }
}

/* Keeps the classes that are the least likely to be there. */
static void add_class(struct fact *f, uint64_t kinds)
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
    if (f->n_cls < CLASSES)
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

/* Few enough heads (tails where END) of SET. */
static strings edge(struct run *r, const strings *set, bool end)
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
static void limit(struct run *r, struct fact *f)
{
    if (f->exact && (f->pre.n > EXACT_MAX || longest(&f->pre) > EXACT_LEN)) {
        improve(f, &f->pre);
        f->exact = false;
        f->suf = f->pre;
    }
    if (f->exact) {
        f->suf = f->pre;
        return;
    }
    f->pre = edge(r, &f->pre, false);
    f->suf = edge(r, &f->suf, true);
}

static bool crossable(const strings *a, const strings *b)
{
    size_t n = (size_t)a->n * b->n;

    return n <= (a->n <= 1 || b->n <= 1 ? EXACT_MAX : CROSS_MAX);
}

static struct fact cat(struct run *r, const struct fact *x,
                       const struct fact *y)
{
    bool can = crossable(&x->suf, &y->pre);
    struct fact f = x->p <= y->p ? *x : *y;
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
        improve(&f, &x->suf);
    if (y->exact && !can)
        improve(&f, &y->pre);
    if (!y->exact && can)
        improve(&f, &joint);
    f.pre = x->exact && can ? joint : x->pre;
    f.suf = y->exact && can ? joint : y->suf;
    limit(r, &f);
    return f;
}

/* The best clause of F, one of a class where that is rarer. */
static strings pick(const struct fact *f, double *ret_p)
{
    struct fact best = *f;

    improve(&best, &f->suf);
    for (unsigned i = 0; i < f->n_cls; i++) {
        strings set = {.esc = f->cls[i]};

        improve(&best, &set);
    }
    *ret_p = best.p;
    return best.req;
}

/* (a and b) or (c and d) is (a or c) and (a or d) and ... */
static void either_class(struct fact *all, const struct fact *f)
{
    struct fact to = {0};

    for (unsigned i = 0; i < all->n_cls; i++)
        for (unsigned k = 0; k < f->n_cls; k++)
            add_class(&to, all->cls[i] | f->cls[k]);
    memcpy(all->cls, to.cls, sizeof(all->cls));
    all->n_cls = to.n_cls;
}

static struct fact join(struct run *r, const struct fact *f, size_t n)
{
    const strings **list = HB_NEW_N(r->work.arena, const strings *, n);
    strings *req = HB_NEW_N(r->work.arena, strings, n);
    struct fact all = f[0];

    if (list == NULL || req == NULL) {
        r->work.err = -ENOMEM;
        return all;
    }
    all.p = 0;
    for (size_t i = 0; i < n; i++) {
        double p;

        req[i] = pick(&f[i], &p);
        all.p = HB_MIN(all.p + p, 1.0);
        all.exact = all.exact && f[i].exact;
        for (unsigned k = 0; k < HB_WAF_GATE_COUNTS; k++)
            all.least[k] = HB_MIN(all.least[k], f[i].least[k]);
        if (i > 0)
            either_class(&all, &f[i]);
        list[i] = &req[i];
    }
    all.req = all.p < 1 ? hb_waf_gate_union(&r->work, list, n) : (strings){0};
    if (all.req.n > STRINGS_MAX)
        all.p = 1;
    for (size_t i = 0; i < n; i++)
        list[i] = &f[i].pre;
    all.pre = hb_waf_gate_union(&r->work, list, n);
    for (size_t i = 0; i < n; i++)
        list[i] = &f[i].suf;
    all.suf = hb_waf_gate_union(&r->work, list, n);
    limit(r, &all);
    return all;
}

static struct fact alt(struct run *r, node *n)
{
    struct fact *f;
    size_t k = 0;

    for (const node *c = n->first; c != NULL; c = c->next)
        k++;
    f = HB_NEW_N(r->work.arena, struct fact, k);
    if (f == NULL) {
        r->work.err = -ENOMEM;
        return anything(r);
    }
    k = 0;
    for (node *c = n->first; c != NULL; c = c->next)
        f[k++] = fact_of(r, c);
    return join(r, f, k);
}

static struct fact byte(struct run *r, node *n)
{
    unsigned count = 0;
    struct fact f;

    for (size_t i = 0; i < HB_ARRAY_LEN(n->set.w); i++)
        count += (unsigned)__builtin_popcountll(n->set.w[i]);
    if (n->kinds == 0)
        n->kinds = hb_waf_gate_kinds(&n->set);
    f = anything(r);
    for (unsigned i = 0; i < HB_WAF_GATE_COUNTS; i++)
        f.least[i] = (n->kinds & ~hb_waf_gate_counted[i]) == 0;
    f.cls[f.n_cls++] = n->kinds;
    if (count <= EXACT_BYTES) {
        f.exact = true;
        f.pre = f.suf = hb_waf_gate_singles(&r->work, &n->set);
    }
    return f;
}

/* X or nothing, or X any number of times. */
static struct fact optional(struct run *r, const struct fact *x, bool once)
{
    struct fact f[2] = {*x, empty(r)};
    double p = 1;

    for (unsigned i = 0; i < x->n_cls; i++) {
        double q = hb_waf_gate_p_kinds(x->cls[i]);

        if ((x->cls[i] & ~r->allowed) == 0 && q < p) {
            p = q;
            f[1].pre.esc = f[1].suf.esc = x->cls[i];
        }
    }
    if (p < 1)
        return f[1];
    return x->exact && once ? join(r, f, 2) : anything(r);
}

static struct fact rep(struct run *r, node *n)
{
    struct fact x, f, any;

    if (n->max == 0)
        return empty(r);
    x = fact_of(r, n->first);
    if (n->min == 0)
        return optional(r, &x, n->max == 1);
    f = x;
    for (uint32_t i = 1; i < n->min && i < COPIES; i++)
        f = cat(r, &f, &x);
    if (n->min > COPIES || n->max > n->min) {
        any = anything(r);
        f = cat(r, &f, &any);
        f.suf = edge(r, &x.suf, true);
    }
    for (unsigned i = 0; i < HB_WAF_GATE_COUNTS; i++)
        f.least[i] = times(x.least[i], n->min);
    return f;
}

static struct fact fact_of(struct run *r, node *n)
{
    struct fact f, y;

    if (r->work.err < 0)
        return (struct fact){.p = 1};
    switch (n->type) {
    case HB_WAF_GATE_BYTE:
        return byte(r, n);
    case HB_WAF_GATE_CAT:
        f = empty(r);
        for (node *c = n->first; c != NULL; c = c->next) {
            y = fact_of(r, c);
            f = cat(r, &f, &y);
        }
        return f;
    case HB_WAF_GATE_ALT:
        return alt(r, n);
    case HB_WAF_GATE_REP:
        return rep(r, n);
    case HB_WAF_GATE_LOOK:
        y = fact_of(r, n->first);
        f = empty(r);
        f.req = pick(&y, &f.p);
        memcpy(f.cls, y.cls, sizeof(f.cls));
        f.n_cls = y.n_cls;
        return f;
    case HB_WAF_GATE_ANY:
        return anything(r);
    case HB_WAF_GATE_EMPTY:
        break;
    }
    return empty(r);
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
static void take(struct hb_waf_gate_facts *f, double p[HB_WAF_GATE_SLOTS],
                 const strings *set)
{
    double own = hb_waf_gate_p(set);
    unsigned at = 0;

    if (own > USEFUL || set->n > STRINGS_MAX)
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

int hb_waf_gate_rx(struct hb_arena *a, struct hb_slice pattern,
                   struct hb_waf_gate_facts *ret)
{
    uint64_t all = ALL_KINDS, rare = 0;
    struct hb_waf_gate_facts facts = {0};
    double p[HB_WAF_GATE_SLOTS] = {0}, q;
    node *tree;
    int rc = hb_waf_gate_tree(a, pattern, &tree);

    for (uint64_t bit = 1; bit < all; bit <<= 1)
        if (hb_waf_gate_p_kinds(bit) < 0.05)
            rare |= bit;
    for (unsigned i = 0; rc == 0 && i < 3; i++) {
        struct run run = {.work.arena = a};
        struct fact f;
        strings best;

        run.allowed = i == 0   ? 0
                      : i == 1 ? rare
                               : all & ~HB_WAF_GATE_LETTER & ~HB_WAF_GATE_DIGIT;
        run.none = hb_waf_gate_nothing(&run.work);
        f = fact_of(&run, tree);
        if (run.work.err < 0)
            return run.work.err;
        memcpy(facts.least, f.least, sizeof(facts.least));
        best = pick(&f, &q);
        best = without_bytes(&best);
        if (q < 1)
            take(&facts, p, &best);
        for (unsigned k = 0; k < f.n_cls; k++) {
            strings set = {.esc = f.cls[k]};

            take(&facts, p, &set);
        }
    }
    if (rc == 0)
        *ret = facts;
    return rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - see gate.h; collects the facts of patterns and lays out the tables
 * of gate_int.h.
 */
#include "guard/waf/gate_int.h"

#define WORK_MAX ((size_t)64 << 20) /* memory of one expression */
#define TAKEN    14u /* logarithm of the counters of chosen grams */
#define BUCKETS  14u /* logarithm, at most */

/* A literal of a clause. */
struct use {
    uint64_t head; /* the first 8 bytes, to sort by */
    struct hb_slice s;
    uint32_t pattern, slot;
};

struct pattern {
    uint64_t esc[HB_WAF_GATE_SLOTS];
    unsigned n; /* clauses */
    uint32_t least[HB_WAF_GATE_COUNTS], classes, literals;
};

struct hb_waf_gate_builder {
    struct hb_arena *arena; /* of the literals */
    struct hb_arena *work;  /* of one expression */
    struct pattern pattern[HB_WAF_GATE_MAX];
    uint32_t n;
    struct use *use;
    size_t n_use, cap;
};

struct hb_waf_gate_builder *hb_waf_gate_builder_new(void)
{
    struct hb_waf_gate_builder *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return NULL;
    b->arena = hb_arena_new(0);
    b->work = hb_arena_new(WORK_MAX);
    if (b->arena == NULL || b->work == NULL) {
        hb_waf_gate_builder_free(b);
        return NULL;
    }
    return b;
}

void hb_waf_gate_builder_free(struct hb_waf_gate_builder *b)
{
    if (b == NULL)
        return;
    hb_arena_free(b->arena);
    hb_arena_free(b->work);
    free(b->use);
    free(b);
}

static int add_use(struct hb_waf_gate_builder *b, struct hb_slice s,
                   unsigned slot)
{
    uint64_t head = 0;
    char *copy;

    if (b->n_use == b->cap) {
        size_t cap = b->cap == 0 ? 256 : b->cap * 2;
        struct use *more = realloc(b->use, cap * sizeof(*more));

        if (more == NULL)
            return -ENOMEM;
        b->use = more;
        b->cap = cap;
    }
    copy = hb_arena_alloc(b->arena, s.n);
    if (copy == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < s.n; i++)
        copy[i] = (char)hb_waf_gate_fold((uint8_t)s.p[i]);
    for (size_t i = 0; i < 8; i++)
        head = head << 8 | (i < s.n ? (uint8_t)copy[i] : 0);
    b->use[b->n_use++] = (struct use){head, {copy, s.n}, b->n, slot};
    return 0;
}

/* Strings of one byte count as their kind, those of none are left out. */
static int add_clause(struct hb_waf_gate_builder *b, const struct hb_slice *s,
                      size_t n, uint64_t esc)
{
    struct pattern *p = &b->pattern[b->n];
    unsigned slot = p->n;
    uint32_t literals = 0;

    for (size_t i = 0; i < n; i++) {
        int r = 0;

        if (s[i].n == 1)
            esc |= (uint64_t)1 << hb_waf_gate_kind((uint8_t)s[i].p[0]);
        else if (s[i].n > 1)
            r = add_use(b, s[i], slot);
        if (r < 0)
            return r;
        literals += s[i].n > 1;
    }
    p->esc[slot] = esc;
    p->literals += literals;
    p->classes += literals == 0;
    p->n++;
    return 0;
}

/* Leaves no trace of a pattern that could not be added. */
static int added(struct hb_waf_gate_builder *b, size_t uses, int r)
{
    if (r < 0) {
        b->n_use = uses;
        memset(&b->pattern[b->n], 0, sizeof(b->pattern[0]));
        return r;
    }
    return (int)b->n++;
}

int hb_waf_gate_add_rx(struct hb_waf_gate_builder *b, struct hb_slice pattern)
{
    struct hb_waf_gate_facts facts = {0};
    size_t uses = b->n_use;
    int r;

    if (b->n == HB_WAF_GATE_MAX)
        return -ENOSPC;
    r = hb_waf_gate_rx(b->work, pattern, &facts);
    /* Too large for its memory is as good as not understood. */
    if (r == -EINVAL ||
        (r == -ENOMEM && hb_arena_used(b->work) > WORK_MAX / 2)) {
        facts = (struct hb_waf_gate_facts){0};
        r = 0;
    }
    memcpy(b->pattern[b->n].least, facts.least, sizeof(facts.least));
    for (unsigned i = 0; r == 0 && i < facts.n; i++)
        r = add_clause(b, facts.clause[i].s, facts.clause[i].n,
                       facts.clause[i].esc);
    hb_arena_reset(b->work);
    return added(b, uses, r);
}

int hb_waf_gate_add_phrases(struct hb_waf_gate_builder *b,
                            const struct hb_slice *phrase, size_t n)
{
    size_t uses = b->n_use;

    if (b->n == HB_WAF_GATE_MAX)
        return -ENOSPC;
    b->pattern[b->n].least[0] = 1;
    return added(b, uses, add_clause(b, phrase, n, 0));
}

static void *get(struct hb_waf_gate *g, size_t n, size_t size)
{
    g->size += n * size;
    return hb_arena_calloc(g->arena, n + 1, size);
}

static int by_text(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int c = (x->head > y->head) - (x->head < y->head);

    if (c == 0)
        c = memcmp(x->s.p, y->s.p, HB_MIN(x->s.n, y->s.n));
    if (c == 0)
        c = (x->s.n > y->s.n) - (x->s.n < y->s.n);
    if (c == 0)
        c = (x->pattern > y->pattern) - (x->pattern < y->pattern);
    return c != 0 ? c : (x->slot > y->slot) - (x->slot < y->slot);
}

static uint32_t key_of(const char *text, uint32_t end, uint32_t n)
{
    uint32_t key = 0;

    for (uint32_t i = end - n; i < end; i++)
        key = key << 8 | (uint8_t)text[i];
    return key;
}

/* Where the gram of S ends: that of its runs of bytes which is the rarest in
 * values and which few literals before have taken, so that no value can have
 * many of them looked at for each of its bytes. */
static uint32_t choose(struct hb_slice s, uint32_t n, uint16_t *taken)
{
    double best = 0;
    uint32_t at = 0, hash = 0;

    for (uint32_t end = n; end <= s.n; end++) {
        uint32_t h = key_of(s.p, end, n) * HB_WAF_GATE_MUL >> (32 - TAKEN);
        double p = 1 + (double)taken[h] * taken[h] / 16;

        for (uint32_t i = end - n; i < end; i++)
            p *= hb_waf_gate_share((uint8_t)s.p[i]);
        if (at == 0 || p < best) {
            best = p;
            at = end;
            hash = h;
        }
    }
    if (taken[hash] < UINT16_MAX)
        taken[hash]++;
    return at;
}

/* The literals, each once, with what they fulfil; their number or -1. */
static long lay_literals(struct hb_waf_gate_builder *b, struct hb_waf_gate *g)
{
    uint16_t *taken = HB_NEW_N(b->arena, uint16_t, (size_t)1 << TAKEN);
    size_t bytes = 0, n = 0, pool = 0;

    if (b->n_use > 0)
        qsort(b->use, b->n_use, sizeof(*b->use), by_text);
    for (size_t i = 0; i < b->n_use; i++)
        if (i == 0 || !hb_slice_eq(b->use[i].s, b->use[i - 1].s)) {
            bytes += b->use[i].s.n;
            n++;
        }
    g->lit = get(g, n, sizeof(*g->lit));
    g->out = get(g, b->n_use, sizeof(*g->out));
    g->pool = get(g, bytes, 1);
    if (g->lit == NULL || g->out == NULL || g->pool == NULL || taken == NULL)
        return -1;
    n = 0;
    for (size_t i = 0; i < b->n_use; i++) {
        const struct use *u = &b->use[i];

        if (i == 0 || !hb_slice_eq(u->s, b->use[i - 1].s)) {
            uint32_t gram = (uint32_t)HB_MIN(u->s.n, HB_WAF_GATE_GRAM);

            memcpy(g->pool + pool, u->s.p, u->s.n);
            g->lit[n] = (struct hb_waf_gate_lit){
                .text = (uint32_t)pool,
                .n = (uint32_t)u->s.n,
                .out = (uint32_t)i,
            };
            g->lit[n++].gram = choose(u->s, gram, taken);
            pool += u->s.n;
        }
        g->lit[n - 1].n_out++;
        g->out[i] = (struct hb_waf_gate_out){
            u->slot * g->words + u->pattern / 64,
            (uint64_t)1 << (u->pattern & 63),
        };
    }
    return (long)n;
}

static void set_bit(struct hb_waf_gate *g, uint32_t p, uint32_t n)
{
    uint64_t one = 1;

    if (n == 2)
        g->bits2[p >> 6 & 1023] |= one << (p & 63);
    else if (n == 3)
        g->bits3[p << 8 >> (32 - HB_WAF_GATE_LOG)] |= one << (p >> 7 & 63);
    else
        g->bits4[p >> (32 - HB_WAF_GATE_LOG)] |= one << (p >> 15 & 63);
}

/* Puts the literals whose grams are of N bytes into their table. */
static int lay_table(struct hb_waf_gate *g, uint32_t n, uint32_t literals)
{
    struct hb_waf_gate_table *t = &g->table[n - 2];
    unsigned log = 4;
    uint32_t count = 0;

    for (uint32_t i = 0; i < literals; i++)
        count += HB_MIN(g->lit[i].n, HB_WAF_GATE_GRAM) == n;
    while (log < BUCKETS && count > 1u << log)
        log++;
    t->shift = 32 - log;
    t->mask = UINT32_MAX >> (32 - 8 * n);
    t->start = get(g, (1u << log) + 2, sizeof(*t->start));
    t->entry = get(g, count, sizeof(*t->entry));
    if (t->start == NULL || t->entry == NULL)
        return -ENOMEM;
    /* Counted two ahead, so that filling moves each to its beginning. */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < literals; i++) {
            const struct hb_waf_gate_lit *l = &g->lit[i];
            uint32_t key, p, b;

            if (HB_MIN(l->n, HB_WAF_GATE_GRAM) != n)
                continue;
            key = key_of(g->pool + l->text, l->gram, n);
            p = key * HB_WAF_GATE_MUL;
            b = hb_waf_gate_bucket(t, p, n);
            set_bit(g, p, n);
            if (pass == 0)
                t->start[b + 2]++;
            else
                t->entry[t->start[b + 1]++] = (struct hb_waf_gate_entry){
                    .key = key,
                    .lit = i,
                    .before = l->gram,
                    .behind = l->n - l->gram,
                    .first = g->pool[l->text],
                    .last = g->pool[l->text + l->n - 1],
                };
        }
        for (uint32_t b = 1; pass == 0 && b < (1u << log) + 2; b++)
            t->start[b] += t->start[b - 1];
    }
    return 0;
}

/* The rows of kinds, what holds always, and the lengths. */
static int lay_rows(const struct hb_waf_gate_builder *b, struct hb_waf_gate *g)
{
    g->init = get(g, g->row, sizeof(*g->init));
    g->kinds = get(g, (size_t)HB_WAF_GATE_KINDS * g->row, sizeof(*g->kinds));
    g->classes = get(g, b->n, sizeof(*g->classes));
    g->literals = get(g, b->n, sizeof(*g->literals));
    if (g->init == NULL || g->kinds == NULL || g->classes == NULL ||
        g->literals == NULL)
        return -ENOMEM;
    for (uint32_t p = 0; p < b->n; p++) {
        const struct pattern *f = &b->pattern[p];
        uint64_t bit = (uint64_t)1 << (p & 63);

        g->classes[p] = f->classes;
        g->literals[p] = f->literals;
        for (unsigned s = 0; s < HB_WAF_GATE_SLOTS; s++) {
            size_t word = s * g->words + p / 64;

            if (s >= f->n)
                g->init[word] |= bit;
            for (unsigned k = 0; s < f->n && k < HB_WAF_GATE_KINDS; k++)
                if ((f->esc[s] >> k & 1) != 0)
                    g->kinds[k * g->row + word] |= bit;
        }
    }
    return 0;
}

static int lay_counts(const struct hb_waf_gate_builder *b,
                      struct hb_waf_gate *g)
{
    for (unsigned k = 0; k < HB_WAF_GATE_COUNTS; k++) {
        uint64_t *to = get(g, (HB_WAF_GATE_MIN + 1) * g->words, sizeof(*to));

        if (to == NULL)
            return -ENOMEM;
        g->enough[k] = to;
        for (uint32_t p = 0; p < b->n; p++)
            for (uint32_t n = HB_MIN(b->pattern[p].least[k], HB_WAF_GATE_MIN);
                 n <= HB_WAF_GATE_MIN; n++)
                to[n * g->words + p / 64] |= (uint64_t)1 << (p & 63);
    }
    return 0;
}

static void lay_bytes(struct hb_waf_gate *g)
{
    for (unsigned c = 0; c < 256; c++) {
        uint64_t kind = (uint64_t)1 << hb_waf_gate_kind((uint8_t)c);

        g->byte[c].fold = hb_waf_gate_fold((uint8_t)c);
        g->byte[c].kind = kind;
        g->mark[c] = (uint8_t)(((kind & hb_waf_gate_counted[1]) != 0) |
                               ((kind & hb_waf_gate_counted[2]) != 0) << 1);
    }
}

int hb_waf_gate_build(struct hb_waf_gate_builder *b, struct hb_waf_gate **ret)
{
    struct hb_arena *a = hb_arena_new_paged(0);
    struct hb_waf_gate *g = a != NULL ? HB_NEW(a, struct hb_waf_gate) : NULL;
    long n;
    int r;

    if (g == NULL) {
        hb_arena_free(a);
        return -ENOMEM;
    }
    g->arena = a;
    g->patterns = b->n;
    g->words = (b->n + 63) / 64;
    g->row = HB_WAF_GATE_SLOTS * g->words;
    g->size = sizeof(*g);
    lay_bytes(g);
    n = lay_literals(b, g);
    r = n < 0 ? -ENOMEM : lay_rows(b, g);
    if (r == 0)
        r = lay_counts(b, g);
    for (uint32_t k = 2; r == 0 && k <= HB_WAF_GATE_GRAM; k++)
        r = lay_table(g, k, (uint32_t)n);
    if (r < 0) {
        hb_waf_gate_free(g);
        return r;
    }
    *ret = g;
    return 0;
}

void hb_waf_gate_free(struct hb_waf_gate *g)
{
    if (g != NULL)
        hb_arena_free(g->arena);
}

uint32_t hb_waf_gate_words(const struct hb_waf_gate *g)
{
    return g->words;
}

size_t hb_waf_gate_size(const struct hb_waf_gate *g)
{
    return g->size;
}

void hb_waf_gate_explain(const struct hb_waf_gate *g, uint32_t p,
                         size_t *ret_classes, size_t *ret_literals)
{
    *ret_classes = g->classes[p];
    *ret_literals = g->literals[p];
}

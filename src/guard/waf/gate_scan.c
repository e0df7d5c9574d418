/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_scan.c - one pass over a value; see gate_int.h.
 */
#include "guard/waf/gate_int.h"

#define ROW_MAX (HB_WAF_GATE_SLOTS * HB_WAF_GATE_WORDS)

struct scan {
    const struct hb_waf_gate *g;
    struct hb_slice v;
    uint64_t row[ROW_MAX];
};

/* The byte at AT of the value with a line end on each side, folded. */
static uint8_t byte_at(const struct scan *s, size_t at)
{
    return at == 0 || at > s->v.n
               ? '\n'
               : (uint8_t)s->g->byte[(uint8_t)s->v.p[at - 1]].fold;
}

/* Whether the literal of E may be where its gram ends at END; places count
 * from the line end before the value. */
static bool may_be_there(const struct scan *s,
                         const struct hb_waf_gate_entry *e, size_t end)
{
    return end >= e->before && s->v.n + 2 - end >= e->behind &&
           byte_at(s, end - e->before) == (uint8_t)e->first &&
           byte_at(s, end + e->behind - 1) == (uint8_t)e->last;
}

/* Whether literal L is there: may_be_there() holds. */
static bool is_there(const struct scan *s, const struct hb_waf_gate_lit *l,
                     size_t end)
{
    const char *text = s->g->pool + l->text;
    size_t from = end - l->gram;

    for (size_t i = 1; i + 1 < l->n; i++)
        if (byte_at(s, from + i) != (uint8_t)text[i])
            return false;
    return true;
}

/* Whether all that L fulfils is fulfilled already: long texts repeat. */
static bool is_done(const struct scan *s, const struct hb_waf_gate_lit *l)
{
    const struct hb_waf_gate_out *out = s->g->out + l->out;
    uint32_t o = 0;

    while (o < l->n_out && (s->row[out[o].word] & out[o].bit) != 0)
        o++;
    return o == l->n_out;
}

/* The literals whose grams of N bytes, the last ones of W, end at END. */
__attribute__((noinline)) static void look_up(struct scan *s, uint32_t n,
                                              uint32_t w, size_t end)
{
    const struct hb_waf_gate_table *t = &s->g->table[n - 2];
    uint32_t b = hb_waf_gate_bucket(t, w * HB_WAF_GATE_MUL, n);

    for (uint32_t i = t->start[b]; i < t->start[b + 1]; i++) {
        const struct hb_waf_gate_entry *e = &t->entry[i];
        const struct hb_waf_gate_lit *l = &s->g->lit[e->lit];
        const struct hb_waf_gate_out *out = s->g->out + l->out;

        if (e->key != (w & t->mask) || !may_be_there(s, e, end) ||
            is_done(s, l) || !is_there(s, l, end))
            continue;
        for (uint32_t o = 0; o < l->n_out; o++)
            s->row[out[o].word] |= out[o].bit;
    }
}

static bool bit(uint64_t word, uint32_t at)
{
    return (word >> (at & 63) & 1) != 0;
}

/* Looks for grams in W, whose last byte ends at END. */
static inline void probe(struct scan *s, uint32_t w, size_t end)
{
    const struct hb_waf_gate *g = s->g;
    uint32_t p = w * HB_WAF_GATE_MUL;

    if (bit(g->bits2[p >> 6 & 1023], p))
        look_up(s, 2, w, end);
    if (bit(g->bits3[p << 8 >> (32 - HB_WAF_GATE_LOG)], p >> 7))
        look_up(s, 3, w, end);
    if (bit(g->bits4[p >> (32 - HB_WAF_GATE_LOG)], p >> 15))
        look_up(s, 4, w, end);
}

/* The kinds of the value's bytes; what its literals fulfil goes to the row. */
static uint64_t pass(struct scan *s)
{
    const struct hb_waf_gate *g = s->g;
    uint64_t kinds = 0;
    uint32_t w = '\n';

    for (size_t i = 0; i < s->v.n; i++) {
        uint8_t c = (uint8_t)s->v.p[i];

        kinds |= g->byte[c].kind;
        w = w << 8 | (uint32_t)g->byte[c].fold;
        probe(s, w, i + 2);
    }
    probe(s, w << 8 | '\n', s->v.n + 2);
    return kinds;
}

/* Marks, and bytes of no word, up to what makes a difference. */
static void count(const struct scan *s, uint32_t ret[2])
{
    for (size_t i = 0; i < s->v.n && HB_MIN(ret[0], ret[1]) < HB_WAF_GATE_MIN;
         i++) {
        uint8_t mark = s->g->mark[(uint8_t)s->v.p[i]];

        ret[0] += mark & 1;
        ret[1] += mark >> 1;
    }
}

static const uint64_t *enough(const struct hb_waf_gate *g, unsigned k, size_t n)
{
    return g->enough[k] + HB_MIN(n, HB_WAF_GATE_MIN) * g->words;
}

void hb_waf_gate_scan(const struct hb_waf_gate *g, struct hb_slice v,
                      struct hb_waf_gate_set *ret)
{
    const uint64_t *bytes = enough(g, 0, v.n), *marks, *others;
    uint32_t words = g->words, n[2] = {0};
    /* Clearing half a kilobyte costs more than most values: only the words
     * that are filled here are ever read. */
#ifdef __clang_analyzer__
    struct scan s = {0};
#else
    __attribute__((uninitialized)) struct scan s;
#endif
    uint64_t kinds;

    s.g = g;
    s.v = v;
    for (uint32_t i = 0; i < g->row; i++)
        s.row[i] = g->init[i];
    kinds = pass(&s);
    if ((kinds & hb_waf_gate_counted[2]) != 0)
        count(&s, n);
    for (; kinds != 0; kinds &= kinds - 1) {
        const uint64_t *add =
            g->kinds + (size_t)__builtin_ctzll(kinds) * g->row;

        for (uint32_t i = 0; i < g->row; i++)
            s.row[i] |= add[i];
    }
    marks = enough(g, 1, n[0]);
    others = enough(g, 2, n[1]);
    for (uint32_t i = 0; i < words; i++)
        ret->w[i] = bytes[i] & marks[i] & others[i] & s.row[i] &
                    s.row[words + i] & s.row[2 * words + i] &
                    s.row[3 * words + i];
}

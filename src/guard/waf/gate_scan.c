/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_scan.c - one pass over a value; see gate_int.h.
 */
#include "guard/waf/gate_int.h"

#define ROW_MAX (HB_WAF_GATE_SLOTS * HB_WAF_GATE_WORDS)

static void look_up(const struct hb_waf_gate *g, struct hb_slice v, size_t end,
                    uint32_t w, uint64_t *row);

static bool probe(const struct hb_waf_gate_table *t, uint32_t w)
{
    uint32_t h = hb_waf_gate_hash(t, w);

    return (t->bits[h >> 6] >> (h & 63) & 1) != 0;
}

static const uint64_t *enough(const struct hb_waf_gate *g, unsigned k,
                              uint64_t n)
{
    return g->enough[k] + HB_MIN(n, HB_WAF_GATE_MIN) * g->words;
}

void hb_waf_gate_scan(const struct hb_waf_gate *g, struct hb_slice v,
                      struct hb_waf_gate_set *ret)
{
    const uint64_t *bytes, *marks, *others;
    uint64_t row[ROW_MAX], kinds = 0, count = 0;
    uint32_t w = 0;

    memcpy(row, g->init, g->row * sizeof(*row));
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = (uint8_t)v.p[i];

        w = w << 8 | g->fold[c];
        kinds |= g->byte[c].kind;
        count += g->byte[c].count;
        if (probe(&g->table[0], w) | probe(&g->table[1], w) |
            probe(&g->table[2], w))
            look_up(g, v, i + 1, w, row);
    }
    for (; kinds != 0; kinds &= kinds - 1) {
        const uint64_t *add =
            g->kinds + (size_t)__builtin_ctzll(kinds) * g->row;

        for (uint32_t i = 0; i < g->row; i++)
            row[i] |= add[i];
    }
    bytes = enough(g, 0, v.n);
    marks = enough(g, 1, count & UINT32_MAX);
    others = enough(g, 2, count >> 32);
    for (uint32_t i = 0; i < g->words; i++)
        ret->w[i] = bytes[i] & marks[i] & others[i] & row[i] &
                    row[g->words + i] & row[2 * g->words + i] &
                    row[3 * g->words + i];
}

/* Whether literal L, whose gram ends at END, is there. */
static bool is_there(const struct hb_waf_gate *g,
                     const struct hb_waf_gate_lit *l, struct hb_slice v,
                     size_t end)
{
    const char *text = g->pool + l->text;
    size_t from = end - l->gram;

    if (end < l->gram || v.n - from < l->n)
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (g->fold[(uint8_t)v.p[from + i]] != (uint8_t)text[i])
            return false;
    return true;
}

static void look_up(const struct hb_waf_gate *g, struct hb_slice v, size_t end,
                    uint32_t w, uint64_t *row)
{
    for (size_t k = 0; k < HB_ARRAY_LEN(g->table); k++) {
        const struct hb_waf_gate_table *t = &g->table[k];
        uint32_t h = hb_waf_gate_hash(t, w);

        if (!probe(t, w))
            continue;
        for (uint32_t e = t->start[h]; e < t->start[h + 1]; e++) {
            const struct hb_waf_gate_lit *l = &g->lit[t->entry[e].lit];
            const struct hb_waf_gate_out *out = g->out + l->out;

            if (t->entry[e].key != (w & t->mask) ||
                (l->n_out == 1 && (row[out->word] & out->bit) != 0) ||
                !is_there(g, l, v, end))
                continue;
            for (uint32_t o = 0; o < l->n_out; o++)
                row[out[o].word] |= out[o].bit;
        }
    }
}

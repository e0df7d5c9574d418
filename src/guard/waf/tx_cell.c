/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx_cell.c - what is remembered of a value: its forms under the
 * transformations, and which patterns may match each form.
 *
 * A byte can set off certain transformations only (transform.h: touches), so
 * one pass over a value tells which of them can change it.  Most values are
 * letters and digits, which nearly all sequences leave as they are: these
 * share one form, which the gate reads once.
 */
#include "guard/waf/tx.h"

static const uint64_t *ask_gate(struct hb_waf_tx *tx, struct hb_waf_form *f);
static struct hb_waf_cell *cell_of(struct hb_waf_tx *tx, struct hb_slice value,
                                   uint32_t *cell);
static struct hb_waf_cell *cell_new(struct hb_waf_tx *tx, uint32_t *ret);
static struct hb_waf_form *step(struct hb_waf_tx *tx, struct hb_waf_cell *c,
                                uint32_t node);
static struct hb_waf_form *apply(struct hb_waf_tx *tx, struct hb_waf_form *from,
                                 enum hb_waf_t t);
static bool same_but_case(struct hb_slice a, struct hb_slice b);
static struct hb_waf_form *uncached(struct hb_waf_tx *tx, struct hb_slice value,
                                    uint32_t node);

struct hb_waf_form *hb_waf_form(struct hb_waf_tx *tx, struct hb_slice value,
                                uint32_t *cell, uint32_t node)
{
    const struct hb_waf *w = tx->waf;
    struct hb_waf_cell *c;

    if (w->options.no_cache)
        return uncached(tx, value, node);
    c = cell_of(tx, value, cell);
    if (c == NULL)
        return NULL;
    if ((w->node[node].path & c->touched) == 0)
        return &c->raw;
    return step(tx, c, node);
}

const uint64_t *hb_waf_form_gate(struct hb_waf_tx *tx, struct hb_waf_form *f)
{
    while (f->gated_as != NULL)
        f = (struct hb_waf_form *)(uintptr_t)f->gated_as;
    return f->gate != NULL ? f->gate : ask_gate(tx, f);
}

/* Apart, so that the set, which the compiler clears, costs nothing where the
 * answer is known. */
__attribute__((noinline)) static const uint64_t *ask_gate(struct hb_waf_tx *tx,
                                                          struct hb_waf_form *f)
{
    const struct hb_waf *w = tx->waf;
    struct hb_waf_gate_set set;
    size_t bytes = w->gate_words * sizeof(uint64_t);

    f->gate = hb_arena_alloc(tx->arena, bytes);
    if (f->gate == NULL)
        return NULL;
    hb_waf_gate_scan(w->gate, f->text, &set);
    memcpy(f->gate, set.w, bytes);
    tx->work += f->text.n;
    return f->gate;
}

static struct hb_waf_cell *cell_of(struct hb_waf_tx *tx, struct hb_slice value,
                                   uint32_t *cell)
{
    const struct hb_waf *w = tx->waf;
    struct hb_waf_cell *c;
    uint64_t touched = w->always;

    if (*cell != 0) {
        uint32_t i = *cell - 1;

        return &tx->cells[i / HB_WAF_CELLS]->cell[i % HB_WAF_CELLS];
    }
    c = cell_new(tx, cell);
    if (c == NULL)
        return NULL;
    for (size_t i = 0; i < value.n; i++)
        touched |= w->touch[(uint8_t)value.p[i]];
    c->raw.text = value;
    c->touched = touched;
    return c;
}

/* Blocks, so that cells stay where they are. */
static struct hb_waf_cell *cell_new(struct hb_waf_tx *tx, uint32_t *ret)
{
    uint32_t block = tx->n_cell / HB_WAF_CELLS;

    if (block == tx->n_block) {
        if ((tx->n_block & (tx->n_block - 1)) == 0) { /* 0, 1, 2, 4 ... */
            uint32_t room = tx->n_block == 0 ? 1 : 2 * tx->n_block;
            struct hb_waf_cells **more =
                HB_NEW_N(tx->arena, struct hb_waf_cells *, room);

            if (more == NULL)
                return NULL;
            if (tx->n_block > 0)
                memcpy(more, tx->cells, tx->n_block * sizeof(*more));
            tx->cells = more;
        }
        tx->cells[block] = HB_NEW(tx->arena, struct hb_waf_cells);
        if (tx->cells[block] == NULL)
            return NULL;
        tx->n_block++;
    }
    *ret = ++tx->n_cell;
    return &tx->cells[block]->cell[(*ret - 1) % HB_WAF_CELLS];
}

/* The form at NODE from the form at its parent. */
static struct hb_waf_form *step(struct hb_waf_tx *tx, struct hb_waf_cell *c,
                                uint32_t node)
{
    const struct hb_waf_node *n = &tx->waf->node[node];
    struct hb_waf_form *from;

    if (node == 0)
        return &c->raw;
    if (c->form == NULL) {
        c->form = HB_NEW_N(tx->arena, struct hb_waf_form *, tx->waf->n_node);
        if (c->form == NULL)
            return NULL;
    }
    if (c->form[node] != NULL)
        return c->form[node];
    /* As deep as a sequence is long, at most some thirty. */
    from = (tx->waf->node[n->parent].path & c->touched) == 0
               ? &c->raw
               : step(tx, c, n->parent);
    return from != NULL ? c->form[node] = apply(tx, from, n->t) : NULL;
}

/* What T makes of FROM: FROM itself where it changes nothing. */
static struct hb_waf_form *apply(struct hb_waf_tx *tx, struct hb_waf_form *from,
                                 enum hb_waf_t t)
{
    struct hb_waf_form *to;
    struct hb_slice text;

    for (to = from->first; to != NULL; to = to->next)
        if (to->t == t)
            return to;
    if (hb_waf_transform_mapped(t, tx->waf->umap, tx->arena, from->text,
                                &text) < 0)
        return NULL;
    tx->work += from->text.n;
    if (text.p == from->text.p && text.n == from->text.n)
        return from;
    to = HB_NEW(tx->arena, struct hb_waf_form);
    if (to == NULL)
        return NULL;
    to->text = text;
    to->t = t;
    to->gated_as = same_but_case(text, from->text) ? from : NULL;
    to->next = from->first;
    from->first = to;
    return to;
}

/* Whether A and B differ in the case of letters only, which the gate does not
 * tell apart. */
static bool same_but_case(struct hb_slice a, struct hb_slice b)
{
    size_t i = 0;

    if (a.n != b.n)
        return false;
    while (i < a.n) {
        uint64_t x, y;
        unsigned d;

        if (a.n - i >= sizeof(x)) {
            memcpy(&x, a.p + i, sizeof(x));
            memcpy(&y, b.p + i, sizeof(y));
            if (x == y) {
                i += sizeof(x);
                continue;
            }
        }
        d = (uint8_t)(a.p[i] ^ b.p[i]);
        if (d != 0 && (d != 0x20 || ((uint8_t)a.p[i] | 0x20u) - 'a' >= 26u))
            return false;
        i++;
    }
    return true;
}

/* One form at a time is in use. */
static struct hb_waf_form *uncached(struct hb_waf_tx *tx, struct hb_slice value,
                                    uint32_t node)
{
    uint32_t path[64], n = 0;

    for (; node != 0 && n < HB_ARRAY_LEN(path);
         node = tx->waf->node[node].parent)
        path[n++] = node;
    while (n > 0)
        if (hb_waf_transform_mapped(tx->waf->node[path[--n]].t, tx->waf->umap,
                                    tx->arena, value, &value) < 0)
            return NULL;
    tx->scratch = (struct hb_waf_form){.text = value};
    return &tx->scratch;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pm.c - see pm.h.
 *
 * The builder keeps a trie of first child and next sibling.  From that the
 * matcher is laid out: a state is a row of cells, one a class of bytes; a cell
 * holds the next row.  Rows would be mostly copies of the root's, therefore
 * only states near the root (DENSE) have one; the others list their few
 * children and name the state to go on with where none fits (their failure).
 * All phrase files of CRS 4 together take 2.3 MB so.
 */
#include "guard/waf/pm.h"

#include "base/arena.h"
#include "base/num.h"

#define NONE  UINT32_MAX
#define DENSE 2u /* depth up to which a state has a row */

struct node {
    uint32_t child, sibling, fail;
    uint32_t length; /* of the phrase that ends here, 0: none */
    uint32_t depth;
    uint8_t byte;
};

struct hb_waf_pm_builder {
    struct node *node;
    uint32_t n, cap;
    size_t phrases;
};

struct edge {
    uint8_t class;
    uint32_t to;
};

struct state {
    uint32_t row;    /* index of its first cell, NONE: sparse */
    uint32_t edge;   /* index of its first edge */
    uint32_t fail;   /* where to look on without an edge */
    uint32_t length; /* of the longest phrase that ends here, 0: none */
    uint32_t n_edges;
};

struct hb_waf_pm {
    struct hb_arena *arena; /* holds this, too */
    uint8_t class[256];     /* 0: in no phrase */
    uint32_t classes;
    uint32_t n_states, n_cells, n_edges;
    size_t phrases;
    struct state *state;
    uint32_t *cell;
    struct edge *edge;
};

static uint32_t child_of(const struct hb_waf_pm_builder *b, uint32_t at,
                         uint8_t c);
static int new_node(struct hb_waf_pm_builder *b, uint8_t c, uint32_t depth,
                    uint32_t *ret);
static size_t bars(struct hb_slice w, struct hb_slice *ret);
static size_t unhex(struct hb_slice w, char *out);
static int add_escaped(struct hb_waf_pm_builder *b, struct hb_slice w);
static void link_fails(struct hb_waf_pm_builder *b, uint32_t *queue);
static void classify(const struct hb_waf_pm_builder *b, struct hb_waf_pm *pm);
static void lay_out(const struct hb_waf_pm_builder *b, struct hb_waf_pm *pm,
                    const uint32_t *queue);
static uint32_t step(const struct hb_waf_pm *pm, uint32_t at, uint8_t class);

static uint8_t lower(char c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' ||
           c == '\v';
}

struct hb_waf_pm_builder *hb_waf_pm_builder_new(void)
{
    struct hb_waf_pm_builder *b = calloc(1, sizeof(*b));
    uint32_t root;

    if (b != NULL && new_node(b, 0, 0, &root) < 0) {
        free(b);
        return NULL;
    }
    return b;
}

void hb_waf_pm_builder_free(struct hb_waf_pm_builder *b)
{
    if (b == NULL)
        return;
    free(b->node);
    free(b);
}

int hb_waf_pm_add(struct hb_waf_pm_builder *b, struct hb_slice phrase)
{
    uint32_t at = 0;

    for (size_t i = 0; i < phrase.n; i++) {
        uint8_t c = lower(phrase.p[i]);
        uint32_t next = child_of(b, at, c);

        if (next == NONE) {
            int r = new_node(b, c, (uint32_t)i + 1, &next);

            if (r < 0)
                return r;
            b->node[next].sibling = b->node[at].child;
            b->node[at].child = next;
        }
        at = next;
    }
    if (phrase.n > 0 && b->node[at].length == 0) {
        b->node[at].length = (uint32_t)phrase.n;
        b->phrases++;
    }
    return 0;
}

int hb_waf_pm_add_words(struct hb_waf_pm_builder *b, struct hb_slice words)
{
    size_t i = 0;

    while (i < words.n) {
        size_t from;
        int r;

        while (i < words.n && blank(words.p[i]))
            i++;
        /* Blanks between bars part bytes, not words. */
        for (from = i; i < words.n && !blank(words.p[i]);) {
            size_t n = bars((struct hb_slice){words.p + i, words.n - i}, NULL);

            i += n > 0 ? n : 1;
        }
        r = add_escaped(b, (struct hb_slice){words.p + from, i - from});
        if (r < 0)
            return r;
    }
    return 0;
}

int hb_waf_pm_add_lines(struct hb_waf_pm_builder *b, struct hb_slice text)
{
    while (text.n > 0) {
        const char *nl = memchr(text.p, '\n', text.n);
        struct hb_slice line = {text.p,
                                nl != NULL ? (size_t)(nl - text.p) : text.n};
        size_t skip = line.n + (nl != NULL);
        int r = 0;

        while (line.n > 0 && blank(line.p[0])) {
            line.p++;
            line.n--;
        }
        while (line.n > 0 && blank(line.p[line.n - 1]))
            line.n--;
        if (line.n > 0 && line.p[0] != '#')
            r = add_escaped(b, line);
        if (r < 0)
            return r;
        text.p += skip;
        text.n -= skip;
    }
    return 0;
}

/* Nodes are made after their parents: one pass finds each node's parent, a
 * second spells the phrases backwards. */
int hb_waf_pm_list(const struct hb_waf_pm_builder *b, struct hb_slice **ret,
                   size_t *ret_n)
{
    uint32_t *parent = calloc(b->n, sizeof(*parent));
    size_t bytes = b->phrases * sizeof(struct hb_slice), n = 0;
    struct hb_slice *list;
    char *text;

    for (uint32_t i = 0; i < b->n; i++)
        bytes += b->node[i].length;
    list = parent != NULL ? calloc(1, bytes + 1) : NULL;
    if (list == NULL) {
        free(parent);
        return -ENOMEM;
    }
    text = (char *)(list + b->phrases);
    for (uint32_t i = 0; i < b->n; i++)
        for (uint32_t c = b->node[i].child; c != NONE; c = b->node[c].sibling)
            parent[c] = i;
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t length = b->node[i].length;

        if (length == 0)
            continue;
        for (uint32_t at = i, k = length; k > 0; at = parent[at])
            text[--k] = (char)b->node[at].byte;
        list[n++] = hb_slice(text, length);
        text += length;
    }
    free(parent);
    *ret = list;
    *ret_n = n;
    return 0;
}

int hb_waf_pm_build(const struct hb_waf_pm_builder *b, struct hb_waf_pm **ret)
{
    _cleanup_arena_ struct hb_arena *scratch = hb_arena_new(0);
    struct hb_arena *a = hb_arena_new_paged(0);
    struct hb_waf_pm *pm = a != NULL ? HB_NEW(a, struct hb_waf_pm) : NULL;
    struct hb_waf_pm_builder work = {.n = b->n};
    uint32_t *queue = NULL, rows = 0;

    if (scratch != NULL) {
        queue = HB_NEW_N(scratch, uint32_t, b->n);
        work.node = HB_NEW_N(scratch, struct node, b->n);
    }
    if (pm == NULL || queue == NULL || work.node == NULL) {
        hb_arena_free(a);
        return -ENOMEM;
    }
    pm->arena = a;
    memcpy(work.node, b->node, b->n * sizeof(*work.node));
    for (uint32_t i = 0; i < b->n; i++)
        rows += b->node[i].depth <= DENSE;
    link_fails(&work, queue);
    classify(&work, pm);
    pm->phrases = b->phrases;
    pm->n_states = b->n;
    pm->n_cells = rows * pm->classes;
    pm->state = HB_NEW_N(a, struct state, b->n);
    pm->cell = HB_NEW_N(a, uint32_t, pm->n_cells);
    pm->edge = HB_NEW_N(a, struct edge, b->n);
    if (pm->state == NULL || pm->cell == NULL || pm->edge == NULL) {
        hb_arena_free(a);
        return -ENOMEM;
    }
    lay_out(&work, pm, queue);
    *ret = pm;
    return 0;
}

void hb_waf_pm_free(struct hb_waf_pm *pm)
{
    if (pm != NULL)
        hb_arena_free(pm->arena);
}

size_t hb_waf_pm_count(const struct hb_waf_pm *pm)
{
    return pm->phrases;
}

size_t hb_waf_pm_size(const struct hb_waf_pm *pm)
{
    return sizeof(*pm) + pm->n_states * sizeof(*pm->state) +
           pm->n_cells * sizeof(*pm->cell) + pm->n_edges * sizeof(*pm->edge);
}

bool hb_waf_pm_find(const struct hb_waf_pm *pm, struct hb_slice value,
                    struct hb_slice *ret)
{
    uint32_t at = 0;

    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = pm->class[(uint8_t)value.p[i]];
        uint32_t len;

        if (c == 0) {
            at = 0;
            continue;
        }
        at = step(pm, at, c);
        len = pm->state[at].length;
        if (len > 0) {
            if (ret != NULL)
                *ret = (struct hb_slice){value.p + i + 1 - len, len};
            return true;
        }
    }
    return false;
}

/* Every failure leads to a state of less depth, so that a byte costs on the
 * average not more than two of these (Aho and Corasick, theorem 2). */
static uint32_t step(const struct hb_waf_pm *pm, uint32_t at, uint8_t class)
{
    for (;;) {
        const struct state *s = &pm->state[at];
        const struct edge *e = pm->edge + s->edge;

        if (s->row != NONE)
            return pm->cell[s->row + class];
        for (uint32_t i = 0; i < s->n_edges; i++)
            if (e[i].class == class)
                return e[i].to;
        at = s->fail;
    }
}

static uint32_t child_of(const struct hb_waf_pm_builder *b, uint32_t at,
                         uint8_t c)
{
    uint32_t i = b->node[at].child;

    while (i != NONE && b->node[i].byte != c)
        i = b->node[i].sibling;
    return i;
}

static int new_node(struct hb_waf_pm_builder *b, uint8_t c, uint32_t depth,
                    uint32_t *ret)
{
    if (b->n == HB_WAF_PM_STATES)
        return -EFBIG;
    if (b->n == b->cap) {
        uint32_t cap = b->cap == 0 ? 64 : b->cap * 2;
        struct node *more = realloc(b->node, cap * sizeof(*more));

        if (more == NULL)
            return -ENOMEM;
        b->node = more;
        b->cap = cap;
    }
    b->node[b->n] = (struct node){
        .child = NONE, .sibling = NONE, .byte = c, .depth = depth};
    *ret = b->n++;
    return 0;
}

/* Length of |41 42| at the start of W with its bars, 0 where that does not
 * stand there; what is between them in *RET (may be NULL). */
static size_t bars(struct hb_slice w, struct hb_slice *ret)
{
    const char *end =
        w.n > 2 && w.p[0] == '|' ? memchr(w.p + 1, '|', w.n - 1) : NULL;
    size_t digits = 0, n = end != NULL ? (size_t)(end - w.p) : 0;

    for (size_t i = 1; i < n; i++) {
        if (hb_hex_digit(w.p[i]) >= 0)
            digits++;
        else if (!blank(w.p[i]) || digits % 2 != 0)
            return 0;
    }
    if (digits == 0 || digits % 2 != 0)
        return 0;
    if (ret != NULL)
        *ret = (struct hb_slice){w.p + 1, n - 1};
    return n + 1;
}

/* W with its |hex| undone into OUT, which holds W.n bytes; its length. */
static size_t unhex(struct hb_slice w, char *out)
{
    size_t n = 0, i = 0;

    while (i < w.n) {
        struct hb_slice hex;
        size_t used = bars((struct hb_slice){w.p + i, w.n - i}, &hex);

        if (used == 0) {
            out[n++] = w.p[i++];
            continue;
        }
        for (size_t k = 0; k + 1 < hex.n; k++)
            if (!blank(hex.p[k])) {
                out[n++] = (char)(hb_hex_digit(hex.p[k]) << 4 |
                                  hb_hex_digit(hex.p[k + 1]));
                k++;
            }
        i += used;
    }
    return n;
}

static int add_escaped(struct hb_waf_pm_builder *b, struct hb_slice w)
{
    char *copy;
    int r;

    if (w.n == 0 || memchr(w.p, '|', w.n) == NULL)
        return hb_waf_pm_add(b, w);
    copy = malloc(w.n);
    if (copy == NULL)
        return -ENOMEM;
    r = hb_waf_pm_add(b, (struct hb_slice){copy, unhex(w, copy)});
    free(copy);
    return r;
}

/* Breadth first: QUEUE gets the states in that order.  A state takes over the
 * phrase of its failure where none of its own ends there. */
static void link_fails(struct hb_waf_pm_builder *b, uint32_t *queue)
{
    uint32_t head = 0, tail = 1;

    queue[0] = 0;
    while (head < tail) {
        uint32_t at = queue[head++];

        for (uint32_t i = b->node[at].child; i != NONE;
             i = b->node[i].sibling) {
            uint32_t f = at, to = NONE;

            while (f != 0 && to == NONE) {
                f = b->node[f].fail;
                to = child_of(b, f, b->node[i].byte);
            }
            b->node[i].fail = to != NONE ? to : 0;
            if (b->node[i].length == 0)
                b->node[i].length = b->node[b->node[i].fail].length;
            queue[tail++] = i;
        }
    }
}

static void classify(const struct hb_waf_pm_builder *b, struct hb_waf_pm *pm)
{
    pm->classes = 1;
    for (uint32_t i = 1; i < b->n; i++) {
        uint8_t c = b->node[i].byte;

        if (pm->class[c] != 0)
            continue;
        pm->class[c] = (uint8_t)pm->classes++;
        if (c >= 'a' && c <= 'z')
            pm->class[c - 0x20] = pm->class[c];
    }
}

static void lay_out(const struct hb_waf_pm_builder *b, struct hb_waf_pm *pm,
                    const uint32_t *queue)
{
    uint32_t cells = 0, edges = 0;

    for (uint32_t q = 0; q < b->n; q++) {
        uint32_t at = queue[q];
        const struct node *n = &b->node[at];
        struct state *s = &pm->state[at];

        s->fail = n->fail;
        s->length = n->length;
        s->edge = edges;
        s->row = NONE;
        if (n->depth <= DENSE) {
            s->row = cells;
            cells += pm->classes;
            /* What fits nowhere goes where the failure's row goes (which is
             * nearer to the root, so it is filled already). */
            if (at != 0)
                memcpy(pm->cell + s->row, pm->cell + pm->state[n->fail].row,
                       pm->classes * sizeof(*pm->cell));
        }
        for (uint32_t i = n->child; i != NONE; i = b->node[i].sibling) {
            uint8_t c = pm->class[b->node[i].byte];

            if (s->row != NONE)
                pm->cell[s->row + c] = i;
            else
                pm->edge[edges++] = (struct edge){c, i};
        }
        s->n_edges = edges - s->edge;
    }
    pm->n_edges = edges;
}

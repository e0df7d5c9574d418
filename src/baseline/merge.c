/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge.c - a small change laid over what is in force, so that publishing 100
 * files does not read the other 100,000 again.
 *
 * Runs in the publisher.  OLD was verified before; what is laid over it was
 * read from a tree.  Both are sorted, so one pass merges them.
 */
#include "base/fault.h"
#include "baseline/tree.h"

struct merge {
    struct hb_tree *out;
    struct hb_arena *arena;
    const struct hb_slice *removed;
    size_t n_removed;
    struct hb_slice gone; /* a directory that became something else */
};

static int lay(struct merge *m, const struct hb_baseline *old,
               const struct hb_tree *over, bool keep_dirs);
static int take_old(struct merge *m, const struct hb_base_entry *e);
static int take_new(struct merge *m, const struct hb_base_entry *e);
static bool removed(const struct merge *m, struct hb_slice path);
static int by_path(const void *a, const void *b);
static bool below(struct hb_slice dir, struct hb_slice path);
static int regroup(struct merge *m);

int hb_tree_lay(const struct hb_baseline *old, const struct hb_tree *over,
                bool keep_dirs, const struct hb_slice *gone, size_t n_gone,
                struct hb_tree *ret)
{
    size_t most = (size_t)hb_baseline_count(old) + over->n;
    _cleanup_free_ struct hb_slice *sorted = NULL;
    struct hb_tree out = {0};
    struct merge m = {.out = &out, .n_removed = n_gone};
    int r = -ENOMEM;

    out.arenas[0] = m.arena = hb_arena_new(4ull << 30);
    out.v = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(most, sizeof(*out.v));
    sorted = calloc(n_gone + 1, sizeof(*sorted));
    if (m.arena != NULL && out.v != NULL && sorted != NULL) {
        if (n_gone > 0)
            memcpy(sorted, gone, n_gone * sizeof(*sorted));
        qsort(sorted, n_gone, sizeof(*sorted), by_path);
        m.removed = sorted;
        r = lay(&m, old, over, keep_dirs);
    }
    if (r == 0)
        r = regroup(&m);
    if (r < 0) {
        hb_tree_done(&out);
        return r;
    }
    *ret = out;
    return 0;
}

static int lay(struct merge *m, const struct hb_baseline *old,
               const struct hb_tree *over, bool keep_dirs)
{
    uint32_t i = 0, n = hb_baseline_count(old);
    size_t j = 0;
    int r = 0;

    while (r == 0 && (i < n || j < over->n)) {
        struct hb_base_entry a = {0};
        const struct hb_base_entry *b = j < over->n ? over->v[j] : NULL;
        int order = 1;

        if (i < n)
            HB_ASSERT(hb_baseline_get(old, i, &a) == 0);
        if (i < n && b != NULL)
            order = hb_path_order(a.path, b->path);
        i += b == NULL || order <= 0;
        j += b != NULL && order >= 0;
        if (b == NULL || order < 0) {
            r = take_old(m, &a);
        } else if (order == 0 && keep_dirs && a.type == HB_BT_DIR &&
                   b->type == HB_BT_DIR) {
            r = take_old(m, &a);
        } else {
            if (order == 0 && a.type == HB_BT_DIR && b->type != HB_BT_DIR)
                m->gone = a.path;
            r = take_new(m, b);
        }
    }
    return r;
}

static int take_old(struct merge *m, const struct hb_base_entry *e)
{
    struct hb_base_entry *copy;

    if (removed(m, e->path) || below(m->gone, e->path))
        return 0;
    copy = HB_NEW(m->arena, struct hb_base_entry);
    if (copy == NULL)
        return -ENOMEM;
    *copy = *e;
    m->out->v[m->out->n++] = copy;
    return 0;
}

/* Its groups of links are others than OLD's: marked with the highest bit
 * until all are numbered anew. */
static int take_new(struct merge *m, const struct hb_base_entry *e)
{
    struct hb_base_entry *copy = HB_NEW(m->arena, struct hb_base_entry);

    if (copy == NULL)
        return -ENOMEM;
    *copy = *e;
    if (copy->nlink_group != 0)
        copy->nlink_group |= 1u << 31;
    m->out->v[m->out->n++] = copy;
    return 0;
}

/* The path itself or a directory above it. */
static bool removed(const struct merge *m, struct hb_slice path)
{
    if (m->n_removed == 0)
        return false;
    for (size_t n = 1; n <= path.n; n++) {
        struct hb_slice part = hb_slice(path.p, n);

        if (n < path.n && path.p[n] != '/')
            continue;
        if (bsearch(&part, m->removed, m->n_removed, sizeof(part), by_path) !=
            NULL)
            return true;
    }
    return false;
}

static bool below(struct hb_slice dir, struct hb_slice path)
{
    return dir.n > 0 && path.n > dir.n && path.p[dir.n] == '/' &&
           memcmp(dir.p, path.p, dir.n) == 0;
}

static int by_path(const void *a, const void *b)
{
    const struct hb_slice *x = a, *y = b;

    return hb_path_order(*x, *y);
}

static int by_group(const void *a, const void *b)
{
    const struct hb_base_entry *const *x = a, *const *y = b;

    if ((*x)->nlink_group != (*y)->nlink_group)
        return (*x)->nlink_group < (*y)->nlink_group ? -1 : 1;
    return hb_path_order((*x)->path, (*y)->path);
}

/* A group may have lost members; what is left counts. */
static int regroup(struct merge *m)
{
    _cleanup_free_ struct hb_base_entry **v = NULL;
    uint32_t group = 0;
    size_t n = 0;

    for (size_t i = 0; i < m->out->n; i++)
        n += m->out->v[i]->nlink_group != 0;
    if (n == 0)
        return 0;
    v = hb_fault(HB_FAULT_ALLOC) ? NULL
                                 : calloc(n, sizeof(struct hb_base_entry *));
    if (v == NULL)
        return -ENOMEM;
    n = 0;
    for (size_t i = 0; i < m->out->n; i++)
        if (m->out->v[i]->nlink_group != 0)
            v[n++] = m->out->v[i];
    qsort(v, n, sizeof(struct hb_base_entry *), by_group);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && v[end]->nlink_group == v[i]->nlink_group;
             end++)
            ;
        group += end - i > 1;
        for (size_t k = end; k-- > i;) {
            v[k]->nlink = (uint32_t)(end - i);
            v[k]->nlink_group = end - i > 1 ? group : 0;
        }
    }
    return 0;
}

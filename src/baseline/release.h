/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release.h - inside baseline/: the steps that every way of publishing shares.
 */
#ifndef HB_BASELINE_RELEASE_H
#define HB_BASELINE_RELEASE_H

#include "baseline/publish.h"
#include "baseline/tree.h"

struct hb_release {
    int tree, site, lock;
    struct hb_objects *objects; /* NULL in a dry run */
    struct hb_baseline *old;    /* NULL: the site's first */
    struct hb_tree over;        /* what an overlay holds */
    uint64_t number;            /* the first that is free */
};
#define HB_RELEASE_INIT                                                        \
    {                                                                          \
        .tree = -1, .site = -1, .lock = -1                                     \
    }

/* Directories, lock, what is in force (verified), the next number. */
int hb_release_begin(struct hb_release *rel, const struct hb_publish *how,
                     struct hb_err *err) HB_WUR;
struct hb_base_build hb_release_build(const struct hb_release *rel,
                                      const struct hb_publish *how);
/* Counts and shows what NEXT changes. */
int hb_release_show(struct hb_release *rel, const struct hb_publish *how,
                    const struct hb_baseline *next,
                    struct hb_published *out) HB_WUR;
/* Table, changes shown, content durable, signature, pointer. */
int hb_release_end(struct hb_release *rel, const struct hb_publish *how,
                   const struct hb_tree *tree,
                   const struct hb_base_stats *stats, struct hb_published *ret,
                   struct hb_err *err) HB_WUR;
int hb_release_point(struct hb_release *rel, const struct hb_publish *how,
                     uint64_t number) HB_WUR;
void hb_release_done(struct hb_release *rel);

#endif

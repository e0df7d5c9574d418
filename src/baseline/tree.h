/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - inside baseline/: a directory tree as entries in memory.
 */
#ifndef HB_BASELINE_TREE_H
#define HB_BASELINE_TREE_H

#include "baseline/object.h"
#include "baseline/table.h"

#define HB_TREE_THREADS 8u

/* Sorted by path, the root first; all memory in the arenas. */
struct hb_tree {
    struct hb_base_entry **v;
    size_t n;
    struct hb_arena *arenas[HB_TREE_THREADS];
};

/* Reads all below HOW->root (dir, objdir and site are not used); content that
 * OBJECTS (may be NULL) lacks is added to it. */
int hb_tree_scan(const struct hb_base_build *how, struct hb_objects *objects,
                 struct hb_tree *ret, struct hb_base_stats *ret_stats,
                 struct hb_err *err) HB_WUR;
/* Reads the N PATHS only, in their order, each alone (a directory without
 * what is below); v[i] is NULL where there is none or it is no file, link or
 * directory. */
int hb_tree_paths(const struct hb_base_build *how, struct hb_objects *objects,
                  const struct hb_slice *paths, size_t n, struct hb_tree *ret,
                  struct hb_base_stats *ret_stats, struct hb_err *err) HB_WUR;
void hb_tree_done(struct hb_tree *t);
#define _cleanup_tree_ HB_CLEANUP(hb_tree_done)

/* TREE's table in memory, unsigned. */
int hb_base_make(const struct hb_table_head *head, const struct hb_tree *tree,
                 struct hb_baseline **ret) HB_WUR;
/* B's bytes as NUMBER.base of DIRFD, durable. */
int hb_base_write(int dirfd, const struct hb_baseline *b) HB_WUR;

/* OLD with OVER laid on it: OVER's entries replace those of the same path
 * (directories that OLD has keep what OLD says where KEEP_DIRS), and REMOVED
 * paths go with what is below.  *RET borrows from both. */
int hb_tree_lay(const struct hb_baseline *old, const struct hb_tree *over,
                bool keep_dirs, const struct hb_slice *removed,
                size_t n_removed, struct hb_tree *ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - every name below a directory, without recursion and bounded.
 */
#ifndef HB_SENSE_FILES_WALK_H
#define HB_SENSE_FILES_WALK_H

#include "base/base.h"

#define HB_WALK_PENDING (16u << 20) /* bytes of directories still to visit */

/* One name: DIRFD and NAME to open it, PATH (N bytes, terminated) from the
 * root of the walk.  TYPE is DT_* and may be DT_UNKNOWN.  Positive: do not
 * descend; negative ends the walk and is returned. */
typedef int hb_walk_fn(void *arg, int dirfd, const char *name, const char *path,
                       size_t n, unsigned char type);

struct hb_walk_stats {
    uint64_t entries;
    uint64_t skipped; /* too long, unreadable, or past HB_WALK_PENDING */
};

/* Walks ROOTFD/PREFIX ("" for all; the prefix itself is not reported).  No
 * symbolic link is followed.  -ENOENT, -ENOTDIR where PREFIX is none. */
int hb_walk(int rootfd, const char *prefix, hb_walk_fn *fn, void *arg,
            struct hb_walk_stats *ret) HB_WUR;

#endif

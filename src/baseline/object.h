/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.h - inside baseline/: writing the content store.
 *
 * A session gathers new objects under objects/tmp; hb_objects_commit() makes
 * their content durable, then gives them their names, then makes the names
 * durable.  One session at a time (the lock), any number of threads in it.
 */
#ifndef HB_BASELINE_OBJECT_H
#define HB_BASELINE_OBJECT_H

#include "baseline/baseline.h"

/* "ab/cdef..." and NUL */
#define HB_OBJECT_NAME_SIZE (HB_SHA256_SIZE * 2 + 2)

void hb_object_name(const uint8_t sha256[HB_SHA256_SIZE],
                    char ret[HB_OBJECT_NAME_SIZE]);

struct hb_objects;

/* Makes what is missing of OBJDIR's inner directories and removes what a
 * crash left in tmp.  The caller holds the lock. */
int hb_objects_begin(int objdir, struct hb_objects **ret) HB_WUR;
/* True where the store has SHA256 with SIZE bytes. */
bool hb_objects_has(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    uint64_t size);
/* Adds content that hashes to SHA256 (the caller has hashed these bytes).
 * Returns 1 where it was added, 0 where it is there already. */
int hb_objects_add(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                   const void *p, size_t n) HB_WUR;
/* The same from FD (SIZE bytes), hashed on the way: -EAGAIN where it is no
 * longer that content. */
int hb_objects_copy(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    uint64_t size, int fd, struct hb_sha256 *scratch) HB_WUR;
/* Opens what was added (or was there), before the commit too. */
int hb_objects_open(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    int *ret_fd) HB_WUR;
int hb_objects_commit(struct hb_objects *o) HB_WUR;
/* Frees; what was not committed is removed. */
void hb_objects_end(struct hb_objects *o);

/* The lock of all publishing and pruning: -EBUSY where another holds it. */
int hb_objects_lock(int objdir, int *ret_fd) HB_WUR;

#endif

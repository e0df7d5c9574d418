/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - two workers that hash, and a way back into the event loop.
 */
#ifndef HB_SENSE_FILES_POOL_H
#define HB_SENSE_FILES_POOL_H

#include "base/loop.h"
#include "crypto/crypto.h"

struct hb_pool;

/* One piece of work, the head of the user's own struct.  WORK runs in a
 * worker with a hash of its own, DONE afterwards in the loop's thread (and
 * frees it). */
struct hb_pool_job {
    struct hb_pool_job *next;
    void (*work)(struct hb_pool_job *j, struct hb_sha256 *scratch);
    void (*done)(void *arg, struct hb_pool_job *j);
};

int hb_pool_new(struct hb_loop *l, unsigned threads, void *arg,
                struct hb_pool **ret) HB_WUR;
/* Waits for the work in hand; what waits is done too. */
void hb_pool_free(struct hb_pool *p);
void hb_pool_add(struct hb_pool *p, struct hb_pool_job *j);
/* Jobs added and not yet done. */
size_t hb_pool_waiting(const struct hb_pool *p);

#endif

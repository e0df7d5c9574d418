/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h - what has to be done from time to time, and the rotation of keys.
 *
 * A timer calls hb_share_keep() each 30 s; several processes may.  What cannot
 * be taken back (contents of what expired, drafts, old rows of the trail)
 * waits until the wall clock has agreed with the one that never steps for an
 * hour since the boot or its last jump of more than 5 minutes; and once such
 * a time was seen, a clock that is put back makes nothing younger.  What is
 * revoked or deleted goes whatever the clock says.
 */
#ifndef HB_GUARD_SHARE_KEEP_H
#define HB_GUARD_SHARE_KEEP_H

#include "guard/share/share.h"

struct hb_share_kept {
    int64_t expired, shredded, reminded;
    int64_t dropped;  /* uploads that nobody goes on with */
    int64_t trail;    /* rows past their time */
    bool clock_moved; /* the wall clock does not count for now */
};

struct hb_share_reminder {
    int64_t share, recipient;
    const char *mail, *owner;
    int64_t expires;
};
/* Mails one (they have not fetched everything); negative: it did not work and
 * is tried after an hour.  A process that dies inside may remind twice. */
typedef int hb_share_remind_fn(void *arg, const struct hb_share_reminder *r);

/* The first error, after all that could be done was done.  FN NULL: nobody is
 * reminded. */
int hb_share_keep(struct hb_share_store *s, hb_share_remind_fn *fn, void *arg,
                  struct hb_share_kept *ret) HB_WUR;

/* A new key-encryption key; every share's key is wrapped again, then the old
 * one is gone.  One that broke off goes on at the next call; until then both
 * open.  *RET_DAMAGED: key files that could not be read, before it either. */
int hb_share_rotate(struct hb_share_store *s, int64_t *ret_damaged) HB_WUR;

#endif

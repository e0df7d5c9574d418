/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared.h - what outlives one request, in one bounded region of memory that
 * several worker processes share: tables of entries by hash, a clock that
 * does not jump, counters.
 *
 * The server gives the region (nginx: a shared zone; tests: mmap() with
 * MAP_SHARED and fork()).  A part of it for each kind of entry, so that a
 * flood of one kind cannot push out another (bans above all).  A part is an
 * array of buckets; a bucket holds a fixed number of entries and is chosen by
 * SipHash under a key drawn when the region is laid out.  Nothing in the
 * region says where anything lies: no pointer, no offset, no chain, so there
 * is nothing to follow that could be wrong.  Where a bucket is full, the
 * entry of it goes that would expire first.
 *
 * Locks.  Each bucket has a word: 0, or process id and turn of who holds it.
 * Held for the handling of one entry, nanoseconds.  Robust process-shared
 * mutexes (POSIX) were rejected: glibc keeps a list of held ones through
 * pointers in the mutexes themselves, here in memory that a dying or hostile
 * worker may have spoilt, and each costs 40 bytes.  Who meets a held word
 * spins, yields, sleeps, at most HB_WAF_LOCK_MS in all, then gets -EBUSY and
 * does without (a request passes, a value is not stored); who comes while the
 * same turn still holds does not wait again.  A word is taken over where its
 * process is no more (kill(pid, 0): ESRCH), or where one turn held it for
 * HB_WAF_STALE_MS, whatever process has the number: killed and not yet waited
 * for, stopped, or another one that got the number later.  The holder notes
 * which entry it writes; who takes over throws that one away.
 *
 * A worker may be killed anywhere and then leaves any bytes: whoever reads
 * takes lengths and times for foreign ones.
 */
#ifndef HB_GUARD_WAF_SHARED_H
#define HB_GUARD_WAF_SHARED_H

#include <stdatomic.h>

#include "base/err.h"

#define HB_WAF_SHARED_MIN ((size_t)1 << 20)
#define HB_WAF_LOCK_MS    10u
#define HB_WAF_STALE_MS   10000u

/* Shares in percent: HB_WAF_SHARES in shared.c. */
enum hb_waf_shared_part {
    HB_WAF_PART_RATE,   /* rate.c: limits */
    HB_WAF_PART_SCORE,  /* rate.c: behaviour of addresses */
    HB_WAF_PART_BAN,    /* rate.c: bans */
    HB_WAF_PART_SMALL,  /* store.c: collections of up to 224 bytes */
    HB_WAF_PART_MIDDLE, /* up to 992 */
    HB_WAF_PART_LARGE,  /* up to 10,848 */
    HB_WAF_PART_COUNT
};

enum hb_waf_counter {
    HB_WAF_COUNT_LIMITED,    /* requests over a rate */
    HB_WAF_COUNT_REFUSED,    /* requests of banned addresses */
    HB_WAF_COUNT_BANS,       /* bans begun */
    HB_WAF_COUNT_EVICTED,    /* entries that went before their time */
    HB_WAF_COUNT_BUSY,       /* somebody did without, see above */
    HB_WAF_COUNT_TAKEN_OVER, /* locks of the dead */
    HB_WAF_COUNT_NOT_STORED, /* values that did not fit into a collection */
    HB_WAF_COUNT_COUNT
};

struct hb_waf_shared; /* what one process knows of the region */

/* Attaches to the SIZE bytes at MEMORY, which outlive the result; lays them
 * out anew where they are not of this version and size (a fresh region is
 * zero).  Called before others use the region, by the process that made it;
 * the result is good in its children too.  1: laid out anew, 0: as it was;
 * -EINVAL: too small; -ENOMEM. */
int hb_waf_shared_init(void *memory, size_t size, struct hb_waf_shared **ret,
                       struct hb_err *err) HB_WUR;
void hb_waf_shared_free(struct hb_waf_shared *s);
void hb_waf_shared_freep(struct hb_waf_shared **s);
#define _cleanup_waf_shared_ HB_CLEANUP(hb_waf_shared_freep)

uint64_t hb_waf_shared_counter(const struct hb_waf_shared *s,
                               enum hb_waf_counter which);
/* How many entries a part has room for. */
size_t hb_waf_shared_room(const struct hb_waf_shared *s,
                          enum hb_waf_shared_part part);

/* The region's own time, in ms, from RAW: ms of CLOCK_BOOTTIME, which is one
 * clock for all processes.  It never goes back and takes at most
 * HB_WAF_STEP_MS in one step, so that a clock that jumps, or goes back, frees
 * nobody and bans nobody: from then on it is off by the jump.  So that quiet
 * hours count in full, the server calls it from a timer more often than that.
 * Functions of rate.h and store.h take RAW and call it. */
#define HB_WAF_STEP_MS  60000u
#define HB_WAF_SLACK_MS 1000u /* by which workers may read out of turn */
uint64_t hb_waf_shared_now(struct hb_waf_shared *s, uint64_t raw);

/* ---- for rate.c and store.c ---- */

#define HB_WAF_LIFE_MS (400ull * 24 * 3600 * 1000) /* no entry lives longer */

/* Every entry begins with it. */
struct hb_waf_slot {
    _Atomic uint64_t id; /* hash of the key; 0: free */
    _Atomic uint64_t expires;
};

struct hb_waf_table;
struct hb_waf_bucket;

struct hb_waf_held {
    struct hb_waf_shared *s;
    const struct hb_waf_table *t;
    struct hb_waf_bucket *b;
    uint64_t word;
};

/* Hash of KEY, never 0.  SALT tells kinds of keys apart. */
uint64_t hb_waf_shared_hash(const struct hb_waf_shared *s, uint64_t salt,
                            struct hb_slice key);
void hb_waf_shared_count(struct hb_waf_shared *s, enum hb_waf_counter which);

/* Locks the bucket of ID in PART.  -EBUSY, and then H holds nothing. */
int hb_waf_held_lock(struct hb_waf_shared *s, enum hb_waf_shared_part part,
                     uint64_t id, struct hb_waf_held *ret) HB_WUR;
void hb_waf_held_unlock(struct hb_waf_held *h); /* also where nothing is held */
/* The live entry of ID, or NULL. */
void *hb_waf_held_find(const struct hb_waf_held *h, uint64_t id, uint64_t now);
/* To be called before an entry is written. */
void hb_waf_held_touch(struct hb_waf_held *h, const void *entry);
/* An entry for ID, zero past its slot, touched: a free one, or the one that
 * expires first.  NULL only with KEEP: where all others outlive EXPIRES. */
void *hb_waf_held_claim(struct hb_waf_held *h, uint64_t id, uint64_t now,
                        uint64_t expires, bool keep);
void hb_waf_held_erase(struct hb_waf_held *h, void *entry);

/* The live entry of ID without a lock, or NULL: it may change or go under the
 * reader, who reads atomic words and trusts none of them. */
void *hb_waf_shared_peek(const struct hb_waf_shared *s,
                         enum hb_waf_shared_part part, uint64_t id,
                         uint64_t now);
/* A copy of each live entry of a part with entries of up to 64 bytes, in no
 * order, no lock held meanwhile.  Stops where FN returns other than 0, which
 * is then the result; buckets that are busy are left out. */
int hb_waf_shared_each(struct hb_waf_shared *s, enum hb_waf_shared_part part,
                       uint64_t now, int (*fn)(void *arg, const void *entry),
                       void *arg) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - SecLang's persistent collections (IP, GLOBAL, SESSION, USER,
 * RESOURCE) in a region that the workers of a server share (shared.h).
 *
 * initcol, setsid, setuid and setrsc name a collection; setvar and expirevar
 * change it, at once and in one step each: two workers that add are both
 * counted.  Nothing is read or written before a collection was named, and
 * naming it costs two hashes.
 *
 * A collection is gone once nothing was written to it for its timeout
 * (SecCollectionTimeout).  Names are compared without regard to case.  What
 * ModSecurity 2 adds by itself (CREATE_TIME, IS_NEW, KEY, LAST_UPDATE_TIME,
 * TIMEOUT, UPDATE_COUNTER, UPDATE_RATE) is not there: no version of the CRS
 * asks for it.
 *
 * All functions but hb_waf_store_name() may say -EBUSY (shared.h): then
 * nothing was read or changed.  RAW is ms of CLOCK_BOOTTIME.
 */
#ifndef HB_GUARD_WAF_STORE_H
#define HB_GUARD_WAF_STORE_H

#include "guard/waf/list.h"
#include "guard/waf/names.h"
#include "guard/waf/shared.h"

#define HB_WAF_STORE_VARS  32u  /* in one collection */
#define HB_WAF_STORE_NAME  64u  /* bytes of a name, at least 1 */
#define HB_WAF_STORE_VALUE 256u /* bytes of a value */

/* Which collection is meant; a value, holds nothing. */
struct hb_waf_store {
    struct hb_waf_shared *s; /* NULL: none was named */
    uint64_t id, check;      /* hashes of which one */
    uint64_t timeout_ms;
};

/* The collection KEY of COLL ("IP", "192.0.2.1"); SPACE keeps applications
 * apart (SecWebAppId), empty for none.  TIMEOUT_S of 0: an hour. */
void hb_waf_store_name(struct hb_waf_store *c, struct hb_waf_shared *s,
                       enum hb_waf_coll coll, struct hb_slice space,
                       struct hb_slice key, uint32_t timeout_s);

/* Adds all live variables to L, in the order in which they were set first;
 * their bytes lie in A.  -ENOMEM, -EFBIG: L may then hold some of them. */
int hb_waf_store_get(const struct hb_waf_store *c, uint64_t raw,
                     struct hb_arena *a, struct hb_waf_list *l) HB_WUR;
/* One of them.  1: RET is its value, in A; 0: there is none; -ENOMEM. */
int hb_waf_store_value(const struct hb_waf_store *c, struct hb_slice name,
                       uint64_t raw, struct hb_arena *a,
                       struct hb_slice *ret) HB_WUR;

/* -E2BIG: a name or value is too long, -ENOSPC: too many variables; both count
 * as HB_WAF_COUNT_NOT_STORED.  An expiry that the variable has stays. */
int hb_waf_store_set(const struct hb_waf_store *c, struct hb_slice name,
                     struct hb_slice value, uint64_t raw) HB_WUR;
/* Adds BY to the number that the value begins with (0 where it is none or is
 * not there); stops at the ends of 64 bits.  RET may be NULL. */
int hb_waf_store_add(const struct hb_waf_store *c, struct hb_slice name,
                     int64_t by, uint64_t raw, int64_t *ret) HB_WUR;
/* 1: there was one, 0. */
int hb_waf_store_unset(const struct hb_waf_store *c, struct hb_slice name,
                       uint64_t raw) HB_WUR;
/* After SECONDS from now on the variable is gone; 0: at once.  1: there is
 * such a variable, 0. */
int hb_waf_store_expire(const struct hb_waf_store *c, struct hb_slice name,
                        uint32_t seconds, uint64_t raw) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h - values with names, in the order in which they came: arguments,
 * headers, cookies, files.  Names may be there twice.  All of it lies in the
 * arena of a request; a slice may also lie in the request's own bytes, which
 * stay as long.
 */
#ifndef HB_GUARD_WAF_LIST_H
#define HB_GUARD_WAF_LIST_H

#include "base/arena.h"

#define HB_WAF_LIST_MAX 65536u /* values of one list */

struct hb_waf_spared;

struct hb_waf_value {
    struct hb_slice name, value;
    const struct hb_waf_spared *spared; /* rules that leave this one value
                                           alone; the engine's */
    /* Notes of the engine: 1 + index of what it remembers of the value and of
     * the name (in TX the slot of the name, in MATCHED_VARS the variable); 0
     * where there is none yet. */
    uint32_t cell, name_cell;
};

struct hb_waf_list {
    struct hb_waf_value *item;
    uint32_t n, room;
};

/* Whether A and B are one name: ASCII letters count without regard to case,
 * in any locale. */
static inline bool hb_waf_name_eq(struct hb_slice a, struct hb_slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned x = (uint8_t)a.p[i], y = (uint8_t)b.p[i];

        if (x != y && ((x | 0x20) != (y | 0x20) || (x | 0x20) - 'a' >= 26u))
            return false;
    }
    return true;
}

/* Adds at the end; slices are borrowed.  -EFBIG past HB_WAF_LIST_MAX, -ENOMEM;
 * the list is then as it was. */
int hb_waf_list_add(struct hb_waf_list *l, struct hb_arena *a,
                    struct hb_slice name, struct hb_slice value) HB_WUR;
/* The first value of that name, whatever its case; NULL where there is none. */
const struct hb_waf_value *hb_waf_list_get(const struct hb_waf_list *l,
                                           struct hb_slice name);

#endif

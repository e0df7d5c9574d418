/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_int.h - what gate.c builds and gate_scan.c reads.
 *
 * A pattern is a conjunction of clauses, one a slot; what is left of its
 * slots holds always.  A clause is "a byte of these kinds, or one of these
 * literals".  A set of (slot, pattern) is a row of words, slot by slot.
 *
 * A literal is found by a gram, its rarest run of 4 bytes (all of it where it
 * is shorter).  The grams of each length are hashed into a table of bits,
 * which nearly every place of a value misses, and into buckets.  Unlike the
 * states of an automaton (pm.h) the look-ups of neighbouring places do not
 * wait for each other, and 10,000 literals fit a processor's first caches.
 */
#ifndef HB_GUARD_WAF_GATE_INT_H
#define HB_GUARD_WAF_GATE_INT_H

#include "guard/waf/gate.h"
#include "guard/waf/gate_rx.h"

#define HB_WAF_GATE_GRAM 4u
#define HB_WAF_GATE_MIN  32u /* counts from here on are all the same */

struct hb_waf_gate_out {
    uint32_t word; /* in a row */
    uint64_t bit;
};

struct hb_waf_gate_lit {
    uint32_t text, n;    /* place in the pool, bytes */
    uint32_t gram;       /* bytes up to the end of its gram */
    uint32_t out, n_out; /* what it fulfils */
};

struct hb_waf_gate_entry {
    uint32_t key, lit;
};

/* Grams of one length. */
struct hb_waf_gate_table {
    uint32_t mask;  /* of the bytes of a gram, the last one lowest */
    unsigned shift; /* of the hash */
    uint64_t *bits;
    uint32_t *start; /* of the bucket of a hash; one more at the end */
    struct hb_waf_gate_entry *entry;
    uint32_t n;
};

struct hb_waf_gate {
    uint32_t patterns, words;
    uint32_t row; /* words of a row: HB_WAF_GATE_SLOTS times WORDS */
    uint8_t fold[256];
    struct {
        uint64_t kind;
        uint64_t count; /* marks, and bytes of no word in the upper half */
    } byte[256];
    uint64_t *init;  /* a row: what holds of every value */
    uint64_t *kinds; /* a row a kind: what a byte of it fulfils */
    /* WORDS a count: patterns for which so many are enough. */
    uint64_t *enough[HB_WAF_GATE_COUNTS];
    struct hb_waf_gate_table table[HB_WAF_GATE_GRAM - 1]; /* 2 bytes, 3, 4 */
    struct hb_waf_gate_lit *lit;
    struct hb_waf_gate_out *out;
    char *pool;
    uint32_t *classes, *literals; /* of a pattern, for people */
    size_t size;                  /* bytes in all */
    struct hb_arena *arena;       /* holds all of it */
};

static inline uint32_t hb_waf_gate_hash(const struct hb_waf_gate_table *t,
                                        uint32_t key)
{
    return (key & t->mask) * 0x9e3779b1u >> t->shift;
}

#endif

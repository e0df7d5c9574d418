/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_int.h - what gate.c builds and gate_scan.c reads.
 *
 * A pattern is a conjunction of clauses, one a slot; what is left of its
 * slots holds always.  A clause is "a byte of these kinds, or one of these
 * literals".  A set of (slot, pattern) is a row of words, slot by slot.
 *
 * A value is looked at as if a line end stood before it and behind it, so that
 * literals may hold what ^ and $ match.
 *
 * A literal is found by a gram, its rarest run of 4 bytes (all of it where it
 * is shorter).  The last bytes of the value, the newest one lowest, are
 * multiplied by one number; the lowest 16 bits of the product depend on the
 * last 2 bytes alone, the lowest 24 on 3, and so three tables of bits are
 * asked after one multiplication.  Nearly every place of a value misses them
 * all.  Unlike the states of an automaton (pm.h) the look-ups of neighbouring
 * places do not wait for each other, and 10,000 literals fit the first caches.
 */
#ifndef HB_GUARD_WAF_GATE_INT_H
#define HB_GUARD_WAF_GATE_INT_H

#include "guard/waf/gate.h"
#include "guard/waf/gate_rx.h"

#define HB_WAF_GATE_GRAM 4u
#define HB_WAF_GATE_MUL  0x9e3779b1u
#define HB_WAF_GATE_LOG  11u /* of the words of a table of bits */
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

/* First and last byte stand here, too: most literals that share a gram are
 * told apart by them, without a look at the literal. */
struct hb_waf_gate_entry {
    uint32_t key, lit;
    uint32_t before, behind; /* bytes up to the gram's end, and past it */
    char first, last;
};

/* Grams of one length. */
struct hb_waf_gate_table {
    uint32_t mask;   /* of the bytes of a gram, the last one lowest */
    unsigned shift;  /* from a product to its bucket */
    uint32_t *start; /* of a bucket; one more at the end */
    struct hb_waf_gate_entry *entry;
};

struct hb_waf_gate {
    uint32_t patterns, words;
    uint32_t row;      /* words of a row: HB_WAF_GATE_SLOTS times WORDS */
    uint8_t mark[256]; /* 1: a mark, 2: of no word */
    struct {
        uint64_t kind;
        uint64_t fold; /* the byte in lower case */
    } byte[256];
    uint64_t *init;  /* a row: what holds of every value */
    uint64_t *kinds; /* a row a kind: what a byte of it fulfils */
    /* WORDS a count: patterns for which so many are enough. */
    uint64_t *enough[HB_WAF_GATE_COUNTS];
    /* What grams of 2 bytes leave in the products, and those of 3 and 4. */
    uint64_t bits2[1024], bits3[1u << HB_WAF_GATE_LOG];
    uint64_t bits4[1u << HB_WAF_GATE_LOG];
    struct hb_waf_gate_table table[HB_WAF_GATE_GRAM - 1]; /* 2 bytes, 3, 4 */
    struct hb_waf_gate_lit *lit;
    struct hb_waf_gate_out *out;
    char *pool;
    uint32_t *classes, *literals; /* of a pattern, for people */
    size_t size;                  /* bytes in all */
    struct hb_arena *arena;       /* holds all of it */
};

/* The bucket of product P in T, whose grams have N bytes. */
static inline uint32_t hb_waf_gate_bucket(const struct hb_waf_gate_table *t,
                                          uint32_t p, uint32_t n)
{
    return p << (32 - 8 * n) >> t->shift;
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_tree.h - a regular expression as a tree, for the gate only.
 *
 * The tree is a superset of the expression: assertions and backreferences
 * stand in it as what they may hold, case, greed and the flags that only
 * change where an expression may match are left out.  What the reader does not
 * know is refused, never guessed.
 *
 * Source: pcre2pattern(3), PCRE2 10.42.
 */
#ifndef HB_GUARD_WAF_GATE_TREE_H
#define HB_GUARD_WAF_GATE_TREE_H

#include "base/arena.h"

#define HB_WAF_GATE_FOREVER UINT32_MAX /* no upper bound of repeats */

enum hb_waf_gate_type {
    HB_WAF_GATE_EMPTY, /* nothing: a boundary, a negative look */
    HB_WAF_GATE_START, /* ^ \A */
    HB_WAF_GATE_END,   /* $ \z \Z */
    HB_WAF_GATE_BYTE,  /* one byte out of SET */
    HB_WAF_GATE_ANY,   /* any bytes, also none */
    HB_WAF_GATE_CAT,   /* its children one behind the other */
    HB_WAF_GATE_ALT,   /* one of its children */
    HB_WAF_GATE_REP,   /* its child MIN to MAX times */
    HB_WAF_GATE_LOOK,  /* its child stands here, and takes no room */
};

struct hb_waf_gate_bytes {
    uint64_t w[4];
};

static inline bool hb_waf_gate_in(const struct hb_waf_gate_bytes *s, unsigned c)
{
    return (s->w[c >> 6] >> (c & 63) & 1) != 0;
}

struct hb_waf_gate_node {
    enum hb_waf_gate_type type;
    struct hb_waf_gate_node *first, *next; /* children; sibling */
    struct hb_waf_gate_bytes set;
    uint32_t min, max;
    bool known; /* for gate_rx.c: it has filled in the rest */
    unsigned bytes;
    uint64_t kinds;
};

/* The tree of PATTERN in A.  -EINVAL: not understood, -ENOMEM. */
int hb_waf_gate_tree(struct hb_arena *a, struct hb_slice pattern,
                     struct hb_waf_gate_node **ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_rx.h - what a value must hold for a regular expression to match it.
 *
 * The conditions are those of Google's codesearch ("Regular Expression
 * Matching with a Trigram Index", R. Cox, 2012) and of RE2's FilteredRE2:
 * exact sets of strings, heads, tails and required strings, worked out from
 * the leaves to the root.  Ours is a conjunction of clauses, and a clause may
 * say "or a byte of these kinds", so that noise between letters
 * (c["'\]*a["'\]*t) is taken into account as well.
 */
#ifndef HB_GUARD_WAF_GATE_RX_H
#define HB_GUARD_WAF_GATE_RX_H

#include "guard/waf/gate_fact.h"

#define HB_WAF_GATE_SLOTS 4u /* clauses of a pattern */

/* All clauses hold, and the value has so many of each count, or more. */
struct hb_waf_gate_facts {
    struct hb_waf_gate_strings clause[HB_WAF_GATE_SLOTS];
    unsigned n;
    uint32_t least[HB_WAF_GATE_COUNTS];
};

/* The facts of PATTERN, the best ones that were found, in A.  -EINVAL where
 * it is not understood, -ENOMEM. */
int hb_waf_gate_rx(struct hb_arena *a, struct hb_slice pattern,
                   struct hb_waf_gate_facts *ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_fact.h - what holds of every match of a part of an expression, and how
 * that of parts makes that of the whole.  Between gate_set.h and gate_rx.c.
 */
#ifndef HB_GUARD_WAF_GATE_FACT_H
#define HB_GUARD_WAF_GATE_FACT_H

#include "guard/waf/gate_set.h"

#define HB_WAF_GATE_CLASSES     6u
#define HB_WAF_GATE_STRINGS_MAX 4096u /* of a clause */

/* What is counted in a value: bytes, marks (punctuation but for that of
 * numbers and paths, and bytes that begin a longer character), and bytes of
 * no word. */
#define HB_WAF_GATE_COUNTS 3u
extern const uint64_t hb_waf_gate_counted[HB_WAF_GATE_COUNTS]; /* kinds */

/* What it says of strings holds for matches without a byte of their escape. */
struct hb_waf_gate_fact {
    bool exact;                          /* it is one of PRE; SUF is PRE */
    struct hb_waf_gate_strings pre, suf; /* it begins, it ends with one */
    struct hb_waf_gate_strings req;      /* it holds one of these */
    double p;                            /* of REQ; 1: nothing is known */
    uint64_t cls[HB_WAF_GATE_CLASSES];   /* it holds a byte of each */
    unsigned n_cls;
    uint32_t least[HB_WAF_GATE_COUNTS]; /* it holds so many of each count */
};

struct hb_waf_gate_run {
    struct hb_waf_gate_work work;
    uint64_t allowed; /* escapes for what may be left out */
    bool missed;      /* there were some that a later run may allow */
    struct hb_waf_gate_strings none; /* {""} */
};

/* Of what may be anything, and of what takes no room. */
struct hb_waf_gate_fact hb_waf_gate_anything(const struct hb_waf_gate_run *r);
struct hb_waf_gate_fact hb_waf_gate_empty(const struct hb_waf_gate_run *r);
/* Of X with Y behind it. */
struct hb_waf_gate_fact hb_waf_gate_cat(struct hb_waf_gate_run *r,
                                        const struct hb_waf_gate_fact *x,
                                        const struct hb_waf_gate_fact *y);
/* Of one of N, which is 1 or more. */
struct hb_waf_gate_fact hb_waf_gate_join(struct hb_waf_gate_run *r,
                                         const struct hb_waf_gate_fact *f,
                                         size_t n);
/* Few enough heads (tails where END) of SET. */
struct hb_waf_gate_strings hb_waf_gate_edge(
    struct hb_waf_gate_run *r, const struct hb_waf_gate_strings *set, bool end);
/* The best clause of F, one of a class where that is rarer, and how likely it
 * is to hold: 1 where there is none. */
struct hb_waf_gate_strings hb_waf_gate_pick(const struct hb_waf_gate_run *r,
                                            const struct hb_waf_gate_fact *f,
                                            double *ret_p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_set.h - sets of strings with an escape, and how rare they are.  What
 * gate_rx.c counts with.
 *
 * A set says of a piece of a value: it is one of these strings, or it holds a
 * byte of one of the kinds ESC.  Kinds are a fixed partition of the 256 bytes
 * into fewer than 64, so that a set of them is a word.
 */
#ifndef HB_GUARD_WAF_GATE_SET_H
#define HB_GUARD_WAF_GATE_SET_H

#include "guard/waf/gate_tree.h"

#define HB_WAF_GATE_P_MANY 0.95 /* ceiling of any number of strings */
#define HB_WAF_GATE_KINDS  46u
#define HB_WAF_GATE_LETTER                                                     \
    ((uint64_t)1 << 0) /* the two that no escape holds                         \
                        */
#define HB_WAF_GATE_DIGIT ((uint64_t)1 << 1)

struct hb_waf_gate_strings {
    struct hb_slice *s; /* folded to lower case */
    uint32_t n;
    uint64_t esc;
};

/* Memory for one expression; ERR sticks, results are then worth nothing. */
struct hb_waf_gate_work {
    struct hb_arena *arena;
    int err;
    uint32_t pairs[26]; /* of letters that stand in common words */
};

void hb_waf_gate_work_init(struct hb_waf_gate_work *w, struct hb_arena *a);

static inline uint8_t hb_waf_gate_fold(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* The kind of byte C. */
unsigned hb_waf_gate_kind(uint8_t c);
/* The kinds of which SET holds a byte. */
uint64_t hb_waf_gate_kinds(const struct hb_waf_gate_bytes *set);

/* How likely a value that is no attack is to hold a byte of KINDS, or the
 * string S, or one of SET: an estimate in 0 to 1. */
double hb_waf_gate_p_kinds(uint64_t kinds);
double hb_waf_gate_p_string(const struct hb_waf_gate_work *w,
                            struct hb_slice s);
double hb_waf_gate_p(const struct hb_waf_gate_work *w,
                     const struct hb_waf_gate_strings *set);

/* The share of C, folded, among the bytes of a value. */
double hb_waf_gate_share(uint8_t c);

/* {""} */
struct hb_waf_gate_strings hb_waf_gate_nothing(struct hb_waf_gate_work *w);
/* The strings of one byte of SET. */
struct hb_waf_gate_strings hb_waf_gate_singles(
    struct hb_waf_gate_work *w, const struct hb_waf_gate_bytes *set);
/* A string of A with one of B behind it. */
struct hb_waf_gate_strings hb_waf_gate_cross(
    struct hb_waf_gate_work *w, const struct hb_waf_gate_strings *a,
    const struct hb_waf_gate_strings *b);
/* A string of one of N sets; each once where ONCE. */
struct hb_waf_gate_strings hb_waf_gate_union(
    struct hb_waf_gate_work *w, const struct hb_waf_gate_strings *const *list,
    size_t n, bool once);
/* Leaves each once. */
void hb_waf_gate_once(struct hb_waf_gate_work *w,
                      struct hb_waf_gate_strings *set);
/* The first N bytes of each, or the last N; each once. */
struct hb_waf_gate_strings hb_waf_gate_heads(
    struct hb_waf_gate_work *w, const struct hb_waf_gate_strings *a, size_t n);
struct hb_waf_gate_strings hb_waf_gate_tails(
    struct hb_waf_gate_work *w, const struct hb_waf_gate_strings *a, size_t n);

#endif

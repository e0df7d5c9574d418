/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - which of many patterns a value may match, from one pass over it.
 *
 * Nearly every pattern of a rule set matches next to no value.  For each
 * pattern the gate works out at load what a value must hold for a match to be
 * possible at all: bytes out of certain classes, one of certain literal strings
 * (as in Google's codesearch and RE2's FilteredRE2), and a number of bytes and
 * marks.  A pass over a value then tells a set of patterns outside which none
 * can match; those in it are tried by PCRE2.  The set may be too large, never
 * too small.  For phrases it is exact but for those of one byte and those that
 * begin or end with a line end: what is in it needs no second look but to
 * learn which phrase it was.
 *
 * Immutable when built, shared by threads; scanning writes only what the
 * caller gives and allocates nothing.  Letters count without regard to case
 * everywhere, so that t:lowercase and t:uppercase change nothing.
 */
#ifndef HB_GUARD_WAF_GATE_H
#define HB_GUARD_WAF_GATE_H

#include "base/base.h"

#define HB_WAF_GATE_MAX   1024u /* patterns */
#define HB_WAF_GATE_WORDS (HB_WAF_GATE_MAX / 64)

struct hb_waf_gate;
struct hb_waf_gate_builder;

/* A set of patterns, bit p % 64 of word p / 64. */
struct hb_waf_gate_set {
    uint64_t w[HB_WAF_GATE_WORDS];
};

static inline bool hb_waf_gate_has(const struct hb_waf_gate_set *s, uint32_t p)
{
    return (s->w[p >> 6] >> (p & 63) & 1) != 0;
}

/* NULL without memory. */
struct hb_waf_gate_builder *hb_waf_gate_builder_new(void) HB_WUR;
void hb_waf_gate_builder_free(struct hb_waf_gate_builder *b);

/* Adds a regular expression as rx.h compiles it (PCRE2, DOTALL, MULTILINE,
 * bytes), or phrases of which a value must hold one without regard to case
 * (@pm).  The number of the pattern, from 0; -ENOSPC past HB_WAF_GATE_MAX,
 * -ENOMEM.  What is not understood of an expression makes it one that is
 * always tried. */
int hb_waf_gate_add_rx(struct hb_waf_gate_builder *b,
                       struct hb_slice pattern) HB_WUR;
int hb_waf_gate_add_phrases(struct hb_waf_gate_builder *b,
                            const struct hb_slice *phrase, size_t n) HB_WUR;

/* -ENOMEM. */
int hb_waf_gate_build(struct hb_waf_gate_builder *b,
                      struct hb_waf_gate **ret) HB_WUR;
void hb_waf_gate_free(struct hb_waf_gate *g);
/* Words of a set that are in use, from word 0. */
uint32_t hb_waf_gate_words(const struct hb_waf_gate *g);
/* Bytes of memory. */
size_t hb_waf_gate_size(const struct hb_waf_gate *g);

/* The patterns that VALUE may match; words past hb_waf_gate_words() are left
 * alone. */
void hb_waf_gate_scan(const struct hb_waf_gate *g, struct hb_slice value,
                      struct hb_waf_gate_set *ret);

/* What the gate knows of pattern P, for people: number of byte classes and of
 * literals that it asks for, both 0 where it is always tried. */
void hb_waf_gate_explain(const struct hb_waf_gate *g, uint32_t p,
                         size_t *ret_classes, size_t *ret_literals);

#endif

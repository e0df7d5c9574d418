/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_class.h - sets of bytes as regular expressions write them: classes in
 * brackets and what stands behind a backslash.  Used by gate_tree.c.
 *
 * Source: pcre2pattern(3); the C locale, as PCRE2's own tables have it.
 */
#ifndef HB_GUARD_WAF_GATE_CLASS_H
#define HB_GUARD_WAF_GATE_CLASS_H

#include "guard/waf/gate_tree.h"

/* A place in an expression. */
struct hb_waf_gate_text {
    struct hb_slice s;
    size_t at;
};

/* The byte K behind the place, -1 where the expression ends before. */
static inline int hb_waf_gate_peek(const struct hb_waf_gate_text *t, size_t k)
{
    return t->at < t->s.n && k < t->s.n - t->at ? (uint8_t)t->s.p[t->at + k]
                                                : -1;
}

static inline void hb_waf_gate_put(struct hb_waf_gate_bytes *s, unsigned c)
{
    s->w[c >> 6] |= (uint64_t)1 << (c & 63);
}

enum hb_waf_gate_escape {
    HB_WAF_GATE_ESC_BAD = -1, /* not understood */
    HB_WAF_GATE_ESC_BYTE,     /* one byte */
    HB_WAF_GATE_ESC_SET,
};

/* Reads what stands behind a backslash and holds in classes and outside of
 * them; adds it to SET, and one byte goes to *RET_BYTE as well. */
enum hb_waf_gate_escape hb_waf_gate_escape(struct hb_waf_gate_text *t,
                                           struct hb_waf_gate_bytes *set,
                                           unsigned *ret_byte) HB_WUR;
/* Reads a class from behind its "[" to behind its "]" into SET.  False: not
 * understood. */
bool hb_waf_gate_class(struct hb_waf_gate_text *t,
                       struct hb_waf_gate_bytes *set) HB_WUR;

#endif

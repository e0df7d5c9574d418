/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator.h - the operators of SecLang (@rx, @pm, @within ...).
 *
 * Source: the reference manual of ModSecurity, "Operators"; numbers and empty
 * values as libmodsecurity 3 has them.  An operator is compiled once, when the
 * rules load, and is then immutable and shared by all threads; a match writes
 * to a struct hb_waf_match of its thread and allocates nothing (but for a
 * regular expression with macros in it, which is compiled each time).
 *
 * geoLookup and rbl are known and never match: there is no database, and no
 * rule may make this engine wait for the network.
 */
#ifndef HB_GUARD_WAF_OPERATOR_H
#define HB_GUARD_WAF_OPERATOR_H

#include "guard/waf/gate.h"
#include "guard/waf/rule.h"
#include "guard/waf/rx.h"

struct hb_waf_operator;

/* A detector that this file does not know (SQL injection, XSS): true where
 * VALUE is one; WHY, text for the log, may be left alone. */
typedef bool hb_waf_detect_fn(struct hb_slice value, char *why);

struct hb_waf_op_context {
    struct hb_waf_file *const *file; /* of pmFromFile and ipMatchFromFile */
    uint32_t n_file;
    hb_waf_detect_fn *sqli, *xss; /* NULL: rules that want them are refused */
    bool macros; /* the argument holds macros: it comes with each match */
    struct hb_waf_gate_builder *gate; /* gets the pattern; may be NULL */
};

/* What one thread writes in matches. */
struct hb_waf_match {
    struct hb_waf_rx_scratch *scratch; /* of this thread */
    /* After HB_WAF_OP_YES: what would go to TX.0 and so on; n is 0 where the
     * operator tells no parts.  Parts of the value. */
    struct hb_waf_rx_groups groups;
    char why[64]; /* of a detector, "" */
};

enum {
    HB_WAF_OP_NO = 0,
    HB_WAF_OP_YES = 1,
    HB_WAF_OP_LIMIT = 2, /* a limit of the regular expression was reached */
};

/* Compiles operator KIND with ARGUMENT, which is copied as far as it is
 * needed.  -EINVAL (a wrong argument; a word in a list of bytes that is no
 * number counts as 0), -ENOTSUP (refused, see names.h), -ENOMEM; all of them in
 * ERR. */
int hb_waf_op_compile(struct hb_waf_operator **ret, enum hb_waf_op kind,
                      struct hb_slice argument,
                      const struct hb_waf_op_context *context,
                      struct hb_err *err) HB_WUR;
void hb_waf_op_free(struct hb_waf_operator *op);
/* The number of its pattern in the gate, -1 where it has none. */
int hb_waf_op_pattern(const struct hb_waf_operator *op);

/* One of the three results above, or -EINVAL, -ENOMEM for a pattern that was
 * made from macros.  EXPANDED is the argument with its macros expanded, and
 * looked at only where there were any. */
int hb_waf_op_match(const struct hb_waf_operator *op, struct hb_waf_match *m,
                    struct hb_slice value, struct hb_slice expanded) HB_WUR;

#endif

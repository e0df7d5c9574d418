/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rx.h - regular expressions (@rx, @rxGlobal) on PCRE2 with its JIT.
 *
 * Flags as libmodsecurity 3: DOTALL and MULTILINE, bytes and no UTF.  A
 * pattern is immutable and shared by all threads; what a match needs to write
 * lives in a scratch object that each thread makes once.  Match and depth
 * limits bound the time that a hostile value can take; reaching one is a
 * result of its own, never "no match".
 *
 * Source: pcre2api(3), pcre2jit(3).
 */
#ifndef HB_GUARD_WAF_RX_H
#define HB_GUARD_WAF_RX_H

#include "base/err.h"

#define HB_WAF_GROUPS 10u /* TX.0 to TX.9 */

struct hb_waf_rx;
struct hb_waf_rx_scratch;

enum hb_waf_rx_result {
    HB_WAF_RX_NO = 0,
    HB_WAF_RX_YES = 1,
    HB_WAF_RX_LIMIT = 2, /* a limit was reached: nobody knows */
};

/* What matched: parts of the value; {NULL, 0} where a group took no part. */
struct hb_waf_rx_groups {
    struct hb_slice group[HB_WAF_GROUPS];
    size_t n; /* of the pattern plus one, at most HB_WAF_GROUPS */
};

/* -EINVAL with the reason and its column in ERR, -ENOMEM. */
int hb_waf_rx_compile(struct hb_waf_rx **ret, struct hb_slice pattern,
                      struct hb_err *err) HB_WUR;
void hb_waf_rx_free(struct hb_waf_rx *rx);
/* Whether the JIT took the pattern. */
/* Gives the machine code's memory that nothing uses back to the system. */
void hb_waf_rx_trim(void);
bool hb_waf_rx_is_jit(const struct hb_waf_rx *rx);

/* For one thread; limits of 0 are SecPcreMatchLimit's and
 * SecPcreMatchLimitRecursion's own (here 100,000 and 10,000). */
struct hb_waf_rx_scratch *hb_waf_rx_scratch_new(uint32_t match_limit,
                                                uint32_t depth_limit) HB_WUR;
void hb_waf_rx_scratch_free(struct hb_waf_rx_scratch *s);

/* The first match in VALUE at or behind FROM.  RET may be NULL; it is left
 * alone where there is no match.  No memory is allocated. */
enum hb_waf_rx_result hb_waf_rx_match(const struct hb_waf_rx *rx,
                                      struct hb_waf_rx_scratch *s,
                                      struct hb_slice value, size_t from,
                                      struct hb_waf_rx_groups *ret);

#endif

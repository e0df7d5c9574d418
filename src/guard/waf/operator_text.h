/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator_text.h - operators on text, numbers and encodings: no state and no
 * memory.  Used by operator.c.
 */
#ifndef HB_GUARD_WAF_OPERATOR_TEXT_H
#define HB_GUARD_WAF_OPERATOR_TEXT_H

#include "guard/waf/operator.h"

/* The operators that need nothing but a value and an argument. */
int hb_waf_op_text(enum hb_waf_op kind, struct hb_slice value,
                   struct hb_slice arg);
/* "9,10,32-126" as a set; false where a number is past 255 or a range runs
 * backwards. */
bool hb_waf_bytes_parse(struct hb_slice list, uint64_t ret[4]);
/* Whether each byte of VALUE is in the set. */
bool hb_waf_bytes_within(const uint64_t set[4], struct hb_slice value);
/* The digits of S end with their check digit (ISO/IEC 7812-1, annex B). */
bool hb_waf_luhn(struct hb_slice s);

#endif

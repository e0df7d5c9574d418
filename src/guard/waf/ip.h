/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip.h - sets of IPv4 and IPv6 networks (@ipMatch, @ipMatchFromFile).
 *
 * Networks are ranges of 128-bit numbers, sorted and merged: a look-up is a
 * binary search.  IPv4 stands apart from IPv6 (::ffff:192.0.2.1 is an IPv6
 * address, as in libmodsecurity).  Immutable once built.
 */
#ifndef HB_GUARD_WAF_IP_H
#define HB_GUARD_WAF_IP_H

#include "base/arena.h"
#include "base/err.h"

#define HB_WAF_IP_MAX (1u << 20) /* networks in a set */

struct hb_waf_ips;

/* The networks of TEXT: addresses, each with /LENGTH or alone, with commas or
 * white space between; # begins a comment up to the end of the line.  What is
 * past the length is left out ("10.1.2.3/8" is 10.0.0.0/8).  -EBADMSG names
 * the word and the line; -EFBIG; -ENOMEM. */
int hb_waf_ips_parse(struct hb_slice text, struct hb_waf_ips **ret,
                     struct hb_err *err) HB_WUR;
void hb_waf_ips_free(struct hb_waf_ips *s);
/* Ranges in the set (neighbours are merged). */
size_t hb_waf_ips_count(const struct hb_waf_ips *s);
/* Whether the address that ADDRESS is (text) lies in the set; what is no
 * address does not. */
bool hb_waf_ips_has(const struct hb_waf_ips *s, struct hb_slice address);

#endif

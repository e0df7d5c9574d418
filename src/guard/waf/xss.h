/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xss.h - would this value run as a script in a page?  The operator @detectXSS
 * of SecLang, of our own.
 *
 * A value is read as the piece of HTML that it would become: between elements,
 * and within a tag behind an attribute value without quotes or within '...',
 * "..." or `...`, by the tokenizer of the HTML standard (WHATWG, section
 * 13.2.5) with what old browsers allowed besides.
 */
#ifndef HB_GUARD_WAF_XSS_H
#define HB_GUARD_WAF_XSS_H

#include "guard/waf/sqli.h"

/* Whether VALUE brings an element, attribute, URL or declaration that runs or
 * loads something.  RET_WHY gets the place (d data, u unquoted, ' " `) and
 * what was found there, e.g. "d:<script" or "\":onload"; it is untouched
 * otherwise.  Allocates nothing, keeps nothing, and takes time linear in the
 * value. */
bool hb_waf_xss(struct hb_slice value, char ret_why[HB_WAF_WHY]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xss_words.h - the names of HTML that xss.c judges by.
 */
#ifndef HB_GUARD_WAF_XSS_WORDS_H
#define HB_GUARD_WAF_XSS_WORDS_H

#include "base/base.h"

enum hb_xss_element {
    HB_XSS_PLAIN = 0,
    HB_XSS_RUNS,  /* dangerous as it stands */
    HB_XSS_LOADS, /* dangerous with an attribute */
};

enum hb_xss_attr {
    HB_XSS_NO = 0,
    HB_XSS_URL,    /* holds a URL */
    HB_XSS_STYLE,  /* holds CSS */
    HB_XSS_ALWAYS, /* dangerous with any value */
    HB_XSS_NAMES,  /* holds the name of another attribute (SVG) */
};

/* Names in any case; a prefix "x:" of an element is looked behind as well. */
enum hb_xss_element hb_xss_element(struct hb_slice name);
enum hb_xss_attr hb_xss_attr(struct hb_slice name);
/* Whether NAME is "on" and an event that some browser knows. */
bool hb_xss_event(struct hb_slice name);

#endif

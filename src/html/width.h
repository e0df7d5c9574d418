/* SPDX-License-Identifier: Apache-2.0 */
/*
 * width.h - how many columns text takes where each full-width character
 * takes two (Unicode's East Asian Width: W and F are 2, combining ones 0,
 * all others 1; ambiguous ones count as 1), and where a line may end.
 */
#ifndef HB_HTML_WIDTH_H
#define HB_HTML_WIDTH_H

#include "base/base.h"

/* Columns of one character. */
unsigned hb_width_char(uint32_t cp);
/* Columns of N bytes; a byte that is no UTF-8 takes one. */
unsigned hb_width(const char *p, size_t n);

/* How many of the N bytes at P go on a line of WIDTH columns (at least one
 * character where N is not 0), and in *RET_SKIP how many blanks after them
 * are dropped.  Breaks at blanks, after "/", and around full-width
 * characters, but never before closing or after opening punctuation where
 * there is another place (the core of JIS X 4051). */
size_t hb_width_line(const char *p, size_t n, unsigned width, size_t *ret_skip);

#endif

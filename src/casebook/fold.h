/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold.h - text as it is compared, whichever way somebody typed it.
 *
 * Full-width letters and half-width kana become the common form (the part of
 * NFKC that Japanese keyboards produce), marks are joined to their kana,
 * Latin letters become small, small vowels of kana large, a long mark at the
 * end of a katakana word goes (サーバー, サーバ), brackets and quotes go,
 * other punctuation of ASCII becomes a blank, except a dot before a letter
 * or digit (.zip).  Blanks beside Japanese go, others become one.
 */
#ifndef HB_CASEBOOK_FOLD_H
#define HB_CASEBOOK_FOLD_H

#include "base/base.h"

/* Writes TEXT, folded, to OUT and returns its length, never above TEXT.n:
 * OUT holds TEXT.n bytes, WORK as many code points.  A byte that is no UTF-8
 * counts as a blank.  What comes out is valid UTF-8. */
size_t hb_fold(struct hb_slice text, uint32_t *work, char *out) HB_WUR;

/* Whether C is a letter or digit of ASCII. */
bool hb_fold_latin(char c);

#endif

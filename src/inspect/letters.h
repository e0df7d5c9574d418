/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letters.h - a line as detectors want to see it: one code point a letter,
 * with the place where it stands.
 *
 * Full-width ASCII becomes ASCII, half-width kana full-width, every dash "-"
 * (the long mark of kana only between digits), every blank " "; \uXXXX,
 * &#N; and the entities of HTML become what they stand for, tags go: cells of
 * HTML tables end in a tab.  U+3000 stays apart from " " as a blank that is
 * also a column (HB_WIDE_BLANK).
 */
#ifndef HB_INSPECT_LETTERS_H
#define HB_INSPECT_LETTERS_H

#include "base/base.h"

#define HB_LETTERS    16384u /* of one line; a longer one is cut */
#define HB_WIDE_BLANK 0x3000u
#define HB_ROW_END    0x1eu /* between rows of HTML */

struct hb_letters {
    uint32_t *cp; /* HB_LETTERS + 1; 0 behind the last */
    uint32_t *at; /* bytes from the beginning of the line */
    size_t n;
    /* What stands in it. */
    uint32_t tabs, pipes, commas, semicolons, quotes;
    bool digit;
    bool row_open; /* a <tr> without its </tr> */
    bool row;      /* cells of HTML */
    bool tags;     /* tags were taken out */
    bool table;    /* a <table> begins or ends */
};

int hb_letters_init(struct hb_letters *l) HB_WUR;
void hb_letters_done(struct hb_letters *l);
/* Adds LINE, which begins at byte BASE of the line that L holds; returns how
 * many bytes of it fit. */
size_t hb_letters_add(struct hb_letters *l, struct hb_slice line,
                      uint32_t base);
void hb_letters_reset(struct hb_letters *l);

/* Whether the letters at CP (a 0 ends them) begin with the UTF-8 of Z; the
 * number of letters, 0 where not.  The second form has N letters and LEN
 * bytes. */
size_t hb_letters_begin(const uint32_t *cp, const char *z);
size_t hb_letters_begin_n(const uint32_t *cp, size_t n, const char *z,
                          size_t len);

static inline bool hb_is_digit(uint32_t c)
{
    return c - '0' < 10;
}

static inline bool hb_is_alpha(uint32_t c)
{
    return (c | 0x20) - 'a' < 26;
}

/* 々〆 and the compatibility ideographs too. */
static inline bool hb_is_kanji(uint32_t c)
{
    if (c - 0x4e00 < 0x5200)
        return true;
    if (c < 0x3400)
        return c == 0x3005 || c == 0x3006;
    return c - 0x3400 < 0x19c0 || c - 0xf900 < 0x200 || c - 0x20000 < 0x10000;
}

static inline bool hb_is_hiragana(uint32_t c)
{
    return c - 0x3041 < 0x56;
}

static inline bool hb_is_katakana(uint32_t c)
{
    return c - 0x30a1 < 0x5a || c == 0x30fc;
}

static inline bool hb_is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == HB_WIDE_BLANK || c == '\n';
}

/* What words are made of, in any script. */
static inline bool hb_is_word(uint32_t c)
{
    return hb_is_digit(c) || hb_is_alpha(c) || hb_is_kanji(c) ||
           hb_is_hiragana(c) || hb_is_katakana(c);
}

/* A letter of Latin beyond ASCII, as in "García". */
static inline bool hb_is_latin(uint32_t c)
{
    return hb_is_alpha(c) || (c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - what stands before a number or over a column says what it is:
 * headings, keys and labels in Japanese and English, and the words that a line
 * has to hold near a number for it to count.
 */
#ifndef HB_INSPECT_WORDS_H
#define HB_INSPECT_WORDS_H

#include "inspect/letters.h"

enum hb_label {
    HB_LABEL_NONE,
    HB_LABEL_NAME,       /* 氏名: what stands there is a person */
    HB_LABEL_NAME_MAYBE, /* 担当, contact: a person or a firm */
    HB_LABEL_SURNAME,
    HB_LABEL_GIVEN,
    HB_LABEL_READING, /* フリガナ */
    HB_LABEL_MY_NUMBER,
    HB_LABEL_CARD,
    HB_LABEL_ACCOUNT,
    HB_LABEL_BANK,
    HB_LABEL_BRANCH,
    HB_LABEL_KIND,   /* 普通, 当座 */
    HB_LABEL_SYMBOL, /* 記号 of ゆうちょ */
    HB_LABEL_PHONE,
    HB_LABEL_ADDRESS,
    HB_LABEL_MAIL,
    HB_LABEL_INDEX, /* 番号, No. alone: explains nothing */
    HB_LABEL_ABOUT, /* 生年月日, 所属: of a person, no value of ours */
    HB_LABEL_THING, /* 店名, 品名, 駅: what stands there is no person */
    HB_LABEL_OTHER  /* 注文番号: a number of its own kind */
};

/* Words of a line, as bits. */
enum hb_near {
    HB_NEAR_MY_NUMBER = 1u << 0,
    HB_NEAR_BANK = 1u << 1,
    HB_NEAR_BRANCH = 1u << 2,
    HB_NEAR_KIND = 1u << 3,
    HB_NEAR_ACCOUNT = 1u << 4,
    HB_NEAR_SYMBOL = 1u << 5, /* 記号, ゆうちょ */
    HB_NEAR_CARD = 1u << 6
};

struct hb_words;

int hb_words_new(struct hb_words **ret) HB_WUR;
void hb_words_free(struct hb_words *w);

/* What the end of a text, N letters, names; NONE where it is no label.
 * *RET_WHOLE: the label is all of it (honorifics and brackets apart). */
enum hb_label hb_label_of(const struct hb_words *w, const uint32_t *cp,
                          size_t n, bool *ret_whole);
/* The label right before letter AT of a line that begins at FROM. */
enum hb_label hb_label_before(const struct hb_words *w, const uint32_t *cp,
                              size_t from, size_t at);
/* False where a label of names (NAME, NAME_MAYBE) cannot be the end: a cheap
 * look before the one above. */
bool hb_label_may_name(const struct hb_words *w, const uint32_t *cp, size_t n);
/* Bits of enum hb_near. */
unsigned hb_near(const uint32_t *cp, size_t n);

#endif

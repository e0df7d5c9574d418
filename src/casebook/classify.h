/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify.h - which case a report or an event is, proposed from its words.
 *
 * Two ways of looking, both from the case book alone.  Signs (signs.yaml of
 * each case): groups of words that were seen together count with a weight
 * and say why.  Likeness: how much the text shares with the case's examples.
 * What is no case, an everyday question or notice (ordinary.yaml), competes
 * like a case.  With p the points of each (signs, and likeness above the
 * average),
 *
 *     percent = 100 p^3 / (5^3 + sum of all p^3)
 *
 * so that one case must have far more than each other, and more than a little.
 * A case is proposed only where it reaches HB_CLASSIFY_SURE, signs alone give
 * it 6 points, and likeness puts nothing else first; else a person is asked,
 * and sees the first three with the question that tells each of them.  A
 * person decides in any event: this opens nothing.
 */
#ifndef HB_CASEBOOK_CLASSIFY_H
#define HB_CASEBOOK_CLASSIFY_H

#include "casebook/casebook.h"

#define HB_CLASSIFY_TEXT  (64u << 10) /* bytes that are read */
#define HB_CLASSIFY_SURE  90u         /* per cent */
#define HB_CLASSIFY_SHOWN 3u          /* of those that a person is asked */
#define HB_REASON_MAX     6u
#define HB_REASON_WORDS   4u

enum hb_verdict {
    HB_VERDICT_ASK,     /* not sure enough, or nothing found */
    HB_VERDICT_PROPOSED /* list[0] */
};

struct hb_reason { /* a sign that was seen; borrowed from the book */
    const struct hb_text *why;
    int weight;
    const char *words[HB_REASON_WORDS + 1]; /* as in the book; NULL ends */
};

struct hb_candidate {
    const struct hb_case *c;
    unsigned points;  /* tenths */
    unsigned percent; /* 0..99 */
    unsigned alike;   /* tenths of the points that are likeness */
    struct hb_reason reasons[HB_REASON_MAX]; /* heaviest first */
    size_t reasons_n;
};

struct hb_classified {
    enum hb_verdict verdict;
    struct hb_candidate list[HB_CASE_MAX]; /* best first; all with points */
    size_t n;
    unsigned ordinary; /* per cent: that it is none of them */
    bool cut;          /* longer than HB_CLASSIFY_TEXT: never proposed */
};

/* Classifies TEXT, which may hold any bytes.  Nothing outside B counts, and
 * nothing is kept.  -ENOMEM. */
int hb_classify(const struct hb_casebook *b, struct hb_slice text,
                struct hb_classified *ret) HB_WUR;

/* The question by which a person tells C from others, and what is no case
 * from all of them; NULL: there is none. */
const struct hb_text *hb_case_ask(const struct hb_case *c);
const struct hb_text *hb_ordinary_ask(const struct hb_casebook *b);

#endif

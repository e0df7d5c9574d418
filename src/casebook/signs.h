/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signs.h - how a report shows which case it is, as the case book holds it:
 * for the loader, likeness and the classifier; nobody else includes it.
 */
#ifndef HB_CASEBOOK_SIGNS_H
#define HB_CASEBOOK_SIGNS_H

#include "casebook/load.h"

#define HB_SIGN_WEIGHT  10 /* at most, either way */
#define HB_SIGN_GROUPS  4u /* that one sign needs */
#define HB_EXAMPLE_MIN  8u /* fewer examples of a case count as if so many */
#define HB_EXAMPLE_TEXT 4096u

struct hb_phrase {
    const char *text;   /* as written */
    const char *folded; /* fold.h; never empty */
    size_t n;
    bool begins, ends; /* a Latin word begins, ends here */
};

/* Words of which any will do; looked up once a text. */
struct hb_word_list {
    const char *name; /* "mail" for <mail>; NULL: a sign's own words */
    const struct hb_phrase *v;
    size_t n;
    size_t index; /* below hb_lexicon.lists */
};

struct hb_word_group { /* any word of any of these lists */
    const struct hb_word_list **v;
    size_t n;
};

struct hb_sign {
    struct hb_text why; /* what was seen, for people */
    int weight;         /* -10..10, never 0 */
    struct hb_word_group need[HB_SIGN_GROUPS];
    size_t need_n;
    struct hb_word_group unless; /* not seen where one of these is */
};

struct hb_signs { /* of one case */
    struct hb_text ask;
    const struct hb_sign *v;
    size_t n;
    const struct hb_slice *examples; /* folded */
    size_t examples_n;
};

/* The signs at PLACE of the book: those of a case, then, at the place after
 * the last one, of what is no case.  NULL: there are none. */
#define HB_PLACES (HB_CASE_MAX + 1u)
const struct hb_signs *hb_signs_at(const struct hb_casebook *b, size_t place);

/* In how many examples of PLACE a trace stands: two Japanese
 * characters side by side, or how a Latin word begins. */
struct hb_trace {
    uint32_t key;
    uint16_t place, count;
};

struct hb_lexicon { /* of the book */
    const struct hb_word_list **named;
    size_t named_n;
    size_t lists;                  /* how many there are, named or not */
    const struct hb_trace *traces; /* by key, then place */
    size_t traces_n;
};

/* words.yaml; then ordinary.yaml and signs.yaml of each case, which have one
 * form; then what examples share. */
int hb_load_words(struct hb_load *l, const struct hb_yaml *top) HB_WUR;
int hb_load_signs(struct hb_load *l, const struct hb_yaml *top,
                  const struct hb_signs **ret) HB_WUR;
int hb_learn(struct hb_load *l) HB_WUR;

/* Keys of the traces of a folded text, sorted, each once, to KEYS, which
 * holds TEXT.n; how many there are. */
size_t hb_traces(struct hb_slice text, uint32_t *keys) HB_WUR;

/* How much TEXT (folded) resembles the examples of each place, to LIKE:
 * tenths of a point above the average, 0 below it.  *RET_FIRST is the place
 * that it resembles most, HB_PLACES where there is none. */
int hb_likeness(const struct hb_casebook *b, struct hb_slice text,
                unsigned like[HB_PLACES], size_t *ret_first) HB_WUR;

#endif

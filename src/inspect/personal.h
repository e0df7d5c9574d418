/* SPDX-License-Identifier: Apache-2.0 */
/*
 * personal.h - personal data of Japan in text: what, how much, and whether it
 * is a list of persons.  bench/pii/README.md says what counts.
 *
 *     struct hb_personal *p;
 *     hb_personal_new(found, arg, &p);
 *     hb_personal_add(p, text);           as often as text comes
 *     hb_personal_end(p, &report);
 *     hb_personal_free(p);
 *
 * Text is UTF-8; other bytes are read as U+FFFD.  It may be prose, CSV, TSV,
 * Markdown, HTML, JSON, a vCard, mail or source.  Memory is bounded: about
 * 1 MiB for lines and words, and sets of hashes that grow with what is found
 * up to 8 MiB each (88 MiB in all).  Time is linear in the text.
 */
#ifndef HB_INSPECT_PERSONAL_H
#define HB_INSPECT_PERSONAL_H

#include "base/base.h"

enum hb_class {
    HB_CLASS_MY_NUMBER, /* 12 digits */
    HB_CLASS_CARD,      /* 13..19 digits */
    HB_CLASS_ACCOUNT,   /* 7 digits; ゆうちょ: 記号 and 番号 joined */
    HB_CLASS_PHONE,     /* digits from 0 on */
    HB_CLASS_ADDRESS,   /* up to the number of the lot */
    HB_CLASS_MAIL,
    HB_CLASS_PERSON, /* without blanks */
    HB_CLASSES
};
/* "my_number", "card", ...; static. */
const char *hb_class_name(enum hb_class c);

/* A value that was found for the first time in this text: UTF-8, borrowed for
 * the call.  OFFSET counts bytes of the text. */
typedef void hb_personal_fn(void *arg, enum hb_class c, struct hb_slice value,
                            uint64_t offset);

struct hb_personal_report {
    uint64_t count[HB_CLASSES]; /* different values */
    uint64_t persons;           /* different persons */
    bool list;                  /* ten persons or more with their data */
};

struct hb_personal;

/* FOUND may be NULL.  -ENOMEM. */
int hb_personal_new(hb_personal_fn *found, void *arg,
                    struct hb_personal **ret) HB_WUR;
void hb_personal_free(struct hb_personal *p);
int hb_personal_add(struct hb_personal *p, struct hb_slice text) HB_WUR;
/* No more text comes. */
int hb_personal_end(struct hb_personal *p,
                    struct hb_personal_report *ret) HB_WUR;

#endif

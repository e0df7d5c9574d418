/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fact.h - the facts that may be known of an incident: one typed catalogue
 * (casebook/facts.yaml) for playbooks, clocks and papers.
 *
 * A fact "persons_count" is the variable __persons_count__ of every playbook
 * and of every rule of the rule pack; nothing of the kind is declared twice.
 * What is known of one incident (value, since when, from whom, by which
 * evidence) is kept by incident/fact.h.
 */
#ifndef HB_CASEBOOK_FACT_H
#define HB_CASEBOOK_FACT_H

#include "casebook/cond.h"
#include "casebook/row.h"

#define HB_FACT_MAX 256u /* in the catalogue */

enum hb_fact_type {
    HB_FACT_BOOLEAN,
    HB_FACT_INTEGER, /* not negative */
    HB_FACT_STRING,
    HB_FACT_TIME,  /* RFC 3339 */
    HB_FACT_CHOICE /* one of its choices */
};

struct hb_fact_choice {
    const char *value; /* "board-of-education" */
    struct hb_text label;
};

struct hb_fact {
    const char *name; /* [a-z][a-z0-9_]{0,62} */
    enum hb_fact_type type;
    struct hb_text label;   /* of a line on paper */
    struct hb_text ask;     /* the question to a person */
    struct hb_text unknown; /* what a paper says while nobody knows; in[] NULL:
                               under investigation */
    const struct hb_fact_choice *choices;
    size_t choices_n;
    struct hb_variable var; /* TIME and CHOICE as STRING; its first value is
                               what counts while nobody has said anything */
};

/* Whether TEXT is a value of F; "?" (asked, under investigation) always is. */
bool hb_fact_valid(const struct hb_fact *f, const char *text);
/* The label of a choice; NULL where F is none or has no such value. */
const struct hb_text *hb_fact_choice(const struct hb_fact *f,
                                     const char *value);
/* "boolean" ... */
const char *hb_fact_type_name(enum hb_fact_type t);

#endif

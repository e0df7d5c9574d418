/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - templates of papers that are owed (D01 ...): headings, labels,
 * paragraphs and the names of facts.  A template holds no mark-up and no logic
 * but "when" (a condition over facts); who fills it (incident) escapes for
 * HTML and text.  A fact that is not known is printed as "under
 * investigation", never left blank.
 */
#ifndef HB_CASEBOOK_DOCUMENT_H
#define HB_CASEBOOK_DOCUMENT_H

#include "casebook/cond.h"
#include "casebook/row.h"

enum hb_doc_kind {
    HB_DOC_FIELDS,    /* label and fact, line by line */
    HB_DOC_TIMELINE,  /* all entries of the incident */
    HB_DOC_EVIDENCE,  /* items with hashes */
    HB_DOC_TASKS,     /* tasks with owner, due date, state */
    HB_DOC_DECISIONS, /* who decided what, when and why */
    HB_DOC_TEXT,      /* paragraphs of a letter or notice */
    HB_DOC_FACTS,     /* the facts of the case (case.yaml) */
    HB_DOC_SOURCES,   /* every fact with its source and evidence */
    HB_DOC_CLOCKS,    /* deadlines, and how each ended */
    HB_DOC_PEOPLE     /* who is registered, with telephone; cards only */
};

struct hb_doc_field {
    struct hb_text label;
    const char *fact; /* a name of hb_facts; unknown: 調査中 */
};

struct hb_doc_para {
    struct hb_text text;        /* {name} is the value of a fact */
    bool item;                  /* a point of a list */
    const struct hb_cond *when; /* NULL: always */
};

struct hb_doc_section {
    struct hb_text title; /* in[] NULL: none (TEXT only) */
    enum hb_doc_kind kind;
    bool writer;                /* for who writes it, no part of the paper */
    const struct hb_cond *when; /* over facts; NULL: always */
    const struct hb_doc_field *fields;
    size_t fields_n;
    const struct hb_doc_para *paras;
    size_t paras_n;
};

struct hb_document {
    const char *id; /* "D01" */
    struct hb_text title;
    struct hb_text to;   /* whom it is for */
    struct hb_text note; /* printed at the foot; in[] NULL: none */
    const struct hb_doc_section *sections;
    size_t sections_n;
};

/* Facts that the program works out; those of the catalogue (fact.h) may be
 * asked for too.  NULL ends. */
extern const char *const hb_facts[];

#endif

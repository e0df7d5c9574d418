/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h - templates of papers that are owed (D01 ...): headings, labels
 * and the names of facts.  A template holds no logic and no mark-up; who
 * fills it (incident) escapes for HTML and text.  A fact that is not known
 * is printed as "under investigation", never left blank.
 */
#ifndef HB_CASEBOOK_DOCUMENT_H
#define HB_CASEBOOK_DOCUMENT_H

#include "casebook/row.h"

enum hb_doc_kind {
    HB_DOC_FIELDS,   /* label and fact, line by line */
    HB_DOC_TIMELINE, /* all entries of the incident */
    HB_DOC_EVIDENCE, /* items with hashes */
    HB_DOC_TASKS,    /* tasks with owner, due date, state */
    HB_DOC_DECISIONS /* who decided what, when and why */
};

struct hb_doc_field {
    struct hb_text label;
    const char *fact; /* a name of hb_facts; unknown: 調査中 */
};

struct hb_doc_section {
    struct hb_text title;
    enum hb_doc_kind kind;
    const struct hb_doc_field *fields;
    size_t fields_n;
};

struct hb_document {
    const char *id; /* "D01" */
    struct hb_text title;
    struct hb_text to;   /* whom it is for */
    struct hb_text note; /* printed at the foot; in[] NULL: none */
    const struct hb_doc_section *sections;
    size_t sections_n;
};

/* Facts that a document may ask an incident for; NULL ends. */
extern const char *const hb_facts[];

#endif

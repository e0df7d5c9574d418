/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_facts.h - what is known of an incident, read once, and the words
 * for it in one language.  Included by document.c and document_facts.c only.
 *
 * A name of hb_facts (src/casebook/names.c) gives a list of values; an empty
 * list is "under investigation", never a blank.
 */
#ifndef HB_INCIDENT_DOCUMENT_FACTS_H
#define HB_INCIDENT_DOCUMENT_FACTS_H

#include "incident/document.h"
#include "incident/evidence.h"
#include "incident/person.h"

#define HB_FACTS_SHOWN  24u  /* values of one fact; the rest is counted */
#define HB_FACTS_VALUES 256u /* that are told apart */

struct hb_fact_values {
    const char *v[HB_FACTS_VALUES];
    size_t n;
    int64_t more; /* values that had no room */
};

struct hb_fact_task {
    struct hb_task t;
    const char *base;                 /* the step's id without its path */
    const char *owner, *who, *second; /* full names, "" none */
    struct hb_fact_task *next;
};

struct hb_facts_of {
    struct hb_state *s;
    struct hb_arena *a;
    const struct hb_document_opts *o;
    const struct hb_case *kase; /* NULL: not in the case book */
    struct hb_incident i;
    struct hb_fact_task *tasks, *tasks_last;
    int64_t first_change, last_change; /* ns, 0 none told */
    struct hb_fact_values files, writers, hits, causes;
    int64_t took_tenths; /* of a ms, slowest; -1 unknown */
    int64_t searched;    /* search.* moments */
    int64_t private_since, private_until;
    bool was_private, is_private;
    int64_t evidence; /* items with content */
};

/* Only the incident and its case, which say whether there is such a paper. */
int hb_facts_open(struct hb_facts_of *f, struct hb_state *s, struct hb_arena *a,
                  int64_t incident, struct hb_err *err) HB_WUR;
/* Reads everything; strings live in A. */
int hb_facts_read(struct hb_facts_of *f, struct hb_state *s, struct hb_arena *a,
                  int64_t incident, const struct hb_document_opts *o,
                  struct hb_err *err) HB_WUR;
/* The values of fact NAME; -ENOENT for a name that nobody knows. */
int hb_facts_get(struct hb_facts_of *f, const char *name,
                 struct hb_fact_values *ret) HB_WUR;

/* Whether a part of the paper belongs to it: 1, 0, -errno; WHEN NULL: 1. */
int hb_facts_when(struct hb_facts_of *f, const struct hb_cond *when) HB_WUR;
/* A fact of the catalogue; an empty list where nobody knows. */
int hb_facts_known(struct hb_facts_of *f, const struct hb_fact *fact,
                   struct hb_fact_values *ret) HB_WUR;
/* TEXT with the values of {names} put in, made visible where foreign; in the
 * document's arena, NULL without memory. */
const char *hb_facts_fill(struct hb_facts_of *f, const char *text);

/* In the language of the document. */
const char *hb_facts_tr(const struct hb_facts_of *f, const char *msgid)
    __attribute__((format_arg(2)));
const char *hb_facts_time(struct hb_facts_of *f, int64_t ns);
/* The same as people write it, for rows and sentences. */
const char *hb_facts_moment(struct hb_facts_of *f, int64_t ns);
/* "person:sato" as the full name, "role:core" as a part of Hinoban. */
const char *hb_facts_actor(struct hb_facts_of *f, const char *actor);
/* What people may hold these roles, in words. */
const char *hb_facts_roles(struct hb_facts_of *f, unsigned roles);
const char *hb_facts_task_state(struct hb_facts_of *f, enum hb_task_state s);

#endif

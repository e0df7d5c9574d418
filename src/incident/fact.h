/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fact.h - what is known of an incident: typed values with the time since
 * when, the source and the evidence they rest on.
 *
 * Names and types stand in the catalogue of the case book (casebook/fact.h).
 * A value is never edited: a better one is added, and the last one counts.
 * "?" says that it was asked for and is under investigation.
 */
#ifndef HB_INCIDENT_FACT_H
#define HB_INCIDENT_FACT_H

#include "incident/state.h"

#define HB_KNOWN_VALUE_MAX  4000u /* bytes */
#define HB_KNOWN_SOURCE_MAX 400u

struct hb_known {
    int64_t id;
    const char *name;
    const char *value;  /* as hb_fact_valid() wants it */
    int64_t known_at;   /* ns UTC: when any department knew; 0: now */
    int64_t recorded;   /* ns UTC */
    const char *source; /* in words: "call of the shop, Mr Ito"; "task:12"
                           an answer, "action:site.aftermath" and
                           "event:portal" found out */
    int64_t evidence;   /* number in the evidence log; 0 none */
    const char *actor;  /* "person:sato", "role:core" */
};

/* Adds what is known, and a moment of the timeline; joins an open
 * transaction.  -ENOENT no such fact, -EINVAL not of its type, or an empty
 * source: ERR says what to write. */
int hb_known_add(struct hb_state *s, int64_t incident, const struct hb_known *k,
                 struct hb_err *err) HB_WUR;
/* The last word about NAME, in A: 1, or 0 where nobody has spoken. */
int hb_known_get(struct hb_state *s, struct hb_arena *a, int64_t incident,
                 const char *name, struct hb_known *ret) HB_WUR;
typedef int hb_known_fn(void *arg, const struct hb_known *k);
/* HISTORY: every word, oldest first; else the last of each, by name. */
int hb_known_each(struct hb_state *s, int64_t incident, bool history,
                  hb_known_fn *fn, void *arg) HB_WUR;
/* VALUE of F for people, in LANG and in A: yes and no, the label of a choice,
 * a time in the zone; "?" as under investigation. */
const char *hb_known_text(struct hb_arena *a, const struct hb_fact *f,
                          const char *value, int lang);
/* What a paper says where nobody knows F (NULL: any). */
const char *hb_known_nothing(const struct hb_fact *f, int lang);
/* VALUE of F for a condition, which borrows it; false where it is none, or
 * under investigation: then the first value of the catalogue counts. */
bool hb_known_value(const struct hb_fact *f, const char *value,
                    struct hb_value *ret);
/* SOURCE for people, in A. */
const char *hb_known_source(struct hb_arena *a, const char *source, int lang);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_mark.h - the versions of a paper, who approved which, and to whom
 * it was handed and when.
 *
 * A version is the SHA-256 of the HTML that was kept (core_document.c).  An
 * approval is a decision (decision.h) about "document:D04:SHA256", signed by
 * the person; one whose signature does not hold is not told.
 */
#ifndef HB_INCIDENT_DOCUMENT_MARK_H
#define HB_INCIDENT_DOCUMENT_MARK_H

#include "incident/decision.h"

#define HB_DOCUMENT_SUBJECT 96u

struct hb_document_version {
    const char *name; /* "D04" */
    const char *lang; /* "ja" */
    const char *sha256;
    int64_t made;   /* ns UTC */
    int64_t number; /* of this paper in this language, from 1 */
};

struct hb_document_sent {
    const char *name;    /* "D04" */
    const char *sha256;  /* of the version at that time; "" none was kept */
    const char *to;      /* "the commission's web form" */
    const char *receipt; /* number that they gave; "" */
    const char *actor;   /* "person:sato" */
    int64_t at;          /* ns UTC, when it was handed over */
};

/* What is signed about a version; -EINVAL no name or hash. */
int hb_document_subject(const char *name, const char *sha256,
                        char ret[HB_DOCUMENT_SUBJECT]) HB_WUR;

typedef int hb_document_version_fn(void *arg,
                                   const struct hb_document_version *v);
/* By paper and language, oldest first. */
int hb_document_versions(struct hb_state *s, int64_t incident,
                         hb_document_version_fn *fn, void *arg) HB_WUR;
/* The last one of NAME in FORM ("ja.html"), and when it was made (NULL: nobody
 * asks): 1, or 0. */
int hb_document_last(struct hb_state *s, int64_t incident, const char *name,
                     const char *form, char ret_sha256[65],
                     int64_t *ret_made) HB_WUR;

/* PERSON's signature over ROW, whose subject is a version of a paper of
 * INCIDENT.  -ENOENT no such version; the rest as hb_decision_add(). */
int hb_document_approve(struct hb_state *s, int64_t incident,
                        const struct hb_person *by,
                        const struct hb_decision_row *row) HB_WUR;
typedef int hb_document_approval_fn(void *arg,
                                    const struct hb_decision_row *row);
/* Those of a version that hold. */
int hb_document_approvals(struct hb_state *s, int64_t incident,
                          const char *name, const char *sha256,
                          hb_document_approval_fn *fn, void *arg) HB_WUR;

/* Told in the timeline at its time. */
int hb_document_sent_add(struct hb_state *s, int64_t incident,
                         const struct hb_document_sent *d,
                         const struct hb_person *by) HB_WUR;
typedef int hb_document_sent_fn(void *arg, const struct hb_document_sent *d);
int hb_document_sent_each(struct hb_state *s, int64_t incident,
                          hb_document_sent_fn *fn, void *arg) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what somebody reported or asked, before it is an incident.
 *
 * A report is kept as it came, with the case that the classifier proposes
 * (casebook/classify.h) or that it has to ask.  Nothing opens by itself: a
 * person opens an incident from it, joins it to one, or closes it with a
 * reason.
 */
#ifndef HB_INCIDENT_REPORT_H
#define HB_INCIDENT_REPORT_H

#include "base/arena.h"
#include "incident/state.h"

#define HB_REPORT_TEXT     (32u << 10) /* bytes */
#define HB_REPORT_WORDS    400u
#define HB_REPORT_ORIGINAL (128u << 10)

enum hb_report_source {
    HB_REPORT_HAND = 1, /* "a colleague phoned" */
    HB_REPORT_MAIL,
    HB_REPORT_FORM,
    HB_REPORT_OUTSIDE /* by somebody who is not of this organisation */
};

enum hb_report_state {
    HB_REPORT_NEW = 1,
    HB_REPORT_OPENED, /* an incident was opened from it */
    HB_REPORT_JOINED, /* it belongs to one that was open */
    HB_REPORT_CLOSED
};

struct hb_report {
    int64_t id;
    const char *uid;            /* of the message; a second one is dropped */
    int64_t received, known_at; /* ns UTC; known_at 0: when it is received */
    enum hb_report_source source;
    int64_t person;           /* who handed it in; 0: an account of nobody */
    const char *actor;        /* "person:sato", "uid:65534" */
    const char *reporter;     /* as it was said: not proven */
    const char *text;         /* UTF-8 */
    const char *language;     /* "ja" or "en", by its letters */
    const char *note;         /* codes of what could not be read, by blanks */
    struct hb_slice original; /* a mail as it came, cut; may be empty */
    int case_number;          /* proposed, or the likeliest; 0 none */
    unsigned percent;
    bool proposed; /* false: a person has to be asked */
    enum hb_report_state state;
    int64_t incident, ended; /* 0: none, not yet */
    const char *ended_by, *words;
};

/* Classifies R's text by the state's case book and keeps it; fills in id,
 * received, known_at, language, case_number, percent and proposed.  1: its uid
 * is there already, id is that one's, nothing was added.  -EINVAL no text, or
 * too long. */
int hb_report_add(struct hb_state *s, struct hb_report *r) HB_WUR;
/* In A; -ENOENT. */
int hb_report_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                  struct hb_report *ret) HB_WUR;
typedef int hb_report_fn(void *arg, const struct hb_report *r);
/* Oldest first; WAITING leaves out those that ended.  Borrowed for the call,
 * without the original. */
int hb_report_each(struct hb_state *s, bool waiting, hb_report_fn *fn,
                   void *arg) HB_WUR;
/* How many wait; NOBODYS: of accounts that are nobody's alone. */
int hb_report_waiting(struct hb_state *s, bool nobodys, int64_t *ret) HB_WUR;
/* Ends a report that waits; joins an open transaction.  -EALREADY it ended. */
int hb_report_end(struct hb_state *s, int64_t id, enum hb_report_state state,
                  int64_t incident, const char *by, const char *words) HB_WUR;

const char *hb_report_source_name(enum hb_report_source s); /* "hand" */
/* -EINVAL. */
int hb_report_source_parse(const char *name, enum hb_report_source *ret) HB_WUR;
const char *hb_report_state_name(enum hb_report_state s); /* "new" */

#endif

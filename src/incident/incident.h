/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident.h - what people work on: case, state, timeline, tasks.
 *
 * A finding opens an incident or joins the open one with the same key
 * ("case:2/site:city"): a thousand tampered files are one incident.  The
 * timeline is append-only and language-free: a kind and arguments, which
 * timeline.c renders in either language.
 */
#ifndef HB_INCIDENT_INCIDENT_H
#define HB_INCIDENT_INCIDENT_H

#include "event/event.h"
#include "incident/state.h"

enum hb_incident_state {
    HB_INC_OPEN = 1,  /* noticed, nothing contained yet */
    HB_INC_CONTAINED, /* the harm is stopped */
    HB_INC_RECOVERED, /* as before; cause and prevention still open */
    HB_INC_CLOSED
};

struct hb_incident {
    int64_t id;
    char uid[HB_ID_SIZE];
    int case_number;
    const char *key;
    const char *object; /* "city" (a site), a mailbox, ... */
    enum hb_incident_state state;
    enum hb_severity severity;
    int64_t opened, known_at, closed; /* ns UTC, 0 not yet */
    const char *opened_by;            /* "rule:...", "person:..." */
    int64_t findings;                 /* how many findings it rests on */
    int64_t first_event, last_event;  /* ns UTC */
};

/* What detect found, as it comes in. */
struct hb_finding {
    const char *rule;
    int case_number;
    const char *key; /* joins what belongs together */
    const char *object;
    enum hb_severity severity;
    const struct hb_event *event;
    const char *title_en; /* of the rule, for the timeline; may be */
    const char *title_ja; /* NULL */
};

/* Opens or joins, in one transaction with the timeline entry; *RET_NEW tells
 * which.  The same event given twice changes nothing and returns 1.  Joins a
 * transaction that is open already (core takes a batch of events in one). */
int hb_incident_take(struct hb_state *s, const struct hb_finding *f,
                     int64_t *ret_id, bool *ret_new) HB_WUR;
/* The open incident with KEY; -ENOENT. */
int hb_incident_find_open(struct hb_state *s, const char *key,
                          int64_t *ret_id) HB_WUR;
/* How often NAME ("changed", "restored", ...) was told of an incident; 0 also
 * where it cannot be read. */
int64_t hb_incident_tally(struct hb_state *s, int64_t incident,
                          const char *name);
/* How many files were made as published again: restored or removed. */
int64_t hb_incident_put_back(struct hb_state *s, int64_t incident);
/* By hand: "a colleague phoned". */
int hb_incident_open(struct hb_state *s, int case_number, const char *object,
                     const char *by, const char *note, int64_t *ret_id) HB_WUR;
/* The same of something that was known at KNOWN_AT (ns UTC; what is open
 * already keeps the earlier time); joins an open transaction.  APART (NULL: by
 * case and object, which joins what is open) makes it one of its own. */
int hb_incident_open_known(struct hb_state *s, int case_number,
                           const char *object, const char *apart,
                           const char *by, const char *note, int64_t known_at,
                           int64_t *ret_id) HB_WUR;
/* Somebody knew of it at KNOWN_AT: deadlines count from the earliest. */
int hb_incident_known_since(struct hb_state *s, int64_t id,
                            int64_t known_at) HB_WUR;
int hb_incident_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                    struct hb_incident *ret) HB_WUR;
typedef int hb_incident_fn(void *arg, const struct hb_incident *i);
/* Newest first; OPEN_ONLY leaves the closed out. */
int hb_incident_each(struct hb_state *s, bool open_only, hb_incident_fn *fn,
                     void *arg) HB_WUR;
/* Forward only; closing asks that no task waits, that the playbook, whose
 * steps demand evidence and review, has ended, and that the measures against
 * a recurrence are what they were called (prevent.h): -EBUSY with what is
 * missing in ERR. */
int hb_incident_set_state(struct hb_state *s, int64_t id,
                          enum hb_incident_state state, const char *by,
                          struct hb_err *err) HB_WUR;
const char *hb_incident_state_name(enum hb_incident_state st); /* "open" */

/* ---- timeline ---- */

struct hb_moment {
    int64_t id, incident;
    int64_t time; /* ns UTC, when it happened */
    uint64_t mono;
    const char *kind;      /* "file.changed": a row of timeline.c */
    const char *actor;     /* "role:compare", "person:sato" */
    const char *args;      /* JSON object of the kind's arguments */
    const char *event_uid; /* "" none */
};
/* ARGS_JSON: object text.  The kind must be known (-EINVAL). */
int hb_timeline_add(struct hb_state *s, int64_t incident, int64_t time,
                    const char *kind, const char *actor, const char *args_json,
                    const char *event_uid) HB_WUR;
typedef int hb_moment_fn(void *arg, const struct hb_moment *m);
/* Oldest first. */
int hb_timeline_each(struct hb_state *s, int64_t incident, hb_moment_fn *fn,
                     void *arg) HB_WUR;
/* How many moments it has. */
int hb_timeline_count(struct hb_state *s, int64_t incident,
                      int64_t *ret) HB_WUR;
/* One sentence in LANG. */
void hb_moment_text(struct hb_buf *b, const struct hb_moment *m, int lang);
/* A product role ("officer") in LANG; NAME itself where it is none. */
const char *hb_role_word(int lang, const char *name);

/* ---- tasks of people ---- */

enum hb_task_state {
    HB_TASK_WAITING = 1,
    HB_TASK_DONE,
    HB_TASK_DECLINED,
    HB_TASK_EXPIRED
};

struct hb_task {
    int64_t id, incident;
    const char *step; /* playbook step id; "" made by hand */
    const char *title_en, *title_ja;
    unsigned roles;       /* who may do it; person.h bits */
    int64_t owner;        /* person, 0 nobody yet */
    int64_t created, due; /* ns UTC; due 0: none */
    int64_t escalated;    /* how often it was passed on */
    enum hb_task_state state;
    const char *answer; /* what the person wrote or chose */
    int64_t done, done_by;
    bool four_eyes;       /* two different people */
    int64_t second_by;    /* the other one, 0 not yet */
    const char *evidence; /* kinds demanded before it may close; "" */
    int64_t patience;     /* ns unanswered until it is passed on; 0: as
                             hb_task_escalate() is told */
    unsigned pass_to;     /* to whom then (roles); 0: the same roles */
};
int hb_task_add(struct hb_state *s, const struct hb_task *t,
                int64_t *ret_id) HB_WUR;
int hb_task_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                struct hb_task *ret) HB_WUR;
/* -EPERM not this person's to do, -EALREADY, -EINPROGRESS the first of four
 * eyes was recorded, -ENODATA no words, or a measure against a recurrence that
 * is not what it is called (prevent.h). */
int hb_task_answer(struct hb_state *s, int64_t id, int64_t person, bool done,
                   const char *answer, struct hb_err *err) HB_WUR;
/* DUE (ns UTC): by when from now on; 0: as it is. */
int hb_task_assign(struct hb_state *s, int64_t id, int64_t person,
                   int64_t due) HB_WUR;
typedef int hb_task_fn(void *arg, const struct hb_task *t);
/* INCIDENT 0: of all; due ones first. */
int hb_task_each(struct hb_state *s, int64_t incident, bool waiting_only,
                 hb_task_fn *fn, void *arg) HB_WUR;
/* Passes tasks whose time is over to the next person on duty; number of
 * tasks moved. */
int hb_task_escalate(struct hb_state *s, int64_t now, int64_t patience) HB_WUR;

#endif

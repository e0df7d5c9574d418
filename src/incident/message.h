/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - what registered people are told: that an incident was opened,
 * that a task waits, that nobody answered, that a deadline comes near.
 *
 * A message goes to a registered person by id; there is no way to name an
 * address.  It says that there is something to look at and how, never what:
 * mail is read by others.  A row is made with what it tells of, in the same
 * transaction, once a person and thing.  It is never made for, nor sent to,
 * whom the incident is hidden from; and where the fact `out_of_band` holds
 * (the attacker may read our mail) nothing is sent: people are called.
 *
 * Where the settings name a webhook (struct hb_state), it hears of each thing
 * once, in no more words.  Nobody knows who reads there: of an incident that
 * is hidden from anybody it hears nothing.
 */
#ifndef HB_INCIDENT_MESSAGE_H
#define HB_INCIDENT_MESSAGE_H

#include "incident/clock.h"
#include "incident/incident.h"
#include "incident/person.h"

enum hb_message_kind {
    HB_MSG_OPENED = 1,
    HB_MSG_TASK,
    HB_MSG_ESCALATED, /* nobody answered; it was passed on */
    HB_MSG_DEADLINE,
    HB_MSG_OVERDUE,
    HB_MSG_TEST,
    HB_MSG_KINDS
};

enum hb_message_state {
    HB_MSG_WAITING = 1,
    HB_MSG_SENT,   /* the relay has taken it; detail is its answer */
    HB_MSG_FAILED, /* given up; detail says why: call by telephone */
    HB_MSG_HELD    /* not to be sent; detail says why */
};

struct hb_message {
    int64_t id;
    int64_t incident, task, clock; /* 0: none */
    int64_t person;                /* 0: the webhook */
    const char *name;              /* of the person; "" */
    const char *channel;           /* "mail", "webhook" */
    enum hb_message_kind kind;
    const char *subject;                /* as it was handed over; "" not yet */
    int64_t created, changed, next_try; /* ns UTC */
    int64_t tries;
    enum hb_message_state state;
    const char *detail; /* English of the catalogue, or a relay's words */
};

/* ---- who is told; each joins an open transaction ---- */

/* The officer on duty. */
int hb_message_opened(struct hb_state *s, int64_t incident) HB_WUR;
/* Its owner, else who is on duty for each of its roles. */
int hb_message_task(struct hb_state *s, const struct hb_task *t) HB_WUR;
int hb_message_assigned(struct hb_state *s, int64_t task,
                        int64_t person) HB_WUR;
/* TO, whom it was passed on to; once an hour at most. */
int hb_message_escalated(struct hb_state *s, const struct hb_task *t,
                         const struct hb_person *to, int64_t now) HB_WUR;
/* The officer on duty, of what is overdue management, too.  WARNING as
 * hb_clock_tick() has it. */
int hb_message_deadline(struct hb_state *s, const struct hb_clock *c,
                        int warning) HB_WUR;
/* To see whether mail arrives; id of the message. */
int64_t hb_message_test(struct hb_state *s, int64_t person) HB_WUR;

/* ---- sending ---- */

/* The message that is to be sent at NOW, in A: 1, or 0.  What must not be sent
 * any more is held on the way: kept from this person, not needed, or of an
 * incident of which no mail may tell (then the timeline says so, once). */
int hb_message_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                   struct hb_message *ret) HB_WUR;
/* It is handed over with SUBJECT. */
int hb_message_handed(struct hb_state *s, int64_t id,
                      const char *subject) HB_WUR;
int hb_message_sent(struct hb_state *s, int64_t id, int64_t now,
                    const char *answer) HB_WUR;
/* Tried again after 1, 5, 15 and 60 minutes; then it failed, which the
 * timeline tells: 1. */
int hb_message_refused(struct hb_state *s, int64_t id, int64_t now,
                       const char *why) HB_WUR;

/* After so many TRIES that failed: how long until the next one, -1 none. */
int64_t hb_message_pause(int64_t tries);

typedef int hb_message_fn(void *arg, const struct hb_message *m);
/* INCIDENT 0: all; newest first, LIMIT of them. */
int hb_message_each(struct hb_state *s, int64_t incident, int64_t limit,
                    hb_message_fn *fn, void *arg) HB_WUR;
/* Whom nothing could be sent to about what is still open: they are to be
 * called.  FN once a person and incident. */
typedef int hb_message_call_fn(void *arg, int64_t incident,
                               const struct hb_person *p);
int hb_message_to_call(struct hb_state *s, hb_message_call_fn *fn,
                       void *arg) HB_WUR;

const char *hb_message_kind_name(enum hb_message_kind kind); /* "task" */
const char *hb_message_state_name(enum hb_message_state state);

/* ---- message_text.c: what it says ---- */

/* How it is said: in which language, whose, and times in which zone. */
struct hb_message_words {
    int lang; /* enum hb_lang */
    const char *organisation;
    const char *zone_name;
    int zone_minutes;
    int64_t until; /* ns UTC; 0: no time set */
};
void hb_message_subject(struct hb_buf *b, const struct hb_message *m,
                        const struct hb_message_words *w);
/* For the webhook: {"incident", "kind", "title", "due"}. */
void hb_message_json(struct hb_buf *b, const struct hb_message *m,
                     const struct hb_message_words *w);
void hb_message_body(struct hb_buf *b, const struct hb_message *m,
                     const struct hb_message_words *w);
/* Until when the task or deadline of M is; 0: no time set. */
int64_t hb_message_until(struct hb_state *s, const struct hb_message *m);

#endif

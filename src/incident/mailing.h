/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.h - a paper of an incident to people outside, one mail each, after
 * two people released it (G0-U6; event/mailing.h says what they sign).
 *
 *   draft --release--> draft --release by another--> released --> done
 *     \------------------ stop ------------------------/ --> stopped
 *
 * A list may grow until the first signature, which binds it.  A mailing ends
 * seven days after it was made: what was right to say then is not later.
 */
#ifndef HB_INCIDENT_MAILING_H
#define HB_INCIDENT_MAILING_H

#include "event/mailing.h"
#include "incident/person.h"

enum hb_mailing_state {
    HB_MAILING_DRAFT = 1,
    HB_MAILING_RELEASED,
    HB_MAILING_DONE, /* nothing of it waits */
    HB_MAILING_STOPPED
};

struct hb_mailing {
    int64_t id, incident;
    const char *uid, *paper, *subject, *text;
    const char *made_by, *words; /* why it was stopped; "" */
    int64_t made, until, ended;  /* ns UTC; 0 not yet */
    enum hb_mailing_state state;
    int64_t count, waiting, sent, failed; /* people */
    int64_t releases;                     /* signatures so far */
};

enum hb_mailing_to_state {
    HB_MAILING_WAITING = 1,
    HB_MAILING_SENT,   /* the relay has taken it; detail is its answer */
    HB_MAILING_FAILED, /* given up: by letter or telephone */
    HB_MAILING_LEFT    /* stopped before it was sent */
};

struct hb_mailing_to {
    int64_t place; /* from 0 */
    const char *name, *address;
    enum hb_mailing_to_state state;
    int64_t tries, next_try, changed; /* ns UTC */
    const char *detail;               /* a relay's words, or ours (N_) */
};

/* PAPER is one of the incident's case.  -EINVAL subject or text. */
int hb_mailing_new(struct hb_state *s, int64_t incident, const char *paper,
                   const char *subject, struct hb_slice text,
                   const struct hb_person *by, int64_t *ret_id) HB_WUR;
/* One more for the list of M, which was just read; its count grows.  -EEXIST
 * the address stands in it, -EINVAL name or address, -EBUSY somebody has
 * signed it or it has ended, -E2BIG. */
int hb_mailing_add(struct hb_state *s, struct hb_mailing *m, const char *name,
                   const char *address) HB_WUR;
/* In A; -ENOENT. */
int hb_mailing_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                   struct hb_mailing *ret) HB_WUR;
typedef int hb_mailing_fn(void *arg, const struct hb_mailing *m);
/* INCIDENT 0: all; newest first. */
int hb_mailing_each(struct hb_state *s, int64_t incident, hb_mailing_fn *fn,
                    void *arg) HB_WUR;
typedef int hb_mailing_to_fn(void *arg, const struct hb_mailing_to *to);
/* By their place, from FROM on. */
int hb_mailing_each_to(struct hb_state *s, int64_t id, int64_t from,
                       hb_mailing_to_fn *fn, void *arg) HB_WUR;

/* Whether P may release a mailing, or approve a paper. */
bool hb_mailing_may(const struct hb_person *p);
/* What is signed, as the list stands; its strings are M's.  -ENODATA nobody
 * stands in the list. */
int hb_mailing_terms(struct hb_state *s, const struct hb_mailing *m,
                     struct hb_mailing_terms *ret) HB_WUR;
/* 1: it is released with this; 0: a second person has to.  -EACCES no role
 * that may, -EALREADY by this person, -EKEYREJECTED no key of their own,
 * -EBADMSG the signature, -EKEYREVOKED the first release does not hold any
 * more, -EBUSY it is no draft, -ETIME, -ENODATA. */
int hb_mailing_release(struct hb_state *s, int64_t id,
                       const struct hb_person *by, int64_t now,
                       const uint8_t sig[HB_SIG_SIZE]) HB_WUR;
/* What has not left stays here.  -EBUSY it has ended. */
int hb_mailing_stop(struct hb_state *s, int64_t id, const struct hb_person *by,
                    int64_t now, const char *words) HB_WUR;

/* ---- sending ---- */

struct hb_mailing_release {
    const char *person; /* name */
    uint8_t sig[HB_SIG_SIZE];
};

/* One mail, and all that proves that it may go. */
struct hb_mailing_letter {
    struct hb_mailing m;
    struct hb_mailing_to to;
    struct hb_mailing_terms terms;
    hb_merkle_hash path[HB_MERKLE_PATH_MAX];
    size_t path_n;
    struct hb_mailing_release by[HB_MAILING_RELEASES];
};

/* The mail that is to be sent at NOW, in A: 1, or 0.  Nothing of an incident
 * whose mail may be read along (fact out_of_band).  What is past its time ends
 * on the way. */
int hb_mailing_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                   struct hb_mailing_letter *ret) HB_WUR;
/* It is about to be handed over: counted as tried before it can leave, so that
 * a store that cannot be written sends nobody the same mail again and again. */
int hb_mailing_try(struct hb_state *s, int64_t id, int64_t place,
                   int64_t now) HB_WUR;
int hb_mailing_sent(struct hb_state *s, int64_t id, int64_t place, int64_t now,
                    const char *answer) HB_WUR;
/* Tried again as notices are (hb_message_pause()); then it failed. */
int hb_mailing_refused(struct hb_state *s, int64_t id, int64_t place,
                       int64_t now, const char *why) HB_WUR;
/* It does not go by this release: never tried again. */
int hb_mailing_denied(struct hb_state *s, int64_t id, int64_t place,
                      int64_t now, const char *why) HB_WUR;

const char *hb_mailing_state_name(enum hb_mailing_state state);
const char *hb_mailing_to_state_name(enum hb_mailing_to_state state);

#endif

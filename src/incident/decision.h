/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decision.h - what a person decided: a risk accepted until a date, a case
 * that does not apply, a measure considered and not taken, an answer to a
 * control's question.
 *
 * The person signs with their own key (domain "decision") over the canonical
 * JSON of the row, on their side; readers verify before they believe a row, so
 * that one edited in the database counts for nothing.
 */
#ifndef HB_INCIDENT_DECISION_H
#define HB_INCIDENT_DECISION_H

#include "incident/person.h"

#define HB_DECISION_REASON_MAX 4096u

struct hb_decision_row {
    const char *subject; /* "control:web.waf", "case:5" */
    const char *verdict; /* "accepted", "not-applicable", "against",
                            "pass", "fail", "withdrawn" */
    const char *reason;
    const char *person;  /* name */
    int64_t incident;    /* it belongs to, 0 none */
    int64_t time, until; /* ns UTC */
    struct hb_slice sig; /* HB_SIG_SIZE bytes */
    struct hb_slice pub; /* of the person, HB_PUB_SIZE bytes */
};

/* The bytes that are signed (RFC 8785). */
int hb_decision_message(struct hb_buf *b,
                        const struct hb_decision_row *row) HB_WUR;
/* 0, or -EBADMSG where the signature does not hold. */
int hb_decision_verify(const struct hb_decision_row *row) HB_WUR;
/* Verifies with the person's registered key and keeps it.  -EKEYREJECTED no
 * key is registered, -EBADMSG, -EINVAL unknown verdict, empty reason, or an
 * end that is not in the future. */
int hb_decision_add(struct hb_state *s, const struct hb_person *by,
                    const struct hb_decision_row *row, int64_t incident,
                    int64_t *ret_id) HB_WUR;

#endif

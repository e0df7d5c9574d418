/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control_state.h - what is known of a control: the last result of its check,
 * and what a person signed about it.
 *
 * A decision counts only while its signature holds (decision.h).
 */
#ifndef HB_INCIDENT_CONTROL_STATE_H
#define HB_INCIDENT_CONTROL_STATE_H

#include "casebook/posture.h"
#include "incident/state.h"

struct hb_said {         /* a decision and what it says */
    const char *verdict; /* NULL: there is none */
    struct hb_decision d;
};

/* The newest decision on SUBJECT ("control:ID", "case:N"), in A.  One that was
 * withdrawn or does not verify is none: 0 with a NULL verdict. */
int hb_said(struct hb_state *s, struct hb_arena *a, const char *subject,
            struct hb_said *ret) HB_WUR;
/* Result and acceptance of CONTROL as they stand, in A; what they are worth
 * at NOW (ns UTC) says hb_control_effective(). */
int hb_control_state(struct hb_state *s, struct hb_arena *a,
                     const struct hb_control *control, int64_t now,
                     struct hb_control_result *ret) HB_WUR;

#endif

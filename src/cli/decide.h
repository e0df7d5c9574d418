/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - what `decide`, `question ask` and `init --ask` share: a decision
 * signed with the person's key on this side, as core takes it.
 */
#ifndef HB_CLI_DECIDE_H
#define HB_CLI_DECIDE_H

#include "base/json.h"
#include "crypto/crypto.h"
#include "incident/decision.h"

/* Signs ROW (subject, verdict, reason, person, time and until are set) with
 * KEY and appends the arguments of "decision.add" to ARGS. */
int hb_decide_sign(struct hb_buf *args, const struct hb_decision_row *row,
                   const struct hb_key *key) HB_WUR;

#endif

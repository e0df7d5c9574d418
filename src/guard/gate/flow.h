/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow.h - few events of many findings: of each address and kind of attack
 * the first is told at once, what follows once a minute with its number.
 *
 * A table of fixed size.  IPv6 addresses count by their /64, which is one
 * household.  Where more addresses come than the table, or a minute, has room
 * for, they are counted together as one, so that no number of senders makes
 * more than HB_FLOW_FIRST + HB_FLOW_ROOM events a minute, and nothing goes
 * uncounted.
 */
#ifndef HB_GUARD_GATE_FLOW_H
#define HB_GUARD_GATE_FLOW_H

#include "guard/gate/finding.h"

#define HB_FLOW_ROOM  256u /* pairs of address and attack */
#define HB_FLOW_FIRST 120u /* told at once within a minute */
#define HB_FLOW_NS    (60 * UINT64_C(1000000000))

struct hb_flow;

/* What is told after a minute: the last line of its kind, and how many came
 * since it was last told. */
struct hb_flow_said {
    struct hb_slice line; /* valid until the next call */
    uint64_t count;
    bool many; /* of many addresses */
};

struct hb_flow *hb_flow_new(void) HB_WUR;
void hb_flow_free(struct hb_flow *f);
/* A finding of CLIENT and ATTACK at NOW (ns, monotonic), its LINE kept in a
 * copy.  True where it is to be told at once. */
bool hb_flow_take(struct hb_flow *f, uint64_t now, const char *client,
                  enum hb_waf_attack attack, bool let_through,
                  struct hb_slice line);
/* The next that is due at NOW; false where none is. */
bool hb_flow_due(struct hb_flow *f, uint64_t now, struct hb_flow_said *ret);
/* When the next one may be due; UINT64_MAX where nothing waits. */
uint64_t hb_flow_next(const struct hb_flow *f);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * looks.h - files are looked into for personal data, by the role look.
 *
 * A connection a file: its bytes, then one line of JSON back:
 * {"read":true,"pieces":12,"kind":"text","encoding":"cp932","list":true,...}.
 * What was not looked into stands in the store, so that a restart forgets
 * nothing.
 */
#ifndef HB_PORTAL_LOOKS_H
#define HB_PORTAL_LOOKS_H

#include "portal/part.h"

#define PORTAL_LOOK_LINE 512u

struct portal_looks;

/* Files of SHARE (0: of all) from now on, one after the other. */
int portal_looks_new(struct hb_portal *p, int64_t share,
                     struct portal_looks **ret) HB_WUR;
void portal_looks_free(struct portal_looks *l);
/* A file has come to its end: it need not wait for the next second. */
void portal_looks_wake(struct portal_looks *l);
/* Turns the loop until nothing of SHARE waits.  -ETIMEDOUT. */
int portal_looks_wait(struct hb_portal *p, int64_t share) HB_WUR;

#endif

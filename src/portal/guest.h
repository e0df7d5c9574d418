/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h - what comes in by an invitation: into quarantine, until its owner
 * takes it.
 */
#ifndef HB_PORTAL_GUEST_H
#define HB_PORTAL_GUEST_H

#include "portal/http.h"

void portal_guest_page(struct portal_visit *x, const struct hb_share_view *v,
                       const char *error);
void portal_guest_send(struct portal_visit *x);
void portal_guest_piece(struct portal_visit *x);
void portal_guest_body(struct portal_visit *x);

/* ---- of link.c ---- */

/* Whether this browser has proven the mailbox of this link. */
bool portal_granted(struct portal_visit *x, struct hb_share_view *ret);
struct hb_slice portal_grant(struct portal_visit *x);

#endif

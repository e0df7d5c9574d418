/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrong.h - it went to the wrong person (case 15): the links die, core opens
 * an incident with what our own record knows, the owner is told.
 */
#ifndef HB_PORTAL_WRONG_H
#define HB_PORTAL_WRONG_H

#include "portal/part.h"

/* RECIPIENT of SHARE was the wrong one (0: all were), as WHO says.  FN (may be
 * NULL) gets what is known of each, for a page or a command.  Errors of
 * hb_share_wrong_recipient(). */
int portal_wrong(struct hb_portal *p, int64_t share, int64_t recipient,
                 const struct hb_share_who *who, hb_share_exposure_fn *fn,
                 void *arg) HB_WUR;

#endif

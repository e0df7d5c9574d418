/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.h - the capability "outside": is what visitors see what was
 * published?  A hijacked name, proxy or cache changes pages without touching a
 * file; only looking from outside shows it.
 */
#ifndef HB_SENSE_OUTSIDE_OUTSIDE_H
#define HB_SENSE_OUTSIDE_OUTSIDE_H

#include "config/role_ctx.h"

/* Main of the role (config/role_ctx.h says what holds when it is called). */
int hb_outside_main(const struct hb_role_ctx *ctx);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - the capability "control": does a preventive measure really hold
 * on this machine?  Asked on a schedule, answered from the machine's own
 * configuration, never from what a person hopes.
 */
#ifndef HB_CONTROL_CONTROL_H
#define HB_CONTROL_CONTROL_H

#include "config/role_ctx.h"

#define HB_CHANGES_MAX 64u /* that one command "collect" names */

/* Main of the role check (config/role_ctx.h says what holds). */
int hb_check_main(const struct hb_role_ctx *ctx);
/* Whether a check of this name is compiled in. */
bool hb_check_exists(const char *name);

#endif

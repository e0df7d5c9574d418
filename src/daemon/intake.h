/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.h - the role that takes events from programs that we do not start
 * (doc/producer-protocol.md) and hands them on to core.
 */
#ifndef HB_DAEMON_INTAKE_H
#define HB_DAEMON_INTAKE_H

#include "config/role_ctx.h"

/* Bounds of one producer, and of all. */
#define HB_INTAKE_RING      (256u << 10) /* bytes that wait for core */
#define HB_INTAKE_PRODUCERS 64u
#define HB_INTAKE_PER_USER  16u /* connections a uid (root: all) */

int hb_intake_main(const struct hb_role_ctx *ctx);

#endif

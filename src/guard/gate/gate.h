/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - the role gate: reads what the web server's module found, and tells
 * core, few events of many findings.
 */
#ifndef HB_GUARD_GATE_GATE_H
#define HB_GUARD_GATE_GATE_H

#include "config/role_ctx.h"

hb_role_main hb_gate_main;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_clock.h - core's side of the deadlines of incidents.
 */
#ifndef HB_CORE_CORE_CLOCK_H
#define HB_CORE_CORE_CLOCK_H

#include "core/core.h"
#include "incident/clock.h"

/* After the case book and the settings were read. */
int hb_core_clocks_open(struct hb_core *c) HB_WUR;
void hb_core_clocks_close(struct hb_core *c);
/* After anything that may start one: an incident was opened, a fact set. */
void hb_core_clocks_review(struct hb_core *c, int64_t incident);
/* The same within a second, for who stands in a transaction. */
void hb_core_clocks_soon(struct hb_core *c);
/* Once a second. */
void hb_core_clocks_second(struct hb_core *c);
/* A warning, or that one is overdue: goes to whom it may concern. */
hb_clock_warn_fn hb_core_clock_warn;

#endif

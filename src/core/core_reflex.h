/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_reflex.h - deeds that core asks of the helper by itself, as far as the
 * officer approved them in advance (core_reflex.c tells which and why).
 */
#ifndef HB_CORE_CORE_REFLEX_H
#define HB_CORE_CORE_REFLEX_H

#include "core/cmd.h"

/* Notes, in the open transaction, what the event E of INCIDENT calls for. */
int hb_core_reflex_note(struct hb_core *c, const struct hb_event *e,
                        int64_t incident) HB_WUR;
/* Carries out what is noted and lifts what is quiet; after each commit and
 * once a second. */
void hb_core_reflex_go(struct hb_core *c);
/* A person had SITE taken private (or public) in INCIDENT: that is not lifted
 * by itself, but can be undone. */
void hb_core_reflex_by_person(struct hb_core *c, const char *site,
                              int64_t incident, bool private);
/* "deed.list", "deed.undo": what is in force of an incident, and back. */
hb_core_cmd_fn hb_core_deed_list, hb_core_deed_undo;

/* ---- core_undo.c ---- */
/* "step.undo": what a step of the playbook did, and back. */
hb_core_cmd_fn hb_core_step_undo;
/* Says of files that were put back what to do where a change was right. */
void hb_core_undo_restored(struct hb_core_call *call, int64_t incident);

#endif

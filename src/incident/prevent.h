/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prevent.h - recurrence prevention (再発防止策の検討および実施, C02-R4): one
 * task for each control that would have stopped the incident.
 *
 * Nobody closes such a task by words alone.  Done needs an owner, a due date
 * and the machine's own word: the control's check (or, for what a machine
 * cannot know, a person's signed answer) has passed since the task was made.
 * Not doing it needs a signed decision with its reason and the date of its
 * review ("consider" counts, 検討).  An incident does not close before.
 */
#ifndef HB_INCIDENT_PREVENT_H
#define HB_INCIDENT_PREVENT_H

#include "incident/incident.h"

/* Before the control's id in task.step; no place of a playbook (run.h) can
 * begin so. */
#define HB_PREVENT_STEP "measure:"

/* The control of a task of this kind, else NULL. */
const char *hb_prevent_control(const struct hb_task *t);
/* 0 where T may be answered so (DONE, or decided against), -ENODATA with what
 * is missing in ERR. */
int hb_prevent_may(struct hb_state *s, const struct hb_task *t, bool done,
                   struct hb_err *err) HB_WUR;
/* Whether every measure of the incident is what it was called: those that
 * wait have an owner and a due date, those answered still hold.  0, or
 * -ENODATA with the first that does not in ERR. */
int hb_prevent_all(struct hb_state *s, int64_t incident,
                   struct hb_err *err) HB_WUR;

#endif

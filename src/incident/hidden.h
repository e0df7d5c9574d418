/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hidden.h - incidents that are kept from a person concerned (G0-U9: the
 * suspect may be the officer or an administrator), and who looked at them.
 *
 * Whoever may not see an incident is told that there is none.  A person with
 * root can read the database and cannot be prevented (TRUST: People); root by
 * itself is nobody in particular and sees no hidden incident through the
 * service.
 */
#ifndef HB_INCIDENT_HIDDEN_H
#define HB_INCIDENT_HIDDEN_H

#include "incident/person.h"

/* Keeps INCIDENT from PERSON; told in the timeline without the name.
 * -EEXIST it is. */
int hb_hidden_add(struct hb_state *s, int64_t incident, int64_t person,
                  const struct hb_person *by) HB_WUR;
/* -ENOENT it is not. */
int hb_hidden_remove(struct hb_state *s, int64_t incident, int64_t person,
                     const struct hb_person *by) HB_WUR;
/* Whether PERSON (0: nobody in particular) may not see INCIDENT.  What cannot
 * be read is hidden. */
bool hb_hidden_from(struct hb_state *s, int64_t incident, int64_t person);
/* Whether anything is hidden from PERSON. */
bool hb_hidden_any(struct hb_state *s, int64_t person);

/* Notes who asked what about an incident that is hidden from somebody; nothing
 * for others. */
int hb_hidden_seen(struct hb_state *s, int64_t incident, int64_t person,
                   const char *cmd) HB_WUR;
typedef int hb_hidden_fn(void *arg, int64_t time, const char *name,
                         const char *cmd);
int hb_hidden_each_seen(struct hb_state *s, int64_t incident, hb_hidden_fn *fn,
                        void *arg) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* people.h - registers a person of whom a test says only what matters. */
#ifndef HB_TESTS_INCIDENT_PEOPLE_H
#define HB_TESTS_INCIDENT_PEOPLE_H

#include "incident/person.h"

static inline int put_person(struct hb_state *s, const struct hb_person *p,
                             int64_t *ret_id)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person full = *p, got;
    int r;

    full.full_name = p->full_name != NULL ? p->full_name : p->name;
    full.mail = p->mail != NULL ? p->mail : "";
    full.phone = p->phone != NULL ? p->phone : "";
    full.active = true;
    r = hb_person_put(s, &full);
    if (r == 0)
        r = hb_person_by_name(s, a, p->name, &got);
    if (r == 0)
        *ret_id = got.id;
    return r;
}

#endif

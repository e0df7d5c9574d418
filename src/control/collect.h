/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.h - the parts of "collect": what happened around changes.
 *
 * What is told is bounded, and an intruder may have made most of it: what
 * lies nearest to a change stays, and how much was left out is told.
 */
#ifndef HB_CONTROL_COLLECT_H
#define HB_CONTROL_COLLECT_H

#include "control/moments.h"

struct hb_around {
    const struct hb_machine *machine;
    const struct hb_conf_site *site;
    const struct hb_change *change; /* sorted by time, one at least */
    size_t n;
    struct hb_moments *out;
};

/* How far AT is from the nearest change, ns. */
int64_t hb_around_far(const struct hb_around *a, int64_t at);
/* AT as people of the organisation read it; of the arena. */
const char *hb_around_time(const struct hb_around *a, int64_t at);

/* The moment KIND: COUNT were left out, between FROM and UNTIL. */
void hb_around_left(const struct hb_around *a, const char *kind, int64_t count,
                    int64_t from, int64_t until);

/* Each tells false where nothing could be read. */
bool hb_collect_logins(const struct hb_around *a);
bool hb_collect_web(const struct hb_around *a);
bool hb_collect_processes(const struct hb_around *a);

#endif

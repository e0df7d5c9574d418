/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moments.h - what a search found, as moments of a timeline: the list
 * "moments" in the answer to a command, bounded.
 */
#ifndef HB_CONTROL_MOMENTS_H
#define HB_CONTROL_MOMENTS_H

#include "base/json.h"

#define HB_MOMENTS_MAX 40u

struct hb_moments {
    struct hb_arena *arena;
    struct hb_json *list; /* an array */
    size_t left;          /* that were found beyond HB_MOMENTS_MAX */
};

/* A moment of KIND (incident/timeline.c) with one argument NAME. */
void hb_moment_add(struct hb_moments *m, int64_t at, const char *kind,
                   const char *name, const char *fmt, ...) HB_PRINTF(5, 6);

#endif

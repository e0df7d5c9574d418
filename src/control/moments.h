/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moments.h - what a search found, as moments of a timeline: the list
 * "moments" in the answer to a command, bounded.
 */
#ifndef HB_CONTROL_MOMENTS_H
#define HB_CONTROL_MOMENTS_H

#include "base/json.h"
#include "control/check.h"

#define HB_MOMENTS_MAX 56u /* of 400 bytes: one event holds them */

struct hb_moments {
    struct hb_arena *arena;
    struct hb_json *list; /* an array */
    size_t left;          /* that were found beyond HB_MOMENTS_MAX */
};

/* A moment of KIND (incident/timeline.c): its arguments, to be added to; NULL
 * where there is no room or memory, which those below take. */
struct hb_json *hb_moment_new(struct hb_moments *m, int64_t at,
                              const char *kind);
/* One argument: cut after 400 bytes, control characters and what is no UTF-8
 * become '?'. */
void hb_moment_arg(struct hb_moments *m, struct hb_json *args, const char *name,
                   const char *fmt, ...) HB_PRINTF(4, 5);
/* Both, with one argument NAME. */
void hb_moment_add(struct hb_moments *m, int64_t at, const char *kind,
                   const char *name, const char *fmt, ...) HB_PRINTF(5, 6);

#endif

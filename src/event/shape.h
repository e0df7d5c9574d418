/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shape.h - an event as its OCSF class wants to see it: what was set, sorted
 * by path, and beside it what OCSF requires and a producer need not repeat
 * (the name of this machine, "unknown" for a type that nobody looked up).
 * Between event.c, codec.c and check.c only.
 */
#ifndef HB_EVENT_SHAPE_H
#define HB_EVENT_SHAPE_H

#include "event/event.h"

#define HB_OCSF_VERSION "1.4.0"
#define HB_EVENT_VENDOR "Hinoban"

struct hb_event_shape {
    const struct hb_event_field *set[HB_F_COUNT]; /* NULL: not there */
    struct hb_event_field filled[HB_F_COUNT];     /* what was added */
    char list[96];
};

/* Borrows from E, which must not change while RET is in use. */
void hb_event_shape(const struct hb_event *e, struct hb_event_shape *ret);

/* Whether one of the fields is PATH or lies below it. */
bool hb_event_shape_has(const struct hb_event_shape *s, const char *path);

/* Whether the class is one that we know. */
bool hb_event_class_known(int64_t class_uid);

/* The text that shows bytes which are not UTF-8, and no NUL: U+FFFD for each
 * that is out of place.  NULL without memory. */
char *hb_event_readable(struct hb_arena *a, struct hb_slice raw,
                        size_t *ret_n) HB_WUR;

#endif

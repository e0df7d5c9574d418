/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - the event store: one SQLite file a day (UTC), named
 * YYYY-MM-DD.db, behind a table of functions that ClickHouse will fill later.
 */
#ifndef HB_STORE_EVENTS_H
#define HB_STORE_EVENTS_H

#include "base/err.h"
#include "event/event.h"

struct hb_events;

int hb_events_open(const char *dir, struct hb_events **ret,
                   struct hb_err *err) HB_WUR;
void hb_events_close(struct hb_events *s);

/* Adds one to the open batch; 1 where its uid is known already (dropped). */
int hb_events_add(struct hb_events *s, const struct hb_event *e,
                  struct hb_err *err) HB_WUR;
/* Makes the batch durable. */
int hb_events_flush(struct hb_events *s, struct hb_err *err) HB_WUR;

struct hb_events_query {
    int64_t from, to;          /* ns UTC, to exclusive; 0: no bound */
    int class_uid;             /* 0: any */
    int min_severity;
    const char *site;          /* NULL: any */
    const char *text;          /* substring of the JSON; NULL: any */
    size_t limit;              /* 0: 100 */
    bool oldest_first;
};
typedef int hb_events_fn(void *arg, const char *uid, int64_t time,
                         struct hb_slice json);
/* Calls FN a record until it returns non-zero (which is returned). */
int hb_events_find(struct hb_events *s, const struct hb_events_query *q,
                   hb_events_fn *fn, void *arg, struct hb_err *err) HB_WUR;
int hb_events_get(struct hb_events *s, struct hb_arena *a, const char *uid,
                  struct hb_slice *ret_json, struct hb_err *err) HB_WUR;

/* Removes days older than KEEP_DAYS and, oldest first, what is above
 * MAX_BYTES (0: no ceiling); NEVER days for which HOLD says so. */
int hb_events_retain(struct hb_events *s, unsigned keep_days,
                     uint64_t max_bytes, bool (*hold)(void *, const char *day),
                     void *arg, unsigned *ret_removed,
                     struct hb_err *err) HB_WUR;
int hb_events_backup(struct hb_events *s, const char *to_dir,
                     struct hb_err *err) HB_WUR;

#endif

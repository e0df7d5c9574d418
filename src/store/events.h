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

/* Opens (creates) DIR as its only writer; -EBUSY where another is that.  A
 * damaged file of today is set aside and a new one is begun. */
int hb_events_open(const char *dir, struct hb_events **ret,
                   struct hb_err *err) HB_WUR;
/* Opens DIR to look only, beside a writer. */
int hb_events_open_read(const char *dir, struct hb_events **ret,
                        struct hb_err *err) HB_WUR;
/* What was added and not flushed is gone: nobody was told that it is kept. */
void hb_events_close(struct hb_events *s);

/* The path of a damaged file that was set aside (renamed to .corrupt-N) and
 * not told yet, NULL when there is none; ask after open and after flush and
 * make an event of each.  Valid until the next call. */
const char *hb_events_set_aside(struct hb_events *s);

/* Adds one to the open batch; 1 where its uid is known already (dropped).
 * The batch is in memory until it is flushed and has a ceiling (4 MiB): a full
 * one is flushed first, and where that fails its error is returned and E was
 * not taken.  Events are kept under the day on which they arrive. */
int hb_events_add(struct hb_events *s, const struct hb_event *e,
                  struct hb_err *err) HB_WUR;
/* Makes the batch durable: only now may it be acknowledged.  On an error
 * (-ENOSPC, ...) the batch is kept for another try; reading still works. */
int hb_events_flush(struct hb_events *s, struct hb_err *err) HB_WUR;
/* How many wait for the next flush. */
size_t hb_events_pending(const struct hb_events *s);

struct hb_events_query {
    int64_t from, to; /* ns UTC, to exclusive; 0: no bound */
    int class_uid;    /* 0: any */
    int min_severity;
    const char *site; /* NULL: any */
    const char *text; /* substring of the JSON; NULL: any */
    size_t limit;     /* 0: 100 */
    bool oldest_first;
};
typedef int hb_events_fn(void *arg, const char *uid, int64_t time,
                         struct hb_slice json);
/* Calls FN a record until it returns non-zero (which is returned), the
 * newest day first.  A day that cannot be read does not hide the others: they
 * are all given, then -EUCLEAN and the file's name in ERR.  FN must not add,
 * flush or retain. */
int hb_events_find(struct hb_events *s, const struct hb_events_query *q,
                   hb_events_fn *fn, void *arg, struct hb_err *err) HB_WUR;
/* -ENOENT where there is none. */
int hb_events_get(struct hb_events *s, struct hb_arena *a, const char *uid,
                  struct hb_slice *ret_json, struct hb_err *err) HB_WUR;

/* What becomes of a day that is due. */
enum hb_retain {
    HB_RETAIN_GO,    /* it is removed now */
    HB_RETAIN_LATER, /* it stays, but will go: younger days are spared for it */
    HB_RETAIN_HOLD   /* it stays */
};
typedef enum hb_retain hb_retain_fn(void *arg, const char *day);

/* Removes days older than KEEP_DAYS and, oldest first, what is above
 * MAX_BYTES (0: no ceiling); FN (NULL: GO) decides for each. */
int hb_events_retain(struct hb_events *s, unsigned keep_days,
                     uint64_t max_bytes, hb_retain_fn *fn, void *arg,
                     unsigned *ret_removed, struct hb_err *err) HB_WUR;
/* Verified copies of all days, one file each, in the directory TO_DIR. */
int hb_events_backup(struct hb_events *s, const char *to_dir,
                     struct hb_err *err) HB_WUR;

#endif

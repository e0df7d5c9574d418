/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_nth.c - the n-th write, fsync or allocation fails, for every n until
 * the work has fewer: each time a clean error, a store that opens again and
 * nothing lost that was acknowledged.
 *
 * The failures are let in at SQLite's VFS and allocator and at the product's
 * own calls (base/fault.h).  Below 1,000 HB_KILL_POINTS a part of the many
 * allocations is tried, spread by a prime.
 */
#include <stdio.h>

#include "base/fault.h"
#include "base/file.h"
#include "shim.h"
#include "work.h"

#define TX     12
#define EVENTS 8

static char dir[256], path[300], events[300], copy[300];
static bool lost[TX + 1]; /* not acknowledged, so allowed to be missing */
static int64_t sent;      /* events that a flush acknowledged */

enum source {
    FILE_FULL,
    FILE_BROKEN,
    FILE_SYNC,
    SQL_MALLOC,
    OUR_MALLOC,
    OUR_SYNC,
    SOURCES
};

static const char *const names[SOURCES] = {
    "write (disk full)", "write (disk broken)", "fsync",
    "SQLite's malloc",   "our malloc",          "our fsync"};

static void arm(enum source s, unsigned n)
{
    switch (s) {
    case FILE_FULL:
    case FILE_BROKEN:
        shim_fail(SHIM_WRITE, n, s == FILE_FULL);
        break;
    case FILE_SYNC:
        shim_fail(SHIM_SYNC, n, false);
        break;
    case SQL_MALLOC:
        shim_fail(SHIM_MALLOC, n, false);
        break;
    case OUR_MALLOC:
        hb_fault_set(HB_FAULT_ALLOC, n);
        break;
    default:
        hb_fault_set(HB_FAULT_FSYNC, n);
        break;
    }
}

static bool pending(enum source s)
{
    switch (s) {
    case FILE_FULL:
    case FILE_BROKEN:
        return shim_pending(SHIM_WRITE);
    case FILE_SYNC:
        return shim_pending(SHIM_SYNC);
    case SQL_MALLOC:
        return shim_pending(SHIM_MALLOC);
    case OUR_MALLOC:
        return hb_fault_pending(HB_FAULT_ALLOC);
    default:
        return hb_fault_pending(HB_FAULT_FSYNC);
    }
}

static bool known(int r)
{
    return r == -ENOSPC || r == -EIO || r == -ENOMEM;
}

/* The work: what fails is tried once more, as core does.  NULL, or what was
 * not as it should be. */
static const char *work(void)
{
    struct hb_db *db = NULL;
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    const char *wrong = NULL;
    int64_t n = 0;
    int r = hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err);

    if (r != 0 && (!known(r) || err.code != r || err.message[0] == '\0'))
        return "opening failed without a clear error";
    if (r != 0 && hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err) != 0)
        return "it does not open again";
    for (int64_t i = 1; i <= TX && wrong == NULL; i++) {
        r = work_do(db, i);
        lost[i] = r != 0;
        if (r != 0 && !known(r))
            wrong = "a transaction failed without a clear error";
        if (hb_db_in_transaction(db))
            wrong = "a failed transaction is still open";
    }
    memset(&err, 0, sizeof(err));
    r = wrong == NULL ? hb_db_backup(db, copy, &err) : 0;
    if (r != 0 && (!known(r) || err.code != r)) {
        printf("# %d, told as %d: %s\n", r, err.code, err.message);
        wrong = "a backup failed without a clear error";
    }
    memset(&err, 0, sizeof(err));
    r = wrong == NULL ? hb_events_open(events, &s, &err) : 0;
    if (r != 0 && (!known(r) || err.code != r))
        wrong = "opening events failed without a clear error";
    if (r != 0 && wrong == NULL && hb_events_open(events, &s, &err) != 0)
        wrong = "events do not open again";
    for (int64_t i = 1; i <= EVENTS && wrong == NULL; i++) {
        r = work_event(s, i, &err);
        if (r < 0) /* the producer sends it again */
            r = work_event(s, i, &err);
        if (r < 0)
            wrong = "an event was refused twice";
        memset(&err, 0, sizeof(err));
        r = hb_events_flush(s, &err);
        if (r < 0 && (!known(r) || err.code != r))
            wrong = "a flush failed without a clear error";
        if (r < 0 && hb_events_flush(s, &err) < 0)
            wrong = "the second flush failed too";
        n = i;
    }
    sent = n;
    hb_events_close(s);
    hb_db_close(db);
    return wrong;
}

static const char *verify(void)
{
    struct hb_db *db = NULL;
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice json;
    char uid[HB_ID_SIZE];
    const char *wrong;

    if (hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err) != 0)
        return "the state does not open afterwards";
    wrong = work_verify(db, TX, lost);
    hb_db_close(db);
    if (wrong == NULL && hb_events_open(events, &s, &err) != 0)
        wrong = "the events do not open afterwards";
    if (wrong == NULL && hb_events_set_aside(s) != NULL)
        wrong = "a day was damaged";
    for (int64_t i = 1; i <= sent && wrong == NULL; i++) {
        work_uid(i, uid);
        if (hb_events_get(s, a, uid, &json, &err) != 0)
            wrong = "an acknowledged event is missing";
    }
    hb_events_close(s);
    hb_arena_free(a);
    return wrong;
}

static void try_all(enum source src, unsigned limit)
{
    const char *wrong = NULL;
    unsigned n, step = 1, tried = 0;

    for (n = 1; wrong == NULL; n += step) {
        work_remove(dir);
        if (hb_mkdirs(dir, 0700) < 0)
            wrong = "no directory";
        arm(src, n);
        if (wrong == NULL)
            wrong = work();
        if (wrong == NULL && pending(src)) {
            arm(src, 0);
            break;
        }
        arm(src, 0);
        if (wrong == NULL)
            wrong = verify();
        if (wrong != NULL)
            printf("# %s number %u: %s\n", names[src], n, wrong);
        if (++tried == limit)
            step = 97; /* the rest is much alike */
    }
    ok(wrong == NULL && tried > 0, "%s: %u failures, each a clean error",
       names[src], tried);
}

int main(void)
{
    unsigned points = work_points(100);

    if (work_dir("/dev/shm", dir, sizeof(dir)) < 0)
        return 1;
    snprintf(path, sizeof(path), "%s/s.db", dir);
    snprintf(events, sizeof(events), "%s/events", dir);
    snprintf(copy, sizeof(copy), "%s/copy.db", dir);
    shim_register();
    for (int s = 0; s < SOURCES; s++)
        try_all(s, points >= 1000 ? 1000000 : points * 4);
    work_remove(dir);
    return done();
}

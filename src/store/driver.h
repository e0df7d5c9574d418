/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver.h - what a database must offer to carry the stores: the table that
 * sqlite.c fills and that a driver for PostgreSQL will fill.  Between the
 * files of src/store only.
 *
 * CONN and STMT are the driver's own.  A driver's functions return 0 or
 * -errno and say in ERR what a person can do about it.
 */
#ifndef HB_STORE_DRIVER_H
#define HB_STORE_DRIVER_H

#include "base/fault.h"
#include "store/db.h"
#include "store/events.h"

enum hb_db_flag {
    HB_DB_READ = 1,      /* look only: no lock, no migration */
    HB_DB_UNLOCKED = 2,  /* the caller holds a lock over it already */
    HB_DB_IMMUTABLE = 4, /* driver only: nobody can change the file */
    HB_DB_COPY = 8,      /* driver only: a file that is just being made */
    HB_DB_ALONE = 16     /* driver only: needs no room for shared memory */
};

struct hb_db_driver {
    const char *name;
    int (*open)(const char *where, unsigned flags, void **ret_conn,
                struct hb_err *err);
    void (*close)(void *conn);
    /* Several statements without parameters. */
    int (*run)(void *conn, const char *sql, struct hb_err *err);
    /* Is what is stored whole?  -EUCLEAN where not; QUICK looks at the
     * structure only, else at the indexes too. */
    int (*check)(void *conn, bool quick, struct hb_err *err);
    bool (*in_transaction)(void *conn);
    int (*prepare)(void *conn, const char *sql, void **ret_stmt,
                   struct hb_err *err);
    void (*finalize)(void *stmt);
    int (*bind_int)(void *stmt, int i, int64_t v);
    int (*bind_bytes)(void *stmt, int i, const void *p, size_t n, bool text);
    int (*bind_null)(void *stmt, int i);
    int (*step)(void *conn, void *stmt, struct hb_err *err); /* 1: a row */
    void (*reset)(void *stmt);
    int64_t (*col_int)(void *stmt, int i);
    const void *(*col_bytes)(void *stmt, int i, bool text, size_t *ret_n);
    bool (*col_null)(void *stmt, int i);
    int64_t (*last_id)(void *conn);
    int64_t (*changes)(void *conn);
    /* A consistent copy in the new file TO, not yet verified. */
    int (*copy)(void *conn, const char *to, struct hb_err *err);
};

extern const struct hb_db_driver hb_sqlite_driver;

struct hb_event_row {
    const char *uid, *site; /* SITE may be NULL */
    int64_t time;
    int class_uid, severity;
    struct hb_slice json;
};

struct hb_events_driver {
    const char *name;
    int (*open)(const char *dir, bool read_only, void **ret,
                struct hb_err *err);
    void (*close)(void *s);
    int (*known)(void *s, const char *uid, struct hb_err *err);
    int (*begin)(void *s, struct hb_err *err);
    int (*put)(void *s, const struct hb_event_row *row, struct hb_err *err);
    int (*commit)(void *s, struct hb_err *err);
    void (*rollback)(void *s);
    int (*find)(void *s, const struct hb_events_query *q, hb_events_fn *fn,
                void *arg, struct hb_err *err);
    int (*get)(void *s, struct hb_arena *a, const char *uid,
               struct hb_slice *ret_json, struct hb_err *err);
    int (*retain)(void *s, unsigned keep_days, uint64_t max_bytes,
                  hb_retain_fn *fn, void *arg, unsigned *ret_removed,
                  struct hb_err *err);
    int (*backup)(void *s, const char *to_dir, struct hb_err *err);
    const char *(*set_aside)(void *s);
};

extern const struct hb_events_driver hb_sqlite_events_driver;

/* hb_db_open() with enum hb_db_flag. */
int hb_db_open_flags(const char *path, const struct hb_migration *m, size_t n,
                     unsigned flags, struct hb_db **ret,
                     struct hb_err *err) HB_WUR;

/* Takes the lock file PATH for this process; -EBUSY where another has it. */
int hb_store_lock(const char *path, int *ret_fd, struct hb_err *err) HB_WUR;

/* fsync of the directory that holds PATH: what was created, renamed or
 * removed there stays so. */
int hb_store_sync_dir(const char *path) HB_WUR;

/* Whether the copy of a database in PATH is whole. */
int hb_db_verify(const char *path, struct hb_err *err) HB_WUR;

static inline void *hb_store_alloc(size_t n)
{
    return hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, n);
}

#endif

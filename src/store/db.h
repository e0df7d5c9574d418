/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.h - the state store: statements and transactions, behind a table of
 * functions that SQLite fills today and PostgreSQL will fill later.  SQL is
 * the common subset of both; parameters are ?1, ?2, ...
 *
 * SQLite: WAL, synchronous=FULL, one connection a process.  What
 * hb_db_commit() acknowledged survives kill -9 and power loss.
 *
 * Errors: -ENOSPC full disk, -EROFS read-only, -EUCLEAN corrupt, -EBUSY
 * another process has it, -EEXIST unique constraint, -EIO, -EINVAL; err tells
 * a person what to do.
 */
#ifndef HB_STORE_DB_H
#define HB_STORE_DB_H

#include "base/err.h"

struct hb_db;
struct hb_stmt;

struct hb_migration {
    int version;     /* 1, 2, ... without gaps */
    const char *sql; /* several statements */
};

/* Opens (creates, mode 0600) the file PATH as its only writer (PATH.lock;
 * -EBUSY where another process is that), checks its integrity quickly and
 * runs the migrations that are missing, each in a transaction, after a
 * verified copy of the file (PATH.before-N).  A file with a higher version
 * than the last migration is refused (-EPROTO).
 *
 * 0 when all is well; 1 when the file is damaged or cannot be written but can
 * be read: then ERR says why, and what writes answers -EUCLEAN or -EROFS. */
int hb_db_open(const char *path, const struct hb_migration *m, size_t n,
               struct hb_db **ret, struct hb_err *err) HB_WUR;
/* The same as one of several processes that write it: PATH.lock is waited for
 * and held only while the file is opened, checked and migrated; afterwards
 * each transaction waits for the others (at most 5 s, then -EBUSY).  For a
 * store that no process owns alone; all of its writers open it so.  One
 * connection a process: closing a second one would drop the locks of the
 * first. */
int hb_db_open_shared(const char *path, const struct hb_migration *m, size_t n,
                      struct hb_db **ret, struct hb_err *err) HB_WUR;
/* Opens PATH to look only, beside a writer; needs no lock. */
int hb_db_open_read(const char *path, struct hb_db **ret,
                    struct hb_err *err) HB_WUR;
bool hb_db_read_only(const struct hb_db *db);
/* The number of the last migration that ran on it. */
int hb_db_version(struct hb_db *db, int *ret) HB_WUR;
void hb_db_close(struct hb_db *db);
void hb_db_closep(struct hb_db **db);
/* The last error in words. */
const struct hb_err *hb_db_err(const struct hb_db *db);

int hb_db_begin(struct hb_db *db) HB_WUR; /* write transaction */
/* Durable when it returns 0; else nothing of the transaction is kept and it
 * is over.  A statement that fails so badly that the database rolls back (a
 * full disk) makes every later statement of the transaction and its commit
 * fail too, so half of one is never stored. */
int hb_db_commit(struct hb_db *db) HB_WUR;
void hb_db_rollback(struct hb_db *db);
bool hb_db_in_transaction(const struct hb_db *db);

/* Prepared once and kept by the connection under its text; borrowed.  A text
 * that is being stepped gets a second statement. */
int hb_db_stmt(struct hb_db *db, const char *sql, struct hb_stmt **ret) HB_WUR;
/* Binding; I counts from 1.  Text and bytes must live until the next reset. */
int hb_stmt_int(struct hb_stmt *s, int i, int64_t v) HB_WUR;
int hb_stmt_text(struct hb_stmt *s, int i, const char *z) HB_WUR; /* NULL ok */
int hb_stmt_slice(struct hb_stmt *s, int i, struct hb_slice v) HB_WUR;
int hb_stmt_blob(struct hb_stmt *s, int i, const void *p, size_t n) HB_WUR;
int hb_stmt_null(struct hb_stmt *s, int i) HB_WUR;
/* 1 a row, 0 the end (the statement is reset), -errno. */
int hb_stmt_step(struct hb_stmt *s) HB_WUR;
void hb_stmt_reset(struct hb_stmt *s);
/* Columns count from 0; text and bytes live until the next step. */
int64_t hb_stmt_col_int(struct hb_stmt *s, int i);
const char *hb_stmt_col_text(struct hb_stmt *s, int i); /* NULL for NULL */
struct hb_slice hb_stmt_col_blob(struct hb_stmt *s, int i);
bool hb_stmt_col_null(struct hb_stmt *s, int i);

/* Binds by a format and runs to the end: "i" int64_t, "t" const char *,
 * "s" struct hb_slice *, "b" struct hb_slice * as bytes, "x" bytes as a
 * pointer and a size_t, "n" nothing.  -EAGAIN never; rows are skipped. */
int hb_db_exec(struct hb_db *db, const char *sql, const char *fmt, ...) HB_WUR;
/* Binds as hb_db_exec() does; *RET, which is borrowed, is to be stepped.  Text
 * and bytes must live until its reset. */
int hb_db_query(struct hb_db *db, struct hb_stmt **ret, const char *sql,
                const char *fmt, ...) HB_WUR;
/* Binds as hb_db_exec() does; the first column of the first row as a number.
 * 1 a row, 0 none (*RET stays as it was), -errno. */
int hb_db_number(struct hb_db *db, int64_t *ret, const char *sql,
                 const char *fmt, ...) HB_WUR;
int64_t hb_db_last_id(struct hb_db *db);
int64_t hb_db_changes(struct hb_db *db);

/* A consistent copy while running, verified after it was written; it stands
 * alone (no -wal beside it) and takes the place of an older TO.  -EBUSY inside
 * a transaction. */
int hb_db_backup(struct hb_db *db, const char *to, struct hb_err *err) HB_WUR;

#endif

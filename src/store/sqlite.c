/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite.c - the SQLite driver: WAL, synchronous=FULL, one connection.
 *
 * Runs in core, and in clients that look or make a backup.  What a COMMIT
 * acknowledged stands in the -wal file and was fsynced.  The schema in the
 * file is not trusted (DEFENSIVE, trusted_schema off), nor are its cells: a
 * damaged page is an error, not a crash.
 */
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/i18n.h"
#include "base/num.h"
#include "store/driver.h"

#define BUSY_MS   5000        /* a backup's reader may hold a checkpoint up */
#define SHM_BYTES (256 << 10) /* the index of a log of 128 MiB */
#define ROOM_MIN  (1 << 20)   /* below it the disk counts as full */

struct conn {
    sqlite3 *db;
    int shm; /* see hold_shm() */
    char path[HB_MAX_PATH];
};

static int fail(struct conn *c, int rc, struct hb_err *err);
static int setup(struct conn *c, unsigned flags, struct hb_err *err);
static int make_private(const char *path);

static void sq_close(void *conn)
{
    struct conn *c = conn;

    (void)sqlite3_close_v2(c->db);
    hb_close(&c->shm); /* after SQLite: closing it drops its locks too */
    free(c);
}

/* The path as a URI: what is special there is escaped. */
static int uri(char *to, size_t size, const char *path, unsigned flags)
{
    static const char digits[] = "0123456789abcdef";
    static const char tail[] = "?immutable=1";
    size_t n = 5;

    memcpy(to, "file:", 5);
    for (const char *p = path; *p != '\0'; p++) {
        if (n + 4 + sizeof(tail) > size)
            return -ENAMETOOLONG;
        if (*p == '?' || *p == '#' || *p == '%') {
            to[n++] = '%';
            to[n++] = digits[(uint8_t)*p >> 4];
            to[n++] = digits[*p & 15];
        } else {
            to[n++] = *p;
        }
    }
    to[n] = '\0';
    if ((flags & HB_DB_IMMUTABLE) != 0)
        memcpy(to + n, tail, sizeof(tail));
    return 0;
}

static int open_once(const char *where, unsigned flags, void **ret_conn,
                     struct hb_err *err)
{
    struct conn *c = hb_store_alloc(sizeof(*c));
    char name[HB_MAX_PATH * 3 + 32];
    int rc, mode = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW;
    int r;

    if (c == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    if (strlen(where) >= sizeof(c->path) ||
        uri(name, sizeof(name), where, flags) < 0) {
        free(c);
        return hb_err_at(err, -ENAMETOOLONG, where, 0, 0,
                         _("the name is too long"));
    }
    memcpy(c->path, where, strlen(where) + 1);
    c->shm = -1;
    if ((flags & HB_DB_READ) != 0)
        mode |= SQLITE_OPEN_READONLY;
    else
        mode |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    r = (flags & HB_DB_READ) != 0 ? 0 : make_private(where);
    if (r < 0) {
        free(c);
        return hb_err_at(err, r, where, 0, 0,
                         _("the file cannot be made; check the directory, "
                           "its owner and the space on its disk"));
    }
    rc = sqlite3_open_v2(name, &c->db, mode, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_extended_result_codes(c->db, 1);
    r = rc != SQLITE_OK ? fail(c, rc, err) : setup(c, flags, err);
    if (r < 0) {
        sq_close(c);
        return r;
    }
    *ret_conn = c;
    return 0;
}

static bool dir_of(const char *where, char ret[HB_MAX_PATH])
{
    char *slash;

    if (!hb_copyz(ret, HB_MAX_PATH, where))
        return false;
    slash = strrchr(ret, '/');
    if (slash == NULL)
        return hb_copyz(ret, HB_MAX_PATH, ".");
    slash[1] = '\0';
    return true;
}

/* A reader needs the shared memory beside the file.  Where that cannot be
 * made (a read-only file system) and no log is left to be read, the file
 * alone is everything and cannot change. */
static bool is_frozen(const char *where)
{
    char path[HB_MAX_PATH];
    struct stat st;

    if ((size_t)snprintf(path, sizeof(path), "%s-wal", where) >= sizeof(path))
        return false;
    if (stat(path, &st) == 0 && st.st_size > 0)
        return false;
    return dir_of(where, path) && access(path, W_OK) < 0;
}

/* SQLite allocates its shared memory by one byte a page and then writes
 * through a mapping: on a full disk whose blocks are smaller than a page that
 * ends the process with SIGBUS (seen on ext4 with blocks of 1 KiB).  So a
 * writer on a disk without room does without shared memory, and the others
 * allocate all of it while there is room. */
static bool no_room(const char *where)
{
    char dir[HB_MAX_PATH];
    struct statvfs v;

    return dir_of(where, dir) && statvfs(dir, &v) == 0 &&
           (uint64_t)v.f_bavail * v.f_frsize < ROOM_MIN;
}

static int hold_shm(struct conn *c)
{
    char path[HB_MAX_PATH];

    if ((size_t)snprintf(path, sizeof(path), "%s-shm", c->path) >= sizeof(path))
        return -ENAMETOOLONG;
    c->shm = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (c->shm < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fallocate(c->shm, 0, 0, SHM_BYTES) < 0 && errno == ENOSPC)
        return -ENOSPC;
    return 0;
}

static int open_writer(const char *where, unsigned flags, void **ret_conn,
                       struct hb_err *err)
{
    struct hb_err why = {0};
    void *conn;
    int r;

    if (!no_room(where)) {
        r = open_once(where, flags, &conn, &why);
        if (r == 0) {
            r = hold_shm(conn);
            if (r == 0) {
                *ret_conn = conn;
                return 0;
            }
            sq_close(conn);
            (void)hb_err_at(&why, r, where, 0, 0,
                            _("the file cannot be made; check the directory, "
                              "its owner and the space on its disk"));
        }
        if (r != -ENOSPC) {
            if (err != NULL && err->code == 0)
                *err = why;
            return r;
        }
    }
    return open_once(where, flags | HB_DB_ALONE, ret_conn, err);
}

static int sq_open(const char *where, unsigned flags, void **ret_conn,
                   struct hb_err *err)
{
    struct hb_err first = {0};
    int r;

    if ((flags & HB_DB_READ) == 0)
        return open_writer(where, flags, ret_conn, err);
    r = open_once(where, flags, ret_conn, &first);
    if (r == 0)
        return 0;
    if ((flags & HB_DB_IMMUTABLE) == 0 && access(where, R_OK) == 0 &&
        is_frozen(where))
        return open_once(where, flags | HB_DB_IMMUTABLE, ret_conn, err);
    if (err != NULL && err->code == 0)
        *err = first;
    return r;
}

static int sq_run(void *conn, const char *sql, struct hb_err *err)
{
    struct conn *c = conn;
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : fail(c, rc, err);
}

/* What the check's first complaint means: a page that could not be read for
 * want of memory is no damage (seen when the n-th malloc fails). */
static int complaint(const char *said)
{
    static const char mark[] = "error code=";
    const char *code = strstr(said, mark);
    uint64_t rc = 0;

    if (code != NULL) {
        struct hb_slice digits = hb_slice_z(code + sizeof(mark) - 1);

        digits.n = strspn(digits.p, "0123456789");
        if (hb_parse_u64(digits, &rc) == 0 &&
            ((rc & 0xff) == SQLITE_NOMEM || (rc & 0xff) == SQLITE_IOERR))
            return (int)rc;
    }
    return strstr(said, "failed to get page") != NULL ? SQLITE_IOERR
                                                      : SQLITE_CORRUPT;
}

static int sq_check(void *conn, bool quick, struct hb_err *err)
{
    struct conn *c = conn;
    sqlite3_stmt *s = NULL;
    int r = 0, rc;

    rc = sqlite3_prepare_v2(
        c->db, quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)",
        -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW) {
            const unsigned char *said = sqlite3_column_text(s, 0);

            if (said == NULL)
                r = fail(c, SQLITE_NOMEM, err);
            else if (!hb_streq((const char *)said, "ok"))
                r = fail(c, complaint((const char *)said), err);
        }
    }
    if (r == 0 && rc != SQLITE_ROW)
        r = fail(c, rc == SQLITE_DONE ? SQLITE_CORRUPT : rc, err);
    (void)sqlite3_finalize(s);
    return r;
}

static bool sq_in_transaction(void *conn)
{
    return sqlite3_get_autocommit(((struct conn *)conn)->db) == 0;
}

static int sq_prepare(void *conn, const char *sql, void **ret_stmt,
                      struct hb_err *err)
{
    struct conn *c = conn;
    sqlite3_stmt *s = NULL;
    int rc =
        sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL);

    if (rc != SQLITE_OK)
        return fail(c, rc, err);
    *ret_stmt = s;
    return 0;
}

static void sq_finalize(void *stmt)
{
    (void)sqlite3_finalize(stmt);
}

static int bound(int rc)
{
    if (rc == SQLITE_OK)
        return 0;
    return rc == SQLITE_NOMEM    ? -ENOMEM
           : rc == SQLITE_TOOBIG ? -EFBIG
                                 : -EINVAL;
}

static int sq_bind_int(void *stmt, int i, int64_t v)
{
    return bound(sqlite3_bind_int64(stmt, i, v));
}

static int sq_bind_bytes(void *stmt, int i, const void *p, size_t n, bool text)
{
    static const char none[] = "";

    if (n > INT_MAX)
        return -EFBIG;
    if (text)
        return bound(sqlite3_bind_text(stmt, i, n > 0 ? p : none, (int)n,
                                       SQLITE_STATIC));
    return bound(
        sqlite3_bind_blob(stmt, i, n > 0 ? p : none, (int)n, SQLITE_STATIC));
}

static int sq_bind_null(void *stmt, int i)
{
    return bound(sqlite3_bind_null(stmt, i));
}

static int sq_step(void *conn, void *stmt, struct hb_err *err)
{
    int rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : fail(conn, rc, err);
}

static void sq_reset(void *stmt)
{
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

static int64_t sq_col_int(void *stmt, int i)
{
    return sqlite3_column_int64(stmt, i);
}

static const void *sq_col_bytes(void *stmt, int i, bool text, size_t *ret_n)
{
    const void *p = text ? (const void *)sqlite3_column_text(stmt, i)
                         : sqlite3_column_blob(stmt, i);

    *ret_n = (size_t)sqlite3_column_bytes(stmt, i);
    return p;
}

static bool sq_col_null(void *stmt, int i)
{
    return sqlite3_column_type(stmt, i) == SQLITE_NULL;
}

static int64_t sq_last_id(void *conn)
{
    return sqlite3_last_insert_rowid(((struct conn *)conn)->db);
}

static int64_t sq_changes(void *conn)
{
    return sqlite3_changes64(((struct conn *)conn)->db);
}

/* In one step, so under one read lock: the state of one moment.  The copy
 * leaves WAL mode, so that it is one file that a read-only disk can hold. */
static int sq_copy(void *conn, const char *to, struct hb_err *err)
{
    struct conn *c = conn, *d;
    sqlite3_backup *b;
    void *dst;
    int r, rc;

    r = open_once(to, HB_DB_COPY, &dst, err);
    if (r < 0)
        return r;
    d = dst;
    b = sqlite3_backup_init(d->db, "main", c->db, "main");
    if (b == NULL) {
        r = fail(d, sqlite3_errcode(d->db), err);
    } else {
        rc = sqlite3_backup_step(b, -1);
        (void)sqlite3_backup_finish(b);
        if (rc != SQLITE_DONE)
            r = fail(rc == SQLITE_BUSY || rc == SQLITE_LOCKED ? c : d, rc, err);
    }
    if (r == 0)
        r = sq_run(d, "PRAGMA journal_mode=DELETE", err);
    sq_close(d);
    return r;
}

const struct hb_db_driver hb_sqlite_driver = {
    .name = "sqlite",
    .open = sq_open,
    .close = sq_close,
    .run = sq_run,
    .check = sq_check,
    .in_transaction = sq_in_transaction,
    .prepare = sq_prepare,
    .finalize = sq_finalize,
    .bind_int = sq_bind_int,
    .bind_bytes = sq_bind_bytes,
    .bind_null = sq_bind_null,
    .step = sq_step,
    .reset = sq_reset,
    .col_int = sq_col_int,
    .col_bytes = sq_col_bytes,
    .col_null = sq_col_null,
    .last_id = sq_last_id,
    .changes = sq_changes,
    .copy = sq_copy,
};

/* An own file from the first moment: SQLite gives -wal and -shm its mode.
 * One that is there is not touched: closing it would drop the locks that
 * this process may hold on it. */
static int make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    hb_close(&fd);
    return 0;
}

static int setup(struct conn *c, unsigned flags, struct hb_err *err)
{
    static const char both[] = "PRAGMA trusted_schema=OFF;"
                               "PRAGMA cell_size_check=ON;"
                               "PRAGMA foreign_keys=ON;"
                               "PRAGMA mmap_size=0;";
    static const char copy[] = "PRAGMA journal_mode=MEMORY;"
                               "PRAGMA synchronous=FULL;";
    static const char alone[] = "PRAGMA locking_mode=EXCLUSIVE;";
    static const char writer[] = "PRAGMA journal_mode=WAL;"
                                 "PRAGMA synchronous=FULL;"
                                 "PRAGMA wal_autocheckpoint=1000;"
                                 "PRAGMA journal_size_limit=67108864;";
    int r, rc = sqlite3_busy_timeout(c->db, BUSY_MS);

    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (rc != SQLITE_OK)
        return fail(c, rc, err);
    r = sq_run(c, both, err);
    if (r < 0)
        return r;
    if ((flags & HB_DB_READ) != 0) /* the first look at the file itself */
        return sq_run(c, "SELECT count(*) FROM sqlite_master", err);
    if (sqlite3_db_readonly(c->db, "main") == 1)
        return fail(c, SQLITE_READONLY, err);
    if ((flags & HB_DB_ALONE) != 0)
        r = sq_run(c, alone, err);
    if (r == 0)
        r = sq_run(c, (flags & HB_DB_COPY) != 0 ? copy : writer, err);
    return r;
}

static int by_errno(int e)
{
    switch (e) {
    case ENOSPC:
    case EDQUOT:
        return -ENOSPC;
    case EROFS:
        return -EROFS;
    case EACCES:
    case EPERM:
        return -EACCES;
    case ENOENT:
        return -ENOENT;
    case EMFILE:
    case ENFILE:
        return -EMFILE;
    default:
        return -EIO;
    }
}

static int code_of(struct conn *c, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return -EUCLEAN;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_TOOBIG:
        return -EFBIG;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN:
        return by_errno(sqlite3_system_errno(c->db));
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return -ENOMEM;
        return by_errno(sqlite3_system_errno(c->db)) == -ENOSPC ? -ENOSPC
                                                                : -EIO;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE ||
                       rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? -EEXIST
                   : -EINVAL;
    default:
        return -EINVAL;
    }
}

/* What a person can do about it. */
static const char *advice(int code)
{
    switch (code) {
    case -ENOSPC:
        return _("the disk is full; free space on it or lower the retention "
                 "(nothing that was acknowledged is lost)");
    case -EROFS:
        return _("the file cannot be written; is its file system mounted "
                 "read-only?");
    case -EUCLEAN:
        return _("the file is damaged; stop Hinoban and run `hinoban restore "
                 "FILE` with the last backup");
    case -EBUSY:
        return _("another process is using the file; try again when it is "
                 "done");
    case -ENOMEM:
        return _("there is not enough memory");
    case -EACCES:
        return _("access to the file is denied; check its owner and mode");
    case -ENOENT:
        return _("there is no such file");
    case -EMFILE:
        return _("too many files are open");
    case -EEXIST:
        return _("such a record exists already");
    case -EIO:
        return _("the disk reports an error; look at the kernel's log and "
                 "replace the disk if it fails");
    default:
        return NULL;
    }
}

static int fail(struct conn *c, int rc, struct hb_err *err)
{
    int code = c->db == NULL ? -ENOMEM : code_of(c, rc);
    const char *words = advice(code);

    if (words != NULL)
        return hb_err_at(err, code, c->path, 0, 0, "%s", words);
    return hb_err_at(err, code, c->path, 0, 0,
                     _("the database refused a statement: %s"),
                     sqlite3_errmsg(c->db));
}

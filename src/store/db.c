/* SPDX-License-Identifier: Apache-2.0 */
/*
 * db.c - the state store: who may write it, its migrations, transactions and
 * statements, above whatever database carries it (driver.h).
 *
 * Runs in core (the only writer) and in short-lived clients that look or make
 * a backup.  The file is ours, but disks fail and people edit: it is checked
 * before it is used, and what is damaged or cannot be written is opened to
 * look only, so that core lives on and says so.
 */
#include "store/db.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/i18n.h"
#include "base/map.h"
#include "base/num.h"
#include "store/driver.h"

#define DB_MAGIC   0x48424462u
#define STMT_MAGIC 0x48425374u
#define TAIL_MAX   64u        /* ".before-N.tmp", "-wal" */
#define CHECK_MAX  (64 << 20) /* bytes that are checked at every start */

struct hb_stmt {
    unsigned magic;
    struct hb_db *db;
    void *handle;
    bool active;          /* it gave a row and was not reset */
    struct hb_stmt *twin; /* same text, for use while this is active */
    size_t sql_n;
    char sql[];
};

struct hb_db {
    unsigned magic;
    const struct hb_db_driver *drv;
    void *conn;
    struct hb_map *stmts;
    struct hb_err err;
    int read_only; /* 0, or why not: -EROFS, -EUCLEAN */
    bool in_tx;
    int tx_err; /* the database gave the transaction up */
    int lock;
    char path[HB_MAX_PATH - TAIL_MAX];
};

static int connect_db(struct hb_db *db, unsigned flags, struct hb_err *err);
static int degrade(struct hb_db *db, int why, struct hb_err *err);
static bool must_check(const struct hb_db *db);
static int migrate(struct hb_db *db, const struct hb_migration *m, size_t n,
                   struct hb_err *err);
static int migrate_one(struct hb_db *db, const struct hb_migration *m,
                       struct hb_err *err);
static int add_stmt(struct hb_db *db, const char *sql, struct hb_stmt **ret);
static struct hb_err *fresh_err(struct hb_db *db);
static int writable(struct hb_db *db);

int hb_db_open(const char *path, const struct hb_migration *m, size_t n,
               struct hb_db **ret, struct hb_err *err)
{
    return hb_db_open_flags(path, m, n, 0, ret, err);
}

int hb_db_open_shared(const char *path, const struct hb_migration *m, size_t n,
                      struct hb_db **ret, struct hb_err *err)
{
    char lock[HB_MAX_PATH];
    _cleanup_close_ int fd = -1;

    if (strlen(path) >= HB_MAX_PATH - TAIL_MAX)
        return hb_err_at(err, -ENAMETOOLONG, path, 0, 0,
                         _("the name is too long"));
    (void)snprintf(lock, sizeof(lock), "%s.lock", path);
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hb_err_at(err, hb_neg_errno(), lock, 0, 0,
                         _("the lock file cannot be opened; check the "
                           "directory and who owns it"));
    while (flock(fd, LOCK_EX) < 0)
        if (errno != EINTR)
            return hb_err_at(err, hb_neg_errno(), lock, 0, 0,
                             _("the lock file cannot be opened; check the "
                               "directory and who owns it"));
    return hb_db_open_flags(path, m, n, HB_DB_UNLOCKED, ret, err);
}

int hb_db_open_read(const char *path, struct hb_db **ret, struct hb_err *err)
{
    return hb_db_open_flags(path, NULL, 0, HB_DB_READ, ret, err);
}

int hb_db_open_flags(const char *path, const struct hb_migration *m, size_t n,
                     unsigned flags, struct hb_db **ret, struct hb_err *err)
{
    char lock[HB_MAX_PATH];
    struct hb_err no_lock = {0};
    struct hb_db *db;
    int r = 0, degraded = 0;

    if (strlen(path) >= sizeof(db->path))
        return hb_err_at(err, -ENAMETOOLONG, path, 0, 0,
                         _("the name is too long"));
    db = hb_store_alloc(sizeof(*db));
    if (db == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    db->magic = DB_MAGIC;
    db->drv = &hb_sqlite_driver;
    db->lock = -1;
    memcpy(db->path, path, strlen(path) + 1);
    db->stmts = hb_map_new();
    if (db->stmts == NULL)
        r = hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    if (r == 0 && (flags & (HB_DB_READ | HB_DB_UNLOCKED)) == 0) {
        (void)snprintf(lock, sizeof(lock), "%s.lock", db->path);
        r = hb_store_lock(lock, &db->lock, &no_lock);
        if (r == -EROFS)
            r = 0; /* nobody can write there: no lock is needed */
        else if (r < 0 && err != NULL)
            *err = no_lock;
    }
    if (r == 0)
        r = degraded = connect_db(db, flags, err);
    if (r == 0 && (flags & HB_DB_READ) == 0)
        r = migrate(db, m, n, err);
    if (r < 0) {
        hb_db_close(db);
        return r;
    }
    *ret = db;
    return degraded;
}

void hb_db_close(struct hb_db *db)
{
    size_t at = 0;
    struct hb_slice key;
    void *value;

    if (db == NULL)
        return;
    HB_CHECK(db, DB_MAGIC);
    while (db->stmts != NULL && hb_map_next(db->stmts, &at, &key, &value)) {
        struct hb_stmt *s = value;

        while (s != NULL) {
            struct hb_stmt *twin = s->twin;

            db->drv->finalize(s->handle);
            s->magic = 0;
            free(s);
            s = twin;
        }
    }
    hb_map_free(db->stmts);
    if (db->conn != NULL)
        db->drv->close(db->conn);
    hb_close(&db->lock); /* the file stays: unlinking it would race */
    db->magic = 0;
    free(db);
}

void hb_db_closep(struct hb_db **db)
{
    hb_db_close(*db);
}

const struct hb_err *hb_db_err(const struct hb_db *db)
{
    HB_CHECK(db, DB_MAGIC);
    return &db->err;
}

bool hb_db_read_only(const struct hb_db *db)
{
    HB_CHECK(db, DB_MAGIC);
    return db->read_only != 0;
}

int hb_db_begin(struct hb_db *db)
{
    int r;

    HB_CHECK(db, DB_MAGIC);
    if (db->in_tx)
        return hb_err_at(fresh_err(db), -EINVAL, db->path, 0, 0,
                         _("a transaction is open already"));
    r = writable(db);
    if (r == 0)
        r = db->drv->run(db->conn, "BEGIN IMMEDIATE", fresh_err(db));
    if (r < 0)
        return r;
    db->in_tx = true;
    db->tx_err = 0;
    return 0;
}

int hb_db_commit(struct hb_db *db)
{
    int r;

    HB_CHECK(db, DB_MAGIC);
    if (!db->in_tx)
        return hb_err_at(fresh_err(db), -EINVAL, db->path, 0, 0,
                         _("no transaction is open"));
    r = db->tx_err;
    if (r == 0)
        r = db->drv->run(db->conn, "COMMIT", fresh_err(db));
    if (r < 0)
        hb_db_rollback(db);
    db->in_tx = false;
    return r < 0 ? r : 0;
}

void hb_db_rollback(struct hb_db *db)
{
    struct hb_err ignored = {0};

    HB_CHECK(db, DB_MAGIC);
    if (!db->in_tx)
        return;
    if (db->drv->in_transaction(db->conn))
        (void)db->drv->run(db->conn, "ROLLBACK", &ignored);
    db->in_tx = false;
    db->tx_err = 0;
}

bool hb_db_in_transaction(const struct hb_db *db)
{
    HB_CHECK(db, DB_MAGIC);
    return db->in_tx;
}

int hb_db_stmt(struct hb_db *db, const char *sql, struct hb_stmt **ret)
{
    struct hb_stmt *s;

    HB_CHECK(db, DB_MAGIC);
    s = hb_map_get(db->stmts, hb_slice_z(sql));
    while (s != NULL && s->active)
        s = s->twin;
    if (s == NULL)
        return add_stmt(db, sql, ret);
    db->drv->reset(s->handle);
    *ret = s;
    return 0;
}

int hb_stmt_int(struct hb_stmt *s, int i, int64_t v)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->bind_int(s->handle, i, v);
}

int hb_stmt_text(struct hb_stmt *s, int i, const char *z)
{
    HB_CHECK(s, STMT_MAGIC);
    if (z == NULL)
        return s->db->drv->bind_null(s->handle, i);
    return s->db->drv->bind_bytes(s->handle, i, z, strlen(z), true);
}

int hb_stmt_slice(struct hb_stmt *s, int i, struct hb_slice v)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->bind_bytes(s->handle, i, v.p, v.n, true);
}

int hb_stmt_blob(struct hb_stmt *s, int i, const void *p, size_t n)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->bind_bytes(s->handle, i, p, n, false);
}

int hb_stmt_null(struct hb_stmt *s, int i)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->bind_null(s->handle, i);
}

int hb_stmt_step(struct hb_stmt *s)
{
    struct hb_db *db;
    int r;

    HB_CHECK(s, STMT_MAGIC);
    db = s->db;
    if (db->in_tx && db->tx_err < 0) {
        hb_stmt_reset(s);
        return db->tx_err;
    }
    r = db->drv->step(db->conn, s->handle, fresh_err(db));
    if (r == -EROFS && db->read_only != 0)
        r = writable(db); /* the reason why it is read-only */
    s->active = r == 1;
    if (r != 1)
        db->drv->reset(s->handle);
    if (r < 0 && db->in_tx && !db->drv->in_transaction(db->conn))
        db->tx_err = r;
    return r;
}

void hb_stmt_reset(struct hb_stmt *s)
{
    HB_CHECK(s, STMT_MAGIC);
    s->db->drv->reset(s->handle);
    s->active = false;
}

int64_t hb_stmt_col_int(struct hb_stmt *s, int i)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->col_int(s->handle, i);
}

const char *hb_stmt_col_text(struct hb_stmt *s, int i)
{
    size_t n;

    HB_CHECK(s, STMT_MAGIC);
    /* cppcheck-suppress returnDanglingLifetime ; it is the driver's memory */
    return s->db->drv->col_bytes(s->handle, i, true, &n);
}

struct hb_slice hb_stmt_col_blob(struct hb_stmt *s, int i)
{
    struct hb_slice ret;

    HB_CHECK(s, STMT_MAGIC);
    ret.p = s->db->drv->col_bytes(s->handle, i, false, &ret.n);
    return ret;
}

bool hb_stmt_col_null(struct hb_stmt *s, int i)
{
    HB_CHECK(s, STMT_MAGIC);
    return s->db->drv->col_null(s->handle, i);
}

/* The arguments that FMT names, bound to S in their order. */
static int bind_all(struct hb_stmt *s, const char *fmt, va_list ap)
{
    const struct hb_slice *blob;
    const void *p;
    int r = 0;

    for (int i = 1; *fmt != '\0' && r == 0; fmt++, i++) {
        switch (*fmt) {
        case 'i':
            r = hb_stmt_int(s, i, va_arg(ap, int64_t));
            break;
        case 't':
            r = hb_stmt_text(s, i, va_arg(ap, const char *));
            break;
        case 's':
            r = hb_stmt_slice(s, i, *va_arg(ap, const struct hb_slice *));
            break;
        case 'b':
            blob = va_arg(ap, const struct hb_slice *);
            r = hb_stmt_blob(s, i, blob->p, blob->n);
            break;
        case 'x':
            p = va_arg(ap, const void *);
            r = hb_stmt_blob(s, i, p, va_arg(ap, size_t));
            break;
        case 'n':
            r = hb_stmt_null(s, i);
            break;
        default:
            hb_panic(__FILE__, __LINE__, fmt);
        }
    }
    return r;
}

/* The statement SQL, ready to be stepped. */
static int query(struct hb_db *db, struct hb_stmt **ret, const char *sql,
                 const char *fmt, va_list ap)
{
    int r = hb_db_stmt(db, sql, ret);

    if (r < 0)
        return r;
    r = bind_all(*ret, fmt, ap);
    if (r < 0)
        hb_stmt_reset(*ret);
    return r;
}

int hb_db_query(struct hb_db *db, struct hb_stmt **ret, const char *sql,
                const char *fmt, ...)
{
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = query(db, ret, sql, fmt, ap);
    va_end(ap);
    return r;
}

int hb_db_exec(struct hb_db *db, const char *sql, const char *fmt, ...)
{
    struct hb_stmt *s;
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = query(db, &s, sql, fmt, ap);
    va_end(ap);
    if (r == 0)
        do
            r = hb_stmt_step(s);
        while (r == 1);
    return r;
}

int hb_db_number(struct hb_db *db, int64_t *ret, const char *sql,
                 const char *fmt, ...)
{
    struct hb_stmt *s;
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = query(db, &s, sql, fmt, ap);
    va_end(ap);
    if (r < 0)
        return r;
    r = hb_stmt_step(s);
    if (r == 1)
        *ret = hb_stmt_col_int(s, 0);
    hb_stmt_reset(s);
    return r;
}

int64_t hb_db_last_id(struct hb_db *db)
{
    HB_CHECK(db, DB_MAGIC);
    return db->drv->last_id(db->conn);
}

int64_t hb_db_changes(struct hb_db *db)
{
    HB_CHECK(db, DB_MAGIC);
    return db->drv->changes(db->conn);
}

int hb_db_version(struct hb_db *db, int *ret)
{
    struct hb_stmt *s;
    int r;

    HB_CHECK(db, DB_MAGIC);
    r = hb_db_stmt(db, "SELECT max(version) FROM hb_schema", &s);
    if (r == -EINVAL) {
        (void)fresh_err(db); /* no such table: nothing ran on it yet */
        *ret = 0;
        return 0;
    }
    if (r == 0)
        r = hb_stmt_step(s);
    if (r < 0)
        return r;
    *ret = r == 1 ? (int)hb_stmt_col_int(s, 0) : 0;
    hb_stmt_reset(s);
    return 0;
}

int hb_db_backup(struct hb_db *db, const char *to, struct hb_err *err)
{
    char tmp[HB_MAX_PATH];
    int r;

    HB_CHECK(db, DB_MAGIC);
    if (db->in_tx)
        return hb_err_at(err, -EBUSY, db->path, 0, 0,
                         _("a transaction is open already"));
    if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", to) >= sizeof(tmp))
        return hb_err_at(err, -ENAMETOOLONG, to, 0, 0,
                         _("the name is too long"));
    (void)unlink(tmp);
    r = db->drv->copy(db->conn, tmp, err);
    if (r == 0)
        r = hb_db_verify(tmp, err);
    if (r == 0 && rename(tmp, to) < 0)
        r = hb_err_at(err, -errno, to, 0, 0, _("the copy cannot be kept"));
    if (r == 0) {
        r = hb_store_sync_dir(to);
        if (r < 0)
            (void)hb_err_at(err, r, to, 0, 0, _("the copy cannot be kept"));
    } else {
        (void)unlink(tmp);
    }
    return r;
}

int hb_db_verify(const char *path, struct hb_err *err)
{
    const struct hb_db_driver *drv = &hb_sqlite_driver;
    void *conn;
    int r = drv->open(path, HB_DB_READ | HB_DB_IMMUTABLE, &conn, err);

    if (r < 0)
        return r;
    r = drv->check(conn, false, err);
    drv->close(conn);
    return r;
}

int hb_store_lock(const char *path, int *ret_fd, struct hb_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600), r;

    if (fd < 0)
        return hb_err_at(err, -errno, path, 0, 0,
                         _("the lock file cannot be opened; check the "
                           "directory and who owns it"));
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        (void)hb_err_at(err, r, path, 0, 0,
                        _("another process has the store open for writing; "
                          "stop it first"));
        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int hb_store_sync_dir(const char *path)
{
    char dir[HB_MAX_PATH];
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;
    _cleanup_close_ int fd = -1;

    if (n >= sizeof(dir))
        return -ENAMETOOLONG;
    memcpy(dir, path, n);
    dir[n] = '\0';
    fd = open(slash == NULL ? "."
              : n == 0      ? "/"
                            : dir,
              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (hb_fault(HB_FAULT_FSYNC))
        return -EIO;
    return fsync(fd) < 0 ? -errno : 0;
}

/* 0: open for what FLAGS ask; 1: to look only, and ERR says why. */
static int connect_db(struct hb_db *db, unsigned flags, struct hb_err *err)
{
    bool check = must_check(db), fresh = access(db->path, F_OK) < 0;
    struct hb_err why = {0};
    int r;

    if ((flags & HB_DB_READ) != 0) {
        db->read_only = -EROFS;
        return db->drv->open(db->path, flags, &db->conn, err);
    }
    r = db->drv->open(db->path, flags, &db->conn, &why);
    if (r == 0 && fresh) {
        r = hb_store_sync_dir(db->path);
        if (r < 0)
            (void)hb_err_at(&why, r, db->path, 0, 0,
                            _("the new file cannot be kept"));
    }
    if (r == 0 && check)
        r = db->drv->check(db->conn, true, &why);
    if (r == 0)
        return 0;
    if (err != NULL && err->code == 0)
        *err = why;
    if ((r != -EUCLEAN && r != -EROFS && r != -EACCES) || fresh)
        return r;
    return degrade(db, r == -EACCES ? -EROFS : r, err);
}

/* What cannot be written is opened to look only, if that can be done. */
static int degrade(struct hb_db *db, int why, struct hb_err *err)
{
    struct hb_err ignored = {0};
    int r;

    if (db->conn != NULL)
        db->drv->close(db->conn);
    db->conn = NULL;
    db->read_only = why;
    r = db->drv->open(db->path, HB_DB_READ, &db->conn, &ignored);
    if (err != NULL)
        db->err = *err;
    return r < 0 ? why : 1;
}

/* A file that was not closed well (its -wal is still there), and every one
 * that is small enough, is looked through before it is trusted. */
static bool must_check(const struct hb_db *db)
{
    char wal[HB_MAX_PATH];
    struct stat st;

    if (stat(db->path, &st) < 0)
        return false;
    if (st.st_size <= CHECK_MAX)
        return true;
    (void)snprintf(wal, sizeof(wal), "%s-wal", db->path);
    return stat(wal, &st) == 0 && st.st_size > 0;
}

static int migrate(struct hb_db *db, const struct hb_migration *m, size_t n,
                   struct hb_err *err)
{
    char copy[HB_MAX_PATH];
    int r, version = 0, last = n > 0 ? m[n - 1].version : 0;

    r = hb_db_version(db, &version);
    if (r < 0) {
        if (err != NULL && err->code == 0)
            *err = db->err;
        return r;
    }
    if (version > last)
        return hb_err_at(err, -EPROTO, db->path, 0, 0,
                         _("the file was written by a newer version of "
                           "Hinoban (%d, this one knows %d); install that "
                           "version or restore a backup"),
                         version, last);
    for (size_t i = 0; i < n; i++) {
        HB_ASSERT(m[i].version == (int)i + 1);
        if (m[i].version <= version)
            continue;
        if (version > 0 && m[i].version == version + 1) {
            (void)snprintf(copy, sizeof(copy), "%s.before-%d", db->path,
                           m[n - 1].version);
            r = hb_db_backup(db, copy, err);
        }
        if (r == 0)
            r = migrate_one(db, &m[i], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int migrate_one(struct hb_db *db, const struct hb_migration *m,
                       struct hb_err *err)
{
    int r = hb_db_begin(db);

    if (r == 0)
        r = db->drv->run(db->conn,
                         "CREATE TABLE IF NOT EXISTS hb_schema("
                         " version INTEGER PRIMARY KEY)",
                         fresh_err(db));
    if (r == 0)
        r = db->drv->run(db->conn, m->sql, fresh_err(db));
    if (r == 0)
        r = hb_db_exec(db, "INSERT INTO hb_schema(version) VALUES(?1)", "i",
                       (int64_t)m->version);
    if (r == 0)
        r = hb_db_commit(db);
    if (r < 0) {
        struct hb_err why = db->err;

        hb_db_rollback(db);
        return hb_err_at(err, r, db->path, 0, 0,
                         _("migration %d failed and was undone: %s"),
                         m->version, why.message);
    }
    return 0;
}

static int add_stmt(struct hb_db *db, const char *sql, struct hb_stmt **ret)
{
    size_t n = strlen(sql);
    struct hb_stmt *s = hb_store_alloc(sizeof(*s) + n + 1), *first;
    int r;

    if (s == NULL)
        return hb_err_set(fresh_err(db), -ENOMEM,
                          _("there is not enough memory"));
    s->magic = STMT_MAGIC;
    s->db = db;
    s->sql_n = n;
    memcpy(s->sql, sql, n);
    r = db->drv->prepare(db->conn, s->sql, &s->handle, fresh_err(db));
    if (r < 0) {
        free(s);
        return r;
    }
    first = hb_map_get(db->stmts, hb_slice(s->sql, n));
    if (first != NULL) {
        s->twin = first->twin;
        first->twin = s;
    } else {
        r = hb_map_put(db->stmts, hb_slice(s->sql, n), s);
        if (r < 0) {
            db->drv->finalize(s->handle);
            free(s);
            return r;
        }
    }
    *ret = s;
    return 0;
}

/* The place for the error of what begins now. */
static struct hb_err *fresh_err(struct hb_db *db)
{
    memset(&db->err, 0, sizeof(db->err));
    return &db->err;
}

static int writable(struct hb_db *db)
{
    if (db->read_only == -EUCLEAN)
        return hb_err_at(fresh_err(db), -EUCLEAN, db->path, 0, 0,
                         _("the file is damaged and can only be read; run "
                           "`hinoban restore FILE` with the last backup"));
    if (db->read_only != 0)
        return hb_err_at(fresh_err(db), -EROFS, db->path, 0, 0,
                         _("the file was opened to be read only"));
    return 0;
}

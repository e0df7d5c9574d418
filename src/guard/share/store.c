/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the locker's store: where it lies, its tables, its clock, and
 * transactions that several processes make.
 *
 *   DIR/locker.db   rows (SQLite; hb_db_open_shared())
 *   DIR/blobs/UID   contents of a file, encrypted (blob.h)
 *   DIR/keys/UID    key of a share, wrapped
 *   KEYS/master     key-encryption keys and the key of all HMACs
 *
 * A file on disk is made or found missing only inside a transaction, whose
 * lock all processes share: so a file without a row is what a crash left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "guard/share/part.h"

#define STRANGE_MAX 4 /* files without a row: one a process that crashed */

static int open_dir(const char *path, int *ret, struct hb_err *err);
static int open_sub(int dir, const char *name, int *ret, struct hb_err *err);
static int read_boot(struct hb_share_store *s, struct hb_err *err);
static void system_clock(void *arg, struct hb_share_time *ret);
static int list_dead(struct hb_share_store *s, int dirfd, const char *sql,
                     struct hb_buf *b, int64_t *ret_strange);

static const char first[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
    "CREATE TABLE share("
    " id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE,"
    " kind INTEGER NOT NULL, owner TEXT NOT NULL, note TEXT NOT NULL,"
    " state INTEGER NOT NULL, made INTEGER NOT NULL,"
    " life INTEGER NOT NULL, expires INTEGER NOT NULL,"
    " most INTEGER NOT NULL, personal INTEGER NOT NULL,"
    " approver TEXT NOT NULL, ended INTEGER NOT NULL,"
    " generation INTEGER NOT NULL, shredded INTEGER NOT NULL);"
    "CREATE INDEX share_owner ON share(owner, id);"
    "CREATE INDEX share_state ON share(state, expires);"
    "CREATE TABLE recipient("
    " id INTEGER PRIMARY KEY,"
    " share INTEGER NOT NULL REFERENCES share(id),"
    " address TEXT NOT NULL, mail TEXT NOT NULL, hash BLOB UNIQUE,"
    " revoked INTEGER NOT NULL, generation INTEGER NOT NULL,"
    " reminded INTEGER NOT NULL, reopen_asked INTEGER NOT NULL,"
    " wrong INTEGER NOT NULL, unmailed INTEGER NOT NULL,"
    " UNIQUE(share, address));"
    "CREATE TABLE file("
    " id INTEGER PRIMARY KEY,"
    " share INTEGER NOT NULL REFERENCES share(id),"
    " uid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, type TEXT NOT NULL,"
    " state INTEGER NOT NULL, size INTEGER NOT NULL,"
    " durable INTEGER NOT NULL, sha256 BLOB NOT NULL,"
    " executable INTEGER NOT NULL, made INTEGER NOT NULL,"
    " sender INTEGER NOT NULL, touched INTEGER NOT NULL,"
    " looked INTEGER NOT NULL, pieces INTEGER NOT NULL);"
    "CREATE INDEX file_share ON file(share, id);"
    /* Asked for each second, and empty as a rule. */
    "CREATE INDEX file_unlooked ON file(id) WHERE looked = 0;"
    "CREATE INDEX recipient_unmailed ON recipient(unmailed)"
    " WHERE unmailed <> 0;"
    "CREATE TABLE fetched("
    " recipient INTEGER NOT NULL REFERENCES recipient(id),"
    " file INTEGER NOT NULL REFERENCES file(id), n INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL, PRIMARY KEY(recipient, file));"
    "CREATE TABLE code("
    " recipient INTEGER NOT NULL REFERENCES recipient(id),"
    " nonce BLOB NOT NULL, mac BLOB NOT NULL, boot TEXT NOT NULL,"
    " until INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " PRIMARY KEY(recipient, nonce));"
    "CREATE TABLE pass("
    " hash BLOB PRIMARY KEY,"
    " recipient INTEGER NOT NULL REFERENCES recipient(id),"
    " generation INTEGER NOT NULL, boot TEXT NOT NULL,"
    " until INTEGER NOT NULL);"
    "CREATE TABLE tally("
    " kind INTEGER NOT NULL, who TEXT NOT NULL, boot TEXT NOT NULL,"
    " slot INTEGER NOT NULL, n INTEGER NOT NULL,"
    " PRIMARY KEY(kind, who, boot, slot));"
    "CREATE TABLE trail("
    " id INTEGER PRIMARY KEY, share INTEGER NOT NULL,"
    " recipient INTEGER NOT NULL, file INTEGER NOT NULL,"
    " time INTEGER NOT NULL, act INTEGER NOT NULL, who TEXT NOT NULL,"
    " address TEXT NOT NULL, bytes INTEGER NOT NULL, words TEXT NOT NULL,"
    " mac BLOB NOT NULL);"
    "CREATE INDEX trail_share ON trail(share, id);"
    "CREATE TABLE ticket("
    " hash BLOB PRIMARY KEY,"
    " recipient INTEGER NOT NULL REFERENCES recipient(id),"
    " file INTEGER NOT NULL REFERENCES file(id), boot TEXT NOT NULL,"
    " until INTEGER NOT NULL, reader INTEGER NOT NULL,"
    " given INTEGER NOT NULL, done INTEGER NOT NULL);"
    "CREATE TABLE confirm("
    " recipient INTEGER PRIMARY KEY REFERENCES recipient(id),"
    " share INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE,"
    " made INTEGER NOT NULL, done INTEGER NOT NULL, how INTEGER NOT NULL,"
    " name TEXT NOT NULL, words TEXT NOT NULL);"
    "CREATE TABLE signin("
    " address TEXT NOT NULL, nonce BLOB NOT NULL, mac BLOB NOT NULL,"
    " boot TEXT NOT NULL, until INTEGER NOT NULL, tries INTEGER NOT NULL,"
    " PRIMARY KEY(address, nonce));"
    "CREATE TABLE session("
    " hash BLOB PRIMARY KEY, address TEXT NOT NULL, boot TEXT NOT NULL,"
    " made INTEGER NOT NULL, used INTEGER NOT NULL,"
    " factor INTEGER NOT NULL);"
    "CREATE TABLE place("
    " address TEXT NOT NULL, net TEXT NOT NULL, seen INTEGER NOT NULL,"
    " PRIMARY KEY(address, net));"
    "CREATE TABLE totp("
    " address TEXT PRIMARY KEY, sealed BLOB NOT NULL,"
    " confirmed INTEGER NOT NULL, last INTEGER NOT NULL);"
    /* The row before the oldest that is kept (0), and the newest (1). */
    "CREATE TABLE trail_end("
    " which INTEGER PRIMARY KEY, id INTEGER NOT NULL, mac BLOB NOT NULL,"
    " seal BLOB NOT NULL);";

static const struct hb_migration migrations[] = {
    {1, first},
};

int hb_share_open(const struct hb_share_config *c, struct hb_share_store **ret,
                  struct hb_err *err)
{
    struct hb_share_store *s = share_alloc(sizeof(*s));
    char path[HB_MAX_PATH];
    int64_t rows = 0;
    int r;

    if (s == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    s->magic = SHARE_MAGIC;
    s->dir = s->blobs = s->keys.master = s->keys.wrapped = -1;
    if (c->rules != NULL)
        s->rules = *c->rules;
    else
        hb_share_rules_default(&s->rules);
    s->clock = c->clock != NULL ? c->clock : system_clock;
    s->clock_arg = c->clock != NULL ? c->clock_arg : s;
    r = sodium_init() < 0 ? -ENOSYS : 0;
    if (r == 0 && c->clock == NULL)
        r = read_boot(s, err);
    if (r == 0 && (size_t)snprintf(path, sizeof(path), "%s/locker.db",
                                   c->dir) >= sizeof(path))
        r = hb_err_at(err, -ENAMETOOLONG, c->dir, 0, 0,
                      _("the name is too long"));
    if (r == 0)
        r = open_dir(c->dir, &s->dir, err);
    if (r == 0)
        r = open_sub(s->dir, "blobs", &s->blobs, err);
    if (r == 0)
        r = hb_db_open_shared(path, migrations, HB_ARRAY_LEN(migrations),
                              &s->db, err);
    if (r == 1) /* it can be read, but nothing could be counted */
        r = err != NULL && err->code < 0 ? err->code : -EUCLEAN;
    /* Made under the transaction's lock, so that two processes that are the
     * first at once do not make two masters. */
    if (r == 0)
        r = hb_db_begin(s->db);
    if (r == 0) {
        r = hb_db_number(s->db, &rows,
                         "SELECT (SELECT count(*) FROM share)"
                         " + (SELECT count(*) FROM trail)",
                         "");
        if (r >= 0)
            r = share_keys_open(&s->keys, c->keys, s->dir, rows == 0, err);
        hb_db_rollback(s->db);
    }
    if (r == 0)
        r = share_sweep(s, rows == 0, err);
    if (r < 0) {
        if (err != NULL && err->code == 0)
            (void)hb_err_at(err, r, c->dir, 0, 0, "%s",
                            _("the locker cannot be opened"));
        hb_share_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void hb_share_close(struct hb_share_store *s)
{
    if (s == NULL)
        return;
    HB_CHECK(s, SHARE_MAGIC);
    hb_db_close(s->db);
    share_keys_done(&s->keys);
    hb_close(&s->blobs);
    hb_close(&s->dir);
    s->magic = 0;
    free(s);
}

void hb_share_closep(struct hb_share_store **s)
{
    hb_share_close(*s);
}

const struct hb_err *hb_share_err(const struct hb_share_store *s)
{
    HB_CHECK(s, SHARE_MAGIC);
    return s->err.code != 0 ? &s->err : hb_db_err(s->db);
}

/* ---- transactions ---- */

int share_begin(struct hb_share_store *s)
{
    int r;

    HB_CHECK(s, SHARE_MAGIC);
    memset(&s->err, 0, sizeof(s->err));
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = share_clock(s, &s->t);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

int share_end(struct hb_share_store *s, int r, int answer)
{
    if (r < 0) {
        hb_db_rollback(s->db);
        return r;
    }
    hb_fault_crash();
    r = hb_db_commit(s->db);
    hb_fault_crash();
    return r < 0 ? r : answer;
}

void share_time(struct hb_share_store *s, struct hb_share_time *ret)
{
    s->clock(s->clock_arg, ret);
}

int share_clock(struct hb_share_store *s, struct hb_share_time *ret)
{
    int64_t low;
    int r;

    share_time(s, ret);
    r = share_floor(s, ret, &low);
    if (r == 0)
        ret->now = HB_MAX(ret->now, low);
    return r;
}

int share_floor(struct hb_share_store *s, const struct hb_share_time *t,
                int64_t *ret)
{
#define VALUE(name) "(SELECT value FROM meta WHERE name = '" name "')"
    int64_t mono, boot;
    struct hb_stmt *q;
    int r = hb_db_query(s->db, &q,
                        "SELECT " VALUE("clock_floor") ", " VALUE(
                            "clock_mono") ", " VALUE("clock_boot"),
                        "");
#undef VALUE

    if (r == 0)
        r = hb_stmt_step(q);
    if (r != 1)
        return r < 0 ? r : -EIO;
    *ret = hb_stmt_col_int(q, 0);
    mono = hb_stmt_col_int(q, 1);
    boot = hb_stmt_col_int(q, 2);
    hb_stmt_reset(q);
    if (boot == share_boot(s, t) && (int64_t)t->mono > mono)
        *ret += ((int64_t)t->mono - mono) / 2;
    return 0;
}

int64_t share_boot(const struct hb_share_store *s,
                   const struct hb_share_time *t)
{
    uint8_t mac[SHARE_MAC];
    int64_t n;

    share_mac(&s->keys, "boot", t->boot, strlen(t->boot), mac);
    memcpy(&n, mac, sizeof(n));
    return n;
}

int share_meta(struct hb_share_store *s, const char *name, int64_t *ret)
{
    int r = hb_db_number(s->db, ret, "SELECT value FROM meta WHERE name = ?1",
                         "t", name);

    if (r == 0)
        *ret = 0;
    return r < 0 ? r : 0;
}

int share_meta_set(struct hb_share_store *s, const char *name, int64_t v)
{
    return hb_db_exec(s->db,
                      "INSERT INTO meta(name, value) VALUES(?1, ?2)"
                      " ON CONFLICT(name) DO UPDATE SET value = ?2",
                      "ti", name, v);
}

/* ---- what a crash left ---- */

int share_sweep(struct hb_share_store *s, bool fresh, struct hb_err *err)
{
    /* Of a uid: no row, 1 a row that is dead, 2 one that lives. */
    static const char blob_sql[] =
        "SELECT 1 + (file.state <> 5 AND s.shredded = 0) FROM file"
        " JOIN share s ON s.id = file.share WHERE file.uid = ?1";
    static const char key_sql[] =
        "SELECT 1 + (shredded = 0) FROM share WHERE uid = ?1";
    _cleanup_buf_ struct hb_buf blobs = HB_BUF_INIT, keys = HB_BUF_INIT;
    int64_t strange_blobs = 0, strange_keys = 0;
    int r = share_begin(s);

    if (r < 0)
        return r;
    r = list_dead(s, s->blobs, blob_sql, &blobs, &strange_blobs);
    if (r == 0)
        r = list_dead(s, s->keys.wrapped, key_sql, &keys, &strange_keys);
    /* A crash leaves a few.  Many, or contents beside an empty store, are of
     * another database: an older copy, or one that got lost. */
    if (r == 0 && (strange_blobs > (fresh ? 0 : STRANGE_MAX) ||
                   strange_keys > STRANGE_MAX))
        r = hb_err_at(err, -EUCLEAN, "locker.db", 0, 0,
                      _("it does not belong to the files beside it, which "
                        "are left as they are; put the right copy of it back, "
                        "or move them away"));
    for (size_t at = 0; r == 0 && at < blobs.n; at += strlen(blobs.p + at) + 1)
        r = share_blob_unlink(s, blobs.p + at);
    for (size_t at = 0; r == 0 && at < keys.n; at += strlen(keys.p + at) + 1)
        r = share_key_destroy(&s->keys, keys.p + at);
    return share_end(s, r, 0);
}

int share_blob_unlink(struct hb_share_store *s, const char *uid)
{
    if (unlinkat(s->blobs, uid, 0) < 0)
        return errno == ENOENT ? 0 : hb_neg_errno();
    return hb_fsync(s->blobs);
}

/* ---- static ---- */

/* Adds to B, each with a NUL, the names of files that have no row which lives,
 * and of what is left of atomic writes (file.h), which nobody makes outside a
 * transaction; all else there is not ours.  *RET_STRANGE: of those how many no
 * row knows. */
static int list_dead(struct hb_share_store *s, int dirfd, const char *sql,
                     struct hb_buf *b, int64_t *ret_strange)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;

    if (dir == NULL) {
        r = hb_neg_errno();
        hb_close(&fd);
        return r;
    }
    while (r >= 0 && (errno = 0, e = readdir(dir)) != NULL) {
        bool uid = hb_id_valid(hb_slice_z(e->d_name));
        int64_t row = 0;

        if (uid)
            r = hb_db_number(s->db, &row, sql, "t", e->d_name);
        if (r < 0 || row == 2 || (!uid && !hb_file_is_temp(e->d_name)))
            continue;
        *ret_strange += uid && row == 0;
        hb_buf_add(b, e->d_name, strlen(e->d_name) + 1);
    }
    if (r >= 0)
        r = errno != 0 ? -errno : hb_buf_err(b);
    (void)closedir(dir);
    return r;
}

static int open_dir(const char *path, int *ret, struct hb_err *err)
{
    struct stat st = {0};
    int r = hb_mkdirs(path, 0700);

    if (r == 0) {
        *ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = *ret < 0 || fstat(*ret, &st) < 0 ? hb_neg_errno() : 0;
    }
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0,
                         _("the directory cannot be made; check who owns "
                           "the one above it and the space on its disk"));
    if ((st.st_mode & 077) != 0)
        return hb_err_at(err, -EPERM, path, 0, 0,
                         _("others can look into the directory; its mode has "
                           "to be 0700"));
    return 0;
}

static int open_sub(int dir, const char *name, int *ret, struct hb_err *err)
{
    if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
        return hb_err_at(err, hb_neg_errno(), name, 0, 0,
                         _("the directory cannot be made; check who owns "
                           "the one above it and the space on its disk"));
    *ret = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*ret < 0)
        return hb_err_at(err, hb_neg_errno(), name, 0, 0,
                         _("the directory cannot be opened"));
    return 0;
}

/* Which boot CLOCK_BOOTTIME counts from (random(4)). */
static int read_boot(struct hb_share_store *s, struct hb_err *err)
{
    static const char path[] = "/proc/sys/kernel/random/boot_id";
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, s->boot, sizeof(s->boot) - 1);

    if (n != (ssize_t)sizeof(s->boot) - 1)
        return hb_err_at(err, -ENODATA, path, 0, 0,
                         _("which boot this is cannot be read; codes and "
                           "grants would have no end"));
    return 0;
}

static void system_clock(void *arg, struct hb_share_time *ret)
{
    const struct hb_share_store *s = arg;

    ret->now = hb_now();
    ret->mono = hb_mono();
    memcpy(ret->boot, s->boot, sizeof(ret->boot));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.c - makes, reads back and restores our own backup.
 *
 * Runs in `hinoban backup` and `hinoban restore` (root), beside a running
 * core when it makes one.  A database is copied by SQLite into the state
 * directory, packed, and removed again, one at a time; the state comes first,
 * so whatever it names in the evidence is packed after it.  A backup that is
 * read is authenticated (seal.h), but its names are checked all the same.
 */
#include "store/backup.h"

#include <dirent.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "store/archive.h"
#include "store/driver.h"
#include "store/seal.h"

#define DEPTH_MAX 16
#define BLOCK     65536u

struct packer {
    const struct hb_backup *b;
    struct hb_sealer *out;
    struct hb_backup_info *info;
    char staging[HB_MAX_PATH];
    struct hb_err *err;
};

struct unpacker {
    const struct hb_backup *b;
    struct hb_unsealer *in;
    struct hb_archive_reader reader;
    struct hb_backup_info *info;
    char dir[HB_MAX_PATH]; /* where it goes */
    int dirfd;
    bool keep; /* restore; else only databases, to be checked */
    uid_t uid, gate_uid;
    gid_t gid, gate_gid;
    struct hb_err *err;
};

static int pack(struct packer *p);
static int pack_meta(struct packer *p, int schema);
static int pack_db(struct packer *p, const char *path, const char *name);
static int pack_events(struct packer *p);
static int pack_tree(struct packer *p, const char *name, int depth);
static int pack_file(struct packer *p, int fd, const char *name);
static int unpack(struct unpacker *u);
static int unpack_meta(struct unpacker *u, uint64_t size);
static int unpack_file(struct unpacker *u, const struct hb_archive_entry *e);
static int check_db(struct unpacker *u, const char *name);
static int read_back(const struct hb_backup *b, const char *file, bool keep,
                     char *dir, struct hb_backup_info *info,
                     struct hb_err *err);
static int swap_in(const struct hb_backup *b, const char *from,
                   struct hb_err *err);
static int swap_gate(const struct hb_backup *b, const char *from,
                     const char *aside);
static int make_dir(const struct hb_backup *b, const char *what,
                    char ret[HB_MAX_PATH], struct hb_err *err);
static int broken(struct hb_err *err, const char *file, int code);
static bool is_db(const char *name);
static int alone(const struct hb_backup *b, int *ret_lock, struct hb_err *err);

/* What stands in a state directory and goes into a backup; nothing else is
 * taken out of one. */
static const char *const trees[] = {"evidence", "proofs", "documents"};

#define GATE   "gate/" /* names below it lie in gate_dir */
#define GRANTS GATE "grants"

static bool of_gate(const char *name)
{
    return strncmp(name, GATE, sizeof(GATE) - 1) == 0;
}

static int to_seal(void *arg, const void *p, size_t n)
{
    return hb_sealer_write(arg, p, n);
}

static int from_seal(void *arg, void *p, size_t n)
{
    return hb_unsealer_read(arg, p, n);
}

static int path2(char ret[HB_MAX_PATH], const char *dir, const char *name)
{
    return (size_t)snprintf(ret, HB_MAX_PATH, "%s/%s", dir, name) >= HB_MAX_PATH
               ? -ENAMETOOLONG
               : 0;
}

int hb_backup_make(const struct hb_backup *b, struct hb_backup_info *ret,
                   struct hb_err *err)
{
    struct hb_backup_info info = {0}, again = {0};
    struct packer p = {.b = b, .info = &info, .err = err};
    uint8_t key[HB_SEAL_KEY_SIZE];
    char tmp[HB_MAX_PATH], dir[HB_MAX_PATH];
    _cleanup_close_ int fd = -1, lock = -1;
    int r;

    if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", b->file) >= sizeof(tmp))
        return hb_err_at(err, -ENAMETOOLONG, b->file, 0, 0,
                         _("the name is too long"));
    r = alone(b, &lock, err);
    if (r == 0)
        r = hb_seal_key_load(b->key_file, key, err);
    if (r < 0)
        return r;
    (void)unlink(tmp);
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return hb_err_at(err, -errno, tmp, 0, 0,
                         _("the backup cannot be written there"));
    r = make_dir(b, "backup", p.staging, err);
    if (r == 0) {
        r = hb_sealer_new(fd, key, &p.out);
        if (r == 0)
            r = pack(&p);
        if (r == 0)
            r = hb_sealer_end(p.out);
        if (r == 0 && fsync(fd) < 0)
            r = -errno;
        hb_sealer_free(p.out);
        if (hb_rmtree(AT_FDCWD, p.staging) < 0 && r == 0)
            r = -EIO;
    }
    OPENSSL_cleanse(key, sizeof(key));
    if (r == 0)
        r = read_back(b, tmp, false, dir, &again, err);
    if (r == 0 && (again.files != info.files || again.bytes != info.bytes))
        r = -EIO;
    if (r == 0 && rename(tmp, b->file) < 0)
        r = -errno;
    if (r == 0)
        r = hb_store_sync_dir(b->file);
    if (r < 0) {
        (void)unlink(tmp);
        return hb_err_at(err, r, b->file, 0, 0,
                         _("the backup was not made; is there room on both "
                           "disks?"));
    }
    if (ret != NULL)
        *ret = again;
    return 0;
}

int hb_backup_verify(const struct hb_backup *b, struct hb_backup_info *ret,
                     struct hb_err *err)
{
    struct hb_backup_info info = {0};
    char dir[HB_MAX_PATH];
    _cleanup_close_ int lock = -1;
    int r = hb_mkdirs(b->state_dir, 0700);

    if (r < 0)
        return hb_err_at(err, r, b->state_dir, 0, 0,
                         _("a working directory cannot be made there"));
    r = alone(b, &lock, err);
    if (r == 0)
        r = read_back(b, b->file, false, dir, &info, err);

    if (r == 0 && ret != NULL)
        *ret = info;
    return r;
}

int hb_backup_restore(const struct hb_backup *b, struct hb_backup_info *ret,
                      struct hb_err *err)
{
    struct hb_backup_info info = {0};
    char dir[HB_MAX_PATH], path[HB_MAX_PATH];
    _cleanup_close_ int state_lock = -1, events_lock = -1, lock = -1;
    int r = hb_mkdirs(b->state_dir, 0700);

    if (r == 0)
        r = path2(path, b->state_dir, "state.db");
    if (r < 0)
        return hb_err_at(err, r, b->state_dir, 0, 0,
                         _("the directory cannot be made; check who owns the "
                           "one above it and the space on its disk"));
    if (!b->force && access(path, F_OK) == 0)
        return hb_err_at(err, -EEXIST, path, 0, 0,
                         _("there is a state already; --force puts it aside "
                           "and restores"));
    r = path2(path, b->state_dir, "state.db.lock");
    if (r == 0)
        r = hb_store_lock(path, &state_lock, err);
    if (r == 0)
        r = path2(path, b->state_dir, "events/lock");
    if (r == 0 && access(path, F_OK) == 0)
        r = hb_store_lock(path, &events_lock, err);
    if (r == 0)
        r = alone(b, &lock, err);
    if (r < 0)
        return r;
    r = read_back(b, b->file, true, dir, &info, err);
    if (r < 0)
        return r;
    r = swap_in(b, dir, err);
    if (r == 0 && hb_rmtree(AT_FDCWD, dir) < 0)
        r = hb_err_at(err, -EIO, dir, 0, 0, _("the file cannot be removed"));
    if (r == 0 && ret != NULL)
        *ret = info;
    return r;
}

/* --- making --- */

static int pack(struct packer *p)
{
    char path[HB_MAX_PATH];
    struct hb_db *db = NULL;
    int version = 0;
    int r = path2(path, p->b->state_dir, "state.db");

    if (r == 0)
        r = hb_db_open_read(path, &db, p->err);
    if (r < 0)
        return r;
    r = hb_db_version(db, &version);
    hb_db_close(db);
    if (r == 0)
        r = pack_meta(p, version);
    if (r == 0)
        r = pack_db(p, path, "state.db");
    if (r == 0)
        r = pack_events(p);
    for (size_t i = 0; i < HB_ARRAY_LEN(trees) && r == 0; i++)
        r = pack_tree(p, trees[i], 0);
    if (r == 0 && p->b->gate_dir != NULL)
        r = pack_tree(p, GRANTS, 0);
    return r < 0 ? r : hb_archive_end(to_seal, p->out, p->info->files);
}

static int pack_meta(struct packer *p, int schema)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char host[65] = "";
    struct hb_jw w;

    (void)gethostname(host, sizeof(host) - 1);
    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "host", host);
    hb_jw_int(&w, "made", hb_now() / (int64_t)HB_MS);
    hb_jw_int(&w, "schema", schema);
    hb_jw_str(&w, "version", HB_VERSION);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    return hb_archive_meta(to_seal, p->out, hb_buf_slice(&b));
}

/* A consistent, verified copy of the database PATH under NAME. */
static int pack_db(struct packer *p, const char *path, const char *name)
{
    char copy[HB_MAX_PATH];
    struct hb_db *db = NULL;
    int fd = -1, r = path2(copy, p->staging, "copy.db");

    if (r == 0)
        r = hb_db_open_read(path, &db, p->err);
    if (r < 0)
        return r;
    r = hb_db_backup(db, copy, p->err);
    hb_db_close(db);
    if (r == 0) {
        fd = open(copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        r = fd < 0 ? -errno : pack_file(p, fd, name);
        hb_close(&fd);
    }
    (void)unlink(copy);
    return r;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_event_file(const struct dirent *d)
{
    const char *n = d->d_name;

    return strlen(n) >= 13 && strncmp(n + 10, ".db", 3) == 0 &&
           (n[13] == '\0' || strncmp(n + 13, ".corrupt-", 9) == 0);
}

/* Days as copies that SQLite makes; what was set aside as it lies there. */
static int pack_events(struct packer *p)
{
    char dir[HB_MAX_PATH], path[HB_MAX_PATH], name[HB_MAX_NAME + 16];
    struct dirent **found = NULL;
    int n, r = path2(dir, p->b->state_dir, "events");

    if (r < 0)
        return r;
    n = scandir(dir, &found, is_event_file, by_name);
    if (n < 0)
        return errno == ENOENT ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "events/%.255s", found[i]->d_name);
        if (r == 0)
            r = path2(path, p->b->state_dir, name);
        if (r == 0 && found[i]->d_name[13] == '\0') {
            r = pack_db(p, path, name);
            p->info->days++;
        } else if (r == 0) {
            int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

            r = fd < 0 ? -errno : pack_file(p, fd, name);
            hb_close(&fd);
        }
        free(found[i]);
    }
    free(found);
    return r;
}

static int place(const struct packer *p, const char *name,
                 char ret[HB_MAX_PATH])
{
    return of_gate(name) ? path2(ret, p->b->gate_dir, name + sizeof(GATE) - 1)
                         : path2(ret, p->b->state_dir, name);
}

static int is_entry(const struct dirent *d)
{
    return d->d_name[0] != '.'; /* dot files are still being written */
}

/* Regular files below the directory NAME, which may not exist. */
static int pack_tree(struct packer *p, const char *name, int depth)
{
    char dir[HB_MAX_PATH], below[HB_ARCHIVE_NAME_MAX + 1];
    struct dirent **found = NULL;
    int n, r = place(p, name, dir);

    if (r < 0 || depth > DEPTH_MAX)
        return r < 0 ? r : -ELOOP;
    n = scandir(dir, &found, is_entry, by_name);
    if (n < 0)
        return errno == ENOENT ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        char path[HB_MAX_PATH];
        struct stat st;
        int fd = -1;

        if (r == 0 && (size_t)snprintf(below, sizeof(below), "%s/%s", name,
                                       found[i]->d_name) >= sizeof(below))
            r = -ENAMETOOLONG;
        if (r == 0)
            r = place(p, below, path);
        if (r == 0 && lstat(path, &st) < 0)
            r = errno == ENOENT ? 1 : -errno; /* it was a temporary one */
        if (r == 0 && S_ISDIR(st.st_mode)) {
            r = pack_tree(p, below, depth + 1);
        } else if (r == 0 && S_ISREG(st.st_mode)) {
            fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
            r = fd < 0 ? -errno : pack_file(p, fd, below);
            hb_close(&fd);
        }
        r = r == 1 ? 0 : r;
        free(found[i]);
    }
    free(found);
    return r;
}

/* As many bytes as it has now: what is appended meanwhile comes with the
 * next backup. */
static int pack_file(struct packer *p, int fd, const char *name)
{
    static char block[BLOCK];
    struct stat st;
    uint64_t left;
    int r;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    left = (uint64_t)st.st_size;
    r = hb_archive_file(to_seal, p->out, name, st.st_mode & 0777, left);
    while (r == 0 && left > 0) {
        ssize_t n = read(fd, block, (size_t)HB_MIN(left, (uint64_t)BLOCK));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return hb_err_at(p->err, n < 0 ? -errno : -EIO, name, 0, 0,
                             _("the file shrank or could not be read while "
                               "it was backed up"));
        r = hb_sealer_write(p->out, block, (size_t)n);
        left -= (uint64_t)n;
    }
    p->info->files++;
    p->info->grants += of_gate(name);
    p->info->bytes += (uint64_t)st.st_size;
    return r;
}

/* --- reading --- */

/* Reads FILE to its end.  With KEEP everything stands below DIR afterwards
 * (removed again on an error); else only databases are written there, checked
 * and removed. */
static int read_back(const struct hb_backup *b, const char *file, bool keep,
                     char *dir, struct hb_backup_info *info, struct hb_err *err)
{
    struct unpacker u = {.b = b, .info = info, .keep = keep, .err = err};
    uint8_t key[HB_SEAL_KEY_SIZE];
    _cleanup_close_ int fd = -1, dirfd = -1;
    struct stat st = {0};
    int r = hb_seal_key_load(b->key_file, key, err);

    if (r < 0)
        return r;
    fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        r = hb_err_at(err, -errno, file, 0, 0,
                      _("the backup cannot be opened"));
    if (r == 0) {
        r = hb_unsealer_new(fd, key, &u.in);
        if (r < 0)
            (void)broken(err, file, r);
    }
    OPENSSL_cleanse(key, sizeof(key));
    if (r < 0)
        return r;
    r = make_dir(b, "restore", dir, err);
    if (r == 0) {
        memcpy(u.dir, dir, strlen(dir) + 1);
        dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        u.dirfd = dirfd;
        u.reader = (struct hb_archive_reader){.read = from_seal, .arg = u.in};
        r = dirfd < 0 || stat(b->state_dir, &st) < 0 ? -errno : 0;
        if (r == 0) {
            u.uid = st.st_uid;
            u.gid = st.st_gid;
            if (b->gate_dir != NULL && stat(b->gate_dir, &st) == 0) {
                u.gate_uid = st.st_uid;
                u.gate_gid = st.st_gid;
            }
            r = unpack(&u);
        }
        if (r == 0)
            r = hb_unsealer_end(u.in);
        if (r < 0)
            (void)broken(err, file, r);
        if ((r < 0 || !keep) && hb_rmtree(AT_FDCWD, dir) < 0 && r == 0)
            r = hb_err_at(err, -EIO, dir, 0, 0,
                          _("the file cannot be removed"));
    }
    hb_unsealer_free(u.in);
    return r;
}

static int unpack(struct unpacker *u)
{
    struct hb_archive_entry e;
    bool state = false;
    int r;

    do {
        r = hb_archive_next(&u->reader, &e);
        if (r == 0 && e.kind == HB_ARCHIVE_META)
            r = unpack_meta(u, e.size);
        if (r == 0 && e.kind == HB_ARCHIVE_FILE) {
            r = unpack_file(u, &e);
            state |= hb_streq(e.name, "state.db");
        }
    } while (r == 0 && e.kind != HB_ARCHIVE_END);
    return r < 0 ? r : state ? 0 : -EBADMSG;
}

static int unpack_meta(struct unpacker *u, uint64_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char text[HB_ARCHIVE_META_MAX];
    struct hb_json *j = NULL;
    ssize_t n = hb_archive_read(&u->reader, text, (size_t)size);
    int64_t schema;

    if (a == NULL)
        return -ENOMEM;
    if (n < 0)
        return (int)n;
    if (hb_json_parse(a, hb_slice(text, (size_t)n), &j, NULL) < 0)
        return -EBADMSG;
    schema = hb_json_int(j, "schema", -1);
    if (schema < 0 || schema > INT32_MAX)
        return -EBADMSG;
    u->info->schema = (int)schema;
    u->info->made = hb_json_int(j, "made", 0) * (int64_t)HB_MS;
    (void)hb_copyz(u->info->version, sizeof(u->info->version),
                   hb_json_str(j, "version", "?"));
    (void)hb_copyz(u->info->host, sizeof(u->info->host),
                   hb_json_str(j, "host", "?"));
    return schema > u->b->schema ? -EPROTO : 0;
}

/* state.db, or below one of the directories that a backup holds. */
static bool expected(const char *name)
{
    if (strncmp(name, GRANTS "/", sizeof(GRANTS)) == 0)
        return true;
    if (hb_streq(name, "state.db") || strncmp(name, "events/", 7) == 0)
        return true;
    for (size_t i = 0; i < HB_ARRAY_LEN(trees); i++) {
        size_t n = strlen(trees[i]);

        if (strncmp(name, trees[i], n) == 0 && name[n] == '/')
            return true;
    }
    return false;
}

static int make_parents(struct unpacker *u, const char *name)
{
    char part[HB_ARCHIVE_NAME_MAX + 1];

    for (size_t i = 0; name[i] != '\0'; i++) {
        part[i] = name[i];
        part[i + 1] = '\0';
        if (name[i + 1] != '/')
            continue;
        if (mkdirat(u->dirfd, part, 0700) < 0) {
            if (errno != EEXIST)
                return -errno;
            continue;
        }
        if (geteuid() == 0 &&
            fchownat(u->dirfd, part, u->uid, u->gid, AT_SYMLINK_NOFOLLOW) < 0)
            return -errno;
    }
    return 0;
}

static int unpack_file(struct unpacker *u, const struct hb_archive_entry *e)
{
    static char block[BLOCK];
    bool db = is_db(e->name), write_it = u->keep || db;
    _cleanup_close_ int fd = -1;
    ssize_t n;
    int r;

    if (!expected(e->name))
        return -EBADMSG;
    if (write_it) {
        r = make_parents(u, e->name);
        if (r < 0)
            return r;
        fd = hb_open_nofollow(u->dirfd, e->name, O_WRONLY | O_CREAT | O_EXCL,
                              0600);
        if (fd < 0)
            return fd == -EEXIST ? -EBADMSG : fd;
    }
    while ((n = hb_archive_read(&u->reader, block, sizeof(block))) > 0) {
        r = write_it ? hb_write_all(fd, block, (size_t)n) : 0;
        if (r < 0)
            return r;
    }
    if (n < 0)
        return (int)n;
    u->info->files++;
    u->info->grants += of_gate(e->name);
    u->info->bytes += e->size;
    if (!write_it)
        return 0;
    if (of_gate(e->name)) {
        if ((geteuid() == 0 && fchown(fd, u->gate_uid, u->gate_gid) < 0) ||
            fchmod(fd, e->mode & 0744) < 0 || fsync(fd) < 0)
            return -errno;
        return 0;
    }
    if ((geteuid() == 0 && fchown(fd, u->uid, u->gid) < 0) ||
        fchmod(fd, e->mode & 0700) < 0 || fsync(fd) < 0)
        return -errno;
    return db ? check_db(u, e->name) : 0;
}

static int check_db(struct unpacker *u, const char *name)
{
    char path[HB_MAX_PATH];
    int r = path2(path, u->dir, name);

    if (r == 0)
        r = hb_db_verify(path, u->err);
    if (r == 0 && strncmp(name, "events/", 7) == 0)
        u->info->days++;
    if (r == 0 && !u->keep && unlink(path) < 0)
        r = -errno;
    return r;
}

static bool is_db(const char *name)
{
    size_t n = strlen(name);

    return hb_streq(name, "state.db") ||
           (strncmp(name, "events/", 7) == 0 && n > 3 &&
            hb_streq(name + n - 3, ".db"));
}

/* --- putting in place --- */

/* Renames DIR's entry NAME to OTHER's, if it is there. */
static int move(const char *dir, const char *other, const char *name)
{
    char from[HB_MAX_PATH], to[HB_MAX_PATH];
    int r = path2(from, dir, name);

    if (r == 0)
        r = path2(to, other, name);
    if (r == 0 &&
        renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 &&
        errno != ENOENT)
        r = -errno;
    return r;
}

/* The state that stands there moves aside with its log, for that log must
 * never be read into the restored one. */
static int swap_in(const struct hb_backup *b, const char *from,
                   struct hb_err *err)
{
    static const char *const names[] = {
        "state.db-wal", "state.db-shm", "state.db", "events",
        "evidence",     "proofs",       "documents"};
    char aside[HB_MAX_PATH];
    int r = -EEXIST;

    for (unsigned n = 1; n < 10000 && r == -EEXIST; n++) {
        if ((size_t)snprintf(aside, sizeof(aside), "%s/before-restore-%u",
                             b->state_dir, n) >= sizeof(aside))
            return -ENAMETOOLONG;
        r = mkdir(aside, 0700) < 0 ? -errno : 0;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(names) && r == 0; i++)
        r = move(b->state_dir, aside, names[i]);
    for (size_t i = HB_ARRAY_LEN(names); i-- > 0 && r == 0;)
        r = move(from, b->state_dir, names[i]);
    if (r == 0)
        r = swap_gate(b, from, strrchr(aside, '/') + 1);
    if (r == 0)
        r = hb_store_sync_dir(aside);
    if (r < 0)
        return hb_err_at(err, r, b->state_dir, 0, 0,
                         _("the restored state cannot be put in its place; "
                           "what was there is in %s, what was restored in "
                           "%s"),
                         aside, from);
    (void)rmdir(aside); /* where there was nothing */
    return 0;
}

/* A backup without grants leaves those that are there. */
static int swap_gate(const struct hb_backup *b, const char *from,
                     const char *aside)
{
    char now[HB_MAX_PATH], old[HB_MAX_PATH], new[HB_MAX_PATH];
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r = path2(new, from, GRANTS);

    if (r < 0 || b->gate_dir == NULL || access(new, F_OK) < 0)
        return r;
    r = hb_mkdirs(b->gate_dir, 0750);
    if (r == 0)
        r = path2(now, b->gate_dir, "grants");
    if (r == 0 && (size_t)snprintf(old, sizeof(old), "%s/grants.%s",
                                   b->gate_dir, aside) >= sizeof(old))
        r = -ENAMETOOLONG;
    if (r < 0)
        return r;
    if (stat(b->gate_dir, &st) < 0)
        return -errno;
    fd = open(new, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fchmod(fd, 0755) < 0 ||
        (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0))
        return -errno;
    if (renameat2(AT_FDCWD, now, AT_FDCWD, old, RENAME_NOREPLACE) < 0 &&
        errno != ENOENT)
        return -errno;
    if (renameat2(AT_FDCWD, new, AT_FDCWD, now, RENAME_NOREPLACE) < 0)
        return -errno;
    return hb_store_sync_dir(now);
}

static int make_dir(const struct hb_backup *b, const char *what,
                    char ret[HB_MAX_PATH], struct hb_err *err)
{
    if ((size_t)snprintf(ret, HB_MAX_PATH, "%s/.%s-XXXXXX", b->state_dir,
                         what) >= HB_MAX_PATH)
        return hb_err_at(err, -ENAMETOOLONG, b->state_dir, 0, 0,
                         _("the name is too long"));
    if (mkdtemp(ret) == NULL)
        return hb_err_at(err, -errno, b->state_dir, 0, 0,
                         _("a working directory cannot be made there"));
    return 0;
}

static int broken(struct hb_err *err, const char *file, int code)
{
    switch (code) {
    case -EPROTO:
        return hb_err_at(err, code, file, 0, 0,
                         _("the backup was made by a newer version of "
                           "Hinoban; install that version first"));
    case -EKEYREJECTED:
        return hb_err_at(err, code, file, 0, 0,
                         _("the backup was made with another key"));
    case -EBADMSG:
        return hb_err_at(err, code, file, 0, 0,
                         _("this is no whole backup of Hinoban: it was "
                           "changed, damaged or cut off"));
    case -ENOSPC:
        return hb_err_at(err, code, file, 0, 0,
                         _("there is no room to read the backup back; free "
                           "space on the disk of the state directory"));
    default:
        return hb_err_at(err, code, file, 0, 0,
                         _("the backup cannot be read back"));
    }
}

static int is_left_over(const struct dirent *d)
{
    return strncmp(d->d_name, ".backup-", 8) == 0 ||
           strncmp(d->d_name, ".restore-", 9) == 0;
}

/* One of us at a time; what one that was killed left behind (it is not
 * encrypted) is removed. */
static int alone(const struct hb_backup *b, int *ret_lock, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    struct dirent **found = NULL;
    int n, r = path2(path, b->state_dir, "backup.lock");

    if (r == 0)
        r = hb_store_lock(path, ret_lock, err);
    if (r < 0)
        return r;
    n = scandir(b->state_dir, &found, is_left_over, NULL);
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = path2(path, b->state_dir, found[i]->d_name);
        if (r == 0 && hb_rmtree(AT_FDCWD, path) < 0)
            r = hb_err_at(err, -EIO, path, 0, 0,
                          _("the file cannot be removed"));
        free(found[i]);
    }
    free(found);
    return r;
}

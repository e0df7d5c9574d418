/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_events.c - the days of events as SQLite files, YYYY-MM-DD.db (UTC,
 * the day on which an event arrived: a producer's clock does not choose the
 * file).
 *
 * Runs in core, and read-only in clients.  The directory is ours alone.  Two
 * days are open: today's for writing, yesterday's so that what is sent again
 * across midnight is known.  A damaged file is renamed to .corrupt-N, never
 * removed, and whoever asks is told.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "store/driver.h"

#define DAY_NS   (86400 * (int64_t)HB_S)
#define DAY_SIZE 11u /* "YYYY-MM-DD" */
#define MAX_DAYS 8192u
#define ASIDE    8u

struct day {
    char name[DAY_SIZE];
    struct hb_db *db;
    bool damaged;
};

struct days {
    bool read_only;
    int lock;
    struct day today, yesterday;
    char aside[ASIDE][HB_MAX_PATH];
    unsigned aside_first, aside_n;
    char dir[HB_MAX_PATH];
};

struct listing {
    char (*v)[HB_MAX_NAME + 1];
    size_t n, cap;
};

static int turn(struct days *s, struct hb_err *err);
static int open_day(struct days *s, struct day *d, const char *name,
                    bool create, struct hb_err *err);
static void close_day(struct day *d);
static int put_aside(struct days *s, const char *name, struct hb_err *err);
static int look_up(struct day *d, const char *uid, struct hb_err *err);
static int list(struct days *s, bool damaged_too, struct listing *ret,
                struct hb_err *err);
static int reading(struct days *s, const char *file, struct hb_db **ret,
                   struct hb_err *err);
static void done_reading(struct days *s, struct hb_db *db, int r);
static int find_in(struct hb_db *db, const struct hb_events_query *q,
                   size_t *left, hb_events_fn *fn, void *arg);
static uint64_t size_of(const struct days *s, const char *file);
static int remove_file(struct days *s, const char *file, struct hb_err *err);

static const struct hb_migration schema[] = {
    {1, "CREATE TABLE event("
        " id INTEGER PRIMARY KEY,"
        " uid TEXT NOT NULL UNIQUE,"
        " time INTEGER NOT NULL,"
        " class INTEGER NOT NULL,"
        " severity INTEGER NOT NULL,"
        " site TEXT,"
        " json TEXT NOT NULL);"
        "CREATE INDEX event_time ON event(time);"},
};

static void day_of(int64_t ns, char ret[DAY_SIZE])
{
    char text[32];

    (void)hb_copyz(ret, DAY_SIZE, hb_time_utc(ns, text, sizeof(text)));
}

static void path_of(const struct days *s, const char *file, const char *tail,
                    char ret[HB_MAX_PATH])
{
    /* ev_open() left room for every tail that we use. */
    (void)snprintf(ret, HB_MAX_PATH, "%.3900s/%.150s%.32s", s->dir, file, tail);
}

static void ev_close(void *store)
{
    struct days *s = store;

    close_day(&s->today);
    close_day(&s->yesterday);
    hb_close(&s->lock);
    free(s);
}

static int ev_open(const char *dir, bool read_only, void **ret,
                   struct hb_err *err)
{
    struct days *s;
    char lock[HB_MAX_PATH], day[DAY_SIZE];
    int r = 0;

    if (strlen(dir) > HB_MAX_PATH - 256)
        return hb_err_at(err, -ENAMETOOLONG, dir, 0, 0,
                         _("the name is too long"));
    s = hb_store_alloc(sizeof(*s));
    if (s == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    memcpy(s->dir, dir, strlen(dir) + 1);
    s->read_only = read_only;
    s->lock = -1;
    if (!read_only) {
        r = hb_mkdirs(dir, 0700);
        if (r < 0)
            (void)hb_err_at(err, r, dir, 0, 0,
                            _("the directory cannot be made; check who owns "
                              "the one above it and the space on its disk"));
        path_of(s, "lock", "", lock);
        if (r == 0)
            r = hb_store_lock(lock, &s->lock, err);
        if (r == 0)
            r = turn(s, err);
    }
    day_of(hb_now() - DAY_NS, day);
    if (r == 0 && !read_only && s->yesterday.db == NULL) {
        r = open_day(s, &s->yesterday, day, false, err);
        r = r == -ENOENT ? 0 : r;
    }
    if (r < 0) {
        ev_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

static const char *ev_set_aside(void *store)
{
    struct days *s = store;

    if (s->aside_n == 0)
        return NULL;
    s->aside_n--;
    return s->aside[s->aside_first++ % ASIDE];
}

static int ev_known(void *store, const char *uid, struct hb_err *err)
{
    struct days *s = store;

    for (int tries = 0;; tries++) {
        struct hb_err why = {0};
        int r = turn(s, err);

        if (r < 0)
            return r;
        r = look_up(&s->today, uid, &why);
        if (r == 0)
            r = look_up(&s->yesterday, uid, &why);
        if (r >= 0)
            return r;
        if (r != -EUCLEAN || tries == 2) {
            if (err != NULL && err->code == 0)
                *err = why;
            return r;
        }
    }
}

static int ev_begin(void *store, struct hb_err *err)
{
    struct days *s = store;
    int r;

    if (s->read_only)
        return hb_err_at(err, -EROFS, s->dir, 0, 0,
                         _("the file was opened to be read only"));
    if (s->today.db != NULL && hb_db_read_only(s->today.db))
        close_day(&s->today); /* perhaps it can be written again */
    r = turn(s, err);
    if (r < 0)
        return r;
    r = hb_db_begin(s->today.db);
    if (r < 0 && err != NULL && err->code == 0)
        *err = *hb_db_err(s->today.db);
    if (r == -EUCLEAN)
        s->today.damaged = true;
    return r;
}

/* What was known when it was added may have come by another way since (the
 * batch waited for a full disk): the second copy is no error. */
static int ev_put(void *store, const struct hb_event_row *row,
                  struct hb_err *err)
{
    struct days *s = store;
    struct hb_stmt *q;
    int r = hb_db_stmt(s->today.db,
                       "INSERT INTO event(uid, time, class, severity, site,"
                       " json) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                       " ON CONFLICT(uid) DO NOTHING",
                       &q);

    if (r == 0) {
        r = hb_stmt_text(q, 1, row->uid);
        if (r == 0)
            r = hb_stmt_int(q, 2, row->time);
        if (r == 0)
            r = hb_stmt_int(q, 3, row->class_uid);
        if (r == 0)
            r = hb_stmt_int(q, 4, row->severity);
        if (r == 0)
            r = hb_stmt_text(q, 5, row->site);
        if (r == 0)
            r = hb_stmt_slice(q, 6, row->json);
        if (r == 0)
            r = hb_stmt_step(q);
    }
    if (r < 0 && err != NULL && err->code == 0)
        *err = *hb_db_err(s->today.db);
    if (r == -EUCLEAN)
        s->today.damaged = true;
    return r < 0 ? r : 0;
}

static int ev_commit(void *store, struct hb_err *err)
{
    struct days *s = store;
    int r = hb_db_commit(s->today.db);

    if (r < 0 && err != NULL && err->code == 0)
        *err = *hb_db_err(s->today.db);
    if (r == -EUCLEAN)
        s->today.damaged = true;
    return r;
}

static void ev_rollback(void *store)
{
    struct days *s = store;

    hb_db_rollback(s->today.db);
}

static int ev_find(void *store, const struct hb_events_query *q,
                   hb_events_fn *fn, void *arg, struct hb_err *err)
{
    struct days *s = store;
    struct listing files;
    size_t left = q->limit;
    int bad = 0, r = list(s, false, &files, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < files.n && r == 0 && left > 0; i++) {
        size_t at = q->oldest_first ? i : files.n - 1 - i;
        struct hb_db *db;

        r = reading(s, files.v[at], &db, err);
        if (r == 0) {
            r = find_in(db, q, &left, fn, arg);
            if (r < 0 && err != NULL && err->code == 0)
                *err = *hb_db_err(db);
            done_reading(s, db, r);
        }
        if (r == -EUCLEAN) {
            bad = r;
            r = 0;
        } else if (r == -ENOENT) {
            r = 0; /* retention was quicker */
        }
    }
    free(files.v);
    return r != 0 ? r : bad;
}

static int get_in(struct hb_db *db, struct hb_arena *a, const char *uid,
                  struct hb_slice *ret)
{
    struct hb_stmt *q;
    int r =
        hb_db_query(db, &q, "SELECT json FROM event WHERE uid = ?1", "t", uid);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        struct hb_slice found = hb_stmt_col_blob(q, 0);
        char *copy = hb_arena_dup(a, found.n > 0 ? found.p : "", found.n);

        hb_stmt_reset(q);
        if (copy == NULL)
            return -ENOMEM;
        *ret = hb_slice(copy, found.n);
    }
    return r;
}

static int ev_get(void *store, struct hb_arena *a, const char *uid,
                  struct hb_slice *ret_json, struct hb_err *err)
{
    struct days *s = store;
    struct listing files;
    int bad = -ENOENT, r = list(s, false, &files, err);

    if (r < 0)
        return r;
    for (size_t i = files.n; i-- > 0 && r == 0;) {
        struct hb_db *db;

        r = reading(s, files.v[i], &db, err);
        if (r == 0) {
            r = get_in(db, a, uid, ret_json);
            if (r < 0 && err != NULL && err->code == 0)
                *err = *hb_db_err(db);
            done_reading(s, db, r);
        }
        if (r == -EUCLEAN || r == -ENOENT) {
            bad = r == -EUCLEAN ? r : bad;
            r = 0;
        }
    }
    free(files.v);
    if (r == 0 && bad == -ENOENT)
        return hb_err_set(err, bad, _("there is no event %s"), uid);
    return r == 1 ? 0 : r < 0 ? r : bad;
}

static int ev_retain(void *store, unsigned keep_days, uint64_t max_bytes,
                     hb_retain_fn *fn, void *arg, unsigned *ret_removed,
                     struct hb_err *err)
{
    struct days *s = store;
    struct listing files;
    char today[DAY_SIZE], first[DAY_SIZE];
    uint64_t sum = 0;
    unsigned removed = 0;
    int r = s->read_only ? -EROFS : list(s, true, &files, err);

    if (r < 0)
        return r;
    day_of(hb_now(), today);
    day_of(hb_now() - (int64_t)HB_MIN(keep_days, 100000u) * DAY_NS, first);
    for (size_t i = 0; i < files.n; i++)
        sum += size_of(s, files.v[i]);
    for (size_t i = 0; i < files.n && r == 0; i++) {
        char day[DAY_SIZE];
        uint64_t size = size_of(s, files.v[i]);
        enum hb_retain what;

        (void)hb_copyz(day, sizeof(day), files.v[i]);
        if (strcmp(day, today) >= 0)
            break;
        if (strcmp(day, first) >= 0 && (max_bytes == 0 || sum <= max_bytes))
            break; /* the rest is younger still */
        what = fn != NULL ? fn(arg, day) : HB_RETAIN_GO;
        if (what == HB_RETAIN_HOLD)
            continue;
        if (what == HB_RETAIN_GO) {
            r = remove_file(s, files.v[i], err);
            removed += r == 0;
        }
        if (r == 0)
            sum -= size;
    }
    free(files.v);
    if (ret_removed != NULL)
        *ret_removed = removed;
    return r;
}

static int ev_backup(void *store, const char *to_dir, struct hb_err *err)
{
    struct days *s = store;
    struct listing files = {0};
    int r = list(s, false, &files, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < files.n && r == 0; i++) {
        char to[HB_MAX_PATH];
        struct hb_db *db;

        if ((size_t)snprintf(to, sizeof(to), "%s/%s", to_dir, files.v[i]) >=
            sizeof(to)) {
            r = hb_err_at(err, -ENAMETOOLONG, to_dir, 0, 0,
                          _("the name is too long"));
            break;
        }
        r = reading(s, files.v[i], &db, err);
        if (r == -ENOENT) {
            r = 0;
            continue;
        }
        if (r < 0)
            break;
        r = hb_db_backup(db, to, err);
        done_reading(s, db, r);
    }
    free(files.v);
    return r;
}

const struct hb_events_driver hb_sqlite_events_driver = {
    .name = "sqlite",
    .open = ev_open,
    .close = ev_close,
    .known = ev_known,
    .begin = ev_begin,
    .put = ev_put,
    .commit = ev_commit,
    .rollback = ev_rollback,
    .find = ev_find,
    .get = ev_get,
    .retain = ev_retain,
    .backup = ev_backup,
    .set_aside = ev_set_aside,
};

/* Makes today's file the one that is written. */
static int turn(struct days *s, struct hb_err *err)
{
    char name[DAY_SIZE], before[DAY_SIZE];
    int64_t now = hb_now();

    day_of(now, name);
    day_of(now - DAY_NS, before);
    if (s->yesterday.damaged) {
        char file[HB_MAX_NAME + 1];

        (void)snprintf(file, sizeof(file), "%s.db", s->yesterday.name);
        close_day(&s->yesterday);
        (void)put_aside(s, file, NULL);
    }
    if (s->today.db != NULL && !s->today.damaged &&
        hb_streq(s->today.name, name))
        return 0;
    if (s->today.damaged) {
        char file[HB_MAX_NAME + 1];
        int r;

        (void)snprintf(file, sizeof(file), "%s.db", s->today.name);
        close_day(&s->today);
        r = put_aside(s, file, err);
        if (r < 0)
            return r;
    } else if (s->today.db != NULL) {
        close_day(&s->yesterday);
        if (hb_streq(s->today.name, before)) {
            s->yesterday = s->today;
            memset(&s->today, 0, sizeof(s->today));
        } else {
            close_day(&s->today);
        }
    }
    return open_day(s, &s->today, name, true, err);
}

/* A damaged file makes way; one that cannot be written is kept to be read. */
static int open_day(struct days *s, struct day *d, const char *name,
                    bool create, struct hb_err *err)
{
    char file[HB_MAX_NAME + 1], path[HB_MAX_PATH];

    (void)snprintf(file, sizeof(file), "%s.db", name);
    path_of(s, file, "", path);
    if (!create && access(path, F_OK) < 0)
        return -ENOENT;
    for (int tries = 0;; tries++) {
        struct hb_err why = {0};
        int r = hb_db_open_flags(path, schema, HB_ARRAY_LEN(schema),
                                 HB_DB_UNLOCKED, &d->db, &why);

        if (r == 1 && why.code == -EUCLEAN) {
            hb_db_close(d->db);
            d->db = NULL;
            r = -EUCLEAN;
        }
        if (r == -EUCLEAN && tries == 0) {
            r = put_aside(s, file, err);
            if (r < 0)
                return r;
            if (!create)
                return -ENOENT;
            continue;
        }
        if (r < 0) {
            d->db = NULL;
            if (err != NULL && err->code == 0)
                *err = why;
            return r;
        }
        memcpy(d->name, name, DAY_SIZE);
        return 0;
    }
}

static void close_day(struct day *d)
{
    hb_db_close(d->db);
    memset(d, 0, sizeof(*d));
}

/* Renames FILE and its log to the first free .corrupt-N. */
static int put_aside(struct days *s, const char *file, struct hb_err *err)
{
    char from[HB_MAX_PATH], to[HB_MAX_PATH], tail[32];
    char *told = s->aside[(s->aside_first + s->aside_n) % ASIDE];
    int r = 0;

    for (unsigned n = 1; n < 1000; n++) {
        (void)snprintf(tail, sizeof(tail), ".corrupt-%u", n);
        path_of(s, file, tail, to);
        if (access(to, F_OK) < 0)
            break;
    }
    path_of(s, file, "", from);
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
        return hb_err_at(err, -errno, from, 0, 0,
                         _("the file is damaged and cannot be set aside"));
    if (s->aside_n < ASIDE)
        s->aside_n++;
    (void)hb_copyz(told, HB_MAX_PATH, to);
    path_of(s, file, "-wal", from);
    (void)snprintf(tail, sizeof(tail), "%s-wal", strrchr(to, '.'));
    path_of(s, file, tail, to);
    if (rename(from, to) < 0 && errno != ENOENT)
        r = -errno;
    path_of(s, file, "-shm", from);
    if (unlink(from) < 0 && errno != ENOENT)
        r = -errno;
    if (r == 0)
        r = hb_store_sync_dir(from);
    if (r < 0)
        return hb_err_at(err, r, from, 0, 0,
                         _("the file is damaged and cannot be set aside"));
    return 0;
}

static int look_up(struct day *d, const char *uid, struct hb_err *err)
{
    struct hb_stmt *q;
    int r;

    if (d->db == NULL)
        return 0;
    r = hb_db_query(d->db, &q, "SELECT 1 FROM event WHERE uid = ?1", "t", uid);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        hb_stmt_reset(q);
    if (r < 0 && err != NULL && err->code == 0)
        *err = *hb_db_err(d->db);
    if (r == -EUCLEAN)
        d->damaged = true;
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* "YYYY-MM-DD.db", and with DAMAGED_TOO what was set aside. */
static bool is_day(const char *name, bool damaged_too)
{
    static const char form[] = "dddd-dd-dd.db";
    size_t i = 0;

    for (; form[i] != '\0'; i++)
        if (i < 10 && form[i] == 'd' ? name[i] < '0' || name[i] > '9'
                                     : name[i] != form[i])
            return false;
    if (name[i] == '\0')
        return true;
    return damaged_too && strncmp(name + i, ".corrupt-", 9) == 0 &&
           strchr(name + i + 9, '-') == NULL;
}

static int list(struct days *s, bool damaged_too, struct listing *ret,
                struct hb_err *err)
{
    struct listing l = {NULL, 0, 0};
    DIR *dir = opendir(s->dir);
    struct dirent *d;
    int r = 0;

    if (dir == NULL)
        return hb_err_at(err, -errno, s->dir, 0, 0,
                         _("the directory cannot be read"));
    while (r == 0 && (d = readdir(dir)) != NULL) {
        if (!is_day(d->d_name, damaged_too))
            continue;
        if (l.n == l.cap) {
            size_t cap = l.cap > 0 ? l.cap * 2 : 64;
            void *more =
                cap > MAX_DAYS ? NULL : realloc(l.v, cap * sizeof(*l.v));

            if (more == NULL) {
                r = hb_err_set(err, -ENOMEM, _("there is not enough memory"));
                break;
            }
            l.v = more;
            l.cap = cap;
        }
        (void)hb_copyz(l.v[l.n++], sizeof(*l.v), d->d_name);
    }
    (void)closedir(dir);
    if (r < 0) {
        free(l.v);
        return r;
    }
    if (l.n > 0)
        qsort(l.v, l.n, sizeof(*l.v), by_name);
    *ret = l;
    return 0;
}

/* The open file of that day, or one opened to look. */
static int reading(struct days *s, const char *file, struct hb_db **ret,
                   struct hb_err *err)
{
    struct day *open[] = {&s->today, &s->yesterday};
    char path[HB_MAX_PATH];

    for (size_t i = 0; i < HB_ARRAY_LEN(open); i++)
        if (open[i]->db != NULL &&
            strncmp(open[i]->name, file, DAY_SIZE - 1) == 0) {
            *ret = open[i]->db;
            return 0;
        }
    path_of(s, file, "", path);
    return hb_db_open_read(path, ret, err);
}

/* R is what reading came to: an open day that proves damaged makes way when
 * the store is next written. */
static void done_reading(struct days *s, struct hb_db *db, int r)
{
    struct day *open[] = {&s->today, &s->yesterday};

    for (size_t i = 0; i < HB_ARRAY_LEN(open); i++)
        if (open[i]->db == db) {
            open[i]->damaged |= r == -EUCLEAN;
            return;
        }
    hb_db_close(db);
}

static int find_in(struct hb_db *db, const struct hb_events_query *q,
                   size_t *left, hb_events_fn *fn, void *arg)
{
    static const char select[] =
        "SELECT uid, time, json FROM event WHERE time >= ?1 AND time < ?2"
        " AND (?3 = 0 OR class = ?3) AND severity >= ?4"
        " AND (?5 IS NULL OR site = ?5)"
        " AND (?6 IS NULL OR instr(json, ?6) > 0) ORDER BY time ";
    char sql[sizeof(select) + 48];
    struct hb_stmt *s;
    int r;

    (void)snprintf(sql, sizeof(sql), "%s%s LIMIT ?7", select,
                   q->oldest_first ? "ASC, id ASC" : "DESC, id DESC");
    r = hb_db_query(db, &s, sql, "iiiitti", q->from != 0 ? q->from : INT64_MIN,
                    q->to != 0 ? q->to : INT64_MAX, (int64_t)q->class_uid,
                    (int64_t)q->min_severity, q->site, q->text,
                    (int64_t)HB_MIN(*left, (size_t)INT32_MAX));
    while (r == 0 && *left > 0 && (r = hb_stmt_step(s)) == 1) {
        const char *uid = hb_stmt_col_text(s, 0);

        (*left)--;
        r = uid == NULL
                ? -ENOMEM
                : fn(arg, uid, hb_stmt_col_int(s, 1), hb_stmt_col_blob(s, 2));
    }
    hb_stmt_reset(s);
    return r;
}

static uint64_t size_of(const struct days *s, const char *file)
{
    static const char *const tails[] = {"", "-wal"};
    uint64_t sum = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(tails); i++) {
        char path[HB_MAX_PATH];
        struct stat st;

        path_of(s, file, tails[i], path);
        if (stat(path, &st) == 0)
            sum += (uint64_t)st.st_size;
    }
    return sum;
}

static int remove_file(struct days *s, const char *file, struct hb_err *err)
{
    static const char *const tails[] = {"-shm", "-wal", ""};
    char path[HB_MAX_PATH];

    if (s->yesterday.db != NULL &&
        strncmp(s->yesterday.name, file, DAY_SIZE - 1) == 0)
        close_day(&s->yesterday);
    for (size_t i = 0; i < HB_ARRAY_LEN(tails); i++) {
        path_of(s, file, tails[i], path);
        if (unlink(path) < 0 && errno != ENOENT)
            return hb_err_at(err, -errno, path, 0, 0,
                             _("the file cannot be removed"));
    }
    if (hb_store_sync_dir(path) < 0)
        return hb_err_at(err, -EIO, path, 0, 0,
                         _("the file cannot be removed"));
    return 0;
}

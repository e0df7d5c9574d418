/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_power.c - a power cut at any moment loses nothing that was
 * acknowledged.
 *
 * Everything that the stores write, truncate, delete and sync is recorded in
 * order, with the acknowledgements between.  For every crash point (or a
 * seeded sample of HB_KILL_POINTS of them) the disk is built as it may be
 * found: all that was synced, and of the rest any part, in any order between
 * files, torn at sectors of 512 bytes.  Then the store is opened and looked
 * through.
 *
 * The model: a name is safe once its file was synced; an unlinked file may
 * come back until the directory is synced (which SQLite does with the first
 * sync of a new log); bytes beside a write do not change
 * (the disk keeps whole sectors, SQLITE_IOCAP_POWERSAFE_OVERWRITE).
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "shim.h"
#include "work.h"

#define SECTOR 512
#define MAX_TX 4000

struct image {
    uint8_t *p;
    size_t n, cap;
    bool exists;
};

/* A file of the model: what is surely on the disk and what may be. */
struct disk_file {
    struct image safe, old; /* OLD: an incarnation that may come back */
    size_t *pending, pending_n, pending_cap;
    bool named; /* the name is surely there */
};

static struct disk_file disk[SHIM_FILES];
static char dir[256], play[300], live[300];

static void grow(struct image *f, size_t n)
{
    if (n > f->cap) {
        f->cap = n * 2;
        f->p = realloc(f->p, f->cap);
        if (f->p == NULL)
            abort();
    }
    if (n > f->n) {
        memset(f->p + f->n, 0, n - f->n);
        f->n = n;
    }
}

static void copy_image(struct image *to, const struct image *from)
{
    to->n = 0;
    grow(to, from->n);
    if (from->n > 0)
        memcpy(to->p, from->p, from->n);
    to->n = from->n;
    to->exists = from->exists;
}

/* One write; with R only the sectors that it chooses. */
static void apply(struct image *f, const struct shim_op *op,
                  struct work_random *r)
{
    size_t done = 0;

    if (op->kind == SHIM_OP_TRUNCATE) {
        if ((size_t)op->at < f->n)
            f->n = (size_t)op->at;
        else
            grow(f, (size_t)op->at);
        return;
    }
    while (done < op->n) {
        size_t at = (size_t)op->at + done;
        size_t n = HB_MIN(SECTOR - at % SECTOR, op->n - done);

        if (r == NULL || work_below(r, 2) == 0) {
            grow(f, at + n);
            memcpy(f->p + at, op->bytes + done, n);
        }
        done += n;
    }
}

static void pend(struct disk_file *f, size_t op)
{
    if (f->pending_n == f->pending_cap) {
        f->pending_cap = f->pending_cap > 0 ? f->pending_cap * 2 : 64;
        f->pending = realloc(f->pending, f->pending_cap * sizeof(size_t));
        if (f->pending == NULL)
            abort();
    }
    f->pending[f->pending_n++] = op;
}

/* Operation number I happened. */
static void advance(size_t i)
{
    const struct shim_op *op = &shim_ops[i];
    struct disk_file *f = &disk[op->file];

    switch (op->kind) {
    case SHIM_OP_CREATE:
        f->safe.n = 0;
        f->safe.exists = true;
        f->named = false;
        f->pending_n = 0;
        break;
    case SHIM_OP_WRITE:
    case SHIM_OP_TRUNCATE:
        f->safe.exists = true;
        pend(f, i);
        break;
    case SHIM_OP_SYNC:
        for (size_t k = 0; k < f->pending_n; k++)
            apply(&f->safe, &shim_ops[f->pending[k]], NULL);
        f->pending_n = 0;
        f->named = true;
        f->old.exists = false;
        for (int k = 0; k < shim_path_count && op->durable; k++) {
            disk[k].named |= disk[k].safe.exists; /* all are in one place */
            disk[k].old.exists = false;
        }
        break;
    case SHIM_OP_DELETE:
        copy_image(&f->old, &f->safe);
        f->old.exists = !op->durable && f->named;
        f->safe.exists = f->named = false;
        f->safe.n = f->pending_n = 0;
        break;
    case SHIM_OP_ACK:
        break;
    }
}

/* What may be found of F after the cut. */
static void found(const struct disk_file *f, struct image *to, bool is_main,
                  struct work_random *r)
{
    uint64_t mood = work_below(r, 4); /* none, all, some whole, some torn */

    if (f->safe.exists && (f->named || is_main || work_below(r, 2) == 0)) {
        copy_image(to, &f->safe);
        for (size_t k = 0; k < f->pending_n && mood > 0; k++) {
            const struct shim_op *op = &shim_ops[f->pending[k]];

            if (mood == 1 || work_below(r, 2) == 0)
                apply(to, op, mood == 3 ? r : NULL);
        }
        to->exists = true;
    } else if (f->old.exists && work_below(r, 2) == 0) {
        copy_image(to, &f->old);
    } else {
        to->exists = false;
    }
}

static const char *below_live(int i)
{
    return shim_paths[i] + strlen(live);
}

/* Writes the disk as it is found below PLAY. */
static int build(struct work_random *r)
{
    static struct image scratch;

    if (hb_rmtree(AT_FDCWD, play) < 0 && access(play, F_OK) == 0)
        return -1;
    for (int i = 0; i < shim_path_count; i++) {
        char path[900], *slash;
        size_t n = strlen(shim_paths[i]);
        bool is_main = n > 3 && strcmp(shim_paths[i] + n - 3, ".db") == 0;
        int fd;

        found(&disk[i], &scratch, is_main, r);
        if (!scratch.exists)
            continue;
        snprintf(path, sizeof(path), "%s%s", play, below_live(i));
        slash = strrchr(path, '/');
        *slash = '\0';
        if (hb_mkdirs(path, 0700) < 0)
            return -1;
        *slash = '/';
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || hb_write_all(fd, scratch.p, scratch.n) < 0)
            return -1;
        (void)close(fd);
    }
    return 0;
}

static void forget(void)
{
    for (int i = 0; i < SHIM_FILES; i++) {
        free(disk[i].safe.p);
        free(disk[i].old.p);
        free(disk[i].pending);
        memset(&disk[i], 0, sizeof(disk[i]));
    }
    shim_forget();
}

/* --- what is recorded --- */

static bool record_with(const char *setting)
{
    char path[320];
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    bool good = true;

    snprintf(path, sizeof(path), "%s/s.db", live);
    for (int64_t n = 1; n <= 120 && good; n++) {
        if (n % 40 == 1) { /* closing moves the log into the file */
            hb_db_close(db);
            db = NULL;
            good = hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err) == 0;
            good = good && hb_db_exec(db, setting, "") == 0;
        }
        good = good && work_do(db, n) == 0;
        shim_ack(n);
    }
    hb_db_close(db);
    return good;
}

/* Checkpoints often. */
static bool record_state(void)
{
    return record_with("PRAGMA wal_autocheckpoint=24");
}

/* What we do not do: the test must see the loss. */
static bool record_careless(void)
{
    return record_with("PRAGMA synchronous=NORMAL");
}

static bool record_events(void)
{
    char path[320];
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    int64_t n = 0;
    bool good = true;

    snprintf(path, sizeof(path), "%s/events", live);
    for (int batch = 0; batch < 60 && good; batch++) {
        if (batch % 30 == 0) {
            hb_events_close(s);
            s = NULL;
            good = hb_events_open(path, &s, &err) == 0;
        }
        for (int i = 0; i <= batch % 5 && good; i++)
            good = work_event(s, ++n, &err) == 0;
        good = good && hb_events_flush(s, &err) == 0;
        shim_ack(n);
    }
    hb_events_close(s);
    return good;
}

/* --- what must be found --- */

static const char *check_state(int64_t acked)
{
    static char text[700];
    char path[320];
    struct hb_db *db = NULL;
    struct hb_err err = {0};
    const char *wrong;

    snprintf(path, sizeof(path), "%s/s.db", play);
    if (acked == 0 && access(path, F_OK) < 0)
        return NULL;
    if (hb_db_open(path, work_schema, WORK_SCHEMA, &db, &err) != 0) {
        hb_db_close(db);
        snprintf(text, sizeof(text), "cannot be opened: %s", err.message);
        return text;
    }
    wrong = work_verify(db, acked, NULL);
    hb_db_close(db);
    return wrong;
}

static const char *check_events(int64_t acked)
{
    char path[320], uid[HB_ID_SIZE];
    struct hb_events *s = NULL;
    struct hb_err err = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice json;
    const char *wrong = NULL;

    snprintf(path, sizeof(path), "%s/events", play);
    if (a == NULL || hb_events_open(path, &s, &err) != 0)
        return "the events cannot be opened";
    if (hb_events_set_aside(s) != NULL)
        wrong = "a day was damaged";
    for (int64_t n = 1; n <= acked && wrong == NULL; n++) {
        work_uid(n, uid);
        if (hb_events_get(s, a, uid, &json, &err) != 0)
            wrong = "an acknowledged event is missing";
    }
    hb_events_close(s);
    hb_arena_free(a);
    return wrong;
}

static void scenario(const char *name, bool (*run)(void),
                     const char *(*check)(int64_t), unsigned points,
                     uint64_t seed, bool loss_expected)
{
    struct work_random r = {seed};
    unsigned tried = 0;
    int64_t acked = 0;
    size_t total;
    const char *wrong = NULL;
    bool good;

    snprintf(live, sizeof(live), "%s/%s", dir, name);
    snprintf(play, sizeof(play), "%s/%s-found", dir, name);
    if (hb_mkdirs(live, 0700) < 0) {
        ok(false, "%s: no directory", name);
        return;
    }
    shim_record(true);
    good = run();
    shim_record(false);
    total = shim_op_count;
    ok(good && total > 100, "%s: %zu operations recorded", name, total);
    for (size_t i = 0; i < total && wrong == NULL; i++) {
        advance(i);
        if (shim_ops[i].kind == SHIM_OP_ACK)
            acked = shim_ops[i].at;
        if (points < total && work_below(&r, total) >= points)
            continue;
        tried++;
        if (build(&r) < 0)
            wrong = "the disk cannot be built";
        else
            wrong = check(acked);
        if (wrong != NULL && !loss_expected)
            printf("# %s: cut after operation %zu of %zu, seed %llu, %lld"
                   " acknowledged: %s\n",
                   name, i, total, (unsigned long long)seed, (long long)acked,
                   wrong);
    }
    if (loss_expected)
        ok(wrong != NULL, "%s: the loss is seen (%s)", name,
           wrong != NULL ? wrong : "none");
    else
        ok(wrong == NULL && tried > 0,
           "%s: %u power cuts lose nothing that was acknowledged", name, tried);
    forget();
}

int main(void)
{
    unsigned points = work_points(100) * 2;

    if (work_dir("/dev/shm", dir, sizeof(dir)) < 0)
        return 1;
    shim_register();
    scenario("state", record_state, check_state, points, 1, false);
    scenario("events", record_events, check_events, points, 2, false);
    scenario("careless", record_careless, check_state, points, 3, true);
    work_remove(dir);
    return done();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - reads a directory tree: metadata, SHA-256, attributes, links.
 *
 * Runs in the publisher, as root, over a tree that others may write to while
 * it is read.  Each step is resolved by the kernel below the directory before
 * (openat2, no symbolic links, no mounts); an object is opened with O_PATH
 * first and for reading only when it turned out to be a regular file, so that
 * no FIFO, device or socket is ever opened, not even in a race.  A file that
 * changes while it is read is read again, at most three times.
 *
 * Several threads share one stack of directories; a directory with many files
 * is cut into batches.  Each thread keeps its entries in an arena of its own.
 */
#include "baseline/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "baseline/manifest.h"

#define READ_SIZE  (256u << 10)
#define BATCH      64u /* files handed over at once */
#define BATCHES    32u /* waiting at most: each holds a descriptor */
#define MAX_FILE   (16ull << 30)
#define ATTEMPTS   4            /* the first and three more */
#define SETTLE     (20 * HB_MS) /* more than a kernel's tick */
#define ARENA_SIZE (4ull << 30)

struct dir {
    int fd;
    atomic_uint refs;
    struct hb_slice path;
};

/* A directory to read (dir NULL), or files of one. */
struct job {
    struct job *next;
    struct dir *dir;
    size_t n;    /* bytes of text */
    char text[]; /* path; or names, each with its NUL */
};

struct scan;

struct worker {
    struct scan *scan;
    struct hb_arena *arena;
    struct hb_base_entry **v;
    size_t n, cap;
    struct hard *hard;
    size_t n_hard, cap_hard;
    struct hb_sha256 *sha;
    uint8_t *buf;
    int noatime;
    struct hb_base_stats stats;
    bool started;
    pthread_t thread;
};

/* A file that has other names. */
struct hard {
    ino_t ino;
    struct hb_base_entry *entry;
};

struct scan {
    const struct hb_base_build *how;
    struct hb_objects *objects;
    uint64_t max_file;
    dev_t dev;
    int proc;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *stack;
    unsigned busy, batches;
    bool alone; /* hb_tree_paths(): nothing below a directory */
    bool stop;
    int r;
    struct hb_err err;
    atomic_uint_fast64_t files, bytes;
    unsigned n_workers;
    struct worker workers[HB_TREE_THREADS];
};

static int scan_open(struct scan *s, const struct hb_base_build *how,
                     struct hb_objects *objects);
static void scan_done(struct scan *s);
static int worker_open(struct worker *w, struct scan *s);
static void *work(void *arg);
static struct job *next_job(struct scan *s);
static int push(struct scan *s, struct dir *dir, const char *text, size_t n);
static int run_dir(struct worker *w, struct job *job);
static int read_names(struct worker *w, struct dir *dir);
static int run_batch(struct worker *w, struct dir *dir, const char *names,
                     size_t n);
static int flush_batch(struct worker *w, struct dir *dir, struct hb_buf *names,
                       unsigned *count);
static int one(struct worker *w, int dirfd, const char *name,
               struct hb_slice path);
static int regular(struct worker *w, int ofd, struct hb_base_entry *e,
                   const struct stat *st);
static int read_content(struct worker *w, int fd, struct hb_base_entry *e);
static int store_content(struct worker *w, int fd, struct hb_base_entry *e);
static int link_target(struct worker *w, int ofd, struct hb_base_entry *e);
static struct hb_base_entry *add(struct worker *w, struct hb_slice path,
                                 enum hb_base_type type, const struct stat *st);
static int add_hard(struct worker *w, ino_t ino, struct hb_base_entry *e);
static int attributes(struct worker *w, int fd, struct hb_base_entry *e);
static void settle(const struct stat *st);
static bool ignored(const struct scan *s, struct hb_slice path);
static int join(struct worker *w, struct hb_slice dir, const char *name,
                struct hb_slice *ret);
static int fail(struct scan *s, int code, struct hb_slice path,
                const char *text);
static const char *explain(int code);
static void *grow(void *p, size_t *cap, size_t size);
static int gather(struct scan *s, struct hb_tree *ret, bool sort);
static int group_links(struct scan *s);
static void drop(struct dir *d);

/* --- public --- */

int hb_tree_scan(const struct hb_base_build *how, struct hb_objects *objects,
                 struct hb_tree *ret, struct hb_base_stats *ret_stats,
                 struct hb_err *err)
{
    struct scan *s = calloc(1, sizeof(*s));
    int r;

    if (s == NULL)
        return -ENOMEM;
    r = scan_open(s, how, objects);
    if (r == 0)
        r = push(s, NULL, "", 0);
    for (unsigned i = 1; r == 0 && i < s->n_workers; i++) {
        struct worker *w = &s->workers[i];

        /* Fewer threads do as well. */
        w->started = pthread_create(&w->thread, NULL, work, w) == 0;
    }
    if (r == 0)
        (void)work(&s->workers[0]);
    for (unsigned i = 1; i < s->n_workers; i++)
        if (s->workers[i].started)
            (void)pthread_join(s->workers[i].thread, NULL);
    if (r == 0)
        r = s->r;
    if (r == 0)
        r = group_links(s);
    if (r == 0)
        r = gather(s, ret, true);
    if (r == 0)
        for (unsigned i = 0; i < s->n_workers; i++) {
            const struct hb_base_stats *t = &s->workers[i].stats;

            ret_stats->files += t->files;
            ret_stats->dirs += t->dirs;
            ret_stats->links += t->links;
            ret_stats->bytes += t->bytes;
            ret_stats->copied += t->copied;
            ret_stats->skipped += t->skipped;
        }
    if (r < 0 && err != NULL && s->err.code != 0)
        *err = s->err;
    scan_done(s);
    free(s);
    return r;
}

int hb_tree_paths(const struct hb_base_build *how, struct hb_objects *objects,
                  const struct hb_slice *paths, size_t n, struct hb_tree *ret,
                  struct hb_base_stats *ret_stats, struct hb_err *err)
{
    struct hb_base_build alone = *how;
    struct scan *s = calloc(1, sizeof(*s));
    struct hb_base_entry **v = NULL;
    struct worker *w;
    int r;

    if (s == NULL)
        return -ENOMEM;
    alone.threads = 1;
    r = scan_open(s, &alone, objects);
    s->alone = true;
    w = &s->workers[0];
    if (r == 0) {
        HB_ASSERT(w->scan == s);
        v = hb_arena_calloc(w->arena, n + 1, sizeof(*v));
        r = v != NULL ? 0 : -ENOMEM;
    }
    for (size_t i = 0; r == 0 && i < n; i++) {
        size_t before = w->n;
        char *copy;

        if (paths[i].n != 0 && !hb_table_path_ok(paths[i])) {
            r = fail(s, -EINVAL, paths[i], N_("this is no path of a site"));
            break;
        }
        copy = hb_arena_dup(w->arena, paths[i].p, paths[i].n);
        if (copy == NULL)
            r = -ENOMEM;
        else
            r = one(w, how->root, copy[0] != '\0' ? copy : ".",
                    hb_slice(copy, paths[i].n));
        if (w->n > before)
            v[i] = w->v[before];
    }
    if (r == 0)
        r = group_links(s);
    if (r == 0)
        r = gather(s, ret, false);
    if (r == 0) {
        free(ret->v);
        ret->v = malloc((n + 1) * sizeof(*v));
        if (ret->v != NULL)
            memcpy(ret->v, v, n * sizeof(*v));
        ret->n = n;
        *ret_stats = w->stats;
        r = ret->v != NULL ? 0 : -ENOMEM;
    }
    if (r < 0 && err != NULL && s->err.code != 0)
        *err = s->err;
    scan_done(s);
    free(s);
    return r;
}

void hb_tree_done(struct hb_tree *t)
{
    for (unsigned i = 0; i < HB_TREE_THREADS; i++)
        hb_arena_freep(&t->arenas[i]);
    free(t->v);
    memset(t, 0, sizeof(*t));
}

/* --- static: threads and work --- */

static int scan_open(struct scan *s, const struct hb_base_build *how,
                     struct hb_objects *objects)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct stat st;
    int r;

    s->how = how;
    s->objects = objects;
    s->max_file = how->max_file != 0 ? how->max_file : MAX_FILE;
    s->n_workers = how->threads != 0 ? how->threads
                   : cores > 0       ? (unsigned)cores
                                     : 1;
    s->n_workers = HB_MIN(s->n_workers, HB_TREE_THREADS);
    s->proc = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->proc < 0)
        return hb_err_set(&s->err, hb_neg_errno(),
                          _("/proc must be mounted here"));
    r = -pthread_mutex_init(&s->lock, NULL);
    if (r == 0)
        r = -pthread_cond_init(&s->wake, NULL);
    if (r < 0)
        return r;
    if (fstat(how->root, &st) < 0)
        return hb_neg_errno();
    s->dev = st.st_dev;
    for (unsigned i = 0; r == 0 && i < s->n_workers; i++)
        r = worker_open(&s->workers[i], s);
    return r;
}

static void scan_done(struct scan *s)
{
    struct job *job;

    while ((job = s->stack) != NULL) {
        s->stack = job->next;
        if (job->dir != NULL)
            drop(job->dir);
        free(job);
    }
    for (unsigned i = 0; i < HB_TREE_THREADS; i++) {
        struct worker *w = &s->workers[i];

        hb_arena_freep(&w->arena);
        hb_sha256_free(w->sha);
        free(w->buf);
        free(w->v);
        free(w->hard);
    }
    hb_close(&s->proc);
    (void)pthread_cond_destroy(&s->wake);
    (void)pthread_mutex_destroy(&s->lock);
}

static int worker_open(struct worker *w, struct scan *s)
{
    w->scan = s;
    w->noatime = O_NOATIME;
    w->arena = hb_arena_new(ARENA_SIZE);
    w->sha = hb_sha256_new();
    w->buf = hb_fault(HB_FAULT_ALLOC) ? NULL : malloc(READ_SIZE);
    return w->arena != NULL && w->sha != NULL && w->buf != NULL ? 0 : -ENOMEM;
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct scan *s = w->scan;
    struct job *job;

    while ((job = next_job(s)) != NULL) {
        int r = job->dir == NULL ? run_dir(w, job)
                                 : run_batch(w, job->dir, job->text, job->n);

        if (job->dir != NULL)
            drop(job->dir);
        free(job);
        (void)pthread_mutex_lock(&s->lock);
        s->busy--;
        if (r < 0 && s->r == 0)
            s->r = r;
        s->stop = s->stop || r < 0;
        (void)pthread_cond_broadcast(&s->wake);
        (void)pthread_mutex_unlock(&s->lock);
        if (w == &s->workers[0] && s->how->progress != NULL)
            s->how->progress(s->how->arg, atomic_load(&s->files),
                             atomic_load(&s->bytes));
    }
    return NULL;
}

/* NULL when all is done or something failed. */
static struct job *next_job(struct scan *s)
{
    struct job *job = NULL;

    (void)pthread_mutex_lock(&s->lock);
    while (!s->stop && s->stack == NULL && s->busy > 0)
        (void)pthread_cond_wait(&s->wake, &s->lock);
    if (!s->stop && s->stack != NULL) {
        job = s->stack;
        s->stack = job->next;
        s->busy++;
        if (job->dir != NULL)
            s->batches--;
    }
    (void)pthread_mutex_unlock(&s->lock);
    return job;
}

static int push(struct scan *s, struct dir *dir, const char *text, size_t n)
{
    struct job *job =
        hb_fault(HB_FAULT_ALLOC) ? NULL : malloc(sizeof(*job) + n + 1);

    if (job == NULL)
        return -ENOMEM;
    job->dir = dir;
    job->n = n;
    if (n > 0)
        memcpy(job->text, text, n);
    job->text[n] = '\0';
    if (dir != NULL)
        atomic_fetch_add(&dir->refs, 1);
    (void)pthread_mutex_lock(&s->lock);
    job->next = s->stack;
    s->stack = job;
    if (dir != NULL)
        s->batches++;
    (void)pthread_cond_signal(&s->wake);
    (void)pthread_mutex_unlock(&s->lock);
    return 0;
}

static int run_dir(struct worker *w, struct job *job)
{
    struct scan *s = w->scan;
    struct hb_slice path = hb_slice(job->text, job->n);
    struct hb_base_entry *e;
    struct dir *dir;
    struct stat st;
    int fd, r;

    fd = hb_open_beneath(s->how->root, job->n != 0 ? job->text : ".",
                         O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, true);
    if (fd == -ENOENT && job->n != 0)
        return 0; /* gone since its name was read */
    if (fd < 0)
        return fail(s, fd, path, explain(fd));
    dir = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*dir));
    if (dir == NULL) {
        hb_close(&fd);
        return -ENOMEM;
    }
    dir->fd = fd;
    atomic_store(&dir->refs, 1);
    if (fstat(fd, &st) < 0) {
        r = -errno;
    } else {
        char *copy = hb_arena_dup(w->arena, job->text, job->n);

        dir->path = hb_slice(copy, job->n);
        e = copy != NULL ? add(w, dir->path, HB_BT_DIR, &st) : NULL;
        r = e != NULL ? attributes(w, fd, e) : -ENOMEM;
    }
    if (r == 0)
        r = read_names(w, dir);
    drop(dir);
    return r;
}

static int read_names(struct worker *w, struct dir *dir)
{
    _cleanup_buf_ struct hb_buf names = HB_BUF_INIT;
    int copy = fcntl(dir->fd, F_DUPFD_CLOEXEC, 3), r = 0;
    unsigned count = 0;
    struct dirent *e;
    DIR *d;

    if (copy < 0)
        return -errno;
    d = fdopendir(copy);
    if (d == NULL) {
        hb_close(&copy);
        return -ENOMEM;
    }
    while (r == 0 && (errno = 0, e = readdir(d)) != NULL) {
        struct hb_slice path = {0};

        if (hb_streq(e->d_name, ".") || hb_streq(e->d_name, ".."))
            continue;
        if (e->d_type == DT_DIR) {
            r = join(w, dir->path, e->d_name, &path);
            if (r == 0 && !ignored(w->scan, path))
                r = push(w->scan, NULL, path.p, path.n);
            continue;
        }
        hb_buf_add(&names, e->d_name, strlen(e->d_name) + 1);
        r = hb_buf_err(&names);
        if (r == 0 && ++count == BATCH)
            r = flush_batch(w, dir, &names, &count);
    }
    if (r == 0 && errno != 0)
        r = fail(w->scan, -errno, dir->path, explain(-errno));
    (void)closedir(d);
    if (r == 0)
        r = run_batch(w, dir, names.p, names.n);
    return r;
}

/* To another thread while few batches wait, else done here. */
static int flush_batch(struct worker *w, struct dir *dir, struct hb_buf *names,
                       unsigned *count)
{
    struct scan *s = w->scan;
    bool full;
    int r;

    (void)pthread_mutex_lock(&s->lock);
    full = s->batches >= BATCHES || s->n_workers == 1;
    (void)pthread_mutex_unlock(&s->lock);
    r = full ? run_batch(w, dir, names->p, names->n)
             : push(s, dir, names->p, names->n);
    hb_buf_reset(names);
    *count = 0;
    return r;
}

static int run_batch(struct worker *w, struct dir *dir, const char *names,
                     size_t n)
{
    int r = 0;

    for (size_t at = 0; r == 0 && at < n; at += strlen(names + at) + 1) {
        struct hb_slice path = {0};

        r = join(w, dir->path, names + at, &path);
        if (r == 0 && !ignored(w->scan, path))
            r = one(w, dir->fd, names + at, path);
    }
    return r;
}

/* --- static: one object --- */

/* PATH is in the arena; NAME leads there from DIRFD. */
static int one(struct worker *w, int dirfd, const char *name,
               struct hb_slice path)
{
    struct scan *s = w->scan;
    _cleanup_close_ int ofd =
        hb_open_beneath(dirfd, name, O_PATH | O_NOFOLLOW, 0, true);
    struct hb_base_entry *e;
    struct stat st = {0};
    int r;

    if (ofd == -ENOENT || ofd == -ENOTDIR) {
        ofd = -1;
        return 0; /* gone since its name was read */
    }
    if (ofd < 0) {
        r = ofd;
        ofd = -1;
        return fail(s, r, path, explain(r));
    }
    if (fstat(ofd, &st) < 0)
        return -errno;
    if (S_ISREG(st.st_mode)) {
        e = add(w, path, HB_BT_FILE, &st);
        r = e != NULL ? regular(w, ofd, e, &st) : -ENOMEM;
    } else if (S_ISLNK(st.st_mode)) {
        e = add(w, path, HB_BT_LINK, &st);
        r = e != NULL ? link_target(w, ofd, e) : -ENOMEM;
    } else if (S_ISDIR(st.st_mode) && s->alone) {
        e = add(w, path, HB_BT_DIR, &st);
        r = e != NULL ? attributes(w, ofd, e) : -ENOMEM;
    } else if (S_ISDIR(st.st_mode)) {
        r = push(s, NULL, path.p, path.n);
    } else {
        w->stats.skipped++;
        r = 0;
    }
    if (r < 0)
        return fail(s, r, path, explain(r));
    return 0;
}

static int regular(struct worker *w, int ofd, struct hb_base_entry *e,
                   const struct stat *st)
{
    struct scan *s = w->scan;
    _cleanup_close_ int fd = -1;
    struct stat before, after;
    char number[16];
    int r = -EAGAIN;

    (void)snprintf(number, sizeof(number), "%d", ofd);
    do {
        fd = openat(s->proc, number,
                    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | w->noatime);
    } while (fd < 0 && errno == EPERM && w->noatime != 0 &&
             (w->noatime = 0, true));
    if (fd < 0)
        return -errno;
    before = *st;
    for (int i = 0; r == -EAGAIN && i < ATTEMPTS; i++) {
        if ((uint64_t)before.st_size > s->max_file)
            return -EFBIG;
        settle(&before);
        e->size = (uint64_t)before.st_size;
        e->mode = before.st_mode & 07777;
        e->mtime =
            before.st_mtim.tv_sec * (int64_t)HB_S + before.st_mtim.tv_nsec;
        if (!s->how->set_owner) {
            e->uid = before.st_uid;
            e->gid = before.st_gid;
        }
        r = read_content(w, fd, e);
        if (r == 0)
            r = attributes(w, fd, e);
        if (fstat(fd, &after) < 0)
            return -errno;
        if (r == 0 && (after.st_size != before.st_size ||
                       after.st_ctim.tv_sec != before.st_ctim.tv_sec ||
                       after.st_ctim.tv_nsec != before.st_ctim.tv_nsec))
            r = -EAGAIN;
        before = after;
    }
    if (r == 0 && st->st_nlink > 1)
        r = add_hard(w, st->st_ino, e);
    if (r == 0) {
        w->stats.files++;
        w->stats.bytes += e->size;
        atomic_fetch_add(&s->files, 1);
        atomic_fetch_add(&s->bytes, e->size);
    }
    return r;
}

/* -EAGAIN where it is not as long as fstat said. */
static int read_content(struct worker *w, int fd, struct hb_base_entry *e)
{
    uint8_t *digest = hb_arena_alloc(w->arena, HB_SHA256_SIZE);
    uint64_t size = 0;
    int r;

    if (digest == NULL)
        return -ENOMEM;
    e->sha256 = digest;
    if (e->size >= READ_SIZE) {
        r = hb_sha256_fd(w->sha, fd, e->size, digest, &size);
        if (r == -EFBIG || (r == 0 && size != e->size))
            return -EAGAIN;
        return r < 0 ? r : store_content(w, fd, e);
    }
    for (;;) {
        ssize_t n = pread(fd, w->buf + size, READ_SIZE - size, (off_t)size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        size += (uint64_t)n;
        if (n == 0 || size >= e->size)
            break;
    }
    if (size != e->size)
        return -EAGAIN;
    hb_sha256_add(w->sha, w->buf, size);
    hb_sha256_end(w->sha, digest);
    return store_content(w, fd, e);
}

static int store_content(struct worker *w, int fd, struct hb_base_entry *e)
{
    struct scan *s = w->scan;
    int r;

    if (s->objects == NULL)
        return 0;
    if (e->size < READ_SIZE)
        r = hb_objects_add(s->objects, e->sha256, w->buf, (size_t)e->size);
    else
        r = hb_objects_copy(s->objects, e->sha256, e->size, fd, w->sha);
    if (r > 0)
        w->stats.copied += e->size;
    return r < 0 ? r : 0;
}

static int link_target(struct worker *w, int ofd, struct hb_base_entry *e)
{
    uint8_t *digest = hb_arena_alloc(w->arena, HB_SHA256_SIZE);
    char target[HB_MAX_PATH];
    ssize_t n = readlinkat(ofd, "", target, sizeof(target));
    char *copy;

    if (n < 0)
        return -errno;
    if (n == 0 || (size_t)n >= sizeof(target))
        return -ENAMETOOLONG;
    copy = hb_arena_dup(w->arena, target, (size_t)n);
    if (copy == NULL || digest == NULL)
        return -ENOMEM;
    hb_sha256(copy, (size_t)n, digest);
    e->target = hb_slice(copy, (size_t)n);
    e->sha256 = digest;
    w->stats.links++;
    return attributes(w, ofd, e);
}

static struct hb_base_entry *add(struct worker *w, struct hb_slice path,
                                 enum hb_base_type type, const struct stat *st)
{
    const struct hb_base_build *how = w->scan->how;
    struct hb_base_entry *e = HB_NEW(w->arena, struct hb_base_entry);

    if (w->n == w->cap) {
        void *grown = grow(w->v, &w->cap, sizeof(*w->v));

        if (grown == NULL)
            return NULL;
        w->v = grown;
    }
    if (e == NULL)
        return NULL;
    e->type = type;
    e->path = path;
    e->mode = type == HB_BT_LINK ? 0777 : st->st_mode & 07777;
    e->uid = how->set_owner ? how->uid : st->st_uid;
    e->gid = how->set_owner ? how->gid : st->st_gid;
    e->nlink = type == HB_BT_FILE ? 1 : 0;
    e->mtime = st->st_mtim.tv_sec * (int64_t)HB_S + st->st_mtim.tv_nsec;
    if (type == HB_BT_DIR)
        w->stats.dirs++;
    w->v[w->n++] = e;
    return e;
}

static int add_hard(struct worker *w, ino_t ino, struct hb_base_entry *e)
{
    if (w->n_hard == w->cap_hard) {
        void *grown = grow(w->hard, &w->cap_hard, sizeof(*w->hard));

        if (grown == NULL)
            return -ENOMEM;
        w->hard = grown;
    }
    w->hard[w->n_hard++] = (struct hard){ino, e};
    return 0;
}

static int attributes(struct worker *w, int fd, struct hb_base_entry *e)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r = hb_xattrs_read(fd, &b);
    char *copy;

    if (r == 1)
        return -EACCES;
    if (r < 0)
        return r;
    e->xattrs = hb_slice(NULL, 0);
    if (b.n == 0)
        return 0;
    copy = hb_arena_dup(w->arena, b.p, b.n);
    if (copy == NULL)
        return -ENOMEM;
    e->xattrs = hb_slice(copy, b.n);
    return 0;
}

/* A change within the same tick of the kernel's clock as the last one leaves
 * ctime as it was: reading begins only after that tick. */
static void settle(const struct stat *st)
{
    struct timespec now, pause = {0};
    int64_t age;

    if (clock_gettime(CLOCK_REALTIME, &now) < 0)
        return;
    age = (now.tv_sec - st->st_ctim.tv_sec) * (int64_t)HB_S + now.tv_nsec -
          st->st_ctim.tv_nsec;
    if (age < 0 || age >= (int64_t)SETTLE)
        return;
    pause.tv_nsec = (int64_t)SETTLE - age;
    (void)nanosleep(&pause, NULL);
}

/* --- static: helpers --- */

static bool ignored(const struct scan *s, struct hb_slice path)
{
    for (size_t i = 0; i < s->how->n_ignore; i++) {
        const char *p = s->how->ignore[i];
        size_t n = strlen(p);

        while (n > 0 && p[n - 1] == '/')
            n--;
        if (n > 0 && path.n >= n && memcmp(path.p, p, n) == 0 &&
            (path.n == n || path.p[n] == '/'))
            return true;
    }
    return false;
}

static int join(struct worker *w, struct hb_slice dir, const char *name,
                struct hb_slice *ret)
{
    size_t n = strlen(name), total = dir.n + (dir.n > 0) + n;
    char *p;

    if (total >= HB_MAX_PATH) {
        /* A path that no system call takes cannot be restored either. */
        return fail(w->scan, -ENAMETOOLONG, dir,
                    N_("what is below is longer than a path may be"));
    }
    p = hb_arena_alloc(w->arena, total + 1);
    if (p == NULL)
        return -ENOMEM;
    if (dir.n > 0) {
        memcpy(p, dir.p, dir.n);
        p[dir.n] = '/';
    }
    memcpy(p + total - n, name, n);
    *ret = hb_slice(p, total);
    return 0;
}

/* The first error of all threads is the one that is told. */
static int fail(struct scan *s, int code, struct hb_slice path,
                const char *text)
{
    _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;
    char why[128];

    hb_path_escape(&name, path, 0x20);
    (void)pthread_mutex_lock(&s->lock);
    if (s->err.code == 0) {
        if (text != NULL)
            (void)hb_err_at(&s->err, code, path.n > 0 ? hb_buf_z(&name) : ".",
                            0, 0, "%s", _(text));
        else
            (void)hb_err_at(&s->err, code, path.n > 0 ? hb_buf_z(&name) : ".",
                            0, 0, "%s", hb_errno_text(code, why, sizeof(why)));
    }
    (void)pthread_mutex_unlock(&s->lock);
    return code;
}

/* NULL where the system's own words do. */
static const char *explain(int code)
{
    switch (code) {
    case -EXDEV:
        return N_("something is mounted here; leave it out or unmount it");
    case -EAGAIN:
        return N_("it changes while it is read; try again when it is quiet");
    case -EFBIG:
        return N_("it is larger than a file of a site may be");
    case -E2BIG:
        return N_("it has more extended attributes than can be kept");
    default:
        return NULL;
    }
}

static void *grow(void *p, size_t *cap, size_t size)
{
    size_t more = *cap != 0 ? *cap * 2 : 1024;
    void *grown = hb_fault(HB_FAULT_ALLOC) ? NULL : reallocarray(p, more, size);

    if (grown != NULL)
        *cap = more;
    return grown;
}

/* All threads' entries as one array; the arenas go along. */
static int gather(struct scan *s, struct hb_tree *ret, bool sort)
{
    struct hb_tree t = {0};

    for (unsigned i = 0; i < s->n_workers; i++)
        t.n += s->workers[i].n;
    t.v = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(t.n + 1, sizeof(*t.v));
    if (t.v == NULL)
        return -ENOMEM;
    t.n = 0;
    for (unsigned i = 0; i < s->n_workers; i++) {
        struct worker *w = &s->workers[i];

        if (w->n > 0)
            memcpy(t.v + t.n, w->v, w->n * sizeof(*w->v));
        t.n += w->n;
        t.arenas[i] = w->arena;
        w->arena = NULL;
    }
    if (sort)
        hb_table_sort(t.v, t.n);
    *ret = t;
    return 0;
}

static int by_inode(const void *a, const void *b)
{
    const struct hard *x = a, *y = b;

    if (x->ino != y->ino)
        return x->ino < y->ino ? -1 : 1;
    return hb_path_order(x->entry->path, y->entry->path);
}

/* Files of one inode get a group's number and the number of names that the
 * tree holds; names outside of it do not count. */
static int group_links(struct scan *s)
{
    _cleanup_free_ struct hard *v = NULL;
    uint32_t group = 0;
    size_t n = 0;

    for (unsigned i = 0; i < s->n_workers; i++)
        n += s->workers[i].n_hard;
    if (n == 0)
        return 0;
    v = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(n, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    n = 0;
    for (unsigned i = 0; i < s->n_workers; i++)
        for (size_t k = 0; k < s->workers[i].n_hard; k++)
            v[n++] = s->workers[i].hard[k];
    qsort(v, n, sizeof(*v), by_inode);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && v[end].ino == v[i].ino; end++)
            ;
        if (end - i < 2)
            continue;
        group++;
        for (size_t k = i; k < end; k++) {
            v[k].entry->nlink_group = group;
            v[k].entry->nlink = (uint32_t)(end - i);
        }
    }
    return 0;
}

static void drop(struct dir *d)
{
    if (atomic_fetch_sub(&d->refs, 1) != 1)
        return;
    hb_close(&d->fd);
    free(d);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staged.c - what stands in staging: handed out for reading, deleted, or put
 * back (undo).
 *
 * Runs in the helper.  The objects are an attacker's; they are handed out
 * read-only, and only regular files and directories are opened at all.  The
 * names in staging are ours: the key of the action in hex, with an ending
 * where one action took out several.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "respond/act.h"

#define WALK_DEPTH 64u
#define NAMES_MAX  64u

static struct hb_job *job_of(struct hb_helper *h, struct hb_work *w);
static int nth_name(struct hb_site *s, const char *key, uint32_t n,
                    char ret[96]);
static int nth_file(int dir, uint32_t *n, unsigned depth, int *ret_fd);
static int open_reading(int fd, const struct stat *st);
static int undo_restore(struct hb_work *w, struct hb_job *job);
static int undo_remove(struct hb_work *w, struct hb_job *job);
static int open_job_place(struct hb_work *w, const struct hb_job *job,
                          char *buf, int *ret_dir, const char **ret_name);

/* req.arg: which object of the action (0: the first, in order of names).
 * req.entry: 0 the object itself, N the N-th regular file below it, where it
 * is a directory; only the helper can walk there. */
void hb_staged_open(struct hb_helper *h, struct hb_work *w)
{
    _cleanup_close_ int fd = -1;
    struct hb_job *job = job_of(h, w);
    uint32_t n = w->req.entry;
    char key[64], name[96];
    struct stat st;
    int r;

    if (job == NULL)
        return;
    hb_place_key_name(job->key, key);
    r = nth_name(w->site, key, w->req.arg, name);
    if (r >= 0)
        r = hb_place_look(w->site->staging, name, &fd, &st);
    if (r >= 0 && n > 0) {
        _cleanup_close_ int tree = -1;

        tree = S_ISDIR(st.st_mode) ? hb_place_reopen(fd, O_RDONLY | O_DIRECTORY)
                                   : -ENOENT;
        r = tree < 0 ? tree : nth_file(tree, &n, 0, &w->out_fd);
    } else if (r >= 0) {
        r = w->out_fd = open_reading(fd, &st);
    }
    hb_work_answer(w, r < 0 ? HB_ACT_FAILED : HB_ACT_DONE, r < 0 ? r : 0);
}

void hb_staged_drop(struct hb_helper *h, struct hb_work *w)
{
    struct hb_job *job = job_of(h, w);
    char key[64], name[96];
    int r = 0;

    if (job == NULL)
        return;
    hb_place_key_name(job->key, key);
    for (unsigned i = 0; i < NAMES_MAX && r >= 0; i++) {
        r = nth_name(w->site, key, 0, name);
        if (r >= 0)
            r = hb_place_drop(w->site, name);
    }
    if (r < 0 && r != -ENOENT) {
        hb_work_answer(w, HB_ACT_FAILED, r);
        return;
    }
    hb_site_reserve_make(w->site);
    job->dropped = true;
    hb_journal_mark(h->journal, job);
    hb_work_answer(w, HB_ACT_DONE, 0);
}

void hb_undo(struct hb_helper *h, struct hb_work *w)
{
    struct hb_job *job = job_of(h, w);
    int r = -EOPNOTSUPP;

    if (job == NULL)
        return;
    if (job->status != HB_ACT_DONE) {
        hb_work_answer(w, HB_ACT_ALREADY, 0); /* it changed nothing */
        return;
    }
    w->rep.started = hb_now();
    w->req.entry = job->entry;
    w->req.baseline = job->baseline;
    switch ((enum hb_action)job->action) {
    case HB_ACT_FILE_RESTORE:
        r = undo_restore(w, job);
        break;
    case HB_ACT_FILE_REMOVE:
        r = undo_remove(w, job);
        break;
    case HB_ACT_SITE_PRIVATE:
    case HB_ACT_SITE_PUBLIC:
        hb_private(h, w, job->action == HB_ACT_SITE_PUBLIC);
        break;
    case HB_ACT_PATH_DENY:
    case HB_ACT_PATH_ALLOW:
        hb_deny(h, w, job->action == HB_ACT_PATH_ALLOW);
        break;
    case HB_ACT_WRITER_FREEZE:
        hb_thaw(h, w, job);
        break;
    default:
        break;
    }
    if (w->state != HB_WORK_ANSWERED)
        hb_work_answer(w, r < 0 ? HB_ACT_FAILED : HB_ACT_DONE, r);
    if (w->rep.status == HB_ACT_DONE || w->rep.status == HB_ACT_ALREADY) {
        job->undone = true;
        hb_journal_mark(h->journal, job);
    }
}

/* The action that key2 names; answers W where there is none to work on. */
static struct hb_job *job_of(struct hb_helper *h, struct hb_work *w)
{
    struct hb_job *job = hb_journal_find(h->journal, w->req.key2);

    if (job == NULL || !job->ended) {
        hb_work_answer(w, HB_ACT_FAILED, -ENOENT);
        return NULL;
    }
    if (job->dropped || job->undone) {
        hb_work_answer(w, HB_ACT_ALREADY, 0);
        return NULL;
    }
    if (w->site == NULL || w->site->staging < 0) {
        hb_work_answer(w, HB_ACT_FAILED, -ENOENT);
        return NULL;
    }
    return job;
}

/* The N-th name of KEY in staging: KEY itself, or KEY with an ending. */
static int nth_name(struct hb_site *s, const char *key, uint32_t n,
                    char ret[96])
{
    char found[NAMES_MAX][96];
    size_t count = 0, len = strlen(key);
    struct dirent *d;
    struct stat st;
    DIR *list;
    int fd;

    /* The common case without reading the directory. */
    if (n == 0 && fstatat(s->staging, key, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        memcpy(ret, key, len + 1);
        return 0;
    }
    fd = openat(s->staging, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    list = fd >= 0 ? fdopendir(fd) : NULL;
    if (list == NULL) {
        int r = -errno;

        hb_close(&fd);
        return r;
    }
    while ((d = readdir(list)) != NULL && count < NAMES_MAX) {
        size_t size = strlen(d->d_name);

        if (strncmp(d->d_name, key, len) == 0 && size < sizeof(found[0]))
            memcpy(found[count++], d->d_name, size + 1);
    }
    (void)closedir(list);
    if (n >= count)
        return -ENOENT;
    qsort(found, count, sizeof(found[0]),
          (int (*)(const void *, const void *))strcmp);
    memcpy(ret, found[n], sizeof(found[0]));
    return 0;
}

/* Counts *N down over the regular files below DIR. */
static int nth_file(int dir, uint32_t *n, unsigned depth, int *ret_fd)
{
    int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    struct dirent *d;
    int r = -ENOENT;

    if (list == NULL) {
        hb_close(&copy);
        return -ENOENT;
    }
    while (r == -ENOENT && (d = readdir(list)) != NULL) {
        _cleanup_close_ int fd = -1, tree = -1;
        struct stat st;

        if (hb_streq(d->d_name, ".") || hb_streq(d->d_name, "..") ||
            hb_place_look(dir, d->d_name, &fd, &st) < 0)
            continue;
        if (S_ISREG(st.st_mode) && --*n == 0)
            r = *ret_fd = open_reading(fd, &st);
        else if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH) {
            tree = hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
            if (tree >= 0)
                r = nth_file(tree, n, depth + 1, ret_fd);
        }
    }
    (void)closedir(list);
    return r;
}

/* Links, FIFOs, sockets and devices are shown, not opened. */
static int open_reading(int fd, const struct stat *st)
{
    int copy;

    if (S_ISREG(st->st_mode))
        return hb_place_reopen(fd, O_RDONLY);
    if (S_ISDIR(st->st_mode))
        return hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

/* What was taken out goes back; where nothing was, what we put goes. */
static int undo_restore(struct hb_work *w, struct hb_job *job)
{
    _cleanup_close_ int dir = -1;
    char buf[HB_MAX_PATH], key[64], own[64];
    const char *name;
    int r = open_job_place(w, job, buf, &dir, &name);

    if (r < 0)
        return r;
    hb_place_key_name(job->key, key);
    hb_place_key_name(w->req.key, own);
    hb_step();
    if (!job->staged && job->taken.mode != 0)
        return -ENOENT; /* what stood there was not kept */
    if (!job->staged) {
        /* A directory only where nothing came to stand in it. */
        if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
            return 0;
        if (errno != ENOTDIR)
            return -errno;
        r = renameat2(dir, name, w->site->staging, own, RENAME_NOREPLACE);
        return r < 0 ? -errno : hb_place_drop(w->site, own);
    }
    hb_site_staged(w->site, key, -1);
    if (renameat2(w->site->staging, key, dir, name, RENAME_EXCHANGE) == 0)
        return hb_rmtree(w->site->staging, key);
    if (errno == ENOENT &&
        renameat2(w->site->staging, key, dir, name, RENAME_NOREPLACE) == 0)
        return 0;
    r = -errno;
    hb_site_staged(w->site, key, 1);
    return r;
}

static int undo_remove(struct hb_work *w, struct hb_job *job)
{
    _cleanup_close_ int dir = -1;
    char buf[HB_MAX_PATH], key[64];
    const char *name;
    int r = open_job_place(w, job, buf, &dir, &name);

    if (r < 0)
        return r;
    if (!job->staged)
        return -ENOENT;
    hb_place_key_name(job->key, key);
    hb_site_staged(w->site, key, -1);
    hb_step();
    if (renameat2(w->site->staging, key, dir, name, RENAME_NOREPLACE) == 0)
        return 0;
    r = -errno;
    hb_site_staged(w->site, key, 1);
    return r;
}

static int open_job_place(struct hb_work *w, const struct hb_job *job,
                          char *buf, int *ret_dir, const char **ret_name)
{
    const char *dir;
    int r = hb_place_split(hb_slice_z(job->object), buf, &dir, ret_name);

    return r < 0 ? r : hb_place_parent(w->site, dir, ret_dir);
}

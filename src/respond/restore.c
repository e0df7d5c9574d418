/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.c - file.restore: one path of a site becomes again what the signed
 * baseline says, as a new inode exchanged into place.
 *
 * Runs in the helper.  Three steps, so that many files share their flushes:
 * stage (look, and make the new object in staging), sync, place (exchange).
 * Nothing is ever written through an object that stood in the site: a hard
 * link of it may lead outside, a FIFO blocks, a link points elsewhere.  Only
 * directories that stand are mended in place; a directory has one name.
 *
 * What is taken out stays in staging under the request's key: the evidence.
 * The same name holds the new object before the exchange; after a crash the
 * two are told apart by comparing with the baseline (hb_restore_recover()).
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "respond/act.h"

#define TRIES  64 /* of one exchange */
#define MOUNTS 16
#define GROUP  8u /* files from which one commit is cheaper */
#define TURNS  4u
#define MOVES  16

struct spot {
    char buf[HB_MAX_PATH];
    const char *dir, *name; /* in buf; the root's own name for entry 0 */
    int fd;                 /* of the directory that holds it */
};

static void sync_one(struct hb_work *w, bool grouped);
static void sync_failed(struct hb_work *w, int error);
static int find_spot(struct hb_site *s, const struct hb_base_entry *e,
                     struct spot *p);
static int open_spot(struct hb_site *s, const struct hb_base_entry *e,
                     struct spot *p);
static int look(const struct hb_base_entry *e, const struct spot *p,
                int *ret_fd, struct stat *ret);
static int differs(struct hb_helper *h, struct hb_site *s,
                   const struct hb_base_entry *e);
static bool uncover(struct hb_helper *h, struct hb_work *w);
static bool dir_stands(const struct hb_work *w, const struct spot *p);
static int place_object(struct hb_helper *h, struct hb_work *w,
                        const struct hb_baseline *b, const char *key);
static int exchange(struct hb_helper *h, struct hb_site *s, struct spot *p,
                    const char *staged, bool *ret_taken);
static int move_once(struct hb_helper *h, struct hb_site *s, struct spot *p,
                     const char *staged, uint32_t *flags, bool *ret_taken);
static int mend_dir(struct hb_helper *h, struct hb_work *w,
                    const struct hb_baseline *b, const char *key);
static void settle_taken(struct hb_helper *h, struct hb_work *w,
                         const char *key, bool taken, bool obstacle);
static bool group_is_whole(const struct hb_work *w);
static bool is_as_next(struct hb_helper *h, struct hb_work *w);
static bool is_unfinished(struct hb_helper *h, const struct hb_base_entry *e,
                          int fd, const struct stat *st);
static void recover_staging(struct hb_helper *h, struct hb_work *w,
                            const char *key, const char *kept);
static void relink_group(struct hb_helper *h, struct hb_work *w,
                         const struct hb_baseline *b);
static int relink_one(struct hb_helper *h, struct hb_work *w,
                      const struct hb_baseline *b,
                      const struct hb_base_entry *other, unsigned n);

int hb_restore_differs(struct hb_helper *h, struct hb_work *w)
{
    return differs(h, w->site, &w->entry);
}

void hb_restore_stage(struct hb_helper *h, struct hb_work *w)
{
    char key[64];
    bool uncovered;
    int r;

    w->rep.started = hb_now();
    uncovered = uncover(h, w);
    r = differs(h, w->site, &w->entry);
    if ((r == 0 && group_is_whole(w)) || is_as_next(h, w)) {
        hb_work_answer(w, uncovered ? HB_ACT_DONE : HB_ACT_ALREADY, 0);
        return;
    }
    /* A directory that stands is mended where it is. */
    if (r > 0 && w->entry.type == HB_BT_DIR &&
        (r & (HB_BD_TYPE | HB_BD_MISSING)) == 0)
        return;
    hb_place_key_name(w->req.key, key);
    r = hb_make_object(h, w->site, &w->entry, key, &w->staged_fd);
    if (r == -EEXIST) {
        hb_work_answer(w, HB_ACT_FAILED, -EEXIST);
        return;
    }
    if (r == -ENOSPC || r == -EDQUOT)
        hb_tell(h, HB_TELL_SPACE, w, "%s", w->site->conf->name);
    if (r < 0) {
        hb_work_answer(w, HB_ACT_FAILED, r);
        return;
    }
    w->staged_new = true;
}

/* Content must be on the disk before its name is: a page of zeroes after a
 * power cut would be our own defacement. */
void hb_restore_sync(struct hb_helper *h, struct hb_work *w, size_t n)
{
    (void)h;
    /* Writing is started for all before the first is waited for. */
    for (size_t i = 0; n > 1 && i < n; i++) {
        if (w[i].staged_fd >= 0)
            (void)sync_file_range(w[i].staged_fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    }
    for (size_t i = 0; i < n; i++)
        sync_one(&w[i],
                 n >= GROUP && w[i].site != NULL && w[i].site->group_commit);
    for (size_t i = 0; i < n; i++) {
        struct hb_site *s = w[i].site;
        int r;

        if (s == NULL || !s->commit)
            continue;
        s->commit = false;
        /* The change of the directory is the youngest: the transaction that
         * takes it to the disk has all others in it or before it. */
        r = fchmod(s->staging, 0700) < 0 ? -errno : hb_fsync(s->staging);
        for (size_t k = i; r < 0 && k < n; k++) {
            if (w[k].site == s)
                sync_failed(&w[k], r);
        }
    }
    hb_step();
}

void hb_restore_place(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_baseline *b;
    char key[64];
    int r;

    hb_place_key_name(w->req.key, key);
    r = hb_site_baseline(w->site, w->req.baseline, &b);
    if (r >= 0)
        r = w->staged_new ? place_object(h, w, b, key) : mend_dir(h, w, b, key);
    if (r < 0) {
        if (w->staged_new)
            hb_place_discard(h, w->site, key);
        if (r == -ENOSPC || r == -EDQUOT)
            hb_tell(h, HB_TELL_SPACE, w, "%s", w->site->conf->name);
        hb_work_answer(w, HB_ACT_FAILED, r);
        return;
    }
    if (w->entry.nlink_group != 0)
        relink_group(h, w, b);
    hb_work_answer(w, HB_ACT_DONE, 0);
}

/* True where what stands is exactly what was signed before (or nothing, where
 * nothing was): then this is publishing, which a person signed. */
bool hb_restore_is_publish(struct hb_helper *h, struct hb_work *w)
{
    _cleanup_close_ int dir = -1, fd = -1;
    struct spot p = {.fd = -1};
    const struct hb_baseline *b, *before;
    struct hb_base_entry old;
    struct stat st;
    int r;

    if (hb_site_baseline(w->site, w->req.baseline, &b) < 0)
        return false;
    before = hb_site_before(h, w->site, b);
    if (before == NULL)
        return false;
    r = open_spot(w->site, &w->entry, &p);
    dir = p.fd;
    if (r >= 0)
        r = look(&w->entry, &p, &fd, &st);
    if (r == -ENOENT || r == -ENOTDIR)
        return hb_baseline_find(before, w->entry.path, &old) == -ENOENT;
    return r >= 0 && hb_restore_matches(h, before, w->entry.path, fd, &st);
}

void hb_restore_recover(struct hb_helper *h, struct hb_work *w)
{
    struct stat st;
    char key[64], kept[80];

    hb_place_key_name(w->req.key, key);
    (void)snprintf(kept, sizeof(kept), "%s.r", key);
    recover_staging(h, w, key, kept);
    if (differs(h, w->site, &w->entry) == 0 && group_is_whole(w)) {
        hb_work_answer(w, HB_ACT_DONE, 0);
    } else {
        hb_restore_stage(h, w);
        if (w->state != HB_WORK_ANSWERED)
            hb_restore_sync(h, w, 1);
        if (w->state != HB_WORK_ANSWERED)
            hb_restore_place(h, w);
    }
    if (renameat2(w->site->staging, kept, w->site->staging, key,
                  RENAME_NOREPLACE) < 0 &&
        errno == ENOENT)
        return;
    if (fstatat(w->site->staging, key, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        w->rep.staged = 1;
        hb_place_taken(&w->taken, &st);
    }
}

/* GROUPED: only the data; one commit for all follows. */
static void sync_one(struct hb_work *w, bool grouped)
{
    int r;

    if (w->staged_fd < 0)
        return;
    if (grouped) {
        r = sync_file_range(w->staged_fd, 0, 0,
                            SYNC_FILE_RANGE_WAIT_BEFORE |
                                SYNC_FILE_RANGE_WRITE |
                                SYNC_FILE_RANGE_WAIT_AFTER) < 0
                ? -errno
                : 0;
        w->site->commit = true;
    } else {
        r = hb_fsync(w->staged_fd);
    }
    hb_close(&w->staged_fd);
    if (r < 0)
        sync_failed(w, r);
}

static void sync_failed(struct hb_work *w, int error)
{
    char key[64];

    if (w->state == HB_WORK_ANSWERED || !w->staged_new)
        return;
    hb_place_key_name(w->req.key, key);
    (void)unlinkat(w->site->staging, key, 0);
    w->staged_new = false;
    hb_work_answer(w, HB_ACT_FAILED, error);
}

static int find_spot(struct hb_site *s, const struct hb_base_entry *e,
                     struct spot *p)
{
    p->fd = -1;
    if (e->path.n > 0)
        return hb_place_split(e->path, p->buf, &p->dir, &p->name);
    p->dir = NULL; /* the root itself: in its parent */
    p->name = s->name;
    return 0;
}

static int open_spot(struct hb_site *s, const struct hb_base_entry *e,
                     struct spot *p)
{
    int r = find_spot(s, e, p);

    if (r < 0)
        return r;
    if (p->dir != NULL)
        return hb_place_parent(s, p->dir, &p->fd);
    p->fd = fcntl(s->parent, F_DUPFD_CLOEXEC, 3);
    return p->fd < 0 ? -errno : 0;
}

static int look(const struct hb_base_entry *e, const struct spot *p,
                int *ret_fd, struct stat *ret)
{
    int fd;

    if (e->path.n > 0)
        return hb_place_look(p->fd, p->name, ret_fd, ret);
    fd = openat(p->fd, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, ret) < 0) {
        int r = -errno;

        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* 0 where the path is as E says, bits where not; HB_BD_MISSING also where
 * the way to it is blocked. */
static int differs(struct hb_helper *h, struct hb_site *s,
                   const struct hb_base_entry *e)
{
    _cleanup_close_ int dir = -1, fd = -1;
    struct spot p = {.fd = -1};
    struct stat st;
    int r = open_spot(s, e, &p);

    dir = p.fd;
    if (r >= 0)
        r = look(e, &p, &fd, &st);
    if (r < 0)
        return HB_BD_MISSING;
    r = hb_make_compare(h, e, fd, &st);
    return r < 0 ? HB_BD_CONTENT : r;
}

/* Takes mounts off the path, so that what lies below is judged. */
static bool uncover(struct hb_helper *h, struct hb_work *w)
{
    bool any = false;

    for (int i = 0; i < MOUNTS; i++) {
        _cleanup_close_ int dir = -1, fd = -1;
        struct spot p = {.fd = -1};
        struct stat st;
        int r = open_spot(w->site, &w->entry, &p);

        dir = p.fd;
        if (r < 0 || p.dir == NULL ||
            hb_place_look(dir, p.name, &fd, &st) != -EXDEV ||
            hb_place_unmount(h, w->site, dir, p.name) < 0)
            break;
        any = true;
    }
    return any;
}

static bool dir_stands(const struct hb_work *w, const struct spot *p)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    return w->entry.type == HB_BT_DIR && look(&w->entry, p, &fd, &st) >= 0 &&
           S_ISDIR(st.st_mode);
}

static int place_object(struct hb_helper *h, struct hb_work *w,
                        const struct hb_baseline *b, const char *key)
{
    bool obstacle = false;
    int r = -EAGAIN;

    for (int i = 0; i < MOVES; i++) {
        _cleanup_close_ int dir = -1;
        struct spot p;
        bool taken = false;

        r = open_spot(w->site, &w->entry, &p);
        if (r < 0 && p.dir != NULL)
            r = hb_make_dirs(h, w->site, b, p.dir, key, &obstacle, &p.fd);
        dir = p.fd;
        if (r == -ENOENT) {
            r = -EAGAIN; /* deleted while it was made */
            continue;
        }
        if (r < 0)
            return r;
        /* A directory came back, with all that it holds: it is not exchanged
         * for an empty one. */
        if (dir_stands(w, &p)) {
            hb_place_discard(h, w->site, key);
            w->staged_new = false;
            return w->turns++ < TURNS ? mend_dir(h, w, b, key) : -EAGAIN;
        }
        r = exchange(h, w->site, &p, key, &taken);
        /* The directory itself was deleted meanwhile: make it again. */
        if (r == -ENOENT) {
            r = -EAGAIN;
            continue;
        }
        if (r < 0)
            return r;
        if (p.dir == NULL || hb_place_same(w->site, p.dir, dir)) {
            settle_taken(h, w, key, taken, obstacle);
            return 0;
        }
        /* The directory was moved away under our hands: nothing of ours may
         * stay out there. */
        if (renameat2(dir, p.name, w->site->staging, key,
                      taken ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0) {
            r = errno == ENOENT ? -EAGAIN : -errno;
            /* Ours was deleted there; what was taken out is evidence. */
            settle_taken(h, w, key, taken, false);
            w->staged_new = false;
            return r;
        }
        r = -EAGAIN;
    }
    return r;
}

static int exchange(struct hb_helper *h, struct hb_site *s, struct spot *p,
                    const char *staged, bool *ret_taken)
{
    uint32_t flags = 0;
    int r = -EAGAIN;

    for (int i = 0; i < TRIES; i++) {
        r = move_once(h, s, p, staged, &flags, ret_taken);
        if (r != -EAGAIN)
            break;
    }
    if (r >= 0 && *ret_taken && flags != 0) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        /* Another name of that inode lies elsewhere: it gets back what it
         * had. */
        if (hb_place_look(s->staging, staged, &fd, &st) >= 0 &&
            S_ISREG(st.st_mode) && st.st_nlink > 1)
            hb_place_set_flags(fd, flags);
    }
    return r;
}

/* -EAGAIN: an obstacle was cleared or the place changed, try again. */
static int move_once(struct hb_helper *h, struct hb_site *s, struct spot *p,
                     const char *staged, uint32_t *flags, bool *ret_taken)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    int r;

    /* A mount is looked for first: to exchange its mount point is EBUSY, and
     * an exchange below it would go to another file system. */
    if (p->dir != NULL && hb_place_look(p->fd, p->name, &fd, &st) == -EXDEV) {
        r = hb_place_unmount(h, s, p->fd, p->name);
        return r < 0 ? r : -EAGAIN;
    }
    hb_step();
    if (renameat2(s->staging, staged, p->fd, p->name, RENAME_EXCHANGE) == 0) {
        hb_step();
        *ret_taken = true;
        return 0;
    }
    r = -errno;
    if (r == -ENOENT) {
        if (renameat2(s->staging, staged, p->fd, p->name, RENAME_NOREPLACE) ==
            0) {
            hb_step();
            *ret_taken = false;
            return 0;
        }
        r = -errno;
        if (r == -EEXIST)
            return -EAGAIN;
    }
    if ((r == -EPERM || r == -EACCES) && hb_place_clear(p->fd, p->name, flags))
        return -EAGAIN;
    if (r == -EBUSY) /* mounted since we looked */
        return -EAGAIN;
    if ((r == -ENOSPC || r == -EDQUOT) && hb_site_reserve_free(s))
        return -EAGAIN;
    return r;
}

static int mend_dir(struct hb_helper *h, struct hb_work *w,
                    const struct hb_baseline *b, const char *key)
{
    uint32_t flags = 0;
    int r = -EAGAIN;

    for (int i = 0; i < 4; i++) {
        _cleanup_close_ int dir = -1, fd = -1, real = -1;
        struct spot p = {.fd = -1};
        struct stat st = {0};

        r = open_spot(w->site, &w->entry, &p);
        dir = p.fd;
        if (r >= 0)
            r = look(&w->entry, &p, &fd, &st);
        if (r < 0 || !S_ISDIR(st.st_mode)) {
            /* It was a directory a moment ago. */
            r = hb_make_object(h, w->site, &w->entry, key, &w->staged_fd);
            if (r < 0)
                return r;
            w->staged_new = true;
            return place_object(h, w, b, key);
        }
        real = hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
        if (real < 0)
            return real;
        hb_step();
        r = hb_make_meta(real, &w->entry);
        if (r >= 0)
            return hb_fsync(real);
        if ((r != -EPERM && r != -EAGAIN) ||
            !hb_place_clear(dir, p.name, &flags))
            return r;
    }
    return r;
}

/* What was exchanged out is evidence, unless a release replaced exactly what
 * was signed before, or staging is full. */
static void settle_taken(struct hb_helper *h, struct hb_work *w,
                         const char *key, bool taken, bool obstacle)
{
    _cleanup_close_ int fd = -1;
    const struct hb_baseline *b, *before;
    char part[80];
    struct stat st;

    (void)snprintf(part, sizeof(part), "%s.q", key);
    if (!taken && obstacle &&
        renameat2(w->site->staging, part, w->site->staging, key,
                  RENAME_NOREPLACE) == 0)
        taken = true;
    if (!taken || hb_place_look(w->site->staging, key, &fd, &st) < 0)
        return;
    hb_place_taken(&w->taken, &st);
    hb_site_staged(w->site, key, 1);
    w->rep.staged = 1;
    /* Relinking a group takes out what was right. */
    if (hb_make_compare(h, &w->entry, fd, &st) == 0 ||
        (w->publish && hb_site_baseline(w->site, w->req.baseline, &b) >= 0 &&
         (before = hb_site_before(h, w->site, b)) != NULL &&
         hb_restore_matches(h, before, w->entry.path, fd, &st)) ||
        hb_site_staging_full(w->site)) {
        if (hb_site_staging_full(w->site))
            hb_tell(h, HB_TELL_SPACE, w, "%s", w->site->staging_real);
        if (hb_place_drop(w->site, key) >= 0)
            w->rep.staged = 0;
    }
}

bool hb_restore_matches(struct hb_helper *h, const struct hb_baseline *b,
                        struct hb_slice path, int fd, const struct stat *st)
{
    struct hb_base_entry old;

    return hb_baseline_find(b, path, &old) >= 0 &&
           (hb_make_compare(h, &old, fd, st) & ~HB_BD_LINKS) == 0;
}

/* What a crash left under the key: our own new object goes, anything else was
 * taken out of the site and is kept under the name KEPT. */
static void recover_staging(struct hb_helper *h, struct hb_work *w,
                            const char *key, const char *kept)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    char part[80], other[80];

    if (hb_place_look(w->site->staging, key, &fd, &st) >= 0) {
        if (hb_make_compare(h, &w->entry, fd, &st) == 0 ||
            is_unfinished(h, &w->entry, fd, &st)) {
            if (hb_place_drop(w->site, key) < 0)
                return;
        } else {
            (void)renameat2(w->site->staging, key, w->site->staging, kept,
                            RENAME_NOREPLACE);
        }
    }
    /* A directory of ours that was never placed is empty; an obstacle is no
     * directory at all. */
    (void)snprintf(part, sizeof(part), "%s.p", key);
    (void)snprintf(other, sizeof(other), "%s.q", key);
    if (unlinkat(w->site->staging, part, AT_REMOVEDIR) < 0 && errno == ENOTDIR)
        (void)renameat2(w->site->staging, part, w->site->staging, other,
                        RENAME_NOREPLACE);
}

/* Our own file, cut off while it was written: private to us, and no more
 * than the beginning of the signed content. */
static bool is_unfinished(struct hb_helper *h, const struct hb_base_entry *e,
                          int fd, const struct stat *st)
{
    _cleanup_close_ int real = -1, object = -1;
    size_t half = HB_IO_SIZE / 2;

    if (e->type == HB_BT_DIR)
        return S_ISDIR(st->st_mode) && st->st_uid == geteuid() &&
               (st->st_mode & 07777) == 0700 && st->st_nlink == 2;
    if (e->type != HB_BT_FILE || !S_ISREG(st->st_mode) || st->st_nlink != 1 ||
        (uint64_t)st->st_size > e->size)
        return false;
    real = hb_place_reopen(fd, O_RDONLY);
    if (real < 0 || hb_object_open(h->objdir, e->sha256, &object) < 0)
        return false;
    for (off_t at = 0; at < st->st_size; at += (off_t)half) {
        ssize_t n = hb_pread_full(real, h->io, half, at);

        if (n <= 0 || hb_pread_full(object, h->io + half, (size_t)n, at) != n ||
            memcmp(h->io, h->io + half, (size_t)n) != 0)
            return false;
    }
    return true;
}

/* A release on its way may have been faster than who asked. */
static bool is_as_next(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_base_set *set = &w->site->set;
    struct hb_base_entry next;

    if (set->next == NULL || w->req.baseline != hb_baseline_number(set->cur))
        return false;
    if (hb_baseline_find(set->next, w->entry.path, &next) < 0)
        return differs(h, w->site, &w->entry) == HB_BD_MISSING;
    return differs(h, w->site, &next) == 0;
}

/* Whether all names of the entry's inode are one inode. */
static bool group_is_whole(const struct hb_work *w)
{
    const struct hb_baseline *b;
    struct hb_base_entry other;
    struct stat first = {0}, st;

    if (w->entry.nlink_group == 0)
        return true;
    if (hb_site_baseline(w->site, w->req.baseline, &b) < 0)
        return false;
    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        _cleanup_close_ int dir = -1, fd = -1;
        struct spot p = {.fd = -1};
        int r;

        if (hb_baseline_get(b, i, &other) < 0 ||
            other.nlink_group != w->entry.nlink_group)
            continue;
        r = open_spot(w->site, &other, &p);
        dir = p.fd;
        if (r >= 0)
            r = look(&other, &p, &fd, &st);
        if (r < 0 || (first.st_ino != 0 &&
                      (first.st_ino != st.st_ino || first.st_dev != st.st_dev)))
            return false;
        first = st;
    }
    return true;
}

/* The other names of a group become names of the new inode. */
static void relink_group(struct hb_helper *h, struct hb_work *w,
                         const struct hb_baseline *b)
{
    struct hb_base_entry other;
    unsigned n = 0;

    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        if (hb_baseline_get(b, i, &other) < 0 || i == w->entry.index ||
            other.nlink_group != w->entry.nlink_group)
            continue;
        /* What fails here differs still, and is asked for by itself. */
        if (relink_one(h, w, b, &other, ++n) < 0)
            w->rep.error = -EAGAIN;
    }
}

static int relink_one(struct hb_helper *h, struct hb_work *w,
                      const struct hb_baseline *b,
                      const struct hb_base_entry *other, unsigned n)
{
    _cleanup_close_ int dir = -1, from = -1, out = -1;
    char name[96], key[64];
    struct spot p = {.fd = -1}, q = {.fd = -1};
    bool taken = false, obstacle = false;
    struct stat st;
    int r;

    hb_place_key_name(w->req.key, key);
    (void)snprintf(name, sizeof(name), "%s.%u", key, n);
    r = open_spot(w->site, &w->entry, &p);
    from = p.fd;
    if (r >= 0 && linkat(from, p.name, w->site->staging, name, 0) < 0)
        r = -errno;
    /* By name, which may have been swapped: look at what we got. */
    if (r >= 0 && (hb_place_look(w->site->staging, name, &out, &st) < 0 ||
                   (hb_make_compare(h, other, out, &st) & ~HB_BD_LINKS) != 0))
        r = -EAGAIN;
    hb_close(&out);
    if (r >= 0) {
        r = open_spot(w->site, other, &q);
        if (r < 0)
            r = hb_make_dirs(h, w->site, b, q.dir, name, &obstacle, &q.fd);
        dir = q.fd;
    }
    if (r >= 0)
        r = exchange(h, w->site, &q, name, &taken);
    if (r < 0) {
        (void)unlinkat(w->site->staging, name, 0);
        return r;
    }
    if (taken && hb_place_look(w->site->staging, name, &out, &st) >= 0) {
        if ((hb_make_compare(h, other, out, &st) & ~HB_BD_LINKS) == 0)
            hb_place_discard(h, w->site, name);
        else
            hb_site_staged(w->site, name, 1);
    }
    return 0;
}

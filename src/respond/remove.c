/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remove.c - file.remove: what the baseline does not know is taken out of a
 * site, whole, by one rename into staging.
 *
 * Runs in the helper.  The request names the object by a descriptor; its name
 * comes from the kernel, is looked up again below the root, and must lead to
 * the same inode.  Whoever asks cannot make the helper take out anything that
 * the baseline has, nor anything outside the site.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "respond/act.h"

#define TRIES 16

static bool in_area(const struct hb_conf_site *conf, const char *rel);
static int take_out(struct hb_helper *h, struct hb_work *w, const char *key);
static int rename_out(struct hb_helper *h, struct hb_work *w, int dir,
                      const char *name, const char *key);
static int open_place(struct hb_work *w, char *buf, int *ret_dir,
                      const char **ret_name, int *ret_fd, struct stat *ret);

/* Fills w->object: the path below the root. -ENOENT where it is gone, -EXDEV
 * where it is not below the root. */
int hb_remove_object(struct hb_helper *h, struct hb_work *w)
{
    char link[32], path[HB_MAX_PATH];
    size_t root = strlen(w->site->real);
    struct stat st;
    ssize_t n;

    (void)h;
    if (fstat(w->fd, &st) < 0)
        return -errno;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", w->fd);
    n = readlink(link, path, sizeof(path));
    if (n < 0)
        return -errno;
    if ((size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    path[n] = '\0';
    if (strncmp(path, w->site->real, root) != 0 || path[root] != '/' ||
        path[root + 1] == '\0')
        return -EXDEV;
    memcpy(w->object, path + root + 1, (size_t)n - root);
    return st.st_nlink == 0 ? -ENOENT : 0;
}

/* 0, or -EEXIST for what a signed baseline has. */
int hb_remove_allowed(struct hb_helper *h, struct hb_work *w)
{
    const struct hb_base_set *set = &w->site->set;
    struct hb_base_match m;

    if (set->cur == NULL)
        return -ENOKEY; /* without a baseline nothing is foreign */
    w->publish = hb_remove_is_publish(h, w);
    if (w->publish || in_area(w->site->conf, w->object) ||
        hb_base_set_find(set, hb_slice_z(w->object), &m) == -ENOENT)
        return 0;
    return -EEXIST;
}

/* True where the release that is named has no such path, and what stands is
 * exactly what was signed before. */
bool hb_remove_is_publish(struct hb_helper *h, struct hb_work *w)
{
    _cleanup_close_ int dir = -1, fd = -1;
    const struct hb_baseline *b, *before;
    struct hb_base_entry e;
    char buf[HB_MAX_PATH];
    const char *name;
    struct stat st;

    if ((w->req.flags & HB_ACT_F_PUBLISH) == 0 ||
        hb_site_baseline(w->site, w->req.baseline, &b) < 0 ||
        hb_baseline_find(b, hb_slice_z(w->object), &e) != -ENOENT)
        return false;
    before = hb_site_before(h, w->site, b);
    return before != NULL && open_place(w, buf, &dir, &name, &fd, &st) >= 0 &&
           hb_restore_matches(h, before, hb_slice_z(w->object), fd, &st);
}

void hb_remove(struct hb_helper *h, struct hb_work *w)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    char key[64];
    int r;

    w->rep.started = hb_now();
    hb_place_key_name(w->req.key, key);
    r = take_out(h, w, key);
    if (r < 0) {
        hb_work_answer(w, HB_ACT_FAILED, r);
        return;
    }
    if (hb_place_look(w->site->staging, key, &fd, &st) >= 0) {
        bool full = hb_site_staging_full(w->site);
        const struct hb_baseline *b, *before;

        hb_place_taken(&w->taken, &st);
        hb_site_staged(w->site, key, 1);
        w->rep.staged = 1;
        if (full)
            hb_tell(h, HB_TELL_SPACE, w, "%s", w->site->staging_real);
        if (full ||
            (w->publish &&
             hb_site_baseline(w->site, w->req.baseline, &b) >= 0 &&
             (before = hb_site_before(h, w->site, b)) != NULL &&
             hb_restore_matches(h, before, hb_slice_z(w->object), fd, &st))) {
            if (hb_place_drop(w->site, key) >= 0)
                w->rep.staged = 0;
        }
    }
    hb_work_answer(w, HB_ACT_DONE, 0);
}

/* The rename happened or it did not; its descriptor is gone with the crash,
 * so what did not happen is asked for anew. */
void hb_remove_recover(struct hb_helper *h, struct hb_work *w)
{
    struct stat st;
    char key[64];

    (void)h;
    hb_place_key_name(w->req.key, key);
    if (fstatat(w->site->staging, key, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        w->rep.staged = 1;
        hb_place_taken(&w->taken, &st);
        hb_work_answer(w, HB_ACT_DONE, 0);
    } else {
        hb_work_answer(w, HB_ACT_FAILED, -ECANCELED);
    }
}

static bool in_area(const struct hb_conf_site *conf, const char *rel)
{
    const struct hb_conf_area *areas = conf->areas.v;

    for (size_t i = 0; i < conf->areas.n; i++) {
        size_t n = strlen(areas[i].path);

        if (n > 0 && strncmp(rel, areas[i].path, n) == 0 && rel[n] == '/')
            return true;
    }
    return false;
}

static int take_out(struct hb_helper *h, struct hb_work *w, const char *key)
{
    int r = -EAGAIN;

    for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
        _cleanup_close_ int dir = -1, fd = -1;
        struct stat st, asked;
        char buf[HB_MAX_PATH];
        const char *name;

        r = open_place(w, buf, &dir, &name, &fd, &st);
        if (r == -EXDEV && dir >= 0) {
            r = hb_place_unmount(h, w->site, dir, name);
            return r < 0 ? r : -EAGAIN;
        }
        if (r < 0)
            return r == -ENOENT ? -EAGAIN : r;
        if (fstat(w->fd, &asked) < 0)
            return -errno;
        if (st.st_dev != asked.st_dev || st.st_ino != asked.st_ino)
            return -EAGAIN; /* another one stands there now */
        r = rename_out(h, w, dir, name, key);
    }
    return r;
}

static int rename_out(struct hb_helper *h, struct hb_work *w, int dir,
                      const char *name, const char *key)
{
    _cleanup_close_ int fd = -1;
    struct stat st, asked;
    uint32_t flags = 0;

    hb_step();
    if (renameat2(dir, name, w->site->staging, key, RENAME_NOREPLACE) < 0) {
        int r = -errno;

        if ((r == -EPERM || r == -EACCES) && hb_place_clear(dir, name, &flags))
            return renameat2(dir, name, w->site->staging, key,
                             RENAME_NOREPLACE) < 0
                       ? -errno
                       : 0;
        if ((r == -ENOSPC || r == -EDQUOT) && hb_site_reserve_free(w->site))
            return -EAGAIN;
        return r == -EBUSY ? -EAGAIN : r;
    }
    hb_step();
    if (hb_place_look(w->site->staging, key, &fd, &st) < 0 ||
        fstat(w->fd, &asked) < 0 || st.st_dev != asked.st_dev ||
        st.st_ino != asked.st_ino) {
        /* Swapped under our hands: what we took was not judged. */
        if (renameat2(w->site->staging, key, dir, name, RENAME_NOREPLACE) < 0)
            return 0; /* its place is taken: then it stays with us */
        return -EAGAIN;
    }
    return 0;
}

static int open_place(struct hb_work *w, char *buf, int *ret_dir,
                      const char **ret_name, int *ret_fd, struct stat *ret)
{
    const char *dir;
    int r = hb_place_split(hb_slice_z(w->object), buf, &dir, ret_name);

    if (r >= 0)
        r = hb_place_parent(w->site, dir, ret_dir);
    if (r < 0)
        return r == -EXDEV ? -ELOOP : r;
    return hb_place_look(*ret_dir, *ret_name, ret_fd, ret);
}

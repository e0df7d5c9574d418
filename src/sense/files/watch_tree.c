/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_tree.c - what a mark on a whole file system does not give: watching
 * directory by directory (overlayfs, btrfs sub-volumes, old kernels), and
 * mounts over directories of a site.
 *
 * Runs in watch.  In these modes a directory that is new is watched as soon
 * as its event is read; what was put into it before that is found by looking
 * into it at that moment, and nobody claims that there is no gap: the mode
 * is told to people.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/statfs.h>

#include "base/file.h"
#include "base/num.h"
#include "sense/files/watch.h"
#include "sense/files/walk.h"

#define INOTIFY_MASK                                                           \
    (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE |          \
     IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF |             \
     IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)
#define INOTIFY_DIRS 262144u
#define MOUNTINFO    (4u << 20)

struct ino_dir {
    uint32_t site;
    size_t n;
    char path[];
};

struct hb_inotify {
    int fd;
    struct ino_dir **dirs; /* by watch descriptor */
    size_t cap;
    uint8_t buf[32u << 10];
};

struct tree {
    struct hb_watch *w;
    struct hb_watch_site *s;
    bool report;
    int error;
};

static int tree_dir(struct tree *t, int dirfd, struct hb_slice path);
static int tree_entry(void *arg, int dirfd, const char *name, const char *path,
                      size_t n, unsigned char type);
static int ino_add(struct hb_watch *w, uint32_t site, int dirfd,
                   struct hb_slice path);
static void ino_drop(struct hb_inotify *o, int wd);
static void on_inotify(void *arg, int fd, uint32_t events);
static void ino_event(struct hb_watch *w, const struct inotify_event *e,
                      const char *name);
static unsigned ino_bits(uint32_t mask);
static void on_mounts(void *arg, int fd, uint32_t events);
static void mounts_read(struct hb_watch *w);
static void mount_line(struct hb_watch *w, struct hb_slice line,
                       struct hb_map *now);
static size_t unescape(struct hb_slice s, char *dst, size_t size);

int hb_watch_fs_find(const struct hb_watch *w, uint64_t fsid)
{
    for (size_t i = 0; i < w->n_fs; i++)
        if (w->fsid[i] == fsid)
            return w->mountfd[i];
    return -1;
}

int hb_watch_fs_add(struct hb_watch *w, int fd)
{
    struct statfs fs;
    uint64_t id;
    int copy;

    if (fstatfs(fd, &fs) < 0)
        return -errno;
    memcpy(&id, &fs.f_fsid, sizeof(id));
    for (size_t i = 0; i < w->n_fs; i++)
        if (w->fsid[i] == id)
            return 0;
    if (w->n_fs == HB_WATCH_FS)
        return -ENOSPC;
    /* open_by_handle_at(2) does not take O_PATH descriptors. */
    copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0)
        return -errno;
    w->fsid[w->n_fs] = id;
    w->mountfd[w->n_fs++] = copy;
    return 0;
}

int hb_watch_tree(struct hb_watch *w, struct hb_watch_site *s, const char *path,
                  bool report)
{
    struct tree t = {w, s, report, 0};
    struct hb_walk_stats st;
    _cleanup_close_ int fd = -1;
    int r;

    fd = path[0] == '\0'
             ? openat(s->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
             : hb_open_beneath(s->root, path,
                               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                               0, false);
    if (fd < 0)
        return path[0] == '\0' ? -errno : 0; /* gone again */
    r = tree_dir(&t, fd, hb_slice_z(path));
    if (r == 0)
        r = hb_walk(s->root, path, tree_entry, &t, &st);
    return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? 0 : r;
}

int hb_watch_inotify(struct hb_watch *w)
{
    struct hb_inotify *o;

    if (w->ino != NULL)
        return 0;
    o = calloc(1, sizeof(*o));
    if (o == NULL)
        return -ENOMEM;
    o->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (o->fd < 0 || hb_loop_add(w->loop, o->fd, EPOLLIN, on_inotify, w) < 0) {
        int r = o->fd < 0 ? -errno : -ENOMEM;

        hb_close(&o->fd);
        free(o);
        return r;
    }
    w->ino = o;
    return 0;
}

void hb_watch_inotify_free(struct hb_watch *w)
{
    struct hb_inotify *o = w->ino;

    if (o == NULL)
        return;
    hb_loop_del(w->loop, o->fd);
    for (size_t i = 0; i < o->cap; i++)
        free(o->dirs[i]);
    free(o->dirs);
    hb_close(&o->fd);
    free(o);
    w->ino = NULL;
}

void hb_watch_mounts_start(struct hb_watch *w)
{
    w->mounts_fan = -1;
    w->mounts_info = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (w->mounts_info < 0)
        return;
    mounts_read(w);
    /* The kernel's own event where it has one, else the older signal that
     * the table changed. */
    if (hb_fan_open_mounts(&w->mounts_fan) < 0 ||
        hb_loop_add(w->loop, w->mounts_fan, EPOLLIN, on_mounts, w) < 0) {
        hb_close(&w->mounts_fan);
        if (hb_loop_add(w->loop, w->mounts_info, EPOLLPRI | EPOLLERR, on_mounts,
                        w) < 0)
            hb_close(&w->mounts_info);
    }
}

void hb_watch_mounts_stop(struct hb_watch *w)
{
    size_t at = 0;
    struct hb_slice key;
    void *v;

    if (w->mounts_fan >= 0)
        hb_loop_del(w->loop, w->mounts_fan);
    else if (w->mounts_info >= 0)
        hb_loop_del(w->loop, w->mounts_info);
    hb_close(&w->mounts_fan);
    hb_close(&w->mounts_info);
    if (w->mounts == NULL)
        return;
    while (hb_map_next(w->mounts, &at, &key, &v))
        free(v);
    hb_map_free(w->mounts);
    w->mounts = NULL;
}

static int tree_dir(struct tree *t, int dirfd, struct hb_slice path)
{
    struct hb_fan_handle h;
    int r;

    if (t->s->mode == HB_WATCH_INOTIFY)
        return ino_add(t->w, t->s->number, dirfd, path);
    r = hb_fan_mark_dir(t->w->fan, dirfd);
    if (r == 0)
        r = hb_fan_handle_at(dirfd, "", &h);
    if (r == 0)
        r = hb_dirs_put(t->w->dirs, &h, t->s->number, path, true);
    return r;
}

static int tree_entry(void *arg, int dirfd, const char *name, const char *path,
                      size_t n, unsigned char type)
{
    struct tree *t = arg;
    _cleanup_close_ int fd = -1;

    if (t->report)
        (void)hb_watch_add(t->w, t->s->number, hb_slice(path, n),
                           HB_FPE_CREATED);
    if (type != DT_DIR && type != DT_UNKNOWN)
        return 0;
    fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return 0;
    return tree_dir(t, fd, hb_slice(path, n));
}

static int ino_add(struct hb_watch *w, uint32_t site, int dirfd,
                   struct hb_slice path)
{
    struct hb_inotify *o = w->ino;
    struct ino_dir *d;
    char link[64];
    int wd;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
    wd = inotify_add_watch(o->fd, link, INOTIFY_MASK & ~IN_DONT_FOLLOW);
    if (wd < 0)
        return -errno;
    if ((size_t)wd >= INOTIFY_DIRS)
        return -ENOSPC;
    if ((size_t)wd >= o->cap) {
        size_t cap = HB_MAX((size_t)wd + 1, o->cap * 2 + 64);
        struct ino_dir **n = realloc(o->dirs, cap * sizeof(*n));

        if (n == NULL)
            return -ENOMEM;
        memset(n + o->cap, 0, (cap - o->cap) * sizeof(*n));
        o->dirs = n;
        o->cap = cap;
    }
    d = malloc(sizeof(*d) + path.n + 1);
    if (d == NULL)
        return -ENOMEM;
    d->site = site;
    d->n = path.n;
    if (path.n > 0)
        memcpy(d->path, path.p, path.n);
    d->path[path.n] = '\0';
    free(o->dirs[wd]);
    o->dirs[wd] = d;
    return 0;
}

static void ino_drop(struct hb_inotify *o, int wd)
{
    if (wd < 0 || (size_t)wd >= o->cap)
        return;
    free(o->dirs[wd]);
    o->dirs[wd] = NULL;
}

static void on_inotify(void *arg, int fd, uint32_t events)
{
    struct hb_watch *w = arg;
    uint8_t *buf = w->ino->buf;

    for (;;) {
        ssize_t n = read(fd, buf, sizeof(w->ino->buf));
        size_t at = 0;

        if (n <= 0)
            break;
        while (at + sizeof(struct inotify_event) <= (size_t)n) {
            struct inotify_event e;

            memcpy(&e, buf + at, sizeof(e));
            at += sizeof(e);
            if (e.len > (size_t)n - at)
                break;
            ino_event(w, &e, e.len > 0 ? (const char *)buf + at : "");
            at += e.len;
        }
        hb_watch_flush(w);
    }
    hb_watch_pump(w);
}

static void ino_event(struct hb_watch *w, const struct inotify_event *e,
                      const char *name)
{
    struct hb_inotify *o = w->ino;
    char path[HB_MAX_PATH];
    struct hb_watch_site *s;
    struct ino_dir *d;
    int n;

    if ((e->mask & IN_Q_OVERFLOW) != 0) {
        w->dropped++;
        return;
    }
    if ((e->mask & IN_IGNORED) != 0) {
        ino_drop(o, e->wd);
        return;
    }
    if (e->wd < 0 || (size_t)e->wd >= o->cap || o->dirs[e->wd] == NULL)
        return;
    d = o->dirs[e->wd];
    s = hb_watch_site(w, d->site);
    n = snprintf(path, sizeof(path), "%s%s%.255s", d->path,
                 d->n > 0 && e->len > 0 ? "/" : "", name);
    if (s == NULL || n < 0 || (size_t)n >= sizeof(path))
        return;
    (void)hb_watch_add(w, s->number, hb_slice(path, (size_t)n),
                       ino_bits(e->mask));
    if ((e->mask & IN_ISDIR) == 0)
        return;
    if ((e->mask & IN_MOVED_FROM) != 0) {
        /* Watches follow the inodes, our paths do not: forget them. */
        for (size_t i = 0; i < o->cap; i++) {
            d = o->dirs[i];
            if (d != NULL && d->site == s->number && d->n >= (size_t)n &&
                memcmp(d->path, path, (size_t)n) == 0 &&
                (d->n == (size_t)n || d->path[n] == '/'))
                (void)inotify_rm_watch(o->fd, (int)i);
        }
    }
    if ((e->mask & (IN_CREATE | IN_MOVED_TO)) != 0 &&
        hb_watch_tree(w, s, path, true) < 0)
        w->dropped++;
}

static unsigned ino_bits(uint32_t mask)
{
    unsigned r = 0;

    r |= (mask & IN_CREATE) != 0 ? HB_FPE_CREATED : 0;
    r |= (mask & IN_MODIFY) != 0 ? HB_FPE_MODIFIED : 0;
    r |= (mask & IN_CLOSE_WRITE) != 0 ? HB_FPE_CLOSED : 0;
    r |= (mask & IN_ATTRIB) != 0 ? HB_FPE_ATTRIB : 0;
    r |= (mask & (IN_DELETE | IN_DELETE_SELF)) != 0 ? HB_FPE_DELETED : 0;
    r |= (mask & (IN_MOVED_FROM | IN_MOVE_SELF)) != 0 ? HB_FPE_MOVED_FROM : 0;
    r |= (mask & IN_MOVED_TO) != 0 ? HB_FPE_MOVED_TO : 0;
    r |= (mask & IN_ISDIR) != 0 ? HB_FPE_DIR : 0;
    return r;
}

static void on_mounts(void *arg, int fd, uint32_t events)
{
    struct hb_watch *w = arg;
    char drain[4096];

    if (fd == w->mounts_fan)
        while (read(fd, drain, sizeof(drain)) > 0)
            continue;
    mounts_read(w);
    hb_watch_flush(w);
    hb_watch_pump(w);
}

/* Compares the table of mounts with what it was: a new one below a root
 * hides what should be there. */
static void mounts_read(struct hb_watch *w)
{
    struct hb_map *now = hb_map_new();
    char *text = malloc(MOUNTINFO);
    struct hb_slice key;
    size_t at = 0;
    ssize_t n = -1;
    void *v;

    if (now != NULL && text != NULL)
        n = hb_pread_full(w->mounts_info, text, MOUNTINFO, 0);
    for (size_t from = 0; n > 0 && from < (size_t)n;) {
        const char *end = memchr(text + from, '\n', (size_t)n - from);
        size_t len =
            end != NULL ? (size_t)(end - text) - from : (size_t)n - from;

        mount_line(w, hb_slice(text + from, len), now);
        from += len + 1;
    }
    free(text);
    if (n < 0) {
        hb_map_free(now);
        return;
    }
    /* What stays in the old table was unmounted: look below it again. */
    while (w->mounts != NULL && hb_map_next(w->mounts, &at, &key, &v)) {
        const char *rel, *path = (const char *)v + strlen(v) + 1;
        struct hb_watch_site *s = hb_watch_site_of(w, path, &rel);

        if (hb_map_get(now, key) == NULL && s != NULL)
            (void)hb_watch_add(w, s->number, hb_slice_z(rel),
                               HB_FPE_MOVED_TO | HB_FPE_DIR);
        free(v);
    }
    hb_map_free(w->mounts);
    w->mounts = now;
    w->mounts_known = true;
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS ..." */
static void mount_line(struct hb_watch *w, struct hb_slice line,
                       struct hb_map *now)
{
    struct hb_slice f[5];
    char point[HB_MAX_PATH];
    struct hb_watch_site *s;
    const char *rel = "";
    char *keep;
    size_t n;

    for (size_t i = 0; i < HB_ARRAY_LEN(f); i++) {
        const char *end = memchr(line.p, ' ', line.n);

        if (end == NULL)
            return;
        f[i] = hb_slice(line.p, (size_t)(end - line.p));
        line.n -= f[i].n + 1;
        line.p = end + 1;
    }
    if (f[0].n > 20 || unescape(f[4], point, sizeof(point)) == 0)
        return;
    s = hb_watch_site_of(w, point, &rel);
    /* What was mounted at the root before us is the site. */
    if (s == NULL || (rel[0] == '\0' && !w->mounts_known))
        return;
    n = strlen(point);
    keep = malloc(f[0].n + 1 + n + 1);
    if (keep == NULL)
        return;
    memcpy(keep, f[0].p, f[0].n);
    keep[f[0].n] = '\0';
    memcpy(keep + f[0].n + 1, point, n + 1);
    if (hb_map_put(now, hb_slice(keep, f[0].n), keep) < 0) {
        free(keep);
        return;
    }
    if (w->mounts == NULL || hb_map_get(w->mounts, f[0]) == NULL)
        (void)hb_watch_add(w, s->number, hb_slice_z(rel),
                           HB_FPE_MOUNTED | HB_FPE_DIR);
}

/* Blanks and backslashes stand as \ooo.  The length, 0 when it is cut. */
static size_t unescape(struct hb_slice s, char *dst, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (n + 1 >= size)
            return 0;
        if (c == '\\' && i + 3 < s.n) {
            c = (char)((s.p[i + 1] - '0') * 64 + (s.p[i + 2] - '0') * 8 +
                       (s.p[i + 3] - '0'));
            i += 3;
        }
        dst[n++] = c;
    }
    dst[n] = '\0';
    return n;
}

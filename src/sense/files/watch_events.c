/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_events.c - from fanotify events to objects for compare.
 *
 * Runs in watch.  Everything that the events name is an attacker's choice.
 * An event of a directory that is not a site's ends after one look-up.  For
 * the others: who did it is captured at once, events of one object within a
 * read are merged, then each object is opened once and passed on.
 *
 * The kernel's queue has no ceiling of its own (a ceiling would lose events
 * silently); ours is limits.watch_memory: above it the queue is emptied
 * knowingly and compare scans what was missed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "base/file.h"
#include "sense/files/watch.h"

#define READ_BYTES  (64u << 10)
#define READS_TURN  8u
#define EVENT_BYTES 256u /* of kernel memory, about, for one event */
#define BATCH_ITEMS 4096u
#define OUT_FRAMES  32u /* waiting frames that stop the reading */
#define WRITES      (FAN_MODIFY | FAN_CLOSE_WRITE)

static bool read_once(struct hb_watch *w, int fd);
static void one_event(struct hb_watch *w, struct hb_fan_event *e, uint64_t now,
                      int64_t utc);
static uint32_t locate(struct hb_watch *w, const struct hb_fan_handle *h,
                       struct hb_dir_at *at);
static void outside_link(struct hb_watch *w, struct hb_fan_event *e,
                         uint64_t now, int64_t utc);
static struct hb_watch_item *located(struct hb_watch *w, struct hb_fan_event *e,
                                     const struct hb_dir_at *at,
                                     unsigned events);
static unsigned events_of(uint64_t mask);
static void dir_moved(struct hb_watch *w, struct hb_watch_site *s,
                      const struct hb_watch_item *i, uint64_t mask);
static void send_item(struct hb_watch *w, struct hb_watch_item *i);
static void lost(struct hb_watch *w, uint64_t count);

void hb_watch_on_fan(void *arg, int fd, uint32_t events)
{
    struct hb_watch *w = arg;

    for (unsigned i = 0; i < READS_TURN && !w->paused; i++) {
        bool more = read_once(w, fd);

        if (w->send.count > OUT_FRAMES && !w->paused) {
            /* Compare is slow: let the kernel merge and keep events. */
            w->paused = true;
            hb_fp_want(w->loop, w->fan, 0);
        }
        if (!more || w->paused)
            break;
        if ((++w->reads & 15) == 0)
            hb_watch_backlog(w);
    }
    hb_watch_pump(w);
}

struct hb_watch_item *hb_watch_add(struct hb_watch *w, uint32_t site,
                                   struct hb_slice path, unsigned events)
{
    struct hb_watch_item *i;
    size_t n = sizeof(site) + path.n;
    char key[sizeof(site) + HB_MAX_PATH];

    if (path.n >= HB_MAX_PATH)
        return NULL;
    memcpy(key, &site, sizeof(site));
    if (path.n > 0)
        memcpy(key + sizeof(site), path.p, path.n);
    i = hb_map_get(w->seen, hb_slice(key, n));
    if (i != NULL) {
        i->events = (uint16_t)(i->events | events);
        return i;
    }
    if (w->n_items >= BATCH_ITEMS)
        hb_watch_flush(w);
    i = hb_arena_alloc(w->batch, sizeof(*i) + n + 1);
    if (i == NULL) {
        lost(w, 1);
        return NULL;
    }
    memcpy(i->key, key, n);
    i->key[n] = '\0';
    i->site = site;
    i->path = i->key + sizeof(site);
    i->path_n = path.n;
    i->events = (uint16_t)events;
    i->noticed = hb_mono();
    i->noticed_utc = hb_now();
    i->fd = -1;
    if (hb_map_put(w->seen, hb_slice(i->key, n), i) < 0) {
        lost(w, 1);
        return NULL;
    }
    if (w->last != NULL)
        w->last->next = i;
    else
        w->first = i;
    w->last = i;
    w->n_items++;
    return i;
}

void hb_watch_flush(struct hb_watch *w)
{
    struct hb_watch_item *first = w->first;

    if (first == NULL)
        return;
    w->first = w->last = NULL;
    w->n_items = 0;
    for (struct hb_watch_item *i = first; i != NULL; i = i->next) {
        (void)hb_map_del(w->seen,
                         hb_slice(i->key, sizeof(i->site) + i->path_n));
        send_item(w, i);
    }
    if (hb_watch_send_flush(&w->send) < 0)
        lost(w, 1);
    hb_arena_reset(w->batch);
    hb_whos_batch(w->whos);
}

void hb_watch_drop(struct hb_watch *w)
{
    uint64_t count = 0;

    for (;;) {
        ssize_t n = read(w->fan, w->buf, READ_BYTES);
        struct hb_fan_event e;
        size_t at = 0;

        if (n <= 0)
            break;
        while (hb_fan_next(w->buf, (size_t)n, &at, &e) > 0) {
            hb_close(&e.pidfd);
            count++;
        }
    }
    /* A directory may have moved among them, or a file into a site. */
    hb_dirs_flush(w->dirs);
    hb_quiet_reset(w);
    lost(w, count);
}

void hb_watch_backlog(struct hb_watch *w)
{
    uint64_t limit = w->config->limits.watch_memory;
    uint64_t own = hb_dirs_memory(w->dirs) + w->send.bytes;
    int bytes = 0;

    if (w->fan < 0 || ioctl(w->fan, FIONREAD, &bytes) < 0)
        return;
    /* The kernel counts only the fixed part of each event. */
    own +=
        (uint64_t)bytes / sizeof(struct fanotify_event_metadata) * EVENT_BYTES;
    if (own > limit)
        hb_watch_drop(w);
}

static bool read_once(struct hb_watch *w, int fd)
{
    ssize_t n = read(fd, w->buf, READ_BYTES);
    uint64_t now = hb_mono();
    int64_t utc = hb_now();
    struct hb_fan_event e;
    size_t at = 0;
    int r;

    if (n <= 0)
        return false;
    while ((r = hb_fan_next(w->buf, (size_t)n, &at, &e)) > 0) {
        one_event(w, &e, now, utc);
        hb_close(&e.pidfd);
    }
    if (r < 0)
        lost(w, 1);
    hb_watch_flush(w);
    return (size_t)n > READ_BYTES / 2;
}

static void one_event(struct hb_watch *w, struct hb_fan_event *e, uint64_t now,
                      int64_t utc)
{
    struct hb_watch_item *i;
    struct hb_dir_at at;

    if (e->overflow) {
        hb_dirs_flush(w->dirs);
        hb_quiet_reset(w);
        lost(w, 1);
        return;
    }
    if ((e->mask & FAN_FS_ERROR) != 0) {
        struct hb_buf b = HB_BUF_INIT;

        hb_fp_note(&b, HB_FPN_FS_ERROR, 0, (uint64_t)e->fs_error, "");
        (void)hb_watch_send_frame(&w->send, hb_buf_slice(&b));
        hb_buf_done(&b);
        return;
    }
    if ((e->mask & ~(uint64_t)WRITES) != 0 && e->object.n > 0)
        hb_quiet_end(w, &e->object);
    if (e->dir.n == 0 || locate(w, &e->dir, &at) == 0) {
        outside_link(w, e, now, utc);
        return;
    }
    i = located(w, e, &at, events_of(e->mask));
    if (i == NULL)
        return;
    if (i->who == NULL)
        i->who = hb_whos_capture(w->whos, e->pid, e->pidfd);
    if ((e->mask & FAN_ONDIR) == 0 && e->object.n > 0 &&
        (e->mask & (FAN_CREATE | FAN_MOVED_TO | FAN_CLOSE_WRITE)) != 0) {
        (void)pthread_mutex_lock(&w->files_lock);
        (void)hb_dirs_file_add(w->dirs, &e->object);
        (void)pthread_mutex_unlock(&w->files_lock);
    }
    if ((e->mask & FAN_ONDIR) != 0)
        dir_moved(w, hb_watch_site(w, at.site), i, e->mask);
}

/* The site of a directory, asked from the kernel where it is not known. */
static uint32_t locate(struct hb_watch *w, const struct hb_fan_handle *h,
                       struct hb_dir_at *at)
{
    _cleanup_close_ int fd = -1;
    char path[HB_MAX_PATH], link[64];
    struct hb_watch_site *s;
    const char *rel = "";
    int mountfd;
    ssize_t n;

    if (hb_dirs_get(w->dirs, h, at))
        return at->site;
    mountfd = hb_watch_fs_find(w, h->fsid);
    if (mountfd < 0 || hb_fan_open_handle(mountfd, h, &fd) < 0)
        return 0; /* gone: its parent's event tells of it */
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0)
        return 0;
    path[n] = '\0';
    s = hb_watch_site_of(w, path, &rel);
    if (hb_dirs_put(w->dirs, h, s != NULL ? s->number : 0, hb_slice_z(rel),
                    false) < 0 ||
        !hb_dirs_get(w->dirs, h, at))
        return 0;
    return at->site;
}

/* The name is not a site's, but the file may be: a hard link. */
static void outside_link(struct hb_watch *w, struct hb_fan_event *e,
                         uint64_t now, int64_t utc)
{
    struct hb_watch_item *i;
    struct hb_watch_site *s;
    char path[HB_MAX_PATH], link[64];
    const char *rel;
    bool ours;
    int fd, mountfd;
    ssize_t n;

    if (e->object.n == 0)
        return;
    (void)pthread_mutex_lock(&w->files_lock);
    ours = hb_dirs_file_has(w->dirs, &e->object);
    (void)pthread_mutex_unlock(&w->files_lock);
    if (!ours && (e->mask & WRITES) != 0)
        hb_quiet_wrote(w, &e->object);
    mountfd = ours ? hb_watch_fs_find(w, e->object.fsid) : -1;
    if (mountfd < 0 || hb_fan_open_handle(mountfd, &e->object, &fd) < 0)
        return;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    path[HB_MAX(n, 0)] = '\0';
    s = hb_watch_site_of(w, path, &rel);
    if (s != NULL) {
        (void)close(fd);
        i = hb_watch_add(w, s->number, hb_slice_z(rel), events_of(e->mask));
    } else {
        /* One of its names is a site's; compare knows the inode. */
        for (size_t k = 0; k < w->n_sites; k++)
            if (w->sites[k].fsid == e->object.fsid)
                s = &w->sites[k];
        (void)snprintf(path, sizeof(path), "%d", fd);
        i = s != NULL ? hb_watch_add(w, s->number, hb_slice_z(path),
                                     events_of(e->mask) | HB_FPE_NO_PATH)
                      : NULL;
        if (i == NULL)
            (void)close(fd);
        else
            i->fd = fd;
    }
    if (i != NULL && i->who == NULL) {
        i->noticed = now;
        i->noticed_utc = utc;
        i->who = hb_whos_capture(w->whos, e->pid, e->pidfd);
    }
}

static struct hb_watch_item *located(struct hb_watch *w, struct hb_fan_event *e,
                                     const struct hb_dir_at *at,
                                     unsigned events)
{
    char path[HB_MAX_PATH];
    size_t n = at->path_n;

    if (n + 1 + e->name_n >= sizeof(path))
        return NULL; /* its parent is too deep for a path: reported above */
    memcpy(path, at->path, n);
    if (e->name_n > 0) {
        if (n > 0)
            path[n++] = '/';
        memcpy(path + n, e->name, e->name_n);
        n += e->name_n;
    }
    return hb_watch_add(w, at->site, hb_slice(path, n), events);
}

static unsigned events_of(uint64_t mask)
{
    static const struct {
        uint64_t fan;
        unsigned ours;
    } table[] = {
        {FAN_CREATE, HB_FPE_CREATED},        {FAN_MODIFY, HB_FPE_MODIFIED},
        {FAN_CLOSE_WRITE, HB_FPE_CLOSED},    {FAN_ATTRIB, HB_FPE_ATTRIB},
        {FAN_DELETE, HB_FPE_DELETED},        {FAN_DELETE_SELF, HB_FPE_DELETED},
        {FAN_MOVED_FROM, HB_FPE_MOVED_FROM}, {FAN_MOVE_SELF, HB_FPE_MOVED_FROM},
        {FAN_MOVED_TO, HB_FPE_MOVED_TO},     {FAN_ONDIR, HB_FPE_DIR},
    };
    unsigned r = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(table); i++)
        if ((mask & table[i].fan) != 0)
            r |= table[i].ours;
    return r;
}

/* What is known of paths below a directory that moved is wrong now. */
static void dir_moved(struct hb_watch *w, struct hb_watch_site *s,
                      const struct hb_watch_item *i, uint64_t mask)
{
    char path[HB_MAX_PATH];

    if (s == NULL)
        return;
    /* The batch may be flushed below. */
    memcpy(path, i->path, i->path_n);
    path[i->path_n] = '\0';
    if ((mask & (FAN_MOVED_FROM | FAN_MOVED_TO | FAN_MOVE_SELF | FAN_DELETE)) !=
        0) {
        /* What it holds came along without an event of its own. */
        hb_quiet_reset(w);
        if (s->mode == HB_WATCH_FSMARK)
            hb_dirs_flush(w->dirs);
        else
            hb_dirs_forget(w->dirs, s->number, hb_slice_z(path));
    }
    if (s->mode == HB_WATCH_DIRMARK &&
        (mask & (FAN_CREATE | FAN_MOVED_TO)) != 0 &&
        hb_watch_tree(w, s, path, true) < 0)
        lost(w, 1);
}

static void send_item(struct hb_watch *w, struct hb_watch_item *i)
{
    struct hb_watch_site *s = hb_watch_site(w, i->site);
    struct hb_fp_item item;
    struct hb_object o;

    memset(&item, 0, sizeof(item));
    item.site = i->site;
    item.events = i->events;
    item.noticed = i->noticed;
    item.noticed_utc = i->noticed_utc;
    item.path = hb_slice(i->path, i->path_n);
    if ((i->events & HB_FPE_NO_PATH) != 0) {
        item.path.n = 0;
        hb_object_from(i->fd, true, &o);
    } else if (s == NULL || s->root < 0) {
        return;
    } else {
        hb_object_look(s->root, i->path, true, &o);
    }
    item.state = o.state;
    item.error = o.error;
    item.st = o.st;
    item.readable = o.readable;
    if (hb_watch_send_item(&w->send, &item, i->who, o.fd) < 0)
        lost(w, 1);
}

/* Something was not passed on: compare will scan. */
static void lost(struct hb_watch *w, uint64_t count)
{
    w->dropped += count;
}

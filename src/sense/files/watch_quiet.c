/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_quiet.c - files outside of every site that are written all the time.
 *
 * Runs in watch.  A mark on a whole file system brings the writes to every
 * log and database on it; a web server that notes each request would wake us
 * at each request.  A file outside that was written WRITES times gets an
 * ignore mark of its own for writes, and for writes only.
 *
 * That must never hide a site's file, so the mark is set on an inode which
 * has one name, and that name is no site's.  An inode can come into a site
 * only by a rename or a new link, and both give an event that is not ignored
 * and names it: the mark goes before the object is opened and judged, so what
 * is written later is told, and what was written earlier is read.  Where
 * events were lost all marks go.
 *
 * Sets of WAYS slots, the least recently used one makes room: who writes many
 * files gains nothing but the events that there were without us.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "sense/files/watch.h"

#define SETS   64u
#define WAYS   4u
#define WRITES 16u /* events of a file before it is marked */

struct slot {
    struct hb_fan_handle h; /* n 0: free */
    uint64_t used;
    uint32_t writes; /* since it was put here or marked */
    bool marked;
};

struct hb_quiet {
    uint64_t clock;
    struct slot slots[SETS][WAYS];
};

static struct slot *find(struct hb_watch *w, const struct hb_fan_handle *h,
                         bool make);
static bool is_outside(struct hb_watch *w, int fd);
static void mark(struct hb_watch *w, struct slot *s);
static void unmark(struct hb_watch *w, struct slot *s);
static int open_slot(struct hb_watch *w, const struct slot *s);

struct hb_quiet *hb_quiet_new(void)
{
    return calloc(1, sizeof(struct hb_quiet));
}

void hb_quiet_wrote(struct hb_watch *w, const struct hb_fan_handle *h)
{
    struct slot *s = find(w, h, true);

    if (++s->writes < WRITES)
        return;
    /* Marked already: the kernel forgot it together with the inode. */
    s->writes = 0;
    mark(w, s);
}

void hb_quiet_end(struct hb_watch *w, const struct hb_fan_handle *h)
{
    struct slot *s = find(w, h, false);

    if (s == NULL)
        return;
    unmark(w, s);
    s->writes = 0;
}

void hb_quiet_reset(struct hb_watch *w)
{
    for (size_t i = 0; i < SETS; i++)
        for (size_t k = 0; k < WAYS; k++)
            unmark(w, &w->quiet->slots[i][k]);
    memset(w->quiet, 0, sizeof(*w->quiet));
}

/* The slot of H; where MAKE, one that becomes it. */
static struct slot *find(struct hb_watch *w, const struct hb_fan_handle *h,
                         bool make)
{
    struct slot *set = w->quiet->slots[hb_dirs_hash(w->dirs, h) % SETS];
    struct slot *oldest = &set[0];

    for (size_t i = 0; i < WAYS; i++) {
        struct slot *s = &set[i];

        if (s->h.n == h->n && s->h.fsid == h->fsid && s->h.type == h->type &&
            memcmp(s->h.bytes, h->bytes, h->n) == 0) {
            s->used = ++w->quiet->clock;
            return s;
        }
        if (s->used < oldest->used)
            oldest = s;
    }
    if (!make)
        return NULL;
    unmark(w, oldest);
    *oldest = (struct slot){.h = *h, .used = ++w->quiet->clock};
    return oldest;
}

/* One name, and not a site's. */
static bool is_outside(struct hb_watch *w, int fd)
{
    char path[HB_MAX_PATH], link[64];
    const char *rel;
    struct stat st;
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n <= 0 || fstat(fd, &st) < 0)
        return false;
    path[n] = '\0';
    return S_ISREG(st.st_mode) && st.st_nlink == 1 &&
           hb_watch_site_of(w, path, &rel) == NULL;
}

static void mark(struct hb_watch *w, struct slot *s)
{
    _cleanup_close_ int fd = open_slot(w, s);

    /* The mark first: a name that comes after it is an event. */
    s->marked = fd >= 0 && hb_fan_ignore(w->fan, fd, true) == 0;
    if (s->marked && !is_outside(w, fd))
        unmark(w, s);
}

static void unmark(struct hb_watch *w, struct slot *s)
{
    _cleanup_close_ int fd = s->marked ? open_slot(w, s) : -1;
    int r;

    /* One that is gone took its mark along. */
    s->marked = false;
    if (fd < 0)
        return;
    r = hb_fan_ignore(w->fan, fd, false);
    /* -ENOENT: the kernel forgot it.  Else compare looks at everything. */
    if (r < 0 && r != -ENOENT)
        w->dropped++;
}

static int open_slot(struct hb_watch *w, const struct slot *s)
{
    int mountfd = hb_watch_fs_find(w, s->h.fsid), fd;

    return mountfd >= 0 && hb_fan_open_handle(mountfd, &s->h, &fd) == 0 ? fd
                                                                        : -1;
}

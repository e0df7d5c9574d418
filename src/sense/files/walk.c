/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - see walk.h.  Runs in watch.
 *
 * Directories still to visit are kept as paths, not as descriptors: depth
 * costs memory only, and the memory has a ceiling.  An attacker's tree that
 * is too deep for a path is skipped below that depth and counted; its top
 * was reported.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "base/file.h"
#include "sense/files/walk.h"

#define DENTS (64u << 10)

/* As getdents64(2) writes them. */
struct dent {
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

struct walk {
    hb_walk_fn *fn;
    void *arg;
    struct hb_walk_stats *st;
    struct hb_buf pending; /* paths, each behind its length (u32) */
    char path[HB_MAX_PATH];
    size_t n; /* of the directory in work */
    uint8_t *dents;
};

static int visit(struct walk *w, int dirfd);
static int entry(struct walk *w, int dirfd, const struct dent *d, size_t n);
static void push(struct walk *w, const char *path, size_t n);
static bool pop(struct walk *w);

int hb_walk(int rootfd, const char *prefix, hb_walk_fn *fn, void *arg,
            struct hb_walk_stats *ret)
{
    struct walk *w = calloc(1, sizeof(*w));
    struct hb_walk_stats st = {0, 0};
    size_t n = strlen(prefix);
    bool first = true;
    int r = 0;

    if (w == NULL)
        return -ENOMEM;
    w->fn = fn;
    w->arg = arg;
    w->st = &st;
    w->dents = malloc(DENTS);
    hb_buf_init(&w->pending, HB_WALK_PENDING);
    if (w->dents == NULL || n >= sizeof(w->path))
        r = w->dents == NULL ? -ENOMEM : -ENAMETOOLONG;
    else
        push(w, prefix, n);
    while (r >= 0 && pop(w)) {
        int fd = w->n == 0
                     ? openat(rootfd, ".",
                              O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                     : hb_open_beneath(rootfd, w->path,
                                       O_RDONLY | O_DIRECTORY | O_CLOEXEC |
                                           O_NOFOLLOW,
                                       0, false);

        if (fd < 0 && w->n == 0)
            fd = -errno;
        if (fd < 0) {
            /* Gone meanwhile is no fault, but the start must be there. */
            if (first)
                r = fd;
            else if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
                st.skipped++;
            first = false;
            continue;
        }
        first = false;
        r = visit(w, fd);
        (void)close(fd);
    }
    hb_buf_done(&w->pending);
    free(w->dents);
    free(w);
    if (r >= 0)
        *ret = st;
    return HB_MIN(r, 0);
}

static int visit(struct walk *w, int dirfd)
{
    for (;;) {
        long got = syscall(SYS_getdents64, dirfd, w->dents, DENTS);
        size_t at = 0;

        if (got < 0) {
            w->st->skipped++;
            return 0;
        }
        if (got == 0)
            return 0;
        while (at + offsetof(struct dent, name) < (size_t)got) {
            const struct dent *d =
                (const struct dent *)(const void *)(w->dents + at);
            size_t room = (size_t)got - at;
            int r;

            if (d->len < offsetof(struct dent, name) + 1 || d->len > room)
                return -EBADMSG;
            r = entry(w, dirfd, d,
                      strnlen(d->name, d->len - offsetof(struct dent, name)));
            if (r < 0)
                return r;
            at += d->len;
        }
    }
}

static int entry(struct walk *w, int dirfd, const struct dent *d, size_t n)
{
    size_t base = w->n, full = base + (base > 0) + n;
    int r;

    if ((n == 1 && d->name[0] == '.') ||
        (n == 2 && d->name[0] == '.' && d->name[1] == '.'))
        return 0;
    w->st->entries++;
    if (full >= sizeof(w->path)) {
        w->st->skipped++;
        return 0;
    }
    if (base > 0)
        w->path[base] = '/';
    memcpy(w->path + full - n, d->name, n);
    w->path[full] = '\0';
    r = w->fn(w->arg, dirfd, w->path + full - n, w->path, full, d->type);
    if (r == 0 && (d->type == DT_DIR || d->type == DT_UNKNOWN))
        push(w, w->path, full);
    w->path[base] = '\0';
    return r < 0 ? r : 0;
}

static void push(struct walk *w, const char *path, size_t n)
{
    if (w->pending.n + n + sizeof(uint32_t) > HB_WALK_PENDING) {
        w->st->skipped++;
        return;
    }
    hb_buf_add(&w->pending, path, n);
    hb_buf_add_u32(&w->pending, (uint32_t)n);
}

/* Takes the last one: depth first, so that little is pending. */
static bool pop(struct walk *w)
{
    uint8_t *p;
    uint32_t n;

    if (w->pending.n < sizeof(n) || hb_buf_err(&w->pending) < 0)
        return false;
    w->pending.n -= sizeof(n);
    p = (uint8_t *)w->pending.p + w->pending.n;
    n = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
        (uint32_t)p[3] << 24;
    w->pending.n -= n;
    memcpy(w->path, w->pending.p + w->pending.n, n);
    w->path[n] = '\0';
    w->n = n;
    return true;
}

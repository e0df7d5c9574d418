/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.c - see object.h.
 *
 * Runs in watch.  First O_PATH, which opens nothing: no FIFO waits, no
 * device acts.  Only what fstat then calls a regular file is opened for
 * reading, through /proc/self/fd, so that it is that very inode.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "sense/files/object.h"

/* Reading never waits, follows nothing and leaves no trace. */
#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)

static int open_read(int dirfd, const char *path, int flags);
static int reopen(int pathfd);

void hb_object_look(int rootfd, const char *rel, bool read,
                    struct hb_object *ret)
{
    int fd;

    memset(ret, 0, sizeof(*ret));
    ret->fd = -1;
    if (rel[0] == '\0')
        fd = openat(rootfd, ".", O_PATH | O_CLOEXEC | O_NOFOLLOW);
    else
        fd = hb_open_beneath(rootfd, rel, O_PATH | O_CLOEXEC | O_NOFOLLOW, 0,
                             false);
    if (fd < 0) {
        int e = rel[0] == '\0' ? -errno : fd;

        /* A part of the path that is no directory any more: gone. */
        ret->state = e == -ENOENT || e == -ENOTDIR || e == -ELOOP
                         ? HB_FPS_ABSENT
                         : HB_FPS_ERROR;
        ret->error = ret->state == HB_FPS_ERROR ? e : 0;
        return;
    }
    hb_object_from(fd, read, ret);
}

void hb_object_from(int pathfd, bool read, struct hb_object *ret)
{
    struct statx sx;

    memset(ret, 0, sizeof(*ret));
    ret->fd = pathfd;
    if (statx(pathfd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
              STATX_BASIC_STATS, &sx) < 0) {
        ret->state = HB_FPS_ERROR;
        ret->error = -errno;
        hb_close(&ret->fd);
        return;
    }
    ret->state = HB_FPS_PRESENT;
    hb_fp_stat_from(&ret->st, &sx);
    if (read && S_ISREG(sx.stx_mode)) {
        int fd = reopen(pathfd);

        if (fd >= 0) {
            hb_close(&ret->fd);
            ret->fd = fd;
            ret->readable = true;
        }
    }
}

bool hb_object_list_open(int dirfd, const char *name, struct hb_object *ret)
{
    int fd = open_read(dirfd, name, READ_FLAGS | O_NOFOLLOW);
    struct statx sx;

    if (fd < 0)
        return false;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) < 0 ||
        !S_ISREG(sx.stx_mode)) {
        (void)close(fd);
        return false;
    }
    memset(ret, 0, sizeof(*ret));
    ret->fd = fd;
    ret->readable = true;
    ret->state = HB_FPS_PRESENT;
    hb_fp_stat_from(&ret->st, &sx);
    return true;
}

void hb_object_done(struct hb_object *o)
{
    hb_close(&o->fd);
}

static int open_read(int dirfd, const char *path, int flags)
{
    /* Only owners and CAP_FOWNER may; watch keeps no such capability, so
     * after the first refusal it is not tried again.  Two threads may both
     * find out: the same answer. */
    static bool noatime_refused;
    int fd;

    if (!__atomic_load_n(&noatime_refused, __ATOMIC_RELAXED)) {
        fd = openat(dirfd, path, flags | O_NOATIME);
        if (fd >= 0)
            return fd;
        if (errno != EPERM)
            return -errno;
        __atomic_store_n(&noatime_refused, true, __ATOMIC_RELAXED);
    }
    fd = openat(dirfd, path, flags);
    return fd >= 0 ? fd : -errno;
}

static int reopen(int pathfd)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", pathfd);
    return open_read(AT_FDCWD, path, READ_FLAGS);
}

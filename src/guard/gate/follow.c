/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow.c - see follow.h.  Runs in the role gate, which may only read.
 */
#include "guard/gate/follow.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/num.h"

struct hb_follow {
    char path[HB_MAX_PATH];
    int fd; /* -1: none open */
    off_t at;
    bool begun; /* the file of the start was looked for */
    char *buf;  /* the beginning of a line */
    size_t n, max;
    bool skipping; /* up to the next line end */
    uint64_t lost;
};

static int open_it(struct hb_follow *f);
static int replaced(struct hb_follow *f, bool *ret);
static size_t take(struct hb_follow *f, struct hb_slice more, hb_follow_fn *fn,
                   void *arg);

struct hb_follow *hb_follow_new(const char *path, size_t max)
{
    struct hb_follow *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return NULL;
    f->fd = -1;
    f->max = max;
    f->buf = malloc(max);
    if (f->buf == NULL || !hb_copyz(f->path, sizeof(f->path), path)) {
        hb_follow_free(f);
        return NULL;
    }
    /* Not an error: it may come later. */
    (void)!open_it(f);
    f->begun = true;
    return f;
}

void hb_follow_free(struct hb_follow *f)
{
    if (f == NULL)
        return;
    hb_close(&f->fd);
    free(f->buf);
    free(f);
}

int hb_follow_read(struct hb_follow *f, size_t budget, hb_follow_fn *fn,
                   void *arg)
{
    char block[32768];
    int r = f->fd < 0 ? open_it(f) : 0;

    if (r < 0)
        return r;
    while (budget > 0) {
        struct stat st;
        bool other;
        ssize_t n;

        n = pread(f->fd, block, HB_MIN(sizeof(block), budget), f->at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n > 0) {
            f->at += n;
            budget -= (size_t)n;
            (void)take(f, hb_slice(block, (size_t)n), fn, arg);
            continue;
        }
        if (fstat(f->fd, &st) < 0)
            return -errno;
        if (st.st_size < f->at) {
            f->lost += f->n > 0 || f->skipping;
            f->at = 0;
            f->n = 0;
            f->skipping = false;
            continue;
        }
        r = replaced(f, &other);
        if (r < 0 || !other)
            return HB_MIN(r, 0);
        /* Whoever still has it open may write a last line: next time. */
        hb_close(&f->fd);
        f->lost += f->n > 0 || f->skipping;
        f->n = 0;
        f->skipping = false;
        r = open_it(f);
        if (r < 0)
            return r;
    }
    return 1;
}

uint64_t hb_follow_lost(struct hb_follow *f)
{
    uint64_t n = f->lost;

    f->lost = 0;
    return n;
}

/* At its end where it was there at the start, else at its beginning. */
static int open_it(struct hb_follow *f)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return -EINVAL;
    }
    f->fd = fd;
    f->at = f->begun ? 0 : st.st_size;
    return 0;
}

/* Whether the name means another file by now.  None at all: not yet. */
static int replaced(struct hb_follow *f, bool *ret)
{
    struct stat mine, named;

    *ret = false;
    if (stat(f->path, &named) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (fstat(f->fd, &mine) < 0)
        return -errno;
    *ret = mine.st_dev != named.st_dev || mine.st_ino != named.st_ino;
    return 0;
}

static size_t take(struct hb_follow *f, struct hb_slice more, hb_follow_fn *fn,
                   void *arg)
{
    size_t lines = 0;

    while (more.n > 0) {
        const char *end = memchr(more.p, '\n', more.n);
        size_t n = end != NULL ? (size_t)(end - more.p) : more.n;

        if (!f->skipping && n > f->max - f->n) {
            f->skipping = true;
            f->lost++;
            f->n = 0;
        }
        if (!f->skipping && n > 0) {
            memcpy(f->buf + f->n, more.p, n);
            f->n += n;
        }
        if (end == NULL)
            break;
        if (!f->skipping && f->n > 0) {
            fn(arg, hb_slice(f->buf, f->n));
            lines++;
        }
        f->skipping = false;
        f->n = 0;
        more = hb_slice(end + 1, more.n - n - 1);
    }
    return lines;
}

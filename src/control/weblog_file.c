/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weblog_file.c - the parts of an access log that lie around changes.
 *
 * Runs in check.  A log may be huge and the change long ago: its lines stand
 * in the order of time (nearly: each worker of nginx writes its own buffer),
 * so the place is found by halving.  How much is read has a ceiling, around
 * the change and not at the end of the file.  What is packed is not read.
 *
 * A line that holds more than one time counts under the one that is nearest
 * to a change; nothing is skipped, ended or left out because of one of them.
 */
#include "control/webtrace.h"

#include <fcntl.h>

#include "base/clock.h"
#include "base/file.h"

#define BEFORE_NS (15 * 60 * (int64_t)HB_S)
#define AFTER_NS  (5 * 60 * (int64_t)HB_S)
#define SLACK_NS  (60 * (int64_t)HB_S) /* lines that came late */
#define SPANS     8u
#define READ_MAX  ((off_t)16 << 20) /* bytes around a change ... */
#define READ_ALL  ((off_t)48 << 20) /* ... and of one file */
#define BLOCK     (64u << 10)
#define SEEK_MAX  ((off_t)1 << 20) /* bytes in which a step finds a time */
#define OLDER_MAX 64u

struct span { /* of time: changes near each other are one */
    int64_t from, first, until;
};

struct text { /* lines of a file */
    int fd;
    off_t at, end; /* what was not read yet */
    char *buf;     /* of BLOCK bytes */
    size_t n, used;
    bool skip; /* up to the next line's begin */
    bool cut;  /* the end is none of a line */
};

/* What a line may mean by its times. */
struct when {
    int64_t least, most; /* ns UTC */
    int64_t nearest;     /* of those within a span, 0 none */
};

struct reading {
    const struct hb_around *around;
    struct hb_weblog_file *file;
    hb_weblog_fn *fn;
    void *arg;
    struct hb_arena *scratch;
    char *buf;
    struct span span[SPANS];
    size_t spans;
    int64_t begins; /* the first line that was found in any file */
    off_t counted;  /* up to here lines of this file were counted */
};

static void spans(struct reading *r);
static int one_file(struct reading *r, const char *path);
static int64_t first_time(struct reading *r, int fd, off_t size);
static off_t seek_time(struct reading *r, int fd, off_t size, int64_t at);
static bool older_at(struct reading *r, int fd, off_t mid, off_t hi, int64_t at,
                     off_t *ret_line);
static void read_span(struct reading *r, int fd, off_t size,
                      const struct span *s);
static struct when when(const struct reading *r, const struct span *s,
                        struct hb_weblog w);
static const char *previous(const struct hb_machine *m, const char *path,
                            const char *skip);
static bool is_packed(const char *path);
static bool next(struct text *t, struct hb_slice *ret);
static off_t place(const struct text *t);

void hb_weblog_read(const struct hb_around *a, struct hb_weblog_file *f,
                    hb_weblog_fn *fn, void *arg)
{
    struct reading r = {.around = a,
                        .file = f,
                        .fn = fn,
                        .arg = arg,
                        .scratch = hb_arena_new(0),
                        .buf = hb_arena_alloc(a->machine->arena, BLOCK),
                        .begins = INT64_MAX};
    const char *one = NULL, *older = NULL;

    if (r.scratch == NULL || r.buf == NULL) {
        f->error = -ENOMEM;
        hb_arena_free(r.scratch);
        return;
    }
    spans(&r);
    f->error = one_file(&r, f->path);
    if (f->error == 0 && r.begins > r.span[0].from) {
        one = previous(a->machine, f->path, NULL);
        older = one;
        if (one != NULL && !is_packed(one) && one_file(&r, one) == 0)
            older = r.begins > r.span[0].from
                        ? previous(a->machine, f->path, one)
                        : NULL;
    }
    f->older = older;
    hb_arena_free(r.scratch);
}

static void spans(struct reading *r)
{
    const struct hb_around *a = r->around;

    for (size_t i = 0; i < a->n; i++) {
        int64_t at = a->change[i].at;
        struct span *s = r->spans > 0 ? &r->span[r->spans - 1] : NULL;

        if (s != NULL && at - BEFORE_NS <= s->until)
            s->until = HB_MAX(s->until, at + AFTER_NS);
        else if (r->spans < SPANS)
            r->span[r->spans++] =
                (struct span){at - BEFORE_NS, at, at + AFTER_NS};
    }
}

static int one_file(struct reading *r, const char *path)
{
    off_t size = 0;
    int fd = hb_machine_open(r->around->machine, path, &size);

    if (fd < 0)
        return fd;
    r->counted = 0;
    r->begins = HB_MIN(r->begins, first_time(r, fd, size));
    for (size_t i = 0; i < r->spans; i++)
        read_span(r, fd, size, &r->span[i]);
    (void)close(fd);
    return 0;
}

static int64_t first_time(struct reading *r, int fd, off_t size)
{
    struct text t = {.fd = fd, .end = size, .buf = r->buf};
    struct hb_slice line;
    struct hb_weblog w;

    for (int i = 0; i < 1000 && next(&t, &line); i++) {
        hb_arena_reset(r->scratch);
        if (hb_weblog_line(r->scratch, line, &w))
            return when(r, NULL, w).most;
    }
    return INT64_MAX;
}

/* The begin of a line before which everything is older than AT. */
static off_t seek_time(struct reading *r, int fd, off_t size, int64_t at)
{
    off_t lo = 0, hi = size;

    while (hi - lo > (off_t)BLOCK) {
        off_t mid = lo + (hi - lo) / 2, line = 0;

        if (older_at(r, fd, mid, hi, at, &line))
            lo = line;
        else
            hi = mid;
    }
    return lo;
}

/* Whether the first line after MID that says so, whichever of its times is the
 * server's, is older than AT; where none does, it is rather not. */
static bool older_at(struct reading *r, int fd, off_t mid, off_t hi, int64_t at,
                     off_t *ret_line)
{
    struct text t = {.fd = fd,
                     .at = mid,
                     .end = HB_MIN(hi, mid + SEEK_MAX),
                     .buf = r->buf,
                     .skip = true,
                     .cut = true};
    struct hb_slice line;
    struct hb_weblog w;

    while (next(&t, &line)) {
        struct when v;

        hb_arena_reset(r->scratch);
        if (!hb_weblog_line(r->scratch, line, &w))
            continue;
        v = when(r, NULL, w);
        *ret_line = place(&t) - (off_t)line.n - 1;
        if (v.most < at || v.least >= at)
            return v.most < at;
    }
    return false;
}

/* S may be NULL. */
static struct when when(const struct reading *r, const struct span *s,
                        struct hb_weblog w)
{
    struct when v = {.least = w.at, .most = w.at};
    int64_t far = INT64_MAX;

    do {
        v.least = HB_MIN(v.least, w.at);
        v.most = HB_MAX(v.most, w.at);
        if (s == NULL || w.at < s->from || w.at > s->until ||
            hb_around_far(r->around, w.at) >= far)
            continue;
        far = hb_around_far(r->around, w.at);
        v.nearest = w.at;
    } while (hb_weblog_again(&w));
    return v;
}

static void read_span(struct reading *r, int fd, off_t size,
                      const struct span *s)
{
    struct hb_weblog_file *f = r->file;
    off_t from = seek_time(r, fd, size, s->from - SLACK_NS);
    off_t mid = seek_time(r, fd, size, s->first - SLACK_NS);
    off_t most = HB_MIN(READ_MAX, READ_ALL / (off_t)r->spans);
    bool late = mid - from > most / 2;
    struct text t = {.fd = fd, .buf = r->buf, .skip = late};
    int64_t first = 0, last = 0;
    struct hb_slice line;

    t.at = late ? mid - most / 2 : from;
    t.end = HB_MIN(size, t.at + most);
    t.cut = t.end < size;
    while (next(&t, &line)) {
        bool again = place(&t) <= r->counted, good;
        struct hb_weblog w;
        struct when v;

        hb_arena_reset(r->scratch);
        good = line.n == 0 || hb_weblog_line(r->scratch, line, &w);
        f->lines += !again && line.n > 0;
        f->unread += !again && !good;
        if (!good || line.n == 0)
            continue;
        v = when(r, s, w);
        first = first == 0 && v.least == v.most ? w.at : first;
        last = v.least == v.most ? w.at : last;
        if (v.least > s->until + SLACK_NS)
            break;
        if (v.nearest == 0)
            continue;
        w.at = v.nearest;
        r->fn(r->arg, f, &w);
    }
    r->counted = HB_MAX(r->counted, place(&t));
    if (late || (t.end < size && last <= s->until)) {
        f->partly = true;
        f->from = f->from == 0 || first == 0 ? HB_MAX(f->from, first)
                                             : HB_MIN(f->from, first);
        f->until = HB_MAX(f->until, last);
    }
}

/* The log that PATH was rotated into last, but for SKIP: PATH.1 or, by date,
 * PATH-20261130; NULL: there is none. */
static const char *previous(const struct hb_machine *m, const char *path,
                            const char *skip)
{
    static const char *const forms[] = {".[1-9]", ".[1-9].*", "-[0-9]*"};
    const char *best = NULL;

    for (size_t k = 0; k < HB_ARRAY_LEN(forms); k++) {
        const char *pattern = hb_arena_printf(m->arena, "%s%s", path, forms[k]);
        const char *const *v = NULL;
        size_t n = 0, len = strlen(path);

        if (pattern == NULL ||
            hb_machine_glob(m, pattern, OLDER_MAX, &v, &n) < 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            bool dated = v[i][len] == '-';
            int order;

            if (skip != NULL && hb_streq(v[i], skip))
                continue;
            /* .1 before .2, the latest date before the others. */
            order = best == NULL ? -1 : strcmp(v[i], best);
            if (best == NULL || (dated ? order > 0 : order < 0))
                best = v[i];
        }
        if (best != NULL && k == 1)
            break;
    }
    return best;
}

static bool is_packed(const char *path)
{
    static const char *const ends[] = {".gz", ".xz", ".bz2", ".zst", ".zip"};

    for (size_t i = 0; i < HB_ARRAY_LEN(ends); i++)
        if (hb_ends_with(path, ends[i]))
            return true;
    return false;
}

/* The next line; what is longer than the buffer is cut. */
static bool next(struct text *t, struct hb_slice *ret)
{
    for (;;) {
        const char *from = t->buf + t->used, *end;
        size_t have = t->n - t->used, want;
        ssize_t got;

        end = have > 0 ? memchr(from, '\n', have) : NULL;
        if (end != NULL || (have == BLOCK && !t->skip) ||
            (have > 0 && t->at >= t->end && !t->skip && !t->cut)) {
            size_t n = end != NULL ? (size_t)(end - from) : have;
            bool skipped = t->skip;

            t->used += n + (end != NULL);
            t->skip = end == NULL;
            if (skipped)
                continue;
            *ret = hb_slice(from, n);
            return true;
        }
        if (t->skip)
            t->used = t->n;
        if (t->at >= t->end)
            return false;
        memmove(t->buf, t->buf + t->used, t->n - t->used);
        t->n -= t->used;
        t->used = 0;
        want = (size_t)HB_MIN((off_t)(BLOCK - t->n), t->end - t->at);
        got = pread(t->fd, t->buf + t->n, want, t->at);
        if (got <= 0) {
            t->end = t->at;
            continue;
        }
        t->n += (size_t)got;
        t->at += got;
    }
}

/* Where in the file the next line begins. */
static off_t place(const struct text *t)
{
    return t->at - (off_t)(t->n - t->used);
}

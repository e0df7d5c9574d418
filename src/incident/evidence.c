/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.c - keeps evidence: contents under their SHA-256, a chained log.
 *
 * Runs in core, the only writer (flock on the log).  What is copied in was
 * made by attackers and is neither looked into nor executed; it gets mode
 * 0400 and a name that is its hash.  Order of a taking: content written and
 * fsynced in DIR/new, renamed to its place, directory fsynced, then the line
 * in one write and fdatasync.  A crash between leaves a content without a
 * line, never a line without its content.  A line that could not be made
 * durable is cut off again, so the log holds acknowledged lines only; where
 * even that fails nothing more is appended until the store is opened anew.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/num.h"
#include "incident/evidence_log.h"

#define CHUNK ((size_t)64 << 10)

/* Where content comes from: a descriptor, or bytes. */
struct source {
    int fd; /* -1: bytes */
    struct hb_slice bytes;
};

/* What the log looks like when it is opened. */
struct tail {
    int64_t lines; /* whole ones */
    off_t begin;   /* of the last whole one */
    off_t whole;   /* end of the last whole one */
    off_t size;
};

static int open_dirs(struct hb_evidence *e, const char *dir);
static int open_log(struct hb_evidence *e, struct hb_err *err);
static int find_tail(int fd, struct tail *t);
static int last_digest(int fd, const struct tail *t,
                       uint8_t ret[HB_SHA256_SIZE]);
static int set_aside(struct hb_evidence *e, const struct tail *t);
static int clear_new(struct hb_evidence *e);
static int add(struct hb_evidence *e, struct hb_evidence_item *item,
               const struct source *from, uint64_t max);
static int copy(struct hb_evidence *e, const struct source *from, uint64_t max,
                const char *temp, char sha256[65], int64_t *ret_size);
static int copy_bytes(int to, const struct source *from, uint64_t max,
                      uint8_t ret[HB_SHA256_SIZE], int64_t *ret_size);
static int place(struct hb_evidence *e, const char *temp, const char sha256[65],
                 int64_t size);
static int make_room(struct hb_evidence *e, int abfd, const char *name,
                     const char sha256[65], int64_t size);
static int append(struct hb_evidence *e, struct hb_evid_line *l);
static int write_line(struct hb_evidence *e, const struct hb_buf *b);
static bool replaced(const struct hb_evidence *e);

int hb_evidence_open(const char *dir, const struct hb_key *key,
                     struct hb_evidence **ret, struct hb_err *err)
{
    struct hb_evidence *e = calloc(1, sizeof(*e));
    char why[128];
    int r;

    if (e == NULL)
        return -ENOMEM;
    *e = (struct hb_evidence){.magic = HB_EVIDENCE_MAGIC,
                              .key = key,
                              .dirfd = -1,
                              .hashfd = -1,
                              .newfd = -1,
                              .logfd = -1,
                              .contents = -1};
    r = open_dirs(e, dir);
    if (r < 0)
        (void)hb_err_at(err, r, dir, 0, 0,
                        _("the evidence store could not be opened: %s"),
                        hb_errno_text(r, why, sizeof(why)));
    else
        r = open_log(e, err);
    if (r < 0) {
        hb_evidence_close(e);
        return r;
    }
    *ret = e;
    return 0;
}

void hb_evidence_close(struct hb_evidence *e)
{
    if (e == NULL)
        return;
    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    hb_close(&e->logfd);
    hb_close(&e->newfd);
    hb_close(&e->hashfd);
    hb_close(&e->dirfd);
    e->magic = 0;
    free(e);
}

int hb_evidence_add_fd(struct hb_evidence *e, struct hb_evidence_item *item,
                       int fd, uint64_t max)
{
    struct source from = {.fd = fd};
    struct stat st;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (fstat(fd, &st) < 0)
        return -errno;
    /* A FIFO or a device could hold us up for ever. */
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    return add(e, item, &from, max);
}

int hb_evidence_add_bytes(struct hb_evidence *e, struct hb_evidence_item *item,
                          struct hb_slice content)
{
    struct source from = {.fd = -1, .bytes = content};

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    return add(e, item, &from, content.n);
}

int hb_evidence_note(struct hb_evidence *e, struct hb_evidence_item *item)
{
    struct hb_evid_line l = {.item = *item};
    int r;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    l.item.sha256[0] = '\0';
    l.item.size = 0;
    r = append(e, &l);
    if (r == 0)
        *item = l.item;
    return r;
}

int hb_evidence_checkpoint(struct hb_evidence *e, struct hb_arena *a,
                           struct hb_slice *ret_text)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    struct hb_evid_line l = {.checkpoint = true};
    struct hb_evid_anchor c;
    char *out;
    int r;

    HB_CHECK(e, HB_EVIDENCE_MAGIC);
    if (e->key == NULL)
        return -ENOKEY;
    c = (struct hb_evid_anchor){.number = e->number, .time = hb_now()};
    memcpy(c.digest, e->digest, sizeof(c.digest));
    hb_evid_signed_text(&msg, &c);
    r = hb_buf_err(&msg);
    if (r == 0)
        r = hb_sign(e->key, "checkpoint", hb_buf_slice(&msg), c.sig);
    if (r < 0)
        return r;
    hb_evid_anchor_text(&text, &c);
    if (hb_buf_err(&text) < 0)
        return hb_buf_err(&text);
    out = hb_arena_dup(a, text.p, text.n);
    if (out == NULL)
        return -ENOMEM;
    l.item.time = c.time;
    memcpy(l.sig, c.sig, sizeof(l.sig));
    r = append(e, &l);
    if (r == 0)
        *ret_text = hb_slice(out, text.n);
    return r;
}

static int open_dirs(struct hb_evidence *e, const char *dir)
{
    int r = hb_mkdirs(dir, 0700);

    if (r < 0)
        return r;
    e->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (e->dirfd < 0)
        return -errno;
    if (mkdirat(e->dirfd, "sha256", 0700) < 0 && errno != EEXIST)
        return -errno;
    e->hashfd = openat(e->dirfd, "sha256",
                       O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (e->hashfd < 0)
        return -errno;
    e->logfd =
        openat(e->dirfd, "log",
               O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (e->logfd < 0)
        return -errno;
    if (flock(e->logfd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EBUSY : -errno;
    r = clear_new(e);
    return r < 0 ? r : hb_fsync(e->dirfd);
}

static int open_log(struct hb_evidence *e, struct hb_err *err)
{
    struct tail t = {0};
    char why[128];
    int r = find_tail(e->logfd, &t);

    if (r == 0 && t.lines > 0)
        r = last_digest(e->logfd, &t, e->digest);
    if (r == 0) {
        e->number = t.lines;
        e->length = t.whole;
        if (t.size != t.whole)
            r = set_aside(e, &t);
    }
    if (r < 0)
        return hb_err_set(err, r,
                          _("The log of the evidence store could not be "
                            "read or mended: %s"),
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

/* A line that was being written when the power went may lack its end, or
 * hold zeros where a block never reached the disk.  Zeros before a whole line
 * are no torn tail: they stay where they are, for verify to find. */
static int find_tail(int fd, struct tail *t)
{
    char chunk[CHUNK];
    bool zeros = false;
    int64_t all = 0;
    off_t begin = 0;
    ssize_t n;

    while ((n = hb_pread_full(fd, chunk, sizeof(chunk), t->size)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            zeros = zeros || chunk[i] == '\0';
            if (chunk[i] != '\n')
                continue;
            all++;
            if (!zeros) {
                t->lines = all;
                t->begin = begin;
                t->whole = t->size + i + 1;
            }
            begin = t->size + i + 1;
            zeros = false;
        }
        t->size += n;
    }
    return (int)n;
}

/* A line that is too long is none of ours; then any digest does. */
static int last_digest(int fd, const struct tail *t,
                       uint8_t ret[HB_SHA256_SIZE])
{
    size_t n = (size_t)HB_MIN((off_t)HB_EVID_LINE_MAX, t->whole - t->begin);
    char *line = malloc(n);
    ssize_t got = line != NULL ? hb_pread_full(fd, line, n, t->begin) : -ENOMEM;

    if (got == (ssize_t)n)
        hb_evid_digest(hb_slice(line, n), ret);
    free(line);
    return got < 0 ? (int)got : got == (ssize_t)n ? 0 : -EIO;
}

/* What is torn is kept beside the log, and the chain goes on with a line that
 * says so. */
static int set_aside(struct hb_evidence *e, const struct tail *t)
{
    char name[32], source[160];
    struct hb_evidence_item item = {.kind = "note",
                                    .taken_by = "role:core",
                                    .name = name,
                                    .source = source};
    int fd = -1, r = 0;

    for (unsigned i = 1; fd < 0 && i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "log.torn-%u", i);
        fd = openat(e->dirfd, name,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
        if (fd < 0 && errno != EEXIST)
            return -errno;
    }
    if (fd < 0)
        return -EEXIST;
    for (off_t at = t->whole; r == 0 && at < t->size;) {
        char chunk[CHUNK];
        ssize_t n = hb_pread_full(e->logfd, chunk, sizeof(chunk), at);

        r = n < 0 ? (int)n : n == 0 ? -EIO : hb_write_all(fd, chunk, (size_t)n);
        at += n > 0 ? n : 0;
    }
    if (r == 0)
        r = hb_fsync(fd);
    hb_close(&fd);
    if (r == 0)
        r = hb_fsync(e->dirfd);
    if (r < 0) {
        (void)unlinkat(e->dirfd, name, 0);
        return r;
    }
    if (ftruncate(e->logfd, t->whole) < 0)
        return -errno;
    r = hb_fdatasync(e->logfd);
    if (r < 0)
        return r;
    (void)snprintf(source, sizeof(source),
                   "%lld bytes behind line %lld were not whole when the log "
                   "was opened",
                   (long long)(t->size - t->whole), (long long)t->lines);
    return hb_evidence_note(e, &item);
}

/* What a crash left half copied was never acknowledged. */
static int clear_new(struct hb_evidence *e)
{
    int r = hb_rmtree(e->dirfd, "new");

    if (r < 0 && r != -ENOENT)
        return r;
    if (mkdirat(e->dirfd, "new", 0700) < 0)
        return -errno;
    e->newfd = openat(e->dirfd, "new",
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return e->newfd < 0 ? -errno : 0;
}

static int add(struct hb_evidence *e, struct hb_evidence_item *item,
               const struct source *from, uint64_t max)
{
    struct hb_evid_line l = {.item = *item};
    char temp[33];
    uint8_t random[16];
    int r;

    if (e->broken != 0)
        return e->broken;
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), temp);
    r = copy(e, from, max, temp, l.item.sha256, &l.item.size);
    if (r == 0)
        r = place(e, temp, l.item.sha256, l.item.size);
    if (r < 0) {
        (void)unlinkat(e->newfd, temp, 0);
        return r;
    }
    r = append(e, &l);
    if (r == 0)
        *item = l.item;
    return r;
}

static int copy(struct hb_evidence *e, const struct source *from, uint64_t max,
                const char *temp, char sha256[65], int64_t *ret_size)
{
    _cleanup_close_ int to = -1;
    uint8_t digest[HB_SHA256_SIZE];
    int r;

    to = openat(e->newfd, temp,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    if (to < 0)
        return -errno;
    r = copy_bytes(to, from, max, digest, ret_size);
    if (r == 0)
        r = hb_fsync(to);
    if (r == 0)
        hb_hex(digest, sizeof(digest), sha256);
    return r;
}

static int copy_bytes(int to, const struct source *from, uint64_t max,
                      uint8_t ret[HB_SHA256_SIZE], int64_t *ret_size)
{
    struct hb_sha256 *h = hb_sha256_new();
    char chunk[CHUNK];
    uint64_t at = 0;
    ssize_t n = 0;
    int r = 0;

    if (h == NULL)
        return -ENOMEM;
    while (r == 0) {
        const char *p = chunk;

        if (from->fd >= 0) {
            n = hb_pread_full(from->fd, chunk, sizeof(chunk), (off_t)at);
        } else {
            p = from->bytes.p != NULL ? from->bytes.p + at : chunk;
            n = (ssize_t)HB_MIN(sizeof(chunk), from->bytes.n - (size_t)at);
        }
        if (n <= 0)
            break;
        if ((uint64_t)n > max - at) {
            r = -EFBIG;
            break;
        }
        hb_sha256_add(h, p, (size_t)n);
        r = hb_write_all(to, p, (size_t)n);
        at += (uint64_t)n;
    }
    if (n < 0)
        r = (int)n;
    if (r == 0) {
        hb_sha256_end(h, ret);
        *ret_size = (int64_t)at;
    }
    hb_sha256_free(h);
    return r;
}

/* Moves DIR/new/TEMP to where its hash says and makes the name durable. */
static int place(struct hb_evidence *e, const char *temp, const char sha256[65],
                 int64_t size)
{
    _cleanup_close_ int abfd = -1;
    const char ab[3] = {sha256[0], sha256[1], '\0'};
    uint8_t first;
    int r;

    if (hb_unhex(hb_slice(sha256, 2), &first, 1) < 0)
        return -EINVAL;
    if (mkdirat(e->hashfd, ab, 0700) < 0 && errno != EEXIST)
        return -errno;
    abfd =
        openat(e->hashfd, ab, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (abfd < 0)
        return -errno;
    if (!e->synced[first]) {
        r = hb_fsync(e->hashfd);
        if (r < 0)
            return r;
        e->synced[first] = true;
    }
    r = make_room(e, abfd, sha256 + 2, sha256, size);
    if (r < 0)
        return r;
    if (r == 1) {
        if (unlinkat(e->newfd, temp, 0) < 0)
            return -errno;
    } else if (renameat2(e->newfd, temp, abfd, sha256 + 2, RENAME_NOREPLACE) <
               0) {
        return -errno;
    }
    return hb_fsync(abfd);
}

/* 1 where the same content stands there already; 0 where the place is free.
 * What is there and is not what its name says was changed by somebody: it is
 * kept beside it, and a line tells. */
static int make_room(struct hb_evidence *e, int abfd, const char *name,
                     const char sha256[65], int64_t size)
{
    _cleanup_close_ int fd = -1;
    struct hb_evidence_item item = {
        .kind = "note",
        .taken_by = "role:core",
        .source = "content was not what its name says; set aside"};
    uint8_t digest[HB_SHA256_SIZE];
    char hex[65] = "", aside[256];
    struct hb_sha256 *h;
    uint64_t n;
    int r;

    fd = openat(abfd, name,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd >= 0) {
        h = hb_sha256_new();
        if (h == NULL)
            return -ENOMEM;
        r = hb_sha256_fd(h, fd, (uint64_t)size, digest, &n);
        hb_sha256_free(h);
        if (r == 0)
            hb_hex(digest, sizeof(digest), hex);
        if (hb_streq(hex, sha256))
            return 1;
        if (r == -EIO || r == -ENOMEM)
            return r;
    }
    (void)snprintf(aside, sizeof(aside), "%.62s.changed-%lld", name,
                   (long long)e->number);
    if (renameat2(abfd, name, abfd, aside, RENAME_NOREPLACE) < 0)
        return -errno;
    item.name = aside;
    return hb_evidence_note(e, &item);
}

/* Fills number and time. */
static int append(struct hb_evidence *e, struct hb_evid_line *l)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r;

    if (e->broken != 0)
        return e->broken;
    if (!l->checkpoint &&
        (l->item.kind == NULL || l->item.name == NULL || l->item.incident < 0 ||
         hb_streq(l->item.kind, "checkpoint")))
        return -EINVAL;
    l->item.number = e->number + 1;
    if (l->item.time == 0)
        l->item.time = hb_now();
    memcpy(l->prev, e->digest, sizeof(l->prev));
    l->form = HB_EVID_V2;
    hb_random(l->salt, sizeof(l->salt));
    r = hb_evid_encode(&b, l);
    if (r < 0)
        return r;
    if (replaced(e)) {
        e->broken = -EUCLEAN;
        return e->broken;
    }
    r = write_line(e, &b);
    if (r < 0)
        return r;
    e->number++;
    e->contents += e->contents >= 0 && l->item.sha256[0] != '\0';
    e->length += (off_t)b.n;
    hb_evid_digest(hb_buf_slice(&b), e->digest);
    return 0;
}

/* All of the line is durable, or nothing of it is left. */
static int write_line(struct hb_evidence *e, const struct hb_buf *b)
{
    int r = hb_write_all(e->logfd, b->p, b->n), undo;

    if (r == 0)
        r = hb_fdatasync(e->logfd);
    if (r == 0)
        return 0;
    undo = ftruncate(e->logfd, e->length) < 0 ? -errno : hb_fdatasync(e->logfd);
    if (undo < 0)
        e->broken = r;
    return r;
}

/* Lines that go to a file that was moved away or cut under our hands would
 * be lost without a word. */
static bool replaced(const struct hb_evidence *e)
{
    struct stat ours, named;

    return fstat(e->logfd, &ours) < 0 || ours.st_size != e->length ||
           fstatat(e->dirfd, "log", &named, AT_SYMLINK_NOFOLLOW) < 0 ||
           ours.st_dev != named.st_dev || ours.st_ino != named.st_ino;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object.c - the content store: objects/ab/cdef..., one file a content, named
 * by its SHA-256, mode 0444, directories 0755.
 *
 * Written by the publisher (root, short-lived); read by the helper, compare
 * and clients, who hash what they read.
 *
 * Durable and fast: an fsync for each of 100,000 files costs a journal commit
 * each, so all content is written under temporary names, one syncfs(2) makes
 * it durable, the files are renamed, and a second syncfs(2) makes the names
 * durable.  A few files are fsynced one by one instead, so that publishing a
 * small change does not wait for what other programs have written to the same
 * file system.  A name therefore never stands for content that a power cut
 * could take away.
 */
#include "baseline/object.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"

#define OBJ_MAGIC 0x4842616fu
/* Up to here one fsync a file; beyond, the whole file system at once. */
#define FEW       512u
#define COPY_SIZE (256u << 10)

struct hb_objects {
    uint32_t magic;
    int dir;
    int tmp;
    pthread_mutex_t lock;
    uint8_t (*added)[HB_SHA256_SIZE];
    size_t n, cap;
};

static int make_dirs(int objdir);
static int mark(int objdir);
static int sweep(int tmp);
static int create(struct hb_objects *o, const uint8_t *sha256, int *ret_fd,
                  char *name);
static int remember(struct hb_objects *o, const uint8_t *sha256);
static int copy(int from, int to, uint64_t size, const uint8_t *sha256,
                struct hb_sha256 *scratch);
static int sync_content(const struct hb_objects *o);
static int sync_names(const struct hb_objects *o);
static int sync_all(int fd);

/* --- public --- */

void hb_object_name(const uint8_t sha256[HB_SHA256_SIZE],
                    char ret[HB_OBJECT_NAME_SIZE])
{
    hb_hex(sha256, 1, ret);
    ret[2] = '/';
    hb_hex(sha256 + 1, HB_SHA256_SIZE - 1, ret + 3);
}

int hb_object_open(int objdir, const uint8_t sha256[HB_SHA256_SIZE],
                   int *ret_fd)
{
    char name[HB_OBJECT_NAME_SIZE];
    struct stat st;
    int fd;

    hb_object_name(sha256, name);
    fd = hb_open_nofollow(objdir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        hb_close(&fd);
        return -EBADMSG;
    }
    *ret_fd = fd;
    return 0;
}

int hb_objects_lock(int objdir, int *ret_fd)
{
    int fd = openat(objdir, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                    0600);

    if (fd < 0)
        return -errno;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int hb_objects_begin(int objdir, struct hb_objects **ret)
{
    struct hb_objects *o =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*o));
    int r;

    if (o == NULL)
        return -ENOMEM;
    o->magic = OBJ_MAGIC;
    o->tmp = -1;
    o->dir = fcntl(objdir, F_DUPFD_CLOEXEC, 3);
    r = o->dir < 0 ? -errno : make_dirs(objdir);
    if (r == 0)
        r = mark(objdir);
    if (r == 0) {
        o->tmp = openat(objdir, "tmp",
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = o->tmp < 0 ? -errno : sweep(o->tmp);
    }
    if (r == 0)
        r = -pthread_mutex_init(&o->lock, NULL);
    if (r < 0) {
        hb_close(&o->tmp);
        hb_close(&o->dir);
        free(o);
        return r;
    }
    *ret = o;
    return 0;
}

bool hb_objects_has(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    uint64_t size)
{
    char name[HB_OBJECT_NAME_SIZE];
    struct stat st;

    HB_CHECK(o, OBJ_MAGIC);
    hb_object_name(sha256, name);
    return fstatat(o->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

int hb_objects_add(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                   const void *p, size_t n)
{
    _cleanup_close_ int fd = -1;
    char name[HB_SHA256_SIZE * 2 + 1];
    int r;

    HB_CHECK(o, OBJ_MAGIC);
    if (hb_objects_has(o, sha256, n))
        return 0;
    r = create(o, sha256, &fd, name);
    if (r <= 0)
        return r;
    r = hb_write_all(fd, p, n);
    if (r == 0)
        r = remember(o, sha256);
    if (r < 0) {
        (void)unlinkat(o->tmp, name, 0);
        return r;
    }
    return 1;
}

int hb_objects_copy(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    uint64_t size, int fd, struct hb_sha256 *scratch)
{
    _cleanup_close_ int to = -1;
    char name[HB_SHA256_SIZE * 2 + 1];
    int r;

    HB_CHECK(o, OBJ_MAGIC);
    if (hb_objects_has(o, sha256, size))
        return 0;
    r = create(o, sha256, &to, name);
    if (r <= 0)
        return r;
    r = copy(fd, to, size, sha256, scratch);
    if (r == 0)
        r = remember(o, sha256);
    if (r < 0) {
        (void)unlinkat(o->tmp, name, 0);
        return r;
    }
    return 1;
}

int hb_objects_open(struct hb_objects *o, const uint8_t sha256[HB_SHA256_SIZE],
                    int *ret_fd)
{
    char name[HB_SHA256_SIZE * 2 + 1];

    HB_CHECK(o, OBJ_MAGIC);
    hb_hex(sha256, HB_SHA256_SIZE, name);
    *ret_fd = openat(o->tmp, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*ret_fd < 0 && errno == ENOENT)
        return hb_object_open(o->dir, sha256, ret_fd);
    return *ret_fd < 0 ? hb_neg_errno() : 0;
}

int hb_objects_commit(struct hb_objects *o)
{
    char from[HB_SHA256_SIZE * 2 + 1], to[HB_OBJECT_NAME_SIZE];
    int r;

    HB_CHECK(o, OBJ_MAGIC);
    r = sync_content(o);
    for (size_t i = 0; r == 0 && i < o->n; i++) {
        hb_hex(o->added[i], HB_SHA256_SIZE, from);
        hb_object_name(o->added[i], to);
        if (renameat(o->tmp, from, o->dir, to) < 0)
            r = -errno;
    }
    if (r == 0)
        r = sync_names(o);
    if (r == 0) {
        o->n = 0;
        (void)unlinkat(o->dir, ".open", 0);
    }
    return r;
}

void hb_objects_end(struct hb_objects *o)
{
    if (o == NULL)
        return;
    HB_CHECK(o, OBJ_MAGIC);
    if (o->n > 0)
        (void)sweep(o->tmp);
    (void)pthread_mutex_destroy(&o->lock);
    hb_close(&o->tmp);
    hb_close(&o->dir);
    free(o->added);
    o->magic = 0;
    free(o);
}

/* --- static --- */

static int make_dirs(int objdir)
{
    if (mkdirat(objdir, "tmp", 0700) < 0 && errno != EEXIST)
        return -errno;
    for (unsigned i = 0; i < 256; i++) {
        uint8_t byte = (uint8_t)i;
        char name[3];

        hb_hex(&byte, 1, name);
        if (mkdirat(objdir, name, 0755) < 0) {
            if (errno == EEXIST)
                continue;
            return -errno;
        }
        /* umask must not decide who may read. */
        if (fchmodat(objdir, name, 0755, 0) < 0)
            return -errno;
    }
    return 0;
}

/* ".open" stands while a session is under way.  Found at the begin of one, the
 * last was killed, perhaps between renaming and making the names durable: what
 * hb_objects_has() would find then must be made durable first. */
static int mark(int objdir)
{
    int fd, r = 0;

    if (faccessat(objdir, ".open", F_OK, 0) == 0)
        r = sync_all(objdir);
    if (r < 0)
        return r;
    fd = openat(objdir, ".open", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
                0600);
    if (fd < 0)
        return -errno;
    hb_close(&fd);
    return 0;
}

static int sweep(int tmp)
{
    int fd = openat(tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    struct dirent *e;
    DIR *dir;

    if (fd < 0)
        return -errno;
    dir = fdopendir(fd);
    if (dir == NULL) {
        r = -errno;
        hb_close(&fd);
        return r;
    }
    while ((errno = 0, e = readdir(dir)) != NULL) {
        if (hb_streq(e->d_name, ".") || hb_streq(e->d_name, ".."))
            continue;
        if (unlinkat(tmp, e->d_name, 0) < 0 && errno != ENOENT) {
            r = -errno;
            break;
        }
    }
    if (e == NULL && errno != 0)
        r = -errno;
    (void)closedir(dir);
    return r;
}

/* 0 where another thread is writing the same content: it is on its way. */
static int create(struct hb_objects *o, const uint8_t *sha256, int *ret_fd,
                  char *name)
{
    int fd;

    hb_hex(sha256, HB_SHA256_SIZE, name);
    fd = openat(o->tmp, name,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
    if (fd < 0)
        return errno == EEXIST ? 0 : -errno;
    if (fchmod(fd, 0444) < 0) {
        int r = -errno;

        hb_close(&fd);
        (void)unlinkat(o->tmp, name, 0);
        return r;
    }
    *ret_fd = fd;
    return 1;
}

static int remember(struct hb_objects *o, const uint8_t *sha256)
{
    int r = 0;

    (void)pthread_mutex_lock(&o->lock);
    if (o->n == o->cap) {
        size_t cap = o->cap != 0 ? o->cap * 2 : 256;
        void *grown = hb_fault(HB_FAULT_ALLOC)
                          ? NULL
                          : reallocarray(o->added, cap, HB_SHA256_SIZE);

        if (grown == NULL) {
            r = -ENOMEM;
        } else {
            o->added = grown;
            o->cap = cap;
        }
    }
    if (r == 0)
        memcpy(o->added[o->n++], sha256, HB_SHA256_SIZE);
    (void)pthread_mutex_unlock(&o->lock);
    return r;
}

static int copy(int from, int to, uint64_t size, const uint8_t *sha256,
                struct hb_sha256 *scratch)
{
    _cleanup_free_ char *buf =
        hb_fault(HB_FAULT_ALLOC) ? NULL : malloc(COPY_SIZE);
    uint8_t found[HB_SHA256_SIZE];
    uint64_t at = 0;

    if (buf == NULL)
        return -ENOMEM;
    hb_sha256_reset(scratch);
    while (at < size) {
        size_t part = (size_t)HB_MIN((uint64_t)COPY_SIZE, size - at);
        ssize_t n = hb_pread_full(from, buf, part, (off_t)at);
        int r;

        if (n < 0)
            return (int)n;
        if ((size_t)n != part)
            return -EAGAIN;
        hb_sha256_add(scratch, buf, part);
        r = hb_write_all(to, buf, part);
        if (r < 0)
            return r;
        at += part;
    }
    hb_sha256_end(scratch, found);
    return memcmp(found, sha256, sizeof(found)) == 0 ? 0 : -EAGAIN;
}

static int sync_content(const struct hb_objects *o)
{
    char name[HB_SHA256_SIZE * 2 + 1];

    if (o->n > FEW)
        return sync_all(o->dir);
    /* Writing starts for all of them before the first is waited for. */
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < o->n; i++) {
            _cleanup_close_ int fd = -1;
            int r = 0;

            hb_hex(o->added[i], HB_SHA256_SIZE, name);
            fd = openat(o->tmp, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
            if (fd < 0)
                return -errno;
            if (pass == 0)
                (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
            else
                r = hb_fsync(fd);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int sync_names(const struct hb_objects *o)
{
    bool done[256] = {false};
    char name[3];

    if (o->n > FEW)
        return sync_all(o->dir);
    for (size_t i = 0; i < o->n; i++) {
        _cleanup_close_ int fd = -1;
        int r;

        if (done[o->added[i][0]])
            continue;
        done[o->added[i][0]] = true;
        hb_hex(o->added[i], 1, name);
        fd = openat(o->dir, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return -errno;
        r = hb_fsync(fd);
        if (r < 0)
            return r;
    }
    return o->n > 0 ? hb_fsync(o->dir) : 0;
}

static int sync_all(int fd)
{
    if (hb_fault(HB_FAULT_FSYNC))
        return -EIO;
    return syncfs(fd) < 0 ? -errno : 0;
}

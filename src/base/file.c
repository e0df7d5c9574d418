/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - bounded reads, atomic durable writes, opening below a directory
 * that no link can leave, and removing a tree.
 *
 * Runs in every process, some of them as root over trees that attackers write
 * to.  Names and contents below a given directory are hostile and may change
 * between two calls; what is opened is therefore resolved by the kernel under
 * openat2(2)'s restrictions, or one name at a time without following it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"

#define RMTREE_DEPTH 4096u
#define COPY_CHUNK   (256u << 10)

/* A directory on the way down, to be sure of it on the way up. */
struct level {
    dev_t dev;
    ino_t ino;
    char name[HB_MAX_NAME + 1]; /* of the child we went into */
};

struct rmtree {
    int fd; /* the directory we stand in */
    struct level *levels;
    size_t depth, cap;
};

static int read_fd(struct hb_arena *a, int fd, size_t max,
                   struct hb_slice *ret);
static int split(const char *path, char *dir, const char **name);
static bool one_name(const char *name);
static int write_temp(int dirfd, const char *temp, const void *p, size_t n,
                      mode_t mode);
static int rmtree_run(struct rmtree *t);
static int rmtree_scan(struct rmtree *t, bool *ret_went_down);
static int rmtree_down(struct rmtree *t, const char *name);
static int rmtree_up(struct rmtree *t);
static int remove_file(int dirfd, const char *name);
static int on_same_mount(int a, int b);
static int part_of(const char *rel, char ret[HB_MAX_NAME + 1]);
static bool is_link(int fd);

int hb_file_read(struct hb_arena *a, const char *path, size_t max,
                 struct hb_slice *ret)
{
    _cleanup_close_ int fd = -1;

    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    return read_fd(a, fd, max, ret);
}

int hb_file_read_at(struct hb_arena *a, int dirfd, const char *name, size_t max,
                    struct hb_slice *ret)
{
    _cleanup_close_ int fd = -1;

    fd = openat(dirfd, name,
                O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    return read_fd(a, fd, max, ret);
}

int hb_file_write(const char *path, const void *p, size_t n, mode_t mode)
{
    _cleanup_close_ int dirfd = -1;
    char dir[HB_MAX_PATH];
    const char *name;
    int r;

    r = split(path, dir, &name);
    if (r < 0)
        return r;
    dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dirfd < 0)
        return -errno;
    return hb_file_write_at(dirfd, name, p, n, mode);
}

int hb_file_write_at(int dirfd, const char *name, const void *p, size_t n,
                     mode_t mode)
{
    char temp[64], hex[17];
    uint8_t random[8];
    int r;

    if (!one_name(name))
        return -EINVAL;
    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), hex);
    (void)snprintf(temp, sizeof(temp), ".hinoban-%s.tmp", hex);
    r = write_temp(dirfd, temp, p, n, mode);
    if (r < 0)
        return r;
    if (renameat(dirfd, temp, dirfd, name) < 0) {
        r = -errno;
        (void)unlinkat(dirfd, temp, 0);
        return r;
    }
    return hb_fsync(dirfd);
}

bool hb_file_is_temp(const char *name)
{
    size_t n = strlen(name);

    return n == strlen(".hinoban-0123456789abcdef.tmp") &&
           strncmp(name, ".hinoban-", 9) == 0 && hb_streq(name + n - 4, ".tmp");
}

int hb_fsync(int fd)
{
    if (hb_fault(HB_FAULT_FSYNC))
        return -EIO;
    return fsync(fd) < 0 ? -errno : 0;
}

int hb_fdatasync(int fd)
{
    if (hb_fault(HB_FAULT_FSYNC))
        return -EIO;
    return fdatasync(fd) < 0 ? -errno : 0;
}

int hb_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t w;

        if (hb_fault(HB_FAULT_WRITE))
            return -ENOSPC;
        w = write(fd, at, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        if (w == 0)
            return -EIO;
        at += w;
        n -= (size_t)w;
    }
    return 0;
}

int hb_pwrite_all(int fd, const void *p, size_t n, off_t at)
{
    const char *from = p;

    while (n > 0) {
        ssize_t w;

        if (hb_fault(HB_FAULT_WRITE))
            return -ENOSPC;
        w = pwrite(fd, from, n, at);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return -errno;
        if (w == 0)
            return -EIO;
        from += w;
        at += w;
        n -= (size_t)w;
    }
    return 0;
}

ssize_t hb_pread_full(int fd, void *p, size_t n, off_t at)
{
    char *to = p;
    size_t done = 0;

    if (n > (size_t)PTRDIFF_MAX)
        return -EINVAL;
    while (done < n) {
        ssize_t r = pread(fd, to + done, n - done, at + (off_t)done);

        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -errno;
        if (r == 0)
            break;
        done += (size_t)r;
    }
    return (ssize_t)done;
}

int hb_copy_fd(int from, int to)
{
    _cleanup_free_ char *chunk = malloc(COPY_CHUNK);
    off_t at = 0;
    ssize_t n;

    if (chunk == NULL)
        return -ENOMEM;
    while ((n = hb_pread_full(from, chunk, COPY_CHUNK, at)) > 0) {
        int r = hb_write_all(to, chunk, (size_t)n);

        if (r < 0)
            return r;
        at += n;
    }
    return n < 0 ? (int)n : hb_fsync(to);
}

int hb_mkdirs(const char *path, mode_t mode)
{
    char part[HB_MAX_PATH];
    struct stat st;

    if (path[0] == '\0')
        return -ENOENT;
    if (!hb_copyz(part, sizeof(part), path))
        return -ENAMETOOLONG;
    for (char *at = part + 1;; at++) {
        char c = *at;

        if (c != '/' && c != '\0')
            continue;
        *at = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST) {
            int r = -errno;

            /* A read-only file system says so before it says "exists". */
            if (stat(part, &st) < 0)
                return r;
        }
        *at = c;
        if (c == '\0')
            break;
    }
    if (stat(path, &st) < 0)
        return -errno;
    return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int hb_rmtree(int dirfd, const char *name)
{
    _cleanup_close_ int parent = -1;
    char dir[HB_MAX_PATH];
    struct rmtree t = {.fd = -1};
    const char *last;
    int r;

    r = split(name, dir, &last);
    if (r < 0)
        return r;
    if (!one_name(last))
        return -EINVAL;
    parent = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0)
        return -errno;
    r = remove_file(parent, last);
    if (r != -EISDIR)
        return r;
    t.fd = parent;
    parent = -1;
    r = rmtree_down(&t, last);
    if (r == 0)
        r = rmtree_run(&t);
    hb_close(&t.fd);
    free(t.levels);
    return r;
}

int hb_open_beneath(int dirfd, const char *rel, int flags, mode_t mode,
                    bool no_xdev)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE
                    ? mode
                    : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
                   RESOLVE_NO_MAGICLINKS | (no_xdev ? RESOLVE_NO_XDEV : 0),
    };
    long fd;

    /* -EAGAIN: a rename or mount elsewhere made the kernel unsure. */
    for (int tries = 0; tries < 8; tries++) {
        fd = syscall(SYS_openat2, dirfd, rel, &how, sizeof(how));
        if (fd >= 0)
            return (int)fd;
        if (errno != EAGAIN && errno != EINTR)
            break;
    }
    return -errno;
}

int hb_open_nofollow(int dirfd, const char *rel, int flags, mode_t mode)
{
    _cleanup_close_ int up = -1;
    char part[HB_MAX_NAME + 1];
    int from = dirfd, fd;

    if (rel[0] == '/')
        return -EXDEV;
    for (;;) {
        int n = part_of(rel, part);
        bool last = n >= 0 && rel[n] == '\0';

        if (n < 0)
            return n;
        fd = last ? openat(from, part, flags | O_NOFOLLOW | O_CLOEXEC, mode)
                  : openat(from, part,
                           O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0 && last && is_link(fd)) {
            hb_close(&fd);
            return -ELOOP; /* O_PATH opens the link itself */
        }
        if (fd < 0 || last)
            return fd < 0 ? -errno : fd;
        hb_close(&up);
        from = up = fd;
        rel += n + 1;
    }
}

static bool is_link(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISLNK(st.st_mode);
}

/* The first part of REL and its length. */
static int part_of(const char *rel, char ret[HB_MAX_NAME + 1])
{
    size_t n = strcspn(rel, "/");

    if (n > HB_MAX_NAME)
        return -ENAMETOOLONG;
    memcpy(ret, rel, n);
    ret[n] = '\0';
    if (hb_streq(ret, ".."))
        return -EXDEV;
    return n > 0 ? (int)n : -EINVAL;
}

static int read_fd(struct hb_arena *a, int fd, size_t max, struct hb_slice *ret)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char part[16384];
    struct stat st;
    char *copy;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    /* The size is a hint only: files of /proc say 0, others grow. */
    if (st.st_size > 0 && (uintmax_t)st.st_size > max)
        return -EFBIG;
    hb_buf_init(&b, max != 0 ? max : 1);
    for (;;) {
        ssize_t n = read(fd, part, sizeof(part));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        if ((size_t)n > max - b.n)
            return -EFBIG;
        hb_buf_add(&b, part, (size_t)n);
        if (hb_buf_err(&b) < 0)
            return hb_buf_err(&b);
    }
    copy = hb_arena_dup(a, hb_buf_z(&b), b.n);
    if (copy == NULL)
        return -ENOMEM;
    *ret = hb_slice(copy, b.n);
    return 0;
}

/* The directory of PATH into DIR (HB_MAX_PATH bytes), its last part in
 * NAME. */
static int split(const char *path, char *dir, const char **name)
{
    const char *slash = strrchr(path, '/');
    size_t n;

    if (slash == NULL) {
        (void)hb_copyz(dir, HB_MAX_PATH, ".");
        *name = path;
        return 0;
    }
    n = slash == path ? 1 : (size_t)(slash - path);
    if (n >= HB_MAX_PATH)
        return -ENAMETOOLONG;
    memcpy(dir, path, n);
    dir[n] = '\0';
    *name = slash + 1;
    return 0;
}

static bool one_name(const char *name)
{
    return name[0] != '\0' && !hb_streq(name, ".") && !hb_streq(name, "..") &&
           strchr(name, '/') == NULL;
}

/* The whole new file under the name TEMP, on the disk; nothing is left of it
 * on failure. */
static int write_temp(int dirfd, const char *temp, const void *p, size_t n,
                      mode_t mode)
{
    _cleanup_close_ int fd = -1;
    int r;

    /* Nobody else may open it before its mode is set. */
    fd = openat(dirfd, temp,
                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    r = hb_write_all(fd, p, n);
    if (r == 0 && fchmod(fd, mode) < 0)
        r = -errno;
    if (r == 0)
        r = hb_fsync(fd);
    if (r < 0)
        (void)unlinkat(dirfd, temp, 0);
    return r;
}

/* Empties the directory T stands in, then climbs, until the last one that
 * was entered is gone. */
static int rmtree_run(struct rmtree *t)
{
    while (t->depth > 0) {
        bool down = false;
        int r = rmtree_scan(t, &down);

        if (r == 0 && !down)
            r = rmtree_up(t);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Unlinks the files of the directory and enters the first directory. */
static int rmtree_scan(struct rmtree *t, bool *ret_went_down)
{
    struct dirent *e;
    int copy, r = 0;
    DIR *dir;

    copy = openat(t->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0)
        return -errno;
    dir = fdopendir(copy);
    if (dir == NULL) {
        r = -errno;
        hb_close(&copy);
        return r;
    }
    for (;;) {
        errno = 0;
        e = readdir(dir);
        if (e == NULL) {
            r = -errno;
            break;
        }
        if (hb_streq(e->d_name, ".") || hb_streq(e->d_name, ".."))
            continue;
        r = remove_file(t->fd, e->d_name);
        if (r == -EISDIR) {
            r = rmtree_down(t, e->d_name);
            *ret_went_down = r == 0;
            break;
        }
        if (r < 0 && r != -ENOENT)
            break;
    }
    (void)closedir(dir);
    return r;
}

static int rmtree_down(struct rmtree *t, const char *name)
{
    struct level *level;
    struct stat st;
    int fd, r;

    if (t->depth == RMTREE_DEPTH)
        return -ELOOP;
    if (t->depth == t->cap) {
        size_t cap = t->cap != 0 ? t->cap * 2 : 16;
        struct level *grown;

        grown = hb_fault(HB_FAULT_ALLOC)
                    ? NULL
                    : reallocarray(t->levels, cap, sizeof(*grown));
        if (grown == NULL)
            return -ENOMEM;
        t->levels = grown;
        t->cap = cap;
    }
    if (fstat(t->fd, &st) < 0)
        return -errno;
    level = &t->levels[t->depth];
    if (!hb_copyz(level->name, sizeof(level->name), name))
        return -ENAMETOOLONG;
    level->dev = st.st_dev;
    level->ino = st.st_ino;
    /* One name and no link, so openat2(2) is not needed: core, to which it is
     * refused, removes trees of its own. */
    fd = openat(t->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = on_same_mount(t->fd, fd);
    if (r < 0) {
        hb_close(&fd);
        return r;
    }
    hb_close(&t->fd);
    t->fd = fd;
    t->depth++;
    return 0;
}

/* Back to the directory we came from, and removes the one we leave.  Where
 * somebody has moved that one meanwhile, ".." is another: we stop. */
static int rmtree_up(struct rmtree *t)
{
    const struct level *level = &t->levels[t->depth - 1];
    struct stat st;
    int fd;

    fd = openat(t->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    hb_close(&t->fd);
    t->fd = fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (st.st_dev != level->dev || st.st_ino != level->ino)
        return -EXDEV;
    t->depth--;
    if (unlinkat(fd, level->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return errno == ENOTEMPTY ? -EBUSY : -errno;
    return 0;
}

/* -EISDIR where NAME is a directory. */
static int remove_file(int dirfd, const char *name)
{
    struct stat st;
    int r;

    if (unlinkat(dirfd, name, 0) == 0)
        return 0;
    r = -errno;
    /* Which of the two errors a directory gives is the file system's. */
    if (r == -EPERM && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode))
        r = -EISDIR;
    return r;
}

/* -EXDEV where B is another mount, be it of the same file system. */
static int on_same_mount(int a, int b)
{
    struct statx of[2];
    const int fd[2] = {a, b};

    for (int i = 0; i < 2; i++) {
        if (statx(fd[i], "", AT_EMPTY_PATH, STATX_MNT_ID, &of[i]) < 0)
            return -errno;
        if ((of[i].stx_mask & STATX_MNT_ID) == 0)
            return -EOPNOTSUPP; /* Linux before 5.8 */
    }
    return of[0].stx_mnt_id == of[1].stx_mnt_id ? 0 : -EXDEV;
}

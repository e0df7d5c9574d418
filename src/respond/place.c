/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - finding, moving and freeing places below a site's root, and what
 * stands in staging.
 *
 * Runs in the helper, as root, over trees that an attacker writes to at the
 * same moment.  Nothing found there is trusted: a directory is reached by
 * openat2(2) below the root without links or mounts; an object is looked at
 * through O_PATH (a FIFO does not block, a device does nothing) and read or
 * changed only by opening that same inode again through /proc/self/fd.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "respond/act.h"
#include "respond/unmount.h"

#define HOLD_FLAGS   ((uint32_t)(FS_IMMUTABLE_FL | FS_APPEND_FL))
#define TREE_DEPTH   200u
#define OPEN_RETRIES 32
#define UNMOUNT_MS   2000u

#ifndef UMOUNT_NOFOLLOW
#define UMOUNT_NOFOLLOW 8
#endif

static int beneath(int dir, const char *rel, int flags);
static int delete_name(struct hb_site *s, const char *name);
static uint32_t clear_fd(int fd);
static uint32_t clear_path(int fd, mode_t type);
static void clear_tree(int dir, const char *name, unsigned depth);
static bool in_fstab(const char *path);

/* "a/b/c" into "a/b" and "c", in BUF of HB_MAX_PATH. */
int hb_place_split(struct hb_slice rel, char *buf, const char **ret_dir,
                   const char **ret_name)
{
    char *slash;

    if (rel.n == 0 || rel.n >= HB_MAX_PATH ||
        memchr(rel.p, '\0', rel.n) != NULL || rel.p[0] == '/' ||
        rel.p[rel.n - 1] == '/')
        return -EINVAL;
    memcpy(buf, rel.p, rel.n);
    buf[rel.n] = '\0';
    slash = strrchr(buf, '/');
    if (slash == NULL) {
        *ret_name = buf;
        *ret_dir = "";
        return 0;
    }
    *slash = '\0';
    *ret_name = slash + 1;
    *ret_dir = buf;
    return 0;
}

int hb_place_parent(struct hb_site *s, const char *dir, int *ret_fd)
{
    int fd;

    if (s->root < 0)
        return -ENOENT;
    if (dir[0] == '\0') {
        fd = fcntl(s->root, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
            return -errno;
    } else {
        fd = beneath(s->root, dir, O_PATH | O_DIRECTORY);
        if (fd < 0)
            return fd;
    }
    *ret_fd = fd;
    return 0;
}

/* -ENOENT where nothing stands, -EXDEV where a mount does. */
int hb_place_look(int dir, const char *name, int *ret_fd, struct stat *ret)
{
    int fd = beneath(dir, name, O_PATH | O_NOFOLLOW);

    if (fd < 0)
        return fd;
    if (fstat(fd, ret) < 0) {
        int r = -errno;

        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* The same inode, opened for FLAGS.  Only for regular files and directories:
 * who calls has looked. */
int hb_place_reopen(int fd, int flags)
{
    char path[32];
    int opened;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    opened = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return opened < 0 ? -errno : opened;
}

/* Takes away a mount that somebody laid over DIR/NAME. */
int hb_place_unmount(struct hb_helper *h, struct hb_site *s, int dir,
                     const char *name)
{
    _cleanup_close_ int fd = -1;
    char link[32], path[HB_MAX_PATH], at[HB_MAX_NAME + 64];
    size_t root = strlen(s->real);
    ssize_t n;

    fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof(path) - 1);
    if (n < 0)
        return -errno;
    path[n] = '\0';
    if (strncmp(path, s->real, root) != 0 || path[root] != '/')
        return -EXDEV;
    /* A mount that the administrator made is part of the machine. */
    if (hb_policy_never_path(h, path) || in_fstab(path))
        return -EPERM;
    if (snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", dir, name) >=
        (int)sizeof(at))
        return -ENAMETOOLONG;
    hb_step();
    if (hb_unmount_dir() != NULL) {
        int r = hb_unmount_ask(hb_unmount_dir(), path, UNMOUNT_MS);

        if (r < 0)
            return r;
    } else if (umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
        /* By parent and name, so that the name itself is not followed. */
        return -errno;
    }
    hb_tell(h, HB_TELL_UNMOUNTED, NULL, "%s: %s", s->conf->name,
            path + root + 1);
    return 0;
}

/* Clears "immutable" and "append only" from DIR and from what stands at NAME
 * in it; *RET_OBJECT is what the object had.  True where anything was set. */
bool hb_place_clear(int dir, const char *name, uint32_t *ret_object)
{
    _cleanup_close_ int fd = -1;
    struct stat st;
    uint32_t on_dir = clear_path(dir, S_IFDIR), on_object = 0;

    if (hb_place_look(dir, name, &fd, &st) >= 0)
        on_object = clear_path(fd, st.st_mode & S_IFMT);
    *ret_object |= on_object;
    return (on_dir | on_object) != 0;
}

/* Puts flags back on an inode that other names, outside, share. */
void hb_place_set_flags(int fd, uint32_t flags)
{
    _cleanup_close_ int real = hb_place_reopen(fd, O_RDONLY);
    int now;

    if (real >= 0 && ioctl(real, FS_IOC_GETFLAGS, &now) == 0) {
        now |= (int)flags;
        (void)ioctl(real, FS_IOC_SETFLAGS, &now);
    }
}

/* Whether DIR below the root is still the directory FD. */
bool hb_place_same(struct hb_site *s, const char *dir, int fd)
{
    _cleanup_close_ int again = -1;
    struct stat a, b;

    return hb_place_parent(s, dir, &again) >= 0 && fstat(fd, &a) == 0 &&
           fstat(again, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

void hb_place_key_name(const uint8_t key[HB_ACT_KEY_SIZE], char ret[64])
{
    hb_hex(key, HB_ACT_KEY_SIZE, ret);
}

/* Deletes NAME of staging, whatever it is; 0 where there is nothing. */
int hb_place_drop(struct hb_site *s, const char *name)
{
    struct stat st;
    int r;

    if (fstatat(s->staging, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : -errno;
    hb_site_staged(s, name, -1);
    r = delete_name(s, name);
    if (r < 0)
        hb_site_staged(s, name, 1);
    return r;
}

/* The same for what was never counted as evidence: ours, or a copy. */
void hb_place_discard(struct hb_helper *h, struct hb_site *s, const char *name)
{
    int r = delete_name(s, name);

    if (r < 0 && r != -ENOENT)
        hb_tell(h, HB_TELL_SPACE, NULL, "%s/%s: %s", s->staging_real, name,
                strerror(-r));
}

void hb_place_taken(struct hb_taken *t, const struct stat *st)
{
    *t = (struct hb_taken){
        .mode = st->st_mode,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .nlink = (uint32_t)st->st_nlink,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
        .ctime = st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec,
    };
}

/* The kernel gives up with EAGAIN while names move under its feet. */
static int beneath(int dir, const char *rel, int flags)
{
    int r = -EAGAIN;

    for (int i = 0; i < OPEN_RETRIES && r == -EAGAIN; i++)
        r = hb_open_beneath(dir, rel, flags | O_CLOEXEC, 0, true);
    return r;
}

static int delete_name(struct hb_site *s, const char *name)
{
    int r;

    hb_step();
    r = hb_rmtree(s->staging, name);
    if (r == -EPERM || r == -EACCES) {
        clear_tree(s->staging, name, 0);
        r = hb_rmtree(s->staging, name);
    }
    return r;
}

static uint32_t clear_fd(int fd)
{
    int flags;
    uint32_t had;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        return 0;
    had = (uint32_t)flags & HOLD_FLAGS;
    if (had == 0)
        return 0;
    flags &= ~(int)HOLD_FLAGS;
    hb_step();
    return ioctl(fd, FS_IOC_SETFLAGS, &flags) < 0 ? 0 : had;
}

static uint32_t clear_path(int fd, mode_t type)
{
    _cleanup_close_ int real = -1;

    if (type == S_IFDIR)
        real = hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
    else if (type == S_IFREG)
        real = hb_place_reopen(fd, O_RDONLY);
    return real >= 0 ? clear_fd(real) : 0;
}

/* Everything below a tree in staging, so that it can be deleted.  Nobody but
 * us reaches into staging, so names hold still. */
static void clear_tree(int dir, const char *name, unsigned depth)
{
    _cleanup_close_ int fd = -1;
    struct dirent *d;
    struct stat st;
    DIR *list;
    int real;

    if (hb_place_look(dir, name, &fd, &st) < 0)
        return;
    /* A file with other names elsewhere loses this one only: deleting the
     * name needs the flag away, so it is put back by who still has it. */
    (void)clear_path(fd, st.st_mode & S_IFMT);
    if (!S_ISDIR(st.st_mode) || depth >= TREE_DEPTH)
        return;
    real = hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
    if (real < 0)
        return;
    list = fdopendir(real);
    if (list == NULL) {
        hb_close(&real);
        return;
    }
    while ((d = readdir(list)) != NULL) {
        if (!hb_streq(d->d_name, ".") && !hb_streq(d->d_name, ".."))
            clear_tree(real, d->d_name, depth + 1);
    }
    (void)closedir(list);
}

static bool in_fstab(const char *path)
{
    char buf[4096];
    struct mntent m;
    FILE *f = setmntent("/etc/fstab", "re");
    bool found = false;

    if (f == NULL)
        return false;
    while (!found && getmntent_r(f, &m, buf, sizeof(buf)) != NULL)
        found = hb_streq(m.mnt_dir, path);
    (void)endmntent(f);
    return found;
}

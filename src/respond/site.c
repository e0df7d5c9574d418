/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.c - a site as the helper holds it: its root, its staging directory,
 * its signed baselines.
 *
 * Runs in the helper.  The root's path comes from the configuration and its
 * parents are the administrator's; the root itself and all below may have
 * been replaced by an attacker.  Staging lies on the same file system, so
 * that an exchange is one rename; it is ours alone (root, 0700), and what is
 * found there under its name but is not ours is not used.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "respond/act.h"

static int find_path(struct hb_site *s);
static int open_parent(struct hb_site *s);
static void look_at_root(struct hb_site *s);
static int open_staging(struct hb_site *s);
static int try_staging(struct hb_site *s, int dir, const char *name);
static uint64_t mount_of(int fd);
static int name_of_fd(int fd, char *buf);
static void count_staged(struct hb_site *s);
static void read_baselines(struct hb_helper *h, struct hb_site *s);
static bool same_number(const struct hb_baseline *a,
                        const struct hb_baseline *b);

int hb_site_open(struct hb_helper *h, struct hb_site *s,
                 const struct hb_conf_site *conf)
{
    *s = (struct hb_site){
        .conf = conf, .parent = -1, .root = -1, .staging = -1, .basedir = -1};
    s->error = find_path(s);
    hb_site_refresh(h, s, false);
    return s->error;
}

void hb_site_close(struct hb_site *s)
{
    hb_base_set_done(&s->set);
    hb_baseline_free(s->previous);
    hb_close(&s->parent);
    hb_close(&s->root);
    hb_close(&s->staging);
    hb_close(&s->basedir);
}

void hb_site_refresh(struct hb_helper *h, struct hb_site *s, bool baselines)
{
    struct stat st;

    if (s->path[0] == '\0')
        return;
    if (s->parent < 0)
        s->error = open_parent(s);
    if (s->parent < 0)
        return;
    look_at_root(s);
    if (s->staging >= 0 && (fstat(s->staging, &st) < 0 || st.st_nlink == 0))
        hb_close(&s->staging);
    if (s->staging < 0) {
        s->error = open_staging(s);
        if (s->error < 0)
            return;
        count_staged(s);
        hb_site_reserve_make(s);
    }
    s->error = 0;
    if (s->basedir < 0) {
        char path[HB_MAX_PATH];

        if (snprintf(path, sizeof(path), "%s/%s", h->ctx->baseline_dir,
                     s->conf->name) < (int)sizeof(path))
            s->basedir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        baselines = true;
    }
    if (s->basedir < 0 || fstat(s->basedir, &st) < 0)
        return;
    if (baselines || s->set.cur == NULL ||
        st.st_mtim.tv_sec != s->set_time.tv_sec ||
        st.st_mtim.tv_nsec != s->set_time.tv_nsec) {
        s->set_time = st.st_mtim;
        read_baselines(h, s);
    }
}

int hb_site_baseline(struct hb_site *s, uint64_t number,
                     const struct hb_baseline **ret)
{
    if (s->set.cur != NULL && hb_baseline_number(s->set.cur) == number)
        *ret = s->set.cur;
    else if (s->set.next != NULL && hb_baseline_number(s->set.next) == number)
        *ret = s->set.next;
    else
        return -ESTALE;
    return 0;
}

/* What was signed before B, for the step from one release to the next. */
const struct hb_baseline *hb_site_before(struct hb_helper *h, struct hb_site *s,
                                         const struct hb_baseline *b)
{
    uint64_t number;

    if (b == s->set.next)
        return s->set.cur;
    number = hb_baseline_number(b);
    if (s->previous == NULL && number > 1 && !s->no_previous &&
        hb_baseline_open(s->basedir, s->conf->name, number - 1, 0, h->publish,
                         &s->previous, NULL) < 0)
        s->no_previous = true;
    return s->previous;
}

bool hb_site_reserve_free(struct hb_site *s)
{
    if (!s->reserve || unlinkat(s->staging, "reserve", 0) < 0)
        return false;
    s->reserve = false;
    return true;
}

void hb_site_reserve_make(struct hb_site *s)
{
    _cleanup_close_ int fd = -1;

    if (s->reserve)
        return;
    fd = openat(s->staging, "reserve",
                O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (fallocate(fd, 0, 0, HB_RESERVE) == 0)
        s->reserve = true;
    else
        (void)unlinkat(s->staging, "reserve", 0);
}

/* Counts NAME in (SIGN 1) or out (-1). */
void hb_site_staged(struct hb_site *s, const char *name, int sign)
{
    struct stat st;
    uint64_t bytes;

    if (fstatat(s->staging, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    bytes = (uint64_t)st.st_blocks * 512;
    if (sign > 0) {
        s->staged++;
        s->staged_bytes += bytes;
    } else {
        s->staged -= s->staged > 0;
        s->staged_bytes -= HB_MIN(bytes, s->staged_bytes);
    }
}

bool hb_site_staging_full(const struct hb_site *s)
{
    return s->staged >= HB_STAGED_MAX || s->staged_bytes >= HB_STAGED_BYTES;
}

/* The path that is opened.  A link at its end is followed only where nobody
 * but root can have made it (releases switched by a link); else it is what an
 * attacker put there. */
static int find_path(struct hb_site *s)
{
    char full[PATH_MAX], *slash;
    struct stat st, up;
    size_t n;

    if (s->conf->root == NULL || s->conf->root[0] != '/' ||
        strlen(s->conf->root) >= sizeof(full))
        return -EINVAL;
    memcpy(full, s->conf->root, strlen(s->conf->root) + 1);
    for (n = strlen(full); n > 1 && full[n - 1] == '/'; n--)
        full[n - 1] = '\0';
    if (n <= 1)
        return -EINVAL; /* "/" is no site */
    memcpy(s->path, full, n + 1);
    if (lstat(full, &st) < 0 || !S_ISLNK(st.st_mode))
        return 0;
    slash = strrchr(full, '/');
    slash[slash == full ? 1 : 0] = '\0';
    if (st.st_uid != 0 || stat(full, &up) < 0 || up.st_uid != 0 ||
        (up.st_mode & 022) != 0)
        return 0;
    if (realpath(s->conf->root, full) == NULL)
        return -errno;
    memcpy(s->path, full, strlen(full) + 1);
    return 0;
}

static int open_parent(struct hb_site *s)
{
    char dir[HB_MAX_PATH];
    char *slash;
    int r;

    memcpy(dir, s->path, sizeof(dir));
    slash = strrchr(dir, '/');
    s->name = s->path + (slash - dir) + 1;
    slash[slash == dir ? 1 : 0] = '\0';
    s->parent = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->parent < 0)
        return -errno;
    r = name_of_fd(s->parent, dir);
    if (r >= 0 && snprintf(s->real, sizeof(s->real), "%s/%s",
                           hb_streq(dir, "/") ? "" : dir,
                           s->name) >= (int)sizeof(s->real))
        r = -ENAMETOOLONG;
    if (r < 0)
        hb_close(&s->parent);
    return r;
}

/* Opens the root again where it is another one than before. */
static void look_at_root(struct hb_site *s)
{
    _cleanup_close_ int fd = -1;
    struct stat st;

    fd = openat(s->parent, s->name,
                O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0) {
        hb_close(&s->root);
        return;
    }
    if (s->root >= 0 && s->dev == st.st_dev && s->ino == st.st_ino &&
        s->mount == mount_of(fd))
        return;
    hb_close(&s->root);
    s->root = fd;
    fd = -1;
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    s->mount = mount_of(s->root);
}

static int open_staging(struct hb_site *s)
{
    char name[64];
    int r = -ENOENT;

    (void)snprintf(name, sizeof(name), ".hinoban-staging-%s", s->conf->name);
    if (s->conf->staging != NULL && s->conf->staging[0] == '/')
        return try_staging(s, AT_FDCWD, s->conf->staging);
    /* Beside the root, where the web user does not write; inside it only
     * where the root is a mount of its own. */
    r = try_staging(s, s->parent, name);
    if (r < 0 && s->root >= 0)
        r = try_staging(s, s->root, name);
    return r;
}

static int try_staging(struct hb_site *s, int dir, const char *name)
{
    _cleanup_close_ int fd = -1;
    bool made = mkdirat(dir, name, 0700) == 0;
    struct stat st;
    struct statfs fs;
    int r;

    fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    r = fstat(fd, &st) < 0 ? -errno : 0;
    if (r == 0 && s->root >= 0 &&
        (st.st_dev != s->dev || mount_of(fd) != s->mount))
        r = -EXDEV;
    if (r == 0 && (st.st_uid != geteuid() || (st.st_mode & 077) != 0))
        r = -EPERM;
    if (r == 0)
        r = name_of_fd(fd, s->staging_real);
    if (r < 0) {
        if (made)
            (void)unlinkat(dir, name, AT_REMOVEDIR);
        return r;
    }
    s->staging = fd;
    fd = -1;
    /* Elsewhere a commit of one inode says nothing about another. */
    s->group_commit = fstatfs(s->staging, &fs) == 0 &&
                      (unsigned long)fs.f_type == EXT4_SUPER_MAGIC;
    return 0;
}

static uint64_t mount_of(int fd)
{
    struct statx sx;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) < 0)
        return 0;
    return sx.stx_mnt_id;
}

static int name_of_fd(int fd, char *buf)
{
    char link[32];
    ssize_t n;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, buf, HB_MAX_PATH - 1);
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return 0;
}

static void count_staged(struct hb_site *s)
{
    int fd = openat(s->staging, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *d;

    s->staged = 0;
    s->staged_bytes = 0;
    s->reserve = false;
    if (list == NULL) {
        hb_close(&fd);
        return;
    }
    while ((d = readdir(list)) != NULL) {
        if (strlen(d->d_name) >= 2 * HB_ACT_KEY_SIZE)
            hb_site_staged(s, d->d_name, 1);
    }
    (void)closedir(list);
}

/* What verifies replaces what was; what does not (a bad signature, a number
 * that went back) leaves the old one in force and is told. */
static void read_baselines(struct hb_helper *h, struct hb_site *s)
{
    struct hb_base_set set = {0};
    struct hb_err err = {0};
    uint64_t number,
        floor = hb_journal_floor(h->journal, (uint32_t)s->conf->number);
    int r;

    r = h->publish == NULL ? -ENOKEY
                           : hb_base_set_open(s->basedir, s->conf->name, floor,
                                              h->publish, &set, &err);
    if (r < 0) {
        if (r != -ENOENT)
            hb_tell(h, HB_TELL_POLICY, NULL, "%s: %s", s->conf->name,
                    err.message);
        return;
    }
    number = hb_baseline_number(set.cur);
    if (same_number(set.cur, s->set.cur) &&
        same_number(set.next, s->set.next)) {
        hb_base_set_done(&set);
        return;
    }
    r = hb_journal_set_floor(h->journal, (uint32_t)s->conf->number, number);
    if (r < 0) {
        hb_base_set_done(&set);
        hb_tell(h, HB_TELL_JOURNAL, NULL, "%s", strerror(-r));
        return;
    }
    hb_base_set_done(&s->set);
    hb_baseline_free(s->previous);
    s->previous = NULL;
    s->no_previous = false;
    s->set = set;
}

static bool same_number(const struct hb_baseline *a,
                        const struct hb_baseline *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return hb_baseline_number(a) == hb_baseline_number(b) &&
           memcmp(hb_baseline_digest(a), hb_baseline_digest(b),
                  HB_SHA256_SIZE) == 0;
}

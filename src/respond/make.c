/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make.c - new objects as the signed baseline describes them, made in
 * staging where nobody else can reach, and the directories above them.
 *
 * Runs in the helper.  Trusts the entry (signed) but not the object store:
 * content is hashed while it is copied, and what does not match is never put
 * into the site.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>

#include "base/cur.h"
#include "base/file.h"
#include "respond/act.h"

#define XATTR_LIST_MAX (64u << 10)

static int make_file(struct hb_helper *h, struct hb_site *s,
                     const struct hb_base_entry *e, const char *name,
                     int *ret_fd);
static int make_link(struct hb_site *s, const struct hb_base_entry *e,
                     const char *name);
static int make_dir(struct hb_site *s, const struct hb_base_entry *e,
                    const char *name);
static int copy_content(struct hb_helper *h, struct hb_site *s,
                        const struct hb_base_entry *e, int to);
static int write_reserved(struct hb_site *s, int fd, const void *p, size_t n);
static int set_xattrs(int fd, struct hb_slice xattrs);
static int drop_xattrs(int fd, struct hb_slice wanted);
static bool xattr_wanted(struct hb_slice xattrs, const char *name);
static bool xattr_ours(const char *name);
static int step_down(struct hb_helper *h, struct hb_site *s,
                     const struct hb_baseline *b, struct hb_slice rel,
                     const char *name, const char *key, int *cur,
                     bool *obstacle);
static int new_dir(struct hb_helper *h, struct hb_site *s,
                   const struct hb_baseline *b, struct hb_slice rel, int dir,
                   const char *name, const char *key, bool exchange);

/* NAME in staging becomes what E says; *RET_FD is a descriptor that still
 * needs hb_fsync(), or -1. */
int hb_make_object(struct hb_helper *h, struct hb_site *s,
                   const struct hb_base_entry *e, const char *name, int *ret_fd)
{
    int fd = -1, r;

    hb_step();
    switch (e->type) {
    case HB_BT_FILE:
        r = make_file(h, s, e, name, &fd);
        break;
    case HB_BT_LINK:
        r = make_link(s, e, name);
        break;
    case HB_BT_DIR:
        r = make_dir(s, e, name);
        break;
    default:
        return -EPROTO;
    }
    if (r < 0) {
        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* Owner, attributes, mode and time, in the order in which they do not undo
 * each other: chown clears set-uid bits and capabilities. */
int hb_make_meta(int fd, const struct hb_base_entry *e)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = e->mtime / INT64_C(1000000000),
         .tv_nsec = e->mtime % INT64_C(1000000000)}};
    int r;

    if (fchown(fd, e->uid, e->gid) < 0)
        return -errno;
    r = drop_xattrs(fd, e->xattrs);
    if (r >= 0)
        r = set_xattrs(fd, e->xattrs);
    if (r < 0)
        return r;
    if (fchmod(fd, e->mode) < 0)
        return -errno;
    /* A time before 1970 has a negative remainder; it is not worth failing
     * for. */
    (void)futimens(fd, times);
    return 0;
}

/* What differs between E and the object that the O_PATH descriptor FD and ST
 * show; 0 where it is right. */
int hb_make_compare(struct hb_helper *h, const struct hb_base_entry *e, int fd,
                    const struct stat *st)
{
    _cleanup_close_ int real = -1;
    int r;

    switch (e->type) {
    case HB_BT_FILE:
        if (!S_ISREG(st->st_mode))
            return HB_BD_TYPE;
        if ((uint64_t)st->st_size != e->size)
            return HB_BD_SIZE | HB_BD_CONTENT;
        real = hb_place_reopen(fd, O_RDONLY);
        break;
    case HB_BT_DIR:
        if (!S_ISDIR(st->st_mode))
            return HB_BD_TYPE;
        real = hb_place_reopen(fd, O_RDONLY | O_DIRECTORY);
        break;
    default:
        if (!S_ISLNK(st->st_mode))
            return HB_BD_TYPE;
        r = hb_baseline_compare(e, fd, false, h->sha);
        return r < 0 ? r : r & ~HB_BD_UNREAD;
    }
    if (real < 0)
        return real;
    r = hb_baseline_compare(e, real, e->type == HB_BT_FILE, h->sha);
    return r < 0 ? r : r & ~HB_BD_UNREAD;
}

/* Makes the directory DIR ("" for the root) and all above it stand, as B
 * says.  What stands in the way is moved to staging as KEY ".q" (*OBSTACLE).
 * *RET_FD is DIR. */
int hb_make_dirs(struct hb_helper *h, struct hb_site *s,
                 const struct hb_baseline *b, const char *dir, const char *key,
                 bool *obstacle, int *ret_fd)
{
    _cleanup_close_ int cur = -1;
    char part[HB_MAX_PATH];
    const char *at = dir;
    int r;

    if (s->root < 0) {
        _cleanup_close_ int up = fcntl(s->parent, F_DUPFD_CLOEXEC, 3);

        r = up < 0 ? -errno
                   : step_down(h, s, b, hb_slice("", 0), s->name, key, &up,
                               obstacle);
        if (r < 0)
            return r;
        hb_site_refresh(h, s, false);
    }
    r = hb_place_parent(s, "", &cur);
    while (r >= 0 && *at != '\0') {
        size_t n = strcspn(at, "/");

        if (n > HB_MAX_NAME)
            return -ENAMETOOLONG;
        memcpy(part, at, n);
        part[n] = '\0';
        at += n;
        r = step_down(h, s, b, hb_slice(dir, (size_t)(at - dir)), part, key,
                      &cur, obstacle);
        at += *at == '/';
    }
    if (r < 0)
        return r;
    *ret_fd = cur;
    cur = -1;
    return 0;
}

static int make_file(struct hb_helper *h, struct hb_site *s,
                     const struct hb_base_entry *e, const char *name,
                     int *ret_fd)
{
    int fd = openat(s->staging, name,
                    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r;

    if (fd < 0 && (errno == ENOSPC || errno == EDQUOT) &&
        hb_site_reserve_free(s))
        fd = openat(s->staging, name,
                    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -errno;
    r = copy_content(h, s, e, fd);
    if (r >= 0)
        r = hb_make_meta(fd, e);
    if (r < 0) {
        hb_close(&fd);
        (void)unlinkat(s->staging, name, 0);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int make_link(struct hb_site *s, const struct hb_base_entry *e,
                     const char *name)
{
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = e->mtime / INT64_C(1000000000),
         .tv_nsec = e->mtime % INT64_C(1000000000)}};
    char target[HB_MAX_PATH];
    int r;

    if (e->target.n == 0 || e->target.n >= sizeof(target))
        return -ENAMETOOLONG;
    memcpy(target, e->target.p, e->target.n);
    target[e->target.n] = '\0';
    r = symlinkat(target, s->staging, name) < 0 ? -errno : 0;
    if ((r == -ENOSPC || r == -EDQUOT) && hb_site_reserve_free(s))
        r = symlinkat(target, s->staging, name) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    if (fchownat(s->staging, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0) {
        r = -errno;
        (void)unlinkat(s->staging, name, 0);
        return r;
    }
    (void)utimensat(s->staging, name, times, AT_SYMLINK_NOFOLLOW);
    return 0;
}

static int make_dir(struct hb_site *s, const struct hb_base_entry *e,
                    const char *name)
{
    _cleanup_close_ int fd = -1;
    int r = mkdirat(s->staging, name, 0700) < 0 ? -errno : 0;

    if ((r == -ENOSPC || r == -EDQUOT) && hb_site_reserve_free(s))
        r = mkdirat(s->staging, name, 0700) < 0 ? -errno : 0;
    if (r < 0)
        return r;
    fd = openat(s->staging, name,
                O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    r = fd < 0 ? -errno : hb_make_meta(fd, e);
    if (r < 0)
        (void)unlinkat(s->staging, name, AT_REMOVEDIR);
    return r;
}

static int copy_content(struct hb_helper *h, struct hb_site *s,
                        const struct hb_base_entry *e, int to)
{
    _cleanup_close_ int from = -1;
    uint8_t sum[HB_SHA256_SIZE];
    uint64_t at = 0;
    int r = hb_object_open(h->objdir, e->sha256, &from);

    if (r < 0)
        return r;
    hb_sha256_reset(h->sha);
    for (;;) {
        ssize_t n = hb_pread_full(from, h->io, HB_IO_SIZE, (off_t)at);

        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        if (at + (uint64_t)n > e->size)
            return -EUCLEAN;
        hb_sha256_add(h->sha, h->io, (size_t)n);
        r = write_reserved(s, to, h->io, (size_t)n);
        if (r < 0)
            return r;
        at += (uint64_t)n;
        if ((size_t)n < HB_IO_SIZE)
            break;
    }
    hb_sha256_end(h->sha, sum);
    if (at != e->size || memcmp(sum, e->sha256, sizeof(sum)) != 0)
        return -EUCLEAN; /* the object store is damaged */
    return 0;
}

/* A full disk (an attacker's, or the day's) gets the reserve back, once. */
static int write_reserved(struct hb_site *s, int fd, const void *p, size_t n)
{
    off_t at = lseek(fd, 0, SEEK_CUR);
    int r = hb_write_all(fd, p, n);

    if ((r == -ENOSPC || r == -EDQUOT) && at >= 0 && hb_site_reserve_free(s) &&
        lseek(fd, at, SEEK_SET) == at)
        r = hb_write_all(fd, p, n);
    return r;
}

static int set_xattrs(int fd, struct hb_slice xattrs)
{
    struct hb_cur c;

    hb_cur_init(&c, xattrs.p, xattrs.n);
    while (c.err == 0 && hb_cur_left(&c) > 0) {
        uint16_t name_len = hb_cur_u16(&c);
        uint32_t value_len = hb_cur_u32(&c);
        struct hb_slice name = hb_cur_take(&c, name_len);
        struct hb_slice value = hb_cur_take(&c, value_len);
        char z[HB_MAX_NAME + 1];

        if (c.err != 0 || name.n == 0 || name.n >= sizeof(z))
            return -EBADMSG;
        memcpy(z, name.p, name.n);
        z[name.n] = '\0';
        if (fsetxattr(fd, z, value.p, value.n, 0) < 0)
            return -errno;
    }
    return hb_cur_end(&c);
}

/* Takes away what is not WANTED.  Labels of the system (SELinux, ...) are
 * not part of a baseline and stay. */
static int drop_xattrs(int fd, struct hb_slice wanted)
{
    _cleanup_free_ char *list = NULL;
    ssize_t n = flistxattr(fd, NULL, 0);

    if (n <= 0)
        return n < 0 && errno != EOPNOTSUPP ? -errno : 0;
    if (n > (ssize_t)XATTR_LIST_MAX)
        return -E2BIG;
    list = malloc((size_t)n + 1);
    if (list == NULL)
        return -ENOMEM;
    n = flistxattr(fd, list, (size_t)n);
    if (n < 0)
        return errno == ERANGE ? -EAGAIN : -errno;
    list[n] = '\0';
    for (char *z = list; z < list + n; z += strlen(z) + 1) {
        if (xattr_ours(z) && !xattr_wanted(wanted, z) &&
            fremovexattr(fd, z) < 0 && errno != ENODATA)
            return -errno;
    }
    return 0;
}

static bool xattr_wanted(struct hb_slice xattrs, const char *name)
{
    struct hb_cur c;

    hb_cur_init(&c, xattrs.p, xattrs.n);
    while (c.err == 0 && hb_cur_left(&c) > 0) {
        uint16_t name_len = hb_cur_u16(&c);
        uint32_t value_len = hb_cur_u32(&c);
        struct hb_slice at = hb_cur_take(&c, name_len);

        (void)hb_cur_take(&c, value_len);
        if (hb_slice_eq(at, hb_slice_z(name)))
            return true;
    }
    return false;
}

static bool xattr_ours(const char *name)
{
    return strncmp(name, "user.", 5) == 0 ||
           strncmp(name, "trusted.", 8) == 0 ||
           strncmp(name, "system.posix_acl_", 17) == 0 ||
           hb_streq(name, "security.capability");
}

/* *CUR becomes its child NAME, which is REL below the root. */
static int step_down(struct hb_helper *h, struct hb_site *s,
                     const struct hb_baseline *b, struct hb_slice rel,
                     const char *name, const char *key, int *cur,
                     bool *obstacle)
{
    int r = -EAGAIN;

    for (int i = 0; i < 16; i++) {
        _cleanup_close_ int fd = -1;
        struct stat st = {0};

        /* The root may be a mount of its own. */
        if (rel.n == 0) {
            fd = openat(*cur, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
            r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
        } else {
            r = hb_place_look(*cur, name, &fd, &st);
        }
        if (r >= 0 && S_ISDIR(st.st_mode)) {
            hb_close(cur);
            *cur = fd;
            fd = -1;
            return 0;
        }
        if (r == -EXDEV)
            r = hb_place_unmount(h, s, *cur, name);
        else if (r == -ENOENT)
            r = new_dir(h, s, b, rel, *cur, name, key, false);
        else if (r >= 0 && *obstacle)
            return -EAGAIN; /* one more: somebody is building walls */
        else if (r >= 0) {
            r = new_dir(h, s, b, rel, *cur, name, key, true);
            *obstacle = r >= 0;
        }
        if (r < 0 && r != -EEXIST && r != -ENOENT && r != -EAGAIN)
            return r;
    }
    /* -EEXIST: each time something else stood there. */
    return r >= 0 || r == -EEXIST ? -EAGAIN : r;
}

static int new_dir(struct hb_helper *h, struct hb_site *s,
                   const struct hb_baseline *b, struct hb_slice rel, int dir,
                   const char *name, const char *key, bool exchange)
{
    struct hb_base_entry e;
    uint32_t flags = 0;
    char part[80];
    int none = -1, r;

    r = hb_baseline_find(b, rel, &e);
    if (r < 0 || e.type != HB_BT_DIR)
        return -ENOTDIR; /* the baseline has no directory there */
    (void)snprintf(part, sizeof(part), "%s.p", key);
    r = hb_make_object(h, s, &e, part, &none);
    if (r < 0)
        return r == -EEXIST ? -EBUSY : r;
    for (int i = 0; i < 2; i++) {
        hb_step();
        r = renameat2(s->staging, part, dir, name,
                      exchange ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0
                ? -errno
                : 0;
        if ((r != -EPERM && r != -EACCES) || !hb_place_clear(dir, name, &flags))
            break;
    }
    if (r < 0) {
        (void)unlinkat(s->staging, part, AT_REMOVEDIR);
        return r;
    }
    if (exchange) {
        char kept[80];

        (void)snprintf(kept, sizeof(kept), "%s.q", key);
        if (renameat2(s->staging, part, s->staging, kept, RENAME_NOREPLACE) < 0)
            return -errno;
    }
    return 0;
}

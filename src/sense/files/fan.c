/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fan.c - fanotify groups, marks and the bounded reader of their events.
 *
 * Runs in watch, which keeps CAP_SYS_ADMIN for it.  The kernel is trusted,
 * yet its records are read through a cursor all the same: a header that
 * changes in a later kernel must end in an error, not beyond the buffer.
 * Names in events are an attacker's.
 *
 * Constants newer than Debian 12's headers are written down here (from
 * include/uapi/linux/fanotify.h of Linux 6.14).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/vfs.h>

#include "base/cur.h"
#include "sense/files/fan.h"

#ifndef FAN_REPORT_MNT
#define FAN_REPORT_MNT 0x00004000
#endif
#ifndef FAN_MNT_ATTACH
#define FAN_MNT_ATTACH 0x01000000
#define FAN_MNT_DETACH 0x02000000
#endif
#ifndef FAN_MARK_MNTNS
#define FAN_MARK_MNTNS 0x00000110
#endif
#ifndef FAN_MARK_EVICTABLE
#define FAN_MARK_EVICTABLE 0x00000200 /* Linux 5.19 */
#endif
#define INFO_TYPE_MNT    7     /* FAN_EVENT_INFO_TYPE_MNT */
#define AT_HANDLE_OF_FID 0x200 /* AT_HANDLE_FID, Linux 6.5 */

#define MASK_BASE                                                              \
    (FAN_MODIFY | FAN_CLOSE_WRITE | FAN_ATTRIB | FAN_CREATE | FAN_DELETE |     \
     FAN_MOVED_FROM | FAN_MOVED_TO | FAN_DELETE_SELF | FAN_MOVE_SELF |         \
     FAN_ONDIR)

static int info_read(struct hb_cur *c, struct hb_fan_event *e);
static int fid_read(struct hb_cur *c, struct hb_fan_handle *h);
static void name_read(struct hb_cur *c, struct hb_fan_event *e);
static uint64_t fsid_of(const struct statfs *s);

int hb_fan_open(unsigned *ret_features)
{
    static const unsigned sets[] = {
        HB_FAN_PIDFD | HB_FAN_TARGET | HB_FAN_UNLIMITED,
        HB_FAN_TARGET | HB_FAN_UNLIMITED,
        HB_FAN_PIDFD | HB_FAN_UNLIMITED,
        HB_FAN_UNLIMITED,
        0,
    };
    int err = -ENOSYS;

    for (size_t i = 0; i < HB_ARRAY_LEN(sets); i++) {
        unsigned flags =
            FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_REPORT_DFID_NAME;
        int fd;

        if ((sets[i] & HB_FAN_UNLIMITED) != 0)
            flags |= FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
        if ((sets[i] & HB_FAN_PIDFD) != 0)
            flags |= FAN_REPORT_PIDFD;
        flags |= (sets[i] & HB_FAN_TARGET) != 0
                     ? (unsigned)FAN_REPORT_FID | FAN_REPORT_TARGET_FID
                     : (unsigned)FAN_REPORT_FID;
        fd = fanotify_init(flags, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            *ret_features = sets[i];
            return fd;
        }
        err = -errno;
        if (err != -EINVAL && err != -EPERM)
            break;
    }
    return err;
}

int hb_fan_mark_fs(int group, int rootfd, unsigned *features)
{
    const unsigned how = FAN_MARK_ADD | FAN_MARK_FILESYSTEM;

    if (fanotify_mark(group, how, MASK_BASE | FAN_FS_ERROR, rootfd, NULL) ==
        0) {
        *features |= HB_FAN_FS_ERROR;
        return 0;
    }
    *features &= ~(unsigned)HB_FAN_FS_ERROR;
    return fanotify_mark(group, how, MASK_BASE, rootfd, NULL) == 0 ? 0 : -errno;
}

int hb_fan_mark_dir(int group, int dirfd)
{
    if (fanotify_mark(group, FAN_MARK_ADD | FAN_MARK_ONLYDIR,
                      MASK_BASE | FAN_EVENT_ON_CHILD, dirfd, NULL) == 0)
        return 0;
    return -errno;
}

int hb_fan_ignore(int group, int fd, bool on)
{
    const unsigned how = FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY |
                         (on ? FAN_MARK_ADD : FAN_MARK_REMOVE);
    const uint64_t mask = FAN_MODIFY | FAN_CLOSE_WRITE;
    char path[64];

    /* The call does not take O_PATH descriptors, but their links. */
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (on && fanotify_mark(group, how | FAN_MARK_EVICTABLE, mask, AT_FDCWD,
                            path) == 0)
        return 0;
    return fanotify_mark(group, how, mask, AT_FDCWD, path) == 0 ? 0 : -errno;
}

int hb_fan_open_mounts(int *ret_fd)
{
    _cleanup_close_ int ns = -1;
    int fd;

    fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_MNT | FAN_CLOEXEC |
                           FAN_NONBLOCK,
                       O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (ns < 0 ||
        fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_MNTNS,
                      FAN_MNT_ATTACH | FAN_MNT_DETACH, ns, NULL) < 0) {
        int r = -errno;

        (void)close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

int hb_fan_next(const uint8_t *buf, size_t n, size_t *at,
                struct hb_fan_event *ret)
{
    struct fanotify_event_metadata m;
    struct hb_cur c;

    if (*at == n)
        return 0;
    if (n - *at < sizeof(m))
        return -EBADMSG;
    memcpy(&m, buf + *at, sizeof(m));
    if (m.vers != FANOTIFY_METADATA_VERSION || m.metadata_len < sizeof(m) ||
        m.event_len < m.metadata_len || m.event_len > n - *at)
        return -EBADMSG;
    memset(ret, 0, offsetof(struct hb_fan_event, name));
    ret->dir.n = ret->object.n = 0;
    ret->name[0] = '\0';
    ret->name_n = 0;
    ret->fs_error = 0;
    ret->mount = 0;
    ret->mask = m.mask;
    ret->pid = m.pid;
    ret->pidfd = -1;
    ret->overflow = (m.mask & FAN_Q_OVERFLOW) != 0;
    hb_cur_init(&c, buf + *at + m.metadata_len, m.event_len - m.metadata_len);
    *at += m.event_len;
    while (hb_cur_left(&c) > 0) {
        int r = info_read(&c, ret);

        if (r < 0) {
            hb_close(&ret->pidfd);
            return r;
        }
    }
    return 1;
}

int hb_fan_handle_at(int dirfd, const char *name, struct hb_fan_handle *ret)
{
    union {
        struct file_handle h;
        uint8_t room[sizeof(struct file_handle) + sizeof(ret->bytes)];
    } u;
    int mount, flags = name[0] == '\0' ? AT_EMPTY_PATH : 0;
    struct statfs fs;

    u.h.handle_bytes = sizeof(ret->bytes);
    if (name_to_handle_at(dirfd, name, &u.h, &mount, flags) < 0) {
        /* Overlayfs and others encode handles only for comparison. */
        if (errno != EOPNOTSUPP)
            return -errno;
        u.h.handle_bytes = sizeof(ret->bytes);
        if (name_to_handle_at(dirfd, name, &u.h, &mount,
                              flags | AT_HANDLE_OF_FID) < 0)
            return -errno;
    }
    if (fstatfs(dirfd, &fs) < 0)
        return -errno;
    ret->fsid = fsid_of(&fs);
    ret->type = u.h.handle_type;
    ret->n = HB_MIN(u.h.handle_bytes, (unsigned)sizeof(ret->bytes));
    memcpy(ret->bytes, u.h.f_handle, ret->n);
    return 0;
}

int hb_fan_open_handle(int mountfd, const struct hb_fan_handle *h, int *ret_fd)
{
    union {
        struct file_handle h;
        uint8_t room[sizeof(struct file_handle) + sizeof(h->bytes)];
    } u;
    int fd;

    u.h.handle_bytes = h->n;
    u.h.handle_type = h->type;
    memcpy(u.h.f_handle, h->bytes, h->n);
    fd = open_by_handle_at(mountfd, &u.h, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

/* One info record behind the metadata (struct fanotify_event_info_header). */
static int info_read(struct hb_cur *c, struct hb_fan_event *e)
{
    uint8_t type = hb_cur_u8(c);
    uint16_t len;
    struct hb_cur in;
    struct hb_slice body;

    (void)hb_cur_u8(c);
    len = hb_cur_u16(c);
    if (c->err < 0 || len < 4)
        return -EBADMSG;
    body = hb_cur_take(c, len - 4u);
    if (c->err < 0)
        return -EBADMSG;
    hb_cur_init(&in, body.p, body.n);
    switch (type) {
    case FAN_EVENT_INFO_TYPE_FID:
        return fid_read(&in, &e->object);
    case FAN_EVENT_INFO_TYPE_DFID:
        return fid_read(&in, &e->dir);
    case FAN_EVENT_INFO_TYPE_DFID_NAME:
        if (fid_read(&in, &e->dir) < 0)
            return -EBADMSG;
        name_read(&in, e);
        return 0;
    case FAN_EVENT_INFO_TYPE_PIDFD:
        /* FAN_NOPIDFD and FAN_EPIDFD are negative. */
        e->pidfd = (int)hb_cur_u32(&in);
        if (e->pidfd < 0)
            e->pidfd = -1;
        return in.err;
    case FAN_EVENT_INFO_TYPE_ERROR:
        e->fs_error = (int32_t)hb_cur_u32(&in);
        return in.err;
    case INFO_TYPE_MNT:
        (void)hb_cur_u32(&in); /* padding before the 64 bit id */
        e->mount = hb_cur_u64(&in);
        return 0;
    default:
        return 0; /* a later kernel's; its length was checked */
    }
}

static int fid_read(struct hb_cur *c, struct hb_fan_handle *h)
{
    struct hb_slice raw;
    uint32_t n;

    h->fsid = hb_cur_u64(c);
    n = hb_cur_u32(c);
    h->type = (int32_t)hb_cur_u32(c);
    if (c->err < 0 || n > sizeof(h->bytes))
        return -EBADMSG;
    raw = hb_cur_take(c, n);
    if (c->err < 0)
        return -EBADMSG;
    h->n = n;
    if (n > 0)
        memcpy(h->bytes, raw.p, n);
    return 0;
}

static void name_read(struct hb_cur *c, struct hb_fan_event *e)
{
    size_t left = hb_cur_left(c);
    struct hb_slice raw = hb_cur_take(c, left);
    size_t n = raw.n > 0 ? strnlen(raw.p, raw.n) : 0;

    if (n > HB_MAX_NAME)
        n = HB_MAX_NAME;
    /* "." means the directory itself. */
    if (n == 1 && raw.p[0] == '.')
        n = 0;
    if (n > 0)
        memcpy(e->name, raw.p, n);
    e->name[n] = '\0';
    e->name_n = n;
}

static uint64_t fsid_of(const struct statfs *s)
{
    uint64_t v;

    _Static_assert(sizeof(s->f_fsid) == sizeof(v), "fsid is 64 bit");
    memcpy(&v, &s->f_fsid, sizeof(v));
    return v;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - writer.freeze and writer.thaw: the control group of a process
 * that keeps writing is stopped, not killed: its memory is evidence.
 *
 * Runs in the helper.  The process is named by a pidfd, so that a number used
 * again never hits another one; what /proc says of it counts only if it still
 * lives afterwards.  Never-touch groups are policy's to refuse (policy.c).
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/proc.h"
#include "respond/act.h"
#include "respond/freeze.h"

static int pid_of(int fd, pid_t *ret);
static int read_line(const char *path, const char *start, char *buf,
                     size_t size);
static int read_proc(pid_t pid, const char *file, char *buf, size_t size);
static bool cgroup_of(const char *text, const char *prefix, char *buf,
                      size_t size);
static int set_state(const char *object, bool freeze);
static int write_group(const char *const *mounts, const char *group,
                       const char *file, const char *value);
static int signal_pid(const char *object, bool stop);
static int pidfd_signal(int fd, int sig);

static const char *const mounts_v2[] = {"/sys/fs/cgroup",
                                        "/sys/fs/cgroup/unified", NULL};
static const char *const mounts_v1[] = {"/sys/fs/cgroup/freezer", NULL};

int hb_freeze_object(int fd, uint32_t started, char *buf, size_t size)
{
    char text[8192], v2[HB_MAX_PATH], v1[HB_MAX_PATH];
    uint64_t start = 0;
    pid_t pid;
    int n, r = pid_of(fd, &pid);

    if (r >= 0)
        r = read_proc(pid, "cgroup", text, sizeof(text));
    if (r >= 0)
        r = hb_proc_start(pid, &start);
    /* Only now is it sure that all this was about the process of the pidfd. */
    if (r >= 0)
        r = pidfd_signal(fd, 0);
    if (r == 0 && started != 0 && (uint32_t)start != started)
        r = -ESRCH;
    if (r < 0)
        return r == -ENOENT ? -ESRCH : r;
    if (cgroup_of(text, "0::", v2, sizeof(v2)) && !hb_streq(v2, "/"))
        n = snprintf(buf, size, "v2:%s", v2);
    else if (cgroup_of(text, ":freezer:", v1, sizeof(v1)) && !hb_streq(v1, "/"))
        n = snprintf(buf, size, "v1:%s", v1);
    else
        n = snprintf(buf, size, "pid:%d:%llu", (int)pid,
                     (unsigned long long)start);
    return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void hb_freeze(struct hb_helper *h, struct hb_work *w)
{
    char again[HB_MAX_PATH];
    int r;

    (void)h;
    w->rep.started = hb_now();
    /* It may have moved to another group since policy looked. */
    r = hb_freeze_object(w->fd, w->req.arg, again, sizeof(again));
    if (r == -ESRCH) {
        hb_work_answer(w, HB_ACT_ALREADY, r);
        return;
    }
    if (r >= 0 && !hb_streq(again, w->object))
        r = -EAGAIN;
    hb_step();
    if (r >= 0)
        r = set_state(w->object, true);
    hb_work_answer(w, r < 0 ? HB_ACT_FAILED : HB_ACT_DONE, r < 0 ? r : 0);
}

void hb_thaw(struct hb_helper *h, struct hb_work *w, struct hb_job *frozen)
{
    int r;

    w->rep.started = hb_now();
    if (frozen == NULL)
        frozen = hb_journal_find(h->journal, w->req.key2);
    if (frozen == NULL || frozen->action != HB_ACT_WRITER_FREEZE) {
        hb_work_answer(w, HB_ACT_FAILED, -ENOENT);
        return;
    }
    hb_step();
    r = set_state(frozen->object, false);
    if (r == -ENOENT || r == -ESRCH) {
        hb_work_answer(w, HB_ACT_ALREADY, 0); /* it has ended since */
    } else if (r < 0) {
        hb_work_answer(w, HB_ACT_FAILED, r);
        return;
    } else {
        hb_work_answer(w, HB_ACT_DONE, 0);
    }
    frozen->undone = true;
    hb_journal_mark(h->journal, frozen);
}

int hb_freeze_lift(const char *object)
{
    return set_state(object, false);
}

/* From /proc/self/fdinfo: only a pidfd has a line "Pid:". */
static int pid_of(int fd, pid_t *ret)
{
    char path[64], line[64];
    int64_t pid;
    int r;

    (void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
    r = read_line(path, "Pid:\t", line, sizeof(line));
    if (r < 0)
        return r == -ENOENT ? -EBADF : r;
    if (hb_parse_i64(hb_slice_z(line), &pid) < 0)
        return -EBADF;
    if (pid <= 0)
        return -ESRCH; /* ended, or of another pid name space */
    *ret = (pid_t)pid;
    return 0;
}

static int read_line(const char *path, const char *start, char *buf,
                     size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    char text[4096];
    ssize_t n = fd < 0 ? -errno : hb_pread_full(fd, text, sizeof(text) - 1, 0);
    char *at;

    if (n < 0)
        return (int)n;
    text[n] = '\0';
    at = strstr(text, start);
    if (at == NULL)
        return -ENOENT;
    at += strlen(start);
    at[strcspn(at, "\n")] = '\0';
    return hb_copyz(buf, size, at) ? 0 : -ENAMETOOLONG;
}

static int read_proc(pid_t pid, const char *file, char *buf, size_t size)
{
    _cleanup_close_ int fd = -1;
    char path[64];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -errno : hb_pread_full(fd, buf, size - 1, 0);
    if (n < 0)
        return (int)n;
    buf[n] = '\0';
    return 0;
}

/* The line of /proc/PID/cgroup that has PREFIX; its path. */
static bool cgroup_of(const char *text, const char *prefix, char *buf,
                      size_t size)
{
    bool start = prefix[0] != ':';
    const char *at = text;

    for (; (at = strstr(at, prefix)) != NULL; at++) {
        if (start && at != text && at[-1] != '\n')
            continue;
        at += strlen(prefix);
        size_t n = strcspn(at, "\n");

        if (n == 0 || n >= size || at[0] != '/')
            return false;
        memcpy(buf, at, n);
        buf[n] = '\0';
        return true;
    }
    return false;
}

static int set_state(const char *object, bool freeze)
{
    if (strncmp(object, "v2:/", 4) == 0)
        return write_group(mounts_v2, object + 4, "cgroup.freeze",
                           freeze ? "1" : "0");
    if (strncmp(object, "v1:/", 4) == 0)
        return write_group(mounts_v1, object + 4, "freezer.state",
                           freeze ? "FROZEN" : "THAWED");
    return signal_pid(object, freeze);
}

/* In the unit each slice that may be written is a mount of its own, so mounts
 * are crossed; what is reached must be a control group all the same. */
static int write_group(const char *const *mounts, const char *group,
                       const char *file, const char *value)
{
    int r = -ENOENT;

    for (size_t i = 0; mounts[i] != NULL && r == -ENOENT; i++) {
        _cleanup_close_ int mount = -1, dir = -1, fd = -1;
        struct statfs fs = {0};

        mount = open(mounts[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (mount < 0)
            continue;
        dir = hb_open_beneath(mount, group, O_PATH | O_DIRECTORY, 0, false);
        if (dir >= 0 &&
            (fstatfs(dir, &fs) < 0 || (fs.f_type != CGROUP2_SUPER_MAGIC &&
                                       fs.f_type != CGROUP_SUPER_MAGIC)))
            return -EXDEV;
        fd = dir < 0 ? dir : openat(dir, file, O_WRONLY | O_CLOEXEC);
        if (fd < 0) {
            r = dir < 0 ? dir : -errno;
            continue;
        }
        r = hb_write_all(fd, value, strlen(value));
    }
    return r;
}

static int signal_pid(const char *object, bool stop)
{
    _cleanup_close_ int fd = -1;
    struct hb_slice s = hb_slice_z(object);
    uint64_t pid, start, now;
    const char *colon;

    if (strncmp(object, "pid:", 4) != 0)
        return -EINVAL;
    s = hb_slice(s.p + 4, s.n - 4);
    colon = memchr(s.p, ':', s.n);
    if (colon == NULL ||
        hb_parse_u64(hb_slice(s.p, (size_t)(colon - s.p)), &pid) < 0 ||
        hb_parse_u64(hb_slice_z(colon + 1), &start) < 0 || pid > INT32_MAX)
        return -EINVAL;
    fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
    if (fd < 0)
        return -errno;
    if (hb_proc_start((pid_t)pid, &now) < 0 || now != start)
        return -ESRCH;
    return pidfd_signal(fd, stop ? SIGSTOP : SIGCONT);
}

static int pidfd_signal(int fd, int sig)
{
    return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0 ? -errno : 0;
}

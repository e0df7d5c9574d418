/* SPDX-License-Identifier: Apache-2.0 */
/*
 * who.c - a process out of /proc, quickly and once.
 *
 * Runs in watch, which keeps CAP_SYS_PTRACE for /proc/PID/exe.  Command
 * names, command lines and executables' names are an attacker's: bounded,
 * never parsed beyond what stands here, escaped by who shows them.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

#include "base/num.h"
#include "sense/files/who.h"

#define SLOTS 64u

struct parent_room {
    char comm[64], exe[HB_FP_EXE];
};

struct slot {
    int32_t pid;
    struct hb_fp_who who;
    char comm[64], exe[HB_FP_EXE], cmdline[HB_FP_CMDLINE], cgroup[HB_FP_EXE];
    struct parent_room parent[HB_FP_PARENTS];
};

struct hb_whos {
    unsigned n;
    struct slot slots[SLOTS];
};

static void capture(struct slot *s, int32_t pid, int pidfd);
static void parents(struct slot *s, uint32_t pid);
static size_t read_proc(int32_t pid, const char *what, char *buf, size_t size);
static struct hb_slice link_proc(int32_t pid, char *buf, size_t size);
static struct hb_slice keep(char *buf, size_t size, struct hb_slice s);
static void ids(const char *status, uint32_t *uid, uint32_t *euid);

struct hb_whos *hb_whos_new(void)
{
    return calloc(1, sizeof(struct hb_whos));
}

void hb_whos_free(struct hb_whos *w)
{
    free(w);
}

void hb_whos_batch(struct hb_whos *w)
{
    w->n = 0;
}

const struct hb_fp_who *hb_whos_capture(struct hb_whos *w, int32_t pid,
                                        int pidfd)
{
    if (pid <= 0)
        return NULL;
    for (unsigned i = w->n; i-- > 0;)
        if (w->slots[i].pid == pid)
            return &w->slots[i].who;
    if (w->n == SLOTS)
        return NULL;
    capture(&w->slots[w->n], pid, pidfd);
    return &w->slots[w->n++].who;
}

int hb_who_stat(struct hb_slice line, struct hb_slice *ret_comm,
                uint32_t *ret_ppid, uint64_t *ret_start)
{
    const char *open = memchr(line.p, '(', line.n), *close = NULL;
    struct hb_slice f = {NULL, 0}, ppid = {NULL, 0}, start = {NULL, 0};
    uint64_t v, st;
    unsigned field = 2;

    /* The command may hold ") (": its end is the last parenthesis. */
    for (size_t i = line.n; i-- > 0;) {
        if (line.p[i] == ')') {
            close = line.p + i;
            break;
        }
    }
    if (open == NULL || close == NULL || close < open)
        return -EBADMSG;
    for (const char *p = close + 1, *end = line.p + line.n; p < end;) {
        while (p < end && (*p == ' ' || *p == '\n'))
            p++;
        f.p = p;
        while (p < end && *p != ' ' && *p != '\n')
            p++;
        f.n = (size_t)(p - f.p);
        if (f.n == 0)
            break;
        field++;
        if (field == 4)
            ppid = f;
        if (field == 22) {
            start = f;
            break;
        }
    }
    if (hb_parse_u64(ppid, &v) < 0 || v > UINT32_MAX ||
        hb_parse_u64(start, &st) < 0)
        return -EBADMSG;
    *ret_comm = hb_slice(open + 1, (size_t)(close - open - 1));
    *ret_ppid = (uint32_t)v;
    *ret_start = st;
    return 0;
}

static void capture(struct slot *s, int32_t pid, int pidfd)
{
    struct pollfd pf = {.fd = pidfd, .events = POLLIN};
    char buf[2048];
    struct hb_slice comm;
    uint32_t ppid;
    size_t n;

    memset(&s->who, 0, sizeof(s->who));
    s->pid = pid;
    s->who.pid = (uint32_t)pid;
    /* First what goes first when a process ends. */
    s->who.exe = link_proc(pid, s->exe, sizeof(s->exe));
    n = read_proc(pid, "cmdline", s->cmdline, sizeof(s->cmdline));
    for (size_t i = 0; i < n; i++)
        if (s->cmdline[i] == '\0')
            s->cmdline[i] = ' ';
    while (n > 0 && s->cmdline[n - 1] == ' ')
        n--;
    s->who.cmdline = hb_slice(s->cmdline, n);
    n = read_proc(pid, "stat", buf, sizeof(buf));
    if (n == 0 ||
        hb_who_stat(hb_slice(buf, n), &comm, &ppid, &s->who.start) < 0) {
        s->who.exe.n = s->who.cmdline.n = 0;
        return;
    }
    s->who.comm = keep(s->comm, sizeof(s->comm), comm);
    n = read_proc(pid, "status", buf, sizeof(buf));
    ids(n > 0 ? buf : "", &s->who.uid, &s->who.euid);
    n = read_proc(pid, "cgroup", s->cgroup, sizeof(s->cgroup));
    while (n > 0 && s->cgroup[n - 1] == '\n')
        n--;
    s->who.cgroup = hb_slice(s->cgroup, n);
    parents(s, ppid);
    /* Readable: it ended; the number may be another's by now, unless /proc
     * still shows a process with an executable that we read before. */
    s->who.known = 1;
    if (pidfd >= 0 && poll(&pf, 1, 0) == 1 && s->who.exe.n == 0) {
        s->who.known = 0;
        s->who.n_parents = 0;
        s->who.comm.n = s->who.cmdline.n = s->who.cgroup.n = 0;
    }
}

static void parents(struct slot *s, uint32_t pid)
{
    char buf[1024];

    while (s->who.n_parents < HB_FP_PARENTS && pid > 0) {
        unsigned i = s->who.n_parents;
        struct hb_fp_parent *p = &s->who.parent[i];
        struct parent_room *room = &s->parent[i];
        struct hb_slice comm;
        uint32_t ppid;
        size_t n;

        n = read_proc((int32_t)pid, "stat", buf, sizeof(buf));
        if (n == 0 ||
            hb_who_stat(hb_slice(buf, n), &comm, &ppid, &p->start) < 0)
            return;
        p->pid = pid;
        p->comm = keep(room->comm, sizeof(room->comm), comm);
        p->exe = link_proc((int32_t)pid, room->exe, sizeof(room->exe));
        s->who.n_parents++;
        pid = ppid;
    }
}

/* Bytes read, terminated; 0 where there is none. */
static size_t read_proc(int32_t pid, const char *what, char *buf, size_t size)
{
    _cleanup_close_ int fd = -1;
    char path[64];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    buf[0] = '\0';
    if (fd < 0)
        return 0;
    n = read(fd, buf, size - 1);
    if (n <= 0)
        return 0;
    buf[n] = '\0';
    return (size_t)n;
}

static struct hb_slice link_proc(int32_t pid, char *buf, size_t size)
{
    char path[64];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
    n = readlink(path, buf, size);
    return hb_slice(buf, n > 0 ? (size_t)n : 0);
}

static struct hb_slice keep(char *buf, size_t size, struct hb_slice s)
{
    size_t n = HB_MIN(s.n, size);

    if (n > 0)
        memcpy(buf, s.p, n);
    return hb_slice(buf, n);
}

/* "Uid:\treal\teffective\t..." */
static void ids(const char *status, uint32_t *uid, uint32_t *euid)
{
    const char *p = strstr(status, "\nUid:");
    char *end;

    *uid = *euid = UINT32_MAX;
    if (p == NULL)
        return;
    *uid = (uint32_t)strtoul(p + 5, &end, 10);
    *euid = (uint32_t)strtoul(end, &end, 10);
}

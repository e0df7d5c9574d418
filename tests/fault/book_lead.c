/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book_lead.c - see book_lead.h.
 *
 * The linker puts hb_fault_hit() of this file before the real one
 * (--wrap), in this program only: what is tested stays what is shipped.
 */
#include "book_lead.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"

#define NEVER 1000000u

struct order { /* to the child */
    unsigned at;
    int64_t waited; /* ns */
};

static void take_order(void);
static int copy_file(const char *from, const char *to, const struct stat *st);
static int copy_entry(const char *from, const char *to, const char *name);
bool __real_hb_fault_hit(enum hb_fault_kind kind);
bool __wrap_hb_fault_hit(enum hb_fault_kind kind);

/* Of the child. */
static int orders = -1;
static unsigned passed, hold_at;

int book_lead_start(struct book_lead *l, const struct book_script *s,
                    const char *dir)
{
    int fds[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        (void)close(fds[0]);
        orders = fds[1];
        take_order();
        (void)book_work(s, dir, NEVER);
        _exit(0);
    }
    (void)close(fds[1]);
    if (pid < 0) {
        int e = errno;

        (void)close(fds[0]);
        return -e;
    }
    *l = (struct book_lead){.pid = pid, .fd = fds[0]};
    return 0;
}

bool book_lead_to(struct book_lead *l, unsigned n)
{
    struct order o = {.at = n};
    unsigned at = 0;

    if (l->held != 0)
        o.waited = (int64_t)(hb_mono() - l->held);
    hb_clock_shift(-o.waited);
    l->waited += o.waited;
    l->held = 0;
    if (send(l->fd, &o, sizeof(o), MSG_NOSIGNAL) != sizeof(o) ||
        recv(l->fd, &at, sizeof(at), 0) != sizeof(at) || at != n)
        return false;
    l->held = hb_mono();
    return true;
}

void book_lead_end(struct book_lead *l)
{
    (void)kill(l->pid, SIGKILL);
    (void)waitpid(l->pid, NULL, 0);
    (void)close(l->fd);
    hb_clock_shift(l->waited);
}

/* ---- in the child ---- */

bool __wrap_hb_fault_hit(enum hb_fault_kind kind)
{
    if (orders >= 0 && kind == HB_FAULT_CRASH && ++passed == hold_at) {
        if (send(orders, &passed, sizeof(passed), MSG_NOSIGNAL) < 0)
            _exit(2);
        take_order();
    }
    return __real_hb_fault_hit(kind);
}

static void take_order(void)
{
    struct order o;

    if (recv(orders, &o, sizeof(o), 0) != sizeof(o))
        _exit(2);
    hold_at = o.at;
    hb_clock_shift(-o.waited);
}

/* ---- copies ---- */

int book_copy(const char *from, const char *to)
{
    struct stat st;
    DIR *d;
    int r = 0;

    if (lstat(from, &st) < 0)
        return -errno;
    if (!S_ISDIR(st.st_mode))
        return S_ISREG(st.st_mode) ? copy_file(from, to, &st) : -EINVAL;
    if (mkdir(to, st.st_mode & 07777) < 0)
        return -errno;
    d = opendir(from);
    if (d == NULL)
        return -errno;
    for (;;) {
        struct dirent *e = (errno = 0, readdir(d));

        if (e == NULL) {
            r = -errno;
            break;
        }
        r = copy_entry(from, to, e->d_name);
        if (r < 0)
            break;
    }
    (void)closedir(d);
    return r;
}

static int copy_entry(const char *from, const char *to, const char *name)
{
    char a[HB_MAX_PATH], b[HB_MAX_PATH];

    if (hb_streq(name, ".") || hb_streq(name, ".."))
        return 0;
    if ((size_t)snprintf(a, sizeof(a), "%s/%s", from, name) >= sizeof(a) ||
        (size_t)snprintf(b, sizeof(b), "%s/%s", to, name) >= sizeof(b))
        return -ENAMETOOLONG;
    return book_copy(a, b);
}

static int copy_file(const char *from, const char *to, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};
    int in = open(from, O_RDONLY | O_CLOEXEC), out, r;

    if (in < 0)
        return -errno;
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 0777);
    r = out < 0 ? -errno : hb_copy_fd(in, out);
    if (r == 0 && futimens(out, times) < 0)
        r = -errno;
    (void)close(in);
    if (out >= 0)
        (void)close(out);
    return r;
}

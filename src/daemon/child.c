/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - fork and exec of `hinoban role NAME`.
 *
 * Runs in the supervisor, as root.  The child starts from a known state: an
 * environment made of a short list, default signals, a process group of its
 * own (Ctrl-C goes to the supervisor, which stops the roles in order), and no
 * descriptors but the standard streams and its sockets.
 */
#include "daemon/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ENV_MAX   64u
#define ABOVE_ALL 64 /* above the places of the passed sockets */

struct environment {
    char text[8192];
    size_t used;
    char *v[ENV_MAX];
    size_t n;
    bool full;
};

static void run(const struct hb_child *c, pid_t parent)
    __attribute__((noreturn));
static int place_sockets(const struct hb_child *c);
static void fill_env(struct environment *e, const struct hb_child *c,
                     pid_t parent);
static bool handed_on(const char *entry);
static void add(struct environment *e, const char *fmt, ...) HB_PRINTF(2, 3);

extern char **environ;

int hb_child_start(const struct hb_child *c, pid_t *ret_pid, int *ret_pidfd)
{
    pid_t parent = getpid();
    pid_t pid;
    int fd;

    if (c->nsocks > HB_CHILD_SOCKS)
        return -E2BIG;
    pid = fork();
    if (pid < 0)
        return -errno;
    if (pid == 0)
        run(c, parent);
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
        int code = -errno;

        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        return code;
    }
    *ret_pid = pid;
    *ret_pidfd = fd;
    return 0;
}

static void run(const struct hb_child *c, pid_t parent)
{
    const char *const argv[] = {"hinoban", "role",  c->role,
                                "--root",  c->root, NULL};
    struct environment e = {.used = 0};
    sigset_t none;
    int null;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0);
    null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || place_sockets(c) < 0)
        _exit(126);
    fill_env(&e, c, parent);
    if (!e.full)
        (void)execve("/proc/self/exe", (char *const *)(uintptr_t)argv, e.v);
    _exit(127);
}

/* The sockets become 3, 4, ...; first all move out of the way, since one may
 * stand in another's place. */
static int place_sockets(const struct hb_child *c)
{
    int high[HB_CHILD_SOCKS];

    for (size_t i = 0; i < c->nsocks; i++) {
        high[i] = fcntl(c->socks[i].fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
        if (high[i] < 0)
            return -errno;
    }
    for (size_t i = 0; i < c->nsocks; i++)
        if (dup2(high[i], 3 + (int)i) < 0)
            return -errno;
    return 0;
}

static void fill_env(struct environment *e, const struct hb_child *c,
                     pid_t parent)
{
    char names[512] = "";
    size_t at = 0;

    for (char **v = environ; *v != NULL; v++)
        if (handed_on(*v))
            add(e, "%s", *v);
    add(e, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");
    add(e, "HINOBAN_SUPERVISOR=%d", (int)parent);
    add(e, "NOTIFY_SOCKET=%s", c->notify_path);
    for (size_t i = 0; i < c->nsocks && at < sizeof(names); i++) {
        int n = snprintf(names + at, sizeof(names) - at, "%s%s",
                         i > 0 ? ":" : "", c->socks[i].name);

        at += n > 0 ? (size_t)n : 0;
    }
    if (at >= sizeof(names))
        e->full = true;
    add(e, "LISTEN_FDS=%zu", c->nsocks);
    add(e, "LISTEN_FDNAMES=%s", names);
    add(e, "LISTEN_PID=%d", (int)getpid());
}

/* Language, zone and our own settings; the sanitizers' in test builds. */
static bool handed_on(const char *entry)
{
    static const char *const names[] = {"LANG=",
                                        "LANGUAGE=",
                                        "LC_ALL=",
                                        "LC_MESSAGES=",
                                        "TZ=",
                                        "HINOBAN_LOCALEDIR=",
                                        "HINOBAN_DATADIR=",
                                        "HINOBAN_LOG=",
                                        "ASAN_OPTIONS=",
                                        "UBSAN_OPTIONS=",
                                        "LSAN_OPTIONS="};

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* No memory is allocated between fork and exec. */
static void add(struct environment *e, const char *fmt, ...)
{
    size_t room = sizeof(e->text) - e->used;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(e->text + e->used, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room || e->n + 1 >= ENV_MAX) {
        e->full = true;
        return;
    }
    e->v[e->n++] = e->text + e->used;
    e->v[e->n] = NULL;
    e->used += (size_t)n + 1;
}

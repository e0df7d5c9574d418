/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.c - run a program without a shell.
 *
 * Runs in roles that call the system's own tools (nft, systemctl, nginx).
 * The program is trusted to be what its name says, not to end, be quiet or
 * close its descriptors: time and output are bounded, it gets a session of
 * its own and nothing of ours but three descriptors, and it is always reaped.
 * Input goes in as a sealed memory file, not a pipe: it cannot block, raises
 * no SIGPIPE, and can be opened again as /dev/stdin.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/run.h"

#define INPUT_MAX       (64u << 10)
#define TIMEOUT_DEFAULT 10000u
#define ERROR_FD        3 /* in the child: where exec's errno goes */

struct child {
    const struct hb_run *r;
    char path[HB_MAX_PATH];
    pid_t pid;
    int pidfd;
    int in;     /* given to the child as 0 */
    int out[2]; /* pipes: read end ours, write end the child's */
    int errors[2];
    int failed[2]; /* closes at exec, or carries its errno */
};

static const char *const default_env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                          "LANG=C.UTF-8", NULL};
static const char *const search[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

static int find_program(const char *name, char *path);
static int child_open(struct child *c);
static void child_close(struct child *c);
static int child_input(struct child *c);
static int child_start(struct child *c);
__attribute__((noreturn)) static void in_child(const struct child *c);
static int exec_error(struct child *c);
static int collect(struct child *c);
static void drain(int *fd, struct hb_buf *b);
static int reap(struct child *c, bool timed_out);

int hb_run(const struct hb_run *r)
{
    struct child c = {.r = r,
                      .pid = -1,
                      .pidfd = -1,
                      .in = -1,
                      .out = {-1, -1},
                      .errors = {-1, -1},
                      .failed = {-1, -1}};
    int rc;

    if (r->argv == NULL || r->argv[0] == NULL)
        return -EINVAL;
    if (r->input.n > INPUT_MAX)
        return -E2BIG;
    rc = find_program(r->argv[0], c.path);
    if (rc == 0)
        rc = child_open(&c);
    if (rc == 0)
        rc = child_start(&c);
    if (rc == 0)
        rc = collect(&c);
    child_close(&c);
    return rc;
}

static int find_program(const char *name, char *path)
{
    if (name[0] == '/') {
        int n = snprintf(path, HB_MAX_PATH, "%s", name);

        if (n < 0 || (unsigned)n >= HB_MAX_PATH)
            return -ENAMETOOLONG;
        return access(path, X_OK) < 0 ? -errno : 0;
    }
    if (name[0] == '\0' || strchr(name, '/') != NULL)
        return -ENOENT;
    for (size_t i = 0; i < HB_ARRAY_LEN(search); i++) {
        int n = snprintf(path, HB_MAX_PATH, "%s/%s", search[i], name);

        if (n > 0 && (unsigned)n < HB_MAX_PATH && access(path, X_OK) == 0)
            return 0;
    }
    return -ENOENT;
}

static int child_open(struct child *c)
{
    const struct hb_run *r = c->r;

    if (pipe2(c->failed, O_CLOEXEC) < 0 ||
        (r->out != NULL && pipe2(c->out, O_CLOEXEC) < 0) ||
        (r->errors != NULL && pipe2(c->errors, O_CLOEXEC) < 0))
        return -errno;
    /* Our ends only: the program expects blocking ones. */
    if ((r->out != NULL && fcntl(c->out[0], F_SETFL, O_NONBLOCK) < 0) ||
        (r->errors != NULL && fcntl(c->errors[0], F_SETFL, O_NONBLOCK) < 0))
        return -errno;
    return child_input(c);
}

static void child_close(struct child *c)
{
    hb_close(&c->in);
    hb_close(&c->pidfd);
    for (int i = 0; i < 2; i++) {
        hb_close(&c->out[i]);
        hb_close(&c->errors[i]);
        hb_close(&c->failed[i]);
    }
}

static int child_input(struct child *c)
{
    int r;

    if (c->r->input.n == 0) {
        c->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
        return c->in < 0 ? -errno : 0;
    }
    c->in = memfd_create("hinoban-input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (c->in < 0)
        return -errno;
    r = hb_write_all(c->in, c->r->input.p, c->r->input.n);
    if (r < 0)
        return r;
    if (lseek(c->in, 0, SEEK_SET) < 0 ||
        fcntl(c->in, F_ADD_SEALS,
              F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return -errno;
    return 0;
}

static int child_start(struct child *c)
{
    int r;

    c->pid = fork();
    if (c->pid < 0)
        return -errno;
    if (c->pid == 0)
        in_child(c);
    hb_close(&c->out[1]);
    hb_close(&c->errors[1]);
    hb_close(&c->failed[1]);
    c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    r = c->pidfd < 0 ? -errno : exec_error(c);
    if (r < 0) {
        (void)kill(c->pid, SIGKILL);
        (void)reap(c, false);
    }
    return r;
}

/* Only async-signal-safe calls from here on: other threads may have held
 * locks when we forked. */
static void in_child(const struct child *c)
{
    const char *const *env = c->r->env != NULL ? c->r->env : default_env;
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    sigset_t none;
    int fds[4];
    int code;

    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 1; i < NSIG; i++)
        (void)sigaction(i, &dfl, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* First out of the way, so that none is overwritten by another. */
    fds[0] = fcntl(c->in, F_DUPFD_CLOEXEC, 10);
    fds[1] = fcntl(c->out[1] >= 0 ? c->out[1] : null, F_DUPFD_CLOEXEC, 10);
    fds[2] =
        fcntl(c->errors[1] >= 0 ? c->errors[1] : null, F_DUPFD_CLOEXEC, 10);
    fds[3] = fcntl(c->failed[1], F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < ERROR_FD; i++) {
        if (fds[i] < 0 || dup2(fds[i], i) < 0)
            goto fail;
    }
    if (fds[3] < 0 || dup3(fds[3], ERROR_FD, O_CLOEXEC) < 0)
        goto fail;
    if (syscall(SYS_close_range, ERROR_FD + 1, ~0u, 0) < 0)
        goto fail;
    (void)execve(c->path, (char *const *)(uintptr_t)c->r->argv,
                 (char *const *)(uintptr_t)env);
    fds[3] = ERROR_FD;
fail:
    code = errno;
    (void)!write(fds[3], &code, sizeof(code));
    _exit(127);
}

/* 0 once the program runs, else why it does not. */
static int exec_error(struct child *c)
{
    ssize_t n;
    int code;

    do
        n = read(c->failed[0], &code, sizeof(code));
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    return n == (ssize_t)sizeof(code) && code > 0 ? -code : -EIO;
}

/* Reads until the child ends or its time is up. */
static int collect(struct child *c)
{
    unsigned ms = c->r->timeout_ms != 0 ? c->r->timeout_ms : TIMEOUT_DEFAULT;
    uint64_t deadline = hb_mono() + ms * HB_MS;
    bool timed_out = false;
    int r;

    for (;;) {
        struct pollfd p[3] = {{.fd = c->pidfd, .events = POLLIN},
                              {.fd = c->out[0], .events = POLLIN},
                              {.fd = c->errors[0], .events = POLLIN}};
        uint64_t now = hb_mono();
        int n;

        if (now >= deadline) {
            timed_out = true;
            break;
        }
        n = poll(
            p, 3,
            (int)HB_MIN((deadline - now) / HB_MS + 1, (uint64_t)INT32_MAX));
        if (n < 0 && errno != EINTR) {
            r = -errno;
            (void)kill(-c->pid, SIGKILL);
            (void)reap(c, true);
            return r;
        }
        if (n <= 0)
            continue;
        if (p[1].revents != 0)
            drain(&c->out[0], c->r->out);
        if (p[2].revents != 0)
            drain(&c->errors[0], c->r->errors);
        if (p[0].revents != 0)
            break;
    }
    r = reap(c, timed_out);
    /* What it wrote last; a grandchild that holds the pipe is not awaited. */
    drain(&c->out[0], c->r->out);
    drain(&c->errors[0], c->r->errors);
    return r;
}

/* Reads what is there into B, up to the ceilings; the rest is thrown away so
 * that the program is not held up.  Closes at the end of file. */
static void drain(int *fd, struct hb_buf *b)
{
    char part[16384];

    /* A bound on one call: a program that never stops writing must not keep
     * us from looking at the clock. */
    for (int i = 0; i < 64 && *fd >= 0; i++) {
        ssize_t n = read(*fd, part, sizeof(part));
        size_t ceiling = b->ceiling != 0 ? b->ceiling : HB_MAX_BUF;
        size_t room;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            hb_close(fd);
            return;
        }
        ceiling = HB_MIN(ceiling, (size_t)HB_MAX_CHILD_OUT);
        room = ceiling > b->n ? ceiling - b->n : 0;
        hb_buf_add(b, part, HB_MIN(room, (size_t)n));
        if ((size_t)n > room && b->err == 0)
            b->err = -EFBIG;
    }
}

/* Kills what is left of the group while the child's entry still holds the
 * number, then takes its status. */
static int reap(struct child *c, bool timed_out)
{
    int status;
    pid_t r;

    (void)kill(-c->pid, SIGKILL);
    if (timed_out)
        (void)kill(c->pid, SIGKILL);
    do
        r = waitpid(c->pid, &status, 0);
    while (r < 0 && errno == EINTR);
    if (r < 0)
        return -errno;
    if (timed_out)
        return -ETIMEDOUT;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.c - starts the roles of the table, and again when they die.
 *
 * Runs as root and has no input but its configuration and the states that its
 * own children report (a datagram socket; the kernel names the sender).  It
 * never reads what they write and never speaks for them; it holds the
 * listening sockets, so that a connection made while a role is being started
 * again waits instead of failing.
 *
 * A death is logged, told to core as an event, and answered by a new start:
 * after 100 ms, doubled up to 30 s while it keeps dying.
 */
#include "daemon/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "daemon/child.h"
#include "daemon/dirs.h"
#include "event/bus.h"

#define BACKOFF_FIRST (100 * HB_MS)
#define BACKOFF_LAST  (30 * HB_S)
#define RAN_WELL      (30 * HB_S) /* longer: the next death starts anew */
#define STOP_PATIENCE (10 * HB_S)
#define READY_WAIT    (60 * HB_S)
#define RING_BYTES    ((size_t)256 << 10)

struct supervisor;

struct worker {
    struct supervisor *s;
    const struct hb_role *role;
    struct hb_child_sock socks[HB_CHILD_SOCKS];
    size_t nsocks;
    pid_t pid; /* 0: not running */
    int pidfd;
    bool ready;
    bool wanted_stop; /* we asked it to end: no event, no back-off */
    uint64_t started;
    uint64_t backoff;
    struct hb_timer *timer; /* next start, or the end of patience */
};

struct supervisor {
    const struct hb_supervise *o;
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct worker workers[HB_ROLES_MAX];
    size_t n;
    int lock, notify;
    char lock_path[HB_MAX_PATH], notify_path[HB_MAX_PATH];
    bool made_run;
    bool told_ready;
    int status;
};

static int open_all(struct supervisor *s, struct hb_err *err);
static int take_lock(struct supervisor *s, struct hb_err *err);
static int open_notify(struct supervisor *s, struct hb_err *err);
static int open_socks(struct worker *w, struct hb_err *err);
static void close_all(struct supervisor *s);
static void start(void *arg);
static void on_exit_of(void *arg, int fd, uint32_t events);
static void reap(struct worker *w, bool told);
static void tell_death(struct worker *w, int status);
static void send_event(struct supervisor *s, int activity,
                       enum hb_severity severity, const char *resource,
                       const char *message);
static void on_notify(void *arg, int fd, uint32_t events);
static void check_ready(struct supervisor *s);
static void on_hup(void *arg);
static void on_late(void *arg);
static void lose_patience(void *arg);
static void stop_all(struct supervisor *s);
static bool wait_end(const struct worker *w, uint64_t patience);
static int sys_fail(struct hb_err *err, int code, const char *what);

int hb_supervise(const struct hb_supervise *o, struct hb_err *err)
{
    struct supervisor *s = calloc(1, sizeof(*s));
    sigset_t ours, before;
    int r;

    if (s == NULL)
        return sys_fail(err, -ENOMEM, "supervisor");
    s->o = o;
    s->lock = s->notify = -1;
    /* Blocked throughout: a second Ctrl-C must not end us half way through
     * the ordered stop. */
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &ours, &before);
    (void)signal(SIGPIPE, SIG_IGN);
    r = open_all(s, err);
    if (r == 0) {
        for (size_t i = 0; i < s->n; i++)
            start(&s->workers[i]);
        r = hb_loop_run(s->loop, on_hup, s);
        if (r < 0)
            (void)sys_fail(err, r, "epoll");
    }
    stop_all(s);
    close_all(s);
    if (r == 0)
        r = s->status;
    if (r == -ETIMEDOUT)
        (void)hb_err_set(err, r, _("not every role became ready in time"));
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    free(s);
    return r;
}

static int open_all(struct supervisor *s, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    int r = hb_dirs_make(s->o->paths, &s->made_run, err);

    if (r == 0)
        r = take_lock(s, err);
    if (r < 0)
        return r;
    s->loop = hb_loop_new();
    if (s->loop == NULL)
        return sys_fail(err, -ENOMEM, "epoll");
    r = open_notify(s, err);
    for (const struct hb_role *role = s->o->roles; r == 0 && role->name != NULL;
         role++) {
        struct worker *w = &s->workers[s->n++];

        HB_ASSERT(s->n <= HB_ROLES_MAX);
        *w = (struct worker){.s = s, .role = role, .pidfd = -1};
        w->backoff = BACKOFF_FIRST;
        r = open_socks(w, err);
    }
    if (r < 0)
        return r;
    r = hb_path(s->o->paths, HB_DIR_RUN, "event.sock", path);
    if (r == 0)
        r = hb_bus_new(s->loop, path, "daemon/supervisor", RING_BYTES, &s->bus);
    if (r < 0)
        return sys_fail(err, r, "event.sock");
    if (s->o->once && hb_loop_timer(s->loop, READY_WAIT, 0, on_late, s) == NULL)
        return sys_fail(err, -ENOMEM, "timer");
    return 0;
}

/* Two supervisors on one root would steal each other's sockets. */
static int take_lock(struct supervisor *s, struct hb_err *err)
{
    int r = hb_path(s->o->paths, HB_DIR_RUN, "supervisor.lock", s->lock_path);
    int fd;

    if (r < 0)
        return sys_fail(err, r, "supervisor.lock");
    fd = open(s->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return sys_fail(err, -errno, s->lock_path);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        r = errno == EWOULDBLOCK ? -EBUSY : -errno;
        hb_close(&fd);
        s->made_run = false;
        if (r == -EBUSY)
            return hb_err_set(err, r, _("another supervisor is running on %s"),
                              s->o->paths->root);
        return sys_fail(err, r, s->lock_path);
    }
    s->lock = fd;
    return 0;
}

/* Where children say READY=1 (sd_notify(3)). */
static int open_notify(struct supervisor *s, struct hb_err *err)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    const int on = 1;
    int r = hb_path(s->o->paths, HB_DIR_RUN, "notify.sock", s->notify_path);

    if (r == 0 && strlen(s->notify_path) >= sizeof(sa.sun_path))
        r = -ENAMETOOLONG;
    if (r < 0)
        return sys_fail(err, r, s->notify_path);
    memcpy(sa.sun_path, s->notify_path, strlen(s->notify_path) + 1);
    s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->notify < 0)
        return sys_fail(err, -errno, s->notify_path);
    (void)unlink(s->notify_path); /* ours: we hold the lock */
    if (setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
        bind(s->notify, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
        chown(s->notify_path, 0, hb_role_group()) < 0 ||
        chmod(s->notify_path, 0660) < 0)
        return sys_fail(err, -errno, s->notify_path);
    r = hb_loop_add(s->loop, s->notify, EPOLLIN, on_notify, s);
    return r < 0 ? sys_fail(err, r, s->notify_path) : 0;
}

static int open_socks(struct worker *w, struct hb_err *err)
{
    for (const struct hb_role_sock *rs = w->role->socks; rs->name != NULL;
         rs++) {
        struct hb_child_sock *c = &w->socks[w->nsocks];
        char name[64], path[HB_MAX_PATH];
        uid_t uid;
        gid_t gid;
        int r;

        HB_ASSERT(w->nsocks < HB_CHILD_SOCKS);
        (void)snprintf(name, sizeof(name), "%s.sock", rs->name);
        r = hb_path(w->s->o->paths, HB_DIR_RUN, name, path);
        hb_role_sock_owner(rs, &uid, &gid);
        if (r == 0)
            r = hb_sock_listen(path, rs->type, rs->mode, uid, gid, &c->fd);
        if (r < 0)
            return sys_fail(err, r, path);
        c->name = rs->name;
        w->nsocks++;
    }
    return 0;
}

static void close_all(struct supervisor *s)
{
    char name[64], path[HB_MAX_PATH];

    if (s->bus != NULL)
        hb_bus_free(s->bus);
    for (size_t i = 0; i < s->n; i++) {
        struct worker *w = &s->workers[i];

        for (size_t k = 0; k < w->nsocks; k++) {
            hb_close(&w->socks[k].fd);
            (void)snprintf(name, sizeof(name), "%s.sock", w->socks[k].name);
            if (hb_path(s->o->paths, HB_DIR_RUN, name, path) == 0)
                (void)unlink(path);
        }
    }
    if (s->notify >= 0) {
        hb_close(&s->notify);
        (void)unlink(s->notify_path);
    }
    hb_loop_free(s->loop);
    if (s->lock >= 0) {
        (void)unlink(s->lock_path);
        hb_close(&s->lock);
    }
    if (s->made_run)
        (void)rmdir(s->o->paths->dir[HB_DIR_RUN]);
}

static void start(void *arg)
{
    struct worker *w = arg;
    struct supervisor *s = w->s;
    const struct hb_child c = {.role = w->role->name,
                               .root = s->o->paths->root,
                               .notify_path = s->notify_path,
                               .socks = w->socks,
                               .nsocks = w->nsocks};
    int r;

    w->timer = NULL;
    w->wanted_stop = false;
    w->ready = false;
    r = hb_child_start(&c, &w->pid, &w->pidfd);
    if (r == 0) {
        w->started = hb_mono();
        r = hb_loop_add(s->loop, w->pidfd, EPOLLIN, on_exit_of, w);
        if (r == 0) {
            hb_log(HB_LOG_INFO, "%s: started, pid %d", w->role->name,
                   (int)w->pid);
            return;
        }
        (void)kill(w->pid, SIGKILL);
        reap(w, false);
    }
    hb_log(HB_LOG_ERR, "%s: cannot be started (error %d)", w->role->name, -r);
    w->timer = hb_loop_timer(s->loop, BACKOFF_LAST, 0, start, w);
}

static void on_exit_of(void *arg, int fd, uint32_t events)
{
    struct worker *w = arg;
    uint64_t wait = 0;

    (void)fd;
    (void)events;
    if (w->timer != NULL)
        hb_timer_stop(w->s->loop, w->timer);
    w->timer = NULL;
    if (!w->wanted_stop) {
        if (hb_mono() - w->started >= RAN_WELL)
            w->backoff = BACKOFF_FIRST;
        wait = w->backoff;
        w->backoff = HB_MIN(w->backoff * 2, BACKOFF_LAST);
    }
    reap(w, !w->wanted_stop);
    w->timer = hb_loop_timer(w->s->loop, wait, 0, start, w);
    if (w->timer == NULL) /* without memory for a timer: at once */
        start(w);
}

static void reap(struct worker *w, bool told)
{
    int status = 0;

    hb_loop_del(w->s->loop, w->pidfd);
    hb_close(&w->pidfd);
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (told)
        tell_death(w, status);
    w->pid = 0;
    w->ready = false;
}

static void tell_death(struct worker *w, int status)
{
    char text[HB_MAX_ERR];
    enum hb_severity severity = HB_SEV_MEDIUM;

    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        /* Nothing of ours makes such a call: a bug, or somebody inside. */
        severity = HB_SEV_HIGH;
        (void)snprintf(text, sizeof(text),
                       _("the role %s made a forbidden system call and was "
                         "ended"),
                       w->role->name);
    } else if (WIFSIGNALED(status)) {
        (void)snprintf(text, sizeof(text),
                       _("the role %s was ended by signal %d"), w->role->name,
                       WTERMSIG(status));
    } else {
        (void)snprintf(text, sizeof(text),
                       _("the role %s ended with status %d"), w->role->name,
                       WEXITSTATUS(status));
    }
    hb_log(HB_LOG_ERR, "%s", text);
    send_event(w->s, 4, severity, w->role->name, text);
}

/* ACTIVITY is OCSF's of Application Lifecycle: 4 stop, 8 update, 99 other. */
static void send_event(struct supervisor *s, int activity,
                       enum hb_severity severity, const char *resource,
                       const char *message)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e;

    if (a == NULL)
        return;
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, activity, severity,
                     "daemon/supervisor");
    if (e != NULL && hb_event_strz(e, HB_F_RESOURCE_NAME, resource) == 0 &&
        hb_event_strz(e, HB_F_MESSAGE, message) == 0)
        (void)hb_bus_send(s->bus, e);
}

static void on_notify(void *arg, int fd, uint32_t events)
{
    struct supervisor *s = arg;
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    char text[256];
    struct iovec iov = {text, sizeof(text) - 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    const struct cmsghdr *c;
    struct ucred cred;

    (void)events;
    if (n <= 0)
        return;
    text[n] = '\0';
    c = CMSG_FIRSTHDR(&msg);
    if (c == NULL || c->cmsg_level != SOL_SOCKET ||
        c->cmsg_type != SCM_CREDENTIALS ||
        c->cmsg_len != CMSG_LEN(sizeof(cred)))
        return;
    memcpy(&cred, CMSG_DATA(c), sizeof(cred));
    if (strncmp(text, "READY=1", 7) != 0)
        return;
    for (size_t i = 0; i < s->n; i++)
        if (s->workers[i].pid != 0 && s->workers[i].pid == cred.pid)
            s->workers[i].ready = true;
    check_ready(s);
}

static void check_ready(struct supervisor *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->workers[i].ready)
            return;
    if (s->told_ready)
        return;
    s->told_ready = true;
    (void)printf("ready\n");
    (void)fflush(stdout);
    hb_notify("READY=1");
    if (s->o->once)
        hb_loop_stop(s->loop, 0);
}

/* A wrong configuration changes nothing; a right one is read by roles that
 * start anew, since their sandbox was made from the old one.  The sockets
 * stay, so nobody is refused meanwhile. */
static void on_hup(void *arg)
{
    struct supervisor *s = arg;
    _cleanup_config_ struct hb_config *config = NULL;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 512];

    if (hb_config_load(s->o->config_path, &config, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, "%s", text);
        send_event(s, 99, HB_SEV_MEDIUM, "configuration", text);
        return;
    }
    hb_log(HB_LOG_NOTICE, "%s", _("configuration read again"));
    send_event(s, 8, HB_SEV_INFO, "configuration",
               _("configuration read again"));
    for (size_t i = s->n; i > 0; i--) {
        struct worker *w = &s->workers[i - 1];

        w->backoff = BACKOFF_FIRST;
        if (w->pid == 0) { /* waits for its next try: now */
            hb_timer_stop(s->loop, w->timer);
            w->timer = hb_loop_timer(s->loop, 0, 0, start, w);
            continue;
        }
        if (w->wanted_stop)
            continue;
        w->wanted_stop = true;
        (void)kill(w->pid, SIGTERM);
        w->timer = hb_loop_timer(s->loop, STOP_PATIENCE, 0, lose_patience, w);
    }
}

static void on_late(void *arg)
{
    struct supervisor *s = arg;

    for (size_t i = 0; i < s->n; i++)
        if (!s->workers[i].ready)
            hb_log(HB_LOG_ERR, "%s: not ready", s->workers[i].role->name);
    s->status = -ETIMEDOUT;
    hb_loop_stop(s->loop, 0);
}

static void lose_patience(void *arg)
{
    struct worker *w = arg;

    w->timer = NULL;
    if (w->pid != 0)
        (void)kill(w->pid, SIGKILL);
}

/* One after the other, so that each can still hand on what it has: the table
 * names who receives first, so the last is stopped first. */
static void stop_all(struct supervisor *s)
{
    for (size_t i = s->n; i > 0; i--) {
        struct worker *w = &s->workers[i - 1];

        if (w->pid == 0)
            continue;
        w->wanted_stop = true;
        (void)kill(w->pid, SIGTERM);
        if (!wait_end(w, STOP_PATIENCE)) {
            hb_log(HB_LOG_WARNING, "%s: does not stop, killed", w->role->name);
            (void)kill(w->pid, SIGKILL);
        }
        reap(w, false);
    }
}

static bool wait_end(const struct worker *w, uint64_t patience)
{
    struct pollfd p = {.fd = w->pidfd, .events = POLLIN};
    uint64_t until = hb_mono() + patience;

    for (;;) {
        uint64_t now = hb_mono();
        int r =
            poll(&p, 1, now >= until ? 0 : (int)((until - now) / HB_MS) + 1);

        if (r > 0)
            return true;
        if (r == 0 || errno != EINTR)
            return false;
    }
}

static int sys_fail(struct hb_err *err, int code, const char *what)
{
    char text[128];

    return hb_err_set(err, code, "%s: %s", what,
                      hb_errno_text(code, text, sizeof(text)));
}

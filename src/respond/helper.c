/* SPDX-License-Identifier: Apache-2.0 */
/*
 * helper.c - the privileged helper: connections, batches, its life.
 *
 * The role "helper": root with few capabilities (doc/architecture.md), no
 * network, no exec.  It trusts its root-owned configuration, signed baselines
 * and persons' signatures, and nobody else: who asks is known by the socket
 * and the kernel's word on the peer; a request that is not exactly one of the
 * catalogue, from a role that may make it, ends that worker.
 *
 * All requests that wait are one batch: decided, their intents made durable
 * by one flush, acted on, their ends written, answered.  Only then are the
 * renames flushed: an answer means done, and what a power cut takes back is
 * found again by the scan at start.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "respond/act.h"
#include "respond/private.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define CONNS_MAX 32u
#define RING      (4u << 20)
#define SETTLE_NS (20 * HB_MS)

static int open_all(struct hb_helper *h, struct hb_err *err);
static int open_sites(struct hb_helper *h, struct hb_err *err);
static void close_sites(struct hb_helper *h);
static void load_publish_key(struct hb_helper *h);
static int listen_passed(struct hb_helper *h, const char *name,
                         enum hb_requester who, struct hb_err *err);
static int owner_of_socket(int fd, uid_t *ret);
static void on_connect(void *arg, int fd, uint32_t events);
static void on_conn(void *arg, int fd, uint32_t events);
static void on_hup(void *arg);
static void turn(struct hb_helper *h);
static void on_settle(void *arg);
static size_t collect(struct hb_helper *h);
static int collect_one(struct hb_conn *c, struct hb_work *w);
static void end_worker(struct hb_conn *c, const struct hb_work *w, int why);
static void kill_peer(const struct hb_conn *c);
static bool uid_of_pid(pid_t pid, uid_t *ret);
static void send_reply(struct hb_work *w);
static void flush_conn(struct hb_conn *c);
static void reap(struct hb_helper *h);

const char *const hb_helper_syscalls[] = {"umount2", "pidfd_open",
                                          "pidfd_send_signal", NULL};

int hb_helper_main(const struct hb_role_ctx *ctx)
{
    struct hb_loop *loop = hb_loop_new();
    struct hb_helper *h = NULL;
    struct hb_err err = {0};
    char text[HB_MAX_ERR];
    int r = -ENOMEM;

    if (loop != NULL)
        r = hb_helper_new(ctx, loop, &h, &err);
    if (r >= 0)
        r = listen_passed(h, "helper-compare", HB_REQUESTER_COMPARE, &err);
    if (r >= 0)
        r = listen_passed(h, "helper-core", HB_REQUESTER_CORE, &err);
    if (r >= 0) {
        hb_notify("READY=1");
        r = hb_loop_run(loop, on_hup, h);
    }
    if (r < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, "%s", err.code != 0 ? text : strerror(-r));
    }
    hb_helper_free(h);
    hb_loop_free(loop);
    return r < 0 ? 1 : r;
}

int hb_helper_new(const struct hb_role_ctx *ctx, struct hb_loop *loop,
                  struct hb_helper **ret, struct hb_err *err)
{
    struct hb_helper *h = calloc(1, sizeof(*h));
    int r;

    if (h == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    h->magic = HB_HELPER_MAGIC;
    h->ctx = ctx;
    h->config = ctx->config;
    h->loop = loop;
    h->helper_dir = h->objdir = h->private_dir = -1;
    r = open_all(h, err);
    if (r >= 0)
        r = open_sites(h, err);
    if (r < 0) {
        hb_helper_free(h);
        return r;
    }
    hb_recover(h);
    *ret = h;
    return 0;
}

void hb_helper_free(struct hb_helper *h)
{
    if (h == NULL)
        return;
    HB_CHECK(h, HB_HELPER_MAGIC);
    for (struct hb_conn *c = h->conns; c != NULL; c = c->next)
        c->dead = true;
    reap(h);
    if (h->settle != NULL) {
        hb_timer_stop(h->loop, h->settle);
        hb_batch_settle(h);
    }
    for (size_t i = 0; i < h->nlistening; i++) {
        hb_loop_del(h->loop, h->listening[i].fd);
        hb_close(&h->listening[i].fd);
    }
    close_sites(h);
    hb_policy_close(h);
    hb_journal_free(h->journal);
    hb_bus_free(h->bus);
    hb_arena_free(h->arena);
    hb_sha256_free(h->sha);
    hb_pub_free(h->publish);
    hb_config_free(h->reloaded);
    hb_close(&h->helper_dir);
    hb_close(&h->objdir);
    hb_close(&h->private_dir);
    free(h->work);
    free(h->io);
    h->magic = 0;
    free(h);
}

int hb_helper_listen(struct hb_helper *h, int fd, enum hb_requester who,
                     uid_t uid)
{
    struct listening *l;
    int r;

    HB_CHECK(h, HB_HELPER_MAGIC);
    if (h->nlistening >= HB_ARRAY_LEN(h->listening))
        return -E2BIG;
    l = &h->listening[h->nlistening];
    *l = (struct listening){h, fd, who, uid};
    r = hb_loop_add(h->loop, fd, EPOLLIN, on_connect, l);
    if (r >= 0)
        h->nlistening++;
    return r;
}

/* Looks again at what requests rest on; nothing borrowed before holds. */
void hb_helper_refresh(struct hb_helper *h)
{
    load_publish_key(h);
    hb_policy_refresh(h);
}

struct hb_site *hb_helper_site(struct hb_helper *h, uint32_t number)
{
    for (size_t i = 0; i < h->nsites; i++) {
        if ((uint64_t)h->sites[i].conf->number == number)
            return &h->sites[i];
    }
    return NULL;
}

static int open_all(struct hb_helper *h, struct hb_err *err)
{
    const struct hb_role_ctx *ctx = h->ctx;
    struct hb_journal_report report;
    char path[HB_MAX_PATH];
    int r;

    h->work = calloc(HB_BATCH, sizeof(*h->work));
    h->io = malloc(HB_IO_SIZE);
    h->arena = hb_arena_new(1u << 20);
    h->sha = hb_sha256_new();
    if (h->work == NULL || h->io == NULL || h->arena == NULL || h->sha == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_mkdirs(ctx->helper_dir, 0700);
    if (r >= 0)
        r = h->helper_dir =
            open(ctx->helper_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r < 0)
        return hb_err_at(err, r == -1 ? -errno : r, ctx->helper_dir, 0, 0,
                         _("cannot be opened"));
    /* The web server looks into it. */
    r = hb_mkdirs(ctx->private_dir, 0755);
    if (r >= 0)
        r = h->private_dir =
            open(ctx->private_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r < 0)
        return hb_err_at(err, r == -1 ? -errno : r, ctx->private_dir, 0, 0,
                         _("cannot be opened"));
    if (snprintf(path, sizeof(path), "%s/event.sock", ctx->run_dir) >=
            (int)sizeof(path) ||
        hb_bus_new(h->loop, path, "respond", RING, &h->bus) < 0)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_journal_open(h->helper_dir, &h->journal, &report, err);
    if (r < 0)
        return r;
    if (report.bad > 0)
        hb_tell(h, HB_TELL_JOURNAL, NULL,
                _("%llu records could not be read, %llu could"),
                (unsigned long long)report.bad,
                (unsigned long long)report.records);
    load_publish_key(h);
    return hb_policy_open(h, err);
}

static int open_sites(struct hb_helper *h, struct hb_err *err)
{
    const struct hb_conf_site *conf = h->config->sites.v;
    size_t n = h->config->sites.n;

    h->sites = calloc(HB_MAX(n, 1u), sizeof(*h->sites));
    if (h->sites == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (h->nsites = 0; h->nsites < n; h->nsites++) {
        struct hb_site *s = &h->sites[h->nsites];

        /* A site that cannot be used refuses for itself, not for all. */
        if (hb_site_open(h, s, &conf[h->nsites]) < 0)
            hb_tell(h, HB_TELL_POLICY, NULL, "%s: %s", s->conf->name,
                    strerror(-s->error));
    }
    return 0;
}

static void close_sites(struct hb_helper *h)
{
    for (size_t i = 0; i < h->nsites; i++)
        hb_site_close(&h->sites[i]);
    free(h->sites);
    h->sites = NULL;
    h->nsites = 0;
}

/* Made at set-up, perhaps after we started; another one after a rotation. */
static void load_publish_key(struct hb_helper *h)
{
    char path[HB_MAX_PATH];
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    struct stat st;

    if (h->objdir < 0 && snprintf(path, sizeof(path), "%s/objects",
                                  h->ctx->baseline_dir) < (int)sizeof(path))
        h->objdir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (snprintf(path, sizeof(path), "%s/keys/publish.pub", h->ctx->etc_dir) >=
            (int)sizeof(path) ||
        stat(path, &st) < 0)
        return;
    if (h->publish != NULL && st.st_mtim.tv_sec == h->publish_time.tv_sec &&
        st.st_mtim.tv_nsec == h->publish_time.tv_nsec)
        return;
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return;
    if (hb_pub_load(path, &pub, &err) < 0) {
        hb_tell(h, HB_TELL_POLICY, NULL, "%s: %s", path, err.message);
        return;
    }
    hb_pub_free(h->publish);
    h->publish = pub;
    h->publish_time = st.st_mtim;
}

static int listen_passed(struct hb_helper *h, const char *name,
                         enum hb_requester who, struct hb_err *err)
{
    int fd = hb_sock_passed(name), r;
    uid_t uid = 0;

    if (fd < 0)
        return hb_err_set(err, fd, _("the socket %s was not passed in"), name);
    r = owner_of_socket(fd, &uid);
    if (r >= 0)
        r = hb_helper_listen(h, fd, who, uid);
    if (r < 0)
        return hb_err_set(err, r, _("the socket %s cannot be used"), name);
    return 0;
}

/* The manager made the socket for the one user that may connect. */
static int owner_of_socket(int fd, uid_t *ret)
{
    struct sockaddr_un sa = {0};
    socklen_t len = sizeof(sa) - 1;
    struct stat st;

    if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
        return -errno;
    if (sa.sun_family != AF_UNIX || sa.sun_path[0] != '/')
        return -EINVAL;
    if (lstat(sa.sun_path, &st) < 0)
        return -errno;
    if (!S_ISSOCK(st.st_mode) || (st.st_mode & 077) != 0)
        return -EPERM;
    *ret = st.st_uid;
    return 0;
}

static void on_connect(void *arg, int fd, uint32_t events)
{
    struct listening *l = arg;
    struct hb_helper *h = l->h;
    struct hb_conn *c;
    struct hb_peer peer;
    size_t n = 0;
    int conn;

    (void)events;
    if (hb_sock_accept(fd, &conn, &peer) < 0)
        return;
    for (c = h->conns; c != NULL; c = c->next)
        n++;
    if (peer.uid != l->uid || n >= CONNS_MAX) {
        hb_tell(h, HB_TELL_VIOLATION, NULL,
                _("a connection by uid %u, process %d, was closed"),
                (unsigned)peer.uid, (int)peer.pid);
        hb_close(&conn);
        return;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL || hb_loop_add(h->loop, conn, EPOLLIN, on_conn, c) < 0) {
        free(c);
        hb_close(&conn);
        return;
    }
    *c = (struct hb_conn){
        .next = h->conns, .h = h, .fd = conn, .who = l->who, .peer = peer};
    hb_buf_init(&c->out, 0);
    h->conns = c;
}

static void on_conn(void *arg, int fd, uint32_t events)
{
    struct hb_conn *c = arg;

    (void)fd;
    if ((events & EPOLLOUT) != 0)
        flush_conn(c);
    if (c->out.n == 0 || c->dead)
        turn(c->h);
    reap(c->h);
}

/* A configuration that is not valid leaves the old one in force. */
static void on_hup(void *arg)
{
    struct hb_helper *h = arg;
    struct hb_config *config;
    struct hb_err err = {0};

    if (hb_config_load(h->ctx->config_path, &config, &err) < 0) {
        hb_tell(h, HB_TELL_POLICY, NULL, "%s: %s", h->ctx->config_path,
                err.message);
        return;
    }
    close_sites(h);
    hb_config_free(h->reloaded);
    h->reloaded = config;
    h->config = config;
    if (open_sites(h, &err) < 0)
        hb_log(HB_LOG_ERR, "%s", err.message);
}

/* One batch: whatever waits on all connections. */
static void turn(struct hb_helper *h)
{
    size_t n = collect(h);

    if (n == 0)
        return;
    hb_batch_run(h, h->work, n);
    for (size_t i = 0; i < n; i++) {
        send_reply(&h->work[i]);
        hb_close(&h->work[i].fd);
        hb_close(&h->work[i].out_fd);
        hb_close(&h->work[i].staged_fd);
    }
    /* Soon, but not while the next request waits behind it. */
    if (h->settle == NULL)
        h->settle = hb_loop_timer(h->loop, SETTLE_NS, 0, on_settle, h);
    if (h->settle == NULL)
        hb_batch_settle(h);
}

static void on_settle(void *arg)
{
    struct hb_helper *h = arg;

    h->settle = NULL;
    hb_batch_settle(h);
}

static size_t collect(struct hb_helper *h)
{
    size_t n = 0, conns = 0, share;

    for (struct hb_conn *c = h->conns; c != NULL; c = c->next)
        conns++;
    share = HB_BATCH / HB_MAX(conns, 1u);
    for (struct hb_conn *c = h->conns; c != NULL; c = c->next) {
        size_t first = n;

        while (!c->dead && c->out.n == 0 && n - first < share) {
            int r = collect_one(c, &h->work[n]);

            if (r > 0) {
                n++;
                continue;
            }
            hb_close(&h->work[n].fd);
            if (r == -EAGAIN)
                break;
            if (r < 0) {
                end_worker(c, &h->work[n], r);
                /* Nothing that it asked for before is done either. */
                while (n > first)
                    hb_close(&h->work[--n].fd);
            }
            c->dead = true;
        }
    }
    return n;
}

/* 1 a request, 0 the peer closed, -EAGAIN none waits, else a violation. */
static int collect_one(struct hb_conn *c, struct hb_work *w)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    size_t nfds = 0;
    ssize_t n;
    int fd = -1, r;

    *w = (struct hb_work){.fd = -1, .out_fd = -1, .staged_fd = -1};
    w->conn = c;
    w->who = c->who;
    w->peer = c->peer;
    n = hb_sock_recv(c->fd, buf, sizeof(buf), &fd, 1, &nfds);
    if (n == -EBADMSG || n == -EAGAIN)
        return (int)n;
    if (n <= 0)
        return 0;
    if (nfds > 0)
        w->fd = fd;
    r = hb_request_decode(&w->req, buf, (size_t)n);
    if (r >= 0)
        r = hb_catalogue_check(&w->req, nfds, c->who);
    if (r < 0)
        return r == -EAGAIN ? -EBADMSG : r;
    w->row = hb_catalogue(w->req.action);
    w->rep.seq = w->req.seq;
    memcpy(w->rep.key, w->req.key, sizeof(w->rep.key));
    return 1;
}

/* TRUST: "one not permitted ends that worker and makes an event". */
static void end_worker(struct hb_conn *c, const struct hb_work *w, int why)
{
    hb_tell(c->h, HB_TELL_VIOLATION, w, _("%s asked for %s: %s"),
            c->who == HB_REQUESTER_COMPARE ? "compare" : "core",
            why == -EPERM ? hb_action_name(w->req.action) : "?",
            why == -EPERM ? _("not permitted to this role")
                          : _("not a request"));
    kill_peer(c);
    c->dead = true;
}

/* By a descriptor of the very process that connected, where the kernel has
 * it; else by its number, once it is sure to be of the same user. */
static void kill_peer(const struct hb_conn *c)
{
    _cleanup_close_ int fd = -1;
    socklen_t len = sizeof(fd);
    uid_t uid;

    if (c->peer.pid <= 1 || c->peer.pid == getpid())
        return;
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERPIDFD, &fd, &len) < 0) {
        fd = (int)syscall(SYS_pidfd_open, c->peer.pid, 0);
        if (fd < 0 || !uid_of_pid(c->peer.pid, &uid) || uid != c->peer.uid)
            return;
    }
    (void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
}

static bool uid_of_pid(pid_t pid, uid_t *ret)
{
    _cleanup_close_ int fd = -1;
    char path[64], text[4096], *at;
    unsigned long uid;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : hb_pread_full(fd, text, sizeof(text) - 1, 0);
    if (n <= 0)
        return false;
    text[n] = '\0';
    at = strstr(text, "\nUid:\t");
    if (at == NULL)
        return false;
    errno = 0;
    uid = strtoul(at + 6, NULL, 10);
    *ret = (uid_t)uid;
    return errno == 0;
}

static void send_reply(struct hb_work *w)
{
    uint8_t buf[HB_REPLY_SIZE];
    struct hb_conn *c = w->conn;
    size_t n = hb_reply_encode(&w->rep, buf);
    int r = -EAGAIN;

    if (c->dead)
        return;
    if (c->out.n == 0)
        r = hb_sock_send(c->fd, buf, n, &w->out_fd, w->out_fd >= 0 ? 1 : 0);
    if (r == -EAGAIN) {
        /* Who does not read its answers is not read from either. */
        if (w->out_fd >= 0) {
            w->rep.status = HB_ACT_FAILED;
            w->rep.error = -EAGAIN;
            n = hb_reply_encode(&w->rep, buf);
        }
        hb_buf_add(&c->out, buf, n);
        r = hb_loop_mod(c->h->loop, c->fd, EPOLLOUT);
    }
    if (r < 0 || hb_buf_err(&c->out) != 0)
        c->dead = true;
}

static void flush_conn(struct hb_conn *c)
{
    size_t at = 0;
    int r = 0;

    while (at < c->out.n && r >= 0) {
        r = hb_sock_send(c->fd, c->out.p + at, HB_REPLY_SIZE, NULL, 0);
        if (r >= 0)
            at += HB_REPLY_SIZE;
    }
    if (r < 0 && r != -EAGAIN)
        c->dead = true;
    memmove(c->out.p, c->out.p + at, c->out.n - at);
    c->out.n -= at;
    if (c->out.n == 0 && hb_loop_mod(c->h->loop, c->fd, EPOLLIN) < 0)
        c->dead = true;
}

static void reap(struct hb_helper *h)
{
    struct hb_conn **at = &h->conns;

    while (*at != NULL) {
        struct hb_conn *c = *at;

        if (!c->dead) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        hb_loop_del(h->loop, c->fd);
        hb_close(&c->fd);
        hb_buf_done(&c->out);
        free(c);
    }
}

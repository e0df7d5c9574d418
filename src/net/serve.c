/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - see serve.h: connections, and the loop that turns them.
 *
 * libmicrohttpd has an epoll descriptor of its own, which the role's loop
 * watches; MHD_run() does what can be done without waiting.  Its time limits
 * see bytes only, so that a client which sends one a second lives for ever:
 * the sweep looks at whole heads and at rates.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/num.h"
#include "net/serve_part.h"

#define SWEEP      (250 * HB_MS)
#define POOL       (64u << 10) /* bytes a connection, heads and reading */
#define TURNS      16u
#define LEAST_RATE 512u /* bytes a second of a body, after body_s */
#define BACKLOG    512
#define PRIORITIES                                                             \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:"     \
    "+AES-256-GCM:+CHACHA20-POLY1305:-KX-ALL:+ECDHE-RSA:+ECDHE-ECDSA:"         \
    "%SERVER_PRECEDENCE"

static int start(struct hb_serve *s, const struct hb_serve_config *c,
                 struct hb_err *err);
static int watch(struct hb_serve *s, struct hb_err *err);
static hb_io_fn on_epoll;
static hb_timer_fn on_soon, on_sweep;
static void run(struct hb_serve *s);
static bool sweep_one(const struct serve_conn *n, uint64_t now);
static int copy_strings(struct hb_serve *s, const struct hb_serve_config *c);
static enum MHD_Result on_accept(void *arg, const struct sockaddr *sa,
                                 socklen_t len);
static void on_connection(void *arg, struct MHD_Connection *mhd, void **ctx,
                          enum MHD_ConnectionNotificationCode code);
static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd);
static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *n, void **ctx);
static void on_completed(void *arg, struct MHD_Connection *mhd, void **ctx,
                         enum MHD_RequestTerminationCode code);
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *z);
static void to_log(void *arg, const char *fmt, va_list ap) HB_PRINTF(2, 0);
static void address(const struct sockaddr *sa, char ret[HB_SERVE_FROM]);
static bool is_proxy(const struct hb_serve *s, const char *from);

int hb_serve_open(struct hb_loop *l, const struct hb_serve_config *c,
                  struct hb_serve **ret, struct hb_err *err)
{
    struct hb_serve *s =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*s));
    int r = s == NULL ? -ENOMEM : 0;

    if (r == 0) {
        s->loop = l;
        s->epoll = -1;
        s->c = *c;
        s->https = strncmp(c->origin, "https:", 6) == 0;
        r = copy_strings(s, c);
    }
    if (r < 0)
        r = hb_err_set(err, r, _("out of memory"));
    else
        r = start(s, c, err);
    if (r == 0)
        r = watch(s, err);
    if (r < 0) {
        int fd = c->fd;

        hb_serve_close(s);
        /* libmicrohttpd closes it with its daemon, and where it refuses a
         * certificate, but not where it fails before that. */
        if (fcntl(fd, F_GETFD) >= 0)
            hb_close(&fd);
        return r;
    }
    *ret = s;
    return 0;
}

void hb_serve_close(struct hb_serve *s)
{
    if (s == NULL)
        return;
    if (s->epoll >= 0)
        hb_loop_del(s->loop, s->epoll);
    hb_timer_stop(s->loop, s->soon);
    hb_timer_stop(s->loop, s->sweep);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    hb_arena_free(s->arena);
    free(s);
}

int hb_serve_listen(const char *address, int *ret_fd)
{
    struct sockaddr_storage ss = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&ss;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ss;
    const char *colon = strrchr(address, ':');
    char host[64];
    uint64_t port = 0;
    int fd, one = 1;

    if (colon == NULL || (size_t)(colon - address) >= sizeof(host) ||
        hb_parse_u64(hb_slice_z(colon + 1), &port) < 0 || port > 65535)
        return -EINVAL;
    memcpy(host, address, (size_t)(colon - address));
    host[colon - address] = '\0';
    if (host[0] == '[' && colon[-1] == ']') {
        host[strlen(host) - 1] = '\0';
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1)
            return -EINVAL;
    } else {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
            return -EINVAL;
    }
    fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return hb_neg_errno();
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (ss.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&ss,
             ss.ss_family == AF_INET6 ? sizeof(*v6) : sizeof(*v4)) < 0 ||
        listen(fd, BACKLOG) < 0) {
        int r = hb_neg_errno();

        hb_close(&fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

/* ---- starting ---- */

static int copy_strings(struct hb_serve *s, const struct hb_serve_config *c)
{
    const char **proxies;

    s->arena = hb_arena_new(0);
    if (s->arena == NULL)
        return -ENOMEM;
    s->c.origin = hb_arena_strdup(s->arena, c->origin);
    proxies = c->proxies_n > 0 ? HB_NEW_N(s->arena, const char *, c->proxies_n)
                               : NULL;
    if (s->c.origin == NULL || (c->proxies_n > 0 && proxies == NULL))
        return -ENOMEM;
    for (size_t i = 0; i < c->proxies_n; i++) {
        proxies[i] = hb_arena_strdup(s->arena, c->proxies[i]);
        if (proxies[i] == NULL)
            return -ENOMEM;
    }
    s->c.proxies = proxies;
    s->host = strstr(s->c.origin, "://");
    s->host = s->host != NULL ? s->host + 3 : s->c.origin;
    s->c.certificate = s->c.key = NULL;
    if (s->c.connections == 0)
        s->c.connections = 1200;
    if (s->c.network == 0)
        s->c.network = 300;
    if (s->c.form_max == 0)
        s->c.form_max = 64u << 10;
    if (s->c.idle_s == 0)
        s->c.idle_s = 30;
    if (s->c.head_s == 0)
        s->c.head_s = 15;
    if (s->c.body_s == 0)
        s->c.body_s = 20;
    return 0;
}

static int start(struct hb_serve *s, const struct hb_serve_config *c,
                 struct hb_err *err)
{
    bool tls = c->certificate != NULL;
    unsigned flags =
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0);

    s->daemon = MHD_start_daemon(
        flags, 0, on_accept, s, on_request, s, MHD_OPTION_EXTERNAL_LOGGER,
        to_log, s, MHD_OPTION_LISTEN_SOCKET, c->fd,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
        MHD_OPTION_CONNECTION_LIMIT, s->c.connections,
        MHD_OPTION_CONNECTION_TIMEOUT, s->c.idle_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, s, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, s, tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END,
        c->certificate, MHD_OPTION_HTTPS_MEM_KEY, c->key,
        MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES, MHD_OPTION_END);
    return s->daemon != NULL
               ? 0
               : hb_err_set(err, -EINVAL,
                            c->certificate != NULL
                                ? _("the certificate or its key cannot be "
                                    "used; they are PEM, and belong together")
                                : _("the server cannot start"));
}

static int watch(struct hb_serve *s, struct hb_err *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = info == NULL
                ? -EINVAL
                : hb_loop_add(s->loop, info->epoll_fd, EPOLLIN, on_epoll, s);

    if (r == 0) {
        s->epoll = info->epoll_fd;
        s->sweep = hb_loop_timer(s->loop, SWEEP, SWEEP, on_sweep, s);
        if (s->sweep == NULL)
            r = -ENOMEM;
    }
    if (r < 0)
        return hb_err_set(err, r,
                          r == -ENOMEM ? _("out of memory")
                                       : _("the server cannot start"));
    return 0;
}

/* ---- turning ---- */

static void on_epoll(void *arg, int fd, uint32_t events)
{
    (void)fd, (void)events;
    run(arg);
}

static void on_soon(void *arg)
{
    struct hb_serve *s = arg;

    s->soon = NULL; /* it was for once */
    run(s);
}

/* Others of the loop get their turn, too: what is left is done at once after
 * them. */
static void run(struct hb_serve *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 1;

    for (unsigned i = 0; i < TURNS; i++) {
        if (MHD_run(s->daemon) != MHD_YES)
            break;
        if (MHD_get_timeout(s->daemon, &ms) != MHD_YES)
            ms = 1;
        if (ms > 0)
            break;
    }
    if (ms == 0 && s->soon == NULL)
        s->soon = hb_loop_timer(s->loop, 0, 0, on_soon, s);
}

static void on_sweep(void *arg)
{
    struct hb_serve *s = arg;
    uint64_t now = hb_mono();

    for (struct serve_conn *n = s->conns; n != NULL; n = n->next)
        if (!sweep_one(n, now))
            (void)shutdown(n->fd, SHUT_RDWR);
    run(s);
}

/* Whether it may live.  Between two requests nobody tells us of the first
 * byte: who says nothing is libmicrohttpd's to cut after idle_s, and who says
 * something has head_s more. */
static bool sweep_one(const struct serve_conn *n, uint64_t now)
{
    const struct hb_serve_config *c = &n->s->c;
    const struct hb_request *r = n->r;

    if (r == NULL)
        return now - n->since <=
               HB_S * ((uint64_t)c->head_s + (n->kept ? c->idle_s : 0));
    if (r->stream != NULL)
        return r->stream->s.alive == NULL ||
               r->stream->s.alive(r->stream->s.arg) >= 0;
    return r->answered || now - r->began < c->body_s * HB_S ||
           (uint64_t)r->got / ((now - r->began) / HB_S) >= LEAST_RATE;
}

/* ---- libmicrohttpd's calls ---- */

static enum MHD_Result on_accept(void *arg, const struct sockaddr *sa,
                                 socklen_t len)
{
    const struct hb_serve *s = arg;
    uint8_t net[SERVE_NET];
    char from[HB_SERVE_FROM];

    (void)len;
    address(sa, from);
    /* Whom a proxy speaks for, each head says (serve_request.c). */
    if (is_proxy(s, from))
        return MHD_YES;
    serve_network(from, net);
    return serve_crowded(s, net) ? MHD_NO : MHD_YES;
}

static void on_connection(void *arg, struct MHD_Connection *mhd, void **ctx,
                          enum MHD_ConnectionNotificationCode code)
{
    struct hb_serve *s = arg;
    const union MHD_ConnectionInfo *info;
    struct serve_conn *n = *ctx;
    const struct sockaddr *sa;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (n == NULL)
            return;
        *n->at = n->next;
        if (n->next != NULL)
            n->next->at = n->at;
        s->conns_n--;
        free(n);
        *ctx = NULL;
        return;
    }
    n = hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*n));
    *ctx = n;
    if (n == NULL)
        return;
    n->s = s;
    n->since = hb_mono();
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    n->fd = info != NULL ? info->connect_fd : -1;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    sa = info != NULL ? info->client_addr : NULL;
    if (sa != NULL) {
        address(sa, n->from);
        n->proxy = is_proxy(s, n->from);
        if (!n->proxy)
            serve_network(n->from, n->net);
    }
    n->next = s->conns;
    n->at = &s->conns;
    if (n->next != NULL)
        n->next->at = &n->next;
    s->conns = n;
    s->conns_n++;
}

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *mhd)
{
    return serve_request_new(arg, uri, mhd);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *mhd,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *n, void **ctx)
{
    struct hb_serve *s = arg;
    struct hb_request *r = *ctx;
    int status;

    (void)mhd, (void)url, (void)version;
    if (r == NULL)
        return MHD_NO; /* no memory: cut */
    if (!r->headed) {
        r->headed = true;
        status = serve_request_head(r, method);
        /* An answer as early as this ends the connection; what is answered
         * when the whole request is there lets the client stay. */
        if (status != 0)
            hb_answer_error(r, status);
        return MHD_YES;
    }
    if (*n > 0) {
        serve_request_body(r, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (r->answered)
        return MHD_YES;
    status = serve_request_end(r);
    if (status != 0)
        hb_answer_error(r, status);
    else
        s->c.fn(s->c.arg, r);
    if (!r->answered)
        hb_answer_error(r, 500);
    return r->answered ? MHD_YES : MHD_NO;
}

static void on_completed(void *arg, struct MHD_Connection *mhd, void **ctx,
                         enum MHD_RequestTerminationCode code)
{
    const struct hb_serve *s = arg;
    struct hb_request *r = *ctx;

    if (r == NULL)
        return;
    r->conn->r = NULL;
    r->conn->since = hb_mono();
    r->conn->kept = true;
    if (r->conn->proxy)
        memset(r->conn->net, 0, sizeof(r->conn->net));
    /* A download had more time than what follows it. */
    if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        (void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                        s->c.idle_s);
    *ctx = NULL;
    serve_request_free(r);
}

/* We decode once, ourselves. */
static size_t keep_escapes(void *arg, struct MHD_Connection *mhd, char *z)
{
    (void)arg, (void)mhd;
    return strlen(z);
}

/* Strangers' mistakes fill no log. */
static void to_log(void *arg, const char *fmt, va_list ap)
{
    char text[512];

    (void)arg;
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    hb_log(HB_LOG_DEBUG, "%s", text);
}

static void address(const struct sockaddr *sa, char ret[HB_SERVE_FROM])
{
    ret[0] = '\0';
    if (sa->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)sa)->sin_addr,
                        ret, HB_SERVE_FROM);
    else if (sa->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)sa)->sin6_addr,
                        ret, HB_SERVE_FROM);
}

static bool is_proxy(const struct hb_serve *s, const char *from)
{
    for (size_t i = 0; i < s->c.proxies_n; i++)
        if (hb_streq(s->c.proxies[i], from))
            return true;
    return false;
}

/* /24 and /64, as providers give them out. */
void serve_network(const char *from, uint8_t ret[SERVE_NET])
{
    struct in6_addr v6;
    struct in_addr v4;

    memset(ret, 0, SERVE_NET);
    if (inet_pton(AF_INET, from, &v4) == 1) {
        ret[0] = AF_INET;
        memcpy(ret + 1, &v4, 3);
    } else if (inet_pton(AF_INET6, from, &v6) == 1) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);

        ret[0] = mapped ? AF_INET : AF_INET6;
        memcpy(ret + 1, v6.s6_addr + (mapped ? 12 : 0), mapped ? 3 : 8);
    }
}

bool serve_crowded(const struct hb_serve *s, const uint8_t net[SERVE_NET])
{
    unsigned n = 0;

    for (const struct serve_conn *c = s->conns; c != NULL; c = c->next)
        n += memcmp(c->net, net, SERVE_NET) == 0;
    return n >= s->c.network;
}

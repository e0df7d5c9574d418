/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_waf_client.c - sends one request of waf_work.h again and again to a
 * server on loopback, and counts the answers.
 *
 *     bench-waf-client PORT WORK COUNT [CONNECTIONS]
 *
 * Connections (8) stay open and each has one request under way, so that a
 * server with one worker always has something to do: what it takes is then
 * its own cost and not that of waking up.  Prints the number of answers and
 * their status, "20000 200"; answers of different status are an error, as a
 * mean over them would say nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "waf_work.h"

#define CONNS_MAX   64u
#define ANSWER_MAX  65536u
#define SILENCE_MS  60000 /* no answer for so long: the server hangs */
#define STATUS_FROM 9u    /* "HTTP/1.1 200": where the status stands */

struct conn {
    size_t sent, n;          /* of the request; of the answer */
    char in[ANSWER_MAX + 1]; /* ends in NUL */
    bool busy;
};

struct client {
    struct sockaddr_in to;
    struct hb_slice request;
    unsigned long started, count, answered;
    unsigned status; /* of all answers so far, 0 before the first */
    struct pollfd fds[CONNS_MAX];
    struct conn *conn;
};

/* ------------------------------------------------------------ connections */

static int open_one(const struct client *c)
{
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (connect(fd, (const struct sockaddr *)&c->to, sizeof(c->to)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        int r = -errno;

        (void)close(fd);
        return r;
    }
    return fd;
}

static int send_more(const struct client *c, struct conn *k, struct pollfd *p)
{
    while (k->sent < c->request.n) {
        ssize_t n = send(p->fd, c->request.p + k->sent, c->request.n - k->sent,
                         MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            break;
        /* Refused before all of it was sent: the answer says why. */
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            k->sent = c->request.n;
        else if (n < 0)
            return -errno;
        else
            k->sent += (size_t)n;
    }
    p->events = k->sent < c->request.n ? POLLIN | POLLOUT : POLLIN;
    return 0;
}

/* The next request on this connection, if there is one to send. */
static int next(struct client *c, struct conn *k, struct pollfd *p)
{
    k->n = k->sent = 0;
    k->busy = c->started < c->count;
    p->events = POLLIN;
    if (!k->busy)
        return 0;
    c->started++;
    if (p->fd < 0)
        p->fd = open_one(c);
    return p->fd < 0 ? p->fd : send_more(c, k, p);
}

/* ---------------------------------------------------------------- answers */

/* Whether the answer is whole; servers of this bench send a length or chunks,
 * and no text that looks like the last chunk. */
static bool whole(const struct conn *k)
{
    static const char last[] = "\r\n0\r\n\r\n";
    const char *body = strstr(k->in, "\r\n\r\n");
    const char *length = strcasestr(k->in, "\r\nContent-Length:");

    if (body == NULL)
        return false;
    if (length != NULL && length < body)
        return k->n - (size_t)(body + 4 - k->in) >=
               strtoul(length + 17, NULL, 10);
    return k->n >= sizeof(last) && memcmp(k->in + k->n - (sizeof(last) - 1),
                                          last, sizeof(last) - 1) == 0;
}

static int answered(struct client *c, const struct conn *k)
{
    unsigned status = (unsigned)strtoul(k->in + STATUS_FROM, NULL, 10);

    if (c->status != 0 && c->status != status) {
        (void)fprintf(stderr, "bench-waf-client: %u after %lu times %u\n",
                      status, c->answered, c->status);
        return -EBADMSG;
    }
    c->status = status;
    c->answered++;
    return 0;
}

static int receive(struct client *c, struct conn *k, struct pollfd *p)
{
    ssize_t n = recv(p->fd, k->in + k->n, ANSWER_MAX - k->n, 0);
    bool open = n > 0;
    int r;

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0 && errno != ECONNRESET)
        return -errno;
    k->n += open ? (size_t)n : 0;
    k->in[k->n] = '\0';
    if (open && k->n < ANSWER_MAX && !whole(k))
        return 0;
    if (!k->busy || !whole(k))
        return k->busy ? -ECONNRESET : 0;
    r = answered(c, k);
    if (!open || k->sent < c->request.n ||
        strcasestr(k->in, "\r\nConnection: close") != NULL) {
        (void)close(p->fd);
        p->fd = -1;
    }
    return r < 0 ? r : next(c, k, p);
}

static int run(struct client *c, unsigned conns)
{
    int r = 0;

    for (unsigned i = 0; i < conns && r == 0; i++) {
        c->fds[i].fd = -1;
        r = next(c, &c->conn[i], &c->fds[i]);
    }
    while (r == 0 && c->answered < c->count) {
        int n = poll(c->fds, conns, SILENCE_MS);

        if (n <= 0)
            return n == 0 ? -ETIMEDOUT : -errno;
        for (unsigned i = 0; i < conns && r == 0; i++) {
            short got = c->fds[i].revents;

            if (got & POLLOUT)
                r = send_more(c, &c->conn[i], &c->fds[i]);
            if (r == 0 && (got & (POLLIN | POLLHUP | POLLERR)))
                r = receive(c, &c->conn[i], &c->fds[i]);
        }
    }
    return r;
}

/* ------------------------------------------------------------------- main */

static const struct waf_work *work_of(const char *name)
{
    for (size_t i = 0; i < n_waf_works; i++)
        if (strcmp(waf_works[i].name, name) == 0)
            return &waf_works[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct client c = {.to = {.sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    struct hb_buf bytes = HB_BUF_INIT;
    const struct waf_work *w = argc > 2 ? work_of(argv[2]) : NULL;
    unsigned long conns = argc > 4 ? strtoul(argv[4], NULL, 10) : 8;
    int r = -ENOMEM;

    if (w == NULL || argc > 5 || argc < 4 || conns == 0 || conns > CONNS_MAX) {
        (void)fprintf(stderr, "usage: bench-waf-client PORT WORK COUNT "
                              "[CONNECTIONS]\n");
        return 2;
    }
    c.to.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    c.count = strtoul(argv[3], NULL, 10);
    c.conn = calloc(conns, sizeof(*c.conn));
    w->make(&bytes, w->size);
    c.request = hb_buf_slice(&bytes);
    if (c.conn != NULL && bytes.err == 0)
        r = run(&c, (unsigned)conns);
    if (r < 0)
        (void)fprintf(stderr, "bench-waf-client: %s: %s\n", w->name,
                      strerror(-r));
    else
        (void)printf("%lu %u\n", c.answered, c.status);
    free(c.conn);
    hb_buf_done(&bytes);
    return r < 0;
}

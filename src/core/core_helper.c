/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_helper.c - core's side of helper-core.sock: many requests in flight,
 * answers matched by sequence, a connection that breaks is made again.
 *
 * When it breaks every request in flight is answered with NULL: the caller
 * asks again with the same idempotency key, and the helper, which journals
 * its intents, says whether it was done.  A helper that hangs is as good as
 * gone: the connection is broken from this side.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "core/core.h"

#include "base/clock.h"
#include "base/num.h"
#include "base/log.h"

#define FLIGHT_MAX 64
#define RETRY_NS   (HB_S / 2)

struct flight {
    uint64_t seq;  /* 0: free */
    uint64_t sent; /* monotonic */
    hb_core_answer *fn;
    void *arg;
};

struct hb_core_helper {
    struct hb_core *core;
    char path[HB_MAX_PATH];
    int fd;
    uint64_t seq;
    struct flight flights[FLIGHT_MAX];
    struct hb_timer *retry;
};

static hb_io_fn on_answer;
static hb_timer_fn on_retry;
static bool hangs(const struct hb_core_helper *h);
static void lost(struct hb_core_helper *h);

int hb_core_helper_new(struct hb_core *c, const char *path,
                       struct hb_core_helper **ret)
{
    struct hb_core_helper *h = calloc(1, sizeof(*h));

    if (h == NULL)
        return -ENOMEM;
    h->core = c;
    h->fd = -1;
    if (!hb_copyz(h->path, sizeof(h->path), path) ||
        (h->retry = hb_loop_timer(c->loop, 0, RETRY_NS, on_retry, h)) == NULL) {
        free(h);
        return -ENOMEM;
    }
    *ret = h;
    return 0;
}

void hb_core_helper_free(struct hb_core_helper *h)
{
    if (h == NULL)
        return;
    hb_timer_stop(h->core->loop, h->retry);
    lost(h);
    free(h);
}

bool hb_core_helper_alive(const struct hb_core_helper *h)
{
    return h->fd >= 0;
}

int hb_core_ask(struct hb_core_helper *h, const struct hb_request *r, int fd,
                hb_core_answer *fn, void *arg)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    struct hb_request copy = *r;
    struct flight *f = NULL;
    size_t n;
    int rc;

    if (h->fd < 0)
        return -ENOTCONN;
    for (size_t i = 0; i < FLIGHT_MAX && f == NULL; i++)
        if (h->flights[i].seq == 0)
            f = &h->flights[i];
    if (f == NULL)
        return -EAGAIN;
    copy.seq = ++h->seq;
    n = hb_request_encode(&copy, buf);
    rc = hb_sock_send(h->fd, buf, n, &fd, fd >= 0 ? 1 : 0);
    if (rc == -EAGAIN)
        return rc;
    if (rc < 0) {
        lost(h);
        return -ENOTCONN;
    }
    *f = (struct flight){copy.seq, hb_mono(), fn, arg};
    return 0;
}

static void on_answer(void *arg, int fd, uint32_t events)
{
    struct hb_core_helper *h = arg;
    uint8_t buf[HB_REPLY_SIZE + 1];
    struct hb_reply reply;
    int got;

    for (;;) {
        size_t nfds = 0;
        ssize_t n;

        got = -1;
        n = hb_sock_recv(fd, buf, sizeof(buf), &got, 1, &nfds);
        if (n == -EAGAIN)
            return;
        if (n <= 0 || hb_reply_decode(&reply, buf, (size_t)n) < 0) {
            if (nfds > 0)
                hb_close(&got);
            lost(h);
            return;
        }
        if (nfds == 0)
            got = -1;
        for (size_t i = 0; i < FLIGHT_MAX; i++) {
            struct flight f = h->flights[i];

            if (f.seq == 0 || f.seq != reply.seq)
                continue;
            h->flights[i].seq = 0;
            f.fn(f.arg, &reply, got);
            got = -1;
            break;
        }
        hb_close(&got);
    }
}

static void on_retry(void *arg)
{
    struct hb_core_helper *h = arg;
    int fd;

    if (hangs(h)) {
        hb_log(HB_LOG_ERR, "the helper has not answered for %u s",
               (unsigned)(h->core->answer_ns / HB_S));
        lost(h);
    }
    if (h->fd >= 0 || hb_sock_connect(h->path, SOCK_SEQPACKET, &fd) < 0)
        return;
    /* The helper must never be able to hold core up. */
    if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        hb_loop_add(h->core->loop, fd, EPOLLIN, on_answer, h) < 0) {
        (void)close(fd);
        return;
    }
    h->fd = fd;
    hb_core_staged_fetch(h->core);
}

static bool hangs(const struct hb_core_helper *h)
{
    uint64_t now = hb_mono();

    for (size_t i = 0; i < FLIGHT_MAX; i++)
        if (h->flights[i].seq != 0 &&
            now - h->flights[i].sent > h->core->answer_ns)
            return true;
    return false;
}

static void lost(struct hb_core_helper *h)
{
    if (h->fd >= 0) {
        hb_loop_del(h->core->loop, h->fd);
        hb_close(&h->fd);
        hb_log(HB_LOG_WARNING, "the helper's connection broke");
    }
    for (size_t i = 0; i < FLIGHT_MAX; i++) {
        struct flight f = h->flights[i];

        if (f.seq == 0)
            continue;
        h->flights[i].seq = 0;
        f.fn(f.arg, NULL, -1);
    }
}

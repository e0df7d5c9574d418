/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look_role.c - the role look: what files are and what of persons they hold.
 *
 * Runs as hinoban-look, without a file, a key or a network: archives and
 * documents of strangers are read here.  Only the portal may connect.  One
 * file after the other; what takes too long ends the role, and the supervisor
 * starts it again.
 */
#include <poll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "base/sock.h"
#include "inspect/file.h"
#include "portal/looks.h"

#define FILE_NS  (300 * HB_S) /* for all of a file */
#define BYTES_MS 30000        /* for the next bytes of it */

struct role {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    int listen;
};

struct incoming {
    int fd;
    uint64_t end; /* hb_mono() */
};

static hb_io_fn on_accept;
static void look(int fd);
static ssize_t read_on(void *arg, void *p, size_t n);
static void put(struct hb_buf *b, const struct hb_file_report *r);

int hb_look_main(const struct hb_role_ctx *ctx)
{
    struct role p = {.ctx = ctx};
    char text[128];
    int r;

    p.loop = hb_loop_new();
    p.listen = hb_sock_passed("look");
    r = p.loop == NULL ? -ENOMEM : HB_MIN(p.listen, 0);
    if (r == 0)
        r = hb_loop_add(p.loop, p.listen, EPOLLIN, on_accept, &p);
    if (r == 0) {
        hb_notify("READY=1");
        r = hb_loop_run(p.loop, NULL, NULL);
    } else {
        hb_log(HB_LOG_ERR, _("the role look cannot start: %s"),
               hb_errno_text(r, text, sizeof(text)));
        r = EXIT_FAILURE;
    }
    hb_loop_free(p.loop);
    return r;
}

/* ---- static ---- */

static void on_accept(void *arg, int listener, uint32_t events)
{
    struct role *p = arg;
    struct hb_peer peer;
    int fd;

    (void)events;
    if (hb_sock_accept(listener, &fd, &peer) < 0)
        return;
    if (hb_role_is(p->ctx, "portal", peer.uid) || peer.uid == 0)
        look(fd);
    hb_close(&fd);
}

static void look(int fd)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct incoming in = {fd, hb_mono() + FILE_NS};
    struct hb_file_report report;
    char rest[4096];

    /* One that could not be read to its end gets no answer. */
    if (hb_file_look(read_on, &in, &report) < 0)
        return;
    put(&b, &report);
    if (hb_buf_err(&b) < 0 || send(fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
        return;
    /* The portal hangs up: to close before it has read loses the answer. */
    while (read_on(&in, rest, sizeof(rest)) > 0)
        ;
}

static ssize_t read_on(void *arg, void *p, size_t n)
{
    struct incoming *in = arg;
    struct pollfd pfd = {.fd = in->fd, .events = POLLIN};
    ssize_t got;

    for (;;) {
        got = recv(in->fd, p, n, MSG_DONTWAIT);
        if (got >= 0 || (errno != EAGAIN && errno != EINTR))
            return got < 0 ? hb_neg_errno() : got;
        if (hb_mono() > in->end || poll(&pfd, 1, BYTES_MS) == 0)
            return -ETIMEDOUT;
    }
}

static void put(struct hb_buf *b, const struct hb_file_report *r)
{
    struct hb_jw w;

    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_bool(&w, "read", r->read);
    hb_jw_int(&w, "pieces", (int64_t)HB_MIN(hb_file_pieces(r), 1u << 30));
    hb_jw_str(&w, "kind", hb_file_kind_name(r->kind));
    hb_jw_bool(&w, "list", r->personal.list);
    hb_jw_end_obj(&w);
    hb_buf_addc(b, '\n');
}

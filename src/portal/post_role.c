/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post_role.c - the role post: letters of the portal by the relay.
 *
 * Runs as hinoban-post, without a store or a key.  Only the portal may connect
 * (its socket is the portal's).  A letter that is no good is answered, a
 * packet that is none ends the connection.  One letter after the other: a
 * relay that takes long holds up the next.
 */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "base/sock.h"
#include "net/relay.h"
#include "portal/portal.h"
#include "portal/post.h"

#define SECONDS 30u /* for one letter */
#define CLIENTS 8u

struct role {
    const struct hb_role_ctx *ctx;
    struct hb_conf_org org; /* as the portal's settings change it */
    const char *password;
    struct hb_loop *loop;
    int listen;
    int fds[CLIENTS]; /* the portal, and commands beside it; -1 free */
};

static hb_io_fn on_accept, on_letter;
static void drop(struct role *p, int fd);
static int deliver(struct role *p, int fd, struct hb_slice packet);
static int answer(int fd, int64_t id, int r, const char *text);

int hb_post_main(const struct hb_role_ctx *ctx)
{
    const struct hb_conf_share *s = &ctx->config->share;
    struct role p = {.ctx = ctx, .org = ctx->config->organisation};
    char text[128];
    int r;

    for (size_t i = 0; i < CLIENTS; i++)
        p.fds[i] = -1;
    hb_i18n_use((enum hb_lang)p.org.language);
    if (s->mail_from[0] != '\0')
        p.org.mail_from = s->mail_from;
    p.password =
        s->mail_password[0] != '\0' ? s->mail_password : p.org.mail_password;
    p.loop = hb_loop_new();
    p.listen = hb_sock_passed("post");
    r = p.loop == NULL ? -ENOMEM : HB_MIN(p.listen, 0);
    if (r == 0)
        r = hb_loop_add(p.loop, p.listen, EPOLLIN, on_accept, &p);
    if (r == 0) {
        hb_notify("READY=1");
        r = hb_loop_run(p.loop, NULL, NULL);
    } else {
        hb_log(HB_LOG_ERR, _("the role post cannot start: %s"),
               hb_errno_text(r, text, sizeof(text)));
        r = EXIT_FAILURE;
    }
    for (size_t i = 0; i < CLIENTS; i++)
        hb_close(&p.fds[i]);
    hb_loop_free(p.loop);
    return r;
}

/* ---- static ---- */

static void on_accept(void *arg, int listener, uint32_t events)
{
    struct role *p = arg;
    struct hb_peer peer;
    size_t at;
    int fd;

    (void)events;
    if (hb_sock_accept(listener, &fd, &peer) < 0)
        return;
    if (!hb_role_is(p->ctx, "portal", peer.uid) && peer.uid != 0) {
        hb_close(&fd);
        return;
    }
    /* One too many: the oldest that is there has forgotten us. */
    for (at = 0; at + 1 < CLIENTS && p->fds[at] >= 0; at++)
        ;
    drop(p, p->fds[at]);
    if (hb_loop_add(p->loop, fd, EPOLLIN, on_letter, p) < 0) {
        hb_close(&fd);
        return;
    }
    p->fds[at] = fd;
}

static void on_letter(void *arg, int fd, uint32_t events)
{
    static char buf[PORTAL_LETTER_MAX];
    struct role *p = arg;
    ssize_t n = hb_sock_recv(fd, buf, sizeof(buf), NULL, 0, NULL);

    (void)events;
    if (n == -EAGAIN)
        return;
    if (n <= 0 || deliver(p, fd, hb_slice(buf, (size_t)n)) < 0)
        drop(p, fd);
    explicit_bzero(buf, sizeof(buf));
}

static void drop(struct role *p, int fd)
{
    for (size_t i = 0; fd >= 0 && i < CLIENTS; i++)
        if (p->fds[i] == fd) {
            hb_loop_del(p->loop, fd);
            hb_close(&p->fds[i]);
        }
}

/* < 0 where the packet is none. */
static int deliver(struct role *p, int fd, struct hb_slice packet)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char said[HB_MAIL_ANSWER] = "", text[HB_MAX_ERR + 512];
    struct hb_err err = {0};
    struct hb_json *o = NULL;
    struct hb_mail m = {.seconds = SECONDS, .ret_answer = said};
    int64_t id;
    int r = a == NULL ? -ENOMEM : hb_json_parse(a, packet, &o, NULL);

    if (r < 0)
        return r;
    id = hb_json_int(o, "id", 0);
    m.to = hb_json_str(o, "to", "");
    m.subject = hb_json_str(o, "subject", "");
    m.text = hb_slice_z(hb_json_str(o, "text", ""));
    r = hb_relay_send(&p->org, p->password, &m, &err);
    if (r == 0)
        return answer(fd, id, 0, said);
    hb_err_format(&err, text, sizeof(text));
    hb_log(HB_LOG_WARNING, _("a mail of the portal was not sent: %s"), text);
    return answer(fd, id, r, text);
}

static int answer(int fd, int64_t id, int r, const char *text)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char cut[1024];
    struct hb_jw w;

    (void)hb_copyz(cut, sizeof(cut), text);
    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "id", id);
    hb_jw_int(&w, "code", r);
    hb_jw_str(&w, "answer", cut);
    hb_jw_end_obj(&w);
    return b.err < 0 ? b.err : hb_sock_send(fd, b.p, b.n, NULL, 0);
}

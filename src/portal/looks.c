/* SPDX-License-Identifier: Apache-2.0 */
/* looks.c - see looks.h: the portal's side. */
#include "portal/looks.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"
#include "base/sock.h"
#include "guard/share/content.h"

#define TICK     (1000 * HB_MS)
#define PATIENCE (600 * HB_S) /* for one file */
#define TRIES    3u           /* a role that dies of a file dies of it again */
#define AWAY     (30 * HB_S)  /* that the role may be while a file waits */
#define CHUNKS   8u           /* sent before others get their turn */

struct portal_looks {
    struct hb_portal *p;
    struct hb_timer *tick;
    int64_t share, file; /* file 0: none now */
    int64_t tried;       /* the file that failed last, TRIES_N times */
    unsigned tries;
    uint64_t since, away; /* away 0: the role is there */
    int fd;
    bool sent; /* all of it */
    struct hb_share_download *d;
    char out[65536], line[PORTAL_LOOK_LINE];
    size_t at, n, line_n;
};

static hb_timer_fn on_tick;
static hb_io_fn on_io;
static void begin(struct portal_looks *l);
static int start(struct portal_looks *l, int64_t file);
static void end(struct portal_looks *l);
static void failed(struct portal_looks *l);
static int push(struct portal_looks *l);
static int pull(struct portal_looks *l);
static int believe(struct portal_looks *l);
static void unreadable(struct portal_looks *l, int64_t file);

int portal_looks_new(struct hb_portal *p, int64_t share,
                     struct portal_looks **ret)
{
    struct portal_looks *l =
        hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(1, sizeof(*l));

    if (l == NULL)
        return -ENOMEM;
    l->p = p;
    l->share = share;
    l->fd = -1;
    l->tick = hb_loop_timer(p->loop, TICK, TICK, on_tick, l);
    if (l->tick == NULL) {
        free(l);
        return -ENOMEM;
    }
    *ret = l;
    return 0;
}

void portal_looks_free(struct portal_looks *l)
{
    if (l == NULL)
        return;
    end(l);
    hb_timer_stop(l->p->loop, l->tick);
    free(l);
}

void portal_looks_wake(struct portal_looks *l)
{
    if (l->file == 0)
        begin(l);
}

int portal_looks_wait(struct hb_portal *p, int64_t share)
{
    struct portal_looks *l;
    int64_t file, last = 0;
    uint64_t since = 0;
    int r = portal_looks_new(p, share, &l);

    if (r < 0)
        return r;
    while ((r = hb_share_unlooked(p->store, share, &file)) == 1) {
        if (file != last)
            since = hb_mono();
        last = file;
        /* A store that cannot be written keeps it waiting for ever. */
        if (hb_mono() - since > TRIES * PATIENCE + AWAY) {
            r = -ETIMEDOUT;
            break;
        }
        portal_looks_wake(l);
        r = hb_loop_turn(p->loop, 200);
        if (r < 0)
            break;
    }
    portal_looks_free(l);
    return HB_MIN(r, 0);
}

/* ---- static ---- */

static void on_tick(void *arg)
{
    struct portal_looks *l = arg;

    if (l->file != 0 && hb_mono() - l->since > PATIENCE)
        failed(l);
    portal_looks_wake(l);
}

/* The next file, where one waits. */
static void begin(struct portal_looks *l)
{
    uint64_t now = hb_mono();
    int64_t file = 0;
    int r = hb_share_unlooked(l->p->store, l->share, &file);

    if (r <= 0)
        return;
    r = start(l, file);
    if (r == 0) {
        l->away = 0;
        return;
    }
    end(l);
    if (r != -ECONNREFUSED && r != -ENOENT && r != -EAGAIN) {
        unreadable(l, file);
    } else if (l->away == 0) {
        l->away = now;
    } else if (now - l->away > AWAY) {
        hb_log(HB_LOG_ERR, _("the role look does not answer; files are left "
                             "to a third person"));
        l->away = 0;
        unreadable(l, file);
    }
}

static int start(struct portal_looks *l, int64_t file)
{
    char path[HB_MAX_PATH];
    int r;

    (void)snprintf(path, sizeof(path), "%s/look.sock", l->p->ctx->run_dir);
    r = hb_sock_connect(path, SOCK_STREAM, &l->fd);
    if (r == 0)
        r = hb_share_look(l->p->store, file, &l->d);
    if (r == 0)
        r = hb_loop_add(l->p->loop, l->fd, EPOLLIN | EPOLLOUT, on_io, l);
    if (r < 0)
        return r;
    l->file = file;
    l->since = hb_mono();
    l->sent = false;
    l->at = l->n = l->line_n = 0;
    return 0;
}

static void end(struct portal_looks *l)
{
    if (l->fd >= 0)
        hb_loop_del(l->p->loop, l->fd);
    hb_close(&l->fd);
    if (l->d != NULL)
        (void)hb_share_download_end(l->d, -1);
    explicit_bzero(l->out, l->n);
    l->d = NULL;
    l->file = 0;
}

/* The role died, or said nothing that can be believed. */
static void failed(struct portal_looks *l)
{
    int64_t file = l->file;

    end(l);
    l->tries = l->tried == file ? l->tries + 1 : 1;
    l->tried = file;
    if (l->tries >= TRIES)
        unreadable(l, file);
}

static void on_io(void *arg, int fd, uint32_t events)
{
    struct portal_looks *l = arg;
    int r = 0;

    (void)fd;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        r = pull(l);
    if (r == 0 && !l->sent)
        r = push(l);
    if (r == 0)
        return;
    if (r == 1) {
        end(l);
        begin(l);
    } else {
        failed(l);
    }
}

/* 0 goes on. */
static int push(struct portal_looks *l)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        ssize_t n;

        if (l->at == l->n) {
            n = hb_share_download_read(l->d, l->out, sizeof(l->out));
            if (n < 0)
                return (int)n;
            l->at = 0;
            l->n = (size_t)n;
        }
        if (l->n == 0) {
            l->sent = true;
            if (shutdown(l->fd, SHUT_WR) < 0)
                return hb_neg_errno();
            return hb_loop_mod(l->p->loop, l->fd, EPOLLIN);
        }
        n = send(l->fd, l->out + l->at, l->n - l->at,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            /* An answer may be there before all was read. */
            return errno == EAGAIN || errno == EPIPE ? 0 : hb_neg_errno();
        l->at += (size_t)n;
    }
    return 0;
}

/* 1: the answer is in the store. */
static int pull(struct portal_looks *l)
{
    ssize_t n = recv(l->fd, l->line + l->line_n,
                     sizeof(l->line) - 1 - l->line_n, MSG_DONTWAIT);

    if (n < 0)
        return errno == EAGAIN ? 0 : hb_neg_errno();
    if (n == 0)
        return -EPIPE;
    l->line_n += (size_t)n;
    if (memchr(l->line, '\n', l->line_n) != NULL)
        return believe(l);
    return l->line_n < sizeof(l->line) - 1 ? 0 : -EBADMSG;
}

static int believe(struct portal_looks *l)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *o = NULL;
    int64_t pieces;
    int r = a == NULL
                ? -ENOMEM
                : hb_json_parse(a, hb_slice(l->line, l->line_n), &o, NULL);

    if (r < 0)
        return r;
    pieces = hb_json_int(o, "pieces", -1);
    if (pieces < 0)
        return -EBADMSG;
    r = hb_share_looked(l->p->store, l->file, hb_json_bool(o, "read", false),
                        pieces);
    return r < 0 ? r : 1;
}

static void unreadable(struct portal_looks *l, int64_t file)
{
    if (hb_share_looked(l->p->store, file, false, 0) < 0)
        hb_log(HB_LOG_ERR, _("the share portal's store cannot be written"));
}

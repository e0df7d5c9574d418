/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_send.c - frames from watch to compare.
 *
 * Runs in watch.  Sending never blocks: what the socket does not take waits
 * here, little of it (the caller stops reading events while anything waits,
 * so that the kernel merges and keeps them).  Order is kept.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "base/sock.h"
#include "sense/files/watch.h"

#define OUT_BYTES (4u << 20)

static int queue(struct hb_watch_sender *s, struct hb_slice frame,
                 const int *fds, size_t nfds);
static void drop_first(struct hb_watch_sender *s);
static void fds_close(struct hb_watch_sender *s);

void hb_watch_send_init(struct hb_watch_sender *s)
{
    memset(s, 0, sizeof(*s));
    s->sock = -1;
    hb_fp_pack_init(&s->pack);
}

void hb_watch_send_done(struct hb_watch_sender *s)
{
    while (s->first != NULL)
        drop_first(s);
    fds_close(s);
    hb_fp_pack_done(&s->pack);
    hb_close(&s->sock);
}

int hb_watch_send_connect(struct hb_watch_sender *s, const char *run_dir)
{
    char path[HB_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/files.sock", run_dir);

    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    while (s->first != NULL)
        drop_first(s);
    fds_close(s);
    hb_fp_pack_reset(&s->pack, 0);
    hb_close(&s->sock);
    return hb_sock_connect(path, SOCK_SEQPACKET, &s->sock);
}

int hb_watch_send_frame(struct hb_watch_sender *s, struct hb_slice frame)
{
    int r;

    if (s->sock < 0)
        return -ENOTCONN;
    if (s->first == NULL) {
        r = hb_sock_send(s->sock, frame.p, frame.n, NULL, 0);
        if (r != -EAGAIN)
            return r;
    }
    return queue(s, frame, NULL, 0);
}

int hb_watch_send_item(struct hb_watch_sender *s, struct hb_fp_item *i,
                       const struct hb_fp_who *who, int fd)
{
    int r;

    if (fd >= 0 && s->nfds == HB_MAX_FRAME_FDS) {
        r = hb_watch_send_flush(s);
        if (r < 0) {
            hb_close(&fd);
            return r;
        }
    }
    for (int attempt = 0;; attempt++) {
        i->who = HB_FP_NO_WHO;
        for (unsigned k = 0; who != NULL && k < s->pack.n_whos; k++)
            if (s->whos[k] == who)
                i->who = (uint8_t)k;
        if (who != NULL && i->who == HB_FP_NO_WHO) {
            i->who = hb_fp_pack_who(&s->pack, who);
            if (i->who != HB_FP_NO_WHO)
                s->whos[i->who] = who;
            else if (attempt == 0) {
                r = hb_watch_send_flush(s);
                if (r < 0)
                    break;
                continue;
            }
        }
        i->fd = fd >= 0 ? (uint8_t)s->nfds : (uint8_t)HB_FP_NO_FD;
        r = hb_fp_pack_item(&s->pack, i);
        if (r != -ENOBUFS || attempt > 1)
            break;
        r = hb_watch_send_flush(s);
        if (r < 0)
            break;
    }
    if (r < 0) {
        hb_close(&fd);
        return r;
    }
    if (fd >= 0)
        s->fds[s->nfds++] = fd;
    return 0;
}

int hb_watch_send_flush(struct hb_watch_sender *s)
{
    uint64_t scan = s->pack.scan;
    int r = -EAGAIN;

    if (s->pack.n_items == 0)
        return 0;
    if (s->sock < 0) {
        r = -ENOTCONN;
    } else {
        struct hb_slice frame = hb_fp_pack_frame(&s->pack);

        r = hb_buf_err(&s->pack.frame);
        if (r == 0 && s->first == NULL)
            r = hb_sock_send(s->sock, frame.p, frame.n, s->fds, s->nfds);
        else if (r == 0)
            r = -EAGAIN;
        if (r == -EAGAIN) {
            r = queue(s, frame, s->fds, s->nfds);
            if (r == 0)
                s->nfds = 0; /* the queue has them */
        }
    }
    fds_close(s);
    hb_fp_pack_reset(&s->pack, scan);
    return r;
}

int hb_watch_send_more(struct hb_watch_sender *s)
{
    while (s->first != NULL) {
        struct hb_watch_out *o = s->first;
        int r = hb_sock_send(s->sock, o->bytes, o->n, o->fds, o->nfds);

        if (r == -EAGAIN)
            return 1;
        if (r < 0)
            return r;
        drop_first(s);
    }
    return 0;
}

static int queue(struct hb_watch_sender *s, struct hb_slice frame,
                 const int *fds, size_t nfds)
{
    struct hb_watch_out *o;

    if (s->bytes + frame.n > OUT_BYTES)
        return -ENOBUFS;
    o = malloc(sizeof(*o) + frame.n);
    if (o == NULL)
        return -ENOMEM;
    o->next = NULL;
    o->n = frame.n;
    o->nfds = nfds;
    if (nfds > 0)
        memcpy(o->fds, fds, nfds * sizeof(*fds));
    memcpy(o->bytes, frame.p, frame.n);
    if (s->last != NULL)
        s->last->next = o;
    else
        s->first = o;
    s->last = o;
    s->count++;
    s->bytes += frame.n;
    return 0;
}

static void drop_first(struct hb_watch_sender *s)
{
    struct hb_watch_out *o = s->first;

    for (size_t i = 0; i < o->nfds; i++)
        hb_close(&o->fds[i]);
    s->first = o->next;
    if (s->first == NULL)
        s->last = NULL;
    s->count--;
    s->bytes -= o->n;
    free(o);
}

static void fds_close(struct hb_watch_sender *s)
{
    for (size_t i = 0; i < s->nfds; i++)
        hb_close(&s->fds[i]);
    s->nfds = 0;
}

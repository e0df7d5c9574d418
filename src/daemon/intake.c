/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake.c - the role intake: frames of outside producers become our events.
 *
 * Runs as hinoban-intake, without capabilities, network or files.  Anybody on
 * the machine may connect, so everything that arrives is foreign: frames are
 * bounded, an event must decode and satisfy its OCSF class, and it is marked
 * with who sent it by the kernel's word (uid, pid), not the producer's.  Its
 * source becomes "producer/NAME", which no rule for our own sensors matches.
 *
 * Reading never stops, so a producer is never held up.  What core does not
 * take yet waits in a bounded ring of that producer; a full ring counts drops
 * and makes an event.  An acknowledgement means: core has stored it.
 */
#include "daemon/intake.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/sock.h"
#include "event/bus.h"
#include "event/producer.h"

#define BUS_BYTES    ((size_t)8 << 20)
#define BUS_WAITING  64u /* handed to the bus and not yet stored */
#define TICK         (50 * HB_MS)
#define READ_A_TURN  ((size_t)256 << 10)
#define TELL_EVERY   (10 * HB_S)
#define HELLO_WITHIN (5 * HB_S)

struct pending {
    struct pending *next;
    uint64_t seq;   /* the producer's */
    uint64_t order; /* on the bus; 0 while it waits in the ring */
    struct hb_slice json;
    size_t cost;
    char bytes[];
};

struct intake;

struct producer {
    struct intake *intake;
    int fd; /* -1: this place is free */
    struct hb_peer peer;
    char source[sizeof("producer/") + HB_PRODUCER_NAME_MAX];
    bool hello;
    uint64_t since;
    char in[HB_PRODUCER_FRAME_MAX];
    size_t in_n;
    struct pending *first, *last; /* on the bus, then waiting */
    struct pending *waiting;      /* first that is not on the bus */
    size_t bytes;
    uint64_t acked;
    uint64_t drops; /* in all: the producer's own and ours */
    uint64_t untold;
    uint64_t told_at;
};

struct intake {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    struct hb_bus *bus;
    uint64_t order; /* events given to the bus so far */
    struct producer *producers[HB_INTAKE_PRODUCERS];
    size_t turn; /* who is served first next time */
};

static void on_connect(void *arg, int fd, uint32_t events);
static bool may_connect(const struct intake *in, uid_t uid);
static void on_input(void *arg, int fd, uint32_t events);
static int take_frames(struct producer *p);
static int take(struct producer *p, const struct hb_producer_frame *f);
static int take_hello(struct producer *p, const struct hb_producer_frame *f);
static int take_event(struct producer *p, const struct hb_producer_frame *f);
static int check_event(struct hb_slice json, struct hb_err *err);
static int hand_on(struct producer *p, struct pending *e);
static int mark(struct hb_event *e, const struct producer *p);
static void on_tick(void *arg);
static void serve_rings(struct intake *in);
static void acknowledge(struct producer *p, uint64_t stored);
static void send_frame(struct producer *p, const struct hb_producer_frame *f);
static void refuse(struct producer *p, const char *reason);
static void tell_drops(struct producer *p, bool now);
static void drop_producer(struct producer *p);
static void send_own(struct intake *in, const struct producer *p,
                     const char *detail, const char *message, int64_t count);

int hb_intake_main(const struct hb_role_ctx *ctx)
{
    struct intake in = {.ctx = ctx};
    char path[HB_MAX_PATH];
    int listener = hb_sock_passed("producer");
    int r, n;

    if (listener < 0) {
        hb_log(HB_LOG_ERR, "%s", _("no socket \"producer\" was passed in"));
        return 1;
    }
    n = snprintf(path, sizeof(path), "%s/event.sock", ctx->run_dir);
    in.loop = hb_loop_new();
    if (in.loop == NULL || n < 0 || (size_t)n >= sizeof(path))
        return 1;
    r = hb_bus_new(in.loop, path, "daemon/intake", BUS_BYTES, &in.bus);
    if (r == 0)
        r = hb_loop_add(in.loop, listener, EPOLLIN, on_connect, &in);
    if (r == 0 && hb_loop_timer(in.loop, TICK, TICK, on_tick, &in) == NULL)
        r = -ENOMEM;
    if (r == 0) {
        hb_notify("READY=1");
        r = hb_loop_run(in.loop, NULL, NULL);
    }
    for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++)
        if (in.producers[i] != NULL)
            drop_producer(in.producers[i]);
    hb_bus_free(in.bus);
    hb_loop_free(in.loop);
    return r < 0 ? 1 : 0;
}

static void on_connect(void *arg, int fd, uint32_t events)
{
    struct intake *in = arg;
    struct producer *p;
    struct hb_peer peer;
    size_t place = 0;
    int conn;

    (void)events;
    if (hb_sock_accept(fd, &conn, &peer) < 0)
        return;
    while (place < HB_INTAKE_PRODUCERS && in->producers[place] != NULL)
        place++;
    p = place < HB_INTAKE_PRODUCERS && may_connect(in, peer.uid)
            ? calloc(1, sizeof(*p))
            : NULL;
    if (p == NULL) {
        hb_log(HB_LOG_WARNING,
               _("a producer of uid %u is turned away: too "
                 "many connections"),
               (unsigned)peer.uid);
        hb_close(&conn);
        return;
    }
    p->intake = in;
    p->fd = conn;
    p->peer = peer;
    p->since = hb_mono();
    in->producers[place] = p;
    if (hb_loop_add(in->loop, conn, EPOLLIN, on_input, p) < 0)
        drop_producer(p);
}

/* One user must not take all places. */
static bool may_connect(const struct intake *in, uid_t uid)
{
    size_t n = 0;

    for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++)
        if (in->producers[i] != NULL && in->producers[i]->peer.uid == uid)
            n++;
    return uid == 0 || n < HB_INTAKE_PER_USER;
}

static void on_input(void *arg, int fd, uint32_t events)
{
    struct producer *p = arg;
    size_t total = 0;

    (void)events;
    while (total < READ_A_TURN) {
        ssize_t n =
            recv(fd, p->in + p->in_n, sizeof(p->in) - p->in_n, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n <= 0) {
            /* What it said before it left still counts. */
            hb_loop_del(p->intake->loop, fd);
            hb_close(&p->fd);
            break;
        }
        total += (size_t)n;
        p->in_n += (size_t)n;
        if (take_frames(p) < 0)
            return; /* refused and gone */
    }
    serve_rings(p->intake);
}

static int take_frames(struct producer *p)
{
    struct hb_producer_frame f;
    size_t at = 0;
    ssize_t n;

    while ((n = hb_producer_decode(p->in + at, p->in_n - at, &f)) > 0) {
        int r = take(p, &f);

        if (r < 0)
            return r;
        at += (size_t)n;
    }
    if (n < 0) {
        refuse(p, "not a frame of this protocol");
        return -EBADMSG;
    }
    p->in_n -= at;
    memmove(p->in, p->in + at, p->in_n);
    return 0;
}

static int take(struct producer *p, const struct hb_producer_frame *f)
{
    if (f->kind == HB_PRODUCER_HELLO && !p->hello)
        return take_hello(p, f);
    if (f->kind == HB_PRODUCER_EVENT && p->hello)
        return take_event(p, f);
    if (f->kind == HB_PRODUCER_DROPS && p->hello) {
        if (__builtin_add_overflow(p->drops, f->drops, &p->drops) ||
            __builtin_add_overflow(p->untold, f->drops, &p->untold))
            p->drops = p->untold = UINT64_MAX;
        tell_drops(p, false);
        return 0;
    }
    refuse(p, p->hello ? "this frame is not for a producer to send"
                       : "the first frame must be a hello");
    return -EPROTO;
}

static int take_hello(struct producer *p, const struct hb_producer_frame *f)
{
    if (f->version != HB_PRODUCER_VERSION) {
        refuse(p, "this version of the protocol is not spoken here");
        return -EPROTO;
    }
    (void)snprintf(p->source, sizeof(p->source), "producer/%.*s",
                   (int)f->text.n, f->text.p);
    p->hello = true;
    return 0;
}

static int take_event(struct producer *p, const struct hb_producer_frame *f)
{
    size_t cost = sizeof(struct pending) + f->text.n;
    struct hb_err err = {0};
    struct pending *e = NULL;

    if (check_event(f->text, &err) < 0) {
        refuse(p, err.message[0] != '\0' ? err.message : "not an event");
        return -EBADMSG;
    }
    if (cost <= HB_INTAKE_RING - HB_MIN(p->bytes, HB_INTAKE_RING))
        e = malloc(cost);
    if (e == NULL) {
        p->drops++;
        p->untold++;
        tell_drops(p, false);
        return 0;
    }
    *e = (struct pending){.seq = f->seq, .cost = cost};
    memcpy(e->bytes, f->text.p, f->text.n);
    e->json = hb_slice(e->bytes, f->text.n);
    if (p->last != NULL)
        p->last->next = e;
    else
        p->first = e;
    p->last = e;
    if (p->waiting == NULL)
        p->waiting = e;
    p->bytes += cost;
    return 0;
}

static int check_event(struct hb_slice json, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_event_decode(a, json, &e, err);
    return r < 0 ? r : hb_event_check(e, err);
}

/* Gives one event to the bus, marked; 0 also where it cannot be sent ever
 * (it grew past the limit by the marks): it counts as dropped. */
static int hand_on(struct producer *p, struct pending *e)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *event;

    if (a == NULL)
        return -ENOMEM;
    if (hb_event_decode(a, e->json, &event, NULL) == 0 && mark(event, p) == 0 &&
        hb_bus_send(p->intake->bus, event) == 0) {
        p->intake->order++;
    } else {
        p->drops++;
        p->untold++;
    }
    e->order = p->intake->order;
    return 0;
}

static int mark(struct hb_event *e, const struct producer *p)
{
    int r = hb_event_int(e, HB_F_PRODUCER_UID, (int64_t)p->peer.uid);

    e->source = p->source;
    return r < 0 ? r : hb_event_int(e, HB_F_PRODUCER_PID, (int64_t)p->peer.pid);
}

static void on_tick(void *arg)
{
    struct intake *in = arg;

    serve_rings(in);
    for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++) {
        struct producer *p = in->producers[i];

        if (p == NULL)
            continue;
        tell_drops(p, false);
        if (p->fd >= 0 && !p->hello && hb_mono() - p->since > HELLO_WITHIN)
            refuse(p, "no hello in time");
        else if (p->fd < 0 && p->first == NULL)
            drop_producer(p);
    }
}

/* Round robin, one event each, so that a loud producer does not keep the
 * others waiting. */
static void serve_rings(struct intake *in)
{
    uint64_t stored;
    bool moved = true;

    while (moved) {
        moved = false;
        in->turn++;
        for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++) {
            struct producer *p =
                in->producers[(in->turn + i) % HB_INTAKE_PRODUCERS];

            if (p == NULL || p->waiting == NULL)
                continue;
            if (hb_bus_unacknowledged(in->bus) >= BUS_WAITING ||
                hand_on(p, p->waiting) < 0) {
                moved = false;
                break;
            }
            p->waiting = p->waiting->next;
            moved = true;
        }
    }
    /* The bus is acknowledged in order, and nothing was dropped on it: what
     * it does not hold any more, core has stored. */
    stored = in->order - HB_MIN(in->order, hb_bus_unacknowledged(in->bus));
    for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++)
        if (in->producers[i] != NULL)
            acknowledge(in->producers[i], stored);
}

static void acknowledge(struct producer *p, uint64_t stored)
{
    const uint64_t before = p->acked;

    while (p->first != NULL && p->first != p->waiting &&
           p->first->order <= stored) {
        struct pending *e = p->first;

        p->first = e->next;
        if (p->first == NULL)
            p->last = NULL;
        p->acked = e->seq;
        p->bytes -= e->cost;
        free(e);
    }
    if (p->acked != before && p->fd >= 0) {
        const struct hb_producer_frame f = {
            .kind = HB_PRODUCER_ACK, .seq = p->acked, .drops = p->drops};

        send_frame(p, &f);
    }
}

/* A producer that does not read loses acknowledgements; the next one says
 * the same and more.  Part of a frame would break the stream, so a socket
 * that takes only part ends the connection. */
static void send_frame(struct producer *p, const struct hb_producer_frame *f)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    ssize_t n;

    hb_producer_encode(&b, f);
    if (hb_buf_err(&b) < 0)
        return;
    n = send(p->fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0 && (size_t)n != b.n)
        (void)shutdown(p->fd, SHUT_RDWR);
}

static void refuse(struct producer *p, const char *reason)
{
    const struct hb_producer_frame f = {.kind = HB_PRODUCER_ERROR,
                                        .text = hb_slice_z(reason)};

    send_frame(p, &f);
    hb_log(HB_LOG_WARNING, _("producer %s (uid %u, pid %d) refused: %s"),
           p->hello ? p->source : "?", (unsigned)p->peer.uid, (int)p->peer.pid,
           reason);
    send_own(p->intake, p, "producer_refused", reason, 1);
    tell_drops(p, true);
    hb_loop_del(p->intake->loop, p->fd);
    hb_close(&p->fd);
    p->in_n = 0;
    if (p->first == NULL)
        drop_producer(p);
}

static void tell_drops(struct producer *p, bool now)
{
    uint64_t at = hb_mono();

    if (p->untold == 0 ||
        (!now && p->told_at != 0 && at - p->told_at < TELL_EVERY))
        return;
    p->told_at = at;
    send_own(p->intake, p, "events_dropped",
             _("events of an outside producer were dropped because a ring "
               "was full"),
             (int64_t)HB_MIN(p->untold, (uint64_t)INT64_MAX));
    p->untold = 0;
}

static void drop_producer(struct producer *p)
{
    struct intake *in = p->intake;

    tell_drops(p, true);
    if (p->fd >= 0) {
        hb_loop_del(in->loop, p->fd);
        hb_close(&p->fd);
    }
    while (p->first != NULL) {
        struct pending *next = p->first->next;

        free(p->first);
        p->first = next;
    }
    for (size_t i = 0; i < HB_INTAKE_PRODUCERS; i++)
        if (in->producers[i] == p)
            in->producers[i] = NULL;
    free(p);
}

/* An event about a producer, from ourselves. */
static void send_own(struct intake *in, const struct producer *p,
                     const char *detail, const char *message, int64_t count)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char who[96];
    struct hb_event *e;

    if (a == NULL)
        return;
    (void)snprintf(who, sizeof(who), "%s uid %u",
                   p->hello ? p->source : "producer/?", (unsigned)p->peer.uid);
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_MEDIUM,
                     "daemon/intake");
    if (e != NULL && hb_event_strz(e, HB_F_RESOURCE_NAME, who) == 0 &&
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) == 0 &&
        hb_event_strz(e, HB_F_MESSAGE, message) == 0 &&
        hb_event_int(e, HB_F_EVENT_COUNT, count) == 0 &&
        hb_bus_send(in->bus, e) == 0)
        in->order++;
}

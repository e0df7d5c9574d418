/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - the sender of events to core, and the frames of both directions.
 *
 * Runs in every role but core (sender) and in core (frames).  The sender is
 * never allowed to hold its role up: the socket does not block, what waits is
 * bounded in bytes, and a queue that is full drops the newest and counts.
 * Frames stay queued until core says that they are on the disk, so a core
 * that dies is sent everything again; the uid of the event makes the second
 * copy harmless.  An acknowledgement that is not one ends the connection.
 */
#include "event/bus.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/cur.h"
#include "base/i18n.h"
#include "base/sock.h"

#define HEAD        10u /* version, kind, sequence */
#define RETRY_FIRST (50 * HB_MS)
#define RETRY_LAST  (5 * HB_S)
#define MAGIC       0x42757321u

struct frame {
    struct frame *next;
    uint64_t seq;
    size_t n;
    uint8_t bytes[];
};

struct hb_bus {
    unsigned magic;
    struct hb_loop *loop;
    char path[HB_MAX_PATH];
    const char *source;
    int fd;              /* -1: not connected */
    bool waits_for_room; /* EPOLLOUT is asked for */
    struct hb_timer *retry;
    uint64_t retry_ns;
    struct frame *first, *last;
    struct frame *unsent; /* first that this connection has not had */
    size_t count, bytes, ring_bytes;
    uint64_t next_seq;
    uint64_t dropped, untold; /* in all; since the last that told */
    hb_bus_command_fn *on_command;
    void *command_arg;
};

static void connect_now(void *arg);
static void disconnect(struct hb_bus *b);
static void on_io(void *arg, int fd, uint32_t events);
static int read_answers(struct hb_bus *b);
static int command(struct hb_bus *b, struct hb_slice json);
static void acknowledge(struct hb_bus *b, uint64_t seq);
static void flush(struct hb_bus *b);
static int queue(struct hb_bus *b, const struct hb_event *e);
static void tell_drops(struct hb_bus *b);

int hb_bus_new(struct hb_loop *l, const char *path, const char *source,
               size_t ring_bytes, struct hb_bus **ret)
{
    struct hb_bus *b;

    if (strlen(path) >= sizeof(b->path))
        return -ENAMETOOLONG;
    b = calloc(1, sizeof(*b));
    if (b == NULL)
        return -ENOMEM;
    b->magic = MAGIC;
    b->loop = l;
    memcpy(b->path, path, strlen(path) + 1);
    b->source = source;
    b->fd = -1;
    b->ring_bytes = ring_bytes;
    b->retry_ns = RETRY_FIRST;
    b->next_seq = 1;
    connect_now(b);
    if (b->fd < 0 && b->retry == NULL) {
        hb_bus_free(b);
        return -ENOMEM;
    }
    *ret = b;
    return 0;
}

void hb_bus_free(struct hb_bus *b)
{
    if (b == NULL)
        return;
    HB_CHECK(b, MAGIC);
    if (b->retry != NULL)
        hb_timer_stop(b->loop, b->retry);
    if (b->fd >= 0) {
        hb_loop_del(b->loop, b->fd);
        hb_close(&b->fd);
    }
    while (b->first != NULL) {
        struct frame *next = b->first->next;

        free(b->first);
        b->first = next;
    }
    b->magic = 0;
    free(b);
}

int hb_bus_send(struct hb_bus *b, const struct hb_event *e)
{
    int r;

    HB_CHECK(b, MAGIC);
    if (b->untold > 0)
        tell_drops(b);
    r = queue(b, e);
    if (r < 0) {
        b->dropped++;
        b->untold++;
        return -ENOBUFS;
    }
    flush(b);
    return 0;
}

size_t hb_bus_unacknowledged(const struct hb_bus *b)
{
    HB_CHECK(b, MAGIC);
    return b->count;
}

uint64_t hb_bus_dropped(const struct hb_bus *b)
{
    HB_CHECK(b, MAGIC);
    return b->dropped;
}

int hb_bus_frame_decode(const void *p, size_t n, enum hb_bus_kind *ret_kind,
                        uint64_t *ret_seq, struct hb_slice *ret_json)
{
    struct hb_cur c;
    uint8_t version, kind;
    uint64_t seq;
    struct hb_slice json;

    hb_cur_init(&c, p, n);
    version = hb_cur_u8(&c);
    kind = hb_cur_u8(&c);
    seq = hb_cur_u64(&c);
    if (c.err < 0 || version != HB_BUS_VERSION || seq == 0)
        return -EBADMSG;
    if (kind != HB_BUS_EVENT && kind != HB_BUS_ACK && kind != HB_BUS_COMMAND)
        return -EBADMSG;
    json = hb_cur_take(&c, hb_cur_left(&c));
    if ((kind == HB_BUS_ACK) != (json.n == 0) || json.n > HB_MAX_EVENT)
        return -EBADMSG;
    *ret_kind = (enum hb_bus_kind)kind;
    *ret_seq = seq;
    *ret_json = json;
    return 0;
}

static void put_head(uint8_t buf[HEAD], enum hb_bus_kind kind, uint64_t seq)
{
    buf[0] = HB_BUS_VERSION;
    buf[1] = (uint8_t)kind;
    for (size_t i = 0; i < 8; i++)
        buf[2 + i] = (uint8_t)(seq >> (8 * i));
}

size_t hb_bus_ack_encode(uint64_t seq, uint8_t buf[10])
{
    put_head(buf, HB_BUS_ACK, seq);
    return HEAD;
}

int hb_bus_command_encode(struct hb_buf *b, struct hb_slice json)
{
    uint8_t head[HEAD];

    if (json.n + HEAD > HB_BUS_COMMAND_MAX)
        return -EMSGSIZE;
    put_head(head, HB_BUS_COMMAND, 1);
    hb_buf_add(b, head, sizeof(head));
    hb_buf_add(b, json.p, json.n);
    return hb_buf_err(b);
}

void hb_bus_on_command(struct hb_bus *b, hb_bus_command_fn *fn, void *arg)
{
    HB_CHECK(b, MAGIC);
    b->on_command = fn;
    b->command_arg = arg;
}

int hb_bus_answer(struct hb_bus *b, const char *key, const char *status,
                  const char *answer, const char *detail)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *tree;
    struct hb_event *e;
    int r;

    if (a == NULL)
        return -ENOMEM;
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, b->source);
    if (e == NULL)
        return -ENOMEM;
    r = hb_json_parse(a, hb_slice_z(answer), &tree, NULL);
    if (r == 0)
        r = hb_event_json(e, HB_F_ANSWER, tree);
    if (r == 0)
        r = hb_event_strz(e, HB_F_COMMAND, key);
    if (r == 0)
        r = hb_event_strz(e, HB_F_STATUS, status);
    if (r == 0)
        r = hb_event_strz(e, HB_F_STATUS_DETAIL, detail);
    return r < 0 ? r : hb_bus_send(b, e);
}

/* Connects, or asks the loop to try again later. */
static void connect_now(void *arg)
{
    struct hb_bus *b = arg;
    int fd, flags;

    b->retry = NULL;
    if (hb_sock_connect(b->path, SOCK_SEQPACKET, &fd) == 0) {
        flags = fcntl(fd, F_GETFL);
        if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
            hb_loop_add(b->loop, fd, EPOLLIN, on_io, b) == 0) {
            b->fd = fd;
            b->waits_for_room = false;
            b->unsent = b->first;
            flush(b);
            return;
        }
        hb_close(&fd);
    }
    b->retry = hb_loop_timer(b->loop, b->retry_ns, 0, connect_now, b);
    b->retry_ns = HB_MIN(b->retry_ns * 2, RETRY_LAST);
}

static void disconnect(struct hb_bus *b)
{
    hb_loop_del(b->loop, b->fd);
    hb_close(&b->fd);
    b->unsent = b->first;
    b->retry = hb_loop_timer(b->loop, b->retry_ns, 0, connect_now, b);
    b->retry_ns = HB_MIN(b->retry_ns * 2, RETRY_LAST);
}

static void on_io(void *arg, int fd, uint32_t events)
{
    struct hb_bus *b = arg;

    if (fd != b->fd)
        return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
        read_answers(b) < 0) {
        disconnect(b);
        return;
    }
    if ((events & EPOLLOUT) != 0)
        flush(b);
}

/* 0 when there is no more for now, -errno where the connection is over. */
static int read_answers(struct hb_bus *b)
{
    for (;;) {
        uint8_t buf[HB_BUS_COMMAND_MAX];
        enum hb_bus_kind kind;
        struct hb_slice json;
        uint64_t seq;
        size_t nfds = 0;
        ssize_t n = hb_sock_recv(b->fd, buf, sizeof(buf), NULL, 0, &nfds);

        if (n == -EAGAIN)
            return 0;
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? -ECONNRESET : (int)n;
        if (hb_bus_frame_decode(buf, (size_t)n, &kind, &seq, &json) < 0)
            return -EBADMSG;
        if (kind == HB_BUS_COMMAND && command(b, json) == 0)
            continue;
        if (kind != HB_BUS_ACK || seq >= b->next_seq)
            return -EBADMSG;
        acknowledge(b, seq);
        b->retry_ns = RETRY_FIRST;
    }
}

static int command(struct hb_bus *b, struct hb_slice json)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1u << 20);
    struct hb_json *node;

    if (a == NULL || hb_json_parse(a, json, &node, NULL) < 0 ||
        node->type != HB_JSON_OBJ)
        return -EBADMSG;
    if (b->on_command != NULL)
        b->on_command(b->command_arg, node);
    return 0;
}

static void acknowledge(struct hb_bus *b, uint64_t seq)
{
    while (b->first != NULL && b->first->seq <= seq) {
        struct frame *f = b->first;

        if (b->unsent == f)
            b->unsent = f->next;
        b->first = f->next;
        if (b->first == NULL)
            b->last = NULL;
        b->bytes -= sizeof(*f) + f->n;
        b->count--;
        free(f);
    }
}

static void want_room(struct hb_bus *b, bool wanted)
{
    if (wanted == b->waits_for_room)
        return;
    if (hb_loop_mod(b->loop, b->fd, wanted ? EPOLLIN | EPOLLOUT : EPOLLIN) <
        0) {
        disconnect(b);
        return;
    }
    b->waits_for_room = wanted;
}

static void flush(struct hb_bus *b)
{
    while (b->fd >= 0 && b->unsent != NULL) {
        int r = hb_sock_send(b->fd, b->unsent->bytes, b->unsent->n, NULL, 0);

        if (r == -EAGAIN || r == -ENOBUFS) {
            want_room(b, true);
            return;
        }
        if (r == -EINTR)
            continue;
        if (r < 0) {
            disconnect(b);
            return;
        }
        b->unsent = b->unsent->next;
    }
    if (b->fd >= 0)
        want_room(b, false);
}

static int queue(struct hb_bus *b, const struct hb_event *e)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    struct frame *f;
    size_t n;
    int r = hb_event_encode(&json, e);

    if (r < 0)
        return r;
    n = HEAD + json.n;
    if (sizeof(*f) + n > b->ring_bytes - HB_MIN(b->bytes, b->ring_bytes))
        return -ENOBUFS;
    f = malloc(sizeof(*f) + n);
    if (f == NULL)
        return -ENOMEM;
    f->next = NULL;
    f->seq = b->next_seq++;
    f->n = n;
    put_head(f->bytes, HB_BUS_EVENT, f->seq);
    memcpy(f->bytes + HEAD, json.p, json.n);
    if (b->last != NULL)
        b->last->next = f;
    else
        b->first = f;
    b->last = f;
    if (b->unsent == NULL)
        b->unsent = f;
    b->bytes += sizeof(*f) + n;
    b->count++;
    return 0;
}

/* Events are never lost in silence: as soon as there is room again, one that
 * says how many. */
static void tell_drops(struct hb_bus *b)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e;

    if (a == NULL)
        return;
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_MEDIUM, b->source);
    if (e == NULL || hb_event_int(e, HB_F_EVENT_COUNT, (int64_t)b->untold) < 0)
        return;
    if (hb_event_strz(e, HB_F_STATUS_DETAIL, "events_dropped") < 0 ||
        hb_event_strz(e, HB_F_MESSAGE,
                      _("events were dropped because core did not take them "
                        "in time")) < 0)
        return;
    if (queue(b, e) == 0)
        b->untold = 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * producer.c - the client of the protocol for outside producers.
 *
 * Runs inside programs that are not ours (a web server's worker, a mail
 * filter) and must never disturb them: no call blocks, memory is bounded, no
 * signal is raised, and a receiver that is gone or slow only makes the ring
 * fill.  Events are kept until they are acknowledged, and sent again over a
 * new connection; the receiver drops duplicates by the event's uid.
 */
#include "event/producer.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"

#define MAGIC       0x50726f64u
#define RETRY_FIRST (100 * HB_MS)
#define RETRY_LAST  (10 * HB_S)

struct entry {
    struct entry *next;
    uint64_t seq;
    size_t n;
    char bytes[]; /* the whole frame */
};

struct hb_producer {
    unsigned magic;
    struct sockaddr_un address;
    char name[HB_PRODUCER_NAME_MAX + 1];
    int fd;
    uint64_t retry_at, retry_ns;
    struct entry *first, *last;
    struct entry *sending; /* first that this connection has not had whole */
    size_t sent;           /* bytes of the head, then of SENDING */
    struct hb_buf head;    /* hello and drops, before any event */
    bool head_sent;
    size_t bytes, ring_bytes, count;
    uint64_t next_seq;
    uint64_t dropped;
    uint64_t refused; /* of connections before, and ... */
    uint64_t drops;   /* ... of this one, as the receiver counts them */
    uint64_t untold;  /* of them, not yet reported */
    uint64_t in_head; /* reported by the head that is on its way */
    char in[512];
    size_t in_n;
};

static void connect_now(struct hb_producer *p);
static void disconnect(struct hb_producer *p);
static void fill_head(struct hb_producer *p, bool hello);
static bool write_some(struct hb_producer *p, const char *bytes, size_t n);
static void write_all(struct hb_producer *p);
static void read_all(struct hb_producer *p);
static void acknowledge(struct hb_producer *p, uint64_t seq);

int hb_producer_open(const char *path, const char *name, size_t ring_bytes,
                     struct hb_producer **ret)
{
    struct hb_producer *p;

    if (!hb_producer_name_valid(hb_slice_z(name)))
        return -EINVAL;
    if (strlen(path) >= sizeof(p->address.sun_path))
        return -ENAMETOOLONG;
    p = calloc(1, sizeof(*p));
    if (p == NULL)
        return -ENOMEM;
    p->magic = MAGIC;
    p->fd = -1;
    p->address.sun_family = AF_UNIX;
    memcpy(p->address.sun_path, path, strlen(path) + 1);
    memcpy(p->name, name, strlen(name) + 1);
    p->ring_bytes = ring_bytes;
    p->retry_ns = RETRY_FIRST;
    p->next_seq = 1;
    hb_buf_init(&p->head, 256);
    connect_now(p);
    *ret = p;
    return 0;
}

void hb_producer_close(struct hb_producer *p)
{
    if (p == NULL)
        return;
    HB_CHECK(p, MAGIC);
    hb_close(&p->fd);
    while (p->first != NULL) {
        struct entry *next = p->first->next;

        free(p->first);
        p->first = next;
    }
    hb_buf_done(&p->head);
    p->magic = 0;
    free(p);
}

int hb_producer_send(struct hb_producer *p, const struct hb_event *e)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT, frame = HB_BUF_INIT;
    struct entry *entry = NULL;
    size_t cost;

    HB_CHECK(p, MAGIC);
    if (hb_event_encode(&json, e) == 0) {
        const struct hb_producer_frame f = {.kind = HB_PRODUCER_EVENT,
                                            .seq = p->next_seq,
                                            .text = hb_buf_slice(&json)};

        hb_producer_encode(&frame, &f);
    }
    cost = sizeof(*entry) + frame.n;
    if (frame.n > 0 && hb_buf_err(&frame) == 0 &&
        cost <= p->ring_bytes - HB_MIN(p->bytes, p->ring_bytes))
        entry = malloc(cost);
    if (entry == NULL) {
        p->dropped++;
        p->untold++;
        hb_producer_flush(p);
        return -ENOBUFS;
    }
    *entry = (struct entry){.seq = p->next_seq++, .n = frame.n};
    memcpy(entry->bytes, frame.p, frame.n);
    if (p->last != NULL)
        p->last->next = entry;
    else
        p->first = entry;
    p->last = entry;
    if (p->sending == NULL)
        p->sending = entry;
    p->bytes += cost;
    p->count++;
    hb_producer_flush(p);
    return 0;
}

void hb_producer_flush(struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    if (p->fd < 0)
        connect_now(p);
    if (p->fd >= 0)
        read_all(p);
    if (p->fd >= 0)
        write_all(p);
}

int hb_producer_fd(const struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    return p->fd;
}

size_t hb_producer_waiting(const struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    return p->count;
}

uint64_t hb_producer_dropped(const struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    return p->dropped;
}

bool hb_producer_has_room(const struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    return p->bytes + sizeof(struct entry) + HB_PRODUCER_FRAME_MAX <=
           p->ring_bytes;
}

uint64_t hb_producer_refused(const struct hb_producer *p)
{
    HB_CHECK(p, MAGIC);
    return p->refused + p->drops;
}

static void connect_now(struct hb_producer *p)
{
    uint64_t now = hb_mono();

    if (now < p->retry_at)
        return;
    p->retry_at = now + p->retry_ns;
    p->retry_ns = HB_MIN(p->retry_ns * 2, RETRY_LAST);
    p->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (p->fd < 0)
        return;
    /* A full backlog is -EAGAIN at once: also a reason to come again. */
    if (connect(p->fd, (const struct sockaddr *)&p->address,
                sizeof(p->address)) < 0) {
        hb_close(&p->fd);
        return;
    }
    p->in_n = 0;
    p->sending = p->first;
    p->sent = 0;
    fill_head(p, true);
}

static void disconnect(struct hb_producer *p)
{
    p->refused += p->drops;
    p->drops = 0;
    hb_close(&p->fd);
    /* A report that may not have arrived is made again: too many is better
     * than silence. */
    p->untold += p->in_head;
    p->in_head = 0;
}

/* What goes before the next event: the hello, and drops not yet told. */
static void fill_head(struct hb_producer *p, bool hello)
{
    const struct hb_producer_frame f = {.kind = HB_PRODUCER_HELLO,
                                        .version = HB_PRODUCER_VERSION,
                                        .text = hb_slice_z(p->name)};

    hb_buf_reset(&p->head);
    p->head_sent = false;
    if (hello)
        hb_producer_encode(&p->head, &f);
    if (p->untold > 0) {
        const struct hb_producer_frame d = {.kind = HB_PRODUCER_DROPS,
                                            .drops = p->untold};

        hb_producer_encode(&p->head, &d);
        p->in_head = p->untold;
        p->untold = 0;
    }
}

/* True when all N bytes, counted by p->sent, have gone. */
static bool write_some(struct hb_producer *p, const char *bytes, size_t n)
{
    while (p->sent < n) {
        ssize_t w = send(p->fd, bytes + p->sent, n - p->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return false;
        if (w < 0) {
            disconnect(p);
            return false;
        }
        p->sent += (size_t)w;
    }
    p->sent = 0;
    return true;
}

static void write_all(struct hb_producer *p)
{
    for (;;) {
        if (!p->head_sent) {
            if (!write_some(p, hb_buf_z(&p->head), p->head.n))
                return;
            p->head_sent = true;
            p->in_head = 0;
        }
        /* Between two frames only. */
        if (p->untold > 0 && p->sent == 0) {
            fill_head(p, false);
            continue;
        }
        if (p->sending == NULL)
            return;
        if (!write_some(p, p->sending->bytes, p->sending->n))
            return;
        p->sending = p->sending->next;
    }
}

static void read_all(struct hb_producer *p)
{
    for (;;) {
        struct hb_producer_frame f;
        ssize_t n =
            recv(p->fd, p->in + p->in_n, sizeof(p->in) - p->in_n, MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            disconnect(p);
            return;
        }
        p->in_n += (size_t)n;
        while ((n = hb_producer_decode(p->in, p->in_n, &f)) > 0) {
            if (f.kind == HB_PRODUCER_ACK && f.seq < p->next_seq) {
                p->drops = f.drops;
                acknowledge(p, f.seq);
            }
            p->in_n -= (size_t)n;
            memmove(p->in, p->in + n, p->in_n);
            p->retry_ns = RETRY_FIRST;
        }
        /* Longer than any frame that we are sent, or not a frame. */
        if (n < 0 || p->in_n == sizeof(p->in)) {
            disconnect(p);
            return;
        }
    }
}

static void acknowledge(struct hb_producer *p, uint64_t seq)
{
    while (p->first != NULL && p->first->seq <= seq && p->first != p->sending) {
        struct entry *e = p->first;

        p->first = e->next;
        if (p->first == NULL)
            p->last = NULL;
        p->bytes -= sizeof(*e) + e->n;
        p->count--;
        free(e);
    }
}

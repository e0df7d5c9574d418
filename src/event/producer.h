/* SPDX-License-Identifier: Apache-2.0 */
/*
 * producer.h - events from programs that we do not start (web server modules,
 * mail filters, agents): the protocol of doc/producer-protocol.md, its frames,
 * and the client that such a program links.
 *
 * The client never blocks and never fails in a way that its host must handle:
 * what cannot be sent waits in a bounded ring; a full ring counts drops and
 * the receiver is told how many.  Not thread safe: one client a thread.
 */
#ifndef HB_EVENT_PRODUCER_H
#define HB_EVENT_PRODUCER_H

#include "event/event.h"

#define HB_PRODUCER_VERSION  1u
#define HB_PRODUCER_NAME_MAX 32u
/* Length field, kind and sequence before the longest event. */
#define HB_PRODUCER_FRAME_MAX (HB_MAX_EVENT + 16u)

enum hb_producer_kind {
    HB_PRODUCER_HELLO = 1, /* to us: u16 version, name */
    HB_PRODUCER_EVENT = 2, /* to us: u64 sequence, JSON */
    HB_PRODUCER_ACK = 3,   /* from us: u64 sequence, u64 drops */
    HB_PRODUCER_DROPS = 4, /* to us: u64 drops since the last told */
    HB_PRODUCER_ERROR = 5  /* from us: text; the connection ends */
};

struct hb_producer_frame {
    enum hb_producer_kind kind;
    uint16_t version;     /* HELLO */
    struct hb_slice text; /* HELLO: name; EVENT: JSON; ERROR: text */
    uint64_t seq;         /* EVENT, ACK */
    uint64_t drops;       /* ACK, DROPS */
};

/* Reads the first frame of N bytes at P.  The number of bytes that it takes;
 * 0 where it is not complete yet; -EBADMSG where it never will be right.
 * FRAME borrows from P. */
ssize_t hb_producer_decode(const void *p, size_t n,
                           struct hb_producer_frame *ret) HB_WUR;
/* Appends one frame; B's ceiling limits it. */
void hb_producer_encode(struct hb_buf *b, const struct hb_producer_frame *f);
/* Whether NAME is 1 to HB_PRODUCER_NAME_MAX of a-z, 0-9, '.', '_', '-', and
 * begins with a letter. */
bool hb_producer_name_valid(struct hb_slice name);

struct hb_producer;

/* A client named NAME of the socket at PATH; connects when it can.  RING_BYTES
 * bounds what waits.  -EINVAL (name), -ENAMETOOLONG, -ENOMEM. */
int hb_producer_open(const char *path, const char *name, size_t ring_bytes,
                     struct hb_producer **ret) HB_WUR;
void hb_producer_close(struct hb_producer *p);
/* Queues E and sends what the socket takes.  0, or -ENOBUFS where it was
 * dropped and counted. */
int hb_producer_send(struct hb_producer *p, const struct hb_event *e);
/* Sends what waits and reads acknowledgements; call it when the descriptor is
 * ready, or now and then. */
void hb_producer_flush(struct hb_producer *p);
/* For the host's loop; -1 while not connected. */
int hb_producer_fd(const struct hb_producer *p);
size_t hb_producer_waiting(const struct hb_producer *p);
uint64_t hb_producer_dropped(const struct hb_producer *p);
/* Whether any event may be sent now without being dropped. */
bool hb_producer_has_room(const struct hb_producer *p);
/* Events that the receiver says it dropped, by its acknowledgements. */
uint64_t hb_producer_refused(const struct hb_producer *p);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h - events from one of our roles to core.
 *
 * SOCK_SEQPACKET, one packet a frame: u8 version, u8 kind, u64 sequence, then
 * the event as JSON; core answers with an acknowledgement (kind, sequence)
 * after the store's fsync.  At least once: what is not acknowledged is kept in
 * a bounded ring and sent again after a reconnect; core drops duplicates by
 * the event's uid.  Sending never blocks; a full ring counts drops, and the
 * next event that gets through says how many.
 */
#ifndef HB_EVENT_BUS_H
#define HB_EVENT_BUS_H

#include "base/loop.h"
#include "event/event.h"

#define HB_BUS_VERSION 1u

enum hb_bus_kind { HB_BUS_EVENT = 1, HB_BUS_ACK = 2 };

struct hb_bus;

/* A sender to the socket at PATH (kept open, connected again when it breaks,
 * driven by LOOP); RING_BYTES bounds what waits.  SOURCE is borrowed. */
int hb_bus_new(struct hb_loop *l, const char *path, const char *source,
               size_t ring_bytes, struct hb_bus **ret) HB_WUR;
void hb_bus_free(struct hb_bus *b);
/* Takes a copy.  0 queued or sent, -ENOBUFS dropped and counted. */
int hb_bus_send(struct hb_bus *b, const struct hb_event *e);
size_t hb_bus_unacknowledged(const struct hb_bus *b);
uint64_t hb_bus_dropped(const struct hb_bus *b);

/* Frames, for the receiving side. */
int hb_bus_frame_decode(const void *p, size_t n, enum hb_bus_kind *ret_kind,
                        uint64_t *ret_seq, struct hb_slice *ret_json) HB_WUR;
size_t hb_bus_ack_encode(uint64_t seq, uint8_t buf[10]);

#endif

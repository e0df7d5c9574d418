/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.h - events from one of our roles to core.
 *
 * SOCK_SEQPACKET, one packet a frame: u8 version, u8 kind, u64 sequence, then
 * the event as JSON; core answers with an acknowledgement (kind, sequence)
 * after the store's fsync, which stands for every frame up to that sequence.
 * At least once: what is not acknowledged is kept in a bounded ring and sent
 * again after a reconnect; core drops duplicates by the event's uid.  Sending
 * never blocks; a full ring counts drops, and the next event that gets
 * through says how many.
 *
 * The other way core may send a command (scan now, fetch the outside view,
 * look for what an intruder left): a frame whose JSON is
 *     {"cmd":"scan","site":"www","key":"<32 hex digits>", ...}
 * The role answers with an APP_LIFECYCLE event that has status "done"
 * or "failed", unmapped.command (the key) and unmapped.answer (a JSON object).
 */
#ifndef HB_EVENT_BUS_H
#define HB_EVENT_BUS_H

#include "base/loop.h"
#include "event/event.h"

#define HB_BUS_VERSION 1u

#define HB_BUS_COMMAND_MAX 32768u /* bytes of a command's frame */

enum hb_bus_kind { HB_BUS_EVENT = 1, HB_BUS_ACK = 2, HB_BUS_COMMAND = 3 };

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

/* Calls FN for each command of core; without one, commands are ignored.
 * COMMAND is an object and lives until FN returns. */
typedef void hb_bus_command_fn(void *arg, const struct hb_json *command);
void hb_bus_on_command(struct hb_bus *b, hb_bus_command_fn *fn, void *arg);
/* Answers the command with KEY: STATUS is "done" or "failed", ANSWER an
 * object's JSON text ("{}"), DETAIL one line for people. */
int hb_bus_answer(struct hb_bus *b, const char *key, const char *status,
                  const char *answer, const char *detail);

/* Frames, for the receiving side. */
int hb_bus_frame_decode(const void *p, size_t n, enum hb_bus_kind *ret_kind,
                        uint64_t *ret_seq, struct hb_slice *ret_json) HB_WUR;
size_t hb_bus_ack_encode(uint64_t seq, uint8_t buf[10]);
/* -EMSGSIZE above HB_BUS_COMMAND_MAX. */
int hb_bus_command_encode(struct hb_buf *b, struct hb_slice json) HB_WUR;

#endif

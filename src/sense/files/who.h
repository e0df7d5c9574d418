/* SPDX-License-Identifier: Apache-2.0 */
/*
 * who.h - who wrote it: a process and its parents as /proc tells right after
 * the event was read.  What the kernel does not tell any more stays unknown;
 * nothing is guessed.
 */
#ifndef HB_SENSE_FILES_WHO_H
#define HB_SENSE_FILES_WHO_H

#include "sense/files/proto.h"

struct hb_whos;

struct hb_whos *hb_whos_new(void) HB_WUR;
void hb_whos_free(struct hb_whos *w);
/* A new batch of events begins: what was captured before is looked at anew
 * (a process may have called exec since). */
void hb_whos_batch(struct hb_whos *w);
/* Captures PID now, once a batch.  PIDFD (-1 none) proves that the number
 * was not given to another process meanwhile.  The answer is valid until the
 * batch after; NULL where there is no room (64 processes a batch). */
const struct hb_fp_who *hb_whos_capture(struct hb_whos *w, int32_t pid,
                                        int pidfd);

/* The line of /proc/PID/stat: command, parent, start (clock ticks). */
int hb_who_stat(struct hb_slice line, struct hb_slice *ret_comm,
                uint32_t *ret_ppid, uint64_t *ret_start) HB_WUR;

#endif

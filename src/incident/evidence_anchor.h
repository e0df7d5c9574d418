/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_anchor.h - checkpoints as text outside this machine: written, and
 * found again in whatever a mail program, a relay or a person made of them.
 *
 * One line: "NUMBER DIGEST TIME SIGNATURE".  In a mail the same words, in
 * pieces of at most 44 characters, each on a line of its own behind
 * HB_ANCHOR_MARK, so that nothing has a reason to fold or to re-encode it:
 *
 *     hinoban-checkpoint: 12
 *     hinoban-checkpoint: 7692c3ad3540bb803c020b3aee66cd88
 *     hinoban-checkpoint: 87123234ea0c6e7143c0add73ff431ed
 *     hinoban-checkpoint: 2026-11-30T16:20:00.123456789Z
 *     hinoban-checkpoint: (44 characters of the signature)
 *     hinoban-checkpoint: (44 more)
 */
#ifndef HB_INCIDENT_EVIDENCE_ANCHOR_H
#define HB_INCIDENT_EVIDENCE_ANCHOR_H

#include "incident/evidence.h"

#define HB_EVID_SIG_TEXT    89u /* base64 of a signature and its NUL */
#define HB_EVID_ANCHORS_MAX 64u /* of one text */

struct hb_evid_anchor {
    int64_t number;
    uint8_t digest[HB_SHA256_SIZE];
    int64_t time;
    uint8_t sig[HB_SIG_SIZE];
};

/* The text that the signature covers. */
void hb_evid_signed_text(struct hb_buf *b, const struct hb_evid_anchor *c);
/* The line, with its line feed. */
void hb_evid_anchor_text(struct hb_buf *b, const struct hb_evid_anchor *c);

/* Finds the checkpoints in TEXT: a line, or a mail as it was saved, also
 * quoted, folded, as HTML, in quoted-printable or base64.  RET gets each one
 * once; returns how many.  Where the mark stands nowhere the words count as
 * they stand (typed, in groups).  -EFBIG more than MAX, -ENOMEM. */
int hb_evid_anchors(struct hb_slice text, struct hb_evid_anchor *ret,
                    size_t max) HB_WUR;

/* base64 of exactly N bytes, written as we write it; -EBADMSG. */
int hb_evid_sig_parse(struct hb_slice s, uint8_t ret[HB_SIG_SIZE]) HB_WUR;
/* RFC 3339 with all nine digits, so that nothing is lost. */
const char *hb_evid_time_text(int64_t ns, char *buf, size_t size);

#endif

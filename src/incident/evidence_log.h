/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_log.h - the lines of the evidence log, shared by the store, its
 * verifier and its exporter; nobody else includes it.
 *
 * A line is one JSON object in the canonical form of RFC 8785, at most
 * HB_EVID_LINE_MAX bytes, ended by a line feed:
 *
 *     incident, kind, name, number, prev, source, taken_by, time
 *         and for content sha256, size
 *     kind "checkpoint": number, prev, sig, time
 *
 * "number" counts lines from 1, "prev" is the SHA-256 of the line before with
 * its line feed (64 zeros before the first), "time" is RFC 3339 with nine
 * digits of a second.  A name that is no UTF-8 stands visibly in "name" and
 * as it was, in hex, in "name_hex".  A checkpoint signs the text
 * "NUMBER DIGEST TIME\n" of the line before it (domain "checkpoint").
 */
#ifndef HB_INCIDENT_EVIDENCE_LOG_H
#define HB_INCIDENT_EVIDENCE_LOG_H

#include "incident/evidence_anchor.h"

#define HB_EVID_LINE_MAX (64u << 10)

struct hb_evid_line {
    bool checkpoint;
    struct hb_evidence_item item; /* number and time of a checkpoint too */
    uint8_t prev[HB_SHA256_SIZE];
    uint8_t sig[HB_SIG_SIZE]; /* of a checkpoint */
};

/* Appends the line and its line feed.  -EFBIG it would be too long, -EDOM a
 * number that JSON cannot hold. */
int hb_evid_encode(struct hb_buf *b, const struct hb_evid_line *l) HB_WUR;
/* TEXT is without the line feed; strings of *RET live in A.  -EBADMSG where
 * it is not exactly what hb_evid_encode() writes. */
int hb_evid_parse(struct hb_arena *a, struct hb_slice text,
                  struct hb_evid_line *ret) HB_WUR;

/* The log line by line, up to the size that it had at the beginning. */
struct hb_evid_reader {
    int fd; /* borrowed */
    off_t at, end;
    struct hb_buf buf; /* from `used` on not given out yet */
    size_t used;
    int64_t torn; /* bytes behind the last line feed */
};
int hb_evid_reader_init(struct hb_evid_reader *rd, int fd) HB_WUR;
void hb_evid_reader_done(struct hb_evid_reader *rd);
/* 1 and the next line with its line feed (until the next call), 0 at the end.
 * Of a line that is too long the first HB_EVID_LINE_MAX bytes are given. */
int hb_evid_reader_next(struct hb_evid_reader *rd, struct hb_slice *ret) HB_WUR;

/* The store's inside, for evidence.c and evidence_export.c. */
struct hb_evidence {
    uint32_t magic;
    const struct hb_key *key;        /* borrowed, may be NULL */
    int dirfd, hashfd, newfd, logfd; /* DIR, DIR/sha256, DIR/new, DIR/log */
    int64_t number;                  /* lines of the log */
    uint8_t digest[HB_SHA256_SIZE];  /* of the last one */
    off_t length;                    /* bytes of the log */
    int broken;                      /* -errno: nothing is appended any more */
    bool synced[256];                /* sha256/ab that are surely on disk */
};
#define HB_EVIDENCE_MAGIC 0x65766964u

/* evidence_verify.sh, which goes along as VERIFY.sh. */
extern const char hb_evid_verify_sh[];

/* "ab/cdef..." below DIR/sha256; DST holds 66 bytes. */
void hb_evid_place(const char sha256[65], char *dst);

#endif

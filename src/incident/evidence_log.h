/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_log.h - the lines of the evidence log, shared by the store, its
 * verifier and its exporter; nobody else includes it.
 *
 * A line is at most HB_EVID_LINE_MAX bytes, ended by a line feed:
 *
 *     v2 NUMBER PREV SEAL SALT BODY
 *
 * NUMBER counts lines from 1, PREV is the digest of the line before (64 zeros
 * before the first), SEAL the SHA-256 of "SALT BODY\n", SALT 32 random hex
 * digits, BODY one JSON object in the canonical form of RFC 8785:
 *
 *     incident, kind, name, source, taken_by, time
 *         and for content sha256, size
 *     kind "checkpoint": sig, time
 *
 * The digest of a line is the SHA-256 of "v2 NUMBER PREV SEAL\n": the chain
 * holds without SALT and BODY, so a package for a stranger leaves them out of
 * the lines of other incidents, and the salt keeps anybody from guessing them.
 *
 * Version 1 (0007) was one JSON object with "number" and "prev" in it; its
 * digest is the SHA-256 of the whole line.  Such lines are read, not written.
 * In a package those of other incidents are left out as a run, never two of
 * them in a row:
 *
 *     gap FIRST LAST DIGEST     lines FIRST to LAST, DIGEST of the last
 *
 * "time" is RFC 3339 with nine digits of a second.  A name that is no UTF-8
 * stands visibly in "name" and as it was, in hex, in "name_hex".  A checkpoint
 * signs the text "NUMBER DIGEST TIME\n" of the line before it (domain
 * "checkpoint").
 */
#ifndef HB_INCIDENT_EVIDENCE_LOG_H
#define HB_INCIDENT_EVIDENCE_LOG_H

#include "incident/evidence_anchor.h"

#define HB_EVID_LINE_MAX (64u << 10)
#define HB_EVID_SALT     16u
/* Eleven digits, so that nobody's arithmetic overflows. */
#define HB_EVID_NUMBER_MAX INT64_C(99999999999)

enum hb_evid_form {
    HB_EVID_V2,
    HB_EVID_V1,     /* those behind it are of packages only */
    HB_EVID_SEALED, /* v2 without SALT and BODY */
    HB_EVID_GAP
};

struct hb_evid_line {
    enum hb_evid_form form;
    bool checkpoint;
    struct hb_evidence_item item; /* number and time of a checkpoint too;
                                     number alone of SEALED, GAP (the last) */
    int64_t first;                /* of a GAP */
    uint8_t prev[HB_SHA256_SIZE]; /* not of a GAP */
    uint8_t sig[HB_SIG_SIZE];     /* of a checkpoint */
    uint8_t salt[HB_EVID_SALT];   /* of V2 */
    uint8_t seal[HB_SHA256_SIZE]; /* of V2 (found by encoding) and SEALED */
    uint8_t last[HB_SHA256_SIZE]; /* of a GAP: digest of its last line */
};

/* Appends the line and its line feed.  -EFBIG it would be too long, -EDOM a
 * number that JSON cannot hold. */
int hb_evid_encode(struct hb_buf *b, const struct hb_evid_line *l) HB_WUR;
/* TEXT is without the line feed; strings of *RET live in A.  -EBADMSG where
 * it is not exactly what hb_evid_encode() writes. */
int hb_evid_parse(struct hb_arena *a, struct hb_slice text,
                  struct hb_evid_line *ret) HB_WUR;
/* What the line after TEXT (with its line feed, of any form but GAP) must name
 * as the one before. */
void hb_evid_digest(struct hb_slice text, uint8_t ret[HB_SHA256_SIZE]);

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
    int64_t contents;                /* it tells of; -1 not counted yet */
    int broken;                      /* -errno: nothing is appended any more */
    bool synced[256];                /* sha256/ab that are surely on disk */
};
#define HB_EVIDENCE_MAGIC 0x65766964u

/* Whether the files of the package DIRFD are those of SHA256SUMS, the log among
 * them, and the list is signed by PUB; *RET_BAD: how many are not, 1 where the
 * signature does not hold. */
int hb_evid_sums(int dirfd, const struct hb_pub *pub, struct hb_sha256 *h,
                 int64_t *ret_bad) HB_WUR;

/* README.txt, in both languages, into B; KEY_ID is the key's name. */
void hb_evid_readme(struct hb_buf *b, const char *key_id);
/* evidence_verify.sh, which goes along as VERIFY.sh. */
extern const char hb_evid_verify_sh[];

/* "ab/cdef..." below DIR/sha256; DST holds 66 bytes. */
void hb_evid_place(const char sha256[65], char *dst);

#endif

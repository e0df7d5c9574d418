/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.h - what was taken as evidence, and the log that proves it was not
 * changed since.
 *
 * Content lies content-addressed below DIR/sha256/ab/cdef...; DIR/log is an
 * append-only text file, in each line of which stands the digest of the line
 * before: root rewriting one line must rewrite all that follow.  Every so often
 * a checkpoint line is signed with the evidence key, and the checkpoint leaves
 * the machine (anchor): whoever holds one can show that the chain was
 * rewritten.
 *
 * A stranger verifies an exported package with sha256sum and openssl alone;
 * the package's README says how.
 */
#ifndef HB_INCIDENT_EVIDENCE_H
#define HB_INCIDENT_EVIDENCE_H

#include "base/arena.h"
#include "crypto/crypto.h"

struct hb_evidence;

struct hb_evidence_item {
    int64_t number; /* line of the log, from 1 */
    int64_t incident;
    int64_t time;         /* ns UTC of taking */
    const char *kind;     /* "file", "log", "decision", "handover" */
    const char *name;     /* what it was: "/var/www/index.html" */
    const char *taken_by; /* "role:core", "person:sato" */
    const char *source;   /* where from, how */
    char sha256[65];      /* "" for entries without content */
    int64_t size;
};

/* Creates DIR where it is missing.  KEY (borrowed) may be NULL: then nothing
 * can be signed (-ENOKEY).  -EBUSY another process writes to it.  A line that
 * a crash left torn is set aside as DIR/log.torn-N, and a line tells so. */
int hb_evidence_open(const char *dir, const struct hb_key *key,
                     struct hb_evidence **ret, struct hb_err *err) HB_WUR;
void hb_evidence_close(struct hb_evidence *e);

/* Copies what the regular file FD holds (from its beginning, at most MAX
 * bytes, else -EFBIG) into the store and appends a line; durable when it
 * returns.  Fills number, sha256, size, and time where it is 0.  -EINVAL no
 * regular file, no kind or name, or the kind "checkpoint"; -EUCLEAN somebody
 * else cut or replaced the log (open it anew). */
int hb_evidence_add_fd(struct hb_evidence *e, struct hb_evidence_item *item,
                       int fd, uint64_t max) HB_WUR;
int hb_evidence_add_bytes(struct hb_evidence *e, struct hb_evidence_item *item,
                          struct hb_slice content) HB_WUR;
/* A line without content (a hand-over, a decision). */
int hb_evidence_note(struct hb_evidence *e,
                     struct hb_evidence_item *item) HB_WUR;

/* What stands before a checkpoint in a longer text, such as a mail. */
#define HB_ANCHOR_MARK "hinoban-checkpoint: "

/* Signs the head of the chain and appends the checkpoint; *RET_TEXT (in A) is
 * what leaves the machine: number, digest, time, signature, one line. */
int hb_evidence_checkpoint(struct hb_evidence *e, struct hb_arena *a,
                           struct hb_slice *ret_text) HB_WUR;

/* The same, LINE, as short lines behind HB_ANCHOR_MARK, for a mail.
 * -EBADMSG LINE is none. */
int hb_evidence_anchor_lines(struct hb_buf *b, struct hb_slice line) HB_WUR;

typedef int hb_evidence_fn(void *arg, const struct hb_evidence_item *item);
/* In order, checkpoints left out.  INCIDENT 0: all. */
int hb_evidence_each(struct hb_evidence *e, int64_t incident,
                     hb_evidence_fn *fn, void *arg) HB_WUR;

/* How many lines the log has. */
int64_t hb_evidence_lines(const struct hb_evidence *e);
/* What the log says of line NUMBER, from 1. */
struct hb_evidence_at {
    uint8_t digest[HB_SHA256_SIZE]; /* what a checkpoint of it names */
    int64_t checkpoint; /* time of the one that does, ns UTC; 0 none does */
    int64_t after;      /* contents that were taken after it ... */
    int64_t first;      /* ... the first of them then, ns UTC; 0 none */
};
/* -ENOENT there is no such line. */
int hb_evidence_at(struct hb_evidence *e, int64_t number,
                   struct hb_evidence_at *ret) HB_WUR;
/* How many contents the log tells of. */
int hb_evidence_contents(struct hb_evidence *e, int64_t *ret) HB_WUR;

/* What the caller takes DIR for: whoever is root could put a package where
 * the store was, and leave lines out. */
enum hb_evidence_where { HB_EVIDENCE_ANY, HB_EVIDENCE_STORE };

struct hb_evidence_lines {
    int64_t first, last; /* 0, 0 none */
};
#define HB_EVIDENCE_UNPROVEN 8u

struct hb_evidence_report {
    bool package; /* it was one for a stranger, not the store */
    int64_t lines, items, checkpoints;
    int64_t sealed; /* lines of a package whose content was left out */
    int64_t gaps;   /* lines of version 1 that were left out altogether */
    /* Of them those before the first line of version 2: nothing shows that
     * they were of version 1. */
    struct hb_evidence_lines gap;
    /* Lines in clear before a gap and behind the last checkpoint from outside
     * that held there, the first few runs; nothing behind names them. */
    struct hb_evidence_lines unproven[HB_EVIDENCE_UNPROVEN];
    size_t unproven_n; /* how many runs, also those that are not here */
    /* Lines in clear behind the last checkpoint from outside that held. */
    struct hb_evidence_lines newer;
    int64_t sums;     /* files of a package that are not as they were signed */
    int64_t extra;    /* files among its contents that no line names */
    int64_t bad_line; /* first that does not hold, 0 none */
    int64_t missing;  /* contents that are gone */
    int64_t changed;  /* contents whose hash differs */
    int64_t anchors;  /* checkpoints from outside that were given */
    int64_t anchors_held; /* of them in the log, with their signature */
    int64_t anchor_lost;  /* the first that is not: its number */
    const char *bad_why;  /* of bad_line: hb_gettext() it */
    int64_t first_lost;   /* first line whose content does not hold */
    int64_t torn;         /* bytes behind the last whole line: being
                             written now, or left by a crash */
};
/* Reads everything again, of a store or of a package.  ANCHOR: a text from
 * outside with one checkpoint or more (a line, a mail as it was saved), or {0}.
 * 0 when all could be read, whatever the report says; -EBADMSG where no
 * checkpoint is in ANCHOR; -ENOENT where DIR is not what WHERE says. */
int hb_evidence_verify(const char *dir, enum hb_evidence_where where,
                       const struct hb_pub *pub, struct hb_slice anchor,
                       struct hb_evidence_report *ret,
                       struct hb_err *err) HB_WUR;
/* Whether something was changed. */
bool hb_evidence_report_changed(const struct hb_evidence_report *r);
/* Whether nothing is wrong, and no line that is there stands unproven beside a
 * checkpoint from outside. */
bool hb_evidence_report_good(const struct hb_evidence_report *r);
/* Writes a package for a stranger into the new directory TO: files/, log,
 * SHA256SUMS, SHA256SUMS.sig, evidence.pub, README.txt, VERIFY.sh.  INCIDENT
 * 0: the whole log as it stands and every content; else the contents and lines
 * of that incident, and the store's notes that it was tampered with; those of
 * others sealed.  BY ("person:NAME") took it; that stands in the log when it
 * begins, and when it fails.  -EUCLEAN a content or a line that does not
 * hold.
 *
 * In steps: what the log says is taken by the first call, contents a few at a
 * time, until about BYTES of them are copied.  1 there is more, 0 the package
 * is whole.  One that is freed before that is removed.  E must live longer. */
struct hb_export;
int hb_export_new(struct hb_evidence *e, int64_t incident, const char *to,
                  const char *by, struct hb_export **ret,
                  struct hb_err *err) HB_WUR;
int hb_export_step(struct hb_export *p, uint64_t bytes,
                   struct hb_err *err) HB_WUR;
void hb_export_free(struct hb_export *p);

#endif

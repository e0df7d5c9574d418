/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - what the helper intends and has done, durable before it acts.
 *
 * An append-only file of records of 512 bytes, each with a number that grows
 * and the SHA-256 of itself.  A record that is torn, missing or foreign is
 * passed over (and counted); a hole never hides what stands behind it.  The
 * file is written ahead with zeroes, so that a flush is data only.
 *
 * A job is the memory of one action: INTENT makes it, END closes it.  A job
 * without END was cut off by a crash.
 */
#ifndef HB_RESPOND_JOURNAL_H
#define HB_RESPOND_JOURNAL_H

#include "base/err.h"
#include "respond/approval.h"

/* What an action took out of its place. */
struct hb_taken {
    uint32_t mode, uid, gid, nlink;
    uint64_t dev, ino, size;
    int64_t mtime, ctime; /* ns UTC */
};

struct hb_job {
    uint8_t key[HB_ACT_KEY_SIZE], key2[HB_ACT_KEY_SIZE];
    uint64_t number; /* of its intent */
    uint16_t action;
    uint8_t who; /* enum hb_requester */
    bool ended;
    uint32_t flags, site, entry, arg, incident, step;
    uint64_t baseline;
    uint32_t uid;
    int32_t pid; /* of the requester */
    int64_t asked, started, finished;
    uint8_t nonce[HB_NONCE_SIZE]; /* of the approval, zeroes without */
    int64_t nonce_until;
    char person[HB_PERSON_MAX + 1]; /* who approved, or "" */
    char *object;                   /* relative path, or cgroup; owned */
    uint16_t status;                /* enum hb_act_status, once ended */
    int32_t error;
    uint32_t result; /* reply.arg */
    bool staged;     /* something of it stands in staging */
    bool dropped;    /* ... and was deleted since */
    bool undone;     /* or was lifted: thawed, allowed */
    struct hb_taken taken;
};

struct hb_journal;

struct hb_journal_report {
    uint64_t records, bad; /* read; torn or damaged */
    uint64_t open;         /* jobs without an end */
};

/* Reads helper_dir/journal (made where missing) in directory DIRFD, which is
 * borrowed.  -EBUSY while another process has it. */
int hb_journal_open(int dirfd, struct hb_journal **ret,
                    struct hb_journal_report *report,
                    struct hb_err *err) HB_WUR;
void hb_journal_free(struct hb_journal *j);

/* NULL where no job has that key. */
struct hb_job *hb_journal_find(struct hb_journal *j,
                               const uint8_t key[HB_ACT_KEY_SIZE]);
/* The I-th job, oldest first; NULL past the end. */
struct hb_job *hb_journal_at(struct hb_journal *j, size_t i);
/* True where NONCE was used by another key than KEY. */
bool hb_journal_nonce_used(const struct hb_journal *j,
                           const uint8_t nonce[HB_NONCE_SIZE],
                           const uint8_t key[HB_ACT_KEY_SIZE]);

/* Each adds to what the next flush writes.  hb_journal_intent() copies JOB
 * and returns the one kept (NULL without memory). */
struct hb_job *hb_journal_intent(struct hb_journal *j,
                                 const struct hb_job *job);
void hb_journal_end(struct hb_journal *j, const struct hb_job *job);
/* After ->dropped or ->undone was set. */
void hb_journal_mark(struct hb_journal *j, const struct hb_job *job);
/* Highest baseline number of SITE ever seen. */
uint64_t hb_journal_floor(const struct hb_journal *j, uint32_t site);
int hb_journal_set_floor(struct hb_journal *j, uint32_t site,
                         uint64_t number) HB_WUR;

/* Writes what waits; DURABLE: and flushes it to the disk.  On failure what
 * waited is forgotten, as are the jobs that it would have made. */
int hb_journal_flush(struct hb_journal *j, bool durable) HB_WUR;
/* Rewrites the file without what nobody needs, where it has grown large.
 * NOW is ns UTC.  Pointers to jobs are void afterwards. */
int hb_journal_compact(struct hb_journal *j, int64_t now, bool force) HB_WUR;
size_t hb_journal_count(const struct hb_journal *j);

#endif

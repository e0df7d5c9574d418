/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - one object against the signed baseline and the rules: what is
 * wrong with it, and what would put it right.  Pure: no state, no I/O but
 * reading the descriptor; safe in several threads.
 */
#ifndef HB_SENSE_FILES_JUDGE_H
#define HB_SENSE_FILES_JUDGE_H

#include "baseline/baseline.h"
#include "sense/files/rules.h"

enum hb_judgement {
    HB_J_EQUAL,   /* as it should be */
    HB_J_RESTORE, /* as ENTRY of BASELINE says */
    HB_J_REMOVE,  /* foreign: take it out */
    HB_J_LOOK     /* cannot be told from this: look again */
};

struct hb_verdict {
    enum hb_judgement what;
    int bits;          /* enum hb_base_diff */
    enum hb_rule rule; /* broken rule of an area */
    const struct hb_conf_area *area;
    uint64_t baseline; /* RESTORE: number and entry */
    uint32_t entry;
    enum hb_base_type type; /* of the entry */
    bool known;             /* the baseline knows the path: SHA256 holds */
    uint8_t sha256[HB_SHA256_SIZE];
};

struct hb_judge {
    const struct hb_conf_site *conf;
    const struct hb_base_set *set;
    const struct hb_base_set *before; /* NULL, or what held until now */
    bool deep;                        /* read past the page cache */
};

/* FD is -1 where the object is absent or only its stat is known. */
void hb_judge(const struct hb_judge *j, const struct hb_fp_item *i, int fd,
              struct hb_sha256 *scratch, struct hb_verdict *ret);
/* Whether the object is exactly as BEFORE has it: not tampered with, only
 * not yet published. */
bool hb_judge_is_before(const struct hb_judge *j, const struct hb_fp_item *i,
                        int fd, struct hb_sha256 *scratch);

#endif

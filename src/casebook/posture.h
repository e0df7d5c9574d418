/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posture.h - "which of the cases could happen to us today, and what do I do
 * first?", computed from control results, signed proofs and decisions, all
 * of which the caller hands in (TRUST: Control -> case -> headline).
 *
 * Nothing here looks at a clock or a disk: the same inputs always give the
 * same answer, so that the truth table can be tested whole.
 */
#ifndef HB_CASEBOOK_POSTURE_H
#define HB_CASEBOOK_POSTURE_H

#include "base/buf.h"
#include "base/json.h"
#include "casebook/casebook.h"

enum hb_control_status {
    HB_CS_UNKNOWN, /* never checked, stale, sensor silent */
    HB_CS_PASS,
    HB_CS_FAIL,
    HB_CS_ACCEPTED /* a person accepted the risk */
};
const char *hb_control_status_name(enum hb_control_status s);
/* "pass", "fail", "unknown", "accepted"; -EINVAL else. */
int hb_control_status_parse(const char *z, enum hb_control_status *ret) HB_WUR;

/* A person's decision: acceptance of a risk, or "does not apply to us". */
struct hb_decision {
    const char *author; /* NULL: there is none */
    const char *reason;
    int64_t at;    /* ns UTC */
    int64_t until; /* ns UTC; a decision without end is void */
};

/* Whether D holds at NOW: author, reason and an end in the future. */
bool hb_decision_valid(const struct hb_decision *d, int64_t now);

struct hb_control_result {
    const char *control;           /* id */
    enum hb_control_status status; /* what the check said */
    int64_t at;                    /* ns UTC of the check; 0: never */
    const char *reason;            /* see hb_control_reason(), or NULL */
    const char *evidence;          /* id in the evidence store; may be NULL */
    struct hb_decision accepted;
};

/* What a result is worth at NOW: stale, future or without evidence of time
 * is unknown; a valid acceptance stands for fail and unknown.  R may be
 * NULL (never checked). */
enum hb_control_status hb_control_effective(const struct hb_control *c,
                                            const struct hb_control_result *r,
                                            int64_t now);

/* A proof that passed hb_proof_verify(). */
struct hb_proof_seen {
    bool passed;      /* false: there is none */
    int64_t at;       /* ns UTC */
    unsigned not_yet; /* parts that wait for a capability */
};

struct hb_posture_input { /* of one case */
    unsigned number;
    const struct hb_control_result *results;
    size_t results_n;
    struct hb_decision not_applicable;
    struct hb_proof_seen rehearsed, canary;
};

enum hb_case_state {                    /* in the order of urgency */
                     HB_STATE_POSSIBLE, /* 起こり得る */
                     HB_STATE_UNKNOWN,  /* 未確認 */
                     HB_STATE_ACCEPTED, /* リスク受容(期限付き) */
                     HB_STATE_REHEARSED,
                     HB_STATE_PROVEN, /* 確認済み(○月○日の訓練時点) */
                     HB_STATE_NOT_APPLICABLE,
                     HB_STATE_COUNT
};
const char *hb_case_state_name(enum hb_case_state s);  /* "possible" */
const char *hb_case_state_title(enum hb_case_state s); /* translated */
const char *hb_case_state_shape(enum hb_case_state s); /* one column */

enum hb_state_reason {
    HB_WHY_DECIDED,       /* not applicable */
    HB_WHY_CONTROL,       /* the control named decides */
    HB_WHY_NOT_BUILT,     /* Hinoban cannot check this case yet */
    HB_WHY_NOT_REHEARSED, /* controls hold, no valid drill */
    HB_WHY_PARTS_MISSING, /* the drill has parts that are not yet */
    HB_WHY_NO_CANARY,
    HB_WHY_PROOF
};

struct hb_case_posture {
    const struct hb_case *c;
    enum hb_case_state state;
    enum hb_state_reason why;
    const struct hb_control *control;       /* first that decides, or NULL */
    const struct hb_control_result *result; /* of it, or NULL */
    int64_t at; /* PROVEN, REHEARSED: the older proof */
    unsigned fail, unknown, accepted, pass; /* required controls */
};

/* One thing to do: what mends a required control that fails, or of which
 * nobody knows whether it holds. */
struct hb_next_step {
    const struct hb_control *control; /* as the first of its cases has it */
    bool fails;                       /* in one case; else unknown in all */
    unsigned weight;  /* harm in each case: twice where it fails, once where it
                         is unknown, as it may well hold */
    unsigned minutes; /* of work, at least 1 */
    const unsigned *cases; /* their numbers, in the book's order */
    size_t cases_n;
};

struct hb_posture {
    struct hb_case_posture *cases; /* in the book's order */
    size_t n;
    const struct hb_next_step *next; /* most harm an hour of work first */
    size_t next_n;
    unsigned count[HB_STATE_COUNT];
    unsigned open; /* neither proven nor not applicable */
    int64_t at;    /* NOW of the computation */
};

/* The result of CONTROL in IN, or NULL. */
const struct hb_control_result *hb_posture_result(
    const struct hb_posture_input *in, const char *control);
/* The input of case NUMBER, or NULL. */
const struct hb_posture_input *hb_posture_input_find(
    const struct hb_posture_input *inputs, size_t n, unsigned number);
/* Fills P->next over all cases that are not "not applicable"; a control that
 * cases share stands once, and counts the harm of each.  In arena A. */
int hb_posture_next(struct hb_arena *a, const struct hb_posture_input *inputs,
                    size_t n, struct hb_posture *p) HB_WUR;
/* One case; IN may be NULL (nothing is known). */
void hb_posture_case(const struct hb_case *c, const struct hb_posture_input *in,
                     int64_t now, struct hb_case_posture *ret);
/* All cases of the book; INPUTS in any order.  In arena A. */
int hb_posture_make(struct hb_arena *a, const struct hb_casebook *b,
                    const struct hb_posture_input *inputs, size_t n,
                    int64_t now, struct hb_posture **ret) HB_WUR;

/* "Today 3 of 16 cases could happen to us. 11 are unknown." */
void hb_posture_headline(struct hb_buf *out, const struct hb_posture *p);
/* Appends a control's reason: one sentence, N_() marked, behind which "\tX" may
 * stand; then X takes the place of the "%s" in it.  TRANSLATED or as it is. */
void hb_control_reason(struct hb_buf *out, const char *reason, bool translated);
/* One sentence for one case: why it stands as it stands. */
void hb_posture_reason(struct hb_buf *out, const struct hb_case_posture *c,
                       int zone_minutes);
/* The first MAX steps of P->next, numbered; nothing where there are none. */
void hb_posture_steps(struct hb_buf *out, const struct hb_posture *p,
                      size_t max, unsigned columns);
/* One screen of at most COLUMNS (80), full-width letters counted as two;
 * COLOUR only where the caller writes to a terminal.  ZONE_MINUTES east of
 * UTC is for the dates.  A reason takes two lines at most; the first
 * HB_POSTURE_FIRST next steps stand below. */
#define HB_POSTURE_FIRST 3u
void hb_posture_screen(struct hb_buf *out, const struct hb_posture *p,
                       unsigned columns, bool colour, int zone_minutes);
/* The same as JSON, for the API and `status --json`. */
void hb_posture_json(struct hb_buf *out, const struct hb_posture *p);
/* Reads what hb_posture_json() wrote, so that a client shows core's posture
 * in its own language.  Cases that B does not have are an error. */
int hb_posture_decode(struct hb_arena *a, const struct hb_casebook *b,
                      const struct hb_json *json, struct hb_posture **ret,
                      struct hb_err *err) HB_WUR;

#endif

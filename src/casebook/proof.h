/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - what a drill or a live canary leaves: a signed record bound to
 * its run, the program's version, the configuration and the assets that were
 * protected.  A change of any voids it (TRUST: Proof).
 *
 * On disk a proof is two files: RUN.json, exactly the bytes that
 * hb_proof_encode() wrote (RFC 8785), and RUN.sig, 64 bytes of Ed25519 by
 * the evidence key over "hinoban-proof-v1\n" and those bytes.
 */
#ifndef HB_CASEBOOK_PROOF_H
#define HB_CASEBOOK_PROOF_H

#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
#include "casebook/posture.h"
#include "crypto/crypto.h"

#define HB_PROOF_DOMAIN     "proof"
#define HB_PROOF_MAX        (256u << 10)
#define HB_PROOF_MAX_ASSETS 256u
#define HB_PROOF_MAX_PARTS  512u

enum hb_proof_kind {
    HB_PROOF_REHEARSAL, /* the sandbox drill */
    HB_PROOF_CANARY,    /* the harmless act on the real asset */
    HB_PROOF_GATE       /* an attack of our own on the real firewall */
};

enum hb_part_state { HB_PART_PASSED, HB_PART_FAILED, HB_PART_NOT_YET };

/* One thing that was expected of the run, and what was seen. */
struct hb_proof_part {
    const char *name; /* "restored" */
    enum hb_part_state state;
    const char *expected, *seen; /* for people; may be "" */
    int64_t took_ns;             /* -1 where nothing was timed */
};

struct hb_proof {
    enum hb_proof_kind kind;
    unsigned number; /* of the case; of a gate 1 */
    char run[HB_ID_SIZE];
    int64_t at;                     /* ns UTC of the end of the run */
    const char *version;            /* HB_VERSION of the program that ran */
    uint8_t config[HB_SHA256_SIZE]; /* of hinoban.yaml's bytes */
    uint8_t casebook[HB_SHA256_SIZE];
    const char **assets; /* sorted: "site:www /var/www/html" */
    size_t assets_n;
    const struct hb_proof_part *parts;
    size_t parts_n;
};

/* What holds now; a proof must name exactly the same. */
struct hb_proof_binding {
    enum hb_proof_kind kind;
    unsigned number;
    const char *version;
    uint8_t config[HB_SHA256_SIZE];
    uint8_t casebook[HB_SHA256_SIZE];
    const char *const *assets; /* in any order */
    size_t assets_n;
    int64_t now;      /* ns UTC */
    uint64_t max_age; /* ns */
};

/* Canonical bytes; sorts the assets.  -EINVAL for a proof that is not whole,
 * -EFBIG above the ceilings. */
int hb_proof_encode(struct hb_buf *out, const struct hb_proof *p) HB_WUR;
/* Strict: only what encode writes; everything in A. */
int hb_proof_decode(struct hb_arena *a, struct hb_slice json,
                    struct hb_proof **ret, struct hb_err *err) HB_WUR;
/* Encodes and signs; TEXT and SIG are what goes to disk. */
int hb_proof_sign(const struct hb_proof *p, const struct hb_key *key,
                  struct hb_buf *ret_text, uint8_t ret_sig[HB_SIG_SIZE]) HB_WUR;
/* Signature first, then parsing, then the binding.  -EBADMSG: hand-written,
 * edited or by another key; -ESTALE: another version, configuration, case
 * book, asset, case or kind, or too old, or from the future: ERR says which.
 * RET->passed tells whether the run passed. */
int hb_proof_verify(struct hb_slice text, const uint8_t sig[HB_SIG_SIZE],
                    const struct hb_pub *pub,
                    const struct hb_proof_binding *now,
                    struct hb_proof_seen *ret, struct hb_err *err) HB_WUR;
/* Whether every part passed or is not yet, and at least one passed. */
bool hb_proof_passed(const struct hb_proof *p, unsigned *ret_not_yet);

/* Writes DIR/RUN.json and RUN.sig; the newest valid proof among them. */
int hb_proof_save(const char *dir, const struct hb_proof *p,
                  const struct hb_key *key, struct hb_err *err) HB_WUR;
/* Looks at every proof in DIR (newest run first) and fills RET from the
 * newest that verifies; {false} where none does.  WHY (may be NULL) is the
 * first refusal, for the person who wonders. */
int hb_proof_newest(const char *dir, const struct hb_pub *pub,
                    const struct hb_proof_binding *now,
                    struct hb_proof_seen *ret, struct hb_err *why) HB_WUR;

#endif

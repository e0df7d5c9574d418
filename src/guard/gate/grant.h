/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grant.h - what a person decided about the rules: an exclusion (allow this)
 * or a virtual patch, as a file with a signature.
 *
 *     DIR/grants/a0007.json   one exclusion, DIR/grants/a0007.sig
 *     DIR/grants/p0002.json   one patch, DIR/grants/p0002.sig
 *     DIR/grants/a0003.off    taken back; its number is never used again
 *
 * The signature (64 bytes, domain "gate-grant") covers exactly the bytes of
 * the file and is by the person that stands in it as "approved_by", whose
 * role must be officer or admin.  What has none is a proposal, and what does
 * not verify is bad: neither of them gets into the rules.
 *
 *     {"version":1,"kind":"patch","number":2,"by":"akiko",
 *      "approved_by":"ryu","reason":"...","reference":"","about":"...",
 *      "advisory":"CVE-2026-1234","expert":"...","from":1764000000,
 *      "until":1765000000,"rules":"SecRule ..."}
 */
#ifndef HB_GUARD_GATE_GRANT_H
#define HB_GUARD_GATE_GRANT_H

#include "base/arena.h"
#include "base/err.h"
#include "crypto/crypto.h"

#define HB_GRANT_MAX    1000u        /* of one kind that are not taken back */
#define HB_GRANT_NUMBER 9999u        /* the last number */
#define HB_GRANT_BYTES  (256u << 10) /* of one file */
#define HB_GRANT_TEXT   500u         /* bytes of a reason, a name, ... */
#define HB_GRANT_DAYS   400          /* the longest time that one holds */

/* Ids of the rules that are made of them. */
#define HB_GRANT_ALLOW_ID 8700000u /* + number */
#define HB_GRANT_PATCH_ID 8600000u /* + 10 * number + phase: its end */

enum hb_grant_kind { HB_GRANT_ALLOW, HB_GRANT_PATCH };

enum hb_grant_state {
    HB_GRANT_PROPOSED, /* nobody signed it */
    HB_GRANT_ON,
    HB_GRANT_EXPIRED,
    HB_GRANT_BAD, /* changed after it was signed, or by somebody without the
                     right to */
};

struct hb_grant {
    enum hb_grant_kind kind;
    uint32_t number;
    const char *by, *approved_by; /* names of etc/people */
    const char *reason;
    const char *about;             /* what it is for, one line */
    const char *reference;         /* ALLOW: of the finding */
    const char *advisory, *expert; /* PATCH */
    int64_t from, until;           /* seconds since 1970 */
    struct hb_slice rules;         /* SecLang */
    enum hb_grant_state state;     /* as read */
    const char *why;               /* BAD: what is wrong, translated */
};

struct hb_grants {
    struct hb_grant *v; /* exclusions first, each kind by number */
    size_t n;
};

const char *hb_grant_kind_name(enum hb_grant_kind k);   /* "allow" */
const char *hb_grant_state_name(enum hb_grant_state s); /* "proposed" */
/* "a0007" */
void hb_grant_name(enum hb_grant_kind k, uint32_t number, char ret[8]);
/* "a7", "a0007", or "7" for KIND; -EINVAL. */
int hb_grant_parse_name(const char *name, enum hb_grant_kind kind,
                        uint32_t *ret) HB_WUR;

/* The next free number of that kind below DIR; -ENOSPC. */
int hb_grant_next(const char *dir, enum hb_grant_kind k, uint32_t *ret) HB_WUR;
/* Checks G and keeps it; with KEY it is signed by the person approved_by,
 * without it is a proposal.  -EINVAL for what must not be empty or is too
 * long, and for times. */
int hb_grant_save(const char *dir, const struct hb_grant *g,
                  const struct hb_key *key, struct hb_err *err) HB_WUR;
/* Takes it back; -ENOENT. */
int hb_grant_off(const char *dir, enum hb_grant_kind k, uint32_t number,
                 struct hb_err *err) HB_WUR;
/* And back again: what it was taken back for did not happen. */
int hb_grant_again(const char *dir, enum hb_grant_kind k, uint32_t number,
                   struct hb_err *err) HB_WUR;
/* All that are there, judged at NOW (ns UTC) with the people of ETC; in A. */
int hb_grants_load(struct hb_arena *a, const char *dir, const char *etc,
                   int64_t now, struct hb_grants *ret,
                   struct hb_err *err) HB_WUR;
/* NULL where there is none. */
const struct hb_grant *hb_grants_find(const struct hb_grants *g,
                                      enum hb_grant_kind k, uint32_t number);
/* Reads the text of one, unjudged: for fuzzing, and for the above. */
int hb_grant_parse(struct hb_arena *a, struct hb_slice json,
                   struct hb_grant *ret, struct hb_err *err) HB_WUR;

/* Whether NAME is active in ETC/people and is officer or admin, and its
 * public key.  -ENOENT, -EPERM. */
int hb_grant_person(const char *etc, const char *name, struct hb_pub **ret,
                    struct hb_err *err) HB_WUR;

#endif

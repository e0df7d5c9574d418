/* SPDX-License-Identifier: Apache-2.0 */
/*
 * approval.h - what a person signs: approvals (one action, once) and
 * reflexes (actions in advance, scoped, limited, revocable).  Made by the
 * command line or the console, carried by core, verified in the helper.
 *
 * Approval, on the wire (little endian), at most HB_ACT_APPROVAL_MAX bytes:
 *     u32 magic "HBAP", u8 version 1, u8 0, u16 action, u32 site, u32 entry,
 *     u64 baseline, u32 incident, u32 step, 32 bytes SHA-256 of the
 *     arguments, i64 issued, i64 expires (ns UTC), 16 bytes nonce,
 *     u8 length and name of the person, 64 bytes Ed25519 signature over all
 *     before it (domain "approval").
 *
 * Reflex, on disk: etc/reflexes/ID.json and ID.sig (64 bytes over the exact
 * bytes of ID.json, domain "reflex", by a person whose role is officer):
 *     {"version":1,"id":"ID","by":"NAME","actions":["file.restore"],
 *      "sites":["www"],"from":"2026-11-22T00:00:00Z",
 *      "until":"2027-11-22T00:00:00Z","rate":2000,"within":60,"reason":"..."}
 * RATE actions WITHIN seconds; "*" as the only site means all of them.
 * Removing ID.json revokes it.
 *
 * A person: etc/people/NAME.pub and NAME.json ({"role":"officer"} or
 * "deputy"; other members belong to others).  NAME: [a-z0-9._-]{1,32}.
 */
#ifndef HB_RESPOND_APPROVAL_H
#define HB_RESPOND_APPROVAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"
#include "event/action.h"

#define HB_PERSON_MAX        32u
#define HB_NONCE_SIZE        16u
#define HB_APPROVAL_LIFETIME (7 * 86400 * INT64_C(1000000000)) /* at most */
#define HB_REFLEX_SITES      64u
#define HB_REFLEX_LIFETIME   (400 * 86400 * INT64_C(1000000000))

struct hb_approval {
    uint16_t action; /* enum hb_action */
    uint32_t site, entry;
    uint64_t baseline;
    uint32_t incident, step;
    uint8_t args[HB_SHA256_SIZE];
    int64_t issued, expires; /* ns UTC */
    uint8_t nonce[HB_NONCE_SIZE];
    char person[HB_PERSON_MAX + 1];
    size_t signed_len; /* bytes before the signature */
    uint8_t sig[HB_SIG_SIZE];
};

/* Hash of what the numbers of a request do not say: arg, key2, flags (but
 * DRY_RUN) and OBJECT, the name of what a descriptor means: the path
 * relative to the site's root for file.remove, what hb_freeze_object() says
 * for writer.freeze, "" for the others. */
void hb_approval_args(const struct hb_request *r, struct hb_slice object,
                      uint8_t ret[HB_SHA256_SIZE]);
/* Signs an approval of R until EXPIRES and puts it into R. */
int hb_approval_attach(struct hb_request *r, struct hb_slice object,
                       const char *person, const struct hb_key *key,
                       int64_t expires, struct hb_err *err) HB_WUR;
/* The same into BUF of HB_ACT_APPROVAL_MAX bytes, R unchanged; the length. */
int hb_approval_make(const struct hb_request *r, struct hb_slice object,
                     const char *person, const struct hb_key *key,
                     int64_t expires, uint8_t *buf, struct hb_err *err) HB_WUR;
/* -EBADMSG for anything but exactly one approval. */
int hb_approval_parse(struct hb_approval *ret, const void *p, size_t n) HB_WUR;
/* Whether A (parsed from P) allows R: signature by PUB (-EKEYREJECTED),
 * times (-EKEYEXPIRED, or -EPROTO where it lives too long or is not yet
 * valid), and all it is bound to (-EPERM).  Whether its nonce was used is
 * the helper's to know. */
int hb_approval_check(const struct hb_approval *a, const void *p,
                      const struct hb_request *r, struct hb_slice object,
                      const struct hb_pub *pub, int64_t now) HB_WUR;

struct hb_reflex {
    char id[HB_PERSON_MAX + 1]; /* same form as a person's name */
    char by[HB_PERSON_MAX + 1];
    uint32_t actions; /* bit a enum hb_action */
    bool all_sites;
    size_t n_sites;
    char sites[HB_REFLEX_SITES][33]; /* names */
    int64_t from, until;             /* ns UTC */
    uint32_t rate, within;           /* actions, seconds */
    char reason[512];
};

/* Reads the JSON text (its signature is checked before by the caller or by
 * hb_reflex_load()). */
int hb_reflex_parse(struct hb_slice json, struct hb_reflex *ret,
                    struct hb_err *err) HB_WUR;
void hb_reflex_write(struct hb_buf *b, const struct hb_reflex *r);
/* Reads and verifies ID of etc/reflexes. */
int hb_reflex_load(const char *etc_dir, const char *id, struct hb_reflex *ret,
                   struct hb_err *err) HB_WUR;
/* Writes ID.json and ID.sig; KEY is that of the officer r->by. */
int hb_reflex_save(const char *etc_dir, const struct hb_reflex *r,
                   const struct hb_key *key, struct hb_err *err) HB_WUR;
/* Removes it: from the next request on it covers nothing. */
int hb_reflex_revoke(const char *etc_dir, const char *id,
                     struct hb_err *err) HB_WUR;

enum hb_person_role { HB_PERSON_OTHER, HB_PERSON_DEPUTY, HB_PERSON_OFFICER };
/* Key and role of NAME; -ENOENT unknown, -EPERM where a file can be written
 * by others than its owner root. */
int hb_person_load(const char *etc_dir, const char *name,
                   struct hb_pub **ret_pub, enum hb_person_role *ret_role,
                   struct hb_err *err) HB_WUR;
bool hb_person_name_valid(const char *name);

#endif

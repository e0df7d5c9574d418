/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cacao.h - playbooks as CACAO 2.0 JSON (OASIS, Committee Specification 01,
 * 27 November 2023), for exchange with others: out, and in again under the
 * same strict rules as the case book.
 *
 * What CACAO has stands where CACAO puts it; what it lacks (Japanese texts,
 * rows, deadlines, four eyes, undo, evidence and so on) stands in one
 * extension, so that an export loses nothing: doc/cacao.md.  Ids are UUIDs of
 * version 5 made of case, playbook and step, and the bytes are canonical
 * (RFC 8785), so that the same playbook is always the same file.
 *
 * An import never becomes active: it is text for the case book, which its
 * owner puts there and `hinoban case check` reads.
 */
#ifndef HB_CASEBOOK_CACAO_H
#define HB_CASEBOOK_CACAO_H

#include "casebook/casebook.h"
#include "crypto/crypto.h"

#define HB_CACAO_MAX     (1u << 20) /* bytes of one file */
#define HB_CACAO_ID_SIZE 64u        /* "extension-definition--" and a UUID */
#define HB_CACAO_EXTENSION                                                     \
    "extension-definition--9840045f-6a6f-53e3-85f6-5ce0bfb4024d"
#define HB_CACAO_COMMAND "hinoban-action" /* names one of hb_actions */

/* When each playbook was made, to CACAO: it has no other date. */
#define HB_CACAO_CREATED (1793491200ll * 1000000000ll) /* 2026-11-01 */

/* "playbook--UUID" of P. */
int hb_cacao_id(const struct hb_playbook *p, char ret[HB_CACAO_ID_SIZE]) HB_WUR;

struct hb_cacao_signer {
    const struct hb_key *key; /* Ed25519 */
    const char *signee;       /* the organisation or person, as shown */
    int64_t now;              /* ns UTC */
};

/* Appends P to OUT.  MODIFIED (ns UTC) tells versions of one playbook apart
 * and is never before HB_CACAO_CREATED.  SIGNER may be NULL.  -EDOM with ERR
 * for what CACAO cannot say, -EFBIG, -ENOMEM; OUT is then as it was. */
int hb_cacao_export(struct hb_buf *out, const struct hb_playbook *p,
                    int64_t modified, const struct hb_cacao_signer *signer,
                    struct hb_err *err) HB_WUR;

/* What the signatures say.  A bad one is no state but a refusal. */
enum hb_cacao_signed {
    HB_CACAO_UNSIGNED,
    HB_CACAO_UNCHECKED, /* only by algorithms that this program lacks */
    HB_CACAO_GOOD,      /* it holds; nobody said that the key is known */
    HB_CACAO_TRUSTED    /* it holds, by one of the trusted keys */
};
const char *hb_cacao_signed_name(enum hb_cacao_signed s);

struct hb_cacao_import {
    const struct hb_casebook *book; /* the cases that it may belong to */
    const struct hb_pub *const *trust;
    size_t trust_n;
    bool must;   /* refuse what none of TRUST signed */
    int64_t now; /* ns UTC, for signatures that end */
};

/* What a person must still do before the case book takes it. */
struct hb_cacao_open {
    unsigned texts;  /* in one language only, or missing */
    unsigned phases; /* steps without a phase */
    unsigned roles;  /* tasks without a role */
};

struct hb_cacao_imported {
    enum hb_cacao_signed sig;
    const char *signee;          /* of the signature that counts, or NULL */
    char key[17];                /* its key: hb_pub_id() */
    const struct hb_case *owner; /* the case, NULL: of no case of ours */
    const char *id;              /* of the playbook, ours */
    size_t steps;
    bool draft; /* OPEN says what is missing */
    struct hb_cacao_open open;
    const char **left_out; /* properties that have no place with us */
    size_t left_out_n;
    struct hb_slice yaml; /* playbook.yaml */
    /* As loaded from YAML and checked; a draft stands here with stand-ins for
     * what is missing, only to be looked at. */
    const struct hb_playbook *playbook;
};

/* Reads and checks the whole of JSON.  Everything in *RET lives in A.  What is
 * not understood is refused and never skipped: ERR names step and command.
 * -EBADMSG for a bad signature, -EINVAL and others for the rest. */
int hb_cacao_import(struct hb_arena *a, struct hb_slice json,
                    const struct hb_cacao_import *in,
                    struct hb_cacao_imported *ret, struct hb_err *err) HB_WUR;

#endif

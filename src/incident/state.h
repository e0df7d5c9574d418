/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - the state store as core holds it: one database, its migrations
 * (schema.c), the evidence store beside it.  Everything of incident/ and
 * playbook/ takes one of these.  Runs in core only; one thread.
 */
#ifndef HB_INCIDENT_STATE_H
#define HB_INCIDENT_STATE_H

#include "casebook/casebook.h"
#include "crypto/crypto.h"
#include "store/db.h"

struct hb_evidence;

struct hb_state {
    struct hb_db *db;
    struct hb_evidence *evidence;       /* evidence.h; may be NULL in tests */
    const struct hb_casebook *casebook; /* borrowed */
    bool webhook; /* notices go to a webhook, too (message.h) */
};

/* Opens DIR/state.db, running the migrations. */
int hb_state_open(const char *dir, const struct hb_casebook *book,
                  struct hb_state *ret, struct hb_err *err) HB_WUR;
void hb_state_close(struct hb_state *s);

/* The migrations of state.db, for backup and tests. */
const struct hb_migration *hb_state_migrations(size_t *ret_n);

/* Small facts kept by name (meta table): "installation.uid", ... */
int hb_state_set(struct hb_state *s, const char *name,
                 const char *value) HB_WUR;
/* NULL where it is not set; in A. */
const char *hb_state_get(struct hb_state *s, struct hb_arena *a,
                         const char *name);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person.h - people, their roles and deputies.
 *
 * The CLI identifies a person by the peer's uid mapped to an account; root is
 * nobody in particular (TRUST: People).  Roles are product roles: officer
 * (情報セキュリティ責任者), admin, manager (経営・首長・校長), staff,
 * accounting, outside (named outside approver), audit.
 */
#ifndef HB_INCIDENT_PERSON_H
#define HB_INCIDENT_PERSON_H

#include "incident/state.h"

enum hb_role_bit {
    HB_PR_OFFICER = 1,
    HB_PR_ADMIN = 2,
    HB_PR_MANAGER = 4,
    HB_PR_STAFF = 8,
    HB_PR_ACCOUNTING = 16,
    HB_PR_OUTSIDE = 32,
    HB_PR_AUDIT = 64
};

struct hb_person {
    int64_t id;
    const char *name; /* login-like, unique: [a-z0-9._-]{1,32} */
    const char *full_name;
    int64_t uid; /* system account; -1 none */
    const char *mail;
    const char *phone;
    unsigned roles;           /* enum hb_role_bit bits */
    uint8_t pub[HB_PUB_SIZE]; /* all zero where no key is registered */
    bool active;
};

/* Adds, or changes the one of that name (id is not used).  -EINVAL for a name
 * that is none or a person without a role, -EEXIST where the account is
 * another person's. */
int hb_person_put(struct hb_state *s, const struct hb_person *p) HB_WUR;
int hb_person_set_active(struct hb_state *s, int64_t id, bool active) HB_WUR;
/* In A; -ENOENT. */
int hb_person_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                  struct hb_person *ret) HB_WUR;
int hb_person_by_uid(struct hb_state *s, struct hb_arena *a, int64_t uid,
                     struct hb_person *ret) HB_WUR;
int hb_person_by_name(struct hb_state *s, struct hb_arena *a, const char *name,
                      struct hb_person *ret) HB_WUR;
typedef int hb_person_fn(void *arg, const struct hb_person *p);
int hb_person_each(struct hb_state *s, hb_person_fn *fn, void *arg) HB_WUR;
/* Active people that hold one of ROLES. */
int hb_person_count(struct hb_state *s, unsigned roles) HB_WUR;

/* DEPUTY stands in for ROLE, first RANK first. */
int hb_deputy_set(struct hb_state *s, unsigned role, int64_t person,
                  int rank) HB_WUR;
/* The roles for which PERSON stands in; 0 none, also where it cannot be
 * read. */
unsigned hb_deputy_roles(struct hb_state *s, int64_t person);
/* Who to ask for ROLE after TRIES unanswered pages: the holder first, then
 * the deputies by rank, then any officer; -ENOENT. */
int hb_person_on_duty(struct hb_state *s, struct hb_arena *a, unsigned role,
                      unsigned tries, struct hb_person *ret) HB_WUR;
/* The same without those from whom INCIDENT is hidden (hidden.h). */
int hb_person_on_duty_for(struct hb_state *s, struct hb_arena *a,
                          int64_t incident, unsigned role, unsigned tries,
                          struct hb_person *ret) HB_WUR;

/* [a-z0-9._-]{1,32}, not beginning with '.' or '-'. */
bool hb_person_name_ok(const char *name);
const char *hb_person_role_name(unsigned one_role); /* "officer" */
/* "officer,admin" into bits; -EINVAL. */
int hb_person_roles_parse(const char *text, unsigned *ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vars.h - variables of a run, and the facts of its incident under the names
 * of variables.  Included within this folder only.
 */
#ifndef HB_PLAYBOOK_VARS_H
#define HB_PLAYBOOK_VARS_H

#include "playbook/run.h"

/* Who says a value, for those that are facts. */
struct hb_said {
    const char *actor;  /* "person:sato" */
    const char *source; /* in words */
};

/* A variable of SC's playbook as text, in A. */
const char *hb_var_text(struct hb_walk *w, const struct hb_scope *sc,
                        const struct hb_variable *v, int *ret_err);
/* 1, 0; -EINVAL and others. */
int hb_var_cond(struct hb_walk *w, const struct hb_scope *sc,
                const struct hb_cond *c) HB_WUR;
/* Sets V; -EINVAL where TEXT is not of its type, -EPERM a constant. */
int hb_var_set(struct hb_walk *w, const struct hb_scope *sc,
               const struct hb_variable *v, const char *text,
               struct hb_said by) HB_WUR;
/* -EINVAL where SETS is no JSON object of values that SC declares so. */
int hb_var_sets_good(struct hb_walk *w, const struct hb_scope *sc,
                     const char *sets) HB_WUR;
/* Sets what the JSON object SETS names and the playbook declares. */
int hb_var_set_all(struct hb_walk *w, const struct hb_scope *sc,
                   const char *sets, struct hb_said by) HB_WUR;
/* A person's answer as text for hb_var_set(), in A; NULL: not of V's type. */
const char *hb_var_answer(struct hb_arena *a, const struct hb_variable *v,
                          bool done, const char *answer);

#endif

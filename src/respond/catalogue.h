/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.h - the table of actions: what each may do, who may ask for it,
 * how dangerous it is, and what undoes it.
 */
#ifndef HB_RESPOND_CATALOGUE_H
#define HB_RESPOND_CATALOGUE_H

#include "event/action.h"

enum hb_policy {
    HB_POLICY_AUTO,   /* harmless: whoever may ask gets it */
    HB_POLICY_REFLEX, /* a reflex or an approval */
    HB_POLICY_ASK     /* an approval, every time */
};

enum hb_catalogue_flag {
    HB_CAT_FD = 1,       /* exactly one descriptor rides along */
    HB_CAT_SITE = 2,     /* names a site */
    HB_CAT_ENTRY = 4,    /* names an entry of a baseline */
    HB_CAT_KEY2 = 8,     /* names another action */
    HB_CAT_JOURNAL = 16, /* changes something: intent and end */
    HB_CAT_REPEAT = 32,  /* can be done again after a crash */
    HB_CAT_PUBLISH = 64  /* may carry HB_ACT_F_PUBLISH */
};

struct hb_catalogue_row {
    enum hb_action action;
    unsigned danger;     /* 0 none, 1 reversible at once, 2 users notice,
                            3 stops programs */
    enum hb_action undo; /* 0 none; HB_ACT_UNDO: put back from staging */
    unsigned requesters; /* bits 1 << enum hb_requester */
    unsigned flags;      /* enum hb_catalogue_flag */
    enum hb_policy policy;
    const char *doc; /* one sentence, N_() */
};

/* NULL for a number that is no action. */
const struct hb_catalogue_row *hb_catalogue(unsigned action);
/* The action named NAME, or 0. */
enum hb_action hb_catalogue_find(struct hb_slice name);
/* Whether requester WHO may send R with NFDS descriptors: 0, -EPERM (not
 * permitted to this role) or -EBADMSG (no such request). */
int hb_catalogue_check(const struct hb_request *r, size_t nfds,
                       unsigned who) HB_WUR;

#endif

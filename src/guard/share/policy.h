/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy.h - what may be shared, in one function that every way of sharing
 * asks: portal, command line, API and mail guard.  Pure: no store, no clock.
 */
#ifndef HB_GUARD_SHARE_POLICY_H
#define HB_GUARD_SHARE_POLICY_H

#include "base/base.h"

enum hb_share_exe {
    HB_SHARE_EXE_REFUSE,
    HB_SHARE_EXE_HOLD, /* a third person lets it go, or not */
    HB_SHARE_EXE_ALLOW
};

/* Domains are lower-case A-labels and hold what is below them as well. */
struct hb_share_domains {
    const char *const *v; /* borrowed: outlives the store */
    size_t n;
};

struct hb_share_rules {
    int64_t days, days_max;          /* of a share: 14, 90 at most */
    int64_t most, most_max;          /* downloads, recipient and file: 5, 100 */
    int64_t recipients_max;          /* 20 */
    int64_t files_max;               /* 50 */
    int64_t file_max, share_max;     /* bytes: 4 GiB, 8 GiB */
    struct hb_share_domains allowed; /* empty: all */
    struct hb_share_domains blocked;
    struct hb_share_domains freemail; /* where anybody gets an address */
    enum hb_share_exe executables;
    bool approve_all;              /* a third person for each share */
    int64_t personal_from;         /* pieces that need one; 0 never; 1 */
    struct hb_share_domains known; /* partners; empty: all are known */
    bool approve_unknown;          /* one for a domain not among them */
    const char *const *approvers;  /* names; none: anybody but the owner */
    size_t approvers_n;
    struct hb_share_domains staff; /* domains and addresses: who may share */
    /* The store's own. */
    int64_t owner_bytes; /* of one owner, kept at once: 20 GiB */
    int64_t store_bytes; /* of all: 200 GiB */
    int64_t disk_free;   /* bytes that stay free: 1 GiB */
    int64_t reopen_days; /* contents kept after the end: 7 */
    int64_t draft_days;  /* a draft that nobody touches: 7 */
    int64_t trail_days;  /* 730 */
    int64_t remind_days; /* before the end: 2 */
    int64_t asks_link, asks_from, asks_all; /* codes an hour: 5, 20, 600 */
    int64_t wrong_from, wrong_all; /* wrong codes an hour: 15 of a network;
                                      200 in all are told */
    int64_t wrong_link;  /* wrong codes in the life of a link: 50, so that one
                            in 20,000 guessers is right */
    int64_t signins;     /* codes for one of us an hour, from places where they
                            never were: 20 */
    int64_t probes_from; /* unknown links an hour: 60 */
};
void hb_share_rules_default(struct hb_share_rules *ret);

enum hb_share_decision { HB_SHARE_ALLOW, HB_SHARE_APPROVAL, HB_SHARE_REFUSE };

/* In the order of their weight: refusals, approvals, warnings. */
enum hb_share_reason {
    HB_SHARE_TOO_LONG,  /* its life */
    HB_SHARE_TOO_OFTEN, /* downloads */
    HB_SHARE_TOO_MANY,  /* recipients */
    HB_SHARE_TOO_MANY_FILES,
    HB_SHARE_TOO_LARGE, /* a file, or all */
    HB_SHARE_DOMAIN_BLOCKED,
    HB_SHARE_DOMAIN_NOT_ALLOWED,
    HB_SHARE_EXE_REFUSED,
    HB_SHARE_OWN_APPROVAL,               /* the approver is the owner */
    HB_SHARE_NO_APPROVER,                /* not one whom the rules name */
    HB_SHARE_REFUSALS,                   /* not a reason: those above refuse */
    HB_SHARE_ALWAYS = HB_SHARE_REFUSALS, /* every share is looked at */
    HB_SHARE_PERSONAL,
    HB_SHARE_FILE_UNREADABLE, /* nobody knows what it holds */
    HB_SHARE_EXE_HELD,
    HB_SHARE_DOMAIN_UNKNOWN,
    HB_SHARE_APPROVALS, /* not a reason: those above need approval */
    HB_SHARE_FREEMAIL = HB_SHARE_APPROVALS,
    HB_SHARE_REASONS
};
/* One sentence in the language of the process. */
const char *hb_share_reason_text(enum hb_share_reason r);
/* "too-long" ... for programs. */
const char *hb_share_reason_name(enum hb_share_reason r);

struct hb_share_verdict {
    enum hb_share_decision decision;
    uint32_t reasons; /* 1 << enum hb_share_reason */
};

struct hb_share_ask {
    const char *owner;
    const char *approver; /* NULL: nobody has said yes so far */
    int64_t life;         /* ns from now */
    int64_t most;
    int64_t files, file_bytes, bytes; /* how many, the largest, all */
    const char *const *recipients;    /* keys of address.h */
    size_t recipients_n;
    int64_t personal;
    bool executable; /* one of the files is */
    bool unreadable; /* one of them could not be looked into */
};

void hb_share_policy(const struct hb_share_rules *rules,
                     const struct hb_share_ask *ask,
                     struct hb_share_verdict *ret);

/* Whether a file with this name, beginning with HEAD, is a program for some
 * machine or makes one run: by name (RFC 2046 types are only claimed) or by
 * its first bytes. */
bool hb_share_executable(const char *name, struct hb_slice head);

#endif

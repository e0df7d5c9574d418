/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.h - the locker: files for named recipients, behind links that die.
 *
 *   draft --submit--> waiting --approve--> open --time--> expired
 *     \------submit------------------------^ ^---reopen------/
 *   any of them --revoke--> revoked; any --delete--> deleted
 *
 * A library with a store of its own, for whatever process serves pages, reads
 * mail or speaks to a person (several at once).  It sends nothing: it says
 * what is to be sent.  Who somebody is has been found out by the caller, save
 * for recipients, who prove their mailbox here (proof.h).
 *
 * Functions return 0 or -errno; what happened to the store in words:
 * hb_share_err().  Verdicts of the locker: -ENOENT unknown, -EKEYREVOKED
 * revoked or deleted, -EKEYEXPIRED past its end, -EBUSY another state than it
 * takes, -EACCES not for this person, -EDQUOT a limit, -EAGAIN too often.
 */
#ifndef HB_GUARD_SHARE_SHARE_H
#define HB_GUARD_SHARE_SHARE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "guard/share/policy.h"

#define HB_SHARE_DAY_NS (86400 * (int64_t)HB_S)

struct hb_share_store;

/* Wall clock, CLOCK_BOOTTIME, and which boot that counts from. */
struct hb_share_time {
    int64_t now;
    uint64_t mono;
    char boot[HB_ID_SIZE];
};

struct hb_share_config {
    const char *dir;                    /* ours alone; made with 0700 */
    const char *keys;                   /* ours alone, not below dir */
    const struct hb_share_rules *rules; /* copied; NULL: as delivered */
    /* NULL: the kernel's clocks (tests and drills have their own). */
    void (*clock)(void *arg, struct hb_share_time *ret);
    void *clock_arg;
};

/* Opens the store, makes what is missing, and removes what a crash left.
 * Several processes may have it open, each once.  -EUCLEAN damaged: nothing
 * is served from it. */
int hb_share_open(const struct hb_share_config *c, struct hb_share_store **ret,
                  struct hb_err *err) HB_WUR;
void hb_share_close(struct hb_share_store *s);
void hb_share_closep(struct hb_share_store **s);
/* The store's last error in words. */
const struct hb_err *hb_share_err(const struct hb_share_store *s);

enum hb_share_kind {
    HB_SHARE_OUT = 1, /* the owner's files for recipients */
    HB_SHARE_IN       /* an invitation: a guest's files for the owner */
};

enum hb_share_state {
    HB_SHARE_DRAFT = 1,
    HB_SHARE_WAITING, /* for a third person */
    HB_SHARE_LIVE,
    HB_SHARE_REVOKED,
    HB_SHARE_EXPIRED,
    HB_SHARE_DELETED
};
/* "draft" ... for programs. */
const char *hb_share_state_name(enum hb_share_state state);

/* Who does something: a registered person's name or a recipient's address,
 * and the network address it came from ("": this machine).  KEEPER: whoever
 * runs the locker, at the machine itself, who may do what an owner may. */
struct hb_share_who {
    const char *name;
    const char *from;
    bool keeper;
};

struct hb_share {
    int64_t id;
    char uid[HB_ID_SIZE];
    enum hb_share_kind kind;
    enum hb_share_state state;
    const char *owner, *note, *approver; /* approver "": none */
    int64_t made, expires, ended;        /* ns UTC; ended 0: not yet */
    int64_t most;                        /* downloads, recipient and file */
    int64_t personal;                    /* pieces of personal data found */
    int64_t bytes, files, recipients;
    int64_t edition; /* another one after each change of its state */
    bool shredded;   /* key and contents are gone */
};

struct hb_share_recipient {
    int64_t id, share;
    const char *address; /* as compared (address.h) */
    const char *mail;    /* as it is written to */
    bool revoked, linked;
    int64_t downloads, bytes; /* begun; handed out */
    int64_t reopen_asked;     /* ns UTC; 0 no */
};

enum hb_share_file_state {
    HB_SHARE_FILE_COMING = 1, /* its upload is not at its end */
    HB_SHARE_FILE_WHOLE,
    HB_SHARE_FILE_HELD,     /* a guest's: nobody said yes yet */
    HB_SHARE_FILE_ACCEPTED, /* a guest's, for the owner */
    HB_SHARE_FILE_REJECTED  /* contents are gone */
};

/* Whether it was looked for personal data in a file (content.h). */
enum hb_share_look {
    HB_SHARE_NOT_LOOKED, /* not yet */
    HB_SHARE_LOOKED,
    HB_SHARE_UNREADABLE /* encrypted, damaged, too large, or what it is */
};

struct hb_share_file {
    int64_t id, share;
    char uid[HB_ID_SIZE];
    const char *name, *type; /* type: as the sender claims */
    enum hb_share_file_state state;
    int64_t size, durable; /* bytes; what is safe of it */
    uint8_t sha256[32];    /* zero while it comes */
    bool executable;
    enum hb_share_look looked;
    int64_t pieces; /* of personal data that were found */
};

struct hb_share_draft {
    enum hb_share_kind kind;
    const char *note; /* shown to recipients; "" */
    int64_t days;     /* 0: as the rules say */
    int64_t most;     /* 0: as the rules say */
};

/* A draft of WHO, with a key of its own.  What follows is its owner's, or the
 * keeper's: -EACCES else. */
int hb_share_new(struct hb_share_store *s, const struct hb_share_who *who,
                 const struct hb_share_draft *d, int64_t *ret_id) HB_WUR;
/* ADDRESS as a person writes it.  -EINVAL none, -EILSEQ an international
 * domain that has to be written as xn--, -EEXIST, -E2BIG. */
int hb_share_add_recipient(struct hb_share_store *s, int64_t share,
                           const struct hb_share_who *who, const char *address,
                           int64_t *ret_id) HB_WUR;
/* N pieces of personal data were found in what goes with its files. */
int hb_share_found(struct hb_share_store *s, int64_t share, int64_t n) HB_WUR;

/* The rules decide: RET says allow (it is open), approval (it waits) or
 * refuse (it stays a draft; returns 0 as well).  -ENODATA no recipient, or no
 * whole file; -EINPROGRESS a file is not looked into yet. */
int hb_share_submit(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who,
                    struct hb_share_verdict *ret) HB_WUR;
/* Back to a draft, with the reason in the trail: by a third person whom the
 * rules name, or by its owner.  For the yes see staff.h. */
int hb_share_decline(struct hb_share_store *s, int64_t share,
                     const struct hb_share_who *who, const char *why) HB_WUR;

/* Dead when it returns: links, codes, grants, downloads under way (within a
 * second).  Key and contents go at once, or with the next housekeeping.
 * 0 also where it was dead already. */
int hb_share_revoke(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who) HB_WUR;
int hb_share_delete(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who) HB_WUR;

/* A link of this recipient, kept as a hash only: mail it now.  An older one
 * of theirs is dead from here on.  By the owner, or who approved it. */
#define HB_SHARE_TOKEN_TEXT 44u /* 32 bytes in base64url, terminated */
int hb_share_link(struct hb_share_store *s, int64_t recipient,
                  const struct hb_share_who *who,
                  char ret[HB_SHARE_TOKEN_TEXT]) HB_WUR;

/* The mail with it was sent, or its owner knows that it was not. */
int hb_share_mailed(struct hb_share_store *s, int64_t recipient) HB_WUR;
/* 1, and *RET_RECIPIENT: somebody whose link was made ten minutes ago and not
 * mailed, since the process that would have died; 0 nobody. */
int hb_share_unmailed(struct hb_share_store *s, int64_t *ret_recipient) HB_WUR;

/* The recipient of LINK asks for an expired share again; once a day.  The
 * owner may grant it while the contents are kept.  -ENODATA they are gone. */
int hb_share_reopen_ask(struct hb_share_store *s, struct hb_slice link,
                        const char *from) HB_WUR;
int hb_share_reopen(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who, int64_t days) HB_WUR;

/* ---- looking; strings live in A ---- */

int hb_share_get(struct hb_share_store *s, struct hb_arena *a, int64_t id,
                 struct hb_share *ret) HB_WUR;
int hb_share_file_get(struct hb_share_store *s, struct hb_arena *a,
                      int64_t file, struct hb_share_file *ret) HB_WUR;
int hb_share_recipient_get(struct hb_share_store *s, struct hb_arena *a,
                           int64_t id, struct hb_share_recipient *ret) HB_WUR;
/* Strings of the following live until FN returns; FN stops with its value. */
typedef int hb_share_fn(void *arg, const struct hb_share *sh);
/* Newest first.  OWNER NULL: of all; BEFORE: ids below it (0: from the
 * newest), so that a page follows a page. */
int hb_share_each(struct hb_share_store *s, const char *owner, int64_t before,
                  hb_share_fn *fn, void *arg) HB_WUR;
/* Those that wait for a third person, oldest first. */
int hb_share_each_waiting(struct hb_share_store *s, hb_share_fn *fn,
                          void *arg) HB_WUR;
typedef int hb_share_recipient_fn(void *arg,
                                  const struct hb_share_recipient *r);
int hb_share_each_recipient(struct hb_share_store *s, int64_t share,
                            hb_share_recipient_fn *fn, void *arg) HB_WUR;
typedef int hb_share_file_fn(void *arg, const struct hb_share_file *f);
int hb_share_each_file(struct hb_share_store *s, int64_t share,
                       hb_share_file_fn *fn, void *arg) HB_WUR;

/* ---- misdelivery (case 15) ---- */

/* What our own trail knows of one recipient. */
struct hb_share_exposure {
    int64_t recipient;
    const char *address;
    int64_t pages;       /* times that the page was opened */
    int64_t codes;       /* mailbox proven */
    int64_t downloads;   /* begun */
    int64_t unended;     /* of these under way, or cut by a crash: count the
                          * whole file */
    int64_t bytes;       /* handed out by those that ended */
    int64_t first, last; /* of a download, ns UTC; 0 none */
};
typedef int hb_share_exposure_fn(void *arg, const struct hb_share_exposure *e);
/* RECIPIENT was the wrong one (0: all were): dead as by hb_share_revoke(),
 * the others go on where there are others.  FN gets what is known of each; the
 * caller opens the incident. */
int hb_share_wrong_recipient(struct hb_share_store *s, int64_t share,
                             int64_t recipient, const struct hb_share_who *who,
                             hb_share_exposure_fn *fn, void *arg) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * part.h - between the files of this folder only.
 */
#ifndef HB_PORTAL_PART_H
#define HB_PORTAL_PART_H

#include "base/i18n.h"
#include "config/role_ctx.h"
#include "event/bus.h"
#include "guard/share/keep.h"
#include "guard/share/share.h"
#include "portal/portal.h"
#include "portal/post.h"

struct hb_portal {
    const struct hb_role_ctx *ctx;
    const struct hb_config *config; /* the one in force */
    struct hb_config *loaded;       /* of a reload; NULL: ctx's */
    struct hb_share_rules rules;    /* as the store has them */
    struct hb_arena *arena;         /* of the rules' strings */
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct hb_share_store *store;
    struct portal_post *post;
    struct portal_uploads *uploads;
    struct portal_looks *looks; /* NULL: a command */
    struct hb_pages *pages;
    struct hb_serve *serve[8];
    size_t serves;
    uint8_t csrf[32]; /* key of forms, of this process */
};

/* Store, letters and events, without pages (portal.c): for the role, and for a
 * command that runs as its user beside it. */
int portal_open(struct hb_portal *p, struct hb_err *err) HB_WUR;
void portal_close(struct hb_portal *p);
/* Listens and serves (http.c). */
int portal_http_open(struct hb_portal *p, struct hb_err *err) HB_WUR;
void portal_http_close(struct hb_portal *p);

/* The rules of the locker as the settings have them; strings in A. */
int portal_rules(struct hb_arena *a, const struct hb_conf_share *s,
                 struct hb_share_rules *ret) HB_WUR;

/* ---- letters (letters.c): what people are told by mail ---- */

/* Makes a new link for RECIPIENT and mails it, in both languages; one whose
 * mail cannot be sent is told to the owner.  WHO asks for it. */
int portal_letter_link(struct hb_portal *p, int64_t recipient,
                       const struct hb_share_who *who) HB_WUR;
/* Links that a process took with it when it died: new ones. */
int portal_letter_again(struct hb_portal *p) HB_WUR;
/* The same to all recipients of SHARE that are not revoked. */
int portal_letter_links(struct hb_portal *p, int64_t share,
                        const struct hb_share_who *who) HB_WUR;
/* The code of a recipient, or of one of our own people who signs in. */
int portal_letter_code(struct hb_portal *p, enum hb_lang lang, const char *to,
                       const char *digits) HB_WUR;
/* Who asks for approval of SHARE: to each approver but the owner. */
int portal_letter_waiting(struct hb_portal *p, int64_t share) HB_WUR;

/* What happened to a share, for its owner.  WORDS: a reason, a file's name;
 * "". */
enum portal_news { /* ABOUT: who did it, or whom it concerns */
                   PORTAL_NEWS_APPROVED,
                   PORTAL_NEWS_DECLINED,
                   PORTAL_NEWS_FETCHED, /* the first download of a recipient */
                   PORTAL_NEWS_REOPEN_ASKED,
                   PORTAL_NEWS_ARRIVED,     /* a guest's file */
                   PORTAL_NEWS_UNDELIVERED, /* a link's mail */
                   PORTAL_NEWS_CONFIRMED,   /* a wrong recipient deleted it */
                   PORTAL_NEWS_GUESSED,     /* a link takes no more codes */
                   PORTAL_NEWS_WRONG /* somebody says that it is not for them */
};
int portal_letter_news(struct hb_portal *p, int64_t share,
                       enum portal_news news, const char *about,
                       const char *words) HB_WUR;
/* A sign-in from a network that this person never came from. */
int portal_letter_place(struct hb_portal *p, const char *to,
                        const char *from) HB_WUR;
/* An authenticator was set up for this person. */
int portal_letter_factor(struct hb_portal *p, const char *to,
                         const char *from) HB_WUR;
/* The request to delete, with a link to confirm it; for the eye, in A, with
 * LINK; and sent to RECIPIENT. */
const char *portal_letter_confirm_text(struct hb_portal *p, struct hb_arena *a,
                                       const char *owner, const char *link);
int portal_letter_confirm(struct hb_portal *p, int64_t recipient,
                          const struct hb_share_who *who) HB_WUR;
int portal_letter_reminder(struct hb_portal *p,
                           const struct hb_share_reminder *r) HB_WUR;

/* ---- to core (say.c) ---- */

/* What the locker has to say that nobody was told so far. */
int portal_alarms(struct hb_portal *p);

#define PORTAL_SOURCE "portal"
/* How the role is: STATUS is a word for rules. */
int portal_say(struct hb_portal *p, enum hb_severity sev, const char *status,
               const char *text);

/* Something that rules look at and that may open an incident. */
struct portal_found {
    enum hb_severity severity;
    const char *rule;            /* "share.wrong-recipient" */
    const char *title;           /* in words */
    const char *share;           /* its uid: the incident is about it */
    const char *who;             /* an address; "" */
    const char *from;            /* a network address; "" */
    const char *text;            /* for the timeline; "" */
    const struct hb_json *facts; /* names of the catalogue to text; NULL */
};
int portal_find(struct hb_portal *p, const struct portal_found *f);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * staff.h - the organisation's own people at the portal: a code to the
 * mailbox, a session, and a second factor for those who approve.
 *
 *   code     as a recipient's (proof.h), for an address of the rules' staff
 *   session  256 bits in a cookie; 15 minutes idle, 10 hours in all, by the
 *            clock that never steps, and not over a boot
 *   factor   TOTP (RFC 6238: HMAC-SHA-1, 30 s, 6 digits, a step either way);
 *            each code once; 5 minutes
 *
 * Whether an address is one of the staff is not to be learnt here: a stranger
 * gets the same answer, and nothing is mailed.
 */
#ifndef HB_GUARD_SHARE_STAFF_H
#define HB_GUARD_SHARE_STAFF_H

#include "guard/share/proof.h"

#define HB_SHARE_IDLE_S    900u
#define HB_SHARE_SESSION_S 36000u
#define HB_SHARE_FACTOR_S  300u
#define HB_SHARE_TOTP_TEXT 33u /* 160 bits in base32, terminated */

/* A code for ADDRESS and the browser with NONCE.  RET->mail "": nothing is to
 * be mailed.  -EBADMSG the nonce, -EINVAL no mail address, -EAGAIN a
 * budget. */
int hb_share_signin_ask(struct hb_share_store *s, struct hb_slice address,
                        struct hb_slice nonce, const char *from,
                        struct hb_share_code *ret) HB_WUR;
/* -EACCES wrong, -ETIME there is no such code any more, -EAGAIN.
 * *RET_NEW: this person never came from that network before. */
int hb_share_signin_try(struct hb_share_store *s, struct hb_slice address,
                        struct hb_slice nonce, struct hb_slice code,
                        const char *from, char ret_session[HB_SHARE_TOKEN_TEXT],
                        bool *ret_new) HB_WUR;

struct hb_share_person {
    char address[HB_SHARE_MAIL_TEXT]; /* the key: an owner's name */
    bool factor;                      /* proven within 5 minutes */
    bool enrolled;                    /* has a second factor */
    bool approves;                    /* may look at others' shares */
};
/* Who TOKEN is; moves its idle time.  -EACCES nobody. */
int hb_share_session(struct hb_share_store *s, struct hb_slice token,
                     struct hb_share_person *ret) HB_WUR;
int hb_share_session_end(struct hb_share_store *s, struct hb_slice token,
                         const char *from) HB_WUR;

/* A new secret for ADDRESS, to be shown once: in force when a code of it was
 * right.  -EEXIST there is one in force: an administrator takes it away
 * first. */
int hb_share_totp_begin(struct hb_share_store *s, const char *address,
                        const char *from, char ret[HB_SHARE_TOTP_TEXT]) HB_WUR;
/* The session's person has typed CODE: it confirms a secret that was begun,
 * and proves the factor.  -EACCES wrong, or one that was used, -ENOENT no
 * secret, -EAGAIN too often. */
int hb_share_totp_try(struct hb_share_store *s, struct hb_slice token,
                      struct hb_slice code, const char *from,
                      bool *ret_set) HB_WUR;
/* Whoever holds a session of ADDRESS is signed out: a telephone was lost. */
int hb_share_sessions_drop(struct hb_share_store *s, const char *address,
                           const struct hb_share_who *who) HB_WUR;
int hb_share_totp_drop(struct hb_share_store *s, const char *address,
                       const struct hb_share_who *who) HB_WUR;
/* The code of SECRET (20 bytes) at UNIX seconds, six digits (RFC 6238). */
uint32_t hb_share_totp(const uint8_t secret[20], int64_t seconds);

/* WHO looks at a share that waits: told once an hour. */
int hb_share_viewed(struct hb_share_store *s, int64_t share,
                    const struct hb_share_who *who) HB_WUR;
/* The yes of a third person, by a session whose factor is proven (-EPERM it is
 * not), to EDITION of a share that waits: -ESTALE it is another by now.
 * -EACCES the owner, or somebody whom the rules do not name. */
int hb_share_approve(struct hb_share_store *s, struct hb_slice token,
                     const char *from, int64_t share, int64_t edition,
                     struct hb_share_verdict *ret) HB_WUR;

#endif

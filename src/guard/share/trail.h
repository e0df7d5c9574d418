/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trail.h - what happened to a share, in order, never changed.
 *
 * Each row carries an HMAC-SHA256 over itself and the row before it under the
 * store's key, and so do both ends: a row that was edited, put in or taken
 * out, the first and the newest too, is noticed.  Not noticed: an older copy of
 * the whole file.
 */
#ifndef HB_GUARD_SHARE_TRAIL_H
#define HB_GUARD_SHARE_TRAIL_H

#include "guard/share/share.h"

enum hb_share_act {
    HB_SHARE_CREATED = 1,
    HB_SHARE_ADDED, /* a recipient */
    HB_SHARE_SUBMITTED,
    HB_SHARE_APPROVED,
    HB_SHARE_DECLINED,
    HB_SHARE_OPENED, /* recipients may fetch from here on */
    HB_SHARE_LINKED,
    HB_SHARE_PAGE, /* the page was opened */
    HB_SHARE_CODE_ASKED,
    HB_SHARE_CODE_WRONG,
    HB_SHARE_CODE_RIGHT,
    HB_SHARE_UPLOADED,
    HB_SHARE_BEGUN, /* a download */
    HB_SHARE_ENDED, /* with the bytes that were handed out */
    HB_SHARE_ACT_REVOKED,
    HB_SHARE_ACT_EXPIRED,
    HB_SHARE_REOPEN_ASKED,
    HB_SHARE_REOPENED,
    HB_SHARE_REMINDED,
    HB_SHARE_WRONG_RECIPIENT,
    HB_SHARE_ACCEPTED, /* a guest's file */
    HB_SHARE_REJECTED,
    HB_SHARE_SHREDDED, /* the key is destroyed, the contents unlinked */
    HB_SHARE_ACT_DELETED,
    HB_SHARE_CONFIRM_ASKED, /* of a wrong recipient (confirm.h) */
    HB_SHARE_CONFIRMED,
    HB_SHARE_ALARM,     /* as many wrong codes in an hour as the rules say */
    HB_SHARE_SIGNED_IN, /* one of the staff (staff.h); no share */
    HB_SHARE_SIGNED_OUT,
    HB_SHARE_SIGNIN_WRONG,
    HB_SHARE_FACTOR_RIGHT,
    HB_SHARE_FACTOR_WRONG,
    HB_SHARE_FACTOR_DROPPED,
    HB_SHARE_FACTOR_BEGUN, /* a new secret was shown */
    HB_SHARE_FACTOR_SET,   /* and confirmed */
    HB_SHARE_VIEWED,       /* a third person looked at it; once an hour */
    HB_SHARE_ACT_COUNT
};
/* "created" ... for programs. */
const char *hb_share_act_name(enum hb_share_act act);

struct hb_share_trail {
    int64_t id, share, recipient, file; /* 0: none */
    int64_t time;                       /* ns UTC */
    enum hb_share_act act;
    const char *who, *from; /* name or address; network address */
    int64_t bytes;
    const char *words; /* file name, reason, recipient; "" */
};

typedef int hb_share_trail_fn(void *arg, const struct hb_share_trail *t);
/* SHARE 0: of all; MOST: the newest, 0 all.  Oldest first. */
int hb_share_each_trail(struct hb_share_store *s, int64_t share, int64_t most,
                        hb_share_trail_fn *fn, void *arg) HB_WUR;
/* Each HB_SHARE_ALARM once, from whichever process asks first; one on which FN
 * fails comes again. */
int hb_share_each_alarm(struct hb_share_store *s, hb_share_trail_fn *fn,
                        void *arg) HB_WUR;
/* -EBADMSG a row is not as it was written, *RET_ID says which (its follower,
 * where one was taken out). */
int hb_share_trail_check(struct hb_share_store *s, int64_t *ret_id) HB_WUR;
/* Whether what shares say of themselves is what the trail tells of them: owner,
 * recipients, who said yes, that they were opened.  -EBADMSG: *RET_SHARE says
 * otherwise.  Only as good as the check above. */
int hb_share_rows_check(struct hb_share_store *s, int64_t *ret_share) HB_WUR;

#endif

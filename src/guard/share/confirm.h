/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confirm.h - a wrong recipient confirms that the files were deleted (case 15:
 * name, date, method; doc/casebook.md D17).
 *
 * A link of its own, 256 bits, kept as an HMAC; it works for 90 days, also
 * after the share is dead, once.  It shows names and sizes of the files,
 * nothing of them.
 */
#ifndef HB_GUARD_SHARE_CONFIRM_H
#define HB_GUARD_SHARE_CONFIRM_H

#include "guard/share/share.h"

#define HB_SHARE_CONFIRM_DAYS 90

enum hb_share_deletion {
    HB_SHARE_UNREAD = 1, /* deleted without being opened */
    HB_SHARE_READ,       /* deleted after that */
    HB_SHARE_PASSED,     /* passed on or copied */
    HB_SHARE_OTHERWISE
};
/* "unread" ... for programs and the trail. */
const char *hb_share_deletion_name(enum hb_share_deletion how);
int hb_share_deletion_parse(const char *name,
                            enum hb_share_deletion *ret) HB_WUR;

/* A link for RECIPIENT; an older one of theirs is dead.  -EALREADY they have
 * confirmed. */
int hb_share_confirm_new(struct hb_share_store *s, int64_t recipient,
                         const struct hb_share_who *who,
                         char ret[HB_SHARE_TOKEN_TEXT]) HB_WUR;
struct hb_share_confirm {
    int64_t share, recipient;
    int64_t done; /* ns UTC; 0: not yet */
    enum hb_share_deletion how;
    const char *name, *words;
};
/* Counts nothing.  -ENOENT no such link, -EKEYEXPIRED too old. */
int hb_share_confirm_view(struct hb_share_store *s, struct hb_arena *a,
                          struct hb_slice token,
                          struct hb_share_confirm *ret) HB_WUR;
/* Once: -EALREADY it was said.  NAME of 1..80 characters. */
int hb_share_confirm_do(struct hb_share_store *s, struct hb_slice token,
                        const char *name, enum hb_share_deletion how,
                        const char *words, const char *from) HB_WUR;
/* What was said of RECIPIENT: 1, or 0 nothing. */
int hb_share_confirmed(struct hb_share_store *s, struct hb_arena *a,
                       int64_t recipient, struct hb_share_confirm *ret) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proof.h - a recipient proves the mailbox: link, code, grant.
 *
 *   link   256 bits by mail; finds the share, opens nothing
 *   nonce  256 bits in a cookie of the browser that asks
 *   code   6 digits by mail to the recipient, for this link and this nonce;
 *          10 minutes, 5 tries
 *   grant  256 bits in a cookie, 30 minutes; this one fetches
 *
 * All are kept as HMAC-SHA256 under the store's key: a copy of the store
 * opens nothing, and what a look-up takes tells nothing about a secret.  Codes
 * and grants live by the clock that never steps and die with the boot.
 *
 * Budgets an hour (by rules): codes asked a link, an address and in all;
 * wrong tries an address; unknown links an address.  Over its whole life a
 * link has so many wrong tries, and then asks its owner for another.  Many
 * wrong tries in all are a row of the trail.  IPv6 counts by /64.
 */
#ifndef HB_GUARD_SHARE_PROOF_H
#define HB_GUARD_SHARE_PROOF_H

#include "guard/share/share.h"

#define HB_SHARE_CODE_TEXT 7u /* 6 digits, terminated */
#define HB_SHARE_CODE_S    600u
#define HB_SHARE_TRIES     5u
#define HB_SHARE_GRANT_S   1800u
#define HB_SHARE_MAIL_TEXT 321u /* 64 "@" 255, terminated */

/* 256 random bits as text: a nonce for a browser that has none. */
void hb_share_token_new(char ret[HB_SHARE_TOKEN_TEXT]);
/* Exactly what the above writes; -EBADMSG else. */
int hb_share_token_parse(struct hb_slice text, uint8_t ret[32]) HB_WUR;
/* 6 digits, ASCII or full-width, into ASCII; blanks count for nothing.
 * -EBADMSG else. */
int hb_share_code_parse(struct hb_slice text,
                        char ret[HB_SHARE_CODE_TEXT]) HB_WUR;

/* What a page may show before the code: nothing of the contents. */
struct hb_share_view {
    int64_t share, recipient;
    enum hb_share_kind kind;
    enum hb_share_state state; /* LIVE or EXPIRED */
    int64_t expires;
    char mail[HB_SHARE_MAIL_TEXT];
};

/* A GET: counts nothing but that the page was opened.  -EKEYREVOKED, -ENOENT
 * (show the same page for both). */
int hb_share_page(struct hb_share_store *s, struct hb_slice link,
                  const char *from, struct hb_share_view *ret) HB_WUR;

/* The same, counting nothing at all. */
int hb_share_link_view(struct hb_share_store *s, struct hb_slice link,
                       struct hb_share_view *ret) HB_WUR;

/* A code for CODE_MAIL, to be mailed to exactly that address.  -EBADMSG link
 * or nonce, -EAGAIN a budget, -EDQUOT the link's wrong tries are used up. */
struct hb_share_code {
    char digits[HB_SHARE_CODE_TEXT];
    char mail[HB_SHARE_MAIL_TEXT];
    int64_t share, recipient;
};
int hb_share_code_ask(struct hb_share_store *s, struct hb_slice link,
                      struct hb_slice nonce, const char *from,
                      struct hb_share_code *ret) HB_WUR;
/* -EACCES wrong, -ETIME there is no such code any more: ask for another,
 * -EAGAIN and -EDQUOT as above. */
int hb_share_code_try(struct hb_share_store *s, struct hb_slice link,
                      struct hb_slice nonce, struct hb_slice code,
                      const char *from,
                      char ret_grant[HB_SHARE_TOKEN_TEXT]) HB_WUR;
/* What GRANT opens; as for hb_share_page().  -EACCES it is none. */
int hb_share_grant_view(struct hb_share_store *s, struct hb_slice grant,
                        struct hb_share_view *ret) HB_WUR;
/* Signs off. */
int hb_share_grant_end(struct hb_share_store *s, struct hb_slice grant) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post.h - one short JSON text by HTTPS to an address of the settings.
 *
 * https:// anywhere, http:// to this machine alone (loopback).  No redirect is
 * followed: who answers with one could have the text sent on.  The answer's
 * body is thrown away.
 */
#ifndef HB_NET_POST_H
#define HB_NET_POST_H

#include "base/err.h"

struct hb_post {
    const char *url;
    struct hb_slice json;
    /* The text is signed with it: HMAC-SHA256 (RFC 2104) of the body, in hex,
     * as "X-Hinoban-Signature: sha256=..."; "" not signed */
    const char *secret;
    unsigned seconds; /* for all of it; 0: 30 */
};

/* Whether URL may be posted to, as above. */
bool hb_post_url_ok(const char *url);
/* 0: an answer of 200 to 299; *RET_STATUS is the answer's number, 0 none.
 * -EINVAL (address), -EACCES (another answer), and those of hb_fetch(). */
int hb_post_send(const struct hb_post *p, int *ret_status,
                 struct hb_err *err) HB_WUR;

#endif

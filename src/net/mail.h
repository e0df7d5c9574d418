/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h - one short text by SMTP (RFC 5321) to a relay that we were told.
 *
 * libcurl speaks SMTP; TLS is used where the relay offers it (smtp://) or
 * always (smtps://).  Addresses and subject may hold no line ends, so that
 * nothing can be added to the headers.
 */
#ifndef HB_NET_MAIL_H
#define HB_NET_MAIL_H

#include "base/err.h"

struct hb_mail {
    const char *relay; /* "smtp://127.0.0.1:25" */
    const char *from, *to;
    const char *subject;  /* UTF-8 */
    struct hb_slice text; /* UTF-8, lines end in "\n" */
    int64_t time;         /* ns UTC, for Date: */
    unsigned seconds;     /* for all of it; 0: 30 */
};

/* Whether Z may stand in a header as an address. */
bool hb_mail_address_ok(const char *z);
/* 0: the relay has taken it.  -EINVAL (addresses, subject, relay),
 * -ECONNREFUSED, -ETIMEDOUT, -EKEYREJECTED (certificate), -EACCES (the relay
 * refuses), -EPROTO; ERR says it in words. */
int hb_mail_send(const struct hb_mail *m, struct hb_err *err) HB_WUR;

#endif

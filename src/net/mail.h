/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mail.h - one short text by SMTP (RFC 5321) to a relay that we were told.
 *
 * libcurl speaks SMTP.  smtps:// is TLS from the first byte.  smtp:// to this
 * machine itself (loopback) is plain; to any other it demands STARTTLS, since
 * one in the path could strip the offer, unless the caller says "plain".  The
 * certificate is always verified.  Addresses and subject may hold no line
 * ends, so that nothing can be added to the headers.
 */
#ifndef HB_NET_MAIL_H
#define HB_NET_MAIL_H

#include "base/err.h"

struct hb_mail {
    const char *relay; /* "smtp://127.0.0.1:25" */
    const char *from, *to;
    const char *subject;  /* UTF-8 */
    struct hb_slice text; /* UTF-8, lines end in "\n" */
    /* ASCII in lines of at most 76 characters, a part of its own that no
     * relay has a reason to re-encode; {0} none */
    struct hb_slice lines;
    const char *lines_name; /* of that part as a file: "checkpoint.txt" */
    int64_t time;           /* ns UTC, for Date: */
    unsigned seconds;       /* for all of it; 0: 30 */
    bool plain;             /* smtp:// without TLS even to another machine */
    /* NULL: the relay wants none.  They go over TLS only, also to this machine
     * and where PLAIN is said. */
    const char *user, *password;
    const char *ca_file; /* trusted instead of the system's; NULL for that */
    /* What the relay said last, one line of printable ASCII with NUL, for the
     * record; HB_MAIL_ANSWER bytes of the caller's, NULL: nobody asks */
    char *ret_answer;
};
#define HB_MAIL_ANSWER 256u

/* Whether HOST, as a URL has it, is this machine by its name alone. */
bool hb_net_loopback(const char *host);
/* Whether RELAY ("smtp://HOST:PORT") is this machine by its name alone:
 * localhost, 127.0.0.0/8 or [::1]. */
bool hb_mail_loopback(const char *relay);
/* 0: the relay has taken it.  -EINVAL (addresses, subject, relay),
 * -ECONNREFUSED, -ETIMEDOUT, -EKEYREJECTED (certificate, or no TLS where it is
 * demanded: nothing of the mail was sent), -EACCES (the relay refuses us or
 * the mail), -EPROTO; ERR says it in words. */
int hb_mail_send(const struct hb_mail *m, struct hb_err *err) HB_WUR;

#endif

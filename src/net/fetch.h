/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - one page over HTTP or HTTPS, as a visitor would get it, bounded.
 *
 * libcurl does TLS, HTTP and names.  Everything that answers is foreign: the
 * size of headers and body, the number of redirects and the time for all of
 * it together have ceilings.  No proxy, no cookies, no .netrc, no file: or
 * other scheme, whatever the environment or the answer says.  Blocks for at
 * most the given time.
 */
#ifndef HB_NET_FETCH_H
#define HB_NET_FETCH_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/crypto.h"

#define HB_FETCH_URL_MAX 2048u /* bytes with the terminator */

struct hb_fetch_limits {
    size_t body;         /* bytes; 0: 8 MiB */
    size_t headers;      /* bytes of all answers' headers; 0: 64 KiB */
    unsigned seconds;    /* for all of it together; 0: 15 */
    unsigned redirects;  /* followed, on the same host only, and never from
                            https to http */
    const char *ca_file; /* PEM: the authorities that count, instead of the
                            system's; NULL: those */
    const char *header;  /* one more line, "Name: value"; NULL */
};

struct hb_fetched {
    int status;                     /* of the last answer */
    char url[HB_FETCH_URL_MAX];     /* whose answer this is */
    char next[HB_FETCH_URL_MAX];    /* a redirect that was not followed; "" */
    unsigned redirects;             /* that were followed */
    char ip[64];                    /* who answered */
    char type[128];                 /* Content-Type, "" where absent */
    char server[128];               /* Server */
    char retry_after[64];           /* Retry-After */
    char request_id[64];            /* X-Request-Id */
    struct hb_buf body;             /* at most the limit ... */
    bool cut;                       /* ... and there was more */
    uint8_t sha256[HB_SHA256_SIZE]; /* of body as kept */
    bool has_cert;
    uint8_t cert[HB_SHA256_SIZE]; /* SHA-256 of the certificate (DER) */
    int64_t cert_until;           /* its end of validity, ns UTC */
};

/* Fetches URL with GET, uncompressed and uncached.  0 for any answer, also
 * 404 or 503.  -EINVAL (no http or https URL), -ENOENT (no such name),
 * -ECONNREFUSED, -ETIMEDOUT, -EKEYREJECTED (certificate), -EFBIG (headers),
 * -ELOOP (redirects), -EPROTO (no HTTP), -ENOMEM; ERR says it in words.  RET
 * is to be given to hb_fetched_done() in each case. */
int hb_fetch(const char *url, const struct hb_fetch_limits *limits,
             struct hb_fetched *ret, struct hb_err *err) HB_WUR;
void hb_fetched_done(struct hb_fetched *f);
#define _cleanup_fetched_ HB_CLEANUP(hb_fetched_done)

/* The host of URL in lower case into BUF; -EINVAL. */
int hb_url_host(const char *url, char *buf, size_t size) HB_WUR;
/* BASE joined with PATH, whose bytes are escaped as RFC 3986 wants: BASE is
 * the address of the directory (with or without the last slash). */
int hb_url_join(const char *base, struct hb_slice path, char *buf,
                size_t size) HB_WUR;

#endif

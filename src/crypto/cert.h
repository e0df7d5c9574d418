/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h - a certificate authority of our own, and certificates for the names
 * under which our pages are opened (X.509, RFC 5280; EC P-256).
 *
 * The authority may sign for the names that it was made for and what is below
 * them, and for nothing else (name constraints, RFC 5280: 4.2.1.10): whoever
 * trusts it does not trust us with the rest of the internet.
 */
#ifndef HB_CRYPTO_CERT_H
#define HB_CRYPTO_CERT_H

#include "base/buf.h"
#include "base/err.h"

#define HB_CERT_DAYS  397u  /* what browsers take at most (CA/B forum, 2020) */
#define HB_CERT_CA    3650u /* days of the authority */
#define HB_CERT_NAMES 16u

struct hb_cert_names {
    const char *const *v; /* host names in small letters, or addresses */
    size_t n;             /* 1..HB_CERT_NAMES */
};

/* A new authority for NAMES, called ORGANISATION in browsers' lists: PEM of
 * its certificate and its key (PKCS #8, not encrypted: KEY is wiped by the
 * caller).  NOW: seconds since 1970.  -EINVAL a name that is none. */
int hb_cert_authority(const char *organisation,
                      const struct hb_cert_names *names, int64_t now,
                      struct hb_buf *ret_cert, struct hb_buf *ret_key,
                      struct hb_err *err) HB_WUR;
/* A new key and a certificate of it for NAMES by that authority.  -EBADMSG its
 * files are no such thing, -EADDRNOTAVAIL it was made for other names. */
int hb_cert_issue(struct hb_slice ca_cert, struct hb_slice ca_key,
                  const struct hb_cert_names *names, int64_t now,
                  struct hb_buf *ret_cert, struct hb_buf *ret_key,
                  struct hb_err *err) HB_WUR;

struct hb_cert_facts {
    int64_t from, until; /* seconds since 1970 */
    char sha256[65];     /* of the certificate, hex: to compare by telephone */
    bool self_signed;
};
/* The first certificate of PEM.  -EBADMSG it holds none. */
int hb_cert_read(struct hb_slice pem, struct hb_cert_facts *ret) HB_WUR;
/* Whether KEY belongs to the first certificate of PEM and that is for NAME
 * (without wildcards of more than one label).  -EBADMSG no such things,
 * -ENOKEY another key, -EADDRNOTAVAIL another name. */
int hb_cert_fits(struct hb_slice pem, struct hb_slice key,
                 const char *name) HB_WUR;

#endif

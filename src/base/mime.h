/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mime.h - the two encodings of mail bodies: base64 (RFC 4648, RFC 2045 6.8)
 * and quoted-printable (RFC 2045 6.7); and what may stand as an address.
 *
 * The decoders read what strangers' programs wrote: they never read past the
 * slice, give at most as many bytes as they were given, and leave what is no
 * code as it stands, as RFC 2045 advises.
 */
#ifndef HB_BASE_MIME_H
#define HB_BASE_MIME_H

#include "base/buf.h"

/* Appends P, N with padding and without line breaks. */
void hb_base64_encode(struct hb_buf *b, const void *p, size_t n);
/* Appends what S means; blanks and line ends count for nothing, and what
 * stands behind the first "=" is left out.  -EBADMSG (B may have got a
 * part) any other character. */
int hb_base64_decode(struct hb_buf *b, struct hb_slice s) HB_WUR;
/* Whether C is one of the 64 digits or "=". */
bool hb_base64_is(char c);

/* Appends TEXT (lines end in "\n") as lines of at most 76 ASCII characters
 * that end in "\r\n"; control characters but tabs are encoded. */
void hb_qp_encode(struct hb_buf *b, struct hb_slice text);
void hb_qp_decode(struct hb_buf *b, struct hb_slice s);

/* Whether Z may stand in a header as an address: ASCII without what a header
 * would read as more than one. */
bool hb_mail_address_ok(const char *z);

#endif

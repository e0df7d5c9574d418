/* SPDX-License-Identifier: Apache-2.0 */
/*
 * multipart.h - a form with files (multipart/form-data, RFC 7578) in pieces of
 * any size, in constant memory.
 *
 * Strict about what senders of our time write (CRLF, one Content-Disposition a
 * part); everything else is -EBADMSG: what two readers understand differently
 * is where filters are passed by.
 */
#ifndef HB_NET_MULTIPART_H
#define HB_NET_MULTIPART_H

#include "base/base.h"

#define HB_MULTIPART_PARTS 64u
#define HB_MULTIPART_NAME  768u /* bytes of a name: 255 characters */

struct hb_multipart;

struct hb_multipart_fn {
    /* A part begins after AT bytes of the body.  FILE NULL: a field.  < 0 ends
     * it all with that. */
    int (*part)(void *arg, const char *name, const char *file, int64_t at);
    int (*data)(void *arg, const void *p, size_t n);
    void *arg;
};

/* CONTENT_TYPE is the header with its boundary: -EINVAL it is no such form, or
 * the boundary no good (RFC 2046: 5.1.1). */
int hb_multipart_new(const char *content_type, const struct hb_multipart_fn *fn,
                     struct hb_multipart **ret) HB_WUR;
void hb_multipart_free(struct hb_multipart *m);
/* 0, -EBADMSG, or what FN said; then nothing more is read. */
int hb_multipart_feed(struct hb_multipart *m, const void *p, size_t n) HB_WUR;
/* The body has ended: -EBADMSG in the middle of the form. */
int hb_multipart_end(struct hb_multipart *m) HB_WUR;
/* Bytes that follow a last part's data: "\r\n--BOUNDARY--\r\n". */
size_t hb_multipart_tail(const struct hb_multipart *m);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disposition.h - names of files and small things of headers, to and fro.
 */
#ifndef HB_NET_DISPOSITION_H
#define HB_NET_DISPOSITION_H

#include "base/buf.h"
#include "base/i18n.h"

/* Appends "attachment; filename=...; filename*=UTF-8''..." (RFC 6266, RFC
 * 8187) for NAME, which may be anything: what cannot be seen, separators of
 * paths and bytes that are no UTF-8 become "_". */
void hb_disposition(struct hb_buf *b, const char *name);

/* Of a header "Accept-Language": the first of ours that is wanted most; DFLT
 * where none is. */
enum hb_lang hb_accept_language(const char *value, enum hb_lang dflt);

/* The value of the cookie NAME in a header "Cookie" (RFC 6265), copied to DST
 * of SIZE; false where there is none, it stands there twice, or it is too
 * long. */
bool hb_cookie(const char *header, const char *name, char *dst, size_t size);

/* "bytes=N-" or "bytes=N-M" of a Range header (RFC 9110: 14); only the first
 * byte counts, and several ranges count as none: 1, 0 none, -ERANGE past
 * SIZE. */
int hb_range(const char *value, int64_t size, int64_t *ret_at) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escape.h - foreign text into HTML, one function a context.
 *
 * The result is safe in the context that the name says and in no other.
 * Characters that cannot be seen or that turn others around (show.h of base)
 * become visible text such as "\u202e", line breaks included.  There is no
 * function for scripts or style: foreign text does not go there.
 */
#ifndef HB_HTML_ESCAPE_H
#define HB_HTML_ESCAPE_H

#include "base/buf.h"

/* Between tags. */
void hb_html_text(struct hb_buf *b, struct hb_slice s);

/* Between a textarea's tags: as it was typed, line breaks and what cannot be
 * seen included, since it comes back with the form.  Only bytes that are no
 * UTF-8 become visible text. */
void hb_html_lines(struct hb_buf *b, struct hb_slice s);

/* Inside an attribute's double quotes, which the caller writes. */
void hb_html_attr(struct hb_buf *b, struct hb_slice s);

/* A link's target inside the double quotes of href or src: http, https,
 * mailto, or a reference without scheme and host ("a/b", "/a?b", "#c").
 * Anything else (javascript:, data:, //host, backslashes, control
 * characters, a leading blank) is written as "#" and false is returned.
 * Bytes that RFC 3986 does not permit are percent-encoded. */
bool hb_html_url(struct hb_buf *b, struct hb_slice s);

/* A part of such a URL, behind its scheme and host: what RFC 3986 reserves is
 * percent-encoded too, but for "@" (of mailto:). */
void hb_html_url_part(struct hb_buf *b, struct hb_slice s);

#endif

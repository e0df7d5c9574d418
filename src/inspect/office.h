/* SPDX-License-Identifier: Apache-2.0 */
/*
 * office.h - the text of office documents (ECMA-376, OASIS OpenDocument) out
 * of one part of their XML: a line a paragraph or row, cells apart by tabs.
 *
 * It reads tags and text, not XML: a part that is not well-formed gives what
 * can be read of it.  References (&amp; &#N;) stay as they are.
 */
#ifndef HB_INSPECT_OFFICE_H
#define HB_INSPECT_OFFICE_H

#include "base/buf.h"

/* Text of any part, added to B. */
void hb_office_text(struct hb_slice xml, struct hb_buf *b);

/* xl/sharedStrings.xml. */
struct hb_office_strings {
    struct hb_buf text;
    uint32_t *end; /* of each, in TEXT */
    size_t n, cap;
};
void hb_office_strings_done(struct hb_office_strings *s);
/* S begins as {.text = HB_BUF_INIT}.  -ENOMEM. */
int hb_office_strings(struct hb_slice xml, struct hb_office_strings *s) HB_WUR;

/* A sheet of xl/worksheets, with the strings that its cells name. */
void hb_office_sheet(struct hb_slice xml, const struct hb_office_strings *s,
                     struct hb_buf *b);

#endif

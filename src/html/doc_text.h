/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_text.h - the plain-text half of doc.c: lines, lists and tables aligned
 * in columns.  Included by doc.c and doc_text.c only.
 */
#ifndef HB_HTML_DOC_TEXT_H
#define HB_HTML_DOC_TEXT_H

#include "html/doc.h"

/* Z with a line of RULE below it, as wide as Z. */
void hb_doc_text_title(struct hb_buf *b, const char *z, char rule);
/* Z in lines of HB_DOC_WIDTH; the first begins with LEAD, the others with as
 * many blanks.  A line break in Z begins a new line. */
void hb_doc_text_para(struct hb_buf *b, const char *z, const char *lead);
/* Each line of Z behind four blanks, never broken. */
void hb_doc_text_excerpt(struct hb_buf *b, const char *z);
/* CELLS holds N terminated texts, COLUMNS of them a line; all are fit to be
 * shown.  With HEADS the first line is one of headings. */
int hb_doc_text_table(struct hb_buf *b, const struct hb_buf *cells, size_t n,
                      size_t columns, bool heads);

#endif

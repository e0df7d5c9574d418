/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.h - papers for people: the same calls write a standalone HTML page and
 * plain text, either of which may be left out.
 *
 *     struct hb_doc d;
 *     hb_doc_begin(&d, &html, &text, "ja", "First report");
 *     hb_doc_heading(&d, 2, "What happened");
 *     hb_doc_row(&d, "Noticed", "2026-04-01 09:30 JST");
 *     hb_doc_row(&d, "Cause", "under investigation");
 *     r = hb_doc_end(&d);
 *
 * All texts are UTF-8 and may be foreign: they are escaped for their place,
 * and invisible or direction-changing characters are made visible.  A line
 * break is kept in paragraphs and excerpts only: a foreign word goes through
 * hb_show() before it becomes part of a paragraph.  The page loads nothing,
 * runs nothing (its own policy forbids it), prints on A4, follows the
 * reader's light or dark setting and is built for screen readers (WCAG 2.2:
 * language, one h1, headings in order, captions, header cells).
 * Plain text is aligned for terminals where full-width characters take two
 * columns.
 */
#ifndef HB_HTML_DOC_H
#define HB_HTML_DOC_H

#include "base/buf.h"

#define HB_DOC_COLUMNS 12u /* of one table */
#define HB_DOC_WIDTH   78u /* columns of plain text */

enum hb_doc_part { HB_DOC_NONE, HB_DOC_ROWS, HB_DOC_TABLE, HB_DOC_LIST };

/* On the caller's stack; fields are the writer's own. */
struct hb_doc {
    struct hb_buf *html, *text;
    enum hb_doc_part part; /* what is open */
    unsigned level;        /* of the last heading */
    size_t columns;
    size_t cells_n;
    struct hb_buf cells; /* of the open part, for the text */
    int err;
};

/* HTML or TEXT may be NULL.  LANG is "en" or "ja". */
void hb_doc_begin(struct hb_doc *d, struct hb_buf *html, struct hb_buf *text,
                  const char *lang, const char *title);
/* LEVEL 2..4, at most one deeper than the heading before. */
void hb_doc_heading(struct hb_doc *d, unsigned level, const char *heading);
void hb_doc_para(struct hb_doc *d, const char *z);
/* One row of names and values; neighbours form one list.  NAME NULL: another
 * value of the name before. */
void hb_doc_row(struct hb_doc *d, const char *name, const char *value);
/* One point of a list; neighbours form one list. */
void hb_doc_item(struct hb_doc *d, const char *z);
/* Lines as they are: an excerpt of a log or a file. */
void hb_doc_excerpt(struct hb_doc *d, const char *z);
/* A table of N columns (at most HB_DOC_COLUMNS) with CAPTION and HEADS, then
 * hb_doc_cells() with N cells a row (NULL: empty).  Whatever else is called
 * ends it. */
void hb_doc_table(struct hb_doc *d, const char *caption,
                  const char *const *heads, size_t n);
void hb_doc_cells(struct hb_doc *d, const char *const *cells);
/* TEXT as a QR code (level M), 70 mm wide; LABEL says what it is to who cannot
 * see it, whole and in their language: "QR code of ...". */
void hb_doc_qr(struct hb_doc *d, const char *label, struct hb_slice text);
/* Its dark squares as the path of an SVG of *RET_SIZE by *RET_SIZE, quiet zone
 * and all.  -EFBIG. */
int hb_qr_path(struct hb_buf *b, struct hb_slice text,
               unsigned *ret_size) HB_WUR;
/* For parts that are written elsewhere: closes the list or table. */
void hb_doc_end_part(struct hb_doc *d);
/* Closes everything; 0, -ENOMEM or -EFBIG. */
int hb_doc_end(struct hb_doc *d) HB_WUR;

#endif

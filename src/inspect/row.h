/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - lines as rows of a table: CSV, TSV, "|" of Markdown, cells of HTML.
 */
#ifndef HB_INSPECT_ROW_H
#define HB_INSPECT_ROW_H

#include "inspect/letters.h"

#define HB_COLUMNS 64u /* further cells of a row are one */

struct hb_cell {
    uint32_t begin, end; /* letters, without blanks and quotes around */
};

/* What separates the cells of the line, 0 where it is no row. */
uint32_t hb_row_separator(const struct hb_letters *l);
/* Cells of letters BEGIN..END of the line; their number. */
size_t hb_row_split(const struct hb_letters *l, size_t begin, size_t end,
                    uint32_t separator, struct hb_cell cells[HB_COLUMNS]);
/* Whether a quoted cell goes on in the next line (RFC 4180). */
bool hb_row_open(const struct hb_letters *l);
/* "|---|:--:|" and lines of dashes. */
bool hb_row_rule(const struct hb_letters *l);

#endif

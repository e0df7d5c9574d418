/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_text.c - papers as plain text.
 *
 * Runs in the processes that write papers, on texts that may be foreign.
 * Columns are as wide as their widest cell; where the line would grow past
 * HB_DOC_WIDTH, the widest column gives way and its cells continue on the
 * next line.
 */
#include "base/show.h"
#include "html/doc_text.h"
#include "html/width.h"

#define GAP        2u /* blanks between columns */
#define COLUMN_MIN 8u /* a column that gives way keeps these */

static void pad(struct hb_buf *b, char c, unsigned n);
static void trim(struct hb_buf *b);
static void fit(unsigned *widths, size_t columns);
static void put_line(struct hb_buf *b, const char **cells,
                     const unsigned *widths, size_t columns);

void hb_doc_text_title(struct hb_buf *b, const char *z, char rule)
{
    size_t start = b->n;

    hb_show(b, hb_slice_z(z));
    if (hb_buf_err(b) < 0)
        return;
    hb_buf_addc(b, '\n');
    if (hb_buf_err(b) < 0)
        return;
    pad(b, rule, hb_width(b->p + start, b->n - start - 1));
    hb_buf_addz(b, "\n");
}

void hb_doc_text_para(struct hb_buf *b, const char *z, const char *lead)
{
    unsigned indent = hb_width(lead, strlen(lead));
    bool first = true;

    do {
        _cleanup_buf_ struct hb_buf line = HB_BUF_INIT;
        size_t n = strcspn(z, "\n"), at = 0;

        hb_show(&line, hb_slice(z, n));
        if (hb_buf_err(&line) < 0) {
            b->err = b->err != 0 ? b->err : hb_buf_err(&line);
            return;
        }
        do {
            size_t skip = 0, used;

            used = hb_width_line(hb_buf_z(&line) + at, line.n - at,
                                 HB_DOC_WIDTH - indent, &skip);
            if (first)
                hb_buf_addz(b, lead);
            else if (used > 0)
                pad(b, ' ', indent);
            first = false;
            hb_buf_add(b, hb_buf_z(&line) + at, used);
            trim(b);
            hb_buf_addc(b, '\n');
            at += used + skip;
        } while (at < line.n);
        z += n;
    } while (*z++ == '\n' && *z != '\0');
}

void hb_doc_text_excerpt(struct hb_buf *b, const char *z)
{
    do {
        size_t n = strcspn(z, "\n");

        hb_buf_addz(b, "    ");
        hb_show(b, hb_slice(z, n));
        trim(b);
        hb_buf_addc(b, '\n');
        z += n;
    } while (*z++ == '\n' && *z != '\0');
}

int hb_doc_text_table(struct hb_buf *b, const struct hb_buf *cells, size_t n,
                      size_t columns, bool heads)
{
    const char *row[HB_DOC_COLUMNS], *p = hb_buf_z(cells);
    unsigned widths[HB_DOC_COLUMNS] = {0};

    HB_ASSERT(columns > 0 && columns <= HB_DOC_COLUMNS && n % columns == 0);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(p);
        unsigned w = hb_width(p, len);

        widths[i % columns] = HB_MAX(widths[i % columns], w);
        p += len + 1;
    }
    fit(widths, columns);
    p = hb_buf_z(cells);
    for (size_t i = 0; i < n; i++) {
        row[i % columns] = p;
        p += strlen(p) + 1;
        if (i % columns != columns - 1)
            continue;
        put_line(b, row, widths, columns);
        if (!heads || i != columns - 1)
            continue;
        for (size_t c = 0; c < columns; c++) {
            pad(b, '-', HB_MAX(widths[c], 1u));
            pad(b, ' ', c + 1 < columns ? GAP : 0);
        }
        hb_buf_addc(b, '\n');
    }
    return hb_buf_err(b);
}

static void pad(struct hb_buf *b, char c, unsigned n)
{
    while (n-- > 0)
        hb_buf_addc(b, c);
}

/* No blanks at a line's end. */
static void trim(struct hb_buf *b)
{
    if (hb_buf_err(b) < 0)
        return;
    while (b->n > 0 && b->p[b->n - 1] == ' ')
        b->p[--b->n] = '\0';
}

/* Takes columns from the widest until all fit, or all are small. */
static void fit(unsigned *widths, size_t columns)
{
    size_t total = GAP * (columns - 1);

    for (size_t c = 0; c < columns; c++)
        total += widths[c];
    while (total > HB_DOC_WIDTH) {
        size_t widest = 0;
        unsigned second = COLUMN_MIN, cut;

        for (size_t c = 1; c < columns; c++) {
            if (widths[c] > widths[widest])
                widest = c;
        }
        for (size_t c = 0; c < columns; c++) {
            if (c != widest)
                second = HB_MAX(second, widths[c]);
        }
        if (widths[widest] <= COLUMN_MIN)
            return;
        /* Down to the next one, or by one where they are equal. */
        cut = second < widths[widest] ? widths[widest] - second : 1;
        cut = (unsigned)HB_MIN((size_t)cut, total - HB_DOC_WIDTH);
        widths[widest] -= cut;
        total -= cut;
    }
}

/* One row, on as many lines as its longest cell needs. */
static void put_line(struct hb_buf *b, const char **cells,
                     const unsigned *widths, size_t columns)
{
    bool more = true;

    while (more) {
        more = false;
        for (size_t c = 0; c < columns; c++) {
            size_t skip = 0, left = strlen(cells[c]);
            size_t used =
                hb_width_line(cells[c], left, HB_MAX(widths[c], 1u), &skip);
            unsigned w = hb_width(cells[c], used);

            hb_buf_add(b, cells[c], used);
            cells[c] += used + skip;
            more = more || *cells[c] != '\0';
            if (c + 1 < columns)
                pad(b, ' ', (w < widths[c] ? widths[c] - w : 0) + GAP);
        }
        trim(b);
        hb_buf_addc(b, '\n');
    }
}

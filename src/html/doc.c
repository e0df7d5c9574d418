/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.c - papers for people, as a standalone page and as plain text.
 *
 * Runs in the processes that write papers.  All texts may be foreign.  The
 * HTML goes straight to its buffer; what plain text must align (rows, tables)
 * is kept until the list or table ends.
 */
#include "base/show.h"
#include "html/doc.h"
#include "html/doc_style.h"
#include "html/doc_text.h"
#include "html/escape.h"

static void html(struct hb_doc *d, const char *before, const char *z,
                 const char *after);
static void html_lines(struct hb_doc *d, const char *z);
static void text_one(struct hb_doc *d, const char *z, const char *lead);
static void keep_cell(struct hb_doc *d, const char *z, const char *after);
static void gap(struct hb_doc *d);

void hb_doc_begin(struct hb_doc *d, struct hb_buf *html_to, struct hb_buf *text,
                  const char *lang, const char *title)
{
    *d = (struct hb_doc){.html = html_to, .text = text, .level = 1};
    hb_buf_init(&d->cells, 0);
    if (d->html != NULL) {
        hb_buf_addz(d->html, "<!DOCTYPE html>\n<html lang=\"");
        hb_html_attr(d->html, hb_slice_z(lang));
        hb_buf_addz(d->html,
                    "\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, "
                    "initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<meta name=\"referrer\" content=\"no-referrer\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" "
                    "content=\"default-src 'none'; base-uri 'none'; "
                    "form-action 'none'; style-src '" HB_DOC_STYLE_HASH
                    "'\">\n");
        html(d, "<title>", title,
             "</title>\n<style>" HB_DOC_STYLE "</style>\n</head>\n<body>\n");
        html(d, "<main>\n<h1>", title, "</h1>\n");
    }
    if (d->text != NULL)
        hb_doc_text_title(d->text, title, '=');
}

void hb_doc_heading(struct hb_doc *d, unsigned level, const char *heading)
{
    static const char *const open[] = {"<h2>", "<h3>", "<h4>"};
    static const char *const close[] = {"</h2>\n", "</h3>\n", "</h4>\n"};

    HB_ASSERT(level >= 2 && level <= 4 && level <= d->level + 1);
    hb_doc_end_part(d);
    d->level = level;
    html(d, open[level - 2], heading, close[level - 2]);
    if (d->text != NULL) {
        gap(d);
        if (level == 2)
            hb_doc_text_title(d->text, heading, '-');
        else
            text_one(d, heading, level == 3 ? "## " : "### ");
    }
}

void hb_doc_para(struct hb_doc *d, const char *z)
{
    hb_doc_end_part(d);
    if (d->html != NULL) {
        hb_buf_addz(d->html, "<p>");
        html_lines(d, z);
        hb_buf_addz(d->html, "</p>\n");
    }
    if (d->text != NULL) {
        gap(d);
        hb_doc_text_para(d->text, z, "");
    }
}

void hb_doc_row(struct hb_doc *d, const char *name, const char *value)
{
    if (d->part != HB_DOC_ROWS) {
        HB_ASSERT(name != NULL);
        hb_doc_end_part(d);
        d->part = HB_DOC_ROWS;
        html(d, "<dl>\n", NULL, NULL);
    } else if (name != NULL) {
        html(d, "</div>\n", NULL, NULL);
    }
    if (name != NULL)
        html(d, "<div><dt>", name, "</dt>");
    html(d, "<dd><bdi>", value, "</bdi></dd>");
    keep_cell(d, name != NULL ? name : "", name != NULL ? ":" : "");
    keep_cell(d, value, "");
}

void hb_doc_item(struct hb_doc *d, const char *z)
{
    if (d->part != HB_DOC_LIST) {
        hb_doc_end_part(d);
        d->part = HB_DOC_LIST;
        html(d, "<ul>\n", NULL, NULL);
        if (d->text != NULL)
            gap(d);
    }
    html(d, "<li><bdi>", z, "</bdi></li>\n");
    if (d->text != NULL)
        text_one(d, z, "- ");
}

void hb_doc_excerpt(struct hb_doc *d, const char *z)
{
    hb_doc_end_part(d);
    if (d->html != NULL) {
        const char *line = z;

        hb_buf_addz(d->html, "<pre dir=\"ltr\">");
        do {
            size_t n = strcspn(line, "\n");

            if (line != z)
                hb_buf_addc(d->html, '\n');
            hb_html_text(d->html, hb_slice(line, n));
            line += n;
        } while (*line++ == '\n' && *line != '\0');
        hb_buf_addz(d->html, "</pre>\n");
    }
    if (d->text != NULL) {
        gap(d);
        hb_doc_text_excerpt(d->text, z);
    }
}

void hb_doc_table(struct hb_doc *d, const char *caption,
                  const char *const *heads, size_t n)
{
    HB_ASSERT(n > 0 && n <= HB_DOC_COLUMNS);
    hb_doc_end_part(d);
    d->part = HB_DOC_TABLE;
    d->columns = n;
    html(d, "<table>\n<caption>", caption, "</caption>\n<thead><tr>");
    if (d->text != NULL) {
        gap(d);
        text_one(d, caption, "");
    }
    for (size_t i = 0; i < n; i++) {
        html(d, "<th scope=\"col\">", heads[i], "</th>");
        keep_cell(d, heads[i], "");
    }
    html(d, "</tr></thead>\n<tbody>\n", NULL, NULL);
}

void hb_doc_cells(struct hb_doc *d, const char *const *cells)
{
    HB_ASSERT(d->part == HB_DOC_TABLE);
    html(d, "<tr>", NULL, NULL);
    for (size_t i = 0; i < d->columns; i++) {
        const char *z = cells[i] != NULL ? cells[i] : "";

        html(d, "<td><bdi>", z, "</bdi></td>");
        keep_cell(d, z, "");
    }
    html(d, "</tr>\n", NULL, NULL);
}

int hb_doc_end(struct hb_doc *d)
{
    hb_doc_end_part(d);
    hb_buf_done(&d->cells);
    html(d, "</main>\n</body>\n</html>\n", NULL, NULL);
    if (d->err == 0 && d->html != NULL)
        d->err = hb_buf_err(d->html);
    if (d->err == 0 && d->text != NULL)
        d->err = hb_buf_err(d->text);
    return d->err;
}

/* Closes the open list or table. */
void hb_doc_end_part(struct hb_doc *d)
{
    static const char *const close[] = {
        [HB_DOC_ROWS] = "</div>\n</dl>\n",
        [HB_DOC_TABLE] = "</tbody>\n</table>\n",
        [HB_DOC_LIST] = "</ul>\n",
    };
    enum hb_doc_part part = d->part;
    int rc;

    if (part == HB_DOC_NONE)
        return;
    html(d, close[part], NULL, NULL);
    if (d->text != NULL && part != HB_DOC_LIST && d->err == 0) {
        if (part == HB_DOC_ROWS)
            gap(d);
        rc = hb_doc_text_table(d->text, &d->cells, d->cells_n,
                               part == HB_DOC_ROWS ? 2 : d->columns,
                               part == HB_DOC_TABLE);
        if (rc < 0)
            d->err = rc;
    }
    hb_buf_reset(&d->cells);
    d->cells_n = 0;
    d->part = HB_DOC_NONE;
}

/* BEFORE and AFTER are markup, Z (may be NULL) is text. */
static void html(struct hb_doc *d, const char *before, const char *z,
                 const char *after)
{
    if (d->html == NULL)
        return;
    hb_buf_addz(d->html, before);
    if (z != NULL)
        hb_html_text(d->html, hb_slice_z(z));
    if (after != NULL)
        hb_buf_addz(d->html, after);
}

/* A paragraph's lines. */
static void html_lines(struct hb_doc *d, const char *z)
{
    bool first = true;

    do {
        size_t n = strcspn(z, "\n");

        if (!first)
            hb_buf_addz(d->html, "<br>\n");
        first = false;
        hb_html_text(d->html, hb_slice(z, n));
        z += n;
    } while (*z++ == '\n' && *z != '\0');
}

/* Z behind LEAD, its line breaks made visible: a foreign text cannot write a
 * line of its own. */
static void text_one(struct hb_doc *d, const char *z, const char *lead)
{
    _cleanup_buf_ struct hb_buf shown = HB_BUF_INIT;

    hb_show(&shown, hb_slice_z(z));
    if (hb_buf_err(&shown) < 0)
        d->err = hb_buf_err(&shown);
    hb_doc_text_para(d->text, hb_buf_z(&shown), lead);
}

/* Z, made fit to be shown, for the text's columns. */
static void keep_cell(struct hb_doc *d, const char *z, const char *after)
{
    if (d->text == NULL)
        return;
    hb_show(&d->cells, hb_slice_z(z));
    hb_buf_addz(&d->cells, after);
    hb_buf_addc(&d->cells, '\0');
    d->cells_n++;
    if (hb_buf_err(&d->cells) < 0)
        d->err = hb_buf_err(&d->cells);
}

/* An empty line before the next part. */
static void gap(struct hb_doc *d)
{
    hb_buf_addc(d->text, '\n');
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_form.c - `hinoban report form`: the slip that staff fill in by hand,
 * in both languages on one page.
 *
 * Runs as whoever calls, over the installed case book, and asks nobody.  The
 * questions are those of the paper F01; each stands for a fact, so that the
 * officer knows where an answer goes (hinoban fact set).
 */
#include "cli/report_form.h"

#include <stdio.h>

#include "casebook/casebook.h"
#include "html/doc.h"

#define SLIP  "F01"
#define BLANK "______________________________"
#define BOXES "[  ] はい Yes    [  ] いいえ No    [  ] 不明 not known"

static void write_slip(struct hb_doc *d, const struct hb_casebook *b,
                       const struct hb_document *slip);
static void write_section(struct hb_doc *d, const struct hb_casebook *b,
                          const struct hb_doc_section *s);
static void write_field(struct hb_doc *d, const struct hb_casebook *b,
                        const struct hb_doc_field *f);
static const char *both(const struct hb_text *t, char *buf, size_t size);

int hb_cli_report_form(const struct hb_cli *cli, bool html)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const struct hb_document *slip = NULL;
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char dir[HB_MAX_PATH], title[200];
    struct hb_doc d;
    int r;

    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir) < 0)
        return hb_cli_fail_code("casebook", -ENAMETOOLONG);
    if (hb_casebook_load(dir, &b, &err) < 0)
        return hb_cli_fail(&err);
    if (b->n > 0)
        slip = hb_document_find(&b->cases[0], SLIP);
    if (slip == NULL) {
        hb_casebook_free(b);
        return hb_cli_fail_code(SLIP, -ENOENT);
    }
    hb_doc_begin(&d, html ? &out : NULL, html ? NULL : &out, "ja",
                 both(&slip->title, title, sizeof(title)));
    write_slip(&d, b, slip);
    r = hb_doc_end(&d);
    hb_casebook_free(b);
    if (r < 0)
        return hb_cli_fail_code(SLIP, r);
    (void)fputs(hb_buf_z(&out), stdout);
    return hb_cli_flush();
}

static void write_slip(struct hb_doc *d, const struct hb_casebook *b,
                       const struct hb_document *slip)
{
    char to[300];

    hb_doc_row(d, "提出先 / To", both(&slip->to, to, sizeof(to)));
    for (size_t i = 0; i < slip->sections_n; i++)
        write_section(d, b, &slip->sections[i]);
    if (slip->note.in[HB_LANG_EN] == NULL)
        return;
    hb_doc_para(d, slip->note.in[HB_LANG_JA]);
    hb_doc_para(d, slip->note.in[HB_LANG_EN]);
}

static void write_section(struct hb_doc *d, const struct hb_casebook *b,
                          const struct hb_doc_section *s)
{
    char title[300];

    if (s->title.in[HB_LANG_EN] != NULL)
        hb_doc_heading(d, 2, both(&s->title, title, sizeof(title)));
    for (unsigned lang = HB_LANG_COUNT; s->paras_n > 0 && lang-- > 0;)
        for (size_t i = 0; i < s->paras_n; i++) {
            const struct hb_doc_para *p = &s->paras[i];

            if (p->item)
                hb_doc_item(d, p->text.in[lang]);
            else
                hb_doc_para(d, p->text.in[lang]);
        }
    for (size_t i = 0; i < s->fields_n; i++)
        write_field(d, b, &s->fields[i]);
}

/* Words get two lines, a time one, yes or no its boxes. */
static void write_field(struct hb_doc *d, const struct hb_casebook *b,
                        const struct hb_doc_field *f)
{
    const struct hb_fact *fact = hb_fact_find(b, f->fact);
    char label[400];

    (void)both(&f->label, label, sizeof(label));
    if (fact != NULL && fact->type == HB_FACT_BOOLEAN) {
        hb_doc_row(d, label, BOXES);
        return;
    }
    hb_doc_row(d, label, BLANK);
    if (fact == NULL || fact->type == HB_FACT_STRING)
        hb_doc_row(d, NULL, BLANK);
}

static const char *both(const struct hb_text *t, char *buf, size_t size)
{
    (void)snprintf(buf, size, "%s / %s", t->in[HB_LANG_JA], t->in[HB_LANG_EN]);
    return buf;
}

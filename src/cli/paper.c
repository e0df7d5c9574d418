/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper.c - see paper.h.
 *
 * Runs as whoever calls.  The page is for somebody who finds it in a safe,
 * perhaps years later, and knows nothing of us: it says in both languages
 * what it is and how it is compared.  The words are in groups of eight, so
 * that they can be typed; `evidence verify --anchor` takes them as typed, and
 * the line that a reader of QR codes gives.
 */
#include "cli/paper.h"

#include <stdio.h>

#include "base/i18n.h"
#include "html/doc.h"

#define GROUP      8u
#define CODE_DIGIT 12 /* of the digest */

/* The words of a line. */
struct words {
    struct hb_slice number, digest, time, sig;
};

static int split(struct hb_slice line, struct words *w);
static struct hb_slice word(struct hb_slice *s);
static void explain(struct hb_doc *d, enum hb_lang lang, const char *code);
static void groups(struct hb_buf *b, struct hb_slice s, unsigned a_line);

int hb_cli_paper(struct hb_buf *b, const struct hb_paper *p,
                 char code[HB_PAPER_CODE], struct hb_err *err)
{
    struct hb_slice line = p->line;
    _cleanup_buf_ struct hb_buf digest = HB_BUF_INIT, sig = HB_BUF_INIT;
    char number[24], time[64], label[160];
    struct words w;
    struct hb_doc d;

    if (split(line, &w) < 0)
        return hb_err_set(err, -EBADMSG,
                          _("The service did not answer with a checkpoint."));
    (void)snprintf(number, sizeof(number), "%.*s", (int)w.number.n, w.number.p);
    (void)snprintf(time, sizeof(time), "%.*s", (int)w.time.n, w.time.p);
    (void)snprintf(code, HB_PAPER_CODE, "%.20s-%.*s", number, CODE_DIGIT,
                   w.digest.p);
    groups(&digest, w.digest, 4);
    groups(&sig, w.sig, 4);
    hb_doc_begin(&d, b, NULL, hb_lang_code(hb_i18n_lang()),
                 _("Checkpoint of the evidence log"));
    explain(&d, HB_LANG_JA, code);
    explain(&d, HB_LANG_EN, code);
    hb_doc_heading(&d, 2, "Hinoban checkpoint");
    hb_doc_row(&d, "organisation / 組織", p->organisation);
    hb_doc_row(&d, "machine / マシン", p->machine);
    hb_doc_row(&d, "key / 鍵", p->key);
    while (line.n > 0 && line.p[line.n - 1] == '\n')
        line.n--;
    (void)snprintf(label, sizeof(label), _("QR code of checkpoint %s"), number);
    hb_doc_qr(&d, label, line);
    /* In the order in which they are typed; names that need no language. */
    hb_doc_row(&d, "1 number / 番号", number);
    hb_doc_row(&d, "2 digest / ダイジェスト", "↓");
    hb_doc_excerpt(&d, hb_buf_z(&digest));
    hb_doc_row(&d, "3 time / 時刻", time);
    hb_doc_row(&d, "4 signature / 署名", "↓");
    hb_doc_excerpt(&d, hb_buf_z(&sig));
    return hb_doc_end(&d);
}

static int split(struct hb_slice line, struct words *w)
{
    w->number = word(&line);
    w->digest = word(&line);
    w->time = word(&line);
    w->sig = word(&line);
    return w->number.n == 0 || w->number.n > 20 || w->digest.n != 64 ||
                   w->time.n == 0 || w->time.n > 60 || w->sig.n == 0
               ? -EBADMSG
               : 0;
}

static struct hb_slice word(struct hb_slice *s)
{
    size_t n = 0;
    struct hb_slice w;

    while (n < s->n && s->p[n] != ' ' && s->p[n] != '\n')
        n++;
    w = hb_slice(s->p, n);
    n = HB_MIN(n + 1, s->n);
    *s = hb_slice(s->p + n, s->n - n);
    return w;
}

static void explain(struct hb_doc *d, enum hb_lang lang, const char *code)
{
    static const char *const text[] = {
        N_("This sheet fixes what the evidence log of a machine was at this "
           "time. Keep it where whoever controls that machine cannot reach "
           "it, such as in a safe. It holds no secret."),
        N_("To compare: scan the code into a file, or type number, digest, "
           "time and signature in this order (blanks and line breaks do not "
           "matter), and run \"hinoban evidence verify --anchor FILE\", or "
           "\"sh VERIFY.sh --anchor FILE\" in a package of evidence. If the "
           "log does not hold it, the log was rewritten or cut."),
    };
    char place[160], kept[256];

    hb_doc_heading(d, 2, lang == HB_LANG_JA ? "日本語" : "English");
    for (size_t i = 0; i < HB_ARRAY_LEN(text); i++)
        hb_doc_para(d, hb_tr(lang, text[i]));
    (void)snprintf(kept, sizeof(kept),
                   hb_tr(lang, N_("When it was put away, say so: hinoban "
                                  "evidence checkpoint --kept %s")),
                   code);
    hb_doc_para(d, kept);
    (void)snprintf(place, sizeof(place),
                   "%s ____________________  %s "
                   "____________________",
                   hb_tr(lang, N_("Put away by:")),
                   hb_tr(lang, N_("Place, date:")));
    hb_doc_para(d, place);
}

/* In groups, A_LINE of them a line. */
static void groups(struct hb_buf *b, struct hb_slice s, unsigned a_line)
{
    for (size_t i = 0; i < s.n; i += GROUP) {
        if (i > 0)
            hb_buf_addz(b, i / GROUP % a_line == 0 ? "\n" : "  ");
        hb_buf_add(b, s.p + i, HB_MIN((size_t)GROUP, s.n - i));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_propose.c - `hinoban case propose [FILE|-]`: which case a report or an
 * event is, by its words, and why.
 *
 * Runs as a short-lived client without privileges over the installed case
 * book; asks nobody and keeps nothing.  What it is not sure of it asks.
 */
#include <stdio.h>

#include "casebook/classify.h"
#include "cli/case_propose.h"
#include "cli/text.h"

static int read_report(const char *path, char *buf, size_t *ret_n);
static int report_json(const struct hb_casebook *b,
                       const struct hb_classified *c);
static void write_candidate(struct hb_jw *w, const struct hb_candidate *k);
static void tell(const struct hb_casebook *b, const struct hb_classified *c);
static void tell_reasons(const struct hb_candidate *k);

int hb_case_propose(struct hb_cli *cli, int argc, char **argv,
                    const struct hb_casebook *b)
{
    const char *path = argc > 1 ? argv[1] : "-";
    _cleanup_free_ char *buf = malloc(HB_CLASSIFY_TEXT + 1);
    _cleanup_free_ struct hb_classified *c = malloc(sizeof(*c));
    size_t n = 0;
    int r;

    if (buf == NULL || c == NULL)
        return hb_cli_fail_code("case", -ENOMEM);
    r = read_report(path, buf, &n);
    if (r < 0)
        return hb_cli_fail_code(path, r);
    r = hb_classify(b, hb_slice(buf, n), c);
    if (r < 0)
        return hb_cli_fail_code("case", r);
    if (cli->json)
        return report_json(b, c);
    tell(b, c);
    return HB_EXIT_OK;
}

/* One byte more than is read at most, so that a cut is noticed. */
static int read_report(const char *path, char *buf, size_t *ret_n)
{
    bool in = hb_streq(path, "-");
    FILE *f = in ? stdin : fopen(path, "re");
    int r;

    if (f == NULL)
        return -errno;
    errno = 0;
    *ret_n = fread(buf, 1, HB_CLASSIFY_TEXT + 1, f);
    r = ferror(f) ? (errno != 0 ? -errno : -EIO) : 0;
    if (!in)
        (void)fclose(f);
    return r;
}

/* ---- for machines ---- */

static int report_json(const struct hb_casebook *b,
                       const struct hb_classified *c)
{
    struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;
    bool sure = c->verdict == HB_VERDICT_PROPOSED;

    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "verdict", sure ? "proposed" : "ask");
    if (sure)
        hb_jw_int(&w, "case", c->list[0].c->number);
    else
        hb_jw_null(&w, "case");
    hb_jw_bool(&w, "cut", c->cut);
    hb_jw_arr(&w, "candidates");
    for (size_t i = 0; i < c->n; i++)
        write_candidate(&w, &c->list[i]);
    hb_jw_end_arr(&w);
    hb_jw_int(&w, "ordinary", c->ordinary);
    if (hb_ordinary_ask(b) != NULL)
        hb_cli_json_text(&w, "ordinary_question", hb_ordinary_ask(b));
    hb_jw_end_obj(&w);
    return hb_cli_json_out("case", &out);
}

static void write_candidate(struct hb_jw *w, const struct hb_candidate *k)
{
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "number", k->c->number);
    hb_jw_str(w, "id", k->c->id);
    hb_cli_json_text(w, "title", &k->c->title);
    hb_jw_int(w, "percent", k->percent);
    hb_cli_json_text(w, "question", hb_case_ask(k->c));
    hb_jw_arr(w, "reasons");
    for (size_t i = 0; i < k->reasons_n; i++) {
        const struct hb_reason *r = &k->reasons[i];

        hb_jw_obj(w, NULL);
        hb_cli_json_text(w, "why", r->why);
        hb_jw_int(w, "weight", r->weight);
        hb_jw_arr(w, "words");
        for (size_t j = 0; r->words[j] != NULL; j++)
            hb_jw_str(w, NULL, r->words[j]);
        hb_jw_end_arr(w);
        hb_jw_end_obj(w);
    }
    hb_jw_end_arr(w);
    hb_jw_end_obj(w);
}

/* ---- for people ---- */

static void tell(const struct hb_casebook *b, const struct hb_classified *c)
{
    const struct hb_candidate *k = c->list;
    size_t shown = HB_MIN(c->n, HB_CLASSIFY_SHOWN);

    if (c->verdict == HB_VERDICT_PROPOSED) {
        (void)printf(_("Proposed: case %u, %s (%u %%)\n"), k->c->number,
                     hb_text(&k->c->title), k->percent);
        tell_reasons(k);
        return;
    }
    if (c->cut)
        hb_cli_para("", "",
                    _("The text is longer than what is read of it; only its "
                      "beginning counts."));
    if (shown == 0) {
        hb_cli_para("", "",
                    _("Nothing in it points to a case. Please say which one "
                      "it is, or that it is none (hinoban case list)."));
        return;
    }
    hb_cli_para("", "",
                _("Not certain enough to propose one. Which of these is "
                  "true?"));
    for (size_t i = 0; i < shown; i++) {
        (void)printf(_("\nCase %u: %s (%u %%)\n"), k[i].c->number,
                     hb_text(&k[i].c->title), k[i].percent);
        hb_cli_para("  ? ", "    ", hb_text(hb_case_ask(k[i].c)));
        tell_reasons(&k[i]);
    }
    if (hb_ordinary_ask(b) != NULL) {
        (void)printf(_("\nNone of them (%u %%)\n"), c->ordinary);
        hb_cli_para("  ? ", "    ", hb_text(hb_ordinary_ask(b)));
    }
}

static void tell_reasons(const struct hb_candidate *k)
{
    for (size_t i = 0; i < k->reasons_n; i++) {
        const struct hb_reason *r = &k->reasons[i];

        (void)printf("  - %s (", hb_text(r->why));
        for (size_t j = 0; r->words[j] != NULL; j++)
            (void)printf("%s%s", j > 0 ? ", " : "", r->words[j]);
        (void)printf(")\n");
    }
    if (k->reasons_n == 0)
        (void)printf("  - %s\n", _("it resembles reports of this case"));
}

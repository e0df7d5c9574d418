/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card.c - `hinoban card list | print NAME`: one page for staff, to print
 * before anything happens.
 *
 * Runs as whoever calls; a card needs the case book alone, so that it can be
 * printed on any machine.  Only one that lists people (the call tree) asks the
 * service who is registered.
 */
#include <stdio.h>

#include "casebook/casebook.h"
#include "casebook/document.h"
#include "cli/client.h"
#include "html/doc.h"
#include "incident/incident.h"

struct card {
    const struct hb_cli *cli;
    enum hb_lang lang;
    struct hb_doc d;
    struct hb_arena *a;
};

static int list(const struct hb_cli *cli, const struct hb_casebook *b,
                enum hb_lang lang);
static int print(const struct hb_cli *cli, const struct hb_document *t,
                 enum hb_lang lang, bool html);
static void section(struct card *c, const struct hb_doc_section *s,
                    const struct hb_json *people);
static void people_table(struct card *c, const char *caption,
                         const struct hb_json *people);
static void role_words(struct card *c, struct hb_buf *b, const char *roles);
static int ask_people(struct card *c, const struct hb_document *t,
                      const struct hb_json **ret, struct hb_err *err);

int hb_cmd_card(struct hb_cli *cli, int argc, char **argv)
{
    bool html = hb_client_flag(&argc, argv, "--html");
    const char *in = hb_client_opt(&argc, argv, "--lang");
    const char *verb = argc > 1 ? argv[1] : "list";
    const struct hb_document *t = NULL;
    enum hb_lang lang = hb_i18n_lang();
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char dir[HB_MAX_PATH];
    int r;

    if (!(hb_streq(verb, "list") && argc <= 2) &&
        !(hb_streq(verb, "print") && argc == 3))
        return hb_cli_usage(cli, _("say what to do: list or print NAME "
                                   "[--html] [--lang en|ja]"));
    if (in != NULL && !hb_streq(in, "en") && !hb_streq(in, "ja"))
        return hb_cli_usage(cli, _("a card is written in en or ja"));
    if (in != NULL)
        lang = hb_streq(in, "ja") ? HB_LANG_JA : HB_LANG_EN;
    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir) < 0)
        return hb_cli_fail_code("casebook", -ENAMETOOLONG);
    if (hb_casebook_load(dir, &b, &err) < 0)
        return hb_cli_fail(&err);
    for (size_t i = 0; argc == 3 && i < b->cards_n; i++)
        if (hb_streq(b->cards[i].id, argv[2]))
            t = &b->cards[i];
    if (hb_streq(verb, "list"))
        r = list(cli, b, lang);
    else if (t == NULL)
        r = hb_cli_usage(cli, _("there is no card %s (hinoban card list)"),
                         argv[2]);
    else
        r = print(cli, t, lang, html);
    hb_casebook_free(b);
    return r == HB_EXIT_OK ? hb_cli_flush() : r;
}

static int list(const struct hb_cli *cli, const struct hb_casebook *b,
                enum hb_lang lang)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &out);
    if (cli->json)
        hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < b->cards_n; i++) {
        const struct hb_document *t = &b->cards[i];

        if (cli->json) {
            hb_jw_obj(&w, NULL);
            hb_jw_str(&w, "id", t->id);
            hb_jw_str(&w, "title_en", t->title.in[HB_LANG_EN]);
            hb_jw_str(&w, "title_ja", t->title.in[HB_LANG_JA]);
            hb_jw_end_obj(&w);
        } else {
            hb_buf_addf(&out, "  %-16s %s\n", t->id, t->title.in[lang]);
        }
    }
    if (cli->json) {
        hb_jw_end_arr(&w);
        hb_buf_addc(&out, '\n');
    }
    if (hb_buf_err(&out) < 0)
        return hb_cli_fail_code("card", hb_buf_err(&out));
    (void)fwrite(out.p, 1, out.n, stdout);
    return HB_EXIT_OK;
}

static int print(const struct hb_cli *cli, const struct hb_document *t,
                 enum hb_lang lang, bool html)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct card c = {.cli = cli, .lang = lang, .a = a};
    const struct hb_json *people = NULL;
    struct hb_err err = {0};
    int r;

    if (a == NULL)
        return hb_cli_fail_code(t->id, -ENOMEM);
    if (ask_people(&c, t, &people, &err) < 0)
        return hb_cli_fail(&err);
    hb_doc_begin(&c.d, html ? &out : NULL, html ? NULL : &out,
                 hb_lang_code(lang), t->title.in[lang]);
    hb_doc_row(&c.d, hb_tr(lang, N_("To")), t->to.in[lang]);
    for (size_t i = 0; i < t->sections_n; i++)
        section(&c, &t->sections[i], people);
    if (t->note.in[lang] != NULL) {
        hb_doc_heading(&c.d, 2, hb_tr(lang, N_("Note")));
        hb_doc_para(&c.d, t->note.in[lang]);
    }
    r = hb_doc_end(&c.d);
    if (r < 0)
        return hb_cli_fail_code(t->id, r);
    (void)fwrite(out.p, 1, out.n, stdout);
    return HB_EXIT_OK;
}

static void section(struct card *c, const struct hb_doc_section *s,
                    const struct hb_json *people)
{
    const char *title = s->title.in[c->lang];

    if (title != NULL)
        hb_doc_heading(&c->d, 2, title);
    if (s->kind == HB_DOC_PEOPLE)
        people_table(c, title, people);
    for (size_t i = 0; i < s->paras_n; i++) {
        if (s->paras[i].item)
            hb_doc_item(&c->d, s->paras[i].text.in[c->lang]);
        else
            hb_doc_para(&c->d, s->paras[i].text.in[c->lang]);
    }
}

static void people_table(struct card *c, const char *caption,
                         const struct hb_json *people)
{
    const char *const heads[] = {
        hb_tr(c->lang, N_("Name")), hb_tr(c->lang, N_("Role")),
        hb_tr(c->lang, N_("Deputy of")), hb_tr(c->lang, N_("Telephone"))};

    if (people == NULL)
        return;
    hb_doc_table(&c->d, caption, heads, HB_ARRAY_LEN(heads));
    HB_JSON_EACH (one, people) {
        _cleanup_buf_ struct hb_buf roles = HB_BUF_INIT, deputy = HB_BUF_INIT;
        const char *phone = hb_json_str(one, "phone", "");
        const char *cells[4];

        if (!hb_json_bool(one, "active", false))
            continue;
        role_words(c, &roles, hb_json_str(one, "roles", ""));
        role_words(c, &deputy, hb_json_str(one, "deputy_of", ""));
        cells[0] = hb_json_str(one, "full_name", "");
        cells[1] = hb_buf_z(&roles);
        cells[2] = hb_buf_z(&deputy);
        cells[3] = phone[0] != '\0' ? phone : "____________________";
        hb_doc_cells(&c->d, cells);
    }
    hb_doc_end_part(&c->d);
}

/* "officer,admin" in words. */
static void role_words(struct card *c, struct hb_buf *b, const char *roles)
{
    while (*roles != '\0') {
        size_t n = strcspn(roles, ",");
        const char *one = hb_arena_dup(c->a, roles, n);

        if (one == NULL)
            return;
        hb_buf_addf(b, "%s%s", b->n > 0 ? hb_tr(c->lang, N_(", ")) : "",
                    hb_role_word((int)c->lang, one));
        roles += n + (roles[n] == ',');
    }
}

static int ask_people(struct card *c, const struct hb_document *t,
                      const struct hb_json **ret, struct hb_err *err)
{
    const struct hb_json *answer = NULL;
    bool wanted = false;
    int r;

    for (size_t i = 0; i < t->sections_n; i++)
        wanted = wanted || t->sections[i].kind == HB_DOC_PEOPLE;
    if (!wanted)
        return 0;
    r = hb_client_call(c->cli, c->a, "person.list", "{}", &answer, err);
    if (r == 0)
        *ret = hb_json_get(answer, "data");
    return r;
}

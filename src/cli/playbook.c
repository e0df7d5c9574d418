/* SPDX-License-Identifier: Apache-2.0 */
/*
 * playbook.c - `hinoban playbook list | show | export | import`: playbooks of
 * the case book for people, and their exchange with others as CACAO 2.0.
 *
 * Runs as a short-lived client without privileges; reads the installed case
 * book and asks nobody.  What is imported comes from strangers: it is checked
 * whole and written as text, and becomes active only when root puts it into
 * the case book.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "base/show.h"
#include "casebook/cacao.h"
#include "cli/client.h"
#include "config/config.h"

/* What `import` was told. */
struct import {
    const char *file, *out, *trust;
    bool check_only;
};

static int open_book(const struct hb_cli *cli, struct hb_casebook **ret);
static const struct hb_playbook *find(const struct hb_casebook *b,
                                      const char *name);
static int list(const struct hb_cli *cli, const struct hb_casebook *b);
static int show(const struct hb_cli *cli, const struct hb_playbook *p);
static void show_step(const struct hb_step *s);
static void show_link(const char *name, const struct hb_step *to);
static int show_json(const struct hb_playbook *p);
static void write_step(struct hb_jw *w, const struct hb_step *s);
static void write_text(struct hb_jw *w, const char *key,
                       const struct hb_text *t);
static int export(struct hb_cli *cli, int argc, char **argv);
static int export_one(struct hb_cli *cli, const struct hb_playbook *p,
                      struct hb_cacao_signer *signer, const char *out);
static int64_t modified(const struct hb_cli *cli, const struct hb_playbook *p);
static const char *signee(const struct hb_cli *cli, char *buf, size_t size);
static int import(struct hb_cli *cli, int argc, char **argv);
static int import_one(const struct hb_cli *cli, struct hb_arena *a,
                      const struct import *what, const struct hb_casebook *b);
static int load_trust(const struct hb_cli *cli, const struct import *what,
                      struct hb_pub **ret, struct hb_err *err);
static int put_yaml(const struct hb_cli *cli, const struct import *what,
                    const struct hb_cacao_imported *got);
static void tell(FILE *to, const struct import *what,
                 const struct hb_cacao_imported *got);
static void tell_signature(FILE *to, const struct hb_cacao_imported *got);
static int tell_json(const struct import *what,
                     const struct hb_cacao_imported *got);

int hb_cmd_playbook(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";
    const struct hb_playbook *p = NULL;
    struct hb_casebook *b = NULL;
    int r;

    if (hb_streq(verb, "export"))
        return export(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "import"))
        return import(cli, argc - 1, argv + 1);
    if (!hb_streq(verb, "list") && !hb_streq(verb, "show"))
        return hb_cli_usage(cli, _("unknown word %s"), verb);
    if (argc > (hb_streq(verb, "list") ? 2 : 3))
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
    if (hb_streq(verb, "show") && argc < 3)
        return hb_cli_usage(cli, _("say which playbook, by its name or the "
                                   "number of its case"));
    r = open_book(cli, &b);
    if (r != HB_EXIT_OK)
        return r;
    if (hb_streq(verb, "show"))
        p = find(b, argv[2]);
    if (hb_streq(verb, "list"))
        r = list(cli, b);
    else if (p == NULL)
        r = hb_cli_usage(cli, _("there is no playbook %s"), argv[2]);
    else
        r = cli->json ? show_json(p) : show(cli, p);
    hb_casebook_free(b);
    return r == HB_EXIT_OK ? hb_cli_flush() : r;
}

static int open_book(const struct hb_cli *cli, struct hb_casebook **ret)
{
    char dir[HB_MAX_PATH];
    struct hb_err err = {0};

    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir) < 0)
        return hb_cli_fail_code("casebook", -ENAMETOOLONG);
    return hb_casebook_load(dir, ret, &err) < 0 ? hb_cli_fail(&err)
                                                : HB_EXIT_OK;
}

/* By the number or the name of its case, or by its own. */
static const struct hb_playbook *find(const struct hb_casebook *b,
                                      const char *name)
{
    uint64_t number = 0;

    if (hb_parse_u64(hb_slice_z(name), &number) < 0)
        number = 0;
    for (size_t i = 0; i < b->playbooks_n; i++) {
        if (hb_streq(b->playbooks[i]->id, name))
            return b->playbooks[i];
    }
    for (size_t i = 0; i < b->n; i++) {
        const struct hb_case *c = &b->cases[i];

        if (c->number == number || hb_streq(c->id, name))
            return c->playbook;
    }
    return NULL;
}

/* ---- for people ---- */

static int list(const struct hb_cli *cli, const struct hb_casebook *b)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    char id[HB_CACAO_ID_SIZE];
    struct hb_jw w;

    hb_jw_init(&w, &out);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < b->playbooks_n; i++) {
        const struct hb_playbook *p = b->playbooks[i];

        if (hb_cacao_id(p, id) < 0)
            continue;
        if (!cli->json) {
            (void)printf("%2u  %-16s %s\n", p->owner->number, p->id,
                         hb_text(&p->title));
            continue;
        }
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "case", p->owner->number);
        hb_jw_str(&w, "id", p->id);
        hb_jw_str(&w, "cacao_id", id);
        write_text(&w, "title", &p->title);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (cli->json)
        (void)printf("%s\n", hb_buf_z(&out));
    return hb_buf_err(&out) < 0 ? hb_cli_fail_code("playbook", -ENOMEM)
                                : HB_EXIT_OK;
}

static int show(const struct hb_cli *cli, const struct hb_playbook *p)
{
    char id[HB_CACAO_ID_SIZE];

    (void)cli;
    if (hb_cacao_id(p, id) < 0)
        return hb_cli_fail_code("playbook", -ENOMEM);
    (void)printf("%s: %s\n%s\n", p->id, hb_text(&p->title), id);
    for (size_t i = 0; i < p->steps_n; i++)
        show_step(&p->steps[i]);
    return HB_EXIT_OK;
}

static void show_step(const struct hb_step *s)
{
    unsigned said = 0;

    (void)printf("\n%s  [%s]", s->id, hb_step_type_name(s->type));
    if (s->action != NULL)
        (void)printf(" %s", s->action->name);
    for (unsigned i = 0; i < HB_CROLE_COUNT; i++) {
        if (s->roles & 1u << i)
            (void)printf("%s %s", said++ > 0 ? "," : "",
                         hb_case_role_title((enum hb_case_role)i));
    }
    (void)printf("\n");
    if (s->title.in[HB_LANG_EN] != NULL)
        hb_cli_para("    ", "    ", hb_text(&s->title));
    show_link("on_true", s->on_true);
    show_link("on_false", s->on_false);
    for (size_t i = 0; i < s->branches_n; i++)
        show_link("branch", s->branches[i]);
    for (size_t i = 0; i < s->cases_n; i++)
        show_link(s->cases[i].value != NULL ? s->cases[i].value : "default",
                  s->cases[i].next);
    show_link("next", s->next);
    show_link("on_success", s->on_success);
    show_link("on_failure", s->on_failure);
    show_link("undo", s->undo);
}

static void show_link(const char *name, const struct hb_step *to)
{
    if (to != NULL)
        (void)printf("    %s: %s\n", name, to->id);
}

static int show_json(const struct hb_playbook *p)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    char id[HB_CACAO_ID_SIZE];
    struct hb_jw w;

    if (hb_cacao_id(p, id) < 0)
        return hb_cli_fail_code("playbook", -ENOMEM);
    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "id", p->id);
    hb_jw_str(&w, "cacao_id", id);
    write_text(&w, "title", &p->title);
    hb_jw_arr(&w, "steps");
    for (size_t i = 0; i < p->steps_n; i++)
        write_step(&w, &p->steps[i]);
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&out) < 0)
        return hb_cli_fail_code("playbook", hb_buf_err(&out));
    (void)printf("%s\n", hb_buf_z(&out));
    return HB_EXIT_OK;
}

static void write_step(struct hb_jw *w, const struct hb_step *s)
{
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", s->id);
    hb_jw_str(w, "type", hb_step_type_name(s->type));
    if (s->title.in[HB_LANG_EN] != NULL) {
        hb_jw_str(w, "phase", hb_phase_name(s->phase));
        write_text(w, "title", &s->title);
    }
    if (s->action != NULL)
        hb_jw_str(w, "action", s->action->name);
    hb_jw_arr(w, "roles");
    for (unsigned i = 0; i < HB_CROLE_COUNT; i++) {
        if (s->roles & 1u << i)
            hb_jw_str(w, NULL, hb_case_role_name((enum hb_case_role)i));
    }
    hb_jw_end_arr(w);
    hb_jw_end_obj(w);
}

static void write_text(struct hb_jw *w, const char *key,
                       const struct hb_text *t)
{
    hb_jw_obj(w, key);
    for (unsigned l = 0; l < HB_LANG_COUNT; l++)
        hb_jw_str(w, hb_lang_code((enum hb_lang)l), t->in[l]);
    hb_jw_end_obj(w);
}

/* ---- out ---- */

static int export(struct hb_cli *cli, int argc, char **argv)
{
    const char *key = hb_client_opt(&argc, argv, "--sign");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *out = hb_client_opt(&argc, argv, "--out");
    struct hb_cacao_signer signer = {.now = hb_now()};
    const struct hb_playbook *p;
    struct hb_casebook *b = NULL;
    struct hb_key *k = NULL;
    struct hb_err err = {0};
    char name[256];
    int r;

    if (argc < 2)
        return hb_cli_usage(cli, _("say which playbook, by its name or the "
                                   "number of its case"));
    if (argc > 2)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[2]);
    r = open_book(cli, &b);
    if (r != HB_EXIT_OK)
        return r;
    p = find(b, argv[1]);
    if (p == NULL)
        r = hb_cli_usage(cli, _("there is no playbook %s"), argv[1]);
    if (r == HB_EXIT_OK && key != NULL &&
        hb_client_key(key, pass, &k, &err) < 0)
        r = hb_cli_fail(&err);
    signer.key = k;
    signer.signee = signee(cli, name, sizeof(name));
    if (r == HB_EXIT_OK)
        r = export_one(cli, p, k != NULL ? &signer : NULL, out);
    hb_key_free(k);
    hb_casebook_free(b);
    return r;
}

static int export_one(struct hb_cli *cli, const struct hb_playbook *p,
                      struct hb_cacao_signer *signer, const char *out)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    struct hb_err err = {0};
    char id[HB_CACAO_ID_SIZE];
    int r = hb_cacao_export(&json, p, modified(cli, p), signer, &err);

    hb_buf_addc(&json, '\n');
    if (r == 0)
        r = hb_buf_err(&json);
    if (r < 0 && err.code == 0)
        return hb_cli_fail_code("playbook", r);
    if (r < 0)
        return hb_cli_fail(&err);
    if (out == NULL) {
        (void)fputs(hb_buf_z(&json), stdout);
        return hb_cli_flush();
    }
    r = hb_file_write(out, json.p, json.n, 0644);
    if (r == 0)
        r = hb_cacao_id(p, id);
    if (r < 0)
        return hb_cli_fail_code(out, r);
    return hb_cli_said(cli, "cacao_id", id, _("%s is written.\n"), out);
}

/* The date of its file: what the package brought, or when root changed it. */
static int64_t modified(const struct hb_cli *cli, const struct hb_playbook *p)
{
    char name[160], path[HB_MAX_PATH];
    struct stat st;

    if (p->owner->number != 0)
        (void)snprintf(name, sizeof(name), "casebook/%02u-%s/playbook.yaml",
                       p->owner->number, p->owner->id);
    else
        (void)snprintf(name, sizeof(name), "casebook/common/playbooks/%s.yaml",
                       p->id);
    if (hb_path(&cli->paths, HB_DIR_DATA, name, path) < 0 ||
        stat(path, &st) < 0)
        return HB_CACAO_CREATED;
    return (int64_t)st.st_mtime * (int64_t)HB_S;
}

/* Whoever may not read the settings signs as this program. */
static const char *signee(const struct hb_cli *cli, char *buf, size_t size)
{
    struct hb_config *c = NULL;

    (void)hb_copyz(buf, size, "Hinoban");
    if (hb_config_load(cli->config, &c, NULL) == 0 &&
        c->organisation.name[0] != '\0')
        (void)hb_copyz(buf, size, c->organisation.name);
    hb_config_free(c);
    return buf;
}

/* ---- in ---- */

static int import(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct import what = {.trust = hb_client_opt(&argc, argv, "--trust"),
                          .out = hb_client_opt(&argc, argv, "--out")};
    struct hb_casebook *b = NULL;
    int r;

    what.check_only = hb_client_flag(&argc, argv, "--check-only");
    if (argc < 2)
        return hb_cli_usage(cli, _("say which file"));
    if (argc > 2)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[2]);
    if (what.check_only && what.out != NULL)
        return hb_cli_usage(cli, _("--check-only writes no file"));
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    what.file = argv[1];
    r = open_book(cli, &b);
    if (r == HB_EXIT_OK)
        r = import_one(cli, a, &what, b);
    hb_casebook_free(b);
    return r;
}

static int import_one(const struct hb_cli *cli, struct hb_arena *a,
                      const struct import *what, const struct hb_casebook *b)
{
    struct hb_cacao_import how = {
        .book = b, .must = what->trust != NULL, .now = hb_now()};
    struct hb_cacao_imported got = {0};
    const struct hb_pub *trust[1];
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    struct hb_slice json;
    int r = load_trust(cli, what, &pub, &err);

    if (r < 0)
        return hb_cli_fail(&err);
    trust[0] = pub;
    how.trust = trust;
    how.trust_n = pub != NULL;
    r = hb_file_read(a, what->file, HB_CACAO_MAX, &json);
    if (r == 0) {
        r = hb_cacao_import(a, json, &how, &got, &err);
        if (r < 0 && err.file[0] == '\0')
            (void)hb_copyz(err.file, sizeof(err.file), what->file);
    }
    hb_pub_free(pub);
    if (r < 0)
        return err.code != 0 ? hb_cli_fail(&err)
                             : hb_cli_fail_code(what->file, r);
    return put_yaml(cli, what, &got);
}

/* --trust, else the rules key of this machine, where there is one. */
static int load_trust(const struct hb_cli *cli, const struct import *what,
                      struct hb_pub **ret, struct hb_err *err)
{
    char path[HB_MAX_PATH];

    if (what->trust != NULL)
        return hb_pub_load(what->trust, ret, err);
    if (hb_path(&cli->paths, HB_DIR_ETC, "keys/rules.pub", path) < 0 ||
        access(path, F_OK) < 0)
        return 0;
    return hb_pub_load(path, ret, err);
}

static int put_yaml(const struct hb_cli *cli, const struct import *what,
                    const struct hb_cacao_imported *got)
{
    bool to_stdout = what->out == NULL && !what->check_only;
    int r = 0;

    if (what->out != NULL)
        r = hb_file_write(what->out, got->yaml.p, got->yaml.n, 0644);
    if (r < 0)
        return hb_cli_fail_code(what->out, r);
    if (cli->json) {
        r = tell_json(what, got);
        return r < 0 ? hb_cli_fail_code("playbook", r) : hb_cli_flush();
    }
    if (to_stdout)
        (void)fwrite(got->yaml.p, 1, got->yaml.n, stdout);
    tell(to_stdout ? stderr : stdout, what, got);
    return hb_cli_flush();
}

static void tell(FILE *to, const struct import *what,
                 const struct hb_cacao_imported *got)
{
    const struct hb_cacao_open *o = &got->open;

    tell_signature(to, got);
    if (got->left_out_n > 0) {
        (void)fprintf(to, "%s", _("Left out, because it has no place here:"));
        for (size_t i = 0; i < got->left_out_n; i++)
            (void)fprintf(to, "%s %s", i > 0 ? "," : "", got->left_out[i]);
        (void)fprintf(to, "\n");
    }
    if (!got->draft) {
        (void)fprintf(to,
                      _("%s: in order, %zu steps, for the case \"%s\". It "
                        "counts once root has put it into the case book.\n"),
                      what->file, got->steps,
                      got->owner != NULL ? got->owner->id : "common");
        return;
    }
    (void)fprintf(to,
                  _("%s: a draft, %zu steps. \"hinoban case check\" refuses "
                    "it until a person has filled in:\n"),
                  what->file, got->steps);
    if (o->texts > 0)
        (void)fprintf(to,
                      P_("  %u text that is not there in both languages\n",
                         "  %u texts that are not there in both languages\n",
                         o->texts),
                      o->texts);
    if (o->phases > 0)
        (void)fprintf(to,
                      P_("  the phase of %u step\n",
                         "  the phase of %u steps\n", o->phases),
                      o->phases);
    if (o->roles > 0)
        (void)fprintf(to,
                      P_("  who does it, of %u task\n",
                         "  who does it, of %u tasks\n", o->roles),
                      o->roles);
}

static void tell_signature(FILE *to, const struct hb_cacao_imported *got)
{
    char who[HB_SHOW_MAX];

    (void)hb_showz(who, sizeof(who),
                   hb_slice_z(got->signee != NULL ? got->signee : ""));
    switch (got->sig) {
    case HB_CACAO_UNSIGNED:
        (void)fprintf(to, "%s\n", _("Not signed."));
        break;
    case HB_CACAO_UNCHECKED:
        (void)fprintf(to, "%s\n",
                      _("Signed by an algorithm that is not checked here; "
                        "take it as not signed."));
        break;
    case HB_CACAO_GOOD:
        (void)fprintf(to,
                      _("The signature holds, but nobody said that its key %s "
                        "(\"%s\") is known (--trust).\n"),
                      got->key, who);
        break;
    case HB_CACAO_TRUSTED:
        (void)fprintf(to, _("Signed by the trusted key %s (\"%s\").\n"),
                      got->key, who);
        break;
    }
}

static int tell_json(const struct import *what,
                     const struct hb_cacao_imported *got)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "id", got->id);
    hb_jw_str(&w, "case", got->owner != NULL ? got->owner->id : NULL);
    hb_jw_int(&w, "steps", (int64_t)got->steps);
    hb_jw_str(&w, "signature", hb_cacao_signed_name(got->sig));
    if (got->sig >= HB_CACAO_GOOD) {
        hb_jw_str(&w, "signee", got->signee);
        hb_jw_str(&w, "key", got->key);
    }
    hb_jw_bool(&w, "draft", got->draft);
    hb_jw_int(&w, "texts_missing", got->open.texts);
    hb_jw_int(&w, "phases_missing", got->open.phases);
    hb_jw_int(&w, "roles_missing", got->open.roles);
    hb_jw_arr(&w, "left_out");
    for (size_t i = 0; i < got->left_out_n; i++)
        hb_jw_str(&w, NULL, got->left_out[i]);
    hb_jw_end_arr(&w);
    if (what->out == NULL && !what->check_only)
        hb_jw_slice(&w, "yaml", got->yaml);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&out) == 0)
        (void)printf("%s\n", hb_buf_z(&out));
    return hb_buf_err(&out);
}

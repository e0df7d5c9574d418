/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case.c - `hinoban case list | show N | rows N | propose [FILE] | open N
 * [OBJECT] NOTE | check [DIR]`: the case book for people (propose:
 * case_propose.c).
 *
 * Runs as a short-lived client without privileges; reads the installed case
 * book and asks nobody, but for open, which is a request to the service. `rows`
 * is the honest table: what the source asks of the machine is met only by a
 * check or an action that is in this program.
 */
#include <stdio.h>

#include "base/num.h"
#include "cli/case_propose.h"
#include "cli/case_table.h"
#include "cli/client.h"
#include "cli/text.h"
#include "core/core.h"
#include "html/width.h"

static int list(const struct hb_cli *cli, const struct hb_casebook *b);
static int show(const struct hb_cli *cli, const struct hb_casebook *b,
                const struct hb_case *c);
static int rows(const struct hb_cli *cli, const struct hb_casebook *b,
                const struct hb_case *c);
static int check(const struct hb_casebook *b, const char *dir);
static int open_one(struct hb_cli *cli, int argc, char **argv);
static const char *maturity(enum hb_maturity m);
static void show_controls(const struct hb_case *c);
static void show_steps(const struct hb_playbook *p);
static void show_phase(const struct hb_playbook *p, enum hb_phase phase,
                       unsigned depth);
static void show_step(const struct hb_step *s, unsigned depth);
static void write_control(struct hb_jw *w, const struct hb_control *k);
static void print_row(const struct hb_case *c, const struct hb_row *row);
static void write_row(struct hb_jw *w, const struct hb_case *c,
                      const struct hb_row *row);
static unsigned row_state(const struct hb_case *c, const struct hb_row *row);
static bool have_check(void *arg, const char *name);
static bool have_action(void *arg, const char *name);

int hb_cmd_case(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";
    const struct hb_case *c = NULL;
    struct hb_casebook *b = NULL;
    struct hb_err err = {0};
    char dir[HB_MAX_PATH];
    uint64_t number = 0;
    bool one = hb_streq(verb, "show") || hb_streq(verb, "rows");
    int r;

    if (hb_streq(verb, "open"))
        return open_one(cli, argc, argv);
    if (!one && !hb_streq(verb, "list") && !hb_streq(verb, "check") &&
        !hb_streq(verb, "propose") && !hb_streq(verb, "table"))
        return hb_cli_usage(cli, _("unknown word %s"), verb);
    if (argc > (hb_streq(verb, "list") ? 2 : 3))
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
    if (one && (argc < 3 || hb_parse_u64(hb_slice_z(argv[2]), &number) < 0))
        return hb_cli_usage(cli, _("say which case, by its number"));
    if (hb_path(&cli->paths, HB_DIR_DATA, "casebook", dir) < 0)
        return hb_cli_fail_code("casebook", -ENAMETOOLONG);
    if (hb_streq(verb, "check") && argc == 3)
        (void)hb_copyz(dir, sizeof(dir), argv[2]);
    if (hb_casebook_load(dir, &b, &err) < 0)
        return hb_cli_fail(&err);
    if (one && number < 1000)
        c = hb_case_find(b, (unsigned)number);
    if (hb_streq(verb, "list"))
        r = list(cli, b);
    else if (hb_streq(verb, "check"))
        r = check(b, dir);
    else if (hb_streq(verb, "table"))
        r = hb_case_table(cli, b);
    else if (hb_streq(verb, "propose"))
        r = hb_case_propose(cli, argc - 1, argv + 1, b);
    else if (c == NULL)
        r = hb_cli_usage(cli, _("there is no case %s"), argv[2]);
    else
        r = hb_streq(verb, "show") ? show(cli, b, c) : rows(cli, b, c);
    hb_casebook_free(b);
    return r == HB_EXIT_OK ? hb_cli_flush() : r;
}

static int list(const struct hb_cli *cli, const struct hb_casebook *b)
{
    static const char *const words[] = {"not-yet", "partly", "whole"};
    struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &out);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < b->n; i++) {
        const struct hb_case *c = &b->cases[i];
        const char *m = maturity(c->maturity);

        if (!cli->json) {
            (void)printf("%2u  %s%*s  %s\n", c->number, m,
                         (int)(12 - HB_MIN(hb_width(m, strlen(m)), 12u)), "",
                         hb_text(&c->title));
            continue;
        }
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "number", c->number);
        hb_jw_str(&w, "id", c->id);
        hb_cli_json_text(&w, "title", &c->title);
        hb_jw_str(&w, "maturity", words[c->maturity]);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (cli->json)
        return hb_cli_json_out("case", &out);
    hb_buf_done(&out);
    return HB_EXIT_OK;
}

static int show(const struct hb_cli *cli, const struct hb_casebook *b,
                const struct hb_case *c)
{
    struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;

    (void)b;
    if (!cli->json) {
        (void)printf(_("Case %u: %s\n"), c->number, hb_text(&c->title));
        (void)printf("\n");
        hb_cli_para("", "", hb_text(&c->story));
        hb_cli_para("", "", hb_text(&c->who));
        if (c->controls_n > 0)
            show_controls(c);
        if (c->playbook != NULL)
            show_steps(c->playbook);
        if (c->maturity == HB_MATURITY_NOT_YET)
            hb_cli_para("\n", "", _("Hinoban cannot check this case yet."));
        return HB_EXIT_OK;
    }
    hb_jw_init(&w, &out);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "number", c->number);
    hb_jw_str(&w, "id", c->id);
    hb_cli_json_text(&w, "title", &c->title);
    hb_cli_json_text(&w, "story", &c->story);
    hb_cli_json_text(&w, "who", &c->who);
    hb_jw_arr(&w, "controls");
    for (size_t i = 0; i < c->controls_n; i++)
        write_control(&w, &c->controls[i]);
    hb_jw_end_arr(&w);
    hb_jw_arr(&w, "steps");
    for (size_t i = 0; c->playbook != NULL && i < c->playbook->steps_n; i++) {
        const struct hb_step *s = &c->playbook->steps[i];

        if (s->title.in[HB_LANG_EN] == NULL)
            continue;
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "id", s->id);
        hb_jw_str(&w, "type", hb_step_type_name(s->type));
        hb_jw_str(&w, "phase", hb_phase_name(s->phase));
        hb_cli_json_text(&w, "title", &s->title);
        if (s->action != NULL)
            hb_jw_str(&w, "action", s->action->name);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    return hb_cli_json_out("case", &out);
}

static int rows(const struct hb_cli *cli, const struct hb_casebook *b,
                const struct hb_case *c)
{
    struct hb_buf out = HB_BUF_INIT;
    struct hb_jw w;
    size_t met = 0, all = b->general_n + c->rows_n;

    if (c->rows_n == 0) {
        hb_cli_para("", "", _("Hinoban cannot check this case yet."));
        return HB_EXIT_OK;
    }
    hb_jw_init(&w, &out);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < all; i++) {
        const struct hb_row *row =
            i < b->general_n ? &b->general[i] : &c->rows[i - b->general_n];

        met += (row_state(c, row) & HB_ROW_MET) != 0;
        if (cli->json)
            write_row(&w, c, row);
        else
            print_row(c, row);
    }
    hb_jw_end_arr(&w);
    if (cli->json)
        return hb_cli_json_out("case", &out);
    hb_buf_done(&out);
    (void)printf(_("\n%zu of %zu rows are met as far as this program can.\n"),
                 met, all);
    return HB_EXIT_OK;
}

static int check(const struct hb_casebook *b, const char *dir)
{
    size_t controls = 0, steps = 0;

    for (size_t i = 0; i < b->n; i++) {
        controls += b->cases[i].controls_n;
        if (b->cases[i].playbook != NULL)
            steps += b->cases[i].playbook->steps_n;
    }
    (void)printf(_("%s: %zu cases, %zu controls, %zu steps; nothing wrong\n"),
                 dir, b->n, controls, steps);
    return HB_EXIT_OK;
}

/* What it is about is not known in the first minute of each case. */
static int open_one(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    uint64_t number = 0;
    struct hb_jw w;

    if (argc != 4 && argc != 5)
        return hb_cli_usage(cli, _("say which case and what was noticed: case "
                                   "open N [OBJECT] \"NOTE\""));
    if (hb_parse_u64(hb_slice_z(argv[2]), &number) < 0 || number >= 1000)
        return hb_cli_usage(cli, _("say which case, by its number"));
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "case", (int64_t)number);
    hb_jw_str(&w, "object", argc == 5 ? argv[3] : "-");
    hb_jw_str(&w, "note", argv[argc - 1]);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&args) < 0)
        return hb_cli_fail_code("case", hb_buf_err(&args));
    return hb_client_print(cli, "incident.open", hb_buf_z(&args));
}

static const char *maturity(enum hb_maturity m)
{
    switch (m) {
    case HB_MATURITY_WHOLE:
        return _("built");
    case HB_MATURITY_PARTLY:
        return _("partly");
    default:
        return _("not yet");
    }
}

/* ---- for people ---- */

static void show_controls(const struct hb_case *c)
{
    (void)printf("\n%s\n", _("Controls"));
    for (size_t i = 0; i < c->controls_n; i++) {
        const struct hb_control *k = &c->controls[i];

        (void)printf("  %s  [%s]%s%s\n", k->id,
                     k->question                  ? _("asked")
                     : have_check(NULL, k->check) ? _("automatic")
                                                  : _("not yet"),
                     k->required ? "" : _(" not required"),
                     k->modality == HB_MOD_CONSIDER ? _(" to be considered")
                                                    : "");
        hb_cli_para("      ", "      ", hb_text(&k->text));
    }
}

static void show_steps(const struct hb_playbook *p)
{
    for (unsigned ph = 0; ph < HB_PHASE_COUNT; ph++) {
        (void)printf("\n%s\n", hb_phase_title((enum hb_phase)ph));
        show_phase(p, (enum hb_phase)ph, 0);
    }
}

/* The steps of a playbook that is called stand below its title, whatever
 * their own phase: that is when they are done. */
static void show_phase(const struct hb_playbook *p, enum hb_phase phase,
                       unsigned depth)
{
    for (size_t i = 0; i < p->steps_n; i++) {
        const struct hb_step *s = &p->steps[i];

        if (depth == 0 && s->phase != phase)
            continue;
        if (s->type == HB_STEP_TASK || s->type == HB_STEP_ACTION ||
            s->type == HB_STEP_PLAYBOOK)
            show_step(s, depth);
        if (s->type == HB_STEP_PLAYBOOK && s->playbook != NULL)
            show_phase(s->playbook, phase, depth + 1);
    }
}

static void show_step(const struct hb_step *s, unsigned depth)
{
    char lead[32], rest[32];

    (void)snprintf(rest, sizeof(rest), "%*s", (int)(4 + 2 * depth), "");
    (void)snprintf(lead, sizeof(lead), "%*s%s ", (int)(2 + 2 * depth), "",
                   s->type == HB_STEP_TASK              ? "*"
                   : s->type == HB_STEP_PLAYBOOK        ? "="
                   : have_action(NULL, s->action->name) ? ">"
                                                        : "-");
    hb_cli_para(lead, rest, hb_text(&s->title));
}

static void print_row(const struct hb_case *c, const struct hb_row *row)
{
    unsigned st = row_state(c, row);
    char lead[64];

    (void)printf("%-8s %s%s%s%s%s\n", row->id,
                 st & HB_ROW_MET ? "" : _("NOT YET "),
                 st & HB_ROW_AUTOMATIC ? _("automatic ") : "",
                 st & HB_ROW_ASKED ? _("asked ") : "",
                 st & HB_ROW_RECORDED ? _("recorded ") : "",
                 st & HB_ROW_PARTLY ? _("(partly)") : "");
    (void)snprintf(lead, sizeof(lead), "%9s", "");
    hb_cli_para(lead, lead, hb_text(&row->need));
    if (row->missing.in[HB_LANG_EN] != NULL) {
        (void)snprintf(lead, sizeof(lead), "%9s%s", "", "! ");
        hb_cli_para(lead, "           ", hb_text(&row->missing));
    }
}

/* ---- for machines ---- */

static void write_control(struct hb_jw *w, const struct hb_control *k)
{
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", k->id);
    hb_cli_json_text(w, "text", &k->text);
    hb_cli_json_text(w, "why", &k->why);
    hb_cli_json_text(w, "fix", &k->fix);
    hb_jw_bool(w, "question", k->question);
    hb_jw_bool(w, "required", k->required);
    hb_jw_bool(w, "exists", k->question || have_check(NULL, k->check));
    hb_jw_end_obj(w);
}

static void write_row(struct hb_jw *w, const struct hb_case *c,
                      const struct hb_row *row)
{
    unsigned st = row_state(c, row);

    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", row->id);
    hb_cli_json_text(w, "need", &row->need);
    if (row->missing.in[HB_LANG_EN] != NULL)
        hb_cli_json_text(w, "missing", &row->missing);
    hb_jw_bool(w, "must_be_automatic", row->automatic);
    hb_jw_bool(w, "consider", row->modality == HB_MOD_CONSIDER);
    hb_jw_bool(w, "automatic", (st & HB_ROW_AUTOMATIC) != 0);
    hb_jw_bool(w, "asked", (st & HB_ROW_ASKED) != 0);
    hb_jw_bool(w, "recorded", (st & HB_ROW_RECORDED) != 0);
    hb_jw_bool(w, "partly", (st & HB_ROW_PARTLY) != 0);
    hb_jw_bool(w, "met", (st & HB_ROW_MET) != 0);
    hb_jw_end_obj(w);
}

static unsigned row_state(const struct hb_case *c, const struct hb_row *row)
{
    return hb_row_state(c, row, have_check, have_action, NULL);
}

static bool have_check(void *arg, const char *name)
{
    (void)arg;
    return hb_core_checks(name);
}

static bool have_action(void *arg, const char *name)
{
    (void)arg;
    return hb_core_can(name);
}

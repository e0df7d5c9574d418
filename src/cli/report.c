/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - `hinoban report`: hands in what was noticed, and decides what it
 * is.  The mail pipe is report_mail.c, the paper slip report_form.c.
 *
 * Runs as a short-lived client without privileges; who may do what is decided
 * by the service.
 */
#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/report_form.h"
#include "cli/report_mail.h"

/* A request that grows word by word. */
struct request {
    struct hb_buf b;
    struct hb_jw w;
};

static void begin(struct request *q);
static int send_it(struct request *q, const struct hb_cli *cli,
                   const char *cmd);
static int number(const struct hb_cli *cli, const char *word, int64_t *ret);
static int hand_in(struct hb_cli *cli, int argc, char **argv, const char *from,
                   const char *source, int64_t known);
static int about(struct hb_cli *cli, int argc, char **argv, int64_t known);
static int usage(const struct hb_cli *cli);

int hb_cmd_report(struct hb_cli *cli, int argc, char **argv)
{
    bool all = hb_client_flag(&argc, argv, "--all");
    bool html = hb_client_flag(&argc, argv, "--html");
    const char *from = hb_client_opt(&argc, argv, "--from");
    const char *source = hb_client_opt(&argc, argv, "--source");
    const char *at = hb_client_opt(&argc, argv, "--known-at");
    const char *verb = argc > 1 ? argv[1] : "list";
    struct request q;
    int64_t known = 0;

    if (at != NULL && hb_time_parse(hb_slice_z(at), &known) < 0)
        return hb_cli_usage(cli,
                            _("%s is not a time like "
                              "2026-04-01T09:30:00+09:00"),
                            at);
    if (hb_streq(verb, "list") && argc <= 2) {
        begin(&q);
        hb_jw_bool(&q.w, "all", all);
        return send_it(&q, cli, "report.list");
    }
    if (hb_streq(verb, "form") && argc == 2)
        return hb_cli_report_form(cli, html);
    if (hb_streq(verb, "mail") && argc == 2)
        return hb_cli_report_mail(cli);
    if (hb_streq(verb, "new"))
        return hand_in(cli, argc, argv, from, source, known);
    return about(cli, argc, argv, known);
}

static int hand_in(struct hb_cli *cli, int argc, char **argv, const char *from,
                   const char *source, int64_t known)
{
    struct request q;

    if (argc != 3)
        return hb_cli_usage(cli, _("say in words what was noticed: report new "
                                   "\"TEXT\" [--from WHOM]"));
    begin(&q);
    hb_jw_str(&q.w, "text", argv[2]);
    if (from != NULL)
        hb_jw_str(&q.w, "from", from);
    if (source != NULL)
        hb_jw_str(&q.w, "source", source);
    hb_jw_int(&q.w, "known_at_ns", known);
    return send_it(&q, cli, "report.add");
}

static int about(struct hb_cli *cli, int argc, char **argv, int64_t known)
{
    static const struct {
        const char *verb, *cmd;
        int argc;
    } rows[] = {{"show", "report.show", 3},
                {"open", "report.open", 5},
                {"join", "report.join", 4},
                {"close", "report.close", 4}};
    int64_t id, other = 0;
    struct request q;
    size_t i = 0;

    while (i < HB_ARRAY_LEN(rows) && !hb_streq(rows[i].verb, argv[1]))
        i++;
    if (i == HB_ARRAY_LEN(rows) || argc != rows[i].argc)
        return usage(cli);
    if (number(cli, argv[2], &id) != HB_EXIT_OK ||
        ((i == 1 || i == 2) && number(cli, argv[3], &other) != HB_EXIT_OK))
        return HB_EXIT_USAGE;
    begin(&q);
    hb_jw_int(&q.w, "id", id);
    if (i == 1) {
        hb_jw_int(&q.w, "case", other);
        hb_jw_str(&q.w, "object", argv[4]);
        hb_jw_int(&q.w, "known_at_ns", known);
    } else if (i == 2) {
        hb_jw_int(&q.w, "incident", other);
    } else if (i == 3) {
        hb_jw_str(&q.w, "words", argv[3]);
    }
    return send_it(&q, cli, rows[i].cmd);
}

static int usage(const struct hb_cli *cli)
{
    return hb_cli_usage(cli, _("say what to do: new \"TEXT\", list, show ID, "
                               "open ID CASE OBJECT, join ID INCIDENT, close "
                               "ID \"WHY\", mail or form [--html]"));
}

static void begin(struct request *q)
{
    hb_buf_init(&q->b, 1u << 20);
    hb_jw_init(&q->w, &q->b);
    hb_jw_obj(&q->w, NULL);
}

static int send_it(struct request *q, const struct hb_cli *cli, const char *cmd)
{
    int r;

    hb_jw_end_obj(&q->w);
    r = hb_buf_err(&q->b) < 0 ? hb_cli_fail_code(cmd, hb_buf_err(&q->b))
                              : hb_client_print(cli, cmd, hb_buf_z(&q->b));
    hb_buf_done(&q->b);
    return r;
}

static int number(const struct hb_cli *cli, const char *word, int64_t *ret)
{
    if (hb_parse_i64(hb_slice_z(word), ret) < 0 || *ret < 1)
        return hb_cli_usage(cli, _("%s is not a number"), word);
    return HB_EXIT_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daily.c - what an officer uses every day: status, incident, task, fact,
 * event, control.  Each turns its words into one request to the
 * service and prints the answer; who may do what is decided there.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/event_send.h"

/* Arguments of a request, built word by word. */
struct args {
    struct hb_buf b;
    struct hb_jw w;
};

static void args_begin(struct args *a)
{
    hb_buf_init(&a->b, 1u << 20);
    hb_jw_init(&a->w, &a->b);
    hb_jw_obj(&a->w, NULL);
}

static int args_send(struct args *a, const struct hb_cli *cli, const char *cmd)
{
    int r;

    hb_jw_end_obj(&a->w);
    r = hb_buf_err(&a->b) < 0 ? hb_cli_fail_code(cmd, hb_buf_err(&a->b))
                              : hb_client_print(cli, cmd, hb_buf_z(&a->b));
    hb_buf_done(&a->b);
    return r;
}

static int number(const struct hb_cli *cli, const char *word, int64_t *ret)
{
    if (word == NULL || hb_parse_i64(hb_slice_z(word), ret) < 0 || *ret < 1)
        return hb_cli_usage(cli, _("%s is not a number"),
                            word != NULL ? word : "?");
    return HB_EXIT_OK;
}

int hb_cmd_status(struct hb_cli *cli, int argc, char **argv)
{
    const char *days = hb_client_opt(&argc, argv, "--days");
    bool history = hb_client_flag(&argc, argv, "--history") || days != NULL;
    bool next = hb_client_flag(&argc, argv, "--next");
    struct args a;
    int64_t n = 30;

    if (days != NULL && number(cli, days, &n) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (history && next)
        return hb_cli_usage(cli, _("--history and --next do not go together"));
    args_begin(&a);
    if (history) {
        hb_jw_int(&a.w, "days", n);
        return args_send(&a, cli, "posture.history");
    }
    hb_jw_bool(&a.w, "next", next);
    hb_jw_bool(&a.w, "colour",
               isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
    return args_send(&a, cli, "status");
}

static int incident_about(struct hb_cli *cli, int argc, char **argv,
                          struct args *a)
{
    const char *verb = argv[1];
    int64_t id;
    int r;

    if (argc < 3)
        return hb_cli_usage(cli, _("say which incident"));
    if (argc > (hb_streq(verb, "show") ? 3 : 4))
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
    r = number(cli, argv[2], &id);
    if (r != HB_EXIT_OK)
        return r;
    hb_jw_int(&a->w, "id", id);
    if (hb_streq(verb, "show"))
        return args_send(a, cli, "incident.show");
    if (argc < 4)
        return hb_cli_usage(cli, _("something is missing behind %s"), argv[2]);
    if (hb_streq(verb, "note")) {
        hb_jw_str(&a->w, "note", argv[3]);
        return args_send(a, cli, "incident.note");
    }
    hb_jw_str(&a->w, "state", argv[3]);
    return args_send(a, cli, "incident.state");
}

static int incident_restart(struct hb_cli *cli, const char *word,
                            const char *from, struct args *a)
{
    int64_t id;
    int r = number(cli, word, &id);

    if (r != HB_EXIT_OK)
        return r;
    hb_jw_int(&a->w, "id", id);
    if (from != NULL)
        hb_jw_str(&a->w, "from", from);
    return args_send(a, cli, "incident.restart");
}

static int incident_circle(struct hb_cli *cli, int argc, char **argv,
                           struct args *a)
{
    bool who = hb_streq(argv[1], "seen");
    int64_t id;
    int r;

    if (argc != (who ? 3 : 4))
        return hb_cli_usage(cli, who ? _("say which incident")
                                     : _("say which incident and which "
                                         "person"));
    r = number(cli, argv[2], &id);
    if (r != HB_EXIT_OK)
        return r;
    hb_jw_int(&a->w, "id", id);
    if (who)
        return args_send(a, cli, "incident.seen");
    hb_jw_str(&a->w, "person", argv[3]);
    return args_send(a, cli,
                     hb_streq(argv[1], "hide") ? "incident.hide"
                                               : "incident.unhide");
}

int hb_cmd_incident(struct hb_cli *cli, int argc, char **argv)
{
    bool all = hb_client_flag(&argc, argv, "--all");
    const char *from = hb_client_opt(&argc, argv, "--from");
    const char *verb = argc > 1 ? argv[1] : "list";
    struct args a;
    int64_t id;
    int r;

    args_begin(&a);
    if (hb_streq(verb, "list") && argc <= 2) {
        hb_jw_bool(&a.w, "open", !all);
        return args_send(&a, cli, "incident.list");
    }
    if (hb_streq(verb, "open") && argc == 5) {
        r = number(cli, argv[2], &id);
        if (r == HB_EXIT_OK) {
            hb_jw_int(&a.w, "case", id);
            hb_jw_str(&a.w, "object", argv[3]);
            hb_jw_str(&a.w, "note", argv[4]);
            return args_send(&a, cli, "incident.open");
        }
    } else if (hb_streq(verb, "show") || hb_streq(verb, "note") ||
               hb_streq(verb, "state")) {
        r = incident_about(cli, argc, argv, &a);
    } else if (hb_streq(verb, "hide") || hb_streq(verb, "unhide") ||
               hb_streq(verb, "seen")) {
        r = incident_circle(cli, argc, argv, &a);
    } else if (hb_streq(verb, "restart") && argc == 3) {
        r = incident_restart(cli, argv[2], from, &a);
    } else if (hb_streq(verb, "resume") && argc == 5 &&
               (hb_streq(argv[4], "done") || hb_streq(argv[4], "again"))) {
        r = number(cli, argv[2], &id);
        if (r == HB_EXIT_OK) {
            hb_jw_int(&a.w, "incident", id);
            hb_jw_str(&a.w, "place", argv[3]);
            hb_jw_bool(&a.w, "done", hb_streq(argv[4], "done"));
            return args_send(&a, cli, "step.resume");
        }
    } else {
        r = hb_cli_usage(cli, _("say what to do: list, show, open, note, "
                                "state, hide, unhide, seen, resume ID STEP "
                                "done|again or restart ID [--from STEP]"));
    }
    hb_buf_done(&a.b);
    return r;
}

int hb_cmd_task(struct hb_cli *cli, int argc, char **argv)
{
    bool all = hb_client_flag(&argc, argv, "--all");
    const char *within = hb_client_opt(&argc, argv, "--within");
    const char *verb = argc > 1 ? argv[1] : "list";
    bool done = hb_streq(verb, "done");
    uint64_t ns = 0;
    struct args a;
    int64_t id = 0;
    int r = HB_EXIT_OK;

    args_begin(&a);
    if (hb_streq(verb, "list") && argc <= 3) {
        if (argc > 2 && (r = number(cli, argv[2], &id)) != HB_EXIT_OK)
            goto out;
        hb_jw_int(&a.w, "incident", id);
        hb_jw_bool(&a.w, "all", all);
        return args_send(&a, cli, "task.list");
    }
    if (hb_streq(verb, "show") && argc == 3) {
        r = number(cli, argv[2], &id);
        if (r != HB_EXIT_OK)
            goto out;
        hb_jw_int(&a.w, "id", id);
        return args_send(&a, cli, "task.show");
    }
    if (argc != 4 ||
        (!done && !hb_streq(verb, "decline") && !hb_streq(verb, "assign"))) {
        r = hb_cli_usage(cli, _("say what to do: list, show ID, done ID "
                                "\"WORDS\", "
                                "decline ID \"WHY\" or assign ID NAME "
                                "[--within 30d]"));
        goto out;
    }
    r = number(cli, argv[2], &id);
    if (r == HB_EXIT_OK && within != NULL &&
        (!hb_streq(verb, "assign") ||
         hb_parse_duration(hb_slice_z(within), &ns) < 0))
        r = hb_cli_usage(cli, _("%s is not a length of time"), within);
    if (r != HB_EXIT_OK)
        goto out;
    hb_jw_int(&a.w, "id", id);
    if (hb_streq(verb, "assign")) {
        hb_jw_str(&a.w, "to", argv[3]);
        hb_jw_int(&a.w, "within_ns", (int64_t)HB_MIN(ns, (uint64_t)INT64_MAX));
        return args_send(&a, cli, "task.assign");
    }
    hb_jw_bool(&a.w, "done", done);
    hb_jw_str(&a.w, "answer", argv[3]);
    return args_send(&a, cli, "task.answer");
out:
    hb_buf_done(&a.b);
    return r;
}

int hb_cmd_fact(struct hb_cli *cli, int argc, char **argv)
{
    bool history = hb_client_flag(&argc, argv, "--history");
    const char *from = hb_client_opt(&argc, argv, "--from");
    const char *at = hb_client_opt(&argc, argv, "--known-at");
    const char *evidence = hb_client_opt(&argc, argv, "--evidence");
    const char *verb = argc > 1 ? argv[1] : "names";
    int64_t id = 0, item = 0, known = 0;
    struct args a;
    int r = HB_EXIT_OK;

    if (hb_streq(verb, "names") && argc <= 2)
        return hb_client_print(cli, "fact.names", "{}");
    if (!(hb_streq(verb, "list") && argc == 3) &&
        !(hb_streq(verb, "set") && argc >= 5 && argc % 2 == 1 && from != NULL))
        return hb_cli_usage(cli, _("say what to do: names, list INCIDENT "
                                   "[--history] or set INCIDENT NAME VALUE "
                                   "[NAME VALUE ...] --from \"WHOM OR WHAT\""));
    if (number(cli, argv[2], &id) != HB_EXIT_OK ||
        (evidence != NULL && number(cli, evidence, &item) != HB_EXIT_OK))
        return HB_EXIT_USAGE;
    if (at != NULL && hb_time_parse(hb_slice_z(at), &known) < 0)
        return hb_cli_usage(cli,
                            _("%s is not a time like "
                              "2026-04-01T09:30:00+09:00"),
                            at);
    if (hb_streq(verb, "list")) {
        args_begin(&a);
        hb_jw_int(&a.w, "incident", id);
        hb_jw_bool(&a.w, "history", history);
        return args_send(&a, cli, "fact.list");
    }
    for (int i = 3; i < argc && r == HB_EXIT_OK; i += 2) {
        args_begin(&a);
        hb_jw_int(&a.w, "incident", id);
        hb_jw_str(&a.w, "name", argv[i]);
        hb_jw_str(&a.w, "value", argv[i + 1]);
        hb_jw_str(&a.w, "source", from);
        hb_jw_int(&a.w, "known_at_ns", known);
        hb_jw_int(&a.w, "evidence", item);
        r = args_send(&a, cli, "fact.set");
    }
    return r;
}

int hb_cmd_clock(struct hb_cli *cli, int argc, char **argv)
{
    bool all = hb_client_flag(&argc, argv, "--all");
    const char *start = hb_client_opt(&argc, argv, "--start");
    const char *verb = argc > 1 ? argv[1] : "list";
    int64_t id = 0, at = 0;
    char cmd[32];
    struct args a;

    if (!(hb_streq(verb, "list") && argc <= 3) &&
        !((hb_streq(verb, "done") || hb_streq(verb, "stop") ||
           hb_streq(verb, "start")) &&
          argc == 4))
        return hb_cli_usage(cli, _("say what to do: list [INCIDENT] [--all], "
                                   "done ID \"WORDS\", stop ID \"WHY\" or "
                                   "start INCIDENT RULE [--start TIME]"));
    if (argc > 2 && number(cli, argv[2], &id) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    if (start != NULL && hb_time_parse(hb_slice_z(start), &at) < 0)
        return hb_cli_usage(cli,
                            _("%s is not a time like "
                              "2026-04-01T09:30:00+09:00"),
                            start);
    args_begin(&a);
    (void)snprintf(cmd, sizeof(cmd), "clock.%s", verb);
    if (hb_streq(verb, "list")) {
        hb_jw_int(&a.w, "incident", id);
        hb_jw_bool(&a.w, "all", all);
    } else if (hb_streq(verb, "start")) {
        hb_jw_int(&a.w, "incident", id);
        hb_jw_str(&a.w, "rule", argv[3]);
        hb_jw_int(&a.w, "start_ns", at);
    } else {
        hb_jw_int(&a.w, "id", id);
        hb_jw_str(&a.w, "words", argv[3]);
    }
    return args_send(&a, cli, cmd);
}

int hb_cmd_message(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";
    int64_t id = 0;
    struct args a;

    if (hb_streq(verb, "test") && argc == 3) {
        args_begin(&a);
        hb_jw_str(&a.w, "person", argv[2]);
        return args_send(&a, cli, "message.test");
    }
    if (!hb_streq(verb, "list") || argc > 3)
        return hb_cli_usage(cli, _("say what to do: list [INCIDENT] or test "
                                   "PERSON"));
    if (argc == 3 && number(cli, argv[2], &id) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    args_begin(&a);
    hb_jw_int(&a.w, "incident", id);
    return args_send(&a, cli, "message.list");
}

int hb_cmd_event(struct hb_cli *cli, int argc, char **argv)
{
    const char *site = hb_client_opt(&argc, argv, "--site");
    const char *limit = hb_client_opt(&argc, argv, "--limit");
    struct args a;
    int64_t n = 50;

    if (argc > 1 && hb_streq(argv[1], "send"))
        return hb_cli_event_send(cli, argc - 1, argv + 1);
    if (limit != NULL && number(cli, limit, &n) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    if (argc > 2)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[2]);
    args_begin(&a);
    hb_jw_int(&a.w, "limit", n);
    if (site != NULL)
        hb_jw_str(&a.w, "site", site);
    if (argc > 1)
        hb_jw_str(&a.w, "text", argv[1]);
    return args_send(&a, cli, "event.list");
}

int hb_cmd_metrics(struct hb_cli *cli, int argc, char **argv)
{
    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    return hb_client_print(cli, "metrics", "{}");
}

int hb_cmd_control(struct hb_cli *cli, int argc, char **argv)
{
    bool run = argc == 2 && hb_streq(argv[1], "run");

    if (argc > 2 || (argc == 2 && !run && !hb_streq(argv[1], "list")))
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
    return hb_client_print(cli, run ? "control.run" : "control.list", "{}");
}

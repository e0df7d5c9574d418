/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence.c - `hinoban evidence list|add|verify|checkpoint|export`.
 *
 * "verify" asks nobody: it reads the store itself, with the public key and
 * the anchor that the caller names, since a service whose machine was taken
 * over could say anything.  It runs as whoever may read the store, also on a
 * copy on another machine.  The other words are requests to the service.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/package.h"
#include "cli/paper.h"
#include "incident/evidence.h"

#define ANCHOR_MAX (256u << 10) /* a mail with its headers */

static int verify(struct hb_cli *cli, int argc, char **argv);
static void print_text(const struct hb_evidence_report *r, const char *key);
static void print_lines(const struct hb_evidence_report *r);
static void print_anchors(const struct hb_evidence_report *r);
static int print_json(const struct hb_evidence_report *r, const char *key);
static int checkpoint(struct hb_cli *cli, int argc, char **argv);
static int print_paper(struct hb_cli *cli, const char *file);
static void print_key(struct hb_cli *cli);
static int export(struct hb_cli *cli, int argc, char **argv);
static int add(struct hb_cli *cli, int argc, char **argv);
static int request(struct hb_cli *cli, const char *cmd, const char *member,
                   const char *number);

int hb_cmd_evidence(struct hb_cli *cli, int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (hb_streq(word, "verify"))
        return verify(cli, argc - 1, argv + 1);
    if (hb_streq(word, "list") && argc <= 3)
        return request(cli, "evidence.list", "incident",
                       argc == 3 ? argv[2] : NULL);
    if (hb_streq(word, "add"))
        return add(cli, argc - 1, argv + 1);
    if (hb_streq(word, "checkpoint"))
        return checkpoint(cli, argc - 1, argv + 1);
    if (hb_streq(word, "export"))
        return export(cli, argc - 1, argv + 1);
    return hb_cli_usage(
        cli, argc > 1 ? _("unexpected argument %s") : _("say what to do"),
        argv[argc - 1]);
}

/* Opened here, with the caller's rights: the service reads no path that
 * somebody names. */
static int add(struct hb_cli *cli, int argc, char **argv)
{
    const char *from = hb_client_opt(&argc, argv, "--from");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const struct hb_json *answer = NULL;
    _cleanup_close_ int fd = -1;
    struct hb_err err = {0};
    struct hb_jw w;
    int64_t id;

    if (argc != 3 || from == NULL || hb_parse_i64(hb_slice_z(argv[1]), &id) < 0)
        return hb_cli_usage(cli, _("say which incident, which file and where "
                                   "it comes from: evidence add 3 mail.eml "
                                   "--from \"PC of Ms Sato\""));
    fd = open(argv[2], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return hb_cli_fail_code(argv[2], -errno);
    if (a == NULL)
        return hb_cli_fail_code("evidence", -ENOMEM);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", id);
    hb_jw_str(&w, "name", argv[2]);
    hb_jw_str(&w, "source", from);
    hb_jw_end_obj(&w);
    if (hb_client_send_fd(cli, a, "evidence.add", hb_buf_z(&args), fd, &answer,
                          &err) < 0)
        return hb_cli_fail(&err);
    return hb_client_show(cli, answer);
}

static int verify(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *anchor = hb_client_opt(&argc, argv, "--anchor");
    const char *key = hb_client_opt(&argc, argv, "--key");
    struct hb_evidence_report report = {0};
    char dir[HB_MAX_PATH], key_path[HB_MAX_PATH], id[17];
    struct hb_slice text = {0};
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    int r;

    if (argc > 2)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[2]);
    if (a == NULL)
        return hb_cli_fail_code("evidence", -ENOMEM);
    r = hb_path(&cli->paths, HB_DIR_STATE, "evidence", dir);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "keys/evidence.pub", key_path);
    if (r < 0)
        return hb_cli_fail_code("evidence", r);
    if (anchor != NULL) {
        r = hb_file_read(a, anchor, ANCHOR_MAX, &text);
        if (r < 0)
            return hb_cli_fail_code(anchor, r);
        /* An empty file must not pass for "no anchor was named". */
        if (text.n == 0)
            return hb_cli_fail_code(anchor, -EBADMSG);
    }
    if (hb_pub_load(key != NULL ? key : key_path, &pub, &err) < 0)
        return hb_cli_fail(&err);
    hb_pub_id(pub, id);
    /* Where the store must be a package must not pass for it. */
    r = argc == 2 ? hb_evidence_verify(argv[1], HB_EVIDENCE_ANY, pub, text,
                                       &report, &err)
                  : hb_evidence_verify(dir, HB_EVIDENCE_STORE, pub, text,
                                       &report, &err);
    hb_pub_free(pub);
    if (r < 0)
        return hb_cli_fail(&err);
    if (cli->json)
        r = print_json(&report, id);
    else
        print_text(&report, id);
    if (r < 0)
        return hb_cli_fail_code("evidence", r);
    r = hb_cli_flush();
    return hb_evidence_report_good(&report) ? r : HB_EXIT_FAILED;
}

static void print_text(const struct hb_evidence_report *r, const char *key)
{
    printf("%s", r->package ? _("This is a package for a stranger.\n")
                            : _("This is an evidence store.\n"));
    printf(_("The key's name: %s\n"), key);
    printf(_("Entries: %lld, of them signed checkpoints: %lld\n"),
           (long long)r->lines, (long long)r->checkpoints);
    print_lines(r);
    if (r->sums > 0)
        printf(_("Files of the package that are not as they were signed: "
                 "%lld\n"),
               (long long)r->sums);
    if (r->extra > 0)
        printf(_("Files among the contents that no line names: %lld\n"),
               (long long)r->extra);
    if (r->bad_line != 0)
        printf(_("Line %lld of the log does not hold: %s.\n"),
               (long long)r->bad_line, hb_gettext(r->bad_why));
    if (r->missing > 0)
        printf(_("Contents that are missing: %lld\n"), (long long)r->missing);
    if (r->changed > 0)
        printf(_("Contents that were changed: %lld\n"), (long long)r->changed);
    if (r->first_lost != 0)
        printf(_("The first of these belongs to line %lld.\n"),
               (long long)r->first_lost);
    if (r->torn > 0 && !r->package)
        printf(_("Behind the last line stand %lld bytes that are no line yet: "
                 "being written now, or left by a crash; the service sets "
                 "them aside when it starts.\n"),
               (long long)r->torn);
    print_anchors(r);
    printf("%s", hb_evidence_report_good(r) ? _("The evidence is unchanged.\n")
                 : hb_evidence_report_changed(r)
                     ? _("THE EVIDENCE WAS CHANGED. Keep this machine as it "
                         "is and call for help.\n")
                     : _("Nothing that is proven was changed; the lines named "
                         "above are not proven.\n"));
}

/* What was left out, and what that costs. */
static void print_lines(const struct hb_evidence_report *r)
{
    if (r->sealed + r->gaps > 0)
        printf(_("Entries not of this incident, whose content was left out: "
                 "%lld\n"),
               (long long)r->sealed + (long long)r->gaps);
    if (r->gaps > 0)
        printf(_("Of these %lld are said to be of an older version; only what "
                 "stands behind them vouches for them.\n"),
               (long long)r->gaps);
    if (r->gap.first != 0)
        printf(_("Lines %lld to %lld were left out; nothing here shows that "
                 "they were of an older version.\n"),
               (long long)r->gap.first, (long long)r->gap.last);
    for (size_t i = 0; i < HB_MIN(r->unproven_n, (size_t)HB_EVIDENCE_UNPROVEN);
         i++) {
        long long first = (long long)r->unproven[i].first,
                  last = (long long)r->unproven[i].last;

        if (r->anchors > 0)
            printf(_("Lines %lld to %lld are not proven by this checkpoint: "
                     "behind them lines were left out, and nothing that is "
                     "here names them. Ask for the whole log.\n"),
                   first, last);
        else
            printf(_("Lines %lld to %lld stand before lines that were left "
                     "out: only the signature of the package vouches for "
                     "them.\n"),
                   first, last);
    }
    if (r->unproven_n > HB_EVIDENCE_UNPROVEN)
        printf(_("More such runs of lines: %lld\n"),
               (long long)r->unproven_n - (long long)HB_EVIDENCE_UNPROVEN);
}

static void print_anchors(const struct hb_evidence_report *r)
{
    if (r->anchors == 0)
        printf("%s", _("Not compared with a checkpoint from outside "
                       "(--anchor FILE): whoever rewrote the whole log would "
                       "not be noticed.\n"));
    else if (r->anchors == 1 && r->anchors_held == 1)
        printf("%s", _("The checkpoint from outside is in the log.\n"));
    else if (r->anchors > 1)
        printf(_("Checkpoints from outside that are in the log: %lld of "
                 "%lld\n"),
               (long long)r->anchors_held, (long long)r->anchors);
    if (r->anchors_held < r->anchors)
        printf(_("Checkpoint %lld from outside is NOT in the log: the log was "
                 "rewritten or cut since.\n"),
               (long long)r->anchor_lost);
    if (r->newer.first != 0)
        printf(_("Lines %lld to %lld are newer than the checkpoint from "
                 "outside: it says nothing of them.\n"),
               (long long)r->newer.first, (long long)r->newer.last);
}

static int print_json(const struct hb_evidence_report *r, const char *key)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_bool(&w, "good", hb_evidence_report_good(r));
    hb_jw_str(&w, "key", key);
    hb_jw_int(&w, "lines", r->lines);
    hb_jw_int(&w, "items", r->items);
    hb_jw_int(&w, "checkpoints", r->checkpoints);
    hb_jw_bool(&w, "package", r->package);
    hb_jw_int(&w, "sealed", r->sealed);
    hb_jw_int(&w, "gaps", r->gaps);
    hb_jw_arr(&w, "unproven");
    for (size_t i = 0; i < HB_MIN(r->unproven_n, (size_t)HB_EVIDENCE_UNPROVEN);
         i++) {
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "first", r->unproven[i].first);
        hb_jw_int(&w, "last", r->unproven[i].last);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_jw_int(&w, "newer", r->newer.first);
    hb_jw_int(&w, "sums", r->sums);
    hb_jw_int(&w, "extra", r->extra);
    hb_jw_int(&w, "bad_line", r->bad_line);
    hb_jw_str(&w, "bad_why", r->bad_why != NULL ? r->bad_why : "");
    hb_jw_int(&w, "missing", r->missing);
    hb_jw_int(&w, "changed", r->changed);
    hb_jw_int(&w, "torn", r->torn);
    hb_jw_int(&w, "anchors", r->anchors);
    hb_jw_int(&w, "anchors_held", r->anchors_held);
    if (r->anchors_held < r->anchors)
        hb_jw_int(&w, "anchor_lost", r->anchor_lost);
    hb_jw_end_obj(&w);
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    printf("%s\n", hb_buf_z(&b));
    return 0;
}

static int checkpoint(struct hb_cli *cli, int argc, char **argv)
{
    const char *paper = hb_client_opt(&argc, argv, "--paper");
    const char *kept = hb_client_opt(&argc, argv, "--kept");
    const char *place = hb_client_opt(&argc, argv, "--place");
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if ((paper != NULL && kept != NULL) || (place != NULL && kept == NULL))
        return hb_cli_usage(cli, "%s", _("say what to do"));
    if (paper != NULL)
        return print_paper(cli, paper);
    if (kept == NULL) {
        r = hb_client_print(cli, "evidence.checkpoint", "{}");
        if (r == HB_EXIT_OK && !cli->json)
            print_key(cli);
        return r == HB_EXIT_OK ? hb_cli_flush() : r;
    }
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "code", kept);
    hb_jw_str(&w, "place", place != NULL ? place : "");
    hb_jw_end_obj(&w);
    if (hb_buf_err(&args) < 0)
        return hb_cli_fail_code("evidence", hb_buf_err(&args));
    return hb_client_print(cli, "evidence.kept", hb_buf_z(&args));
}

static int print_paper(struct hb_cli *cli, const char *file)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf html = HB_BUF_INIT;
    const struct hb_json *answer = NULL, *data;
    struct hb_paper paper;
    char code[HB_PAPER_CODE];
    struct hb_err err = {0};
    int r;

    if (a == NULL)
        return hb_cli_fail_code("evidence", -ENOMEM);
    r = hb_client_call(cli, a, "evidence.checkpoint", "{\"paper\":true}",
                       &answer, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    data = hb_json_get(answer, "data");
    paper =
        (struct hb_paper){.line = hb_slice_z(hb_json_str(data, "line", "")),
                          .organisation = hb_json_str(data, "organisation", ""),
                          .machine = hb_json_str(data, "machine", ""),
                          .key = hb_json_str(data, "key", "")};
    r = hb_cli_paper(&html, &paper, code, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    r = hb_file_write(file, html.p, html.n, 0644);
    if (r < 0)
        return hb_cli_fail_code(file, r);
    return hb_cli_said(cli, "code", code,
                       _("Print %s and put the sheet away where whoever "
                         "controls this machine cannot reach it. Then say so: "
                         "hinoban evidence checkpoint --kept %s\n"),
                       file, code);
}

/* For the organisation to tell a stranger by another way than the package.
 * The checkpoint was made, whether this can be read or not. */
static void print_key(struct hb_cli *cli)
{
    char path[HB_MAX_PATH], id[17];
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};

    if (hb_path(&cli->paths, HB_DIR_ETC, "keys/evidence.pub", path) < 0)
        return;
    if (hb_pub_load(path, &pub, &err) < 0) {
        (void)hb_cli_fail(&err);
        return;
    }
    hb_pub_id(pub, id);
    hb_pub_free(pub);
    printf(_("The key's name: %s\n"), id);
}

/* "--incident ID [DIR]", "--whole [DIR]"; "ID" as before there were others. */
static int export(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *id = hb_client_opt(&argc, argv, "--incident");
    bool whole = hb_client_flag(&argc, argv, "--whole");
    _cleanup_close_ int from = -1;
    const struct hb_json *answer = NULL;
    struct hb_err err = {0};
    char args[96];
    int64_t n = 0;
    int r;

    if (id == NULL && !whole && argc == 2) {
        id = argv[1];
        argc--;
    }
    if (argc > 2 || (id == NULL) == !whole)
        return hb_cli_usage(
            cli, argc > 2 ? _("unexpected argument %s") : _("say what to do"),
            argv[argc - 1]);
    if (id != NULL && (hb_parse_i64(hb_slice_z(id), &n) < 0 || n < 1))
        return hb_cli_usage(cli, _("%s is not a number"), id);
    (void)snprintf(
        args, sizeof(args), "{\"incident\":%lld,\"whole\":%s,\"fetch\":%s}",
        (long long)n, whole ? "true" : "false", argc < 2 ? "false" : "true");
    if (argc < 2)
        return hb_client_print(cli, "evidence.export", args);
    /* Before the service makes one for nothing. */
    if (mkdir(argv[1], 0700) < 0)
        return hb_cli_fail_code(argv[1], -errno);
    r = a == NULL ? -ENOMEM
                  : hb_client_call_fd(cli, a, "evidence.export", args, &answer,
                                      &from, &err);
    if (r == 0)
        r = hb_cli_copy_package(from, argv[1], &err);
    if (r < 0) {
        (void)!hb_rmtree(AT_FDCWD, argv[1]);
        return hb_cli_fail(&err);
    }
    return hb_cli_said(cli, "package", argv[1],
                       _("The package is in %s. To check it: sh "
                         "%s/VERIFY.sh\n"),
                       argv[1], argv[1]);
}

/* NUMBER may be NULL: none. */
static int request(struct hb_cli *cli, const char *cmd, const char *member,
                   const char *number)
{
    char args[64] = "{}";
    int64_t n;

    if (number != NULL) {
        if (hb_parse_i64(hb_slice_z(number), &n) < 0 || n < 1)
            return hb_cli_usage(cli, _("%s is not a number"), number);
        (void)snprintf(args, sizeof(args), "{\"%s\":%lld}", member,
                       (long long)n);
    }
    return hb_client_print(cli, cmd, args);
}

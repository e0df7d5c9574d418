/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.c - `hinoban document`: prints a paper of an incident, lists its
 * versions, approves one with the person's own key, records to whom it was
 * handed.
 *
 * Runs as a short-lived client without privileges; the key never leaves it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/decide.h"
#include "incident/document_mark.h"

#define VERSION_MIN 12u

/* An approval does not run out; it is of one version. */
#define VALID_NS ((int64_t)(3653 * 86400) * (int64_t)HB_S)

static int print(const struct hb_cli *cli, const char *name, int64_t id,
                 bool html);
static int list(const struct hb_cli *cli, int64_t id);
static int sent(const struct hb_cli *cli, char **argv, int64_t id,
                const char *at, const char *receipt);
static int approve(const struct hb_cli *cli, int argc, char **argv, int64_t id,
                   const char *person, const char *key_file, const char *pass);
static int keep(const struct hb_cli *cli, const char *name, int64_t id);
static int version(const struct hb_cli *cli, struct hb_arena *a, char **argv,
                   int64_t id, char ret[HB_DOCUMENT_SUBJECT],
                   struct hb_err *err);
static void begin(struct hb_buf *b, struct hb_jw *w, int64_t id,
                  const char *name);

int hb_cmd_document(struct hb_cli *cli, int argc, char **argv)
{
    bool html = hb_client_flag(&argc, argv, "--html");
    const char *at = hb_client_opt(&argc, argv, "--at");
    const char *receipt = hb_client_opt(&argc, argv, "--receipt");
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *verb = argc > 1 ? argv[1] : "";
    bool listing = hb_streq(verb, "list") && argc == 3,
         sending = hb_streq(verb, "sent") && argc == 5,
         keeping = hb_streq(verb, "keep") && argc == 4,
         approving = hb_streq(verb, "approve") && (argc == 5 || argc == 6);
    int which = sending || keeping || approving ? 3 : 2;
    int64_t id;

    if (!listing && !sending && !keeping && !approving && argc != 3)
        return hb_cli_usage(cli, _("say which paper of which incident: "
                                   "document D01 3, or list 3, keep D01 3, "
                                   "approve D01 3 VERSION or sent D01 3 \"TO "
                                   "WHOM\""));
    if (hb_parse_i64(hb_slice_z(argv[which]), &id) < 0 || id < 1)
        return hb_cli_usage(cli, _("%s is not a number"), argv[which]);
    if (listing)
        return list(cli, id);
    if (sending)
        return sent(cli, argv, id, at, receipt);
    if (keeping)
        return keep(cli, argv[2], id);
    return approving ? approve(cli, argc, argv, id, person, key, pass)
                     : print(cli, argv[1], id, html);
}

static int print(const struct hb_cli *cli, const char *name, int64_t id,
                 bool html)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    begin(&args, &w, id, name);
    hb_jw_bool(&w, "html", html);
    hb_jw_end_obj(&w);
    return hb_client_print(cli, "document.write", hb_buf_z(&args));
}

static int list(const struct hb_cli *cli, int64_t id)
{
    char args[40];

    (void)snprintf(args, sizeof(args), "{\"id\":%lld}", (long long)id);
    return hb_client_print(cli, "document.list", args);
}

static int sent(const struct hb_cli *cli, char **argv, int64_t id,
                const char *at, const char *receipt)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int64_t ns = 0;

    if (at != NULL && hb_time_parse(hb_slice_z(at), &ns) < 0)
        return hb_cli_usage(cli,
                            _("%s is not a time like "
                              "2026-04-01T09:30:00+09:00"),
                            at);
    begin(&args, &w, id, argv[2]);
    hb_jw_str(&w, "to", argv[4]);
    if (receipt != NULL)
        hb_jw_str(&w, "receipt", receipt);
    if (at != NULL)
        hb_jw_int(&w, "at_ns", ns);
    hb_jw_end_obj(&w);
    return hb_client_print(cli, "document.sent", hb_buf_z(&args));
}

static int keep(const struct hb_cli *cli, const char *name, int64_t id)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    begin(&args, &w, id, name);
    hb_jw_bool(&w, "keep", true);
    hb_jw_end_obj(&w);
    return hb_client_print(cli, "document.version", hb_buf_z(&args));
}

static int approve(const struct hb_cli *cli, int argc, char **argv, int64_t id,
                   const char *person, const char *key_file, const char *pass)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT, whole = HB_BUF_INIT;
    char subject[HB_DOCUMENT_SUBJECT];
    struct hb_decision_row row = {
        .subject = subject,
        .verdict = "accepted",
        .reason = argc == 6 ? argv[5] : _("approved"),
        .incident = id,
        .time = hb_now(),
    };
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    int r = a == NULL ? hb_err_set(&err, -ENOMEM, _("out of memory"))
                      : version(cli, a, argv, id, subject, &err);

    row.until = row.time + VALID_NS;
    if (r == 0)
        r = hb_client_me(cli, a, person, &row.person, &err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    r = hb_decide_sign(&args, &row, key);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail_code("document", r);
    /* The signed members, and of which incident. */
    hb_buf_addf(&whole, "{\"id\":%lld,%s", (long long)id, hb_buf_z(&args) + 1);
    return hb_client_print(cli, "document.approve", hb_buf_z(&whole));
}

/* The last version, where that is the one that was looked at: argv[4] has at
 * least VERSION_MIN digits of its hash. */
static int version(const struct hb_cli *cli, struct hb_arena *a, char **argv,
                   int64_t id, char ret[HB_DOCUMENT_SUBJECT],
                   struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const struct hb_json *answer;
    const char *name = argv[2], *sha256;
    size_t n = strlen(argv[4]);
    struct hb_jw w;
    int r;

    begin(&args, &w, id, name);
    hb_jw_end_obj(&w);
    r = hb_client_call(cli, a, "document.version", hb_buf_z(&args), &answer,
                       err);
    if (r < 0)
        return r;
    sha256 = hb_json_str(hb_json_get(answer, "data"), "sha256", "");
    if (n < VERSION_MIN || strncmp(sha256, argv[4], n) != 0)
        return hb_err_set(err, -ESTALE,
                          _("The last version of %s is %.12s, not %s: look at "
                            "it first (hinoban document keep %s %lld)"),
                          name, sha256, argv[4], name, (long long)id);
    r = hb_document_subject(name, sha256, ret);
    return r < 0 ? hb_err_set(err, r, _("The paper could not be kept.")) : 0;
}

static void begin(struct hb_buf *b, struct hb_jw *w, int64_t id,
                  const char *name)
{
    hb_jw_init(w, b);
    hb_jw_obj(w, NULL);
    hb_jw_int(w, "id", id);
    hb_jw_str(w, "name", name);
}

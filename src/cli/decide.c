/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c - what needs a person's own signature: `hinoban decide` (a risk
 * accepted, a case that does not apply, an answer to a control's question)
 * and `hinoban approve` (a step of a playbook that waits for the officer).
 *
 * Runs as that person.  The key never leaves this process.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/decide.h"
#include "respond/approval.h"

static int approve_one(const struct hb_cli *cli, struct hb_arena *a,
                       const struct hb_json *want, int64_t incident,
                       const char *person, const struct hb_key *key,
                       struct hb_jw *said, struct hb_err *err);

int hb_cmd_decide(struct hb_cli *cli, int argc, char **argv)
{
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key_file = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *span = hb_client_opt(&argc, argv, "--for");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_decision_row row = {.time = hb_now()};
    uint64_t ns = 90 * 86400 * HB_S;
    struct hb_err err = {0};
    struct hb_key *key = NULL;
    int r;

    if (argc != 4)
        return hb_cli_usage(cli, _("say about what, how and why: decide "
                                   "control:web.waf accepted \"WHY\""));
    if (span != NULL && hb_parse_duration(hb_slice_z(span), &ns) < 0)
        return hb_cli_usage(cli, _("%s is not a length of time"), span);
    row.subject = argv[1];
    row.verdict = argv[2];
    row.reason = argv[3];
    row.until = row.time + (int64_t)ns;
    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    r = hb_client_me(cli, a, person, &row.person, &err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    r = hb_decide_sign(&args, &row, key);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail_code("decision", r);
    return hb_client_print(cli, "decision.add", hb_buf_z(&args));
}

int hb_decide_sign(struct hb_buf *args, const struct hb_decision_row *row,
                   const struct hb_key *key)
{
    _cleanup_buf_ struct hb_buf msg = HB_BUF_INIT;
    char hex[2 * HB_SIG_SIZE + 1];
    uint8_t sig[HB_SIG_SIZE];
    struct hb_jw w;
    int r = hb_decision_message(&msg, row);

    if (r == 0)
        r = hb_sign(key, "decision", hb_buf_slice(&msg), sig);
    if (r < 0)
        return r;
    hb_hex(sig, sizeof(sig), hex);
    hb_jw_init(&w, args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "subject", row->subject);
    hb_jw_str(&w, "verdict", row->verdict);
    hb_jw_str(&w, "reason", row->reason);
    hb_jw_str(&w, "person", row->person);
    hb_jw_int(&w, "time_ns", row->time);
    hb_jw_int(&w, "until_ns", row->until);
    hb_jw_str(&w, "sig", hex);
    hb_jw_end_obj(&w);
    return hb_buf_err(args);
}

int hb_cmd_approve(struct hb_cli *cli, int argc, char **argv)
{
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key_file = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    const struct hb_json *answer, *data;
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    struct hb_jw said;
    char args[64];
    int64_t id;
    int r;

    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (argc != 2 || hb_parse_i64(hb_slice_z(argv[1]), &id) < 0)
        return hb_cli_usage(cli, _("say which incident"));
    (void)snprintf(args, sizeof(args), "{\"incident\":%lld}", (long long)id);
    r = hb_client_call(cli, a, "approval.wanted", args, &answer, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    data = hb_json_get(answer, "data");
    if (data == NULL || data->count == 0) {
        if (cli->json)
            printf("[]\n");
        else
            printf(_("Nothing of incident %lld waits for an approval.\n"),
                   (long long)id);
        return hb_cli_flush();
    }
    r = hb_client_me(cli, a, person, &person, &err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &err);
    hb_jw_init(&said, &text);
    hb_jw_arr(&said, NULL);
    for (const struct hb_json *want = data->first; want != NULL && r == 0;
         want = want->next)
        r = approve_one(cli, a, want, id, person, key, &said, &err);
    hb_key_free(key);
    hb_jw_end_arr(&said);
    if (cli->json)
        printf("%s\n", hb_buf_z(&text));
    return r < 0 ? hb_cli_fail(&err) : hb_cli_flush();
}

static int approve_one(const struct hb_cli *cli, struct hb_arena *a,
                       const struct hb_json *want, int64_t incident,
                       const char *person, const struct hb_key *key,
                       struct hb_jw *said, struct hb_err *err)
{
    struct hb_request q = {
        .action = (uint16_t)hb_json_int(want, "action", 0),
        .site = (uint32_t)hb_json_int(want, "site", 0),
        .incident = (uint32_t)incident,
        .step = (uint32_t)hb_json_int(want, "step_number", 0),
        .arg = (uint32_t)hb_json_int(want, "arg", 0),
    };
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const struct hb_json *answer;
    uint8_t blob[HB_ACT_APPROVAL_MAX];
    char *hex;
    struct hb_jw w;
    int n;

    hb_jw_obj(said, NULL);
    hb_jw_int(said, "task", hb_json_int(want, "task", 0));
    hb_jw_str(said, "step", hb_json_str(want, "step", ""));
    hb_jw_bool(said, "approved", q.action != 0);
    hb_jw_end_obj(said);
    if (q.action == 0) {
        if (!cli->json)
            printf(_("%s: allow it for an hour, then say that it is done:\n"
                     "    sudo hinoban reflex allow --officer %s --site %s "
                     "--for 1h --reason \"WHY\"\n"
                     "    hinoban task done %lld \"WORDS\"\n"),
                   hb_json_str(want, "title", "?"), person,
                   hb_json_str(want, "site_name", "?"),
                   (long long)hb_json_int(want, "task", 0));
        return 0;
    }
    n = hb_approval_make(&q, HB_SLICE(""), person, key,
                         hb_now() + (int64_t)(3600 * HB_S), blob, err);

    if (n < 0)
        return n;
    hex = hb_arena_alloc(a, 2 * (size_t)n + 1);
    if (hex == NULL)
        return -ENOMEM;
    hb_hex(blob, (size_t)n, hex);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", incident);
    hb_jw_int(&w, "step_number", q.step);
    hb_jw_str(&w, "blob", hex);
    hb_jw_int(&w, "task", hb_json_int(want, "task", 0));
    hb_jw_end_obj(&w);
    n = hb_client_call(cli, a, "approval.add", hb_buf_z(&args), &answer, err);
    if (n == 0 && !cli->json)
        printf(_("Approved: %s\n"), hb_json_str(want, "title", "?"));
    return n;
}

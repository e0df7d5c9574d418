/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo.c - `hinoban undo INCIDENT [DEED|STEP]`: what the machine did for an
 * incident and is still in force, and taking it back.
 *
 * Runs as the person who undoes it; the approval of exactly the counter-action
 * is signed here, and the helper verifies it.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/client.h"
#include "respond/approval.h"

#define PATIENCE_NS (15 * HB_S)

static int list(const struct hb_cli *cli, struct hb_arena *a, int64_t incident,
                const struct hb_json **ret, struct hb_err *err);
static const struct hb_json *find(const struct hb_json *deeds, int64_t deed);
static int sign(struct hb_arena *a, const struct hb_json *deed,
                int64_t incident, const char *person, const struct hb_key *key,
                const char **ret_hex, struct hb_err *err);
static int undo(struct hb_cli *cli, struct hb_arena *a, int64_t incident,
                int64_t number, const struct hb_json *deed, const char *hex);
static int number_of(const struct hb_cli *cli, const char *word, int64_t *ret);
static int undo_step(struct hb_cli *cli, int64_t incident, const char *step,
                     bool dry);

int hb_cmd_undo(struct hb_cli *cli, int argc, char **argv)
{
    const char *person = hb_client_opt(&argc, argv, "--person");
    const char *key_file = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    bool dry = hb_client_flag(&argc, argv, "--dry-run");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *deeds = NULL, *deed;
    int64_t incident, number;
    struct hb_err err = {0};
    struct hb_key *key = NULL;
    char args[64];
    const char *hex = NULL;
    int r;

    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (argc < 2 || argc > 3)
        return hb_cli_usage(cli, _("say which incident, and which deed of it"));
    if (number_of(cli, argv[1], &incident) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    if (argc == 2) {
        (void)snprintf(args, sizeof(args), "{\"incident\":%lld}",
                       (long long)incident);
        return hb_client_print(cli, "deed.list", args);
    }
    if (argv[2][strspn(argv[2], "0123456789")] != '\0')
        return undo_step(cli, incident, argv[2], dry);
    if (number_of(cli, argv[2], &number) != HB_EXIT_OK)
        return HB_EXIT_USAGE;
    if (list(cli, a, incident, &deeds, &err) < 0)
        return hb_cli_fail(&err);
    deed = find(deeds, number);
    if (deed == NULL) {
        (void)hb_err_set(&err, -ENOENT,
                         _("Deed %lld of incident %lld is not in force."),
                         (long long)number, (long long)incident);
        return hb_cli_fail(&err);
    }
    if (dry) {
        const char *what =
            hb_action_name((enum hb_action)hb_json_int(deed, "counter", 0));

        return hb_cli_said(cli, "would", what,
                           _("Would do: %s of %s/%s. Nothing was done.\n"),
                           what, hb_json_str(deed, "site", "?"),
                           hb_json_str(deed, "path", ""));
    }
    r = hb_client_me(cli, a, person, &person, &err);
    if (r == 0)
        r = hb_client_key(key_file, pass, &key, &err);
    if (r == 0)
        r = sign(a, deed, incident, person, key, &hex, &err);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail(&err);
    return undo(cli, a, incident, number, deed, hex);
}

/* A step of the playbook: nothing is signed here, its undo asks for an
 * approval where it wants one. */
static int undo_step(struct hb_cli *cli, int64_t incident, const char *step,
                     bool dry)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", incident);
    hb_jw_str(&w, "place", step);
    hb_jw_bool(&w, "dry", dry);
    hb_jw_end_obj(&w);
    return hb_client_print(cli, "step.undo", hb_buf_z(&args));
}

static int list(const struct hb_cli *cli, struct hb_arena *a, int64_t incident,
                const struct hb_json **ret, struct hb_err *err)
{
    const struct hb_json *answer;
    char args[64];
    int r;

    (void)snprintf(args, sizeof(args), "{\"incident\":%lld}",
                   (long long)incident);
    r = hb_client_call(cli, a, "deed.list", args, &answer, err);
    if (r == 0)
        *ret = hb_json_get(answer, "data");
    return r;
}

static const struct hb_json *find(const struct hb_json *deeds, int64_t deed)
{
    if (deeds == NULL || deeds->type != HB_JSON_ARR)
        return NULL;
    HB_JSON_EACH (one, deeds)
        if (hb_json_int(one, "deed", 0) == deed)
            return one;
    return NULL;
}

static int sign(struct hb_arena *a, const struct hb_json *deed,
                int64_t incident, const char *person, const struct hb_key *key,
                const char **ret_hex, struct hb_err *err)
{
    const char *key2 = hb_json_str(deed, "key2", "");
    struct hb_request q = {
        .action = (uint16_t)hb_json_int(deed, "counter", 0),
        .site = (uint32_t)hb_json_int(deed, "site_number", 0),
        .entry = (uint32_t)hb_json_int(deed, "entry", 0),
        .baseline = (uint64_t)hb_json_int(deed, "baseline", 0),
        .incident = (uint32_t)incident,
        .step = (uint32_t)hb_json_int(deed, "step_number", 0),
    };
    uint8_t blob[HB_ACT_APPROVAL_MAX];
    char *hex;
    int n;

    if (key2[0] != '\0' &&
        hb_unhex(hb_slice_z(key2), q.key2, sizeof(q.key2)) < 0)
        return hb_err_set(err, -EBADMSG, _("The service did not answer."));
    n = hb_approval_make(&q, HB_SLICE(""), person, key,
                         hb_now() + (int64_t)(600 * HB_S), blob, err);
    if (n < 0)
        return n;
    hex = hb_arena_alloc(a, 2 * (size_t)n + 1);
    if (hex == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    hb_hex(blob, (size_t)n, hex);
    *ret_hex = hex;
    return 0;
}

/* Asks, and waits for what became of it. */
static int undo(struct hb_cli *cli, struct hb_arena *a, int64_t incident,
                int64_t number, const struct hb_json *deed, const char *hex)
{
    uint64_t until = hb_mono() + PATIENCE_NS;
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    const struct hb_json *answer = NULL, *deeds = NULL, *now;
    struct hb_err err = {0};
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "incident", incident);
    hb_jw_int(&w, "deed", number);
    hb_jw_str(&w, "blob", hex);
    hb_jw_end_obj(&w);
    if (hb_client_call(cli, a, "deed.undo", hb_buf_z(&args), &answer, &err) < 0)
        return hb_cli_fail(&err);
    while (hb_mono() < until) {
        if (list(cli, a, incident, &deeds, &err) < 0)
            return hb_cli_fail(&err);
        now = find(deeds, number);
        if (now == NULL)
            return hb_cli_said(
                cli, "undone", hb_json_str(deed, "action", "?"),
                _("Undone: %s of %s/%s.\n"), hb_json_str(deed, "action", "?"),
                hb_json_str(deed, "site", "?"), hb_json_str(deed, "path", ""));
        if (hb_json_bool(now, "in_force", false)) {
            (void)hb_err_set(&err, -EPERM,
                             _("It stays in force: the helper did not undo "
                               "it. hinoban event not-lifted tells why."));
            return hb_cli_fail(&err);
        }
        (void)usleep(100000);
    }
    (void)hb_err_set(&err, -ETIMEDOUT,
                     _("The helper has not answered yet; it will be undone "
                       "when it does."));
    return hb_cli_fail(&err);
}

static int number_of(const struct hb_cli *cli, const char *word, int64_t *ret)
{
    if (hb_parse_i64(hb_slice_z(word), ret) < 0 || *ret < 1)
        return hb_cli_usage(cli, _("%s is not a number"), word);
    return HB_EXIT_OK;
}

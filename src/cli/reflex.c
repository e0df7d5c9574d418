/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reflex.c - `hinoban reflex`: what the officer approves in advance (TRUST:
 * Reflexes), listed, allowed, revoked.  Runs as root, because the helper
 * believes only root's directory, with the officer's own key, because it
 * believes only the officer's signature.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/num.h"
#include "base/show.h"
#include "cli/client.h"
#include "respond/approval.h"

static int allow(struct hb_cli *cli, int argc, char **argv);
static int list(struct hb_cli *cli);
static void show(const struct hb_cli *cli, struct hb_jw *w,
                 const struct hb_reflex *x);
static void show_bad(struct hb_jw *w, const char *id, const char *why);
static int take_back(struct hb_cli *cli, const char *id);
static int actions(const char *words, uint32_t *ret);

int hb_cmd_reflex(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";

    if (hb_streq(verb, "list"))
        return list(cli);
    if (hb_streq(verb, "allow"))
        return allow(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "revoke") && argc == 3)
        return take_back(cli, argv[2]);
    return hb_cli_usage(cli, _("say what to do: list, allow or revoke ID"));
}

static int allow(struct hb_cli *cli, int argc, char **argv)
{
    const char *by = hb_client_opt(&argc, argv, "--officer");
    const char *key_file = hb_client_opt(&argc, argv, "--key");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *site = hb_client_opt(&argc, argv, "--site");
    const char *span = hb_client_opt(&argc, argv, "--for");
    const char *what = hb_client_opt(&argc, argv, "--actions");
    const char *why = hb_client_opt(&argc, argv, "--reason");
    struct hb_reflex x = {.rate = 100000, .within = 60, .from = hb_now()};
    uint64_t ns = 365 * 86400 * HB_S;
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    uint8_t random[4];
    int r;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (by == NULL || why == NULL)
        return hb_cli_usage(cli, _("an approval in advance needs --officer "
                                   "NAME and --reason \"WHY\""));
    if (span != NULL && hb_parse_duration(hb_slice_z(span), &ns) < 0)
        return hb_cli_usage(cli, _("%s is not a length of time"), span);
    if (actions(what != NULL ? what : "file.restore,file.remove", &x.actions) <
        0)
        return hb_cli_usage(cli, _("%s is not a list of actions"), what);
    x.until = x.from + (int64_t)ns;
    x.all_sites = site == NULL;
    if (site != NULL && !hb_copyz(x.sites[x.n_sites++], 33, site))
        return hb_cli_usage(cli, _("There is no site \"%s\"."), site);
    hb_random(random, sizeof(random));
    (void)snprintf(x.id, sizeof(x.id), "r-");
    hb_hex(random, sizeof(random), x.id + 2);
    (void)hb_copyz(x.by, sizeof(x.by), by);
    (void)hb_copyz(x.reason, sizeof(x.reason), why);
    r = hb_client_key(key_file, pass, &key, &err);
    if (r == 0)
        r = hb_reflex_save(cli->paths.dir[HB_DIR_ETC], &x, key, &err);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail(&err);
    return hb_cli_said(cli, "id", x.id, _("Approved in advance: %s.\n"), x.id);
}

static int list(struct hb_cli *cli)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    char dir[HB_MAX_PATH];
    struct dirent *e;
    struct hb_jw w;
    int r = hb_path(&cli->paths, HB_DIR_ETC, "reflexes", dir);
    DIR *d = r == 0 ? opendir(dir) : NULL;

    if (d == NULL)
        return hb_cli_fail_code(dir, r < 0 ? r : -errno);
    hb_jw_init(&w, &json);
    hb_jw_arr(&w, NULL);
    while ((e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        struct hb_err err = {0};
        struct hb_reflex x;
        char id[64];

        if (n <= 5 || n - 5 >= sizeof(id) ||
            !hb_streq(e->d_name + n - 5, ".json"))
            continue;
        memcpy(id, e->d_name, n - 5);
        id[n - 5] = '\0';
        if (hb_reflex_load(cli->paths.dir[HB_DIR_ETC], id, &x, &err) == 0)
            show(cli, &w, &x);
        else if (!cli->json)
            printf(_("%-12s does not hold: %s\n"), id, err.message);
        else
            show_bad(&w, id, err.message);
    }
    (void)closedir(d);
    hb_jw_end_arr(&w);
    if (cli->json)
        printf("%s\n", hb_buf_z(&json));
    return hb_cli_flush();
}

static void show(const struct hb_cli *cli, struct hb_jw *w,
                 const struct hb_reflex *x)
{
    _cleanup_buf_ struct hb_buf why = HB_BUF_INIT;
    char until[40];

    (void)hb_time_utc(x->until, until, sizeof(until));
    hb_show(&why, hb_slice_z(x->reason));
    if (!cli->json)
        printf("%-12s %-12s %s%s  %s  %s\n", x->id, x->by,
               x->all_sites ? "*" : x->sites[0], x->n_sites > 1 ? ",..." : "",
               until, hb_buf_z(&why));
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", x->id);
    hb_jw_bool(w, "holds", true);
    hb_jw_str(w, "by", x->by);
    hb_jw_bool(w, "all_sites", x->all_sites);
    hb_jw_arr(w, "sites");
    for (size_t i = 0; i < x->n_sites; i++)
        hb_jw_str(w, NULL, x->sites[i]);
    hb_jw_end_arr(w);
    hb_jw_str(w, "until", until);
    hb_jw_str(w, "reason", x->reason);
    hb_jw_end_obj(w);
}

static void show_bad(struct hb_jw *w, const char *id, const char *why)
{
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "id", id);
    hb_jw_bool(w, "holds", false);
    hb_jw_str(w, "why", why);
    hb_jw_end_obj(w);
}

static int take_back(struct hb_cli *cli, const char *id)
{
    struct hb_err err = {0};

    if (hb_reflex_revoke(cli->paths.dir[HB_DIR_ETC], id, &err) < 0)
        return hb_cli_fail(&err);
    return hb_cli_said(cli, "revoked", id,
                       _("Revoked: %s. From now on it covers nothing.\n"), id);
}

/* "file.restore,site.private" into bits. */
static int actions(const char *words, uint32_t *ret)
{
    uint32_t bits = 0;

    while (*words != '\0') {
        size_t n = strcspn(words, ",");
        int a = 1;

        while (a < HB_ACT_COUNT &&
               (strlen(hb_action_name((enum hb_action)a)) != n ||
                memcmp(hb_action_name((enum hb_action)a), words, n) != 0))
            a++;
        if (a == HB_ACT_COUNT)
            return -EINVAL;
        bits |= UINT32_C(1) << a;
        words += n + (words[n] == ',');
    }
    *ret = bits;
    return bits != 0 ? 0 : -EINVAL;
}

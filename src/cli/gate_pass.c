/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_pass.c - `hinoban gate pass`: a code with which a person passes the
 * log-in wall before pages of administrators (guard/waf/pass.h), and an end to
 * all of them.
 *
 * Runs as root, who alone may read the key.  No list of passes is kept: each
 * holds what it is good for.  So one alone cannot be taken back; a new key
 * takes all back.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/num.h"
#include "cli/gate.h"
#include "guard/waf/pass.h"
#include "net/fetch.h"

#define USUAL "7d"

static int make(struct hb_cli_gate *g, const char *name, const char *host,
                const char *length, struct hb_err *err);
static int ends_at(const struct hb_cli_gate *g, const char *length,
                   int64_t *ret, struct hb_err *err);
static const char *only_host(const struct hb_cli_gate *g, struct hb_err *err);
static void show(const struct hb_cli_gate *g, const struct hb_waf_pass *p,
                 const char *host, const char *code);
static int take_back(struct hb_cli_gate *g, struct hb_err *err);
static int key_path(const struct hb_cli_gate *g, char path[HB_MAX_PATH],
                    struct hb_err *err);

int hb_cli_gate_pass(struct hb_cli *cli, int argc, char **argv)
{
    const char *host = hb_client_opt(&argc, argv, "--host");
    const char *length = hb_client_opt(&argc, argv, "--for");
    bool all = hb_client_flag(&argc, argv, "--revoke-all");
    struct hb_cli_gate g;
    struct hb_err err = {0};
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && (argc != (all ? 1 : 2) || (all && host != NULL))) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("pass takes NAME, --host HOST and --for 7d, "
                                   "or --revoke-all"));
    }
    if (r == 0 && g.gate.conf->wall.n == 0)
        r = hb_err_set(&err, -ENOENT,
                       _("There is no log-in wall: name the paths behind it in "
                         "hinoban.yaml (gate: wall:), then hinoban gate "
                         "build"));
    if (r == 0)
        r = all ? take_back(&g, &err) : make(&g, argv[1], host, length, &err);
    hb_cli_gate_done(&g);
    return r < 0 ? hb_cli_fail(&err) : hb_cli_flush();
}

static int make(struct hb_cli_gate *g, const char *name, const char *host,
                const char *length, struct hb_err *err)
{
    struct hb_waf_pass p = {.kind = HB_WAF_PASS_CODE};
    char path[HB_MAX_PATH], code[HB_WAF_PASS_TEXT];
    struct hb_waf_pass_key key;
    int r;

    if (!hb_waf_pass_name_ok(hb_slice_z(name)))
        return hb_err_set(err, -EINVAL,
                          _("a name for a pass is 1 to %u of a-z, 0-9, dots, "
                            "hyphens and underscores"),
                          HB_WAF_PASS_NAME);
    (void)hb_copyz(p.name, sizeof(p.name), name);
    if (host == NULL)
        host = only_host(g, err);
    if (host == NULL)
        return err->code;
    r = ends_at(g, length, &p.ends, err);
    if (r == 0)
        r = key_path(g, path, err);
    if (r == 0 && access(path, F_OK) < 0 && errno == ENOENT)
        r = hb_err_set(err, -ENOENT,
                       _("The wall does not stand yet: hinoban gate build"));
    if (r == 0)
        r = hb_waf_pass_key_load(path, &key, err);
    if (r < 0)
        return r;
    r = hb_waf_pass_make(&key, &p, hb_slice_z(host), NULL, code);
    explicit_bzero(&key, sizeof(key));
    if (r < 0)
        return hb_err_set(err, r, _("%s is no name of a host"), host);
    show(g, &p, host, code);
    return 0;
}

static int ends_at(const struct hb_cli_gate *g, const char *length,
                   int64_t *ret, struct hb_err *err)
{
    uint64_t ns;

    if (hb_parse_duration(hb_slice_z(length != NULL ? length : USUAL), &ns) <
            0 ||
        ns < 60 * HB_S || ns / HB_S > HB_WAF_PASS_MAX_S)
        return hb_err_set(err, -EINVAL,
                          _("--for takes a time like 8h or 7d, at most 31 "
                            "days"));
    *ret = (g->gate.now + (int64_t)ns) / (int64_t)HB_S;
    return 0;
}

/* Of the one site that has an address; NULL with ERR where there are more. */
static const char *only_host(const struct hb_cli_gate *g, struct hb_err *err)
{
    const struct hb_conf_site *site = g->config->sites.v;
    char host[256];
    const char *found = NULL;

    for (size_t i = 0; i < g->config->sites.n; i++) {
        if (site[i].url[0] == '\0' ||
            hb_url_host(site[i].url, host, sizeof(host)) < 0)
            continue;
        if (found != NULL) {
            (void)hb_err_set(err, -EINVAL,
                             _("There are several sites; say --host HOST."));
            return NULL;
        }
        found = hb_arena_strdup(g->a, host);
    }
    if (found == NULL)
        (void)hb_err_set(err, -EINVAL,
                         _("No site has an address; say --host HOST."));
    return found;
}

static void show(const struct hb_cli_gate *g, const struct hb_waf_pass *p,
                 const char *host, const char *code)
{
    const struct hb_conf_org *org = &g->config->organisation;
    char time[64], text[512];

    (void)hb_time_zone(p->ends * (int64_t)HB_S, (int)org->zone_minutes,
                       org->zone_name, time, sizeof(time));
    (void)hb_cli_said(g->cli, "code", code,
                      _("%s\n\n"
                        "For %s, good once and until %s, then for the network "
                        "where it was entered. Give it to that person alone, "
                        "not by mail. It is entered on the page that stands "
                        "before the log-in, or as the end of a link:\n\n"
                        "https://%s%s#pass=%s\n"),
                      code, p->name, time, host, g->gate.conf->wall.v[0], code);
    (void)snprintf(text, sizeof(text),
                   _("%s got a pass through the log-in wall of %s until %s."),
                   p->name, host, time);
    hb_cli_gate_tell(g, "gate.pass", g->gate.by, text);
}

/* A new key in place of the old one; the web server reads it when it reads
 * its settings. */
static int take_back(struct hb_cli_gate *g, struct hb_err *err)
{
    _cleanup_close_ int lock = hb_gate_lock(g->gate.dir, err);
    struct hb_gate_built x = {0};
    char path[HB_MAX_PATH], why[128];
    int r = lock < 0 ? lock : key_path(g, path, err);

    if (r == 0 && unlink(path) < 0 && errno != ENOENT) {
        r = -errno;
        (void)hb_err_set(err, r, "%s: %s", path,
                         hb_errno_text(r, why, sizeof(why)));
    }
    if (r == 0)
        r = hb_cli_gate_put(g, &x, err);
    if (r < 0)
        return r;
    (void)hb_cli_said(g->cli, "revoked", "all",
                      _("No pass of before is good any more.\n"));
    hb_cli_gate_tell(g, "gate.passes_revoked", g->gate.by,
                     _("All passes through the log-in wall were taken back."));
    return 0;
}

static int key_path(const struct hb_cli_gate *g, char path[HB_MAX_PATH],
                    struct hb_err *err)
{
    if (snprintf(path, HB_MAX_PATH, "%s/%s", g->gate.dir, HB_GATE_KEY) >=
        (int)HB_MAX_PATH)
        return hb_err_set(err, -ENAMETOOLONG, "%s", g->gate.dir);
    return 0;
}

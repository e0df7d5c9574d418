/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_selftest.c - `hinoban gate selftest`: an attack of our own on each real
 * site, which the real firewall must stop and tell of (TRUST: live canary).
 *
 * Runs as root, each day and after each build.  The request carries a word
 * that the web server's workers read from a file (guard/nginx), so that it is
 * known as ours and bans nobody; the file is there only meanwhile.  What
 * answers is foreign, and so is the log.
 */
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"
#include "cli/gate.h"
#include "cli/prove.h"
#include "control/check.h"
#include "net/fetch.h"

/* A field that no exclusion names. */
#define ATTACK   "?hinoban_selftest=1+union+select+password+from+users"
#define EXPECTED "an attack of our own is stopped and told of"
#define SITES    256u
#define TRIES    4u      /* workers look for the word once a second */
#define WAIT_US  1300000 /* before each of them */
#define LOG_NS   (5 * HB_S)

struct attack {
    struct hb_cli_gate *g;
    char header[64];
    struct hb_proof_part part[SITES];
    size_t n;
    unsigned failed, passed;
};

static int word(struct attack *t, struct hb_err *err);
static void one(struct attack *t, const struct hb_conf_site *s);
static const char *why_not_tried(const struct hb_cli_gate *g,
                                 const struct hb_conf_site *s,
                                 const char *host);
static bool asked(struct attack *t, const struct hb_conf_site *s,
                  const char **ret_seen);
static bool told(struct attack *t, const char *id, bool *ret_ours,
                 const char **ret_seen);
static void add(struct attack *t, const char *name, enum hb_part_state state,
                const char *seen, int64_t took);
static void print(const struct attack *t);
static void record(struct attack *t);

int hb_cli_gate_selftest(struct hb_cli *cli, int argc, char **argv)
{
    bool daily = hb_client_flag(&argc, argv, "--daily");
    struct hb_cli_gate g;
    struct hb_err err = {0};
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && argc > 1) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    }
    if (r == 0 && daily &&
        (!hb_cli_gate_blocks(&g) || g.config->sites.n == 0)) {
        hb_cli_gate_done(&g);
        return 0;
    }
    if (r == 0 && !hb_cli_gate_blocks(&g))
        r = hb_err_set(&err, -EINVAL,
                       _("The firewall stops nothing as it is set (gate: "
                         "mode:); there is nothing to try."));
    if (r == 0)
        r = hb_cli_gate_attack(&g, &err);
    hb_cli_gate_done(&g);
    if (r < 0)
        return hb_cli_fail(&err);
    return r > 0 ? HB_EXIT_FAILED : hb_cli_flush();
}

bool hb_cli_gate_blocks(const struct hb_cli_gate *g)
{
    const struct hb_conf_gate *c = g->gate.conf;
    const struct hb_conf_gate_host *v = c->hosts.v;
    bool yes = c->mode == HB_GATE_BLOCK;

    for (size_t i = 0; i < c->hosts.n && c->mode != HB_GATE_OFF; i++)
        yes = yes || v[i].mode == HB_GATE_HOST_BLOCK;
    return yes;
}

int hb_cli_gate_attack(struct hb_cli_gate *g, struct hb_err *err)
{
    const struct hb_conf_site *site = g->config->sites.v;
    struct attack *t = HB_NEW(g->a, struct attack);
    int r;

    if (t == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    t->g = g;
    if (g->config->sites.n == 0)
        return hb_err_set(err, -ENOENT, _("No site is configured."));
    r = word(t, err);
    for (size_t i = 0; i < g->config->sites.n && r == 0; i++)
        one(t, &site[i]);
    (void)unlink(g->canary);
    if (r < 0)
        return r;
    print(t);
    record(t);
    return t->failed > 0;
}

/* A new word each time. */
static int word(struct attack *t, struct hb_err *err)
{
    char hex[2 * 16 + 1];
    uint8_t random[16];

    hb_random(random, sizeof(random));
    hb_hex(random, sizeof(random), hex);
    (void)snprintf(t->header, sizeof(t->header), "X-Hinoban-Canary: %s", hex);
    return hb_cli_gate_for_web(t->g, t->g->canary, hb_slice_z(hex), err);
}

static void one(struct attack *t, const struct hb_conf_site *s)
{
    uint64_t began = hb_mono();
    const char *seen = NULL;
    char host[256];

    if (s->url[0] == '\0' || hb_url_host(s->url, host, sizeof(host)) < 0) {
        add(t, s->name, HB_PART_NOT_YET, _("no address (url) is configured"),
            -1);
        return;
    }
    seen = why_not_tried(t->g, s, host);
    if (seen != NULL)
        add(t, s->name, HB_PART_NOT_YET, seen, -1);
    else if (asked(t, s, &seen))
        add(t, s->name, HB_PART_PASSED, _("stopped and told of"),
            (int64_t)(hb_mono() - began));
    else
        add(t, s->name, HB_PART_FAILED,
            seen != NULL ? seen : _("out of memory"), -1);
}

/* NULL where there is no reason. */
static const char *why_not_tried(const struct hb_cli_gate *g,
                                 const struct hb_conf_site *s, const char *host)
{
    const struct hb_conf_gate *c = g->gate.conf;
    const struct hb_conf_gate_host *v = c->hosts.v;
    bool blocks = c->mode == HB_GATE_BLOCK;
    char flag[HB_MAX_PATH], name[80];

    for (size_t i = 0; i < c->hosts.n; i++)
        if (strcasecmp(v[i].name, host) == 0 &&
            v[i].mode != HB_GATE_HOST_INHERIT)
            blocks = v[i].mode == HB_GATE_HOST_BLOCK;
    if (!blocks)
        return _("the firewall only watches this host");
    (void)snprintf(name, sizeof(name), "%.64s.flag", s->name);
    if (hb_path(&g->cli->paths, HB_DIR_PRIVATE, name, flag) == 0 &&
        access(flag, F_OK) == 0)
        return _("the site is off the air");
    return NULL;
}

static bool asked(struct attack *t, const struct hb_conf_site *s,
                  const char **ret_seen)
{
    const struct hb_fetch_limits limits = {
        .body = 64u << 10,
        .seconds = 10,
        .redirects = 3,
        .ca_file = s->url_ca[0] != '\0' ? s->url_ca : NULL,
        .header = t->header};
    char url[HB_FETCH_URL_MAX + sizeof(ATTACK)];

    if (hb_url_join(s->url, hb_slice_z(""), url, HB_FETCH_URL_MAX) < 0) {
        *ret_seen = _("no address (url) is configured");
        return false;
    }
    memcpy(url + strlen(url), ATTACK, sizeof(ATTACK));
    for (unsigned i = 0; i < TRIES; i++) {
        _cleanup_fetched_ struct hb_fetched f = {0};
        struct hb_err err = {0};
        bool ours = false;
        int r;

        (void)usleep(WAIT_US);
        r = hb_fetch(url, &limits, &f, &err);
        if (r < 0 && f.status == 0) {
            *ret_seen =
                hb_arena_printf(t->g->a, _("no answer: %s"), err.message);
            continue;
        }
        if (f.status != 403) {
            *ret_seen = hb_arena_printf(
                t->g->a, _("NOT stopped: the answer was %d, not 403"),
                f.status);
            continue; /* a reload may be under way */
        }
        if (told(t, f.request_id, &ours, ret_seen) && ours)
            return true;
    }
    return false;
}

/* Whether the log tells of ID; OURS: with our word. */
static bool told(struct attack *t, const char *id, bool *ret_ours,
                 const char **ret_seen)
{
    uint64_t until = hb_mono() + LOG_NS;
    struct hb_gate_finding f;
    int r = -ENOENT;

    if (!hb_gate_finding_id_ok(id)) {
        *ret_seen = _("somebody else answered 403: the number of the "
                      "firewall was missing");
        return false;
    }
    while ((r = hb_gate_finding_find(t->g->a, t->g->gate.conf->log, id, &f,
                                     NULL)) == -ENOENT &&
           hb_mono() < until)
        (void)usleep(100000);
    if (r < 0) {
        *ret_seen = hb_arena_printf(
            t->g->a, _("stopped (%s), but %s does not tell of it"), id,
            t->g->gate.conf->log);
        return false;
    }
    *ret_ours = f.canary;
    *ret_seen = _("stopped, but not known as ours: nginx does not read "
                  "http.conf as it was built, or its workers cannot read the "
                  "word");
    return hb_streq(f.action, "denied") || hb_streq(f.action, "dropped");
}

static void add(struct attack *t, const char *name, enum hb_part_state state,
                const char *seen, int64_t took)
{
    if (t->n == SITES)
        return;
    t->part[t->n++] = (struct hb_proof_part){.name = name,
                                             .state = state,
                                             .expected = EXPECTED,
                                             .seen = seen,
                                             .took_ns = took};
    t->failed += state == HB_PART_FAILED;
    t->passed += state == HB_PART_PASSED;
}

static void print(const struct attack *t)
{
    static const char *const marks[] = {[HB_PART_PASSED] = "[x]",
                                        [HB_PART_FAILED] = "[!]",
                                        [HB_PART_NOT_YET] = "[ ]"};
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    for (size_t i = 0; i < t->n && !t->g->cli->json; i++)
        (void)printf(_("%s %-16s an attack of our own: %s\n"),
                     marks[t->part[i].state], t->part[i].name, t->part[i].seen);
    if (!t->g->cli->json)
        return;
    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "passed", t->passed);
    hb_jw_int(&w, "failed", t->failed);
    hb_jw_arr(&w, "sites");
    for (size_t i = 0; i < t->n; i++) {
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "site", t->part[i].name);
        hb_jw_bool(&w, "passed", t->part[i].state == HB_PART_PASSED);
        hb_jw_str(&w, "seen", t->part[i].seen);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    (void)printf("%s\n", hb_buf_z(&b));
}

/* An event, and a proof that web.waf rests on; then the check looks again. */
static void record(struct attack *t)
{
    struct hb_cli_gate *g = t->g;
    struct hb_err err = {0};
    char text[512];

    if (t->failed + t->passed == 0)
        return;
    (void)snprintf(text, sizeof(text), "%s",
                   _("The firewall stopped an attack of our own on each site "
                     "that it guards."));
    for (size_t i = t->n; i-- > 0 && t->failed > 0;)
        if (t->part[i].state == HB_PART_FAILED)
            (void)snprintf(text, sizeof(text),
                           _("The firewall before the site %s: %.300s. Run "
                             "\"hinoban gate build\", then \"hinoban gate "
                             "selftest\"."),
                           t->part[i].name, t->part[i].seen);
    hb_cli_gate_event(g, t->failed > 0 ? HB_SEV_HIGH : HB_SEV_INFO, "selftest",
                      t->failed > 0 ? "failed" : "passed", g->gate.by, text);
    if (hb_cli_prove(g->cli, g->a, HB_PROOF_GATE, 1, t->part, t->n, &err) < 0)
        (void)hb_cli_fail(&err);
    else
        hb_client_tell(g->cli, "control.run");
}

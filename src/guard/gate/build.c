/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c - see build.h.  Runs as root in a short-lived command.
 *
 * What a person wrote (settings, reasons) was checked where it was read; a
 * grant gets in only with a signature that holds.
 */
#include "guard/gate/build.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "guard/gate/patch.h"
#include "guard/waf/ip.h"
#include "guard/waf/pass.h"
#include "guard/waf/rules.h"

#define NOTES       200u
#define BUILT_BYTES (256u << 10)
#define LOCK_TRIES  200u /* of 50 ms */

static int include_ours(struct hb_buf *b, const struct hb_gate *g,
                        const char *name, struct hb_err *err);
static void settings(struct hb_buf *b, const struct hb_conf_gate *c);
static void paranoia(struct hb_buf *b, int64_t level);
static void hosts(struct hb_buf *b, const struct hb_conf_gate *c);
static void one_host(struct hb_buf *b, const struct hb_conf_gate *c, size_t i);
static void all_but_blocking(struct hb_buf *b, const struct hb_conf_gate *c);
static int strongest(const struct hb_conf_gate *c);
static void grants_text(struct hb_buf *b, const struct hb_grants *grants);
static int core_rules(struct hb_buf *b, const struct hb_gate *g,
                      struct hb_err *err);
static int check_trusted(const struct hb_conf_gate *c, struct hb_err *err);
static int wall_key(const struct hb_gate *g, struct hb_err *err);
static void http_text(struct hb_buf *b, const struct hb_gate *g);
static void http_bans(struct hb_buf *b, const struct hb_gate *g);
static void http_rate(struct hb_buf *b, const struct hb_conf_gate_rate *rate);
static void words(struct hb_buf *b, const char *directive,
                  const struct hb_strs *words);
static int describe(struct hb_arena *a, const struct hb_gate *g,
                    const struct hb_grants *grants,
                    const struct hb_waf_rules *rules,
                    struct hb_gate_built *ret);
static void built_text(struct hb_buf *b, const struct hb_gate_built *x);
static int keep_old(int dir);
static int put(const struct hb_gate *g, int dir, const struct hb_buf *http,
               const struct hb_buf *built, struct hb_err *err);
static int failed(const char *dir, const char *name, int r, struct hb_err *err);

static const char *const names[] = {HB_GATE_RULES, HB_GATE_HTTP, HB_GATE_BUILT};

const char *hb_gate_mode_name(int mode)
{
    static const char *const modes[] = {"off", "detect", "block"};

    return (unsigned)mode < HB_ARRAY_LEN(modes) ? modes[mode] : "?";
}

int hb_gate_text(struct hb_buf *b, const struct hb_gate *g,
                 const struct hb_grants *grants, struct hb_err *err)
{
    int r;

    hb_buf_addz(b, "# Made by \"hinoban gate build\"; changes made here are "
                   "lost.\n");
    r = include_ours(b, g, "engine.conf", err);
    if (r < 0)
        return r;
    settings(b, g->conf);
    r = include_ours(b, g, "setup.conf", err);
    if (r == 0)
        r = include_ours(b, g, "japanese.conf", err);
    if (r < 0)
        return r;
    hb_buf_addf(b, "IncludeOptional \"%s/gate/before/*.conf\"\n", g->etc);
    grants_text(b, grants);
    r = core_rules(b, g, err);
    hb_buf_addf(b, "IncludeOptional \"%s/gate/after/*.conf\"\n", g->etc);
    if (r == 0 && hb_buf_err(b) < 0)
        r = hb_err_set(err, hb_buf_err(b), _("out of memory"));
    return r;
}

int hb_gate_verify(const struct hb_gate *g, const struct hb_buf *b,
                   struct hb_waf **ret_waf, struct hb_err *err)
{
    static const struct hb_waf_options usual = {0};
    struct hb_waf_rules *rules = NULL;
    struct hb_waf *waf = NULL;
    char path[HB_MAX_PATH];
    int r;

    if (snprintf(path, sizeof(path), "%s/%s.new", g->dir, HB_GATE_RULES) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", g->dir);
    r = hb_file_write(path, b->p, b->n, 0644);
    if (r < 0)
        return failed(g->dir, HB_GATE_RULES ".new", r, err);
    r = hb_waf_rules_load(path, &rules, err);
    if (r == 0)
        r = hb_waf_new(rules, &usual, &waf, err);
    if (r < 0)
        return r;
    if (ret_waf != NULL)
        *ret_waf = waf;
    else
        hb_waf_unref(waf);
    return 0;
}

int hb_gate_build(struct hb_arena *a, const struct hb_gate *g,
                  struct hb_gate_built *ret, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT, http = HB_BUF_INIT,
                                built = HB_BUF_INIT;
    _cleanup_close_ int dir = -1;
    _cleanup_waf_ struct hb_waf *waf = NULL;
    struct hb_gate_built done = {0};
    struct hb_grants grants;
    int r;

    dir = open(g->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return failed(g->dir, "", -errno, err);
    r = check_trusted(g->conf, err);
    if (r == 0)
        r = hb_grants_load(a, g->dir, g->etc, g->now, &grants, err);
    if (r == 0)
        r = hb_gate_text(&text, g, &grants, err);
    if (r == 0)
        r = hb_gate_verify(g, &text, &waf, err);
    if (r == 0)
        r = wall_key(g, err);
    if (r < 0)
        return r;
    r = describe(a, g, &grants, hb_waf_rules_of(waf), &done);
    if (r < 0)
        return hb_err_set(err, r, _("out of memory"));
    http_text(&http, g);
    built_text(&built, &done);
    r = put(g, dir, &http, &built, err);
    if (r == 0)
        *ret = done;
    return r;
}

int hb_gate_built_read(struct hb_arena *a, const char *dir,
                       struct hb_gate_built *ret, struct hb_err *err)
{
    struct hb_gate_built x = {0};
    const struct hb_json *notes;
    char path[HB_MAX_PATH];
    struct hb_json *tree;
    struct hb_slice text;
    int r;

    if (snprintf(path, sizeof(path), "%s/%s", dir, HB_GATE_BUILT) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", dir);
    r = hb_file_read(a, path, BUILT_BYTES, &text);
    if (r == -ENOENT)
        return hb_err_set(err, r,
                          _("No rules were built yet: hinoban gate build"));
    if (r < 0)
        return failed(dir, HB_GATE_BUILT, r, err);
    r = hb_json_parse(a, text, &tree, err);
    if (r < 0)
        return r;
    if (hb_time_parse(hb_slice_z(hb_json_str(tree, "time", "")), &x.time) < 0)
        x.time = 0;
    x.by = hb_json_str(tree, "by", "?");
    x.mode = hb_json_str(tree, "mode", "?");
    x.crs = hb_json_str(tree, "crs", "?");
    x.paranoia = hb_json_int(tree, "paranoia", 0);
    x.rules = hb_json_int(tree, "rules", 0);
    x.allowed = hb_json_int(tree, "allowed", 0);
    x.patches = hb_json_int(tree, "patches", 0);
    notes = hb_json_get(tree, "notes");
    if (notes != NULL && notes->count > 0) {
        x.note = HB_NEW_N(a, const char *, notes->count);
        if (x.note == NULL)
            return hb_err_set(err, -ENOMEM, _("out of memory"));
        HB_JSON_EACH (n, notes)
            if (n->type == HB_JSON_STR)
                x.note[x.n++] = n->str.p;
    }
    *ret = x;
    return 0;
}

int hb_gate_load(const char *dir, struct hb_waf **ret, struct hb_err *err)
{
    static const struct hb_waf_options usual = {0};
    struct hb_waf_rules *rules;
    char path[HB_MAX_PATH];
    int r;

    if (snprintf(path, sizeof(path), "%s/%s", dir, HB_GATE_RULES) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", dir);
    if (access(path, R_OK) < 0 && errno == ENOENT)
        return hb_err_set(err, -ENOENT,
                          _("No rules were built yet: hinoban gate build"));
    r = hb_waf_rules_load(path, &rules, err);
    return r < 0 ? r : hb_waf_new(rules, &usual, ret, err);
}

/* ---- the text ---- */

static int include_ours(struct hb_buf *b, const struct hb_gate *g,
                        const char *name, struct hb_err *err)
{
    char path[HB_MAX_PATH];

    if (snprintf(path, sizeof(path), "%s/rules/gate/%s", g->data, name) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", g->data);
    if (access(path, R_OK) < 0)
        return failed(g->data, name, -errno, err);
    hb_buf_addf(b, "Include \"%s\"\n", path);
    return 0;
}

static void settings(struct hb_buf *b, const struct hb_conf_gate *c)
{
    static const char *const engine[] = {
        [HB_GATE_OFF] = "Off",
        [HB_GATE_DETECT] = "DetectionOnly",
        [HB_GATE_BLOCK] = "On",
    };

    hb_buf_addf(b, "SecRuleEngine %s\n", engine[strongest(c)]);
    paranoia(b, c->paranoia);
    hb_buf_addf(b,
                "SecAction \"id:8000110,phase:1,pass,nolog,t:none,"
                "setvar:tx.inbound_anomaly_score_threshold=%lld,"
                "setvar:tx.outbound_anomaly_score_threshold=%lld,"
                "setvar:tx.hinoban_charset=utf-8\"\n",
                (long long)c->inbound, (long long)c->outbound);
    if (c->hosts.n > 0)
        hosts(b, c);
}

/* A server's own word for a place (hinoban_waf_paranoia) comes first.
 * Versions 3 and 4 of the CRS call it differently. */
static void paranoia(struct hb_buf *b, int64_t level)
{
    hb_buf_addf(b,
                "SecRule &TX:blocking_paranoia_level \"@eq 0\" \\\n"
                "    \"id:8000100,phase:1,pass,nolog,t:none,"
                "setvar:tx.blocking_paranoia_level=%lld\"\n"
                "SecAction \"id:8000101,phase:1,pass,nolog,t:none,"
                "setvar:tx.paranoia_level=%%{tx.blocking_paranoia_level}\"\n",
                (long long)level);
}

/* Who a request is for, nginx takes from its first line where that names a
 * host, and rules from the header.  A request of such a form, or with two of
 * that header, gets the strictest settings of all.  A rule can only weaken the
 * engine's mode, so the strictest one is where all begin. */
static void hosts(struct hb_buf *b, const struct hb_conf_gate *c)
{
    const struct hb_conf_gate_host *v = c->hosts.v;
    int64_t most = c->paranoia;

    hb_buf_addz(b, "SecRule REQUEST_URI_RAW \"@rx \\A/\" \\\n"
                   "    \"id:8000120,phase:1,pass,nolog,t:none,chain\"\n"
                   "    SecRule &REQUEST_HEADERS:Host \"@eq 1\" "
                   "\"t:none,setvar:tx.hinoban_host=1\"\n");
    if (c->mode == HB_GATE_DETECT && strongest(c) == HB_GATE_BLOCK)
        all_but_blocking(b, c);
    for (size_t i = 0; i < c->hosts.n; i++) {
        most = HB_MAX(most, v[i].paranoia);
        one_host(b, c, i);
    }
    hb_buf_addf(b,
                "SecRule &TX:hinoban_host \"@eq 0\" \\\n"
                "    \"id:8000130,phase:1,pass,nolog,t:none,"
                "setvar:tx.blocking_paranoia_level=%lld,"
                "setvar:tx.paranoia_level=%lld\"\n",
                (long long)most, (long long)most);
}

static void all_but_blocking(struct hb_buf *b, const struct hb_conf_gate *c)
{
    const struct hb_conf_gate_host *v = c->hosts.v;
    bool first = true;

    hb_buf_addz(b, "SecRule TX:hinoban_host \"@eq 1\" \\\n"
                   "    \"id:8000121,phase:1,pass,nolog,t:none,chain\"\n"
                   "    SecRule SERVER_NAME \"!@rx \\A(?:");
    for (size_t i = 0; i < c->hosts.n; i++) {
        if (v[i].mode != HB_GATE_HOST_BLOCK)
            continue;
        if (!first)
            hb_buf_addc(b, '|');
        first = false;
        for (const char *z = v[i].name; *z != '\0'; z++) {
            if (*z == '.')
                hb_buf_addc(b, '\\');
            hb_buf_addc(b, *z);
        }
    }
    hb_buf_addz(b, ")\\z\" \\\n"
                   "    \"t:none,t:lowercase,ctl:ruleEngine=DetectionOnly"
                   "\"\n");
}

static void one_host(struct hb_buf *b, const struct hb_conf_gate *c, size_t i)
{
    static const char *const charset[] = {
        [HB_GATE_UTF8] = "utf-8",
        [HB_GATE_SHIFT_JIS] = "shift_jis",
        [HB_GATE_EUC_JP] = "euc-jp",
    };
    const struct hb_conf_gate_host *h =
        (const struct hb_conf_gate_host *)c->hosts.v + i;

    hb_buf_addf(b,
                "SecRule TX:hinoban_host \"@eq 1\" \\\n"
                "    \"id:%u,phase:1,pass,nolog,t:none,chain\"\n"
                "    SecRule SERVER_NAME \"@streq %s\" \\\n"
                "    \"t:none,t:lowercase,setvar:tx.hinoban_charset=%s",
                (unsigned)(HB_GATE_HOST_ID + 10 * i), h->name,
                charset[h->charset]);
    if (h->mode == HB_GATE_HOST_DETECT && c->mode == HB_GATE_BLOCK)
        hb_buf_addz(b, ",ctl:ruleEngine=DetectionOnly");
    if (h->paranoia > 0)
        hb_buf_addf(b,
                    ",setvar:tx.blocking_paranoia_level=%lld,"
                    "setvar:tx.paranoia_level=%lld",
                    (long long)h->paranoia, (long long)h->paranoia);
    hb_buf_addz(b, "\"\n");
}

static int strongest(const struct hb_conf_gate *c)
{
    const struct hb_conf_gate_host *v = c->hosts.v;
    int most = c->mode;

    for (size_t i = 0; i < c->hosts.n && c->mode != HB_GATE_OFF; i++)
        if (v[i].mode == HB_GATE_HOST_BLOCK)
            most = HB_GATE_BLOCK;
    return most;
}

/* What expired is left out here, and ends by itself between two builds. */
static void grants_text(struct hb_buf *b, const struct hb_grants *grants)
{
    for (size_t i = 0; i < grants->n; i++) {
        const struct hb_grant *g = &grants->v[i];
        char name[8];

        if (g->state != HB_GRANT_ON)
            continue;
        hb_grant_name(g->kind, g->number, name);
        hb_buf_addf(b, "# %s %s, by %s\n", hb_grant_kind_name(g->kind), name,
                    g->approved_by);
        if (g->kind == HB_GRANT_PATCH)
            hb_patch_write(b, g);
        else
            hb_buf_add(b, g->rules.p, g->rules.n);
        if (b->n > 0 && b->p != NULL && b->p[b->n - 1] != '\n')
            hb_buf_addc(b, '\n');
    }
}

static int core_rules(struct hb_buf *b, const struct hb_gate *g,
                      struct hb_err *err)
{
    const char *dir = g->conf->rules;
    char path[HB_MAX_PATH];

    if (snprintf(path, sizeof(path), "%s/rules/REQUEST-901-INITIALIZATION.conf",
                 dir) >= (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", dir);
    if (access(path, R_OK) < 0)
        return hb_err_set(err, -errno,
                          _("There is no Core Rule Set in %s: install the "
                            "package modsecurity-crs, or say where it lies "
                            "(gate: rules:)"),
                          dir);
    /* Its setup is ours: setup.conf. */
    hb_buf_addf(b,
                "IncludeOptional \"%s/plugins/*-config.conf\"\n"
                "IncludeOptional \"%s/plugins/*-before.conf\"\n"
                "Include \"%s/rules/*.conf\"\n"
                "IncludeOptional \"%s/plugins/*-after.conf\"\n",
                dir, dir, dir, dir);
    return 0;
}

static void http_text(struct hb_buf *b, const struct hb_gate *g)
{
    hb_buf_addf(b,
                "# Made by \"hinoban gate build\".  Include it once in "
                "nginx's http block.\n"
                "hinoban_waf_rules %s/%s;\n"
                "hinoban_waf %s;\n"
                "hinoban_waf_log %s;\n"
                "hinoban_waf_response %s;\n",
                g->dir, HB_GATE_RULES, hb_gate_mode_name(strongest(g->conf)),
                g->conf->log, g->conf->answers ? "on" : "off");
    if (g->canary != NULL)
        hb_buf_addf(b, "hinoban_waf_canary %s;\n", g->canary);
    http_bans(b, g);
    words(b, "hinoban_waf_wall", &g->conf->wall);
    if (g->conf->wall.n > 0)
        hb_buf_addf(b, "hinoban_waf_wall_key %s/%s;\n", g->dir, HB_GATE_KEY);
}

/* What a person bans is shut out also where behaviour costs no points. */
static void http_bans(struct hb_buf *b, const struct hb_gate *g)
{
    const struct hb_conf_gate_rate *rate = g->conf->rates.v;

    if (g->bans != NULL)
        hb_buf_addf(b, "hinoban_waf_bans %s;\n", g->bans);
    if (g->bans != NULL || g->conf->bans)
        hb_buf_addf(b, "hinoban_waf_ban on%s;\n",
                    g->conf->bans ? ""
                                  : " blocked=0 login=0 not_found=0 limited=0");
    words(b, "hinoban_waf_ban_allow", &g->conf->trusted);
    for (size_t i = 0; i < g->conf->rates.n; i++)
        http_rate(b, &rate[i]);
}

static void http_rate(struct hb_buf *b, const struct hb_conf_gate_rate *rate)
{
    static const char *const per[] = {
        [HB_GATE_PER_ADDRESS] = "address",
        [HB_GATE_PER_PATH] = "address+path",
        [HB_GATE_PER_SESSION] = "session:",
    };

    hb_buf_addf(b, "hinoban_waf_rate %s per=%s%s rate=%lldr/m burst=%lld;\n",
                rate->name, per[rate->per], rate->cookie,
                (long long)rate->per_minute, (long long)rate->burst);
}

/* A directive with all of WORDS, or nothing. */
static void words(struct hb_buf *b, const char *directive,
                  const struct hb_strs *words)
{
    if (words->n == 0)
        return;
    hb_buf_addz(b, directive);
    for (size_t i = 0; i < words->n; i++)
        hb_buf_addf(b, " %s", words->v[i]);
    hb_buf_addz(b, ";\n");
}

/* ---- what the settings need ---- */

static int check_trusted(const struct hb_conf_gate *c, struct hb_err *err)
{
    for (size_t i = 0; i < c->trusted.n; i++) {
        struct hb_waf_ips *ips = NULL;
        int r = hb_waf_ips_parse(hb_slice_z(c->trusted.v[i]), &ips, err);

        hb_waf_ips_free(ips);
        if (r < 0)
            return r;
    }
    return 0;
}

static int wall_key(const struct hb_gate *g, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    int r;

    if (g->conf->wall.n == 0)
        return 0;
    if (snprintf(path, sizeof(path), "%s/%s", g->dir, HB_GATE_KEY) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", g->dir);
    r = hb_waf_pass_key_make(path, err);
    return r == -EEXIST ? 0 : r;
}

/* ---- what was built ---- */

static int describe(struct hb_arena *a, const struct hb_gate *g,
                    const struct hb_grants *grants,
                    const struct hb_waf_rules *rules, struct hb_gate_built *ret)
{
    struct hb_gate_built x = {.time = g->now,
                              .by = g->by,
                              .mode = hb_gate_mode_name(g->conf->mode),
                              .crs = "?",
                              .paranoia = g->conf->paranoia,
                              .rules = rules->n_rule};
    size_t most = HB_MIN((size_t)rules->n_note, (size_t)NOTES) + grants->n;

    x.note = HB_NEW_N(a, const char *, most + 1);
    if (x.note == NULL)
        return -ENOMEM;
    if (rules->settings.n_component > 0)
        x.crs = hb_arena_dup(a, rules->settings.component[0].p,
                             rules->settings.component[0].n);
    for (size_t i = 0; i < grants->n; i++) {
        const struct hb_grant *k = &grants->v[i];
        char name[8];

        hb_grant_name(k->kind, k->number, name);
        x.allowed += k->kind == HB_GRANT_ALLOW && k->state == HB_GRANT_ON;
        x.patches += k->kind == HB_GRANT_PATCH && k->state == HB_GRANT_ON;
        if (k->state == HB_GRANT_BAD)
            x.note[x.n++] =
                hb_arena_printf(a, _("%s was left out: %s"), name, k->why);
    }
    for (uint32_t i = 0; i < rules->n_note && i < NOTES; i++)
        x.note[x.n++] =
            hb_arena_printf(a, "%s:%u: %s", rules->note[i].file,
                            rules->note[i].line, rules->note[i].text);
    for (size_t i = 0; i < x.n; i++)
        if (x.note[i] == NULL)
            return -ENOMEM;
    if (x.crs == NULL)
        return -ENOMEM;
    *ret = x;
    return 0;
}

static void built_text(struct hb_buf *b, const struct hb_gate_built *x)
{
    char time[32];
    struct hb_jw w;

    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "time", hb_time_utc(x->time, time, sizeof(time)));
    hb_jw_str(&w, "by", x->by);
    hb_jw_str(&w, "mode", x->mode);
    hb_jw_int(&w, "paranoia", x->paranoia);
    hb_jw_str(&w, "crs", x->crs);
    hb_jw_int(&w, "rules", x->rules);
    hb_jw_int(&w, "allowed", x->allowed);
    hb_jw_int(&w, "patches", x->patches);
    hb_jw_arr(&w, "notes");
    for (size_t i = 0; i < x->n; i++)
        hb_jw_str(&w, NULL, x->note[i]);
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    hb_buf_addc(b, '\n');
}

/* ---- in place ---- */

int hb_gate_lock(const char *dir, struct hb_err *err)
{
    const struct timespec pause = {0, 50000000};
    char path[HB_MAX_PATH];
    int fd, r = hb_mkdirs(dir, 0750);

    if (r < 0)
        return failed(dir, "", r, err);
    if (snprintf(path, sizeof(path), "%s/.lock", dir) >= (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, "%s", dir);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(dir, ".lock", -errno, err);
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return fd;
        (void)nanosleep(&pause, NULL);
    }
    (void)close(fd);
    return hb_err_set(err, -EBUSY,
                      _("Somebody else builds the rules right now."));
}

int hb_gate_restore(const char *dir, struct hb_err *err)
{
    _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -errno : 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(names) && r == 0; i++) {
        char old[32];

        (void)snprintf(old, sizeof(old), "%s.old", names[i]);
        if (renameat(fd, old, fd, names[i]) < 0)
            r = -errno;
    }
    if (r == 0)
        r = hb_fsync(fd);
    return r < 0 ? failed(dir, HB_GATE_RULES ".old", r, err) : 0;
}

/* A second name for what is in force; the first build has nothing. */
static int keep_old(int dir)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        char old[32];

        (void)snprintf(old, sizeof(old), "%s.old", names[i]);
        if (unlinkat(dir, old, 0) < 0 && errno != ENOENT)
            return -errno;
        if (linkat(dir, names[i], dir, old, 0) < 0 && errno != ENOENT)
            return -errno;
    }
    return 0;
}

/* All three are written before one of them gets its name, so that a full disk
 * leaves what was there. */
static int put(const struct hb_gate *g, int dir, const struct hb_buf *http,
               const struct hb_buf *built, struct hb_err *err)
{
    const struct hb_buf *const texts[] = {http, built};
    int r = 0;

    /* The rules are there: they were verified. */
    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++) {
        char new[32];

        (void)snprintf(new, sizeof(new), "%s.new", names[i + 1]);
        r = hb_buf_err(texts[i]);
        if (r == 0)
            r = hb_file_write_at(dir, new, texts[i]->p, texts[i]->n, 0644);
        if (r < 0)
            return failed(g->dir, new, r, err);
    }
    r = keep_old(dir);
    for (size_t i = 0; i < HB_ARRAY_LEN(names) && r == 0; i++) {
        char new[32];

        (void)snprintf(new, sizeof(new), "%s.new", names[i]);
        if (renameat(dir, new, dir, names[i]) < 0)
            r = -errno;
    }
    if (r == 0)
        r = hb_fsync(dir);
    return r < 0 ? failed(g->dir, HB_GATE_RULES, r, err) : 0;
}

static int failed(const char *dir, const char *name, int r, struct hb_err *err)
{
    char why[128];

    return hb_err_set(err, r, "%s/%s: %s", dir, name,
                      hb_errno_text(r, why, sizeof(why)));
}

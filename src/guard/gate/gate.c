/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c - the role gate.
 *
 * Runs as hinoban-gate, without privilege (member of adm, to read the web
 * server's log).  The log is written by workers that strangers talk to: each
 * line is parsed as foreign, and nothing is done about it but to tell core.
 * The rules in force are read only to know what their numbers mean.
 *
 * What was written while the role did not run is not told; it stands in the
 * log.
 */
#include "guard/gate/gate.h"

#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sock.h"
#include "event/bus.h"
#include "guard/gate/finding.h"
#include "guard/gate/flow.h"
#include "guard/gate/follow.h"
#include "guard/waf/rules.h"

#define SOURCE "guard/gate"
#define RING   (4u << 20)
#define TICK   HB_S
#define BUDGET (16u << 20) /* bytes of the log a tick */
#define QUIET  (60 * HB_S) /* between two notes of one kind */

struct role {
    const struct hb_role_ctx *ctx;
    struct hb_loop *loop;
    struct hb_bus *bus;
    struct hb_follow *log;
    struct hb_flow *flow;
    struct hb_arena *arena; /* of one line */
    struct hb_waf_rules *rules;
    struct stat rules_seen;
    char rules_path[HB_MAX_PATH];
    uint64_t bad; /* lines that are no findings */
    uint64_t bad_told;
    bool reading; /* the log could be read last time */
};

static int setup(struct role *r);
static hb_timer_fn on_tick;
static hb_follow_fn on_line;
static void tell(struct role *r, const struct hb_gate_finding *f,
                 const struct hb_waf_hit *hits, uint64_t count, bool many);
static const char *site_of(const struct role *r, const char *host);
static void know_rules(struct role *r);
static void note_bad(struct role *r);
static void note(struct role *r, enum hb_severity sev, const char *status,
                 const char *text);
static void done(struct role *r);

int hb_gate_main(const struct hb_role_ctx *ctx)
{
    struct role r = {.ctx = ctx};
    int rc = setup(&r);

    if (rc == 0) {
        hb_notify("READY=1");
        rc = hb_loop_run(r.loop, NULL, NULL);
    } else {
        char text[128];

        hb_log(HB_LOG_ERR, _("the role gate cannot start: %s"),
               hb_errno_text(rc, text, sizeof(text)));
        rc = EXIT_FAILURE;
    }
    done(&r);
    return rc;
}

static int setup(struct role *r)
{
    const struct hb_config *c = r->ctx->config;
    char path[HB_MAX_PATH];
    int rc;

    /* Events are read by the organisation, not by who started us. */
    hb_i18n_use((enum hb_lang)c->organisation.language);
    r->loop = hb_loop_new();
    r->arena = hb_arena_new(0);
    r->flow = hb_flow_new();
    r->log = hb_follow_new(c->gate.log, HB_FINDING_LINE);
    if (r->loop == NULL || r->arena == NULL || r->flow == NULL ||
        r->log == NULL)
        return -ENOMEM;
    if (snprintf(path, sizeof(path), "%s/event.sock", r->ctx->run_dir) >=
            (int)sizeof(path) ||
        snprintf(r->rules_path, sizeof(r->rules_path), "%s/rules.conf",
                 r->ctx->gate_dir) >= (int)sizeof(r->rules_path))
        return -ENAMETOOLONG;
    rc = hb_bus_new(r->loop, path, SOURCE, RING, &r->bus);
    if (rc < 0)
        return rc;
    r->reading = true;
    note(r, HB_SEV_INFO, "ready", "");
    return hb_loop_timer(r->loop, 0, TICK, on_tick, r) != NULL ? 0 : -ENOMEM;
}

static void done(struct role *r)
{
    hb_bus_free(r->bus);
    hb_loop_free(r->loop);
    hb_follow_free(r->log);
    hb_flow_free(r->flow);
    hb_waf_rules_free(r->rules);
    hb_arena_free(r->arena);
}

static void on_tick(void *arg)
{
    struct role *r = arg;
    struct hb_flow_said said;
    int rc;

    know_rules(r);
    rc = hb_follow_read(r->log, BUDGET, on_line, r);
    /* No log is no fault: no module may be loaded. */
    if (rc < 0 && rc != -ENOENT && r->reading) {
        char text[128];

        note(r, HB_SEV_HIGH, "failed", hb_errno_text(rc, text, sizeof(text)));
    }
    r->reading = rc >= 0 || rc == -ENOENT;
    while (hb_flow_due(r->flow, hb_mono(), &said)) {
        struct hb_gate_finding f;

        hb_arena_reset(r->arena);
        if (hb_gate_finding_parse(r->arena, said.line, &f, NULL) == 0)
            tell(r, &f, hb_gate_finding_hits(r->arena, &f, r->rules),
                 said.count, said.many);
    }
    hb_arena_reset(r->arena);
    note_bad(r);
}

static void on_line(void *arg, struct hb_slice line)
{
    struct role *r = arg;
    const struct hb_waf_hit *hits, *reason;
    struct hb_gate_finding f;
    bool through;

    hb_arena_reset(r->arena);
    if (hb_gate_finding_parse(r->arena, line, &f, NULL) < 0) {
        r->bad++;
        return;
    }
    hits = hb_gate_finding_hits(r->arena, &f, r->rules);
    reason = hb_waf_first_reason(hits);
    through = !hb_streq(f.action, "denied") && !hb_streq(f.action, "dropped") &&
              !hb_streq(f.action, "redirected") &&
              !hb_streq(f.action, "refused");
    if (hb_flow_take(r->flow, hb_mono(), f.client,
                     reason != NULL ? hb_waf_attack_of(reason->rule)
                                    : HB_WAF_ATTACK_OTHER,
                     through, line))
        tell(r, &f, hits, 1, false);
}

static void tell(struct role *r, const struct hb_gate_finding *f,
                 const struct hb_waf_hit *hits, uint64_t count, bool many)
{
    const char *site = site_of(r, f->host);
    struct hb_event *e = NULL;

    if (hb_gate_event(r->arena, f, hits, count, SOURCE, &e) < 0)
        return;
    if (site != NULL && hb_event_strz(e, HB_F_SITE, site) < 0)
        return;
    if (many && hb_event_strz(e, HB_F_STATUS_DETAIL, "many_addresses") < 0)
        return;
    (void)hb_bus_send(r->bus, e);
}

/* The site whose address has that host; NULL where there is none. */
static const char *site_of(const struct role *r, const char *host)
{
    const struct hb_conf_site *s = r->ctx->config->sites.v;
    size_t n = strcspn(host, ":");

    for (size_t i = 0; i < r->ctx->config->sites.n; i++) {
        const char *name = strstr(s[i].url, "://");

        if (name != NULL && n > 0 && strcspn(name + 3, ":/") == n &&
            strncasecmp(name + 3, host, n) == 0)
            return s[i].name;
    }
    return NULL;
}

/* Read again where they were built anew; without them numbers have no
 * kind. */
static void know_rules(struct role *r)
{
    struct hb_waf_rules *rules = NULL;
    struct stat st;

    if (stat(r->rules_path, &st) < 0 ||
        (st.st_ino == r->rules_seen.st_ino &&
         st.st_mtim.tv_sec == r->rules_seen.st_mtim.tv_sec &&
         st.st_mtim.tv_nsec == r->rules_seen.st_mtim.tv_nsec))
        return;
    r->rules_seen = st;
    if (hb_waf_rules_load(r->rules_path, &rules, NULL) < 0)
        return;
    hb_waf_rules_free(r->rules);
    r->rules = rules;
}

/* Lines that cannot be read are told with their number, once a minute. */
static void note_bad(struct role *r)
{
    char text[128];

    r->bad += hb_follow_lost(r->log);
    if (r->bad == 0 || hb_mono() - r->bad_told < QUIET)
        return;
    (void)snprintf(text, sizeof(text),
                   _("%llu lines of the firewall's log could not be read."),
                   (unsigned long long)r->bad);
    note(r, HB_SEV_MEDIUM, "unreadable", text);
    r->bad = 0;
    r->bad_told = hb_mono();
}

static void note(struct role *r, enum hb_severity sev, const char *status,
                 const char *text)
{
    struct hb_event *e;

    hb_arena_reset(r->arena);
    e = hb_event_new(r->arena, HB_EV_APP_LIFECYCLE,
                     hb_streq(status, "ready") ? 3 : 99, sev, SOURCE);
    if (e == NULL || hb_event_strz(e, HB_F_STATUS, status) < 0 ||
        (text[0] != '\0' && hb_event_strz(e, HB_F_MESSAGE, text) < 0))
        return;
    (void)hb_bus_send(r->bus, e);
}

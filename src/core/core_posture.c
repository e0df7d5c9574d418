/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_posture.c - gathers what posture rests on: control results, decisions
 * of people, signed proofs; and answers the controls that only core can know.
 *
 * Runs in core.  Posture itself is computed in casebook/ from plain inputs.
 */
#include "core/core_bus.h"

#include <dirent.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "casebook/proof.h"
#include "control/control.h"
#include "incident/control_state.h"
#include "respond/approval.h"

#define GATE_AGE (48 * UINT64_C(3600) * HB_S) /* of a self-test each day */

struct gather {
    struct hb_core *core;
    struct hb_arena *arena;
    int64_t now;
    struct hb_proof_binding bound; /* assets NULL: nothing is */
};

static int inputs(struct gather *g, const struct hb_case *kase,
                  struct hb_posture_input *in);
static void proofs(struct gather *g, const struct hb_case *kase,
                   struct hb_posture_input *in);
static void people(struct hb_core *c);
static void reflex(struct hb_core *c);
static bool reflex_covers(struct hb_core *c, const char *site);
static void watching(struct hb_core *c);
static void anchored(struct hb_core *c);
static void drills(struct hb_core *c);
static void drill(struct hb_core *c, const struct hb_proof_binding *bound,
                  const struct hb_case *kase);
static bool bind_now(struct hb_core *c, struct hb_arena *a,
                     struct hb_proof_binding *ret);
static struct hb_proof_seen newest(struct hb_core *c,
                                   const struct hb_proof_binding *bound,
                                   const struct hb_case *kase,
                                   enum hb_proof_kind kind);

int hb_core_posture(struct hb_core *c, struct hb_arena *a,
                    struct hb_posture **ret)
{
    struct gather g = {.core = c, .arena = a, .now = hb_now()};
    struct hb_posture_input *in;
    int r = 0;

    in = HB_NEW_N(a, struct hb_posture_input, c->book->n);
    if (in == NULL)
        return -ENOMEM;
    if (!bind_now(c, a, &g.bound))
        g.bound = (struct hb_proof_binding){0};
    for (size_t i = 0; i < c->book->n && r == 0; i++)
        r = inputs(&g, &c->book->cases[i], &in[i]);
    if (r < 0)
        return r;
    return hb_posture_make(a, c->book, in, c->book->n, g.now, ret);
}

int hb_core_control_set(struct hb_core *c, const char *control,
                        enum hb_control_status status, const char *reason,
                        const char *evidence, int64_t until)
{
    int64_t now = hb_now();
    struct hb_stmt *q;
    bool changed = true;
    int r = hb_db_stmt(
        c->state.db,
        "SELECT status, reason FROM control_result WHERE control = ?1", &q);

    if (r < 0)
        return r;
    if (hb_stmt_text(q, 1, control) == 0 && hb_stmt_step(q) == 1)
        changed = hb_stmt_col_int(q, 0) != (int64_t)status ||
                  !hb_streq(hb_stmt_col_text(q, 1), reason);
    hb_stmt_reset(q);
    r = hb_db_exec(c->state.db,
                   "INSERT INTO control_result(control, status, reason,"
                   " evidence, checked, until)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
                   " ON CONFLICT(control) DO UPDATE SET status = ?2,"
                   " reason = ?3, evidence = ?4, checked = ?5, until = ?6",
                   "tittii", control, (int64_t)status, reason, evidence, now,
                   until);
    if (r < 0 || !changed)
        return r;
    return hb_db_exec(c->state.db,
                      "INSERT INTO control_history(control, status, reason,"
                      " checked) VALUES(?1, ?2, ?3, ?4)",
                      "titi", control, (int64_t)status, reason, now);
}

bool hb_core_proved(struct hb_core *c, unsigned number, int64_t since)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_case *kase = hb_case_find(c->book, number);
    struct hb_proof_binding bound;
    struct hb_proof_seen seen;

    if (a == NULL || kase == NULL || !bind_now(c, a, &bound))
        return false;
    seen = newest(c, &bound, kase, HB_PROOF_REHEARSAL);
    return seen.passed && seen.at >= since;
}

void hb_core_gate_doubt(struct hb_core *c, enum hb_control_status *status,
                        const char **reason)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_conf_gate *conf = &c->ctx->config->gate;
    const struct hb_conf_gate_host *v = conf->hosts.v;
    bool ours = conf->mode == HB_GATE_BLOCK;
    struct hb_proof_binding b;
    struct hb_proof_seen seen = {0};
    char dir[HB_MAX_PATH];

    for (size_t i = 0; i < conf->hosts.n && conf->mode != HB_GATE_OFF; i++)
        ours = ours || v[i].mode == HB_GATE_HOST_BLOCK;
    if (!ours)
        return;
    if (a != NULL && bind_now(c, a, &b)) {
        b.kind = HB_PROOF_GATE;
        b.number = 1;
        b.max_age = GATE_AGE;
        (void)snprintf(dir, sizeof(dir), "%s/proofs/gate", c->ctx->state_dir);
        if (hb_proof_newest(dir, c->evidence_pub, &b, &seen, NULL) < 0)
            seen = (struct hb_proof_seen){0};
    }
    if (seen.passed)
        return;
    if (seen.at > 0) {
        *status = HB_CS_FAIL;
        *reason = N_("The firewall did not stop an attack of our own: run "
                     "\"hinoban gate selftest\", which tells what is "
                     "wrong.");
        return;
    }
    *status = HB_CS_UNKNOWN;
    *reason = N_("With these settings nobody has seen the firewall stop an "
                 "attack within two days: run \"hinoban gate selftest\".");
}

void hb_core_own_controls(struct hb_core *c)
{
    if (hb_db_begin(c->state.db) < 0)
        return;
    people(c);
    reflex(c);
    watching(c);
    anchored(c);
    drills(c);
    if (hb_db_commit(c->state.db) < 0)
        hb_db_rollback(c->state.db);
}

void hb_core_own_controls_if_due(struct hb_core *c)
{
    uint64_t now = hb_mono();

    if (now - c->own_controls_at < 10 * HB_S)
        return;
    c->own_controls_at = now;
    hb_core_own_controls(c);
}

bool hb_core_checks(const char *control)
{
    static const char *const own[] = {"people.two",     "files.reflex",
                                      "files.watching", "evidence.anchored",
                                      "outside.view",   "drill.case2"};

    if (hb_check_exists(control))
        return true;
    for (size_t i = 0; i < HB_ARRAY_LEN(own); i++)
        if (hb_streq(own[i], control))
            return true;
    return false;
}

int hb_core_binding(struct hb_arena *a, const char *config_path,
                    const struct hb_config *config,
                    const struct hb_casebook *book,
                    struct hb_proof_binding *ret)
{
    const struct hb_conf_list *sites = &config->sites;
    const struct hb_conf_site *site = sites->v;
    const char **assets = HB_NEW_N(a, const char *, HB_MAX(sites->n, 1u));
    struct hb_slice text;
    int r;

    if (assets == NULL)
        return -ENOMEM;
    r = hb_file_read(a, config_path, HB_MAX_YAML, &text);
    if (r < 0)
        return r;
    hb_sha256(text.p, text.n, ret->config);
    memcpy(ret->casebook, book->hash, sizeof(ret->casebook));
    for (size_t i = 0; i < sites->n; i++) {
        assets[i] =
            hb_arena_printf(a, "site:%s %s", site[i].name, site[i].root);
        if (assets[i] == NULL)
            return -ENOMEM;
    }
    ret->assets = assets;
    ret->assets_n = sites->n;
    return 0;
}

static int inputs(struct gather *g, const struct hb_case *kase,
                  struct hb_posture_input *in)
{
    struct hb_control_result *results;
    struct hb_said said;
    char subject[32];
    int r = 0;

    results = HB_NEW_N(g->arena, struct hb_control_result,
                       HB_MAX(kase->controls_n, 1u));
    if (results == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < kase->controls_n && r == 0; i++)
        r = hb_control_state(&g->core->state, g->arena, &kase->controls[i],
                             g->now, &results[i]);
    if (r < 0)
        return r;
    *in = (struct hb_posture_input){.number = kase->number,
                                    .results = results,
                                    .results_n = kase->controls_n};
    (void)snprintf(subject, sizeof(subject), "case:%u", kase->number);
    r = hb_said(&g->core->state, g->arena, subject, &said);
    if (r < 0)
        return r;
    if (said.verdict != NULL && hb_streq(said.verdict, "not-applicable"))
        in->not_applicable = said.d;
    proofs(g, kase, in);
    return 0;
}

static void proofs(struct gather *g, const struct hb_case *kase,
                   struct hb_posture_input *in)
{
    in->rehearsed = newest(g->core, &g->bound, kase, HB_PROOF_REHEARSAL);
    in->canary = newest(g->core, &g->bound, kase, HB_PROOF_CANARY);
}

/* What runs now; false where nothing can be bound to it. */
static bool bind_now(struct hb_core *c, struct hb_arena *a,
                     struct hb_proof_binding *ret)
{
    *ret = (struct hb_proof_binding){.version = HB_VERSION, .now = hb_now()};
    return c->evidence_pub != NULL &&
           hb_core_binding(a, c->ctx->config_path, c->ctx->config, c->book,
                           ret) == 0;
}

static struct hb_proof_seen newest(struct hb_core *c,
                                   const struct hb_proof_binding *bound,
                                   const struct hb_case *kase,
                                   enum hb_proof_kind kind)
{
    struct hb_proof_binding b = *bound;
    struct hb_proof_seen seen = {0};
    char dir[HB_MAX_PATH];

    b.kind = kind;
    b.number = kase->number;
    b.max_age = kind == HB_PROOF_CANARY ? kase->drill.canary_within
                                        : kase->drill.rehearsed_within;
    if (bound->assets == NULL ||
        snprintf(dir, sizeof(dir), "%s/proofs", c->ctx->state_dir) < 0 ||
        hb_proof_newest(dir, c->evidence_pub, &b, &seen, NULL) < 0)
        return (struct hb_proof_seen){0};
    return seen;
}

static void people(struct hb_core *c)
{
    int n = hb_person_count(&c->state, ~0u);
    int officers = hb_person_count(&c->state, HB_PR_OFFICER);
    bool good = n >= 2 && officers >= 1;

    (void)!hb_core_control_set(
        c, "people.two", good ? HB_CS_PASS : HB_CS_FAIL,
        good ? N_("Two or more people are registered, one of them an "
                  "officer.")
             : N_("Fewer than two people are registered, or no officer: "
                  "nobody could agree as the second one."),
        "", 0);
}

/* Restoring must be approved in advance for every site, by a reflex whose
 * signature holds now: the same files and the same check as the helper's. */
static void reflex(struct hb_core *c)
{
    const struct hb_conf_list *sites = &c->ctx->config->sites;
    const struct hb_conf_site *site = sites->v;
    bool good = sites->n > 0;

    for (size_t i = 0; i < sites->n && good; i++)
        good = reflex_covers(c, site[i].name);
    (void)!hb_core_control_set(
        c, "files.reflex", good ? HB_CS_PASS : HB_CS_FAIL,
        good ? N_("The officer approved restoring in advance.")
             : N_("Restoring was not approved in advance: each change waits "
                  "for a person."),
        "", 0);
}

static bool reflex_covers(struct hb_core *c, const char *site)
{
    char dir[HB_MAX_PATH], id[HB_PERSON_MAX + 1];
    int64_t now = hb_now();
    struct dirent *e;
    bool yes = false;
    DIR *d;

    (void)snprintf(dir, sizeof(dir), "%s/reflexes", c->ctx->etc_dir);
    d = opendir(dir);
    while (!yes && d != NULL && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        struct hb_reflex x;

        if (n <= 5 || n - 5 >= sizeof(id) ||
            !hb_streq(e->d_name + n - 5, ".json"))
            continue;
        memcpy(id, e->d_name, n - 5);
        id[n - 5] = '\0';
        if (hb_reflex_load(c->ctx->etc_dir, id, &x, NULL) < 0 || now < x.from ||
            now >= x.until ||
            (x.actions & (UINT32_C(1) << HB_ACT_FILE_RESTORE)) == 0)
            continue;
        yes = x.all_sites;
        for (size_t i = 0; i < x.n_sites && !yes; i++)
            yes = hb_streq(x.sites[i], site);
    }
    if (d != NULL)
        (void)closedir(d);
    return yes;
}

static void watching(struct hb_core *c)
{
    bool good =
        hb_core_connected(c, "sense/files") && hb_core_helper_alive(c->helper);

    (void)!hb_core_control_set(
        c, "files.watching", good ? HB_CS_PASS : HB_CS_FAIL,
        good ? N_("The file watch and the helper are at work.")
             : N_("The file watch or the helper is not connected."),
        "", 0);
}

static void anchored(struct hb_core *c)
{
    char reason[512];
    bool failing, good = hb_core_anchor_reason(c, reason, &failing);

    (void)!hb_core_control_set(c, "evidence.anchored",
                               good ? HB_CS_PASS : HB_CS_FAIL, reason, "", 0);
}

static void drills(struct hb_core *c)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_proof_binding bound;

    if (a == NULL || !bind_now(c, a, &bound))
        return;
    for (size_t i = 0; i < c->book->n; i++)
        if (c->book->cases[i].drill.name != NULL)
            drill(c, &bound, &c->book->cases[i]);
}

/* The newest proof that is bound to what runs now decides, also where it
 * tells of a failure; without one nobody knows. */
static void drill(struct hb_core *c, const struct hb_proof_binding *bound,
                  const struct hb_case *kase)
{
    struct hb_proof_seen seen;
    char id[32];

    (void)snprintf(id, sizeof(id), "drill.case%u", kase->number);
    if (hb_control_find(kase, id) == NULL)
        return;
    seen = newest(c, bound, kase, HB_PROOF_REHEARSAL);
    (void)!hb_core_control_set(
        c, id,
        seen.passed    ? HB_CS_PASS
        : seen.at != 0 ? HB_CS_FAIL
                       : HB_CS_UNKNOWN,
        seen.passed    ? N_("The last drill passed.")
        : seen.at != 0 ? N_("The last drill did not pass.")
                       : N_("No drill was run with this version, these "
                            "settings and these sites."),
        "", 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_patch.c - `hinoban gate patch`: rules against a hole until it is
 * closed.  Proposed by one, approved with the key of an officer or
 * administrator, with the name of the expert who was asked, never without an
 * end (casebook/14-late-patch).
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/gate.h"
#include "cli/text.h"
#include "guard/gate/patch.h"

static int propose(struct hb_cli_gate *g, int argc, char **argv,
                   const struct hb_cli_gate_who *who);
static int approve(struct hb_cli_gate *g, const struct hb_grant *found,
                   const struct hb_cli_gate_who *who);
static int take_back(struct hb_cli_gate *g, const struct hb_grant *found,
                     const struct hb_cli_gate_who *who);
static int list(struct hb_cli_gate *g, const struct hb_grants *all);
static void show(const struct hb_cli_gate *g, const struct hb_grant *k);
static int usage(const struct hb_cli *cli);

int hb_cli_gate_patch(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";
    const struct hb_grant *found = NULL;
    struct hb_cli_gate_who who;
    struct hb_grants all = {NULL, 0};
    struct hb_cli_gate g;
    struct hb_err err = {0};
    uint32_t number = 0;
    int r;

    hb_cli_gate_who(&argc, argv, &who);
    r = hb_cli_gate_open(cli, &argc, argv, &g, &err);
    if (r == 0)
        r = hb_grants_load(g.a, g.gate.dir, g.gate.etc, g.gate.now, &all, &err);
    if (r < 0) {
        hb_cli_gate_done(&g);
        return hb_cli_fail(&err);
    }
    if (argc == 3 && hb_grant_parse_name(argv[2], HB_GRANT_PATCH, &number) == 0)
        found = hb_grants_find(&all, HB_GRANT_PATCH, number);
    if (hb_streq(verb, "propose"))
        r = propose(&g, argc - 1, argv + 1, &who);
    else if (hb_streq(verb, "list") && argc <= 2)
        r = list(&g, &all);
    else if (argc != 3 ||
             (!hb_streq(verb, "show") && !hb_streq(verb, "approve") &&
              !hb_streq(verb, "revoke")))
        r = usage(cli);
    else if (found == NULL)
        r = hb_cli_usage(cli, _("there is no patch %s"), argv[2]);
    else if (hb_streq(verb, "approve"))
        r = approve(&g, found, &who);
    else if (hb_streq(verb, "revoke"))
        r = take_back(&g, found, &who);
    else {
        show(&g, found);
        r = hb_cli_flush();
    }
    hb_cli_gate_done(&g);
    return r;
}

static int propose(struct hb_cli_gate *g, int argc, char **argv,
                   const struct hb_cli_gate_who *who)
{
    struct hb_grant k = {.kind = HB_GRANT_PATCH,
                         .approved_by = "",
                         .about = "",
                         .reference = "",
                         .from = g->gate.now / (int64_t)HB_S};
    _cleanup_close_ int lock = -1;
    struct hb_err err = {0};
    char name[8], why[128];
    int r;

    k.advisory = hb_client_opt(&argc, argv, "--advisory");
    k.expert = hb_client_opt(&argc, argv, "--expert");
    k.reason = who->reason;
    if (argc != 2)
        return usage(g->cli);
    if (k.advisory == NULL || k.expert == NULL || k.reason == NULL ||
        who->until == NULL)
        return hb_cli_usage(g->cli,
                            _("a patch needs --advisory CVE-..., --expert "
                              "NAME (who was asked), --reason \"WHY\" and "
                              "--until DATE"));
    r = hb_cli_gate_until(g, who->until, &k.until, &err);
    if (r == 0)
        r = hb_client_me(g->cli, g->a, who->person, &k.by, &err);
    if (r == 0) {
        r = hb_file_read(g->a, argv[1], HB_GRANT_BYTES / 4, &k.rules);
        if (r < 0)
            (void)hb_err_set(&err, r, "%s: %s", argv[1],
                             hb_errno_text(r, why, sizeof(why)));
    }
    if (r == 0)
        r = hb_patch_check(k.rules, argv[1], &err);
    if (r == 0) {
        lock = hb_gate_lock(g->gate.dir, &err);
        r = HB_MIN(lock, 0);
    }
    if (r == 0 &&
        (r = hb_grant_next(g->gate.dir, HB_GRANT_PATCH, &k.number)) < 0)
        (void)hb_err_set(&err, r, "%s: %s", g->gate.dir, strerror(-r));
    if (r == 0)
        r = hb_grant_save(g->gate.dir, &k, NULL, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    hb_grant_name(k.kind, k.number, name);
    return hb_cli_said(g->cli, "name", name,
                       _("Proposed: %s. It does nothing until it is approved: "
                         "hinoban gate patch approve %s\n"),
                       name, name);
}

static int approve(struct hb_cli_gate *g, const struct hb_grant *found,
                   const struct hb_cli_gate_who *who)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_close_ int lock = -1;
    struct hb_grant k = *found, before = *found;
    struct hb_gate_built x;
    struct hb_key *key = NULL;
    struct hb_err err = {0}, second = {0};
    char name[8], day[16];
    int r;

    hb_grant_name(k.kind, k.number, name);
    if (k.state != HB_GRANT_PROPOSED) {
        (void)hb_err_set(&err, -EINVAL, _("%s is not waiting for approval."),
                         name);
        return hb_cli_fail(&err);
    }
    if (g->gate.now / (int64_t)HB_S >= k.until) {
        (void)hb_err_set(&err, -ETIME, _("%s has expired."), name);
        return hb_cli_fail(&err);
    }
    /* The file may have been changed since it was proposed. */
    r = hb_patch_check(k.rules, name, &err);
    if (r == 0)
        r = hb_cli_gate_person(g, who, &k.approved_by, &key, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    if (!g->cli->json) {
        show(g, found);
        (void)fflush(stdout);
    }
    if (!hb_cli_gate_yes(who)) {
        hb_key_free(key);
        return HB_EXIT_FAILED;
    }
    lock = hb_gate_lock(g->gate.dir, &err);
    r = HB_MIN(lock, 0);
    g->gate.by = k.approved_by;
    if (r == 0)
        r = hb_grant_save(g->gate.dir, &k, key, &err);
    hb_key_free(key);
    if (r == 0) {
        r = hb_cli_gate_put(g, &x, &err);
        /* It is only proposed again. */
        if (r < 0 && hb_grant_save(g->gate.dir, &before, NULL, &second) < 0)
            (void)hb_cli_fail(&second);
    }
    if (r < 0)
        return hb_cli_fail(&err);
    hb_buf_addf(&text,
                _("%s approved the virtual patch %s (%s) until %s; "
                  "asked: %s"),
                k.approved_by, name, k.advisory,
                hb_cli_gate_day(g, k.until, day), k.expert);
    hb_cli_gate_tell(g, "gate.patched", k.approved_by, hb_buf_z(&text));
    return hb_cli_said(g->cli, "name", name, _("In force: %s, until %s.\n"),
                       name, day);
}

static int take_back(struct hb_cli_gate *g, const struct hb_grant *found,
                     const struct hb_cli_gate_who *who)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_close_ int lock = -1;
    const bool held = found->state == HB_GRANT_ON;
    const char *by = who->person != NULL ? who->person : g->gate.by;
    struct hb_gate_built x;
    struct hb_key *key = NULL;
    struct hb_err err = {0}, second = {0};
    char name[8];
    int r = 0;

    hb_grant_name(found->kind, found->number, name);
    /* What protects is taken away by somebody with the right to. */
    if (held)
        r = hb_cli_gate_person(g, who, &by, &key, &err);
    hb_key_free(key);
    if (r == 0) {
        lock = hb_gate_lock(g->gate.dir, &err);
        r = HB_MIN(lock, 0);
    }
    if (r == 0)
        r = hb_grant_off(g->gate.dir, found->kind, found->number, &err);
    if (r == 0 && held) {
        r = hb_cli_gate_put(g, &x, &err);
        if (r < 0 && hb_grant_again(g->gate.dir, found->kind, found->number,
                                    &second) < 0)
            (void)hb_cli_fail(&second);
    }
    if (r < 0)
        return hb_cli_fail(&err);
    hb_buf_addf(&text, _("%s took back the virtual patch %s (%s)"), by, name,
                found->advisory);
    hb_cli_gate_tell(g, "gate.patch_revoked", by, hb_buf_z(&text));
    return hb_cli_said(g->cli, "name", name, _("Taken back: %s.\n"), name);
}

static int list(struct hb_cli_gate *g, const struct hb_grants *all)
{
    struct hb_buf b = HB_BUF_INIT;
    size_t n = 0;
    struct hb_jw w;

    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < all->n; i++) {
        const struct hb_grant *k = &all->v[i];
        char name[8];

        if (k->kind != HB_GRANT_PATCH)
            continue;
        hb_grant_name(k->kind, k->number, name);
        if (!g->cli->json && n++ > 0)
            (void)printf("\n");
        if (!g->cli->json)
            show(g, k);
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "name", name);
        hb_jw_str(&w, "state", hb_grant_state_name(k->state));
        hb_jw_str(&w, "advisory", k->advisory);
        hb_jw_str(&w, "expert", k->expert);
        hb_jw_str(&w, "by", k->by);
        hb_jw_str(&w, "approved_by", k->approved_by);
        hb_jw_str(&w, "reason", k->reason);
        hb_jw_int(&w, "until", k->until);
        hb_jw_slice(&w, "rules", k->rules);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (g->cli->json)
        return hb_cli_json_out("gate", &b);
    hb_buf_done(&b);
    if (n == 0)
        (void)printf(_("There are no virtual patches.\n"));
    return hb_cli_flush();
}

static void show(const struct hb_cli_gate *g, const struct hb_grant *k)
{
    static const char *const states[] = {
        [HB_GRANT_PROPOSED] = N_("proposed, not in force"),
        [HB_GRANT_ON] = N_("in force"),
        [HB_GRANT_EXPIRED] = N_("EXPIRED"),
        [HB_GRANT_BAD] = N_("NOT BELIEVED"),
    };
    char name[8], day[16];

    hb_grant_name(k->kind, k->number, name);
    (void)printf(_("%s  %s, until %s  %s\n"), name, _(states[k->state]),
                 hb_cli_gate_day(g, k->until, day), k->advisory);
    (void)printf(_("    proposed by %s, approved by %s, asked: %s\n"), k->by,
                 k->approved_by[0] != '\0' ? k->approved_by : "-", k->expert);
    hb_cli_para("    ", "    ", k->state == HB_GRANT_BAD ? k->why : k->reason);
    (void)printf("%.*s%s", (int)k->rules.n, k->rules.n > 0 ? k->rules.p : "",
                 k->rules.n > 0 && k->rules.p[k->rules.n - 1] == '\n' ? ""
                                                                      : "\n");
}

static int usage(const struct hb_cli *cli)
{
    return hb_cli_usage(cli, _("say what to do: patch propose FILE, list, show "
                               "N, approve N or revoke N"));
}

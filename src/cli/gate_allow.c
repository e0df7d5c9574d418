/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_allow.c - `hinoban gate allow|allowed|forbid`: a request that was
 * stopped wrongly, allowed as narrowly as it can be, for a while, by somebody
 * with the right to; and taken back.
 *
 * Runs as root with a person's own key.  The finding comes from the web
 * server's log, so from anybody: it names what is excluded, never how.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/show.h"
#include "cli/gate.h"
#include "cli/text.h"

static int decide(struct hb_cli_gate *g, const char *reference,
                  const struct hb_cli_gate_who *who);
static int exclusion(struct hb_cli_gate *g, const struct hb_gate_finding *f,
                     struct hb_grant *grant, struct hb_buf *text,
                     struct hb_err *err);
static void left_over(const struct hb_waf_hit *hits);
static int keep(struct hb_cli_gate *g, const struct hb_grant *grant,
                const struct hb_key *key, struct hb_err *err);
static void about(struct hb_buf *b, const struct hb_gate_finding *f);

int hb_cli_gate_allow(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_cli_gate_who who;
    struct hb_cli_gate g;
    struct hb_err err = {0};
    int r;

    hb_cli_gate_who(&argc, argv, &who);
    r = hb_cli_gate_open(cli, &argc, argv, &g, &err);
    if (r < 0)
        r = hb_cli_fail(&err);
    else if (argc != 2)
        r = hb_cli_usage(cli, _("say which request, by its reference number"));
    else if (who.reason == NULL || who.until == NULL)
        r = hb_cli_usage(cli, _("an exclusion needs --reason \"WHY\" and "
                                "--until DATE"));
    else
        r = decide(&g, argv[1], &who);
    hb_cli_gate_done(&g);
    return r;
}

static int decide(struct hb_cli_gate *g, const char *reference,
                  const struct hb_cli_gate_who *who)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT, what = HB_BUF_INIT;
    struct hb_grant grant = {.kind = HB_GRANT_ALLOW,
                             .reference = reference,
                             .reason = who->reason,
                             .advisory = "",
                             .expert = "",
                             .from = g->gate.now / (int64_t)HB_S};
    _cleanup_close_ int lock = -1;
    struct hb_gate_finding f;
    struct hb_key *key = NULL;
    struct hb_err err = {0};
    char name[8];
    int r;

    r = hb_cli_gate_until(g, who->until, &grant.until, &err);
    if (r == 0)
        r = hb_gate_finding_find(g->a, g->gate.conf->log, reference, &f, &err);
    if (r == 0)
        r = hb_cli_gate_person(g, who, &grant.by, &key, &err);
    if (r == 0) {
        lock = hb_gate_lock(g->gate.dir, &err);
        r = HB_MIN(lock, 0);
    }
    if (r == 0 &&
        (r = hb_grant_next(g->gate.dir, HB_GRANT_ALLOW, &grant.number)) < 0)
        (void)hb_err_set(&err, r, "%s: %s", g->gate.dir, strerror(-r));
    if (r == 0) {
        grant.approved_by = g->gate.by = grant.by;
        about(&what, &f);
        grant.about = hb_buf_z(&what);
        r = exclusion(g, &f, &grant, &text, &err);
    }
    if (r == 0 && !hb_cli_gate_yes(who)) {
        hb_key_free(key);
        return HB_EXIT_FAILED;
    }
    if (r == 0)
        r = keep(g, &grant, key, &err);
    hb_key_free(key);
    if (r < 0)
        return hb_cli_fail(&err);
    hb_grant_name(grant.kind, grant.number, name);
    hb_buf_reset(&text);
    hb_buf_addf(&text, _("%s allowed %s (%s) until %s: %s"), grant.by, name,
                grant.about, who->until, grant.reason);
    hb_cli_gate_tell(g, "gate.allowed", grant.by, hb_buf_z(&text));
    return hb_cli_said(g->cli, "name", name,
                       _("Allowed: %s. \"hinoban gate forbid %s\" takes it "
                         "back.\n"),
                       name, name);
}

/* Shows what was found and what will be excluded. */
static int exclusion(struct hb_cli_gate *g, const struct hb_gate_finding *f,
                     struct hb_grant *grant, struct hb_buf *text,
                     struct hb_err *err)
{
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
    _cleanup_waf_ struct hb_waf *waf = NULL;
    _cleanup_buf_ struct hb_buf sentence = HB_BUF_INIT;
    const struct hb_waf_hit *hits;
    struct hb_waf_allow allow;
    int r;

    /* Only for the sentence: what was logged says all else. */
    if (hb_gate_load(g->gate.dir, &waf, NULL) < 0)
        waf = NULL;
    hits = hb_gate_finding_hits(g->a, f,
                                waf != NULL ? hb_waf_rules_of(waf) : NULL);
    hb_gate_finding_sentence(&sentence, f, hits);
    r = hb_gate_finding_allow(g->a, f, hits, target, &allow, err);
    if (r < 0)
        return r;
    allow.id = HB_GRANT_ALLOW_ID + grant->number;
    allow.author = hb_slice_z(grant->by);
    allow.reason = hb_slice_z(grant->reason);
    allow.from = grant->from;
    allow.until = grant->until;
    r = hb_waf_allow_write(text, &allow);
    if (r == 0)
        r = hb_buf_err(text);
    if (r < 0)
        return hb_err_set(err, r,
                          _("an exclusion needs a reason, in at most "
                            "%u bytes on one line"),
                          HB_GRANT_TEXT);
    grant->rules = hb_buf_slice(text);
    if (!g->cli->json) {
        hb_cli_para("", "", grant->about);
        hb_cli_para("", "", hb_buf_z(&sentence));
        (void)printf("\n%s\n", hb_buf_z(text));
        left_over(hits);
        (void)fflush(stdout);
    }
    return 0;
}

/* A rule whose first condition is a setting names no field that could be
 * taken out of it: it will match again. */
static void left_over(const struct hb_waf_hit *hits)
{
    for (const struct hb_waf_hit *h = hits; h != NULL; h = h->next)
        if (h->coll == HB_WAF_VAR_TX && h->rule->chains && h->phase < 5 &&
            h->rule->severity >= 0)
            (void)printf(_("Rule %u stays: it names no field. If it alone "
                           "stops the request, write its exclusion by "
                           "hand.\n"),
                         (unsigned)h->rule->id);
}

/* What does not load with all the others is not kept. */
static int keep(struct hb_cli_gate *g, const struct hb_grant *grant,
                const struct hb_key *key, struct hb_err *err)
{
    struct hb_gate_built x;
    struct hb_err second = {0};
    int r = hb_grant_save(g->gate.dir, grant, key, err);

    if (r < 0)
        return r;
    r = hb_cli_gate_put(g, &x, err);
    if (r < 0) {
        if (hb_grant_off(g->gate.dir, grant->kind, grant->number, &second) < 0)
            (void)hb_cli_fail(&second);
    } else if (!g->cli->json) {
        hb_cli_gate_notes(&x);
    }
    return r;
}

/* "POST www.example.jp/form", short and printable. */
static void about(struct hb_buf *b, const struct hb_gate_finding *f)
{
    _cleanup_buf_ struct hb_buf whole = HB_BUF_INIT;
    size_t path = strcspn(f->uri, "?");

    hb_show(&whole, hb_slice_z(f->method));
    hb_buf_addc(&whole, ' ');
    hb_show(&whole, hb_slice_z(f->host));
    hb_show(&whole, hb_slice(f->uri, HB_MIN(path, 200u)));
    hb_buf_add(b, hb_buf_z(&whole),
               whole.n <= HB_GRANT_TEXT ? whole.n : HB_GRANT_TEXT / 2);
}

int hb_cli_gate_allowed(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_grants all = {NULL, 0};
    struct hb_cli_gate g;
    struct hb_err err = {0};
    size_t n = 0;
    struct hb_jw w;
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0)
        r = hb_grants_load(g.a, g.gate.dir, g.gate.etc, g.gate.now, &all, &err);
    if (r < 0) {
        hb_cli_gate_done(&g);
        return hb_cli_fail(&err);
    }
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < all.n; i++) {
        const struct hb_grant *k = &all.v[i];
        char name[8], day[16];

        if (k->kind != HB_GRANT_ALLOW)
            continue;
        n++;
        hb_grant_name(k->kind, k->number, name);
        if (!cli->json) {
            (void)printf(_("%s  until %s%s  by %s  %s\n"), name,
                         hb_cli_gate_day(&g, k->until, day),
                         k->state == HB_GRANT_EXPIRED ? _(" (EXPIRED)")
                         : k->state == HB_GRANT_BAD   ? _(" (NOT BELIEVED)")
                                                      : "",
                         k->approved_by, k->about);
            hb_cli_para("    ", "    ",
                        k->state == HB_GRANT_BAD ? k->why : k->reason);
        }
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "name", name);
        hb_jw_str(&w, "state", hb_grant_state_name(k->state));
        hb_jw_str(&w, "by", k->approved_by);
        hb_jw_str(&w, "reason", k->reason);
        hb_jw_str(&w, "about", k->about);
        hb_jw_str(&w, "reference", k->reference);
        hb_jw_int(&w, "until", k->until);
        hb_jw_slice(&w, "rules", k->rules);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_cli_gate_done(&g);
    if (cli->json)
        return hb_cli_json_out("gate", &b);
    hb_buf_done(&b);
    if (n == 0)
        (void)printf(_("Nothing is allowed.\n"));
    return hb_cli_flush();
}

int hb_cli_gate_forbid(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_close_ int lock = -1;
    struct hb_cli_gate_who who;
    struct hb_gate_built x;
    struct hb_cli_gate g;
    struct hb_err err = {0}, second = {0};
    uint32_t number = 0;
    char name[8];
    int r;

    hb_cli_gate_who(&argc, argv, &who);
    r = hb_cli_gate_open(cli, &argc, argv, &g, &err);
    if (r < 0) {
        hb_cli_gate_done(&g);
        return hb_cli_fail(&err);
    }
    if (argc != 2 ||
        hb_grant_parse_name(argv[1], HB_GRANT_ALLOW, &number) < 0) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("say which exclusion, by its number"));
    }
    hb_grant_name(HB_GRANT_ALLOW, number, name);
    /* Taking back needs no key: it only makes things stricter, in root's
     * own directory. */
    lock = hb_gate_lock(g.gate.dir, &err);
    r = HB_MIN(lock, 0);
    if (r == 0)
        r = hb_grant_off(g.gate.dir, HB_GRANT_ALLOW, number, &err);
    if (r == 0) {
        r = hb_cli_gate_put(&g, &x, &err);
        if (r < 0 &&
            hb_grant_again(g.gate.dir, HB_GRANT_ALLOW, number, &second) < 0)
            (void)hb_cli_fail(&second);
    }
    if (r == 0) {
        const char *by = who.person != NULL ? who.person : g.gate.by;

        hb_buf_addf(&text, _("%s took back the exclusion %s"), by, name);
        hb_cli_gate_tell(&g, "gate.forbidden", by, hb_buf_z(&text));
    }
    hb_cli_gate_done(&g);
    if (r < 0)
        return hb_cli_fail(&err);
    return hb_cli_said(cli, "name", name, _("Taken back: %s.\n"), name);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_try.c - `hinoban gate try`: one request judged by the rules in force,
 * without a server, in words.  Changes nothing; the request may be a
 * stranger's, out of a report.
 */
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/show.h"
#include "cli/gate.h"
#include "cli/text.h"

#define REQUEST_BYTES (32u << 20)
#define DAYS          90 /* of the exclusion that is shown */

struct options {
    const char *file, *url, *method, *data, *address, *type;
};

static int request_text(struct hb_arena *a, const struct options *o,
                        struct hb_slice *ret, struct hb_err *err);
static int judge(struct hb_cli_gate *g, const struct options *o,
                 struct hb_slice text, struct hb_err *err);
static int tell(struct hb_cli_gate *g, const struct hb_waf_tx *tx,
                const struct hb_gate_request *q);
static int tell_json(struct hb_cli_gate *g, const struct hb_waf_tx *tx);
static unsigned score(const struct hb_waf_hit *hits);
static int exclusion(struct hb_cli_gate *g, const struct hb_waf_hit *hits,
                     const struct hb_gate_request *q, struct hb_buf *b);

int hb_cli_gate_try(struct hb_cli *cli, int argc, char **argv)
{
    struct options o = {
        .file = hb_client_opt(&argc, argv, "--file"),
        .url = hb_client_opt(&argc, argv, "--url"),
        .method = hb_client_opt(&argc, argv, "--method"),
        .data = hb_client_opt(&argc, argv, "--data"),
        .type = hb_client_opt(&argc, argv, "--type"),
        .address = hb_client_opt(&argc, argv, "--address"),
    };
    struct hb_cli_gate g;
    struct hb_err err = {0};
    struct hb_slice text;
    int r = hb_cli_gate_open(cli, &argc, argv, &g, &err);

    if (r == 0 && (argc > 1 || (o.file == NULL) == (o.url == NULL))) {
        hb_cli_gate_done(&g);
        return hb_cli_usage(cli, _("say what to judge: --file REQUEST.txt or "
                                   "--url URL"));
    }
    if (r == 0)
        r = request_text(g.a, &o, &text, &err);
    if (r == 0)
        r = judge(&g, &o, text, &err);
    hb_cli_gate_done(&g);
    return r < 0 ? hb_cli_fail(&err) : r;
}

static int request_text(struct hb_arena *a, const struct options *o,
                        struct hb_slice *ret, struct hb_err *err)
{
    const char *host, *path, *z;
    char why[128];
    size_t n;
    int r;

    if (o->file != NULL) {
        r = hb_file_read(a, o->file, REQUEST_BYTES, ret);
        return r < 0 ? hb_err_set(err, r, "%s: %s", o->file,
                                  hb_errno_text(r, why, sizeof(why)))
                     : 0;
    }
    host = strstr(o->url, "://");
    if (host == NULL || strpbrk(o->url, " \r\n") != NULL)
        return hb_err_set(err, -EINVAL, _("%s is no URL"), o->url);
    host += 3;
    n = strcspn(host, "/?#");
    path = host + n;
    z = "";
    if (o->data != NULL)
        z = hb_arena_printf(
            a, "Content-Type: %s\r\nContent-Length: %zu\r\n",
            o->type != NULL ? o->type : "application/x-www-form-urlencoded",
            strlen(o->data));
    if (z != NULL)
        z = hb_arena_printf(a,
                            "%s %s%.*s HTTP/1.1\r\nHost: %.*s\r\nUser-Agent: "
                            "Mozilla/5.0\r\nAccept: */*\r\n%s\r\n%s",
                            o->method != NULL ? o->method
                            : o->data != NULL ? "POST"
                                              : "GET",
                            path[0] == '/' ? "" : "/", (int)strcspn(path, "#"),
                            path, (int)n, host, z,
                            o->data != NULL ? o->data : "");
    if (z == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    *ret = hb_slice_z(z);
    return 0;
}

static int judge(struct hb_cli_gate *g, const struct options *o,
                 struct hb_slice text, struct hb_err *err)
{
    struct hb_slice address =
        hb_slice_z(o->address != NULL ? o->address : "192.0.2.1");
    _cleanup_waf_ struct hb_waf *waf = NULL;
    struct hb_waf_thread *thread = NULL;
    struct hb_gate_request *q = HB_NEW(g->a, struct hb_gate_request);
    struct hb_waf_tx *tx = NULL;
    int r;

    if (q == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = hb_gate_request_parse(text, q, err);
    if (r == 0)
        r = hb_gate_load(g->gate.dir, &waf, err);
    if (r < 0)
        return r;
    thread = hb_waf_thread_new();
    r = thread == NULL ? -ENOMEM : hb_gate_judge(waf, thread, q, address, &tx);
    if (r < 0)
        r = hb_err_set(err, r, _("out of memory"));
    else
        r = g->cli->json ? tell_json(g, tx) : tell(g, tx, q);
    hb_waf_tx_free(tx);
    hb_waf_thread_free(thread);
    return r;
}

static int tell(struct hb_cli_gate *g, const struct hb_waf_tx *tx,
                const struct hb_gate_request *q)
{
    const struct hb_waf_hit *hits = hb_waf_tx_hits(tx);
    const struct hb_waf_hit *reason = hb_waf_first_reason(hits);
    struct hb_waf_verdict v = hb_waf_tx_verdict(tx);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (v.action == HB_WAF_DO_PASS)
        (void)printf(_("It is let through.\n"));
    else if (g->gate.conf->mode == HB_GATE_BLOCK)
        (void)printf(_("It is stopped (answer %u).\n"), v.status);
    else
        (void)printf(_("It is let through in this mode (%s); the mode block "
                       "would stop it (answer %u).\n"),
                     hb_gate_mode_name(g->gate.conf->mode), v.status);
    if (v.limit != NULL && v.limit[0] != '\0')
        (void)printf(_("A limit decided: %s\n"), v.limit);
    if (hits == NULL)
        return hb_cli_flush();
    if (reason != NULL) {
        hb_waf_explain(&b, reason);
        hb_cli_para("", "", hb_buf_z(&b));
    }
    (void)printf(_("Score: %u; it is stopped at %lld. Rules:\n"), score(hits),
                 (long long)g->gate.conf->inbound);
    for (const struct hb_waf_hit *h = hits; h != NULL; h = h->next) {
        hb_buf_reset(&b);
        hb_show(&b, hb_slice(h->msg.p, HB_MIN(h->msg.n, 200u)));
        for (uint32_t i = 0; i < h->n_var && i < 4; i++) {
            hb_buf_addz(&b, i == 0 ? "  [" : " ");
            hb_show(&b,
                    hb_slice(h->var[i].name.p, HB_MIN(h->var[i].name.n, 80u)));
        }
        hb_buf_addz(&b, h->n_var > 4 ? " ...]" : h->n_var > 0 ? "]" : "");
        (void)printf("  %u  %s\n", (unsigned)h->rule->id, hb_buf_z(&b));
    }
    hb_buf_reset(&b);
    if (exclusion(g, hits, q, &b) == 0)
        (void)printf(_("This would allow it:\n%s"), hb_buf_z(&b));
    return hb_cli_flush();
}

static int tell_json(struct hb_cli_gate *g, const struct hb_waf_tx *tx)
{
    struct hb_waf_verdict v = hb_waf_tx_verdict(tx);
    struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &b);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "mode", hb_gate_mode_name(g->gate.conf->mode));
    hb_jw_bool(&w, "stops", v.action != HB_WAF_DO_PASS);
    hb_jw_int(&w, "status", v.status);
    hb_jw_int(&w, "rule", v.rule != NULL ? v.rule->id : 0);
    hb_jw_str(&w, "limit", v.limit);
    hb_jw_int(&w, "score", score(hb_waf_tx_hits(tx)));
    hb_jw_arr(&w, "hits");
    for (const struct hb_waf_hit *h = hb_waf_tx_hits(tx); h != NULL;
         h = h->next) {
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "rule", h->rule->id);
        hb_jw_slice(&w, "msg", h->msg);
        hb_jw_arr(&w, "variables");
        for (uint32_t i = 0; i < h->n_var; i++)
            hb_jw_slice(&w, NULL, h->var[i].name);
        hb_jw_end_arr(&w);
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    hb_jw_end_obj(&w);
    return hb_cli_json_out("gate", &b);
}

/* As the rules' severities count in setup.conf; rules that add nothing, and
 * sums of others, are left out. */
static unsigned score(const struct hb_waf_hit *hits)
{
    static const unsigned points[] = {5, 5, 5, 4, 3, 2, 0, 0};
    unsigned sum = 0;

    for (const struct hb_waf_hit *h = hits; h != NULL; h = h->next) {
        const struct hb_waf_rule *r = h->rule;
        bool adds = false;

        for (;; r++) {
            for (uint32_t i = 0; i < r->n_set; i++)
                adds =
                    adds || (r->set[i].kind == HB_WAF_SET_ADD &&
                             memmem(r->set[i].name.raw.p, r->set[i].name.raw.n,
                                    "anomaly_score", 13) != NULL);
            if (!r->chains)
                break;
        }
        if (adds && h->coll != HB_WAF_VAR_TX && h->rule->severity >= 0)
            sum += points[h->rule->severity & 7];
    }
    return sum;
}

/* By you, for DAYS days: `hinoban gate allow` makes the real one. */
static int exclusion(struct hb_cli_gate *g, const struct hb_waf_hit *hits,
                     const struct hb_gate_request *q, struct hb_buf *b)
{
    struct hb_waf_allow_target target[HB_WAF_ALLOW_TARGETS];
    struct hb_gate_finding f = {.limit = ""};
    struct hb_waf_allow allow;
    int r;

    f.method = hb_arena_dup(g->a, q->method.p, q->method.n);
    f.uri = hb_arena_dup(g->a, q->uri.p, q->uri.n);
    f.host = "";
    for (size_t i = 0; i < q->n; i++)
        if (q->header[i].name.n == 4 &&
            strncasecmp(q->header[i].name.p, "host", 4) == 0)
            f.host =
                hb_arena_dup(g->a, q->header[i].value.p, q->header[i].value.n);
    if (f.method == NULL || f.uri == NULL || f.host == NULL)
        return -ENOMEM;
    r = hb_gate_finding_allow(g->a, &f, hits, target, &allow, NULL);
    if (r < 0)
        return r;
    allow.id = HB_GRANT_ALLOW_ID;
    allow.author = HB_SLICE("?");
    allow.reason = HB_SLICE("?");
    allow.from = g->gate.now / (int64_t)HB_S;
    allow.until = allow.from + DAYS * INT64_C(86400);
    return hb_waf_allow_write(b, &allow);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - a few rules over one request, for tests of the engine.
 */
#ifndef HB_TESTS_GUARD_WAF_RUN_H
#define HB_TESTS_GUARD_WAF_RUN_H

#include "guard/waf/rules.h"
#include "guard/waf/waf.h"

struct run {
    struct hb_waf *waf;
    struct hb_waf_thread *thread;
    struct hb_waf_tx *tx;
    int result;    /* of the last phase */
    char ids[512]; /* of the rules that matched: "1 2 3" */
};

struct request {
    const char *method, *uri; /* NULL: GET, "/" */
    const char *headers;      /* "Name: value" lines */
    const char *body;
    size_t body_n;
};

static inline void run_rules(struct run *r, const char *text,
                             const struct hb_waf_options *o)
{
    struct hb_waf_rules *rules = NULL;
    struct hb_err err = {0};
    char why[600];

    memset(r, 0, sizeof(*r));
    if (hb_waf_rules_parse(hb_slice_z(text), "test", NULL, &rules, &err) < 0 ||
        hb_waf_new(rules, o, &r->waf, &err) < 0) {
        hb_err_format(&err, why, sizeof(why));
        fail_msg("%s", why);
    }
    r->thread = hb_waf_thread_new();
    assert_non_null(r->thread);
}

/* As far as the headers, before phase 1. */
static inline void run_begin(struct run *r, const struct request *q)
{
    const struct hb_waf_connection c = {HB_SLICE("192.0.2.1"),
                                        HB_SLICE("198.51.100.1"), 40000, 80};
    const char *h = q->headers != NULL ? q->headers : "";

    hb_waf_tx_free(r->tx);
    r->tx = hb_waf_tx_new(r->waf, r->thread);
    assert_non_null(r->tx);
    assert_int_equal(hb_waf_tx_connection(r->tx, &c), 0);
    assert_int_equal(
        hb_waf_tx_request(r->tx,
                          hb_slice_z(q->method != NULL ? q->method : "GET"),
                          hb_slice_z(q->uri != NULL ? q->uri : "/"),
                          HB_SLICE("HTTP/1.1"), HB_SLICE("")),
        0);
    while (*h != '\0') {
        size_t n = strcspn(h, "\n"), colon = strcspn(h, ":");

        assert_int_equal(
            hb_waf_tx_request_header(r->tx, hb_slice(h, colon),
                                     hb_slice(h + colon + 2, n - colon - 2)),
            0);
        h += n + (h[n] != '\0');
    }
}

static inline void run_request(struct run *r, const struct request *q)
{
    struct hb_slice body = {q->body != NULL ? q->body : "", q->body_n};
    size_t at = 0;

    if (q->body != NULL && q->body_n == 0)
        body.n = strlen(q->body);
    run_begin(r, q);
    r->result = hb_waf_tx_request_headers_done(r->tx);
    if (r->result == 0)
        r->result = hb_waf_tx_request_body_done(r->tx, body, body.n);
    r->ids[0] = '\0';
    for (const struct hb_waf_hit *h = hb_waf_tx_hits(r->tx);
         h != NULL && at + 16 < sizeof(r->ids); h = h->next)
        at += (size_t)snprintf(r->ids + at, sizeof(r->ids) - at, "%s%u",
                               at > 0 ? " " : "", (unsigned)h->rule->id);
}

static inline void run_done(struct run *r)
{
    hb_waf_tx_free(r->tx);
    hb_waf_thread_free(r->thread);
    hb_waf_unref(r->waf);
}

#endif

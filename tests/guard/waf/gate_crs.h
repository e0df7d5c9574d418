/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_crs.h - the patterns of the Core Rule Set as a gate, for test_gate.c
 * and bench_waf_gate.c.
 */
#ifndef HB_TESTS_GATE_CRS_H
#define HB_TESTS_GATE_CRS_H

#include <stdio.h>

#include "base/arena.h"
#include "guard/waf/gate.h"
#include "guard/waf/rules.h"

/* What stands where the gate has pattern number I. */
struct gate_pattern {
    uint32_t id;          /* of the rule */
    bool rx, args;        /* a regular expression; it looks at arguments */
    struct hb_slice text; /* of a regular expression */
    const struct hb_slice *phrase; /* else */
    size_t n;
};

struct gate_crs {
    struct hb_waf_rules *rules;
    struct gate_pattern p[HB_WAF_GATE_MAX];
    uint32_t n, rx, phrases;
};

/* What people send. */
static const char *const gate_typical[] = {
    "1",
    "42",
    "true",
    "2026-11-30",
    "tanaka_hanako",
    "Yamada Taro",
    "hanako@example.jp",
    "search words of a visitor",
    "/news/2026/11/index.html",
    "https://www.example.jp/shop/item?id=12&lang=ja",
    "550e8400-e29b-41d4-a716-446655440000",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    "\xe5\xbd\xb9\xe5\xa0\xb4\xe3\x81\xae\xe7\xaa\x93\xe5\x8f\xa3",
    "03-1234-5678",
    "A longer remark: the opening hours on the page are wrong. (Please mend.)",
    "It's 100% of 5 + 5 & more",
};

/* Words of an argument of @pm, without |hex|. */
static inline size_t gate_words(struct hb_arena *a, struct hb_slice s,
                                struct hb_slice **ret)
{
    struct hb_slice *w = HB_NEW_N(a, struct hb_slice, s.n / 2 + 1);
    size_t n = 0, i = 0;

    while (w != NULL && i < s.n) {
        size_t from;

        while (i < s.n && s.p[i] == ' ')
            i++;
        for (from = i; i < s.n && s.p[i] != ' ';)
            i++;
        if (i > from)
            w[n++] = hb_slice(s.p + from, i - from);
    }
    *ret = w;
    return n;
}

static inline void gate_add(struct gate_crs *c, struct hb_arena *a,
                            const struct hb_waf_rule *r)
{
    struct gate_pattern *p = &c->p[c->n];

    *p = (struct gate_pattern){.id = r->id, .text = r->op.arg.raw};
    for (uint32_t i = 0; i < r->n_var; i++)
        p->args = p->args || r->var[i].coll == HB_WAF_VAR_ARGS;
    if (r->op.kind == HB_WAF_OP_RX && r->op.arg.n == 0) {
        p->rx = true;
        c->rx++;
    } else if (r->op.kind == HB_WAF_OP_PM) {
        struct hb_slice *w;

        p->n = gate_words(a, r->op.arg.raw, &w);
        p->phrase = w;
    } else if (r->op.kind == HB_WAF_OP_PMFROMFILE) {
        p->phrase = r->op.file[0]->line;
        p->n = r->op.file[0]->n;
    } else
        return;
    c->phrases += (uint32_t)p->n;
    c->n++;
}

/* Patterns of the rule set in TEXT, each as often as it stands there. */
static inline bool gate_load(struct gate_crs *c, struct hb_arena *a,
                             const char *text)
{
    struct hb_err err = {0};

    *c = (struct gate_crs){0};
    if (hb_waf_rules_parse(hb_slice_z(text), "crs", "", &c->rules, &err) < 0)
        return false;
    for (uint32_t i = 0; i < c->rules->n_rule && c->n < HB_WAF_GATE_MAX; i++)
        if (!c->rules->rule[i].unconditional)
            gate_add(c, a, &c->rules->rule[i]);
    return true;
}

/* Version 4 where it is beside the source, else version 3 of the system. */
static inline bool gate_load_crs(struct gate_crs *c, struct hb_arena *a,
                                 bool four)
{
    const char *root = getenv("HB_SOURCE_ROOT");
    const char *dir =
        hb_arena_printf(a, "%s/../shared/waf/crs", root != NULL ? root : ".");

    if (!four)
        dir = "/usr/share/modsecurity-crs";
    if (access(dir, R_OK) < 0)
        return false;
    return gate_load(c, a,
                     hb_arena_printf(a, "Include %s/rules/*.conf\n", dir));
}

static inline struct hb_waf_gate *gate_build(const struct gate_crs *c)
{
    struct hb_waf_gate_builder *b = hb_waf_gate_builder_new();
    struct hb_waf_gate *g = NULL;
    int r = b == NULL ? -ENOMEM : 0;

    for (uint32_t i = 0; r >= 0 && i < c->n; i++)
        r = c->p[i].rx ? hb_waf_gate_add_rx(b, c->p[i].text)
                       : hb_waf_gate_add_phrases(b, c->p[i].phrase, c->p[i].n);
    if (r >= 0)
        r = hb_waf_gate_build(b, &g);
    hb_waf_gate_builder_free(b);
    return r < 0 ? NULL : g;
}

#endif

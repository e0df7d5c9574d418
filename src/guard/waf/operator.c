/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator.c - see operator.h: what an operator keeps, and who compiles and
 * matches it.  Those on text and numbers stand in operator_text.c.
 */
#include "base/buf.h"
#include "base/i18n.h"
#include "guard/waf/ip.h"
#include "guard/waf/operator_text.h"
#include "guard/waf/pm.h"

#define OP_MAGIC 0x574f5052u

struct hb_waf_operator {
    uint32_t magic;
    enum hb_waf_op kind;
    bool macros;
    int pattern;              /* in the gate, -1: none */
    struct hb_slice argument; /* copy, where there are no macros */
    struct hb_waf_rx *rx;
    struct hb_waf_pm *pm;
    struct hb_waf_ips *ips;
    uint64_t bytes[4]; /* permitted ones */
    hb_waf_detect_fn *detect;
    char text[]; /* of argument */
};

static int compile(struct hb_waf_operator *op,
                   const struct hb_waf_op_context *c, struct hb_err *err);
static int compile_detect(struct hb_waf_operator *op, hb_waf_detect_fn *fn,
                          struct hb_err *err);
static int compile_pm(struct hb_waf_operator *op,
                      const struct hb_waf_op_context *c, struct hb_err *err);
static int compile_ips(struct hb_waf_operator *op,
                       const struct hb_waf_op_context *c, struct hb_err *err);
static int gate_add(struct hb_waf_operator *op,
                    const struct hb_waf_op_context *c,
                    const struct hb_waf_pm_builder *phrases);
static int match_rx(const struct hb_waf_rx *rx, bool global,
                    struct hb_waf_match *m, struct hb_slice value);
static int match_cc(const struct hb_waf_rx *rx, struct hb_waf_match *m,
                    struct hb_slice value);

int hb_waf_op_compile(struct hb_waf_operator **ret, enum hb_waf_op kind,
                      struct hb_slice argument,
                      const struct hb_waf_op_context *context,
                      struct hb_err *err)
{
    static const struct hb_waf_op_context none;
    const struct hb_waf_op_context *c = context != NULL ? context : &none;
    struct hb_waf_operator *op;
    int r;

    HB_ASSERT((unsigned)kind < HB_WAF_OP_COUNT);
    if (hb_waf_op_arg(kind) == HB_WAF_OP_ARG_REFUSED)
        return hb_err_set(err, -ENOTSUP, _("@%s is not supported"),
                          hb_waf_op_name(kind));
    op = calloc(1, sizeof(*op) + argument.n + 1);
    if (op == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    op->magic = OP_MAGIC;
    op->kind = kind;
    op->pattern = -1;
    op->macros = c->macros && hb_waf_op_arg(kind) == HB_WAF_OP_ARG_TEXT;
    if (argument.n > 0)
        memcpy(op->text, argument.p, argument.n);
    op->argument = (struct hb_slice){op->text, argument.n};
    r = compile(op, c, err);
    if (r < 0) {
        hb_waf_op_free(op);
        return r;
    }
    *ret = op;
    return 0;
}

void hb_waf_op_free(struct hb_waf_operator *op)
{
    if (op == NULL)
        return;
    HB_CHECK(op, OP_MAGIC);
    hb_waf_rx_free(op->rx);
    hb_waf_pm_free(op->pm);
    hb_waf_ips_free(op->ips);
    op->magic = 0;
    free(op);
}

int hb_waf_op_pattern(const struct hb_waf_operator *op)
{
    HB_CHECK(op, OP_MAGIC);
    return op->pattern;
}

int hb_waf_op_match(const struct hb_waf_operator *op, struct hb_waf_match *m,
                    struct hb_slice value, struct hb_slice expanded)
{
    struct hb_waf_rx *own = NULL;
    int r;

    HB_CHECK(op, OP_MAGIC);
    m->groups.n = 0;
    m->why[0] = '\0';
    switch (op->kind) {
    case HB_WAF_OP_RX:
    case HB_WAF_OP_RXGLOBAL:
        if (!op->macros)
            return match_rx(op->rx, op->kind == HB_WAF_OP_RXGLOBAL, m, value);
        r = hb_waf_rx_compile(&own, expanded, NULL);
        if (r == 0)
            r = match_rx(own, op->kind == HB_WAF_OP_RXGLOBAL, m, value);
        hb_waf_rx_free(own);
        return r;
    case HB_WAF_OP_PM:
    case HB_WAF_OP_PMFROMFILE:
        if (!hb_waf_pm_find(op->pm, value, &m->groups.group[0]))
            return HB_WAF_OP_NO;
        m->groups.n = 1;
        return HB_WAF_OP_YES;
    case HB_WAF_OP_IPMATCH:
    case HB_WAF_OP_IPMATCHFROMFILE:
        return hb_waf_ips_has(op->ips, value);
    case HB_WAF_OP_VALIDATEBYTERANGE:
        return !hb_waf_bytes_within(op->bytes, value);
    case HB_WAF_OP_VERIFYCC:
        return match_cc(op->rx, m, value);
    case HB_WAF_OP_DETECTSQLI:
    case HB_WAF_OP_DETECTXSS:
        return op->detect(value, m->why);
    default:
        return hb_waf_op_text(op->kind, value,
                              op->macros ? expanded : op->argument);
    }
}

static int compile(struct hb_waf_operator *op,
                   const struct hb_waf_op_context *c, struct hb_err *err)
{
    int r;

    switch (op->kind) {
    case HB_WAF_OP_RX:
    case HB_WAF_OP_RXGLOBAL:
    case HB_WAF_OP_VERIFYCC:
        if (op->macros)
            return 0;
        r = hb_waf_rx_compile(&op->rx, op->argument, err);
        return r < 0 ? r : gate_add(op, c, NULL);
    case HB_WAF_OP_PM:
    case HB_WAF_OP_PMFROMFILE:
        return compile_pm(op, c, err);
    case HB_WAF_OP_IPMATCH:
    case HB_WAF_OP_IPMATCHFROMFILE:
        return compile_ips(op, c, err);
    case HB_WAF_OP_VALIDATEBYTERANGE:
        if (!hb_waf_bytes_parse(op->argument, op->bytes))
            return hb_err_set(err, -EINVAL,
                              _("\"%s\" is no list of bytes 0 to 255"),
                              op->text);
        return 0;
    case HB_WAF_OP_DETECTSQLI:
        return compile_detect(op, c->sqli, err);
    case HB_WAF_OP_DETECTXSS:
        return compile_detect(op, c->xss, err);
    default:
        return 0;
    }
}

static int compile_detect(struct hb_waf_operator *op, hb_waf_detect_fn *fn,
                          struct hb_err *err)
{
    if (fn == NULL)
        return hb_err_set(err, -ENOTSUP, _("@%s is not supported"),
                          hb_waf_op_name(op->kind));
    op->detect = fn;
    return 0;
}

static int compile_pm(struct hb_waf_operator *op,
                      const struct hb_waf_op_context *c, struct hb_err *err)
{
    struct hb_waf_pm_builder *b = hb_waf_pm_builder_new();
    int r = b != NULL ? 0 : -ENOMEM;

    if (r == 0 && op->kind == HB_WAF_OP_PM)
        r = hb_waf_pm_add_words(b, op->argument);
    for (uint32_t i = 0; i < c->n_file && r == 0; i++)
        for (uint32_t k = 0; k < c->file[i]->n && r == 0; k++)
            r = hb_waf_pm_add_lines(b, c->file[i]->line[k]);
    if (r == 0)
        r = hb_waf_pm_build(b, &op->pm);
    if (r == 0)
        r = gate_add(op, c, b);
    hb_waf_pm_builder_free(b);
    return r == -EFBIG ? hb_err_set(err, r, _("too many phrases"))
           : r < 0     ? hb_err_set(err, r, _("out of memory"))
                       : 0;
}

/* A gate that is full means that the pattern is always tried. */
static int gate_add(struct hb_waf_operator *op,
                    const struct hb_waf_op_context *c,
                    const struct hb_waf_pm_builder *phrases)
{
    struct hb_slice *list = NULL;
    size_t n = 0;
    int r;

    if (c->gate == NULL)
        return 0;
    if (phrases == NULL) {
        r = hb_waf_gate_add_rx(c->gate, op->argument);
    } else {
        r = hb_waf_pm_list(phrases, &list, &n);
        if (r == 0)
            r = hb_waf_gate_add_phrases(c->gate, list, n);
        free(list);
    }
    if (r == -ENOSPC)
        return 0;
    if (r >= 0)
        op->pattern = r;
    return HB_MIN(r, 0);
}

static int compile_ips(struct hb_waf_operator *op,
                       const struct hb_waf_op_context *c, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf all = HB_BUF_INIT;

    if (op->kind == HB_WAF_OP_IPMATCH)
        return hb_waf_ips_parse(op->argument, &op->ips, err);
    for (uint32_t i = 0; i < c->n_file; i++)
        for (uint32_t k = 0; k < c->file[i]->n; k++) {
            hb_buf_add(&all, c->file[i]->line[k].p, c->file[i]->line[k].n);
            hb_buf_addc(&all, '\n');
        }
    if (hb_buf_err(&all) < 0)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    return hb_waf_ips_parse(hb_buf_slice(&all), &op->ips, err);
}

/* GLOBAL: the groups of all matches one behind the other; an empty match
 * counts only where there was none before. */
static int match_rx(const struct hb_waf_rx *rx, bool global,
                    struct hb_waf_match *m, struct hb_slice value)
{
    struct hb_waf_rx_groups one;
    size_t from = 0;
    int r;

    if (!global)
        return (int)hb_waf_rx_match(rx, m->scratch, value, 0, &m->groups);
    while ((r = (int)hb_waf_rx_match(rx, m->scratch, value, from, &one)) ==
           HB_WAF_OP_YES) {
        struct hb_slice *all = m->groups.group;

        if (one.group[0].n > 0 || m->groups.n == 0)
            for (size_t i = 0; i < one.n && m->groups.n < HB_WAF_GROUPS; i++)
                all[m->groups.n++] = one.group[i];
        if (m->groups.n == HB_WAF_GROUPS || one.group[0].p == NULL)
            break;
        from = (size_t)(one.group[0].p - value.p) + one.group[0].n +
               (one.group[0].n == 0);
    }
    return r == HB_WAF_OP_NO && m->groups.n > 0 ? HB_WAF_OP_YES : r;
}

/* The first part that the pattern takes and that has a right check digit. */
static int match_cc(const struct hb_waf_rx *rx, struct hb_waf_match *m,
                    struct hb_slice value)
{
    size_t from = 0;
    int r;

    while ((r = (int)hb_waf_rx_match(rx, m->scratch, value, from,
                                     &m->groups)) == HB_WAF_OP_YES) {
        struct hb_slice s = m->groups.group[0];

        if (s.p == NULL || hb_waf_luhn(s))
            break;
        from = (size_t)(s.p - value.p) + 1;
    }
    if (r == HB_WAF_OP_YES)
        r = hb_waf_luhn(m->groups.group[0]);
    if (r != HB_WAF_OP_YES)
        m->groups.n = 0;
    return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang_op.c - the operator of a rule: which, negated or not, and its
 * argument.  What an argument means (a regex, networks, ranges of bytes) the
 * operator itself says when it is compiled.
 */
#include "guard/waf/seclang.h"

#include "base/i18n.h"

static int named(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice text, struct hb_waf_rule_op *op,
                 size_t *ret_n);
static int argument(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_rule_op *op);
static int number(const struct hb_seclang *s, struct hb_seclang_at at,
                  const struct hb_waf_rule_op *op);
static bool blank(struct hb_slice text);

int hb_seclang_op(const struct hb_seclang *s, const struct hb_seclang_word *w,
                  struct hb_waf_rule_op *ret)
{
    struct hb_waf_rule_op op = {.kind = HB_WAF_OP_RX};
    struct hb_slice text = w->text;
    size_t i = 0;
    int r = 0;

    while (i < text.n && text.p[i] == ' ')
        i++;
    if (i < text.n && text.p[i] == '!') {
        op.negated = true;
        for (i++; i < text.n && text.p[i] == ' ';)
            i++;
    }
    if (i < text.n && text.p[i] == '@') {
        size_t n = 0;

        r = named(s, hb_seclang_at(w, i + 1), hb_seclang_rest(text, i + 1), &op,
                  &n);
        i += 1 + n;
    }
    if (r == 0)
        r = argument(s, hb_seclang_at(w, i), hb_seclang_rest(text, i), &op);
    if (r == 0)
        *ret = op;
    return r;
}

/* The name, and the blanks behind it: the argument begins there. */
static int named(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice text, struct hb_waf_rule_op *op, size_t *ret_n)
{
    struct hb_slice name;
    size_t n = 0;

    while (n < text.n && text.p[n] != ' ' && text.p[n] != '\t')
        n++;
    name = hb_slice(text.p, n);
    if (!hb_waf_op_find(name, &op->kind))
        return hb_seclang_unknown(s, at, hb_waf_op_nearest(name),
                                  _("no operator is called \"%.*s\""),
                                  HB_SHOW(name));
    if (hb_waf_op_arg(op->kind) == HB_WAF_OP_ARG_REFUSED)
        return hb_seclang_bad(s, at, _("this engine has no operator %s"),
                              hb_waf_op_name(op->kind));
    while (n < text.n && (text.p[n] == ' ' || text.p[n] == '\t'))
        n++;
    *ret_n = n;
    return 0;
}

static int argument(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_rule_op *op)
{
    int r;

    switch (hb_waf_op_arg(op->kind)) {
    case HB_WAF_OP_ARG_NONE:
        op->arg.raw = hb_slice(text.p, 0);
        if (blank(text))
            return 0;
        return hb_seclang_bad(s, at, _("%s takes no argument"),
                              hb_waf_op_name(op->kind));
    case HB_WAF_OP_ARG_TEXT:
        r = op->kind == HB_WAF_OP_RX || op->kind == HB_WAF_OP_RXGLOBAL
                ? hb_seclang_rx_text(s, at, text, &op->arg)
                : hb_seclang_text(s, at, text, &op->arg);
        return r < 0 ? r : number(s, at, op);
    default:
        op->arg.raw = text;
        if (blank(text))
            return hb_seclang_bad(s, at, _("%s needs an argument"),
                                  hb_waf_op_name(op->kind));
        if (memmem(text.p, text.n, "%{", 2) != NULL)
            return hb_seclang_bad(s, at, _("%s takes no macros"),
                                  hb_waf_op_name(op->kind));
        return 0;
    }
}

/* ModSecurity takes any text for 0, so that a slip compares with 0. */
static int number(const struct hb_seclang *s, struct hb_seclang_at at,
                  const struct hb_waf_rule_op *op)
{
    struct hb_slice text = op->arg.raw;
    int64_t v;

    if (op->arg.n > 0 ||
        (op->kind != HB_WAF_OP_EQ && op->kind != HB_WAF_OP_GE &&
         op->kind != HB_WAF_OP_GT && op->kind != HB_WAF_OP_LE &&
         op->kind != HB_WAF_OP_LT))
        return 0;
    while (text.n > 0 && text.p[text.n - 1] == ' ')
        text.n--;
    if (hb_parse_i64(text, &v) == 0)
        return 0;
    return hb_seclang_bad(s, at, _("%s compares with a whole number"),
                          hb_waf_op_name(op->kind));
}

static bool blank(struct hb_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ' ' && text.p[i] != '\t')
            return false;
    return true;
}

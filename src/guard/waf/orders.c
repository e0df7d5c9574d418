/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders.c - see orders.h.  The text is written by root's command, and read in
 * a worker of the web server as if it were not.
 */
#include "guard/waf/orders.h"

#include "base/i18n.h"
#include "base/num.h"

#define NEAR_S 2 /* a ban that ends so near to the order is it already */

static int one(struct hb_slice line, struct hb_waf_order *ret);
static struct hb_slice word(struct hb_slice *line);
static int carry_out(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                     const struct hb_waf_order *o, int64_t now, uint64_t raw);

int hb_waf_orders_parse(struct hb_slice text,
                        struct hb_waf_order v[HB_WAF_ORDERS], size_t *ret_n,
                        struct hb_err *err)
{
    size_t n = 0;

    for (unsigned number = 1; text.n > 0; number++) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t len = end != NULL ? (size_t)(end - text.p) : text.n;
        struct hb_slice line = hb_slice(text.p, len);

        len += end != NULL;
        text = hb_slice(text.p + len, text.n - len);
        if (line.n == 0)
            continue;
        if (n == HB_WAF_ORDERS)
            return hb_err_set(err, -EFBIG, _("more than %u orders"),
                              HB_WAF_ORDERS);
        if (one(line, &v[n++]) < 0)
            return hb_err_set(err, -EBADMSG,
                              _("line %u is neither \"ban ADDRESS SECONDS\" "
                                "nor \"lift ADDRESS SECONDS\""),
                              number);
    }
    *ret_n = n;
    return 0;
}

static int one(struct hb_slice line, struct hb_waf_order *ret)
{
    struct hb_slice verb = word(&line), address = word(&line);

    *ret = (struct hb_waf_order){.lift = hb_slice_eq(verb, HB_SLICE("lift"))};
    if ((!ret->lift && !hb_slice_eq(verb, HB_SLICE("ban"))) ||
        !hb_waf_addr_parse(address, &ret->addr) ||
        hb_parse_i64(word(&line), &ret->time) < 0)
        return -EBADMSG;
    ret->note = line;
    return 0;
}

/* The next word, without the one blank behind it. */
static struct hb_slice word(struct hb_slice *line)
{
    const char *end = memchr(line->p, ' ', line->n);
    size_t n = end != NULL ? (size_t)(end - line->p) : line->n;
    struct hb_slice w = hb_slice(line->p, n);

    n += end != NULL;
    *line = hb_slice(line->p + n, line->n - n);
    return w;
}

void hb_waf_order_write(struct hb_buf *b, const struct hb_waf_order *o)
{
    char address[HB_WAF_ADDR_TEXT];

    hb_buf_addf(b, "%s %s %lld", o->lift ? "lift" : "ban",
                hb_waf_addr_text(&o->addr, address), (long long)o->time);
    if (o->note.n > 0) {
        hb_buf_addc(b, ' ');
        hb_buf_add(b, o->note.p, o->note.n);
    }
    hb_buf_addc(b, '\n');
}

size_t hb_waf_orders_apply(struct hb_waf_shared *s,
                           const struct hb_waf_ban_rules *r,
                           const struct hb_waf_order *v, size_t n, int64_t now,
                           uint64_t raw)
{
    size_t left = 0;

    for (size_t i = 0; i < n; i++)
        left += carry_out(s, r, &v[i], now, raw) < 0;
    return left;
}

static int carry_out(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                     const struct hb_waf_order *o, int64_t now, uint64_t raw)
{
    int64_t left, is;
    int rc;

    if (o->lift)
        return o->time <= now && now - o->time < HB_WAF_LIFT_S
                   ? HB_MIN(hb_waf_ban_lift(s, r, &o->addr, raw), 0)
                   : 0;
    if (o->time <= now)
        return 0;
    left = HB_MIN(o->time - now, (int64_t)HB_WAF_BAN_MAX_S);
    is = hb_waf_ban_check(s, r, &o->addr, raw);
    if (is >= left - NEAR_S && is <= left + NEAR_S)
        return 0;
    rc = hb_waf_ban_set(s, r, &o->addr, (uint32_t)left, raw);
    return rc == -EPERM ? 0 : rc;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * orders.h - bans that a person sets and lifts, as a text that the workers of
 * a web server read whenever it changes:
 *
 *     ban ADDRESS SECONDS [NOTE]    shut out until then
 *     lift ADDRESS SECONDS [NOTE]   whatever ban there is, it ends; said then
 *
 * SECONDS since 1970, UTC; one order a line.  The text stays: bans by hand
 * hold on after a restart of the server, which forgets all others.  A lift
 * counts only while it is fresh, so that a ban of later is not lifted when the
 * text is read again; the worker that reads it first does it for all.
 */
#ifndef HB_GUARD_WAF_ORDERS_H
#define HB_GUARD_WAF_ORDERS_H

#include "base/buf.h"
#include "base/err.h"
#include "guard/waf/rate.h"

#define HB_WAF_ORDERS       1024u /* in a text */
#define HB_WAF_ORDERS_BYTES (256u << 10)
#define HB_WAF_LIFT_S       10 /* a lift is fresh for so long */

struct hb_waf_order {
    bool lift;
    struct hb_waf_addr addr;
    int64_t time;         /* seconds since 1970 */
    struct hb_slice note; /* of the text; no line end */
};

/* Reads TEXT, into which notes point.  -EBADMSG names the line, -EFBIG. */
int hb_waf_orders_parse(struct hb_slice text,
                        struct hb_waf_order v[HB_WAF_ORDERS], size_t *ret_n,
                        struct hb_err *err) HB_WUR;
/* Appends the line of O. */
void hb_waf_order_write(struct hb_buf *b, const struct hb_waf_order *o);
/* Carries them out as of NOW (seconds since 1970); doing so twice, or by many
 * workers, is doing it once; who is never banned is left alone.  How many could
 * not be: no room, or the region is held up (then it may be tried again). */
size_t hb_waf_orders_apply(struct hb_waf_shared *s,
                           const struct hb_waf_ban_rules *r,
                           const struct hb_waf_order *v, size_t n, int64_t now,
                           uint64_t raw) HB_WUR;

#endif

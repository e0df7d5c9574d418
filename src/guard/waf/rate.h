/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.h - how often an address or a session may come, and bans of addresses
 * that behave badly; all of it lies in a region that the workers of a server
 * share (shared.h).
 *
 * Rates are the generic cell rate algorithm in its virtual scheduling form
 * (ITU-T Recommendation I.371, annex A): per key one time, the earliest at
 * which the next request would be exactly in time if all came evenly; a
 * request may come BURST - 1 steps before it.  What is refused does not
 * count, so who keeps to the answer's Retry-After is served.
 *
 * Behaviour is a score per address that loses half of itself each half life;
 * acts add points; at the threshold the address is banned, each time twice as
 * long as before.
 *
 * The unit of an address is a network: all of 2001:db8:1:2::/64 is one
 * household or one server.  Nothing here waits longer than shared.h says; where
 * the region cannot be had, requests pass.
 *
 * RAW is ms of CLOCK_BOOTTIME (hb_mono() / HB_MS), see hb_waf_shared_now().
 */
#ifndef HB_GUARD_WAF_RATE_H
#define HB_GUARD_WAF_RATE_H

#include "guard/waf/ip.h"
#include "guard/waf/shared.h"

struct hb_waf_addr {
    uint8_t family; /* 4 or 6 */
    uint8_t b[16];  /* of IPv4 the first four */
};

/* Prefix lengths of a unit, 1 to 32 and 1 to 128; 0 means 32 and 64. */
struct hb_waf_units {
    uint8_t v4, v6;
};

/* ::ffff:192.0.2.1 becomes the IPv4 address that it is: a server that listens
 * for both on one socket sees it so.  False where TEXT is no address. */
bool hb_waf_addr_parse(struct hb_slice text, struct hb_waf_addr *ret) HB_WUR;
/* 4 or 16 bytes in the order of the network. */
bool hb_waf_addr_of(const void *p, size_t n, struct hb_waf_addr *ret) HB_WUR;
#define HB_WAF_ADDR_TEXT 48u
/* BUF of at least HB_WAF_ADDR_TEXT bytes. */
const char *hb_waf_addr_text(const struct hb_waf_addr *a, char *buf);

struct hb_waf_limit {
    uint32_t number; /* tells limits apart */
    uint64_t step_ns, slack_ns;
};

/* COUNT requests in PERIOD_MS evenly, up to BURST of them at once.  -EINVAL
 * for 0; -ERANGE where BURST steps are longer than a day or a step is shorter
 * than a nanosecond. */
int hb_waf_limit_init(struct hb_waf_limit *l, uint32_t number, uint32_t count,
                      uint32_t period_ms, uint32_t burst) HB_WUR;

/* 0: allowed, and counted; else whole seconds until it would be (429 and
 * Retry-After).  KLASS: a class of paths that the limit counts apart, empty
 * where there are none. */
uint32_t hb_waf_rate_addr(struct hb_waf_shared *s, const struct hb_waf_limit *l,
                          const struct hb_waf_units *u,
                          const struct hb_waf_addr *a, struct hb_slice klass,
                          uint64_t raw);
/* By the key of a session; an empty one is not limited. */
uint32_t hb_waf_rate_session(struct hb_waf_shared *s,
                             const struct hb_waf_limit *l, struct hb_slice key,
                             uint64_t raw);

enum hb_waf_act {
    HB_WAF_ACT_BLOCKED,   /* rules stopped a request */
    HB_WAF_ACT_LOGIN,     /* a log-in failed: 401, 403 */
    HB_WAF_ACT_NOT_FOUND, /* 404 */
    HB_WAF_ACT_LIMITED,   /* over a rate */
    HB_WAF_ACT_COUNT
};

struct hb_waf_ban_rules {
    struct hb_waf_units units;
    uint32_t points[HB_WAF_ACT_COUNT];
    uint32_t threshold;   /* points; 0: nobody is banned by behaviour */
    uint32_t half_life_s; /* at least 1 */
    uint32_t ban_s;       /* the first ban; at most HB_WAF_BAN_MAX_S */
    uint32_t ban_max_s;   /* the longest one */
    uint32_t memory_s;    /* repeats are forgotten so long after a ban ends */
    const struct hb_waf_ips *allow; /* never banned; borrowed, or NULL */
};

#define HB_WAF_BAN_MAX_S (366u * 24 * 3600)

/* Defaults: 100 points, half life 10 minutes; blocked 25, log-in 10, not
 * found 3, limited 2; 10 minutes to 24 hours, remembered for 24 hours. */
void hb_waf_ban_rules_init(struct hb_waf_ban_rules *r);

/* Adds the points of ACT.  1: the address is banned from now on; 0: not, or
 * it was already, or it is on the list; -EBUSY. */
int hb_waf_ban_act(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                   const struct hb_waf_addr *a, enum hb_waf_act act,
                   uint64_t raw) HB_WUR;
/* Seconds for which the address is still banned, 0: it is not.  Takes no lock;
 * counts the request as refused. */
uint32_t hb_waf_ban_check(struct hb_waf_shared *s,
                          const struct hb_waf_ban_rules *r,
                          const struct hb_waf_addr *a, uint64_t raw);
/* A ban by hand, which replaces one of behaviour.  -EPERM: on the list;
 * -EINVAL: 0 or more than HB_WAF_BAN_MAX_S; -ENOSPC: no room but that of
 * longer bans; -EBUSY. */
int hb_waf_ban_set(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                   const struct hb_waf_addr *a, uint32_t seconds,
                   uint64_t raw) HB_WUR;
/* Lifts a ban, and forgets score and repeats.  1: there was one; 0; -EBUSY. */
int hb_waf_ban_lift(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                    const struct hb_waf_addr *a, uint64_t raw) HB_WUR;

struct hb_waf_ban {
    struct hb_waf_addr addr; /* first address of the unit */
    uint8_t prefix;
    bool by_hand;
    enum hb_waf_act last;            /* the act that made it full */
    uint32_t since_s, left_s, times; /* ago, to go, bans so far */
    uint64_t refused;                /* requests since the ban began */
};

/* Every ban in force, in no order.  What FN returns other than 0 ends it and
 * is the result. */
int hb_waf_ban_each(struct hb_waf_shared *s, uint64_t raw,
                    int (*fn)(void *arg, const struct hb_waf_ban *ban),
                    void *arg) HB_WUR;

#endif

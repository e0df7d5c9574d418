/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rate.c - see rate.h.
 *
 * Runs in the workers of the web server.  What stands in the region may be
 * half written by a worker that died: a time that cannot be is cut to the
 * nearest that can, an address that is none is not shown.
 */
#include "guard/waf/rate.h"

#include <arpa/inet.h>

#include "base/clock.h"

#define DAY_NS  (24ull * 3600 * HB_S)
#define MILLI   1000u /* points are kept in thousandths */
#define POINTS  (UINT32_MAX / 2)
#define DOUBLES 20u /* more doublings than any maximum needs */

/* Salts of hb_waf_shared_hash(). */
enum { SALT_ADDR = 0x61, SALT_TEXT, SALT_SESSION, SALT_BAN };

struct rate {
    struct hb_waf_slot slot; /* expires where TAT_NS has passed */
    uint64_t tat_ns;         /* theoretical arrival time */
    uint64_t refused;
};

struct score {
    struct hb_waf_slot slot;
    uint64_t at_ms;
    uint32_t milli, spare;
};

struct ban {
    struct hb_waf_slot slot; /* expires when repeats are forgotten */
    _Atomic uint64_t until, refused;
    uint64_t since;
    uint8_t addr[16];
    uint8_t family, prefix, act, by_hand;
    uint32_t times;
};

_Static_assert(sizeof(struct rate) == 32 && sizeof(struct score) == 32 &&
                   sizeof(struct ban) == 64,
               "as in HB_WAF_SHARES");

/* What is hashed: no gaps, no pointers. */
struct addr_key {
    uint8_t addr[16];
    uint32_t limit;
    uint8_t family, prefix, zero[2];
    uint64_t klass;
};

static struct addr_key key_of(const struct hb_waf_units *u,
                              const struct hb_waf_addr *a);
static uint32_t conform(struct hb_waf_shared *s, const struct hb_waf_limit *l,
                        uint64_t id, uint64_t now);
static int score(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                 uint64_t id, uint32_t points, uint64_t now);
static uint32_t decayed(uint32_t milli, uint64_t ms, uint32_t half_life_s);
static bool allowed(const struct hb_waf_ban_rules *r,
                    const struct hb_waf_addr *a);
static int ban(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
               const struct hb_waf_addr *a, int act, uint64_t ms, uint64_t now);
static uint64_t ban_id(struct hb_waf_shared *s,
                       const struct hb_waf_ban_rules *r,
                       const struct hb_waf_addr *a);

bool hb_waf_addr_of(const void *p, size_t n, struct hb_waf_addr *ret)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *b = p;

    if (n != 4 && n != 16)
        return false;
    if (n == 16 && memcmp(b, mapped, sizeof(mapped)) == 0) {
        b += sizeof(mapped);
        n = 4;
    }
    *ret = (struct hb_waf_addr){.family = n == 4 ? 4 : 6};
    memcpy(ret->b, b, n);
    return true;
}

bool hb_waf_addr_parse(struct hb_slice text, struct hb_waf_addr *ret)
{
    char z[HB_WAF_ADDR_TEXT];
    uint8_t b[16];

    if (text.n == 0 || text.n >= sizeof(z) ||
        memchr(text.p, '\0', text.n) != NULL)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, b) == 1)
        return hb_waf_addr_of(b, 4, ret);
    return inet_pton(AF_INET6, z, b) == 1 && hb_waf_addr_of(b, 16, ret);
}

const char *hb_waf_addr_text(const struct hb_waf_addr *a, char *buf)
{
    if (inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->b, buf,
                  HB_WAF_ADDR_TEXT) == NULL)
        buf[0] = '\0';
    return buf;
}

/* ---- rates ---- */

int hb_waf_limit_init(struct hb_waf_limit *l, uint32_t number, uint32_t count,
                      uint32_t period_ms, uint32_t burst)
{
    uint64_t step, all;

    if (count == 0 || period_ms == 0 || burst == 0)
        return -EINVAL;
    step = period_ms * HB_MS / count;
    if (step == 0 || __builtin_mul_overflow(step, burst, &all) || all > DAY_NS)
        return -ERANGE;
    *l = (struct hb_waf_limit){number, step, all - step};
    return 0;
}

uint32_t hb_waf_rate_addr(struct hb_waf_shared *s, const struct hb_waf_limit *l,
                          const struct hb_waf_units *u,
                          const struct hb_waf_addr *a, struct hb_slice klass,
                          uint64_t raw)
{
    struct addr_key k = key_of(u, a);
    uint64_t now = hb_waf_shared_now(s, raw);

    k.limit = l->number;
    if (klass.n > 0)
        k.klass = hb_waf_shared_hash(s, SALT_TEXT, klass);
    return conform(
        s, l,
        hb_waf_shared_hash(s, SALT_ADDR, hb_slice((const char *)&k, sizeof(k))),
        now);
}

uint32_t hb_waf_rate_session(struct hb_waf_shared *s,
                             const struct hb_waf_limit *l, struct hb_slice key,
                             uint64_t raw)
{
    uint64_t salt = (uint64_t)l->number << 32 | SALT_SESSION;

    if (key.n == 0)
        return 0;
    return conform(s, l, hb_waf_shared_hash(s, salt, key),
                   hb_waf_shared_now(s, raw));
}

/* I.371: a cell at NOW conforms where NOW >= TAT - slack; then TAT becomes
 * max(NOW, TAT) + step.  A TAT past now + slack + step was never written. */
static uint32_t conform(struct hb_waf_shared *s, const struct hb_waf_limit *l,
                        uint64_t id, uint64_t now)
{
    uint64_t ns = now * HB_MS, tat = ns, next;
    struct hb_waf_held h;
    struct rate *e;
    uint32_t wait = 0;

    if (hb_waf_held_lock(s, HB_WAF_PART_RATE, id, &h) < 0)
        return 0;
    e = hb_waf_held_find(&h, id, now);
    if (e != NULL)
        tat = HB_MIN(HB_MAX(e->tat_ns, ns), ns + l->slack_ns + l->step_ns);
    if (tat - ns > l->slack_ns) {
        wait = (uint32_t)((tat - ns - l->slack_ns + HB_S - 1) / HB_S);
        e->refused++;
    } else {
        next = tat + l->step_ns;
        if (e == NULL)
            e = hb_waf_held_claim(&h, id, now, next / HB_MS + 1, false);
        else
            hb_waf_held_touch(&h, e);
        e->tat_ns = next;
        atomic_store_explicit(&e->slot.expires, next / HB_MS + 1,
                              memory_order_relaxed);
    }
    hb_waf_held_unlock(&h);
    if (wait > 0)
        hb_waf_shared_count(s, HB_WAF_COUNT_LIMITED);
    return wait;
}

/* ---- bans ---- */

void hb_waf_ban_rules_init(struct hb_waf_ban_rules *r)
{
    *r = (struct hb_waf_ban_rules){
        .points = {[HB_WAF_ACT_BLOCKED] = 25,
                   [HB_WAF_ACT_LOGIN] = 10,
                   [HB_WAF_ACT_NOT_FOUND] = 3,
                   [HB_WAF_ACT_LIMITED] = 2},
        .threshold = 100,
        .half_life_s = 600,
        .ban_s = 600,
        .ban_max_s = 24 * 3600,
        .memory_s = 24 * 3600,
    };
}

int hb_waf_ban_act(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                   const struct hb_waf_addr *a, enum hb_waf_act act,
                   uint64_t raw)
{
    uint64_t now = hb_waf_shared_now(s, raw);
    int full;

    if (r->threshold == 0 || r->points[act] == 0 || allowed(r, a))
        return 0;
    full = score(s, r, ban_id(s, r, a), r->points[act], now);
    return full > 0 ? ban(s, r, a, (int)act, 0, now) : full;
}

uint32_t hb_waf_ban_check(struct hb_waf_shared *s,
                          const struct hb_waf_ban_rules *r,
                          const struct hb_waf_addr *a, uint64_t raw)
{
    uint64_t now = hb_waf_shared_now(s, raw), id = ban_id(s, r, a), until;
    struct ban *e = hb_waf_shared_peek(s, HB_WAF_PART_BAN, id, now);

    if (e == NULL)
        return 0;
    until = atomic_load_explicit(&e->until, memory_order_acquire);
    /* Another address may have got the entry in between. */
    if (atomic_load_explicit(&e->slot.id, memory_order_relaxed) != id)
        return 0;
    if (until <= now || until - now > HB_WAF_LIFE_MS || allowed(r, a))
        return 0;
    atomic_fetch_add_explicit(&e->refused, 1, memory_order_relaxed);
    hb_waf_shared_count(s, HB_WAF_COUNT_REFUSED);
    return (uint32_t)((until - now + MILLI - 1) / MILLI);
}

int hb_waf_ban_set(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                   const struct hb_waf_addr *a, uint32_t seconds, uint64_t raw)
{
    int made;

    if (seconds == 0 || seconds > HB_WAF_BAN_MAX_S)
        return -EINVAL;
    if (allowed(r, a))
        return -EPERM;
    made = ban(s, r, a, -1, seconds * 1000ull, hb_waf_shared_now(s, raw));
    return made == 0 ? -ENOSPC : HB_MIN(made, 0);
}

int hb_waf_ban_lift(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                    const struct hb_waf_addr *a, uint64_t raw)
{
    const enum hb_waf_shared_part parts[] = {HB_WAF_PART_SCORE,
                                             HB_WAF_PART_BAN};
    uint64_t now = hb_waf_shared_now(s, raw), id = ban_id(s, r, a);
    bool was = false;

    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        struct hb_waf_held h;
        void *e;
        int rc = hb_waf_held_lock(s, parts[i], id, &h);

        if (rc < 0)
            return rc;
        e = hb_waf_held_find(&h, id, now);
        if (e != NULL) {
            was |= parts[i] == HB_WAF_PART_BAN &&
                   atomic_load(&((struct ban *)e)->until) > now;
            hb_waf_held_erase(&h, e);
        }
        hb_waf_held_unlock(&h);
    }
    return was;
}

struct each {
    uint64_t now;
    int (*fn)(void *arg, const struct hb_waf_ban *ban);
    void *arg;
};

static int show(void *arg, const void *entry)
{
    const struct each *each = arg;
    const struct ban *e = entry;
    uint64_t until = atomic_load(&e->until), now = each->now;
    struct hb_waf_ban b = {
        .prefix = e->prefix,
        .by_hand = e->by_hand != 0,
        .last = e->act < HB_WAF_ACT_COUNT ? (enum hb_waf_act)e->act
                                          : HB_WAF_ACT_BLOCKED,
        .times = e->times,
        .refused = atomic_load(&e->refused),
    };

    if (until <= now || until - now > HB_WAF_LIFE_MS ||
        (e->family != 4 && e->family != 6) ||
        e->prefix > (e->family == 4 ? 32 : 128))
        return 0;
    b.addr.family = e->family;
    memcpy(b.addr.b, e->addr, e->family == 4 ? 4 : 16);
    b.left_s = (uint32_t)((until - now + MILLI - 1) / MILLI);
    if (e->since < now)
        b.since_s = (uint32_t)HB_MIN((now - e->since) / MILLI, UINT32_MAX);
    return each->fn(each->arg, &b);
}

int hb_waf_ban_each(struct hb_waf_shared *s, uint64_t raw,
                    int (*fn)(void *arg, const struct hb_waf_ban *ban),
                    void *arg)
{
    struct each each = {hb_waf_shared_now(s, raw), fn, arg};

    return hb_waf_shared_each(s, HB_WAF_PART_BAN, each.now, show, &each);
}

/* 1 where the threshold is reached; the score is then spent. */
static int score(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
                 uint64_t id, uint32_t points, uint64_t now)
{
    uint64_t full = (uint64_t)r->threshold * MILLI, milli;
    struct hb_waf_held h;
    struct score *e;
    int rc = hb_waf_held_lock(s, HB_WAF_PART_SCORE, id, &h);

    if (rc < 0)
        return rc;
    full = HB_MIN(full, POINTS);
    milli = HB_MIN((uint64_t)points * MILLI, full);
    e = hb_waf_held_find(&h, id, now);
    if (e != NULL)
        milli += decayed(e->milli, now - HB_MIN(e->at_ms, now), r->half_life_s);
    if (milli >= full) {
        if (e != NULL)
            hb_waf_held_erase(&h, e);
        rc = 1;
    } else {
        /* After ten half lives next to nothing is left. */
        uint64_t life = HB_MIN(r->half_life_s * 10000ull, HB_WAF_LIFE_MS);

        if (e == NULL)
            e = hb_waf_held_claim(&h, id, now, now + life, false);
        else
            hb_waf_held_touch(&h, e);
        e->at_ms = now;
        e->milli = (uint32_t)milli;
        atomic_store_explicit(&e->slot.expires, now + life,
                              memory_order_relaxed);
    }
    hb_waf_held_unlock(&h);
    return rc;
}

/* MILLI * 2^(-ms / half life).  Between sixteenths of a half life a straight
 * line, which is off by less than 3 in 10,000. */
static uint32_t decayed(uint32_t milli, uint64_t ms, uint32_t half_life_s)
{
    static const uint32_t sixteenth[] = {
        65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393, 46341,
        44376, 42495, 40693, 38968, 37316, 35734, 34219, 32768};
    uint64_t half = HB_MAX(half_life_s, 1u) * 1000ull, whole = ms / half;
    uint64_t part = ms % half * 16 * 256 / half, i = part >> 8;
    uint64_t f =
        sixteenth[i] * (256 - (part & 255)) + sixteenth[i + 1] * (part & 255);

    return whole > 31 ? 0 : (uint32_t)(milli * f >> 24 >> whole);
}

static uint64_t length_of(const struct hb_waf_ban_rules *r, uint32_t before)
{
    uint64_t most = HB_MIN(r->ban_max_s, HB_WAF_BAN_MAX_S);
    uint64_t s = (uint64_t)r->ban_s << HB_MIN(before, DOUBLES);

    return HB_MIN(s, most) * 1000;
}

/* ACT of -1: by hand, for MS.  1: banned, 0: is banned already, or there is
 * no room; -EBUSY. */
static int ban(struct hb_waf_shared *s, const struct hb_waf_ban_rules *r,
               const struct hb_waf_addr *a, int act, uint64_t ms, uint64_t now)
{
    struct addr_key k = key_of(&r->units, a);
    uint64_t id = ban_id(s, r, a), memory, forget;
    struct hb_waf_held h;
    struct ban *e;
    uint32_t before;
    int rc = hb_waf_held_lock(s, HB_WAF_PART_BAN, id, &h);

    if (rc < 0)
        return rc;
    e = hb_waf_held_find(&h, id, now);
    before = e != NULL ? e->times : 0;
    if (act >= 0)
        ms = length_of(r, before);
    memory = HB_MIN(r->memory_s * 1000ull, HB_WAF_LIFE_MS - ms);
    forget = now + ms + memory;
    if (e != NULL && act >= 0 && atomic_load(&e->until) > now)
        e = NULL;
    else if (e == NULL)
        e = hb_waf_held_claim(&h, id, now, forget, true);
    else
        hb_waf_held_touch(&h, e);
    if (e != NULL) {
        memcpy(e->addr, k.addr, sizeof(e->addr));
        e->family = k.family;
        e->prefix = k.prefix;
        e->act = act >= 0 ? (uint8_t)act : 0;
        e->by_hand = act < 0;
        e->since = now;
        e->times = before < UINT32_MAX ? before + 1 : before;
        atomic_store(&e->refused, 0);
        atomic_store(&e->slot.expires, forget);
        atomic_store(&e->until, now + ms);
    }
    hb_waf_held_unlock(&h);
    if (e == NULL)
        return 0;
    hb_waf_shared_count(s, HB_WAF_COUNT_BANS);
    return 1;
}

static uint64_t ban_id(struct hb_waf_shared *s,
                       const struct hb_waf_ban_rules *r,
                       const struct hb_waf_addr *a)
{
    struct addr_key k = key_of(&r->units, a);

    return hb_waf_shared_hash(s, SALT_BAN,
                              hb_slice((const char *)&k, sizeof(k)));
}

/* The whole address is asked for, not its unit: a neighbour of the managers'
 * address is no manager. */
static bool allowed(const struct hb_waf_ban_rules *r,
                    const struct hb_waf_addr *a)
{
    char text[HB_WAF_ADDR_TEXT];

    return r->allow != NULL &&
           hb_waf_ips_has(r->allow, hb_slice_z(hb_waf_addr_text(a, text)));
}

static struct addr_key key_of(const struct hb_waf_units *u,
                              const struct hb_waf_addr *a)
{
    unsigned most = a->family == 4 ? 32 : 128;
    unsigned bits = a->family == 4 ? u->v4 : u->v6;
    struct addr_key k = {.family = a->family};

    if (bits == 0 || bits > most)
        bits = HB_MIN(most, 64u);
    k.prefix = (uint8_t)bits;
    memcpy(k.addr, a->b, bits / 8);
    if (bits % 8 != 0)
        k.addr[bits / 8] = (uint8_t)(a->b[bits / 8] & 0xff00u >> bits % 8);
    return k;
}

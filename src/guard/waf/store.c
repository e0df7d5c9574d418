/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - see store.h.
 *
 * Runs in the workers of the web server.  A collection is one entry, in the
 * part for its size; when it outgrows that it moves on.  The lock of its
 * bucket in the smallest part is its own lock, wherever it lies: who holds it
 * sees it in one place only.  Locks are taken from small to large.
 *
 * An entry holds its variables one after the other:
 *
 *     u64 ms when it expires, 0 never; u8 bytes of the name;
 *     u16 bytes of the value; name; value
 *
 * A change copies them out, takes them apart, and writes them anew.
 */
#include "guard/waf/store.h"

#include "base/cur.h"

#define VAR_HEAD    11u
#define DATA_MAX    10848u /* of the largest part */
#define LEVELS      3u
#define TIMEOUT_MS  3600000ull
#define NUMBER_TEXT 24u

_Static_assert((VAR_HEAD + HB_WAF_STORE_NAME + HB_WAF_STORE_VALUE) *
                       HB_WAF_STORE_VARS <=
                   DATA_MAX,
               "the largest part holds every collection");

/* As in HB_WAF_SHARES, less the head. */
static const struct level {
    enum hb_waf_shared_part part;
    size_t room;
} levels[LEVELS] = {
    {HB_WAF_PART_SMALL, 256 - 32},
    {HB_WAF_PART_MIDDLE, 1024 - 32},
    {HB_WAF_PART_LARGE, DATA_MAX},
};

struct entry {
    struct hb_waf_slot slot;
    uint64_t check;
    uint32_t used, zero;
    uint8_t data[];
};

_Static_assert(sizeof(struct entry) == 32, "as above");

struct var {
    struct hb_slice name, value;
    uint64_t expires;
};

/* A collection in the hands of a process: a copy of its bytes, and what they
 * say. */
struct image {
    unsigned n;
    struct var v[HB_WAF_STORE_VARS];
    uint8_t data[DATA_MAX];
};

/* Where it lies: HELD[0] is its own lock, HELD[LEVEL] that of the entry. */
struct place {
    struct hb_waf_held held[LEVELS];
    unsigned level;
    struct entry *e; /* NULL: nowhere yet */
};

/* Eleven kilobytes that are written before they are read: the compiler is told
 * not to zero them first, which would cost more than all else. */
#define UNSET __attribute__((uninitialized))

static int go(const struct hb_waf_store *c, uint64_t now, struct place *p);
static void leave(struct place *p);
static size_t copy(const struct place *p, struct image *im);
static void parse(struct image *im, size_t used, uint64_t now);
static struct var *find(struct image *im, struct hb_slice name);
static int open_image(const struct hb_waf_store *c, uint64_t now,
                      struct place *p, struct image *im);
static int put(const struct hb_waf_store *c, uint64_t now, struct place *p,
               const struct image *im);
static void pack(struct entry *e, const struct image *im);
static int change(struct image *im, struct hb_slice name,
                  struct hb_slice value);
static void drop(struct image *im, struct var *v);
static int64_t number(struct hb_slice s);

void hb_waf_store_name(struct hb_waf_store *c, struct hb_waf_shared *s,
                       enum hb_waf_coll coll, struct hb_slice space,
                       struct hb_slice key, uint32_t timeout_s)
{
    uint64_t salt = (uint64_t)coll << 32 | 0x73746f;

    if (space.n > 0)
        salt = hb_waf_shared_hash(s, salt, space);
    c->s = s;
    c->id = hb_waf_shared_hash(s, salt, key);
    c->check = hb_waf_shared_hash(s, ~salt, key);
    c->timeout_ms = timeout_s != 0 ? timeout_s * 1000ull : TIMEOUT_MS;
    c->timeout_ms = HB_MIN(c->timeout_ms, HB_WAF_LIFE_MS);
}

int hb_waf_store_get(const struct hb_waf_store *c, uint64_t raw,
                     struct hb_arena *a, struct hb_waf_list *l)
{
    uint64_t now;
    struct place p;
    UNSET struct image im;
    size_t used = 0;
    int r;

    if (c->s == NULL)
        return 0;
    now = hb_waf_shared_now(c->s, raw);
    r = go(c, now, &p);
    if (r == 0)
        used = copy(&p, &im);
    leave(&p);
    if (r < 0 || used == 0)
        return r;
    parse(&im, used, now);
    for (unsigned i = 0; i < im.n; i++) {
        const struct var *v = &im.v[i];
        char *name = hb_arena_dup(a, v->name.p, v->name.n);
        char *value = hb_arena_dup(a, v->value.p, v->value.n);

        if (name == NULL || value == NULL)
            return -ENOMEM;
        r = hb_waf_list_add(l, a, hb_slice(name, v->name.n),
                            hb_slice(value, v->value.n));
        if (r < 0)
            return r;
    }
    return 0;
}

int hb_waf_store_value(const struct hb_waf_store *c, struct hb_slice name,
                       uint64_t raw, struct hb_arena *a, struct hb_slice *ret)
{
    uint64_t now;
    struct place p;
    UNSET struct image im;
    const struct var *v;
    char *text;
    int r;

    if (c->s == NULL)
        return 0;
    now = hb_waf_shared_now(c->s, raw);
    r = open_image(c, now, &p, &im);
    leave(&p);
    if (r < 0)
        return r;
    v = find(&im, name);
    if (v == NULL)
        return 0;
    text = hb_arena_dup(a, v->value.p, v->value.n);
    if (text == NULL)
        return -ENOMEM;
    *ret = hb_slice(text, v->value.n);
    return 1;
}

int hb_waf_store_set(const struct hb_waf_store *c, struct hb_slice name,
                     struct hb_slice value, uint64_t raw)
{
    uint64_t now;
    struct place p;
    UNSET struct image im;
    int r;

    if (c->s == NULL)
        return 0;
    now = hb_waf_shared_now(c->s, raw);
    r = open_image(c, now, &p, &im);
    if (r == 0)
        r = change(&im, name, value);
    if (r == 0)
        r = put(c, now, &p, &im);
    leave(&p);
    if (r == -E2BIG || r == -ENOSPC)
        hb_waf_shared_count(c->s, HB_WAF_COUNT_NOT_STORED);
    return r;
}

int hb_waf_store_add(const struct hb_waf_store *c, struct hb_slice name,
                     int64_t by, uint64_t raw, int64_t *ret)
{
    char text[NUMBER_TEXT];
    uint64_t now;
    struct place p;
    UNSET struct image im;
    const struct var *v;
    int64_t sum = 0;
    int r, n;

    if (c->s == NULL)
        return 0;
    now = hb_waf_shared_now(c->s, raw);
    r = open_image(c, now, &p, &im);
    if (r == 0) {
        v = find(&im, name);
        if (__builtin_add_overflow(v != NULL ? number(v->value) : 0, by, &sum))
            sum = by < 0 ? INT64_MIN : INT64_MAX;
        n = snprintf(text, sizeof(text), "%lld", (long long)sum);
        r = change(&im, name, hb_slice(text, (size_t)n));
    }
    if (r == 0)
        r = put(c, now, &p, &im);
    leave(&p);
    if (r == -E2BIG || r == -ENOSPC)
        hb_waf_shared_count(c->s, HB_WAF_COUNT_NOT_STORED);
    if (r == 0 && ret != NULL)
        *ret = sum;
    return r;
}

/* Takes the variable away where EXPIRES is 0. */
static int set_expiry(const struct hb_waf_store *c, struct hb_slice name,
                      uint64_t now, uint64_t expires)
{
    struct place p;
    UNSET struct image im;
    struct var *v = NULL;
    int r = open_image(c, now, &p, &im);

    if (r == 0)
        v = find(&im, name);
    if (v != NULL) {
        if (expires == 0)
            drop(&im, v);
        else
            v->expires = expires;
        r = put(c, now, &p, &im);
        r = r < 0 ? r : 1;
    }
    leave(&p);
    return r;
}

int hb_waf_store_unset(const struct hb_waf_store *c, struct hb_slice name,
                       uint64_t raw)
{
    if (c->s == NULL)
        return 0;
    return set_expiry(c, name, hb_waf_shared_now(c->s, raw), 0);
}

int hb_waf_store_expire(const struct hb_waf_store *c, struct hb_slice name,
                        uint32_t seconds, uint64_t raw)
{
    uint64_t now;

    if (c->s == NULL)
        return 0;
    now = hb_waf_shared_now(c->s, raw);
    return set_expiry(c, name, now, seconds > 0 ? now + seconds * 1000ull : 0);
}

/* ---- where it lies ---- */

/* Locks the collection and finds it.  -EBUSY; leave() in any case. */
static int go(const struct hb_waf_store *c, uint64_t now, struct place *p)
{
    *p = (struct place){0};
    for (unsigned i = 0; i < LEVELS; i++) {
        int r = hb_waf_held_lock(c->s, levels[i].part, c->id, &p->held[i]);

        if (r < 0)
            return r;
        p->e = hb_waf_held_find(&p->held[i], c->id, now);
        p->level = i;
        if (p->e != NULL && p->e->check == c->check)
            return 0;
        p->e = NULL;
        if (i > 0)
            hb_waf_held_unlock(&p->held[i]);
    }
    p->level = 0;
    return 0;
}

static void leave(struct place *p)
{
    for (unsigned i = LEVELS; i-- > 0;)
        hb_waf_held_unlock(&p->held[i]);
}

static size_t copy(const struct place *p, struct image *im)
{
    size_t used;

    if (p->e == NULL)
        return 0;
    used = HB_MIN(p->e->used, levels[p->level].room);
    memcpy(im->data, p->e->data, used);
    return used;
}

static int open_image(const struct hb_waf_store *c, uint64_t now,
                      struct place *p, struct image *im)
{
    int r = go(c, now, p);

    im->n = 0;
    if (r == 0)
        parse(im, copy(p, im), now);
    return r;
}

/* Writes IM where it fits, which is never smaller than before. */
static int put(const struct hb_waf_store *c, uint64_t now, struct place *p,
               const struct image *im)
{
    uint64_t expires = now + c->timeout_ms;
    unsigned level = p->level;
    size_t used = 0;
    int r;

    if (im->n == 0) {
        if (p->e != NULL)
            hb_waf_held_erase(&p->held[level], p->e);
        p->e = NULL;
        return 0;
    }
    for (unsigned i = 0; i < im->n; i++)
        used += VAR_HEAD + im->v[i].name.n + im->v[i].value.n;
    while (used > levels[level].room)
        level++;
    if (p->e != NULL && level == p->level) {
        hb_waf_held_touch(&p->held[level], p->e);
        atomic_store_explicit(&p->e->slot.expires, expires,
                              memory_order_relaxed);
    } else {
        if (level > 0) {
            r = hb_waf_held_lock(c->s, levels[level].part, c->id,
                                 &p->held[level]);
            if (r < 0)
                return r;
        }
        if (p->e != NULL)
            hb_waf_held_erase(&p->held[p->level], p->e);
        p->level = level;
        p->e = hb_waf_held_claim(&p->held[level], c->id, now, expires, false);
        p->e->check = c->check;
    }
    pack(p->e, im);
    return 0;
}

/* ---- what stands in it ---- */

static void pack(struct entry *e, const struct image *im)
{
    uint8_t *at = e->data;

    for (unsigned i = 0; i < im->n; i++) {
        const struct var *v = &im->v[i];
        uint16_t value_n = (uint16_t)v->value.n;

        memcpy(at, &v->expires, 8);
        at[8] = (uint8_t)v->name.n;
        at[9] = (uint8_t)value_n;
        at[10] = (uint8_t)(value_n >> 8);
        memcpy(at + VAR_HEAD, v->name.p, v->name.n);
        at += VAR_HEAD + v->name.n;
        if (value_n > 0)
            memcpy(at, v->value.p, value_n);
        at += value_n;
    }
    e->used = (uint32_t)(at - e->data);
}

/* What is over its time is left out; so is all that follows something that
 * was never written so. */
static void parse(struct image *im, size_t used, uint64_t now)
{
    struct hb_cur cur;

    im->n = 0;
    hb_cur_init(&cur, im->data, used);
    while (hb_cur_left(&cur) > 0 && im->n < HB_WAF_STORE_VARS) {
        struct var v = {.expires = 0};
        struct hb_slice expires = hb_cur_take(&cur, sizeof(v.expires));
        size_t name_n = hb_cur_u8(&cur), value_n = hb_cur_u16(&cur);

        v.name = hb_cur_take(&cur, name_n);
        v.value = hb_cur_take(&cur, value_n);
        if (cur.err < 0 || name_n == 0 || name_n > HB_WAF_STORE_NAME ||
            value_n > HB_WAF_STORE_VALUE)
            return;
        memcpy(&v.expires, expires.p, sizeof(v.expires));
        if (v.expires == 0 || v.expires > now)
            im->v[im->n++] = v;
    }
}

static struct var *find(struct image *im, struct hb_slice name)
{
    for (unsigned i = 0; i < im->n; i++)
        if (hb_waf_name_eq(im->v[i].name, name))
            return &im->v[i];
    return NULL;
}

static int change(struct image *im, struct hb_slice name, struct hb_slice value)
{
    struct var *v;

    if (name.n == 0 || name.n > HB_WAF_STORE_NAME ||
        value.n > HB_WAF_STORE_VALUE)
        return -E2BIG;
    v = find(im, name);
    if (v == NULL) {
        if (im->n == HB_WAF_STORE_VARS)
            return -ENOSPC;
        v = &im->v[im->n++];
        *v = (struct var){.name = name};
    }
    v->value = value;
    return 0;
}

static void drop(struct image *im, struct var *v)
{
    size_t at = (size_t)(v - im->v);

    im->n--;
    memmove(v, v + 1, (im->n - at) * sizeof(*v));
}

/* The number that S begins with, as C's strtol has it, in decimal. */
static int64_t number(struct hb_slice s)
{
    size_t i = 0;
    bool minus = false;
    int64_t n = 0;

    while (i < s.n && (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r')))
        i++;
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        minus = s.p[i++] == '-';
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        int digit = s.p[i] - '0';

        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_sub_overflow(n, digit, &n))
            return minus ? INT64_MIN : INT64_MAX;
    }
    if (minus)
        return n;
    return n == INT64_MIN ? INT64_MAX : -n;
}

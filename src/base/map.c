/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.c - open addressing with linear probing, SipHash-1-3 under a random key.
 *
 * Runs in every process.  Keys come from outside (paths, addresses, names):
 * the key of the hash is drawn per map, so that nobody can prepare keys that
 * fall into one run of slots.  Deleting shifts the run back, which leaves no
 * tombstones to slow later look-ups.
 * SipHash: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input
 * PRF", 2012.
 */
#include "base/fault.h"
#include "base/id.h"
#include "base/map.h"

#define MAP_MAGIC 0x4d41502eu
#define SLOTS_MIN ((size_t)16)

struct slot {
    uint64_t hash; /* 0: free */
    struct hb_slice key;
    void *value;
};

struct hb_map {
    uint32_t magic;
    uint64_t key[2];
    struct slot *slots;
    size_t count, mask; /* slots are mask + 1, a power of two */
};

static void sipround(uint64_t v[4]);
static uint64_t hash_of(const struct hb_map *m, struct hb_slice key);
static struct slot *find(const struct hb_map *m, struct hb_slice key,
                         uint64_t hash);
static struct slot *slots_new(size_t n);
static int grow(struct hb_map *m);

struct hb_map *hb_map_new(void)
{
    struct hb_map *m;

    if (hb_fault(HB_FAULT_ALLOC))
        return NULL;
    m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->slots = slots_new(SLOTS_MIN);
    if (m->slots == NULL) {
        free(m);
        return NULL;
    }
    m->magic = MAP_MAGIC;
    m->mask = SLOTS_MIN - 1;
    hb_random(m->key, sizeof(m->key));
    return m;
}

void hb_map_free(struct hb_map *m)
{
    if (m == NULL)
        return;
    HB_CHECK(m, MAP_MAGIC);
    m->magic = 0;
    free(m->slots);
    free(m);
}

void hb_map_freep(struct hb_map **m)
{
    hb_map_free(*m);
    *m = NULL;
}

void *hb_map_get(const struct hb_map *m, struct hb_slice key)
{
    HB_CHECK(m, MAP_MAGIC);
    return find(m, key, hash_of(m, key))->value;
}

int hb_map_put(struct hb_map *m, struct hb_slice key, void *value)
{
    struct slot *s;
    uint64_t hash;
    int r;

    HB_CHECK(m, MAP_MAGIC);
    hash = hash_of(m, key);
    s = find(m, key, hash);
    if (s->hash == 0) {
        /* At most three of four slots: runs stay short, and a look-up
         * always meets a free slot. */
        if ((m->count + 1) * 4 > (m->mask + 1) * 3) {
            r = grow(m);
            if (r < 0)
                return r;
            s = find(m, key, hash);
        }
        m->count++;
    }
    *s = (struct slot){.hash = hash, .key = key, .value = value};
    return 0;
}

void *hb_map_del(struct hb_map *m, struct hb_slice key)
{
    struct slot *s;
    size_t hole, at;
    void *value;

    HB_CHECK(m, MAP_MAGIC);
    s = find(m, key, hash_of(m, key));
    if (s->hash == 0)
        return NULL;
    value = s->value;
    hole = (size_t)(s - m->slots);
    for (at = (hole + 1) & m->mask; m->slots[at].hash != 0;
         at = (at + 1) & m->mask) {
        size_t home = m->slots[at].hash & m->mask;

        /* Moves back what does not then stand before its own home. */
        if (((at - home) & m->mask) >= ((at - hole) & m->mask)) {
            m->slots[hole] = m->slots[at];
            hole = at;
        }
    }
    m->slots[hole] = (struct slot){0};
    m->count--;
    return value;
}

size_t hb_map_count(const struct hb_map *m)
{
    HB_CHECK(m, MAP_MAGIC);
    return m->count;
}

bool hb_map_next(const struct hb_map *m, size_t *at, struct hb_slice *ret_key,
                 void **ret_value)
{
    HB_CHECK(m, MAP_MAGIC);
    for (; *at <= m->mask; (*at)++) {
        const struct slot *s = &m->slots[*at];

        if (s->hash == 0)
            continue;
        if (ret_key != NULL)
            *ret_key = s->key;
        if (ret_value != NULL)
            *ret_value = s->value;
        (*at)++;
        return true;
    }
    return false;
}

uint64_t hb_siphash(const uint64_t key[2], struct hb_slice s)
{
    uint64_t v[4] = {
        key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull,
        key[0] ^ 0x6c7967656e657261ull, key[1] ^ 0x7465646279746573ull};
    uint64_t word = 0, tail = (uint64_t)s.n << 56;
    size_t whole = s.n & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, s.p + i, 8);
        v[3] ^= word;
        sipround(v);
        v[0] ^= word;
    }
    for (size_t i = whole; i < s.n; i++)
        tail |= (uint64_t)(uint8_t)s.p[i] << (8 * (i & 7));
    v[3] ^= tail;
    sipround(v);
    v[0] ^= tail;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sipround(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void sipround(uint64_t v[4])
{
#define ROTL(x, b) ((x) << (b) | (x) >> (64 - (b)))
    v[0] += v[1];
    v[1] = ROTL(v[1], 13) ^ v[0];
    v[0] = ROTL(v[0], 32);
    v[2] += v[3];
    v[3] = ROTL(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = ROTL(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = ROTL(v[1], 17) ^ v[2];
    v[2] = ROTL(v[2], 32);
#undef ROTL
}

static uint64_t hash_of(const struct hb_map *m, struct hb_slice key)
{
    uint64_t hash = hb_siphash(m->key, key);

    return hash != 0 ? hash : 1;
}

/* The slot of KEY, or the free one where it would go. */
static struct slot *find(const struct hb_map *m, struct hb_slice key,
                         uint64_t hash)
{
    size_t at = hash & m->mask;

    while (m->slots[at].hash != 0 &&
           (m->slots[at].hash != hash || !hb_slice_eq(m->slots[at].key, key)))
        at = (at + 1) & m->mask;
    return &m->slots[at];
}

static struct slot *slots_new(size_t n)
{
    return hb_fault(HB_FAULT_ALLOC) ? NULL : calloc(n, sizeof(struct slot));
}

static int grow(struct hb_map *m)
{
    size_t old_slots = m->mask + 1;
    struct slot *old = m->slots, *fresh;

    fresh = slots_new(old_slots * 2);
    if (fresh == NULL)
        return -ENOMEM;
    m->slots = fresh;
    m->mask = old_slots * 2 - 1;
    for (size_t i = 0; i < old_slots; i++) {
        size_t at = old[i].hash & m->mask;

        if (old[i].hash == 0)
            continue;
        while (fresh[at].hash != 0)
            at = (at + 1) & m->mask;
        fresh[at] = old[i];
    }
    free(old);
    return 0;
}

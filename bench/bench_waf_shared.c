/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_waf_shared.c - what limits, bans and persistent collections cost a
 * request, with a hundred thousand addresses in a region of 16 MB.
 *
 *     bench-waf-shared
 *
 * Prints one JSON object a line; addresses come in no order, so that what is
 * not in the cache of the processor counts too.
 */
#include <stdio.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "guard/waf/rate.h"
#include "guard/waf/store.h"

#define SIZE  ((size_t)16 << 20)
#define MANY  100000u
#define RUNS  10 /* the best one counts: the machine is shared */
#define STEP  7919u
#define START 1000000u

static struct hb_waf_addr nth(uint32_t n)
{
    struct hb_waf_addr a = {.family = 4};

    memcpy(a.b, &n, sizeof(n));
    return a;
}

struct rig {
    struct hb_waf_shared *s;
    struct hb_waf_limit limit;
    struct hb_waf_ban_rules rules;
    struct hb_arena *arena;
    uint64_t raw;
};

static void rate(struct rig *r, uint32_t n)
{
    const struct hb_waf_units u = {0};
    struct hb_waf_addr a = nth(n);

    (void)hb_waf_rate_addr(r->s, &r->limit, &u, &a, HB_SLICE(""), r->raw);
}

static void rate_one(struct rig *r, uint32_t n)
{
    rate(r, 1);
}

static void check(struct rig *r, uint32_t n)
{
    struct hb_waf_addr a = nth(n);

    (void)hb_waf_ban_check(r->s, &r->rules, &a, r->raw);
}

static void act(struct rig *r, uint32_t n)
{
    struct hb_waf_addr a = nth(n);

    if (hb_waf_ban_act(r->s, &r->rules, &a, HB_WAF_ACT_NOT_FOUND, r->raw) < 0)
        abort();
}

static void add(struct rig *r, uint32_t n)
{
    struct hb_waf_store c;

    hb_waf_store_name(&c, r->s, HB_WAF_VAR_IP, HB_SLICE(""),
                      hb_slice((const char *)&n, sizeof(n)), 0);
    if (hb_waf_store_add(&c, HB_SLICE("counter"), 1, r->raw, NULL) < 0)
        abort();
}

static void get(struct rig *r, uint32_t n)
{
    struct hb_waf_list l = {0};
    struct hb_waf_store c;

    hb_waf_store_name(&c, r->s, HB_WAF_VAR_IP, HB_SLICE(""),
                      hb_slice((const char *)&n, sizeof(n)), 0);
    hb_arena_reset(r->arena);
    if (hb_waf_store_get(&c, r->raw, r->arena, &l) < 0)
        abort();
}

int main(void)
{
    static const struct {
        const char *name;
        void (*fn)(struct rig *r, uint32_t n);
    } kinds[] = {
        {"rate of one address", rate_one},
        {"rate, many addresses", rate},
        {"ban check", check},
        {"points for an act", act},
        {"add to a collection", add},
        {"read a collection", get},
    };
    struct rig r = {.raw = START, .arena = hb_arena_new(0)};
    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || r.arena == NULL ||
        hb_waf_shared_init(memory, SIZE, &r.s, NULL) < 0 ||
        hb_waf_limit_init(&r.limit, 1, 10, 1000, 50) < 0)
        return 1;
    hb_waf_ban_rules_init(&r.rules);
    r.rules.threshold = UINT32_MAX;
    for (size_t k = 0; k < HB_ARRAY_LEN(kinds); k++) {
        double best = 0;

        for (unsigned run = 0; run < RUNS; run++) {
            uint64_t from = hb_tick();
            double ns;

            for (uint32_t i = 0, n = 0; i < MANY; i++) {
                kinds[k].fn(&r, n);
                n = (n + STEP) % MANY;
                r.raw += i % 100 == 0;
            }
            ns = (double)(hb_tick() - from) / MANY;
            best = run == 0 ? ns : HB_MIN(best, ns);
        }
        (void)printf("{\"what\":\"%s\",\"ns\":%.1f}\n", kinds[k].name, best);
    }
    for (int part = 0; part < HB_WAF_PART_COUNT; part++)
        (void)printf("{\"part\":%d,\"room\":%zu}\n", part,
                     hb_waf_shared_room(r.s, (enum hb_waf_shared_part)part));
    hb_waf_shared_free(r.s);
    (void)munmap(memory, SIZE);
    hb_arena_free(r.arena);
    return 0;
}

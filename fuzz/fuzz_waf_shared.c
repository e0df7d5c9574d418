/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_shared.c - a region that workers share after one of them died and
 * left anything in it.  The input is steps of ten bytes: one that says what to
 * do, one that says with which, eight that are a number.  Odd steps spoil a
 * word that is in use; the others limit, ban and store as workers do.
 */
#include "base/cur.h"
#include "guard/waf/rate.h"
#include "guard/waf/store.h"

#define SIZE  HB_WAF_SHARED_MIN
#define KEY   24 /* bytes to the key, and what follows it; see shared.c */
#define STATE 40
#define STEPS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(64) uint8_t memory[SIZE];

/* One key for all runs, so that an input does the same each time. */
static struct hb_waf_shared *region(void)
{
    static struct hb_waf_shared *s;

    if (s == NULL) {
        HB_ASSERT(hb_waf_shared_init(memory, SIZE, &s, NULL) == 1);
        hb_waf_shared_free(s);
        memset(memory + KEY, 0x5a, STATE - KEY);
        HB_ASSERT(hb_waf_shared_init(memory, SIZE, &s, NULL) == 0);
    }
    memset(memory + STATE, 0, SIZE - STATE);
    return s;
}

static void spoil(uint8_t which, uint64_t with)
{
    static const uint8_t zero[4096];
    uint64_t word;
    unsigned left = which;

    for (size_t at = STATE; at + 8 <= SIZE; at += 8) {
        if (at % sizeof(zero) == 0 &&
            memcmp(memory + at, zero, sizeof(zero)) == 0) {
            at += sizeof(zero) - 8;
            continue;
        }
        memcpy(&word, memory + at, 8);
        if (word == 0 || left-- > 0)
            continue;
        memcpy(memory + at, &with, 8);
        return;
    }
}

static int see(void *arg, const struct hb_waf_ban *b)
{
    char text[HB_WAF_ADDR_TEXT];

    HB_ASSERT(b->left_s > 0 && b->last < HB_WAF_ACT_COUNT);
    HB_ASSERT(hb_waf_addr_text(&b->addr, text)[0] != '\0');
    return 0;
}

static void ban(struct hb_waf_shared *s, uint8_t which, uint64_t number,
                uint64_t raw)
{
    struct hb_waf_ban_rules rules;
    struct hb_waf_addr a = {.family = 4, .b = {192, 0, 2, which & 7}};
    uint32_t left = 0;
    int r;

    hb_waf_ban_rules_init(&rules);
    switch (which >> 3 & 3) {
    case 0:
        rules.half_life_s = (uint32_t)number;
        r = hb_waf_ban_act(s, &rules, &a, HB_WAF_ACT_BLOCKED, raw);
        break;
    case 1:
        r = hb_waf_ban_set(s, &rules, &a, (uint32_t)number, raw);
        break;
    case 2:
        r = hb_waf_ban_lift(s, &rules, &a, raw);
        break;
    default:
        r = hb_waf_ban_each(s, raw, see, NULL);
        break;
    }
    HB_ASSERT(r >= 0 || r == -EBUSY || r == -EINVAL || r == -ENOSPC);
    left = hb_waf_ban_check(s, &rules, &a, raw);
    HB_ASSERT(left <= HB_WAF_LIFE_MS / 1000);
}

static void limit(struct hb_waf_shared *s, uint8_t which, uint64_t number,
                  uint64_t raw)
{
    const struct hb_waf_units u = {0};
    struct hb_waf_addr a = {.family = 6, .b = {0x20, which}};
    struct hb_waf_limit l;

    if (hb_waf_limit_init(&l, 1, (uint32_t)number, (uint32_t)(number >> 32),
                          1u + which) == 0)
        HB_ASSERT(hb_waf_rate_addr(s, &l, &u, &a, HB_SLICE("/"), raw) <= 86401);
}

static void keep(struct hb_waf_shared *s, uint8_t which, uint64_t number,
                 uint64_t raw)
{
    static const char text[HB_WAF_STORE_VALUE];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_list l = {0};
    struct hb_waf_store c;
    char name = (char)('a' + (which >> 3));
    struct hb_slice n = {&name, 1};
    int r;

    hb_waf_store_name(&c, s, HB_WAF_VAR_IP, HB_SLICE(""), HB_SLICE("k"), 0);
    switch (which & 7) {
    case 0:
        r = hb_waf_store_expire(&c, n, (uint32_t)number, raw);
        break;
    case 1:
        r = hb_waf_store_unset(&c, n, raw);
        break;
    case 2:
    case 3:
        r = hb_waf_store_add(&c, n, (int64_t)number, raw, NULL);
        break;
    default:
        r = hb_waf_store_set(&c, n, hb_slice(text, number % sizeof(text)), raw);
        break;
    }
    HB_ASSERT(r >= 0 || r == -EBUSY || r == -ENOSPC);
    r = hb_waf_store_get(&c, raw, a, &l);
    HB_ASSERT((r == 0 || r == -EBUSY) && l.n <= HB_WAF_STORE_VARS);
    hb_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_waf_shared *s = region();
    struct hb_cur cur;
    uint64_t raw = 1000000;

    hb_cur_init(&cur, data, size);
    for (unsigned i = 0; i < STEPS && hb_cur_left(&cur) >= 10; i++) {
        uint8_t what = hb_cur_u8(&cur), which = hb_cur_u8(&cur);
        uint64_t number = hb_cur_u64(&cur);

        if ((what & 1) != 0)
            spoil(which, number);
        else if ((what & 6) == 0)
            ban(s, which, number, raw);
        else if ((what & 6) == 2)
            limit(s, which, number, raw);
        else if ((what & 6) == 4)
            keep(s, which, number, raw);
        else
            raw += number;
    }
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "base/clock.h"
#include "base/fault.h"
#include "guard/waf/rate.h"
#include "guard/waf/store.h"
#include "region.h"

#define SIZE ((size_t)2 << 20)

static uint64_t id_of(struct rig *r, uint64_t i)
{
    return hb_waf_shared_hash(r->s, 7, hb_slice((const char *)&i, sizeof(i)));
}

/* Puts an entry there; false where there was no room or no lock. */
static bool put(struct rig *r, enum hb_waf_shared_part part, uint64_t id,
                uint64_t expires, bool keep)
{
    struct hb_waf_held h;
    void *e = NULL;

    if (hb_waf_held_lock(r->s, part, id, &h) == 0)
        e = hb_waf_held_claim(&h, id, START, expires, keep);
    hb_waf_held_unlock(&h);
    return e != NULL;
}

static bool there(struct rig *r, enum hb_waf_shared_part part, uint64_t id,
                  uint64_t now)
{
    struct hb_waf_held h;
    void *e = NULL;

    assert_int_equal(hb_waf_held_lock(r->s, part, id, &h), 0);
    e = hb_waf_held_find(&h, id, now);
    hb_waf_held_unlock(&h);
    assert_true((e != NULL) ==
                (hb_waf_shared_peek(r->s, part, id, now) != NULL));
    return e != NULL;
}

static int count_ban(void *arg, const struct hb_waf_ban *b)
{
    char text[HB_WAF_ADDR_TEXT];

    assert_true(hb_waf_addr_text(&b->addr, text)[0] != '\0');
    assert_true(b->prefix <= 128 && b->left_s > 0);
    ++*(size_t *)arg;
    return 0;
}

static void use(struct rig *r, uint64_t *seed, struct hb_arena *arena,
                uint64_t raw)
{
    static const char *const names[] = {"a", "counter", "reput_block_flag"};
    struct hb_waf_ban_rules rules;
    struct hb_waf_units units = {0};
    struct hb_waf_limit l;
    struct hb_waf_addr a = {.family = 4};
    struct hb_waf_store c;
    struct hb_waf_list list = {0};
    struct hb_slice name, key = hb_slice((const char *)a.b, 4), value;
    char big[HB_WAF_STORE_VALUE] = {0};
    uint64_t n = rig_random(seed);
    size_t bans = 0;
    int rc;

    hb_waf_ban_rules_init(&rules);
    a.b[3] = (uint8_t)(n & 63);
    name = hb_slice_z(names[n % HB_ARRAY_LEN(names)]);
    assert_int_equal(hb_waf_limit_init(&l, 1, 10, 1000, 5), 0);
    assert_true(hb_waf_rate_addr(r->s, &l, &units, &a, HB_SLICE(""), raw) <= 1);
    (void)hb_waf_ban_check(r->s, &rules, &a, raw);
    rc = hb_waf_ban_act(r->s, &rules, &a, n % HB_WAF_ACT_COUNT, raw);
    assert_true(rc >= 0 || rc == -EBUSY);
    hb_waf_store_name(&c, r->s, HB_WAF_VAR_GLOBAL, HB_SLICE(""), key, 60);
    rc = hb_waf_store_add(&c, name, 1, raw, NULL);
    assert_true(rc == 0 || rc == -EBUSY || rc == -ENOSPC);
    rc = hb_waf_store_set(&c, HB_SLICE("big"), hb_slice(big, n % sizeof(big)),
                          raw);
    assert_true(rc == 0 || rc == -EBUSY || rc == -ENOSPC);
    rc = hb_waf_store_expire(&c, name, 5, raw);
    assert_true(rc >= 0 || rc == -EBUSY);
    rc = hb_waf_store_get(&c, raw, arena, &list);
    assert_true(rc == 0 || rc == -EBUSY);
    assert_true(list.n <= HB_WAF_STORE_VARS);
    rc = hb_waf_store_value(&c, name, raw, arena, &value);
    assert_true(rc >= 0 || rc == -EBUSY);
    if (n % 64 == 0) {
        rc = hb_waf_ban_each(r->s, raw, count_ban, &bans);
        assert_int_equal(rc, 0);
        rc = hb_waf_ban_lift(r->s, &rules, &a, raw);
        assert_true(rc >= 0 || rc == -EBUSY);
    }
    hb_arena_reset(arena);
}

static void test_init(void **state)
{
    struct rig r = rig_new(SIZE);
    struct hb_waf_shared *again = NULL, *none = NULL;
    struct hb_err err = {0};
    uint64_t id = id_of(&r, 1);

    assert_int_equal(
        hb_waf_shared_init(r.memory, HB_WAF_SHARED_MIN - 1, &none, &err),
        -EINVAL);
    assert_non_null(strstr(err.message, "too small"));
    assert_null(none);
    assert_true(put(&r, HB_WAF_PART_BAN, id, START + 1, false));
    /* Another one of the same version finds what is there. */
    assert_int_equal(hb_waf_shared_init(r.memory, SIZE, &again, NULL), 0);
    assert_non_null(hb_waf_shared_peek(again, HB_WAF_PART_BAN, id, START));
    hb_waf_shared_free(again);
    /* Of another size, or another version, nothing. */
    assert_int_equal(hb_waf_shared_init(r.memory, SIZE - 64, &again, NULL), 1);
    assert_null(hb_waf_shared_peek(again, HB_WAF_PART_BAN, id, START));
    hb_waf_shared_free(again);
    assert_int_equal(hb_waf_shared_init(r.memory, SIZE - 64, &again, NULL), 0);
    hb_waf_shared_free(again);
    ((uint8_t *)r.memory)[8] ^= 1;
    assert_int_equal(hb_waf_shared_init(r.memory, SIZE - 64, &again, NULL), 1);
    hb_waf_shared_free(again);
    hb_waf_shared_free(NULL);
    rig_free(&r);
}

/* Memory that begins and ends anywhere; the smallest. */
static void test_bounds(void **state)
{
    char *block = malloc(HB_WAF_SHARED_MIN + 64);

    assert_non_null(block);
    for (size_t off = 0; off < 64; off += 7) {
        struct rig r = {.memory = block + off, .size = HB_WAF_SHARED_MIN};

        memset(block, 0xa5, HB_WAF_SHARED_MIN + 64);
        assert_int_equal(hb_waf_shared_init(r.memory, r.size, &r.s, NULL), 1);
        for (int part = 0; part < HB_WAF_PART_COUNT; part++) {
            size_t room = hb_waf_shared_room(r.s, part);

            assert_true(room > 0);
            for (uint64_t i = 0; i < 4 * room; i++)
                assert_true(put(&r, part, id_of(&r, i), START + 1 + i, false));
        }
        for (size_t i = 0; i < off; i++)
            assert_int_equal((uint8_t)block[i], 0xa5);
        for (size_t i = off + HB_WAF_SHARED_MIN; i < HB_WAF_SHARED_MIN + 64;
             i++)
            assert_int_equal((uint8_t)block[i], 0xa5);
        hb_waf_shared_free(r.s);
    }
    free(block);
}

static void test_no_memory(void **state)
{
    struct hb_waf_shared *s = NULL;
    char *block = calloc(1, HB_WAF_SHARED_MIN);

    assert_non_null(block);
    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_int_equal(hb_waf_shared_init(block, HB_WAF_SHARED_MIN, &s, NULL),
                     -ENOMEM);
    hb_fault_set(HB_FAULT_ALLOC, 0);
    assert_null(s);
    free(block);
}

static void test_full(void **state)
{
    struct rig r = rig_new(SIZE);
    size_t room = hb_waf_shared_room(r.s, HB_WAF_PART_BAN), kept = 0;

    /* Long ones first; a flood of short ones does not push them out where
     * the caller says so. */
    for (uint64_t i = 0; i < room / 4; i++)
        assert_true(
            put(&r, HB_WAF_PART_BAN, id_of(&r, i), START + 1000000, true));
    assert_true(hb_waf_shared_counter(r.s, HB_WAF_COUNT_EVICTED) < room / 100);
    for (uint64_t i = 0; i < room / 4; i++)
        kept += there(&r, HB_WAF_PART_BAN, id_of(&r, i), START);
    for (uint64_t i = room; i < 8 * room; i++)
        (void)put(&r, HB_WAF_PART_BAN, id_of(&r, i), START + 1000, true);
    for (uint64_t i = 0; i < room / 4; i++)
        kept -= there(&r, HB_WAF_PART_BAN, id_of(&r, i), START);
    assert_int_equal(kept, 0);
    /* Without, the one that ends first goes, and the new one is there. */
    for (uint64_t i = 8 * room; i < 12 * room; i++) {
        assert_true(put(&r, HB_WAF_PART_BAN, id_of(&r, i), START + 500, false));
        assert_true(there(&r, HB_WAF_PART_BAN, id_of(&r, i), START));
        assert_false(there(&r, HB_WAF_PART_BAN, id_of(&r, i), START + 500));
    }
    assert_true(hb_waf_shared_counter(r.s, HB_WAF_COUNT_EVICTED) > room);
    rig_free(&r);
}

static void test_clock(void **state)
{
    struct rig r = rig_new(SIZE);
    uint64_t raw = START, now;

    assert_int_equal(hb_waf_shared_now(r.s, raw), START);
    assert_int_equal(hb_waf_shared_now(r.s, raw + 10), START + 10);
    /* Out of turn: stands still. */
    assert_int_equal(hb_waf_shared_now(r.s, raw), START + 10);
    assert_int_equal(hb_waf_shared_now(r.s, raw + HB_WAF_STEP_MS + 10),
                     START + HB_WAF_STEP_MS + 10);
    /* Ahead by a year: one step. */
    raw += HB_WAF_STEP_MS + 10 + 365ull * 24 * 3600 * 1000;
    now = START + 2 * HB_WAF_STEP_MS + 10;
    assert_int_equal(hb_waf_shared_now(r.s, raw), now);
    assert_int_equal(hb_waf_shared_now(r.s, raw + 5), now + 5);
    /* Back by as much and more: stands still, then goes on. */
    assert_int_equal(hb_waf_shared_now(r.s, 3), now + 5);
    assert_int_equal(hb_waf_shared_now(r.s, 13), now + 15);
    /* Ends of numbers. */
    assert_int_equal(hb_waf_shared_now(r.s, UINT64_MAX),
                     now + 15 + HB_WAF_STEP_MS);
    assert_int_equal(hb_waf_shared_now(r.s, 0), now + 15 + HB_WAF_STEP_MS);
    rig_free(&r);
}

/* A worker dies at the n-th step of making a ban, with the lock in its hand;
 * the next one goes on at once, and finds the ban whole or not at all. */
static void test_killed(void **state)
{
    struct rig r = rig_new(SIZE);
    struct hb_waf_ban_rules rules;
    struct hb_waf_addr a;
    unsigned died = 0;

    hb_waf_ban_rules_init(&rules);
    assert_true(hb_waf_addr_parse(HB_SLICE("192.0.2.7"), &a));
    for (unsigned n = 1; n < 50; n++) {
        uint64_t from;
        pid_t child = fork();
        uint32_t left;
        int status;

        if (child == 0) {
            hb_fault_set(HB_FAULT_CRASH, n);
            _exit(hb_waf_ban_set(r.s, &rules, &a, 100, START) < 0);
        }
        status = rig_wait(child);
        if (!WIFSIGNALED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            break;
        }
        died++;
        from = hb_mono();
        left = hb_waf_ban_check(r.s, &rules, &a, START);
        assert_true(left == 0 || left == 100);
        assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 100, START), 0);
        assert_int_equal(hb_waf_ban_check(r.s, &rules, &a, START), 100);
        assert_true(hb_mono() - from < 5 * HB_S);
        assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_TAKEN_OVER),
                         died);
    }
    assert_true(died >= 3);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_BUSY), 0);
    rig_free(&r);
}

/* Two workers, each killed again and again wherever it happens to be, and what
 * they leave is used at once. */
static void test_killed_anywhere(void **state)
{
    struct rig r = rig_new(HB_WAF_SHARED_MIN);
    struct hb_arena *arena = hb_arena_new(0);
    uint64_t seed = 4101842887655102017ull, worst = 0;

    assert_non_null(arena);
    for (unsigned round = 0; round < 150; round++) {
        pid_t child[2];

        for (int w = 0; w < 2; w++) {
            child[w] = fork();
            while (child[w] == 0)
                use(&r, &seed, arena, START + round);
        }
        (void)usleep((useconds_t)(rig_random(&seed) % 3000));
        for (int w = 0; w < 2; w++) {
            assert_int_equal(kill(child[w], SIGKILL), 0);
            assert_true(WIFSIGNALED(rig_wait(child[w])));
        }
        for (int i = 0; i < 20; i++) {
            uint64_t from = hb_mono();

            use(&r, &seed, arena, START + round);
            worst = HB_MAX(worst, hb_mono() - from);
        }
    }
    /* All owners are dead: nobody is waited for. */
    assert_true(worst < 5 * HB_S);
    print_message(
        "# %llu locks taken over, worst %llu us\n",
        (unsigned long long)hb_waf_shared_counter(r.s, HB_WAF_COUNT_TAKEN_OVER),
        (unsigned long long)(worst / 1000));
    hb_arena_free(arena);
    rig_free(&r);
}

/* Two 64-bit words on: where the holder's word is watched, see shared.c. */
static uint64_t *word_of(struct rig *r, pid_t pid)
{
    uint64_t *w = r->memory;

    for (size_t i = 0; i < r->size / 8; i++)
        if (w[i] >> 32 == (uint64_t)pid)
            return &w[i];
    return NULL;
}

/* A worker that is stopped with the lock in its hand: others do without, and
 * after a while take it from it; when it goes on it lets go of nothing. */
static void test_stopped(void **state)
{
    struct rig r = rig_new(SIZE);
    uint64_t id = id_of(&r, 1), from, *word;
    struct hb_waf_held h;
    int go[2], done[2];
    char c = 0;
    pid_t child;

    assert_int_equal(pipe(go), 0);
    assert_int_equal(pipe(done), 0);
    child = fork();
    if (child == 0) {
        if (hb_waf_held_lock(r.s, HB_WAF_PART_RATE, id, &h) < 0 ||
            write(done[1], "", 1) != 1 || read(go[0], &c, 1) != 1)
            _exit(1);
        hb_waf_held_unlock(&h);
        _exit(0);
    }
    assert_int_equal(read(done[0], &c, 1), 1);
    from = hb_mono();
    assert_int_equal(hb_waf_held_lock(r.s, HB_WAF_PART_RATE, id, &h), -EBUSY);
    assert_true(hb_mono() - from >= HB_WAF_LOCK_MS * HB_MS);
    hb_waf_held_unlock(&h);
    /* A thousand more wait less than each for itself. */
    from = hb_mono();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(hb_waf_held_lock(r.s, HB_WAF_PART_RATE, id, &h),
                         -EBUSY);
    assert_true(hb_mono() - from < 1000 * HB_WAF_LOCK_MS * HB_MS);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_BUSY), 1001);
    /* Other buckets are free. */
    assert_true(put(&r, HB_WAF_PART_BAN, id, START + 9, false));

    word = word_of(&r, child);
    assert_non_null(word);
    assert_int_equal(word[2], word[0]);
    word[3] -= HB_WAF_STALE_MS + 1000;
    assert_int_equal(hb_waf_held_lock(r.s, HB_WAF_PART_RATE, id, &h), 0);
    assert_int_equal(write(go[1], "", 1), 1);
    assert_int_equal(rig_wait(child), 0);
    assert_true(word[0] >> 32 == (uint64_t)getpid());
    hb_waf_held_unlock(&h);
    assert_int_equal(word[0], 0);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_TAKEN_OVER), 1);
    for (int i = 0; i < 2; i++) {
        hb_close(&go[i]);
        hb_close(&done[i]);
    }
    rig_free(&r);
}

/* A child that dies at its first step of FN, or as FN says, and is not waited
 * for. */
static pid_t dead(struct rig *r, void (*fn)(struct rig *r))
{
    siginfo_t info;
    pid_t child = fork();

    if (child == 0) {
        hb_fault_set(HB_FAULT_CRASH, 1);
        fn(r);
        _exit(0);
    }
    assert_int_equal(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(info.si_code, CLD_KILLED);
    return child;
}

static uint32_t limited(struct rig *r)
{
    const struct hb_waf_units units = {0};
    const struct hb_waf_addr a = {.family = 4};
    struct hb_waf_limit l;

    assert_int_equal(hb_waf_limit_init(&l, 1, 1, 1000, 1), 0);
    return hb_waf_rate_addr(r->s, &l, &units, &a, HB_SLICE(""), START);
}

static void limit_once(struct rig *r)
{
    (void)limited(r);
}

static void lift_once(struct rig *r)
{
    const struct hb_waf_addr a = {.family = 4};
    struct hb_waf_ban_rules rules;

    hb_waf_ban_rules_init(&rules);
    hb_fault_set(HB_FAULT_CRASH, 3); /* the score's lock, its end, then ours */
    if (hb_waf_ban_lift(r->s, &rules, &a, START) < 0)
        _exit(1);
}

/* Who is dead, and whose parent has not yet noticed, looks alive: requests
 * pass without being counted, but who is banned stays so. */
static void test_not_waited_for(void **state)
{
    struct rig r = rig_new(SIZE);
    const struct hb_waf_addr a = {.family = 4};
    struct hb_waf_ban_rules rules;
    pid_t one, two;

    hb_waf_ban_rules_init(&rules);
    assert_int_equal(limited(&r), 0);
    assert_int_equal(limited(&r), 1);
    assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 60, START), 0);
    one = dead(&r, limit_once);
    two = dead(&r, lift_once);
    assert_int_equal(limited(&r), 0);
    assert_int_equal(hb_waf_ban_check(r.s, &rules, &a, START), 60);
    assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 90, START), -EBUSY);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_BUSY), 2);
    assert_true(WIFSIGNALED(rig_wait(one)));
    assert_true(WIFSIGNALED(rig_wait(two)));
    assert_int_equal(limited(&r), 1);
    assert_int_equal(hb_waf_ban_set(r.s, &rules, &a, 90, START), 0);
    assert_int_equal(hb_waf_ban_check(r.s, &rules, &a, START), 90);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_TAKEN_OVER), 2);
    rig_free(&r);
}

/* Numbers that mean groups of processes to kill() are nobody. */
static void test_odd_owner(void **state)
{
    const uint64_t odd[] = {1, 0xffffffff00000001ull, 0x8000000000000001ull,
                            0xfffffffe00000000ull, 0x7fffffff00000001ull};
    struct rig r = rig_new(SIZE);

    for (size_t i = 0; i < HB_ARRAY_LEN(odd); i++) {
        struct hb_waf_held h;
        uint64_t *word;

        assert_int_equal(
            hb_waf_held_lock(r.s, HB_WAF_PART_BAN, id_of(&r, i), &h), 0);
        word = word_of(&r, getpid());
        assert_non_null(word);
        word[0] = odd[i];
        hb_waf_held_unlock(&h);
        assert_int_equal(word[0], odd[i]);
        assert_true(put(&r, HB_WAF_PART_BAN, id_of(&r, i), START + 9, false));
        assert_int_equal(word[0], 0);
    }
    rig_free(&r);
}

/* Any byte of the region may be wrong: nothing crashes, nothing goes on for
 * ever (the sanitizers watch). */
static void test_spoilt(void **state)
{
    struct rig r = rig_new(HB_WAF_SHARED_MIN);
    struct hb_arena *arena = hb_arena_new(0);
    uint64_t seed = 88172645463325252ull, from = hb_mono();
    uint8_t *byte = r.memory;

    assert_non_null(arena);
    for (unsigned round = 0; round < 400; round++) {
        for (unsigned i = 0; i < 20; i++)
            use(&r, &seed, arena, START + round * 10 + i);
        /* Up to all of it, the head without its key and form included. */
        for (unsigned i = 0; i < 3000; i++)
            byte[64 + rig_random(&seed) % (r.size - 64)] =
                (uint8_t)rig_random(&seed);
    }
    for (size_t i = 0; i < r.size; i++)
        byte[i] = (uint8_t)rig_random(&seed);
    for (unsigned i = 0; i < 200; i++)
        use(&r, &seed, arena, START + i);
    memset(r.memory, 0xff, r.size);
    for (unsigned i = 0; i < 200; i++)
        use(&r, &seed, arena, START + i);
    assert_true(hb_mono() - from < 120 * HB_S);
    hb_arena_free(arena);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_killed_anywhere),
        cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_odd_owner),
        cmocka_unit_test(test_not_waited_for),
        cmocka_unit_test(test_spoilt),
    };

    return hb_tap_run("guard_waf/shared", tests);
}

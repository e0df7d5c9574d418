/* SPDX-License-Identifier: Apache-2.0 */
#include "../../tap.h"

#include "base/clock.h"
#include "base/fault.h"
#include "guard/waf/store.h"
#include "region.h"

#define SIZE ((size_t)4 << 20)

static const struct hb_slice none;

static struct hb_waf_store ip(struct rig *r, const char *key)
{
    struct hb_waf_store c;

    hb_waf_store_name(&c, r->s, HB_WAF_VAR_IP, none, hb_slice_z(key), 0);
    return c;
}

static int set(const struct hb_waf_store *c, const char *name,
               const char *value, uint64_t raw)
{
    return hb_waf_store_set(c, hb_slice_z(name), hb_slice_z(value), raw);
}

/* "name=value name=value" of all that is there. */
static const char *all(struct hb_arena *a, const struct hb_waf_store *c,
                       uint64_t raw)
{
    struct hb_waf_list l = {0};
    const char *text = "";

    assert_int_equal(hb_waf_store_get(c, raw, a, &l), 0);
    for (uint32_t i = 0; i < l.n; i++) {
        text = hb_arena_printf(a, "%s%s%s=%s", text, i > 0 ? " " : "",
                               l.item[i].name.p, l.item[i].value.p);
        assert_non_null(text);
    }
    return text;
}

static void test_set(void **state)
{
    struct rig r = rig_new(SIZE);
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_store c = ip(&r, "192.0.2.1"), d = ip(&r, "192.0.2.2"), g, w;
    struct hb_slice v;

    assert_non_null(a);
    assert_string_equal(all(a, &c, START), "");
    assert_int_equal(set(&c, "block", "1", START), 0);
    assert_int_equal(set(&c, "reason", "a b=c", START), 0);
    assert_int_equal(set(&c, "empty", "", START), 0);
    assert_string_equal(all(a, &c, START), "block=1 reason=a b=c empty=");
    assert_int_equal(set(&c, "BLOCK", "2", START), 0);
    assert_string_equal(all(a, &c, START), "block=2 reason=a b=c empty=");
    assert_int_equal(hb_waf_store_value(&c, HB_SLICE("Reason"), START, a, &v),
                     1);
    assert_true(hb_slice_eq(v, HB_SLICE("a b=c")));
    assert_int_equal(hb_waf_store_value(&c, HB_SLICE("reaso"), START, a, &v),
                     0);
    assert_int_equal(hb_waf_store_unset(&c, HB_SLICE("reason"), START), 1);
    assert_int_equal(hb_waf_store_unset(&c, HB_SLICE("reason"), START), 0);
    assert_string_equal(all(a, &c, START), "block=2 empty=");
    /* Another key, another collection, another application. */
    hb_waf_store_name(&g, r.s, HB_WAF_VAR_GLOBAL, none, HB_SLICE("192.0.2.1"),
                      0);
    hb_waf_store_name(&w, r.s, HB_WAF_VAR_IP, HB_SLICE("shop"),
                      HB_SLICE("192.0.2.1"), 0);
    assert_string_equal(all(a, &d, START), "");
    assert_string_equal(all(a, &g, START), "");
    assert_string_equal(all(a, &w, START), "");
    assert_int_equal(hb_waf_store_unset(&c, HB_SLICE("block"), START), 1);
    assert_int_equal(hb_waf_store_unset(&c, HB_SLICE("empty"), START), 1);
    assert_string_equal(all(a, &c, START), "");
    hb_arena_free(a);
    rig_free(&r);
}

static void test_add(void **state)
{
    static const struct {
        const char *had;
        int64_t by, sum;
    } sums[] = {
        {"5", 1, 6},
        {"", 3, 3},
        {"x", 3, 3},
        {" 12abc", -13, -1},
        {"-7", 5, -2},
        {"+7", 5, 12},
        {"-", 5, 5},
        {"9223372036854775807", 1, INT64_MAX},
        {"9223372036854775808", -1, INT64_MAX - 1},
        {"-9223372036854775808", -1, INT64_MIN},
        {"-9223372036854775808", 1, INT64_MIN + 1},
        {"-99999999999999999999", 0, INT64_MIN},
        {"99999999999999999999", 0, INT64_MAX},
    };
    struct rig r = rig_new(SIZE);
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_store c = ip(&r, "192.0.2.1");
    int64_t sum = 0;

    assert_non_null(a);
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("n"), 4, START, &sum), 0);
    assert_int_equal(sum, 4);
    for (size_t i = 0; i < HB_ARRAY_LEN(sums); i++) {
        assert_int_equal(set(&c, "n", sums[i].had, START), 0);
        assert_int_equal(
            hb_waf_store_add(&c, HB_SLICE("N"), sums[i].by, START, &sum), 0);
        assert_true(sum == sums[i].sum);
        assert_string_equal(all(a, &c, START),
                            hb_arena_printf(a, "n=%lld", (long long)sum));
    }
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("n"), 0, START, NULL), 0);
    hb_arena_free(a);
    rig_free(&r);
}

static void test_expire(void **state)
{
    struct rig r = rig_new(SIZE);
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_store c = ip(&r, "192.0.2.1"), brief;
    uint64_t raw = START;

    assert_non_null(a);
    assert_int_equal(hb_waf_store_expire(&c, HB_SLICE("n"), 10, raw), 0);
    assert_int_equal(set(&c, "n", "1", raw), 0);
    assert_int_equal(set(&c, "m", "1", raw), 0);
    assert_int_equal(hb_waf_store_expire(&c, HB_SLICE("n"), 10, raw), 1);
    /* A change leaves the expiry alone. */
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("n"), 1, raw, NULL), 0);
    assert_string_equal(all(a, &c, raw + 9999), "n=2 m=1");
    assert_string_equal(all(a, &c, raw + 10000), "m=1");
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("n"), 1, raw + 10000, NULL),
                     0);
    assert_string_equal(all(a, &c, raw + 10000), "m=1 n=1");
    assert_int_equal(hb_waf_store_expire(&c, HB_SLICE("n"), 0, raw + 10000), 1);
    assert_string_equal(all(a, &c, raw + 10000), "m=1");
    /* An hour without a write, and all of it is gone; reading is none. */
    raw += 10000;
    rig_pass(&r, &raw, 3599);
    assert_string_equal(all(a, &c, raw), "m=1");
    rig_pass(&r, &raw, 1);
    assert_string_equal(all(a, &c, raw), "");
    hb_waf_store_name(&brief, r.s, HB_WAF_VAR_SESSION, none, HB_SLICE("x"), 30);
    assert_int_equal(set(&brief, "a", "1", raw), 0);
    rig_pass(&r, &raw, 29);
    assert_int_equal(set(&brief, "b", "1", raw), 0);
    rig_pass(&r, &raw, 29);
    assert_string_equal(all(a, &brief, raw), "a=1 b=1");
    rig_pass(&r, &raw, 1);
    assert_string_equal(all(a, &brief, raw), "");
    hb_arena_free(a);
    rig_free(&r);
}

/* From nothing to all that a collection may hold, and back. */
static void test_grow(void **state)
{
    char name[HB_WAF_STORE_NAME + 2], value[HB_WAF_STORE_VALUE + 1];
    struct rig r = rig_new(SIZE);
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_store c = ip(&r, "192.0.2.1");
    struct hb_waf_list l = {0};
    struct hb_slice v = hb_slice(value, HB_WAF_STORE_VALUE);

    assert_non_null(a);
    memset(name, 'n', sizeof(name));
    for (unsigned i = 0; i < HB_WAF_STORE_VARS; i++) {
        name[0] = (char)('A' + i % 32);
        memset(value, 'a' + i % 26, sizeof(value));
        assert_int_equal(
            hb_waf_store_set(&c, hb_slice(name, HB_WAF_STORE_NAME), v, START),
            0);
        l.n = 0;
        assert_int_equal(hb_waf_store_get(&c, START, a, &l), 0);
        assert_int_equal(l.n, i + 1);
        for (unsigned k = 0; k <= i; k++) {
            assert_int_equal(l.item[k].value.n, HB_WAF_STORE_VALUE);
            assert_int_equal(l.item[k].value.p[255], 'a' + k % 26);
        }
    }
    assert_int_equal(set(&c, "more", "1", START), -ENOSPC);
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("more"), 1, START, NULL),
                     -ENOSPC);
    assert_int_equal(hb_waf_store_set(&c, hb_slice(name, HB_WAF_STORE_NAME + 1),
                                      none, START),
                     -E2BIG);
    assert_int_equal(hb_waf_store_set(&c, HB_SLICE("A"),
                                      hb_slice(value, HB_WAF_STORE_VALUE + 1),
                                      START),
                     -E2BIG);
    assert_int_equal(hb_waf_store_set(&c, none, none, START), -E2BIG);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_NOT_STORED), 5);
    for (unsigned i = 0; i < HB_WAF_STORE_VARS; i++) {
        name[0] = (char)('A' + i % 32);
        assert_int_equal(
            hb_waf_store_unset(&c, hb_slice(name, HB_WAF_STORE_NAME), START),
            1);
    }
    assert_string_equal(all(a, &c, START), "");
    assert_int_equal(set(&c, "more", "1", START), 0);
    assert_string_equal(all(a, &c, START), "more=1");
    hb_arena_free(a);
    rig_free(&r);
}

/* No initcol ran, or no region is there. */
static void test_none(void **state)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_waf_store c = {0};
    struct hb_slice v;

    assert_non_null(a);
    assert_int_equal(set(&c, "a", "1", START), 0);
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("a"), 1, START, NULL), 0);
    assert_int_equal(hb_waf_store_unset(&c, HB_SLICE("a"), START), 0);
    assert_int_equal(hb_waf_store_expire(&c, HB_SLICE("a"), 1, START), 0);
    assert_int_equal(hb_waf_store_value(&c, HB_SLICE("a"), START, a, &v), 0);
    assert_string_equal(all(a, &c, START), "");
    hb_arena_free(a);
}

static void test_no_memory(void **state)
{
    struct rig r = rig_new(SIZE);
    struct hb_waf_store c = ip(&r, "192.0.2.1");
    struct hb_waf_list l = {0};
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice v;
    bool through = false;

    assert_non_null(a);
    assert_int_equal(set(&c, "a", "1", START), 0);
    for (unsigned n = 1; !through; n++) {
        struct hb_arena *small = hb_arena_new(0);
        int one, many;

        assert_non_null(small);
        l = (struct hb_waf_list){0};
        hb_fault_set(HB_FAULT_ALLOC, n);
        one = hb_waf_store_value(&c, HB_SLICE("a"), START, small, &v);
        many = hb_waf_store_get(&c, START, small, &l);
        through = hb_fault_pending(HB_FAULT_ALLOC);
        hb_fault_set(HB_FAULT_ALLOC, 0);
        assert_true(one == 1 || one == -ENOMEM);
        assert_true(many == 0 || many == -ENOMEM);
        assert_true(!through || (one == 1 && many == 0 && l.n == 1));
        hb_arena_free(small);
    }
    /* Nothing is locked after it. */
    assert_int_equal(set(&c, "a", "2", START), 0);
    assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_BUSY), 0);
    hb_arena_free(a);
    rig_free(&r);
}

static void test_workers(void **state)
{
    enum { ADDS = 100000, WORKERS = 2 };
    struct rig r = rig_new(SIZE);
    struct hb_waf_store c = ip(&r, "192.0.2.1"), d = ip(&r, "192.0.2.2");
    pid_t child[WORKERS];
    int64_t sum = 0;

    for (int w = 0; w < WORKERS; w++) {
        child[w] = fork();
        if (child[w] != 0)
            continue;
        for (int i = 0; i < ADDS; i++) {
            int rc;

            /* On a machine that is too busy somebody may have to wait. */
            do
                rc = hb_waf_store_add(&c, HB_SLICE("counter"), 1, START, NULL);
            while (rc == -EBUSY);
            if (rc < 0)
                _exit(1);
            if (i % 16 == 0 && hb_waf_store_add(&d, HB_SLICE("other"), w + 1,
                                                START, NULL) < -EBUSY)
                _exit(2);
        }
        _exit(0);
    }
    for (int w = 0; w < WORKERS; w++)
        assert_int_equal(rig_wait(child[w]), 0);
    assert_int_equal(hb_waf_store_add(&c, HB_SLICE("counter"), 0, START, &sum),
                     0);
    assert_int_equal(sum, WORKERS * ADDS);
    rig_free(&r);
}

/* A worker dies at the n-th step of a change that moves the collection; then
 * it is as before, or as after, or gone, and can be written. */
static void test_killed(void **state)
{
    char big[HB_WAF_STORE_VALUE];
    unsigned died = 0;

    memset(big, 'b', sizeof(big));
    for (unsigned n = 1; n < 100; n++) {
        struct rig r = rig_new(HB_WAF_SHARED_MIN);
        struct hb_waf_store c = ip(&r, "192.0.2.1");
        struct hb_arena *a = hb_arena_new(0);
        struct hb_waf_list l = {0};
        pid_t child;
        int status;

        assert_non_null(a);
        assert_int_equal(set(&c, "a", "1", START), 0);
        child = fork();
        if (child == 0) {
            hb_fault_set(HB_FAULT_CRASH, n);
            for (int i = 0; i < 5; i++)
                if (hb_waf_store_set(&c, hb_slice("vwxyz" + i, 1),
                                     hb_slice(big, sizeof(big)), START) < 0)
                    _exit(1);
            _exit(0);
        }
        status = rig_wait(child);
        assert_int_equal(hb_waf_store_get(&c, START, a, &l), 0);
        assert_true(l.n <= 6);
        for (uint32_t i = 0; i < l.n; i++)
            assert_int_equal(l.item[i].value.n,
                             l.item[i].name.p[0] == 'a' ? 1 : sizeof(big));
        assert_int_equal(set(&c, "a", "2", START), 0);
        for (int i = 0; i < 5; i++)
            assert_int_equal(hb_waf_store_set(&c, hb_slice("vwxyz" + i, 1),
                                              hb_slice(big, 9), START),
                             0);
        l.n = 0;
        assert_int_equal(hb_waf_store_get(&c, START, a, &l), 0);
        assert_int_equal(l.n, 6);
        assert_int_equal(hb_waf_shared_counter(r.s, HB_WAF_COUNT_BUSY), 0);
        hb_arena_free(a);
        rig_free(&r);
        if (!WIFSIGNALED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            break;
        }
        died++;
    }
    assert_true(died > 20 && died < 99);
}

/* More collections than there is room for: those go that end first. */
static void test_full(void **state)
{
    struct rig r = rig_new(HB_WAF_SHARED_MIN);
    size_t room = hb_waf_shared_room(r.s, HB_WAF_PART_SMALL);
    struct hb_waf_store last = {0};
    int64_t sum = 0;

    for (uint32_t i = 0; i < 50 * room; i++) {
        hb_waf_store_name(&last, r.s, HB_WAF_VAR_IP, none,
                          hb_slice((const char *)&i, sizeof(i)), 0);
        assert_int_equal(
            hb_waf_store_add(&last, HB_SLICE("n"), 1, START + i, &sum), 0);
        assert_int_equal(sum, 1);
    }
    assert_int_equal(
        hb_waf_store_add(&last, HB_SLICE("n"), 1, START + 50 * room, &sum), 0);
    assert_int_equal(sum, 2);
    rig_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),     cmocka_unit_test(test_add),
        cmocka_unit_test(test_expire),  cmocka_unit_test(test_grow),
        cmocka_unit_test(test_none),    cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_workers), cmocka_unit_test(test_killed),
        cmocka_unit_test(test_full),
    };

    return hb_tap_run("guard_waf/store", tests);
}

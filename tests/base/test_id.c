/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers: form, order, uniqueness over time, threads and fork. */
#include "tap.h"

#include <pthread.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/id.h"

static void test_form(void **state)
{
    char id[HB_ID_SIZE];

    for (int i = 0; i < 1000; i++) {
        hb_id_new(id);
        assert_int_equal(strlen(id), HB_ID_SIZE - 1);
        assert_true(hb_id_valid(hb_slice_z(id)));
    }
}

static void test_carries_the_time(void **state)
{
    char id[HB_ID_SIZE], hex[13];
    int64_t before = hb_now() / (int64_t)HB_MS, ms, after;

    hb_id_new(id);
    after = hb_now() / (int64_t)HB_MS;
    memcpy(hex, id, 8);
    memcpy(hex + 8, id + 9, 4);
    hex[12] = '\0';
    ms = (int64_t)strtoull(hex, NULL, 16);
    /* A few thousand in one millisecond borrow from the next one. */
    assert_in_range(ms, before, after + 2000);
}

static void test_only_grows(void **state)
{
    char last[HB_ID_SIZE], id[HB_ID_SIZE];

    hb_id_new(last);
    for (int i = 0; i < 20000; i++) {
        if (i == 10000)
            hb_clock_shift(-3600 * (int64_t)HB_S);
        hb_id_new(id);
        assert_true(strcmp(id, last) > 0);
        memcpy(last, id, sizeof(id));
    }
    hb_clock_shift(3600 * (int64_t)HB_S);
}

static void test_valid_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "0192f8a0-0000-7000-8000-00000000000",
        "0192f8a0-0000-7000-8000-0000000000000",
        "0192f8a0-0000-4000-8000-000000000000",
        "0192f8a0-0000-7000-c000-000000000000",
        "0192f8a0-0000-7000-7000-000000000000",
        "0192F8A0-0000-7000-8000-000000000000",
        "0192f8a0000007000-8000-0000000000000",
        "0192f8a0-0000-7000-8000-00000000000g",
        "{192f8a0-0000-7000-8000-00000000000}",
        "../../../../../../../etc/passwd/////",
    };

    assert_true(hb_id_valid(HB_SLICE("0192f8a0-0000-7000-8000-000000000000")));
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        if (hb_id_valid(hb_slice_z(bad[i])))
            fail_msg("not refused: %s", bad[i]);
    }
}

enum { THREADS = 4, EACH = 3000 };
static char made[THREADS][EACH][HB_ID_SIZE];

static void *make_many(void *arg)
{
    char(*ids)[HB_ID_SIZE] = arg;

    for (int i = 0; i < EACH; i++)
        hb_id_new(ids[i]);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void test_threads_do_not_meet(void **state)
{
    pthread_t threads[THREADS];
    char(*all)[HB_ID_SIZE] = made[0];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, made[i]),
                         0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    qsort(all, (size_t)THREADS * EACH, HB_ID_SIZE, compare);
    for (int i = 1; i < THREADS * EACH; i++)
        assert_string_not_equal(all[i - 1], all[i]);
}

static void test_forks_do_not_meet(void **state)
{
    char mine[HB_ID_SIZE], theirs[HB_ID_SIZE];
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        hb_id_new(theirs);
        _exit(write(fds[1], theirs, HB_ID_SIZE) != HB_ID_SIZE);
    }
    hb_id_new(mine);
    assert_int_equal(read(fds[0], theirs, HB_ID_SIZE), HB_ID_SIZE);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_string_not_equal(mine, theirs);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void test_random(void **state)
{
    static uint8_t bytes[70000];
    unsigned ones = 0;

    hb_random(bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        ones += (unsigned)__builtin_popcount(bytes[i]);
    /* 560,000 coins: 20 standard deviations either side. */
    assert_in_range(ones, 280000 - 7500, 280000 + 7500);
    hb_random(bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_carries_the_time),
        cmocka_unit_test(test_only_grows),
        cmocka_unit_test(test_valid_refuses),
        cmocka_unit_test(test_threads_do_not_meet),
        cmocka_unit_test(test_forks_do_not_meet),
        cmocka_unit_test(test_random),
    };

    return hb_tap_run("base/id", tests);
}

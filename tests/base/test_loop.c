/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: order of calls, deletion inside callbacks, timers, signals. */
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"

struct fixture {
    struct hb_loop *l;
    int a[2], b[2]; /* socket pairs */
    int calls, other_calls;
    struct hb_timer *timer;
    uint64_t at;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->l = hb_loop_new();
    *state = f;
    return f->l == NULL ||
           socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->a) < 0 ||
           socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, f->b) < 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    hb_loop_free(f->l);
    for (int i = 0; i < 2; i++) {
        hb_close(&f->a[i]);
        hb_close(&f->b[i]);
    }
    free(f);
    return 0;
}

static void take_byte(void *arg, int fd, uint32_t events)
{
    struct fixture *f = arg;
    char c;

    assert_true((events & EPOLLIN) != 0);
    assert_int_equal(read(fd, &c, 1), 1);
    f->calls++;
}

static void poke(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void test_reads(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, take_byte, f), 0);
    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, take_byte, f),
                     -EEXIST);
    assert_int_equal(hb_loop_add(f->l, -1, EPOLLIN, take_byte, f), -EBADF);
    assert_int_equal(hb_loop_add(f->l, 9999, EPOLLIN, take_byte, f), -EBADF);
    assert_int_equal(hb_loop_turn(f->l, 0), 0);
    poke(f->a[1]);
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
    assert_int_equal(f->calls, 1);
    hb_loop_del(f->l, f->a[0]);
    hb_loop_del(f->l, f->a[0]);
    hb_loop_del(f->l, -1);
    poke(f->a[1]);
    assert_int_equal(hb_loop_turn(f->l, 0), 0);
    assert_int_equal(f->calls, 1);
}

static void test_mod(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hb_loop_mod(f->l, f->a[0], EPOLLIN), -ENOENT);
    assert_int_equal(hb_loop_add(f->l, f->a[0], 0, take_byte, f), 0);
    poke(f->a[1]);
    assert_int_equal(hb_loop_turn(f->l, 0), 0);
    assert_int_equal(hb_loop_mod(f->l, f->a[0], EPOLLIN), 0);
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
}

/* Both are ready; whichever is called first deletes both. */
static void delete_both(void *arg, int fd, uint32_t events)
{
    struct fixture *f = arg;

    f->calls++;
    hb_loop_del(f->l, f->a[0]);
    hb_loop_del(f->l, f->b[0]);
}

static void test_no_call_after_deletion(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, delete_both, f), 0);
    assert_int_equal(hb_loop_add(f->l, f->b[0], EPOLLIN, delete_both, f), 0);
    poke(f->a[1]);
    poke(f->b[1]);
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
    assert_int_equal(f->calls, 1);
    assert_int_equal(hb_loop_turn(f->l, 0), 0);
}

static void not_me(void *arg, int fd, uint32_t events)
{
    struct fixture *f = arg;

    f->other_calls++;
}

/* The other descriptor is deleted and at once watched anew: the report that
 * is under way was meant for the old watch. */
static void replace_other(void *arg, int fd, uint32_t events)
{
    struct fixture *f = arg;
    int other = fd == f->a[0] ? f->b[0] : f->a[0];

    f->calls++;
    hb_loop_del(f->l, fd);
    hb_loop_del(f->l, other);
    assert_int_equal(hb_loop_add(f->l, other, EPOLLIN, not_me, f), 0);
}

static void test_reports_do_not_outlive_their_watch(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, replace_other, f), 0);
    assert_int_equal(hb_loop_add(f->l, f->b[0], EPOLLIN, replace_other, f), 0);
    poke(f->a[1]);
    poke(f->b[1]);
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
    assert_int_equal(f->calls, 1);
    assert_int_equal(f->other_calls, 0);
    /* The new watch gets a report of its own. */
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
    assert_int_equal(f->other_calls, 1);
}

static void add_many(void *arg, int fd, uint32_t events)
{
    struct fixture *f = arg;
    char c;

    assert_int_equal(read(fd, &c, 1), 1);
    /* Makes the table of watches move while it is being walked. */
    for (int i = 0; i < 300; i++) {
        int copy = dup(f->b[0]);

        assert_int_equal(hb_loop_add(f->l, copy, EPOLLIN, not_me, f), 0);
        if (i % 2 == 0)
            hb_loop_del(f->l, copy);
        (void)close(copy);
        if (i % 2 != 0)
            hb_loop_del(f->l, copy);
    }
}

static void test_adding_inside_callbacks(void **state)
{
    struct fixture *f = *state;
    int far = fcntl(f->b[0], F_DUPFD_CLOEXEC, 700);

    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, add_many, f), 0);
    poke(f->a[1]);
    assert_int_equal(hb_loop_turn(f->l, 5000), 1);
    assert_int_equal(hb_loop_add(f->l, far, EPOLLIN, not_me, f), 0);
    hb_loop_del(f->l, far);
    hb_close(&far);
}

static void on_timer(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
    f->at = hb_mono();
}

static void test_timer_once(void **state)
{
    struct fixture *f = *state;
    uint64_t start = hb_mono();

    assert_non_null(hb_loop_timer(f->l, 20 * HB_MS, 0, on_timer, f));
    while (f->calls == 0)
        assert_true(hb_loop_turn(f->l, -1) >= 0);
    assert_true(f->at - start >= 20 * HB_MS);
    assert_int_equal(hb_loop_turn(f->l, 30), 0);
    assert_int_equal(f->calls, 1);
}

static void stop_after_three(void *arg)
{
    struct fixture *f = arg;

    if (++f->calls == 3)
        hb_timer_stop(f->l, f->timer);
}

static void test_timer_period_and_stop_inside(void **state)
{
    struct fixture *f = *state;

    f->timer = hb_loop_timer(f->l, 0, 2 * HB_MS, stop_after_three, f);
    assert_non_null(f->timer);
    while (f->calls < 3)
        assert_true(hb_loop_turn(f->l, -1) >= 0);
    assert_int_equal(hb_loop_turn(f->l, 20), 0);
    assert_int_equal(f->calls, 3);
    hb_timer_stop(f->l, NULL);
}

static void test_timer_stop(void **state)
{
    struct fixture *f = *state;
    struct hb_timer *t[100];

    for (int i = 0; i < 100; i++) {
        t[i] = hb_loop_timer(f->l, (uint64_t)(i * 7919 % 13) * HB_MS, 0,
                             on_timer, f);
        assert_non_null(t[i]);
    }
    for (int i = 0; i < 100; i += 2)
        hb_timer_stop(f->l, t[i]);
    for (int i = 0; i < 1000 && f->calls < 50; i++)
        assert_true(hb_loop_turn(f->l, 20) >= 0);
    assert_int_equal(f->calls, 50);
    /* Known to nobody any more: looked up, not followed. */
    hb_timer_stop(f->l, t[1]);
    assert_int_equal(hb_loop_turn(f->l, 0), 0);
}

static int order[64];
static int norder;

static void note(void *arg)
{
    order[norder++] = *(int *)arg;
}

static void test_timers_in_order(void **state)
{
    struct fixture *f = *state;
    int delays[40];

    norder = 0;
    for (int i = 0; i < 40; i++) {
        delays[i] = i * 31 % 40;
        /* All due long ago when they are looked at: order by due time. */
        assert_non_null(hb_loop_timer(f->l, (uint64_t)delays[i] * 1000000, 0,
                                      note, &delays[i]));
    }
    (void)usleep(45000);
    while (norder < 40)
        assert_true(hb_loop_turn(f->l, 100) >= 0);
    for (int i = 1; i < 40; i++)
        assert_true(order[i - 1] < order[i]);
}

static void again(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
    assert_non_null(hb_loop_timer(f->l, 0, 0, again, f));
}

static void test_timers_do_not_starve_descriptors(void **state)
{
    struct fixture *f = *state;

    assert_non_null(hb_loop_timer(f->l, 0, 0, again, f));
    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, not_me, f), 0);
    poke(f->a[1]);
    for (int i = 0; i < 3; i++)
        assert_true(hb_loop_turn(f->l, 100) > 0);
    assert_true(f->other_calls >= 2);
}

static void stop_with_42(void *arg)
{
    hb_loop_stop(((struct fixture *)arg)->l, 42);
}

static void test_run_and_stop(void **state)
{
    struct fixture *f = *state;

    assert_non_null(hb_loop_timer(f->l, HB_MS, 0, stop_with_42, f));
    assert_int_equal(hb_loop_run(f->l, NULL, NULL), 42);
    /* It can run again. */
    assert_non_null(hb_loop_timer(f->l, HB_MS, 0, stop_with_42, f));
    assert_int_equal(hb_loop_run(f->l, NULL, NULL), 42);
}

static void raise_hup(void *arg)
{
    (void)kill(getpid(), SIGHUP);
}

static void raise_term(void *arg)
{
    (void)kill(getpid(), SIGTERM);
}

static void on_hup(void *arg)
{
    struct fixture *f = arg;

    f->calls++;
    assert_non_null(hb_loop_timer(f->l, 0, 0, raise_term, f));
}

static void test_signals(void **state)
{
    struct fixture *f = *state;
    sigset_t before, after;

    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &before), 0);
    assert_non_null(hb_loop_timer(f->l, 0, 0, raise_hup, f));
    assert_int_equal(hb_loop_run(f->l, on_hup, f), 0);
    assert_int_equal(f->calls, 1);
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &after), 0);
    assert_int_equal(sigismember(&after, SIGTERM),
                     sigismember(&before, SIGTERM));
}

static void test_failing_allocation(void **state)
{
    struct fixture *f = *state;

    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_null(hb_loop_new());
    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, not_me, f), -ENOMEM);
    for (unsigned n = 1; n <= 2; n++) {
        hb_fault_set(HB_FAULT_ALLOC, n);
        assert_null(hb_loop_timer(f->l, 0, 0, on_timer, f));
    }
    assert_int_equal(hb_loop_add(f->l, f->a[0], EPOLLIN, not_me, f), 0);
    assert_non_null(hb_loop_timer(f->l, 0, 0, on_timer, f));
    hb_loop_free(NULL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_reads),
        T(test_mod),
        T(test_no_call_after_deletion),
        T(test_reports_do_not_outlive_their_watch),
        T(test_adding_inside_callbacks),
        T(test_timer_once),
        T(test_timer_period_and_stop_inside),
        T(test_timer_stop),
        T(test_timers_in_order),
        T(test_timers_do_not_starve_descriptors),
        T(test_run_and_stop),
        T(test_signals),
        T(test_failing_allocation),
    };

    return hb_tap_run("base/loop", tests);
}

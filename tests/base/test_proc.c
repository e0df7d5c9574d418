/* SPDX-License-Identifier: Apache-2.0 */
/* When a process began, of a real one and out of texts that are none. */
#include "tap.h"

#include <sys/wait.h>

#include "base/proc.h"

static void test_real(void **state)
{
    uint64_t own = 0, again = 0, its = 0, gone = 7;
    pid_t pid;

    assert_int_equal(hb_proc_start(getpid(), &own), 0);
    assert_int_equal(hb_proc_start(getpid(), &again), 0);
    assert_true(own > 0 && own == again);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(0);
    assert_int_equal(hb_proc_start(pid, &its), 0); /* also of a zombie */
    assert_true(its >= own);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(hb_proc_start(pid, &gone), -ENOENT);
    assert_true(gone == 7);
}

static void test_text(void **state)
{
    static const char *const none[] = {
        "",
        "12 (a",
        "12 (a)",
        "12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
        "12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 ",
        "12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -1 20",
        "12 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 x 20",
    };
    uint64_t v = 7;

    for (size_t i = 0; i < HB_ARRAY_LEN(none); i++) {
        assert_true(hb_proc_stat_start(hb_slice_z(none[i]), &v) < 0);
        assert_true(v == 7);
    }
    /* A name that looks like what stands behind it. */
    assert_int_equal(
        hb_proc_stat_start(HB_SLICE("12 (a) S 1 (\n\"#) S 1 2 3 4 5 6 7 8 9 10"
                                    " 11 12 13 14 15 16 17 18 4711 20\n"),
                           &v),
        0);
    assert_true(v == 4711);
    assert_int_equal(
        hb_proc_stat_start(HB_SLICE("1 (\0) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14"
                                    " 15 16 17 18 19"),
                           &v),
        0);
    assert_true(v == 19);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real),
        cmocka_unit_test(test_text),
    };

    return hb_tap_run("base/proc", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_who.c - processes out of /proc.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../../tap.h"
#include "sense/files/who.h"

static void test_stat(void **state)
{
    const char *tail = " S 42 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
                       "123456 1 1";
    static const char *const names[] = {"sh",  "a b", ") (evil) 1 2", "", "(((",
                                        ")))", "\n"};
    struct hb_slice comm;
    uint32_t ppid;
    uint64_t start;
    char line[256];

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        int n = snprintf(line, sizeof(line), "17 (%s)%s", names[i], tail);

        assert_int_equal(
            hb_who_stat(hb_slice(line, (size_t)n), &comm, &ppid, &start), 0);
        assert_true(hb_slice_eq(comm, hb_slice_z(names[i])));
        assert_int_equal(ppid, 42);
        assert_int_equal(start, 123456);
        for (int cut = 0; cut < n - 12; cut++)
            assert_int_equal(
                hb_who_stat(hb_slice(line, (size_t)cut), &comm, &ppid, &start),
                -EBADMSG);
    }
    assert_int_equal(
        hb_who_stat(HB_SLICE("1 (x) S -3 1 1"), &comm, &ppid, &start),
        -EBADMSG);
}

static void test_self(void **state)
{
    struct hb_whos *w = hb_whos_new();
    const struct hb_fp_who *p;
    char exe[HB_FP_EXE];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    hb_whos_batch(w);
    p = hb_whos_capture(w, getpid(), fd);
    assert_non_null(p);
    assert_int_equal(p->known, 1);
    assert_int_equal(p->uid, getuid());
    assert_int_equal(p->euid, geteuid());
    assert_true(hb_slice_eq(p->exe, hb_slice(exe, (size_t)n)));
    assert_true(p->n_parents >= 1);
    assert_int_equal(p->parent[0].pid, getppid());
    /* Once a batch. */
    assert_ptr_equal(hb_whos_capture(w, getpid(), fd), p);
    assert_null(hb_whos_capture(w, 0, -1));
    (void)close(fd);
    hb_whos_free(w);
}

/* A writer that has gone stays unknown; nothing is guessed. */
static void test_gone(void **state)
{
    struct hb_whos *w = hb_whos_new();
    const struct hb_fp_who *p;
    pid_t pid = fork();
    int fd;

    if (pid == 0)
        _exit(0);
    fd = (int)syscall(SYS_pidfd_open, pid, 0);
    {
        struct pollfd pf = {.fd = fd, .events = POLLIN};

        (void)poll(&pf, 1, 5000);
    }
    /* A zombie has a name but no executable. */
    p = hb_whos_capture(w, pid, fd);
    assert_int_equal(p->known, 0);
    assert_int_equal(p->pid, pid);
    assert_int_equal(p->exe.n, 0);
    (void)waitpid(pid, NULL, 0);
    hb_whos_batch(w);
    p = hb_whos_capture(w, pid, fd);
    assert_int_equal(p->known, 0);
    assert_int_equal(p->n_parents, 0);
    (void)close(fd);
    hb_whos_free(w);
}

/* No more than there is room for. */
static void test_room(void **state)
{
    struct hb_whos *w = hb_whos_new();
    unsigned n = 0;

    for (int32_t pid = 1; pid < 1000; pid++)
        n += hb_whos_capture(w, pid, -1) != NULL;
    assert_int_equal(n, 64);
    hb_whos_batch(w);
    assert_non_null(hb_whos_capture(w, getpid(), -1));
    hb_whos_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),
        cmocka_unit_test(test_self),
        cmocka_unit_test(test_gone),
        cmocka_unit_test(test_room),
    };

    return hb_tap_run("sense_files/who", tests);
}

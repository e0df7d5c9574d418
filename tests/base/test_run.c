/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real programs of the base system: status, input, output, time, and what
 * they are given and leave behind.
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/run.h"

static int shell(const char *script, struct hb_buf *out)
{
    const char *const argv[] = {"sh", "-c", script, NULL};

    return hb_run(
        &(struct hb_run){.argv = argv, .out = out, .timeout_ms = 60000});
}

static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static void test_status(void **state)
{
    assert_int_equal(shell("exit 0", NULL), 0);
    assert_int_equal(shell("exit 255", NULL), 255);
    assert_int_equal(shell("kill -9 $$", NULL), 137);
    assert_no_children();
}

static void test_not_found(void **state)
{
    static const char *const bad[] = {"hinoban-no-such-program",
                                      "/usr/bin/hinoban-no-such-program",
                                      "bin/sh",
                                      "./sh",
                                      "../bin/sh",
                                      ""};

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        const char *const argv[] = {bad[i], NULL};

        assert_int_equal(hb_run(&(struct hb_run){.argv = argv}), -ENOENT);
    }
    const char *const none[] = {NULL};
    assert_int_equal(hb_run(&(struct hb_run){.argv = none}), -EINVAL);
    const char *const dir[] = {"/etc/passwd", NULL};
    assert_int_equal(hb_run(&(struct hb_run){.argv = dir}), -EACCES);
    assert_no_children();
}

static void test_exec_failure_is_told(void **state)
{
    char path[] = "/tmp/hinoban-run-XXXXXX";
    int fd = mkstemp(path);
    const char *const argv[] = {path, NULL};

    assert_true(fd >= 0);
    assert_int_equal(write(fd, "no program\n", 11), 11);
    assert_int_equal(fchmod(fd, 0700), 0);
    hb_close(&fd);
    assert_int_equal(hb_run(&(struct hb_run){.argv = argv}), -ENOEXEC);
    assert_int_equal(unlink(path), 0);
    assert_no_children();
}

static void test_output_and_errors(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, errors = HB_BUF_INIT;
    const char *const argv[] = {"sh", "-c", "echo out; echo bad >&2; exit 3",
                                NULL};
    struct hb_run r = {.argv = argv, .out = &out, .errors = &errors};

    assert_int_equal(hb_run(&r), 3);
    assert_string_equal(hb_buf_z(&out), "out\n");
    assert_string_equal(hb_buf_z(&errors), "bad\n");
}

/* No shell looks at the arguments. */
static void test_arguments_are_literal(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const char *const argv[] = {"printf", "%s|", "$(id) `id` ;|&",
                                "*",      "a b", NULL};

    assert_int_equal(hb_run(&(struct hb_run){.argv = argv, .out = &out}), 0);
    assert_string_equal(hb_buf_z(&out), "$(id) `id` ;|&|*|a b|");
}

static void test_input(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    static char big[65537];
    const char *const argv[] = {"cat", NULL};
    struct hb_run r = {.argv = argv, .out = &out};

    memset(big, 'i', sizeof(big));
    assert_int_equal(hb_run(&r), 0);
    assert_int_equal(out.n, 0);
    r.input = hb_slice(big, 65536);
    assert_int_equal(hb_run(&r), 0);
    assert_int_equal(out.n, 65536);
    assert_memory_equal(out.p, big, 65536);
    r.input.n++;
    assert_int_equal(hb_run(&r), -E2BIG);
}

static void test_input_opens_again(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const char *const argv[] = {"cat", "/dev/stdin", NULL};

    assert_int_equal(hb_run(&(struct hb_run){.argv = argv,
                                             .out = &out,
                                             .input = HB_SLICE("rules\n")}),
                     0);
    assert_string_equal(hb_buf_z(&out), "rules\n");
}

static void test_input_that_nobody_reads(void **state)
{
    static char big[65536];
    const char *const argv[] = {"true", NULL};

    assert_int_equal(hb_run(&(struct hb_run){
                         .argv = argv, .input = hb_slice(big, sizeof(big))}),
                     0);
}

static void test_surplus_output_is_dropped(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, small;

    assert_int_equal(shell("head -c 3000000 /dev/zero; exit 5", &out), 5);
    assert_int_equal(out.n, HB_MAX_CHILD_OUT);
    assert_int_equal(hb_buf_err(&out), -EFBIG);
    hb_buf_init(&small, 4);
    assert_int_equal(shell("echo 123456", &small), 0);
    assert_string_equal(hb_buf_z(&small), "1234");
    assert_int_equal(hb_buf_err(&small), -EFBIG);
}

static void test_timeout(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const char *const argv[] = {"sh", "-c", "echo first; sleep 600", NULL};
    uint64_t start = hb_mono();

    assert_int_equal(
        hb_run(&(struct hb_run){.argv = argv, .out = &out, .timeout_ms = 700}),
        -ETIMEDOUT);
    assert_true(hb_mono() - start >= 700 * HB_MS);
    assert_true(hb_mono() - start < 300 * HB_S);
    assert_string_equal(hb_buf_z(&out), "first\n");
    assert_no_children();
}

static void test_timeout_of_one_that_never_stops_writing(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const char *const argv[] = {"cat", "/dev/zero", NULL};

    assert_int_equal(
        hb_run(&(struct hb_run){.argv = argv, .out = &out, .timeout_ms = 300}),
        -ETIMEDOUT);
    assert_int_equal(out.n, HB_MAX_CHILD_OUT);
    assert_no_children();
}

/* The grandchild keeps the pipe open and ignores polite signals. */
static void test_group_is_killed(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    uint64_t start = hb_mono();
    pid_t pid;

    assert_int_equal(
        shell("trap '' HUP TERM; sleep 500 & echo $!; exit 0", &out), 0);
    assert_true(hb_mono() - start < 300 * HB_S);
    pid = (pid_t)strtol(hb_buf_z(&out), NULL, 10);
    assert_true(pid > 1);
    /* Dead; its new parent may take a moment to reap it. */
    for (int i = 0; i < 1000; i++) {
        char path[64], line[512] = "";
        FILE *f;

        (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
        f = fopen(path, "r");
        if (f == NULL)
            return;
        (void)!fgets(line, sizeof(line), f);
        (void)fclose(f);
        if (strstr(line, ") Z ") != NULL || strstr(line, "(sleep)") == NULL)
            return;
        (void)usleep(10000);
    }
    fail_msg("the grandchild lives");
}

static void test_environment(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    const char *const argv[] = {"env", NULL};
    const char *const env[] = {"ONLY=this", NULL};
    struct hb_run r = {.argv = argv, .out = &out};

    assert_int_equal(setenv("HINOBAN_SECRET", "x", 1), 0);
    assert_int_equal(hb_run(&r), 0);
    assert_string_equal(hb_buf_z(&out), "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"
                                        "LANG=C.UTF-8\n");
    hb_buf_reset(&out);
    r.env = env;
    assert_int_equal(hb_run(&r), 0);
    assert_string_equal(hb_buf_z(&out), "ONLY=this\n");
}

static void test_no_descriptor_is_inherited(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    int fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
    int far = fcntl(fd, F_DUPFD, 200);

    /* 3 is the directory that ls itself reads. */
    const char *const argv[] = {"ls", "/proc/self/fd", NULL};
    assert_int_equal(hb_run(&(struct hb_run){.argv = argv, .out = &out}), 0);
    assert_string_equal(hb_buf_z(&out), "0\n1\n2\n3\n");
    hb_close(&fd);
    hb_close(&far);
}

static unsigned open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static void test_nothing_is_left(void **state)
{
    unsigned before = open_descriptors();

    for (int i = 0; i < 10; i++) {
        _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
        const char *const bad[] = {"/etc/passwd", NULL};

        assert_int_equal(shell("echo x", &out), 0);
        assert_int_equal(hb_run(&(struct hb_run){.argv = bad}), -EACCES);
    }
    assert_int_equal(open_descriptors(), before);
    assert_no_children();
}

/* Works where our own standard descriptors are closed. */
static void test_with_closed_standard_descriptors(void **state)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct hb_buf out = HB_BUF_INIT;
        int r;

        (void)close(0);
        (void)close(1);
        (void)close(2);
        r = shell("cat; echo out; echo bad >&2", &out);
        _exit(r == 0 && hb_streq(hb_buf_z(&out), "out\n") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_signals_are_reset(void **state)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    sigset_t block, before;

    (void)sigemptyset(&block);
    (void)sigaddset(&block, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &block, &before);
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", &out),
                     0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(hb_buf_z(&out), "SigBlk:\t0000000000000000\n"
                                        "SigIgn:\t0000000000000000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_exec_failure_is_told),
        cmocka_unit_test(test_output_and_errors),
        cmocka_unit_test(test_arguments_are_literal),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_input_opens_again),
        cmocka_unit_test(test_input_that_nobody_reads),
        cmocka_unit_test(test_surplus_output_is_dropped),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_timeout_of_one_that_never_stops_writing),
        cmocka_unit_test(test_group_is_killed),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_no_descriptor_is_inherited),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_with_closed_standard_descriptors),
        cmocka_unit_test(test_signals_are_reset),
    };

    return hb_tap_run("base/run", tests);
}

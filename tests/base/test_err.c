/* SPDX-License-Identifier: Apache-2.0 */
/* Errors for people: first one wins, cut between characters, neighbours. */
#include "tap.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/num.h"

static void test_first_one_is_kept(void **state)
{
    struct hb_err e = {0};

    assert_int_equal(hb_err_set(&e, -EINVAL, "first %d", 1), -EINVAL);
    assert_int_equal(hb_err_at(&e, -ENOENT, "f", 1, 2, "second"), -ENOENT);
    assert_int_equal(e.code, -EINVAL);
    assert_string_equal(e.message, "first 1");
    assert_string_equal(e.file, "");
    assert_int_equal(hb_err_set(NULL, -EIO, "nobody listens"), -EIO);
    assert_int_equal(hb_err_at(NULL, -EIO, NULL, 0, 0, "nor here"), -EIO);
}

static void test_format(void **state)
{
    struct hb_err e = {0};
    char buf[64];

    hb_err_at(&e, -EINVAL, "a.yaml", 3, 14, "unknown key \"%s\"", "x");
    hb_err_format(&e, buf, sizeof(buf));
    assert_string_equal(buf, "a.yaml:3:14: unknown key \"x\"");
    e.column = 0;
    hb_err_format(&e, buf, sizeof(buf));
    assert_string_equal(buf, "a.yaml:3: unknown key \"x\"");
    e.line = 0;
    hb_err_format(&e, buf, sizeof(buf));
    assert_string_equal(buf, "a.yaml: unknown key \"x\"");
    e.file[0] = '\0';
    hb_err_format(&e, buf, sizeof(buf));
    assert_string_equal(buf, "unknown key \"x\"");
    hb_err_format(&e, buf, 8);
    assert_string_equal(buf, "unknown");
    hb_err_format(&e, buf, 0);
    assert_string_equal(buf, "unknown");
}

static void test_cut_between_characters(void **state)
{
    for (int pad = 0; pad < 4; pad++) {
        struct hb_err e = {0};
        char text[1024], shown[20];
        size_t n = (size_t)pad;

        memset(text, 'x', sizeof(text));
        while (n + 3 < sizeof(text)) {
            memcpy(text + n, "火", 3);
            n += 3;
        }
        text[n] = '\0';
        hb_err_set(&e, -EINVAL, "%s", text);
        assert_in_range(strlen(e.message), sizeof(e.message) - 4,
                        sizeof(e.message) - 1);
        assert_true(hb_utf8_valid(e.message, strlen(e.message)));
        hb_err_format(&e, shown, sizeof(shown));
        assert_true(hb_utf8_valid(shown, strlen(shown)));
    }
}

static void test_long_file_name(void **state)
{
    struct hb_err e = {0};
    char name[600], buf[2048];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    hb_err_at(&e, -EINVAL, name, 4294967295u, 4294967295u, "m");
    assert_int_equal(strlen(e.file), sizeof(e.file) - 1);
    hb_err_format(&e, buf, sizeof(buf));
    assert_non_null(strstr(buf, ":4294967295:4294967295: m"));
}

static void test_errno_text(void **state)
{
    char buf[128];

    assert_string_equal(hb_errno_text(-ENOENT, buf, sizeof(buf)),
                        "no such file or directory");
    assert_string_equal(hb_errno_text(ENOENT, buf, sizeof(buf)),
                        "no such file or directory");
    /* Not in our table: the C library's words. */
    assert_string_equal(hb_errno_text(-EXFULL, buf, sizeof(buf)),
                        "Exchange full");
    assert_string_equal(hb_errno_text(-99999, buf, sizeof(buf)), "errno 99999");
    assert_string_equal(hb_errno_text(-ENOENT, buf, 3), "no");
}

static void test_nearest(void **state)
{
    static const char *const names[] = {"interval", "paths", "exclude",
                                        "timeout", "listen"};
    size_t n = HB_ARRAY_LEN(names);
    char long_word[200];

    assert_string_equal(hb_nearest("intervall", names, n), "interval");
    assert_string_equal(hb_nearest("intreval", names, n), "interval");
    assert_string_equal(hb_nearest("path", names, n), "paths");
    assert_string_equal(hb_nearest("listne", names, n), "listen");
    assert_string_equal(hb_nearest("timeout", names, n), "timeout");
    assert_null(hb_nearest("zzz", names, n));
    assert_null(hb_nearest("", names, n));
    assert_null(hb_nearest("x", names, n));
    assert_null(hb_nearest("interval", names, 0));
    memset(long_word, 'i', sizeof(long_word) - 1);
    long_word[sizeof(long_word) - 1] = '\0';
    assert_null(hb_nearest(long_word, names, n));
}

static void test_panic_aborts_with_a_line(void **state)
{
    int fds[2], status;
    char text[256];
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct rlimit none = {0, 0};

        (void)setrlimit(RLIMIT_CORE, &none);
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(fds[1], STDERR_FILENO);
        HB_ASSERT(1 == 2);
        _exit(0);
    }
    (void)close(fds[1]);
    n = read(fds[0], text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(text, "test_err.c:"));
    assert_non_null(strstr(text, "broken: 1 == 2"));
    assert_int_equal(text[n - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_one_is_kept),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_cut_between_characters),
        cmocka_unit_test(test_long_file_name),
        cmocka_unit_test(test_errno_text),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_panic_aborts_with_a_line),
    };

    return hb_tap_run("base/err", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log as others read it: through a pipe (JSON, also under a journal) and
 * through a terminal, with text that wants to draw lines of its own.
 */
#include "tap.h"

#include <fcntl.h>
#include <pty.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/log.h"
#include "base/num.h"

static char got[32768];

/* What a child wrote to FD's other end; hb_log(LEVEL, "%s", TEXT). */
static void logged(int read_end, int write_end, enum hb_level level,
                   const char *role, const char *text)
{
    size_t n = 0;
    ssize_t r;
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(write_end, STDERR_FILENO);
        hb_log_open(role, HB_LOG_INFO);
        errno = EXFULL;
        hb_log(level, "%s", text);
        _exit(errno != EXFULL);
    }
    (void)close(write_end);
    /* A terminal ends with EIO instead of 0. */
    while ((r = read(read_end, got + n, sizeof(got) - 1 - n)) > 0)
        n += (size_t)r;
    got[n] = '\0';
    (void)close(read_end);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void through_pipe(enum hb_level level, const char *text)
{
    int fds[2];

    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    logged(fds[0], fds[1], level, "test", text);
}

static void through_terminal(enum hb_level level, const char *text)
{
    int ours, theirs;

    assert_int_equal(openpty(&ours, &theirs, NULL, NULL, NULL), 0);
    logged(ours, theirs, level, "test", text);
}

/* Our own reader must get the very text back, or its escaped form. */
static void assert_message(const char *want)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *start = got[0] == '<' ? got + 3 : got;
    struct hb_json *line;
    size_t n = strlen(start);

    assert_true(n > 0 && start[n - 1] == '\n');
    assert_ptr_equal(strchr(start, '\n'), start + n - 1);
    assert_int_equal(hb_json_parse(a, hb_slice(start, n), &line, NULL), 0);
    assert_string_equal(hb_json_str(line, "message", "-"), want);
    assert_string_equal(hb_json_str(line, "role", "-"), "test");
    assert_int_equal(strlen(hb_json_str(line, "time", "")), 24);
    assert_true(hb_json_int(line, "pid", 0) > 1);
}

static void test_json(void **state)
{
    (void)unsetenv("JOURNAL_STREAM");
    through_pipe(HB_LOG_ERR, "disk full");
    assert_message("disk full");
    assert_non_null(strstr(got, "\"level\":\"error\""));
    through_pipe(HB_LOG_WARNING, "火の番");
    assert_message("火の番");
    assert_non_null(strstr(got, "\"level\":\"warning\""));
    through_pipe(HB_LOG_NOTICE, "");
    assert_message("");
    through_pipe(HB_LOG_INFO, "quote \" and \\ stay");
    assert_message("quote \" and \\ stay");
}

static void test_threshold(void **state)
{
    through_pipe(HB_LOG_DEBUG, "too fine");
    assert_string_equal(got, "");
}

static void test_journal_prefix(void **state)
{
    assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
    through_pipe(HB_LOG_WARNING, "x");
    assert_memory_equal(got, "<4>{", 4);
    assert_message("x");
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void test_nobody_draws_lines(void **state)
{
    through_pipe(HB_LOG_ERR, "a\n{\"level\":\"info\"}\r\t\x1b[2J\x7f");
    assert_message("a\n{\"level\":\"info\"}\r\t\x1b[2J\x7f");
    /* C1, right-to-left override, line separator, bad bytes. */
    through_pipe(HB_LOG_ERR, "\xc2\x9b|\xe2\x80\xae|\xe2\x80\xa8|\xff|\xc3");
    assert_null(strstr(got, "\xc2\x9b"));
    assert_null(strstr(got, "\xe2\x80\xae"));
    assert_true(hb_utf8_valid(got, strlen(got)));
    assert_message(
        "\xc2\x9b|\xe2\x80\xae|\xe2\x80\xa8|\xef\xbf\xbd|\xef\xbf\xbd");
}

static void test_terminal(void **state)
{
    through_terminal(HB_LOG_ERR, "said \"x\"\n\x1b]0;title\x07");
    assert_non_null(strstr(got, " error test["));
    assert_non_null(
        strstr(got, "]: said \"x\"\\u000a\\u001b]0;title\\u0007\r\n"));
    assert_null(strchr(got, '\x1b'));
}

static void test_long_text_is_cut(void **state)
{
    static char text[9001];

    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, "火", 3);
    through_pipe(HB_LOG_ERR, text);
    assert_true(strlen(got) < 3000);
    assert_true(hb_utf8_valid(got, strlen(got)));
    /* The worst: each byte becomes six. */
    memset(text, '\x01', sizeof(text) - 1);
    through_pipe(HB_LOG_ERR, text);
    text[2047] = '\0';
    assert_message(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_journal_prefix),
        cmocka_unit_test(test_nobody_draws_lines),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_long_text_is_cut),
    };

    return hb_tap_run("base/log", tests);
}

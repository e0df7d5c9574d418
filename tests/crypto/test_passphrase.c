/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_passphrase.c - where a passphrase comes from; the terminal is a real
 * one (a pseudo terminal that a child gets as its own).
 */
#include "crypto/passphrase.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/file.h"
#include "tap.h"

static char dir[64];
static char got[HB_MAX_PASSPHRASE + 1];

static const char *put(const char *name, const char *text, mode_t mode)
{
    static char p[128];

    (void)snprintf(p, sizeof(p), "%s/%s", dir, name);
    assert_int_equal(hb_file_write(p, text, strlen(text), mode), 0);
    return p;
}

static void test_file(void **state)
{
    struct hb_err err = {0};
    const char *p = put("a", "correct horse\n", 0600);

    assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, &err), 0);
    assert_string_equal(got, "correct horse");
    p = put("a", "no end", 0400);
    assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, &err), 0);
    assert_string_equal(got, "no end");
    p = put("a", " kept \r\n", 0600);
    assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, &err), 0);
    assert_string_equal(got, " kept ");
}

static void test_bad_files(void **state)
{
    char big[HB_MAX_PASSPHRASE + 2];
    const char *p;

    static const mode_t modes[] = {0644, 0640, 0604};
    for (size_t i = 0; i < HB_ARRAY_LEN(modes); i++) {
        struct hb_err err = {0};

        p = put("b", "x\n", modes[i]);
        assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, &err),
                         -EPERM);
        assert_string_equal(err.file, p);
    }
    static const char *const texts[] = {"", "\n", "a\nb\n", "\r\n"};
    for (size_t i = 0; i < HB_ARRAY_LEN(texts); i++) {
        p = put("b", texts[i], 0600);
        assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, NULL),
                         -EINVAL);
        assert_string_equal(got, "");
    }
    memset(big, 'x', sizeof(big));
    big[sizeof(big) - 1] = '\0';
    p = put("b", big, 0600);
    assert_int_equal(hb_passphrase_read(p, NULL, NULL, false, got, NULL),
                     -EINVAL);
    assert_int_equal(
        hb_passphrase_read("/nonexistent/x", NULL, NULL, false, got, NULL),
        -ENOENT);
    assert_int_equal(hb_passphrase_read(dir, NULL, NULL, false, got, NULL),
                     -EINVAL);
}

static void test_credential(void **state)
{
    (void)put("publish", "from systemd\n", 0400);
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
    assert_int_equal(
        hb_passphrase_read(NULL, "publish", NULL, false, got, NULL), 0);
    assert_string_equal(got, "from systemd");
    assert_int_equal(hb_passphrase_read(NULL, "absent", NULL, false, got, NULL),
                     -ENOKEY);
    assert_int_equal(hb_passphrase_read(NULL, "../x", NULL, false, got, NULL),
                     -ENOKEY);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    assert_int_equal(
        hb_passphrase_read(NULL, "publish", NULL, false, got, NULL), -ENOKEY);
}

/* Runs hb_passphrase_read in a child whose terminal is ours to type at.
 * Returns its exit status; what the terminal showed goes to SHOWN. */
static int on_terminal(const char *typed, bool twice, const char *want,
                       char *shown, size_t size)
{
    int m = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), status;
    size_t n = 0;
    pid_t pid;

    assert_true(m >= 0);
    assert_int_equal(grantpt(m), 0);
    assert_int_equal(unlockpt(m), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct termios t;
        int s, r;

        setsid();
        s = open(ptsname(m), O_RDWR);
        if (s < 0 || ioctl(s, TIOCSCTTY, 0) < 0)
            _exit(90);
        r = hb_passphrase_read(NULL, NULL, "Passphrase: ", twice, got, NULL);
        /* Echo is on again, whatever happened. */
        if (tcgetattr(s, &t) < 0 || (t.c_lflag & ECHO) == 0)
            _exit(91);
        if (r < 0)
            _exit(-r);
        _exit(hb_streq(got, want) ? 0 : 92);
    }
    /* Typed once the prompt stands there: what is typed before is thrown
     * away with the change of mode. */
    while (*typed != '\0') {
        const char *end = strchr(typed, '\n');
        size_t from = n;

        while (n < size - 1 && memchr(shown + from, ':', n - from) == NULL) {
            ssize_t r = read(m, shown + n, size - 1 - n);

            if (r <= 0)
                break;
            n += (size_t)r;
        }
        assert_int_equal(hb_write_all(m, typed, (size_t)(end - typed) + 1), 0);
        typed = end + 1;
    }
    for (;;) {
        ssize_t r = read(m, shown + n, size - 1 - n);

        if (r <= 0)
            break;
        n += (size_t)r;
    }
    shown[n] = '\0';
    close(m);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_terminal(void **state)
{
    char shown[1024];

    assert_int_equal(
        on_terminal("tora tora\n", false, "tora tora", shown, sizeof(shown)),
        0);
    assert_non_null(strstr(shown, "Passphrase: "));
    assert_null(strstr(shown, "tora"));
    assert_int_equal(
        on_terminal("same\nsame\n", true, "same", shown, sizeof(shown)), 0);
    assert_null(strstr(shown, "same"));
    assert_int_equal(
        on_terminal("one\nother\n", true, "", shown, sizeof(shown)),
        EKEYREJECTED);
    assert_int_equal(on_terminal("\n", false, "", shown, sizeof(shown)),
                     EINVAL);
}

/* No terminal at all: an error that says what to do, never a hang. */
static void test_no_terminal(void **state)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        struct hb_err err = {0};
        int r;

        setsid();
        r = hb_passphrase_read(NULL, NULL, "Passphrase: ", false, got, &err);
        _exit(r == -ENOKEY && strstr(err.message, "--passphrase-file") ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_wipe(void **state)
{
    char secret[16] = "secret";
    static const char none[16];

    hb_wipe(secret, sizeof(secret));
    assert_memory_equal(secret, none, sizeof(secret));
}

static int make_dir(void **state)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-pass-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop_dir(void **state)
{
    return hb_rmtree(AT_FDCWD, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_credential),  cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_no_terminal), cmocka_unit_test(test_wipe),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("crypto/passphrase", tests, make_dir,
                                       drop_dir);
}

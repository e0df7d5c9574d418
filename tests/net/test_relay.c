/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets in files: one line that nobody else can read, or none at all.
 */
#include "../tap.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "net/relay.h"

static char dir[64];

static int make(void **state)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-relay-XXXXXX");
    return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop(void **state)
{
    return hb_rmtree(AT_FDCWD, dir);
}

/* What is read of a file of MODE that holds TEXT. */
static int read_of(const char *text, size_t n, mode_t mode, char *ret)
{
    char path[128];
    struct hb_err err = {0};
    int r;

    (void)snprintf(path, sizeof(path), "%s/password", dir);
    (void)unlink(path);
    assert_int_equal(hb_file_write(path, text, n, mode), 0);
    r = hb_relay_secret(path, "mail_password", ret, &err);
    assert_int_equal(r < 0, err.message[0] != '\0');
    assert_null(strstr(err.message, "hunter2"));
    return r;
}

static int readz(const char *text, mode_t mode, char *ret)
{
    return read_of(text, strlen(text), mode, ret);
}

static void test_line(void **state)
{
    char got[HB_RELAY_SECRET], big[HB_RELAY_SECRET + 8];

    assert_int_equal(readz("hunter2\n", 0600, got), 0);
    assert_string_equal(got, "hunter2");
    assert_int_equal(readz("pä ss\"wort", 0400, got), 0);
    assert_string_equal(got, "pä ss\"wort");
    assert_int_equal(readz("hunter2\r\n", 0600, got), 0);
    assert_string_equal(got, "hunter2");
    assert_int_equal(readz("", 0600, got), -EINVAL);
    assert_int_equal(readz("\n", 0600, got), -EINVAL);
    assert_int_equal(readz("hunter2\nmore\n", 0600, got), -EINVAL);
    assert_int_equal(readz("hunter2\n\n", 0600, got), -EINVAL);
    assert_int_equal(read_of("a\0b", 3, 0600, got), -EINVAL);
    memset(big, 'a', sizeof(big));
    assert_int_equal(read_of(big, sizeof(big), 0600, got), -EINVAL);
    assert_int_equal(read_of(big, HB_RELAY_SECRET - 1, 0600, got), 0);
}

static void test_open_to_others(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0660, 0644, 0610, 0700};
    char got[HB_RELAY_SECRET];

    for (size_t i = 0; i < HB_ARRAY_LEN(modes); i++)
        assert_int_equal(readz("hunter2\n", modes[i], got), -EPERM);
}

static void test_no_file(void **state)
{
    char got[HB_RELAY_SECRET], path[128], link[128];
    struct hb_err err = {0};

    (void)snprintf(path, sizeof(path), "%s/none", dir);
    assert_int_equal(hb_relay_secret(path, "mail_password", got, &err),
                     -ENOENT);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(hb_relay_secret(path, "mail_password", got, &err),
                     -EINVAL);
    assert_int_equal(unlink(path), 0);
    /* Nobody leads us to another secret. */
    (void)snprintf(link, sizeof(link), "%s/link", dir);
    assert_int_equal(hb_file_write(path, "hunter2\n", 8, 0600), 0);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(hb_relay_secret(link, "mail_password", got, &err), -ELOOP);
}

#define MADE(t) cmocka_unit_test_setup_teardown(t, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MADE(test_line),
        MADE(test_open_to_others),
        MADE(test_no_file),
    };

    return hb_tap_run("net/relay", tests);
}

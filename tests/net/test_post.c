/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_post.c - a webhook gets the text signed; only a good answer counts, no
 * redirect is followed, and nothing leaves unencrypted for another machine.
 */
#include "../tap.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/file.h"
#include "net/post.h"

#define HMAC_WANTED                                                            \
    "7c98e8d3097fdd8808ddadfb9e6e3a2a"                                         \
    "793096272a8436c7929b500fe3be607c"

static pid_t child;
static int port, hold;
static char dir[64], told[96];

static int start(void **state)
{
    int in[2], out[2];
    char path[512], line[16] = "";

    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-post-XXXXXX");
    if (mkdtemp(dir) == NULL || pipe(in) < 0 || pipe(out) < 0)
        return -1;
    (void)snprintf(told, sizeof(told), "%s/told", dir);
    (void)snprintf(path, sizeof(path), "%s/net/post_server.py", HB_TESTDIR);
    (void)setenv("http_proxy", "http://127.0.0.1:9/", 1);
    child = fork();
    if (child == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[0]);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execlp("python3", "python3", path, told, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    hold = in[1];
    for (size_t n = 0; n + 1 < sizeof(line); n++)
        if (read(out[0], line + n, 1) != 1 || line[n] == '\n')
            break;
    (void)close(out[0]);
    port = (int)strtol(line, NULL, 10);
    return port > 0 ? 0 : -1;
}

static int stop(void **state)
{
    int st;

    (void)close(hold);
    (void)waitpid(child, &st, 0);
    return hb_rmtree(AT_FDCWD, dir);
}

static int post(const char *path, const char *secret, int *ret_status)
{
    char url[128];
    const struct hb_post p = {.url = url,
                              .json = HB_SLICE("{\"incident\":3}"),
                              .secret = secret,
                              .seconds = 10};
    struct hb_err err = {0};
    int r;

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    r = hb_post_send(&p, ret_status, &err);
    assert_int_equal(r < 0, err.message[0] != '\0');
    return r;
}

static void has(const char *words)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;

    assert_int_equal(hb_file_read(a, told, 65536, &text), 0);
    if (memmem(text.p, text.n, words, strlen(words)) == NULL)
        fail_msg("%s is not in %.*s", words, (int)text.n, text.p);
}

static void test_signed(void **state)
{
    int status;

    assert_int_equal(post("/ok", "hunter2", &status), 0);
    assert_int_equal(status, 204);
    has("\"body\": \"{\\\"incident\\\":3}\"");
    has("application/json");
    /* printf '{"incident":3}' | openssl dgst -sha256 -hmac hunter2 */
    has("\"sha256=" HMAC_WANTED "\"");
}

static void test_unsigned(void **state)
{
    int status;

    assert_int_equal(post("/ok", "", &status), 0);
    has("\"signature\": null");
}

static void test_refused(void **state)
{
    int status;

    assert_int_equal(post("/no", "", &status), -EACCES);
    assert_int_equal(status, 500);
    assert_int_equal(post("/away", "", &status), -EACCES);
    assert_int_equal(status, 302);
}

static void test_addresses(void **state)
{
    static const char *const good[] = {
        "https://chat.example.jp/hook/1?x=y", "http://127.0.0.1:8000/a",
        "http://localhost/", "http://[::1]:1/", "https://127.0.0.1/"};
    static const char *const bad[] = {"http://chat.example.jp/",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "",
                                      "https://",
                                      "http://127.0.0.1.example.jp/",
                                      "http://user:pw@127.0.0.1/",
                                      "http://127.0.0.1@evil.example/",
                                      "http://localhost.evil.test/",
                                      "smtp://127.0.0.1/"};
    int status;

    for (size_t i = 0; i < HB_ARRAY_LEN(good); i++)
        assert_true(hb_post_url_ok(good[i]));
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        const struct hb_post p = {.url = bad[i], .secret = ""};
        struct hb_err err = {0};

        assert_false(hb_post_url_ok(bad[i]));
        assert_int_equal(hb_post_send(&p, &status, &err), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signed, start, stop),
        cmocka_unit_test_setup_teardown(test_unsigned, start, stop),
        cmocka_unit_test_setup_teardown(test_refused, start, stop),
        cmocka_unit_test(test_addresses),
    };

    return hb_tap_run("net/post", tests);
}

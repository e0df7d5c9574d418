/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetching from a server that does everything wrong: every bound holds, and
 * no answer leads anywhere that the caller did not allow.
 */
#include "../tap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "net/fetch.h"

static pid_t child;
static int port, hold;

static int start(void **state)
{
    int in[2], out[2];
    char path[512], line[16] = "";

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/net/server.py", HB_TESTDIR);
    /* No proxy of the environment may be asked. */
    (void)setenv("http_proxy", "http://127.0.0.1:9/", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:9/", 1);
    if (pipe(in) < 0 || pipe(out) < 0)
        return -1;
    child = fork();
    if (child == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[0]);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execlp("python3", "python3", path, (char *)NULL);
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

    (void)state;
    (void)close(hold);
    (void)waitpid(child, &st, 0);
    return 0;
}

static int get(const char *path, const struct hb_fetch_limits *l,
               struct hb_fetched *f)
{
    struct hb_err err = {0};
    char url[256];
    int r;

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
    r = hb_fetch(url, l, f, &err);
    /* A failure is always said in words. */
    assert_int_equal(r < 0, err.message[0] != '\0');
    return r;
}

static void test_good(void **state)
{
    const struct hb_fetch_limits l = {.seconds = 60, .redirects = 3};
    uint8_t want[HB_SHA256_SIZE];
    struct hb_fetched f;

    (void)state;
    assert_int_equal(get("/good", &l, &f), 0);
    assert_int_equal(f.status, 200);
    assert_string_equal(hb_buf_z(&f.body), "hello");
    assert_string_equal(f.type, "text/html");
    assert_string_equal(f.ip, "127.0.0.1");
    assert_false(f.cut);
    assert_false(f.has_cert);
    hb_sha256("hello", 5, want);
    assert_memory_equal(f.sha256, want, sizeof(want));
    hb_fetched_done(&f);
    assert_int_equal(get("/busy", &l, &f), 0);
    assert_int_equal(f.status, 503);
    assert_string_equal(f.retry_after, "3600");
    hb_fetched_done(&f);
    assert_int_equal(get("/once", &l, &f), 0);
    assert_int_equal(f.status, 200);
    assert_int_equal(f.redirects, 1);
    assert_non_null(strstr(f.url, "/good"));
    assert_string_equal(f.next, "");
    hb_fetched_done(&f);
}

static void test_bounds(void **state)
{
    const struct hb_fetch_limits l = {
        .seconds = 60, .body = 100000, .headers = 20000, .redirects = 3};
    struct hb_fetched f;

    (void)state;
    assert_int_equal(get("/huge", &l, &f), 0);
    assert_true(f.cut);
    assert_int_equal(f.body.n, 100000);
    hb_fetched_done(&f);
    assert_int_equal(get("/headers", &l, &f), -EFBIG);
    hb_fetched_done(&f);
    assert_int_equal(get("/loop", &l, &f), -ELOOP);
    assert_int_equal(f.redirects, 3);
    hb_fetched_done(&f);
    assert_int_equal(get("/noise", &l, &f), -EPROTO);
    hb_fetched_done(&f);
    assert_int_equal(get("/short", &l, &f), -EPROTO);
    hb_fetched_done(&f);
}

static void test_time(void **state)
{
    const struct hb_fetch_limits l = {.seconds = 1};
    struct hb_fetched f;
    uint64_t began = hb_mono();

    (void)state;
    assert_int_equal(get("/slow", &l, &f), -ETIMEDOUT);
    hb_fetched_done(&f);
    assert_int_equal(get("/silent", &l, &f), -ETIMEDOUT);
    hb_fetched_done(&f);
    assert_true(hb_mono() - began >= 2 * HB_S - HB_S / 10);
    assert_true(hb_mono() - began < 50 * HB_S);
}

static void test_never_led_astray(void **state)
{
    const struct hb_fetch_limits l = {.seconds = 60, .redirects = 3};
    struct hb_fetched f;

    (void)state;
    assert_int_equal(get("/elsewhere", &l, &f), 0);
    assert_int_equal(f.status, 302);
    assert_string_equal(f.next, "http://127.0.0.9:1/x");
    assert_int_equal(f.redirects, 0);
    hb_fetched_done(&f);
    assert_int_equal(get("/file", &l, &f), 0);
    assert_int_equal(f.status, 302);
    assert_int_equal(f.body.n, 0);
    hb_fetched_done(&f);
}

static void test_addresses(void **state)
{
    static const char *const bad[] = {"",
                                      "file:///etc/passwd",
                                      "ftp://127.0.0.1/",
                                      "gopher://127.0.0.1:70/",
                                      "127.0.0.1",
                                      "http://",
                                      "/etc/passwd"};
    const struct hb_fetch_limits l = {.seconds = 5};
    struct hb_fetched f;
    char buf[64];

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct hb_err err = {0};

        assert_int_equal(hb_fetch(bad[i], &l, &f, &err), -EINVAL);
        hb_fetched_done(&f);
    }
    assert_int_equal(hb_url_host("HTTPS://Www.Example:8/a", buf, sizeof(buf)),
                     0);
    assert_string_equal(buf, "www.example");
    assert_int_equal(hb_url_host("http://a.example/", buf, 4), -EINVAL);
    assert_int_equal(hb_url_join("http://a/x", HB_SLICE("b c/\xe7\x81?.html"),
                                 buf, sizeof(buf)),
                     0);
    assert_string_equal(buf, "http://a/x/b%20c/%E7%81%3F.html");
    assert_int_equal(hb_url_join("http://a/?q#f", HB_SLICE(""), buf, 64), 0);
    assert_string_equal(buf, "http://a/");
    assert_int_equal(hb_url_join("http://a/", HB_SLICE("bbbb"), buf, 10),
                     -ENAMETOOLONG);
}

static void test_nobody_there(void **state)
{
    const struct hb_fetch_limits l = {.seconds = 20};
    struct hb_err err = {0};
    struct hb_fetched f;

    (void)state;
    assert_int_equal(hb_fetch("http://127.0.0.1:1/", &l, &f, &err),
                     -ECONNREFUSED);
    hb_fetched_done(&f);
    err = (struct hb_err){0};
    assert_int_equal(hb_fetch("http://no-such-name.invalid/", &l, &f, &err),
                     -ENOENT);
    hb_fetched_done(&f);
}

/* A server that speaks no TLS, or shows a certificate of its own making, is
 * not believed. */
static void test_certificate(void **state)
{
    const struct hb_fetch_limits l = {.seconds = 20};
    struct hb_err err = {0};
    struct hb_fetched f;
    char url[64];
    int r;

    (void)state;
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/noise", port);
    r = hb_fetch(url, &l, &f, &err);
    assert_true(r == -EKEYREJECTED || r == -EPROTO || r == -ETIMEDOUT);
    assert_int_equal(f.body.n, 0);
    hb_fetched_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_never_led_astray),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_certificate),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net/fetch", tests, start, stop);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS against real TLS servers: only a certificate that a visitor's browser
 * would accept is accepted, and its end of validity is told.
 */
#include "../tap.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/fetch.h"

enum { GOOD, EXPIRED, NAME, UNKNOWN, OLD, SILENT, PLAIN, KINDS };

static char dir[64], ca[80];
static int ports[KINDS], hold;
static pid_t child;

static int start(void **state)
{
    char path[512], line[128] = "", *at = line;
    int in[2], out[2];

    (void)state;
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-tls-XXXXXX");
    if (mkdtemp(dir) == NULL || pipe(in) < 0 || pipe(out) < 0)
        return -1;
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
    (void)snprintf(path, sizeof(path), "%s/net/tls_server.py", HB_TESTDIR);
    child = fork();
    if (child == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[0]);
        (void)close(in[1]);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)execlp("python3", "python3", path, dir, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    hold = in[1];
    for (size_t n = 0; n + 1 < sizeof(line); n++)
        if (read(out[0], line + n, 1) != 1 || line[n] == '\n')
            break;
    (void)close(out[0]);
    for (size_t i = 0; i < KINDS; i++)
        ports[i] = (int)strtol(at, &at, 10);
    return ports[PLAIN] > 0 ? 0 : -1;
}

static int stop(void **state)
{
    int st;

    (void)state;
    (void)close(hold);
    (void)waitpid(child, &st, 0);
    return hb_rmtree(AT_FDCWD, dir);
}

static struct hb_err err;

static int get(int kind, const char *path, const char *trusted,
               struct hb_fetched *f)
{
    const struct hb_fetch_limits l = {
        .seconds = kind == SILENT || hb_streq(path, "/mute") ? 1 : 30,
        .redirects = 3,
        .ca_file = trusted};
    char url[256];
    int r;

    err = (struct hb_err){0};
    (void)snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s",
                   kind == PLAIN ? "http" : "https", ports[kind], path);
    r = hb_fetch(url, &l, f, &err);
    assert_int_equal(r < 0, err.message[0] != '\0');
    return r;
}

static void test_good(void **state)
{
    struct hb_fetched f;
    int64_t days;

    assert_int_equal(get(GOOD, "/", ca, &f), 0);
    assert_int_equal(f.status, 200);
    assert_string_equal(hb_buf_z(&f.body), "hello");
    assert_true(f.has_cert);
    days = (f.cert_until - hb_now()) / (86400 * (int64_t)HB_S);
    assert_in_range(days, 18, 20);
    hb_fetched_done(&f);
}

/* Refused, and the reason is the one that a person can mend. */
static void test_refused(void **state)
{
    static const struct {
        int kind;
        const char *words;
    } rows[] = {
        {EXPIRED, "the certificate has expired"},
        {NAME, "the certificate is for another name"},
        {UNKNOWN, "the certificate is signed by nobody who is trusted here"},
        {OLD, "no TLS connection"},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        struct hb_fetched f;

        assert_int_equal(get(rows[i].kind, "/", ca, &f), -EKEYREJECTED);
        assert_int_equal(f.body.n, 0);
        print_message("# %s\n", err.message);
        assert_non_null(strstr(err.message, rows[i].words));
        hb_fetched_done(&f);
    }
}

/* Into TLS on the same host is followed, and judged like any other. */
static void test_up(void **state)
{
    struct hb_fetched f;

    assert_int_equal(get(PLAIN, "/up/good", ca, &f), 0);
    assert_int_equal(f.status, 200);
    assert_int_equal(f.redirects, 1);
    assert_int_equal(strncmp(f.url, "https://127.0.0.1:", 18), 0);
    assert_string_equal(hb_buf_z(&f.body), "hello");
    assert_true(f.has_cert);
    hb_fetched_done(&f);
    assert_int_equal(get(PLAIN, "/up/expired", ca, &f), -EKEYREJECTED);
    assert_non_null(strstr(err.message, "has expired"));
    assert_false(f.has_cert);
    hb_fetched_done(&f);
}

/* Accepts and never shakes hands; shakes hands and never answers. */
static void test_silent(void **state)
{
    uint64_t began = hb_mono();
    struct hb_fetched f;

    assert_int_equal(get(SILENT, "/", ca, &f), -ETIMEDOUT);
    assert_string_equal(err.message, "no answer in time");
    hb_fetched_done(&f);
    assert_int_equal(get(GOOD, "/mute", ca, &f), -ETIMEDOUT);
    assert_string_equal(err.message, "no answer in time");
    hb_fetched_done(&f);
    assert_true(hb_mono() - began < 50 * HB_S);
}

/* An authority counts only where it was named. */
static void test_not_named(void **state)
{
    struct hb_fetched f;

    assert_int_equal(get(GOOD, "/", NULL, &f), -EKEYREJECTED);
    hb_fetched_done(&f);
    assert_int_equal(get(GOOD, "/", "/nonexistent/ca.pem", &f), -EKEYREJECTED);
    assert_non_null(strstr(err.message, "/nonexistent/ca.pem"));
    hb_fetched_done(&f);
}

/* From https to http on the same host is followed nowhere silently. */
static void test_down(void **state)
{
    struct hb_fetched f;

    assert_int_equal(get(GOOD, "/away", ca, &f), 0);
    assert_int_equal(f.status, 302);
    assert_int_equal(f.redirects, 0);
    assert_string_equal(f.next, "http://127.0.0.1:1/");
    hb_fetched_done(&f);
}

/* An answer that ends too early is no answer. */
static void test_cut(void **state)
{
    struct hb_fetched f;

    assert_int_equal(get(GOOD, "/cut", ca, &f), -EPROTO);
    hb_fetched_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_named), cmocka_unit_test(test_down),
        cmocka_unit_test(test_up),        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_cut),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net/tls", tests, start, stop);
}

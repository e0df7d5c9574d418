/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of access logs: forms, and what visitors write into them.
 */
#include "../tap.h"

#include "base/clock.h"
#include "control/weblog.h"

#define AT (INT64_C(1795636204) * (int64_t)HB_S) /* 2026-11-25T19:50:04Z */
#define T  "26/Nov/2026:04:50:04 +0900"

static struct hb_arena *scratch;
static struct hb_weblog w;

static bool line(const char *z)
{
    if (scratch == NULL)
        scratch = hb_arena_new(0);
    hb_arena_reset(scratch);
    return hb_weblog_line(scratch, hb_slice_z(z), &w);
}

static void is(struct hb_slice got, const char *want)
{
    assert_int_equal(got.n, strlen(want));
    assert_memory_equal(got.p, want, got.n);
}

static void test_forms(void **state)
{
    static const struct {
        const char *line, *from, *method, *target, *status;
    } rows[] = {
        {"192.0.2.1 - - [" T "] \"GET /a?b HTTP/1.1\" 200 12 \"-\" \"x\"",
         "192.0.2.1", "GET", "/a?b", "200"},
        {"2001:db8::1 - hanako [" T "] \"POST / HTTP/2.0\" 403 0 \"\" \"\" 0.1 "
         "- more",
         "2001:db8::1", "POST", "/", "403"},
        {"www.example:443 192.0.2.1 - - [" T "] \"PUT /x HTTP/1.1\" 201 0",
         "192.0.2.1", "PUT", "/x", "201"},
        {"192.0.2.1 - - [" T "] www.example \"GET / HTTP/1.1\" 200 1",
         "192.0.2.1", "GET", "/", "200"},
        {"[" T "] 192.0.2.1 \"GET / HTTP/1.1\" 200 1", "192.0.2.1", "GET", "/",
         "200"},
        {"192.0.2.1 - - [2026-11-25T19:50:04+00:00] \"GET / HTTP/1.1\" 200",
         "192.0.2.1", "GET", "/", "200"},
        {"192.0.2.1 - - [1795636204.123] \"GET / HTTP/1.1\" 200", "192.0.2.1",
         "GET", "/", "200"},
        /* No HTTP at all, and an answer before there was a request. */
        {"192.0.2.1 - - [" T "] \"\\x16\\x03\\x01\" 400 150 \"-\" \"-\"",
         "192.0.2.1", "", "", "400"},
        {"192.0.2.1 - - [" T "] \"\" 400 0 \"-\" \"-\"", "192.0.2.1", "", "",
         "400"},
        {"192.0.2.1 - - [" T "] \"GET /a b HTTP/1.1\" 200 1", "192.0.2.1",
         "GET", "/a b", "200"},
        {"192.0.2.1 - - [" T "] \"GET /a\" 200 1", "192.0.2.1", "GET", "/a",
         "200"},
        {"192.0.2.1 - - [" T "] \"GET /cut", "192.0.2.1", "GET", "/cut", ""},
        {"192.0.2.1 - - [" T "] \"GET / HTTP/1.1\" 99999 1", "192.0.2.1", "GET",
         "/", ""},
        {"{\"time_iso8601\":\"2026-11-26T04:50:04+09:00\",\"remote_addr\":"
         "\"192.0.2.1\",\"request\":\"GET /a HTTP/1.1\",\"status\":200}",
         "192.0.2.1", "GET", "/a", "200"},
        {"{\"msec\":\"1795636204.001\",\"remote_addr\":\"192.0.2.1\","
         "\"request_method\":\"GET\",\"uri\":\"/a\",\"status\":\"200\"}",
         "192.0.2.1", "GET", "/a", "200"},
        {"{\"@timestamp\":\"2026-11-25T19:50:04Z\",\"client\":"
         "\"192.0.2.1\",\"verb\":\"GET\",\"url\":\"/a\",\"response\":200}",
         "192.0.2.1", "GET", "/a", "200"},
        {"{\"ts\":1795636204.5,\"client_ip\":\"192.0.2.1\",\"method\":\"GET\","
         "\"uri\":\"/a\"}",
         "192.0.2.1", "GET", "/a", ""},
        {"{\"time_local\":\"" T "\",\"remote_addr\":\"192.0.2.1\",\"request\":"
         "\"\\x16\\x00\",\"status\":400}",
         "192.0.2.1", "", "", "400"},
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        print_message("# %s\n", rows[i].line);
        assert_true(line(rows[i].line));
        assert_true(w.at == AT);
        is(w.from, rows[i].from);
        is(w.method, rows[i].method);
        is(w.target, rows[i].target);
        is(w.status, rows[i].status);
    }
}

/* What a visitor typed as a user or asked for is no time and no request. */
static void test_hostile(void **state)
{
    (void)state;
    assert_true(line("192.0.2.1 - a [01/Jan/2001:00:00:00 +0000] b [x] - ] [ "
                     "[" T "] \"GET / HTTP/1.1\" 200 1"));
    assert_true(w.at == AT);
    is(w.from, "192.0.2.1");
    assert_true(line("192.0.2.1 - - [" T "] \"GET /[01/Jan/2001:00:00:00 "
                     "+0000] \\x22POST /evil HTTP/1.1\" 200 1 \"[" T "] "
                     "\\\"POST /evil HTTP/1.1\\\"\" \"\""));
    assert_true(w.at == AT);
    is(w.method, "GET");
    assert_true(line("h - - - [" T "] \"GET / HTTP/1.1\" 200 1"));
    /* A host of IPv6 stands in brackets too. */
    assert_true(line("192.0.2.1 - - [" T "] [2001:db8::1] \"GET / HTTP/1.1\""));
    assert_true(w.at == AT);
}

/* Where the time stands in front, what a visitor calls himself or the host
 * stands behind it: no time is left out, and who it was stays the same. */
static void test_more_times(void **state)
{
    static const char *const rows[] = {
        "[" T "] 192.0.2.1 x [1000000000] \"GET / HTTP/1.1\" 200",
        "[" T "] 192.0.2.1 [1000000000] [4000000000] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - - [" T "] [1000000000] \"GET / HTTP/1.1\" 200",
        "[1000000000] 192.0.2.1 - - [" T "] \"GET / HTTP/1.1\" 200",
        "9.9.9.9[1000000000] 192.0.2.1 - x [" T "] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - [1000000000] [" T "] ] [ [x] \"GET / HTTP/1.1\" 200",
        "[" T "] www:[1000000000] 192.0.2.1 - - \"GET / HTTP/1.1\" 200",
    };
    _cleanup_buf_ struct hb_buf many = HB_BUF_INIT;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        int found = 0, n = 1;

        print_message("# %s\n", rows[i]);
        assert_true(line(rows[i]));
        is(w.from, "192.0.2.1");
        found += w.at == AT;
        for (; hb_weblog_again(&w); n++)
            found += w.at == AT;
        assert_int_equal(found, 1);
        assert_int_equal(n, i == 1 ? 3 : 2);
        is(w.from, "192.0.2.1");
        is(w.target, "/");
    }
    assert_true(line("192.0.2.1 - - [" T "] \"GET /[1000000000] HTTP/1.1\""));
    assert_false(hb_weblog_again(&w));
    hb_buf_addz(&many, "[" T "] 192.0.2.1 x");
    for (int i = 0; i < 500; i++)
        hb_buf_addz(&many, "[1000000000]");
    hb_buf_addz(&many, " \"GET / HTTP/1.1\"");
    assert_true(line(hb_buf_z(&many)));
    is(w.from, "192.0.2.1");
}

static void test_unread(void **state)
{
    static const char *const rows[] = {
        "",
        "x",
        "\"",
        "[",
        "[]\"\"",
        "192.0.2.1 GET / 200",
        "192.0.2.1 - - [31/Foo/2026:04:50:04 +0900] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - - [00/Nov/2026:04:50:04 +0900] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - - [26/Nov/2026:24:50:04 +0900] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - - [26/Nov/2026:04:50:04 +9900] \"GET / HTTP/1.1\" 200",
        "192.0.2.1 - - " T " \"GET / HTTP/1.1\" 200",
        "{",
        "{}",
        "{\"time_iso8601\":\"2026-11-26T04:50:04+09:00\"}",
        "{\"time_iso8601\":\"yesterday\",\"request\":\"GET /\"}",
        "{\"request\":\"GET / HTTP/1.1\",\"status\":200}",
        "{\"time\":1795636204,\"request\":\"GET /\"} x",
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        print_message("# %s\n", rows[i]);
        assert_false(line(rows[i]));
    }
}

static void test_path(void **state)
{
    static const struct {
        const char *target, *path;
        bool query;
    } rows[] = {
        {"/", "", false},
        {"", "", false},
        {"/a/b.php?c=/d", "a/b.php", true},
        {"//a///b/./c/../d", "a/b/d", false},
        {"/../../a", "a", false},
        {"/a/..", "", false},
        {"/a/b/..", "a", false},
        {"/a/b/../", "a", false},
        {"/%61%2fb%2F%2e%2e%2fc", "a/c", false},
        {"/a%3fb?", "a?b", true},
        {"/%zz%4", "%zz%4", false},
        {"/a%00b", "a", false},
        {"http://www.example/a?b", "a", true},
        {"http://www.example", "", false},
        {"/...", "...", false},
        {"*", "*", false},
        {"/x/%2e", "x", false},
    };
    char buf[64], tiny[4];
    bool query;

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++) {
        print_message("# %s\n", rows[i].target);
        (void)hb_weblog_path(hb_slice_z(rows[i].target), buf, sizeof(buf),
                             &query);
        assert_string_equal(buf, rows[i].path);
        assert_int_equal(query, rows[i].query);
    }
    assert_int_equal(
        hb_weblog_path(hb_slice_z("/abcdef"), tiny, sizeof(tiny), &query), 3);
    assert_string_equal(tiny, "abc");
}

static int drop(void **state)
{
    (void)state;
    hb_arena_free(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),      cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_more_times), cmocka_unit_test(test_unread),
        cmocka_unit_test(test_path),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control/weblog", tests, NULL, drop);
}

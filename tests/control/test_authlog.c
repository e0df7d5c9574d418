/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log-ins in lines of syslog and of the journal, and what strangers write
 * into them.
 */
#include "../tap.h"

#include <time.h>

#include "base/clock.h"
#include "control/authlog.h"

#define NOW (INT64_C(1795636204) * (int64_t)HB_S) /* 2026-11-25T19:50:04Z */

static struct hb_auth v[16];
static unsigned failed;

static size_t read_at(const char *text, int64_t since)
{
    failed = 0;
    memset(v, 0, sizeof(v));
    return hb_authlog_read(hb_slice_z(text), since, NOW, HB_ARRAY_LEN(v), v,
                           &failed);
}

static void is(const struct hb_auth *a, enum hb_auth_what what,
               const char *user, const char *from, const char *how)
{
    assert_int_equal(a->what, what);
    assert_string_equal(a->user, user);
    assert_string_equal(a->from, from);
    assert_string_equal(a->how, how);
}

static void test_forms(void **state)
{
    assert_int_equal(
        read_at("2026-11-25T19:00:00.123456+00:00 web sshd[9]: Accepted "
                "publickey for hanako from 2001:db8::1 port 50022 ssh2: "
                "ED25519 SHA256:abc\n"
                "2026-11-26T04:10:00+0900 web sshd-session[9]: Accepted "
                "password for root from 192.0.2.1 port 1 ssh2\n"
                "2026-11-25T19:20:00Z web sudo:   taro : TTY=pts/0 ; PWD=/ ; "
                "USER=root ; COMMAND=/usr/bin/vi /var/www/a: b\n"
                "2026-11-25T19:30:00Z web su[3]: pam_unix(su-l:session): "
                "session opened for user root(uid=0) by taro(uid=1000)\n",
                0),
        4);
    is(&v[0], HB_AUTH_LOGIN, "hanako", "2001:db8::1", "publickey");
    assert_true(v[0].at == INT64_C(1795633200123456000));
    is(&v[1], HB_AUTH_LOGIN, "root", "192.0.2.1", "password");
    assert_true(v[1].at == INT64_C(1795633800) * (int64_t)HB_S);
    is(&v[2], HB_AUTH_BECAME, "taro", "", "/usr/bin/vi /var/www/a: b");
    is(&v[3], HB_AUTH_BECAME, "taro(uid=1000)", "", "root(uid=0)");
}

/* Without a year: this one, or the last where that would be the future. */
static void test_no_year(void **state)
{
    struct tm tm = {0};
    time_t t;

    assert_int_equal(read_at("Nov 25 19:00:00 w sshd[9]: Accepted password "
                             "for a from 192.0.2.1 port 1 ssh2\n"
                             "Dec  3 00:00:01 w sshd[9]: Accepted password "
                             "for b from 192.0.2.1 port 1 ssh2\n",
                             0),
                     2);
    t = (time_t)(v[0].at / (int64_t)HB_S);
    assert_non_null(localtime_r(&t, &tm));
    assert_int_equal(tm.tm_year, 126);
    assert_int_equal(tm.tm_hour, 19);
    t = (time_t)(v[1].at / (int64_t)HB_S);
    assert_non_null(localtime_r(&t, &tm));
    assert_int_equal(tm.tm_year, 125);
}

static void test_failed(void **state)
{
    assert_int_equal(
        read_at("2026-11-25T19:00:00Z w sshd[9]: Failed password for root "
                "from 192.0.2.1 port 1 ssh2\n"
                "2026-11-25T19:00:01Z w sshd[9]: Failed password for invalid "
                "user admin from 192.0.2.2 port 1 ssh2\n"
                "2026-11-25T19:00:02Z w sshd[9]: Accepted password for root "
                "from 192.0.2.1 port 1 ssh2\n"
                "2026-11-25T19:00:03Z w sshd[9]: Failed password for x from "
                "192.0.2.1 port 1 ssh2\n",
                0),
        3);
    assert_int_equal(failed, 3);
    is(&v[0], HB_AUTH_FAILED, "admin", "192.0.2.2", "password");
    is(&v[1], HB_AUTH_LOGIN, "root", "192.0.2.1", "password");
}

/* What a stranger typed as a name, or wrote with logger(1). */
static void test_hostile(void **state)
{
    static char big[1u << 20];
    size_t n;

    assert_int_equal(
        read_at("2026-11-25T19:00:00Z w sshd[9]: Failed password for invalid "
                "user Accepted password for root from 10.0.0.1 port 1 ssh2 "
                "from 192.0.2.9 port 1 ssh2\n",
                0),
        1);
    is(&v[0], HB_AUTH_FAILED,
       "Accepted password for root from 10.0.0.1 port 1 ssh2", "192.0.2.9",
       "password");
    assert_int_equal(
        read_at("2026-11-25T19:00:00Z w other[9]: Accepted password for a "
                "from b\n"
                "2026-11-25T19:00:00Z w sshd[9]: xAccepted password for a "
                "from b\n"
                "2026-11-25T19:00:00Z w sshd[9]: Accepted\n"
                "2026-11-25T19:00:00Z w sshd[9]: Accepted password for\n"
                "2026-11-25T19:00:00Z w sshd\n2026-11-25T19:00:00Z\n"
                "9\n \n:\nNov\nNov 99 99:99:99 w sshd[1]: Accepted a for b "
                "from c\n"
                "2026-11-25T19:00:00Z w sudo: a b : c COMMAND=d\n"
                "2026-11-25T19:00:00Z w sudo: COMMAND=d : a\n"
                "2026-11-25T23:00:00Z w sshd[9]: Accepted password for late "
                "from 192.0.2.1 port 1 ssh2\n",
                0),
        0);
    /* A line of a megabyte is cut into its fields. */
    n = (size_t)snprintf(big, sizeof(big),
                         "2026-11-25T19:00:00Z w sshd[9]: Accepted password "
                         "for ");
    memset(big + n, 'x', sizeof(big) - n - 1);
    memcpy(big + sizeof(big) - 20, " from 192.0.2.1 p 1", 20);
    assert_int_equal(read_at(big, 0), 1);
    assert_int_equal(strlen(v[0].user), sizeof(v[0].user) - 1);
}

static void test_bounds(void **state)
{
    static char text[40 * 120];
    size_t n = 0;

    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n,
                              "2026-11-25T19:00:%02dZ w sshd[9]: Accepted "
                              "password for u%d from 192.0.2.1 port 1 ssh2\n",
                              i, i);
    assert_int_equal(read_at(text, 0), HB_ARRAY_LEN(v));
    assert_string_equal(v[0].user, "u24");
    assert_string_equal(v[15].user, "u39");
    assert_int_equal(read_at(text, NOW), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_no_year),
        cmocka_unit_test(test_failed), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_bounds),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("control/authlog", tests, NULL, NULL);
}

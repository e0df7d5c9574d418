/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may stand in a mail's headers, and relays: that are not there, that
 * offer no encryption, that show a wrong certificate.  The relays listen on
 * loopback; named 0.0.0.0 they are another machine to the code under test.
 */
#include "../tap.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/mail.h"

/* As smtp_server.py prints their ports. */
enum { PLAIN, STARTTLS, UNKNOWN, SMTPS, AUTH, LOGIN, CLEARAUTH, KINDS };
static const char *const kinds[] = {"plain", "starttls", "unknown",  "smtps",
                                    "auth",  "login",    "clearauth"};

static char dir[64], ca[80];
static int ports[KINDS], hold;
static pid_t child;

static int start(void **state)
{
    char path[512], line[128] = "", *at = line;
    int in[2], out[2];

    (void)snprintf(dir, sizeof(dir), "/tmp/hb-test-mail-XXXXXX");
    if (mkdtemp(dir) == NULL || pipe(in) < 0 || pipe(out) < 0)
        return -1;
    (void)snprintf(ca, sizeof(ca), "%s/ca.pem", dir);
    (void)snprintf(path, sizeof(path), "%s/net/smtp_server.py", HB_TESTDIR);
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
    return ports[KINDS - 1] > 0 ? 0 : -1;
}

static int stop(void **state)
{
    int st;

    (void)close(hold);
    (void)waitpid(child, &st, 0);
    return hb_rmtree(AT_FDCWD, dir);
}

/* DIR/KIND.ENDING, "" where there is none; to be freed. */
static char *told(int kind, const char *ending)
{
    char path[128];
    struct hb_slice text = {0};
    struct hb_arena *a = hb_arena_new(0);
    char *z;

    assert_non_null(a);
    (void)snprintf(path, sizeof(path), "%s/%s.%s", dir, kinds[kind], ending);
    if (hb_file_read(a, path, 1u << 20, &text) < 0)
        text = hb_slice("", 0);
    z = strndup(text.p, text.n);
    assert_non_null(z);
    hb_arena_free(a);
    (void)unlink(path);
    return z;
}

static char said[HB_MAX_ERR]; /* of the last mail, why it was not sent */

static int send_mail(struct hb_mail *m)
{
    struct hb_err err = {0};
    int r;

    m->from = m->from != NULL ? m->from : "hinoban@localhost";
    m->to = "officer@example.jp";
    m->subject = m->subject != NULL ? m->subject : "x";
    if (m->text.p == NULL)
        m->text = HB_SLICE("hello\n");
    m->time = hb_now();
    m->seconds = 30;
    r = hb_mail_send(m, &err);
    assert_int_equal(r < 0, err.message[0] != '\0');
    (void)snprintf(said, sizeof(said), "%s", err.message);
    return r;
}

static int send_by(const char *relay, const char *from, const char *subject)
{
    struct hb_mail m = {.relay = relay, .from = from, .subject = subject};

    return send_mail(&m);
}

static void test_refused(void **state)
{
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a@b", "x"), -ECONNREFUSED);
    assert_string_equal(said, "nobody answers at this address");
    assert_int_equal(send_by("file:///etc/passwd", "a@b", "x"), -EINVAL);
    assert_int_equal(send_by("http://127.0.0.1:1", "a@b", "x"), -EINVAL);
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a", "x"), -EINVAL);
    assert_int_equal(send_by("smtp://127.0.0.1:1", "a@b", "x\nBcc: c@d"),
                     -EINVAL);
    assert_int_equal(send_by("smtp://u:p@127.0.0.1:1", "a@b", "x"), -EINVAL);
    assert_int_equal(send_by("smtp://", "a@b", "x"), -EINVAL);
}

/* To relay KIND under the name HOST. */
static int send_to(const char *scheme, const char *host, int kind, bool plain)
{
    char relay[128];
    struct hb_mail m = {.relay = relay, .ca_file = ca, .plain = plain};

    (void)snprintf(relay, sizeof(relay), "%s://%s:%d", scheme, host,
                   ports[kind]);
    return send_mail(&m);
}

static void test_loopback(void **state)
{
    static const struct {
        const char *relay;
        bool yes;
    } cases[] = {
        {"smtp://127.0.0.1:25", true},
        {"smtp://127.1.2.3", true},
        {"smtp://[::1]:25", true},
        {"smtp://localhost:25", true},
        {"smtp://LOCALHOST", true},
        {"smtp://0.0.0.0", false},
        {"smtp://localhost.evil", false},
        {"smtp://127.evil.test", false},
        {"smtp://127.0.0.1.evil", false},
        {"smtp://[::2]", false},
        {"smtp://[::ffff:1.2.3.4]", false},
        {"smtp://mail.example.jp", false},
        {"smtp://1270.0.0.1", false},
        {"nonsense", false},
        {"", false},
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(cases); i++)
        if (hb_mail_loopback(cases[i].relay) != cases[i].yes)
            fail_msg("%s", cases[i].relay);
}

/* What an attacker in the path makes of any relay: one that offers no TLS.
 * Not a word of the mail may leave. */
static void test_no_encryption(void **state)
{
    char *log;

    assert_int_equal(send_to("smtp", "0.0.0.0", PLAIN, false), -EKEYREJECTED);
    log = told(PLAIN, "log");
    assert_non_null(strstr(log, "EHLO"));
    assert_null(strstr(log, "MAIL"));
    free(log);
    /* To this machine itself nobody stands in between ... */
    assert_int_equal(send_to("smtp", "127.0.0.1", PLAIN, false), 0);
    /* ... and somebody may have said that it does not matter. */
    assert_int_equal(send_to("smtp", "0.0.0.0", PLAIN, true), 0);
}

static void test_encryption(void **state)
{
    char *log;

    assert_int_equal(send_to("smtp", "0.0.0.0", STARTTLS, false), 0);
    log = told(STARTTLS, "log");
    assert_non_null(strstr(log, "TLS MAIL FROM:<hinoban@localhost>"));
    assert_null(strstr(log, "\nMAIL"));
    free(log);
    assert_int_equal(send_to("smtps", "0.0.0.0", SMTPS, false), 0);
    log = told(SMTPS, "log");
    assert_non_null(strstr(log, "TLS MAIL"));
    free(log);
    /* A certificate that nobody vouches for, and one of another name. */
    assert_int_equal(send_to("smtp", "0.0.0.0", UNKNOWN, false), -EKEYREJECTED);
    assert_string_equal(said, "the certificate is signed by nobody who is "
                              "trusted here (mail_ca)");
    log = told(UNKNOWN, "log");
    assert_null(strstr(log, "MAIL"));
    free(log);
    /* One that wants a password first. */
    assert_true(send_to("smtp", "0.0.0.0", AUTH, false) < 0);
    assert_string_equal(said, "the mail server refused the mail (its answer "
                              "was 530)");
    free(told(AUTH, "log"));
    assert_int_equal(send_to("smtps", "127.0.0.2", SMTPS, false),
                     -ECONNREFUSED);
    /* smtps:// is always encrypted, whatever else was said. */
    assert_true(send_to("smtps", "127.0.0.1", PLAIN, true) < 0);
    free(told(PLAIN, "log"));
}

/* To relay KIND with a name and a password; libcurl's tries are in LOG. */
static int login_to(const char *scheme, const char *host, int kind,
                    const char *password, char **log)
{
    char relay[128];
    struct hb_mail m = {
        .relay = relay, .ca_file = ca, .user = "hinoban", .password = password};
    int r;

    (void)snprintf(relay, sizeof(relay), "%s://%s:%d", scheme, host,
                   ports[kind]);
    free(told(kind, "log"));
    r = send_mail(&m);
    *log = told(kind, "log");
    return r;
}

#define PASSWORD "päss wort" /* as smtp_server.py wants it */

static void test_login(void **state)
{
    static const int kinds_that_take[] = {AUTH, LOGIN};
    char *log;

    for (size_t i = 0; i < HB_ARRAY_LEN(kinds_that_take); i++) {
        assert_int_equal(
            login_to("smtp", "0.0.0.0", kinds_that_take[i], PASSWORD, &log), 0);
        assert_non_null(strstr(log, "TLS AUTH "));
        assert_non_null(strstr(log, "TLS MAIL "));
        free(log);
        assert_int_equal(
            login_to("smtp", "127.0.0.1", kinds_that_take[i], "wrong", &log),
            -EACCES);
        assert_null(strstr(log, "MAIL"));
        free(log);
    }
    assert_int_equal(send_to("smtp", "127.0.0.1", AUTH, false), -EACCES);
}

/* A password never leaves without TLS, whatever the relay says, whoever it
 * is, whatever was allowed for mails. */
static void test_no_password_in_clear(void **state)
{
    static const char *const hosts[] = {"0.0.0.0", "127.0.0.1"};
    char *log;

    for (size_t i = 0; i < HB_ARRAY_LEN(hosts); i++) {
        char relay[128];
        struct hb_mail m = {.relay = relay,
                            .ca_file = ca,
                            .user = "hinoban",
                            .password = PASSWORD,
                            .plain = true};

        assert_int_equal(login_to("smtp", hosts[i], CLEARAUTH, PASSWORD, &log),
                         -EKEYREJECTED);
        assert_non_null(strstr(log, "EHLO"));
        assert_null(strstr(log, "AUTH"));
        free(log);
        (void)snprintf(relay, sizeof(relay), "smtp://%s:%d", hosts[i],
                       ports[CLEARAUTH]);
        assert_int_equal(send_mail(&m), -EKEYREJECTED);
        log = told(CLEARAUTH, "log");
        assert_null(strstr(log, "AUTH"));
        free(log);
        assert_int_equal(login_to("smtp", hosts[i], UNKNOWN, PASSWORD, &log),
                         -EKEYREJECTED);
        assert_null(strstr(log, "AUTH"));
        free(log);
    }
}

/* 7 bits and short lines whatever is said, so that no relay re-encodes it;
 * box/anchor.py reads such a mail with a mail program's eyes. */
static void test_form(void **state)
{
    char relay[64];
    struct hb_mail m = {
        .relay = relay,
        .subject = "火の番: 証拠のチェックポイント",
        .text = HB_SLICE("火の見町の証拠のチェックポイントです。このメールを"
                         "保管してください。\n.\n"),
        .lines = HB_SLICE("hinoban-checkpoint: 1\nhinoban-checkpoint: x==\n"),
        .lines_name = "checkpoint.txt",
    };
    size_t column = 0;
    char *mail;

    (void)snprintf(relay, sizeof(relay), "smtp://127.0.0.1:%d", ports[PLAIN]);
    assert_int_equal(send_mail(&m), 0);
    mail = told(PLAIN, "mail");
    for (const char *z = mail; *z != '\0'; z++) {
        column = *z == '\n' ? 0 : column + (*z != '\r');
        assert_true(column <= 78 && (unsigned char)*z < 0x80);
    }
    assert_non_null(strstr(mail, "Content-Transfer-Encoding: "
                                 "quoted-printable\r\n"));
    assert_non_null(strstr(mail, "\r\nhinoban-checkpoint: 1\r\n"
                                 "hinoban-checkpoint: x==\r\n"));
    assert_null(strstr(mail, "8bit"));
    free(mail);
    /* Without a second part it is a plain mail. */
    m.lines = (struct hb_slice){0};
    m.text = HB_SLICE("good morning\n");
    assert_int_equal(send_mail(&m), 0);
    mail = told(PLAIN, "mail");
    assert_null(strstr(mail, "multipart"));
    assert_non_null(strstr(mail, "7bit\r\n\r\ngood morning\r\n"));
    free(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_no_encryption),
        cmocka_unit_test(test_encryption),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_no_password_in_clear),
        cmocka_unit_test(test_form),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("net/mail", tests, start, stop);
}

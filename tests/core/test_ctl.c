/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ctl.c - ctl.sock from its far end: nonsense, too much, too slow, too
 * many, and who may do what, by real accounts of the kernel.
 */
#include "core/box.h"

#include "core/cmd.h"

#include <poll.h>

#include "base/json.h"

static int dial(void)
{
    int fd;

    assert_int_equal(hb_sock_connect(ctl_path, SOCK_STREAM, &fd), 0);
    return fd;
}

/* Sends TEXT and turns the loop until the answer stands in BUF; its length. */
static size_t answer_to(const char *text, size_t n, char *buf, size_t size)
{
    int fd = dial();
    size_t sent = 0, got = 0;
    ssize_t k = 1;

    for (int i = 0; i < 2000 && k != 0; i++) {
        if (sent < n) {
            k = send(fd, text + sent, n - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (k > 0)
                sent += (size_t)k;
            else if (k < 0 && errno != EAGAIN)
                n = sent;
        }
        turn(1);
        k = recv(fd, buf + got, size - 1 - got, MSG_DONTWAIT);
        if (k > 0)
            got += (size_t)k;
        else if (k < 0 && errno != EAGAIN)
            break;
        else if (k < 0)
            k = 1;
    }
    (void)close(fd);
    buf[got] = '\0';
    return got;
}

static int code_of(const char *request)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    static char buf[1u << 20];
    struct hb_json *o;
    size_t n = answer_to(request, strlen(request), buf, sizeof(buf));

    assert_true(n > 0);
    assert_int_equal(buf[n - 1], '\n');
    assert_int_equal(hb_json_parse(a, hb_slice(buf, n - 1), &o, NULL), 0);
    if (hb_json_bool(o, "ok", false))
        return 0;
    assert_true(hb_json_str(o, "error", "")[0] != '\0');
    return (int)hb_json_int(o, "code", 0);
}

static void test_nonsense(void **state)
{
    static const char *const bad[] = {
        "\n",
        "{\n",
        "[]\n",
        "7\n",
        "{\"v\":1}\n",
        "{\"v\":2,\"cmd\":\"status\"}\n",
        "{\"cmd\":\"status\"}\n",
        "{\"v\":1,\"cmd\":7}\n",
        "{\"v\":1,\"cmd\":\"no.such\"}\n",
        "{\"v\":1,\"cmd\":\"incident.list\",\"args\":[]}\n",
        "{\"v\":1,\"cmd\":\"incident.list\",\"args\":\"x\"}\n",
        "{\"v\":1,\"v\":1,\"cmd\":\"incident.list\"}\n",
        "\xff\xfe\n",
        "{\"v\":1,\"cmd\":\"event.list\",\"args\":{\"limit\":-1}}\n",
        "{\"v\":1,\"cmd\":\"incident.show\",\"args\":{\"id\":-9}}\n",
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        if (code_of(bad[i]) >= 0)
            fail_msg("taken: %s", bad[i]);
    if (getuid() == 0)
        assert_int_equal(code_of("{\"v\":1,\"cmd\":\"incident.list\"}\n"), 0);
}

static void test_too_long(void **state)
{
    size_t n = 2u << 20;
    char *text = malloc(n), buf[4096];

    assert_non_null(text);
    memset(text, ' ', n);
    /* Without a line's end: the answer says why, and core goes on. */
    (void)answer_to(text, n, buf, sizeof(buf));
    if (buf[0] != '\0')
        assert_non_null(strstr(buf, "too long"));
    free(text);
    assert_true(code_of("{}\n") < 0);
}

/* Whoever goes away in the middle of anything. */
static void test_gone(void **state)
{
    for (size_t n = 0; n < 20; n++) {
        int fd = dial();

        (void)!send(fd, "{\"v\":1,\"cmd\":\"status\"}\n", n, MSG_NOSIGNAL);
        turn(1);
        (void)close(fd);
        turn(1);
    }
    assert_true(code_of("{}\n") < 0);
}

static bool closed(int fd)
{
    char c;

    return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void test_crowd(void **state)
{
    int fds[80];
    size_t open = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(fds); i++) {
        fds[i] = dial();
        turn(1);
    }
    /* The newest stay, the oldest of this account went. */
    for (size_t i = 0; i < HB_ARRAY_LEN(fds); i++)
        open += !closed(fds[i]);
    assert_true(open <= 64 && open >= 60);
    assert_true(closed(fds[0]));
    assert_false(closed(fds[HB_ARRAY_LEN(fds) - 1]));
    assert_true(code_of("{}\n") < 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(fds); i++)
        (void)close(fds[i]);
}

static void test_slow(void **state)
{
    int fd = dial();
    uint64_t until = hb_mono() + 30 * HB_S;

    assert_int_equal(send(fd, "{", 1, 0), 1);
    while (!closed(fd) && hb_mono() < until)
        assert_true(hb_loop_turn(core.loop, 200) >= 0);
    assert_true(closed(fd));
    (void)close(fd);
}

/* ---- who may what ---- */

/* Exit status of the child: 0 passed the gate, 1 refused by it, 2 else. */
static int child_asks(uid_t uid, const char *cmd)
{
    char buf[4096], text[200];
    size_t got = 0;
    ssize_t n;
    int fd;

    if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0 ||
        hb_sock_connect(ctl_path, SOCK_STREAM, &fd) < 0)
        return 2;
    n = snprintf(text, sizeof(text), "{\"v\":1,\"cmd\":\"%s\"}\n", cmd);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        return 2;
    while (got < sizeof(buf) - 1 &&
           (n = read(fd, buf + got, sizeof(buf) - 1 - got)) > 0)
        got += (size_t)n;
    buf[got] = '\0';
    if (got == 0)
        return 2;
    return strstr(buf, "root is nobody") != NULL ||
                   strstr(buf, "may not do this") != NULL
               ? 1
               : 0;
}

static int ask_as(uid_t uid, const char *cmd)
{
    pid_t pid = fork();
    int status = 0;

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child_asks(uid, cmd));
    for (int i = 0; i < 5000 && waitpid(pid, &status, WNOHANG) == 0; i++)
        turn(1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void walk(const struct hb_core_cmd *table)
{
    static const struct {
        const char *who;
        uid_t uid;
        unsigned may; /* bits 1 << enum hb_core_need */
    } people[] = {
        {"unknown", NOBODY_UID, 1u << HB_NEED_NOTHING},
        {"root", 0,
         1u << HB_NEED_NOTHING | 1u << HB_NEED_READ | 1u << HB_NEED_ROOT},
        {"staff", STAFF_UID,
         1u << HB_NEED_NOTHING | 1u << HB_NEED_READ | 1u << HB_NEED_PERSON},
        {"officer", OFFICER_UID,
         1u << HB_NEED_NOTHING | 1u << HB_NEED_READ | 1u << HB_NEED_PERSON |
             1u << HB_NEED_OFFICER},
    };

    for (; table->name != NULL; table++)
        for (size_t i = 0; i < HB_ARRAY_LEN(people); i++) {
            bool may = (people[i].may >> table->need & 1) != 0;
            int got = ask_as(people[i].uid, table->name);

            if (got != (may ? 0 : 1))
                fail_msg("%s by %s: %d", table->name, people[i].who, got);
        }
}

static void test_who_may_what(void **state)
{
    if (getuid() != 0)
        skip();
    walk(hb_core_cmds_read);
    walk(hb_core_cmds_work);
    walk(hb_core_cmds_admin);
    walk(hb_core_cmds_fact);
    walk(hb_core_cmds_circle);
    walk(hb_core_cmds_clock);
    walk(hb_core_cmds_metrics);
}

/* Who is set inactive is nobody from that moment on. */
static void test_inactive(void **state)
{
    struct hb_person p;

    if (getuid() != 0)
        skip();
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_int_equal(ask_as(OFFICER_UID, "incident.list"), 0);
    assert_int_equal(hb_person_by_name(&core.state, a, "sato", &p), 0);
    assert_int_equal(hb_person_set_active(&core.state, p.id, false), 0);
    assert_int_equal(ask_as(OFFICER_UID, "incident.list"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_nonsense), BOXED(test_too_long), BOXED(test_gone),
        BOXED(test_crowd),    BOXED(test_slow),     BOXED(test_who_may_what),
        BOXED(test_inactive),
    };

    return hb_tap_run("core/ctl", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus.c - event.sock from its far end: bad frames, unreadable events,
 * floods, the same again, a store that refuses, commands and their answers.
 */
#include "core/box.h"

static int dial(void)
{
    int fd;

    assert_int_equal(hb_sock_connect(event_path, SOCK_SEQPACKET, &fd), 0);
    turn(1);
    return fd;
}

static void put_frame(int fd, uint64_t seq, const char *json, size_t n)
{
    static uint8_t buf[HB_MAX_FRAME];

    /* The header of an acknowledgement, of the kind of an event. */
    assert_int_equal(hb_bus_ack_encode(seq, buf), 10);
    buf[1] = HB_BUS_EVENT;
    memcpy(buf + 10, json, n);
    assert_true(hb_sock_send(fd, buf, 10 + n, NULL, 0) >= 0);
}

static void put_event(int fd, uint64_t seq, const struct hb_event *e)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    assert_int_equal(hb_event_encode(&b, e), 0);
    put_frame(fd, seq, b.p, b.n);
}

/* The highest sequence that was acknowledged; 0 none, -1 closed. */
static int64_t acknowledged(int fd)
{
    int64_t best = 0;

    for (;;) {
        enum hb_bus_kind kind;
        struct hb_slice json;
        uint64_t seq;
        uint8_t buf[HB_BUS_COMMAND_MAX];
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

        if (n < 0)
            return errno == EAGAIN ? best : -1;
        if (n == 0)
            return -1;
        assert_int_equal(
            hb_bus_frame_decode(buf, (size_t)n, &kind, &seq, &json), 0);
        if (kind == HB_BUS_ACK)
            best = HB_MAX(best, (int64_t)seq);
    }
}

static void test_bad_frame_ends_only_its_own(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int bad = dial(), good = dial();

    assert_true(send(bad, "nonsense", 8, 0) == 8);
    turn(2);
    assert_int_equal(acknowledged(bad), -1);
    put_event(good, 1, tampered(a, "/w/a", "restored"));
    turn(2);
    assert_int_equal(acknowledged(good), 1);
    (void)close(bad);
    (void)close(good);
}

static void test_unreadable(void **state)
{
    int fd = dial();
    char frame[64];

    /* More than a batch has places for, at once. */
    for (uint64_t i = 1; i <= 700; i++) {
        int n = snprintf(frame, sizeof(frame), "{\"no\":\"event\"}");

        put_frame(fd, i, frame, (size_t)n);
        if (i % 100 == 0)
            turn(1);
    }
    turn(20);
    assert_int_equal(acknowledged(fd), 700);
    assert_string_equal(core.parts[0].name, "core");
    assert_string_equal(core.parts[0].status, "refused");
    (void)close(fd);
}

static void test_places_for_refused(void **state)
{
    int fd = dial(), size = 8 << 20;
    uint64_t i = 0;
    uint8_t buf[16];

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    assert_int_equal(hb_bus_ack_encode(1, buf), 10);
    buf[1] = HB_BUS_EVENT;
    memcpy(buf + 10, "{}", 2);
    /* As many as the kernel takes before core looks even once. */
    while (i < 2000 && send(fd, buf, 12, MSG_DONTWAIT) == 12)
        i++;
    turn(20);
    assert_int_equal(acknowledged(fd), 1);
    (void)close(fd);
}

static void test_same_twice(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e = tampered(a, "/w/a", "restored");
    int fd = dial();

    put_event(fd, 1, e);
    turn(3);
    put_event(fd, 2, e);
    put_event(fd, 3, e);
    turn(3);
    assert_int_equal(acknowledged(fd), 3);
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 1);
    assert_int_equal(box_number("SELECT findings FROM incident"), 1);
    assert_int_equal(box_number("SELECT count(*) FROM timeline"
                                " WHERE kind = 'file.changed'"),
                     1);
    assert_int_equal(box_number("SELECT n FROM tally"
                                " WHERE name = 'restored'"),
                     1);
    (void)close(fd);
}

static void test_thousand(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[64];
    int fd = dial();

    for (uint64_t i = 1; i <= 1000; i++) {
        (void)snprintf(path, sizeof(path), "/w/%llu", (unsigned long long)i);
        put_event(fd, i, tampered(a, path, "restored"));
        if (i % 64 == 0)
            turn(1);
    }
    turn(20);
    assert_int_equal(acknowledged(fd), 1000);
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 1);
    assert_int_equal(box_number("SELECT findings FROM incident"), 1000);
    assert_int_equal(box_number("SELECT count(*) FROM run"), 1);
    assert_true(box_number("SELECT count(*) FROM timeline"
                           " WHERE kind LIKE 'file.%'") <=
                HB_CORE_TOLD_MAX + 1);
    assert_int_equal(box_number("SELECT n FROM tally"
                                " WHERE name = 'restored'"),
                     1000);
    (void)close(fd);
}

/* 20,000 events through the real sender; none is lost, none is an incident. */
static void test_flood(void **state)
{
    struct hb_bus *bus;
    uint64_t until = hb_mono() + 120 * HB_S;

    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/test", 64u << 20, &bus), 0);
    for (int i = 0; i < 20000; i++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        struct hb_event *e =
            hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, "sense/test");

        assert_int_equal(hb_event_strz(e, HB_F_STATUS, "ready"), 0);
        assert_int_equal(hb_bus_send(bus, e), 0);
    }
    while (hb_bus_unacknowledged(bus) > 0 && hb_mono() < until)
        turn(1);
    assert_int_equal(hb_bus_unacknowledged(bus), 0);
    assert_int_equal(core.events_taken, 20000);
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 0);
    hb_bus_free(bus);
}

/* The state store refuses: nothing is acknowledged, then or later by an
 * acknowledgement of what follows; the sender sends again. */
static void test_store_refuses(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    uint64_t until = hb_mono() + 60 * HB_S;
    struct hb_bus *bus;
    int fd = dial();

    assert_int_equal(
        hb_db_exec(core.state.db, "ALTER TABLE finding RENAME TO away", ""), 0);
    put_event(fd, 7, tampered(a, "/w/a", "restored"));
    turn(3);
    assert_int_equal(acknowledged(fd), -1);
    assert_true(core.degraded);
    assert_true(core.trouble[0] != '\0');
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 0);
    (void)close(fd);
    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/files", 1u << 20, &bus), 0);
    assert_int_equal(hb_bus_send(bus, tampered(a, "/w/b", "restored")), 0);
    turn(20);
    assert_int_equal(hb_bus_unacknowledged(bus), 1);
    assert_int_equal(
        hb_db_exec(core.state.db, "ALTER TABLE away RENAME TO finding", ""), 0);
    while (hb_bus_unacknowledged(bus) > 0 && hb_mono() < until)
        turn(1);
    assert_int_equal(hb_bus_unacknowledged(bus), 0);
    assert_false(core.degraded);
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 1);
    assert_int_equal(box_number("SELECT count(*) FROM run"), 1);
    hb_bus_free(bus);
}

/* ---- commands ---- */

struct heard {
    int calls;
    bool answered;
    struct hb_bus *bus;
    bool silent;
};

static void on_answer(void *arg, const struct hb_event *answer)
{
    struct heard *h = arg;

    h->calls++;
    h->answered = answer != NULL;
}

static void on_command(void *arg, const struct hb_json *command)
{
    struct heard *h = arg;

    assert_string_equal(hb_json_str(command, "cmd", ""), "scan");
    assert_string_equal(hb_json_str(command, "site", ""), "www");
    if (!h->silent)
        assert_int_equal(hb_bus_answer(h->bus, hb_json_str(command, "key", ""),
                                       "done", "{}", ""),
                         0);
}

static void role_up(struct heard *h)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    assert_int_equal(
        hb_bus_new(core.loop, event_path, "sense/files", 1u << 20, &h->bus), 0);
    hb_bus_on_command(h->bus, on_command, h);
    assert_int_equal(hb_bus_send(h->bus, tampered(a, "/w/a", "restored")), 0);
    turn(5);
    assert_true(hb_core_connected(&core, "sense/files"));
}

static void test_command(void **state)
{
    struct heard h = {0};

    assert_int_equal(hb_core_command(&core, "sense/files", "scan", "www", HB_S,
                                     on_answer, &h),
                     -ENOTCONN);
    role_up(&h);
    assert_int_equal(hb_core_command(&core, "sense/files", "scan", "www",
                                     60 * HB_S, on_answer, &h),
                     0);
    turn(5);
    assert_int_equal(h.calls, 1);
    assert_true(h.answered);
    hb_core_command_sweep(&core);
    assert_int_equal(h.calls, 1);
    hb_bus_free(h.bus);
}

static void test_command_unanswered(void **state)
{
    struct heard h = {.silent = true};

    role_up(&h);
    assert_int_equal(
        hb_core_command(&core, "sense/files", "scan", "www", 0, on_answer, &h),
        0);
    turn(3);
    hb_core_command_sweep(&core);
    assert_int_equal(h.calls, 1);
    assert_false(h.answered);
    /* The role goes away: told at the next sweep, not after its time. */
    assert_int_equal(hb_core_command(&core, "sense/files", "scan", "www",
                                     900 * HB_S, on_answer, &h),
                     0);
    turn(3);
    hb_core_command_sweep(&core);
    assert_int_equal(h.calls, 1);
    hb_bus_free(h.bus);
    turn(3);
    assert_false(hb_core_connected(&core, "sense/files"));
    hb_core_command_sweep(&core);
    assert_int_equal(h.calls, 2);
    assert_false(h.answered);
}

static int dial_as(uid_t uid)
{
    int fd;

    /* The kernel notes who connects, not who sends. */
    assert_int_equal(chmod(event_path, 0666), 0);
    assert_int_equal(seteuid(uid), 0);
    fd = dial();
    assert_int_equal(seteuid(0), 0);
    return fd;
}

static struct hb_event *result(struct hb_arena *a, const char *source)
{
    struct hb_event *e =
        hb_event_new(a, HB_EV_COMPLIANCE_FINDING, 1, HB_SEV_INFO, source);

    assert_int_equal(hb_event_strz(e, HB_F_FINDING_TITLE, "web.waf"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_COMPLIANCE_CONTROL, "web.waf"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_COMPLIANCE_STATUS, "pass"), 0);
    return e;
}

#define RESULTS "SELECT count(*) FROM control_result"

/* A role that was taken over speaks for itself only. */
static void test_impostor(void **state)
{
    static const struct hb_role_user users[] = {{"compare", 61903, 0},
                                                {"check", 61905, 0},
                                                {"intake", 61906, 0},
                                                {NULL, 0, 0}};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    int64_t before = box_number(RESULTS);
    int fd;

    if (geteuid() != 0)
        hb_tap_skip("needs root");
    ctx.users = users;
    fd = dial_as(61905);
    put_event(fd, 1, tampered(a, "/w/a", "restored"));
    turn(2);
    assert_int_equal(acknowledged(fd), -1);
    assert_int_equal(box_number("SELECT count(*) FROM incident"), 0);
    (void)close(fd);
    fd = dial_as(61903);
    put_event(fd, 1, result(a, "control"));
    turn(2);
    assert_int_equal(acknowledged(fd), -1);
    (void)close(fd);
    fd = dial_as(61906);
    put_event(fd, 1, result(a, "producer/x"));
    turn(2);
    assert_int_equal(acknowledged(fd), 1);
    (void)close(fd);
    /* What a program that is not ours says of a control counts for nothing. */
    assert_int_equal(box_number(RESULTS), before);
    fd = dial_as(61905);
    put_event(fd, 1, result(a, "control"));
    turn(2);
    assert_int_equal(acknowledged(fd), 1);
    assert_int_equal(box_number(RESULTS), before + 1);
    (void)close(fd);
    ctx.users = NULL;
}

static void say_pending(const char *source, const char *of, int64_t n)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_APP_LIFECYCLE, 99, HB_SEV_INFO, source);
    const struct hb_event *one = e;
    struct hb_err err = {0};

    assert_int_equal(hb_event_strz(e, HB_F_SITE_CHANGE, "pending"), 0);
    assert_int_equal(hb_event_strz(e, HB_F_SITE, of), 0);
    assert_int_equal(hb_event_int(e, HB_F_EVENT_COUNT, n), 0);
    assert_int_equal(hb_core_take(&core, &one, 1, &err), 0);
}

static void test_pending(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    say_pending("sense/files", "www", 3);
    say_pending("producer/x", "www", 0);
    say_pending("sense/outside", "www", 0);
    say_pending("sense/files", "www", -1);
    assert_string_equal(hb_state_get(&core.state, a, HB_CORE_PENDING "www"),
                        "3");
    say_pending("sense/files", "other", 1);
    assert_null(hb_state_get(&core.state, a, HB_CORE_PENDING "other"));
    say_pending("sense/files", "www", 0);
    assert_string_equal(hb_state_get(&core.state, a, HB_CORE_PENDING "www"),
                        "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_impostor),
        BOXED(test_pending),
        BOXED(test_bad_frame_ends_only_its_own),
        BOXED(test_unreadable),
        BOXED(test_places_for_refused),
        BOXED(test_same_twice),
        BOXED(test_thousand),
        BOXED(test_flood),
        BOXED(test_store_refuses),
        BOXED(test_command),
        BOXED(test_command_unanswered),
    };

    return hb_tap_run("core/bus", tests);
}

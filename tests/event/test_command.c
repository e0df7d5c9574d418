/* SPDX-License-Identifier: Apache-2.0 */
/* A command goes from core's side of the bus to a role and its answer comes
 * back as an event; a broken command ends the connection. */
#include "tap.h"

#include <sys/socket.h>

#include "base/sock.h"
#include "event/bus.h"

struct seen {
    struct hb_bus *bus;
    int commands;
    char key[64];
};

static void on_command(void *arg, const struct hb_json *command)
{
    struct seen *s = arg;

    s->commands++;
    assert_string_equal(hb_json_str(command, "cmd", ""), "scan");
    (void)snprintf(s->key, sizeof(s->key), "%s",
                   hb_json_str(command, "key", ""));
    assert_int_equal(hb_bus_answer(s->bus, s->key, "done", "{\"files\":3}",
                                   "looked at 3 files"),
                     0);
}

static int core_side(int listening)
{
    struct hb_peer peer;
    int fd;

    assert_int_equal(hb_sock_accept(listening, &fd, &peer), 0);
    return fd;
}

static void turns(struct hb_loop *l)
{
    for (int i = 0; i < 20; i++)
        assert_true(hb_loop_turn(l, 5) >= 0);
}

static void test_command_and_answer(void **state)
{
    struct hb_loop *l = hb_loop_new();
    struct hb_buf frame = HB_BUF_INIT;
    struct seen seen = {0};
    char path[64], packet[4096];
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e;
    struct hb_slice json;
    enum hb_bus_kind kind;
    struct hb_err err = {0};
    int listening, core;
    uint64_t seq;
    ssize_t n;

    (void)snprintf(path, sizeof(path), "@hb-test-command-%d", getpid());
    assert_int_equal(hb_sock_listen(path, SOCK_SEQPACKET, 0600, (uid_t)-1,
                                    (gid_t)-1, &listening),
                     0);
    assert_int_equal(hb_bus_new(l, path, "test", 1 << 20, &seen.bus), 0);
    hb_bus_on_command(seen.bus, on_command, &seen);
    core = core_side(listening);
    assert_int_equal(
        hb_bus_command_encode(
            &frame, hb_slice_z("{\"cmd\":\"scan\",\"key\":\"00ff\"}")),
        0);
    assert_int_equal(hb_sock_send(core, frame.p, frame.n, NULL, 0), 0);
    turns(l);
    assert_int_equal(seen.commands, 1);
    n = hb_sock_recv(core, packet, sizeof(packet), NULL, 0, NULL);
    assert_true(n > 0);
    assert_int_equal(hb_bus_frame_decode(packet, (size_t)n, &kind, &seq, &json),
                     0);
    assert_int_equal(hb_event_decode(a, json, &e, &err), 0);
    assert_string_equal(hb_event_getz(e, HB_F_COMMAND, ""), "00ff");
    assert_string_equal(hb_event_getz(e, HB_F_STATUS, ""), "done");

    /* A command that is no JSON ends the connection. */
    hb_buf_reset(&frame);
    assert_int_equal(hb_bus_command_encode(&frame, hb_slice_z("{\"cmd\"")), 0);
    assert_int_equal(hb_sock_send(core, frame.p, frame.n, NULL, 0), 0);
    turns(l);
    assert_int_equal(seen.commands, 1);
    assert_true(hb_sock_recv(core, packet, sizeof(packet), NULL, 0, NULL) <= 0);
    (void)close(core);
    hb_bus_free(seen.bus);
    hb_loop_free(l);
    (void)close(listening);
    hb_buf_done(&frame);
    hb_arena_free(a);
}

static void test_command_ceiling(void **state)
{
    static char big[HB_BUS_COMMAND_MAX];
    struct hb_buf frame = HB_BUF_INIT;

    assert_int_equal(hb_bus_command_encode(&frame, hb_slice(big, sizeof(big))),
                     -EMSGSIZE);
    hb_buf_done(&frame);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_and_answer),
        cmocka_unit_test(test_command_ceiling),
    };

    return hb_tap_run("event/command", tests);
}

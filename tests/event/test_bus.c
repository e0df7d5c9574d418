/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_bus.c - events to core over a real socket: acknowledged ones leave the
 * ring, the others come again after core died, a full ring counts and tells.
 */
#include "tap.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/sock.h"
#include "event/bus.h"

#define GOT_MAX 4096

/* Core's side. */
struct core {
    int listener, fd;
    bool answers;
    size_t n;
    uint64_t seq[GOT_MAX];
    char uid[GOT_MAX][HB_ID_SIZE];
    int64_t told; /* drops that an event told */
};

static char dir[] = "/tmp/hb-bus-XXXXXX", path[64];
static struct hb_loop *loop;
static struct core core;

static int setup(void **state)
{
    (void)snprintf(dir, sizeof(dir), "/tmp/hb-bus-XXXXXX");
    if (mkdtemp(dir) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/event.sock", dir);
    loop = hb_loop_new();
    memset(&core, 0, sizeof(core));
    core.listener = core.fd = -1;
    core.answers = true;
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    if (core.fd >= 0)
        hb_loop_del(loop, core.fd);
    if (core.listener >= 0)
        hb_loop_del(loop, core.listener);
    hb_close(&core.fd);
    hb_close(&core.listener);
    hb_loop_free(loop);
    (void)unlink(path);
    return rmdir(dir);
}

static void acknowledge(uint64_t seq)
{
    uint8_t ack[10];

    assert_int_equal(hb_bus_ack_encode(seq, ack), 10);
    assert_int_equal(hb_sock_send(core.fd, ack, sizeof(ack), NULL, 0), 0);
}

static void on_frame(void *arg, int fd, uint32_t events)
{
    static uint8_t buf[HB_MAX_FRAME];

    for (;;) {
        enum hb_bus_kind kind;
        struct hb_slice json;
        struct hb_arena *a;
        struct hb_event *e = NULL;
        uint64_t seq;
        size_t nfds;
        ssize_t n = hb_sock_recv(fd, buf, sizeof(buf), NULL, 0, &nfds);

        if (n <= 0)
            return;
        assert_int_equal(
            hb_bus_frame_decode(buf, (size_t)n, &kind, &seq, &json), 0);
        assert_int_equal(kind, HB_BUS_EVENT);
        a = hb_arena_new(0);
        assert_int_equal(hb_event_decode(a, json, &e, NULL), 0);
        assert_true(core.n < GOT_MAX);
        memcpy(core.uid[core.n], e->uid, HB_ID_SIZE);
        core.seq[core.n++] = seq;
        if (hb_streq(hb_event_getz(e, HB_F_STATUS_DETAIL, ""),
                     "events_dropped"))
            core.told += hb_event_get(e, HB_F_EVENT_COUNT)->integer;
        hb_arena_free(a);
        if (core.answers)
            acknowledge(seq);
    }
}

static void on_connect(void *arg, int fd, uint32_t events)
{
    struct hb_peer peer;

    if (core.fd >= 0) {
        hb_loop_del(loop, core.fd);
        hb_close(&core.fd);
    }
    if (hb_sock_accept(fd, &core.fd, &peer) < 0)
        return;
    assert_int_equal(hb_loop_add(loop, core.fd, EPOLLIN, on_frame, NULL), 0);
}

static void core_starts(void)
{
    assert_int_equal(hb_sock_listen(path, SOCK_SEQPACKET, 0600, getuid(),
                                    getgid(), &core.listener),
                     0);
    assert_int_equal(
        hb_loop_add(loop, core.listener, EPOLLIN, on_connect, NULL), 0);
}

static void core_dies(void)
{
    hb_loop_del(loop, core.listener);
    hb_close(&core.listener);
    if (core.fd >= 0)
        hb_loop_del(loop, core.fd);
    hb_close(&core.fd);
}

/* Turns the loop until COND or far too long. */
#define TURN_UNTIL(cond)                                                       \
    do {                                                                       \
        uint64_t start_ = hb_mono();                                           \
        while (!(cond)) {                                                      \
            assert_true(hb_loop_turn(loop, 50) >= 0);                          \
            assert_true(hb_mono() - start_ < 60 * HB_S);                       \
        }                                                                      \
    } while (0)

static int send_one(struct hb_bus *b, char *ret_uid)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_FILE_ACTIVITY, 3, HB_SEV_HIGH, "test");
    int r;

    assert_int_equal(hb_event_strz(e, HB_F_FILE_PATH, "/srv/www/a"), 0);
    if (ret_uid != NULL)
        memcpy(ret_uid, e->uid, HB_ID_SIZE);
    r = hb_bus_send(b, e);
    hb_arena_free(a);
    return r;
}

static void test_acknowledged_leave(void **state)
{
    struct hb_bus *b = NULL;

    core_starts();
    assert_int_equal(hb_bus_new(loop, path, "test", 1 << 20, &b), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_one(b, NULL), 0);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.n, 10);
    for (size_t i = 0; i < core.n; i++)
        assert_true(core.seq[i] == i + 1);
    assert_true(hb_bus_dropped(b) == 0);
    hb_bus_free(b);
}

/* One answer for many: up to its sequence. */
static void test_one_answer_for_a_batch(void **state)
{
    struct hb_bus *b = NULL;

    core.answers = false;
    core_starts();
    assert_int_equal(hb_bus_new(loop, path, "test", 1 << 20, &b), 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_one(b, NULL), 0);
    TURN_UNTIL(core.n == 10);
    assert_int_equal(hb_bus_unacknowledged(b), 10);
    acknowledge(7);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 3);
    acknowledge(3); /* late: nothing changes */
    acknowledge(10);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    hb_bus_free(b);
}

static void test_core_comes_late(void **state)
{
    struct hb_bus *b = NULL;

    assert_int_equal(hb_bus_new(loop, path, "test", 1 << 20, &b), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(send_one(b, NULL), 0);
    assert_int_equal(hb_bus_unacknowledged(b), 5);
    core_starts();
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.n, 5);
    hb_bus_free(b);
}

static void test_core_dies_before_it_answers(void **state)
{
    struct hb_bus *b = NULL;
    char first[HB_ID_SIZE];

    core.answers = false;
    core_starts();
    assert_int_equal(hb_bus_new(loop, path, "test", 1 << 20, &b), 0);
    assert_int_equal(send_one(b, first), 0);
    assert_int_equal(send_one(b, NULL), 0);
    TURN_UNTIL(core.n == 2);
    acknowledge(1);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 1);
    core_dies();
    assert_int_equal(send_one(b, NULL), 0);
    core.n = 0;
    core.answers = true;
    core_starts();
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.n, 2); /* the second again, and the third */
    assert_true(core.seq[0] == 2 && core.seq[1] == 3);
    assert_string_not_equal(core.uid[0], first);
    hb_bus_free(b);
}

static void test_full_ring_counts_and_tells(void **state)
{
    struct hb_bus *b = NULL;
    int queued = 0, dropped = 0;

    assert_int_equal(hb_bus_new(loop, path, "test", 8192, &b), 0);
    for (int i = 0; i < 100; i++) {
        int r = send_one(b, NULL);

        assert_true(r == 0 || r == -ENOBUFS);
        queued += r == 0;
        dropped += r != 0;
    }
    assert_true(queued > 3 && dropped > 50);
    assert_true(hb_bus_dropped(b) == (uint64_t)dropped);
    core_starts();
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.told, 0);
    assert_int_equal(send_one(b, NULL), 0);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.told, dropped);
    assert_int_equal(core.n, queued + 2);
    assert_int_equal(send_one(b, NULL), 0); /* told once */
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    assert_int_equal(core.told, dropped);
    hb_bus_free(b);
}

/* Core does not read: the sender never blocks. */
static void test_never_blocks(void **state)
{
    struct hb_bus *b = NULL;
    int r = 0, sent = 0;

    core_starts();
    assert_int_equal(hb_bus_new(loop, path, "test", 4 << 20, &b), 0);
    while (sent < 20000 && (r = send_one(b, NULL)) == 0)
        sent++;
    assert_int_equal(r, -ENOBUFS);
    assert_true(sent < GOT_MAX * 4);
    hb_bus_free(b);
}

static void test_nonsense_ends_the_connection(void **state)
{
    static const uint8_t bad[][10] = {
        {2, HB_BUS_ACK, 1},    /* another version */
        {1, HB_BUS_EVENT, 1},  /* not for a sender */
        {1, HB_BUS_ACK, 0},    /* no sequence */
        {1, HB_BUS_ACK, 0xff}, /* never sent */
    };
    struct hb_bus *b = NULL;

    core.answers = false;
    core_starts();
    assert_int_equal(hb_bus_new(loop, path, "test", 1 << 20, &b), 0);
    assert_int_equal(send_one(b, NULL), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        size_t had = core.n;

        TURN_UNTIL(core.n > had); /* sent again over a new connection */
        assert_int_equal(hb_sock_send(core.fd, bad[i], sizeof(bad[i]), NULL, 0),
                         0);
        assert_int_equal(hb_bus_unacknowledged(b), 1);
    }
    TURN_UNTIL(core.n >= 5);
    acknowledge(1);
    TURN_UNTIL(hb_bus_unacknowledged(b) == 0);
    hb_bus_free(b);
}

static void test_frames(void **state)
{
    uint8_t buf[64] = {1, HB_BUS_EVENT, 5, 0, 0, 0, 0, 0, 0, 1, '{', '}'};
    enum hb_bus_kind kind = 0;
    struct hb_slice json;
    uint64_t seq = 0;

    assert_int_equal(hb_bus_frame_decode(buf, 12, &kind, &seq, &json), 0);
    assert_int_equal(kind, HB_BUS_EVENT);
    assert_true(seq == 0x0100000000000005);
    assert_true(hb_slice_eq(json, HB_SLICE("{}")));
    for (size_t n = 0; n <= 10; n++)
        assert_int_equal(hb_bus_frame_decode(buf, n, &kind, &seq, &json),
                         -EBADMSG);
    buf[1] = HB_BUS_ACK; /* an answer carries nothing */
    assert_int_equal(hb_bus_frame_decode(buf, 12, &kind, &seq, &json),
                     -EBADMSG);
    assert_int_equal(hb_bus_frame_decode(buf, 10, &kind, &seq, &json), 0);
    buf[1] = HB_BUS_COMMAND + 1;
    assert_int_equal(hb_bus_frame_decode(buf, 12, &kind, &seq, &json),
                     -EBADMSG);
    assert_int_equal(hb_bus_ack_encode(0x0102030405060708, buf), 10);
    assert_int_equal(hb_bus_frame_decode(buf, 10, &kind, &seq, &json), 0);
    assert_true(seq == 0x0102030405060708 && kind == HB_BUS_ACK);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_acknowledged_leave),
        T(test_one_answer_for_a_batch),
        T(test_core_comes_late),
        T(test_core_dies_before_it_answers),
        T(test_full_ring_counts_and_tells),
        T(test_never_blocks),
        T(test_nonsense_ends_the_connection),
        cmocka_unit_test(test_frames),
    };

    return hb_tap_run("event/bus", tests);
}

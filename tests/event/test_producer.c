/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol for outside producers: every kind of frame there and back, cut
 * and wrong ones; the client against a real socket: it never blocks, counts
 * what it drops, and sends again what was not acknowledged.
 */
#include "../tap.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/sock.h"
#include "event/producer.h"

static char path[64];

static void round_trip(const struct hb_producer_frame *f)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_producer_frame got;

    hb_producer_encode(&b, f);
    assert_int_equal(hb_buf_err(&b), 0);
    for (size_t n = 0; n < b.n; n++) /* cut anywhere: more is needed */
        assert_int_equal(hb_producer_decode(b.p, n, &got), 0);
    assert_int_equal(hb_producer_decode(b.p, b.n, &got), b.n);
    assert_int_equal(got.kind, f->kind);
    assert_int_equal(got.version, f->version);
    assert_int_equal(got.seq, f->seq);
    assert_int_equal(got.drops, f->drops);
    assert_true(hb_slice_eq(got.text, f->text));
    /* What follows belongs to the next frame. */
    hb_buf_addz(&b, "next");
    assert_int_equal(hb_producer_decode(b.p, b.n, &got), b.n - 4);
}

static void test_every_kind_there_and_back(void **state)
{
    (void)state;
    round_trip(&(struct hb_producer_frame){
        .kind = HB_PRODUCER_HELLO, .version = 1, .text = HB_SLICE("nginx")});
    round_trip(&(struct hb_producer_frame){
        .kind = HB_PRODUCER_EVENT, .seq = 7, .text = HB_SLICE("{}")});
    round_trip(&(struct hb_producer_frame){
        .kind = HB_PRODUCER_ACK, .seq = UINT64_MAX, .drops = 3});
    round_trip(
        &(struct hb_producer_frame){.kind = HB_PRODUCER_DROPS, .drops = 1});
    round_trip(&(struct hb_producer_frame){.kind = HB_PRODUCER_ERROR,
                                           .text = HB_SLICE("why")});
}

static void wrong(struct hb_slice bytes)
{
    struct hb_producer_frame got = {.seq = 42};

    assert_int_equal(hb_producer_decode(bytes.p, bytes.n, &got), -EBADMSG);
    assert_int_equal(got.seq, 42); /* untouched */
}

static void test_wrong_frames(void **state)
{
    (void)state;
    wrong(HB_SLICE("\0\0\0\0"));         /* no kind */
    wrong(HB_SLICE("\xff\xff\xff\xff")); /* longer than any */
    wrong(HB_SLICE("\x0d\0\1\0"));       /* one past the longest */
    wrong(HB_SLICE("\1\0\0\0\0"));       /* kind 0 */
    wrong(HB_SLICE("\1\0\0\0\6"));       /* kind 6 */
    wrong(HB_SLICE("\1\0\0\0\1"));       /* hello without version */
    wrong(HB_SLICE("\3\0\0\0\1\1\0"));   /* without a name */
    wrong(HB_SLICE("\4\0\0\0\1\1\0A"));  /* with a bad one */
    wrong(HB_SLICE("\4\0\0\0\1\1\0-"));
    wrong(HB_SLICE("\6\0\0\0\1\1\0a/b"));
    wrong(HB_SLICE("\x09\0\0\0\2\1\0\0\0\0\0\0\0"));  /* no JSON */
    wrong(HB_SLICE("\x0a\0\0\0\2\0\0\0\0\0\0\0\0{")); /* sequence 0 */
    wrong(HB_SLICE("\x09\0\0\0\3\1\0\0\0\0\0\0\0"));  /* half an ACK */
    wrong(HB_SLICE("\x09\0\0\0\4\0\0\0\0\0\0\0\0"));  /* 0 drops */
    wrong(HB_SLICE("\x0a\0\0\0\4\1\0\0\0\0\0\0\0x")); /* one byte more */
}

static void test_names(void **state)
{
    char longest[HB_PRODUCER_NAME_MAX + 2];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    assert_true(hb_producer_name_valid(hb_slice_z("a")));
    assert_true(hb_producer_name_valid(hb_slice_z("mail.filter_2-x")));
    assert_true(hb_producer_name_valid(hb_slice(longest, 32)));
    assert_false(hb_producer_name_valid(hb_slice(longest, 33)));
    assert_false(hb_producer_name_valid(hb_slice_z("")));
    assert_false(hb_producer_name_valid(hb_slice_z("2a")));
    assert_false(hb_producer_name_valid(hb_slice_z("a b")));
    assert_false(hb_producer_name_valid(HB_SLICE("a\0b")));
}

/* --- the client */

static int send_one(struct hb_producer *p)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_event *e =
        hb_event_new(a, HB_EV_APP_LIFECYCLE, 3, HB_SEV_INFO, "test");

    assert_non_null(e);
    assert_int_equal(hb_event_strz(e, HB_F_MESSAGE, "hello"), 0);
    return hb_producer_send(p, e);
}

struct peer {
    int fd;
    char in[1 << 20];
    size_t n;
};

static void peer_accept(struct peer *peer, int listener)
{
    struct pollfd w = {.fd = listener, .events = POLLIN};

    assert_int_equal(poll(&w, 1, 60000), 1);
    assert_int_equal(hb_sock_accept(listener, &peer->fd, NULL), 0);
    peer->n = 0;
}

/* The next frame that the client sent; flushes the client meanwhile. */
static struct hb_producer_frame next(struct peer *peer, struct hb_producer *p)
{
    static char last[HB_PRODUCER_FRAME_MAX];
    uint64_t until = hb_mono() + 60 * HB_S;
    struct hb_producer_frame f;

    while (hb_mono() < until) {
        ssize_t n = hb_producer_decode(peer->in, peer->n, &f);

        assert_true(n >= 0);
        if (n > 0) {
            memcpy(last, peer->in, (size_t)n);
            assert_int_equal(hb_producer_decode(last, (size_t)n, &f), n);
            peer->n -= (size_t)n;
            memmove(peer->in, peer->in + n, peer->n);
            return f;
        }
        hb_producer_flush(p);
        n = recv(peer->fd, peer->in + peer->n, sizeof(peer->in) - peer->n,
                 MSG_DONTWAIT);
        if (n > 0)
            peer->n += (size_t)n;
        else
            (void)usleep(1000);
    }
    fail_msg("the client sent nothing");
    return f;
}

static void acknowledge(struct peer *peer, uint64_t seq)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    const struct hb_producer_frame f = {.kind = HB_PRODUCER_ACK, .seq = seq};

    hb_producer_encode(&b, &f);
    assert_int_equal(send(peer->fd, b.p, b.n, MSG_NOSIGNAL), b.n);
}

static void test_sends_and_forgets_what_is_acknowledged(void **state)
{
    static struct peer peer;
    struct hb_producer *p;
    struct hb_producer_frame f;
    uint64_t until = hb_mono() + 60 * HB_S;
    int listener;

    (void)state;
    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, getuid(), getgid(), &listener),
        0);
    assert_int_equal(hb_producer_open(path, "test", 1 << 16, &p), 0);
    peer_accept(&peer, listener);
    for (int i = 0; i < 3; i++)
        assert_int_equal(send_one(p), 0);
    f = next(&peer, p);
    assert_int_equal(f.kind, HB_PRODUCER_HELLO);
    assert_int_equal(f.version, HB_PRODUCER_VERSION);
    assert_true(hb_slice_eq(f.text, HB_SLICE("test")));
    for (uint64_t i = 1; i <= 3; i++) {
        f = next(&peer, p);
        assert_int_equal(f.kind, HB_PRODUCER_EVENT);
        assert_int_equal(f.seq, i);
    }
    assert_int_equal(hb_producer_waiting(p), 3);
    acknowledge(&peer, 2);
    while (hb_producer_waiting(p) != 1 && hb_mono() < until)
        hb_producer_flush(p);
    assert_int_equal(hb_producer_waiting(p), 1);

    /* The receiver goes: what was not acknowledged is sent again. */
    (void)close(peer.fd);
    while (hb_producer_fd(p) >= 0)
        hb_producer_flush(p);
    while (hb_producer_fd(p) < 0 && hb_mono() < until)
        hb_producer_flush(p);
    peer_accept(&peer, listener);
    assert_int_equal(next(&peer, p).kind, HB_PRODUCER_HELLO);
    f = next(&peer, p);
    assert_int_equal(f.kind, HB_PRODUCER_EVENT);
    assert_int_equal(f.seq, 3);

    /* An acknowledgement of what was never sent is not believed. */
    acknowledge(&peer, 99);
    for (int i = 0; i < 20; i++) {
        hb_producer_flush(p);
        (void)usleep(1000);
    }
    assert_int_equal(hb_producer_waiting(p), 1);
    hb_producer_close(p);
    (void)close(peer.fd);
    (void)close(listener);
    (void)unlink(path);
}

static void test_full_ring_counts_and_tells(void **state)
{
    static struct peer peer;
    struct hb_producer *p;
    struct hb_producer_frame f;
    uint64_t told = 0, dropped;
    int listener;

    (void)state;
    assert_int_equal(hb_producer_open(path, "test", 1 << 14, &p), 0);
    assert_int_equal(hb_producer_fd(p), -1); /* nobody listens: no error */
    for (int i = 0; i < 1000; i++)
        (void)send_one(p);
    dropped = hb_producer_dropped(p);
    assert_in_range(dropped, 1, 999);
    assert_int_equal(hb_producer_waiting(p) + dropped, 1000);

    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, getuid(), getgid(), &listener),
        0);
    while (hb_producer_fd(p) < 0)
        hb_producer_flush(p);
    peer_accept(&peer, listener);
    assert_int_equal(next(&peer, p).kind, HB_PRODUCER_HELLO);
    do {
        f = next(&peer, p);
        if (f.kind == HB_PRODUCER_DROPS)
            told += f.drops;
    } while (f.kind != HB_PRODUCER_EVENT);
    assert_int_equal(told, dropped);
    hb_producer_close(p);
    (void)close(peer.fd);
    (void)close(listener);
    (void)unlink(path);
}

/* The receiver never reads: the client neither waits nor grows. */
static void test_never_blocks(void **state)
{
    static struct peer peer;
    struct hb_producer *p;
    int listener;

    (void)state;
    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, getuid(), getgid(), &listener),
        0);
    assert_int_equal(hb_producer_open(path, "test", 1 << 20, &p), 0);
    peer_accept(&peer, listener);
    for (int i = 0; i < 20000; i++)
        (void)send_one(p);
    assert_true(hb_producer_dropped(p) > 0);
    assert_true(hb_producer_fd(p) >= 0);
    hb_producer_close(p);
    (void)close(peer.fd);
    (void)close(listener);
    (void)unlink(path);
}

static void test_wrong_use(void **state)
{
    static char longer[200];
    struct hb_producer *p = NULL;

    (void)state;
    memset(longer, 'a', sizeof(longer) - 1);
    assert_int_equal(hb_producer_open(path, "Bad Name", 1, &p), -EINVAL);
    assert_int_equal(hb_producer_open(longer, "a", 1, &p), -ENAMETOOLONG);
    assert_null(p);
    hb_producer_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_there_and_back),
        cmocka_unit_test(test_wrong_frames),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_sends_and_forgets_what_is_acknowledged),
        cmocka_unit_test(test_full_ring_counts_and_tells),
        cmocka_unit_test(test_never_blocks),
        cmocka_unit_test(test_wrong_use),
    };

    (void)snprintf(path, sizeof(path), "/tmp/hb-producer-%d.sock",
                   (int)getpid());
    return hb_tap_run("event/producer", tests);
}

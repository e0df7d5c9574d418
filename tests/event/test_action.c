/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_action.c - requests and answers byte by byte: what is encoded comes
 * back, and one byte more, less or different is refused where it matters.
 */
#include "tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/sock.h"
#include "event/action.h"

static struct hb_request sample(void)
{
    struct hb_request r;

    memset(&r, 0, sizeof(r));
    r.action = HB_ACT_FILE_RESTORE;
    r.approval_len = 5;
    r.flags = HB_ACT_F_DRY_RUN;
    r.seq = 0x1122334455667788;
    memset(r.key, 0xa1, sizeof(r.key));
    memset(r.key2, 0xb2, sizeof(r.key2));
    r.site = 1;
    r.entry = 2;
    r.baseline = 0xffeeddccbbaa9988;
    r.arg = 3;
    r.incident = 4;
    r.step = 0xfffffffe;
    memcpy(r.approval, "hello", 5);
    return r;
}

static void test_request_round_trip(void **state)
{
    struct hb_request in = sample(), out;
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];

    assert_int_equal(hb_request_encode(&in, buf), HB_REQ_SIZE + 5);
    assert_memory_equal(buf, "HBAQ", 4);
    assert_int_equal(hb_request_decode(&out, buf, HB_REQ_SIZE + 5), 0);
    assert_memory_equal(&in, &out, sizeof(in));
    in.approval_len = HB_ACT_APPROVAL_MAX;
    memset(in.approval, 'z', HB_ACT_APPROVAL_MAX);
    assert_int_equal(hb_request_encode(&in, buf), sizeof(buf));
    assert_int_equal(hb_request_decode(&out, buf, sizeof(buf)), 0);
    assert_memory_equal(&in, &out, sizeof(in));
}

/* Every length but the right one, and every value of every byte that is not
 * free. */
static void test_request_is_strict(void **state)
{
    static const size_t fixed[] = {0,  1,  2,  3,  4,  5,  7,  10,
                                   11, 13, 14, 15, 84, 85, 86, 87,
                                   88, 89, 90, 91, 92, 93, 94, 95};
    struct hb_request in = sample(), out;
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX + 8];

    memset(buf, 0, sizeof(buf));
    hb_request_encode(&in, buf);
    for (size_t n = 0; n < sizeof(buf); n++)
        if (n != HB_REQ_SIZE + 5)
            assert_int_equal(hb_request_decode(&out, buf, n), -EBADMSG);
    for (size_t i = 0; i < HB_ARRAY_LEN(fixed); i++) {
        uint8_t was = buf[fixed[i]];

        for (unsigned v = 0; v < 256; v++) {
            buf[fixed[i]] = (uint8_t)v;
            assert_int_equal(hb_request_decode(&out, buf, HB_REQ_SIZE + 5),
                             v == was ? 0 : -EBADMSG);
        }
        buf[fixed[i]] = was;
    }
    for (unsigned v = 0; v < 256; v++) {
        buf[6] = (uint8_t)v;
        assert_int_equal(hb_request_decode(&out, buf, HB_REQ_SIZE + 5),
                         v > 0 && v < HB_ACT_COUNT ? 0 : -EBADMSG);
    }
    buf[6] = HB_ACT_QUERY;
    buf[8] = 0xff; /* an approval of 65,535 bytes */
    buf[9] = 0xff;
    assert_int_equal(hb_request_decode(&out, buf, HB_REQ_SIZE + 5), -EBADMSG);
}

static struct hb_reply answer(const struct hb_request *r)
{
    struct hb_reply a;

    memset(&a, 0, sizeof(a));
    a.status = HB_ACT_FAILED;
    a.error = -ENOSPC;
    a.seq = r->seq;
    memcpy(a.key, r->key, sizeof(a.key));
    a.staged = 1;
    a.arg = 250;
    a.started = 1790000000000000001;
    a.finished = -2;
    return a;
}

static void test_reply(void **state)
{
    struct hb_request r = sample();
    struct hb_reply in = answer(&r), out;
    uint8_t buf[HB_REPLY_SIZE + 1] = {0};

    assert_int_equal(hb_reply_encode(&in, buf), HB_REPLY_SIZE);
    assert_int_equal(hb_reply_decode(&out, buf, HB_REPLY_SIZE), 0);
    assert_int_equal(out.status, in.status);
    assert_int_equal(out.error, in.error);
    assert_true(out.seq == in.seq && out.started == in.started &&
                out.finished == in.finished);
    assert_memory_equal(out.key, in.key, sizeof(in.key));
    assert_int_equal(out.staged, 1);
    assert_int_equal(out.arg, 250);
    for (size_t n = 0; n <= sizeof(buf); n++)
        if (n != HB_REPLY_SIZE)
            assert_int_equal(hb_reply_decode(&out, buf, n), -EBADMSG);
    in.error = 5; /* errors are negative */
    hb_reply_encode(&in, buf);
    assert_int_equal(hb_reply_decode(&out, buf, HB_REPLY_SIZE), -EBADMSG);
    in.error = 0;
    in.status = HB_ACT_NOT_DONE + 1;
    hb_reply_encode(&in, buf);
    assert_int_equal(hb_reply_decode(&out, buf, HB_REPLY_SIZE), -EBADMSG);
    in.status = HB_ACT_DONE;
    in.staged = 2;
    hb_reply_encode(&in, buf);
    assert_int_equal(hb_reply_decode(&out, buf, HB_REPLY_SIZE), -EBADMSG);
}

static void test_names(void **state)
{
    for (int a = 1; a < HB_ACT_COUNT; a++)
        assert_string_not_equal(hb_action_name(a), "?");
    assert_string_equal(hb_action_name(HB_ACT_FILE_RESTORE), "file.restore");
    assert_string_equal(hb_action_name(0), "?");
    assert_string_equal(hb_action_name(HB_ACT_COUNT), "?");
    assert_string_equal(hb_action_name(9999), "?");
}

enum mood { GOOD, LATE_FIRST, WRONG_KEY, GARBAGE, HANG_UP, WITH_FD };

struct peer {
    int sock;
    enum mood mood;
};

/* The helper's side of one exchange. */
static void *serve(void *arg)
{
    struct peer *p = arg;
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX], out[HB_REPLY_SIZE];
    struct hb_request r;
    struct hb_reply a;
    int fds[1];
    size_t nfds = 0;
    ssize_t n = hb_sock_recv(p->sock, buf, sizeof(buf), fds, 1, &nfds);

    if (n < 0 || hb_request_decode(&r, buf, (size_t)n) < 0)
        return (void *)1;
    a = answer(&r);
    if (p->mood == LATE_FIRST) {
        a.seq--;
        hb_reply_encode(&a, out);
        if (hb_sock_send(p->sock, out, sizeof(out), nfds > 0 ? fds : NULL,
                         nfds) < 0)
            return (void *)1;
        a.seq++;
    }
    if (p->mood == WRONG_KEY)
        a.key[3] ^= 1;
    hb_reply_encode(&a, out);
    if (p->mood == GARBAGE)
        out[0] ^= 1;
    if (p->mood == HANG_UP) {
        hb_close(&p->sock);
    } else if (hb_sock_send(p->sock, out, sizeof(out),
                            p->mood == WITH_FD ? fds : NULL,
                            p->mood == WITH_FD ? nfds : 0) < 0) {
        return (void *)1;
    }
    if (nfds > 0)
        hb_close(&fds[0]);
    return NULL;
}

static int exchange(enum mood mood, int fd, struct hb_reply *a, int *ret_fd)
{
    struct hb_request r = sample();
    int pair[2], e;
    struct peer p;
    pthread_t t;
    void *bad = (void *)1;

    assert_int_equal(hb_sock_pair(pair), 0);
    p = (struct peer){pair[1], mood};
    assert_int_equal(pthread_create(&t, NULL, serve, &p), 0);
    e = hb_action_call(pair[0], &r, fd, a, ret_fd, 20000);
    assert_int_equal(pthread_join(t, &bad), 0);
    assert_null(bad);
    hb_close(&pair[0]);
    hb_close(&p.sock);
    return e;
}

static void test_call(void **state)
{
    struct hb_reply a;
    struct stat one, two;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), got = -1;

    assert_true(fd >= 0);
    assert_int_equal(exchange(GOOD, -1, &a, &got), 0);
    assert_int_equal(a.status, HB_ACT_FAILED);
    assert_int_equal(got, -1);
    assert_int_equal(exchange(LATE_FIRST, fd, &a, &got), 0);
    assert_int_equal(got, -1); /* the late answer's descriptor was closed */
    assert_int_equal(exchange(WITH_FD, fd, &a, &got), 0);
    assert_int_equal(fstat(fd, &one), 0);
    assert_int_equal(fstat(got, &two), 0);
    assert_true(one.st_ino == two.st_ino);
    hb_close(&got);
    assert_int_equal(exchange(WRONG_KEY, -1, &a, &got), -EBADMSG);
    assert_int_equal(exchange(GARBAGE, -1, &a, &got), -EBADMSG);
    assert_int_equal(exchange(HANG_UP, -1, &a, &got), -ECONNRESET);
    assert_int_equal(got, -1);
    hb_close(&fd);
}

static void test_call_times_out(void **state)
{
    struct hb_request r = sample();
    struct hb_reply a;
    int pair[2], got = -1;
    uint64_t before = hb_mono();

    assert_int_equal(hb_sock_pair(pair), 0);
    assert_int_equal(hb_action_call(pair[0], &r, -1, &a, &got, 20), -ETIMEDOUT);
    assert_true(hb_mono() - before >= 20 * HB_MS);
    hb_close(&pair[0]);
    hb_close(&pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_round_trip),
        cmocka_unit_test(test_request_is_strict),
        cmocka_unit_test(test_reply),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_call_times_out),
    };

    return hb_tap_run("event/action", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_staged.c - what the helper took out comes into the evidence store
 * exactly once, whenever core dies and whatever the helper answers.  The
 * helper of this test speaks the real protocol and counts.
 */
#include "core/box.h"

#define KEY1 "00112233445566778899aabbccddeeff"
#define KEY2 "ffeeddccbbaa99887766554433221100"

static struct {
    int listen_fd, fd;
    int opens, drops;
    uint16_t status; /* of an open's answer */
    bool mute_drops; /* never answers them */
    bool mute_opens;
    const char *dies_over; /* the key whose opening ends the helper */
} helper;

static void helper_up(void)
{
    helper = (typeof(helper)){.fd = -1, .status = HB_ACT_DONE};
    assert_int_equal(hb_sock_listen(helper_path, SOCK_SEQPACKET, 0600,
                                    (uid_t)-1, (gid_t)-1, &helper.listen_fd),
                     0);
}

static void helper_down(void)
{
    if (helper.fd >= 0)
        (void)close(helper.fd);
    (void)close(helper.listen_fd);
    (void)unlink(helper_path);
}

static int content(void)
{
    char path[400];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/staged", scratch);
    assert_int_equal(hb_file_write(path, "hacked\n", 7, 0600), 0);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void serve(void)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX], out[HB_REPLY_SIZE];
    struct hb_peer peer;
    struct hb_request q;
    ssize_t n;

    if (helper.fd < 0 &&
        hb_sock_accept(helper.listen_fd, &helper.fd, &peer) < 0)
        return;
    while ((n = recv(helper.fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
        struct hb_reply r = {.status = HB_ACT_DONE};
        char key[2 * HB_ACT_KEY_SIZE + 1];
        bool opening;
        int fd = -1;

        assert_int_equal(hb_request_decode(&q, buf, (size_t)n), 0);
        opening = q.action == HB_ACT_STAGED_OPEN;
        r.seq = q.seq;
        if (opening) {
            helper.opens++;
            hb_hex(q.key2, sizeof(q.key2), key);
            if (helper.dies_over != NULL && hb_streq(key, helper.dies_over)) {
                hb_close(&helper.fd);
                return;
            }
            if (helper.mute_opens)
                continue;
            r.status = helper.status;
            fd = r.status == HB_ACT_DONE ? content() : -1;
        } else {
            assert_int_equal(q.action, HB_ACT_STAGED_DROP);
            helper.drops++;
            if (helper.mute_drops)
                continue;
        }
        (void)hb_reply_encode(&r, out);
        assert_true(hb_sock_send(helper.fd, out, sizeof(out), &fd,
                                 fd >= 0 ? 1 : 0) >= 0);
        hb_close(&fd);
    }
}

static void go(int times)
{
    for (int i = 0; i < times; i++) {
        serve();
        turn(1);
    }
}

static bool gone(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void connect_core(void)
{
    uint64_t until = hb_mono() + 20 * HB_S;

    while (!hb_core_helper_alive(core.helper) && hb_mono() < until)
        turn(1);
    assert_true(hb_core_helper_alive(core.helper));
}

static void note(void)
{
    struct hb_incident i = {0};
    int64_t id;

    (void)i;
    assert_int_equal(hb_incident_open(&core.state, 2, "www", "test", "t", &id),
                     0);
    assert_int_equal(hb_core_staged_note(&core, KEY1, id, "/w/a", "uid"), 0);
    assert_int_equal(hb_core_staged_note(&core, KEY1, id, "/w/a", "uid"), 0);
    assert_int_equal(hb_core_staged_note(&core, "nonsense", id, "/w", "u"), 0);
}

static int count_file(void *arg, const struct hb_evidence_item *i)
{
    *(int *)arg += hb_streq(i->kind, "file");
    return 0;
}

static int items(void)
{
    int n = 0;

    assert_int_equal(hb_evidence_each(core.state.evidence, 0, count_file, &n),
                     0);
    return n;
}

static void test_once(void **state)
{
    helper_up();
    note();
    connect_core();
    go(20);
    hb_core_staged_fetch(&core);
    go(5);
    assert_int_equal(items(), 1);
    assert_int_equal(helper.opens, 1);
    assert_int_equal(helper.drops, 1);
    assert_int_equal(box_number("SELECT evidence FROM staged"), 1);
    assert_int_equal(box_number("SELECT dropped FROM staged"), 1);
    assert_int_equal(core.staged_flying, 0);
    helper_down();
}

/* As after kill -9 between the store and the record. */
static void test_taken_not_recorded(void **state)
{
    helper_up();
    note();
    connect_core();
    go(20);
    assert_int_equal(hb_db_exec(core.state.db,
                                "UPDATE staged SET evidence = 0, dropped = 0",
                                ""),
                     0);
    core.staged_doubtful = 0; /* a new process has not looked yet */
    hb_core_staged_fetch(&core);
    go(20);
    assert_int_equal(items(), 1);
    assert_int_equal(box_number("SELECT evidence FROM staged"), 1);
    assert_int_equal(helper.drops, 2);
    helper_down();
}

/* The helper dies before it drops: asked again, not taken again. */
static void test_not_dropped(void **state)
{
    helper_up();
    helper.mute_drops = true;
    note();
    connect_core();
    go(20);
    assert_int_equal(helper.drops, 1);
    assert_int_equal(box_number("SELECT dropped FROM staged"), 0);
    hb_core_staged_fetch(&core);
    go(3);
    assert_int_equal(helper.drops, 1); /* one is in flight */
    helper_down();
    turn(3);
    assert_false(hb_core_helper_alive(core.helper));
    assert_int_equal(core.staged_flying, 0);
    helper_up();
    connect_core();
    go(20);
    assert_int_equal(helper.opens, 0);
    assert_int_equal(helper.drops, 1);
    assert_int_equal(box_number("SELECT dropped FROM staged"), 1);
    assert_int_equal(items(), 1);
    helper_down();
}

/* Gone is not asked for for ever; "not now" is, but not without end at once. */
static void test_refused(void **state)
{
    helper_up();
    helper.status = HB_ACT_ASK;
    note();
    connect_core();
    go(20);
    assert_int_equal(helper.opens, 1);
    assert_int_equal(box_number("SELECT evidence FROM staged"), 0);
    helper.status = HB_ACT_FAILED;
    hb_core_staged_fetch(&core);
    go(20);
    assert_int_equal(helper.opens, 2);
    assert_int_equal(box_number("SELECT evidence FROM staged"), -1);
    hb_core_staged_fetch(&core);
    go(5);
    assert_int_equal(helper.opens, 2);
    assert_int_equal(items(), 0);
    helper_down();
}

/* One item over which it dies is given up and told; the others are taken. */
static void test_deadly(void **state)
{
    uint64_t until = hb_mono() + 20 * HB_S;
    int64_t id;

    helper_up();
    helper.dies_over = KEY1;
    note();
    id = box_number("SELECT incident FROM staged");
    assert_int_equal(hb_core_staged_note(&core, KEY2, id, "/w/b", "uid"), 0);
    while (box_number("SELECT count(*) FROM staged WHERE evidence = 0") > 0 &&
           hb_mono() < until)
        go(1);
    assert_int_equal(
        box_number("SELECT evidence FROM staged WHERE key = '" KEY1 "'"), -1);
    assert_int_equal(
        box_number("SELECT evidence FROM staged WHERE key = '" KEY2 "'"), 1);
    assert_int_equal(items(), 1);
    assert_int_equal(box_number("SELECT count(*) FROM timeline"
                                " WHERE kind = 'evidence.refused'"),
                     1);
    assert_true(helper.opens <= 6);
    helper_down();
}

/* One that hangs counts as gone; its answer to the old request is not waited
 * for, the item is asked for again. */
static void test_hangs(void **state)
{
    uint64_t until = hb_mono() + 20 * HB_S;

    helper_up();
    core.answer_ns = HB_S;
    helper.mute_opens = true;
    note();
    connect_core();
    go(5);
    assert_int_equal(helper.opens, 1);
    while (helper.opens == 1 && hb_mono() < until) {
        go(1);
        /* Core's next connection waits to be accepted. */
        if (helper.fd >= 0 && gone(helper.fd)) {
            helper.mute_opens = false;
            hb_close(&helper.fd);
        }
    }
    go(20);
    assert_int_equal(helper.opens, 2);
    assert_int_equal(box_number("SELECT evidence FROM staged"), 1);
    assert_int_equal(items(), 1);
    helper_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOXED(test_once),        BOXED(test_taken_not_recorded),
        BOXED(test_not_dropped), BOXED(test_refused),
        BOXED(test_deadly),      BOXED(test_hangs),
    };

    return hb_tap_run("core/staged", tests);
}

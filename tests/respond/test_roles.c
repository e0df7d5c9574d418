/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_roles.c - every role with every request (TRUST: "A test drives every
 * role with every request: one not permitted ends that worker and makes an
 * event"), and everything that is no request at all.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../tap.h"

#include "base/sock.h"
#include "event/bus.h"
#include "harness.h"
#include "respond/catalogue.h"

enum outcome { ANSWERED, KILLED, NOTHING };

/* What each role may ask for, said here again on purpose. */
static const struct {
    enum hb_action action;
    bool compare, core;
    bool fd, site, key2;
} table[] = {
    {HB_ACT_QUERY, true, true, false, false, false},
    {HB_ACT_FILE_RESTORE, true, true, false, true, false},
    {HB_ACT_FILE_REMOVE, true, true, true, true, false},
    {HB_ACT_SITE_PRIVATE, false, true, false, true, false},
    {HB_ACT_SITE_PUBLIC, false, true, false, true, false},
    {HB_ACT_WRITER_FREEZE, false, true, true, true, false},
    {HB_ACT_WRITER_THAW, false, true, false, false, true},
    {HB_ACT_PATH_DENY, false, true, false, true, false},
    {HB_ACT_PATH_ALLOW, false, true, false, true, false},
    {HB_ACT_STAGED_OPEN, false, true, false, false, true},
    {HB_ACT_STAGED_DROP, false, true, false, false, true},
    {HB_ACT_UNDO, false, true, false, false, true},
};

/* A worker: connects, sends the N bytes with NFDS descriptors, waits. */
static enum outcome worker(struct world *w, const char *sock, const void *p,
                           size_t n, size_t nfds)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        uint8_t reply[HB_REPLY_SIZE];
        struct pollfd pfd = {.events = POLLIN};
        char path[600];
        int fds[4];

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)alarm(30);
        for (size_t i = 0; i < 4; i++)
            fds[i] = open(w->www, O_PATH | O_CLOEXEC);
        (void)snprintf(path, sizeof(path), "%s/%s.sock", w->run, sock);
        if (hb_sock_connect(path, SOCK_SEQPACKET, &pfd.fd) < 0 ||
            hb_sock_send(pfd.fd, p, n, fds, nfds) < 0)
            _exit(3);
        (void)poll(&pfd, 1, 10000);
        if (recv(pfd.fd, reply, sizeof(reply), 0) == HB_REPLY_SIZE)
            _exit(0);
        (void)pause(); /* the end comes from outside */
        _exit(4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return KILLED;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ANSWERED : NOTHING;
}

static enum outcome send_request(struct world *w, const char *sock,
                                 const struct hb_request *r, size_t nfds)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    size_t n = hb_request_encode(r, buf);

    return worker(w, sock, buf, n, nfds);
}

static void test_every_role_every_request(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();

    /* No reflex: what is permitted is at most asked about. */
    world_start(w, 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct hb_request r;

        req_init(w, &r, table[i].action);
        r.baseline = w->number;
        if (table[i].key2)
            memset(r.key2, 7, sizeof(r.key2));
        assert_int_equal(
            send_request(w, "helper-compare", &r, table[i].fd ? 1 : 0),
            table[i].compare ? ANSWERED : KILLED);
        assert_int_equal(
            send_request(w, "helper-core", &r, table[i].fd ? 1 : 0),
            table[i].core ? ANSWERED : KILLED);
        /* A descriptor where none belongs, or none where one does. */
        assert_int_equal(
            send_request(w, "helper-core", &r, table[i].fd ? 0 : 1), KILLED);
        assert_int_equal(send_request(w, "helper-core", &r, 2), KILLED);
        if (table[i].key2) {
            memset(r.key2, 0, sizeof(r.key2));
            assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
        }
        if (table[i].site) {
            r.site = 0;
            assert_int_equal(
                send_request(w, "helper-core", &r, table[i].fd ? 1 : 0),
                KILLED);
        }
    }
    /* The helper still serves. */
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    assert_true(world_is_clean(w));
    world_free(w);
}

static void test_no_request(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX + 64] = {0};
    struct hb_request r;
    size_t n;

    world_start(w, 0);
    req_init(w, &r, HB_ACT_QUERY);
    n = hb_request_encode(&r, buf);
    assert_int_equal(worker(w, "helper-core", buf, n, 0), ANSWERED);
    assert_int_equal(worker(w, "helper-core", buf, n - 1, 0), KILLED);
    assert_int_equal(worker(w, "helper-core", buf, n + 1, 0), KILLED);
    assert_int_equal(worker(w, "helper-core", buf, sizeof(buf), 0), KILLED);
    assert_int_equal(worker(w, "helper-core", buf, 1, 0), KILLED);
    /* Another version, no action, an unknown action, no key, unknown flag. */
    buf[4] = 9;
    assert_int_equal(worker(w, "helper-core", buf, n, 0), KILLED);
    req_init(w, &r, 0);
    assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
    req_init(w, &r, HB_ACT_COUNT);
    assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
    req_init(w, &r, HB_ACT_QUERY);
    memset(r.key, 0, sizeof(r.key));
    assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
    req_init(w, &r, HB_ACT_FILE_RESTORE);
    r.flags = 0x80;
    assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
    req_init(w, &r, HB_ACT_SITE_PRIVATE);
    r.flags = HB_ACT_F_PUBLISH;
    assert_int_equal(send_request(w, "helper-core", &r, 0), KILLED);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_ASK);
    world_free(w);
}

/* The violation reaches core as an event. */
static void test_event(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct pollfd pfd = {.events = POLLIN};
    struct hb_request r;
    char path[600];
    bool found = false;
    int listening;

    (void)snprintf(path, sizeof(path), "%s/event.sock", w->run);
    assert_int_equal(
        hb_sock_listen(path, SOCK_SEQPACKET, 0600, -1, -1, &listening), 0);
    world_start(w, 0);
    req_init(w, &r, HB_ACT_UNDO);
    memset(r.key2, 1, sizeof(r.key2));
    assert_int_equal(send_request(w, "helper-compare", &r, 0), KILLED);
    pfd.fd = listening;
    assert_int_equal(poll(&pfd, 1, 10000), 1);
    assert_int_equal(hb_sock_accept(listening, &pfd.fd, NULL), 0);
    for (int i = 0; i < 50 && !found; i++) {
        static char buf[HB_MAX_FRAME];
        enum hb_bus_kind kind;
        struct hb_slice json;
        uint64_t seq;
        ssize_t n;

        if (poll(&pfd, 1, 200) != 1)
            continue;
        n = hb_sock_recv(pfd.fd, buf, sizeof(buf) - 1, NULL, 0, NULL);
        if (n <= 0)
            break;
        buf[n] = '\0';
        assert_int_equal(hb_bus_frame_decode(buf, n, &kind, &seq, &json), 0);
        found = memmem(json.p, json.n, "helper.violation", 16) != NULL &&
                memmem(json.p, json.n, "undo", 4) != NULL;
    }
    assert_true(found);
    (void)close(pfd.fd);
    (void)close(listening);
    world_free(w);
}

/* Another user cannot even connect; where it could, it is not served. */
static void test_stranger(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    char path[600];
    pid_t pid;
    int status;

    world_start(w, 0);
    (void)snprintf(path, sizeof(path), "%s/helper-core.sock", w->run);
    assert_int_equal(chmod(path, 0666), 0);
    pid = fork();
    if (pid == 0) {
        struct hb_request r;
        uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX], reply[HB_REPLY_SIZE];
        size_t n;
        int fd;

        req_init(w, &r, HB_ACT_QUERY);
        n = hb_request_encode(&r, buf);
        if (setuid(65534) < 0 || hb_sock_connect(path, SOCK_SEQPACKET, &fd) < 0)
            _exit(3);
        if (hb_sock_send(fd, buf, n, NULL, 0) < 0)
            _exit(0); /* closed already */
        _exit(recv(fd, reply, sizeof(reply), 0) > 0 ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    world_free(w);
}

/* Nothing that a worker asked for in the same breath is done. */
static void test_batch_with_violation(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    struct hb_request good, bad;
    uint8_t a[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX],
        b[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    size_t na, nb;
    char path[600], *text;
    pid_t pid;
    int status;

    world_all_reflexes(w);
    world_start(w, 0);
    put(w, "index.html", "0wned");
    req_path(w, &good, HB_ACT_FILE_RESTORE, "index.html");
    req_init(w, &bad, HB_ACT_SITE_PRIVATE);
    na = hb_request_encode(&good, a);
    nb = hb_request_encode(&bad, b);
    (void)snprintf(path, sizeof(path), "%s/helper-compare.sock", w->run);
    assert_int_equal(kill(w->pid, SIGSTOP), 0);
    pid = fork();
    if (pid == 0) {
        int fd;

        (void)alarm(20);
        if (hb_sock_connect(path, SOCK_SEQPACKET, &fd) < 0 ||
            hb_sock_send(fd, a, na, NULL, 0) < 0 ||
            hb_sock_send(fd, b, nb, NULL, 0) < 0)
            _exit(3);
        (void)kill(w->pid, SIGCONT);
        (void)pause();
        _exit(4);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    text = get(w, "index.html");
    assert_string_equal(text, "0wned");
    free(text);
    world_free(w);
}

static void test_catalogue(void **state)
{
    for (unsigned i = 1; i < HB_ACT_COUNT; i++) {
        const struct hb_catalogue_row *row = hb_catalogue(i);

        assert_non_null(row);
        assert_int_equal(row->action, i);
        assert_int_equal(hb_catalogue_find(hb_slice_z(hb_action_name(i))), i);
        /* G0-1: what is dangerous never goes by itself. */
        assert_true(row->danger == 0 || row->policy != HB_POLICY_AUTO);
        assert_true(row->doc != NULL);
    }
    assert_null(hb_catalogue(0));
    assert_null(hb_catalogue(HB_ACT_COUNT));
    assert_int_equal(hb_catalogue_find(HB_SLICE("rm -rf")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_catalogue),
        cmocka_unit_test(test_every_role_every_request),
        cmocka_unit_test(test_no_request),
        cmocka_unit_test(test_event),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_batch_with_violation)};

    return hb_tap_run("respond/roles", tests);
}

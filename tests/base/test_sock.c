/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets between processes: packets, descriptors, hostile senders, and the
 * two protocols of systemd.
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/sock.h"

static char root[64], path[96];

static int setup(void **state)
{
    (void)snprintf(root, sizeof(root), "/tmp/hinoban-sock-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    (void)snprintf(path, sizeof(path), "%s/s", root);
    return 0;
}

static int teardown(void **state)
{
    return hb_rmtree(AT_FDCWD, root);
}

static unsigned open_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n;
}

static void test_packets_keep_their_bounds(void **state)
{
    char buf[100];
    int fds[2];

    assert_int_equal(hb_sock_pair(fds), 0);
    assert_int_equal(hb_sock_send(fds[0], "one", 3, NULL, 0), 0);
    assert_int_equal(hb_sock_send(fds[0], "three", 5, NULL, 0), 0);
    assert_int_equal(hb_sock_send(fds[0], "", 0, NULL, 0), -EINVAL);
    assert_int_equal(hb_sock_recv(fds[1], buf, sizeof(buf), NULL, 0, NULL), 3);
    assert_memory_equal(buf, "one", 3);
    assert_int_equal(hb_sock_recv(fds[1], buf, 5, NULL, 0, NULL), 5);
    assert_memory_equal(buf, "three", 5);
    hb_close(&fds[0]);
    assert_int_equal(hb_sock_recv(fds[1], buf, 5, NULL, 0, NULL), 0);
    assert_int_equal(hb_sock_send(fds[1], "x", 1, NULL, 0), -EPIPE);
    hb_close(&fds[1]);
}

static void test_long_packet_is_refused(void **state)
{
    char buf[100];
    int fds[2];

    assert_int_equal(hb_sock_pair(fds), 0);
    assert_int_equal(hb_sock_send(fds[0], "0123456789", 10, NULL, 0), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 9, NULL, 0, NULL), -EBADMSG);
    assert_int_equal(hb_sock_send(fds[0], "next", 4, NULL, 0), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 9, NULL, 0, NULL), 4);
    hb_close(&fds[0]);
    hb_close(&fds[1]);
}

static void test_full_socket(void **state)
{
    static char big[8192];
    int fds[2], r = 0;

    assert_int_equal(hb_sock_pair(fds), 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 10000 && r == 0; i++)
        r = hb_sock_send(fds[0], big, sizeof(big), NULL, 0);
    assert_int_equal(r, -EAGAIN);
    assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
    do
        r = (int)hb_sock_recv(fds[1], big, sizeof(big), NULL, 0, NULL);
    while (r > 0);
    assert_int_equal(r, -EAGAIN);
    hb_close(&fds[0]);
    hb_close(&fds[1]);
}

static void test_descriptors(void **state)
{
    int fds[2], pipes[2], got[4] = {-1, -1, -1, -1};
    size_t ngot = 99;
    char c;

    assert_int_equal(hb_sock_pair(fds), 0);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(hb_sock_send(fds[0], "p", 1, pipes, 2), 0);
    assert_int_equal(hb_sock_recv(fds[1], &c, 1, got, 4, &ngot), 1);
    assert_int_equal(ngot, 2);
    assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    assert_int_equal(write(got[1], "z", 1), 1);
    assert_int_equal(read(pipes[0], &c, 1), 1);
    assert_int_equal(c, 'z');
    for (int i = 0; i < 2; i++) {
        hb_close(&got[i]);
        hb_close(&pipes[i]);
    }
    assert_int_equal(hb_sock_send(fds[0], "n", 1, NULL, 0), 0);
    assert_int_equal(hb_sock_recv(fds[1], &c, 1, got, 4, &ngot), 1);
    assert_int_equal(ngot, 0);
    hb_close(&fds[0]);
    hb_close(&fds[1]);
}

static void test_unwanted_descriptors_are_closed(void **state)
{
    int fds[2], many[HB_MAX_FRAME_FDS + 1], got[HB_MAX_FRAME_FDS];
    size_t ngot = 99;
    unsigned before;
    char buf[8];

    assert_int_equal(hb_sock_pair(fds), 0);
    for (size_t i = 0; i < HB_ARRAY_LEN(many); i++)
        many[i] = STDERR_FILENO;
    before = open_descriptors();
    assert_int_equal(hb_sock_send(fds[0], "x", 1, many, HB_ARRAY_LEN(many)),
                     -EINVAL);
    assert_int_equal(hb_sock_send(fds[0], "x", 1, many, 3), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 8, got, 2, &ngot), -EBADMSG);
    assert_int_equal(hb_sock_send(fds[0], "x", 1, many, 1), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 8, NULL, 0, NULL), -EBADMSG);
    /* Too long and with descriptors. */
    assert_int_equal(hb_sock_send(fds[0], "0123456789", 10, many, 2), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 8, got, 2, &ngot), -EBADMSG);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(ngot, 99);
    assert_int_equal(hb_sock_send(fds[0], "x", 1, many, HB_MAX_FRAME_FDS), 0);
    assert_int_equal(hb_sock_recv(fds[1], buf, 8, got, HB_MAX_FRAME_FDS, &ngot),
                     1);
    assert_int_equal(ngot, HB_MAX_FRAME_FDS);
    for (size_t i = 0; i < ngot; i++)
        hb_close(&got[i]);
    hb_close(&fds[0]);
    hb_close(&fds[1]);
}

/* A sender that is not ours may put in what the kernel allows: 253. */
static void test_flood_of_descriptors(void **state)
{
    enum { FLOOD = 253 };
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(FLOOD * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    int fds[2], many[FLOOD], got[HB_MAX_FRAME_FDS];
    unsigned before;
    size_t ngot;
    char buf[8];

    assert_int_equal(hb_sock_pair(fds), 0);
    before = open_descriptors();
    for (int i = 0; i < FLOOD; i++)
        many[i] = STDERR_FILENO;
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(many));
    memcpy(CMSG_DATA(c), many, sizeof(many));
    assert_int_equal(sendmsg(fds[0], &msg, 0), 1);
    assert_int_equal(hb_sock_recv(fds[1], buf, 8, got, HB_MAX_FRAME_FDS, &ngot),
                     -EBADMSG);
    assert_int_equal(open_descriptors(), before);
    hb_close(&fds[0]);
    hb_close(&fds[1]);
}

static void test_listen_connect_accept(void **state)
{
    int server = -1, client = -1, conn = -1;
    struct hb_peer peer;
    struct stat st;
    char buf[8];

    assert_int_equal(hb_sock_listen(path, SOCK_SEQPACKET, 0660, (uid_t)-1,
                                    (gid_t)-1, &server),
                     0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
    assert_int_equal(hb_sock_accept(server, &conn, &peer), -EAGAIN);
    assert_int_equal(hb_sock_connect(path, SOCK_SEQPACKET, &client), 0);
    assert_int_equal(hb_sock_accept(server, &conn, &peer), 0);
    assert_int_equal(peer.pid, getpid());
    assert_int_equal(peer.uid, getuid());
    assert_int_equal(peer.gid, getgid());
    assert_int_equal(fcntl(conn, F_GETFD), FD_CLOEXEC);
    assert_true((fcntl(conn, F_GETFL) & O_NONBLOCK) != 0);
    assert_int_equal(hb_sock_recv(conn, buf, 8, NULL, 0, NULL), -EAGAIN);
    assert_int_equal(hb_sock_send(client, "hi", 2, NULL, 0), 0);
    assert_int_equal(hb_sock_recv(conn, buf, 8, NULL, 0, NULL), 2);
    hb_close(&server);
    hb_close(&client);
    hb_close(&conn);
}

static void test_left_over_is_replaced(void **state)
{
    int first = -1, second = -1;

    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, getuid(), getgid(), &first), 0);
    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, (uid_t)-1, (gid_t)-1, &second),
        -EADDRINUSE);
    assert_int_equal(second, -1);
    hb_close(&first);
    assert_int_equal(hb_sock_connect(path, SOCK_STREAM, &first), -ECONNREFUSED);
    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, (uid_t)-1, (gid_t)-1, &second),
        0);
    hb_close(&second);
}

static void test_other_files_stay(void **state)
{
    struct stat st;
    int fd = -1;

    assert_int_equal(hb_file_write(path, "data", 4, 0600), 0);
    assert_int_equal(
        hb_sock_listen(path, SOCK_STREAM, 0600, (uid_t)-1, (gid_t)-1, &fd),
        -EEXIST);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, 4);
}

static void test_bad_addresses(void **state)
{
    char long_path[200];
    int fd = -1;

    memset(long_path, 'a', sizeof(long_path) - 1);
    long_path[0] = '/';
    long_path[sizeof(long_path) - 1] = '\0';
    assert_int_equal(hb_sock_connect(long_path, SOCK_STREAM, &fd),
                     -ENAMETOOLONG);
    assert_int_equal(hb_sock_connect("", SOCK_STREAM, &fd), -EINVAL);
    assert_int_equal(hb_sock_connect("relative", SOCK_STREAM, &fd), -EINVAL);
    assert_int_equal(hb_sock_connect(path, SOCK_STREAM, &fd), -ENOENT);
    assert_int_equal(fd, -1);
}

static void test_peer_of_another_process(void **state)
{
    int server = -1, conn = -1, status;
    struct hb_peer peer;
    pid_t pid;

    assert_int_equal(hb_sock_listen(path, SOCK_SEQPACKET, 0600, (uid_t)-1,
                                    (gid_t)-1, &server),
                     0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd;

        _exit(hb_sock_connect(path, SOCK_SEQPACKET, &fd) != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(hb_sock_accept(server, &conn, &peer), 0);
    assert_int_equal(peer.pid, pid);
    hb_close(&server);
    hb_close(&conn);
}

static void test_peer_needs_a_connection(void **state)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct hb_peer peer;

    assert_int_equal(hb_sock_peer(fd, &peer), -ENOTCONN);
    hb_close(&fd);
    assert_int_equal(hb_sock_peer(-1, &peer), -EBADF);
}

/* In a child, whose descriptors 3 and 4 can be what we want. */
static int in_child_with_passed(const char *pid_text, const char *count,
                                const char *names, const char *name)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        char own[16];
        int r;

        (void)dup2(open("/dev/null", O_RDWR), 3);
        (void)dup2(3, 4);
        (void)close(5);
        (void)snprintf(own, sizeof(own), "%d", (int)getpid());
        if (pid_text != NULL)
            (void)setenv("LISTEN_PID", pid_text[0] == '=' ? own : pid_text, 1);
        if (count != NULL)
            (void)setenv("LISTEN_FDS", count, 1);
        if (names != NULL)
            (void)setenv("LISTEN_FDNAMES", names, 1);
        r = hb_sock_passed(name);
        if (r >= 0 && (fcntl(r, F_GETFD) != FD_CLOEXEC ||
                       (fcntl(r, F_GETFL) & O_NONBLOCK) == 0))
            r = 99;
        _exit(r < 0 ? 100 - r : r);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    status = WEXITSTATUS(status);
    return status >= 100 ? 100 - status : status;
}

static void test_passed(void **state)
{
    assert_int_equal(in_child_with_passed("=", "2", "api:web", "api"), 3);
    assert_int_equal(in_child_with_passed("=", "2", "api:web", "web"), 4);
    assert_int_equal(in_child_with_passed("=", "2", "web:web", "web"), 3);
    assert_int_equal(in_child_with_passed("=", "2", ":web", "web"), 4);
    assert_int_equal(in_child_with_passed("=", "2", "api", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", "1", "api:web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", "2", "api:webx", "web"),
                     -ENOENT);
    assert_int_equal(in_child_with_passed("=", "2", NULL, "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", "0", "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", "999", "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", "-1", "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("=", NULL, "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("0", "1", "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed("1", "1", "web", "web"), -ENOENT);
    assert_int_equal(in_child_with_passed(NULL, "1", "web", "web"), -ENOENT);
}

static void test_passed_must_be_open(void **state)
{
    /* Descriptor 40 is not; we must not say that all is well. */
    assert_int_equal(in_child_with_passed("=", "38", "web", "web"), -EBADF);
}

static void assert_notified(const char *name, const struct sockaddr_un *sa,
                            socklen_t len)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char buf[64];

    assert_int_equal(bind(fd, (const struct sockaddr *)sa, len), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    hb_notify("READY=1");
    hb_notify("STATUS=watching");
    assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 7);
    assert_memory_equal(buf, "READY=1", 7);
    assert_int_equal(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), 15);
    hb_close(&fd);
    /* Nobody there: nothing happens. */
    hb_notify("READY=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void test_notify(void **state)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    char name[64];
    int n;

    memcpy(sa.sun_path, path, strlen(path) + 1);
    assert_notified(path, &sa, sizeof(sa));
    n = snprintf(name, sizeof(name), "@hinoban-test-%d", (int)getpid());
    sa = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(sa.sun_path + 1, name + 1, (size_t)n - 1);
    assert_notified(
        name, &sa,
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n));
    hb_notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    hb_notify("READY=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_packets_keep_their_bounds),
        T(test_long_packet_is_refused),
        T(test_full_socket),
        T(test_descriptors),
        T(test_unwanted_descriptors_are_closed),
        T(test_flood_of_descriptors),
        T(test_listen_connect_accept),
        T(test_left_over_is_replaced),
        T(test_other_files_stay),
        T(test_bad_addresses),
        T(test_peer_of_another_process),
        T(test_peer_needs_a_connection),
        T(test_passed),
        T(test_passed_must_be_open),
        T(test_notify),
    };

    return hb_tap_run("base/sock", tests);
}

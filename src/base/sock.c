/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock.c - unix sockets between our processes, and systemd's two protocols.
 *
 * Runs in every role.  The peer may be hostile: who it is comes from the
 * kernel (SO_PEERCRED), packets are bounded by the caller's buffer, and
 * descriptors that were not asked for are closed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/num.h"
#include "base/sock.h"

#define BACKLOG      64
#define PASSED_FIRST 3 /* SD_LISTEN_FDS_START */
#define PASSED_MAX   64u

static int address(const char *path, struct sockaddr_un *ret,
                   socklen_t *ret_len);
static int remove_left_over(const char *path, int type);
static int bind_owned(int fd, const char *path, mode_t mode, uid_t uid,
                      gid_t gid);
static size_t take_fds(struct msghdr *msg, int *fds, size_t max);
static int env_u64(const char *name, uint64_t *ret);
static int prepare_passed(int fd);

int hb_sock_listen(const char *path, int type, mode_t mode, uid_t uid,
                   gid_t gid, int *ret_fd)
{
    _cleanup_close_ int fd = -1;
    int r;

    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    r = remove_left_over(path, type);
    if (r < 0)
        return r;
    r = bind_owned(fd, path, mode, uid, gid);
    if (r < 0)
        return r;
    if (listen(fd, BACKLOG) < 0) {
        r = -errno;
        (void)unlink(path);
        return r;
    }
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int hb_sock_connect(const char *path, int type, int *ret_fd)
{
    _cleanup_close_ int fd = -1;
    struct sockaddr_un sa;
    socklen_t len;
    int r;

    r = address(path, &sa, &len);
    if (r < 0)
        return r;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    while (connect(fd, (struct sockaddr *)&sa, len) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    *ret_fd = fd;
    fd = -1;
    return 0;
}

int hb_sock_pair(int ret_fd[2])
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    ret_fd[0] = fds[0];
    ret_fd[1] = fds[1];
    return 0;
}

int hb_sock_accept(int fd, int *ret_fd, struct hb_peer *ret_peer)
{
    _cleanup_close_ int conn = -1;
    struct hb_peer peer;
    int r;

    do
        conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    while (conn < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (conn < 0)
        return -errno;
    r = hb_sock_peer(conn, &peer);
    if (r < 0)
        return r;
    if (ret_peer != NULL)
        *ret_peer = peer;
    *ret_fd = conn;
    conn = -1;
    return 0;
}

int hb_sock_peer(int fd, struct hb_peer *ret)
{
    struct ucred cred;
    socklen_t len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
        return -errno;
    /* The kernel says so of a socket that was never connected. */
    if (len != sizeof(cred) || cred.uid == (uid_t)-1)
        return -ENOTCONN;
    *ret = (struct hb_peer){cred.pid, cred.uid, cred.gid};
    return 0;
}

int hb_sock_send(int fd, const void *p, size_t n, const int *fds, size_t nfds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(HB_MAX_FRAME_FDS * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)p, .iov_len = n};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t sent;

    if (n == 0 || nfds > HB_MAX_FRAME_FDS)
        return -EINVAL;
    if (nfds > 0) {
        struct cmsghdr *c;

        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
        c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
    }
    do
        sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return -errno;
    /* A packet goes whole or not at all; only a stream may be short. */
    return (size_t)sent == n ? 0 : -EIO;
}

ssize_t hb_sock_recv(int fd, void *buf, size_t size, int *fds, size_t max_fds,
                     size_t *ret_nfds)
{
    union {
        struct cmsghdr align;
        /* Room for one more than any packet of ours may carry. */
        char bytes[CMSG_SPACE((HB_MAX_FRAME_FDS + 1) * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = buf, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof(control.bytes)};
    int got[HB_MAX_FRAME_FDS + 1];
    size_t ngot;
    ssize_t n;

    do
        n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    ngot = take_fds(&msg, got, HB_ARRAY_LEN(got));
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || ngot > max_fds ||
        (ngot > 0 && fds == NULL)) {
        for (size_t i = 0; i < ngot; i++)
            hb_close(&got[i]);
        return -EBADMSG;
    }
    if (ngot > 0)
        memcpy(fds, got, ngot * sizeof(int));
    if (ret_nfds != NULL)
        *ret_nfds = ngot;
    return n;
}

int hb_sock_passed(const char *name)
{
    const char *names = getenv("LISTEN_FDNAMES");
    uint64_t pid, count;
    int found = -ENOENT;

    if (env_u64("LISTEN_PID", &pid) < 0 || pid != (uint64_t)getpid() ||
        env_u64("LISTEN_FDS", &count) < 0 || count > PASSED_MAX)
        return -ENOENT;
    for (int fd = PASSED_FIRST; fd < PASSED_FIRST + (int)count; fd++) {
        size_t n = names != NULL ? strcspn(names, ":") : 0;
        int r = prepare_passed(fd);

        if (r < 0)
            return r;
        if (names == NULL)
            continue;
        if (found < 0 && hb_slice_eq(hb_slice(names, n), hb_slice_z(name)))
            found = fd;
        names = names[n] == ':' ? names + n + 1 : NULL;
    }
    return found;
}

void hb_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    _cleanup_close_ int fd = -1;
    struct sockaddr_un sa;
    socklen_t len;

    if (path == NULL || address(path, &sa, &len) < 0)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    /* Nothing to do about a failure: the manager has a time-out of its
     * own. */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL,
                 (const struct sockaddr *)&sa, len);
}

/* "/path" or "@abstract". */
static int address(const char *path, struct sockaddr_un *ret,
                   socklen_t *ret_len)
{
    size_t n = strlen(path);

    if (n < 2 || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    if (n >= sizeof(ret->sun_path))
        return -ENAMETOOLONG;
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, n);
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
    if (path[0] == '@') {
        ret->sun_path[0] = '\0';
        (*ret_len)--; /* every byte counts in an abstract name */
    }
    return 0;
}

/* Unlinks a socket that nobody listens on; anything else stays. */
static int remove_left_over(const char *path, int type)
{
    _cleanup_close_ int fd = -1;
    struct sockaddr_un sa;
    struct stat st;
    socklen_t len;
    int r;

    r = address(path, &sa, &len);
    if (r < 0 || path[0] == '@')
        return r;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(st.st_mode))
        return -EEXIST;
    fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (connect(fd, (struct sockaddr *)&sa, len) == 0 || errno != ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_owned(int fd, const char *path, mode_t mode, uid_t uid,
                      gid_t gid)
{
    struct sockaddr_un sa;
    socklen_t len;
    int r;

    r = address(path, &sa, &len);
    if (r < 0)
        return r;
    /* Linux takes the mode of the new name from the socket: nobody can
     * connect before the owner and the mode are right. */
    if (fchmod(fd, 0) < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
        return -errno;
    if (path[0] == '@')
        return 0;
    if (((uid != (uid_t)-1 || gid != (gid_t)-1) &&
         lchown(path, uid, gid) < 0) ||
        chmod(path, mode) < 0) {
        r = -errno;
        (void)unlink(path);
        return r;
    }
    return 0;
}

/* All descriptors of MSG; what is more than MAX is closed (the control
 * buffer has no room for that). */
static size_t take_fds(struct msghdr *msg, int *fds, size_t max)
{
    size_t n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
         c = CMSG_NXTHDR(msg, c)) {
        size_t count;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (n < max)
                fds[n++] = fd;
            else
                hb_close(&fd);
        }
    }
    return n;
}

static int env_u64(const char *name, uint64_t *ret)
{
    const char *value = getenv(name);

    return value != NULL ? hb_parse_u64(hb_slice_z(value), ret) : -ENOENT;
}

static int prepare_passed(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    return 0;
}

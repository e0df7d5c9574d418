/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sock.h - unix sockets between our processes: SOCK_SEQPACKET, one message
 * one packet, descriptors beside it, the peer's credentials from the kernel.
 */
#ifndef HB_BASE_SOCK_H
#define HB_BASE_SOCK_H

#include "base/base.h"

struct hb_peer {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};

/* A listening socket at PATH (replaced where it is left over; -EADDRINUSE
 * where somebody listens), non-blocking, with MODE and owner (-1: ours);
 * TYPE is SOCK_SEQPACKET or SOCK_STREAM.  "@NAME" is an abstract one. */
int hb_sock_listen(const char *path, int type, mode_t mode, uid_t uid,
                   gid_t gid, int *ret_fd) HB_WUR;
int hb_sock_connect(const char *path, int type, int *ret_fd) HB_WUR;
/* A pair of SOCK_SEQPACKET. */
int hb_sock_pair(int ret_fd[2]) HB_WUR;
/* Next connection, non-blocking and close-on-exec; -EAGAIN. */
int hb_sock_accept(int fd, int *ret_fd, struct hb_peer *ret_peer) HB_WUR;
int hb_sock_peer(int fd, struct hb_peer *ret) HB_WUR;

/* One packet (N > 0: an empty one would look like the end) with NFDS
 * descriptors, at most HB_MAX_FRAME_FDS, which stay the caller's.  -EAGAIN
 * where a non-blocking socket is full. */
int hb_sock_send(int fd, const void *p, size_t n, const int *fds,
                 size_t nfds) HB_WUR;
/* One packet into BUF; the number of bytes, 0 where the peer closed.
 * Received descriptors (close-on-exec) fill FDS, at most MAX_FDS; a packet
 * with more, or cut because it was longer than BUF, is refused with
 * -EBADMSG and its descriptors are closed. */
ssize_t hb_sock_recv(int fd, void *buf, size_t size, int *fds, size_t max_fds,
                     size_t *ret_nfds) HB_WUR;

/* Sockets passed in by systemd or our supervisor (sd_listen_fds(3)): the
 * descriptor named NAME in LISTEN_FDNAMES, or -ENOENT.  LISTEN_PID must be
 * ours.  All that are passed are made non-blocking and close-on-exec. */
int hb_sock_passed(const char *name) HB_WUR;
/* sd_notify(3): "READY=1", "STATUS=..."; nothing where NOTIFY_SOCKET is
 * unset. */
void hb_notify(const char *state);

#endif

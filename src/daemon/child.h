/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.h - starts one role as a process of its own (fork and exec of this
 * same program), with its listening sockets passed as systemd would.
 */
#ifndef HB_DAEMON_CHILD_H
#define HB_DAEMON_CHILD_H

#include "base/base.h"

#define HB_CHILD_SOCKS 8u

struct hb_child_sock {
    const char *name; /* LISTEN_FDNAMES */
    int fd;
};

struct hb_child {
    const char *role;
    const char *root;
    const char *notify_path; /* NOTIFY_SOCKET */
    const struct hb_child_sock *socks;
    size_t nsocks;
};

/* *RET_PIDFD is readable when the process has ended; the caller reaps. */
int hb_child_start(const struct hb_child *c, pid_t *ret_pid,
                   int *ret_pidfd) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role.h - the one table of roles (roles.c).  It generates the systemd units
 * and drives the small supervisor; sandbox.c applies a row before the role's
 * function runs.
 */
#ifndef HB_DAEMON_ROLE_H
#define HB_DAEMON_ROLE_H

#include "base/base.h"
#include "base/err.h"
#include "config/role_ctx.h"
#include "daemon/paths.h"

enum hb_role_flag {
    HB_ROLE_NETWORK = 1,   /* may use AF_INET and AF_INET6 */
    HB_ROLE_EXEC = 2,      /* may run programs from sbin and bin */
    HB_ROLE_PRIVILEGED = 4 /* exposure ceiling 2.0 instead of 1.2 */
};

struct hb_role_sock {
    const char *name;      /* LISTEN_FDNAMES and NAME.sock */
    int type;              /* SOCK_STREAM or SOCK_SEQPACKET */
    mode_t mode;
    const char *peer;      /* role whose user owns it; NULL: root */
};

/* Which directory of hb_paths a role may touch, and how. */
struct hb_role_dir {
    enum hb_dir dir;
    bool write;
};

struct hb_role {
    const char *name;              /* "watch" */
    const char *user;              /* "hinoban-watch" */
    uid_t fallback_uid;            /* where that user does not exist */
    uint64_t caps;                 /* bit mask of CAP_ numbers kept */
    unsigned flags;                /* enum hb_role_flag */
    const struct hb_role_sock *socks; /* name NULL ends */
    const struct hb_role_dir *dirs;
    const char *const *syscalls;   /* allowed beyond the common set */
    hb_role_main *run;             /* config/role_ctx.h */
    const char *doc;               /* one sentence, N_() */
};

extern const struct hb_role hb_roles[];   /* name NULL ends */
const struct hb_role *hb_role_find(const char *name);

#endif

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
    HB_ROLE_NETWORK = 1,      /* may use AF_INET and AF_INET6 */
    HB_ROLE_EXEC = 2,         /* may run programs from sbin and bin */
    HB_ROLE_PRIVILEGED = 4,   /* exposure ceiling 2.0 instead of 1.2 */
    HB_ROLE_SITES_READ = 8,   /* reads the document roots by path */
    HB_ROLE_SITES_WRITE = 16, /* changes them */
    HB_ROLE_MOUNTS = 32,      /* takes mounts off document roots */
    HB_ROLE_PROC = 64,        /* looks at other users' processes */
    HB_ROLE_ANCHOR = 128,     /* writes to the configured anchor */
    HB_ROLE_BENEATH = 256,    /* walks trees that others write to: openat2(2) */
    HB_ROLE_RELOAD = 512,     /* reads settings again on SIGHUP, atomically */
    HB_ROLE_LISTEN = 1024     /* strangers come to its port; it connects to
                                 nobody's */
};

struct hb_role_sock {
    const char *name; /* LISTEN_FDNAMES and NAME.sock */
    int type;         /* SOCK_STREAM or SOCK_SEQPACKET */
    mode_t mode;
    const char *peer; /* role whose user owns it; NULL: root */
};

/* Which directory of hb_paths a role may touch, and how. */
struct hb_role_dir {
    enum hb_dir dir;
    bool write;
};

struct hb_role {
    const char *name;                 /* "watch" */
    const char *user;                 /* "hinoban-watch" */
    uid_t fallback_uid;               /* where that user does not exist */
    uint64_t caps;                    /* bit mask of CAP_ numbers kept */
    unsigned flags;                   /* enum hb_role_flag */
    const struct hb_role_sock *socks; /* name NULL ends */
    const struct hb_role_dir *dirs;   /* HB_DIR_COUNT ends */
    const char *const *reads;    /* absolute paths read besides, NULL ends */
    const char *const *syscalls; /* allowed beyond the common set */
    hb_role_main *run;           /* config/role_ctx.h */
    const char *doc;             /* one sentence, N_() */
    const char *const *groups;   /* besides ours, where the machine has them;
                                    NULL: none, NULL ends */
};

/* In the order in which they are started; stopped in the reverse. */
extern const struct hb_role hb_roles[]; /* name NULL ends */
#define HB_ROLES_MAX 16u

const struct hb_role *hb_role_find(const char *name);
/* The user of R: its own where it exists on this machine, else the fallback;
 * the group is "hinoban" (61800 where there is none), root's for root. */
void hb_role_ids(const struct hb_role *r, uid_t *ret_uid, gid_t *ret_gid);
gid_t hb_role_group(void);
/* Owner of the socket S (mode 0660: root and the group of all roles; else
 * root or the role that may connect). */
void hb_role_sock_owner(const struct hb_role_sock *s, uid_t *ret_uid,
                        gid_t *ret_gid);

/* The life of one role process: loads the configuration, enters the sandbox,
 * calls the row's main.  Returns the exit status. */
int hb_role_start(const struct hb_role *r, const struct hb_paths *paths,
                  const char *config_path);

#endif

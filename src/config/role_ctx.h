/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_ctx.h - what a role's main function gets.
 *
 * The roles' code lies in layers below daemon (sense/files, respond, ...), so
 * this shape stands as low as the configuration.  daemon/roles.c has one row a
 * role that names the role's main:
 *
 *     int hb_watch_main(const struct hb_role_ctx *ctx);
 *
 * It is called in a process of its own after the row was applied: the user is
 * switched, only the row's capabilities are left, seccomp and Landlock are in
 * force, all descriptors but the listening sockets are closed, the umask is
 * 077, SIGPIPE is ignored, and logging is open.  Listening sockets are taken by
 * name with hb_sock_passed() (base/sock.h).  The main runs its loop until
 * SIGTERM and returns the exit status of the process.  It calls
 * hb_notify("READY=1") once it serves.
 *
 * Everything in here lives until the main returns.  A role never writes to a
 * directory that its row does not give it.
 */
#ifndef HB_CONFIG_ROLE_CTX_H
#define HB_CONFIG_ROLE_CTX_H

#include "config/config.h"

/* Whose processes a role is, for checks of SO_PEERCRED.  The users are looked
 * up before the sandbox, which may hide /etc/passwd. */
struct hb_role_user {
    const char *role; /* "compare"; NULL ends the list */
    uid_t uid;
    gid_t gid;
};

struct hb_role_ctx {
    const char *role; /* "watch" */
    const struct hb_config *config;
    const char *config_path;  /* to load again on SIGHUP */
    const char *etc_dir;      /* /etc/hinoban */
    const char *state_dir;    /* /var/lib/hinoban/state */
    const char *baseline_dir; /* /var/lib/hinoban/baseline */
    const char *helper_dir;   /* /var/lib/hinoban/helper */
    const char *private_dir;  /* /var/lib/hinoban/private */
    const char *pending_dir;  /* /var/lib/hinoban/pending */
    const char *gate_dir;     /* /var/lib/hinoban/gate */
    const char *share_dir;    /* /var/lib/hinoban/share */
    const char *share_keys;   /* /var/lib/hinoban/share-keys */
    const char *run_dir;      /* /run/hinoban */
    const char *data_dir;     /* /usr/share/hinoban */
    const struct hb_role_user *users;
};

typedef int hb_role_main(const struct hb_role_ctx *ctx);

/* Whether a process with UID is the role named ROLE. */
static inline bool hb_role_is(const struct hb_role_ctx *ctx, const char *role,
                              uid_t uid)
{
    const struct hb_role_user *u = ctx->users;

    for (; u != NULL && u->role != NULL; u++)
        if (hb_streq(u->role, role))
            return u->uid == uid;
    return false;
}

#endif

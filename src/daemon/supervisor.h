/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor.h - runs all roles in the foreground, where there is no systemd
 * (`./dev up`, containers, tests).  On servers systemd does all of this with
 * the units that are written from the same table.
 */
#ifndef HB_DAEMON_SUPERVISOR_H
#define HB_DAEMON_SUPERVISOR_H

#include "base/err.h"
#include "daemon/role.h"

struct hb_supervise {
    const struct hb_role *roles; /* name NULL ends */
    const struct hb_paths *paths;
    const char *config_path;
    bool once; /* stop as soon as every role is ready */
};

/* Runs until SIGTERM or SIGINT (SIGHUP: checks the configuration, and starts
 * the roles again where it is right).  Prints "ready" to standard output once
 * every role is.  Returns 0 after an ordered stop, -EBUSY where another
 * supervisor holds the same root, -ETIMEDOUT where the roles did not become
 * ready (once), else -errno. */
int hb_supervise(const struct hb_supervise *s, struct hb_err *err) HB_WUR;

#endif

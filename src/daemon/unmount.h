/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmount.h - takes mounts off document roots on behalf of the helper, which
 * under systemd lives in a mount namespace of its own (doc/decisions/0003).
 */
#ifndef HB_DAEMON_UNMOUNT_H
#define HB_DAEMON_UNMOUNT_H

#include "base/err.h"
#include "config/config.h"

/* Serves every DIR/NAME.request (one absolute path and a newline): takes off
 * what is mounted there and writes the result, 0 or a positive errno, as
 * DIR/NAME.done.  The number of requests, or -errno. */
int hb_unmount_serve(const char *dir, const struct hb_config *config,
                     struct hb_err *err) HB_WUR;
/* One path: -EXDEV where it is not strictly below a document root, -EPERM
 * where /etc/fstab names it, -EINVAL where nothing is mounted there. */
int hb_unmount_path(const char *path, const struct hb_config *config) HB_WUR;

#endif

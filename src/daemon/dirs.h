/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirs.h - owner and mode of each of our directories: the one table behind
 * the supervisor (which makes them) and tmpfiles.d (which systemd reads).
 */
#ifndef HB_DAEMON_DIRS_H
#define HB_DAEMON_DIRS_H

#include "base/err.h"
#include "daemon/role.h"

struct hb_dir_rule {
    enum hb_dir dir;
    mode_t mode;
    const char *owner; /* a role's name; NULL: root */
    bool group;        /* the group of all roles; else the owner's or root's */
};

extern const struct hb_dir_rule hb_dir_rules[]; /* HB_DIR_COUNT ends */

/* Makes what is missing and sets owner and mode (not of what lies inside).
 * *RET_MADE_RUN: whether the run directory was made by this call; NULL: it is
 * left to who starts the roles. */
int hb_dirs_make(const struct hb_paths *p, bool *ret_made_run,
                 struct hb_err *err) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.h - what a pidfd means to writer.freeze, as a text that a person can
 * approve: "v2:/system.slice/php.service" (unified hierarchy), "v1:/..."
 * (freezer hierarchy) or "pid:123:456" (one process and its start time, where
 * it is in no control group of its own).
 */
#ifndef HB_RESPOND_FREEZE_H
#define HB_RESPOND_FREEZE_H

#include "base/base.h"

/* Fills BUF; -EBADF where FD is no pidfd, -ESRCH where it has ended, or is
 * not the one that began at STARTED (the low half of /proc/PID/stat 22; 0:
 * whichever). */
int hb_freeze_object(int fd, uint32_t started, char *buf, size_t size) HB_WUR;
/* Lets OBJECT go on; -ENOENT or -ESRCH where it has ended. */
int hb_freeze_lift(const char *object) HB_WUR;

#endif

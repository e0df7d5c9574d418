/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc.h - what tells one process from another that gets its number later.
 */
#ifndef HB_BASE_PROC_H
#define HB_BASE_PROC_H

#include <sys/types.h>

#include "base/base.h"

/* When PID was started, in clock ticks since boot (proc(5): field 22 of
 * /proc/PID/stat).  -ENOENT, -ESRCH where it has ended. */
int hb_proc_start(pid_t pid, uint64_t *ret) HB_WUR;
/* The same out of the text of such a file; -ESRCH where it is none. */
int hb_proc_stat_start(struct hb_slice stat, uint64_t *ret) HB_WUR;

#endif

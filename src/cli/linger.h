/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linger.h - a process tree whose members are still there when the watch asks
 * who they are.
 *
 * The kernel's events name a writer by its number; what /proc says of it is
 * gone when it is, and "rm" ends with its last deed.  A tracer (ptrace(2))
 * holds each process of the tree for a moment at its exit.
 */
#ifndef HB_CLI_LINGER_H
#define HB_CLI_LINGER_H

#include <sys/types.h>

#include "base/base.h"

/* Takes hold of PID, a child that has not started its program yet. */
int hb_linger_seize(pid_t pid) HB_WUR;
/* Until PID ends; its wait status.  What it leaves running goes on untraced
 * when this process ends. */
int hb_linger_wait(pid_t pid, int *ret_status) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h - a process gives up what its role's row does not name.
 *
 * Called once, in a process with one thread, before anything foreign is read.
 * The order matters and is fixed in hb_sandbox_enter(): what needs rights
 * comes before the call that takes them away.  A step that fails ends the
 * start: a role never runs with more than its row.
 */
#ifndef HB_DAEMON_SANDBOX_H
#define HB_DAEMON_SANDBOX_H

#include "daemon/role.h"

/* Sanitizers need ptrace, personality and writable code: then the filter logs
 * instead of killing, and the process stays dumpable.  Everything else is as
 * in a release; a test without sanitizers proves the filter. */
#if defined(__SANITIZE_ADDRESS__)
#define HB_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HB_SANITIZED 1
#endif
#endif
#ifndef HB_SANITIZED
#define HB_SANITIZED 0
#endif

/* All steps, in order. */
int hb_sandbox_enter(const struct hb_role *r, const struct hb_paths *paths,
                     const struct hb_config *config, struct hb_err *err) HB_WUR;

/* The steps.  Limits, foreign descriptors, umask, working directory. */
int hb_sandbox_limits(struct hb_err *err) HB_WUR;
/* User and group of the row, its capabilities and nothing more, for ever. */
int hb_sandbox_user(const struct hb_role *r, struct hb_err *err) HB_WUR;
/* Landlock (kernel 5.13 and later; -EOPNOTSUPP where the kernel has none). */
int hb_sandbox_landlock(const struct hb_role *r, const struct hb_paths *paths,
                        const struct hb_config *config,
                        struct hb_err *err) HB_WUR;
/* The allow-list of system calls (seccomp); the last step. */
int hb_sandbox_filter(const struct hb_role *r, struct hb_err *err) HB_WUR;
/* The filter as BPF would be loaded, in libseccomp's readable form, to FD
 * (for tests and documentation). */
int hb_sandbox_filter_export(const struct hb_role *r, int fd) HB_WUR;

#endif

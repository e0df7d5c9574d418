/* SPDX-License-Identifier: Apache-2.0 */
/*
 * respond.h - the privileged helper: acts on requests of fixed size, by
 * policy, with a journal (TRUST: "Roles, the helper", "Actions").
 *
 * The helper takes two listening sockets by name, helper-compare and
 * helper-core (sock.h).  Who asks is known by the socket and checked with
 * SO_PEERCRED: the peer's uid must be the owner of the socket's file.
 */
#ifndef HB_RESPOND_RESPOND_H
#define HB_RESPOND_RESPOND_H

#include "base/err.h"
#include "base/loop.h"
#include "config/role_ctx.h"
#include "event/action.h"

enum hb_requester { HB_REQUESTER_COMPARE = 1, HB_REQUESTER_CORE = 2 };

/* The role's main: runs until SIGTERM, returns the exit status. */
int hb_helper_main(const struct hb_role_ctx *ctx);

/* System calls that the helper needs beyond the common set of a role (files
 * opened and read, sockets, epoll, timers, memory); NULL ends.  It never
 * opens a network socket and never runs a program. */
extern const char *const hb_helper_syscalls[];

/* The parts of hb_helper_main(), for tests and benches.  CTX is borrowed. */
struct hb_helper;
int hb_helper_new(const struct hb_role_ctx *ctx, struct hb_loop *loop,
                  struct hb_helper **ret, struct hb_err *err) HB_WUR;
void hb_helper_free(struct hb_helper *h);
/* Serves connections to the listening socket FD, which becomes its own;
 * peers must have uid UID. */
int hb_helper_listen(struct hb_helper *h, int fd, enum hb_requester who,
                     uid_t uid) HB_WUR;

/* Tests only: the process ends by SIGKILL when it passes the N-th step that
 * changes something outside its memory (0: never). */
void hb_helper_crash_at(unsigned n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_bus.h - inside core/: event.sock, where roles send events and take
 * commands.  Who speaks as whom is checked against the module table.
 */
#ifndef HB_CORE_CORE_BUS_H
#define HB_CORE_CORE_BUS_H

#include "core/core.h"

int hb_core_bus_new(struct hb_core *c, int listen_fd,
                    struct hb_core_bus **ret) HB_WUR;
void hb_core_bus_free(struct hb_core_bus *b);

/* Sends a command to the role whose events carry SOURCE.  FN is called once:
 * with the answer's event, or with NULL where the role went away or did not
 * answer within TIMEOUT_NS.  -ENOTCONN where that role is not connected. */
typedef void hb_core_command_fn(void *arg, const struct hb_event *answer);
int hb_core_command(struct hb_core *c, const char *source, const char *cmd,
                    const char *site, uint64_t timeout_ns,
                    hb_core_command_fn *fn, void *arg) HB_WUR;
/* A member of a command: TEXT, or where that is NULL, JSON. */
struct hb_core_member {
    const char *name, *text;
    struct hb_slice json;
};
/* The same with MEMBERS (name NULL ends) instead of the site. */
int hb_core_command_with(struct hb_core *c, const char *source, const char *cmd,
                         const struct hb_core_member *members,
                         uint64_t timeout_ns, hb_core_command_fn *fn,
                         void *arg) HB_WUR;
/* Whether the role whose events carry SOURCE is connected now. */
bool hb_core_connected(const struct hb_core *c, const char *source);
void hb_core_command_answered(struct hb_core *c, const struct hb_event *e);
/* Called once a second: commands that nobody answered. */
void hb_core_command_sweep(struct hb_core *c);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_ended.c - `hinoban role-ended NAME`: the event that a role died.
 *
 * Under systemd nobody of ours sees a role die; its unit calls this from
 * ExecStopPost=, as the role's user and in its unit's fence.  What happened
 * stands in the environment (systemd.exec(5): SERVICE_RESULT, EXIT_CODE,
 * EXIT_STATUS).  A stop that was asked for makes no event.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/loop.h"
#include "cli/cli.h"
#include "daemon/role.h"
#include "event/bus.h"

#define RING    ((size_t)64 << 10)
#define WAIT_MS 2000

static int fill(struct hb_event *e, const char *role, const char *result);

int hb_cmd_role_ended(struct hb_cli *cli, int argc, char **argv)
{
    const char *result = getenv("SERVICE_RESULT");
    _cleanup_arena_ struct hb_arena *a = NULL;
    char path[HB_MAX_PATH];
    struct hb_event *e;
    struct hb_loop *loop;
    struct hb_bus *bus = NULL;
    int r;

    if (argc != 2 || hb_role_find(argv[1]) == NULL)
        return hb_cli_usage(cli, _("name one role"));
    if (result == NULL || hb_streq(result, "success"))
        return HB_EXIT_OK;
    a = hb_arena_new(0);
    loop = hb_loop_new();
    if (a == NULL || loop == NULL)
        return HB_EXIT_FAILED;
    e = hb_event_new(a, HB_EV_APP_LIFECYCLE, 4, HB_SEV_MEDIUM, "daemon/unit");
    r = e == NULL ? -ENOMEM : fill(e, argv[1], result);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_RUN, "event.sock", path);
    if (r == 0)
        r = hb_bus_new(loop, path, "daemon/unit", RING, &bus);
    if (r == 0) {
        uint64_t until = hb_mono() + WAIT_MS * HB_MS;

        r = hb_bus_send(bus, e);
        /* Where core itself died nobody acknowledges; the event waits in
         * the socket, which systemd holds. */
        while (r == 0 && hb_bus_unacknowledged(bus) > 0 && hb_mono() < until)
            if (hb_loop_turn(loop, 100) < 0)
                break;
    }
    hb_bus_free(bus);
    hb_loop_free(loop);
    return r < 0 ? hb_cli_fail_code("event.sock", r) : HB_EXIT_OK;
}

static int fill(struct hb_event *e, const char *role, const char *result)
{
    const char *code = getenv("EXIT_CODE");
    const char *status = getenv("EXIT_STATUS");
    char text[HB_MAX_ERR];
    int r;

    /* Nothing of ours makes a forbidden call: a bug, or somebody inside. */
    if (status != NULL && hb_streq(status, "SYS"))
        e->severity = HB_SEV_HIGH;
    (void)snprintf(text, sizeof(text), _("the role %s ended: %s (%s %s)"), role,
                   result, code != NULL ? code : "-",
                   status != NULL ? status : "-");
    r = hb_event_strz(e, HB_F_RESOURCE_NAME, role);
    if (r == 0)
        r = hb_event_strz(e, HB_F_MESSAGE, text);
    return r;
}

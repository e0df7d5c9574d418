/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role.c - `hinoban role NAME`: becomes one worker process.
 *
 * Called by systemd and the supervisor, never by people; daemon/start.c gives
 * up every right that the role's row does not name before it does anything.
 */
#include "cli/cli.h"
#include "daemon/role.h"

int hb_cmd_role(struct hb_cli *cli, int argc, char **argv)
{
    const char *names[HB_ROLES_MAX];
    const struct hb_role *role;
    const char *near;
    size_t n = 0;

    if (argc != 2)
        return hb_cli_usage(cli, _("name one role"));
    role = hb_role_find(argv[1]);
    if (role != NULL)
        return hb_role_start(role, &cli->paths, cli->config);
    for (; hb_roles[n].name != NULL; n++)
        names[n] = hb_roles[n].name;
    near = hb_nearest(argv[1], names, n);
    if (near == NULL)
        return hb_cli_usage(cli, _("there is no role \"%s\""), argv[1]);
    return hb_cli_usage(cli, _("there is no role \"%s\"; did you mean \"%s\"?"),
                        argv[1], near);
}

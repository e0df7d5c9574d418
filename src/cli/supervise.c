/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervise.c - `hinoban supervise [--once]`: all roles in the foreground.
 *
 * Runs as root, for `./dev up`, containers and tests; on servers systemd
 * starts the roles from their units.
 */
#include "base/log.h"
#include "cli/cli.h"
#include "daemon/supervisor.h"

int hb_cmd_supervise(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_supervise s = {
        .roles = hb_roles, .paths = &cli->paths, .config_path = cli->config};
    _cleanup_config_ struct hb_config *config = NULL;
    struct hb_err err = {0};

    if (argc == 2 && hb_streq(argv[1], "--once"))
        s.once = true;
    else if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (geteuid() != 0) {
        (void)hb_err_set(&err, -EPERM,
                         _("the supervisor must be started by root"));
        return hb_cli_fail(&err);
    }
    hb_log_open("supervisor", HB_LOG_INFO);
    /* A mistake is told at once, not once for every role. */
    if (hb_config_load(cli->config, &config, &err) < 0)
        return hb_cli_fail(&err);
    if (hb_supervise(&s, &err) < 0)
        return hb_cli_fail(&err);
    return HB_EXIT_OK;
}

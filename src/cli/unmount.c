/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmount.c - `hinoban unmount --requests DIR`: see daemon/unmount.h.
 *
 * Run by hinoban-unmount.service, for a moment, as root.
 */
#include "cli/cli.h"
#include "daemon/unmount.h"

int hb_cmd_unmount(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_config_ struct hb_config *config = NULL;
    struct hb_err err = {0};

    if (argc != 3 || !hb_streq(argv[1], "--requests"))
        return hb_cli_usage(cli, _("--requests DIR is missing"));
    if (hb_config_load(cli->config, &config, &err) < 0 ||
        hb_unmount_serve(argv[2], config, &err) < 0)
        return hb_cli_fail(&err);
    return HB_EXIT_OK;
}

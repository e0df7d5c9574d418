/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.c - `hinoban units --dir DIR [--drop-ins] [--exe PATH]`.
 *
 * Runs at the package's build (without a configuration), or as root when the
 * administrator has changed the sites (--drop-ins).
 */
#include "cli/cli.h"
#include "daemon/units.h"

int hb_cmd_units(struct hb_cli *cli, int argc, char **argv)
{
    struct hb_units u = {
        .roles = hb_roles, .paths = &cli->paths, .exe = "/usr/bin/hinoban"};
    _cleanup_config_ struct hb_config *config = NULL;
    const char *dir = NULL;
    bool drop_ins = false;
    struct hb_err err = {0};

    for (int i = 1; i < argc; i++) {
        if (hb_streq(argv[i], "--drop-ins"))
            drop_ins = true;
        else if (hb_streq(argv[i], "--dir") && i + 1 < argc)
            dir = argv[++i];
        else if (hb_streq(argv[i], "--exe") && i + 1 < argc)
            u.exe = argv[++i];
        else
            return hb_cli_usage(cli, _("unexpected argument %s"), argv[i]);
    }
    if (dir == NULL)
        return hb_cli_usage(cli, _("--dir DIR is missing"));
    if (!drop_ins)
        return hb_units_write(&u, dir, &err) < 0 ? hb_cli_fail(&err)
                                                 : HB_EXIT_OK;
    if (hb_config_load(cli->config, &config, &err) < 0 ||
        hb_units_write_drop_ins(&u, config, dir, &err) < 0)
        return hb_cli_fail(&err);
    return HB_EXIT_OK;
}

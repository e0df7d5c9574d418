/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release.c - `hinoban release`: lets go what is in force (respond/release.h).
 *
 * Run by the package's prerm, as root, after the roles have stopped.
 */
#include <stdio.h>

#include "base/show.h"
#include "cli/cli.h"
#include "config/config.h"
#include "respond/release.h"

static void told(void *arg, bool locked, const char *object, int error);

int hb_cmd_release(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_config_ struct hb_config *c = NULL;
    struct hb_err err = {0};
    int r;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    r = hb_config_load(cli->config, &c, &err);
    if (r >= 0)
        r = hb_release(cli->paths.dir[HB_DIR_HELPER], c, told, NULL, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    return r > 0 ? HB_EXIT_FAILED : hb_cli_flush();
}

static void told(void *arg, bool locked, const char *object, int error)
{
    char text[HB_MAX_PATH];

    (void)arg;
    (void)hb_showz(text, sizeof(text), hb_slice_z(object));
    if (error < 0)
        (void)hb_cli_fail_code(text, error);
    else if (locked)
        printf(_("%s can be changed again.\n"), text);
    else
        printf(_("%s may go on.\n"), text);
}

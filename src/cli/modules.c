/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules.c - `hinoban modules`: the capabilities of this program, which
 * cases they serve and by which processes.  Needs no service.
 */
#include <stdio.h>

#include "base/json.h"
#include "cli/cli.h"
#include "config/module.h"

static void print_text(const struct hb_module *m);
static void add_json(struct hb_jw *w, const struct hb_module *m);

int hb_cmd_modules(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; hb_modules[i] != NULL; i++) {
        if (!cli->json)
            print_text(hb_modules[i]);
        add_json(&w, hb_modules[i]);
    }
    hb_jw_end_arr(&w);
    if (cli->json)
        printf("%s\n", hb_buf_z(&b));
    return hb_cli_flush();
}

static void print_text(const struct hb_module *m)
{
    printf("%-16s %-10s", m->name, hb_family_name(m->family));
    for (size_t i = 0; m->roles[i] != NULL; i++)
        printf("%s%s", i > 0 ? "," : " ", m->roles[i]);
    printf("\n    %s\n", _(m->doc));
}

static void add_json(struct hb_jw *w, const struct hb_module *m)
{
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "name", m->name);
    hb_jw_str(w, "family", hb_family_name(m->family));
    hb_jw_arr(w, "cases");
    for (size_t i = 0; m->cases[i] != 0; i++)
        hb_jw_int(w, NULL, m->cases[i]);
    hb_jw_end_arr(w);
    hb_jw_arr(w, "roles");
    for (size_t i = 0; m->roles[i] != NULL; i++)
        hb_jw_str(w, NULL, m->roles[i]);
    hb_jw_end_arr(w);
    hb_jw_end_obj(w);
}

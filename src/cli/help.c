/* SPDX-License-Identifier: Apache-2.0 */
/*
 * help.c - `hinoban help [COMMAND]` and `hinoban completion`, both written
 * from the table of commands.
 *
 * Runs as whoever calls it and reads nothing but its arguments.
 */
#include <stdio.h>

#include "cli/cli.h"

static int help_one(const struct hb_cli *cli, const char *name);
static void help_all(void);

int hb_cmd_help(struct hb_cli *cli, int argc, char **argv)
{
    if (argc > 2)
        return hb_cli_usage(cli, _("help takes one command at most"));
    if (argc == 2)
        return help_one(cli, argv[1]);
    help_all();
    return hb_cli_flush();
}

int hb_cmd_completion(struct hb_cli *cli, int argc, char **argv)
{
    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    printf("# bash completion of hinoban; \"hinoban completion\" writes it.\n"
           "_hinoban() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev word cmd=\n"
           "    prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    if [ \"$prev\" = --root ] || [ \"$prev\" = --dir ]; then\n"
           "        COMPREPLY=($(compgen -d -- \"$cur\")); return\n"
           "    fi\n"
           "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "        case $word in\n");
    for (const struct hb_cli_command *c = hb_cli_commands; c->name != NULL; c++)
        printf("        %s) cmd=%s;;\n", c->name, c->name);
    printf("        esac\n"
           "        [ -z \"$cmd\" ] || break\n"
           "    done\n"
           "    case $cmd in\n"
           "    '') word='--root --json --help --version");
    for (const struct hb_cli_command *c = hb_cli_commands; c->name != NULL; c++)
        printf(" %s", c->name);
    printf("';;\n");
    for (const struct hb_cli_command *c = hb_cli_commands; c->name != NULL; c++)
        printf("    %s) word='--root --json --help%s%s';;\n", c->name,
               c->words != NULL ? " " : "", c->words != NULL ? c->words : "");
    printf("    esac\n"
           "    COMPREPLY=($(compgen -W \"$word\" -- \"$cur\"))\n"
           "    [ -z \"$cmd\" ] || "
           "COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
           "}\n"
           "complete -F _hinoban hinoban\n");
    return hb_cli_flush();
}

static int help_one(const struct hb_cli *cli, const char *name)
{
    for (const struct hb_cli_command *c = hb_cli_commands; c->name != NULL;
         c++) {
        if (!hb_streq(c->name, name))
            continue;
        printf(_("Usage: hinoban %s %s\n"), c->name, c->usage);
        printf("%s\n", _(c->summary));
        if (c->help != NULL)
            printf("\n%s\n", _(c->help));
        return hb_cli_flush();
    }
    return hb_cli_usage(cli, _("there is no command \"%s\""), name);
}

static void help_all(void)
{
    static const char *const titles[HB_CLI_GROUPS] = {
        [HB_CLI_DAILY] = N_("Every day"),
        [HB_CLI_SETUP] = N_("Setting up and looking after it"),
        [HB_CLI_INNER] = N_("Called by systemd and ./dev"),
    };

    printf(_("Usage: hinoban [--root DIR] [--json] COMMAND ...\n"));
    printf(_("Hinoban, the fire watch for an organisation with one security "
             "person.\n"));
    for (unsigned g = 0; g < HB_CLI_GROUPS; g++) {
        bool titled = false;

        for (const struct hb_cli_command *c = hb_cli_commands; c->name != NULL;
             c++) {
            if (c->group != g)
                continue;
            if (!titled)
                printf("\n%s\n", _(titles[g]));
            titled = true;
            printf("  %-12s %s\n", c->name, _(c->summary));
        }
    }
    printf("\n");
    printf(_("Options for every command:\n"
             "  --root DIR   everything lies below DIR (or HINOBAN_ROOT)\n"
             "  --json       machine-readable output, where there is one\n"
             "  --help       how to use a command\n"
             "  --version    the program's version\n"
             "Exit status: 0 done, 1 failed, 2 wrong usage.\n"));
}

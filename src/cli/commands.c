/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands.c - the table of subcommands, in the order in which `hinoban help`
 * shows them.  A row is all that the dispatcher, the help and the completion
 * know of a command.
 */
#include "cli/cli.h"

const struct hb_cli_command hb_cli_commands[] = {
    {"config", hb_cmd_config, HB_CLI_SETUP,
     N_("check the configuration, or print it with its defaults"),
     "check|dump|man [FILE]", "check dump man",
     N_("check  reads FILE (default: etc/hinoban/hinoban.yaml) and says what "
        "is wrong, or nothing\n"
        "dump   prints all settings as they are in force, secrets masked\n"
        "man    prints every setting as a definition list for the manual")},
    {"completion", hb_cmd_completion, HB_CLI_SETUP,
     N_("print the completion for bash"), "", NULL, NULL},
    {"help", hb_cmd_help, HB_CLI_SETUP, N_("list the commands, or explain one"),
     "[COMMAND]", NULL, NULL},
    {"role", hb_cmd_role, HB_CLI_INNER,
     N_("run one role (systemd and the supervisor call this)"), "NAME", NULL,
     NULL},
    {"supervise", hb_cmd_supervise, HB_CLI_INNER,
     N_("run all roles in the foreground, without systemd"), "[--once]",
     "--once",
     N_("Makes the sockets, starts every role and starts it again when it "
        "dies; SIGTERM\n"
        "stops them in order and removes what it made. --once stops when all "
        "are ready.")},
    {NULL, NULL, HB_CLI_INNER, NULL, NULL, NULL, NULL},
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the program: everything is a subcommand (cli/commands.c).
 */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return hb_cli_main(argc, argv);
}

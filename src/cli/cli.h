/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.h - the subcommands of `hinoban`, one file each (src/cli/NAME.c), and
 * the one table of them (commands.c) that drives the dispatcher, --help, the
 * completion for bash and the manual's list.
 *
 * To add a subcommand: write src/cli/NAME.c with hb_cmd_NAME(), declare it at
 * the end of this header, add a row to commands.c, the file to meson.build
 * and po/POTFILES, and a box test.
 */
#ifndef HB_CLI_CLI_H
#define HB_CLI_CLI_H

#include "base/err.h"
#include "base/i18n.h"
#include "daemon/paths.h"

enum hb_exit { HB_EXIT_OK = 0, HB_EXIT_FAILED = 1, HB_EXIT_USAGE = 2 };

struct hb_cli_command;

/* What the dispatcher found before the subcommand runs.  The global options
 * (--root DIR, --json, --help) may stand anywhere before "--"; they are taken
 * out of the argument list. */
struct hb_cli {
    const struct hb_cli_command *command;
    struct hb_paths paths;
    char config[HB_MAX_PATH]; /* etc/hinoban.yaml below the root */
    bool json;
};

/* ARGV[0] is the subcommand's name; returns an enum hb_exit. */
typedef int hb_cli_fn(struct hb_cli *cli, int argc, char **argv);

enum hb_cli_group {
    HB_CLI_DAILY, /* what an officer uses */
    HB_CLI_SETUP, /* setting up and looking after the installation */
    HB_CLI_INNER, /* called by systemd, ./dev and tests */
    HB_CLI_GROUPS
};

struct hb_cli_command {
    const char *name;
    hb_cli_fn *run;
    enum hb_cli_group group;
    const char *summary; /* N_(), one line */
    const char *usage;   /* what follows the name: "check|dump [FILE]" */
    const char *words;   /* for completion: "check dump man", NULL none */
    const char *help;    /* N_(), paragraphs below the usage; NULL none */
};

extern const struct hb_cli_command hb_cli_commands[]; /* name NULL ends */

/* What main() calls; returns the exit status. */
int hb_cli_main(int argc, char **argv);

/* Each of these writes one line to standard error, "hinoban: ...".
 * A mistake in the arguments: also says how to get help; HB_EXIT_USAGE. */
int hb_cli_usage(const struct hb_cli *cli, const char *fmt, ...)
    HB_PRINTF(2, 3);
/* Something that the person must mend; HB_EXIT_FAILED. */
int hb_cli_fail(const struct hb_err *err);
/* A failed call on WHAT; CODE is -errno; HB_EXIT_FAILED. */
int hb_cli_fail_code(const char *what, int code);
#ifdef __clang_analyzer__
#define hb_cli_usage(cli, ...)       ((void)(cli), (int)HB_EXIT_USAGE)
#define hb_cli_fail(err)             ((void)(err), (int)HB_EXIT_FAILED)
#define hb_cli_fail_code(what, code) ((void)(what), (int)HB_EXIT_FAILED)
#endif
/* Exit status of a command that wrote to standard output: HB_EXIT_FAILED
 * where that did not work (a full disk, a closed pipe). */
int hb_cli_flush(void);

/* Prints TEXT folded to the width of a terminal, FIRST before its first line
 * and REST before the others (case.c). */
void hb_cli_para(const char *first, const char *rest, const char *text);

/* The subcommands. */
hb_cli_fn hb_cmd_approve;
hb_cli_fn hb_cmd_vantage;
hb_cli_fn hb_cmd_backup;
hb_cli_fn hb_cmd_card;
hb_cli_fn hb_cmd_certificate;
hb_cli_fn hb_cmd_control;
hb_cli_fn hb_cmd_decide;
hb_cli_fn hb_cmd_document;
hb_cli_fn hb_cmd_drill;
hb_cli_fn hb_cmd_event;
hb_cli_fn hb_cmd_evidence;
hb_cli_fn hb_cmd_fact;
hb_cli_fn hb_cmd_gate;
hb_cli_fn hb_cmd_clock;
hb_cli_fn hb_cmd_metrics;
hb_cli_fn hb_cmd_incident;
hb_cli_fn hb_cmd_mailing;
hb_cli_fn hb_cmd_message;
hb_cli_fn hb_cmd_init;
hb_cli_fn hb_cmd_inspect;
hb_cli_fn hb_cmd_modules;
hb_cli_fn hb_cmd_person;
hb_cli_fn hb_cmd_playbook;
hb_cli_fn hb_cmd_private_run;
hb_cli_fn hb_cmd_question;
hb_cli_fn hb_cmd_reflex;
hb_cli_fn hb_cmd_release;
hb_cli_fn hb_cmd_report;
hb_cli_fn hb_cmd_restore;
hb_cli_fn hb_cmd_share;
hb_cli_fn hb_cmd_site;
hb_cli_fn hb_cmd_status;
hb_cli_fn hb_cmd_task;
hb_cli_fn hb_cmd_case;
hb_cli_fn hb_cmd_completion;
hb_cli_fn hb_cmd_config;
hb_cli_fn hb_cmd_help;
hb_cli_fn hb_cmd_role;
hb_cli_fn hb_cmd_role_ended;
hb_cli_fn hb_cmd_rules;
hb_cli_fn hb_cmd_supervise;
hb_cli_fn hb_cmd_support;
hb_cli_fn hb_cmd_undo;
hb_cli_fn hb_cmd_units;
hb_cli_fn hb_cmd_unmount;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli.c - the dispatcher: global options, the subcommand, its help, and the
 * exit status (0 done, 1 failed, 2 wrong usage).
 *
 * Runs as whoever calls `hinoban`.  The command line is that person's own;
 * nothing here is more privileged than they are.
 */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

static int take_globals(struct hb_cli *cli, int *argc, char **argv,
                        const char **ret_root, bool *ret_help);
static const struct hb_cli_command *find_command(const char *name);
static int unknown_command(const char *name);
static void say(const char *text);

int hb_cli_main(int argc, char **argv)
{
    struct hb_cli cli = {0};
    const char *root = NULL;
    bool help = false;
    int r;

    hb_i18n_open();
    if (argc < 1)
        return HB_EXIT_USAGE;
    if (take_globals(&cli, &argc, argv, &root, &help) != 0)
        return HB_EXIT_USAGE;
    if (argc > 1 && hb_streq(argv[1], "--version")) {
        printf("hinoban %s\n", HB_VERSION);
        return hb_cli_flush();
    }
    if (argc < 2) {
        char *none[] = {argv[0], NULL};

        cli.command = find_command("help");
        if (help)
            return hb_cmd_help(&cli, 1, none);
        return hb_cli_usage(&cli, _("name a command"));
    }
    if (argv[1][0] == '-')
        return hb_cli_usage(&cli, _("unknown option %s"), argv[1]);
    cli.command = find_command(argv[1]);
    if (cli.command == NULL)
        return unknown_command(argv[1]);
    if (help) {
        char *one[] = {argv[0], argv[1], NULL};

        return hb_cmd_help(&cli, 2, one);
    }
    r = hb_paths_init(&cli.paths, root);
    if (r == 0)
        r = hb_path(&cli.paths, HB_DIR_ETC, "hinoban.yaml", cli.config);
    if (r < 0)
        return hb_cli_fail_code(root != NULL ? root : "HINOBAN_ROOT", r);
    return cli.command->run(&cli, argc - 1, argv + 1);
}

int(hb_cli_usage)(const struct hb_cli *cli, const char *fmt, ...)
{
    char text[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    say(text);
    if (cli->command != NULL && !hb_streq(cli->command->name, "help"))
        fprintf(stderr, _("Usage: hinoban %s %s\n"), cli->command->name,
                cli->command->usage);
    fprintf(stderr, _("\"hinoban help\" lists the commands.\n"));
    return HB_EXIT_USAGE;
}

int(hb_cli_fail)(const struct hb_err *err)
{
    char text[HB_MAX_ERR + 512];

    hb_err_format(err, text, sizeof(text));
    say(text);
    return HB_EXIT_FAILED;
}

int(hb_cli_fail_code)(const char *what, int code)
{
    char text[HB_MAX_ERR], reason[128];

    (void)snprintf(text, sizeof(text), "%s: %s", what,
                   hb_errno_text(code, reason, sizeof(reason)));
    say(text);
    return HB_EXIT_FAILED;
}

int hb_cli_flush(void)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return HB_EXIT_OK;
    return hb_cli_fail_code(_("standard output"), -errno);
}

/* Takes --root DIR, --json and --help out of ARGV, up to "--". */
static int take_globals(struct hb_cli *cli, int *argc, char **argv,
                        const char **ret_root, bool *ret_help)
{
    int kept = 1, i;

    for (i = 1; i < *argc && !hb_streq(argv[i], "--"); i++) {
        if (hb_streq(argv[i], "--json")) {
            cli->json = true;
        } else if (hb_streq(argv[i], "--help") || hb_streq(argv[i], "-h")) {
            *ret_help = true;
        } else if (strncmp(argv[i], "--root=", 7) == 0) {
            *ret_root = argv[i] + 7;
        } else if (hb_streq(argv[i], "--root")) {
            if (i + 1 >= *argc)
                return hb_cli_usage(cli, _("--root needs a directory"));
            *ret_root = argv[++i];
        } else {
            argv[kept++] = argv[i];
        }
    }
    for (; i < *argc; i++)
        argv[kept++] = argv[i];
    argv[kept] = NULL;
    *argc = kept;
    return 0;
}

static const struct hb_cli_command *find_command(const char *name)
{
    for (size_t i = 0; hb_cli_commands[i].name != NULL; i++)
        if (hb_streq(hb_cli_commands[i].name, name))
            return &hb_cli_commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[64];
    const struct hb_cli none = {0};
    const char *near;
    size_t n = 0;

    for (; n < HB_ARRAY_LEN(names) && hb_cli_commands[n].name != NULL; n++)
        names[n] = hb_cli_commands[n].name;
    near = hb_nearest(name, names, n);
    if (near == NULL)
        return hb_cli_usage(&none, _("there is no command \"%s\""), name);
    return hb_cli_usage(&none,
                        _("there is no command \"%s\"; did you mean \"%s\"?"),
                        name, near);
}

static void say(const char *text)
{
    fprintf(stderr, "hinoban: %s\n", text);
}

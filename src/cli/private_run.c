/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_run.c - `hinoban private-run`: for sites with the driver "command",
 * runs the program that takes them off the air, or back.
 *
 * Run by hinoban-private.service, as root, whenever a flag of the private
 * directory changed: the helper writes flags and runs nothing.  The program
 * is the administrator's (root-owned configuration); it gets "on" or "off" and
 * the site's name, nothing that anybody else wrote.
 *
 * What was done last stands in run/private/SITE.  Systemd does not look at
 * the directory while we run, so flags are read again until nothing changed.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/run.h"
#include "base/show.h"
#include "cli/cli.h"
#include "config/config.h"

#define TIMEOUT_MS 60000u
#define ROUNDS     16u

static int one(const struct hb_cli *cli, const struct hb_conf_site *s,
               struct hb_err *err);
static int run(const struct hb_conf_site *s, const char *word,
               struct hb_err *err);

int hb_cmd_private_run(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_config_ struct hb_config *c = NULL;
    const struct hb_conf_site *s;
    int changed = 1, failed = 0;
    struct hb_err err = {0};

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (hb_config_load(cli->config, &c, &err) < 0)
        return hb_cli_fail(&err);
    s = c->sites.v;
    for (unsigned k = 0; changed > 0 && failed == 0 && k < ROUNDS; k++) {
        changed = 0;
        for (size_t i = 0; i < c->sites.n; i++) {
            int r = s[i].private_driver == HB_PRIVATE_COMMAND
                        ? one(cli, &s[i], &err)
                        : 0;

            if (r < 0)
                failed = hb_cli_fail(&err);
            else
                changed += r;
        }
    }
    /* The unit tries again. */
    return failed != 0 ? HB_EXIT_FAILED : HB_EXIT_OK;
}

/* 1 where something was done. */
static int one(const struct hb_cli *cli, const struct hb_conf_site *s,
               struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1u << 16);
    char name[80], flag[HB_MAX_PATH], last[HB_MAX_PATH], dir[HB_MAX_PATH];
    struct hb_slice was = {"", 0};
    const char *word;
    int r;

    (void)snprintf(name, sizeof(name), "%s.flag", s->name);
    r = hb_path(&cli->paths, HB_DIR_PRIVATE, name, flag);
    (void)snprintf(name, sizeof(name), "private/%s", s->name);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_RUN, name, last);
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_RUN, "private", dir);
    if (r < 0 || a == NULL)
        return hb_err_set(err, r < 0 ? r : -ENOMEM, _("the path is too long"));
    word = access(flag, F_OK) == 0 ? "on" : "off";
    r = hb_file_read(a, last, 64, &was);
    if (r == 0 && hb_slice_eq(was, hb_slice_z(word)))
        return 0;
    /* Never done anything, and nothing to do. */
    if (r == -ENOENT && word[1] == 'f')
        return 0;
    r = run(s, word, err);
    if (r < 0)
        return r;
    r = hb_mkdirs(dir, 0700);
    if (r == 0)
        r = hb_file_write(last, word, strlen(word), 0600);
    return r < 0 ? hb_err_set(err, r, "%s: %s", last, strerror(-r)) : 1;
}

static int run(const struct hb_conf_site *s, const char *word,
               struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf errors = HB_BUF_INIT;
    const char *const argv[] = {s->private_command, word, s->name, NULL};
    const struct hb_run how = {
        .argv = argv, .timeout_ms = TIMEOUT_MS, .errors = &errors};
    char said[300], text[128];
    int r = hb_run(&how);

    if (r == 0)
        return 0;
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", s->private_command,
                          hb_errno_text(r, text, sizeof(text)));
    return hb_err_set(err, -EIO, _("%s %s %s ended with status %d: %s"),
                      s->private_command, word, s->name, r,
                      hb_showz(said, sizeof(said), hb_buf_slice(&errors)));
}

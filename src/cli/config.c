/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.c - `hinoban config check|dump|man [FILE]`.
 *
 * Runs as whoever calls it, usually root before a reload.  "check" judges the
 * text and then this machine (the roots exist, staging is on the right file
 * system); roles look at the text only, so that a missing root never keeps
 * them from starting.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "config/config.h"
#include "daemon/role.h"
#include "net/mail.h"

static int check(const struct hb_cli *cli, const char *file);
static int readable(const char *path, struct hb_err *err);
static void weak(const struct hb_conf_org *org);
static int dump(const char *file);
static int man(void);
static int print(struct hb_buf *b);

int hb_cmd_config(struct hb_cli *cli, int argc, char **argv)
{
    const char *file = argc > 2 ? argv[2] : cli->config;

    if (argc < 2)
        return hb_cli_usage(cli, _("say what to do: check, dump or man"));
    if (argc > 3)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[3]);
    if (hb_streq(argv[1], "check"))
        return check(cli, file);
    if (hb_streq(argv[1], "dump"))
        return dump(file);
    if (hb_streq(argv[1], "man") && argc == 2)
        return man();
    return hb_cli_usage(cli, _("unexpected argument %s"), argv[argc - 1]);
}

static int check(const struct hb_cli *cli, const char *file)
{
    _cleanup_config_ struct hb_config *c = NULL;
    const char *const own[] = {
        cli->paths.dir[HB_DIR_ETC],
        cli->paths.dir[HB_DIR_STATE],
        cli->paths.dir[HB_DIR_BASELINE],
        cli->paths.dir[HB_DIR_HELPER],
        cli->paths.dir[HB_DIR_PRIVATE],
        cli->paths.dir[HB_DIR_PENDING],
        cli->paths.dir[HB_DIR_GATE],
        cli->paths.dir[HB_DIR_RUN],
        NULL,
    };
    struct hb_err err = {0};

    if (hb_config_load(file, &c, &err) < 0 ||
        hb_config_check_machine(c, own, &err) < 0 ||
        readable(c->organisation.mail_password, &err) < 0 ||
        readable(c->organisation.webhook_secret, &err) < 0)
        return hb_cli_fail(&err);
    printf(
        P_("%s is right: %zu site\n", "%s is right: %zu sites\n", c->sites.n),
        file, c->sites.n);
    weak(&c->organisation);
    return hb_cli_flush();
}

/* Whether the role that mails can read PATH ("": none), which nobody else may:
 * it must own it. */
static int readable(const char *path, struct hb_err *err)
{
    const struct hb_role *role = hb_role_find("outside");
    struct stat st;
    uid_t uid;
    gid_t gid;

    if (path[0] == '\0' || role == NULL || stat(path, &st) < 0)
        return 0;
    hb_role_ids(role, &uid, &gid);
    return st.st_uid == uid
               ? 0
               : hb_err_at(err, -EACCES, path, 0, 0,
                           _("it must belong to the account that mails: chown "
                             "%s (uid %u)"),
                           role->user, (unsigned)uid);
}

/* What is allowed and still weak. */
static void weak(const struct hb_conf_org *org)
{
    if (org->mail_unencrypted && strncmp(org->mail_relay, "smtp:", 5) == 0 &&
        !hb_mail_loopback(org->mail_relay))
        printf(_("Weakness: mail goes to %s unencrypted (mail_unencrypted); "
                 "whoever stands in between can read and change it.\n"),
               org->mail_relay);
}

static int dump(const char *file)
{
    _cleanup_config_ struct hb_config *c = NULL;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_err err = {0};

    if (hb_config_load(file, &c, &err) < 0)
        return hb_cli_fail(&err);
    hb_conf_dump(&b, hb_config_rows, c, 0);
    return print(&b);
}

static int man(void)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_buf_addz(&b, ".\\\" Written by \"hinoban config man\".\n"
                    ".Dd November 22, 2026\n.Dt HINOBAN.YAML 5\n.Os\n"
                    ".Sh NAME\n.Nm hinoban.yaml\n.Nd ");
    hb_buf_addz(&b, _("settings of Hinoban"));
    hb_buf_addz(&b, "\n.Sh SYNOPSIS\n.Pa /etc/hinoban/hinoban.yaml\n"
                    ".Sh DESCRIPTION\n");
    hb_buf_addz(&b, _("One strict YAML document: no anchors, tags or merge "
                      "keys, no key twice, no unknown key. \"hinoban config "
                      "check\" names mistakes by line and column."));
    hb_buf_addz(&b, "\n.Sh SETTINGS\n");
    hb_conf_man(&b, hb_config_rows, "");
    hb_buf_addz(&b, ".Sh SEE ALSO\n.Xr hinoban 8\n");
    return print(&b);
}

static int print(struct hb_buf *b)
{
    if (hb_buf_err(b) < 0)
        return hb_cli_fail_code(_("standard output"), hb_buf_err(b));
    (void)fwrite(hb_buf_z(b), 1, b->n, stdout);
    return hb_cli_flush();
}

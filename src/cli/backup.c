/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup.c - `hinoban backup` and `hinoban restore`.
 *
 * Run by root.  A backup reads the state directory beside a running service;
 * a restore needs the service stopped.  The key is made with the first backup
 * and the person is told to keep a copy apart, for without it the backup is
 * worth nothing.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "incident/state.h"
#include "store/backup.h"
#include "store/seal.h"

static int places(struct hb_cli *cli, const char *key, char *state,
                  char *key_path, struct hb_backup *b);
static int first_key(const char *path, bool *ret_made, struct hb_err *err);
static int tell(const struct hb_cli *cli, const struct hb_backup_info *i,
                const char *sentence);

int hb_cmd_backup(struct hb_cli *cli, int argc, char **argv)
{
    const char *key = hb_client_opt(&argc, argv, "--key");
    char state[HB_MAX_PATH], key_path[HB_MAX_PATH];
    struct hb_backup_info info = {0};
    struct hb_err err = {0};
    struct hb_backup b;
    bool made = false;
    int r;

    if (argc != 2 || argv[1][0] == '-')
        return hb_cli_usage(cli, _("name the file of the backup"));
    r = places(cli, key, state, key_path, &b);
    if (r < 0)
        return hb_cli_fail_code("backup", r);
    b.file = argv[1];
    if (key == NULL && first_key(key_path, &made, &err) < 0)
        return hb_cli_fail(&err);
    if (hb_backup_make(&b, &info, &err) < 0)
        return hb_cli_fail(&err);
    r = tell(cli, &info, _("The backup was made and read back:"));
    if (made)
        fprintf(stderr,
                _("hinoban: a backup key was made: %s\nKeep a copy of it "
                  "apart from the backups, on paper or another machine: "
                  "without it no backup can be restored.\n"),
                key_path);
    return r;
}

int hb_cmd_restore(struct hb_cli *cli, int argc, char **argv)
{
    const char *key = hb_client_opt(&argc, argv, "--key");
    bool check = hb_client_flag(&argc, argv, "--check");
    char state[HB_MAX_PATH], key_path[HB_MAX_PATH];
    struct hb_backup_info info = {0};
    struct hb_err err = {0};
    struct hb_backup b;
    int r;

    memset(&b, 0, sizeof(b));
    r = places(cli, key, state, key_path, &b);
    b.force = hb_client_flag(&argc, argv, "--force");
    if (argc != 2 || argv[1][0] == '-')
        return hb_cli_usage(cli, _("name the file of the backup"));
    if (r < 0)
        return hb_cli_fail_code("restore", r);
    b.file = argv[1];
    r = check ? hb_backup_verify(&b, &info, &err)
              : hb_backup_restore(&b, &info, &err);
    if (r < 0)
        return hb_cli_fail(&err);
    if (!check && info.grants > 0 && !cli->json)
        printf(_("What the firewall was allowed and patched is back, too; "
                 "\"hinoban gate build\" puts it in force.\n"));
    return tell(cli, &info,
                check ? _("The backup is whole:")
                      : _("The backup was restored:"));
}

static int places(struct hb_cli *cli, const char *key, char *state,
                  char *key_path, struct hb_backup *b)
{
    size_t n;
    const struct hb_migration *m = hb_state_migrations(&n);
    int r = hb_path(&cli->paths, HB_DIR_STATE, "", state);

    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "keys/backup.key", key_path);
    if (r < 0)
        return r;
    while (strlen(state) > 1 && state[strlen(state) - 1] == '/')
        state[strlen(state) - 1] = '\0';
    *b = (struct hb_backup){.state_dir = state,
                            .key_file = key != NULL ? key : key_path,
                            .gate_dir = cli->paths.dir[HB_DIR_GATE],
                            .schema = n > 0 ? m[n - 1].version : 0};
    return 0;
}

static int first_key(const char *path, bool *ret_made, struct hb_err *err)
{
    if (access(path, F_OK) == 0)
        return 0;
    *ret_made = true;
    return hb_seal_key_make(path, err);
}

static int tell(const struct hb_cli *cli, const struct hb_backup_info *i,
                const char *sentence)
{
    char made[32];

    (void)hb_time_utc(i->made, made, sizeof(made));
    if (cli->json) {
        _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
        struct hb_jw w;

        hb_jw_init(&w, &b);
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "made", made);
        hb_jw_str(&w, "host", i->host);
        hb_jw_str(&w, "version", i->version);
        hb_jw_int(&w, "schema", i->schema);
        hb_jw_int(&w, "files", (int64_t)i->files);
        hb_jw_int(&w, "bytes", (int64_t)i->bytes);
        hb_jw_int(&w, "days", i->days);
        hb_jw_end_obj(&w);
        printf("%s\n", hb_buf_z(&b));
        return hb_cli_flush();
    }
    printf("%s\n", sentence);
    printf(_("  made %s on %s by Hinoban %s\n"), made, i->host, i->version);
    printf(_("  %llu files, %llu bytes, %u days of events\n"),
           (unsigned long long)i->files, (unsigned long long)i->bytes, i->days);
    return hb_cli_flush();
}

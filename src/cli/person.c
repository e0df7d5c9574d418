/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person.c - `hinoban person`: registers people in etc/people, where core and
 * the helper read them.  Runs as root (the directory is root's); the private
 * key it makes belongs to the person and is handed over to the account.
 */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "cli/client.h"
#include "crypto/passphrase.h"
#include "incident/person.h"

static int add(struct hb_cli *cli, int argc, char **argv);
static int write_record(const struct hb_cli *cli, const char *name,
                        const char *json, struct hb_err *err);
static int make_key(const struct hb_cli *cli, const char *name,
                    const char *key_to, const char *passphrase_file,
                    bool no_passphrase, int64_t uid, struct hb_err *err);
static int people_dir(const struct hb_cli *cli, struct hb_err *err);
static int key_home(int64_t uid, char *path, struct hb_err *err);
static int off(struct hb_cli *cli, const char *name);

int hb_cmd_person(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";

    if (hb_streq(verb, "list"))
        return hb_client_print(cli, "person.list", "{}");
    if (hb_streq(verb, "add"))
        return add(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "off") && argc == 3)
        return off(cli, argv[2]);
    return hb_cli_usage(cli, _("say what to do: list, add NAME or off NAME"));
}

static int add(struct hb_cli *cli, int argc, char **argv)
{
    const char *roles = hb_client_opt(&argc, argv, "--roles");
    const char *uid_text = hb_client_opt(&argc, argv, "--uid");
    const char *full = hb_client_opt(&argc, argv, "--full-name");
    const char *mail = hb_client_opt(&argc, argv, "--mail");
    const char *phone = hb_client_opt(&argc, argv, "--phone");
    const char *deputy = hb_client_opt(&argc, argv, "--deputy-of");
    const char *key_to = hb_client_opt(&argc, argv, "--key-to");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    bool no_pass = hb_client_flag(&argc, argv, "--no-passphrase");
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    struct hb_err err = {0};
    int64_t uid = -1;
    unsigned bits;
    struct hb_jw w;

    if (argc != 2 || roles == NULL || argv[1][0] == '-')
        return hb_cli_usage(cli, _("a person needs a NAME and --roles"));
    if (!hb_person_name_ok(argv[1]))
        return hb_cli_usage(cli, _("A name is of a-z, 0-9, '.', '_' and '-', "
                                   "at most 32 of them."));
    if (hb_person_roles_parse(roles, &bits) < 0)
        return hb_cli_usage(cli, _("Roles are officer, admin, manager, staff, "
                                   "accounting, outside, audit."));
    if (uid_text != NULL && hb_parse_i64(hb_slice_z(uid_text), &uid) < 0)
        return hb_cli_usage(cli, _("%s is not a number"), uid_text);
    if (uid == 0)
        return hb_cli_usage(cli, _("root is nobody in particular: register a "
                                   "person's own account."));
    hb_jw_init(&w, &json);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "role",
              (bits & HB_PR_OFFICER) != 0 ? "officer"
              : deputy != NULL            ? "deputy"
                                          : "other");
    hb_jw_str(&w, "roles", roles);
    hb_jw_str(&w, "full_name", full != NULL ? full : argv[1]);
    hb_jw_int(&w, "uid", uid);
    hb_jw_str(&w, "mail", mail != NULL ? mail : "");
    hb_jw_str(&w, "phone", phone != NULL ? phone : "");
    if (deputy != NULL)
        hb_jw_str(&w, "deputy_of", deputy);
    hb_jw_bool(&w, "active", true);
    hb_jw_end_obj(&w);
    if (make_key(cli, argv[1], key_to, pass, no_pass, uid, &err) < 0 ||
        write_record(cli, argv[1], hb_buf_z(&json), &err) < 0)
        return hb_cli_fail(&err);
    hb_client_tell(cli, "people.sync");
    return hb_cli_said(cli, "name", argv[1], _("%s is registered.\n"), argv[1]);
}

static int off(struct hb_cli *cli, const char *name)
{
    char path[HB_MAX_PATH], part[80];
    int r;

    if (!hb_person_name_ok(name))
        return hb_cli_usage(cli, _("There is no such person."));
    (void)snprintf(part, sizeof(part), "people/%s.json", name);
    r = hb_path(&cli->paths, HB_DIR_ETC, part, path);
    if (r < 0 || unlink(path) < 0)
        return hb_cli_fail_code(path, r < 0 ? r : -errno);
    (void)snprintf(part, sizeof(part), "people/%s.pub", name);
    r = hb_path(&cli->paths, HB_DIR_ETC, part, path);
    if (r < 0 || (unlink(path) < 0 && errno != ENOENT))
        return hb_cli_fail_code(path, r < 0 ? r : -errno);
    hb_client_tell(cli, "people.sync");
    return hb_cli_said(cli, "name", name, _("%s is no longer registered.\n"),
                       name);
}

static int write_record(const struct hb_cli *cli, const char *name,
                        const char *json, struct hb_err *err)
{
    char path[HB_MAX_PATH], part[80];
    int r;

    (void)snprintf(part, sizeof(part), "people/%s.json", name);
    r = hb_path(&cli->paths, HB_DIR_ETC, part, path);
    if (r == 0)
        r = hb_file_write(path, json, strlen(json), 0644);
    return r < 0 ? hb_err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

/* The key lies where the person's own programs look for it. */
static int make_key(const struct hb_cli *cli, const char *name,
                    const char *key_to, const char *passphrase_file,
                    bool no_passphrase, int64_t uid, struct hb_err *err)
{
    char pub[HB_MAX_PATH], home[HB_MAX_PATH], part[80];
    char pass[HB_MAX_PASSPHRASE + 1] = "";
    struct hb_key *key = NULL;
    int r;

    (void)snprintf(part, sizeof(part), "people/%s.pub", name);
    r = hb_path(&cli->paths, HB_DIR_ETC, part, pub);
    if (r == 0)
        r = people_dir(cli, err);
    if (r == 0 && key_to == NULL) {
        r = key_home(uid, home, err);
        key_to = home;
    }
    if (r == 0 && !no_passphrase)
        r = hb_passphrase_read(passphrase_file, "person",
                               _("New passphrase for the key: "), true, pass,
                               err);
    if (r == 0)
        r = hb_key_generate(&key);
    if (r == 0)
        r = hb_key_save(key, key_to, no_passphrase ? NULL : pass, err);
    hb_wipe(pass, sizeof(pass));
    if (r == 0 && uid > 0 && lchown(key_to, (uid_t)uid, (gid_t)-1) < 0)
        r = hb_err_set(err, -errno, "%s: %s", key_to, strerror(errno));
    if (r == 0)
        r = hb_pub_save(key, pub, err);
    if (r == 0 && chmod(pub, 0644) < 0)
        r = -errno;
    hb_key_free(key);
    return r < 0 ? hb_err_set(err, r, "%s: %s", key_to, strerror(-r)) : 0;
}

static int people_dir(const struct hb_cli *cli, struct hb_err *err)
{
    char dir[HB_MAX_PATH];
    int r = hb_path(&cli->paths, HB_DIR_ETC, "people", dir);

    if (r == 0)
        r = hb_mkdirs(dir, 0755);
    if (r == 0 && chmod(dir, 0755) < 0)
        r = -errno;
    return r < 0 ? hb_err_set(err, r, "%s: %s", dir, strerror(-r)) : 0;
}

static int key_home(int64_t uid, char *path, struct hb_err *err)
{
    struct passwd *pw = uid > 0 ? getpwuid((uid_t)uid) : NULL;
    int r;

    if (pw == NULL)
        return hb_err_set(err, -EINVAL,
                          _("Say where the private key goes: --key-to FILE "
                            "(or --uid of an account with a home)."));
    r = snprintf(path, HB_MAX_PATH, "%s/.config/hinoban", pw->pw_dir);
    if (r < 0 || (size_t)r + sizeof("/person.key") > HB_MAX_PATH)
        return -ENAMETOOLONG;
    r = hb_mkdirs(path, 0700);
    if (r == 0 && lchown(path, pw->pw_uid, pw->pw_gid) < 0)
        r = -errno;
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    memcpy(path + strlen(path), "/person.key", sizeof("/person.key"));
    return 0;
}

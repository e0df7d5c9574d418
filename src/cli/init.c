/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init.c - `hinoban init`: directories, keys and a first configuration.
 *
 * Runs as root, once; what exists already is left as it is, so that running
 * it again repairs what is missing and overwrites nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/client.h"
#include "cli/init_ask.h"
#include "config/config.h"
#include "crypto/passphrase.h"
#include "daemon/dirs.h"
#include "daemon/role.h"
#include "daemon/units.h"

/* sd_booted(3). */
#define SYSTEMD_RUNS "/run/systemd/system"

static int directories(const struct hb_cli *cli, struct hb_err *err);
static int keys(const struct hb_cli *cli, const char *pass_file, bool no_pass,
                struct hb_err *err);
static int one_key(const struct hb_cli *cli, enum hb_key_purpose purpose,
                   const char *pass, uid_t uid, struct hb_err *err);
static int sites(const struct hb_cli *cli, struct hb_err *err);
static int includes(const struct hb_cli *cli, const struct hb_config *c,
                    struct hb_err *err);
static int fences(const struct hb_cli *cli, const struct hb_config *c,
                  struct hb_err *err);
/* What the configuration is made of; NULL where it says nothing. */
struct first_config {
    const char *org, *kind, *site, *root, *url, *anchor, *note;
};
static int configuration(const struct hb_cli *cli, const struct first_config *f,
                         struct hb_err *err);
static int ask(struct hb_cli *cli, const char *answers, const char *keys_to,
               const char *pass, bool no_pass);
static int answered(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *pass, bool no_pass);
static void config_of(struct hb_first_answers *f, struct first_config *ret);

/* Besides those of daemon/dirs.h; root's, and all may look: what is secret in
 * there is a file of mode 0600. */
static const char *const below_etc[] = {"keys", "people", "reflexes",
                                        "decisions"};

int hb_cmd_init(struct hb_cli *cli, int argc, char **argv)
{
    const char *org = hb_client_opt(&argc, argv, "--organisation");
    const char *site = hb_client_opt(&argc, argv, "--site");
    const char *root = hb_client_opt(&argc, argv, "--site-root");
    const char *url = hb_client_opt(&argc, argv, "--url");
    const char *anchor = hb_client_opt(&argc, argv, "--anchor");
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *answers = hb_client_opt(&argc, argv, "--answers");
    const char *keys_to = hb_client_opt(&argc, argv, "--keys-to");
    bool no_pass = hb_client_flag(&argc, argv, "--no-passphrase");
    bool asks = hb_client_flag(&argc, argv, "--ask") || answers != NULL;
    const struct first_config first = {
        .org = org, .site = site, .root = root, .url = url, .anchor = anchor};
    struct hb_err err = {0};

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (asks && (cli->json || org != NULL || site != NULL || root != NULL ||
                 url != NULL || anchor != NULL))
        return hb_cli_usage(cli, _("--ask asks for the rest and talks to a "
                                   "person"));
    if (asks)
        return ask(cli, answers, keys_to, pass, no_pass);
    if ((site == NULL) != (root == NULL))
        return hb_cli_usage(cli, _("--site and --site-root go together"));
    if (directories(cli, &err) < 0 || keys(cli, pass, no_pass, &err) < 0 ||
        configuration(cli, &first, &err) < 0 || sites(cli, &err) < 0)
        return hb_cli_fail(&err);
    return hb_cli_said(cli, "config", cli->config,
                       _("Ready: %s. Next: hinoban person add, hinoban site "
                         "publish, hinoban reflex allow.\n"),
                       cli->config);
}

/* The answers are complete before anything is made. */
static int ask(struct hb_cli *cli, const char *answers, const char *keys_to,
               const char *pass, bool no_pass)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_first_answers f = {.arena = a};
    int r;

    if (a == NULL)
        return hb_cli_fail_code("memory", -ENOMEM);
    if (access(cli->config, F_OK) == 0)
        return hb_cli_fail_code(cli->config, -EEXIST);
    r = hb_first_ask(&f, answers);
    if (r == 0)
        r = answered(cli, &f, keys_to, pass, no_pass);
    if (r < 0)
        return f.err.message[0] != '\0' ? hb_cli_fail(&f.err)
                                        : hb_cli_fail_code("init", r);
    printf(
        _("\nThis follows from the answers alone. To go on:\n"
          "  1. start Hinoban; what the machine can check itself is in the "
          "posture then\n"
          "  2. hinoban site publish, hinoban reflex allow (where there is a "
          "site)\n"
          "  3. hinoban question ask\n"));
    return hb_cli_flush();
}

static int answered(struct hb_cli *cli, struct hb_first_answers *f,
                    const char *keys_to, const char *pass, bool no_pass)
{
    struct first_config first;
    int r = directories(cli, &f->err);

    config_of(f, &first);
    if (r == 0)
        r = configuration(cli, &first, &f->err);
    if (r == 0) {
        r = sites(cli, &f->err);
        if (r < 0)
            (void)unlink(cli->config); /* so that it can be asked again */
    }
    if (r == 0)
        r = keys(cli, pass, no_pass, &f->err);
    if (r == 0)
        r = hb_first_people(cli, f, keys_to, pass, no_pass);
    if (r == 0)
        r = hb_first_decide(cli, f, keys_to, pass);
    return r < 0 ? r : hb_first_posture(cli, f);
}

static void config_of(struct hb_first_answers *f, struct first_config *ret)
{
    *ret = (struct first_config){.org = f->v[HB_FIRST_NAME],
                                 .kind = f->v[HB_FIRST_KIND]};
    if (f->v[HB_FIRST_SITE][0] == '/') {
        ret->site = "www";
        ret->root = f->v[HB_FIRST_SITE];
        ret->url = f->v[HB_FIRST_URL];
    }
    if (!hb_first_is(f, HB_FIRST_MAIL, "no"))
        ret->anchor = hb_arena_printf(f->arena, "mail:%s", f->v[HB_FIRST_MAIL]);
    if (!hb_first_is(f, HB_FIRST_DATA, "none"))
        ret->note = _("# Data of clients or My Number are held: write each "
                      "contract below \"contracts\",\n# so that its deadlines "
                      "run by themselves (hinoban.yaml(5)).\n");
}

static int sites(const struct hb_cli *cli, struct hb_err *err)
{
    _cleanup_config_ struct hb_config *c = NULL;
    int r = hb_config_load(cli->config, &c, err);

    if (r == 0)
        r = includes(cli, c, err);
    return r < 0 ? r : fences(cli, c, err);
}

/* A web server whose configuration includes our file must be able to start
 * before any site was ever taken private. */
static int includes(const struct hb_cli *cli, const struct hb_config *c,
                    struct hb_err *err)
{
    const struct hb_conf_site *s = c->sites.v;
    int r = 0;

    for (size_t i = 0; i < c->sites.n && r == 0; i++) {
        r = hb_cli_private(cli, &s[i], NULL, err);
        if (r == 0 && !cli->json)
            printf(_("To be able to take %s off the net, put this line into "
                     "its nginx server block:\n    include %s/%s.conf;\n"),
                   s[i].name, cli->paths.dir[HB_DIR_PRIVATE], s[i].name);
    }
    return r;
}

/* Where the machine runs systemd and this is its installation: the roles'
 * units must know the document roots before they start. */
static int fences(const struct hb_cli *cli, const struct hb_config *c,
                  struct hb_err *err)
{
    const struct hb_units u = {
        .roles = hb_roles, .paths = &cli->paths, .exe = "/usr/bin/hinoban"};
    int r;

    if (!hb_streq(cli->paths.root, "/") || access(SYSTEMD_RUNS, F_OK) < 0)
        return 0;
    r = hb_units_write_drop_ins(&u, c, "/etc/systemd/system", err);
    if (r == 0 && !cli->json)
        printf(_("To start: systemctl daemon-reload && systemctl start "
                 "hinoban.target\n"));
    return r;
}

static int directories(const struct hb_cli *cli, struct hb_err *err)
{
    int r = hb_dirs_make(&cli->paths, NULL, err);

    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(below_etc); i++) {
        char path[HB_MAX_PATH];

        r = hb_path(&cli->paths, HB_DIR_ETC, below_etc[i], path);
        if (r < 0)
            return hb_err_set(err, r, _("the path is too long"));
        r = hb_mkdirs(path, 0755);
        if (r == 0 && (chmod(path, 0755) < 0 || lchown(path, 0, 0) < 0))
            r = -errno;
        if (r < 0)
            return hb_err_set(err, r, "%s: %s", path, strerror(-r));
    }
    return r;
}

/* TRUST: publish and rules keys are passphrase-protected; evidence and links
 * are used by core day and night, so they belong to its account. */
static int keys(const struct hb_cli *cli, const char *pass_file, bool no_pass,
                struct hb_err *err)
{
    const struct hb_role *core = hb_role_find("core");
    char pass[HB_MAX_PASSPHRASE + 1] = "", path[HB_MAX_PATH];
    const char *use = NULL;
    uid_t uid = 0;
    gid_t gid;
    int r = hb_path(&cli->paths, HB_DIR_ETC, "keys/publish.key", path);

    if (core != NULL)
        hb_role_ids(core, &uid, &gid);
    if (r == 0 && !no_pass && access(path, F_OK) < 0) {
        r = hb_passphrase_read(pass_file, "publish",
                               _("New passphrase of the publish key: "), true,
                               pass, err);
        use = pass;
    }
    if (r == 0)
        r = one_key(cli, HB_KEY_PUBLISH, use, 0, err);
    if (r == 0)
        r = one_key(cli, HB_KEY_RULES, use, 0, err);
    if (r == 0)
        r = one_key(cli, HB_KEY_EVIDENCE, NULL, uid, err);
    if (r == 0)
        r = one_key(cli, HB_KEY_LINKS, NULL, uid, err);
    hb_wipe(pass, sizeof(pass));
    return r;
}

static int one_key(const struct hb_cli *cli, enum hb_key_purpose purpose,
                   const char *pass, uid_t uid, struct hb_err *err)
{
    char path[HB_MAX_PATH], pub[HB_MAX_PATH], name[64];
    struct hb_key *key;
    int r;

    (void)snprintf(name, sizeof(name), "keys/%s.key",
                   hb_key_purpose_name(purpose));
    r = hb_path(&cli->paths, HB_DIR_ETC, name, path);
    (void)snprintf(name, sizeof(name), "keys/%s.pub",
                   hb_key_purpose_name(purpose));
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, name, pub);
    if (r < 0 || access(path, F_OK) == 0)
        return r;
    r = hb_key_generate(&key);
    if (r < 0)
        return r;
    r = hb_key_save(key, path, pass, err);
    if (r == 0 && lchown(path, uid, (gid_t)-1) < 0)
        r = hb_err_set(err, -errno, "%s: %s", path, strerror(errno));
    if (r == 0)
        r = hb_pub_save(key, pub, err);
    if (r == 0 && chmod(pub, 0644) < 0)
        r = hb_err_set(err, -errno, "%s: %s", pub, strerror(errno));
    hb_key_free(key);
    return r;
}

static int configuration(const struct hb_cli *cli, const struct first_config *f,
                         struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    int r;

    if (access(cli->config, F_OK) == 0)
        return 0;
    hb_buf_addz(&b, "# hinoban.yaml - see hinoban.yaml(5); `hinoban config "
                    "check` judges it.\norganisation:\n  name: ");
    hb_json_quote(&b, hb_slice_z(f->org != NULL ? f->org : "Our organisation"));
    if (f->kind != NULL)
        hb_buf_addf(&b, "\n  kind: %s", f->kind);
    if (f->anchor != NULL) {
        hb_buf_addz(&b, "\n  anchor: ");
        hb_json_quote(&b, hb_slice_z(f->anchor));
    }
    hb_buf_addf(&b, "\n%s", f->note != NULL ? f->note : "");
    if (f->site != NULL) {
        hb_buf_addf(&b,
                    "sites:\n  - name: %s\n    number: 1\n    root: ", f->site);
        hb_json_quote(&b, hb_slice_z(f->root));
        if (f->url != NULL) {
            hb_buf_addz(&b, "\n    url: ");
            hb_json_quote(&b, hb_slice_z(f->url));
        }
        hb_buf_addz(&b, "\n    private_driver: nginx\n");
    }
    r = hb_buf_err(&b);
    if (r == 0)
        r = hb_file_write(cli->config, b.p, b.n, 0644);
    return r < 0 ? hb_err_set(err, r, "%s: %s", cli->config, strerror(-r)) : 0;
}

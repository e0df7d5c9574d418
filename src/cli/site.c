/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site.c - `hinoban site`: publish a release, look at it first, scan, take a
 * site off the net.
 *
 * Publishing runs as root (the baseline is root's) with the publish key, whose
 * passphrase is asked; nothing else can make a valid baseline.
 */
#include <fcntl.h>
#include <pwd.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/show.h"
#include "cli/site.h"
#include "crypto/passphrase.h"
#include "respond/private.h"

static int publish(struct hb_cli *cli, int argc, char **argv);
static int list(struct hb_cli *cli);
static int private_setup(struct hb_cli *cli, int argc, char **argv);
static int scan(struct hb_cli *cli, const char *site, const char *kind);
static int owner(const char *text, struct hb_publish *how, struct hb_err *err);
static hb_change_fn show_change;

int hb_cmd_site(struct hb_cli *cli, int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "list";

    if (hb_streq(verb, "list"))
        return list(cli);
    if (hb_streq(verb, "publish"))
        return publish(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "scan") && argc == 3)
        return scan(cli, argv[2], "scan");
    if (hb_streq(verb, "look") && argc == 3)
        return scan(cli, argv[2], "outside");
    if (hb_streq(verb, "private-setup"))
        return private_setup(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "window"))
        return hb_cli_site_window(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "pending"))
        return hb_cli_site_pending(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "accept"))
        return hb_cli_site_accept(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "reject"))
        return hb_cli_site_reject(cli, argc - 1, argv + 1);
    if (hb_streq(verb, "vantage"))
        return hb_cli_site_vantage(cli, argc - 1, argv + 1);
    return hb_cli_usage(cli, _("say what to do: list, publish NAME DIR, scan "
                               "NAME, look NAME, window, pending NAME, accept "
                               "NAME, reject NAME, vantage NAME DIR or "
                               "private-setup NAME"));
}

int hb_cli_site_open(const struct hb_cli *cli, const char *name,
                     struct hb_cli_site *ret, struct hb_err *err)
{
    const char *dir = cli->paths.dir[HB_DIR_BASELINE];
    const struct hb_conf_site *s;
    char path[HB_MAX_PATH];
    const char **ignore;
    size_t n = 0;
    int r;

    *ret = (struct hb_cli_site){.base = -1};
    r = hb_config_load(cli->config, &ret->config, err);
    if (r < 0)
        return r;
    s = ret->conf = hb_config_site(ret->config, name);
    if (s == NULL)
        return hb_err_set(err, -ENOENT, _("There is no site \"%s\"."), name);
    ret->base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->base < 0)
        return hb_err_set(err, -errno, "%s: %s", dir, strerror(errno));
    ignore = HB_NEW_N(ret->config->arena, const char *,
                      s->ignore.n + s->areas.n + 1);
    if (ignore == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    for (size_t i = 0; i < s->ignore.n; i++)
        ignore[n++] = s->ignore.v[i];
    for (size_t i = 0; i < s->areas.n; i++)
        ignore[n++] = ((const struct hb_conf_area *)s->areas.v)[i].path;
    r = hb_path(&cli->paths, HB_DIR_ETC, "keys/publish.pub", path);
    if (r == 0)
        r = hb_pub_load(path, &ret->pub, err);
    ret->how = (struct hb_publish){.basedir = ret->base,
                                   .site = s->name,
                                   .ignore = ignore,
                                   .n_ignore = n,
                                   .pub = ret->pub};
    return r;
}

int hb_cli_site_key(const struct hb_cli *cli, const char *passphrase_file,
                    struct hb_cli_site *s, struct hb_err *err)
{
    char path[HB_MAX_PATH], pass[HB_MAX_PASSPHRASE + 1];
    int r = hb_path(&cli->paths, HB_DIR_ETC, "keys/publish.key", path);

    if (r == 0 && hb_key_load(path, NULL, &s->key, NULL) < 0) {
        r = hb_passphrase_read(passphrase_file, "publish",
                               _("Passphrase of the publish key: "), false,
                               pass, err);
        if (r == 0)
            r = hb_key_load(path, pass, &s->key, err);
        hb_wipe(pass, sizeof(pass));
    }
    s->how.key = s->key;
    return r;
}

void hb_cli_site_done(struct hb_cli_site *s)
{
    hb_key_free(s->key);
    hb_pub_free(s->pub);
    hb_close(&s->base);
    hb_config_free(s->config);
}

int hb_cli_private(const struct hb_cli *cli, const struct hb_conf_site *site,
                   const char *nginx, struct hb_err *err)
{
    const char *dir = cli->paths.dir[HB_DIR_PRIVATE];
    int r = hb_mkdirs(dir, 0755);

    /* nginx's own user has to reach it, whatever our umask is. */
    if (r == 0 && chmod(dir, 0755) < 0)
        r = -errno;
    if (r < 0)
        return hb_err_set(err, r, "%s: %s", dir, strerror(-r));
    return hb_private_install(site, dir, nginx, err);
}

static int private_setup(struct hb_cli *cli, int argc, char **argv)
{
    const char *nginx = hb_client_opt(&argc, argv, "--nginx");
    _cleanup_config_ struct hb_config *c = NULL;
    const struct hb_conf_site *site;
    struct hb_err err = {0};
    char line[HB_MAX_PATH + 64];

    if (argc != 2)
        return hb_cli_usage(cli, _("say which site"));
    if (hb_config_load(cli->config, &c, &err) < 0)
        return hb_cli_fail(&err);
    site = hb_config_site(c, argv[1]);
    if (site == NULL) {
        (void)hb_err_set(&err, -ENOENT, _("There is no site \"%s\"."), argv[1]);
        return hb_cli_fail(&err);
    }
    if (hb_cli_private(cli, site, nginx, &err) < 0)
        return hb_cli_fail(&err);
    if (site->private_driver == HB_PRIVATE_GATE && nginx == NULL && !cli->json)
        printf(_("The site can be taken off the air only after \"hinoban site "
                 "private-setup %s --nginx nginx\" has seen that nginx "
                 "watches the flag.\n"),
               site->name);
    (void)snprintf(line, sizeof(line), "include %s/%s.conf;",
                   cli->paths.dir[HB_DIR_PRIVATE], site->name);
    return hb_cli_said(cli, "include", line,
                       _("Put this line into the server block of %s, then run "
                         "nginx -t and reload nginx:\n    %s\n"),
                       site->name, line);
}

static int list_json(const struct hb_conf_site *s, size_t n)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    for (size_t i = 0; i < n; i++) {
        hb_jw_obj(&w, NULL);
        hb_jw_str(&w, "name", s[i].name);
        hb_jw_str(&w, "root", s[i].root);
        hb_jw_str(&w, "url", s[i].url != NULL ? s[i].url : "");
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    if (hb_buf_err(&b) < 0)
        return hb_cli_fail_code("site", hb_buf_err(&b));
    printf("%s\n", hb_buf_z(&b));
    return hb_cli_flush();
}

static int list(struct hb_cli *cli)
{
    _cleanup_config_ struct hb_config *c = NULL;
    struct hb_err err = {0};
    const struct hb_conf_site *s;

    if (hb_config_load(cli->config, &c, &err) < 0)
        return hb_cli_fail(&err);
    s = c->sites.v;
    if (cli->json)
        return list_json(s, c->sites.n);
    for (size_t i = 0; i < c->sites.n; i++)
        printf("%-16s %s  %s\n", s[i].name, s[i].root,
               s[i].url != NULL ? s[i].url : "");
    return hb_cli_flush();
}

static int scan(struct hb_cli *cli, const char *site, const char *kind)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "site", site);
    hb_jw_str(&w, "kind", kind);
    hb_jw_end_obj(&w);
    return hb_client_print(cli, "scan", hb_buf_z(&args));
}

static int publish(struct hb_cli *cli, int argc, char **argv)
{
    const char *pass = hb_client_opt(&argc, argv, "--passphrase-file");
    const char *own = hb_client_opt(&argc, argv, "--owner");
    bool dry = hb_client_flag(&argc, argv, "--dry-run");
    bool quiet = hb_client_flag(&argc, argv, "--quiet");
    struct hb_published done = {0};
    struct hb_err err = {0};
    struct hb_cli_site s;
    int r;

    if (argc != 3)
        return hb_cli_usage(cli, _("say which site and which directory holds "
                                   "the release"));
    r = hb_cli_site_open(cli, argv[1], &s, &err);
    s.how.tree = argv[2];
    s.how.changes = quiet || cli->json ? NULL : show_change;
    if (r == 0 && own != NULL)
        r = owner(own, &s.how, &err);
    if (r == 0 && !dry)
        r = hb_cli_site_key(cli, pass, &s, &err);
    if (r == 0)
        r = hb_publish(&s.how, &done, &err);
    hb_cli_site_done(&s);
    if (r < 0)
        return hb_cli_fail(&err);
    if (cli->json)
        printf("{\"site\":\"%s\",\"baseline\":%llu,\"files\":%llu,"
               "\"added\":%llu,\"changed\":%llu,\"removed\":%llu,"
               "\"published\":%s}\n",
               argv[1], (unsigned long long)done.number,
               (unsigned long long)done.stats.files,
               (unsigned long long)done.added, (unsigned long long)done.changed,
               (unsigned long long)done.removed, dry ? "false" : "true");
    else if (dry)
        printf(_("%llu added, %llu changed, %llu removed; nothing was "
                 "published (--dry-run).\n"),
               (unsigned long long)done.added, (unsigned long long)done.changed,
               (unsigned long long)done.removed);
    else
        printf(_("Baseline %llu of %s is in force: %llu files, %llu added, "
                 "%llu changed, %llu removed.\n"),
               (unsigned long long)done.number, argv[1],
               (unsigned long long)done.stats.files,
               (unsigned long long)done.added, (unsigned long long)done.changed,
               (unsigned long long)done.removed);
    return hb_cli_flush();
}

static int show_change(void *arg, enum hb_change_kind kind, int bits,
                       const struct hb_base_entry *entry)
{
    static const char marks[] = {'+', '~', '-'};
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    hb_show(&b, entry->path);
    printf("%c %s\n", marks[kind], hb_buf_z(&b));
    return 0;
}

/* "user:group", by name. */
static int owner(const char *text, struct hb_publish *how, struct hb_err *err)
{
    const char *colon = strchr(text, ':');
    char user[64];
    struct passwd *pw;
    struct group *gr;

    if (colon == NULL || (size_t)(colon - text) >= sizeof(user))
        return hb_err_set(err, -EINVAL, _("An owner is USER:GROUP."));
    memcpy(user, text, (size_t)(colon - text));
    user[colon - text] = '\0';
    pw = getpwnam(user);
    gr = getgrnam(colon + 1);
    if (pw == NULL || gr == NULL)
        return hb_err_set(err, -ENOENT,
                          _("There is no such user or group: "
                            "%s"),
                          text);
    how->set_owner = true;
    how->uid = pw->pw_uid;
    how->gid = gr->gr_gid;
    return 0;
}

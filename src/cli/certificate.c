/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certificate.c - `hinoban certificate`: TLS for our own pages.
 *
 *     etc/tls/authority.pem   what visitors' browsers are made to trust
 *     etc/tls/authority.key   root's; move it away, or destroy it
 *     etc/tls/portal.pem      the portal's, with the authority behind it
 *     etc/tls/portal.key      hinoban-portal's
 *
 * Own certificates, or an ACME client's, take the place of the last two: the
 * settings name the files.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "config/config.h"
#include "crypto/cert.h"
#include "crypto/passphrase.h"
#include "daemon/role.h"

#define PEM_MAX (64u << 10)
#define WARN    (30 * INT64_C(86400)) /* seconds before its end */

static int new (struct hb_cli *cli, int argc, char **argv);
static int show(struct hb_cli *cli, int argc, char **argv);
static int old_authority(struct hb_cli *cli, struct hb_buf *cert,
                         struct hb_buf *key, struct hb_err *err);
static int new_authority(struct hb_cli *cli, const struct hb_cert_names *names,
                         struct hb_buf *cert, struct hb_buf *key,
                         struct hb_err *err);
static int put(struct hb_cli *cli, const char *name, const struct hb_buf *b,
               mode_t mode, const char *role);
static int path_of(const struct hb_cli *cli, const char *name,
                   char ret[HB_MAX_PATH]);
static void tell(const struct hb_cli *cli, struct hb_slice ca);
static void show_one(const struct hb_cli *cli, struct hb_jw *w,
                     const char *what, const char *path);

int hb_cmd_certificate(struct hb_cli *cli, int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (hb_streq(what, "new"))
        return new (cli, argc - 1, argv + 1);
    if (hb_streq(what, "show"))
        return show(cli, argc - 1, argv + 1);
    return hb_cli_usage(cli, _("say \"new\" or \"show\""));
}

static int new (struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_buf_ struct hb_buf ca = HB_BUF_INIT, ca_key = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf cert = HB_BUF_INIT, key = HB_BUF_INIT;
    const struct hb_cert_names names = {(const char *const *)argv + 1,
                                        (size_t)(argc - 1)};
    struct hb_err err = {0};
    char dir[HB_MAX_PATH];
    int r;

    if (argc < 2)
        return hb_cli_usage(cli, _("say under which names or addresses the "
                                   "pages are opened"));
    r = path_of(cli, "", dir);
    if (r == 0)
        r = hb_mkdirs(dir, 0755);
    if (r < 0)
        return hb_cli_fail_code(dir, r);
    r = old_authority(cli, &ca, &ca_key, &err);
    if (r == 0)
        r = hb_cert_issue(hb_buf_slice(&ca), hb_buf_slice(&ca_key), &names,
                          hb_now() / (int64_t)HB_S, &cert, &key, &err);
    if (r == -ENOENT || r == -EADDRNOTAVAIL) {
        hb_wipe(ca_key.p, ca_key.n);
        hb_buf_reset(&ca);
        hb_buf_reset(&ca_key);
        r = new_authority(cli, &names, &ca, &ca_key, &err);
        if (r == 0)
            r = hb_cert_issue(hb_buf_slice(&ca), hb_buf_slice(&ca_key), &names,
                              hb_now() / (int64_t)HB_S, &cert, &key, &err);
    }
    if (r < 0) {
        hb_wipe(ca_key.p, ca_key.n);
        return hb_cli_fail(&err);
    }
    hb_buf_add(&cert, ca.p, ca.n);
    r = put(cli, "portal.key", &key, 0600, "portal");
    if (r == 0)
        r = put(cli, "portal.pem", &cert, 0644, NULL);
    hb_wipe(ca_key.p, ca_key.n);
    hb_wipe(key.p, key.n);
    if (r < 0)
        return hb_cli_fail_code(dir, r);
    tell(cli, hb_buf_slice(&ca));
    return hb_cli_flush();
}

/* -ENOENT there is none. */
static int old_authority(struct hb_cli *cli, struct hb_buf *cert,
                         struct hb_buf *key, struct hb_err *err)
{
    static const char *const names[] = {"authority.pem", "authority.key"};
    struct hb_buf *const into[] = {cert, key};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[HB_MAX_PATH], why[128];
    int r = a == NULL ? -ENOMEM : 0;

    for (size_t i = 0; r == 0 && i < HB_ARRAY_LEN(names); i++) {
        struct hb_slice pem;

        r = path_of(cli, names[i], path);
        if (r == 0)
            r = hb_file_read(a, path, PEM_MAX, &pem);
        if (r == 0) {
            hb_buf_add(into[i], pem.p, pem.n);
            r = into[i]->err;
        }
    }
    return r < 0 ? hb_err_set(err, r, "%s: %s", path,
                              hb_errno_text(r, why, sizeof(why)))
                 : 0;
}

static int new_authority(struct hb_cli *cli, const struct hb_cert_names *names,
                         struct hb_buf *cert, struct hb_buf *key,
                         struct hb_err *err)
{
    _cleanup_config_ struct hb_config *c = NULL;
    char why[128];
    int r = hb_config_load(cli->config, &c, err);

    if (r == 0)
        r = hb_cert_authority(c->organisation.name, names,
                              hb_now() / (int64_t)HB_S, cert, key, err);
    if (r < 0)
        return r;
    r = put(cli, "authority.key", key, 0600, NULL);
    if (r == 0)
        r = put(cli, "authority.pem", cert, 0644, NULL);
    return r < 0 ? hb_err_set(err, r, "etc/tls: %s",
                              hb_errno_text(r, why, sizeof(why)))
                 : 0;
}

static int show(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_config_ struct hb_config *c = NULL;
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_err err = {0};
    char path[HB_MAX_PATH];
    struct hb_jw w;

    if (argc > 1)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[1]);
    if (hb_config_load(cli->config, &c, &err) < 0)
        return hb_cli_fail(&err);
    hb_jw_init(&w, &b);
    hb_jw_arr(&w, NULL);
    if (path_of(cli, "authority.pem", path) == 0 && access(path, F_OK) == 0)
        show_one(cli, &w, _("authority"), path);
    if (c->share.certificate[0] != '\0')
        show_one(cli, &w, _("portal"), c->share.certificate);
    hb_jw_end_arr(&w);
    if (cli->json)
        printf("%s\n", hb_buf_z(&b));
    return hb_cli_flush();
}

static void show_one(const struct hb_cli *cli, struct hb_jw *w,
                     const char *what, const char *path)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_cert_facts f = {0};
    struct hb_slice pem = {NULL, 0};
    char until[40], why[128];
    int r = a == NULL ? -ENOMEM : hb_file_read(a, path, PEM_MAX, &pem);

    if (r == 0)
        r = hb_cert_read(pem, &f);
    hb_jw_obj(w, NULL);
    hb_jw_str(w, "name", what);
    hb_jw_str(w, "path", path);
    if (r == 0) {
        hb_jw_int(w, "until", f.until);
        hb_jw_str(w, "sha256", f.sha256);
    }
    hb_jw_end_obj(w);
    if (cli->json)
        return;
    if (r < 0) {
        printf("%s: %s: %s\n", what, path, hb_errno_text(r, why, sizeof(why)));
        return;
    }
    printf(_("%s: %s\n  until %s%s\n  SHA-256 %s\n"), what, path,
           hb_time_utc(f.until * (int64_t)HB_S, until, sizeof(until)),
           f.until - hb_now() / (int64_t)HB_S < WARN
               ? _(" (renew it now: hinoban certificate new)")
               : "",
           f.sha256);
}

/* ---- files ---- */

static int put(struct hb_cli *cli, const char *name, const struct hb_buf *b,
               mode_t mode, const char *role)
{
    char path[HB_MAX_PATH];
    uid_t uid;
    gid_t gid;
    int r = path_of(cli, name, path);

    if (r == 0)
        r = hb_file_write(path, b->p, b->n, mode);
    if (r < 0 || role == NULL || geteuid() != 0)
        return r;
    hb_role_ids(hb_role_find(role), &uid, &gid);
    return chown(path, uid, gid) < 0 ? hb_neg_errno() : 0;
}

static int path_of(const struct hb_cli *cli, const char *name,
                   char ret[HB_MAX_PATH])
{
    char rel[64];

    (void)snprintf(rel, sizeof(rel), "tls/%s", name);
    return hb_path(&cli->paths, HB_DIR_ETC, rel, ret);
}

static void tell(const struct hb_cli *cli, struct hb_slice ca)
{
    struct hb_cert_facts f = {.sha256 = ""};
    char authority[HB_MAX_PATH] = "", cert[HB_MAX_PATH] = "",
         key[HB_MAX_PATH] = "";

    if (hb_cert_read(ca, &f) < 0 ||
        path_of(cli, "authority.pem", authority) < 0 ||
        path_of(cli, "portal.pem", cert) < 0 ||
        path_of(cli, "portal.key", key) < 0)
        return;
    if (cli->json) {
        (void)hb_cli_said(cli, "sha256", f.sha256, "%s", "");
        return;
    }
    printf(
        _("The portal's certificate is made, for %u days. In hinoban.yaml:\n\n"
          "share:\n  certificate: %s\n  key: %s\n\n"
          "Browsers trust it once they trust your own authority:\n  %s\n"
          "  SHA-256 %s\n"
          "Give that file to the PCs of your organisation (Windows: "
          "certutil -addstore Root FILE, or a group policy;\n"
          "Firefox: Settings, Certificates, Import). People outside have no "
          "reason to trust it: for them take a\n"
          "certificate of a public authority (ACME) and name its files "
          "there.\n"),
        HB_CERT_DAYS, cert, key, authority, f.sha256);
}

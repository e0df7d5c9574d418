/* SPDX-License-Identifier: Apache-2.0 */
/*
 * support.c - `hinoban support [FILE]`: one text that whoever helps can work
 * with, and that whoever sends it can read first.
 *
 * Runs as root (logs and modes are root's to read).  It holds how the
 * installation is set up and what it said of itself, never the content of a
 * page, of evidence or of a key; what is foreign is masked (base/mask.h) and
 * made visible (base/show.h).  A part that cannot be had says why: a bundle is
 * wanted when something is broken.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mask.h"
#include "base/run.h"
#include "cli/client.h"
#include "config/config.h"
#include "config/module.h"

#define FILE_MAX  (256u << 10)
#define LINES_MAX "400"

struct part {
    const char *title; /* N_() */
    void (*write)(const struct hb_cli *cli, struct hb_buf *b);
};

static void system_part(const struct hb_cli *cli, struct hb_buf *b);
static void config_part(const struct hb_cli *cli, struct hb_buf *b);
static void modules_part(const struct hb_cli *cli, struct hb_buf *b);
static void places_part(const struct hb_cli *cli, struct hb_buf *b);
static void status_part(const struct hb_cli *cli, struct hb_buf *b);
static void events_part(const struct hb_cli *cli, struct hb_buf *b);
static void units_part(const struct hb_cli *cli, struct hb_buf *b);
static void journal_part(const struct hb_cli *cli, struct hb_buf *b);
static void add_file(struct hb_buf *b, const char *path);
static void add_program(struct hb_buf *b, const char *const *argv);
static void add_answer(const struct hb_cli *cli, struct hb_buf *b,
                       const char *cmd, const char *args);
static void add_place(struct hb_buf *b, const char *path);
static void add_why(struct hb_buf *b, const char *what, int code);
static void build(const struct hb_cli *cli, struct hb_buf *b);

static const struct part parts[] = {
    {N_("System"), system_part},
    {N_("Settings, secrets masked"), config_part},
    {N_("Capabilities"), modules_part},
    {N_("Directories: mode, owner, space"), places_part},
    {N_("Status"), status_part},
    {N_("What Hinoban said of itself"), events_part},
    {N_("Units"), units_part},
    {N_("Log"), journal_part},
};

int hb_cmd_support(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_buf_ struct hb_buf raw = {.ceiling = HB_MAX_BUF};
    _cleanup_buf_ struct hb_buf text = {.ceiling = HB_MAX_BUF};
    int r;

    if (argc > 2)
        return hb_cli_usage(cli, _("unexpected argument %s"), argv[2]);
    build(cli, &raw);
    hb_mask(&text, hb_buf_slice(&raw));
    r = hb_buf_err(&raw) < 0 ? hb_buf_err(&raw) : hb_buf_err(&text);
    if (r < 0)
        return hb_cli_fail_code("support", r);
    if (argc < 2) {
        (void)fwrite(hb_buf_z(&text), 1, text.n, stdout);
        return hb_cli_flush();
    }
    r = hb_file_write(argv[1], hb_buf_z(&text), text.n, 0600);
    if (r < 0)
        return hb_cli_fail_code(argv[1], r);
    return hb_cli_said(cli, "file", argv[1],
                       _("%s is written. Read it before you send it.\n"),
                       argv[1]);
}

static void build(const struct hb_cli *cli, struct hb_buf *b)
{
    char when[64];

    hb_buf_addf(b, _("Support bundle of Hinoban %s, made %s\n"), HB_VERSION,
                hb_time_utc(hb_now(), when, sizeof(when)));
    hb_buf_addz(b, _("It holds no page, no evidence and no key. Names of "
                     "files, accounts and hosts are in it.\n"));
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++) {
        hb_buf_addf(b, "\n==== %s ====\n", _(parts[i].title));
        parts[i].write(cli, b);
    }
}

static void system_part(const struct hb_cli *cli, struct hb_buf *b)
{
    static const char *const versions[] = {
        "dpkg-query",   "-W",          "hinoban",  "nginx",
        "libsqlite3-0", "libssl3",     "libcurl4", "libseccomp2",
        "systemd",      "libyaml-0-2", NULL};
    struct utsname u;

    if (uname(&u) == 0)
        hb_buf_addf(b, "%s %s %s %s\n", u.sysname, u.release, u.version,
                    u.machine);
    add_file(b, "/etc/os-release");
    add_file(b, "/proc/meminfo");
    add_file(b, "/proc/loadavg");
    add_file(b, "/proc/cgroups");
    add_program(b, versions);
}

static void config_part(const struct hb_cli *cli, struct hb_buf *b)
{
    _cleanup_config_ struct hb_config *c = NULL;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 300];

    if (hb_config_load(cli->config, &c, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_buf_addf(b, "%s\n", text);
        return;
    }
    hb_conf_dump(b, hb_config_rows, c, 0);
}

static void modules_part(const struct hb_cli *cli, struct hb_buf *b)
{
    for (size_t i = 0; hb_modules[i] != NULL; i++)
        hb_buf_addf(b, "%s (%s)\n", hb_modules[i]->name,
                    hb_family_name(hb_modules[i]->family));
}

static void places_part(const struct hb_cli *cli, struct hb_buf *b)
{
    static const char *const keys[] = {"keys/publish.key",  "keys/publish.pub",
                                       "keys/evidence.key", "keys/rules.key",
                                       "hinoban.yaml",      "never-touch"};
    _cleanup_config_ struct hb_config *c = NULL;
    struct hb_err err = {0};
    char path[HB_MAX_PATH];

    for (int d = 0; d < HB_DIR_COUNT; d++)
        add_place(b, cli->paths.dir[d]);
    for (size_t i = 0; i < HB_ARRAY_LEN(keys); i++)
        if (hb_path(&cli->paths, HB_DIR_ETC, keys[i], path) == 0)
            add_place(b, path);
    if (hb_config_load(cli->config, &c, &err) < 0)
        return;
    for (size_t i = 0; i < c->sites.n; i++)
        add_place(b, ((const struct hb_conf_site *)c->sites.v)[i].root);
}

static void status_part(const struct hb_cli *cli, struct hb_buf *b)
{
    add_answer(cli, b, "status", "{}");
}

static void events_part(const struct hb_cli *cli, struct hb_buf *b)
{
    add_answer(cli, b, "event.list",
               "{\"limit\":" LINES_MAX ",\"class\":6002}");
}

static void units_part(const struct hb_cli *cli, struct hb_buf *b)
{
    static const char *const list[] = {"systemctl",  "list-units", "--all",
                                       "--no-pager", "--plain",    "hinoban*",
                                       NULL};

    add_program(b, list);
}

static void journal_part(const struct hb_cli *cli, struct hb_buf *b)
{
    static const char *const log[] = {"journalctl", "--no-pager", "--output",
                                      "short-iso",  "--lines",    LINES_MAX,
                                      "--unit",     "hinoban*",   NULL};

    add_program(b, log);
}

static void add_file(struct hb_buf *b, const char *path)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice text;
    int r = a == NULL ? -ENOMEM : hb_file_read(a, path, FILE_MAX, &text);

    if (r < 0)
        add_why(b, path, r);
    else
        hb_buf_add(b, text.p, text.n);
}

static void add_program(struct hb_buf *b, const char *const *argv)
{
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT, errors = HB_BUF_INIT;
    const struct hb_run how = {
        .argv = argv, .timeout_ms = 20000, .out = &out, .errors = &errors};
    int r = hb_run(&how);

    hb_buf_add(b, hb_buf_z(&out), out.n);
    hb_buf_add(b, hb_buf_z(&errors), errors.n);
    if (r < 0)
        add_why(b, argv[0], r);
}

static void add_answer(const struct hb_cli *cli, struct hb_buf *b,
                       const char *cmd, const char *args)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *answer;
    struct hb_err err = {0};

    if (a == NULL || hb_client_call(cli, a, cmd, args, &answer, &err) < 0)
        hb_buf_addf(b, "%s\n", err.message);
    else
        hb_buf_addz(b, hb_json_str(answer, "text", ""));
}

static void add_place(struct hb_buf *b, const char *path)
{
    struct statvfs fs;
    struct stat st;

    if (lstat(path, &st) < 0 || statvfs(path, &fs) < 0) {
        add_why(b, path, -errno);
        return;
    }
    hb_buf_addf(b, "%06o %u:%u %12llu %s  (%llu MB, %llu files free)\n",
                st.st_mode, st.st_uid, st.st_gid,
                (unsigned long long)st.st_size, path,
                (unsigned long long)fs.f_bavail * fs.f_frsize >> 20,
                (unsigned long long)fs.f_favail);
}

static void add_why(struct hb_buf *b, const char *what, int code)
{
    char text[128];

    hb_buf_addf(b, "%s: %s\n", what, hb_errno_text(code, text, sizeof(text)));
}

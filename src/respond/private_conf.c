/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private_conf.c - what nginx includes so that a site can be taken private,
 * and its installation.
 *
 * hb_private_install() runs in the command line, as root, at set-up; it may
 * run nginx -t.  The helper never does.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/run.h"
#include "respond/private.h"
#include "respond/private_flags.h"

#define CONF_MAX (64u << 10)
#define DUMP_MAX (16u << 20) /* of what nginx prints */

static int write_both(const struct hb_conf_site *site, const char *private_dir,
                      const char *path, struct hb_err *err);
static int check_nginx(const char *nginx, struct hb_err *err);
static int check_gate(const struct hb_conf_site *site, const char *private_dir,
                      const char *nginx, struct hb_err *err);
static bool names_flag(struct hb_slice dump, const char *line);

const unsigned hb_private_retry[HB_PRIVATE_RETRIES] = {60,   300,  600,
                                                       1800, 3600, 86400};

void hb_private_conf(struct hb_buf *b, const char *site,
                     const char *private_dir)
{
    hb_buf_addz(b, "# Written by hinoban. Include it in the server block of "
                   "this site.\n");
    hb_buf_addz(b, "error_page 503 @hinoban_private;\n"
                   "set $hinoban_retry 600;\n");
    for (size_t i = 0; i < HB_PRIVATE_RETRIES; i++)
        hb_buf_addf(
            b, "if (-f %s/%s.retry-%u) {\n    set $hinoban_retry %u;\n}\n",
            private_dir, site, hb_private_retry[i], hb_private_retry[i]);
    /* The directories above what is asked for, one level after the other:
     * nginx has no loop. */
    for (unsigned i = 1; i <= HB_PRIVATE_DEPTH; i++)
        hb_buf_addf(b,
                    "set $hinoban_dir \"\";\n"
                    "if ($uri ~ \"^((?:/[^/]+){%u})/\") {\n"
                    "    set $hinoban_dir $1;\n}\n"
                    "if (-f %s/%s.dirs$hinoban_dir/" HB_PRIVATE_DIR_FLAG
                    ") {\n    return 503;\n}\n",
                    i, private_dir, site);
    /* Last: what follows a return is not run. */
    hb_buf_addf(b,
                "if (-f %s/%s.flag) {\n    return 503;\n}\n"
                "if (-f %s/%s.paths$uri) {\n    return 503;\n}\n",
                private_dir, site, private_dir, site);
    hb_buf_addf(b,
                "location @hinoban_private {\n"
                "    internal;\n"
                "    root %s;\n"
                "    default_type text/html;\n"
                "    charset utf-8;\n"
                "    add_header Retry-After $hinoban_retry always;\n"
                "    add_header Cache-Control no-store always;\n"
                "    rewrite ^ /%s.html break;\n"
                "}\n",
                private_dir, site);
}

void hb_private_gate_conf(struct hb_buf *b, const char *site,
                          const char *private_dir)
{
    hb_buf_addf(b,
                "# Written by hinoban. Include it in the server block of "
                "this site.\n"
                "hinoban_waf_private %s/%s.flag;\n"
                "hinoban_waf_private_page %s/%s.html;\n",
                private_dir, site, private_dir, site);
}

void hb_private_page(struct hb_buf *b)
{
    hb_buf_addz(
        b, "<!DOCTYPE html>\n<html lang=\"ja\">\n<head>\n"
           "<meta charset=\"utf-8\">\n"
           "<meta name=\"robots\" content=\"noindex\">\n"
           "<meta name=\"viewport\" content=\"width=device-width\">\n"
           "<title>ただいま閲覧できません / Temporarily unavailable</title>\n"
           "<style>body{font-family:sans-serif;max-width:36em;margin:15vh "
           "auto;padding:0 1em;line-height:1.7}</style>\n"
           "</head>\n<body>\n<main>\n"
           "<h1>ただいま閲覧できません</h1>\n"
           "<p>安全を確認するため、このページの公開を一時的に停止しています。"
           "しばらくしてから、もう一度アクセスしてください。</p>\n"
           "<section lang=\"en\">\n<h1>Temporarily unavailable</h1>\n"
           "<p>This page has been taken offline for a safety check. "
           "Please try again later.</p>\n</section>\n"
           "</main>\n</body>\n</html>\n");
}

int hb_private_install(const struct hb_conf_site *site, const char *private_dir,
                       const char *nginx, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1u << 20);
    char path[HB_MAX_PATH];
    struct hb_slice old;
    bool had;
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    if (strpbrk(private_dir, " \t\n;{}$\"'\\") != NULL)
        return hb_err_set(err, -EINVAL,
                          _("nginx cannot be told of this directory: %s"),
                          private_dir);
    if (snprintf(path, sizeof(path), "%s/%s.conf", private_dir, site->name) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    had = hb_file_read(a, path, CONF_MAX, &old) >= 0;
    r = write_both(site, private_dir, path, err);
    if (r < 0 || nginx == NULL)
        return r;
    r = site->private_driver == HB_PRIVATE_GATE
            ? check_gate(site, private_dir, nginx, err)
            : check_nginx(nginx, err);
    if (r == -ENOLINK)
        return r; /* not included yet: nothing of it is in force */
    if (r < 0) {
        /* nginx must be able to start, whatever becomes of us. */
        int back = had ? hb_file_write(path, old.p, old.n, 0644)
                       : hb_file_write(path, "", 0, 0644);

        if (back < 0)
            return hb_err_at(err, back, path, 0, 0, _("cannot be written"));
    }
    return r;
}

static int write_both(const struct hb_conf_site *site, const char *private_dir,
                      const char *path, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf conf = HB_BUF_INIT, page = HB_BUF_INIT;
    char html[HB_MAX_PATH];
    int r;

    if (site->private_driver == HB_PRIVATE_GATE)
        hb_private_gate_conf(&conf, site->name, private_dir);
    else
        hb_private_conf(&conf, site->name, private_dir);
    hb_private_page(&page);
    r = hb_buf_err(&conf) != 0 ? hb_buf_err(&conf) : hb_buf_err(&page);
    if (r >= 0 && snprintf(html, sizeof(html), "%s/%s.html", private_dir,
                           site->name) >= (int)sizeof(html))
        r = -ENAMETOOLONG;
    if (r >= 0)
        r = hb_mkdirs(private_dir, 0755);
    if (r >= 0)
        r = hb_file_write(html, page.p, page.n, 0644);
    if (r >= 0)
        r = hb_file_write(path, conf.p, conf.n, 0644);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, _("cannot be written"));
    return 0;
}

static int check_nginx(const char *nginx, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf said = HB_BUF_INIT;
    const char *argv[] = {nginx, "-t", "-q", NULL};
    int r = hb_run(&(struct hb_run){.argv = argv, .errors = &said});

    if (r < 0)
        return hb_err_set(err, r, _("%s could not be run"), nginx);
    if (r > 0)
        return hb_err_set(err, -EINVAL, _("nginx refuses: %s"),
                          hb_buf_z(&said));
    return 0;
}

/* What is not included in the configuration that nginx reads is not in the
 * text that it prints, and without the module it would not be understood. */
static int check_gate(const struct hb_conf_site *site, const char *private_dir,
                      const char *nginx, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf dump, said = HB_BUF_INIT;
    char stamp[HB_MAX_PATH], line[HB_MAX_PATH + 64];
    const char *argv[] = {nginx, "-T", "-q", NULL};
    int r;

    hb_buf_init(&dump, DUMP_MAX);
    if (snprintf(stamp, sizeof(stamp), "%s/%s.gate", private_dir, site->name) >=
        (int)sizeof(stamp))
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    (void)snprintf(line, sizeof(line), "hinoban_waf_private %s/%s.flag;",
                   private_dir, site->name);
    if (unlink(stamp) < 0 && errno != ENOENT)
        return hb_err_at(err, -errno, stamp, 0, 0, _("cannot be written"));
    r = hb_run(&(struct hb_run){.argv = argv, .out = &dump, .errors = &said});
    if (r < 0)
        return hb_err_set(err, r, _("%s could not be run"), nginx);
    if (r > 0)
        return hb_err_set(err, -EINVAL, _("nginx refuses: %s"),
                          hb_buf_z(&said));
    if (!names_flag(hb_buf_slice(&dump), line))
        return hb_err_set(err, -ENOLINK,
                          _("nginx does not watch the flag of this site yet. "
                            "Put \"include %s/%s.conf;\" into its server "
                            "block, reload nginx, and call this again; until "
                            "then the site cannot be taken off the air."),
                          private_dir, site->name);
    r = hb_file_write(stamp, "", 0, 0644);
    return r < 0 ? hb_err_at(err, r, stamp, 0, 0, _("cannot be written")) : 0;
}

/* As a line of its own: a comment is none. */
static bool names_flag(struct hb_slice dump, const char *line)
{
    size_t len = strlen(line);

    while (dump.n > 0) {
        const char *end = memchr(dump.p, '\n', dump.n);
        size_t n = end != NULL ? (size_t)(end - dump.p) : dump.n, at = 0;

        while (at < n && (dump.p[at] == ' ' || dump.p[at] == '\t'))
            at++;
        if (n - at >= len && memcmp(dump.p + at, line, len) == 0)
            return true;
        n += end != NULL;
        dump = hb_slice(dump.p + n, dump.n - n);
    }
    return false;
}

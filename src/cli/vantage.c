/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vantage.c - the outside view from another machine: `hinoban site vantage
 * NAME DIR` writes what that machine has to know, `hinoban vantage DIR` looks
 * from there.
 *
 * DIR holds the signed baseline of one site, its pages' content, the public
 * key and vantage.json; no secret, and nothing that could sign.  It runs with
 * no privilege, no configuration and no service: it is copied as it is, again
 * after each release.  On the other machine DIR is foreign input: bounded,
 * parsed strictly, and the baseline counts only where its signature holds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/json.h"
#include "base/num.h"
#include "base/show.h"
#include "baseline/export.h"
#include "baseline/table.h"
#include "cli/site.h"
#include "event/event.h"
#include "sense/outside/look.h"

#define SOURCE    "vantage"
#define ABOUT     "vantage.json"
#define ABOUT_MAX 8192u
#define KEY_FILE  "publish.pub"
#define PAGES_MAX 10000u

/* vantage.json */
struct about {
    char site[64];
    char url[HB_FETCH_URL_MAX];
};

static int build(const struct hb_cli *cli, const struct hb_cli_site *s,
                 const char *path, struct hb_err *err);
static hb_export_fn is_page;
static int write_about(const struct hb_cli_site *s, int dir);
static int read_about(struct hb_arena *a, int dir, struct about *ret);
static int replace(const char *path, const char *fresh);
static enum hb_seen look(const struct hb_cli *cli, struct hb_look *l,
                         uint64_t pages);
static void tell(const struct hb_cli *cli, const struct hb_look *l,
                 enum hb_seen seen, const char *url, const struct hb_fetched *f,
                 const char *detail);

/* ---- on the guarded machine ---- */

int hb_cli_site_vantage(struct hb_cli *cli, int argc, char **argv)
{
    _cleanup_close_ int old = -1;
    struct hb_err err = {0};
    char fresh[HB_MAX_PATH];
    struct hb_cli_site s;
    int r;

    if (argc != 3)
        return hb_cli_usage(cli, _("say which site, and the directory to "
                                   "write"));
    if (snprintf(fresh, sizeof(fresh), "%s.new", argv[2]) >= (int)sizeof(fresh))
        return hb_cli_fail_code(argv[2], -ENAMETOOLONG);
    old = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Nobody's directory is to be lost by a slip of the hand. */
    if (access(argv[2], F_OK) == 0 &&
        (old < 0 || faccessat(old, ABOUT, F_OK, 0) < 0))
        return hb_cli_usage(cli,
                            _("%s is there and was not written by this "
                              "command"),
                            argv[2]);
    r = hb_cli_site_open(cli, argv[1], &s, &err);
    if (r == 0 && s.conf->url[0] == '\0')
        r = hb_err_set(&err, -EINVAL,
                       _("This site has no public address in hinoban.yaml."));
    if (r == 0)
        r = build(cli, &s, fresh, &err);
    hb_cli_site_done(&s);
    if (r < 0)
        return hb_cli_fail(&err);
    r = replace(argv[2], fresh);
    if (r < 0)
        return hb_cli_fail_code(argv[2], r);
    return hb_cli_said(cli, "directory", argv[2],
                       _("Written. Copy %s to the other machine, and again "
                         "after each release; there: hinoban vantage %s\n"),
                       argv[2], argv[2]);
}

static int build(const struct hb_cli *cli, const struct hb_cli_site *s,
                 const char *path, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_close_ int dir = -1;
    char key[HB_MAX_PATH];
    struct hb_slice pem;
    uint64_t number;
    int r = a == NULL ? -ENOMEM : hb_rmtree(AT_FDCWD, path);

    if (r == -ENOENT)
        r = 0;
    if (r == 0 && mkdir(path, 0755) < 0)
        r = hb_neg_errno();
    if (r == 0) {
        dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = dir < 0 ? hb_neg_errno()
                    : hb_baseline_export(s->base, dir, s->conf->name, s->pub,
                                         is_page, &number, err);
    }
    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "keys/" KEY_FILE, key);
    if (r == 0)
        r = hb_file_read(a, key, ABOUT_MAX, &pem);
    if (r == 0)
        r = hb_file_write_at(dir, KEY_FILE, pem.p, pem.n, 0644);
    if (r == 0)
        r = write_about(s, dir);
    return r < 0 ? hb_err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

static bool is_page(const struct hb_base_entry *e)
{
    return hb_judge_is_page(e->path);
}

static int write_about(const struct hb_cli_site *s, int dir)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    char made[40];
    struct hb_jw j;

    hb_jw_init(&j, &b);
    hb_jw_obj(&j, NULL);
    hb_jw_int(&j, "format", 1);
    hb_jw_str(&j, "site", s->conf->name);
    hb_jw_str(&j, "url", s->conf->url);
    hb_jw_str(&j, "made", hb_time_utc(hb_now(), made, sizeof(made)));
    hb_jw_end_obj(&j);
    hb_buf_addc(&b, '\n');
    return hb_buf_err(&b) < 0 ? hb_buf_err(&b)
                              : hb_file_write_at(dir, ABOUT, b.p, b.n, 0644);
}

static int replace(const char *path, const char *fresh)
{
    int r = hb_rmtree(AT_FDCWD, path);

    if (r < 0 && r != -ENOENT)
        return r;
    return rename(fresh, path) < 0 ? hb_neg_errno() : 0;
}

/* ---- on the other machine ---- */

int hb_cmd_vantage(struct hb_cli *cli, int argc, char **argv)
{
    const char *count = hb_client_opt(&argc, argv, "--pages");
    const char *url = hb_client_opt(&argc, argv, "--url");
    const char *ca = hb_client_opt(&argc, argv, "--ca");
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_close_ int dir = -1;
    uint64_t pages = HB_LOOK_PAGES;
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    struct about about;
    char key[HB_MAX_PATH];
    enum hb_seen seen;
    int r;

    if (argc != 2)
        return hb_cli_usage(cli, _("say which directory; \"hinoban site "
                                   "vantage NAME DIR\" makes one"));
    if (count != NULL &&
        (hb_parse_u64(hb_slice_z(count), &pages) < 0 || pages > PAGES_MAX))
        return hb_cli_usage(cli, _("%s is not a number"), count);
    if (snprintf(key, sizeof(key), "%s/" KEY_FILE, argv[1]) >= (int)sizeof(key))
        return hb_cli_fail_code(argv[1], -ENAMETOOLONG);
    dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a == NULL || dir < 0)
        return hb_cli_fail_code(argv[1], hb_neg_errno());
    r = read_about(a, dir, &about);
    if (r < 0) {
        (void)hb_err_at(&err, r, ABOUT, 0, 0,
                        _("this is no directory that \"hinoban site vantage\" "
                          "wrote"));
        return hb_cli_fail(&err);
    }
    if (hb_pub_load(key, &pub, &err) < 0)
        return hb_cli_fail(&err);
    seen = look(cli,
                &(struct hb_look){.site = about.site,
                                  .url = url != NULL ? url : about.url,
                                  .ca_file = ca,
                                  .baseline = argv[1],
                                  .pub = pub},
                pages);
    hb_pub_free(pub);
    r = hb_cli_flush();
    return r != HB_EXIT_OK || seen != HB_SEEN_SAME ? HB_EXIT_FAILED : r;
}

static int read_about(struct hb_arena *a, int dir, struct about *ret)
{
    struct hb_json *top = NULL;
    struct hb_slice text;
    int r = hb_file_read_at(a, dir, ABOUT, ABOUT_MAX, &text);

    if (r == 0)
        r = hb_json_parse(a, text, &top, NULL);
    if (r < 0)
        return r;
    if (hb_json_int(top, "format", 0) != 1 ||
        !hb_copyz(ret->site, sizeof(ret->site), hb_json_str(top, "site", "")) ||
        !hb_copyz(ret->url, sizeof(ret->url), hb_json_str(top, "url", "")) ||
        !hb_site_ok(ret->site))
        return -EBADMSG;
    return 0;
}

/* The worst of all pages; what has no page to compare is unknown. */
static enum hb_seen look(const struct hb_cli *cli, struct hb_look *l,
                         uint64_t pages)
{
    enum hb_seen worst = HB_SEEN_SAME;
    char first[HB_FETCH_URL_MAX] = "";
    uint64_t same = 0;

    hb_random(&l->cursor, sizeof(l->cursor));
    for (uint64_t step = 0; step <= pages; step++) {
        _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
        _cleanup_buf_ struct hb_buf detail = HB_BUF_INIT;
        _cleanup_fetched_ struct hb_fetched f = {0};
        struct hb_look_page page;
        enum hb_seen seen;

        if (a == NULL || hb_look_choose(l, step > 0, a, &page) < 0)
            break;
        if (step > 1 && hb_streq(page.url, first))
            break; /* once around */
        if (step == 1)
            memcpy(first, page.url, sizeof(first));
        seen = hb_look_page(l, &page, &f, &detail);
        same += seen == HB_SEEN_SAME;
        if (seen == HB_SEEN_UNKNOWN)
            continue; /* a page that a program makes */
        worst = HB_MAX(worst, seen);
        tell(cli, l, seen, page.url, &f, hb_buf_z(&detail));
        if (seen == HB_SEEN_UNREACHABLE)
            break;
    }
    if (same == 0 && worst == HB_SEEN_SAME) {
        worst = HB_SEEN_UNKNOWN;
        tell(cli, l, worst, l->url, NULL,
             _("no page could be compared; is the copy whole and its "
               "signature right?"));
    }
    return worst;
}

/* As JSON: an event as the role outside makes it, one a line, for "hinoban
 * event send" on the guarded machine. */
static void tell(const struct hb_cli *cli, const struct hb_look *l,
                 enum hb_seen seen, const char *url, const struct hb_fetched *f,
                 const char *detail)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    enum hb_severity sev = seen > HB_SEEN_UNREACHABLE    ? HB_SEV_HIGH
                           : seen == HB_SEEN_UNREACHABLE ? HB_SEV_LOW
                                                         : HB_SEV_INFO;
    struct hb_event *e;

    if (!cli->json) {
        hb_show(&b, hb_slice_z(detail));
        printf("%-11s  %s  %s\n", hb_seen_word(seen), url, hb_buf_z(&b));
        return;
    }
    e = a != NULL ? hb_event_new(a, HB_EV_HTTP_ACTIVITY, 3, sev, SOURCE) : NULL;
    if (e == NULL || hb_event_strz(e, HB_F_HTTP_URL, url) < 0 ||
        hb_event_strz(e, HB_F_HTTP_METHOD, "GET") < 0 ||
        hb_event_strz(e, HB_F_SITE, l->site) < 0 ||
        hb_event_strz(e, HB_F_STATUS, hb_seen_word(seen)) < 0 ||
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) < 0)
        return;
    if (f != NULL && f->status != 0)
        (void)hb_event_int(e, HB_F_HTTP_STATUS, f->status);
    if (f != NULL && f->ip[0] != '\0')
        (void)hb_event_strz(e, HB_F_DST_ENDPOINT_IP, f->ip);
    if (hb_event_encode(&b, e) == 0)
        printf("%s\n", hb_buf_z(&b));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vantage.c - the outside view from another machine: `hinoban site vantage
 * NAME DIR` writes what that machine has to know, `hinoban vantage DIR` looks
 * from there.
 *
 * DIR holds the signed baseline of one site (each path with mode, owner and
 * hash), the content of its public pages, the public key and vantage.json:
 * nothing that could sign, and no password, but what is nobody else's business;
 * it is its owner's alone.  On the other machine no privilege, configuration or
 * service is needed, and DIR is foreign input there: bounded and parsed
 * strictly.  Whoever may write to it may also exchange the key, so --pub names
 * one that is kept elsewhere.
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
    char made[40]; /* UTC */
};
/* Where DIR is to stand. */
struct place {
    int parent;
    char name[HB_MAX_NAME + 1];
    char fresh[64]; /* beside it, until it is whole */
    bool there;     /* one of ours, to be exchanged */
};

static int place_open(const char *path, struct place *ret, struct hb_err *err);
static int place_parent(const char *dir, struct place *p, struct hb_err *err);
static int place_look(const char *path, struct place *p, struct hb_err *err);
static int place_put(const struct place *p);
static int build(const struct hb_cli *cli, const struct hb_cli_site *s, int dir,
                 struct hb_err *err);
static hb_export_fn is_page;
static int write_about(const struct hb_cli_site *s, int dir);
static int read_about(struct hb_arena *a, int dir, struct about *ret);
static int pages_of(struct hb_cli *cli, const char *dir, const char *pub_file,
                    struct hb_look *l, uint64_t pages);
static enum hb_seen look(const struct hb_cli *cli, struct hb_look *l,
                         uint64_t pages);
static void tell(const struct hb_cli *cli, const struct hb_look *l,
                 enum hb_seen seen, const char *url, const struct hb_fetched *f,
                 const char *detail);

/* ---- on the guarded machine ---- */

int hb_cli_site_vantage(struct hb_cli *cli, int argc, char **argv)
{
    struct place p = {.parent = -1};
    struct hb_err err = {0};
    struct hb_cli_site s;
    char why[128];
    int dir = -1, r;

    if (argc != 3)
        return hb_cli_usage(cli, _("say which site, and the directory to "
                                   "write"));
    r = hb_cli_site_open(cli, argv[1], &s, &err);
    if (r == 0 && s.conf->url[0] == '\0')
        r = hb_err_set(&err, -EINVAL,
                       _("This site has no public address in hinoban.yaml."));
    if (r == 0)
        r = place_open(argv[2], &p, &err);
    if (r == 0 && mkdirat(p.parent, p.fresh, 0700) < 0)
        r = hb_neg_errno();
    if (r == 0) {
        dir = openat(p.parent, p.fresh,
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        r = dir < 0 ? hb_neg_errno() : build(cli, &s, dir, &err);
        hb_close(&dir);
        if (r == 0)
            r = place_put(&p);
        /* What is left there is half of a copy, or the one before. */
        (void)!hb_rmtree(p.parent, p.fresh);
    }
    hb_cli_site_done(&s);
    hb_close(&p.parent);
    if (r < 0) {
        (void)hb_err_set(&err, r, "%s: %s", argv[2],
                         hb_errno_text(r, why, sizeof(why)));
        return hb_cli_fail(&err);
    }
    return hb_cli_said(cli, "directory", argv[2],
                       _("Written. Copy %s to the other machine, and again "
                         "after each release; there: hinoban vantage %s\n"),
                       argv[2], argv[2]);
}

static int place_open(const char *path, struct place *ret, struct hb_err *err)
{
    char dir[HB_MAX_PATH], hex[17];
    uint8_t id[8];
    size_t n = strlen(path);
    char *slash;
    int r;

    while (n > 1 && path[n - 1] == '/')
        n--;
    if (n >= sizeof(dir) - 2)
        return -ENAMETOOLONG;
    memcpy(dir, "./", 2);
    memcpy(dir + 2, path, n);
    dir[n + 2] = '\0';
    if (path[0] == '/')
        memmove(dir, dir + 2, n + 1);
    slash = strrchr(dir, '/');
    if (!hb_copyz(ret->name, sizeof(ret->name), slash + 1) ||
        ret->name[0] == '\0' || hb_streq(ret->name, ".") ||
        hb_streq(ret->name, ".."))
        return hb_err_set(err, -EINVAL, _("%s is no name for a directory"),
                          path);
    slash[slash == dir] = '\0';
    hb_random(id, sizeof(id));
    hb_hex(id, sizeof(id), hex);
    (void)snprintf(ret->fresh, sizeof(ret->fresh), ".hinoban-vantage-%s", hex);
    r = place_parent(dir, ret, err);
    return r < 0 ? r : place_look(path, ret, err);
}

/* Where others may rename, root must not build. */
static int place_parent(const char *dir, struct place *p, struct hb_err *err)
{
    struct stat st = {0};

    p->parent = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->parent < 0 || fstat(p->parent, &st) < 0)
        return hb_err_set(err, hb_neg_errno(), "%s: %s", dir, strerror(errno));
    if ((st.st_uid != 0 && st.st_uid != geteuid()) ||
        ((st.st_mode & 022) != 0 && (st.st_mode & S_ISVTX) == 0))
        return hb_err_set(err, -EPERM,
                          _("others can change %s; choose a directory that is "
                            "yours alone"),
                          dir);
    return 0;
}

/* Nobody's directory is to be lost by a slip of the hand. */
static int place_look(const char *path, struct place *p, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_close_ int old = openat(
        p->parent, p->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct about about;

    if (old < 0 && errno == ENOENT)
        return 0;
    if (a == NULL)
        return -ENOMEM;
    if (old < 0 || read_about(a, old, &about) < 0)
        return hb_err_set(err, -EEXIST,
                          _("%s is there and was not written by this command"),
                          path);
    p->there = true;
    return 0;
}

static int place_put(const struct place *p)
{
    unsigned how = p->there ? RENAME_EXCHANGE : RENAME_NOREPLACE;

    return renameat2(p->parent, p->fresh, p->parent, p->name, how) < 0
               ? hb_neg_errno()
               : 0;
}

static int build(const struct hb_cli *cli, const struct hb_cli_site *s, int dir,
                 struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char key[HB_MAX_PATH];
    struct hb_slice pem;
    uint64_t number;
    int r = a == NULL ? -ENOMEM
                      : hb_baseline_export(s->base, dir, s->conf->name, s->pub,
                                           is_page, &number, err);

    if (r == 0)
        r = hb_path(&cli->paths, HB_DIR_ETC, "keys/" KEY_FILE, key);
    if (r == 0)
        r = hb_file_read(a, key, ABOUT_MAX, &pem);
    if (r == 0)
        r = hb_file_write_at(dir, KEY_FILE, pem.p, pem.n, 0600);
    return r < 0 ? r : write_about(s, dir);
}

/* A page that everybody may read anyway. */
static bool is_page(const struct hb_base_entry *e)
{
    return (e->mode & S_IROTH) != 0 && hb_judge_is_page(e->path);
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
                              : hb_file_write_at(dir, ABOUT, b.p, b.n, 0600);
}

/* ---- on the other machine ---- */

int hb_cmd_vantage(struct hb_cli *cli, int argc, char **argv)
{
    const char *count = hb_client_opt(&argc, argv, "--pages");
    const char *url = hb_client_opt(&argc, argv, "--url");
    const char *ca = hb_client_opt(&argc, argv, "--ca");
    const char *pub = hb_client_opt(&argc, argv, "--pub");
    uint64_t pages = HB_LOOK_PAGES;

    if (argc != 2)
        return hb_cli_usage(cli, _("say which directory; \"hinoban site "
                                   "vantage NAME DIR\" makes one"));
    if (count != NULL &&
        (hb_parse_u64(hb_slice_z(count), &pages) < 0 || pages > PAGES_MAX))
        return hb_cli_usage(cli, _("%s is not a number"), count);
    return pages_of(cli, argv[1], pub,
                    &(struct hb_look){.url = url, .ca_file = ca}, pages);
}

static int pages_of(struct hb_cli *cli, const char *dir, const char *pub_file,
                    struct hb_look *l, uint64_t pages)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hb_pub *pub = NULL;
    struct hb_err err = {0};
    struct about about;
    char key[HB_MAX_PATH];
    enum hb_seen seen;
    int r;

    if (a == NULL || fd < 0)
        return hb_cli_fail_code(dir, hb_neg_errno());
    if (snprintf(key, sizeof(key), "%s/" KEY_FILE, dir) >= (int)sizeof(key))
        return hb_cli_fail_code(dir, -ENAMETOOLONG);
    r = read_about(a, fd, &about);
    if (r < 0) {
        (void)hb_err_at(&err, r, ABOUT, 0, 0,
                        _("this is no directory that \"hinoban site vantage\" "
                          "wrote"));
        return hb_cli_fail(&err);
    }
    if (hb_pub_load(pub_file != NULL ? pub_file : key, &pub, &err) < 0)
        return hb_cli_fail(&err);
    l->site = about.site;
    l->url = l->url != NULL ? l->url : about.url;
    l->baseline = dir;
    l->pub = pub;
    seen = look(cli, l, pages);
    if (!cli->json && l->number != 0)
        printf(_("Compared with release %llu, copied %s.\n"),
               (unsigned long long)l->number, about.made);
    hb_pub_free(pub);
    r = hb_cli_flush();
    return r != HB_EXIT_OK || seen != HB_SEEN_SAME ? HB_EXIT_FAILED : r;
}

static int read_about(struct hb_arena *a, int dir, struct about *ret)
{
    struct hb_json *top = NULL;
    struct about about = {0};
    struct hb_slice text;
    char host[256];
    int64_t made;
    int r = hb_file_read_at(a, dir, ABOUT, ABOUT_MAX, &text);

    if (r == 0)
        r = hb_json_parse(a, text, &top, NULL);
    if (r < 0)
        return r;
    if (hb_json_int(top, "format", 0) != 1 ||
        !hb_copyz(about.site, sizeof(about.site),
                  hb_json_str(top, "site", "")) ||
        !hb_copyz(about.url, sizeof(about.url), hb_json_str(top, "url", "")) ||
        !hb_copyz(about.made, sizeof(about.made),
                  hb_json_str(top, "made", "")) ||
        !hb_site_ok(about.site) ||
        hb_time_parse(hb_slice_z(about.made), &made) < 0 ||
        hb_url_host(about.url, host, sizeof(host)) < 0)
        return -EBADMSG;
    for (const char *p = about.url; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~')
            return -EBADMSG;
    *ret = about;
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
    static const char *const words[] = {
        [HB_SEEN_SAME] = N_("as published"),
        [HB_SEEN_PRIVATE] = N_("off the air"),
        [HB_SEEN_UNKNOWN] = N_("cannot be compared"),
        [HB_SEEN_UNREACHABLE] = N_("does not answer"),
        [HB_SEEN_DIFFERS] = N_("IS ANOTHER"),
        [HB_SEEN_INJECTED] = N_("SOMETHING WAS PUT IN"),
        [HB_SEEN_REDIRECTED] = N_("SENDS ELSEWHERE")};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    enum hb_severity sev = seen > HB_SEEN_UNREACHABLE    ? HB_SEV_HIGH
                           : seen == HB_SEEN_UNREACHABLE ? HB_SEV_LOW
                                                         : HB_SEV_INFO;
    struct hb_event *e;

    if (!cli->json) {
        hb_show(&b, hb_slice_z(url));
        hb_buf_addz(&b, "  ");
        hb_show(&b, hb_slice_z(detail));
        printf("%s: %s\n", _(words[seen]), hb_buf_z(&b));
        return;
    }
    e = a != NULL ? hb_event_new(a, HB_EV_HTTP_ACTIVITY, 3, sev, SOURCE) : NULL;
    if (e == NULL || hb_event_strz(e, HB_F_HTTP_URL, url) < 0 ||
        hb_event_strz(e, HB_F_HTTP_METHOD, "GET") < 0 ||
        hb_event_strz(e, HB_F_SITE, l->site) < 0 ||
        hb_event_strz(e, HB_F_STATUS, hb_seen_word(seen)) < 0 ||
        hb_event_strz(e, HB_F_STATUS_DETAIL, detail) < 0)
        return;
    if (l->number != 0)
        (void)hb_event_int(e, HB_F_SITE_BASELINE, (int64_t)l->number);
    if (f != NULL && f->status != 0)
        (void)hb_event_int(e, HB_F_HTTP_STATUS, f->status);
    if (f != NULL && f->ip[0] != '\0')
        (void)hb_event_strz(e, HB_F_DST_ENDPOINT_IP, f->ip);
    if (hb_event_encode(&b, e) == 0)
        printf("%s\n", hb_buf_z(&b));
}

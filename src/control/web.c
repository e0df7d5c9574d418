/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web.c - can the web server's user write to the pages, and what does the web
 * server tell about itself?
 *
 * Runs in check, which may read the document roots.  Names below them are an
 * attacker's choice: they are shown with care and never followed through a
 * link.
 */
#include "control/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/i18n.h"
#include "base/num.h"

#define DEPTH_MAX 64u
#define NODES_MAX 2000000u
#define USERS     64u
#define GROUPS    64u

struct who { /* an account that runs what visitors send */
    const char *name;
    uint32_t uid;
    uint32_t gids[GROUPS];
    size_t n;
};

struct walk {
    const struct hb_conf_site *site;
    struct who who[USERS];
    size_t who_n;
    struct hb_found *ret;
    size_t nodes, writable;
    bool unread; /* a part could not be looked at */
    char path[HB_MAX_PATH];
};

static int users(const struct hb_machine *m, struct walk *w);
static void groups(struct who *who, const struct hb_accounts *a);
static void walk_dir(struct walk *w, int fd, size_t n, unsigned depth);
static void look(struct walk *w, int fd, const char *name,
                 const struct stat *st);
static bool can_write(const struct walk *w, int fd, const struct stat *st);
static bool acl_writes(const struct who *who, const uint8_t *p, size_t n);
static bool meant(const struct walk *w, size_t n);
static void above(const struct hb_machine *m, struct walk *w);
static void one_server(const struct hb_ngx *server, struct hb_found *ret);
static bool hides_dots(const struct hb_ngx *server);
static bool serves(const struct hb_ngx *root, const char *path);
static bool is_on(const struct hb_ngx *d);
static bool has_word(const struct hb_ngx *d, const char *word);

void hb_check_docroot(const struct hb_machine *m, struct hb_found *ret)
{
    const struct hb_conf_site *s = m->config->sites.v;
    struct walk *w = HB_NEW(m->arena, struct walk);

    if (w == NULL || m->config->sites.n == 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN, N_("No site is configured."));
        return;
    }
    memset(w, 0, sizeof(*w));
    w->ret = ret;
    if (users(m, w) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("Which user the web server runs as could not be "
                        "told."));
        return;
    }
    for (size_t i = 0; i < m->config->sites.n; i++) {
        const char *root = hb_machine_path(m, s[i].root);
        int fd =
            root == NULL
                ? -1
                : open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        struct stat st;

        w->site = &s[i];
        if (fd < 0 || fstat(fd, &st) < 0) {
            w->unread = true;
            hb_close(&fd);
            continue;
        }
        w->path[0] = '\0';
        look(w, fd, "", &st);
        above(m, w);
        walk_dir(w, fd, 0, 0);
    }
    if (w->writable > 0) {
        hb_buf_addf(&ret->detail, " (%zu)", w->writable);
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The web server's user can write to published "
                        "pages."));
    }
    if (w->unread)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("A part of a document root could not be looked at."));
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("The web server's user cannot write to published pages."));
}

void hb_check_nginx(const struct hb_machine *m, struct hb_found *ret)
{
    const struct hb_conf_site *s = m->config->sites.v;
    const struct hb_ngx *server = NULL;
    struct hb_ngx *root = NULL;
    bool none = true;

    if (hb_ngx_load(m, &root) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The configuration of nginx could not be read."));
        return;
    }
    while ((server = hb_ngx_next(root, server, "server")) != NULL) {
        if (server->first == NULL)
            continue; /* a line of an upstream */
        none = false;
        one_server(server, ret);
    }
    for (size_t i = 0; i < m->config->sites.n; i++)
        if (!serves(root, s[i].root)) {
            hb_buf_addf(&ret->detail, "%s%s", ret->detail.n > 0 ? "; " : "",
                        s[i].name);
            hb_found_set(ret, HB_CHECK_UNKNOWN,
                         N_("The configuration of nginx does not name the "
                            "document root of a site."));
        }
    if (none)
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The configuration of nginx has no server."));
    hb_found_set(ret, HB_CHECK_PASS,
                 N_("nginx lists no folders, hides its version and serves no "
                    "hidden files."));
}

void hb_check_waf(const struct hb_machine *m, struct hb_found *ret)
{
    const struct hb_ngx *d = NULL;
    struct hb_ngx *root = NULL;
    bool on = false, rules = false, off = false, watching = false;

    if (hb_ngx_load(m, &root) < 0) {
        hb_found_set(ret, HB_CHECK_UNKNOWN,
                     N_("The configuration of nginx could not be read."));
        return;
    }
    while ((d = hb_ngx_next(root, d, NULL)) != NULL) {
        if (hb_slice_is(d->name, "modsecurity")) {
            on = on || is_on(d);
            off = off || !is_on(d);
        } else if (hb_slice_is(d->name, "hinoban_waf")) {
            on = on || has_word(d, "block");
            watching = watching || has_word(d, "detect");
            off = off || has_word(d, "off");
        }
        rules = rules || hb_slice_is(d->name, "modsecurity_rules_file") ||
                hb_slice_is(d->name, "modsecurity_rules") ||
                hb_slice_is(d->name, "hinoban_waf_rules");
    }
    if (watching && rules)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The web application firewall only watches: it tells "
                        "of attacks and stops none."));
    else if (!on || !rules)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("No web application firewall stands before the "
                        "site."));
    else if (off)
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("The web application firewall is switched off for a "
                        "part of the site."));
    else
        hb_found_set(ret, HB_CHECK_PASS,
                     N_("nginx passes requests through a web application "
                        "firewall."));
}

/* ---- who runs what visitors send ---- */

static int users(const struct hb_machine *m, struct walk *w)
{
    const char *names[USERS];
    struct hb_accounts a;
    bool more = false;
    int r = hb_accounts_read(m, &a);

    if (r < 0)
        return r;
    w->who_n = hb_web_users(m, &a, names, USERS, &more);
    for (size_t i = 0; i < w->who_n; i++) {
        w->who[i].name = names[i];
        groups(&w->who[i], &a);
    }
    if (more)
        hb_found_set(w->ret, HB_CHECK_UNKNOWN,
                     N_("More users run what visitors send than can be looked "
                        "at."));
    return w->who_n > 0 ? 0 : -ENOENT;
}

static void groups(struct who *who, const struct hb_accounts *a)
{
    const struct hb_account *acc = hb_account_find(a, who->name);

    who->uid = acc->uid;
    who->gids[who->n++] = acc->gid;
    for (size_t i = 0; i < a->groups_n && who->n < GROUPS; i++)
        if (hb_group_has(&a->groups[i], who->name))
            who->gids[who->n++] = a->groups[i].gid;
}

/* ---- the document root ---- */

/* Takes FD; N is the length of the path so far. */
static void walk_dir(struct walk *w, int fd, size_t n, unsigned depth)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    if (d == NULL || depth > DEPTH_MAX) {
        w->unread = true;
        if (d != NULL)
            (void)closedir(d);
        else
            (void)close(fd);
        return;
    }
    while ((e = readdir(d)) != NULL && w->nodes < NODES_MAX) {
        size_t len = strlen(e->d_name), at = n;
        struct stat st;

        if (hb_streq(e->d_name, ".") || hb_streq(e->d_name, ".."))
            continue;
        if (n + len + 2 > sizeof(w->path) ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            w->unread = true;
            continue;
        }
        if (at > 0)
            w->path[at++] = '/';
        memcpy(w->path + at, e->d_name, len + 1);
        at += len;
        w->nodes++;
        if (!meant(w, at)) {
            look(w, dirfd(d), e->d_name, &st);
            if (S_ISDIR(st.st_mode)) {
                int sub =
                    openat(dirfd(d), e->d_name,
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

                if (sub >= 0)
                    walk_dir(w, sub, at, depth + 1);
                else
                    w->unread = true;
            }
        }
        w->path[n] = '\0';
    }
    if (w->nodes >= NODES_MAX)
        w->unread = true;
    (void)closedir(d);
}

static void look(struct walk *w, int fd, const char *name,
                 const struct stat *st)
{
    _cleanup_close_ int own = -1;

    if (S_ISLNK(st->st_mode))
        return; /* its mode says nothing */
    /* An access list shows as a group's permission. */
    if ((st->st_mode & 020) != 0 && name[0] != '\0' &&
        (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
        own = openat(fd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (!can_write(w, name[0] != '\0' ? own : fd, st))
        return;
    if (w->writable++ == 0) {
        hb_buf_addf(&w->ret->detail, "%s: ", w->site->name);
        for (const char *p = w->path; *p != '\0' && w->ret->detail.n < 200; p++)
            hb_buf_addc(&w->ret->detail,
                        (unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
        if (w->path[0] == '\0')
            hb_buf_addc(&w->ret->detail, '/');
    }
}

static bool can_write(const struct walk *w, int fd, const struct stat *st)
{
    uint8_t acl[1024];
    ssize_t n = -1;

    if (fd >= 0 && (st->st_mode & 020) != 0)
        n = fgetxattr(fd, "system.posix_acl_access", acl, sizeof(acl));
    for (size_t i = 0; i < w->who_n; i++) {
        const struct who *who = &w->who[i];
        bool member = false;

        if (st->st_uid == who->uid)
            return true; /* an owner can always give the right to itself */
        for (size_t k = 0; k < who->n; k++)
            member = member || who->gids[k] == st->st_gid;
        if (n > 0 && acl_writes(who, acl, (size_t)n))
            return true;
        if (n <= 0 && member && (st->st_mode & 020) != 0)
            return true;
        if (!member && (st->st_mode & 02) != 0)
            return true;
    }
    return false;
}

/* posix_acl_xattr: u32 version 2, then tag u16, rights u16, id u32 each. */
static bool acl_writes(const struct who *who, const uint8_t *p, size_t n)
{
    for (size_t at = 4; at + 8 <= n; at += 8) {
        unsigned tag = p[at] | (unsigned)p[at + 1] << 8;
        unsigned rights = p[at + 2] | (unsigned)p[at + 3] << 8;
        uint32_t id = p[at + 4] | (uint32_t)p[at + 5] << 8 |
                      (uint32_t)p[at + 6] << 16 | (uint32_t)p[at + 7] << 24;

        if ((rights & 2) == 0)
            continue;
        if (tag == 0x02 && id == who->uid)
            return true;
        for (size_t k = 0; tag == 0x08 && k < who->n; k++)
            if (who->gids[k] == id)
                return true;
    }
    return false;
}

/* A part that programs are meant to write to, or that nobody looks at. */
static bool meant(const struct walk *w, size_t n)
{
    const struct hb_conf_area *area = w->site->areas.v;
    const struct hb_strs *ignore = &w->site->ignore;

    for (size_t i = 0; i < w->site->areas.n; i++)
        if (strlen(area[i].path) == n && memcmp(area[i].path, w->path, n) == 0)
            return true;
    for (size_t i = 0; i < ignore->n; i++)
        if (strlen(ignore->v[i]) == n && memcmp(ignore->v[i], w->path, n) == 0)
            return true;
    return false;
}

/* Whoever can write to a directory above can put another tree in place. */
static void above(const struct hb_machine *m, struct walk *w)
{
    const char *root = w->site->root;

    for (size_t n = strlen(root); n > 1; n--) {
        const char *up, *full;
        struct stat st;

        if (root[n - 1] != '/')
            continue;
        up = hb_arena_dup(m->arena, root, n > 1 ? n - 1 : 1);
        full = up != NULL ? hb_machine_path(m, up) : NULL;
        if (full == NULL || stat(full, &st) < 0) {
            w->unread = true;
            continue;
        }
        /* The sticky bit keeps others from renaming what is not theirs. */
        if ((st.st_mode & S_ISVTX) != 0 && st.st_uid == 0)
            continue;
        if (can_write(w, -1, &st)) {
            if (w->writable++ == 0)
                hb_buf_addf(&w->ret->detail, "%s", up);
        }
    }
}

/* ---- what nginx shows ---- */

static void one_server(const struct hb_ngx *server, struct hb_found *ret)
{
    const struct hb_ngx *d = NULL, *in = hb_ngx_in_force(server, "autoindex");

    if (in != NULL && is_on(in))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("nginx lists the content of folders (autoindex)."));
    while ((d = hb_ngx_next(server, d, "autoindex")) != NULL)
        if (is_on(d))
            hb_found_set(ret, HB_CHECK_FAIL,
                         N_("nginx lists the content of folders "
                            "(autoindex)."));
    in = hb_ngx_in_force(server, "server_tokens");
    if (in == NULL || in->n == 0 || !hb_slice_is(in->args[0], "off"))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("nginx tells everybody its version "
                        "(server_tokens)."));
    if (hb_ngx_in_force(server, "root") != NULL && !hides_dots(server))
        hb_found_set(ret, HB_CHECK_FAIL,
                     N_("nginx serves hidden files such as .git or .env."));
}

/* A location like "~ /\." that denies or answers 4xx. */
static bool hides_dots(const struct hb_ngx *server)
{
    const struct hb_ngx *l = NULL;

    while ((l = hb_ngx_next(server, l, "location")) != NULL) {
        if (l->n < 2 || l->args[0].n == 0 || l->args[0].p[0] != '~' ||
            !(hb_slice_has(l->args[1], "/\\.") ||
              hb_slice_has(l->args[1], "/[.]")))
            continue;
        for (const struct hb_ngx *d = l->first; d != NULL; d = d->next)
            if (d->n > 0 && ((hb_slice_is(d->name, "deny") &&
                              hb_slice_is(d->args[0], "all")) ||
                             (hb_slice_is(d->name, "return") &&
                              d->args[0].n == 3 && d->args[0].p[0] == '4')))
                return true;
    }
    return false;
}

static bool serves(const struct hb_ngx *root, const char *path)
{
    const struct hb_ngx *d = NULL;
    size_t n = strlen(path);

    while ((d = hb_ngx_next(root, d, NULL)) != NULL) {
        struct hb_slice a = d->n > 0 ? d->args[0] : hb_slice("", 0);

        if (!hb_slice_is(d->name, "root") && !hb_slice_is(d->name, "alias"))
            continue;
        while (a.n > 1 && a.p[a.n - 1] == '/')
            a.n--;
        if (a.n >= n && memcmp(a.p, path, n) == 0 &&
            (a.n == n || a.p[n] == '/'))
            return true;
    }
    return false;
}

static bool is_on(const struct hb_ngx *d)
{
    return d->n > 0 && hb_slice_is(d->args[0], "on");
}

static bool has_word(const struct hb_ngx *d, const char *word)
{
    return d->n > 0 && hb_slice_is(d->args[0], word);
}

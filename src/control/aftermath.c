/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aftermath.c - what an intruder may have left: web shells, switches of the
 * web server, accounts, timed jobs, scripts that send input elsewhere.
 *
 * Runs in check, on core's command.  Content below the document root is an
 * attacker's: it is read up to a ceiling, searched byte by byte and never
 * executed or followed through a link.  A place that may not be read is said
 * to be unsearched; "nothing found" is said only where somebody looked.
 */
#include "control/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "baseline/baseline.h"
#include "control/moments.h"

#define READ_MAX  (1u << 20)        /* at once */
#define OVERLAP   4096u             /* what lies across two pieces */
#define WHOLE_MAX ((off_t)64 << 20) /* of a script */
#define DEPTH_MAX 64u
#define NODES_MAX 2000000u
#define FRESH_NS  (7 * 86400 * (int64_t)HB_S)

/* Places in the answer: many of one kind hide none of another. */
#define FILES    30u
#define ACCOUNTS 10u
#define JOBS     10u
_Static_assert(FILES + ACCOUNTS + JOBS + 6 <= HB_MOMENTS_MAX, "room for notes");

struct search {
    const struct hb_machine *machine;
    const struct hb_conf_site *site;
    struct hb_base_set set; /* cur is NULL where there is no baseline */
    struct hb_sha256 *hash;
    struct hb_moments out;
    int64_t found;
    unsigned room;   /* places left for this kind of hits ... */
    int64_t unshown; /* ... and hits that found none */
    bool skimming, unread;
    size_t nodes;
    char path[HB_MAX_PATH];
    char buf[READ_MAX];
};

static void base_open(struct search *s, const char *baseline_dir,
                      const char *etc_dir);
static void below(struct search *s, int fd, size_t n, unsigned depth);
static void one_file(struct search *s, int dirfd, const char *name,
                     const struct stat *st);
static void content(struct search *s, int fd, const char *name, off_t size);
static bool one_content(struct search *s, const char *name,
                        struct hb_slice text);
static void new_accounts(struct search *s, const struct hb_accounts *before);
static void timed_jobs(struct search *s);
static void part_begin(struct search *s, unsigned room);
static void part_end(struct search *s);
static void hit(struct search *s, const char *fmt, ...) HB_PRINTF(2, 3);

int hb_aftermath(const struct hb_machine *m, const struct hb_conf_site *site,
                 const char *baseline_dir, const char *etc_dir,
                 const struct hb_accounts *before, struct hb_buf *b)
{
    struct hb_json *root = hb_json_new(m->arena, HB_JSON_OBJ);
    struct search *s = calloc(1, sizeof(*s));
    const char *top = hb_machine_path(m, site->root);
    int64_t shells;
    int fd, r = 0;

    if (s == NULL || root == NULL || top == NULL) {
        free(s);
        return -ENOMEM;
    }
    s->machine = m;
    s->site = site;
    s->out.arena = m->arena;
    s->out.list = hb_json_new(m->arena, HB_JSON_ARR);
    s->hash = hb_sha256_new();
    if (s->out.list == NULL || s->hash == NULL)
        r = -ENOMEM;
    if (r == 0) {
        base_open(s, baseline_dir, etc_dir);
        part_begin(s, FILES);
        fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0)
            below(s, fd, 0, 0);
        else
            s->unread = true;
        shells = s->found;
        part_end(s);
        if (s->unread)
            hb_moment_add(&s->out, m->now, "incident.note", "note", "%s",
                          _("A part of the document root could not be "
                            "searched."));
        else if (shells == 0)
            hb_moment_add(&s->out, m->now, "search.clean", "what", "%s",
                          _("web shells and switches of the web server"));
        new_accounts(s, before);
        timed_jobs(s);
        (void)hb_json_add_int(m->arena, root, "__leftovers__", s->found);
        (void)hb_json_add_bool(m->arena, root, "__skimming__", s->skimming);
        {
            char name[] = "moments";

            s->out.list->key =
                hb_slice(hb_arena_strdup(m->arena, name), sizeof(name) - 1);
            hb_json_hang(root, s->out.list);
        }
        hb_json_write(b, root);
        r = hb_buf_err(b);
    }
    hb_base_set_done(&s->set);
    hb_sha256_free(s->hash);
    free(s);
    return r;
}

bool hb_is_script(const char *name)
{
    static const char *const ends[] = {".php",  ".phtml", ".php5", ".php7",
                                       ".php8", ".inc",   ".phar", ".tpl"};
    const char *end = strrchr(name, '.');

    for (size_t i = 0; end != NULL && i < HB_ARRAY_LEN(ends); i++)
        if (strcasecmp(end, ends[i]) == 0)
            return true;
    return false;
}

const char *hb_shell_sign(const char *name, struct hb_slice content)
{
    static const char *const names[] = {
        "c99.php",  "r57.php",        "wso.php",    "b374k.php",
        "alfa.php", "indoxploit.php", "shell.php",  "cmd.php",
        "cmd.jsp",  "shell.jsp",      "shell.aspx", "webshell.php"};
    static const char *const signs[] = {"eval(base64_decode",
                                        "eval(gzinflate",
                                        "eval(gzuncompress",
                                        "eval(str_rot13",
                                        "eval($_",
                                        "assert($_",
                                        "system($_",
                                        "exec($_",
                                        "shell_exec($_",
                                        "passthru($_",
                                        "popen($_",
                                        "proc_open($_",
                                        "create_function($_",
                                        "include($_",
                                        "`$_",
                                        "move_uploaded_file($_",
                                        "$_GET[0]($_",
                                        "$_POST[0]($_",
                                        "Runtime.getRuntime().exec(request",
                                        "eval(Request",
                                        "execute(request",
                                        "FilesMan",
                                        "b374k",
                                        "php_uname().",
                                        "fsockopen($_"};
    static const char tag[] = "<?php";
    char flat[4096];
    size_t n = 0;

    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return names[i];
    /* Blanks between the parts of a call hide nothing. */
    for (size_t i = 0; i < content.n; i++) {
        char c = content.p[i];

        if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '@')
            flat[n++] = c;
        if (n < sizeof(flat) && i + 1 < content.n)
            continue;
        for (size_t k = 0; k < HB_ARRAY_LEN(signs); k++)
            if (hb_slice_has(hb_slice(flat, n), signs[k]))
                return signs[k];
        /* A sign may lie across two pieces. */
        if (n == sizeof(flat)) {
            memmove(flat, flat + n - 64, 64);
            n = 64;
        }
    }
    /* preg_replace with the modifier e runs what it finds. */
    if (hb_slice_has(content, "preg_replace(") &&
        (hb_slice_has(content, "/e\"") || hb_slice_has(content, "/e'")))
        return "preg_replace /e";
    if (!hb_is_script(name) && hb_slice_has(content, tag))
        return tag;
    return NULL;
}

static void base_open(struct search *s, const char *baseline_dir,
                      const char *etc_dir)
{
    _cleanup_close_ int base = -1, dir = -1;
    struct hb_pub *pub = NULL;
    char path[HB_MAX_PATH];

    (void)snprintf(path, sizeof(path), "%s/keys/publish.pub", etc_dir);
    if (hb_pub_load(path, &pub, NULL) < 0)
        return;
    base = open(baseline_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base >= 0)
        dir = openat(base, s->site->name,
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (dir < 0 ||
        hb_base_set_open(dir, s->site->name, 0, pub, &s->set, NULL) < 0)
        s->set = (struct hb_base_set){0};
    hb_pub_free(pub);
}

/* Takes FD. */
static void below(struct search *s, int fd, size_t n, unsigned depth)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    if (d == NULL || depth > DEPTH_MAX) {
        s->unread = true;
        if (d != NULL)
            (void)closedir(d);
        else
            (void)close(fd);
        return;
    }
    while ((e = readdir(d)) != NULL && s->nodes < NODES_MAX) {
        size_t len = strlen(e->d_name), at = n;
        struct stat st;
        int sub;

        if (hb_streq(e->d_name, ".") || hb_streq(e->d_name, ".."))
            continue;
        s->nodes++;
        if (n + len + 2 > sizeof(s->path) ||
            fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
            s->unread = true;
            continue;
        }
        if (at > 0)
            s->path[at++] = '/';
        memcpy(s->path + at, e->d_name, len + 1);
        at += len;
        if (S_ISREG(st.st_mode)) {
            one_file(s, dirfd(d), e->d_name, &st);
        } else if (S_ISDIR(st.st_mode)) {
            sub = openat(dirfd(d), e->d_name,
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
            if (sub >= 0)
                below(s, sub, at, depth + 1);
            else
                s->unread = true;
        }
        s->path[n] = '\0';
    }
    if (s->nodes >= NODES_MAX)
        s->unread = true;
    (void)closedir(d);
}

static void one_file(struct search *s, int dirfd, const char *name,
                     const struct stat *st)
{
    _cleanup_close_ int fd =
        openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    struct hb_slice path = hb_slice_z(s->path);
    struct hb_base_match match;

    if (fd < 0) {
        s->unread = true;
        return;
    }
    if (s->set.cur != NULL && hb_base_set_find(&s->set, path, &match) == 0) {
        int bits = hb_base_set_compare(&s->set, path, fd, true, s->hash);

        if (bits >= 0 &&
            (bits & (HB_BD_CONTENT | HB_BD_SIZE | HB_BD_TYPE)) == 0)
            return; /* somebody signed for it */
    }
    content(s, fd, name, st->st_size);
}

/* A script whole, anything else at its begin and its end: a picture with a
 * script in it has that behind the picture. */
static void content(struct search *s, int fd, const char *name, off_t size)
{
    const off_t piece = READ_MAX;
    bool script = hb_is_script(name);
    off_t at = 0;

    for (;;) {
        ssize_t n = hb_pread_full(fd, s->buf, sizeof(s->buf), at);

        if (n < 0 || (script && at > WHOLE_MAX)) {
            s->unread = true;
            return;
        }
        if (one_content(s, name, hb_slice(s->buf, (size_t)n)) || n < piece ||
            at + n >= size)
            return;
        at += piece - (off_t)OVERLAP;
        if (!script)
            at = HB_MAX(at, size - piece);
    }
}

/* Whether it was a hit. */
static bool one_content(struct search *s, const char *name,
                        struct hb_slice text)
{
    static const char *const switches[] = {".htaccess", ".user.ini",
                                           "web.config", "php.ini"};
    const char *sign = hb_shell_sign(name, text), *end = strrchr(name, '.');

    if (sign != NULL) {
        hit(s, _("%s looks like a web shell (%s)"), s->path, sign);
        return true;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(switches); i++)
        if (hb_streq(name, switches[i]) && s->set.cur != NULL) {
            hit(s,
                _("%s changes what the web server runs and was not "
                  "published"),
                s->path);
            return true;
        }
    /* A page or script that nobody published and that takes input along. */
    if (s->set.cur != NULL && end != NULL &&
        (strcasecmp(end, ".js") == 0 || strcasecmp(end, ".mjs") == 0 ||
         strcasecmp(end, ".html") == 0 || strcasecmp(end, ".htm") == 0) &&
        (hb_slice_has(text, "<form") || hb_slice_has(text, "XMLHttpRequest") ||
         hb_slice_has(text, "sendBeacon") || hb_slice_has(text, "fetch(")) &&
        hb_slice_has(text, "//")) {
        s->skimming = true;
        hit(s,
            _("%s was not published like this and can send input "
              "elsewhere"),
            s->path);
        return true;
    }
    return false;
}

static void new_accounts(struct search *s, const struct hb_accounts *before)
{
    const struct hb_machine *m = s->machine;
    struct hb_accounts now;
    int64_t old = s->found;

    if (hb_accounts_read(m, &now) < 0 || before->n == 0) {
        hb_moment_add(&s->out, m->now, "incident.note", "note", "%s",
                      _("The accounts could not be compared with before."));
        return;
    }
    part_begin(s, ACCOUNTS);
    for (size_t i = 0; i < now.n; i++) {
        const struct hb_account *who = &now.v[i];
        const struct hb_account *was = hb_account_find(before, who->name);

        if (was == NULL)
            hit(s, _("the account %s (uid %u) is new"), who->name, who->uid);
        else if (was->uid != who->uid || (hb_account_admin(&now, who) &&
                                          !hb_account_admin(before, was)))
            hit(s, _("the account %s has more rights than before"), who->name);
        else if (hb_account_opens(who) && !hb_account_opens(was))
            hit(s, _("the account %s can log in now"), who->name);
        if (who->uid == 0 && !hb_streq(who->name, "root"))
            hit(s, _("the account %s has the rights of root"), who->name);
    }
    part_end(s);
    if (s->found == old)
        hb_moment_add(&s->out, m->now, "search.clean", "what", "%s",
                      _("new accounts"));
}

/* Jobs that were made or changed within a week and belong to no package. */
static void timed_jobs(struct search *s)
{
    static const char *const patterns[] = {"/etc/crontab",
                                           "/etc/cron.d/*",
                                           "/etc/cron.hourly/*",
                                           "/etc/cron.daily/*",
                                           "/etc/cron.weekly/*",
                                           "/etc/cron.monthly/*",
                                           "/etc/anacrontab",
                                           "/etc/systemd/system/*.timer",
                                           "/etc/systemd/system/*.service",
                                           "/var/spool/cron/crontabs/*"};
    const struct hb_machine *m = s->machine;
    const char *const *v;
    int64_t old = s->found;
    size_t n;

    part_begin(s, JOBS);
    for (size_t p = 0; p < HB_ARRAY_LEN(patterns); p++) {
        if (hb_machine_glob(m, patterns[p], 1000, &v, &n) < 0)
            continue;
        for (size_t i = 0; i < n; i++) {
            const char *full = hb_machine_path(m, v[i]);
            const char *const argv[] = {"/usr/bin/dpkg-query", "-S", v[i],
                                        NULL};
            struct stat st;
            bool written;

            if (full == NULL || lstat(full, &st) < 0 ||
                (int64_t)st.st_ctime * (int64_t)HB_S < m->now - FRESH_NS)
                continue;
            written = (int64_t)st.st_mtime * (int64_t)HB_S >= m->now - FRESH_NS;
            if (!written && hb_machine_run(m, argv, 10000, NULL, NULL) == 0)
                continue; /* installed lately, as its package made it */
            hit(s, _("the timed job %s is new or was changed this week"), v[i]);
        }
    }
    part_end(s);
    if (hb_machine_has(m, "/var/spool/cron/crontabs") &&
        access(hb_machine_path(m, "/var/spool/cron/crontabs"), R_OK) < 0)
        hb_moment_add(&s->out, m->now, "incident.note", "note", "%s",
                      _("The crontabs of users could not be searched: look "
                        "with \"crontab -l -u NAME\"."));
    else if (s->found == old)
        hb_moment_add(&s->out, m->now, "search.clean", "what", "%s",
                      _("timed jobs"));
}

static void part_begin(struct search *s, unsigned room)
{
    s->room = room;
    s->unshown = 0;
}

static void part_end(struct search *s)
{
    struct hb_json *args;

    if (s->unshown == 0)
        return;
    args = hb_moment_new(&s->out, s->machine->now, "search.left");
    (void)hb_json_add_int(s->out.arena, args, "count", s->unshown);
}

static void hit(struct search *s, const char *fmt, ...)
{
    struct hb_buf text = {.ceiling = 8192};
    va_list ap;

    va_start(ap, fmt);
    hb_buf_vaddf(&text, fmt, ap);
    va_end(ap);
    s->found++;
    if (s->room > 0) {
        s->room--;
        hb_moment_add(&s->out, s->machine->now, "search.hit", "detail", "%s",
                      hb_buf_z(&text));
    } else {
        s->unshown++;
    }
    hb_buf_done(&text);
}

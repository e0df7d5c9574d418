/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.c - what happened around a change: log-ins, web requests that
 * change something, programs of the web server's user.
 *
 * Runs in check, on core's command.  Logs hold what attackers sent: lines are
 * cut, control characters are shown by whoever prints the timeline.  What may
 * not be read is said, so that a person looks there.
 */
#include "control/check.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "control/authlog.h"
#include "control/moments.h"

#define LOGINS     12u
#define LINES      16u
#define PROCESSES  10u
#define WTMP_BYTES (384u * 4096u)
#define LOG_BYTES  (4u << 20)
#define LOGIN_NS   (24 * 3600 * (int64_t)HB_S)
#define WEB_NS     (15 * 60 * (int64_t)HB_S)
#define SAME_NS    (3 * (int64_t)HB_S) /* one log-in, told twice */

static bool logins(const struct hb_machine *m, struct hb_moments *o);
static bool auth_text(const struct hb_machine *m, struct hb_slice *ret);
static void tell_auth(struct hb_moments *o, const struct hb_auth *a,
                      unsigned failed);
static bool told_before(const struct hb_auth *v, size_t n,
                        const struct hb_login *l);
static bool web(const struct hb_machine *m, struct hb_moments *o);
static void web_log(struct hb_slice text, int64_t since, struct hb_moments *o,
                    size_t *left);
static bool log_line(struct hb_slice line, int64_t *ret_at);
static bool processes(const struct hb_machine *m, struct hb_moments *o);

int hb_collect(const struct hb_machine *m, const struct hb_conf_site *site,
               struct hb_buf *b)
{
    struct hb_json *root = hb_json_new(m->arena, HB_JSON_OBJ);
    struct hb_moments o = {
        .arena = m->arena,
        .list = hb_json_add(m->arena, root, "moments", HB_JSON_ARR)};
    unsigned seen = 0;

    (void)site;
    if (o.list == NULL)
        return -ENOMEM;
    if (logins(m, &o))
        seen++;
    else
        hb_moment_add(&o, m->now, "incident.note", "note", "%s",
                      _("The record of log-ins could not be read."));
    if (web(m, &o))
        seen++;
    else
        hb_moment_add(&o, m->now, "incident.note", "note", "%s",
                      _("The web server's access log could not be read."));
    if (processes(m, &o))
        seen++;
    else
        hb_moment_add(&o, m->now, "incident.note", "note", "%s",
                      _("The programs of other users could not be seen."));
    hb_json_write(b, root);
    if (hb_buf_err(b) < 0)
        return hb_buf_err(b);
    return seen > 0 ? 0 : -EACCES;
}

void hb_moment_add(struct hb_moments *m, int64_t at, const char *kind,
                   const char *name, const char *fmt, ...)
{
    struct hb_buf text = {.ceiling = 4096};
    struct hb_json *one, *args;
    va_list ap;

    if (m->list->count >= HB_MOMENTS_MAX) {
        m->left++;
        return;
    }
    va_start(ap, fmt);
    hb_buf_vaddf(&text, fmt, ap);
    va_end(ap);
    if (text.n > 400)
        text.p[hb_utf8_cut(text.p, 400)] = '\0';
    /* What is not UTF-8 would not pass as JSON. */
    for (size_t i = 0; i < text.n && text.p[i] != '\0';) {
        size_t step = hb_utf8_step(text.p + i, text.n - i);

        if (step == 0)
            text.p[i++] = '?';
        else
            i += step;
    }
    one = hb_json_add(m->arena, m->list, NULL, HB_JSON_OBJ);
    (void)hb_json_add_str(m->arena, one, "kind", kind);
    (void)hb_json_add_int(m->arena, one, "time", at);
    args = hb_json_add(m->arena, one, "args", HB_JSON_OBJ);
    (void)hb_json_add_str(m->arena, args, name, hb_buf_z(&text));
    hb_buf_done(&text);
}

/* What the log of log-ins tells, and what only wtmp knows. */
static bool logins(const struct hb_machine *m, struct hb_moments *o)
{
    struct hb_auth auth[LOGINS];
    struct hb_login v[LOGINS];
    struct hb_slice data;
    unsigned failed = 0;
    size_t n = 0, k = 0;
    bool any;

    any = auth_text(m, &data);
    if (any)
        k = hb_authlog_read(data, m->now - LOGIN_NS, m->now, LOGINS, auth,
                            &failed);
    for (size_t i = 0; i < k; i++)
        tell_auth(o, &auth[i], failed);
    if (hb_machine_tail(m, "/var/log/wtmp", WTMP_BYTES, &data) < 0)
        return any;
    /* A tail begins with a whole record: the size is a multiple of one. */
    data.p += data.n % 384;
    data.n -= data.n % 384;
    n = hb_utmp_read(data, m->now - LOGIN_NS, LOGINS, v);
    for (size_t i = 0; i < n; i++)
        if (!told_before(auth, k, &v[i]))
            hb_moment_add(o, v[i].at, "cause.login", "detail", "%s (%s) %s",
                          v[i].user, v[i].line, v[i].host);
    return true;
}

/* auth.log with the one before it where that is needed, else the journal. */
static bool auth_text(const struct hb_machine *m, struct hb_slice *ret)
{
    static const char *const journal[] = {"/usr/bin/journalctl",
                                          "--no-pager",
                                          "--quiet",
                                          "--output",
                                          "short-iso",
                                          "--since",
                                          "-24h",
                                          "--lines",
                                          "5000",
                                          "--identifier=sshd",
                                          "--identifier=sshd-session",
                                          "--identifier=sudo",
                                          "--identifier=su",
                                          "--identifier=login",
                                          NULL};
    static const char *const files[] = {"/var/log/auth.log.1",
                                        "/var/log/auth.log"};
    struct hb_buf out = HB_BUF_INIT;
    struct hb_slice part;
    char *copy;

    for (size_t i = 0; i < HB_ARRAY_LEN(files); i++)
        if (hb_machine_tail(m, files[i], LOG_BYTES, &part) == 0) {
            hb_buf_add(&out, part.p, part.n);
            if (part.n > 0 && part.p[part.n - 1] != '\n')
                hb_buf_addc(&out, '\n');
        }
    if (out.n == 0 && hb_machine_has(m, journal[0]) &&
        hb_machine_run(m, journal, 20000, &out, NULL) != 0)
        hb_buf_reset(&out);
    copy = out.n > 0 ? hb_arena_dup(m->arena, out.p, out.n) : NULL;
    *ret = hb_slice(copy, copy != NULL ? out.n : 0);
    hb_buf_done(&out);
    return copy != NULL;
}

static void tell_auth(struct hb_moments *o, const struct hb_auth *a,
                      unsigned failed)
{
    switch (a->what) {
    case HB_AUTH_LOGIN:
        hb_moment_add(o, a->at, "cause.login", "detail", "%s (%s, %s) %s",
                      a->user, a->by, a->how, a->from);
        return;
    case HB_AUTH_FAILED:
        hb_moment_add(o, a->at, "cause.login", "detail",
                      _("refused: %s from %s, of %u refused log-ins in a day"),
                      a->user, a->from, failed);
        return;
    case HB_AUTH_BECAME:
        hb_moment_add(o, a->at, "cause.login", "detail", "%s -> %s (%s)",
                      a->user, a->how, a->by);
        return;
    }
}

static bool told_before(const struct hb_auth *v, size_t n,
                        const struct hb_login *l)
{
    for (size_t i = 0; i < n; i++)
        if (v[i].what == HB_AUTH_LOGIN && hb_streq(v[i].user, l->user) &&
            v[i].at - l->at < SAME_NS && l->at - v[i].at < SAME_NS)
            return true;
    return false;
}

/* Every access log that nginx names, or Debian's own. */
static bool web(const struct hb_machine *m, struct hb_moments *o)
{
    const struct hb_ngx *d = NULL;
    struct hb_ngx *root = NULL;
    size_t left = LINES;
    struct hb_slice text;
    bool any = false;

    if (hb_ngx_load(m, &root) == 0)
        while ((d = hb_ngx_next(root, d, "access_log")) != NULL) {
            const char *path;

            if (d->n == 0 || d->args[0].n == 0 || d->args[0].p[0] != '/')
                continue;
            path = hb_arena_dup(m->arena, d->args[0].p, d->args[0].n);
            if (path == NULL || hb_machine_tail(m, path, LOG_BYTES, &text) < 0)
                continue;
            any = true;
            web_log(text, m->now - WEB_NS, o, &left);
        }
    if (!any && hb_machine_tail(m, "/var/log/nginx/access.log", LOG_BYTES,
                                &text) == 0) {
        any = true;
        web_log(text, m->now - WEB_NS, o, &left);
    }
    return any;
}

/* Requests that change something, in the combined format. */
static void web_log(struct hb_slice text, int64_t since, struct hb_moments *o,
                    size_t *left)
{
    static const char *const methods[] = {"\"POST ",  "\"PUT ",   "\"DELETE ",
                                          "\"PATCH ", "\"MKCOL ", "\"MOVE "};
    struct hb_slice line;
    int64_t at;

    while (*left > 0 && hb_next_line(&text, &line)) {
        bool changes = false;

        for (size_t i = 0; i < HB_ARRAY_LEN(methods); i++)
            changes = changes || hb_slice_has(line, methods[i]);
        if (!changes || !log_line(line, &at) || at < since)
            continue;
        hb_moment_add(o, at, "cause.web", "detail", "%.*s",
                      (int)HB_MIN(line.n, 300u), line.p);
        --*left;
    }
}

/* The time between brackets: [22/Nov/2026:23:37:58 +0900]. */
static bool log_line(struct hb_slice line, int64_t *ret_at)
{
    const char *p = line.n > 0 ? memchr(line.p, '[', line.n) : NULL;
    char text[27];
    struct tm tm = {0};
    const char *end;

    if (p == NULL || (size_t)(line.p + line.n - p) < 28)
        return false;
    memcpy(text, p + 1, 26);
    text[26] = '\0';
    end = strptime(text, "%d/%b/%Y:%H:%M:%S %z", &tm);
    if (end == NULL || *end != '\0')
        return false;
    {
        long east = tm.tm_gmtoff;

        *ret_at = ((int64_t)timegm(&tm) - east) * (int64_t)HB_S;
    }
    return true;
}

/* What runs as the web server's user. */
static bool processes(const struct hb_machine *m, struct hb_moments *o)
{
    const struct hb_account *web_user;
    struct hb_ngx *root = NULL;
    const char *proc = hb_machine_path(m, "/proc");
    struct hb_accounts a;
    struct dirent *e;
    bool others = false;
    size_t n = 0;
    DIR *d;

    (void)!hb_ngx_load(m, &root);
    if (proc == NULL || hb_accounts_read(m, &a) < 0)
        return false;
    web_user = hb_account_find(&a, hb_ngx_user(m, root));
    d = opendir(proc);
    if (d == NULL)
        return false;
    while ((e = readdir(d)) != NULL && n < PROCESSES) {
        const char *path, *status;
        struct hb_slice cmd, text;
        struct stat st;
        uint64_t pid;

        if (hb_parse_u64(hb_slice_z(e->d_name), &pid) < 0 ||
            fstatat(dirfd(d), e->d_name, &st, 0) < 0)
            continue;
        others = others || st.st_uid != geteuid();
        if (web_user == NULL || st.st_uid != web_user->uid)
            continue;
        path = hb_arena_printf(m->arena, "/proc/%llu/cmdline",
                               (unsigned long long)pid);
        status = hb_arena_printf(m->arena, "/proc/%llu/comm",
                                 (unsigned long long)pid);
        if (path == NULL || status == NULL ||
            hb_machine_read(m, path, 1u << 16, &cmd) < 0)
            continue;
        if (hb_machine_read(m, status, 256, &text) < 0)
            text = hb_slice("", 0);
        for (size_t i = 0; i < cmd.n; i++) {
            char *c = &((char *)(uintptr_t)cmd.p)[i];

            if (*c == '\0')
                *c = ' ';
        }
        hb_moment_add(o, m->now, "cause.process", "detail",
                      "pid %llu, %s: %.*s", (unsigned long long)pid,
                      web_user->name,
                      (int)HB_MIN(cmd.n > 0 ? cmd.n : text.n, 200u),
                      cmd.n > 0 ? cmd.p : text.p);
        n++;
    }
    (void)closedir(d);
    return others;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webtrace.c - requests around the changes of a site: those that reach what
 * was changed or what programs may write, others that change something, and
 * what was asked with a query within seconds of a change.
 *
 * Runs in check.  Whoever attacked also wrote most of the log: a flood before,
 * after or at the moment of the write must not hide the one request that did
 * it.  So the nearest stay, few of one address, what the server refused counts
 * as farther away, each kind has its own places, and what was left out is
 * counted.  Logs are read where the changes are (weblog_file.c), however long
 * ago that was.
 */
#include "control/webtrace.h"

#include <arpa/inet.h>
#include <strings.h>

#include "base/clock.h"

#define TOUCHES    8u
#define CHANGES    8u
#define NEARS      4u
#define PER_FROM   3u /* of one address and kind */
#define NEAR_NS    (5 * (int64_t)HB_S)
#define REFUSED_NS (60 * (int64_t)HB_S) /* 4xx: so much farther away */
#define LOGS       32u
#define NOTES      8u /* about logs that could not be read */

enum kind { TOUCH, CHANGE, NEAR, KINDS };

struct kept {
    int64_t at, rank;
    int64_t count; /* of the same, word for word */
    char from[64]; /* of IPv6 the /64, which one visitor has */
    char text[360];
};

struct chosen {
    struct kept v[8], spare[8]; /* spare: too many of one address */
    size_t n, max, spares;
};

struct trace {
    const struct hb_around *around;
    struct chosen by[KINDS];
    int64_t left, left_from, left_until;
    size_t notes;
    const char *paths[LOGS];
    size_t n;
};

static void logs(struct trace *t);
static bool is_file(struct hb_slice path);
static void log_add(struct trace *t, const char *path);
static hb_weblog_fn on_line;
static int kind_of(const struct hb_around *a, const struct hb_weblog *w);
static bool reads_only(struct hb_slice method);
static bool was_changed(const struct hb_around *a, const char *path);
static bool in_area(const struct hb_conf_site *site, const char *path);
static bool names_script(const char *path);
static void keep(struct trace *t, struct chosen *c, const struct kept *k);
static bool again(struct kept *v, size_t n, const struct kept *k);
static void put_by(struct trace *t, struct chosen *c, const struct kept *k);
static void fill(struct trace *t, struct chosen *c);
static void leave(struct trace *t, const struct kept *k);
static void client(struct hb_slice from, char *buf, size_t size);
static void tell(struct trace *t);
static bool note(struct trace *t, const struct hb_weblog_file *f);
static struct hb_json *about(struct trace *t, const char *kind,
                             const char *file);

bool hb_collect_web(const struct hb_around *a)
{
    struct trace *t = HB_NEW(a->machine->arena, struct trace);
    bool any = false;

    if (t == NULL)
        return false;
    *t = (struct trace){.around = a,
                        .by = {[TOUCH] = {.max = TOUCHES},
                               [CHANGE] = {.max = CHANGES},
                               [NEAR] = {.max = NEARS}},
                        .left_from = INT64_MAX,
                        .left_until = INT64_MIN};
    logs(t);
    for (size_t i = 0; i < t->n; i++) {
        struct hb_weblog_file f = {.path = t->paths[i]};

        hb_weblog_read(a, &f, on_line, t);
        any = note(t, &f) || any;
    }
    tell(t);
    return any;
}

/* Every access log that nginx names, each once, or Debian's own. */
static void logs(struct trace *t)
{
    const struct hb_machine *m = t->around->machine;
    const struct hb_ngx *d = NULL;
    struct hb_ngx *root = NULL;

    if (hb_ngx_load(m, &root) == 0)
        while ((d = hb_ngx_next(root, d, "access_log")) != NULL)
            if (d->n > 0 && is_file(d->args[0]))
                log_add(t, hb_ngx_path(m, root, d->args[0]));
    if (t->n == 0)
        log_add(t, "/var/log/nginx/access.log");
}

static bool is_file(struct hb_slice path)
{
    return path.n > 0 && !hb_slice_is(path, "off") &&
           (path.n < 7 || memcmp(path.p, "syslog:", 7) != 0);
}

static void log_add(struct trace *t, const char *path)
{
    for (size_t i = 0; path != NULL && i < t->n; i++)
        if (hb_streq(t->paths[i], path))
            return;
    if (path != NULL && t->n < LOGS)
        t->paths[t->n++] = path;
}

static void on_line(void *arg, const struct hb_weblog_file *f,
                    const struct hb_weblog *w)
{
    struct trace *t = arg;
    struct kept k = {.at = w->at, .count = 1};
    int kind = kind_of(t->around, w);

    if (kind < 0)
        return;
    k.rank = hb_around_far(t->around, w->at) / (int64_t)HB_S * (int64_t)HB_S;
    if (kind != TOUCH && w->status.n == 3 && w->status.p[0] == '4')
        k.rank += REFUSED_NS;
    client(w->from, k.from, sizeof(k.from));
    (void)snprintf(k.text, sizeof(k.text), "%.*s \"%.*s %.*s\" %.*s%s%.80s",
                   (int)HB_MIN(w->from.n, 48u), w->from.p,
                   (int)HB_MIN(w->method.n, 16u), w->method.p,
                   (int)HB_MIN(w->target.n, 180u), w->target.p,
                   (int)w->status.n, w->status.p, t->n > 1 ? " " : "",
                   t->n > 1 ? f->path : "");
    keep(t, &t->by[kind], &k);
}

/* An enum kind, or -1: it says nothing about the change. */
static int kind_of(const struct hb_around *a, const struct hb_weblog *w)
{
    char path[1024];
    bool query, wrote, area, script;

    if (w->method.n == 0)
        return -1;
    (void)hb_weblog_path(w->target, path, sizeof(path), &query);
    wrote = was_changed(a, path);
    area = in_area(a->site, path);
    script = names_script(path);
    if (!reads_only(w->method))
        return wrote || area ? TOUCH : CHANGE;
    /* A web shell: its caller only reads, as far as HTTP knows. */
    if ((script && (wrote || area)) || (query && wrote))
        return TOUCH;
    return query && hb_around_far(a, w->at) <= NEAR_NS ? NEAR : -1;
}

/* What RFC 9110 and WebDAV call safe; programs take any other word too. */
static bool reads_only(struct hb_slice method)
{
    static const char *const safe[] = {"GET",     "HEAD",     "OPTIONS",
                                       "TRACE",   "PROPFIND", "REPORT",
                                       "CONNECT", "SEARCH"};

    for (size_t i = 0; i < HB_ARRAY_LEN(safe); i++)
        if (hb_slice_is(method, safe[i]))
            return true;
    return false;
}

/* Below whatever prefix it is served, and with what a script is told behind
 * its name ("/app/x.php/info" for "x.php"). */
static bool was_changed(const struct hb_around *a, const char *path)
{
    for (size_t i = 0; i < a->n; i++) {
        const char *name = a->change[i].path;
        size_t n = strlen(name);

        for (const char *at = path; n > 0 && at != NULL;
             at = strchr(at, '/'), at = at != NULL ? at + 1 : NULL)
            if (strncmp(at, name, n) == 0 && (at[n] == '\0' || at[n] == '/'))
                return true;
    }
    return false;
}

static bool in_area(const struct hb_conf_site *site, const char *path)
{
    const struct hb_conf_area *areas = site->areas.v;

    for (size_t i = 0; i < site->areas.n; i++) {
        size_t n = strlen(areas[i].path);

        if (n > 0 && strncmp(path, areas[i].path, n) == 0 &&
            (path[n] == '/' || path[n] == '\0'))
            return true;
    }
    return false;
}

/* Any part of it: "x.php/info" and "x.php.jpg/" too. */
static bool names_script(const char *path)
{
    static const char *const more[] = {".cgi",  ".pl",  ".py",   ".rb",
                                       ".sh",   ".asp", ".aspx", ".jsp",
                                       ".jspx", ".cfm", ".shtml"};
    char part[256];

    while (*path != '\0') {
        size_t n = strcspn(path, "/");
        const char *end;

        (void)snprintf(part, sizeof(part), "%.*s", (int)HB_MIN(n, 255u), path);
        end = strrchr(part, '.');
        if (hb_is_script(part))
            return true;
        for (size_t i = 0; end != NULL && i < HB_ARRAY_LEN(more); i++)
            if (strcasecmp(end, more[i]) == 0)
                return true;
        path += n;
        path += *path == '/';
    }
    return false;
}

/* The best that both bounds (places, places of one address) allow: what is
 * put out is the worst of the narrowest bound that is full.  A log knows whole
 * seconds: of one address and second the first ones and the last stay. */
static void keep(struct trace *t, struct chosen *c, const struct kept *k)
{
    struct kept *worst = NULL, *same = NULL;
    size_t sames = 0;

    if (again(c->v, c->n, k) || again(c->spare, c->spares, k))
        return;
    for (size_t i = 0; i < c->n; i++) {
        struct kept *v = &c->v[i];

        if (worst == NULL || v->rank >= worst->rank)
            worst = v;
        if (!hb_streq(v->from, k->from))
            continue;
        sames++;
        if (same == NULL || v->rank >= same->rank)
            same = v;
    }
    if (sames >= PER_FROM && same != NULL) {
        put_by(t, c, k->rank <= same->rank ? same : k);
        if (k->rank <= same->rank)
            *same = *k;
    } else if (c->n < c->max) {
        c->v[c->n++] = *k;
    } else if (worst != NULL && k->rank < worst->rank) {
        leave(t, worst);
        *worst = *k;
    } else {
        leave(t, k);
    }
}

/* The same, word for word, is told once with its number. */
static bool again(struct kept *v, size_t n, const struct kept *k)
{
    for (size_t i = 0; i < n; i++, v++) {
        if (!hb_streq(v->from, k->from) || !hb_streq(v->text, k->text))
            continue;
        v->at = k->rank < v->rank ? k->at : v->at;
        v->rank = HB_MIN(v->rank, k->rank);
        v->count++;
        return true;
    }
    return false;
}

/* More of one address than its places: told where others need none, as behind
 * a proxy, where everybody has the same. */
static void put_by(struct trace *t, struct chosen *c, const struct kept *k)
{
    struct kept *worst = c->spare;

    if (c->spares < c->max) {
        c->spare[c->spares++] = *k;
        return;
    }
    for (size_t i = 1; i < c->spares; i++)
        if (c->spare[i].rank >= worst->rank)
            worst = &c->spare[i];
    leave(t, k->rank < worst->rank ? worst : k);
    if (k->rank < worst->rank)
        *worst = *k;
}

static void fill(struct trace *t, struct chosen *c)
{
    while (c->spares > 0) {
        struct kept *best = c->spare;

        for (size_t i = 1; i < c->spares; i++)
            if (c->spare[i].rank < best->rank)
                best = &c->spare[i];
        if (c->n < c->max)
            c->v[c->n++] = *best;
        else
            leave(t, best);
        *best = c->spare[--c->spares];
    }
}

static void leave(struct trace *t, const struct kept *k)
{
    t->left += k->count;
    t->left_from = HB_MIN(t->left_from, k->at);
    t->left_until = HB_MAX(t->left_until, k->at);
}

static void client(struct hb_slice from, char *buf, size_t size)
{
    struct in6_addr six;

    (void)snprintf(buf, size, "%.*s", (int)HB_MIN(from.n, size - 1), from.p);
    if (inet_pton(AF_INET6, buf, &six) != 1 || IN6_IS_ADDR_V4MAPPED(&six))
        return;
    memset(six.s6_addr + 8, 0, 8);
    if (inet_ntop(AF_INET6, &six, buf, (socklen_t)size) == NULL)
        buf[0] = '\0';
}

/* ---- what is told ---- */

static void tell(struct trace *t)
{
    struct hb_moments *o = t->around->out;

    for (size_t k = 0; k < KINDS; k++) {
        fill(t, &t->by[k]);
        for (size_t i = 0; i < t->by[k].n; i++) {
            const struct kept *v = &t->by[k].v[i];
            const char *kind = k == TOUCH ? "cause.web_touch" : "cause.web";

            if (v->count == 1)
                hb_moment_add(o, v->at, kind, "detail", "%s", v->text);
            else
                hb_moment_add(o, v->at, kind, "detail", "%s (x%lld)", v->text,
                              (long long)v->count);
        }
    }
    if (t->left > 0)
        hb_around_left(t->around, "log.left", t->left, t->left_from,
                       t->left_until);
}

/* What could not be read of F; whether anything could. */
static bool note(struct trace *t, const struct hb_weblog_file *f)
{
    struct hb_moments *o = t->around->out;
    struct hb_json *args;
    char text[128];

    if (f->error < 0) {
        args = about(t, "log.closed", f->path);
        hb_moment_arg(o, args, "error", "%s",
                      hb_errno_text(f->error, text, sizeof(text)));
        return false;
    }
    if (f->unread > 0) {
        args = about(t, "log.unread", f->path);
        (void)hb_json_add_int(o->arena, args, "count", f->unread);
    }
    if (f->older != NULL) {
        args = about(t, "log.older", f->path);
        hb_moment_arg(o, args, "older", "%s", f->older);
    }
    if (f->partly) {
        args = about(t, "log.partly", f->path);
        hb_moment_arg(o, args, "from", "%s",
                      hb_around_time(t->around, f->from));
        hb_moment_arg(o, args, "until", "%s",
                      hb_around_time(t->around, f->until));
    }
    return f->lines > f->unread || f->unread == 0;
}

/* The arguments of a note about FILE; NULL where there were enough. */
static struct hb_json *about(struct trace *t, const char *kind,
                             const char *file)
{
    const struct hb_around *a = t->around;
    struct hb_json *args;

    if (t->notes++ >= NOTES)
        return NULL;
    args = hb_moment_new(a->out, a->machine->now, kind);
    hb_moment_arg(a->out, args, "file", "%s", file);
    return args;
}

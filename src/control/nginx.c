/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx.c - the configuration of nginx as a tree of directives.
 *
 * Runs in check.  Words, quotes, comments, blocks and includes as nginx reads
 * them (src/core/ngx_conf_file.c): nothing is interpreted here.  Depth, files
 * and directives have ceilings.
 */
#include "control/check.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/num.h"

#define DEPTH   24u
#define NODES   100000u
#define FILES   512u
#define CMDLINE (64u << 10)
#define CONF    "/etc/nginx/nginx.conf"

struct text {
    const char *p;
    size_t n, at;
};

static const char *running(const struct hb_machine *m);
static const char *named(const struct hb_machine *m, struct hb_slice cmd);
static int block(struct hb_ngx_parser *p, struct text *t, struct hb_ngx *to,
                 bool top);
static int word(struct hb_ngx_parser *p, struct text *t, struct hb_slice *ret);
static int quoted(struct hb_ngx_parser *p, struct text *t,
                  struct hb_slice *ret);
static void blanks(struct text *t);
static int opaque(struct text *t);
static int include(struct hb_ngx_parser *p, struct hb_ngx *parent,
                   struct hb_slice pattern);
static struct hb_ngx *hang(struct hb_ngx_parser *p, struct hb_ngx *to);

int hb_ngx_parse(struct hb_ngx_parser *p, struct hb_slice text,
                 struct hb_ngx *root)
{
    struct text t = {text.p, text.n, 0};

    return block(p, &t, root, true);
}

int hb_ngx_load(const struct hb_machine *m, struct hb_ngx **ret)
{
    struct hb_ngx_parser p = {.arena = m->arena,
                              .include = include,
                              .machine = m,
                              .dir = "/etc/nginx/"};
    struct hb_ngx *root = HB_NEW(m->arena, struct hb_ngx);
    const char *path = running(m), *slash;
    struct hb_slice text;
    int r = path != NULL ? hb_machine_read(m, path, HB_MACHINE_FILE, &text)
                         : -ENOENT;

    if (root == NULL)
        return -ENOMEM;
    memset(root, 0, sizeof(*root));
    /* What includes name is below the configuration's own directory. */
    if (r == 0) {
        slash = strrchr(path, '/');
        p.dir = hb_arena_dup(m->arena, path, (size_t)(slash - path) + 1);
        if (p.dir == NULL)
            return -ENOMEM;
    } else {
        r = hb_machine_read(m, CONF, HB_MACHINE_FILE, &text);
    }
    if (r == 0)
        r = hb_ngx_parse(&p, text, root);
    if (r == 0)
        *ret = root;
    return r;
}

const struct hb_ngx *hb_ngx_next(const struct hb_ngx *root,
                                 const struct hb_ngx *at, const char *name)
{
    if (at == NULL)
        at = root;
    do {
        if (at->first != NULL) {
            at = at->first;
        } else {
            while (at != root && at->next == NULL)
                at = at->parent;
            if (at == root)
                return NULL;
            at = at->next;
        }
    } while (name != NULL && !hb_slice_is(at->name, name));
    return at;
}

const struct hb_ngx *hb_ngx_in_force(const struct hb_ngx *b, const char *name)
{
    for (; b != NULL; b = b->parent)
        for (const struct hb_ngx *d = b->first; d != NULL; d = d->next)
            if (hb_slice_is(d->name, name))
                return d;
    return NULL;
}

const char *hb_ngx_user(const struct hb_machine *m, const struct hb_ngx *root)
{
    if (root != NULL)
        for (const struct hb_ngx *d = root->first; d != NULL; d = d->next)
            if (hb_slice_is(d->name, "user") && d->n > 0) {
                const char *z =
                    hb_arena_dup(m->arena, d->args[0].p, d->args[0].n);

                return z != NULL ? z : "www-data";
            }
    return "www-data";
}

/* The file that a running nginx was started with, where it was told one: its
 * master says so ("nginx: master process nginx -c /x/nginx.conf").  Anybody
 * may run a program of that name, so only root's counts; NULL: none. */
static const char *running(const struct hb_machine *m)
{
    const char *proc = hb_machine_path(m, "/proc"), *found = NULL;
    DIR *d = proc != NULL ? opendir(proc) : NULL;
    struct dirent *e;

    while (d != NULL && found == NULL && (e = readdir(d)) != NULL) {
        const char *path;
        struct hb_slice cmd;
        struct stat st;
        uint64_t pid;

        if (hb_parse_u64(hb_slice_z(e->d_name), &pid) < 0 ||
            fstatat(dirfd(d), e->d_name, &st, 0) < 0 || st.st_uid != 0)
            continue;
        path = hb_arena_printf(m->arena, "/proc/%llu/cmdline",
                               (unsigned long long)pid);
        if (path != NULL && hb_machine_read(m, path, CMDLINE, &cmd) == 0)
            found = named(m, cmd);
    }
    if (d != NULL)
        (void)closedir(d);
    return found;
}

/* The argument of -c in the title of a master; words are parted by blanks or
 * NUL, as nginx rewrites them. */
static const char *named(const struct hb_machine *m, struct hb_slice cmd)
{
    static const char master[] = "nginx: master process";

    if (cmd.n < sizeof(master) ||
        memcmp(cmd.p, master, sizeof(master) - 1) != 0)
        return NULL;
    for (size_t i = sizeof(master) - 1; i + 4 < cmd.n; i++) {
        size_t from = i + 4, to = from;

        if (memcmp(cmd.p + i, " -c", 3) != 0 ||
            (cmd.p[i + 3] != ' ' && cmd.p[i + 3] != '\0') || cmd.p[from] != '/')
            continue;
        while (to < cmd.n && cmd.p[to] != ' ' && cmd.p[to] != '\0')
            to++;
        return hb_arena_dup(m->arena, cmd.p + from, to - from);
    }
    return NULL;
}

static int block(struct hb_ngx_parser *p, struct text *t, struct hb_ngx *to,
                 bool top)
{
    int r = 0;

    if (++p->depth > DEPTH)
        return -EFBIG;
    for (;;) {
        struct hb_ngx *d;

        blanks(t);
        if (t->at == t->n || t->p[t->at] == '}') {
            if ((t->at == t->n) != top)
                return -EBADMSG;
            t->at += !top;
            p->depth--;
            return 0;
        }
        d = hang(p, to);
        if (d == NULL)
            return p->nodes >= NODES ? -EFBIG : -ENOMEM;
        r = word(p, t, &d->name);
        for (;;) {
            struct hb_slice arg;

            if (r < 0)
                return r;
            blanks(t);
            if (t->at == t->n)
                return -EBADMSG;
            if (t->p[t->at] == ';' || t->p[t->at] == '{')
                break;
            r = word(p, t, &arg);
            if (r == 0 && d->n < HB_NGX_ARGS)
                d->args[d->n++] = arg;
        }
        if (t->p[t->at++] == '{')
            r = d->name.n > 10 && hb_slice_has(d->name, "_by_lua_block")
                    ? opaque(t)
                    : block(p, t, d, false);
        else if (hb_slice_is(d->name, "include") && d->n == 1 &&
                 p->include != NULL)
            r = p->include(p, to, d->args[0]);
        if (r < 0)
            return r;
    }
}

static struct hb_ngx *hang(struct hb_ngx_parser *p, struct hb_ngx *to)
{
    struct hb_ngx *d;

    if (p->nodes >= NODES)
        return NULL;
    d = HB_NEW(p->arena, struct hb_ngx);
    if (d == NULL)
        return NULL;
    p->nodes++;
    memset(d, 0, sizeof(*d));
    d->parent = to;
    if (to->last != NULL)
        to->last->next = d;
    else
        to->first = d;
    to->last = d;
    return d;
}

static int word(struct hb_ngx_parser *p, struct text *t, struct hb_slice *ret)
{
    size_t from = t->at;
    bool escaped = false, variable = false;

    if (t->p[t->at] == '"' || t->p[t->at] == '\'')
        return quoted(p, t, ret);
    for (; t->at < t->n; t->at++) {
        char c = t->p[t->at];

        if (escaped) {
            escaped = false;
            continue;
        }
        if (variable) {
            variable = c != '}';
            continue;
        }
        if (c == '\\')
            escaped = true;
        else if (c == '$' && t->at + 1 < t->n && t->p[t->at + 1] == '{')
            variable = true;
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';' ||
                 c == '{')
            break;
        else if (c == '}' && t->at == from)
            return -EBADMSG;
    }
    *ret = hb_slice(t->p + from, t->at - from);
    return ret->n > 0 ? 0 : -EBADMSG;
}

/* A copy without the quotes; \" and \\ as nginx reads them. */
static int quoted(struct hb_ngx_parser *p, struct text *t, struct hb_slice *ret)
{
    char q = t->p[t->at++], *copy;
    size_t from = t->at, n = 0;

    while (t->at < t->n && t->p[t->at] != q)
        t->at += t->p[t->at] == '\\' && t->at + 1 < t->n ? 2 : 1;
    if (t->at >= t->n)
        return -EBADMSG;
    copy = hb_arena_alloc(p->arena, t->at - from + 1);
    if (copy == NULL)
        return -ENOMEM;
    for (size_t i = from; i < t->at; i++) {
        if (t->p[i] == '\\' && i + 1 < t->at &&
            (t->p[i + 1] == q || t->p[i + 1] == '\\'))
            i++;
        copy[n++] = t->p[i];
    }
    copy[n] = '\0';
    t->at++;
    *ret = hb_slice(copy, n);
    return 0;
}

static void blanks(struct text *t)
{
    while (t->at < t->n) {
        char c = t->p[t->at];

        if (c == '#')
            while (t->at < t->n && t->p[t->at] != '\n')
                t->at++;
        else if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            t->at++;
        else
            return;
    }
}

/* A block in another language: braces are counted, no more. */
static int opaque(struct text *t)
{
    unsigned depth = 1;

    for (; t->at < t->n && depth > 0; t->at++)
        if (t->p[t->at] == '{')
            depth++;
        else if (t->p[t->at] == '}')
            depth--;
    return depth == 0 ? 0 : -EBADMSG;
}

static int include(struct hb_ngx_parser *p, struct hb_ngx *parent,
                   struct hb_slice pattern)
{
    const char *const *files;
    const char *path = hb_arena_printf(
        p->arena, "%s%.*s", pattern.n > 0 && pattern.p[0] == '/' ? "" : p->dir,
        (int)HB_MIN(pattern.n, 1024u), pattern.p);
    size_t n = 0;
    int r = path == NULL ? -ENOMEM
                         : hb_machine_glob(p->machine, path, FILES, &files, &n);

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct hb_slice text;

        if (p->files++ >= FILES)
            return -EFBIG;
        r = hb_machine_read(p->machine, files[i], HB_MACHINE_FILE, &text);
        if (r == 0)
            r = hb_ngx_parse(p, text, parent);
    }
    return r;
}

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
#define PREFIX  "/usr/share/nginx" /* Debian's */

struct text {
    const char *p;
    size_t n, at;
};

struct master {         /* how nginx was started; "" where it was not told */
    const char *conf;   /* -c */
    const char *prefix; /* -p */
};

static int load(const struct hb_machine *m, const struct master *how,
                struct hb_ngx **ret);
static bool running(const struct hb_machine *m, DIR *d, struct master *ret);
static bool told(const struct hb_machine *m, struct hb_slice cmd,
                 struct master *ret);
static const char *argument(const struct hb_machine *m, struct hb_slice *words,
                            struct hb_slice rest);
static struct hb_slice next_word(struct hb_slice *words);
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

/* Of the nginx that runs: the first that was told a file that can be read,
 * else one that was told none.  Where all were told one that cannot be read,
 * Debian's own would be an answer to another question. */
int hb_ngx_load(const struct hb_machine *m, struct hb_ngx **ret)
{
    const char *proc = hb_machine_path(m, "/proc");
    struct master how = {"", ""}, plain = {"", ""};
    DIR *d = proc != NULL ? opendir(proc) : NULL;
    bool any = false, usual = false;
    int r = -ENOENT;

    while (d != NULL && r < 0 && running(m, d, &how)) {
        any = true;
        if (how.conf[0] != '\0') {
            r = load(m, &how, ret);
        } else if (!usual) {
            usual = true;
            plain = how;
        }
    }
    if (d != NULL)
        (void)closedir(d);
    return r == 0 || (any && !usual) ? r : load(m, &plain, ret);
}

const char *hb_ngx_path(const struct hb_machine *m, const struct hb_ngx *root,
                        struct hb_slice path)
{
    struct hb_slice prefix = root->args[0];

    if (path.n > 0 && path.p[0] == '/')
        return hb_arena_dup(m->arena, path.p, path.n);
    return hb_arena_printf(m->arena, "%.*s/%.*s", (int)prefix.n, prefix.p,
                           (int)HB_MIN(path.n, 1024u), path.p);
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

/* Reads what HOW names: -c below the prefix, includes below the directory of
 * the configuration, the rest below the prefix (src/core/nginx.c). */
static int load(const struct hb_machine *m, const struct master *how,
                struct hb_ngx **ret)
{
    const char *prefix = how->prefix[0] != '\0' ? how->prefix : PREFIX;
    const char *path =
        how->conf[0] == '\0' ? CONF
        : how->conf[0] == '/'
            ? how->conf
            : hb_arena_printf(m->arena, "%s/%s", prefix, how->conf);
    struct hb_ngx_parser p = {
        .arena = m->arena, .include = include, .machine = m};
    struct hb_ngx *root = HB_NEW(m->arena, struct hb_ngx);
    struct hb_slice text;
    int r;

    if (root == NULL || path == NULL)
        return -ENOMEM;
    /* Below where it was started, which nobody may ask. */
    if (path[0] != '/')
        return -EINVAL;
    memset(root, 0, sizeof(*root));
    root->args[root->n++] = hb_slice_z(prefix);
    p.dir =
        hb_arena_dup(m->arena, path, (size_t)(strrchr(path, '/') - path) + 1);
    if (p.dir == NULL)
        return -ENOMEM;
    r = hb_machine_read(m, path, HB_MACHINE_FILE, &text);
    if (r == 0)
        r = hb_ngx_parse(&p, text, root);
    if (r == 0)
        *ret = root;
    return r;
}

/* The next master in D (/proc).  It says how it was started: "nginx: master
 * process nginx -c /x/nginx.conf".  Anybody may run a program of that name, so
 * only root's counts. */
static bool running(const struct hb_machine *m, DIR *d, struct master *ret)
{
    struct dirent *e;

    while ((e = readdir(d)) != NULL) {
        const char *path;
        struct hb_slice cmd;
        struct stat st;
        uint64_t pid;

        if (hb_parse_u64(hb_slice_z(e->d_name), &pid) < 0 ||
            fstatat(dirfd(d), e->d_name, &st, 0) < 0 || st.st_uid != 0)
            continue;
        path = hb_arena_printf(m->arena, "/proc/%llu/cmdline",
                               (unsigned long long)pid);
        if (path != NULL && hb_machine_read(m, path, CMDLINE, &cmd) == 0 &&
            told(m, cmd, ret))
            return true;
    }
    return false;
}

/* The options in the title of a master, as ngx_get_options() reads them: "-c
 * FILE", "-cFILE", "-qc FILE".  Words are parted by blanks or NUL, as nginx
 * rewrites them, so a name with a blank is not found. */
static bool told(const struct hb_machine *m, struct hb_slice cmd,
                 struct master *ret)
{
    static const char title[] = "nginx: master process";
    const size_t n = sizeof(title) - 1;
    struct hb_slice words, w;

    *ret = (struct master){"", ""};
    if (cmd.n < n || memcmp(cmd.p, title, n) != 0)
        return false;
    words = hb_slice(cmd.p + n, cmd.n - n);
    (void)next_word(&words); /* the program */
    while ((w = next_word(&words)).n > 0) {
        for (size_t i = 1; w.p[0] == '-' && i < w.n; i++) {
            char c = w.p[i];
            const char *value;

            if (strchr("pcges", c) == NULL || c == '\0')
                continue;
            value = argument(m, &words, hb_slice(w.p + i + 1, w.n - i - 1));
            if (c == 'c')
                ret->conf = value;
            if (c == 'p')
                ret->prefix = value;
            break;
        }
    }
    return true;
}

/* REST of the option's own word, or the next one. */
static const char *argument(const struct hb_machine *m, struct hb_slice *words,
                            struct hb_slice rest)
{
    const char *z;

    if (rest.n == 0)
        rest = next_word(words);
    while (rest.n > 1 && rest.p[rest.n - 1] == '/')
        rest.n--;
    z = hb_arena_dup(m->arena, rest.p, rest.n);
    return z != NULL ? z : "";
}

static struct hb_slice next_word(struct hb_slice *words)
{
    struct hb_slice w;
    size_t n = 0;

    while (words->n > 0 && (words->p[0] == ' ' || words->p[0] == '\0'))
        *words = hb_slice(words->p + 1, words->n - 1);
    while (n < words->n && words->p[n] != ' ' && words->p[n] != '\0')
        n++;
    w = hb_slice(words->p, n);
    *words = hb_slice(words->p + n, words->n - n);
    return w;
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.c - reads the machine for the checks: files, accounts, programs.
 *
 * Runs in check.  Root wrote most of these files; an intruder with root may
 * have written them too, so sizes and counts have ceilings, and nothing but a
 * regular file is read.
 */
#include "control/check.h"

#include <fcntl.h>
#include <glob.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "base/run.h"

#define ACCOUNTS_MAX 20000u
#define GROUPS_MAX   20000u

static size_t lines(struct hb_slice text);
static struct hb_slice field(struct hb_slice *line);
static int number(struct hb_slice s, uint32_t *ret);

void hb_found_set(struct hb_found *f, enum hb_check_status status,
                  const char *why)
{
    if (f->why != NULL &&
        (f->status == HB_CHECK_FAIL || status == f->status ||
         (f->status == HB_CHECK_UNKNOWN && status == HB_CHECK_PASS)))
        return;
    f->status = status;
    f->why = why;
}

void hb_found_name(struct hb_found *f, const char *name)
{
    if (f->detail.n < 400)
        hb_buf_addf(&f->detail, "%s%.64s", f->detail.n > 0 ? ", " : "", name);
}

const char *hb_machine_path(const struct hb_machine *m, const char *path)
{
    return hb_arena_printf(m->arena, "%s%s", m->prefix, path);
}

int hb_machine_read(const struct hb_machine *m, const char *path, size_t max,
                    struct hb_slice *ret)
{
    const char *full = hb_machine_path(m, path);

    return full == NULL ? -ENOMEM : hb_file_read(m->arena, full, max, ret);
}

int hb_machine_tail(const struct hb_machine *m, const char *path, size_t max,
                    struct hb_slice *ret)
{
    off_t size = 0;
    _cleanup_close_ int fd = hb_machine_open(m, path, &size);
    ssize_t n;
    char *p;

    if (fd < 0)
        return fd;
    max = HB_MIN(max, (size_t)size);
    p = hb_arena_alloc(m->arena, max + 1);
    if (p == NULL)
        return -ENOMEM;
    n = hb_pread_full(fd, p, max, size - (off_t)max);
    if (n < 0)
        return (int)n;
    p[n] = '\0';
    *ret = hb_slice(p, (size_t)n);
    return 0;
}

int hb_machine_open(const struct hb_machine *m, const char *path,
                    off_t *ret_size)
{
    const char *full = hb_machine_path(m, path);
    struct stat st;
    int fd, r = 0;

    if (full == NULL)
        return -ENOMEM;
    fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode))
        r = -EINVAL;
    if (r < 0) {
        (void)close(fd);
        return r;
    }
    *ret_size = st.st_size;
    return fd;
}

bool hb_machine_has(const struct hb_machine *m, const char *path)
{
    const char *full = hb_machine_path(m, path);

    return full != NULL && access(full, F_OK) == 0;
}

int hb_machine_glob(const struct hb_machine *m, const char *pattern, size_t max,
                    const char *const **ret, size_t *ret_n)
{
    const char *full = hb_machine_path(m, pattern), **v;
    size_t skip = strlen(m->prefix), n = 0;
    glob_t g = {0};
    int r;

    if (full == NULL)
        return -ENOMEM;
    r = glob(full, 0, NULL, &g);
    if (r != 0) {
        globfree(&g);
        *ret = NULL;
        *ret_n = 0;
        return r == GLOB_NOMATCH ? 0 : r == GLOB_NOSPACE ? -ENOMEM : -EACCES;
    }
    v = HB_NEW_N(m->arena, const char *, HB_MAX(g.gl_pathc, 1u));
    for (size_t i = 0; v != NULL && i < g.gl_pathc && n < max; i++) {
        v[n] = hb_arena_strdup(m->arena, g.gl_pathv[i] + skip);
        if (v[n++] == NULL)
            v = NULL;
    }
    globfree(&g);
    if (v == NULL)
        return -ENOMEM;
    *ret = v;
    *ret_n = n;
    return 0;
}

int hb_machine_run(const struct hb_machine *m, const char *const *argv,
                   unsigned timeout_ms, struct hb_buf *out,
                   struct hb_buf *errors)
{
    const char *own[16] = {hb_machine_path(m, argv[0])};
    struct hb_run run = {
        .argv = own, .timeout_ms = timeout_ms, .out = out, .errors = errors};

    for (size_t i = 1; i + 1 < HB_ARRAY_LEN(own) && argv[i] != NULL; i++)
        own[i] = argv[i];
    return own[0] == NULL ? -ENOMEM : hb_run(&run);
}

bool hb_next_line(struct hb_slice *text, struct hb_slice *ret)
{
    const char *end;

    if (text->n == 0)
        return false;
    end = memchr(text->p, '\n', text->n);
    *ret = hb_slice(text->p, end != NULL ? (size_t)(end - text->p) : text->n);
    text->n -= ret->n + (end != NULL);
    text->p += ret->n + (end != NULL);
    if (ret->n > 0 && ret->p[ret->n - 1] == '\r')
        ret->n--;
    return true;
}

struct hb_slice hb_next_word(struct hb_slice *line)
{
    struct hb_slice w;
    char until = '\0';

    while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
        line->p++, line->n--;
    if (line->n == 0 || line->p[0] == '#') {
        line->n = 0;
        return hb_slice("", 0);
    }
    if (line->p[0] == '"') {
        until = '"';
        line->p++, line->n--;
    }
    w = hb_slice(line->p, 0);
    while (line->n > 0 &&
           (until != '\0' ? line->p[0] != until
                          : line->p[0] != ' ' && line->p[0] != '\t')) {
        w.n++;
        line->p++, line->n--;
    }
    if (until != '\0' && line->n > 0)
        line->p++, line->n--;
    return w;
}

bool hb_slice_is(struct hb_slice s, const char *z)
{
    return hb_slice_eq(s, hb_slice_z(z));
}

bool hb_slice_like(struct hb_slice s, const char *z)
{
    return s.n == strlen(z) && (s.n == 0 || strncasecmp(s.p, z, s.n) == 0);
}

bool hb_slice_has(struct hb_slice s, const char *z)
{
    return s.n > 0 && memmem(s.p, s.n, z, strlen(z)) != NULL;
}

int hb_accounts_read(const struct hb_machine *m, struct hb_accounts *ret)
{
    struct hb_accounts a = {0};
    struct hb_slice text, line;
    int r = hb_machine_read(m, "/etc/passwd", 8 * HB_MACHINE_FILE, &text);

    if (r < 0)
        return r;
    a.v = HB_NEW_N(m->arena, struct hb_account, lines(text) + 1);
    if (a.v == NULL)
        return -ENOMEM;
    while (a.n < ACCOUNTS_MAX && hb_next_line(&text, &line)) {
        struct hb_account *one = &a.v[a.n];
        struct hb_slice name = field(&line), uid, gid, home;

        (void)field(&line);
        uid = field(&line);
        gid = field(&line);
        (void)field(&line);
        home = field(&line);
        if (name.n == 0 || number(uid, &one->uid) < 0 ||
            number(gid, &one->gid) < 0)
            continue;
        one->name = hb_arena_dup(m->arena, name.p, name.n);
        one->home = hb_arena_dup(m->arena, home.p, home.n);
        one->shell = hb_arena_dup(m->arena, line.p, line.n);
        if (one->name == NULL || one->home == NULL || one->shell == NULL)
            return -ENOMEM;
        a.n++;
    }
    r = hb_machine_read(m, "/etc/group", 8 * HB_MACHINE_FILE, &text);
    if (r < 0)
        return r;
    a.groups = HB_NEW_N(m->arena, struct hb_group, lines(text) + 1);
    if (a.groups == NULL)
        return -ENOMEM;
    while (a.groups_n < GROUPS_MAX && hb_next_line(&text, &line)) {
        struct hb_group *one = &a.groups[a.groups_n];
        struct hb_slice name = field(&line), gid;

        (void)field(&line);
        gid = field(&line);
        if (name.n == 0 || number(gid, &one->gid) < 0)
            continue;
        one->name = hb_arena_dup(m->arena, name.p, name.n);
        if (one->name == NULL)
            return -ENOMEM;
        one->members = line;
        a.groups_n++;
    }
    *ret = a;
    return 0;
}

const struct hb_account *hb_account_find(const struct hb_accounts *a,
                                         const char *name)
{
    for (size_t i = 0; i < a->n; i++)
        if (hb_streq(a->v[i].name, name))
            return &a->v[i];
    return NULL;
}

bool hb_group_has(const struct hb_group *g, const char *name)
{
    struct hb_slice rest = g->members;

    while (rest.n > 0) {
        const char *end = memchr(rest.p, ',', rest.n);
        size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

        if (hb_slice_is(hb_slice(rest.p, n), name))
            return true;
        n += end != NULL;
        rest = hb_slice(rest.p + n, rest.n - n);
    }
    return false;
}

bool hb_account_admin(const struct hb_accounts *a, const struct hb_account *who)
{
    static const char *const groups[] = {"sudo", "wheel", "admin", "adm"};

    if (who->uid == 0)
        return true;
    for (size_t i = 0; i < a->groups_n; i++)
        for (size_t k = 0; k < HB_ARRAY_LEN(groups); k++)
            if (hb_streq(a->groups[i].name, groups[k]) &&
                (hb_group_has(&a->groups[i], who->name) ||
                 a->groups[i].gid == who->gid))
                return true;
    return false;
}

bool hb_account_opens(const struct hb_account *who)
{
    static const char *const closed[] = {"nologin", "false", "sync"};
    const char *base = strrchr(who->shell, '/');

    base = base != NULL ? base + 1 : who->shell;
    for (size_t i = 0; i < HB_ARRAY_LEN(closed); i++)
        if (hb_streq(base, closed[i]))
            return false;
    return true;
}

static size_t lines(struct hb_slice text)
{
    size_t n = 1;

    for (size_t i = 0; i < text.n; i++)
        n += text.p[i] == '\n';
    return n;
}

/* Up to the next ':', which is taken too. */
static struct hb_slice field(struct hb_slice *line)
{
    const char *end = line->n > 0 ? memchr(line->p, ':', line->n) : NULL;
    struct hb_slice f =
        hb_slice(line->p, end != NULL ? (size_t)(end - line->p) : line->n);
    size_t n = f.n + (end != NULL);

    *line = hb_slice(line->p + n, line->n - n);
    return f;
}

static int number(struct hb_slice s, uint32_t *ret)
{
    uint64_t v;
    int r = hb_parse_u64(s, &v);

    if (r < 0 || v > UINT32_MAX)
        return -EINVAL;
    *ret = (uint32_t)v;
    return 0;
}

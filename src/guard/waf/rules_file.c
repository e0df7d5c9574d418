/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules_file.c - names in rules, and the files with phrases or networks that
 * operators read.
 */
#include "guard/waf/rules_int.h"

#include <glob.h>

#include "base/file.h"
#include "base/i18n.h"

#define LINES (1u << 20) /* of one file */

static int one(struct hb_rules_load *l, const struct hb_rules_source *src,
               struct hb_seclang_at at, struct hb_slice name,
               struct hb_waf_file **ret);
static int split(struct hb_rules_load *l, const struct hb_rules_source *src,
                 struct hb_seclang_at at, struct hb_slice text,
                 struct hb_waf_file *f);
static bool comment(struct hb_slice line);
static int unreadable(const char *path, int code);
static int by_bytes(const void *a, const void *b);

int hb_rules_files(struct hb_rules_load *l, const struct hb_rules_source *src,
                   const struct hb_seclang_word *w, struct hb_waf_rule_op *op)
{
    struct hb_slice arg = op->arg.raw;
    size_t base = w->text.n - arg.n, i = 0;

    while (i < arg.n) {
        struct hb_waf_file **more;
        size_t from;
        int r;

        if (arg.p[i] == ' ') {
            i++;
            continue;
        }
        for (from = i; i < arg.n && arg.p[i] != ' ';)
            i++;
        more = hb_seclang_grow(l->arena, op->file, op->n_file, sizeof(*more),
                               HB_RULES_FILES);
        if (more == NULL)
            return hb_seclang_nomem(&src->s);
        op->file = more;
        r = one(l, src, hb_seclang_at(w, base + from),
                hb_slice(arg.p + from, i - from), &more[op->n_file]);
        if (r < 0)
            return r;
        op->n_file++;
    }
    return 0;
}

const char *hb_rules_path(struct hb_rules_load *l,
                          const struct hb_rules_source *src,
                          struct hb_slice name)
{
    const char *dir = name.n > 0 && name.p[0] == '/' ? "" : src->dir;

    return hb_arena_printf(l->arena, "%s%.*s", dir,
                           (int)HB_MIN(name.n, HB_MAX_PATH), name.p);
}

int hb_rules_glob(struct hb_rules_load *l, const char *pattern,
                  const char ***ret, size_t *ret_n)
{
    glob_t g;
    const char **list;
    int r = glob(pattern, GLOB_NOSORT, unreadable, &g);

    if (r == GLOB_NOMATCH) {
        *ret_n = 0;
        return 0;
    }
    if (r != 0)
        return r == GLOB_NOSPACE ? -ENOMEM : -EIO;
    list = HB_NEW_N(l->arena, const char *, g.gl_pathc);
    for (size_t i = 0; list != NULL && i < g.gl_pathc; i++) {
        list[i] = hb_arena_strdup(l->arena, g.gl_pathv[i]);
        if (list[i] == NULL)
            list = NULL;
    }
    *ret_n = g.gl_pathc;
    globfree(&g);
    if (list == NULL)
        return -ENOMEM;
    /* Not by glob(): its order depends on the locale. */
    qsort(list, *ret_n, sizeof(*list), by_bytes);
    *ret = list;
    return 0;
}

static int one(struct hb_rules_load *l, const struct hb_rules_source *src,
               struct hb_seclang_at at, struct hb_slice name,
               struct hb_waf_file **ret)
{
    struct hb_slice text, key;
    struct hb_waf_file *f;
    const char *path;
    char why[128];
    int r;

    if (src->dir == NULL)
        return hb_seclang_bad(&src->s, at, _("no files are read here"));
    path = hb_rules_path(l, src, name);
    if (path == NULL)
        return hb_seclang_nomem(&src->s);
    key = hb_slice_z(path);
    *ret = hb_map_get(l->files, key);
    if (*ret != NULL)
        return 0;
    r = hb_file_read(l->arena, path, HB_SECLANG_FILE, &text);
    if (r < 0)
        return hb_seclang_bad(&src->s, at, "%s: %s", path,
                              hb_errno_text(r, why, sizeof(why)));
    f = HB_NEW(l->arena, struct hb_waf_file);
    if (f == NULL || hb_map_put(l->files, key, f) < 0)
        return hb_seclang_nomem(&src->s);
    f->path = path;
    *ret = f;
    return split(l, src, at, text, f);
}

/* Lines as they are: blanks at their ends belong to a phrase. */
static int split(struct hb_rules_load *l, const struct hb_rules_source *src,
                 struct hb_seclang_at at, struct hb_slice text,
                 struct hb_waf_file *f)
{
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
        struct hb_slice line = hb_slice(text.p, n), *more;

        text = hb_seclang_rest(text, end != NULL ? n + 1 : n);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        if (comment(line))
            continue;
        more = hb_seclang_grow(l->arena, f->line, f->n, sizeof(line), LINES);
        if (more == NULL)
            return hb_seclang_nomem(&src->s);
        f->line = more;
        more[f->n++] = line;
    }
    if (f->n == 0)
        return hb_seclang_bad(&src->s, at, _("%s holds nothing"), f->path);
    return 0;
}

static bool comment(struct hb_slice line)
{
    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] != ' ' && line.p[i] != '\t')
            return line.p[i] == '#';
    return true;
}

/* A folder that is not there matches nothing; any other is an error. */
static int unreadable(const char *path, int code)
{
    return code != ENOENT && code != ENOTDIR;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

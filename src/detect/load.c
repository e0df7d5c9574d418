/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - all rules of a folder, in the order of their paths, so that the
 * same rules always give the same findings in the same order.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "base/file.h"
#include "detect/rule.h"

#define MAX_DEPTH 4u

static struct hb_rules *new_rules(void);
static int add(struct hb_rules *r, const char *name, struct hb_slice text,
               struct hb_err *err);
static int load_dir(struct hb_rules *r, const char *dir, unsigned depth,
                    struct hb_err *err);
static int load_path(struct hb_rules *r, const char *path, unsigned depth,
                     struct hb_err *err);
static int by_name(const void *a, const void *b);
static int trouble(struct hb_err *err, const char *path, int code);

int hb_rules_load(const char *dir, struct hb_rules **ret, struct hb_err *err)
{
    struct hb_rules *r = new_rules();
    int code = r == NULL ? -ENOMEM : load_dir(r, dir, 0, err);

    if (code < 0) {
        hb_rules_free(r);
        return err == NULL || err->code != 0 ? code : trouble(err, dir, code);
    }
    *ret = r;
    return 0;
}

int hb_rules_parse(const char *name, struct hb_slice text,
                   struct hb_rules **ret, struct hb_err *err)
{
    struct hb_rules *r = new_rules();
    int code = r == NULL ? -ENOMEM : add(r, name, text, err);

    if (code < 0) {
        hb_rules_free(r);
        return err == NULL || err->code != 0 ? code : trouble(err, name, code);
    }
    *ret = r;
    return 0;
}

void hb_rules_free(struct hb_rules *r)
{
    if (r != NULL)
        hb_arena_free(r->arena);
}

void hb_rules_freep(struct hb_rules **r)
{
    hb_rules_free(*r);
    *r = NULL;
}

size_t hb_rules_count(const struct hb_rules *r)
{
    return r->n;
}

const struct hb_rule *hb_rules_at(const struct hb_rules *r, size_t i)
{
    return i < r->n ? &r->rule[i]->pub : NULL;
}

static struct hb_rules *new_rules(void)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_rules *r = a != NULL ? HB_NEW(a, struct hb_rules) : NULL;

    if (r == NULL) {
        hb_arena_free(a);
        return NULL;
    }
    r->arena = a;
    return r;
}

static int add(struct hb_rules *r, const char *name, struct hb_slice text,
               struct hb_err *err)
{
    struct hb_compiled *c;
    struct hb_yaml *top;
    int code;

    if (r->n == r->cap) {
        size_t cap = r->cap == 0 ? 64 : r->cap * 2;
        struct hb_compiled **more = NULL;

        if (r->n < HB_RULES_MAX)
            more = HB_NEW_N(r->arena, struct hb_compiled *, cap);
        if (more == NULL)
            return -E2BIG;
        if (r->n > 0)
            memcpy(more, r->rule, r->n * sizeof(struct hb_compiled *));
        r->rule = more;
        r->cap = cap;
    }
    c = HB_NEW(r->arena, struct hb_compiled);
    if (c == NULL)
        return -ENOMEM;
    code = hb_yaml_parse(r->arena, name, text, &top, err);
    if (code == 0)
        code = hb_rule_read(r->arena, top, c, err);
    for (size_t i = 0; code == 0 && i < r->n; i++) {
        if (hb_streq(r->rule[i]->pub.id, c->pub.id))
            code = hb_yaml_err(hb_yaml_get(top, "id"), err, -EEXIST,
                               _("another rule has the id %s"), c->pub.id);
    }
    if (code == 0)
        r->rule[r->n++] = c;
    return code;
}

static int load_dir(struct hb_rules *r, const char *dir, unsigned depth,
                    struct hb_err *err)
{
    DIR *d = opendir(dir);
    char *names[1024];
    struct dirent *e;
    size_t n = 0;
    int code = 0;

    if (d == NULL)
        return trouble(err, dir, -errno);
    while (code == 0 && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        if (n == HB_ARRAY_LEN(names)) {
            code = -E2BIG;
            break;
        }
        names[n] = hb_arena_printf(r->arena, "%s/%s", dir, e->d_name);
        code = names[n++] == NULL ? -ENOMEM : 0;
    }
    (void)closedir(d);
    if (n > 0)
        qsort(names, n, sizeof(names[0]), by_name);
    for (size_t i = 0; code == 0 && i < n; i++)
        code = load_path(r, names[i], depth, err);
    return code;
}

static int load_path(struct hb_rules *r, const char *path, unsigned depth,
                     struct hb_err *err)
{
    struct hb_slice text;
    size_t n = strlen(path);
    struct stat st;
    int code;

    if (stat(path, &st) < 0)
        return trouble(err, path, -errno);
    if (S_ISDIR(st.st_mode))
        return depth < MAX_DEPTH ? load_dir(r, path, depth + 1, err)
                                 : trouble(err, path, -ELOOP);
    if (n < 5 || !hb_streq(path + n - 5, ".yaml"))
        return 0;
    code = hb_file_read(r->arena, path, HB_MAX_YAML, &text);
    return code < 0 ? trouble(err, path, code) : add(r, path, text, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int trouble(struct hb_err *err, const char *path, int code)
{
    char text[128];

    return hb_err_at(err, code, path, 0, 0, "%s",
                     hb_errno_text(code, text, sizeof(text)));
}

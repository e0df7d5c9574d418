/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules.c - see rules.h: files, Include, and which directive does what.
 *
 * Runs wherever rules are loaded or checked; the files are the
 * administrator's, or a rule set out of the net.
 */
#include "guard/waf/rules_int.h"

#include <strings.h>

#include "base/file.h"
#include "base/i18n.h"

static int load(struct hb_rules_load *l, struct hb_slice text, const char *name,
                const char *dir, struct hb_waf_rules **ret);
static int read_text(struct hb_rules_load *l, struct hb_slice text,
                     const char *name, const char *dir);
static int read_file(struct hb_rules_load *l, const char *path);
static int directive(struct hb_rules_load *l, const struct hb_rules_source *src,
                     const struct hb_seclang_line *line);
static const struct hb_rules_directive *row_of(struct hb_slice name);
static const char *nearest(struct hb_slice name);
static int include(struct hb_rules_call *c);
static int include_optional(struct hb_rules_call *c);
static int include_all(struct hb_rules_call *c, bool optional);
static int refused(struct hb_rules_call *c);
static const char *directory(struct hb_arena *a, const char *path);

#define ROW(name, min, max, fn)                                                \
    {                                                                          \
        name, min, max, fn, 0, NULL, 0, 0                                      \
    }

static const struct hb_rules_directive rows[] = {
    ROW("Include", 1, 1, include),
    ROW("IncludeOptional", 1, 1, include_optional),
    ROW("SecAction", 1, 1, hb_rules_sec_action),
    ROW("SecDefaultAction", 1, 1, hb_rules_default_action),
    ROW("SecMarker", 1, 1, hb_rules_marker),
    ROW("SecRule", 2, 3, hb_rules_rule),
    ROW("SecRuleRemoveById", 1, 60, hb_rules_remove),
    ROW("SecRuleRemoveByMsg", 1, 1, hb_rules_remove),
    ROW("SecRuleRemoveByTag", 1, 1, hb_rules_remove),
    ROW("SecRuleUpdateActionById", 2, 2, hb_rules_update_action),
    ROW("SecRuleUpdateTargetById", 2, 2, hb_rules_update_target),
    ROW("SecRuleUpdateTargetByMsg", 2, 2, hb_rules_update_target),
    ROW("SecRuleUpdateTargetByTag", 2, 2, hb_rules_update_target),
    /* Known to ModSecurity 2 or 3, without a meaning here. */
    ROW("SecCacheTransformations", 0, 60, refused),
    ROW("SecChrootDir", 0, 60, refused),
    ROW("SecConnEngine", 0, 60, refused),
    ROW("SecConnReadStateLimit", 0, 60, refused),
    ROW("SecConnWriteStateLimit", 0, 60, refused),
    ROW("SecContentInjection", 0, 60, refused),
    ROW("SecDisableBackendCompression", 0, 60, refused),
    ROW("SecGsbLookupDb", 0, 60, refused),
    ROW("SecGuardianLog", 0, 60, refused),
    ROW("SecHashEngine", 0, 60, refused),
    ROW("SecHashKey", 0, 60, refused),
    ROW("SecHashMethodPm", 0, 60, refused),
    ROW("SecHashMethodRx", 0, 60, refused),
    ROW("SecHashParam", 0, 60, refused),
    ROW("SecInterceptOnError", 0, 60, refused),
    ROW("SecReadStateLimit", 0, 60, refused),
    ROW("SecRemoteRules", 0, 60, refused),
    ROW("SecRemoteRulesFailAction", 0, 60, refused),
    ROW("SecRuleInheritance", 0, 60, refused),
    ROW("SecRulePerfTime", 0, 60, refused),
    ROW("SecRuleScript", 0, 60, refused),
    ROW("SecStreamInBodyInspection", 0, 60, refused),
    ROW("SecStreamOutBodyInspection", 0, 60, refused),
    ROW("SecWriteStateLimit", 0, 60, refused),
};

int hb_waf_rules_load(const char *path, struct hb_waf_rules **ret,
                      struct hb_err *err)
{
    struct hb_rules_load l = {.err = err};

    return load(&l, hb_slice(NULL, 0), path, NULL, ret);
}

int hb_waf_rules_parse(struct hb_slice text, const char *name, const char *dir,
                       struct hb_waf_rules **ret, struct hb_err *err)
{
    struct hb_rules_load l = {.err = err};

    return load(&l, text.p != NULL ? text : HB_SLICE(""), name, dir, ret);
}

void hb_waf_rules_free(struct hb_waf_rules *rules)
{
    /* The set lies in its own arena. */
    if (rules != NULL)
        hb_arena_free(rules->arena);
}

void hb_waf_rules_freep(struct hb_waf_rules **rules)
{
    hb_waf_rules_free(*rules);
    *rules = NULL;
}

int hb_rules_place(const struct hb_rules_call *c, size_t n,
                   struct hb_rules_place *ret)
{
    struct hb_seclang_word *w = HB_NEW(c->load->arena, struct hb_seclang_word);

    if (w == NULL)
        return hb_seclang_nomem(&c->source->s);
    *w = c->line->word[n];
    *ret = (struct hb_rules_place){c->source, w, c->line->line};
    return 0;
}

/* Of TEXT, or where that is NULL of the file NAME. */
static int load(struct hb_rules_load *l, struct hb_slice text, const char *name,
                const char *dir, struct hb_waf_rules **ret)
{
    int r = -ENOMEM;

    l->arena = hb_arena_new_paged(0);
    l->ids = hb_map_new();
    l->files = hb_map_new();
    if (l->arena != NULL)
        l->rules = HB_NEW(l->arena, struct hb_waf_rules);
    if (l->rules == NULL || l->ids == NULL || l->files == NULL) {
        (void)hb_err_set(l->err, r, _("out of memory"));
    } else {
        hb_rules_settings_default(l);
        l->rules->arena = l->arena;
        r = text.p != NULL ? read_text(l, text, name, dir) : read_file(l, name);
        if (r == 0)
            r = hb_rules_finish(l);
    }
    hb_map_free(l->ids);
    hb_map_free(l->files);
    if (r < 0)
        hb_arena_free(l->arena);
    else
        *ret = l->rules;
    return r;
}

static int read_text(struct hb_rules_load *l, struct hb_slice text,
                     const char *name, const char *dir)
{
    char *copy = hb_arena_dup(l->arena, text.p, text.n);
    struct hb_rules_source *src = HB_NEW(l->arena, struct hb_rules_source);
    struct hb_seclang_line *line = HB_NEW(l->arena, struct hb_seclang_line);
    const char *file = hb_arena_strdup(l->arena, name);
    int r;

    if (copy == NULL || src == NULL || line == NULL || file == NULL)
        return hb_err_set(l->err, -ENOMEM, _("out of memory"));
    src->dir = dir;
    r = hb_seclang_open(&src->s, l->arena, file, hb_slice(copy, text.n),
                        l->err);
    if (r < 0)
        return r;
    while ((r = hb_seclang_next(&src->s, line)) > 0) {
        r = directive(l, src, line);
        if (r < 0)
            return r;
    }
    return r == 0 && l->chain ? hb_rules_chain_open(l) : r;
}

/* Errors of reading have no place; the caller knows a better one. */
static int read_file(struct hb_rules_load *l, const char *path)
{
    const char *dir = directory(l->arena, path);
    struct hb_slice text;
    char why[128];
    int r;

    if (dir == NULL)
        return hb_err_set(l->err, -ENOMEM, _("out of memory"));
    if (l->n_file++ >= HB_RULES_FILES)
        return hb_err_at(l->err, -EFBIG, path, 0, 0, _("more than %u files"),
                         HB_RULES_FILES);
    r = hb_file_read(l->arena, path, HB_SECLANG_FILE, &text);
    if (r < 0)
        return hb_err_at(l->err, r, path, 0, 0, _("cannot be read: %s"),
                         hb_errno_text(r, why, sizeof(why)));
    return read_text(l, text, path, dir);
}

static int directive(struct hb_rules_load *l, const struct hb_rules_source *src,
                     const struct hb_seclang_line *line)
{
    struct hb_slice name = line->word[0].text;
    struct hb_rules_call c = {l, src, line, row_of(name)};
    size_t args = line->n - 1;

    if (c.row == NULL)
        return hb_seclang_unknown(
            &src->s, hb_rules_arg_at(&c, 0), nearest(name),
            _("no directive is called \"%.*s\""), HB_SHOW(name));
    if (args < c.row->min)
        return hb_seclang_bad(&src->s, hb_rules_arg_at(&c, 0),
                              _("%s needs %u arguments, here are %u"),
                              c.row->name, c.row->min, (unsigned)args);
    if (args > c.row->max)
        return hb_seclang_bad(&src->s, hb_rules_arg_at(&c, c.row->max + 1u),
                              _("%s takes %u arguments, here are %u"),
                              c.row->name, c.row->max, (unsigned)args);
    if (l->chain && c.row->fn != hb_rules_rule &&
        c.row->fn != hb_rules_sec_action)
        return hb_rules_chain_open(l);
    return c.row->fn(&c);
}

static const struct hb_rules_directive *row_of(struct hb_slice name)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(rows); i++)
        if (hb_waf_name_find(name, &rows[i].name, 1) == 0)
            return &rows[i];
    return hb_rules_setting(name);
}

static const char *nearest(struct hb_slice name)
{
    const char *names[HB_ARRAY_LEN(rows) + 80];
    size_t n = 0;

    for (; n < HB_ARRAY_LEN(rows); n++)
        names[n] = rows[n].name;
    n += hb_rules_setting_names(names + n, HB_ARRAY_LEN(names) - n);
    return hb_waf_name_nearest(name, names, n);
}

static int include(struct hb_rules_call *c)
{
    return include_all(c, false);
}

static int include_optional(struct hb_rules_call *c)
{
    return include_all(c, true);
}

static int include_all(struct hb_rules_call *c, bool optional)
{
    const struct hb_seclang *s = &c->source->s;
    const char *path, **paths;
    char why[128];
    size_t n;
    int r;

    if (c->source->dir == NULL)
        return hb_seclang_bad(s, hb_rules_arg_at(c, 1),
                              _("no files are read here"));
    if (c->load->depth == HB_RULES_DEPTH)
        return hb_seclang_bad(s, hb_rules_arg_at(c, 1),
                              _("more than %u files that include each other"),
                              HB_RULES_DEPTH);
    path = hb_rules_path(c->load, c->source, c->line->word[1].text);
    if (path == NULL)
        return hb_seclang_nomem(s);
    r = hb_rules_glob(c->load, path, &paths, &n);
    if (r == 0 && n == 0 && !optional)
        r = -ENOENT;
    if (r < 0)
        return hb_seclang_bad(s, hb_rules_arg_at(c, 1), "%s: %s", path,
                              hb_errno_text(r, why, sizeof(why)));
    c->load->depth++;
    for (size_t i = 0; i < n && r == 0; i++)
        r = read_file(c->load, paths[i]);
    c->load->depth--;
    return r;
}

static int refused(struct hb_rules_call *c)
{
    return hb_seclang_bad(&c->source->s, hb_rules_arg_at(c, 0),
                          _("this engine has no %s"), c->row->name);
}

/* With its slash at the end; "" where PATH has none. */
static const char *directory(struct hb_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');

    return hb_arena_dup(a, path,
                        slash != NULL ? (size_t)(slash - path) + 1 : 0);
}

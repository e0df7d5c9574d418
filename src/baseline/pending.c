/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pending.c - what was changed within a deploy window, until a person accepts
 * the whole list: then it is laid over what is in force and signed.
 *
 * The list is written by a role without privileges and grants nothing: the
 * live tree is read again when it is accepted, and a path that is no longer
 * what the person saw stops it.  Paths come from whoever wrote the files:
 * control characters are escaped, and bytes that are no UTF-8 stand in hex.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "baseline/executes.h"
#include "baseline/manifest.h"
#include "baseline/object.h"
#include "baseline/release.h"
#include "baseline/window.h"

#define FILE_NAME "pending.json"

static void put(struct hb_jw *j, const struct hb_pending *p);
static int get(struct hb_arena *a, const struct hb_json *o,
               struct hb_pending *ret);
static int get_path(struct hb_arena *a, const struct hb_json *o,
                    struct hb_slice *ret);
static int word(const struct hb_json *o, const char *key,
                const char *const *words, size_t n);
static int collect(struct hb_release *rel, const struct hb_publish *how,
                   const struct hb_pending_list *list, struct hb_slice *gone,
                   size_t *ret_gone, struct hb_base_stats *stats,
                   struct hb_err *err);
static bool as_listed(const struct hb_pending *p,
                      const struct hb_base_entry *e);
static bool executes(struct hb_objects *objects, const struct hb_pending *p,
                     const struct hb_base_entry *e);

static const char *const kinds[] = {"added", "changed", "removed"};
static const char *const types[] = {"none", "directory", "file", "link"};

/* --- public --- */

int hb_pending_read(int dir, struct hb_arena *a, struct hb_pending_list *ret,
                    struct hb_err *err)
{
    struct hb_pending_list list = {0};
    const struct hb_json *paths;
    struct hb_json *top = NULL;
    struct hb_slice text;
    int r = hb_file_read_at(a, dir, FILE_NAME, HB_MAX_JSON, &text);

    if (r == -ENOENT)
        return r;
    if (r == 0)
        r = hb_json_parse(a, text, &top, err);
    paths = hb_json_get(top, "paths");
    if (r == 0 && (paths == NULL || paths->type != HB_JSON_ARR ||
                   paths->count > HB_MAX_PENDING ||
                   !hb_copyz(list.site, sizeof(list.site),
                             hb_json_str(top, "site", "")) ||
                   !hb_copyz(list.window, sizeof(list.window),
                             hb_json_str(top, "window", "")) ||
                   !hb_site_ok(list.site)))
        r = -EBADMSG;
    if (r == 0) {
        list.v = HB_NEW_N(a, struct hb_pending, paths->count + 1);
        r = list.v != NULL ? 0 : -ENOMEM;
    }
    for (const struct hb_json *o = r == 0 ? paths->first : NULL;
         r == 0 && o != NULL; o = o->next) {
        r = get(a, o, &list.v[list.n]);
        /* Sorted, one a path. */
        if (r == 0 && list.n > 0 &&
            hb_path_order(list.v[list.n - 1].path, list.v[list.n].path) >= 0)
            r = -EBADMSG;
        list.n++;
    }
    if (r < 0)
        return hb_err_at(err, r, FILE_NAME, 0, 0,
                         _("the list of pending changes cannot be read"));
    *ret = list;
    return 0;
}

int hb_pending_write(int dir, const struct hb_pending_list *list)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    struct hb_jw j;

    hb_buf_init(&b, HB_MAX_JSON);
    hb_jw_init(&j, &b);
    hb_jw_obj(&j, NULL);
    hb_jw_str(&j, "site", list->site);
    hb_jw_str(&j, "window", list->window);
    hb_jw_arr(&j, "paths");
    for (size_t i = 0; i < list->n; i++)
        put(&j, &list->v[i]);
    hb_jw_end_arr(&j);
    hb_jw_end_obj(&j);
    hb_buf_addc(&b, '\n');
    if (hb_buf_err(&b) < 0)
        return hb_buf_err(&b);
    return hb_file_write_at(dir, FILE_NAME, b.p, b.n, 0644);
}

int hb_pending_clear(int dir)
{
    if (unlinkat(dir, FILE_NAME, 0) < 0)
        return errno == ENOENT ? 0 : -errno;
    return hb_fsync(dir);
}

bool hb_pending_settled(const struct hb_pending *p,
                        const struct hb_baseline *base)
{
    struct hb_base_entry e;
    bool there = hb_baseline_find(base, p->path, &e) == 0;

    return as_listed(p, there ? &e : NULL);
}

int hb_pending_add(struct hb_arena *a, struct hb_pending_list *list,
                   const struct hb_pending *p)
{
    size_t at = 0, high = list->n;
    struct hb_pending copy = *p, *v;
    char *path;

    if (!hb_table_path_ok(p->path))
        return -EINVAL;
    while (at < high) {
        size_t mid = at + (high - at) / 2;

        if (hb_path_order(list->v[mid].path, p->path) < 0)
            at = mid + 1;
        else
            high = mid;
    }
    path = hb_arena_dup(a, p->path.p, p->path.n);
    if (path == NULL)
        return -ENOMEM;
    copy.path = hb_slice(path, p->path.n);
    if (at < list->n && hb_slice_eq(list->v[at].path, p->path)) {
        list->v[at] = copy;
        return 0;
    }
    if (list->n >= HB_MAX_PENDING)
        return -E2BIG;
    /* Room for a power of two, so that adding one by one stays cheap. */
    if ((list->n & (list->n + 1)) == 0) {
        v = HB_NEW_N(a, struct hb_pending, 2 * (list->n + 1));
        if (v == NULL)
            return -ENOMEM;
        if (list->n > 0)
            memcpy(v, list->v, list->n * sizeof(*v));
        list->v = v;
    }
    memmove(list->v + at + 1, list->v + at, (list->n - at) * sizeof(*list->v));
    list->v[at] = copy;
    list->n++;
    return 0;
}

int hb_pending_accept(const struct hb_publish *how,
                      const struct hb_pending_list *list,
                      struct hb_published *ret, struct hb_err *err)
{
    struct hb_release rel = HB_RELEASE_INIT;
    struct hb_base_stats stats = {0};
    struct hb_tree tree = {0};
    struct hb_slice *gone = NULL;
    size_t n_gone = 0;
    int r;

    if (!hb_streq(list->site, how->site))
        return hb_err_set(err, -EINVAL, _("the list is of the site \"%s\""),
                          list->site);
    r = hb_release_begin(&rel, how, err);
    if (r == 0 && rel.old == NULL)
        r = hb_err_set(err, -ENOENT, _("the site \"%s\" has no baseline yet"),
                       how->site);
    if (r == 0) {
        gone = calloc(list->n + 1, sizeof(*gone));
        r = gone != NULL ? 0 : -ENOMEM;
    }
    if (r == 0)
        r = collect(&rel, how, list, gone, &n_gone, &stats, err);
    if (r == 0)
        r = hb_tree_lay(rel.old, &rel.over, false, gone, n_gone, &tree);
    if (r == 0)
        r = hb_release_end(&rel, how, &tree, &stats, ret, err);
    hb_tree_done(&tree);
    hb_release_done(&rel);
    free(gone);
    return r;
}

/* --- static: JSON --- */

static void put(struct hb_jw *j, const struct hb_pending *p)
{
    _cleanup_buf_ struct hb_buf path = HB_BUF_INIT;
    char hex[HB_SHA256_SIZE * 2 + 1], when[40];

    hb_jw_obj(j, NULL);
    if (hb_utf8_valid(p->path.p, p->path.n)) {
        hb_path_escape(&path, p->path, 0x20);
        hb_jw_slice(j, "path", hb_buf_slice(&path));
    } else {
        char raw[2 * HB_MAX_PATH + 1];

        hb_hex(p->path.p, HB_MIN(p->path.n, HB_MAX_PATH), raw);
        hb_jw_str(j, "path_hex", raw);
    }
    hb_jw_str(j, "kind", kinds[p->kind]);
    hb_jw_int(j, "uid", p->uid);
    hb_jw_str(j, "time", hb_time_utc(p->time, when, sizeof(when)));
    hb_jw_bool(j, "executes", p->executes);
    if (p->kind != HB_CHANGE_REMOVED) {
        hb_jw_str(j, "type", types[p->type]);
        hb_jw_int(j, "mode", p->mode);
        hb_jw_int(j, "size", (int64_t)p->size);
        hb_hex(p->sha256, HB_SHA256_SIZE, hex);
        hb_jw_str(j, "sha256", hex);
    }
    hb_jw_end_obj(j);
}

static int get(struct hb_arena *a, const struct hb_json *o,
               struct hb_pending *ret)
{
    int kind = word(o, "kind", kinds, HB_ARRAY_LEN(kinds));
    int64_t uid = hb_json_int(o, "uid", -1);
    int64_t mode = hb_json_int(o, "mode", -1);
    int64_t size = hb_json_int(o, "size", -1);
    int type = word(o, "type", types, HB_ARRAY_LEN(types)), r;
    struct hb_pending p = {0};

    if (o->type != HB_JSON_OBJ || kind < 0 || uid < 0 || uid > UINT32_MAX ||
        hb_time_parse(hb_slice_z(hb_json_str(o, "time", "")), &p.time) < 0)
        return -EBADMSG;
    p.kind = (enum hb_change_kind)kind;
    p.uid = (uint32_t)uid;
    r = get_path(a, o, &p.path);
    if (r < 0)
        return r;
    /* What does not say so is taken for the worse. */
    p.executes = hb_json_bool(o, "executes", true) || hb_obeyed_name(p.path) ||
                 (p.kind != HB_CHANGE_REMOVED && hb_executes_name(p.path));
    if (p.kind != HB_CHANGE_REMOVED) {
        if (type < HB_BT_DIR || mode < 0 || mode > 07777 || size < 0 ||
            hb_unhex(hb_slice_z(hb_json_str(o, "sha256", "")), p.sha256,
                     HB_SHA256_SIZE) < 0)
            return -EBADMSG;
        p.type = (enum hb_base_type)type;
        p.executes = p.executes || p.type == HB_BT_LINK;
        p.mode = (uint16_t)mode;
        p.size = (uint64_t)size;
    }
    *ret = p;
    return 0;
}

static int get_path(struct hb_arena *a, const struct hb_json *o,
                    struct hb_slice *ret)
{
    const char *text = hb_json_str(o, "path", NULL);
    const char *hex = hb_json_str(o, "path_hex", NULL);
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    uint8_t raw[HB_MAX_PATH];
    char *copy;
    int r = 0;

    hb_buf_init(&b, HB_MAX_PATH);
    if ((text != NULL) == (hex != NULL))
        return -EBADMSG;
    if (text != NULL) {
        r = hb_path_unescape(hb_slice_z(text), &b, 0x20);
    } else {
        size_t n = strlen(hex) / 2;

        if (n > sizeof(raw) || hb_unhex(hb_slice_z(hex), raw, n) < 0)
            return -EBADMSG;
        hb_buf_add(&b, raw, n);
    }
    if (r < 0 || hb_buf_err(&b) < 0 || !hb_table_path_ok(hb_buf_slice(&b)) ||
        hb_utf8_valid(b.p, b.n) != (text != NULL))
        return -EBADMSG;
    copy = hb_arena_dup(a, b.p, b.n);
    if (copy == NULL)
        return -ENOMEM;
    *ret = hb_slice(copy, b.n);
    return 0;
}

static int word(const struct hb_json *o, const char *key,
                const char *const *words, size_t n)
{
    const char *z = hb_json_str(o, key, "");

    for (size_t i = 0; i < n; i++)
        if (hb_streq(z, words[i]))
            return (int)i;
    return -1;
}

/* --- static: accepting --- */

/* Reads the listed paths of the live tree into rel->over, and those that went
 * into GONE. */
static int collect(struct hb_release *rel, const struct hb_publish *how,
                   const struct hb_pending_list *list, struct hb_slice *gone,
                   size_t *ret_gone, struct hb_base_stats *stats,
                   struct hb_err *err)
{
    struct hb_base_build b = hb_release_build(rel, how);
    struct hb_tree *over = &rel->over;
    struct hb_slice *paths = calloc(list->n + 1, sizeof(*paths));
    size_t n = 0, kept = 0;
    int r;

    if (paths == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < list->n; i++)
        paths[i] = list->v[i].path;
    r = hb_tree_paths(&b, rel->objects, paths, list->n, over, stats, err);
    free(paths);
    for (size_t i = 0; r == 0 && i < list->n; i++) {
        const struct hb_pending *p = &list->v[i];
        _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;

        hb_path_escape(&name, p->path, 0x20);
        if (!as_listed(p, over->v[i]))
            return hb_err_at(err, -ESTALE, hb_buf_z(&name), 0, 0,
                             _("this has changed again since the list was "
                               "made"));
        if (!p->expressly && executes(rel->objects, p, over->v[i]))
            return hb_err_at(err, -EPERM, hb_buf_z(&name), 0, 0,
                             _("this is run or obeyed by the server; it must "
                               "be accepted expressly: its own path and "
                               "--executables"));
        if (p->kind == HB_CHANGE_REMOVED)
            gone[n++] = p->path;
        else
            over->v[kept++] = over->v[i];
    }
    over->n = r == 0 ? kept : over->n;
    *ret_gone = n;
    return r;
}

static bool as_listed(const struct hb_pending *p, const struct hb_base_entry *e)
{
    if (p->kind == HB_CHANGE_REMOVED || e == NULL)
        return p->kind == HB_CHANGE_REMOVED && e == NULL;
    if (e->type != p->type)
        return false;
    if (e->type != HB_BT_LINK && e->mode != p->mode)
        return false;
    if (e->type == HB_BT_DIR)
        return true;
    return e->size == p->size &&
           memcmp(e->sha256, p->sha256, HB_SHA256_SIZE) == 0;
}

/* By the very content that would be signed: the list is anybody's word. */
static bool executes(struct hb_objects *objects, const struct hb_pending *p,
                     const struct hb_base_entry *e)
{
    _cleanup_close_ int fd = -1;

    if (p->kind == HB_CHANGE_REMOVED)
        return hb_obeyed_name(p->path);
    /* What a link leads to is nobody's to know here, and may change. */
    if (e->type != HB_BT_FILE)
        return e->type == HB_BT_LINK;
    return hb_objects_open(objects, e->sha256, &fd) < 0 ||
           hb_executes_file(p->path, e->mode, e->size, fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.c - deploy windows: a JSON object signed by the person who opened it.
 *
 * Written by a short-lived client as root; read by compare for each batch of
 * changes.  {"signature": hex, "window": {...}}; the signature (domain
 * "window") covers the canonical JSON (RFC 8785) of the inner object.  Who is
 * named as opener decides which public key must fit, so a name that is not a
 * plain word never reaches a path.
 */
#include "baseline/window.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "baseline/table.h"

#define FILE_NAME "window.json"
#define MAX_SIZE  4096u

static int check(const struct hb_window *w);
static bool person_ok(const char *name);
static bool is_id(int sitedir, const char *id);
static int encode(const struct hb_window *w, struct hb_arena *a,
                  struct hb_json **ret, struct hb_buf *text);
static int decode(const struct hb_json *obj, struct hb_window *ret);
static int copy_str(const struct hb_json *obj, const char *key, char *dst,
                    size_t size);
static int time_of(const struct hb_json *obj, const char *key, int64_t *ret);

/* --- public --- */

int hb_window_open(int sitedir, const struct hb_window *w,
                   const struct hb_key *person, struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf out = HB_BUF_INIT;
    char hex[HB_SIG_SIZE * 2 + 1];
    uint8_t sig[HB_SIG_SIZE];
    struct hb_json *inner = NULL;
    int r = check(w);

    if (r < 0)
        (void)hb_err_set(err, r,
                         _("a window needs a user, an end at most 24 hours "
                           "away and who opened it"));
    if (r == 0)
        r = a != NULL ? encode(w, a, &inner, &text) : -ENOMEM;
    if (r == 0)
        r = hb_sign(person, "window", hb_buf_slice(&text), sig);
    if (r == 0) {
        struct hb_jw j;

        hb_hex(sig, sizeof(sig), hex);
        hb_jw_init(&j, &out);
        hb_jw_obj(&j, NULL);
        hb_jw_str(&j, "signature", hex);
        hb_jw_node(&j, "window", inner);
        hb_jw_end_obj(&j);
        hb_buf_addc(&out, '\n');
        r = hb_buf_err(&out);
    }
    if (r == 0)
        r = hb_file_write_at(sitedir, FILE_NAME, out.p, out.n, 0444);
    hb_arena_free(a);
    if (r < 0)
        return hb_err_set(err, r, _("the window could not be opened"));
    return 0;
}

int hb_window_read(int sitedir, const char *site, const char *people,
                   int64_t now, struct hb_window *ret, struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT;
    _cleanup_buf_ struct hb_buf path = HB_BUF_INIT;
    struct hb_json *top = NULL;
    const struct hb_json *inner;
    struct hb_pub *pub = NULL;
    uint8_t sig[HB_SIG_SIZE];
    struct hb_window w = {0};
    struct hb_slice file;
    int r = a != NULL ? hb_file_read_at(a, sitedir, FILE_NAME, MAX_SIZE, &file)
                      : -ENOMEM;

    if (r == 0)
        r = hb_json_parse(a, file, &top, NULL) < 0 ? -EBADMSG : 0;
    inner = hb_json_get(top, "window");
    if (r == 0 && (inner == NULL || top->count != 2 ||
                   hb_unhex(hb_slice_z(hb_json_str(top, "signature", "")), sig,
                            sizeof(sig)) < 0))
        r = -EBADMSG;
    if (r == 0)
        r = decode(inner, &w);
    if (r == 0) {
        hb_buf_addf(&path, "%s/%s.pub", people, w.opened_by);
        r = hb_buf_err(&path);
    }
    if (r == 0)
        r = hb_pub_load(path.p, &pub, err) < 0 ? -EKEYREJECTED : 0;
    if (r == 0)
        r = hb_json_write_jcs(&text, inner);
    if (r == 0)
        r = hb_verify(pub, "window", hb_buf_slice(&text), sig);
    if (r == 0 && !hb_streq(w.site, site))
        r = -EBADMSG;
    hb_pub_free(pub);
    hb_arena_free(a);
    if (r == -EBADMSG || r == -EKEYREJECTED)
        return hb_err_set(err, -EKEYREJECTED,
                          _("the deploy window of \"%s\" is not signed by who "
                            "is said to have opened it"),
                          site);
    if (r == 0 && (now >= w.until || now < w.opened))
        r = -ENOENT;
    if (r == 0)
        *ret = w;
    return r;
}

int hb_window_close(int sitedir, const char *id)
{
    if (id != NULL && !is_id(sitedir, id))
        return 0;
    if (unlinkat(sitedir, FILE_NAME, 0) < 0)
        return errno == ENOENT ? 0 : -errno;
    return hb_fsync(sitedir);
}

bool hb_window_covers(const struct hb_window *w, int64_t now, uint32_t uid,
                      bool (*in_tree)(void *arg, int32_t pid,
                                      uint64_t pid_start),
                      void *arg)
{
    if (now < w->opened || now >= w->until || uid != w->uid)
        return false;
    return w->pid == 0 || in_tree(arg, w->pid, w->pid_start);
}

/* --- static --- */

static int check(const struct hb_window *w)
{
    if (!hb_site_ok(w->site) || !person_ok(w->opened_by) || w->id[0] == '\0' ||
        w->pid < 0 || (w->pid == 0) != (w->pid_start == 0) ||
        w->pid_start >= 1ull << 53 || w->uid == UINT32_MAX || w->opened <= 0 ||
        w->until <= w->opened ||
        (uint64_t)(w->until - w->opened) > HB_WINDOW_MAX)
        return -EINVAL;
    return 0;
}

/* A file's name without any way out of its folder. */
static bool person_ok(const char *name)
{
    size_t n = strlen(name);

    if (n == 0 || n >= 64 || name[0] == '.' || name[0] == '-')
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == n;
}

/* By its word alone: who may open a window may close any. */
static bool is_id(int sitedir, const char *id)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_json *top = NULL;
    struct hb_slice file;

    if (a == NULL ||
        hb_file_read_at(a, sitedir, FILE_NAME, MAX_SIZE, &file) < 0 ||
        hb_json_parse(a, file, &top, NULL) < 0)
        return false;
    return hb_streq(hb_json_str(hb_json_get(top, "window"), "id", ""), id);
}

static int encode(const struct hb_window *w, struct hb_arena *a,
                  struct hb_json **ret, struct hb_buf *text)
{
    struct hb_json *o = hb_json_new(a, HB_JSON_OBJ);
    char opened[40], until[40];

    if (o == NULL)
        return -ENOMEM;
    (void)hb_time_utc(w->opened, opened, sizeof(opened));
    (void)hb_time_utc(w->until, until, sizeof(until));
    if (hb_json_add_str(a, o, "id", w->id) == NULL ||
        hb_json_add_str(a, o, "opened", opened) == NULL ||
        hb_json_add_str(a, o, "opened_by", w->opened_by) == NULL ||
        hb_json_add_int(a, o, "pid", w->pid) == NULL ||
        hb_json_add_int(a, o, "pid_start", (int64_t)w->pid_start) == NULL ||
        hb_json_add_str(a, o, "site", w->site) == NULL ||
        hb_json_add_int(a, o, "uid", w->uid) == NULL ||
        hb_json_add_str(a, o, "until", until) == NULL)
        return -ENOMEM;
    *ret = o;
    return hb_json_write_jcs(text, o);
}

static int decode(const struct hb_json *obj, struct hb_window *ret)
{
    struct hb_window w = {0};
    int64_t pid = hb_json_int(obj, "pid", -1);
    int64_t start = hb_json_int(obj, "pid_start", -1);
    int64_t uid = hb_json_int(obj, "uid", -1);

    if (obj->type != HB_JSON_OBJ || obj->count != 8 || pid < 0 ||
        pid > INT32_MAX || start < 0 || uid < 0 || uid >= UINT32_MAX)
        return -EBADMSG;
    w.pid = (int32_t)pid;
    w.pid_start = (uint64_t)start;
    w.uid = (uint32_t)uid;
    if (copy_str(obj, "id", w.id, sizeof(w.id)) < 0 ||
        copy_str(obj, "site", w.site, sizeof(w.site)) < 0 ||
        copy_str(obj, "opened_by", w.opened_by, sizeof(w.opened_by)) < 0 ||
        time_of(obj, "opened", &w.opened) < 0 ||
        time_of(obj, "until", &w.until) < 0 || check(&w) < 0)
        return -EBADMSG;
    *ret = w;
    return 0;
}

static int copy_str(const struct hb_json *obj, const char *key, char *dst,
                    size_t size)
{
    const char *z = hb_json_str(obj, key, NULL);

    if (z == NULL || strlen(z) >= size)
        return -EBADMSG;
    memcpy(dst, z, strlen(z) + 1);
    return 0;
}

static int time_of(const struct hb_json *obj, const char *key, int64_t *ret)
{
    const char *z = hb_json_str(obj, key, NULL);

    return z != NULL ? hb_time_parse(hb_slice_z(z), ret) : -EBADMSG;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reflex.c - reflexes: what the officer allowed in advance, as a signed file
 * of etc/reflexes.
 *
 * The helper reads them (root-owned, verified before they are parsed); the
 * command line writes them.  The signature covers the exact bytes of the
 * file, so that nothing depends on how JSON is written.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/json.h"
#include "base/num.h"
#include "respond/approval.h"
#include "respond/catalogue.h"

#define REFLEX_FILE_MAX (64u << 10)

static int read_actions(const struct hb_json *list, struct hb_reflex *r);
static int read_sites(const struct hb_json *list, struct hb_reflex *r);
static int check(const struct hb_reflex *r);
static int path_of(const char *etc_dir, const char *id, const char *ending,
                   char *path, struct hb_err *err);

int hb_reflex_parse(struct hb_slice json, struct hb_reflex *ret,
                    struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(4u << 20);
    struct hb_reflex r = {0};
    struct hb_json *j;
    int64_t rate, within;
    int k;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    k = hb_json_parse(a, json, &j, err);
    if (k < 0)
        return k;
    rate = hb_json_int(j, "rate", -1);
    within = hb_json_int(j, "within", -1);
    if (hb_json_int(j, "version", 0) != 1 ||
        !hb_copyz(r.id, sizeof(r.id), hb_json_str(j, "id", "")) ||
        !hb_copyz(r.by, sizeof(r.by), hb_json_str(j, "by", "")) ||
        !hb_copyz(r.reason, sizeof(r.reason), hb_json_str(j, "reason", "")) ||
        hb_time_parse(hb_slice_z(hb_json_str(j, "from", "")), &r.from) < 0 ||
        hb_time_parse(hb_slice_z(hb_json_str(j, "until", "")), &r.until) < 0 ||
        read_actions(hb_json_get(j, "actions"), &r) < 0 ||
        read_sites(hb_json_get(j, "sites"), &r) < 0 || rate < 1 ||
        rate > 1000000 || within < 1 || within > 86400)
        return hb_err_set(err, -EBADMSG, _("not a reflex of this version"));
    r.rate = (uint32_t)rate;
    r.within = (uint32_t)within;
    if (check(&r) < 0)
        return hb_err_set(err, -EBADMSG, _("not a reflex of this version"));
    *ret = r;
    return 0;
}

void hb_reflex_write(struct hb_buf *b, const struct hb_reflex *r)
{
    char time[32];
    struct hb_jw w;

    hb_jw_init(&w, b);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "version", 1);
    hb_jw_str(&w, "id", r->id);
    hb_jw_str(&w, "by", r->by);
    hb_jw_arr(&w, "actions");
    for (unsigned i = 1; i < HB_ACT_COUNT; i++) {
        if ((r->actions & 1u << i) != 0)
            hb_jw_str(&w, NULL, hb_action_name(i));
    }
    hb_jw_end_arr(&w);
    hb_jw_arr(&w, "sites");
    if (r->all_sites)
        hb_jw_str(&w, NULL, "*");
    for (size_t i = 0; !r->all_sites && i < r->n_sites; i++)
        hb_jw_str(&w, NULL, r->sites[i]);
    hb_jw_end_arr(&w);
    hb_jw_str(&w, "from", hb_time_utc(r->from, time, sizeof(time)));
    hb_jw_str(&w, "until", hb_time_utc(r->until, time, sizeof(time)));
    hb_jw_int(&w, "rate", r->rate);
    hb_jw_int(&w, "within", r->within);
    hb_jw_str(&w, "reason", r->reason);
    hb_jw_end_obj(&w);
    hb_buf_addc(b, '\n');
}

int hb_reflex_load(const char *etc_dir, const char *id, struct hb_reflex *ret,
                   struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(1u << 20);
    struct hb_slice json, sig;
    enum hb_person_role role;
    struct hb_pub *pub = NULL;
    struct hb_reflex x;
    char path[HB_MAX_PATH];
    int r;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    r = path_of(etc_dir, id, "json", path, err);
    if (r < 0)
        return r;
    r = hb_file_read(a, path, REFLEX_FILE_MAX, &json);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, _("cannot be read"));
    r = hb_reflex_parse(json, &x, err);
    if (r < 0)
        return r;
    if (!hb_streq(x.id, id))
        return hb_err_at(err, -EBADMSG, path, 0, 0,
                         _("names another reflex: %s"), x.id);
    (void)path_of(etc_dir, id, "sig", path, err);
    r = hb_file_read(a, path, HB_SIG_SIZE, &sig);
    if (r < 0)
        return hb_err_at(err, r, path, 0, 0, _("cannot be read"));
    r = hb_person_load(etc_dir, x.by, &pub, &role, err);
    if (r < 0)
        return r;
    if (role != HB_PERSON_OFFICER)
        r = hb_err_at(err, -EKEYREJECTED, path, 0, 0,
                      _("%s is not the officer"), x.by);
    else if (sig.n != HB_SIG_SIZE ||
             hb_verify(pub, "reflex", json, (const uint8_t *)sig.p) != 0)
        r = hb_err_at(err, -EKEYREJECTED, path, 0, 0,
                      _("the signature does not hold"));
    hb_pub_free(pub);
    if (r >= 0)
        *ret = x;
    return r;
}

int hb_reflex_save(const char *etc_dir, const struct hb_reflex *r,
                   const struct hb_key *key, struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;
    uint8_t sig[HB_SIG_SIZE];
    char path[HB_MAX_PATH];
    int k;

    if (check(r) < 0)
        return hb_err_set(err, -EINVAL,
                          _("a reflex needs actions, sites, times and a rate"));
    if (snprintf(path, sizeof(path), "%s/reflexes", etc_dir) >=
        (int)sizeof(path))
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    hb_reflex_write(&b, r);
    k = hb_buf_err(&b);
    if (k >= 0)
        k = hb_sign(key, "reflex", hb_buf_slice(&b), sig);
    if (k >= 0)
        k = hb_mkdirs(path, 0755);
    if (k >= 0)
        k = path_of(etc_dir, r->id, "sig", path, err);
    /* The signature first: JSON without one is no reflex. */
    if (k >= 0)
        k = hb_file_write(path, sig, sizeof(sig), 0644);
    if (k >= 0)
        k = path_of(etc_dir, r->id, "json", path, err);
    if (k >= 0)
        k = hb_file_write(path, b.p, b.n, 0644);
    if (k < 0)
        return hb_err_at(err, k, path, 0, 0, _("cannot be written"));
    return 0;
}

int hb_reflex_revoke(const char *etc_dir, const char *id, struct hb_err *err)
{
    char path[HB_MAX_PATH];
    int r;

    r = path_of(etc_dir, id, "json", path, err);
    if (r < 0)
        return r;
    if (unlink(path) < 0)
        return hb_err_at(err, -errno, path, 0, 0, _("cannot be removed"));
    r = path_of(etc_dir, id, "sig", path, err);
    if (r >= 0 && unlink(path) < 0 && errno != ENOENT)
        return hb_err_at(err, -errno, path, 0, 0, _("cannot be removed"));
    return r;
}

static int read_actions(const struct hb_json *list, struct hb_reflex *r)
{
    if (list == NULL || list->type != HB_JSON_ARR)
        return -EBADMSG;
    HB_JSON_EACH (item, list) {
        enum hb_action a = 0;

        if (item->type == HB_JSON_STR)
            a = hb_catalogue_find(item->str);
        if (a == 0)
            return -EBADMSG;
        r->actions |= 1u << a;
    }
    return 0;
}

static int read_sites(const struct hb_json *list, struct hb_reflex *r)
{
    if (list == NULL || list->type != HB_JSON_ARR ||
        list->count > HB_REFLEX_SITES)
        return -EBADMSG;
    HB_JSON_EACH (item, list) {
        if (item->type != HB_JSON_STR)
            return -EBADMSG;
        if (hb_slice_eq(item->str, HB_SLICE("*"))) {
            r->all_sites = true;
            continue;
        }
        if (!hb_copyz(r->sites[r->n_sites], sizeof(r->sites[0]), item->str.p))
            return -EBADMSG;
        r->n_sites++;
    }
    /* "*" beside names would read as a scope that it is not. */
    return r->all_sites && r->n_sites > 0 ? -EBADMSG : 0;
}

static int check(const struct hb_reflex *r)
{
    if (!hb_person_name_valid(r->id) || !hb_person_name_valid(r->by) ||
        r->actions == 0 || (!r->all_sites && r->n_sites == 0) ||
        r->n_sites > HB_REFLEX_SITES || r->until <= r->from ||
        r->until - r->from > HB_REFLEX_LIFETIME || r->rate == 0 ||
        r->within == 0)
        return -EINVAL;
    /* What always needs a person cannot be given away in advance. */
    for (unsigned i = 1; i < HB_ACT_COUNT; i++) {
        const struct hb_catalogue_row *row = hb_catalogue(i);

        if ((r->actions & 1u << i) != 0 && row->policy != HB_POLICY_REFLEX)
            return -EINVAL;
    }
    return 0;
}

static int path_of(const char *etc_dir, const char *id, const char *ending,
                   char *path, struct hb_err *err)
{
    if (!hb_person_name_valid(id))
        return hb_err_set(err, -EINVAL, _("not a name of a reflex: %s"), id);
    if (snprintf(path, HB_MAX_PATH, "%s/reflexes/%s.%s", etc_dir, id, ending) >=
        (int)HB_MAX_PATH)
        return hb_err_set(err, -ENAMETOOLONG, _("the path is too long"));
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * people.c - brings the people of etc/people into the state store.
 *
 * Runs in core, at its start, on SIGHUP and on request.  The directory is
 * root's and is the one source: NAME.json says who it is, NAME.pub is the
 * person's public key, and the helper reads the same two files.  A person
 * whose files are gone is set inactive, never deleted: the record names them.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/file.h"
#include "base/log.h"
#include "core/core.h"

#define FILE_MAX_BYTES 16384

static int read_one(struct hb_core *c, struct hb_arena *a, const char *name);
static int retire(struct hb_core *c, struct hb_arena *a, const char *dir);

int hb_core_people_sync(struct hb_core *c, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char dir[HB_MAX_PATH], bad[96] = "";
    struct dirent *e;
    int r = 0;
    DIR *d;

    if (a == NULL)
        return -ENOMEM;
    (void)snprintf(dir, sizeof(dir), "%s/people", c->ctx->etc_dir);
    d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT
                   ? 0
                   : hb_err_set(err, -errno, "%s: %s", dir, strerror(errno));
    /* First those who are gone: their account may be another's by now. */
    r = retire(c, a, dir);
    while (r == 0 && (e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);

        if (n <= 5 || !hb_streq(e->d_name + n - 5, ".json"))
            continue;
        r = read_one(c, a, hb_arena_dup(a, e->d_name, n - 5));
        if (r < 0 && r != -ENOMEM && r != -EIO && r != -ENOSPC) {
            /* One bad file must not hide the other people. */
            hb_log(HB_LOG_ERR, "%s/%s is not a person's record: %s", dir,
                   e->d_name,
                   r == -EEXIST ? "another person has this uid" : strerror(-r));
            (void)snprintf(bad, sizeof(bad), "people/%.80s", e->d_name);
            r = 0;
        }
    }
    (void)closedir(d);
    if (r == 0 && bad[0] != '\0')
        hb_core_say(c, HB_SEV_MEDIUM, "person-refused", bad);
    if (r == 0)
        hb_core_decided(c);
    return r < 0 ? hb_err_set(err, r, "%s: %s", dir, strerror(-r)) : 0;
}

static int read_one(struct hb_core *c, struct hb_arena *a, const char *name)
{
    struct hb_person p = {.name = name};
    const char *dir = c->ctx->etc_dir, *path, *deputy;
    struct hb_slice text;
    struct hb_json *o = NULL;
    struct hb_pub *pub;
    unsigned role;
    int r;

    if (name == NULL ||
        (path = hb_arena_printf(a, "%s/people/%s.json", dir, name)) == NULL)
        return -ENOMEM;
    r = hb_file_read(a, path, FILE_MAX_BYTES, &text);
    if (r == 0)
        r = hb_json_parse(a, text, &o, NULL);
    if (r < 0)
        return r;
    p.full_name = hb_json_str(o, "full_name", name);
    p.uid = hb_json_int(o, "uid", -1);
    p.mail = hb_json_str(o, "mail", "");
    p.phone = hb_json_str(o, "phone", "");
    p.active = hb_json_bool(o, "active", true);
    r = hb_person_roles_parse(
        hb_json_str(o, "roles", hb_json_str(o, "role", "")), &p.roles);
    if (r < 0 || p.uid == 0)
        return -EINVAL;
    path = hb_arena_printf(a, "%s/people/%s.pub", dir, name);
    if (path == NULL)
        return -ENOMEM;
    if (hb_pub_load(path, &pub, NULL) == 0) {
        r = hb_pub_raw(pub, p.pub);
        hb_pub_free(pub);
    }
    if (r == 0)
        r = hb_person_put(&c->state, &p);
    deputy = hb_json_str(o, "deputy_of", "");
    if (r == 0 && deputy[0] != '\0' &&
        hb_person_roles_parse(deputy, &role) == 0) {
        struct hb_person kept;

        r = hb_person_by_name(&c->state, a, name, &kept);
        if (r == 0)
            r = hb_deputy_set(&c->state, role, kept.id,
                              (int)hb_json_int(o, "rank", 1));
    }
    return r;
}

struct retiring {
    const char *dir;
    struct hb_arena *a;
    int64_t ids[256];
    size_t n;
};

static int gone(void *arg, const struct hb_person *p)
{
    struct retiring *t = arg;
    const char *path = hb_arena_printf(t->a, "%s/%s.json", t->dir, p->name);

    if (path == NULL)
        return -ENOMEM;
    if ((p->active || p->uid >= 0) && access(path, F_OK) < 0 &&
        errno == ENOENT && t->n < HB_ARRAY_LEN(t->ids))
        t->ids[t->n++] = p->id;
    return 0;
}

static int retire(struct hb_core *c, struct hb_arena *a, const char *dir)
{
    struct retiring t = {.dir = dir, .a = a};
    int r = hb_person_each(&c->state, gone, &t);

    for (size_t i = 0; i < t.n && r == 0; i++)
        r = hb_db_exec(c->state.db,
                       "UPDATE person SET active = 0, uid = -1 WHERE id = ?1",
                       "i", t.ids[i]);
    return r;
}

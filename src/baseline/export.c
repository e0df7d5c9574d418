/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.c - copies a release as it was signed.
 *
 * Content goes first and the pointer last: a copy that was cut off compares
 * with nothing instead of with half of it.
 */
#include "baseline/export.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "baseline/object.h"
#include "baseline/table.h"

static int copy_content(int from, int to, const struct hb_baseline *b,
                        hb_export_fn *take);
static int make_dir(int at, const char *name, int *ret);
static int copy_one(int from, struct hb_objects *o,
                    const struct hb_base_entry *e, struct hb_sha256 *scratch);
static int copy_release(int from, int to, uint64_t number);
static int copy_file(int from, int to, const char *name);

int hb_baseline_export(int from, int to, const char *site,
                       const struct hb_pub *pub, hb_export_fn *take,
                       uint64_t *ret, struct hb_err *err)
{
    _cleanup_baseline_ struct hb_baseline *b = NULL, *copy = NULL;
    _cleanup_close_ int old = -1, fresh = -1;
    uint64_t number;
    char why[128];
    int r;

    old = openat(from, site, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (old < 0)
        return hb_err_set(err, hb_neg_errno(),
                          _("the site \"%s\" has no baseline yet"), site);
    r = hb_baseline_open(old, site, 0, 0, pub, &b, err);
    if (r < 0)
        return r;
    number = hb_baseline_number(b);
    r = copy_content(from, to, b, take);
    if (r == 0)
        r = make_dir(to, site, &fresh);
    if (r == 0)
        r = copy_release(old, fresh, number);
    /* What was copied is what was signed, not what it was when it was read. */
    if (r == 0)
        r = hb_baseline_open(fresh, site, number, 0, pub, &copy, err);
    if (r == 0)
        r = hb_base_point(fresh, "current", number);
    if (r == 0)
        *ret = number;
    if (r < 0)
        return hb_err_set(err, r, _("the release could not be copied: %s"),
                          hb_errno_text(r, why, sizeof(why)));
    return 0;
}

static int copy_content(int from, int to, const struct hb_baseline *b,
                        hb_export_fn *take)
{
    struct hb_sha256 *scratch = hb_sha256_new();
    _cleanup_close_ int objects = -1, into = -1;
    struct hb_objects *o = NULL;
    struct hb_base_entry e;
    int r = scratch != NULL ? 0 : -ENOMEM;

    if (r == 0)
        r = make_dir(to, "objects", &into);
    if (r == 0) {
        objects = openat(from, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = objects < 0 ? hb_neg_errno() : hb_objects_begin(into, &o);
    }
    for (uint32_t i = 0; r == 0 && i < hb_baseline_count(b); i++) {
        r = hb_baseline_get(b, i, &e);
        if (r == 0 && e.type == HB_BT_FILE && take(&e))
            r = copy_one(objects, o, &e, scratch);
    }
    if (r == 0)
        r = hb_objects_commit(o);
    hb_objects_end(o);
    hb_sha256_free(scratch);
    return r;
}

/* A new one; a link, or what somebody else put there, is refused. */
static int make_dir(int at, const char *name, int *ret)
{
    if (mkdirat(at, name, 0700) < 0)
        return hb_neg_errno();
    *ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return *ret < 0 ? hb_neg_errno() : 0;
}

static int copy_one(int from, struct hb_objects *o,
                    const struct hb_base_entry *e, struct hb_sha256 *scratch)
{
    _cleanup_close_ int fd = -1;
    int r = hb_object_open(from, e->sha256, &fd);

    if (r == 0)
        r = hb_objects_copy(o, e->sha256, e->size, fd, scratch);
    return r < 0 ? r : 0;
}

/* A table with its signature, or a manifest with its; whichever it was, the
 * caller opens the copy. */
static int copy_release(int from, int to, uint64_t number)
{
    static const char *const suffixes[] = {"base", "sig", "manifest", "msig"};

    for (size_t i = 0; i < HB_ARRAY_LEN(suffixes); i++) {
        char name[HB_BASE_NAME_SIZE];
        int r;

        hb_base_name(number, suffixes[i], name);
        r = copy_file(from, to, name);
        if (r < 0 && r != -ENOENT)
            return r;
    }
    return 0;
}

static int copy_file(int from, int to, const char *name)
{
    _cleanup_close_ int in =
        openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    _cleanup_close_ int out = -1;

    if (in < 0)
        return hb_neg_errno();
    out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    return out < 0 ? hb_neg_errno() : hb_copy_fd(in, out);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish.c - a release tree becomes the next baseline (publish.h).
 *
 * Runs as root in a short-lived client that a person started with the publish
 * key, or without it for a manifest that a build host signed.  The release
 * tree may change while it is read (tree.c); what is signed is what was read,
 * shown to the person and stored, not what lies there afterwards.
 *
 * Order: content durable under temporary names, names durable, table durable,
 * signature durable, pointer renamed and durable.  Whatever stops it, the
 * pointer names a baseline that is whole.
 */
#include "baseline/publish.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "baseline/manifest.h"
#include "baseline/release.h"

struct counter {
    const struct hb_publish *how;
    struct hb_published *out;
};

/* What of a tree is not as its manifest says. */
struct mismatch {
    struct hb_err *err;
};

static int next_number(struct hb_release *rel, uint64_t floor);
static uint64_t known(const struct hb_release *rel, uint64_t floor);
static int make_dir(int at, const char *name, bool make, int *ret_fd);
static int count(void *arg, enum hb_change_kind kind, int bits,
                 const struct hb_base_entry *e);
static int overlay(struct hb_release *rel, const struct hb_publish *how,
                   struct hb_tree *ret, struct hb_base_stats *stats,
                   struct hb_err *err);
static int differs(void *arg, enum hb_change_kind kind, int bits,
                   const struct hb_base_entry *e);
static int write_manifest(int dirfd, uint64_t number, struct hb_slice text,
                          const uint8_t sig[HB_SIG_SIZE]);
static int with_next(int basedir, const char *site, int *ret_dir, int *ret_lock,
                     struct hb_err *err);

/* --- public --- */

int hb_publish(const struct hb_publish *how, struct hb_published *ret,
               struct hb_err *err)
{
    struct hb_release rel = HB_RELEASE_INIT;
    struct hb_base_stats stats = {0};
    struct hb_tree tree = {0};
    int r;

    r = hb_release_begin(&rel, how, err);
    if (r == 0 && how->overlay) {
        r = overlay(&rel, how, &tree, &stats, err);
    } else if (r == 0) {
        struct hb_base_build b = hb_release_build(&rel, how);

        r = hb_tree_scan(&b, rel.objects, &tree, &stats, err);
    }
    if (r == 0)
        r = hb_release_end(&rel, how, &tree, &stats, ret, err);
    hb_tree_done(&tree);
    hb_release_done(&rel);
    return r;
}

int hb_publish_manifest(const struct hb_publish *how, struct hb_slice text,
                        const uint8_t sig[HB_SIG_SIZE],
                        struct hb_published *ret, struct hb_err *err)
{
    _cleanup_baseline_ struct hb_baseline *next = NULL;
    _cleanup_baseline_ struct hb_baseline *found = NULL;
    struct hb_release rel = HB_RELEASE_INIT;
    struct hb_published out = {0};
    struct hb_tree tree = {0};
    struct mismatch bad = {err};
    struct hb_base_entry top;
    int64_t n = 0;
    int r;

    r = hb_manifest_verify(text, sig, how->pub, how->site, hb_now(), &next,
                           err);
    if (r < 0)
        return r;
    r = hb_release_begin(&rel, how, err);
    if (r == 0 && hb_baseline_number(next) <= known(&rel, how->floor))
        r = hb_err_set(err, -ESTALE,
                       _("the manifest's number is %llu, and %llu has been "
                         "in force or on its way"),
                       (unsigned long long)hb_baseline_number(next),
                       (unsigned long long)known(&rel, how->floor));
    if (r == 0)
        r = hb_baseline_get(next, 0, &top);
    if (r == 0) {
        struct hb_base_build b = hb_release_build(&rel, how);
        struct hb_table_head head = {how->site, hb_baseline_number(next),
                                     hb_baseline_created(next)};

        b.ignore = NULL;
        b.n_ignore = 0;
        b.set_owner = true;
        b.uid = top.uid;
        b.gid = top.gid;
        r = hb_tree_scan(&b, rel.objects, &tree, &out.stats, err);
        if (r == 0)
            r = hb_base_make(&head, &tree, &found);
    }
    if (r == 0)
        n = hb_baseline_diff(next, found, differs, &bad);
    if (n < 0)
        r = (int)n;
    if (r == 0)
        r = hb_release_show(&rel, how, next, &out);
    if (r == 0 && !how->dry_run) {
        r = hb_objects_commit(rel.objects);
        if (r == 0)
            r = write_manifest(rel.site, hb_baseline_number(next), text, sig);
        if (r == 0)
            r = hb_release_point(&rel, how, hb_baseline_number(next));
        out.number = hb_baseline_number(next);
    }
    hb_tree_done(&tree);
    hb_release_done(&rel);
    if (r < 0)
        return hb_err_set(err, r, _("the release could not be published"));
    *ret = out;
    return 0;
}

int hb_publish_finish(int basedir, const char *site, const struct hb_pub *pub,
                      struct hb_err *err)
{
    _cleanup_baseline_ struct hb_baseline *next = NULL;
    _cleanup_close_ int dir = -1;
    _cleanup_close_ int lock = -1;
    uint64_t number = 0, current = 0;
    int r;

    r = with_next(basedir, site, &dir, &lock, err);
    if (r == 0)
        r = hb_baseline_number_of(dir, "next", &number);
    if (r == -ENOENT)
        return hb_err_set(err, r, _("no release of \"%s\" is on its way"),
                          site);
    if (r == 0 && hb_baseline_number_of(dir, "current", &current) == 0 &&
        current > number)
        return hb_err_set(err, -ESTALE,
                          _("baseline %llu is in force, which is newer"),
                          (unsigned long long)current);
    if (r == 0)
        r = hb_baseline_open(dir, site, number, 0, pub, &next, err);
    if (r == 0)
        r = hb_base_point(dir, "current", number);
    if (r == 0 && unlinkat(dir, "next", 0) < 0)
        r = -errno;
    if (r == 0)
        r = hb_fsync(dir);
    if (r < 0)
        return hb_err_set(err, r, _("the release could not be published"));
    return 0;
}

int hb_publish_abandon(int basedir, const char *site, struct hb_err *err)
{
    _cleanup_close_ int dir = -1;
    _cleanup_close_ int lock = -1;
    int r = with_next(basedir, site, &dir, &lock, err);

    if (r == 0 && unlinkat(dir, "next", 0) < 0)
        r = -errno;
    if (r == -ENOENT)
        return hb_err_set(err, r, _("no release of \"%s\" is on its way"),
                          site);
    if (r == 0)
        r = hb_fsync(dir);
    return r;
}

/* --- inside baseline/ --- */

int hb_release_begin(struct hb_release *rel, const struct hb_publish *how,
                     struct hb_err *err)
{
    _cleanup_close_ int objdir = -1;
    int r;

    if (!hb_site_ok(how->site))
        return hb_err_set(err, -EINVAL, _("\"%s\" is no name for a site"),
                          how->site);
    rel->tree = open(how->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rel->tree < 0)
        return hb_err_at(err, -errno, how->tree, 0, 0,
                         _("the release tree could not be opened"));
    r = make_dir(how->basedir, how->site, !how->dry_run, &rel->site);
    if (r == 0)
        r = make_dir(how->basedir, "objects", !how->dry_run, &objdir);
    if (r == 0 && !how->dry_run) {
        r = hb_objects_lock(objdir, &rel->lock);
        if (r == -EBUSY)
            return hb_err_set(err, r, _("somebody else is publishing"));
        if (r == 0)
            r = hb_objects_begin(objdir, &rel->objects);
    }
    if (r < 0)
        return hb_err_set(err, r,
                          _("the baseline directory cannot be written"));
    if (rel->site < 0) {
        rel->number = how->floor + 1; /* a dry run for a new site */
        return 0;
    }
    r = hb_baseline_open(rel->site, how->site, 0, how->floor, how->pub,
                         &rel->old, NULL);
    /* Only "there is none" is a beginning; one that does not verify is not
     * built upon and not silently replaced. */
    if (r < 0 && r != -ENOENT)
        return hb_baseline_open(rel->site, how->site, 0, how->floor, how->pub,
                                &rel->old, err);
    if (rel->old == NULL &&
        faccessat(rel->site, "current", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return hb_err_set(err, -ENOENT,
                          _("the baseline in force for \"%s\" is missing"),
                          how->site);
    return next_number(rel, how->floor);
}

struct hb_base_build hb_release_build(const struct hb_release *rel,
                                      const struct hb_publish *how)
{
    return (struct hb_base_build){.site = how->site,
                                  .root = rel->tree,
                                  .dir = -1,
                                  .objdir = -1,
                                  .ignore = how->ignore,
                                  .n_ignore = how->n_ignore,
                                  .threads = how->threads,
                                  .max_file = how->max_file,
                                  .set_owner = how->set_owner,
                                  .uid = how->uid,
                                  .gid = how->gid,
                                  .progress = how->progress,
                                  .arg = how->arg};
}

int hb_release_show(struct hb_release *rel, const struct hb_publish *how,
                    const struct hb_baseline *next, struct hb_published *out)
{
    struct counter c = {how, out};
    int64_t n = hb_baseline_diff(rel->old, next, count, &c);

    out->previous = rel->old != NULL ? hb_baseline_number(rel->old) : 0;
    return n < 0 ? (int)n : 0;
}

int hb_release_point(struct hb_release *rel, const struct hb_publish *how,
                     uint64_t number)
{
    int r = hb_base_point(rel->site, how->stage ? "next" : "current", number);

    /* A release that was on its way has been overtaken. */
    if (r == 0 && !how->stage && unlinkat(rel->site, "next", 0) == 0)
        r = hb_fsync(rel->site);
    return r;
}

int hb_release_end(struct hb_release *rel, const struct hb_publish *how,
                   const struct hb_tree *tree,
                   const struct hb_base_stats *stats, struct hb_published *ret,
                   struct hb_err *err)
{
    _cleanup_baseline_ struct hb_baseline *next = NULL;
    struct hb_table_head head = {how->site, rel->number, hb_now()};
    struct hb_published out = {.stats = *stats};
    int r;

    r = hb_base_make(&head, tree, &next);
    if (r == 0)
        r = hb_release_show(rel, how, next, &out);
    if (r == 0 && !how->dry_run) {
        if (how->key == NULL)
            return hb_err_set(err, -ENOKEY, _("publishing needs the key"));
        r = hb_objects_commit(rel->objects);
        if (r == 0)
            r = hb_base_write(rel->site, next);
        if (r == 0)
            r = hb_base_sign(rel->site, next, how->key);
        if (r == 0)
            r = hb_release_point(rel, how, rel->number);
        out.number = rel->number;
    }
    if (r < 0)
        return hb_err_set(err, r, _("the release could not be published"));
    *ret = out;
    return 0;
}

void hb_release_done(struct hb_release *rel)
{
    hb_objects_end(rel->objects);
    hb_tree_done(&rel->over);
    hb_baseline_free(rel->old);
    hb_close(&rel->tree);
    hb_close(&rel->site);
    hb_close(&rel->lock);
    *rel = (struct hb_release)HB_RELEASE_INIT;
}

/* --- static --- */

/* Above everything that was ever seen, also what a crash left unsigned. */
static int next_number(struct hb_release *rel, uint64_t floor)
{
    struct hb_arena *a = hb_arena_new(0);
    uint64_t *v = NULL, highest = floor;
    size_t n = 0;
    int r = a != NULL ? hb_base_numbers(rel->site, a, &v, &n) : -ENOMEM;

    if (r == 0 && n > 0)
        highest = HB_MAX(highest, v[n - 1]);
    if (r == 0 && rel->old != NULL)
        highest = HB_MAX(highest, hb_baseline_number(rel->old));
    hb_arena_free(a);
    if (r < 0)
        return r;
    if (highest == UINT64_MAX)
        return -EOVERFLOW;
    rel->number = highest + 1;
    return 0;
}

/* The highest number that was in force or is on its way. */
static uint64_t known(const struct hb_release *rel, uint64_t floor)
{
    uint64_t next;

    if (rel->old != NULL)
        floor = HB_MAX(floor, hb_baseline_number(rel->old));
    if (rel->site >= 0 && hb_baseline_number_of(rel->site, "next", &next) == 0)
        floor = HB_MAX(floor, next);
    return floor;
}

static int make_dir(int at, const char *name, bool make, int *ret_fd)
{
    int fd;

    if (!make) {
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return errno == ENOENT ? 0 : -errno;
        *ret_fd = fd;
        return 0;
    }
    if (mkdirat(at, name, 0755) == 0) {
        /* umask must not decide who may read. */
        if (fchmodat(at, name, 0755, 0) < 0)
            return -errno;
    } else if (errno != EEXIST) {
        return -errno;
    }
    fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return hb_fsync(at);
}

static int count(void *arg, enum hb_change_kind kind, int bits,
                 const struct hb_base_entry *e)
{
    struct counter *c = arg;

    switch (kind) {
    case HB_CHANGE_ADDED:
        c->out->added++;
        break;
    case HB_CHANGE_CHANGED:
        c->out->changed++;
        break;
    case HB_CHANGE_REMOVED:
        c->out->removed++;
        break;
    }
    if (c->how->changes == NULL)
        return 0;
    return c->how->changes(c->how->arg, kind, bits, e);
}

static int overlay(struct hb_release *rel, const struct hb_publish *how,
                   struct hb_tree *ret, struct hb_base_stats *stats,
                   struct hb_err *err)
{
    struct hb_base_build b = hb_release_build(rel, how);
    _cleanup_free_ struct hb_slice *gone =
        calloc(how->n_remove + 1, sizeof(*gone));
    int r;

    if (gone == NULL)
        return -ENOMEM;
    if (rel->old == NULL)
        return hb_err_set(err, -ENOENT,
                          _("the site \"%s\" has no baseline yet"), how->site);
    for (size_t i = 0; i < how->n_remove; i++) {
        struct hb_base_entry e;

        gone[i] = hb_slice_z(how->remove[i]);
        if (gone[i].n == 0 || hb_baseline_find(rel->old, gone[i], &e) < 0)
            return hb_err_at(err, -ENOENT, how->remove[i], 0, 0,
                             _("the site has no such path"));
    }
    r = hb_tree_scan(&b, rel->objects, &rel->over, stats, err);
    if (r < 0)
        return r;
    return hb_tree_lay(rel->old, &rel->over, true, gone, how->n_remove, ret);
}

/* Hard links are no matter of a manifest. */
static int differs(void *arg, enum hb_change_kind kind, int bits,
                   const struct hb_base_entry *e)
{
    _cleanup_buf_ struct hb_buf name = HB_BUF_INIT;
    struct mismatch *m = arg;

    if (kind == HB_CHANGE_CHANGED && (bits & ~HB_BD_LINKS) == 0)
        return 0;
    hb_path_escape(&name, e->path, 0x20);
    switch (kind) {
    case HB_CHANGE_ADDED:
        return hb_err_at(m->err, -EBADE, hb_buf_z(&name), 0, 0,
                         _("the manifest does not list this"));
    case HB_CHANGE_REMOVED:
        return hb_err_at(m->err, -EBADE, hb_buf_z(&name), 0, 0,
                         _("the manifest lists this, and it is missing"));
    default:
        return hb_err_at(m->err, -EBADE, hb_buf_z(&name), 0, 0,
                         _("this is not what the manifest lists"));
    }
}

static int write_manifest(int dirfd, uint64_t number, struct hb_slice text,
                          const uint8_t sig[HB_SIG_SIZE])
{
    char name[HB_BASE_NAME_SIZE];
    int r;

    /* What a crash left under this number, never in force, would be found
     * first. */
    hb_base_name(number, "base", name);
    if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
        return -errno;
    hb_base_name(number, "manifest", name);
    r = hb_file_write_at(dirfd, name, text.p, text.n, 0444);
    if (r < 0)
        return r;
    hb_base_name(number, "msig", name);
    return hb_file_write_at(dirfd, name, sig, HB_SIG_SIZE, 0444);
}

static int with_next(int basedir, const char *site, int *ret_dir, int *ret_lock,
                     struct hb_err *err)
{
    _cleanup_close_ int objdir = -1;
    int dir, r;

    if (!hb_site_ok(site))
        return hb_err_set(err, -EINVAL, _("\"%s\" is no name for a site"),
                          site);
    objdir = openat(basedir, "objects",
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (objdir < 0)
        return -errno;
    r = hb_objects_lock(objdir, ret_lock);
    if (r == -EBUSY)
        return hb_err_set(err, r, _("somebody else is publishing"));
    if (r < 0)
        return r;
    dir =
        openat(basedir, site, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    *ret_dir = dir;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prune.c - old baselines and the content that no kept one needs.
 *
 * Runs as root in a short-lived client, under the publishers' lock.  What is
 * in force or on its way is always kept, and a site whose tables cannot all
 * be read stops the removal of content: nothing is removed on a guess.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "baseline/manifest.h"
#include "baseline/object.h"
#include "baseline/table.h"

struct needed {
    uint8_t (*v)[HB_SHA256_SIZE];
    size_t n, cap;
};

static int each_site(int basedir,
                     int (*fn)(int dir, unsigned keep, struct needed *needed),
                     unsigned keep, struct needed *needed);
static int prune_site(int dir, unsigned keep, struct needed *needed);
static int need_site(int dir, unsigned keep, struct needed *needed);
static int load(int dir, uint64_t number, struct hb_baseline **ret);
static int need(struct needed *needed, const struct hb_baseline *b);
static int remove_number(int dir, uint64_t number);
static int prune_objects(int objdir, const struct needed *needed);
static int prune_folder(int objdir, unsigned byte, const struct needed *needed);
static int by_digest(const void *a, const void *b);

static const char *const suffixes[] = {"base", "sig", "manifest", "msig"};

int hb_baseline_prune(int basedir, unsigned keep, struct hb_err *err)
{
    _cleanup_close_ int objdir = openat(
        basedir, "objects", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_close_ int lock = -1;
    struct needed needed = {0};
    int r;

    if (objdir < 0)
        return hb_err_set(err, -errno,
                          _("the baseline directory cannot be read"));
    r = hb_objects_lock(objdir, &lock);
    if (r == -EBUSY)
        return hb_err_set(err, r, _("somebody else is publishing"));
    if (r == 0)
        r = each_site(basedir, prune_site, HB_MAX(keep, 1u), NULL);
    if (r == 0)
        r = each_site(basedir, need_site, 0, &needed);
    if (r == 0 && needed.n > 0) {
        qsort(needed.v, needed.n, HB_SHA256_SIZE, by_digest);
        r = prune_objects(objdir, &needed);
    }
    free(needed.v);
    if (r < 0)
        return hb_err_set(err, r, _("old baselines could not all be removed"));
    return 0;
}

static int each_site(int basedir,
                     int (*fn)(int dir, unsigned keep, struct needed *needed),
                     unsigned keep, struct needed *needed)
{
    int fd = openat(basedir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;

    if (dir == NULL) {
        r = -errno;
        hb_close(&fd);
        return r;
    }
    while (r == 0 && (errno = 0, e = readdir(dir)) != NULL) {
        _cleanup_close_ int site = -1;

        if (!hb_site_ok(e->d_name))
            continue;
        site = openat(basedir, e->d_name,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (site >= 0)
            r = fn(site, keep, needed);
        else if (errno != ENOTDIR && errno != ENOENT)
            r = -errno;
    }
    if (r == 0 && errno != 0)
        r = -errno;
    (void)closedir(dir);
    return r;
}

/* Keeps the newest KEEP of those up to the one in force, and what is on its
 * way; what else stands above was never in force. */
static int prune_site(int dir, unsigned keep, struct needed *needed)
{
    struct hb_arena *a = hb_arena_new(0);
    uint64_t *v = NULL, current = 0, next = 0;
    unsigned kept = 0;
    size_t n = 0;
    int r = a != NULL ? hb_base_numbers(dir, a, &v, &n) : -ENOMEM;

    if (r == 0)
        r = hb_baseline_number_of(dir, "current", &current);
    if (r == -ENOENT) {
        hb_arena_free(a);
        return 0; /* nothing in force: not ours to judge */
    }
    if (r == 0) {
        r = hb_baseline_number_of(dir, "next", &next);
        r = r == -ENOENT ? 0 : r;
    }
    for (size_t i = n; r == 0 && i-- > 0;) {
        if (v[i] == current || v[i] == next)
            kept += v[i] == current;
        else if (v[i] < current && kept < keep)
            kept++;
        else
            r = remove_number(dir, v[i]);
    }
    if (r == 0)
        r = hb_fsync(dir);
    hb_arena_free(a);
    return r;
}

static int need_site(int dir, unsigned keep, struct needed *needed)
{
    struct hb_arena *a = hb_arena_new(0);
    uint64_t *v = NULL;
    size_t n = 0;
    int r = a != NULL ? hb_base_numbers(dir, a, &v, &n) : -ENOMEM;

    for (size_t i = 0; r == 0 && i < n; i++) {
        _cleanup_baseline_ struct hb_baseline *b = NULL;

        r = load(dir, v[i], &b);
        if (r == 0)
            r = need(needed, b);
    }
    hb_arena_free(a);
    return r;
}

/* Without the signature: whatever names content keeps it. */
static int load(int dir, uint64_t number, struct hb_baseline **ret)
{
    char name[HB_BASE_NAME_SIZE];
    struct hb_arena *a;
    struct hb_slice text;
    int r = hb_table_load(dir, number, ret, NULL);

    if (r != -ENOENT)
        return r;
    a = hb_arena_new(2ull * HB_MAX_MANIFEST);
    if (a == NULL)
        return -ENOMEM;
    hb_base_name(number, "manifest", name);
    r = hb_file_read_at(a, dir, name, HB_MAX_MANIFEST, &text);
    if (r == 0)
        r = hb_manifest_parse(text, NULL, ret, NULL);
    hb_arena_free(a);
    return r;
}

static int need(struct needed *needed, const struct hb_baseline *b)
{
    for (uint32_t i = 0; i < hb_baseline_count(b); i++) {
        struct hb_base_entry e;

        if (hb_baseline_get(b, i, &e) < 0 || e.type != HB_BT_FILE)
            continue;
        if (needed->n == needed->cap) {
            size_t cap = needed->cap != 0 ? needed->cap * 2 : 1024;
            void *grown = reallocarray(needed->v, cap, HB_SHA256_SIZE);

            if (grown == NULL)
                return -ENOMEM;
            needed->v = grown;
            needed->cap = cap;
        }
        memcpy(needed->v[needed->n++], e.sha256, HB_SHA256_SIZE);
    }
    return 0;
}

static int remove_number(int dir, uint64_t number)
{
    char name[HB_BASE_NAME_SIZE];

    for (size_t i = 0; i < HB_ARRAY_LEN(suffixes); i++) {
        hb_base_name(number, suffixes[i], name);
        if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
            return -errno;
    }
    return 0;
}

static int prune_objects(int objdir, const struct needed *needed)
{
    int r = 0;

    for (unsigned i = 0; r == 0 && i < 256; i++)
        r = prune_folder(objdir, i, needed);
    return r;
}

static int prune_folder(int objdir, unsigned byte, const struct needed *needed)
{
    uint8_t digest[HB_SHA256_SIZE] = {(uint8_t)byte};
    char folder[3];
    int fd, r = 0;
    struct dirent *e;
    DIR *dir;

    hb_hex(digest, 1, folder);
    fd =
        openat(objdir, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -errno;
    dir = fdopendir(fd);
    if (dir == NULL) {
        hb_close(&fd);
        return -ENOMEM;
    }
    while (r == 0 && (errno = 0, e = readdir(dir)) != NULL) {
        if (hb_unhex(hb_slice_z(e->d_name), digest + 1, HB_SHA256_SIZE - 1) < 0)
            continue; /* not ours */
        if (bsearch(digest, needed->v, needed->n, HB_SHA256_SIZE, by_digest) ==
                NULL &&
            unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno != ENOENT)
            r = -errno;
    }
    if (r == 0 && errno != 0)
        r = -errno;
    (void)closedir(dir);
    return r;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, HB_SHA256_SIZE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * baseline.c - the files of a site's baseline directory: opening what is in
 * force, signing, pointers, and the pair that holds during a release.
 *
 * Opening runs in compare (unprivileged), the helper (root) and clients with
 * the public key alone; signing runs in the publisher.  The directory is
 * writable for root only, and still nothing in it is believed without the
 * signature: the pointers `current` and `next` are not signed, but can only
 * name a table that is, that names this site, and that is not below the
 * reader's floor.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "baseline/manifest.h"
#include "baseline/object.h"
#include "baseline/table.h"
#include "baseline/tree.h"

static int read_map(int dirfd, const char *name, void **ret, size_t *ret_n);
static int open_signed(int dirfd, uint64_t number, const struct hb_pub *pub,
                       struct hb_baseline **ret, struct hb_err *err);
static int open_manifest(int dirfd, uint64_t number, const char *site,
                         const struct hb_pub *pub, struct hb_baseline **ret,
                         struct hb_err *err);
static int read_sig(int dirfd, uint64_t number, const char *suffix,
                    uint8_t ret[HB_SIG_SIZE]);
static void signed_text(const uint8_t digest[HB_SHA256_SIZE],
                        char ret[HB_SHA256_SIZE * 2 + 2]);
static int by_value(const void *a, const void *b);

/* --- public: reading --- */

int hb_baseline_open(int dirfd, const char *site, uint64_t number,
                     uint64_t floor, const struct hb_pub *pub,
                     struct hb_baseline **ret, struct hb_err *err)
{
    struct hb_baseline *b = NULL;
    int r = 0;

    if (number == 0)
        r = hb_baseline_number_of(dirfd, "current", &number);
    if (r == -ENOENT)
        return hb_err_set(err, r, _("the site \"%s\" has no baseline yet"),
                          site);
    if (r < 0)
        return hb_err_set(
            err, r, _("what is in force for \"%s\" cannot be read"), site);
    if (number < floor)
        return hb_err_set(err, -ESTALE,
                          _("baseline %llu of \"%s\" is older than %llu, "
                            "which was in force: somebody has put back an "
                            "old one"),
                          (unsigned long long)number, site,
                          (unsigned long long)floor);
    r = open_signed(dirfd, number, pub, &b, err);
    if (r == -ENOENT)
        r = open_manifest(dirfd, number, site, pub, &b, err);
    if (r < 0)
        return hb_err_set(err, r, _("baseline %llu of \"%s\" cannot be used"),
                          (unsigned long long)number, site);
    if (hb_baseline_number(b) != number ||
        !hb_streq(hb_baseline_site(b), site)) {
        hb_baseline_free(b);
        return hb_err_set(err, -EKEYREJECTED,
                          _("baseline %llu of \"%s\" is another one's under "
                            "this name"),
                          (unsigned long long)number, site);
    }
    *ret = b;
    return 0;
}

int hb_baseline_number_of(int dirfd, const char *file, uint64_t *ret)
{
    _cleanup_close_ int fd =
        openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    char text[32];
    uint64_t number;
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = hb_pread_full(fd, text, sizeof(text), 0);
    if (n < 0)
        return (int)n;
    if (n < 2 || (size_t)n == sizeof(text) || text[n - 1] != '\n' ||
        hb_parse_u64(hb_slice(text, (size_t)n - 1), &number) < 0 || number == 0)
        return -EBADMSG;
    *ret = number;
    return 0;
}

int hb_base_set_open(int dirfd, const char *site, uint64_t floor,
                     const struct hb_pub *pub, struct hb_base_set *ret,
                     struct hb_err *err)
{
    struct hb_base_set s = {0};
    uint64_t number = 0;
    int r;

    r = hb_baseline_open(dirfd, site, 0, floor, pub, &s.cur, err);
    if (r < 0)
        return r;
    r = hb_baseline_number_of(dirfd, "next", &number);
    if (r == 0 && number > hb_baseline_number(s.cur))
        r = hb_baseline_open(dirfd, site, number, floor, pub, &s.next, err);
    *ret = s;
    if (r == -ENOENT || r == 0)
        return 0;
    /* A broken release must not end the guarding of what is in force. */
    (void)hb_err_set(err, r, _("the release on its way cannot be used"));
    return 1;
}

void hb_base_set_done(struct hb_base_set *s)
{
    hb_baseline_freep(&s->cur);
    hb_baseline_freep(&s->next);
}

int hb_base_set_find(const struct hb_base_set *s, struct hb_slice path,
                     struct hb_base_match *ret)
{
    struct hb_base_match m = {0};

    m.in_cur = hb_baseline_find(s->cur, path, &m.cur) == 0;
    m.in_next =
        s->next != NULL && hb_baseline_find(s->next, path, &m.next) == 0;
    if (!m.in_cur && !m.in_next)
        return -ENOENT;
    *ret = m;
    return 0;
}

bool hb_base_set_may_miss(const struct hb_base_set *s, struct hb_slice path)
{
    struct hb_base_match m;

    if (hb_base_set_find(s, path, &m) < 0)
        return true;
    return s->next != NULL && (!m.in_cur || !m.in_next);
}

/* --- public: writing --- */

int hb_baseline_build(const struct hb_base_build *how, uint64_t number,
                      struct hb_base_stats *ret, struct hb_err *err)
{
    _cleanup_tree_ struct hb_tree tree = {0};
    _cleanup_baseline_ struct hb_baseline *b = NULL;
    _cleanup_close_ int lock = -1;
    struct hb_objects *objects = NULL;
    struct hb_base_stats stats = {0};
    struct hb_table_head head = {how->site, number, hb_now()};
    int r = 0;

    if (!hb_site_ok(how->site) || number == 0)
        return hb_err_set(err, -EINVAL, _("\"%s\" is no name for a site"),
                          how->site);
    if (how->objdir >= 0) {
        r = hb_objects_lock(how->objdir, &lock);
        if (r == 0)
            r = hb_objects_begin(how->objdir, &objects);
        if (r == -EBUSY)
            return hb_err_set(err, r, _("somebody else is publishing"));
    }
    if (r == 0)
        r = hb_tree_scan(how, objects, &tree, &stats, err);
    if (r == 0 && objects != NULL)
        r = hb_objects_commit(objects);
    if (r == 0)
        r = hb_base_make(&head, &tree, &b);
    if (r == 0)
        r = hb_base_write(how->dir, b);
    hb_objects_end(objects);
    if (r < 0)
        return hb_err_set(err, r, _("the baseline could not be made"));
    *ret = stats;
    return 0;
}

int hb_base_make(const struct hb_table_head *head, const struct hb_tree *tree,
                 struct hb_baseline **ret)
{
    void *map = NULL;
    size_t n = 0;
    int r = hb_table_make(head, tree->v, tree->n, &map, &n);

    return r < 0 ? r : hb_table_adopt(map, n, ret, NULL);
}

int hb_base_write(int dirfd, const struct hb_baseline *b)
{
    struct hb_slice bytes = hb_table_bytes(b);
    char name[HB_BASE_NAME_SIZE];

    hb_base_name(hb_baseline_number(b), "base", name);
    return hb_file_write_at(dirfd, name, bytes.p, bytes.n, 0444);
}

int hb_baseline_sign(int dirfd, uint64_t number, const struct hb_key *key,
                     struct hb_err *err)
{
    _cleanup_baseline_ struct hb_baseline *b = NULL;
    uint64_t current = 0;
    int r;

    r = hb_table_load(dirfd, number, &b, err);
    if (r < 0)
        return r;
    if (hb_baseline_number_of(dirfd, "current", &current) == 0 &&
        current > number)
        return hb_err_set(err, -ESTALE,
                          _("baseline %llu is in force, which is newer"),
                          (unsigned long long)current);
    r = hb_base_sign(dirfd, b, key);
    if (r == 0)
        r = hb_base_point(dirfd, "current", number);
    if (r < 0)
        return hb_err_set(err, r, _("the signature could not be written"));
    return 0;
}

int hb_base_sign(int dirfd, const struct hb_baseline *b,
                 const struct hb_key *key)
{
    char text[HB_SHA256_SIZE * 2 + 2], name[HB_BASE_NAME_SIZE];
    uint8_t sig[HB_SIG_SIZE];
    int r;

    signed_text(hb_baseline_digest(b), text);
    r = hb_sign(key, "baseline", hb_slice_z(text), sig);
    if (r < 0)
        return r;
    hb_base_name(hb_baseline_number(b), "sig", name);
    return hb_file_write_at(dirfd, name, sig, sizeof(sig), 0444);
}

int hb_base_point(int dirfd, const char *file, uint64_t number)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%llu\n", (unsigned long long)number);

    return hb_file_write_at(dirfd, file, text, (size_t)n, 0444);
}

/* --- inside baseline/ --- */

void hb_base_name(uint64_t number, const char *suffix,
                  char ret[HB_BASE_NAME_SIZE])
{
    (void)snprintf(ret, HB_BASE_NAME_SIZE, "%010llu.%s",
                   (unsigned long long)number, suffix);
}

int hb_table_load(int dirfd, uint64_t number, struct hb_baseline **ret,
                  struct hb_err *err)
{
    char name[HB_BASE_NAME_SIZE];
    void *map = NULL;
    size_t n = 0;
    int r;

    hb_base_name(number, "base", name);
    r = read_map(dirfd, name, &map, &n);
    if (r < 0)
        return r;
    return hb_table_adopt(map, n, ret, err);
}

int hb_base_numbers(int dirfd, struct hb_arena *a, uint64_t **ret,
                    size_t *ret_n)
{
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    size_t n = 0, cap = 64;
    uint64_t *v = HB_NEW_N(a, uint64_t, cap);
    struct dirent *e;
    DIR *dir;

    dir = fd >= 0 && v != NULL ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        r = v == NULL ? -ENOMEM : -errno;
        hb_close(&fd);
        return r;
    }
    while ((errno = 0, e = readdir(dir)) != NULL) {
        const char *dot = strchr(e->d_name, '.');
        uint64_t number;

        if (dot == NULL || dot - e->d_name < 10 ||
            hb_parse_u64(hb_slice(e->d_name, (size_t)(dot - e->d_name)),
                         &number) < 0)
            continue;
        if (n == cap) {
            uint64_t *more = HB_NEW_N(a, uint64_t, cap * 2);

            if (more == NULL) {
                r = -ENOMEM;
                break;
            }
            memcpy(more, v, n * sizeof(*v));
            v = more;
            cap *= 2;
        }
        v[n++] = number;
    }
    if (r == 0 && errno != 0)
        r = -errno;
    (void)closedir(dir);
    if (r < 0)
        return r;
    qsort(v, n, sizeof(*v), by_value);
    *ret = v;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || v[i] != v[i - 1])
            v[(*ret_n)++] = v[i];
    return 0;
}

/* --- static --- */

/* The file into memory of our own: nobody can change it under us, and a file
 * that is cut short is an error here instead of a signal later. */
static int read_map(int dirfd, const char *name, void **ret, size_t *ret_n)
{
    _cleanup_close_ int fd =
        openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    size_t size;
    ssize_t n;
    void *map;

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_size == 0 ||
        (uint64_t)st.st_size > HB_TABLE_MAX)
        return -EBADMSG;
    size = (size_t)st.st_size;
    map = hb_table_alloc(size);
    if (map == NULL)
        return -ENOMEM;
    n = hb_pread_full(fd, map, size, 0);
    if (n < 0 || (size_t)n != size) {
        hb_table_free(map, size);
        return n < 0 ? (int)n : -EBADMSG;
    }
    *ret = map;
    *ret_n = size;
    return 0;
}

static int open_signed(int dirfd, uint64_t number, const struct hb_pub *pub,
                       struct hb_baseline **ret, struct hb_err *err)
{
    char name[HB_BASE_NAME_SIZE], text[HB_SHA256_SIZE * 2 + 2];
    uint8_t sig[HB_SIG_SIZE], digest[HB_SHA256_SIZE];
    void *map = NULL;
    size_t n = 0;
    int r;

    hb_base_name(number, "base", name);
    r = read_map(dirfd, name, &map, &n);
    if (r < 0)
        return r;
    r = read_sig(dirfd, number, "sig", sig);
    if (r == 0) {
        hb_sha256(map, n, digest);
        signed_text(digest, text);
        r = hb_verify(pub, "baseline", hb_slice_z(text), sig);
    }
    if (r < 0) {
        hb_table_free(map, n);
        return hb_err_at(err, r == -ENOMEM ? r : -EKEYREJECTED, name, 0, 0,
                         _("the signature does not hold"));
    }
    return hb_table_adopt(map, n, ret, err);
}

static int open_manifest(int dirfd, uint64_t number, const char *site,
                         const struct hb_pub *pub, struct hb_baseline **ret,
                         struct hb_err *err)
{
    char name[HB_BASE_NAME_SIZE];
    uint8_t sig[HB_SIG_SIZE];
    void *map = NULL;
    size_t n = 0;
    int r;

    hb_base_name(number, "manifest", name);
    r = read_map(dirfd, name, &map, &n);
    if (r < 0)
        return r;
    r = read_sig(dirfd, number, "msig", sig);
    if (r < 0)
        r = hb_err_at(err, -EKEYREJECTED, name, 0, 0,
                      _("the signature does not hold"));
    else
        r = hb_manifest_verify(hb_slice(map, n), sig, pub, site, 0, ret, err);
    hb_table_free(map, n);
    return r;
}

static int read_sig(int dirfd, uint64_t number, const char *suffix,
                    uint8_t ret[HB_SIG_SIZE])
{
    char name[HB_BASE_NAME_SIZE];
    _cleanup_close_ int fd = -1;
    uint8_t sig[HB_SIG_SIZE + 1];
    ssize_t n;

    hb_base_name(number, suffix, name);
    fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    n = hb_pread_full(fd, sig, sizeof(sig), 0);
    if (n != HB_SIG_SIZE)
        return -EBADMSG;
    memcpy(ret, sig, HB_SIG_SIZE);
    return 0;
}

static void signed_text(const uint8_t digest[HB_SHA256_SIZE],
                        char ret[HB_SHA256_SIZE * 2 + 2])
{
    hb_hex(digest, HB_SHA256_SIZE, ret);
    ret[HB_SHA256_SIZE * 2] = '\n';
    ret[HB_SHA256_SIZE * 2 + 1] = '\0';
}

static int by_value(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

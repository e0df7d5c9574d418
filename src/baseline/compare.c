/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.c - what differs between an entry and the file that a descriptor
 * stands for; differences between two baselines.
 *
 * Runs in compare, without privileges, on descriptors that watch passed in;
 * everything about the file is hostile: it may grow, shrink or be replaced
 * while it is read.  At most size + 1 bytes of it are read.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "baseline/publish.h"
#include "baseline/table.h"

static int type_of(mode_t mode);
static int compare_content(const struct hb_base_entry *e, int fd,
                           struct hb_sha256 *scratch);
static int compare_target(const struct hb_base_entry *e, int fd);
static int compare_xattrs(const struct hb_base_entry *e, int fd);
static bool xattrs_equal(struct hb_slice want, struct hb_slice found);
static int entry_bits(const struct hb_base_entry *a,
                      const struct hb_base_entry *b);

/* --- public --- */

int hb_baseline_compare(const struct hb_base_entry *entry, int fd, bool read,
                        struct hb_sha256 *scratch)
{
    struct stat st;
    int bits = 0, r = 0;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (type_of(st.st_mode) != (int)entry->type)
        return HB_BD_TYPE;
    /* A symbolic link's mode means nothing and cannot be set. */
    if (entry->type != HB_BT_LINK && (st.st_mode & 07777) != entry->mode)
        bits |= HB_BD_MODE;
    if (st.st_uid != entry->uid || st.st_gid != entry->gid)
        bits |= HB_BD_OWNER;
    if (entry->type == HB_BT_FILE) {
        if (st.st_nlink > entry->nlink)
            bits |= HB_BD_LINKS;
        if ((uint64_t)st.st_size != entry->size)
            bits |= HB_BD_SIZE | HB_BD_CONTENT;
        else if (read)
            r = compare_content(entry, fd, scratch);
    } else if (entry->type == HB_BT_LINK) {
        r = compare_target(entry, fd);
    }
    if (r < 0)
        return r;
    bits |= r;
    r = compare_xattrs(entry, fd);
    return r < 0 ? r : bits | r;
}

int hb_base_set_compare(const struct hb_base_set *s, struct hb_slice path,
                        int fd, bool read, struct hb_sha256 *scratch)
{
    struct hb_base_match m;
    int cur = HB_BD_FOREIGN, next = HB_BD_FOREIGN, r;

    r = hb_base_set_find(s, path, &m);
    if (r == -ENOENT)
        return HB_BD_FOREIGN;
    if (r < 0)
        return r;
    if (m.in_cur) {
        cur = hb_baseline_compare(&m.cur, fd, read, scratch);
        if (cur < 0 || (cur & ~HB_BD_UNREAD) == 0)
            return cur;
    }
    if (m.in_next) {
        next = hb_baseline_compare(&m.next, fd, read, scratch);
        if (next < 0 || (next & ~HB_BD_UNREAD) == 0)
            return next;
    }
    return m.in_cur ? cur : next;
}

int64_t hb_baseline_diff(const struct hb_baseline *old,
                         const struct hb_baseline *next, hb_change_fn *fn,
                         void *arg)
{
    uint32_t i = 0, j = 0;
    uint32_t n_old = old != NULL ? hb_baseline_count(old) : 0;
    uint32_t n_new = hb_baseline_count(next);
    int64_t count = 0;

    while (i < n_old || j < n_new) {
        struct hb_base_entry a = {0}, b = {0};
        int order, bits = 0, r = 0;

        if (i < n_old)
            HB_ASSERT(hb_baseline_get(old, i, &a) == 0);
        if (j < n_new)
            HB_ASSERT(hb_baseline_get(next, j, &b) == 0);
        order = i >= n_old   ? 1
                : j >= n_new ? -1
                             : hb_path_order(a.path, b.path);
        i += order <= 0;
        j += order >= 0;
        if (order == 0)
            bits = entry_bits(&a, &b);
        if (order == 0 && bits == 0)
            continue;
        count++;
        if (fn != NULL && order < 0)
            r = fn(arg, HB_CHANGE_REMOVED, 0, &a);
        else if (fn != NULL)
            r = fn(arg, order > 0 ? HB_CHANGE_ADDED : HB_CHANGE_CHANGED, bits,
                   &b);
        if (r < 0)
            return r;
    }
    return count;
}

/* --- static --- */

static int type_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return HB_BT_DIR;
    if (S_ISREG(mode))
        return HB_BT_FILE;
    if (S_ISLNK(mode))
        return HB_BT_LINK;
    return 0;
}

static int compare_content(const struct hb_base_entry *e, int fd,
                           struct hb_sha256 *scratch)
{
    uint8_t found[HB_SHA256_SIZE];
    uint64_t size = 0;
    int r;

    /* -EFBIG: it grew past what fstat said. */
    r = hb_sha256_fd(scratch, fd, e->size, found, &size);
    if (r == -EFBIG || (r == 0 && size != e->size))
        return HB_BD_SIZE | HB_BD_CONTENT;
    if (r < 0)
        return r;
    return memcmp(found, e->sha256, sizeof(found)) == 0 ? 0 : HB_BD_CONTENT;
}

static int compare_target(const struct hb_base_entry *e, int fd)
{
    char found[HB_MAX_PATH];
    ssize_t n = readlinkat(fd, "", found, sizeof(found));

    if (n < 0)
        return -errno;
    return hb_slice_eq(hb_slice(found, (size_t)n), e->target) ? 0
                                                              : HB_BD_TARGET;
}

static int compare_xattrs(const struct hb_base_entry *e, int fd)
{
    _cleanup_buf_ struct hb_buf found = HB_BUF_INIT;
    int r = hb_xattrs_read(fd, &found);

    if (r == -E2BIG || r == -ERANGE || r == -EFBIG)
        return HB_BD_XATTR; /* more than any entry has */
    if (r < 0)
        return r;
    if (!xattrs_equal(e->xattrs, hb_buf_slice(&found)))
        return HB_BD_XATTR;
    return r == 1 ? HB_BD_UNREAD : 0;
}

/* A value that could not be read equals any: the caller tells so. */
static bool xattrs_equal(struct hb_slice want, struct hb_slice found)
{
    struct hb_slice wn, wv, fn, fv;
    size_t wa = 0, fa = 0;
    bool unread;

    for (;;) {
        bool w = hb_xattr_next(want, &wa, &wn, &wv, &unread);
        bool f = hb_xattr_next(found, &fa, &fn, &fv, &unread);

        if (!w || !f)
            return w == f;
        if (!hb_slice_eq(wn, fn) || (!unread && !hb_slice_eq(wv, fv)))
            return false;
    }
}

/* Times are restored but are no difference. */
static int entry_bits(const struct hb_base_entry *a,
                      const struct hb_base_entry *b)
{
    int bits = 0;

    if (a->type != b->type)
        return HB_BD_TYPE;
    if (a->mode != b->mode && a->type != HB_BT_LINK)
        bits |= HB_BD_MODE;
    if (a->uid != b->uid || a->gid != b->gid)
        bits |= HB_BD_OWNER;
    if (a->size != b->size)
        bits |= HB_BD_SIZE;
    if (a->type == HB_BT_FILE &&
        memcmp(a->sha256, b->sha256, HB_SHA256_SIZE) != 0)
        bits |= HB_BD_CONTENT;
    if (a->nlink != b->nlink)
        bits |= HB_BD_LINKS;
    if (!hb_slice_eq(a->target, b->target))
        bits |= HB_BD_TARGET;
    if (!hb_slice_eq(a->xattrs, b->xattrs))
        bits |= HB_BD_XATTR;
    return bits;
}

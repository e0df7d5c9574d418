/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive.c - reads and writes the row of files inside a backup.
 *
 * Runs in `hinoban backup` and `hinoban restore` (root).  What it reads was
 * authenticated, yet whoever made it may have been another version or had the
 * key: names that lead out of the directory and sizes beyond reason are
 * refused.
 */
#include "store/archive.h"

#include "base/num.h"

#define SIZE_LIMIT  (UINT64_C(1) << 46) /* 64 TiB: one file */
#define FILES_LIMIT (UINT64_C(1) << 32)

static void put(uint8_t *to, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static int get(struct hb_archive_reader *r, size_t bytes, uint64_t *ret)
{
    uint8_t buf[8];
    uint64_t v = 0;
    int e = r->read(r->arg, buf, bytes);

    if (e < 0)
        return e;
    for (size_t i = bytes; i-- > 0;)
        v = v << 8 | buf[i];
    *ret = v;
    return 0;
}

bool hb_archive_name_good(const char *name)
{
    const char *p = name;

    if (strlen(name) > HB_ARCHIVE_NAME_MAX ||
        !hb_utf8_valid(name, strlen(name)))
        return false;
    for (;;) {
        size_t n = strcspn(p, "/");

        if (n == 0 || n > HB_MAX_NAME || (n == 1 && p[0] == '.') ||
            (n == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        if (p[n] == '\0')
            return true;
        p += n + 1;
    }
}

int hb_archive_meta(hb_archive_write_fn *write, void *arg, struct hb_slice json)
{
    uint8_t head[5] = {HB_ARCHIVE_META};
    int r;

    if (json.n > HB_ARCHIVE_META_MAX)
        return -EFBIG;
    put(head + 1, json.n, 4);
    r = write(arg, head, sizeof(head));
    return r < 0 ? r : write(arg, json.p, json.n);
}

int hb_archive_file(hb_archive_write_fn *write, void *arg, const char *name,
                    uint32_t mode, uint64_t size)
{
    uint8_t head[3] = {HB_ARCHIVE_FILE}, tail[12];
    int r;

    if (!hb_archive_name_good(name) || size > SIZE_LIMIT)
        return -EINVAL;
    put(head + 1, strlen(name), 2);
    put(tail, mode & 0777, 4);
    put(tail + 4, size, 8);
    r = write(arg, head, sizeof(head));
    if (r == 0)
        r = write(arg, name, strlen(name));
    return r < 0 ? r : write(arg, tail, sizeof(tail));
}

int hb_archive_end(hb_archive_write_fn *write, void *arg, uint64_t files)
{
    uint8_t end[9] = {HB_ARCHIVE_END};

    put(end + 1, files, 8);
    return write(arg, end, sizeof(end));
}

static int skip_rest(struct hb_archive_reader *r)
{
    uint8_t buf[4096];
    ssize_t n;

    do
        n = hb_archive_read(r, buf, sizeof(buf));
    while (n > 0);
    return (int)n;
}

static int next_file(struct hb_archive_reader *r, struct hb_archive_entry *e)
{
    uint64_t n, mode;
    int err = get(r, 2, &n);

    if (err < 0)
        return err;
    if (n == 0 || n > HB_ARCHIVE_NAME_MAX)
        return -EBADMSG;
    err = r->read(r->arg, e->name, (size_t)n);
    if (err < 0)
        return err;
    e->name[n] = '\0';
    if (strlen(e->name) != n || !hb_archive_name_good(e->name))
        return -EBADMSG;
    err = get(r, 4, &mode);
    if (err == 0)
        err = get(r, 8, &e->size);
    if (err < 0)
        return err;
    if ((mode & ~UINT64_C(0777)) != 0 || e->size > SIZE_LIMIT ||
        r->files >= FILES_LIMIT)
        return -EBADMSG;
    e->mode = (uint32_t)mode;
    r->files++;
    return 0;
}

int hb_archive_next(struct hb_archive_reader *r, struct hb_archive_entry *ret)
{
    struct hb_archive_entry e;
    uint64_t kind = 0, n = 0;
    int err = r->ended ? -EBADMSG : skip_rest(r);

    memset(&e, 0, sizeof(e));
    if (err == 0)
        err = get(r, 1, &kind);
    if (err < 0)
        return err;
    if ((kind == HB_ARCHIVE_META) == r->started)
        return -EBADMSG;
    r->started = true;
    switch (kind) {
    case HB_ARCHIVE_META:
        err = get(r, 4, &e.size);
        if (err == 0 && e.size > HB_ARCHIVE_META_MAX)
            err = -EBADMSG;
        break;
    case HB_ARCHIVE_FILE:
        err = next_file(r, &e);
        break;
    case HB_ARCHIVE_END:
        err = get(r, 8, &n);
        if (err == 0 && n != r->files)
            err = -EBADMSG;
        r->ended = true;
        break;
    default:
        err = -EBADMSG;
    }
    if (err < 0)
        return err;
    e.kind = (enum hb_archive_kind)kind;
    r->left = e.size;
    *ret = e;
    return 0;
}

ssize_t hb_archive_read(struct hb_archive_reader *r, void *p, size_t n)
{
    size_t take = r->left < n ? (size_t)r->left : n;
    int err;

    if (take == 0)
        return 0;
    err = r->read(r->arg, p, take);
    if (err < 0)
        return err;
    r->left -= take;
    return (ssize_t)take;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xattr.c - the extended attributes that a baseline keeps, and how they are
 * encoded: u16 name length, u32 value length, name, value; sorted by name.
 *
 * Runs in the publisher (root) and in compare (nobody in particular), over
 * files that attackers made: names and values are bytes with ceilings.  Kept
 * are user.* (which scripts read), security.capability (which grants) and
 * POSIX ACLs (which let in); labels of LSMs belong to the place, not to the
 * release.  A process without permission sees that a user.* attribute is
 * there but not its value; that is told apart, not taken for equal.
 */
#include <stdio.h>
#include <sys/xattr.h>

#include "baseline/table.h"

#define MAX_NAMES (64u << 10) /* XATTR_LIST_MAX */
#define MAX_VALUE (64u << 10) /* XATTR_SIZE_MAX */

static int list(int fd, char *names, size_t *ret_n, char *path, size_t size);
static size_t sorted(char *names, size_t n, const char **v, size_t max);
static bool kept(const char *name);
static int compare(const void *a, const void *b);

static const char *const whole[] = {"security.capability",
                                    "system.posix_acl_access",
                                    "system.posix_acl_default"};

int hb_xattrs_read(int fd, struct hb_buf *ret)
{
    _cleanup_free_ char *names = NULL;
    _cleanup_free_ char *value = NULL;
    _cleanup_free_ const char **v = NULL;
    char path[32] = "", none[1];
    size_t n = 0, count, most;
    int r, unread = 0;

    /* Nearly no file has any: one call without memory tells. */
    r = list(fd, none, &n, path, 0);
    if (r < 0 || n == 0)
        return r;
    names = malloc(MAX_NAMES);
    value = malloc(MAX_VALUE);
    if (names == NULL || value == NULL)
        return -ENOMEM;
    r = list(fd, names, &n, path, MAX_NAMES);
    if (r < 0)
        return r;
    most = n / 2 + 1; /* a name and its NUL take two bytes at least */
    v = calloc(most, sizeof(*v));
    if (v == NULL)
        return -ENOMEM;
    count = sorted(names, n, v, most);
    for (size_t i = 0; i < count; i++) {
        ssize_t len = path[0] != '\0' ? getxattr(path, v[i], value, MAX_VALUE)
                                      : fgetxattr(fd, v[i], value, MAX_VALUE);

        if (len < 0 && errno == ENODATA)
            continue; /* gone since */
        if (len < 0 && errno != EACCES && errno != EPERM)
            return -errno;
        hb_buf_add_u16(ret, (uint16_t)strlen(v[i]));
        hb_buf_add_u32(ret, len < 0 ? UINT32_MAX : (uint32_t)len);
        hb_buf_addz(ret, v[i]);
        if (len < 0)
            unread = 1;
        else
            hb_buf_add(ret, value, (size_t)len);
    }
    if (hb_buf_err(ret) < 0)
        return hb_buf_err(ret);
    if (ret->n > HB_TABLE_MAX_XATT)
        return -E2BIG;
    return unread;
}

/* SIZE 0 asks only how many bytes there are.  An O_PATH descriptor is reached
 * through /proc, whose link leads to the very inode (a symbolic link's own,
 * too); PATH is filled then. */
static int list(int fd, char *names, size_t *ret_n, char *path, size_t size)
{
    ssize_t n = -1;

    if (path[0] == '\0') {
        n = flistxattr(fd, size > 0 ? names : NULL, size);
        if (n < 0 && errno == EBADF)
            (void)snprintf(path, 32, "/proc/self/fd/%d", fd);
    }
    if (n < 0 && path[0] != '\0')
        n = listxattr(path, size > 0 ? names : NULL, size);
    if (n < 0 && (errno == EOPNOTSUPP || errno == ENOTSUP))
        n = 0;
    if (n < 0)
        return -errno;
    *ret_n = (size_t)n;
    return 0;
}

static size_t sorted(char *names, size_t n, const char **v, size_t max)
{
    size_t count = 0;

    for (size_t at = 0; at < n; at += strlen(names + at) + 1)
        if (kept(names + at) && count < max)
            v[count++] = names + at;
    qsort(v, count, sizeof(*v), compare);
    return count;
}

static bool kept(const char *name)
{
    if (strncmp(name, "user.", 5) == 0)
        return true;
    for (size_t i = 0; i < HB_ARRAY_LEN(whole); i++)
        if (hb_streq(name, whole[i]))
            return true;
    return false;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package.c - see package.h.
 *
 * Runs as whoever calls.  The package lies where only the service can go; the
 * descriptor of its directory, which came with the answer, is the permission
 * to read it (doc/decisions/0002).
 */
#include "cli/package.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/i18n.h"

static int copy_dir(int from, int to, bool top);
static int copy_entry(int from, int to, const char *name, bool top);

int hb_cli_copy_package(int from, const char *to, struct hb_err *err)
{
    _cleanup_close_ int fd = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char why[128];
    int r = fd < 0 ? -errno : from < 0 ? -EBADF : copy_dir(from, fd, true);

    return r == 0 ? 0
                  : hb_err_at(err, r, to, 0, 0,
                              _("The package could not be written: %s"),
                              hb_errno_text(r, why, sizeof(why)));
}

static int copy_dir(int from, int to, bool top)
{
    int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
    DIR *d = own >= 0 ? fdopendir(own) : NULL;
    struct dirent *e;

    if (d == NULL) {
        r = -errno;
        hb_close(&own);
        return r;
    }
    while (r == 0 && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.')
            r = copy_entry(from, to, e->d_name, top);
    (void)closedir(d);
    return r == 0 ? hb_fsync(to) : r;
}

static int copy_entry(int from, int to, const char *name, bool top)
{
    _cleanup_close_ int in = -1, out = -1;
    struct stat st;

    in = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (in < 0 || fstat(in, &st) < 0)
        return -errno;
    if (S_ISDIR(st.st_mode) && top) {
        if (mkdirat(to, name, 0700) < 0)
            return -errno;
        out = openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return out < 0 ? -errno : copy_dir(in, out, false);
    }
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                 0400);
    return out < 0 ? -errno : hb_copy_fd(in, out);
}

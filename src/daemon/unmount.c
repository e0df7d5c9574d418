/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmount.c - takes mounts off document roots.
 *
 * Runs for a moment, as root in the machine's own mount namespace, started by
 * systemd when the helper left a request.  The requests are the helper's (a
 * directory that only root can write to), but the paths in them come from a
 * tree that an attacker writes to: a path is walked below its document root
 * without following any link, and the mount is named by its parent's
 * descriptor, so that nothing else can be hit.
 */
#include "daemon/unmount.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"

#define SUFFIX       ".request"
#define MAX_REQUESTS 256u

static int serve_one(int dirfd, const char *name,
                     const struct hb_config *config);
static const struct hb_conf_site *site_of(const char *path,
                                          const struct hb_config *config);
static bool in_fstab(const char *path);

int hb_unmount_serve(const char *dir, const struct hb_config *config,
                     struct hb_err *err)
{
    const struct dirent *e;
    DIR *d = opendir(dir);
    char text[128];
    int served = 0;

    if (d == NULL)
        return hb_err_set(err, -errno, "%s: %s", dir,
                          hb_errno_text(-errno, text, sizeof(text)));
    while ((e = readdir(d)) != NULL && (unsigned)served < MAX_REQUESTS) {
        if (!hb_ends_with(e->d_name, SUFFIX) || hb_streq(e->d_name, SUFFIX))
            continue;
        if (serve_one(dirfd(d), e->d_name, config) < 0)
            continue;
        served++;
    }
    (void)closedir(d);
    return served;
}

int hb_unmount_path(const char *path, const struct hb_config *config)
{
    const struct hb_conf_site *s = site_of(path, config);
    _cleanup_close_ int root = -1, up = -1;
    char at[HB_MAX_NAME + 64], parent[HB_MAX_PATH];
    const char *rel, *name;

    if (s == NULL)
        return -EXDEV;
    if (in_fstab(path))
        return -EPERM;
    rel = path + strlen(s->root) + 1;
    root = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -errno;
    name = strrchr(rel, '/');
    if (name == NULL) {
        up = fcntl(root, F_DUPFD_CLOEXEC, 3);
        name = rel;
    } else {
        memcpy(parent, rel, (size_t)(name - rel));
        parent[name - rel] = '\0';
        name++;
        up = hb_open_nofollow(root, parent, O_PATH | O_DIRECTORY, 0);
    }
    if (up < 0)
        return name == rel ? -errno : up;
    if (name[0] == '\0' || hb_streq(name, ".") || hb_streq(name, ".."))
        return -EINVAL;
    if (snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", up, name) >=
        (int)sizeof(at))
        return -ENAMETOOLONG;
    return umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

/* The request goes away whatever becomes of it: the path unit would start us
 * again at once. */
static int serve_one(int dirfd, const char *name,
                     const struct hb_config *config)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(64u << 10);
    char done[HB_MAX_NAME + 1], answer[16];
    struct hb_slice text;
    char *path;
    int r, n;

    if (a == NULL)
        return -ENOMEM;
    r = hb_file_read_at(a, dirfd, name, HB_MAX_PATH, &text);
    (void)unlinkat(dirfd, name, 0);
    if (r == 0 && (text.n < 2 || text.p[text.n - 1] != '\n' ||
                   memchr(text.p, '\0', text.n) != NULL))
        r = -EINVAL;
    if (r == 0) {
        path = hb_arena_dup(a, text.p, text.n - 1);
        r = path == NULL ? -ENOMEM : hb_unmount_path(path, config);
    }
    n = (int)(strlen(name) - strlen(SUFFIX));
    (void)snprintf(done, sizeof(done), "%.*s.done", n, name);
    (void)snprintf(answer, sizeof(answer), "%d\n", -r);
    r = hb_file_write_at(dirfd, done, answer, strlen(answer), 0600);
    return r;
}

static const struct hb_conf_site *site_of(const char *path,
                                          const struct hb_config *config)
{
    const struct hb_conf_site *s = config->sites.v;

    for (size_t i = 0; i < config->sites.n; i++) {
        size_t n = strlen(s[i].root);

        if (strncmp(path, s[i].root, n) == 0 && path[n] == '/' &&
            path[n + 1] != '\0')
            return &s[i];
    }
    return NULL;
}

/* What the administrator mounts stays; in doubt (no memory, unreadable) it
 * counts as theirs. */
static bool in_fstab(const char *path)
{
    FILE *f = setmntent("/etc/fstab", "re");
    struct mntent m;
    char buf[4096];
    bool found = false;

    if (f == NULL)
        return errno != ENOENT;
    while (!found && getmntent_r(f, &m, buf, sizeof(buf)) != NULL)
        found = hb_streq(m.mnt_dir, path);
    (void)endmntent(f);
    return found;
}

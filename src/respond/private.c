/* SPDX-License-Identifier: Apache-2.0 */
/*
 * private.c - site.private and site.public: flag files below the private
 * directory (private.h).
 *
 * Runs in the helper, which neither reloads nor runs anything: nginx looks at
 * the flags at each request.  With the driver "gate" the module of the
 * firewall looks at SITE.flag, once a second.  For a server with the driver
 * "command" the same flag is written and a unit outside the helper acts on it
 * (README.md).
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "respond/act.h"
#include "respond/private.h"
#include "respond/private_flags.h"

static int name_of(char *buf, size_t size, const char *site,
                   const char *ending);
static bool watched(const struct hb_helper *h, const char *site);
static int site_flag(struct hb_helper *h, const char *site, uint32_t retry,
                     bool on);
static int path_flag(struct hb_helper *h, const char *site, const char *path,
                     bool dir, bool on);
static unsigned depth(const char *path);
static int open_above(int dir, char *path, bool make, const char **ret_name);

void hb_private(struct hb_helper *h, struct hb_work *w, bool on)
{
    const struct hb_conf_site *conf = w->site->conf;
    int r;

    w->rep.started = hb_now();
    if (conf->private_driver == HB_PRIVATE_NONE ||
        (on && conf->private_driver == HB_PRIVATE_GATE &&
         !watched(h, conf->name)))
        r = -EOPNOTSUPP;
    else if (w->req.entry != 0 && w->entry.type != HB_BT_FILE &&
             w->entry.type != HB_BT_DIR)
        r = -EINVAL; /* where a link leads is not ours to say */
    else if (w->req.entry != 0 && w->entry.type == HB_BT_DIR &&
             depth(w->object) > HB_PRIVATE_DEPTH)
        r = -ENAMETOOLONG; /* deeper than the server looks */
    else if (w->req.entry != 0 && conf->private_driver != HB_PRIVATE_NGINX)
        r = -EOPNOTSUPP;
    else if (w->req.entry != 0)
        r = path_flag(h, conf->name, w->object, w->entry.type == HB_BT_DIR, on);
    else
        r = site_flag(h, conf->name, w->req.arg, on);
    if (r < 0)
        hb_work_answer(w, HB_ACT_FAILED, r);
    else
        hb_work_answer(w, r > 0 ? HB_ACT_ALREADY : HB_ACT_DONE, 0);
}

/* A flag that nobody looks at would be a site that only we think closed. */
static bool watched(const struct hb_helper *h, const char *site)
{
    char name[128];

    return name_of(name, sizeof(name), site, "gate") == 0 &&
           faccessat(h->private_dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int name_of(char *buf, size_t size, const char *site, const char *ending)
{
    return snprintf(buf, size, "%s.%s", site, ending) >= (int)size
               ? -ENAMETOOLONG
               : 0;
}

/* 1 where it stood so before. */
static int site_flag(struct hb_helper *h, const char *site, uint32_t retry,
                     bool on)
{
    static const char *const trees[] = {"paths", "dirs"};
    char name[128], tree[64], ending[32];
    unsigned chosen = hb_private_retry[HB_PRIVATE_RETRIES - 1];
    bool was;
    int r = name_of(name, sizeof(name), site, "flag");

    if (r < 0)
        return r;
    was = faccessat(h->private_dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    hb_step();
    if (!on) {
        if (was && unlinkat(h->private_dir, name, 0) < 0)
            return -errno;
        /* The whole site is public again: no path of it stays behind. */
        for (size_t i = 0; i < HB_ARRAY_LEN(trees); i++) {
            r = name_of(tree, sizeof(tree), site, trees[i]);
            if (r >= 0)
                r = hb_rmtree(h->private_dir, tree);
            if (r < 0 && r != -ENOENT)
                return r;
            was = was || r >= 0;
        }
        return was ? hb_fsync(h->private_dir) : 1;
    }
    for (size_t i = HB_PRIVATE_RETRIES; i-- > 0;) {
        if (retry <= hb_private_retry[i])
            chosen = hb_private_retry[i];
    }
    for (size_t i = 0; i < HB_PRIVATE_RETRIES; i++) {
        char other[128];

        (void)snprintf(ending, sizeof(ending), "retry-%u", hb_private_retry[i]);
        r = name_of(other, sizeof(other), site, ending);
        if (r >= 0 && hb_private_retry[i] == chosen)
            r = hb_file_write_at(h->private_dir, other, "", 0, 0644);
        else if (r >= 0)
            (void)unlinkat(h->private_dir, other, 0);
        if (r < 0)
            return r;
    }
    if (was)
        return 1;
    r = snprintf(ending, sizeof(ending), "%u\n", chosen);
    return hb_file_write_at(h->private_dir, name, ending, (size_t)r, 0644);
}

/* A file's flag has its path; a directory's lies in it, in a tree apart. */
static int path_flag(struct hb_helper *h, const char *site, const char *path,
                     bool is_dir, bool on)
{
    _cleanup_close_ int dir = -1;
    char full[HB_MAX_PATH];
    const char *name = "";
    int n = snprintf(full, sizeof(full), "%s.%s/%s%s", site,
                     is_dir ? "dirs" : "paths", path,
                     is_dir ? "/" HB_PRIVATE_DIR_FLAG : "");

    if (n < 0 || n >= (int)sizeof(full))
        return -ENAMETOOLONG;
    dir = open_above(h->private_dir, full, on, &name);
    if (dir < 0)
        return dir == -ENOENT && !on ? 1 : dir;
    hb_step();
    if (!on) {
        if (unlinkat(dir, name, 0) < 0)
            return errno == ENOENT ? 1 : -errno;
        return hb_fsync(dir);
    }
    if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 1;
    return hb_file_write_at(dir, name, "", 0, 0644);
}

/* The directory of PATH (cut in place), made where MAKE; the web server must
 * be able to look into it. */
static int open_above(int dir, char *path, bool make, const char **ret_name)
{
    int cur = fcntl(dir, F_DUPFD_CLOEXEC, 3);
    char *at = path, *slash;

    while (cur >= 0 && (slash = strchr(at, '/')) != NULL) {
        int next;

        *slash = '\0';
        if (make && mkdirat(cur, at, 0755) == 0 &&
            fchmodat(cur, at, 0755, 0) < 0) {
            hb_close(&cur);
            return -errno;
        }
        next = openat(cur, at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        hb_close(&cur);
        cur = next;
        at = slash + 1;
    }
    *ret_name = at;
    return cur < 0 ? -errno : cur;
}

static unsigned depth(const char *path)
{
    unsigned n = 1;

    for (; *path != '\0'; path++)
        n += *path == '/';
    return n;
}

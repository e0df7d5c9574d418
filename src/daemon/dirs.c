/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dirs.c - makes our directories, as root, before any role runs.
 *
 * Owner and mode are set through a descriptor of the directory itself, which
 * is opened without following a link: the parents are root's, but a directory
 * that a role owns must not lead root's chown elsewhere.
 */
#include "daemon/dirs.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

const struct hb_dir_rule hb_dir_rules[] = {
    {HB_DIR_ETC, 0755, NULL, false},
    {HB_DIR_STATE, 0700, "core", true},
    /* Copies of what sites serve; a document root may hold passwords. */
    {HB_DIR_BASELINE, 0750, NULL, true},
    {HB_DIR_HELPER, 0700, NULL, false},
    /* Web servers look here for the flag that takes a site off the air. */
    {HB_DIR_PRIVATE, 0755, NULL, false},
    /* Lists of what changed in deploy windows: notes, they grant nothing. */
    {HB_DIR_PENDING, 0700, "compare", true},
    /* Rules that a web server runs as root reads; what is allowed and patched
     * is for the role check to see. */
    {HB_DIR_GATE, 0750, NULL, true},
    {HB_DIR_SHARE, 0700, "portal", true},
    /* Apart from what they open: another disk, another backup. */
    {HB_DIR_SHARE_KEYS, 0700, "portal", true},
    {HB_DIR_RUN, 0755, NULL, false},
    {HB_DIR_COUNT, 0, NULL, false},
};

static int make(const struct hb_dir_rule *d, const char *path);

int hb_dirs_make(const struct hb_paths *p, bool *ret_made_run,
                 struct hb_err *err)
{
    bool had_run = access(p->dir[HB_DIR_RUN], F_OK) == 0;
    char text[128];

    for (const struct hb_dir_rule *d = hb_dir_rules; d->dir != HB_DIR_COUNT;
         d++) {
        int r = 0;

        if (d->dir != HB_DIR_RUN || ret_made_run != NULL)
            r = make(d, p->dir[d->dir]);
        if (r < 0)
            return hb_err_set(err, r, "%s: %s", p->dir[d->dir],
                              hb_errno_text(r, text, sizeof(text)));
    }
    if (ret_made_run != NULL)
        *ret_made_run = !had_run;
    return 0;
}

static int make(const struct hb_dir_rule *d, const char *path)
{
    const struct hb_role *owner =
        d->owner != NULL ? hb_role_find(d->owner) : NULL;
    _cleanup_close_ int fd = -1;
    uid_t uid = 0;
    gid_t gid = 0;
    int r = hb_mkdirs(path, 0755);

    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (owner != NULL)
        hb_role_ids(owner, &uid, &gid);
    if (d->group)
        gid = hb_role_group();
    if (fchown(fd, uid, gid) < 0 || fchmod(fd, d->mode) < 0)
        return -errno;
    return 0;
}

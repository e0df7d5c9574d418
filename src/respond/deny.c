/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deny.c - path.deny and path.allow: a path that somebody keeps writing is
 * made immutable, and released again.
 *
 * Runs in the helper.  Only an object that is exactly what the baseline says
 * is made immutable, and only a regular file with one name or a directory:
 * an inode that other names share may lie outside the site.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "respond/act.h"

static int set_flag(struct hb_helper *h, struct hb_work *w, bool on);

void hb_deny(struct hb_helper *h, struct hb_work *w, bool on)
{
    int r;

    w->rep.started = hb_now();
    r = set_flag(h, w, on);
    if (r < 0)
        hb_work_answer(w, HB_ACT_FAILED, r);
    else
        hb_work_answer(w, r > 0 ? HB_ACT_ALREADY : HB_ACT_DONE, 0);
}

/* 1 where it was so before. */
static int set_flag(struct hb_helper *h, struct hb_work *w, bool on)
{
    _cleanup_close_ int dir = -1, fd = -1, real = -1;
    char buf[HB_MAX_PATH];
    const char *up, *name;
    struct stat st;
    int flags, r;

    r = hb_place_split(hb_slice_z(w->object), buf, &up, &name);
    if (r >= 0)
        r = hb_place_parent(w->site, up, &dir);
    if (r >= 0)
        r = hb_place_look(dir, name, &fd, &st);
    if (r < 0)
        return r;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return -EINVAL;
    if (S_ISREG(st.st_mode) && st.st_nlink != 1)
        return -EMLINK;
    if (on && hb_make_compare(h, &w->entry, fd, &st) != 0)
        return -EAGAIN; /* restore first */
    real = hb_place_reopen(fd, O_RDONLY);
    if (real < 0)
        return real;
    if (ioctl(real, FS_IOC_GETFLAGS, &flags) < 0)
        return errno == ENOTTY ? -EOPNOTSUPP : -errno;
    if (((flags & FS_IMMUTABLE_FL) != 0) == on)
        return 1;
    flags ^= FS_IMMUTABLE_FL;
    hb_step();
    return ioctl(real, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release.c - letting go what is in force before the package is removed.
 *
 * Runs as root in `hinoban release` (prerm), while no helper runs.  The
 * journal is ours, the document roots are not: a path is opened below its
 * root without following a link, and only a regular file or a directory has
 * its flag taken.  Sites that are private are not its concern: whoever removes
 * the flags knows the server.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "base/i18n.h"
#include "base/num.h"
#include "respond/act.h"
#include "respond/freeze.h"
#include "respond/release.h"

static bool in_force(struct hb_journal *j, size_t i);
static int let_go(const struct hb_config *config, const struct hb_job *job,
                  char *text, size_t size);
static int unlock(const char *root, const char *object);

int hb_release(const char *helper_dir, const struct hb_config *config,
               hb_release_fn *fn, void *arg, struct hb_err *err)
{
    _cleanup_close_ int dir =
        open(helper_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct hb_journal_report report = {0};
    struct hb_journal *j = NULL;
    struct hb_job *job;
    int failed = 0, r;

    if (dir < 0 || faccessat(dir, "journal", F_OK, 0) < 0)
        return errno == ENOENT ? 0
                               : hb_err_at(err, -errno, helper_dir, 0, 0,
                                           _("cannot be opened"));
    r = hb_journal_open(dir, &j, &report, err);
    for (size_t i = 0; r >= 0 && (job = hb_journal_at(j, i)) != NULL; i++) {
        char text[HB_MAX_PATH];

        if (!in_force(j, i))
            continue;
        r = let_go(config, job, text, sizeof(text));
        if (r != -ENOENT)
            fn(arg, job->action == HB_ACT_PATH_DENY, text, r);
        if (r < 0 && r != -ENOENT) {
            failed++;
        } else {
            job->undone = true;
            hb_journal_mark(j, job);
        }
        r = 0;
    }
    if (r >= 0)
        r = hb_journal_flush(j, true);
    hb_journal_free(j);
    return r < 0 ? r : failed;
}

/* Cut off by a crash counts as done: taking it back does no harm. */
static bool in_force(struct hb_journal *j, size_t i)
{
    const struct hb_job *job = hb_journal_at(j, i), *later;

    if (job->undone || (job->ended && job->status != HB_ACT_DONE) ||
        job->object == NULL)
        return false;
    if (job->action == HB_ACT_WRITER_FREEZE)
        return true;
    if (job->action != HB_ACT_PATH_DENY)
        return false;
    while ((later = hb_journal_at(j, ++i)) != NULL)
        if (later->action == HB_ACT_PATH_ALLOW && later->site == job->site &&
            later->object != NULL && hb_streq(later->object, job->object) &&
            later->status == HB_ACT_DONE)
            return false;
    return true;
}

/* TEXT names it; -ENOENT where there is nothing (any more). */
static int let_go(const struct hb_config *config, const struct hb_job *job,
                  char *text, size_t size)
{
    const struct hb_conf_site *s = config->sites.v;
    int r;

    if (job->action == HB_ACT_WRITER_FREEZE) {
        if (!hb_copyz(text, size, job->object))
            return -ENAMETOOLONG;
        r = hb_freeze_lift(job->object);
        return r == -ESRCH ? -ENOENT : r;
    }
    for (size_t i = 0; i < config->sites.n; i++) {
        if (s[i].number != job->site)
            continue;
        if (snprintf(text, size, "%s/%s", s[i].root, job->object) >= (int)size)
            return -ENAMETOOLONG;
        return unlock(s[i].root, job->object[0] != '\0' ? job->object : ".");
    }
    return -ENOENT; /* of a site that is none any more */
}

static int unlock(const char *root, const char *object)
{
    _cleanup_close_ int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int fd = -1, real = -1;
    struct stat st = {0};
    int flags = 0;

    if (top < 0)
        return -errno;
    fd = hb_open_beneath(top, object, O_PATH | O_NOFOLLOW, 0, true);
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return -ENOENT; /* another object */
    real = hb_place_reopen(fd, O_RDONLY);
    if (real < 0)
        return real;
    if (ioctl(real, FS_IOC_GETFLAGS, &flags) < 0)
        return -errno;
    if ((flags & FS_IMMUTABLE_FL) == 0)
        return -ENOENT;
    flags &= ~FS_IMMUTABLE_FL;
    return ioctl(real, FS_IOC_SETFLAGS, &flags) < 0 ? -errno : 0;
}

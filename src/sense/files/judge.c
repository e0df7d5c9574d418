/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c - see judge.h.
 *
 * Runs in compare, with no privilege, in its main thread and its two
 * workers.  The object behind the descriptor is an attacker's; it is read
 * only as far as it can still be equal to what was signed.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "baseline/executes.h"
#include "sense/files/judge.h"

static bool is_own(const struct hb_conf_site *conf, const struct hb_fp_item *i);
static void absent(const struct hb_judge *j, const struct hb_fp_item *i,
                   struct hb_verdict *ret);
static void in_area(const struct hb_judge *j, const struct hb_fp_item *i,
                    int fd, struct hb_sha256 *scratch, struct hb_verdict *ret);
static void restore_to(const struct hb_base_set *s, struct hb_slice path,
                       int bits, struct hb_verdict *ret);

void hb_judge(const struct hb_judge *j, const struct hb_fp_item *i, int fd,
              struct hb_sha256 *scratch, struct hb_verdict *ret)
{
    int bits;

    memset(ret, 0, sizeof(*ret));
    ret->what = HB_J_EQUAL;
    if (hb_rules_ignored(j->conf, i->path) || is_own(j->conf, i))
        return;
    if (i->state == HB_FPS_ERROR) {
        ret->what = HB_J_LOOK;
        return;
    }
    ret->area = hb_rules_area(j->conf, i->path);
    if (i->state == HB_FPS_ABSENT) {
        absent(j, i, ret);
        return;
    }
    if (fd < 0 || (S_ISREG(i->st.mode) && !i->readable &&
                   (i->events & HB_FPE_MOUNTED) == 0)) {
        ret->what = HB_J_LOOK;
        if (ret->area == NULL)
            return;
    }
    if (ret->area != NULL) {
        in_area(j, i, fd, scratch, ret);
        return;
    }
    if ((i->events & HB_FPE_MOUNTED) != 0) {
        restore_to(j->set, i->path, HB_BD_TYPE, ret);
        return;
    }
    if (j->deep && i->readable)
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    bits = hb_base_set_compare(j->set, i->path, fd, i->readable != 0, scratch);
    if (bits < 0) {
        ret->what = HB_J_LOOK;
        return;
    }
    bits &= ~HB_BD_UNREAD;
    if (bits == 0)
        return;
    if ((bits & HB_BD_FOREIGN) != 0) {
        /* Releases leave areas out; the folder itself belongs there. */
        if (S_ISDIR(i->st.mode) && hb_rules_is_area(j->conf, i->path))
            return;
        ret->what = HB_J_REMOVE;
        ret->bits = HB_BD_FOREIGN;
        ret->baseline = hb_baseline_number(j->set->cur);
        return;
    }
    restore_to(j->set, i->path, bits, ret);
}

bool hb_judge_is_before(const struct hb_judge *j, const struct hb_fp_item *i,
                        int fd, struct hb_sha256 *scratch)
{
    int bits;

    if (j->before == NULL)
        return false;
    if (i->state == HB_FPS_ABSENT)
        return hb_base_set_may_miss(j->before, i->path);
    if (i->state != HB_FPS_PRESENT || fd < 0 ||
        (S_ISREG(i->st.mode) && !i->readable))
        return false;
    bits =
        hb_base_set_compare(j->before, i->path, fd, i->readable != 0, scratch);
    return bits >= 0 && (bits & ~HB_BD_UNREAD) == 0;
}

/* Below staging nobody but root can be, as long as it is closed; that it is
 * closed is judged on the directory itself. */
static bool is_own(const struct hb_conf_site *conf, const struct hb_fp_item *i)
{
    switch (hb_rules_own(conf, i->path)) {
    case HB_OWN_BELOW:
        return true;
    case HB_OWN_STAGING:
        return i->state != HB_FPS_PRESENT ||
               (S_ISDIR(i->st.mode) && i->st.uid == 0 &&
                (i->st.mode & 077) == 0);
    default:
        return false;
    }
}

static void absent(const struct hb_judge *j, const struct hb_fp_item *i,
                   struct hb_verdict *ret)
{
    if (hb_base_set_may_miss(j->set, i->path))
        return;
    /* Programs may remove what lies in their area, but not what keeps it
     * safe (a .htaccess that switches execution off). */
    if (ret->area != NULL && !hb_executes_name(i->path))
        return;
    restore_to(j->set, i->path, HB_BD_MISSING, ret);
}

static void in_area(const struct hb_judge *j, const struct hb_fp_item *i,
                    int fd, struct hb_sha256 *scratch, struct hb_verdict *ret)
{
    int bits = fd >= 0 ? hb_base_set_compare(j->set, i->path, fd,
                                             i->readable != 0, scratch)
                       : -EBADF;
    bool regular = S_ISREG(i->st.mode);

    ret->what = HB_J_EQUAL;
    /* As signed: no rule can be against it. */
    if (bits >= 0 && (bits & ~HB_BD_UNREAD) == 0 && (i->readable || !regular))
        return;
    ret->rule = hb_rules_judge(ret->area, j->conf->root, i->path, &i->st, fd,
                               i->readable != 0);
    if (ret->rule == HB_RULE_OK)
        return;
    if (ret->rule == HB_RULE_UNREAD) {
        ret->what = HB_J_LOOK;
        return;
    }
    if (fd < 0) {
        ret->what = HB_J_LOOK; /* a descriptor is needed to take it out */
        return;
    }
    if (bits >= 0 && (bits & HB_BD_FOREIGN) == 0) {
        restore_to(j->set, i->path, bits & ~HB_BD_UNREAD, ret);
        return;
    }
    ret->what = HB_J_REMOVE;
    ret->bits = HB_BD_FOREIGN;
    ret->baseline = hb_baseline_number(j->set->cur);
}

/* By the baseline in force where it knows the path, else by the next. */
static void restore_to(const struct hb_base_set *s, struct hb_slice path,
                       int bits, struct hb_verdict *ret)
{
    struct hb_base_match m;
    const struct hb_base_entry *e;

    if (hb_base_set_find(s, path, &m) < 0) {
        ret->what = HB_J_EQUAL;
        return;
    }
    e = m.in_cur ? &m.cur : &m.next;
    ret->what = HB_J_RESTORE;
    ret->bits = bits;
    ret->baseline = hb_baseline_number(m.in_cur ? s->cur : s->next);
    ret->entry = e->index;
    ret->type = e->type;
    ret->known = e->sha256 != NULL && e->type != HB_BT_DIR;
    if (ret->known)
        memcpy(ret->sha256, e->sha256, sizeof(ret->sha256));
}

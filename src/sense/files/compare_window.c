/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_window.c - deploy windows without a manifest: what the deployer
 * changes stays, pending, until a person accepts or rejects the list.
 *
 * Runs in compare.  The window is trusted by the signature of a person; the
 * list is a note of ours and grants nothing.  A pending path is left alone
 * only while it is exactly what the window's own writer made of it: the next
 * change by anybody else is undone like any other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "baseline/executes.h"
#include "baseline/table.h"
#include "sense/files/compare.h"

static struct hb_pending *find(const struct hb_cmp_site *s,
                               struct hb_slice path);
static bool in_tree(void *arg, int32_t pid, uint64_t start);
static bool describe(struct hb_cmp *c, const struct hb_cmp_site *s,
                     const struct hb_fp_item *i, int fd, struct hb_pending *p);
static int list_dir(struct hb_cmp *c, struct hb_cmp_site *s);
static bool list_load(struct hb_cmp *c, struct hb_cmp_site *s);
static int list_put(struct hb_cmp_site *s);
static int64_t list_time(const struct hb_cmp_site *s);
static void say_pending(struct hb_cmp *c, struct hb_cmp_site *s);

void hb_cmp_window_refresh(struct hb_cmp *c, struct hb_cmp_site *s)
{
    struct hb_err err = {0};
    char people[HB_MAX_PATH];
    struct hb_window w;
    bool known;
    int r, n;

    n = snprintf(people, sizeof(people), "%s/people", c->ctx->etc_dir);
    if (n < 0 || (size_t)n >= sizeof(people))
        return;
    r = hb_window_read(s->dir, s->conf->name, people, hb_now(), &w, &err);
    if (r == 0 && (!s->window_open || !hb_streq(s->window.id, w.id)))
        hb_cmp_health(
            c, s, "window", HB_SEV_LOW, 1,
            _("a deploy window of user %u is open, by %s (window %s)"), w.uid,
            w.opened_by, w.id);
    else if (r < 0 && s->window_open)
        hb_cmp_health(c, s, "window", HB_SEV_LOW, 0,
                      _("the deploy window is over"));
    else if (r == -EKEYREJECTED && s->said_error != r) {
        s->said_error = r;
        hb_cmp_health(c, s, "window", HB_SEV_HIGH, 1,
                      _("a deploy window is refused: %s"), err.message);
    }
    s->window_open = r == 0;
    if (r == 0)
        s->window = w;
    /* Without it, lists live as long as we do. */
    known = list_dir(c, s) == 0;
    if (!s->pend_dirty && list_time(s) != s->pend_time)
        known = list_load(c, s);
    /* While it is open only what gets less is told. */
    if (known && s->pend.n != s->pend_said &&
        (!s->window_open || s->pend.n < s->pend_said))
        say_pending(c, s);
}

/* When the window is over, after a restart, and as the list gets shorter. */
static void say_pending(struct hb_cmp *c, struct hb_cmp_site *s)
{
    s->pend_said = s->pend.n;
    if (s->pend.n > 0)
        hb_cmp_health(c, s, "pending", HB_SEV_MEDIUM, (int64_t)s->pend.n,
                      _("%zu changes wait for a person: hinoban site pending "
                        "%s"),
                      s->pend.n, s->conf->name);
    else
        hb_cmp_health(c, s, "pending", HB_SEV_INFO, 0,
                      _("no change of a deploy window waits any more"));
}

bool hb_cmp_in_window(const struct hb_cmp_site *s, const struct hb_fp_who *who)
{
    struct hb_fp_who copy;

    if (!s->window_open || who == NULL || !who->known)
        return false;
    copy = *who;
    return hb_window_covers(&s->window, hb_now(), who->euid, in_tree, &copy);
}

bool hb_cmp_pending(struct hb_cmp *c, struct hb_cmp_site *s,
                    const struct hb_fp_item *i, int fd,
                    const struct hb_fp_who *who)
{
    struct hb_pending p;

    if (s->pend_arena == NULL) {
        s->pend_arena = hb_arena_new(0);
        memset(&s->pend, 0, sizeof(s->pend));
        (void)hb_copyz(s->pend.site, sizeof(s->pend.site), s->conf->name);
        (void)hb_copyz(s->pend.window, sizeof(s->pend.window), s->window.id);
    }
    if (s->pend_arena == NULL || !describe(c, s, i, fd, &p))
        return false;
    p.uid = who->euid;
    if (hb_pending_add(s->pend_arena, &s->pend, &p) < 0)
        return false;
    s->pend_dirty = true;
    return true;
}

bool hb_cmp_is_pending(struct hb_cmp *c, const struct hb_cmp_site *s,
                       const struct hb_fp_item *i, int fd)
{
    const struct hb_pending *p = find(s, i->path);
    struct hb_pending now;

    return p != NULL && describe(c, s, i, fd, &now) && p->kind == now.kind &&
           (now.kind == HB_CHANGE_REMOVED ||
            (p->type == now.type && p->mode == now.mode &&
             p->size == now.size &&
             memcmp(p->sha256, now.sha256, sizeof(p->sha256)) == 0));
}

void hb_cmp_pending_drop(struct hb_cmp_site *s, struct hb_slice path)
{
    struct hb_pending *p = find(s, path);

    if (p == NULL)
        return;
    memmove(p, p + 1, (size_t)(s->pend.v + s->pend.n - (p + 1)) * sizeof(*p));
    s->pend.n--;
    s->pend_dirty = true;
}

void hb_cmp_pending_write(struct hb_cmp *c)
{
    for (size_t k = 0; k < c->n_sites; k++) {
        struct hb_cmp_site *s = &c->sites[k];
        char text[128];
        int r;

        if (!s->pend_dirty)
            continue;
        r = list_dir(c, s);
        /* A person takes something off it just now: at the next tick. */
        if (r == 0 && flock(s->pend_dir, LOCK_EX | LOCK_NB) < 0)
            continue;
        s->pend_dirty = false;
        if (r == 0)
            r = list_put(s);
        if (s->pend_dir >= 0)
            (void)flock(s->pend_dir, LOCK_UN);
        if (r < 0 && r != s->said_error) {
            s->said_error = r;
            hb_cmp_health(c, s, "window", HB_SEV_MEDIUM, 1,
                          _("the list of pending changes cannot be kept: %s"),
                          hb_errno_text(r, text, sizeof(text)));
        }
    }
}

/* What stood there and was taken off by somebody else is no longer ours to
 * keep: the person's word is the last one. */
static int list_put(struct hb_cmp_site *s)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list now = {0};
    size_t kept = 0;
    int r = 0;

    if (list_time(s) != s->pend_time) {
        r = a != NULL ? hb_pending_read(s->pend_dir, a, &now, NULL) : -ENOMEM;
        if (r < 0 && r != -ENOENT)
            now = s->pend; /* broken: ours is put in its place */
        for (size_t i = 0, j = 0; i < s->pend.n; i++) {
            const struct hb_pending *p = &s->pend.v[i];

            while (j < now.n && hb_path_order(now.v[j].path, p->path) < 0)
                j++;
            if (!p->listed ||
                (j < now.n && hb_slice_eq(now.v[j].path, p->path)))
                s->pend.v[kept++] = *p;
        }
        s->scan_again = s->scan_again || kept < s->pend.n;
        s->pend.n = kept;
    }
    r = s->pend.n > 0 ? hb_pending_write(s->pend_dir, &s->pend)
                      : hb_pending_clear(s->pend_dir);
    for (size_t i = 0; r == 0 && i < s->pend.n; i++)
        s->pend.v[i].listed = true;
    s->pend_time = list_time(s);
    return r;
}

void hb_cmp_pending_settle(struct hb_cmp *c, struct hb_cmp_site *s)
{
    uint64_t number = hb_baseline_number(s->set->set.cur);
    size_t kept = 0;

    if (s->pend_for == number)
        return;
    s->pend_for = number;
    /* Else the same content could come back later, unsigned and unnoticed. */
    for (size_t i = 0; i < s->pend.n; i++)
        if (!hb_pending_settled(&s->pend.v[i], s->set->set.cur))
            s->pend.v[kept++] = s->pend.v[i];
    s->pend_dirty = s->pend_dirty || kept != s->pend.n;
    s->pend.n = kept;
}

static struct hb_pending *find(const struct hb_cmp_site *s,
                               struct hb_slice path)
{
    size_t lo = 0, hi = s->pend_arena != NULL ? s->pend.n : 0;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int d = hb_path_order(s->pend.v[mid].path, path);

        if (d == 0)
            return &s->pend.v[mid];
        if (d < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* The chain was captured when the event was read. */
static bool in_tree(void *arg, int32_t pid, uint64_t start)
{
    const struct hb_fp_who *who = arg;

    if (who->pid == (uint32_t)pid && who->start == start)
        return true;
    for (unsigned i = 0; i < who->n_parents; i++)
        if (who->parent[i].pid == (uint32_t)pid &&
            who->parent[i].start == start)
            return true;
    return false;
}

static bool describe(struct hb_cmp *c, const struct hb_cmp_site *s,
                     const struct hb_fp_item *i, int fd, struct hb_pending *p)
{
    uint64_t size;

    memset(p, 0, sizeof(*p));
    p->path = i->path;
    p->time = i->noticed_utc / 1000000 * 1000000;
    if (i->state == HB_FPS_ABSENT) {
        p->kind = HB_CHANGE_REMOVED;
        p->executes = hb_obeyed_name(i->path);
        return true;
    }
    p->kind = hb_base_set_may_miss(&s->set->set, i->path) ? HB_CHANGE_ADDED
                                                          : HB_CHANGE_CHANGED;
    p->mode = (uint16_t)(i->st.mode & 07777);
    if (S_ISREG(i->st.mode)) {
        p->type = HB_BT_FILE;
        p->size = i->st.size;
        p->executes = hb_executes_file(i->path, i->st.mode, i->st.size, fd);
        return i->readable && hb_sha256_fd(c->scratch, fd, HB_CMP_HASH_MAX,
                                           p->sha256, &size) == 0;
    }
    if (S_ISLNK(i->st.mode)) {
        char target[HB_MAX_PATH];
        ssize_t n = readlinkat(fd, "", target, sizeof(target));

        p->type = HB_BT_LINK;
        p->executes = true;
        hb_sha256(target, n > 0 ? (size_t)n : 0, p->sha256);
        return n > 0;
    }
    p->type = HB_BT_DIR;
    return S_ISDIR(i->st.mode);
}

static int list_dir(struct hb_cmp *c, struct hb_cmp_site *s)
{
    _cleanup_close_ int all = -1;

    if (s->pend_dir >= 0)
        return 0;
    if (c->ctx->pending_dir == NULL)
        return -ENOENT;
    all = open(c->ctx->pending_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (all < 0 || (mkdirat(all, s->conf->name, 0700) < 0 && errno != EEXIST))
        return -errno;
    s->pend_dir = openat(all, s->conf->name,
                         O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return s->pend_dir < 0 ? -errno : 0;
}

/* False where there is a list that cannot be used: then nothing is known to
 * wait, which is not the same as that nothing waits. */
static bool list_load(struct hb_cmp *c, struct hb_cmp_site *s)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_pending_list list;
    struct hb_err err = {0};
    size_t had = s->pend.n;
    int r;

    if (a == NULL)
        return false;
    s->pend_time = list_time(s);
    r = hb_pending_read(s->pend_dir, a, &list, &err);
    if (r == 0 && !hb_streq(list.site, s->conf->name))
        r = -EBADMSG;
    if (r < 0) {
        hb_arena_free(a);
        a = NULL;
        memset(&list, 0, sizeof(list));
    }
    hb_arena_free(s->pend_arena);
    s->pend_arena = a;
    s->pend = list;
    for (size_t i = 0; i < list.n; i++)
        s->pend.v[i].listed = true;
    s->pend_for = 0;
    /* Accepted: the baseline tells.  Rejected: it is tampering. */
    if (list.n < had)
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0));
    if (r < 0 && r != -ENOENT)
        hb_cmp_health(c, s, "window", HB_SEV_MEDIUM, 1,
                      _("the list of pending changes cannot be read; what is "
                        "in it is undone"));
    return r == 0 || r == -ENOENT;
}

static int64_t list_time(const struct hb_cmp_site *s)
{
    struct stat st;

    if (s->pend_dir < 0 ||
        fstatat(s->pend_dir, "pending.json", &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_sites.c - what the sites should be: baselines in force, the change
 * to the next one, deploy windows, and the cache of what was found equal.
 *
 * Runs in compare.  Baselines and windows are trusted only as far as their
 * signatures hold; compare has public keys only.  A number below the highest
 * one seen is a rollback: the old one stays in force and people are told (the
 * helper keeps the same floor on disk, past restarts).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "sense/files/compare.h"

#define BEFORE_NS (60 * HB_S) /* how long the old baseline explains a file */

static void site_refresh(struct hb_cmp *c, struct hb_cmp_site *s);
static void adopt(struct hb_cmp *c, struct hb_cmp_site *s,
                  struct hb_cmp_set *fresh);
static int publish_path(void *arg, enum hb_change_kind kind, int bits,
                        const struct hb_base_entry *entry);
static void drop_before(struct hb_cmp *c, struct hb_cmp_site *s);

int hb_cmp_sites_open(struct hb_cmp *c)
{
    const struct hb_conf_site *conf = c->config->sites.v;

    if (c->config->sites.n > HB_CMP_SITES)
        return -E2BIG;
    c->n_sites = c->config->sites.n;
    for (size_t i = 0; i < c->n_sites; i++) {
        struct hb_cmp_site *s = &c->sites[i];

        memset(s, 0, sizeof(*s));
        s->conf = &conf[i];
        s->number = (uint32_t)conf[i].number;
        s->dir = s->inotify = s->pend_dir = -1;
        s->pend_said = SIZE_MAX;
        site_refresh(c, s);
    }
    return 0;
}

void hb_cmp_sites_close(struct hb_cmp *c)
{
    for (size_t i = 0; i < c->n_sites; i++) {
        struct hb_cmp_site *s = &c->sites[i];

        if (s->again != NULL)
            hb_timer_stop(c->loop, s->again);
        hb_cmp_set_unref(s->set);
        hb_cmp_set_unref(s->before);
        hb_close(&s->dir);
        hb_close(&s->pend_dir);
        hb_arena_free(s->pend_arena);
        if (s->inotify >= 0)
            (void)inotify_rm_watch(c->inotify, s->inotify);
    }
    c->n_sites = 0;
}

void hb_cmp_sites_refresh(struct hb_cmp *c)
{
    for (size_t i = 0; i < c->n_sites; i++)
        site_refresh(c, &c->sites[i]);
}

struct hb_cmp_set *hb_cmp_set_ref(struct hb_cmp_set *s)
{
    if (s != NULL)
        s->refs++;
    return s;
}

void hb_cmp_set_unref(struct hb_cmp_set *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    hb_base_set_done(&s->set);
    free(s->ino);
    free(s->ctime);
    free(s);
}

void hb_cmp_cache(struct hb_cmp_set *set, const struct hb_fp_item *i)
{
    struct hb_base_entry e;

    if (set->ino == NULL || hb_baseline_find(set->set.cur, i->path, &e) < 0 ||
        e.index >= set->n)
        return;
    __atomic_store_n(&set->ctime[e.index], (uint64_t)i->st.ctime,
                     __ATOMIC_RELAXED);
    __atomic_store_n(&set->ino[e.index], i->st.ino, __ATOMIC_RELAXED);
}

bool hb_cmp_cached(const struct hb_cmp_set *set, const struct hb_fp_item *i)
{
    struct hb_base_entry e;

    /* Every change of content or metadata moves ctime, and nobody can set
     * it; what even that does not show, the full scan finds. */
    return set->ino != NULL && i->st.ino != 0 &&
           hb_baseline_find(set->set.cur, i->path, &e) == 0 &&
           e.index < set->n &&
           __atomic_load_n(&set->ino[e.index], __ATOMIC_RELAXED) == i->st.ino &&
           __atomic_load_n(&set->ctime[e.index], __ATOMIC_RELAXED) ==
               (uint64_t)i->st.ctime;
}

bool hb_cmp_by_inode(const struct hb_cmp_site *s, uint64_t ino,
                     struct hb_base_entry *ret)
{
    if (s->set == NULL || s->set->ino == NULL)
        return false;
    for (uint32_t i = 0; i < s->set->n; i++)
        if (__atomic_load_n(&s->set->ino[i], __ATOMIC_RELAXED) == ino)
            return hb_baseline_get(s->set->set.cur, i, ret) == 0;
    return false;
}

static void site_refresh(struct hb_cmp *c, struct hb_cmp_site *s)
{
    struct hb_err err = {0};
    struct hb_cmp_set *fresh;
    uint64_t cur = 0, next = 0;
    int r;

    if (s->before != NULL && hb_mono() >= s->before_until)
        drop_before(c, s);
    if (s->dir < 0) {
        char path[HB_MAX_PATH];

        s->dir = openat(c->basedir, s->conf->name,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (s->dir < 0)
            return;
        (void)snprintf(path, sizeof(path), "%s/%s", c->ctx->baseline_dir,
                       s->conf->name);
        s->inotify = inotify_add_watch(
            c->inotify, path, IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE);
    }
    hb_cmp_window_refresh(c, s);
    if (s->set != NULL)
        hb_cmp_pending_settle(c, s);
    r = hb_baseline_number_of(s->dir, "current", &cur);
    if (r < 0)
        return;
    if (hb_baseline_number_of(s->dir, "next", &next) < 0)
        next = 0;
    if (s->set != NULL && hb_baseline_number(s->set->set.cur) == cur &&
        (s->set->set.next != NULL ? hb_baseline_number(s->set->set.next) : 0) ==
            next)
        return;
    fresh = calloc(1, sizeof(*fresh));
    if (fresh == NULL)
        return;
    fresh->refs = 1;
    r = hb_base_set_open(s->dir, s->conf->name, s->floor, c->pub, &fresh->set,
                         &err);
    if (r < 0) {
        free(fresh);
        if (r != s->said_error)
            hb_cmp_health(c, s, r == -ESTALE ? "rollback" : "baseline",
                          HB_SEV_HIGH, 1, _("the baseline is refused: %s"),
                          err.message[0] != '\0' ? err.message : strerror(-r));
        s->said_error = r;
        return;
    }
    s->said_error = 0;
    adopt(c, s, fresh);
}

static void adopt(struct hb_cmp *c, struct hb_cmp_site *s,
                  struct hb_cmp_set *fresh)
{
    struct hb_cmp_set *old = s->set;
    bool moved = old != NULL && hb_baseline_number(old->set.cur) !=
                                    hb_baseline_number(fresh->set.cur);

    fresh->n = hb_baseline_count(fresh->set.cur);
    fresh->ino = calloc(fresh->n, sizeof(*fresh->ino));
    fresh->ctime = calloc(fresh->n, sizeof(*fresh->ctime));
    if (fresh->ino == NULL || fresh->ctime == NULL) {
        free(fresh->ino);
        free(fresh->ctime);
        fresh->ino = fresh->ctime = NULL;
    } else if (old != NULL && !moved && old->ino != NULL) {
        memcpy(fresh->ino, old->ino, fresh->n * sizeof(*fresh->ino));
        memcpy(fresh->ctime, old->ctime, fresh->n * sizeof(*fresh->ctime));
    }
    s->set = fresh;
    s->floor = HB_MAX(s->floor, hb_baseline_number(fresh->set.cur));
    if (moved) {
        drop_before(c, s);
        s->before = hb_cmp_set_ref(old);
        s->before_until = hb_mono() + BEFORE_NS;
        /* Each path that the release changes is looked at; what is still as
         * it was moves on, what is neither is tampering. */
        if (hb_baseline_diff(old->set.cur, fresh->set.cur, publish_path,
                             (void *[]){c, s}) >= 0)
            hb_cmp_look_flush(c);
        else
            s->scan_again = true;
    }
    if (moved || old == NULL)
        hb_cmp_health(c, s, "baseline", HB_SEV_INFO,
                      (int64_t)hb_baseline_number(fresh->set.cur),
                      _("baseline %llu is in force"),
                      (unsigned long long)hb_baseline_number(fresh->set.cur));
    hb_cmp_set_unref(old);
    hb_cmp_pending_settle(c, s);
    if (moved || old == NULL)
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0));
}

static int publish_path(void *arg, enum hb_change_kind kind, int bits,
                        const struct hb_base_entry *entry)
{
    void **a = arg;

    hb_cmp_look(a[0], a[1], entry->path);
    return 0;
}

static void drop_before(struct hb_cmp *c, struct hb_cmp_site *s)
{
    if (s->published > 0)
        hb_cmp_published(c, s);
    s->published = 0;
    hb_cmp_set_unref(s->before);
    s->before = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_scan.c - scans: frames of objects go to the workers, differences
 * come back, and at the end what was not seen is looked for.
 *
 * Runs in compare.  Scan, baseline and the bit map of what was seen are
 * alive until the last job of the scan is back; workers read the baseline
 * and write single words of the map and of the stat cache, nothing else.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/sock.h"
#include "sense/files/compare.h"

#define UNSEEN_MAX 50000u /* looked for one by one; more: scan again */

/* One difference that a worker found. */
struct found {
    struct found *next;
    struct hb_fp_item item;
    struct hb_verdict verdict;
    int fd;
    char path[];
};

struct job {
    struct hb_pool_job head;
    struct hb_cmp_scan *scan;
    struct hb_cmp_set *before; /* referenced */
    struct found *found;
    bool bad;
    size_t n, nfds;
    int fds[HB_MAX_FRAME_FDS];
    uint8_t bytes[];
};

static void work(struct hb_pool_job *head, struct hb_sha256 *scratch);
static void work_item(struct job *j, const struct hb_judge *judge,
                      struct hb_fp_item *i, struct hb_sha256 *scratch);
static void add_found(struct job *j, const struct hb_fp_item *i, int fd,
                      const struct hb_verdict *v);
static void done(void *arg, struct hb_pool_job *head);
static void finish(struct hb_cmp *c, struct hb_cmp_scan *s);
static void unseen(struct hb_cmp *c, struct hb_cmp_scan *s);

void hb_cmp_scan_begin(struct hb_cmp *c, struct hb_cmp_conn *conn,
                       const struct hb_fp_scan_head *h)
{
    struct hb_cmp_site *site = hb_cmp_site(c, h->site);
    struct hb_cmp_scan *s;

    if (conn->scan != NULL)
        hb_cmp_scan_broken(c, conn);
    if (site == NULL || site->set == NULL)
        return;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return;
    s->c = c;
    s->site = site;
    s->set = hb_cmp_set_ref(site->set);
    s->id = h->id;
    s->kind = h->kind;
    s->began = hb_mono();
    s->whole = h->prefix.n == 0;
    s->conn = conn;
    if (h->prefix.n > 0)
        memcpy(s->prefix, h->prefix.p, h->prefix.n);
    s->n = hb_baseline_below(s->set->set.cur, h->prefix, &s->first);
    s->seen = calloc(hb_baseline_count(s->set->set.cur) / 8 + 1, 1);
    conn->scan = s;
    if (s->whole)
        site->scan_asked = 0;
}

void hb_cmp_scan_objects(struct hb_cmp *c, struct hb_cmp_conn *conn,
                         const uint8_t *frame, size_t n, const int *fds,
                         size_t nfds)
{
    struct job *j = NULL;

    if (conn->scan != NULL && conn->scan->seen != NULL)
        j = calloc(1, sizeof(*j) + n);
    if (j == NULL) {
        for (size_t i = 0; i < nfds; i++)
            (void)close(fds[i]);
        if (conn->scan != NULL)
            conn->scan->broken = true;
        return;
    }
    j->head.work = work;
    j->head.done = done;
    j->scan = conn->scan;
    j->scan->in_flight++;
    j->before = hb_cmp_set_ref(conn->scan->site->before);
    j->n = n;
    j->nfds = nfds;
    memcpy(j->fds, fds, nfds * sizeof(*fds));
    memcpy(j->bytes, frame, n);
    hb_pool_add(c->pool, &j->head);
    if (hb_pool_waiting(c->pool) > HB_CMP_FRAMES && !conn->paused) {
        conn->paused = true;
        hb_fp_want(c->loop, conn->fd, 0);
    }
}

void hb_cmp_scan_end(struct hb_cmp *c, struct hb_cmp_conn *conn,
                     const struct hb_fp_scan_end *e)
{
    struct hb_cmp_scan *s = conn->scan;

    if (s == NULL || s->id != e->id)
        return;
    conn->scan = NULL;
    s->conn = NULL;
    s->end = *e;
    s->ended = true;
    if (s->in_flight == 0)
        finish(c, s);
}

void hb_cmp_scan_broken(struct hb_cmp *c, struct hb_cmp_conn *conn)
{
    struct hb_cmp_scan *s = conn->scan;

    if (s == NULL)
        return;
    conn->scan = NULL;
    s->conn = NULL;
    s->broken = s->ended = true;
    if (s->in_flight == 0)
        finish(c, s);
}

static void work(struct hb_pool_job *head, struct hb_sha256 *scratch)
{
    struct job *j = (struct job *)head;
    struct hb_cmp_scan *s = j->scan;
    /* Large: one a worker for good, not one a frame. */
    static _Thread_local struct hb_fp_frame frame;
    struct hb_fp_frame *f = &frame;
    struct hb_judge judge = {
        .conf = s->site->conf,
        .set = &s->set->set,
        .before = j->before != NULL ? &j->before->set : NULL,
        .deep = s->kind == HB_FPSC_DEEP,
    };

    j->bad = hb_fp_decode(f, j->bytes, j->n, j->nfds) < 0 ||
             f->kind != HB_FP_OBJECTS;
    for (unsigned i = 0; !j->bad && i < f->n_items; i++)
        work_item(j, &judge, &f->items[i], scratch);
    for (size_t i = 0; i < j->nfds; i++)
        hb_close(&j->fds[i]);
}

static void work_item(struct job *j, const struct hb_judge *judge,
                      struct hb_fp_item *i, struct hb_sha256 *scratch)
{
    struct hb_cmp_scan *s = j->scan;
    struct hb_base_entry e;
    struct hb_verdict v;
    int fd = i->fd != HB_FP_NO_FD ? j->fds[i->fd] : -1;

    if (i->site != s->site->number)
        return;
    if (hb_baseline_find(s->set->set.cur, i->path, &e) == 0)
        (void)__atomic_fetch_or(&s->seen[e.index / 8],
                                (uint8_t)(1u << (e.index % 8)),
                                __ATOMIC_RELAXED);
    if (s->kind == HB_FPSC_META && hb_cmp_cached(s->set, i))
        return;
    hb_judge(judge, i, fd, scratch, &v);
    if (v.what == HB_J_EQUAL) {
        if (i->state == HB_FPS_PRESENT && v.area == NULL)
            hb_cmp_cache(s->set, i);
        return;
    }
    add_found(j, i, fd, &v);
    if (fd >= 0)
        j->fds[i->fd] = -1; /* goes with what was found */
}

static void add_found(struct job *j, const struct hb_fp_item *i, int fd,
                      const struct hb_verdict *v)
{
    struct found *f = malloc(sizeof(*f) + i->path.n + 1);

    if (f == NULL) {
        if (fd >= 0)
            (void)close(fd);
        j->bad = true;
        return;
    }
    f->item = *i;
    f->verdict = *v;
    f->fd = fd;
    if (i->path.n > 0)
        memcpy(f->path, i->path.p, i->path.n);
    f->path[i->path.n] = '\0';
    f->item.path = hb_slice(f->path, i->path.n);
    f->next = j->found;
    j->found = f;
}

static void done(void *arg, struct hb_pool_job *head)
{
    struct hb_cmp *c = arg;
    struct job *j = (struct job *)head;
    struct hb_cmp_scan *s = j->scan;

    while (j->found != NULL) {
        struct found *f = j->found;

        j->found = f->next;
        s->found++;
        /* Judged with a descriptor from before: the state may be newer by
         * now, so it is looked at again where the baseline changed. */
        if (s->site->set != s->set) {
            hb_cmp_look(c, s->site, f->item.path);
            hb_close(&f->fd);
        } else {
            hb_cmp_act(c, s->site, &f->item, f->fd, NULL, &f->verdict);
        }
        free(f);
    }
    hb_cmp_look_flush(c);
    hb_cmp_ask_more(c);
    s->broken = s->broken || j->bad;
    s->in_flight--;
    if (s->conn != NULL && s->conn->paused &&
        hb_pool_waiting(c->pool) < HB_CMP_FRAMES / 2) {
        s->conn->paused = false;
        hb_fp_want(c->loop, s->conn->fd, EPOLLIN | EPOLLRDHUP);
    }
    hb_cmp_set_unref(j->before);
    free(j);
    if (s->ended && s->in_flight == 0)
        finish(c, s);
}

static void finish(struct hb_cmp *c, struct hb_cmp_scan *s)
{
    struct hb_cmp_site *site = s->site;

    if (!s->broken && s->end.error == 0 && site->set == s->set)
        unseen(c, s);
    if (s->whole) {
        site->scanning = false;
        if (s->broken || s->end.error != 0)
            site->next_full = hb_mono() + 10 * HB_S;
        hb_cmp_health(
            c, site, "scan",
            s->broken || s->end.error != 0 || s->end.skipped > 0 ? HB_SEV_LOW
                                                                 : HB_SEV_INFO,
            (int64_t)s->found,
            _("scan: %llu entries in %llu ms, %llu differ, %llu skipped"),
            (unsigned long long)s->end.entries,
            (unsigned long long)((hb_mono() - s->began) / HB_MS),
            (unsigned long long)s->found, (unsigned long long)s->end.skipped);
        hb_cmp_command_scanned(c, site, s->began, s->found,
                               !s->broken && s->end.error == 0);
        if (site->scan_again) {
            site->scan_again = false;
            (void)hb_cmp_ask_scan(c, site, HB_FPSC_FULL, hb_slice("", 0));
        }
    }
    hb_cmp_set_unref(s->set);
    free(s->seen);
    free(s);
}

/* What the baseline knows and the walk did not meet: watch looks for each,
 * so that a file that was exchanged under the walk is not called missing. */
static void unseen(struct hb_cmp *c, struct hb_cmp_scan *s)
{
    const struct hb_baseline *b = s->set->set.cur;
    uint32_t n = 0;

    for (uint32_t i = s->first; i < s->first + s->n; i++) {
        struct hb_base_entry e;

        if ((s->seen[i / 8] & (1u << (i % 8))) != 0 ||
            hb_baseline_get(b, i, &e) < 0 ||
            hb_rules_ignored(s->site->conf, e.path))
            continue;
        if (n++ >= UNSEEN_MAX) {
            s->site->scan_again = true;
            break;
        }
        s->found++;
        hb_cmp_look(c, s->site, e.path);
    }
    hb_cmp_look_flush(c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare_act.c - from "this is not as signed" to "it is again".
 *
 * Runs in compare.  One path has at most one request at the helper; what
 * happens to the path meanwhile makes it be looked at again when the answer
 * is there.  Up to HB_CMP_IN_FLIGHT requests are on their way at once; the
 * rest waits here.  A request that got no answer because the connection broke
 * is sent again with the same key, so that it is done once.
 *
 * A path is remembered after its restore, so that the late event of a change
 * that was undone meanwhile does not undo it twice, and so that a fight (the
 * same path again and again) is recognised.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/id.h"
#include "base/sock.h"
#include "sense/files/compare.h"

#define IDLE_NS   (600 * HB_S) /* a path without a deed is forgotten */
#define LOOKS_MAX 5u           /* then unreadable counts as changed */

static struct hb_cmp_path *path_get(struct hb_cmp *c, struct hb_cmp_site *s,
                                    struct hb_slice path, bool make);
static void path_touch(struct hb_cmp *c, struct hb_cmp_path *p);
static void path_unlink(struct hb_cmp *c, struct hb_cmp_path *p);
static void path_free(struct hb_cmp *c, struct hb_cmp_path *p);
static void keep_found(struct hb_cmp_path *p, const struct hb_fp_item *i,
                       int fd, const struct hb_fp_who *who);
static void look_later(struct hb_cmp *c, struct hb_cmp_path *p, uint64_t delay);
static void on_retry(void *arg);
static void ask(struct hb_cmp *c, struct hb_cmp_path *p);
static int ask_send(struct hb_cmp *c, struct hb_cmp_path *p);
static void on_helper(void *arg, int fd, uint32_t events);
static void helper_gone(struct hb_cmp *c);
static void answer(struct hb_cmp *c, const struct hb_reply *r);
static void answered(struct hb_cmp *c, struct hb_cmp_path *p,
                     const struct hb_reply *r);
static void was_done(struct hb_cmp *c, struct hb_cmp_path *p,
                     const struct hb_reply *r);
static void was_failed(struct hb_cmp *c, struct hb_cmp_path *p,
                       const struct hb_reply *r);
static void fight(struct hb_cmp *c, struct hb_cmp_path *p);
static void restore_below(struct hb_cmp *c, struct hb_cmp_path *p);
static bool unreadable(struct hb_cmp_site *s, const struct hb_fp_item *i,
                       int fd, struct hb_verdict *v);
static bool under_foreign(struct hb_cmp *c, struct hb_cmp_site *s,
                          const struct hb_fp_item *i,
                          const struct hb_fp_who *who);
static bool moved_on(const struct hb_reply *r);

void hb_cmp_object(struct hb_cmp *c, const struct hb_fp_item *item, int fd,
                   const struct hb_fp_who *who)
{
    struct hb_cmp_site *s = hb_cmp_site(c, item->site);
    struct hb_judge j = {.before = NULL};
    struct hb_fp_item i = *item;
    struct hb_base_entry e;
    struct hb_verdict v;

    if (s == NULL || s->set == NULL) {
        hb_close(&fd);
        return;
    }
    if ((i.events & HB_FPE_NO_PATH) != 0) {
        /* Written through a name outside: the inode tells which it is. */
        if (hb_cmp_by_inode(s, i.st.ino, &e))
            hb_cmp_look(c, s, e.path);
        hb_close(&fd);
        return;
    }
    if ((i.events & HB_FPE_SCAN) == 0 && i.state == HB_FPS_PRESENT &&
        (i.events & HB_FPE_MOUNTED) == 0 && hb_cmp_cached(s->set, &i) &&
        (i.events & (HB_FPE_CLOSED | HB_FPE_MODIFIED)) == 0) {
        hb_close(&fd);
        return;
    }
    j.conf = s->conf;
    j.set = &s->set->set;
    hb_judge(&j, &i, fd, c->scratch, &v);
    if (v.what == HB_J_EQUAL && i.state == HB_FPS_PRESENT && v.area == NULL)
        hb_cmp_cache(s->set, &i);
    hb_cmp_act(c, s, &i, fd, who, &v);
}

void hb_cmp_act(struct hb_cmp *c, struct hb_cmp_site *s,
                const struct hb_fp_item *i, int fd, const struct hb_fp_who *who,
                const struct hb_verdict *given)
{
    const struct hb_judge j = {
        .conf = s->conf,
        .set = &s->set->set,
        .before = s->before != NULL ? &s->before->set : NULL,
    };
    struct hb_verdict v = *given;
    struct hb_cmp_path *p = path_get(c, s, i->path, false);

    /* A directory that came by a move brings what no event names. */
    if (v.what == HB_J_EQUAL && S_ISDIR(i->st.mode) &&
        i->state == HB_FPS_PRESENT && (i->events & HB_FPE_MOVED_TO) != 0)
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, i->path);
    if (v.what == HB_J_EQUAL) {
        if (p != NULL)
            p->looks = 0;
        if (p != NULL && p->seq == 0 && !p->queued)
            p->fails = 0;
        hb_close(&fd);
        return;
    }
    if (v.what != HB_J_LOOK && v.area == NULL && under_foreign(c, s, i, who)) {
        hb_close(&fd);
        return;
    }
    if (p == NULL)
        p = path_get(c, s, i->path, true);
    if (p == NULL) {
        /* No room: the scan that comes finds it again. */
        s->scan_again = true;
        hb_close(&fd);
        return;
    }
    path_touch(c, p);
    if (v.what == HB_J_LOOK &&
        !(++p->looks > LOOKS_MAX && unreadable(s, i, fd, &v))) {
        look_later(c, p, 20 * HB_MS << HB_MIN(p->looks, 6u));
        hb_close(&fd);
        return;
    }
    /* In hand already, or seen before it was put right: look again. */
    if (p->seq != 0 || p->queued) {
        p->again = true;
        hb_close(&fd);
        return;
    }
    if (i->noticed <= p->last_done && (i->events & HB_FPE_LOOK) == 0) {
        hb_cmp_look(c, s, i->path);
        hb_close(&fd);
        return;
    }
    if (v.area == NULL && hb_cmp_is_pending(c, s, i, fd)) {
        hb_close(&fd);
        return;
    }
    if (v.area == NULL && hb_cmp_in_window(s, who) &&
        hb_cmp_pending(c, s, i, fd, who)) {
        keep_found(p, i, fd, who);
        p->verdict = v;
        hb_cmp_report(c, p, HB_CMP_PENDING, NULL);
        return;
    }
    p->publish = hb_judge_is_before(&j, i, fd, c->scratch);
    if (c->n_queued + c->in_flight >= c->held_max) {
        /* Descriptors run out: a foreign object waits its turn, a restore
         * goes without the hash of what was found (it stays as evidence). */
        if (v.what == HB_J_REMOVE) {
            look_later(c, p, HB_S / 2);
            hb_close(&fd);
            return;
        }
        hb_close(&fd);
    }
    p->verdict = v;
    keep_found(p, i, fd, who);
    hb_random(p->key, sizeof(p->key));
    ask(c, p);
}

void hb_cmp_helper_tick(struct hb_cmp *c)
{
    char path[HB_MAX_PATH];
    int n;

    if (c->helper >= 0)
        return;
    n = snprintf(path, sizeof(path), "%s/helper-compare.sock", c->ctx->run_dir);
    if (n < 0 || (size_t)n >= sizeof(path) ||
        hb_sock_connect(path, SOCK_SEQPACKET, &c->helper) < 0) {
        c->helper = -1;
        return;
    }
    (void)fcntl(c->helper, F_SETFL, O_NONBLOCK);
    if (hb_loop_add(c->loop, c->helper, EPOLLIN | EPOLLRDHUP, on_helper, c) <
        0) {
        hb_close(&c->helper);
        return;
    }
    hb_cmp_ask_more(c);
}

void hb_cmp_ask_more(struct hb_cmp *c)
{
    while (c->ask_first != NULL && c->helper >= 0 &&
           c->in_flight < HB_CMP_IN_FLIGHT) {
        struct hb_cmp_path *p = c->ask_first;
        int r = ask_send(c, p);

        if (r == -EAGAIN) {
            hb_fp_want(c->loop, c->helper, EPOLLIN | EPOLLRDHUP | EPOLLOUT);
            return;
        }
        if (r < 0) {
            helper_gone(c);
            return;
        }
        c->ask_first = p->queue;
        if (c->ask_first == NULL)
            c->ask_last = NULL;
        p->queue = NULL;
        p->queued = false;
        c->n_queued--;
    }
}

void hb_cmp_paths_sweep(struct hb_cmp *c)
{
    uint64_t now = hb_mono();

    while (c->oldest != NULL) {
        struct hb_cmp_path *p = c->oldest;

        if (p->seq != 0 || p->queued || p->retry != NULL ||
            now - HB_MAX(p->last_done, p->asked) < IDLE_NS)
            return;
        path_free(c, p);
    }
}

void hb_cmp_paths_free(struct hb_cmp *c)
{
    while (c->newest != NULL)
        path_free(c, c->newest);
    c->ask_first = c->ask_last = NULL;
    c->in_flight = c->n_queued = 0;
}

static struct hb_cmp_path *path_get(struct hb_cmp *c, struct hb_cmp_site *s,
                                    struct hb_slice path, bool make)
{
    char key[sizeof(s->number) + HB_MAX_PATH];
    size_t n = sizeof(s->number) + path.n;
    struct hb_cmp_path *p;

    memcpy(key, &s->number, sizeof(s->number));
    if (path.n > 0)
        memcpy(key + sizeof(s->number), path.p, path.n);
    p = hb_map_get(c->paths, hb_slice(key, n));
    if (p != NULL || !make)
        return p;
    if (hb_map_count(c->paths) >= HB_CMP_PATHS) {
        struct hb_cmp_path *o = c->oldest;

        /* The least recently used one that waits for nothing. */
        while (o != NULL && (o->seq != 0 || o->queued || o->retry != NULL))
            o = o->newer;
        if (o == NULL)
            return NULL;
        path_free(c, o);
    }
    p = calloc(1, sizeof(*p) + n + 1);
    if (p == NULL)
        return NULL;
    memcpy(p->name, key, n);
    p->map_n = (uint32_t)n;
    p->path = hb_slice(p->name + sizeof(s->number), path.n);
    p->c = c;
    p->site = s;
    p->fd = -1;
    if (hb_map_put(c->paths, hb_slice(p->name, n), p) < 0) {
        free(p);
        return NULL;
    }
    p->older = c->newest;
    if (c->newest != NULL)
        c->newest->newer = p;
    else
        c->oldest = p;
    c->newest = p;
    p->asked = hb_mono();
    return p;
}

static void path_touch(struct hb_cmp *c, struct hb_cmp_path *p)
{
    p->asked = hb_mono();
    if (c->newest == p)
        return;
    path_unlink(c, p);
    p->older = c->newest;
    p->newer = NULL;
    if (c->newest != NULL)
        c->newest->newer = p;
    else
        c->oldest = p;
    c->newest = p;
}

static void path_unlink(struct hb_cmp *c, struct hb_cmp_path *p)
{
    if (p->newer != NULL)
        p->newer->older = p->older;
    else
        c->newest = p->older;
    if (p->older != NULL)
        p->older->newer = p->newer;
    else
        c->oldest = p->newer;
}

static void path_free(struct hb_cmp *c, struct hb_cmp_path *p)
{
    path_unlink(c, p);
    (void)hb_map_del(c->paths, hb_slice(p->name, p->map_n));
    if (p->seq != 0)
        (void)hb_map_del(c->asked, hb_slice((char *)&p->seq, sizeof(p->seq)));
    if (p->retry != NULL)
        hb_timer_stop(c->loop, p->retry);
    hb_close(&p->fd);
    free(p->who);
    free(p);
}

/* What was found, for the report.  The first writer is the one that is
 * told, until the path is as signed again. */
static void keep_found(struct hb_cmp_path *p, const struct hb_fp_item *i,
                       int fd, const struct hb_fp_who *who)
{
    hb_close(&p->fd);
    p->fd = fd;
    p->readable = i->readable != 0;
    p->st = i->st;
    p->events = i->events;
    p->state = i->state;
    if (p->fails == 0 || p->noticed == 0) {
        p->noticed = i->noticed;
        p->noticed_utc = i->noticed_utc;
    }
    if (who != NULL) {
        struct hb_fp_who *w = hb_fp_who_dup(who);

        if (w != NULL) {
            free(p->who);
            p->who = w;
        }
    }
}

static void look_later(struct hb_cmp *c, struct hb_cmp_path *p, uint64_t delay)
{
    if (p->retry != NULL)
        return;
    p->retry = hb_loop_timer(c->loop, delay, 0, on_retry, p);
    if (p->retry == NULL)
        p->site->scan_again = true;
}

static void on_retry(void *arg)
{
    struct hb_cmp_path *p = arg;

    p->retry = NULL;
    hb_cmp_look(p->c, p->site, p->path);
    hb_cmp_look_flush(p->c);
}

static void ask(struct hb_cmp *c, struct hb_cmp_path *p)
{
    p->queued = true;
    c->n_queued++;
    p->again = false;
    p->queue = NULL;
    if (c->ask_last != NULL)
        c->ask_last->queue = p;
    else
        c->ask_first = p;
    c->ask_last = p;
}

static int ask_send(struct hb_cmp *c, struct hb_cmp_path *p)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    struct hb_request r;
    bool remove = p->verdict.what == HB_J_REMOVE;
    size_t n;
    int e;

    memset(&r, 0, sizeof(r));
    r.action = remove ? HB_ACT_FILE_REMOVE : HB_ACT_FILE_RESTORE;
    r.flags = p->publish ? HB_ACT_F_PUBLISH : 0;
    r.seq = ++c->seq;
    memcpy(r.key, p->key, sizeof(r.key));
    r.site = p->site->number;
    if (!remove) {
        r.entry = p->verdict.entry;
        r.baseline = p->verdict.baseline;
    }
    n = hb_request_encode(&r, buf);
    e = hb_sock_send(c->helper, buf, n, &p->fd, remove ? 1 : 0);
    if (e < 0)
        return e;
    p->seq = r.seq;
    p->asked = hb_mono();
    e = hb_map_put(c->asked, hb_slice((char *)&p->seq, sizeof(p->seq)), p);
    if (e < 0) {
        p->seq = 0; /* the answer finds nobody; the scan looks again */
        p->site->scan_again = true;
        return 0;
    }
    c->in_flight++;
    return 0;
}

static void on_helper(void *arg, int fd, uint32_t events)
{
    struct hb_cmp *c = arg;
    uint8_t buf[HB_REPLY_SIZE + 1];
    struct hb_reply r;

    for (unsigned i = 0; i < HB_CMP_IN_FLIGHT; i++) {
        int got[1] = {-1};
        size_t nfds = 0;
        ssize_t n = hb_sock_recv(fd, buf, sizeof(buf), got, 1, &nfds);

        if (n == -EAGAIN || n == -EINTR)
            break;
        if (nfds > 0)
            hb_close(&got[0]);
        if (n <= 0 || hb_reply_decode(&r, buf, (size_t)n) < 0) {
            helper_gone(c);
            return;
        }
        answer(c, &r);
    }
    hb_fp_want(c->loop, fd, EPOLLIN | EPOLLRDHUP);
    hb_cmp_look_flush(c);
    hb_cmp_ask_more(c);
}

/* All that was on its way is asked again, with the same keys. */
static void helper_gone(struct hb_cmp *c)
{
    hb_loop_del(c->loop, c->helper);
    hb_close(&c->helper);
    for (struct hb_cmp_path *p = c->oldest; p != NULL; p = p->newer) {
        if (p->seq == 0)
            continue;
        (void)hb_map_del(c->asked, hb_slice((char *)&p->seq, sizeof(p->seq)));
        p->seq = 0;
        ask(c, p);
    }
    c->in_flight = 0;
}

static void answer(struct hb_cmp *c, const struct hb_reply *r)
{
    struct hb_cmp_path *p =
        hb_map_del(c->asked, hb_slice((const char *)&r->seq, sizeof(r->seq)));

    if (p == NULL)
        return;
    c->in_flight--;
    p->seq = 0;
    answered(c, p, r);
    /* What is not settled is looked at again, with a new descriptor. */
    hb_close(&p->fd);
    if (p->again && p->retry == NULL)
        hb_cmp_look(c, p->site, p->path);
    p->again = false;
}

static void answered(struct hb_cmp *c, struct hb_cmp_path *p,
                     const struct hb_reply *r)
{
    switch ((enum hb_act_status)r->status) {
    case HB_ACT_DONE:
        was_done(c, p, r);
        break;
    case HB_ACT_ALREADY:
        p->last_done = hb_mono();
        p->fails = 0;
        if (p->verdict.type == HB_BT_DIR)
            restore_below(c, p);
        hb_close(&p->fd);
        break;
    case HB_ACT_LIMITED:
        look_later(c, p, HB_MAX(r->arg, 10u) * HB_MS);
        break;
    case HB_ACT_ASK:
        if (p->fails++ == 0)
            hb_cmp_report(c, p, HB_CMP_ASK, r);
        look_later(c, p, 30 * HB_S);
        break;
    case HB_ACT_REFUSED:
        if (p->fails++ == 0)
            hb_cmp_report(c, p, HB_CMP_REFUSED, r);
        look_later(c, p, 30 * HB_S);
        break;
    default:
        was_failed(c, p, r);
        break;
    }
}

static void was_done(struct hb_cmp *c, struct hb_cmp_path *p,
                     const struct hb_reply *r)
{
    p->last_done = hb_mono();
    p->fails = p->looks = 0;
    p->done[p->n_done++ % HB_CMP_RESTORES] = p->last_done;
    if (p->publish) {
        p->site->published++;
        hb_close(&p->fd);
    } else {
        hb_cmp_pending_drop(p->site, p->path);
        hb_cmp_report(c, p,
                      p->verdict.what == HB_J_REMOVE ? HB_CMP_REMOVED
                                                     : HB_CMP_RESTORED,
                      r);
        fight(c, p);
    }
    /* Who did it is told; the next one may be another. */
    free(p->who);
    p->who = NULL;
    p->noticed = 0;
    if (p->verdict.what == HB_J_RESTORE && p->verdict.type == HB_BT_DIR)
        restore_below(c, p);
}

static void was_failed(struct hb_cmp *c, struct hb_cmp_path *p,
                       const struct hb_reply *r)
{
    const struct hb_conf_site *conf = p->site->conf;
    uint64_t now = hb_mono();

    /* It is not any more what was found: look what it is now. */
    if (moved_on(r) && ++p->looks <= LOOKS_MAX) {
        look_later(c, p, HB_MS << HB_MIN(p->looks, 6u));
        return;
    }
    if (p->fails == 0 || now - p->first_fail > conf->private_within) {
        p->first_fail = now;
        p->fails = 0;
    }
    p->fails++;
    /* Told when it begins, and when it is as often as policy counts. */
    if (p->fails == 1 || p->fails == (unsigned)conf->private_after)
        hb_cmp_report(c, p, HB_CMP_FAILED, r);
    look_later(c, p, HB_MIN(50 * HB_MS << HB_MIN(p->fails, 10u), 30 * HB_S));
}

/* The same path again and again: somebody fights back. */
static void fight(struct hb_cmp *c, struct hb_cmp_path *p)
{
    const struct hb_conf_site *conf = p->site->conf;
    unsigned n = HB_MIN(p->n_done, HB_CMP_RESTORES), recent = 0;

    for (unsigned i = 0; i < n; i++)
        recent += p->last_done - p->done[i] <= conf->loop_within;
    if (conf->loop_restores <= 0 ||
        recent <
            HB_MIN((uint64_t)conf->loop_restores, (uint64_t)HB_CMP_RESTORES))
        return;
    if (p->fight_said != 0 && p->last_done - p->fight_said < conf->loop_within)
        return;
    p->fight_said = p->last_done;
    hb_cmp_report(c, p, HB_CMP_FIGHT, NULL);
}

/* A directory is there again, empty or with another's content: everything
 * that belongs into it is looked at. */
static void restore_below(struct hb_cmp *c, struct hb_cmp_path *p)
{
    struct hb_cmp_site *s = p->site;
    uint32_t first, n;

    if (s->set == NULL)
        return;
    n = hb_baseline_below(s->set->set.cur, p->path, &first);
    if (n > 0)
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, p->path);
}

/* It cannot be opened for reading (a lease, an I/O error), and not only for
 * a moment: what cannot be checked is replaced. */
static bool unreadable(struct hb_cmp_site *s, const struct hb_fp_item *i,
                       int fd, struct hb_verdict *v)
{
    struct hb_base_entry e;

    if (hb_baseline_find(s->set->set.cur, i->path, &e) < 0)
        return false;
    memset(v, 0, sizeof(*v));
    v->what = HB_J_RESTORE;
    v->bits = HB_BD_CONTENT;
    v->baseline = hb_baseline_number(s->set->set.cur);
    v->entry = e.index;
    v->type = e.type;
    return true;
}

/* Below a directory that should not be there (or should be a file), the
 * directory goes as a whole: one deed, one event, not a thousand. */
static bool under_foreign(struct hb_cmp *c, struct hb_cmp_site *s,
                          const struct hb_fp_item *i,
                          const struct hb_fp_who *who)
{
    struct hb_slice up = hb_slice(i->path.p, 0);
    struct hb_cmp_path *p;

    for (;;) {
        struct hb_base_match m;

        while (up.n < i->path.n && i->path.p[up.n] != '/')
            up.n++;
        if (up.n >= i->path.n)
            return false;
        if (hb_base_set_find(&s->set->set, up, &m) < 0)
            break;
        if (!(m.in_cur && m.cur.type == HB_BT_DIR) &&
            !(m.in_next && m.next.type == HB_BT_DIR))
            break;
        up.n++;
    }
    if (hb_rules_is_area(s->conf, up))
        return false;
    p = path_get(c, s, up, true);
    if (p == NULL) {
        s->scan_again = true;
        return true;
    }
    if (p->who == NULL && who != NULL)
        p->who = hb_fp_who_dup(who);
    if (p->seq != 0 || p->queued)
        p->again = true;
    else if (hb_mono() - p->looked > 20 * HB_MS || p->looked <= p->last_done) {
        p->looked = hb_mono();
        hb_cmp_look(c, s, up);
    } else
        look_later(c, p, 50 * HB_MS);
    return true;
}

static bool moved_on(const struct hb_reply *r)
{
    return r->error == -EAGAIN || r->error == -ENOENT || r->error == -ENOTDIR ||
           r->error == -ESTALE;
}

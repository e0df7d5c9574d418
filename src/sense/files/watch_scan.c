/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch_scan.c - the thread that walks a whole site, or a part of one, when
 * compare asks.
 *
 * Runs in watch, in a thread of its own with a connection of its own: sending
 * may wait there, so compare's pace is the walk's pace, and events keep their
 * millisecond.  Shared with the main thread are only the queue of jobs and the
 * set of file handles, each under its lock.
 *
 * A scan has no part that can hang: files are opened but not read here, only
 * regular files are opened for reading, and the walk has ceilings.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/sock.h"
#include "sense/files/rules.h"
#include "sense/files/walk.h"
#include "sense/files/watch.h"

#define JOBS 256u

struct scan {
    struct hb_watch *w;
    struct hb_watch_site *s;
    const struct hb_watch_scan_job *job;
    struct hb_watch_sender *send;
    bool learn; /* put handles of files into the set */
    uint64_t noticed;
    int64_t noticed_utc;
    int root;
};

static void *scanner(void *arg);
static struct hb_watch_scan_job *next_job(struct hb_watch *w);
static void run_job(struct hb_watch *w, const struct hb_watch_scan_job *job,
                    struct hb_watch_sender *send);
static int begin(const struct hb_watch *w, struct hb_watch_sender *send,
                 struct hb_slice frame);
static int walk_site(struct scan *c, struct hb_walk_stats *st);
static int scan_entry(void *arg, int dirfd, const char *name, const char *path,
                      size_t n, unsigned char type);
static int scan_object(struct scan *c, const char *path, size_t n,
                       struct hb_object *o);
static int wait_room(struct scan *c);
static void learn(struct scan *c, int dirfd, const char *name);

int hb_watch_scan_start(struct hb_watch *w)
{
    sigset_t all, old;
    int r;

    (void)pthread_mutex_init(&w->scan_lock, NULL);
    (void)pthread_cond_init(&w->scan_wake, NULL);
    /* Signals are the main thread's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    r = pthread_create(&w->scanner, NULL, scanner, w);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    w->scanner_runs = r == 0;
    return -r;
}

void hb_watch_scan_stop(struct hb_watch *w)
{
    if (!w->scanner_runs)
        return;
    (void)pthread_mutex_lock(&w->scan_lock);
    __atomic_store_n(&w->scan_stop, true, __ATOMIC_RELAXED);
    (void)pthread_cond_signal(&w->scan_wake);
    (void)pthread_mutex_unlock(&w->scan_lock);
    (void)pthread_join(w->scanner, NULL);
    w->scanner_runs = false;
    while (w->scan_first != NULL) {
        struct hb_watch_scan_job *j = w->scan_first;

        w->scan_first = j->next;
        free(j);
    }
}

int hb_watch_scan_ask(struct hb_watch *w, const struct hb_fp_scan_head *h)
{
    struct hb_watch_scan_job *j, **at;
    int r = -ENOBUFS;

    if (h->prefix.n >= sizeof(j->prefix))
        return -ENAMETOOLONG;
    j = calloc(1, sizeof(*j));
    if (j == NULL)
        return -ENOMEM;
    j->head = *h;
    if (h->prefix.n > 0)
        memcpy(j->prefix, h->prefix.p, h->prefix.n);
    j->head.prefix = hb_slice(j->prefix, h->prefix.n);
    (void)pthread_mutex_lock(&w->scan_lock);
    if (w->scan_count < JOBS) {
        for (at = &w->scan_first; *at != NULL; at = &(*at)->next)
            continue;
        *at = j;
        w->scan_count++;
        (void)pthread_cond_signal(&w->scan_wake);
        r = 0;
    }
    (void)pthread_mutex_unlock(&w->scan_lock);
    if (r < 0)
        free(j);
    return r;
}

static void *scanner(void *arg)
{
    struct hb_watch *w = arg;
    struct hb_watch_sender *send = calloc(1, sizeof(*send));
    struct hb_watch_scan_job *job;

    if (send == NULL)
        return NULL;
    hb_watch_send_init(send);
    while ((job = next_job(w)) != NULL) {
        run_job(w, job, send);
        free(job);
    }
    hb_watch_send_done(send);
    free(send);
    return NULL;
}

static struct hb_watch_scan_job *next_job(struct hb_watch *w)
{
    struct hb_watch_scan_job *j = NULL;

    (void)pthread_mutex_lock(&w->scan_lock);
    while (w->scan_first == NULL && !w->scan_stop)
        (void)pthread_cond_wait(&w->scan_wake, &w->scan_lock);
    if (!w->scan_stop) {
        j = w->scan_first;
        w->scan_first = j->next;
        w->scan_count--;
    }
    (void)pthread_mutex_unlock(&w->scan_lock);
    return j;
}

static void run_job(struct hb_watch *w, const struct hb_watch_scan_job *job,
                    struct hb_watch_sender *send)
{
    struct scan c = {.w = w, .job = job, .send = send, .root = -1};
    struct hb_fp_scan_end end = {.id = job->head.id, .site = job->head.site};
    struct hb_walk_stats st = {0, 0};
    uint64_t from = hb_tick();
    struct hb_buf b = HB_BUF_INIT;
    int r;

    c.s = hb_watch_site(w, job->head.site);
    c.noticed = hb_mono();
    c.noticed_utc = hb_now();
    hb_fp_begin(&b, HB_FP_BEGIN, &job->head);
    if (begin(w, send, hb_buf_slice(&b)) < 0) {
        hb_buf_done(&b);
        return; /* compare asks again when it is back */
    }
    hb_fp_pack_reset(&send->pack, job->head.id);
    r = c.s != NULL ? walk_site(&c, &st) : -ENOENT;
    if (hb_watch_send_flush(send) < 0 && r == 0)
        r = -EPIPE;
    end.error = r;
    end.entries = st.entries;
    end.skipped = st.skipped;
    end.took = hb_tick() - from;
    hb_fp_end(&b, &end);
    if (hb_watch_send_frame(send, hb_buf_slice(&b)) < 0 || wait_room(&c) < 0 ||
        send->sock < 0) {
        /* Broken: compare sees the end of the connection. */
        hb_watch_send_done(send);
        hb_watch_send_init(send);
    }
    hb_buf_done(&b);
    hb_close(&c.root);
}

/* Sends the frame that begins a scan.  The connection that is there may be one
 * to a process that was killed, of which whoever asks now knows nothing. */
static int begin(const struct hb_watch *w, struct hb_watch_sender *send,
                 struct hb_slice frame)
{
    int r = -ENOTCONN;

    for (int i = 0; i < 2 && r < 0; i++) {
        r = send->sock < 0 ? hb_watch_send_connect(send, w->ctx->run_dir) : 0;
        if (r == 0)
            r = hb_watch_send_frame(send, frame);
        if (r < 0) {
            hb_watch_send_done(send);
            hb_watch_send_init(send);
        }
    }
    return r;
}

static int walk_site(struct scan *c, struct hb_walk_stats *st)
{
    struct hb_object o;
    int r;

    /* Opened by name, so that a root that was replaced is seen as such. */
    c->root = open(c->s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (c->root < 0)
        return -errno;
    (void)pthread_mutex_lock(&c->w->files_lock);
    c->learn = c->job->head.prefix.n > 0 || hb_dirs_file_count(c->w->dirs) == 0;
    (void)pthread_mutex_unlock(&c->w->files_lock);
    hb_object_look(c->root, c->job->prefix, true, &o);
    r = scan_object(c, c->job->prefix, c->job->head.prefix.n, &o);
    if (r < 0 || !S_ISDIR(o.st.mode))
        return r;
    return hb_walk(c->root, c->job->prefix, scan_entry, c, st);
}

static int scan_entry(void *arg, int dirfd, const char *name, const char *path,
                      size_t n, unsigned char type)
{
    struct scan *c = arg;
    struct hb_object o;
    int r;

    if (hb_rules_ignored(c->s->conf, hb_slice(path, n)))
        return 1;
    if (__atomic_load_n(&c->w->scan_stop, __ATOMIC_RELAXED))
        return -ECANCELED;
    memset(&o, 0, sizeof(o));
    o.fd = -1;
    if (c->job->head.kind == HB_FPSC_META && type == DT_REG) {
        struct statx sx;

        if (statx(dirfd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &sx) < 0)
            return 0;
        o.state = HB_FPS_PRESENT;
        hb_fp_stat_from(&o.st, &sx);
    } else if (type != DT_REG || !hb_object_list_open(dirfd, name, &o)) {
        int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

        if (fd < 0)
            return 0; /* gone: the end of the scan shows it */
        hb_object_from(fd, true, &o);
    }
    if (c->learn && type == DT_REG)
        learn(c, dirfd, name);
    r = scan_object(c, path, n, &o);
    return r < 0 ? r : 0;
}

static int scan_object(struct scan *c, const char *path, size_t n,
                       struct hb_object *o)
{
    struct hb_fp_item i;
    int r;

    memset(&i, 0, sizeof(i));
    i.site = c->s->number;
    i.events = HB_FPE_SCAN;
    i.state = o->state;
    i.error = o->error;
    i.readable = o->readable;
    i.noticed = c->noticed;
    i.noticed_utc = c->noticed_utc;
    i.st = o->st;
    i.path = hb_slice(path, n);
    r = hb_watch_send_item(c->send, &i, NULL, o->fd);
    if (r == 0 && c->send->first != NULL)
        r = wait_room(c);
    return r;
}

/* Waits until compare took what is queued. */
static int wait_room(struct scan *c)
{
    for (;;) {
        struct pollfd p = {.fd = c->send->sock, .events = POLLOUT};
        int r = hb_watch_send_more(c->send);

        if (r <= 0)
            return r;
        if (__atomic_load_n(&c->w->scan_stop, __ATOMIC_RELAXED))
            return -ECANCELED;
        (void)poll(&p, 1, 500);
    }
}

static void learn(struct scan *c, int dirfd, const char *name)
{
    struct hb_fan_handle h;

    if (hb_fan_handle_at(dirfd, name, &h) < 0)
        return;
    (void)pthread_mutex_lock(&c->w->files_lock);
    (void)hb_dirs_file_add(c->w->dirs, &h);
    (void)pthread_mutex_unlock(&c->w->files_lock);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - the role watch: sees that something changed, never what is in it.
 *
 * Keeps CAP_SYS_ADMIN (fanotify), CAP_DAC_READ_SEARCH (open what the web
 * user may not), CAP_SYS_PTRACE (whose /proc/PID/exe).  Because it keeps
 * them it parses nothing that an attacker writes but names: content goes to
 * compare as a descriptor.
 *
 * Trusted: the configuration and the kernel.  Not trusted: names, processes,
 * and compare's frames, which are bounded and can only make it look at paths
 * below a site or walk one.
 *
 * A connection to compare that is new makes compare scan everything; so
 * nothing has to be kept here while compare is away.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/sock.h"
#include "sense/files/files.h"
#include "sense/files/watch.h"

#define TICK_NS    (250 * HB_MS)
#define READ_BYTES (64u << 10)

static int setup(struct hb_watch *w);
static void teardown(struct hb_watch *w);
static int sites_open(struct hb_watch *w);
static void sites_close(struct hb_watch *w);
static int site_open(struct hb_watch *w, struct hb_watch_site *s);
static void site_watch(struct hb_watch *w, struct hb_watch_site *s);
static void site_check(struct hb_watch *w, struct hb_watch_site *s);
static void note(struct hb_watch *w, enum hb_fp_note what, uint32_t site,
                 uint64_t count, const char *text);
static void on_tick(void *arg);
static void on_hup(void *arg);
static void connect_compare(struct hb_watch *w);
static void disconnect(struct hb_watch *w);
static void on_send(void *arg, int fd, uint32_t events);
static void on_ctl_listen(void *arg, int fd, uint32_t events);
static void on_ctl(void *arg, int fd, uint32_t events);
static void ctl_frame(struct hb_watch *w, const struct hb_fp_frame *f);
static void raise_nofile(void);

int hb_watch_main(const struct hb_role_ctx *ctx)
{
    struct hb_watch *w = calloc(1, sizeof(*w));
    int r;

    if (w == NULL)
        return EXIT_FAILURE;
    w->ctx = ctx;
    w->config = ctx->config;
    w->start = hb_mono();
    r = setup(w);
    if (r >= 0) {
        hb_notify("READY=1");
        r = hb_loop_run(w->loop, on_hup, w);
    } else {
        char text[128];

        hb_log(HB_LOG_ERR, _("watching cannot start: %s"),
               hb_errno_text(r, text, sizeof(text)));
        r = EXIT_FAILURE;
    }
    teardown(w);
    free(w);
    return r;
}

struct hb_watch_site *hb_watch_site(struct hb_watch *w, uint32_t number)
{
    for (size_t i = 0; i < w->n_sites; i++)
        if (w->sites[i].number == number)
            return &w->sites[i];
    return NULL;
}

struct hb_watch_site *hb_watch_site_of(struct hb_watch *w, const char *path,
                                       const char **ret_rel)
{
    for (size_t i = 0; i < w->n_sites; i++) {
        struct hb_watch_site *s = &w->sites[i];

        if (strncmp(path, s->path, s->path_n) != 0)
            continue;
        if (path[s->path_n] == '\0' || path[s->path_n] == '/') {
            *ret_rel = path + s->path_n + (path[s->path_n] == '/');
            return s;
        }
    }
    return NULL;
}

void hb_watch_say_mode(struct hb_watch *w, struct hb_watch_site *s)
{
    char text[160];
    const char *mode = "none";

    if (s->mode == HB_WATCH_FSMARK)
        mode = "file system";
    else if (s->mode == HB_WATCH_DIRMARK)
        mode = "directories";
    else if (s->mode == HB_WATCH_INOTIFY)
        mode = "inotify";
    (void)snprintf(text, sizeof(text), "%s%s%s%s%s", mode,
                   (w->features & HB_FAN_PIDFD) != 0 ? ", pidfd" : "",
                   (w->features & HB_FAN_TARGET) != 0 ? ", target" : "",
                   (w->features & HB_FAN_FS_ERROR) != 0 ? ", fs-error" : "",
                   w->mounts_fan >= 0 ? ", mounts" : "");
    note(w, HB_FPN_MODE, s->number, s->mode, text);
}

void hb_watch_pump(struct hb_watch *w)
{
    int r;

    if (w->send.sock < 0)
        return;
    r = hb_watch_send_more(&w->send);
    if (r < 0) {
        disconnect(w);
        return;
    }
    if ((r > 0) != w->armed) {
        w->armed = r > 0;
        hb_fp_want(w->loop, w->send.sock,
                   EPOLLIN | EPOLLRDHUP | (r > 0 ? (uint32_t)EPOLLOUT : 0));
    }
    if (r == 0 && w->paused) {
        w->paused = false;
        hb_fp_want(w->loop, w->fan, EPOLLIN);
    }
    if (r == 0 && w->dropped > 0) {
        uint64_t n = w->dropped;

        w->dropped = 0;
        note(w, HB_FPN_LOST, 0, n, NULL);
    }
}

static int setup(struct hb_watch *w)
{
    int r;

    raise_nofile();
    w->fan = w->ctl = w->ctl_listen = -1;
    w->mounts_fan = w->mounts_info = -1;
    hb_watch_send_init(&w->send);
    (void)pthread_mutex_init(&w->files_lock, NULL);
    w->loop = hb_loop_new();
    w->dirs = hb_dirs_new(0, 0);
    w->quiet = hb_quiet_new();
    w->whos = hb_whos_new();
    w->batch = hb_arena_new(0);
    w->seen = hb_map_new();
    w->buf = malloc(READ_BYTES);
    if (w->loop == NULL || w->dirs == NULL || w->quiet == NULL ||
        w->whos == NULL || w->batch == NULL || w->seen == NULL ||
        w->buf == NULL)
        return -ENOMEM;
    r = hb_fan_open(&w->features);
    if (r >= 0) {
        w->fan = r;
        r = hb_loop_add(w->loop, w->fan, EPOLLIN, hb_watch_on_fan, w);
        if (r < 0)
            return r;
    }
    r = sites_open(w);
    if (r < 0)
        return r;
    hb_watch_mounts_start(w);
    w->ctl_listen = hb_sock_passed("watch");
    if (w->ctl_listen >= 0) {
        r = hb_loop_add(w->loop, w->ctl_listen, EPOLLIN, on_ctl_listen, w);
        if (r < 0)
            return r;
    }
    if (hb_loop_timer(w->loop, 0, TICK_NS, on_tick, w) == NULL)
        return -ENOMEM;
    return hb_watch_scan_start(w);
}

static void teardown(struct hb_watch *w)
{
    hb_watch_scan_stop(w);
    if (w->loop != NULL) {
        hb_watch_mounts_stop(w);
        hb_watch_inotify_free(w);
    }
    sites_close(w);
    hb_watch_send_done(&w->send);
    hb_close(&w->fan);
    hb_close(&w->ctl);
    hb_loop_free(w->loop);
    hb_dirs_free(w->dirs);
    free(w->quiet);
    hb_whos_free(w->whos);
    hb_arena_free(w->batch);
    hb_map_free(w->seen);
    hb_config_free(w->own);
    free(w->buf);
}

static int sites_open(struct hb_watch *w)
{
    const struct hb_conf_site *conf = w->config->sites.v;

    if (w->config->sites.n > HB_WATCH_SITES)
        return -E2BIG;
    w->n_sites = w->config->sites.n;
    for (size_t i = 0; i < w->n_sites; i++) {
        struct hb_watch_site *s = &w->sites[i];

        memset(s, 0, sizeof(*s));
        s->conf = &conf[i];
        s->number = (uint32_t)conf[i].number;
        s->root = -1;
        (void)snprintf(s->path, sizeof(s->path), "%s", conf[i].root);
        s->path_n = strlen(s->path);
    }
    /* All paths stand before the first mark can give an event. */
    for (size_t i = 0; i < w->n_sites; i++)
        if (site_open(w, &w->sites[i]) == 0)
            site_watch(w, &w->sites[i]);
    return 0;
}

static void sites_close(struct hb_watch *w)
{
    hb_quiet_reset(w);
    for (size_t i = 0; i < w->n_sites; i++)
        hb_close(&w->sites[i].root);
    for (size_t i = 0; i < w->n_fs; i++)
        hb_close(&w->mountfd[i]);
    w->n_fs = w->n_sites = 0;
}

static int site_open(struct hb_watch *w, struct hb_watch_site *s)
{
    struct hb_fan_handle h;
    struct statx sx;
    char link[64];
    ssize_t n;
    int fd, r;

    fd = open(s->conf->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    n = readlink(link, s->path, sizeof(s->path) - 1);
    if (n <= 1 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) < 0) {
        r = n <= 1 ? -EINVAL : -errno;
        (void)close(fd);
        return r;
    }
    s->path[n] = '\0';
    s->path_n = (size_t)n;
    s->root = fd;
    s->ino = sx.stx_ino;
    s->dev = (uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor;
    if (hb_fan_handle_at(fd, "", &h) == 0)
        s->fsid = h.fsid;
    r = hb_watch_fs_add(w, fd);
    if (r < 0)
        hb_log(HB_LOG_WARNING, "%s: %s", s->conf->name, strerror(-r));
    return 0;
}

static void site_watch(struct hb_watch *w, struct hb_watch_site *s)
{
    int r = -ENOSYS;

    if (w->fan >= 0) {
        s->mode = HB_WATCH_FSMARK;
        r = hb_fan_mark_fs(w->fan, hb_watch_fs_find(w, s->fsid), &w->features);
        if (r < 0) {
            s->mode = HB_WATCH_DIRMARK;
            r = hb_watch_tree(w, s, "", false);
        }
    }
    if (r < 0) {
        s->mode = HB_WATCH_INOTIFY;
        r = hb_watch_inotify(w);
        if (r == 0)
            r = hb_watch_tree(w, s, "", false);
    }
    if (r < 0)
        s->mode = HB_WATCH_NONE;
    if (s->mode != HB_WATCH_FSMARK)
        hb_log(HB_LOG_WARNING,
               _("site %s: the file system cannot be watched as a whole"),
               s->conf->name);
    hb_watch_say_mode(w, s);
}

/* Is the root still the directory that we watch? */
static void site_check(struct hb_watch *w, struct hb_watch_site *s)
{
    struct statx sx;
    bool there, same;

    there = statx(AT_FDCWD, s->conf->root, 0, STATX_BASIC_STATS, &sx) == 0 &&
            S_ISDIR(sx.stx_mode);
    same = there && s->root >= 0 && sx.stx_ino == s->ino &&
           ((uint64_t)sx.stx_dev_major << 32 | sx.stx_dev_minor) == s->dev;
    if (same || (!there && s->root < 0))
        return;
    hb_quiet_reset(w);
    if (!there) {
        hb_close(&s->root);
        hb_dirs_forget(w->dirs, s->number, hb_slice("", 0));
        note(w, HB_FPN_GONE, s->number, 0, s->conf->root);
        return;
    }
    /* Another directory stands there (or it came back). */
    hb_close(&s->root);
    hb_dirs_forget(w->dirs, s->number, hb_slice("", 0));
    if (site_open(w, s) == 0) {
        site_watch(w, s);
        note(w, HB_FPN_BACK, s->number, 0, s->conf->root);
    }
}

static void note(struct hb_watch *w, enum hb_fp_note what, uint32_t site,
                 uint64_t count, const char *text)
{
    struct hb_buf b = HB_BUF_INIT;

    hb_fp_note(&b, what, site, count, text);
    if (hb_watch_send_frame(&w->send, hb_buf_slice(&b)) == -EPIPE)
        disconnect(w);
    hb_buf_done(&b);
}

static void on_tick(void *arg)
{
    struct hb_watch *w = arg;

    if (w->send.sock < 0)
        connect_compare(w);
    hb_watch_backlog(w);
    if ((w->ticks++ & 3) == 0)
        for (size_t i = 0; i < w->n_sites; i++)
            site_check(w, &w->sites[i]);
    hb_watch_pump(w);
}

static void on_hup(void *arg)
{
    struct hb_watch *w = arg;
    struct hb_config *fresh;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 300];

    if (hb_config_load(w->ctx->config_path, &fresh, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, _("the old settings stay in force: %s"), text);
        return;
    }
    hb_watch_scan_stop(w);
    w->scan_stop = false;
    hb_watch_mounts_stop(w);
    hb_watch_inotify_free(w);
    sites_close(w);
    hb_dirs_forget(w->dirs, 0, hb_slice("", 0));
    hb_dirs_file_reset(w->dirs);
    hb_config_free(w->own);
    w->own = fresh;
    w->config = fresh;
    w->mounts_known = false;
    if (sites_open(w) < 0 || hb_watch_scan_start(w) < 0) {
        hb_loop_stop(w->loop, EXIT_FAILURE);
        return;
    }
    hb_watch_mounts_start(w);
    /* Compare begins anew with what is watched now. */
    disconnect(w);
}

static void connect_compare(struct hb_watch *w)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_slice key;
    size_t at = 0;
    void *v;

    if (hb_watch_send_connect(&w->send, w->ctx->run_dir) < 0) {
        w->send.sock = -1;
        return;
    }
    (void)fcntl(w->send.sock, F_SETFL, O_NONBLOCK);
    if (hb_loop_add(w->loop, w->send.sock, EPOLLIN | EPOLLRDHUP, on_send, w) <
        0) {
        hb_close(&w->send.sock);
        return;
    }
    /* What happened before is found by the scan that compare makes now. */
    w->dropped = 0;
    w->armed = false;
    hb_fp_hello(&b, w->start);
    (void)hb_watch_send_frame(&w->send, hb_buf_slice(&b));
    hb_buf_done(&b);
    for (size_t i = 0; i < w->n_sites; i++) {
        if (w->sites[i].root < 0)
            note(w, HB_FPN_GONE, w->sites[i].number, 0, w->sites[i].conf->root);
        else
            hb_watch_say_mode(w, &w->sites[i]);
    }
    while (w->mounts != NULL && hb_map_next(w->mounts, &at, &key, &v)) {
        const char *rel;
        struct hb_watch_site *s =
            hb_watch_site_of(w, (const char *)v + strlen(v) + 1, &rel);

        if (s != NULL)
            (void)hb_watch_add(w, s->number, hb_slice_z(rel),
                               HB_FPE_MOUNTED | HB_FPE_DIR);
    }
    hb_watch_flush(w);
}

static void disconnect(struct hb_watch *w)
{
    if (w->send.sock < 0)
        return;
    hb_loop_del(w->loop, w->send.sock);
    hb_watch_send_done(&w->send);
    hb_watch_send_init(&w->send);
    if (w->paused) {
        w->paused = false;
        hb_fp_want(w->loop, w->fan, EPOLLIN);
    }
}

static void on_send(void *arg, int fd, uint32_t events)
{
    struct hb_watch *w = arg;

    /* Compare never writes here: readable means closed. */
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        disconnect(w);
    else
        hb_watch_pump(w);
}

static void on_ctl_listen(void *arg, int fd, uint32_t events)
{
    struct hb_watch *w = arg;
    struct hb_peer peer;
    int c;

    if (hb_sock_accept(fd, &c, &peer) < 0)
        return;
    if (w->ctl >= 0) {
        hb_loop_del(w->loop, w->ctl);
        hb_close(&w->ctl);
    }
    w->ctl = c;
    if (hb_loop_add(w->loop, c, EPOLLIN | EPOLLRDHUP, on_ctl, w) < 0)
        hb_close(&w->ctl);
}

static void on_ctl(void *arg, int fd, uint32_t events)
{
    static struct hb_fp_frame frame;
    static uint8_t buf[HB_FP_FRAME + 1024];
    struct hb_watch *w = arg;
    size_t nfds = 0;
    ssize_t n;

    n = hb_sock_recv(fd, buf, sizeof(buf), NULL, 0, &nfds);
    if (n == -EAGAIN || n == -EINTR)
        return;
    if (n > 0 && hb_fp_decode(&frame, buf, (size_t)n, 0) == 0 &&
        (frame.kind == HB_FP_SCAN || frame.kind == HB_FP_LOOK)) {
        ctl_frame(w, &frame);
        return;
    }
    hb_loop_del(w->loop, fd);
    hb_close(&w->ctl);
}

static void ctl_frame(struct hb_watch *w, const struct hb_fp_frame *f)
{
    if (f->kind == HB_FP_SCAN) {
        if (hb_watch_scan_ask(w, &f->begin) < 0)
            hb_log(HB_LOG_WARNING, _("too many scans wait"));
        return;
    }
    if (hb_watch_site(w, f->site) == NULL)
        return;
    for (unsigned i = 0; i < f->n_items; i++)
        (void)hb_watch_add(w, f->site, f->items[i].path, HB_FPE_LOOK);
    hb_watch_flush(w);
    hb_watch_pump(w);
}

/* Each event may carry a pidfd, each object a descriptor. */
static void raise_nofile(void)
{
    struct rlimit l;

    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = HB_MIN(l.rlim_max, (rlim_t)65536);
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compare.c - the role compare: reads what watch passes in and decides.
 *
 * Runs without any privilege: content that an attacker wrote is read here
 * and nowhere else in this product's privileged half.  It can ask the helper
 * for two things only, to put a file back as signed and to take a foreign one
 * out; a compare that was taken over could do no more.
 *
 * Trusted: the configuration, baselines whose signature holds.  Not trusted:
 * the frames of watch (bounded, refused when malformed), the objects behind
 * the descriptors, answers longer than they should be.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/log.h"
#include "base/sock.h"
#include "sense/files/compare.h"
#include "sense/files/files.h"

#define TICK_NS   (500 * HB_MS)
#define META_NS   (600 * HB_S)  /* between checks by metadata */
#define SCAN_LOST (3600 * HB_S) /* asked for and not begun */
#define RING      (4u << 20)
#define FRAME_BUF (HB_FP_FRAME + 64 * 1024)

static int setup(struct hb_cmp *c);
static void teardown(struct hb_cmp *c);
static void on_tick(void *arg);
static void on_hup(void *arg);
static void on_baseline(void *arg, int fd, uint32_t events);
static void on_listen(void *arg, int fd, uint32_t events);
static void on_files(void *arg, int fd, uint32_t events);
static bool one_frame(struct hb_cmp *c, struct hb_cmp_conn *conn);
static void conn_close(struct hb_cmp *c, struct hb_cmp_conn *conn);
static void on_note(struct hb_cmp *c, const struct hb_fp_frame *f);
static void note_site(struct hb_cmp *c, struct hb_cmp_site *s,
                      const struct hb_fp_frame *f);
static void on_objects(struct hb_cmp *c, struct hb_cmp_conn *conn,
                       const struct hb_fp_frame *f, size_t n, int *fds,
                       size_t nfds);
static bool heard(const struct hb_cmp *c);
static void watch_connect(struct hb_cmp *c);
static void on_watch(void *arg, int fd, uint32_t events);
static int watch_send(struct hb_cmp *c, const struct hb_buf *b);
static void scan_all(struct hb_cmp *c);
static bool peer_ok(const struct hb_cmp *c, const struct hb_peer *p);

int hb_compare_main(const struct hb_role_ctx *ctx)
{
    struct hb_cmp *c = calloc(1, sizeof(*c));
    int r;

    if (c == NULL)
        return EXIT_FAILURE;
    c->ctx = ctx;
    c->config = ctx->config;
    r = setup(c);
    if (r >= 0) {
        hb_notify("READY=1");
        r = hb_loop_run(c->loop, on_hup, c);
    } else {
        char text[128];

        hb_log(HB_LOG_ERR, _("comparing cannot start: %s"),
               hb_errno_text(r, text, sizeof(text)));
        r = EXIT_FAILURE;
    }
    teardown(c);
    free(c);
    return r;
}

struct hb_cmp_site *hb_cmp_site(struct hb_cmp *c, uint32_t number)
{
    for (size_t i = 0; i < c->n_sites; i++)
        if (c->sites[i].number == number)
            return &c->sites[i];
    return NULL;
}

void hb_cmp_look(struct hb_cmp *c, struct hb_cmp_site *s, struct hb_slice path)
{
    if (c->look_n > 0 &&
        (c->look_site != s->number || c->look_n == HB_FP_ITEMS ||
         c->look.n + path.n + 64 > HB_FP_FRAME))
        hb_cmp_look_flush(c);
    if (c->look_n == 0) {
        /* The count is written over when it is known. */
        hb_fp_look(&c->look, s->number, NULL, 0);
        c->look_site = s->number;
    }
    hb_buf_add_bytes(&c->look, path.n > 0 ? path.p : "", path.n);
    c->look_n++;
}

void hb_cmp_look_flush(struct hb_cmp *c)
{
    const size_t at = 2 + sizeof(uint32_t);

    if (c->look_n == 0)
        return;
    if (hb_buf_err(&c->look) == 0) {
        c->look.p[at] = (char)(c->look_n & 0xff);
        c->look.p[at + 1] = (char)(c->look_n >> 8);
        if (watch_send(c, &c->look) < 0) {
            struct hb_cmp_site *s = hb_cmp_site(c, c->look_site);

            /* Watch is away or full: the next scan finds it. */
            if (s != NULL)
                s->scan_again = true;
        }
    }
    hb_buf_reset(&c->look);
    c->look_n = 0;
}

int hb_cmp_ask_scan(struct hb_cmp *c, struct hb_cmp_site *s,
                    enum hb_fp_scan kind, struct hb_slice prefix)
{
    struct hb_fp_scan_head h = {
        .id = ++c->scan_id,
        .site = s->number,
        .kind = (uint8_t)kind,
        .prefix = prefix,
    };
    struct hb_buf b = HB_BUF_INIT;
    int r;

    if (prefix.n == 0 && s->scanning) {
        s->scan_again = true;
        return 0;
    }
    if (prefix.n == 0)
        s->next_meta = hb_mono() + META_NS;
    hb_fp_begin(&b, HB_FP_SCAN, &h);
    r = heard(c) ? watch_send(c, &b) : -ENOTCONN;
    hb_buf_done(&b);
    if (r == 0 && prefix.n == 0) {
        s->scanning = true;
        s->scan_asked = hb_mono();
        s->scan_kind = kind;
        if (kind != HB_FPSC_META)
            s->scan_again = false;
        if (kind != HB_FPSC_META || s->next_full == 0)
            s->next_full = hb_mono() + s->conf->scan_every;
    }
    if (r < 0)
        s->scan_again = true;
    return r;
}

static int setup(struct hb_cmp *c)
{
    struct hb_err err = {0};
    struct rlimit l;
    char path[HB_MAX_PATH], text[HB_MAX_ERR + 300];
    int n, r;

    /* Every change on its way holds a descriptor. */
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = HB_MIN(l.rlim_max, (rlim_t)65536);
        (void)setrlimit(RLIMIT_NOFILE, &l);
    }
    c->held_max = getrlimit(RLIMIT_NOFILE, &l) == 0
                      ? (size_t)HB_MIN(l.rlim_cur / 2, (rlim_t)HB_CMP_PATHS)
                      : 256;
    c->watch = c->helper = c->listen = c->basedir = c->inotify = -1;
    for (size_t i = 0; i < HB_CMP_CONNS; i++)
        c->conns[i] = (struct hb_cmp_conn){.c = c, .fd = -1};
    hb_buf_init(&c->look, HB_MAX_FRAME);
    /* Over restarts, so that a late answer to an old number finds nobody. */
    c->seq = c->scan_id = (uint64_t)hb_now();
    c->loop = hb_loop_new();
    c->scratch = hb_sha256_new();
    c->arena = hb_arena_new(0);
    c->paths = hb_map_new();
    c->asked = hb_map_new();
    c->frame = malloc(sizeof(*c->frame));
    c->buf = malloc(FRAME_BUF);
    if (c->loop == NULL || c->scratch == NULL || c->arena == NULL ||
        c->paths == NULL || c->asked == NULL || c->frame == NULL ||
        c->buf == NULL)
        return -ENOMEM;
    n = snprintf(path, sizeof(path), "%s/event.sock", c->ctx->run_dir);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    r = hb_bus_new(c->loop, path, "sense/files", RING, &c->bus);
    if (r == 0)
        hb_bus_on_command(c->bus, hb_cmp_command, c);
    if (r == 0)
        r = hb_pool_new(c->loop, 2, c, &c->pool);
    if (r < 0)
        return r;
    n = snprintf(path, sizeof(path), "%s/keys/publish.pub", c->ctx->etc_dir);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    r = hb_pub_load(path, &c->pub, &err);
    /* Before `hinoban init` there is no key, and nothing to compare. */
    if (r == -ENOENT && c->config->sites.n == 0)
        r = 0;
    if (r < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, "%s", text);
        return r;
    }
    c->basedir = open(c->ctx->baseline_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    c->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (c->basedir < 0 || c->inotify < 0)
        return -errno;
    r = hb_loop_add(c->loop, c->inotify, EPOLLIN, on_baseline, c);
    if (r == 0)
        r = hb_cmp_sites_open(c);
    if (r < 0)
        return r;
    c->listen = hb_sock_passed("files");
    if (c->listen < 0)
        return c->listen;
    r = hb_loop_add(c->loop, c->listen, EPOLLIN, on_listen, c);
    if (r == 0 && hb_loop_timer(c->loop, 0, TICK_NS, on_tick, c) == NULL)
        r = -ENOMEM;
    return r;
}

static void teardown(struct hb_cmp *c)
{
    for (size_t i = 0; i < HB_CMP_CONNS; i++)
        if (c->conns[i].fd >= 0)
            conn_close(c, &c->conns[i]);
    if (c->pool != NULL)
        hb_pool_free(c->pool);
    hb_cmp_pending_write(c);
    if (c->paths != NULL)
        hb_cmp_paths_free(c);
    hb_cmp_sites_close(c);
    hb_close(&c->watch);
    hb_close(&c->helper);
    hb_close(&c->inotify);
    hb_close(&c->basedir);
    hb_bus_free(c->bus);
    hb_pub_free(c->pub);
    hb_sha256_free(c->scratch);
    hb_arena_free(c->arena);
    hb_map_free(c->paths);
    hb_map_free(c->asked);
    hb_buf_done(&c->look);
    free(c->frame);
    free(c->buf);
    hb_loop_free(c->loop);
    hb_config_free(c->own);
}

static void on_tick(void *arg)
{
    struct hb_cmp *c = arg;
    uint64_t now = hb_mono();

    if (c->watch < 0)
        watch_connect(c);
    hb_cmp_helper_tick(c);
    hb_cmp_pending_write(c);
    /* A reader of the directory may have been lost; once in 5 s. */
    if (c->ticks++ % 10 == 0) {
        hb_cmp_sites_refresh(c);
        hb_cmp_paths_sweep(c);
    }
    for (size_t i = 0; i < c->n_sites && c->watch >= 0; i++) {
        struct hb_cmp_site *s = &c->sites[i];

        /* One thread scans all sites in turn; after so long it was lost.  One
         * that this tick asked for is newer than NOW. */
        if (s->scanning && s->scan_asked != 0 &&
            now > s->scan_asked + SCAN_LOST) {
            s->scanning = false;
            (void)hb_cmp_ask_scan(c, s, s->scan_kind, hb_slice("", 0));
            hb_cmp_health(c, s, "scan", HB_SEV_LOW, 0,
                          _("a scan was asked for and never began; it is "
                            "asked for again"));
        }
        if (s->set == NULL || s->scanning)
            continue;
        if (s->scan_again) {
            s->scan_again = false;
            (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0));
        } else if (s->next_full != 0 && now >= s->next_full) {
            /* By schedule past the page cache: what was written to the
             * block device below the file system shows only there. */
            (void)hb_cmp_ask_scan(c, s, HB_FPSC_DEEP, hb_slice("", 0));
        } else if (now >= s->next_meta) {
            (void)hb_cmp_ask_scan(c, s, HB_FPSC_META, hb_slice("", 0));
        }
    }
}

static void on_hup(void *arg)
{
    struct hb_cmp *c = arg;
    struct hb_config *fresh;
    struct hb_err err = {0};
    char text[HB_MAX_ERR + 300];
    int r;

    if (hb_config_load(c->ctx->config_path, &fresh, &err) < 0) {
        hb_err_format(&err, text, sizeof(text));
        hb_log(HB_LOG_ERR, _("the old settings stay in force: %s"), text);
        hb_cmp_health(c, NULL, "reload", HB_SEV_MEDIUM, 1,
                      _("the old settings stay in force: %s"), text);
        return;
    }
    for (size_t i = 0; i < HB_CMP_CONNS; i++)
        if (c->conns[i].fd >= 0)
            conn_close(c, &c->conns[i]);
    hb_pool_free(c->pool);
    c->pool = NULL;
    hb_cmp_pending_write(c);
    hb_cmp_paths_free(c);
    hb_cmp_sites_close(c);
    hb_config_free(c->own);
    c->own = fresh;
    c->config = fresh;
    r = hb_pool_new(c->loop, 2, c, &c->pool);
    if (r == 0)
        r = hb_cmp_sites_open(c);
    if (r < 0)
        hb_loop_stop(c->loop, EXIT_FAILURE);
}

static void on_baseline(void *arg, int fd, uint32_t events)
{
    struct hb_cmp *c = arg;
    char drain[4096];

    while (read(fd, drain, sizeof(drain)) > 0)
        continue;
    hb_cmp_sites_refresh(c);
    hb_cmp_ask_more(c);
}

static void on_listen(void *arg, int fd, uint32_t events)
{
    struct hb_cmp *c = arg;
    struct hb_peer peer;
    int s;

    if (hb_sock_accept(fd, &s, &peer) < 0)
        return;
    for (size_t i = 0; peer_ok(c, &peer) && i < HB_CMP_CONNS; i++) {
        struct hb_cmp_conn *conn = &c->conns[i];

        if (conn->fd >= 0)
            continue;
        conn->fd = s;
        conn->hello = conn->paused = false;
        conn->scan = NULL;
        if (hb_loop_add(c->loop, s, EPOLLIN | EPOLLRDHUP, on_files, conn) == 0)
            return;
        conn->fd = -1;
        break;
    }
    (void)close(s);
}

static void on_files(void *arg, int fd, uint32_t events)
{
    struct hb_cmp_conn *conn = arg;
    struct hb_cmp *c = conn->c;

    for (unsigned i = 0; i < 8 && conn->fd == fd && !conn->paused; i++)
        if (!one_frame(c, conn))
            break;
    hb_cmp_look_flush(c);
    hb_cmp_ask_more(c);
}

/* False where nothing more is there now. */
static bool one_frame(struct hb_cmp *c, struct hb_cmp_conn *conn)
{
    int fds[HB_MAX_FRAME_FDS];
    size_t nfds = 0;
    ssize_t n;

    n = hb_sock_recv(conn->fd, c->buf, FRAME_BUF, fds, HB_MAX_FRAME_FDS, &nfds);
    if (n == -EAGAIN || n == -EINTR)
        return false;
    if (n <= 0) {
        conn_close(c, conn);
        return false;
    }
    /* Frames of a scan are decoded by a worker. */
    if (conn->scan != NULL && n > 2 && c->buf[1] == HB_FP_OBJECTS) {
        hb_cmp_scan_objects(c, conn, c->buf, (size_t)n, fds, nfds);
        return true;
    }
    if (hb_fp_decode(c->frame, c->buf, (size_t)n, nfds) < 0) {
        for (size_t i = 0; i < nfds; i++)
            (void)close(fds[i]);
        conn_close(c, conn);
        return false;
    }
    switch (c->frame->kind) {
    case HB_FP_HELLO:
        /* Whatever happened while nobody listened. */
        conn->hello = true;
        scan_all(c);
        break;
    case HB_FP_NOTE:
        on_note(c, c->frame);
        break;
    case HB_FP_OBJECTS:
        on_objects(c, conn, c->frame, (size_t)n, fds, nfds);
        break;
    case HB_FP_BEGIN:
        hb_cmp_scan_begin(c, conn, &c->frame->begin);
        break;
    case HB_FP_END:
        hb_cmp_scan_end(c, conn, &c->frame->end);
        break;
    default:
        conn_close(c, conn);
        return false;
    }
    return true;
}

static void conn_close(struct hb_cmp *c, struct hb_cmp_conn *conn)
{
    hb_loop_del(c->loop, conn->fd);
    hb_close(&conn->fd);
    hb_cmp_scan_broken(c, conn);
    conn->paused = false;
}

static void on_objects(struct hb_cmp *c, struct hb_cmp_conn *conn,
                       const struct hb_fp_frame *f, size_t n, int *fds,
                       size_t nfds)
{
    for (unsigned i = 0; f->scan == 0 && i < f->n_items; i++) {
        const struct hb_fp_item *item = &f->items[i];
        int fd = -1;

        if (item->fd != HB_FP_NO_FD) {
            fd = fds[item->fd];
            fds[item->fd] = -1;
        }
        hb_cmp_object(c, item, fd,
                      item->who != HB_FP_NO_WHO ? &f->whos[item->who] : NULL);
    }
    for (size_t i = 0; i < nfds; i++)
        hb_close(&fds[i]);
}

static void on_note(struct hb_cmp *c, const struct hb_fp_frame *f)
{
    if (f->note.site != 0) {
        struct hb_cmp_site *s = hb_cmp_site(c, f->note.site);

        if (s != NULL)
            note_site(c, s, f);
        return;
    }
    for (size_t i = 0; i < c->n_sites; i++)
        note_site(c, &c->sites[i], f);
}

static void note_site(struct hb_cmp *c, struct hb_cmp_site *s,
                      const struct hb_fp_frame *f)
{
    char text[sizeof(s->mode)];
    size_t n = HB_MIN(f->note.text.n, sizeof(text) - 1);

    memcpy(text, f->note.text.n > 0 ? f->note.text.p : "", n);
    text[n] = '\0';
    switch ((enum hb_fp_note)f->note.note) {
    case HB_FPN_MODE:
        if (hb_streq(s->mode, text))
            break;
        memcpy(s->mode, text, sizeof(text));
        /* 1 is the whole file system; all else sees less. */
        hb_cmp_health(c, s, "mode",
                      f->note.count == 1 ? HB_SEV_INFO : HB_SEV_MEDIUM,
                      (int64_t)f->note.count, _("watched by: %s"), text);
        break;
    case HB_FPN_LOST:
        hb_cmp_health(c, s, "dropped", HB_SEV_MEDIUM, (int64_t)f->note.count,
                      _("%llu events were dropped; a scan makes up for them"),
                      (unsigned long long)f->note.count);
        /* Every change that an event would have told of moved a ctime. */
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_META, hb_slice("", 0));
        break;
    case HB_FPN_GONE:
        hb_cmp_health(c, s, "gone", HB_SEV_HIGH, 1,
                      _("the document root is not there: %s"), s->conf->root);
        hb_cmp_look(c, s, hb_slice("", 0));
        break;
    case HB_FPN_BACK:
        hb_cmp_health(c, s, "back", HB_SEV_LOW, 1,
                      _("the document root is there again"));
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0));
        break;
    case HB_FPN_FS_ERROR:
        hb_cmp_health(c, s, "fs-error", HB_SEV_HIGH, (int64_t)f->note.count,
                      _("the file system reports an error"));
        (void)hb_cmp_ask_scan(c, s, HB_FPSC_FULL, hb_slice("", 0));
        break;
    default:
        break;
    }
}

static void scan_all(struct hb_cmp *c)
{
    for (size_t i = 0; i < c->n_sites; i++) {
        c->sites[i].scanning = false;
        (void)hb_cmp_ask_scan(c, &c->sites[i], HB_FPSC_FULL, hb_slice("", 0));
    }
}

/* Whether events come: a scan without them would have to be done again. */
static bool heard(const struct hb_cmp *c)
{
    for (size_t i = 0; i < HB_CMP_CONNS; i++)
        if (c->conns[i].fd >= 0 && c->conns[i].hello)
            return true;
    return false;
}

static void watch_connect(struct hb_cmp *c)
{
    char path[HB_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/watch.sock", c->ctx->run_dir);

    if (n < 0 || (size_t)n >= sizeof(path) ||
        hb_sock_connect(path, SOCK_SEQPACKET, &c->watch) < 0) {
        c->watch = -1;
        return;
    }
    (void)fcntl(c->watch, F_SETFL, O_NONBLOCK);
    if (hb_loop_add(c->loop, c->watch, EPOLLIN | EPOLLRDHUP, on_watch, c) < 0)
        hb_close(&c->watch);
    else
        scan_all(c);
}

/* Watch never writes here: readable means closed. */
static void on_watch(void *arg, int fd, uint32_t events)
{
    struct hb_cmp *c = arg;

    hb_loop_del(c->loop, fd);
    hb_close(&c->watch);
    for (size_t i = 0; i < c->n_sites; i++) {
        c->sites[i].scanning = false;
        c->sites[i].scan_again = true;
    }
}

static int watch_send(struct hb_cmp *c, const struct hb_buf *b)
{
    if (c->watch < 0)
        return -ENOTCONN;
    if (hb_buf_err(b) < 0)
        return hb_buf_err(b);
    return hb_sock_send(c->watch, b->p, b->n, NULL, 0);
}

/* Whom the socket's file belongs to, and root. */
static bool peer_ok(const struct hb_cmp *c, const struct hb_peer *p)
{
    char path[HB_MAX_PATH];
    struct stat st;
    int n = snprintf(path, sizeof(path), "%s/files.sock", c->ctx->run_dir);

    if (p->uid == 0)
        return true;
    return n > 0 && (size_t)n < sizeof(path) && lstat(path, &st) == 0 &&
           st.st_uid == p->uid;
}

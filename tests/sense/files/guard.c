/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - see guard.h.  Test code: what cannot be set up ends the process.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/num.h"
#include "base/sock.h"
#include "event/bus.h"
#include "guard.h"
#include "respond/approval.h"
#include "respond/respond.h"
#include "sense/files/files.h"
#include "sense/files/walk.h"

static void must(int r, const char *what, const struct hb_err *err)
{
    if (r >= 0)
        return;
    (void)fprintf(stderr, "%s: %s %s\n", what, strerror(-r),
                  err != NULL ? err->message : "");
    exit(99);
}

void guard_open(struct guard *g, const char *dir, const char *root,
                const char *more, const char *limits, bool reflex)
{
    struct hb_err err = {0};
    char path[600];

    memset(g, 0, sizeof(*g));
    rig_open(&g->r, dir, root, more, limits);
    for (size_t i = 0; i < 3; i++) {
        static const char *const dirs[] = {"people", "reflexes", "keys"};

        (void)snprintf(path, sizeof(path), "%s/%s", g->r.etc, dirs[i]);
        must(hb_mkdirs(path, 0755), path, NULL);
    }
    must(chmod(g->r.helper, 0700), "helper", NULL);
    must(hb_key_generate(&g->publish), "key", NULL);
    must(hb_key_generate(&g->officer), "key", NULL);
    must(hb_key_pub(g->publish, &g->pub), "key", NULL);
    (void)snprintf(path, sizeof(path), "%s/keys/publish.pub", g->r.etc);
    must(hb_pub_save(g->publish, path, &err), path, &err);
    (void)snprintf(path, sizeof(path), "%s/people/hanako.pub", g->r.etc);
    must(hb_pub_save(g->officer, path, &err), path, &err);
    (void)snprintf(path, sizeof(path), "%s/people/hanako.json", g->r.etc);
    must(hb_file_write(path, "{\"role\":\"officer\"}", 18, 0644), path, NULL);
    if (reflex) {
        struct hb_reflex r = {.actions = 1u << HB_ACT_FILE_RESTORE |
                                         1u << HB_ACT_FILE_REMOVE,
                              .all_sites = true,
                              .from = hb_now() - 60 * (int64_t)HB_S,
                              .until = hb_now() + 86400 * (int64_t)HB_S,
                              .rate = 1000000,
                              .within = 60,
                              .reason = "test",
                              .id = "restore",
                              .by = "hanako"};

        must(hb_reflex_save(g->r.etc, &r, g->officer, &err), "reflex", &err);
    }
    (void)snprintf(path, sizeof(path), "%s/www", g->r.baseline);
    must(hb_mkdirs(path, 0755), path, NULL);
    (void)snprintf(path, sizeof(path), "%s/objects", g->r.baseline);
    must(hb_mkdirs(path, 0755), path, NULL);
    g->listen = rig_listen(&g->r, "event", SOCK_SEQPACKET);
}

void guard_close(struct guard *g)
{
    for (size_t i = 0; i < g->n_conns; i++)
        (void)close(g->conns[i]);
    (void)close(g->listen);
    guard_stop(g);
    hb_key_free(g->publish);
    hb_key_free(g->officer);
    hb_pub_free(g->pub);
    rig_close(&g->r);
}

void guard_stop(struct guard *g)
{
    while (g->r.n_roles > 0) {
        int r = rig_stop(&g->r, g->r.roles[g->r.n_roles - 1]);

        if (r != 0) {
            (void)fprintf(stderr, "a role ended with %d\n", r);
            exit(99);
        }
    }
}

void guard_publish(struct guard *g, unsigned threads)
{
    static const char *const ignore[] = {"uploads", ".hinoban-staging-www"};
    _cleanup_close_ int root = -1, dir = -1, objects = -1;
    struct hb_base_stats stats;
    struct hb_err err = {0};
    char path[600];

    root = open(g->r.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/www", g->r.baseline);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(path, sizeof(path), "%s/objects", g->r.baseline);
    objects = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct hb_base_build how = {
        .site = "www",
        .root = root,
        .dir = dir,
        .objdir = getenv("RIG_NO_OBJECTS") != NULL ? -1 : objects,
        .ignore = ignore,
        .n_ignore = 2,
        .threads = threads};

    must(hb_baseline_build(&how, ++g->number, &stats, &err), "build", &err);
    must(hb_baseline_sign(dir, g->number, g->publish, &err), "sign", &err);
}

void guard_start(struct guard *g)
{
    static const char *const hn[] = {"helper-compare", "helper-core", NULL};
    static const char *const cn[] = {"files", NULL}, *const wn[] = {"watch",
                                                                    NULL};
    unsigned before = g->scans;
    struct rlimit l;
    int fds[2];

    fds[0] = rig_listen(&g->r, hn[0], SOCK_SEQPACKET);
    fds[1] = rig_listen(&g->r, hn[1], SOCK_SEQPACKET);
    g->helper = rig_start(&g->r, hb_helper_main, "helper", hn, fds);
    fds[0] = rig_listen(&g->r, cn[0], SOCK_SEQPACKET);
    /* Few descriptors, so that many changes at once run into the limit. */
    (void)getrlimit(RLIMIT_NOFILE, &l);
    if (g->few_fds)
        (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){700, 700});
    g->compare = rig_start(&g->r, hb_compare_main, "compare", cn, fds);
    (void)setrlimit(RLIMIT_NOFILE, &l);
    fds[0] = rig_listen(&g->r, wn[0], SOCK_SEQPACKET);
    g->watch = rig_start(&g->r, hb_watch_main, "watch", wn, fds);
    if (!guard_wait(g, &g->scans, before + 1, 120))
        must(-ETIMEDOUT, "first scan", NULL);
}

static void take(struct guard *g, struct hb_slice json)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_err err = {0};
    struct hb_json *o;
    const char *status, *change;
    int64_t class_uid;

    must(hb_json_parse(a, json, &o, &err), "event", &err);
    class_uid = hb_json_int(o, "class_uid", 0);
    status = hb_json_str(o, "status", "");
    o = NULL;
    must(hb_json_parse(a, json, &o, &err), "event", &err);
    {
        const struct hb_json *c = hb_json_path(o, "unmapped.change");

        change = c != NULL && c->type == HB_JSON_STR ? c->str.p : "";
    }
    if (getenv("RIG_VERBOSE") != NULL)
        (void)fprintf(stderr, "%.*s\n", (int)json.n, json.p);
    if (class_uid == HB_EV_FILE_ACTIVITY) {
        g->restored += hb_streq(status, "restored");
        g->removed += hb_streq(status, "removed");
        g->failed += hb_streq(status, "failed");
        g->asked += hb_streq(status, "ask");
        g->fights += hb_streq(status, "fight");
        g->pending += hb_streq(status, "pending");
        (void)snprintf(g->last, sizeof(g->last), "%.*s", (int)json.n, json.p);
    } else {
        g->health++;
        g->scans += hb_streq(change, "scan");
        g->dropped += hb_streq(change, "dropped");
        g->published += hb_streq(change, "published");
        if (hb_streq(change, "mode"))
            (void)hb_copyz(g->last_mode, sizeof(g->last_mode),
                           hb_json_str(o, "message", ""));
        if (hb_streq(change, "scan"))
            (void)hb_copyz(g->last_scan, sizeof(g->last_scan),
                           hb_json_str(o, "message", ""));
    }
    if (g->on_event != NULL) {
        char *z = hb_arena_dup(a, json.p, json.n);

        g->on_event(g, z, g->arg);
    }
    hb_arena_free(a);
}

bool guard_turn(struct guard *g, int ms)
{
    struct pollfd p[9];
    static uint8_t buf[HB_MAX_FRAME];
    bool any = false;

    p[0] = (struct pollfd){.fd = g->listen, .events = POLLIN};
    for (size_t i = 0; i < g->n_conns; i++)
        p[i + 1] = (struct pollfd){.fd = g->conns[i], .events = POLLIN};
    if (poll(p, 1 + g->n_conns, ms) <= 0)
        return false;
    for (size_t i = g->n_conns; i-- > 0;) {
        if (p[i + 1].revents == 0)
            continue;
        for (;;) {
            enum hb_bus_kind kind;
            struct hb_slice json;
            uint8_t ack[10];
            uint64_t seq;
            ssize_t n =
                hb_sock_recv(g->conns[i], buf, sizeof(buf), NULL, 0, NULL);

            if (n == -EAGAIN)
                break;
            if (n <= 0) {
                (void)close(g->conns[i]);
                g->conns[i] = g->conns[--g->n_conns];
                break;
            }
            must(hb_bus_frame_decode(buf, (size_t)n, &kind, &seq, &json),
                 "frame", NULL);
            any = true;
            if (kind == HB_BUS_EVENT)
                take(g, json);
            n = (ssize_t)hb_bus_ack_encode(seq, ack);
            (void)!hb_sock_send(g->conns[i], ack, (size_t)n, NULL, 0);
        }
    }
    if (p[0].revents != 0) {
        struct hb_peer peer;

        if (hb_sock_accept(g->listen, &g->conns[g->n_conns], &peer) == 0)
            g->n_conns++;
    }
    return any;
}

bool guard_wait(struct guard *g, const unsigned *count, unsigned n,
                unsigned seconds)
{
    uint64_t until = rig_now() + seconds * 1000000000ull;

    while (*count < n && rig_now() < until)
        (void)guard_turn(g, 50);
    return *count >= n;
}

struct cleaning {
    struct guard *g;
    struct hb_baseline *b;
    struct hb_sha256 *h;
    uint32_t seen;
    bool say, bad;
};

static int clean_entry(void *arg, int dirfd, const char *name, const char *path,
                       size_t n, unsigned char type)
{
    struct cleaning *c = arg;
    _cleanup_close_ int fd = -1;
    struct hb_base_entry e;
    struct stat st;
    int bits;

    if (strcmp(path, "uploads") == 0 ||
        strcmp(path, ".hinoban-staging-www") == 0)
        return 1;
    if (hb_baseline_find(c->b, hb_slice(path, n), &e) < 0) {
        if (c->say)
            (void)fprintf(stderr, "# foreign: %s\n", path);
        c->bad = true;
        return 1;
    }
    c->seen++;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    fd = openat(dirfd, name,
                (S_ISREG(st.st_mode) ? O_RDONLY : O_PATH) | O_NOFOLLOW |
                    O_NONBLOCK | O_CLOEXEC);
    bits = fd < 0 ? -errno
                  : hb_baseline_compare(&e, fd, S_ISREG(st.st_mode), c->h);
    if (bits != 0) {
        if (c->say)
            (void)fprintf(stderr, "# differs (%d): %s\n", bits, path);
        c->bad = true;
    }
    return 0;
}

bool guard_clean(struct guard *g, bool say)
{
    struct cleaning c = {.g = g, .say = say};
    _cleanup_close_ int root = -1, dir = -1;
    struct hb_walk_stats st;
    struct hb_err err = {0};
    char path[600];

    root = open(g->r.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return false;
    (void)snprintf(path, sizeof(path), "%s/www", g->r.baseline);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(hb_baseline_open(dir, "www", 0, 0, g->pub, &c.b, &err), "baseline",
         &err);
    c.h = hb_sha256_new();
    if (hb_walk(root, "", clean_entry, &c, &st) < 0)
        c.bad = true;
    /* The root itself is an entry and is not walked over. */
    if (c.seen + 1 != hb_baseline_count(c.b)) {
        if (say)
            (void)fprintf(stderr, "# %u of %u entries\n", c.seen + 1,
                          hb_baseline_count(c.b));
        c.bad = true;
    }
    hb_sha256_free(c.h);
    hb_baseline_free(c.b);
    return !c.bad;
}

bool guard_heals(struct guard *g, unsigned seconds)
{
    uint64_t until = rig_now() + seconds * 1000000000ull;

    while (rig_now() < until) {
        if (guard_clean(g, false)) {
            while (guard_turn(g, 20))
                continue;
            if (guard_clean(g, false))
                return true;
        }
        (void)guard_turn(g, 20);
    }
    return guard_clean(g, true);
}

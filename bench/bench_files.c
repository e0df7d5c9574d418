/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_files.c - the short cut with the real roles, in JSON lines.
 *
 *     bench-files ROOT WORKDIR [RUNS [PART]]
 *
 * ROOT is a web root (100,000 files, 2.17 GB for the published figures).
 * Its files are changed and put back by what is measured; WORKDIR, on any
 * file system with room for a copy, is emptied afterwards.  Root only: a
 * file system is marked.  RUNS (5) counts whole checks; changes are counted
 * by the hundred.  PART is one of the table at the end.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/sock.h"
#include "event/bus.h"
#include "../tests/sense/files/guard.h"
#include "sense/files/files.h"
#include "sense/files/proto.h"
#include "sense/files/walk.h"

#define CHANGES  300u
#define AT_ONCE  1000u
#define BURST    100000u
#define MAX_RUNS 101u

static struct guard *g;
static char *victims[AT_ONCE];
static size_t n_victims;

/* The newest restored event: when it was noticed, when it was over. */
static int64_t noticed, over;
static char answered[64];

static void die(const char *what)
{
    (void)fprintf(stderr, "bench-files: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void print(const char *name, const char *unit, double ours, double goal,
                  unsigned runs)
{
    (void)printf("{\"bench\":\"files.%s\",\"unit\":\"%s\",\"ours\":%.4g,"
                 "\"goal\":%g,\"better\":\"lower\",\"runs\":%u}\n",
                 name, unit, ours, goal, runs);
    (void)fflush(stdout);
}

static void on_event(struct guard *guard, const char *json, void *arg)
{
    struct hb_arena *a = hb_arena_new(0);
    const struct hb_json *v;
    struct hb_json *o;

    (void)guard;
    (void)arg;
    if (a == NULL || hb_json_parse(a, hb_slice_z(json), &o, NULL) < 0)
        die("event");
    if (hb_streq(hb_json_str(o, "status", ""), "restored")) {
        noticed = hb_json_int(o, "time", 0) * 1000000;
        v = hb_json_path(o, "unmapped.time_ns");
        noticed += v != NULL ? v->integer : 0;
        v = hb_json_path(o, "unmapped.took_ns");
        over = noticed + (v != NULL ? v->integer : 0);
    }
    v = hb_json_path(o, "unmapped.command");
    if (v != NULL && v->type == HB_JSON_STR)
        (void)snprintf(answered, sizeof(answered), "%s", v->str.p);
    hb_arena_free(a);
}

/* Files of about 20 KB, spread over the tree. */
static int pick(void *arg, int dirfd, const char *name, const char *path,
                size_t n, unsigned char type)
{
    unsigned *k = arg;
    struct stat st;

    (void)n;
    (void)type;
    if (n_victims == AT_ONCE)
        return -ECANCELED;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISREG(st.st_mode) || st.st_size < 15000 || st.st_size > 25000)
        return 0;
    if ((*k)++ % 5 != 0)
        return 0;
    victims[n_victims++] = strdup(path);
    return 0;
}

static void deface(const char *rel)
{
    char path[4500];
    int fd;

    rig_path(path, sizeof(path), g->r.root, rel);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, "HACKED", 6) != 6)
        die(path);
    (void)close(fd);
}

static void bench_changes(unsigned runs)
{
    double notice[CHANGES], heal[CHANGES];

    for (unsigned i = 0; i < CHANGES; i++) {
        unsigned before = g->restored;
        int64_t from;

        while (guard_turn(g, 5))
            continue;
        from = hb_now();
        deface(victims[i % n_victims]);
        if (!guard_wait(g, &g->restored, before + 1, 30))
            die("a change was not restored");
        notice[i] = (double)(noticed - from) / 1e6;
        heal[i] = (double)(over - from) / 1e6;
    }
    qsort(notice, CHANGES, sizeof(*notice), by_value);
    qsort(heal, CHANGES, sizeof(*heal), by_value);
    print("notice_p50", "ms", notice[CHANGES / 2], 1, CHANGES);
    print("notice_p99", "ms", notice[CHANGES * 99 / 100], 20, CHANGES);
    print("heal_p50", "ms", heal[CHANGES / 2], 2, CHANGES);
    print("heal_p99", "ms", heal[CHANGES * 99 / 100], 50, CHANGES);
    print("heal_max", "ms", heal[CHANGES - 1], 100, CHANGES);
}

static void bench_at_once(unsigned runs)
{
    double v[MAX_RUNS];

    for (unsigned k = 0; k < runs; k++) {
        unsigned before;
        int64_t from;

        while (guard_turn(g, 200))
            continue;
        before = g->restored;
        from = hb_now();
        for (size_t i = 0; i < n_victims; i++)
            deface(victims[i]);
        if (!guard_wait(g, &g->restored, before + (unsigned)n_victims, 60))
            die("not all were restored");
        v[k] = (double)(over - from) / 1e9;
    }
    qsort(v, runs, sizeof(*v), by_value);
    print("thousand", "s", v[runs / 2], 1.5, runs);
}

/* From the command of core to compare's answer. */
static double check(const char *kind)
{
    static unsigned number;
    struct hb_buf text = HB_BUF_INIT, frame = HB_BUF_INIT;
    char key[40];
    uint64_t from, until;

    while (guard_turn(g, 300))
        continue;
    (void)snprintf(key, sizeof(key), "%032x", ++number);
    hb_buf_addf(&text,
                "{\"cmd\":\"scan\",\"site\":\"www\",\"kind\":\"%s\","
                "\"key\":\"%s\"}",
                kind, key);
    if (hb_bus_command_encode(&frame, hb_buf_slice(&text)) < 0)
        die("command");
    from = hb_tick();
    until = rig_now() + 120 * HB_S;
    /* Only compare knows the command; the helper ignores it. */
    for (size_t i = 0; i < g->n_conns; i++)
        if (hb_sock_send(g->conns[i], frame.p, frame.n, NULL, 0) < 0)
            die("command");
    while (!hb_streq(answered, key)) {
        (void)guard_turn(g, 20);
        if (rig_now() > until)
            die("no answer to a scan");
    }
    hb_buf_done(&text);
    hb_buf_done(&frame);
    return (double)(hb_tick() - from) / 1e9;
}

/* Seconds of processor time that the process has used. */
static double cpu_of(pid_t pid)
{
    char path[64], text[1024], *p;
    unsigned long ticks[2] = {0, 0};
    ssize_t n;
    int fd, field = 2;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    hb_close(&fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    p = strrchr(text, ')');
    while (p != NULL && field < 15) {
        p = strchr(p + 1, ' ');
        field++;
        if (p != NULL && field >= 14)
            ticks[field - 14] = strtoul(p, NULL, 10);
    }
    return (double)(ticks[0] + ticks[1]) / (double)sysconf(_SC_CLK_TCK);
}

static void bench_checks(unsigned runs)
{
    double full[MAX_RUNS], meta[MAX_RUNS], cpu[MAX_RUNS];

    (void)check("full");
    for (unsigned k = 0; k < runs; k++) {
        double before = cpu_of(g->watch) + cpu_of(g->compare);

        full[k] = check("full");
        cpu[k] = cpu_of(g->watch) + cpu_of(g->compare) - before;
        meta[k] = check("meta");
    }
    qsort(cpu, runs, sizeof(*cpu), by_value);
    qsort(full, runs, sizeof(*full), by_value);
    qsort(meta, runs, sizeof(*meta), by_value);
    print("check_warm", "s", full[runs / 2], 2.0, runs);
    print("check_meta", "s", meta[runs / 2], 0.6, runs);
    /* What two idle cores would need at least. */
    print("check_cpu", "s", cpu[runs / 2], 4.0, runs);
}

/* Highest resident memory in MB. */
static double peak_of(pid_t pid)
{
    char path[64], text[4096], *p;
    ssize_t n;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    hb_close(&fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    p = strstr(text, "VmHWM:");
    return p != NULL ? (double)strtoul(p + 6, NULL, 10) / 1024 : 0;
}

static void bench_idle(unsigned runs)
{
    const pid_t pids[] = {g->watch, g->compare, g->helper};
    double from = 0, to = 0;
    uint64_t start;

    while (guard_turn(g, 1000))
        continue;
    start = hb_tick();
    for (size_t i = 0; i < HB_ARRAY_LEN(pids); i++)
        from += cpu_of(pids[i]);
    (void)sleep(20);
    for (size_t i = 0; i < HB_ARRAY_LEN(pids); i++)
        to += cpu_of(pids[i]);
    print("idle_cpu", "%",
          (to - from) / ((double)(hb_tick() - start) / 1e9) * 100, 0.1, 1);
}

/* Writing much elsewhere on the same file system, and then the peak of all
 * three roles; the kernel's queue is bounded by limits.watch_memory, which
 * is added in full. */
static void bench_flood(unsigned runs)
{
    const pid_t pids[] = {g->watch, g->compare, g->helper};
    unsigned dropped = g->dropped;
    char dir[300], path[400];
    double mb = 0;

    (void)snprintf(dir, sizeof(dir), "%s.flood", g->r.root);
    if (hb_mkdirs(dir, 0755) < 0)
        die(dir);
    for (unsigned i = 0; i < 3 * BURST; i++) {
        int fd;

        (void)snprintf(path, sizeof(path), "%s/f%u", dir, i % 5000);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, "x", 1) != 1)
            die(path);
        (void)close(fd);
        if (i % 1000 == 0)
            (void)guard_turn(g, 0);
    }
    while (guard_turn(g, 1000))
        continue;
    if (hb_rmtree(AT_FDCWD, dir) < 0)
        die(dir);
    for (size_t i = 0; i < HB_ARRAY_LEN(pids); i++)
        mb += peak_of(pids[i]);
    mb += (double)g->r.config->limits.watch_memory / (1 << 20);
    print("flood_memory", "MB", mb, 150, 1);
    print("flood_scans", "", g->dropped - dropped, 1, 1);
}

/* From the start of the process to "READY=1": the marks stand. */
static void bench_start(unsigned runs)
{
    static const char *const names[] = {"watch", NULL};
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    double v[MAX_RUNS];
    char text[256];
    int s;

    s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%.99s/notify", g->r.run);
    (void)unlink(sa.sun_path);
    if (s < 0 || bind(s, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
        setenv("NOTIFY_SOCKET", sa.sun_path, 1) < 0)
        die("notify");
    for (unsigned k = 0; k < runs; k++) {
        unsigned scans = g->scans;
        uint64_t from;
        int fd;

        (void)rig_stop(&g->r, g->watch);
        fd = rig_listen(&g->r, "watch", SOCK_SEQPACKET);
        from = hb_tick();
        g->watch = rig_start(&g->r, hb_watch_main, "watch", names, &fd);
        if (recv(s, text, sizeof(text), 0) <= 0)
            die("ready");
        v[k] = (double)(hb_tick() - from) / 1e6;
        if (!guard_wait(g, &g->scans, scans + 1, 60))
            die("scan after start");
    }
    (void)unsetenv("NOTIFY_SOCKET");
    (void)close(s);
    qsort(v, runs, sizeof(*v), by_value);
    print("watch_start", "ms", v[runs / 2], 5, runs);
}

/* 100,000 files made in the watched root while nobody reads; then each one
 * must have been told.  The bench itself takes compare's place. */
static void bench_burst(const char *work, const char *root)
{
    static const char *const names[] = {"watch", NULL};
    static struct hb_fp_frame frame;
    static uint8_t buf[HB_FP_FRAME + 4096], seen[BURST];
    char dir[300], path[400];
    int listen, fd, conn = -1, fds[HB_MAX_FRAME_FDS];
    unsigned count = 0, quiet = 0;
    struct rig r;
    pid_t pid;

    (void)snprintf(dir, sizeof(dir), "%s/burst-root", root);
    rig_open(&r, work, dir, "", "");
    listen = rig_listen(&r, "files", SOCK_SEQPACKET);
    fd = rig_listen(&r, "watch", SOCK_SEQPACKET);
    pid = rig_start(&r, hb_watch_main, "watch", names, &fd);
    while (conn < 0) {
        struct hb_peer peer;

        if (hb_sock_accept(listen, &conn, &peer) < 0)
            rig_sleep_ms(5);
    }
    for (unsigned i = 0; i < BURST; i++) {
        (void)snprintf(path, sizeof(path), "%s/f%u", dir, i);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0)
            die(path);
        (void)close(fd);
    }
    while (count < BURST && quiet < 100) {
        size_t nfds = 0;
        ssize_t n =
            hb_sock_recv(conn, buf, sizeof(buf), fds, HB_MAX_FRAME_FDS, &nfds);

        if (n == -EAGAIN) {
            quiet++;
            rig_sleep_ms(50);
            continue;
        }
        quiet = 0;
        if (n <= 0 || hb_fp_decode(&frame, buf, (size_t)n, nfds) < 0)
            die("frame");
        for (size_t i = 0; i < nfds; i++)
            (void)close(fds[i]);
        for (unsigned i = 0; frame.kind == HB_FP_OBJECTS && i < frame.n_items;
             i++) {
            struct hb_slice p = frame.items[i].path;
            unsigned long k;

            if (p.n < 2 || p.p[0] != 'f')
                continue;
            (void)snprintf(path, sizeof(path), "%.*s", (int)p.n - 1, p.p + 1);
            k = strtoul(path, NULL, 10);
            if (k < BURST && !seen[k]) {
                seen[k] = 1;
                count++;
            }
        }
    }
    print("burst_lost", "", BURST - count, 0, 1);
    (void)close(conn);
    (void)close(listen);
    (void)rig_stop(&r, pid);
    rig_close(&r);
    if (hb_rmtree(AT_FDCWD, dir) < 0)
        die(dir);
}

static const struct {
    const char *name;
    void (*fn)(unsigned runs);
} parts[] = {
    {"changes", bench_changes}, {"once", bench_at_once},
    {"checks", bench_checks},   {"flood", bench_flood},
    {"start", bench_start},     {"idle", bench_idle},
};

int main(int argc, char **argv)
{
    const char *only = argc > 4 ? argv[4] : NULL;
    struct hb_walk_stats st;
    unsigned k = 0, runs = 5;
    char base[300];
    int root;

    if (argc < 3) {
        (void)fprintf(stderr,
                      "usage: bench-files ROOT WORKDIR [RUNS [PART]]\n");
        return 2;
    }
    if (argc > 3)
        runs = (unsigned)strtoul(argv[3], NULL, 10);
    runs = HB_MAX(HB_MIN(runs, MAX_RUNS), 1u);
    if (geteuid() != 0) {
        (void)printf("{\"bench\":\"files\",\"skipped\":\"needs root\"}\n");
        return 0;
    }
    g = calloc(1, sizeof(*g));
    (void)snprintf(base, sizeof(base), "%s/guard", argv[2]);
    guard_open(g, base, argv[1], "    loop_restores: 10000\n", "", true);
    g->on_event = on_event;
    guard_publish(g, 2);
    root = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        die(argv[1]);
    if (hb_walk(root, "", pick, &k, &st) < 0 && n_victims < 100)
        die("too few files of 20 KB");
    guard_start(g);
    for (size_t i = 0; i < HB_ARRAY_LEN(parts); i++)
        if (only == NULL || hb_streq(only, parts[i].name))
            parts[i].fn(runs);
    if (!guard_clean(g, true))
        die("the root is not as it was");
    guard_close(g);
    (void)snprintf(base, sizeof(base), "%s/burst", argv[2]);
    if (only == NULL || hb_streq(only, "burst"))
        bench_burst(base, argv[2]);
    for (size_t i = 0; i < n_victims; i++)
        free(victims[i]);
    free(g);
    (void)close(root);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_baseline.c - how long a baseline takes, in JSON lines.
 *
 *     bench-baseline ROOT WORKDIR [RUNS]
 *
 * ROOT is a web root (100,000 files, 2.17 GB for the published figures); it
 * is only read.  WORKDIR must be on the file system to be measured and is
 * emptied of what was made there.  Medians of RUNS (5); the durable copy is
 * measured once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "baseline/publish.h"

#define MAX_RUNS 101

struct bench {
    int root, dir, objects, site;
    const char *work;
    unsigned runs;
};

static void die(const char *what, int r, const struct hb_err *err)
{
    (void)fprintf(stderr, "bench-baseline: %s: %d %s %s\n", what, r,
                  err != NULL ? err->file : "",
                  err != NULL ? err->message : "");
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void print(const char *name, const char *unit, double *v, unsigned n,
                  double goal)
{
    qsort(v, n, sizeof(*v), by_value);
    (void)printf("{\"bench\":\"files.%s\",\"unit\":\"%s\",\"ours\":%.3f,"
                 "\"goal\":%g,\"better\":\"lower\",\"runs\":%u}\n",
                 name, unit, v[n / 2], goal, n);
    (void)fflush(stdout);
}

static double since(uint64_t from)
{
    return (double)(hb_tick() - from) / (double)HB_S;
}

static void build(struct bench *b, bool copy, uint64_t number, unsigned threads,
                  struct hb_base_stats *stats)
{
    struct hb_err err = {0};
    struct hb_base_build how = {.site = "bench",
                                .root = b->root,
                                .dir = b->site,
                                .objdir = copy ? b->objects : -1,
                                .threads = threads};
    int r = hb_baseline_build(&how, number, stats, &err);

    if (r < 0)
        die("build", r, &err);
}

/* Everything hashed, the table durable and signed, in a process of its own
 * would show its memory; here it is the first thing done. */
static void bench_warm(struct bench *b, const struct hb_key *key)
{
    double v[MAX_RUNS], rss;
    struct hb_base_stats stats;
    struct rusage u;

    build(b, false, 1, 2, &stats); /* warms the cache */
    for (unsigned i = 0; i < b->runs; i++) {
        uint64_t from = hb_tick();
        struct hb_err err = {0};
        int r;

        build(b, false, i + 2, 2, &stats);
        r = hb_baseline_sign(b->site, i + 2, key, &err);
        if (r < 0)
            die("sign", r, &err);
        v[i] = since(from);
    }
    print("baseline_warm", "s", v, b->runs, 2.5);
    if (getrusage(RUSAGE_SELF, &u) == 0) {
        rss = (double)u.ru_maxrss / 1024;
        print("baseline_rss", "MB", &rss, 1, 60);
    }
    (void)fprintf(stderr, "files %llu, bytes %llu\n",
                  (unsigned long long)stats.files,
                  (unsigned long long)stats.bytes);
}

static void bench_open(struct bench *b, const struct hb_pub *pub)
{
    double v[MAX_RUNS];

    for (unsigned i = 0; i < b->runs; i++) {
        uint64_t from = hb_tick();
        struct hb_baseline *base;
        struct hb_err err = {0};
        int r = hb_baseline_open(b->site, "bench", 0, 0, pub, &base, &err);

        if (r < 0)
            die("open", r, &err);
        v[i] = since(from) * 1000;
        hb_baseline_free(base);
    }
    print("baseline_open", "ms", v, b->runs, 100);
}

/* One thread over every entry in order, as compare does in a full check. */
static void bench_compare(struct bench *b, const struct hb_pub *pub, bool read)
{
    struct hb_sha256 *scratch = hb_sha256_new();
    struct hb_baseline *base;
    struct hb_err err = {0};
    double v[MAX_RUNS];
    int r = hb_baseline_open(b->site, "bench", 0, 0, pub, &base, &err);

    if (r < 0 || scratch == NULL)
        die("open", r, &err);
    for (unsigned k = 0; k < b->runs; k++) {
        uint64_t from = hb_tick();

        for (uint32_t i = 0; i < hb_baseline_count(base); i++) {
            struct hb_base_entry e;
            char path[HB_MAX_PATH];
            int fd;

            if (hb_baseline_get(base, i, &e) < 0)
                die("get", 0, NULL);
            memcpy(path, e.path.p, e.path.n);
            path[e.path.n] = '\0';
            fd = hb_open_beneath(b->root, e.path.n > 0 ? path : ".",
                                 (read ? O_RDONLY : O_PATH) | O_NOFOLLOW, 0,
                                 true);
            if (fd < 0)
                die(path, fd, NULL);
            r = hb_baseline_compare(&e, fd, read, scratch);
            if (r != 0)
                die(path, r, NULL);
            hb_close(&fd);
        }
        v[k] = since(from);
    }
    print(read ? "compare_single_warm" : "compare_single_metadata", "s", v,
          b->runs, read ? 4.0 : 0.6);
    hb_baseline_free(base);
    hb_sha256_free(scratch);
}

static void bench_copy(struct bench *b)
{
    struct hb_base_stats stats;
    uint64_t from = hb_tick();
    double v;

    build(b, true, 1000, 2, &stats);
    v = since(from);
    print("durable_copy", "s", &v, 1, 60);
    (void)fprintf(stderr, "copied %llu bytes\n",
                  (unsigned long long)stats.copied);
}

/* 100 files of 20 KB, new content in each run. */
static void change_tree(struct bench *b, const char *name, unsigned run)
{
    char text[20480];
    int tree;

    (void)mkdirat(b->dir, name, 0755);
    tree = openat(b->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (tree < 0)
        die(name, -errno, NULL);
    for (int i = 0; i < 100; i++) {
        char file[32];
        int fd;

        (void)snprintf(file, sizeof(file), "changed-%d.html", i);
        memset(text, 'x', sizeof(text));
        (void)snprintf(text, sizeof(text), "run %u file %d\n", run, i);
        fd = openat(tree, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || hb_write_all(fd, text, sizeof(text)) < 0)
            die(file, -errno, NULL);
        hb_close(&fd);
    }
    hb_close(&tree);
}

/* Publishing 100 changed files of a site of 100,000: everything durable when
 * it returns. */
static void bench_publish(struct bench *b, const struct hb_key *key,
                          const struct hb_pub *pub)
{
    struct hb_publish how = {.basedir = b->dir,
                             .site = "bench",
                             .pub = pub,
                             .key = key,
                             .threads = 2,
                             .overlay = true};
    _cleanup_buf_ struct hb_buf path = HB_BUF_INIT;
    struct hb_published out;
    struct hb_err err = {0};
    double v[MAX_RUNS];
    int r;

    hb_buf_addf(&path, "%s/change", b->work);
    how.tree = hb_buf_z(&path);
    for (unsigned i = 0; i < b->runs; i++) {
        uint64_t from;

        change_tree(b, "change", i);
        from = hb_tick();
        r = hb_publish(&how, &out, &err);
        if (r < 0)
            die("publish", r, &err);
        v[i] = since(from);
    }
    print("publish_100", "s", v, b->runs, 0.5);
    if (hb_rmtree(b->dir, "change") < 0)
        die("cleaning up", -errno, NULL);
}

/* The same where the whole tree is read: what a release without an overlay
 * costs. */
static void bench_publish_whole(struct bench *b, const struct hb_key *key,
                                const struct hb_pub *pub, const char *root)
{
    struct hb_publish how = {.basedir = b->dir,
                             .site = "bench",
                             .pub = pub,
                             .key = key,
                             .threads = 2,
                             .tree = root};
    struct hb_published out;
    struct hb_err err = {0};
    double v[MAX_RUNS];

    for (unsigned i = 0; i < b->runs; i++) {
        uint64_t from = hb_tick();
        int r = hb_publish(&how, &out, &err);

        if (r < 0)
            die("publish", r, &err);
        v[i] = since(from);
    }
    print("publish_whole_tree", "s", v, b->runs, 2.5);
}

int main(int argc, char **argv)
{
    struct bench b = {.runs =
                          argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 5};
    struct hb_key *key = NULL;
    struct hb_pub *pub = NULL;

    if (argc < 3 || b.runs == 0 || b.runs > MAX_RUNS) {
        (void)fprintf(stderr, "usage: bench-baseline ROOT WORKDIR [RUNS]\n");
        return 2;
    }
    b.work = argv[2];
    b.root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b.root < 0 || hb_mkdirs(b.work, 0755) < 0)
        die(argv[1], -errno, NULL);
    b.dir = open(b.work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)mkdirat(b.dir, "bench", 0755);
    (void)mkdirat(b.dir, "objects", 0755);
    b.site = openat(b.dir, "bench", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b.objects = openat(b.dir, "objects", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (b.site < 0 || b.objects < 0 || hb_key_generate(&key) < 0 ||
        hb_key_pub(key, &pub) < 0)
        die(b.work, -errno, NULL);
    bench_warm(&b, key);
    bench_open(&b, pub);
    bench_compare(&b, pub, false);
    bench_compare(&b, pub, true);
    bench_copy(&b);
    bench_publish(&b, key, pub);
    bench_publish_whole(&b, key, pub, argv[1]);
    hb_key_free(key);
    hb_pub_free(pub);
    if (hb_rmtree(b.dir, "bench") < 0 || hb_rmtree(b.dir, "objects") < 0)
        die("cleaning up", -errno, NULL);
    return 0;
}

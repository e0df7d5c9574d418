/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_build.c - from a tree to a signed baseline and its content store:
 * what it holds, hostile trees, rollback, tampering, failing disks.
 */
#include "baseline/object.h"
#include "base/run.h"
#include "fixture.h"
#include "no_openat2.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static void check_object(struct place *p, const struct hb_base_entry *e)
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t found[32];
    uint64_t size;
    struct stat st;
    int fd;

    assert_int_equal(hb_object_open(p->objects, e->sha256, &fd), 0);
    assert_int_equal(hb_sha256_fd(h, fd, UINT64_MAX, found, &size), 0);
    assert_memory_equal(found, e->sha256, 32);
    assert_int_equal(size, e->size);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    assert_int_equal(st.st_nlink, 1);
    close(fd);
    hb_sha256_free(h);
}

/* Roles whose unit refuses openat2(2) read the store, too. */
static void test_objects_without_openat2(void **state)
{
    struct hb_base_entry e;
    struct hb_baseline *b;
    struct place p;
    uint8_t none[32];
    int status;
    pid_t pid;

    (void)state;
    place_open(&p);
    fill(&p);
    sign_now(&p, 1);
    b = open_now(&p);
    e = entry(b, "index.html");
    memset(none, 0xa5, sizeof(none));
    pid = fork();
    if (pid == 0) {
        int fd = -1;

        if (!no_openat2())
            _exit(2);
        if (hb_object_open(p.objects, none, &fd) != -ENOENT)
            _exit(3);
        _exit(hb_object_open(p.objects, e.sha256, &fd) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    hb_baseline_free(b);
    place_done(&p);
}

static void test_content(void **state)
{
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_baseline *b;
    struct hb_base_entry e, f;
    struct stat st;

    place_open(&p);
    fill(&p);
    h = how(&p);
    h.threads = 4;
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    assert_int_equal(stats.files, 5);
    assert_int_equal(stats.dirs, 4);
    assert_int_equal(stats.links, 1);
    assert_int_equal(stats.skipped, 0);
    assert_int_equal(hb_baseline_sign(p.site, 1, p.key, NULL), 0);
    b = open_now(&p);
    assert_int_equal(hb_baseline_count(b), 10);
    e = entry(b, "");
    assert_int_equal(e.type, HB_BT_DIR);
    e = entry(b, "index.html");
    f = entry(b, "index2.html");
    assert_int_equal(e.nlink, 2);
    assert_int_equal(e.nlink_group, f.nlink_group);
    assert_int_not_equal(e.nlink_group, 0);
    check_object(&p, &e);
    assert_int_equal(fstatat(p.root, "index.html", &st, 0), 0);
    assert_int_equal(e.mtime,
                     st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
    e = entry(b, "cgi/form.cgi");
    assert_int_equal(e.mode, 04755);
    assert_int_equal(e.nlink, 1);
    assert_int_equal(e.uid, getuid());
    check_object(&p, &e);
    e = entry(b, "empty");
    assert_int_equal(e.size, 0);
    check_object(&p, &e);
    e = entry(b, "css/old.css");
    assert_int_equal(e.type, HB_BT_LINK);
    assert_true(hb_slice_eq(e.target, HB_SLICE("site.css")));
    hb_baseline_free(b);
    place_done(&p);
}

static void test_options(void **state)
{
    static const char *const ignore[] = {"css/", "empty"};
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_baseline *b;
    struct hb_base_entry e;

    place_open(&p);
    fill(&p);
    h = how(&p);
    h.ignore = ignore;
    h.n_ignore = 2;
    h.set_owner = true;
    h.uid = 33;
    h.gid = 34;
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    assert_int_equal(hb_baseline_sign(p.site, 1, p.key, NULL), 0);
    b = open_now(&p);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("css"), &e), -ENOENT);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("css/site.css"), &e),
                     -ENOENT);
    assert_int_equal(hb_baseline_find(b, HB_SLICE("empty"), &e), -ENOENT);
    e = entry(b, "css-old"); /* begins alike, is another */
    assert_int_equal(e.uid, 33);
    assert_int_equal(e.gid, 34);
    hb_baseline_free(b);
    h.site = "../x";
    assert_int_equal(hb_baseline_build(&h, 2, &stats, NULL), -EINVAL);
    h.site = "site";
    assert_int_equal(hb_baseline_build(&h, 0, &stats, NULL), -EINVAL);
    place_done(&p);
}

static void test_attributes(void **state)
{
    struct place p;
    struct hb_baseline *b;
    char path[128];

    place_open(&p);
    fill(&p);
    (void)snprintf(path, sizeof(path), "%s/empty", p.tree);
    if (setxattr(path, "user.b", "2", 1, 0) < 0) {
        place_done(&p);
        skip(); /* no user attributes on this file system */
    }
    assert_int_equal(setxattr(path, "user.a", "one", 3, 0), 0);
    assert_int_equal(setxattr(p.tree, "user.root", "x", 1, 0), 0);
    sign_now(&p, 1);
    b = open_now(&p);
    assert_true(hb_slice_eq(
        entry(b, "empty").xattrs,
        hb_slice("\x06\0\x03\0\0\0user.aone\x06\0\x01\0\0\0user.b2", 28)));
    assert_int_equal(entry(b, "").xattrs.n, 6 + 9 + 1);
    assert_int_equal(entry(b, "index.html").xattrs.n, 0);
    hb_baseline_free(b);
    place_done(&p);
}

/* What an attacker may leave in a tree. */
static void test_hostile(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_baseline *b;
    int s, want = 2;

    place_open(&p);
    put(&p, "new\nline", "x");
    put(&p, "\xff\xfe", "not UTF-8");
    put(&p, "-rf", "x");
    put(&p, "a'; drop", "x");
    assert_int_equal(mkfifoat(p.root, "fifo", 0666), 0);
    s = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/sock", p.tree);
    assert_int_equal(bind(s, (struct sockaddr *)&sun, sizeof(sun)), 0);
    if (mknodat(p.root, "zero", S_IFCHR | 0666, makedev(1, 5)) == 0)
        want++;
    assert_int_equal(symlinkat("/etc", p.root, "out"), 0);
    assert_int_equal(symlinkat("loop", p.root, "loop"), 0);
    h = how(&p);
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    assert_int_equal(stats.skipped, want);
    assert_int_equal(stats.files, 4);
    assert_int_equal(stats.links, 2);
    assert_int_equal(hb_baseline_sign(p.site, 1, p.key, NULL), 0);
    b = open_now(&p);
    assert_int_equal(entry(b, "new\nline").size, 1);
    assert_int_equal(entry(b, "out").type, HB_BT_LINK);
    hb_baseline_free(b);
    close(s);
    place_done(&p);
}

static void test_sparse(void **state)
{
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_err err = {0};
    uint64_t from = hb_tick();
    int fd;

    place_open(&p);
    fd = openat(p.root, "huge\n", O_WRONLY | O_CREAT, 0644);
    assert_true(fd >= 0);
    if (ftruncate(fd, (off_t)1 << 40) < 0) {
        close(fd);
        place_done(&p);
        skip();
    }
    close(fd);
    h = how(&p);
    assert_int_equal(hb_baseline_build(&h, 1, &stats, &err), -EFBIG);
    assert_string_equal(err.file, "huge%0A");
    assert_true(hb_tick() - from < 60 * HB_S); /* not read */
    h.max_file = 4;
    put(&p, "huge\n", "12345");
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), -EFBIG);
    put(&p, "huge\n", "1234");
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    place_done(&p);
}

/* Deeper than any path: an error that says where, no crash, no fd leak. */
static void test_deep(void **state)
{
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_err err = {0};
    int fd;

    place_open(&p);
    fd = fcntl(p.root, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 10000; i++) {
        int next;

        assert_int_equal(mkdirat(fd, "d", 0755), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(fd);
        fd = next;
    }
    h = how(&p);
    assert_int_equal(hb_baseline_build(&h, 1, &stats, &err), -ENAMETOOLONG);
    assert_true(strncmp(err.file, "d/d/d/", 6) == 0);
    /* From below: hb_rmtree has its own ceiling. */
    for (int i = 0; i < 10000; i++) {
        int up = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        assert_true(up >= 0);
        close(fd);
        fd = up;
        assert_int_equal(unlinkat(fd, "d", AT_REMOVEDIR), 0);
    }
    close(fd);
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    place_done(&p);
}

/* One directory with many files and few descriptors, several threads. */
static void test_wide(void **state)
{
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct rlimit old, few = {.rlim_cur = 100};

    place_open(&p);
    for (int i = 0; i < 3000; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "f%d", i);
        put(&p, name, name);
    }
    for (int i = 0; i < 300; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "d%d", i);
        dir(&p, name);
        (void)snprintf(name, sizeof(name), "d%d/f", i);
        put(&p, name, "same");
    }
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    h = how(&p);
    h.threads = 8;
    h.objdir = -1;
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(stats.files, 3300);
    assert_int_equal(stats.dirs, 301);
    /* The same content from many threads is one object. */
    h.objdir = p.objects;
    assert_int_equal(hb_baseline_build(&h, 2, &stats, NULL), 0);
    assert_int_equal(hb_baseline_sign(p.site, 2, p.key, NULL), 0);
    {
        struct hb_baseline *b = open_now(&p);
        struct hb_base_entry e = entry(b, "d7/f");

        check_object(&p, &e);
        e = entry(b, "f2999");
        check_object(&p, &e);
        hb_baseline_free(b);
    }
    /* Nothing is copied twice. */
    assert_int_equal(hb_baseline_build(&h, 3, &stats, NULL), 0);
    assert_int_equal(stats.copied, 0);
    place_done(&p);
}

/* Larger than one read: hashed once, copied and hashed again. */
static void test_large(void **state)
{
    struct place p;
    struct hb_baseline *b;
    struct hb_base_entry e;
    char part[5000];
    int fd;

    place_open(&p);
    for (int size = 262143; size <= 262145; size++) {
        char name[32];
        int left = size;

        (void)snprintf(name, sizeof(name), "f%d", size);
        fd = openat(p.root, name, O_WRONLY | O_CREAT, 0644);
        assert_true(fd >= 0);
        memset(part, size, sizeof(part));
        for (; left > 0; left -= (int)sizeof(part))
            assert_int_equal(
                hb_write_all(fd, part, HB_MIN((size_t)left, sizeof(part))), 0);
        close(fd);
    }
    sign_now(&p, 1);
    b = open_now(&p);
    for (uint32_t i = 1; i < hb_baseline_count(b); i++) {
        assert_int_equal(hb_baseline_get(b, i, &e), 0);
        assert_int_equal(e.size, 262142 + i);
        check_object(&p, &e);
    }
    hb_baseline_free(b);
    place_done(&p);
}

static atomic_bool stop;

static void *scribble(void *arg)
{
    int fd = *(int *)arg;

    for (unsigned i = 0; !atomic_load(&stop); i++)
        if (pwrite(fd, &i, sizeof(i), 0) < 0)
            break;
    return NULL;
}

static void test_changing(void **state)
{
    struct place p;
    struct hb_base_build h;
    struct hb_base_stats stats;
    struct hb_err err = {0};
    pthread_t t;
    int fd, r = 0;

    place_open(&p);
    put(&p, "log", "0000");
    fd = openat(p.root, "log", O_WRONLY);
    h = how(&p);
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&t, NULL, scribble, &fd), 0);
    /* On a busy machine nobody may write just while it is read. */
    for (int i = 0; i < 500 && r == 0; i++)
        r = hb_baseline_build(&h, 1, &stats, &err);
    assert_int_equal(r, -EAGAIN);
    assert_string_equal(err.file, "log");
    atomic_store(&stop, true);
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_int_equal(hb_baseline_build(&h, 1, &stats, NULL), 0);
    close(fd);
    place_done(&p);
}

static void test_rollback(void **state)
{
    struct place p;
    struct hb_baseline *b = NULL;
    struct hb_err err = {0};

    place_open(&p);
    fill(&p);
    sign_now(&p, 5);
    put(&p, "index.html", "new");
    sign_now(&p, 6);
    b = open_now(&p);
    assert_int_equal(hb_baseline_number(b), 6);
    hb_baseline_free(b);
    b = NULL;
    /* Somebody points back to 5, whose signature is good. */
    assert_int_equal(hb_file_write_at(p.site, "current", "5\n", 2, 0644), 0);
    assert_int_equal(hb_baseline_open(p.site, "site", 0, 6, p.pub, &b, &err),
                     -ESTALE);
    assert_null(b);
    /* The old file under the new number is another one's. */
    assert_int_equal(unlinkat(p.site, "0000000006.base", 0), 0);
    assert_int_equal(unlinkat(p.site, "0000000006.sig", 0), 0);
    assert_int_equal(
        linkat(p.site, "0000000005.base", p.site, "0000000006.base", 0), 0);
    assert_int_equal(
        linkat(p.site, "0000000005.sig", p.site, "0000000006.sig", 0), 0);
    assert_int_equal(hb_baseline_open(p.site, "site", 6, 6, p.pub, &b, NULL),
                     -EKEYREJECTED);
    /* Signing an older one is refused, too. */
    assert_int_equal(hb_file_write_at(p.site, "current", "6\n", 2, 0644), 0);
    assert_int_equal(hb_baseline_sign(p.site, 5, p.key, NULL), -ESTALE);
    place_done(&p);
}

static void test_other_site_or_key(void **state)
{
    struct place p;
    struct hb_baseline *b = NULL;
    struct hb_key *k;
    struct hb_pub *q;

    place_open(&p);
    fill(&p);
    sign_now(&p, 1);
    assert_int_equal(hb_baseline_open(p.site, "other", 0, 0, p.pub, &b, NULL),
                     -EKEYREJECTED);
    assert_int_equal(hb_key_generate(&k), 0);
    assert_int_equal(hb_key_pub(k, &q), 0);
    assert_int_equal(hb_baseline_open(p.site, "site", 0, 0, q, &b, NULL),
                     -EKEYREJECTED);
    assert_int_equal(hb_baseline_open(p.site, "site", 2, 0, p.pub, &b, NULL),
                     -ENOENT);
    assert_int_equal(unlinkat(p.site, "0000000001.sig", 0), 0);
    assert_int_equal(hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL),
                     -EKEYREJECTED);
    assert_null(b);
    hb_pub_free(q);
    hb_key_free(k);
    place_done(&p);
}

static void test_pointers(void **state)
{
    static const char *const bad[] = {
        "",       "\n",   "0\n",
        "x\n",    "-1\n", "1",
        "1\n2\n", "1 \n", "99999999999999999999999\n"};
    struct place p;
    struct hb_baseline *b = NULL;
    uint64_t n;

    place_open(&p);
    assert_int_equal(hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL),
                     -ENOENT);
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        assert_int_equal(
            hb_file_write_at(p.site, "current", bad[i], strlen(bad[i]), 0644),
            0);
        assert_int_equal(hb_baseline_number_of(p.site, "current", &n),
                         -EBADMSG);
    }
    assert_int_equal(unlinkat(p.site, "current", 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", p.site, "current"), 0);
    assert_true(hb_baseline_number_of(p.site, "current", &n) < 0);
    place_done(&p);
}

/* Somebody with a shell and openssl, as doc/baseline-format.md says. */
static void test_stranger(void **state)
{
    static const char script[] =
        "cd \"$0\" && { printf 'hinoban-baseline-v1\\n'; sha256sum < "
        "0000000001.base | cut -c1-64; } > message && exec openssl pkeyutl "
        "-verify -pubin -inkey publish.pub -rawin -in message -sigfile "
        "0000000001.sig";
    char where[128], pub[160];
    const char *const argv[] = {"/bin/sh", "-c", script, where, NULL};
    struct hb_run run = {.argv = argv};
    struct place p;

    place_open(&p);
    fill(&p);
    sign_now(&p, 1);
    (void)snprintf(where, sizeof(where), "%s/base/site", p.path);
    (void)snprintf(pub, sizeof(pub), "%s/publish.pub", where);
    assert_int_equal(hb_pub_save(p.key, pub, NULL), 0);
    assert_int_equal(hb_run(&run), 0);
    assert_int_equal(unlinkat(p.site, "0000000001.base", 0), 0);
    assert_int_equal(hb_file_write_at(p.site, "0000000001.base", "x", 1, 0444),
                     0);
    assert_int_not_equal(hb_run(&run), 0);
    place_done(&p);
}

/* Each byte of a signed table, and of its signature, counts. */
static void test_bit_flips(void **state)
{
    struct place p;
    struct hb_baseline *b = NULL;
    struct hb_arena *a = hb_arena_new(0);
    struct hb_slice good;
    static const char *const files[] = {"0000000001.base", "0000000001.sig"};

    place_open(&p);
    fill(&p);
    sign_now(&p, 1);
    for (int k = 0; k < 2; k++) {
        int fd;

        assert_int_equal(hb_file_read_at(a, p.site, files[k], 1 << 20, &good),
                         0);
        assert_int_equal(fchmodat(p.site, files[k], 0644, 0), 0);
        fd = openat(p.site, files[k], O_WRONLY);
        assert_true(fd >= 0);
        for (size_t i = 0; i < good.n; i++) {
            char c = (char)(good.p[i] ^ (1 << (i % 8)));

            assert_int_equal(pwrite(fd, &c, 1, (off_t)i), 1);
            assert_int_equal(
                hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL),
                -EKEYREJECTED);
            assert_int_equal(pwrite(fd, good.p + i, 1, (off_t)i), 1);
        }
        b = open_now(&p);
        hb_baseline_free(b);
        b = NULL;
        /* Cut, and longer than it should be. */
        assert_int_equal(ftruncate(fd, (off_t)good.n - 1), 0);
        assert_true(hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL) <
                    0);
        assert_int_equal(pwrite(fd, good.p, good.n, 0), good.n);
        assert_int_equal(ftruncate(fd, (off_t)good.n + 1), 0);
        assert_true(hb_baseline_open(p.site, "site", 0, 0, p.pub, &b, NULL) <
                    0);
        assert_int_equal(ftruncate(fd, (off_t)good.n), 0);
        close(fd);
    }
    hb_arena_free(a);
    place_done(&p);
}

/* The n-th allocation, write or fsync fails: what was in force still is, and
 * the next attempt succeeds. */
static void test_faults(void **state)
{
    for (int kind = HB_FAULT_ALLOC; kind <= HB_FAULT_FSYNC; kind++) {
        struct place p;
        bool through = false;
        unsigned n;

        place_open(&p);
        fill(&p);
        sign_now(&p, 1);
        for (n = 1; n < 2000 && !through; n++) {
            struct hb_base_build h = how(&p);
            struct hb_base_stats stats;
            struct hb_baseline *b;
            char text[32];
            int r;

            (void)snprintf(text, sizeof(text), "%d-%u", kind, n);
            put(&p, "index.html", text);
            hb_fault_set((enum hb_fault_kind)kind, n);
            r = hb_baseline_build(&h, n + 1, &stats, NULL);
            if (r == 0)
                r = hb_baseline_sign(p.site, n + 1, p.key, NULL);
            through = hb_fault_pending((enum hb_fault_kind)kind);
            hb_fault_set((enum hb_fault_kind)kind, 0);
            b = open_now(&p);
            if (through) {
                assert_int_equal(r, 0);
                assert_int_equal(hb_baseline_number(b), n + 1);
            } else if (r < 0) {
                /* All or nothing: the old one, or (where only the last
                 * fsync of the directory failed) the new one whole. */
                struct hb_base_entry e = entry(b, "index.html");

                check_object(&p, &e);
            }
            hb_baseline_free(b);
        }
        assert_true(through);
        assert_true(n > 2);
        place_done(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects_without_openat2),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_changing),
        cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_other_site_or_key),
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_stranger),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_faults),
    };
    return hb_tap_run("baseline/build", tests);
}

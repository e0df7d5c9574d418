/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on a real file system: bounded reads, writes that are old or new but
 * never half, trees with links, and every failing write and fsync.
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/num.h"
#include "no_openat2.h"

static char root[64];
static int rootfd = -1;

static int setup(void **state)
{
    (void)snprintf(root, sizeof(root), "/tmp/hinoban-file-XXXXXX");
    if (mkdtemp(root) == NULL)
        return -1;
    rootfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return rootfd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    hb_close(&rootfd);
    return hb_rmtree(AT_FDCWD, root);
}

static const char *below(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", root, name);
    return path;
}

static void put(const char *name, const char *text)
{
    assert_int_equal(hb_file_write_at(rootfd, name, text, strlen(text), 0644),
                     0);
}

static void assert_holds(const char *name, const char *text)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice s;

    assert_int_equal(hb_file_read_at(a, rootfd, name, 1 << 20, &s), 0);
    assert_string_equal(s.p, text);
    assert_int_equal(s.n, strlen(text));
}

static unsigned entries(int dirfd)
{
    DIR *d = fdopendir(openat(dirfd, ".", O_RDONLY | O_DIRECTORY));
    unsigned n = 0;

    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n - 2;
}

static void test_read(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice s = {NULL, 7};

    put("a", "0123456789");
    assert_int_equal(hb_file_read(a, below("a"), 10, &s), 0);
    assert_string_equal(s.p, "0123456789");
    s.n = 7;
    assert_int_equal(hb_file_read(a, below("a"), 9, &s), -EFBIG);
    assert_int_equal(hb_file_read(a, below("absent"), 9, &s), -ENOENT);
    assert_int_equal(hb_file_read(a, root, 9, &s), -EISDIR);
    assert_int_equal(s.n, 7);
    put("empty", "");
    assert_int_equal(hb_file_read(a, below("empty"), 0, &s), 0);
    assert_int_equal(s.n, 0);
    assert_string_equal(s.p, "");
}

static void test_read_of_files_without_size(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice s;

    assert_int_equal(hb_file_read(a, "/proc/self/stat", 4096, &s), 0);
    assert_true(s.n > 20);
    assert_int_equal(hb_file_read(a, "/proc/self/maps", 10, &s), -EFBIG);
}

static void test_read_does_not_hang_on_a_pipe(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice s;

    assert_int_equal(mkfifoat(rootfd, "fifo", 0600), 0);
    assert_int_equal(hb_file_read(a, below("fifo"), 10, &s), -EINVAL);
    assert_int_equal(hb_file_read_at(a, rootfd, "fifo", 10, &s), -EINVAL);
    assert_int_equal(hb_file_read(a, "/dev/zero", 10, &s), -EINVAL);
}

static void test_read_at_refuses_a_link(void **state)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice s;

    put("target", "x");
    assert_int_equal(symlinkat("target", rootfd, "link"), 0);
    assert_int_equal(hb_file_read_at(a, rootfd, "link", 10, &s), -ELOOP);
    assert_int_equal(hb_file_read(a, below("link"), 10, &s), 0);
}

static void test_write(void **state)
{
    struct stat st;
    mode_t old = umask(077);

    assert_int_equal(hb_file_write(below("w"), "one", 3, 0664), 0);
    assert_int_equal(fstatat(rootfd, "w", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0664);
    assert_int_equal(hb_file_write(below("w"), "2", 1, 0600), 0);
    assert_holds("w", "2");
    assert_int_equal(fstatat(rootfd, "w", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(hb_file_write(below("e"), NULL, 0, 0600), 0);
    assert_holds("e", "");
    (void)umask(old);
}

static void test_write_replaces_a_link_not_its_target(void **state)
{
    struct stat st;

    put("kept", "kept");
    assert_int_equal(symlinkat("kept", rootfd, "l"), 0);
    assert_int_equal(hb_file_write_at(rootfd, "l", "new", 3, 0644), 0);
    assert_holds("kept", "kept");
    assert_int_equal(fstatat(rootfd, "l", &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_holds("l", "new");
}

static void test_write_refuses_odd_names(void **state)
{
    static const char *const bad[] = {"", ".", "..", "a/b", "/etc/x", "../x"};

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++)
        assert_int_equal(hb_file_write_at(rootfd, bad[i], "x", 1, 0600),
                         -EINVAL);
    assert_int_equal(hb_file_write(below("absent/x"), "x", 1, 0600), -ENOENT);
    assert_int_equal(mkdirat(rootfd, "dir", 0755), 0);
    assert_int_equal(hb_file_write_at(rootfd, "dir", "x", 1, 0600), -EISDIR);
    assert_int_equal(entries(rootfd), 1);
}

/* Whatever fails: the old contents or the new, no file left beside it. */
static void test_failing_writes(void **state)
{
    static const enum hb_fault_kind kinds[] = {HB_FAULT_WRITE, HB_FAULT_FSYNC};

    for (size_t k = 0; k < HB_ARRAY_LEN(kinds); k++) {
        bool through = false;

        for (unsigned n = 1; !through; n++) {
            int r;

            put("f", "old");
            hb_fault_set(kinds[k], n);
            r = hb_file_write_at(rootfd, "f", "new", 3, 0644);
            through = hb_fault_pending(kinds[k]);
            hb_fault_set(kinds[k], 0);
            assert_int_equal(r == 0, through);
            if (r != 0)
                assert_int_equal(r, k == 0 ? -ENOSPC : -EIO);
            /* After the rename only the directory's fsync can fail. */
            assert_holds("f", through || (k == 1 && n == 2) ? "new" : "old");
            assert_int_equal(entries(rootfd), 1);
            assert_true(n < 10);
        }
    }
}

static void test_write_all(void **state)
{
    char big[200000], back[200000];
    _cleanup_close_ int fd =
        openat(rootfd, "big", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    memset(big, 'b', sizeof(big));
    assert_int_equal(hb_write_all(fd, big, sizeof(big)), 0);
    assert_int_equal(hb_pread_full(fd, back, sizeof(back), 0), sizeof(back));
    assert_memory_equal(big, back, sizeof(big));
    assert_int_equal(hb_pread_full(fd, back, sizeof(back), 199990), 10);
    assert_int_equal(hb_pread_full(fd, back, 10, 1 << 20), 0);
    assert_int_equal(hb_pwrite_all(fd, "XY", 2, 5), 0);
    assert_int_equal(hb_pread_full(fd, back, 4, 4), 4);
    assert_memory_equal(back, "bXYb", 4);
    assert_int_equal(hb_write_all(-1, "x", 1), -EBADF);
    assert_int_equal(hb_pwrite_all(-1, "x", 1, 0), -EBADF);
    assert_int_equal(hb_pread_full(-1, back, 1, 0), -EBADF);
    hb_fault_set(HB_FAULT_WRITE, 1);
    assert_int_equal(hb_pwrite_all(fd, "x", 1, 0), -ENOSPC);
    hb_fault_set(HB_FAULT_FSYNC, 1);
    assert_int_equal(hb_fdatasync(fd), -EIO);
    assert_int_equal(hb_fdatasync(fd), 0);
}

static void test_copy(void **state)
{
    static char big[600000];
    _cleanup_close_ int from = -1, to = -1;
    struct stat st;
    char got[4];

    put("little", "");
    memset(big, 'b', sizeof(big) - 4);
    (void)hb_copyz(big + sizeof(big) - 4, 4, "end");
    assert_int_equal(
        hb_file_write_at(rootfd, "big", big, sizeof(big) - 1, 0644), 0);
    from = open(below("big"), O_RDONLY | O_CLOEXEC);
    to = open(below("copy"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(lseek(from, 7, SEEK_SET), 7);
    assert_int_equal(hb_copy_fd(from, to), 0);
    assert_int_equal(fstat(to, &st), 0);
    assert_int_equal(st.st_size, sizeof(big) - 1);
    assert_int_equal(hb_pread_full(to, got, 3, st.st_size - 3), 3);
    assert_memory_equal(got, "end", 3);
    /* What was not written, or not made durable, is no copy. */
    for (unsigned n = 1; n <= 4; n++) {
        hb_fault_set(n < 4 ? HB_FAULT_WRITE : HB_FAULT_FSYNC, n < 4 ? n : 1);
        assert_true(hb_copy_fd(from, to) < 0);
        hb_fault_set(n < 4 ? HB_FAULT_WRITE : HB_FAULT_FSYNC, 0);
    }
    assert_int_equal(hb_copy_fd(from, -1), -EBADF);
    assert_int_equal(hb_copy_fd(rootfd, to), -EISDIR);
    hb_close(&from);
    from = open(below("little"), O_RDONLY | O_CLOEXEC);
    assert_int_equal(hb_copy_fd(from, to), 0);
}

static void test_mkdirs(void **state)
{
    struct stat st;

    assert_int_equal(hb_mkdirs(below("a/b/c"), 0755), 0);
    assert_int_equal(hb_mkdirs(below("a/b/c"), 0755), 0);
    assert_int_equal(hb_mkdirs(below("a//b/d/"), 0755), 0);
    assert_int_equal(stat(below("a/b/d"), &st), 0);
    put("file", "x");
    assert_int_equal(hb_mkdirs(below("file"), 0755), -ENOTDIR);
    assert_int_equal(hb_mkdirs(below("file/x"), 0755), -ENOTDIR);
    assert_int_equal(hb_mkdirs("", 0755), -ENOENT);
    assert_int_equal(hb_mkdirs("/", 0755), 0);
}

static void test_rmtree(void **state)
{
    put("outside", "stays");
    assert_int_equal(hb_mkdirs(below("t/a/b/c"), 0755), 0);
    assert_int_equal(hb_mkdirs(below("t/d/e"), 0755), 0);
    assert_int_equal(hb_mkdirs(below("u"), 0755), 0);
    assert_int_equal(hb_file_write(below("u/kept"), "x", 1, 0600), 0);
    assert_int_equal(hb_file_write(below("t/a/b/f"), "x", 1, 0600), 0);
    assert_int_equal(hb_file_write(below("t/z"), "x", 1, 0000), 0);
    assert_int_equal(symlinkat("../../outside", rootfd, "t/a/link"), 0);
    assert_int_equal(symlinkat("../u", rootfd, "t/dirlink"), 0);
    assert_int_equal(mkfifoat(rootfd, "t/d/fifo", 0600), 0);
    assert_int_equal(hb_rmtree(rootfd, "t"), 0);
    assert_int_equal(faccessat(rootfd, "t", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_holds("outside", "stays");
    assert_int_equal(faccessat(rootfd, "u/kept", F_OK, 0), 0);
    assert_int_equal(hb_rmtree(rootfd, "t"), -ENOENT);
}

static void test_rmtree_of_one_thing(void **state)
{
    assert_int_equal(hb_mkdirs(below("u"), 0755), 0);
    assert_int_equal(symlinkat("u", rootfd, "link"), 0);
    assert_int_equal(hb_rmtree(rootfd, "link"), 0);
    assert_int_equal(faccessat(rootfd, "u", F_OK, 0), 0);
    put("file", "x");
    assert_int_equal(hb_rmtree(rootfd, "file"), 0);
    assert_int_equal(hb_rmtree(AT_FDCWD, below("u")), 0);
    assert_int_equal(entries(rootfd), 0);
    assert_int_equal(hb_rmtree(rootfd, ".."), -EINVAL);
    assert_int_equal(hb_rmtree(rootfd, "."), -EINVAL);
    assert_int_equal(hb_rmtree(rootfd, ""), -EINVAL);
    assert_int_equal(hb_rmtree(rootfd, "a/"), -EINVAL);
}

/* Deeper than PATH_MAX and than any limit on open files. */
static void test_rmtree_deep_and_wide(void **state)
{
    int fd = dup(rootfd);

    for (int i = 0; i < 2500; i++) {
        int next;

        assert_int_equal(mkdirat(fd, "d", 0755), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        hb_close(&fd);
        fd = next;
    }
    hb_close(&fd);
    assert_int_equal(hb_rmtree(rootfd, "d"), 0);
    assert_int_equal(mkdirat(rootfd, "w", 0755), 0);
    for (int i = 0; i < 1500; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "w/%d", i);
        assert_int_equal(i % 2 == 0 ? mkdirat(rootfd, name, 0755)
                                    : mknodat(rootfd, name, S_IFREG | 0600, 0),
                         0);
    }
    assert_int_equal(hb_rmtree(rootfd, "w"), 0);
    assert_int_equal(entries(rootfd), 0);
}

static void test_rmtree_without_memory(void **state)
{
    assert_int_equal(hb_mkdirs(below("t/a"), 0755), 0);
    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_int_equal(hb_rmtree(rootfd, "t"), -ENOMEM);
    assert_int_equal(hb_rmtree(rootfd, "t"), 0);
}

static void test_open_beneath(void **state)
{
    int fd;

    assert_int_equal(hb_mkdirs(below("site/img"), 0755), 0);
    put("secret", "x");
    assert_int_equal(hb_file_write(below("site/img/a"), "x", 1, 0644), 0);
    assert_int_equal(symlinkat("../secret", rootfd, "site/out"), 0);
    assert_int_equal(symlinkat("img", rootfd, "site/in"), 0);
    _cleanup_close_ int site =
        hb_open_beneath(rootfd, "site", O_RDONLY | O_DIRECTORY, 0, true);
    assert_true(site >= 0);
    fd = hb_open_beneath(site, "img/a", O_RDONLY, 0, true);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    hb_close(&fd);
    assert_int_equal(hb_open_beneath(site, "../secret", O_RDONLY, 0, false),
                     -EXDEV);
    assert_int_equal(
        hb_open_beneath(site, "img/../../secret", O_RDONLY, 0, false), -EXDEV);
    assert_int_equal(hb_open_beneath(site, "/etc/passwd", O_RDONLY, 0, false),
                     -EXDEV);
    assert_int_equal(hb_open_beneath(site, "out", O_RDONLY, 0, false), -ELOOP);
    assert_int_equal(hb_open_beneath(site, "in/a", O_RDONLY, 0, false), -ELOOP);
    fd = hb_open_beneath(site, "new", O_WRONLY | O_CREAT | O_EXCL, 0640, true);
    assert_true(fd >= 0);
    hb_close(&fd);
}

static void test_open_beneath_stays_on_the_mount(void **state)
{
    _cleanup_close_ int slash = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd;

    assert_int_equal(hb_open_beneath(slash, "proc/self", O_PATH, 0, true),
                     -EXDEV);
    fd = hb_open_beneath(slash, "proc/version", O_RDONLY, 0, false);
    assert_true(fd >= 0);
    hb_close(&fd);
}

static void test_open_nofollow(void **state)
{
    int fd;

    assert_int_equal(hb_mkdirs(below("own/img/deep"), 0755), 0);
    put("secret", "x");
    assert_int_equal(hb_file_write(below("own/img/deep/a"), "x", 1, 0644), 0);
    assert_int_equal(symlinkat("../secret", rootfd, "own/out"), 0);
    assert_int_equal(symlinkat("img", rootfd, "own/in"), 0);
    _cleanup_close_ int own =
        hb_open_nofollow(rootfd, "own", O_RDONLY | O_DIRECTORY, 0);
    assert_true(own >= 0);
    fd = hb_open_nofollow(own, "img/deep/a", O_RDONLY, 0);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    hb_close(&fd);
    assert_int_equal(hb_open_nofollow(own, "../secret", O_RDONLY, 0), -EXDEV);
    assert_int_equal(hb_open_nofollow(own, "..", O_RDONLY, 0), -EXDEV);
    assert_int_equal(hb_open_nofollow(own, "img/..", O_RDONLY, 0), -EXDEV);
    assert_int_equal(hb_open_nofollow(own, "img/../../secret", O_RDONLY, 0),
                     -EXDEV);
    assert_int_equal(hb_open_nofollow(own, "/etc/passwd", O_RDONLY, 0), -EXDEV);
    assert_int_equal(hb_open_nofollow(own, "out", O_RDONLY, 0), -ELOOP);
    assert_int_equal(hb_open_nofollow(own, "out", O_PATH, 0), -ELOOP);
    assert_int_equal(hb_open_nofollow(own, "in/deep", O_RDONLY, 0), -ENOTDIR);
    assert_int_equal(hb_open_nofollow(own, "none/a", O_RDONLY, 0), -ENOENT);
    assert_int_equal(hb_open_nofollow(own, "img/deep/a/b", O_RDONLY, 0),
                     -ENOTDIR);
    assert_int_equal(hb_open_nofollow(own, "", O_RDONLY, 0), -EINVAL);
    assert_int_equal(hb_open_nofollow(own, "img//a", O_RDONLY, 0), -EINVAL);
    assert_int_equal(hb_open_nofollow(own, "img/", O_RDONLY, 0), -EINVAL);
    fd = hb_open_nofollow(own, "img/new", O_WRONLY | O_CREAT | O_EXCL, 0640);
    assert_true(fd >= 0);
    hb_close(&fd);
    assert_int_equal(faccessat(own, "img/new", F_OK, 0), 0);
}

/* A bind mount of the same file system has the same device number. */
static void test_rmtree_stays_on_the_mount(void **state)
{
    int status;
    pid_t pid;

    if (geteuid() != 0)
        hb_tap_skip("needs root");
    assert_int_equal(hb_mkdirs(below("t/a/mnt"), 0755), 0);
    assert_int_equal(hb_mkdirs(below("kept/b"), 0755), 0);
    pid = fork();
    if (pid == 0) {
        char from[256];

        (void)hb_copyz(from, sizeof(from), below("kept"));
        if (unshare(CLONE_NEWNS) < 0 ||
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount(from, below("t/a/mnt"), NULL, MS_BIND, NULL) < 0)
            _exit(2);
        /* The old descriptor leads into the old namespace. */
        (void)close(rootfd);
        rootfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (hb_rmtree(rootfd, "t") != -EXDEV)
            _exit(1);
        (void)close(rootfd);
        rootfd = open(below("t/a"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _exit(hb_rmtree(rootfd, "mnt") == -EXDEV ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(faccessat(rootfd, "kept/b", F_OK, 0), 0);
    /* In a chroot "/" is no mount that could be made private. */
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        hb_tap_skip("no mounts of our own here");
    assert_int_equal(status, 0);
}

/* The rest runs as in a unit that has RestrictSUIDSGID=: the last ones, as
 * there is no way back. */
static void test_openat2_is_refused_from_here(void **state)
{
    (void)state;
    assert_true(no_openat2());
    assert_int_equal(hb_open_beneath(rootfd, ".", O_RDONLY, 0, true), -ENOSYS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_read),
        T(test_read_of_files_without_size),
        T(test_read_does_not_hang_on_a_pipe),
        T(test_read_at_refuses_a_link),
        T(test_write),
        T(test_write_replaces_a_link_not_its_target),
        T(test_write_refuses_odd_names),
        T(test_failing_writes),
        T(test_write_all),
        T(test_copy),
        T(test_mkdirs),
        T(test_rmtree),
        T(test_rmtree_of_one_thing),
        T(test_rmtree_deep_and_wide),
        T(test_rmtree_without_memory),
        T(test_open_beneath),
        T(test_open_beneath_stays_on_the_mount),
        T(test_openat2_is_refused_from_here),
        T(test_open_nofollow),
        T(test_rmtree_stays_on_the_mount),
        {"rmtree without openat2", test_rmtree, setup, teardown, NULL},
        {"rmtree of one thing without openat2", test_rmtree_of_one_thing, setup,
         teardown, NULL},
        {"rmtree deep and wide without openat2", test_rmtree_deep_and_wide,
         setup, teardown, NULL},
    };

    return hb_tap_run("base/file", tests);
}

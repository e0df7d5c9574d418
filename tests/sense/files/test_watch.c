/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_watch.c - the real role watch against real ways to change a file; the
 * test plays compare and reads what watch sends.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "../../tap.h"
#include "base/file.h"
#include "base/sock.h"
#include "rig.h"
#include "sense/files/files.h"
#include "sense/files/proto.h"

#define WAIT_MS 20000

struct fake {
    struct rig r;
    bool mounted;
    char fs[300];
    int listen, conns[8], ctl;
    size_t n_conns;
    struct hb_fp_frame *f;
    uint8_t buf[HB_FP_FRAME + 4096];
    char last_mode[200];
    char last_exe[HB_FP_EXE + 1];
    uint64_t lost;
    uint8_t last_state;
    mode_t last_type;
    unsigned objects; /* since reset */
    bool readable;
    struct hb_fp_scan_end end;
};

static struct fake *fk;
static struct fake *other; /* while another file system is tested */

static void fds_close(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)close(fds[i]);
}

/* Reads one frame of any connection; false at the time-out. */
static bool next_frame(int timeout_ms)
{
    struct pollfd p[9];
    int fds[HB_MAX_FRAME_FDS];
    size_t nfds = 0;
    ssize_t n;

    for (;;) {
        p[0] = (struct pollfd){.fd = fk->listen, .events = POLLIN};
        for (size_t i = 0; i < fk->n_conns; i++)
            p[i + 1] = (struct pollfd){.fd = fk->conns[i], .events = POLLIN};
        if (poll(p, 1 + fk->n_conns, timeout_ms) <= 0)
            return false;
        if (p[0].revents != 0) {
            struct hb_peer peer;

            assert_int_equal(
                hb_sock_accept(fk->listen, &fk->conns[fk->n_conns], &peer), 0);
            fk->n_conns++;
            continue;
        }
        for (size_t i = 0; i < fk->n_conns; i++) {
            if (p[i + 1].revents == 0)
                continue;
            n = hb_sock_recv(fk->conns[i], fk->buf, sizeof(fk->buf), fds,
                             HB_MAX_FRAME_FDS, &nfds);
            if (n <= 0) {
                (void)close(fk->conns[i]);
                fk->conns[i] = fk->conns[--fk->n_conns];
                break;
            }
            assert_int_equal(hb_fp_decode(fk->f, fk->buf, (size_t)n, nfds), 0);
            fds_close(fds, nfds);
            return true;
        }
    }
}

/* Waits for an item of REL with any of BITS. */
static bool expect(const char *rel, unsigned bits)
{
    uint64_t until = rig_now() + WAIT_MS * 1000000ull;

    while (rig_now() < until) {
        if (!next_frame(500))
            continue;
        if (fk->f->kind == HB_FP_NOTE && fk->f->note.note == HB_FPN_MODE)
            (void)snprintf(fk->last_mode, sizeof(fk->last_mode), "%.*s",
                           (int)fk->f->note.text.n, fk->f->note.text.p);
        if (fk->f->kind == HB_FP_NOTE && fk->f->note.note == HB_FPN_LOST)
            fk->lost += fk->f->note.count;
        if (fk->f->kind != HB_FP_OBJECTS)
            continue;
        for (unsigned i = 0; i < fk->f->n_items; i++) {
            const struct hb_fp_item *it = &fk->f->items[i];

            fk->objects++;
            if ((it->events & bits) == 0 ||
                !hb_slice_eq(it->path, hb_slice_z(rel)))
                continue;
            fk->last_exe[0] = '\0';
            if (it->who != HB_FP_NO_WHO)
                (void)snprintf(fk->last_exe, sizeof(fk->last_exe), "%.*s",
                               (int)fk->f->whos[it->who].exe.n,
                               fk->f->whos[it->who].exe.p);
            fk->last_state = it->state;
            fk->last_type = it->st.mode & S_IFMT;
            fk->readable = it->readable != 0;
            return true;
        }
    }
    return false;
}

static void drain(void)
{
    while (next_frame(100))
        continue;
}

static const char *at(const char *rel)
{
    static char buf[4][4500];
    static unsigned k;

    k = (k + 1) % 4;
    rig_path(buf[k], sizeof(buf[k]), fk->r.root, rel);
    return buf[k];
}

static const char *outside(const char *rel)
{
    static char buf[4][4500];
    static unsigned k;

    k = (k + 1) % 4;
    if (fk->mounted)
        rig_path(buf[k], sizeof(buf[k]), fk->fs, rel);
    else
        rig_path(buf[k], sizeof(buf[k]), fk->r.dir, rel);
    return buf[k];
}

static void put(const char *rel)
{
    rig_put(fk->r.root, rel, "0123456789abcdef", 16);
}

static void start_on(const char *root)
{
    const char *names[] = {"watch", NULL};
    char path[400];
    int fd;

    rig_name(path, sizeof(path),
             other == NULL ? "hb-test-watch" : "hb-test-watch-o");
    rig_open(&fk->r, path, root, "", "");
    put("index.html");
    put("a/b/page.html");
    put("a/b/other.html");
    put("a/c/list.html");
    fk->n_conns = 0;
    fk->listen = rig_listen(&fk->r, "files", SOCK_SEQPACKET);
    fd = rig_listen(&fk->r, "watch", SOCK_SEQPACKET);
    (void)rig_start(&fk->r, hb_watch_main, "watch", names, &fd);
    do
        assert_true(next_frame(WAIT_MS));
    while (fk->f->kind != HB_FP_HELLO);
    assert_true(next_frame(WAIT_MS));
    assert_int_equal(fk->f->kind, HB_FP_NOTE);
    (void)snprintf(fk->last_mode, sizeof(fk->last_mode), "%.*s",
                   (int)fk->f->note.text.n, fk->f->note.text.p);
    (void)snprintf(path, sizeof(path), "%s/watch.sock", fk->r.run);
    assert_int_equal(hb_sock_connect(path, SOCK_SEQPACKET, &fk->ctl), 0);
}

static int setup(void **state)
{
    char root[400] = "";

    fk = calloc(1, sizeof(*fk));
    fk->f = malloc(sizeof(*fk->f));
    rig_name(fk->fs, sizeof(fk->fs), "hb-test-watch-fs");
    fk->mounted = rig_mount("ext4", fk->fs, 64);
    if (fk->mounted)
        (void)snprintf(root, sizeof(root), "%s/www", fk->fs);
    start_on(root);
    /* A whole scan teaches watch which inodes are the site's. */
    {
        struct hb_fp_scan_head h = {7, 1, HB_FPSC_FULL, {"", 0}};
        struct hb_buf b = HB_BUF_INIT;

        hb_fp_begin(&b, HB_FP_SCAN, &h);
        assert_int_equal(hb_sock_send(fk->ctl, b.p, b.n, NULL, 0), 0);
        hb_buf_done(&b);
        do
            assert_true(next_frame(WAIT_MS));
        while (fk->f->kind != HB_FP_END);
        assert_int_equal(fk->f->end.error, 0);
        assert_int_equal(fk->f->end.id, 7);
        assert_int_equal(fk->f->end.entries, 7);
    }
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < fk->n_conns; i++)
        (void)close(fk->conns[i]);
    (void)close(fk->listen);
    (void)close(fk->ctl);
    while (fk->r.n_roles > 0)
        assert_int_equal(rig_stop(&fk->r, fk->r.roles[0]), 0);
    rig_close(&fk->r);
    if (fk->mounted)
        rig_unmount(fk->fs);
    free(fk->f);
    free(fk);
    return 0;
}

static void edit(const char *rel, int flags, const char *text)
{
    int fd = open(at(rel), O_WRONLY | O_CLOEXEC | flags);

    assert_true(fd >= 0);
    assert_true(write(fd, text, strlen(text)) > 0);
    (void)close(fd);
}

static void test_mode(void **state)
{
    if (geteuid() != 0)
        skip();
    assert_non_null(strstr(fk->last_mode, "file system"));
}

static void test_content(void **state)
{
    int fd, in;
    off_t zero = 0;
    char *map;

    edit("a/b/page.html", 0, "hacked");
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED | HB_FPE_CLOSED));
    assert_int_equal(fk->last_state, HB_FPS_PRESENT);
    assert_true(fk->readable);
    if (geteuid() == 0)
        assert_non_null(strstr(fk->last_exe, "test-sense_files-watch"));
    drain();
    edit("a/b/page.html", O_APPEND, "more");
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED | HB_FPE_CLOSED));
    drain();
    edit("a/b/page.html", O_TRUNC, "x");
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED));
    drain();
    /* By path, without a descriptor: no close follows. */
    assert_int_equal(truncate(at("a/b/page.html"), 3), 0);
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED));
    drain();
    fd = open(at("a/b/page.html"), O_RDWR | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, 4096), 0);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    (void)close(fd);
    drain();
    memcpy(map, "mapped", 6);
    assert_int_equal(munmap(map, 4096), 0);
    assert_true(expect("a/b/page.html", HB_FPE_CLOSED));
    drain();
    fd = open(at("a/b/page.html"), O_WRONLY | O_CLOEXEC);
    in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(sendfile(fd, in, &zero, 1000) > 0);
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED));
    drain();
    assert_true(copy_file_range(in, NULL, fd, NULL, 100, 0) != 0);
    (void)close(in);
    assert_int_equal(
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1), 0);
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED));
    (void)close(fd);
    drain();
}

static void test_splice(void **state)
{
    int pipes[2], fd;

    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "spliced", 7), 7);
    fd = open(at("a/b/page.html"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(splice(pipes[0], NULL, fd, NULL, 7, 0), 7);
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED));
    (void)close(fd);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    drain();
}

static void test_attributes(void **state)
{
    const char *p = at("a/b/page.html");
    struct timespec t[2] = {{1, 0}, {1, 0}};

    assert_int_equal(chmod(p, 0777), 0);
    assert_true(expect("a/b/page.html", HB_FPE_ATTRIB));
    drain();
    assert_int_equal(utimensat(AT_FDCWD, p, t, 0), 0);
    assert_true(expect("a/b/page.html", HB_FPE_ATTRIB));
    drain();
    if (geteuid() == 0) {
        assert_int_equal(chown(p, 1234, 1234), 0);
        assert_true(expect("a/b/page.html", HB_FPE_ATTRIB));
        drain();
    }
    if (setxattr(p, "user.evil", "1", 1, 0) == 0) {
        assert_true(expect("a/b/page.html", HB_FPE_ATTRIB));
        drain();
    }
    assert_int_equal(chmod(at("a/b"), 0700), 0);
    assert_true(expect("a/b", HB_FPE_ATTRIB));
    drain();
    assert_int_equal(chmod(at("a/b"), 0755), 0);
    drain();
}

static void test_names(void **state)
{
    assert_int_equal(rename(at("a/b/other.html"), at("a/b/page.html")), 0);
    assert_true(expect("a/b/page.html", HB_FPE_MOVED_TO));
    drain();
    assert_int_equal(symlink("/etc/passwd", at("a/link")), 0);
    assert_true(expect("a/link", HB_FPE_CREATED));
    assert_int_equal(fk->last_type, S_IFLNK);
    assert_false(fk->readable);
    assert_int_equal(unlink(at("a/link")), 0);
    assert_true(expect("a/link", HB_FPE_DELETED));
    assert_int_equal(fk->last_state, HB_FPS_ABSENT);
    assert_int_equal(link(at("index.html"), at("a/second")), 0);
    assert_true(expect("a/second", HB_FPE_CREATED));
    assert_int_equal(unlink(at("a/second")), 0);
    assert_true(expect("a/second", HB_FPE_DELETED));
    assert_int_equal(mkfifo(at("a/fifo"), 0666), 0);
    assert_true(expect("a/fifo", HB_FPE_CREATED));
    assert_int_equal(fk->last_type, S_IFIFO);
    assert_false(fk->readable);
    assert_int_equal(unlink(at("a/fifo")), 0);
    if (geteuid() == 0) {
        assert_int_equal(mknod(at("a/dev"), S_IFBLK | 0600, makedev(7, 250)),
                         0);
        assert_true(expect("a/dev", HB_FPE_CREATED));
        assert_int_equal(fk->last_type, S_IFBLK);
        assert_int_equal(unlink(at("a/dev")), 0);
    }
    put("a/new\nline \xff.php");
    assert_true(expect("a/new\nline \xff.php", HB_FPE_CREATED));
    assert_int_equal(unlink(at("a/new\nline \xff.php")), 0);
    drain();
}

static void test_tmpfile(void **state)
{
    int fd = open(at("a"), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    char link[64];

    if (fd < 0)
        skip();
    assert_int_equal(write(fd, "<?php", 5), 5);
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    assert_int_equal(
        linkat(AT_FDCWD, link, AT_FDCWD, at("a/late.php"), AT_SYMLINK_FOLLOW),
        0);
    assert_true(expect("a/late.php", HB_FPE_CREATED));
    (void)close(fd);
    assert_int_equal(unlink(at("a/late.php")), 0);
    drain();
}

static void test_directories(void **state)
{
    char deep[4000] = "a";

    /* Two hundred levels in one go: no race window may lose one. */
    for (int i = 0; i < 200; i++) {
        (void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "/d%d",
                       i);
        assert_int_equal(mkdir(at(deep), 0755), 0);
    }
    (void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep),
                   "/shell.php");
    put(deep);
    assert_true(expect(deep, HB_FPE_CREATED | HB_FPE_CLOSED));
    drain();
    /* Moved: names below must be the new ones at once. */
    assert_int_equal(rename(at("a/d0"), at("moved")), 0);
    assert_true(expect("moved", HB_FPE_MOVED_TO));
    (void)snprintf(deep, sizeof(deep), "moved/d1/x");
    put(deep);
    assert_true(expect(deep, HB_FPE_CREATED | HB_FPE_CLOSED));
    assert_int_equal(hb_rmtree(AT_FDCWD, at("moved")), 0);
    assert_true(expect("moved", HB_FPE_DELETED));
    assert_int_equal(fk->last_state, HB_FPS_ABSENT);
    drain();
    /* Moved in from outside, then written to. */
    assert_int_equal(hb_mkdirs(outside("tree/sub"), 0755), 0);
    assert_int_equal(rename(outside("tree"), at("a/tree")), 0);
    assert_true(expect("a/tree", HB_FPE_MOVED_TO));
    put("a/tree/sub/x.php");
    assert_true(expect("a/tree/sub/x.php", HB_FPE_CREATED | HB_FPE_CLOSED));
    /* And out again: it is nobody's then. */
    assert_int_equal(rename(at("a/tree"), outside("tree")), 0);
    assert_true(expect("a/tree", HB_FPE_MOVED_FROM));
    drain();
    fk->objects = 0;
    rig_put(outside("tree"), "sub/y", "1", 1);
    drain();
    assert_int_equal(fk->objects, 0);
    assert_int_equal(hb_rmtree(AT_FDCWD, outside("tree")), 0);
}

/* Through a hard link outside of the site: the name tells nothing. */
static void test_outside_link(void **state)
{
    uint64_t until = rig_now() + WAIT_MS * 1000000ull;
    bool seen = false;
    int fd;

    if (geteuid() != 0)
        skip();
    assert_int_equal(link(at("index.html"), outside("hard")), 0);
    drain();
    fd = open(outside("hard"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "through", 7), 7);
    (void)close(fd);
    while (!seen && rig_now() < until) {
        if (!next_frame(500) || fk->f->kind != HB_FP_OBJECTS)
            continue;
        for (unsigned i = 0; i < fk->f->n_items; i++)
            seen = seen || (fk->f->items[i].events & HB_FPE_NO_PATH) != 0 ||
                   hb_slice_eq(fk->f->items[i].path, HB_SLICE("index.html"));
    }
    assert_true(seen);
    assert_int_equal(unlink(outside("hard")), 0);
    drain();
}

/* How many files the kernel keeps from watch, as it says itself. */
static unsigned ignored(void)
{
    unsigned count = 0;

    for (int fd = 3; fd < 64; fd++) {
        char path[64], line[512];
        FILE *f;

        (void)snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d",
                       (int)fk->r.roles[0], fd);
        f = fopen(path, "re");
        while (f != NULL && fgets(line, sizeof(line), f) != NULL)
            count += strstr(line, "ignored_mask:a") != NULL;
        if (f != NULL)
            (void)fclose(f);
    }
    return count;
}

static bool ignored_becomes(unsigned n)
{
    uint64_t until = rig_now() + WAIT_MS * 1000000ull;

    while (ignored() != n && rig_now() < until)
        rig_sleep_ms(5);
    return ignored() == n;
}

/* Writes to a log until watch does not want to hear of it any more. */
static int noisy(const char *rel)
{
    uint64_t until = rig_now() + WAIT_MS * 1000000ull;
    unsigned before = ignored();
    int fd =
        open(outside(rel), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    while (ignored() == before && rig_now() < until) {
        assert_int_equal(write(fd, "a line\n", 7), 7);
        rig_sleep_ms(1); /* else the kernel makes one event of many */
    }
    assert_int_equal(ignored(), before + 1);
    return fd;
}

/* A log beside the site costs nothing, until it becomes a site's file. */
static void test_quiet(void **state)
{
    int fd;

    if (geteuid() != 0 || !fk->mounted)
        skip();
    /* By a rename, with a writer that stays. */
    fd = noisy("renamed.log");
    drain();
    assert_int_equal(rename(outside("renamed.log"), at("a/renamed.log")), 0);
    assert_true(expect("a/renamed.log", HB_FPE_MOVED_TO));
    assert_int_equal(ignored(), 0);
    assert_int_equal(write(fd, "more", 4), 4);
    assert_true(expect("a/renamed.log", HB_FPE_MODIFIED));
    (void)close(fd);
    assert_int_equal(unlink(at("a/renamed.log")), 0);
    /* By a second name. */
    fd = noisy("linked.log");
    drain();
    assert_int_equal(link(outside("linked.log"), at("a/linked.log")), 0);
    assert_true(expect("a/linked.log", HB_FPE_CREATED));
    assert_int_equal(ignored(), 0);
    drain();
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(write(fd, "more", 4), 4);
        rig_sleep_ms(1);
    }
    (void)close(fd);
    assert_int_equal(ignored(), 0); /* two names now: never again */
    assert_int_equal(unlink(at("a/linked.log")), 0);
    assert_int_equal(unlink(outside("linked.log")), 0);
    /* With the directory that it lies in. */
    assert_int_equal(mkdir(outside("logs"), 0755), 0);
    fd = noisy("logs/moved.log");
    drain();
    assert_int_equal(rename(outside("logs"), at("a/logs")), 0);
    assert_true(expect("a/logs", HB_FPE_MOVED_TO));
    assert_int_equal(ignored(), 0);
    assert_int_equal(write(fd, "more", 4), 4);
    assert_true(expect("a/logs/moved.log", HB_FPE_MODIFIED));
    (void)close(fd);
    assert_int_equal(unlink(at("a/logs/moved.log")), 0);
    assert_int_equal(rmdir(at("a/logs")), 0);
    /* What is deleted takes its mark along. */
    fd = noisy("gone.log");
    (void)close(fd);
    assert_int_equal(unlink(outside("gone.log")), 0);
    assert_true(ignored_becomes(0));
    drain();
}

/* More logs than there is room for: the oldest is heard of again. */
static void test_quiet_room(void **state)
{
    enum { LOGS = 400 };
    static int fds[LOGS];
    char name[32];

    if (geteuid() != 0 || !fk->mounted)
        skip();
    for (unsigned i = 0; i < LOGS; i++) {
        (void)snprintf(name, sizeof(name), "many%u.log", i);
        fds[i] = open(outside(name), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        assert_true(fds[i] >= 0);
    }
    for (unsigned k = 0; k < 40; k++) {
        for (unsigned i = 0; i < LOGS; i++)
            assert_int_equal(write(fds[i], "a line\n", 7), 7);
        rig_sleep_ms(5);
    }
    drain();
    assert_in_range(ignored(), 1, 256);
    put("a/b/page.html");
    assert_true(expect("a/b/page.html", HB_FPE_CLOSED));
    for (unsigned i = 0; i < LOGS; i++) {
        (void)snprintf(name, sizeof(name), "many%u.log", i);
        (void)close(fds[i]);
        assert_int_equal(unlink(outside(name)), 0);
    }
    drain();
}

static void test_mounts(void **state)
{
    if (geteuid() != 0 || mount("hb", at("a/c"), "tmpfs", 0, "size=64k") < 0)
        skip();
    assert_true(expect("a/c", HB_FPE_MOUNTED));
    drain();
    assert_int_equal(umount(at("a/c")), 0);
    assert_true(expect("a/c", HB_FPE_MOVED_TO));
    drain();
    /* Written through a bind mount elsewhere. */
    assert_int_equal(hb_mkdirs(outside("bind"), 0755), 0);
    assert_int_equal(mount(at("a/c"), outside("bind"), NULL, MS_BIND, NULL), 0);
    drain();
    rig_put(outside("bind"), "list.html", "via bind", 8);
    assert_true(expect("a/c/list.html", HB_FPE_MODIFIED | HB_FPE_CLOSED));
    assert_int_equal(umount(outside("bind")), 0);
    drain();
}

static void test_sparse_and_look(void **state)
{
    struct hb_slice paths[2] = {HB_SLICE("a/c/list.html"), HB_SLICE("no/such")};
    struct hb_buf b = HB_BUF_INIT;
    int fd = open(at("a/huge"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    /* ext4 without huge files has a lower ceiling. */
    if (ftruncate(fd, 1ll << 40) < 0)
        assert_int_equal(ftruncate(fd, 1ll << 33), 0);
    (void)close(fd);
    assert_true(expect("a/huge", HB_FPE_CREATED | HB_FPE_MODIFIED));
    assert_int_equal(unlink(at("a/huge")), 0);
    drain();
    hb_fp_look(&b, 1, paths, 2);
    assert_int_equal(hb_sock_send(fk->ctl, b.p, b.n, NULL, 0), 0);
    hb_buf_done(&b);
    assert_true(expect("a/c/list.html", HB_FPE_LOOK));
    assert_int_equal(fk->last_state, HB_FPS_PRESENT);
    /* Both ride in one frame; it is still decoded here. */
    assert_int_equal(fk->f->n_items, 2);
    assert_int_equal(fk->f->items[1].state, HB_FPS_ABSENT);
}

/* A burst that is larger than any default queue, unread for a while. */
static void test_burst(void **state)
{
    unsigned n = getenv("HB_SLOW") != NULL ? 100000 : 20000;
    bool *seen = calloc(n, 1);
    unsigned count = 0;
    uint64_t until;
    char rel[64];

    assert_int_equal(mkdir(at("burst"), 0755), 0);
    drain();
    for (unsigned i = 0; i < n; i++) {
        int fd;

        (void)snprintf(rel, sizeof(rel), "burst/f%u", i);
        fd = open(at(rel), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0 && errno == ENOSPC) {
            n = i;
            break;
        }
        assert_true(fd >= 0);
        (void)close(fd);
    }
    until = rig_now() + 120 * 1000000000ull;
    fk->lost = 0;
    while (count < n && rig_now() < until) {
        if (!next_frame(1000))
            continue;
        if (fk->f->kind == HB_FP_NOTE && fk->f->note.note == HB_FPN_LOST)
            fk->lost += fk->f->note.count;
        for (unsigned i = 0; fk->f->kind == HB_FP_OBJECTS && i < fk->f->n_items;
             i++) {
            struct hb_slice p = fk->f->items[i].path;
            unsigned long k;

            if (p.n < 7 || memcmp(p.p, "burst/f", 7) != 0)
                continue;
            (void)snprintf(rel, sizeof(rel), "%.*s", (int)p.n - 7, p.p + 7);
            k = strtoul(rel, NULL, 10);
            if (k < n && !seen[k]) {
                seen[k] = true;
                count++;
            }
        }
    }
    assert_int_equal(fk->lost, 0);
    assert_int_equal(count, n);
    free(seen);
    assert_int_equal(hb_rmtree(AT_FDCWD, at("burst")), 0);
    drain();
}

/* Garbage from compare ends that connection, not watch. */
static void test_bad_frames(void **state)
{
    char path[400], byte;
    int fd;

    (void)close(fk->ctl);
    (void)snprintf(path, sizeof(path), "%s/watch.sock", fk->r.run);
    assert_int_equal(hb_sock_connect(path, SOCK_SEQPACKET, &fd), 0);
    assert_int_equal(hb_sock_send(fd, "garbage", 7, NULL, 0), 0);
    assert_int_equal(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
    assert_int_equal(hb_sock_connect(path, SOCK_SEQPACKET, &fk->ctl), 0);
    edit("index.html", 0, "again");
    assert_true(expect("index.html", HB_FPE_MODIFIED));
    drain();
}

/* Whoever asks for a scan gets one, also as the successor of a process that
 * was killed: nothing may go into the connection that was its. */
static void test_successor(void **state)
{
    struct hb_fp_scan_head h = {8, 1, HB_FPSC_FULL, {"", 0}};
    struct hb_buf b = HB_BUF_INIT;
    char path[400];

    for (size_t i = 0; i < fk->n_conns; i++)
        (void)close(fk->conns[i]);
    fk->n_conns = 0;
    (void)close(fk->ctl);
    (void)snprintf(path, sizeof(path), "%s/watch.sock", fk->r.run);
    assert_int_equal(hb_sock_connect(path, SOCK_SEQPACKET, &fk->ctl), 0);
    do
        assert_true(next_frame(WAIT_MS));
    while (fk->f->kind != HB_FP_HELLO);
    hb_fp_begin(&b, HB_FP_SCAN, &h);
    assert_int_equal(hb_sock_send(fk->ctl, b.p, b.n, NULL, 0), 0);
    hb_buf_done(&b);
    do
        assert_true(next_frame(WAIT_MS));
    while (fk->f->kind != HB_FP_END);
    assert_int_equal(fk->f->end.id, 8);
    assert_int_equal(fk->f->end.error, 0);
    drain();
}

/* The root is moved away and another stands there. */
static void test_root_replaced(void **state)
{
    char away[300];
    bool gone = false, back = false;
    uint64_t until = rig_now() + WAIT_MS * 1000000ull;

    (void)snprintf(away, sizeof(away), "%s.away", fk->r.root);
    assert_int_equal(rename(fk->r.root, away), 0);
    while (!gone && rig_now() < until)
        gone = next_frame(500) && fk->f->kind == HB_FP_NOTE &&
               fk->f->note.note == HB_FPN_GONE;
    assert_true(gone);
    assert_int_equal(rename(away, fk->r.root), 0);
    while (!back && rig_now() < until)
        back = next_frame(500) && fk->f->kind == HB_FP_NOTE &&
               fk->f->note.note == HB_FPN_BACK;
    assert_true(back);
    drain();
    edit("index.html", 0, "after");
    assert_true(expect("index.html", HB_FPE_MODIFIED));
    drain();
}

/* On overlayfs no file system can be marked: directories are, one by one,
 * and the mode says so. */
static int overlay_setup(void **state)
{
    char up[400], work[400], low[400], merged[400], options[1300];

    other = fk;
    fk = calloc(1, sizeof(*fk));
    fk->f = malloc(sizeof(*fk->f));
    rig_name(fk->fs, sizeof(fk->fs), "hb-test-watch-overlay");
    fk->mounted = rig_mount("ext4", fk->fs, 64);
    if (!fk->mounted)
        return 0;
    (void)snprintf(up, sizeof(up), "%s/up", fk->fs);
    (void)snprintf(work, sizeof(work), "%s/work", fk->fs);
    (void)snprintf(low, sizeof(low), "%s/low", fk->fs);
    (void)snprintf(merged, sizeof(merged), "%s/merged", fk->fs);
    (void)snprintf(options, sizeof(options),
                   "lowerdir=%s,upperdir=%s,workdir=%s", low, up, work);
    if (mkdir(up, 0755) < 0 || mkdir(work, 0755) < 0 || mkdir(low, 0755) < 0 ||
        mkdir(merged, 0755) < 0)
        return -1;
    if (mount("overlay", merged, "overlay", 0, options) < 0) {
        rig_unmount(fk->fs);
        fk->mounted = false;
        return 0;
    }
    start_on(merged);
    return 0;
}

static int overlay_teardown(void **state)
{
    char merged[400];

    if (!fk->mounted) {
        free(fk->f);
        free(fk);
    } else {
        (void)snprintf(merged, sizeof(merged), "%s/merged", fk->fs);
        (void)umount2(merged, MNT_DETACH);
        (void)teardown(state);
    }
    fk = other;
    return 0;
}

static void test_overlay(void **state)
{
    if (!fk->mounted)
        skip();
    assert_true(strstr(fk->last_mode, "directories") != NULL ||
                strstr(fk->last_mode, "inotify") != NULL);
    edit("a/b/page.html", 0, "hacked");
    assert_true(expect("a/b/page.html", HB_FPE_MODIFIED | HB_FPE_CLOSED));
    drain();
    put("a/b/new.php");
    assert_true(expect("a/b/new.php", HB_FPE_CREATED));
    drain();
    /* A directory is watched as soon as it is seen, with what it holds. */
    put("fresh/sub/x.php");
    assert_true(expect("fresh/sub/x.php", HB_FPE_CREATED | HB_FPE_CLOSED));
    drain();
    edit("fresh/sub/x.php", O_APPEND, "more");
    assert_true(expect("fresh/sub/x.php", HB_FPE_MODIFIED));
    assert_int_equal(unlink(at("fresh/sub/x.php")), 0);
    assert_true(expect("fresh/sub/x.php", HB_FPE_DELETED));
    assert_int_equal(chmod(at("a/c"), 0777), 0);
    assert_true(expect("a/c", HB_FPE_ATTRIB));
    drain();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_splice),
        cmocka_unit_test(test_attributes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_tmpfile),
        cmocka_unit_test(test_directories),
        cmocka_unit_test(test_outside_link),
        cmocka_unit_test(test_quiet),
        cmocka_unit_test(test_quiet_room),
        cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_sparse_and_look),
        cmocka_unit_test(test_burst),
        cmocka_unit_test(test_bad_frames),
        cmocka_unit_test(test_successor),
        cmocka_unit_test(test_root_replaced),
        cmocka_unit_test_setup_teardown(test_overlay, overlay_setup,
                                        overlay_teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sense_files/watch", tests, setup,
                                       teardown);
}

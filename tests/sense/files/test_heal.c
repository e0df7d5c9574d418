/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_heal.c - the whole short cut with the real roles: kernel, watch,
 * compare, helper.  After each way to change a file the site is as signed
 * again, what was taken out was told, and nothing outside was touched.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "../../tap.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/sock.h"
#include "baseline/window.h"
#include "event/bus.h"
#include "guard.h"
#include "sense/files/files.h"

#define SECONDS 30

static struct guard *g;
static char fs_dir[128];
static bool mounted;

static const char *at(const char *rel)
{
    static char buf[4][4500];
    static unsigned k;

    k = (k + 1) % 4;
    rig_path(buf[k], sizeof(buf[k]), g->r.root, rel);
    return buf[k];
}

static const char *outside(const char *rel)
{
    static char buf[4][4500];
    static unsigned k;

    k = (k + 1) % 4;
    rig_path(buf[k], sizeof(buf[k]), mounted ? fs_dir : g->r.dir, rel);
    return buf[k];
}

static int group_setup(void **state)
{
    char root[200] = "", text[30000], dir[128];

    if (geteuid() != 0)
        return 0;
    g = calloc(1, sizeof(*g));
    rig_name(dir, sizeof(dir), "hb-test-heal");
    rig_name(fs_dir, sizeof(fs_dir), "hb-test-heal-fs");
    mounted = rig_mount("ext4", fs_dir, 128);
    if (mounted)
        (void)snprintf(root, sizeof(root), "%s/www", fs_dir);
    guard_open(g, dir, root,
               "    areas:\n      - path: uploads\n        max_size: 1m\n"
               "    loop_restores: 5\n    loop_within: 30s\n",
               "", true);
    memset(text, 'x', sizeof(text));
    rig_put(g->r.root, "index.html", "<h1>Town hall</h1>\n", 19);
    rig_put(g->r.root, "news/2026/a.html", text, 20000);
    rig_put(g->r.root, "news/2026/b.html", text, 10000);
    rig_put(g->r.root, "news/2025/c.html", text, 30000);
    rig_put(g->r.root, "app/config.php", "<?php return 1;\n", 16);
    rig_put(g->r.root, "empty.txt", "", 0);
    assert_int_equal(symlink("index.html", at("home")), 0);
    assert_int_equal(mkdir(at("uploads"), 0777), 0);
    guard_publish(g, 1);
    g->few_fds = true;
    guard_start(g);
    assert_true(guard_clean(g, true));
    return 0;
}

static int group_teardown(void **state)
{
    if (g == NULL)
        return 0;
    guard_close(g);
    if (mounted)
        rig_unmount(fs_dir);
    free(g);
    return 0;
}

/* Skips without root; forgets earlier events. */
static void begin(void)
{
    if (g == NULL)
        skip();
    while (guard_turn(g, 50))
        continue;
    g->restored = g->removed = g->failed = g->asked = g->fights = 0;
}

static void edit(const char *rel, int flags, const char *text)
{
    int fd = open(at(rel), O_WRONLY | O_CLOEXEC | flags, 0644);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    (void)close(fd);
}

static void heals(void)
{
    assert_true(guard_heals(g, SECONDS));
    assert_int_equal(g->failed, 0);
}

/* Whoever of watch and compare is there first: the site is read once. */
static void test_one_scan(void **state)
{
    if (geteuid() != 0)
        skip();
    while (guard_turn(g, 1500))
        continue;
    assert_int_equal(g->scans, 1);
}

/* A watch that is started again is asked for one scan, too. */
static void test_one_scan_again(void **state)
{
    static const char *const names[] = {"watch", NULL};
    unsigned before;
    int fd;

    begin();
    before = g->scans;
    assert_int_equal(rig_stop(&g->r, g->watch), 0);
    fd = rig_listen(&g->r, "watch", SOCK_SEQPACKET);
    g->watch = rig_start(&g->r, hb_watch_main, "watch", names, &fd);
    assert_true(guard_wait(g, &g->scans, before + 1, SECONDS));
    while (guard_turn(g, 1500))
        continue;
    assert_int_equal(g->scans, before + 1);
}

static void test_deface(void **state)
{
    begin();
    edit("index.html", O_TRUNC, "<h1>HACKED</h1>");
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    heals();
    assert_non_null(strstr(g->last, "\"restored\""));
    assert_non_null(strstr(g->last, "index.html"));
    assert_non_null(strstr(g->last, "\"modified\""));
    /* Who, what it was, what it should be. */
    assert_non_null(strstr(g->last, "test-sense_files-heal"));
    assert_non_null(strstr(g->last, "baseline_sha256"));
    assert_non_null(strstr(g->last, "SHA-256"));
    assert_non_null(strstr(g->last, "\"staging\""));
}

static void test_append_truncate(void **state)
{
    begin();
    edit("news/2026/a.html", O_APPEND, "<script>");
    heals();
    assert_int_equal(truncate(at("news/2026/b.html"), 5), 0);
    heals();
    /* Same size, other bytes. */
    edit("news/2026/b.html", 0, "y");
    heals();
    assert_int_equal(truncate(at("empty.txt"), 1ll << 33), 0);
    heals();
    assert_true(guard_wait(g, &g->restored, 4, SECONDS));
}

static void test_mmap(void **state)
{
    int fd;
    char *map;

    begin();
    fd = open(at("news/2026/a.html"), O_RDWR | O_CLOEXEC);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    (void)close(fd);
    memcpy(map, "mapped", 6);
    assert_int_equal(munmap(map, 4096), 0);
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    heals();
}

static void test_kernel_copies(void **state)
{
    int fd, in, pipes[2];
    off_t zero = 0;

    begin();
    in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    fd = open(at("news/2026/a.html"), O_WRONLY | O_CLOEXEC);
    assert_true(sendfile(fd, in, &zero, 500) > 0);
    (void)close(fd);
    heals();
    fd = open(at("news/2026/a.html"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "spliced", 7), 7);
    assert_int_equal(splice(pipes[0], NULL, fd, NULL, 7, 0), 7);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    (void)close(fd);
    heals();
    fd = open(at("news/2026/a.html"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(
        fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
    (void)close(fd);
    heals();
    (void)close(in);
    assert_true(guard_wait(g, &g->restored, 3, SECONDS));
}

static void test_metadata(void **state)
{
    begin();
    assert_int_equal(chmod(at("index.html"), 0777), 0);
    heals();
    assert_int_equal(chown(at("index.html"), 33, 33), 0);
    heals();
    if (setxattr(at("index.html"), "user.x", "1", 1, 0) == 0)
        heals();
    assert_int_equal(chmod(at("news"), 0777), 0);
    heals();
    assert_int_equal(chown(at("news/2026"), 33, 33), 0);
    heals();
    assert_true(g->restored >= 4);
}

/* What was made as "new" outside takes the place of REL in one step: unlinked
 * first, it would be back before the test's next call. */
static void instead(const char *rel)
{
    struct stat st;

    assert_int_equal(
        renameat2(AT_FDCWD, outside("new"), AT_FDCWD, at(rel), RENAME_EXCHANGE),
        0);
    assert_int_equal(lstat(outside("new"), &st), 0);
    assert_int_equal(remove(outside("new")), 0);
}

static void test_replaced(void **state)
{
    begin();
    rig_put(outside("."), "evil", "evil", 4);
    assert_int_equal(rename(outside("evil"), at("index.html")), 0);
    heals();
    assert_int_equal(symlink("/etc/passwd", outside("new")), 0);
    instead("index.html");
    heals();
    assert_int_equal(symlink("/etc/shadow", outside("new")), 0);
    instead("home");
    heals();
    assert_int_equal(mkfifo(outside("new"), 0666), 0);
    instead("index.html");
    heals();
    assert_int_equal(mkdir(outside("new"), 0755), 0);
    instead("index.html");
    rig_try(g->r.root, "index.html/x", "x", 1);
    heals();
    assert_int_equal(mknod(outside("new"), S_IFCHR | 0666, makedev(1, 3)), 0);
    instead("empty.txt");
    heals();
}

static void test_deleted(void **state)
{
    begin();
    assert_int_equal(unlink(at("index.html")), 0);
    heals();
    (void)!hb_rmtree(AT_FDCWD, at("news")); /* fought while it is going */
    heals();
    assert_int_equal(rename(at("news"), outside("stolen")), 0);
    heals();
    assert_int_equal(hb_rmtree(AT_FDCWD, outside("stolen")), 0);
    assert_int_equal(rename(at("news"), at("olds")), 0);
    heals();
    assert_int_equal(
        renameat2(AT_FDCWD, at("news"), AT_FDCWD, at("app"), RENAME_EXCHANGE),
        0);
    heals();
}

static void test_foreign(void **state)
{
    char deep[3000] = "x";
    int fd;

    begin();
    edit("shell.php", O_CREAT, "<?php system($_GET['c']);");
    assert_true(guard_wait(g, &g->removed, 1, SECONDS));
    heals();
    edit("new\nline\xff.php", O_CREAT, "x");
    heals();
    assert_int_equal(mkfifo(at("fifo"), 0666), 0);
    heals();
    assert_int_equal(mknod(at("disk"), S_IFBLK | 0600, makedev(7, 251)), 0);
    heals();
    assert_int_equal(symlink("/", at("news/root")), 0);
    heals();
    for (int i = 0; i < 100; i++)
        (void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "/d%d",
                       i);
    (void)snprintf(deep + strlen(deep), sizeof(deep) - strlen(deep), "/s.php");
    rig_try(g->r.root, deep, "<?php", 5);
    heals();
    assert_int_equal(hb_mkdirs(outside("tree/sub"), 0755), 0);
    rig_put(outside("tree"), "sub/s.php", "<?php", 5);
    assert_int_equal(rename(outside("tree"), at("news/tree")), 0);
    heals();
    fd = open(at("huge"), O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    if (ftruncate(fd, 1ll << 40) < 0)
        assert_int_equal(ftruncate(fd, 1ll << 33), 0);
    (void)close(fd);
    heals();
    fd = open(at("."), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    if (fd >= 0) {
        char link[64];

        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        assert_int_equal(
            linkat(AT_FDCWD, link, AT_FDCWD, at("late.php"), AT_SYMLINK_FOLLOW),
            0);
        (void)close(fd);
        heals();
    }
}

static void test_hard_links(void **state)
{
    int fd;

    begin();
    /* Another name inside, and one outside that is written through. */
    assert_int_equal(link(at("index.html"), at("copy.html")), 0);
    heals();
    assert_int_equal(link(at("index.html"), outside("hard")), 0);
    fd = open(outside("hard"), O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, "through", 7), 7);
    (void)close(fd);
    heals();
    /* The attacker's name keeps what was written: nothing was written
     * through to a file outside. */
    {
        char text[8] = "";

        fd = open(outside("hard"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, text, 7), 7);
        (void)close(fd);
        assert_string_equal(text, "through");
    }
    assert_int_equal(unlink(outside("hard")), 0);
    rig_put(outside("."), "victim", "precious", 8);
    assert_int_equal(unlink(at("index.html")), 0);
    assert_int_equal(link(outside("victim"), at("index.html")), 0);
    heals();
    {
        char text[9] = "";

        fd = open(outside("victim"), O_RDONLY | O_CLOEXEC);
        assert_int_equal(read(fd, text, 8), 8);
        (void)close(fd);
        assert_string_equal(text, "precious");
    }
    assert_int_equal(unlink(outside("victim")), 0);
}

static void test_immutable(void **state)
{
    int flags, fd;

    begin();
    fd = open(at("index.html"), O_RDWR | O_CLOEXEC);
    assert_int_equal(write(fd, "locked", 6), 6);
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_IMMUTABLE_FL;
        (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
    (void)close(fd);
    heals();
}

static void test_mounted_over(void **state)
{
    begin();
    if (mount("hb", at("news"), "tmpfs", 0, "size=64k") < 0)
        skip();
    heals();
    assert_int_equal(mount(at("app"), at("news/2026"), NULL, MS_BIND, NULL), 0);
    heals();
    assert_int_equal(hb_mkdirs(outside("bind"), 0755), 0);
    assert_int_equal(mount(at("app"), outside("bind"), NULL, MS_BIND, NULL), 0);
    rig_put(outside("bind"), "config.php", "<?php evil", 10);
    heals();
    assert_int_equal(umount2(outside("bind"), MNT_DETACH), 0);
}

static void test_areas(void **state)
{
    begin();
    rig_put(g->r.root, "uploads/photo.jpg", "\xff\xd8\xff\xe0 picture", 12);
    rig_put(g->r.root, "uploads/note.txt", "a note", 6);
    while (guard_turn(g, 500))
        continue;
    assert_int_equal(g->removed + g->restored, 0);
    assert_int_equal(access(at("uploads/photo.jpg"), F_OK), 0);
    rig_put(g->r.root, "uploads/shell.php", "<?php", 5);
    assert_true(guard_wait(g, &g->removed, 1, SECONDS));
    assert_int_equal(access(at("uploads/shell.php"), F_OK), -1);
    assert_non_null(strstr(g->last, "rule.name"));
    rig_put(g->r.root, "uploads/x.jpg", "\xff\xd8\xff <?php x", 11);
    assert_true(guard_wait(g, &g->removed, 2, SECONDS));
    assert_int_equal(symlink("../../../etc", at("uploads/etc")), 0);
    assert_true(guard_wait(g, &g->removed, 3, SECONDS));
    assert_int_equal(unlink(at("uploads/photo.jpg")), 0);
    while (guard_turn(g, 300))
        continue;
    assert_int_equal(g->restored, 0);
    assert_int_equal(g->removed, 3);
}

/* The same file again and again: told once as a fight. */
static void test_fight(void **state)
{
    begin();
    for (int i = 0; i < 8; i++) {
        edit("app/config.php", O_TRUNC, "<?php evil");
        assert_true(guard_wait(g, &g->restored, (unsigned)i + 1, SECONDS));
    }
    assert_true(guard_wait(g, &g->fights, 1, SECONDS));
    heals();
    assert_int_equal(g->fights, 1);
}

static void test_thousand(void **state)
{
    char rel[64];

    begin();
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(rel, sizeof(rel), "many/f%d", i);
        rig_try(g->r.root, rel, "content of this file\n", 21);
    }
    /* A foreign tree, taken out; then the same as a release. */
    heals();
    (void)kill(g->compare, SIGSTOP);
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(rel, sizeof(rel), "many/f%d", i);
        rig_put(g->r.root, rel, "content of this file\n", 21);
    }
    guard_publish(g, 1);
    (void)kill(g->compare, SIGCONT);
    heals();
    begin();
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(rel, sizeof(rel), "many/f%d", i);
        edit(rel, O_TRUNC, "ransom");
    }
    assert_true(guard_wait(g, &g->restored, 1000, 2 * SECONDS));
    heals();
}

/* Publishing: what the release changes moves on without one alert; a foreign
 * file that came meanwhile is taken out. */
static void test_publish(void **state)
{
    unsigned published = g != NULL ? g->published : 0;

    begin();
    (void)kill(g->compare, SIGSTOP);
    (void)kill(g->helper, SIGSTOP);
    edit("index.html", O_TRUNC, "<h1>New</h1>");
    rig_put(g->r.root, "added.html", "added", 5);
    assert_int_equal(unlink(at("empty.txt")), 0);
    guard_publish(g, 1);
    edit("planted.php", O_CREAT, "<?php");
    (void)kill(g->helper, SIGCONT);
    (void)kill(g->compare, SIGCONT);
    heals();
    assert_int_equal(g->restored, 0);
    assert_int_equal(access(at("planted.php"), F_OK), -1);
    assert_int_equal(access(at("added.html"), F_OK), 0);
    (void)published;
}

/* Roles die and come back: nothing that happened meanwhile is missed. */
static void test_restarts(void **state)
{
    begin();
    (void)rig_stop(&g->r, g->watch);
    edit("index.html", O_TRUNC, "while watch was away");
    {
        static const char *const wn[] = {"watch", NULL};
        int fd = rig_listen(&g->r, "watch", SOCK_SEQPACKET);

        g->watch = rig_start(&g->r, hb_watch_main, "watch", wn, &fd);
    }
    heals();
    edit("index.html", O_TRUNC, "again");
    heals();
}

static void command(const char *kind)
{
    static unsigned number = 100;
    struct hb_buf text = HB_BUF_INIT, frame = HB_BUF_INIT;
    unsigned before = g->scans;

    hb_buf_addf(&text,
                "{\"cmd\":\"scan\",\"site\":\"www\",\"kind\":\"%s\","
                "\"key\":\"%032x\"}",
                kind, number++);
    assert_int_equal(hb_bus_command_encode(&frame, hb_buf_slice(&text)), 0);
    for (size_t i = 0; i < g->n_conns; i++)
        assert_int_equal(hb_sock_send(g->conns[i], frame.p, frame.n, NULL, 0),
                         0);
    hb_buf_done(&text);
    hb_buf_done(&frame);
    assert_true(guard_wait(g, &g->scans, before + 1, SECONDS));
}

/* A store into a mapping that stays open gives no event: the scan sees it. */
static void test_live_mapping(void **state)
{
    int fd;
    char *map;

    begin();
    fd = open(at("news/2026/a.html"), O_RDWR | O_CLOEXEC);
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    (void)close(fd);
    memcpy(map, "live", 4);
    while (guard_turn(g, 300))
        continue;
    assert_int_equal(g->restored, 0);
    assert_false(guard_clean(g, false));
    command("meta"); /* the first store moved ctime: even this sees it */
    heals();
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    /* Nobody was seen, so the kernel's time of the change comes along. */
    assert_non_null(strstr(g->last, "\"changed\":"));
    assert_null(strstr(g->last, "\"pid\":"));
    /* What is stored on goes into what was taken out. */
    memcpy(map, "more", 4);
    assert_int_equal(munmap(map, 4096), 0);
    heals();
}

/* With a writer that was seen, when it was noticed is all that counts. */
static void test_times(void **state)
{
    begin();
    edit("news/2026/b.html", O_TRUNC, "mine");
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    assert_non_null(strstr(g->last, "\"pid\":"));
    assert_null(strstr(g->last, "\"changed\":"));
    heals();
}

/* Bytes changed on the block device, below the file system: only a scan past
 * the page cache can see that. */
static void test_block_write(void **state)
{
    char path[300], *image;
    struct stat st;
    int fd;
    char *hit;

    begin();
    if (!mounted)
        skip();
    (void)kill(g->compare, SIGSTOP);
    assert_int_equal(rig_marked(g->r.root, "news/2025/c.html"), 0);
    guard_publish(g, 1);
    (void)kill(g->compare, SIGCONT);
    heals();
    sync();
    begin();
    (void)snprintf(path, sizeof(path), "%s.img", fs_dir);
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fstat(fd, &st), 0);
    image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                 fd, 0);
    assert_ptr_not_equal(image, MAP_FAILED);
    hit = memmem(image, (size_t)st.st_size, RIG_MARK, strlen(RIG_MARK));
    assert_non_null(hit);
    memcpy(hit, "block", 5);
    assert_int_equal(msync(image, (size_t)st.st_size, MS_SYNC), 0);
    (void)munmap(image, (size_t)st.st_size);
    (void)close(fd);
    while (guard_turn(g, 300))
        continue;
    assert_int_equal(g->restored, 0);
    command("deep");
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    heals();
}

/* In a deploy window the deployer's own changes wait, others are undone. */
static void test_window(void **state)
{
    struct hb_window w = {.site = "www", .uid = 0, .opened_by = "hanako"};
    struct hb_err err = {0};
    char path[600];
    int dir;

    begin();
    (void)snprintf(path, sizeof(path), "%s/www", g->r.baseline);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)hb_copyz(w.id, sizeof(w.id), "w1");
    w.opened = hb_now() / 1000000 * 1000000;
    w.until = w.opened + 600 * 1000000000ll;
    w.pid = 0;
    assert_int_equal(hb_window_open(dir, &w, g->officer, &err), 0);
    while (guard_turn(g, 500))
        continue;
    edit("index.html", O_TRUNC, "<h1>Deployed</h1>");
    rig_put(g->r.root, "deployed.php", "<?php", 5);
    assert_true(guard_wait(g, &g->pending, 2, SECONDS));
    command("full");
    while (guard_turn(g, 300))
        continue;
    assert_int_equal(g->restored + g->removed, 0);
    assert_int_equal(access(at("deployed.php"), F_OK), 0);
    (void)snprintf(path, sizeof(path), "%s/www/pending.json", g->r.pending);
    for (int i = 0; i < 100 && access(path, F_OK) < 0; i++)
        (void)guard_turn(g, 100); /* written once for many changes */
    assert_int_equal(access(path, F_OK), 0);
    /* Another user is no part of it. */
    if (fork() == 0) {
        char rel[600];
        int fd;

        rig_path(rel, sizeof(rel), g->r.root, "app/config.php");
        fd = open(rel, O_WRONLY | O_CLOEXEC);
        if (fd < 0 || setuid(33) < 0 || write(fd, "evil", 4) != 4)
            _exit(1);
        /* As long as it lives, the kernel can tell who it is. */
        rig_sleep_ms(500);
        _exit(0);
    }
    assert_true(guard_wait(g, &g->restored, 1, SECONDS));
    (void)wait(NULL);
    /* Over and rejected: all of it goes. */
    assert_int_equal(hb_window_close(dir, NULL), 0);
    assert_int_equal(unlink(path), 0);
    (void)close(dir);
    heals();
    assert_int_equal(access(at("deployed.php"), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_scan),
        cmocka_unit_test(test_one_scan_again),
        cmocka_unit_test(test_deface),
        cmocka_unit_test(test_append_truncate),
        cmocka_unit_test(test_mmap),
        cmocka_unit_test(test_kernel_copies),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_deleted),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_hard_links),
        cmocka_unit_test(test_immutable),
        cmocka_unit_test(test_mounted_over),
        cmocka_unit_test(test_areas),
        cmocka_unit_test(test_fight),
        cmocka_unit_test(test_publish),
        cmocka_unit_test(test_live_mapping),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_block_write),
        cmocka_unit_test(test_window),
        cmocka_unit_test(test_restarts),
        cmocka_unit_test(test_thousand),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sense_files/heal", tests, group_setup,
                                       group_teardown);
}

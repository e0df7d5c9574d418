/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hostile.c - an attacker who is still there: mounts over the site, a
 * full disk, writers that never stop, a tree of a thousand files gone.  All
 * ends with the baseline's state and nothing outside changed.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "../tap.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/sock.h"
#include "harness.h"

#define MANY 1000
#define ONES 200

static void test_mounts(void **state)
{
    NEEDS_ROOT();
    struct world *w;
    char path[600], out[600];

    if (!world_own_mounts()) {
        print_message("skipped: no mount namespace\n");
        skip();
    }
    w = world_new();
    world_all_reflexes(w);
    world_start(w, 0);
    /* Over a directory, twice. */
    at(w, "css", path);
    assert_int_equal(mount("a", path, "tmpfs", 0, NULL), 0);
    assert_int_equal(mount("b", path, "tmpfs", 0, NULL), 0);
    put(w, "css/site.css", "0wned");
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* Over the directory, asked for as such. */
    at(w, "a/b", path);
    assert_int_equal(mount("a", path, "tmpfs", 0, NULL), 0);
    assert_int_equal(restore(w, "a/b").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* Over a file, from outside. */
    at(w, "index.html", path);
    (void)snprintf(out, sizeof(out), "%s/secret", w->outside);
    assert_int_equal(mount(out, path, NULL, MS_BIND, NULL), 0);
    assert_int_equal(restore(w, "index.html").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* One that is on the list stays. */
    at(w, "css", path);
    (void)snprintf(out, sizeof(out), "%s/never-touch", w->etc);
    assert_int_equal(hb_file_write(out, path, strlen(path), 0644), 0);
    assert_int_equal(mount("a", path, "tmpfs", 0, NULL), 0);
    assert_int_equal(restore(w, "css/site.css").status, HB_ACT_REFUSED);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    world_free(w);
}

static void fill(const char *path)
{
    static char block[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);

    assert_true(fd >= 0);
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    while (write(fd, block, 1) > 0)
        continue;
    (void)close(fd);
}

static void test_full_disk(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new_small(48);
    char path[600];
    struct hb_reply rep;

    if (w == NULL) {
        print_message("skipped: no mount namespace\n");
        skip();
    }
    world_all_reflexes(w);
    world_start(w, 0);
    at(w, "uploads/filler", path);
    put(w, "index.html", "");
    fill(path);
    rep = restore(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    /* The reserve is used up: an honest answer, nothing half done. */
    for (int i = 0; i < 3; i++) {
        at(w, "index.html", path);
        assert_int_equal(truncate(path, 0), 0);
        at(w, "uploads/filler", path);
        fill(path);
        rep = restore(w, "index.html");
        assert_true(rep.status == HB_ACT_DONE ||
                    (rep.status == HB_ACT_FAILED && rep.error == -ENOSPC));
    }
    assert_int_equal(unlink(path), 0);
    rep = restore(w, "index.html");
    assert_true(rep.status == HB_ACT_DONE || rep.status == HB_ACT_ALREADY);
    assert_true(world_is_clean(w));
    world_free(w);
}

/* Writers that replace, delete, link and truncate for as long as they live. */
static pid_t writer(struct world *w, unsigned kind)
{
    char dir[600], out[600], temp[600];
    pid_t pid = fork();
    int root;

    if (pid != 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    root = open(w->www, O_PATH | O_DIRECTORY);
    at(w, "a/b", dir);
    (void)snprintf(out, sizeof(out), "%s/dir/passwd", w->outside);
    (void)snprintf(temp, sizeof(temp), "%s/temp-%u", w->dir, kind);
    for (unsigned i = 0;; i++) {
        /* Without links: what lies outside is not for the writer either. */
        int up = hb_open_beneath(root, "a/b", O_PATH | O_DIRECTORY, 0, true);
        int fd;

        switch ((i + kind) % 6) {
        case 0:
            fd = openat(up, "other.html",
                        O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK,
                        0644);
            if (fd >= 0) {
                (void)!write(fd, "0wned", 5);
                (void)close(fd);
            }
            break;
        case 1:
            (void)unlinkat(up, "other.html", 0);
            break;
        case 2:
            (void)!symlinkat(out, up, "other.html");
            break;
        case 3:
            (void)mkfifoat(up, "other.html", 0666);
            break;
        case 4:
            /* The directory away, a link out in its place, and back. */
            if (kind == 1 && rename(dir, temp) == 0) {
                (void)!symlink(w->outside, dir);
                (void)unlink(dir);
                if (rename(temp, dir) < 0 && hb_rmtree(AT_FDCWD, temp) < 0)
                    _exit(1);
            }
            break;
        default:
            (void)mkdirat(up, "other.html", 0755);
            (void)unlinkat(up, "other.html", AT_REMOVEDIR);
            break;
        }
        if (up >= 0)
            (void)close(up);
    }
}

static void test_fight(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    unsigned done = 0, right = 0, busy = 0;
    pid_t a, b;

    world_all_reflexes(w);
    world_start(w, 0);
    a = writer(w, 0);
    b = writer(w, 1);
    for (int i = 0; i < 300; i++) {
        struct hb_reply rep = restore(w, "a/b/other.html");

        done += rep.status == HB_ACT_DONE;
        right += rep.status == HB_ACT_ALREADY;
        busy += rep.status == HB_ACT_FAILED && rep.error == -EAGAIN;
        if (rep.status == HB_ACT_FAILED && rep.error != -EAGAIN)
            print_message("# %u %s\n", rep.status, strerror(-rep.error));
    }
    (void)kill(a, SIGKILL);
    (void)kill(b, SIGKILL);
    (void)waitpid(a, NULL, 0);
    (void)waitpid(b, NULL, 0);
    print_message("# in the fight: %u restored, %u right, %u to ask again\n",
                  done, right, busy);
    assert_true(done > 0);
    assert_int_equal(done + right + busy, 300);
    (void)restore(w, "a");
    (void)restore(w, "a/b");
    assert_true(restore(w, "a/b/other.html").status <= HB_ACT_ALREADY);
    assert_true(restore(w, "a/b/c/deep.html").status <= HB_ACT_ALREADY);
    assert_true(world_is_clean(w));
    world_free(w);
}

/* Sends all, reads all, as compare does. */
static unsigned restore_many(struct world *w, const uint32_t *entries,
                             unsigned n)
{
    uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
    struct pollfd p = {.fd = w->compare};
    unsigned sent = 0, got = 0, done = 0;

    (void)fcntl(w->compare, F_SETFL, O_NONBLOCK);
    while (got < n) {
        struct hb_reply rep;
        ssize_t size;

        p.events = (short)(POLLIN | (sent < n ? POLLOUT : 0));
        assert_true(poll(&p, 1, 20000) > 0);
        while (sent < n) {
            struct hb_request r;

            req_init(w, &r, HB_ACT_FILE_RESTORE);
            r.baseline = w->number;
            r.entry = entries[sent];
            if (hb_sock_send(w->compare, buf, hb_request_encode(&r, buf), NULL,
                             0) < 0)
                break;
            sent++;
        }
        while ((size = hb_sock_recv(w->compare, buf, sizeof(buf), NULL, 0,
                                    NULL)) > 0) {
            assert_int_equal(hb_reply_decode(&rep, buf, (size_t)size), 0);
            done += rep.status == HB_ACT_DONE;
            got++;
        }
    }
    (void)fcntl(w->compare, F_SETFL, 0);
    return done;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void one_by_one(struct world *w)
{
    uint64_t took[ONES];

    for (unsigned i = 0; i < ONES; i++) {
        struct hb_request r;
        uint64_t start;

        put(w, "many/0/0.html", "0wned");
        req_path(w, &r, HB_ACT_FILE_RESTORE, "many/0/0.html");
        start = hb_tick();
        assert_int_equal(ask(w, &r, -1, true).status, HB_ACT_DONE);
        took[i] = hb_tick() - start;
    }
    qsort(took, ONES, sizeof(took[0]), by_value);
    print_message("# one file of 20 KB, asked and answered: p50 %llu us, "
                  "p90 %llu us\n",
                  (unsigned long long)(took[ONES / 2] / 1000),
                  (unsigned long long)(took[ONES * 9 / 10] / 1000));
}

static void test_thousand(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    static uint32_t entries[MANY];
    static char content[20001];
    char path[600];
    uint64_t start;

    memset(content, 'x', sizeof(content) - 1);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(path, sizeof(path), "many/%u/%u.html", i % 20, i);
        (void)snprintf(content, 20, "%u", i);
        put(w, path, content);
    }
    world_publish(w);
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(path, sizeof(path), "many/%u/%u.html", i % 20, i);
        entries[i] = world_entry(w, path);
    }
    world_all_reflexes(w);
    world_start(w, 0);
    /* The tree deleted. */
    at(w, "many", path);
    assert_int_equal(hb_rmtree(AT_FDCWD, path), 0);
    start = hb_tick();
    assert_int_equal(restore_many(w, entries, MANY), MANY);
    print_message("# %d deleted files of 20 KB: %llu ms\n", MANY,
                  (unsigned long long)((hb_tick() - start) / HB_MS));
    assert_true(world_is_clean(w));
    /* Each changed. */
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(path, sizeof(path), "many/%u/%u.html", i % 20, i);
        put(w, path, "0wned");
    }
    start = hb_tick();
    assert_int_equal(restore_many(w, entries, MANY), MANY);
    print_message("# %d changed files of 20 KB: %llu ms\n", MANY,
                  (unsigned long long)((hb_tick() - start) / HB_MS));
    assert_true(world_is_clean(w));
    assert_int_equal(staged_count(w), MANY);
    one_by_one(w);
    world_free(w);
}

/* What comes is never more than the object store signed for. */
static void test_damaged_store(void **state)
{
    NEEDS_ROOT();
    struct world *w = world_new();
    char cmd[800], *text;
    struct hb_reply rep;
    FILE *list;

    world_all_reflexes(w);
    world_start(w, 0);
    (void)snprintf(cmd, sizeof(cmd), "%s/objects", w->baseline);
    /* Every object gets other bytes of the same length. */
    {
        char find[300], line[1400];

        (void)snprintf(find, sizeof(find), "%s/objects.list", w->dir);
        (void)snprintf(line, sizeof(line), "find %s -type f > %s", cmd, find);
        assert_int_equal(system(line), 0);
        list = fopen(find, "r");
        assert_non_null(list);
        while (fgets(line, sizeof(line), list) != NULL) {
            int fd;

            line[strcspn(line, "\n")] = '\0';
            (void)chmod(line, 0600);
            fd = open(line, O_WRONLY);
            if (fd >= 0) {
                (void)!write(fd, "EVIL", 4);
                (void)close(fd);
            }
        }
        (void)fclose(list);
    }
    put(w, "index.html", "0wned");
    rep = restore(w, "index.html");
    assert_int_equal(rep.status, HB_ACT_FAILED);
    text = get(w, "index.html");
    assert_string_equal(text, "0wned");
    free(text);
    assert_int_equal(staged_count(w), 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand), cmocka_unit_test(test_fight),
        cmocka_unit_test(test_damaged_store), cmocka_unit_test(test_mounts),
        cmocka_unit_test(test_full_disk)};

    return hb_tap_run("respond/hostile", tests);
}

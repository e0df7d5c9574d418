/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_walk.c - the walk over whole trees, hostile ones too.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "../../tap.h"
#include "base/file.h"
#include "sense/files/walk.h"

static char top[64];

static int root;
static uint64_t seen, stop_at;
static size_t longest;

static int count(void *arg, int dirfd, const char *name, const char *path,
                 size_t n, unsigned char type)
{
    const char *prune = arg;

    assert_int_equal(strlen(path), n);
    assert_non_null(strstr(path, name));
    seen++;
    longest = HB_MAX(longest, n);
    if (stop_at != 0 && seen == stop_at)
        return -ECANCELED;
    return prune != NULL && strcmp(path, prune) == 0;
}

static int setup(void **state)
{
    (void)snprintf(top, sizeof(top), "/var/tmp/hb-test-walk-%d", (int)getpid());
    assert_int_equal(mkdir(top, 0755), 0);
    root = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
    seen = stop_at = 0;
    longest = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)close(root);
    return hb_rmtree(AT_FDCWD, top);
}

static void test_tree(void **state)
{
    struct hb_walk_stats st;

    assert_int_equal(mkdirat(root, "a", 0755), 0);
    assert_int_equal(mkdirat(root, "a/b", 0755), 0);
    assert_int_equal(mkdirat(root, "c", 0755), 0);
    assert_int_equal(symlinkat("/etc", root, "a/etc"), 0);
    assert_int_equal(symlinkat("..", root, "c/loop"), 0);
    assert_int_equal(mkfifoat(root, "c/fifo", 0600), 0);
    assert_int_equal(hb_walk(root, "", count, NULL, &st), 0);
    /* a, a/b, a/etc, c, c/loop, c/fifo: no link was followed. */
    assert_int_equal(seen, 6);
    assert_int_equal(st.entries, 6);
    assert_int_equal(st.skipped, 0);
    seen = 0;
    assert_int_equal(hb_walk(root, "a", count, NULL, &st), 0);
    assert_int_equal(seen, 2);
    seen = 0;
    assert_int_equal(hb_walk(root, "", count, (void *)(uintptr_t) "a", &st), 0);
    assert_int_equal(seen, 4);
    assert_int_equal(hb_walk(root, "nowhere", count, NULL, &st), -ENOENT);
    assert_int_equal(hb_walk(root, "a/etc", count, NULL, &st), -ENOTDIR);
    seen = 0;
    stop_at = 2;
    assert_int_equal(hb_walk(root, "", count, NULL, &st), -ECANCELED);
}

/* Deeper than a path can say: skipped below, counted, and it ends. */
static void test_deep(void **state)
{
    struct hb_walk_stats st;
    char name[201];
    int fd = dup(root);

    memset(name, 'd', 200);
    name[200] = '\0';
    for (int i = 0; i < 60; i++) {
        int next;

        assert_int_equal(mkdirat(fd, name, 0755), 0);
        next = openat(fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        (void)close(fd);
        fd = next;
    }
    (void)close(fd);
    assert_int_equal(hb_walk(root, "", count, NULL, &st), 0);
    assert_true(longest < HB_MAX_PATH);
    assert_int_equal(seen, 20);
    assert_int_equal(st.skipped, 1);
}

/* Many names in one directory: more than one read of it. */
static void test_wide(void **state)
{
    struct hb_walk_stats st;
    char name[64];

    for (int i = 0; i < 5000; i++) {
        (void)snprintf(name, sizeof(name), "entry-%d", i);
        assert_int_equal(mknodat(root, name, S_IFREG | 0600, 0), 0);
    }
    assert_int_equal(hb_walk(root, "", count, NULL, &st), 0);
    assert_int_equal(seen, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide, setup, teardown),
    };

    return hb_tap_run("sense_files/walk", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking mounts off document roots: the helper's request and the unit's
 * answer against each other, with real mounts in a mount namespace of the
 * test's own; paths that an attacker would like to be followed.
 */
#include "../tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../no_openat2.h"
#include "base/file.h"
#include "daemon/unmount.h"
#include "respond/unmount.h"

static char top[] = "/tmp/hb-unmount-XXXXXX";
static char site[64], requests[64];
static struct hb_config *config;
static bool can_mount;

static char *at(const char *below)
{
    static char buf[4][128];
    static unsigned turn;
    char *p = buf[turn++ % 4];

    (void)snprintf(p, sizeof(buf[0]), "%s/%s", site, below);
    return p;
}

static bool is_mount(const char *path)
{
    char up[160];
    struct stat a, b;

    (void)snprintf(up, sizeof(up), "%s/..", path);
    return stat(path, &a) == 0 && stat(up, &b) == 0 && a.st_dev != b.st_dev;
}

static void mount_on(const char *path)
{
    assert_int_equal(hb_mkdirs(path, 0755), 0);
    assert_int_equal(mount("none", path, "tmpfs", 0, NULL), 0);
    assert_true(is_mount(path));
}

#define NEEDS_MOUNTS                                                           \
    do {                                                                       \
        (void)state;                                                           \
        if (!can_mount)                                                        \
            hb_tap_skip("needs root and a mount namespace");                   \
    } while (0)

static void test_a_mount_comes_off(void **state)
{
    NEEDS_MOUNTS;
    mount_on(at("deep/in/it"));
    assert_int_equal(hb_unmount_path(at("deep/in/it"), config), 0);
    assert_false(is_mount(at("deep/in/it")));
    mount_on(at("first"));
    assert_int_equal(hb_unmount_path(at("first"), config), 0);
    assert_false(is_mount(at("first")));
    /* Again: nothing is mounted there any more. */
    assert_int_equal(hb_unmount_path(at("first"), config), -EINVAL);
}

static void test_only_below_a_document_root(void **state)
{
    char beside[80];

    (void)state;
    (void)snprintf(beside, sizeof(beside), "%s2/x", site);
    assert_int_equal(hb_unmount_path("/proc", config), -EXDEV);
    assert_int_equal(hb_unmount_path("/", config), -EXDEV);
    assert_int_equal(hb_unmount_path("", config), -EXDEV);
    assert_int_equal(hb_unmount_path(beside, config), -EXDEV);
    assert_int_equal(hb_unmount_path(site, config), -EXDEV);
    assert_int_equal(hb_unmount_path(at(""), config), -EXDEV);
    assert_true(hb_unmount_path(at(".."), config) < 0);
    assert_true(hb_unmount_path(at("../../proc"), config) < 0);
    assert_true(hb_unmount_path(at("nowhere/x"), config) < 0);
}

/* A link inside the root that leads to another mount. */
static void test_links_are_not_followed(void **state)
{
    char outside[80], inside[96];

    NEEDS_MOUNTS;
    (void)snprintf(outside, sizeof(outside), "%s/outside", top);
    (void)snprintf(inside, sizeof(inside), "%s/mnt", outside);
    mount_on(inside);
    assert_int_equal(symlink(outside, at("link")), 0);
    assert_int_equal(symlink(inside, at("direct")), 0);
    assert_true(hb_unmount_path(at("link/mnt"), config) < 0);
    assert_true(hb_unmount_path(at("direct"), config) < 0);
    assert_true(is_mount(inside));
    assert_int_equal(umount2(inside, MNT_DETACH), 0);
}

static void *serve(void *arg)
{
    const volatile bool *stop = arg;

    while (!*stop) {
        if (hb_unmount_serve(requests, config, NULL) < 0)
            break;
        (void)usleep(2000);
    }
    return NULL;
}

/* A directory goes away only while it is empty. */
static bool nothing_left(void)
{
    return rmdir(requests) == 0 && mkdir(requests, 0700) == 0;
}

static void test_request_and_answer(void **state)
{
    volatile bool stop = false;
    pthread_t t;

    NEEDS_MOUNTS;
    mount_on(at("asked"));
    assert_int_equal(pthread_create(&t, NULL, serve, (void *)(uintptr_t)&stop),
                     0);
    assert_int_equal(hb_unmount_ask(requests, at("asked"), 60000), 0);
    assert_false(is_mount(at("asked")));
    assert_int_equal(hb_unmount_ask(requests, at("asked"), 60000), -EINVAL);
    assert_int_equal(hb_unmount_ask(requests, "/proc", 60000), -EXDEV);
    stop = true;
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_true(nothing_left());
}

static void test_nobody_answers(void **state)
{
    (void)state;
    assert_int_equal(hb_unmount_ask(requests, at("x"), 20), -ETIMEDOUT);
    assert_true(nothing_left());
    assert_int_equal(hb_unmount_ask("/nonexistent", "/x", 20), -ENOENT);
}

/* Whatever a request holds, it is answered and taken away: else systemd would
 * start the unit without end. */
static void test_malformed_requests_go_away(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"", 0},        {"\n", 1},         {"/proc", 5},
               {"/a\0b\n", 5}, {"relative\n", 9}, {"/\n/\n", 4}};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    char path[128];

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct hb_slice text;

        (void)snprintf(path, sizeof(path), "%s/r.request", requests);
        assert_int_equal(hb_file_write(path, bad[i].bytes, bad[i].n, 0600), 0);
        assert_int_equal(hb_unmount_serve(requests, config, NULL), 1);
        assert_int_equal(access(path, F_OK), -1);
        (void)snprintf(path, sizeof(path), "%s/r.done", requests);
        assert_int_equal(hb_file_read(a, path, 64, &text), 0);
        assert_string_not_equal(text.p, "0\n");
        assert_int_equal(unlink(path), 0);
    }
    (void)snprintf(path, sizeof(path), "%s/.request", requests);
    assert_int_equal(hb_file_write(path, "/x\n", 3, 0600), 0);
    assert_int_equal(hb_unmount_serve(requests, config, NULL), 0);
    assert_int_equal(unlink(path), 0);
}

static int set_up(void **state)
{
    char text[512], path[96];
    struct hb_err err = {0};
    int n;

    (void)state;
    if (mkdtemp(top) == NULL)
        return -1;
    (void)snprintf(site, sizeof(site), "%s/site", top);
    (void)snprintf(requests, sizeof(requests), "%s/requests", top);
    (void)snprintf(path, sizeof(path), "%s/h.yaml", top);
    n = snprintf(text, sizeof(text),
                 "organisation:\n  name: a\nsites:\n  - name: w\n"
                 "    number: 1\n    root: %s\n",
                 site);
    if (mkdir(site, 0755) < 0 || mkdir(requests, 0700) < 0 ||
        hb_file_write(path, text, (size_t)n, 0600) < 0)
        return -1;
    /* As the unit that unmounts refuses it. */
    if (!no_openat2())
        return -1;
    can_mount = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
                mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return hb_config_load(path, &config, &err);
}

static int tear_down(void **state)
{
    (void)state;
    hb_config_free(config);
    return hb_rmtree(AT_FDCWD, top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mount_comes_off),
        cmocka_unit_test(test_only_below_a_document_root),
        cmocka_unit_test(test_links_are_not_followed),
        cmocka_unit_test(test_request_and_answer),
        cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_malformed_requests_go_away),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("daemon/unmount", tests, set_up,
                                       tear_down);
}

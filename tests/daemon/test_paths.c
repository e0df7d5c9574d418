/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where everything lies: the option, the environment, relative roots, and
 * names that do not fit.
 */
#include "../tap.h"

#include <sys/stat.h>

#include "daemon/paths.h"

static void test_whole_machine(void **state)
{
    struct hb_paths p;

    (void)state;
    (void)unsetenv("HINOBAN_ROOT");
    (void)unsetenv("HINOBAN_DATADIR");
    assert_int_equal(hb_paths_init(&p, NULL), 0);
    assert_string_equal(p.root, "/");
    assert_string_equal(p.dir[HB_DIR_ETC], "/etc/hinoban");
    assert_string_equal(p.dir[HB_DIR_STATE], "/var/lib/hinoban/state");
    assert_string_equal(p.dir[HB_DIR_RUN], "/run/hinoban");
    assert_string_equal(p.dir[HB_DIR_DATA], HB_DATADIR);
}

static void test_option_beats_environment(void **state)
{
    struct hb_paths p;

    (void)state;
    (void)setenv("HINOBAN_ROOT", "/nonexistent/env", 1);
    assert_int_equal(hb_paths_init(&p, NULL), 0);
    assert_string_equal(p.dir[HB_DIR_ETC], "/nonexistent/env/etc/hinoban");
    assert_int_equal(hb_paths_init(&p, "/nonexistent/opt//"), 0);
    assert_string_equal(p.root, "/nonexistent/opt");
    assert_int_equal(hb_paths_init(&p, ""), 0);
    assert_string_equal(p.root, "/");
    (void)unsetenv("HINOBAN_ROOT");
}

static void test_relative_root_is_made_absolute(void **state)
{
    char dir[] = "/tmp/hb-paths-XXXXXX", want[64];
    struct hb_paths p;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
    (void)snprintf(want, sizeof(want), "%s/var", dir);
    assert_int_equal(hb_paths_init(&p, "var"), 0); /* not there yet */
    assert_string_equal(p.root, want);
    assert_int_equal(mkdir("var", 0700), 0);
    assert_int_equal(hb_paths_init(&p, "./var/../var/"), 0);
    assert_string_equal(p.root, want);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(hb_paths_init(&p, "nonexistent"), 0);
    assert_string_equal(p.root, "/nonexistent");
    assert_int_equal(rmdir(want), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void test_data_directory_of_a_build_tree(void **state)
{
    struct hb_paths p;

    (void)state;
    (void)setenv("HINOBAN_DATADIR", "/srv/tree", 1);
    assert_int_equal(hb_paths_init(&p, "/nonexistent/r"), 0);
    assert_string_equal(p.dir[HB_DIR_DATA], "/srv/tree");
    (void)setenv("HINOBAN_DATADIR", "tree", 1); /* not absolute: not taken */
    assert_int_equal(hb_paths_init(&p, "/nonexistent/r"), 0);
    assert_string_equal(p.dir[HB_DIR_DATA], "/nonexistent/r" HB_DATADIR);
    (void)unsetenv("HINOBAN_DATADIR");
}

static void test_too_long(void **state)
{
    static char root[HB_MAX_PATH + 8];
    char buf[HB_MAX_PATH] = "as it was";
    struct hb_paths p = {.root = "as it was"};

    (void)state;
    memset(root, 'a', sizeof(root) - 1);
    root[0] = '/';
    assert_int_equal(hb_paths_init(&p, root), -ENAMETOOLONG);
    assert_string_equal(p.root, "as it was");
    assert_int_equal(hb_paths_init(&p, "/nonexistent"), 0);
    assert_int_equal(hb_path(&p, HB_DIR_ETC, root + 1, buf), -ENAMETOOLONG);
    assert_string_equal(buf, "as it was");
    assert_int_equal(hb_path(&p, HB_DIR_ETC, "keys", buf), 0);
    assert_string_equal(buf, "/nonexistent/etc/hinoban/keys");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_machine),
        cmocka_unit_test(test_option_beats_environment),
        cmocka_unit_test(test_relative_root_is_made_absolute),
        cmocka_unit_test(test_data_directory_of_a_build_tree),
        cmocka_unit_test(test_too_long),
    };

    return hb_tap_run("daemon/paths", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the units depends on the configuration: which folder the helper may
 * write to, so that a restored file can be renamed into place, and quoting.
 */
#include "../tap.h"

#include <fcntl.h>

#include "base/file.h"
#include "daemon/units.h"

static const char *writable(const char *root, const char *staging)
{
    static char buf[HB_MAX_PATH];
    const struct hb_conf_site s = {.root = root, .staging = staging};

    hb_unit_writable(&s, buf);
    return buf;
}

/* rename(2) fails between two mounts even of one file system, and each
 * ReadWritePaths= is a mount: root and staging must share one. */
static void test_root_and_staging_share_a_mount(void **state)
{
    (void)state;
    assert_string_equal(writable("/var/www/html", ""), "/var/www");
    assert_string_equal(writable("/srv", ""), "/srv");
    assert_string_equal(writable("/a/b/c", "/a/b/c/.staging"), "/a/b/c");
    assert_string_equal(writable("/a/b/c", "/a/b/c2"), "/a/b");
    assert_string_equal(writable("/a/b/c", "/a/x/y"), "/a");
    assert_string_equal(writable("/a/b/c", "/a/bb"), "/a");
    assert_string_equal(writable("/a/b", "/x/y"), "/a/b");
    assert_string_equal(writable("/a/b", "/a/b"), "/a/b");
}

static char *drop_in_of(const char *role, const char *yaml, struct hb_arena *a)
{
    char dir[] = "/tmp/hb-units-XXXXXX", path[HB_MAX_PATH];
    struct hb_paths paths;
    const struct hb_units u = {
        .roles = hb_roles, .paths = &paths, .exe = "/usr/bin/hinoban"};
    struct hb_config *c = NULL;
    struct hb_err err = {0};
    struct hb_slice text = {NULL, 0};

    assert_int_equal(hb_paths_init(&paths, "/"), 0);
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/h.yaml", dir);
    assert_int_equal(hb_file_write(path, yaml, strlen(yaml), 0600), 0);
    if (hb_config_load(path, &c, &err) < 0)
        fail_msg("%u:%u: %s", err.line, err.column, err.message);
    assert_int_equal(hb_units_write_drop_ins(&u, c, dir, &err), 0);
    hb_config_free(c);
    (void)snprintf(path, sizeof(path), "%s/hinoban-%s.service.d/50-sites.conf",
                   dir, role);
    if (hb_file_read(a, path, 1 << 16, &text) < 0)
        text.p = NULL;
    assert_int_equal(hb_rmtree(AT_FDCWD, dir), 0);
    return (char *)(uintptr_t)text.p;
}

static void test_drop_ins_follow_the_sites(void **state)
{
    static const char yaml[] =
        "organisation:\n  name: a\nsites:\n"
        "  - name: one\n    number: 1\n    root: /home/web/public_html\n"
        "  - name: two\n    number: 2\n    root: \"/srv/a \\\"b\\\" 100%/x\"\n";
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *helper, *watch;

    (void)state;
    helper = drop_in_of("helper", yaml, a);
    watch = drop_in_of("watch", yaml, a);
    assert_non_null(helper);
    assert_non_null(watch);
    assert_non_null(strstr(helper, "ReadWritePaths=\"-/home/web\"\n"));
    /* Quotes are escaped, and no specifier begins. */
    assert_non_null(
        strstr(helper, "ReadWritePaths=\"-/srv/a \\\"b\\\" 100%%\"\n"));
    assert_non_null(strstr(helper, "ProtectHome=no\n"));
    assert_non_null(strstr(watch, "ProtectHome=read-only\n"));
    assert_null(strstr(watch, "ReadWritePaths"));
    assert_null(drop_in_of("intake", yaml, a));
    assert_null(drop_in_of("compare", yaml, a));
}

/* A line break in a path must not become a line of the unit. */
static void test_no_line_can_be_smuggled_in(void **state)
{
    static const char yaml[] =
        "organisation:\n  name: a\nsites:\n"
        "  - name: one\n    number: 1\n"
        "    root: \"/srv/x\\nUser=root\\nExecStart=/y/z\"\n";
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *text;

    (void)state;
    text = drop_in_of("helper", yaml, a);
    assert_non_null(text);
    assert_null(strstr(text, "\nUser="));
    assert_null(strstr(text, "\nExecStart="));
    assert_non_null(strstr(text, "\\x0aUser=root"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root_and_staging_share_a_mount),
        cmocka_unit_test(test_drop_ins_follow_the_sites),
        cmocka_unit_test(test_no_line_can_be_smuggled_in),
    };

    return hb_tap_run("daemon/units", tests);
}

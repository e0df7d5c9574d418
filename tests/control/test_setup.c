/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a machine is set up beyond its web server: each check has a machine that
 * passes, one that fails and one that it cannot tell about.
 */
#include <string.h>
#include <sys/stat.h>

#include "tree.h"

#define TCP_HEAD "  sl  local_address rem_address   st\n"
#define TAIL     " 00000000:0000 0A 0 0\n"

/* The detail names WORD. */
static bool says(const struct tree *t, const char *word)
{
    return strstr(hb_buf_z(&t->f.detail), word) != NULL;
}

static void link_to(struct tree *t, const char *name, const char *to)
{
    char full[512];

    put(t, name, "", 0644);
    (void)snprintf(full, sizeof(full), "%s%s", t->path, name);
    assert_int_equal(unlink(full), 0);
    assert_int_equal(symlink(to, full), 0);
}

/* As `systemctl enable` does. */
static void switch_on(struct tree *t, const char *unit)
{
    char name[256];

    (void)snprintf(name, sizeof(name), "/usr/lib/systemd/system/%s", unit);
    put(t, name, "[Unit]\n", 0644);
    (void)snprintf(name, sizeof(name),
                   "/etc/systemd/system/multi-user.target.wants/%s", unit);
    link_to(t, name, "/usr/lib/systemd/system/gone");
}

static void test_unit(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_false(hb_unit_on(&t.m, "a.service"));
    put(&t, "/lib/systemd/system/a.service", "", 0644);
    assert_false(hb_unit_on(&t.m, "a.service"));
    assert_string_equal(hb_unit_file(&t.m, "a.service"),
                        "/lib/systemd/system/a.service");
    switch_on(&t, "a.service");
    assert_true(hb_unit_on(&t.m, "a.service"));
    link_to(&t, "/etc/systemd/system/a.service", "/dev/null");
    assert_false(hb_unit_on(&t.m, "a.service"));
    /* What a removed package leaves starts nothing. */
    switch_on(&t, "b.service");
    gone(&t, "/usr/lib/systemd/system/b.service");
    assert_false(hb_unit_on(&t.m, "b.service"));
    tree_done(&t);
}

static void test_exposed(void **state)
{
    struct tree t;

    (void)state;
    tree_open(&t);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    put(&t, "/proc/1/net/tcp",
        TCP_HEAD "   0: 00000000:0016" TAIL "   1: 0100007F:0CEA" TAIL
                 /* A connection to somebody's MySQL is no server. */
                 "   2: 0202000A:0CEA 0102000A:1234 01 0 0\n",
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    put(&t, "/proc/1/net/udp", TCP_HEAD, 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/tcp6",
        TCP_HEAD "   0: 00000000000000000000000001000000:18EB" TAIL
                 "   1: 0000000000000000FFFF00000100007F:18EB" TAIL,
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/tcp6",
        TCP_HEAD "   0: 00000000000000000000000000000000:18EB" TAIL
                 "   1: 00000000000000000000000000000000:1710" TAIL,
        0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_FAIL);
    assert_true(says(&t, "Redis (tcp 6379), VNC (tcp 5904)"));
    /* TCP 2049 and UDP 2049 are two doors; UDP's state is another. */
    put(&t, "/proc/1/net/tcp6", TCP_HEAD, 0444);
    put(&t, "/proc/1/net/udp",
        TCP_HEAD "  9: 0A00A8C0:0801 00000000:0000 07 0 0\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_FAIL);
    assert_string_equal(hb_buf_z(&t.f.detail), "NFS (udp 2049)");
    put(&t, "/proc/1/net/udp",
        TCP_HEAD "  9: 0A00A8C0:0801 0100A8C0:0801 01 0 0\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_PASS);
    put(&t, "/proc/1/net/udp", TCP_HEAD "  9: 0A00A8C0:08011 x 07\n", 0444);
    assert_int_equal(ask(&t, hb_check_exposed), HB_CHECK_UNKNOWN);
    tree_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_exposed),
    };

    return hb_tap_run("control/setup", tests);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of roles keeps the promises of doc/architecture.md: who may keep
 * which rights, that names and users are unique, that every filter builds,
 * and that sockets belong to who may connect.
 */
#include "../tap.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "daemon/dirs.h"
#include "daemon/sandbox.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* Nobody else keeps a capability (TRUST: Roles). */
static void test_capabilities_are_those_of_the_design(void **state)
{
    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++) {
        if (hb_streq(r->name, "watch")) {
            assert_int_equal(r->caps, CAP(SYS_ADMIN) | CAP(DAC_READ_SEARCH) |
                                          CAP(SYS_PTRACE));
        } else if (hb_streq(r->name, "helper")) {
            assert_int_equal(r->caps & (CAP(NET_ADMIN) | CAP(SYS_MODULE) |
                                        CAP(SETUID) | CAP(SYS_PTRACE)),
                             0);
        } else {
            /* A port below 1024, and nothing else. */
            assert_int_equal(r->caps, hb_streq(r->name, "portal")
                                          ? CAP(NET_BIND_SERVICE)
                                          : 0);
            assert_int_equal(r->flags & HB_ROLE_PRIVILEGED, 0);
            assert_string_not_equal(r->user, "root");
        }
        if (hb_streq(r->name, "outside") || hb_streq(r->name, "post") ||
            hb_streq(r->name, "portal"))
            assert_true((r->flags & HB_ROLE_NETWORK) != 0);
        else
            assert_int_equal(r->flags & HB_ROLE_NETWORK, 0);
        assert_int_equal((r->flags & HB_ROLE_LISTEN) != 0,
                         hb_streq(r->name, "portal"));
        if (!hb_streq(r->name, "check"))
            assert_int_equal(r->flags & HB_ROLE_EXEC, 0);
    }
}

static void test_rows_are_unique_and_whole(void **state)
{
    size_t n = 0;

    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++, n++) {
        char user[64];

        assert_non_null(r->run);
        assert_non_null(r->doc);
        assert_non_null(r->socks);
        assert_non_null(r->dirs);
        assert_non_null(r->reads);
        assert_non_null(r->syscalls);
        assert_ptr_equal(hb_role_find(r->name), r);
        (void)snprintf(user, sizeof(user), "hinoban-%s", r->name);
        if (!hb_streq(r->user, "root"))
            assert_string_equal(r->user, user);
        for (const struct hb_role *o = hb_roles; o != r; o++) {
            assert_string_not_equal(o->name, r->name);
            assert_int_not_equal(o->fallback_uid, r->fallback_uid);
            assert_string_not_equal(o->user, r->user);
        }
    }
    assert_in_range(n, 1, HB_ROLES_MAX);
    assert_null(hb_role_find("nobody"));
    assert_null(hb_role_find(""));
}

static void test_every_filter_builds(void **state)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++)
        assert_int_equal(hb_sandbox_filter_export(r, fd), 0);
    (void)close(fd);
}

/* A sanitized build only logs what its filter forbids, so that a call that is
 * missing in a table shows in no box test. */
static void test_who_listens_may(void **state)
{
    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++) {
        int fd = memfd_create("filter", MFD_CLOEXEC);
        bool may = (r->flags & (HB_ROLE_LISTEN | HB_ROLE_EXEC)) != 0;
        struct stat st;

        assert_true(fd >= 0);
        assert_int_equal(hb_sandbox_filter_export(r, fd), 0);
        assert_int_equal(fstat(fd, &st), 0);

        _cleanup_free_ char *text = calloc(1, (size_t)st.st_size + 1);

        assert_non_null(text);
        assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
        assert_int_equal(strstr(text, "\"listen\"") != NULL, may);
        (void)close(fd);
    }
}

static void test_sockets_belong_to_who_may_connect(void **state)
{
    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++) {
        for (const struct hb_role_sock *s = r->socks; s->name != NULL; s++) {
            uid_t uid;
            gid_t gid;

            hb_role_sock_owner(s, &uid, &gid);
            assert_true(s->mode == 0600 || s->mode == 0660 || s->mode == 0666);
            /* Private ones name their one peer; the rest are root's. */
            assert_int_equal(s->peer != NULL, s->mode == 0600);
            if (s->peer == NULL || hb_role_find(s->peer) == NULL)
                assert_int_equal(uid, 0);
            else
                assert_int_not_equal(uid, 0);
            if (s->mode == 0660)
                assert_int_equal(gid, hb_role_group());
            /* Packets between us; streams for the world, and for files. */
            assert_int_equal(s->type == SOCK_STREAM,
                             s->mode == 0666 || hb_streq(s->name, "look"));
        }
    }
}

static void test_one_writer_a_directory(void **state)
{
    const char *writer[HB_DIR_COUNT] = {NULL};

    (void)state;
    for (const struct hb_role *r = hb_roles; r->name != NULL; r++)
        for (const struct hb_role_dir *d = r->dirs; d->dir != HB_DIR_COUNT;
             d++) {
            if (!d->write)
                continue;
            assert_null(writer[d->dir]);
            writer[d->dir] = r->name;
        }
    assert_null(writer[HB_DIR_ETC]);
    assert_null(writer[HB_DIR_BASELINE]);
    assert_null(writer[HB_DIR_DATA]);
    for (const struct hb_dir_rule *d = hb_dir_rules; d->dir != HB_DIR_COUNT;
         d++)
        assert_int_equal(d->mode & 0022, 0); /* never writable for others */
}

static void test_users(void **state)
{
    struct hb_role r = *hb_roles;
    const struct passwd *pw = getpwnam("nobody");
    uid_t uid;
    gid_t gid;

    (void)state;
    r.user = "hb-no-such-user";
    hb_role_ids(&r, &uid, &gid);
    assert_int_equal(uid, r.fallback_uid);
    assert_int_equal(gid, hb_role_group());
    r.user = "root";
    hb_role_ids(&r, &uid, &gid);
    assert_int_equal(uid, 0);
    assert_int_equal(gid, 0);
    if (pw == NULL)
        hb_tap_skip("no user nobody");
    r.user = "nobody";
    hb_role_ids(&r, &uid, &gid);
    assert_int_equal(uid, getpwnam("nobody")->pw_uid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_capabilities_are_those_of_the_design),
        cmocka_unit_test(test_rows_are_unique_and_whole),
        cmocka_unit_test(test_every_filter_builds),
        cmocka_unit_test(test_who_listens_may),
        cmocka_unit_test(test_sockets_belong_to_who_may_connect),
        cmocka_unit_test(test_one_writer_a_directory),
        cmocka_unit_test(test_users),
    };

    return hb_tap_run("daemon/roles", tests);
}

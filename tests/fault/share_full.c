/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_full.c - the locker on a disk that others fill to the last byte.
 *
 * A small tmpfs in a mount namespace of our own (skipped where we are not
 * root).  What was safe stays safe, the message says what to do, an upload
 * goes on when there is room, and revoking works on the full disk, too.
 */
#include <sched.h>
#include <sys/mount.h>

#include "locker.h"

#define SIZE (9 << 20)

static bool mounted;

static int setup(void **state)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return lock_make(state);
    if (lock_make(state) < 0)
        return -1;
    hb_share_close(store);
    store = NULL;
    if (hb_rmtree(AT_FDCWD, lock_dir) < 0 || mkdir(lock_dir, 0700) < 0)
        return -1;
    mounted = mount("tmpfs", lock_dir, "tmpfs", 0, "size=16m,mode=0700") == 0;
    return lock_open_again(&store);
}

static int teardown(void **state)
{
    hb_share_close(store);
    store = NULL;
    if (mounted)
        (void)umount2(lock_dir, MNT_DETACH);
    return lock_remove(state);
}

static void fill(bool full)
{
    char path[256], block[4096];
    int fd;

    (void)snprintf(path, sizeof(path), "%s/ballast", lock_dir);
    if (!full) {
        assert_int_equal(unlink(path), 0);
        return;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    assert_true(fd >= 0);
    memset(block, 'x', sizeof(block));
    while (write(fd, block, sizeof(block)) > 0)
        continue;
    (void)close(fd);
}

static void test_full(void **state)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    char link[HB_SHARE_TOKEN_TEXT], grant[HB_SHARE_TOKEN_TEXT];
    struct hb_share_download *out;
    struct hb_share_verdict v;
    struct hb_share_upload *u;
    int64_t id, id2, to, f, f2, bad;
    struct hb_share_kept k;

    (void)state;
    if (!mounted)
        skip();
    assert_int_equal(hb_share_new(store, &owner, &d, &id), 0);
    assert_int_equal(hb_share_add_recipient(store, id, &owner, "a@b.jp", &to),
                     0);
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "a.bin", "", SIZE, &f), 0);
    assert_int_equal(
        hb_share_upload_new(store, id, &owner, "b.bin", "", SIZE, &f2),
        -ENOSPC); /* there is no room for both */
    assert_int_equal(hb_share_upload_open(store, f, no_grant, &u), 0);
    assert_int_equal(send_to(u, 5 << 20), 0);
    fill(true);
    assert_int_equal(send_to(u, SIZE), -ENOSPC);
    assert_true(hb_share_err(store)->message[0] != '\0');
    hb_share_upload_close(u);
    assert_int_equal(hb_share_new(store, &owner, &d, &id2), -ENOSPC);
    fill(false);
    assert_int_equal(hb_share_upload_open(store, f, no_grant, &u), 0);
    assert_int_equal(hb_share_upload_at(u), 4 << 20);
    assert_int_equal(send_to(u, SIZE), 0);
    assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
    hb_share_upload_close(u);
    assert_int_equal(hb_share_looked(store, f, true, 0), 0);
    assert_int_equal(hb_share_submit(store, id, &owner, &v), 0);
    assert_int_equal(hb_share_link(store, to, &owner, link), 0);
    enter(link, grant);
    assert_int_equal(hb_share_begin_download(store, z(grant), f, "", 0, &out),
                     0);
    assert_int_equal(read_rest(out, 0), 0);
    assert_int_equal(hb_share_download_end(out, -1), 0);
    /* Until there is no room for a page of the log either. */
    fill(true);
    for (unsigned i = 0; i < 2000; i++) {
        struct hb_share_view view;
        int r;

        pass_time(3600);
        r = hb_share_page(store, z(link), "", &view);
        if (r == -ENOSPC)
            break;
        assert_true(r == 0 || r == -EKEYEXPIRED);
        if (i == 1999)
            fail_msg("the disk is not full");
    }
    assert_int_equal(hb_share_revoke(store, id, &owner), 0);
    assert_int_equal(state_of(id), HB_SHARE_REVOKED);
    assert_int_equal(count_files("blobs") + count_files("keys"), 0);
    assert_int_equal(hb_share_keep(store, NULL, NULL, &k), 0);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
    };

    return hb_tap_run("fault/share_full", tests);
}

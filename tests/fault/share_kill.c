/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share_kill.c - kill -9 in the locker leaves the old state or the new one.
 *
 * A child makes shares, uploads, downloads, revokes and rotates keys; it dies
 * by SIGKILL at its n-th boundary (base/fault.h, every one of them), then at
 * seeded random moments (HB_KILL_POINTS, 100).  Afterwards the store is opened
 * and looked through: the trail's chain holds, no key or blob lies there
 * without a row, what is whole is read back, what was coming goes on to its
 * end, what is dead is gone after one round of housekeeping.
 */
#include <signal.h>
#include <sys/wait.h>

#include "locker.h"

#define SIZE  (4500000)
#define NEVER 1000000u

static int64_t said_safe; /* what the child was told to be safe */

/* One life; 0, or where it went wrong. */
static int life(int say)
{
    const struct hb_share_draft d = {.kind = HB_SHARE_OUT};
    char link[HB_SHARE_TOKEN_TEXT], nonce[HB_SHARE_TOKEN_TEXT];
    char grant[HB_SHARE_TOKEN_TEXT];
    struct hb_share_download *out;
    struct hb_share_verdict v;
    struct hb_share_code code;
    struct hb_share_upload *u;
    struct hb_share_kept k;
    int64_t id, to, f, safe, damaged;

    if (hb_share_new(store, &owner, &d, &id) < 0 ||
        hb_share_add_recipient(store, id, &owner, "a@b.jp", &to) < 0 ||
        hb_share_upload_new(store, id, &owner, "a", "", SIZE, &f) < 0 ||
        hb_share_upload_open(store, f, no_grant, &u) < 0 ||
        send_to(u, SIZE - 10) < 0)
        return 1;
    safe = hb_share_upload_safe(u);
    if (write(say, &safe, sizeof(safe)) != (ssize_t)sizeof(safe) ||
        send_to(u, SIZE) < 0 || hb_share_upload_end(u, &owner, NULL) < 0)
        return 2;
    hb_share_upload_close(u);
    if (hb_share_looked(store, f, true, 0) < 0)
        return 7;
    if (hb_share_submit(store, id, &owner, &v) < 0 ||
        hb_share_link(store, to, &owner, link) < 0)
        return 3;
    hb_share_token_new(nonce);
    if (hb_share_code_ask(store, z(link), z(nonce), "", &code) < 0 ||
        hb_share_code_try(store, z(link), z(nonce), z(code.digits), "", grant) <
            0 ||
        hb_share_begin_download(store, z(grant), f, "", 0, &out) < 0 ||
        read_rest(out, 0) < 0 || hb_share_download_end(out, -1) < 0)
        return 4;
    if (hb_share_rotate(store, &damaged) < 0 || damaged != 0)
        return 5;
    if (hb_share_revoke(store, id, &owner) < 0 ||
        hb_share_keep(store, NULL, NULL, &k) < 0)
        return 6;
    return 0;
}

/* A child that dies at boundary N, or after US.  How it ended (waitpid). */
static int child(unsigned n, useconds_t us, unsigned *ret_all)
{
    int way[2], st = -1;
    unsigned left = 0;
    pid_t pid;

    said_safe = 0;
    assert_int_equal(pipe(way), 0);
    pid = fork();
    if (pid == 0) {
        int r = 50;

        hb_fault_set(HB_FAULT_CRASH, n);
        if (lock_open_again(&store) == 0) {
            r = life(way[1]);
            left = n - hb_fault_left(HB_FAULT_CRASH);
            if (write(way[1], &left, sizeof(left)) < 0)
                r = 51;
        }
        _exit(r);
    }
    (void)close(way[1]);
    if (us > 0) {
        (void)usleep(us);
        (void)kill(pid, SIGKILL);
    }
    if (read(way[0], &said_safe, sizeof(said_safe)) < 8)
        said_safe = 0;
    if (read(way[0], &left, sizeof(left)) == sizeof(left) && ret_all != NULL)
        *ret_all = left;
    (void)close(way[0]);
    assert_int_equal(waitpid(pid, &st, 0), pid);
    return st;
}

struct look {
    unsigned dead, alive, kept;
    int64_t share[64];
    size_t n;
};

static int share_fn(void *arg, const struct hb_share *sh)
{
    struct look *l = arg;

    assert_true(l->n < 64);
    l->share[l->n++] = sh->id;
    if (sh->state >= HB_SHARE_REVOKED) {
        l->dead++;
        assert_true(sh->shredded);
    } else {
        l->alive++;
        assert_false(sh->shredded);
    }
    return 0;
}

static int64_t coming[64];
static size_t coming_n;

static int file_fn(void *arg, const struct hb_share_file *f)
{
    unsigned *blobs = arg;
    char path[300];
    struct stat st;
    bool there;

    (void)snprintf(path, sizeof(path), "%s/blobs/%s", lock_dir, f->uid);
    there = stat(path, &st) == 0;
    *blobs += there;
    if (f->state == HB_SHARE_FILE_COMING) {
        assert_true(f->durable == 0 || there);
        assert_true(f->durable >= said_safe);
        coming[coming_n++] = f->id;
    }
    return 0;
}

/* What a crash left, after recovery and one round. */
static void look_through(void)
{
    struct hb_share_kept k;
    struct look l = {0};
    unsigned blobs = 0, keys = 0;
    int64_t bad;

    assert_int_equal(lock_open_again(&store), 0);
    assert_int_equal(hb_share_trail_check(store, &bad), 0);
    assert_int_equal(hb_share_keep(store, NULL, NULL, &k), 0);
    assert_int_equal(hb_share_each(store, NULL, 0, share_fn, &l), 0);
    coming_n = 0;
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(hb_share_each_file(store, l.share[i], file_fn, &blobs),
                         0);
    keys = count_files("keys");
    assert_int_equal(count_files("blobs"), blobs);
    assert_int_equal(keys, l.alive);
    /* What was coming goes on, by a key that a rotation may have changed. */
    for (size_t i = 0; i < coming_n; i++) {
        struct hb_share_upload *u;

        assert_int_equal(hb_share_upload_open(store, coming[i], no_grant, &u),
                         0);
        assert_true(hb_share_upload_at(u) >= said_safe);
        assert_int_equal(send_to(u, SIZE), 0);
        assert_int_equal(hb_share_upload_end(u, &owner, NULL), 0);
        hb_share_upload_close(u);
    }
    for (size_t i = 0; i < l.n; i++)
        assert_int_equal(hb_share_delete(store, l.share[i], &owner), 0);
    assert_int_equal(count_files("blobs") + count_files("keys"), 0);
    hb_share_close(store);
    store = NULL;
}

static void fresh(void)
{
    hb_share_close(store);
    store = NULL;
    assert_int_equal(hb_rmtree(AT_FDCWD, root), 0);
    assert_int_equal(lock_make(NULL), 0);
    hb_share_close(store);
    store = NULL;
}

static void test_boundaries(void **state)
{
    unsigned all = 0, died = 0;

    (void)state;
    fresh();
    assert_int_equal(child(NEVER, 0, &all), 0);
    look_through();
    print_message("# %u boundaries\n", all);
    assert_true(all > 100);
    for (unsigned n = 1; n <= all; n++) {
        int st;

        fresh();
        st = child(n, 0, NULL);
        if (!WIFSIGNALED(st))
            fail_msg("boundary %u: status %x", n, (unsigned)st);
        died++;
        look_through();
    }
    assert_int_equal(died, all);
}

static void test_moments(void **state)
{
    const char *text = getenv("HB_KILL_POINTS");
    uint64_t points = 100, seed = 20261201;
    unsigned killed = 0;

    (void)state;
    if (text != NULL)
        assert_int_equal(hb_parse_u64(hb_slice_z(text), &points), 0);
    for (uint64_t i = 0; i < points; i++) {
        int st;

        fresh();
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        st = child(NEVER, 1000 + (useconds_t)(seed >> 33) % 90000, NULL);
        if (!WIFSIGNALED(st))
            assert_int_equal(st, 0);
        killed += WIFSIGNALED(st);
        look_through();
    }
    print_message("# %u of %llu were killed on their way\n", killed,
                  (unsigned long long)points);
    assert_true(killed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        locker_test(test_boundaries),
        locker_test(test_moments),
    };

    return hb_tap_run("fault/share_kill", tests);
}

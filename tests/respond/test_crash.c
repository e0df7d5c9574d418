/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_crash.c - the helper is killed at every step that changes anything,
 * and started again: never half a file, what was asked is done exactly once
 * or not at all, what was taken out is kept.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "../tap.h"

#include "base/file.h"
#include "base/sock.h"
#include "harness.h"

#define STEPS_MAX 200u

typedef void prepare_fn(struct world *w, struct hb_request *r, int *fd);
typedef void check_fn(struct world *w, const struct hb_request *r, bool done);

/* Kills the helper at step 1, 2, ... until a run gets through. */
static void every_step(prepare_fn *prepare, check_fn *check)
{
    struct world *w = world_new();
    bool through = false;
    unsigned step;

    world_all_reflexes(w);
    for (step = 1; !through; step++) {
        struct hb_request r, query;
        struct hb_reply rep;
        uint8_t buf[HB_REQ_SIZE + HB_ACT_APPROVAL_MAX];
        int fd = -1, got = -1;
        size_t n;

        assert_true(step < STEPS_MAX);
        /* Prepared by an earlier helper where it needs one. */
        world_start(w, 0);
        prepare(w, &r, &fd);
        assert_int_equal(world_stop(w), 0);
        world_start(w, step);
        n = hb_request_encode(&r, buf);
        if (w->core >= 0)
            (void)!hb_sock_send(w->core, buf, n, &fd, fd >= 0 ? 1 : 0);
        through = w->core >= 0 &&
                  hb_action_call(w->core,
                                 &(struct hb_request){.action = HB_ACT_QUERY,
                                                      .seq = 1000000 + step,
                                                      .key = {1}},
                                 -1, &rep, &got, 10000) >= 0;
        /* The query may be answered in the batch before the crash. */
        if (through)
            through = world_stop(w) == 0;
        else
            assert_true(world_died(w));
        w->pid = 0;
        world_start(w, 0);
        query = r;
        query.action = HB_ACT_QUERY;
        query.approval_len = 0;
        query.flags = 0;
        rep = ask(w, &query, -1, false);
        check(w, &r, rep.status == HB_ACT_DONE || rep.status == HB_ACT_ALREADY);
        if (fd >= 0)
            (void)close(fd);
        assert_int_equal(world_stop(w), 0);
    }
    print_message("# %u steps\n", step - 2);
    assert_true(step > 4);
    world_free(w);
}

static bool content_is(struct world *w, const char *path, const char *text)
{
    char *found = get(w, path);
    bool r = found != NULL && strcmp(found, text) == 0;

    free(found);
    return r;
}

/* How often TEXT stands in staging, in any file there. */
static unsigned staged_with(struct world *w, const char *text)
{
    char dir[600];
    struct dirent *d;
    unsigned n = 0;
    DIR *list;

    (void)snprintf(dir, sizeof(dir), "%s/.hinoban-staging-www", w->dir);
    list = opendir(dir);
    assert_non_null(list);
    while ((d = readdir(list)) != NULL) {
        char buf[256] = {0};
        int fd;

        if (strlen(d->d_name) < 32)
            continue;
        fd = openat(dirfd(list), d->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (fd >= 0 && read(fd, buf, sizeof(buf) - 1) > 0)
            n += strcmp(buf, text) == 0;
        if (fd >= 0)
            (void)close(fd);
    }
    (void)closedir(list);
    return n;
}

static unsigned rounds;
static char evil[64];

static void prepare_restore(struct world *w, struct hb_request *r, int *fd)
{
    (void)snprintf(evil, sizeof(evil), "0wned %u", ++rounds);
    put(w, "index.html", evil);
    req_path(w, r, HB_ACT_FILE_RESTORE, "index.html");
}

static void check_restore(struct world *w, const struct hb_request *r,
                          bool done)
{
    if (done) {
        assert_true(content_is(w, "index.html", "<h1>Hinoban</h1>\n"));
        assert_int_equal(staged_with(w, evil), 1);
    } else {
        /* Never intended: the request was not read before the end. */
        assert_true(content_is(w, "index.html", evil));
        assert_int_equal(staged_with(w, evil), 0);
    }
    assert_int_equal(restore(w, "index.html").status,
                     done ? HB_ACT_ALREADY : HB_ACT_DONE);
    assert_true(world_is_clean(w));
    assert_int_equal(staged_with(w, evil), 1);
    assert_int_equal(staged_with(w, "<h1>Hinoban</h1>\n"), 0);
    (void)r;
}

static void test_restore(void **state)
{
    NEEDS_ROOT();
    every_step(prepare_restore, check_restore);
}

/* A blocked way: the parent directory is a link out of the site. */
static void prepare_blocked(struct world *w, struct hb_request *r, int *fd)
{
    char path[600];

    at(w, "a", path);
    assert_int_equal(hb_rmtree(AT_FDCWD, path), 0);
    assert_int_equal(symlink(w->outside, path), 0);
    req_path(w, r, HB_ACT_FILE_RESTORE, "a/b/c/deep.html");
}

static void check_blocked(struct world *w, const struct hb_request *r,
                          bool done)
{
    if (done)
        assert_true(content_is(w, "a/b/c/deep.html", "deep\n"));
    assert_int_equal(restore(w, "a/b/c/deep.html").status,
                     done ? HB_ACT_ALREADY : HB_ACT_DONE);
    assert_int_equal(restore(w, "a/b/other.html").status, HB_ACT_DONE);
    assert_true(world_is_clean(w));
    (void)r;
}

static void test_blocked(void **state)
{
    NEEDS_ROOT();
    every_step(prepare_blocked, check_blocked);
}

static void prepare_remove(struct world *w, struct hb_request *r, int *fd)
{
    char path[600];

    (void)snprintf(evil, sizeof(evil), "<?php %u", ++rounds);
    put(w, "shell.php", evil);
    at(w, "shell.php", path);
    *fd = open(path, O_PATH | O_CLOEXEC);
    req_init(w, r, HB_ACT_FILE_REMOVE);
    r->baseline = w->number;
}

static void check_remove(struct world *w, const struct hb_request *r, bool done)
{
    if (done) {
        assert_true(world_is_clean(w));
    } else {
        assert_true(content_is(w, "shell.php", evil));
        assert_int_equal(staged_with(w, evil), 0);
        assert_int_equal(remove_path(w, "shell.php").status, HB_ACT_DONE);
    }
    assert_int_equal(staged_with(w, evil), 1);
    (void)r;
}

static void test_remove(void **state)
{
    NEEDS_ROOT();
    every_step(prepare_remove, check_remove);
}

static void prepare_drop(struct world *w, struct hb_request *r, int *fd)
{
    struct hb_request first;

    (void)snprintf(evil, sizeof(evil), "0wned %u", ++rounds);
    put(w, "index.html", evil);
    req_path(w, &first, HB_ACT_FILE_RESTORE, "index.html");
    assert_int_equal(ask(w, &first, -1, false).status, HB_ACT_DONE);
    req_init(w, r, HB_ACT_STAGED_DROP);
    r->site = 0;
    memcpy(r->key2, first.key, sizeof(first.key));
}

static void check_drop(struct world *w, const struct hb_request *r, bool done)
{
    struct hb_request again = *r;

    assert_int_equal(staged_with(w, evil), done ? 0 : 1);
    again.seq++;
    assert_true(ask(w, &again, -1, false).status <= HB_ACT_ALREADY);
    assert_int_equal(staged_with(w, evil), 0);
}

static void test_drop(void **state)
{
    NEEDS_ROOT();
    every_step(prepare_drop, check_drop);
}

/* What cannot be done twice is left to a person. */
static void prepare_undo(struct world *w, struct hb_request *r, int *fd)
{
    struct hb_request first;

    (void)snprintf(evil, sizeof(evil), "mine %u", ++rounds);
    put(w, "index.html", evil);
    req_path(w, &first, HB_ACT_FILE_RESTORE, "index.html");
    assert_int_equal(ask(w, &first, -1, false).status, HB_ACT_DONE);
    req_init(w, r, HB_ACT_UNDO);
    memcpy(r->key2, first.key, sizeof(first.key));
    req_approve(w, r, "");
}

static void check_undo(struct world *w, const struct hb_request *r, bool done)
{
    struct hb_request again = *r;
    struct hb_reply rep;

    if (done)
        assert_true(content_is(w, "index.html", evil));
    /* Whole in any case: the one or the other. */
    assert_true(content_is(w, "index.html", evil) ||
                content_is(w, "index.html", "<h1>Hinoban</h1>\n"));
    again.seq++;
    rep = ask(w, &again, -1, false);
    assert_true(rep.status == HB_ACT_DONE || rep.status == HB_ACT_ALREADY ||
                (rep.status == HB_ACT_NOT_DONE && rep.error == -EINPROGRESS));
    assert_true(restore(w, "index.html").status <= HB_ACT_ALREADY);
    assert_true(world_is_clean(w));
}

static void test_undo(void **state)
{
    NEEDS_ROOT();
    every_step(prepare_undo, check_undo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_restore), cmocka_unit_test(test_blocked),
        cmocka_unit_test(test_remove), cmocka_unit_test(test_drop),
        cmocka_unit_test(test_undo)};

    return hb_tap_run("respond/crash", tests);
}

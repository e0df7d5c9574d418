/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_follow.c - a log that grows, is renamed, is cut, and holds lines that
 * are too long: each whole line once.
 */
#include "guard/gate/follow.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"

#include "../../tap.h"

struct rig {
    char dir[40], path[64], older[64];
    struct hb_follow *f;
    struct hb_buf got;
};

static void on_line(void *arg, struct hb_slice line)
{
    struct rig *r = arg;

    hb_buf_add(&r->got, line.p, line.n);
    hb_buf_addc(&r->got, ';');
}

static void append(struct rig *r, const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(hb_write_all(fd, text, strlen(text)), 0);
    assert_int_equal(close(fd), 0);
}

static void rig_open(struct rig *r, const char *before)
{
    memset(r, 0, sizeof(*r));
    hb_buf_init(&r->got, 0);
    (void)snprintf(r->dir, sizeof(r->dir), "/tmp/hb-follow-XXXXXX");
    assert_non_null(mkdtemp(r->dir));
    (void)snprintf(r->path, sizeof(r->path), "%s/log", r->dir);
    (void)snprintf(r->older, sizeof(r->older), "%s/log.1", r->dir);
    if (before != NULL)
        append(r, r->path, before);
    r->f = hb_follow_new(r->path, 8);
    assert_non_null(r->f);
}

static void rig_done(struct rig *r)
{
    hb_follow_free(r->f);
    hb_buf_done(&r->got);
    assert_int_equal(hb_rmtree(AT_FDCWD, r->dir), 0);
}

static const char *more(struct rig *r)
{
    hb_buf_reset(&r->got);
    while (hb_follow_read(r->f, 3, on_line, r) > 0)
        ;
    return hb_buf_z(&r->got);
}

static void test_grows(void **state)
{
    struct rig r;

    rig_open(&r, "old\nhalf");
    assert_string_equal(more(&r), "");
    append(&r, r.path, "1\na\n\nbc");
    assert_string_equal(more(&r), "1;a;"); /* of the half line its end */
    append(&r, r.path, "d\n");
    assert_string_equal(more(&r), "bcd;");
    append(&r, r.path, "12345678\n123456789\nx\n");
    assert_string_equal(more(&r), "12345678;x;");
    assert_int_equal(hb_follow_lost(r.f), 1);
    assert_int_equal(hb_follow_lost(r.f), 0);
    rig_done(&r);
}

static void test_renamed(void **state)
{
    struct rig r;

    rig_open(&r, "");
    append(&r, r.path, "a\n");
    assert_string_equal(more(&r), "a;");
    assert_int_equal(rename(r.path, r.older), 0);
    append(&r, r.older, "b\n");
    assert_string_equal(more(&r), "b;"); /* no new file yet */
    append(&r, r.older, "c\nhalf");
    append(&r, r.path, "d\n");
    assert_string_equal(more(&r), "c;d;");
    assert_int_equal(hb_follow_lost(r.f), 1);
    rig_done(&r);
}

static void test_cut(void **state)
{
    struct rig r;

    rig_open(&r, "");
    append(&r, r.path, "abc\ndef\nhalf");
    assert_string_equal(more(&r), "abc;def;");
    assert_int_equal(truncate(r.path, 0), 0);
    append(&r, r.path, "g\n");
    assert_string_equal(more(&r), "g;");
    assert_int_equal(hb_follow_lost(r.f), 1);
    rig_done(&r);
}

static void test_none(void **state)
{
    struct rig r;

    rig_open(&r, NULL);
    assert_int_equal(hb_follow_read(r.f, 10, on_line, &r), -ENOENT);
    append(&r, r.path, "a\n");
    assert_string_equal(more(&r), "a;"); /* it came later: from its beginning */
    rig_done(&r);
    rig_open(&r, NULL);
    assert_int_equal(mkdir(r.path, 0700), 0);
    assert_int_equal(hb_follow_read(r.f, 10, on_line, &r), -EINVAL);
    rig_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_none),
    };

    return hb_tap_run("guard/gate/follow", tests);
}

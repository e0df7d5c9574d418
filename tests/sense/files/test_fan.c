/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_fan.c - the reader of fanotify records: well-formed ones, and every
 * way to cut them.
 */
#include <fcntl.h>
#include <stdio.h>

#include "../../tap.h"
#include "base/buf.h"
#include "sense/files/fan.h"

static void fid(struct hb_buf *b, uint8_t type, uint64_t ino, const char *name)
{
    size_t n = name != NULL ? (strlen(name) + 4) / 4 * 4 : 0;
    const char pad[4] = "";

    hb_buf_add_u8(b, type);
    hb_buf_add_u8(b, 0);
    hb_buf_add_u16(b, (uint16_t)(4 + 8 + 8 + 8 + n));
    hb_buf_add_u64(b, 77); /* fsid */
    hb_buf_add_u32(b, 8);  /* handle_bytes */
    hb_buf_add_u32(b, 1);  /* handle_type */
    hb_buf_add_u64(b, ino);
    if (name != NULL) {
        hb_buf_add(b, name, strlen(name));
        hb_buf_add(b, pad, n - strlen(name));
    }
}

static size_t event(struct hb_buf *b, uint64_t mask, const char *name,
                    int pidfd)
{
    struct hb_buf info = HB_BUF_INIT;
    size_t at = b->n;

    fid(&info, FAN_EVENT_INFO_TYPE_DFID_NAME, 5, name);
    fid(&info, FAN_EVENT_INFO_TYPE_FID, 6, NULL);
    hb_buf_add_u8(&info, FAN_EVENT_INFO_TYPE_PIDFD);
    hb_buf_add_u8(&info, 0);
    hb_buf_add_u16(&info, 8);
    hb_buf_add_u32(&info, (uint32_t)pidfd);
    hb_buf_add_u32(b,
                   (uint32_t)(sizeof(struct fanotify_event_metadata) + info.n));
    hb_buf_add_u8(b, FANOTIFY_METADATA_VERSION);
    hb_buf_add_u8(b, 0);
    hb_buf_add_u16(b, sizeof(struct fanotify_event_metadata));
    hb_buf_add_u64(b, mask);
    hb_buf_add_u32(b, (uint32_t)FAN_NOFD);
    hb_buf_add_u32(b, 1234);
    hb_buf_add(b, info.p, info.n);
    hb_buf_done(&info);
    return b->n - at;
}

static void test_good(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    struct hb_fan_event e;
    size_t at = 0;
    uint64_t ino;

    (void)event(&b, FAN_CREATE, "evil.php", FAN_NOPIDFD);
    (void)event(&b, FAN_ATTRIB | FAN_ONDIR, ".", FAN_EPIDFD);
    assert_int_equal(hb_fan_next((uint8_t *)b.p, b.n, &at, &e), 1);
    assert_int_equal(e.mask, FAN_CREATE);
    assert_int_equal(e.pid, 1234);
    assert_int_equal(e.pidfd, -1);
    assert_string_equal(e.name, "evil.php");
    assert_int_equal(e.dir.fsid, 77);
    assert_int_equal(e.dir.n, 8);
    memcpy(&ino, e.dir.bytes, 8);
    assert_int_equal(ino, 5);
    memcpy(&ino, e.object.bytes, 8);
    assert_int_equal(ino, 6);
    assert_false(e.overflow);
    assert_int_equal(hb_fan_next((uint8_t *)b.p, b.n, &at, &e), 1);
    assert_int_equal(e.name_n, 0);
    assert_int_equal(hb_fan_next((uint8_t *)b.p, b.n, &at, &e), 0);
    hb_buf_done(&b);
}

/* Cut anywhere, with the length of the record adapted or not: an error or
 * a shorter event, never a byte beyond (the sanitizer watches). */
static void test_cut(void **state)
{
    struct hb_buf b = HB_BUF_INIT;
    size_t n = event(&b, FAN_MODIFY, "a-name-of-some-length", -1);

    for (size_t cut = 1; cut < n; cut++) {
        uint8_t *p = malloc(cut);
        struct hb_fan_event e;
        size_t at = 0;
        uint32_t len = (uint32_t)cut;

        memcpy(p, b.p, cut);
        assert_int_equal(hb_fan_next(p, cut, &at, &e), -EBADMSG);
        if (cut >= sizeof(struct fanotify_event_metadata)) {
            int r;

            memcpy(p, &len, sizeof(len));
            at = 0;
            r = hb_fan_next(p, cut, &at, &e);
            assert_true(r == 1 || r == -EBADMSG);
        }
        free(p);
    }
    hb_buf_done(&b);
}

static void test_garbage(void **state)
{
    uint32_t seed = 42;

    for (int round = 0; round < 20000; round++) {
        struct hb_buf b = HB_BUF_INIT;
        struct hb_fan_event e;
        size_t at = 0;
        int r;

        (void)event(&b, FAN_MODIFY, "x", -1);
        (void)event(&b, FAN_DELETE, "yy", -1);
        for (int k = 0; k < 4; k++) {
            seed = seed * 1664525u + 1013904223u;
            b.p[(seed >> 8) % b.n] = (char)seed;
        }
        do
            r = hb_fan_next((uint8_t *)b.p, b.n, &at, &e);
        while (r > 0);
        assert_true(r == 0 || r == -EBADMSG);
        hb_buf_done(&b);
    }
}

static void test_handles(void **state)
{
    struct hb_fan_handle a, b;
    int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    if (hb_fan_handle_at(fd, "", &a) < 0) {
        (void)close(fd);
        skip(); /* a file system without handles */
    }
    assert_int_equal(hb_fan_handle_at(fd, "", &b), 0);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.bytes, b.bytes, a.n);
    assert_int_equal(hb_fan_handle_at(fd, "no-such-name", &b), -ENOENT);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_handles),
    };

    return hb_tap_run("sense_files/fan", tests);
}

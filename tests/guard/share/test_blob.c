/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: what was written is read from anywhere, and nothing else. */
#include <fcntl.h>
#include <sodium.h>
#include <sys/mman.h>

#include "../../tap.h"
#include "base/fault.h"
#include "base/file.h"
#include "guard/share/blob.h"

#define UID_A "01890000-0000-7000-8000-000000000001"
#define UID_B "01890000-0000-7000-8000-000000000002"

static const uint8_t key_a[HB_BLOB_KEY] = {1}, key_b[HB_BLOB_KEY] = {2};

static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7 + (i >> 16));
}

static int make(uint64_t size, const char *uid, const uint8_t *key)
{
    static uint8_t part[50000];
    int fd = memfd_create("blob", MFD_CLOEXEC);
    struct hb_blob *b;
    uint64_t at = 0;

    assert_true(fd >= 0);
    assert_int_equal(hb_blob_new(fd, key, uid, size, &b), 0);
    assert_int_equal(hb_blob_begin(b), 0);
    assert_int_equal(hb_blob_write_from(b, 0), 0);
    do {
        size_t n = (size_t)HB_MIN(size - at, sizeof(part));

        for (size_t i = 0; i < n; i++)
            part[i] = byte_at(at + i);
        assert_int_equal(hb_blob_write(b, part, n), 0);
        at += n;
        assert_int_equal(hb_blob_at(b), at);
    } while (at < size);
    assert_int_equal(hb_blob_border(b), size);
    assert_int_equal(hb_blob_write(b, "x", 1), -EFBIG);
    hb_blob_free(b);
    assert_int_equal(lseek(fd, 0, SEEK_END), hb_blob_disk(size));
    return fd;
}

/* 0 when all from AT on is as written; never a wrong byte. */
static int check(int fd, const char *uid, const uint8_t *key, uint64_t size,
                 uint64_t at)
{
    static uint8_t part[30011];
    struct hb_blob *b;
    ssize_t n = 0;
    int r;

    assert_int_equal(hb_blob_new(fd, key, uid, size, &b), 0);
    r = hb_blob_read_from(b, at, true);
    while (r == 0 && (n = hb_blob_read(b, part, sizeof(part))) > 0)
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(part[i], byte_at(at++));
    if (r == 0 && n < 0)
        r = (int)n;
    if (r == 0)
        assert_int_equal(at, size);
    hb_blob_free(b);
    return r;
}

static void test_sizes(void **state)
{
    static const uint64_t sizes[] = {
        0,
        1,
        HB_BLOB_CHUNK - 1,
        HB_BLOB_CHUNK,
        HB_BLOB_CHUNK + 1,
        HB_BLOB_SEGMENT - 1,
        HB_BLOB_SEGMENT,
        HB_BLOB_SEGMENT + 1,
        3 * HB_BLOB_SEGMENT + 12345,
    };

    (void)state;
    for (size_t i = 0; i < HB_ARRAY_LEN(sizes); i++) {
        uint64_t size = sizes[i];
        int fd = make(size, UID_A, key_a);

        for (uint64_t at = 0; at <= size; at += 40961)
            assert_int_equal(check(fd, UID_A, key_a, size, at), 0);
        assert_int_equal(check(fd, UID_A, key_a, size, size), 0);
        assert_int_equal(check(fd, UID_A, key_b, size, 0), -EBADMSG);
        assert_int_equal(check(fd, UID_B, key_a, size, 0), -EBADMSG);
        assert_int_equal(check(fd, UID_A, key_a, size + 1, 0), -EBADMSG);
        (void)close(fd);
    }
}

/* Every byte of heads and MACs, and many of the rest, turned over. */
static void test_bits(void **state)
{
    const uint64_t size = HB_BLOB_SEGMENT + 3 * HB_BLOB_CHUNK + 100;
    const uint64_t disk = hb_blob_disk(size);
    int fd = make(size, UID_A, key_a);
    unsigned tried = 0;

    (void)state;
    for (uint64_t at = 0; at < disk; at += at < 80 ? 1 : 4001, tried++) {
        uint8_t c, bad;

        assert_int_equal(pread(fd, &c, 1, (off_t)at), 1);
        bad = c ^ (uint8_t)(1u << at % 8);
        assert_int_equal(pwrite(fd, &bad, 1, (off_t)at), 1);
        assert_int_equal(check(fd, UID_A, key_a, size, 0), -EBADMSG);
        assert_int_equal(pwrite(fd, &c, 1, (off_t)at), 1);
    }
    assert_int_equal(check(fd, UID_A, key_a, size, 0), 0);
    assert_true(tried > 150);
    (void)close(fd);
}

static void swap(int fd, int fd2, uint64_t at, uint64_t at2, size_t n)
{
    uint8_t *a = malloc(2 * n);

    assert_non_null(a);
    assert_int_equal(pread(fd, a, n, (off_t)at), n);
    assert_int_equal(pread(fd2, a + n, n, (off_t)at2), n);
    assert_int_equal(pwrite(fd, a + n, n, (off_t)at), n);
    assert_int_equal(pwrite(fd2, a, n, (off_t)at2), n);
    free(a);
}

/* Cut at borders, turned round, exchanged between files and shares. */
static void test_moves(void **state)
{
    const uint64_t size = 4 * HB_BLOB_SEGMENT;
    const size_t sealed = HB_BLOB_CHUNK + 17;
    const size_t segment = (size_t)(hb_blob_offset(1) - hb_blob_offset(0));
    int a = make(size, UID_A, key_a), b = make(size, UID_B, key_a);
    int c = make(size, UID_A, key_b), d = make(size, UID_A, key_a);
    struct hb_blob *blob;

    (void)state;
    swap(a, a, hb_blob_offset(1), hb_blob_offset(2), segment);
    assert_int_equal(check(a, UID_A, key_a, size, 0), -EBADMSG);
    swap(a, a, hb_blob_offset(1), hb_blob_offset(2), segment);
    assert_int_equal(check(a, UID_A, key_a, size, 0), 0);
    swap(a, a, hb_blob_offset(1) + 24, hb_blob_offset(1) + 24 + sealed, sealed);
    assert_int_equal(check(a, UID_A, key_a, size, 0), -EBADMSG);
    swap(a, a, hb_blob_offset(1) + 24, hb_blob_offset(1) + 24 + sealed, sealed);
    /* The same segment of another file, another share. */
    swap(a, b, hb_blob_offset(1), hb_blob_offset(1), segment);
    assert_int_equal(check(a, UID_A, key_a, size, 0), -EBADMSG);
    assert_int_equal(check(b, UID_B, key_a, size, 0), -EBADMSG);
    swap(a, b, hb_blob_offset(1), hb_blob_offset(1), segment);
    swap(a, c, hb_blob_offset(1), hb_blob_offset(1), segment);
    assert_int_equal(check(a, UID_A, key_a, size, 0), -EBADMSG);
    swap(a, c, hb_blob_offset(1), hb_blob_offset(1), segment);
    /* A chunk of another writing of the same segment of the same file. */
    swap(a, d, hb_blob_offset(1) + 24, hb_blob_offset(1) + 24, sealed);
    assert_int_equal(check(a, UID_A, key_a, size, 0), -EBADMSG);
    swap(a, d, hb_blob_offset(1) + 24, hb_blob_offset(1) + 24, sealed);
    /* A whole segment of another writing of the same place is the same
     * contents under the same key: only who has the key can make one. */
    swap(a, d, hb_blob_offset(1), hb_blob_offset(1), segment);
    assert_int_equal(check(a, UID_A, key_a, size, 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        int e = make(size, UID_A, key_a);

        assert_int_equal(ftruncate(e, (off_t)hb_blob_offset(i)), 0);
        assert_int_equal(check(e, UID_A, key_a, size, 0), -EBADMSG);
        /* And while it still comes: up to the cut, no further. */
        assert_int_equal(hb_blob_new(e, key_a, UID_A, size, &blob), 0);
        if (i > 0) {
            uint64_t left = (uint64_t)i * HB_BLOB_SEGMENT;
            uint8_t part[4096];

            assert_int_equal(hb_blob_read_from(blob, 0, false), 0);
            for (ssize_t n; left > 0; left -= (uint64_t)n) {
                n = hb_blob_read(blob, part, sizeof(part));
                assert_true(n > 0);
            }
            assert_int_equal(hb_blob_read(blob, part, 1), -EBADMSG);
        } else {
            assert_int_equal(hb_blob_read_from(blob, 0, false), -EBADMSG);
        }
        hb_blob_free(blob);
        (void)close(e);
    }
    (void)close(a);
    (void)close(b);
    (void)close(c);
    (void)close(d);
}

static void test_faults(void **state)
{
    int fd = memfd_create("blob", MFD_CLOEXEC);
    static uint8_t part[HB_BLOB_SEGMENT];
    struct hb_blob *b;
    unsigned failed = 0;

    (void)state;
    assert_int_equal(hb_blob_new(fd, key_a, "short", 1, &b), -EINVAL);
    assert_int_equal(hb_blob_new(fd, key_a, UID_A, UINT64_MAX, &b), -EINVAL);
    hb_fault_set(HB_FAULT_ALLOC, 1);
    assert_int_equal(hb_blob_new(fd, key_a, UID_A, 1, &b), -ENOMEM);
    for (uint64_t i = 0; i < sizeof(part); i++)
        part[i] = byte_at(i);
    for (unsigned n = 1;; n++) {
        int r;

        assert_int_equal(hb_blob_new(fd, key_a, UID_A, sizeof(part), &b), 0);
        hb_fault_set(HB_FAULT_WRITE, n);
        r = hb_blob_begin(b);
        if (r == 0)
            r = hb_blob_write_from(b, 0);
        if (r == 0)
            r = hb_blob_write(b, part, sizeof(part));
        if (hb_fault_pending(HB_FAULT_WRITE)) {
            hb_fault_set(HB_FAULT_WRITE, 0);
            assert_int_equal(r, 0);
            hb_blob_free(b);
            break;
        }
        assert_int_equal(r, -ENOSPC);
        failed++;
        hb_blob_free(b);
    }
    assert_int_equal(failed, 6); /* head, stream's head, four chunks */
    assert_int_equal(check(fd, UID_A, key_a, sizeof(part), 0), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_faults),
    };

    return sodium_init() < 0 ? 1 : hb_tap_run("guard_share/blob", tests);
}

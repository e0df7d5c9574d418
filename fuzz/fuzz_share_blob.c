/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_share_blob.c - a blob that somebody changed on the disk.
 *
 * The input says what is done to a good blob: places and bytes to write, cuts
 * and moves; or it is taken for a blob itself.  Not one byte may come out that
 * was not written at that place.
 */
#include <sodium.h>
#include <sys/mman.h>

#include "base/cur.h"
#include "base/file.h"
#include "guard/share/blob.h"

#define UID  "01890000-0000-7000-8000-000000000001"
#define SIZE (HB_BLOB_SEGMENT + HB_BLOB_CHUNK + 77u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[HB_BLOB_KEY] = {7};

static uint8_t byte_at(uint64_t i)
{
    return (uint8_t)(i * 31 + (i >> 8) * 7);
}

/* The bytes of one good blob, made once. */
static const uint8_t *good(void)
{
    static uint8_t *disk;
    static uint8_t plain[SIZE];
    struct hb_blob *b;
    int fd;

    if (disk != NULL)
        return disk;
    for (size_t i = 0; i < SIZE; i++)
        plain[i] = byte_at(i);
    fd = memfd_create("good", MFD_CLOEXEC);
    HB_ASSERT(fd >= 0 && sodium_init() >= 0);
    HB_ASSERT(hb_blob_new(fd, key, UID, SIZE, &b) == 0);
    HB_ASSERT(hb_blob_begin(b) == 0 && hb_blob_write_from(b, 0) == 0);
    HB_ASSERT(hb_blob_write(b, plain, SIZE) == 0);
    hb_blob_free(b);
    disk = malloc(hb_blob_disk(SIZE));
    HB_ASSERT(disk != NULL);
    HB_ASSERT(hb_pread_full(fd, disk, hb_blob_disk(SIZE), 0) ==
              (ssize_t)hb_blob_disk(SIZE));
    (void)close(fd);
    return disk;
}

static void read_all(int fd, uint64_t size, uint64_t at, bool strange)
{
    static uint8_t part[20011];
    struct hb_blob *b;
    ssize_t n;

    if (hb_blob_new(fd, key, UID, size, &b) < 0)
        return;
    if (hb_blob_read_from(b, at, size % 2 == 0) == 0) {
        HB_ASSERT(!strange);
        while ((n = hb_blob_read(b, part, sizeof(part))) > 0)
            for (ssize_t i = 0; i < n; i++, at++)
                HB_ASSERT(part[i] == byte_at(at));
    }
    hb_blob_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint64_t disk = hb_blob_disk(SIZE);
    const uint8_t *from = good();
    uint64_t end = disk, at;
    struct hb_cur c;
    uint8_t *copy;
    int fd;

    hb_cur_init(&c, data, size);
    at = hb_cur_u32(&c) % (SIZE + 1);
    copy = malloc(disk);
    fd = memfd_create("bad", MFD_CLOEXEC);
    HB_ASSERT(copy != NULL && fd >= 0);
    memcpy(copy, from, disk);
    while (hb_cur_left(&c) > 0 && c.err == 0) {
        uint8_t what = hb_cur_u8(&c);
        uint64_t a = hb_cur_u32(&c) % disk, b = hb_cur_u32(&c) % disk;
        uint64_t n = hb_cur_u32(&c);

        n = HB_MIN(n, disk - HB_MAX(a, b));
        if (what % 3 == 0)
            copy[a] ^= (uint8_t)b;
        else if (what % 3 == 1)
            memmove(copy + a, copy + b, n);
        else
            end = a;
    }
    HB_ASSERT(hb_pwrite_all(fd, copy, end, 0) == 0);
    read_all(fd, SIZE, at, false);
    /* The input as a blob: nobody without the key makes one. */
    HB_ASSERT(ftruncate(fd, 0) == 0);
    HB_ASSERT(hb_pwrite_all(fd, data, size, 0) == 0);
    read_all(fd, size > 60 ? size - 60 : 0, 0, true);
    free(copy);
    (void)close(fd);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sha256.c - the hash against FIPS 180-4's examples, in parts, in
 * threads, and over files that an attacker might leave.
 */
#include "crypto/crypto.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/num.h"
#include "tap.h"

static const struct {
    const char *text, *hex;
} vectors[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
     "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};
#define MILLION                                                                \
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void is_hex(const uint8_t d[HB_SHA256_SIZE], const char *hex)
{
    char got[65];

    hb_hex(d, HB_SHA256_SIZE, got);
    assert_string_equal(got, hex);
}

static void test_vectors(void **state)
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t d[HB_SHA256_SIZE];

    assert_non_null(h);
    for (size_t i = 0; i < HB_ARRAY_LEN(vectors); i++) {
        size_t n = strlen(vectors[i].text);

        hb_sha256(vectors[i].text, n, d);
        is_hex(d, vectors[i].hex);
        /* Byte by byte, with the same object again and again. */
        for (size_t k = 0; k < n; k++)
            hb_sha256_add(h, vectors[i].text + k, 1);
        hb_sha256_end(h, d);
        is_hex(d, vectors[i].hex);
    }
    hb_sha256_free(h);
}

static void test_million(void **state)
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t d[HB_SHA256_SIZE];
    char part[1000];

    assert_non_null(h);
    memset(part, 'a', sizeof(part));
    hb_sha256_add(h, "given up", 8);
    hb_sha256_reset(h);
    for (int i = 0; i < 1000; i++)
        hb_sha256_add(h, part, sizeof(part));
    hb_sha256_end(h, d);
    is_hex(d, MILLION);
    hb_sha256_free(h);
}

static void *hash_much(void *arg)
{
    static const char text[] = "abc";
    uint8_t d[HB_SHA256_SIZE];
    char hex[65];

    for (int i = 0; i < 2000; i++) {
        hb_sha256(text, 3, d);
        hb_hex(d, sizeof(d), hex);
        if (!hb_streq(hex, vectors[1].hex))
            return arg;
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t t[4];
    void *bad;

    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hash_much, t), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(t[i], &bad), 0);
        assert_null(bad);
    }
}

static int memory_file(size_t n, char fill)
{
    int fd = memfd_create("sha256", MFD_CLOEXEC);
    char part[4096];

    assert_true(fd >= 0);
    memset(part, fill, sizeof(part));
    for (size_t at = 0; at < n; at += sizeof(part))
        assert_int_equal(hb_write_all(fd, part, HB_MIN(n - at, sizeof(part))),
                         0);
    return fd;
}

static void test_file(void **state)
{
    static const size_t sizes[] = {0,      1,      4096,   262143,
                                   262144, 262145, 524288, 1000000};
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t d[HB_SHA256_SIZE], want[HB_SHA256_SIZE];
    char *all = malloc(1000000);

    assert_non_null(h);
    assert_non_null(all);
    memset(all, 'a', 1000000);
    for (size_t i = 0; i < HB_ARRAY_LEN(sizes); i++) {
        uint64_t size = 99;
        int fd = memory_file(sizes[i], 'a');

        /* The file's own offset (at its end now) plays no part. */
        assert_int_equal(hb_sha256_fd(h, fd, sizes[i], d, &size), 0);
        assert_int_equal(size, sizes[i]);
        hb_sha256(all, sizes[i], want);
        assert_memory_equal(d, want, sizeof(d));
        if (sizes[i] > 0)
            assert_int_equal(hb_sha256_fd(h, fd, sizes[i] - 1, d, NULL),
                             -EFBIG);
        close(fd);
    }
    free(all);
    hb_sha256_free(h);
}

static void test_sparse(void **state)
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t d[HB_SHA256_SIZE];
    int fd = memory_file(0, 0);

    /* 1 TiB that takes no space: refused before a byte is read. */
    assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
    assert_int_equal(hb_sha256_fd(h, fd, 1u << 30, d, NULL), -EFBIG);
    close(fd);
    hb_sha256_free(h);
}

static void test_not_regular(void **state)
{
    struct hb_sha256 *h = hb_sha256_new();
    uint8_t d[HB_SHA256_SIZE];
    int p[2], dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(pipe(p), 0);
    assert_int_equal(hb_sha256_fd(h, p[0], 10, d, NULL), -EINVAL);
    assert_int_equal(hb_sha256_fd(h, dir, 10, d, NULL), -EINVAL);
    assert_int_equal(hb_sha256_fd(h, -1, 10, d, NULL), -EBADF);
    close(p[0]);
    close(p[1]);
    close(dir);
    hb_sha256_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_million),
        cmocka_unit_test(test_threads), cmocka_unit_test(test_file),
        cmocka_unit_test(test_sparse),  cmocka_unit_test(test_not_regular),
    };
    return hb_tap_run("crypto/sha256", tests);
}

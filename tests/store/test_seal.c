/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seal.c - the encrypted stream and the row of files in it: what goes in
 * comes out, and every byte that was changed, moved or cut off is noticed.
 */
#include "tap.h"

#include "scratch.h"
#include "store/archive.h"
#include "store/seal.h"

static const uint8_t key[HB_SEAL_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 256);
}

static int create(const char *name)
{
    int fd =
        open(in_scratch(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    return fd;
}

/* A sealed file of N bytes, written in pieces of STEP. */
static int sealed(size_t n, size_t step)
{
    int fd = create("sealed");
    struct hb_sealer *s = NULL;
    uint8_t *p = malloc(n + 1);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = byte_at(i);
    assert_int_equal(hb_sealer_new(fd, key, &s), 0);
    for (size_t i = 0; i < n; i += step)
        assert_int_equal(hb_sealer_write(s, p + i, HB_MIN(step, n - i)), 0);
    assert_int_equal(hb_sealer_end(s), 0);
    assert_int_equal(hb_sealer_end(s), -EINVAL);
    assert_int_equal(hb_sealer_write(s, p, 0), -EINVAL);
    hb_sealer_free(s);
    free(p);
    return fd;
}

/* Whether all N bytes come back; -errno of the first that fails. */
static int opens(int fd, size_t n)
{
    struct hb_unsealer *u = NULL;
    uint8_t buf[1000];
    size_t at = 0;
    int r;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    r = hb_unsealer_new(fd, key, &u);
    while (r == 0 && at < n) {
        size_t take = HB_MIN(sizeof(buf), n - at);

        r = hb_unsealer_read(u, buf, take);
        for (size_t i = 0; r == 0 && i < take; i++)
            assert_int_equal(buf[i], byte_at(at + i));
        at += take;
    }
    if (r == 0)
        r = hb_unsealer_end(u);
    hb_unsealer_free(u);
    return r;
}

static void test_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 200000};

    for (size_t i = 0; i < HB_ARRAY_LEN(sizes); i++)
        for (size_t step = 1000; step < 300000; step *= 77) {
            int fd = sealed(sizes[i], step);

            assert_int_equal(opens(fd, sizes[i]), 0);
            /* One byte too many or too few was asked for. */
            assert_int_equal(opens(fd, sizes[i] + 1), -EBADMSG);
            if (sizes[i] > 0)
                assert_int_equal(opens(fd, sizes[i] - 1), -EBADMSG);
            (void)close(fd);
        }
}

static void test_nothing_shows(void **state)
{
    int fd = sealed(0, 1), other;
    struct hb_sealer *s = NULL;
    char a[200] = {0}, b[200] = {0};
    ssize_t n;

    (void)close(fd);
    fd = create("a");
    other = create("b");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hb_sealer_new(i == 0 ? fd : other, key, &s), 0);
        assert_int_equal(hb_sealer_write(s, "the same words", 14), 0);
        assert_int_equal(hb_sealer_end(s), 0);
        hb_sealer_free(s);
    }
    n = pread(fd, a, sizeof(a), 0);
    assert_true(n == pread(other, b, sizeof(b), 0) && n > 14);
    assert_null(memmem(a, (size_t)n, "words", 5));
    assert_memory_not_equal(a, b, (size_t)n); /* each has a key of its own */
    (void)close(fd);
    (void)close(other);
}

static void test_every_bit_counts(void **state)
{
    int fd = sealed(300, 300);
    off_t size = lseek(fd, 0, SEEK_END);

    for (off_t i = 0; i < size; i++) {
        spoil(in_scratch("sealed"), i, 1);
        assert_true(opens(fd, 300) < 0);
        spoil(in_scratch("sealed"), i, 1);
    }
    assert_int_equal(opens(fd, 300), 0);
    (void)close(fd);
}

static void test_cut_off_and_grown(void **state)
{
    int fd = sealed(300, 300);
    off_t size = lseek(fd, 0, SEEK_END);

    assert_int_equal(pwrite(fd, "x", 1, size), 1);
    assert_int_equal(opens(fd, 300), -EBADMSG);
    for (off_t n = size - 1; n >= 0; n -= 7) {
        assert_int_equal(ftruncate(fd, n), 0);
        assert_int_equal(opens(fd, 300), -EBADMSG);
    }
    (void)close(fd);
}

/* Whole chunks exchanged, repeated or left out. */
static void test_chunks_have_places(void **state)
{
    static char first[65556], second[65556];
    const off_t head = 56;
    int fd = sealed(65536 * 3, 65536);

    assert_int_equal(pread(fd, first, sizeof(first), head), sizeof(first));
    assert_int_equal(
        pread(fd, second, sizeof(second), head + (off_t)sizeof(first)),
        sizeof(second));
    assert_int_equal(pwrite(fd, second, sizeof(second), head), sizeof(second));
    assert_int_equal(opens(fd, 65536 * 3), -EBADMSG);
    assert_int_equal(pwrite(fd, first, sizeof(first), head), sizeof(first));
    assert_int_equal(opens(fd, 65536 * 3), 0);
    assert_int_equal(ftruncate(fd, head + 2 * (off_t)sizeof(first)), 0);
    assert_int_equal(opens(fd, 65536 * 2), -EBADMSG); /* no last chunk */
    (void)close(fd);
}

static void test_heads(void **state)
{
    uint8_t other[HB_SEAL_KEY_SIZE] = {1};
    struct hb_unsealer *u = NULL;
    int fd = sealed(10, 10);

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(hb_unsealer_new(fd, other, &u), -EKEYREJECTED);
    assert_null(u);
    assert_int_equal(pwrite(fd, "\x02", 1, 8), 1);
    assert_int_equal(opens(fd, 10), -EPROTO);
    assert_int_equal(pwrite(fd, "X", 1, 0), 1);
    assert_int_equal(opens(fd, 10), -EBADMSG);
    (void)close(fd);
}

static void test_keys(void **state)
{
    uint8_t a[HB_SEAL_KEY_SIZE], b[HB_SEAL_KEY_SIZE];
    struct hb_err err = {0};
    struct stat st;

    assert_int_equal(hb_seal_key_make(in_scratch("k"), &err), 0);
    assert_int_equal(stat(in_scratch("k"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    assert_int_equal(hb_seal_key_load(in_scratch("k"), a, &err), 0);
    assert_int_equal(hb_seal_key_load(in_scratch("k"), b, &err), 0);
    assert_memory_equal(a, b, sizeof(a));
    assert_int_equal(hb_seal_key_make(in_scratch("k"), &err), -EEXIST);
    memset(&err, 0, sizeof(err));
    assert_int_equal(chmod(in_scratch("k"), 0640), 0);
    assert_int_equal(hb_seal_key_load(in_scratch("k"), b, &err), -EPERM);
    assert_non_null(strstr(err.message, "0600"));
    assert_int_equal(hb_file_write(in_scratch("k"), "abc\n", 4, 0600), 0);
    assert_int_equal(hb_seal_key_load(in_scratch("k"), b, NULL), -EINVAL);
    assert_int_equal(hb_seal_key_load(in_scratch("none"), b, NULL), -ENOENT);
    assert_int_equal(symlink("k", in_scratch("l")), 0);
    assert_int_equal(hb_seal_key_load(in_scratch("l"), b, NULL), -ELOOP);
    assert_memory_equal(a, b, sizeof(a)); /* untouched on failure */
}

struct memory {
    uint8_t p[4096];
    size_t n, at;
};

static int mem_write(void *arg, const void *p, size_t n)
{
    struct memory *m = arg;

    assert_true(m->n + n <= sizeof(m->p));
    memcpy(m->p + m->n, p, n);
    m->n += n;
    return 0;
}

static int mem_read(void *arg, void *p, size_t n)
{
    struct memory *m = arg;

    if (n > m->n - m->at)
        return -EBADMSG;
    memcpy(p, m->p + m->at, n);
    m->at += n;
    return 0;
}

static void test_archive(void **state)
{
    struct memory m = {0};
    struct hb_archive_reader r = {.read = mem_read, .arg = &m};
    struct hb_archive_entry e;
    char buf[16];

    assert_int_equal(hb_archive_meta(mem_write, &m, HB_SLICE("{}")), 0);
    assert_int_equal(hb_archive_file(mem_write, &m, "a/b", 04755, 5), 0);
    assert_int_equal(mem_write(&m, "hello", 5), 0);
    assert_int_equal(hb_archive_file(mem_write, &m, "c", 0600, 0), 0);
    assert_int_equal(hb_archive_end(mem_write, &m, 2), 0);
    assert_int_equal(hb_archive_next(&r, &e), 0);
    assert_int_equal(e.kind, HB_ARCHIVE_META);
    assert_int_equal(hb_archive_next(&r, &e), 0); /* passed over */
    assert_string_equal(e.name, "a/b");
    assert_int_equal(e.mode, 0755); /* no set-uid */
    assert_int_equal(hb_archive_read(&r, buf, 3), 3);
    assert_int_equal(hb_archive_read(&r, buf, sizeof(buf)), 2);
    assert_memory_equal(buf, "lo", 2);
    assert_int_equal(hb_archive_read(&r, buf, sizeof(buf)), 0);
    assert_int_equal(hb_archive_next(&r, &e), 0);
    assert_int_equal(hb_archive_next(&r, &e), 0);
    assert_int_equal(e.kind, HB_ARCHIVE_END);
    assert_int_equal(hb_archive_next(&r, &e), -EBADMSG);
}

static void test_archive_is_strict(void **state)
{
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\x03\0\0\0\0\0\0\0\0", 9},              /* no meta */
        {"\x01\x02\0\0\0{}\x01\x02\0\0\0{}", 14}, /* two */
        {"\x01\0\x10\0\1", 5},                    /* endless meta */
        {"\x01\0\0\0\0\x03\1\0\0\0\0\0\0\0", 14}, /* wrong count */
        {"\x01\0\0\0\0\x04", 6},                  /* unknown kind */
        {"\x01\0\0\0\0\x02\0\0", 8},              /* no name */
        {"\x01\0\0\0\0\x02\x02\0..\0\0\0\0\0\0\0\0\0\0\0\0", 22},
        {"\x01\0\0\0\0\x02\x02\0a\0\0\0\0\0\0\0\0\0\0\0\0\0", 22},
        {"\x01\0\0\0\0\x02\x01\0a\0\x10\0\0\0\0\0\0\0\0\0\0", 21}, /* mode */
        {"\x01\0\0\0\0\x02\x01\0a\0\0\0\0\0\0\0\0\0\0\0\x7f", 21}, /* size */
    };

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        struct memory m = {.n = bad[i].n};
        struct hb_archive_reader r = {.read = mem_read, .arg = &m};
        struct hb_archive_entry e;
        int err;

        memcpy(m.p, bad[i].bytes, bad[i].n);
        while ((err = hb_archive_next(&r, &e)) == 0)
            assert_int_not_equal(e.kind, HB_ARCHIVE_END);
        assert_int_equal(err, -EBADMSG);
    }
}

static void test_names(void **state)
{
    static const char *const bad[] = {"",     "/",  "/a",   "a/",
                                      "a//b", "..", "../a", "a/../b",
                                      "a/..", ".",  "a/.",  "\xff"};

    for (size_t i = 0; i < HB_ARRAY_LEN(bad); i++) {
        assert_false(hb_archive_name_good(bad[i]));
        assert_int_equal(hb_archive_file(mem_write, NULL, bad[i], 0600, 0),
                         -EINVAL);
    }
    assert_true(hb_archive_name_good("a"));
    assert_true(hb_archive_name_good("...a/b../\xe7\x81\xab.db"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_sizes),
        T(test_nothing_shows),
        T(test_every_bit_counts),
        T(test_cut_off_and_grown),
        T(test_chunks_have_places),
        T(test_heads),
        T(test_keys),
        cmocka_unit_test(test_archive),
        cmocka_unit_test(test_archive_is_strict),
        cmocka_unit_test(test_names),
    };

    return hb_tap_run("store/seal", tests);
}

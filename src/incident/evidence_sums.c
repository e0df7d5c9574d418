/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_sums.c - whether the files of a package are those that were signed.
 *
 * Runs in `hinoban evidence verify`, as whoever calls it; the package came from
 * outside.  Names in its list lead nowhere but into the package.
 */
#include <fcntl.h>

#include "base/file.h"
#include "base/mime.h"
#include "base/num.h"
#include "incident/evidence_log.h"

#define SUMS_MAX (16u << 20)

static int signature(int dirfd, const struct hb_pub *pub, struct hb_slice sums,
                     bool *ret_good);
static int by_hand(int dirfd, const struct hb_pub *pub, struct hb_slice sums,
                   bool *ret_good);
static int one(int dirfd, struct hb_slice line, struct hb_sha256 *h,
               bool *ret_same);
static bool name_ok(struct hb_slice name);

int hb_evid_sums(int dirfd, const struct hb_pub *pub, struct hb_sha256 *h,
                 int64_t *ret_bad)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    bool good = false, log = false;
    struct hb_slice sums = {0};
    int64_t bad = 0;
    int r = a == NULL
                ? -ENOMEM
                : hb_file_read_at(a, dirfd, "SHA256SUMS", SUMS_MAX, &sums);

    if (r == 0)
        r = signature(dirfd, pub, sums, &good);
    if (r == 0 && good)
        r = by_hand(dirfd, pub, sums, &good);
    if (r == -ENOMEM)
        return r;
    *ret_bad = 1;
    if (r < 0 || !good || sums.n == 0 || sums.p[sums.n - 1] != '\n')
        return 0;
    while (sums.n > 0) {
        const char *end = memchr(sums.p, '\n', sums.n);
        size_t n = end != NULL ? (size_t)(end - sums.p) : sums.n;
        struct hb_slice line = hb_slice(sums.p, n);

        r = one(dirfd, line, h, &good);
        if (r < 0)
            return r;
        bad += !good;
        log = log || (n > 66 && hb_slice_eq(hb_slice(line.p + 66, n - 66),
                                            HB_SLICE("log")));
        n = HB_MIN(n + 1, sums.n);
        sums = hb_slice(sums.p + n, sums.n - n);
    }
    *ret_bad = bad + !log;
    return 0;
}

static int signature(int dirfd, const struct hb_pub *pub, struct hb_slice sums,
                     bool *ret_good)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_slice sig = {0};
    int r = a == NULL ? -ENOMEM
                      : hb_file_read_at(a, dirfd, "SHA256SUMS.sig", HB_SIG_SIZE,
                                        &sig);

    if (r == 0)
        *ret_good = sig.n == HB_SIG_SIZE &&
                    hb_verify(pub, "export", sums, (const uint8_t *)sig.p) == 0;
    return r;
}

/* What else a stranger without this program reads: the text that was signed,
 * and the key, which our exporter writes in one way only. */
static int by_hand(int dirfd, const struct hb_pub *pub, struct hb_slice sums,
                   bool *ret_good)
{
    static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    _cleanup_buf_ struct hb_buf want = HB_BUF_INIT;
    uint8_t der[sizeof(head) + HB_PUB_SIZE];
    struct hb_slice got = {0};
    int r = a == NULL ? -ENOMEM
                      : hb_file_read_at(a, dirfd, "SHA256SUMS.signed", SUMS_MAX,
                                        &got);

    hb_sign_message(&want, "export", sums);
    if (r == 0)
        r = hb_buf_err(&want);
    if (r < 0)
        return r;
    *ret_good = hb_slice_eq(got, hb_buf_slice(&want));
    hb_buf_reset(&want);
    memcpy(der, head, sizeof(head));
    r = hb_pub_raw(pub, der + sizeof(head));
    hb_buf_addz(&want, "-----BEGIN PUBLIC KEY-----\n");
    hb_base64_encode(&want, der, sizeof(der));
    hb_buf_addz(&want, "\n-----END PUBLIC KEY-----\n");
    if (r == 0)
        r = hb_buf_err(&want);
    if (r == 0)
        r = hb_file_read_at(a, dirfd, "evidence.pub", SUMS_MAX, &got);
    if (r == 0)
        *ret_good = *ret_good && hb_slice_eq(got, hb_buf_slice(&want));
    return r;
}

/* "HEX  NAME" */
static int one(int dirfd, struct hb_slice line, struct hb_sha256 *h,
               bool *ret_same)
{
    uint8_t got[HB_SHA256_SIZE];
    _cleanup_close_ int fd = -1;
    char name[128], hex[65];
    uint64_t n;
    int r;

    *ret_same = false;
    if (line.n <= 66 || line.n - 66 >= sizeof(name) ||
        memcmp(line.p + 64, "  ", 2) != 0 ||
        !name_ok(hb_slice(line.p + 66, line.n - 66)))
        return 0;
    memcpy(name, line.p + 66, line.n - 66);
    name[line.n - 66] = '\0';
    fd = openat(dirfd, name,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    r = hb_sha256_fd(h, fd, UINT64_MAX, got, &n);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    hb_hex(got, sizeof(got), hex);
    *ret_same = memcmp(hex, line.p, 64) == 0;
    return 0;
}

/* A plain name, or one in files/; nothing that a shell or a terminal reads in
 * its own way. */
static bool name_ok(struct hb_slice name)
{
    if (name.n > 6 && memcmp(name.p, "files/", 6) == 0)
        name = hb_slice(name.p + 6, name.n - 6);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' &&
            (i == 0 || (c != '.' && c != '-')))
            return false;
    }
    return true;
}

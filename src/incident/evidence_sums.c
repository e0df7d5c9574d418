/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_sums.c - whether the files of a package are those that were signed.
 *
 * Runs in `hinoban evidence verify`, as whoever calls it; the package came from
 * outside.  Names in its list lead nowhere but into the package.
 */
#include <fcntl.h>

#include "base/file.h"
#include "base/num.h"
#include "incident/evidence_log.h"

#define SUMS_MAX (16u << 20)

static int signature(int dirfd, const struct hb_pub *pub, struct hb_slice sums,
                     bool *ret_good);
static int one(int dirfd, struct hb_slice line, struct hb_sha256 *h,
               bool *ret_same);
static bool name_ok(const char *name);

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
    if (r == -ENOMEM)
        return r;
    *ret_bad = 1;
    if (r < 0 || !good)
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

/* "HEX  NAME" */
static int one(int dirfd, struct hb_slice line, struct hb_sha256 *h,
               bool *ret_same)
{
    uint8_t want[HB_SHA256_SIZE], got[HB_SHA256_SIZE];
    _cleanup_close_ int fd = -1;
    char name[128];
    uint64_t n;
    int r;

    *ret_same = false;
    if (line.n <= 66 || line.n - 66 >= sizeof(name) ||
        hb_unhex(hb_slice(line.p, 64), want, sizeof(want)) < 0 ||
        memcmp(line.p + 64, "  ", 2) != 0)
        return 0;
    memcpy(name, line.p + 66, line.n - 66);
    name[line.n - 66] = '\0';
    if (!name_ok(name))
        return 0;
    fd = openat(dirfd, name,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return 0;
    r = hb_sha256_fd(h, fd, UINT64_MAX, got, &n);
    if (r < 0)
        return r == -ENOMEM ? r : 0;
    *ret_same = memcmp(got, want, sizeof(got)) == 0;
    return 0;
}

/* A plain name, or one in files/. */
static bool name_ok(const char *name)
{
    const char *last = strncmp(name, "files/", 6) == 0 ? name + 6 : name;

    return last[0] != '\0' && last[0] != '.' && strchr(last, '/') == NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmount.c - the helper's side of taking a mount off a document root when
 * systemd gave it a mount namespace of its own.
 *
 * Runs in the helper.  What an attacker mounts on the machine appears in the
 * helper's namespace, too, but unmounting there would only blind the helper.
 * It leaves a request in a directory that only root can enter; systemd starts
 * the unit that serves it, and the answer is a file beside it.  Rare (an
 * attacker must be root to mount), so the helper simply waits.
 */
#include "respond/unmount.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/num.h"

#define POLL_NS (5 * HB_MS)

static int answer(int dirfd, const char *name);

const char *hb_unmount_dir(void)
{
    return secure_getenv("HINOBAN_UNMOUNT");
}

int hb_unmount_ask(const char *dir, const char *path, unsigned timeout_ms)
{
    const struct timespec pause = {0, POLL_NS};
    uint64_t until = hb_mono() + timeout_ms * HB_MS;
    _cleanup_close_ int fd = -1;
    char id[HB_ID_SIZE], name[64], text[HB_MAX_PATH + 1];
    int n = snprintf(text, sizeof(text), "%s\n", path);
    int r;

    if (n < 0 || (size_t)n >= sizeof(text))
        return -ENAMETOOLONG;
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    hb_id_new(id);
    (void)snprintf(name, sizeof(name), "%s.request", id);
    r = hb_file_write_at(fd, name, text, (size_t)n, 0600);
    if (r < 0)
        return r;
    (void)snprintf(text, sizeof(text), "%s.done", id);
    for (;;) {
        r = answer(fd, text);
        if (r != -ENOENT)
            break;
        if (hb_mono() >= until) {
            r = -ETIMEDOUT;
            break;
        }
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    (void)unlinkat(fd, name, 0);
    (void)unlinkat(fd, text, 0);
    return r;
}

/* -ENOENT while there is none. */
static int answer(int dirfd, const char *name)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(4096);
    struct hb_slice text;
    uint64_t code;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_file_read_at(a, dirfd, name, 16, &text);
    if (r < 0)
        return r;
    if (text.n < 2 || text.p[text.n - 1] != '\n' ||
        hb_parse_u64(hb_slice(text.p, text.n - 1), &code) < 0 || code > 4095)
        return -EBADMSG;
    /* ENOENT is our own sign for "not yet". */
    return code == ENOENT ? -ESTALE : -(int)code;
}

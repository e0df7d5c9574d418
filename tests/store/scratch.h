/* SPDX-License-Identifier: Apache-2.0 */
/* scratch.h - a directory of its own for each test, removed afterwards. */
#ifndef HB_TESTS_STORE_SCRATCH_H
#define HB_TESTS_STORE_SCRATCH_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"

static char scratch[256];

static inline int scratch_make(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    (void)snprintf(scratch, sizeof(scratch), "%.200s/hb-store-XXXXXX",
                   tmp != NULL ? tmp : "/tmp");
    return mkdtemp(scratch) != NULL ? 0 : -1;
}

static inline int scratch_remove(void **state)
{
    (void)state;
    return hb_rmtree(AT_FDCWD, scratch);
}

/* scratch/NAME in a buffer that the next calls reuse in turn. */
static inline const char *in_scratch(const char *name)
{
    static char bufs[4][512];
    static unsigned next;
    char *buf = bufs[next++ % 4];

    (void)snprintf(buf, sizeof(bufs[0]), "%s/%s", scratch, name);
    return buf;
}

/* Turns over one bit in each of the COUNT bytes at AT. */
static inline void spoil(const char *path, off_t at, size_t count)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    for (size_t i = 0; i < count; i++) {
        uint8_t c;

        if (pread(fd, &c, 1, at + (off_t)i) != 1)
            break;
        c ^= 0x10;
        if (pwrite(fd, &c, 1, at + (off_t)i) != 1)
            break;
    }
    (void)close(fd);
}

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

#endif

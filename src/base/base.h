/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - the one header that every file includes.
 *
 * Result convention: functions that can fail return int, 0 or positive is
 * good, negative is -errno; outputs are untouched on failure.  What a person
 * must mend fills a struct hb_err (err.h).  Libraries neither log nor exit.
 *
 * Ownership is in the name: x_new/x_free, x_init/x_done, ret_ for what is
 * handed to the caller, const for what is borrowed.
 */
#ifndef HB_BASE_BASE_H
#define HB_BASE_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/limits.h"

#define HB_WUR          __attribute__((warn_unused_result))
#define HB_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define HB_CLEANUP(fn)  __attribute__((cleanup(fn)))
#define HB_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define HB_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define HB_MAX(a, b)    ((a) > (b) ? (a) : (b))

/* Object magic: checked at each public entry of an object with state. */
#define HB_CHECK(obj, m)                                                       \
    do {                                                                       \
        if ((obj) == NULL || (obj)->magic != (m))                              \
            hb_panic(__FILE__, __LINE__, #obj);                                \
    } while (0)

/* Ends the process: an invariant of our own is broken (never foreign input).
 * Writes one line to standard error and calls abort(). */
__attribute__((noreturn)) void hb_panic(const char *file, int line,
                                        const char *what);

#define HB_ASSERT(cond)                                                        \
    do {                                                                       \
        if (!(cond))                                                           \
            hb_panic(__FILE__, __LINE__, #cond);                               \
    } while (0)

/* A borrowed run of bytes; foreign bytes always travel as one of these. */
struct hb_slice {
    const char *p;
    size_t n;
};

#define HB_SLICE(lit) ((struct hb_slice){"" lit, sizeof(lit) - 1})

static inline struct hb_slice hb_slice(const char *p, size_t n)
{
    return (struct hb_slice){p, n};
}

static inline struct hb_slice hb_slice_z(const char *z)
{
    return (struct hb_slice){z, z != NULL ? strlen(z) : 0};
}

static inline bool hb_slice_eq(struct hb_slice a, struct hb_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool hb_streq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static inline bool hb_ends_with(const char *z, const char *end)
{
    size_t n = strlen(z), m = strlen(end);

    return n >= m && memcmp(z + n - m, end, m) == 0;
}

static inline void hb_close(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;
        (void)close(*fd);
        errno = saved;
        *fd = -1;
    }
}

static inline void hb_freep(void *p)
{
    free(*(void **)p);
}

#define _cleanup_close_ HB_CLEANUP(hb_close)
#define _cleanup_free_  HB_CLEANUP(hb_freep)

#include "base/banned.h"
#endif

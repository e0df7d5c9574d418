/* SPDX-License-Identifier: Apache-2.0 */
/*
 * region.h - memory that a test shares with its children, and numbers that are
 * the same in each run.
 */
#ifndef HB_TESTS_GUARD_WAF_REGION_H
#define HB_TESTS_GUARD_WAF_REGION_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guard/waf/shared.h"

#define START 1000000u /* ms; a machine that is up for a while */

struct rig {
    void *memory;
    size_t size;
    struct hb_waf_shared *s;
};

static inline struct rig rig_new(size_t size)
{
    struct rig r = {.size = size};

    r.memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(r.memory != MAP_FAILED);
    assert_int_equal(hb_waf_shared_init(r.memory, size, &r.s, NULL), 1);
    return r;
}

static inline void rig_free(struct rig *r)
{
    hb_waf_shared_free(r->s);
    assert_int_equal(munmap(r->memory, r->size), 0);
}

/* xorshift64, G. Marsaglia 2003. */
static inline uint64_t rig_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* What waitpid() says of the child. */
static inline int rig_wait(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* The server's timer, for SECONDS: the clock then is at *RAW. */
static inline void rig_pass(struct rig *r, uint64_t *raw, uint64_t seconds)
{
    for (; seconds > 0; seconds -= HB_MIN(seconds, 50u)) {
        *raw += HB_MIN(seconds, 50u) * 1000;
        (void)hb_waf_shared_now(r->s, *raw);
    }
}

#endif

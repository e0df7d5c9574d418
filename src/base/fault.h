/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.h - lets a test make the n-th allocation, write or fsync fail.
 *
 * Always compiled, so that what is tested is what is shipped; an unarmed
 * check is one load and one predictable branch.  Nothing but a call of
 * hb_fault_set() arms it: no environment variable, no configuration.
 * Armed from one thread only.
 */
#ifndef HB_BASE_FAULT_H
#define HB_BASE_FAULT_H

#include "base/base.h"

enum hb_fault_kind {
    HB_FAULT_ALLOC, /* malloc of base's arenas, buffers and maps: -ENOMEM */
    HB_FAULT_WRITE, /* write(2), pwrite(2) of file.h: -ENOSPC */
    HB_FAULT_FSYNC, /* fsync(2), fdatasync(2) of file.h: -EIO */
    HB_FAULT_CRASH, /* a boundary of playbooks and the locker: SIGKILL */
    HB_FAULT_COUNT
};

/* The N-th call of KIND from now on fails, once; 0 disarms. */
void hb_fault_set(enum hb_fault_kind kind, unsigned n);
/* True while an armed fault was not reached: what was tried has fewer calls
 * than that, so a test that counts up N is through. */
bool hb_fault_pending(enum hb_fault_kind kind);
/* How many more calls it would take; armed high, it counts what was called. */
unsigned hb_fault_left(enum hb_fault_kind kind);

extern unsigned hb_fault_armed; /* how many kinds are armed */
bool hb_fault_hit(enum hb_fault_kind kind);

/* True when this call must fail. */
static inline bool hb_fault(enum hb_fault_kind kind)
{
    return __builtin_expect(hb_fault_armed != 0, 0) && hb_fault_hit(kind);
}

/* A place where a test may want the process to die as by `kill -9`. */
void hb_fault_die(void) __attribute__((noreturn));
static inline void hb_fault_crash(void)
{
    if (hb_fault(HB_FAULT_CRASH))
        hb_fault_die();
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault.c - counts down to the call that a test wants to fail.
 *
 * Runs in every process, does nothing in all but tests: hb_fault_armed stays
 * 0 there.  Trusts nobody and reads nothing from outside.
 */
#include "base/fault.h"

#include <signal.h>

static unsigned countdown[HB_FAULT_COUNT];
unsigned hb_fault_armed;

void hb_fault_set(enum hb_fault_kind kind, unsigned n)
{
    if ((countdown[kind] != 0) != (n != 0))
        hb_fault_armed += n != 0 ? 1u : -1u;
    countdown[kind] = n;
}

bool hb_fault_pending(enum hb_fault_kind kind)
{
    return countdown[kind] != 0;
}

unsigned hb_fault_left(enum hb_fault_kind kind)
{
    return countdown[kind];
}

bool hb_fault_hit(enum hb_fault_kind kind)
{
    if (countdown[kind] == 0)
        return false;
    if (--countdown[kind] != 0)
        return false;
    hb_fault_armed--;
    return true;
}

void hb_fault_die(void)
{
    /* Not _exit(): nothing may be flushed or unlocked in good order. */
    for (;;)
        (void)kill(getpid(), SIGKILL);
}

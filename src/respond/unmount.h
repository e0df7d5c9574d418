/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unmount.h - asks the machine's own mount namespace to take a mount off
 * (doc/decisions/0003-helper-unit.md).
 */
#ifndef HB_RESPOND_UNMOUNT_H
#define HB_RESPOND_UNMOUNT_H

#include "base/base.h"

/* Where requests are left, or NULL: this process lives in the machine's
 * mount namespace and unmounts by itself (supervisor, tests). */
const char *hb_unmount_dir(void);
/* Asks for PATH to be unmounted and waits at most TIMEOUT_MS.  0, -ETIMEDOUT
 * or what unmounting said. */
int hb_unmount_ask(const char *dir, const char *path,
                   unsigned timeout_ms) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * release.h - letting go what is in force, where the program is taken off the
 * machine: nobody would be there to do it later.
 */
#ifndef HB_RESPOND_RELEASE_H
#define HB_RESPOND_RELEASE_H

#include "base/err.h"
#include "config/config.h"

/* What was let go: OBJECT is an absolute path (LOCKED) or as of freeze.h. */
typedef void hb_release_fn(void *arg, bool locked, const char *object,
                           int error);

/* Makes paths changeable again that path.deny locked, and lets groups go on
 * that writer.freeze stopped, as HELPER_DIR's journal tells; FN hears of each,
 * with ERROR (0, -errno).  What the administrator locked stays.  The number
 * of failures; 0 where there is no journal; -EBUSY while the helper runs. */
int hb_release(const char *helper_dir, const struct hb_config *config,
               hb_release_fn *fn, void *arg, struct hb_err *err) HB_WUR;

#endif

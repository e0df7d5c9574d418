/* SPDX-License-Identifier: Apache-2.0 */
/*
 * package.h - a package of evidence that the service made, copied to where the
 * caller wants it.
 */
#ifndef HB_CLI_PACKAGE_H
#define HB_CLI_PACKAGE_H

#include "base/err.h"

/* FROM: the package's directory as it came from the service, or -1; TO: the
 * caller's own, new and empty.  Copies regular files and files/. */
int hb_cli_copy_package(int from, const char *to, struct hb_err *err) HB_WUR;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - run a program without a shell, with a time-out, its output bounded.
 */
#ifndef HB_BASE_RUN_H
#define HB_BASE_RUN_H

#include "base/buf.h"

struct hb_run {
    const char *const *argv;   /* argv[0] absolute or found in a fixed PATH */
    const char *const *env;    /* NULL: PATH and LANG=C.UTF-8 only */
    struct hb_slice input;     /* standard input, at most 64 KB */
    unsigned timeout_ms;       /* 0: 10,000; then SIGKILL to its group */
    struct hb_buf *out;        /* standard output, may be NULL */
    struct hb_buf *errors;     /* standard error, may be NULL */
};

/* Exit status 0..255, 128+signal, or -errno (-ETIMEDOUT, -ENOENT). */
int hb_run(const struct hb_run *r) HB_WUR;

#endif

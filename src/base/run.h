/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run.h - run a program without a shell, with a time-out, its output bounded.
 */
#ifndef HB_BASE_RUN_H
#define HB_BASE_RUN_H

#include "base/buf.h"

struct hb_run {
    const char *const *argv; /* argv[0] absolute or found in a fixed PATH */
    const char *const *env;  /* NULL: PATH and LANG=C.UTF-8 only */
    struct hb_slice input;   /* standard input, at most 64 KB */
    unsigned timeout_ms;     /* 0: 10,000; then SIGKILL to its group */
    struct hb_buf *out;      /* standard output, may be NULL */
    struct hb_buf *errors;   /* standard error, may be NULL */
};

/* Exit status 0..255, 128+signal, or -errno (-ETIMEDOUT, -ENOENT; -E2BIG:
 * too much input).  Output beyond HB_MAX_CHILD_OUT (or the buffer's ceiling)
 * is read and thrown away, and marked by -EFBIG in the buffer's err.  The
 * child gets a session of its own and no descriptor but 0, 1 and 2; what is
 * left of its process group when it ends is killed. */
int hb_run(const struct hb_run *r) HB_WUR;

#endif

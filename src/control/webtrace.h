/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webtrace.h - access logs, read where the changes are.
 */
#ifndef HB_CONTROL_WEBTRACE_H
#define HB_CONTROL_WEBTRACE_H

#include "control/collect.h"
#include "control/weblog.h"

struct hb_weblog_file {
    const char *path;  /* set by the caller */
    int error;         /* it could not be opened: -errno */
    int64_t lines;     /* that were looked at ... */
    int64_t unread;    /* ... and could not be read */
    const char *older; /* an older log that was needed and not read, or NULL */
    bool partly;       /* too much to be read whole: */
    int64_t from, until; /* what was read, ns UTC; 0, 0: nothing */
};

typedef void hb_weblog_fn(void *arg, const struct hb_weblog_file *f,
                          const struct hb_weblog *line);

/* Calls FN for each line of F->path, and of the log that was rotated before
 * it where that is needed, in the quarter of an hour before a change of A and
 * the five minutes after it.  The line lives until FN returns.  Fills in F. */
void hb_weblog_read(const struct hb_around *a, struct hb_weblog_file *f,
                    hb_weblog_fn *fn, void *arg);

#endif

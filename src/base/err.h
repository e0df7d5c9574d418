/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h - an error that a person must mend: what, where, what to do.
 * The message is already translated (wrap the format in _()).
 */
#ifndef HB_BASE_ERR_H
#define HB_BASE_ERR_H

#include "base/base.h"

struct hb_err {
    int code;                 /* -errno, 0 while nothing is wrong */
    char file[256];           /* "" where no file is meant */
    unsigned line, column;    /* from 1; 0 where unknown */
    char message[HB_MAX_ERR]; /* UTF-8, never cut inside a character */
};

/* Fills ERR (may be NULL) and returns CODE, which must be negative.  An error
 * that is already set is kept: the first one is the one to mend. */
int hb_err_set(struct hb_err *err, int code, const char *fmt, ...)
    HB_PRINTF(3, 4);
int hb_err_at(struct hb_err *err, int code, const char *file, unsigned line,
              unsigned column, const char *fmt, ...) HB_PRINTF(6, 7);

#ifdef __clang_analyzer__
/* Both return CODE: an analyser that does not know it takes each error for a
 * possible success. */
#define hb_err_set(err, code, ...)              ((void)(err), (int)(code))
#define hb_err_at(err, code, file, l, col, ...) ((void)(err), (int)(code))
#endif

/* errno as a code of ours: never 0, which would read as success. */
static inline int hb_neg_errno(void)
{
    return errno > 0 ? -errno : -EIO;
}

/* Writes "file:line:column: message" into BUF (always terminated). */
void hb_err_format(const struct hb_err *err, char *buf, size_t size);

/* Translated text of an errno value; thread safe, BUF always terminated. */
const char *hb_errno_text(int code, char *buf, size_t size);

/* The candidate nearest to WORD by edit distance (at most a third of its
 * length away), or NULL: for "did you mean". */
const char *hb_nearest(const char *word, const char *const *candidates,
                       size_t n);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.h - tables as spreadsheet programs save them (RFC 4180): rows of fields,
 * with commas or tabs between, quoted where they must be.
 *
 * The text is a stranger's.  A byte order mark and a last line without its end
 * are taken; NUL, an open quote and more than HB_CSV_FIELDS fields are not.
 */
#ifndef HB_BASE_CSV_H
#define HB_BASE_CSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define HB_CSV_FIELDS 32u

struct hb_csv_row {
    struct hb_slice field[HB_CSV_FIELDS]; /* in the arena, with NUL behind */
    size_t n;
    unsigned line; /* where it begins, from 1 */
};

typedef int hb_csv_fn(void *arg, const struct hb_csv_row *row);
/* Calls FN for each row that is not empty, until it gives other than 0.  The
 * fields live in A.  -EBADMSG with line and reason in ERR. */
int hb_csv_each(struct hb_arena *a, struct hb_slice text, hb_csv_fn *fn,
                void *arg, struct hb_err *err) HB_WUR;

/* Appends one field, quoted where it must be; COMMA before it.  What a
 * spreadsheet would take for a formula is written as text. */
void hb_csv_add(struct hb_buf *b, const char *z, bool comma);

#endif

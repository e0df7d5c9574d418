/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_csv.c - tables that a spreadsheet program or a stranger wrote.  What is
 * read, written again and read once more is the same.
 */
#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add(void *arg, const struct hb_csv_row *row)
{
    struct hb_buf *b = arg;

    HB_ASSERT(row->n >= 1 && row->n <= HB_CSV_FIELDS && row->line >= 1);
    for (size_t i = 0; i < row->n; i++) {
        const struct hb_slice *f = &row->field[i];

        HB_ASSERT(f->p[f->n] == '\0' && strlen(f->p) == f->n);
        /* The marks that keep a formula text are not taken off again. */
        hb_csv_add(b,
                   f->n > 0 && strchr("=+-@\t", f->p[0]) != NULL ? "x" : f->p,
                   i > 0);
    }
    hb_buf_addz(b, "\n");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_buf one = HB_BUF_INIT, two = HB_BUF_INIT;
    struct hb_arena *a = hb_arena_new(0);
    /* A comma in the first line, so that a tab is a letter. */
    int r = hb_csv_each(a, (struct hb_slice){(const char *)data, size}, add,
                        &one, NULL);

    if (r == 0 && memchr(hb_buf_z(&one), '\t', one.n) == NULL) {
        r = hb_csv_each(a, hb_buf_slice(&one), add, &two, NULL);
        HB_ASSERT(r == 0);
        HB_ASSERT(hb_slice_eq(hb_buf_slice(&one), hb_buf_slice(&two)));
    }
    hb_buf_done(&one);
    hb_buf_done(&two);
    hb_arena_free(a);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mailing.h - the list of a mailing as a spreadsheet program saved it: CSV in
 * UTF-8 or, as Excel in Japan writes it, in CP932.
 *
 * In each row one field is a mail address.  The name is the column that the
 * heading calls so ("name", 氏名 ...); without a heading the one other field
 * that is not empty.
 */
#ifndef HB_CLI_MAILING_H
#define HB_CLI_MAILING_H

#include "base/csv.h"

struct hb_mailing_person {
    const char *name, *address;
};

struct hb_mailing_list {
    struct hb_mailing_person *v;
    size_t n, max;
    struct hb_arena *a;
};

/* In A; errors with file and line: a row without an address or with two, an
 * address that stands there twice, more people than a mailing may have. */
int hb_mailing_list_read(struct hb_arena *a, const char *path,
                         struct hb_mailing_list *ret,
                         struct hb_err *err) HB_WUR;

/* A text file of any system, in A: UTF-8 with LF, without a byte order mark. */
int hb_mailing_file_read(struct hb_arena *a, const char *path, size_t max,
                         struct hb_slice *ret, struct hb_err *err) HB_WUR;

#endif

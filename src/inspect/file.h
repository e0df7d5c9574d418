/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - what a file is, and what of persons it holds.
 *
 * Text in whatever encoding; zip and what is built on it (xlsx, docx, pptx,
 * ods, odt), tar and gzip, archives inside archives three deep.  Everything
 * else is told by what it is.  Meant for a process that has nothing to lose:
 * all bytes are a stranger's.
 *
 * Memory is bounded by HB_FILE_PART for a part of an archive and what
 * personal.h says; what is unpacked of one file by HB_FILE_UNPACKED.
 */
#ifndef HB_INSPECT_FILE_H
#define HB_INSPECT_FILE_H

#include "inspect/encoding.h"
#include "inspect/personal.h"

#define HB_FILE_PART     (64u << 20)
#define HB_FILE_UNPACKED (512u << 20)
#define HB_FILE_ENTRIES  10000u

enum hb_file_kind {
    HB_FILE_OTHER, /* no text: a picture, a program, a PDF */
    HB_FILE_TEXT,
    HB_FILE_ARCHIVE,
    HB_FILE_OLD_OFFICE, /* xls, doc, ppt; encrypted xlsx, docx as well */
    HB_FILE_KINDS
};
/* "other", "text", ... for programs; static. */
const char *hb_file_kind_name(enum hb_file_kind k);

struct hb_file_report {
    enum hb_file_kind kind;
    enum hb_encoding encoding; /* of text */
    bool read;      /* all that may hold text was read: false where something
                       is encrypted, damaged, too large or not known to us */
    bool encrypted; /* something in it is */
    struct hb_personal_report personal;
};

/* Up to N bytes of the file into P; 0 at its end, -errno. */
typedef ssize_t hb_file_read_fn(void *arg, void *p, size_t n);

/* -ENOMEM, or what READ said; a bad file is no error. */
int hb_file_look(hb_file_read_fn *read, void *arg,
                 struct hb_file_report *ret) HB_WUR;

/* What of it may not leave without a second person: numbers that harm by
 * themselves (Individual Numbers, cards), and the persons of a list.  A mail
 * address or a telephone below a letter is none. */
uint64_t hb_file_pieces(const struct hb_file_report *r);

#endif

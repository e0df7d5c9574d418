/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paper.h - a checkpoint of the evidence as a page to print and put away.
 */
#ifndef HB_CLI_PAPER_H
#define HB_CLI_PAPER_H

#include "base/buf.h"
#include "base/err.h"

#define HB_PAPER_CODE 40u /* bytes of a code with its NUL */

struct hb_paper {
    struct hb_slice line; /* "NUMBER DIGEST TIME SIGNATURE" */
    /* Whose it is, for who finds it: organisation, machine, and the name of
     * the key that signed it (hb_pub_id). */
    const char *organisation, *machine, *key;
};

/* P as an A4 page in both languages, with a QR code of the line.  CODE gets
 * what says that the paper is at hand, "NUMBER-DIGITS".  -EBADMSG the line is
 * none. */
int hb_cli_paper(struct hb_buf *b, const struct hb_paper *p,
                 char code[HB_PAPER_CODE], struct hb_err *err) HB_WUR;

#endif

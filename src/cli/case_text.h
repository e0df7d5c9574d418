/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_text.h - what the subcommands of `hinoban case` print alike.
 */
#ifndef HB_CLI_CASE_TEXT_H
#define HB_CLI_CASE_TEXT_H

#include "base/json.h"
#include "casebook/casebook.h"
#include "cli/cli.h"

/* TEXT in lines of 80 columns: FIRST before the first, REST before others. */
void hb_case_para(const char *first, const char *rest, const char *text);
/* {"en": ..., "ja": ...} */
void hb_case_write_text(struct hb_jw *w, const char *key,
                        const struct hb_text *t);
/* Prints B as a line and is done with it; an enum hb_exit. */
int hb_case_print(struct hb_buf *b);

/* `hinoban case propose`: ARGV[0] is "propose". */
int hb_case_propose(struct hb_cli *cli, int argc, char **argv,
                    const struct hb_casebook *b);

#endif

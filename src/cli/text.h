/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - what commands that show data of the case book share: paragraphs of
 * a terminal, and bilingual texts as JSON.
 */
#ifndef HB_CLI_TEXT_H
#define HB_CLI_TEXT_H

#include "base/json.h"
#include "casebook/row.h"

/* TEXT in lines of at most 80 columns; the first begins with FIRST, the
 * others with REST. */
void hb_cli_para(const char *first, const char *rest, const char *text);
/* {"en": ..., "ja": ...} */
void hb_cli_json_text(struct hb_jw *w, const char *key,
                      const struct hb_text *t);
/* Prints what the writer made and lets B go; the exit status. */
int hb_cli_json_out(const char *what, struct hb_buf *b);

#endif

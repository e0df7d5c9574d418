/* SPDX-License-Identifier: Apache-2.0 */
/*
 * case_text.c - paragraphs and bilingual texts for `hinoban case`.
 */
#include <stdio.h>

#include "cli/case_text.h"
#include "html/width.h"

#define COLUMNS 80u

void hb_case_para(const char *first, const char *rest, const char *text)
{
    const char *lead = first;
    size_t n = strlen(text), skip = 0;

    do {
        unsigned used = hb_width(lead, strlen(lead));
        size_t take =
            hb_width_line(text, n, COLUMNS - HB_MIN(used, 40u), &skip);

        (void)printf("%s%.*s\n", lead, (int)take, text);
        text += take + skip;
        n -= take + skip;
        lead = rest;
    } while (n > 0);
}

void hb_case_write_text(struct hb_jw *w, const char *key,
                        const struct hb_text *t)
{
    hb_jw_obj(w, key);
    for (unsigned l = 0; l < HB_LANG_COUNT; l++)
        hb_jw_str(w, hb_lang_code((enum hb_lang)l), t->in[l]);
    hb_jw_end_obj(w);
}

int hb_case_print(struct hb_buf *b)
{
    int r = hb_buf_err(b);

    if (r == 0)
        (void)printf("%s\n", hb_buf_z(b));
    hb_buf_done(b);
    return r < 0 ? hb_cli_fail_code("case", r) : HB_EXIT_OK;
}

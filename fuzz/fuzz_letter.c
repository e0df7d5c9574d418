/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_letter.c - a mail of any bytes: what comes out is text without
 * controls, of bounded length, whatever went in.
 */
#include "base/letter.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_ok(const char *z)
{
    HB_ASSERT(strlen(z) <= HB_LETTER_FIELD && hb_utf8_valid(z, strlen(z)));
    for (; *z != '\0'; z++)
        HB_ASSERT((uint8_t)*z >= 0x20 && *z != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_letter l;

    if (a == NULL ||
        hb_letter_read(a, hb_slice((const char *)data, size), &l) < 0)
        return 0;
    line_ok(l.from);
    line_ok(l.subject);
    line_ok(l.message_id);
    HB_ASSERT(strlen(l.text) <= HB_LETTER_TEXT);
    HB_ASSERT(hb_utf8_valid(l.text, strlen(l.text)));
    for (const char *p = l.text; *p != '\0'; p++)
        HB_ASSERT((uint8_t)*p >= 0x20 || *p == '\n' || *p == '\t');
    HB_ASSERT(l.attachments <= HB_LETTER_PARTS);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_disposition.c - names of files into headers, and small headers of
 * strangers.
 */
#include "net/disposition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_buf b = HB_BUF_INIT;
    char text[2048], got[64];
    unsigned quotes = 0;
    int64_t at = -1;

    if (size >= sizeof(text))
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    hb_disposition(&b, text);
    for (size_t i = 0; i < b.n; i++) {
        HB_ASSERT((unsigned char)b.p[i] >= 0x20 &&
                  (unsigned char)b.p[i] < 0x7f);
        quotes += b.p[i] == '"';
    }
    HB_ASSERT(quotes == 2);
    hb_buf_done(&b);
    (void)hb_accept_language(text, HB_LANG_JA);
    if (hb_cookie(text, "grant", got, sizeof(got)))
        HB_ASSERT(strchr(got, ';') == NULL);
    if (hb_range(text, 1000, &at) == 1)
        HB_ASSERT(at >= 0 && at < 1000);
    return 0;
}

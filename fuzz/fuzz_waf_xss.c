/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_waf_xss.c - values that are read as HTML.  The answer is the same every
 * time, and the reason is a short line of printable text.
 */
#include "guard/waf/xss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hb_slice value = {(const char *)data, size};
    char one[HB_WAF_WHY] = "", two[HB_WAF_WHY] = "";
    bool found = hb_waf_xss(value, one);

    HB_ASSERT(hb_waf_xss(value, two) == found);
    HB_ASSERT(memcmp(one, two, sizeof(one)) == 0);
    HB_ASSERT(memchr(one, '\0', sizeof(one)) != NULL);
    HB_ASSERT(found == (one[0] != '\0'));
    for (const char *p = one; *p != '\0'; p++)
        HB_ASSERT(*p > ' ' && *p < 0x7f);
    return 0;
}

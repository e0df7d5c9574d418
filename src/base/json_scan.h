/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan.h - what the reader and the writer of JSON share: the longest
 * run of bytes that stand in a JSON string as they are.  Nothing outside
 * json.c and json_write.c includes it.
 */
#ifndef HB_BASE_JSON_SCAN_H
#define HB_BASE_JSON_SCAN_H

#include "base/base.h"

/* First byte in P..END that is a quote, a backslash, a control character or
 * not ASCII; END where there is none.  Eight bytes a step: a byte X of a word
 * is below K where (X - K) borrows into its high bit, and equals C where
 * X ^ C is below 1.  A borrow can only mark bytes after a true hit, and the
 * byte loop finds the exact one on machines of either byte order. */
static inline const char *hb_json_plain(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t high = 0x8080808080808080u;

    while (end - p >= 8) {
        uint64_t w, quote, slash, stop;

        memcpy(&w, p, sizeof w);
        quote = w ^ ones * '"';
        slash = w ^ ones * '\\';
        stop = (quote - ones) & ~quote;
        stop |= (slash - ones) & ~slash;
        stop |= (w - ones * 0x20) & ~w;
        stop |= w;
        if ((stop & high) != 0)
            break;
        p += 8;
    }
    while (p < end) {
        uint8_t c = (uint8_t)*p;

        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
        p++;
    }
    return p;
}

#endif

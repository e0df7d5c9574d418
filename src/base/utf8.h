/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h - one character of UTF-8 at a time (RFC 3629), for readers and
 * writers of text that look at every byte anyway.  hb_utf8_valid() of num.h
 * answers for a whole string.
 */
#ifndef HB_BASE_UTF8_H
#define HB_BASE_UTF8_H

#include "base/base.h"

/* Length of the character at P (N bytes are there) and its code point in
 * *RET_CP (may be NULL); 0 where the bytes are no valid character: overlong
 * forms, surrogates, values past U+10FFFF and cut sequences. */
static inline size_t hb_utf8_get(const char *p, size_t n, uint32_t *ret_cp)
{
    /* Lowest code point that may be written with this many bytes. */
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *u = (const uint8_t *)p;
    uint32_t cp;
    size_t len;

    if (n == 0)
        return 0;
    if (u[0] < 0x80) {
        cp = u[0];
        len = 1;
    } else if (u[0] >= 0xc2 && u[0] < 0xe0) {
        cp = u[0] & 0x1fu;
        len = 2;
    } else if (u[0] >= 0xe0 && u[0] < 0xf0) {
        cp = u[0] & 0x0fu;
        len = 3;
    } else if (u[0] >= 0xf0 && u[0] < 0xf5) {
        cp = u[0] & 0x07u;
        len = 4;
    } else {
        return 0;
    }
    if (len > n)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (u[i] & 0x3fu);
    }
    if (cp < lowest[len] || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        return 0;
    if (ret_cp != NULL)
        *ret_cp = cp;
    return len;
}

/* Writes code point CP (no surrogate, at most U+10FFFF) to DST, which holds
 * 4 bytes, without terminator; the length. */
static inline size_t hb_utf8_put(char *dst, uint32_t cp)
{
    if (cp < 0x80) {
        dst[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        dst[0] = (char)(0xc0 | cp >> 6);
        dst[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        dst[0] = (char)(0xe0 | cp >> 12);
        dst[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        dst[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    dst[0] = (char)(0xf0 | cp >> 18);
    dst[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    dst[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    dst[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

#endif

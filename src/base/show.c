/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.c - foreign text made fit for people's eyes.
 *
 * Runs in every process that names foreign things: messages, logs, reports,
 * the command line.  The input is never trusted, the output is always valid
 * UTF-8 without control characters.
 */
#include "base/show.h"
#include "base/utf8.h"

/* First and last code points of the hidden ranges, ascending. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    {0x0000, 0x001f},   /* C0 controls */
    {0x007f, 0x009f},   /* DEL, C1 controls */
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x034f, 0x034f},   /* combining grapheme joiner */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x17b4, 0x17b5},   /* Khmer inherent vowels */
    {0x180b, 0x180f},   /* Mongolian selectors */
    {0x200b, 0x200f},   /* zero-width characters, direction marks */
    {0x2028, 0x202e},   /* separators, direction embeddings */
    {0x2060, 0x206f},   /* word joiner, invisible operators, isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfdd0, 0xfdef},   /* non-characters */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* half-width Hangul filler */
    {0xfff0, 0xfffb},   /* annotation controls */
    {0xfffe, 0xffff},   /* non-characters */
    {0xe0000, 0xe00ff}, /* tags; the selectors of kanji forms stay */
    {0xe01f0, 0xe0fff},
};

/* Longest form of one character: "\U000e0001". */
#define FORM_MAX 11u

static size_t show_one(const char *p, size_t n, char form[FORM_MAX],
                       size_t *ret_len);

bool hb_show_hidden(uint32_t cp)
{
    size_t low = 0, high = HB_ARRAY_LEN(hidden);

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (cp > hidden[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < HB_ARRAY_LEN(hidden) && cp >= hidden[low].first;
}

void hb_show(struct hb_buf *b, struct hb_slice s)
{
    for (size_t at = 0; at < s.n;) {
        char form[FORM_MAX];
        size_t len;

        at += show_one(s.p + at, s.n - at, form, &len);
        hb_buf_add(b, form, len);
    }
}

const char *hb_showz(char *dst, size_t size, struct hb_slice s)
{
    size_t out = 0, fits = 0; /* FITS: where "..." can still follow */

    HB_ASSERT(size >= 8);
    for (size_t at = 0; at < s.n;) {
        char form[FORM_MAX];
        size_t len;

        at += show_one(s.p + at, s.n - at, form, &len);
        if (out + len >= size) {
            memcpy(dst + fits, "...", 4);
            return dst;
        }
        memcpy(dst + out, form, len);
        out += len;
        if (out + 3 < size)
            fits = out;
    }
    dst[out] = '\0';
    return dst;
}

/* What the first character of the N (not 0) bytes at P looks like; the bytes
 * it takes. */
static size_t show_one(const char *p, size_t n, char form[FORM_MAX],
                       size_t *ret_len)
{
    uint32_t cp = 0;
    size_t used = hb_utf8_get(p, n, &cp);
    int len;

    if (used > 0 && !hb_show_hidden(cp)) {
        memcpy(form, p, used);
        *ret_len = used;
        return used;
    }
    if (used == 0)
        len = snprintf(form, FORM_MAX, "\\x%02x", (unsigned)(uint8_t)*p);
    else if (cp == '\n' || cp == '\t' || cp == '\r')
        len = snprintf(form, FORM_MAX, "\\%c",
                       cp == '\n'   ? 'n'
                       : cp == '\t' ? 't'
                                    : 'r');
    else if (cp < 0x80)
        len = snprintf(form, FORM_MAX, "\\x%02x", (unsigned)cp);
    else if (cp < 0x10000)
        len = snprintf(form, FORM_MAX, "\\u%04x", (unsigned)cp);
    else
        len = snprintf(form, FORM_MAX, "\\U%08x", (unsigned)cp);
    *ret_len = (size_t)len;
    return used > 0 ? used : 1;
}

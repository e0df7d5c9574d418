/* SPDX-License-Identifier: Apache-2.0 */
/*
 * width.c - columns of text and ends of lines.
 *
 * Runs in the processes that write papers.  The C library's wcwidth() depends
 * on the locale of the process; a paper in Japanese must align the same from
 * a service that runs in the C locale, so the table is here.
 */
#include "base/utf8.h"
#include "html/width.h"

struct range {
    uint32_t first, last;
};

static bool in_table(const struct range *t, size_t n, uint32_t cp);
static uint32_t char_at(const char *p, size_t n, size_t *ret_len);
static bool may_break(uint32_t before, uint32_t after);

/* Combining and other characters without a column of their own: those of the
 * scripts that a file name or a name of a person may bring. */
static const struct range zero[] = {
    {0x0300, 0x036f},   {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x05bf, 0x05bf},
    {0x05c1, 0x05c2},   {0x05c4, 0x05c5}, {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x0670, 0x0670},   {0x06d6, 0x06dc}, {0x06df, 0x06e4}, {0x06e7, 0x06e8},
    {0x06ea, 0x06ed},   {0x093c, 0x093c}, {0x0941, 0x0948}, {0x094d, 0x094d},
    {0x0e31, 0x0e31},   {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},   {0x200b, 0x200f}, {0x20d0, 0x20f0}, {0x302a, 0x302d},
    {0x3099, 0x309a},   {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}, {0x1f3fb, 0x1f3ff},
    {0xe0100, 0xe01ef},
};

/* East Asian Width W and F (Unicode 15), joined over unassigned gaps. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},
    {0x23e9, 0x23ec},   {0x23f0, 0x23f0},   {0x23f3, 0x23f3},
    {0x25fd, 0x25fe},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x267f, 0x267f},   {0x2693, 0x2693},   {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},
    {0x26ce, 0x26ce},   {0x26d4, 0x26d4},   {0x26ea, 0x26ea},
    {0x26f2, 0x26f3},   {0x26f5, 0x26f5},   {0x26fa, 0x26fa},
    {0x26fd, 0x26fd},   {0x2705, 0x2705},   {0x270a, 0x270b},
    {0x2728, 0x2728},   {0x274c, 0x274c},   {0x274e, 0x274e},
    {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x27b0, 0x27b0},   {0x27bf, 0x27bf},   {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b50},   {0x2b55, 0x2b55},   {0x2e80, 0x303e},
    {0x3041, 0x3247},   {0x3250, 0x4dbf},   {0x4e00, 0xa4cf},
    {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe19},   {0xfe30, 0xfe6f},   {0xff01, 0xff60},
    {0xffe0, 0xffe6},   {0x16fe0, 0x18d08}, {0x1aff0, 0x1b2fb},
    {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f18e},
    {0x1f191, 0x1f19a}, {0x1f200, 0x1f320}, {0x1f32d, 0x1f335},
    {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca},
    {0x1f3cf, 0x1f3d3}, {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
    {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f54e}, {0x1f550, 0x1f567},
    {0x1f57a, 0x1f57a}, {0x1f595, 0x1f596}, {0x1f5a4, 0x1f5a4},
    {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d2}, {0x1f6d5, 0x1f6df}, {0x1f6eb, 0x1f6ec},
    {0x1f6f4, 0x1f6fc}, {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1f93a},
    {0x1f93c, 0x1f945}, {0x1f947, 0x1f9ff}, {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};

/* Must not begin a line: closing punctuation, small kana, marks. */
static const uint32_t no_start[] = {
    '!',    ')',    ',',    '.',    ':',    ';',    '?',    ']',    '}',
    0x3001, 0x3002, 0x3005, 0x3009, 0x300b, 0x300d, 0x300f, 0x3011, 0x3015,
    0x3017, 0x3019, 0x301f, 0x303b, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049,
    0x3063, 0x3083, 0x3085, 0x3087, 0x308e, 0x309d, 0x309e, 0x30a1, 0x30a3,
    0x30a5, 0x30a7, 0x30a9, 0x30c3, 0x30e3, 0x30e5, 0x30e7, 0x30ee, 0x30f5,
    0x30f6, 0x30fb, 0x30fc, 0x30fd, 0x30fe, 0xff01, 0xff09, 0xff0c, 0xff0e,
    0xff1a, 0xff1b, 0xff1f, 0xff3d, 0xff5d,
};

/* Must not end a line: opening punctuation. */
static const uint32_t no_end[] = {
    '(',    '[',    '{',    0x3008, 0x300a, 0x300c, 0x300e,
    0x3010, 0x3014, 0x3016, 0x3018, 0xff08, 0xff3b, 0xff5b,
};

unsigned hb_width_char(uint32_t cp)
{
    if (cp < 0x300)
        return 1;
    if (in_table(zero, HB_ARRAY_LEN(zero), cp))
        return 0;
    return in_table(wide, HB_ARRAY_LEN(wide), cp) ? 2 : 1;
}

unsigned hb_width(const char *p, size_t n)
{
    unsigned width = 0;

    for (size_t at = 0, len; at < n; at += len)
        width += hb_width_char(char_at(p + at, n - at, &len));
    return width;
}

size_t hb_width_line(const char *p, size_t n, unsigned width, size_t *ret_skip)
{
    unsigned column = 0;
    size_t good = 0, at = 0, end, blanks; /* GOOD: last place to break */
    uint32_t before = 0;

    while (at < n) {
        size_t len;
        uint32_t cp = char_at(p + at, n - at, &len);
        unsigned w = hb_width_char(cp);

        if (at > 0 && may_break(before, cp))
            good = at;
        /* A blank may hang over the edge: it is dropped there. */
        if (at > 0 && column + w > width && cp != ' ')
            break;
        column += w;
        before = cp;
        at += len;
    }
    end = at == n || good == 0 ? at : good;
    blanks = end;
    while (blanks < n && p[blanks] == ' ')
        blanks++;
    *ret_skip = blanks - end;
    while (end > 0 && p[end - 1] == ' ') {
        end--;
        ++*ret_skip;
    }
    /* Nothing but blanks: they are the line. */
    if (end == 0) {
        end = *ret_skip;
        *ret_skip = 0;
    }
    return end;
}

static bool in_table(const struct range *t, size_t n, uint32_t cp)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (cp > t[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && cp >= t[low].first;
}

/* The character at P, and U+FFFD for a byte that is none. */
static uint32_t char_at(const char *p, size_t n, size_t *ret_len)
{
    uint32_t cp = 0xfffd;
    size_t len = hb_utf8_get(p, n, &cp);

    *ret_len = len > 0 ? len : 1;
    return cp;
}

static bool among(const uint32_t *list, size_t n, uint32_t cp)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == cp)
            return true;
    }
    return false;
}

/* Whether a line may end between the two characters. */
static bool may_break(uint32_t before, uint32_t after)
{
    if (after == ' ' || hb_width_char(after) == 0)
        return false;
    if (among(no_start, HB_ARRAY_LEN(no_start), after) ||
        among(no_end, HB_ARRAY_LEN(no_end), before))
        return false;
    if (before == ' ' || before == '/')
        return true;
    return hb_width_char(before) == 2 || hb_width_char(after) == 2;
}

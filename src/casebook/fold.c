/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fold.c - folds text for comparison; see fold.h.
 *
 * Runs wherever a report is read; the text is a stranger's.  Each pass works
 * in place on code points and only ever makes the text shorter.
 */
#include "base/utf8.h"
#include "casebook/fold.h"

#define LONG_MARK  0x30fcu
#define APOSTROPHE 0x27u

static size_t decode(struct hb_slice text, uint32_t *cp);
static uint32_t common_form(uint32_t c);
static uint32_t joined(uint32_t base, uint32_t mark);
static size_t drop_apostrophes(uint32_t *cp, size_t n);
static void simplify(uint32_t *cp, size_t n);
static size_t drop_long_marks(uint32_t *cp, size_t n);
static size_t encode(const uint32_t *cp, size_t n, char *out);
static bool latin(uint32_t c);
static bool katakana(uint32_t c);
static bool part_of_word(uint32_t c);
static bool one_of(uint32_t c, const uint32_t *list, size_t n);

/* U+FF61..FF9F in the common form. */
static const uint16_t half_width[] = {
    0x3002, 0x300c, 0x300d, 0x3001, 0x30fb, 0x30f2, 0x30a1, 0x30a3, 0x30a5,
    0x30a7, 0x30a9, 0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4,
    0x30a6, 0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5,
    0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1, 0x30c4, 0x30c6, 0x30c8,
    0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5, 0x30d8,
    0x30db, 0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8,
    0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3, 0x309b, 0x309c};

/* Brackets and quotes: 「」『』【】〈〉《》［］〔〕 and curly ones. */
static const uint32_t brackets[] = {
    0x22,   0x2018, 0x201c, 0x201d, 0x3008, 0x3009, 0x300a, 0x300b,
    0x300c, 0x300d, 0x300e, 0x300f, 0x3010, 0x3011, 0x3014, 0x3015};

/* Voiced and half voiced sound marks, joining or alone. */
static const uint32_t voiced[] = {0x309b, 0x3099};
static const uint32_t marks[] = {0x309b, 0x3099, 0x309c, 0x309a};

size_t hb_fold(struct hb_slice text, uint32_t *work, char *out)
{
    size_t n = decode(text, work);

    n = drop_apostrophes(work, n);
    simplify(work, n);
    n = drop_long_marks(work, n);
    return encode(work, n, out);
}

bool hb_fold_latin(char c)
{
    return latin((unsigned char)c);
}

/* Code points in their common form, without brackets. */
static size_t decode(struct hb_slice text, uint32_t *cp)
{
    size_t n = 0;

    for (size_t at = 0; at < text.n;) {
        uint32_t c = ' ';
        size_t len = hb_utf8_get(text.p + at, text.n - at, &c);

        at += len > 0 ? len : 1;
        c = common_form(c);
        if (one_of(c, marks, HB_ARRAY_LEN(marks))) {
            if (n > 0)
                cp[n - 1] = joined(cp[n - 1], c);
        } else if (!one_of(c, brackets, HB_ARRAY_LEN(brackets))) {
            cp[n++] = c;
        }
    }
    return n;
}

static uint32_t common_form(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        return c - 0xfee0;
    if (c >= 0xff61 && c <= 0xff9f)
        return half_width[c - 0xff61];
    if (c == 0x3000 || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c < 0x20)
        return ' ';
    if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212)
        return '-';
    if (c == 0x2019 || c == 0xb4 || c == 0x60)
        return APOSTROPHE;
    return c;
}

/* The kana that BASE and MARK make; BASE alone where they make none. */
static uint32_t joined(uint32_t base, uint32_t mark)
{
    uint32_t hira = base >= 0x30a1 ? base - 0x60 : base;
    bool v = one_of(mark, voiced, HB_ARRAY_LEN(voiced));

    if (v && base == 0x30a6)
        return 0x30f4;
    /* The h row has both forms behind it, the k, s and t rows one. */
    if (hira >= 0x306f && hira <= 0x307b && (hira - 0x306f) % 3 == 0)
        return base + (v ? 1 : 2);
    if (!v)
        return base;
    if (hira >= 0x304b && hira <= 0x3062)
        return hira % 2 == 1 ? base + 1 : base;
    if (hira == 0x3064 || hira == 0x3066 || hira == 0x3068)
        return base + 1;
    return base;
}

/* "can't" is cant, "shop's" is shop. */
static size_t drop_apostrophes(uint32_t *cp, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        if (cp[i] != APOSTROPHE)
            cp[k++] = cp[i];
        else if (i + 1 < n && (cp[i + 1] | 0x20) == 's' &&
                 (i + 2 >= n || !latin(cp[i + 2])))
            i++;
    }
    return k;
}

static void simplify(uint32_t *cp, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t c = cp[i];

        if (c >= 'A' && c <= 'Z')
            cp[i] = c | 0x20;
        else if (c == '.' && i + 1 < n && latin(cp[i + 1]))
            cp[i] = c;
        else if (c < 0x80 && !latin(c))
            cp[i] = ' ';
        else if (c >= 0x30a1 && c <= 0x30a9 && c % 2 == 1)
            cp[i] = c + 1; /* ウィルス, ウイルス */
    }
}

static size_t drop_long_marks(uint32_t *cp, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        bool end = i + 1 >= n || !part_of_word(cp[i + 1]);

        /* Not of the shortest words: キー is no キ. */
        if (cp[i] != LONG_MARK || !end || k < 2 || !katakana(cp[k - 1]) ||
            !part_of_word(cp[k - 2]))
            cp[k++] = cp[i];
    }
    return k;
}

static size_t encode(const uint32_t *cp, size_t n, char *out)
{
    size_t k = 0;
    bool blank = false, wide = true; /* nothing yet: no blank either */

    for (size_t i = 0; i < n; i++) {
        if (cp[i] == ' ') {
            blank = true;
            continue;
        }
        if (blank && !wide && cp[i] < 0x80)
            out[k++] = ' ';
        blank = false;
        wide = cp[i] >= 0x80;
        k += hb_utf8_put(out + k, cp[i]);
    }
    return k;
}

static bool latin(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

static bool katakana(uint32_t c)
{
    return c >= 0x30a1 && c <= 0x30fa;
}

static bool part_of_word(uint32_t c)
{
    return katakana(c) || c == LONG_MARK;
}

static bool one_of(uint32_t c, const uint32_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] == c)
            return true;
    }
    return false;
}

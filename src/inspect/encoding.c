/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoding.c - see encoding.h.
 *
 * Runs wherever foreign files are looked at.  Nothing of the input is
 * trusted: each reader is told how many bytes are there and takes at least
 * one, so that any input ends.
 */
#include "base/utf8.h"
#include "inspect/encoding.h"

#define BAD     0xfffdu
#define NOTHING UINT32_MAX /* an escape sequence, a byte order mark */

/* How well bytes are read as an encoding. */
struct fit {
    size_t bad;   /* bytes that it does not have */
    size_t usual; /* characters that texts are made of */
};

static size_t one(struct hb_decode *d, const uint8_t *p, size_t n,
                  uint32_t *ret);
static size_t one_utf8(const uint8_t *p, size_t n, uint32_t *ret);
static size_t one_cp932(const uint8_t *p, size_t n, uint32_t *ret);
static size_t one_euc(const uint8_t *p, size_t n, uint32_t *ret);
static size_t one_iso(struct hb_decode *d, const uint8_t *p, size_t n,
                      uint32_t *ret);
static size_t one_16(const uint8_t *p, size_t n, bool big, uint32_t *ret);
static uint32_t jis(unsigned row, unsigned cell);
static enum hb_encoding guess_16(const uint8_t *p, size_t n, bool *ret_zero);
static enum hb_encoding guess_8(const uint8_t *p, size_t n);
static bool single_shifts_only(const uint8_t *p, size_t n);
static bool half_kana_only(const uint8_t *p, size_t n);
static struct fit fit_utf8(const uint8_t *p, size_t n);
static struct fit fit_cp932(const uint8_t *p, size_t n);
static struct fit fit_euc(const uint8_t *p, size_t n);

const char *hb_encoding_name(enum hb_encoding e)
{
    static const char *const names[] = {
        "unknown", "ascii",       "utf-8",    "utf-8-sig", "cp932",
        "euc-jp",  "iso-2022-jp", "utf-16le", "utf-16be",
    };

    return names[e];
}

bool hb_encoding_plain(enum hb_encoding e)
{
    return e == HB_ENC_UNKNOWN || e == HB_ENC_ASCII || e == HB_ENC_UTF8 ||
           e == HB_ENC_UTF8_BOM;
}

enum hb_encoding hb_encoding_guess(struct hb_slice head)
{
    const uint8_t *p = (const uint8_t *)head.p;
    size_t n = HB_MIN(head.n, HB_ENC_WINDOW);
    enum hb_encoding wide;
    bool high = false, escape = false, zero;

    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
        return HB_ENC_UTF8_BOM;
    if (n >= 2 && p[0] == 0xff && p[1] == 0xfe)
        return HB_ENC_UTF16LE;
    if (n >= 2 && p[0] == 0xfe && p[1] == 0xff)
        return HB_ENC_UTF16BE;
    wide = guess_16(p, n, &zero);
    if (wide != HB_ENC_UNKNOWN || zero)
        return wide;
    for (size_t i = 0; i < n; i++) {
        high = high || p[i] >= 0x80;
        escape = escape ||
                 (p[i] == 0x1b && i + 2 < n &&
                  (p[i + 1] == '$' || (p[i + 1] == '(' && p[i + 2] != 'B')));
    }
    if (!high)
        return escape ? HB_ENC_ISO_2022_JP : HB_ENC_ASCII;
    return guess_8(p, n);
}

size_t hb_decode(struct hb_decode *d, struct hb_slice in, bool last, char *dst,
                 size_t cap, size_t *ret_n)
{
    const uint8_t *p = (const uint8_t *)in.p;
    bool wide = d->encoding == HB_ENC_UTF16LE || d->encoding == HB_ENC_UTF16BE;
    size_t at = 0, made = 0;

    while (at < in.n && cap - made >= 4) {
        uint32_t cp = 0;
        size_t step;

        if (p[at] < 0x80 && !wide && d->set == HB_SET_ASCII && p[at] != 0x1b) {
            dst[made++] = (char)p[at++];
            continue;
        }
        step = one(d, p + at, in.n - at, &cp);
        if (step == 0 && !last)
            break;
        if (step == 0) {
            step = 1;
            cp = BAD;
        }
        at += step;
        if (cp != NOTHING)
            made += hb_utf8_put(dst + made, cp);
    }
    *ret_n = made;
    return at;
}

/* Bytes of the character at P; 0: more are needed. */
static size_t one(struct hb_decode *d, const uint8_t *p, size_t n,
                  uint32_t *ret)
{
    *ret = p[0];
    switch (d->encoding) {
    case HB_ENC_CP932:
        return one_cp932(p, n, ret);
    case HB_ENC_EUC_JP:
        return one_euc(p, n, ret);
    case HB_ENC_ISO_2022_JP:
        return one_iso(d, p, n, ret);
    case HB_ENC_UTF16LE:
        return one_16(p, n, false, ret);
    case HB_ENC_UTF16BE:
        return one_16(p, n, true, ret);
    case HB_ENC_UNKNOWN:
    case HB_ENC_ASCII:
    case HB_ENC_UTF8:
    case HB_ENC_UTF8_BOM:
        break;
    }
    return one_utf8(p, n, ret);
}

static size_t one_utf8(const uint8_t *p, size_t n, uint32_t *ret)
{
    size_t step = hb_utf8_get((const char *)p, n, ret), want;

    if (step > 0) {
        if (*ret == 0xfeff)
            *ret = NOTHING;
        return step;
    }
    *ret = BAD;
    want = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 1;
    for (size_t i = 1; i < HB_MIN(n, want); i++)
        if ((p[i] & 0xc0) != 0x80)
            return 1;
    return n < want && p[0] < 0xf5 ? 0 : 1;
}

static size_t one_cp932(const uint8_t *p, size_t n, uint32_t *ret)
{
    unsigned lead, cell;
    bool second;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xa1 && p[0] <= 0xdf) {
        *ret = p[0] - 0xa1u + 0xff61u;
        return 1;
    }
    *ret = BAD;
    if (p[0] == 0x80 || p[0] == 0xa0 || p[0] > 0xfc)
        return 1;
    if (n < 2)
        return 0;
    /* A line break or a quote behind half a character is kept. */
    if (p[1] < 0x40 || p[1] == 0x7f || p[1] > 0xfc)
        return 1;
    lead = p[0] - (p[0] < 0xa0 ? 0x81u : 0xc1u);
    second = p[1] >= 0x9f;
    cell = second ? p[1] - 0x9fu : p[1] - (p[1] < 0x7f ? 0x40u : 0x41u);
    *ret = jis(lead * 2 + second, cell);
    return 2;
}

static size_t one_euc(const uint8_t *p, size_t n, uint32_t *ret)
{
    if (p[0] < 0x80)
        return 1;
    *ret = BAD;
    if (p[0] != 0x8e && p[0] != 0x8f && (p[0] < 0xa1 || p[0] == 0xff))
        return 1;
    if (n < 2)
        return 0;
    if (p[1] < 0xa1 || p[1] == 0xff)
        return 1;
    if (p[0] == 0x8f) /* JIS X 0212: CP51932 does not have it */
        return n < 3 ? 0 : p[2] >= 0xa1 && p[2] < 0xff ? 3 : 1;
    if (p[0] == 0x8e && p[1] <= 0xdf)
        *ret = p[1] - 0xa1u + 0xff61u;
    else if (p[0] != 0x8e)
        *ret = jis(p[0] - 0xa1u, p[1] - 0xa1u);
    return 2;
}

static size_t one_iso(struct hb_decode *d, const uint8_t *p, size_t n,
                      uint32_t *ret)
{
    if (p[0] == 0x1b) {
        if (n < 3)
            return 0;
        if (p[1] != '$' && p[1] != '(')
            return 1;
        *ret = NOTHING;
        d->set = p[1] == '$'   ? HB_SET_JIS
                 : p[2] == 'I' ? HB_SET_KANA
                               : HB_SET_ASCII;
        return 3;
    }
    if (p[0] == '\n' || p[0] == '\r')
        d->set = HB_SET_ASCII; /* RFC 1468: a line begins anew */
    if (d->set == HB_SET_ASCII || p[0] < 0x21 || p[0] == 0x7f) {
        if (p[0] >= 0x80)
            *ret = BAD;
        return 1;
    }
    *ret = BAD;
    if (d->set == HB_SET_KANA) {
        if (p[0] < 0x60)
            *ret = p[0] - 0x21u + 0xff61u;
        return 1;
    }
    if (n < 2)
        return 0;
    if (p[0] >= 0x80 || p[1] < 0x21 || p[1] > 0x7e)
        return 1;
    *ret = jis(p[0] - 0x21u, p[1] - 0x21u);
    return 2;
}

static size_t one_16(const uint8_t *p, size_t n, bool big, uint32_t *ret)
{
    uint32_t a, b;

    if (n < 2)
        return 0;
    a = big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
    *ret = a == 0xfeff ? NOTHING : a;
    if (a < 0xd800 || a > 0xdfff)
        return 2;
    if (n < 4 && a < 0xdc00)
        return 0;
    b = n < 4 ? 0
        : big ? (uint32_t)p[2] << 8 | p[3]
              : (uint32_t)p[3] << 8 | p[2];
    if (a > 0xdbff || b < 0xdc00 || b > 0xdfff) {
        *ret = BAD;
        return 2;
    }
    *ret = 0x10000 + ((a - 0xd800) << 10) + (b - 0xdc00);
    return 4;
}

static uint32_t jis(unsigned row, unsigned cell)
{
    uint32_t cp =
        row < HB_JIS_ROWS && cell < HB_JIS_CELLS ? hb_jis[row][cell] : 0;

    return cp != 0 ? cp : BAD;
}

/* Without a byte order mark: the zeros of ASCII, line breaks at least, all
 * stand on one side. */
static enum hb_encoding guess_16(const uint8_t *p, size_t n, bool *ret_zero)
{
    size_t zero[2] = {0, 0};

    for (size_t i = 0; i < n; i++)
        zero[i & 1] += p[i] == 0;
    *ret_zero = zero[0] + zero[1] > 0;
    if (zero[1] > n / 50 && zero[0] <= zero[1] / 8)
        return HB_ENC_UTF16LE;
    if (zero[0] > n / 50 && zero[1] <= zero[0] / 8)
        return HB_ENC_UTF16BE;
    return HB_ENC_UNKNOWN;
}

static enum hb_encoding guess_8(const uint8_t *p, size_t n)
{
    struct fit u = fit_utf8(p, n), c, e;

    if (u.bad == 0)
        return HB_ENC_UTF8;
    c = fit_cp932(p, n);
    e = fit_euc(p, n);
    if (u.bad <= HB_MIN(c.bad, e.bad))
        return HB_ENC_UTF8;
    if (c.bad != e.bad)
        return c.bad < e.bad ? HB_ENC_CP932 : HB_ENC_EUC_JP;
    if (single_shifts_only(p, n))
        return HB_ENC_EUC_JP;
    return e.usual > c.usual && !half_kana_only(p, n) ? HB_ENC_EUC_JP
                                                      : HB_ENC_CP932;
}

/* Half-width kana of EUC-JP alone: each behind a byte that would begin kanji
 * in CP932. */
static bool single_shifts_only(const uint8_t *p, size_t n)
{
    size_t pairs = 0;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80)
            continue;
        if (p[i] != 0x8e || i + 1 == n || p[i + 1] < 0xa1 || p[i + 1] > 0xdf)
            return false;
        pairs++;
        i++;
    }
    return pairs >= 4;
}

/* Half-width kana of CP932 are pairs of kanji in EUC-JP.  Words of kanji have
 * an even number of bytes, and nearly all begin in the first level's rows. */
static bool half_kana_only(const uint8_t *p, size_t n)
{
    size_t run = 0;
    bool strange = false;

    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80) {
            strange = strange || run % 2 == 1;
            run = 0;
            continue;
        }
        if (p[i] < 0xa6 || p[i] > 0xdf)
            return false;
        if (run++ % 2 == 0)
            strange = strange || p[i] < 0xb0 || p[i] > 0xcf;
    }
    return strange || run % 2 == 1;
}

/* Punctuation, kana and kanji of the first level. */
static bool usual(unsigned row)
{
    return row == 0 || row == 3 || row == 4 || (row >= 15 && row <= 46);
}

static struct fit fit_utf8(const uint8_t *p, size_t n)
{
    struct fit f = {0};

    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t step = one_utf8(p + i, n - i, &cp);

        if (step == 0)
            break; /* the window cut it */
        f.bad += cp == BAD;
        i += step;
    }
    return f;
}

static struct fit fit_cp932(const uint8_t *p, size_t n)
{
    struct fit f = {0};

    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t step = one_cp932(p + i, n - i, &cp);

        if (step == 0)
            break;
        f.bad += cp == BAD;
        if (step == 2 && cp != BAD)
            f.usual += usual((p[i] - (p[i] < 0xa0 ? 0x81u : 0xc1u)) * 2 +
                             (p[i + 1] >= 0x9f));
        i += step;
    }
    return f;
}

static struct fit fit_euc(const uint8_t *p, size_t n)
{
    struct fit f = {0};

    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t step = one_euc(p + i, n - i, &cp);

        if (step == 0)
            break;
        f.bad += cp == BAD;
        if (step == 2 && cp != BAD && p[i] != 0x8e)
            f.usual += usual(p[i] - 0xa1u);
        i += step;
    }
    return f;
}

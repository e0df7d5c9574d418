/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letters.c - see letters.h.
 *
 * The one pass that touches every byte of a file: plain ASCII, kana and kanji
 * go through a short loop, everything else through tables and fold().
 */
#include <endian.h>

#include "base/utf8.h"
#include "inspect/letters.h"

#define TAG_MAX 512u /* bytes of a tag; what is longer is text */

enum special { PLAIN, DIGIT, COUNTED, BLANK, ESCAPE, ENTITY, TAG, OTHER };

static size_t add_ascii(struct hb_letters *l, const uint8_t *p, size_t n,
                        uint32_t base);
static size_t add_kana(struct hb_letters *l, const uint8_t *p, size_t n,
                       uint32_t base);
static size_t add_special(struct hb_letters *l, const char *p, size_t n,
                          size_t at);
static size_t add_other(struct hb_letters *l, const char *p, size_t n,
                        size_t at);
static inline void put(struct hb_letters *l, uint32_t cp, size_t at);
static void put_folded(struct hb_letters *l, uint32_t cp, size_t at);
static uint32_t fold(uint32_t cp);
static size_t escape(const char *p, size_t n, uint32_t *ret);
static size_t entity(const char *p, size_t n, uint32_t *ret);
static size_t tag(struct hb_letters *l, const char *p, size_t n, size_t at);
static void long_marks(struct hb_letters *l, size_t from);

static const uint8_t special[256] = {
    [0] = BLANK,     ['\r'] = BLANK,  ['\\'] = ESCAPE,
    ['&'] = ENTITY,  ['<'] = TAG,     ['\t'] = COUNTED,
    ['|'] = COUNTED, [','] = COUNTED, [';'] = COUNTED,
    ['"'] = COUNTED, ['0'] = DIGIT,   ['1'] = DIGIT,
    ['2'] = DIGIT,   ['3'] = DIGIT,   ['4'] = DIGIT,
    ['5'] = DIGIT,   ['6'] = DIGIT,   ['7'] = DIGIT,
    ['8'] = DIGIT,   ['9'] = DIGIT,   [0x80 ... 0xff] = OTHER,
};

int hb_letters_init(struct hb_letters *l)
{
    *l = (struct hb_letters){0};
    l->cp = calloc(HB_LETTERS + 1, sizeof(l->cp[0]));
    l->at = calloc(HB_LETTERS + 1, sizeof(l->at[0]));
    if (l->cp == NULL || l->at == NULL) {
        hb_letters_done(l);
        return -ENOMEM;
    }
    return 0;
}

void hb_letters_done(struct hb_letters *l)
{
    free(l->cp);
    free(l->at);
    *l = (struct hb_letters){0};
}

void hb_letters_reset(struct hb_letters *l)
{
    uint32_t *cp = l->cp, *at = l->at;

    *l = (struct hb_letters){.cp = cp, .at = at};
    cp[0] = 0;
}

size_t hb_letters_add(struct hb_letters *l, struct hb_slice line, uint32_t base)
{
    const uint8_t *p = (const uint8_t *)line.p;
    size_t i = 0, from = l->n;

    while (i < line.n && l->n < HB_LETTERS) {
        i += add_ascii(l, p + i, line.n - i, base + (uint32_t)i);
        i += add_kana(l, p + i, line.n - i, base + (uint32_t)i);
        if (i == line.n || l->n == HB_LETTERS)
            break;
        if (p[i] < 0x80)
            i += add_special(l, line.p + i, line.n - i, base + i);
        else
            i += add_other(l, line.p + i, line.n - i, base + i);
    }
    l->cp[l->n] = 0;
    if (l->digit && l->n - from < i)
        long_marks(l, from);
    return i;
}

/* A run of ASCII that stands for itself. */
static size_t add_ascii(struct hb_letters *l, const uint8_t *p, size_t n,
                        uint32_t base)
{
    size_t room = HB_MIN(n, HB_LETTERS - l->n), k = 0;
    uint32_t *cp = l->cp + l->n, *at = l->at + l->n;
    unsigned digit = 0;

    for (; k < room && special[p[k]] <= DIGIT; k++) {
        digit |= special[p[k]];
        cp[k] = p[k];
        at[k] = base + (uint32_t)k;
    }
    l->n += k;
    l->digit = l->digit || digit != 0;
    return k;
}

/* A run of kana, kanji and their punctuation, nearly all of the rest. */
static size_t add_kana(struct hb_letters *l, const uint8_t *p, size_t n,
                       uint32_t base)
{
    size_t room = HB_MIN(n / 3, HB_LETTERS - l->n), k = 0;
    uint32_t *cp = l->cp + l->n, *at = l->at + l->n;

    /* Four bytes are read at a time. */
    if (room > 0 && room * 3 == n)
        room--;
    for (; k < room; k++, p += 3) {
        uint32_t four, c;

        memcpy(&four, p, sizeof(four));
        four = le32toh(four);
        c = (four & 15) << 12 | (four >> 2 & 0xfc0) | (four >> 16 & 63);
        /* 1110.... 10...... 10......, U+3000 to U+9FFF */
        if ((four & 0xc0c0f0) != 0x8080e0 || c - 0x3000 >= 0x7000 ||
            c - 0x3099 < 2)
            break;
        cp[k] = c;
        at[k] = base + (uint32_t)k * 3;
    }
    l->n += k;
    return k * 3;
}

/* A letter of ASCII that is counted or begins something. */
static size_t add_special(struct hb_letters *l, const char *p, size_t n,
                          size_t at)
{
    uint32_t cp = (uint8_t)p[0];
    size_t step = 1;

    switch (special[cp]) {
    case COUNTED:
        l->tabs += cp == '\t';
        l->pipes += cp == '|';
        l->commas += cp == ',';
        l->semicolons += cp == ';';
        l->quotes += cp == '"';
        break;
    case BLANK:
        cp = ' ';
        break;
    case ESCAPE:
        step = escape(p, n, &cp);
        l->quotes += cp == '"';
        break;
    case ENTITY:
        step = entity(p, n, &cp);
        break;
    case TAG:
        step = tag(l, p, n, at);
        if (step > 1)
            return step;
        break;
    default:
        break;
    }
    if (cp < 0x80)
        put(l, cp, at);
    else
        put_folded(l, cp, at);
    return step;
}

static size_t add_other(struct hb_letters *l, const char *p, size_t n,
                        size_t at)
{
    uint32_t cp;
    size_t step = hb_utf8_get(p, n, &cp);

    if (step == 0) {
        step = 1;
        cp = 0xfffd;
    }
    put_folded(l, cp, at);
    return step;
}

size_t hb_letters_begin(const uint32_t *cp, const char *z)
{
    return hb_letters_begin_n(cp, HB_LETTERS, z, strlen(z));
}

size_t hb_letters_begin_n(const uint32_t *cp, size_t n, const char *z,
                          size_t len)
{
    size_t at = 0;

    while (len > 0) {
        uint32_t c;
        size_t step = hb_utf8_get(z, len, &c);

        if (step == 0 || at == n || cp[at] != c)
            return 0;
        at++;
        z += step;
        len -= step;
    }
    return at;
}

static inline void put(struct hb_letters *l, uint32_t cp, size_t at)
{
    if (l->n == HB_LETTERS)
        return;
    l->cp[l->n] = cp;
    l->at[l->n++] = (uint32_t)at;
}

/* Voiced half-width kana are two letters; invisible ones are none. */
static void put_folded(struct hb_letters *l, uint32_t cp, size_t at)
{
    if ((cp == 0xff9e || cp == 0x3099) && l->n > 0) {
        uint32_t *c = &l->cp[l->n - 1];

        if (*c == 0x30a6)
            *c = 0x30f4;
        else if (hb_is_katakana(*c) || hb_is_hiragana(*c))
            *c += 1;
        return;
    }
    if ((cp == 0xff9f || cp == 0x309a) && l->n > 0) {
        uint32_t *c = &l->cp[l->n - 1];

        if (hb_is_katakana(*c) || hb_is_hiragana(*c))
            *c += 2;
        return;
    }
    if ((cp >= 0x200b && cp <= 0x200f) || cp == 0x2060 || cp == 0xfeff ||
        (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef))
        return;
    cp = fold(cp);
    l->digit = l->digit || hb_is_digit(cp);
    put(l, cp, at);
}

static uint32_t fold(uint32_t cp)
{
    static const uint16_t kana[] = {
        0x3002, 0x300c, 0x300d, 0x3001, 0x30fb, 0x30f2, 0x30a1, 0x30a3, 0x30a5,
        0x30a7, 0x30a9, 0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc, 0x30a2, 0x30a4,
        0x30a6, 0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5,
        0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf, 0x30c1, 0x30c4, 0x30c6, 0x30c8,
        0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5, 0x30d8,
        0x30db, 0x30de, 0x30df, 0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8,
        0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3,
    };

    if (cp >= 0x3040 && cp < 0xfe00)
        return cp;
    if (cp >= 0xff01 && cp <= 0xff5e)
        return cp - 0xfee0;
    if (cp >= 0xff61 && cp <= 0xff9d)
        return kana[cp - 0xff61];
    if ((cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212)
        return '-';
    if (cp == 0xa0 || (cp >= 0x2000 && cp <= 0x200a) || cp == 0x202f)
        return ' ';
    if (cp == 0x22ef || cp == 0x2500)
        return '-';
    if (cp == 0x2018 || cp == 0x2019)
        return '\'';
    if (cp == 0x201c || cp == 0x201d)
        return '"';
    return cp;
}

/* \uXXXX of JSON and JavaScript. */
static size_t escape(const char *p, size_t n, uint32_t *ret)
{
    uint32_t cp = 0;

    if (n < 2)
        return 1;
    if (p[1] == 't' || p[1] == 'n' || p[1] == 'r') {
        /* In a path "\name" is no line break: only before no letter. */
        if (n > 2 && hb_is_alpha((uint8_t)p[2]))
            return 1;
        *ret = ' ';
        return 2;
    }
    if (p[1] == '/' || p[1] == '"') {
        *ret = (uint8_t)p[1];
        return 2;
    }
    if (n < 6 || p[1] != 'u')
        return 1;
    for (size_t i = 2; i < 6; i++) {
        uint32_t c = (uint8_t)p[i];

        if (hb_is_digit(c))
            cp = cp << 4 | (c - '0');
        else if ((c | 0x20) - 'a' < 6)
            cp = cp << 4 | ((c | 0x20) - 'a' + 10);
        else
            return 1;
    }
    *ret = cp == 0 ? ' ' : cp >= 0xd800 && cp < 0xe000 ? 0xfffd : cp;
    return 6;
}

static size_t entity(const char *p, size_t n, uint32_t *ret)
{
    static const struct {
        struct hb_slice name;
        uint32_t cp;
    } named[] = {
        {HB_SLICE("&amp;"), '&'},    {HB_SLICE("&lt;"), '<'},
        {HB_SLICE("&gt;"), '>'},     {HB_SLICE("&quot;"), '"'},
        {HB_SLICE("&nbsp;"), ' '},   {HB_SLICE("&apos;"), '\''},
        {HB_SLICE("&commat;"), '@'},
    };
    bool hex = n > 3 && p[1] == '#' && (p[2] | 0x20) == 'x';
    uint32_t cp = 0;
    size_t i = hex ? 3 : 2;

    for (size_t k = 0; k < HB_ARRAY_LEN(named); k++)
        if (n >= named[k].name.n &&
            memcmp(p, named[k].name.p, named[k].name.n) == 0) {
            /* "<" again would begin a tag; a blank is as good. */
            *ret = named[k].cp == '<' ? ' ' : named[k].cp;
            return named[k].name.n;
        }
    if (n < 4 || p[1] != '#')
        return 1;
    for (; i < n && i < 10 && p[i] != ';'; i++) {
        uint32_t c = (uint8_t)p[i];

        if (hb_is_digit(c))
            cp = cp * (hex ? 16 : 10) + (c - '0');
        else if (hex && (c | 0x20) - 'a' < 6)
            cp = cp * 16 + ((c | 0x20) - 'a' + 10);
        else
            return 1;
    }
    if (i >= n || p[i] != ';' || cp < ' ' || cp > 0x10ffff ||
        (cp >= 0xd800 && cp < 0xe000))
        return 1;
    *ret = cp == '<' ? ' ' : cp;
    return i + 1;
}

static bool tag_is(const char *name, size_t n, const char *want)
{
    return strlen(want) == n && memcmp(name, want, n) == 0;
}

/* <name>...</name> of XML is "name: ..."; so is <dt>...</dt><dd>. */
static void label_tag(struct hb_letters *l, const char *low, size_t n, bool end,
                      size_t at)
{
    static const char *const plain[] = {
        "div",   "p",       "br",      "hr",   "li",     "ul",     "ol",
        "dl",    "dt",      "h1",      "h2",   "h3",     "h4",     "h5",
        "table", "thead",   "body",    "html", "tbody",  "head",   "pre",
        "code",  "section", "article", "main", "u",      "i",      "font",
        "small", "label",   "form",    "nav",  "header", "footer", "tfoot",
    };

    if (tag_is(low, n, "dd") && !end) {
        put(l, ':', at);
        return;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(plain); i++)
        if (end || tag_is(low, n, plain[i]))
            return;
    for (size_t i = 0; i < n; i++)
        put(l, (uint8_t)low[i], at);
    put(l, ':', at);
}

/* Bytes that a tag of HTML takes, 1 where "<" is no tag.  What stands in
 * attributes of links and fields is text. */
static size_t tag(struct hb_letters *l, const char *p, size_t n, size_t at)
{
    bool end = n > 1 && p[1] == '/';
    const char *name = p + 1 + end, *close;
    char low[12];
    size_t k = 0, room = n - 1 - end;

    while (k < room && k < sizeof(low) &&
           (hb_is_alpha((uint8_t)name[k]) || hb_is_digit((uint8_t)name[k]))) {
        low[k] = (char)(name[k] | 0x20);
        k++;
    }
    if (k == 0 || k == room || k == sizeof(low) ||
        !hb_is_alpha((uint8_t)low[0]) || strchr(" \t/>", name[k]) == NULL)
        return 1;
    close = memchr(p, '>', HB_MIN(n, TAG_MAX));
    if (close == NULL)
        return 1;
    l->tags = true;
    l->table = l->table || tag_is(low, k, "table");
    if (tag_is(low, k, "tr")) {
        l->row = true;
        l->row_open = !end;
        put(l, HB_ROW_END, at);
    } else if (tag_is(low, k, "td") || tag_is(low, k, "th")) {
        l->row = true;
        if (end)
            put(l, '\t', at);
    } else if (!end && (tag_is(low, k, "a") || tag_is(low, k, "input") ||
                        tag_is(low, k, "meta"))) {
        put(l, ' ', at);
        return 1 + k; /* the attributes follow as text */
    } else if (tag_is(low, k, "b") || tag_is(low, k, "span") ||
               tag_is(low, k, "strong") || tag_is(low, k, "em")) {
        return (size_t)(close - p) + 1; /* within a word */
    } else {
        put(l, ' ', at);
        label_tag(l, low, k, end, at);
    }
    return (size_t)(close - p) + 1;
}

/* "06ー8731": people type the long mark of kana for a dash. */
static void long_marks(struct hb_letters *l, size_t from)
{
    for (size_t i = HB_MAX(from, 1); i + 1 < l->n; i++)
        if (l->cp[i] == 0x30fc && hb_is_digit(l->cp[i - 1]) &&
            hb_is_digit(l->cp[i + 1]))
            l->cp[i] = '-';
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_decode.c - transformations that undo a way of writing characters:
 * URL, JavaScript, CSS, C escapes, HTML entities; and UTF-8 to %uHHHH, which
 * makes one way of writing out of two.
 *
 * They decode like the most forgiving reader behind the site would, and a
 * malformed sequence stays as it is.
 */
#include "guard/waf/transform_edit.h"

static size_t next_url(struct hb_slice in, size_t at);
static int backslashes(struct hb_arena *a, struct hb_slice in, size_t behind,
                       size_t (*escape)(struct hb_waf_edit *e, size_t at),
                       struct hb_slice *ret);
static void octal(struct hb_waf_edit *e, size_t at, unsigned max);
static int letter_escape(char c);
static size_t css_escape(struct hb_waf_edit *e, size_t at);
static size_t escape_seq(struct hb_waf_edit *e, size_t at);
static size_t js_escape(struct hb_waf_edit *e, size_t at);
static size_t entity(struct hb_waf_edit *e, size_t at);
static size_t entity_number(struct hb_waf_edit *e, size_t at);
static size_t next_high(struct hb_slice in, size_t at);
static size_t utf8_char(struct hb_waf_edit *e, size_t at);

int hb_waf_t_url_decode(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = next_url(in, 0); i < in.n; i = next_url(in, i)) {
        if (in.p[i] == '+') {
            hb_waf_edit_putc(&e, i++, 1, ' ');
        } else if (hb_waf_hex_at(in, i + 1, 2)) {
            hb_waf_edit_putc(&e, i, 3, hb_waf_hex2(in.p + i + 1));
            i += 3;
        } else {
            i++;
        }
    }
    return hb_waf_edit_end(&e, ret);
}

int hb_waf_t_url_decode_uni(const struct hb_waf_umap *map, struct hb_arena *a,
                            struct hb_slice in, struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = next_url(in, 0); i < in.n; i = next_url(in, i)) {
        if (in.p[i] == '+') {
            hb_waf_edit_putc(&e, i++, 1, ' ');
        } else if (in.n - i >= 6 && hb_waf_lower(in.p[i + 1]) == 'u' &&
                   hb_waf_hex_at(in, i + 2, 4)) {
            int high = hb_waf_hex2(in.p + i + 2);
            int low = hb_waf_hex2(in.p + i + 4);
            int c = map == NULL
                        ? -1
                        : hb_waf_umap_get(map, (unsigned)(high << 8 | low));

            if (c < 0)
                c = hb_waf_narrow(low, in.p + i + 2);
            hb_waf_edit_putc(&e, i, 6, c);
            i += 6;
        } else if (hb_waf_hex_at(in, i + 1, 2)) {
            hb_waf_edit_putc(&e, i, 3, hb_waf_hex2(in.p + i + 1));
            i += 3;
        } else {
            i++;
        }
    }
    return hb_waf_edit_end(&e, ret);
}

/* Calls ESCAPE at each backslash that has BEHIND bytes or more behind it; it
 * says where to go on. */
static int backslashes(struct hb_arena *a, struct hb_slice in, size_t behind,
                       size_t (*escape)(struct hb_waf_edit *e, size_t at),
                       struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = hb_waf_next(in, 0, '\\'); i + behind < in.n;
         i = hb_waf_next(in, i, '\\'))
        i = escape(&e, i);
    return hb_waf_edit_end(&e, ret);
}

int hb_waf_t_js_decode(struct hb_arena *a, struct hb_slice in,
                       struct hb_slice *ret)
{
    return backslashes(a, in, 1, js_escape, ret);
}

int hb_waf_t_css_decode(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    return backslashes(a, in, 0, css_escape, ret);
}

int hb_waf_t_escape_seq_decode(struct hb_arena *a, struct hb_slice in,
                               struct hb_slice *ret)
{
    return backslashes(a, in, 1, escape_seq, ret);
}

int hb_waf_t_html_entity_decode(struct hb_arena *a, struct hb_slice in,
                                struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = hb_waf_next(in, 0, '&'); i + 1 < in.n;
         i = hb_waf_next(in, i, '&'))
        i = in.p[i + 1] == '#' ? entity_number(&e, i) : entity(&e, i);
    return hb_waf_edit_end(&e, ret);
}

int hb_waf_t_utf8_to_unicode(struct hb_arena *a, struct hb_slice in,
                             struct hb_slice *ret)
{
    struct hb_waf_edit e;
    size_t i = 0;

    /* The worst is an overlong form of two bytes: %uHHHH and one byte. */
    hb_waf_edit_init(&e, a, in, 4);
    for (i = next_high(in, i); i < in.n; i = next_high(in, i))
        i = utf8_char(&e, i);
    return hb_waf_edit_end(&e, ret);
}

/* Bit 7 of some byte is set where one of the eight in V is C (the lowest such
 * bit is right; others may follow by carry). */
static uint64_t holds(uint64_t v, char c)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = v ^ (uint8_t)c * ones;

    return (x - ones) & ~x & 0x80 * ones;
}

/* Where the next % or + stands; eight bytes at a time where it is far. */
static size_t next_url(struct hb_slice in, size_t at)
{
    uint64_t v;

    for (; in.n >= sizeof(v) && at <= in.n - sizeof(v); at += sizeof(v)) {
        memcpy(&v, in.p + at, sizeof(v));
        if ((holds(v, '%') | holds(v, '+')) != 0)
            break;
    }
    while (at < in.n && in.p[at] != '%' && in.p[at] != '+')
        at++;
    return at;
}

/* \a \b ... as C writes them; -1 for another letter. */
static int letter_escape(char c)
{
    switch (c) {
    case 'a':
        return '\a';
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'v':
        return '\v';
    default:
        return -1;
    }
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* The octal escape at AT (backslash, digit): up to three digits, and only two
 * where three would be more than MAX. */
static void octal(struct hb_waf_edit *e, size_t at, unsigned max)
{
    unsigned v = 0;
    size_t n = 0;

    while (n < 3 && at + 1 + n < e->in.n && is_octal(e->in.p[at + 1 + n])) {
        unsigned more = v * 8 + (unsigned)(e->in.p[at + 1 + n] - '0');

        if (more > max)
            break;
        v = more;
        n++;
    }
    hb_waf_edit_putc(e, at, 1 + n, (int)(v & 0xff));
}

/* The escape at AT, which is not the last byte; returns where to go on. */
static size_t js_escape(struct hb_waf_edit *e, size_t at)
{
    const char *p = e->in.p + at;
    int c;

    if (p[1] == 'u' && hb_waf_hex_at(e->in, at + 2, 4)) {
        hb_waf_edit_putc(e, at, 6, hb_waf_narrow(hb_waf_hex2(p + 4), p + 2));
    } else if (p[1] == 'x' && hb_waf_hex_at(e->in, at + 2, 2)) {
        hb_waf_edit_putc(e, at, 4, hb_waf_hex2(p + 2));
    } else if (is_octal(p[1])) {
        octal(e, at, 0xff);
    } else {
        c = letter_escape(p[1]);
        hb_waf_edit_putc(e, at, 2, c >= 0 ? c : p[1]);
    }
    return e->from;
}

/* The same for the escapes of C and of shells ($'...'). */
static size_t escape_seq(struct hb_waf_edit *e, size_t at)
{
    const char *p = e->in.p + at;
    int c;

    if ((p[1] == 'x' || p[1] == 'X') && hb_waf_hex_at(e->in, at + 2, 2)) {
        hb_waf_edit_putc(e, at, 4, hb_waf_hex2(p + 2));
    } else if (is_octal(p[1])) {
        octal(e, at, 0777);
    } else {
        c = letter_escape(p[1]);
        hb_waf_edit_putc(e, at, 2, c >= 0 ? c : p[1]);
    }
    return e->from;
}

/* CSS 2.1, 4.1.3: up to six hex digits and one white space; another character
 * stands for itself, an escaped newline for nothing. */
static size_t css_escape(struct hb_waf_edit *e, size_t at)
{
    const char *d = e->in.p + at + 1;
    size_t left = e->in.n - at - 1, n = 0, skip;
    bool wide;
    int c;

    while (n < 6 && n < left && hb_hex_digit(d[n]) >= 0)
        n++;
    if (n == 0) {
        bool gone = left == 0 || d[0] == '\n';

        hb_waf_edit_put(e, at, left == 0 ? 1 : 2, d, gone ? 0 : 1);
        return e->from;
    }
    c = n == 1 ? hb_hex_digit(d[0]) : hb_waf_hex2(d + n - 2);
    wide = n == 4 || (n == 5 && d[0] == '0') ||
           (n == 6 && d[0] == '0' && d[1] == '0');
    if (wide)
        c = hb_waf_narrow(c, d + n - 4);
    skip = 1 + n;
    if (n < left && hb_waf_space(d[n]))
        skip++;
    hb_waf_edit_putc(e, at, skip, c);
    return e->from;
}

/* &#123; &#x7b;, the semicolon being optional. */
static size_t entity_number(struct hb_waf_edit *e, size_t at)
{
    struct hb_slice in = e->in;
    size_t i = at + 2, digits;
    unsigned base = 10;
    uint64_t v = 0;
    bool past = false;

    if (i < in.n && (in.p[i] == 'x' || in.p[i] == 'X')) {
        base = 16;
        i++;
    }
    for (digits = i; i < in.n; i++) {
        int d = hb_hex_digit(in.p[i]);

        if (d < 0 || (unsigned)d >= base)
            break;
        /* A number past 2^63 is its largest value, as strtol() has it. */
        if (v > ((uint64_t)INT64_MAX - (unsigned)d) / base)
            past = true;
        v = v * base + (unsigned)d;
    }
    if (i == digits)
        return i;
    if (i < in.n && in.p[i] == ';')
        i++;
    hb_waf_edit_putc(e, at, i - at, past ? 0xff : (int)(v & 0xff));
    return i;
}

/* The five names that matter to an attack.  HTML knows 2,231. */
static size_t entity(struct hb_waf_edit *e, size_t at)
{
    static const struct {
        const char *name;
        size_t n;
        char c;
    } known[] = {
        {"quot", 4, '"'}, {"amp", 3, '&'},         {"lt", 2, '<'},
        {"gt", 2, '>'},   {"nbsp", 4, (char)0xa0},
    };
    const char *p = e->in.p + at + 1;
    size_t left = e->in.n - at - 1, n = 0;

    while (n < left && hb_waf_alnum(p[n]))
        n++;
    for (size_t k = 0; k < HB_ARRAY_LEN(known); k++) {
        size_t same = 0;

        if (known[k].n != n)
            continue;
        while (same < n && hb_waf_lower(p[same]) == known[k].name[same])
            same++;
        if (same < n)
            continue;
        if (n < left && p[n] == ';')
            n++;
        hb_waf_edit_putc(e, at, 1 + n, known[k].c);
        return at + 1 + n;
    }
    return at + 1 + n;
}

/* Where the next byte past ASCII stands. */
static size_t next_high(struct hb_slice in, size_t at)
{
    uint64_t v;

    for (; in.n >= sizeof(v) && at <= in.n - sizeof(v); at += sizeof(v)) {
        memcpy(&v, in.p + at, sizeof(v));
        if ((v & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at < in.n && (in.p[at] & 0x80) == 0)
        at++;
    return at;
}

/* Length by the first byte, 0 where it begins nothing. */
static size_t utf8_len(uint8_t c)
{
    if ((c & 0xe0) == 0xc0)
        return 2;
    if ((c & 0xf0) == 0xe0)
        return 3;
    return (c & 0xf8) == 0xf0 ? 4 : 0;
}

/* %u and at least four digits of CP, at most six; their number of bytes. */
static size_t as_uhhhh(uint32_t cp, char *text)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    text[n++] = '%';
    text[n++] = 'u';
    for (int shift = cp >= 0x100000  ? 20
                     : cp >= 0x10000 ? 16
                                     : 12;
         shift >= 0; shift -= 4)
        text[n++] = hex[cp >> shift & 15];
    return n;
}

/* One character becomes %uHHHH.  A byte that begins none stays; one that
 * begins a character which does not go on goes.  Bytes that would begin
 * something past U+10FFFF stay, whatever follows. */
static size_t utf8_char(struct hb_waf_edit *e, size_t at)
{
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t *u = (const uint8_t *)e->in.p + at;
    size_t n = utf8_len(u[0]);
    char text[16];
    uint32_t cp;
    size_t len;
    bool past;

    if (n == 0)
        return at + 1;
    past = u[0] >= 0xf5;
    cp = u[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (i == e->in.n - at || (u[i] & 0xc0) != 0x80) {
            if (!past)
                hb_waf_edit_drop(e, at, 1);
            return at + 1;
        }
        cp = cp << 6 | (u[i] & 0x3fu);
    }
    text[0] = (char)u[0];
    len = past + as_uhhhh(cp, text + past);
    if (cp < lowest[n] || (cp >= 0xd800 && cp < 0xe000))
        text[len++] = (char)u[0];
    hb_waf_edit_put(e, at, n, text, len);
    return at + n;
}

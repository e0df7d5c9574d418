/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_code.c - transformations to and from base64 (RFC 4648), hex and
 * URL encoding.
 */
#include "guard/waf/transform_edit.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int value_of(char c);
static int32_t group_of(const char *p);
static size_t base64_valid(struct hb_slice in);
static int hex_loose(const char *p);
static bool sql_hex_at(struct hb_slice in, size_t at);

int hb_waf_t_base64_encode(struct hb_arena *a, struct hb_slice in,
                           struct hb_slice *ret)
{
    const uint8_t *u = (const uint8_t *)in.p;
    char *p;
    size_t n = 0;

    if (in.n == 0) {
        *ret = in;
        return 0;
    }
    p = hb_arena_calloc(a, in.n / 3 + 1, 4);
    if (p == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)u[i] << 16 |
                     (left > 1 ? (uint32_t)u[i + 1] << 8 : 0) |
                     (left > 2 ? u[i + 2] : 0);

        p[n++] = alphabet[v >> 18];
        p[n++] = alphabet[v >> 12 & 63];
        p[n++] = left > 1 ? alphabet[v >> 6 & 63] : '=';
        p[n++] = left > 2 ? alphabet[v & 63] : '=';
    }
    *ret = (struct hb_slice){p, n};
    return 0;
}

/* The strict one: a byte that is not base64 makes the whole value nothing, a
 * NUL ends it, and what does not fill four characters at the end is left
 * out. */
int hb_waf_t_base64_decode(struct hb_arena *a, struct hb_slice in,
                           struct hb_slice *ret)
{
    size_t end = base64_valid(in), n = 0, have = 0, pad = 0;
    uint32_t v = 0;
    char *p;

    if (in.n == 0) {
        *ret = in;
        return 0;
    }
    p = hb_arena_calloc(a, end / 4 + 1, 3);
    if (p == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < end; i++) {
        int d;

        if (have == 0 && end - i >= 4 && (d = group_of(in.p + i)) >= 0) {
            p[n++] = (char)(d >> 16);
            p[n++] = (char)(d >> 8);
            p[n++] = (char)d;
            i += 3;
            continue;
        }
        d = value_of(in.p[i]);
        if (d < 0 && in.p[i] != '=')
            continue;
        pad += d < 0;
        v = v << 6 | (d < 0 ? 0 : (uint32_t)d);
        if (++have < 4)
            continue;
        have = 0;
        for (size_t k = 0; k + pad < 3; k++)
            p[n++] = (char)(v >> (16 - 8 * k));
    }
    *ret = (struct hb_slice){p, n};
    return 0;
}

/* The forgiving one: what is not base64 is passed over.  A = behind a single
 * character of a group of four makes the whole value nothing. */
int hb_waf_t_base64_decode_ext(struct hb_arena *a, struct hb_slice in,
                               struct hb_slice *ret)
{
    size_t end = hb_waf_next(in, 0, '\0'), n = 0, have = 0;
    uint32_t v = 0;
    char *p;

    if (in.n == 0) {
        *ret = in;
        return 0;
    }
    p = hb_arena_calloc(a, end / 4 + 1, 3);
    if (p == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < end; i++) {
        int d = value_of(in.p[i]);

        if (in.p[i] == '=' && have % 4 == 1 &&
            (i + 1 == end || in.p[i + 1] != '=')) {
            n = 0;
            break;
        }
        if (d < 0)
            continue;
        v = v << 6 | (uint32_t)d;
        if (++have % 4 != 1)
            p[n++] = (char)(v >> (6 - 2 * ((have + 3) % 4)));
    }
    *ret = (struct hb_slice){p, n};
    return 0;
}

int hb_waf_t_hex_encode(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    char *p;

    if (in.n == 0) {
        *ret = in;
        return 0;
    }
    if (in.n > SIZE_MAX / 2 - 1)
        return -ENOMEM;
    p = hb_arena_alloc(a, 2 * in.n + 1);
    if (p == NULL)
        return -ENOMEM;
    hb_hex(in.p, in.n, p);
    *ret = (struct hb_slice){p, 2 * in.n};
    return 0;
}

/* Two by two whatever they are; an odd one at the end is left out. */
int hb_waf_t_hex_decode(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    char *p;

    if (in.n == 0) {
        *ret = in;
        return 0;
    }
    p = hb_arena_alloc(a, in.n / 2);
    if (p == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < in.n / 2; i++)
        p[i] = (char)hex_loose(in.p + 2 * i);
    *ret = (struct hb_slice){p, in.n / 2};
    return 0;
}

/* 0x414243 as MySQL reads it. */
int hb_waf_t_sql_hex_decode(struct hb_arena *a, struct hb_slice in,
                            struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = hb_waf_next(in, 0, '0'); i < in.n;
         i = hb_waf_next(in, i, '0')) {
        if (!sql_hex_at(in, i)) {
            i++;
            continue;
        }
        hb_waf_edit_drop(&e, i, 2);
        for (i += 2; hb_waf_hex_at(in, i, 2); i += 2)
            hb_waf_edit_putc(&e, i, 2, hb_waf_hex2(in.p + i));
    }
    return hb_waf_edit_end(&e, ret);
}

int hb_waf_t_url_encode(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    static const char digits[] = "0123456789abcdef";
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 3);
    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = (uint8_t)in.p[i];
        char hex[3] = {'%', digits[c >> 4], digits[c & 15]};

        if (c == ' ')
            hb_waf_edit_putc(&e, i, 1, '+');
        else if (c != '*' && !hb_waf_alnum((char)c))
            hb_waf_edit_put(&e, i, 1, hex, sizeof(hex));
    }
    return hb_waf_edit_end(&e, ret);
}

/* 0..63, -1 where C is no base64 character. */
static int value_of(char c)
{
    /* clang-format off */
    static const uint8_t values[256] = {
        ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
        19, 20, 21, 22, 23, 24, 25, 26,
        ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
        43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
        ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
        ['+'] = 63, ['/'] = 64,
    };
    /* clang-format on */

    return (int)values[(uint8_t)c] - 1;
}

/* The three bytes that the four characters at P stand for, from the lowest
 * 24 bits up; negative where one of them is no base64 character. */
static int32_t group_of(const char *p)
{
    int32_t a = value_of(p[0]), b = value_of(p[1]), c = value_of(p[2]),
            d = value_of(p[3]);

    return (a | b | c | d) < 0 ? -1 : a << 18 | b << 12 | c << 6 | d;
}

/* Bytes up to the NUL or the end where all of them are base64 with at most
 * two = and line ends, else 0. */
static size_t base64_valid(struct hb_slice in)
{
    size_t end = hb_waf_next(in, 0, '\0'), pad = 0, i;

    for (i = 0; i < end; i++) {
        size_t spaces = i;

        if (pad == 0 && value_of(in.p[i]) >= 0)
            continue;
        while (i < end && in.p[i] == ' ')
            i++;
        spaces = i - spaces;
        if (i == end || in.p[i] == '\n' ||
            (in.p[i] == '\r' && end - i >= 2 && in.p[i + 1] == '\n'))
            continue;
        if (spaces > 0)
            return 0; /* blanks stand at the end of a line only */
        if (in.p[i] == '=') {
            if (++pad > 2)
                return 0;
        } else if (value_of(in.p[i]) < 0 || pad > 0) {
            return 0;
        }
    }
    return end;
}

/* What digits beyond 9 and F come to is what others make of them, too. */
static int hex_loose(const char *p)
{
    int v = 0;

    for (int i = 0; i < 2; i++) {
        uint8_t c = (uint8_t)p[i];

        v = v * 16 + (c >= 'A' ? (c & 0xdf) - 'A' + 10 : c - '0');
    }
    return v;
}

static bool sql_hex_at(struct hb_slice in, size_t at)
{
    return in.n - at >= 4 && (in.p[at + 1] | 0x20) == 'x' &&
           hb_waf_hex_at(in, at + 2, 2);
}

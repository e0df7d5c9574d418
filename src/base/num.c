/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num.c - numbers, sizes, durations, hex and UTF-8 out of foreign text.
 *
 * Runs in every process.  The text is hostile: only the whole slice counts,
 * no white space, no sign where none belongs, no locale, no octal.
 */
#include "base/num.h"

#include "base/clock.h"

struct unit {
    const char *suffix;
    uint64_t factor;
};

static int parse_unit(struct hb_slice s, const struct unit *units,
                      uint64_t *ret);
static size_t utf8_length(const unsigned char *p, size_t n);

static const struct unit size_units[] = {
    {"", 1},           {"k", 1ull << 10}, {"K", 1ull << 10}, {"m", 1ull << 20},
    {"M", 1ull << 20}, {"g", 1ull << 30}, {"G", 1ull << 30}, {NULL, 0},
};

static const struct unit duration_units[] = {
    {"ms", HB_MS},      {"s", HB_S},         {"m", 60 * HB_S},
    {"h", 3600 * HB_S}, {"d", 86400 * HB_S}, {NULL, 0},
};

int hb_parse_u64(struct hb_slice s, uint64_t *ret)
{
    uint64_t v = 0;
    bool over = false;

    if (s.n == 0)
        return -EINVAL;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -EINVAL;
        over |= __builtin_mul_overflow(v, 10u, &v);
        over |= __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v);
    }
    if (over)
        return -ERANGE;
    *ret = v;
    return 0;
}

int hb_parse_i64(struct hb_slice s, int64_t *ret)
{
    bool minus = s.n != 0 && s.p[0] == '-';
    uint64_t v;
    int r = hb_parse_u64(minus ? hb_slice(s.p + 1, s.n - 1) : s, &v);

    if (r < 0)
        return r;
    if (v > (uint64_t)INT64_MAX + minus)
        return -ERANGE;
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

int hb_parse_size(struct hb_slice s, uint64_t *ret)
{
    return parse_unit(s, size_units, ret);
}

int hb_parse_duration(struct hb_slice s, uint64_t *ret)
{
    return parse_unit(s, duration_units, ret);
}

int hb_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int hb_hex_byte(const char *p)
{
    int high = hb_hex_digit(p[0]);
    int low = high >= 0 ? hb_hex_digit(p[1]) : -1;

    return low >= 0 ? high << 4 | low : -1;
}

void hb_hex(const void *p, size_t n, char *dst)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++) {
        *dst++ = digits[bytes[i] >> 4];
        *dst++ = digits[bytes[i] & 15];
    }
    *dst = '\0';
}

int hb_unhex(struct hb_slice s, void *dst, size_t n)
{
    uint8_t *out = dst;

    if (n > SIZE_MAX / 2 || s.n != 2 * n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (hb_hex_byte(s.p + 2 * i) < 0)
            return -EINVAL;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)hb_hex_byte(s.p + 2 * i);
    return 0;
}

bool hb_copyz(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src);
    size_t room;

    if (size == 0)
        return false;
    room = n < size ? n : hb_utf8_cut(src, size - 1);
    memcpy(dst, src, room);
    dst[room] = '\0';
    return room == n;
}

bool hb_utf8_valid(const char *p, size_t n)
{
    size_t step;

    for (size_t at = 0; at < n; at += step) {
        step = hb_utf8_step(p + at, n - at);
        if (step == 0)
            return false;
    }
    return true;
}

size_t hb_utf8_step(const char *p, size_t n)
{
    return n == 0 ? 0 : utf8_length((const unsigned char *)p, n);
}

size_t hb_utf8_cut(const char *p, size_t n)
{
    /* Back to the last lead byte, three continuation bytes at most. */
    for (size_t back = 1; back <= 4 && back <= n; back++) {
        unsigned char c = (unsigned char)p[n - back];
        size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

        if ((c & 0xc0) != 0x80)
            return want > back ? n - back : n;
    }
    return n;
}

static int parse_unit(struct hb_slice s, const struct unit *units,
                      uint64_t *ret)
{
    size_t digits = 0;
    uint64_t v;
    int r;

    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
        digits++;
    while (units->suffix != NULL &&
           !hb_slice_eq(hb_slice_z(units->suffix),
                        hb_slice(s.p + digits, s.n - digits)))
        units++;
    if (units->suffix == NULL)
        return -EINVAL;
    r = hb_parse_u64(hb_slice(s.p, digits), &v);
    if (r < 0)
        return r;
    if (__builtin_mul_overflow(v, units->factor, &v))
        return -ERANGE;
    *ret = v;
    return 0;
}

/* Bytes of the character at P (N > 0 bytes there), 0 where it is malformed;
 * the table of RFC 3629, section 4. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t want;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    want = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n < want)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (p[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (p[0] == 0xf0)
        low = 0x90; /* overlong */
    else if (p[0] == 0xf4)
        high = 0x8f; /* above U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < want; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return want;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * operator_text.c - see operator_text.h.
 */
#include "guard/waf/operator_text.h"

#include <limits.h>

#include "base/num.h"

static int64_t number(struct hb_slice s);
static bool word_in(struct hb_slice text, struct hb_slice word);
static bool bad_url(struct hb_slice s);

static bool has(struct hb_slice text, struct hb_slice part)
{
    return part.n == 0 ||
           (text.n > 0 && memmem(text.p, text.n, part.p, part.n) != NULL);
}

static bool at(struct hb_slice text, size_t i, struct hb_slice part)
{
    return part.n == 0 || memcmp(text.p + i, part.p, part.n) == 0;
}

/* @eq reads an int: what is past it is 0. */
static int64_t number_int(struct hb_slice s)
{
    int64_t v = number(s);

    return v >= INT_MIN && v <= INT_MAX ? v : 0;
}

int hb_waf_op_text(enum hb_waf_op kind, struct hb_slice value,
                   struct hb_slice arg)
{
    switch (kind) {
    case HB_WAF_OP_UNCONDITIONALMATCH:
        return true;
    case HB_WAF_OP_EQ:
        return number_int(value) == number_int(arg);
    case HB_WAF_OP_GE:
        return number(value) >= number(arg);
    case HB_WAF_OP_GT:
        return number(value) > number(arg);
    case HB_WAF_OP_LE:
        return number(value) <= number(arg);
    case HB_WAF_OP_LT:
        return number(value) < number(arg);
    case HB_WAF_OP_STREQ:
        return hb_slice_eq(value, arg);
    case HB_WAF_OP_CONTAINS:
    case HB_WAF_OP_STRMATCH:
        return has(value, arg);
    case HB_WAF_OP_CONTAINSWORD:
        return word_in(value, arg);
    case HB_WAF_OP_WITHIN:
        return has(arg, value);
    case HB_WAF_OP_BEGINSWITH:
        return value.n >= arg.n && at(value, 0, arg);
    case HB_WAF_OP_ENDSWITH:
        return value.n >= arg.n && at(value, value.n - arg.n, arg);
    case HB_WAF_OP_VALIDATEURLENCODING:
        return bad_url(value);
    case HB_WAF_OP_VALIDATEUTF8ENCODING:
        return !hb_utf8_valid(value.p, value.n);
    default:
        return false; /* noMatch, geoLookup, rbl */
    }
}

bool hb_waf_bytes_parse(struct hb_slice list, uint64_t ret[4])
{
    while (list.n > 0) {
        const char *comma = memchr(list.p, ',', list.n);
        size_t n = comma != NULL ? (size_t)(comma - list.p) : list.n;
        const char *dash = memchr(list.p, '-', n);
        int64_t from = number((struct hb_slice){list.p, n}), to = from;

        if (dash != NULL)
            to = number(
                (struct hb_slice){dash + 1, n - (size_t)(dash - list.p) - 1});
        if (from < 0 || to < from || to > 255)
            return false;
        for (int64_t i = from; i <= to; i++)
            ret[i / 64] |= UINT64_C(1) << (i % 64);
        list.p += n + (comma != NULL);
        list.n -= n + (comma != NULL);
    }
    return true;
}

bool hb_waf_bytes_within(const uint64_t set[4], struct hb_slice value)
{
    for (size_t i = 0; i < value.n; i++) {
        uint8_t c = (uint8_t)value.p[i];

        if ((set[c >> 6] >> (c & 63) & 1) == 0)
            return false;
    }
    return true;
}

bool hb_waf_luhn(struct hb_slice s)
{
    unsigned sum = 0, digits = 0;

    for (size_t i = s.n; i > 0; i--) {
        unsigned d = (unsigned)(uint8_t)s.p[i - 1] - '0';

        if (d > 9)
            continue;
        /* Every second one from the right counts twice, digit by digit. */
        if (digits++ % 2 == 1)
            d = d < 5 ? 2 * d : 2 * d - 9;
        sum = (sum + d) % 10;
    }
    return digits > 0 && sum == 0;
}

/* As atoll(): blanks, a sign, digits as far as they go; 0 where there are
 * none, the nearest number where they are too many. */
static int64_t number(struct hb_slice s)
{
    size_t i = 0;
    int64_t v = 0;
    bool minus;

    while (i < s.n && (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r')))
        i++;
    minus = i < s.n && s.p[i] == '-';
    if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
        i++;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
        int d = s.p[i] - '0';

        if (__builtin_mul_overflow(v, (int64_t)10, &v) ||
            __builtin_sub_overflow(v, (int64_t)d, &v))
            return minus ? INT64_MIN : INT64_MAX;
    }
    /* Counted downwards, for INT64_MIN has no positive twin. */
    if (minus)
        return v;
    return v == INT64_MIN ? INT64_MAX : -v;
}

static bool letter(struct hb_slice s, size_t i)
{
    return i < s.n && (s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z';
}

/* WORD with no letter on either side. */
static bool word_in(struct hb_slice text, struct hb_slice word)
{
    if (word.n == 0)
        return true;
    for (size_t i = 0; i + word.n <= text.n; i++) {
        const char *p = memmem(text.p + i, text.n - i, word.p, word.n);

        if (p == NULL)
            return false;
        i = (size_t)(p - text.p);
        if ((i == 0 || !letter(text, i - 1)) && !letter(text, i + word.n))
            return true;
    }
    return false;
}

static bool bad_url(struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '%')
            continue;
        if (s.n - i < 3 || hb_hex_digit(s.p[i + 1]) < 0 ||
            hb_hex_digit(s.p[i + 2]) < 0)
            return true;
        i += 2;
    }
    return false;
}

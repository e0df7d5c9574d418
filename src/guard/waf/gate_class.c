/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_class.c - see gate_class.h.
 *
 * Where PCRE2 reads a class in one of two ways by rules that nobody keeps in
 * mind (a hyphen beside \d), the set holds both.
 */
#include "guard/waf/gate_class.h"

#include "base/num.h"

#define put hb_waf_gate_put

typedef bool belongs_fn(unsigned c);

static bool in(unsigned c, unsigned from, unsigned to)
{
    return c >= from && c <= to;
}

static bool is_lower(unsigned c)
{
    return in(c, 'a', 'z');
}

static bool is_upper(unsigned c)
{
    return in(c, 'A', 'Z');
}

static bool is_alpha(unsigned c)
{
    return is_lower(c) || is_upper(c);
}

static bool is_digit(unsigned c)
{
    return in(c, '0', '9');
}

static bool is_alnum(unsigned c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_word(unsigned c)
{
    return is_alnum(c) || c == '_';
}

static bool is_ascii(unsigned c)
{
    return c < 0x80;
}

static bool is_blank(unsigned c)
{
    return c == ' ' || c == '\t';
}

static bool is_cntrl(unsigned c)
{
    return c < 0x20 || c == 0x7f;
}

static bool is_graph(unsigned c)
{
    return in(c, 0x21, 0x7e);
}

static bool is_print(unsigned c)
{
    return in(c, 0x20, 0x7e);
}

static bool is_punct(unsigned c)
{
    return is_graph(c) && !is_alnum(c);
}

static bool is_space(unsigned c)
{
    return c == ' ' || in(c, '\t', '\r');
}

static bool is_xdigit(unsigned c)
{
    return is_digit(c) || in(c, 'a', 'f') || in(c, 'A', 'F');
}

static bool is_horizontal(unsigned c)
{
    return is_blank(c) || c == 0xa0;
}

static bool is_vertical(unsigned c)
{
    return in(c, '\n', '\r') || c == 0x85;
}

static const struct {
    const char *name;
    belongs_fn *fn;
} posix[] = {
    {"alpha", is_alpha}, {"lower", is_lower},   {"upper", is_upper},
    {"alnum", is_alnum}, {"ascii", is_ascii},   {"blank", is_blank},
    {"cntrl", is_cntrl}, {"digit", is_digit},   {"graph", is_graph},
    {"print", is_print}, {"punct", is_punct},   {"space", is_space},
    {"word", is_word},   {"xdigit", is_xdigit},
};

static const struct {
    char lower, upper; /* what it stands for, and what for all others */
    belongs_fn *fn;
} shorthand[] = {
    {'d', 'D', is_digit},      {'s', 'S', is_space},    {'w', 'W', is_word},
    {'h', 'H', is_horizontal}, {'v', 'V', is_vertical},
};

static void add(struct hb_waf_gate_bytes *set, belongs_fn *fn, bool others)
{
    for (unsigned c = 0; c < 256; c++)
        if (fn(c) != others)
            put(set, c);
}

/* \x41 \x{41} (at most two digits without braces, none is a NUL). */
static bool hex(struct hb_waf_gate_text *t, unsigned *ret)
{
    bool braces = hb_waf_gate_peek(t, 0) == '{';
    unsigned v = 0, n = 0;
    int c;

    if (braces)
        t->at++;
    while ((n < 2 || braces) && (c = hb_waf_gate_peek(t, 0)) >= 0 &&
           hb_hex_digit((char)c) >= 0) {
        v = v << 4 | (unsigned)hb_hex_digit((char)c);
        n++;
        t->at++;
        if (v > 0xff)
            return false;
    }
    *ret = v;
    if (!braces)
        return true;
    return n > 0 && hb_waf_gate_peek(t, 0) == '}' && t->at++ < t->s.n;
}

/* \0 and up to two digits more.  Other digits are references or octal, by
 * the number of groups: not read. */
static unsigned octal(struct hb_waf_gate_text *t)
{
    unsigned v = 0;

    for (unsigned n = 0; n < 2; n++) {
        int c = hb_waf_gate_peek(t, 0);

        if (c < '0' || c > '7')
            break;
        v = v << 3 | (unsigned)(c - '0');
        t->at++;
    }
    return v;
}

enum hb_waf_gate_escape hb_waf_gate_escape(struct hb_waf_gate_text *t,
                                           struct hb_waf_gate_bytes *set,
                                           unsigned *ret_byte)
{
    static const char name[] = "aefnrt", means[] = "\a\x1b\f\n\r\t";
    int c = hb_waf_gate_peek(t, 0);
    unsigned byte = (unsigned)c;
    const char *p;

    if (c < 0)
        return HB_WAF_GATE_ESC_BAD;
    t->at++;
    for (size_t i = 0; i < HB_ARRAY_LEN(shorthand); i++)
        if (c == shorthand[i].lower || c == shorthand[i].upper) {
            add(set, shorthand[i].fn, c == shorthand[i].upper);
            return HB_WAF_GATE_ESC_SET;
        }
    if (c == '0')
        byte = octal(t);
    else if (c == 'x') {
        if (!hex(t, &byte))
            return HB_WAF_GATE_ESC_BAD;
    } else if (c != 0 && (p = strchr(name, c)) != NULL)
        byte = (uint8_t)means[p - name];
    else if (is_alnum(byte))
        return HB_WAF_GATE_ESC_BAD;
    put(set, byte);
    *ret_byte = byte;
    return HB_WAF_GATE_ESC_BYTE;
}

/* Whether "[:" at the place begins a name, by PCRE2's own way of looking. */
static bool begins_posix(const struct hb_waf_gate_text *t)
{
    int c, end = hb_waf_gate_peek(t, 1);

    if (hb_waf_gate_peek(t, 0) != '[' ||
        (end != ':' && end != '.' && end != '='))
        return false;
    for (size_t k = 2; (c = hb_waf_gate_peek(t, k)) >= 0; k++) {
        int next = hb_waf_gate_peek(t, k + 1);

        if (c == '\\' && (next == ']' || next == '\\'))
            k++;
        else if ((c == '[' && next == end) || c == ']')
            return false;
        else if (c == end && next == ']')
            return true;
    }
    return false;
}

static bool posix_name(struct hb_waf_gate_text *t,
                       struct hb_waf_gate_bytes *set)
{
    bool others = false;
    struct hb_slice rest;

    if (hb_waf_gate_peek(t, 1) != ':')
        return false;
    t->at += 2;
    if (hb_waf_gate_peek(t, 0) == '^') {
        others = true;
        t->at++;
    }
    rest = (struct hb_slice){t->s.p + t->at, t->s.n - t->at};
    for (size_t i = 0; i < HB_ARRAY_LEN(posix); i++) {
        size_t n = strlen(posix[i].name);

        if (rest.n < n + 2 || memcmp(rest.p, posix[i].name, n) != 0 ||
            memcmp(rest.p + n, ":]", 2) != 0)
            continue;
        add(set, posix[i].fn, others);
        t->at += n + 2;
        return true;
    }
    return false;
}

/* One member of a class but for ranges. */
static enum hb_waf_gate_escape member(struct hb_waf_gate_text *t,
                                      struct hb_waf_gate_bytes *set,
                                      unsigned *ret_byte)
{
    int c = hb_waf_gate_peek(t, 0);

    if (c < 0)
        return HB_WAF_GATE_ESC_BAD;
    if (begins_posix(t))
        return posix_name(t, set) ? HB_WAF_GATE_ESC_SET : HB_WAF_GATE_ESC_BAD;
    t->at++;
    if (c == '\\') {
        if (hb_waf_gate_peek(t, 0) != 'b')
            return hb_waf_gate_escape(t, set, ret_byte);
        t->at++;
        c = '\b';
    }
    put(set, (unsigned)c);
    *ret_byte = (unsigned)c;
    return HB_WAF_GATE_ESC_BYTE;
}

bool hb_waf_gate_class(struct hb_waf_gate_text *t,
                       struct hb_waf_gate_bytes *set)
{
    bool others = hb_waf_gate_peek(t, 0) == '^', first = true;

    t->at += others;
    for (; first || hb_waf_gate_peek(t, 0) != ']'; first = false) {
        unsigned from = 0, to = 0;
        enum hb_waf_gate_escape e = member(t, set, &from), f;

        if (e == HB_WAF_GATE_ESC_BAD)
            return false;
        if (hb_waf_gate_peek(t, 0) != '-' || hb_waf_gate_peek(t, 1) < 0 ||
            hb_waf_gate_peek(t, 1) == ']')
            continue;
        t->at++;
        f = member(t, set, &to);
        if (f == HB_WAF_GATE_ESC_BAD)
            return false;
        if (e == HB_WAF_GATE_ESC_SET || f == HB_WAF_GATE_ESC_SET) {
            put(set, '-');
            /* [\d-a-z]: is the second hyphen one of a range? */
            if (hb_waf_gate_peek(t, 0) == '-' && hb_waf_gate_peek(t, 1) != ']')
                return false;
            continue;
        }
        if (to < from)
            return false;
        for (unsigned c = from; c <= to; c++)
            put(set, c);
    }
    t->at++;
    for (size_t i = 0; others && i < HB_ARRAY_LEN(set->w); i++)
        set->w[i] = ~set->w[i];
    return true;
}

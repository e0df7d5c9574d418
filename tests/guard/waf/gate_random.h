/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_random.h - a regular expression at random, and a value that is likely
 * to match it.  For test_gate.c.
 */
#ifndef HB_TESTS_GATE_RANDOM_H
#define HB_TESTS_GATE_RANDOM_H

#include "base/buf.h"

struct gate_random {
    uint64_t seed;
    struct hb_buf rx, value;
};

static inline uint64_t gate_next(struct gate_random *r)
{
    r->seed ^= r->seed << 13;
    r->seed ^= r->seed >> 7;
    r->seed ^= r->seed << 17;
    return r->seed >> 11;
}

static inline unsigned gate_below(struct gate_random *r, unsigned n)
{
    return (unsigned)(gate_next(r) % n);
}

static inline void gate_make(struct gate_random *r, unsigned depth);

/* Pieces of one or more bytes, with what one of them matches. */
static inline void gate_leaf(struct gate_random *r)
{
    static const struct {
        const char *rx, *value;
    } leaf[] = {
        {"select", "select"},
        {"Un", "UN"},
        {"a", "a"},
        {"b", "B"},
        {"xyz", "xyz"},
        {"\\s", "\t"},
        {"\\d", "7"},
        {"\\w", "_"},
        {"\\W", "-"},
        {"\\S", "q"},
        {"\\D", "x"},
        {".", "\n"},
        {"[abc]", "c"},
        {"[^abc]", "d"},
        {"[a-z0-9]", "5"},
        {"[[:alpha:]_-]", "-"},
        {"[[:^digit:]]", "!"},
        {"['\"`]", "`"},
        {"[^\\x00-\\x7f]", "\xe3"},
        {"\\x3c", "<"},
        {"\\x{5c}", "\\"},
        {"\\(", "("},
        {"\\.\\./", "../"},
        {"\\Q.*\\E", ".*"},
        {";", ";"},
        {"\\h", " "},
        {"\\v", "\n"},
        {"\\R", "\r"},
        {"\\N", "n"},
        {"[]x]", "]"},
        {"[\\s\\x0b]", "\v"},
        {"\\t", "\t"},
        {"\\e", "\x1b"},
        {"{", "{"},
        {"\\b", ""},
        {"\\B", ""},
        {"^", ""},
        {"$", ""},
        {"\\A", ""},
        {"\\z", ""},
        {"(?#note)", ""},
        {"(?i)", ""},
        {"(?s-m)", ""},
        {"[\\d.-]", "."},
        {"\\x{c2}\\xb4", "\xc2\xb4"},
        {"\\0", NULL},
    };
    unsigned i = gate_below(r, HB_ARRAY_LEN(leaf));

    hb_buf_addz(&r->rx, leaf[i].rx);
    if (leaf[i].value != NULL)
        hb_buf_addz(&r->value, leaf[i].value);
    else
        hb_buf_addc(&r->value, '\0');
}

/* One of two or three, one of which is in the value. */
static inline void gate_alternatives(struct gate_random *r, unsigned depth)
{
    static const char *const open[] = {
        "(?:", "(", "(?>", "(?i:", "(?|", "(?<n>", "(?x: "};
    unsigned n = 2 + gate_below(r, 2), chosen = gate_below(r, n);
    /* A name may stand only once. */
    bool named = memmem(hb_buf_z(&r->rx), r->rx.n, "?<n>", 4) != NULL;

    hb_buf_addz(&r->rx, open[gate_below(r, named ? 5 : 7)]);
    for (unsigned i = 0; i < n; i++) {
        size_t was = r->value.n;

        if (i > 0)
            hb_buf_addc(&r->rx, '|');
        if (gate_below(r, 8) > 0)
            gate_make(r, depth - 1);
        if (i != chosen)
            r->value.n = was;
    }
    hb_buf_addc(&r->rx, ')');
}

static inline void gate_repeat(struct gate_random *r, unsigned depth)
{
    static const struct {
        const char *rx;
        unsigned min, max;
    } rep[] = {{"*", 0, 3},      {"+", 1, 3},    {"?", 0, 1},
               {"*?", 0, 2},     {"+?", 1, 2},   {"??", 0, 1},
               {"*+", 0, 2},     {"++", 1, 2},   {"{2}", 2, 2},
               {"{1,3}", 1, 3},  {"{2,}", 2, 4}, {"{0,2}", 0, 2},
               {"{10}", 10, 10}, {"{0}", 0, 0}};
    unsigned i = gate_below(r, HB_ARRAY_LEN(rep)), n;
    size_t was = r->value.n, len;

    hb_buf_addz(&r->rx, "(?:");
    gate_make(r, depth - 1);
    hb_buf_addf(&r->rx, ")%s", rep[i].rx);
    n = rep[i].min + gate_below(r, rep[i].max - rep[i].min + 1);
    len = r->value.n - was;
    if (n == 0)
        r->value.n = was;
    for (; n > 1 && r->value.n < 4096; n--) {
        char copy[4096];

        memcpy(copy, r->value.p + was, HB_MIN(len, sizeof(copy)));
        hb_buf_add(&r->value, copy, HB_MIN(len, sizeof(copy)));
    }
}

/* What stands there without taking room: its value is mostly not there. */
static inline void gate_look(struct gate_random *r, unsigned depth)
{
    static const char *const open[] = {"(?=", "(?!", "(?<!a|", "(?<=b|"};
    unsigned i = gate_below(r, HB_ARRAY_LEN(open));
    size_t was = r->value.n;

    hb_buf_addz(&r->rx, open[i]);
    if (i < 2)
        gate_make(r, depth - 1);
    hb_buf_addc(&r->rx, ')');
    if (i > 0 || gate_below(r, 2) == 0)
        r->value.n = was;
}

static inline void gate_make(struct gate_random *r, unsigned depth)
{
    unsigned n = 1 + gate_below(r, 4);

    for (unsigned i = 0; i < n && r->rx.n < 600; i++)
        switch (depth == 0 ? 0 : gate_below(r, 8)) {
        case 5:
            gate_alternatives(r, depth);
            break;
        case 6:
            gate_repeat(r, depth);
            break;
        case 7:
            if (gate_below(r, 3) == 0)
                gate_look(r, depth);
            break;
        default:
            gate_leaf(r);
        }
}

/* Other case, other neighbours, and now and then another byte. */
static inline void gate_mutate(struct gate_random *r, struct hb_buf *to)
{
    static const char junk[] = "aZ 0'\n/%-_.select\xe3(";

    hb_buf_reset(to);
    for (unsigned i = gate_below(r, 6); i > 0; i--)
        hb_buf_addc(to, junk[gate_below(r, sizeof(junk) - 1)]);
    for (size_t i = 0; i < r->value.n; i++) {
        char c = r->value.p[i];

        if (gate_below(r, 40) == 0)
            c = junk[gate_below(r, sizeof(junk) - 1)];
        if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) &&
            gate_below(r, 10) == 0)
            c ^= 0x20;
        hb_buf_addc(to, c);
    }
    for (unsigned i = gate_below(r, 6); i > 0; i--)
        hb_buf_addc(to, junk[gate_below(r, sizeof(junk) - 1)]);
}

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_json.c - JSON (RFC 8259) as arguments, one for each number, string,
 * true, false and null: {"a":[{"b":1}]} is json.a.array_0.b = "1".
 *
 * One pass, no tree and no recursion.  The name of the value that is read
 * stands in PATH; a level of nesting knows how much of it is its own, so a
 * name costs its length once, and the sum of all names has a ceiling.
 *
 * As the reference reads it: null is an empty value, an empty key is
 * "empty-key", a vertical tab and a form feed are blanks.  Otherwise on
 * purpose: bytes that are no UTF-8 stay (a body of another encoding is still
 * looked at), and half a pair of surrogates is a '?' that swallows nothing.
 */
#include "base/utf8.h"
#include "guard/waf/body_int.h"

#define NAME_MAX_BYTES  8192u      /* of one argument: 512 arrays in arrays */
#define NAMES_MAX_BYTES (4u << 20) /* of all together */
#define ARRAY           ".array_"

struct level {
    uint32_t path; /* length of the name of this array or object */
    uint32_t next; /* array: number of the next element */
    bool array;
};

enum state {
    ST_VALUE,     /* a value must follow */
    ST_FIRST,     /* behind '[': a value or ']' */
    ST_FIRST_KEY, /* behind '{': a key or '}' */
    ST_KEY,       /* behind ',' in an object */
    ST_NEXT,      /* behind a value: ',', the end of the level, or of all */
};

struct json {
    struct hb_waf_reader *r;
    const char *p, *end;
    enum state state;
    struct level *level;
    size_t depth, room;
    size_t path_n, names; /* bytes of PATH, and of all names together */
    char path[NAME_MAX_BYTES];
};

static int step(struct json *j);
static int key(struct json *j);
static int value(struct json *j);
static int next(struct json *j);
static int name_element(struct json *j);
static int name_add(struct json *j, const char *p, size_t n);
static int scalar(struct json *j, struct hb_slice text);
static int push(struct json *j, bool array);
static int pop(struct json *j);
static int word(struct json *j, const char *z, bool empty);
static int number(struct json *j);
static int string(struct json *j, struct hb_slice *ret);
static const char *plain(const char *p, const char *end);
static int unescape(struct json *j, struct hb_slice raw, struct hb_slice *ret);
static size_t unicode(const char *p, const char *end, char *dst, size_t *ret_n);
static int hex4(const char *p, const char *end);
static void blanks(struct json *j);
static int wrong(struct json *j);
static int short_of(struct json *j);

int hb_waf_body_json(struct hb_waf_reader *r)
{
    struct json *j = HB_NEW(r->a, struct json);
    int rc = 0;

    if (j == NULL)
        return -ENOMEM;
    j->r = r;
    j->p = r->body.p;
    j->end = j->p + r->body.n;
    rc = name_add(j, "json", 4);
    for (;;) {
        blanks(j);
        if (rc != 0 || j->p == j->end)
            break;
        rc = step(j);
    }
    if (rc == 0 && (j->state != ST_NEXT || j->depth > 0))
        rc = short_of(j);
    return rc;
}

static int step(struct json *j)
{
    switch (j->state) {
    case ST_FIRST:
        if (*j->p == ']')
            return pop(j);
        return value(j);
    case ST_FIRST_KEY:
        if (*j->p == '}')
            return pop(j);
        return key(j);
    case ST_KEY:
        return key(j);
    case ST_NEXT:
        return next(j);
    default:
        return value(j);
    }
}

/* "key": and the name that what follows has. */
static int key(struct json *j)
{
    struct hb_slice s = {"", 0};
    int rc;

    if (*j->p != '"')
        return wrong(j);
    rc = string(j, &s);
    if (rc != 0)
        return rc;
    if (s.n == 0)
        s = HB_SLICE("empty-key");
    blanks(j);
    if (j->p == j->end)
        return short_of(j);
    if (*j->p != ':')
        return wrong(j);
    j->p++;
    j->state = ST_VALUE;
    j->path_n = j->level[j->depth - 1].path;
    rc = name_add(j, ".", 1);
    return rc == 0 ? name_add(j, s.p, s.n) : rc;
}

static int value(struct json *j)
{
    struct hb_slice s = {"", 0};
    int rc = 0;

    if (j->depth > 0 && j->level[j->depth - 1].array)
        rc = name_element(j);
    if (rc != 0)
        return rc;
    switch (*j->p) {
    case '{':
    case '[':
        return push(j, *j->p == '[');
    case '"':
        rc = string(j, &s);
        return rc == 0 ? scalar(j, s) : rc;
    case 't':
        return word(j, "true", false);
    case 'f':
        return word(j, "false", false);
    case 'n':
        return word(j, "null", true);
    default:
        return number(j);
    }
}

/* What follows a value. */
static int next(struct json *j)
{
    bool array;

    if (j->depth == 0)
        return wrong(j);
    array = j->level[j->depth - 1].array;
    if (*j->p == (array ? ']' : '}'))
        return pop(j);
    if (*j->p != ',')
        return wrong(j);
    j->p++;
    j->state = array ? ST_VALUE : ST_KEY;
    return 0;
}

static int name_element(struct json *j)
{
    struct level *l = &j->level[j->depth - 1];
    char digits[10];
    size_t n = sizeof(digits);
    uint32_t v = l->next++;
    int rc;

    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    j->path_n = l->path;
    rc = name_add(j, ARRAY, sizeof(ARRAY) - 1);
    return rc == 0 ? name_add(j, digits + n, sizeof(digits) - n) : rc;
}

static int name_add(struct json *j, const char *p, size_t n)
{
    if (n > sizeof(j->path) - j->path_n)
        return hb_waf_body_limit(j->r,
                                 _("a name in the JSON body is too long"));
    memcpy(j->path + j->path_n, p, n);
    j->path_n += n;
    return 0;
}

static int scalar(struct json *j, struct hb_slice text)
{
    char *name;

    j->state = ST_NEXT;
    if (j->path_n > NAMES_MAX_BYTES - j->names)
        return hb_waf_body_limit(j->r,
                                 _("the names in the JSON body are too long"));
    j->names += j->path_n;
    name = hb_arena_alloc(j->r->a, j->path_n);
    if (name == NULL)
        return -ENOMEM;
    memcpy(name, j->path, j->path_n);
    return hb_waf_body_add(j->r, &j->r->ret->args, hb_slice(name, j->path_n),
                           text);
}

static int push(struct json *j, bool array)
{
    if (j->depth >= j->r->limits.depth)
        return hb_waf_body_limit(j->r, _("the JSON body is nested too deep"));
    if (j->depth == j->room) {
        size_t room = j->room == 0 ? 32 : j->room * 2;
        struct level *l = HB_NEW_N(j->r->a, struct level, room);

        if (l == NULL)
            return -ENOMEM;
        if (j->depth > 0)
            memcpy(l, j->level, j->depth * sizeof(*l));
        j->level = l;
        j->room = room;
    }
    j->level[j->depth++] =
        (struct level){.path = (uint32_t)j->path_n, .array = array};
    j->state = array ? ST_FIRST : ST_FIRST_KEY;
    j->p++;
    return 0;
}

static int pop(struct json *j)
{
    j->depth--;
    j->state = ST_NEXT;
    j->p++;
    return 0;
}

static int word(struct json *j, const char *z, bool empty)
{
    struct hb_slice s = hb_slice_z(z);

    if ((size_t)(j->end - j->p) < s.n || memcmp(j->p, z, s.n) != 0)
        return wrong(j);
    s = hb_slice(j->p, empty ? 0 : s.n);
    j->p += strlen(z);
    return scalar(j, s);
}

static void digits(struct json *j)
{
    while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
        j->p++;
}

/* One digit must stand there; the rest of them is read too. */
static int some_digits(struct json *j)
{
    if (j->p == j->end)
        return short_of(j);
    if (*j->p < '0' || *j->p > '9')
        return wrong(j);
    digits(j);
    return 0;
}

/* Its text; what it amounts to matters to nobody here. */
static int number(struct json *j)
{
    const char *start = j->p;
    int rc = 0;

    if (*j->p == '-')
        j->p++;
    if (j->p < j->end && *j->p == '0')
        j->p++;
    else
        rc = some_digits(j);
    if (rc == 0 && j->p < j->end && *j->p == '.') {
        j->p++;
        rc = some_digits(j);
    }
    if (rc == 0 && j->p < j->end && (*j->p | 0x20) == 'e') {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
            j->p++;
        rc = some_digits(j);
    }
    return rc == 0 ? scalar(j, hb_slice(start, (size_t)(j->p - start))) : rc;
}

/* A string at its quote: a slice of the body where nothing is escaped. */
static int string(struct json *j, struct hb_slice *ret)
{
    const char *start = ++j->p;
    bool escaped = false;

    for (;;) {
        j->p = plain(j->p, j->end);
        if (j->p == j->end)
            return short_of(j);
        if (*j->p == '"')
            break;
        if (*j->p != '\\')
            return wrong(j);
        escaped = true;
        if (j->end - j->p < 2)
            return short_of(j);
        j->p += 2;
    }
    *ret = hb_slice(start, (size_t)(j->p - start));
    j->p++;
    return escaped ? unescape(j, *ret, ret) : 0;
}

/* First quote, backslash or control character, eight bytes a step; a byte X of
 * a word is below K where (X - K) borrows into its high bit (a false hit can
 * only stand behind a true one), and equals C where X ^ C is below 1. */
static const char *plain(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;
    const uint64_t high = 0x8080808080808080u;

    while (end - p >= 8) {
        uint64_t w, quote, slash;

        memcpy(&w, p, sizeof(w));
        quote = w ^ ones * '"';
        slash = w ^ ones * '\\';
        if ((((quote - ones) & ~quote) | ((slash - ones) & ~slash) |
             ((w - ones * 0x20) & ~w)) &
            high)
            break;
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 0x20)
        p++;
    return p;
}

static int unescape(struct json *j, struct hb_slice raw, struct hb_slice *ret)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *p = raw.p, *end = p + raw.n;
    char *out = hb_arena_alloc(j->r->a, raw.n), *o = out;

    if (out == NULL)
        return -ENOMEM;
    while (p < end) {
        const char *q = memchr(p, '\\', (size_t)(end - p)), *hit;
        size_t n = (size_t)((q != NULL ? q : end) - p);

        memcpy(o, p, n);
        o += n;
        p += n;
        if (p == end)
            break;
        /* string() saw that a byte follows. */
        if (p[1] == 'u') {
            size_t used = unicode(p, end, o, &n);

            if (used == 0)
                break;
            o += n;
            p += used;
            continue;
        }
        hit = memchr(from, p[1], sizeof(from) - 1);
        if (hit == NULL)
            break;
        *o++ = to[hit - from];
        p += 2;
    }
    if (p < end) {
        j->p = p;
        return wrong(j);
    }
    *ret = hb_slice(out, (size_t)(o - out));
    return 0;
}

/* The character of \uXXXX, or of two of them, at P; how long they are, 0 where
 * there are no four digits. */
static size_t unicode(const char *p, const char *end, char *dst, size_t *ret_n)
{
    int one = hex4(p, end), two;

    if (one < 0)
        return 0;
    if (one < 0xd800 || one > 0xdfff) {
        *ret_n = hb_utf8_put(dst, (uint32_t)one);
        return 6;
    }
    two = one < 0xdc00 && end - p > 6 ? hex4(p + 6, end) : -1;
    if (two >= 0xdc00 && two <= 0xdfff) {
        *ret_n = hb_utf8_put(dst, 0x10000u + ((uint32_t)(one - 0xd800) << 10) +
                                      (uint32_t)(two - 0xdc00));
        return 12;
    }
    *dst = '?';
    *ret_n = 1;
    return 6;
}

static int hex4(const char *p, const char *end)
{
    int v = 0;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int d = hb_waf_body_hex(p[i]);

        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

static void blanks(struct json *j)
{
    while (j->p < j->end && hb_waf_body_blank(*j->p))
        j->p++;
}

static int wrong(struct json *j)
{
    return hb_waf_body_broken(j->r, _("this is no JSON"),
                              (size_t)(j->p - j->r->body.p) + 1);
}

static int short_of(struct json *j)
{
    return hb_waf_body_broken(j->r, _("the JSON body ends too soon"), 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - the JSON reader and the look-up of members.
 *
 * Runs in every process; the text is foreign (events of producers, answers
 * of servers, files on disk that an attacker may have written), so nothing
 * in it is trusted: depth, nodes and size have ceilings, the stack of open
 * containers has a fixed size and there is no recursion.
 *
 * One pass over the bytes.  Strings without escapes are found eight bytes at
 * a time and copied once; a string with escapes is decoded in a second look
 * at that string only.  Names are compared one by one while an object is
 * small and kept in a keyed hash map when it grows, so that an object of
 * 100,000 members costs no quadratic time.  Line and column are counted only
 * when there is an error to tell.
 */
#include <locale.h>
#include <math.h>

#include "base/i18n.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/map.h"
#include "base/num.h"
#include "base/utf8.h"

/* Objects up to this many members are searched one by one. */
#define SMALL_OBJECT 16u

struct level {
    struct hb_json *node;
    struct hb_map *names; /* NULL while the object is small */
};

struct reader {
    struct hb_arena *a;
    const char *text, *p, *end;
    struct hb_err *err;
    size_t nodes;
    unsigned depth;
    struct level stack[HB_MAX_JSON_DEPTH];
};

static int fail(struct reader *r, const char *at, int code, const char *fmt,
                ...) HB_PRINTF(4, 5);
static int no_memory(struct reader *r);
static int unexpected(struct reader *r, const char *wanted);
static void skip_space(struct reader *r);
static int read_document(struct reader *r, struct hb_json **ret);
static int read_name(struct reader *r, struct hb_slice *ret);
static int read_value(struct reader *r, struct hb_slice key,
                      struct hb_json **ret);
static int read_word(struct reader *r, struct hb_json *node);
static int read_string(struct reader *r, struct hb_slice *ret);
static int read_number(struct reader *r, struct hb_json *node);
static int open_level(struct reader *r, struct hb_json *node);
static void close_level(struct reader *r);
static int close_ended(struct reader *r, bool *ret_more);
static int check_name(struct reader *r, const char *at, struct hb_slice key);

int hb_json_parse(struct hb_arena *a, struct hb_slice text,
                  struct hb_json **ret, struct hb_err *err)
{
    struct reader r = {.a = a, .text = text.n > 0 ? text.p : "", .err = err};
    struct hb_json *root = NULL;
    int rc;

    r.p = r.text;
    r.end = r.text + text.n;
    if (text.n > HB_MAX_JSON)
        return hb_err_set(err, -EFBIG,
                          _("the JSON text is larger than %u bytes"),
                          HB_MAX_JSON);
    rc = read_document(&r, &root);
    while (r.depth > 0)
        close_level(&r);
    if (rc < 0)
        return rc;
    *ret = root;
    return 0;
}

const struct hb_json *hb_json_get(const struct hb_json *obj, const char *key)
{
    return obj == NULL ? NULL : hb_json_member(obj, hb_slice_z(key));
}

const struct hb_json *hb_json_path(const struct hb_json *obj, const char *path)
{
    for (;;) {
        size_t n = strcspn(path, ".");

        if (obj == NULL)
            return NULL;
        obj = hb_json_member(obj, hb_slice(path, n));
        if (path[n] == '\0')
            return obj;
        path += n + 1;
    }
}

const struct hb_json *hb_json_member(const struct hb_json *obj,
                                     struct hb_slice key)
{
    if (obj == NULL || obj->type != HB_JSON_OBJ)
        return NULL;
    HB_JSON_EACH (child, obj) {
        if (hb_slice_eq(child->key, key))
            return child;
    }
    return NULL;
}

const char *hb_json_str(const struct hb_json *obj, const char *key,
                        const char *dflt)
{
    const struct hb_json *m = hb_json_get(obj, key);

    return m != NULL && m->type == HB_JSON_STR ? m->str.p : dflt;
}

int64_t hb_json_int(const struct hb_json *obj, const char *key, int64_t dflt)
{
    const struct hb_json *m = hb_json_get(obj, key);

    return m != NULL && m->type == HB_JSON_INT ? m->integer : dflt;
}

bool hb_json_bool(const struct hb_json *obj, const char *key, bool dflt)
{
    const struct hb_json *m = hb_json_get(obj, key);

    return m != NULL && m->type == HB_JSON_BOOL ? m->boolean : dflt;
}

/* An error at the place AT of the text. */
static int fail(struct reader *r, const char *at, int code, const char *fmt,
                ...)
{
    char message[HB_MAX_ERR];
    unsigned line = 1, column = 1;
    va_list ap;

    for (const char *p = r->text; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((uint8_t)*p & 0xc0) != 0x80) {
            column++; /* characters, not bytes */
        }
    }
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return hb_err_at(r->err, code, "", line, column, "%s", message);
}

static int no_memory(struct reader *r)
{
    return hb_err_set(r->err, -ENOMEM, _("out of memory"));
}

/* The byte at the reader's place is not what the grammar permits. */
static int unexpected(struct reader *r, const char *wanted)
{
    uint8_t c;

    if (r->p == r->end)
        return fail(r, r->p, -EBADMSG, _("the text ends where %s should be"),
                    wanted);
    c = (uint8_t)*r->p;
    if (c > 0x20 && c < 0x7f)
        return fail(r, r->p, -EBADMSG,
                    _("unexpected \"%c\" where %s should be"), c, wanted);
    return fail(r, r->p, -EBADMSG,
                _("unexpected byte 0x%02x where %s should be"), c, wanted);
}

static void skip_space(struct reader *r)
{
    const char *p = r->p;

    while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    r->p = p;
}

/* The whole text: values are read one after the other, an opened container
 * is pushed and closed when its bracket comes. */
static int read_document(struct reader *r, struct hb_json **ret)
{
    bool more = true;

    while (more) {
        struct hb_slice key = {NULL, 0};
        struct hb_json *node = NULL;
        int rc;

        skip_space(r);
        if (r->depth > 0 && r->stack[r->depth - 1].node->type == HB_JSON_OBJ) {
            rc = read_name(r, &key);
            if (rc < 0)
                return rc;
        }
        rc = read_value(r, key, &node);
        if (rc < 0)
            return rc;
        HB_ASSERT(node != NULL);
        if (*ret == NULL)
            *ret = node;
        if (node->type == HB_JSON_ARR || node->type == HB_JSON_OBJ) {
            rc = open_level(r, node);
            if (rc < 0)
                return rc;
            skip_space(r);
            if (r->p == r->end ||
                *r->p != (node->type == HB_JSON_ARR ? ']' : '}'))
                continue;
            r->p++;
            close_level(r);
        }
        rc = close_ended(r, &more);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* A member's name and its colon. */
static int read_name(struct reader *r, struct hb_slice *ret)
{
    const char *at = r->p;
    int rc;

    if (r->p == r->end || *r->p != '"')
        return unexpected(r, _("a name in quotes"));
    rc = read_string(r, ret);
    if (rc < 0)
        return rc;
    rc = check_name(r, at, *ret);
    if (rc < 0)
        return rc;
    skip_space(r);
    if (r->p == r->end || *r->p != ':')
        return unexpected(r, _("a colon"));
    r->p++;
    skip_space(r);
    return 0;
}

/* One scalar, or the opening of a container, hung into its parent. */
static int read_value(struct reader *r, struct hb_slice key,
                      struct hb_json **ret)
{
    struct hb_json *node;
    int rc;

    if (r->nodes == HB_MAX_JSON_NODES)
        return fail(r, r->p, -EFBIG, _("more than %u values in the JSON text"),
                    HB_MAX_JSON_NODES);
    r->nodes++;
    node = HB_NEW(r->a, struct hb_json);
    if (node == NULL)
        return no_memory(r);
    switch (r->p < r->end ? *r->p : '\0') {
    case '"':
        node->type = HB_JSON_STR;
        rc = read_string(r, &node->str);
        break;
    case '{':
    case '[':
        node->type = *r->p++ == '{' ? HB_JSON_OBJ : HB_JSON_ARR;
        rc = 0;
        break;
    case '-':
    case '0' ... '9':
        rc = read_number(r, node);
        break;
    default:
        rc = read_word(r, node);
        break;
    }
    if (rc < 0)
        return rc;
    node->key = key;
    if (r->depth > 0)
        hb_json_hang(r->stack[r->depth - 1].node, node);
    *ret = node;
    return 0;
}

/* true, false or null. */
static int read_word(struct reader *r, struct hb_json *node)
{
    static const struct {
        struct hb_slice text;
        enum hb_json_type type;
        bool value;
    } words[] = {{HB_SLICE("true"), HB_JSON_BOOL, true},
                 {HB_SLICE("false"), HB_JSON_BOOL, false},
                 {HB_SLICE("null"), HB_JSON_NULL, false}};

    for (size_t i = 0; i < HB_ARRAY_LEN(words); i++) {
        size_t n = words[i].text.n;

        if ((size_t)(r->end - r->p) < n ||
            memcmp(r->p, words[i].text.p, n) != 0)
            continue;
        node->type = words[i].type;
        node->boolean = words[i].value;
        r->p += n;
        return 0;
    }
    return unexpected(r, _("a value"));
}

/* The four hex digits at P, or -1. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t v = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hb_hex_digit(p[i]);

        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* "\u" and four digits (two of them for a surrogate pair) at *P, which stands
 * behind the "u"; moves *P and writes the character to *DST. */
static int decode_unicode(struct reader *r, const char **p, const char *end,
                          char **dst)
{
    const char *at = *p - 2;
    int32_t cp = hex4(*p, end);

    if (cp < 0)
        return fail(r, at, -EBADMSG,
                    _("\"\\u\" must be followed by four hex digits"));
    *p += 4;
    if (cp >= 0xd800 && cp < 0xdc00) {
        int32_t low = -1;

        if (end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u')
            low = hex4(*p + 2, end);
        if (low < 0xdc00 || low > 0xdfff)
            return fail(r, at, -EBADMSG, _("half of a surrogate pair"));
        *p += 6;
        cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
    } else if (cp >= 0xdc00 && cp < 0xe000) {
        return fail(r, at, -EBADMSG, _("half of a surrogate pair"));
    } else if (cp == 0) {
        return fail(r, at, -EBADMSG, _("a NUL character in a string"));
    }
    *dst += hb_utf8_put(*dst, (uint32_t)cp);
    return 0;
}

/* Decodes the escapes of P..END, which is valid UTF-8 otherwise. */
static int decode_string(struct reader *r, const char *p, const char *end,
                         struct hb_slice *ret)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    /* No escape is shorter than what it stands for. */
    char *start = hb_arena_alloc(r->a, (size_t)(end - p) + 1), *dst = start;

    if (start == NULL)
        return no_memory(r);
    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((slash != NULL ? slash : end) - p);
        const char *found;
        int rc;

        memcpy(dst, p, run);
        dst += run;
        p += run;
        if (p == end)
            break;
        p += 2; /* the scan saw that a byte follows each backslash */
        if (p[-1] == 'u') {
            rc = decode_unicode(r, &p, end, &dst);
            if (rc < 0)
                return rc;
            continue;
        }
        found = p[-1] != '\0' ? strchr(from, p[-1]) : NULL;
        if (found == NULL)
            return fail(r, p - 2, -EBADMSG,
                        _("an unknown escape after a backslash"));
        *dst++ = to[found - from];
    }
    *dst = '\0';
    *ret = hb_slice(start, (size_t)(dst - start));
    return 0;
}

/* The string whose opening quote is at the reader's place. */
static int read_string(struct reader *r, struct hb_slice *ret)
{
    const char *open = r->p, *start = r->p + 1, *p = start;
    bool escapes = false;
    char *copy;

    for (;;) {
        size_t n;

        p = hb_json_plain(p, r->end);
        if (r->end - p < (p < r->end && *p == '\\' ? 2 : 1))
            return fail(r, open, -EBADMSG, _("a string without end"));
        if (*p == '"')
            break;
        if (*p == '\\') {
            escapes = true;
            /* A longer character behind it is still to be checked. */
            p += (uint8_t)p[1] < 0x80 ? 2 : 1;
            continue;
        }
        if ((uint8_t)*p < 0x20)
            return fail(r, p, -EBADMSG,
                        _("control character 0x%02x in a string"), (uint8_t)*p);
        n = hb_utf8_get(p, (size_t)(r->end - p), NULL);
        if (n == 0)
            return fail(r, p, -EILSEQ, _("bytes that are not valid UTF-8"));
        p += n;
    }
    r->p = p + 1;
    if (escapes)
        return decode_string(r, start, p, ret);
    copy = hb_arena_dup(r->a, start, (size_t)(p - start));
    if (copy == NULL)
        return no_memory(r);
    *ret = hb_slice(copy, (size_t)(p - start));
    return 0;
}

/* Moves past decimal digits; the number of them. */
static size_t skip_digits(struct reader *r)
{
    const char *p = r->p;

    while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
        r->p++;
    return (size_t)(r->p - p);
}

/* The text START..r->p, checked against the grammar, as a double.  The C
 * locale of glibc is static: newlocale() takes no memory for it. */
static int make_real(struct reader *r, const char *start, struct hb_json *node)
{
    size_t n = (size_t)(r->p - start);
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char small[64], *z = small;

    if (c == (locale_t)0)
        return no_memory(r);
    if (n < sizeof small) {
        memcpy(small, start, n);
        small[n] = '\0';
    } else {
        z = hb_arena_dup(r->a, start, n);
    }
    if (z != NULL)
        node->real = strtod_l(z, NULL, c);
    freelocale(c);
    if (z == NULL)
        return no_memory(r);
    if (!isfinite(node->real))
        return fail(r, start, -ERANGE, _("a number out of range"));
    node->type = HB_JSON_REAL;
    return 0;
}

static int read_number(struct reader *r, struct hb_json *node)
{
    const char *start = r->p, *digits;
    bool negative = *r->p == '-', real = false;
    uint64_t v = 0;

    if (negative)
        r->p++;
    digits = r->p;
    if (skip_digits(r) == 0)
        return unexpected(r, _("a digit"));
    if (*digits == '0' && r->p - digits > 1)
        return fail(r, start, -EBADMSG, _("a number with leading zeros"));
    /* 19 digits cannot overflow 64 bits without sign. */
    if (r->p - digits > 19)
        real = true;
    for (const char *p = digits; p < r->p && !real; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    if (r->p < r->end && *r->p == '.') {
        real = true;
        r->p++;
        if (skip_digits(r) == 0)
            return unexpected(r, _("a digit"));
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        real = true;
        r->p++;
        if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
            r->p++;
        if (skip_digits(r) == 0)
            return unexpected(r, _("a digit"));
    }
    if (real || v > (uint64_t)INT64_MAX + negative)
        return make_real(r, start, node);
    node->type = HB_JSON_INT;
    /* Negated as unsigned: INT64_MIN has no positive twin. */
    node->integer = (int64_t)(negative ? 0 - v : v);
    return 0;
}

static int open_level(struct reader *r, struct hb_json *node)
{
    if (r->depth == HB_MAX_JSON_DEPTH)
        return fail(r, r->p - 1, -EFBIG,
                    _("objects and arrays are nested deeper than %u"),
                    HB_MAX_JSON_DEPTH);
    r->stack[r->depth++] = (struct level){.node = node};
    return 0;
}

static void close_level(struct reader *r)
{
    r->depth--;
    hb_map_free(r->stack[r->depth].names);
}

/* Behind a value: closes what ends here.  *RET_MORE is false when the whole
 * text is read, else another value must follow. */
static int close_ended(struct reader *r, bool *ret_more)
{
    for (;;) {
        bool array;

        skip_space(r);
        if (r->depth == 0) {
            if (r->p < r->end)
                return unexpected(r, _("the end of the text"));
            *ret_more = false;
            return 0;
        }
        array = r->stack[r->depth - 1].node->type == HB_JSON_ARR;
        if (r->p < r->end && *r->p == ',') {
            r->p++;
            *ret_more = true;
            return 0;
        }
        if (r->p == r->end || *r->p != (array ? ']' : '}'))
            return unexpected(r, array ? _("\",\" or \"]\"")
                                       : _("\",\" or \"}\""));
        r->p++;
        close_level(r);
    }
}

/* Refuses a name that the open object has already, and remembers it. */
static int check_name(struct reader *r, const char *at, struct hb_slice key)
{
    struct level *top = &r->stack[r->depth - 1];
    bool twice = false;

    if (top->node->count < SMALL_OBJECT) {
        twice = hb_json_member(top->node, key) != NULL;
    } else {
        if (top->names == NULL) {
            top->names = hb_map_new();
            if (top->names == NULL)
                return no_memory(r);
            for (struct hb_json *c = top->node->first; c; c = c->next) {
                if (hb_map_put(top->names, c->key, c) < 0)
                    return no_memory(r);
            }
        }
        twice = hb_map_get(top->names, key) != NULL;
        if (!twice && hb_map_put(top->names, key, top->node) < 0)
            return no_memory(r);
    }
    if (twice)
        return fail(r, at, -EEXIST, _("the name \"%s\" stands twice"), key.p);
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_write.c - building trees and writing JSON: as it is, canonical
 * (RFC 8785), and without a tree (hb_jw).
 *
 * Runs in every process.  Strings may hold whatever an attacker named a file;
 * what is written is always valid JSON in valid UTF-8: control characters are
 * escaped and bytes that are no UTF-8 become U+FFFD.  Failure of memory
 * sticks in the buffer, so a writer of many parts checks once.
 *
 * Trees come from the reader or from code of ours; both are no deeper than
 * HB_MAX_JSON_DEPTH, which bounds the recursion here.
 */
#include <locale.h>
#include <math.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/utf8.h"

/* Integers up to here are exact in every reader (RFC 7493, 2.2). */
#define JCS_LIMIT ((int64_t)1 << 53)

struct writer {
    struct hb_buf *b;
    bool canonical;
    int err;
};

static void write_node(struct writer *w, const struct hb_json *node,
                       unsigned depth);
static void write_children(struct writer *w, const struct hb_json *node,
                           unsigned depth);
static void write_sorted(struct writer *w, const struct hb_json *node,
                         unsigned depth);
static void write_member(struct writer *w, const struct hb_json *node,
                         unsigned depth);
static void write_real(struct writer *w, double v);
static void write_int(struct writer *w, int64_t v);
static int compare_names(const void *a, const void *b);
static void jw_lead(struct hb_jw *w, const char *key);
static void jw_open(struct hb_jw *w, const char *key, char bracket);
static void jw_close(struct hb_jw *w, char bracket);

struct hb_json *hb_json_new(struct hb_arena *a, enum hb_json_type t)
{
    struct hb_json *node = HB_NEW(a, struct hb_json);

    if (node != NULL) {
        node->type = t;
        node->str = hb_slice("", 0);
    }
    return node;
}

void hb_json_hang(struct hb_json *parent, struct hb_json *child)
{
    if (parent->last != NULL)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
    parent->count++;
}

struct hb_json *hb_json_add(struct hb_arena *a, struct hb_json *parent,
                            const char *key, enum hb_json_type t)
{
    struct hb_json *node;

    if (parent == NULL)
        return NULL; /* an earlier call had no memory */
    HB_ASSERT(parent->type == HB_JSON_OBJ || parent->type == HB_JSON_ARR);
    HB_ASSERT((parent->type == HB_JSON_OBJ) == (key != NULL));
    node = hb_json_new(a, t);
    if (node == NULL)
        return NULL;
    if (key != NULL) {
        node->key.n = strlen(key);
        node->key.p = hb_arena_dup(a, key, node->key.n);
        if (node->key.p == NULL)
            return NULL;
    }
    hb_json_hang(parent, node);
    return node;
}

struct hb_json *hb_json_add_str(struct hb_arena *a, struct hb_json *parent,
                                const char *key, const char *value)
{
    struct hb_json *node;
    char *copy = NULL;

    if (value != NULL) {
        copy = hb_arena_strdup(a, value);
        if (copy == NULL)
            return NULL;
    }
    node = hb_json_add(a, parent, key, copy ? HB_JSON_STR : HB_JSON_NULL);
    if (node != NULL && copy != NULL)
        node->str = hb_slice_z(copy);
    return node;
}

struct hb_json *hb_json_add_int(struct hb_arena *a, struct hb_json *parent,
                                const char *key, int64_t value)
{
    struct hb_json *node = hb_json_add(a, parent, key, HB_JSON_INT);

    if (node != NULL)
        node->integer = value;
    return node;
}

struct hb_json *hb_json_add_bool(struct hb_arena *a, struct hb_json *parent,
                                 const char *key, bool value)
{
    struct hb_json *node = hb_json_add(a, parent, key, HB_JSON_BOOL);

    if (node != NULL)
        node->boolean = value;
    return node;
}

void hb_json_write(struct hb_buf *b, const struct hb_json *node)
{
    struct writer w = {.b = b};

    write_node(&w, node, 0);
    if (w.err < 0 && b->err == 0)
        b->err = w.err;
}

int hb_json_write_jcs(struct hb_buf *b, const struct hb_json *node)
{
    struct writer w = {.b = b, .canonical = true};
    size_t start = b->n;

    write_node(&w, node, 0);
    if (w.err == 0)
        w.err = hb_buf_err(b);
    if (w.err == 0)
        return 0;
    /* Nothing half-written may be signed by a caller who looks away. */
    if (b->p != NULL) {
        b->n = start;
        b->p[start] = '\0';
    }
    return w.err;
}

void hb_json_quote(struct hb_buf *b, struct hb_slice s)
{
    static const char letters[] = "\b\t\n\f\r\"\\", names[] = "btnfr\"\\";
    const char *p = s.p, *end = s.n > 0 ? s.p + s.n : s.p;

    hb_buf_addc(b, '"');
    while (p < end) {
        const char *stop = hb_json_plain(p, end), *found;
        size_t n;

        hb_buf_add(b, p, (size_t)(stop - p));
        p = stop;
        if (p == end)
            break;
        if ((uint8_t)*p >= 0x80) {
            n = hb_utf8_get(p, (size_t)(end - p), NULL);
            if (n > 0)
                hb_buf_add(b, p, n);
            else
                hb_buf_addz(b, "\xef\xbf\xbd");
            p += n > 0 ? n : 1;
            continue;
        }
        found = *p != '\0' ? strchr(letters, *p) : NULL;
        if (found != NULL) {
            hb_buf_addc(b, '\\');
            hb_buf_addc(b, names[found - letters]);
        } else {
            hb_buf_addf(b, "\\u%04x", (unsigned)(uint8_t)*p);
        }
        p++;
    }
    hb_buf_addc(b, '"');
}

void hb_jw_init(struct hb_jw *w, struct hb_buf *b)
{
    *w = (struct hb_jw){.b = b};
}

void hb_jw_obj(struct hb_jw *w, const char *key)
{
    jw_open(w, key, '{');
}

void hb_jw_arr(struct hb_jw *w, const char *key)
{
    jw_open(w, key, '[');
}

void hb_jw_end_obj(struct hb_jw *w)
{
    jw_close(w, '}');
}

void hb_jw_end_arr(struct hb_jw *w)
{
    jw_close(w, ']');
}

void hb_jw_str(struct hb_jw *w, const char *key, const char *z)
{
    jw_lead(w, key);
    if (z != NULL)
        hb_json_quote(w->b, hb_slice_z(z));
    else
        hb_buf_addz(w->b, "null");
}

void hb_jw_slice(struct hb_jw *w, const char *key, struct hb_slice s)
{
    jw_lead(w, key);
    hb_json_quote(w->b, s);
}

void hb_jw_int(struct hb_jw *w, const char *key, int64_t v)
{
    jw_lead(w, key);
    hb_buf_addf(w->b, "%lld", (long long)v);
}

void hb_jw_bool(struct hb_jw *w, const char *key, bool v)
{
    jw_lead(w, key);
    hb_buf_addz(w->b, v ? "true" : "false");
}

void hb_jw_null(struct hb_jw *w, const char *key)
{
    jw_lead(w, key);
    hb_buf_addz(w->b, "null");
}

void hb_jw_raw(struct hb_jw *w, const char *key, struct hb_slice json)
{
    jw_lead(w, key);
    hb_buf_add(w->b, json.p, json.n);
}

void hb_jw_node(struct hb_jw *w, const char *key, const struct hb_json *node)
{
    jw_lead(w, key);
    if (node != NULL)
        hb_json_write(w->b, node);
    else
        hb_buf_addz(w->b, "null");
}

static void write_node(struct writer *w, const struct hb_json *node,
                       unsigned depth)
{
    switch (node->type) {
    case HB_JSON_NULL:
        hb_buf_addz(w->b, "null");
        break;
    case HB_JSON_BOOL:
        hb_buf_addz(w->b, node->boolean ? "true" : "false");
        break;
    case HB_JSON_INT:
        write_int(w, node->integer);
        break;
    case HB_JSON_REAL:
        write_real(w, node->real);
        break;
    case HB_JSON_STR:
        hb_json_quote(w->b, node->str);
        break;
    case HB_JSON_ARR:
    case HB_JSON_OBJ:
        if (depth >= HB_MAX_JSON_DEPTH)
            w->err = -EFBIG;
        else
            write_children(w, node, depth + 1);
        break;
    }
}

static void write_children(struct writer *w, const struct hb_json *node,
                           unsigned depth)
{
    bool object = node->type == HB_JSON_OBJ;

    hb_buf_addc(w->b, object ? '{' : '[');
    if (object && w->canonical && node->count > 1) {
        write_sorted(w, node, depth);
    } else {
        HB_JSON_EACH (child, node) {
            if (child != node->first)
                hb_buf_addc(w->b, ',');
            write_member(w, child, depth);
        }
    }
    hb_buf_addc(w->b, object ? '}' : ']');
}

/* Members in the order of their names' UTF-16 code units (RFC 8785, 3.2.3);
 * a name that stands twice is no I-JSON and has no canonical form. */
static void write_sorted(struct writer *w, const struct hb_json *node,
                         unsigned depth)
{
    const struct hb_json **v = NULL;
    size_t n = 0;

    if (!hb_fault(HB_FAULT_ALLOC))
        v = calloc(node->count, sizeof(void *));
    if (v == NULL) {
        w->err = -ENOMEM;
        return;
    }
    HB_JSON_EACH (child, node) {
        v[n++] = child;
    }
    qsort(v, n, sizeof(void *), compare_names);
    for (size_t i = 0; i < n && w->err == 0; i++) {
        if (i > 0) {
            if (compare_names(&v[i - 1], &v[i]) == 0) {
                w->err = -EEXIST;
                break;
            }
            hb_buf_addc(w->b, ',');
        }
        write_member(w, v[i], depth);
    }
    free(v);
}

static void write_member(struct writer *w, const struct hb_json *node,
                         unsigned depth)
{
    if (node->key.p != NULL) {
        hb_json_quote(w->b, node->key);
        hb_buf_addc(w->b, ':');
    }
    write_node(w, node, depth);
}

/* The shortest text that reads back as the same double, and as a double:
 * ".0" is added to what would look like an integer. */
static void write_real(struct writer *w, double v)
{
    locale_t c, before;
    char text[40];

    if (w->canonical) {
        if (v != floor(v) || fabs(v) >= (double)JCS_LIMIT)
            w->err = -EDOM;
        else
            write_int(w, (int64_t)v);
        return;
    }
    c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c == (locale_t)0) {
        w->err = -ENOMEM;
        return;
    }
    before = uselocale(c);
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    (void)uselocale(before);
    freelocale(c);
    hb_buf_addz(w->b, isfinite(v) ? text : "null");
    if (isfinite(v) && strpbrk(text, ".e") == NULL)
        hb_buf_addz(w->b, ".0");
}

static void write_int(struct writer *w, int64_t v)
{
    if (w->canonical && (v >= JCS_LIMIT || v <= -JCS_LIMIT))
        w->err = -EDOM;
    else
        hb_buf_addf(w->b, "%lld", (long long)v);
}

/* The character at *P, moved past it; bad bytes as they will be written. */
static uint32_t next_char(const char **p, const char *end)
{
    uint32_t cp = 0xfffd;
    size_t n = hb_utf8_get(*p, (size_t)(end - *p), &cp);

    *p += n > 0 ? n : 1;
    return cp;
}

/* Order by UTF-16 code units.  It is the order of code points but for the
 * characters past U+FFFF: their surrogates sort below U+E000..U+FFFF. */
static int compare_names(const void *a, const void *b)
{
    const struct hb_json *x = *(const struct hb_json *const *)a;
    const struct hb_json *y = *(const struct hb_json *const *)b;
    const char *p = x->key.p, *p_end = p + x->key.n;
    const char *q = y->key.p, *q_end = q + y->key.n;

    while (p < p_end && q < q_end) {
        uint32_t c = next_char(&p, p_end), d = next_char(&q, q_end);

        if (c == d)
            continue;
        if ((c > 0xffff) != (d > 0xffff)) {
            if (c > 0xffff)
                return d >= 0xe000 ? -1 : 1;
            return c >= 0xe000 ? 1 : -1;
        }
        return c < d ? -1 : 1;
    }
    return (p < p_end) - (q < q_end);
}

/* What stands before a value: the comma and the name. */
static void jw_lead(struct hb_jw *w, const char *key)
{
    if (w->depth > 0) {
        uint32_t bit = (uint32_t)1 << (w->depth - 1);

        if ((w->comma & bit) != 0)
            hb_buf_addc(w->b, ',');
        w->comma |= bit;
    }
    if (key != NULL) {
        hb_json_quote(w->b, hb_slice_z(key));
        hb_buf_addc(w->b, ':');
    }
}

static void jw_open(struct hb_jw *w, const char *key, char bracket)
{
    HB_ASSERT(w->depth < HB_MAX_JSON_DEPTH);
    jw_lead(w, key);
    hb_buf_addc(w->b, bracket);
    w->comma &= ~((uint32_t)1 << w->depth);
    w->depth++;
}

static void jw_close(struct hb_jw *w, char bracket)
{
    HB_ASSERT(w->depth > 0);
    w->depth--;
    hb_buf_addc(w->b, bracket);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_multipart_head.c - the two header fields that say how a multipart
 * body is to be read: Content-Type of the request (its boundary) and
 * Content-Disposition of a part (names of the field and the file).
 *
 * Readers of multipart differ most in these, and what two of them read
 * differently hides an attack; so what is not of the plain form is broken.
 * More is understood than by the reference where only one reading is left:
 * other parameters may stand before the boundary or behind a quoted one, and
 * filename* counts as a name of the file (where it stands alone, the part is
 * refused as there).
 */
#include <strings.h>

#include "guard/waf/body_int.h"

#define TYPE           "multipart/form-data"
#define BOUNDARY       "boundary"
#define TYPE_MAX_BYTES 1024u

struct text {
    const char *p, *end;
};

struct parameter {
    struct hb_slice name, value;
    bool quoted, blank; /* a blank stood before or behind the '=' */
};

static int wrong_type(struct hb_waf_reader *r);
static const char *find_boundary(const char *p, const char *end);
static bool type_parameter(struct text *t, struct parameter *ret);
static bool boundary_characters(struct hb_slice s);
static int about_parameter(struct hb_waf_reader *r, struct text *t,
                           struct hb_waf_mp_about *ret);
static int quoted(struct hb_waf_reader *r, struct text *t,
                  struct hb_slice *ret);
static struct hb_slice token(struct text *t);
static bool token_character(char c);
static int about_set(struct hb_waf_reader *r, struct hb_slice name,
                     struct hb_slice value, struct hb_waf_mp_about *ret);
static int extended(struct hb_waf_reader *r, struct hb_slice value,
                    struct hb_slice *ret);
static void tabs(struct text *t);
static bool is(struct hb_slice s, const char *z);

int hb_waf_mp_boundary(struct hb_waf_reader *r, struct hb_slice *ret)
{
    struct text t = {r->type.p, r->type.p + r->type.n};
    const char *first = find_boundary(t.p, t.end), *more;
    struct parameter one;
    bool semicolon;

    if (r->type.n > TYPE_MAX_BYTES || r->type.n < strlen(TYPE) ||
        strncasecmp(t.p, TYPE, strlen(TYPE)) != 0 || first == NULL)
        return wrong_type(r);
    /* A reader that looks for the word only must find the same one. */
    for (more = first + 1; (more = find_boundary(more, t.end)) != NULL;) {
        more += strlen(BOUNDARY);
        while (more < t.end && hb_waf_body_blank(*more))
            more++;
        if (more < t.end && *more == '=')
            return wrong_type(r);
    }
    t.p += strlen(TYPE);
    *ret = hb_slice(NULL, 0);
    for (bool start = true; t.p < t.end; start = false) {
        while (t.p < t.end && hb_waf_body_blank(*t.p))
            t.p++;
        semicolon = t.p < t.end && *t.p == ';';
        if (!semicolon && !(start && t.p == first))
            return t.p == t.end && ret->p != NULL ? 0 : wrong_type(r);
        t.p += semicolon;
        while (t.p < t.end && hb_waf_body_blank(*t.p))
            t.p++;
        if (t.p == t.end)
            break;
        if (!type_parameter(&t, &one))
            return wrong_type(r);
        if (one.name.p != first)
            continue;
        if (!is(one.name, BOUNDARY) || !boundary_characters(one.value))
            return wrong_type(r);
        r->ret->flag[HB_WAF_MP_MISSING_SEMICOLON] |= !semicolon;
        r->ret->flag[HB_WAF_MP_BOUNDARY_QUOTED] |= one.quoted;
        r->ret->flag[HB_WAF_MP_BOUNDARY_WHITESPACE] |= one.blank;
        *ret = one.value;
    }
    return ret->p != NULL ? 0 : wrong_type(r);
}

int hb_waf_mp_about(struct hb_waf_reader *r, struct hb_slice value, size_t at,
                    struct hb_waf_mp_about *ret)
{
    struct hb_slice form = HB_SLICE("form-data");
    struct text t = {value.p, value.p + value.n};
    bool good = value.n >= form.n && memcmp(value.p, form.p, form.n) == 0;

    t.p += good ? form.n : 0;
    tabs(&t);
    good = good && t.p < t.end && *t.p == ';';
    while (good && t.p < t.end) {
        int rc;

        t.p++;
        /* A last semicolon is nothing wrong, a blank behind it is. */
        if (t.p == t.end)
            break;
        rc = about_parameter(r, &t, ret);
        if (rc < 0)
            return rc;
        good = rc == 0;
    }
    good = good && ret->name.n > 0 &&
           (ret->file.p != NULL || ret->file_ext.p == NULL);
    if (good)
        return 0;
    r->ret->flag[HB_WAF_MP_INVALID_PART] = true;
    return hb_waf_body_broken(
        r, _("a part of the form has no proper Content-Disposition"), at);
}

static int wrong_type(struct hb_waf_reader *r)
{
    return hb_waf_body_broken(
        r, _("the Content-Type header names no proper boundary"), 0);
}

static const char *find_boundary(const char *p, const char *end)
{
    for (; (size_t)(end - p) >= strlen(BOUNDARY); p++)
        if (strncasecmp(p, BOUNDARY, strlen(BOUNDARY)) == 0)
            return p;
    return NULL;
}

/* NAME=VALUE; false where there is none. */
static bool type_parameter(struct text *t, struct parameter *ret)
{
    const char *start = t->p;

    *ret = (struct parameter){.name = token(t)};
    for (; t->p < t->end && hb_waf_body_blank(*t->p); t->p++)
        ret->blank = true;
    if (ret->name.n == 0 || t->p == t->end || *t->p != '=')
        return false;
    for (t->p++; t->p < t->end && hb_waf_body_blank(*t->p); t->p++)
        ret->blank = true;
    start = t->p;
    if (t->p < t->end && *t->p == '"') {
        const char *q = memchr(t->p + 1, '"', (size_t)(t->end - t->p - 1));

        if (q == NULL)
            return false;
        ret->quoted = true;
        ret->value = hb_slice(start + 1, (size_t)(q - start - 1));
        t->p = q + 1;
        return true;
    }
    while (t->p < t->end && *t->p != ';')
        t->p++;
    ret->value = hb_slice(start, (size_t)(t->p - start));
    return true;
}

/* RFC 2046, 5.1.1, but for its 70 characters. */
static bool boundary_characters(struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');

        if (!letter && memchr("'()+_,-./:=? ", c, 13) == NULL)
            return false;
    }
    return s.n > 0 && s.p[s.n - 1] != ' ';
}

/* One parameter behind its semicolon; afterwards T is at the next one or at
 * the end. */
static int about_parameter(struct hb_waf_reader *r, struct text *t,
                           struct hb_waf_mp_about *ret)
{
    struct hb_slice name, value;
    const char *start;
    int rc = 0, set;

    tabs(t);
    start = t->p;
    while (t->p < t->end && *t->p != '=' && *t->p != '\t' && *t->p != ' ')
        t->p++;
    name = hb_slice(start, (size_t)(t->p - start));
    tabs(t);
    if (t->p == t->end || *t->p != '=' ||
        (t->p != start + name.n && !is(name, "name")))
        return 1;
    t->p++;
    tabs(t);
    if (t->p == t->end)
        return 1;
    if (*t->p == '"' || *t->p == '\'') {
        rc = quoted(r, t, &value);
    } else {
        value = token(t);
        /* What some take for a quote. */
        if (!is(name, "filename*") && value.n > 0 &&
            memchr(value.p, '\'', value.n) != NULL)
            r->ret->flag[HB_WAF_MP_INVALID_QUOTING] = true;
    }
    /* A quote without its end: what it might be is seen all the same. */
    set = rc >= 0 ? about_set(r, name, value, ret) : rc;
    if (set < 0 || rc == 0)
        rc = set;
    if (rc != 0)
        return rc;
    tabs(t);
    if (t->p == t->end || *t->p == ';')
        return 0;
    if (t->p[-1] == '"' || t->p[-1] == '\'')
        r->ret->flag[HB_WAF_MP_INVALID_QUOTING] = true;
    return 1;
}

/* Only the quote and the backslash are escaped; "C:\new" stays. */
static int quoted(struct hb_waf_reader *r, struct text *t, struct hb_slice *ret)
{
    char quote = *t->p++, *out;
    const char *start = t->p;
    size_t n = 0;
    bool escaped = false;

    if (quote == '\'')
        r->ret->flag[HB_WAF_MP_INVALID_QUOTING] = true;
    for (; t->p < t->end && *t->p != quote; t->p++) {
        if (*t->p != '\\' || t->end - t->p < 2 ||
            (t->p[1] != quote && t->p[1] != '\\'))
            continue;
        escaped = true;
        t->p++;
    }
    *ret = hb_slice(start, (size_t)(t->p - start));
    if (t->p == t->end)
        return 1;
    t->p++;
    if (!escaped)
        return 0;
    out = hb_arena_alloc(r->a, ret->n);
    if (out == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < ret->n; i++) {
        if (ret->p[i] == '\\' && i + 1 < ret->n &&
            (ret->p[i + 1] == quote || ret->p[i + 1] == '\\'))
            i++;
        out[n++] = ret->p[i];
    }
    *ret = hb_slice(out, n);
    return 0;
}

static struct hb_slice token(struct text *t)
{
    const char *start = t->p;

    while (t->p < t->end && token_character(*t->p))
        t->p++;
    return hb_slice(start, (size_t)(t->p - start));
}

/* RFC 2616, 2.2, but for braces. */
static bool token_character(char c)
{
    return c > ' ' && c < 0x7f && memchr("()<>@,;:\\\"/[]?=", c, 15) == NULL;
}

static int about_set(struct hb_waf_reader *r, struct hb_slice name,
                     struct hb_slice value, struct hb_waf_mp_about *ret)
{
    struct hb_slice *to;

    if (is(name, "name"))
        to = &ret->name;
    else if (is(name, "filename"))
        to = &ret->file;
    else if (is(name, "filename*"))
        to = &ret->file_ext;
    else
        return 1;
    if (to->p != NULL)
        return 1;
    if (to == &ret->file_ext)
        return extended(r, value, to);
    *to = value;
    return 0;
}

/* charset'language'text of RFC 5987; %HH in the text is decoded, the charset is
 * left to who reads the name. */
static int extended(struct hb_waf_reader *r, struct hb_slice value,
                    struct hb_slice *ret)
{
    const char *end = value.p + value.n, *p;
    char *out;
    size_t n = 0;

    p = value.n > 0 ? memchr(value.p, '\'', value.n) : NULL;
    p = p != NULL ? memchr(p + 1, '\'', (size_t)(end - p - 1)) : NULL;
    if (p == NULL || p + 1 == end)
        return 1;
    out = hb_arena_alloc(r->a, value.n);
    if (out == NULL)
        return -ENOMEM;
    for (p++; p < end; p++) {
        int high = *p == '%' && end - p > 2 ? hb_waf_body_hex(p[1]) : -1;
        int low = high >= 0 ? hb_waf_body_hex(p[2]) : -1;

        out[n++] = (char)(low >= 0 ? high << 4 | low : *p);
        p += low >= 0 ? 2 : 0;
    }
    *ret = hb_slice(out, n);
    return 0;
}

static void tabs(struct text *t)
{
    while (t->p < t->end && (*t->p == ' ' || *t->p == '\t'))
        t->p++;
}

static bool is(struct hb_slice s, const char *z)
{
    return hb_slice_eq(s, hb_slice_z(z));
}

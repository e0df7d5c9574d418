/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.c - see body.h: query strings, cookies, and which reader a body gets.
 *
 * Names and values that need no decoding are slices of what came.
 */
#include "guard/waf/body.h"

#include "guard/waf/body_int.h"

#define DEPTH 512u
#define FILES 100u /* SecUploadFileLimit's default */

static int urlencoded(struct hb_waf_reader *r);
static int pair(struct hb_slice s, struct hb_arena *a, struct hb_waf_list *l,
                bool *bad);
static int decode(struct hb_slice s, struct hb_arena *a, struct hb_slice *ret,
                  bool *bad);
static void halves(struct hb_slice s, struct hb_slice *left,
                   struct hb_slice *right);

int hb_waf_body_query(struct hb_slice text, char separator, uint64_t max,
                      struct hb_arena *a, struct hb_waf_list *l, bool *bad)
{
    const char *p = text.p, *end = text.n > 0 ? p + text.n : p;
    int r = 0;

    if (max == 0 || max > HB_WAF_LIST_MAX)
        max = HB_WAF_LIST_MAX;
    /* "a&&b" has an argument without name and value in its middle, "a&" has
     * none at its end: so the reference counts them. */
    while (r == 0 && p < end) {
        const char *q = memchr(p, separator, (size_t)(end - p));

        if (q == NULL)
            q = end;
        if (l->n >= max)
            return -EFBIG;
        r = pair(hb_slice(p, (size_t)(q - p)), a, l, bad);
        p = q + (q < end);
    }
    return r;
}

int hb_waf_body_cookies(struct hb_slice text, struct hb_arena *a,
                        struct hb_waf_list *l)
{
    const char *p = text.p, *end = text.n > 0 ? p + text.n : p;
    int r = 0;

    /* Blanks behind a value are part of it but for the last one. */
    if (p < end && end[-1] == ';')
        end--;
    while (p < end && hb_waf_body_blank(end[-1]))
        end--;
    while (r == 0 && p < end) {
        const char *q = memchr(p, ';', (size_t)(end - p));
        struct hb_slice name, value;

        if (q == NULL)
            q = end;
        halves(hb_slice(p, (size_t)(q - p)), &name, &value);
        while (name.n > 0 && hb_waf_body_blank(name.p[0])) {
            name.p++;
            name.n--;
        }
        if (name.n > 0)
            r = hb_waf_list_add(l, a, name, value);
        p = q + (q < end);
    }
    return r;
}

int hb_waf_body_parse(enum hb_waf_processor processor, struct hb_slice type,
                      struct hb_slice body,
                      const struct hb_waf_body_limits *limits,
                      struct hb_arena *a, struct hb_waf_body *ret)
{
    static int (*const readers[])(struct hb_waf_reader *) = {
        [HB_WAF_BODY_URLENCODED] = urlencoded,
        [HB_WAF_BODY_MULTIPART] = hb_waf_body_multipart,
        [HB_WAF_BODY_XML] = hb_waf_body_xml,
        [HB_WAF_BODY_JSON] = hb_waf_body_json,
    };
    struct hb_waf_reader r = {
        .type = type, .body = body, .limits = *limits, .a = a, .ret = ret};
    int rc;

    HB_ASSERT((size_t)processor < HB_ARRAY_LEN(readers));
    if (r.limits.arguments == 0 || r.limits.arguments > HB_WAF_LIST_MAX)
        r.limits.arguments = HB_WAF_LIST_MAX;
    if (r.limits.depth == 0)
        r.limits.depth = DEPTH;
    if (r.limits.files == 0)
        r.limits.files = FILES;
    if (r.limits.separator == '\0')
        r.limits.separator = '&';
    /* A slice of nothing may have no address. */
    if (type.n == 0)
        r.type.p = "";
    if (body.n == 0)
        r.body.p = "";
    ret->why = "";
    if (body.n == 0 && processor != HB_WAF_BODY_XML)
        return 0;
    rc = readers[processor](&r);
    return rc < 0 ? rc : 0;
}

int hb_waf_body_broken(struct hb_waf_reader *r, const char *why, size_t at)
{
    if (!r->ret->broken && at > 0) {
        why = hb_arena_printf(r->a, _("%s (byte %zu of the body)"), why, at);
        if (why == NULL)
            return -ENOMEM;
    }
    if (!r->ret->broken)
        r->ret->why = why;
    r->ret->broken = true;
    return 1;
}

int hb_waf_body_limit(struct hb_waf_reader *r, const char *why)
{
    r->ret->limit = true;
    return hb_waf_body_broken(r, why, 0);
}

int hb_waf_body_add(struct hb_waf_reader *r, struct hb_waf_list *l,
                    struct hb_slice name, struct hb_slice value)
{
    int rc = l->n >= r->limits.arguments
                 ? -EFBIG
                 : hb_waf_list_add(l, r->a, name, value);

    return rc == -EFBIG
               ? hb_waf_body_limit(r, _("the body has too many arguments"))
               : rc;
}

static int urlencoded(struct hb_waf_reader *r)
{
    int rc =
        hb_waf_body_query(r->body, r->limits.separator, r->limits.arguments,
                          r->a, &r->ret->args, &r->ret->bad_urlcode);

    return rc == -EFBIG
               ? hb_waf_body_limit(r, _("the body has too many arguments"))
               : rc;
}

static int pair(struct hb_slice s, struct hb_arena *a, struct hb_waf_list *l,
                bool *bad)
{
    struct hb_slice name, value;
    int r;

    halves(s, &name, &value);
    r = decode(name, a, &name, bad);
    if (r == 0)
        r = decode(value, a, &value, bad);
    return r == 0 ? hb_waf_list_add(l, a, name, value) : r;
}

static int decode(struct hb_slice s, struct hb_arena *a, struct hb_slice *ret,
                  bool *bad)
{
    size_t i = 0, n;
    char *out;

    while (i < s.n && s.p[i] != '%' && s.p[i] != '+')
        i++;
    if (i == s.n) {
        *ret = s;
        return 0;
    }
    out = hb_arena_alloc(a, s.n);
    if (out == NULL)
        return -ENOMEM;
    memcpy(out, s.p, i);
    for (n = i; i < s.n; i++) {
        int high = -1, low = -1;

        if (s.p[i] != '%') {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
            continue;
        }
        if (s.n - i > 2) {
            high = hb_waf_body_hex(s.p[i + 1]);
            low = hb_waf_body_hex(s.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = '%';
            *bad = true;
        }
    }
    *ret = hb_slice(out, n);
    return 0;
}

/* What stands before and behind the first '='; without one it is a name. */
static void halves(struct hb_slice s, struct hb_slice *left,
                   struct hb_slice *right)
{
    const char *eq = s.n > 0 ? memchr(s.p, '=', s.n) : NULL;

    *left = s;
    *right = hb_slice(s.n > 0 ? s.p + s.n : "", 0);
    if (eq != NULL) {
        left->n = (size_t)(eq - s.p);
        *right = hb_slice(eq + 1, s.n - left->n - 1);
    }
}

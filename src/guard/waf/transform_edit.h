/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform_edit.h - what the files transform*.c share, and nobody else.
 *
 * An edit copies its input only when the first difference is found: until then
 * a transformation only reads.  What lies between two differences is copied in
 * one piece.
 */
#ifndef HB_GUARD_WAF_TRANSFORM_EDIT_H
#define HB_GUARD_WAF_TRANSFORM_EDIT_H

#include "base/num.h"
#include "guard/waf/transform.h"

/* One transformation: see hb_waf_transform_mapped(). */
typedef int hb_waf_t_fn(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret);

hb_waf_t_fn hb_waf_t_base64_decode, hb_waf_t_base64_decode_ext,
    hb_waf_t_base64_encode, hb_waf_t_cmd_line, hb_waf_t_compress_whitespace,
    hb_waf_t_css_decode, hb_waf_t_escape_seq_decode, hb_waf_t_hex_decode,
    hb_waf_t_hex_encode, hb_waf_t_html_entity_decode, hb_waf_t_js_decode,
    hb_waf_t_md5, hb_waf_t_normalize_path, hb_waf_t_normalize_path_win,
    hb_waf_t_remove_comments, hb_waf_t_remove_comments_char,
    hb_waf_t_remove_whitespace, hb_waf_t_replace_comments, hb_waf_t_sha1,
    hb_waf_t_sql_hex_decode, hb_waf_t_url_decode, hb_waf_t_url_encode,
    hb_waf_t_utf8_to_unicode;
int hb_waf_t_url_decode_uni(const struct hb_waf_umap *map, struct hb_arena *a,
                            struct hb_slice in, struct hb_slice *ret);

struct hb_waf_edit {
    struct hb_arena *a;
    struct hb_slice in;
    size_t from; /* input before it is copied or replaced */
    size_t grow; /* output is at most so many times the input */
    char *p;     /* NULL until the first difference */
    size_t n;
    int err; /* 0 or -ENOMEM */
};

static inline void hb_waf_edit_init(struct hb_waf_edit *e, struct hb_arena *a,
                                    struct hb_slice in, size_t grow)
{
    *e = (struct hb_waf_edit){.a = a, .in = in, .grow = grow};
}

/* Replaces SKIP bytes of input at AT by the N bytes WITH. */
static inline void hb_waf_edit_put(struct hb_waf_edit *e, size_t at,
                                   size_t skip, const char *with, size_t n)
{
    HB_ASSERT(at >= e->from && at + skip <= e->in.n);
    if (e->p == NULL && e->err == 0) {
        e->p = hb_arena_calloc(e->a, e->in.n, e->grow);
        e->err = e->p == NULL ? -ENOMEM : 0;
    }
    if (e->err != 0) {
        e->from = at + skip; /* who goes on from there gets to an end */
        return;
    }
    HB_ASSERT(n <= e->in.n * e->grow - e->n - (at - e->from));
    memcpy(e->p + e->n, e->in.p + e->from, at - e->from);
    e->n += at - e->from;
    if (n != 0)
        memcpy(e->p + e->n, with, n);
    e->n += n;
    e->from = at + skip;
}

static inline void hb_waf_edit_putc(struct hb_waf_edit *e, size_t at,
                                    size_t skip, int c)
{
    char one = (char)c;

    hb_waf_edit_put(e, at, skip, &one, 1);
}

static inline void hb_waf_edit_drop(struct hb_waf_edit *e, size_t at,
                                    size_t skip)
{
    hb_waf_edit_put(e, at, skip, NULL, 0);
}

static inline int hb_waf_edit_end(struct hb_waf_edit *e, struct hb_slice *ret)
{
    if (e->p != NULL)
        hb_waf_edit_drop(e, e->in.n, 0);
    if (e->err == 0)
        *ret = e->p != NULL ? (struct hb_slice){e->p, e->n} : e->in;
    return e->err;
}

/* Where the next C stands at or behind FROM; in.n where there is none. */
static inline size_t hb_waf_next(struct hb_slice in, size_t from, char c)
{
    const char *p = from < in.n ? memchr(in.p + from, c, in.n - from) : NULL;

    return p != NULL ? (size_t)(p - in.p) : in.n;
}

/* The locale has no say here: isspace() of C. */
static inline bool hb_waf_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline char hb_waf_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static inline bool hb_waf_alnum(char c)
{
    char l = (char)(c | 0x20);

    return (c >= '0' && c <= '9') || (l >= 'a' && l <= 'z');
}

/* True where N hex digits stand at AT. */
static inline bool hb_waf_hex_at(struct hb_slice in, size_t at, size_t n)
{
    if (at > in.n || in.n - at < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (hb_hex_digit(in.p[at + i]) < 0)
            return false;
    return true;
}

/* The byte that two hex digits at P mean. */
static inline int hb_waf_hex2(const char *p)
{
    return hb_hex_digit(p[0]) << 4 | hb_hex_digit(p[1]);
}

/* The low byte C of a code unit whose high byte is written HIGH (two
 * characters): full-width forms U+FF01..FF5E mean the ASCII sign. */
static inline int hb_waf_narrow(int c, const char *high)
{
    bool wide = hb_waf_lower(high[0]) == 'f' && hb_waf_lower(high[1]) == 'f';

    return wide && c > 0 && c < 0x5f ? c + 0x20 : c;
}

#endif

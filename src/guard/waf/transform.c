/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform.c - see transform.h: the table of transformations, and those that
 * are a line or two.
 */
#include "guard/waf/transform_edit.h"

static hb_waf_t_fn none, length, lowercase, uppercase, parity_even, parity_odd,
    parity_zero, remove_nulls, replace_nulls, trim, trim_left, trim_right;
static int parity(struct hb_arena *a, struct hb_slice in, unsigned want,
                  struct hb_slice *ret);
static int fold(struct hb_arena *a, struct hb_slice in, char first,
                struct hb_slice *ret);

/* Bit of byte C in its word. */
#define B(c)  (UINT64_C(1) << ((c)&63))
#define ALL   UINT64_MAX
#define BLANK (B(' ') | B('\t') | B('\n') | B('\v') | B('\f') | B('\r'))
#define UPPER UINT64_C(0x07fffffe)
#define DIGIT UINT64_C(0x03ff000000000000)

#define ALWAYS                                                                 \
    {                                                                          \
        .set = {ALL, ALL, ALL, ALL}, .always = true                            \
    }
#define SET(...)                                                               \
    {                                                                          \
        .set = { __VA_ARGS__ }                                                 \
    }

struct transform {
    hb_waf_t_fn *fn; /* NULL: urlDecodeUni, which wants the map */
    struct hb_waf_bytes touches;
};

static const struct transform table[HB_WAF_T_COUNT] = {
    [HB_WAF_T_NONE] = {none, SET(0)},
    [HB_WAF_T_BASE64DECODE] = {hb_waf_t_base64_decode, ALWAYS},
    [HB_WAF_T_BASE64DECODEEXT] = {hb_waf_t_base64_decode_ext, ALWAYS},
    [HB_WAF_T_BASE64ENCODE] = {hb_waf_t_base64_encode, ALWAYS},
    [HB_WAF_T_CMDLINE] = {hb_waf_t_cmd_line,
                          SET(B('"') | B('\'') | B(',') | B(';') | B(' ') |
                                  B('\t') | B('\r') | B('\n'),
                              UPPER | B('\\') | B('^'))},
    [HB_WAF_T_COMPRESSWHITESPACE] = {hb_waf_t_compress_whitespace, SET(BLANK)},
    [HB_WAF_T_CSSDECODE] = {hb_waf_t_css_decode, SET(0, B('\\'))},
    [HB_WAF_T_ESCAPESEQDECODE] = {hb_waf_t_escape_seq_decode, SET(0, B('\\'))},
    [HB_WAF_T_HEXDECODE] = {hb_waf_t_hex_decode, ALWAYS},
    [HB_WAF_T_HEXENCODE] = {hb_waf_t_hex_encode, ALWAYS},
    [HB_WAF_T_HTMLENTITYDECODE] = {hb_waf_t_html_entity_decode, SET(B('&'))},
    [HB_WAF_T_JSDECODE] = {hb_waf_t_js_decode, SET(0, B('\\'))},
    [HB_WAF_T_LENGTH] = {length, ALWAYS},
    [HB_WAF_T_LOWERCASE] = {lowercase, SET(0, UPPER)},
    [HB_WAF_T_UPPERCASE] = {uppercase, SET(0, UPPER << 32)},
    [HB_WAF_T_MD5] = {hb_waf_t_md5, ALWAYS},
    [HB_WAF_T_NORMALIZEPATH] = {hb_waf_t_normalize_path, SET(B('.') | B('/'))},
    [HB_WAF_T_NORMALIZEPATHWIN] = {hb_waf_t_normalize_path_win,
                                   SET(B('.') | B('/'), B('\\'))},
    [HB_WAF_T_PARITYEVEN7BIT] = {parity_even, ALWAYS},
    [HB_WAF_T_PARITYODD7BIT] = {parity_odd, ALWAYS},
    [HB_WAF_T_PARITYZERO7BIT] = {parity_zero, SET(0, 0, ALL, ALL)},
    [HB_WAF_T_REMOVECOMMENTS] = {hb_waf_t_remove_comments,
                                 SET(B('/') | B('<') | B('-') | B('#'))},
    [HB_WAF_T_REMOVECOMMENTSCHAR] = {hb_waf_t_remove_comments_char,
                                     SET(B('/') | B('<') | B('-') | B('#'))},
    [HB_WAF_T_REMOVENULLS] = {remove_nulls, SET(B(0))},
    [HB_WAF_T_REMOVEWHITESPACE] = {hb_waf_t_remove_whitespace,
                                   SET(BLANK, 0, B(0xa0), B(0xc2))},
    [HB_WAF_T_REPLACECOMMENTS] = {hb_waf_t_replace_comments, SET(B('/'))},
    [HB_WAF_T_REPLACENULLS] = {replace_nulls, SET(B(0))},
    [HB_WAF_T_SHA1] = {hb_waf_t_sha1, ALWAYS},
    [HB_WAF_T_SQLHEXDECODE] = {hb_waf_t_sql_hex_decode, SET(B('0'))},
    [HB_WAF_T_TRIM] = {trim, SET(BLANK)},
    [HB_WAF_T_TRIMLEFT] = {trim_left, SET(BLANK)},
    [HB_WAF_T_TRIMRIGHT] = {trim_right, SET(BLANK)},
    [HB_WAF_T_URLDECODE] = {hb_waf_t_url_decode, SET(B('%') | B('+'))},
    [HB_WAF_T_URLDECODEUNI] = {NULL, SET(B('%') | B('+'))},
    [HB_WAF_T_URLENCODE] = {hb_waf_t_url_encode,
                            SET(~(DIGIT | B('*')), ~(UPPER | UPPER << 32), ALL,
                                ALL)},
    [HB_WAF_T_UTF8TOUNICODE] = {hb_waf_t_utf8_to_unicode, SET(0, 0, ALL, ALL)},
};

const struct hb_waf_bytes *hb_waf_transform_touches(enum hb_waf_t t)
{
    HB_ASSERT((unsigned)t < HB_WAF_T_COUNT);
    return &table[t].touches;
}

int hb_waf_transform(enum hb_waf_t t, struct hb_arena *a, struct hb_slice in,
                     struct hb_slice *ret)
{
    return hb_waf_transform_mapped(t, NULL, a, in, ret);
}

int hb_waf_transform_mapped(enum hb_waf_t t, const struct hb_waf_umap *map,
                            struct hb_arena *a, struct hb_slice in,
                            struct hb_slice *ret)
{
    HB_ASSERT((unsigned)t < HB_WAF_T_COUNT);
    if (table[t].fn == NULL)
        return hb_waf_t_url_decode_uni(map, a, in, ret);
    return table[t].fn(a, in, ret);
}

int hb_waf_transform_chain(const enum hb_waf_t *seq, size_t n,
                           const struct hb_waf_umap *map, struct hb_arena *a,
                           struct hb_slice in, struct hb_slice *ret)
{
    struct hb_slice v = in;

    for (size_t i = 0; i < n; i++) {
        int r = hb_waf_transform_mapped(seq[i], map, a, v, &v);

        if (r < 0)
            return r;
    }
    *ret = v;
    return 0;
}

static int none(struct hb_arena *a, struct hb_slice in, struct hb_slice *ret)
{
    *ret = in;
    return 0;
}

static int length(struct hb_arena *a, struct hb_slice in, struct hb_slice *ret)
{
    size_t n = in.n, at = 20; /* digits of 2^64 */
    char *p = hb_arena_alloc(a, at);

    if (p == NULL)
        return -ENOMEM;
    do {
        p[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    *ret = (struct hb_slice){p + at, 20 - at};
    return 0;
}

static int lowercase(struct hb_arena *a, struct hb_slice in,
                     struct hb_slice *ret)
{
    return fold(a, in, 'A', ret);
}

static int uppercase(struct hb_arena *a, struct hb_slice in,
                     struct hb_slice *ret)
{
    return fold(a, in, 'a', ret);
}

/* Turns the case of the 26 letters from FIRST on. */
static int fold(struct hb_arena *a, struct hb_slice in, char first,
                struct hb_slice *ret)
{
    size_t i = 0;
    char *p;

    while (i < in.n && (uint8_t)(in.p[i] - first) >= 26)
        i++;
    if (i == in.n) {
        *ret = in;
        return 0;
    }
    p = hb_arena_alloc(a, in.n);
    if (p == NULL)
        return -ENOMEM;
    memcpy(p, in.p, i);
    for (; i < in.n; i++)
        p[i] = (char)(in.p[i] ^ ((uint8_t)(in.p[i] - first) < 26 ? 0x20 : 0));
    *ret = (struct hb_slice){p, in.n};
    return 0;
}

static int parity_even(struct hb_arena *a, struct hb_slice in,
                       struct hb_slice *ret)
{
    return parity(a, in, 0, ret);
}

static int parity_odd(struct hb_arena *a, struct hb_slice in,
                      struct hb_slice *ret)
{
    return parity(a, in, 1, ret);
}

/* Makes the top bit of each byte such that the count of ones is even (WANT 0)
 * or odd (1). */
static int parity(struct hb_arena *a, struct hb_slice in, unsigned want,
                  struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = 0; i < in.n; i++) {
        unsigned c = (uint8_t)in.p[i];
        unsigned set = (unsigned)__builtin_parity(c) != want ? 0x80u : 0;

        if (((c & 0x7f) | set) != c)
            hb_waf_edit_putc(&e, i, 1, (int)((c & 0x7f) | set));
    }
    return hb_waf_edit_end(&e, ret);
}

static int parity_zero(struct hb_arena *a, struct hb_slice in,
                       struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = 0; i < in.n; i++)
        if ((in.p[i] & 0x80) != 0)
            hb_waf_edit_putc(&e, i, 1, in.p[i] & 0x7f);
    return hb_waf_edit_end(&e, ret);
}

static int remove_nulls(struct hb_arena *a, struct hb_slice in,
                        struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = hb_waf_next(in, 0, '\0'); i < in.n;
         i = hb_waf_next(in, i + 1, '\0'))
        hb_waf_edit_drop(&e, i, 1);
    return hb_waf_edit_end(&e, ret);
}

static int replace_nulls(struct hb_arena *a, struct hb_slice in,
                         struct hb_slice *ret)
{
    struct hb_waf_edit e;

    hb_waf_edit_init(&e, a, in, 1);
    for (size_t i = hb_waf_next(in, 0, '\0'); i < in.n;
         i = hb_waf_next(in, i + 1, '\0'))
        hb_waf_edit_putc(&e, i, 1, ' ');
    return hb_waf_edit_end(&e, ret);
}

static int trim_left(struct hb_arena *a, struct hb_slice in,
                     struct hb_slice *ret)
{
    while (in.n > 0 && hb_waf_space(in.p[0])) {
        in.p++;
        in.n--;
    }
    *ret = in;
    return 0;
}

static int trim_right(struct hb_arena *a, struct hb_slice in,
                      struct hb_slice *ret)
{
    while (in.n > 0 && hb_waf_space(in.p[in.n - 1]))
        in.n--;
    *ret = in;
    return 0;
}

static int trim(struct hb_arena *a, struct hb_slice in, struct hb_slice *ret)
{
    int r = trim_left(a, in, &in);

    return r < 0 ? r : trim_right(a, in, ret);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - what arrives in a request, taken apart: query strings, cookies,
 * and the four kinds of body of SecLang's requestBodyProcessor.
 *
 * Sources: the URL standard (application/x-www-form-urlencoded), RFC 6265
 * (cookies), RFC 7578 and 2046 (multipart/form-data), RFC 8259 (JSON), XML 1.0;
 * names of arguments and the twelve strict checks of multipart as
 * libmodsecurity 3 has them, since rules are written for it.
 *
 * Every byte is a stranger's.  A parser reads within its slice, stops at the
 * limits below, and never fails because of what it reads: a body that is
 * broken or too much is told in the result, with what was read of it so far.
 */
#ifndef HB_GUARD_WAF_BODY_H
#define HB_GUARD_WAF_BODY_H

#include "guard/waf/list.h"
#include "guard/waf/rule.h"

struct hb_waf_body_limits {
    uint64_t arguments; /* of one body; 0: HB_WAF_LIST_MAX */
    uint64_t depth;     /* of JSON and XML (there 255 at most); 0: 512 */
    uint64_t files;     /* of multipart; 0: 100 */
    char separator;     /* between arguments: '&' */
};

/* Flags of multipart, each a variable of SecLang (MULTIPART_...). */
enum hb_waf_multipart {
    HB_WAF_MP_BOUNDARY_QUOTED,
    HB_WAF_MP_BOUNDARY_WHITESPACE,
    HB_WAF_MP_DATA_BEFORE,
    HB_WAF_MP_DATA_AFTER,
    HB_WAF_MP_HEADER_FOLDING,
    HB_WAF_MP_INVALID_HEADER_FOLDING,
    HB_WAF_MP_LF_LINE,
    HB_WAF_MP_CRLF_LF_LINES,
    HB_WAF_MP_MISSING_SEMICOLON,
    HB_WAF_MP_INVALID_QUOTING,
    HB_WAF_MP_INVALID_PART,
    HB_WAF_MP_FILE_LIMIT_EXCEEDED,
    HB_WAF_MP_UNMATCHED_BOUNDARY, /* not part of MULTIPART_STRICT_ERROR */
    HB_WAF_MP_COUNT
};

struct hb_waf_body {
    struct hb_waf_list args; /* ARGS_POST */

    /* multipart */
    struct hb_waf_list file;        /* field -> name of the file: FILES */
    struct hb_waf_list file_size;   /* field -> decimal size: FILES_SIZES */
    struct hb_waf_list file_data;   /* field -> its bytes */
    struct hb_waf_list part_header; /* field -> "Name: value" of each header
                                       line: MULTIPART_PART_HEADERS */
    struct hb_waf_list part_name;   /* field -> field: MULTIPART_NAME */
    uint64_t file_bytes;            /* FILES_COMBINED_SIZE */
    bool flag[HB_WAF_MP_COUNT];

    /* XML: the text of all elements one behind the other ("XML:" followed by
     * a slash and a star), and each attribute ("XML://@" and a star), name ->
     * value. */
    struct hb_slice xml_text;
    struct hb_waf_list xml_attr;

    bool broken;      /* REQBODY_ERROR */
    bool limit;       /* arguments, depth or size: more than is read */
    bool bad_urlcode; /* URLENCODED_ERROR: % without two hex digits */
    const char *why;  /* of BROKEN and LIMIT, translated; "" */
};

/* "a=b&c" into L, both sides decoded (+ is a blank, %HH).  *BAD is set, never
 * cleared, where a % has no two hex digits behind it; it stands for itself.
 * -ENOMEM, -EFBIG past MAX arguments (those before it are in L). */
int hb_waf_body_query(struct hb_slice text, char separator, uint64_t max,
                      struct hb_arena *a, struct hb_waf_list *l,
                      bool *bad) HB_WUR;
/* The value of one Cookie header into L, not decoded.  -ENOMEM, -EFBIG. */
int hb_waf_body_cookies(struct hb_slice text, struct hb_arena *a,
                        struct hb_waf_list *l) HB_WUR;

/* Reads BODY, whose Content-Type header is TYPE, into *RET, which is zeroed
 * by the caller.  0 or -ENOMEM; everything else stands in *RET. */
int hb_waf_body_parse(enum hb_waf_processor processor, struct hb_slice type,
                      struct hb_slice body,
                      const struct hb_waf_body_limits *limits,
                      struct hb_arena *a, struct hb_waf_body *ret) HB_WUR;

#endif

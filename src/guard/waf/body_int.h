/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body_int.h - what the readers of bodies share; nothing outside body*.c
 * includes it.
 *
 * Their functions return 0 to go on, 1 where the rest is not read (the result
 * says why) and -ENOMEM.
 */
#ifndef HB_GUARD_WAF_BODY_INT_H
#define HB_GUARD_WAF_BODY_INT_H

#include "base/i18n.h"
#include "guard/waf/body.h"

struct hb_waf_reader {
    struct hb_slice type, body;
    struct hb_waf_body_limits limits; /* no zeroes */
    struct hb_arena *a;
    struct hb_waf_body *ret;
};

int hb_waf_body_json(struct hb_waf_reader *r) HB_WUR;
int hb_waf_body_multipart(struct hb_waf_reader *r) HB_WUR;
int hb_waf_body_xml(struct hb_waf_reader *r) HB_WUR;

/* The body is broken at byte AT of it (the first byte is 1; 0 says nothing of
 * a place); WHY is translated.  The first reason stays.  1 or -ENOMEM. */
int hb_waf_body_broken(struct hb_waf_reader *r, const char *why,
                       size_t at) HB_WUR;
/* More than is read.  Broken too: what was not read may hold anything. */
int hb_waf_body_limit(struct hb_waf_reader *r, const char *why) HB_WUR;
/* One more value of L, which may hold the arguments of one body. */
int hb_waf_body_add(struct hb_waf_reader *r, struct hb_waf_list *l,
                    struct hb_slice name, struct hb_slice value) HB_WUR;

/* multipart: the boundary that the Content-Type header names. */
int hb_waf_mp_boundary(struct hb_waf_reader *r, struct hb_slice *ret) HB_WUR;

/* What Content-Disposition says of a part; P is NULL where it says nothing. */
struct hb_waf_mp_about {
    struct hb_slice name;
    struct hb_slice file, file_ext; /* filename, and filename* decoded */
};

/* VALUE is a Content-Disposition field.  What was understood of it stands in
 * *RET even where 1 says that it is broken (at byte AT of the body). */
int hb_waf_mp_about(struct hb_waf_reader *r, struct hb_slice value, size_t at,
                    struct hb_waf_mp_about *ret) HB_WUR;

/* isspace() of the C locale, which is what the reference asks. */
static inline bool hb_waf_body_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The value of a hexadecimal digit, -1 for anything else. */
static inline int hb_waf_body_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif

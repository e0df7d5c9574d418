/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transform.h - the transformations of SecLang (t:...).
 *
 * Source: the reference manual of ModSecurity, "Transformation functions";
 * where the manual leaves a case open, libmodsecurity 3.0.9 decides, because
 * the rules of the CRS were tested with it.  On purpose we differ in: cssDecode
 * goes on behind a NUL, utf8toUnicode keeps a NUL, normalizePathWin makes the
 * last backslash of a run a slash too, sqlHexDecode keeps a value without hex,
 * and base64DecodeExt does not drop a value that ends with a lone 9.
 *
 * A value is a foreigner's bytes, of any length, NUL included.  A result is
 * either the input slice itself (same pointer, same length: nothing changed,
 * and later stages know it by that), a part of it (trim), or bytes in the
 * arena.  Each one first looks for a byte that matters and writes only then,
 * in one pass.  Nothing is kept between calls; any number of threads may
 * share a map.
 */
#ifndef HB_GUARD_WAF_TRANSFORM_H
#define HB_GUARD_WAF_TRANSFORM_H

#include "base/arena.h"
#include "base/err.h"
#include "guard/waf/names.h"

/* A set of byte values. */
struct hb_waf_bytes {
    uint64_t set[4]; /* bit b % 64 of word b / 64 */
    /* The result hangs on length or position, or is another text for nearly
     * every value (length, sha1, base64Encode ...): the set says nothing. */
    bool always;
};

static inline bool hb_waf_bytes_has(const struct hb_waf_bytes *b, uint8_t c)
{
    return (b->set[c >> 6] >> (c & 63) & 1) != 0;
}

/* The bytes of which a value must hold one for T to change anything.  A value
 * that holds none of them passes unchanged, unless `always` is set. */
const struct hb_waf_bytes *hb_waf_transform_touches(enum hb_waf_t t);

/* One code page of a SecUnicodeMapFile: what urlDecodeUni makes of %uHHHH. */
struct hb_waf_umap;

/* Reads the section of CODE_PAGE (e.g. 20127) out of TEXT, a file of lines
 * "number (name)" and "hhhh:hh hhhh:hh ...".  The map lives in A.  -ENOENT
 * where there is no such section, -EBADMSG with the line in ERR, -ENOMEM. */
int hb_waf_umap_parse(struct hb_arena *a, struct hb_slice text,
                      unsigned code_page, const struct hb_waf_umap **ret,
                      struct hb_err *err) HB_WUR;
/* The byte for code unit U, -1 where the map has none. */
int hb_waf_umap_get(const struct hb_waf_umap *m, unsigned u);

/* Applies T to IN.  -ENOMEM where memory or the arena's ceiling ends; *RET is
 * untouched then. */
int hb_waf_transform(enum hb_waf_t t, struct hb_arena *a, struct hb_slice in,
                     struct hb_slice *ret) HB_WUR;
/* The same with the code page of the rule set (NULL: none, %uHHHH gives its
 * low byte). */
int hb_waf_transform_mapped(enum hb_waf_t t, const struct hb_waf_umap *map,
                            struct hb_arena *a, struct hb_slice in,
                            struct hb_slice *ret) HB_WUR;
/* The N of SEQ one after the other. */
int hb_waf_transform_chain(const enum hb_waf_t *seq, size_t n,
                           const struct hb_waf_umap *map, struct hb_arena *a,
                           struct hb_slice in, struct hb_slice *ret) HB_WUR;

#endif

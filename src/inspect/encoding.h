/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoding.h - Japanese text whose encoding nobody told, as UTF-8.
 *
 * UTF-8, CP932, EUC-JP as Windows writes it (CP51932), ISO-2022-JP as Outlook
 * does (CP50221: NEC's rows, half-width kana by ESC ( I) and UTF-16.  What
 * cannot be read becomes U+FFFD; nothing is refused.
 *
 * Sources: WHATWG Encoding (index jis0208), RFC 1468, Microsoft's CP932.
 */
#ifndef HB_INSPECT_ENCODING_H
#define HB_INSPECT_ENCODING_H

#include "base/base.h"

#define HB_JIS_ROWS  120u
#define HB_JIS_CELLS 94u
/* Row and cell to UTF-16, 0 where there is nothing (tools/jis_table.py). */
extern const uint16_t hb_jis[HB_JIS_ROWS][HB_JIS_CELLS];

enum hb_encoding {
    HB_ENC_UNKNOWN, /* bytes that are no text */
    HB_ENC_ASCII,
    HB_ENC_UTF8,
    HB_ENC_UTF8_BOM,
    HB_ENC_CP932,
    HB_ENC_EUC_JP,
    HB_ENC_ISO_2022_JP,
    HB_ENC_UTF16LE,
    HB_ENC_UTF16BE
};

#define HB_ENC_WINDOW 65536u /* bytes that are enough for a guess */

/* "cp932", "utf-8-sig", ...; static. */
const char *hb_encoding_name(enum hb_encoding e);
/* What the beginning of a text is; a character that the end cuts does not
 * count. */
enum hb_encoding hb_encoding_guess(struct hb_slice head);
/* Whether the bytes are read as they are, without hb_decode(). */
bool hb_encoding_plain(enum hb_encoding e);

/* On the caller's stack; begins as {.encoding = E}. */
struct hb_decode {
    enum hb_encoding encoding;
    enum { HB_SET_ASCII, HB_SET_KANA, HB_SET_JIS } set; /* of ISO-2022-JP */
};

/* Reads IN into DST (CAP bytes, at least 8) as UTF-8 without a byte order
 * mark; *RET_N bytes were written.  Returns how many of IN were read: it stops
 * where DST is full, and before a character that IN cuts (at most 3 bytes),
 * which the caller hands in again with what follows.  LAST: nothing follows. */
size_t hb_decode(struct hb_decode *d, struct hb_slice in, bool last, char *dst,
                 size_t cap, size_t *ret_n);

#endif

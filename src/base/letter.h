/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letter.h - what a person needs of one mail (RFC 5322, RFC 2045 to 2047):
 * whom from, when, about what, and its text as UTF-8.
 *
 * Everything in it is a stranger's.  Nothing is executed or fetched,
 * attachments are counted and never decoded, and parts are followed to a
 * fixed depth and number, so that the work is linear in what is given.  What
 * cannot be understood is no error: it is told by a flag, and the text is then
 * what could be read.
 */
#ifndef HB_BASE_LETTER_H
#define HB_BASE_LETTER_H

#include "base/arena.h"
#include "base/buf.h"

#define HB_LETTER_TEXT                                                         \
    (31u << 10) /* bytes of UTF-8, and so many of a header                     \
                 */
#define HB_LETTER_FIELD 400u
#define HB_LETTER_DEPTH 8u   /* multiparts in multiparts */
#define HB_LETTER_PARTS 200u /* in all */

enum hb_letter_flag {
    HB_LETTER_CUT = 1,     /* the text, or the number of parts */
    HB_LETTER_HTML = 2,    /* no plain text; tags were taken out */
    HB_LETTER_CHARSET = 4, /* characters became U+FFFD */
    HB_LETTER_BROKEN = 8   /* no header, no end of a multipart, bad base64 */
};

struct hb_letter {
    const char *from;       /* one line; "" none */
    const char *subject;    /* the same */
    const char *message_id; /* the same */
    int64_t date;           /* ns UTC; 0: none that can be read */
    const char *text;       /* lines end in "\n"; no other controls but tabs */
    unsigned attachments;   /* parts that are not the text */
    unsigned flags;         /* enum hb_letter_flag */
};

/* Reads MESSAGE into A.  -ENOMEM. */
int hb_letter_read(struct hb_arena *a, struct hb_slice message,
                   struct hb_letter *ret) HB_WUR;

/* ---- letter_text.c ---- */

/* Appends S of CHARSET ("" UTF-8) as UTF-8 to B, at most MAX bytes in B;
 * false where a character could not be read, or the charset is not known:
 * then U+FFFD stands for it. */
bool hb_letter_utf8(struct hb_buf *b, struct hb_slice s,
                    struct hb_slice charset, size_t max);
/* Appends the UTF-8 text S without controls: "\r\n" and "\r" become "\n"
 * (ONE_LINE: " ", and tabs too). */
void hb_letter_clean(struct hb_buf *b, struct hb_slice s, bool one_line);
/* Appends the text of the UTF-8 HTML in S, crudely: without tags, scripts,
 * styles and comments; common entities are resolved. */
void hb_letter_html(struct hb_buf *b, struct hb_slice s);
/* Appends a header's value with its encoded words (RFC 2047) resolved; false
 * where one could not be. */
bool hb_letter_words(struct hb_buf *b, struct hb_slice s);
/* "Mon, 30 Nov 2026 21:19:40 +0900" in ns UTC; -EINVAL. */
int hb_letter_date(struct hb_slice s, int64_t *ret) HB_WUR;

#endif

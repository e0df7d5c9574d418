/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letter_text.c - the words of a mail: character sets, encoded words, HTML
 * and dates.
 *
 * Runs where letter.c does.  Japanese mails come as ISO-2022-JP, Shift_JIS
 * with what Windows added to it, EUC-JP or UTF-8; iconv(3) knows them, a
 * character that it does not know becomes U+FFFD.
 */
#include <iconv.h>
#include <stdio.h>
#include <strings.h>

#include "base/clock.h"
#include "base/letter.h"
#include "base/mime.h"
#include "base/num.h"
#include "base/utf8.h"

#define WORD_MAX 1000 /* RFC 2047: 75 */
#define FFFD     "\xef\xbf\xbd"

static bool convert(struct hb_buf *b, struct hb_slice s, iconv_t cd,
                    size_t max);
static bool plain_utf8(struct hb_buf *b, struct hb_slice s, size_t max);
static const char *charset_name(struct hb_slice s);
static bool one_word(struct hb_buf *b, struct hb_slice s, size_t *ret_used,
                     bool *ret_good);
static size_t skip_tag(struct hb_slice s, size_t at, struct hb_buf *b);
static size_t skip_past(struct hb_slice s, size_t at, const char *end);
static bool tag_is(struct hb_slice s, size_t at, const char *name);
static size_t entity(struct hb_slice s, size_t at, struct hb_buf *b);
static bool next_number(struct hb_slice *s, unsigned digits, unsigned *ret);

static const char utf8[] = "UTF-8";
/* What mails here are written in, and the name of iconv(3).  A stranger does
 * not choose among all of its modules: some had holes (CVE-2024-2961).
 * Windows calls its own set Shift_JIS. */
static const char *const charsets[][2] = {
    {"utf-8", utf8},
    {"utf8", utf8},
    {"us-ascii", utf8},
    {"ascii", utf8},
    {"iso-2022-jp", "ISO-2022-JP"},
    {"shift_jis", "CP932"},
    {"shift-jis", "CP932"},
    {"x-sjis", "CP932"},
    {"windows-31j", "CP932"},
    {"cp932", "CP932"},
    {"euc-jp", "EUC-JP-MS"},
    {"iso-8859-1", "CP1252"},
    {"iso-8859-15", "ISO-8859-15"},
    {"windows-1252", "CP1252"},
    {"gb2312", "GB18030"},
    {"gb18030", "GB18030"},
    {"big5", "BIG5"},
    {"euc-kr", "EUC-KR"},
};

/* ---- character sets ---- */

bool hb_letter_utf8(struct hb_buf *b, struct hb_slice s,
                    struct hb_slice charset, size_t max)
{
    const char *name = charset_name(charset);
    bool good;
    iconv_t cd;

    if (name == utf8)
        return plain_utf8(b, s, max);
    cd = name != NULL ? iconv_open(utf8, name) : (iconv_t)-1;
    if (cd == (iconv_t)-1) {
        (void)plain_utf8(b, s, max);
        return false;
    }
    good = convert(b, s, cd, max);
    (void)iconv_close(cd);
    return good;
}

static const char *charset_name(struct hb_slice s)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(charsets); i++)
        if (strlen(charsets[i][0]) == s.n &&
            strncasecmp(charsets[i][0], s.p, s.n) == 0)
            return charsets[i][1];
    return s.n == 0 ? utf8 : NULL;
}

static bool convert(struct hb_buf *b, struct hb_slice s, iconv_t cd, size_t max)
{
    /* iconv(3) takes what it reads as char * and does not write to it. */
    union {
        const char *from;
        char *to;
    } in = {.from = s.p};
    size_t left = s.n;
    bool good = true;

    while (left > 0 && b->n < max) {
        char out[1024], *o = out;
        size_t room = sizeof(out);
        size_t r = iconv(cd, &in.to, &left, &o, &room);

        hb_buf_add(b, out, HB_MIN((size_t)(o - out), max - b->n));
        if (r != (size_t)-1 || errno == E2BIG)
            continue;
        good = false;
        hb_buf_addz(b, FFFD);
        if (errno != EILSEQ) /* it ends within a character */
            break;
        in.from++;
        left--;
    }
    return good;
}

static bool plain_utf8(struct hb_buf *b, struct hb_slice s, size_t max)
{
    bool good = true;
    size_t at = 0;

    while (at < s.n && b->n < max) {
        size_t n = hb_utf8_get(s.p + at, s.n - at, NULL);

        if (n == 0)
            hb_buf_addz(b, FFFD);
        else
            hb_buf_add(b, s.p + at, n);
        good = good && n > 0;
        at += n > 0 ? n : 1;
    }
    return good;
}

void hb_letter_clean(struct hb_buf *b, struct hb_slice s, bool one_line)
{
    size_t at = 0;

    while (at < s.n) {
        uint32_t cp = 0xfffd;
        size_t n = hb_utf8_get(s.p + at, s.n - at, &cp);

        if (n == 0) {
            hb_buf_addz(b, FFFD);
        } else if (cp == '\r' || cp == '\n') {
            if (cp == '\r' && at + 1 < s.n && s.p[at + 1] == '\n')
                n = 2;
            hb_buf_addc(b, one_line ? ' ' : '\n');
        } else if (cp == '\t') {
            hb_buf_addc(b, one_line ? ' ' : '\t');
        } else if (cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0)) {
            hb_buf_add(b, s.p + at, n);
        }
        at += n > 0 ? n : 1;
    }
}

/* ---- encoded words ---- */

bool hb_letter_words(struct hb_buf *b, struct hb_slice s)
{
    bool good = true, after = false;
    size_t at = 0, blank = 0;

    while (at < s.n && b->n < HB_LETTER_TEXT) {
        struct hb_slice rest = hb_slice(s.p + at, s.n - at);
        size_t used;

        if (rest.n > 2 && rest.p[0] == '=' && rest.p[1] == '?') {
            size_t mark = b->n;

            /* Blanks between two encoded words are none of the text. */
            if (after)
                b->n -= blank;
            if (one_word(b, rest, &used, &good)) {
                at += used;
                after = true;
                blank = 0;
                continue;
            }
            b->n = mark;
        }
        blank = rest.p[0] == ' ' || rest.p[0] == '\t' ? blank + 1 : 0;
        after = after && blank > 0;
        used = hb_utf8_get(rest.p, rest.n, NULL);
        if (used == 0)
            used = 1;
        if (!plain_utf8(b, hb_slice(rest.p, used), HB_LETTER_TEXT))
            good = false;
        at += used;
    }
    return good;
}

/* "=?charset?B?text?=" at S; false where it is none. */
static bool one_word(struct hb_buf *b, struct hb_slice s, size_t *ret_used,
                     bool *ret_good)
{
    _cleanup_buf_ struct hb_buf bytes = HB_BUF_INIT, text = HB_BUF_INIT;
    const char *set = s.p + 2, *end = s.p + s.n, *q, *word, *last;
    struct hb_slice charset;
    char how;

    q = memchr(set, '?', s.n - 2);
    if (q == NULL || end - q < 5 || q[2] != '?')
        return false;
    how = q[1];
    word = q + 3;
    last = word;
    if (end - word > WORD_MAX)
        end = word + WORD_MAX;
    while (last + 1 < end && !(last[0] == '?' && last[1] == '='))
        last++;
    if (last + 1 >= end)
        return false;
    charset = hb_slice(set, (size_t)(q - set));
    if (how == 'B' || how == 'b') {
        if (hb_base64_decode(&bytes, hb_slice(word, (size_t)(last - word))) < 0)
            *ret_good = false;
    } else if (how == 'Q' || how == 'q') {
        for (const char *p = word; p < last; p++)
            hb_buf_addc(&text, (char)(*p == '_' ? ' ' : *p));
        hb_qp_decode(&bytes, hb_buf_slice(&text));
    } else {
        return false;
    }
    if (!hb_letter_utf8(b, hb_buf_slice(&bytes), charset, HB_LETTER_TEXT))
        *ret_good = false;
    *ret_used = (size_t)(last + 2 - s.p);
    return true;
}

/* ---- HTML ---- */

void hb_letter_html(struct hb_buf *b, struct hb_slice s)
{
    bool blank = true;
    size_t at = 0;

    while (at < s.n) {
        char c = s.p[at];

        if (c == '<') {
            size_t n = b->n;

            at = skip_tag(s, at, b);
            blank = blank || b->n > n;
        } else if (c == '&') {
            at = entity(s, at, b);
            blank = false;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            if (!blank)
                hb_buf_addc(b, ' ');
            blank = true;
            at++;
        } else {
            hb_buf_addc(b, c);
            blank = false;
            at++;
        }
    }
}

/* Behind the tag at AT; one that ends a line adds "\n". */
static size_t skip_tag(struct hb_slice s, size_t at, struct hb_buf *b)
{
    static const char *const breaks[] = {"br", "p",  "/p", "div", "/div", "li",
                                         "tr", "h1", "h2", "h3",  "/td",  NULL};

    if (s.n - at >= 4 && memcmp(s.p + at, "<!--", 4) == 0)
        return skip_past(s, at, "-->");
    if (tag_is(s, at, "script"))
        return skip_past(s, skip_past(s, at, "</script"), ">");
    if (tag_is(s, at, "style"))
        return skip_past(s, skip_past(s, at, "</style"), ">");
    for (size_t i = 0; breaks[i] != NULL; i++)
        if (tag_is(s, at, breaks[i])) {
            hb_buf_addc(b, '\n');
            break;
        }
    return skip_past(s, at, ">");
}

/* Behind the next END, whichever its case; the end where there is none. */
static size_t skip_past(struct hb_slice s, size_t at, const char *end)
{
    size_t n = strlen(end);

    for (; at + n <= s.n; at++)
        if (strncasecmp(s.p + at, end, n) == 0)
            return at + n;
    return s.n;
}

static bool tag_is(struct hb_slice s, size_t at, const char *name)
{
    size_t n = strlen(name);

    return s.n - at > n + 1 && strncasecmp(s.p + at + 1, name, n) == 0 &&
           strchr("> \t\r\n/", s.p[at + 1 + n]) != NULL;
}

/* Behind the entity at AT; what is none stays as it is. */
static size_t entity(struct hb_slice s, size_t at, struct hb_buf *b)
{
    static const char *const named[][2] = {{"&lt;", "<"},   {"&gt;", ">"},
                                           {"&amp;", "&"},  {"&quot;", "\""},
                                           {"&nbsp;", " "}, {"&#39;", "'"}};
    struct hb_slice rest = hb_slice(s.p + at, s.n - at);
    uint64_t cp = 0;
    size_t n = 2;
    char one[4];

    for (size_t i = 0; i < HB_ARRAY_LEN(named); i++)
        if (rest.n >= strlen(named[i][0]) &&
            strncasecmp(rest.p, named[i][0], strlen(named[i][0])) == 0) {
            hb_buf_addz(b, named[i][1]);
            return at + strlen(named[i][0]);
        }
    while (n < rest.n && n < 10 && rest.p[n] >= '0' && rest.p[n] <= '9')
        n++;
    if (rest.n > 2 && rest.p[1] == '#' && n < rest.n && rest.p[n] == ';' &&
        hb_parse_u64(hb_slice(rest.p + 2, n - 2), &cp) == 0 && cp >= 0x20 &&
        cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff)) {
        hb_buf_add(b, one, hb_utf8_put(one, (uint32_t)cp));
        return at + n + 1;
    }
    hb_buf_addc(b, '&');
    return at + 1;
}

/* ---- dates ---- */

int hb_letter_date(struct hb_slice s, int64_t *ret)
{
    static const char *const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    unsigned day, year, hour, minute, second = 0, zone = 0, month = 0;
    char text[64], sign = '+';
    const char *comma;
    int n;

    if (s.p == NULL)
        return -EINVAL;
    comma = memchr(s.p, ',', s.n);
    if (comma != NULL)
        s = hb_slice(comma + 1, (size_t)(s.p + s.n - comma - 1));
    if (!next_number(&s, 2, &day) || s.n < 4)
        return -EINVAL;
    s.p++;
    s.n--;
    while (month < 12 && strncasecmp(s.p, months + (size_t)3 * month, 3) != 0)
        month++;
    s.p += 3;
    s.n -= 3;
    if (month == 12 || !next_number(&s, 4, &year) ||
        !next_number(&s, 2, &hour) || s.n == 0 || s.p[0] != ':')
        return -EINVAL;
    s.p++;
    s.n--;
    if (!next_number(&s, 2, &minute))
        return -EINVAL;
    if (s.n > 0 && s.p[0] == ':') {
        s.p++;
        s.n--;
        if (!next_number(&s, 2, &second))
            return -EINVAL;
    }
    while (s.n > 0 && s.p[0] == ' ') {
        s.p++;
        s.n--;
    }
    if (s.n > 0 && (s.p[0] == '+' || s.p[0] == '-')) {
        sign = s.p[0];
        s.p++;
        s.n--;
        if (!next_number(&s, 4, &zone))
            return -EINVAL;
    }
    n = snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u",
                 year, month + 1, day, hour, minute, second, sign, zone / 100,
                 zone % 100);
    return n < 0 ? -EINVAL : hb_time_parse(hb_slice(text, (size_t)n), ret);
}

/* The number at S behind blanks, of at most DIGITS. */
static bool next_number(struct hb_slice *s, unsigned digits, unsigned *ret)
{
    unsigned v = 0, n = 0;

    while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t')) {
        s->p++;
        s->n--;
    }
    while (s->n > 0 && n < digits && s->p[0] >= '0' && s->p[0] <= '9') {
        v = v * 10 + (unsigned)(s->p[0] - '0');
        s->p++;
        s->n--;
        n++;
    }
    *ret = v;
    return n > 0;
}

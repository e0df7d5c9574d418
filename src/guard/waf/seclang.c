/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang.c - words of a file of SecLang, and errors with their place.
 *
 * The text may be a stranger's (a rule set out of the net).  A word that
 * holds nothing to undo is a view of the text; others are copied.  The place
 * of an error is found by reading the word again from where it begins in the
 * file: nothing is kept for it.
 */
#include "guard/waf/seclang.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/i18n.h"

#define BOM "\xef\xbb\xbf"

static void skip_blank_lines(struct hb_seclang *s);
static bool blanks(struct hb_seclang *s);
static int word(struct hb_seclang *s, struct hb_seclang_word *ret);
static int end_of_word(struct hb_seclang *s, const struct hb_seclang_word *w);
static int text_of(struct hb_seclang *s, struct hb_seclang_word *w, size_t end);
static size_t joint(struct hb_slice text, size_t at);
static size_t raw_at(const struct hb_seclang *s, struct hb_seclang_at at);
static int bad_raw(const struct hb_seclang *s, size_t raw, const char *message);

int hb_seclang_open(struct hb_seclang *s, struct hb_arena *a, const char *file,
                    struct hb_slice text, struct hb_err *err)
{
    const char *nul;

    *s = (struct hb_seclang){
        .arena = a, .err = err, .file = file, .text = text, .line = 1};
    if (text.n > HB_SECLANG_FILE)
        return hb_err_at(err, -EFBIG, file, 0, 0,
                         _("the file is larger than %u MiB"),
                         HB_SECLANG_FILE >> 20);
    nul = text.n > 0 ? memchr(text.p, '\0', text.n) : NULL;
    if (nul != NULL)
        return bad_raw(s, (size_t)(nul - text.p), _("this is no text"));
    if (text.n >= sizeof(BOM) - 1 && memcmp(text.p, BOM, sizeof(BOM) - 1) == 0)
        s->at = sizeof(BOM) - 1;
    return 0;
}

int hb_seclang_next(struct hb_seclang *s, struct hb_seclang_line *ret)
{
    int r;

    skip_blank_lines(s);
    ret->n = 0;
    ret->line = s->line;
    if (s->at == s->text.n)
        return 0;
    do {
        if (ret->n == HB_SECLANG_WORDS)
            return bad_raw(s, s->at, _("too many words in one directive"));
        r = word(s, &ret->word[ret->n++]);
        if (r < 0)
            return r;
    } while (blanks(s));
    return 1;
}

#undef hb_seclang_bad
#undef hb_seclang_nomem
#undef hb_seclang_unknown
int hb_seclang_bad(const struct hb_seclang *s, struct hb_seclang_at at,
                   const char *fmt, ...)
{
    char message[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(message, sizeof(message), fmt, ap) < 0)
        message[0] = '\0';
    va_end(ap);
    return bad_raw(s, raw_at(s, at), message);
}

int hb_seclang_nomem(const struct hb_seclang *s)
{
    return hb_err_set(s->err, -ENOMEM, _("out of memory"));
}

int hb_seclang_unknown(const struct hb_seclang *s, struct hb_seclang_at at,
                       const char *nearest, const char *fmt, ...)
{
    char message[HB_MAX_ERR];
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(message, sizeof(message), fmt, ap) < 0)
        message[0] = '\0';
    va_end(ap);
    if (nearest == NULL)
        return hb_seclang_bad(s, at, "%s", message);
    return hb_seclang_bad(s, at, _("%s (did you mean \"%s\"?)"), message,
                          nearest);
}

void *hb_seclang_grow(struct hb_arena *a, void *list, size_t n, size_t size,
                      size_t max)
{
    void *more;

    if (n >= max)
        return NULL;
    /* Full at 0 and at each power of two from 4. */
    if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
        return list;
    more = hb_arena_calloc(a, n == 0 ? 4 : 2 * n, size);
    if (more != NULL && n != 0)
        memcpy(more, list, n * size);
    return more;
}

/* To the first word of the next directive, or the end. */
static void skip_blank_lines(struct hb_seclang *s)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];

        if (c == '#') {
            while (s->at < s->text.n && s->text.p[s->at] != '\n')
                s->at++;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            s->line += c == '\n';
            s->at++;
        } else {
            return;
        }
    }
}

/* Skips what stands between words; false where the line ends. */
static bool blanks(struct hb_seclang *s)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        size_t n = joint(s->text, s->at);

        if (n > 0) {
            s->at += n;
            s->line++;
        } else if (c == ' ' || c == '\t' || c == '\r') {
            s->at++;
        } else {
            return c != '\n';
        }
    }
    return false;
}

static int word(struct hb_seclang *s, struct hb_seclang_word *ret)
{
    char c = s->text.p[s->at];
    size_t end;
    int r;

    ret->quote = c == '"' || c == '\'' ? c : '\0';
    s->at += ret->quote != '\0';
    ret->raw = s->at;
    r = end_of_word(s, ret);
    if (r < 0)
        return r;
    end = s->at;
    s->at += ret->quote != '\0';
    if (ret->quote != '\0' && s->at < s->text.n &&
        strchr(" \t\r\n\\", s->text.p[s->at]) == NULL)
        return bad_raw(s, s->at,
                       _("text behind a closing quote (write \\\" for a quote "
                         "inside)"));
    return text_of(s, ret, end);
}

/* Moves to the closing quote, or behind the last letter. */
static int end_of_word(struct hb_seclang *s, const struct hb_seclang_word *w)
{
    while (s->at < s->text.n) {
        char c = s->text.p[s->at];
        size_t n = joint(s->text, s->at);

        if (n > 0) {
            s->at += n;
            s->line++;
        } else if (w->quote == '\0') {
            if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                return 0;
            s->at++;
        } else if (c == w->quote) {
            return 0;
        } else if (c == '\n') {
            break;
        } else {
            /* An escaped letter never ends a word. */
            s->at += c == '\\' && s->at + 1 < s->text.n ? 2 : 1;
        }
    }
    if (w->quote == '\0')
        return 0;
    return bad_raw(s, w->raw - 1,
                   _("this quote is not closed (a line that goes on ends with "
                     "a backslash and nothing behind it)"));
}

/* Fills in the text of W, whose raw bytes end at END. */
static int text_of(struct hb_seclang *s, struct hb_seclang_word *w, size_t end)
{
    const char *raw = s->text.p + w->raw;
    struct hb_slice all = hb_slice(s->text.p, end);
    char *copy;
    size_t n = 0;

    w->text = hb_slice(raw, end - w->raw);
    if (w->text.n == 0 || memchr(raw, '\\', w->text.n) == NULL)
        return 0;
    copy = hb_arena_alloc(s->arena, w->text.n + 1);
    if (copy == NULL)
        return hb_seclang_nomem(s);
    for (size_t i = w->raw; i < end;) {
        size_t skip = joint(s->text, i);

        if (skip > 0) {
            i += skip;
            continue;
        }
        if (all.p[i] == '\\' && i + 1 < end) {
            /* Both letters of a pair, or the quote alone. */
            if (w->quote == '\0' || all.p[i + 1] != w->quote)
                copy[n++] = all.p[i];
            i++;
            if (joint(s->text, i) > 0)
                continue;
        }
        copy[n++] = all.p[i++];
    }
    w->text = hb_slice(copy, n);
    return 0;
}

/* Bytes of a backslash with the line end behind it, 0 where there is none. */
static size_t joint(struct hb_slice text, size_t at)
{
    if (text.p[at] != '\\')
        return 0;
    if (at + 1 < text.n && text.p[at + 1] == '\n')
        return 2;
    return at + 2 < text.n && text.p[at + 1] == '\r' && text.p[at + 2] == '\n'
               ? 3
               : 0;
}

/* Where in the file a letter of a word stands: text_of() once more. */
static size_t raw_at(const struct hb_seclang *s, struct hb_seclang_at at)
{
    const struct hb_seclang_word *w = at.word;
    size_t i = w->raw;

    for (size_t n = 0; i < s->text.n; n++) {
        size_t skip;

        while (i < s->text.n && (skip = joint(s->text, i)) > 0)
            i += skip;
        if (n == at.at || i >= s->text.n)
            break;
        if (s->text.p[i] == '\\' && w->quote != '\0' && i + 1 < s->text.n &&
            s->text.p[i + 1] == w->quote)
            i++;
        i++;
    }
    return i;
}

/* A message may quote the file, which may be no UTF-8. */
static int bad_raw(const struct hb_seclang *s, size_t raw, const char *message)
{
    unsigned line = 1, column = 1;
    char shown[HB_MAX_ERR];

    (void)hb_copyz(shown, sizeof(shown), message);
    for (size_t n = strlen(shown), i = 0, step; i < n; i += step) {
        step = hb_utf8_step(shown + i, n - i);
        if (step == 0) {
            shown[i] = '?';
            step = 1;
        }
    }

    for (size_t i = 0; i < raw && i < s->text.n; i++) {
        unsigned char c = (unsigned char)s->text.p[i];

        if (c == '\n') {
            line++;
            column = 1;
        } else {
            column += (c & 0xc0u) != 0x80u; /* characters, not bytes */
        }
    }
    return hb_err_at(s->err, -EBADMSG, s->file, line, column, "%s", shown);
}

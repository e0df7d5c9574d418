/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mask.c - see mask.h.  One pass a line; what is foreign is only searched.
 */
#include <strings.h>

#include "base/mask.h"
#include "base/show.h"

#define NAME_MAX_BYTES 48u /* of a name and what stands before its value */

static void mask_line(struct hb_buf *b, struct hb_slice line);
static size_t secret_at(struct hb_slice s, size_t at, size_t *ret_name);
static size_t userinfo_at(struct hb_slice s, size_t at);
static size_t mailbox_at(struct hb_slice s, size_t at);
static bool has(struct hb_slice s, const char *word);
static bool is_word(char c);
static bool is_mailbox(char c);
static bool is_one(char c, const char *set);

/* Names whose value is a secret; WHOLE: up to the end of the line. */
static const struct {
    const char *word;
    bool whole;
} names[] = {
    {"password", false},   {"passwd", false},       {"passphrase", false},
    {"secret", false},     {"token", false},        {"api_key", false},
    {"apikey", false},     {"private_key", false},  {"credential", false},
    {"パスワード", false}, {"authorization", true}, {"cookie", true},
};

void hb_mask(struct hb_buf *b, struct hb_slice text)
{
    bool pem = false;

    while (text.n > 0) {
        const char *nl = memchr(text.p, '\n', text.n);
        size_t n = nl != NULL ? (size_t)(nl - text.p) : text.n;
        struct hb_slice line = hb_slice(text.p, n);

        if (!pem && has(line, "-----BEGIN ")) {
            pem = true;
            hb_buf_addz(b, HB_MASKED "\n");
        }
        if (!pem) {
            mask_line(b, line);
            hb_buf_addc(b, '\n');
        } else if (has(line, "-----END ")) {
            pem = false;
        }
        n += nl != NULL;
        text = hb_slice(text.p + n, text.n - n);
    }
}

static void mask_line(struct hb_buf *b, struct hb_slice line)
{
    size_t at = 0, from = 0;

    while (at < line.n) {
        size_t name = 0, n = secret_at(line, at, &name);

        if (n == 0)
            n = userinfo_at(line, at);
        if (n == 0)
            n = mailbox_at(line, at);
        if (n == 0) {
            at++;
            continue;
        }
        hb_show(b, hb_slice(line.p + from, at + name - from));
        hb_buf_addz(b, HB_MASKED);
        at = from = at + n;
    }
    hb_show(b, hb_slice(line.p + from, line.n - from));
}

/* Bytes of "password: hunter2" where it stands at AT; *RET_NAME are those
 * before the value.  0: it does not. */
static size_t secret_at(struct hb_slice s, size_t at, size_t *ret_name)
{
    for (size_t i = 0; i < HB_ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].word), end;

        if (s.n - at < n || strncasecmp(s.p + at, names[i].word, n) != 0)
            continue;
        /* "secret_key", "tokens" and a closing quote go with the name. */
        end = at + n;
        while (end < s.n && end < at + NAME_MAX_BYTES &&
               (is_word(s.p[end]) || is_one(s.p[end], "\"' ")))
            end++;
        if (end == s.n || !is_one(s.p[end], ":="))
            continue;
        for (end++; end < s.n && is_one(s.p[end], "\"' ");)
            end++;
        *ret_name = end - at;
        if (names[i].whole)
            end = s.n;
        while (end < s.n && !is_one(s.p[end], "\"', ;&"))
            end++;
        return end - at > *ret_name ? end - at : 0;
    }
    return 0;
}

/* The user and password of "://user:password@" from AT on. */
static size_t userinfo_at(struct hb_slice s, size_t at)
{
    size_t end = at;

    if (at < 3 || memcmp(s.p + at - 3, "://", 3) != 0)
        return 0;
    while (end < s.n && !is_one(s.p[end], "/ \"'?#@"))
        end++;
    return end < s.n && s.p[end] == '@' ? end - at : 0;
}

/* The local part of a mail address that begins at AT. */
static size_t mailbox_at(struct hb_slice s, size_t at)
{
    size_t end = at;

    if (at > 0 && is_mailbox(s.p[at - 1]))
        return 0;
    while (end < s.n && is_mailbox(s.p[end]))
        end++;
    return end > at && end + 1 < s.n && s.p[end] == '@' && is_word(s.p[end + 1])
               ? end - at
               : 0;
}

static bool has(struct hb_slice s, const char *word)
{
    return s.n > 0 && memmem(s.p, s.n, word, strlen(word)) != NULL;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_';
}

static bool is_mailbox(char c)
{
    return is_word(c) || is_one(c, ".+-%");
}

static bool is_one(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

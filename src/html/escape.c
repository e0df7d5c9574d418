/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escape.c - foreign text into HTML.
 *
 * Runs in the processes that write papers and pages.  The input is whatever
 * an attacker named a file, sent in a request or wrote into a log; nothing of
 * it may become markup, change the direction of other text, or be invisible.
 */
#include <strings.h>

#include "base/show.h"
#include "base/utf8.h"
#include "html/escape.h"

enum context { BETWEEN_TAGS, TEXTAREA, ATTRIBUTE };

static void escape(struct hb_buf *b, struct hb_slice s, enum context c);
static const char *entity(uint32_t cp, bool attribute);
static bool url_allowed(struct hb_slice s);

void hb_html_text(struct hb_buf *b, struct hb_slice s)
{
    escape(b, s, BETWEEN_TAGS);
}

void hb_html_lines(struct hb_buf *b, struct hb_slice s)
{
    escape(b, s, TEXTAREA);
}

void hb_html_attr(struct hb_buf *b, struct hb_slice s)
{
    escape(b, s, ATTRIBUTE);
}

bool hb_html_url(struct hb_buf *b, struct hb_slice s)
{
    /* RFC 3986: unreserved, reserved and "%", but for "'", which ends an
     * attribute in careless markup. */
    static const char kept[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "-._~:/?#@!$()*+,;=%[]";

    if (!url_allowed(s)) {
        hb_buf_addc(b, '#');
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if (c == '&')
            hb_buf_addz(b, "&amp;");
        else if (strchr(kept, c) != NULL)
            hb_buf_addc(b, c);
        else
            hb_buf_addf(b, "%%%02X", (unsigned)(uint8_t)c);
    }
    return true;
}

void hb_html_url_part(struct hb_buf *b, struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~@", c)))
            hb_buf_addc(b, c);
        else
            hb_buf_addf(b, "%%%02X", (unsigned)(uint8_t)c);
    }
}

static void escape(struct hb_buf *b, struct hb_slice s, enum context c)
{
    size_t plain = 0; /* first byte not written yet */

    for (size_t at = 0; at < s.n;) {
        uint32_t cp = 0;
        size_t n = hb_utf8_get(s.p + at, s.n - at, &cp);
        const char *name = n > 0 ? entity(cp, c == ATTRIBUTE) : NULL;

        if (n > 0 && name == NULL && (c == TEXTAREA || !hb_show_hidden(cp))) {
            at += n;
            continue;
        }
        if (at > plain)
            hb_buf_add(b, s.p + plain, at - plain);
        n = n > 0 ? n : 1;
        if (name != NULL)
            hb_buf_addz(b, name);
        else
            hb_show(b, hb_slice(s.p + at, n));
        at += n;
        plain = at;
    }
    if (s.n > plain)
        hb_buf_add(b, s.p + plain, s.n - plain);
}

/* What stands for CP, NULL where it stands for itself. */
static const char *entity(uint32_t cp, bool attribute)
{
    switch (cp) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return attribute ? "&quot;" : NULL;
    case '\'':
        return attribute ? "&#39;" : NULL;
    case '`':
        return attribute ? "&#96;" : NULL;
    default:
        return NULL;
    }
}

/* A scheme is what stands before the first of ":/?#" if that is a colon.
 * Browsers drop leading blanks and inner tabs and line breaks before they
 * look for it, and read a backslash as a slash; none of these is let in. */
static bool url_allowed(struct hb_slice s)
{
    static const char *const schemes[] = {"http", "https", "mailto"};
    size_t n = 0;

    if (s.n > 0 && s.p[0] == ' ')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if ((uint8_t)s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '\\')
            return false;
    }
    while (n < s.n && strchr(":/?#", s.p[n]) == NULL)
        n++;
    if (n == s.n || s.p[n] != ':')
        return s.n < 2 || s.p[0] != '/' || s.p[1] != '/';
    for (size_t i = 0; i < HB_ARRAY_LEN(schemes); i++) {
        if (strlen(schemes[i]) == n && strncasecmp(schemes[i], s.p, n) == 0)
            return true;
    }
    return false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * letter.c - the structure of a mail: header fields and parts.
 *
 * Runs in the mail pipe (cli/report_mail.c), which the mail system starts for
 * whatever arrives.  Every step looks at a slice of the message and never
 * behind it; the first text/plain is the text, else the first text/html.
 */
#include "base/letter.h"

#include <strings.h>

#include "base/mime.h"
#include "base/num.h"

#define BOUNDARY_MAX 200u

struct part {
    struct hb_slice head, body;
};

struct reader {
    struct hb_arena *a;
    struct hb_letter *m;
    struct part plain, html; /* head.p NULL: none yet */
    unsigned parts;
};

static struct part split(struct hb_slice s);
static struct hb_slice line_of(struct hb_slice *rest);
static bool empty(struct hb_slice line);
static bool field(struct hb_slice head, const char *name, struct hb_buf *ret);
static const char *one_line(struct reader *r, struct hb_slice head,
                            const char *name, bool words);
static void walk(struct reader *r, struct part p, unsigned depth);
static void take_leaf(struct reader *r, struct part p, const char *type);
static void walk_parts(struct reader *r, struct part p,
                       struct hb_slice boundary, unsigned depth);
static int delimits(struct hb_slice line, struct hb_slice boundary);
static struct hb_slice parameter(struct hb_slice value, const char *name);
static bool type_is(const char *type, const char *want);
static int read_text(struct reader *r);
static void decode(struct reader *r, struct part p, struct hb_buf *ret);
static int as_it_came(struct reader *r, struct hb_slice message);
static int keep_text(struct reader *r, const struct hb_buf *b);

int hb_letter_read(struct hb_arena *a, struct hb_slice message,
                   struct hb_letter *ret)
{
    struct hb_letter m = {
        .from = "", .subject = "", .message_id = "", .text = ""};
    struct reader r = {.a = a, .m = &m};
    struct part top = split(message);
    _cleanup_buf_ struct hb_buf date = HB_BUF_INIT;
    int k;

    m.from = one_line(&r, top.head, "from", true);
    m.subject = one_line(&r, top.head, "subject", true);
    m.message_id = one_line(&r, top.head, "message-id", false);
    if (m.from == NULL || m.subject == NULL || m.message_id == NULL)
        return -ENOMEM;
    if (field(top.head, "date", &date) &&
        hb_letter_date(hb_buf_slice(&date), &m.date) < 0)
        m.date = 0;
    if (m.from[0] == '\0' && m.subject[0] == '\0' && m.message_id[0] == '\0') {
        m.flags |= HB_LETTER_BROKEN;
        k = as_it_came(&r, message);
    } else {
        walk(&r, top, 0);
        k = read_text(&r);
    }
    if (k == 0)
        *ret = m;
    return k;
}

/* ---- header ---- */

/* Head and body; a message without an empty line has no body. */
static struct part split(struct hb_slice s)
{
    struct hb_slice rest = s;

    while (rest.n > 0) {
        struct hb_slice line = line_of(&rest);

        if (empty(line))
            return (struct part){hb_slice(s.p, (size_t)(line.p - s.p)), rest};
    }
    return (struct part){s, hb_slice(s.p + s.n, 0)};
}

/* The next line with its end; REST goes on behind it. */
static struct hb_slice line_of(struct hb_slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end != NULL ? (size_t)(end - rest->p) + 1 : rest->n;
    struct hb_slice line = hb_slice(rest->p, n);

    rest->p += n;
    rest->n -= n;
    return line;
}

static bool empty(struct hb_slice line)
{
    return line.n > 0 &&
           (line.p[0] == '\n' ||
            (line.n > 1 && line.p[0] == '\r' && line.p[1] == '\n'));
}

/* Appends the value of the first field NAME (lower case), unfolded; at most
 * HB_LETTER_TEXT bytes of it. */
static bool field(struct hb_slice head, const char *name, struct hb_buf *ret)
{
    size_t len = strlen(name);
    bool in = false;

    while (head.n > 0) {
        struct hb_slice line = line_of(&head);
        bool more = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');

        if (in && !more)
            break;
        if (!in && !more && line.n > len && line.p[len] == ':' &&
            strncasecmp(line.p, name, len) == 0) {
            in = true;
            line.p += len + 1;
            line.n -= len + 1;
        }
        if (!in || ret->n >= HB_LETTER_TEXT)
            continue;
        while (line.n > 0 &&
               (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
            line.n--;
        hb_buf_add(ret, line.p, HB_MIN(line.n, HB_LETTER_TEXT - ret->n));
    }
    return in;
}

/* A field as one line of at most HB_LETTER_FIELD bytes, in the arena. */
static const char *one_line(struct reader *r, struct hb_slice head,
                            const char *name, bool words)
{
    _cleanup_buf_ struct hb_buf raw = HB_BUF_INIT, text = HB_BUF_INIT,
                                clean = HB_BUF_INIT;
    struct hb_slice s;

    (void)field(head, name, &raw);
    if (!words)
        (void)hb_letter_utf8(&text, hb_buf_slice(&raw), HB_SLICE(""),
                             HB_LETTER_TEXT);
    else if (!hb_letter_words(&text, hb_buf_slice(&raw)))
        r->m->flags |= HB_LETTER_CHARSET;
    hb_letter_clean(&clean, hb_buf_slice(&text), true);
    if (hb_buf_err(&raw) < 0 || hb_buf_err(&text) < 0 || hb_buf_err(&clean) < 0)
        return NULL;
    s = hb_buf_slice(&clean);
    while (s.n > 0 && s.p[0] == ' ') {
        s.p++;
        s.n--;
    }
    if (s.n > HB_LETTER_FIELD)
        s.n = hb_utf8_cut(s.p, HB_LETTER_FIELD);
    while (s.n > 0 && s.p[s.n - 1] == ' ')
        s.n--;
    return hb_arena_dup(r->a, s.n > 0 ? s.p : "", s.n);
}

/* ---- parts ---- */

static void walk(struct reader *r, struct part p, unsigned depth)
{
    _cleanup_buf_ struct hb_buf type = HB_BUF_INIT;
    struct hb_slice boundary;

    (void)field(p.head, "content-type", &type);
    if (++r->parts > HB_LETTER_PARTS) {
        r->m->flags |= HB_LETTER_CUT;
        return;
    }
    if (!type_is(hb_buf_z(&type), "multipart/")) {
        take_leaf(r, p, hb_buf_z(&type));
        return;
    }
    boundary = parameter(hb_buf_slice(&type), "boundary");
    if (boundary.n == 0 || boundary.n > BOUNDARY_MAX ||
        depth >= HB_LETTER_DEPTH) {
        r->m->flags |= HB_LETTER_BROKEN;
        r->m->attachments++;
        return;
    }
    walk_parts(r, p, boundary, depth);
}

/* The first of a kind is the text; all else is attached. */
static void take_leaf(struct reader *r, struct part p, const char *type)
{
    _cleanup_buf_ struct hb_buf how = HB_BUF_INIT;
    bool attached;

    while (*type == ' ' || *type == '\t')
        type++;
    (void)field(p.head, "content-disposition", &how);
    attached = type_is(hb_buf_z(&how), "attachment");
    if (!attached && r->plain.head.p == NULL &&
        (*type == '\0' || type_is(type, "text/plain")))
        r->plain = p;
    else if (!attached && r->html.head.p == NULL && type_is(type, "text/html"))
        r->html = p;
    else
        r->m->attachments++;
}

static void walk_parts(struct reader *r, struct part p,
                       struct hb_slice boundary, unsigned depth)
{
    struct hb_slice rest = p.body;
    const char *from = NULL;

    while (rest.n > 0 && r->parts <= HB_LETTER_PARTS) {
        struct hb_slice line = line_of(&rest);
        int d = delimits(line, boundary);

        if (d == 0)
            continue;
        if (from != NULL)
            walk(r, split(hb_slice(from, (size_t)(line.p - from))), depth + 1);
        from = rest.p;
        if (d == 2)
            return;
    }
    r->m->flags |= HB_LETTER_BROKEN; /* it has no end */
    if (from != NULL && r->parts <= HB_LETTER_PARTS)
        walk(r, split(hb_slice(from, (size_t)(p.body.p + p.body.n - from))),
             depth + 1);
}

/* 1: another part begins behind LINE, 2: they end, 0: it is text. */
static int delimits(struct hb_slice line, struct hb_slice boundary)
{
    if (line.n < boundary.n + 2 || line.p[0] != '-' || line.p[1] != '-' ||
        memcmp(line.p + 2, boundary.p, boundary.n) != 0)
        return 0;
    line.p += boundary.n + 2;
    line.n -= boundary.n + 2;
    if (line.n >= 2 && line.p[0] == '-' && line.p[1] == '-')
        return 2;
    while (line.n > 0 && strchr(" \t\r\n", line.p[0]) != NULL &&
           line.p[0] != '\0') {
        line.p++;
        line.n--;
    }
    return line.n == 0;
}

/* The value of ";NAME=VALUE" or ";NAME="VALUE"" in a field; empty: none. */
static struct hb_slice parameter(struct hb_slice value, const char *name)
{
    size_t len = strlen(name), at = 0;

    while (at < value.n) {
        bool quoted;
        size_t from;

        while (at < value.n && value.p[at] != ';')
            at++;
        at++;
        while (at < value.n && (value.p[at] == ' ' || value.p[at] == '\t'))
            at++;
        if (at + len + 1 >= value.n ||
            strncasecmp(value.p + at, name, len) != 0 ||
            value.p[at + len] != '=')
            continue;
        at += len + 1;
        quoted = value.p[at] == '"';
        at += quoted;
        from = at;
        while (at < value.n &&
               (quoted ? value.p[at] != '"'
                       : value.p[at] != ';' && value.p[at] != ' ' &&
                             value.p[at] != '\t'))
            at++;
        return hb_slice(value.p + from, at - from);
    }
    return hb_slice(NULL, 0);
}

/* Whether a field's value begins with WANT; blanks before it do not count. */
static bool type_is(const char *type, const char *want)
{
    while (*type == ' ' || *type == '\t')
        type++;
    return strncasecmp(type, want, strlen(want)) == 0;
}

/* ---- text ---- */

static int read_text(struct reader *r)
{
    _cleanup_buf_ struct hb_buf text = HB_BUF_INIT, plain = HB_BUF_INIT;

    if (r->plain.head.p != NULL) {
        decode(r, r->plain, &plain);
        if (r->html.head.p != NULL && plain.n > 0)
            r->html.head.p = NULL; /* the same in another form */
    }
    if (plain.n == 0 && r->html.head.p != NULL) {
        r->m->flags |= HB_LETTER_HTML;
        decode(r, r->html, &text);
        hb_letter_html(&plain, hb_buf_slice(&text));
    }
    if (hb_buf_err(&text) < 0)
        return hb_buf_err(&text);
    return keep_text(r, &plain);
}

/* The part's body as UTF-8.  What is longer than the text may be is decoded
 * no further than an HTML's tags may need. */
static void decode(struct reader *r, struct part p, struct hb_buf *ret)
{
    _cleanup_buf_ struct hb_buf how = HB_BUF_INIT, type = HB_BUF_INIT,
                                bytes = HB_BUF_INIT;
    struct hb_slice body = p.body;

    if (body.n > 16 * HB_LETTER_TEXT) {
        body.n = 16 * HB_LETTER_TEXT;
        r->m->flags |= HB_LETTER_CUT;
    }
    (void)field(p.head, "content-transfer-encoding", &how);
    (void)field(p.head, "content-type", &type);
    if (type_is(hb_buf_z(&how), "base64")) {
        if (hb_base64_decode(&bytes, body) < 0)
            r->m->flags |= HB_LETTER_BROKEN;
        body = hb_buf_slice(&bytes);
    } else if (type_is(hb_buf_z(&how), "quoted-printable")) {
        hb_qp_decode(&bytes, body);
        body = hb_buf_slice(&bytes);
    }
    if (!hb_letter_utf8(ret, body, parameter(hb_buf_slice(&type), "charset"),
                        16 * HB_LETTER_TEXT))
        r->m->flags |= HB_LETTER_CHARSET;
}

/* No mail at all: its bytes are the text. */
static int as_it_came(struct reader *r, struct hb_slice message)
{
    _cleanup_buf_ struct hb_buf b = HB_BUF_INIT;

    if (message.n > HB_LETTER_TEXT) {
        message.n = HB_LETTER_TEXT;
        r->m->flags |= HB_LETTER_CUT;
    }
    if (!hb_letter_utf8(&b, message, HB_SLICE(""), 3 * HB_LETTER_TEXT))
        r->m->flags |= HB_LETTER_CHARSET;
    return keep_text(r, &b);
}

static int keep_text(struct reader *r, const struct hb_buf *b)
{
    _cleanup_buf_ struct hb_buf clean = HB_BUF_INIT;
    size_t n;

    hb_letter_clean(&clean, hb_buf_slice(b), false);
    if (hb_buf_err(b) < 0 || hb_buf_err(&clean) < 0)
        return -ENOMEM;
    n = clean.n;
    if (n > HB_LETTER_TEXT) {
        n = hb_utf8_cut(clean.p, HB_LETTER_TEXT);
        r->m->flags |= HB_LETTER_CUT;
    }
    r->m->text = hb_arena_dup(r->a, hb_buf_z(&clean), n);
    return r->m->text == NULL ? -ENOMEM : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* office.c - see office.h. */
#include "inspect/office.h"

#include <stdlib.h>

#include "base/num.h"

/* A tag, or what stands before one. */
struct token {
    struct hb_slice text;  /* before it */
    struct hb_slice name;  /* without its prefix; n 0: the end, a comment */
    struct hb_slice attrs; /* behind the name */
    bool close, single;
};

static bool next(struct hb_slice *xml, struct token *t);
static struct hb_slice until(struct hb_slice *xml, const char *mark);
static void read_tag(struct hb_slice tag, struct token *t);
static bool is(const struct token *t, const char *name);
static bool has_type_s(struct hb_slice attrs);
static void add_string(const struct hb_office_strings *s, struct hb_slice index,
                       struct hb_buf *b);

void hb_office_text(struct hb_slice xml, struct hb_buf *b)
{
    struct token t;
    unsigned rows = 0; /* that are open */

    while (next(&xml, &t)) {
        hb_buf_add(b, t.text.p, t.text.n);
        if (is(&t, "row") || is(&t, "tr") || is(&t, "table-row")) {
            rows = t.close ? rows - (rows > 0) : rows + !t.single;
            if (t.close && rows == 0)
                hb_buf_addc(b, '\n');
        } else if ((is(&t, "tc") || is(&t, "table-cell")) &&
                   (t.close || t.single)) {
            hb_buf_addc(b, '\t');
        } else if (is(&t, "tab")) {
            hb_buf_addc(b, '\t');
        } else if (is(&t, "br") || is(&t, "line-break") ||
                   ((is(&t, "p") || is(&t, "h") || is(&t, "si")) && t.close)) {
            hb_buf_addc(b, rows > 0 ? ' ' : '\n');
        }
    }
}

void hb_office_strings_done(struct hb_office_strings *s)
{
    hb_buf_done(&s->text);
    free(s->end);
    s->end = NULL;
    s->n = s->cap = 0;
}

int hb_office_strings(struct hb_slice xml, struct hb_office_strings *s)
{
    struct token t;
    bool text = false, reading = false; /* in <t>; not in <rPh> */

    while (next(&xml, &t)) {
        if (text && !reading)
            hb_buf_add(&s->text, t.text.p, t.text.n);
        if (is(&t, "t"))
            text = !t.close && !t.single;
        else if (is(&t, "rPh")) /* how it is read: kana beside kanji */
            reading = !t.close && !t.single;
        else if (is(&t, "si") && (t.close || t.single)) {
            if (s->n == s->cap) {
                size_t cap = s->cap == 0 ? 256 : 2 * s->cap;
                uint32_t *end = reallocarray(s->end, cap, sizeof(*end));

                if (end == NULL)
                    return -ENOMEM;
                s->end = end;
                s->cap = cap;
            }
            s->end[s->n++] = (uint32_t)s->text.n;
        }
    }
    return hb_buf_err(&s->text);
}

void hb_office_sheet(struct hb_slice xml, const struct hb_office_strings *s,
                     struct hb_buf *b)
{
    struct token t;
    bool value = false, shared = false;

    while (next(&xml, &t)) {
        if (value && shared)
            add_string(s, t.text, b);
        else if (value)
            hb_buf_add(b, t.text.p, t.text.n);
        if (is(&t, "c")) {
            shared = !t.close && has_type_s(t.attrs);
            if (t.close || t.single)
                hb_buf_addc(b, '\t');
        } else if (is(&t, "v") || is(&t, "t")) {
            value = !t.close && !t.single;
        } else if (is(&t, "row") && (t.close || t.single)) {
            hb_buf_addc(b, '\n');
        }
    }
}

/* ---- static ---- */

/* False at the end.  Text behind the last tag is nothing. */
static bool next(struct hb_slice *xml, struct token *t)
{
    const char *p = xml->n > 0 ? memchr(xml->p, '<', xml->n) : NULL;

    memset(t, 0, sizeof(*t));
    if (p == NULL)
        return false;
    t->text = hb_slice(xml->p, (size_t)(p - xml->p));
    *xml = hb_slice(p + 1, xml->n - t->text.n - 1);
    if (xml->n >= 3 && memcmp(xml->p, "!--", 3) == 0)
        (void)until(xml, "-->");
    else if (xml->n >= 8 && memcmp(xml->p, "![CDATA[", 8) == 0)
        (void)until(xml, "]]>");
    else
        read_tag(until(xml, ">"), t);
    return true;
}

/* What stands before MARK, which goes as well; all, where there is none. */
static struct hb_slice until(struct hb_slice *xml, const char *mark)
{
    size_t m = strlen(mark);
    const char *p = memmem(xml->p, xml->n, mark, m);
    struct hb_slice got =
        hb_slice(xml->p, p != NULL ? (size_t)(p - xml->p) : xml->n);

    *xml = p != NULL ? hb_slice(p + m, xml->n - got.n - m)
                     : hb_slice(xml->p + xml->n, 0);
    return got;
}

static void read_tag(struct hb_slice tag, struct token *t)
{
    size_t end = 0;

    if (tag.n > 0 && tag.p[0] == '/') {
        t->close = true;
        tag = hb_slice(tag.p + 1, tag.n - 1);
    }
    if (tag.n > 0 && tag.p[tag.n - 1] == '/') {
        t->single = true;
        tag.n--;
    }
    while (end < tag.n && strchr(" \t\r\n", tag.p[end]) == NULL) {
        if (tag.p[end++] == ':') {
            tag = hb_slice(tag.p + end, tag.n - end);
            end = 0;
        }
    }
    t->name = hb_slice(tag.p, end);
    t->attrs = hb_slice(tag.p + end, tag.n - end);
}

static bool is(const struct token *t, const char *name)
{
    return t->name.n == strlen(name) && memcmp(t->name.p, name, t->name.n) == 0;
}

/* t="s": the value is the number of a string. */
static bool has_type_s(struct hb_slice attrs)
{
    return memmem(attrs.p, attrs.n, " t=\"s\"", 6) != NULL ||
           memmem(attrs.p, attrs.n, " t='s'", 6) != NULL;
}

static void add_string(const struct hb_office_strings *s, struct hb_slice index,
                       struct hb_buf *b)
{
    uint64_t i;
    uint32_t from;

    if (hb_parse_u64(index, &i) < 0 || i >= s->n)
        return;
    from = i > 0 ? s->end[i - 1] : 0;
    if (s->end[i] > from)
        hb_buf_add(b, s->text.p + from, s->end[i] - from);
}

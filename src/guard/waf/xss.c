/* SPDX-License-Identifier: Apache-2.0 */
/*
 * xss.c - see xss.h.  One pass over the value for each place; a pass that
 * begins within a tag goes on behind it.
 *
 * What is plain text in a forum must not fire: List<Object> is no element
 * that loads anything, a handler counts with a value only, and where no tag
 * was opened a handler has to be an event that a browser knows.
 */
#include "guard/waf/xss.h"
#include "guard/waf/xss_words.h"

/* Where the first pass stood in each part of the value.  A later one that comes
 * to the same place in the same state finds nothing from there on, either. */
#define PARTS 64u

struct marks {
    const char *base;
    unsigned shift;
    const char *tag[PARTS];  /* at a '<' of the text: of the pass 'd' */
    const char *attr[PARTS]; /* before an attribute, no tag: of the pass 'u' */
};

struct scan {
    const char *p, *end;
    struct marks *marks;
    char place;          /* d u ' " ` */
    bool tagged;         /* the tag's name was seen */
    bool loads;          /* and it is dangerous with any attribute */
    struct hb_slice tag; /* of the tag we are in */
    char *why;
};

struct attr {
    struct hb_slice name, value;
};

static bool met(const struct scan *s, const char **marks, char learns);
static bool scan_data(struct scan *s);
static bool scan_markup(struct scan *s);
static bool scan_tag(struct scan *s);
static bool scan_attrs(struct scan *s);
static bool read_attr(struct scan *s, struct attr *ret);
static bool bad_attr(const struct scan *s, const struct attr *a);
static bool bad_url(struct hb_slice value);
static bool bad_style(const struct scan *s, struct hb_slice value);
static bool found(const struct scan *s, const char *mark, struct hb_slice what);

static const char places[] = "u'\"`";
static const char quotes[] = "'\"`";

bool hb_waf_xss(struct hb_slice value, char ret_why[HB_WAF_WHY])
{
    struct marks m = {.base = value.p};
    struct scan s = {.p = value.p, .marks = &m, .place = 'd', .why = ret_why};
    const char *p;

    if (value.n < 3)
        return false;
    s.end = value.p + value.n;
    while (value.n >> m.shift >= PARTS)
        m.shift++;
    if (scan_data(&s))
        return true;
    if (memchr(value.p, '=', value.n) == NULL)
        return false;
    for (const char *q = places; *q != '\0'; q++) {
        p = *q == 'u' ? value.p : memchr(value.p, *q, value.n);
        if (p == NULL)
            continue;
        s = (struct scan){.p = p + (*q != 'u'),
                          .end = s.end,
                          .marks = &m,
                          .place = *q,
                          .why = ret_why};
        if (scan_attrs(&s) || scan_data(&s))
            return true;
    }
    return false;
}

/* Whether this was seen before; the pass LEARNS writes it down. */
static bool met(const struct scan *s, const char **marks, char learns)
{
    const char **m = &marks[(size_t)(s->p - s->marks->base) >> s->marks->shift];

    if (s->place != learns)
        return *m == s->p;
    if (*m == NULL)
        *m = s->p;
    return false;
}

static inline bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether TEXT begins with LOW, in any case. */
static bool begins(struct hb_slice text, const char *low)
{
    size_t n = strlen(low);

    if (text.n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text.p[i];

        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != low[i])
            return false;
    }
    return true;
}

/* memchr() that is quick where C is near, as it mostly is. */
static const char *find(const char *p, const char *end, char c)
{
    for (size_t i = 0; i < 8; i++, p++) {
        if (p == end)
            return NULL;
        if (*p == c)
            return p;
    }
    return memchr(p, c, (size_t)(end - p));
}

static struct hb_slice rest(const struct scan *s)
{
    return hb_slice(s->p, (size_t)(s->end - s->p));
}

/* Text, up to the next thing that begins with '<'. */
static bool scan_data(struct scan *s)
{
    while (s->p < s->end) {
        const char *lt = find(s->p, s->end, '<');

        if (lt == NULL || s->end - lt < 2)
            return false;
        s->p = lt;
        if (met(s, s->marks->tag, 'd'))
            return false;
        s->p = lt + 1;
        if (*s->p == '!' || *s->p == '?') {
            if (scan_markup(s))
                return true;
        } else if (is_letter(*s->p)) {
            if (scan_tag(s))
                return true;
        }
    }
    return false;
}

/* To behind the next '>' or the end. */
static struct hb_slice upto(struct scan *s, char c)
{
    struct hb_slice text = rest(s);
    const char *gt = find(text.p, s->end, c);

    if (gt == NULL) {
        s->p = s->end;
        return text;
    }
    s->p = gt + 1;
    return hb_slice(text.p, (size_t)(gt - text.p));
}

/* "-->" or "--!>", from the dashes of "<!--" on ("<!-->" is a comment). */
static struct hb_slice comment(struct scan *s)
{
    const char *from = s->p + 3, *p = s->p + 1;

    for (; s->end - p > 2; p++) {
        p = find(p, s->end - 2, '-');
        if (p == NULL)
            break;
        if (p[1] != '-')
            continue;
        if (p[2] == '>' || (p[2] == '!' && s->end - p > 3 && p[3] == '>')) {
            s->p = p + 3;
            return hb_slice(from, p > from ? (size_t)(p - from) : 0);
        }
    }
    s->p = s->end;
    return hb_slice(from, from < s->end ? (size_t)(s->end - from) : 0);
}

/* At the '!' or '?' behind '<'. */
static bool scan_markup(struct scan *s)
{
    struct hb_slice text = rest(s), body;

    if (begins(text, "?xml") || begins(text, "?import"))
        return found(s, "<", hb_slice(text.p, 4));
    if (begins(text, "!doctype") || begins(text, "!entity") ||
        begins(text, "!element") || begins(text, "!attlist"))
        return found(s, "<", hb_slice(text.p, 7));
    if (!begins(text, "!--")) {
        (void)upto(s, '>');
        return false;
    }
    body = comment(s);
    while (body.n > 0 && is_space(*body.p))
        body = hb_slice(body.p + 1, body.n - 1);
    /* Internet Explorer reads what stands in it; a back quote ended it. */
    if (begins(body, "[if") || begins(body, "[endif"))
        return found(s, "<!--", hb_slice("[if", 3));
    return false;
}

/* At the first letter of a tag's name.  One that ends with the value counts:
 * the page goes on behind it. */
static bool scan_tag(struct scan *s)
{
    const char *from = s->p;
    enum hb_xss_element kind;

    while (s->p < s->end && !is_space(*s->p) && *s->p != '/' && *s->p != '>')
        s->p++;
    s->tag = hb_slice(from, (size_t)(s->p - from));
    s->tagged = true;
    kind = hb_xss_element(s->tag);
    s->loads = kind == HB_XSS_LOADS;
    if (kind == HB_XSS_RUNS)
        return found(s, "<", s->tag);
    return scan_attrs(s);
}

/* The attributes of a tag, and its '>'. */
static bool scan_attrs(struct scan *s)
{
    struct attr a;

    while (s->p < s->end) {
        if (!s->tagged && met(s, s->marks->attr, 'u')) {
            s->p = s->end;
            return false;
        }
        if (!read_attr(s, &a))
            break;
        if (s->loads || bad_attr(s, &a))
            return found(s, s->loads ? "<" : "", s->loads ? s->tag : a.name);
    }
    s->tagged = s->loads = false;
    return false;
}

static void skip_space(struct scan *s)
{
    while (s->p < s->end && is_space(*s->p))
        s->p++;
}

static struct hb_slice attr_value(struct scan *s)
{
    const char *from = s->p;

    /* The back quote was one of Internet Explorer's. */
    if (s->p < s->end && strchr(quotes, *s->p) != NULL && *s->p != '\0') {
        s->p++;
        return upto(s, *from);
    }
    while (s->p < s->end && !is_space(*s->p) && *s->p != '>')
        s->p++;
    return hb_slice(from, (size_t)(s->p - from));
}

/* False at the '>' (which is taken) or at the end. */
static bool read_attr(struct scan *s, struct attr *ret)
{
    const char *from;

    while (s->p < s->end && (is_space(*s->p) || *s->p == '/'))
        s->p++;
    if (s->p < s->end && *s->p == '>') {
        s->p++;
        return false;
    }
    if (s->p == s->end)
        return false;
    from = s->p++; /* '=' may be the first byte of a name */
    while (s->p < s->end && !is_space(*s->p) && *s->p != '/' && *s->p != '>' &&
           *s->p != '=')
        s->p++;
    *ret = (struct attr){.name = hb_slice(from, (size_t)(s->p - from))};
    skip_space(s);
    if (s->p < s->end && *s->p == '=') {
        s->p++;
        skip_space(s);
        ret->value = attr_value(s);
    }
    return true;
}

/* In a tag any "on" with letters behind it: browsers add events. */
static bool is_handler(const struct scan *s, struct hb_slice name)
{
    if (!s->tagged)
        return hb_xss_event(name);
    if (name.n < 5 || !begins(name, "on"))
        return false;
    for (size_t i = 2; i < name.n; i++)
        if (!is_letter(name.p[i]))
            return false;
    return true;
}

static bool bad_attr(const struct scan *s, const struct attr *a)
{
    struct hb_slice name = a->name;

    if (a->value.n == 0)
        return false;
    /* Behind a quote that was closed stands no blank: "onload=... */
    while (name.n > 0 && strchr(quotes, *name.p) != NULL && *name.p != '\0')
        name = hb_slice(name.p + 1, name.n - 1);
    if (name.n < 2 || !is_letter(*name.p))
        return false;
    if (is_handler(s, name))
        return true;
    switch (hb_xss_attr(name)) {
    case HB_XSS_ALWAYS:
        return true;
    case HB_XSS_URL:
        return bad_url(a->value);
    case HB_XSS_STYLE:
        return bad_style(s, a->value);
    case HB_XSS_NAMES:
        return s->tagged &&
               (begins(a->value, "on") || hb_xss_attr(a->value) != HB_XSS_NO);
    case HB_XSS_NO:
    default:
        return false;
    }
}

/* One character of an attribute value, with &#...; and the few names that hide
 * a scheme; moves P. */
static uint32_t next_char(const char **p, const char *end)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"&tab;", '\t'}, {"&newline;", '\n'}, {"&colon;", ':'}};
    struct hb_slice left = hb_slice(*p, (size_t)(end - *p));
    const char *q = *p + 2;
    uint32_t cp = 0, base = 10, d;

    if (left.n < 3 || **p != '&')
        return (unsigned char)*(*p)++;
    for (size_t i = 0; i < HB_ARRAY_LEN(named); i++)
        if (begins(left, named[i].name)) {
            *p += strlen(named[i].name);
            return (unsigned char)named[i].c;
        }
    if (left.p[1] == '#' && (left.p[2] | 0x20) == 'x') {
        base = 16;
        q++;
    } else if (left.p[1] != '#') {
        return (unsigned char)*(*p)++;
    }
    for (; q < end; q++) {
        if (*q >= '0' && *q <= '9')
            d = (uint32_t)(*q - '0');
        else if (base == 16 && is_letter(*q) && (*q | 0x20) <= 'f')
            d = (uint32_t)((*q | 0x20) - 'a') + 10;
        else
            break;
        cp = HB_MIN(cp * base + d, 0x110000u);
    }
    *p = q < end && *q == ';' ? q + 1 : q;
    return cp;
}

/* Browsers leave out controls before a scheme and line ends within it. */
static bool bad_url(struct hb_slice value)
{
    static const char *const schemes[] = {
        "javascript:", "vbscript:", "livescript:", "view-source:"};
    const char *p = value.p, *end = value.p + value.n;
    char low[32];
    size_t n = 0;

    while (p < end && n < sizeof(low)) {
        uint32_t c = next_char(&p, end);

        if (c <= ' ' || (c >= 0x7f && c <= 0xa0))
            continue;
        low[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20)
                   : c < 0x7f           ? (char)c
                                        : '?';
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(schemes); i++)
        if (begins(hb_slice(low, n), schemes[i]))
            return true;
    if (!begins(hb_slice(low, n), "data:"))
        return false;
    return !begins(hb_slice(low, n), "data:image/") ||
           begins(hb_slice(low, n), "data:image/svg");
}

/* A style attribute of a stranger moves, hides or loads things: one with any
 * declaration counts, also where the name stands apart from its colon. */
static bool bad_style(const struct scan *s, struct hb_slice value)
{
    const char *p = s->p;

    while (p < s->end && is_space(*p))
        p++;
    return memchr(value.p, ':', value.n) != NULL ||
           memchr(value.p, '(', value.n) != NULL || (p < s->end && *p == ':');
}

/* Writes the reason; always true. */
static bool found(const struct scan *s, const char *mark, struct hb_slice what)
{
    size_t n = 0;

    s->why[n++] = s->place;
    s->why[n++] = ':';
    while (*mark != '\0')
        s->why[n++] = *mark++;
    for (size_t i = 0; i < what.n && n < HB_WAF_WHY - 1; i++) {
        char c = what.p[i];

        s->why[n++] = (char)(c > ' ' && c < 0x7f ? c : '?');
    }
    s->why[n] = '\0';
    return true;
}

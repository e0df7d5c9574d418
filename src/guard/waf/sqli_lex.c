/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqli_lex.c - tokens of SQL in the hands of a stranger: nothing is an error,
 * every byte belongs to some token, and each is looked at a bounded number of
 * times.
 */
#include "guard/waf/sqli_lex.h"

static struct hb_sqli_token token(char cls, const char *from, const char *to);
static bool skip_space(struct hb_sqli_lex *l);
static bool comment_block(struct hb_sqli_lex *l, struct hb_sqli_token *ret);
static struct hb_sqli_token comment_line(struct hb_sqli_lex *l);
static struct hb_sqli_token one(struct hb_sqli_lex *l);
static struct hb_sqli_token number(struct hb_sqli_lex *l);
static struct hb_sqli_token word(struct hb_sqli_lex *l);
static struct hb_sqli_token quoted_name(struct hb_sqli_lex *l);
static struct hb_sqli_token variable(struct hb_sqli_lex *l);
static struct hb_sqli_token dollar(struct hb_sqli_lex *l);
static struct hb_sqli_token mark(struct hb_sqli_lex *l);

/* Tags of $tag$ whose end was not found, before no more are looked for. */
#define DOLLAR_TRIES 4u

static const char operators[][4] = {
    "<=>", "||=", "!<", "!>", "<<", ">>", "<=", ">=", "<>", "!=",
    "^=",  ":=",  "||", "&&", "::", "->", "@>", "<@", "==",
};

/* Their second bytes, to look no further for most. */
static const char seconds[] = "=|<>&:@";

static inline bool is_space(unsigned char c)
{
    return c <= ' ' || c == 0x7f || c == 0xa0;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool is_hex(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* 0xa0 is a space of MySQL in latin1, and a part of letters in UTF-8: a word
 * that began goes on. */
static inline bool is_word(unsigned char c)
{
    return is_digit((char)c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           c == '_' || c >= 0x80;
}

void hb_sqli_lex_init(struct hb_sqli_lex *l, struct hb_slice value, bool mysql)
{
    *l = (struct hb_sqli_lex){.p = value.p, .mysql = mysql};
    l->end = value.n > 0 ? value.p + value.n : value.p;
}

struct hb_sqli_token hb_sqli_next(struct hb_sqli_lex *l)
{
    struct hb_sqli_token t = {0}, cut = {0};
    bool spaced = false;

    for (;;) {
        spaced |= skip_space(l);
        if (l->p == l->end)
            return cut.cls != 0 ? cut : token(HB_SQLI_END, l->p, l->p);
        if (*l->p == '/' && comment_block(l, &t))
            continue;
        if (t.cls != 0)
            return t;
        cut = comment_line(l);
        if (cut.cls == 0)
            break; /* else a space, unless the value ends behind it */
    }
    t = one(l);
    t.spaced = spaced;
    return t;
}

/* Whatever stands here; it is neither a space nor a comment. */
static struct hb_sqli_token one(struct hb_sqli_lex *l)
{
    char c = *l->p;

    if (c == '\'' || c == '"') {
        l->p++;
        return hb_sqli_string(l, c);
    }
    if (is_digit(c) || (c == '.' && l->end - l->p > 1 && is_digit(l->p[1])))
        return number(l);
    if (is_word((unsigned char)c))
        return word(l);
    if (c == '`' || c == '[')
        return quoted_name(l);
    if (c == '@')
        return variable(l);
    if (c == '$')
        return dollar(l);
    return mark(l);
}

/* A backslash hides the next byte (MySQL, and PostgreSQL with E''); a doubled
 * quote is one quote. */
struct hb_sqli_token hb_sqli_string(struct hb_sqli_lex *l, char quote)
{
    const char *from = l->p;
    struct hb_sqli_token t;

    for (; l->p < l->end; l->p++) {
        if (*l->p == '\\' && l->end - l->p > 1) {
            l->p++;
        } else if (*l->p == quote) {
            if (l->end - l->p < 2 || l->p[1] != quote)
                break;
            l->p++;
        }
    }
    t = token(HB_SQLI_STRING, from, l->p);
    t.open = l->p == l->end;
    if (!t.open)
        l->p++;
    return t;
}

static struct hb_sqli_token token(char cls, const char *from, const char *to)
{
    struct hb_sqli_token t = {.cls = cls};

    t.text = hb_slice(from, (size_t)(to - from));
    return t;
}

static bool skip_space(struct hb_sqli_lex *l)
{
    const char *from = l->p;

    while (l->p < l->end && is_space((unsigned char)*l->p))
        l->p++;
    return l->p != from;
}

/* Whether P (before END) is a version number of MySQL or a keyword: then the
 * text of this comment is executed, and no banner of a style sheet. */
static bool executed(const char *p, const char *end)
{
    const char *from = p;

    while (p < end && is_digit(*p))
        p++;
    if (p - from >= 5)
        return true;
    from = p;
    while (p < end && is_word((unsigned char)*p))
        p++;
    return p > from &&
           hb_sqli_word(hb_slice(from, (size_t)(p - from))) != HB_SQLI_NAME;
}

/* At '/': true when a comment was passed by.  RET is set where it is itself
 * a token: one without an end, or one that MySQL executes. */
static bool comment_block(struct hb_sqli_lex *l, struct hb_sqli_token *ret)
{
    const char *from = l->p, *p;

    if (l->end - l->p < 2 || l->p[1] != '*')
        return false;
    if (l->end - l->p > 3 && l->p[2] == '!' && executed(l->p + 3, l->end)) {
        for (l->p += 3; l->p < l->end && is_digit(*l->p);)
            l->p++;
        l->hidden = true;
        *ret = token(HB_SQLI_HIDDEN, from, l->p);
        return false;
    }
    for (p = l->p + 2; l->end - p > 1; p++) {
        p = memchr(p, '*', (size_t)(l->end - p) - 1);
        if (p == NULL)
            break;
        if (p[1] == '/') {
            l->p = p + 2;
            return true;
        }
    }
    l->p = l->end;
    *ret = token(HB_SQLI_COMMENT, from, l->end);
    return false;
}

/* "-- ..." and "# ..."; no token (class 0) if there is none. */
static struct hb_sqli_token comment_line(struct hb_sqli_lex *l)
{
    const char *from = l->p, *nl;
    size_t left = (size_t)(l->end - from);
    bool spaced;

    if (*from == '#') {
        l->dialect = true;
        if (!l->mysql)
            return token(HB_SQLI_END, from, from);
    } else if (left > 1 && from[0] == '-' && from[1] == '-') {
        spaced = left == 2 || is_space((unsigned char)from[2]);
        l->dialect |= !spaced;
        if (!spaced && l->mysql)
            return token(HB_SQLI_END, from, from);
    } else {
        return token(HB_SQLI_END, from, from);
    }
    nl = memchr(from, '\n', left);
    l->p = nl != NULL ? nl : l->end;
    return token(HB_SQLI_COMMENT, from, l->p);
}

static const char *digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* Letters behind the digits are a word of their own: "1or" is 1 OR in SQL
 * Server and PostgreSQL.  MySQL takes "1." and "1.e" for numbers, too. */
static struct hb_sqli_token number(struct hb_sqli_lex *l)
{
    const char *from = l->p, *p = l->p, *e;

    if (l->end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x' && is_hex(p[2])) {
        for (p += 2; p < l->end && is_hex(*p);)
            p++;
        l->p = p;
        return token(HB_SQLI_NUMBER, from, p);
    }
    if (l->end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'b' &&
        (p[2] == '0' || p[2] == '1')) {
        l->p = digits(p + 2, l->end);
        return token(HB_SQLI_NUMBER, from, l->p);
    }
    p = digits(p, l->end);
    if (p < l->end && *p == '.')
        p = digits(p + 1, l->end);
    if (l->end - p > 0 && (*p | 0x20) == 'e') {
        e = p + 1;
        if (e < l->end && (*e == '+' || *e == '-'))
            e++;
        if (digits(e, l->end) > e)
            p = digits(e, l->end);
        else if (p[-1] == '.' && (e == l->end || !is_word((unsigned char)*e)))
            p++;
    }
    l->p = p;
    return token(HB_SQLI_NUMBER, from, p);
}

static struct hb_sqli_token word(struct hb_sqli_lex *l)
{
    const char *from = l->p;
    struct hb_sqli_token t;

    while (l->p < l->end && (is_word((unsigned char)*l->p) || *l->p == '$'))
        l->p++;
    t = token(HB_SQLI_NAME, from, l->p);
    /* N'...', X'...', B'...', E'...', _utf8'...': a string with a mark. */
    if (l->p < l->end && *l->p == '\'' &&
        ((t.text.n == 1 && strchr("nxbeNXBE", *from) != NULL) ||
         (*from == '_' && t.text.n < 12))) {
        l->p++;
        return hb_sqli_string(l, '\'');
    }
    t.cls = hb_sqli_word(t.text);
    return t;
}

static struct hb_sqli_token quoted_name(struct hb_sqli_lex *l)
{
    const char *from = l->p++, *to = NULL;
    bool *none = *from == '`' ? &l->no_tick : &l->no_bracket;

    if (!*none)
        to = memchr(l->p, *from == '`' ? '`' : ']', (size_t)(l->end - l->p));
    /* An open one would be a syntax error: a mark, and text behind it. */
    if (to == NULL) {
        *none = true;
        return token(HB_SQLI_OTHER, from, l->p);
    }
    l->p = to + 1;
    return token(HB_SQLI_NAME, from, l->p);
}

static struct hb_sqli_token variable(struct hb_sqli_lex *l)
{
    const char *from = l->p++;

    if (l->end - l->p > 0 && *l->p == '>') {
        l->p++;
        return token(HB_SQLI_COMPARE, from, l->p);
    }
    if (l->p < l->end && *l->p == '@')
        l->p++;
    if (l->p < l->end && (*l->p == '\'' || *l->p == '"' || *l->p == '`')) {
        char quote = *l->p++;

        (void)hb_sqli_string(l, quote);
        return token(HB_SQLI_VARIABLE, from, l->p);
    }
    while (l->p < l->end &&
           (is_word((unsigned char)*l->p) || *l->p == '$' || *l->p == '.'))
        l->p++;
    return token(l->p - from > 1 ? HB_SQLI_VARIABLE : HB_SQLI_OTHER, from,
                 l->p);
}

/* $1 and $1.50 are numbers; $$text$$ and $tag$text$tag$ strings. */
static struct hb_sqli_token dollar(struct hb_sqli_lex *l)
{
    const char *from = l->p++, *tag = from, *p;
    size_t n;

    if (l->p < l->end && is_digit(*l->p)) {
        l->p = digits(l->p, l->end);
        return token(HB_SQLI_NUMBER, from, l->p);
    }
    for (p = l->p; p < l->end && is_word((unsigned char)*p) && p - tag < 16;)
        p++;
    if (p == l->end || *p != '$' || p - tag >= 16) {
        l->p = p;
        return token(HB_SQLI_NAME, from, p);
    }
    n = (size_t)(p + 1 - tag);
    l->p = p + 1;
    p = l->no_tag < DOLLAR_TRIES ? memmem(l->p, (size_t)(l->end - l->p), tag, n)
                                 : NULL;
    if (p == NULL) { /* no string, then: the mark alone */
        l->no_tag++;
        return token(HB_SQLI_OTHER, from, l->p);
    }
    l->p = p + n;
    return token(HB_SQLI_STRING, from, l->p);
}

static char operator_class(struct hb_slice op)
{
    char a = op.p[0];

    if (hb_slice_eq(op, HB_SLICE("||")) || hb_slice_eq(op, HB_SLICE("&&")))
        return HB_SQLI_LOGIC;
    if (hb_slice_eq(op, HB_SLICE("::")))
        return HB_SQLI_CAST;
    if (hb_slice_eq(op, HB_SLICE("<<")) || hb_slice_eq(op, HB_SLICE(">>")) ||
        a == '-' || a == ':')
        return HB_SQLI_OP;
    return HB_SQLI_COMPARE;
}

static char mark_class(char c)
{
    switch (c) {
    case '(':
    case ')':
    case ',':
    case ';':
    case '.':
        return c;
    case '=':
    case '<':
    case '>':
        return HB_SQLI_COMPARE;
    case '!':
    case '~':
        return HB_SQLI_NOT;
    case '+':
    case '-':
    case '*':
    case '/':
    case '%':
    case '^':
    case '&':
    case '|':
    case '#':
        return HB_SQLI_OP;
    default:
        return HB_SQLI_OTHER;
    }
}

/* An operator or a single mark. */
static struct hb_sqli_token mark(struct hb_sqli_lex *l)
{
    const char *from = l->p;
    size_t left = (size_t)(l->end - l->p), n = 1;

    if (left > 1 && l->hidden && from[0] == '*' && from[1] == '/') {
        l->hidden = false;
        l->p += 2;
        return token(HB_SQLI_NOTHING, from, l->p);
    }
    if (left > 1 && strchr(seconds, from[1]) != NULL && from[1] != '\0')
        for (size_t i = 0; i < HB_ARRAY_LEN(operators); i++) {
            n = strlen(operators[i]);
            if (n <= left && memcmp(from, operators[i], n) == 0) {
                l->p += n;
                return token(operator_class(hb_slice(from, n)), from, l->p);
            }
        }
    l->p++;
    return token(mark_class(*from), from, l->p);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_tree.c - see gate_tree.h.
 *
 * A descent over the expression with a ceiling on its depth.  Of the flags
 * only (?x) changes how the text is read.
 */
#include "guard/waf/gate_tree.h"

#include "guard/waf/gate_class.h"

#define DEPTH      128u /* of groups; PCRE2 itself allows 250 */
#define REPEAT_MAX 65535u

typedef struct hb_waf_gate_node node;

struct reader {
    struct hb_arena *arena;
    struct hb_waf_gate_text t;
    unsigned depth;
    bool extended; /* (?x) */
    int err;       /* the first one sticks */
};

static node *alternatives(struct reader *r);

static int peek(const struct reader *r, size_t k)
{
    return hb_waf_gate_peek(&r->t, k);
}

static bool next_is(struct reader *r, const char *z)
{
    size_t n = strlen(z);

    if (r->t.s.n - r->t.at < n || memcmp(r->t.s.p + r->t.at, z, n) != 0)
        return false;
    r->t.at += n;
    return true;
}

/* NULL, which ends the reading everywhere. */
static node *fail(struct reader *r, int err)
{
    if (r->err == 0)
        r->err = err;
    return NULL;
}

static node *make(struct reader *r, enum hb_waf_gate_type type)
{
    node *n = HB_NEW(r->arena, node);

    if (n == NULL)
        return fail(r, -ENOMEM);
    n->type = type;
    return n;
}

static node *one_byte(struct reader *r, unsigned c)
{
    node *n = make(r, HB_WAF_GATE_BYTE);

    if (n != NULL)
        hb_waf_gate_put(&n->set, c);
    return n;
}

/* Passes over what stands for nothing, so that a quantifier behind it belongs
 * to what stands before it. */
static void skip(struct reader *r)
{
    for (;;) {
        int c = peek(r, 0);

        if (next_is(r, "(?#")) {
            while (peek(r, 0) >= 0 && peek(r, 0) != ')')
                r->t.at++;
            if (!next_is(r, ")")) {
                (void)fail(r, -EINVAL);
                return;
            }
        } else if (next_is(r, "\\E")) {
            continue;
        } else if (r->extended && (c == ' ' || (c >= '\t' && c <= '\r'))) {
            r->t.at++;
        } else if (r->extended && c == '#') {
            while (peek(r, 0) >= 0 && peek(r, 0) != '\n')
                r->t.at++;
        } else {
            if (r->extended && c >= 0x80) /* other blanks of Unicode */
                (void)fail(r, -EINVAL);
            return;
        }
    }
}

/* (?i) (?s-x: and so on; the cursor stands behind "(?".  Whether it was that,
 * with its end in *RET_END. */
static bool flags(struct reader *r, int *ret_end)
{
    bool on = true, x = r->extended;
    int c;

    if (peek(r, 0) == '^') {
        r->t.at++;
        x = false;
    }
    for (; (c = peek(r, 0)) != ')' && c != ':'; r->t.at++) {
        if (c <= 0 || strchr("imsxnJU-", c) == NULL)
            return false;
        if (c == '-')
            on = false;
        if (c != 'x')
            continue;
        if (peek(r, 1) == 'x')
            return false; /* (?xx): blanks in classes */
        x = on;
    }
    r->t.at++;
    r->extended = x;
    *ret_end = c;
    return true;
}

/* The name of a group up to END. */
static bool name(struct reader *r, int end)
{
    int c;

    while ((c = peek(r, 0)) != end) {
        if (c < 0)
            return false;
        r->t.at++;
    }
    r->t.at++;
    return true;
}

static node *group_body(struct reader *r)
{
    node *n = alternatives(r);

    if (n == NULL)
        return NULL;
    if (peek(r, 0) != ')')
        return fail(r, -EINVAL);
    r->t.at++;
    return n;
}

static node *look(struct reader *r, bool positive)
{
    node *body = group_body(r);
    node *n = make(r, positive ? HB_WAF_GATE_LOOK : HB_WAF_GATE_EMPTY);

    if (body == NULL || n == NULL)
        return NULL;
    if (positive)
        n->first = body;
    return n;
}

/* From behind "(".  What is set within holds to the end of the group; flags
 * alone hold to the end of the group around them. */
static node *group_inner(struct reader *r, bool *ret_alone)
{
    int end = 0;

    if (peek(r, 0) == '*')
        return fail(r, -EINVAL);
    if (peek(r, 0) != '?')
        return group_body(r);
    r->t.at++;
    if (next_is(r, ":") || next_is(r, "|") || next_is(r, ">"))
        return group_body(r);
    if (next_is(r, "=") || next_is(r, "<="))
        return look(r, true);
    if (next_is(r, "!") || next_is(r, "<!"))
        return look(r, false);
    if (peek(r, 0) == '<' && peek(r, 1) == '*')
        return fail(r, -EINVAL);
    if (next_is(r, "P<") || next_is(r, "<"))
        return name(r, '>') ? group_body(r) : fail(r, -EINVAL);
    if (next_is(r, "'"))
        return name(r, '\'') ? group_body(r) : fail(r, -EINVAL);
    if (!flags(r, &end))
        return fail(r, -EINVAL);
    *ret_alone = end == ')';
    return *ret_alone ? make(r, HB_WAF_GATE_EMPTY) : group_body(r);
}

static node *group(struct reader *r)
{
    bool saved = r->extended, alone = false;
    node *n;

    if (++r->depth > DEPTH)
        return fail(r, -EINVAL);
    n = group_inner(r, &alone);
    r->depth--;
    if (!alone)
        r->extended = saved;
    return n;
}

/* \Q...\E: all but the last byte goes to CAT's list by *TAIL; the last one is
 * given back, for a quantifier may follow. */
static node *quoted(struct reader *r, node ***tail)
{
    node *last = NULL;

    while (peek(r, 0) >= 0 && !next_is(r, "\\E")) {
        if (last != NULL) {
            **tail = last;
            *tail = &last->next;
        }
        last = one_byte(r, (unsigned)peek(r, 0));
        if (last == NULL)
            return NULL;
        r->t.at++;
    }
    /* An empty one would hand a quantifier to what stands before it. */
    return last != NULL ? last : fail(r, -EINVAL);
}

/* From behind a backslash. */
static node *escape(struct reader *r, node ***tail)
{
    struct hb_waf_gate_bytes set = {{0}};
    int c = peek(r, 0), d = peek(r, 1);
    unsigned byte;
    node *n;

    if (c == 'Q') {
        r->t.at++;
        return quoted(r, tail);
    }
    if (c > 0 && strchr("bBAzZG", c) != NULL) {
        r->t.at++;
        return make(r, c == 'A'               ? HB_WAF_GATE_START
                       : c == 'z' || c == 'Z' ? HB_WAF_GATE_END
                                              : HB_WAF_GATE_EMPTY);
    }
    if (c == 'N' && d == '{')
        return fail(r, -EINVAL);
    if (c >= '1' && c <= '9') { /* \12 may be octal */
        r->t.at++;
        return d >= '0' && d <= '9' ? fail(r, -EINVAL)
                                    : make(r, HB_WAF_GATE_ANY);
    }
    if (c == 'N') {
        memset(&set, 0xff, sizeof(set));
        r->t.at++;
    } else if (hb_waf_gate_escape(&r->t, &set, &byte) == HB_WAF_GATE_ESC_BAD)
        return fail(r, -EINVAL);
    n = make(r, HB_WAF_GATE_BYTE);
    if (n != NULL)
        n->set = set;
    return n;
}

static bool number(struct reader *r, uint32_t *ret)
{
    uint32_t v = 0;
    int c, digits = 0;

    while ((c = peek(r, 0)) >= '0' && c <= '9') {
        v = v * 10 + (uint32_t)(c - '0');
        if (v > REPEAT_MAX)
            return false;
        digits++;
        r->t.at++;
    }
    *ret = v;
    return digits > 0;
}

/* Whether "{" here is followed by digits, commas and blanks up to "}". */
static bool like_bounds(const struct reader *r)
{
    int c, digits = 0;

    for (size_t k = 1; (c = peek(r, k)) != '}'; k++) {
        if (c <= 0 || strchr("0123456789, \t", c) == NULL)
            return false;
        digits += c >= '0' && c <= '9';
    }
    return digits > 0;
}

/* {2} {2,} {2,3} */
static bool bounds(struct reader *r, uint32_t *min, uint32_t *max)
{
    r->t.at++;
    if (!number(r, min))
        return false;
    *max = *min;
    if (next_is(r, "}"))
        return true;
    *max = HB_WAF_GATE_FOREVER;
    return next_is(r, ",") &&
           (next_is(r, "}") || (number(r, max) && next_is(r, "}")));
}

/* Whether a quantifier stands here.  "{" that begins none is a byte; versions
 * of PCRE2 differ over {,5} and { 1 }, which are refused. */
static bool quantifier(struct reader *r, uint32_t *min, uint32_t *max)
{
    int c = peek(r, 0);

    if (c == '{' && like_bounds(r)) {
        if (!bounds(r, min, max) || *max < *min)
            (void)fail(r, -EINVAL);
        return true;
    }
    if (c != '*' && c != '+' && c != '?')
        return false;
    *min = c == '+';
    *max = c == '?' ? 1 : HB_WAF_GATE_FOREVER;
    r->t.at++;
    return true;
}

static node *atom(struct reader *r, node ***tail)
{
    int c = peek(r, 0);
    node *n;

    r->t.at++;
    switch (c) {
    case '(':
        return group(r);
    case '\\':
        return escape(r, tail);
    case '^':
        return make(r, HB_WAF_GATE_START);
    case '$':
        return make(r, HB_WAF_GATE_END);
    case '*':
    case '+':
    case '?':
        return fail(r, -EINVAL);
    case '.':
        n = make(r, HB_WAF_GATE_BYTE);
        if (n != NULL)
            memset(&n->set, 0xff, sizeof(n->set));
        return n;
    case '[':
        n = make(r, HB_WAF_GATE_BYTE);
        if (n != NULL && !hb_waf_gate_class(&r->t, &n->set))
            return fail(r, -EINVAL);
        return n;
    default:
        return one_byte(r, (unsigned)c);
    }
}

/* N with the quantifiers behind it. */
static node *repeated(struct reader *r, node *n)
{
    uint32_t min = 0, max = 0;
    node *rep;

    skip(r);
    if (!quantifier(r, &min, &max))
        return n;
    if (peek(r, 0) == '?' || peek(r, 0) == '+')
        r->t.at++;
    rep = make(r, HB_WAF_GATE_REP);
    if (rep == NULL)
        return NULL;
    rep->first = n;
    rep->min = min;
    rep->max = max;
    return rep;
}

static node *sequence(struct reader *r)
{
    node *cat = make(r, HB_WAF_GATE_CAT), **tail;

    if (cat == NULL)
        return NULL;
    tail = &cat->first;
    for (skip(r); peek(r, 0) >= 0 && peek(r, 0) != '|' && peek(r, 0) != ')';
         skip(r)) {
        node *n = atom(r, &tail);

        if (n != NULL)
            n = repeated(r, n);
        if (n == NULL || r->err < 0)
            return NULL;
        *tail = n;
        tail = &n->next;
    }
    return r->err < 0 ? NULL : cat;
}

/* Flags that one alternative sets hold in those behind it too. */
static node *alternatives(struct reader *r)
{
    node *alt = make(r, HB_WAF_GATE_ALT), **tail;

    if (alt == NULL)
        return NULL;
    tail = &alt->first;
    do {
        node *n = sequence(r);

        if (n == NULL)
            return NULL;
        *tail = n;
        tail = &n->next;
    } while (next_is(r, "|"));
    return alt->first->next == NULL ? alt->first : alt;
}

int hb_waf_gate_tree(struct hb_arena *a, struct hb_slice pattern,
                     struct hb_waf_gate_node **ret)
{
    struct reader r = {.arena = a, .t = {.s = pattern}};
    node *n;

    if (pattern.n == 0)
        r.t.s.p = "";
    if (peek(&r, 0) == '(' && peek(&r, 1) == '*')
        return -EINVAL;
    n = alternatives(&r);
    if (n == NULL)
        return r.err < 0 ? r.err : -EINVAL;
    if (r.t.at < r.t.s.n) /* a ")" too many */
        return -EINVAL;
    *ret = n;
    return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match.c - compiled rules against one event.
 *
 * Runs in core for every event; the event's texts are an attacker's.  Nothing
 * is allocated, no locale is asked (letters fold in ASCII only), and the time
 * is bounded by the size of the event times that of the rule.
 */
#include <stdio.h>

#include "detect/rule.h"

struct seen { /* an event as an array of its fields */
    const struct hb_event *e;
    const struct hb_event_field *field[HB_F_COUNT];
};

static bool eval(const struct hb_compiled *r, const struct hb_match_node *n,
                 const struct seen *s);
static bool block_holds(const struct hb_match_block *b, const struct seen *s);
static bool test_holds(const struct hb_match_test *t, const struct seen *s);
static bool get_text(const struct seen *s, unsigned field, char buf[24],
                     struct hb_slice *ret, int64_t *ret_number);
static bool value_holds(const struct hb_match_value *v, struct hb_slice text,
                        int64_t number, bool cased);
static bool same(const char *pattern, const char *text, size_t n, bool cased);
static char fold(char c, bool cased);
static void expand(const char *template, const struct seen *s,
                   char key[HB_FINDING_KEY]);

int hb_rules_match(const struct hb_rules *r, const struct hb_event *e,
                   hb_rule_hit *hit, void *arg)
{
    struct seen s = {.e = e};
    int hits = 0;

    for (const struct hb_event_field *f = e->first; f != NULL; f = f->next)
        s.field[f->field] = f;
    for (size_t i = 0; i < r->n; i++) {
        const struct hb_compiled *c = r->rule[i];
        char key[HB_FINDING_KEY];
        int got;

        if (c->class_uid != (int64_t)e->class_uid ||
            (c->service != NULL &&
             (e->source == NULL || !hb_streq(c->service, e->source))) ||
            !eval(c, c->condition, &s))
            continue;
        expand(c->pub.group, &s, key);
        got = hit(arg, &c->pub, key);
        if (got < 0)
            return got;
        hits++;
    }
    return hits;
}

bool hb_rule_glob(struct hb_slice pattern, struct hb_slice text, bool cased)
{
    size_t p = 0, t = 0, star = SIZE_MAX, back = 0;

    while (t < text.n) {
        char c = p < pattern.n ? pattern.p[p] : '\0';

        if (p < pattern.n && c == '*') {
            star = p++;
            back = t;
            continue;
        }
        if (p < pattern.n && c == '\\' && p + 1 < pattern.n &&
            strchr("*?\\", pattern.p[p + 1]) != NULL)
            c = pattern.p[++p];
        else if (p < pattern.n && c == '?')
            c = fold(text.p[t], cased);
        if (p < pattern.n && c == fold(text.p[t], cased)) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++back;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static bool eval(const struct hb_compiled *r, const struct hb_match_node *n,
                 const struct seen *s)
{
    switch (n->op) {
    case HB_NODE_AND:
        return eval(r, n->a, s) && eval(r, n->b, s);
    case HB_NODE_OR:
        return eval(r, n->a, s) || eval(r, n->b, s);
    case HB_NODE_NOT:
        return !eval(r, n->a, s);
    default:
        for (size_t i = 0; i < r->blocks_n; i++) {
            if ((n->set & 1u << i) == 0)
                continue;
            if (block_holds(&r->blocks[i], s) != n->all)
                return !n->all;
        }
        return n->all;
    }
}

static bool block_holds(const struct hb_match_block *b, const struct seen *s)
{
    for (size_t i = 0; i < b->n; i++) {
        bool all = true;

        for (size_t k = 0; all && k < b->maps[i].n; k++)
            all = test_holds(&b->maps[i].tests[k], s);
        if (all)
            return true;
    }
    return false;
}

static bool test_holds(const struct hb_match_test *t, const struct seen *s)
{
    char buf[24];
    struct hb_slice text = {"", 0};
    int64_t number = INT64_MIN;
    bool there = get_text(s, t->field, buf, &text, &number);

    for (size_t i = 0; i < t->n; i++) {
        const struct hb_match_value *v = &t->values[i];
        bool holds = v->op == HB_OP_EXISTS
                         ? there == (v->number != 0)
                         : there && value_holds(v, text, number, t->cased);

        if (holds != t->all)
            return holds;
    }
    return t->all;
}

/* False where the event does not have the field. */
static bool get_text(const struct seen *s, unsigned field, char buf[24],
                     struct hb_slice *ret, int64_t *ret_number)
{
    const struct hb_event_field *f = NULL;

    if (field == HB_RF_ACTIVITY)
        *ret_number = s->e->activity;
    else if (field == HB_RF_SEVERITY)
        *ret_number = s->e->severity;
    else if (field == HB_RF_SOURCE) {
        *ret = hb_slice_z(s->e->source != NULL ? s->e->source : "");
        return true;
    } else {
        f = s->field[field];
        if (f == NULL)
            return false;
        if (hb_field_type(f->field) == HB_FT_STR ||
            hb_field_type(f->field) == HB_FT_JSON) {
            *ret = f->str;
            return true;
        }
        *ret_number = f->integer;
    }
    (void)snprintf(buf, 24, "%lld", (long long)*ret_number);
    *ret = hb_slice_z(buf);
    return true;
}

static bool value_holds(const struct hb_match_value *v, struct hb_slice text,
                        int64_t number, bool cased)
{
    size_t n = v->text.n;

    switch (v->op) {
    case HB_OP_EQUAL:
        return text.n == n && same(v->text.p, text.p, n, cased);
    case HB_OP_STARTS:
        return text.n >= n && same(v->text.p, text.p, n, cased);
    case HB_OP_ENDS:
        return text.n >= n && same(v->text.p, text.p + text.n - n, n, cased);
    case HB_OP_CONTAINS:
        for (size_t i = 0; i + n <= text.n; i++) {
            if (same(v->text.p, text.p + i, n, cased))
                return true;
        }
        return false;
    case HB_OP_GLOB:
        return hb_rule_glob(v->text, text, cased);
    /* A text is no number and never smaller or greater. */
    case HB_OP_LT:
        return number != INT64_MIN && number < v->number;
    case HB_OP_LTE:
        return number != INT64_MIN && number <= v->number;
    case HB_OP_GT:
        return number != INT64_MIN && number > v->number;
    case HB_OP_GTE:
        return number != INT64_MIN && number >= v->number;
    default:
        return false;
    }
}

/* PATTERN is folded already. */
static bool same(const char *pattern, const char *text, size_t n, bool cased)
{
    for (size_t i = 0; i < n; i++) {
        if (pattern[i] != fold(text[i], cased))
            return false;
    }
    return true;
}

static char fold(char c, bool cased)
{
    return !cased && c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* Puts fields in; what cannot stand in one line of a log becomes "_", and
 * what is too long is cut: the key groups, it does not identify. */
static void expand(const char *template, const struct seen *s,
                   char key[HB_FINDING_KEY])
{
    size_t n = 0;

    for (const char *p = template; *p != '\0' && n < HB_FINDING_KEY - 1; p++) {
        struct hb_slice text = {p, 1};
        char buf[24];
        int64_t number;

        if (*p == '%') {
            const char *end = strchr(p + 1, '%');
            unsigned f = hb_rule_field(hb_slice(p + 1, (size_t)(end - p) - 1));

            p = end;
            if (!get_text(s, f, buf, &text, &number))
                text = HB_SLICE("-");
        }
        for (size_t i = 0; i < text.n && n < HB_FINDING_KEY - 1; i++) {
            unsigned char c = (unsigned char)text.p[i];

            key[n++] = c < 0x21 || c == 0x7f ? '_' : (char)c;
        }
    }
    /* Cut: a character that may be half goes as a whole. */
    if (n == HB_FINDING_KEY - 1) {
        while (n > 0 && ((unsigned char)key[n - 1] & 0xc0) == 0x80)
            n--;
        if (n > 0 && ((unsigned char)key[n - 1] & 0x80) != 0)
            n--;
    }
    key[n] = '\0';
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cond.c - parser, type check and evaluation of step conditions.
 *
 * Runs wherever a case book is loaded (core, the CLI).  The text comes from
 * the case book or from an imported CACAO file, that is: from outside, so the
 * parser is bounded in length and depth, and fuzzed.  A tree that was made is
 * always well typed; only the present values can still disagree, and then the
 * answer is an error and never a guess.
 */
#include <strings.h>

#include "base/i18n.h"
#include "base/num.h"
#include "casebook/cond.h"

#define MAX_NODES 512u
#define MAX_IN    64u

enum op {
    OP_AND,
    OP_OR,
    OP_NOT,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_TRUE /* a boolean variable alone */
};

struct operand {
    const struct hb_variable *var; /* NULL: the literal */
    struct hb_value value;
};

struct hb_cond {
    enum op op;
    const struct hb_cond *a, *b; /* AND, OR, NOT */
    struct operand left;
    const struct operand *right; /* one, or the values of IN */
    size_t right_n;
};

enum tok { T_END, T_WORD, T_VAR, T_STR, T_INT, T_OPEN, T_CLOSE, T_COMMA, T_OP };

struct parser {
    struct hb_arena *a;
    const char *text;
    size_t at, n;
    const struct hb_variables *vars;
    struct hb_err *err;
    enum tok tok;
    size_t tok_at;
    struct hb_slice word; /* of T_WORD, T_VAR, T_OP */
    struct hb_value value;
    unsigned depth, nodes;
};

static int lex(struct parser *p);
static int lex_string(struct parser *p);
static int lex_number(struct parser *p);
static bool keyword(const struct parser *p, const char *word);
static int fail(const struct parser *p, const char *what);
static struct hb_cond *node(struct parser *p, enum op op);
static int parse_or(struct parser *p, const struct hb_cond **ret);
static int parse_and(struct parser *p, const struct hb_cond **ret);
static int parse_not(struct parser *p, const struct hb_cond **ret);
static int parse_test(struct parser *p, const struct hb_cond **ret);
static int parse_in(struct parser *p, struct hb_cond *c);
static int parse_operand(struct parser *p, struct operand *ret);
static int find_variable(struct parser *p, const struct hb_variable **ret);
static int same_type(struct parser *p, const struct operand *a,
                     const struct operand *b, size_t at);
static int present(const struct operand *o, hb_value_get *get, void *arg,
                   const struct hb_value **ret);
static int eval_test(const struct hb_cond *c, hb_value_get *get, void *arg);
static int compare(const struct hb_value *a, const struct hb_value *b);
static void print_operand(struct hb_buf *b, const struct operand *o);
static void print_cacao(struct hb_buf *b, const struct hb_cond *c, bool neg,
                        bool under_and);
static void print_cacao_test(struct hb_buf *b, const struct hb_cond *c,
                             bool neg);
static void cacao_operand(struct hb_buf *b, const struct operand *o);

static const struct {
    const char *text;
    enum op op;
} ops[] = {
    {"=", OP_EQ},  {"==", OP_EQ}, {"!=", OP_NE}, {"<", OP_LT},
    {"<=", OP_LE}, {">", OP_GT},  {">=", OP_GE},
};

const struct hb_variable *hb_variable_find(const struct hb_variables *vars,
                                           const char *name)
{
    for (size_t i = 0; i < vars->n; i++) {
        if (hb_streq(vars->v[i].name, name))
            return &vars->v[i];
    }
    return NULL;
}

bool hb_variable_name_valid(const char *name)
{
    size_t n = strlen(name);

    if (n < 5 || n > 204 || memcmp(name, "__", 2) != 0 ||
        memcmp(name + n - 2, "__", 2) != 0)
        return false;
    for (size_t i = 2; i < n - 2; i++) {
        char c = name[i];
        bool alpha =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool later = (c >= '0' && c <= '9') || c == '-';

        if (!alpha && !(later && i > 2))
            return false;
    }
    return true;
}

int hb_cond_parse(struct hb_arena *a, const char *text,
                  const struct hb_variables *vars, const struct hb_cond **ret,
                  struct hb_err *err)
{
    struct parser p = {
        .a = a, .text = text, .n = strlen(text), .vars = vars, .err = err};
    const struct hb_cond *c = NULL;
    int r;

    if (p.n > HB_COND_MAX_TEXT)
        return hb_err_set(err, -EFBIG, _("condition is longer than %u bytes"),
                          HB_COND_MAX_TEXT);
    r = lex(&p);
    if (r == 0)
        r = parse_or(&p, &c);
    if (r == 0 && p.tok != T_END)
        r = fail(&p, _("AND, OR or the end is expected here"));
    if (r == 0)
        *ret = c;
    return r;
}

int hb_cond_eval(const struct hb_cond *c, hb_value_get *get, void *arg)
{
    int a, b;

    switch (c->op) {
    case OP_AND:
    case OP_OR:
        /* Both sides, so that a wrong type never hides behind the order. */
        a = hb_cond_eval(c->a, get, arg);
        b = hb_cond_eval(c->b, get, arg);
        if (a < 0 || b < 0)
            return a < 0 ? a : b;
        return c->op == OP_AND ? a && b : a || b;
    case OP_NOT:
        a = hb_cond_eval(c->a, get, arg);
        return a < 0 ? a : !a;
    default:
        return eval_test(c, get, arg);
    }
}

void hb_cond_print(struct hb_buf *b, const struct hb_cond *c)
{
    static const char *const text[] = {
        [OP_EQ] = " = ",  [OP_NE] = " != ", [OP_LT] = " < ",
        [OP_LE] = " <= ", [OP_GT] = " > ",  [OP_GE] = " >= "};

    hb_buf_addc(b, '(');
    switch (c->op) {
    case OP_AND:
    case OP_OR:
        hb_cond_print(b, c->a);
        hb_buf_addz(b, c->op == OP_AND ? " AND " : " OR ");
        hb_cond_print(b, c->b);
        break;
    case OP_NOT:
        hb_buf_addz(b, "NOT ");
        hb_cond_print(b, c->a);
        break;
    case OP_IN:
        print_operand(b, &c->left);
        hb_buf_addz(b, " IN (");
        for (size_t i = 0; i < c->right_n; i++) {
            hb_buf_addz(b, i > 0 ? ", " : "");
            print_operand(b, &c->right[i]);
        }
        hb_buf_addc(b, ')');
        break;
    case OP_TRUE:
        print_operand(b, &c->left);
        break;
    default:
        print_operand(b, &c->left);
        hb_buf_addz(b, text[c->op]);
        print_operand(b, c->right);
        break;
    }
    hb_buf_addc(b, ')');
}

bool hb_cond_uses(const struct hb_cond *c, const struct hb_variable *var)
{
    if (c->op == OP_AND || c->op == OP_OR)
        return hb_cond_uses(c->a, var) || hb_cond_uses(c->b, var);
    if (c->op == OP_NOT)
        return hb_cond_uses(c->a, var);
    for (size_t i = 0; i < c->right_n; i++) {
        if (c->right[i].var == var)
            return true;
    }
    return c->left.var == var;
}

void hb_cond_print_cacao(struct hb_buf *b, const struct hb_cond *c)
{
    print_cacao(b, c, false, false);
}

const char *hb_cond_from_cacao(struct hb_arena *a, const char *text)
{
    size_t n = strlen(text), k = 0;
    char *out = hb_arena_alloc(a, 2 * n + 1);
    bool quoted = false;

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (quoted && text[i] == '\\' && i + 1 < n) {
            i++;
            if (text[i] == '\'')
                out[k++] = '\'';
        } else if (text[i] == '\'') {
            quoted = !quoted;
        } else if (!quoted && i >= 2 &&
                   strncmp(text + i - 2, "__:value", 8) == 0) {
            i += 5;
            continue;
        }
        out[k++] = text[i];
    }
    out[k] = '\0';
    return out;
}

/* ---- words ---- */

static int lex(struct parser *p)
{
    static const char *const marks = "=!<>";
    char c;

    while (p->at < p->n && (p->text[p->at] == ' ' || p->text[p->at] == '\n' ||
                            p->text[p->at] == '\t'))
        p->at++;
    p->tok_at = p->at;
    if (p->at >= p->n) {
        p->tok = T_END;
        return 0;
    }
    c = p->text[p->at];
    if (c == '\'')
        return lex_string(p);
    if ((c >= '0' && c <= '9') || c == '-')
        return lex_number(p);
    p->word.p = p->text + p->at;
    if (c == '(' || c == ')' || c == ',') {
        p->at++;
        p->tok = c == '(' ? T_OPEN : c == ')' ? T_CLOSE : T_COMMA;
    } else if (strchr(marks, c) != NULL) {
        p->at++;
        if (p->at < p->n && p->text[p->at] == '=')
            p->at++;
        p->tok = T_OP;
    } else {
        while (p->at < p->n && strchr(" \t\n()',=!<>", p->text[p->at]) == NULL)
            p->at++;
        p->tok = c == '_' ? T_VAR : T_WORD;
    }
    p->word.n = (size_t)(p->text + p->at - p->word.p);
    return 0;
}

static int lex_string(struct parser *p)
{
    char *s = hb_arena_alloc(p->a, p->n - p->at + 1);
    size_t n = 0;

    if (s == NULL)
        return -ENOMEM;
    for (p->at++; p->at < p->n; p->at++) {
        if (p->text[p->at] == '\'') {
            if (p->at + 1 >= p->n || p->text[p->at + 1] != '\'')
                break;
            p->at++;
        }
        s[n++] = p->text[p->at];
    }
    if (p->at >= p->n)
        return fail(p, _("the closing ' is missing"));
    p->at++;
    s[n] = '\0';
    p->tok = T_STR;
    p->value = (struct hb_value){.type = HB_VAL_STRING, .str = s};
    return 0;
}

static int lex_number(struct parser *p)
{
    size_t from = p->at++;

    while (p->at < p->n && p->text[p->at] >= '0' && p->text[p->at] <= '9')
        p->at++;
    p->tok = T_INT;
    p->value = (struct hb_value){.type = HB_VAL_INTEGER};
    if (hb_parse_i64(hb_slice(p->text + from, p->at - from),
                     &p->value.integer) < 0)
        return fail(p, _("this is no whole number"));
    return 0;
}

static bool keyword(const struct parser *p, const char *word)
{
    return p->tok == T_WORD && p->word.n == strlen(word) &&
           strncasecmp(p->word.p, word, p->word.n) == 0;
}

static int fail(const struct parser *p, const char *what)
{
    return hb_err_set(p->err, -EINVAL, _("condition, letter %zu: %s"),
                      p->tok_at + 1, what);
}

/* ---- grammar ---- */

static struct hb_cond *node(struct parser *p, enum op op)
{
    struct hb_cond *c;

    if (++p->nodes > MAX_NODES)
        return NULL;
    c = HB_NEW(p->a, struct hb_cond);
    if (c != NULL)
        c->op = op;
    return c;
}

static int parse_or(struct parser *p, const struct hb_cond **ret)
{
    const struct hb_cond *left = NULL;
    int r;

    if (++p->depth > HB_COND_MAX_DEPTH)
        return fail(p, _("brackets are nested too deeply"));
    r = parse_and(p, &left);
    while (r == 0 && keyword(p, "OR")) {
        struct hb_cond *c = node(p, OP_OR);

        if (c == NULL)
            return -ENOMEM;
        r = lex(p);
        if (r == 0)
            r = parse_and(p, &c->b);
        c->a = left;
        left = c;
    }
    p->depth--;
    if (r == 0)
        *ret = left;
    return r;
}

static int parse_and(struct parser *p, const struct hb_cond **ret)
{
    const struct hb_cond *left = NULL;
    int r = parse_not(p, &left);

    while (r == 0 && keyword(p, "AND")) {
        struct hb_cond *c = node(p, OP_AND);

        if (c == NULL)
            return -ENOMEM;
        r = lex(p);
        if (r == 0)
            r = parse_not(p, &c->b);
        c->a = left;
        left = c;
    }
    if (r == 0)
        *ret = left;
    return r;
}

static int parse_not(struct parser *p, const struct hb_cond **ret)
{
    int r;

    if (keyword(p, "NOT")) {
        struct hb_cond *c = node(p, OP_NOT);

        if (c == NULL)
            return -ENOMEM;
        if (++p->depth > HB_COND_MAX_DEPTH)
            return fail(p, _("brackets are nested too deeply"));
        r = lex(p);
        if (r == 0)
            r = parse_not(p, &c->a);
        p->depth--;
        if (r == 0)
            *ret = c;
        return r;
    }
    if (p->tok != T_OPEN)
        return parse_test(p, ret);
    r = lex(p);
    if (r == 0)
        r = parse_or(p, ret);
    if (r < 0)
        return r;
    if (p->tok != T_CLOSE)
        return fail(p, _("the closing bracket is missing"));
    return lex(p);
}

static int parse_test(struct parser *p, const struct hb_cond **ret)
{
    struct hb_cond *c = node(p, OP_TRUE), *inv = NULL;
    struct operand *right;
    size_t at = p->tok_at;
    int r;

    if (c == NULL)
        return -ENOMEM;
    if (p->tok != T_VAR)
        return fail(p, _("a variable like __name__ is expected here"));
    r = parse_operand(p, &c->left);
    if (r < 0)
        return r;
    if (keyword(p, "NOT")) {
        inv = node(p, OP_NOT);
        if (inv == NULL)
            return -ENOMEM;
        r = lex(p);
        if (r < 0)
            return r;
        if (!keyword(p, "IN"))
            return fail(p, _("IN is expected here"));
        inv->a = c;
    }
    if (keyword(p, "IN")) {
        *ret = inv != NULL ? inv : c;
        return parse_in(p, c);
    }
    *ret = c;
    if (p->tok != T_OP) {
        if (c->left.value.type != HB_VAL_BOOLEAN) {
            p->tok_at = at;
            return fail(p, _("a variable that stands alone must be a boolean"));
        }
        return 0;
    }
    for (size_t i = 0; i < HB_ARRAY_LEN(ops); i++) {
        if (hb_slice_eq(p->word, hb_slice_z(ops[i].text)))
            c->op = ops[i].op;
    }
    if (c->op == OP_TRUE)
        return fail(p, _("this is no comparison"));
    right = HB_NEW(p->a, struct operand);
    if (right == NULL)
        return -ENOMEM;
    r = lex(p);
    at = p->tok_at;
    if (r == 0)
        r = parse_operand(p, right);
    if (r == 0)
        r = same_type(p, &c->left, right, at);
    if (r == 0 && c->op >= OP_LT && c->left.value.type != HB_VAL_INTEGER)
        r = fail(p, _("only numbers can be smaller or greater"));
    c->right = right;
    c->right_n = 1;
    return r;
}

static int parse_in(struct parser *p, struct hb_cond *c)
{
    struct operand list[MAX_IN], *copy;
    size_t n = 0;
    int r = lex(p);

    c->op = OP_IN;
    if (r == 0 && p->tok != T_OPEN)
        return fail(p, _("the opening bracket is missing"));
    do {
        size_t at;

        if (n == MAX_IN)
            return fail(p, _("the list is too long"));
        if (r == 0)
            r = lex(p);
        at = p->tok_at;
        if (r == 0)
            r = parse_operand(p, &list[n]);
        if (r == 0)
            r = same_type(p, &c->left, &list[n], at);
        if (r < 0)
            return r;
        n++;
    } while (p->tok == T_COMMA);
    if (p->tok != T_CLOSE)
        return fail(p, _("the closing bracket is missing"));
    copy = HB_NEW_N(p->a, struct operand, n);
    if (copy == NULL)
        return -ENOMEM;
    memcpy(copy, list, n * sizeof(*copy));
    c->right = copy;
    c->right_n = n;
    return lex(p);
}

static int parse_operand(struct parser *p, struct operand *ret)
{
    int r;

    *ret = (struct operand){0};
    if (p->tok == T_VAR) {
        r = find_variable(p, &ret->var);
        if (r < 0)
            return r;
        ret->value = ret->var->value;
    } else if (p->tok == T_STR || p->tok == T_INT) {
        ret->value = p->value;
    } else if (keyword(p, "true") || keyword(p, "false")) {
        ret->value.type = HB_VAL_BOOLEAN;
        ret->value.integer = keyword(p, "true");
    } else {
        return fail(p, _("a value is expected here: 'text', a number, true, "
                         "false or a variable"));
    }
    return lex(p);
}

static int find_variable(struct parser *p, const struct hb_variable **ret)
{
    const char *names[HB_COND_MAX_DEPTH * 4];
    struct hb_slice w = p->word;
    const char *name, *near;
    size_t n = 0;

    if (w.n > 6 && memcmp(w.p + w.n - 6, ":value", 6) == 0)
        w.n -= 6;
    name = hb_arena_dup(p->a, w.p, w.n);
    if (name == NULL)
        return -ENOMEM;
    *ret = hb_variable_find(p->vars, name);
    if (*ret != NULL)
        return 0;
    for (; n < p->vars->n && n < HB_ARRAY_LEN(names); n++)
        names[n] = p->vars->v[n].name;
    near = hb_nearest(name, names, n);
    if (near != NULL)
        return hb_err_set(p->err, -EINVAL,
                          _("variable %s is not declared; did you mean %s?"),
                          name, near);
    return hb_err_set(p->err, -EINVAL, _("variable %s is not declared"), name);
}

static int same_type(struct parser *p, const struct operand *a,
                     const struct operand *b, size_t at)
{
    if (a->value.type == b->value.type)
        return 0;
    p->tok_at = at;
    return fail(p, _("this value is of another type than the variable"));
}

/* ---- evaluation ---- */

static int present(const struct operand *o, hb_value_get *get, void *arg,
                   const struct hb_value **ret)
{
    const struct hb_value *v = NULL;

    if (o->var != NULL && !o->var->constant && get != NULL)
        v = get(arg, o->var->name);
    *ret = v != NULL ? v : &o->value;
    return (*ret)->type == o->value.type ? 0 : -EINVAL;
}

static int eval_test(const struct hb_cond *c, hb_value_get *get, void *arg)
{
    const struct hb_value *left, *right;
    int found = 0, order = 0, r = present(&c->left, get, arg, &left);

    if (r < 0)
        return r;
    if (c->op == OP_TRUE)
        return left->integer != 0;
    for (size_t i = 0; i < c->right_n; i++) {
        r = present(&c->right[i], get, arg, &right);
        if (r < 0)
            return r;
        order = compare(left, right);
        found |= order == 0;
    }
    switch (c->op) {
    case OP_NE:
        return !found;
    case OP_LT:
        return order < 0;
    case OP_LE:
        return order <= 0;
    case OP_GT:
        return order > 0;
    case OP_GE:
        return order >= 0;
    default: /* OP_EQ, OP_IN */
        return found;
    }
}

static int compare(const struct hb_value *a, const struct hb_value *b)
{
    if (a->type == HB_VAL_STRING)
        return strcmp(a->str, b->str);
    return (a->integer > b->integer) - (a->integer < b->integer);
}

static void print_operand(struct hb_buf *b, const struct operand *o)
{
    if (o->var != NULL) {
        hb_buf_addz(b, o->var->name);
    } else if (o->value.type == HB_VAL_INTEGER) {
        hb_buf_addf(b, "%lld", (long long)o->value.integer);
    } else if (o->value.type == HB_VAL_BOOLEAN) {
        hb_buf_addz(b, o->value.integer ? "true" : "false");
    } else {
        hb_buf_addc(b, '\'');
        for (const char *s = o->value.str; *s != '\0'; s++)
            hb_buf_addz(b, *s == '\'' ? "''" : (char[]){*s, '\0'});
        hb_buf_addc(b, '\'');
    }
}

/* ---- as CACAO writes it ---- */

/* NEG: the whole is turned into its opposite.  UNDER_AND: it stands beside
 * another one of AND, which binds tighter than OR. */
static void print_cacao(struct hb_buf *b, const struct hb_cond *c, bool neg,
                        bool under_and)
{
    bool tight = (c->op == OP_AND) != neg;

    switch (c->op) {
    case OP_AND:
    case OP_OR:
        hb_buf_addz(b, under_and && !tight ? "(" : "");
        print_cacao(b, c->a, neg, tight);
        hb_buf_addz(b, tight ? " AND " : " OR ");
        print_cacao(b, c->b, neg, tight);
        hb_buf_addz(b, under_and && !tight ? ")" : "");
        break;
    case OP_NOT:
        print_cacao(b, c->a, !neg, under_and);
        break;
    default:
        print_cacao_test(b, c, neg);
        break;
    }
}

static void print_cacao_test(struct hb_buf *b, const struct hb_cond *c,
                             bool neg)
{
    static const char *const text[][2] = {
        [OP_EQ] = {" = ", " != "}, [OP_NE] = {" != ", " = "},
        [OP_LT] = {" < ", " >= "}, [OP_LE] = {" <= ", " > "},
        [OP_GT] = {" > ", " <= "}, [OP_GE] = {" >= ", " < "}};

    cacao_operand(b, &c->left);
    if (c->op == OP_TRUE) {
        hb_buf_addz(b, neg ? " = false" : " = true");
    } else if (c->op == OP_IN) {
        hb_buf_addz(b, neg ? " NOT IN (" : " IN (");
        for (size_t i = 0; i < c->right_n; i++) {
            hb_buf_addz(b, i > 0 ? ", " : "");
            cacao_operand(b, &c->right[i]);
        }
        hb_buf_addc(b, ')');
    } else {
        hb_buf_addz(b, text[c->op][neg]);
        cacao_operand(b, c->right);
    }
}

static void cacao_operand(struct hb_buf *b, const struct operand *o)
{
    if (o->var == NULL && o->value.type == HB_VAL_STRING) {
        hb_buf_addc(b, '\'');
        for (const char *s = o->value.str; *s != '\0'; s++) {
            if (*s == '\'' || *s == '\\')
                hb_buf_addc(b, '\\');
            hb_buf_addc(b, *s);
        }
        hb_buf_addc(b, '\'');
        return;
    }
    print_operand(b, o);
    if (o->var != NULL)
        hb_buf_addz(b, ":value");
}

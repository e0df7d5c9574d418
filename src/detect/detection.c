/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detection.c - compiles the detection part of a rule: named selections into
 * tests, the condition into a tree.
 *
 * What Sigma knows and we do not (regular expressions, cidr, base64, keyword
 * lists, aggregation after "|", time frames) is refused by name.  A selection
 * that no condition uses is a typing mistake and refused too.
 */
#include "base/num.h"
#include "detect/rule.h"

struct parser {
    struct hb_arena *a;
    const struct hb_yaml *node;
    struct hb_err *err;
    struct hb_compiled *rule;
    const char *at;       /* next word */
    struct hb_slice word; /* {.n = 0}: the end */
    unsigned depth, nodes;
    uint32_t used;
};

static int read_block(struct hb_arena *a, const struct hb_yaml *n,
                      struct hb_match_block *b, struct hb_err *err);
static int read_map(struct hb_arena *a, const struct hb_yaml *map,
                    struct hb_match_map *ret, struct hb_err *err);
static int read_test(struct hb_arena *a, const struct hb_yaml *n,
                     struct hb_match_test *t, struct hb_err *err);
static int read_modifiers(const struct hb_yaml *n, const char *p,
                          struct hb_match_test *t, enum hb_match_op *op,
                          struct hb_err *err);
static int read_value(struct hb_arena *a, const struct hb_yaml *n,
                      enum hb_match_op op, bool cased,
                      struct hb_match_value *ret, struct hb_err *err);
static int compile_text(struct hb_arena *a, const char *z, bool cased,
                        struct hb_match_value *ret);
static void next_word(struct parser *p);
static bool is(const struct parser *p, const char *word);
static int bad(struct parser *p, const char *what);
static struct hb_match_node *new_node(struct parser *p, enum hb_node_op op);
static int parse_or(struct parser *p, const struct hb_match_node **ret);
static int parse_and(struct parser *p, const struct hb_match_node **ret);
static int parse_unary(struct parser *p, const struct hb_match_node **ret);
static int parse_set(struct parser *p, const struct hb_match_node **ret);
static uint32_t blocks_like(const struct parser *p);

int hb_rule_detection(struct hb_arena *a, const struct hb_yaml *map,
                      struct hb_compiled *ret, struct hb_err *err)
{
    const struct hb_yaml *condition;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, err, -EINVAL, _("\"%s\" must be a mapping"),
                           "detection");
    condition = hb_yaml_get(map, "condition");
    if (condition == NULL || condition->type != HB_YAML_SCALAR)
        return hb_yaml_err(map, err, -EINVAL, _("\"%s\" is missing here"),
                           "condition");
    HB_YAML_EACH (n, map) {
        int r;

        if (n == condition)
            continue;
        if (hb_streq(n->key, "timeframe"))
            return hb_yaml_err(n, err, -ENOTSUP,
                               _("Sigma's \"%s\" is not supported"),
                               "timeframe");
        if (ret->blocks_n == HB_RULE_BLOCKS)
            return hb_yaml_err(n, err, -E2BIG,
                               _("more than %u selections in one rule"),
                               HB_RULE_BLOCKS);
        r = read_block(a, n, &ret->blocks[ret->blocks_n], err);
        if (r < 0)
            return r;
        ret->blocks_n++;
    }
    return hb_rule_condition(a, condition, ret, err);
}

int hb_rule_condition(struct hb_arena *a, const struct hb_yaml *node,
                      struct hb_compiled *ret, struct hb_err *err)
{
    struct parser p = {
        .a = a, .node = node, .err = err, .rule = ret, .at = node->text};
    int r;

    next_word(&p);
    r = parse_or(&p, &ret->condition);
    if (r == 0 && p.word.n > 0)
        r = bad(&p, _("and, or or the end is expected here"));
    for (size_t i = 0; r == 0 && i < ret->blocks_n; i++) {
        if ((p.used & 1u << i) == 0)
            r = hb_yaml_err(node, err, -EINVAL,
                            _("the condition does not use the selection "
                              "\"%s\""),
                            ret->blocks[i].name);
    }
    return r;
}

/* ---- selections ---- */

static int read_block(struct hb_arena *a, const struct hb_yaml *n,
                      struct hb_match_block *b, struct hb_err *err)
{
    struct hb_match_map *maps;
    size_t count = n->type == HB_YAML_SEQ ? n->count : 1;
    int r = 0;

    if (n->type == HB_YAML_SCALAR || n->count == 0)
        return hb_yaml_err(n, err, -EINVAL,
                           _("a selection is a mapping of fields, or a list "
                             "of such"));
    maps = HB_NEW_N(a, struct hb_match_map, count);
    if (maps == NULL)
        return -ENOMEM;
    b->name = n->key;
    b->maps = maps;
    b->n = count;
    if (n->type == HB_YAML_MAP)
        return read_map(a, n, maps, err);
    HB_YAML_EACH (m, n) {
        if (m->type != HB_YAML_MAP || m->count == 0)
            return hb_yaml_err(m, err, -ENOTSUP,
                               _("Sigma's \"%s\" is not supported"),
                               "keywords");
        r = read_map(a, m, maps++, err);
        if (r < 0)
            return r;
    }
    return r;
}

static int read_map(struct hb_arena *a, const struct hb_yaml *map,
                    struct hb_match_map *ret, struct hb_err *err)
{
    struct hb_match_test *tests = HB_NEW_N(a, struct hb_match_test, map->count);

    if (tests == NULL)
        return -ENOMEM;
    ret->tests = tests;
    HB_YAML_EACH (n, map) {
        int r = read_test(a, n, &tests[ret->n++], err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int read_test(struct hb_arena *a, const struct hb_yaml *n,
                     struct hb_match_test *t, struct hb_err *err)
{
    const char *bar = strchr(n->key, '|');
    size_t len = bar != NULL ? (size_t)(bar - n->key) : strlen(n->key);
    size_t count = n->type == HB_YAML_SEQ ? n->count : 1;
    enum hb_match_op op = HB_OP_EQUAL;
    struct hb_match_value *values;
    int r;

    t->field = hb_rule_field(hb_slice(n->key, len));
    if (t->field == HB_RF_END) {
        const char *name = hb_arena_dup(a, n->key, len);
        const char *near = name != NULL ? hb_rule_field_near(name) : NULL;

        if (near != NULL)
            return hb_yaml_err(n, err, -EINVAL,
                               _("unknown %s \"%s\"; did you mean \"%s\"?"),
                               "field", name, near);
        return hb_yaml_err(n, err, -EINVAL, _("unknown %s \"%s\""), "field",
                           name != NULL ? name : "");
    }
    r = read_modifiers(n, bar, t, &op, err);
    if (r < 0)
        return r;
    if (n->type == HB_YAML_MAP || count == 0 || count > 1000)
        return hb_yaml_err(n, err, -EINVAL,
                           _("a field is compared with a value or a list of "
                             "at most 1000"));
    values = HB_NEW_N(a, struct hb_match_value, count);
    if (values == NULL)
        return -ENOMEM;
    t->values = values;
    if (n->type == HB_YAML_SCALAR) {
        t->n = 1;
        return read_value(a, n, op, t->cased, values, err);
    }
    HB_YAML_EACH (v, n) {
        r = read_value(a, v, op, t->cased, &values[t->n++], err);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_modifiers(const struct hb_yaml *n, const char *p,
                          struct hb_match_test *t, enum hb_match_op *op,
                          struct hb_err *err)
{
    static const struct {
        const char *name;
        enum hb_match_op op;
    } known[] = {
        {"contains", HB_OP_CONTAINS},
        {"startswith", HB_OP_STARTS},
        {"endswith", HB_OP_ENDS},
        {"exists", HB_OP_EXISTS},
        {"lt", HB_OP_LT},
        {"lte", HB_OP_LTE},
        {"gt", HB_OP_GT},
        {"gte", HB_OP_GTE},
    };

    while (p != NULL) {
        size_t len = strcspn(p + 1, "|");
        struct hb_slice word = hb_slice(p + 1, len);
        bool found = false;

        if (hb_slice_eq(word, HB_SLICE("all")))
            found = t->all = true;
        else if (hb_slice_eq(word, HB_SLICE("cased")))
            found = t->cased = true;
        for (size_t i = 0; !found && i < HB_ARRAY_LEN(known); i++) {
            if (!hb_slice_eq(word, hb_slice_z(known[i].name)))
                continue;
            if (*op != HB_OP_EQUAL)
                return hb_yaml_err(n, err, -EINVAL,
                                   _("two comparisons in \"%s\""), n->key);
            *op = known[i].op;
            found = true;
        }
        if (!found)
            return hb_yaml_err(n, err, -ENOTSUP,
                               _("Sigma's modifier in \"%s\" is not "
                                 "supported"),
                               n->key);
        p = p[1 + len] == '|' ? p + 1 + len : NULL;
    }
    return 0;
}

static int read_value(struct hb_arena *a, const struct hb_yaml *n,
                      enum hb_match_op op, bool cased,
                      struct hb_match_value *ret, struct hb_err *err)
{
    int r;

    if (n->type != HB_YAML_SCALAR)
        return hb_yaml_err(n, err, -EINVAL, _("a value is a text or a number"));
    ret->op = op;
    if (op >= HB_OP_LT)
        return hb_parse_i64(hb_slice_z(n->text), &ret->number) < 0
                   ? hb_yaml_err(n, err, -EINVAL, _("this is no whole number"))
                   : 0;
    if (op == HB_OP_EXISTS) {
        if (!hb_streq(n->text, "true") && !hb_streq(n->text, "false"))
            return hb_yaml_err(n, err, -EINVAL,
                               _("\"%s\" must be true or false"), "exists");
        ret->number = n->text[0] == 't';
        return 0;
    }
    if (n->plain && hb_streq(n->text, "null")) {
        ret->op = HB_OP_EXISTS;
        ret->number = 0;
        return 0;
    }
    /* An empty text is in every text: a rule that always matches. */
    if (n->text[0] == '\0' && op != HB_OP_EQUAL)
        return hb_yaml_err(n, err, -EINVAL, _("an empty text is everywhere"));
    r = compile_text(a, n->text, cased, ret);
    return r;
}

/* A value without wildcards is compared as it stands; with some, as a glob. */
static int compile_text(struct hb_arena *a, const char *z, bool cased,
                        struct hb_match_value *ret)
{
    size_t n = strlen(z);
    char *s = hb_arena_alloc(a, n + 3);
    char *text = s != NULL ? s + 1 : NULL;
    bool glob = strpbrk(z, "*?\\") != NULL;

    if (s == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        text[i] =
            !cased && z[i] >= 'A' && z[i] <= 'Z' ? (char)(z[i] + 32) : z[i];
    ret->text = hb_slice(text, n);
    if (!glob)
        return 0;
    if (ret->op == HB_OP_CONTAINS || ret->op == HB_OP_ENDS) {
        s[0] = '*';
        ret->text = hb_slice(s, ret->text.n + 1);
    }
    if (ret->op == HB_OP_CONTAINS || ret->op == HB_OP_STARTS) {
        text[n] = '*';
        ret->text.n++;
    }
    ret->op = HB_OP_GLOB;
    return 0;
}

/* ---- condition ---- */

static void next_word(struct parser *p)
{
    p->at += strspn(p->at, " \t\n");
    p->word.p = p->at;
    p->word.n = *p->at == '(' || *p->at == ')' || *p->at == '|'
                    ? 1
                    : strcspn(p->at, " \t\n()|");
    p->at += p->word.n;
}

static bool is(const struct parser *p, const char *word)
{
    return hb_slice_eq(p->word, hb_slice_z(word));
}

static int bad(struct parser *p, const char *what)
{
    return hb_yaml_err(p->node, p->err, -EINVAL, _("condition, letter %zu: %s"),
                       (size_t)(p->word.p - p->node->text) + 1, what);
}

static struct hb_match_node *new_node(struct parser *p, enum hb_node_op op)
{
    struct hb_match_node *n;

    if (++p->nodes > HB_RULE_NODES)
        return NULL;
    n = HB_NEW(p->a, struct hb_match_node);
    if (n != NULL)
        n->op = op;
    return n;
}

static int parse_or(struct parser *p, const struct hb_match_node **ret)
{
    const struct hb_match_node *left = NULL;
    int r;

    if (++p->depth > HB_RULE_DEPTH)
        return bad(p, _("brackets are nested too deeply"));
    r = parse_and(p, &left);
    while (r == 0 && is(p, "or")) {
        struct hb_match_node *n = new_node(p, HB_NODE_OR);

        if (n == NULL)
            return bad(p, _("the condition is too long"));
        next_word(p);
        r = parse_and(p, &n->b);
        n->a = left;
        left = n;
    }
    p->depth--;
    if (r == 0)
        *ret = left;
    return r;
}

static int parse_and(struct parser *p, const struct hb_match_node **ret)
{
    const struct hb_match_node *left = NULL;
    int r = parse_unary(p, &left);

    while (r == 0 && is(p, "and")) {
        struct hb_match_node *n = new_node(p, HB_NODE_AND);

        if (n == NULL)
            return bad(p, _("the condition is too long"));
        next_word(p);
        r = parse_unary(p, &n->b);
        n->a = left;
        left = n;
    }
    if (r == 0)
        *ret = left;
    return r;
}

static int parse_unary(struct parser *p, const struct hb_match_node **ret)
{
    struct hb_match_node *n;
    int r;

    if (is(p, "not")) {
        n = new_node(p, HB_NODE_NOT);
        if (n == NULL || ++p->depth > HB_RULE_DEPTH)
            return bad(p, _("the condition is too long"));
        next_word(p);
        r = parse_unary(p, &n->a);
        p->depth--;
        *ret = n;
        return r;
    }
    if (!is(p, "("))
        return parse_set(p, ret);
    next_word(p);
    r = parse_or(p, ret);
    if (r == 0 && !is(p, ")"))
        r = bad(p, _("the closing bracket is missing"));
    if (r == 0)
        next_word(p);
    return r;
}

/* NAME, "1 of x*", "all of x*", "1 of them", "all of them". */
static int parse_set(struct parser *p, const struct hb_match_node **ret)
{
    struct hb_match_node *n = new_node(p, HB_NODE_SET);
    bool one = is(p, "1"), all = is(p, "all");

    if (n == NULL)
        return bad(p, _("the condition is too long"));
    if (is(p, "|"))
        return bad(p, _("counting after | is not supported"));
    n->all = all;
    if (one || all) {
        next_word(p);
        if (!is(p, "of"))
            return bad(p, _("of is expected here"));
        next_word(p);
    }
    n->set =
        is(p, "them") && (one || all)
            ? (p->rule->blocks_n == 32 ? ~0u : (1u << p->rule->blocks_n) - 1u)
            : blocks_like(p);
    if (n->set == 0)
        return bad(p, _("there is no such selection"));
    p->used |= n->set;
    next_word(p);
    *ret = n;
    return 0;
}

static uint32_t blocks_like(const struct parser *p)
{
    uint32_t set = 0;

    for (size_t i = 0; p->word.n > 0 && i < p->rule->blocks_n; i++) {
        if (hb_rule_glob(p->word, hb_slice_z(p->rule->blocks[i].name), true))
            set |= 1u << i;
    }
    return set;
}

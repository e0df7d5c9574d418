/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seclang_var.c - variables of SecLang, as targets of a rule and as macros in
 * a text.
 */
#include "guard/waf/seclang.h"

#include "base/i18n.h"

static int item(const struct hb_seclang *s, struct hb_seclang_at at,
                struct hb_slice text, struct hb_waf_var *ret, size_t *ret_n);
static int selector(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_var *ret,
                    size_t *ret_n);
static size_t regex_end(struct hb_slice text);
static int quoted_key(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice text, struct hb_waf_var *ret,
                      size_t *ret_n);
static int key(const struct hb_seclang *s, struct hb_seclang_at at,
               struct hb_slice text, struct hb_waf_var *ret);
static int collection(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice name, enum hb_waf_coll *ret);
static int hang(const struct hb_seclang *s, struct hb_waf_var **list,
                uint32_t *n, const struct hb_waf_var *v);
static size_t name_length(struct hb_slice text);
static bool separator(char c);
static int text_parts(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice text, bool rx, struct hb_waf_text *ret);
static int macro(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice body, struct hb_waf_part *ret);
static int add_part(const struct hb_seclang *s, struct hb_waf_text *t,
                    struct hb_waf_part part);

int hb_seclang_vars(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_rule *rule)
{
    size_t i = 0;

    for (;;) {
        struct hb_waf_var v = {0};
        bool exclude = false;
        size_t n = 0;
        int r;

        while (i < text.n && strchr(" !&\t", text.p[i]) != NULL) {
            exclude = exclude || text.p[i] == '!';
            v.count = v.count || text.p[i] == '&';
            i++;
        }
        at.at += i;
        text = hb_seclang_rest(text, i);
        if (exclude && v.count)
            return hb_seclang_bad(s, at, _("! and & exclude each other"));
        r = item(s, at, text, &v, &n);
        if (r == 0)
            r = exclude ? hang(s, &rule->ex, &rule->n_ex, &v)
                        : hang(s, &rule->var, &rule->n_var, &v);
        if (r < 0)
            return r;
        while (n < text.n && text.p[n] == ' ')
            n++;
        if (n == text.n)
            return 0;
        if (!separator(text.p[n]))
            return hb_seclang_bad(s, hb_seclang_at(at.word, at.at + n),
                                  _("variables are parted by |"));
        i = n + 1;
    }
}

int hb_seclang_var(const struct hb_seclang *s, struct hb_seclang_at at,
                   struct hb_slice text, struct hb_waf_var *ret)
{
    struct hb_waf_var v = {0};
    size_t n = 0;
    int r = item(s, at, text, &v, &n);

    if (r < 0)
        return r;
    if (n < text.n)
        return hb_seclang_bad(s, hb_seclang_at(at.word, at.at + n),
                              _("text behind the variable"));
    *ret = v;
    return 0;
}

int hb_seclang_text(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_text *ret)
{
    return text_parts(s, at, text, false, ret);
}

int hb_seclang_rx_text(const struct hb_seclang *s, struct hb_seclang_at at,
                       struct hb_slice text, struct hb_waf_text *ret)
{
    return text_parts(s, at, text, true, ret);
}

/* NAME[:selector] at the beginning of TEXT; its length in *RET_N. */
static int item(const struct hb_seclang *s, struct hb_seclang_at at,
                struct hb_slice text, struct hb_waf_var *ret, size_t *ret_n)
{
    size_t n = name_length(text), more = 0;
    int r;

    if (n == 0)
        return hb_seclang_bad(s, at, _("a variable is missing"));
    r = collection(s, at, hb_slice(text.p, n), &ret->coll);
    if (r < 0)
        return r;
    if (n == text.n || text.p[n] != ':') {
        if (hb_waf_coll_kind(ret->coll) == HB_WAF_COLL_XPATH)
            return hb_seclang_bad(s, at, _("%s needs a path, such as %s:/*"),
                                  hb_waf_coll_name(ret->coll),
                                  hb_waf_coll_name(ret->coll));
        ret->sel = HB_WAF_SEL_ALL;
        *ret_n = n;
        return 0;
    }
    at.at += n + 1;
    if (hb_waf_coll_kind(ret->coll) == HB_WAF_COLL_ONE)
        return hb_seclang_bad(s, at,
                              _("%s is one value: nothing to select from"),
                              hb_waf_coll_name(ret->coll));
    r = selector(s, at, hb_seclang_rest(text, n + 1), ret, &more);
    if (r == 0)
        *ret_n = n + 1 + more;
    return r;
}

static int selector(const struct hb_seclang *s, struct hb_seclang_at at,
                    struct hb_slice text, struct hb_waf_var *ret, size_t *ret_n)
{
    size_t n = 0;

    if (hb_waf_coll_kind(ret->coll) == HB_WAF_COLL_XPATH) {
        while (n < text.n && text.p[n] != '|')
            n++;
        ret->sel = HB_WAF_SEL_XPATH;
        ret->key = hb_slice(text.p, n);
        *ret_n = n;
        if (n > 0 && text.p[0] == '/')
            return 0;
        return hb_seclang_bad(s, at, _("a path begins with /"));
    }
    if (text.n > 0 && text.p[0] == '\'')
        return quoted_key(s, at, text, ret, ret_n);
    if (text.n > 0 && text.p[0] == '/')
        n = regex_end(text);
    else
        while (n < text.n && !separator(text.p[n]))
            n++;
    *ret_n = n;
    return key(s, at, hb_slice(text.p, n), ret);
}

/* Behind the slash that closes the regex: one that ends the item, as a regex
 * may hold slashes. */
static size_t regex_end(struct hb_slice text)
{
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] == '\\')
            i++;
        else if (text.p[i] == '/' &&
                 (i + 1 == text.n || separator(text.p[i + 1]) ||
                  text.p[i + 1] == ' '))
            return i + 1;
    }
    return text.n;
}

static int quoted_key(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice text, struct hb_waf_var *ret,
                      size_t *ret_n)
{
    size_t i = 1;

    while (i < text.n && text.p[i] != '\'')
        i += text.p[i] == '\\' ? 2 : 1;
    if (i >= text.n)
        return hb_seclang_bad(s, at, _("this quote is not closed"));
    *ret_n = i + 1;
    at.at++;
    return key(s, at, hb_slice(text.p + 1, i - 1), ret);
}

static int key(const struct hb_seclang *s, struct hb_seclang_at at,
               struct hb_slice text, struct hb_waf_var *ret)
{
    if (text.n == 0)
        return hb_seclang_bad(s, at, _("a name is missing behind the colon"));
    if (text.p[0] == '/') {
        if (text.n < 3 || text.p[text.n - 1] != '/')
            return hb_seclang_bad(s, at, _("the regex is not closed with /"));
        ret->sel = HB_WAF_SEL_RX;
        ret->key = hb_slice(text.p + 1, text.n - 2);
        return 0;
    }
    if (memmem(text.p, text.n, "%{", 2) != NULL)
        return hb_seclang_bad(s, at, _("a macro has no meaning here"));
    ret->sel = HB_WAF_SEL_KEY;
    ret->key = text;
    return 0;
}

static int collection(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice name, enum hb_waf_coll *ret)
{
    if (hb_waf_coll_find(name, ret))
        return 0;
    return hb_seclang_unknown(s, at, hb_waf_coll_nearest(name),
                              _("no variable is called \"%.*s\""),
                              HB_SHOW(name));
}

static int hang(const struct hb_seclang *s, struct hb_waf_var **list,
                uint32_t *n, const struct hb_waf_var *v)
{
    struct hb_waf_var *more =
        hb_seclang_grow(s->arena, *list, *n, sizeof(*v), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(s);
    *list = more;
    more[(*n)++] = *v;
    return 0;
}

static size_t name_length(struct hb_slice text)
{
    size_t n = 0;

    while (n < text.n &&
           (text.p[n] == '_' || (text.p[n] >= '0' && text.p[n] <= '9') ||
            ((text.p[n] | 0x20) >= 'a' && (text.p[n] | 0x20) <= 'z')))
        n++;
    return n;
}

static bool separator(char c)
{
    return c == '|' || c == ',';
}

static int text_parts(const struct hb_seclang *s, struct hb_seclang_at at,
                      struct hb_slice text, bool rx, struct hb_waf_text *ret)
{
    struct hb_waf_text t = {.raw = text};
    size_t from = 0, i = 0;
    int r = 0;

    while (i + 1 < text.n && r == 0) {
        struct hb_waf_part part = {.macro = true};
        const char *open = memmem(text.p + i, text.n - i, "%{", 2), *close;
        struct hb_slice body;

        if (open == NULL)
            break;
        i = (size_t)(open - text.p);
        close = memchr(open, '}', text.n - i);
        body = hb_slice(open + 2, close != NULL ? (size_t)(close - open) - 2
                                                : text.n - i - 2);
        /* In a regex %{2,} is a quantifier, and a brace may be open. */
        if (rx && (close == NULL ||
                   (body.n > 0 && body.p[0] >= '0' && body.p[0] <= '9'))) {
            i += 2;
            continue;
        }
        if (close == NULL)
            return hb_seclang_bad(s, hb_seclang_at(at.word, at.at + i),
                                  _("this macro is not closed with }"));
        r = macro(s, hb_seclang_at(at.word, at.at + i + 2), body, &part);
        if (r == 0 && i > from)
            r = add_part(s, &t,
                         (struct hb_waf_part){
                             .text = hb_slice(text.p + from, i - from)});
        if (r == 0)
            r = add_part(s, &t, part);
        from = i = (size_t)(close - text.p) + 1;
    }
    if (r == 0 && t.n > 0 && from < text.n)
        r = add_part(s, &t,
                     (struct hb_waf_part){.text = hb_seclang_rest(text, from)});
    if (r == 0)
        *ret = t;
    return r;
}

/* NAME, NAME.key or NAME:key. */
static int macro(const struct hb_seclang *s, struct hb_seclang_at at,
                 struct hb_slice body, struct hb_waf_part *ret)
{
    size_t n = name_length(body);
    int r = collection(s, at, hb_slice(body.p, n), &ret->coll);

    if (r < 0)
        return r;
    if (n == body.n) {
        ret->sel = HB_WAF_SEL_ALL;
        return 0;
    }
    at.at += n;
    if (body.p[n] != '.' && body.p[n] != ':')
        return hb_seclang_bad(s, at, _("a macro is %%{NAME} or %%{NAME.key}"));
    ret->sel = HB_WAF_SEL_KEY;
    ret->text = hb_seclang_rest(body, n + 1);
    if (ret->text.n == 0)
        return hb_seclang_bad(s, at, _("a macro is %%{NAME} or %%{NAME.key}"));
    if (hb_waf_coll_kind(ret->coll) == HB_WAF_COLL_ONE)
        return hb_seclang_bad(s, at,
                              _("%s is one value: nothing to select from"),
                              hb_waf_coll_name(ret->coll));
    return 0;
}

static int add_part(const struct hb_seclang *s, struct hb_waf_text *t,
                    struct hb_waf_part part)
{
    struct hb_waf_part *more =
        hb_seclang_grow(s->arena, t->part, t->n, sizeof(part), HB_SECLANG_LIST);

    if (more == NULL)
        return hb_seclang_nomem(s);
    t->part = more;
    more[t->n++] = part;
    return 0;
}

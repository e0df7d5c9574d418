/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allow.c - see explain.h: the narrowest exclusion, written as SecLang.
 *
 * Paths and names come from a request that was refused, so from anybody: what
 * is not plain is written as a regular expression of hex bytes, in which
 * nothing can end the quotes, begin a macro or mean more than itself.
 */
#include "guard/waf/explain.h"

#include <time.h>

static bool plain(struct hb_slice s);
static void exact(struct hb_buf *b, struct hb_slice s);
static void condition(struct hb_buf *b, const char *variable,
                      struct hb_slice value);
static void target(struct hb_buf *b, const struct hb_waf_allow_target *t);
static size_t digits(struct hb_slice s, size_t at);
static void comment(struct hb_buf *b, const char *what, struct hb_slice text);
static void day(struct hb_buf *b, int64_t seconds);

void hb_waf_allow_targets(const struct hb_waf_hit *hits,
                          struct hb_waf_allow_target ret[HB_WAF_ALLOW_TARGETS],
                          size_t *ret_n)
{
    size_t n = 0;

    for (const struct hb_waf_hit *h = hits; h != NULL; h = h->next) {
        if (h->coll == HB_WAF_VAR_TX)
            continue;
        for (uint32_t i = 0; i < h->n_var && n < HB_WAF_ALLOW_TARGETS; i++) {
            struct hb_slice var = h->var[i].name;
            size_t k = 0;

            while (k < n && (ret[k].rule != h->rule->id ||
                             !hb_slice_eq(ret[k].var, var)))
                k++;
            if (k == n)
                ret[n++] = (struct hb_waf_allow_target){h->rule->id, var};
        }
    }
    *ret_n = n;
}

int hb_waf_allow_write(struct hb_buf *b, const struct hb_waf_allow *a)
{
    if (a->n == 0 || a->host.n == 0 || a->path.n == 0 || a->method.n == 0 ||
        a->author.n == 0 || a->reason.n == 0 || a->until <= a->from)
        return -EINVAL;
    comment(b, "author: ", a->author);
    comment(b, "reason: ", a->reason);
    hb_buf_addz(b, "# from ");
    day(b, a->from);
    hb_buf_addz(b, " until ");
    day(b, a->until);
    hb_buf_addf(b,
                "\nSecRule TIME_EPOCH \"@lt %lld\" \\\n"
                "    \"id:%u,phase:1,pass,nolog,t:none,chain\"\n",
                (long long)a->until, (unsigned)a->id);
    condition(b, "SERVER_NAME", a->host);
    hb_buf_addz(b, "\"t:none,t:lowercase,chain\"\n");
    condition(b, "REQUEST_METHOD", a->method);
    hb_buf_addz(b, "\"t:none,chain\"\n");
    condition(b, "REQUEST_FILENAME", a->path);
    hb_buf_addz(b, "\\\n    \"t:none");
    for (size_t i = 0; i < a->n; i++)
        target(b, &a->target[i]);
    hb_buf_addz(b, "\"\n");
    return 0;
}

/* What means itself within quotes, in a list of actions and to @streq. */
static bool plain(struct hb_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (uint8_t)s.p[i];
        bool ok = (c >= '0' && c <= '9') || (c | 0x20) - 'a' < 26u ||
                  (i > 0 && (c == '.' || c == '-' || c == '_' || c == '/'));

        /* "@" and "!" at the beginning mean an operator. */
        if (!ok && !(i == 0 && (c == '/' || c == '_')))
            return false;
    }
    return s.n > 0;
}

/* A regular expression that S and nothing else matches. */
static void exact(struct hb_buf *b, struct hb_slice s)
{
    hb_buf_addz(b, "\\A");
    for (size_t i = 0; i < s.n; i++) {
        unsigned c = (uint8_t)s.p[i];

        if ((c >= '0' && c <= '9') || (c | 0x20) - 'a' < 26u || c == '_')
            hb_buf_addc(b, (char)c);
        else
            hb_buf_addf(b, "\\x%02x", c);
    }
    hb_buf_addz(b, "\\z");
}

static void condition(struct hb_buf *b, const char *variable,
                      struct hb_slice value)
{
    hb_buf_addf(b, "    SecRule %s \"", variable);
    if (plain(value)) {
        hb_buf_addz(b, "@streq ");
        hb_buf_add(b, value.p, value.n);
    } else {
        hb_buf_addz(b, "@rx ");
        exact(b, value);
    }
    hb_buf_addz(b, "\" ");
}

/* The place of a value in a list is no part of its name: array_3 of JSON
 * stands for any number. */
static void target(struct hb_buf *b, const struct hb_waf_allow_target *t)
{
    static const char array[] = "array_";
    const char *colon = t->var.n > 0 ? memchr(t->var.p, ':', t->var.n) : NULL;
    size_t coll = colon != NULL ? (size_t)(colon - t->var.p) : t->var.n;
    struct hb_slice key = {"", 0};
    bool list;

    hb_buf_addf(b, ",\\\n    ctl:ruleRemoveTargetById=%u;", (unsigned)t->rule);
    hb_buf_add(b, t->var.p, coll);
    if (colon == NULL)
        return;
    key = hb_slice(colon + 1, t->var.n - coll - 1);
    hb_buf_addc(b, ':');
    list = memmem(key.p, key.n, array, sizeof(array) - 1) != NULL;
    if (hb_slice_eq(hb_slice(t->var.p, coll), HB_SLICE("XML")) ||
        (!list && plain(key) && key.p[0] != '/')) {
        hb_buf_add(b, key.p, key.n);
        return;
    }
    hb_buf_addz(b, "/\\A");
    for (size_t i = 0; i < key.n;) {
        unsigned c = (uint8_t)key.p[i];
        size_t n = digits(key, i);

        if (n > 0) {
            hb_buf_addz(b, "array_[0-9]+");
            i += n;
            continue;
        }
        if ((c >= '0' && c <= '9') || (c | 0x20) - 'a' < 26u || c == '_')
            hb_buf_addc(b, (char)c);
        else
            hb_buf_addf(b, "\\x%02x", c);
        i++;
    }
    hb_buf_addz(b, "\\z/");
}

/* Bytes of "array_" and digits at AT, as a whole step of a name; 0: none. */
static size_t digits(struct hb_slice s, size_t at)
{
    size_t i = at + 6;

    if (s.n < 7 || at > s.n - 7 || memcmp(s.p + at, "array_", 6) != 0 ||
        (at > 0 && s.p[at - 1] != '.'))
        return 0;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i > at + 6 && (i == s.n || s.p[i] == '.') ? i - at : 0;
}

/* One line, whatever the text holds; a backslash at its end would go on. */
static void comment(struct hb_buf *b, const char *what, struct hb_slice text)
{
    hb_buf_addf(b, "# %s", what);
    for (size_t i = 0; i < text.n; i++) {
        unsigned c = (uint8_t)text.p[i];

        hb_buf_addc(b, c < 0x20 || c == 0x7f || c == '\\' ? ' ' : (char)c);
    }
    hb_buf_addc(b, '\n');
}

static void day(struct hb_buf *b, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm = {0};
    char text[16];

    (void)gmtime_r(&t, &tm);
    (void)strftime(text, sizeof(text), "%Y-%m-%d", &tm);
    hb_buf_addz(b, text);
}

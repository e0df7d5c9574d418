/* SPDX-License-Identifier: Apache-2.0 */
/*
 * value.c - typed members out of the strict YAML of the case book, with
 * errors that say where and what to write instead.
 */
#include "base/day.h"
#include "base/num.h"
#include "casebook/load.h"

static int missing(struct hb_load *l, const struct hb_yaml *map,
                   const char *key);
static bool blank(const char *z);
static bool wide(const char *z);
static const char *unfold(struct hb_load *l, const char *z);
static int find_word(struct hb_words words, const char *text);

int hb_load_str(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, const char **ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);

    if (n == NULL)
        return required ? missing(l, map, key) : 0;
    if (n->type != HB_YAML_SCALAR || blank(n->text))
        return hb_yaml_err(n, l->err, -EINVAL, _("\"%s\" must be a text"), key);
    *ret = n->text;
    return 0;
}

int hb_load_id(struct hb_load *l, const struct hb_yaml *map, const char *key,
               const char **ret)
{
    const char *id = NULL;
    int r = hb_load_str(l, map, key, true, &id);

    if (r < 0 || id == NULL)
        return r;
    for (size_t i = 0; id[i] != '\0'; i++) {
        bool first =
            (id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9');

        if (i > 62 || !(first || (i > 0 && strchr("._-", id[i]) != NULL)))
            return hb_yaml_err(hb_yaml_get(map, key), l->err, -EINVAL,
                               _("\"%s\" must be of small letters, digits, "
                                 "dots and dashes (at most 63)"),
                               key);
    }
    *ret = id;
    return 0;
}

int hb_load_text(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool required, struct hb_text *ret)
{
    static const char *const keys[] = {"en", "ja", NULL};
    const struct hb_yaml *n = hb_yaml_get(map, key);
    struct hb_text t = {{NULL, NULL}};
    int r;

    if (n == NULL)
        return required ? missing(l, map, key) : 0;
    if (n->type != HB_YAML_MAP)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be {en: ..., ja: ...}"), key);
    r = hb_yaml_keys(n, keys, l->err);
    for (size_t i = 0; r == 0 && i < HB_LANG_COUNT; i++)
        r = hb_load_str(l, n, keys[i], true, &t.in[i]);
    if (r < 0 || t.in[HB_LANG_EN] == NULL || t.in[HB_LANG_JA] == NULL)
        return r;
    if (!hb_load_japanese(t.in[HB_LANG_JA]))
        r = hb_yaml_err(hb_yaml_get(n, "ja"), l->err, -EINVAL,
                        _("\"ja\" is not written in Japanese"));
    if (r == 0 && hb_streq(t.in[HB_LANG_EN], t.in[HB_LANG_JA]))
        r = hb_yaml_err(n, l->err, -EINVAL,
                        _("\"en\" and \"ja\" are the same text"));
    if (r == 0)
        t.in[HB_LANG_JA] = unfold(l, t.in[HB_LANG_JA]);
    if (r == 0 && t.in[HB_LANG_JA] == NULL)
        r = -ENOMEM;
    if (r == 0)
        *ret = t;
    return r;
}

int hb_load_bool(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);

    if (n == NULL)
        return 0;
    if (n->type != HB_YAML_SCALAR || !n->plain ||
        (!hb_streq(n->text, "true") && !hb_streq(n->text, "false")))
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be true or false"), key);
    *ret = n->text[0] == 't';
    return 0;
}

int hb_load_num(struct hb_load *l, const struct hb_yaml *map, const char *key,
                uint64_t min, uint64_t max, uint64_t *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);
    uint64_t v = 0;

    if (n == NULL)
        return missing(l, map, key);
    if (n->type != HB_YAML_SCALAR ||
        hb_parse_u64(hb_slice_z(n->text), &v) < 0 || v < min || v > max)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be a number from %llu to %llu"), key,
                           (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

int hb_load_duration(struct hb_load *l, const struct hb_yaml *map,
                     const char *key, uint64_t *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);
    uint64_t v = 0;

    if (n == NULL)
        return 0;
    if (n->type != HB_YAML_SCALAR ||
        hb_parse_duration(hb_slice_z(n->text), &v) < 0 || v == 0)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be a time like 30s, 10m, 24h, 7d"),
                           key);
    *ret = v;
    return 0;
}

int hb_load_day(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, int64_t *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);

    if (n == NULL)
        return required ? missing(l, map, key) : 0;
    if (n->type != HB_YAML_SCALAR || hb_day_parse(hb_slice_z(n->text), ret) < 0)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be a date like 2026-04-01"), key);
    return 0;
}

int hb_load_unknown(struct hb_load *l, const struct hb_yaml *node,
                    const char *what, struct hb_words words)
{
    return hb_load_unknown_word(
        l, node, what, node->type == HB_YAML_SCALAR ? node->text : "", words);
}

int hb_load_unknown_word(struct hb_load *l, const struct hb_yaml *node,
                         const char *what, const char *word,
                         struct hb_words words)
{
    const char *near = hb_nearest(word, words.v, words.n);

    if (near != NULL)
        return hb_yaml_err(node, l->err, -EINVAL,
                           _("unknown %s \"%s\"; did you mean \"%s\"?"), what,
                           word, near);
    return hb_yaml_err(node, l->err, -EINVAL, _("unknown %s \"%s\""), what,
                       word);
}

int hb_load_when(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 const struct hb_cond **ret)
{
    const char *text = NULL;
    struct hb_err err = {0};
    int r = hb_load_str(l, map, key, false, &text);

    if (r < 0 || text == NULL)
        return r;
    r = hb_cond_parse(l->a, text, &l->book->fact_vars, ret, &err);
    if (r < 0)
        return hb_yaml_err(hb_yaml_get(map, key), l->err, r, "%s", err.message);
    return 0;
}

int hb_load_word(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 bool required, struct hb_words words, unsigned *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);
    int i;

    if (n == NULL)
        return required ? missing(l, map, key) : 0;
    i = n->type == HB_YAML_SCALAR ? find_word(words, n->text) : -1;
    if (i < 0)
        return hb_load_unknown(l, n, key, words);
    *ret = (unsigned)i;
    return 0;
}

int hb_load_seq(struct hb_load *l, const struct hb_yaml *map, const char *key,
                bool required, const struct hb_yaml **ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, key);

    *ret = NULL;
    if (n == NULL)
        return required ? missing(l, map, key) : 0;
    if (n->type != HB_YAML_SEQ || n->count == 0)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("\"%s\" must be a list that is not empty"), key);
    *ret = n;
    return 0;
}

int hb_load_bits(struct hb_load *l, const struct hb_yaml *map, const char *key,
                 struct hb_words words, uint32_t *ret)
{
    const struct hb_yaml *seq;
    int r = hb_load_seq(l, map, key, false, &seq);

    if (r < 0 || seq == NULL)
        return r;
    HB_YAML_EACH (n, seq) {
        int i = n->type == HB_YAML_SCALAR ? find_word(words, n->text) : -1;

        if (i < 0)
            return hb_load_unknown(l, n, key, words);
        *ret |= 1u << (unsigned)i;
    }
    return 0;
}

int hb_load_rows(struct hb_load *l, const struct hb_yaml *map,
                 const struct hb_case *c, struct hb_rows *ret)
{
    const struct hb_yaml *seq;
    int r = hb_load_seq(l, map, "rows", false, &seq);

    if (r < 0 || seq == NULL)
        return r;
    ret->v = HB_NEW_N(l->a, const struct hb_row *, seq->count);
    if (ret->v == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, seq) {
        const struct hb_row *row =
            n->type == HB_YAML_SCALAR ? hb_row_find(l->book, c, n->text) : NULL;

        if (row == NULL)
            return hb_yaml_err(n, l->err, -ENOENT,
                               _("no row \"%s\" in this case or in "
                                 "general.yaml"),
                               n->type == HB_YAML_SCALAR ? n->text : "");
        ret->v[ret->n++] = row;
    }
    return 0;
}

static int missing(struct hb_load *l, const struct hb_yaml *map,
                   const char *key)
{
    return hb_yaml_err(map, l->err, -EINVAL, _("\"%s\" is missing here"), key);
}

static bool blank(const char *z)
{
    return z[strspn(z, " \t\n")] == '\0';
}

bool hb_load_japanese(const char *z)
{
    for (const unsigned char *p = (const unsigned char *)z; p[0] != '\0'; p++) {
        unsigned u;

        if ((p[0] & 0xf0) != 0xe0 || p[1] == '\0' || p[2] == '\0')
            continue;
        u = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        if ((u >= 0x3040 && u <= 0x30ff) || (u >= 0x4e00 && u <= 0x9fff))
            return true;
    }
    return false;
}

/* A character of three bytes from U+3000 on: Japanese, and its marks. */
static bool wide(const char *z)
{
    return ((unsigned char)z[0] & 0xf0) == 0xe0 && (unsigned char)z[0] >= 0xe3;
}

/* YAML turns a folded line into a space, which Japanese does not write
 * between its characters. */
static const char *unfold(struct hb_load *l, const char *z)
{
    size_t n = strlen(z), k = 0;
    char *out = hb_arena_alloc(l->a, n + 1);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (z[i] == ' ' && i >= 3 && wide(z + i - 3) && wide(z + i + 1))
            continue;
        out[k++] = z[i];
    }
    out[k] = '\0';
    return out;
}

static int find_word(struct hb_words words, const char *text)
{
    for (size_t i = 0; i < words.n; i++) {
        if (hb_streq(words.v[i], text))
            return (int)i;
    }
    return -1;
}

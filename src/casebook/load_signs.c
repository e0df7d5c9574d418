/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_signs.c - reads words.yaml and the signs.yaml of each case: by which
 * words a report is known, why they count, and examples of such reports.
 *
 * Every word is folded here, once, as the texts will be that it is looked for
 * in.  A group that is named and not there, a word that folds to nothing or
 * stands twice in one list is an error: a sign that never fires would not be
 * missed by anybody.
 */
#include "base/num.h"
#include "casebook/fold.h"
#include "casebook/signs.h"

#define PHRASE_MAX 96u /* bytes of one word of a list */

static struct hb_lexicon *lexicon(struct hb_load *l);
static int load_list(struct hb_load *l, const struct hb_yaml *seq,
                     const char *name, const struct hb_word_list **ret);
static int load_phrase(struct hb_load *l, const struct hb_yaml *n,
                       struct hb_phrase *ret);
static int load_sign_list(struct hb_load *l, const struct hb_yaml *seq,
                          struct hb_signs *s);
static int load_sign(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_sign *ret);
static int load_weight(struct hb_load *l, const struct hb_yaml *map, int *ret);
static int load_needs(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_sign *s);
static int load_group(struct hb_load *l, const struct hb_yaml *seq,
                      struct hb_word_group *ret);
static int find_named(struct hb_load *l, const struct hb_yaml *n,
                      const struct hb_word_list **ret);
static int load_examples(struct hb_load *l, const struct hb_yaml *seq,
                         struct hb_signs *s);
static bool is_name(const struct hb_yaml *n);
static bool same(const struct hb_phrase *a, const struct hb_phrase *b);

int hb_load_words(struct hb_load *l, const struct hb_yaml *top)
{
    static const char *const keys[] = {"words", NULL};
    struct hb_lexicon *x = lexicon(l);
    const struct hb_yaml *map = hb_yaml_get(top, "words");
    int r = x == NULL ? -ENOMEM : hb_yaml_keys(top, keys, l->err);

    if (r == 0 && (map == NULL || map->type != HB_YAML_MAP))
        r = hb_yaml_err(map != NULL ? map : top, l->err, -EINVAL,
                        _("\"words\" must be lists of words, each with a "
                          "name"));
    if (r < 0 || map == NULL)
        return r;
    x->named = HB_NEW_N(l->a, const struct hb_word_list *, map->count + 1);
    if (x->named == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, map) {
        r = load_list(l, n, n->key, &x->named[x->named_n]);
        if (r < 0)
            return r;
        x->named_n++;
    }
    return 0;
}

int hb_load_signs(struct hb_load *l, const struct hb_yaml *top,
                  const struct hb_signs **ret)
{
    static const char *const keys[] = {"ask", "signs", "examples", NULL};
    struct hb_signs *s = HB_NEW(l->a, struct hb_signs);
    const struct hb_yaml *signs = NULL, *examples = NULL;
    int r = s == NULL || lexicon(l) == NULL ? -ENOMEM
                                            : hb_yaml_keys(top, keys, l->err);

    if (r == 0)
        r = hb_load_text(l, top, "ask", true, &s->ask);
    if (r == 0)
        r = hb_load_seq(l, top, "signs", true, &signs);
    if (r == 0)
        r = hb_load_seq(l, top, "examples", true, &examples);
    if (r == 0)
        r = load_sign_list(l, signs, s);
    if (r == 0)
        r = load_examples(l, examples, s);
    if (r == 0)
        *ret = s;
    return r;
}

static struct hb_lexicon *lexicon(struct hb_load *l)
{
    if (l->book->lexicon == NULL)
        l->book->lexicon = HB_NEW(l->a, struct hb_lexicon);
    return l->book->lexicon;
}

/* ---- words ---- */

static int load_list(struct hb_load *l, const struct hb_yaml *seq,
                     const char *name, const struct hb_word_list **ret)
{
    struct hb_word_list *list = HB_NEW(l->a, struct hb_word_list);
    struct hb_phrase *v;

    if (seq->type != HB_YAML_SEQ || seq->count == 0)
        return hb_yaml_err(seq, l->err, -EINVAL,
                           _("\"%s\" must be a list that is not empty"), name);
    v = HB_NEW_N(l->a, struct hb_phrase, seq->count);
    if (list == NULL || v == NULL)
        return -ENOMEM;
    list->name = name;
    list->index = lexicon(l)->lists++;
    list->v = v;
    HB_YAML_EACH (n, seq) {
        int r;

        if (is_name(n))
            continue; /* a group of its own: load_group() */
        r = load_phrase(l, n, &v[list->n]);
        if (r < 0)
            return r;
        for (size_t i = 0; i < list->n; i++) {
            if (same(&v[i], &v[list->n]))
                return hb_yaml_err(n, l->err, -EEXIST,
                                   _("the word \"%s\" stands twice in this "
                                     "list, as \"%s\""),
                                   n->text, v[i].text);
        }
        list->n++;
    }
    *ret = list;
    return 0;
}

static int load_phrase(struct hb_load *l, const struct hb_yaml *n,
                       struct hb_phrase *ret)
{
    uint32_t work[PHRASE_MAX];
    char folded[PHRASE_MAX];
    size_t len = n->type == HB_YAML_SCALAR ? strlen(n->text) : 0;
    bool open = len > 0 && n->text[len - 1] == '*';

    if (len > PHRASE_MAX)
        return hb_yaml_err(n, l->err, -E2BIG,
                           _("a word of a list has at most %u bytes"),
                           PHRASE_MAX);
    len = len > 0 ? hb_fold(hb_slice(n->text, len), work, folded) : 0;
    if (len == 0)
        return hb_yaml_err(n, l->err, -EINVAL,
                           _("this is no word: nothing of it is left to look "
                             "for"));
    ret->text = n->text;
    ret->folded = hb_arena_dup(l->a, folded, len);
    ret->n = len;
    ret->begins = hb_fold_latin(folded[0]);
    ret->ends = !open && hb_fold_latin(folded[len - 1]);
    return ret->folded == NULL ? -ENOMEM : 0;
}

/* ---- signs ---- */

static int load_sign_list(struct hb_load *l, const struct hb_yaml *seq,
                          struct hb_signs *s)
{
    struct hb_sign *v = HB_NEW_N(l->a, struct hb_sign, seq->count);

    if (v == NULL)
        return -ENOMEM;
    s->v = v;
    HB_YAML_EACH (n, seq) {
        int r = load_sign(l, n, &v[s->n++]);

        if (r < 0)
            return r;
    }
    return 0;
}

static int load_sign(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_sign *ret)
{
    static const char *const keys[] = {"why", "weight", "any",
                                       "all", "not",    NULL};
    const struct hb_yaml *none = NULL;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a sign is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_text(l, map, "why", true, &ret->why);
    if (r == 0)
        r = load_weight(l, map, &ret->weight);
    if (r == 0)
        r = load_needs(l, map, ret);
    if (r == 0)
        r = hb_load_seq(l, map, "not", false, &none);
    if (r == 0 && none != NULL)
        r = load_group(l, none, &ret->unless);
    return r;
}

static int load_weight(struct hb_load *l, const struct hb_yaml *map, int *ret)
{
    const struct hb_yaml *n = hb_yaml_get(map, "weight");
    int64_t v = 0;

    if (n == NULL || n->type != HB_YAML_SCALAR ||
        hb_parse_i64(hb_slice_z(n->text), &v) < 0 || v == 0 ||
        v < -HB_SIGN_WEIGHT || v > HB_SIGN_WEIGHT)
        return hb_yaml_err(n != NULL ? n : map, l->err, -EINVAL,
                           _("\"weight\" must be a number from -%d to %d, not "
                             "0"),
                           HB_SIGN_WEIGHT, HB_SIGN_WEIGHT);
    *ret = (int)v;
    return 0;
}

/* `any` is one group, `all` is several: a word of each must be there. */
static int load_needs(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_sign *s)
{
    const struct hb_yaml *any = NULL, *all = NULL;
    int r = hb_load_seq(l, map, "any", false, &any);

    if (r == 0)
        r = hb_load_seq(l, map, "all", false, &all);
    if (r == 0 && any == NULL && all == NULL)
        r = hb_yaml_err(map, l->err, -EINVAL,
                        _("a sign needs words, in \"any\" or \"all\""));
    if (r == 0 && all != NULL && all->count + (any != NULL) > HB_SIGN_GROUPS)
        r = hb_yaml_err(all, l->err, -E2BIG,
                        _("a sign has at most %u groups of words"),
                        HB_SIGN_GROUPS);
    if (r == 0 && any != NULL)
        r = load_group(l, any, &s->need[s->need_n++]);
    for (const struct hb_yaml *n = all != NULL ? all->first : NULL;
         r == 0 && n != NULL; n = n->next)
        r = load_group(l, n, &s->need[s->need_n++]);
    return r;
}

/* The groups that it names, and the words that it has itself. */
static int load_group(struct hb_load *l, const struct hb_yaml *seq,
                      struct hb_word_group *ret)
{
    size_t names = 0;
    int r;

    if (seq->type != HB_YAML_SEQ || seq->count == 0)
        return hb_yaml_err(seq, l->err, -EINVAL,
                           _("a group is a list of words that is not empty"));
    ret->v = HB_NEW_N(l->a, const struct hb_word_list *, seq->count + 1);
    if (ret->v == NULL)
        return -ENOMEM;
    HB_YAML_EACH (n, seq) {
        if (!is_name(n))
            continue;
        r = find_named(l, n, &ret->v[ret->n]);
        if (r < 0)
            return r;
        ret->n++;
        names++;
    }
    if (names == seq->count)
        return 0;
    r = load_list(l, seq, NULL, &ret->v[ret->n]);
    ret->n += r == 0;
    return r;
}

static int find_named(struct hb_load *l, const struct hb_yaml *n,
                      const struct hb_word_list **ret)
{
    const struct hb_lexicon *x = lexicon(l);
    struct hb_slice want = hb_slice(n->text + 1, strlen(n->text) - 2);
    struct hb_words words = {NULL, x->named_n};
    const char **names = HB_NEW_N(l->a, const char *, x->named_n + 1);

    if (names == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < x->named_n; i++) {
        if (hb_slice_eq(hb_slice_z(x->named[i]->name), want)) {
            *ret = x->named[i];
            return 0;
        }
        names[i] = hb_arena_printf(l->a, "<%s>", x->named[i]->name);
        if (names[i] == NULL)
            return -ENOMEM;
    }
    words.v = names;
    return hb_load_unknown(l, n, _("group of words"), words);
}

/* ---- examples ---- */

static int load_examples(struct hb_load *l, const struct hb_yaml *seq,
                         struct hb_signs *s)
{
    struct hb_slice *v = HB_NEW_N(l->a, struct hb_slice, seq->count);

    if (v == NULL)
        return -ENOMEM;
    s->examples = v;
    HB_YAML_EACH (n, seq) {
        uint32_t work[HB_EXAMPLE_TEXT];
        size_t len = n->type == HB_YAML_SCALAR ? strlen(n->text) : 0;
        char *out;

        if (len == 0 || len > HB_EXAMPLE_TEXT)
            return hb_yaml_err(n, l->err, -EINVAL,
                               _("an example is a text of at most %u bytes"),
                               HB_EXAMPLE_TEXT);
        out = hb_arena_alloc(l->a, len);
        if (out == NULL)
            return -ENOMEM;
        v[s->examples_n].n = hb_fold(hb_slice(n->text, len), work, out);
        v[s->examples_n++].p = out;
    }
    return 0;
}

/* ---- small things ---- */

static bool is_name(const struct hb_yaml *n)
{
    return n->type == HB_YAML_SCALAR && n->text[0] == '<' &&
           hb_ends_with(n->text, ">") && n->text[1] != '\0';
}

static bool same(const struct hb_phrase *a, const struct hb_phrase *b)
{
    return a->ends == b->ends &&
           hb_slice_eq(hb_slice(a->folded, a->n), hb_slice(b->folded, b->n));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_document.c - reads the templates of papers (documents/D01.yaml ...) and
 * the cards for staff (common/cards/), which have the same form.
 *
 * A template holds headings, labels, paragraphs and names of facts.  A name
 * that nobody knows, also one in braces within a paragraph, is an error here
 * and never a hole in a paper.
 */
#include <stdio.h>

#include "casebook/load.h"

#define FACTS_MAX 512u

typedef int check_fn(struct hb_load *l, const struct hb_yaml *top,
                     const struct hb_document *d);

static check_fn paper_only, card_only;
static int load_all(struct hb_load *l, const char *path, const char *folder,
                    check_fn *check, const struct hb_document **ret,
                    size_t *ret_n);
static int load_document(struct hb_load *l, const struct hb_yaml *top,
                         const char *name, struct hb_document *d);
static int load_section(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_doc_section *s);
static int load_fields(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_doc_section *s);
static int load_field(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_doc_field *f);
static int load_paras(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_doc_section *s);
static int load_para(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_doc_para *p);
static int check_braces(struct hb_load *l, const struct hb_yaml *n,
                        const char *text);
static const char *fact_name(struct hb_load *l, const char *name, size_t n);
static struct hb_words fact_names(struct hb_load *l, const char **names);

int hb_load_documents(struct hb_load *l, const char *path, struct hb_case *c)
{
    return load_all(l, path, "documents", paper_only, &c->documents,
                    &c->documents_n);
}

int hb_load_cards(struct hb_load *l, const char *path)
{
    return load_all(l, path, "cards", card_only, &l->book->cards,
                    &l->book->cards_n);
}

static int load_all(struct hb_load *l, const char *path, const char *folder,
                    check_fn *check, const struct hb_document **ret,
                    size_t *ret_n)
{
    const char *dir = hb_arena_printf(l->a, "%s/%s", path, folder);
    struct hb_document *list;
    struct hb_load_names names = {0};
    int r = dir == NULL ? -ENOMEM : hb_load_folder(l, dir, &names);

    if (r < 0)
        return r;
    list = HB_NEW_N(l->a, struct hb_document, names.n + 1);
    if (list == NULL)
        return -ENOMEM;
    *ret = list;
    for (size_t i = 0; i < names.n; i++) {
        const char *file = hb_arena_printf(l->a, "%s/%s", dir, names.v[i]);
        struct hb_yaml *top = NULL;

        if (file == NULL)
            return -ENOMEM;
        r = hb_load_yaml(l, file, &top, NULL);
        if (r == 0)
            r = load_document(l, top, names.v[i], &list[i]);
        if (r == 0)
            r = check(l, top, &list[i]);
        if (r < 0)
            return r;
        ++*ret_n;
    }
    return 0;
}

static int paper_only(struct hb_load *l, const struct hb_yaml *top,
                      const struct hb_document *d)
{
    for (size_t i = 0; i < d->sections_n; i++)
        if (d->sections[i].kind == HB_DOC_PEOPLE)
            return hb_yaml_err(top, l->err, -EINVAL,
                               _("only a card (cards/) lists people"));
    return 0;
}

/* A card is printed before anything happened: there is no incident whose
 * facts it could tell. */
static int card_only(struct hb_load *l, const struct hb_yaml *top,
                     const struct hb_document *d)
{
    for (size_t i = 0; i < d->sections_n; i++) {
        const struct hb_doc_section *s = &d->sections[i];
        bool plain = s->when == NULL &&
                     (s->kind == HB_DOC_TEXT || s->kind == HB_DOC_PEOPLE);

        for (size_t k = 0; plain && k < s->paras_n; k++)
            plain = s->paras[k].when == NULL &&
                    strchr(s->paras[k].text.in[HB_LANG_EN], '{') == NULL &&
                    strchr(s->paras[k].text.in[HB_LANG_JA], '{') == NULL;
        if (!plain)
            return hb_yaml_err(top, l->err, -EINVAL,
                               _("a card has sections of kind text or people, "
                                 "without conditions and facts"));
    }
    return 0;
}

static int load_document(struct hb_load *l, const struct hb_yaml *top,
                         const char *name, struct hb_document *d)
{
    static const char *const keys[] = {"id",   "title",    "to",
                                       "note", "sections", NULL};
    struct hb_doc_section *list;
    const struct hb_yaml *seq = NULL;
    int r = hb_yaml_keys(top, keys, l->err);

    if (r == 0)
        r = hb_load_str(l, top, "id", true, &d->id);
    /* One name for the file and the paper, so that nobody looks for it. */
    if (r == 0 && (strncmp(name, d->id, strlen(d->id)) != 0 ||
                   !hb_streq(name + strlen(d->id), ".yaml")))
        r = hb_yaml_err(hb_yaml_get(top, "id"), l->err, -EINVAL,
                        _("document %s must stand in %s.yaml"), d->id, d->id);
    if (r == 0)
        r = hb_load_text(l, top, "title", true, &d->title);
    if (r == 0)
        r = hb_load_text(l, top, "to", true, &d->to);
    if (r == 0)
        r = hb_load_text(l, top, "note", false, &d->note);
    if (r == 0)
        r = hb_load_seq(l, top, "sections", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    list = HB_NEW_N(l->a, struct hb_doc_section, seq->count);
    if (list == NULL)
        return -ENOMEM;
    d->sections = list;
    HB_YAML_EACH (n, seq) {
        r = load_section(l, n, &list[d->sections_n++]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load_section(struct hb_load *l, const struct hb_yaml *map,
                        struct hb_doc_section *s)
{
    static const char *const keys[] = {
        "title", "kind", "fields", "paragraphs", "when", "writer", NULL};
    unsigned kind = HB_DOC_FIELDS;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a section is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_text(l, map, "title", false, &s->title);
    if (r == 0)
        r = hb_load_word(l, map, "kind", false, hb_doc_kinds, &kind);
    s->kind = (enum hb_doc_kind)kind;
    /* Only a letter goes on without a heading. */
    if (r == 0 && s->title.in[HB_LANG_EN] == NULL && kind != HB_DOC_TEXT)
        r = hb_yaml_err(map, l->err, -EINVAL, _("\"%s\" is missing here"),
                        "title");
    if (r == 0)
        r = hb_load_bool(l, map, "writer", &s->writer);
    if (r == 0)
        r = hb_load_when(l, map, "when", &s->when);
    if (r == 0)
        r = load_fields(l, map, s);
    if (r == 0)
        r = load_paras(l, map, s);
    return r;
}

static int load_fields(struct hb_load *l, const struct hb_yaml *map,
                       struct hb_doc_section *s)
{
    struct hb_doc_field *list;
    const struct hb_yaml *seq = NULL;
    int r = hb_load_seq(l, map, "fields", s->kind == HB_DOC_FIELDS, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (s->kind != HB_DOC_FIELDS)
        return hb_yaml_err(seq, l->err, -EINVAL,
                           _("only a section of kind fields has fields"));
    list = HB_NEW_N(l->a, struct hb_doc_field, seq->count);
    if (list == NULL)
        return -ENOMEM;
    s->fields = list;
    HB_YAML_EACH (n, seq) {
        r = load_field(l, n, &list[s->fields_n++]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A fact of the catalogue brings its own label. */
static int load_field(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_doc_field *f)
{
    static const char *const keys[] = {"label", "fact", NULL};
    const char *name = "", *names[FACTS_MAX];
    const struct hb_fact *fact;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a field is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_str(l, map, "fact", true, &name);
    if (r < 0)
        return r;
    f->fact = fact_name(l, name, strlen(name));
    if (f->fact == NULL)
        return hb_load_unknown(l, hb_yaml_get(map, "fact"), "fact",
                               fact_names(l, names));
    fact = hb_fact_find(l->book, name);
    if (fact != NULL)
        f->label = fact->label;
    return hb_load_text(l, map, "label", fact == NULL, &f->label);
}

static int load_paras(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_doc_section *s)
{
    struct hb_doc_para *list;
    const struct hb_yaml *seq = NULL;
    int r = hb_load_seq(l, map, "paragraphs", s->kind == HB_DOC_TEXT, &seq);

    if (r < 0 || seq == NULL)
        return r;
    if (s->kind != HB_DOC_TEXT)
        return hb_yaml_err(seq, l->err, -EINVAL,
                           _("only a section of kind text has paragraphs"));
    list = HB_NEW_N(l->a, struct hb_doc_para, seq->count);
    if (list == NULL)
        return -ENOMEM;
    s->paras = list;
    HB_YAML_EACH (n, seq) {
        r = load_para(l, n, &list[s->paras_n++]);
        if (r < 0)
            return r;
    }
    return 0;
}

static int load_para(struct hb_load *l, const struct hb_yaml *map,
                     struct hb_doc_para *p)
{
    static const char *const keys[] = {"text", "item", "when", NULL};
    const char *key = "text";
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a paragraph is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    p->item = hb_yaml_get(map, "item") != NULL;
    if (p->item)
        key = "item";
    if (r == 0 && p->item && hb_yaml_get(map, "text") != NULL)
        r = hb_yaml_err(map, l->err, -EINVAL,
                        _("a paragraph is a text or an item, not both"));
    if (r == 0)
        r = hb_load_text(l, map, key, true, &p->text);
    for (int i = 0; r == 0 && i < HB_LANG_COUNT; i++)
        r = check_braces(l, hb_yaml_get(map, key), p->text.in[i]);
    if (r == 0)
        r = hb_load_when(l, map, "when", &p->when);
    return r;
}

static int check_braces(struct hb_load *l, const struct hb_yaml *n,
                        const char *text)
{
    for (const char *z = text; (z = strchr(z, '{')) != NULL;) {
        size_t len = strcspn(++z, "}");
        const char *names[FACTS_MAX], *name;

        if (z[len] == '\0')
            return hb_yaml_err(n, l->err, -EINVAL,
                               _("a brace is not closed in \"%s\""), text);
        if (fact_name(l, z, len) != NULL)
            continue;
        name = hb_arena_dup(l->a, z, len);
        if (name == NULL)
            return -ENOMEM;
        return hb_load_unknown_word(l, n, "fact", name, fact_names(l, names));
    }
    return 0;
}

/* A fact that the program works out, or one of the catalogue. */
static const char *fact_name(struct hb_load *l, const char *name, size_t n)
{
    for (size_t i = 0; hb_facts[i] != NULL; i++)
        if (strlen(hb_facts[i]) == n && memcmp(hb_facts[i], name, n) == 0)
            return hb_facts[i];
    for (size_t i = 0; i < l->book->facts_n; i++) {
        const char *z = l->book->facts[i].name;

        if (strlen(z) == n && memcmp(z, name, n) == 0)
            return z;
    }
    return NULL;
}

static struct hb_words fact_names(struct hb_load *l, const char **names)
{
    struct hb_words w = {names, 0};

    for (; hb_facts[w.n] != NULL; w.n++)
        names[w.n] = hb_facts[w.n];
    for (size_t i = 0; i < l->book->facts_n && w.n < FACTS_MAX; i++)
        names[w.n++] = l->book->facts[i].name;
    return w;
}

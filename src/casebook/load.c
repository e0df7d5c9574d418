/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.c - reads the case book's folder: general.yaml, facts.yaml, what is
 * common to cases, then one folder a case, and checks it whole.
 *
 * Runs in core, the CLI and tests.  The folder belongs to root and comes with
 * the package; still nothing in it is believed before it was checked, because
 * a case that is half understood would look as if it protected somebody.
 * Files are read once into the arena; the book's hash covers the bytes that
 * were parsed, in a fixed order, so that proofs can be bound to it.
 */
#include <dirent.h>
#include <stdio.h>

#include "base/file.h"
#include "base/num.h"
#include "casebook/load.h"
#include "casebook/signs.h"

static int load_general(struct hb_load *l);
static int load_common(struct hb_load *l, const struct hb_load_names *all);
static int load_shared(struct hb_load *l, const char *path);
static int load_cases(struct hb_load *l, const struct hb_load_names *folders);
static int link_playbooks(struct hb_load *l);
static int check_calls(struct hb_load *l, const struct hb_playbook *p,
                       unsigned depth);
static int load_shared_words(struct hb_load *l);
static int load_row_list(struct hb_load *l, const struct hb_yaml *seq,
                         const struct hb_case *c, const struct hb_row **ret,
                         size_t *ret_n);
static int load_row(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_row *ret);
static int load_case(struct hb_load *l, const char *folder, struct hb_case *c);
static int check_names(struct hb_load *l, const char *path,
                       const struct hb_load_names *names, bool common);
static int load_signs(struct hb_load *l, const char *dir, const char *name,
                      const struct hb_signs **ret);
static int load_case_file(struct hb_load *l, const char *path,
                          struct hb_case *c);
static int load_drill(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_drill *d);
static int unique_cases(struct hb_load *l, const struct hb_load_names *folders);
static int by_name(const void *a, const void *b);
static int by_number(const void *a, const void *b);

int hb_casebook_load(const char *dir, struct hb_casebook **ret,
                     struct hb_err *err)
{
    struct hb_arena *a = hb_arena_new(0);
    struct hb_load l = {.a = a, .err = err, .dir = dir};
    struct hb_load_names all = {0}, folders = {0};
    int r = -ENOMEM;

    if (a == NULL)
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    l.book = HB_NEW(a, struct hb_casebook);
    l.hash = hb_sha256_new();
    if (l.book == NULL || l.hash == NULL)
        goto out;
    l.book->arena = a;
    r = hb_load_folder(&l, dir, &all);
    if (r < 0)
        goto out;
    folders.v = HB_NEW_N(a, char *, all.n + 1);
    l.cases = HB_NEW_N(a, struct hb_case, all.n + 1);
    r = folders.v == NULL || l.cases == NULL ? -ENOMEM : load_general(&l);
    if (r == 0)
        r = load_common(&l, &all);
    if (r == 0 && hb_load_named(&all, "words.yaml"))
        r = load_shared_words(&l);
    if (r == 0 && hb_load_named(&all, "ordinary.yaml"))
        r = load_signs(&l, dir, "ordinary.yaml", &l.book->ordinary);
    for (size_t i = 0; r == 0 && i < all.n; i++) {
        if (all.v[i][0] >= '0' && all.v[i][0] <= '9')
            folders.v[folders.n++] = all.v[i];
    }
    if (r == 0 && (folders.n == 0 || folders.n > HB_CASE_MAX))
        r = hb_err_at(err, -EINVAL, dir, 0, 0,
                      _("between 1 and %u folders of cases are expected, "
                        "%zu are here"),
                      HB_CASE_MAX, folders.n);
    if (r == 0)
        r = load_cases(&l, &folders);
    if (r == 0)
        r = unique_cases(&l, &folders);
    if (r == 0)
        r = link_playbooks(&l);
    if (r == 0)
        r = hb_learn(&l);
    if (r == 0)
        hb_sha256_end(l.hash, l.book->hash);
out:
    hb_sha256_free(l.hash);
    if (r < 0) {
        if (err != NULL && err->code == 0)
            hb_err_at(err, r, dir, 0, 0, _("the case book cannot be read"));
        hb_arena_free(a);
        return r;
    }
    *ret = l.book;
    return 0;
}

void hb_casebook_free(struct hb_casebook *b)
{
    if (b != NULL)
        hb_arena_free(b->arena);
}

void hb_casebook_freep(struct hb_casebook **b)
{
    hb_casebook_free(*b);
    *b = NULL;
}

/* ---- files ---- */

/* Names without those that begin with a dot, sorted by bytes. */
int hb_load_folder(struct hb_load *l, const char *path,
                   struct hb_load_names *ret)
{
    DIR *d = opendir(path);
    struct dirent *e;
    size_t cap = 0;
    int r = 0;

    *ret = (struct hb_load_names){0};
    if (d == NULL) {
        char text[128];
        int code = -errno;

        return hb_err_at(l->err, code, path, 0, 0, "%s",
                         hb_errno_text(code, text, sizeof(text)));
    }
    while (r == 0 && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        if (ret->n == cap) {
            char **more;

            cap = cap == 0 ? 32 : cap * 2;
            more = cap > 4096 ? NULL : HB_NEW_N(l->a, char *, cap);
            if (more == NULL) {
                r = -E2BIG;
                break;
            }
            if (ret->n > 0)
                memcpy(more, ret->v, ret->n * sizeof(*more));
            ret->v = more;
        }
        ret->v[ret->n] = hb_arena_strdup(l->a, e->d_name);
        r = ret->v[ret->n++] == NULL ? -ENOMEM : 0;
    }
    (void)closedir(d);
    if (r == 0 && ret->n > 0)
        qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
    return r;
}

int hb_load_yaml(struct hb_load *l, const char *path, struct hb_yaml **ret,
                 struct hb_slice *ret_text)
{
    const char *rel = path + strlen(l->dir);
    uint8_t sum[HB_SHA256_SIZE];
    struct hb_slice text = {0};
    int r = hb_file_read(l->a, path, HB_MAX_YAML, &text);

    if (r < 0) {
        char why[128];

        return hb_err_at(l->err, r, path, 0, 0, "%s",
                         hb_errno_text(r, why, sizeof(why)));
    }
    hb_sha256(text.p, text.n, sum);
    hb_sha256_add(l->hash, rel, strlen(rel) + 1);
    hb_sha256_add(l->hash, sum, sizeof(sum));
    if (ret_text != NULL)
        *ret_text = text;
    r = hb_yaml_parse(l->a, path, text, ret, l->err);
    if (r == 0 && (*ret)->type != HB_YAML_MAP)
        r = hb_yaml_err(*ret, l->err, -EINVAL,
                        _("the file must be a mapping (key: value)"));
    return r;
}

/* ---- what cases share ---- */

static int load_common(struct hb_load *l, const struct hb_load_names *all)
{
    struct hb_case *common = HB_NEW(l->a, struct hb_case);
    const char *path = hb_arena_printf(l->a, "%s/common", l->dir),
               *facts = hb_arena_printf(l->a, "%s/facts.yaml", l->dir);
    int r = 0;

    if (common == NULL || path == NULL || facts == NULL)
        return -ENOMEM;
    common->id = "common";
    l->common = common;
    l->book->common = common;
    if (hb_load_named(all, "facts.yaml"))
        r = hb_load_facts(l, facts);
    if (r == 0 && hb_load_named(all, "common"))
        r = load_shared(l, path);
    return r;
}

static int load_shared(struct hb_load *l, const char *path)
{
    struct hb_load_names names = {0};
    const char *dir = hb_arena_printf(l->a, "%s/playbooks", path);
    int r = dir == NULL ? -ENOMEM : hb_load_folder(l, path, &names);

    if (r == 0)
        r = check_names(l, path, &names, true);
    if (r == 0 && hb_load_named(&names, "documents"))
        r = hb_load_documents(l, path, l->common);
    if (r == 0 && hb_load_named(&names, "cards"))
        r = hb_load_cards(l, path);
    if (r == 0 && hb_load_named(&names, "controls.yaml"))
        r = hb_load_controls(l, path, l->common);
    if (r < 0 || !hb_load_named(&names, "playbooks"))
        return r;
    r = hb_load_folder(l, dir, &names);
    for (size_t i = 0; r == 0 && i < names.n; i++) {
        const char *file = hb_arena_printf(l->a, "%s/%s", dir, names.v[i]);
        const struct hb_playbook *p;

        r = file == NULL ? -ENOMEM : hb_load_playbook(l, file, l->common, &p);
    }
    return r;
}

static int load_cases(struct hb_load *l, const struct hb_load_names *folders)
{
    for (size_t i = 0; i < folders->n; i++) {
        int r = load_case(l, folders->v[i], &l->cases[i]);

        if (r < 0)
            return r;
    }
    l->book->cases = l->cases;
    l->book->n = folders->n;
    return 0;
}

/* Playbooks may call those that came later; none calls itself, however far
 * away. */
static int link_playbooks(struct hb_load *l)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < l->book->playbooks_n; i++)
        r = hb_load_playbook_link(
            l, (struct hb_playbook *)(uintptr_t)l->book->playbooks[i]);
    for (size_t i = 0; r == 0 && i < l->book->playbooks_n; i++)
        r = check_calls(l, l->book->playbooks[i], 0);
    return r;
}

static int check_calls(struct hb_load *l, const struct hb_playbook *p,
                       unsigned depth)
{
    int r = 0;

    if (depth > HB_CALLS_MAX)
        return hb_err_at(l->err, -ELOOP, l->dir, 0, 0,
                         _("playbook %s is called within itself, or more than "
                           "%u deep"),
                         p->id, HB_CALLS_MAX);
    for (size_t i = 0; r == 0 && i < p->steps_n; i++)
        if (p->steps[i].playbook != NULL)
            r = check_calls(l, p->steps[i].playbook, depth + 1);
    return r;
}

/* ---- rows ---- */

static int load_general(struct hb_load *l)
{
    static const char *const keys[] = {"rows", NULL};
    const char *path = hb_arena_printf(l->a, "%s/general.yaml", l->dir);
    const struct hb_yaml *seq = NULL;
    struct hb_yaml *top = NULL;
    int r = path == NULL ? -ENOMEM : hb_load_yaml(l, path, &top, NULL);

    if (r == 0)
        r = hb_yaml_keys(top, keys, l->err);
    if (r == 0)
        r = hb_load_seq(l, top, "rows", true, &seq);
    if (r < 0 || seq == NULL)
        return r;
    return load_row_list(l, seq, NULL, &l->book->general, &l->book->general_n);
}

/* The words that signs of several cases share. */
static int load_shared_words(struct hb_load *l)
{
    const char *path = hb_arena_printf(l->a, "%s/words.yaml", l->dir);
    struct hb_yaml *top = NULL;
    int r = path == NULL ? -ENOMEM : hb_load_yaml(l, path, &top, NULL);

    return r == 0 ? hb_load_words(l, top) : r;
}

/* *RET grows with each row, so that the next one sees the ones before. */
static int load_row_list(struct hb_load *l, const struct hb_yaml *seq,
                         const struct hb_case *c, const struct hb_row **ret,
                         size_t *ret_n)
{
    struct hb_row *rows = HB_NEW_N(l->a, struct hb_row, seq->count);

    if (rows == NULL)
        return -ENOMEM;
    *ret = rows;
    HB_YAML_EACH (n, seq) {
        int r = load_row(l, n, &rows[*ret_n]);

        if (r < 0)
            return r;
        if (hb_row_find(l->book, c, rows[*ret_n].id) != NULL)
            return hb_yaml_err(n, l->err, -EEXIST, _("row %s stands twice"),
                               rows[*ret_n].id);
        (*ret_n)++;
    }
    return 0;
}

static int load_row(struct hb_load *l, const struct hb_yaml *map,
                    struct hb_row *ret)
{
    static const char *const keys[] = {"id",        "need",    "modality",
                                       "automatic", "missing", "program",
                                       "test",      NULL};
    unsigned modality = HB_MOD_DO;
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a row is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_str(l, map, "id", true, &ret->id);
    if (r == 0)
        r = hb_load_text(l, map, "need", true, &ret->need);
    if (r == 0)
        r = hb_load_word(l, map, "modality", false, hb_modalities, &modality);
    if (r == 0)
        r = hb_load_bool(l, map, "automatic", &ret->automatic);
    if (r == 0)
        r = hb_load_text(l, map, "missing", false, &ret->missing);
    if (r == 0)
        r = hb_load_text(l, map, "program", false, &ret->program);
    if (r == 0)
        r = hb_load_str(l, map, "test", ret->program.in[HB_LANG_EN] != NULL,
                        &ret->test);
    ret->modality = (enum hb_modality)modality;
    return r;
}

/* ---- cases ---- */

static int load_case(struct hb_load *l, const char *folder, struct hb_case *c)
{
    const char *path = hb_arena_printf(l->a, "%s/%s", l->dir, folder);
    struct hb_load_names names = {0};
    int r = path == NULL ? -ENOMEM : hb_load_folder(l, path, &names);

    if (r == 0)
        r = check_names(l, path, &names, false);
    if (r == 0)
        r = load_case_file(l, path, c);
    if (r == 0 && hb_load_named(&names, "documents"))
        r = hb_load_documents(l, path, c);
    if (r == 0 && hb_load_named(&names, "controls.yaml"))
        r = hb_load_controls(l, path, c);
    if (r == 0 && hb_load_named(&names, "signs.yaml"))
        r = load_signs(l, path, "signs.yaml", &c->signs);
    if (r == 0 && hb_load_named(&names, "playbook.yaml")) {
        path = hb_arena_printf(l->a, "%s/playbook.yaml", path);
        r = path == NULL ? -ENOMEM : hb_load_playbook(l, path, c, &c->playbook);
    }
    if (r == 0 && c->maturity != HB_MATURITY_NOT_YET &&
        (c->controls_n == 0 || c->playbook == NULL))
        r = hb_err_at(l->err, -EINVAL, path, 0, 0,
                      _("a case that is not \"not-yet\" needs controls.yaml "
                        "and playbook.yaml"));
    return r;
}

/* A file that nobody reads is a typing mistake in its name. */
static int check_names(struct hb_load *l, const char *path,
                       const struct hb_load_names *names, bool common)
{
    static const char *const
        known[] = {"case.yaml", "controls.yaml", "playbook.yaml", "documents",
                   "drill",     "README.md",     "playbooks",     "signs.yaml",
                   "cards"}; /* the last one in common/ only */
    const size_t n = HB_ARRAY_LEN(known) - (common ? 0 : 1);
    struct hb_load_names k = {(char **)(uintptr_t)known, n};

    for (size_t i = 0; i < names->n; i++) {
        const char *near;

        if (hb_load_named(&k, names->v[i]))
            continue;
        near = hb_nearest(names->v[i], known, n);
        return hb_err_at(l->err, -EINVAL, path, 0, 0,
                         near != NULL ? _("unknown file %s; did you mean %s?")
                                      : _("unknown file %s"),
                         names->v[i], near);
    }
    return 0;
}

static int load_signs(struct hb_load *l, const char *dir, const char *name,
                      const struct hb_signs **ret)
{
    const char *file = hb_arena_printf(l->a, "%s/%s", dir, name);
    struct hb_yaml *top = NULL;
    int r = file == NULL ? -ENOMEM : hb_load_yaml(l, file, &top, NULL);

    return r == 0 ? hb_load_signs(l, top, ret) : r;
}

static int load_case_file(struct hb_load *l, const char *path,
                          struct hb_case *c)
{
    static const char *const keys[] = {"number", "id",       "title", "story",
                                       "who",    "maturity", "drill", "rows",
                                       "facts",  NULL};
    const char *file = hb_arena_printf(l->a, "%s/case.yaml", path);
    const struct hb_yaml *seq = NULL, *drill;
    struct hb_yaml *top = NULL;
    uint64_t number = 0;
    unsigned maturity = 0;
    int r = file == NULL ? -ENOMEM : hb_load_yaml(l, file, &top, NULL);

    if (r == 0)
        r = hb_yaml_keys(top, keys, l->err);
    if (r == 0)
        r = hb_load_num(l, top, "number", 1, 999, &number);
    if (r == 0)
        r = hb_load_id(l, top, "id", &c->id);
    if (r == 0)
        r = hb_load_text(l, top, "title", true, &c->title);
    if (r == 0)
        r = hb_load_text(l, top, "story", true, &c->story);
    if (r == 0)
        r = hb_load_text(l, top, "who", true, &c->who);
    if (r == 0)
        r = hb_load_word(l, top, "maturity", true, hb_maturities, &maturity);
    if (r < 0)
        return r;
    c->common = l->common;
    c->number = (unsigned)number;
    c->maturity = (enum hb_maturity)maturity;
    drill = hb_yaml_get(top, "drill");
    if (drill != NULL)
        r = load_drill(l, drill, &c->drill);
    if (r == 0)
        r = hb_load_seq(l, top, "rows", maturity != HB_MATURITY_NOT_YET, &seq);
    if (r == 0 && seq != NULL)
        r = load_row_list(l, seq, c, &c->rows, &c->rows_n);
    if (r == 0)
        r = hb_load_fact_list(l, top, "facts", &c->facts, &c->facts_n);
    return r;
}

static int load_drill(struct hb_load *l, const struct hb_yaml *map,
                      struct hb_drill *d)
{
    static const char *const keys[] = {"name", "rehearsed_within",
                                       "canary_within", NULL};
    int r;

    if (map->type != HB_YAML_MAP)
        return hb_yaml_err(map, l->err, -EINVAL, _("a drill is a mapping"));
    r = hb_yaml_keys(map, keys, l->err);
    if (r == 0)
        r = hb_load_id(l, map, "name", &d->name);
    if (r == 0)
        r = hb_load_duration(l, map, "rehearsed_within", &d->rehearsed_within);
    if (r == 0)
        r = hb_load_duration(l, map, "canary_within", &d->canary_within);
    if (r == 0 && (d->rehearsed_within == 0 || d->canary_within == 0))
        r = hb_yaml_err(map, l->err, -EINVAL,
                        _("a proof without an end would stay green for ever: "
                          "rehearsed_within and canary_within are needed"));
    return r;
}

/* ---- small things ---- */

/* Folder names carry the number; ids and numbers are unique; the book is
 * sorted by number. */
static int unique_cases(struct hb_load *l, const struct hb_load_names *folders)
{
    for (size_t i = 0; i < folders->n; i++) {
        const struct hb_case *c = &l->cases[i];
        char want[96];

        (void)snprintf(want, sizeof(want), "%02u-%s", c->number, c->id);
        if (!hb_streq(want, folders->v[i]))
            return hb_err_at(l->err, -EINVAL, l->dir, 0, 0,
                             _("the folder %s holds case %u \"%s\" and must "
                               "be named %s"),
                             folders->v[i], c->number, c->id, want);
        for (size_t j = 0; j < i; j++) {
            if (l->cases[j].number == c->number)
                return hb_err_at(l->err, -EEXIST, l->dir, 0, 0,
                                 _("case %u stands twice"), c->number);
        }
    }
    /* Nothing points into the array yet except owners; see by_number. */
    for (size_t i = 1; i < folders->n; i++) {
        if (by_number(&l->cases[i - 1], &l->cases[i]) > 0)
            return hb_err_at(l->err, -EINVAL, l->dir, 0, 0,
                             _("write case numbers with two digits, so that "
                               "folders sort by number"));
    }
    return 0;
}

bool hb_load_named(const struct hb_load_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (hb_streq(names->v[i], name))
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int by_number(const void *a, const void *b)
{
    const struct hb_case *x = a, *y = b;

    return (x->number > y->number) - (x->number < y->number);
}

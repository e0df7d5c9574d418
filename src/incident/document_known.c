/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document_known.c - facts of the catalogue on paper: as values, in sentences
 * and as the condition under which a part of a paper belongs to it.
 *
 * Runs in core.  A value may be what an attacker or a stranger wrote: it is
 * made visible before it becomes part of a sentence, and html/doc.h escapes
 * it again.
 */
#include "incident/document_facts.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "base/show.h"
#include "incident/fact.h"

struct getter {
    struct hb_facts_of *f;
    int err;
};

static const struct hb_value *get(void *arg, const char *name);
static int add_value(struct hb_facts_of *f, struct hb_buf *b, const char *name);
static const char *on_paper(struct hb_facts_of *f, const struct hb_fact *fact,
                            const char *value);

int hb_facts_when(struct hb_facts_of *f, const struct hb_cond *when)
{
    struct getter g = {.f = f};
    int r = when == NULL ? 1 : hb_cond_eval(when, get, &g);

    return g.err < 0 ? g.err : r;
}

int hb_facts_known(struct hb_facts_of *f, const struct hb_fact *fact,
                   struct hb_fact_values *ret)
{
    struct hb_known k;
    int r = hb_known_get(f->s, f->a, f->i.id, fact->name, &k);

    *ret = (struct hb_fact_values){0};
    if (r <= 0 || hb_streq(k.value, "?"))
        return r < 0 ? r : 0;
    ret->v[0] = on_paper(f, fact, k.value);
    ret->n = 1;
    return ret->v[0] == NULL ? -ENOMEM : 0;
}

const char *hb_facts_fill(struct hb_facts_of *f, const char *text)
{
    struct hb_buf b = HB_BUF_INIT;
    const char *z = text, *open;
    int r = 0;

    while (r == 0 && (open = strchr(z, '{')) != NULL) {
        size_t n = strcspn(open, "}");
        const char *name = hb_arena_dup(f->a, open + 1, n - 1);

        hb_buf_add(&b, z, (size_t)(open - z));
        r = name == NULL ? -ENOMEM : add_value(f, &b, name);
        z = open + n + (open[n] == '}' ? 1 : 0);
    }
    hb_buf_addz(&b, z);
    text = r < 0 || hb_buf_err(&b) < 0 ? NULL
                                       : hb_arena_strdup(f->a, hb_buf_z(&b));
    hb_buf_done(&b);
    return text;
}

static const struct hb_value *get(void *arg, const char *name)
{
    struct getter *g = arg;
    struct hb_facts_of *f = g->f;
    struct hb_value *v = HB_NEW(f->a, struct hb_value);
    size_t n = strlen(name);
    struct hb_known k = {.value = ""};
    const char *plain;
    int r = -ENOMEM;

    /* __name__ */
    plain = n > 4 ? hb_arena_dup(f->a, name + 2, n - 4) : NULL;
    if (v != NULL && plain != NULL)
        r = hb_known_get(f->s, f->a, f->i.id, plain, &k);
    if (r == 1 &&
        hb_known_value(hb_fact_find(f->s->casebook, plain), k.value, v))
        return v;
    g->err = r < 0 ? r : 0;
    return NULL; /* its first value */
}

static int add_value(struct hb_facts_of *f, struct hb_buf *b, const char *name)
{
    struct hb_fact_values v;
    int r = hb_facts_get(f, name, &v);

    if (r < 0 && r != -ENOENT)
        return r;
    if (r < 0 || v.n == 0)
        hb_buf_addf(
            b, hb_facts_tr(f, N_("(%s)")),
            hb_known_nothing(hb_fact_find(f->s->casebook, name), f->o->lang));
    for (size_t i = 0; r == 0 && i < HB_MIN(v.n, HB_FACTS_SHOWN); i++) {
        hb_buf_addz(b, i > 0 ? hb_facts_tr(f, N_(", ")) : "");
        hb_show(b, hb_slice_z(v.v[i]));
    }
    return hb_buf_err(b);
}

/* A time is stored as it was written, and shown in the zone of the paper. */
static const char *on_paper(struct hb_facts_of *f, const struct hb_fact *fact,
                            const char *value)
{
    int64_t ns = 0;

    if (fact->type == HB_FACT_TIME &&
        hb_time_parse(hb_slice_z(value), &ns) == 0)
        return hb_facts_moment(f, ns);
    return hb_known_text(f->a, fact, value, f->o->lang);
}

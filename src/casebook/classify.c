/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify.c - which case a report is; classify.h says how.
 *
 * Runs in core and the CLI over a loaded case book; the text is a stranger's.
 * Words are looked for one after the other in the folded text, each list at
 * most once.  What was read only in part is never proposed.
 */
#include "base/num.h"
#include "casebook/classify.h"
#include "casebook/fold.h"
#include "casebook/signs.h"

#define SIGNS_MIN 60u /* tenths of points that signs alone must give */
#define DOUBT     50u /* tenths: the points of "none of them" */

struct look { /* at one text */
    struct hb_slice text;
    const struct hb_phrase **hit; /* of each list, where looked */
    bool *looked;
};

static int classify(const struct hb_casebook *b, struct hb_slice text,
                    struct hb_arena *a, struct hb_classified *ret);
static void judge(struct look *k, const struct hb_signs *s,
                  struct hb_candidate *ret);
static bool see(struct look *k, const struct hb_sign *s, struct hb_reason *ret);
static const struct hb_phrase *find_group(struct look *k,
                                          const struct hb_word_group *g);
static const struct hb_phrase *find_list(struct look *k,
                                         const struct hb_word_list *list);
static bool stands(struct hb_slice text, const struct hb_phrase *p);
static void keep_reason(struct hb_candidate *c, const struct hb_reason *r);
static void place(struct hb_classified *ret, const struct hb_candidate *c);
static void weigh(struct hb_classified *ret, uint64_t ordinary);

int hb_classify(const struct hb_casebook *b, struct hb_slice text,
                struct hb_classified *ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);

    if (a == NULL)
        return -ENOMEM;
    memset(ret, 0, sizeof(*ret));
    if (text.n > HB_CLASSIFY_TEXT) {
        ret->cut = true;
        text.n = hb_utf8_cut(text.p, HB_CLASSIFY_TEXT);
    }
    if (b->lexicon == NULL)
        return 0;
    return classify(b, text, a, ret);
}

const struct hb_text *hb_case_ask(const struct hb_case *c)
{
    return c->signs != NULL ? &c->signs->ask : NULL;
}

const struct hb_text *hb_ordinary_ask(const struct hb_casebook *b)
{
    return b->ordinary != NULL ? &b->ordinary->ask : NULL;
}

const struct hb_signs *hb_signs_at(const struct hb_casebook *b, size_t place)
{
    return place < b->n ? b->cases[place].signs : b->ordinary;
}

static int classify(const struct hb_casebook *b, struct hb_slice text,
                    struct hb_arena *a, struct hb_classified *ret)
{
    uint32_t *work = HB_NEW_N(a, uint32_t, text.n + 1);
    char *folded = hb_arena_alloc(a, text.n + 1);
    unsigned like[HB_PLACES];
    unsigned ordinary = 0; /* points of no case */
    size_t first = HB_PLACES;
    struct look k = {
        .hit = HB_NEW_N(a, const struct hb_phrase *, b->lexicon->lists + 1),
        .looked = HB_NEW_N(a, bool, b->lexicon->lists + 1)};
    int r;

    if (work == NULL || folded == NULL || k.hit == NULL || k.looked == NULL)
        return -ENOMEM;
    k.text = hb_slice(folded, hb_fold(text, work, folded));
    r = hb_likeness(b, k.text, like, &first);
    if (r < 0)
        return r;
    for (size_t i = 0; i <= b->n; i++) {
        struct hb_candidate c = {.alike = like[i]};

        if (hb_signs_at(b, i) == NULL)
            continue;
        judge(&k, hb_signs_at(b, i), &c);
        c.points += c.alike;
        if (i == b->n) {
            ordinary = c.points;
        } else if (c.points > 0) {
            c.c = &b->cases[i];
            place(ret, &c);
        }
    }
    weigh(ret, ordinary);
    if (ret->n > 0 && !ret->cut && ret->list[0].percent >= HB_CLASSIFY_SURE &&
        ret->list[0].points - ret->list[0].alike >= SIGNS_MIN && first < b->n &&
        ret->list[0].c == &b->cases[first])
        ret->verdict = HB_VERDICT_PROPOSED;
    return 0;
}

/* Points of the signs that are seen, and the heaviest of them as reasons. */
static void judge(struct look *k, const struct hb_signs *s,
                  struct hb_candidate *ret)
{
    int sum = 0;

    for (size_t i = 0; i < s->n; i++) {
        struct hb_reason r = {.why = &s->v[i].why, .weight = s->v[i].weight};

        if (!see(k, &s->v[i], &r))
            continue;
        sum += s->v[i].weight;
        if (s->v[i].weight > 0)
            keep_reason(ret, &r);
    }
    ret->points = sum > 0 ? (unsigned)sum * 10 : 0;
}

static bool see(struct look *k, const struct hb_sign *s, struct hb_reason *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < s->need_n; i++) {
        const struct hb_phrase *p = find_group(k, &s->need[i]);
        bool told = false;

        if (p == NULL)
            return false;
        for (size_t j = 0; j < n; j++)
            told = told || ret->words[j] == p->text;
        if (!told)
            ret->words[n++] = p->text;
    }
    return find_group(k, &s->unless) == NULL;
}

static const struct hb_phrase *find_group(struct look *k,
                                          const struct hb_word_group *g)
{
    const struct hb_phrase *p = NULL;

    for (size_t i = 0; i < g->n && p == NULL; i++)
        p = find_list(k, g->v[i]);
    return p;
}

static const struct hb_phrase *find_list(struct look *k,
                                         const struct hb_word_list *list)
{
    if (k->looked[list->index])
        return k->hit[list->index];
    k->looked[list->index] = true;
    for (size_t i = 0; i < list->n; i++) {
        if (stands(k->text, &list->v[i]))
            return k->hit[list->index] = &list->v[i];
    }
    return NULL;
}

/* A Latin word is no part of a longer one: "form" is not in "inform". */
static bool stands(struct hb_slice text, const struct hb_phrase *p)
{
    size_t at = 0;

    while (at + p->n <= text.n) {
        const char *hit = memmem(text.p + at, text.n - at, p->folded, p->n);
        size_t end;

        if (hit == NULL)
            return false;
        at = (size_t)(hit - text.p);
        end = at + p->n;
        if (!(p->begins && at > 0 && hb_fold_latin(text.p[at - 1])) &&
            !(p->ends && end < text.n && hb_fold_latin(text.p[end])))
            return true;
        at++;
    }
    return false;
}

static void keep_reason(struct hb_candidate *c, const struct hb_reason *r)
{
    size_t at = c->reasons_n;

    while (at > 0 && c->reasons[at - 1].weight < r->weight)
        at--;
    if (at >= HB_REASON_MAX)
        return;
    c->reasons_n = HB_MIN(c->reasons_n + 1, HB_REASON_MAX);
    memmove(&c->reasons[at + 1], &c->reasons[at],
            (c->reasons_n - at - 1) * sizeof(*r));
    c->reasons[at] = *r;
}

/* Best first; of equal ones the lower number. */
static void place(struct hb_classified *ret, const struct hb_candidate *c)
{
    size_t at = ret->n++;

    while (at > 0 && ret->list[at - 1].points < c->points)
        at--;
    memmove(&ret->list[at + 1], &ret->list[at], (ret->n - at - 1) * sizeof(*c));
    ret->list[at] = *c;
}

static void weigh(struct hb_classified *ret, uint64_t ordinary)
{
    uint64_t o = ordinary * ordinary * ordinary;
    uint64_t sum = (uint64_t)DOUBT * DOUBT * DOUBT + o;

    for (size_t i = 0; i < ret->n; i++) {
        uint64_t p = ret->list[i].points;

        sum += p * p * p;
    }
    for (size_t i = 0; i < ret->n; i++) {
        uint64_t p = ret->list[i].points;

        ret->list[i].percent = (unsigned)(100 * p * p * p / sum);
    }
    ret->ordinary = (unsigned)(100 * o / sum);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * persons.c - see persons.h.
 */
#include "inspect/persons.h"

static int grow(struct hb_set *s);

void hb_set_done(struct hb_set *s)
{
    free(s->slot);
    *s = (struct hb_set){0};
}

int hb_set_add(struct hb_set *s, uint64_t h)
{
    size_t i;

    h += h == 0;
    if (s->n * 2 >= s->cap && s->n < HB_SET_MAX) {
        int r = grow(s);

        if (r < 0)
            return r;
    }
    for (i = h & (s->cap - 1); s->slot[i] != 0; i = (i + 1) & (s->cap - 1))
        if (s->slot[i] == h)
            return 0;
    if (s->n < HB_SET_MAX) {
        s->slot[i] = h;
        s->n++;
    }
    return 1;
}

static int grow(struct hb_set *s)
{
    size_t cap = s->cap == 0 ? 64 : s->cap * 2;
    uint64_t *slot = calloc(cap, sizeof(slot[0]));

    if (slot == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < s->cap; i++)
        if (s->slot[i] != 0) {
            size_t k = s->slot[i] & (cap - 1);

            while (slot[k] != 0)
                k = (k + 1) & (cap - 1);
            slot[k] = s->slot[i];
        }
    free(s->slot);
    s->slot = slot;
    s->cap = cap;
    return 0;
}

void hb_persons_done(struct hb_persons *p)
{
    hb_set_done(&p->all);
    hb_set_done(&p->known);
    hb_set_done(&p->headed);
    hb_set_done(&p->names);
}

int hb_persons_row(struct hb_persons *p, const struct hb_person *one)
{
    bool weak = !one->strong && !one->sure;
    uint64_t both = hb_hash(one->name, one->about);
    int r = hb_set_add(&p->all, both);

    p->strong += r > 0 && one->strong;
    p->weak_hits += weak && one->has_about;
    p->hits++;
    p->strange += !one->strong && !one->known;
    if (r >= 0)
        r = hb_set_add(&p->names, one->name);
    if (r >= 0 && one->has_about) {
        r = hb_set_add(&p->known, both);
        p->weak += r > 0 && weak;
    }
    if (r >= 0 && one->headed)
        r = hb_set_add(&p->headed, one->name);
    return r < 0 ? r : 0;
}

int hb_persons_name(struct hb_persons *p, uint64_t name, bool headed,
                    bool known, size_t line)
{
    int r = hb_persons_close(p);

    p->open = true;
    p->one = (struct hb_person){
        .name = name, .sure = headed, .headed = headed, .known = known};
    p->line = line;
    return r;
}

int hb_persons_about(struct hb_persons *p, uint64_t about, bool strong,
                     size_t line)
{
    if (!p->open)
        return 0;
    if (line - p->line > HB_PERSON_LINES)
        return hb_persons_close(p);
    p->one.about = hb_hash(p->one.about, about);
    p->one.has_about = true;
    p->one.strong = p->one.strong || strong;
    return 0;
}

int hb_persons_close(struct hb_persons *p)
{
    if (!p->open)
        return 0;
    p->open = false;
    return hb_persons_row(p, &p->one);
}

/* Few names in many rows: the rows are no persons. */
static bool same_names(const struct hb_persons *p)
{
    return p->strong * 2 < p->all.n && p->names.n * 2 <= p->all.n;
}

bool hb_persons_list(const struct hb_persons *p)
{
    if (p->strong >= HB_LIST_FROM && p->names.n > 2)
        return true;
    /* Words below headings that happen to be labels: names are known. */
    if (p->strange * 3 > p->hits * 2)
        return false;
    if (p->headed.n >= HB_LIST_FROM)
        return true;
    if (p->known.n < HB_LIST_FROM)
        return false;
    /* One in ten names of stations could be a person's. */
    if (p->known.n - p->weak < HB_LIST_FROM && p->weak_hits * 4 < p->weak_rows)
        return false;
    return p->names.n >= HB_LIST_FROM || (p->names.n * 5 >= HB_LIST_FROM * 4 &&
                                          p->names.n * 10 >= p->known.n * 6);
}

uint64_t hb_persons_count(const struct hb_persons *p)
{
    return same_names(p) ? p->names.n : p->all.n;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * likeness.c - how much a text resembles the examples of each case.
 *
 * A trace is two Japanese characters side by side, or the first letters of a
 * Latin word: what survives when people say a thing in other words.  Each
 * trace of a text votes for the cases in whose examples it stands, by its
 * share among them; so a trace that stands everywhere decides nothing, and
 * one that was seen once decides little; nor do few votes.  Whole numbers only:
 * the same text gives the same answer on every machine.
 */
#include "casebook/fold.h"
#include "casebook/signs.h"

#define WORD_SHORT 2u /* Latin words up to this long say nothing */
#define WORD_STEM  5u /* letters that count */
#define RATE       1000000u
#define VOTE       1000u
#define LIKE_SCALE 600u  /* tenths of a point for the whole of the votes */
#define LIKE_DAMP  5000u /* votes at which half of it counts */

static size_t add_word(struct hb_slice text, size_t at, uint32_t *keys,
                       size_t *n);
static uint32_t key_of(uint32_t seed, const char *p, size_t n);
static size_t total_bytes(const struct hb_load *l);
static size_t merge(struct hb_trace *v, size_t n);
static size_t find_key(const struct hb_lexicon *x, uint32_t key);
static void vote(const struct hb_lexicon *x, uint32_t key,
                 const uint64_t *sizes, uint64_t spare, uint64_t *votes);
static int by_key(const void *a, const void *b);
static int by_trace(const void *a, const void *b);

int hb_learn(struct hb_load *l)
{
    size_t all = total_bytes(l), n = 0;
    _cleanup_free_ struct hb_trace *v = NULL;
    _cleanup_free_ uint32_t *keys = NULL;
    struct hb_trace *kept;

    if (all == 0)
        return 0;
    v = calloc(all, sizeof(*v));
    keys = calloc(HB_EXAMPLE_TEXT, sizeof(*keys));
    if (v == NULL || keys == NULL)
        return -ENOMEM;
    for (size_t i = 0; i <= l->book->n; i++) {
        const struct hb_signs *s = hb_signs_at(l->book, i);

        for (size_t j = 0; s != NULL && j < s->examples_n; j++) {
            size_t k = hb_traces(s->examples[j], keys);

            for (size_t m = 0; m < k; m++)
                v[n++] = (struct hb_trace){keys[m], (uint16_t)i, 1};
        }
    }
    if (n > 0)
        qsort(v, n, sizeof(*v), by_trace);
    n = merge(v, n);
    kept = HB_NEW_N(l->a, struct hb_trace, n + 1);
    if (kept == NULL)
        return -ENOMEM;
    if (n > 0)
        memcpy(kept, v, n * sizeof(*v));
    l->book->lexicon->traces = kept;
    l->book->lexicon->traces_n = n;
    return 0;
}

size_t hb_traces(struct hb_slice text, uint32_t *keys)
{
    size_t n = 0, k = 0, last = 0; /* bytes of the character before */

    for (size_t at = 0; at < text.n;) {
        size_t len = 1;

        if (hb_fold_latin(text.p[at])) {
            at = add_word(text, at, keys, &n);
            last = 0;
            continue;
        }
        while (at + len < text.n && ((uint8_t)text.p[at + len] & 0xc0) == 0x80)
            len++;
        if (((uint8_t)text.p[at] & 0x80) == 0)
            len = 0;
        if (len > 0 && last > 0)
            keys[n++] = key_of(1, text.p + at - last, last + len);
        last = len;
        at += len > 0 ? len : 1;
    }
    if (n > 0)
        qsort(keys, n, sizeof(*keys), by_key);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || keys[i] != keys[k - 1])
            keys[k++] = keys[i];
    }
    return k;
}

int hb_likeness(const struct hb_casebook *b, struct hb_slice text,
                unsigned like[HB_PLACES], size_t *ret_first)
{
    _cleanup_free_ uint32_t *keys = calloc(text.n + 1, sizeof(*keys));
    uint64_t votes[HB_PLACES] = {0}, sizes[HB_PLACES] = {0};
    uint64_t sum = 0, places = 0, examples = 0;
    size_t n, first = HB_PLACES;

    if (keys == NULL)
        return -ENOMEM;
    memset(like, 0, HB_PLACES * sizeof(*like));
    *ret_first = first;
    for (size_t i = 0; i <= b->n; i++) {
        const struct hb_signs *s = hb_signs_at(b, i);

        if (s == NULL)
            continue;
        sizes[i] = HB_MAX(s->examples_n, HB_EXAMPLE_MIN);
        examples += sizes[i];
        places++;
    }
    if (places == 0)
        return 0;
    n = hb_traces(text, keys);
    for (size_t i = 0; i < n; i++)
        vote(b->lexicon, keys[i], sizes, RATE * places / examples, votes);
    for (size_t i = 0; i <= b->n; i++) {
        sum += votes[i];
        if (votes[i] > 0 && (first == HB_PLACES || votes[i] > votes[first]))
            first = i;
    }
    for (size_t i = 0; i <= b->n && sum > 0; i++) {
        if (votes[i] * places > sum)
            like[i] = (unsigned)(LIKE_SCALE * (votes[i] * places - sum) /
                                 (places * (sum + LIKE_DAMP)));
    }
    *ret_first = first;
    return 0;
}

/* The word that begins AT; returns where it ends. */
static size_t add_word(struct hb_slice text, size_t at, uint32_t *keys,
                       size_t *n)
{
    size_t end = at;

    while (end < text.n && hb_fold_latin(text.p[end]))
        end++;
    if (end - at > WORD_SHORT)
        keys[(*n)++] = key_of(2, text.p + at, HB_MIN(end - at, WORD_STEM));
    return end;
}

/* FNV-1a; two traces that share a key only blur the votes. */
static uint32_t key_of(uint32_t seed, const char *p, size_t n)
{
    uint32_t h = 2166136261u ^ seed;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (uint8_t)p[i]) * 16777619u;
    return h;
}

static size_t total_bytes(const struct hb_load *l)
{
    size_t n = 0;

    for (size_t i = 0; i <= l->book->n; i++) {
        const struct hb_signs *s = hb_signs_at(l->book, i);

        for (size_t j = 0; s != NULL && j < s->examples_n; j++)
            n += s->examples[j].n;
    }
    return n;
}

/* Adds up equal traces of the sorted V. */
static size_t merge(struct hb_trace *v, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        if (k > 0 && by_trace(&v[k - 1], &v[i]) == 0) {
            if (v[k - 1].count < UINT16_MAX)
                v[k - 1].count++;
        } else {
            v[k++] = v[i];
        }
    }
    return k;
}

/* The first trace with KEY, traces_n where there is none. */
static size_t find_key(const struct hb_lexicon *x, uint32_t key)
{
    size_t low = 0, high = x->traces_n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (x->traces[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    return low < x->traces_n && x->traces[low].key == key ? low : x->traces_n;
}

/* SPARE is the rate of one example more, in no case: a trace that was seen
 * once must not be sure. */
static void vote(const struct hb_lexicon *x, uint32_t key,
                 const uint64_t *sizes, uint64_t spare, uint64_t *votes)
{
    size_t from = find_key(x, key), to = from;
    uint64_t total = spare;

    for (; to < x->traces_n && x->traces[to].key == key; to++)
        total +=
            (uint64_t)RATE * x->traces[to].count / sizes[x->traces[to].place];
    for (size_t i = from; i < to; i++)
        votes[x->traces[i].place] += (uint64_t)VOTE * RATE *
                                     x->traces[i].count /
                                     sizes[x->traces[i].place] / total;
}

static int by_key(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static int by_trace(const void *a, const void *b)
{
    const struct hb_trace *x = a, *y = b;

    if (x->key != y->key)
        return x->key > y->key ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

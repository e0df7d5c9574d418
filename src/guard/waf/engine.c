/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.c - the life of a compiled rule set and of a thread's memory.
 *
 * Runs in the process of a web server.  Rule sets are made at start and at
 * reload; requests hold references, so that those under way end with the set
 * with which they began.
 */
#include "guard/waf/engine.h"

#include <malloc.h>

#include "base/i18n.h"
#include "guard/waf/rules.h"

#define WAF_MAGIC    0x57414630u
#define THREAD_MAGIC 0x57544830u

int hb_waf_new(struct hb_waf_rules *rules, const struct hb_waf_options *o,
               struct hb_waf **ret, struct hb_err *err)
{
    struct hb_waf *w = calloc(1, sizeof(*w));
    int r;

    if (w == NULL) {
        hb_waf_rules_free(rules);
        return hb_err_set(err, -ENOMEM, _("out of memory"));
    }
    w->magic = WAF_MAGIC;
    w->refs = 1;
    w->rules = rules;
    if (o != NULL)
        w->options = *o;
    w->arena = hb_arena_new_paged(0);
    w->slots = hb_map_new();
    r = w->arena == NULL || w->slots == NULL
            ? hb_err_set(err, -ENOMEM, _("out of memory"))
            : hb_waf_compile(w, err);
    if (r < 0) {
        hb_waf_unref(w);
        return r;
    }
    *ret = w;
    return 0;
}

struct hb_waf *hb_waf_ref(struct hb_waf *w)
{
    HB_CHECK(w, WAF_MAGIC);
    (void)__atomic_add_fetch(&w->refs, 1, __ATOMIC_RELAXED);
    return w;
}

void hb_waf_unref(struct hb_waf *w)
{
    if (w == NULL)
        return;
    HB_CHECK(w, WAF_MAGIC);
    if (__atomic_sub_fetch(&w->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    hb_waf_code_done(w);
    hb_waf_gate_free(w->gate);
    hb_map_free(w->slots);
    hb_arena_free(w->arena);
    hb_waf_rules_free(w->rules);
    w->magic = 0;
    free(w);
}

void hb_waf_unrefp(struct hb_waf **w)
{
    hb_waf_unref(*w);
    *w = NULL;
}

void hb_waf_trim(void)
{
    hb_waf_rx_trim();
    (void)malloc_trim(0);
}

const struct hb_waf_rules *hb_waf_rules_of(const struct hb_waf *w)
{
    HB_CHECK(w, WAF_MAGIC);
    return w->rules;
}

struct hb_waf_thread *hb_waf_thread_new(void)
{
    struct hb_waf_thread *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->magic = THREAD_MAGIC;
    t->match.scratch = hb_waf_rx_scratch_new(0, 0);
    if (t->match.scratch == NULL) {
        hb_waf_thread_free(t);
        return NULL;
    }
    return t;
}

void hb_waf_thread_set_shared(struct hb_waf_thread *t, struct hb_waf_shared *s)
{
    HB_CHECK(t, THREAD_MAGIC);
    t->shared = s;
}

void hb_waf_thread_free(struct hb_waf_thread *t)
{
    if (t == NULL)
        return;
    HB_CHECK(t, THREAD_MAGIC);
    for (unsigned i = 0; i < t->n_spare; i++)
        hb_arena_free(t->spare[i]);
    hb_waf_rx_scratch_free(t->match.scratch);
    t->magic = 0;
    free(t);
}

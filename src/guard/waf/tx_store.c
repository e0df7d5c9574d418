/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tx_store.c - persistent collections as a request sees them: read when a rule
 * names one, written as rules write (store.h).
 *
 * Runs in the worker of a web server.  What other requests stored is read once,
 * when the collection is named; what this one writes goes to the region at
 * once.  Without a region, and where that is busy or has no room, a variable
 * lives as long as the request.
 */
#include "guard/waf/tx.h"

#include "base/clock.h"

static struct hb_waf_store *store_of(struct hb_waf_tx *tx,
                                     enum hb_waf_coll coll)
{
    struct hb_waf_vars *v =
        coll != HB_WAF_VAR_TX ? hb_waf_vars(tx, coll) : NULL;

    return v != NULL && v->store.s != NULL ? &v->store : NULL;
}

static uint64_t raw(void)
{
    return hb_mono() / HB_MS;
}

int hb_waf_stored_open(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice key)
{
    const struct hb_waf_settings *s = &tx->waf->rules->settings;
    struct hb_waf_vars *v = hb_waf_vars(tx, coll);
    int r;

    v->open = true;
    v->key = key;
    if (tx->thread->shared == NULL)
        return 0;
    hb_waf_store_name(&v->store, tx->thread->shared, coll, s->web_app, key,
                      (uint32_t)s->collection_timeout);
    v->list.n = 0; /* what was written before belonged to no collection */
    r = hb_waf_store_get(&v->store, raw(), tx->arena, &v->list);
    return r == -ENOMEM ? r : 0;
}

/* -EBUSY, -E2BIG, -ENOSPC: the region counts them (shared.h). */
static bool stored(int r)
{
    return r >= 0;
}

bool hb_waf_stored_set(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice name, struct hb_slice value)
{
    const struct hb_waf_store *s = store_of(tx, coll);

    return s != NULL && stored(hb_waf_store_set(s, name, value, raw()));
}

bool hb_waf_stored_add(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                       struct hb_slice name, int64_t by, int64_t *ret_sum)
{
    const struct hb_waf_store *s = store_of(tx, coll);

    return s != NULL && stored(hb_waf_store_add(s, name, by, raw(), ret_sum));
}

bool hb_waf_stored_unset(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                         struct hb_slice name)
{
    const struct hb_waf_store *s = store_of(tx, coll);

    return s != NULL && stored(hb_waf_store_unset(s, name, raw()));
}

bool hb_waf_stored_expire(struct hb_waf_tx *tx, enum hb_waf_coll coll,
                          struct hb_slice name, uint32_t seconds)
{
    const struct hb_waf_store *s = store_of(tx, coll);

    return s != NULL && stored(hb_waf_store_expire(s, name, seconds, raw()));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - the event store: the batch that waits for the disk, duplicates,
 * and the way to whatever keeps the days (driver.h).
 *
 * Runs in core (the only writer) and in short-lived clients that look.  What
 * it stores was checked by hb_event_decode().  A full disk never loses what
 * was acknowledged, because only a flush that returned 0 lets core say so:
 * until then the batch stays in memory, and its ceiling makes core refuse
 * more instead of growing.
 */
#include "store/events.h"

#include "base/i18n.h"
#include "base/map.h"
#include "store/driver.h"

#define MAGIC     0x48426576u
#define BATCH_MAX (4u << 20)
#define LIMIT     100u

struct waiting {
    struct waiting *next;
    struct hb_event_row row;
    char uid[HB_ID_SIZE];
    char text[]; /* JSON, then the site */
};

struct hb_events {
    unsigned magic;
    const struct hb_events_driver *drv;
    void *days;
    struct waiting *first, *last;
    struct hb_map *uids; /* of what waits */
    size_t count, bytes;
};

static int open_store(const char *dir, bool read_only, struct hb_events **ret,
                      struct hb_err *err);
static void drop_batch(struct hb_events *s);
static int take(struct hb_events *s, const struct hb_event *e,
                struct hb_slice json);

int hb_events_open(const char *dir, struct hb_events **ret, struct hb_err *err)
{
    return open_store(dir, false, ret, err);
}

int hb_events_open_read(const char *dir, struct hb_events **ret,
                        struct hb_err *err)
{
    return open_store(dir, true, ret, err);
}

void hb_events_close(struct hb_events *s)
{
    if (s == NULL)
        return;
    HB_CHECK(s, MAGIC);
    drop_batch(s);
    hb_map_free(s->uids);
    if (s->days != NULL)
        s->drv->close(s->days);
    s->magic = 0;
    free(s);
}

const char *hb_events_set_aside(struct hb_events *s)
{
    HB_CHECK(s, MAGIC);
    return s->drv->set_aside(s->days);
}

int hb_events_add(struct hb_events *s, const struct hb_event *e,
                  struct hb_err *err)
{
    _cleanup_buf_ struct hb_buf json = HB_BUF_INIT;
    int r;

    HB_CHECK(s, MAGIC);
    r = hb_event_encode(&json, e);
    if (r < 0)
        return hb_err_set(err, r,
                          r == -EFBIG ? _("the event is too large")
                                      : _("there is not enough memory"));
    if (hb_map_get(s->uids, hb_slice_z(e->uid)) != NULL)
        return 1;
    if (s->bytes + json.n > BATCH_MAX) {
        r = hb_events_flush(s, err);
        if (r < 0)
            return r;
    }
    r = s->drv->known(s->days, e->uid, err);
    if (r != 0)
        return r;
    r = take(s, e, hb_buf_slice(&json));
    if (r < 0)
        return hb_err_set(err, r, _("there is not enough memory"));
    return 0;
}

int hb_events_flush(struct hb_events *s, struct hb_err *err)
{
    int r;

    HB_CHECK(s, MAGIC);
    if (s->first == NULL)
        return 0;
    r = s->drv->begin(s->days, err);
    if (r < 0)
        return r;
    for (struct waiting *w = s->first; w != NULL && r == 0; w = w->next)
        r = s->drv->put(s->days, &w->row, err);
    if (r == 0)
        r = s->drv->commit(s->days, err);
    else
        s->drv->rollback(s->days);
    if (r == 0)
        drop_batch(s);
    return r;
}

size_t hb_events_pending(const struct hb_events *s)
{
    HB_CHECK(s, MAGIC);
    return s->count;
}

int hb_events_find(struct hb_events *s, const struct hb_events_query *q,
                   hb_events_fn *fn, void *arg, struct hb_err *err)
{
    struct hb_events_query query = *q;

    HB_CHECK(s, MAGIC);
    if (query.limit == 0)
        query.limit = LIMIT;
    return s->drv->find(s->days, &query, fn, arg, err);
}

int hb_events_get(struct hb_events *s, struct hb_arena *a, const char *uid,
                  struct hb_slice *ret_json, struct hb_err *err)
{
    HB_CHECK(s, MAGIC);
    return s->drv->get(s->days, a, uid, ret_json, err);
}

int hb_events_retain(struct hb_events *s, unsigned keep_days,
                     uint64_t max_bytes, hb_retain_fn *fn, void *arg,
                     unsigned *ret_removed, struct hb_err *err)
{
    HB_CHECK(s, MAGIC);
    return s->drv->retain(s->days, keep_days, max_bytes, fn, arg, ret_removed,
                          err);
}

int hb_events_backup(struct hb_events *s, const char *to_dir,
                     struct hb_err *err)
{
    HB_CHECK(s, MAGIC);
    return s->drv->backup(s->days, to_dir, err);
}

static int open_store(const char *dir, bool read_only, struct hb_events **ret,
                      struct hb_err *err)
{
    struct hb_events *s = hb_store_alloc(sizeof(*s));
    int r = 0;

    if (s == NULL)
        return hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    s->magic = MAGIC;
    s->drv = &hb_sqlite_events_driver;
    s->uids = hb_map_new();
    if (s->uids == NULL)
        r = hb_err_set(err, -ENOMEM, _("there is not enough memory"));
    if (r == 0)
        r = s->drv->open(dir, read_only, &s->days, err);
    if (r < 0) {
        hb_events_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

static void drop_batch(struct hb_events *s)
{
    while (s->first != NULL) {
        struct waiting *next = s->first->next;

        (void)hb_map_del(s->uids, hb_slice_z(s->first->uid));
        free(s->first);
        s->first = next;
    }
    s->last = NULL;
    s->count = s->bytes = 0;
}

/* A copy of E's columns and of its text at the end of the batch. */
static int take(struct hb_events *s, const struct hb_event *e,
                struct hb_slice json)
{
    const char *site = hb_event_getz(e, HB_F_SITE, NULL);
    size_t site_n = site != NULL ? strlen(site) + 1 : 0;
    struct waiting *w = hb_store_alloc(sizeof(*w) + json.n + 1 + site_n);
    int r;

    if (w == NULL)
        return -ENOMEM;
    if (json.p != NULL)
        memcpy(w->text, json.p, json.n);
    if (site != NULL)
        memcpy(w->text + json.n + 1, site, site_n);
    HB_ASSERT(e->uid != NULL);
    memcpy(w->uid, e->uid, HB_ID_SIZE);
    w->row.uid = w->uid;
    w->row.site = site != NULL ? w->text + json.n + 1 : NULL;
    w->row.time = e->time;
    w->row.class_uid = (int)e->class_uid;
    w->row.severity = (int)e->severity;
    w->row.json = hb_slice(w->text, json.n);
    r = hb_map_put(s->uids, hb_slice_z(w->uid), w);
    if (r < 0) {
        free(w);
        return r;
    }
    if (s->last != NULL)
        s->last->next = w;
    else
        s->first = w;
    s->last = w;
    s->count++;
    s->bytes += sizeof(*w) + json.n + site_n;
    return 0;
}

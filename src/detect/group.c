/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - findings that are going on: a thousand tampered files of one site
 * are one finding with a count.
 *
 * Runs in core.  Keys hold an attacker's words, so the table is keyed
 * (SipHash) and bounded: where it is full, the group that was silent for
 * longest goes.  Groups stand in a list by their last hit, so that this one
 * is always at its head.
 */
#include "base/map.h"
#include "base/num.h"
#include "detect/detect.h"

struct slot {
    struct hb_group g; /* first: a group is its slot */
    struct slot *older, *newer;
};

struct hb_groups {
    struct hb_map *map;
    struct slot *slots; /* all of them; free ones chained by newer */
    struct slot *unused;
    struct slot *oldest, *newest;
    uint64_t window;
};

static void unlink_slot(struct hb_groups *g, struct slot *s);
static void append(struct hb_groups *g, struct slot *s);
static void drop(struct hb_groups *g, struct slot *s);

struct hb_groups *hb_groups_new(size_t max, uint64_t window)
{
    struct hb_groups *g = calloc(1, sizeof(*g));

    if (g == NULL || max == 0) {
        free(g);
        return NULL;
    }
    g->map = hb_map_new();
    g->slots = calloc(max, sizeof(*g->slots));
    if (g->map == NULL || g->slots == NULL) {
        hb_groups_free(g);
        return NULL;
    }
    g->window = window;
    for (size_t i = max; i-- > 0;) {
        g->slots[i].newer = g->unused;
        g->unused = &g->slots[i];
    }
    return g;
}

void hb_groups_free(struct hb_groups *g)
{
    if (g == NULL)
        return;
    hb_map_free(g->map);
    free(g->slots);
    free(g);
}

int hb_groups_add(struct hb_groups *g, const struct hb_rule *rule,
                  const char *key, int64_t now, struct hb_group **ret)
{
    struct slot *s = hb_map_get(g->map, hb_slice_z(key));
    int r;

    /* A clock that was set back must not end what goes on. */
    if (s != NULL && now > s->g.last &&
        (uint64_t)(now - s->g.last) > g->window) {
        drop(g, s);
        s = NULL;
    }
    if (s != NULL) {
        s->g.count++;
        s->g.last = HB_MAX(s->g.last, now);
        unlink_slot(g, s);
        append(g, s);
        *ret = &s->g;
        return 0;
    }
    if (g->unused == NULL)
        drop(g, g->oldest);
    s = g->unused;
    memset(&s->g, 0, sizeof(s->g));
    (void)hb_copyz(s->g.key, sizeof(s->g.key), key);
    r = hb_map_put(g->map, hb_slice_z(s->g.key), s);
    if (r < 0)
        return r;
    g->unused = s->newer;
    hb_id_new(s->g.finding);
    s->g.rule = rule;
    s->g.count = 1;
    s->g.first = s->g.last = now;
    append(g, s);
    *ret = &s->g;
    return 1;
}

size_t hb_groups_count(const struct hb_groups *g)
{
    return hb_map_count(g->map);
}

int hb_finding_event(struct hb_arena *a, const struct hb_group *group,
                     const struct hb_event *e, enum hb_lang lang,
                     struct hb_event **ret)
{
    const struct hb_rule *rule = group->rule;
    struct hb_event *f =
        hb_event_new(a, HB_EV_DETECTION_FINDING, group->count == 1 ? 1 : 2,
                     rule->level, "detect");
    struct hb_json *list = hb_json_new(a, HB_JSON_ARR), *one;
    const char *site = hb_event_getz(e, HB_F_SITE, NULL);
    int r;

    if (f == NULL || list == NULL)
        return -ENOMEM;
    one = hb_json_add(a, list, NULL, HB_JSON_OBJ);
    if (one == NULL || hb_json_add_str(a, one, "uid", e->uid) == NULL)
        return -ENOMEM;
    r = hb_event_strz(f, HB_F_FINDING_UID, group->finding);
    if (r == 0)
        r = hb_event_strz(f, HB_F_FINDING_TITLE, rule->title[lang]);
    if (r == 0)
        r = hb_event_strz(f, HB_F_FINDING_DESC, rule->desc[lang]);
    if (r == 0)
        r = hb_event_strz(f, HB_F_FINDING_RULE, rule->id);
    if (r == 0)
        r = hb_event_json(f, HB_F_FINDING_RELATED, list);
    if (r == 0)
        r = hb_event_int(f, HB_F_FINDING_CASE, rule->cases[0]);
    if (r == 0)
        r = hb_event_int(f, HB_F_EVENT_COUNT,
                         (int64_t)HB_MIN(group->count, (uint64_t)INT64_MAX));
    if (r == 0 && site != NULL)
        r = hb_event_strz(f, HB_F_SITE, site);
    if (r == 0)
        *ret = f;
    return r;
}

static void unlink_slot(struct hb_groups *g, struct slot *s)
{
    if (s->older != NULL)
        s->older->newer = s->newer;
    else
        g->oldest = s->newer;
    if (s->newer != NULL)
        s->newer->older = s->older;
    else
        g->newest = s->older;
    s->older = s->newer = NULL;
}

static void append(struct hb_groups *g, struct slot *s)
{
    s->older = g->newest;
    s->newer = NULL;
    if (g->newest != NULL)
        g->newest->newer = s;
    else
        g->oldest = s;
    g->newest = s;
}

static void drop(struct hb_groups *g, struct slot *s)
{
    (void)hb_map_del(g->map, hb_slice_z(s->g.key));
    unlink_slot(g, s);
    s->newer = g->unused;
    g->unused = s;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_metrics.c - how long it took: from the beginning to noticing, from
 * knowing to containing and to recovering, per case (after-action review).
 *
 * Runs in core.  Figures come from facts, states and the timeline; what nobody
 * recorded is left out and counted as missing, never guessed.
 */
#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "core/cmd.h"
#include "incident/fact.h"

#define PER_CASE 256u

enum span { NOTICED, CONTAINED, RECOVERED, SPANS };

static hb_core_cmd_fn metrics;

const struct hb_core_cmd hb_core_cmds_metrics[] = {
    {"metrics", HB_NEED_READ, metrics, HB_ABOUT_NONE},
    {NULL, HB_NEED_NOTHING, NULL, HB_ABOUT_NONE},
};

struct figures { /* of one case */
    struct hb_core_call *call;
    int number;
    int64_t incidents;
    int64_t ns[SPANS][PER_CASE];
    size_t n[SPANS];
};

static hb_incident_fn add_incident;
static void add(struct figures *f, enum span s, int64_t from, int64_t to);
static int64_t fact_time(struct hb_core *c, struct hb_arena *a,
                         int64_t incident, const char *name);
static int64_t state_time(struct hb_core *c, int64_t incident,
                          const char *state);
static const char *median(struct hb_arena *a, int64_t *v, size_t n);
static int by_size(const void *a, const void *b);
static const char *const names[SPANS] = {"noticed", "contained", "recovered"};

static int metrics(struct hb_core_call *call)
{
    const struct hb_casebook *b = call->core->book;
    struct figures *f = HB_NEW(call->arena, struct figures);
    struct hb_jw w;

    if (f == NULL)
        return -ENOMEM;
    hb_jw_init(&w, &call->data);
    hb_jw_arr(&w, NULL);
    hb_buf_addz(&call->text,
                _("Median from the beginning to noticing, from knowing to "
                  "containing and to recovering:\n"));
    for (size_t i = 0; i < b->n; i++) {
        int r;

        *f = (struct figures){.call = call, .number = (int)b->cases[i].number};
        r = hb_incident_each(&call->core->state, false, add_incident, f);
        if (r < 0)
            return r;
        if (f->incidents == 0)
            continue;
        hb_buf_addf(&call->text, "%2d  %-12s %-12s %-12s %s (%lld)\n",
                    f->number, median(call->arena, f->ns[0], f->n[0]),
                    median(call->arena, f->ns[1], f->n[1]),
                    median(call->arena, f->ns[2], f->n[2]),
                    hb_text(&b->cases[i].title), (long long)f->incidents);
        hb_jw_obj(&w, NULL);
        hb_jw_int(&w, "case", f->number);
        hb_jw_int(&w, "incidents", f->incidents);
        for (int s = 0; s < SPANS; s++) {
            char key[32];

            (void)snprintf(key, sizeof(key), "%s_ns", names[s]);
            hb_jw_int(&w, key, f->n[s] > 0 ? f->ns[s][f->n[s] / 2] : -1);
            (void)snprintf(key, sizeof(key), "%s_known", names[s]);
            hb_jw_int(&w, key, (int64_t)f->n[s]);
        }
        hb_jw_end_obj(&w);
    }
    hb_jw_end_arr(&w);
    return 0;
}

static int add_incident(void *arg, const struct hb_incident *i)
{
    struct figures *f = arg;
    struct hb_core *c = f->call->core;
    struct hb_arena *a = f->call->arena;
    int64_t began, contained, recovered;

    if (i->case_number != f->number || hb_core_hidden(f->call, i->id))
        return 0;
    f->incidents++;
    began = fact_time(c, a, i->id, "occurred_from");
    if (began == 0 && i->findings > 0)
        began = i->first_event;
    add(f, NOTICED, began, i->known_at);
    contained = state_time(c, i->id, "contained");
    if (contained == 0)
        contained = fact_time(c, a, i->id, "isolated_at");
    add(f, CONTAINED, i->known_at, contained);
    recovered = state_time(c, i->id, "recovered");
    add(f, RECOVERED, i->known_at, recovered != 0 ? recovered : i->closed);
    return 0;
}

/* A time that was not recorded, or lies before its beginning, says nothing. */
static void add(struct figures *f, enum span s, int64_t from, int64_t to)
{
    if (from != 0 && to >= from && f->n[s] < PER_CASE)
        f->ns[s][f->n[s]++] = to - from;
}

static int64_t fact_time(struct hb_core *c, struct hb_arena *a,
                         int64_t incident, const char *name)
{
    struct hb_known k;
    int64_t ns = 0;

    if (hb_known_get(&c->state, a, incident, name, &k) != 1 ||
        hb_time_parse(hb_slice_z(k.value), &ns) < 0)
        return 0;
    return ns;
}

static int64_t state_time(struct hb_core *c, int64_t incident,
                          const char *state)
{
    int64_t ns = 0;
    char like[64];
    int r;

    (void)snprintf(like, sizeof(like), "%%\"%s\"%%", state);
    r = hb_db_number(c->state.db, &ns,
                     "SELECT coalesce(min(time), 0) FROM timeline"
                     " WHERE incident = ?1 AND kind = 'incident.state'"
                     " AND args LIKE ?2",
                     "it", incident, like);
    return r < 0 ? 0 : ns;
}

static const char *median(struct hb_arena *a, int64_t *v, size_t n)
{
    int64_t middle, minutes;
    const char *z;

    if (n == 0)
        return "-";
    qsort(v, n, sizeof(*v), by_size);
    middle = v[n / 2];
    minutes = middle / (60 * (int64_t)HB_S);
    if (minutes < 1)
        z = hb_arena_printf(a, "%.1f s", (double)middle / (double)HB_S);
    else if (minutes < 120)
        z = hb_arena_printf(a, "%lld min", (long long)minutes);
    else if (minutes < 48 * 60)
        z = hb_arena_printf(a, "%lld h", (long long)(minutes / 60));
    else
        z = hb_arena_printf(a, "%lld d", (long long)(minutes / 1440));
    return z != NULL ? z : "?";
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - the deadlines of incidents, in the table `clock`.
 *
 * Runs in core.  Moments are absolute and stand in the table: neither a
 * restart nor a clock that was set moves one.  What was told once is marked
 * with the row, in the same transaction as its line in the timeline.
 */
#include "incident/clock.h"

#include "base/clock.h"
#include "base/day.h"
#include "base/i18n.h"
#include "base/json.h"
#include "incident/fact.h"
#include "incident/message.h"

#define COLUMNS                                                                \
    "id, incident, rule, title_en, title_ja, start, due, target, yardstick,"   \
    " to_confirm, state, warned, first_by, words, ended"

struct review { /* of one incident */
    struct hb_state *s;
    struct hb_arena *a;
    const struct hb_clock_rules *rules;
    struct hb_incident i;
    int changed;
    int err;
};

struct listing { /* copies, so that rows may be written meanwhile */
    struct hb_arena *a;
    struct hb_clock *v;
    size_t n, cap;
};

static int review_rule(struct review *x, const struct hb_duty *r);
static int review_contract(struct review *x, const struct hb_contract *k);
static const struct hb_value *fact_value(void *arg, const char *name);
static int starts_at(struct review *x, const struct hb_duty *r, int64_t *ret);
static int run(struct review *x, struct hb_clock *c, bool triggered);
static int doubt(struct review *x, const struct hb_clock *c);
static int move(struct review *x, const struct hb_clock *old,
                const struct hb_clock *c);
static int by_rule(struct hb_state *s, struct hb_arena *a, int64_t incident,
                   const char *rule, struct hb_clock *ret);
static int fill(const struct hb_rulepack *p, const struct hb_duty *r,
                int64_t start, struct hb_clock *ret);
static int fill_contract(const struct hb_contract *k, int64_t start,
                         struct hb_clock *ret);
static int insert(struct hb_state *s, const struct hb_clock *c,
                  const struct hb_person *by);
static int end(struct hb_state *s, struct hb_clock *c,
               const struct hb_person *by, enum hb_clock_state state,
               const char *words);
static int running(struct hb_state *s, struct hb_arena *a, int64_t id,
                   struct hb_clock *ret, struct hb_err *err);
static int no_words(const char *words, struct hb_err *err);
static int warn(struct hb_state *s, const struct hb_clock *c, int64_t now,
                hb_clock_warn_fn *fn, void *arg);
static int mark(struct hb_state *s, const struct hb_clock *c, unsigned bits,
                const char *kind, int warning);
static int tell(struct hb_state *s, const struct hb_clock *c, const char *kind,
                const struct hb_person *by, const char *words);
static void read_row(struct hb_stmt *q, struct hb_clock *ret);
static int copy(struct hb_arena *a, struct hb_clock *c);
static int collect(void *arg, const struct hb_clock *c);

int hb_clock_review(struct hb_state *s, const struct hb_clock_rules *rules,
                    int64_t incident)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct review x = {.s = s, .a = a, .rules = rules};
    int r = a == NULL ? -ENOMEM : hb_incident_get(s, a, incident, &x.i);
    int64_t day;

    if (r < 0)
        return r;
    day = hb_day_at(x.i.known_at, HB_JST);
    for (size_t i = 0; rules->pack != NULL && r >= 0 && i < rules->pack->n; i++)
        if (hb_duty_valid(&rules->pack->rules[i], day))
            r = review_rule(&x, &rules->pack->rules[i]);
    for (size_t i = 0; r >= 0 && i < rules->contracts_n; i++)
        r = review_contract(&x, &rules->contracts[i]);
    return r < 0 ? r : x.changed;
}

int hb_clock_start(struct hb_state *s, const struct hb_clock_rules *rules,
                   int64_t incident, const char *rule, int64_t start,
                   const struct hb_person *by, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_clock c = {.incident = incident}, old;
    const struct hb_duty *r = NULL;
    int rc = -ENOENT;

    if (a == NULL)
        return -ENOMEM;
    if (strncmp(rule, HB_CLOCK_CONTRACT, strlen(HB_CLOCK_CONTRACT)) == 0) {
        for (size_t i = 0; i < rules->contracts_n; i++)
            if (hb_streq(rules->contracts[i].name,
                         rule + strlen(HB_CLOCK_CONTRACT)))
                rc = fill_contract(&rules->contracts[i], start, &c);
        c.rule = rule;
    } else if (rules->pack != NULL &&
               (r = hb_duty_find(rules->pack, rule,
                                 hb_day_at(start, HB_JST))) != NULL) {
        rc = fill(rules->pack, r, start, &c);
    }
    if (rc == -ENODATA)
        return hb_err_set(
            err, rc, _("%s holds at all times and has no deadline."), rule);
    if (rc < 0)
        return hb_err_set(
            err, rc, _("There is no rule \"%s\" (hinoban rules list)."), rule);
    rc = by_rule(s, a, incident, rule, &old);
    if (rc == 1)
        return hb_err_set(err, -EEXIST,
                          _("This deadline stands already: number %lld."),
                          (long long)old.id);
    return rc < 0 ? rc : insert(s, &c, by);
}

int hb_clock_done(struct hb_state *s, int64_t id, const struct hb_person *by,
                  const char *words, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_clock c = {0};
    int r = a == NULL ? -ENOMEM : running(s, a, id, &c, err);

    if (r == 0)
        r = no_words(words, err);
    return r < 0 ? r : end(s, &c, by, HB_CLK_DONE, words);
}

int hb_clock_stop(struct hb_state *s, int64_t id, const struct hb_person *by,
                  const char *words, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_clock c = {0};
    int r = a == NULL ? -ENOMEM : running(s, a, id, &c, err);

    if (r == 0)
        r = no_words(words, err);
    if (r < 0)
        return r;
    if (c.first_by == by->id)
        return hb_err_set(err, -EPERM,
                          _("A second person has to agree that this deadline "
                            "does not apply."));
    if (c.first_by != 0)
        return end(s, &c, by, HB_CLK_NOT_APPLICABLE, words);
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE clock SET first_by = ?2, words = ?3"
                   " WHERE id = ?1",
                   "iit", c.id, by->id, words);
    if (r == 0)
        r = tell(s, &c, "clock.first_eyes", by, words);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r < 0 ? r : -EINPROGRESS;
}

int hb_clock_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                 struct hb_clock *ret)
{
    struct hb_stmt *q;
    int r =
        hb_db_stmt(s->db, "SELECT " COLUMNS " FROM clock WHERE id = ?1", &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        read_row(q, ret);
        r = copy(a, ret);
    } else if (r == 0) {
        r = -ENOENT;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_clock_each(struct hb_state *s, int64_t incident, bool running_only,
                  hb_clock_fn *fn, void *arg)
{
    struct hb_clock c;
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT " COLUMNS " FROM clock"
                       " WHERE (?1 = 0 OR incident = ?1)"
                       " AND (?2 = 0 OR state = 1) ORDER BY due, id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_int(q, 2, running_only);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        read_row(q, &c);
        r = fn(arg, &c);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_clock_tick(struct hb_state *s, hb_clock_warn_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct listing l = {.a = a};
    int64_t now = hb_now();
    int r = a == NULL ? -ENOMEM : hb_clock_each(s, 0, true, collect, &l);

    for (size_t i = 0; r >= 0 && i < l.n; i++)
        r = warn(s, &l.v[i], now, fn, arg);
    return r;
}

/* ---- what the facts propose ---- */

static int review_rule(struct review *x, const struct hb_duty *r)
{
    struct hb_clock c = {.incident = x->i.id};
    int64_t start = x->i.known_at;
    int yes = hb_duty_triggered(r, fact_value, x), rc = 0;

    if (x->err < 0 || yes < 0)
        return x->err < 0 ? x->err : yes;
    /* A question that we put to somebody starts when we put it. */
    if (r->trigger == HB_TRIGGER_BY_HAND || r->start != HB_START_KNOWN)
        yes = 0;
    if (yes > 0)
        rc = starts_at(x, r, &start);
    if (rc == 0)
        rc = fill(x->rules->pack, r, start, &c);
    if (rc == -ENODATA)
        return 0; /* a standing duty */
    return rc < 0 ? rc : run(x, &c, yes > 0);
}

static int review_contract(struct review *x, const struct hb_contract *k)
{
    struct hb_clock c = {.incident = x->i.id};
    int r;

    if (!k->always)
        return 0;
    c.rule = hb_arena_printf(x->a, "%s%s", HB_CLOCK_CONTRACT, k->name);
    if (c.rule == NULL)
        return -ENOMEM;
    r = fill_contract(k, x->i.known_at, &c);
    return r < 0 ? r : run(x, &c, true);
}

static const struct hb_value *fact_value(void *arg, const char *name)
{
    struct review *x = arg;
    const struct hb_fact *f = NULL;
    struct hb_value *v = HB_NEW(x->a, struct hb_value);
    struct hb_known k;
    int r;

    for (size_t i = 0; f == NULL && i < x->s->casebook->facts_n; i++)
        if (hb_streq(x->s->casebook->facts[i].var.name, name))
            f = &x->s->casebook->facts[i];
    if (f == NULL || v == NULL) {
        x->err = f == NULL ? -EINVAL : -ENOMEM;
        return NULL;
    }
    r = hb_known_get(x->s, x->a, x->i.id, f->name, &k);
    if (r < 0)
        x->err = r;
    return r == 1 && hb_known_value(f, k.value, v) ? v : NULL;
}

/* Since when the thing was known that the rule is about: a leak of personal
 * data where the rule asks for one, else the incident.  Every word counts, so
 * an earlier known_at of a later word moves the start. */
static int starts_at(struct review *x, const struct hb_duty *r, int64_t *ret)
{
    int64_t first = 0;
    int rc;

    if (r->condition == NULL ||
        strstr(r->condition, "__personal_data__") == NULL)
        return 0;
    rc = hb_db_number(x->s->db, &first,
                      "SELECT coalesce(min(known_at), 0) FROM fact"
                      " WHERE incident = ?1 AND name = 'personal_data'"
                      " AND value = 'true'",
                      "i", x->i.id);
    if (rc == 1 && first > 0)
        *ret = first;
    return rc < 0 ? rc : 0;
}

static int run(struct review *x, struct hb_clock *c, bool triggered)
{
    struct hb_clock old = {0};
    int r = by_rule(x->s, x->a, x->i.id, c->rule, &old);

    if (r < 0)
        return r;
    if (r == 0) {
        if (!triggered)
            return 0;
        x->changed++;
        return insert(x->s, c, NULL);
    }
    if (old.state != HB_CLK_RUNNING)
        return 0;
    if (!triggered)
        return doubt(x, &old);
    return c->start < old.start ? move(x, &old, c) : 0;
}

/* A clock that started by the facts is not stopped by them. */
static int doubt(struct review *x, const struct hb_clock *c)
{
    if ((c->warned & HB_CLK_DOUBTFUL) != 0)
        return 0;
    x->changed++;
    return mark(x->s, c, HB_CLK_DOUBTFUL, "clock.doubtful", -1);
}

static int move(struct review *x, const struct hb_clock *old,
                const struct hb_clock *c)
{
    struct hb_clock now = *old;
    int r = hb_db_begin(x->s->db);

    if (r < 0)
        return r;
    now.start = c->start;
    now.due = c->due;
    r = hb_db_exec(x->s->db,
                   "UPDATE clock SET start = ?2, due = ?3, target = ?4"
                   " WHERE id = ?1",
                   "iiii", old->id, c->start, c->due, c->target);
    if (r == 0)
        r = tell(x->s, &now, "clock.moved", NULL, "");
    if (r == 0)
        r = hb_db_commit(x->s->db);
    if (r < 0)
        hb_db_rollback(x->s->db);
    x->changed++;
    return r;
}

/* ---- rows ---- */

static int by_rule(struct hb_state *s, struct hb_arena *a, int64_t incident,
                   const char *rule, struct hb_clock *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT " COLUMNS " FROM clock WHERE incident = ?1"
                       " AND rule = ?2",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_text(q, 2, rule);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        read_row(q, ret);
        r = copy(a, ret) < 0 ? -ENOMEM : 1;
    }
    hb_stmt_reset(q);
    return r;
}

static int fill(const struct hb_rulepack *p, const struct hb_duty *r,
                int64_t start, struct hb_clock *ret)
{
    struct hb_deadline d;
    int rc = hb_duty_due(p, r, start, &d);

    if (rc < 0)
        return rc;
    ret->rule = r->id;
    ret->title_en = r->title.in[HB_LANG_EN];
    ret->title_ja = r->title.in[HB_LANG_JA];
    ret->start = d.start;
    ret->due = d.due;
    ret->target = d.target;
    ret->yardstick = d.yardstick;
    ret->to_confirm = r->certainty == HB_CERTAINTY_TO_CONFIRM;
    return 0;
}

static int fill_contract(const struct hb_contract *k, int64_t start,
                         struct hb_clock *ret)
{
    if (start > INT64_MAX - (int64_t)k->within)
        return -ERANGE;
    ret->title_en = k->title.in[HB_LANG_EN];
    ret->title_ja = k->title.in[HB_LANG_JA];
    ret->start = start;
    ret->due = ret->target = start + (int64_t)k->within;
    return 0;
}

static int insert(struct hb_state *s, const struct hb_clock *c,
                  const struct hb_person *by)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "INSERT INTO clock(incident, rule, title_en, title_ja,"
                   " start, due, target, yardstick, to_confirm, state, warned,"
                   " first_by, words, ended)"
                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, 0, 0, '',"
                   " 0)",
                   "itttiiiii", c->incident, c->rule, c->title_en, c->title_ja,
                   c->start, c->due, c->target, (int64_t)c->yardstick,
                   (int64_t)c->to_confirm);
    if (r == 0)
        r = tell(s, c, "clock.started", by, "");
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int end(struct hb_state *s, struct hb_clock *c,
               const struct hb_person *by, enum hb_clock_state state,
               const char *words)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE clock SET state = ?2, words = ?3, ended = ?4"
                   " WHERE id = ?1",
                   "iiti", c->id, (int64_t)state, words, hb_now());
    if (r == 0)
        r = tell(s, c, state == HB_CLK_DONE ? "clock.done" : "clock.stopped",
                 by, words);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int running(struct hb_state *s, struct hb_arena *a, int64_t id,
                   struct hb_clock *ret, struct hb_err *err)
{
    int r = hb_clock_get(s, a, id, ret);

    if (r == -ENOENT)
        return hb_err_set(err, r, _("There is no deadline %lld."),
                          (long long)id);
    if (r == 0 && ret->state != HB_CLK_RUNNING)
        return hb_err_set(err, -EALREADY, _("Deadline %lld has ended."),
                          (long long)id);
    return r;
}

static int no_words(const char *words, struct hb_err *err)
{
    if (words[strspn(words, " \t\r\n")] != '\0' &&
        strlen(words) <= HB_KNOWN_VALUE_MAX)
        return 0;
    return hb_err_set(err, -EINVAL,
                      _("Say in words what was done, with the number of "
                        "receipt, or why it does not apply."));
}

/* ---- warnings ---- */

static int warn(struct hb_state *s, const struct hb_clock *c, int64_t now,
                hb_clock_warn_fn *fn, void *arg)
{
    struct hb_warning w[HB_WARNINGS_MAX];
    size_t n = hb_warnings(c->start, c->due, w);
    unsigned bits = 0;
    int latest = -1, r;

    /* Of several that passed while nobody ran only the last is told. */
    for (size_t i = 0; i < n; i++)
        if (w[i].at <= now && (c->warned & 1u << w[i].kind) == 0) {
            bits |= 1u << w[i].kind;
            latest = (int)w[i].kind;
        }
    if (c->due <= now && (c->warned & HB_CLK_OVERDUE) == 0) {
        bits |= HB_CLK_OVERDUE;
        latest = HB_WARNING_KIND_OVERDUE;
    }
    if (bits == 0)
        return 0;
    r = mark(s, c, bits,
             latest == HB_WARNING_KIND_OVERDUE ? "clock.overdue"
                                               : "clock.warning",
             latest);
    if (r == 0 && fn != NULL)
        fn(arg, c, latest);
    return r;
}

/* WARNING: who has to know is told, too; -1: nobody. */
static int mark(struct hb_state *s, const struct hb_clock *c, unsigned bits,
                const char *kind, int warning)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db, "UPDATE clock SET warned = ?2 WHERE id = ?1", "ii",
                   c->id, (int64_t)(c->warned | bits));
    if (r == 0)
        r = tell(s, c, kind, NULL, "");
    if (r == 0 && warning >= 0)
        r = hb_message_deadline(s, c, warning);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

/* BY: NULL for core itself. */
static int tell(struct hb_state *s, const struct hb_clock *c, const char *kind,
                const struct hb_person *by, const char *words)
{
    struct hb_buf args = HB_BUF_INIT, actor = HB_BUF_INIT;
    char due[64];
    struct hb_jw w;
    int r;

    hb_buf_addf(&actor, "%s%s", by != NULL ? "person:" : "role:",
                by != NULL ? by->name : "core");
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "title", c->title_en);
    hb_jw_str(&w, "title_ja", c->title_ja);
    hb_jw_str(&w, "due", hb_time_zone(c->due, HB_JST, "JST", due, sizeof(due)));
    hb_jw_str(&w, "by", by != NULL ? by->full_name : "");
    hb_jw_str(&w, "answer", words);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(s, c->incident, hb_now(), kind, hb_buf_z(&actor),
                            hb_buf_z(&args), "");
    hb_buf_done(&args);
    hb_buf_done(&actor);
    return r;
}

static void read_row(struct hb_stmt *q, struct hb_clock *ret)
{
    *ret = (struct hb_clock){
        .id = hb_stmt_col_int(q, 0),
        .incident = hb_stmt_col_int(q, 1),
        .rule = hb_stmt_col_text(q, 2),
        .title_en = hb_stmt_col_text(q, 3),
        .title_ja = hb_stmt_col_text(q, 4),
        .start = hb_stmt_col_int(q, 5),
        .due = hb_stmt_col_int(q, 6),
        .target = hb_stmt_col_int(q, 7),
        .yardstick = hb_stmt_col_int(q, 8) != 0,
        .to_confirm = hb_stmt_col_int(q, 9) != 0,
        .state = (enum hb_clock_state)hb_stmt_col_int(q, 10),
        .warned = (unsigned)hb_stmt_col_int(q, 11),
        .first_by = hb_stmt_col_int(q, 12),
        .words = hb_stmt_col_text(q, 13),
        .ended = hb_stmt_col_int(q, 14),
    };
}

static int copy(struct hb_arena *a, struct hb_clock *c)
{
    c->rule = hb_arena_strdup(a, c->rule);
    c->title_en = hb_arena_strdup(a, c->title_en);
    c->title_ja = hb_arena_strdup(a, c->title_ja);
    c->words = hb_arena_strdup(a, c->words);
    return c->rule == NULL || c->title_en == NULL || c->title_ja == NULL ||
                   c->words == NULL
               ? -ENOMEM
               : 0;
}

static int collect(void *arg, const struct hb_clock *c)
{
    struct listing *l = arg;

    if (l->n == l->cap) {
        size_t cap = l->cap == 0 ? 32 : l->cap * 2;
        struct hb_clock *more = HB_NEW_N(l->a, struct hb_clock, cap);

        if (more == NULL)
            return -ENOMEM;
        if (l->n > 0)
            memcpy(more, l->v, l->n * sizeof(*more));
        l->v = more;
        l->cap = cap;
    }
    l->v[l->n] = *c;
    return copy(l->a, &l->v[l->n++]);
}

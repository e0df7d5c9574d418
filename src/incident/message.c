/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.c - who is told what, and how it went, in the table `message`.
 *
 * Runs in core, which has no network: core/core_message.c hands what is due to
 * the role "outside".  A message is sent at least once: where core died
 * between the relay's answer and its row, it is sent again.
 *
 * Two guards stand at both ends: whom an incident is hidden from is left out
 * when the row is made and looked at again when it is sent, since the circle
 * may have been narrowed in between.
 */
#include "incident/message.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/json.h"
#include "incident/fact.h"
#include "incident/hidden.h"

#define MINUTE_NS ((int64_t)(60 * HB_S))
#define HOUR_NS   (60 * MINUTE_NS)
#define COLUMNS                                                                \
    "m.id, m.incident, m.task, m.clock, m.person, coalesce(p.name, ''),"       \
    " m.channel, m.kind, m.subject, m.created, m.changed, m.next_try,"         \
    " m.tries, m.state, m.detail"
#define FROM " FROM message m LEFT JOIN person p ON p.id = m.person"

#define OUT_OF_BAND N_("call by telephone: mail may be read along")

/* What a row is about. */
struct about {
    enum hb_message_kind kind;
    int64_t incident, task, clock;
    int64_t turn; /* tells one from another of the same kind and thing */
};

static int tell_role(struct hb_state *s, const struct about *x, unsigned role);
static int tell_hook(struct hb_state *s, const struct about *x);
static int insert(struct hb_state *s, const struct about *x, int64_t person,
                  const char *channel, const char *failed);
static int tell(struct hb_state *s, const struct about *x,
                const struct hb_person *p);
static int next_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                    struct hb_message *ret);
static const char *why_not(struct hb_state *s, struct hb_arena *a,
                           const struct hb_message *m, int *ret_r);
static int over(struct hb_state *s, const struct hb_message *m);
static int hold(struct hb_state *s, const struct hb_message *m, int64_t now,
                const char *why);
static int set(struct hb_state *s, int64_t id, int64_t now,
               enum hb_message_state state, const char *detail);
static int give_up(struct hb_state *s, struct hb_arena *a,
                   const struct hb_message *m, int64_t now, const char *why);
static int by_id(struct hb_state *s, struct hb_arena *a, int64_t id,
                 struct hb_message *ret);
static int read_row(struct hb_stmt *q, struct hb_arena *a,
                    struct hb_message *ret);

static const char *const kinds[HB_MSG_KINDS] = {
    "?", "opened", "task", "escalated", "deadline", "overdue", "test"};
static const char *const states[] = {"?", "waiting", "sent", "failed", "held"};
static const int64_t waits[] = {MINUTE_NS, 5 * MINUTE_NS, 15 * MINUTE_NS,
                                HOUR_NS};

/* ---- who is told ---- */

int hb_message_opened(struct hb_state *s, int64_t incident)
{
    const struct about x = {.kind = HB_MSG_OPENED, .incident = incident};

    int r = tell_role(s, &x, HB_PR_OFFICER);

    return r == 0 ? tell_hook(s, &x) : r;
}

int hb_message_task(struct hb_state *s, const struct hb_task *t)
{
    const struct about x = {
        .kind = HB_MSG_TASK, .incident = t->incident, .task = t->id};
    int r = tell_hook(s, &x);

    if (r == 0 && t->owner != 0)
        return hb_message_assigned(s, t->id, t->owner);
    for (unsigned bit = 1; bit <= HB_PR_AUDIT && r == 0; bit <<= 1)
        if ((t->roles & bit) != 0)
            r = tell_role(s, &x, bit);
    return r;
}

int hb_message_assigned(struct hb_state *s, int64_t task, int64_t person)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct about x = {.kind = HB_MSG_TASK, .task = task};
    struct hb_person p = {0};
    struct hb_task t;
    int r = a == NULL ? -ENOMEM : hb_task_get(s, a, task, &t);

    if (r == 0)
        r = hb_person_get(s, a, person, &p);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    x.incident = t.incident;
    return tell(s, &x, &p);
}

int hb_message_escalated(struct hb_state *s, const struct hb_task *t,
                         const struct hb_person *to, int64_t now)
{
    const struct about x = {.kind = HB_MSG_ESCALATED,
                            .incident = t->incident,
                            .task = t->id,
                            .turn = now / HOUR_NS};
    int r = tell(s, &x, to);

    return r == 0 ? tell_hook(s, &x) : r;
}

int hb_message_deadline(struct hb_state *s, const struct hb_clock *c,
                        int warning)
{
    bool overdue = warning == HB_WARNING_KIND_OVERDUE;
    const struct about x = {.kind = overdue ? HB_MSG_OVERDUE : HB_MSG_DEADLINE,
                            .incident = c->incident,
                            .clock = c->id,
                            .turn = warning};
    int r = tell_role(s, &x, HB_PR_OFFICER);

    if (r == 0 && overdue)
        r = tell_role(s, &x, HB_PR_MANAGER);
    return r == 0 ? tell_hook(s, &x) : r;
}

int64_t hb_message_test(struct hb_state *s, int64_t person)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const struct about x = {.kind = HB_MSG_TEST, .turn = hb_now()};
    struct hb_person p = {0};
    int r = a == NULL ? -ENOMEM : hb_person_get(s, a, person, &p);

    if (r == 0)
        r = !p.active ? -ENOENT : p.mail[0] == '\0' ? -EDESTADDRREQ : 0;
    if (r == 0)
        r = tell(s, &x, &p);
    return r < 0 ? r : hb_db_last_id(s->db);
}

/* Who is on duty; nobody is no error: status says who is missing. */
static int tell_role(struct hb_state *s, const struct about *x, unsigned role)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person p = {0};
    int r = a == NULL ? -ENOMEM
                      : hb_person_on_duty_for(s, a, x->incident, role, 0, &p);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    return tell(s, x, &p);
}

static int tell(struct hb_state *s, const struct about *x,
                const struct hb_person *p)
{
    if (!p->active ||
        (x->incident != 0 && hb_hidden_from(s, x->incident, p->id)))
        return 0;
    return insert(s, x, p->id, "mail",
                  p->mail[0] != '\0' ? NULL
                                     : N_("no mail address is registered"));
}

static int tell_hook(struct hb_state *s, const struct about *x)
{
    if (!s->webhook || hb_hidden_from(s, x->incident, 0))
        return 0;
    return insert(s, x, 0, "webhook", NULL);
}

/* FAILED: why it cannot even be tried; NULL: it can. */
static int insert(struct hb_state *s, const struct about *x, int64_t person,
                  const char *channel, const char *failed)
{
    int64_t now = hb_now();
    char key[160];

    (void)snprintf(key, sizeof(key), "%s/%s/%lld/%lld/%lld/%lld/%lld", channel,
                   kinds[x->kind], (long long)x->incident, (long long)x->task,
                   (long long)x->clock, (long long)x->turn, (long long)person);
    return hb_db_exec(
        s->db,
        "INSERT INTO message(key, incident, task, clock, person, channel,"
        " kind, subject, created, tries, next_try, state, changed, detail)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, '', ?8, 0, ?8, ?9, ?8, ?10)"
        " ON CONFLICT(key) DO NOTHING",
        "tiiiittiit", key, x->incident, x->task, x->clock, person, channel,
        kinds[x->kind], now,
        (int64_t)(failed == NULL ? HB_MSG_WAITING : HB_MSG_FAILED),
        failed == NULL ? "" : failed);
}

/* ---- sending ---- */

int hb_message_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                   struct hb_message *ret)
{
    struct hb_message m;
    const char *why;
    int r;

    while ((r = next_due(s, a, now, &m)) == 1) {
        why = why_not(s, a, &m, &r);
        if (r < 0)
            return r;
        if (why == NULL) {
            *ret = m;
            return 1;
        }
        r = hold(s, &m, now, why);
        if (r < 0)
            return r;
    }
    return r;
}

int hb_message_handed(struct hb_state *s, int64_t id, const char *subject)
{
    return hb_db_exec(s->db, "UPDATE message SET subject = ?2 WHERE id = ?1",
                      "it", id, subject);
}

int hb_message_sent(struct hb_state *s, int64_t id, int64_t now,
                    const char *answer)
{
    return hb_db_exec(s->db,
                      "UPDATE message SET state = ?2, changed = ?3,"
                      " detail = ?4, tries = tries + 1 WHERE id = ?1",
                      "iiit", id, (int64_t)HB_MSG_SENT, now, answer);
}

int hb_message_refused(struct hb_state *s, int64_t id, int64_t now,
                       const char *why)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};
    int r = a == NULL ? -ENOMEM : by_id(s, a, id, &m);

    if (r < 0)
        return r;
    if (hb_message_pause(m.tries) < 0)
        return give_up(s, a, &m, now, why);
    return hb_db_exec(s->db,
                      "UPDATE message SET tries = tries + 1, next_try = ?2,"
                      " changed = ?3, detail = ?4 WHERE id = ?1",
                      "iiit", id, now + hb_message_pause(m.tries), now, why);
}

int64_t hb_message_pause(int64_t tries)
{
    return tries >= 0 && tries < (int64_t)HB_ARRAY_LEN(waits) ? waits[tries]
                                                              : -1;
}

/* A time further ahead than we ever wait was noted by a clock that was
 * wrong. */
static int next_due(struct hb_state *s, struct hb_arena *a, int64_t now,
                    struct hb_message *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT " COLUMNS FROM " WHERE m.state = 1"
                       " AND (m.next_try <= ?1 OR m.next_try > ?2)"
                       " ORDER BY m.next_try, m.id LIMIT 1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, now);
    if (r == 0)
        r = hb_stmt_int(q, 2, now + HOUR_NS);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1 && read_row(q, a, ret) < 0)
        r = -ENOMEM;
    hb_stmt_reset(q);
    return r;
}

/* NULL: it may be sent.  *RET_R is negative where that cannot be known. */
static const char *why_not(struct hb_state *s, struct hb_arena *a,
                           const struct hb_message *m, int *ret_r)
{
    struct hb_known k;
    struct hb_person p = {.active = s->webhook};
    int r = m->person != 0 ? hb_person_get(s, a, m->person, &p) : 0;

    *ret_r = r == -ENOENT ? 0 : r;
    if (r < 0 || !p.active)
        return N_("no longer registered");
    if (m->incident == 0)
        return NULL;
    if (hb_hidden_from(s, m->incident, m->person))
        return N_("the circle was narrowed");
    r = over(s, m);
    if (r > 0)
        return N_("no longer needed");
    if (r == 0)
        r = hb_known_get(s, a, m->incident, "out_of_band", &k);
    *ret_r = HB_MIN(r, 0);
    return r == 1 && hb_streq(k.value, "true") ? OUT_OF_BAND : NULL;
}

/* Whether what it tells of has ended: 1, 0. */
static int over(struct hb_state *s, const struct hb_message *m)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT CASE"
                         " WHEN ?2 <> 0 THEN (SELECT count(*) FROM task"
                         "  WHERE id = ?2 AND state = 1)"
                         " WHEN ?3 <> 0 THEN (SELECT count(*) FROM clock"
                         "  WHERE id = ?3 AND state = 1)"
                         " ELSE (SELECT count(*) FROM incident"
                         "  WHERE id = ?1 AND state < 4) END",
                         "iii", m->incident, m->task, m->clock);

    return r < 0 ? r : n == 0;
}

/* The timeline says once that people are called; not why one person of a
 * narrowed circle gets nothing. */
static int hold(struct hb_state *s, const struct hb_message *m, int64_t now,
                const char *why)
{
    int64_t told = 1;
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = set(s, m->id, now, HB_MSG_HELD, why);
    if (r == 0 && hb_streq(why, OUT_OF_BAND))
        r = hb_db_number(s->db, &told,
                         "SELECT count(*) FROM timeline WHERE incident = ?1"
                         " AND kind = 'message.held'",
                         "i", m->incident);
    if (r >= 0)
        r = told == 0 ? hb_timeline_add(s, m->incident, now, "message.held",
                                        "role:core", "{}", "")
                      : 0;
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int set(struct hb_state *s, int64_t id, int64_t now,
               enum hb_message_state state, const char *detail)
{
    return hb_db_exec(s->db,
                      "UPDATE message SET state = ?2, changed = ?3,"
                      " detail = ?4 WHERE id = ?1",
                      "iiit", id, (int64_t)state, now, detail);
}

static int give_up(struct hb_state *s, struct hb_arena *a,
                   const struct hb_message *m, int64_t now, const char *why)
{
    _cleanup_buf_ struct hb_buf args = HB_BUF_INIT;
    struct hb_person p = {.full_name = m->channel};
    struct hb_jw w;
    int r = m->person != 0 ? hb_person_get(s, a, m->person, &p) : 0;

    if (r == 0 || r == -ENOENT)
        r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "to", p.full_name);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = set(s, m->id, now, HB_MSG_FAILED, why);
    if (r == 0 && m->incident != 0)
        r = hb_timeline_add(s, m->incident, now, "message.failed", "role:core",
                            hb_buf_z(&args), "");
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r < 0 ? r : 1;
}

/* ---- looking ---- */

int hb_message_each(struct hb_state *s, int64_t incident, int64_t limit,
                    hb_message_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_message m = {0};
    struct hb_stmt *q;
    int r = a == NULL ? -ENOMEM
                      : hb_db_stmt(s->db,
                                   "SELECT " COLUMNS FROM
                                   " WHERE ?1 = 0 OR m.incident = ?1"
                                   " ORDER BY m.id DESC LIMIT ?2",
                                   &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_int(q, 2, limit);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = read_row(q, a, &m);
        if (r == 0)
            r = fn(arg, &m);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_message_to_call(struct hb_state *s, hb_message_call_fn *fn, void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(
        s->db,
        "SELECT DISTINCT m.incident, p.id, p.name, p.full_name, p.phone"
        " FROM message m JOIN person p ON p.id = m.person"
        " JOIN incident i ON i.id = m.incident AND i.state < 4"
        " WHERE p.active = 1"
        " AND (m.state = 3 OR (m.state = 4 AND m.detail = ?1))"
        " AND (m.task = 0 OR EXISTS(SELECT 1 FROM task t"
        "  WHERE t.id = m.task AND t.state = 1))"
        " AND NOT EXISTS(SELECT 1 FROM hidden h WHERE h.incident = m.incident"
        "  AND h.person = m.person) ORDER BY m.incident, p.name",
        &q);

    if (r < 0)
        return r;
    r = hb_stmt_text(q, 1, OUT_OF_BAND);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        const struct hb_person p = {.id = hb_stmt_col_int(q, 1),
                                    .name = hb_stmt_col_text(q, 2),
                                    .full_name = hb_stmt_col_text(q, 3),
                                    .phone = hb_stmt_col_text(q, 4),
                                    .active = true};

        r = fn(arg, hb_stmt_col_int(q, 0), &p);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

const char *hb_message_kind_name(enum hb_message_kind kind)
{
    return (size_t)kind < HB_ARRAY_LEN(kinds) ? kinds[kind] : "?";
}

const char *hb_message_state_name(enum hb_message_state state)
{
    return (size_t)state < HB_ARRAY_LEN(states) ? states[state] : "?";
}

static int by_id(struct hb_state *s, struct hb_arena *a, int64_t id,
                 struct hb_message *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db, "SELECT " COLUMNS FROM " WHERE m.id = ?1", &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        r = read_row(q, a, ret);
    else if (r == 0)
        r = -ENOENT;
    hb_stmt_reset(q);
    return r;
}

static int read_row(struct hb_stmt *q, struct hb_arena *a,
                    struct hb_message *ret)
{
    const char *kind = hb_stmt_col_text(q, 7);
    struct hb_message m = {
        .id = hb_stmt_col_int(q, 0),
        .incident = hb_stmt_col_int(q, 1),
        .task = hb_stmt_col_int(q, 2),
        .clock = hb_stmt_col_int(q, 3),
        .person = hb_stmt_col_int(q, 4),
        .name = hb_arena_strdup(a, hb_stmt_col_text(q, 5)),
        .channel = hb_arena_strdup(a, hb_stmt_col_text(q, 6)),
        .subject = hb_arena_strdup(a, hb_stmt_col_text(q, 8)),
        .created = hb_stmt_col_int(q, 9),
        .changed = hb_stmt_col_int(q, 10),
        .next_try = hb_stmt_col_int(q, 11),
        .tries = hb_stmt_col_int(q, 12),
        .state = (enum hb_message_state)hb_stmt_col_int(q, 13),
        .detail = hb_arena_strdup(a, hb_stmt_col_text(q, 14)),
    };

    for (size_t i = 1; i < HB_ARRAY_LEN(kinds); i++)
        if (hb_streq(kinds[i], kind))
            m.kind = (enum hb_message_kind)i;
    if (m.name == NULL || m.channel == NULL || m.subject == NULL ||
        m.detail == NULL)
        return -ENOMEM;
    *ret = m;
    return 0;
}

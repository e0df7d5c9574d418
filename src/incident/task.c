/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task.c - what is asked of people, with owner, deadline and escalation.
 *
 * Runs in core.  A task is answered by a person who holds one of its roles
 * (or stands in for one); four eyes are two different people; what the step
 * demands as evidence must stand before it closes.
 */
#include "incident/incident.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "incident/message.h"
#include "incident/person.h"
#include "incident/prevent.h"

#define COLUMNS                                                                \
    "id, incident, step, title_en, title_ja, roles, owner, created, due,"      \
    " escalated, state, answer, done, done_by, four_eyes, second_by,"          \
    " evidence, patience, pass_to"

static int fetch(struct hb_stmt *q, struct hb_arena *a, struct hb_task *ret);
static int may_answer(struct hb_state *s, struct hb_arena *a,
                      const struct hb_task *t, int64_t person,
                      struct hb_person *who, struct hb_err *err);
static int record(struct hb_state *s, const struct hb_task *t,
                  const struct hb_person *who, bool done, const char *answer);
static int note(struct hb_state *s, const struct hb_task *t, const char *kind,
                const char *actor, const char *by_name, const char *by,
                const char *answer);
static int escalate_one(struct hb_state *s, struct hb_arena *a,
                        const struct hb_task *t, int64_t now);

int hb_task_add(struct hb_state *s, const struct hb_task *t, int64_t *ret_id)
{
    int64_t now = hb_now();
    struct hb_task made = *t;
    bool own = !hb_db_in_transaction(s->db);
    int r = own ? hb_db_begin(s->db) : 0;

    if (r < 0)
        return r;
    r = hb_db_exec(
        s->db,
        "INSERT INTO task(incident, step, title_en, title_ja, roles, owner,"
        " created, due, escalated, asked, state, answer, done, done_by,"
        " four_eyes, second_by, evidence, patience, pass_to) VALUES(?1, ?2,"
        " ?3, ?4, ?5, ?6, ?7, ?8, 0, ?7, 1, '', 0, 0, ?9, 0, ?10, ?11, ?12)",
        "itttiiiiitii", t->incident, t->step, t->title_en, t->title_ja,
        (int64_t)t->roles, t->owner, now, t->due, (int64_t)t->four_eyes,
        t->evidence != NULL ? t->evidence : "", t->patience,
        (int64_t)t->pass_to);
    if (r == 0) {
        made.id = hb_db_last_id(s->db);
        r = note(s, &made, "task.added", "role:core", NULL, NULL, NULL);
    }
    if (r == 0)
        r = hb_message_task(s, &made);
    if (r == 0 && own)
        r = hb_db_commit(s->db);
    if (r < 0) {
        if (own)
            hb_db_rollback(s->db);
        return r;
    }
    *ret_id = made.id;
    return 0;
}

int hb_task_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                struct hb_task *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db, "SELECT " COLUMNS " FROM task WHERE id = ?1", &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        r = fetch(q, a, ret);
    else if (r == 0)
        r = -ENOENT;
    hb_stmt_reset(q);
    return r;
}

int hb_task_answer(struct hb_state *s, int64_t id, int64_t person, bool done,
                   const char *answer, struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_person who = {0};
    struct hb_task t = {0};
    bool first_of_two;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_task_get(s, a, id, &t);
    if (r < 0)
        return hb_err_set(err, r, _("There is no task %lld."), (long long)id);
    r = may_answer(s, a, &t, person, &who, err);
    if (r < 0)
        return r;
    if (answer == NULL || answer[0] == '\0')
        return hb_err_set(err, -ENODATA,
                          _("Say in a few words what was done or why not; "
                            "it goes into the record."));
    r = hb_prevent_may(s, &t, done, err);
    if (r < 0)
        return r;
    first_of_two = done && t.four_eyes && t.second_by == 0;
    r = hb_db_begin(s->db);
    if (r < 0)
        return hb_err_set(err, r, _("The answer could not be kept."));
    if (first_of_two) {
        r = hb_db_exec(s->db, "UPDATE task SET second_by = ?2 WHERE id = ?1",
                       "ii", id, person);
        if (r == 0)
            r = note(s, &t, "task.first_eyes", "person", who.name,
                     who.full_name, answer);
    } else {
        r = record(s, &t, &who, done, answer);
    }
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0) {
        hb_db_rollback(s->db);
        return hb_err_set(err, r, _("The answer could not be kept."));
    }
    return first_of_two ? -EINPROGRESS : 0;
}

int hb_task_assign(struct hb_state *s, int64_t id, int64_t person, int64_t due)
{
    int r = hb_db_exec(s->db,
                       "UPDATE task SET owner = ?2, asked = ?3,"
                       " due = CASE WHEN ?4 > 0 THEN ?4 ELSE due END"
                       " WHERE id = ?1 AND state = 1",
                       "iiii", id, person, hb_now(), due);

    if (r < 0)
        return r;
    return hb_db_changes(s->db) == 0 ? -ENOENT
                                     : hb_message_assigned(s, id, person);
}

int hb_task_each(struct hb_state *s, int64_t incident, bool waiting_only,
                 hb_task_fn *fn, void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_stmt *q;
    struct hb_task t;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_db_stmt(s->db,
                   "SELECT " COLUMNS " FROM task"
                   " WHERE (?1 = 0 OR incident = ?1) AND (?2 = 0 OR state = 1)"
                   " ORDER BY state, due = 0, due, id",
                   &q);
    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    if (r == 0)
        r = hb_stmt_int(q, 2, waiting_only);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = fetch(q, a, &t);
        if (r == 0)
            r = fn(arg, &t);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_task_escalate(struct hb_state *s, int64_t now, int64_t patience)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_task *late;
    struct hb_stmt *q;
    size_t n = 0, max = 64;
    int r;

    if (a == NULL || (late = HB_NEW_N(a, struct hb_task, max)) == NULL)
        return -ENOMEM;
    r = hb_db_stmt(s->db,
                   "SELECT " COLUMNS " FROM task WHERE state = 1"
                   " AND asked + CASE WHEN patience > 0 THEN patience"
                   " ELSE ?2 END <= ?1"
                   /* A measure takes the time that it was given. */
                   " AND (step NOT LIKE '" HB_PREVENT_STEP "%' OR due <= ?1)"
                   " ORDER BY asked LIMIT 64",
                   &q);
    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, now);
    if (r == 0)
        r = hb_stmt_int(q, 2, patience);
    while (r >= 0 && n < max && (r = hb_stmt_step(q)) == 1)
        if ((r = fetch(q, a, &late[n])) == 0)
            n++;
    hb_stmt_reset(q);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if ((r = escalate_one(s, a, &late[i], now)) < 0)
            return r;
    return (int)n;
}

static int escalate_one(struct hb_state *s, struct hb_arena *a,
                        const struct hb_task *t, int64_t now)
{
    struct hb_person next;
    unsigned tries = (unsigned)t->escalated;
    /* Whom the step names is asked from the first on; else the holder was
     * asked already, and it goes to the deputies. */
    int r = t->pass_to != 0 ? hb_person_on_duty_for(s, a, t->incident,
                                                    t->pass_to, tries, &next)
                            : hb_person_on_duty_for(s, a, t->incident, t->roles,
                                                    tries + 1, &next);

    if (r == -ENOENT)
        next = (struct hb_person){.name = "-", .full_name = "-"};
    else if (r < 0)
        return r;
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_db_exec(s->db,
                   "UPDATE task SET escalated = escalated + 1, asked = ?2,"
                   " owner = ?3 WHERE id = ?1 AND state = 1",
                   "iii", t->id, now,
                   /* Whose it is, people have decided. */
                   hb_prevent_control(t) != NULL ? t->owner : next.id);
    if (r == 0)
        r = note(s, t, "task.escalated", "role:core", NULL, next.full_name,
                 NULL);
    if (r == 0 && next.id != 0)
        r = hb_message_escalated(s, t, &next, now);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

static int may_answer(struct hb_state *s, struct hb_arena *a,
                      const struct hb_task *t, int64_t person,
                      struct hb_person *who, struct hb_err *err)
{
    int64_t one = 0;
    int deputy, r;

    if (t->state != HB_TASK_WAITING)
        return hb_err_set(err, -EALREADY, _("Task %lld is answered already."),
                          (long long)t->id);
    r = hb_person_get(s, a, person, who);
    if (r < 0 || !who->active)
        return hb_err_set(err, -EPERM,
                          _("Only a registered, active person may answer."));
    deputy = hb_db_number(s->db, &one,
                          "SELECT 1 FROM deputy WHERE person = ?1"
                          " AND (role & ?2) <> 0",
                          "ii", person, (int64_t)t->roles);
    if (deputy < 0)
        return deputy;
    if (t->roles != 0 && (t->roles & who->roles) == 0 && deputy == 0 &&
        t->owner != person)
        return hb_err_set(err, -EPERM, _("Task %lld is not %s's to answer."),
                          (long long)t->id, who->full_name);
    if (t->four_eyes && t->second_by == person)
        return hb_err_set(err, -EPERM,
                          _("Four eyes: a second person has to agree."));
    return 0;
}

static int record(struct hb_state *s, const struct hb_task *t,
                  const struct hb_person *who, bool done, const char *answer)
{
    int r = hb_db_exec(
        s->db,
        "UPDATE task SET state = ?2, answer = ?3, done = ?4, done_by = ?5"
        " WHERE id = ?1 AND state = 1",
        "iitii", t->id, (int64_t)(done ? HB_TASK_DONE : HB_TASK_DECLINED),
        answer, hb_now(), who->id);

    if (r < 0)
        return r;
    return note(s, t, done ? "task.done" : "task.declined", "person", who->name,
                who->full_name, answer);
}

static int note(struct hb_state *s, const struct hb_task *t, const char *kind,
                const char *actor, const char *by_name, const char *by,
                const char *answer)
{
    struct hb_buf args = HB_BUF_INIT;
    char who[80];
    struct hb_jw w;
    int r;

    (void)snprintf(who, sizeof(who), "%s%s%s", actor,
                   by_name != NULL ? ":" : "", by_name != NULL ? by_name : "");
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_int(&w, "task", t->id);
    hb_jw_str(&w, "title", t->title_en);
    hb_jw_str(&w, "title_ja", t->title_ja);
    hb_jw_str(&w, "roles", hb_person_role_name(t->roles & -t->roles));
    if (by != NULL) {
        hb_jw_str(&w, "by", by);
        hb_jw_str(&w, "to", by);
    }
    if (answer != NULL)
        hb_jw_str(&w, "answer", answer);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(s, t->incident, hb_now(), kind, who,
                            hb_buf_z(&args), "");
    hb_buf_done(&args);
    return r;
}

static int fetch(struct hb_stmt *q, struct hb_arena *a, struct hb_task *ret)
{
    struct hb_task t = {
        .id = hb_stmt_col_int(q, 0),
        .incident = hb_stmt_col_int(q, 1),
        .step = hb_arena_strdup(a, hb_stmt_col_text(q, 2)),
        .title_en = hb_arena_strdup(a, hb_stmt_col_text(q, 3)),
        .title_ja = hb_arena_strdup(a, hb_stmt_col_text(q, 4)),
        .roles = (unsigned)hb_stmt_col_int(q, 5),
        .owner = hb_stmt_col_int(q, 6),
        .created = hb_stmt_col_int(q, 7),
        .due = hb_stmt_col_int(q, 8),
        .escalated = hb_stmt_col_int(q, 9),
        .state = (enum hb_task_state)hb_stmt_col_int(q, 10),
        .answer = hb_arena_strdup(a, hb_stmt_col_text(q, 11)),
        .done = hb_stmt_col_int(q, 12),
        .done_by = hb_stmt_col_int(q, 13),
        .four_eyes = hb_stmt_col_int(q, 14) != 0,
        .second_by = hb_stmt_col_int(q, 15),
        .evidence = hb_arena_strdup(a, hb_stmt_col_text(q, 16)),
        .patience = hb_stmt_col_int(q, 17),
        .pass_to = (unsigned)hb_stmt_col_int(q, 18),
    };

    if (t.step == NULL || t.title_en == NULL || t.title_ja == NULL ||
        t.answer == NULL || t.evidence == NULL)
        return -ENOMEM;
    *ret = t;
    return 0;
}

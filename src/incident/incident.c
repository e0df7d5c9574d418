/* SPDX-License-Identifier: Apache-2.0 */
/*
 * incident.c - opens, joins and moves incidents.
 *
 * Runs in core.  A finding and what it changes (incident, timeline, finding
 * row) are one transaction: either all of it was acknowledged or none.  The
 * finding row is keyed by the event's uid and the incident, so that an event
 * that arrives twice (at-least-once bus) changes nothing.
 */
#include "incident/incident.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "base/num.h"
#include "incident/message.h"
#include "incident/prevent.h"

#define COLUMNS                                                                \
    "id, uid, case_number, key, object, state, severity, opened, known_at,"    \
    " closed, opened_by, findings, first_event, last_event"

static int open_new(struct hb_state *s, const struct hb_incident *i,
                    int64_t *ret_id);
static int join(struct hb_state *s, int64_t id, const struct hb_finding *f);
static int take(struct hb_state *s, const struct hb_finding *f, int64_t *ret_id,
                bool *ret_new);
static int taken_before(struct hb_state *s, const struct hb_finding *f,
                        int64_t *ret_id);
static int note_opened(struct hb_state *s, int64_t id, int64_t time,
                       const char *by, const char *by_ja, const char *note,
                       const char *event);
static int fetch(struct hb_stmt *q, struct hb_arena *a,
                 struct hb_incident *ret);
static int count(struct hb_state *s, const char *sql, int64_t id, int64_t *ret);
static int may_close(struct hb_state *s, int64_t id, struct hb_err *err);

static const char *const state_names[] = {"?", "open", "contained", "recovered",
                                          "closed"};

int hb_incident_take(struct hb_state *s, const struct hb_finding *f,
                     int64_t *ret_id, bool *ret_new)
{
    int64_t id = 0;
    bool fresh = false;
    bool own = !hb_db_in_transaction(s->db);
    int r = own ? hb_db_begin(s->db) : 0;

    if (r < 0)
        return r;
    r = take(s, f, &id, &fresh);
    if (r >= 0 && own) {
        int rc = hb_db_commit(s->db);

        r = rc < 0 ? rc : r;
    }
    if (r < 0) {
        if (own)
            hb_db_rollback(s->db);
        return r;
    }
    *ret_id = id;
    *ret_new = fresh;
    return r;
}

int hb_incident_open(struct hb_state *s, int case_number, const char *object,
                     const char *by, const char *note, int64_t *ret_id)
{
    return hb_incident_open_known(s, case_number, object, NULL, by, note,
                                  hb_now(), ret_id);
}

int hb_incident_open_known(struct hb_state *s, int case_number,
                           const char *object, const char *apart,
                           const char *by, const char *note, int64_t known_at,
                           int64_t *ret_id)
{
    char key[512];
    int64_t now = hb_now(), id = 0;
    bool own = !hb_db_in_transaction(s->db);
    struct hb_incident i = {
        .case_number = case_number,
        .key = key,
        .object = object,
        .severity = HB_SEV_HIGH,
        .opened = now,
        .known_at = known_at,
        .opened_by = by,
        .first_event = now,
        .last_event = now,
    };
    int r =
        snprintf(key, sizeof(key), "case:%d/site:%s%s%s", case_number, object,
                 apart != NULL ? "/" : "", apart != NULL ? apart : "");

    if (r < 0 || (size_t)r >= sizeof(key))
        return -ENAMETOOLONG;
    r = own ? hb_db_begin(s->db) : 0;
    if (r < 0)
        return r;
    /* What is open already is what the caller means. */
    r = hb_incident_find_open(s, key, &id);
    if (r == -ENOENT)
        r = open_new(s, &i, &id);
    else if (r == 0)
        r = hb_incident_known_since(s, id, known_at);
    if (r == 0)
        r = note_opened(s, id, now, by, by, note, "");
    if (r == 0 && own)
        r = hb_db_commit(s->db);
    if (r < 0) {
        if (own)
            hb_db_rollback(s->db);
        return r;
    }
    *ret_id = id;
    return 0;
}

int hb_incident_known_since(struct hb_state *s, int64_t id, int64_t known_at)
{
    return hb_db_exec(s->db,
                      "UPDATE incident SET known_at = ?2 WHERE id = ?1"
                      " AND known_at > ?2",
                      "ii", id, known_at);
}

int hb_incident_find_open(struct hb_state *s, const char *key, int64_t *ret_id)
{
    int r = hb_db_number(s->db, ret_id,
                         "SELECT id FROM incident WHERE key = ?1 AND state < 4",
                         "t", key);

    return r == 1 ? 0 : r == 0 ? -ENOENT : r;
}

int64_t hb_incident_tally(struct hb_state *s, int64_t incident,
                          const char *name)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n,
                         "SELECT n FROM tally WHERE incident = ?1"
                         " AND name = ?2",
                         "it", incident, name);

    return r < 0 ? 0 : n;
}

int64_t hb_incident_put_back(struct hb_state *s, int64_t incident)
{
    return hb_incident_tally(s, incident, "restored") +
           hb_incident_tally(s, incident, "removed");
}

int hb_incident_get(struct hb_state *s, struct hb_arena *a, int64_t id,
                    struct hb_incident *ret)
{
    struct hb_stmt *q;
    int r =
        hb_db_stmt(s->db, "SELECT " COLUMNS " FROM incident WHERE id = ?1", &q);

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

int hb_incident_each(struct hb_state *s, bool open_only, hb_incident_fn *fn,
                     void *arg)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_incident i;
    struct hb_stmt *q;
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_db_stmt(s->db,
                   "SELECT " COLUMNS " FROM incident"
                   " WHERE state < ?1 ORDER BY id DESC",
                   &q);
    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, open_only ? HB_INC_CLOSED : HB_INC_CLOSED + 1);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        hb_arena_reset(a);
        r = fetch(q, a, &i);
        if (r == 0)
            r = fn(arg, &i);
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_incident_set_state(struct hb_state *s, int64_t id,
                          enum hb_incident_state state, const char *by,
                          struct hb_err *err)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    struct hb_incident i = {0};
    int64_t now = hb_now();
    char args[64];
    int r;

    if (a == NULL)
        return -ENOMEM;
    r = hb_incident_get(s, a, id, &i);
    if (r < 0)
        return hb_err_set(err, r, _("There is no incident %lld."),
                          (long long)id);
    if (state <= i.state)
        return state == i.state
                   ? 0
                   : hb_err_set(err, -EINVAL,
                                _("An incident goes forward only; open a new "
                                  "one where it happened again."));
    if (state == HB_INC_CLOSED) {
        r = may_close(s, id, err);
        if (r < 0)
            return r;
    }
    r = hb_db_begin(s->db);
    if (r < 0)
        return r;
    r = hb_db_exec(
        s->db, "UPDATE incident SET state = ?2, closed = ?3 WHERE id = ?1",
        "iii", id, (int64_t)state, state == HB_INC_CLOSED ? now : (int64_t)0);
    if (r == 0) {
        (void)snprintf(args, sizeof(args), "{\"state\":\"%s\"}",
                       hb_incident_state_name(state));
        r = hb_timeline_add(s, id, now, "incident.state", by, args, "");
    }
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0) {
        hb_db_rollback(s->db);
        return hb_err_set(err, r, _("The incident could not be moved."));
    }
    return 0;
}

const char *hb_incident_state_name(enum hb_incident_state st)
{
    return (size_t)st < HB_ARRAY_LEN(state_names) ? state_names[st] : "?";
}

static int take(struct hb_state *s, const struct hb_finding *f, int64_t *ret_id,
                bool *ret_new)
{
    int64_t id = 0;
    int r = taken_before(s, f, &id);

    *ret_new = false;
    if (r != 0) {
        *ret_id = id;
        return r;
    }
    r = hb_incident_find_open(s, f->key, &id);
    if (r == -ENOENT) {
        struct hb_incident i = {
            .case_number = f->case_number,
            .key = f->key,
            .object = f->object,
            .severity = f->severity,
            .opened = hb_now(),
            .known_at = hb_now(),
            .opened_by = f->rule,
            .first_event = f->event->time,
            .last_event = f->event->time,
        };

        r = open_new(s, &i, &id);
        if (r == 0)
            r = note_opened(
                s, id, i.opened, f->title_en != NULL ? f->title_en : f->rule,
                f->title_ja != NULL ? f->title_ja : f->rule, "", f->event->uid);
        *ret_new = r == 0;
    }
    if (r == 0)
        r = join(s, id, f);
    if (r == 0)
        *ret_id = id;
    return r;
}

/* 1 where the event belongs to an incident of this key already, also to one
 * that is closed by now: a repetition must not open it anew. */
static int taken_before(struct hb_state *s, const struct hb_finding *f,
                        int64_t *ret_id)
{
    return hb_db_number(s->db, ret_id,
                        "SELECT f.incident FROM finding f"
                        " JOIN incident i ON i.id = f.incident"
                        " WHERE f.event_uid = ?1 AND i.key = ?2",
                        "tt", f->event->uid, f->key);
}

static int open_new(struct hb_state *s, const struct hb_incident *i,
                    int64_t *ret_id)
{
    char uid[HB_ID_SIZE];
    int r;

    hb_id_new(uid);
    r = hb_db_exec(s->db,
                   "INSERT INTO incident(uid, case_number, key, object, state,"
                   " severity, opened, known_at, closed, opened_by, findings,"
                   " first_event, last_event)"
                   " VALUES(?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, 0, ?8, 0, ?9, ?10)",
                   "tittiiitii", uid, (int64_t)i->case_number, i->key,
                   i->object, (int64_t)i->severity, i->opened, i->known_at,
                   i->opened_by, i->first_event, i->last_event);
    if (r < 0)
        return r;
    *ret_id = hb_db_last_id(s->db);
    return hb_message_opened(s, *ret_id);
}

static int join(struct hb_state *s, int64_t id, const struct hb_finding *f)
{
    int r = hb_db_exec(s->db,
                       "INSERT INTO finding(event_uid, incident, rule, time)"
                       " VALUES(?1, ?2, ?3, ?4)",
                       "titi", f->event->uid, id, f->rule, f->event->time);

    if (r < 0)
        return r;
    return hb_db_exec(
        s->db,
        "UPDATE incident SET findings = findings + 1,"
        " severity = CASE WHEN severity < ?2 THEN ?2 ELSE severity END,"
        " first_event = CASE WHEN first_event > ?3 THEN ?3"
        " ELSE first_event END,"
        " last_event = CASE WHEN last_event < ?3 THEN ?3"
        " ELSE last_event END WHERE id = ?1",
        "iii", id, (int64_t)f->severity, f->event->time);
}

static int note_opened(struct hb_state *s, int64_t id, int64_t time,
                       const char *by, const char *by_ja, const char *note,
                       const char *event)
{
    struct hb_buf args = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", by);
    hb_jw_str(&w, "by_ja", by_ja);
    hb_jw_str(&w, "note", note);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(s, id, time, "incident.opened", by, hb_buf_z(&args),
                            event);
    hb_buf_done(&args);
    return r;
}

static int fetch(struct hb_stmt *q, struct hb_arena *a, struct hb_incident *ret)
{
    struct hb_incident i = {
        .id = hb_stmt_col_int(q, 0),
        .case_number = (int)hb_stmt_col_int(q, 2),
        .key = hb_arena_strdup(a, hb_stmt_col_text(q, 3)),
        .object = hb_arena_strdup(a, hb_stmt_col_text(q, 4)),
        .state = (enum hb_incident_state)hb_stmt_col_int(q, 5),
        .severity = (enum hb_severity)hb_stmt_col_int(q, 6),
        .opened = hb_stmt_col_int(q, 7),
        .known_at = hb_stmt_col_int(q, 8),
        .closed = hb_stmt_col_int(q, 9),
        .opened_by = hb_arena_strdup(a, hb_stmt_col_text(q, 10)),
        .findings = hb_stmt_col_int(q, 11),
        .first_event = hb_stmt_col_int(q, 12),
        .last_event = hb_stmt_col_int(q, 13),
    };

    if (i.key == NULL || i.object == NULL || i.opened_by == NULL)
        return -ENOMEM;
    if (!hb_copyz(i.uid, sizeof(i.uid), hb_stmt_col_text(q, 1)))
        return -EUCLEAN;
    *ret = i;
    return 0;
}

static int count(struct hb_state *s, const char *sql, int64_t id, int64_t *ret)
{
    int r = hb_db_number(s->db, ret, sql, "i", id);

    return r == 1 ? 0 : r == 0 ? -EUCLEAN : r;
}

/* Closing asks for what makes the record worth keeping: no task waits, the
 * playbook, whose steps demand evidence, reports and review, has ended, and
 * what was to prevent it from happening again is proven or decided. */
static int may_close(struct hb_state *s, int64_t id, struct hb_err *err)
{
    int64_t tasks = 0, runs = 0, failed = 0;
    int r = count(s,
                  "SELECT count(*) FROM task WHERE incident = ?1"
                  " AND state = 1",
                  id, &tasks);

    if (r == 0)
        r = count(s,
                  "SELECT count(*) FROM run WHERE incident = ?1"
                  " AND finished = 0",
                  id, &runs);
    /* State 4: it failed; why: the words of the person who ended it. */
    if (r == 0)
        r = count(s,
                  "SELECT count(*) FROM run WHERE incident = ?1"
                  " AND state = 4 AND why = ''",
                  id, &failed);
    if (r < 0)
        return hb_err_set(err, r, _("The incident could not be read."));
    if (tasks > 0)
        return hb_err_set(err, -EBUSY,
                          P_("%lld task still waits; answer it first.",
                             "%lld tasks still wait; answer them first.",
                             tasks),
                          (long long)tasks);
    if (runs > 0)
        return hb_err_set(err, -EBUSY,
                          _("The playbook has not come to its end yet."));
    if (failed > 0)
        return hb_err_set(err, -EBUSY,
                          _("The playbook failed, and what comes behind was "
                            "not done: hinoban incident restart %lld"),
                          (long long)id);
    r = hb_prevent_all(s, id, err);
    return r == -ENODATA ? -EBUSY : r;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hidden.c - which incident is kept from whom, and who looked.
 *
 * Runs in core.  The check fails closed: a row that cannot be read hides.
 */
#include "incident/hidden.h"

#include "base/clock.h"
#include "base/json.h"
#include "incident/incident.h"

static int tell(struct hb_state *s, int64_t incident, const char *kind,
                const struct hb_person *by);
static int change(struct hb_state *s, const char *sql, int64_t incident,
                  int64_t person, const char *kind, const struct hb_person *by);
static int number(struct hb_state *s, const char *sql, int64_t a, int64_t b);

int hb_hidden_add(struct hb_state *s, int64_t incident, int64_t person,
                  const struct hb_person *by)
{
    int n = number(s,
                   "SELECT count(*) FROM hidden WHERE incident = ?1"
                   " AND person = ?2",
                   incident, person);

    if (n != 0)
        return n < 0 ? n : -EEXIST;
    return change(s, "INSERT INTO hidden(incident, person) VALUES(?1, ?2)",
                  incident, person, "incident.hidden", by);
}

int hb_hidden_remove(struct hb_state *s, int64_t incident, int64_t person,
                     const struct hb_person *by)
{
    int n = number(s,
                   "SELECT count(*) FROM hidden WHERE incident = ?1"
                   " AND person = ?2",
                   incident, person);

    if (n <= 0)
        return n < 0 ? n : -ENOENT;
    return change(s, "DELETE FROM hidden WHERE incident = ?1 AND person = ?2",
                  incident, person, "incident.shown", by);
}

bool hb_hidden_from(struct hb_state *s, int64_t incident, int64_t person)
{
    return number(s,
                  "SELECT count(*) FROM hidden WHERE incident = ?1"
                  " AND (person = ?2 OR ?2 = 0)",
                  incident, person) != 0;
}

bool hb_hidden_any(struct hb_state *s, int64_t person)
{
    return number(s,
                  "SELECT count(*) FROM hidden WHERE ?1 = ?1"
                  " AND (person = ?2 OR ?2 = 0)",
                  0, person) != 0;
}

int hb_hidden_seen(struct hb_state *s, int64_t incident, int64_t person,
                   const char *cmd)
{
    int n = number(s,
                   "SELECT count(*) FROM hidden WHERE incident = ?1"
                   " AND ?2 = ?2",
                   incident, 0);

    if (n <= 0)
        return n;
    return hb_db_exec(s->db,
                      "INSERT INTO seen(incident, person, cmd, time)"
                      " VALUES(?1, ?2, ?3, ?4)",
                      "iiti", incident, person, cmd, hb_now());
}

int hb_hidden_each_seen(struct hb_state *s, int64_t incident, hb_hidden_fn *fn,
                        void *arg)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(s->db,
                       "SELECT seen.time, coalesce(person.full_name, ''),"
                       " seen.cmd FROM seen LEFT JOIN person"
                       " ON person.id = seen.person"
                       " WHERE seen.incident = ?1 ORDER BY seen.id",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, incident);
    while (r >= 0 && (r = hb_stmt_step(q)) == 1) {
        r = fn(arg, hb_stmt_col_int(q, 0), hb_stmt_col_text(q, 1),
               hb_stmt_col_text(q, 2));
        if (r != 0)
            break;
    }
    hb_stmt_reset(q);
    return r;
}

static int change(struct hb_state *s, const char *sql, int64_t incident,
                  int64_t person, const char *kind, const struct hb_person *by)
{
    int r = hb_db_begin(s->db);

    if (r < 0)
        return r;
    r = hb_db_exec(s->db, sql, "ii", incident, person);
    if (r == 0)
        r = tell(s, incident, kind, by);
    if (r == 0)
        r = hb_db_commit(s->db);
    if (r < 0)
        hb_db_rollback(s->db);
    return r;
}

/* The timeline goes on papers: it does not name whom nobody accused. */
static int tell(struct hb_state *s, int64_t incident, const char *kind,
                const struct hb_person *by)
{
    struct hb_buf args = HB_BUF_INIT, actor = HB_BUF_INIT;
    struct hb_jw w;
    int r;

    hb_buf_addf(&actor, "person:%s", by->name);
    hb_jw_init(&w, &args);
    hb_jw_obj(&w, NULL);
    hb_jw_str(&w, "by", by->full_name);
    hb_jw_end_obj(&w);
    r = hb_buf_err(&args);
    if (r == 0)
        r = hb_timeline_add(s, incident, hb_now(), kind, hb_buf_z(&actor),
                            hb_buf_z(&args), "");
    hb_buf_done(&args);
    hb_buf_done(&actor);
    return r;
}

static int number(struct hb_state *s, const char *sql, int64_t a, int64_t b)
{
    int64_t n = 0;
    int r = hb_db_number(s->db, &n, sql, "ii", a, b);

    return r < 0 ? r : n > 0;
}

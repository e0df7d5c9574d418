/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_store.c - runs, their steps and variables in the state store.
 *
 * Runs in core, the only writer.  Every change of a row is within a
 * transaction of hb_run_begin(), so that a step and what it means (its task,
 * its variables, its line of the timeline) stand together or not at all; the
 * points where a test lets the process die are the two functions here.
 */
#include "base/fault.h"
#include "base/num.h"
#include "playbook/run.h"

#define RUN_COLUMNS                                                            \
    "id, incident, playbook, hash_now, state, from_phase, task, finished,"     \
    " why, coalesce((SELECT max(seq) FROM run_step WHERE run = run.id), 0)"
#define ROW_COLUMNS                                                            \
    "place, step, seq, type, phase, state, key, attempt, started, finished,"   \
    " wake, way, arm, waits, task, result"

static int fetch_run(struct hb_play *p, struct hb_arena *a, struct hb_stmt *q,
                     struct hb_run *ret);
static int fetch_row(struct hb_arena *a, struct hb_stmt *q, int at,
                     struct hb_run_row *ret);
static int one_run(struct hb_play *p, struct hb_arena *a, const char *sql,
                   int64_t id, struct hb_run *ret);
static void closure(struct hb_sha256 *h, const struct hb_playbook *pb,
                    unsigned depth);
static int keep_text(struct hb_play *p, int64_t run,
                     const struct hb_playbook *pb, int64_t now, unsigned depth);

/* ---- transactions ---- */

int hb_run_begin(struct hb_play *p, bool *ret_own)
{
    *ret_own = !hb_db_in_transaction(p->s->db);
    if (!*ret_own)
        return 0;
    hb_fault_crash();
    return hb_db_begin(p->s->db);
}

int hb_run_commit(struct hb_play *p, bool own, int r)
{
    if (!own)
        return r;
    if (r == 0) {
        hb_fault_crash();
        r = hb_db_commit(p->s->db);
        hb_fault_crash();
    }
    if (r < 0)
        hb_db_rollback(p->s->db);
    return r;
}

/* ---- runs ---- */

int hb_run_add(struct hb_play *p, int64_t incident,
               const struct hb_playbook *pb, int64_t now, int64_t *ret)
{
    _cleanup_arena_ struct hb_arena *a = hb_arena_new(0);
    const char *hash = a == NULL ? NULL : hb_run_hash(a, pb);
    int r;

    if (hash == NULL)
        return -ENOMEM;
    r = hb_db_exec(p->s->db,
                   "INSERT INTO run(incident, playbook, hash, state, started,"
                   " finished, hash_now) VALUES(?1, ?2, ?3, ?4, ?5, 0, ?3)",
                   "ittii", incident, pb->id, hash, (int64_t)HB_PLAY_BEGUN,
                   now);
    if (r < 0)
        return r;
    *ret = hb_db_last_id(p->s->db);
    return keep_text(p, *ret, pb, now, 0);
}

int hb_run_version(struct hb_play *p, int64_t run, const struct hb_playbook *pb,
                   int64_t now)
{
    return keep_text(p, run, pb, now, 0);
}

const char *hb_run_hash(struct hb_arena *a, const struct hb_playbook *pb)
{
    struct hb_sha256 *h = hb_sha256_new();
    char *hex = hb_arena_alloc(a, 2 * HB_SHA256_SIZE + 1);
    uint8_t sum[HB_SHA256_SIZE];
    bool calls = false;

    for (size_t i = 0; i < pb->steps_n; i++)
        calls = calls || pb->steps[i].type == HB_STEP_PLAYBOOK;
    if (h != NULL && hex != NULL) {
        /* One that calls nothing has the hash of its file. */
        memcpy(sum, pb->hash, sizeof(sum));
        if (calls) {
            closure(h, pb, 0);
            hb_sha256_end(h, sum);
        }
        hb_hex(sum, sizeof(sum), hex);
    }
    if (h != NULL)
        hb_sha256_free(h);
    return h != NULL ? hex : NULL;
}

int hb_run_load(struct hb_play *p, struct hb_arena *a, int64_t id,
                struct hb_run *ret)
{
    return one_run(p, a, "SELECT " RUN_COLUMNS " FROM run WHERE id = ?1", id,
                   ret);
}

int hb_run_of(struct hb_play *p, struct hb_arena *a, int64_t incident,
              struct hb_run *ret)
{
    return one_run(p, a,
                   "SELECT " RUN_COLUMNS " FROM run WHERE incident = ?1"
                   " ORDER BY id DESC LIMIT 1",
                   incident, ret);
}

int hb_run_put(struct hb_play *p, const struct hb_run *run)
{
    return hb_db_exec(p->s->db,
                      "UPDATE run SET hash_now = ?2, state = ?3,"
                      " from_phase = ?4, task = ?5, finished = ?6, why = ?7"
                      " WHERE id = ?1",
                      "itiiiit", run->id, run->hash_now, (int64_t)run->state,
                      (int64_t)run->from_phase, run->task, run->finished,
                      run->why);
}

int hb_run_open_ones(struct hb_play *p, struct hb_arena *a, int64_t **ret,
                     size_t *ret_n)
{
    size_t n = 0, cap = 16;
    int64_t *ids = HB_NEW_N(a, int64_t, cap);
    struct hb_stmt *q;
    /* An undo may live on in a run that has ended. */
    int r = hb_db_stmt(p->s->db,
                       "SELECT id FROM run WHERE finished = 0 UNION"
                       " SELECT run FROM run_step"
                       " WHERE state IN (1, 2, 6) ORDER BY 1",
                       &q);

    if (r < 0)
        return r;
    while (ids != NULL && (r = hb_stmt_step(q)) == 1) {
        if (n == cap) {
            int64_t *more = HB_NEW_N(a, int64_t, 2 * cap);

            if (more != NULL)
                memcpy(more, ids, n * sizeof(*ids));
            ids = more;
            cap *= 2;
        }
        if (ids != NULL)
            ids[n++] = hb_stmt_col_int(q, 0);
    }
    hb_stmt_reset(q);
    if (ids == NULL)
        return -ENOMEM;
    *ret = ids;
    *ret_n = n;
    return r;
}

/* ---- rows ---- */

int hb_run_row_get(struct hb_play *p, struct hb_arena *a, int64_t run,
                   const char *place, struct hb_run_row *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(p->s->db,
                       "SELECT " ROW_COLUMNS " FROM run_step"
                       " WHERE run = ?1 AND place = ?2",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, run);
    if (r == 0)
        r = hb_stmt_text(q, 2, place);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        r = fetch_row(a, q, 0, ret);
        r = r < 0 ? r : 1;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_run_row_by_key(struct hb_play *p, struct hb_arena *a,
                      const uint8_t key[HB_ACT_KEY_SIZE], int64_t *ret_run,
                      struct hb_run_row *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(p->s->db,
                       "SELECT run, " ROW_COLUMNS " FROM run_step"
                       " WHERE key = ?1",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_blob(q, 1, key, HB_ACT_KEY_SIZE);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        *ret_run = hb_stmt_col_int(q, 0);
        r = fetch_row(a, q, 1, ret);
        r = r < 0 ? r : 1;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_run_row_by_task(struct hb_play *p, struct hb_arena *a, int64_t task,
                       int64_t *ret_run, struct hb_run_row *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(p->s->db,
                       "SELECT run, " ROW_COLUMNS " FROM run_step"
                       " WHERE task = ?1 AND run IN (SELECT id FROM run"
                       " WHERE incident = (SELECT incident FROM task"
                       " WHERE id = ?1))",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, task);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        *ret_run = hb_stmt_col_int(q, 0);
        r = fetch_row(a, q, 1, ret);
        r = r < 0 ? r : 1;
    }
    hb_stmt_reset(q);
    return r;
}

int hb_run_row_put(struct hb_play *p, int64_t run, const struct hb_run_row *row)
{
    struct hb_slice key = {(const char *)row->key, sizeof(row->key)};

    return hb_db_exec(
        p->s->db,
        "INSERT INTO run_step(run, place, step, seq, type, phase, state, key,"
        " attempt, started, finished, wake, way, arm, waits, task, result)"
        " VALUES(?1, ?2, ?3, (SELECT coalesce(max(seq), 0) + 1 FROM run_step"
        " WHERE run = ?1), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
        " ?15, ?16) ON CONFLICT(run, place) DO UPDATE SET state = ?6,"
        " key = ?7, attempt = ?8, started = ?9, finished = ?10, wake = ?11,"
        " way = ?12, arm = ?13, waits = ?14, task = ?15, result = ?16",
        "ittiiibiiiiitiit", run, row->place, row->step, (int64_t)row->type,
        (int64_t)row->phase, (int64_t)row->state, &key, row->attempt,
        row->started, row->finished, row->wake, (int64_t)row->way,
        row->arm != NULL ? row->arm : "", (int64_t)row->waits, row->task,
        row->result != NULL ? row->result : "");
}

int hb_run_row_list(struct hb_play *p, struct hb_arena *a, int64_t run,
                    bool live, struct hb_run_row **ret, size_t *ret_n)
{
    size_t n = 0, cap = 64;
    struct hb_run_row *rows = HB_NEW_N(a, struct hb_run_row, cap);
    struct hb_stmt *q;
    int r = hb_db_stmt(p->s->db,
                       "SELECT " ROW_COLUMNS " FROM run_step WHERE run = ?1"
                       " AND (?2 = 0 OR state IN (1, 2, 6)) ORDER BY seq",
                       &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, run);
    if (r == 0)
        r = hb_stmt_int(q, 2, live);
    while (rows != NULL && r >= 0 && (r = hb_stmt_step(q)) == 1) {
        if (n == cap) {
            struct hb_run_row *more = HB_NEW_N(a, struct hb_run_row, 2 * cap);

            if (more != NULL)
                memcpy(more, rows, n * sizeof(*rows));
            rows = more;
            cap *= 2;
        }
        if (rows != NULL && (r = fetch_row(a, q, 0, &rows[n])) == 0)
            n++;
    }
    hb_stmt_reset(q);
    if (rows == NULL)
        return -ENOMEM;
    *ret = rows;
    *ret_n = n;
    return r;
}

int hb_run_tasks_aside(struct hb_play *p, const struct hb_run *run,
                       const char *place)
{
    return hb_db_exec(p->s->db,
                      "UPDATE task SET step = step || '~' || id"
                      " WHERE incident = ?1 AND step NOT LIKE '%~%'"
                      " AND (step = ?2 OR substr(step, 1, ?3) IN"
                      " (?2 || '!', ?2 || '?'))",
                      "iti", run->incident, place, (int64_t)strlen(place) + 1);
}

int hb_run_row_cancel(struct hb_play *p, const struct hb_run *run,
                      const char *prefix, const char *why, int64_t now)
{
    int64_t n = (int64_t)strlen(prefix);
    int r = hb_db_exec(
        p->s->db,
        "UPDATE task SET state = 4, done = ?4 WHERE state = 1 AND id IN"
        " (SELECT task FROM run_step WHERE run = ?1 AND state IN (1, 2, 6)"
        " AND substr(place, 1, ?2) = ?3 AND place NOT LIKE '%~undo')",
        "iiti", run->id, n, prefix, now);

    if (r < 0)
        return r;
    return hb_db_exec(p->s->db,
                      "UPDATE run_step SET state = 5, finished = ?5,"
                      " result = ?4 WHERE run = ?1 AND state IN (1, 2, 6)"
                      " AND substr(place, 1, ?2) = ?3"
                      " AND place NOT LIKE '%~undo'",
                      "iitti", run->id, n, prefix, why, now);
}

int hb_run_expire(struct hb_play *p, int64_t task, int64_t now)
{
    int r = hb_db_exec(p->s->db,
                       "UPDATE task SET state = 4, done = ?2"
                       " WHERE id = ?1 AND state = 1",
                       "ii", task, now);

    return r < 0 ? r : hb_db_changes(p->s->db) > 0;
}

/* ---- variables ---- */

const char *hb_run_var(struct hb_play *p, struct hb_arena *a, int64_t run,
                       const char *name, int *ret_err)
{
    const char *z = NULL;
    struct hb_stmt *q;
    int r = hb_db_query(p->s->db, &q,
                        "SELECT value FROM run_variable"
                        " WHERE run = ?1 AND name = ?2",
                        "it", run, name);

    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1) {
        z = hb_arena_strdup(a, hb_stmt_col_text(q, 0));
        r = z == NULL ? -ENOMEM : 0;
        hb_stmt_reset(q);
    }
    *ret_err = r;
    return z;
}

int hb_run_set_var(struct hb_play *p, int64_t run, const char *name,
                   const char *value)
{
    return hb_db_exec(p->s->db,
                      "INSERT INTO run_variable(run, name, value)"
                      " VALUES(?1, ?2, ?3)"
                      " ON CONFLICT(run, name) DO UPDATE SET value = ?3",
                      "itt", run, name, value);
}

/* ---- helpers ---- */

static int one_run(struct hb_play *p, struct hb_arena *a, const char *sql,
                   int64_t id, struct hb_run *ret)
{
    struct hb_stmt *q;
    int r = hb_db_stmt(p->s->db, sql, &q);

    if (r < 0)
        return r;
    r = hb_stmt_int(q, 1, id);
    if (r == 0)
        r = hb_stmt_step(q);
    if (r == 1)
        r = fetch_run(p, a, q, ret);
    else if (r == 0)
        r = -ENOENT;
    hb_stmt_reset(q);
    return r;
}

static int fetch_run(struct hb_play *p, struct hb_arena *a, struct hb_stmt *q,
                     struct hb_run *ret)
{
    const struct hb_casebook *book = p->s->casebook;
    struct hb_run run = {
        .id = hb_stmt_col_int(q, 0),
        .incident = hb_stmt_col_int(q, 1),
        .playbook = hb_arena_strdup(a, hb_stmt_col_text(q, 2)),
        .hash_now = hb_arena_strdup(a, hb_stmt_col_text(q, 3)),
        .state = (enum hb_play_state)hb_stmt_col_int(q, 4),
        .from_phase = (unsigned)hb_stmt_col_int(q, 5),
        .task = hb_stmt_col_int(q, 6),
        .finished = hb_stmt_col_int(q, 7),
        .why = hb_arena_strdup(a, hb_stmt_col_text(q, 8)),
        .rows = hb_stmt_col_int(q, 9),
    };

    if (run.playbook == NULL || run.hash_now == NULL || run.why == NULL)
        return -ENOMEM;
    for (size_t i = 0; book != NULL && i < book->n; i++) {
        const struct hb_playbook *pb = book->cases[i].playbook;

        if (pb != NULL && hb_streq(pb->id, run.playbook))
            run.pb = pb;
    }
    *ret = run;
    return 0;
}

static int fetch_row(struct hb_arena *a, struct hb_stmt *q, int at,
                     struct hb_run_row *ret)
{
    struct hb_slice key = hb_stmt_col_blob(q, at + 6);
    struct hb_run_row row = {
        .place = hb_arena_strdup(a, hb_stmt_col_text(q, at)),
        .step = hb_arena_strdup(a, hb_stmt_col_text(q, at + 1)),
        .seq = hb_stmt_col_int(q, at + 2),
        .type = (unsigned)hb_stmt_col_int(q, at + 3),
        .phase = (unsigned)hb_stmt_col_int(q, at + 4),
        .state = (enum hb_play_state)hb_stmt_col_int(q, at + 5),
        .attempt = hb_stmt_col_int(q, at + 7),
        .started = hb_stmt_col_int(q, at + 8),
        .finished = hb_stmt_col_int(q, at + 9),
        .wake = hb_stmt_col_int(q, at + 10),
        .way = (enum hb_way)hb_stmt_col_int(q, at + 11),
        .waits = (enum hb_waits)hb_stmt_col_int(q, at + 13),
        .task = hb_stmt_col_int(q, at + 14),
    };

    if (key.n != 0 && key.n != sizeof(row.key))
        return -EUCLEAN;
    if (key.n != 0)
        memcpy(row.key, key.p, key.n);
    row.arm = hb_arena_strdup(a, hb_stmt_col_text(q, at + 12));
    row.result = hb_arena_strdup(a, hb_stmt_col_text(q, at + 15));
    if (row.place == NULL || row.step == NULL || row.arm == NULL ||
        row.result == NULL)
        return -ENOMEM;
    *ret = row;
    return 0;
}

static void closure(struct hb_sha256 *h, const struct hb_playbook *pb,
                    unsigned depth)
{
    hb_sha256_add(h, pb->hash, sizeof(pb->hash));
    if (depth == HB_PLAY_DEPTH_MAX)
        return;
    for (size_t i = 0; i < pb->steps_n; i++)
        if (pb->steps[i].type == HB_STEP_PLAYBOOK &&
            pb->steps[i].playbook != NULL)
            closure(h, pb->steps[i].playbook, depth + 1);
}

/* The text of every playbook that the run may walk, once a version. */
static int keep_text(struct hb_play *p, int64_t run,
                     const struct hb_playbook *pb, int64_t now, unsigned depth)
{
    char hex[2 * HB_SHA256_SIZE + 1];
    struct hb_slice text = pb->source;
    int r;

    if (text.p == NULL)
        text = HB_SLICE("");
    hb_hex(pb->hash, sizeof(pb->hash), hex);
    r = hb_db_exec(p->s->db,
                   "INSERT INTO run_playbook(run, playbook, hash, since, text)"
                   " VALUES(?1, ?2, ?3, ?4, ?5)"
                   " ON CONFLICT(run, playbook, hash) DO NOTHING",
                   "ittis", run, pb->id, hex, now, &text);
    if (depth == HB_PLAY_DEPTH_MAX)
        return r;
    for (size_t i = 0; r == 0 && i < pb->steps_n; i++)
        if (pb->steps[i].type == HB_STEP_PLAYBOOK &&
            pb->steps[i].playbook != NULL)
            r = keep_text(p, run, pb->steps[i].playbook, now, depth + 1);
    return r;
}
